/*
 * softmax_cross_entropy against its reference: mean loss and gradient, logits far from 0, and
 * labels that are no classes. Loss and gradient at once are what they are one by one.
 */
#include "softmax_cross_entropy_cases.h"
#include "sweep.h"

#include <math.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static check_case *make_case_of(const clcnn_softmax_cross_entropy *d)
{
    return sweep_make(&check_op_softmax_cross_entropy, &(check_desc){.softmax_cross_entropy = *d},
                      CHECK_REALS);
}

static check_case *make_case(int n, int classes)
{
    return make_case_of(&(clcnn_softmax_cross_entropy){.n = n, .classes = classes});
}

static bool same_bits(const void *a, const void *b, size_t count)
{
    return a && b && memcmp(a, b, count * sizeof(float)) == 0;
}

/* Loss and gradient in one call: the bits of the calls for each. The case has no y. */
static void compare_calls(const char *name, const check_case *c)
{
    const clcnn_softmax_cross_entropy *d = &c->desc.softmax_cross_entropy;
    const check_options keep = {.keep = true};
    for (int i = 0; i < harness_device_count(); i++) {
        check_result loss = sweep_run(name, c, "forward", i, keep);
        check_result dx = sweep_run(name, c, "backward", i, keep);
        check_result both = sweep_run(name, c, "gradient", i, keep);
        CHECK(same_bits(both.out[0], loss.out[1], 1), "%s, %d rows of %d: another loss", name, d->n,
              d->classes);
        CHECK(same_bits(both.out[1], dx.out[0], (size_t)d->n * (size_t)d->classes),
              "%s, %d rows of %d: another gradient", name, d->n, d->classes);
        check_result_free(&loss);
        check_result_free(&dx);
        check_result_free(&both);
    }
}

/* All ways to get the gradient: from y into another buffer, from y in place, all in one buffer, and
 * with the loss. */
static void run_all_ways(sweep *s, const char *name, check_case *c)
{
    const clcnn_status status = check_case_derive(c);
    CHECK(status == CLCNN_SUCCESS, "%s: %s", name, clcnn_status_name(status));
    sweep_case(s, name, c, SWEEP_TWICE | SWEEP_IN_PLACE);
    check_case_drop(c, "y");
    sweep_case(s, name, c, 0);
    compare_calls(name, c);
}

static void test_cases(void)
{
    sweep s = {.op = &check_op_softmax_cross_entropy};
    for (const softmax_cross_entropy_case *row = softmax_cross_entropy_cases; row->name; row++) {
        if (harness_short() && !row->quick)
            continue;
        check_case *c = make_case(row->d.n, row->d.classes);
        run_all_ways(&s, row->name, c);
        check_case_destroy(c);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

/* Every vector width, and rows in one work-item or in several, whatever this device would take. */
static void test_kernels(void)
{
#define KERNEL(vec, local, together)                                                               \
    "algo device width shape use VEC LOCAL TOGETHER\n"                                             \
    "direct * * * 1 " vec " " local " " together "\n"
    static const char *const tunings[] = {KERNEL("4", "64", "0"),   KERNEL("8", "1", "4096"),
                                          KERNEL("4", "1", "4096"), KERNEL("8", "1", "800"),
                                          KERNEL("16", "8", "300"), NULL};
    sweep_tuned("softmax_cross_entropy", tunings, test_cases);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_softmax_cross_entropy};
    const int count = harness_short() ? 3 : 40;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const int n = check_random_int(&random, 1, 150);
        check_case *c = make_case(n, check_random_int(&random, 1, 90));
        run_all_ways(&s, "random shape", c);
        check_case_destroy(c);
    }
    sweep_check_filled(&s);
}

/* y or loss left out. */
static void test_optional(void)
{
    check_case *c = make_case(29, 11);
    for (int i = 0; i < harness_device_count(); i++) {
        sweep_run("loss alone", c, "forward", i, (check_options){.without = 1});
        sweep_run("y alone", c, "forward", i, (check_options){.without = 2});
        sweep_run("y alone, no plan", c, "forward", i,
                  (check_options){.without = 2, .no_plan = true});
    }
    check_case_destroy(c);
}

/* Logits of great size: no overflow, no NaN, a loss that is as large as it should be. */
static void test_large_logits(void)
{
    static const float scales[] = {30, 1e3f, 1e4f, 1e30f};
    for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
        sweep s = {.op = &check_op_softmax_cross_entropy};
        check_case *c = make_case(41, 12);
        check_tensor *x = check_case_input(c, "x");
        check_random random = {harness_seed()};
        for (size_t i = 0; i < x->count; i++)
            x->f[i] = (check_random_bits(&random) & 1 ? 1.0f : -1.0f) *
                      (i % 3 ? scales[k] : scales[k] * (float)check_random_real(&random));
        run_all_ways(&s, "large logits", c);
        check_case_destroy(c);
    }
}

