/*
 * conv2d by kernels/conv2d_winograd.cl: 3x3 filters, strides of 1.
 *
 * What lies between two kernels should stay in a cache, so the work is cut, in one of three ways:
 *
 * - fused: where there are few channels, a work-item takes some tiles through all steps;
 * - by channels: where all tiles fit, the result's channels are taken some blocks at a time, and so
 *   are the transformed weights (36 numbers for each 9);
 * - by lines: otherwise tiles are taken some lines at a time (a line is a row of tiles of one
 *   image), and the weights are transformed once.
 *
 * How much at a time is a question of the workspace alone, and changes no bit of the result.
 *
 * Forward and backward_data keep in the workspace the weights, the transformed input and the
 * products: [u][v][m]. Backward_weights: the sums, the transformed x and dy, and the splits of
 * db: [u][v][m][sums]. Fused, v and m are in local memory, and the workspace has the weights; to
 * the weights [u][u of each work-item][sums].
 */
#include "conv2d_taps.h"

#include <math.h>

enum { POINTS = 36, FILTER = 3 };

/* Channels of a group, where there are several: of fewer most lanes of a vector would be empty, and
 * what the transforms round is small beside a long sum, not beside nine products. */
enum { LEAST_OF_GROUP = 4 };

typedef struct winograd {
    const clcnn__tune_row *row;
    int vec, block, pixels;
    conv2d_winograd_args args; /* but for the part that is in the workspace */
    int lines, blocks;         /* in all; blocks of the result's channels */
    int each;                  /* ... of a group's */
    const char *refusal;       /* or NULL */
} winograd;

/* What is in the workspace at a time, and its parts, in elements. */
typedef struct layout {
    int items, each; /* fused: work-items, and runs of segments of each; otherwise 0 */
    int all_items;   /* ... to the weights, where all may be more than there are at a time */
    size_t own;      /* ... bytes of local memory */
    bool holds;      /* ... with room for ends of rows */
    int lines, blocks;
    int point_in, point_weights, point_out;
    size_t weights, in, out, sums;
} layout;

static conv2d_winograd_args shape_of(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    conv2d_winograd_args a = {.n = d->n,
                              .c = d->c,
                              .h = d->h,
                              .w = d->w,
                              .k = d->k,
                              .p = problem->p,
                              .q = problem->q,
                              .top = d->pad_top,
                              .left = d->pad_left};
    if (problem->direction == CLCNN_BACKWARD_DATA)
        a = (conv2d_winograd_args){.n = d->n,
                                   .c = d->k,
                                   .h = problem->p,
                                   .w = problem->q,
                                   .k = d->c,
                                   .p = d->h,
                                   .q = d->w,
                                   .top = FILTER - 1 - d->pad_top,
                                   .left = FILTER - 1 - d->pad_left,
                                   .flipped = 1};
    a.groups = d->groups;
    a.tiles_h = clcnn__ceil_div(a.p, CONV2D_WINOGRAD_SIDE);
    a.tiles_w = clcnn__ceil_div(a.q, CONV2D_WINOGRAD_SIDE);
    return a;
}

static const char *refuse_shape(const clcnn_conv2d *d)
{
    if (d->r != FILTER || d->s != FILTER)
        return "it takes 3x3 filters alone";
    if (d->stride_h != 1 || d->stride_w != 1 || d->dilation_h != 1 || d->dilation_w != 1)
        return "it takes strides and dilations of 1 alone";
    if (d->groups > 1 && (d->c / d->groups < LEAST_OF_GROUP || d->k / d->groups < LEAST_OF_GROUP))
        return "it takes groups of 4 channels and more alone";
    return d->dot_only ? "its error is not that of a dot product, and the descriptor is dot_only"
                       : NULL;
}

/*
 * Elements from point to point of `rows` times `columns` vectors. A vector more keeps points apart
 * that would meet in the same few lines of a cache: their distance is often a power of two.
 */
static int point_size(const winograd *g, double rows, double columns)
{
    const double size = (rows * columns + 1) * g->vec;
    return size * POINTS <= INT32_MAX ? (int)size : 0;
}

