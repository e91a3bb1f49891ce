/*
 * adam: the public calls. What a step's hyper-parameters come to is computed here in double and
 * passed by value to a kernel that writes it to the block; a step then takes it from there.
 */
#include "adam_args.h"
#include "internal.h"

#include <float.h>
#include <math.h>

const clcnn_algo clcnn__adam_algos[] = {
    {"direct", {{CLCNN_NORMWISE, CLCNN__ADAM_CONSTANT}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

_Static_assert(sizeof(adam_block) <= 4 * CLCNN_ADAM_BLOCK, "the block holds the constants");
_Static_assert(sizeof(clcnn_segment) == 16, "the kernel reads rows of four words");

static clcnn_status check_sizes(clcnn_ctx *ctx, const char *call, const clcnn_adam *d)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (d->count < 1)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 1", call, d->count);
    if (d->segments < 0 || d->segments > INT32_MAX / 4)
        return CLCNN__INVALID(&ctx->error, "%s: segments is %d, it must be from 0 to %d", call,
                              d->segments, INT32_MAX / 4);
    return CLCNN_SUCCESS;
}

static clcnn_status check_parameters(clcnn_ctx *ctx, const char *call, const clcnn_adam *d)
{
    const struct {
        const char *name;
        double value, low, end;
    } ranges[] = {{"lr", d->lr, 0, INFINITY},
                  {"beta1", d->beta1, 0, 1},
                  {"beta2", d->beta2, 0, 1},
                  {"eps", d->eps, 0, INFINITY},
                  {"weight_decay", d->weight_decay, 0, INFINITY}};
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value < ranges[i].end))
            return CLCNN__INVALID(&ctx->error, "%s: %s is %g, it must be at least %g and below %g",
                                  call, ranges[i].name, ranges[i].value, ranges[i].low,
                                  ranges[i].end);
    if (d->step < 1)
        return CLCNN__INVALID(&ctx->error, "%s: step is %lld, the first is 1", call,
                              (long long)d->step);
    return CLCNN_SUCCESS;
}

/* 1 - beta^t without cancellation. */
static double bias_correction(double beta, int64_t step)
{
    return -expm1((double)step * log1p(beta - 1));
}

static adam_block make_block(const clcnn_adam *d)
{
    const double eps = d->eps == 0 ? 1e-8 : d->eps;
    return (adam_block){.beta1 = (float)d->beta1,
                        .one_minus_beta1 = (float)(1 - d->beta1),
                        .beta2 = (float)d->beta2,
                        .one_minus_beta2 = (float)(1 - d->beta2),
                        .rate = (float)(d->lr / bias_correction(d->beta1, d->step)),
                        .root_factor = (float)(1 / sqrt(bias_correction(d->beta2, d->step))),
                        .eps = (float)eps,
                        .gradient_decay = d->decoupled ? 0 : (float)d->weight_decay,
                        .param_decay = d->decoupled ? (float)(d->lr * d->weight_decay) : 0};
}

/* What is a legal double may be too large for a float, or too small for a divisor. */
static clcnn_status check_block(clcnn_ctx *ctx, const char *call, const clcnn_adam *d,
                                const adam_block *b)
{
    if (!(b->eps >= FLT_MIN))
        return CLCNN__INVALID(&ctx->error, "%s: eps is %g, the least that a float holds is %g",
                              call, d->eps, (double)FLT_MIN);
    if (!isfinite(b->eps) || !isfinite(b->rate) || !isfinite(b->root_factor) ||
        !isfinite(b->gradient_decay) || !isfinite(b->param_decay))
        return CLCNN__INVALID(
            &ctx->error,
            "%s: with lr %g, beta1 %g, beta2 %g, eps %g, weight_decay %g and step "
            "%lld a constant is too large for a float",
            call, d->lr, d->beta1, d->beta2, d->eps, d->weight_decay, (long long)d->step);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_adam_prepare(clcnn_ctx *ctx, const clcnn_adam *d, clcnn_mem block)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_sizes(ctx, __func__, d);
    if (status == CLCNN_SUCCESS)
        status = check_parameters(ctx, __func__, d);
    if (status != CLCNN_SUCCESS)
        return status;
    const adam_block args = make_block(d);
    const clcnn__tensor tensors[] = {{"block", block, CLCNN_ADAM_BLOCK, CLCNN__OUT}};
    status = check_block(ctx, __func__, d, &args);
    if (status == CLCNN_SUCCESS)
        status = clcnn__check_tensors(ctx, __func__, tensors, 1);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__launch_desc desc = {.program = "adam_direct",
                                     .kernel = "adam_direct_prepare",
                                     .row = clcnn__tune(ctx, "adam", "direct", "any"),
                                     .args = &args,
                                     .args_size = sizeof args,
                                     .mem_count = 1,
                                     .mems = {block},
                                     .global = {1}};
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn_adam_step(clcnn_ctx *ctx, const clcnn_adam *d, clcnn_mem param, clcnn_mem grad,
                             clcnn_mem m, clcnn_mem v, clcnn_mem table, clcnn_mem block)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_sizes(ctx, __func__, d);
    if (status != CLCNN_SUCCESS)
        return status;
    const size_t count = (size_t)d->count;
    if (d->segments == 0)
        table = CLCNN_NO_MEM;
    const clcnn__tensor tensors[] = {{"param", param, count, CLCNN__IN | CLCNN__OUT},
                                     {"grad", grad, count, CLCNN__IN},
                                     {"m", m, count, CLCNN__IN | CLCNN__OUT},
                                     {"v", v, count, CLCNN__IN | CLCNN__OUT},
                                     {"table", table, 4 * (size_t)d->segments,
                                      d->segments ? CLCNN__IN : CLCNN__IN | CLCNN__OPTIONAL},
                                     {"block", block, CLCNN_ADAM_BLOCK, CLCNN__IN}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 6);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tune_row *row = clcnn__tune(ctx, "adam", "direct", "any");
    const adam_args args = {.count = d->count, .segments = d->segments};
    const clcnn__launch_desc desc = {
        .program = "adam_direct",
        .kernel = "adam_direct_step",
        .row = row,
        .args = &args,
        .args_size = sizeof args,
        .mem_count = 6,
        .mems = {param, grad, m, v, table, block},
        .global = {clcnn__div_up(count, clcnn__tune_value(row, "ITEM"))},
        .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    return clcnn__launch(ctx, &desc);
}
