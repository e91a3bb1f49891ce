/* What im2col and col2im share. */
#ifndef CLCNN_IM2COL_H
#define CLCNN_IM2COL_H

#include "im2col_args.h"
#include "internal.h"

/* A checked descriptor with its defaults filled in, and its sizes. */
typedef struct clcnn__im2col_problem {
    clcnn_im2col d;
    int p, q;
    size_t image_count, matrix_count;
} clcnn__im2col_problem;

clcnn_status clcnn__im2col_problem_make(const char *call, const clcnn_im2col *given,
                                        clcnn__im2col_problem *out, clcnn_error *error);
im2col_args clcnn__im2col_args_make(const clcnn__im2col_problem *e);

#endif