/* All weights, packed or kept beside some lines. */
static int whole_weights(const winograd *g)
{
    return point_size(g, (double)g->args.c_blocks * g->vec, (double)g->blocks * g->block / g->vec);
}

/* With so many lines and blocks; false: more than 32-bit indices reach. */
static bool lay_out(const winograd *g, const clcnn__conv2d_problem *problem, int lines, int blocks,
                    layout *l)
{
    const double slots = (double)lines * g->args.tiles_w + g->pixels - 1;
    const double vectors = (double)blocks * g->block / g->vec;
    *l = (layout){.lines = lines,
                  .blocks = blocks,
                  .point_in = point_size(g, slots, (double)g->args.groups * g->args.c_blocks),
                  .point_weights = point_size(g, (double)g->args.c_blocks * g->vec, vectors),
                  .point_out = point_size(g, slots, vectors)};
    l->in = (size_t)POINTS * (size_t)l->point_in;
    l->weights = (size_t)POINTS * (size_t)l->point_weights;
    l->out = (size_t)POINTS * (size_t)l->point_out;
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS)
        l->sums = (size_t)clcnn__bias_splits(problem) * (size_t)problem->bias;
    return l->in && l->weights && l->out;
}

static size_t bytes_of(const layout *l)
{
    return (l->weights + l->in + l->out + l->sums) * sizeof(float);
}

/* The most lines, or blocks, from 1 to `all` that keep to both limits; none: 1. */
static layout most(const winograd *g, const clcnn__conv2d_problem *problem, bool of_lines,
                   size_t cache, size_t limit)
{
    const int all = of_lines ? g->lines : g->blocks;
    int fits = 1, beyond = all + 1;
    layout best, l;
    lay_out(g, problem, of_lines ? 1 : g->lines, of_lines ? g->blocks : 1, &best);
    while (beyond - fits > 1) {
        const int middle = fits + (beyond - fits) / 2;
        const bool legal =
            lay_out(g, problem, of_lines ? middle : g->lines, of_lines ? g->blocks : middle, &l);
        const size_t busy = (l.in + l.out + (of_lines ? 0 : l.weights)) * sizeof(float);
        if (legal && busy <= cache && bytes_of(&l) <= limit) {
            fits = middle;
            best = l;
        } else {
            beyond = middle;
        }
    }
    return best;
}

/* Segments that fill the slots of a product. */
static int in_run(const winograd *g)
{
    const int most = CONV2D_WINOGRAD_SEGMENT;
    return g->pixels / (g->args.tiles_w < most ? g->args.tiles_w : most);
}

/* Bytes of v and m of a work-item, with so many vectors of channels in both together. */
static double own_bytes(const winograd *g, double vectors)
{
    return vectors * POINTS * CONV2D_WINOGRAD_OWN(g->pixels, g->vec) * sizeof(float);
}

/* ... and of the ends of its rows, where these may wait to be stored with the next ones. */
static double held_bytes(const winograd *g)
{
    enum { LINE = 16, MOST = 128 << 10 };
    const double vectors = (double)g->each * g->block / g->vec;
    const double bytes = vectors * CONV2D_WINOGRAD_HELD(g->vec) * sizeof(float);
    const bool wide = g->args.tiles_w > CONV2D_WINOGRAD_SEGMENT && g->args.q % LINE == 0;
    return wide && g->vec == LINE && bytes <= MOST ? bytes : 0;
}

/*
 * All in one kernel, for up to FUSE input channels of the row. The work-items are some times as
 * many as the device has processors, and so many that each loops at most clcnn__most_rounds times.
 */
