/*
 * conv2d by kernels/conv2d_depthwise.cl: groups of one input channel, straight from the planes.
 *
 * Only backward_weights wants a workspace, [the splits' partial dw][the splits' partial db]. With
 * less than it wants it makes fewer splits; with none, one launch after the other adds its part to
 * dw and db itself, as few of them as keep to CLCNN__MOST_ROUNDS.
 */
#include "conv2d.h"

#include <math.h>

enum {
    MOST_ROWS = 16,  /* of a block: more would never fit registers */
    MOST_FILTERS = 8 /* of a channel: with more there are channels to share work between */
};

/* One problem as the kernels see it: what is read and what is computed, whatever the direction. */
typedef struct view {
    const clcnn__tune_row *row;
    int vec, rows;      /* a block is `rows` rows, cut into vectors */
    int filter, stride; /* macros of the kernels */
    bool spread;        /* backward_data of strides other than 1 */
    conv2d_depthwise_args args;
} view;

static int at_least(int a, int b)
{
    return a > b ? a : b;
}

/* Of the windows; one row or column of them has any stride, so the other axis' as well. */
static void set_strides(const clcnn__conv2d_problem *problem, conv2d_depthwise_args *a)
{
    const clcnn_conv2d *d = &problem->d;
    const int of_rows = problem->p > 1 ? d->stride_h : 1;
    a->stride_w = problem->q > 1 ? d->stride_w : of_rows;
    a->stride_h = problem->p > 1 ? of_rows : a->stride_w;
}

/* x is read, and y computed or, backward_weights, dy met. */
static void look_forward(const clcnn__conv2d_problem *problem, conv2d_depthwise_args *a)
{
    const clcnn_conv2d *d = &problem->d;
    a->planes = d->n * d->k;
    a->out_channels = d->k;
    a->out_group = problem->group_k;
    a->in_channels = 1;
    a->in_h = d->h;
    a->in_w = d->w;
    a->in_size = (int)problem->x_count;
    a->out_h = problem->p;
    a->out_w = problem->q;
}

/* dy is read, and dx computed. */
static void look_back(const clcnn__conv2d_problem *problem, view *v)
{
    const clcnn_conv2d *d = &problem->d;
    conv2d_depthwise_args *a = &v->args;
    a->planes = d->n * d->c;
    a->out_channels = d->c;
    a->out_group = 1;
    a->in_channels = problem->group_k;
    a->in_h = problem->p;
    a->in_w = problem->q;
    a->in_size = (int)problem->y_count;
    a->out_h = d->h;
    a->out_w = d->w;
    v->spread = a->stride_h != 1 || a->stride_w != 1;
    if (!v->spread) { /* the filters, turned over, slide over dy */
        a->turned = 1;
        a->pad_top = (d->r - 1) * d->dilation_h - d->pad_top;
        a->pad_left = (d->s - 1) * d->dilation_w - d->pad_left;
    }
}

/* The macros FILTER and STRIDE, from a short list, so that few variants are ever built. */
static void choose_variant(const clcnn_conv2d *d, view *v)
{
    const conv2d_depthwise_args *a = &v->args;
    v->stride = a->stride_w <= 2 ? a->stride_w : 0;
    const bool plain = d->r == d->s && d->dilation_h == 1 && d->dilation_w == 1;
    if (plain && (d->r == 3 || d->r == 5) && v->stride && a->stride_h == a->stride_w)
        v->filter = d->r;
    else if (v->spread)
        v->stride = 0; /* this kernel knows strides for known filters alone */
}

static view view_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    view v = {.args = {.r = d->r,
                       .s = d->s,
                       .dilation_h = d->dilation_h,
                       .dilation_w = d->dilation_w,
                       .pad_top = d->pad_top,
                       .pad_left = d->pad_left,
                       .splits = 1,
                       .activation = problem->forward ? (int)d->activation : CLCNN_IDENTITY,
                       .accumulate = !problem->forward && d->accumulate,
                       .alpha = (float)d->alpha}};
    set_strides(problem, &v.args);
    if (problem->direction == CLCNN_BACKWARD_DATA)
        look_back(problem, &v);
    else
        look_forward(problem, &v.args);
    choose_variant(d, &v);
    const int width = v.spread ? clcnn__ceil_div(v.args.out_w, v.args.stride_w) : v.args.out_w;
    v.row = clcnn__tune(ctx, "conv2d", "depthwise",
                        width <= 4    ? "short"
                        : width <= 8  ? "medium"
                        : width <= 16 ? "narrow"
                                      : "long");
    v.vec = clcnn__tune_vector(v.row);
    v.rows = clcnn__tune_value(v.row, "ROWS");
    return v;
}

