/*
 * adaptive_avgpool2d against its reference and its written semantics. Its three ways (global, as
 * avgpool2d, general) are chosen by the sizes, so that the cases take all of them.
 */
#include "adaptive_avgpool2d_cases.h"
#include "linear.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void test_small(void)
{
    sweep s = {.op = &check_op_adaptive_avgpool2d};
    for (const adaptive_avgpool2d_case *c = adaptive_avgpool2d_small; c->name; c++) {
        const check_desc desc = {.adaptive_avgpool2d = c->d};
        if (harness_short() && !c->quick)
            continue;
        if (c->exact)
            sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), SWEEP_TWICE);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), SWEEP_TWICE);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_adaptive_avgpool2d};
    const int count = harness_short() ? 6 : 120;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const int most = i % 4 == 0 ? 1 : 20;
        const check_desc desc = {
            .adaptive_avgpool2d = {.n = check_random_int(&random, 1, 3),
                                   .c = check_random_int(&random, 1, 9),
                                   .h = check_random_int(&random, 1, 15),
                                   .w = check_random_int(&random, 1, 30),
                                   .p = check_random_int(&random, 1, most),
                                   .q = check_random_int(&random, 1, most),
                                   .accumulate = check_random_int(&random, 0, 1)}};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, CHECK_REALS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* Five columns to three: 0-1, 1-3, 3-4; and to seven; by hand. */
static void test_by_hand(void)
{
    static const float x[5] = {1, 2, 4, 8, 16};
    static const double three[3] = {1.5, 14. / 3, 12}, seven[7] = {1, 1.5, 3, 4, 6, 12, 16};
    clcnn_adaptive_avgpool2d d = {.n = 1, .c = 1, .h = 1, .w = 5, .p = 1, .q = 3};
    double y[7] = {0};
    CHECK(clcnn_ref_adaptive_avgpool2d_forward(&d, x, y, NULL) == CLCNN_SUCCESS, "to three");
    for (int i = 0; i < 3; i++)
        CHECK(fabs(y[i] - three[i]) < 1e-14, "window %d of 3: %g, not %g", i, y[i], three[i]);
    d.q = 7;
    CHECK(clcnn_ref_adaptive_avgpool2d_forward(&d, x, y, NULL) == CLCNN_SUCCESS, "to seven");
    for (int i = 0; i < 7; i++)
        CHECK(fabs(y[i] - seven[i]) < 1e-14, "window %d of 7: %g, not %g", i, y[i], seven[i]);
}

static void test_adjoint(void)
{
    for (const adaptive_avgpool2d_case *row = adaptive_avgpool2d_small; row->name; row++) {
        check_desc desc = {.adaptive_avgpool2d = row->d};
        desc.adaptive_avgpool2d.n = 1;
        desc.adaptive_avgpool2d.c = 1;
        desc.adaptive_avgpool2d.accumulate = 0;
        if (row->d.h < 100 && (row->quick || !harness_short()))
            linear_check_op(&check_op_adaptive_avgpool2d, row->name, &desc, row->exact);
    }
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"random shapes", test_random},
                                     {"by hand", test_by_hand},
                                     {"adjoint and numeric gradient", test_adjoint},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("adaptive_avgpool2d", tests);
}
