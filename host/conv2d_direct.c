/* conv2d by kernels/conv2d_direct.cl: one work-item per result, no workspace, everything legal. */
#include "conv2d.h"

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    (void)ctx;
    (void)problem;
    return NULL;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    (void)ctx;
    (void)problem;
    return true;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)ctx;
    (void)problem;
    (void)limit;
    return 0;
}

/* The indices of a sum: those of lines, two in one, and those along a line. */
typedef struct lengths {
    size_t lines, line;
} lengths;

/* One part of the sums, lines `line` to end_line - 1 and of each `first` to end - 1. Of several the
 * first begins with the bias or the gradient that is added to, and the last one ends with the
 * activation. */
static clcnn_status launch_part(clcnn_ctx *ctx, const char *kernel, const conv2d_args *part,
                                const lengths *all, const clcnn_mem *mems, int mem_count,
                                const size_t global[3])
{
    const bool begins = part->first_line == 0 && part->first == 0;
    const bool ends = (size_t)part->end_line == all->lines && (size_t)part->end == all->line;
    conv2d_args args = *part;
    args.has_bias = part->has_bias && begins;
    args.accumulate = part->accumulate && begins;
    args.activation = ends ? part->activation : CLCNN_IDENTITY;
    clcnn__launch_desc desc = {
        .program = "conv2d_direct",
        .kernel = kernel,
        .macro_count = 1,
        .macros = {{"CURVED", clcnn__curved((clcnn_activation_kind)part->activation)}},
        .args = &args,
        .args_size = sizeof args,
        .mem_count = mem_count,
        .global = {global[0], global[1], global[2]}};
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "direct", "any");
    desc.local[0] = row ? (size_t)clcnn__tune_value(row, "ITEMS") : 1;
    for (int i = 0; i < mem_count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Sums in parts of as many rounds as a work-item may have: a line has as many as it is long, and
 * takes OVERHEAD more. */
static clcnn_status launch(clcnn_ctx *ctx, const char *kernel, conv2d_args args, lengths all,
                           const clcnn_mem *mems, int mem_count, const size_t global[3])
{
    enum { OVERHEAD = 6 };
    const size_t most = (size_t)clcnn__most_rounds(ctx) - OVERHEAD;
    const size_t columns = least(all.line, most);
    const size_t fit = most / (columns + OVERHEAD), lines = fit > 0 ? fit : 1;
    clcnn_status status = CLCNN_SUCCESS;
    for (size_t line = 0; line < all.lines; line += lines)
        for (size_t at = 0; at < all.line && status == CLCNN_SUCCESS; at += columns) {
            args.first_line = (int)line;
            args.end_line = (int)least(line + lines, all.lines);
            args.first = (int)at;
            args.end = (int)least(at + columns, all.line);
            status = launch_part(ctx, kernel, &args, &all, mems, mem_count, global);
        }
    return status;
}

static clcnn_status enqueue_bias(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    clcnn_mem gradient;
    const conv2d_args args = clcnn__conv2d_bias_args(call, &gradient);
    return launch(ctx, "conv2d_direct_backward_bias", args,
                  (lengths){(size_t)args.n, (size_t)args.p * (size_t)args.q},
                  (clcnn_mem[]){gradient, call->b}, 2, (size_t[]){(size_t)args.k, 1, 1});
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const conv2d_args args = clcnn__conv2d_make_args(call);
    const size_t n = (size_t)args.n, c = (size_t)args.c, k = (size_t)args.k;
    const size_t out = (size_t)args.p * (size_t)args.q, r = (size_t)args.r, s = (size_t)args.s;
    clcnn_status status = CLCNN_SUCCESS;
    switch (problem->direction) {
    case CLCNN_FORWARD:
        return launch(ctx, "conv2d_direct_forward", args, (lengths){(size_t)args.group_c * r, s},
                      (clcnn_mem[]){call->x, call->w, call->b, call->y}, 4, (size_t[]){out, k, n});
    case CLCNN_BACKWARD_DATA:
        return launch(ctx, "conv2d_direct_backward_data", args,
                      (lengths){(size_t)args.group_k * r, s},
                      (clcnn_mem[]){call->y, call->w, call->b, call->x}, 4,
                      (size_t[]){(size_t)args.h * (size_t)args.w, c, n});
    case CLCNN_BACKWARD_WEIGHTS:
        if (call->w.buf)
            status = launch(ctx, "conv2d_direct_backward_weights", args,
                            (lengths){n * (size_t)args.p, (size_t)args.q},
                            (clcnn_mem[]){call->x, call->y, call->w}, 3,
                            (size_t[]){problem->w_count / k, k, 1});
        if (status == CLCNN_SUCCESS && call->b.buf)
            status = enqueue_bias(ctx, call);
    }
    return status;
}

const clcnn__conv2d_algo clcnn__conv2d_direct = {.name = "direct",
                                                 .refuses = refuses,
                                                 .preferred = preferred,
                                                 .workspace = workspace,
                                                 .enqueue = enqueue};
