/* The context: a queue, what is known of its device, what has been built on it, the last error. */
#include "internal.h"

#include <stdlib.h>

static clcnn_status allocate(clcnn_ctx **ctx, clcnn_error *error)
{
    clcnn_ctx *made = calloc(1, sizeof *made);
    if (!made)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a context");
    made->error.file = "";
    clcnn_status status = clcnn__programs_create(&made->programs, error);
    if (status == CLCNN_SUCCESS)
        status = clcnn__tuning_create(&made->tuning, error);
    if (status != CLCNN_SUCCESS) {
        clcnn_ctx_destroy(made);
        return status;
    }
    *ctx = made;
    return CLCNN_SUCCESS;
}

/* Fills in device, context and info from the queue; queue and context are retained. */
static clcnn_status adopt_queue(clcnn_ctx *ctx, cl_command_queue queue, clcnn_error *error)
{
    cl_command_queue_properties properties = 0;
    cl_int code =
        clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof properties, &properties, NULL);
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(error, code, "clGetCommandQueueInfo(CL_QUEUE_PROPERTIES)");
    if (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)
        return CLCNN__INVALID(error,
                              "clcnn_ctx_create: queue is out-of-order (properties %#llx); "
                              "clcnn needs an in-order queue",
                              (unsigned long long)properties);
    cl_platform_id platform = NULL;
    cl_context context = NULL;
    code = clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
    if (code == CL_SUCCESS)
        code =
            clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof ctx->device, &ctx->device, NULL);
    if (code == CL_SUCCESS)
        code = clGetDeviceInfo(ctx->device, CL_DEVICE_PLATFORM, sizeof platform, &platform, NULL);
    /* Both are kept: on Intel's runtime a queue alone doesn't keep its context usable. */
    if (code == CL_SUCCESS && (code = clRetainContext(context)) == CL_SUCCESS)
        ctx->context = context;
    if (code == CL_SUCCESS && (code = clRetainCommandQueue(queue)) == CL_SUCCESS)
        ctx->queue = queue;
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(error, code, "querying the command queue");
    return clcnn__device_query(platform, ctx->device, &ctx->info, error);
}

/* Gives a context made by hand the same indices as clcnn_devices would; not finding it is fine. */
static void number_device(clcnn_device_info *info)
{
    clcnn_device_info *infos = NULL;
    size_t count = 0;
    if (clcnn_devices(NULL, 0, &count, NULL) == CLCNN_SUCCESS)
        infos = calloc(count ? count : 1, sizeof *infos);
    size_t capacity = count;
    if (infos && clcnn_devices(infos, capacity, &count, NULL) == CLCNN_SUCCESS)
        for (size_t i = 0; i < count && i < capacity; i++)
            if (infos[i].device == info->device) {
                info->platform_index = infos[i].platform_index;
                info->device_index = infos[i].device_index;
            }
    free(infos);
}

clcnn_status clcnn_ctx_create(clcnn_ctx **ctx, cl_command_queue queue, clcnn_error *error)
{
    if (!ctx)
        return CLCNN__INVALID(error, "clcnn_ctx_create: ctx is NULL");
    if (!queue)
        return CLCNN__INVALID(error, "clcnn_ctx_create: queue is NULL");
    clcnn_ctx *made = NULL;
    clcnn_status status = allocate(&made, error);
    if (status != CLCNN_SUCCESS)
        return status;
    status = adopt_queue(made, queue, error);
    if (status == CLCNN_SUCCESS)
        status = clcnn__tuning_from_environment(made, error);
    if (status != CLCNN_SUCCESS) {
        clcnn_ctx_destroy(made);
        return status;
    }
    number_device(&made->info);
    *ctx = made;
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ctx_open(clcnn_ctx **ctx, const char *selector, clcnn_error *error)
{
    if (!ctx)
        return CLCNN__INVALID(error, "clcnn_ctx_open: ctx is NULL");
    clcnn_device_info info;
    clcnn_status status = clcnn__device_select(selector, &info, error);
    if (status != CLCNN_SUCCESS)
        return status;

    const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM,
                                                (cl_context_properties)info.platform, 0};
    cl_int code = CL_SUCCESS;
    cl_context context = clCreateContext(properties, 1, &info.device, NULL, NULL, &code);
    if (code != CL_SUCCESS)
        return CLCNN__CL_FAIL(error, code, "clCreateContext");
    cl_command_queue queue = clCreateCommandQueue(context, info.device, 0, &code);
    if (code == CL_SUCCESS) {
        status = clcnn_ctx_create(ctx, queue, error);
        clReleaseCommandQueue(queue);
    } else {
        status = CLCNN__CL_FAIL(error, code, "clCreateCommandQueue");
    }
    clReleaseContext(context); /* the ctx holds both */
    return status;
}

void clcnn_ctx_destroy(clcnn_ctx *ctx)
{
    if (!ctx)
        return;
    clcnn__programs_destroy(ctx->programs);
    clcnn__tuning_destroy(ctx->tuning);
    if (ctx->queue)
        clReleaseCommandQueue(ctx->queue);
    if (ctx->context)
        clReleaseContext(ctx->context);
    free(ctx);
}

cl_command_queue clcnn_ctx_queue(const clcnn_ctx *ctx)
{
    return ctx ? ctx->queue : NULL;
}

cl_context clcnn_ctx_context(const clcnn_ctx *ctx)
{
    return ctx ? ctx->context : NULL;
}

cl_device_id clcnn_ctx_device(const clcnn_ctx *ctx)
{
    return ctx ? ctx->device : NULL;
}

const clcnn_device_info *clcnn_ctx_device_info(const clcnn_ctx *ctx)
{
    return ctx ? &ctx->info : NULL;
}

const clcnn_error *clcnn_last_error(const clcnn_ctx *ctx)
{
    static const clcnn_error no_context = {
        .status = CLCNN_INVALID_ARGUMENT, .file = "", .message = "ctx is NULL"};
    return ctx ? &ctx->error : &no_context;
}

clcnn_status clcnn_ctx_warm_up(clcnn_ctx *ctx, int on)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    ctx->warm_up = on != 0;
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ctx_watch(clcnn_ctx *ctx, clcnn_compiled_fn watch, void *user)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    ctx->watch = watch;
    ctx->watcher = user;
    return CLCNN_SUCCESS;
}

size_t clcnn_ctx_programs_built(const clcnn_ctx *ctx)
{
    return ctx ? clcnn__programs_built(ctx->programs) : 0;
}
