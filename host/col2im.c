/* col2im: the public call. The kernel: kernels/col2im_direct.cl; the shapes are im2col's. */
#include "im2col.h"

const clcnn_algo clcnn__col2im_algos[] = {
    {"direct", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* The columns for vectors, as im2col_args says. */
static void find_inner(const clcnn__im2col_problem *e, im2col_args *args)
{
    const clcnn_im2col *d = &e->d;
    const int64_t reach = (int64_t)(d->s - 1) * d->dilation_w / d->stride_w;
    int64_t begin = ((int64_t)d->pad_left + d->stride_w - 1) / d->stride_w;
    int64_t end = ((int64_t)d->w + d->pad_left) / d->stride_w;
    if (begin < reach)
        begin = reach;
    if (end > e->q)
        end = e->q;
    args->inner_begin = begin < end ? (int)begin : 0;
    args->inner_end = begin < end ? (int)end : 0;
}

clcnn_status clcnn_col2im_forward(clcnn_ctx *ctx, const clcnn_im2col *d, clcnn_mem x, clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn__im2col_problem e;
    clcnn_status status = clcnn__im2col_problem_make(__func__, d, &e, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, e.matrix_count, CLCNN__IN},
                                     {"y", y, e.image_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    if (status != CLCNN_SUCCESS)
        return status;
    im2col_args args = clcnn__im2col_args_make(&e);
    find_inner(&e, &args);
    clcnn__launch_desc desc = {.program = "col2im_direct",
                               .kernel = "col2im_direct_forward",
                               .macro_count = 1,
                               .macros = {{"STRIDE", e.d.stride_w <= 2 ? e.d.stride_w : 0}},
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 2,
                               .mems = {x, y}};
    const double windows = 1 + (e.d.r - 1.0) * e.d.dilation_h / e.d.stride_h; /* rows of them */
    const clcnn__rows rows = {e.image_count / (size_t)e.d.w, e.d.w,
                              args.inner_end - args.inner_begin, windows * e.d.s};
    return clcnn__launch_rows(ctx, "col2im", "direct", &desc, &rows);
}
