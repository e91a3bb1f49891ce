/* softmax: the public calls, for the softmax and its logarithm. */
#include "internal.h"
#include "softmax_args.h"

/* The constants: host/ref/softmax.c. */
const clcnn_algo clcnn__softmax_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_NORMWISE, 1.1}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* Rounds of a vector of a row: measured, with what llvmpipe leaves of unrolled loops. */
static clcnn_status check_rounds(clcnn_ctx *ctx, const char *call, const clcnn_softmax *d)
{
    enum { ROUNDS = 3 };
    const int vec = clcnn__tune_value(clcnn__tune(ctx, "softmax", "direct", "any"), "VEC");
    return vec > 0 ? clcnn__check_rounds(ctx, call, "classes", d->classes, (double)ROUNDS / vec)
                   : CLCNN_SUCCESS;
}

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call, const clcnn_softmax *d,
                                     size_t *count)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    const int sizes[] = {d->n, d->classes};
    const clcnn_status status = clcnn__elements(&ctx->error, call, sizes, 2, count);
    return status == CLCNN_SUCCESS ? check_rounds(ctx, call, d) : status;
}

/*
 * Rows of a work-item of forward: fewer than the tuning row allows where a compute unit would have
 * fewer than SHARES work-items, or a work-item too many rounds. It goes along a row four times.
 */
static int rows_of_item(const clcnn_ctx *ctx, const clcnn_softmax *d, const clcnn__tune_row *row)
{
    enum { SHARES = 4 };
    const double rounds = 4.0 * d->classes / clcnn__tune_value(row, "VEC");
    const double shares = (double)SHARES * ctx->info.compute_units;
    int rows = clcnn__tune_value(row, "MAX_ROWS");
    while (rows > 1 && (rows * shares > d->n || rows * rounds > CLCNN__MAX_ROUNDS))
        rows /= 2;
    return rows;
}

static clcnn_status launch(clcnn_ctx *ctx, bool forward, const clcnn_softmax *d,
                           const clcnn_mem *mems, int count)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "softmax", "direct", "any");
    const softmax_args args = {.n = d->n,
                               .classes = d->classes,
                               .log = d->log,
                               .accumulate = d->accumulate,
                               .rows = forward ? rows_of_item(ctx, d, row) : 1};
    clcnn__launch_desc desc = {.program = "softmax_direct",
                               .kernel =
                                   forward ? "softmax_direct_forward" : "softmax_direct_backward",
                               .row = row,
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = count,
                               .global = {clcnn__div_up((size_t)d->n, args.rows)},
                               .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    for (int i = 0; i < count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn_softmax_forward(clcnn_ctx *ctx, const clcnn_softmax *d, clcnn_mem x, clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t count = 0;
    clcnn_status status = check_descriptor(ctx, __func__, d, &count);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, count, CLCNN__IN | CLCNN__IN_PLACE},
                                     {"y", y, count, CLCNN__OUT | CLCNN__IN_PLACE}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    const clcnn_mem mems[] = {x, y};
    return status == CLCNN_SUCCESS ? launch(ctx, true, d, mems, 2) : status;
}

clcnn_status clcnn_softmax_backward(clcnn_ctx *ctx, const clcnn_softmax *d, clcnn_mem y,
                                    clcnn_mem dy, clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t count = 0;
    clcnn_status status = check_descriptor(ctx, __func__, d, &count);
    if (status != CLCNN_SUCCESS)
        return status;
    const int in_place = d->accumulate ? 0 : CLCNN__IN_PLACE;
    const clcnn__tensor tensors[] = {{"y", y, count, CLCNN__IN},
                                     {"dy", dy, count, CLCNN__IN | in_place},
                                     {"dx", dx, count, CLCNN__OUT | in_place}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    const clcnn_mem mems[] = {y, dy, dx};
    return status == CLCNN_SUCCESS ? launch(ctx, false, d, mems, 3) : status;
}
