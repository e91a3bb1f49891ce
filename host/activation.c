/* activation: the public calls. What a kind computes stands in kernels/activation_direct.cl. */
#include "activation_args.h"
#include "internal.h"

const clcnn_algo clcnn__activation_algos[] = {
    {"direct", {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

_Static_assert(CLCNN_IDENTITY == ACTIVATION_KIND_IDENTITY && CLCNN_RELU == ACTIVATION_KIND_RELU,
               "the kernels' kinds are the public ones");

/* What backward needs to know of a kind: whether x or y will do for f'. */
typedef struct kind_row {
    bool from_x, from_y;
} kind_row;

static const kind_row kinds[] = {
    [CLCNN_IDENTITY] = {true, true},
    [CLCNN_RELU] = {true, true},
};

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call, const clcnn_activation *d)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    if (d->count < 0)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 0", call, d->count);
    return clcnn__check_activation(&ctx->error, call, d->kind, d->alpha);
}

static clcnn_status launch(clcnn_ctx *ctx, const clcnn_activation *d, const char *kernel,
                           const clcnn_mem *mems, int count)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "activation", "direct", "any");
    const int item = clcnn__tune_value(row, "ITEM"), local = clcnn__tune_value(row, "LOCAL");
    const activation_args args = {.count = d->count, .alpha = (float)d->alpha};
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
    return launch(ctx, d, "activation_direct_forward", mems, 2);
}

clcnn_status clcnn_activation_backward(clcnn_ctx *ctx, const clcnn_activation *d, clcnn_mem x,
                                       clcnn_mem y, clcnn_mem dy, clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn_status status = check_descriptor(ctx, __func__, d);
    if (status != CLCNN_SUCCESS || d->count == 0)
        return status;
    const kind_row kind = kinds[d->kind];
    const bool use_x = x.buf && kind.from_x;
    if (!use_x && !(y.buf && kind.from_y))
        return CLCNN__INVALID(&ctx->error, "%s: neither x nor y is given", __func__);
    const size_t count = (size_t)d->count;
    const clcnn__tensor tensors[] = {{"x", x, count, CLCNN__IN | CLCNN__OPTIONAL},
                                     {"y", y, count, CLCNN__IN | CLCNN__OPTIONAL},
                                     {"dy", dy, count, CLCNN__IN | CLCNN__IN_PLACE},
                                     {"dx", dx, count, CLCNN__OUT | CLCNN__IN_PLACE}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 4);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem mems[] = {use_x ? x : y, dy, dx};
    return launch(ctx, d, "activation_direct_backward", mems, 3);
}
