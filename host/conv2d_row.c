/*
 * conv2d by kernels/conv2d_row.cl: vectors along the rows, for few channels; strides of 1, and any
 * backward to the data.
 *
 * backward_weights keeps in the workspace: [padded x][the splits' partial dw][their partial db].
 */
#include "conv2d_taps.h"

enum { MOST_SEGMENTS = 16 };

typedef struct cut {
    clcnn__taps taps;
    int width;         /* pixels of a vector, VEC */
    int segments;      /* vectors of a work-item and channel, SEGS */
    int out_h, out_w;  /* of the result */
    int columns;       /* of the result's rows, or of a phase of them */
    int most_channels; /* the default takes this algorithm up to here, CHANNELS */
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

/* How far the last vector of a row reads beyond it; another phase than the first may begin one
 * further to the right. */
static int beyond(const cut *c, int step_w)
{
    return (c->width - c->columns % c->width) % c->width + (step_w > 1 ? 1 : 0);
}

static cut cut_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const bool forward = problem->direction != CLCNN_BACKWARD_DATA;
    cut c = {.out_h = forward ? problem->p : problem->d.h,
             .out_w = forward ? problem->q : problem->d.w};
    const int step_w = forward ? 1 : problem->d.stride_w;
    c.columns = clcnn__ceil_div(c.out_w, step_w);
    const char *wide = step_w > 1 ? "phase" : "long";
    const char *shape = c.columns <= 4 ? "short" : c.columns <= 8 ? "medium" : wide;
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "row", shape);
    c.width = clcnn__tune_vector(row);
    c.most_channels = clcnn__tune_value(row, "CHANNELS");
    const int lanes = clcnn__taps_lanes(problem), block = block_for(lanes);
    const int gradients = weights_block_for(lanes);
    const bool weights = problem->direction == CLCNN_BACKWARD_WEIGHTS;
    c.segments = clcnn__tune_value(row, "SUMS") / block;
    if (c.segments < 1)
        c.segments = 1;
    if (c.segments > MOST_SEGMENTS)
        c.segments = MOST_SEGMENTS;
    c.taps = (clcnn__taps){.program = "conv2d_row",
                           .row = row,
                           .macro_count = 5,
                           .macros = {{"BLOCK", block},
                                      {"SEGS", c.segments},
                                      {"STRIDE", stride_of(problem)},
                                      {"GRADIENTS", gradients},
                                      {"FILTER", filter_of(problem)}},
                           .block = weights ? gradients : block,
                           .laced = !weights};
    if (c.width > 0)
        clcnn__taps_make(problem, weights ? 0 : beyond(&c, step_w), &c.taps);
    return c;
}

/* backward_weights: sums over the rows of all images, none of them merged. */
static conv2d_tile_weights_args weights_args(const clcnn__conv2d_problem *problem, const cut *c)
{
    const clcnn_conv2d *d = &problem->d;
    const int row = clcnn__source_w(&c->taps.from);
    const int plane = row * clcnn__source_h(&c->taps.from);
    return (conv2d_tile_weights_args){.n = d->n,
                                      .k = d->k,
                                      .group_k = problem->group_k,
                                      .blocks = c->taps.blocks,
                                      .pq = problem->p * problem->q,
                                      .rows_inner = problem->p,
                                      .rows = d->n * problem->p,
                                      .q = problem->q,
                                      .x_outer = d->c * plane,
                                      .x_inner = row,
                                      .x_group = problem->group_c * plane,
                                      .taps = problem->group_c * d->r * d->s,
                                      .r = d->r,
                                      .s = d->s,
                                      .x_plane = plane,
                                      .x_row = row,
                                      .dilation_h = d->dilation_h,
                                      .dilation_w = d->dilation_w,
                                      .groups = d->groups,
                                      .accumulate = d->accumulate};
}

/* backward_weights: the parts of the workspace, in elements, and how the sums are split. */
typedef struct layout {
    size_t partial, bias;
    int splits;
} layout;