/* ---- How much a work-item does ------------------------------------------------------------------
 */

/* Rows of a block, and how many of the first block lie above the result. */
static int block_rows(const view *v, int *above)
{
    *above = v->spread && v->filter ? v->args.pad_top % 2 : 0;
    if (!v->spread)
        return v->rows;
    return v->filter ? (v->rows + 1) / 2 * 2 : 1; /* pairs of rows */
}

/* Rounds of its loops for the vectors of one block or, spread, row; those over the rows that are
 * read and those of the block may all stay loops. */
static double block_rounds(const view *v)
{
    const conv2d_depthwise_args *a = &v->args;
    const double taps = (double)a->in_channels * a->r * a->s, rows = v->rows;
    const double vectors = clcnn__ceil_div(a->out_w, v->vec);
    const double read = (rows - 1) * (v->stride > 1 ? v->stride : 1) + v->filter;
    if (v->spread)
        return vectors * (v->filter ? a->in_channels * (rows + v->filter + 4) : taps + v->vec);
    return vectors * (v->filter ? a->in_channels * (read + 2) : taps * (rows + 2) + a->r) +
           vectors * (4 * rows + 8);
}

/* ... and for a vector in a corner, beyond that. A work-item has few of them. */
static double corner_rounds(const view *v)
{
    const conv2d_depthwise_args *a = &v->args;
    const double taps = (double)a->in_channels * a->r * a->s;
    return 1.0 * v->vec * taps * (v->spread && !v->filter ? 1 : v->rows);
}

/* Blocks (or rows) of a work-item, of `count` with `elements` each: ITEM elements if that leaves
 * enough work-items for many cores. */
static int each_of(const clcnn_ctx *ctx, const view *v, int count, int elements)
{
    enum { ENOUGH = 64 };
    const double most = clcnn__most_rounds(ctx) / 3 / block_rounds(v);
    int each = clcnn__tune_value(v->row, "ITEM") / elements;
    if (each > count / ENOUGH)
        each = count / ENOUGH;
    if (each > most)
        each = (int)most;
    return at_least(each, 1);
}

/*
 * Rounds of backward_weights for the vectors of one block. llvmpipe unrolls none of the loops over
 * the rows that are read and, for each of them, those of the block (measured: so many rounds for
 * ROWS of 7, far fewer for 4); a work-item has one tap of an unknown filter.
 */
static double weights_rounds(const view *v)
{
    const double rows = v->rows, read = v->filter ? (rows - 1) * v->stride + v->filter : rows;
    return clcnn__ceil_div(v->args.out_w, v->vec) * (read * (rows + 2) + rows + 1);
}

/* The fewest parts of `count` blocks or rows, each with so many rounds. */
static double fewest_parts(double count, double rounds, double corners)
{
    return ceil(count / fmax(1, floor((CLCNN__MOST_ROUNDS - corners) / rounds)));
}

/* The fewest parts of dw's sums, and of db's, that keep to CLCNN__MOST_ROUNDS. */
static int fewest_splits(const clcnn__conv2d_problem *problem, const view *v)
{
    const conv2d_depthwise_args *a = &v->args;
    const bool transposed = problem->transposed;
    const double images = problem->d.n, lines = images * (transposed ? problem->d.h : a->out_h);
    const double line = clcnn__ceil_div(transposed ? problem->d.w : a->out_w, v->vec) + v->vec;
    return (int)fmax(fewest_parts(images * clcnn__ceil_div(a->out_h, v->rows), weights_rounds(v),
                                  corner_rounds(v)),
                     fewest_parts(lines, line, 0));
}

/* Parts of backward_weights' sums: enough work-items for many cores, each with work for some time.
 * Neither the device nor the batch's place in memory has a say, so the results are its own. */
