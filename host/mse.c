/* mse: the public calls. Forward is one launch for the squares and one for each stage of their sum.
 */
#include "mse_args.h"
#include "sum.h"

/* The constants: host/ref/mse.c. */
const clcnn_algo clcnn__mse_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_NORMWISE, 1.1}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static const clcnn__sum sums = {"mse", "mse_direct", "mse_direct_sum"};

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call, const clcnn_mse *d)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (d->count < 1)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 1", call, d->count);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_mse_plan(clcnn_ctx *ctx, const clcnn_mse *d, clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    const clcnn_status status = check_descriptor(ctx, __func__, d);
    return status == CLCNN_SUCCESS ? clcnn__sum_plan(ctx, __func__, &sums, d->count, plan) : status;
}

static clcnn_status launch(clcnn_ctx *ctx, const char *kernel, const clcnn_mse *d,
                           const clcnn_mem *mems)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "mse", "direct", "any");
    const mse_args args = {
        .count = d->count, .accumulate = d->accumulate, .factor = (float)(2.0 / d->count)};
    clcnn__launch_desc desc = {.program = "mse_direct",
                               .kernel = kernel,
                               .row = row,
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 3,
                               .global = {clcnn__sum_items(ctx, &sums, d->count)},
                               .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    for (int i = 0; i < desc.mem_count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn_mse_forward(clcnn_ctx *ctx, const clcnn_mse *d, clcnn_mem x, clcnn_mem target,
                               clcnn_mem loss, const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_descriptor(ctx, __func__, d);
    if (status != CLCNN_SUCCESS)
        return status;
    const size_t items = clcnn__sum_items(ctx, &sums, d->count), need = clcnn__sum_workspace(items);
    status = clcnn__check_plan(ctx, __func__, clcnn__mse_algos[0].name, need, plan);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, (size_t)d->count, CLCNN__IN},
                                     {"target", target, (size_t)d->count, CLCNN__IN},
                                     {"loss", loss, 1, CLCNN__OUT},
                                     {"workspace", plan->workspace, need, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 4);
    const clcnn_mem mems[] = {x, target, plan->workspace};
    if (status == CLCNN_SUCCESS)
        status = launch(ctx, "mse_direct_terms", d, mems);
    return status == CLCNN_SUCCESS ? clcnn__sum_enqueue(ctx, &sums, items, (float)(1.0 / d->count),
                                                        plan->workspace, loss)
                                   : status;
}

clcnn_status clcnn_mse_backward(clcnn_ctx *ctx, const clcnn_mse *d, clcnn_mem x, clcnn_mem target,
                                clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_descriptor(ctx, __func__, d);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, (size_t)d->count, CLCNN__IN},
                                     {"target", target, (size_t)d->count, CLCNN__IN},
                                     {"dx", dx, (size_t)d->count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    const clcnn_mem mems[] = {x, target, dx};
    return status == CLCNN_SUCCESS ? launch(ctx, "mse_direct_backward", d, mems) : status;
}