static bool fuse(const clcnn_ctx *ctx, const winograd *g, const clcnn__conv2d_problem *problem,
                 layout *l)
{
    enum { PER_UNIT = 16, INPUT = 256, OUTPUT = 32 /* of a segment, at most */ };
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS || in_run(g) < 1 ||
        g->args.c / g->args.groups > clcnn__tune_value(g->row, "FUSE"))
        return false;
    const double segments =
        (double)g->lines * clcnn__ceil_div(g->args.tiles_w, CONV2D_WINOGRAD_SEGMENT);
    const double groups = ceil(segments / in_run(g));
    const double rounds = (double)g->each * POINTS * g->args.c_blocks * g->vec +
                          (double)in_run(g) * (INPUT * g->args.c_blocks + OUTPUT * 2.0 * g->each);
    const double most = fmax(1, floor(clcnn__most_rounds(ctx) / rounds));
    const double fewest = fmin(groups, (double)ctx->info.compute_units * PER_UNIT);
    l->each = (int)fmin(most, ceil(groups / fewest));
    const double items = ceil(groups / l->each);
    l->lines = g->lines;
    l->blocks = g->blocks;
    l->point_weights = whole_weights(g);
    const double own = own_bytes(g, g->args.c_blocks + (double)g->block / g->vec);
    if (own > (double)ctx->info.local_memory || rounds > clcnn__most_rounds(ctx))
        return false;
    const double held = held_bytes(g);
    l->holds = held > 0 && own + held <= (double)ctx->info.local_memory;
    l->items = (int)items;
    l->own = (size_t)(l->holds ? own + held : own);
    l->weights = (size_t)POINTS * (size_t)l->point_weights;
    return true;
}

/* Loops of a work-item of fused_weights for one group. */
static double group_rounds(const winograd *g)
{
    enum { TILES = 256 /* of a segment, at most */ };
    const double vectors = (double)g->each * g->block / g->vec;
    const double steps = (double)g->args.c_blocks * (g->vec / CONV2D_WINOGRAD_TAPS(g->vec));
    return POINTS * g->each * steps * g->pixels +
           (double)in_run(g) * TILES * (g->args.c_blocks + vectors);
}

/*
 * The same to the weights, for up to half of FUSE channels on both sides or as many by another
 * shape: the sums of all weights have to stay in the cache, too. Each work-item has its own, so
 * that there are few: some for each processor, with LEAST groups to add up or more. How many is a
 * question of the shape and the device, not of the workspace: the result depends on it. The
 * workspace has as many at a time as the cache has room for.
 */
static bool fuse_weights(const clcnn_ctx *ctx, const winograd *g,
                         const clcnn__conv2d_problem *problem, size_t limit, layout *l)
{
    enum { PER_UNIT = 4, LEAST = 3 };
    const double most = 0.5 * clcnn__tune_value(g->row, "FUSE");
    const double channels = (double)g->args.c_blocks * g->vec * g->each * g->block;
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS || in_run(g) < 1 || channels > most * most)
        return false;
    const double segments =
        (double)g->lines * clcnn__ceil_div(g->args.tiles_w, CONV2D_WINOGRAD_SEGMENT);
    const double groups = ceil(segments / in_run(g)), units = (double)ctx->info.compute_units;
    const double wished = ceil(units * PER_UNIT / g->args.groups);
    const double fewest = fmax(1, fmin(floor(groups / LEAST), wished));
    const double vectors = g->args.c_blocks + (double)g->each * g->block / g->vec;
    const double own = own_bytes(g, vectors);
    *l = (layout){.lines = g->lines, .blocks = g->blocks, .point_weights = whole_weights(g)};
    l->weights = (size_t)POINTS * (size_t)l->point_weights;
    l->sums = (size_t)clcnn__bias_splits(problem) * (size_t)problem->bias;
    const double item = (double)l->weights;
    if (group_rounds(g) > clcnn__most_rounds(ctx) || own > (double)ctx->info.local_memory)
        return false;
    l->own = (size_t)own;
    l->each = (int)fmin(floor(clcnn__most_rounds(ctx) / group_rounds(g)), ceil(groups / fewest));
    l->all_items = (int)ceil(groups / l->each);
    const double cache = clcnn__tune_value(g->row, "CHUNK") * 1024.0 / sizeof(float);
    const double room = ((double)limit / sizeof(float) - (double)(l->weights + l->sums)) / item;
    const double wanted = fmax(PER_UNIT, floor(cache / item / units)) * units;
    const double items = fmin(fmin(wanted, l->all_items), fmin(room, INT32_MAX / item));
    l->items = (int)fmax(items, 1);
    l->in = (size_t)l->items * l->weights;
    return true;
}

