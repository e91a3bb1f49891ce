/* uniform: the public call. */
#include "internal.h"
#include "random.h"
#include "uniform_args.h"

#include <math.h>

const clcnn_algo clcnn__uniform_algos[] = {
    {"direct", {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static clcnn_status check(clcnn_ctx *ctx, const char *call, const clcnn_uniform *d)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (d->count < 0)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 0", call, d->count);
    const float low = (float)d->low, high = (float)d->high;
    if (!isfinite(low) || !(low < high) || !isfinite(high - low))
        return CLCNN__INVALID(&ctx->error,
                              "%s: low is %g and high %g: as floats they and their difference must "
                              "be finite, and low below high",
                              call, d->low, d->high);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_uniform_fill(clcnn_ctx *ctx, const clcnn_uniform *d, clcnn_mem y)
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
    const float low = (float)d->low, high = (float)d->high;
    const uniform_args args = {.count = d->count,
                               .seed_low = clcnn__low(d->seed),
                               .seed_high = clcnn__high(d->seed),
                               .stream = d->stream,
                               .low = low,
                               .span = (float)((double)high - (double)low),
                               .last = nextafterf(high, low)};
    const clcnn__tune_row *row = clcnn__tune(ctx, "uniform", "direct", "any");
    const clcnn__launch_desc desc = {
        .program = "uniform_direct",
        .kernel = "uniform_direct_fill",
        .row = row,
        .args = &args,
        .args_size = sizeof args,
        .mem_count = 1,
        .mems = {y},
        .global = {clcnn__div_up((size_t)d->count, clcnn__tune_value(row, "ITEM"))},
        .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    return clcnn__launch(ctx, &desc);
}
