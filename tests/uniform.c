/* uniform against its reference, bit for bit, and what its words promise of the numbers. */
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const clcnn_uniform cases[] = {
    {.count = 1, .low = 0, .high = 1},
    {.count = 63, .low = -1, .high = 1, .seed = 1},
    {.count = 64, .low = 5, .high = 6, .seed = 2, .stream = 3},
    {.count = 65, .low = -3, .high = -2.5, .seed = UINT64_MAX, .stream = UINT32_MAX},
    {.count = 1000, .low = -0.05, .high = 0.05, .seed = 77},
    {.count = 4099, .low = 1e6, .high = 1e6 + 1, .seed = 5}, /* a sixteenth apart as floats */
    {.count = 500, .low = 1, .high = 1 + FLT_EPSILON, .seed = 6},
    {.count = 500, .low = -1e38, .high = 1e38, .seed = 7},
};
enum { CASES = sizeof cases / sizeof *cases };

static void test_bits(void)
{
    static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};
    sweep s = {.op = &check_op_uniform};
    for (int i = 0; i < CASES; i++) {
        char name[32];
        snprintf(name, sizeof name, "case %d", i);
        if (!harness_short() || cases[i].count < 100)
            sweep_desc(&s, name, &(check_desc){.uniform = cases[i]}, CHECK_REALS, harness_seed(),
                       SWEEP_TWICE);
    }
    sweep_check_pins(&s, pins);
}

/* Every vector width, stretch and work-group: the numbers are the same. */
static void test_kernels(void)
{
    static const char *const tunings[] = {SWEEP_ITEMS("4", "64", "64"),
                                          SWEEP_ITEMS("8", "128", "3"),
                                          SWEEP_ITEMS("16", "1024", "1"), NULL};
    sweep_tuned("uniform", tunings, test_bits);
}

/* From low to below high, and spread evenly over a hundred parts. */
static void test_range(void)
{
    const int count = harness_short() ? 2000 : 100000;
    const clcnn_uniform d = {.count = count, .low = -2, .high = 3, .seed = harness_seed()};
    clcnn_error error = {.message = ""};
    check_case *c = check_case_create(&check_op_uniform, &(check_desc){.uniform = d}, CHECK_REALS,
                                      harness_seed(), &error);
    for (int i = 0; c && i < harness_device_count(); i++) {
        check_result r = sweep_run("range", c, "fill", i, (check_options){.keep = true});
        int parts[100] = {0};
        double chi = 0;
        for (int at = 0; r.out[0] && at < count; at++) {
            const float y = ((const float *)r.out[0])[at];
            if (CHECK(y >= -2 && y < 3, "y[%d] is %g", at, (double)y))
                parts[(int)(((double)y + 2) * 20)]++;
        }
        for (int k = 0; k < 100; k++)
            chi += (parts[k] - count / 100.0) * (parts[k] - count / 100.0) / (count / 100.0);
        /* 99 degrees of freedom: mean 99, deviation 14 */
        CHECK(chi > 99 - 5 * 14 && chi < 99 + 5 * 14, "chi squared is %g", chi);
        check_result_free(&r);
    }
    check_case_destroy(c);
}

/* Never high itself: among floats that are far apart, half of them would round to it. */
static void test_open_end(void)
{
    const clcnn_uniform d = {.count = 300, .low = 1, .high = 1 + FLT_EPSILON, .seed = 1};
    double y[300];
    CHECK(clcnn_ref_uniform_fill(&d, y) == CLCNN_SUCCESS, "the reference");
    for (int i = 0; i < d.count; i++)
        CHECK(y[i] >= 1 && y[i] <= 1, "y[%d] is 1 + %g", i, y[i] - 1);
}

static const harness_test tests[] = {{"bit for bit", test_bits},
                                     {"every kernel", test_kernels},
                                     {"range", test_range},
                                     {"the open end", test_open_end},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("uniform", tests);
}
