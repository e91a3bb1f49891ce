/*
 * conv2d by kernels/conv2d_point.cl: filters of one pixel, as a product of matrices whose vectors
 * run along the pixels.
 *
 * Planes are used where they are, each image by itself. Where there are strides, or so few pixels
 * that vectors would reach far beyond them, the pixels that count are collected in the workspace,
 * those of small planes with all images side by side: [collected input][result to be spread].
 * Forward, small planes without strides and of SEGS vectors or more stay where they are as well,
 * but for what is left of each behind its whole vectors, where there is local memory for that;
 * backward they are arranged in columns of vectors, where that pays.
 *
 * backward_data reads the weights across their rows and packs what it needs of them in local memory
 * while it computes, where there is enough of it; elsewhere it reads them where they are.
 */
#include "conv2d_taps.h"

#include <math.h>

/* Planes of fewer pixels lie side by side: an image's last vector would waste too much. */
enum { SIDE_BY_SIDE = 128 };
/* The default leaves planes of fewer pixels to others: to collect them is to turn them around. */
enum { LEAST_PIXELS = 16 };
/* ... and forward over a stride results of so many channels or fewer, for which it does not pay to
 * collect the pixels first. */
enum { FEW_LANES = 256 };

/* Planes of h x w elements, and where the pixels that count are: packed, or as they are. */
typedef struct side {
    int channels, h, w;
    int step_h, step_w;
    bool packed;
    int image, plane; /* strides */
    size_t elements;  /* of the workspace, 0 unless packed */
} side;

typedef struct product {
    const clcnn__tune_row *row;
    int vec, block, segments;
    bool together;           /* the images of a plane lie side by side */
    int whole;               /* ... so many whole vectors of each before what is left of all */
    int taps, lanes, blocks; /* of a group */
    int panels;              /* of a group; 0: the weights are not packed */
    bool beside;             /* what is left of the images is packed in local memory */
    int each;                /* of a work-item: across segments, beside blocks of what is left */
    size_t local;            /* bytes of local memory */
    side in, out;
} product;

static void place(const clcnn__conv2d_problem *problem, const product *m, bool together, side *s)
{
    const int pixels = problem->p * problem->q, n = problem->d.n;
    const int wide = m->segments * m->vec;
    const int64_t line = ((int64_t)n * pixels + m->vec - 1) / m->vec * m->vec;
    /* Beyond an int only for what is refused: padding makes more pixels than the image has. */
    s->image = together ? pixels : (int)((int64_t)s->channels * pixels);
    s->plane = together ? (int)line : pixels;
    const int64_t arranged = m->whole ? (line + wide - 1) / wide * wide : line;
    if (s->packed)
        s->elements =
            (size_t)s->channels * (together ? (size_t)arranged : (size_t)n * (size_t)pixels);
}

static int segments_of(const product *m, const clcnn__conv2d_problem *problem)
{
    return (m->together ? 1 : problem->d.n) * clcnn__ceil_div(m->in.plane, m->vec);
}

/*
 * Across: how many columns of segments a work-item takes with one panel of weights. With one it
 * would read half of all weights from memory or a far cache; too many, and what it reads of the
 * input no longer stays in the near one from block to block. Some work-items for each core keep
 * these busy to the end.
 */
static void cut(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, product *m)
{
    enum { NEAR = 512 * 1024, ITEMS = 32 };
    const int panel = CONV2D_POINT_PANEL(m->block), panels = clcnn__ceil_div(m->lanes, panel);
    const int segments = segments_of(m, problem), columns = clcnn__ceil_div(segments, m->segments);
    const double taps = m->taps, local = taps * panel * sizeof(float);
    const double input = taps * m->segments * m->vec * sizeof(float);     /* of a column */
    const double pack = m->lanes % panel ? taps * (panel + 1) : taps;     /* rounds of loops */
    const double sums = panel * (taps / m->block + m->segments * m->vec); /* of a column, at most */
    if (local > (double)ctx->info.local_memory || pack + sums > CLCNN__MOST_ROUNDS)
        return;
    const double most = fmin(NEAR / input, (CLCNN__MOST_ROUNDS - pack) / sums);
    const double wanted = (double)ctx->info.compute_units * ITEMS / problem->d.groups / panels;
    const double parts = fmax(columns / fmax(1, floor(most)), fmin(columns, wanted));
    m->panels = panels;
    m->each = (int)ceil(columns / ceil(parts)) * m->segments;
    m->local = (size_t)local;
}

