/*
 * The parts of clcnn tune that decide: whether a row is right, what a knob does to a row, and the
 * text of the file. (tests/tuning_command.py runs the command.)
 */
#include "tuning.h"

#include "harness.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>

static bool never(void)
{
    return false;
}

static const tuning_class *class_of(const char *op, const char *algo)
{
    const tuning_class *c = tuning_classes;
    while (c->op && (strcmp(c->op, op) != 0 || strcmp(c->algo, algo) != 0))
        c++;
    CHECK(c->op != NULL, "no class for %s of %s", algo, op);
    return c;
}

static void no_rejections(const tuning_class *class, const char *row, const char *why)
{
    CHECK(false, "%s %s %s: %s", class->op, class->algo, row, why);
}

/* Devices of the short set take minutes for what others do in a moment. */
static bool is_quick(const tuning_class *class)
{
    return !harness_short() || strcmp(class->op, "activation") == 0;
}

/* ---- The table ---------------------------------------------------------------------------------
 */

/* Every class has a row, its knobs are macros of it, and its cases are there. */
static void test_classes(void)
{
    for (const tuning_class *c = tuning_classes; c->op && harness_device_count() > 0; c++) {
        tuning_row row;
        clcnn_error error = {.message = ""};
        CHECK(tuning_row_of(harness_ctx(0), c, &row, &error) == CLCNN_SUCCESS, "%s", error.message);
        for (const tuning_knob *k = c->knobs; k->macro; k++) {
            CHECK(tuning_row_value(&row, k->macro) != NULL, "%s %s has no %s", c->op, c->algo,
                  k->macro);
            for (int i = 1; i < k->count; i++)
                CHECK(k->values[i] > k->values[i - 1], "%s of %s: order", k->macro, c->algo);
        }
        CHECK(c->problems[0].name && c->checks[0], "%s %s has nothing to run", c->op, c->algo);
        for (const tuning_problem *p = c->problems; p->name; p++) {
            const bench_case *found = tuning_case_find(p->name);
            CHECK(found && strcmp(found->op, c->op) == 0 && bench_way_find(c->op, p->direction),
                  "%s %s of %s", p->name, p->direction, c->op);
        }
        for (const char *const *name = c->checks; *name; name++) {
            const bench_case *found = tuning_case_find(*name);
            CHECK(found && strcmp(found->op, c->op) == 0, "%s of %s", *name, c->op);
        }
    }
}

static void test_knobs(void)
{
    const tuning_class *class = class_of("activation", "direct");
    tuning_row row = {.algo = "direct", .count = 2, .names = {"VEC", "ITEM"}, .values = {4, 4}};
    const tuning_row before = row;
    CHECK(tuning_row_set(&row, class, &class->knobs[0], 16), "VEC is not set");
    CHECK(row.values[0] == 16 && row.values[1] == 16, "VEC %d ITEM %d: not a multiple",
          row.values[0], row.values[1]);
    CHECK(!tuning_row_equal(&row, &before), "the rows are equal");
    CHECK(!tuning_row_set(&row, class, &(tuning_knob){.macro = "LOCAL"}, 1), "a macro it lacks");
}

/* ---- Right or wrong ----------------------------------------------------------------------------
 */

static tuning_verdict judge(clcnn_ctx *ctx, const tuning_class *class, tuning_trials *trials,
                            bool first, char why[1600])
{
    const tuning_clock clock = {.deadline = bench_now() + 600, .interrupted = never};
    why[0] = '\0';
    return tuning_judge(&clock, ctx, class, trials, first, why, 1600);
}

/* The built-in rows are right; and with a reference that says something else for a single element
 * of any trial, they are not. */
static void test_wrong_results(void)
{
    for (const tuning_class *class = tuning_classes; class->op; class ++) {
        static tuning_trials trials;
        clcnn_error error = {.message = ""};
        char why[1600];
        if (!is_quick(class))
            continue;
        CHECK(tuning_trials_create(class, &trials, &error) == CLCNN_SUCCESS, "%s", error.message);
        CHECK(trials.count > 0, "%s %s has no trial", class->op, class->algo);
        for (int d = 0; d < harness_device_count(); d++) {
            clcnn_ctx *ctx = harness_ctx(d);
            CHECK(judge(ctx, class, &trials, true, why) == TUNING_RIGHT, "%s", why);
            int last = trials.count - 1;
            while (last > 0 && !trials.trials[last].supported)
                last--;
            check_expected *expected = &trials.trials[last].expected;
            double *wrong = &expected->out[0].value[expected->out[0].count - 1], right = *wrong;
            *wrong += 1;
            CHECK(judge(ctx, class, &trials, false, why) == TUNING_WRONG, "%s %s: 1 more is right",
                  class->op, class->algo);
            CHECK(strstr(why, class->op) && strstr(why, "1 of "), "\"%s\"", why);
            *wrong = right;
            CHECK(judge(ctx, class, &trials, false, why) == TUNING_RIGHT, "%s", why);
        }
        tuning_trials_free(&trials);
    }
}

