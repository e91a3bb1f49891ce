/* avgpool2d: the shape function and the public calls. The kernels: kernels/avgpool2d_direct.cl. */
#include "avgpool2d_args.h"
#include "internal.h"

const clcnn_algo clcnn__avgpool2d_algos[] = {
    {"direct", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* A checked descriptor with its defaults filled in, and its sizes. */
typedef struct problem {
    clcnn_avgpool2d d;
    int p, q;
    size_t x_count, y_count;
} problem;

static clcnn_status make_problem(const char *call, const clcnn_avgpool2d *given, problem *out,
                                 clcnn_error *error)
{
    if (!given)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    *out = (problem){.d = *given};
    clcnn_avgpool2d *d = &out->d;
    d->stride_h = d->stride_h ? d->stride_h : d->r;
    d->stride_w = d->stride_w ? d->stride_w : d->s;
    const clcnn__window rows = {d->h, d->pad_top, d->pad_bottom, d->r, d->stride_h, 1};
    const clcnn__window columns = {d->w, d->pad_left, d->pad_right, d->s, d->stride_w, 1};
    const bool up = d->ceil_mode != 0;
    clcnn_status status = clcnn__pool_output(error, call, "height", &rows, up, &out->p);
    if (status == CLCNN_SUCCESS)
        status = clcnn__pool_output(error, call, "width", &columns, up, &out->q);
    const int x[] = {d->n, d->c, d->h, d->w}, y[] = {d->n, d->c, out->p, out->q};
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "x", x, 4, &out->x_count);
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "y", y, 4, &out->y_count);
    return status;
}

clcnn_status clcnn_avgpool2d_output(const clcnn_avgpool2d *d, int *p, int *q, clcnn_error *error)
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

/* The columns for vectors, as avgpool2d_args says: whole windows are those from `first` to `end`.
 */
static void find_inner(const problem *e, clcnn_direction direction, avgpool2d_args *args)
{
    const clcnn_avgpool2d *d = &e->d;
    const int64_t first = ((int64_t)d->pad_left + d->stride_w - 1) / d->stride_w;
    const int64_t room = (int64_t)d->w + d->pad_left - d->s;
    int64_t end = room < 0 ? 0 : room / d->stride_w + 1;
    int64_t begin = first;
    if (end > e->q)
        end = e->q;
    if (direction != CLCNN_FORWARD)
        begin += (d->s - 1) / d->stride_w;
    args->inner_begin = begin < end ? (int)begin : 0;
    args->inner_end = begin < end ? (int)end : 0;
}

static avgpool2d_args make_args(const problem *e)
{
    const clcnn_avgpool2d *d = &e->d;
    return (avgpool2d_args){.planes = d->n * d->c,
                            .h = d->h,
                            .w = d->w,
                            .r = d->r,
                            .s = d->s,
                            .p = e->p,
                            .q = e->q,
                            .pad_top = d->pad_top,
                            .pad_left = d->pad_left,
                            .pad_bottom = d->pad_bottom,
                            .pad_right = d->pad_right,
                            .stride_h = d->stride_h,
                            .stride_w = d->stride_w,
                            .count_include_pad = d->count_include_pad != 0,
                            .accumulate = d->accumulate != 0};
}

static clcnn_status launch(clcnn_ctx *ctx, const problem *e, clcnn_direction direction,
                           clcnn_mem in, clcnn_mem out)
{
    const clcnn_avgpool2d *d = &e->d;
    const bool forward = direction == CLCNN_FORWARD;
    const bool known = d->stride_w == 1 || (d->stride_w == 2 && d->s > 1);
    const bool square = d->r == d->s && d->stride_h == d->stride_w;
    avgpool2d_args args = make_args(e);
    find_inner(e, direction, &args);
    clcnn__launch_desc desc = {.program = "avgpool2d_direct",
                               .kernel = forward ? "avgpool2d_direct_forward"
                                                 : "avgpool2d_direct_backward",
                               .macro_count = 2,
                               .macros = {{"WINDOW", square && (d->r == 2 || d->r == 3) ? d->r : 0},
                                          {"STRIDE", known ? d->stride_w : 0}},
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 2,
                               .mems = {in, out}};
    const int width = forward ? e->q : d->w;
    const size_t rows = (forward ? e->y_count : e->x_count) / (size_t)width;
    const double over_h = 1 + (d->r - 1.0) / d->stride_h, over_w = 1 + (d->s - 1.0) / d->stride_w;
    const clcnn__rows out_rows = {rows, width, args.inner_end - args.inner_begin,
                                  forward ? (double)d->r * d->s : over_h * over_w};
    return clcnn__launch_rows(ctx, "avgpool2d", "direct", &desc, &out_rows);
}

clcnn_status clcnn_avgpool2d_forward(clcnn_ctx *ctx, const clcnn_avgpool2d *d, clcnn_mem x,
                                     clcnn_mem y)
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
    return status == CLCNN_SUCCESS ? launch(ctx, &e, CLCNN_FORWARD, x, y) : status;
}

clcnn_status clcnn_avgpool2d_backward(clcnn_ctx *ctx, const clcnn_avgpool2d *d, clcnn_mem dy,
                                      clcnn_mem dx)
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
    return status == CLCNN_SUCCESS ? launch(ctx, &e, CLCNN_BACKWARD_DATA, dy, dx) : status;
}