/* As many parts as those lines make, all alike. */
static layout even(const winograd *g, const clcnn__conv2d_problem *problem, int lines)
{
    layout l;
    lay_out(g, problem, clcnn__ceil_div(g->lines, clcnn__ceil_div(g->lines, lines)), g->blocks, &l);
    return l;
}

/*
 * By channels where the cache (CHUNK of the row, in KiB) has room for all tiles of the input; to
 * the weights also where these are more than the tiles, because each part by lines would read and
 * write them all. Otherwise by lines. With many channels a part's products read more weights than
 * tiles, so that it pays to let a part outgrow the cache.
 */
static layout fit(const clcnn_ctx *ctx, const winograd *g, const clcnn__conv2d_problem *problem,
                  size_t limit)
{
    enum { SHARE = 2 }; /* of the weights, that a part may have */
    layout l = {.items = 0}, fused = {.items = 0};
    if (fuse_weights(ctx, g, problem, limit, &fused) ||
        (fuse(ctx, g, problem, &fused) && bytes_of(&fused) <= limit))
        return fused;
    const size_t cache = (size_t)clcnn__tune_value(g->row, "CHUNK") * 1024;
    const size_t weights = (size_t)whole_weights(g) * POINTS * sizeof(float);
    const bool legal = lay_out(g, problem, g->lines, 1, &l);
    const size_t tiles = l.in * sizeof(float);
    const bool beside = problem->direction == CLCNN_BACKWARD_WEIGHTS && tiles < weights;
    if (legal && (tiles <= cache || beside)) {
        l = most(g, problem, false, tiles <= cache ? cache : cache + tiles, limit);
        if (bytes_of(&l) <= limit)
            return l;
    }
    const size_t part = weights / SHARE > cache ? weights / SHARE : cache;
    return even(g, problem, most(g, problem, true, part, limit).lines);
}

static const clcnn__tune_row *row_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const bool backward = problem->direction == CLCNN_BACKWARD_DATA;
    const int channels = (backward ? problem->d.c : problem->d.k) / problem->d.groups;
    return clcnn__tune(ctx, "conv2d", "winograd", channels <= 16 ? "medium" : "wide");
}

static winograd winograd_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    winograd g = {.row = row_of(ctx, problem), .refusal = refuse_shape(&problem->d)};
    const int vecs = clcnn__tune_value(g.row, "VECS");
    g.vec = clcnn__tune_vector(g.row);
    g.pixels = clcnn__tune_value(g.row, "PIX");
    g.block = g.vec * vecs;
    if (g.refusal)
        return g;
    if (!g.block || !g.pixels || vecs > CLCNN__MOST_TILE || g.pixels > CLCNN__MOST_TILE) {
        g.refusal = "its tuning row has no tile";
        return g;
    }
    g.args = shape_of(problem);
    g.args.c_blocks = clcnn__ceil_div(g.args.c / g.args.groups, g.vec);
    g.each = clcnn__ceil_div(g.args.k / g.args.groups, g.block);
    g.blocks = g.args.groups * g.each;
    const double lines = (double)g.args.n * g.args.tiles_h;
    layout l;
    if (lines > INT32_MAX || !lay_out(&g, problem, 1, g.blocks, &l))
        g.refusal = "its transformed tensors have 2^31 elements or more";
    g.lines = (int)lines;
    return g;
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    return winograd_of(ctx, problem).refusal;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn__tune_row *row = row_of(ctx, problem);
    const int least = clcnn__tune_value(row, "CHANNELS");
    return row && row->use && problem->d.c / problem->d.groups >= least &&
           problem->d.k / problem->d.groups >= least;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    const winograd g = winograd_of(ctx, problem);
    const layout l = fit(ctx, &g, problem, limit);
    return bytes_of(&l);
}

static size_t packed(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const winograd g = winograd_of(ctx, problem);
    return (size_t)whole_weights(&g) * POINTS * sizeof(float);
}

/* ---- The part that is worked on
 * ------------------------------------------------------------------
 */

