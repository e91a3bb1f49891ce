/*
 * Results of more than 32 MiB, which a device may store past its caches where they lie in whole
 * lines: the same bits at an offset where they do and at one where they don't, and nothing beside
 * them. What is right at other offsets the operations' own tests say.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

/* Of 128x128: a simulator gets images that are not large, and only runs the kernels. */
enum { SIDE = 128, C = 171, LARGE_N = 3, SHORT_C = 1, FEW = 16 };
enum { GUARD = 64, ODD = 3 };
static const float around = 7.5f;

typedef struct tensors {
    int n, c, count;
    clcnn_mem x, dy, half; /* half: of windows of 2x2, dy and argmax */
    clcnn_mem argmax, block;
} tensors;

static clcnn_mem room(clcnn_ctx *ctx, size_t elements)
{
    cl_int code;
    const cl_mem buf = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE,
                                      elements * sizeof(float), NULL, &code);
    CHECK(code == CL_SUCCESS, "clCreateBuffer returned %d", code);
    return (clcnn_mem){buf, 0};
}

/* Numbers from `least` to least + 10, each of them often. */
static clcnn_mem filled(clcnn_ctx *ctx, size_t elements, int least)
{
    const clcnn_mem mem = room(ctx, elements);
    float *values = malloc(elements * sizeof *values);
    for (size_t i = 0; i < elements; i++)
        values[i] = (float)((int)(i * 2654435761u >> 7) % 11 + least);
    clEnqueueWriteBuffer(clcnn_ctx_queue(ctx), mem.buf, CL_TRUE, 0, elements * sizeof *values,
                         values, 0, NULL, NULL);
    free(values);
    return mem;
}

/* ---- The operations that store so ---------------------------------------------------------------
 */

static clcnn_status relu(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const clcnn_activation d = {.count = t->count - 5, .kind = CLCNN_RELU};
    return clcnn_activation_forward(ctx, &d, t->x, out);
}

static clcnn_status relu_backward(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const clcnn_activation d = {.count = t->count - 5, .kind = CLCNN_RELU};
    return clcnn_activation_backward(ctx, &d, t->x, CLCNN_NO_MEM, t->dy, out);
}

static clcnn_status add(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const clcnn_add d = {.n = t->n, .c = t->c, .h = SIDE, .w = SIDE};
    return clcnn_add_forward(ctx, &d, t->x, t->dy, out);
}

static clcnn_status add_channels(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const clcnn_add d = {.n = t->n, .c = t->c, .h = SIDE, .w = SIDE, .broadcast = 1};
    return clcnn_add_forward(ctx, &d, t->x, t->dy, out);
}

static clcnn_status add_backward(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const clcnn_add d = {.n = t->n, .c = t->c, .h = SIDE, .w = SIDE};
    return clcnn_add_backward(ctx, &d, t->dy, out, NULL);
}

static clcnn_status batchnorm(clcnn_ctx *ctx, const tensors *t, clcnn_mem out, bool forward)
{
    const clcnn_batchnorm d = {.n = t->n, .c = t->c, .h = SIDE, .w = SIDE, .inference = 1};
    clcnn_batchnorm_mems m = {
        .x = t->x, .dy = t->dy, .running_mean = t->x, .running_var = t->dy /* from 1 on */};
    clcnn_plan plan;
    clcnn_status status =
        clcnn_batchnorm_plan(ctx, &d, forward ? CLCNN_FORWARD : CLCNN_BACKWARD_DATA, &plan);
    if (status != CLCNN_SUCCESS)
        return status;
    if (forward)
        m.y = out;
    else
        m.dx = out;
    plan.workspace = room(ctx, plan.workspace_bytes / sizeof(float) + 1);
    status = forward ? clcnn_batchnorm_forward(ctx, &d, &m, &plan)
                     : clcnn_batchnorm_backward(ctx, &d, &m, &plan);
    clFinish(clcnn_ctx_queue(ctx));
    clReleaseMemObject(plan.workspace.buf);
    return status;
}

static clcnn_status normalise(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    return batchnorm(ctx, t, out, true);
}

static clcnn_status normalise_backward(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    return batchnorm(ctx, t, out, false);
}

static clcnn_status dropout(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const clcnn_dropout d = {.count = t->count - 5, .drop = 0.25, .seed = harness_seed()};
    const clcnn_status status = clcnn_dropout_prepare(ctx, &d, t->block);
    return status == CLCNN_SUCCESS ? clcnn_dropout_forward(ctx, &d, t->x, t->block, out) : status;
}

static clcnn_status avgpool(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const clcnn_avgpool2d d = {.n = t->n, .c = t->c, .h = SIDE, .w = SIDE, .r = 2, .s = 2};
    return clcnn_avgpool2d_backward(ctx, &d, t->dy, out);
}

static clcnn_status maxpool(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const clcnn_maxpool2d d = {.n = t->n, .c = t->c, .h = SIDE, .w = SIDE, .r = 2, .s = 2};
    const clcnn_status status = clcnn_maxpool2d_forward(ctx, &d, t->x, t->half, t->argmax);
    return status == CLCNN_SUCCESS ? clcnn_maxpool2d_backward(ctx, &d, t->dy, t->argmax, out)
                                   : status;
}

