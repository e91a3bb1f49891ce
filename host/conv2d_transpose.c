/*
 * conv2d_transpose: run as the convolution whose adjoint it is (conv2d.h). This file checks its
 * descriptor, turns it into that convolution's and changes directions and tensors over.
 */
#include "conv2d.h"

static int or_one(int value)
{
    return value ? value : 1;
}

/* One axis, with its defaults filled in. */
typedef struct axis {
    const char *name;
    int size, window, before, after, output_pad, stride, dilation;
} axis;

/* (size - 1)*stride + dilation*(window - 1) + 1 + output_pad - before - after */
static clcnn_status axis_output(const char *call, const axis *a, int *out, clcnn_error *error)
{
    const struct {
        const char *name;
        int value, least;
    } checks[] = {{"size", a->size, 1},
                  {"window", a->window, 1},
                  {"stride", a->stride, 1},
                  {"dilation", a->dilation, 1},
                  {"padding", a->before, 0},
                  {"padding", a->after, 0},
                  {"output_pad", a->output_pad, 0}};
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
        if (checks[i].value < checks[i].least)
            return CLCNN__INVALID(error, "%s: %s: %s is %d, the least is %d", call, a->name,
                                  checks[i].name, checks[i].value, checks[i].least);
    const int most = a->stride > a->dilation ? a->stride : a->dilation;
    if (a->output_pad >= most)
        return CLCNN__INVALID(error,
                              "%s: %s: output_pad %d is not below the larger of stride %d and "
                              "dilation %d",
                              call, a->name, a->output_pad, a->stride, a->dilation);
    /* In double, which holds every one of these products. */
    const double full = (double)(a->size - 1) * a->stride + (double)a->dilation * (a->window - 1) +
                        1 + a->output_pad;
    const double size = full - a->before - a->after;
    if (size < 1)
        return CLCNN__INVALID(error, "%s: %s: %d and %d are cropped off a full result of %.0f",
                              call, a->name, a->before, a->after, full);
    if (full > INT32_MAX)
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED,
                           "%s: %s: the full result %.0f exceeds the limit %d", call, a->name, full,
                           INT32_MAX);
    *out = (int)size;
    return CLCNN_SUCCESS;
}

static clcnn_status output_size(const char *call, const clcnn_conv2d_transpose *d, int *p, int *q,
                                clcnn_error *error)
{
    const axis rows = {"height",
                       d->h,
                       d->r,
                       d->pad_top,
                       d->pad_bottom,
                       d->output_pad_h,
                       or_one(d->stride_h),
                       or_one(d->dilation_h)};
    const axis columns = {"width",
                          d->w,
                          d->s,
                          d->pad_left,
                          d->pad_right,
                          d->output_pad_w,
                          or_one(d->stride_w),
                          or_one(d->dilation_w)};
    const clcnn_status status = axis_output(call, &rows, p, error);
    return status == CLCNN_SUCCESS ? axis_output(call, &columns, q, error) : status;
}

/* The convolution from y to x, and the public function's place in messages. */
typedef struct adjoint {
    clcnn_conv2d d;
    clcnn__transposed given;
    clcnn__conv2d_op op;
} adjoint;

static clcnn_direction reversed(clcnn_direction direction)
{
    switch (direction) {
    case CLCNN_FORWARD:
        return CLCNN_BACKWARD_DATA;
    case CLCNN_BACKWARD_DATA:
        return CLCNN_FORWARD;
    default:
        return direction;
    }
}

