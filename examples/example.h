/*
 * What the examples share, so that each of them shows one thing: a device, tensors in its memory,
 * and a check of what came back. Every example prints its results and ends with status 1 where they
 * are not what they should be.
 *
 *     cc pooling.c $(pkg-config --cflags --libs clcnn) -lOpenCL -lm && ./a.out
 */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <clcnn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Opens the best device there is. */
static inline clcnn_ctx *open_device(void)
{
    clcnn_ctx *ctx;
    clcnn_error error;
    if (clcnn_ctx_open(&ctx, "", &error) != CLCNN_SUCCESS) {
        fprintf(stderr, "%s\n", error.message);
        exit(1);
    }
    return ctx;
}

/* A call that must succeed: need(ctx, clcnn_OP_forward(ctx, ...)). */
static inline void need(clcnn_ctx *ctx, clcnn_status status)
{
    if (status == CLCNN_SUCCESS)
        return;
    fprintf(stderr, "%s\n", clcnn_last_error(ctx)->message);
    exit(1);
}

/* Every buffer that was made, so that finish can release them. */
static cl_mem example_buffers[64];
static int example_buffer_count;

/* A tensor of `count` floats (or int32) in device memory, filled with `values` unless NULL. */
static inline clcnn_mem tensor(clcnn_ctx *ctx, size_t count, const void *values)
{
    const cl_mem_flags flags = CL_MEM_READ_WRITE | (values ? CL_MEM_COPY_HOST_PTR : 0);
    cl_int code;
    /* OpenCL takes the pointer to copy from without const. */
    cl_mem buffer =
        clCreateBuffer(clcnn_ctx_context(ctx), flags, count * 4, (void *)(uintptr_t)values, &code);
    if (code != CL_SUCCESS || example_buffer_count == 64) {
        fprintf(stderr, "there is no buffer of %zu elements: %d\n", count, code);
        exit(1);
    }
    example_buffers[example_buffer_count++] = buffer;
    return (clcnn_mem){buffer, 0};
}

/* Memory for a plan's workspace, which may need none. */
static inline void give_workspace(clcnn_ctx *ctx, clcnn_plan *plan)
{
    if (plan->workspace_bytes > 0)
        plan->workspace = tensor(ctx, (plan->workspace_bytes + 3) / 4, NULL);
}

/* Waits for everything that was enqueued, and copies a tensor to the host. */
static inline void fetch(clcnn_ctx *ctx, clcnn_mem from, size_t count, void *to)
{
    const cl_int code = clEnqueueReadBuffer(clcnn_ctx_queue(ctx), from.buf, CL_TRUE,
                                            from.offset * 4, count * 4, to, 0, NULL, NULL);
    if (code != CL_SUCCESS) {
        fprintf(stderr, "clEnqueueReadBuffer failed: %d\n", code);
        exit(1);
    }
}

/* Prints a tensor as rows of `width`. Returns how many of its elements are further than
 * `tolerance` from `want`. */
static inline int show(clcnn_ctx *ctx, const char *name, clcnn_mem from, size_t count, size_t width,
                       const float *want, float tolerance)
{
    float *values = malloc(count * sizeof *values);
    int wrong = 0;
    if (!values)
        exit(1);
    fetch(ctx, from, count, values);
    for (size_t i = 0; i < count; i++) {
        if (i % width == 0)
            printf("%-8s", i == 0 ? name : "");
        printf("%7.3f%s", (double)values[i], i % width == width - 1 || i == count - 1 ? "\n" : " ");
        wrong += !(fabsf(values[i] - want[i]) <= tolerance);
    }
    if (wrong)
        fprintf(stderr, "%s: %d elements are wrong\n", name, wrong);
    free(values);
    return wrong;
}

/* Releases the buffers and the device. Returns the exit status. */
static inline int finish(clcnn_ctx *ctx, int wrong)
{
    while (example_buffer_count > 0)
        clReleaseMemObject(example_buffers[--example_buffer_count]);
    clcnn_ctx_destroy(ctx);
    return wrong != 0;
}

#endif
