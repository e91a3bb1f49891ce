/*
 * conv2d by kernels/conv2d_tile.cl: register tiles of vectors over the channels of the result.
 *
 * Forward and backward_data are the correlation of conv2d_taps.h. backward_weights keeps in the
 * workspace: [padded x][packed dy][the splits' partial dw and db][transposed: partial db].
 */
#include "conv2d_near.h"
#include "conv2d_taps.h"

typedef struct tile {
    clcnn__taps taps;
    int pixels; /* pixels (backward_weights: taps) of a work-item */
    int run;    /* pixels of a row that a work-item of `runs` takes, 0 where it isn't to be had */
    clcnn__near near; /* backward_weights: from local memory, where this has no refusal */
} tile;

/* backward_weights: the parts of the workspace, in elements, and how the sums are split. */
typedef struct layout {
    size_t gradient, partial, bias;
    int splits;
} layout;

/* Runs of pixels along the rows of the result, as macros from short lists, so that few variants are
 * ever built. */
typedef struct runs {
    int step;   /* columns of the input from pixel to pixel; 0: there are no runs */
    int filter; /* columns of the filter, where a row of it stays in registers; or 0 */
} runs;

/* Whether rows of the result are cut into runs: the last one may recompute an eighth. */
static bool runs_fit(int width, int run)
{
    const int64_t computed = (int64_t)clcnn__ceil_div(width, run) * run;
    return width >= run && (computed - width) * 8 <= width;
}

/* Of forward; the other directions have the same macros, to share its program, and so have images
 * whose rows are not cut into runs. With blocks of one vector a row of the filter stays in
 * registers. A dense layer has no rows. */
static runs runs_of(const clcnn__conv2d_problem *problem, int run, int vecs)
{
    const clcnn_conv2d *d = &problem->d;
    if (run < 1 || (d->h == 1 && d->w == 1))
        return (runs){0, 0};
    if (vecs > 1)
        return (runs){d->stride_w <= 2 ? d->stride_w : 0, 0};
    const bool filter =
        d->stride_h == 1 && d->stride_w == 1 && d->dilation_w == 1 && (d->s == 3 || d->s == 5);
    return filter ? (runs){1, d->s} : (runs){0, 0};
}

/* A dense layer is wide whatever it has: one with few classes is little work behind others, not
 * worth a program of its own. */
static const char *shape_of(const clcnn__conv2d_problem *problem)
{
    const int lanes = clcnn__taps_lanes(problem);
    if (problem->d.h == 1 && problem->d.w == 1)
        return "wide";
    return lanes <= 8 ? "thin" : lanes <= 16 ? "medium" : "wide";
}

/* Where a row of the filter is that of `runs`, all that backward_weights reads fits into local
 * memory. */
static clcnn__near near_of(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, int filter,
                           int vec, int vecs)
{
    enum { ROOM = (24 << 10) / sizeof(float) };
    clcnn__near near = {.width = vec, .block = vec * vecs, .room = ROOM, .packs = true};
    near.pixel = 2 + filter * (2.0 + filter);
    near.refusal = "its filter's rows are not kept in registers";
    if (filter == 0 || problem->direction != CLCNN_BACKWARD_WEIGHTS)
        return near;
    near.refusal = NULL;
    clcnn__near_make(ctx, problem, &near);
    return near;
}

static tile tile_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const char *shape = shape_of(problem);
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "tile", shape);
    const int vec = clcnn__tune_vector(row), vecs = clcnn__tune_value(row, "VECS");
    tile t = {.taps = {.program = "conv2d_tile", .row = row},
              .pixels = clcnn__tune_value(row, "PIX")};
    const int run = clcnn__tune_value(row, "RUN");
    const runs along = runs_of(problem, run, vecs);
    t.taps.macros[t.taps.macro_count++] = (clcnn__macro){"STEP", along.step};
    t.taps.macros[t.taps.macro_count++] = (clcnn__macro){"FILTER", along.filter};
    /* A work-item sums CONV2D_RUNS of them one after the other. */
    const double rounds = (double)CONV2D_RUNS * problem->group_c * problem->d.r * problem->d.s;
    if (along.step && problem->direction == CLCNN_FORWARD && runs_fit(problem->q, run) &&
        rounds <= CLCNN__MOST_ROUNDS)
        t.run = run;
    t.near = near_of(ctx, problem, along.filter, vec, vecs);
    t.taps.unlisted = t.run > 0 && along.filter > 0;
    if (t.pixels <= CLCNN__MOST_TILE && vecs <= CLCNN__MOST_TILE && run <= CLCNN__MOST_TILE)
        t.taps.block = vec * vecs;
    if (t.taps.block > 0)
        clcnn__taps_make(problem, &t.taps);
    return t;
}