/* A row that does not build, and one that is more than the device can do. */
static void test_bad_candidates(void)
{
    static const struct {
        const char *op, *algo, *rows, *why;
    } bad[] = {
        {"activation", "direct",
         "algo device width shape use VEC ITEM LOCAL\n"
         "direct * * * 1 5 5 1\n",
         "VEC=5"},
        {"conv2d", "gemm",
         "algo device width shape use WM WN PM PN TK\n"
         "gemm * * * 1 256 256 2 2 4\n",
         "larger than the device allows"},
        {"conv2d", "tile",
         "algo device width shape use VEC VECS PIX RUN NEAR\n"
         "tile * * * 1 4 1 4096 0 4\n",
         "its tuning row has no tile"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        static tuning_trials trials;
        const tuning_class *class = class_of(bad[k].op, bad[k].algo);
        clcnn_error error = {.message = ""};
        char why[1600];
        if (!is_quick(class))
            continue;
        CHECK(tuning_trials_create(class, &trials, &error) == CLCNN_SUCCESS, "%s", error.message);
        for (int d = 0; d < harness_device_count(); d++) {
            clcnn_ctx *ctx = NULL;
            clcnn_ctx_create(&ctx, clcnn_ctx_queue(harness_ctx(d)), NULL);
            CHECK(judge(ctx, class, &trials, true, why) == TUNING_RIGHT, "%s", why);
            CHECK(clcnn_ctx_tune(ctx, bad[k].op, bad[k].rows) == CLCNN_SUCCESS, "%s",
                  clcnn_last_error(ctx)->message);
            CHECK(judge(ctx, class, &trials, false, why) == TUNING_WRONG, "row %zu is right", k);
            CHECK(strstr(why, bad[k].why), "row %zu: \"%s\" lacks \"%s\"", k, why, bad[k].why);
            clcnn_ctx_destroy(ctx);
        }
        tuning_trials_free(&trials);
    }
}

/* ---- The clock ---------------------------------------------------------------------------------
 */

static bool always(void)
{
    return true;
}

/* Without time, or interrupted, nothing is found and nothing fails. */
static void test_no_time(void)
{
    static const tuning_clock clocks[] = {{.deadline = 0, .interrupted = never},
                                          {.deadline = 1e300, .interrupted = always}};
    const tuning_class *class = class_of("activation", "direct");
    for (int d = 0; d < harness_device_count(); d++)
        for (int k = 0; k < 2; k++) {
            static tuning_result result;
            clcnn_error error = {.message = ""};
            tuning_search search = {
                .ctx = harness_ctx(d), .seconds = 0.001, .reject = no_rejections};
            CHECK(tuning_search_class(&search, &clocks[k], class, &result, &error) == CLCNN_SUCCESS,
                  "%s", error.message);
            CHECK(!result.complete && result.candidates == 0 &&
                      tuning_row_equal(&result.before, &result.after),
                  "%d candidates without time", result.candidates);
        }
}

/* ---- The file ----------------------------------------------------------------------------------
 */

/* Rows that won are read back, for this device; those that stay are not written. */
static void test_report(void)
{
    for (int d = 0; d < harness_device_count(); d++) {
        static tuning_result results[3];
        clcnn_ctx *ctx = NULL;
        clcnn_error error = {.message = ""};
        const char *const names[3][2] = {
            {"activation", "direct"}, {"conv2d", "gemm"}, {"conv2d", "tile"}};
        clcnn_ctx_create(&ctx, clcnn_ctx_queue(harness_ctx(d)), NULL);
        for (int i = 0; i < 3; i++) {
            results[i] = (tuning_result){.class = class_of(names[i][0], names[i][1])};
            CHECK(tuning_row_of(ctx, results[i].class, &results[i].before, &error) == CLCNN_SUCCESS,
                  "%s", error.message);
            results[i].after = results[i].before;
        }
        *tuning_row_value(&results[0].after, "ITEM") = 48;
        results[2].after.use = !results[2].before.use;
        char *text = tuning_report(clcnn_ctx_device_info(ctx), results, 3, "# a heading");
        CHECK(text != NULL && strstr(text, "# a heading\ndevice ") == text, "\"%s\"", text);
        scratch_begin();
        CHECK(tuning_write(scratch_path("rows"), text, &error) == CLCNN_SUCCESS, "%s",
              error.message);
        CHECK(scratch_count() == 1, "%d files are left", scratch_count());
        CHECK(clcnn_ctx_tune_file(ctx, scratch_path("rows")) == CLCNN_SUCCESS, "%s",
              clcnn_last_error(ctx)->message);
        scratch_end();
        CHECK(clcnn_ctx_tuned_rows(ctx) == 2, "%zu rows in\n%s", clcnn_ctx_tuned_rows(ctx), text);
        for (int i = 0; i < 3; i++) {
            tuning_row now;
            tuning_row_of(ctx, results[i].class, &now, &error);
            CHECK(tuning_row_equal(&now, &results[i].after), "row %d of\n%s", i, text);
        }
        free(text);
        clcnn_ctx_destroy(ctx);
    }
}

int main(void)
{
    static const harness_test tests[] = {{"classes", test_classes},
                                         {"knobs", test_knobs},
                                         {"wrong results", test_wrong_results},
                                         {"bad candidates", test_bad_candidates},
                                         {"no time", test_no_time},
                                         {"the file", test_report},
                                         {NULL, NULL}};
    return harness_run("tuning_search", tests);
}
