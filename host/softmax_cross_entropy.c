/*
 * softmax_cross_entropy: the public calls. Forward is one launch for the rows and one for each
 * stage of adding up their losses (and counts): two in all for up to SUM_FAN rows. The gradient
 * with its loss is as many launches, or one where a work-item takes all rows.
 */
#include "softmax_cross_entropy_args.h"
#include "sum.h"

/* The constant: host/ref/softmax_cross_entropy.c. */
const clcnn_algo clcnn__softmax_cross_entropy_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_NORMWISE, 1.1}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static const clcnn__sum sums = {"softmax_cross_entropy", "softmax_cross_entropy_direct",
                                "softmax_cross_entropy_direct_sum"};

/* The workspace holds the rows' losses with their sums, and behind them, where labels may be
 * ignored, the rows' counts with theirs. */
static size_t workspace_count(const clcnn_softmax_cross_entropy *d)
{
    return clcnn__sum_workspace((size_t)d->n) * (d->ignore ? 2 : 1);
}

/* Rounds of a vector of a row, and of one of labels: measured, with what llvmpipe leaves of
 * unrolled loops. */
static clcnn_status check_rounds(clcnn_ctx *ctx, const char *call,
                                 const clcnn_softmax_cross_entropy *d)
{
    enum { ROUNDS = 6, LABEL_ROUNDS = 2 };
    const int vec =
        clcnn__tune_value(clcnn__tune(ctx, "softmax_cross_entropy", "direct", "any"), "VEC");
    if (vec < 1)
        return CLCNN_SUCCESS; /* the build says so */
    const clcnn_status status =
        clcnn__check_rounds(ctx, call, "classes", d->classes, (double)ROUNDS / vec);
    return status == CLCNN_SUCCESS && d->ignore
               ? clcnn__check_rounds(ctx, call, "labels", d->n, (double)LABEL_ROUNDS / vec)
               : status;
}

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call,
                                     const clcnn_softmax_cross_entropy *d, size_t *count)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    const int sizes[] = {d->n, d->classes};
    if (!(d->label_smoothing >= 0 && d->label_smoothing <= 1))
        return CLCNN__INVALID(&ctx->error, "%s: label_smoothing is %g, it must be from 0 to 1",
                              call, d->label_smoothing);
    const clcnn_status status = clcnn__elements(&ctx->error, call, sizes, 2, count);
    return status == CLCNN_SUCCESS ? check_rounds(ctx, call, d) : status;
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
                         .workspace_bytes = 4 * workspace_count(d)};
    return CLCNN_SUCCESS;
}

