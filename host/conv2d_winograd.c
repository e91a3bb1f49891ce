/*
 * conv2d by kernels/conv2d_winograd.cl: 3x3 filters, strides of 1.
 *
 * Tiles are taken some lines at a time (a line is a row of tiles of one image), so that what lies
 * between two kernels stays in a cache; how many is a question of the workspace alone, and changes
 * no bit of the result. The workspace holds
 *   forward, backward_data   [u: weights][v: transformed input][m: products]
 *   backward_weights         [u: their sums][v][m: transformed dy][db: sums of planes]
 */
#include "conv2d.h"

enum { POINTS = 36, FILTER = 3, MOST_TILE = 32 };

typedef struct winograd {
    const clcnn__tune_row *row;
    int vec, block, pixels;
    conv2d_winograd_args args; /* but for the lines in the workspace */
    int lines, k_blocks;       /* all lines; vectors of the result's channels */
    const char *refusal;       /* or NULL */
} winograd;

/* The parts of the workspace, in elements, with some lines in it. */
typedef struct layout {
    int lines, slots, point_in, point_out;
    size_t weights, in, out, sums;
} layout;

static int ceil_div(int a, int b)
{
    return a / b + (a % b != 0);
}

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
    a.tiles_h = ceil_div(a.p, CONV2D_WINOGRAD_SIDE);
    a.tiles_w = ceil_div(a.q, CONV2D_WINOGRAD_SIDE);
    return a;
}

static const char *refuse_shape(const clcnn_conv2d *d)
{
    if (d->r != FILTER || d->s != FILTER)
        return "it takes 3x3 filters alone";
    if (d->stride_h != 1 || d->stride_w != 1 || d->dilation_h != 1 || d->dilation_w != 1)
        return "it takes strides and dilations of 1 alone";
    if (d->groups != 1)
        return "it takes a single group alone";
    return d->dot_only ? "its error is not that of a dot product, and the descriptor is dot_only"
                       : NULL;
}

/* With `lines` of them; false: more than 32-bit indices reach. */
static bool layout_of(const winograd *g, const clcnn__conv2d_problem *problem, int lines, layout *l)
{
    const double tiles = (double)lines * g->args.tiles_w + g->pixels;
    const double most = tiles * g->vec * POINTS;
    if (most * (g->args.c_blocks + 1.0) > INT32_MAX || most * (g->k_blocks + 1.0) > INT32_MAX)
        return false;
    *l = (layout){.lines = lines,
                  .slots = ceil_div(lines * g->args.tiles_w, g->pixels) * g->pixels,
                  .weights = (size_t)POINTS * (size_t)g->args.point_weights};
    /* Points are moved apart by a vector more: at powers of two they would meet in the same few
     * lines of a cache. */
    l->point_in = (g->args.c_blocks * l->slots + 1) * g->vec;
    l->point_out = (g->k_blocks * l->slots + 1) * g->vec;
    l->in = (size_t)POINTS * (size_t)l->point_in;
    l->out = (size_t)POINTS * (size_t)l->point_out;
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS)
        l->sums = (size_t)g->args.n * (size_t)problem->bias;
    return true;
}

static size_t bytes_of(const layout *l)
{
    return (l->weights + l->in + l->out + l->sums) * sizeof(float);
}

/* As many lines as fit the limit and the row's CHUNK of KiB, at least one. */
static layout fit(const winograd *g, const clcnn__conv2d_problem *problem, size_t limit)
{
    const size_t chunk = (size_t)clcnn__tune_value(g->row, "CHUNK") * 1024;
    int fits = 1, beyond = g->lines + 1;
    layout l, best;
    layout_of(g, problem, 1, &best);
    while (beyond - fits > 1) {
        const int middle = fits + (beyond - fits) / 2;
        if (layout_of(g, problem, middle, &l) && (l.in + l.out) * sizeof(float) <= chunk &&
            bytes_of(&l) <= limit) {
            fits = middle;
            best = l;
        } else {
            beyond = middle;
        }
    }
    return best;
}

