/* softmax and log-softmax against their reference. */
#include "softmax_cross_entropy_cases.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void run_shape(sweep *s, const char *name, int n, int classes)
{
    for (int log = 0; log < 2; log++) {
        for (int accumulate = 0; accumulate < 2; accumulate++) {
            const check_desc desc = {
                .softmax = {.n = n, .classes = classes, .log = log, .accumulate = accumulate}};
            sweep_desc(s, name, &desc, CHECK_REALS, harness_seed(),
                       accumulate ? 0 : SWEEP_TWICE | SWEEP_IN_PLACE);
        }
    }
}

/* The shapes of losses are the shapes of rows. */
static void test_cases(void)
{
    sweep s = {.op = &check_op_softmax};
    for (const softmax_cross_entropy_case *row = softmax_cross_entropy_cases; row->name; row++) {
        if (!harness_short() || row->quick)
            run_shape(&s, row->name, row->d.n, row->d.classes);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

/* Every vector width, and one row or several to a work-item, whatever this device would take. */
static void test_kernels(void)
{
#define KERNEL(vec, rows, local)                                                                   \
    "algo device width shape use VEC MAX_ROWS LOCAL\ndirect * * * 1 " vec " " rows " " local "\n"
    static const char *const tunings[] = {KERNEL("4", "1", "64"), KERNEL("8", "3", "1"),
                                          KERNEL("16", "32", "8"), NULL};
    sweep_tuned("softmax", tunings, test_cases);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_softmax};
    const int count = harness_short() ? 3 : 40;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const int n = check_random_int(&random, 1, 150);
        run_shape(&s, "random shape", n, check_random_int(&random, 1, 90));
    }
    sweep_check_filled(&s);
}

/* Rows of special values: nothing overflows, -Inf has probability 0, NaN and Inf make a row NaN. */
static void test_special_values(void)
{
    static const float rows[][3] = {{0, -0.0f, 0},
                                    {3e38f, 3e38f, 3e38f},
                                    {-3e38f, -3e38f, -3e38f},
                                    {1e4f, -1e4f, 0},
                                    {1e-40f, -1e-40f, 0},
                                    {-INFINITY, 1, 2},
                                    {-INFINITY, -INFINITY, -1e30f},
                                    {-INFINITY, -INFINITY, -INFINITY},
                                    {INFINITY, 1, 2},
                                    {NAN, 1, 2},
                                    {1, 2, NAN}};
    enum { ROWS = sizeof rows / sizeof *rows };
    for (int log = 0; log < 2; log++) {
        sweep s = {.op = &check_op_softmax};
        const check_desc desc = {.softmax = {.n = ROWS, .classes = 3, .log = log}};
        check_case *c = sweep_make(&check_op_softmax, &desc, CHECK_REALS);
        if (!c)
            continue;
        for (int i = 0; i < ROWS * 3; i++)
            check_case_input(c, "x")->f[i] = rows[i / 3][i % 3];
        const clcnn_status status = check_case_derive(c);
        CHECK(status == CLCNN_SUCCESS, "%s", clcnn_status_name(status));
        sweep_case(&s, "special values", c, SWEEP_IN_PLACE);
        check_case_destroy(c);
    }
}

static const harness_test tests[] = {{"cases", test_cases},
                                     {"every kernel", test_kernels},
                                     {"random shapes", test_random},
                                     {"special values", test_special_values},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("softmax", tests);
}
