/* mse against its reference and by hand. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

/* Around the sizes of vectors, work-items and stages. */
static const int counts[] = {1, 17, 3, 4, 15, 16, 63, 65, 1000, 4095, 4096, 4097, 70001, 1100003};

static void run_count(sweep *s, int count, unsigned how)
{
    static const clcnn_mse variants[] = {{.accumulate = 0}, {.accumulate = 1}};
    for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
        check_desc desc = {.mse = variants[v]};
        char name[64];
        desc.mse.count = count;
        snprintf(name, sizeof name, "%d elements", count);
        sweep_desc(s, name, &desc, CHECK_REALS, harness_seed() + v, how);
    }
}

static void test_counts(void)
{
    sweep s = {.op = &check_op_mse};
    const size_t most = harness_short() ? 2 : sizeof counts / sizeof *counts;
    for (size_t i = 0; i < most; i++)
        run_count(&s, counts[i], SWEEP_TWICE);
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_small_counts(void)
{
    sweep s = {.op = &check_op_mse};
    for (int count = 1; count < (harness_short() ? 7 : 150); count += 3)
        run_count(&s, count, 0);
}

/* Every vector width and several lengths of work-items, whatever this device would take. */
static void test_kernels(void)
{
    static const char *const tunings[] = {SWEEP_ITEMS("4", "4", "64"), SWEEP_ITEMS("8", "32", "1"),
                                          SWEEP_ITEMS("16", "16", "8"), NULL};
    sweep_tuned("mse", tunings, test_small_counts);
}

/* (1 - 3)^2, (5 - 4)^2, 0 and (-2 - 1)^2: 14 over 4. The gradient is half of each difference. */
static void test_by_hand(void)
{
    static const float x[] = {1, 5, 2, -2}, target[] = {3, 4, 2, 1};
    static const double want[] = {-1, 0.5, 0, -1.5};
    const clcnn_mse d = {.count = 4};
    double loss = -1, dx[4];
    CHECK(clcnn_ref_mse_forward(&d, x, target, &loss, NULL) == CLCNN_SUCCESS && loss == 3.5,
          "loss is %g", loss);
    CHECK(clcnn_ref_mse_backward(&d, x, target, dx, NULL) == CLCNN_SUCCESS, "backward");
    for (int i = 0; i < 4; i++)
        CHECK(dx[i] == want[i], "dx[%d] is %g, not %g", i, dx[i], want[i]);
}

/* The loss is a polynomial of degree 2: central differences are exact. */
static void test_gradient(void)
{
    float x[] = {0.5f, -1.25f, 3, 0, 2, -7};
    static const float target[] = {1, 1, -2, 0, 5, -7.5f};
    const clcnn_mse d = {.count = 6};
    double dx[6], low, high;
    CHECK(clcnn_ref_mse_backward(&d, x, target, dx, NULL) == CLCNN_SUCCESS, "backward");
    for (int i = 0; i < 6; i++) {
        const float was = x[i];
        x[i] = was - 0.5f;
        clcnn_ref_mse_forward(&d, x, target, &low, NULL);
        x[i] = was + 0.5f;
        clcnn_ref_mse_forward(&d, x, target, &high, NULL);
        x[i] = was;
        CHECK(fabs(dx[i] - (high - low)) < 1e-13, "dx[%d] is %g, by differences %g", i, dx[i],
              high - low);
    }
}

/* NaN and infinities reach the loss; in the gradient they stay in their element. */
static void test_special_values(void)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-40f, 0x1p-126f, 1e18f};
    enum { COUNT = sizeof values / sizeof *values };
    for (int i = 0; i < COUNT; i++) {
        sweep s = {.op = &check_op_mse};
        const check_desc desc = {.mse = {.count = 37}};
        check_case *c = sweep_make(&check_op_mse, &desc, CHECK_REALS);
        if (!c)
            continue;
        c->in[0].f[i * 4] = values[i];
        sweep_case(&s, "special values", c, 0);
        for (size_t e = 0; e < c->in[0].count; e++)
            c->in[0].f[e] = values[i];
        sweep_case(&s, "one value throughout", c, 0);
        check_case_destroy(c);
    }
}

static const harness_test tests[] = {{"counts", test_counts},
                                     {"small counts", test_small_counts},
                                     {"every kernel", test_kernels},
                                     {"by hand", test_by_hand},
                                     {"numeric gradient", test_gradient},
                                     {"special values", test_special_values},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("mse", tests);
}
