/*
 * Legal descriptors at the edge of what integers hold, and memory that is not what it should be:
 * strides far beyond the image, packed weights that nobody packed, sub-buffers that overlap,
 * buffers that may only be read. Nothing may hang, overflow or touch what it was not given.
 */
#include "check.h"
#include "harness.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 1 << 16 }; /* elements of each buffer here */

static cl_mem new_buffer(clcnn_ctx *ctx, cl_mem_flags flags)
{
    static float zeros[ROOM];
    cl_int code;
    const cl_mem buf = clCreateBuffer(clcnn_ctx_context(ctx), flags | CL_MEM_COPY_HOST_PTR,
                                      sizeof zeros, zeros, &code);
    CHECK(code == CL_SUCCESS, "clCreateBuffer returned %d", code);
    return buf;
}

static clcnn_mem filled(clcnn_ctx *ctx, const float *values)
{
    const clcnn_mem mem = {new_buffer(ctx, CL_MEM_READ_WRITE), 0};
    clEnqueueWriteBuffer(clcnn_ctx_queue(ctx), mem.buf, CL_TRUE, 0, ROOM * sizeof(float), values, 0,
                         NULL, NULL);
    return mem;
}

static void read_all(clcnn_ctx *ctx, clcnn_mem mem, float *values)
{
    const cl_int code = clEnqueueReadBuffer(clcnn_ctx_queue(ctx), mem.buf, CL_TRUE, 0,
                                            ROOM * sizeof(float), values, 0, NULL, NULL);
    CHECK(code == CL_SUCCESS, "clEnqueueReadBuffer returned %d", code);
}

/* ---- Strides ------------------------------------------------------------------------------------
 */

/* x or dx [2,3,9,8] or [2,3,1,200], one or two outputs per axis where the stride is extreme */
static const clcnn_conv2d strides[] = {
    {.n = 2, .c = 3, .h = 9, .w = 8, .k = 5, .r = 3, .s = 2, .stride_h = 1000000, .stride_w = 5},
    {.n = 2,
     .c = 3,
     .h = 9,
     .w = 8,
     .k = 5,
     .r = 3,
     .s = 2,
     .stride_h = INT_MAX,
     .stride_w = INT_MAX},
    {.n = 2,
     .c = 3,
     .h = 9,
     .w = 8,
     .k = 5,
     .r = 3,
     .s = 2,
     .pad_top = 1000,
     .pad_left = 3,
     .stride_h = 1003,
     .stride_w = 9},
    {.n = 2,
     .c = 3,
     .h = 9,
     .w = 8,
     .k = 5,
     .r = 2,
     .s = 2,
     .stride_h = 7,
     .stride_w = 6,
     .dilation_h = 5,
     .dilation_w = 4},
    /* the padding's first row would be 4 * 10^9 elements before the image */
    {.n = 2,
     .c = 3,
     .h = 1,
     .w = 200,
     .k = 3,
     .r = 3,
     .s = 2,
     .pad_top = 20000000,
     .pad_bottom = 4,
     .stride_h = 20000000,
     .stride_w = 7,
     .groups = 3}};

static void compare_stride(clcnn_ctx *ctx, const clcnn_conv2d *d, const char *algo)
{
    float *x = malloc(ROOM * sizeof *x), *got = malloc(ROOM * sizeof *got);
    double *want = calloc(ROOM, sizeof *want);
    for (int i = 0; i < ROOM; i++)
        x[i] = (float)(i * 7 % 11 - 5); /* small integers: equal bits */
    const clcnn_mem in = filled(ctx, x), weights = filled(ctx, x), out = filled(ctx, x);
    for (int direction = CLCNN_FORWARD; direction <= CLCNN_BACKWARD_WEIGHTS; direction++) {
        clcnn_plan plan;
        if (clcnn_conv2d_plan(ctx, d, (clcnn_direction)direction, algo, ROOM * sizeof(float),
                              &plan) == CLCNN_UNSUPPORTED)
            continue;
        plan.workspace = (clcnn_mem){new_buffer(ctx, CL_MEM_READ_WRITE), 0};
        clcnn_status status;
        size_t count;
        if (direction == CLCNN_FORWARD) {
            int p = 0, q = 0;
            clcnn_conv2d_output(d, &p, &q, NULL);
            count = (size_t)(d->n * d->k * p * q);
            status = clcnn_conv2d_forward(ctx, d, in, weights, CLCNN_NO_MEM, out, &plan);
            clcnn_ref_conv2d_forward(d, x, x, NULL, want, NULL);
        } else if (direction == CLCNN_BACKWARD_DATA) {
            count = (size_t)(d->n * d->c * d->h * d->w);
            status = clcnn_conv2d_backward_data(ctx, d, in, weights, out, &plan);
            clcnn_ref_conv2d_backward_data(d, x, x, want, NULL);
        } else {
            count = (size_t)(d->k * d->c / (d->groups ? d->groups : 1) * d->r * d->s);
            status = clcnn_conv2d_backward_weights(ctx, d, in, weights, out, CLCNN_NO_MEM, &plan);
            clcnn_ref_conv2d_backward_weights(d, x, x, want, NULL, NULL, NULL);
        }
        CHECK(status == CLCNN_SUCCESS, "%s, direction %d: %s", algo, direction,
              clcnn_last_error(ctx)->message);
        read_all(ctx, out, got);
        size_t wrong = 0;
        for (size_t i = 0; i < count; i++)
            wrong += (double)got[i] != want[i];
        CHECK(wrong == 0, "%s, direction %d, stride %d x %d: %zu of %zu elements are wrong", algo,
              direction, d->stride_h, d->stride_w, wrong, count);
        clReleaseMemObject(plan.workspace.buf);
    }
    clReleaseMemObject(in.buf);
    clReleaseMemObject(weights.buf);
    clReleaseMemObject(out.buf);
    free(x);
    free(got);
    free(want);
}

