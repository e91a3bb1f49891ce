/* pad2d against its reference and its written semantics: copies keep their bits, the rest is 0. */
#include "linear.h"
#include "pad2d_cases.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void test_small(void)
{
    sweep s = {.op = &check_op_pad2d};
    for (const pad2d_case *c = pad2d_small; c->name; c++) {
        const check_desc desc = {.pad2d = c->d};
        if (harness_short() && !c->quick)
            continue;
        sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), SWEEP_TWICE);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), SWEEP_TWICE);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_pad2d};
    const int count = harness_short() ? 6 : 100;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const check_desc desc = {.pad2d = {.n = check_random_int(&random, 1, 3),
                                           .c = check_random_int(&random, 1, 4),
                                           .h = check_random_int(&random, 1, 12),
                                           .w = check_random_int(&random, 1, 50),
                                           .pad_top = check_random_int(&random, 0, 3),
                                           .pad_left = check_random_int(&random, 0, 9),
                                           .pad_bottom = check_random_int(&random, 0, 3),
                                           .pad_right = check_random_int(&random, 0, 9),
                                           .accumulate = check_random_int(&random, 0, 1)}};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
    sweep_check_filled(&s);
}

static void test_special_values(void)
{
    static const float values[] = {NAN,      INFINITY, -INFINITY, 0x1p-149f, -0x1p-130f, FLT_MAX,
                                   -FLT_MAX, 0.0f,     -0.0f,     0x1p-126f, 1.0f};
    const check_desc desc = {.pad2d = {.n = 1,
                                       .c = 2,
                                       .h = 3,
                                       .w = 37,
                                       .pad_top = 1,
                                       .pad_left = 2,
                                       .pad_bottom = 1,
                                       .pad_right = 1}};
    sweep s = {.op = &check_op_pad2d};
    check_case *c = sweep_make(&check_op_pad2d, &desc, CHECK_REALS);
    if (!c)
        return;
    for (int t = 0; t < 2; t++) {
        check_tensor *in = check_case_input(c, t ? "dy" : "x");
        for (size_t i = 0; i < in->count; i++)
            in->f[i] = values[i % (sizeof values / sizeof *values)];
    }
    sweep_case(&s, "special values", c, 0);
    check_case_destroy(c);
}

static void test_adjoint(void)
{
    for (const pad2d_case *row = pad2d_small; row->name; row++) {
        check_desc desc = {.pad2d = row->d};
        desc.pad2d.c = 1;
        desc.pad2d.accumulate = 0;
        if (row->quick || !harness_short())
            linear_check_op(&check_op_pad2d, row->name, &desc, true);
    }
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"random shapes", test_random},
                                     {"special values", test_special_values},
                                     {"adjoint and numeric gradient", test_adjoint},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("pad2d", tests);
}
