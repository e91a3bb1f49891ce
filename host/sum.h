/* Adding up many values in stages of SUM_FAN each, in a fixed order: no result depends on which
 * work-item comes first. */
#ifndef CLCNN_SUM_H
#define CLCNN_SUM_H

#include "internal.h"
#include "sum_args.h"

/* The kernels of one operation that has a sum: `kernel` calls sum_stage of kernels/sum.clh. */
typedef struct clcnn__sum {
    const char *op, *program, *kernel;
} clcnn__sum;

/* Floats of workspace for `count` values: themselves, then the sums of each stage but the last. */
size_t clcnn__sum_workspace(size_t count);

/* The sums that `count` elements come to: one of each work-item that adds ITEM of them. */
size_t clcnn__sum_items(clcnn_ctx *ctx, const clcnn__sum *sum, int count);

/* The plan of an operation that keeps these sums in its workspace; `call` is for messages. */
clcnn_status clcnn__sum_plan(clcnn_ctx *ctx, const char *call, const clcnn__sum *sum, int count,
                             clcnn_plan *plan);

/* factor times the sum of the `count` values that begin the workspace -> result[0]. */
clcnn_status clcnn__sum_enqueue(clcnn_ctx *ctx, const clcnn__sum *sum, size_t count, float factor,
                                clcnn_mem workspace, clcnn_mem result);

/*
 * Stages until at most SUM_FAN values are left, for operations that finish themselves: where these
 * are and how many.
 */
clcnn_status clcnn__sum_shrink(clcnn_ctx *ctx, const clcnn__sum *sum, clcnn_mem *values,
                               size_t *count);

#endif
