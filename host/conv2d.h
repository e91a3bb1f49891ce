/* What conv2d.c and its algorithms (conv2d_depthwise.c, conv2d_winograd.c, conv2d_dense.c,
 * conv2d_point.c, conv2d_row.c, conv2d_tile.c, conv2d_gemm.c, conv2d_direct.c) share. */
#ifndef CLCNN_CONV2D_H
#define CLCNN_CONV2D_H

#include "conv2d_args.h"
#include "internal.h"

/*
 * A transposed convolution is the adjoint of the convolution from its own output to its input: its
 * forward is that one's backward_data, and the other way round; in backward_weights x and dy change
 * places. So it is run as that convolution, whose x is its y, k its c, and so on, with a bias over
 * the convolution's c. The size of the convolution's output is given, because more than one size of
 * the image may lead to it.
 */
typedef struct clcnn__transposed {
    int p, q;
} clcnn__transposed;

/* A checked descriptor with its defaults filled in, its output size, and one direction. */
typedef struct clcnn__conv2d_problem {
    const char *call; /* the public function, for messages */
    clcnn_conv2d d;
    clcnn_direction direction;
    bool transposed;
    bool forward; /* of the operation that is asked for: with bias and activation, no gradient */
    int bias;     /* elements of b and db */
    /* backward_data: the activation before, whose slope the algorithm itself multiplies dx by;
     * identity: none, or conv2d.c does it afterwards. */
    clcnn_before slope;
    int p, q, group_c, group_k;
    size_t x_count, w_count, y_count; /* elements of x and dx, w and dw, y and dy */
} clcnn__conv2d_problem;

/*
 * One call, its tensors checked. The names are those of the operation; which of them a direction
 * reads and writes follows from it: forward (x, w, b) -> y, backward_data (y, w) -> x,
 * backward_weights (x, y) -> (w, b), y and the results being gradients when it goes backward. For
 * a transposed convolution x and y are those of the convolution that it is run as.
 */
typedef struct clcnn__conv2d_call {
    clcnn__conv2d_problem problem;
    clcnn_mem x, w, b, y;
    clcnn_mem given;             /* the result of the activation `problem.slope` */
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
    bool slopes; /* backward_data does what problem.slope says */
    /* backward_data and backward_weights of one layer in one launch, for an algorithm that has no
     * workspace. (NULL: one behind the other) */
    clcnn_status (*enqueue_both)(clcnn_ctx *ctx, const clcnn__conv2d_call *data,
                                 const clcnn__conv2d_call *weights);
} clcnn__conv2d_algo;

/* The refusal of an algorithm whose kernel does not build; the ctx's error then tells why. */
extern const char clcnn__conv2d_not_built[];

/* Whether the call ends with an activation, or the slope of one, that only a CURVED build of the
 * kernels has. */
static inline bool clcnn__conv2d_curved(const clcnn__conv2d_problem *problem)
{
    return clcnn__curved(problem->forward ? problem->d.activation : problem->slope.kind);
}

/* Launches single work-items, `global` of them, with these buffers; `desc` says the rest, and is
 * filled in. */
clcnn_status clcnn__launch_single(clcnn_ctx *ctx, clcnn__launch_desc *desc, const clcnn_mem *mems,
                                  int mem_count, const size_t global[3]);

/* A place in a workspace, some elements further. */
static inline clcnn_mem clcnn__behind(clcnn_mem mem, size_t elements)
{
    return (clcnn_mem){mem.buf, mem.offset + elements};
}

extern const clcnn__conv2d_algo clcnn__conv2d_depthwise, clcnn__conv2d_winograd,
    clcnn__conv2d_dense, clcnn__conv2d_point, clcnn__conv2d_row, clcnn__conv2d_tile,
    clcnn__conv2d_gemm, clcnn__conv2d_direct;

/* The arguments that direct and gemm share. */
conv2d_args clcnn__conv2d_make_args(const clcnn__conv2d_call *call);
/* The same for the sum that is db, with k, p and q those of the gradient that it is of. */
conv2d_args clcnn__conv2d_bias_args(const clcnn__conv2d_call *call, clcnn_mem *gradient);

/* What is to be computed: conv2d, or another operation after `d` was made from its descriptor. */
typedef struct clcnn__conv2d_op {
    const char *name;      /* of the public function */
    const clcnn_conv2d *d; /* NULL: there was none */
    clcnn_direction direction;
    const clcnn__transposed *transposed; /* NULL: it is not */
} clcnn__conv2d_op;

/* Whether the descriptor is legal. */
clcnn_status clcnn__conv2d_check(const clcnn__conv2d_op *op, clcnn_error *error);
clcnn_status clcnn__conv2d_plan(clcnn_ctx *ctx, const clcnn__conv2d_op *op, const char *algo,
                                size_t max_workspace, clcnn_plan *plan);
clcnn_status clcnn__conv2d_run(clcnn_ctx *ctx, const clcnn__conv2d_op *op, clcnn__conv2d_call *call,
                               const clcnn_plan *plan);
/* All gradients of one layer; op->direction does not matter. */
typedef struct clcnn__conv2d_gradients {
    const clcnn_before *before; /* NULL: none */
    clcnn_mem x, w, dy, dx, dw, db;
    const clcnn_plan *data_plan, *weights_plan;
} clcnn__conv2d_gradients;
clcnn_status clcnn__conv2d_backward(clcnn_ctx *ctx, const clcnn__conv2d_op *op,
                                    const clcnn__conv2d_gradients *gradients);
clcnn_status clcnn__conv2d_pack(clcnn_ctx *ctx, const clcnn__conv2d_op *op, clcnn_mem w,
                                const clcnn_plan *plan);

#endif
