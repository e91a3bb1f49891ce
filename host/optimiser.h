/* What sgd.c, rmsprop.c and adam.c share: their kernels differ in the formula alone. */
#ifndef CLCNN_OPTIMISER_H
#define CLCNN_OPTIMISER_H

#include "internal.h"
#include "optimiser_args.h"

/* The strings that one optimiser is known by. */
typedef struct clcnn__optimiser {
    const char *op, *program, *prepare, *step;
    const char *states[2]; /* names of its arrays; NULL: there is none */
} clcnn__optimiser;
#define CLCNN__OPTIMISER(name, ...)                                                                \
    {                                                                                              \
#name, #name "_direct", #name "_direct_prepare", #name "_direct_step",                     \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

/* A hyper-parameter that must be at least `low` and below `end`. */
typedef struct clcnn__range {
    const char *name;
    double value, low, end;
} clcnn__range;

clcnn_status clcnn__check_ranges(clcnn_ctx *ctx, const char *call, const clcnn__range *ranges,
                                 size_t count);
clcnn_status clcnn__check_arena(clcnn_ctx *ctx, const char *call, int count, int segments);

/* Refuses a block with a constant that no float holds, or with an eps that is no divisor. */
clcnn_status clcnn__check_block(clcnn_ctx *ctx, const char *call, const optimiser_block *k,
                                bool with_eps);

/* Checks `block` and writes the constants to it. */
clcnn_status clcnn__optimiser_prepare(clcnn_ctx *ctx, const clcnn__optimiser *optimiser,
                                      const char *call, const optimiser_block *k, clcnn_mem block);

typedef struct clcnn__optimiser_arrays {
    int count, segments, state_count;
    clcnn_mem param, grad, state[2], table, block;
} clcnn__optimiser_arrays;

/* Checks the tensors and enqueues one step. */
clcnn_status clcnn__optimiser_step(clcnn_ctx *ctx, const clcnn__optimiser *optimiser,
                                   const char *call, const clcnn__optimiser_arrays *arrays);

/* What a descriptor's grad_scale stands for. */
static inline float clcnn__grad_scale(double grad_scale)
{
    return grad_scale == 0 ? 1.0f : (float)grad_scale;
}

#endif
