/* normal against its reference, and what its words promise of the numbers. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const clcnn_normal cases[] = {
    {.count = 1, .deviation = 1},
    {.count = 31, .mean = 2, .deviation = 1, .seed = 1},
    {.count = 64, .deviation = 0.05, .seed = 2, .stream = 3},
    {.count = 81, .mean = -1, .deviation = 1e-3, .seed = UINT64_MAX, .stream = UINT32_MAX},
    {.count = 100, .mean = 7, .deviation = 0, .seed = 4},
    {.count = 4099, .mean = 1e6, .deviation = 1, .seed = 5},
    {.count = 50000, .deviation = 1, .seed = 6},
};
enum { CASES = sizeof cases / sizeof *cases };

static void test_bound(void)
{
    static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};
    sweep s = {.op = &check_op_normal};
    for (int i = 0; i < CASES; i++) {
        char name[32];
        snprintf(name, sizeof name, "case %d", i);
        if (!harness_short() || cases[i].count < 100)
            sweep_desc(&s, name, &(check_desc){.normal = cases[i]}, CHECK_REALS, harness_seed(),
                       SWEEP_TWICE);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

/* Every vector width, stretch and work-group. */
static void test_kernels(void)
{
    static const char *const tunings[] = {SWEEP_ITEMS("4", "64", "64"),
                                          SWEEP_ITEMS("8", "128", "3"),
                                          SWEEP_ITEMS("16", "1024", "1"), NULL};
    sweep_tuned("normal", tunings, test_bound);
}

/* The moments, of the reference, which the devices were held against: each within five deviations
 * of its own. Neighbours that come of one pair of words are not correlated. */
static void test_moments(void)
{
    enum { COUNT = 64 * 2000 };
    static double y[COUNT];
    const clcnn_normal d = {.count = COUNT, .deviation = 1, .seed = harness_seed()};
    double sums[5] = {0}, product = 0;
    CHECK(clcnn_ref_normal_fill(&d, y, NULL) == CLCNN_SUCCESS, "the reference");
    for (int i = 0; i < COUNT; i++) {
        double power = 1;
        for (int k = 0; k < 5; k++, power *= y[i])
            sums[k] += power;
        product += i / 16 % 2 ? 0 : y[i] * y[i + 16];
        CHECK(fabs(y[i]) < 5.77, "z[%d] is %g", i, y[i]);
    }
    const double root = sqrt(COUNT);
    CHECK(fabs(sums[1]) < 5 * root, "the mean is %g", sums[1] / COUNT);
    CHECK(fabs(sums[2] - COUNT) < 5 * sqrt(2) * root, "the variance is %g", sums[2] / COUNT);
    CHECK(fabs(sums[3]) < 5 * sqrt(15) * root, "the third moment is %g", sums[3] / COUNT);
    CHECK(fabs(sums[4] - 3.0 * COUNT) < 5 * sqrt(96) * root, "the fourth moment is %g",
          sums[4] / COUNT);
    CHECK(fabs(product) < 5 * root / sqrt(2), "the pairs' correlation is %g", 2 * product / COUNT);
}

static const harness_test tests[] = {{"within the bound", test_bound},
                                     {"every kernel", test_kernels},
                                     {"moments", test_moments},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("normal", tests);
}
