/* dense against its reference: every direction, algorithm and device. */
#include "dense_cases.h"
#include "sweep.h"

#include <stdio.h>

static const sweep_pin pins[] = {
    {"", "depthwise", 30, 18},   {"", "winograd", 33, 21},     {"width 16", "dense", 15, 12},
    {"rusticl", "dense", 10, 6}, {"Oclgrind", "dense", 10, 6}, {"width 4", "dense", 10, 6},
    {"width 8", "dense", 10, 6}, {"", "dense", 15, 12},        {"", "point", 11, 7},
    {"rusticl", "row", 12, 7},   {"", "row", 11, 7},           {"", "tile", 0, 0},
    {"", "gemm", 0, 0},          {"", "direct", 0, 0},         {.algo = NULL}};

static void run_cases(const dense_case *cases, int most_n, int most_k, check_values values,
                      unsigned how, bool pinned)
{
    sweep s = {.op = &check_op_dense};
    for (const dense_case *c = cases; c->name; c++) {
        check_desc desc = {.dense = c->d};
        if (harness_short() && !c->quick)
            continue;
        desc.dense.n = c->d.n > most_n ? most_n : c->d.n;
        desc.dense.k = c->d.k > most_k ? most_k : c->d.k;
        sweep_desc(&s, c->name, &desc, values, harness_seed(), how);
    }
    sweep_check_filled(&s);
    if (pinned)
        sweep_check_pins(&s, pins);
}

static void test_exact(void)
{
    const unsigned how = SWEEP_PACKED | (harness_short() ? 0 : SWEEP_NO_PLAN);
    run_cases(dense_small, 2000, 200, CHECK_INTEGERS, how, true);
}

static void test_real(void)
{
    if (!harness_short()) /* rounding is not a simulator's business */
        run_cases(dense_small, 2000, 200, CHECK_REALS, SWEEP_TWICE, true);
}

static void test_layers(void)
{
    const int n = harness_short() ? 3 : 16, k = harness_short() ? 10 : 130;
    if (!harness_short())
        run_cases(dense_layers, n, k, CHECK_INTEGERS, 0, false);
    run_cases(dense_layers, n, k, CHECK_REALS, SWEEP_NO_PLAN, false);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_dense};
    const int count = harness_short() ? 3 : 80, most = harness_short() ? 10 : 40;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const check_desc desc = {
            .dense = {.n = check_random_int(&random, 1, most),
                      .c = check_random_int(&random, 1, 2 * most),
                      .k = check_random_int(&random, 1, 2 * most),
                      .activation = check_random_int(&random, 0, 3) ? CLCNN_IDENTITY : CLCNN_RELU,
                      .accumulate = check_random_int(&random, 0, 1)}};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* No bias; only dw, only db. */
static void test_optional(void)
{
    const check_desc desc = {.dense = {.n = 6, .c = 21, .k = 19, .activation = CLCNN_RELU}};
    check_case *c = sweep_make(&check_op_dense, &desc, CHECK_INTEGERS);
    if (!c)
        return;
    check_case_drop(c, "b");
    for (int i = 0; i < harness_device_count(); i++) {
        sweep_every_algo("no bias", c, "forward", i, (check_options){.ctx = NULL});
        sweep_every_algo("dw alone", c, "backward_weights", i, (check_options){.without = 2});
        sweep_every_algo("db alone", c, "backward_weights", i, (check_options){.without = 1});
    }
    check_case_destroy(c);
}

static const harness_test tests[] = {
    {"integers, exactly", test_exact},   {"reals, within the bound", test_real},
    {"layers of networks", test_layers}, {"random shapes", test_random},
    {"optional tensors", test_optional}, {NULL, NULL}};

int main(void)
{
    return harness_run("dense", tests);
}
