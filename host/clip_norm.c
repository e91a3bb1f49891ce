/*
 * clip_norm: the public calls. One launch for the squares, one for each stage that adds them up,
 * and one that turns the sum into a factor in the optimiser's block. Nothing waits for it: the step
 * that follows in the queue takes the factor from there.
 */
#include "clip_norm_args.h"
#include "optimiser.h"
#include "sum.h"

#include <float.h>

/* The constant: host/ref/clip_norm.c. */
const clcnn_algo clcnn__clip_norm_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static const clcnn__sum sums = {"clip_norm", "clip_norm_direct", "clip_norm_direct_sum"};

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call, const clcnn_clip_norm *d)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (!(d->max_norm >= FLT_MIN && d->max_norm <= FLT_MAX))
        return CLCNN__INVALID(&ctx->error, "%s: max_norm is %g, it must be from %g to %g", call,
                              d->max_norm, (double)FLT_MIN, (double)FLT_MAX);
    return clcnn__check_arena(ctx, call, d->count, d->segments);
}

clcnn_status clcnn_clip_norm_plan(clcnn_ctx *ctx, const clcnn_clip_norm *d, clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    const clcnn_status status = check_descriptor(ctx, __func__, d);
    return status == CLCNN_SUCCESS ? clcnn__sum_plan(ctx, __func__, &sums, d->count, plan) : status;
}

static clcnn_status launch(clcnn_ctx *ctx, const char *kernel, const clip_norm_args *args,
                           size_t items, const clcnn_mem *mems)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "clip_norm", "direct", "any");
    const clcnn__launch_desc desc = {
        .program = "clip_norm_direct",
        .kernel = kernel,
        .row = row,
        .args = args,
        .args_size = sizeof *args,
        .mem_count = 3,
        .mems = {mems[0], mems[1], mems[2]},
        .global = {items},
        .local = {items > 1 ? (size_t)clcnn__tune_value(row, "LOCAL") : 1}};
    return clcnn__launch(ctx, &desc);
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn_clip_norm *d, const clcnn_mem *squares,
                            clcnn_mem norm, clcnn_mem block)
{
    clip_norm_args args = {.count = d->count,
                           .segments = d->segments,
                           .max_norm = (float)d->max_norm,
                           .with_norm = norm.buf != NULL};
    size_t count = clcnn__sum_items(ctx, &sums, d->count);
    clcnn_status status = launch(ctx, "clip_norm_direct_squares", &args, count, squares);
    clcnn_mem values = squares[2];
    if (status == CLCNN_SUCCESS)
        status = clcnn__sum_shrink(ctx, &sums, &values, &count);
    if (status != CLCNN_SUCCESS)
        return status;
    args.count = (int)count;
    const clcnn_mem finish[] = {values, norm, block};
    return launch(ctx, "clip_norm_direct_finish", &args, 1, finish);
}

clcnn_status clcnn_clip_norm_apply(clcnn_ctx *ctx, const clcnn_clip_norm *d, clcnn_mem grad,
                                   clcnn_mem table, clcnn_mem norm, clcnn_mem block,
                                   const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_descriptor(ctx, __func__, d);
    if (status != CLCNN_SUCCESS)
        return status;
    const size_t need = clcnn__sum_workspace(clcnn__sum_items(ctx, &sums, d->count));
    status = clcnn__check_plan(ctx, __func__, clcnn__clip_norm_algos[0].name, need, plan);
    if (status != CLCNN_SUCCESS)
        return status;
    if (d->segments == 0)
        table = CLCNN_NO_MEM;
    const int with_table = d->segments ? CLCNN__IN : CLCNN__IN | CLCNN__OPTIONAL;
    const clcnn__tensor tensors[] = {
        {"grad", grad, (size_t)d->count, CLCNN__IN},
        {"table", table, 4 * (size_t)d->segments, with_table},
        {"norm", norm, 1, CLCNN__OUT | CLCNN__OPTIONAL},
        {"block", block, CLCNN_OPTIMISER_BLOCK, CLCNN__IN | CLCNN__OUT},
        {"workspace", plan->workspace, need, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 5);
    const clcnn_mem squares[] = {grad, table, plan->workspace};
    return status == CLCNN_SUCCESS ? enqueue(ctx, d, squares, norm, block) : status;
}
