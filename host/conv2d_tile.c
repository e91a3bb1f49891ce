/*
 * conv2d by kernels/conv2d_tile.cl: register tiles of vectors over the channels of the result.
 *
 * Forward and backward_data are the correlation of conv2d_taps.h. backward_weights keeps in the
 * workspace: [padded x][the splits' partial dw and db][transposed: partial db].
 */
#include <math.h>

#include "conv2d_near.h"
#include "conv2d_taps.h"

typedef struct tile {
    clcnn__taps taps;
    int pixels;  /* pixels (backward_weights: taps) of a work-item */
    int run;     /* pixels of a row that a work-item of `runs` takes, 0 where it isn't to be had */
    double room; /* backward_weights: floats of local memory, about */
    clcnn__near near; /* backward_weights: from local memory, where this has no refusal */
} tile;

/* backward_weights: how its sums are cut up, and parts of the workspace, in elements. */
typedef struct layout {
    conv2d_tile_weights_args args; /* of dw and db */
    int items;                     /* work-items that share the taps */
    double partial;
    size_t bias;
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

/* The same for all directions, so that they share a program, and for images whose rows are not cut
 * into runs. With blocks of one vector a row of the filter stays in registers, and what has no part
 * in that has a program of its own. A dense layer has no rows. */
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

/* Taps of forward or backward_data, of all phases. */
static double taps_of(const clcnn__conv2d_problem *problem)
{
    const bool forward = problem->direction == CLCNN_FORWARD;
    return (double)(forward ? problem->group_c : problem->group_k) * problem->d.r * problem->d.s;
}

/* Loops of a work-item for a tap of `pixels` pixels: one, but for kernels with more than UNROLLED
 * floats of sums, in which llvmpipe, which counts loops, leaves those of known length as they are.
 */
static double tap_rounds(int pixels, const clcnn__tune_row *row)
{
    enum { UNROLLED = 256 };
    const double vecs = clcnn__tune_value(row, "VECS"), sums = pixels * vecs;
    return sums * clcnn__tune_vector(row) <= UNROLLED ? 1 : sums + 2.0 * pixels + vecs + 3;
}

/* Whether the result's rows are cut into runs: forward, and backward_data by a list of taps where
 * it has but one phase. A work-item sums CONV2D_RUNS of them one after the other. */
static bool sums_runs(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem,
                      const clcnn__tune_row *row, const runs *along)
{
    const int run = clcnn__tune_value(row, "RUN");
    const clcnn_conv2d *d = &problem->d;
    const bool forward = problem->direction == CLCNN_FORWARD;
    const bool backward = problem->direction == CLCNN_BACKWARD_DATA && along->filter == 0 &&
                          d->stride_h == 1 && d->stride_w == 1;
    const double rounds = CONV2D_RUNS * taps_of(problem);
    return along->step && (forward || backward) && runs_fit(forward ? problem->q : d->w, run) &&
           rounds <= CLCNN__MOST_ROUNDS &&
           !clcnn__leaves_loops(ctx, rounds * tap_rounds(along->filter ? 2 * run : run, row));
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
                           int vec, int vecs, double room)
{
    clcnn__near near = {.width = vec, .block = vec * vecs, .room = room, .packs = true};
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
    runs along = runs_of(problem, run, vecs);
    if (sums_runs(ctx, problem, row, &along))
        t.run = run;
    t.room = clcnn__tune_value(row, "NEAR") * 1024.0 / sizeof(float);
    t.near = near_of(ctx, problem, along.filter, vec, vecs, t.room);
    if (along.filter && !t.run && t.near.refusal)
        along = (runs){0, 0};
    t.taps.macros[t.taps.macro_count++] = (clcnn__macro){"STEP", along.step};
    t.taps.macros[t.taps.macro_count++] = (clcnn__macro){"FILTER", along.filter};
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
                                  .groups = d->groups,
                                  .group_k = problem->group_k,
                                  .blocks = t->taps.blocks,
                                  .pq = problem->p * problem->q,
                                  .rows_inner = problem->p,
                                  .q = problem->q,
                                  .x_outer = d->c * plane,
                                  .x_pixel = problem->q > 1 ? stride_w : 0,
                                  .x_group = problem->group_c * plane,
                                  .taps = problem->group_c * d->r * d->s,
                                  .r = d->r,
                                  .s = d->s,
                                  .x_plane = plane,
                                  .x_row = row,
                                  .dilation_h = d->r > 1 ? d->dilation_h : 0,
                                  .dilation_w = d->s > 1 ? d->dilation_w : 0,
                                  .sums = 1};
    if (problem->p > 1) /* the stride is then smaller than the padded image */
        a.x_inner = stride_h * row;
    if (problem->p == 1 || a.x_inner == (int64_t)a.q * a.x_pixel) {
        a.rows_inner = 1;
        a.q = a.pq;
    }
    if (a.pq == 1) {
        a.q = d->n;
        a.x_pixel = a.x_outer;
    }
    return a;
}