static int wanted_splits(const view *v, int fewest)
{
    enum { ENOUGH = 256, ELEMENTS = 4096 };
    const conv2d_depthwise_args *a = &v->args;
    const int images = a->planes / a->out_channels,
              blocks = images * clcnn__ceil_div(a->out_h, v->rows);
    const double items = (double)a->out_channels * (v->filter ? 1 : a->r * a->s);
    const double elements = (double)images * a->out_h * a->out_w;
    double splits = ENOUGH / items;
    if (splits > elements / ELEMENTS)
        splits = elements / ELEMENTS;
    return at_least(splits > blocks ? blocks : (int)splits, fewest);
}

/* As many of them as there is room for, and what they take; none if these would be too few, or one:
 * they are then launched one by one. */
static int splits_within(const clcnn__conv2d_problem *problem, const view *v, size_t limit,
                         size_t *bytes)
{
    const size_t one = (problem->w_count + (size_t)problem->bias) * sizeof(float);
    const int fewest = fewest_splits(problem, v);
    size_t splits = (size_t)wanted_splits(v, fewest);
    if (splits > limit / one)
        splits = limit / one;
    if (splits < 2 || splits < (size_t)fewest)
        splits = 0;
    *bytes = splits * one;
    return splits > 0 ? (int)splits : fewest;
}

/* ---- What conv2d.c asks ------------------------------------------------------------------------
 */

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    if (problem->group_c != 1)
        return "it needs groups of one channel";
    if (problem->group_k > MOST_FILTERS)
        return "it needs groups of at most 8 filters";
    const view v = view_of(ctx, problem);
    const conv2d_depthwise_args *a = &v.args;
    if (!v.vec || v.rows < 1 || v.rows > MOST_ROWS)
        return "its tuning row has no vectors or no rows";
    /* How far the taps of whole vectors and blocks reach, with either sign. */
    const double rows = (double)(a->out_h + v.rows) * a->stride_h + (double)a->r * a->dilation_h;
    const double columns =
        ((double)a->out_w + 2.0 * v.vec) * a->stride_w + (double)a->s * a->dilation_w;
    if (rows + a->in_h + problem->d.pad_top > INT32_MAX ||
        columns + a->in_w + problem->d.pad_left > INT32_MAX)
        return "its taps reach further than 2^31 rows or columns";
    /* ... and in elements: behind the last plane, and before the first. */
    const double below = fmax(rows - a->in_h, 0);
    const double above = fmax(problem->d.pad_top, (double)a->r * a->dilation_h);
    if (a->in_size + below * a->in_w + columns > INT32_MAX ||
        above * a->in_w + problem->d.pad_left > INT32_MAX)
        return "its taps reach further than 2^31 elements";
    const bool weights = problem->direction == CLCNN_BACKWARD_WEIGHTS;
    const double rounds = weights ? weights_rounds(&v) : block_rounds(&v);
    if (rounds + corner_rounds(&v) > (weights ? CLCNN__MOST_ROUNDS : clcnn__most_rounds(ctx)))
        return "its rows or its filters are too large for one work-item";
    return NULL;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const view v = view_of(ctx, problem);
    /* Of single pixels no vector is more than one lane. */
    return v.row && v.row->use && v.args.out_h * v.args.out_w > 1 &&
           problem->group_k <= clcnn__tune_value(v.row, "CHANNELS");
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    size_t bytes = 0;
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS) {
        const view v = view_of(ctx, problem);
        splits_within(problem, &v, limit, &bytes);
    }
    return bytes;
}

/* ---- Launches ----------------------------------------------------------------------------------
 */

static clcnn_status launch(clcnn_ctx *ctx, const view *v, const char *kernel, const clcnn_mem *mems,
                           int mem_count, const size_t global[3])
{
    clcnn__launch_desc desc = {
        .program = "conv2d_depthwise",
        .kernel = kernel,
        .row = v->row,
        .macro_count = 3,
        .macros = {{"FILTER", v->filter},
                   {"STRIDE", v->stride},
                   {"CURVED", clcnn__curved((clcnn_activation_kind)v->args.activation)}},
        .args = &v->args,
        .args_size = sizeof v->args};
    return clcnn__launch_single(ctx, &desc, mems, mem_count, global);
}

