/*
 * batchnorm: the public calls. Training forward is three launches (moments of the chunks,
 * statistics of the channels, what is normalised); backward is three (sums of the chunks, of the
 * channels, dx).
 */
#include "batchnorm_args.h"
#include "internal.h"

#include <float.h>
#include <math.h>

/* The constant: host/ref/batchnorm.c. */
const clcnn_algo clcnn__batchnorm_algos[] = {
    {"direct", {{CLCNN_NORMWISE, 1.1}, {CLCNN_NORMWISE, 1.1}, {CLCNN_NORMWISE, 1.1}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* A channel is cut into chunks of at most MOST_CHUNKS, none shorter than the tuning row's SUM, and
 * that is LEAST_CHUNK at most: so the length of every chain of additions has a bound. */
enum { MOST_CHUNKS = 256, LEAST_CHUNK = 4096 };

/* A checked descriptor with its defaults filled in. */
typedef struct problem {
    clcnn_batchnorm d;
    double eps;
    size_t count, channels, positions; /* n*c*h*w, c, n*h*w */
    size_t chunk, chunks;
    const clcnn__tune_row *row;
} problem;

static clcnn_status check_numbers(clcnn_ctx *ctx, const char *call, const clcnn_batchnorm *d,
                                  double eps)
{
    if (!((float)eps >= FLT_MIN) || !isfinite((float)eps))
        return CLCNN__INVALID(&ctx->error, "%s: eps is %g, it must be from %g to %g", call, d->eps,
                              (double)FLT_MIN, (double)FLT_MAX);
    if (!(d->momentum >= 0 && d->momentum <= 1))
        return CLCNN__INVALID(&ctx->error, "%s: momentum is %g, it must be from 0 to 1", call,
                              d->momentum);
    clcnn_status status = clcnn__check_activation(&ctx->error, call, d->activation, d->alpha);
    if (status == CLCNN_SUCCESS && d->activation > CLCNN_LEAKY_RELU)
        status = CLCNN__FAIL(&ctx->error, CLCNN_UNSUPPORTED,
                             "%s: activation kind %d is neither identity nor ReLU nor leaky ReLU",
                             call, (int)d->activation);
    return status;
}

static clcnn_status make_problem(clcnn_ctx *ctx, const char *call, const clcnn_batchnorm *d,
                                 problem *p)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    *p = (problem){.d = *d, .eps = d->eps == 0 ? 1e-5 : d->eps};
    p->d.h = d->h ? d->h : 1;
    p->d.w = d->w ? d->w : 1;
    const int sizes[] = {d->n, d->c, p->d.h, p->d.w};
    clcnn_status status = clcnn__elements(&ctx->error, call, sizes, 4, &p->count);
    if (status == CLCNN_SUCCESS)
        status = check_numbers(ctx, call, d, p->eps);
    if (status != CLCNN_SUCCESS)
        return status;
    p->channels = (size_t)d->c;
    p->positions = p->count / p->channels;
    p->row = clcnn__tune(ctx, "batchnorm", "direct", "any");
    const int least = clcnn__tune_value(p->row, "SUM");
    p->chunk = clcnn__div_up(p->positions, MOST_CHUNKS);
    if (p->chunk < (size_t)least)
        p->chunk = (size_t)(least < LEAST_CHUNK ? least : LEAST_CHUNK);
    p->chunks = (p->positions + p->chunk - 1) / p->chunk;
    return CLCNN_SUCCESS;
}

/* As many chunks as any batch up to this one is cut into: a smaller one may have more of them. */
static size_t chunk_room(const problem *p)
{
    const size_t least = (size_t)clcnn__tune_value(p->row, "SUM");
    const size_t most = (p->positions + least - 1) / least;
    const size_t room = most < MOST_CHUNKS ? most : MOST_CHUNKS;
    return room > p->chunks ? room : p->chunks;
}

/* Two numbers for each chunk; backward keeps the two sums of each channel behind them. */
static size_t workspace_count(const problem *p, clcnn_direction direction)
{
    const size_t partial = 2 * p->channels * chunk_room(p);
    if (direction == CLCNN_FORWARD)
        return p->d.inference ? 0 : partial;
    return partial + 2 * p->channels;
}

clcnn_status clcnn_batchnorm_plan(clcnn_ctx *ctx, const clcnn_batchnorm *d,
                                  clcnn_direction direction, clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status != CLCNN_SUCCESS)
        return status;
    if (direction != CLCNN_FORWARD && direction != CLCNN_BACKWARD_DATA)
        return CLCNN__INVALID(&ctx->error,
                              "%s: direction %d is neither CLCNN_FORWARD nor CLCNN_BACKWARD_DATA",
                              __func__, (int)direction);
    if (!plan)
        return CLCNN__INVALID(&ctx->error, "%s: plan is NULL", __func__);
    *plan = (clcnn_plan){.algo = clcnn__batchnorm_algos[0].name,
                         .workspace_bytes = 4 * workspace_count(&p, direction)};
    return CLCNN_SUCCESS;
}

static batchnorm_args make_args(const problem *p, const clcnn_batchnorm_mems *m)
{
    const double momentum = p->d.momentum, positions = (double)p->positions;
    return (batchnorm_args){
        .n = p->d.n,
        .c = p->d.c,
        .hw = p->d.h * p->d.w,
        .count = (int)p->count,
        .chunk = (int)p->chunk,
        .chunks = (int)p->chunks,
        .inference = p->d.inference != 0,
        .has_gamma = m->gamma.buf != NULL,
        .has_beta = m->beta.buf != NULL,
        .has_running = m->running_mean.buf != NULL,
        .has_dgamma = m->dgamma.buf != NULL,
        .has_dbeta = m->dbeta.buf != NULL,
        .accumulate = p->d.accumulate != 0,
        .alpha = (float)p->d.alpha,
        .eps = (float)p->eps,
        .inverse = (float)(1 / positions),
        .keep = (float)(1 - momentum),
        .momentum = (float)momentum,
        .unbias = p->d.unbiased && positions > 1 ? (float)(positions / (positions - 1)) : 1.0f};
}

/* Kernels that don't look at the activation are launched with identity, and so built once. */
static clcnn_status launch_with(clcnn_ctx *ctx, const problem *p, clcnn_activation_kind activation,
                                const char *kernel, const batchnorm_args *args, size_t items,
                                size_t channels, const clcnn_mem *mems, int count)
{
    clcnn__launch_desc desc = {.program = "batchnorm_direct",
                               .kernel = kernel,
                               .row = p->row,
                               .macro_count = 1,
                               .macros = {{"ACTIVATION", (int)activation}},
                               .args = args,
                               .args_size = sizeof *args,
                               .mem_count = count,
                               .global = {items, channels},
                               .local = {(size_t)clcnn__tune_value(p->row, "LOCAL")}};
    for (int i = 0; i < count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

static clcnn_status launch(clcnn_ctx *ctx, const problem *p, const char *kernel,
                           const batchnorm_args *args, size_t items, size_t channels,
                           const clcnn_mem *mems, int count)
{
    return launch_with(ctx, p, CLCNN_IDENTITY, kernel, args, items, channels, mems, count);
}

/* Elements in pieces of ITEM. */
static size_t items_of(const problem *p)
{
    return clcnn__div_up(p->count, clcnn__tune_value(p->row, "ITEM"));
}

/* ---- Forward -----------------------------------------------------------------------------------
 */

/* The running statistics come in pairs, and one value has no variance to go without bias. */
static clcnn_status check_running(clcnn_ctx *ctx, const char *call, const problem *p,
                                  const clcnn_batchnorm_mems *m)
{
    if (p->d.inference)
        return CLCNN_SUCCESS; /* both are needed then, as any tensor */
    if (!m->running_mean.buf != !m->running_var.buf)
        return CLCNN__INVALID(&ctx->error, "%s: %s is given, %s is not", call,
                              m->running_mean.buf ? "running_mean" : "running_var",
                              m->running_mean.buf ? "running_var" : "running_mean");
    if (m->running_var.buf && p->d.unbiased && p->positions == 1)
        return CLCNN__INVALID(
            &ctx->error, "%s: the unbiased variance of one value (n*h*w = 1) is undefined", call);
    return CLCNN_SUCCESS;
}

static clcnn_status check_forward(clcnn_ctx *ctx, const char *call, const problem *p,
                                  const clcnn_batchnorm_mems *m, clcnn_mem workspace)
{
    const size_t c = p->channels;
    const bool training = !p->d.inference;
    const int running = training ? CLCNN__IN | CLCNN__OUT | CLCNN__OPTIONAL : CLCNN__IN;
    const int saved = training ? CLCNN__OUT : CLCNN__IN | CLCNN__OPTIONAL;
    const clcnn__tensor tensors[] = {
        {"x", m->x, p->count, CLCNN__IN},
        {"y", m->y, p->count, CLCNN__OUT},
        {"gamma", m->gamma, c, CLCNN__IN | CLCNN__OPTIONAL},
        {"beta", m->beta, c, CLCNN__IN | CLCNN__OPTIONAL},
        {"running_mean", m->running_mean, c, running},
        {"running_var", m->running_var, c, running},
        {"mean", training ? m->mean : CLCNN_NO_MEM, c, saved},
        {"rstd", training ? m->rstd : CLCNN_NO_MEM, c, saved},
        {"workspace", workspace, workspace_count(p, CLCNN_FORWARD), CLCNN__OUT | CLCNN__OPTIONAL}};
    return clcnn__check_tensors(ctx, call, tensors, sizeof tensors / sizeof *tensors);
}

static clcnn_status enqueue_statistics(clcnn_ctx *ctx, const problem *p, const batchnorm_args *args,
                                       const clcnn_batchnorm_mems *m, clcnn_mem workspace)
{
    const clcnn_mem moments[] = {m->x, workspace};
    const clcnn_mem statistics[] = {workspace, m->mean, m->rstd, m->running_mean, m->running_var};
    const clcnn_status status =
        launch(ctx, p, "batchnorm_direct_moments", args, p->chunks, p->channels, moments, 2);
    return status == CLCNN_SUCCESS
               ? launch(ctx, p, "batchnorm_direct_statistics", args, p->channels, 1, statistics, 5)
               : status;
}

clcnn_status clcnn_batchnorm_forward(clcnn_ctx *ctx, const clcnn_batchnorm *d,
                                     const clcnn_batchnorm_mems *mems, const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status == CLCNN_SUCCESS && !mems)
        status = CLCNN__INVALID(&ctx->error, "%s: mems is NULL", __func__);
    if (status == CLCNN_SUCCESS)
        status = check_running(ctx, __func__, &p, mems);
    const size_t need = status == CLCNN_SUCCESS ? workspace_count(&p, CLCNN_FORWARD) : 0;
    if (status == CLCNN_SUCCESS)
        status = clcnn__check_plan(ctx, __func__, clcnn__batchnorm_algos[0].name, need, plan);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem workspace = need ? plan->workspace : CLCNN_NO_MEM;
    status = check_forward(ctx, __func__, &p, mems, workspace);
    if (status != CLCNN_SUCCESS)
        return status;

    const batchnorm_args args = make_args(&p, mems);
    const bool training = !d->inference;
    if (training)
        status = enqueue_statistics(ctx, &p, &args, mems, workspace);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem all[] = {mems->x,
                             mems->gamma,
                             mems->beta,
                             training ? mems->mean : mems->running_mean,
                             training ? mems->rstd : mems->running_var,
                             mems->y};
    return launch_with(ctx, &p, p.d.activation, "batchnorm_direct_normalise", &args, items_of(&p),
                       1, all, 6);
}

/* ---- Backward ----------------------------------------------------------------------------------
 */

/* Backward looks at beta for the activation alone. */
static clcnn_mem beta_of_backward(const problem *p, const clcnn_batchnorm_mems *m)
{
    return p->d.activation == CLCNN_IDENTITY ? CLCNN_NO_MEM : m->beta;
}

static clcnn_status check_backward(clcnn_ctx *ctx, const char *call, const problem *p,
                                   const clcnn_batchnorm_mems *m, clcnn_mem workspace)
{
    const size_t c = p->channels;
    const int out = CLCNN__OUT | CLCNN__OPTIONAL;
    const bool training = !p->d.inference;
    const clcnn__tensor tensors[] = {
        {"x", m->x, p->count, CLCNN__IN},
        {"dy", m->dy, p->count, CLCNN__IN},
        {"gamma", m->gamma, c, CLCNN__IN | CLCNN__OPTIONAL},
        {"beta", beta_of_backward(p, m), c, CLCNN__IN | CLCNN__OPTIONAL},
        {training ? "mean" : "running_mean", training ? m->mean : m->running_mean, c, CLCNN__IN},
        {training ? "rstd" : "running_var", training ? m->rstd : m->running_var, c, CLCNN__IN},
        {"dx", m->dx, p->count, out},
        {"dgamma", m->dgamma, c, out},
        {"dbeta", m->dbeta, c, out},
        {"workspace", workspace, workspace_count(p, CLCNN_BACKWARD_DATA), CLCNN__OUT}};
    if (!m->dx.buf && !m->dgamma.buf && !m->dbeta.buf)
        return CLCNN__INVALID(&ctx->error, "%s: none of dx, dgamma and dbeta is given", call);
    return clcnn__check_tensors(ctx, call, tensors, sizeof tensors / sizeof *tensors);
}

static clcnn_status enqueue_backward(clcnn_ctx *ctx, const problem *p,
                                     const clcnn_batchnorm_mems *m, clcnn_mem workspace)
{
    batchnorm_args args = make_args(p, m);
    const clcnn_mem beta = beta_of_backward(p, m);
    const clcnn_mem mean = p->d.inference ? m->running_mean : m->mean;
    const clcnn_mem var = p->d.inference ? m->running_var : m->rstd;
    const clcnn_mem sums = {workspace.buf, workspace.offset + 2 * p->channels * p->chunks};
    clcnn_status status = CLCNN_SUCCESS;
    args.has_beta = beta.buf != NULL;
    if (!p->d.inference || m->dgamma.buf || m->dbeta.buf) {
        const clcnn_mem gradients[] = {m->x, m->dy, m->gamma, beta, mean, var, workspace};
        const clcnn_mem reduce[] = {workspace, sums, m->dgamma, m->dbeta};
        status = launch_with(ctx, p, p->d.activation, "batchnorm_direct_gradients", &args,
                             p->chunks, p->channels, gradients, 7);
        if (status == CLCNN_SUCCESS)
            status = launch(ctx, p, "batchnorm_direct_reduce", &args, p->channels, 1, reduce, 4);
    }
    if (status != CLCNN_SUCCESS || !m->dx.buf)
        return status;
    const clcnn_mem data[] = {m->x, m->dy, m->gamma, beta, mean, var, sums, m->dx};
    return launch_with(ctx, p, p->d.activation, "batchnorm_direct_backward_data", &args,
                       items_of(p), 1, data, 8);
}

clcnn_status clcnn_batchnorm_backward(clcnn_ctx *ctx, const clcnn_batchnorm *d,
                                      const clcnn_batchnorm_mems *mems, const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem p;
    clcnn_status status = make_problem(ctx, __func__, d, &p);
    if (status == CLCNN_SUCCESS && !mems)
        status = CLCNN__INVALID(&ctx->error, "%s: mems is NULL", __func__);
    if (status == CLCNN_SUCCESS)
        status = clcnn__check_plan(ctx, __func__, clcnn__batchnorm_algos[0].name,
                                   workspace_count(&p, CLCNN_BACKWARD_DATA), plan);
    if (status == CLCNN_SUCCESS)
        status = check_backward(ctx, __func__, &p, mems, plan->workspace);
    return status == CLCNN_SUCCESS ? enqueue_backward(ctx, &p, mems, plan->workspace) : status;
}

/* ---- Folding -----------------------------------------------------------------------------------
 */

static clcnn_status check_fold(clcnn_ctx *ctx, const char *call, const problem *p,
                               const clcnn_batchnorm_mems *m, const clcnn_mem *weights)
{
    const size_t c = p->channels;
    const clcnn_mem b = weights[1], folded_b = weights[3];
    /* Each result may be what it is made from, but not what the other one is made from: then b is
     * left to the check of folded_b, which is as large. */
    const bool same = b.buf == folded_b.buf && b.offset == folded_b.offset;
    const clcnn__tensor tensors[] = {
        {"gamma", m->gamma, c, CLCNN__IN | CLCNN__OPTIONAL},
        {"beta", m->beta, c, CLCNN__IN | CLCNN__OPTIONAL},
        {"running_mean", m->running_mean, c, CLCNN__IN},
        {"running_var", m->running_var, c, CLCNN__IN},
        {"w", weights[0], p->count, CLCNN__IN | CLCNN__IN_PLACE},
        {"b", same ? CLCNN_NO_MEM : b, c, CLCNN__IN | CLCNN__OPTIONAL},
        {"folded_w", weights[2], p->count, CLCNN__OUT | CLCNN__IN_PLACE},
        {"folded_b", folded_b, c, CLCNN__OUT}};
    return clcnn__check_tensors(ctx, call, tensors, sizeof tensors / sizeof *tensors);
}

clcnn_status clcnn_batchnorm_fold(clcnn_ctx *ctx, const clcnn_batchnorm *d, int filter,
                                  const clcnn_batchnorm_mems *mems, clcnn_mem w, clcnn_mem b,
                                  clcnn_mem folded_w, clcnn_mem folded_b)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!d || !mems)
        return CLCNN__INVALID(&ctx->error, "%s: %s is NULL", __func__,
                              d ? "mems" : "the descriptor");
    if (filter < 1)
        return CLCNN__INVALID(&ctx->error, "%s: filter is %d, the least is 1", __func__, filter);
    const clcnn_batchnorm shape = {.n = 1, .c = d->c, .h = filter, .eps = d->eps, .inference = 1};
    const clcnn_mem weights[] = {w, b, folded_w, folded_b};
    problem p;
    clcnn_status status = make_problem(ctx, __func__, &shape, &p);
    if (status == CLCNN_SUCCESS)
        status = check_fold(ctx, __func__, &p, mems, weights);
    if (status != CLCNN_SUCCESS)
        return status;
    batchnorm_args args = make_args(&p, mems);
    args.filter = filter;
    args.has_bias = b.buf != NULL;
    const clcnn_mem all[] = {mems->gamma, mems->beta, mems->running_mean, mems->running_var,
                             w,           b,          folded_w,           folded_b};
    return launch(ctx, &p, "batchnorm_direct_fold", &args,
                  clcnn__div_up((size_t)filter, clcnn__tune_value(p.row, "ITEM")), p.channels, all,
                  8);
}
