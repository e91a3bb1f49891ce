/*
 * conv2d by kernels/conv2d_tile.cl: register tiles of vectors over the channels of the result.
 *
 * The workspace holds, one after the other, what the kernels prepare: the padded input, the list of
 * taps and the packed weights (or packed dy and the splits' partial sums).
 */
#include "conv2d.h"

typedef struct tile {
    const clcnn__tune_row *row;
    int block, pixels; /* channels and pixels (or taps) of a work-item */
} tile;

/* The planes that the taps walk over: x, or dy when it goes backward to the data. */
typedef struct source {
    int channels, h, w;           /* as they are */
    int top, left, bottom, right; /* zeros that go around them */
} source;

/* The parts of the workspace, in elements; 0 for those that a direction doesn't need. */
typedef struct layout {
    size_t padded, taps, weights, gradient, partial, bias;
    int splits, bias_splits; /* backward_weights */
} layout;

static int ceil_div(int a, int b)
{
    return a / b + (a % b != 0);
}

static int at_least(int a, int b)
{
    return a > b ? a : b;
}

/* The channels of a group that become lanes of vectors. */
static int lanes_of(const clcnn__conv2d_problem *problem)
{
    return problem->direction == CLCNN_BACKWARD_DATA ? problem->group_c : problem->group_k;
}

static tile tile_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    int lanes = lanes_of(problem);
    const char *shape = lanes <= 8 ? "thin" : lanes <= 16 ? "medium" : "wide";
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "tile", shape);
    return (tile){row, clcnn__tune_value(row, "VEC") * clcnn__tune_value(row, "VECS"),
                  clcnn__tune_value(row, "PIX")};
}

static int blocks_of(const clcnn__conv2d_problem *problem, const tile *t)
{
    return ceil_div(lanes_of(problem), t->block);
}

/* Zeros before dy so that the tap furthest up (or left) of the first output meets them. */
static int gradient_before(int window, int dilation, int pad, int stride)
{
    return ceil_div(at_least((window - 1) * dilation - pad, 0), stride);
}

/* Zeros after dy so that the first tap of the last output does. */
static int gradient_after(int size, int pad, int stride, int out)
{
    return at_least((size - 1 + pad) / stride - (out - 1), 0);
}

static source source_of(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    if (problem->direction != CLCNN_BACKWARD_DATA)
        return (source){d->c, d->h, d->w, d->pad_top, d->pad_left, d->pad_bottom, d->pad_right};
    return (source){d->k,
                    problem->p,
                    problem->q,
                    gradient_before(d->r, d->dilation_h, d->pad_top, d->stride_h),
                    gradient_before(d->s, d->dilation_w, d->pad_left, d->stride_w),
                    gradient_after(d->h, d->pad_top, d->stride_h, problem->p),
                    gradient_after(d->w, d->pad_left, d->stride_w, problem->q)};
}

static bool is_padded(const source *from)
{
    return from->top || from->left || from->bottom || from->right;
}

static int padded_h(const source *from)
{
    return from->h + from->top + from->bottom;
}

static int padded_w(const source *from)
{
    return from->w + from->left + from->right;
}

static size_t padded_count(const clcnn__conv2d_problem *problem, const source *from)
{
    return (size_t)problem->d.n * (size_t)from->channels * (size_t)padded_h(from) *
           (size_t)padded_w(from);
}

/*
 * backward_weights sums over rows of pixels. Where the rows follow each other at the pixels' own
 * stride they are one long row: a 1x1 filter's image, a dense layer's batch.
 */
