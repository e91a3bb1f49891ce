/* rmsprop: the public calls, and what a step's hyper-parameters come to. */
#include "optimiser.h"

#include <math.h>

const clcnn_algo clcnn__rmsprop_algos[] = {
    {"direct", {{CLCNN_NORMWISE, CLCNN__RMSPROP_CONSTANT}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static const clcnn__optimiser rmsprop = CLCNN__OPTIMISER(rmsprop, "square_avg", NULL);

clcnn_status clcnn_rmsprop_prepare(clcnn_ctx *ctx, const clcnn_rmsprop *d, clcnn_mem block)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", __func__);
    const clcnn__range ranges[] = {{"lr", d->lr, 0, INFINITY},
                                   {"alpha", d->alpha, 0, 1},
                                   {"eps", d->eps, 0, INFINITY},
                                   {"weight_decay", d->weight_decay, 0, INFINITY},
                                   {"grad_scale", d->grad_scale, 0, INFINITY}};
    clcnn_status status = clcnn__check_arena(ctx, __func__, d->count, d->segments);
    if (status == CLCNN_SUCCESS)
        status = clcnn__check_ranges(ctx, __func__, ranges, sizeof ranges / sizeof *ranges);
    if (status != CLCNN_SUCCESS)
        return status;
    const optimiser_block k = {.grad_scale = clcnn__grad_scale(d->grad_scale),
                               .clip = 1,
                               .rate = (float)d->lr,
                               .gradient_decay = (float)d->weight_decay,
                               .beta2 = (float)d->alpha,
                               .one_minus_beta2 = (float)(1 - d->alpha),
                               .eps = (float)(d->eps == 0 ? 1e-8 : d->eps)};
    status = clcnn__check_block(ctx, __func__, &k, true);
    return status == CLCNN_SUCCESS ? clcnn__optimiser_prepare(ctx, &rmsprop, __func__, &k, block)
                                   : status;
}

clcnn_status clcnn_rmsprop_step(clcnn_ctx *ctx, const clcnn_rmsprop *d, clcnn_mem param,
                                clcnn_mem grad, clcnn_mem square_avg, clcnn_mem table,
                                clcnn_mem block)
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
                                            .state_count = 1,
                                            .param = param,
                                            .grad = grad,
                                            .state = {square_avg},
                                            .table = table,
                                            .block = block};
    return clcnn__optimiser_step(ctx, &rmsprop, __func__, &arrays);
}