/* Beside, pixels: those that are left of all images behind their whole vectors; and vectors in a
 * row of local memory. */
static int left_of(const product *m, const clcnn__conv2d_problem *problem)
{
    return problem->d.n * (problem->p * problem->q % m->vec);
}
static int row_of(const product *m, const clcnn__conv2d_problem *problem)
{
    return left_of(m, problem) > m->vec ? m->segments : 1;
}

/*
 * Beside: how many blocks of channels a work-item computes of what is left of the images, once that
 * is packed. All of them, unless that is too large a part of one processor's work.
 */
static void share(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, product *m)
{
    enum { ITEMS = 4 };
    const double left = left_of(m, problem), wide = (double)m->segments * m->vec;
    const double row = (double)row_of(m, problem) * m->vec, taps = m->taps;
    const double local = ((left > 0 ? taps * row : 0) + m->vec) * sizeof(float);
    const double pack = taps * (1 + fmin(left, wide));
    const double sums = taps + 4.0 * m->block * (wide + m->segments); /* four loops end for a run */
    if (local > (double)ctx->info.local_memory || pack + sums > clcnn__most_rounds(ctx))
        return;
    const double most = floor((clcnn__most_rounds(ctx) - pack) / sums);
    const double pixels = (double)problem->d.n * problem->p * problem->q;
    const double all = ceil(pixels / wide) * m->blocks * problem->d.groups;
    m->beside = true;
    m->each = (int)fmin(fmin(m->blocks, most), fmax(1, all / ctx->info.compute_units / ITEMS));
    m->local = (size_t)local;
}

/* Small planes without strides: whether whole vectors of an image come first. That pays where few
 * pixels are left; what is arranged for it, only if a column is of one image, and for many taps. */
static void take_whole(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, product *m)
{
    enum { LEAST_TAPS = 256 };
    const int whole = problem->p * problem->q / m->vec;
    if (whole < m->segments)
        return;
    if (problem->direction == CLCNN_FORWARD)
        share(ctx, problem, m);
    if (m->beside || (whole % m->segments == 0 && m->taps >= LEAST_TAPS))
        m->whole = whole;
    m->together = !m->beside;
}