static conv2d_tile_weights_args weights_args(const clcnn__conv2d_problem *problem, const tile *t)
{
    const clcnn_conv2d *d = &problem->d;
    const source from = source_of(problem);
    const int row = padded_w(&from), plane = row * padded_h(&from);
    conv2d_tile_weights_args a = {.n = d->n,
                                  .k = d->k,
                                  .group_k = problem->group_k,
                                  .blocks = blocks_of(problem, t),
                                  .pq = problem->p * problem->q,
                                  .rows_inner = problem->p,
                                  .rows = d->n * problem->p,
                                  .q = problem->q,
                                  .x_outer = d->c * plane,
                                  .x_inner = d->stride_h * row,
                                  .x_pixel = d->stride_w,
                                  .x_group = problem->group_c * plane,
                                  .taps = problem->group_c * d->r * d->s,
                                  .r = d->r,
                                  .s = d->s,
                                  .x_plane = plane,
                                  .x_row = row,
                                  .dilation_h = d->dilation_h,
                                  .dilation_w = d->dilation_w,
                                  .groups = d->groups,
                                  .splits = 1,
                                  .accumulate = d->accumulate};
    if (problem->p == 1 || a.x_inner == a.q * a.x_pixel) {
        a.rows_inner = 1;
        a.rows = d->n;
        a.q = a.pq;
    }
    if (a.pq == 1) {
        a.rows = 1;
        a.q = d->n;
        a.x_pixel = a.x_outer;
    }
    return a;
}

/* Some ENOUGH work-items keep the cores of a CPU busy; a part should have PIXELS to sum at least.
 */
static int splits_for(size_t items, int rows, size_t pixels)
{
    enum { ENOUGH = 64, PIXELS = 128 };
    size_t splits = (ENOUGH + items - 1) / items;
    if (splits > pixels / PIXELS)
        splits = pixels / PIXELS;
    if (splits > (size_t)rows)
        splits = (size_t)rows;
    return splits > 1 ? (int)splits : 1;
}

static layout layout_of(const clcnn__conv2d_problem *problem, const tile *t)
{
    const clcnn_conv2d *d = &problem->d;
    const source from = source_of(problem);
    const size_t block = (size_t)t->block;
    const size_t blocks = (size_t)blocks_of(problem, t) * (size_t)d->groups;
    layout l = {.padded = is_padded(&from) ? padded_count(problem, &from) : 0};
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS) {
        int reads = problem->direction == CLCNN_FORWARD ? problem->group_c : problem->group_k;
        size_t taps = (size_t)reads * (size_t)d->r * (size_t)d->s;
        l.taps = 2 * taps;
        l.weights = blocks * taps * block;
        return l;
    }
    const conv2d_tile_weights_args a = weights_args(problem, t);
    size_t pixels = (size_t)d->n * (size_t)a.pq, taps = (size_t)a.taps;
    size_t items = blocks * (size_t)ceil_div(a.taps, t->pixels);
    l.splits = splits_for(items, a.rows, pixels);
    l.bias_splits = splits_for(blocks, INT32_MAX, pixels);
    l.gradient = blocks * pixels * block;
    l.partial = (size_t)l.splits * blocks * taps * block;
    l.bias = (size_t)l.bias_splits * blocks * block;
    return l;
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const tile t = tile_of(ctx, problem);
    if (t.block <= 0 || t.pixels <= 0)
        return "its tuning row has no tile";
    const source from = source_of(problem);
    if ((int64_t)from.h + from.top + from.bottom > INT32_MAX ||
        (int64_t)from.w + from.left + from.right > INT32_MAX)
        return "the padded input has rows or columns beyond 2^31";
    if ((double)problem->d.n * from.channels * padded_h(&from) * padded_w(&from) > INT32_MAX)
        return "the padded input has 2^31 elements or more";
    const layout l = layout_of(problem, &t);
    if (l.weights > INT32_MAX || l.taps > INT32_MAX || l.gradient > INT32_MAX ||
        l.partial > INT32_MAX)
        return "what it packs has 2^31 elements or more";
    return NULL;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const tile t = tile_of(ctx, problem);
    return t.row && t.row->use;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)limit;
    const tile t = tile_of(ctx, problem);
    const layout l = layout_of(problem, &t);
    return (l.padded + l.taps + l.weights + l.gradient + l.partial + l.bias) * sizeof(float);
}

static size_t packed(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const tile t = tile_of(ctx, problem);
    const layout l = layout_of(problem, &t);
    return (l.taps + l.weights) * sizeof(float);
}

/* ---- Enqueueing
 * ---------------------------------------------------------------------------------- */

static clcnn_mem behind(clcnn_mem mem, size_t elements)
{
    return (clcnn_mem){mem.buf, mem.offset + elements};
}

