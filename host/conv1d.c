/* conv1d: conv2d with images and filters of one row. */
#include "conv2d.h"

static clcnn_conv2d as_conv2d(const clcnn_conv1d *d)
{
    return (clcnn_conv2d){.n = d->n,
                          .c = d->c,
                          .h = 1,
                          .w = d->w,
                          .k = d->k,
                          .r = 1,
                          .s = d->s,
                          .pad_left = d->pad_left,
                          .pad_right = d->pad_right,
                          .stride_w = d->stride,
                          .dilation_w = d->dilation,
                          .groups = d->groups,
                          .activation = d->activation,
                          .alpha = d->alpha,
                          .accumulate = d->accumulate};
}

clcnn_status clcnn_conv1d_output(const clcnn_conv1d *d, int *q, clcnn_error *error)
{
    if (!q)
        return CLCNN__INVALID(error, "clcnn_conv1d_output: q is NULL");
    if (!d)
        return CLCNN__INVALID(error, "clcnn_conv1d_output: the descriptor is NULL");
    const clcnn_conv2d conv = as_conv2d(d);
    int p;
    return clcnn_conv2d_output(&conv, &p, q, error);
}

clcnn_status clcnn_conv1d_plan(clcnn_ctx *ctx, const clcnn_conv1d *d, clcnn_direction direction,
                               const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    clcnn_conv2d conv = d ? as_conv2d(d) : (clcnn_conv2d){0};
    const clcnn__conv2d_op op = {.name = __func__, .d = d ? &conv : NULL, .direction = direction};
    return clcnn__conv2d_plan(ctx, &op, algo, max_workspace, plan);
}

static clcnn_status run(clcnn_ctx *ctx, const char *name, const clcnn_conv1d *d,
                        clcnn_direction direction, clcnn__conv2d_call *call, const clcnn_plan *plan)
{
    clcnn_conv2d conv = d ? as_conv2d(d) : (clcnn_conv2d){0};
    const clcnn__conv2d_op op = {.name = name, .d = d ? &conv : NULL, .direction = direction};
    return clcnn__conv2d_run(ctx, &op, call, plan);
}

clcnn_status clcnn_conv1d_forward(clcnn_ctx *ctx, const clcnn_conv1d *d, clcnn_mem x, clcnn_mem w,
                                  clcnn_mem b, clcnn_mem y, const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = x, .w = w, .b = b, .y = y};
    return run(ctx, __func__, d, CLCNN_FORWARD, &call, plan);
}

clcnn_status clcnn_conv1d_backward_data(clcnn_ctx *ctx, const clcnn_conv1d *d, clcnn_mem dy,
                                        clcnn_mem w, clcnn_mem dx, const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = dx, .w = w, .y = dy};
    return run(ctx, __func__, d, CLCNN_BACKWARD_DATA, &call, plan);
}

clcnn_status clcnn_conv1d_backward_weights(clcnn_ctx *ctx, const clcnn_conv1d *d, clcnn_mem x,
                                           clcnn_mem dy, clcnn_mem dw, clcnn_mem db,
                                           const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = x, .w = dw, .b = db, .y = dy};
    return run(ctx, __func__, d, CLCNN_BACKWARD_WEIGHTS, &call, plan);
}

clcnn_status clcnn_conv1d_pack(clcnn_ctx *ctx, const clcnn_conv1d *d, clcnn_direction direction,
                               clcnn_mem w, const clcnn_plan *plan)
{
    clcnn_conv2d conv = d ? as_conv2d(d) : (clcnn_conv2d){0};
    const clcnn__conv2d_op op = {.name = __func__, .d = d ? &conv : NULL, .direction = direction};
    return clcnn__conv2d_pack(ctx, &op, w, plan);
}