/*
 * backward_weights sums over rows of pixels. Where the rows follow each other at the pixels' own
 * stride they are one long row: a 1x1 filter's image, a dense layer's batch.
 */
static conv2d_tile_weights_args weights_args(const clcnn__conv2d_problem *problem, const tile *t)
{
    const clcnn_conv2d *d = &problem->d;
    const int row = clcnn__source_w(&t->taps.from);
    const int plane = row * clcnn__source_h(&t->taps.from);
    const int stride_h = t->taps.from.step_h > 1 ? 1 : d->stride_h; /* of what is left of x */
    const int stride_w = t->taps.from.step_w > 1 ? 1 : d->stride_w;
    conv2d_tile_weights_args a = {.n = d->n,
                                  .k = d->k,
                                  .group_k = problem->group_k,
                                  .blocks = t->taps.blocks,
                                  .pq = problem->p * problem->q,
                                  .rows_inner = problem->p,
                                  .rows = d->n * problem->p,
                                  .q = problem->q,
                                  .x_outer = d->c * plane,
                                  .x_pixel = problem->q > 1 ? stride_w : 0,
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
                                  .accumulate = d->accumulate,
                                  .block = t->taps.block};
    if (problem->p > 1) /* the stride is then smaller than the padded image */
        a.x_inner = stride_h * row;
    if (problem->p == 1 || a.x_inner == (int64_t)a.q * a.x_pixel) {
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

/*
 * The work-items of all taps walk over the same packed gradient, split by split. Where this is more
 * than the last cache of a CPU keeps for us, a split is what the one before that holds; but the
 * partial sums stay below an eighth of it.
 */
static int weights_splits(const conv2d_tile_weights_args *a, size_t items, size_t gradient)
{
    enum { LARGE = (4 << 20) / sizeof(float), PART = (512 << 10) / sizeof(float) };
    const int splits = clcnn__taps_splits(items, a->rows, (size_t)a->n * (size_t)a->pq);
    size_t parts = gradient > LARGE ? clcnn__div_up(gradient, PART) : 1;
    const size_t most = gradient / (8 * (size_t)a->taps * (size_t)a->block);
    if (parts > most)
        parts = most;
    if (parts > (size_t)a->rows)
        parts = (size_t)a->rows;
    return (int)parts > splits ? (int)parts : splits;
}

static layout layout_of(const clcnn__conv2d_problem *problem, const tile *t)
{
    const conv2d_tile_weights_args a = weights_args(problem, t);
    const size_t block = (size_t)t->taps.block;
    const size_t blocks = (size_t)t->taps.blocks * (size_t)problem->d.groups;
    const size_t pixels = (size_t)a.n * (size_t)a.pq, taps = (size_t)a.taps;
    const size_t items = blocks * (size_t)clcnn__ceil_div(a.taps, t->pixels);
    layout l = {.gradient = blocks * pixels * block,
                .splits = weights_splits(&a, items, pixels * block)};
    l.partial = (size_t)l.splits * blocks * (taps + 1) * block;
    if (problem->transposed) /* its db is not of the gradient that is packed */
        l.bias = (size_t)clcnn__bias_splits(problem) * (size_t)problem->bias;
    return l;
}

/* Rounds of a work-item that lists taps: it goes through the filter for each of them. */
static double list_rounds(const clcnn__conv2d_problem *problem, const tile *t)
{
    const double r = problem->d.r, s = problem->d.s;
    return r * s * (r + s + t->taps.block + CONV2D_PACK);
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const tile t = tile_of(ctx, problem);
    if (t.taps.block <= 0 || t.pixels <= 0)
        return "its tuning row has no tile";
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS &&
        clcnn__leaves_loops(ctx, list_rounds(problem, &t)))
        return "its filters are larger than a work-item's loops may be long";
    if (t.taps.refusal || problem->direction != CLCNN_BACKWARD_WEIGHTS)
        return t.taps.refusal;
    if (!t.near.refusal)
        return NULL;
    const layout l = layout_of(problem, &t);
    if (clcnn__leaves_loops(ctx, problem->q)) /* a split has a row at least */
        return "its rows are longer than a work-item's loops may be";
    if (l.gradient > INT32_MAX || l.partial > INT32_MAX)
        return "the packed gradient or the partial sums have 2^31 elements or more";
    return NULL;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const tile t = tile_of(ctx, problem);
    return t.taps.row && t.taps.row->use;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)limit;
    const tile t = tile_of(ctx, problem);
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS)
        return (t.taps.padded + t.taps.taps + t.taps.weights) * sizeof(float);
    if (!t.near.refusal)
        return clcnn__near_workspace(problem, &t.near);
    const layout l = layout_of(problem, &t);
    return (t.taps.padded + l.gradient + l.partial + l.bias) * sizeof(float);
}

