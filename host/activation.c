/* activation: the public calls. What a kind computes stands in kernels/activation.clh. */
#include "activation_args.h"
#include "internal.h"

/* The constant: host/ref/activation.c. */
const clcnn_algo clcnn__activation_algos[] = {
    {"direct", {{CLCNN_ULP, 1.1}, {CLCNN_ULP, 1.1}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

#define SAME(kind) (CLCNN_##kind == ACTIVATION_##kind)
_Static_assert(SAME(IDENTITY) && SAME(RELU) && SAME(LEAKY_RELU) && SAME(ELU) && SAME(SIGMOID) &&
                   SAME(TANH) && SAME(SILU) && SAME(GELU) && SAME(GELU_TANH),
               "the kernels' kinds are the public ones");

/* The kinds that rise everywhere, and whose f' y tells without exp. */
bool clcnn__slope_of_y(clcnn_activation_kind kind, double alpha)
{
    static const bool kinds[] = {
        [CLCNN_IDENTITY] = true, [CLCNN_RELU] = true, [CLCNN_LEAKY_RELU] = true, [CLCNN_ELU] = true,
        [CLCNN_SIGMOID] = true,  [CLCNN_TANH] = true, [CLCNN_GELU_TANH] = false};
    return kinds[kind] && !(kind == CLCNN_LEAKY_RELU && alpha < 0);
}

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call, const clcnn_activation *d)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (d->count < 0)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 0", call, d->count);
    return clcnn__check_activation(&ctx->error, call, d->kind, d->alpha);
}

static clcnn_status launch(clcnn_ctx *ctx, const clcnn_activation *d, const char *kernel,
                           bool from_y, const clcnn_mem *mems, int count)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "activation", "direct", "any");
    const int item = clcnn__tune_value(row, "ITEM"), local = clcnn__tune_value(row, "LOCAL");
    const activation_args args = {.count = d->count, .from_y = from_y, .alpha = (float)d->alpha};
    clcnn__launch_desc desc = {.program = "activation_direct",
                               .kernel = kernel,
                               .row = row,
                               .macro_count = 1,
                               .macros = {{"KIND", (int)d->kind}},
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = count,
                               .global = {clcnn__div_up((size_t)d->count, item)},
                               .local = {(size_t)local}};
    for (int i = 0; i < count; i++)
        desc.mems[i] = mems[i];
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn_activation_forward(clcnn_ctx *ctx, const clcnn_activation *d, clcnn_mem x,
                                      clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_descriptor(ctx, __func__, d);
    if (status != CLCNN_SUCCESS || d->count == 0)
        return status;
    const size_t count = (size_t)d->count;
    const clcnn__tensor tensors[] = {{"x", x, count, CLCNN__IN | CLCNN__IN_PLACE},
                                     {"y", y, count, CLCNN__OUT | CLCNN__IN_PLACE}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem mems[] = {x, y};
    return launch(ctx, d, "activation_direct_forward", false, mems, 2);
}

clcnn_status clcnn_activation_backward(clcnn_ctx *ctx, const clcnn_activation *d, clcnn_mem x,
                                       clcnn_mem y, clcnn_mem dy, clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_descriptor(ctx, __func__, d);
    if (status != CLCNN_SUCCESS || d->count == 0)
        return status;
    if (!x.buf && !y.buf)
        return CLCNN__INVALID(&ctx->error, "%s: neither x nor y is given", __func__);
    if (!x.buf && !clcnn__slope_of_y(d->kind, d->alpha))
        return CLCNN__INVALID(&ctx->error, "%s: kind %d with alpha %g needs x, y does not do",
                              __func__, (int)d->kind, d->alpha);
    const size_t count = (size_t)d->count;
    const clcnn__tensor tensors[] = {{"x", x, count, CLCNN__IN | CLCNN__OPTIONAL},
                                     {"y", y, count, CLCNN__IN | CLCNN__OPTIONAL},
                                     {"dy", dy, count, CLCNN__IN | CLCNN__IN_PLACE},
                                     {"dx", dx, count, CLCNN__OUT | CLCNN__IN_PLACE}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 4);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem mems[] = {x.buf ? x : y, dy, dx};
    return launch(ctx, d, "activation_direct_backward", !x.buf, mems, 3);
}
