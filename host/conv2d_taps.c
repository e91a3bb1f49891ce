/* What conv2d_tile.c and conv2d_row.c share; see conv2d_taps.h. */
#include "conv2d_taps.h"

int clcnn__ceil_div(int a, int b)
{
    return a / b + (a % b != 0);
}

static int at_least(int a, int b)
{
    return a > b ? a : b;
}

int clcnn__taps_lanes(const clcnn__conv2d_problem *problem)
{
    return problem->direction == CLCNN_BACKWARD_DATA ? problem->group_c : problem->group_k;
}

static int reads_of(const clcnn__conv2d_problem *problem)
{
    return problem->direction == CLCNN_BACKWARD_DATA ? problem->group_k : problem->group_c;
}

/* Zeros before dy so that the tap furthest up (or left) of the first output meets them. */
static int gradient_before(int window, int dilation, int pad, int stride)
{
    return clcnn__ceil_div(at_least((window - 1) * dilation - pad, 0), stride);
}

/* Zeros after dy so that the first tap of the last output does. */
static int gradient_after(int size, int pad, int stride, int out)
{
    return at_least((size - 1 + pad) / stride - (out - 1), 0);
}

/* Whether backward_weights reads only every stride-th pixel: these are put side by side first. */
static bool thinned(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    return problem->direction == CLCNN_BACKWARD_WEIGHTS && d->r == 1 && d->s == 1 &&
           !(d->pad_top || d->pad_left || d->pad_bottom || d->pad_right) &&
           (d->stride_h > 1 || d->stride_w > 1);
}

static clcnn__source source_of(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    if (thinned(problem))
        return (clcnn__source){.channels = d->c,
                               .h = problem->p,
                               .w = problem->q,
                               .step_h = d->stride_h,
                               .step_w = d->stride_w,
                               .in_h = d->h,
                               .in_w = d->w};
    if (problem->direction != CLCNN_BACKWARD_DATA)
        return (clcnn__source){d->c,         d->h, d->w, d->pad_top, d->pad_left, d->pad_bottom,
                               d->pad_right, 1,    1,    d->h,       d->w};
    return (clcnn__source){d->k,
                           problem->p,
                           problem->q,
                           gradient_before(d->r, d->dilation_h, d->pad_top, d->stride_h),
                           gradient_before(d->s, d->dilation_w, d->pad_left, d->stride_w),
                           gradient_after(d->h, d->pad_top, d->stride_h, problem->p),
                           gradient_after(d->w, d->pad_left, d->stride_w, problem->q),
                           1,
                           1,
                           problem->p,
                           problem->q};
}

int clcnn__source_h(const clcnn__source *from)
{
    return from->h + from->top + from->bottom;
}

int clcnn__source_w(const clcnn__source *from)
{
    return from->w + from->left + from->right;
}

void clcnn__taps_make(const clcnn__conv2d_problem *problem, int slack, clcnn__taps *t)
{
    const clcnn_conv2d *d = &problem->d;
    const clcnn__source from = source_of(problem);
    const double rows = (double)from.h + from.top + from.bottom;
    const double columns = (double)from.w + from.left + from.right + slack;
    const double taps = (double)reads_of(problem) * d->r * d->s;
    t->macros[t->macro_count++] = (clcnn__macro){"CURVED", clcnn__conv2d_curved(problem)};
    t->blocks = clcnn__ceil_div(clcnn__taps_lanes(problem), t->block);
    const double weights = taps * t->blocks * d->groups * t->block;
    if (d->n * rows * columns * from.channels > INT32_MAX)
        t->refusal = "the padded input has 2^31 elements or more";
    else if (weights > INT32_MAX)
        t->refusal = "the packed weights have 2^31 elements or more";
    if (t->refusal)
        return;
    t->from = from;
    t->from.right += slack;
    t->taps = (size_t)taps;
    t->weights = (size_t)weights;
    if (t->from.top || t->from.left || t->from.bottom || t->from.right || thinned(problem))
        t->padded = (size_t)(d->n * rows * columns * from.channels);
}

int clcnn__taps_splits(size_t items, int rows, size_t pixels)
{
    enum { ENOUGH = 64, PIXELS = 128 };
    size_t splits = (ENOUGH + items - 1) / items;
    if (splits > pixels / PIXELS)
        splits = pixels / PIXELS;
    if (splits > (size_t)rows)
        splits = (size_t)rows;
    return splits > 1 ? (int)splits : 1;
}

