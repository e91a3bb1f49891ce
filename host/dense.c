/* dense: the 1x1 convolution of 1x1 images, whose layouts are those of a fully connected layer. */
#include "conv2d.h"

static clcnn_conv2d as_conv2d(const clcnn_dense *d)
{
    return (clcnn_conv2d){.n = d->n,
                          .c = d->c,
                          .h = 1,
                          .w = 1,
                          .k = d->k,
                          .r = 1,
                          .s = 1,
                          .activation = d->activation,
                          .alpha = d->alpha,
                          .accumulate = d->accumulate};
}

clcnn_status clcnn_dense_plan(clcnn_ctx *ctx, const clcnn_dense *d, clcnn_direction direction,
                              const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    clcnn_conv2d conv = d ? as_conv2d(d) : (clcnn_conv2d){0};
    const clcnn__conv2d_op op = {.name = __func__, .d = d ? &conv : NULL, .direction = direction};
    return clcnn__conv2d_plan(ctx, &op, algo, max_workspace, plan);
}

static clcnn_status run(clcnn_ctx *ctx, const char *name, const clcnn_dense *d,
                        clcnn_direction direction, clcnn__conv2d_call *call, const clcnn_plan *plan)
{
    clcnn_conv2d conv = d ? as_conv2d(d) : (clcnn_conv2d){0};
    const clcnn__conv2d_op op = {.name = name, .d = d ? &conv : NULL, .direction = direction};
    return clcnn__conv2d_run(ctx, &op, call, plan);
}

clcnn_status clcnn_dense_forward(clcnn_ctx *ctx, const clcnn_dense *d, clcnn_mem x, clcnn_mem w,
                                 clcnn_mem b, clcnn_mem y, const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = x, .w = w, .b = b, .y = y};
    return run(ctx, __func__, d, CLCNN_FORWARD, &call, plan);
}

clcnn_status clcnn_dense_backward_data(clcnn_ctx *ctx, const clcnn_dense *d, clcnn_mem dy,
                                       clcnn_mem w, clcnn_mem dx, const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = dx, .w = w, .y = dy};
    return run(ctx, __func__, d, CLCNN_BACKWARD_DATA, &call, plan);
}

clcnn_status clcnn_dense_backward_weights(clcnn_ctx *ctx, const clcnn_dense *d, clcnn_mem x,
                                          clcnn_mem dy, clcnn_mem dw, clcnn_mem db,
                                          const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = x, .w = dw, .b = db, .y = dy};
    return run(ctx, __func__, d, CLCNN_BACKWARD_WEIGHTS, &call, plan);
}

clcnn_status clcnn_dense_backward(clcnn_ctx *ctx, const clcnn_dense *d, const clcnn_before *before,
                                  clcnn_mem x, clcnn_mem w, clcnn_mem dy, clcnn_mem dx,
                                  clcnn_mem dw, clcnn_mem db, const clcnn_plan *data_plan,
                                  const clcnn_plan *weights_plan)
{
    clcnn_conv2d conv = d ? as_conv2d(d) : (clcnn_conv2d){0};
    const clcnn__conv2d_gradients g = {before, x, w, dy, dx, dw, db, data_plan, weights_plan};
    const clcnn__conv2d_op op = {.name = __func__, .d = d ? &conv : NULL};
    return clcnn__conv2d_backward(ctx, &op, &g);
}

clcnn_status clcnn_dense_pack(clcnn_ctx *ctx, const clcnn_dense *d, clcnn_direction direction,
                              clcnn_mem w, const clcnn_plan *plan)
{
    clcnn_conv2d conv = d ? as_conv2d(d) : (clcnn_conv2d){0};
    const clcnn__conv2d_op op = {.name = __func__, .d = d ? &conv : NULL, .direction = direction};
    return clcnn__conv2d_pack(ctx, &op, w, plan);
}
