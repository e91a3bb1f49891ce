/*
 * Where the time of a case goes: the device's own clock, kernel by kernel, from the events of a
 * queue that is made for it. One run to warm up, one that counts.
 */
#include "bench.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* The events of a run, in the order of their launches. */
typedef struct listener {
    struct event {
        const char *kernel;
        cl_event event;
    } * events;
    size_t count, room;
    bool no_memory; /* for some event */
    bool untold;    /* a time can't be had */
} listener;

static void hear(void *user, const char *kernel, cl_event event)
{
    listener *l = user;
    if (l->count == l->room) {
        const size_t room = 2 * l->room + 1024;
        void *grown = realloc(l->events, room * sizeof *l->events);
        if (grown == NULL) {
            l->no_memory = true;
            clReleaseEvent(event);
            return;
        }
        l->events = grown;
        l->room = room;
    }
    l->events[l->count++] = (struct event){kernel, event};
}

static void add_up(bench_profile *profile, const char *kernel, double ms)
{
    int i = 0;
    while (i < profile->count && strcmp(profile->rows[i].kernel, kernel) != 0)
        i++;
    if (i == BENCH_MAX_KERNELS)
        i--; /* the last row then stands for several */
    if (i == profile->count)
        snprintf(profile->rows[profile->count++].kernel, sizeof profile->rows[0].kernel, "%s",
                 kernel);
    profile->rows[i].launches++;
    profile->rows[i].ms += ms;
    profile->kernel_ms += ms;
}

static void read_events(listener *l, bench_profile *profile)
{
    for (size_t i = 0; i < l->count; i++) {
        cl_ulong begin = 0, end = 0;
        const cl_event event = l->events[i].event;
        cl_int code =
            clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof begin, &begin, NULL);
        code |= clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
        l->untold |= code != CL_SUCCESS;
        add_up(profile, l->events[i].kernel, 1e-6 * (double)(end - begin));
        clReleaseEvent(event);
    }
    free(l->events);
}

static int by_time(const void *a, const void *b)
{
    const double x = ((const bench_profile_row *)a)->ms, y = ((const bench_profile_row *)b)->ms;
    return (x < y) - (x > y);
}

static clcnn_status run_profiled(clcnn_ctx *ctx, bench_subject *subject, bench_profile *profile,
                                 clcnn_error *error)
{
    listener l = {0};
    clcnn_status status = subject->run(subject, 1, error);
    ctx->launched = hear;
    ctx->listener = &l;
    const double begin = bench_now();
    if (status == CLCNN_SUCCESS)
        status = subject->run(subject, 1, error);
    profile->ms = (bench_now() - begin) * 1e3;
    ctx->launched = NULL;
    clFinish(clcnn_ctx_queue(ctx));
    read_events(&l, profile);
    if (status == CLCNN_SUCCESS && l.no_memory)
        status = CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for the kernels' events");
    if (status == CLCNN_SUCCESS && l.untold)
        status = CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "%s does not tell the times of its kernels",
                             clcnn_ctx_device_info(ctx)->name);
    qsort(profile->rows, (size_t)profile->count, sizeof *profile->rows, by_time);
    return status;
}

clcnn_status bench_profile_run(const bench_request *request, bench_profile *profile,
                               clcnn_error *error)
{
    bench_request mine = *request;
    bench_subject *subject = NULL;
    cl_int code = CL_SUCCESS;
    *profile = (bench_profile){0};
    cl_command_queue queue = clCreateCommandQueue(clcnn_ctx_context(request->ctx),
                                                  clcnn_ctx_device_info(request->ctx)->device,
                                                  CL_QUEUE_PROFILING_ENABLE, &code);
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(error, code, "clCreateCommandQueue(CL_QUEUE_PROFILING_ENABLE)");
    clcnn_status status = clcnn_ctx_create(&mine.ctx, queue, error);
    clReleaseCommandQueue(queue);
    if (status != CLCNN_SUCCESS)
        return status;
    status = bench_subject_create(&mine, &subject, error);
    if (status == CLCNN_SUCCESS)
        status = run_profiled(mine.ctx, subject, profile, error);
    bench_subject_destroy(subject);
    clcnn_ctx_destroy(mine.ctx);
    return status;
}