static product product_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "point", "*");
    const side x = {
        .channels = d->c, .h = d->h, .w = d->w, .step_h = d->stride_h, .step_w = d->stride_w};
    const side y = {.channels = d->k, .h = problem->p, .w = problem->q, .step_h = 1, .step_w = 1};
    const bool forward = problem->direction == CLCNN_FORWARD;
    product m = {.row = row,
                 .vec = clcnn__tune_vector(row),
                 .block = clcnn__tune_value(row, "BLOCK"),
                 .segments = clcnn__tune_value(row, "SEGS"),
                 .taps = forward ? problem->group_c : problem->group_k,
                 .lanes = forward ? problem->group_k : problem->group_c,
                 .in = forward ? x : y,
                 .out = forward ? y : x};
    const int pixels = problem->p * problem->q;
    m.together = pixels < m.vec || (pixels < SIDE_BY_SIDE && d->n > 1);
    if (m.block > 0)
        m.blocks = clcnn__ceil_div(m.lanes, m.block);
    if (m.vec > 0) {
        const bool strided = d->stride_h > 1 || d->stride_w > 1;
        if (m.together && !strided && m.block > 0 && m.segments > 0)
            take_whole(ctx, problem, &m);
        m.in.packed = m.together || (forward && strided);
        m.out.packed = !forward && strided;
        place(problem, &m, m.together, &m.in);
        place(problem, &m, m.together && m.out.packed, &m.out);
        m.out.elements += m.out.packed ? (size_t)m.vec : 0; /* rows are read as whole vectors */
        if (!forward && m.block > 0 && m.segments > 0)
            cut(ctx, problem, &m);
    }
    return m;
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS)
        return "it has no backward_weights";
    if (d->r != 1 || d->s != 1)
        return "it needs filters of one pixel";
    if (d->pad_top || d->pad_left || d->pad_bottom || d->pad_right)
        return "it needs images without padding";
    const product m = product_of(ctx, problem);
    if (m.vec < 1 || m.block < 1 || m.segments < 1 || m.block > CLCNN__MOST_TILE ||
        m.segments > CLCNN__MOST_TILE)
        return "its tuning row has no tile";
    if (m.panels == 0 && m.taps > CLCNN__MOST_ROUNDS)
        return "its sums are longer than a work-item's loops may be";
    if (m.in.elements > INT32_MAX || m.out.elements > INT32_MAX)
        return "the collected pixels have 2^31 elements or more";
    return NULL;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const product m = product_of(ctx, problem);
    const bool strided = problem->d.stride_h > 1 || problem->d.stride_w > 1;
    if (problem->direction == CLCNN_FORWARD && strided && m.lanes <= FEW_LANES)
        return false;
    return m.row && m.row->use && problem->p * problem->q >= LEAST_PIXELS;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)limit;
    const product m = product_of(ctx, problem);
    return (m.in.elements + m.out.elements) * sizeof(float);
}

static clcnn_status launch(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const product *m,
                           clcnn__launch_desc desc)
{
    desc.program = "conv2d_point";
    desc.row = m->row;
    desc.macro_count = 1;
    desc.macros[0] = (clcnn__macro){"CURVED", clcnn__conv2d_curved(&call->problem)};
    desc.fixed_local = true;
    for (int i = 0; i < 3; i++)
        desc.local[i] = 1;
    return clcnn__launch(ctx, &desc);
}

static clcnn_status copy(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const product *m,
                         const side *s, bool collect, clcnn_mem from, clcnn_mem to)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const clcnn_conv2d *d = &problem->d;
    conv2d_point_copy_args args = {
        .n = d->n,
        .channels = s->channels,
        .h = s->h,
        .w = s->w,
        .p = problem->p,
        .q = problem->q,
        .step_h = s->step_h,
        .step_w = s->step_w,
        .packed_image = collect && m->whole ? m->taps * m->segments * m->vec : s->image,
        .packed_plane = s->plane,
        .taps = m->taps,
        .whole = m->whole,
        .has_bias = problem->forward && call->b.buf,
        .activation = problem->forward ? (int)d->activation : CLCNN_IDENTITY,
        .alpha = (float)d->alpha,
        .accumulate = !problem->forward && d->accumulate};
    if (s->step_h == 1 && s->step_w == 1) { /* one long row */
        args.w *= args.h;
        args.q *= args.p;
        args.h = args.p = 1;
    }
    const int64_t rows = (int64_t)d->n * (collect ? args.p : args.h);
    clcnn__launch_desc desc = {
        .kernel = !collect   ? "conv2d_point_spread"
                  : m->whole ? "conv2d_point_arrange"
                             : "conv2d_point_collect",
        .args = &args,
        .args_size = sizeof args,
        .mem_count = collect ? 2 : 3,
        .mems = {from, collect ? to : call->b, to},
        .global = {(size_t)s->channels,
                   (size_t)((rows + CONV2D_POINT_ROWS - 1) / CONV2D_POINT_ROWS), 1}};
    return launch(ctx, call, m, desc);
}