/* Loops of a work-item for a pixel, unrolled ones and each loop's last test included: of `tiles`
 * tiles of taps, whose rows may be of one pixel, and packing it, where its image may be. What a
 * tile does once for many pixels is in the quarter that CLCNN__MOST_ROUNDS leaves. */
static double pixel_rounds(const tile *t, int vecs, int tiles)
{
    return tiles * (t->pixels * (vecs + 2.0) + vecs + 5) + t->taps.block + 12;
}

/* Tiles of a work-item: all, so that its pixels are packed for all, unless their sums are too many
 * to stay in the cache beside the pixels, SUMS or four times as many; or where loops are counted
 * and would leave it less than LEAST of them, because each split has sums of its own. */
static int most_tiles(const clcnn_ctx *ctx, const tile *t, int vecs, int tiles, double pixels)
{
    enum { SUMS = (64 << 10) / sizeof(float), LEAST = 1000 };
    const double sums = fmin(SUMS, 4 * t->room) / ((double)t->pixels * t->taps.block);
    int most = (int)fmax(1, fmin(tiles, sums));
    while (most > 1 && clcnn__leaves_loops(ctx, fmin(LEAST, pixels) * pixel_rounds(t, vecs, most)))
        most = clcnn__ceil_div(most, 2);
    return most;
}

/*
 * A work-item has so many pixels packed at a time that they stay in the cache beside its sums while
 * one tile of its taps after the other walks over them: the more pixels, the more seldom a tile's
 * sums go there and back. A split is cut into equal parts.
 */
static layout layout_of(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, const tile *t)
{
    const int block = t->taps.block, vecs = clcnn__tune_value(t->taps.row, "VECS");
    const size_t blocks = (size_t)t->taps.blocks * (size_t)problem->d.groups;
    layout l = {.args = weights_args(problem, t)};
    conv2d_tile_weights_args *a = &l.args;
    const int tiles = clcnn__ceil_div(a->taps, t->pixels);
    const double pixels = (double)a->n * a->pq;
    l.items = clcnn__ceil_div(tiles, most_tiles(ctx, t, vecs, tiles, pixels));
    const int each = clcnn__ceil_div(tiles, l.items);
    a->each = each * t->pixels;
    const double rounds = pixel_rounds(t, vecs, each);
    a->splits = clcnn__taps_splits(blocks * (size_t)l.items, (size_t)pixels,
                                   clcnn__leaves_loops(ctx, rounds * pixels)
                                       ? fmax(1, floor(CLCNN__MOST_ROUNDS / rounds))
                                       : pixels);
    const double split = ceil(pixels / a->splits);
    const double local = (double)ctx->info.local_memory / sizeof(float);
    const double fit = floor(fmin(fmax(t->room, block), local) / block);
    if (fit > 0)
        a->pixels = (int)ceil(split / ceil(split / fit));
    l.partial = (double)a->splits * (double)blocks * (a->taps + 1.0) * block;
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
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS && !t.run &&
        clcnn__leaves_loops(ctx, taps_of(problem) * tap_rounds(t.pixels, t.taps.row)))
        return "its sums are longer than a work-item's loops may be";
    if (t.taps.refusal || problem->direction != CLCNN_BACKWARD_WEIGHTS)
        return t.taps.refusal;
    if (!t.near.refusal)
        return NULL;
    const layout l = layout_of(ctx, problem, &t);
    if (l.args.pixels == 0)
        return "a pixel of its gradient does not fit the device's local memory";
    if (fmax((double)problem->y_count, l.partial) > INT32_MAX)
        return "the gradient or the partial sums have 2^31 elements or more";
    if (clcnn__leaves_loops(ctx, CONV2D_ADD * (l.args.splits + 4.0)))
        return "its sums are longer than a work-item's loops may be";
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
    const layout l = layout_of(ctx, problem, &t);
    return (t.taps.padded + (size_t)l.partial + l.bias) * sizeof(float);
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
    int rows = problem->p, columns = problem->q;
    if (problem->direction == CLCNN_BACKWARD_DATA) { /* of the largest phase */
        rows = clcnn__ceil_div(d->h, d->stride_h);
        columns = clcnn__ceil_div(d->w, d->stride_w);
    }
    const size_t lines = (size_t)d->n * (size_t)rows;
    if (t.run)
        return clcnn__taps_correlate(
            ctx, call, &t.taps, "conv2d_tile_runs",
            clcnn__div_up(lines * (size_t)clcnn__ceil_div(columns, t.run), CONV2D_RUNS));
    const size_t pixels = lines * (size_t)columns, each = (size_t)t.pixels;
    return clcnn__taps_correlate(ctx, call, &t.taps, "conv2d_tile_correlate",
                                 (pixels + each - 1) / each);
}

