/* correlate1d against its reference and against numpy's results. */
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

/* Lengths around the sizes of vectors and work-items; the first four are the short set. */
static const int lengths[][2] = {{1, 1},    {5, 3},     {3, 20},   {40, 17},  {1, 7},   {16, 1},
                                 {17, 16},  {31, 31},   {257, 5},  {4, 300},  {64, 63}, {1000, 33},
                                 {33, 999}, {513, 256}, {7, 7000}, {5003, 64}};

static void run_lengths(sweep *s, const char *name, int a, int b, check_values values,
                        uint64_t seed, unsigned how)
{
    for (int mode = CLCNN_VALID; mode <= CLCNN_FULL; mode++) {
        for (int convolve = 0; convolve < 2; convolve++) {
            const check_desc desc = {
                .correlate1d = {
                    .a = a, .b = b, .mode = (clcnn_signal_mode)mode, .convolve = convolve}};
            sweep_desc(s, name, &desc, values, seed, how);
        }
    }
}

static void test_lengths(void)
{
    sweep s = {.op = &check_op_correlate1d};
    const size_t count = harness_short() ? 4 : sizeof lengths / sizeof *lengths;
    for (size_t i = 0; i < count; i++) {
        char name[64];
        snprintf(name, sizeof name, "%d by %d", lengths[i][0], lengths[i][1]);
        run_lengths(&s, name, lengths[i][0], lengths[i][1], CHECK_INTEGERS, harness_seed(), 0);
        run_lengths(&s, name, lengths[i][0], lengths[i][1], CHECK_REALS, harness_seed(),
                    SWEEP_TWICE);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

/* Every vector width and several lengths of work-items, whatever this device would take. */
static void test_kernels(void)
{
    static const char *const tunings[] = {SWEEP_ITEMS("4", "4", "64"), SWEEP_ITEMS("8", "32", "1"),
                                          SWEEP_ITEMS("16", "16", "8"), NULL};
    sweep_tuned("correlate1d", tunings, test_lengths);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_correlate1d};
    const int count = harness_short() ? 3 : 60;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const int a = check_random_int(&random, 1, 120), b = check_random_int(&random, 1, 120);
        char name[64];
        snprintf(name, sizeof name, "random %d by %d", a, b);
        run_lengths(&s, name, a, b, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* ---- numpy -------------------------------------------------------------------------------------
 */

enum { MOST = 8 };

typedef struct signal {
    int count;
    float values[MOST];
} signal;

/* One pair of signals: numpy.correlate(a, b, mode) and numpy.convolve(a, b, mode). */
typedef struct example {
    signal a, b;
    signal correlation[3], convolution[3]; /* valid, same, full */
} example;

static const example examples[] = {
    {{4, {1, 2, 3, 4}},
     {2, {1, 10}},
     {{3, {21, 32, 43}}, {4, {10, 21, 32, 43}}, {5, {10, 21, 32, 43, 4}}},
     {{3, {12, 23, 34}}, {4, {1, 12, 23, 34}}, {5, {1, 12, 23, 34, 40}}}},
    {{2, {1, 10}},
     {4, {1, 2, 3, 4}},
     {{3, {43, 32, 21}}, {4, {43, 32, 21, 10}}, {5, {4, 43, 32, 21, 10}}},
     {{3, {12, 23, 34}}, {4, {1, 12, 23, 34}}, {5, {1, 12, 23, 34, 40}}}},
    {{5, {1, 2, 3, 4, 5}},
     {3, {1, 10, 100}},
     {{3, {321, 432, 543}}, {5, {210, 321, 432, 543, 54}}, {7, {100, 210, 321, 432, 543, 54, 5}}},
     {{3, {123, 234, 345}}, {5, {12, 123, 234, 345, 450}}, {7, {1, 12, 123, 234, 345, 450, 500}}}},
    {{4, {1, 10, 100, 1000}},
     {5, {1, 2, 3, 4, 5}},
     {{2, {5432, 4321}},
      {5, {543, 5432, 4321, 3210, 2100}},
      {8, {5, 54, 543, 5432, 4321, 3210, 2100, 1000}}},
     {{2, {1234, 2345}},
      {5, {12, 123, 1234, 2345, 3450}},
      {8, {1, 12, 123, 1234, 2345, 3450, 4500, 5000}}}}};

static void compare(const char *what, const signal *want, const double *reference,
                    const float *device, int size)
{
    CHECK(size == want->count, "%s: %d results, not %d", what, size, want->count);
    for (int i = 0; i < size && i < want->count; i++) {
        const double value = want->values[i];
        CHECK(reference[i] >= value && reference[i] <= value, "%s[%d] is %g, not %g", what, i,
              reference[i], value);
        CHECK(!device || memcmp(&device[i], &want->values[i], 4) == 0,
              "%s[%d] is %g on the device, not %g", what, i, device ? (double)device[i] : 0, value);
    }
}

static void run_example(const example *e, int mode, int convolve)
{
    clcnn_error error = {.message = ""};
    const check_desc desc = {.correlate1d = {.a = e->a.count,
                                             .b = e->b.count,
                                             .mode = (clcnn_signal_mode)mode,
                                             .convolve = convolve}};
    const signal *want = convolve ? &e->convolution[mode] : &e->correlation[mode];
    double y[MOST];
    int size = 0;
    char what[64];
    snprintf(what, sizeof what, "%s, mode %d, %d by %d", convolve ? "convolution" : "correlation",
             mode, e->a.count, e->b.count);
    check_case *c =
        check_case_create(&check_op_correlate1d, &desc, CHECK_INTEGERS, harness_seed(), &error);
    if (!CHECK(c != NULL, "%s: %s", what, error.message))
        return;
    memcpy(c->in[0].f, e->a.values, (size_t)e->a.count * 4);
    memcpy(c->in[1].f, e->b.values, (size_t)e->b.count * 4);
    const bool good =
        clcnn_correlate1d_output(&desc.correlate1d, &size, NULL) == CLCNN_SUCCESS && size <= MOST &&
        clcnn_ref_correlate1d_forward(&desc.correlate1d, c->in[0].f, c->in[1].f, y, NULL) ==
            CLCNN_SUCCESS;
    CHECK(good, "%s: the reference refuses it", what);
    for (int i = 0; good && i < harness_device_count(); i++) {
        check_result r = sweep_run(what, c, "forward", i, (check_options){.keep = true});
        compare(what, want, y, r.out[0], size);
        check_result_free(&r);
    }
    check_case_destroy(c);
}

static void test_numpy(void)
{
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (int mode = CLCNN_VALID; mode <= CLCNN_FULL; mode++)
            for (int convolve = 0; convolve < 2; convolve++)
                run_example(&examples[i], mode, convolve);
}

/* Convolution with its operands exchanged gives the same bits: the same signal slides. */
static void test_commutative(void)
{
    enum { A = 37, B = 11 };
    float a[A], b[B];
    clcnn_error error = {.message = ""};
    check_random random = {harness_seed()};
    for (int i = 0; i < A; i++)
        a[i] = (float)check_random_real(&random);
    for (int i = 0; i < B; i++)
        b[i] = (float)check_random_real(&random);
    for (int mode = CLCNN_VALID; mode <= CLCNN_FULL; mode++) {
        const clcnn_signal_mode m = (clcnn_signal_mode)mode;
        const check_desc one = {.correlate1d = {.a = A, .b = B, .mode = m, .convolve = 1}};
        const check_desc two = {.correlate1d = {.a = B, .b = A, .mode = m, .convolve = 1}};
        check_case *c = check_case_create(&check_op_correlate1d, &one, CHECK_REALS, 1, &error);
        check_case *d = check_case_create(&check_op_correlate1d, &two, CHECK_REALS, 1, &error);
        for (int i = 0; c && d && i < harness_device_count(); i++) {
            memcpy(c->in[0].f, a, sizeof a);
            memcpy(c->in[1].f, b, sizeof b);
            memcpy(d->in[0].f, b, sizeof b);
            memcpy(d->in[1].f, a, sizeof a);
            check_result x = sweep_run("a * b", c, "forward", i, (check_options){.keep = true});
            check_result y = sweep_run("b * a", d, "forward", i, (check_options){.keep = true});
            int size = 0;
            clcnn_correlate1d_output(&one.correlate1d, &size, NULL);
            CHECK(x.out[0] && y.out[0] && memcmp(x.out[0], y.out[0], (size_t)size * 4) == 0,
                  "mode %d: a * b and b * a differ", mode);
            check_result_free(&x);
            check_result_free(&y);
        }
        CHECK(c && d, "%s", error.message);
        check_case_destroy(c);
        check_case_destroy(d);
    }
}

static const harness_test tests[] = {{"lengths", test_lengths},
                                     {"every kernel", test_kernels},
                                     {"random lengths", test_random},
                                     {"as numpy has it", test_numpy},
                                     {"convolution is commutative", test_commutative},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("correlate1d", tests);
}
