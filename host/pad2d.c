/* pad2d: the shape function and the public calls. The kernels: kernels/pad2d_direct.cl. */
#include "internal.h"
#include "pad2d_args.h"

const clcnn_algo clcnn__pad2d_algos[] = {
    {"direct", {{CLCNN_EXACT, 0}, {CLCNN_DOT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* A checked descriptor and its sizes. */
typedef struct problem {
    clcnn_pad2d d;
    int p, q;
    size_t x_count, y_count;
} problem;

/* The padded size is what windows of one element give. */
static clcnn_status make_problem(const char *call, const clcnn_pad2d *d, problem *out,
                                 clcnn_error *error)
{
    if (!d)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    *out = (problem){.d = *d};
    const clcnn__window rows = {d->h, d->pad_top, d->pad_bottom, 1, 1, 1};
    const clcnn__window columns = {d->w, d->pad_left, d->pad_right, 1, 1, 1};
    clcnn_status status = clcnn__window_output(error, call, "height", &rows, &out->p);
    if (status == CLCNN_SUCCESS)
        status = clcnn__window_output(error, call, "width", &columns, &out->q);
    const int x[] = {d->n, d->c, d->h, d->w}, y[] = {d->n, d->c, out->p, out->q};
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "x", x, 4, &out->x_count);
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "y", y, 4, &out->y_count);
    return status;
}

clcnn_status clcnn_pad2d_output(const clcnn_pad2d *d, int *p, int *q, clcnn_error *error)
{
    if (!p || !q)
        return CLCNN__INVALID(error, "%s: %s is NULL", __func__, p ? "q" : "p");
    problem e;
    clcnn_status status = make_problem(__func__, d, &e, error);
    if (status == CLCNN_SUCCESS) {
        *p = e.p;
        *q = e.q;
    }
    return status;
}

static clcnn_status launch(clcnn_ctx *ctx, const problem *e, const char *kernel, int width,
                           const clcnn__tensor tensors[2])
{
    const clcnn_pad2d *d = &e->d;
    const pad2d_args args = {.planes = d->n * d->c,
                             .h = d->h,
                             .w = d->w,
                             .p = e->p,
                             .q = e->q,
                             .pad_top = d->pad_top,
                             .pad_left = d->pad_left,
                             .accumulate = d->accumulate != 0};
    clcnn__launch_desc desc = {.program = "pad2d_direct",
                               .kernel = kernel,
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 2,
                               .mems = {tensors[0].mem, tensors[1].mem}};
    const clcnn__rows rows = {tensors[1].count / (size_t)width, width, d->w, 1};
    return clcnn__launch_rows(ctx, "pad2d", "direct", &desc, &rows);
}

clcnn_status clcnn_pad2d_forward(clcnn_ctx *ctx, const clcnn_pad2d *d, clcnn_mem x, clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem e;
    clcnn_status status = make_problem(__func__, d, &e, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, e.x_count, CLCNN__IN},
                                     {"y", y, e.y_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    return status == CLCNN_SUCCESS ? launch(ctx, &e, "pad2d_direct_forward", e.q, tensors) : status;
}

clcnn_status clcnn_pad2d_backward(clcnn_ctx *ctx, const clcnn_pad2d *d, clcnn_mem dy, clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem e;
    clcnn_status status = make_problem(__func__, d, &e, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"dy", dy, e.y_count, CLCNN__IN},
                                     {"dx", dx, e.x_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    return status == CLCNN_SUCCESS ? launch(ctx, &e, "pad2d_direct_backward", e.d.w, tensors)
                                   : status;
}
