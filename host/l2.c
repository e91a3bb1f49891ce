/* l2: the public calls. Forward is one launch for the squares and one for each stage of their sum.
 */
#include "l2_args.h"
#include "sum.h"

#include <math.h>

/* The constants: host/ref/l2.c. */
const clcnn_algo clcnn__l2_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_NORMWISE, 1.1}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static const clcnn__sum sums = {"l2", "l2_direct", "l2_direct_sum"};

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call, const clcnn_l2 *d)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (d->count < 1)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 1", call, d->count);
    if (!(d->lambda >= 0) || !isfinite((float)d->lambda))
        return CLCNN__INVALID(&ctx->error, "%s: lambda is %g, it must be at least 0 and a float",
                              call, d->lambda);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_l2_plan(clcnn_ctx *ctx, const clcnn_l2 *d, clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    const clcnn_status status = check_descriptor(ctx, __func__, d);
    return status == CLCNN_SUCCESS ? clcnn__sum_plan(ctx, __func__, &sums, d->count, plan) : status;
}

static clcnn_status launch(clcnn_ctx *ctx, const char *kernel, const clcnn_l2 *d,
                           const clcnn_mem *mems)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "l2", "direct", "any");
    const l2_args args = {
        .count = d->count, .accumulate = d->accumulate, .factor = (float)(d->lambda)};
    clcnn__launch_desc desc = {.program = "l2_direct",
                               .kernel = kernel,
                               .row = row,
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 2,
                               .global = {clcnn__sum_items(ctx, &sums, d->count)},
                               .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    for (int i = 0; i < desc.mem_count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn_l2_forward(clcnn_ctx *ctx, const clcnn_l2 *d, clcnn_mem w, clcnn_mem loss,
                              const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_descriptor(ctx, __func__, d);
    if (status != CLCNN_SUCCESS)
        return status;
    const size_t items = clcnn__sum_items(ctx, &sums, d->count), need = clcnn__sum_workspace(items);
    status = clcnn__check_plan(ctx, __func__, clcnn__l2_algos[0].name, need, plan);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"w", w, (size_t)d->count, CLCNN__IN},
                                     {"loss", loss, 1, CLCNN__OUT},
                                     {"workspace", plan->workspace, need, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    const clcnn_mem mems[] = {w, plan->workspace};
    if (status == CLCNN_SUCCESS)
        status = launch(ctx, "l2_direct_terms", d, mems);
    return status == CLCNN_SUCCESS ? clcnn__sum_enqueue(ctx, &sums, items, (float)(d->lambda / 2),
                                                        plan->workspace, loss)
                                   : status;
}

clcnn_status clcnn_l2_backward(clcnn_ctx *ctx, const clcnn_l2 *d, clcnn_mem w, clcnn_mem dw)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_descriptor(ctx, __func__, d);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"w", w, (size_t)d->count, CLCNN__IN},
                                     {"dw", dw, (size_t)d->count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    const clcnn_mem mems[] = {w, dw};
    return status == CLCNN_SUCCESS ? launch(ctx, "l2_direct_backward", d, mems) : status;
}