static winograd winograd_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    winograd g = {.row = clcnn__tune(ctx, "conv2d", "winograd", "any"),
                  .refusal = refuse_shape(&problem->d)};
    const int vecs = clcnn__tune_value(g.row, "VECS");
    g.vec = clcnn__tune_vector(g.row);
    g.pixels = clcnn__tune_value(g.row, "PIX");
    g.block = g.vec * vecs;
    if (g.refusal)
        return g;
    if (!g.block || !g.pixels || vecs > MOST_TILE || g.pixels > MOST_TILE) {
        g.refusal = "its tuning row has no tile";
        return g;
    }
    g.args = shape_of(problem);
    g.args.c_blocks = ceil_div(g.args.c, g.vec);
    g.k_blocks = ceil_div(g.args.k, g.block) * vecs;
    const double weights = (double)g.args.c_blocks * g.vec * g.k_blocks * g.vec * POINTS;
    const double lines = (double)g.args.n * g.args.tiles_h;
    layout l;
    if (weights > INT32_MAX || lines > INT32_MAX || !layout_of(&g, problem, 1, &l)) {
        g.refusal = "its transformed tensors have 2^31 elements or more";
        return g;
    }
    g.lines = (int)lines;
    g.args.point_weights = g.args.c_blocks * g.vec * g.k_blocks * g.vec;
    return g;
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    return winograd_of(ctx, problem).refusal;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "winograd", "any");
    const int least = clcnn__tune_value(row, "CHANNELS");
    return row && row->use && problem->d.c >= least && problem->d.k >= least;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    const winograd g = winograd_of(ctx, problem);
    const layout l = fit(&g, problem, limit);
    return bytes_of(&l);
}

static size_t packed(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    return (size_t)winograd_of(ctx, problem).args.point_weights * POINTS * sizeof(float);
}