static clcnn_status launch(clcnn_ctx *ctx, const tile *t, const char *kernel, const void *args,
                           size_t args_size, const clcnn_mem *mems, int mem_count,
                           const size_t global[3])
{
    clcnn__launch_desc desc = {.program = "conv2d_tile",
                               .kernel = kernel,
                               .row = t->row,
                               .args = args,
                               .args_size = args_size,
                               .mem_count = mem_count,
                               .global = {global[0], global[1], global[2]},
                               .local = {1, 1, 1},
                               .fixed_local = true};
    for (int i = 0; i < mem_count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

/* `in`, or its padded copy at the beginning of the workspace. */
static clcnn_status enqueue_pad(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const tile *t,
                                clcnn_mem *in)
{
    const source from = source_of(&call->problem);
    if (!is_padded(&from))
        return CLCNN_SUCCESS;
    const conv2d_pad_args args = {.planes = call->problem.d.n * from.channels,
                                  .h = from.h,
                                  .w = from.w,
                                  .out_h = padded_h(&from),
                                  .out_w = padded_w(&from),
                                  .top = from.top,
                                  .left = from.left};
    const clcnn_mem mems[] = {*in, call->workspace};
    *in = call->workspace;
    return launch(ctx, t, "conv2d_tile_pad", &args, sizeof args, mems, 2,
                  (size_t[]){(size_t)args.planes, 1, 1});
}

static conv2d_tile_args correlate_args(const clcnn__conv2d_call *call, const tile *t)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const clcnn_conv2d *d = &problem->d;
    const bool forward = problem->direction == CLCNN_FORWARD;
    const source from = source_of(problem);
    const int row = padded_w(&from), plane = row * padded_h(&from);
    const int reads = forward ? problem->group_c : problem->group_k;
    conv2d_tile_args a = {.n = d->n,
                          .in_channels = reads,
                          .in_image = from.channels * plane,
                          .in_group = reads * plane,
                          .in_plane = plane,
                          .in_row = row,
                          .r = d->r,
                          .s = d->s,
                          .dilation_h = d->dilation_h,
                          .dilation_w = d->dilation_w,
                          .blocks = blocks_of(problem, t)};
    if (forward) {
        a.in_step_h = d->stride_h;
        a.in_step_w = d->stride_w;
        a.out_h = problem->p;
        a.out_w = problem->q;
        a.out_channels = d->k;
        a.out_group = problem->group_k;
        a.step_h = a.step_w = a.sign = 1;
        a.has_bias = call->b.buf != NULL;
        a.activation = (int)d->activation;
        a.alpha = (float)d->alpha;
    } else {
        a.in_step_h = a.in_step_w = 1;
        a.in_top = from.top;
        a.in_left = from.left;
        a.out_h = d->h;
        a.out_w = d->w;
        a.out_channels = d->c;
        a.out_group = problem->group_c;
        a.step_h = d->stride_h;
        a.step_w = d->stride_w;
        a.pad_top = d->pad_top;
        a.pad_left = d->pad_left;
        a.sign = -1;
        a.accumulate = d->accumulate;
    }
    return a;
}

/* Lists the taps and packs the weights: [taps][weights] in one piece of memory. */
static clcnn_status enqueue_pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const tile *t,
                                 clcnn_mem place)
{
    const conv2d_tile_args args = correlate_args(call, t);
    const layout l = layout_of(&call->problem, t);
    const size_t taps = l.taps / 2;
    clcnn_status status = launch(ctx, t, "conv2d_tile_taps", &args, sizeof args, &place, 1,
                                 (size_t[]){(size_t)args.in_channels, 1, 1});
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem mems[] = {call->w, place, behind(place, l.taps)};
    return launch(ctx, t, "conv2d_tile_pack", &args, sizeof args, mems, 3,
                  (size_t[]){(taps + CONV2D_TILE_PACK - 1) / CONV2D_TILE_PACK,
                             (size_t)args.blocks * (size_t)call->problem.d.groups, 1});
}

static clcnn_status pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const tile t = tile_of(ctx, &call->problem);
    return enqueue_pack(ctx, call, &t, call->packed);
}

