/* slice against its reference: bit for bit, adding, and its adjoint. */
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static const struct {
    const char *name;
    clcnn_slice d;
    int quick; /* in the short set */
} cases[] = {{"one of one", {.n = 1, .c = 1, .h = 1, .w = 1, .begin = 0, .count = 1}, 1},
             {"the first", {.n = 2, .c = 3, .h = 3, .w = 5, .begin = 0, .count = 2}, 1},
             {"the middle", {.n = 3, .c = 7, .h = 7, .w = 3, .begin = 2, .count = 3}, 1},
             {"the last", {.n = 2, .c = 5, .h = 5, .w = 5, .begin = 4, .count = 1}, 1},
             {"all", {.n = 2, .c = 3, .h = 4, .w = 5, .begin = 0, .count = 3}, 0},
             {"rows of one", {.n = 37, .c = 41, .h = 1, .w = 1, .begin = 10, .count = 17}, 0},
             {"a work-item", {.n = 1, .c = 3, .h = 64, .w = 64, .begin = 1, .count = 1}, 0},
             {"several", {.n = 2, .c = 7, .h = 61, .w = 67, .begin = 2, .count = 4}, 0},
             {NULL, {.n = 0}, 0}};

static void test_cases(void)
{
    sweep s = {.op = &check_op_slice};
    for (int i = 0; cases[i].name; i++) {
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            check_desc desc = {.slice = cases[i].d};
            desc.slice.accumulate = accumulate;
            if (harness_short() && !cases[i].quick)
                continue;
            sweep_desc(&s, cases[i].name, &desc, CHECK_INTEGERS, harness_seed(), SWEEP_TWICE);
            sweep_desc(&s, cases[i].name, &desc, CHECK_REALS, harness_seed(), 0);
        }
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

/* Every vector width, whatever this device would take. */
static void test_kernels(void)
{
    static const char *const tunings[] = {SWEEP_ITEMS("4", "4", "64"), SWEEP_ITEMS("8", "32", "1"),
                                          SWEEP_ITEMS("16", "16", "8"), NULL};
    sweep_tuned("slice", tunings, test_cases);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_slice};
    const int count = harness_short() ? 3 : 80;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        check_desc desc = {.slice = {.n = check_random_int(&random, 1, 4),
                                     .c = check_random_int(&random, 1, 12),
                                     .h = check_random_int(&random, 1, 12),
                                     .w = check_random_int(&random, 1, 12),
                                     .accumulate = check_random_int(&random, 0, 1)}};
        char name[64];
        desc.slice.begin = check_random_int(&random, 0, desc.slice.c - 1);
        desc.slice.count = check_random_int(&random, 1, desc.slice.c - desc.slice.begin);
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
}

static check_case *make_case(const clcnn_slice *d, check_values values)
{
    return sweep_make(&check_op_slice, &(check_desc){.slice = *d}, values);
}

/* Copies, whatever is copied. */
static void test_special_values(void)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, FLT_MAX, -FLT_MAX, FLT_MIN};
    sweep s = {.op = &check_op_slice};
    check_case *c = make_case(&cases[2].d, CHECK_REALS);
    for (int k = 0; c && k < 2; k++)
        for (size_t i = 0; i < c->in[k].count; i++)
            c->in[k].f[i] = values[i % 8];
    if (c)
        sweep_case(&s, "special values", c, 0);
    check_case_destroy(c);
}

/* <y, dy> = <x, dx>, exact on integers. */
static void test_adjoint(void)
{
    check_case *c = make_case(&cases[2].d, CHECK_INTEGERS);
    for (int device = 0; c && device < harness_device_count(); device++) {
        const check_options keep = {.keep = true};
        check_result y = sweep_run("adjoint", c, "forward", device, keep);
        check_result dx = sweep_run("adjoint", c, "backward", device, keep);
        double a = 0, b = 0;
        for (size_t i = 0; y.out[0] && i < c->in[1].count; i++)
            a += (double)((float *)y.out[0])[i] * c->in[1].f[i];
        for (size_t i = 0; dx.out[0] && i < c->in[0].count; i++)
            b += (double)((float *)dx.out[0])[i] * c->in[0].f[i];
        CHECK(y.out[0] && dx.out[0] && a >= b && a <= b, "<y,dy> = %g, <x,dx> = %g", a, b);
        check_result_free(&y);
        check_result_free(&dx);
    }
    check_case_destroy(c);
}

/* Two images of three channels of two pixels: the middle one. */
static void test_by_hand(void)
{
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, dy[] = {-1, -2, -3, -4};
    static const double want_y[] = {3, 4, 9, 10};
    static const double want_dx[] = {0, 0, -1, -2, 0, 0, 0, 0, -3, -4, 0, 0};
    const clcnn_slice d = {.n = 2, .c = 3, .h = 2, .w = 1, .begin = 1, .count = 1};
    double y[4] = {0}, dx[12];
    CHECK(clcnn_ref_slice_forward(&d, x, y) == CLCNN_SUCCESS, "forward");
    for (int i = 0; i < 4; i++)
        CHECK(y[i] == want_y[i], "y[%d] is %g, not %g", i, y[i], want_y[i]);
    CHECK(clcnn_ref_slice_backward(&d, dy, dx, NULL) == CLCNN_SUCCESS, "backward");
    for (int i = 0; i < 12; i++)
        CHECK(dx[i] == want_dx[i], "dx[%d] is %g, not %g", i, dx[i], want_dx[i]);
}

static const harness_test tests[] = {{"cases", test_cases},
                                     {"every kernel", test_kernels},
                                     {"random shapes", test_random},
                                     {"special values", test_special_values},
                                     {"adjoint identity", test_adjoint},
                                     {"by hand", test_by_hand},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("slice", tests);
}
