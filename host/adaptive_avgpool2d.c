/*
 * adaptive_avgpool2d: the public calls. Where the output's size divides the image's it is avgpool2d
 * with windows side by side, which is fast already; global means have kernels of their own
 * (kernels/adaptive_avgpool2d_global.cl), and kernels/adaptive_avgpool2d_direct.cl takes the rest.
 */
#include "adaptive_avgpool2d_args.h"
#include "internal.h"

const clcnn_algo clcnn__adaptive_avgpool2d_algos[] = {
    {"direct", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

static clcnn_status check_descriptor(clcnn_ctx *ctx, const char *call,
                                     const clcnn_adaptive_avgpool2d *d, size_t *x_count,
                                     size_t *y_count)
{
    if (!d)
        return CLCNN__INVALID(&ctx->error, "%s: the descriptor is NULL", call);
    const int x[] = {d->n, d->c, d->h, d->w}, y[] = {d->n, d->c, d->p, d->q};
    clcnn_status status = clcnn__elements(&ctx->error, "x", x, 4, x_count);
    return status == CLCNN_SUCCESS ? clcnn__elements(&ctx->error, "y", y, 4, y_count) : status;
}

static bool is_global(const clcnn_adaptive_avgpool2d *d)
{
    return d->p == 1 && d->q == 1;
}

static bool divides(const clcnn_adaptive_avgpool2d *d)
{
    return d->h % d->p == 0 && d->w % d->q == 0;
}

static clcnn_avgpool2d as_avgpool2d(const clcnn_adaptive_avgpool2d *d)
{
    return (clcnn_avgpool2d){.n = d->n,
                             .c = d->c,
                             .h = d->h,
                             .w = d->w,
                             .r = d->h / d->p,
                             .s = d->w / d->q,
                             .accumulate = d->accumulate};
}

static clcnn_status launch(clcnn_ctx *ctx, const clcnn_adaptive_avgpool2d *d, bool forward,
                           clcnn_mem in, clcnn_mem out)
{
    const adaptive_avgpool2d_args args = {.planes = d->n * d->c,
                                          .h = d->h,
                                          .w = d->w,
                                          .p = d->p,
                                          .q = d->q,
                                          .accumulate = d->accumulate != 0};
    clcnn__launch_desc desc = {.program = "adaptive_avgpool2d_direct",
                               .kernel = forward ? "adaptive_avgpool2d_direct_forward"
                                                 : "adaptive_avgpool2d_direct_backward",
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 2,
                               .mems = {in, out}};
    const size_t planes = (size_t)args.planes;
    const int height = forward ? d->p : d->h, width = forward ? d->q : d->w;
    /* What one element of the result is made from: a window, or the windows over it. */
    const double over_h = 2.0 + (forward ? d->h / d->p : d->p / d->h);
    const double over_w = 2.0 + (forward ? d->w / d->q : d->q / d->w);
    clcnn__rows rows = {planes * (size_t)height, width, 0, over_h * over_w};
    if (!is_global(d))
        return clcnn__launch_rows(ctx, "adaptive_avgpool2d", "direct", &desc, &rows);
    desc.program = "adaptive_avgpool2d_global";
    desc.kernel =
        forward ? "adaptive_avgpool2d_global_forward" : "adaptive_avgpool2d_global_backward";
    const int count = d->h * d->w;
    rows = (clcnn__rows){planes, count, count, 1};
    if (forward) { /* a plane has as many work-items as the group has, and they share its elements
                    */
        const clcnn__tune_row *row = clcnn__tune(ctx, "adaptive_avgpool2d", "global", "any");
        const int local = clcnn__tune_value(row, "LOCAL");
        const int vec = clcnn__tune_value(row, "MAX_VEC");
        desc.fixed_local = true;
        rows = (clcnn__rows){planes, local, vec, (double)count / vec / local};
    }
    return clcnn__launch_rows(ctx, "adaptive_avgpool2d", "global", &desc, &rows);
}

clcnn_status clcnn_adaptive_avgpool2d_forward(clcnn_ctx *ctx, const clcnn_adaptive_avgpool2d *d,
                                              clcnn_mem x, clcnn_mem y)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t x_count = 0, y_count = 0;
    clcnn_status status = check_descriptor(ctx, __func__, d, &x_count, &y_count);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, x_count, CLCNN__IN}, {"y", y, y_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    if (status != CLCNN_SUCCESS)
        return status;
    if (is_global(d) || !divides(d))
        return launch(ctx, d, true, x, y);
    const clcnn_avgpool2d same = as_avgpool2d(d);
    return clcnn_avgpool2d_forward(ctx, &same, x, y);
}

clcnn_status clcnn_adaptive_avgpool2d_backward(clcnn_ctx *ctx, const clcnn_adaptive_avgpool2d *d,
                                               clcnn_mem dy, clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    size_t x_count = 0, y_count = 0;
    clcnn_status status = check_descriptor(ctx, __func__, d, &x_count, &y_count);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"dy", dy, y_count, CLCNN__IN},
                                     {"dx", dx, x_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 2);
    if (status != CLCNN_SUCCESS)
        return status;
    if (is_global(d) || !divides(d))
        return launch(ctx, d, false, dy, dx);
    const clcnn_avgpool2d same = as_avgpool2d(d);
    return clcnn_avgpool2d_backward(ctx, &same, dy, dx);
}