/* Many channels from few. Of conv2d's algorithms winograd alone stores so. */
static clcnn_status convolve(clcnn_ctx *ctx, const tensors *t, clcnn_mem out, bool forward)
{
    const int few = t->c < FEW ? t->c : FEW;
    const clcnn_conv2d d = {.n = t->n,
                            .c = forward ? few : t->c,
                            .h = SIDE,
                            .w = SIDE,
                            .k = forward ? t->c : few,
                            .r = 3,
                            .s = 3,
                            .pad_top = 1,
                            .pad_bottom = 1,
                            .pad_left = 1,
                            .pad_right = 1};
    clcnn_plan plan;
    clcnn_status status = clcnn_conv2d_plan(ctx, &d, forward ? CLCNN_FORWARD : CLCNN_BACKWARD_DATA,
                                            "winograd", CLCNN_ANY_WORKSPACE, &plan);
    if (status != CLCNN_SUCCESS)
        return status;
    plan.workspace = room(ctx, plan.workspace_bytes / sizeof(float) + 1);
    status = forward ? clcnn_conv2d_forward(ctx, &d, t->x, t->dy, CLCNN_NO_MEM, out, &plan)
                     : clcnn_conv2d_backward_data(ctx, &d, t->dy, t->x, out, &plan);
    clFinish(clcnn_ctx_queue(ctx));
    clReleaseMemObject(plan.workspace.buf);
    return status;
}

static clcnn_status convolve_forward(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    return convolve(ctx, t, out, true);
}

static clcnn_status convolve_backward(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    return convolve(ctx, t, out, false);
}

static const struct {
    const char *name;
    clcnn_status (*run)(clcnn_ctx *ctx, const tensors *t, clcnn_mem out);
    int less; /* elements than the tensors have */
} operations[] = {{"activation forward", relu, 5},
                  {"activation backward", relu_backward, 5},
                  {"add forward", add, 0},
                  {"add forward, by channel", add_channels, 0},
                  {"add backward", add_backward, 0},
                  {"batchnorm forward", normalise, 0},
                  {"batchnorm backward", normalise_backward, 0},
                  {"dropout", dropout, 5},
                  {"avgpool2d backward", avgpool, 0},
                  {"maxpool2d backward", maxpool, 0},
                  {"conv2d forward", convolve_forward, 0},
                  {"conv2d backward_data", convolve_backward, 0}};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* ---- At two offsets ----------------------------------------------------------------------------
 */

/* The result's bits, and GUARD elements on either side, of which those in front are fewer than
 * GUARD where the result begins with the buffer. */
static void run_at(clcnn_ctx *ctx, int operation, const tensors *t, clcnn_mem out, size_t offset,
                   float *got)
{
    const char *name = operations[operation].name;
    const size_t count = (size_t)(t->count - operations[operation].less);
    const size_t all = offset + count + GUARD;
    for (size_t i = 0; i < all; i++)
        got[i] = around;
    const cl_command_queue queue = clcnn_ctx_queue(ctx);
    clEnqueueWriteBuffer(queue, out.buf, CL_TRUE, 0, all * sizeof *got, got, 0, NULL, NULL);
    out.offset = offset;
    const clcnn_status status = operations[operation].run(ctx, t, out);
    CHECK(status == CLCNN_SUCCESS, "%s: %s", name, clcnn_last_error(ctx)->message);
    clEnqueueReadBuffer(queue, out.buf, CL_TRUE, 0, all * sizeof *got, got, 0, NULL, NULL);
    size_t touched = 0;
    for (size_t i = 0; i < offset; i++)
        touched += got[i] < around || got[i] > around;
    for (size_t i = offset + count; i < all; i++)
        touched += got[i] < around || got[i] > around;
    CHECK(touched == 0, "%s: %zu elements beside the result at offset %zu are not what they were",
          name, touched, offset);
}

static void compare_offsets(clcnn_ctx *ctx, const tensors *t, clcnn_mem out)
{
    const size_t most = (size_t)t->count + ODD + GUARD;
    float *whole = malloc(most * sizeof *whole), *odd = malloc(most * sizeof *odd);
    for (int i = 0; i < OPERATIONS; i++) {
        const size_t count = (size_t)(t->count - operations[i].less);
        run_at(ctx, i, t, out, 0, whole);
        run_at(ctx, i, t, out, ODD, odd);
        size_t differ = 0, nonzero = 0;
        for (size_t j = 0; j < count; j++) {
            differ += memcmp(whole + j, odd + ODD + j, sizeof *whole) != 0;
            nonzero += whole[j] < 0 || whole[j] > 0;
        }
        CHECK(differ == 0, "%s: %zu of %zu elements differ between two offsets", operations[i].name,
              differ, count);
        CHECK(nonzero > count / 8, "%s: only %zu of %zu elements are not 0", operations[i].name,
              nonzero, count);
    }
    free(whole);
    free(odd);
}

static void test_offsets(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        tensors t = {.n = harness_short() ? 1 : LARGE_N, .c = harness_short() ? SHORT_C : C};
        t.count = t.n * t.c * SIDE * SIDE;
        const size_t count = (size_t)t.count;
        t.x = filled(ctx, count, -5);
        t.dy = filled(ctx, count, 1);
        t.half = room(ctx, count / 4);
        t.argmax = room(ctx, count / 4);
        t.block = room(ctx, CLCNN_DROPOUT_BLOCK);
        const clcnn_mem out = room(ctx, count + ODD + GUARD);
        compare_offsets(ctx, &t, out);
        const clcnn_mem all[] = {t.x, t.dy, t.half, t.argmax, t.block, out};
        for (size_t j = 0; j < sizeof all / sizeof *all; j++)
            clReleaseMemObject(all[j].buf);
    }
}

int main(void)
{
    static const harness_test tests[] = {{"whole lines and others", test_offsets}, {NULL, NULL}};
    return harness_run("large", tests);
}
