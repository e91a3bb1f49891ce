/*
 * The host's half of the optimisers: what a step's hyper-parameters come to is computed in double
 * by each of them, passed by value to a kernel that writes it to the block, and taken from there by
 * the step.
 */
#include "optimiser.h"

#include <float.h>
#include <math.h>

_Static_assert(sizeof(optimiser_block) <= 4 * CLCNN_OPTIMISER_BLOCK,
               "the block holds the constants");
_Static_assert(sizeof(clcnn_segment) == 16, "the kernels read rows of four words");

clcnn_status clcnn__check_arena(clcnn_ctx *ctx, const char *call, int count, int segments)
{
    if (count < 1)
        return CLCNN__INVALID(&ctx->error, "%s: count is %d, the least is 1", call, count);
    if (segments < 0 || segments > INT32_MAX / 4)
        return CLCNN__INVALID(&ctx->error, "%s: segments is %d, it must be from 0 to %d", call,
                              segments, INT32_MAX / 4);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__check_ranges(clcnn_ctx *ctx, const char *call, const clcnn__range *ranges,
                                 size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(ranges[i].value >= ranges[i].low && ranges[i].value < ranges[i].end))
            return CLCNN__INVALID(&ctx->error, "%s: %s is %g, it must be at least %g and below %g",
                                  call, ranges[i].name, ranges[i].value, ranges[i].low,
                                  ranges[i].end);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__check_block(clcnn_ctx *ctx, const char *call, const optimiser_block *k,
                                bool with_eps)
{
    const struct {
        const char *name;
        float value;
    } constants[] = {{"grad_scale", k->grad_scale},
                     {"lr over the bias correction", k->rate},
                     {"weight_decay", k->gradient_decay},
                     {"lr * weight_decay", k->param_decay},
                     {"the bias correction of v", k->root_factor},
                     {"eps", k->eps}};
    if (with_eps && !(k->eps >= FLT_MIN))
        return CLCNN__INVALID(&ctx->error, "%s: eps is %g, the least that a float holds is %g",
                              call, (double)k->eps, (double)FLT_MIN);
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (!isfinite(constants[i].value))
            return CLCNN__INVALID(&ctx->error, "%s: %s is too large for a float", call,
                                  constants[i].name);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__optimiser_prepare(clcnn_ctx *ctx, const clcnn__optimiser *optimiser,
                                      const char *call, const optimiser_block *k, clcnn_mem block)
{
    const clcnn__tensor tensors[] = {{"block", block, CLCNN_OPTIMISER_BLOCK, CLCNN__OUT}};
    clcnn_status status = clcnn__check_tensors(ctx, call, tensors, 1);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__launch_desc desc = {.program = optimiser->program,
                                     .kernel = optimiser->prepare,
                                     .row = clcnn__tune(ctx, optimiser->op, "direct", "any"),
                                     .args = k,
                                     .args_size = sizeof *k,
                                     .mem_count = 1,
                                     .mems = {block},
                                     .global = {1}};
    return clcnn__launch(ctx, &desc);
}

/* The tensors of a step; the states that are not there are left out. */
static clcnn_status check_step(clcnn_ctx *ctx, const clcnn__optimiser *optimiser, const char *call,
                               const clcnn__optimiser_arrays *a)
{
    const size_t count = (size_t)a->count;
    const int with_table = a->segments ? CLCNN__IN : CLCNN__IN | CLCNN__OPTIONAL;
    clcnn__tensor tensors[6] = {{"param", a->param, count, CLCNN__IN | CLCNN__OUT},
                                {"grad", a->grad, count, CLCNN__IN},
                                {"table", a->table, 4 * (size_t)a->segments, with_table},
                                {"block", a->block, CLCNN_OPTIMISER_BLOCK, CLCNN__IN}};
    for (int i = 0; i < a->state_count; i++)
        tensors[4 + i] =
            (clcnn__tensor){optimiser->states[i], a->state[i], count, CLCNN__IN | CLCNN__OUT};
    return clcnn__check_tensors(ctx, call, tensors, 4 + (size_t)a->state_count);
}

clcnn_status clcnn__optimiser_step(clcnn_ctx *ctx, const clcnn__optimiser *optimiser,
                                   const char *call, const clcnn__optimiser_arrays *arrays)
{
    clcnn__optimiser_arrays a = *arrays;
    if (a.segments == 0)
        a.table = CLCNN_NO_MEM;
    clcnn_status status = check_step(ctx, optimiser, call, &a);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tune_row *row = clcnn__tune(ctx, optimiser->op, "direct", "any");
    const optimiser_args args = {.count = a.count, .segments = a.segments, .states = a.state_count};
    clcnn__launch_desc desc = {
        .program = optimiser->program,
        .kernel = optimiser->step,
        .row = row,
        .args = &args,
        .args_size = sizeof args,
        .mem_count = 2,
        .mems = {a.param, a.grad},
        .global = {clcnn__div_up((size_t)a.count, clcnn__tune_value(row, "ITEM"))},
        .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    for (int i = 0; i < 2 && optimiser->states[i]; i++)
        desc.mems[desc.mem_count++] = a.state[i];
    desc.mems[desc.mem_count++] = a.table;
    desc.mems[desc.mem_count++] = a.block;
    return clcnn__launch(ctx, &desc);
}
