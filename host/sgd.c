/* sgd: the public calls, and what a step's hyper-parameters come to. */
#include "optimiser.h"

#include <math.h>

const clcnn_algo clcnn__sgd_algos[] = {
    {"direct", {{CLCNN_NORMWISE, CLCNN__SGD_CONSTANT}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static const clcnn__optimiser sgd = CLCNN__OPTIMISER(sgd, "velocity", NULL);

static clcnn_status check_parameters(clcnn_ctx *ctx, const char *call, const clcnn_sgd *d)
{
    const clcnn__range ranges[] = {{"lr", d->lr, 0, INFINITY},
                                   {"momentum", d->momentum, 0, INFINITY},
                                   {"weight_decay", d->weight_decay, 0, INFINITY},
                                   {"grad_scale", d->grad_scale, 0, INFINITY}};
    clcnn_status status = clcnn__check_ranges(ctx, call, ranges, sizeof ranges / sizeof *ranges);
    if (status == CLCNN_SUCCESS && d->nesterov && d->momentum == 0)
        status = CLCNN__INVALID(&ctx->error, "%s: nesterov needs a momentum, momentum is 0", call);
    if (status == CLCNN_SUCCESS && !isfinite((float)d->momentum))
        status = CLCNN__INVALID(&ctx->error, "%s: momentum is %g, too large for a float", call,
                                d->momentum);
    return status;
}

clcnn_status clcnn_sgd_prepare(clcnn_ctx *ctx, const clcnn_sgd *d, clcnn_mem block)
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
    const optimiser_block k = {.grad_scale = clcnn__grad_scale(d->grad_scale),
                               .clip = 1,
                               .rate = (float)d->lr,
                               .gradient_decay = (float)d->weight_decay,
                               .beta1 = (float)d->momentum,
                               .nesterov = d->nesterov ? 1 : 0};
    status = clcnn__check_block(ctx, __func__, &k, false);
    return status == CLCNN_SUCCESS ? clcnn__optimiser_prepare(ctx, &sgd, __func__, &k, block)
                                   : status;
}

clcnn_status clcnn_sgd_step(clcnn_ctx *ctx, const clcnn_sgd *d, clcnn_mem param, clcnn_mem grad,
                            clcnn_mem velocity, clcnn_mem table, clcnn_mem block)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", __func__);
    const clcnn_status status = clcnn__check_arena(ctx, __func__, d->count, d->segments);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!velocity.buf && d->momentum != 0)
        return CLCNN__INVALID(&ctx->error, "%s: velocity has no buffer (NULL), and momentum is %g",
                              __func__, d->momentum);
    const clcnn__optimiser_arrays arrays = {.count = d->count,
                                            .segments = d->segments,
                                            .state_count = velocity.buf ? 1 : 0,
                                            .param = param,
                                            .grad = grad,
                                            .state = {velocity},
                                            .table = table,
                                            .block = block};
    return clcnn__optimiser_step(ctx, &sgd, __func__, &arrays);
}
