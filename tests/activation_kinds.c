/*
 * activation against its reference and against its written semantics: every kind, over the whole
 * range of floats, alone and at the end of a convolution or a dense layer.
 */
#include "activation_kinds_cases.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNTS = sizeof activation_counts / sizeof *activation_counts };

static check_case *make_case(const activation_case *kind, int count, check_values values)
{
    clcnn_error error = {.message = ""};
    const check_desc desc = {
        .activation = {.count = count, .kind = kind->kind, .alpha = kind->alpha}};
    check_case *c = check_case_create(&check_op_activation, &desc, values, harness_seed(), &error);
    CHECK(c != NULL, "%s: %s", kind->name, error.message);
    return c;
}

/* Given x and y, then y alone where that will do. */
static void run_case(sweep *s, const activation_case *kind, check_case *c, unsigned how)
{
    const clcnn_status status = check_case_derive(c);
    CHECK(status == CLCNN_SUCCESS, "%s: %s", kind->name, clcnn_status_name(status));
    sweep_case(s, kind->name, c, how);
    if (!kind->from_y)
        return;
    char name[80];
    snprintf(name, sizeof name, "%s, from y", kind->name);
    check_case_drop(c, "x");
    sweep_case(s, name, c, how);
}

static void test_lengths(void)
{
    static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};
    sweep s = {.op = &check_op_activation};
    for (const activation_case *kind = activation_kinds; kind->name; kind++) {
        for (int i = 0; i < COUNTS; i++) {
            if (harness_short() && i != 4)
                continue;
            const check_values values = i % 2 ? CHECK_REALS : CHECK_INTEGERS;
            check_case *c = make_case(kind, activation_counts[i], values);
            run_case(&s, kind, c, SWEEP_TWICE | SWEEP_IN_PLACE);
            check_case_destroy(c);
        }
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_activation};
    const int count = harness_short() ? 4 : 60;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        activation_case kind = activation_kinds[check_random_int(&random, 0, 12)];
        if (kind.kind == CLCNN_ELU || kind.kind == CLCNN_LEAKY_RELU)
            kind.alpha = 3 * check_random_real(&random);
        kind.from_y |= kind.kind == CLCNN_LEAKY_RELU;
        check_case *c = make_case(&kind, check_random_int(&random, 1, harness_short() ? 60 : 3000),
                                  CHECK_REALS);
        run_case(&s, &kind, c, 0);
        check_case_destroy(c);
    }
}

/* Magnitudes from the smallest to the largest float, of both signs, and finely around where the
 * functions bend. */
static void fill_wide(check_tensor *x)
{
    check_random random = {harness_seed()};
    for (size_t i = 0; i < x->count; i++) {
        const int exponent =
            i % 4 == 0 ? check_random_int(&random, -149, 127) : check_random_int(&random, -12, 6);
        const double magnitude = ldexp(1 + check_random_real(&random), exponent);
        x->f[i] = (float)(check_random_bits(&random) & 1 ? magnitude : -magnitude);
    }
}

static void test_whole_range(void)
{
    for (const activation_case *kind = activation_kinds; kind->name; kind++) {
        sweep s = {.op = &check_op_activation};
        check_case *c = make_case(kind, harness_short() ? 60 : 40000, CHECK_REALS);
        fill_wide(check_case_input(c, "x"));
        run_case(&s, kind, c, 0);
        check_case_destroy(c);
    }
}

/* ---- What the words in the header say, without the reference in between ------------------------
 */

enum { SPECIALS = 9 };
static const float specials[SPECIALS] = {NAN,        INFINITY, -INFINITY, 0.0f,   -0.0f,
                                         -0x1p-149f, -FLT_MAX, FLT_MAX,   -200.0f};

/* NaN, Inf, -Inf, 0, -0, the smallest negative float, the lowest, the largest, -200; dy is 2. ANY:
 * not fixed by the header beyond the bound. */
