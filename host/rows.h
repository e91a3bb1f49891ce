/* What concat.c and slice.c share: launching the copies of kernels/rows.clh. */
#ifndef CLCNN_ROWS_H
#define CLCNN_ROWS_H

#include "internal.h"
#include "rows_args.h"

/* `reach`: elements of an image that the work-items are dealt. */
static inline clcnn_status clcnn__rows_launch(clcnn_ctx *ctx, const char *op, const char *program,
                                              const char *kernel, const rows_args *args, int reach,
                                              clcnn_mem from, clcnn_mem to)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, op, "direct", "any");
    const clcnn__launch_desc desc = {
        .program = program,
        .kernel = kernel,
        .row = row,
        .args = args,
        .args_size = sizeof *args,
        .mem_count = 2,
        .mems = {from, to},
        .global = {clcnn__div_up((size_t)reach, clcnn__tune_value(row, "ITEM")),
                   (size_t)args->images},
        .local = {(size_t)clcnn__tune_value(row, "LOCAL"), 1}};
    return clcnn__launch(ctx, &desc);
}

#endif
