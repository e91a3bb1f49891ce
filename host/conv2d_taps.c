/* The list of taps, padded copies and sums over splits; see conv2d_taps.h. */
#include "conv2d_taps.h"

#include <math.h>

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

/* Neighbouring rows and planes share the zeros between them, so that the padded copy is smaller:
 * each has only those before it, as many as either side needs. */
static int rows_above(const clcnn__source *from)
{
    return at_least(from->top, from->bottom);
}

static int columns_before(const clcnn__source *from)
{
    return at_least(from->left, from->right);
}

int clcnn__source_h(const clcnn__source *from)
{
    return from->h + rows_above(from);
}

int clcnn__source_w(const clcnn__source *from)
{
    return from->w + columns_before(from);
}

void clcnn__taps_make(const clcnn__conv2d_problem *problem, clcnn__taps *t)
{
    const clcnn_conv2d *d = &problem->d;
    const clcnn__source from = source_of(problem);
    const double above = rows_above(&from), before = columns_before(&from);
    const double rows = from.h + above, columns = from.w + before;
    const double padded = d->n * rows * columns * from.channels + above * columns + before;
    const double taps = (double)reads_of(problem) * d->r * d->s;
    t->macros[t->macro_count++] = (clcnn__macro){"CURVED", clcnn__conv2d_curved(problem)};
    t->blocks = clcnn__ceil_div(clcnn__taps_lanes(problem), t->block);
    const double weights = taps * t->blocks * d->groups * t->block;
    if (padded > INT32_MAX)
        t->refusal = "the padded input has 2^31 elements or more";
    else if (weights > INT32_MAX)
        t->refusal = "the packed weights have 2^31 elements or more";
    else if (above * columns > (double)CLCNN__MOST_ROUNDS * CLCNN__SHARED_VEC)
        t->refusal = "there is more padding above an image than one work-item writes";
    if (t->refusal)
        return;
    t->from = from;
    t->taps = (size_t)taps;
    t->weights = (size_t)weights;
    if (above > 0 || before > 0 || thinned(problem))
        t->padded = (size_t)padded;
}

int clcnn__taps_splits(size_t items, size_t pixels, double most)
{
    enum { ENOUGH = 64, PIXELS = 128 };
    const double wanted = fmin(ceil(ENOUGH / (double)items), floor((double)pixels / PIXELS));
    return (int)fmax(1, fmax(wanted, ceil((double)pixels / most)));
}

clcnn_status clcnn__taps_launch(clcnn_ctx *ctx, const clcnn__taps *t, const char *kernel,
                                const void *args, size_t args_size, const clcnn_mem *mems,
                                int mem_count, size_t local_bytes, const size_t global[3])
{
    clcnn__launch_desc desc = {.program = t->program,
                               .kernel = kernel,
                               .row = t->row,
                               .macro_count = t->macro_count,
                               .args = args,
                               .args_size = args_size,
                               .local_bytes = local_bytes};
    for (int i = 0; i < t->macro_count; i++)
        desc.macros[i] = t->macros[i];
    return clcnn__launch_single(ctx, &desc, mems, mem_count, global);
}

clcnn_status clcnn__shared_launch(clcnn_ctx *ctx, const char *kernel, const void *args,
                                  size_t args_size, const clcnn_mem *mems, int mem_count,
                                  const size_t global[3])
{
    clcnn__launch_desc desc = {.program = "conv2d_shared",
                               .kernel = kernel,
                               .macro_count = 1,
                               .macros = {{"VEC", CLCNN__SHARED_VEC}},
                               .args = args,
                               .args_size = args_size};
    return clcnn__launch_single(ctx, &desc, mems, mem_count, global);
}

clcnn_status clcnn__taps_add(clcnn_ctx *ctx, const conv2d_add_args *args, clcnn_mem partial,
                             clcnn_mem dw, clcnn_mem db)
{
    const size_t vectors =
        (size_t)args->groups * (size_t)args->blocks * (size_t)(args->block / CLCNN__SHARED_VEC);
    const size_t taps = (size_t)(args->taps + args->sums);
    const size_t squares = clcnn__div_up(taps, CLCNN__SHARED_VEC);
    const bool square = args->block % CLCNN__SHARED_VEC == 0;
    return clcnn__shared_launch(ctx, "conv2d_shared_add", args, sizeof *args,
                                (clcnn_mem[]){partial, dw, db}, 3,
                                (size_t[]){square ? vectors * squares : (size_t)args->k,
                                           square ? 1 : clcnn__div_up(taps, CONV2D_ADD), 1});
}

