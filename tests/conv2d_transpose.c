/*
 * conv2d_transpose against its reference: every direction, algorithm and device, on shapes made to
 * break things and random ones.
 */
#include "conv2d_transpose_cases.h"
#include "sweep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device that can hold a work-group of 64 and 4 KiB of local memory supports everything. */
static const sweep_pin pins[] = {
    {"", "depthwise", 90, 18},
    {"", "winograd", 93, 21},
    {"", "dense", 105, 21},
    {"", "point", 99, 19},
    {"rusticl", "row", 45, 11}, /* its vectors are shorter than more rows */
    {"", "row", 50, 11},
    {"", "tile", 0, 0},
    {"", "gemm", 0, 0},
    {"", "direct", 0, 0},
    {.algo = NULL}};

static double multiplications(const clcnn_conv2d_transpose *d)
{
    return (double)d->n * d->c * d->h * d->w * d->k * d->r * d->s / (d->groups ? d->groups : 1);
}

/* The same with fewer images, rows, columns and channels, so that a simulator is done in a moment.
 */
static clcnn_conv2d_transpose cut_down(const clcnn_conv2d_transpose *whole)
{
    clcnn_conv2d_transpose d = *whole;
    int *const sizes[] = {&d.n, &d.h, &d.w, &d.k, &d.c};
    const size_t count = d.groups > 1 ? 3 : 5; /* groups divide the channels */
    for (size_t i = 0; i < count; i++)
        while (multiplications(&d) > 1e3 && *sizes[i] > 3)
            --*sizes[i];
    return d;
}

