/* What conv2d_row.c and conv2d_tile.c share of backward_weights; see conv2d_near.h. */
#include "conv2d_near.h"

#include <math.h>

#include "conv2d_taps.h"

/* Floats of local memory for a tile's inputs, */
static double inputs_of(const conv2d_near_args *a)
{
    const double rows = a->lines + (a->r - 1.0) * a->dilation_h;
    return a->channels * rows * (a->q + (a->s - 1.0) * a->dilation_w);
}

/* for its gradient, packed or, if not, where a cache may keep it, */
static double gradient_of(const clcnn__near *n)
{
    return (double)n->args.lines * n->args.q * n->args.blocks * n->block;
}

/* and for the sums; packed, filled up to whole groups of filter rows. */
static double sums_of(const clcnn__near *n)
{
    const conv2d_near_args *a = &n->args;
    const double vectors = (double)a->blocks * (n->packs ? 1 : n->block);
    const double more = n->packs ? (double)CONV2D_NEAR_ROWS(a->s) * a->s : 0;
    return (vectors * ((double)a->channels * a->r * a->s + 1) + more) * n->width;
}

/* Loops of a work-item for one tile, unrolled ones included, and for what comes behind them. */
static double tile_rounds(const clcnn__near *n)
{
    const conv2d_near_args *a = &n->args;
    const double rows = a->channels * (a->lines + (a->r - 1.0) * a->dilation_h);
    const double vectors = (a->q + (a->s - 1.0) * a->dilation_w) / n->width;
    const double each = n->packs ? a->q : clcnn__ceil_div(a->q, n->width);
    const double passes = (double)a->blocks * a->channels * a->r + 8;
    const double kept = 2.0 * (n->packs ? 1 : n->block) * a->s + 4;
    const double summed = (double)a->blocks * n->block * (a->lines * each + 16);
    const double packed = n->packs ? gradient_of(n) : 0;
    return rows * (vectors + 4) + passes * (a->lines * (each * n->pixel + 2) + kept) + summed +
           packed;
}

static double last_rounds(const clcnn__near *n)
{
    return 4 * sums_of(n) / n->width + 2.0 * n->args.blocks * n->args.channels;
}

/* Floats of local memory. */
static double own_of(const clcnn__near *n)
{
    const double packed = n->packs ? gradient_of(n) : 0;
    return inputs_of(&n->args) + 2.0 * n->width + sums_of(n) + packed;
}

/* What a work-item has: all that a group has, or as much as its sums leave room for, and the device
 * for a line. */
static void choose_share(const clcnn_ctx *ctx, clcnn__near *n)
{
    conv2d_near_args *a = &n->args;
    const double most = n->room / 2;
    const double local = (double)ctx->info.local_memory / sizeof(float);
    a->lines = 1;
    while ((sums_of(n) > most || own_of(n) > local) && a->channels > 1)
        a->channels = clcnn__ceil_div(a->channels, 2);
    while (sums_of(n) > most && a->blocks > 1)
        a->blocks = clcnn__ceil_div(a->blocks, 2);
}

/*
 * Lines of a tile: what the cache has room for beside the sums, and no more than leaves ENOUGH
 * tiles for many processors, but for those of LEAST pixels. Splits: enough, too, or as many as a
 * work-item's loops ask for. How many processors there are has no say, or it would have in the
 * bits.
 */
static void choose_lines(const clcnn_ctx *ctx, clcnn__near *n)
{
    enum { ENOUGH = 64, LEAST = 128 };
    conv2d_near_args *a = &n->args;
    const double shares = (double)n->parts * (double)n->items;
    const double rounds = clcnn__most_rounds(ctx) - last_rounds(n);
    for (int parts = 1;; parts = clcnn__ceil_div(a->p, a->lines - 1)) {
        a->lines = clcnn__ceil_div(a->p, parts);
        const bool fits = inputs_of(a) + (n->packs ? 2 : 1) * gradient_of(n) <= n->room &&
                          tile_rounds(n) <= rounds;
        const bool enough =
            shares * a->n * parts >= ENOUGH || (double)a->lines * a->q < 2.0 * LEAST;
        if (a->lines == 1 || (fits && enough))
            break;
    }
    const double tiles = (double)a->n * clcnn__ceil_div(a->p, a->lines);
    const double least = ceil(tiles / fmax(floor(rounds / tile_rounds(n)), 1));
    a->splits = (int)fmin(tiles, fmax(least, ceil(ENOUGH / shares)));
}

