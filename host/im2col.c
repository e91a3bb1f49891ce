/* im2col: the shape function and the public call. The kernel: kernels/im2col_direct.cl. */
#include "im2col.h"

const clcnn_algo clcnn__im2col_algos[] = {
    {"direct", {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

clcnn_status clcnn__im2col_problem_make(const char *call, const clcnn_im2col *given,
                                        clcnn__im2col_problem *out, clcnn_error *error)
{
    if (!given)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    *out = (clcnn__im2col_problem){.d = *given};
    clcnn_im2col *d = &out->d;
    d->stride_h = d->stride_h ? d->stride_h : 1;
    d->stride_w = d->stride_w ? d->stride_w : 1;
    d->dilation_h = d->dilation_h ? d->dilation_h : 1;
    d->dilation_w = d->dilation_w ? d->dilation_w : 1;
    const clcnn__window rows = {d->h, d->pad_top, d->pad_bottom, d->r, d->stride_h, d->dilation_h};
    const clcnn__window columns = {d->w, d->pad_left, d->pad_right,
                                   d->s, d->stride_w, d->dilation_w};
    clcnn_status status = clcnn__window_output(error, call, "height", &rows, &out->p);
    if (status == CLCNN_SUCCESS)
        status = clcnn__window_output(error, call, "width", &columns, &out->q);
    const int image[] = {d->n, d->c, d->h, d->w};
    const int matrix[] = {d->n, d->c, d->r, d->s, out->p, out->q};
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "the image", image, 4, &out->image_count);
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "the matrix", matrix, 6, &out->matrix_count);
    return status;
}

im2col_args clcnn__im2col_args_make(const clcnn__im2col_problem *e)
{
    const clcnn_im2col *d = &e->d;
    return (im2col_args){.planes = d->n * d->c,
                         .h = d->h,
                         .w = d->w,
                         .r = d->r,
                         .s = d->s,
                         .p = e->p,
                         .q = e->q,
                         .pad_top = d->pad_top,
                         .pad_left = d->pad_left,
                         .stride_h = d->stride_h,
                         .stride_w = d->stride_w,
                         .dilation_h = d->dilation_h,
                         .dilation_w = d->dilation_w,
                         .accumulate = d->accumulate != 0};
}

clcnn_status clcnn_im2col_output(const clcnn_im2col *d, int *p, int *q, clcnn_error *error)
{
    if (!p || !q)
        return CLCNN__INVALID(error, "%s: %s is NULL", __func__, p ? "q" : "p");
    clcnn__im2col_problem e;
    clcnn_status status = clcnn__im2col_problem_make(__func__, d, &e, error);
    if (status == CLCNN_SUCCESS) {
        *p = e.p;
        *q = e.q;
    }
    return status;
}

clcnn_status clcnn_im2col_forward(clcnn_ctx *ctx, const clcnn_im2col *d, clcnn_mem x, clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn__im2col_problem e;
    clcnn_status status = clcnn__im2col_problem_make(__func__, d, &e, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, e.image_count, CLCNN__IN},
                                     {"y", y, e.matrix_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    if (status != CLCNN_SUCCESS)
        return status;
    const im2col_args args = clcnn__im2col_args_make(&e);
    clcnn__launch_desc desc = {.program = "im2col_direct",
                               .kernel = "im2col_direct_forward",
                               .macro_count = 1,
                               .macros = {{"STRIDE", e.d.stride_w <= 2 ? e.d.stride_w : 0}},
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 2,
                               .mems = {x, y}};
    const clcnn__rows rows = {e.matrix_count / (size_t)e.q, e.q, e.q, 1};
    return clcnn__launch_rows(ctx, "im2col", "direct", &desc, &rows);
}
