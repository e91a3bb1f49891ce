/* slice: the public calls. */
#include "rows.h"

const clcnn_algo clcnn__slice_algos[] = {
    {"direct", {{CLCNN_EXACT, 0}, {CLCNN_DOT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static clcnn_status check(clcnn_ctx *ctx, const char *call, const clcnn_slice *d, size_t *x_count,
                          size_t *y_count)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    const int x[] = {d->n, d->c, d->h, d->w}, y[] = {d->n, d->count, d->h, d->w};
    clcnn_status status = clcnn__elements(&ctx->error, call, x, 4, x_count);
    if (status != CLCNN_SUCCESS)
        return status;
    if (d->begin < 0 || d->count < 1 || d->count > d->c || d->begin > d->c - d->count)
        return CLCNN__INVALID(&ctx->error, "%s: %d channels from %d are not among %d", call,
                              d->count, d->begin, d->c);
    return clcnn__elements(&ctx->error, call, y, 4, y_count);
}

clcnn_status clcnn_slice_forward(clcnn_ctx *ctx, const clcnn_slice *d, clcnn_mem x, clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t x_count = 0, y_count = 0;
    clcnn_status status = check(ctx, __func__, d, &x_count, &y_count);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, x_count, CLCNN__IN}, {"y", y, y_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    if (status != CLCNN_SUCCESS)
        return status;
    const int plane = d->h * d->w;
    const rows_args args = {.images = d->n,
                            .length = d->count * plane,
                            .from_image = d->c * plane,
                            .to_image = d->count * plane};
    const clcnn_mem from = {x.buf, x.offset + (size_t)d->begin * (size_t)plane};
    return clcnn__rows_launch(ctx, "slice", "slice_direct", "slice_direct_forward", &args,
                              args.length, from, y);
}

clcnn_status clcnn_slice_backward(clcnn_ctx *ctx, const clcnn_slice *d, clcnn_mem dy, clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t x_count = 0, y_count = 0;
    clcnn_status status = check(ctx, __func__, d, &x_count, &y_count);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"dy", dy, y_count, CLCNN__IN},
                                     {"dx", dx, x_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    if (status != CLCNN_SUCCESS)
        return status;
    const int plane = d->h * d->w;
    const rows_args args = {.images = d->n,
                            .length = d->count * plane,
                            .from_image = d->count * plane,
                            .to_image = d->c * plane,
                            .begin = d->begin * plane,
                            .accumulate = d->accumulate};
    return clcnn__rows_launch(ctx, "slice", "slice_direct", "slice_direct_backward", &args,
                              args.to_image, dy, dx);
}