static conv2d_near_args make_args(const clcnn__conv2d_problem *problem, const clcnn__near *n,
                                  int blocks)
{
    const clcnn_conv2d *d = &problem->d;
    return (conv2d_near_args){.n = d->n,
                              .groups = d->groups,
                              .group_c = problem->group_c,
                              .h = d->h,
                              .w = d->w,
                              .group_k = problem->group_k,
                              .p = problem->p,
                              .q = problem->q,
                              .pad_top = d->pad_top,
                              .pad_left = d->pad_left,
                              .r = d->r,
                              .s = d->s,
                              .dilation_h = d->dilation_h,
                              .dilation_w = d->dilation_w,
                              .channels = problem->group_c,
                              .blocks = n->packs ? 1 : blocks,
                              .taps = problem->group_c * d->r * d->s};
}

void clcnn__near_make(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, clcnn__near *n)
{
    const int blocks = clcnn__ceil_div(problem->group_k, n->block);
    n->args = make_args(problem, n, blocks);
    conv2d_near_args *a = &n->args;
    choose_share(ctx, n);
    n->parts = clcnn__ceil_div(a->group_c, a->channels);
    n->items = (size_t)a->groups * (size_t)clcnn__ceil_div(blocks, a->blocks);
    choose_lines(ctx, n);
    const double own = own_of(n);
    const double lanes = n->packs ? (double)blocks * n->block * a->groups : (double)problem->d.k;
    const double partial = a->splits * lanes * (a->taps + 1.0);
    const double tensors = fmax((double)problem->x_count, (double)problem->y_count);
    if (fmax(fmax(tensors, lanes * a->taps), partial) > INT32_MAX)
        n->refusal = "its tensors or the partial sums have 2^31 elements or more";
    else if (own * sizeof(float) > (double)ctx->info.local_memory)
        n->refusal = "a tile's inputs do not fit the device's local memory";
    else if (tile_rounds(n) + last_rounds(n) > clcnn__most_rounds(ctx) ||
             clcnn__leaves_loops(ctx, CONV2D_ADD * (a->splits + 4.0)))
        n->refusal = "its sums are longer than a work-item's loops may be";
    if (n->refusal)
        return;
    n->own = (size_t)own * sizeof(float);
    n->partial = (size_t)partial;
}

size_t clcnn__near_workspace(const clcnn__conv2d_problem *problem, const clcnn__near *n)
{
    const size_t bias = (size_t)clcnn__bias_splits(problem) * (size_t)problem->bias;
    return (n->partial + (problem->transposed ? bias : 0)) * sizeof(float);
}

/* The parts added up, which vectors of pixels leave channel by channel. */
static conv2d_add_args add_args(const clcnn__conv2d_problem *problem, const clcnn__near *n,
                                const conv2d_near_args *a)
{
    conv2d_add_args add = {.k = problem->d.k,
                           .groups = 1,
                           .group_k = problem->d.k,
                           .blocks = problem->d.k,
                           .block = 1,
                           .taps = a->taps,
                           .sums = a->sums,
                           .splits = a->splits,
                           .accumulate = problem->d.accumulate};
    if (n->packs) {
        add.groups = a->groups;
        add.group_k = a->group_k;
        add.block = n->block;
        add.blocks = clcnn__ceil_div(a->group_k, n->block);
    }
    return add;
}

clcnn_status clcnn__near_enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                 const clcnn__near *n, clcnn__launch_desc *desc)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    conv2d_near_args a = n->args;
    a.sums = call->b.buf && !problem->transposed; /* a transposed db is no sum of what is dy here */
    if (!call->w.buf)
        a.taps = 0;
    desc->args = &a;
    desc->args_size = sizeof a;
    desc->local_bytes = n->own;
    const conv2d_add_args add = add_args(problem, n, &a);
    clcnn_status status = CLCNN_SUCCESS;
    if (a.taps || a.sums)
        status = clcnn__launch_single(
            ctx, desc, (clcnn_mem[]){call->x, call->y, call->workspace}, 3,
            (size_t[]){a.taps ? (size_t)n->parts : 1, n->items, (size_t)a.splits});
    if (status == CLCNN_SUCCESS && (a.taps || a.sums))
        status = clcnn__taps_add(ctx, &add, call->workspace, call->w, call->b);
    return status == CLCNN_SUCCESS && call->b.buf && problem->transposed
               ? clcnn__bias_sum(ctx, call, clcnn__behind(call->workspace, n->partial))
               : status;
}
