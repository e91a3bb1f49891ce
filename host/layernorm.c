/* layernorm: the public calls. The gradients of the weights are summed over chunks of rows, then
 * over the chunks; where the tuning row says so, in one go with dx. */
#include "internal.h"
#include "layernorm_args.h"

#include <float.h>
#include <math.h>

/* The constant: host/ref/layernorm.c. */
const clcnn_algo clcnn__layernorm_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_NORMWISE, 1.1}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* The rows are cut into chunks of at most MOST_CHUNKS, none shorter than the tuning row's SUM, and
 * that is LEAST_CHUNK at most: so the length of every chain of additions has a bound. */
enum { MOST_CHUNKS = 256, LEAST_CHUNK = 4096 };

/* A checked descriptor with its defaults filled in. */
typedef struct problem {
    clcnn_layernorm d;
    double eps;
    size_t count, chunk, chunks;
    int sums; /* rows of the workspace that a chunk has */
    const clcnn__tune_row *row;
} problem;

/* Rounds of a vector of a row, of one in backward with its sums, and of a row whose columns are
 * summed: measured, with what llvmpipe leaves of unrolled loops. */
enum { LONG_ROUNDS = 4, VECTOR_ROUNDS = 6, ROW_ROUNDS = 10 };

static clcnn_status check_rounds(clcnn_ctx *ctx, const char *call, const problem *p)
{
    const int vec = clcnn__tune_value(p->row, "VEC");
    if (vec < 1)
        return CLCNN_SUCCESS; /* the build says so */
    const clcnn_status status =
        clcnn__check_rounds(ctx, call, "elements of a row", p->d.d, (double)LONG_ROUNDS / vec);
    const double rows = (double)p->d.n, chunks = (double)p->chunks;
    return status == CLCNN_SUCCESS
               ? clcnn__check_rounds(ctx, call, "rows", rows, ROW_ROUNDS / chunks)
               : status;
}

static clcnn_status make_problem(clcnn_ctx *ctx, const char *call, const clcnn_layernorm *d,
                                 problem *p)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    *p = (problem){.d = *d, .eps = d->eps == 0 ? 1e-5 : d->eps};
    const int sizes[] = {d->n, d->d};
    const clcnn_status status = clcnn__elements(&ctx->error, call, sizes, 2, &p->count);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!((float)p->eps >= FLT_MIN) || !isfinite((float)p->eps))
        return CLCNN__INVALID(&ctx->error, "%s: eps is %g, it must be from %g to %g", call, d->eps,
                              (double)FLT_MIN, (double)FLT_MAX);
    p->row = clcnn__tune(ctx, "layernorm", "direct", "any");
    const int least = clcnn__tune_value(p->row, "SUM");
    p->chunk = clcnn__div_up((size_t)d->n, MOST_CHUNKS);
    if (p->chunk < (size_t)least)
        p->chunk = (size_t)(least < LEAST_CHUNK ? least : LEAST_CHUNK);
    p->chunks = ((size_t)d->n + p->chunk - 1) / p->chunk;
    p->sums = clcnn__tune_value(p->row, "MERGED") ? 4 : 2;
    return check_rounds(ctx, call, p);
}

/* Whether one work-item can take a chunk's rows: each in two loops, and one behind BLOCK of them.
 */
static bool is_merged(const clcnn_ctx *ctx, const problem *p)
{
    const double vectors = ceil((double)p->d.d / clcnn__tune_value(p->row, "VEC"));
    const double rows = (double)p->chunk;
    return p->sums == 4 && rows * (2 * vectors + 1) <= 3.0 * CLCNN__MAX_ROUNDS &&
           rows * (VECTOR_ROUNDS * vectors + 1) <= clcnn__most_rounds(ctx);
}

/* Sums for each column and chunk: two, and two of a block if they are merged with dx. For as many
 * chunks as any batch up to this one is cut into: a smaller one may have more of them. */
