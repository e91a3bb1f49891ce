/* adam against its reference: the formulas, segments, and what must be left alone. */
#include "adam_cases.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void test_cases(void)
{
    sweep s = {.op = &check_op_adam};
    for (const adam_case *c = adam_cases; c->name; c++) {
        if (!harness_short() || c->quick)
            sweep_desc(&s, c->name, &(check_desc){.adam = c->d}, CHECK_REALS, harness_seed(),
                       SWEEP_TWICE);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

/* Every vector width, stretch and work-group, whatever this device would take. */
static void test_kernels(void)
{
    static const char *const tunings[] = {SWEEP_ITEMS("4", "4", "64"), SWEEP_ITEMS("4", "64", "1"),
                                          SWEEP_ITEMS("8", "1024", "1"),
                                          SWEEP_ITEMS("16", "32", "8"), NULL};
    sweep_tuned("adam", tunings, test_cases);
}

static check_case *make_case(const clcnn_adam *d)
{
    return sweep_make(&check_op_adam, &(check_desc){.adam = *d}, CHECK_REALS);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_adam};
    const int count = harness_short() ? 3 : 60;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const int size = check_random_int(&random, 1, 5000);
        const check_desc desc = {
            .adam = {.count = size,
                     .lr = check_random_real(&random) * 0.1,
                     .beta1 = check_random_real(&random),
                     .beta2 = check_random_real(&random),
                     .eps = pow(10, -1 - 9 * check_random_real(&random)),
                     .weight_decay = check_random_int(&random, 0, 1) * check_random_real(&random),
                     .decoupled = check_random_int(&random, 0, 1),
                     .step = check_random_int(&random, 1, 1000),
                     .segments = check_random_int(&random, 0, size < 30 ? size : 30)}};
        sweep_desc(&s, "random update", &desc, CHECK_REALS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* Segments of any length, none of them aligned to anything, empty ones among them. */
static void test_segment_edges(void)
{
    enum { COUNT = 211 };
    static const clcnn_segment rows[] = {
        {.end = 1, .lr_factor = 1, .decay_factor = 1},
        {.end = 1, .lr_factor = 100, .decay_factor = 100}, /* empty */
        {.end = 4, .lr_factor = 0.5f, .decay_factor = 0, .frozen = 1},
        {.end = 67, .lr_factor = 2, .decay_factor = 3},
        {.end = 68, .lr_factor = 1, .decay_factor = 1, .frozen = -7},
        {.end = 130, .lr_factor = 0, .decay_factor = 1},
        {.end = 200, .lr_factor = 1, .decay_factor = 0}};
    enum { ROWS = sizeof rows / sizeof *rows };
    for (int decoupled = 0; decoupled < 2; decoupled++) {
        const clcnn_adam d = {.count = COUNT,
                              ADAM_USUAL,
                              .weight_decay = 0.5,
                              .step = 3,
                              .decoupled = decoupled,
                              .segments = ROWS};
        sweep s = {.op = &check_op_adam};
        check_case *c = make_case(&d);
        memcpy(check_case_input(c, "table")->i, rows, sizeof rows);
        sweep_case(&s, "segment edges", c, SWEEP_TWICE);
        /* Frozen and past the last segment: the same bits, even those of a NaN. */
        for (int i = 0; i < harness_device_count(); i++) {
            check_result r =
                sweep_run("segment edges", c, "step", i, (check_options){.keep = true});
            static const char *const names[] = {"param", "m", "v"};
            for (int j = 0; j < 3 && r.out[0]; j++) {
                const float *before = check_case_input(c, names[j])->f, *after = r.out[j];
                CHECK(memcmp(before + 1, after + 1, 3 * sizeof *before) == 0 &&
                          memcmp(before + 67, after + 67, sizeof *before) == 0 &&
                          memcmp(before + 200, after + 200, 11 * sizeof *before) == 0,
                      "%s changed where it is frozen or beyond the table", names[j]);
                CHECK(memcmp(before + 4, after + 4, 63 * sizeof *before) != 0,
                      "%s did not change where it should", names[j]);
            }
            check_result_free(&r);
        }
        check_case_destroy(c);
    }
}

/* Gradients and second moments of extreme size: nothing but what the formulas say. */
static void test_extremes(void)
{
    static const float grads[] = {0, -0.0f, 1e-30f, -1e-30f, 1e-12f, 1e10f, -1e10f, 1e18f};
    static const float seconds[] = {0, 1e-30f, 1e-12f, 1, 1e10f, 1e30f};
    enum { GRADS = sizeof grads / sizeof *grads, SECONDS = sizeof seconds / sizeof *seconds };
    for (int step = 1; step < 2000; step += 999) {
        const clcnn_adam d = {.count = GRADS * SECONDS, ADAM_USUAL, .step = step};
        sweep s = {.op = &check_op_adam};
        check_case *c = make_case(&d);
        for (int i = 0; i < GRADS * SECONDS; i++) {
            check_case_input(c, "grad")->f[i] = grads[i % GRADS];
            check_case_input(c, "m")->f[i] = 0.1f * grads[i % GRADS];
            check_case_input(c, "v")->f[i] = seconds[i / GRADS];
        }
        sweep_case(&s, "extremes", c, 0);
        check_case_destroy(c);
    }
}

/* Steps on end, each on the device's own results: Adam walks down a parabola to its minimum. */
static void test_descent(void)
{
    enum { COUNT = 37, STEPS = 400 };
    if (harness_short())
        return;
    clcnn_adam d = {.count = COUNT, .lr = 0.05, .beta1 = 0.9, .beta2 = 0.999};
    check_case *c = make_case(&d);
    check_tensor *param = check_case_input(c, "param"), *grad = check_case_input(c, "grad");
    check_tensor *m = check_case_input(c, "m"), *v = check_case_input(c, "v");
    for (int device = 0; device < harness_device_count(); device++) {
        memset(m->f, 0, COUNT * sizeof(float));
        memset(v->f, 0, COUNT * sizeof(float));
        for (int i = 0; i < COUNT; i++)
            param->f[i] = 2;
        for (c->desc.adam.step = 1; c->desc.adam.step <= STEPS; c->desc.adam.step++) {
            for (int i = 0; i < COUNT; i++)
                grad->f[i] = (param->f[i] - (float)i / COUNT) * (float)(1 + i);
            check_result r = sweep_run("descent", c, "step", device, (check_options){.keep = true});
            if (r.out[0]) {
                memcpy(param->f, r.out[0], COUNT * sizeof(float));
                memcpy(m->f, r.out[1], COUNT * sizeof(float));
                memcpy(v->f, r.out[2], COUNT * sizeof(float));
            }
            check_result_free(&r);
        }
        for (int i = 0; i < COUNT; i++)
            CHECK(fabsf(param->f[i] - (float)i / COUNT) < 0.02f, "element %d ends at %g, not %g", i,
                  (double)param->f[i], (double)i / COUNT);
    }
    check_case_destroy(c);
}

static const harness_test tests[] = {{"cases", test_cases},
                                     {"every kernel", test_kernels},
                                     {"random updates", test_random},
                                     {"segment edges", test_segment_edges},
                                     {"extreme values", test_extremes},
                                     {"descent", test_descent},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("adam", tests);
}