/* Elements of a plane that db sums. */
static int bias_plane(const clcnn__conv2d_problem *problem)
{
    return problem->transposed ? problem->d.h * problem->d.w : problem->p * problem->q;
}

int clcnn__bias_splits(const clcnn__conv2d_problem *problem)
{
    const size_t images = (size_t)problem->d.n, plane = (size_t)bias_plane(problem);
    return clcnn__taps_splits((size_t)problem->bias, images * plane, CLCNN__MOST_ROUNDS);
}

clcnn_status clcnn__bias_sum(clcnn_ctx *ctx, const clcnn__conv2d_call *call, clcnn_mem partial)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const int splits = clcnn__bias_splits(problem);
    const conv2d_sum_args sum = {.n = problem->d.n,
                                 .k = problem->bias,
                                 .pq = bias_plane(problem),
                                 .splits = splits,
                                 .accumulate = splits == 1 && problem->d.accumulate};
    const conv2d_add_args add = {.k = problem->bias,
                                 .groups = 1,
                                 .group_k = problem->bias,
                                 .blocks = problem->bias,
                                 .block = 1,
                                 .sums = 1,
                                 .splits = splits,
                                 .accumulate = problem->d.accumulate};
    const clcnn_status status = clcnn__shared_launch(
        ctx, "conv2d_shared_sum", &sum, sizeof sum,
        (clcnn_mem[]){problem->transposed ? call->x : call->y, splits > 1 ? partial : call->b}, 2,
        (size_t[]){(size_t)problem->bias, (size_t)splits, 1});
    return status == CLCNN_SUCCESS && splits > 1
               ? clcnn__taps_add(ctx, &add, partial, (clcnn_mem){NULL, 0}, call->b)
               : status;
}

static conv2d_taps_args make_args(const clcnn__conv2d_call *call, const clcnn__taps *t)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const clcnn_conv2d *d = &problem->d;
    const int row = clcnn__source_w(&t->from), plane = row * clcnn__source_h(&t->from);
    conv2d_taps_args a = {.n = d->n,
                          .in_channels = reads_of(problem),
                          .in_image = t->from.channels * plane,
                          .in_plane = plane,
                          .in_row = row,
                          .in_top = rows_above(&t->from),
                          .in_left = columns_before(&t->from),
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
        a.pad_top = -t->from.top; /* the first output begins in the padding */
        a.pad_left = -t->from.left;
    } else {
        a.in_step_h = a.in_step_w = 1;
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

/* ---- What goes before, all in one launch (kernels/conv2d_shared.cl) ----------------------------
 */

static clcnn_status enqueue_prepare(clcnn_ctx *ctx, const conv2d_prepare_args *args, size_t items,
                                    const clcnn__prepared *mems)
{
    const size_t parts = args->planes > 0
                             ? (size_t)args->planes * clcnn__div_up((size_t)args->out_h, args->rows)
                             : 0;
    const clcnn_mem list[] = {mems->in, mems->padded, mems->taps, mems->from, mems->packed};
    if (parts + items == 0)
        return CLCNN_SUCCESS;
    return clcnn__shared_launch(ctx, "conv2d_shared_prepare", args, sizeof *args, list, 5,
                                (size_t[]){parts + items, 0, 0});
}

/* Blocks of channels, and what is padded, if it is to be. */
static conv2d_prepare_args prepare_args(const clcnn__conv2d_call *call, const clcnn__taps *t,
                                        bool pads)
{
    const clcnn__source *from = &t->from;
    conv2d_prepare_args a = {
        .blocks = t->blocks, .block = t->block, .out_group = clcnn__taps_lanes(&call->problem)};
    if (!pads || !t->padded)
        return a;
    a.planes = call->problem.d.n * from->channels;
    a.in_h = from->in_h;
    a.in_w = from->in_w;
    a.h = from->h;
    a.w = from->w;
    a.out_h = clcnn__source_h(from);
    a.out_w = clcnn__source_w(from);
    a.top = rows_above(from);
    a.left = columns_before(from);
    a.rows = at_least(CONV2D_PAD / a.out_w, 1);
    if (from->step_h > 1 || from->step_w > 1) {
        a.what = CONV2D_THIN;
        a.step_h = from->step_h;
        a.step_w = from->step_w;
    }
    return a;
}

/* The list, the weights, or both; `items` is how many work-items that takes. */
static void add_taps(conv2d_prepare_args *a, const clcnn__conv2d_call *call,
                     const conv2d_taps_args *taps, int what, size_t *items)
{
    const size_t blocks = (size_t)a->blocks * (size_t)call->problem.d.groups;
    a->what |= what;
    a->channels = at_least(CONV2D_PACK / (taps->r * taps->s), 1);
    a->in_channels = taps->in_channels;
    a->r = taps->r;
    a->s = taps->s;
    a->dilation_h = taps->dilation_h;
    a->dilation_w = taps->dilation_w;
    a->step_h = taps->step_h;
    a->step_w = taps->step_w;
    a->sign = taps->sign;
    a->in_plane = taps->in_plane;
    a->in_row = taps->in_row;
    *items =
        clcnn__div_up((size_t)a->in_channels, a->channels) * (what & CONV2D_WEIGHTS ? blocks : 1);
}

clcnn_status clcnn__taps_pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const clcnn__taps *t,
                              clcnn_mem place)
{
    const conv2d_taps_args taps = make_args(call, t);
    conv2d_prepare_args args = prepare_args(call, t, false);
    size_t items;
    add_taps(&args, call, &taps, CONV2D_WEIGHTS, &items);
    return enqueue_prepare(ctx, &args, items, &(clcnn__prepared){.from = call->w, .packed = place});
}