static size_t workspace_count(const problem *p)
{
    const size_t least = (size_t)clcnn__tune_value(p->row, "SUM");
    const size_t most = ((size_t)p->d.n + least - 1) / least;
    const size_t room = most < MOST_CHUNKS ? most : MOST_CHUNKS;
    return (size_t)p->sums * (room > p->chunks ? room : p->chunks) * (size_t)p->d.d;
}

clcnn_status clcnn_layernorm_plan(clcnn_ctx *ctx, const clcnn_layernorm *d,
                                  clcnn_direction direction, clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    const clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status != CLCNN_SUCCESS)
        return status;
    if (direction != CLCNN_FORWARD && direction != CLCNN_BACKWARD_DATA)
        return CLCNN__INVALID(&ctx->error,
                              "%s: direction %d is neither CLCNN_FORWARD nor CLCNN_BACKWARD_DATA",
                              __func__, (int)direction);
    if (!plan)
        return CLCNN__INVALID(&ctx->error, "%s: plan is NULL", __func__);
    const size_t count = direction == CLCNN_FORWARD ? 0 : workspace_count(&p);
    *plan = (clcnn_plan){.algo = clcnn__layernorm_algos[0].name, .workspace_bytes = 4 * count};
    return CLCNN_SUCCESS;
}

static layernorm_args make_args(const problem *p, const clcnn_layernorm_mems *m)
{
    return (layernorm_args){.n = p->d.n,
                            .d = p->d.d,
                            .chunk = (int)p->chunk,
                            .chunks = (int)p->chunks,
                            .sums = p->sums,
                            .has_gamma = m->gamma.buf != NULL,
                            .has_beta = m->beta.buf != NULL,
                            .has_saved = m->mean.buf != NULL,
                            .has_dgamma = m->dgamma.buf != NULL,
                            .has_dbeta = m->dbeta.buf != NULL,
                            .accumulate = p->d.accumulate != 0,
                            .eps = (float)p->eps};
}

static clcnn_status launch(clcnn_ctx *ctx, const problem *p, const char *kernel,
                           const layernorm_args *args, size_t items, size_t chunks,
                           const clcnn_mem *mems, int count)
{
    clcnn__launch_desc desc = {.program = "layernorm_direct",
                               .kernel = kernel,
                               .row = p->row,
                               .args = args,
                               .args_size = sizeof *args,
                               .mem_count = count,
                               .global = {items, chunks},
                               .local = {(size_t)clcnn__tune_value(p->row, "LOCAL")}};
    for (int i = 0; i < count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn_layernorm_forward(clcnn_ctx *ctx, const clcnn_layernorm *d,
                                     const clcnn_layernorm_mems *mems)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status == CLCNN_SUCCESS && !mems)
        status = CLCNN__INVALID(&ctx->error, "%s: mems is NULL", __func__);
    if (status == CLCNN_SUCCESS && !mems->mean.buf != !mems->rstd.buf)
        status = CLCNN__INVALID(&ctx->error, "%s: one of mean and rstd is given, the other is not",
                                __func__);
    if (status != CLCNN_SUCCESS)
        return status;
    const size_t n = (size_t)d->n, columns = (size_t)d->d;
    const clcnn__tensor tensors[] = {{"x", mems->x, p.count, CLCNN__IN},
                                     {"gamma", mems->gamma, columns, CLCNN__IN | CLCNN__OPTIONAL},
                                     {"beta", mems->beta, columns, CLCNN__IN | CLCNN__OPTIONAL},
                                     {"y", mems->y, p.count, CLCNN__OUT},
                                     {"mean", mems->mean, n, CLCNN__OUT | CLCNN__OPTIONAL},
                                     {"rstd", mems->rstd, n, CLCNN__OUT | CLCNN__OPTIONAL}};
    status = clcnn__check_tensors(ctx, __func__, tensors, sizeof tensors / sizeof *tensors);
    if (status != CLCNN_SUCCESS)
        return status;
    const layernorm_args args = make_args(&p, mems);
    const clcnn_mem all[] = {mems->x, mems->gamma, mems->beta, mems->y, mems->mean, mems->rstd};
    return launch(ctx, &p, "layernorm_direct_forward", &args, n, 1, all, 6);
}

