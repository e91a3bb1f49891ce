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

/* One part of the sums. Of several the first begins with the bias or the gradient that is added to,
 * and the last one ends with the activation. */
static clcnn_status launch_part(clcnn_ctx *ctx, const char *kernel, const conv2d_args *all,
                                int first, int end, const clcnn_mem *mems, int mem_count,
                                const size_t global[3])
{
    conv2d_args args = *all;
    args.first = first;
    args.end = end;
    args.has_bias = all->has_bias && first == 0;
    args.accumulate = all->accumulate && first == 0;
    args.activation = end == all->end ? all->activation : CLCNN_IDENTITY;
    clcnn__launch_desc desc = {
        .program = "conv2d_direct",
        .kernel = kernel,
        .macro_count = 1,
        .macros = {{"CURVED", clcnn__curved((clcnn_activation_kind)all->activation)}},
        .args = &args,
        .args_size = sizeof args,
        .mem_count = mem_count,
        .global = {global[0], global[1], global[2]}};
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "direct", "any");
    desc.local[0] = row ? (size_t)clcnn__tune_value(row, "ITEMS") : 1;
    for (int i = 0; i < mem_count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

/* Sums of `products` each, in parts of as many as a work-item's loop may have rounds. */
static clcnn_status launch(clcnn_ctx *ctx, const char *kernel, conv2d_args args, size_t products,
                           const clcnn_mem *mems, int mem_count, const size_t global[3])
{
    const int part = (int)clcnn__most_rounds(ctx);
    clcnn_status status = CLCNN_SUCCESS;
    args.end = (int)products;
    for (int first = 0; first < args.end && status == CLCNN_SUCCESS;) {
        const int end = args.end - first > part ? first + part : args.end;
        status = launch_part(ctx, kernel, &args, first, end, mems, mem_count, global);
        first = end;
    }
    return status;
}

static clcnn_status enqueue_bias(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    clcnn_mem gradient;
    const conv2d_args args = clcnn__conv2d_bias_args(call, &gradient);
    return launch(ctx, "conv2d_direct_backward_bias", args,
                  (size_t)args.n * (size_t)args.p * (size_t)args.q,
                  (clcnn_mem[]){gradient, call->b}, 2, (size_t[]){(size_t)args.k, 1, 1});
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const conv2d_args args = clcnn__conv2d_make_args(call);
    const size_t n = (size_t)args.n, c = (size_t)args.c, k = (size_t)args.k;
    const size_t out = (size_t)args.p * (size_t)args.q, filter = (size_t)args.r * (size_t)args.s;
    clcnn_status status = CLCNN_SUCCESS;
    switch (problem->direction) {
    case CLCNN_FORWARD:
        return launch(ctx, "conv2d_direct_forward", args, (size_t)args.group_c * filter,
                      (clcnn_mem[]){call->x, call->w, call->b, call->y}, 4, (size_t[]){out, k, n});
    case CLCNN_BACKWARD_DATA:
        return launch(ctx, "conv2d_direct_backward_data", args, (size_t)args.group_k * filter,
                      (clcnn_mem[]){call->y, call->w, call->b, call->x}, 4,
                      (size_t[]){(size_t)args.h * (size_t)args.w, c, n});
    case CLCNN_BACKWARD_WEIGHTS:
        if (call->w.buf)
            status = launch(ctx, "conv2d_direct_backward_weights", args, n * out,
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