static clcnn_status make_adjoint(const char *call, const clcnn_conv2d_transpose *d,
                                 clcnn_direction direction, adjoint *a, clcnn_error *error)
{
    if (!d)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    const int groups = or_one(d->groups);
    if (groups < 1 || d->c % groups || d->k % groups)
        return CLCNN__INVALID(error, "%s: %d groups do not divide c = %d and k = %d", call, groups,
                              d->c, d->k);
    int p = 0, q = 0;
    const clcnn_status status = output_size(call, d, &p, &q, error);
    if (status != CLCNN_SUCCESS)
        return status;
    a->d = (clcnn_conv2d){.n = d->n,
                          .c = d->k,
                          .h = p,
                          .w = q,
                          .k = d->c,
                          .r = d->r,
                          .s = d->s,
                          .pad_top = d->pad_top,
                          .pad_left = d->pad_left,
                          .pad_bottom = d->pad_bottom,
                          .pad_right = d->pad_right,
                          .stride_h = d->stride_h,
                          .stride_w = d->stride_w,
                          .dilation_h = d->dilation_h,
                          .dilation_w = d->dilation_w,
                          .groups = d->groups,
                          .activation = d->activation,
                          .alpha = d->alpha,
                          .accumulate = d->accumulate,
                          .dot_only = d->dot_only};
    a->given = (clcnn__transposed){.p = d->h, .q = d->w};
    a->op = (clcnn__conv2d_op){
        .name = call, .d = &a->d, .direction = reversed(direction), .transposed = &a->given};
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_conv2d_transpose_output(const clcnn_conv2d_transpose *d, int *p, int *q,
                                           clcnn_error *error)
{
    adjoint a;
    if (!p || !q)
        return CLCNN__INVALID(error, "clcnn_conv2d_transpose_output: %s is NULL", p ? "q" : "p");
    clcnn_status status = make_adjoint(__func__, d, CLCNN_FORWARD, &a, error);
    if (status == CLCNN_SUCCESS)
        status = clcnn__conv2d_check(&a.op, error);
    if (status == CLCNN_SUCCESS) {
        *p = a.d.h;
        *q = a.d.w;
    }
    return status;
}

clcnn_status clcnn_conv2d_transpose_plan(clcnn_ctx *ctx, const clcnn_conv2d_transpose *d,
                                         clcnn_direction direction, const char *algo,
                                         size_t max_workspace, clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    adjoint a;
    const clcnn_status status = make_adjoint(__func__, d, direction, &a, &ctx->error);
    return status == CLCNN_SUCCESS ? clcnn__conv2d_plan(ctx, &a.op, algo, max_workspace, plan)
                                   : status;
}

static clcnn_status run(clcnn_ctx *ctx, const char *name, const clcnn_conv2d_transpose *d,
                        clcnn_direction direction, clcnn__conv2d_call *call, const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    adjoint a;
    const clcnn_status status = make_adjoint(name, d, direction, &a, &ctx->error);
    return status == CLCNN_SUCCESS ? clcnn__conv2d_run(ctx, &a.op, call, plan) : status;
}

clcnn_status clcnn_conv2d_transpose_forward(clcnn_ctx *ctx, const clcnn_conv2d_transpose *d,
                                            clcnn_mem x, clcnn_mem w, clcnn_mem b, clcnn_mem y,
                                            const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = y, .w = w, .b = b, .y = x};
    return run(ctx, __func__, d, CLCNN_FORWARD, &call, plan);
}

clcnn_status clcnn_conv2d_transpose_backward_data(clcnn_ctx *ctx, const clcnn_conv2d_transpose *d,
                                                  clcnn_mem dy, clcnn_mem w, clcnn_mem dx,
                                                  const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = dy, .w = w, .y = dx};
    return run(ctx, __func__, d, CLCNN_BACKWARD_DATA, &call, plan);
}

clcnn_status clcnn_conv2d_transpose_backward_weights(clcnn_ctx *ctx,
                                                     const clcnn_conv2d_transpose *d, clcnn_mem x,
                                                     clcnn_mem dy, clcnn_mem dw, clcnn_mem db,
                                                     const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = dy, .w = dw, .b = db, .y = x};
    return run(ctx, __func__, d, CLCNN_BACKWARD_WEIGHTS, &call, plan);
}

clcnn_status clcnn_conv2d_transpose_pack(clcnn_ctx *ctx, const clcnn_conv2d_transpose *d,
                                         clcnn_direction direction, clcnn_mem w,
                                         const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    adjoint a;
    const clcnn_status status = make_adjoint(__func__, d, direction, &a, &ctx->error);
    return status == CLCNN_SUCCESS ? clcnn__conv2d_pack(ctx, &a.op, w, plan) : status;
}