clcnn_status clcnn__taps_launch(clcnn_ctx *ctx, const clcnn__taps *t, const char *kernel,
                                const void *args, size_t args_size, const clcnn_mem *mems,
                                int mem_count, const size_t global[3])
{
    clcnn__launch_desc desc = {.program = t->program,
                               .kernel = kernel,
                               .row = t->row,
                               .macro_count = t->macro_count,
                               .args = args,
                               .args_size = args_size,
                               .mem_count = mem_count,
                               .global = {global[0], global[1], global[2]},
                               .local = {1, 1, 1},
                               .fixed_local = true};
    for (int i = 0; i < t->macro_count; i++)
        desc.macros[i] = t->macros[i];
    for (int i = 0; i < mem_count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn__taps_pad(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const clcnn__taps *t,
                             clcnn_mem *in)
{
    if (!t->padded)
        return CLCNN_SUCCESS;
    const clcnn__source *from = &t->from;
    const conv2d_pad_args args = {.planes = call->problem.d.n * from->channels,
                                  .in_h = from->in_h,
                                  .in_w = from->in_w,
                                  .step_h = from->step_h,
                                  .step_w = from->step_w,
                                  .h = from->h,
                                  .w = from->w,
                                  .out_h = clcnn__source_h(from),
                                  .out_w = clcnn__source_w(from),
                                  .top = from->top,
                                  .left = from->left};
    const clcnn_mem mems[] = {*in, call->workspace};
    *in = call->workspace;
    return clcnn__taps_launch(ctx, t, "conv2d_pad", &args, sizeof args, mems, 2,
                              (size_t[]){(size_t)args.planes, 1, 1});
}

static conv2d_taps_args make_args(const clcnn__conv2d_call *call, const clcnn__taps *t)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const clcnn_conv2d *d = &problem->d;
    const int row = clcnn__source_w(&t->from), plane = row * clcnn__source_h(&t->from);
    conv2d_taps_args a = {.n = d->n,
                          .in_channels = reads_of(problem),
                          .in_image = t->from.channels * plane,
                          .in_group = reads_of(problem) * plane,
                          .in_plane = plane,
                          .in_row = row,
                          .r = d->r,
                          .s = d->s,
                          .dilation_h = d->dilation_h,
                          .dilation_w = d->dilation_w,
                          .blocks = t->blocks};
    if (problem->direction == CLCNN_FORWARD) {
        a.in_step_h = d->stride_h;
        a.in_step_w = d->stride_w;
        a.out_h = problem->p;
        a.out_w = problem->q;
        a.out_channels = d->k;
        a.out_group = problem->group_k;
        a.step_h = a.step_w = a.sign = 1;
    } else {
        a.in_step_h = a.in_step_w = 1;
        a.in_top = t->from.top;
        a.in_left = t->from.left;
        a.out_h = d->h;
        a.out_w = d->w;
        a.out_channels = d->c;
        a.out_group = problem->group_c;
        a.step_h = d->stride_h;
        a.step_w = d->stride_w;
        a.pad_top = d->pad_top;
        a.pad_left = d->pad_left;
        a.sign = -1;
    }
    a.has_bias = problem->forward && call->b.buf;
    a.activation = problem->forward ? (int)d->activation : CLCNN_IDENTITY;
    a.alpha = (float)d->alpha;
    a.accumulate = !problem->forward && d->accumulate;
    return a;
}

/* Work-items that taps and pack need for the channels; channels_each in the kernels. */
static size_t channel_items(const conv2d_taps_args *args)
{
    const int fit = CONV2D_PACK / (args->r * args->s);
    return (size_t)clcnn__ceil_div(args->in_channels, fit > 1 ? fit : 1);
}

clcnn_status clcnn__taps_pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const clcnn__taps *t,
                              clcnn_mem place)
{
    const conv2d_taps_args args = make_args(call, t);
    const clcnn_mem mems[] = {call->w, place};
    return clcnn__taps_launch(
        ctx, t, "conv2d_pack", &args, sizeof args, mems, 2,
        (size_t[]){channel_items(&args), (size_t)args.blocks * (size_t)call->problem.d.groups, 1});
}

clcnn_status clcnn__taps_correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                   const clcnn__taps *t, const char *kernel, size_t items)
{
    const bool forward = call->problem.direction == CLCNN_FORWARD;
    const conv2d_taps_args args = make_args(call, t);
    const clcnn_mem taps = clcnn__behind(call->workspace, t->padded);
    clcnn_mem in = forward ? call->x : call->y, out = forward ? call->y : call->x;
    clcnn_mem weights = call->packed;
    clcnn_status status = CLCNN_SUCCESS;
    if (!t->unlisted)
        status = clcnn__taps_launch(ctx, t, "conv2d_taps", &args, sizeof args, &taps, 1,
                                    (size_t[]){channel_items(&args), 1, 1});
    if (status == CLCNN_SUCCESS && !weights.buf) {
        weights = clcnn__behind(taps, t->taps);
        status = clcnn__taps_pack(ctx, call, t, weights);
    }
    if (status == CLCNN_SUCCESS)
        status = clcnn__taps_pad(ctx, call, t, &in);
    if (status != CLCNN_SUCCESS)
        return status;
    const int phases_h = args.step_h < args.out_h ? args.step_h : args.out_h;
    const int phases_w = args.step_w < args.out_w ? args.step_w : args.out_w;
    const clcnn_mem mems[] = {in, taps, weights, call->b, out};
    return clcnn__taps_launch(ctx, t, kernel, &args, sizeof args, mems, 5,
                              (size_t[]){items,
                                         (size_t)args.blocks * (size_t)call->problem.d.groups,
                                         (size_t)phases_h * (size_t)phases_w});
}