static void test_strides(void)
{
    for (int i = 0; i < harness_device_count(); i++)
        for (const clcnn_algo *algo = clcnn_algos("conv2d"); algo->name; algo++)
            for (size_t s = 0; s < sizeof strides / sizeof *strides; s++)
                compare_stride(harness_ctx(i), &strides[s], algo->name);
}

/* ---- Planning at the limits ---------------------------------------------------------------------
 */

/* Whatever the sizes: a plan or a status with a sentence. The sanitizers watch the arithmetic. */
static void test_planning(void)
{
    static const int sizes[] = {1,       2,           3,           7,       1000,
                                1 << 20, INT_MAX / 2, INT_MAX - 1, INT_MAX, 46341};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    check_random random = {harness_seed()};
    clcnn_ctx *ctx = harness_ctx(0);
    size_t planned = 0;
    for (int i = 0; i < (harness_short() ? 300 : 20000); i++) {
        clcnn_conv2d d = {.n = 1, .c = 1, .h = 5, .w = 5, .k = 1, .r = 1, .s = 1};
        int *const fields[] = {&d.n,        &d.c,          &d.h,          &d.w,
                               &d.k,        &d.r,          &d.s,          &d.pad_top,
                               &d.pad_left, &d.pad_bottom, &d.pad_right,  &d.stride_h,
                               &d.stride_w, &d.dilation_h, &d.dilation_w, &d.groups};
        for (int f = check_random_int(&random, 1, 4); f > 0; f--)
            *fields[check_random_int(&random, 0, 15)] =
                sizes[check_random_int(&random, 0, SIZES - 1)];
        const clcnn_direction direction = (clcnn_direction)check_random_int(&random, 0, 2);
        static const char *const names[] = {"depthwise", "winograd", "dense",  "point",
                                            "row",       "tile",     "direct", NULL};
        const char *algo = names[check_random_int(&random, 0, 7)];
        clcnn_plan plan = {.algo = "untouched"};
        const clcnn_status status =
            clcnn_conv2d_plan(ctx, &d, direction, algo, CLCNN_ANY_WORKSPACE, &plan);
        planned += status == CLCNN_SUCCESS;
        CHECK(status == CLCNN_SUCCESS || strcmp(plan.algo, "untouched") == 0,
              "plan %d was refused and changed", i);
        CHECK(status == CLCNN_SUCCESS || clcnn_last_error(ctx)->message[0], "no sentence");
    }
    CHECK(planned > 60, "only %zu plans were made", planned);
}

/* ---- Packed weights -----------------------------------------------------------------------------
 */

