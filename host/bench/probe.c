/*
 * The device's ceiling. Which width of vectors and which size of work-group a device likes best is
 * found out once, by trying; from then on the best ones are run beside each case, because the speed
 * of a machine drifts.
 */
#include "bench.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

extern const clcnn__file bench_files[]; /* probe.cl, embedded */

enum { ROUNDS = 512, SUMS = 12, LARGEST = 64 << 20, SMALLEST = 1 << 20 };

typedef struct shape {
    int vec, item;
    size_t local;
} shape;

static const shape peak_shapes[] = {{16, 1, 1}, {8, 1, 1},  {4, 1, 1},
                                    {4, 1, 64}, {1, 1, 64}, {1, 1, 256}};
static const shape copy_shapes[] = {{16, 256, 1}, {16, 1, 1}, {8, 512, 1}, {4, 1, 64}, {1, 1, 256}};
enum {
    PEAK_SHAPES = sizeof peak_shapes / sizeof *peak_shapes,
    COPY_SHAPES = sizeof copy_shapes / sizeof *copy_shapes
};

struct bench_probe {
    clcnn_ctx *ctx;
    double seconds;
    cl_mem from, to;
    cl_kernel peak[PEAK_SHAPES], copy[COPY_SHAPES]; /* NULL: the device can't do it */
    int best_peak, best_copy;                       /* -1: not known yet */
};

/* One way to run one kernel, as something that can be timed. */
typedef struct launch {
    bench_subject base;
    cl_command_queue queue;
    cl_kernel kernel;
    size_t global, local;
} launch;

static clcnn_status launch_run(bench_subject *base, int count, clcnn_error *error)
{
    launch *self = (launch *)base;
    cl_int code = CL_SUCCESS;
    for (int i = 0; i < count && code == CL_SUCCESS; i++)
        code = clEnqueueNDRangeKernel(self->queue, self->kernel, 1, NULL, &self->global,
                                      &self->local, 0, NULL, NULL);
    if (code == CL_SUCCESS)
        code = clFinish(self->queue);
    return code == CL_SUCCESS ? CLCNN_SUCCESS
                              : CLCNN__CL_FAIL(error, code, "a probe of the device");
}

static const char *source(void)
{
    const clcnn__file *file = bench_files;
    while (strcmp(file->name, "probe.cl") != 0)
        file++;
    return file->text;
}

static cl_kernel build(clcnn_ctx *ctx, const shape *s, const char *name)
{
    const clcnn_device_info *info = clcnn_ctx_device_info(ctx);
    const char *text = source();
    char options[128];
    cl_int code;
    if (s->local > info->max_work_group || s->local > info->max_work_items[0])
        return NULL;
    cl_program program = clCreateProgramWithSource(clcnn_ctx_context(ctx), 1, &text, NULL, &code);
    if (code != CL_SUCCESS)
        return NULL;
    snprintf(options, sizeof options, "-cl-std=CL1.2 -DVEC=%d -DITEM=%d -DROUNDS=%d -DCLCNN_FMA=%d",
             s->vec, s->item, ROUNDS, info->fma);
    cl_kernel kernel = NULL;
    if (clBuildProgram(program, 1, &info->device, options, NULL, NULL) == CL_SUCCESS)
        kernel = clCreateKernel(program, name, &code);
    clReleaseProgram(program);
    return kernel;
}

/* ---- Multiply-adds -----------------------------------------------------------------------------
 */

static clcnn_status try_peak(bench_probe *p, int i, double *gflops, clcnn_error *error)
{
    const shape *s = &peak_shapes[i];
    /* So many work-items for each compute unit that none is idle at the end, and that a launch
     * takes far longer than launching: a CPU is through with one in a microsecond. */
    const size_t units = clcnn_ctx_device_info(p->ctx)->compute_units;
    const size_t items = units * (s->local > 1 ? 64 * s->local : 1024);
    const float scale = 0.999f, shift = 0.001f;
    cl_int code = clSetKernelArg(p->peak[i], 0, sizeof scale, &scale);
    code |= clSetKernelArg(p->peak[i], 1, sizeof shift, &shift);
    code |= clSetKernelArg(p->peak[i], 2, sizeof p->to, &p->to);
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(error, code, "clSetKernelArg");
    const size_t room = LARGEST / sizeof(float) / (size_t)s->vec / s->local * s->local;
    launch l = {.base = {.run = launch_run},
                .queue = clcnn_ctx_queue(p->ctx),
                .kernel = p->peak[i],
                .global = items < room ? items : room,
                .local = s->local};
    double ms;
    const clcnn_status status = bench_sample(&l.base, p->seconds, &ms, error);
    *gflops = 2.0 * SUMS * ROUNDS * s->vec * (double)l.global / ms * 1e-6;
    return status;
}

/* ---- A copy ------------------------------------------------------------------------------------
 */

