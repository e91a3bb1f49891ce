/* layernorm against its reference and against its written semantics. */
#include "layernorm_cases.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void run_cases(const layernorm_case *cases, unsigned how)
{
    sweep s = {.op = &check_op_layernorm};
    for (const layernorm_case *c = cases; c->name; c++) {
        const check_desc desc = {.layernorm = c->d};
        if (harness_short() && !c->quick)
            continue;
        if (!harness_short()) /* results are rounded all the same */
            sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), how);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), how);
    }
    sweep_check_pins(&s, pins);
}

static void test_small(void)
{
    run_cases(layernorm_small, SWEEP_TWICE);
}

static void test_layers(void)
{
    if (!harness_short())
        run_cases(layernorm_layers, 0);
}

/* Every vector width, whatever this device would take; a SUM of 1 makes as many chunks as there may
 * be. */
static void test_kernels(void)
{
#define KERNEL(vec, sum, merged, local)                                                            \
    "algo device width shape use VEC SUM MERGED LOCAL\n"                                           \
    "direct * * * 1 " vec " " sum " " merged " " local "\n"
    static const char *const tunings[] = {KERNEL("4", "1", "0", "64"),
                                          KERNEL("8", "5", "0", "3"),
                                          KERNEL("16", "65536", "0", "1"),
                                          KERNEL("4", "1", "1", "64"),
                                          KERNEL("8", "5", "1", "3"),
                                          KERNEL("16", "65536", "1", "1"),
                                          NULL};
    sweep_tuned("layernorm", tunings, test_small);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_layernorm};
    const int count = harness_short() ? 4 : 60;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const check_desc desc = {.layernorm = {.n = check_random_int(&random, 1, 40),
                                               .d = check_random_int(&random, 2, 90),
                                               .eps = check_random_int(&random, 0, 1) * 1e-3,
                                               .accumulate = check_random_int(&random, 0, 1)}};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, CHECK_REALS, random.state, 0);
    }
    sweep_check_filled(&s);
}

static check_case *make_case(int n, int d)
{
    return sweep_make(&check_op_layernorm, &(check_desc){.layernorm = {.n = n, .d = d}},
                      CHECK_REALS);
}

/* Values near 1000 keep their digits: y is off by little more than the mean's own rounding. */
static void test_far_from_zero(void)
{
    check_case *c = make_case(9, 200);
    sweep s = {.op = &check_op_layernorm};
    for (size_t i = 0; i < c->in[0].count; i++)
        c->in[0].f[i] += 1000;
    for (size_t i = 0; i < c->in[1].count; i++)
        c->in[1].f[i] = 1;
    sweep_case(&s, "rows about 1000", c, 0);
    for (int i = 0; i < harness_device_count(); i++) {
        double *exact = calloc(c->in[0].count, sizeof *exact), worst = 0;
        check_result r = sweep_run("about 1000", c, "forward", i, (check_options){.keep = true});
        if (exact && r.out[0] &&
            clcnn_ref_layernorm_forward(&c->desc.layernorm, c->in[0].f, c->in[1].f, c->in[2].f,
                                        exact, NULL, NULL, NULL, NULL, NULL) == CLCNN_SUCCESS) {
            for (size_t at = 0; at < c->in[0].count; at++)
                worst = fmax(worst, fabs(exact[at] - (double)((const float *)r.out[0])[at]));
            /* the rows' deviation is 1/sqrt(3) */
            CHECK(worst < 4 * 1000 * 1.8 * 0x1p-24, "y is off by %g", worst);
        }
        CHECK(exact && r.out[0], "nothing to compare");
        free(exact);
        check_result_free(&r);
    }
    c->in[0].f[0] = -1e6f; /* an outlier first */
    sweep_case(&s, "an outlier", c, 0);
    check_case_destroy(c);
}

/* Equal values: y is beta to the bit. What is not finite spoils its own row and no other. */
static void test_special_rows(void)
{
    check_case *c = make_case(4, 19);
    sweep s = {.op = &check_op_layernorm};
    for (int j = 0; j < 19; j++)
        c->in[0].f[j] = 0.1f;
    c->in[0].f[1 * 19 + 3] = NAN;
    c->in[0].f[2 * 19 + 18] = INFINITY;
    check_case_drop(c, "dy"); /* forward alone: in the sums over rows a NaN is everywhere */
    sweep_case(&s, "special rows", c, 0);
    for (int i = 0; i < harness_device_count(); i++) {
        check_result r = sweep_run("special rows", c, "forward", i, (check_options){.keep = true});
        for (int j = 0; r.out[0] && j < 19; j++) {
            const float *y = r.out[0], beta = c->in[2].f[j];
            CHECK(y[j] >= beta && y[j] <= beta, "y[0][%d] is %g, not beta, %g", j, (double)y[j],
                  (double)beta);
            CHECK(isnan(y[19 + j]) && isnan(y[38 + j]) && !isnan(y[57 + j]),
                  "column %d: %g, %g, %g", j, (double)y[19 + j], (double)y[38 + j],
                  (double)y[57 + j]);
        }
        check_result_free(&r);
    }
    check_case_destroy(c);
}

static void test_optional(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        check_case *c = make_case(5, 37);
        for (unsigned without = 1; without < 7; without++)
            sweep_run("gradients left out", c, "backward", i, (check_options){.without = without});
        sweep_run("nothing saved", c, "forward", i, (check_options){.without = 6});
        check_case_drop(c, "beta");
        sweep_run("no beta", c, "forward", i, (check_options){.ctx = NULL});
        check_case_drop(c, "gamma");
        sweep_run("no gamma", c, "forward", i, (check_options){.ctx = NULL});
        sweep_run("no gamma", c, "backward", i, (check_options){.ctx = NULL});
        check_case_destroy(c);
    }
}

/* One of mean and rstd without the other. */
static void test_half_saved(void)
{
    check_case *c = make_case(5, 7);
    check_expected expected;
    const check_direction *forward = check_direction_find(c->op, "forward");
    const clcnn_status status = check_expected_create(c, forward, &expected);
    for (int i = 0; status == CLCNN_SUCCESS && i < harness_device_count(); i++) {
        for (unsigned without = 2; without <= 4; without += 2) {
            const check_options options = {.ctx = harness_ctx(i), .without = without};
            const check_result r = check_run(c, forward, &expected, &options);
            CHECK(r.verdict == CHECK_FAIL && strstr(r.message, "one of mean and rstd"), "%s",
                  r.message);
        }
    }
    CHECK(status == CLCNN_SUCCESS, "%s", clcnn_status_name(status));
    check_expected_free(&expected);
    check_case_destroy(c);
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"every kernel", test_kernels},
                                     {"layers of networks", test_layers},
                                     {"random shapes", test_random},
                                     {"data far from 0", test_far_from_zero},
                                     {"special rows", test_special_rows},
                                     {"optional tensors", test_optional},
                                     {"half of what is saved", test_half_saved},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("layernorm", tests);
}
