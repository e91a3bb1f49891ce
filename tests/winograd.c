/*
 * What conv2d's Winograd algorithm promises beyond being right (tests/conv2d.c): how much it
 * rounds, that it can be refused, that no bit depends on the workspace. Prints the errors that it
 * measured.
 */
#include "check.h"
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const clcnn_conv2d layers[] = {
    {.n = 2, .c = 1, .h = 28, .w = 28, .k = 16, .r = 3, .s = 3},
    {.n = 2, .c = 16, .h = 28, .w = 28, .k = 16, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1},
    {.n = 1, .c = 64, .h = 28, .w = 28, .k = 32, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1},
    {.n = 1, .c = 256, .h = 14, .w = 14, .k = 64, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1}};
enum { LAYERS = sizeof layers / sizeof *layers };

static check_case *make_case(const clcnn_conv2d *d)
{
    clcnn_error error = {.message = ""};
    const check_desc desc = {.conv2d = *d};
    check_case *c = check_case_create(&check_op_conv2d, &desc, CHECK_REALS, harness_seed(), &error);
    CHECK(c != NULL, "%s", error.message);
    return c;
}

/* ---- Errors ------------------------------------------------------------------------------------
 */

typedef struct errors {
    double largest, mean_square; /* beside the largest result, and the mean square of results */
} errors;

static errors errors_of(const float *got, const double *want, size_t count)
{
    double largest = 0, most = 0, square = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        const double error = fabs((double)got[i] - want[i]);
        largest = fmax(largest, error);
        most = fmax(most, fabs(want[i]));
        square += error * error;
        squares += want[i] * want[i];
    }
    return (errors){largest / most, sqrt(square / squares)};
}

/* False where the device does not support it. */
static bool measure(const check_case *c, const check_direction *way, const check_expected *expected,
                    int device, const char *algo, errors *e)
{
    const check_options options = {.ctx = harness_ctx(device), .algo = algo, .keep = true};
    check_result result = check_run(c, way, expected, &options);
    const bool passed = result.verdict == CHECK_PASS;
    CHECK(result.verdict != CHECK_FAIL, "%s", result.message);
    if (passed)
        *e = errors_of(result.out[0], expected->out[0].value, expected->out[0].count);
    check_result_free(&result);
    return passed;
}

