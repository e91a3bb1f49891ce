/* Adding up many values. */
#include "sum.h"

size_t clcnn__sum_workspace(size_t count)
{
    size_t total = count;
    while (count > SUM_FAN) {
        count = clcnn__div_up(count, SUM_FAN);
        total += count;
    }
    return total;
}

size_t clcnn__sum_items(clcnn_ctx *ctx, const clcnn__sum *sum, int count)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, sum->op, "direct", "any");
    return clcnn__div_up((size_t)count, clcnn__tune_value(row, "ITEM"));
}

clcnn_status clcnn__sum_plan(clcnn_ctx *ctx, const char *call, const clcnn__sum *sum, int count,
                             clcnn_plan *plan)
{
    if (!plan)
        return CLCNN__INVALID(&ctx->error, "%s: plan is NULL", call);
    const size_t items = clcnn__sum_items(ctx, sum, count);
    *plan = (clcnn_plan){.algo = clcnn_algos(sum->op)->name,
                         .workspace_bytes = 4 * clcnn__sum_workspace(items)};
    return CLCNN_SUCCESS;
}

static clcnn_status stage(clcnn_ctx *ctx, const clcnn__sum *sum, size_t count, float factor,
                          clcnn_mem from, clcnn_mem to)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, sum->op, "direct", "any");
    const sum_args args = {.count = (int)count, .factor = factor};
    const clcnn__launch_desc desc = {.program = sum->program,
                                     .kernel = sum->kernel,
                                     .row = row,
                                     .args = &args,
                                     .args_size = sizeof args,
                                     .mem_count = 2,
                                     .mems = {from, to},
                                     .global = {clcnn__div_up(count, SUM_FAN)},
                                     .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn__sum_shrink(clcnn_ctx *ctx, const clcnn__sum *sum, clcnn_mem *values,
                               size_t *count)
{
    clcnn_status status = CLCNN_SUCCESS;
    while (status == CLCNN_SUCCESS && *count > SUM_FAN) {
        const clcnn_mem to = {values->buf, values->offset + *count};
        status = stage(ctx, sum, *count, 1, *values, to);
        *count = clcnn__div_up(*count, SUM_FAN);
        *values = to;
    }
    return status;
}

clcnn_status clcnn__sum_enqueue(clcnn_ctx *ctx, const clcnn__sum *sum, size_t count, float factor,
                                clcnn_mem workspace, clcnn_mem result)
{
    const clcnn_status status = clcnn__sum_shrink(ctx, sum, &workspace, &count);
    return status == CLCNN_SUCCESS ? stage(ctx, sum, count, factor, workspace, result) : status;
}
