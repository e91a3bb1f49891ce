/* conv2d by kernels/conv2d_gemm.cl: tiles of an implicit matrix product in local memory. */
#include "conv2d.h"

#include <math.h>

/* The matrix product of one direction: rows M, columns N, depth K. */
typedef struct product {
    size_t m, n, k;
} product;

static product shape_of(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    size_t images = (size_t)d->n, filter = (size_t)d->r * (size_t)d->s;
    size_t c = (size_t)problem->group_c, k = (size_t)problem->group_k;
    size_t in = images * (size_t)d->h * (size_t)d->w;
    size_t out = images * (size_t)problem->p * (size_t)problem->q;
    switch (problem->direction) {
    case CLCNN_FORWARD:
        return (product){k, out, c * filter};
    case CLCNN_BACKWARD_DATA:
        return (product){c, in, k * filter};
    default:
        return (product){k, c * filter, out};
    }
}

typedef struct tile {
    const clcnn__tune_row *row;
    size_t items, m, n, k; /* work-items of a group, its tile of results, steps of the sum */
} tile;

static tile tile_of(clcnn_ctx *ctx)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "gemm", "any");
    size_t wm = (size_t)clcnn__tune_value(row, "WM"), wn = (size_t)clcnn__tune_value(row, "WN");
    return (tile){row, wm * wn, wm * (size_t)clcnn__tune_value(row, "PM"),
                  wn * (size_t)clcnn__tune_value(row, "PN"), (size_t)clcnn__tune_value(row, "TK")};
}

static clcnn__launch_desc describe(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem,
                                   const conv2d_args *args, const char *kernel)
{
    const clcnn_conv2d *d = &problem->d;
    tile t = tile_of(ctx);
    bool known = d->r == d->s && (d->r == 1 || d->r == 3 || d->r == 5);
    return (clcnn__launch_desc){.program = "conv2d_gemm",
                                .kernel = kernel,
                                .row = t.row,
                                .macro_count = 3,
                                .macros = {{"DIRECTION", (int)problem->direction},
                                           {"FILTER", known ? d->r : 0},
                                           {"CURVED", clcnn__conv2d_curved(problem)}},
                                .args = args,
                                .args_size = sizeof *args,
                                .local = {t.items, 1, 1},
                                .fixed_local = true};
}

/* Rounds of a work-item's loops: those over TK are not unrolled everywhere. */
static double rounds_of(const tile *t, double depth)
{
    const double fetched = (double)((t->m + t->n) * t->k) / (double)t->items;
    return ceil(depth / (double)t->k) * (fetched + (double)t->k + 3);
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    tile t = tile_of(ctx);
    if (!t.items || !t.m || !t.n || !t.k || t.items % t.n || (t.items & (t.items - 1)))
        return "its tuning row has no tile that fits together";
    if (t.items > ctx->info.max_work_group ||
        (ctx->info.max_work_items[0] && t.items > ctx->info.max_work_items[0]))
        return "its work-groups are larger than the device allows";
    if ((t.m + 1 + t.n + 1) * t.k * sizeof(float) > ctx->info.local_memory)
        return "its tiles need more local memory than the device has";
    const product s = shape_of(problem);
    const bool weights = problem->direction == CLCNN_BACKWARD_WEIGHTS;
    if ((weights ? (double)s.k / (double)t.items : rounds_of(&t, (double)s.k)) >
        clcnn__most_rounds(ctx))
        return "its sums are longer than a work-item's loops may be";
    /* What the registers of a device allow is known only of the built kernels. */
    static const char *const kernels[] = {"conv2d_gemm", "conv2d_gemm_backward_bias"};
    const int count = weights ? 2 : 1;
    for (int i = 0; i < count; i++) {
        const conv2d_args none = {0};
        clcnn__launch_desc desc = describe(ctx, problem, &none, kernels[i]);
        size_t limit = 0;
        if (clcnn__kernel_limit(ctx, &desc, &limit) != CLCNN_SUCCESS)
            return clcnn__conv2d_not_built;
        if (t.items > limit)
            return "its work-groups are larger than the built kernel allows";
    }
    return NULL;
}

static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    (void)problem;
    tile t = tile_of(ctx);
    return t.row && t.row->use;
}

/*
 * backward_weights: long sums are split until there are some hundred work-groups, each with a
 * reasonable part, and none longer than a work-item's loops may be, whatever the limit. It depends
 * on the problem and the limit alone: equal bits on equal devices.
 */
