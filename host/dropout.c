/*
 * dropout: the public calls. What changes from step to step lies in the block; the rest is passed
 * by value, so that a recorded step can be replayed with another block.
 */
#include "dropout_args.h"
#include "internal.h"
#include "random.h"

/* The constant: host/ref/dropout.c. */
const clcnn_algo clcnn__dropout_algos[] = {
    {"direct", {{CLCNN_ULP, 1.1}, {CLCNN_ULP, 1.1}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

_Static_assert(sizeof(dropout_block) == 4 * CLCNN_DROPOUT_BLOCK, "the block holds seed and step");

clcnn_status clcnn_dropout_prepare(clcnn_ctx *ctx, const clcnn_dropout *d, clcnn_mem block)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", __func__);
    if (d->step < 0)
        return CLCNN__INVALID(&ctx->error, "%s: step is %lld, the least is 0", __func__,
                              (long long)d->step);
    const clcnn__tensor tensors[] = {{"block", block, CLCNN_DROPOUT_BLOCK, CLCNN__OUT}};
    const clcnn_status status = clcnn__check_tensors(ctx, __func__, tensors, 1);
    if (status != CLCNN_SUCCESS)
        return status;
    const dropout_block args = {clcnn__low(d->seed), clcnn__high(d->seed),
                                clcnn__low((uint64_t)d->step), clcnn__high((uint64_t)d->step)};
    const clcnn__launch_desc desc = {.program = "dropout_direct",
                                     .kernel = "dropout_direct_prepare",
                                     .row = clcnn__tune(ctx, "dropout", "direct", "any"),
                                     .args = &args,
                                     .args_size = sizeof args,
                                     .mem_count = 1,
                                     .mems = {block},
                                     .global = {1}};
    return clcnn__launch(ctx, &desc);
}

/* Forward and backward are the same but for the tensors' names. */
static clcnn_status apply(clcnn_ctx *ctx, const char *call, const clcnn_dropout *d,
                          const char *from_name, clcnn_mem from, const char *to_name, clcnn_mem to,
                          clcnn_mem block)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (d->count < 0)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 0", call, d->count);
    if (!(d->drop >= 0 && d->drop < 1))
        return CLCNN__INVALID(&ctx->error, "%s: drop is %g, it must be at least 0 and below 1",
                              call, d->drop);
    if (d->count == 0)
        return CLCNN_SUCCESS;
    const size_t count = (size_t)d->count;
    const clcnn__tensor tensors[] = {{from_name, from, count, CLCNN__IN | CLCNN__IN_PLACE},
                                     {to_name, to, count, CLCNN__OUT | CLCNN__IN_PLACE},
                                     {"block", block, CLCNN_DROPOUT_BLOCK, CLCNN__IN}};
    const clcnn_status status = clcnn__check_tensors(ctx, call, tensors, 3);
    if (status != CLCNN_SUCCESS)
        return status;
    const dropout_args args = {.count = d->count,
                               .stream = d->stream,
                               .threshold = (uint32_t)(d->drop * 0x1p32),
                               .scale = (float)(1 / (1 - d->drop))};
    const clcnn__tune_row *row = clcnn__tune(ctx, "dropout", "direct", "any");
    const clcnn__launch_desc desc = {
        .program = "dropout_direct",
        .kernel = "dropout_direct_apply",
        .row = row,
        .args = &args,
        .args_size = sizeof args,
        .mem_count = 3,
        .mems = {from, block, to},
        .global = {clcnn__div_up(count, clcnn__tune_value(row, "ITEM"))},
        .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn_dropout_forward(clcnn_ctx *ctx, const clcnn_dropout *d, clcnn_mem x,
                                   clcnn_mem block, clcnn_mem y)
{
    return apply(ctx, __func__, d, "x", x, "y", y, block);
}

clcnn_status clcnn_dropout_backward(clcnn_ctx *ctx, const clcnn_dropout *d, clcnn_mem dy,
                                    clcnn_mem block, clcnn_mem dx)
{
    return apply(ctx, __func__, d, "dy", dy, "dx", dx, block);
}
