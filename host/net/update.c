/*
 * Optimisers: which operation updates a network's parameters, with which of the step's numbers, and
 * what its state arrays are called in files. A further optimiser is one more row.
 */
#include "net.h"

#include <float.h>

/* The optimiser's arguments, apart from its descriptor. */
typedef struct arenas {
    clcnn_mem param, grad, state[2], table, block;
} arenas;

/* ---- Each optimiser ------------------------------------------------------------------------ */

static clcnn_adam adam_of(const clcnn_net_step *step, int count, int segments)
{
    return (clcnn_adam){.count = count,
                        .lr = step->lr,
                        .beta1 = step->beta1,
                        .beta2 = step->beta2,
                        .eps = step->eps,
                        .weight_decay = step->weight_decay,
                        .decoupled = step->optimiser == CLCNN_ADAMW,
                        .step = step->step,
                        .segments = segments};
}

static clcnn_status adam_prepare(clcnn_ctx *ctx, const clcnn_net_step *step, int count,
                                 int segments, clcnn_mem block)
{
    const clcnn_adam d = adam_of(step, count, segments);
    return clcnn_adam_prepare(ctx, &d, block);
}

static clcnn_status adam_apply(clcnn_ctx *ctx, const clcnn_net_step *step, int count, int segments,
                               const arenas *a)
{
    const clcnn_adam d = adam_of(step, count, segments);
    return clcnn_adam_step(ctx, &d, a->param, a->grad, a->state[0], a->state[1], a->table,
                           a->block);
}

static clcnn_sgd sgd_of(const clcnn_net_step *step, int count, int segments)
{
    return (clcnn_sgd){.count = count,
                       .lr = step->lr,
                       .momentum = step->momentum,
                       .nesterov = step->nesterov,
                       .weight_decay = step->weight_decay,
                       .segments = segments};
}

static clcnn_status sgd_prepare(clcnn_ctx *ctx, const clcnn_net_step *step, int count, int segments,
                                clcnn_mem block)
{
    const clcnn_sgd d = sgd_of(step, count, segments);
    return clcnn_sgd_prepare(ctx, &d, block);
}

static clcnn_status sgd_apply(clcnn_ctx *ctx, const clcnn_net_step *step, int count, int segments,
                              const arenas *a)
{
    const clcnn_sgd d = sgd_of(step, count, segments);
    return clcnn_sgd_step(ctx, &d, a->param, a->grad, a->state[0], a->table, a->block);
}

static clcnn_rmsprop rmsprop_of(const clcnn_net_step *step, int count, int segments)
{
    return (clcnn_rmsprop){.count = count,
                           .lr = step->lr,
                           .alpha = step->alpha,
                           .eps = step->eps,
                           .weight_decay = step->weight_decay,
                           .segments = segments};
}

static clcnn_status rmsprop_prepare(clcnn_ctx *ctx, const clcnn_net_step *step, int count,
                                    int segments, clcnn_mem block)
{
    const clcnn_rmsprop d = rmsprop_of(step, count, segments);
    return clcnn_rmsprop_prepare(ctx, &d, block);
}

static clcnn_status rmsprop_apply(clcnn_ctx *ctx, const clcnn_net_step *step, int count,
                                  int segments, const arenas *a)
{
    const clcnn_rmsprop d = rmsprop_of(step, count, segments);
    return clcnn_rmsprop_step(ctx, &d, a->param, a->grad, a->state[1], a->table, a->block);
}

static const struct optimiser {
    const char *state[2]; /* names in files; NULL: there is no such array */
    clcnn_status (*prepare)(clcnn_ctx *ctx, const clcnn_net_step *step, int count, int segments,
                            clcnn_mem block);
    clcnn_status (*apply)(clcnn_ctx *ctx, const clcnn_net_step *step, int count, int segments,
                          const arenas *a);
} optimisers[] = {
    [CLCNN_ADAM] = {{"adam.m.", "adam.v."}, adam_prepare, adam_apply},
    [CLCNN_ADAMW] = {{"adam.m.", "adam.v."}, adam_prepare, adam_apply},
    [CLCNN_SGD] = {{"sgd.velocity.", NULL}, sgd_prepare, sgd_apply},
    [CLCNN_RMSPROP] = {{NULL, "rmsprop.square_avg."}, rmsprop_prepare, rmsprop_apply},
};
enum { OPTIMISERS = sizeof optimisers / sizeof *optimisers };

const char *clcnn__state_name(clcnn_optimiser optimiser, int array)
{
    return optimisers[optimiser].state[array];
}

/* ---- Any optimiser ------------------------------------------------------------------------- */

/* Without frozen values and decay every element is treated alike, and no table is needed. */
static int segments_of(const clcnn_net *net, const clcnn_net_step *step)
{
    return net->graph.frozen || step->weight_decay != 0 ? (int)net->graph.segment_count : 0;
}

clcnn_status clcnn__update_prepare(clcnn_net *net, const clcnn_net_step *step)
{
    static const char call[] = "clcnn_net_train_step";
    if ((unsigned)step->optimiser >= OPTIMISERS)
        return CLCNN__INVALID(&net->ctx->error, "%s: optimiser is %d, which is none", call,
                              (int)step->optimiser);
    if (step->max_norm != 0 && !(step->max_norm >= FLT_MIN && step->max_norm <= FLT_MAX))
        return CLCNN__INVALID(&net->ctx->error,
                              "%s: max_norm is %g, must be from %g to %g, or 0 for no clipping",
                              call, step->max_norm, (double)FLT_MIN, (double)FLT_MAX);
    if (step->step < 1)
        return CLCNN__INVALID(&net->ctx->error, "%s: step is %lld, must be at least 1", call,
                              (long long)step->step);
    return optimisers[step->optimiser].prepare(net->ctx, step, (int)net->graph.parameter_arena,
                                               segments_of(net, step),
                                               clcnn__net_buffer(net, net->graph.optimiser_block));
}

clcnn_status clcnn__update_apply(clcnn_net *net, const clcnn_net_step *step,
                                 const clcnn__plans *plans)
{
    const int count = (int)net->graph.parameter_arena, segments = segments_of(net, step);
    const arenas a = {.param = {net->arenas[CLCNN__PARAM], 0},
                      .grad = {net->arenas[CLCNN__GRAD], 0},
                      .state = {{net->arenas[CLCNN__STATE_0], 0}, {net->arenas[CLCNN__STATE_1], 0}},
                      .table = {segments ? net->table : NULL, 0},
                      .block = clcnn__net_buffer(net, net->graph.optimiser_block)};
    if (step->max_norm != 0) {
        const clcnn_clip_norm d = {
            .count = count, .max_norm = step->max_norm, .segments = segments};
        clcnn_status status = clcnn_clip_norm_apply(net->ctx, &d, a.grad, a.table, CLCNN_NO_MEM,
                                                    a.block, &plans->clip);
        if (status)
            return status;
    }
    return optimisers[step->optimiser].apply(net->ctx, step, count, segments, &a);
}
