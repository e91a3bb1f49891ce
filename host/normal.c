/* normal: the public call. */
#include "internal.h"
#include "normal_args.h"
#include "random.h"

#include <math.h>

/* The constant: host/ref/normal.c. */
const clcnn_algo clcnn__normal_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static clcnn_status check(clcnn_ctx *ctx, const char *call, const clcnn_normal *d)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (d->count < 0)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 0", call, d->count);
    if (!isfinite((float)d->mean))
        return CLCNN__INVALID(&ctx->error, "%s: mean is %g, it must be finite as a float", call,
                              d->mean);
    if (!(d->deviation >= 0) || !isfinite((float)d->deviation))
        return CLCNN__INVALID(&ctx->error,
                              "%s: deviation is %g, it must be at least 0 and finite as a float",
                              call, d->deviation);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_normal_fill(clcnn_ctx *ctx, const clcnn_normal *d, clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check(ctx, __func__, d);
    if (status != CLCNN_SUCCESS || d->count == 0)
        return status;
    const clcnn__tensor tensors[] = {{"y", y, (size_t)d->count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 1);
    if (status != CLCNN_SUCCESS)
        return status;
    const normal_args args = {.count = d->count,
                              .seed_low = clcnn__low(d->seed),
                              .seed_high = clcnn__high(d->seed),
                              .stream = d->stream,
                              .mean = (float)d->mean,
                              .deviation = (float)d->deviation};
    const clcnn__tune_row *row = clcnn__tune(ctx, "normal", "direct", "any");
    const clcnn__launch_desc desc = {
        .program = "normal_direct",
        .kernel = "normal_direct_fill",
        .row = row,
        .args = &args,
        .args_size = sizeof args,
        .mem_count = 1,
        .mems = {y},
        .global = {clcnn__div_up((size_t)d->count, clcnn__tune_value(row, "ITEM"))},
        .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    return clcnn__launch(ctx, &desc);
}