static clcnn_status enqueue_correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const bool forward = problem->direction == CLCNN_FORWARD;
    const tile t = tile_of(ctx, problem);
    const layout l = layout_of(problem, &t);
    clcnn_mem in = forward ? call->x : call->y, out = forward ? call->y : call->x;
    clcnn_mem weights = call->packed;
    clcnn_status status = CLCNN_SUCCESS;
    if (!weights.buf) {
        weights = behind(call->workspace, l.padded);
        status = enqueue_pack(ctx, call, &t, weights);
    }
    if (status == CLCNN_SUCCESS)
        status = enqueue_pad(ctx, call, &t, &in);
    if (status != CLCNN_SUCCESS)
        return status;

    const conv2d_tile_args args = correlate_args(call, &t);
    const size_t phases = (size_t)args.step_h * (size_t)args.step_w;
    const size_t pixels = (size_t)args.n * (size_t)ceil_div(args.out_h, args.step_h) *
                          (size_t)ceil_div(args.out_w, args.step_w);
    const clcnn_mem mems[] = {in, weights, behind(weights, l.taps), call->b, out};
    return launch(ctx, &t, "conv2d_tile_correlate", &args, sizeof args, mems, 5,
                  (size_t[]){(pixels + (size_t)t.pixels - 1) / (size_t)t.pixels,
                             (size_t)args.blocks * (size_t)problem->d.groups, phases});
}

/* Adds the splits in order: [split][block][tap] -> out[k][tap]. */
static clcnn_status enqueue_reduce(clcnn_ctx *ctx, const tile *t, conv2d_tile_weights_args args,
                                   clcnn_mem partial, clcnn_mem out)
{
    const clcnn_mem mems[] = {partial, out};
    return launch(ctx, t, "conv2d_tile_reduce", &args, sizeof args, mems, 2,
                  (size_t[]){(size_t)args.k, 1, 1});
}

static clcnn_status enqueue_weights(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const tile t = tile_of(ctx, problem);
    const layout l = layout_of(problem, &t);
    conv2d_tile_weights_args args = weights_args(problem, &t);
    const size_t blocks = (size_t)args.blocks * (size_t)args.groups;
    const clcnn_mem gradient = behind(call->workspace, l.padded);
    const clcnn_mem partial = behind(gradient, l.gradient);
    const clcnn_mem bias = behind(partial, l.partial);
    clcnn_mem x = call->x;

    clcnn_status status =
        launch(ctx, &t, "conv2d_tile_pack_dy", &args, sizeof args, (clcnn_mem[]){call->y, gradient},
               2, (size_t[]){(size_t)args.n, blocks, 1});
    if (status == CLCNN_SUCCESS && call->w.buf)
        status = enqueue_pad(ctx, call, &t, &x);
    if (status == CLCNN_SUCCESS && call->w.buf) {
        args.splits = l.splits;
        status =
            launch(ctx, &t, "conv2d_tile_backward_weights", &args, sizeof args,
                   (clcnn_mem[]){x, gradient, partial}, 3,
                   (size_t[]){(size_t)ceil_div(args.taps, t.pixels), blocks, (size_t)args.splits});
        if (status == CLCNN_SUCCESS)
            status = enqueue_reduce(ctx, &t, args, partial, call->w);
    }
    if (status == CLCNN_SUCCESS && call->b.buf) {
        args.splits = l.bias_splits;
        args.taps = 1;
        status =
            launch(ctx, &t, "conv2d_tile_backward_bias", &args, sizeof args,
                   (clcnn_mem[]){gradient, bias}, 2, (size_t[]){blocks, (size_t)args.splits, 1});
        if (status == CLCNN_SUCCESS)
            status = enqueue_reduce(ctx, &t, args, bias, call->b);
    }
    return status;
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    return call->problem.direction == CLCNN_BACKWARD_WEIGHTS ? enqueue_weights(ctx, call)
                                                             : enqueue_correlate(ctx, call);
}

const clcnn__conv2d_algo clcnn__conv2d_tile = {.name = "tile",
                                               .refuses = refuses,
                                               .preferred = preferred,
                                               .workspace = workspace,
                                               .packed = packed,
                                               .pack = pack,
                                               .enqueue = enqueue};