typedef struct part {
    conv2d_winograd_args args;
    size_t tiles;   /* work-items that transform its tiles, for one vector of channels */
    size_t vectors; /* of the result's channels, filled up to blocks */
    size_t live;    /* of these, that may hold channels */
    size_t blocks;  /* of these, as the products take them */
    bool fused;     /* the program is the one in which tiles are in local memory, */
    size_t own;     /* ... and this is a launch that has so much of it */
} part;

static clcnn_status launch(clcnn_ctx *ctx, const winograd *g, const clcnn__conv2d_call *call,
                           const char *kernel, const part *t, const clcnn_mem *mems, int mem_count,
                           const size_t global[3])
{
    clcnn__launch_desc desc = {
        .program = "conv2d_winograd",
        .kernel = kernel,
        .row = g->row,
        .macro_count = 2,
        .macros = {{"CURVED", clcnn__conv2d_curved(&call->problem)}, {"FUSED", t->fused}},
        .args = &t->args,
        .args_size = sizeof t->args,
        .local_bytes = t->own};
    return clcnn__launch_single(ctx, &desc, mems, mem_count, global);
}

static part part_of(const winograd *g, const layout *l, int first_line, int first_block)
{
    const int blocks = g->blocks - first_block < l->blocks ? g->blocks - first_block : l->blocks;
    part t = {.args = g->args, .blocks = (size_t)blocks};
    conv2d_winograd_args *a = &t.args;
    a->first_line = first_line;
    a->lines = g->lines - first_line < l->lines ? g->lines - first_line : l->lines;
    a->first_vector = first_block * g->block / g->vec;
    a->slots = clcnn__ceil_div(a->lines * a->tiles_w, g->pixels) * g->pixels;
    a->point_in = l->point_in;
    a->point_weights = l->point_weights;
    a->point_out = l->point_out;
    t.tiles = (size_t)a->lines * (size_t)clcnn__ceil_div(a->tiles_w, CONV2D_WINOGRAD_SEGMENT);
    t.vectors = (size_t)(blocks * g->block / g->vec);
    const int rest = clcnn__ceil_div(a->k, g->vec) - a->first_vector;
    t.live = a->groups == 1 && (size_t)rest < t.vectors ? (size_t)rest : t.vectors;
    return t;
}

static clcnn_status transform_weights(clcnn_ctx *ctx, const winograd *g,
                                      const clcnn__conv2d_call *call, const part *t, clcnn_mem u)
{
    /* Backward, neighbours in c lie a whole row of w apart, and those in k side by side. */
    const size_t channels = (size_t)(t->args.c_blocks * g->vec),
                 near = t->args.flipped ? 4 : channels;
    return launch(ctx, g, call, "conv2d_winograd_weights", t, (clcnn_mem[]){call->w, u}, 2,
                  (size_t[]){near, t->vectors, channels / near});
}

static clcnn_status transform_input(clcnn_ctx *ctx, const winograd *g,
                                    const clcnn__conv2d_call *call, const part *t, clcnn_mem in,
                                    clcnn_mem v)
{
    return launch(ctx, g, call, "conv2d_winograd_input", t, (clcnn_mem[]){in, v}, 2,
                  (size_t[]){t->tiles, (size_t)(t->args.groups * t->args.c_blocks), 1});
}

/* All blocks of the weights. */
static part whole_part(const winograd *g)
{
    const layout all = {.lines = 1, .blocks = g->blocks, .point_weights = whole_weights(g)};
    return part_of(g, &all, 0, 0);
}

static clcnn_status pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const winograd g = winograd_of(ctx, &call->problem);
    part whole = whole_part(&g);
    layout l = {.items = 0};
    whole.fused = fuse(ctx, &g, &call->problem, &l); /* the program that is built anyway */
    return transform_weights(ctx, &g, call, &whole, call->packed);
}

/* ---- Forward and backward_data -----------------------------------------------------------------
 */