#define ANY 77.0f
static const struct {
    const char *name;
    clcnn_activation_kind kind;
    double alpha;
    float y[SPECIALS], dx[SPECIALS];
} semantics[] = {
    {"identity",
     CLCNN_IDENTITY,
     0,
     {NAN, INFINITY, -INFINITY, 0, -0.0f, -0x1p-149f, -FLT_MAX, FLT_MAX, -200},
     {2, 2, 2, 2, 2, 2, 2, 2, 2}},
    {"ReLU",
     CLCNN_RELU,
     0,
     {NAN, INFINITY, 0, 0, 0, 0, 0, FLT_MAX, 0},
     {2, 2, 0, 0, 0, 0, 0, 2, 0}},
    {"leaky ReLU",
     CLCNN_LEAKY_RELU,
     0.5,
     {NAN, INFINITY, -INFINITY, 0, -0.0f, ANY, -FLT_MAX / 2, FLT_MAX, -100},
     {2, 2, 1, 1, 1, 1, 1, 2, 1}},
    {"ELU",
     CLCNN_ELU,
     3,
     {NAN, INFINITY, -3, 0, -0.0f, ANY, -3, FLT_MAX, -3},
     {NAN, 2, 0, 6, 6, 6, 0, 2, 0}},
    {"sigmoid",
     CLCNN_SIGMOID,
     0,
     {NAN, 1, 0, 0.5f, 0.5f, 0.5f, 0, 1, 0},
     {NAN, 0, 0, 0.5f, 0.5f, 0.5f, 0, 0, 0}},
    {"tanh", CLCNN_TANH, 0, {NAN, 1, -1, 0, -0.0f, ANY, -1, 1, -1}, {NAN, 0, 0, 2, 2, 2, 0, 0, 0}},
    {"SiLU",
     CLCNN_SILU,
     0,
     {NAN, INFINITY, -0.0f, 0, -0.0f, ANY, -0.0f, FLT_MAX, -0.0f},
     {NAN, 2, 0, 1, 1, 1, 0, 2, 0}},
    {"GELU",
     CLCNN_GELU,
     0,
     {NAN, INFINITY, -0.0f, 0, -0.0f, ANY, -0.0f, FLT_MAX, -0.0f},
     {NAN, 2, 0, ANY, ANY, ANY, 0, 2, 0}},
    {"GELU by tanh",
     CLCNN_GELU_TANH,
     0,
     {NAN, INFINITY, -0.0f, 0, -0.0f, ANY, -0.0f, FLT_MAX, -0.0f},
     {NAN, 2, 0, 1, 1, 1, 0, 2, 0}},
};

static void expect(const char *name, const char *what, const float *got, const float *want)
{
    for (int i = 0; got && i < SPECIALS; i++) {
        const bool any = want[i] >= ANY && want[i] <= ANY;
        const bool same = isnan(want[i]) ? isnan(got[i]) : got[i] >= want[i] && got[i] <= want[i];
        CHECK(any || same, "%s: %s of %g is %.9g, not %.9g", name, what, (double)specials[i],
              (double)got[i], (double)want[i]);
    }
}

static void test_semantics(void)
{
    for (size_t k = 0; k < sizeof semantics / sizeof *semantics; k++) {
        const activation_case kind = {semantics[k].name, semantics[k].kind, semantics[k].alpha, 0};
        check_case *c = make_case(&kind, SPECIALS, CHECK_REALS);
        memcpy(check_case_input(c, "x")->f, specials, sizeof specials);
        for (int i = 0; i < SPECIALS; i++)
            check_case_input(c, "dy")->f[i] = 2;
        for (int i = 0; i < harness_device_count(); i++) {
            const check_options keep = {.keep = true};
            check_result y = sweep_run(kind.name, c, "forward", i, keep);
            check_result dx = sweep_run(kind.name, c, "backward", i, keep);
            expect(kind.name, "f", y.out[0], semantics[k].y);
            expect(kind.name, "2f'", dx.out[0], semantics[k].dx);
            check_result_free(&y);
            check_result_free(&dx);
        }
        check_case_destroy(c);
    }
}

/* The kinds that need x refuse y alone. */
static void test_needs_x(void)
{
    for (const activation_case *kind = activation_kinds; kind->name; kind++) {
        for (int i = 0; !kind->from_y && i < harness_device_count(); i++) {
            check_expected expected;
            check_case *c = make_case(kind, 5, CHECK_REALS);
            const check_direction *direction = check_direction_find(c->op, "backward");
            const clcnn_status status = check_expected_create(c, direction, &expected);
            check_case_drop(c, "x");
            const check_options options = {.ctx = harness_ctx(i)};
            const check_result result = check_run(c, direction, &expected, &options);
            CHECK(status == CLCNN_SUCCESS && result.verdict == CHECK_FAIL &&
                      strstr(result.message, "needs x"),
                  "%s from y alone: %s", kind->name, result.message);
            check_expected_free(&expected);
            check_case_destroy(c);
        }
    }
}

/* ---- Vector widths -----------------------------------------------------------------------------
 */

