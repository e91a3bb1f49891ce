/* conv2d by kernels/conv2d_direct.cl: one work-item per result, no workspace, everything legal. */
#include "conv2d.h"

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    (void)ctx;
    (void)problem;
    return NULL;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    (void)ctx;
    (void)problem;
    return true;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)ctx;
    (void)problem;
    (void)limit;
    return 0;
}

static clcnn_status launch(clcnn_ctx *ctx, const char *kernel, const conv2d_args *args,
                           const clcnn_mem *mems, int mem_count, const size_t global[3])
{
    clcnn__launch_desc desc = {
        .program = "conv2d_direct",
        .kernel = kernel,
        .macro_count = 1,
        .macros = {{"CURVED", clcnn__curved((clcnn_activation_kind)args->activation)}},
        .args = args,
        .args_size = sizeof *args,
        .mem_count = mem_count,
        .global = {global[0], global[1], global[2]}};
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "direct", "any");
    desc.local[0] = row ? (size_t)clcnn__tune_value(row, "ITEMS") : 1;
    for (int i = 0; i < mem_count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

static clcnn_status enqueue_bias(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    clcnn_mem gradient;
    const conv2d_args args = clcnn__conv2d_bias_args(call, &gradient);
    return launch(ctx, "conv2d_direct_backward_bias", &args, (clcnn_mem[]){gradient, call->b}, 2,
                  (size_t[]){(size_t)args.k, 1, 1});
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const conv2d_args args = clcnn__conv2d_make_args(call);
    const size_t n = (size_t)args.n, c = (size_t)args.c, k = (size_t)args.k;
    clcnn_status status = CLCNN_SUCCESS;
    switch (problem->direction) {
    case CLCNN_FORWARD:
        return launch(ctx, "conv2d_direct_forward", &args,
                      (clcnn_mem[]){call->x, call->w, call->b, call->y}, 4,
                      (size_t[]){(size_t)args.p * (size_t)args.q, k, n});
    case CLCNN_BACKWARD_DATA:
        return launch(ctx, "conv2d_direct_backward_data", &args,
                      (clcnn_mem[]){call->y, call->w, call->b, call->x}, 4,
                      (size_t[]){(size_t)args.h * (size_t)args.w, c, n});
    case CLCNN_BACKWARD_WEIGHTS:
        if (call->w.buf)
            status = launch(ctx, "conv2d_direct_backward_weights", &args,
                            (clcnn_mem[]){call->x, call->y, call->w}, 3,
                            (size_t[]){problem->w_count / k, k, 1});
        if (status == CLCNN_SUCCESS && call->b.buf)
            status = enqueue_bias(ctx, call);
    }
    return status;
}

const clcnn__conv2d_algo clcnn__conv2d_direct = {.name = "direct",
                                                 .refuses = refuses,
                                                 .preferred = preferred,
                                                 .workspace = workspace,
                                                 .enqueue = enqueue};