/* The tiles in v by some blocks: m, and what it becomes in `out`. */
static clcnn_status multiply(clcnn_ctx *ctx, const winograd *g, const clcnn__conv2d_call *call,
                             const part *t, clcnn_mem v, clcnn_mem u, clcnn_mem m, clcnn_mem out)
{
    clcnn_status status =
        launch(ctx, g, call, "conv2d_winograd_multiply", t, (clcnn_mem[]){v, u, m}, 3,
               (size_t[]){(size_t)(t->args.slots / g->pixels), t->blocks, POINTS});
    if (status != CLCNN_SUCCESS)
        return status;
    return launch(ctx, g, call, "conv2d_winograd_output", t, (clcnn_mem[]){m, call->b, out}, 3,
                  (size_t[]){t->tiles, t->live, 1});
}

/* All of it in one launch, behind the weights'. */
static clcnn_status correlate_fused(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                    const winograd *g, const layout *l, clcnn_mem in, clcnn_mem out)
{
    part t = part_of(g, l, 0, 0);
    clcnn_mem u = call->packed;
    clcnn_status status = CLCNN_SUCCESS;
    t.fused = true;
    if (!u.buf) {
        u = call->workspace;
        status = transform_weights(ctx, g, call, &t, u);
    }
    t.args.slots = g->pixels;
    t.args.each = l->each;
    t.args.items = l->holds && !t.args.accumulate;
    t.own = l->own;
    const clcnn_mem mems[] = {in, u, call->b, out};
    return status == CLCNN_SUCCESS ? launch(ctx, g, call, "conv2d_winograd_fused", &t, mems, 4,
                                            (size_t[]){(size_t)l->items, (size_t)g->args.groups, 1})
                                   : status;
}

static clcnn_status correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const winograd *g,
                              const layout *l, clcnn_mem in, clcnn_mem out)
{
    const clcnn_mem v = clcnn__behind(call->workspace, l->weights);
    const clcnn_mem m = clcnn__behind(v, l->in);
    const bool packed = call->packed.buf != NULL;
    const size_t block = (size_t)g->args.c_blocks * (size_t)(g->vec * g->block);
    clcnn_status status = CLCNN_SUCCESS;
    for (int line = 0; line < g->lines && status == CLCNN_SUCCESS; line += l->lines) {
        part t = part_of(g, l, line, 0);
        status = transform_input(ctx, g, call, &t, in, v);
        for (int first = 0; first < g->blocks && status == CLCNN_SUCCESS; first += l->blocks) {
            clcnn_mem u = call->workspace;
            t = part_of(g, l, line, first);
            if (packed) {
                t.args.point_weights = whole_weights(g);
                u = clcnn__behind(call->packed, (size_t)first * block);
            } else if (line == 0) { /* later lines find all blocks there */
                status = transform_weights(ctx, g, call, &t, u);
            }
            if (status == CLCNN_SUCCESS)
                status = multiply(ctx, g, call, &t, v, u, m, out);
        }
    }
    return status;
}

static clcnn_status enqueue_correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    winograd g = winograd_of(ctx, problem);
    const layout l = fit(ctx, &g, problem, call->workspace_bytes);
    g.args.has_bias = problem->forward && call->b.buf;
    g.args.activation = problem->forward ? (int)problem->d.activation : CLCNN_IDENTITY;
    g.args.alpha = (float)problem->d.alpha;
    g.args.accumulate = !problem->forward && problem->d.accumulate;
    const bool forward = problem->direction == CLCNN_FORWARD;
    const clcnn_mem in = forward ? call->x : call->y, out = forward ? call->y : call->x;
    return l.items ? correlate_fused(ctx, call, &g, &l, in, out)
                   : correlate(ctx, call, &g, &l, in, out);
}

/* ---- Backward to the weights -------------------------------------------------------------------
 */

/* The sums become filters. */
static clcnn_status make_filter(clcnn_ctx *ctx, const winograd *g, const clcnn__conv2d_call *call,
                                const part *t, clcnn_mem u)
{
    return launch(ctx, g, call, "conv2d_winograd_filter", t, (clcnn_mem[]){u, call->w}, 2,
                  (size_t[]){(size_t)t->args.c_blocks, t->live, 1});
}

/* As many work-items at a time as the workspace has room for, and their sums one after the other.
 */
