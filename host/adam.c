/* adam: the public calls, and what a step's hyper-parameters come to. */
#include "optimiser.h"

#include <math.h>

const clcnn_algo clcnn__adam_algos[] = {
    {"direct", {{CLCNN_NORMWISE, CLCNN__ADAM_CONSTANT}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static const clcnn__optimiser adam = CLCNN__OPTIMISER(adam, "m", "v");

static clcnn_status check_parameters(clcnn_ctx *ctx, const char *call, const clcnn_adam *d)
{
    const clcnn__range ranges[] = {{"lr", d->lr, 0, INFINITY},
                                   {"beta1", d->beta1, 0, 1},
                                   {"beta2", d->beta2, 0, 1},
                                   {"eps", d->eps, 0, INFINITY},
                                   {"weight_decay", d->weight_decay, 0, INFINITY},
                                   {"grad_scale", d->grad_scale, 0, INFINITY}};
    clcnn_status status = clcnn__check_ranges(ctx, call, ranges, sizeof ranges / sizeof *ranges);
    if (status == CLCNN_SUCCESS && d->step < 1)
        status = CLCNN__INVALID(&ctx->error, "%s: step is %lld, the first is 1", call,
                                (long long)d->step);
    return status;
}

/* 1 - beta^t without cancellation. */
static double bias_correction(double beta, int64_t step)
{
    return -expm1((double)step * log1p(beta - 1));
}

static optimiser_block make_block(const clcnn_adam *d)
{
    const double eps = d->eps == 0 ? 1e-8 : d->eps;
    return (optimiser_block){.grad_scale = clcnn__grad_scale(d->grad_scale),
                             .clip = 1,
                             .beta1 = (float)d->beta1,
                             .one_minus_beta1 = (float)(1 - d->beta1),
                             .beta2 = (float)d->beta2,
                             .one_minus_beta2 = (float)(1 - d->beta2),
                             .rate = (float)(d->lr / bias_correction(d->beta1, d->step)),
                             .root_factor = (float)(1 / sqrt(bias_correction(d->beta2, d->step))),
                             .eps = (float)eps,
                             .gradient_decay = d->decoupled ? 0 : (float)d->weight_decay,
                             .param_decay = d->decoupled ? (float)(d->lr * d->weight_decay) : 0};
}

clcnn_status clcnn_adam_prepare(clcnn_ctx *ctx, const clcnn_adam *d, clcnn_mem block)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", __func__);
    clcnn_status status = clcnn__check_arena(ctx, __func__, d->count, d->segments);
    if (status == CLCNN_SUCCESS)
        status = check_parameters(ctx, __func__, d);
    if (status != CLCNN_SUCCESS)
        return status;
    const optimiser_block k = make_block(d);
    status = clcnn__check_block(ctx, __func__, &k, true);
    return status == CLCNN_SUCCESS ? clcnn__optimiser_prepare(ctx, &adam, __func__, &k, block)
                                   : status;
}

clcnn_status clcnn_adam_step(clcnn_ctx *ctx, const clcnn_adam *d, clcnn_mem param, clcnn_mem grad,
                             clcnn_mem m, clcnn_mem v, clcnn_mem table, clcnn_mem block)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", __func__);
    const clcnn_status status = clcnn__check_arena(ctx, __func__, d->count, d->segments);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__optimiser_arrays arrays = {.count = d->count,
                                            .segments = d->segments,
                                            .state_count = 2,
                                            .param = param,
                                            .grad = grad,
                                            .state = {m, v},
                                            .table = table,
                                            .block = block};
    return clcnn__optimiser_step(ctx, &adam, __func__, &arrays);
}