static void small_cases(check_values values, unsigned how)
{
    sweep s = {.op = &check_op_conv2d_transpose};
    for (const conv2d_transpose_case *c = conv2d_transpose_small; c->name; c++) {
        const check_desc desc = {.conv2d_transpose = harness_short() ? cut_down(&c->d) : c->d};
        if (!harness_short() || c->quick)
            sweep_desc(&s, c->name, &desc, values, harness_seed(), how);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_exact(void)
{
    small_cases(CHECK_INTEGERS, SWEEP_PACKED | (harness_short() ? 0 : SWEEP_NO_PLAN));
}

static void test_real(void)
{
    if (!harness_short()) /* which has reals among its random shapes */
        small_cases(CHECK_REALS, SWEEP_TWICE);
}

/* ---- Random shapes -----------------------------------------------------------------------------
 */

/* Crops that leave something, output padding below the larger of stride and dilation. */
typedef struct axis {
    int size, window, before, after, output_pad, stride, dilation;
} axis;

static axis random_axis(check_random *random)
{
    axis a = {.size = check_random_int(random, 1, 9),
              .window = check_random_int(random, 1, 4),
              .stride = check_random_int(random, 1, 4),
              .dilation = check_random_int(random, 1, 3)};
    const int most = a.stride > a.dilation ? a.stride : a.dilation;
    a.output_pad = check_random_int(random, 0, most - 1);
    const int full = (a.size - 1) * a.stride + a.dilation * (a.window - 1) + 1 + a.output_pad;
    a.before = check_random_int(random, 0, full - 1 < 4 ? full - 1 : 4);
    const int rest = full - 1 - a.before;
    a.after = check_random_int(random, 0, rest < 4 ? rest : 4);
    return a;
}

static clcnn_conv2d_transpose random_desc(check_random *random)
{
    const int groups = check_random_int(random, 0, 3) ? 1 : check_random_int(random, 2, 4);
    const axis h = random_axis(random), w = random_axis(random);
    return (clcnn_conv2d_transpose){.n = check_random_int(random, 1, 3),
                                    .c = groups * check_random_int(random, 1, 19),
                                    .h = h.size,
                                    .w = w.size,
                                    .k = groups * check_random_int(random, 1, 9),
                                    .r = h.window,
                                    .s = w.window,
                                    .pad_top = h.before,
                                    .pad_left = w.before,
                                    .pad_bottom = h.after,
                                    .pad_right = w.after,
                                    .output_pad_h = h.output_pad,
                                    .output_pad_w = w.output_pad,
                                    .stride_h = h.stride,
                                    .stride_w = w.stride,
                                    .dilation_h = h.dilation,
                                    .dilation_w = w.dilation,
                                    .groups = groups,
                                    .accumulate = check_random_int(random, 0, 1)};
}

static void test_random(void)
{
    sweep s = {.op = &check_op_conv2d_transpose};
    const int count = harness_short() ? 3 : 100;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        clcnn_conv2d_transpose d = random_desc(&random);
        d = harness_short() ? cut_down(&d) : d;
        const check_desc desc = {.conv2d_transpose = d};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* ---- What may be left out ----------------------------------------------------------------------
 */

static const clcnn_conv2d_transpose plain = {.n = 2,
                                             .c = 18,
                                             .h = 6,
                                             .w = 7,
                                             .k = 5,
                                             .r = 3,
                                             .s = 3,
                                             .pad_top = 1,
                                             .pad_left = 1,
                                             .stride_h = 2,
                                             .activation = CLCNN_RELU};

static check_case *make_case(const clcnn_conv2d_transpose *d, check_values values)
{
    return sweep_make(&check_op_conv2d_transpose, &(check_desc){.conv2d_transpose = *d}, values);
}

/* No bias; only dw, only db. */
static void test_optional(void)
{
    for (int accumulating = 0; accumulating < 2; accumulating++) {
        clcnn_conv2d_transpose d = harness_short() ? cut_down(&plain) : plain;
        d.accumulate = accumulating;
        check_case *c = make_case(&d, CHECK_INTEGERS);
        check_case_drop(c, "b");
        for (int i = 0; i < harness_device_count(); i++) {
            sweep_every_algo("no bias", c, "forward", i, (check_options){.ctx = NULL});
            sweep_every_algo("dw alone", c, "backward_weights", i, (check_options){.without = 2});
            sweep_every_algo("db alone", c, "backward_weights", i, (check_options){.without = 1});
        }
        check_case_destroy(c);
    }
}

/* ---- Workspace ---------------------------------------------------------------------------------
 */

/* False where the algorithm does not support the problem. */
static bool find_workspace(clcnn_ctx *ctx, const clcnn_conv2d_transpose *d,
                           clcnn_direction direction, const char *algo, size_t *bytes)
{
    clcnn_plan plan = {.algo = NULL};
    const clcnn_status status =
        clcnn_conv2d_transpose_plan(ctx, d, direction, algo, CLCNN_ANY_WORKSPACE, &plan);
    *bytes = plan.workspace_bytes;
    return status == CLCNN_SUCCESS;
}

/* One algorithm with less and less workspace. */
static void limit_workspace(const check_case *c, const check_direction *way,
                            const check_expected *expected, int device, const char *algo)
{
    size_t want;
    if (!find_workspace(harness_ctx(device), &c->desc.conv2d_transpose, way->direction, algo,
                        &want))
        return;
    const size_t limits[] = {want, want ? want - 1 : 0, want / 2, want / 4, 4, 0};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i += harness_short() ? 3 : 1) {
        const check_options options = {
            .ctx = harness_ctx(device), .algo = algo, .max_workspace = &limits[i]};
        const check_result result = check_run(c, way, expected, &options);
        const bool may_refuse = limits[i] < want;
        CHECK(result.verdict == CHECK_PASS || (result.verdict == CHECK_UNSUPPORTED && may_refuse),
              "limit of %zu bytes: %s", limits[i], result.message);
    }
}

/* A plan keeps to the limit that it was given, and is right with less than it would like. */
static void test_workspace(void)
{
    const int n = harness_short() ? 1 : 9, h = harness_short() ? 4 : 12;
    const clcnn_conv2d_transpose d = {
        .n = n, .c = 5, .h = h, .w = h, .k = 3, .r = 3, .s = 3, .pad_top = 1};
    check_case *c = make_case(&d, CHECK_INTEGERS);
    for (int device = 0; device < harness_device_count(); device++) {
        for (const check_direction *way = check_op_conv2d_transpose.directions; way->name; way++) {
            check_expected expected;
            if (!CHECK(!check_expected_create(c, way, &expected), "%s: no reference", way->name))
                continue;
            for (const clcnn_algo *a = clcnn_algos("conv2d_transpose"); a->name; a++)
                limit_workspace(c, way, &expected, device, a->name);
            check_expected_free(&expected);
        }
    }
    check_case_destroy(c);
}

/* ---- Vector widths -----------------------------------------------------------------------------
 */

static void shapes_for_vectors(void)
{
    static const clcnn_conv2d_transpose shapes[] = {
        {.n = 2, .c = 5, .h = 9, .w = 10, .k = 3, .r = 3, .s = 3, .pad_top = 1},
        {.n = 1, .c = 37, .h = 7, .w = 6, .k = 35, .r = 2, .s = 3, .pad_left = 2},
        {.n = 1, .c = 2, .h = 5, .w = 37, .k = 4, .r = 3, .s = 2, .pad_left = 1, .groups = 2},
        {.n = 2, .c = 34, .h = 9, .w = 7, .k = 8, .r = 3, .s = 3, .stride_h = 2, .groups = 2},
        {.n = 2, .c = 8, .h = 5, .w = 11, .k = 17, .r = 1, .s = 1, .accumulate = 1},
        {.n = 3, .c = 19, .h = 16, .w = 4, .k = 30, .r = 1, .s = 1, .accumulate = 1}};
    sweep s = {.op = &check_op_conv2d_transpose};
    const size_t count = sizeof shapes / sizeof *shapes;
    for (size_t i = 0; i < (harness_short() ? 1 : count); i++) {
        const check_desc desc = {.conv2d_transpose =
                                     harness_short() ? cut_down(&shapes[i]) : shapes[i]};
        sweep_desc(&s, "vector widths", &desc, CHECK_INTEGERS, harness_seed(), SWEEP_PACKED);
    }
    sweep_check_filled(&s);
}

/* Every vector width of the CPU-shaped kernels, whatever this device would take. */
static void test_vector_widths(void)
{
#define WIDTH(vec, pix)                                                                            \
    "algo device width shape use VEC VECS PIX RUN NEAR\n"                                          \
    "tile * * thin 1 " vec " 1 5 3 1\n"                                                            \
    "tile * * *    1 " vec " 2 " pix " 4 1\n"                                                      \
    "algo device width shape use VEC SUMS CHANNELS NEAR\n"                                         \
    "row  * * *    1 " vec " 8 64 1\n"
    /* The kernels are conv2d's, whose tests go through 16 as well; with the same rows, so that they
     * are compiled once. */
    static const char *const widths[] = {WIDTH("4", "4"), WIDTH("8", "3"), NULL};
    if (getenv("CLCNN_TEST_WIDTH")) /* these rows come before a width's: nothing would be new */
        return;
    sweep_tuned("conv2d", widths, shapes_for_vectors);
}

/* ---- Adjoint identity --------------------------------------------------------------------------
 */

/* Sum of products of two integer tensors, exact. */
static int64_t inner(const float *a, const float *b, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (int64_t)a[i] * (int64_t)b[i];
    return sum;
}

/* <y, dy> = <x, dx> = <w, dw>: the three directions are one bilinear form, without any reference.
 */
static void test_adjoint(void)
{
    for (const conv2d_transpose_case *row = conv2d_transpose_small; row->name; row++) {
        clcnn_conv2d_transpose d = harness_short() ? cut_down(&row->d) : row->d;
        d.activation = CLCNN_IDENTITY;
        d.accumulate = 0;
        d.dot_only = 1; /* nothing that rounds integers */
        if (harness_short() && !row->quick)
            continue;
        check_case *c = make_case(&d, CHECK_INTEGERS);
        check_case_drop(c, "b");
        for (int i = 0; i < harness_device_count(); i++) {
            const check_options keep = {.keep = true};
            check_result y = sweep_run(row->name, c, "forward", i, keep);
            check_result dx = sweep_run(row->name, c, "backward_data", i, keep);
            check_result dw = sweep_run(row->name, c, "backward_weights", i, keep);
            const check_tensor *x = check_case_input(c, "x"), *w = check_case_input(c, "w");
            const check_tensor *dy = check_case_input(c, "dy");
            if (y.out[0] && dx.out[0] && dw.out[0]) {
                const int64_t a = inner(y.out[0], dy->f, dy->count);
                const int64_t b = inner(dx.out[0], x->f, x->count);
                const int64_t e = inner(dw.out[0], w->f, w->count);
                CHECK(a == b && b == e, "%s: <y,dy> = %lld, <x,dx> = %lld, <w,dw> = %lld",
                      row->name, (long long)a, (long long)b, (long long)e);
            }
            check_result_free(&y);
            check_result_free(&dx);
            check_result_free(&dw);
        }
        check_case_destroy(c);
    }
}

static const harness_test tests[] = {
    {"integers, exactly", test_exact},    {"reals, within the bound", test_real},
    {"random shapes", test_random},       {"optional tensors", test_optional},
    {"workspace limits", test_workspace}, {"vector widths", test_vector_widths},
    {"adjoint identity", test_adjoint},   {NULL, NULL}};

int main(void)
{
    return harness_run("conv2d_transpose", tests);
}
