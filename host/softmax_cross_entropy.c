/*
 * softmax_cross_entropy: the public calls. Forward is one launch for the rows and one for each
 * stage of adding up their losses: two in all for up to FAN rows.
 */
#include "internal.h"
#include "softmax_cross_entropy_args.h"

#include <string.h>

enum { FAN = SOFTMAX_CROSS_ENTROPY_FAN };

/* The constant: host/ref/softmax_cross_entropy.c. */
const clcnn_algo clcnn__softmax_cross_entropy_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_NORMWISE, 1.1}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* The workspace holds the rows' losses, then the sums of each stage but the last. */
static size_t workspace_count(int n)
{
    size_t count = (size_t)n, total = count;
    while (count > FAN) {
        count = clcnn__div_up(count, FAN);
        total += count;
    }
    return total;
}

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call,
                                     const clcnn_softmax_cross_entropy *d, size_t *count)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    const int sizes[] = {d->n, d->classes};
    return clcnn__elements(&ctx->error, call, sizes, 2, count);
}

clcnn_status clcnn_softmax_cross_entropy_plan(clcnn_ctx *ctx, const clcnn_softmax_cross_entropy *d,
                                              clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t count = 0;
    clcnn_status status = check_descriptor(ctx, __func__, d, &count);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!plan)
        return CLCNN__INVALID(&ctx->error, "%s: plan is NULL", __func__);
    *plan = (clcnn_plan){.algo = clcnn__softmax_cross_entropy_algos[0].name,
                         .workspace_bytes = 4 * workspace_count(d->n)};
    return CLCNN_SUCCESS;
}

/* The workspace of a call that wants the loss: it must be there and large enough for n rows. */
static clcnn_status check_plan(clcnn_ctx *ctx, const char *call, int n, const clcnn_plan *plan)
{
    if (!plan)
        return CLCNN__INVALID(&ctx->error, "%s: the loss needs a plan, plan is NULL", call);
    if (!plan->algo || strcmp(plan->algo, clcnn__softmax_cross_entropy_algos[0].name) != 0)
        return CLCNN__INVALID(&ctx->error, "%s: the plan's algorithm is \"%.40s\", which is none",
                              call, plan->algo ? plan->algo : "(NULL)");
    const size_t need = 4 * workspace_count(n);
    size_t bytes = plan->workspace_bytes;
    if (bytes < need)
        return CLCNN__FAIL(
            &ctx->error, CLCNN_WORKSPACE_TOO_SMALL,
            "%s: %d rows need a workspace of %zu bytes, the plan says %zu (a plan of "
            "another problem?)",
            call, n, need, bytes);
    bytes = 0;
    if (plan->workspace.buf)
        clGetMemObjectInfo(plan->workspace.buf, CL_MEM_SIZE, sizeof bytes, &bytes, NULL);
    if (bytes / 4 < plan->workspace.offset || bytes / 4 - plan->workspace.offset < need / 4)
        return CLCNN__FAIL(&ctx->error, CLCNN_WORKSPACE_TOO_SMALL,
                           "%s: %d rows need a workspace of %zu bytes from element %zu, the buffer "
                           "has %zu bytes",
                           call, n, need, plan->workspace.offset, bytes);
    return CLCNN_SUCCESS;
}

static clcnn_status launch(clcnn_ctx *ctx, const char *kernel, const void *args, size_t args_size,
                           size_t items, const clcnn_mem *mems, int count)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "softmax_cross_entropy", "direct", "any");
    clcnn__launch_desc desc = {.program = "softmax_cross_entropy_direct",
                               .kernel = kernel,
                               .row = row,
                               .args = args,
                               .args_size = args_size,
                               .mem_count = count,
                               .global = {items},
                               .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    for (int i = 0; i < count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

/* Adds up the n shares of the mean loss that begin the workspace. */
static clcnn_status reduce(clcnn_ctx *ctx, int n, clcnn_mem workspace, clcnn_mem loss)
{
    clcnn_status status = CLCNN_SUCCESS;
    clcnn_mem from = workspace;
    for (size_t count = (size_t)n; from.buf && status == CLCNN_SUCCESS;) {
        const size_t sums = clcnn__div_up(count, FAN);
        const bool last = sums == 1;
        const clcnn_mem to = last ? loss : (clcnn_mem){from.buf, from.offset + count};
        const softmax_cross_entropy_reduce_args args = {.count = (int)count};
        const clcnn_mem mems[] = {from, to};
        status =
            launch(ctx, "softmax_cross_entropy_direct_reduce", &args, sizeof args, sums, mems, 2);
        from = last ? CLCNN_NO_MEM : to;
        count = sums;
    }
    return status;
}

static softmax_cross_entropy_args make_args(const clcnn_softmax_cross_entropy *d)
{
    return (softmax_cross_entropy_args){
        .n = d->n, .classes = d->classes, .inverse_n = (float)(1.0 / d->n)};
}

clcnn_status clcnn_softmax_cross_entropy_forward(clcnn_ctx *ctx,
                                                 const clcnn_softmax_cross_entropy *d, clcnn_mem x,
                                                 clcnn_mem labels, clcnn_mem y, clcnn_mem loss,
                                                 const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t count = 0;
    clcnn_status status = check_descriptor(ctx, __func__, d, &count);
    if (status == CLCNN_SUCCESS && !y.buf && !loss.buf)
        status = CLCNN__INVALID(&ctx->error, "%s: neither y nor loss is given", __func__);
    if (status == CLCNN_SUCCESS && loss.buf)
        status = check_plan(ctx, __func__, d->n, plan);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem workspace = loss.buf ? plan->workspace : CLCNN_NO_MEM;
    const int with_labels = loss.buf ? CLCNN__IN : CLCNN__IN | CLCNN__OPTIONAL;
    const clcnn__tensor tensors[] = {
        {"x", x, count, CLCNN__IN},
        {"labels", labels, (size_t)d->n, with_labels},
        {"y", y, count, CLCNN__OUT | CLCNN__OPTIONAL},
        {"loss", loss, 1, CLCNN__OUT | CLCNN__OPTIONAL},
        {"workspace", workspace, workspace_count(d->n), CLCNN__OUT | CLCNN__OPTIONAL}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 5);
    if (status != CLCNN_SUCCESS)
        return status;

    softmax_cross_entropy_args args = make_args(d);
    args.with_y = y.buf != NULL;
    args.with_loss = loss.buf != NULL;
    const clcnn_mem mems[] = {x, labels, y, workspace};
    status = launch(ctx, "softmax_cross_entropy_direct_forward", &args, sizeof args, (size_t)d->n,
                    mems, 4);
    return status == CLCNN_SUCCESS && loss.buf ? reduce(ctx, d->n, workspace, loss) : status;
}

clcnn_status clcnn_softmax_cross_entropy_backward(clcnn_ctx *ctx,
                                                  const clcnn_softmax_cross_entropy *d, clcnn_mem y,
                                                  clcnn_mem labels, clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t count = 0;
    clcnn_status status = check_descriptor(ctx, __func__, d, &count);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"y", y, count, CLCNN__IN | CLCNN__IN_PLACE},
                                     {"labels", labels, (size_t)d->n, CLCNN__IN},
                                     {"dx", dx, count, CLCNN__OUT | CLCNN__IN_PLACE}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    if (status != CLCNN_SUCCESS)
        return status;
    const softmax_cross_entropy_args args = make_args(d);
    const clcnn_mem mems[] = {y, labels, dx};
    return launch(ctx, "softmax_cross_entropy_direct_backward", &args, sizeof args, (size_t)d->n,
                  mems, 3);
}