static layout layout_of(const clcnn__conv2d_problem *problem, const cut *c)
{
    const clcnn_conv2d *d = &problem->d;
    const size_t pixels = (size_t)d->n * (size_t)problem->p * (size_t)problem->q;
    const size_t rows = (size_t)problem->group_c * (size_t)d->r;
    const size_t items = rows * (size_t)c->taps.blocks * (size_t)d->groups;
    layout l = {.splits = clcnn__taps_splits(items, d->n * problem->p, pixels)};
    l.partial = (size_t)l.splits * (size_t)d->k * rows * (size_t)d->s;
    l.bias = (size_t)clcnn__bias_splits(problem) * (size_t)problem->bias;
    return l;
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
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS && !c.taps.refusal &&
        layout_of(problem, &c).partial > INT32_MAX)
        return "the partial sums have 2^31 elements or more";
    return c.taps.refusal;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const cut c = cut_of(ctx, problem);
    return c.taps.row && c.taps.row->use && clcnn__taps_lanes(problem) <= c.most_channels;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)limit;
    const cut c = cut_of(ctx, problem);
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS) {
        const layout l = layout_of(problem, &c);
        return (c.taps.padded + l.partial + l.bias) * sizeof(float);
    }
    return (c.taps.padded + c.taps.taps + c.taps.weights) * sizeof(float);
}

static size_t packed(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const cut c = cut_of(ctx, problem);
    return c.taps.weights * sizeof(float);
}

static clcnn_status pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const cut c = cut_of(ctx, &call->problem);
    return clcnn__taps_pack(ctx, call, &c.taps, call->packed);
}

static clcnn_status enqueue_reduce(clcnn_ctx *ctx, conv2d_tile_weights_args args, clcnn_mem partial,
                                   clcnn_mem out)
{
    clcnn__taps_single(&args);
    return clcnn__taps_reduce(ctx, &args, partial, out);
}

static clcnn_status enqueue_weights(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const cut c = cut_of(ctx, problem);
    const layout l = layout_of(problem, &c);
    const clcnn_mem partial = clcnn__behind(call->workspace, c.taps.padded);
    conv2d_tile_weights_args args = weights_args(problem, &c);
    args.splits = l.splits;
    clcnn_status status = CLCNN_SUCCESS;
    if (call->w.buf) {
        clcnn__prepared mems = {.in = call->x};
        status = clcnn__taps_gradient(ctx, call, &c.taps, false, &mems);
        if (status == CLCNN_SUCCESS)
            status = clcnn__taps_launch(ctx, &c.taps, "conv2d_row_backward_weights", &args,
                                        sizeof args, (clcnn_mem[]){mems.in, call->y, partial}, 3,
                                        (size_t[]){(size_t)problem->group_c * (size_t)args.r,
                                                   (size_t)args.blocks * (size_t)args.groups,
                                                   (size_t)args.splits});
        if (status == CLCNN_SUCCESS)
            status = enqueue_reduce(ctx, args, partial, call->w);
    }
    return status == CLCNN_SUCCESS && call->b.buf
               ? clcnn__bias_sum(ctx, call, clcnn__behind(partial, l.partial))
               : status;
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    if (call->problem.direction == CLCNN_BACKWARD_WEIGHTS)
        return enqueue_weights(ctx, call);
    const cut c = cut_of(ctx, &call->problem);
    const clcnn_conv2d *d = &call->problem.d;
    const int rows = call->problem.direction == CLCNN_BACKWARD_DATA
                         ? clcnn__ceil_div(c.out_h, d->stride_h)
                         : c.out_h;
    const size_t segments =
        (size_t)d->n * (size_t)rows * (size_t)clcnn__ceil_div(c.columns, c.width);
    const size_t each = (size_t)c.segments;
    return clcnn__taps_correlate(ctx, call, &c.taps, "conv2d_row_correlate",
                                 (segments + each - 1) / each);
}

const clcnn__conv2d_algo clcnn__conv2d_row = {.name = "row",
                                              .refuses = refuses,
                                              .preferred = preferred,
                                              .workspace = workspace,
                                              .packed = packed,
                                              .pack = pack,
                                              .enqueue = enqueue};
