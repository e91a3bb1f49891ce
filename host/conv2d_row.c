/*
 * conv2d by kernels/conv2d_row.cl: vectors along the rows, for few channels; strides of 1, and any
 * backward to the data.
 *
 * A work-item has its inputs in local memory. Forward and backward_data need no workspace;
 * backward_weights keeps the splits' partial dw and db there.
 */
#include <math.h>

#include "conv2d_near.h"
#include "conv2d_taps.h"

enum { MOST_SEGMENTS = 16 };

typedef struct cut {
    clcnn__taps taps;  /* program, macros and blocks */
    int width;         /* pixels of a vector, VEC */
    int segments;      /* vectors of a work-item and channel, SEGS */
    int most_channels; /* the default takes this algorithm up to here, CHANNELS */
    double near;       /* floats of local memory for a tile's inputs, about, NEAR */
    /* Forward and backward_data: */
    conv2d_row_args args;
    int rows, columns;   /* of the result, of each phase */
    size_t items;        /* tiles */
    size_t own;          /* bytes of local memory */
    clcnn__near weights; /* backward_weights */
} cut;

/* Channels come in blocks from a short list, so that few variants are ever built. */
static int block_for(int lanes)
{
    static const int blocks[] = {1, 2, 3, 4, 6, 8};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        if (lanes <= blocks[i])
            return blocks[i];
    return 8;
}

/* backward_weights: a row of the filters stays in registers, so their width is a macro. */
static int weights_block_for(int lanes)
{
    return lanes < 3 ? lanes : lanes % 3 == 0 ? 3 : 4;
}

static int filter_of(const clcnn__conv2d_problem *problem)
{
    return problem->d.s == 3 || problem->d.s == 5 ? problem->d.s : 0;
}

/* backward_data: how far apart the columns of a phase are, 0 for any way that is not 1 or 2. */
static int stride_of(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    return d->stride_w == 2 ? 2 : d->stride_w == 1 && d->stride_h == 1 ? 1 : 0;
}

/* ---- Forward and backward_data: tiles ----------------------------------------------------------
 */

/* How much further than the results the inputs reach that meet them; as reach_of of the kernel. A
 * double, because filters may reach anywhere. */
static double reach_of(int size, int dilation, int step, int pad)
{
    return floor((size - 1.0) * dilation / step) + (pad % step > 0 ? 1 : 0);
}

/* A tile's rows of inputs, and a row's pixels. */
static double near_rows(const conv2d_row_args *a, int lines)
{
    return lines + reach_of(a->r, a->dilation_h, a->step_h, a->pad_top);
}

static double near_pitch(const conv2d_row_args *a, int columns)
{
    return columns + reach_of(a->s, a->dilation_w, a->step_w, a->pad_left);
}

static conv2d_row_args row_args(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    conv2d_row_args a = {.n = d->n,
                         .groups = d->groups,
                         .step_h = 1,
                         .step_w = 1,
                         .pad_top = d->pad_top,
                         .pad_left = d->pad_left,
                         .r = d->r,
                         .s = d->s,
                         .dilation_h = d->dilation_h,
                         .dilation_w = d->dilation_w,
                         .sign = 1,
                         .in_channels = problem->group_c,
                         .in_h = d->h,
                         .in_w = d->w,
                         .out_group = problem->group_k,
                         .out_h = problem->p,
                         .out_w = problem->q,
                         .activation = problem->forward ? (int)d->activation : CLCNN_IDENTITY,
                         .slope = (int)problem->slope.kind,
                         .alpha = (float)(problem->forward ? d->alpha : problem->slope.alpha),
                         .accumulate = !problem->forward && d->accumulate};
    if (problem->direction == CLCNN_BACKWARD_DATA) {
        a.step_h = d->stride_h;
        a.step_w = d->stride_w;
        a.sign = -1;
        a.in_channels = problem->group_k;
        a.in_h = problem->p;
        a.in_w = problem->q;
        a.out_group = problem->group_c;
        a.out_h = d->h;
        a.out_w = d->w;
    }
    return a;
}

