/*
 * Counts what a program asks of OpenCL, by standing in front of the loader's functions: buffers
 * made, waits, and events that have not been released yet. The functions are defined here, so one
 * file of a program includes this, and it must do so before any other header.
 */
#ifndef SPY_H
#define SPY_H

#define _GNU_SOURCE /* RTLD_NEXT */

#include "clcnn.h"

#include <dlfcn.h>
#include <string.h>

typedef struct spy_counts {
    int buffers;  /* clCreateBuffer, clCreateSubBuffer */
    int waits;    /* clFinish, clWaitForEvents, blocking reads and writes */
    int events;   /* made by reads and writes less released: 0 when none leaked */
    int kernels;  /* enqueued */
    size_t bytes; /* of the buffers that clCreateBuffer made */
} spy_counts;

static spy_counts spy; /* since the program began */
static int spy_depth;  /* a simulator's own calls, inside ours, don't count */

typedef void (*spy_function)(void);

static spy_function spy_next(const char *name)
{
    void *found = dlsym(RTLD_NEXT, name);
    spy_function function;
    memcpy(&function, &found, sizeof function);
    return function;
}

#define SPY_NEXT(name) ((__typeof__(&name))spy_next(#name))

/* Counts `what` unless inside another call, makes the call and returns its result. */
#define SPY_CALL(type, what, name, ...)                                                            \
    do {                                                                                           \
        if (spy_depth++ == 0) {                                                                    \
            what;                                                                                  \
        }                                                                                          \
        type spy_result = SPY_NEXT(name)(__VA_ARGS__);                                             \
        --spy_depth;                                                                               \
        return spy_result;                                                                         \
    } while (0)

CLCNN_API cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                                cl_int *code)
{
    SPY_CALL(cl_mem, (++spy.buffers, spy.bytes += size), clCreateBuffer, context, flags, size, host,
             code);
}

CLCNN_API cl_mem clCreateSubBuffer(cl_mem mem, cl_mem_flags flags, cl_buffer_create_type type,
                                   const void *info, cl_int *code)
{
    SPY_CALL(cl_mem, ++spy.buffers, clCreateSubBuffer, mem, flags, type, info, code);
}

CLCNN_API cl_int clFlush(cl_command_queue queue)
{
    SPY_CALL(cl_int, (void)0, clFlush, queue);
}

CLCNN_API cl_int clFinish(cl_command_queue queue)
{
    SPY_CALL(cl_int, ++spy.waits, clFinish, queue);
}

CLCNN_API cl_int clWaitForEvents(cl_uint count, const cl_event *events)
{
    SPY_CALL(cl_int, ++spy.waits, clWaitForEvents, count, events);
}

CLCNN_API cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem mem, cl_bool blocking,
                                     size_t offset, size_t size, void *to, cl_uint count,
                                     const cl_event *list, cl_event *event)
{
    SPY_CALL(cl_int, (spy.waits += blocking != CL_FALSE, spy.events += event != NULL),
             clEnqueueReadBuffer, queue, mem, blocking, offset, size, to, count, list, event);
}

CLCNN_API cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem mem, cl_bool blocking,
                                      size_t offset, size_t size, const void *from, cl_uint count,
                                      const cl_event *list, cl_event *event)
{
    SPY_CALL(cl_int, (spy.waits += blocking != CL_FALSE, spy.events += event != NULL),
             clEnqueueWriteBuffer, queue, mem, blocking, offset, size, from, count, list, event);
}

CLCNN_API cl_int clReleaseEvent(cl_event event)
{
    SPY_CALL(cl_int, --spy.events, clReleaseEvent, event);
}

CLCNN_API cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel,
                                        cl_uint dimensions, const size_t *offset,
                                        const size_t *global, const size_t *local, cl_uint count,
                                        const cl_event *list, cl_event *event)
{
    SPY_CALL(cl_int, ++spy.kernels, clEnqueueNDRangeKernel, queue, kernel, dimensions, offset,
             global, local, count, list, event);
}

#endif