static void test_widths(void)
{
    static const char *const rows[] = {"algo device width shape use VEC ITEM LOCAL\n"
                                       "direct * * * 1 4 8 3\n",
                                       "algo device width shape use VEC ITEM LOCAL\n"
                                       "direct * * * 1 8 8 2\n",
                                       "algo device width shape use VEC ITEM LOCAL\n"
                                       "direct * * * 1 16 64 1\n"};
    for (size_t w = 0; w < sizeof rows / sizeof *rows; w++) {
        for (int i = 0; i < harness_device_count(); i++)
            CHECK(clcnn_ctx_tune(harness_ctx(i), "activation", rows[w]) == CLCNN_SUCCESS, "%s",
                  rows[w]);
        for (const activation_case *kind = activation_kinds; kind->name; kind++) {
            sweep s = {.op = &check_op_activation};
            if (harness_short() && (size_t)kind->kind % 3 != w)
                continue;
            check_case *c = make_case(kind, 203, CHECK_REALS);
            run_case(&s, kind, c, 0);
            check_case_destroy(c);
        }
        for (int i = 0; i < harness_device_count(); i++)
            clcnn_ctx_tune(harness_ctx(i), "activation", NULL);
    }
}

/* ---- Behind a convolution and a dense layer ----------------------------------------------------
 */

/* One small descriptor for each operation that ends with an activation of its own. */
static check_desc fused_desc(const check_op *op, const activation_case *kind)
{
    const bool quick = harness_short();
    const int n = quick ? 1 : 2, h = quick ? 2 : 6, w = quick ? 5 : 19;
    if (op == &check_op_conv2d)
        return (check_desc){.conv2d = {.n = n,
                                       .c = 3,
                                       .h = h,
                                       .w = w,
                                       .k = 5,
                                       .r = 3,
                                       .s = 3,
                                       .pad_top = 1,
                                       .pad_left = 1,
                                       .pad_bottom = 1,
                                       .pad_right = 1,
                                       .activation = kind->kind,
                                       .alpha = kind->alpha}};
    if (op == &check_op_conv2d_transpose)
        return (check_desc){.conv2d_transpose = {.n = n,
                                                 .c = 3,
                                                 .h = h,
                                                 .w = w,
                                                 .k = 5,
                                                 .r = 2,
                                                 .s = 3,
                                                 .pad_left = 1,
                                                 .activation = kind->kind,
                                                 .alpha = kind->alpha}};
    if (op == &check_op_conv1d)
        return (check_desc){.conv1d = {.n = n,
                                       .c = 3,
                                       .w = w,
                                       .k = 5,
                                       .s = 3,
                                       .pad_right = 1,
                                       .activation = kind->kind,
                                       .alpha = kind->alpha}};
    return (check_desc){.dense = {.n = quick ? 2 : 7,
                                  .c = quick ? 3 : 13,
                                  .k = quick ? 5 : 37,
                                  .activation = kind->kind,
                                  .alpha = kind->alpha}};
}

/* By every algorithm: each has its own end of a sum, and its own build for the kinds with an exp.
 * The backward directions have no part in it. */
static void run_fused(const check_op *op, const activation_case *kind, check_values values)
{
    clcnn_error error = {.message = ""};
    const check_desc desc = fused_desc(op, kind);
    check_case *c = check_case_create(op, &desc, values, harness_seed(), &error);
    char name[80];
    snprintf(name, sizeof name, "%s behind %s", kind->name, op->name);
    if (!CHECK(c != NULL, "%s: %s", name, error.message))
        return;
    for (int i = 0; i < harness_device_count(); i++)
        sweep_every_algo(name, c, "forward", i,
                         (check_options){.twice = values == CHECK_REALS && !harness_short()});
    check_case_destroy(c);
}

static void test_fused(void)
{
    static const check_op *const ops[] = {&check_op_conv2d, &check_op_conv2d_transpose,
                                          &check_op_conv1d, &check_op_dense};
    for (const activation_case *kind = activation_kinds; kind->name; kind++) {
        if (harness_short() && kind->kind != CLCNN_LEAKY_RELU && kind->kind != CLCNN_GELU)
            continue;
        for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
            if (!harness_short())
                run_fused(ops[i], kind, CHECK_INTEGERS);
            run_fused(ops[i], kind, CHECK_REALS);
        }
    }
}

static const harness_test tests[] = {{"lengths", test_lengths},
                                     {"random cases", test_random},
                                     {"the whole range of floats", test_whole_range},
                                     {"written semantics", test_semantics},
                                     {"kinds that need x", test_needs_x},
                                     {"vector widths", test_widths},
                                     {"fused", test_fused},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("activation_kinds", tests);
}