/* Packed for one image size, or never: values may be wrong, addresses not. */
static void test_packed(void)
{
    const clcnn_conv2d large = {.n = 1, .c = 6, .h = 60, .w = 60, .k = 6, .r = 3, .s = 3};
    const clcnn_conv2d small = {.n = 1, .c = 6, .h = 8, .w = 8, .k = 6, .r = 3, .s = 3};
    static const char *const algos[] = {"winograd", "tile"};
    float *values = malloc(ROOM * sizeof *values), *y[2];
    for (int i = 0; i < ROOM; i++)
        values[i] = (float)(i % 13 - 6);
    y[0] = malloc(ROOM * sizeof **y);
    y[1] = malloc(ROOM * sizeof **y);
    for (int i = 0; i < harness_device_count(); i++)
        for (size_t a = 0; a < sizeof algos / sizeof *algos; a++) {
            clcnn_ctx *ctx = harness_ctx(i);
            const clcnn_mem x = filled(ctx, values), w = filled(ctx, values);
            const clcnn_mem out = filled(ctx, values), packed = filled(ctx, values);
            clcnn_plan pack, plan;
            if (clcnn_conv2d_plan(ctx, &large, CLCNN_FORWARD, algos[a], CLCNN_ANY_WORKSPACE,
                                  &pack) != CLCNN_SUCCESS ||
                clcnn_conv2d_plan(ctx, &small, CLCNN_FORWARD, algos[a], CLCNN_ANY_WORKSPACE,
                                  &plan) != CLCNN_SUCCESS) {
                CHECK(false, "%s: %s", algos[a], clcnn_last_error(ctx)->message);
                continue;
            }
            memset(values, 0xff, ROOM * sizeof *values); /* as offsets: far outside */
            clEnqueueWriteBuffer(clcnn_ctx_queue(ctx), packed.buf, CL_TRUE, 0, ROOM * sizeof(float),
                                 values, 0, NULL, NULL);
            plan.workspace = (clcnn_mem){new_buffer(ctx, CL_MEM_READ_WRITE), 0};
            plan.packed = pack.packed = packed;
            CHECK(clcnn_conv2d_forward(ctx, &small, x, w, CLCNN_NO_MEM, out, &plan) ==
                      CLCNN_SUCCESS,
                  "%s: %s", algos[a], clcnn_last_error(ctx)->message);
            read_all(ctx, out, y[0]);

            /* the weights don't depend on the image, so those of another size are the same */
            CHECK(clcnn_conv2d_pack(ctx, &large, CLCNN_FORWARD, w, &pack) == CLCNN_SUCCESS, "%s",
                  clcnn_last_error(ctx)->message);
            clcnn_conv2d_forward(ctx, &small, x, w, CLCNN_NO_MEM, out, &plan);
            read_all(ctx, out, y[0]);
            plan.packed = CLCNN_NO_MEM;
            clcnn_conv2d_forward(ctx, &small, x, w, CLCNN_NO_MEM, out, &plan);
            read_all(ctx, out, y[1]);
            CHECK(memcmp(y[0], y[1], 6 * 6 * 6 * sizeof(float)) == 0, "%s: packed is different",
                  algos[a]);
            for (int v = 0; v < ROOM; v++)
                values[v] = (float)(v % 13 - 6);
            const cl_mem all[] = {x.buf, w.buf, out.buf, packed.buf, plan.workspace.buf};
            for (size_t m = 0; m < sizeof all / sizeof *all; m++)
                clReleaseMemObject(all[m]);
        }
    free(values);
    free(y[0]);
    free(y[1]);
}

/* ---- Memory objects -----------------------------------------------------------------------------
 */

static void expect(clcnn_ctx *ctx, clcnn_mem x, clcnn_mem y, clcnn_status want, const char *piece)
{
    const clcnn_activation relu = {.count = 1024, .kind = CLCNN_RELU};
    const clcnn_status status = clcnn_activation_forward(ctx, &relu, x, y);
    const char *message = status ? clcnn_last_error(ctx)->message : "";
    CHECK(status == want && strstr(message, piece), "%s: \"%s\", not %s with \"%s\"",
          clcnn_status_name(status), message, clcnn_status_name(want), piece);
}

static void test_memory_objects(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        const cl_mem whole = new_buffer(ctx, CL_MEM_READ_WRITE);
        const cl_mem read_only = new_buffer(ctx, CL_MEM_READ_ONLY);
        const cl_mem write_only = new_buffer(ctx, CL_MEM_WRITE_ONLY);
        cl_int code;
        const cl_buffer_region region = {4096, 4096 * sizeof(float)};
        const cl_mem part = clCreateSubBuffer(whole, CL_MEM_READ_WRITE,
                                              CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
        CHECK(code == CL_SUCCESS, "clCreateSubBuffer returned %d", code);
        const clcnn_mem x = {whole, 0}, y = {part, 0};
        expect(ctx, x, (clcnn_mem){read_only, 0}, CLCNN_INVALID_ARGUMENT, "CL_MEM_READ_ONLY");
        expect(ctx, (clcnn_mem){write_only, 0}, x, CLCNN_INVALID_ARGUMENT, "CL_MEM_WRITE_ONLY");
        expect(ctx, (clcnn_mem){read_only, 0}, (clcnn_mem){write_only, 0}, CLCNN_SUCCESS, "");
        expect(ctx, (clcnn_mem){whole, 1000}, y, CLCNN_INVALID_ARGUMENT, "overlaps");
        expect(ctx, (clcnn_mem){whole, 1025}, y, CLCNN_INVALID_ARGUMENT, "overlaps");
        expect(ctx, x, y, CLCNN_SUCCESS, ""); /* ends where the part begins */
        expect(ctx, (clcnn_mem){whole, 1024}, y, CLCNN_SUCCESS, ""); /* exactly in place */
        expect(ctx, y, (clcnn_mem){NULL, 0}, CLCNN_INVALID_ARGUMENT, "NULL");
        clFinish(clcnn_ctx_queue(ctx));
        clReleaseMemObject(part);
        clReleaseMemObject(whole);
        clReleaseMemObject(read_only);
        clReleaseMemObject(write_only);
    }
}

int main(void)
{
    static const harness_test tests[] = {{"strides", test_strides},
                                         {"planning", test_planning},
                                         {"packed weights", test_packed},
                                         {"memory objects", test_memory_objects},
                                         {NULL, NULL}};
    return harness_run("extremes", tests);
}