/* What follows the sums is done by the kernel that puts the result in place. */
static conv2d_point_args multiply_args(const clcnn__conv2d_call *call, const product *m)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const clcnn_conv2d *d = &problem->d;
    const bool apart = !m->together || !m->out.packed; /* the result's images */
    const bool last = !m->out.packed, forward = problem->direction == CLCNN_FORWARD;
    const bool arranged = m->in.packed && m->whole;
    const int wide = m->segments * m->vec;
    return (conv2d_point_args){
        .n = m->together ? 1 : d->n,
        .taps = m->taps,
        .lanes = m->lanes,
        .blocks = m->panels ? m->panels : m->blocks,
        .pixels = m->in.plane,
        .out_images = apart ? d->n : 1,
        .out_pixels = apart ? call->problem.p * call->problem.q : m->out.plane,
        .in_image = arranged ? m->taps * wide : m->in.image,
        .in_plane = arranged ? wide : m->in.plane,
        .out_image = m->out.image,
        .out_plane = m->out.plane,
        .w_lane = forward ? m->taps : 1,
        .w_tap = forward ? 1 : m->lanes,
        .whole = m->whole,
        .each = m->each,
        .has_bias = last && problem->forward && call->b.buf,
        .activation = last && problem->forward ? (int)d->activation : CLCNN_IDENTITY,
        .alpha = (float)d->alpha,
        .accumulate = last && !problem->forward && d->accumulate};
}

/* Beside: those that pack what is left, and one for each block of channels and whole vectors. */
static size_t beside_items(const product *m, const clcnn__conv2d_problem *problem)
{
    const int whole = problem->d.n * (problem->p * problem->q / m->vec);
    const int wide = m->segments * m->vec;
    const size_t packed = (size_t)clcnn__ceil_div(left_of(m, problem), wide);
    return packed * (size_t)clcnn__ceil_div(m->blocks, m->each) +
           (size_t)clcnn__ceil_div(whole, m->segments) * (size_t)m->blocks;
}

static clcnn_status multiply(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const product *m,
                             clcnn_mem in, clcnn_mem out)
{
    const conv2d_point_args args = multiply_args(call, m);
    const int segments = segments_of(m, &call->problem);
    const int columns = clcnn__ceil_div(segments, m->panels ? m->each : m->segments);
    const size_t groups = (size_t)call->problem.d.groups;
    clcnn__launch_desc desc = {.kernel =
                                   m->panels ? "conv2d_point_across" : "conv2d_point_multiply",
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 4,
                               .mems = {in, call->w, call->b, out},
                               .local_bytes = m->local,
                               .global = {(size_t)args.blocks * groups, (size_t)columns, 1}};
    if (m->beside) {
        desc.kernel = "conv2d_point_beside";
        desc.global[0] = beside_items(m, &call->problem);
        desc.global[1] = groups;
    }
    return launch(ctx, call, m, desc);
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const product m = product_of(ctx, &call->problem);
    const bool forward = call->problem.direction == CLCNN_FORWARD;
    const clcnn_mem x = forward ? call->x : call->y, y = forward ? call->y : call->x;
    const clcnn_mem result = clcnn__behind(call->workspace, m.in.elements);
    const clcnn_mem in = m.in.packed ? call->workspace : x, out = m.out.packed ? result : y;
    clcnn_status status = CLCNN_SUCCESS;
    if (m.in.packed)
        status = copy(ctx, call, &m, &m.in, true, x, in);
    if (status == CLCNN_SUCCESS)
        status = multiply(ctx, call, &m, in, out);
    return status == CLCNN_SUCCESS && m.out.packed ? copy(ctx, call, &m, &m.out, false, out, y)
                                                   : status;
}

const clcnn__conv2d_algo clcnn__conv2d_point = {.name = "point",
                                                .refuses = refuses,
                                                .preferred = preferred,
                                                .workspace = workspace,
                                                .enqueue = enqueue};
