/* sgd against its reference and against its formulas written out. */
#include "optimiser_cases.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {NULL, NULL, 0, 0}};

/* Every way that the formula can go. */
static const clcnn_sgd variants[] = {
    {.lr = 0.1},
    {.lr = 0.1, .momentum = 0.9},
    {.lr = 0.05, .momentum = 0.9, .nesterov = 1},
    {.lr = 0.01, .momentum = 0.5, .nesterov = 1, .weight_decay = 0.01, .grad_scale = 0.37},
    {.lr = 3, .weight_decay = 0.1, .grad_scale = 1.7},
    {.lr = 0, .momentum = 0.9, .weight_decay = 0.5}};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void test_arenas(void)
{
    sweep s = {.op = &check_op_sgd};
    for (const optimiser_case *c = optimiser_cases; c->name; c++) {
        if (harness_short() && !c->quick)
            continue;
        for (int v = 0; v < VARIANTS; v++) {
            check_desc desc = {.sgd = variants[v]};
            desc.sgd.count = c->count;
            desc.sgd.segments = c->segments;
            sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed() + (uint64_t)v, 0);
        }
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_sgd};
    const int count = harness_short() ? 3 : 100;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        check_desc desc = {
            .sgd = {.count = check_random_int(&random, 1, 3000),
                    .lr = check_random_real(&random),
                    .momentum = check_random_real(&random),
                    .nesterov = check_random_int(&random, 0, 1),
                    .weight_decay = check_random_real(&random),
                    .segments = check_random_int(&random, 0, 12),
                    .grad_scale = check_random_int(&random, 0, 1) * check_random_real(&random)}};
        char name[64];
        snprintf(name, sizeof name, "random case %d", i);
        sweep_desc(&s, name, &desc, CHECK_REALS, random.state, SWEEP_TWICE);
    }
    sweep_check_filled(&s);
}

/* Binary fractions, so that every result is exact: the sentences of the header, by hand. */
static void test_formulas(void)
{
    static const struct {
        const char *name;
        clcnn_sgd d;
        float param, velocity;
    } rows[] = {
        {"plain", {.lr = 0.5}, 2 - 0.5f * 4, 8},
        {"momentum", {.lr = 0.5, .momentum = 0.25}, 2 - 0.5f * 6, 6},
        {"Nesterov", {.lr = 0.5, .momentum = 0.25, .nesterov = 1}, 2 - 0.5f * (4 + 1.5f), 6},
        {"decay", {.lr = 0.5, .weight_decay = 0.5}, 2 - 0.5f * 5, 8},
        {"scaled", {.lr = 0.5, .momentum = 0.25, .grad_scale = 0.125}, 2 - 0.5f * 2.5f, 2.5f},
        {"all",
         {.lr = 0.5, .momentum = 0.5, .nesterov = 1, .weight_decay = 0.5, .grad_scale = 0.5},
         2 - 0.5f * (3 + 3.5f),
         7}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        clcnn_error error = {.message = ""};
        check_desc desc = {.sgd = rows[i].d};
        desc.sgd.count = 21;
        check_case *c =
            check_case_create(&check_op_sgd, &desc, CHECK_REALS, harness_seed(), &error);
        if (!CHECK(c != NULL, "%s: %s", rows[i].name, error.message))
            continue;
        for (int e = 0; e < desc.sgd.count; e++) {
            check_case_input(c, "param")->f[e] = 2;
            check_case_input(c, "grad")->f[e] = 4;
            check_case_input(c, "velocity")->f[e] = 8;
        }
        for (int device = 0; device < harness_device_count(); device++) {
            check_result r =
                sweep_run(rows[i].name, c, "step", device, (check_options){.keep = true});
            for (int e = 0; r.out[0] && r.out[1] && e < desc.sgd.count; e++) {
                const float param = ((float *)r.out[0])[e], velocity = ((float *)r.out[1])[e];
                CHECK(memcmp(&param, &rows[i].param, 4) == 0 &&
                          memcmp(&velocity, &rows[i].velocity, 4) == 0,
                      "%s: param %g and velocity %g, not %g and %g", rows[i].name, (double)param,
                      (double)velocity, (double)rows[i].param, (double)rows[i].velocity);
            }
            check_result_free(&r);
        }
        check_case_destroy(c);
    }
}

/* Without momentum the velocity may be left out, and what is in one is left alone, even a NaN. */
static void test_no_velocity(void)
{
    sweep s = {.op = &check_op_sgd};
    const check_desc desc = {.sgd = {.count = 1030, .lr = 0.1, .weight_decay = 0.1, .segments = 3}};
    check_case *c = sweep_make(&check_op_sgd, &desc, CHECK_REALS);
    if (!c)
        return;
    check_tensor *velocity = check_case_input(c, "velocity");
    for (size_t i = 0; i < velocity->count; i++)
        velocity->f[i] = NAN;
    sweep_case(&s, "a velocity of NaN", c, 0);
    check_case_drop(c, "velocity");
    for (int i = 0; i < harness_device_count(); i++)
        sweep_run("no velocity", c, "step", i, (check_options){.without = 2});
    check_case_destroy(c);
}

/* NaN and infinities stay in their element; denormals keep to the bound. The largest values are a
 * quarter of FLT_MAX: past that, intermediate results overflow where a double's do not. */
static void test_special_values(void)
{
    static const float values[] = {NAN,    INFINITY, -INFINITY, 0,     -0.0f,
                                   1e-40f, -1e-45f,  0x1p-126f, 8e37f, -1};
    enum { COUNT = sizeof values / sizeof *values };
    for (int v = 0; v < VARIANTS; v++) {
        sweep s = {.op = &check_op_sgd};
        check_desc desc = {.sgd = variants[v]};
        desc.sgd.count = COUNT * COUNT;
        check_case *c = sweep_make(&check_op_sgd, &desc, CHECK_REALS);
        if (!c)
            continue;
        for (int i = 0; i < COUNT * COUNT; i++) {
            check_case_input(c, "param")->f[i] = values[i / COUNT];
            check_case_input(c, "grad")->f[i] = values[i % COUNT];
            check_case_input(c, "velocity")->f[i] = 0.5f;
        }
        sweep_case(&s, "special values", c, 0);
        check_case_destroy(c);
    }
}

static const harness_test tests[] = {
    {"arenas and segments", test_arenas},    {"random cases", test_random},
    {"formulas by hand", test_formulas},     {"without velocity", test_no_velocity},
    {"special values", test_special_values}, {NULL, NULL}};

int main(void)
{
    return harness_run("sgd", tests);
}
