/* concat against its reference: bit for bit, adding, and its adjoint. */
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static const struct {
    const char *name;
    check_concat d;
    int quick; /* in the short set */
} cases[] = {{"one of one", {.n = 1, .h = 1, .w = 1, .inputs = 1, .channels = {1}}, 1},
             {"two", {.n = 2, .h = 3, .w = 5, .inputs = 2, .channels = {3, 2}}, 1},
             {"three", {.n = 3, .h = 7, .w = 3, .inputs = 3, .channels = {1, 5, 2}}, 1},
             {"rows of one", {.n = 37, .h = 1, .w = 1, .inputs = 3, .channels = {10, 1, 30}}, 0},
             {"a work-item", {.n = 1, .h = 64, .w = 64, .inputs = 2, .channels = {1, 2}}, 0},
             {"several work-items", {.n = 2, .h = 61, .w = 67, .inputs = 2, .channels = {3, 4}}, 0},
             {NULL, {.n = 0}, 0}};

static void test_cases(void)
{
    sweep s = {.op = &check_op_concat};
    for (int i = 0; cases[i].name; i++) {
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            check_desc desc = {.concat = cases[i].d};
            desc.concat.accumulate = accumulate;
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
    sweep_tuned("concat", tunings, test_cases);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_concat};
    const int count = harness_short() ? 3 : 80;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        check_desc desc = {.concat = {.n = check_random_int(&random, 1, 4),
                                      .h = check_random_int(&random, 1, 12),
                                      .w = check_random_int(&random, 1, 12),
                                      .inputs = check_random_int(&random, 1, 3),
                                      .accumulate = check_random_int(&random, 0, 1)}};
        char name[64];
        for (int k = 0; k < desc.concat.inputs; k++)
            desc.concat.channels[k] = check_random_int(&random, 1, 9);
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
}

static check_case *make_case(const check_concat *d, check_values values)
{
    return sweep_make(&check_op_concat, &(check_desc){.concat = *d}, values);
}

/* Copies, whatever is copied; and only some of the gradients. */
static void test_special_values(void)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, FLT_MAX, -FLT_MAX, FLT_MIN};
    sweep s = {.op = &check_op_concat};
    check_case *c = make_case(&cases[2].d, CHECK_REALS);
    for (int k = 0; c && k < 4; k++)
        for (size_t i = 0; i < c->in[k].count; i++)
            c->in[k].f[i] = values[i % 8];
    if (c)
        sweep_case(&s, "special values", c, 0);
    for (int i = 0; c && i < harness_device_count(); i++) {
        sweep_run("dx0 alone", c, "backward", i, (check_options){.without = 6});
        sweep_run("all but dx1", c, "backward", i, (check_options){.without = 2});
    }
    check_case_destroy(c);
}

/* <y, dy> = sum of <x[i], dx[i]>, exact on integers. */
static void test_adjoint(void)
{
    check_case *c = make_case(&cases[2].d, CHECK_INTEGERS);
    for (int device = 0; c && device < harness_device_count(); device++) {
        const check_options keep = {.keep = true};
        check_result y = sweep_run("adjoint", c, "forward", device, keep);
        check_result dx = sweep_run("adjoint", c, "backward", device, keep);
        double a = 0, b = 0;
        for (size_t i = 0; y.out[0] && i < c->in[3].count; i++)
            a += (double)((float *)y.out[0])[i] * c->in[3].f[i];
        for (int k = 0; k < 3; k++)
            for (size_t i = 0; dx.out[k] && i < c->in[k].count; i++)
                b += (double)((float *)dx.out[k])[i] * c->in[k].f[i];
        CHECK(y.out[0] && dx.out[0] && a >= b && a <= b, "<y,dy> = %g, <x,dx> = %g", a, b);
        check_result_free(&y);
        check_result_free(&dx);
    }
    check_case_destroy(c);
}

/* Two images of two channels and of one, two pixels each. */
static void test_by_hand(void)
{
    static const float first[] = {1, 2, 3, 4, 5, 6, 7, 8}, second[] = {10, 20, 30, 40};
    static const double want[] = {1, 2, 3, 4, 10, 20, 5, 6, 7, 8, 30, 40};
    static const int channels[] = {2, 1};
    const float *const x[] = {first, second};
    const clcnn_concat d = {.n = 2, .h = 1, .w = 2, .inputs = 2, .channels = channels};
    double y[12] = {0}, dx0[8] = {0}, dx1[4] = {0};
    float dy[12];
    CHECK(clcnn_ref_concat_forward(&d, x, y) == CLCNN_SUCCESS, "forward");
    for (int i = 0; i < 12; i++) {
        CHECK(y[i] == want[i], "y[%d] is %g, not %g", i, y[i], want[i]);
        dy[i] = (float)want[i];
    }
    double *const dx[] = {dx0, dx1};
    CHECK(clcnn_ref_concat_backward(&d, dy, dx, NULL) == CLCNN_SUCCESS, "backward");
    for (int i = 0; i < 8; i++)
        CHECK(dx0[i] == (double)first[i] && dx1[i / 2] == (double)second[i / 2], "dx[%d] is %g, %g",
              i, dx0[i], dx1[i / 2]);
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
    return harness_run("concat", tests);
}