static clcnn_status check_backward(clcnn_ctx *ctx, const char *call, const problem *p,
                                   const clcnn_layernorm_mems *m, clcnn_mem workspace)
{
    const size_t n = (size_t)p->d.n, columns = (size_t)p->d.d;
    const int out = CLCNN__OUT | CLCNN__OPTIONAL;
    const clcnn__tensor tensors[] = {
        {"x", m->x, p->count, CLCNN__IN},
        {"dy", m->dy, p->count, CLCNN__IN},
        {"gamma", m->gamma, columns, CLCNN__IN | CLCNN__OPTIONAL},
        {"mean", m->mean, n, CLCNN__IN},
        {"rstd", m->rstd, n, CLCNN__IN},
        {"dx", m->dx, p->count, out},
        {"dgamma", m->dgamma, columns, out},
        {"dbeta", m->dbeta, columns, out},
        {"workspace", workspace, workspace_count(p), CLCNN__OUT | CLCNN__OPTIONAL}};
    if (!m->dx.buf && !m->dgamma.buf && !m->dbeta.buf)
        return CLCNN__INVALID(&ctx->error, "%s: none of dx, dgamma and dbeta is given", call);
    return clcnn__check_tensors(ctx, call, tensors, sizeof tensors / sizeof *tensors);
}

static clcnn_status enqueue_backward(clcnn_ctx *ctx, const problem *p,
                                     const clcnn_layernorm_mems *m, clcnn_mem workspace)
{
    const layernorm_args args = make_args(p, m);
    const size_t columns = (size_t)p->d.d;
    const clcnn_mem data[] = {m->x, m->dy, m->gamma, m->mean, m->rstd, m->dx, workspace};
    const clcnn_mem sums[] = {m->x, m->dy, m->mean, m->rstd, workspace};
    const clcnn_mem reduce[] = {workspace, m->dgamma, m->dbeta};
    const bool merged = workspace.buf && m->dx.buf && is_merged(ctx, p);
    clcnn_status status = CLCNN_SUCCESS;
    if (merged)
        status = launch(ctx, p, "layernorm_direct_backward", &args, p->chunks, 1, data, 7);
    else if (workspace.buf)
        status =
            launch(ctx, p, "layernorm_direct_backward_weights", &args,
                   clcnn__div_up(columns, clcnn__tune_value(p->row, "VEC")), p->chunks, sums, 5);
    if (status == CLCNN_SUCCESS && workspace.buf)
        status = launch(ctx, p, "layernorm_direct_reduce", &args, columns, 1, reduce, 3);
    if (status != CLCNN_SUCCESS || merged || !m->dx.buf)
        return status;
    return launch(ctx, p, "layernorm_direct_backward_data", &args, (size_t)p->d.n, 1, data, 6);
}

clcnn_status clcnn_layernorm_backward(clcnn_ctx *ctx, const clcnn_layernorm *d,
                                      const clcnn_layernorm_mems *mems, const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status == CLCNN_SUCCESS && !mems)
        status = CLCNN__INVALID(&ctx->error, "%s: mems is NULL", __func__);
    if (status != CLCNN_SUCCESS)
        return status;
    /* dx alone needs none */
    const bool sums = mems->dgamma.buf || mems->dbeta.buf;
    status = clcnn__check_plan(ctx, __func__, clcnn__layernorm_algos[0].name,
                               sums ? workspace_count(&p) : 0, plan);
    const clcnn_mem workspace = status == CLCNN_SUCCESS && sums ? plan->workspace : CLCNN_NO_MEM;
    if (status == CLCNN_SUCCESS)
        status = check_backward(ctx, __func__, &p, mems, workspace);
    return status == CLCNN_SUCCESS ? enqueue_backward(ctx, &p, mems, workspace) : status;
}