static clcnn_status enqueue_fused_filter(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                         const winograd *g, const layout *l)
{
    const clcnn_mem u = call->workspace, work = clcnn__behind(u, l->weights);
    const size_t vectors = (size_t)(g->args.c_blocks * g->blocks * g->block);
    part t = part_of(g, l, 0, 0);
    clcnn_status status = CLCNN_SUCCESS;
    t.fused = true;
    t.args.each = l->each;
    for (int first = 0; first < l->all_items && status == CLCNN_SUCCESS; first += l->items) {
        const int rest = l->all_items - first, items = rest < l->items ? rest : l->items;
        t.args.first_item = first;
        t.args.items = items;
        t.own = l->own;
        status = launch(ctx, g, call, "conv2d_winograd_fused_weights", &t,
                        (clcnn_mem[]){call->x, call->y, work}, 3,
                        (size_t[]){(size_t)items, (size_t)t.args.groups, 1});
        t.own = 0;
        if (status == CLCNN_SUCCESS)
            status = launch(ctx, g, call, "conv2d_winograd_add_items", &t, (clcnn_mem[]){work, u},
                            2, (size_t[]){vectors, POINTS, 1});
    }
    return status == CLCNN_SUCCESS ? make_filter(ctx, g, call, &t, u) : status;
}

/* The tiles in v by dy's of some blocks, added up in u; after the last ones, the filters. */
static clcnn_status multiply_weights(clcnn_ctx *ctx, const winograd *g,
                                     const clcnn__conv2d_call *call, const part *t, clcnn_mem v,
                                     clcnn_mem u, clcnn_mem m)
{
    const conv2d_winograd_args *a = &t->args;
    const size_t channels = (size_t)(a->c_blocks * g->vec);
    clcnn_status status = launch(ctx, g, call, "conv2d_winograd_gradient", t,
                                 (clcnn_mem[]){call->y, m}, 2, (size_t[]){t->tiles, t->vectors, 1});
    if (status == CLCNN_SUCCESS)
        status =
            launch(ctx, g, call, "conv2d_winograd_multiply_weights", t, (clcnn_mem[]){v, m, u}, 3,
                   (size_t[]){channels / (size_t)CONV2D_WINOGRAD_TAPS(g->vec), t->blocks, POINTS});
    if (status != CLCNN_SUCCESS || a->first_line + a->lines < g->lines)
        return status;
    return make_filter(ctx, g, call, t, u);
}

static clcnn_status enqueue_filter(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                   const winograd *g, const layout *l)
{
    const clcnn_mem u = call->workspace, v = clcnn__behind(u, l->weights);
    const clcnn_mem m = clcnn__behind(v, l->in);
    clcnn_status status = CLCNN_SUCCESS;
    for (int line = 0; line < g->lines && status == CLCNN_SUCCESS; line += l->lines) {
        part t = part_of(g, l, line, 0);
        status = transform_input(ctx, g, call, &t, call->x, v);
        for (int first = 0; first < g->blocks && status == CLCNN_SUCCESS; first += l->blocks) {
            t = part_of(g, l, line, first);
            status = multiply_weights(ctx, g, call, &t, v, u, m);
        }
    }
    return status;
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS)
        return enqueue_correlate(ctx, call);
    winograd g = winograd_of(ctx, problem);
    const layout l = fit(ctx, &g, problem, call->workspace_bytes);
    g.args.accumulate = problem->d.accumulate;
    clcnn_status status = CLCNN_SUCCESS;
    if (call->w.buf)
        status =
            l.items ? enqueue_fused_filter(ctx, call, &g, &l) : enqueue_filter(ctx, call, &g, &l);
    const clcnn_mem sums = clcnn__behind(call->workspace, l.weights + l.in + l.out);
    return status == CLCNN_SUCCESS && call->b.buf ? clcnn__bias_sum(ctx, call, sums) : status;
}

const clcnn__conv2d_algo clcnn__conv2d_winograd = {.name = "winograd",
                                                   .refuses = refuses,
                                                   .preferred = preferred,
                                                   .workspace = workspace,
                                                   .packed = packed,
                                                   .pack = pack,
                                                   .enqueue = enqueue};