static conv2d_add_args add_args(const clcnn__conv2d_problem *problem, const tile *t,
                                const conv2d_tile_weights_args *a)
{
    return (conv2d_add_args){.k = problem->d.k,
                             .groups = a->groups,
                             .group_k = a->group_k,
                             .blocks = a->blocks,
                             .block = t->taps.block,
                             .taps = a->taps,
                             .sums = a->sums,
                             .splits = a->splits,
                             .accumulate = problem->d.accumulate};
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

/* The parts of dw and db, where the layout has both in its args, and these added up. */
static clcnn_status enqueue_sums(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const tile *t,
                                 const layout *l, clcnn_mem partial)
{
    const conv2d_tile_weights_args *a = &l->args;
    const size_t bytes = (size_t)a->pixels * (size_t)t->taps.block * sizeof(float);
    const conv2d_add_args add = add_args(&call->problem, t, a);
    clcnn_mem x = call->x;
    clcnn_status status = a->taps ? clcnn__taps_input(ctx, call, &t->taps, &x) : CLCNN_SUCCESS;
    if (status == CLCNN_SUCCESS)
        status = clcnn__taps_launch(
            ctx, &t->taps, "conv2d_tile_backward_weights", a, sizeof *a,
            (clcnn_mem[]){x, call->y, partial}, 3, bytes,
            (size_t[]){(size_t)l->items, (size_t)a->blocks * (size_t)a->groups, (size_t)a->splits});
    return status == CLCNN_SUCCESS ? clcnn__taps_add(ctx, &add, partial, call->w, call->b) : status;
}

/* dw and db, or one of them; a transposed db is not of the gradient that is packed. */
static clcnn_status enqueue_weights(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const tile t = tile_of(ctx, problem);
    if (!t.near.refusal)
        return enqueue_near(ctx, call, &t);
    layout l = layout_of(ctx, problem, &t);
    const clcnn_mem partial = clcnn__behind(call->workspace, t.taps.padded);
    l.args.sums = call->b.buf && !problem->transposed;
    if (!call->w.buf) {
        l.args.taps = 0;
        l.items = 1;
    }
    clcnn_status status = CLCNN_SUCCESS;
    if (l.args.taps || l.args.sums)
        status = enqueue_sums(ctx, call, &t, &l, partial);
    return status == CLCNN_SUCCESS && call->b.buf && problem->transposed
               ? clcnn__bias_sum(ctx, call, clcnn__behind(partial, (size_t)l.partial))
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