static size_t packed(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const tile t = tile_of(ctx, problem);
    return t.taps.weights * sizeof(float);
}

static clcnn_status pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const tile t = tile_of(ctx, &call->problem);
    return clcnn__taps_pack(ctx, call, &t.taps, call->packed);
}

static clcnn_status enqueue_correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const clcnn_conv2d *d = &problem->d;
    const tile t = tile_of(ctx, problem);
    size_t rows = (size_t)problem->p, columns = (size_t)problem->q;
    if (t.run)
        return clcnn__taps_correlate(
            ctx, call, &t.taps, "conv2d_tile_runs",
            clcnn__div_up((size_t)d->n * rows * (size_t)clcnn__ceil_div(problem->q, t.run),
                          CONV2D_RUNS));
    if (problem->direction == CLCNN_BACKWARD_DATA) { /* of the largest phase */
        rows = (size_t)clcnn__ceil_div(d->h, d->stride_h);
        columns = (size_t)clcnn__ceil_div(d->w, d->stride_w);
    }
    const size_t pixels = (size_t)d->n * rows * columns, each = (size_t)t.pixels;
    return clcnn__taps_correlate(ctx, call, &t.taps, "conv2d_tile_correlate",
                                 (pixels + each - 1) / each);
}

/* The parts of db, of the gradient packed already, behind those of dw. */
static clcnn_status sum_packed(clcnn_ctx *ctx, conv2d_tile_weights_args args, clcnn_mem gradient,
                               clcnn_mem partial)
{
    const int vec = args.block % CLCNN__SHARED_VEC == 0 ? CLCNN__SHARED_VEC : 4;
    const size_t items = (size_t)args.blocks * (size_t)args.groups * (size_t)(args.block / vec);
    args.what = CONV2D_PACKED;
    return clcnn__taps_sum(ctx, &args, vec, gradient, partial, items);
}

static conv2d_add_args add_args(const conv2d_tile_weights_args *a)
{
    return (conv2d_add_args){.k = a->k,
                             .groups = a->groups,
                             .group_k = a->group_k,
                             .blocks = a->blocks,
                             .block = a->block,
                             .taps = a->taps,
                             .sums = a->sums,
                             .splits = a->splits,
                             .accumulate = a->accumulate};
}

static clcnn_status enqueue_near(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const tile *t)
{
    clcnn__launch_desc desc = {.program = t->taps.program,
                               .kernel = "conv2d_tile_near_weights",
                               .row = t->taps.row,
                               .macro_count = t->taps.macro_count};
    for (int i = 0; i < t->taps.macro_count; i++)
        desc.macros[i] = t->taps.macros[i];
    return clcnn__near_enqueue(ctx, call, &t->near, &desc);
}

/* dw and db, or one of them; a transposed db is not of the gradient that is packed. */
static clcnn_status enqueue_weights(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const tile t = tile_of(ctx, problem);
    if (!t.near.refusal)
        return enqueue_near(ctx, call, &t);
    const layout l = layout_of(problem, &t);
    conv2d_tile_weights_args args = weights_args(problem, &t);
    const size_t tiles = (size_t)clcnn__ceil_div(args.taps, t.pixels);
    clcnn__prepared mems = {.packed = clcnn__behind(call->workspace, t.taps.padded)};
    const clcnn_mem partial = clcnn__behind(mems.packed, l.gradient);
    args.splits = l.splits;
    args.sums = call->b.buf && !problem->transposed;
    if (!call->w.buf)
        args.taps = 0;
    clcnn_status status = CLCNN_SUCCESS;
    if (args.taps || args.sums)
        status = clcnn__taps_gradient(ctx, call, &t.taps, true, &mems);
    if (status == CLCNN_SUCCESS && args.taps)
        status = clcnn__taps_launch(
            ctx, &t.taps, "conv2d_tile_backward_weights", &args, sizeof args,
            (clcnn_mem[]){mems.in, mems.packed, partial}, 3,
            (size_t[]){tiles, (size_t)args.blocks * (size_t)args.groups, (size_t)args.splits});
    if (status == CLCNN_SUCCESS && args.sums)
        status = sum_packed(ctx, args, mems.packed, partial);
    const conv2d_add_args add = add_args(&args);
    if (status == CLCNN_SUCCESS && (args.taps || args.sums))
        status = clcnn__taps_add(ctx, &add, partial, call->w, call->b);
    return status == CLCNN_SUCCESS && call->b.buf && problem->transposed
               ? clcnn__bias_sum(ctx, call, clcnn__behind(partial, l.partial))
               : status;
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