/* In units of 2^-24. A plain sum is the yardstick: this algorithm rounds 2 to 5 times as much. */
static void compare(const clcnn_conv2d *d, int device, const check_direction *way)
{
    enum { TIMES = 8 };
    check_case *c = make_case(d);
    check_expected expected;
    if (!CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference"))
        return;
    errors plain, fast;
    if (CHECK(measure(c, way, &expected, device, "direct", &plain) &&
                  measure(c, way, &expected, device, "winograd", &fast),
              "%s: unsupported", way->name)) {
        printf(
            "  %3d -> %3d channels, %2d x %2d, %-16s  direct %5.1f rms %5.2f   winograd %6.1f rms "
            "%5.2f\n",
            d->c, d->k, d->h, d->w, way->name, plain.largest * 0x1p24, plain.mean_square * 0x1p24,
            fast.largest * 0x1p24, fast.mean_square * 0x1p24);
        CHECK(fast.mean_square < TIMES * plain.mean_square + 0x1p-24,
              "%s: the mean error is %g, a plain sum's %g", way->name, fast.mean_square,
              plain.mean_square);
    }
    check_expected_free(&expected);
    check_case_destroy(c);
}

static void test_errors(void)
{
    for (int device = 0; device < harness_device_count(); device++) {
        printf(
            "largest error by the largest result, rms error by the rms result, in 2^-24, on %s\n",
            harness_device_name(device));
        for (int i = 0; i < (harness_short() ? 1 : LAYERS); i++) {
            clcnn_conv2d d = layers[i];
            d.pad_bottom = d.pad_top;
            d.pad_right = d.pad_left;
            if (harness_short())
                d.h = d.w = 7;
            for (const check_direction *way = check_op_conv2d.directions; way->name; way++)
                compare(&d, device, way);
        }
    }
}

/* ---- Refusing it -------------------------------------------------------------------------------
 */

static void test_refused(void)
{
    clcnn_conv2d d = {.n = 4, .c = 64, .h = 28, .w = 28, .k = 64, .r = 3, .s = 3};
    for (int device = 0; device < harness_device_count(); device++) {
        clcnn_ctx *ctx = harness_ctx(device);
        for (int way = CLCNN_FORWARD; way <= CLCNN_BACKWARD_WEIGHTS; way++) {
            clcnn_plan plan = {.algo = "untouched"};
            d.dot_only = 0;
            CHECK(clcnn_conv2d_plan(ctx, &d, (clcnn_direction)way, "winograd", CLCNN_ANY_WORKSPACE,
                                    &plan) == CLCNN_SUCCESS &&
                      strcmp(plan.algo, "winograd") == 0,
                  "%s", clcnn_last_error(ctx)->message);
            d.dot_only = 1;
            plan.algo = "untouched";
            CHECK(clcnn_conv2d_plan(ctx, &d, (clcnn_direction)way, "winograd", CLCNN_ANY_WORKSPACE,
                                    &plan) == CLCNN_UNSUPPORTED &&
                      strcmp(plan.algo, "untouched") == 0,
                  "it was not refused: %s", plan.algo);
            CHECK(strstr(clcnn_last_error(ctx)->message, "dot_only") != NULL, "\"%s\"",
                  clcnn_last_error(ctx)->message);
            CHECK(clcnn_conv2d_plan(ctx, &d, (clcnn_direction)way, NULL, CLCNN_ANY_WORKSPACE,
                                    &plan) == CLCNN_SUCCESS &&
                      strcmp(plan.algo, "winograd") != 0,
                  "the default is %s", plan.algo);
        }
    }
}

/* ---- Workspace ---------------------------------------------------------------------------------
 */

/* With less and less workspace: never more than allowed, and always the same bits. Returns how many
 * different sizes were had. */
static int with_less(const check_case *c, const check_direction *way,
                     const check_expected *expected, int device)
{
    size_t limit = CLCNN_ANY_WORKSPACE;
    float *first = NULL;
    int sizes = 0;
    for (;;) {
        clcnn_plan plan;
        if (clcnn_conv2d_plan(harness_ctx(device), &c->desc.conv2d, way->direction, "winograd",
                              limit, &plan) != CLCNN_SUCCESS)
            break;
        CHECK(plan.workspace_bytes <= limit, "%zu bytes of %zu", plan.workspace_bytes, limit);
        const check_options options = {
            .ctx = harness_ctx(device), .algo = "winograd", .max_workspace = &limit, .keep = true};
        check_result result = check_run(c, way, expected, &options);
        CHECK(result.verdict == CHECK_PASS, "%zu bytes: %s", limit, result.message);
        if (result.out[0] && first)
            CHECK(memcmp(first, result.out[0], expected->out[0].count * sizeof *first) == 0,
                  "%s: other bits with %zu bytes of workspace", way->name, plan.workspace_bytes);
        if (!first) {
            first = result.out[0];
            result.out[0] = NULL;
        }
        check_result_free(&result);
        sizes++;
        limit = plan.workspace_bytes - 1;
    }
    free(first);
    return sizes;
}

static void test_workspace(void)
{
    const clcnn_conv2d d = {.n = 3, .c = 5, .h = 21, .w = 33, .k = 37, .r = 3, .s = 3};
    if (harness_short()) /* each size is a run; tests/conv2d.c has one */
        return;
    check_case *c = make_case(&d);
    for (int device = 0; device < harness_device_count(); device++)
        for (const check_direction *way = check_op_conv2d.directions; way->name; way++) {
            check_expected expected;
            if (!CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference"))
                continue;
            const int sizes = with_less(c, way, &expected, device);
            CHECK(sizes > 3, "%s: only %d sizes of workspace", way->name, sizes);
            check_expected_free(&expected);
        }
    check_case_destroy(c);
}

/* ---- Parts ------------------------------------------------------------------------------------
 */

/* A row that keeps so many KiB in the cache, for every device. */
static void tune_chunk(clcnn_ctx *ctx, int chunk)
{
    char rows[256];
    snprintf(rows, sizeof rows,
             "algo device width shape use VEC VECS PIX CHANNELS FUSE CHUNK\n"
             "winograd * * * 1 4 2 4 16 0 %d\n",
             chunk);
    CHECK(clcnn_ctx_tune(ctx, "conv2d", rows) == CLCNN_SUCCESS, "%s",
          clcnn_last_error(ctx)->message);
}

/* Where nothing fits the cache the work is cut as small as it can be, and the bits are the same. */
static void cut_up(const check_case *c, const check_direction *way, const check_expected *expected,
                   int device)
{
    clcnn_ctx *ctx = harness_ctx(device);
    const check_options options = {.ctx = ctx, .algo = "winograd", .keep = true};
    const int chunks[] = {8192, 1};
    check_result results[2];
    size_t bytes[2];
    for (int i = 0; i < 2; i++) {
        clcnn_plan plan = {.algo = NULL};
        tune_chunk(ctx, chunks[i]);
        CHECK(clcnn_conv2d_plan(ctx, &c->desc.conv2d, way->direction, "winograd",
                                CLCNN_ANY_WORKSPACE, &plan) == CLCNN_SUCCESS,
              "%s", clcnn_last_error(ctx)->message);
        bytes[i] = plan.workspace_bytes;
        results[i] = check_run(c, way, expected, &options);
        CHECK(results[i].verdict == CHECK_PASS, "%s: %s", way->name, results[i].message);
        clcnn_ctx_tune(ctx, "conv2d", NULL);
    }
    CHECK(bytes[1] < bytes[0], "%s: %zu bytes in parts, %zu whole", way->name, bytes[1], bytes[0]);
    if (results[0].out[0] && results[1].out[0])
        CHECK(memcmp(results[0].out[0], results[1].out[0],
                     expected->out[0].count * sizeof(float)) == 0,
              "%s: other bits in parts", way->name);
    for (int i = 0; i < 2; i++)
        check_result_free(&results[i]);
}

static void test_parts(void)
{
    const clcnn_conv2d layer = {.n = 3, .c = 21, .h = 9, .w = 10, .k = 23, .r = 3, .s = 3};
    check_case *c = make_case(&layer);
    for (int device = 0; device < harness_device_count(); device++)
        for (const check_direction *way = check_op_conv2d.directions; way->name; way++) {
            check_expected expected;
            if (!CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference"))
                continue;
            cut_up(c, way, &expected, device);
            check_expected_free(&expected);
        }
    check_case_destroy(c);
}

static const harness_test tests[] = {{"errors", test_errors},
                                     {"refused by the descriptor", test_refused},
                                     {"workspace", test_workspace},
                                     {"parts", test_parts},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("winograd", tests);
}
