/*
 * avgpool2d against its reference and against its written semantics: shapes, counts at the edges,
 * NaN, infinities and the largest float, and the identities of a linear operation.
 */
#include "avgpool2d_cases.h"
#include "linear.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void run_cases(const avgpool2d_case *cases, int most_n, int most_c, unsigned how)
{
    sweep s = {.op = &check_op_avgpool2d};
    for (const avgpool2d_case *c = cases; c->name; c++) {
        check_desc desc = {.avgpool2d = c->d};
        if (harness_short() && !c->quick)
            continue;
        desc.avgpool2d.n = c->d.n > most_n ? most_n : c->d.n;
        desc.avgpool2d.c = c->d.c > most_c ? most_c : c->d.c;
        if (c->exact)
            sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), how);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), how);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_small(void)
{
    run_cases(avgpool2d_small, 5, 7, SWEEP_TWICE);
}

static void test_layers(void)
{
    run_cases(avgpool2d_layers, harness_short() ? 1 : 2, harness_short() ? 2 : 8, 0);
}

/* ---- Random shapes -----------------------------------------------------------------------------
 */

static clcnn_avgpool2d random_desc(check_random *random)
{
    clcnn_avgpool2d d;
    int p, q;
    do {
        const int r = check_random_int(random, 1, 5), s = check_random_int(random, 1, 5);
        d = (clcnn_avgpool2d){.n = check_random_int(random, 1, 3),
                              .c = check_random_int(random, 1, 5),
                              .h = check_random_int(random, 1, 14),
                              .w = check_random_int(random, 1, 40),
                              .r = r,
                              .s = s,
                              .pad_top = check_random_int(random, 0, r - 1),
                              .pad_left = check_random_int(random, 0, s - 1),
                              .pad_bottom = check_random_int(random, 0, r - 1),
                              .pad_right = check_random_int(random, 0, s - 1),
                              .stride_h = check_random_int(random, 0, 4),
                              .stride_w = check_random_int(random, 0, 4),
                              .count_include_pad = check_random_int(random, 0, 1),
                              .accumulate = check_random_int(random, 0, 1),
                              .ceil_mode = check_random_int(random, 0, 1)};
    } while (clcnn_avgpool2d_output(&d, &p, &q, NULL) != CLCNN_SUCCESS);
    return d;
}

static void test_random(void)
{
    sweep s = {.op = &check_op_avgpool2d};
    const int count = harness_short() ? 6 : 150;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const check_desc desc = {.avgpool2d = random_desc(&random)};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, CHECK_REALS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* ---- Written semantics -------------------------------------------------------------------------
 */

/* Every count of a 1x4 image under windows of 3 with stride 2, by hand. */
static void test_counts(void)
{
    static const struct {
        const char *name;
        int pad_left, pad_right, include, up, q;
        float y[3];
    } rows[] = {{"inside", 0, 0, 0, 0, 1, {12}},
                {"rounded up", 0, 0, 0, 1, 2, {12, 21}},
                {"rounded up, padding counted", 0, 0, 1, 1, 2, {12, 21}},
                {"not counted", 1, 1, 0, 0, 2, {9, 18}},
                {"counted", 1, 1, 1, 0, 2, {6, 18}},
                {"counted up to the padding's end", 0, 1, 1, 0, 2, {12, 14}},
                {"not counted, one side", 0, 1, 0, 0, 2, {12, 21}},
                {"counted in a window that is rounded up", 2, 0, 1, 1, 3, {2, 12, 21}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const clcnn_avgpool2d d = {.n = 1,
                                   .c = 1,
                                   .h = 1,
                                   .w = 4,
                                   .r = 1,
                                   .s = 3,
                                   .pad_left = rows[i].pad_left,
                                   .pad_right = rows[i].pad_right,
                                   .stride_h = 1,
                                   .stride_w = 2,
                                   .count_include_pad = rows[i].include,
                                   .ceil_mode = rows[i].up};
        static const float x[4] = {6, 12, 18, 24};
        double y[3] = {0};
        int p = 0, q = 0;
        clcnn_status status = clcnn_avgpool2d_output(&d, &p, &q, NULL);
        CHECK(status == CLCNN_SUCCESS && p == 1 && q == rows[i].q, "%s: %d by %d", rows[i].name, p,
              q);
        status = clcnn_ref_avgpool2d_forward(&d, x, y, NULL);
        for (int at = 0; status == CLCNN_SUCCESS && at < q && at < 3; at++)
            CHECK(fabs(y[at] - (double)rows[i].y[at]) < 1e-12, "%s: y[%d] is %g, not %g",
                  rows[i].name, at, y[at], (double)rows[i].y[at]);
        sweep s = {.op = &check_op_avgpool2d};
        sweep_desc(&s, rows[i].name, &(check_desc){.avgpool2d = d}, CHECK_REALS, harness_seed(), 0);
    }
}

/* What the words in the header say of NaN, infinities and large numbers. */
static void test_special_values(void)
{
    static const struct {
        const char *name;
        float x[4], y;
    } rows[] = {{"a NaN", {9, 8, NAN, 7}, NAN},
                {"an infinity", {1, INFINITY, 2, 3}, INFINITY},
                {"a negative infinity", {1, 2, 3, -INFINITY}, -INFINITY},
                {"infinities of both signs", {INFINITY, 1, -INFINITY, 2}, NAN},
                {"the largest float", {0, 0, FLT_MAX, 0}, FLT_MAX / 4},
                {"a sum that exceeds it", {FLT_MAX, FLT_MAX, FLT_MAX, FLT_MAX}, INFINITY},
                {"zeros", {-0.0f, 0, -0.0f, 0}, 0},
                {"small numbers", {0x1p-120f, 0x1p-120f, 0, 0}, 0x1p-121f}};
    enum { ROWS = sizeof rows / sizeof *rows };
    const check_desc desc = {.avgpool2d = {.n = 1, .c = ROWS, .h = 2, .w = 2, .r = 2, .s = 2}};
    check_case *c = sweep_make(&check_op_avgpool2d, &desc, CHECK_REALS);
    if (!c)
        return;
    for (int device = 0; device < harness_device_count(); device++) {
        for (int i = 0; i < ROWS; i++) {
            float *x = check_case_input(c, "x")->f;
            for (int at = 0; at < 4 * ROWS; at++)
                x[at] = rows[i].x[at % 4];
            check_expected e;
            const check_direction *forward = check_direction_find(c->op, "forward");
            check_expected_create(c, forward, &e);
            for (int at = 0; at < ROWS; at++)
                e.out[0].value[at] = (double)rows[i].y;
            const check_options options = {.ctx = harness_ctx(device)};
            const check_result r = check_run(c, forward, &e, &options);
            CHECK(r.verdict == CHECK_PASS, "%s: %s", rows[i].name, r.message);
            check_expected_free(&e);
        }
    }
    check_case_destroy(c);
}

static void test_adjoint(void)
{
    for (const avgpool2d_case *row = avgpool2d_small; row->name; row++) {
        check_desc desc = {.avgpool2d = row->d};
        desc.avgpool2d.n = 1;
        desc.avgpool2d.c = 1;
        desc.avgpool2d.accumulate = 0;
        if (row->quick || !harness_short())
            linear_check_op(&check_op_avgpool2d, row->name, &desc, row->exact);
    }
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"layers of networks", test_layers},
                                     {"random shapes", test_random},
                                     {"counts by hand", test_counts},
                                     {"special values", test_special_values},
                                     {"adjoint and numeric gradient", test_adjoint},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("avgpool2d", tests);
}