/* Rows that are one value throughout. */
static void test_equal_logits(void)
{
    static const float values[] = {0, 1e4f, -1e4f, 3e38f, -3e38f};
    enum { ROWS = sizeof values / sizeof *values, CLASSES = 7 };
    sweep s = {.op = &check_op_softmax_cross_entropy};
    check_case *c = make_case(ROWS, CLASSES);
    for (int i = 0; i < ROWS * CLASSES; i++)
        check_case_input(c, "x")->f[i] = values[i / CLASSES];
    run_all_ways(&s, "equal logits", c);
    check_case_destroy(c);
}

static bool all_nan(const float *values, size_t count)
{
    size_t nan = 0;
    for (size_t i = 0; i < count; i++)
        nan += isnan(values[i]) ? 1 : 0;
    return nan == count;
}

/* A label that is no class: the loss and its own row of the gradient are NaN, the rest is right. */
static void test_foreign_labels(void)
{
    static const int32_t foreign[] = {-1, 12, 13, 1 << 20, INT32_MAX, INT32_MIN};
    for (size_t k = 0; k < sizeof foreign / sizeof *foreign; k++) {
        enum { N = 9, CLASSES = 12, ROW = 4 };
        sweep s = {.op = &check_op_softmax_cross_entropy};
        check_case *c = make_case(N, CLASSES);
        check_case_input(c, "labels")->i[ROW] = foreign[k];
        for (int i = 0; i < harness_device_count(); i++) {
            check_result loss =
                sweep_run("foreign label", c, "forward", i, (check_options){.keep = true});
            check_result dx =
                sweep_run("foreign label", c, "backward", i, (check_options){.keep = true});
            CHECK(loss.out[1] && all_nan(loss.out[1], 1), "the loss with label %d is a number",
                  (int)foreign[k]);
            CHECK(dx.out[0] && all_nan((float *)dx.out[0] + ROW * CLASSES, CLASSES),
                  "the gradient with label %d is a number", (int)foreign[k]);
            check_result_free(&loss);
            check_result_free(&dx);
        }
        run_all_ways(&s, "foreign label", c);
        check_case_destroy(c);
    }
}

/* Smoothed labels, ignored ones (a class and no class), and both, in every shape. */
static void test_smoothed_and_ignored(void)
{
    static const clcnn_softmax_cross_entropy variants[] = {
        {.label_smoothing = 0.1},
        {.label_smoothing = 1},
        {.ignore = 1, .ignored_label = 0},
        {.label_smoothing = 0.3, .ignore = 1, .ignored_label = -100}};
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        sweep s = {.op = &check_op_softmax_cross_entropy};
        for (const softmax_cross_entropy_case *row = softmax_cross_entropy_cases; row->name;
             row++) {
            clcnn_softmax_cross_entropy d = variants[v];
            d.n = row->d.n;
            d.classes = row->d.classes;
            if (harness_short() && !row->quick)
                continue;
            check_case *c = make_case_of(&d);
            check_tensor *labels = check_case_input(c, "labels");
            for (size_t i = 0; d.ignore && i < labels->count; i++)
                labels->i[i] = i % 3 == 1 ? d.ignored_label : labels->i[i];
            run_all_ways(&s, row->name, c);
            check_case_destroy(c);
        }
        sweep_check_filled(&s);
    }
}

/* Nothing but ignored labels: the loss is NaN, the gradient 0. And an ignored row may hold NaN. */
static void test_all_ignored(void)
{
    sweep s = {.op = &check_op_softmax_cross_entropy};
    check_case *c = make_case_of(
        &(clcnn_softmax_cross_entropy){.n = 300, .classes = 5, .ignore = 1, .ignored_label = 2});
    check_tensor *labels = check_case_input(c, "labels"), *x = check_case_input(c, "x");
    for (int i = 0; i < 300; i++)
        labels->i[i] = 2;
    for (int i = 0; i < harness_device_count(); i++) {
        check_result loss =
            sweep_run("all ignored", c, "forward", i, (check_options){.keep = true});
        check_result dx = sweep_run("all ignored", c, "backward", i, (check_options){.keep = true});
        CHECK(loss.out[1] && all_nan(loss.out[1], 1), "the loss of no row is a number");
        for (int e = 0; dx.out[0] && e < 300 * 5; e++)
            CHECK(((float *)dx.out[0])[e] == 0, "dx[%d] is %g", e, (double)((float *)dx.out[0])[e]);
        check_result_free(&loss);
        check_result_free(&dx);
    }
    for (int i = 0; i < 300; i++)
        labels->i[i] = i % 2 ? 2 : 4;
    x->f[5 * 7 + 3] = NAN;
    run_all_ways(&s, "NaN in an ignored row", c);
    check_case_destroy(c);
}

static const harness_test tests[] = {{"cases", test_cases},
                                     {"every kernel", test_kernels},
                                     {"random shapes", test_random},
                                     {"optional tensors", test_optional},
                                     {"large logits", test_large_logits},
                                     {"equal logits", test_equal_logits},
                                     {"labels that are no classes", test_foreign_labels},
                                     {"smoothed and ignored", test_smoothed_and_ignored},
                                     {"all ignored", test_all_ignored},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("softmax_cross_entropy", tests);
}