static size_t splits_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    enum { GROUPS = 256, LEAST_DEPTH = 256, MOST = 1024 };
    if (problem->direction != CLCNN_BACKWARD_WEIGHTS)
        return 1;
    tile t = tile_of(ctx);
    product s = shape_of(problem);
    size_t tiles =
        clcnn__div_up(s.m, (int)t.m) * clcnn__div_up(s.n, (int)t.n) * (size_t)problem->d.groups;
    size_t splits = clcnn__div_up(GROUPS, tiles < GROUPS ? (int)tiles : GROUPS);
    if (splits > s.k / LEAST_DEPTH)
        splits = s.k / LEAST_DEPTH;
    if (splits > MOST)
        splits = MOST;
    size_t bytes = problem->w_count * sizeof(float);
    if (splits > limit / bytes)
        splits = limit / bytes;
    if (splits > (size_t)INT32_MAX / problem->w_count) /* the copies are indexed by an int */
        splits = (size_t)INT32_MAX / problem->w_count;
    const double fewest = ceil(rounds_of(&t, (double)s.k) / clcnn__most_rounds(ctx));
    if ((double)splits < fewest)
        splits = (size_t)fewest;
    return splits > 1 ? splits : 1;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    size_t splits = splits_of(ctx, problem, limit);
    return splits > 1 ? splits * problem->w_count * sizeof(float) : 0;
}

static clcnn_status enqueue_product(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem,
                                    const conv2d_args *args, clcnn_mem left, clcnn_mem right,
                                    clcnn_mem bias, clcnn_mem out)
{
    tile t = tile_of(ctx);
    product s = shape_of(problem);
    clcnn__launch_desc desc = describe(ctx, problem, args, "conv2d_gemm");
    const clcnn_mem mems[] = {left, right, bias, out};
    for (int i = 0; i < 4; i++)
        desc.mems[desc.mem_count++] = mems[i];
    desc.global[0] = clcnn__div_up(s.n, (int)t.n) * t.items;
    desc.global[1] = clcnn__div_up(s.m, (int)t.m);
    desc.global[2] = (size_t)args->groups * (size_t)args->splits;
    return clcnn__launch(ctx, &desc);
}

static clcnn_status enqueue_weights(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                    conv2d_args *args)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    clcnn_status status = CLCNN_SUCCESS;
    args->splits = (int)splits_of(ctx, problem, call->workspace_bytes);
    if (call->w.buf)
        status = enqueue_product(ctx, problem, args, call->y, call->x, CLCNN_NO_MEM,
                                 args->splits > 1 ? call->workspace : call->w);
    if (status == CLCNN_SUCCESS && call->w.buf && args->splits > 1) {
        clcnn__launch_desc desc = describe(ctx, problem, args, "conv2d_gemm_reduce");
        desc.mems[desc.mem_count++] = call->workspace;
        desc.mems[desc.mem_count++] = call->w;
        desc.global[0] = problem->w_count;
        desc.fixed_local = false;
        status = clcnn__launch(ctx, &desc);
    }
    if (status == CLCNN_SUCCESS && call->b.buf) {
        clcnn_mem gradient;
        const conv2d_args bias = clcnn__conv2d_bias_args(call, &gradient);
        clcnn__launch_desc desc = describe(ctx, problem, &bias, "conv2d_gemm_backward_bias");
        desc.mems[desc.mem_count++] = gradient;
        desc.mems[desc.mem_count++] = call->b;
        desc.global[0] = (size_t)bias.k * desc.local[0];
        status = clcnn__launch(ctx, &desc);
    }
    return status;
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    conv2d_args args = clcnn__conv2d_make_args(call);
    switch (problem->direction) {
    case CLCNN_FORWARD:
        return enqueue_product(ctx, problem, &args, call->w, call->x, call->b, call->y);
    case CLCNN_BACKWARD_DATA:
        return enqueue_product(ctx, problem, &args, call->w, call->y, call->b, call->x);
    default:
        return enqueue_weights(ctx, call, &args);
    }
}

const clcnn__conv2d_algo clcnn__conv2d_gemm = {.name = "gemm",
                                               .refuses = refuses,
                                               .preferred = preferred,
                                               .workspace = workspace,
                                               .enqueue = enqueue};