clcnn_status clcnn__taps_input(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const clcnn__taps *t,
                               clcnn_mem *in)
{
    const conv2d_prepare_args args = prepare_args(call, t, true);
    *in = call->x;
    if (!t->padded)
        return CLCNN_SUCCESS;
    const int above = rows_above(&t->from) - t->from.top;
    const int before = columns_before(&t->from) - t->from.left;
    *in = clcnn__behind(call->workspace,
                        (size_t)above * (size_t)clcnn__source_w(&t->from) + (size_t)before);
    return enqueue_prepare(ctx, &args, 0,
                           &(clcnn__prepared){.in = call->x, .padded = call->workspace});
}

clcnn_status clcnn__taps_correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                   const clcnn__taps *t, const char *kernel, size_t items)
{
    const bool forward = call->problem.direction == CLCNN_FORWARD;
    const conv2d_taps_args args = make_args(call, t);
    conv2d_prepare_args before = prepare_args(call, t, true);
    clcnn__prepared mems = {.in = forward ? call->x : call->y,
                            .padded = call->workspace,
                            .taps = clcnn__behind(call->workspace, t->padded),
                            .from = call->w,
                            .packed = call->packed};
    int what = t->unlisted ? 0 : CONV2D_LIST;
    if (!mems.packed.buf) {
        mems.packed = clcnn__behind(mems.taps, t->taps);
        what |= CONV2D_WEIGHTS;
    }
    size_t before_items = 0;
    if (what)
        add_taps(&before, call, &args, what, &before_items);
    const clcnn_status status = enqueue_prepare(ctx, &before, before_items, &mems);
    if (status != CLCNN_SUCCESS)
        return status;
    const size_t phases = (size_t)(args.step_h < args.out_h ? args.step_h : args.out_h) *
                          (size_t)(args.step_w < args.out_w ? args.step_w : args.out_w);
    const clcnn_mem out = forward ? call->y : call->x;
    const clcnn_mem list[] = {t->padded ? mems.padded : mems.in, mems.taps, mems.packed, call->b,
                              out};
    return clcnn__taps_launch(
        ctx, t, kernel, &args, sizeof args, list, 5, 0,
        (size_t[]){items, (size_t)args.blocks * (size_t)call->problem.d.groups, phases});
}