/* `gradient`: of the program that has that kernel alone. */
static clcnn_status launch(clcnn_ctx *ctx, const char *kernel, bool gradient, const void *args,
                           size_t args_size, size_t items, const clcnn_mem *mems, int count)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "softmax_cross_entropy", "direct", "any");
    clcnn__launch_desc desc = {.program = "softmax_cross_entropy_direct",
                               .kernel = kernel,
                               .row = row,
                               .macro_count = gradient ? 1 : 0,
                               .macros = {{"GRADIENT", 1}},
                               .args = args,
                               .args_size = args_size,
                               .mem_count = count,
                               .global = {items},
                               .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    for (int i = 0; i < count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

/* Adds up the n shares of the mean loss that begin the workspace; where labels may be ignored, the
 * rows that count behind them. */
static clcnn_status reduce(clcnn_ctx *ctx, const clcnn_softmax_cross_entropy *d,
                           clcnn_mem workspace, clcnn_mem loss)
{
    size_t left = (size_t)d->n, counts_left = left;
    clcnn_mem losses = workspace;
    clcnn_mem counts = {workspace.buf, workspace.offset + clcnn__sum_workspace((size_t)d->n)};
    if (!d->ignore)
        return clcnn__sum_enqueue(ctx, &sums, left, 1, workspace, loss);
    clcnn_status status = clcnn__sum_shrink(ctx, &sums, &losses, &left);
    if (status == CLCNN_SUCCESS)
        status = clcnn__sum_shrink(ctx, &sums, &counts, &counts_left);
    if (status != CLCNN_SUCCESS)
        return status;
    const softmax_cross_entropy_finish_args args = {.count = (int)left, .n = (float)d->n};
    const clcnn_mem mems[] = {losses, counts, loss};
    return launch(ctx, "softmax_cross_entropy_direct_finish", false, &args, sizeof args, 1, mems,
                  3);
}

/* Rows of a work-item of backward: one, or so many that counting the labels is no more work than
 * all the rest. */
static int backward_rows(const clcnn_softmax_cross_entropy *d)
{
    enum { MOST_ITEMS = 1024 };
    return d->ignore ? (int)clcnn__div_up((size_t)d->n, MOST_ITEMS) : 1;
}

static softmax_cross_entropy_args make_args(const clcnn_softmax_cross_entropy *d)
{
    const double smoothing = d->label_smoothing / d->classes;
    return (softmax_cross_entropy_args){.n = d->n,
                                        .classes = d->classes,
                                        .ignore = d->ignore,
                                        .ignored_label = d->ignored_label,
                                        .counts = (int)clcnn__sum_workspace((size_t)d->n),
                                        .rows = backward_rows(d),
                                        .rest = (float)(1 - d->label_smoothing),
                                        .smoothing = (float)smoothing,
                                        .hit = (float)(1 - d->label_smoothing + smoothing),
                                        .inverse_n = (float)(1.0 / d->n)};
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
        status = clcnn__check_plan(ctx, __func__, clcnn__softmax_cross_entropy_algos[0].name,
                                   workspace_count(d), plan);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem workspace = loss.buf ? plan->workspace : CLCNN_NO_MEM;
    const int with_labels = loss.buf ? CLCNN__IN : CLCNN__IN | CLCNN__OPTIONAL;
    const clcnn__tensor tensors[] = {
        {"x", x, count, CLCNN__IN},
        {"labels", labels, (size_t)d->n, with_labels},
        {"y", y, count, CLCNN__OUT | CLCNN__OPTIONAL},
        {"loss", loss, 1, CLCNN__OUT | CLCNN__OPTIONAL},
        {"workspace", workspace, workspace_count(d), CLCNN__OUT | CLCNN__OPTIONAL}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 5);
    if (status != CLCNN_SUCCESS)
        return status;

    softmax_cross_entropy_args args = make_args(d);
    args.with_y = y.buf != NULL;
    args.with_loss = loss.buf != NULL;
    const clcnn_mem mems[] = {x, labels, y, workspace};
    status = launch(ctx, "softmax_cross_entropy_direct_forward", false, &args, sizeof args,
                    (size_t)d->n, mems, 4);
    return status == CLCNN_SUCCESS && loss.buf ? reduce(ctx, d, workspace, loss) : status;
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
    return launch(ctx, "softmax_cross_entropy_direct_backward", false, &args, sizeof args,
                  clcnn__div_up((size_t)d->n, args.rows), mems, 3);
}

/* Whether one work-item takes all rows of gradient, and adds up their losses in the order in which
 * the one stage of up to SUM_FAN rows would. Else the rows of each. */
static void share_rows(clcnn_ctx *ctx, const clcnn_softmax_cross_entropy *d, size_t count,
                       softmax_cross_entropy_args *args)
{
    enum { PARTS = 8 };
    const clcnn__tune_row *row = clcnn__tune(ctx, "softmax_cross_entropy", "direct", "any");
    const int together = clcnn__tune_value(row, "TOGETHER"), few = together / PARTS / d->classes;
    args->alone = d->n <= SUM_FAN && count <= (size_t)together;
    if (args->alone)
        args->rows = d->n;
    else if (args->rows < few)
        args->rows = few;
}

clcnn_status clcnn_softmax_cross_entropy_gradient(clcnn_ctx *ctx,
                                                  const clcnn_softmax_cross_entropy *d, clcnn_mem x,
                                                  clcnn_mem labels, clcnn_mem loss, clcnn_mem dx,
                                                  const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t count = 0;
    clcnn_status status = check_descriptor(ctx, __func__, d, &count);
    if (status == CLCNN_SUCCESS)
        status = clcnn__check_plan(ctx, __func__, clcnn__softmax_cross_entropy_algos[0].name,
                                   workspace_count(d), plan);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem workspace = plan->workspace;
    const clcnn__tensor tensors[] = {{"x", x, count, CLCNN__IN},
                                     {"labels", labels, (size_t)d->n, CLCNN__IN},
                                     {"loss", loss, 1, CLCNN__OUT},
                                     {"dx", dx, count, CLCNN__OUT},
                                     {"workspace", workspace, workspace_count(d), CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 5);
    if (status != CLCNN_SUCCESS)
        return status;
    softmax_cross_entropy_args args = make_args(d);
    share_rows(ctx, d, count, &args);
    const clcnn_mem mems[] = {x, labels, dx, workspace, loss};
    status = launch(ctx, "softmax_cross_entropy_direct_gradient", true, &args, sizeof args,
                    clcnn__div_up((size_t)d->n, args.rows), mems, 5);
    return status == CLCNN_SUCCESS && !args.alone ? reduce(ctx, d, workspace, loss) : status;
}