static clcnn_status enqueue_planes(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const bool forward = call->problem.direction == CLCNN_FORWARD;
    view v = view_of(ctx, &call->problem);
    int above;
    const int lines = block_rows(&v, &above);
    const int count = v.args.planes * clcnn__ceil_div(v.args.out_h + above, lines);
    const clcnn_mem mems[] = {forward ? call->x : call->y, call->w, call->b,
                              forward ? call->y : call->x};
    v.args.each = each_of(ctx, &v, count, lines * v.args.out_w);
    v.args.has_bias = call->problem.forward && call->b.buf;
    return launch(ctx, &v, v.spread ? "conv2d_depthwise_spread" : "conv2d_depthwise_correlate",
                  mems, 4, (size_t[]){(size_t)clcnn__ceil_div(count, v.args.each), 1, 1});
}

/* Adds up what the splits left in `partial`. */
static clcnn_status enqueue_reduce(clcnn_ctx *ctx, view v, clcnn_mem partial, size_t count,
                                   int accumulate, clcnn_mem out)
{
    enum { EACH = 128 };
    if (!out.buf)
        return CLCNN_SUCCESS;
    v.args.planes = (int)count;
    v.args.each = EACH;
    v.args.accumulate = accumulate;
    return launch(ctx, &v, "conv2d_depthwise_reduce", (clcnn_mem[]){partial, out}, 2,
                  (size_t[]){clcnn__div_up(count, EACH), 1, 1});
}

/* db alone: of x where the convolution is transposed, else of dy; `count` splits of it. */
static clcnn_status enqueue_bias(clcnn_ctx *ctx, const clcnn__conv2d_call *call, view v,
                                 clcnn_mem db, int count)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    if (problem->transposed) {
        v.args.planes = problem->d.n * problem->d.c;
        v.args.out_channels = problem->d.c;
        v.args.out_h = problem->d.h;
        v.args.out_w = problem->d.w;
    }
    return launch(ctx, &v, "conv2d_depthwise_backward_bias",
                  (clcnn_mem[]){problem->transposed ? call->x : call->y, db}, 2,
                  (size_t[]){(size_t)v.args.out_channels, (size_t)count, 1});
}

/* `count` splits, from v->args.each on, side by side into dw and db. */
static clcnn_status enqueue_splits(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const view *v,
                                   clcnn_mem dw, clcnn_mem db, int count)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const size_t taps = v->filter ? 1 : (size_t)problem->d.r * (size_t)problem->d.s;
    clcnn_status status = CLCNN_SUCCESS;
    if (call->w.buf)
        status = launch(ctx, v, "conv2d_depthwise_backward_weights",
                        (clcnn_mem[]){call->x, call->y, dw, db}, 4,
                        (size_t[]){(size_t)problem->d.k, (size_t)count, taps});
    if (status == CLCNN_SUCCESS && call->b.buf && !(call->w.buf && v->args.sums))
        status = enqueue_bias(ctx, call, *v, db, count);
    return status;
}

static clcnn_status enqueue_weights(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const int accumulate = problem->d.accumulate;
    size_t bytes;
    view v = view_of(ctx, problem);
    const int splits = splits_within(problem, &v, call->workspace_bytes, &bytes);
    clcnn_status status = CLCNN_SUCCESS;
    v.args.splits = splits;
    v.args.sums = call->b.buf && !problem->transposed;
    if (bytes == 0) {
        for (int i = 0; i < splits && status == CLCNN_SUCCESS; i++) {
            v.args.each = i;
            v.args.accumulate = accumulate || i > 0;
            status = enqueue_splits(ctx, call, &v, call->w, call->b, 1);
        }
        return status;
    }
    const clcnn_mem dw = call->workspace;
    const clcnn_mem db = clcnn__behind(dw, (size_t)splits * problem->w_count);
    v.args.accumulate = 0;
    status = enqueue_splits(ctx, call, &v, dw, db, splits);
    if (status == CLCNN_SUCCESS)
        status = enqueue_reduce(ctx, v, dw, problem->w_count, accumulate, call->w);
    return status == CLCNN_SUCCESS
               ? enqueue_reduce(ctx, v, db, (size_t)problem->bias, accumulate, call->b)
               : status;
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    return call->problem.direction == CLCNN_BACKWARD_WEIGHTS ? enqueue_weights(ctx, call)
                                                             : enqueue_planes(ctx, call);
}

const clcnn__conv2d_algo clcnn__conv2d_depthwise = {.name = "depthwise",
                                                    .refuses = refuses,
                                                    .preferred = preferred,
                                                    .workspace = workspace,
                                                    .enqueue = enqueue};
