/* What conv2d.c and its algorithms (conv2d_row.c, conv2d_tile.c, conv2d_gemm.c, conv2d_direct.c)
 * share. */
#ifndef CLCNN_CONV2D_H
#define CLCNN_CONV2D_H

#include "conv2d_args.h"
#include "internal.h"

/* A checked descriptor with its defaults filled in, its output size, and one direction. */
typedef struct clcnn__conv2d_problem {
    const char *call; /* the public function, for messages */
    clcnn_conv2d d;
    clcnn_direction direction;
    int p, q, group_c, group_k;
    size_t x_count, w_count, y_count; /* elements of x and dx, w and dw, y and dy */
} clcnn__conv2d_problem;

/*
 * One call, its tensors checked. The names are those of the operation; which of them a direction
 * reads and writes follows from it: forward (x, w, b) -> y, backward_data (y, w) -> x,
 * backward_weights (x, y) -> (w, b), y and the results being gradients when it goes backward.
 */
typedef struct clcnn__conv2d_call {
    clcnn__conv2d_problem problem;
    clcnn_mem x, w, b, y;
    clcnn_mem workspace, packed; /* packed: weights prepared earlier, or none */
    size_t workspace_bytes;
} clcnn__conv2d_call;

typedef struct clcnn__conv2d_algo {
    const char *name;
    /* Why this problem can't be had on this device, or NULL. */
    const char *(*refuses)(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem);
    /* Whether the tuning rows let the default take it here. */
    bool (*preferred)(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem);
    /* Bytes wanted, made to fit `limit` where the algorithm can do with less. */
    size_t (*workspace)(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit);
    size_t (*packed)(clcnn_ctx *ctx,
                     const clcnn__conv2d_problem *problem); /* NULL: does not pack */
    clcnn_status (*pack)(clcnn_ctx *ctx, const clcnn__conv2d_call *call);
    clcnn_status (*enqueue)(clcnn_ctx *ctx, const clcnn__conv2d_call *call);
} clcnn__conv2d_algo;

/* The refusal of an algorithm whose kernel does not build; the ctx's error then tells why. */
extern const char clcnn__conv2d_not_built[];

/* Whether the call ends with an activation that only a CURVED build of the kernels has. */
static inline bool clcnn__conv2d_curved(const clcnn__conv2d_problem *problem)
{
    return problem->direction == CLCNN_FORWARD && clcnn__curved(problem->d.activation);
}

extern const clcnn__conv2d_algo clcnn__conv2d_row, clcnn__conv2d_tile, clcnn__conv2d_gemm,
    clcnn__conv2d_direct;

/* The arguments that direct and gemm share. */
conv2d_args clcnn__conv2d_make_args(const clcnn__conv2d_call *call);

/* conv2d's calls under another name (dense), after `d` was made from another descriptor. */
clcnn_status clcnn__conv2d_plan(clcnn_ctx *ctx, const char *name, const clcnn_conv2d *d,
                                clcnn_direction direction, const char *algo, size_t max_workspace,
                                clcnn_plan *plan);
clcnn_status clcnn__conv2d_run(clcnn_ctx *ctx, const char *name, const clcnn_conv2d *d,
                               clcnn_direction direction, clcnn__conv2d_call *call,
                               const clcnn_plan *plan);
clcnn_status clcnn__conv2d_pack(clcnn_ctx *ctx, const char *name, const clcnn_conv2d *d,
                                clcnn_direction direction, clcnn_mem w, const clcnn_plan *plan);

#endif