static clcnn_status try_copy(bench_probe *p, int i, double bytes, double *gbs, clcnn_error *error)
{
    const shape *s = &copy_shapes[i];
    const double half = bytes / 2 < SMALLEST ? SMALLEST : bytes / 2 > LARGEST ? LARGEST : bytes / 2;
    const cl_uint vectors = (cl_uint)(half / 4 / s->vec);
    cl_int code = clSetKernelArg(p->copy[i], 0, sizeof vectors, &vectors);
    code |= clSetKernelArg(p->copy[i], 1, sizeof p->from, &p->from);
    code |= clSetKernelArg(p->copy[i], 2, sizeof p->to, &p->to);
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(error, code, "clSetKernelArg");
    const size_t items = ((size_t)vectors + (size_t)s->item - 1) / (size_t)s->item;
    launch l = {.base = {.run = launch_run},
                .queue = clcnn_ctx_queue(p->ctx),
                .kernel = p->copy[i],
                .global = (items + s->local - 1) / s->local * s->local,
                .local = s->local};
    double ms;
    const clcnn_status status = bench_sample(&l.base, p->seconds, &ms, error);
    *gbs = 2.0 * 4 * s->vec * vectors / ms * 1e-6;
    return status;
}

/* ---- Finding the best --------------------------------------------------------------------------
 */

static clcnn_status find_best(bench_probe *p, clcnn_error *error)
{
    double best = 0, rate = 0;
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < PEAK_SHAPES && status == CLCNN_SUCCESS; i++) {
        p->peak[i] = build(p->ctx, &peak_shapes[i], "probe_peak");
        if (p->peak[i] == NULL)
            continue;
        status = try_peak(p, i, &rate, error);
        if (rate > best)
            best = rate, p->best_peak = i;
    }
    best = 0;
    for (int i = 0; i < COPY_SHAPES && status == CLCNN_SUCCESS; i++) {
        p->copy[i] = build(p->ctx, &copy_shapes[i], "probe_copy");
        if (p->copy[i] == NULL)
            continue;
        status = try_copy(p, i, 2.0 * LARGEST, &rate, error);
        if (rate > best)
            best = rate, p->best_copy = i;
    }
    if (status == CLCNN_SUCCESS && (p->best_peak < 0 || p->best_copy < 0))
        status = CLCNN__FAIL(error, CLCNN_BUILD_FAILED, "the device's compiler rejects the probe");
    return status;
}

static clcnn_status make_buffers(bench_probe *p, clcnn_error *error)
{
    const float one = 1;
    cl_int code, other;
    cl_context context = clcnn_ctx_context(p->ctx);
    cl_command_queue queue = clcnn_ctx_queue(p->ctx);
    p->from = clCreateBuffer(context, CL_MEM_READ_WRITE, LARGEST, NULL, &code);
    p->to = clCreateBuffer(context, CL_MEM_READ_WRITE, LARGEST, NULL, &other);
    if (code == CL_SUCCESS && other == CL_SUCCESS) /* pages that nobody wrote are not there */
        code = clEnqueueFillBuffer(queue, p->from, &one, sizeof one, 0, LARGEST, 0, NULL, NULL);
    if (code == CL_SUCCESS && other == CL_SUCCESS)
        other = clEnqueueFillBuffer(queue, p->to, &one, sizeof one, 0, LARGEST, 0, NULL, NULL);
    if (code == CL_SUCCESS)
        code = other;
    return code == CL_SUCCESS ? CLCNN_SUCCESS : CLCNN__CL_FAIL(error, code, "memory for the probe");
}

clcnn_status bench_probe_create(clcnn_ctx *ctx, double seconds, bench_probe **probe,
                                clcnn_error *error)
{
    *probe = NULL;
    bench_probe *p = calloc(1, sizeof *p);
    if (p == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the probe");
    *p = (bench_probe){.ctx = ctx, .seconds = seconds, .best_peak = -1, .best_copy = -1};
    clcnn_status status = make_buffers(p, error);
    if (status == CLCNN_SUCCESS)
        status = find_best(p, error);
    if (status == CLCNN_SUCCESS)
        *probe = p;
    else
        bench_probe_destroy(p);
    return status;
}

void bench_probe_destroy(bench_probe *p)
{
    if (p == NULL)
        return;
    for (int i = 0; i < PEAK_SHAPES; i++)
        if (p->peak[i] != NULL)
            clReleaseKernel(p->peak[i]);
    for (int i = 0; i < COPY_SHAPES; i++)
        if (p->copy[i] != NULL)
            clReleaseKernel(p->copy[i]);
    if (p->from != NULL)
        clReleaseMemObject(p->from);
    if (p->to != NULL)
        clReleaseMemObject(p->to);
    free(p);
}

clcnn_status bench_probe_peak(bench_probe *p, double *gflops, clcnn_error *error)
{
    return try_peak(p, p->best_peak, gflops, error);
}

clcnn_status bench_probe_copy(bench_probe *p, double bytes, double *gbs, clcnn_error *error)
{
    return try_copy(p, p->best_copy, bytes, gbs, error);
}

double bench_ceiling(const bench_work *work, double gflops, double gbs)
{
    switch (bench_unit_of(work)) {
    case BENCH_GFLOPS: {
        const double by_memory = work->flop / work->bytes * gbs;
        return by_memory < gflops ? by_memory : gflops;
    }
    case BENCH_GBS:
        return gbs;
    case BENCH_IMAGES:
        break;
    }
    return 0;
}