static double near_plane(const conv2d_row_args *a, int lines, int columns)
{
    return near_rows(a, lines) * near_pitch(a, columns);
}

/* Work-items' turns for a tile: SEGS segments of each phase. */
static double turns(const cut *c, int lines, int columns)
{
    const conv2d_row_args *a = &c->args;
    const double segments = (double)lines * clcnn__ceil_div(columns, c->width);
    return ceil(segments / c->segments) * a->step_h * a->step_w;
}

/* Channels that are in local memory at a time. */
static double chunk_of(const cut *c, int lines, int columns)
{
    const double fit = floor(c->near / near_plane(&c->args, lines, columns));
    return fmin(fmax(fit, 1), c->args.in_channels);
}

/* Floats of local memory: inputs, and the sums that wait for the next chunk, or those at hand. */
static double own_of(const cut *c, int lines, int columns)
{
    const double chunk = chunk_of(c, lines, columns);
    const double phase = (double)c->segments * c->taps.block * c->width;
    const double at_hand = c->args.step_w == 2 ? 2 : 1; /* phases that are put in place together */
    const double sums = chunk < c->args.in_channels ? turns(c, lines, columns) : at_hand;
    return chunk * near_plane(&c->args, lines, columns) + 2 * c->width + sums * phase;
}

/* Loops of a work-item, unrolled ones included. */
static double rounds_of(const cut *c, int lines, int columns)
{
    const conv2d_row_args *a = &c->args;
    const double chunks = ceil(a->in_channels / chunk_of(c, lines, columns));
    const double taps = (double)a->r * a->s / ((double)a->step_h * a->step_w) + a->r + 1;
    const double sums = (double)c->segments * c->taps.block;
    const double tap = 1 + c->segments + c->taps.block + sums;
    const double each =
        (4 + c->width) * sums + c->segments + a->r + a->s + a->step_h + a->step_w + 32;
    return a->in_channels * near_rows(a, lines) * (near_pitch(a, columns) / c->width + 4) +
           turns(c, lines, columns) * (taps * a->in_channels * tap + chunks * each);
}

/*
 * What a tile costs for each of its results, in cycles or so: its inputs are brought once, four
 * cycles a vector, and between chunks its sums are put away and fetched.
 */
static double cost_of(const cut *c, int lines, int columns)
{
    enum { ROW = 12, LINE = 8 };
    const conv2d_row_args *a = &c->args;
    const double chunks = ceil(a->in_channels / chunk_of(c, lines, columns));
    const double vectors = (double)clcnn__ceil_div(columns, c->width) * c->width;
    const double vectors_in = 1 + near_pitch(a, columns) / c->width;
    const double brought = near_rows(a, lines) * a->in_channels * (ROW + LINE * vectors_in);
    const double sums = lines * vectors * a->step_h * a->step_w * c->taps.block;
    const double taps = (double)a->r * a->s / ((double)a->step_h * a->step_w) * a->in_channels;
    return (brought + sums * (2 * (chunks - 1) + taps / 2)) / ((double)lines * columns);
}

static int twice(int parts, int most)
{
    return parts < most / 2 ? 2 * parts : most;
}