static clcnn_status launch(clcnn_ctx *ctx, const winograd *g, const clcnn__conv2d_call *call,
                           const char *kernel, const conv2d_winograd_args *args,
                           const clcnn_mem *mems, int mem_count, const size_t global[3])
{
    clcnn__launch_desc desc = {.program = "conv2d_winograd",
                               .kernel = kernel,
                               .row = g->row,
                               .macro_count = 1,
                               .macros = {{"CURVED", clcnn__conv2d_curved(&call->problem)}},
                               .args = args,
                               .args_size = sizeof *args,
                               .mem_count = mem_count,
                               .global = {global[0], global[1], global[2]},
                               .local = {1, 1, 1},
                               .fixed_local = true};
    for (int i = 0; i < mem_count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

static clcnn_status transform_weights(clcnn_ctx *ctx, const winograd *g,
                                      const clcnn__conv2d_call *call, clcnn_mem place)
{
    return launch(ctx, g, call, "conv2d_winograd_weights", &g->args, (clcnn_mem[]){call->w, place},
                  2, (size_t[]){(size_t)(g->args.c_blocks * g->vec), (size_t)g->k_blocks, 1});
}

static clcnn_status pack(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const winograd g = winograd_of(ctx, &call->problem);
    return transform_weights(ctx, &g, call, call->packed);
}

/* The arguments of the lines from `first`. */
static conv2d_winograd_args chunk_args(const winograd *g, const layout *l, int first)
{
    conv2d_winograd_args a = g->args;
    a.first_line = first;
    a.lines = g->lines - first < l->lines ? g->lines - first : l->lines;
    a.slots = ceil_div(a.lines * a.tiles_w, g->pixels) * g->pixels;
    a.point_in = l->point_in;
    a.point_out = l->point_out;
    return a;
}

/* Work-items that transform the tiles of a chunk, for one vector of channels. */
static size_t transform_items(const conv2d_winograd_args *a)
{
    return (size_t)a->lines * (size_t)ceil_div(a->tiles_w, CONV2D_WINOGRAD_SEGMENT);
}

/* Forward and backward_data: in -> out. */
static clcnn_status correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const winograd *g,
                              const layout *l, clcnn_mem in, clcnn_mem out)
{
    const clcnn_mem v = clcnn__behind(call->workspace, l->weights);
    const clcnn_mem m = clcnn__behind(v, l->in);
    clcnn_mem u = call->packed;
    clcnn_status status = CLCNN_SUCCESS;
    if (!u.buf) {
        u = call->workspace;
        status = transform_weights(ctx, g, call, u);
    }
    for (int first = 0; first < g->lines && status == CLCNN_SUCCESS; first += l->lines) {
        const conv2d_winograd_args a = chunk_args(g, l, first);
        const size_t items = transform_items(&a);
        status = launch(ctx, g, call, "conv2d_winograd_input", &a, (clcnn_mem[]){in, v}, 2,
                        (size_t[]){items, (size_t)a.c_blocks, 1});
        if (status == CLCNN_SUCCESS)
            status = launch(ctx, g, call, "conv2d_winograd_multiply", &a, (clcnn_mem[]){v, u, m}, 3,
                            (size_t[]){(size_t)(a.slots / g->pixels),
                                       (size_t)(g->k_blocks * g->vec / g->block), POINTS});
        if (status == CLCNN_SUCCESS)
            status =
                launch(ctx, g, call, "conv2d_winograd_output", &a, (clcnn_mem[]){m, call->b, out},
                       3, (size_t[]){items, (size_t)ceil_div(a.k, g->vec), 1});
    }
    return status;
}

static clcnn_status enqueue_correlate(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    winograd g = winograd_of(ctx, problem);
    const layout l = fit(&g, problem, call->workspace_bytes);
    g.args.has_bias = problem->forward && call->b.buf;
    g.args.activation = problem->forward ? (int)problem->d.activation : CLCNN_IDENTITY;
    g.args.alpha = (float)problem->d.alpha;
    g.args.accumulate = !problem->forward && problem->d.accumulate;
    return problem->direction == CLCNN_FORWARD ? correlate(ctx, call, &g, &l, call->x, call->y)
                                               : correlate(ctx, call, &g, &l, call->y, call->x);
}

static clcnn_status enqueue_filter(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                   const winograd *g, const layout *l)
{
    const clcnn_mem u = call->workspace, v = clcnn__behind(u, l->weights);
    const clcnn_mem m = clcnn__behind(v, l->in);
    const size_t channels = (size_t)(g->args.c_blocks * g->vec);
    clcnn_status status = CLCNN_SUCCESS;
    for (int first = 0; first < g->lines && status == CLCNN_SUCCESS; first += l->lines) {
        const conv2d_winograd_args a = chunk_args(g, l, first);
        const size_t items = transform_items(&a);
        status = launch(ctx, g, call, "conv2d_winograd_input", &a, (clcnn_mem[]){call->x, v}, 2,
                        (size_t[]){items, (size_t)a.c_blocks, 1});
        if (status == CLCNN_SUCCESS)
            status = launch(ctx, g, call, "conv2d_winograd_gradient", &a, (clcnn_mem[]){call->y, m},
                            2, (size_t[]){items, (size_t)g->k_blocks, 1});
        if (status == CLCNN_SUCCESS)
            status = launch(ctx, g, call, "conv2d_winograd_multiply_weights", &a,
                            (clcnn_mem[]){v, m, u}, 3,
                            (size_t[]){channels / (size_t)CONV2D_WINOGRAD_TAPS(g->vec),
                                       (size_t)(g->k_blocks * g->vec / g->block), POINTS});
    }
    if (status != CLCNN_SUCCESS)
        return status;
    return launch(ctx, g, call, "conv2d_winograd_filter", &g->args, (clcnn_mem[]){u, call->w}, 2,
                  (size_t[]){(size_t)g->args.c, (size_t)ceil_div(g->args.k, g->vec), 1});
}

/* db sums dy or, transposed, what the convolution has as x. */
static clcnn_status enqueue_bias(clcnn_ctx *ctx, const clcnn__conv2d_call *call, const winograd *g,
                                 const layout *l)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const clcnn_mem sums = clcnn__behind(call->workspace, l->weights + l->in + l->out);
    conv2d_winograd_args a = g->args;
    if (problem->transposed) {
        a.k = a.c;
        a.p = a.h;
        a.q = a.w;
    }
    const clcnn_mem gradient = problem->transposed ? call->x : call->y;
    const size_t channels = (size_t)a.k;
    clcnn_status status =
        launch(ctx, g, call, "conv2d_winograd_plane_sums", &a, (clcnn_mem[]){gradient, sums}, 2,
               (size_t[]){channels, (size_t)a.n, 1});
    if (status != CLCNN_SUCCESS)
        return status;
    return launch(ctx, g, call, "conv2d_winograd_backward_bias", &a, (clcnn_mem[]){sums, call->b},
                  2, (size_t[]){channels, 1, 1});
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS)
        return enqueue_correlate(ctx, call);
    winograd g = winograd_of(ctx, problem);
    const layout l = fit(&g, problem, call->workspace_bytes);
    g.args.accumulate = problem->d.accumulate;
    clcnn_status status = call->w.buf ? enqueue_filter(ctx, call, &g, &l) : CLCNN_SUCCESS;
    return status == CLCNN_SUCCESS && call->b.buf ? enqueue_bias(ctx, call, &g, &l) : status;
}

const clcnn__conv2d_algo clcnn__conv2d_winograd = {.name = "winograd",
                                                   .refuses = refuses,
                                                   .preferred = preferred,
                                                   .workspace = workspace,
                                                   .packed = packed,
                                                   .pack = pack,
                                                   .enqueue = enqueue};
