/*
 * upsample2d against its reference and its written semantics: sizes, known values, and the
 * identities of a linear operation.
 */
#include "linear.h"
#include "sweep.h"
#include "upsample2d_cases.h"

#include <math.h>
#include <stdio.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

/* What each case is run as. */
static const struct {
    clcnn_upsample_kind kind;
    int align_corners;
} ways[] = {{CLCNN_NEAREST, 0}, {CLCNN_BILINEAR, 0}, {CLCNN_BILINEAR, 1}};

static check_desc make_desc(const clcnn_upsample2d *d, int way)
{
    check_desc desc = {.upsample2d = *d};
    desc.upsample2d.kind = ways[way].kind;
    desc.upsample2d.align_corners = ways[way].align_corners;
    return desc;
}

/* Whether all weights have few digits, so that integers give exact results. */
static bool is_exact(const upsample2d_case *c, int way)
{
    return way == 0 || (way == 1 && c->exact);
}

static void test_small(void)
{
    sweep s = {.op = &check_op_upsample2d};
    for (const upsample2d_case *c = upsample2d_small; c->name; c++) {
        for (int way = 0; way < 3; way++) {
            const check_desc desc = make_desc(&c->d, way);
            if (harness_short() && !c->quick)
                continue;
            if (is_exact(c, way))
                sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), SWEEP_TWICE);
            sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), SWEEP_TWICE);
        }
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_upsample2d};
    const int count = harness_short() ? 6 : 150;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const clcnn_upsample2d d = {.n = check_random_int(&random, 1, 2),
                                    .c = check_random_int(&random, 1, 4),
                                    .h = check_random_int(&random, 1, 12),
                                    .w = check_random_int(&random, 1, 24),
                                    .p = check_random_int(&random, 1, 24),
                                    .q = check_random_int(&random, 1, 40),
                                    .accumulate = check_random_int(&random, 0, 1)};
        const check_desc desc = make_desc(&d, i % 3);
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 3 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* A row of numbers, by hand: the examples of PyTorch's documentation among them. */
static void test_by_hand(void)
{
    static const struct {
        const char *name;
        int way, w, q;
        float x[4];
        double y[8];
    } rows[] = {{"nearest, twice", 0, 2, 4, {1, 2}, {1, 1, 2, 2}},
                {"nearest, 3 to 5", 0, 3, 5, {1, 2, 3}, {1, 1, 2, 2, 3}},
                {"nearest, 4 to 3", 0, 4, 3, {1, 2, 3, 4}, {1, 2, 3}},
                {"bilinear, twice", 1, 2, 4, {1, 2}, {1, 1.25, 1.75, 2}},
                {"bilinear, aligned", 2, 2, 4, {1, 2}, {1, 4. / 3, 5. / 3, 2}},
                {"bilinear, 3 to 6, aligned", 2, 3, 6, {1, 2, 0}, {1, 1.4, 1.8, 1.6, 0.8, 0}},
                {"bilinear, 4 to 2", 1, 4, 2, {1, 2, 3, 5}, {1.5, 4}},
                {"bilinear, 3 to 2", 1, 3, 2, {4, 8, 16}, {5, 14}},
                {"bilinear, 4 to 3, aligned", 2, 4, 3, {1, 2, 3, 4}, {1, 2.5, 4}},
                {"bilinear, to one, aligned", 2, 4, 1, {7, 2, 3, 4}, {7}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const clcnn_upsample2d d = {.n = 1, .c = 1, .h = 1, .w = rows[i].w, .p = 1, .q = rows[i].q};
        const check_desc desc = make_desc(&d, rows[i].way);
        double y[8];
        CHECK(clcnn_ref_upsample2d_forward(&desc.upsample2d, rows[i].x, y, NULL) == CLCNN_SUCCESS,
              "%s", rows[i].name);
        for (int j = 0; j < rows[i].q; j++)
            CHECK(fabs(y[j] - rows[i].y[j]) < 1e-14, "%s: y[%d] is %.17g, not %.17g", rows[i].name,
                  j, y[j], rows[i].y[j]);
    }
}

/* Places whose numerators need 64 bits. */
static void test_long_rows(void)
{
    static const clcnn_upsample2d shapes[] = {
        {.n = 1, .c = 1, .h = 1, .w = 50021, .p = 1, .q = 49999},
        {.n = 1, .c = 1, .h = 1, .w = 33333, .p = 1, .q = 70001}};
    sweep s = {.op = &check_op_upsample2d};
    for (int way = 0; way < 3 && !harness_short(); way++) {
        for (int shape = 0; shape < 2; shape++) {
            const check_desc desc = make_desc(&shapes[shape], way);
            sweep_desc(&s, "a long row", &desc, CHECK_REALS, harness_seed(), 0);
        }
    }
}

static void test_adjoint(void)
{
    for (const upsample2d_case *c = upsample2d_small; c->name; c++) {
        for (int way = 0; way < 3; way++) {
            check_desc desc = make_desc(&c->d, way);
            desc.upsample2d.n = 1;
            desc.upsample2d.c = 1;
            desc.upsample2d.accumulate = 0;
            if (c->quick || !harness_short())
                linear_check_op(&check_op_upsample2d, c->name, &desc, is_exact(c, way));
        }
    }
}

static void test_aligned_nearest(void)
{
    int p, q;
    clcnn_error error = {.message = ""};
    const clcnn_upsample2d d = {.n = 1, .c = 1, .h = 2, .w = 2, .p = 4, .q = 4, .align_corners = 1};
    CHECK(clcnn_upsample2d_output(&d, &p, &q, &error) == CLCNN_INVALID_ARGUMENT,
          "nearest with aligned corners: %s", error.message);
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"random shapes", test_random},
                                     {"by hand", test_by_hand},
                                     {"long rows", test_long_rows},
                                     {"adjoint and numeric gradient", test_adjoint},
                                     {"nearest with aligned corners", test_aligned_nearest},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("upsample2d", tests);
}