/* The cheapest tile that leaves enough of them for all processors. */
static void choose_tile(const clcnn_ctx *ctx, cut *c)
{
    enum { PER_UNIT = 16, MOST_LINES = 64, MOST_VECTORS = 16 };
    const double most = clcnn__most_rounds(ctx);
    const double room = fmin(2 * c->near, (double)ctx->info.local_memory / sizeof(float));
    conv2d_row_args *a = &c->args;
    const double wanted = (double)ctx->info.compute_units * PER_UNIT;
    const double others = (double)a->n * a->groups * a->blocks;
    double least = INFINITY;
    a->lines = 1;
    a->columns = c->width;
    for (int across = clcnn__ceil_div(c->columns, MOST_VECTORS * c->width);;
         across = twice(across, c->columns)) {
        const int vectors = clcnn__ceil_div(clcnn__ceil_div(c->columns, c->width), across);
        const int columns = vectors == 1 || across > 1 ? vectors * c->width : c->columns;
        for (int down = clcnn__ceil_div(c->rows, MOST_LINES);; down = twice(down, c->rows)) {
            const int lines = clcnn__ceil_div(c->rows, down);
            const bool enough = others * down * across >= wanted;
            const double cost = cost_of(c, lines, columns);
            if (cost < least && (enough || lines == 1) && rounds_of(c, lines, columns) <= most &&
                own_of(c, lines, columns) <= room) {
                least = cost;
                a->lines = lines;
                a->columns = columns;
            }
            if (lines == 1)
                break;
        }
        if (vectors == 1)
            break;
    }
    a->chunk = (int)chunk_of(c, a->lines, a->columns);
    c->items = (size_t)a->n * clcnn__div_up((size_t)c->rows, a->lines) *
               clcnn__div_up((size_t)c->columns, a->columns);
}

/* Whether an index, or a place that a tap reaches, may have no 32 bits. */
static bool too_far(const conv2d_row_args *a)
{
    const double groups = (double)a->n * a->groups;
    const double in = groups * a->in_channels * a->in_h * a->in_w;
    const double out = groups * a->out_group * a->out_h * a->out_w;
    const double down = (double)a->r * a->dilation_h + a->pad_top + a->step_h;
    const double right = (double)a->s * a->dilation_w + a->pad_left + a->step_w;
    const double weights = (double)a->groups * a->in_channels * a->out_group * a->r * a->s;
    const double steps = fmax((double)a->step_h * a->dilation_h, (double)a->step_w * a->dilation_w);
    return fmax(fmax(in, out), fmax(fmax(weights, steps), fmax(down, right))) > INT32_MAX;
}

static void make_tile(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, cut *c)
{
    c->args = row_args(problem);
    conv2d_row_args *a = &c->args;
    c->taps.blocks = a->blocks = clcnn__ceil_div(a->out_group, c->taps.block);
    c->rows = clcnn__ceil_div(a->out_h, a->step_h);
    c->columns = clcnn__ceil_div(a->out_w, a->step_w);
    if (too_far(a)) {
        c->taps.refusal = "its tensors or the reach of its taps have 2^31 elements or more";
        return;
    }
    choose_tile(ctx, c);
    const double own = own_of(c, a->lines, a->columns) * sizeof(float);
    if (own > (double)ctx->info.local_memory)
        c->taps.refusal = "a tile's inputs do not fit the device's local memory";
    else if (rounds_of(c, a->lines, a->columns) > clcnn__most_rounds(ctx))
        c->taps.refusal = "its sums are longer than a work-item's loops may be";
    else
        c->own = (size_t)own;
}

static void make_near(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, cut *c)
{
    const double block = c->taps.block, columns = problem->d.s;
    c->weights = (clcnn__near){.width = c->width,
                               .block = c->taps.block,
                               .room = c->near,
                               .pixel = 1 + columns + block * (1 + columns)};
    clcnn__near_make(ctx, problem, &c->weights);
    c->taps.refusal = c->weights.refusal;
}

