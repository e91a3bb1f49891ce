/* rmsprop against its reference and against its formulas written out. */
#include "optimiser_cases.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {NULL, NULL, 0, 0}};

static const clcnn_rmsprop variants[] = {
    {.lr = 0.01, .alpha = 0.99},
    {.lr = 0.05, .alpha = 0.9, .eps = 1e-3},
    {.lr = 0.001, .alpha = 0.99, .weight_decay = 0.01, .grad_scale = 0.3},
    {.lr = 0.1, .alpha = 0, .eps = 1e-6, .grad_scale = 2.3}};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void test_arenas(void)
{
    sweep s = {.op = &check_op_rmsprop};
    for (const optimiser_case *c = optimiser_cases; c->name; c++) {
        if (harness_short() && !c->quick)
            continue;
        for (int v = 0; v < VARIANTS; v++) {
            check_desc desc = {.rmsprop = variants[v]};
            desc.rmsprop.count = c->count;
            desc.rmsprop.segments = c->segments;
            sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed() + (uint64_t)v, 0);
        }
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_rmsprop};
    const int count = harness_short() ? 3 : 100;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        check_desc desc = {.rmsprop = {.count = check_random_int(&random, 1, 3000),
                                       .lr = check_random_real(&random),
                                       .alpha = check_random_real(&random),
                                       .eps = pow(10, -8 * check_random_real(&random)),
                                       .weight_decay = check_random_real(&random),
                                       .segments = check_random_int(&random, 0, 12),
                                       .grad_scale = check_random_int(&random, 0, 1) *
                                                     check_random_real(&random)}};
        char name[64];
        snprintf(name, sizeof name, "random case %d", i);
        sweep_desc(&s, name, &desc, CHECK_REALS, random.state, SWEEP_TWICE);
    }
    sweep_check_filled(&s);
}

static check_case *make_case(const clcnn_rmsprop *d)
{
    return sweep_make(&check_op_rmsprop, &(check_desc){.rmsprop = *d}, CHECK_REALS);
}

/* The reference against a step by hand: 0.75*16 + 0.25*(0.5*4 + 0.5*8)^2 = 21, whose root joins 1.
 */
static void test_formula(void)
{
    check_case *c = make_case(&(clcnn_rmsprop){
        .count = 1, .lr = 0.5, .alpha = 0.75, .eps = 1, .weight_decay = 0.5, .grad_scale = 0.5});
    if (!c)
        return;
    const float param = 8, grad = 4, square_avg = 16;
    double got[2], want = 8 - 0.5 * 6 / (4.58257569495584 + 1);
    clcnn_status status = clcnn_ref_rmsprop_step(&c->desc.rmsprop, &param, &grad, &square_avg, NULL,
                                                 &got[0], &got[1], NULL, NULL);
    CHECK(status == CLCNN_SUCCESS && fabs(got[0] - want) < 1e-14 && got[1] == 21,
          "param %.17g, square_avg %.17g", got[0], got[1]);
    *check_case_input(c, "param")->f = param;
    *check_case_input(c, "grad")->f = grad;
    *check_case_input(c, "square_avg")->f = square_avg;
    for (int i = 0; i < harness_device_count(); i++)
        sweep_run("by hand", c, "step", i, (check_options){.ctx = NULL});
    check_case_destroy(c);
}

/* NaN and infinities stay in their element; a gradient of 0 moves nothing. Gradients whose squares
 * are beyond a float are left out: there the device's infinite mean is right and no double's. */
static void test_special_values(void)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, 0, -0.0f, 0x1p-126f, 1e9f, -1};
    enum { COUNT = sizeof values / sizeof *values };
    for (int v = 0; v < VARIANTS; v++) {
        sweep s = {.op = &check_op_rmsprop};
        clcnn_rmsprop d = variants[v];
        d.count = COUNT * COUNT;
        check_case *c = make_case(&d);
        for (int i = 0; c && i < COUNT * COUNT; i++) {
            check_case_input(c, "param")->f[i] = values[i / COUNT];
            check_case_input(c, "grad")->f[i] = values[i % COUNT];
            check_case_input(c, "square_avg")->f[i] = 0.5f;
        }
        if (c)
            sweep_case(&s, "special values", c, 0);
        check_case_destroy(c);
    }
}

static const harness_test tests[] = {{"arenas and segments", test_arenas},
                                     {"random cases", test_random},
                                     {"a step by hand", test_formula},
                                     {"special values", test_special_values},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("rmsprop", tests);
}