static cut cut_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const bool weights = problem->direction == CLCNN_BACKWARD_WEIGHTS;
    const bool back = problem->direction == CLCNN_BACKWARD_DATA;
    const int step_w = back ? problem->d.stride_w : 1;
    const int columns = clcnn__ceil_div(back ? problem->d.w : problem->q, step_w);
    const char *wide = step_w > 1 ? "phase" : "long";
    const char *shape = columns <= 4 ? "short" : columns <= 8 ? "medium" : wide;
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "row", shape);
    cut c = {.width = clcnn__tune_vector(row),
             .most_channels = clcnn__tune_value(row, "CHANNELS"),
             .near = clcnn__tune_value(row, "NEAR") * 1024.0 / sizeof(float)};
    const int lanes = clcnn__taps_lanes(problem), block = block_for(lanes);
    const int gradients = weights_block_for(lanes);
    c.segments = clcnn__tune_value(row, "SUMS") / block;
    if (c.segments < 1)
        c.segments = 1;
    if (c.segments > MOST_SEGMENTS)
        c.segments = MOST_SEGMENTS;
    c.taps = (clcnn__taps){.program = "conv2d_row",
                           .row = row,
                           .macro_count = 7,
                           .macros = {{"BLOCK", block},
                                      {"SEGS", c.segments},
                                      {"STRIDE", stride_of(problem)},
                                      {"GRADIENTS", gradients},
                                      {"FILTER", filter_of(problem)},
                                      {"SPREAD", weights && problem->d.dilation_w > 1},
                                      {"CURVED", clcnn__conv2d_curved(problem)}},
                           .block = weights ? gradients : block};
    if (c.width > 0 && weights)
        make_near(ctx, problem, &c);
    else if (c.width > 0)
        make_tile(ctx, problem, &c);
    return c;
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS && !filter_of(problem))
        return "its backward_weights needs filters of 3 or 5 columns";
    if (problem->direction != CLCNN_BACKWARD_DATA && (d->stride_h != 1 || d->stride_w != 1))
        return "it needs strides of 1 in this direction";
    const cut c = cut_of(ctx, problem);
    if (c.width < 1)
        return "its tuning row has no vector width";
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS && problem->q < c.width)
        return "its backward_weights needs rows of a vector at least";
    return c.taps.refusal;
}

/* Up to CHANNELS; and, but backward over a stride or to the weights, up to twice as many where sums
 * are too short for what tile does before and behind them. */
static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    enum { SHORT_SUM = 96 };
    const cut c = cut_of(ctx, problem);
    const int lanes = clcnn__taps_lanes(problem);
    const bool shorter = c.items > 0 && c.args.step_h == 1 && c.args.step_w == 1 &&
                         c.args.in_channels * c.args.r * c.args.s <= SHORT_SUM;
    return c.taps.row && c.taps.row->use &&
           lanes <= (shorter ? 2 * c.most_channels : c.most_channels);
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)limit;
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS)
        return 0;
    const cut c = cut_of(ctx, problem);
    return clcnn__near_workspace(problem, &c.weights);
}

static clcnn__launch_desc describe(const cut *c, const char *kernel)
{
    clcnn__launch_desc desc = {.program = c->taps.program,
                               .kernel = kernel,
                               .row = c->taps.row,
                               .macro_count = c->taps.macro_count};
    for (int i = 0; i < c->taps.macro_count; i++)
        desc.macros[i] = c->taps.macros[i];
    return desc;
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    cut c = cut_of(ctx, problem);
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS) {
        clcnn__launch_desc desc = describe(&c, "conv2d_row_backward_weights");
        return clcnn__near_enqueue(ctx, call, &c.weights, &desc);
    }
    const bool forward = problem->direction == CLCNN_FORWARD;
    clcnn__launch_desc desc = describe(&c, "conv2d_row_correlate");
    c.args.has_bias = problem->forward && call->b.buf;
    desc.args = &c.args;
    desc.args_size = sizeof c.args;
    desc.local_bytes = c.own;
    const clcnn_mem mems[] = {forward ? call->x : call->y, call->w, call->b, call->given,
                              forward ? call->y : call->x};
    return clcnn__launch_single(
        ctx, &desc, mems, 5, (size_t[]){c.items, (size_t)c.args.blocks * (size_t)c.args.groups, 1});
}

const clcnn__conv2d_algo clcnn__conv2d_row = {.name = "row",
                                              .refuses = refuses,
                                              .preferred = preferred,
                                              .workspace = workspace,
                                              .enqueue = enqueue,
                                              .slopes = true};
