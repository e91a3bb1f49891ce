/* maxpool2d: the shape function and the public calls. The kernels: kernels/maxpool2d_*.cl. */
#include "internal.h"
#include "maxpool2d_args.h"

const clcnn_algo clcnn__maxpool2d_algos[] = {
    {"direct", {{CLCNN_EXACT, 0}, {CLCNN_DOT, 0}, {CLCNN_EXACT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

/* A checked descriptor with its defaults filled in, and its sizes. */
typedef struct problem {
    clcnn_maxpool2d d;
    int p, q;
    size_t x_count, y_count;
} problem;

static int or_else(int value, int otherwise)
{
    return value ? value : otherwise;
}

static clcnn_status make_problem(const char *call, const clcnn_maxpool2d *given, problem *out,
                                 clcnn_error *error)
{
    if (!given)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    *out = (problem){.d = *given};
    clcnn_maxpool2d *d = &out->d;
    d->stride_h = or_else(d->stride_h, d->r);
    d->stride_w = or_else(d->stride_w, d->s);
    d->dilation_h = or_else(d->dilation_h, 1);
    d->dilation_w = or_else(d->dilation_w, 1);
    const clcnn__window rows = {d->h, d->pad_top, d->pad_bottom, d->r, d->stride_h, d->dilation_h};
    const clcnn__window columns = {d->w, d->pad_left, d->pad_right,
                                   d->s, d->stride_w, d->dilation_w};
    clcnn_status status =
        clcnn__pool_output(error, call, "height", &rows, d->ceil_mode != 0, &out->p);
    if (status == CLCNN_SUCCESS)
        status = clcnn__pool_output(error, call, "width", &columns, d->ceil_mode != 0, &out->q);
    const int x[] = {d->n, d->c, d->h, d->w}, y[] = {d->n, d->c, out->p, out->q};
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "x", x, 4, &out->x_count);
    if (status == CLCNN_SUCCESS)
        status = clcnn__elements(error, "y", y, 4, &out->y_count);
    return status;
}

clcnn_status clcnn_maxpool2d_output(const clcnn_maxpool2d *d, int *p, int *q, clcnn_error *error)
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

/* How maxpool2d_rows.cl is built for a problem, and the columns that vectors are used for. */
typedef struct variant {
    int window, stride, vec; /* the macros WINDOW, STRIDE, VEC */
    int inner_begin, inner_end;
} variant;

/* The columns for vectors, as maxpool2d_args says. */
static void find_inner(const problem *e, clcnn_direction direction, variant *v)
{
    const clcnn_maxpool2d *d = &e->d;
    const int64_t reach = (int64_t)(d->s - 1) * d->dilation_w; /* from a window's first column */
    int64_t end = (int64_t)d->w + d->pad_left;                 /* of the padded columns */
    const bool overhang = v->window == 3 && v->stride == 2;
    v->inner_begin = clcnn__ceil_div(d->pad_left - (overhang && d->pad_left > 0), d->stride_w);
    if (direction == CLCNN_FORWARD) {
        end = end > reach ? (end - reach - 1) / d->stride_w + 1 : 0;
    } else if (overhang) {
        end = (end - 1) / d->stride_w;
    } else {
        end /= d->stride_w;
        if (v->inner_begin < reach / d->stride_w)
            v->inner_begin = (int)(reach / d->stride_w);
    }
    v->inner_end = end < e->q ? (int)end : e->q;
}

static variant choose_variant(const problem *e, clcnn_direction direction,
                              const clcnn__tune_row *row)
{
    const clcnn_maxpool2d *d = &e->d;
    variant v = {.vec = clcnn__tune_value(row, "MAX_VEC")};
    if (d->stride_w == 1 || (d->stride_w == 2 && d->s > 1))
        v.stride = d->stride_w;
    const bool square = d->r == d->s && d->stride_h == d->stride_w;
    if (square && d->dilation_h == 1 && d->dilation_w == 1 && (d->r == 2 || d->r == 3))
        v.window = d->r;
    find_inner(e, direction, &v);
    if (v.vec > 4 && v.vec > v.inner_end - v.inner_begin)
        v.vec = 4; /* not the longest that fits: a network's poolings share two programs */
    if (v.vec > v.inner_end - v.inner_begin)
        v.inner_begin = v.inner_end = 0;
    return v;
}

static maxpool2d_args make_args(const problem *e)
{
    const clcnn_maxpool2d *d = &e->d;
    return (maxpool2d_args){.planes = d->n * d->c,
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
                            .dilation_w = d->dilation_w};
}

/*
 * Windows of 2x2 side by side, over images that they cover to the edges: what quads is for. It has
 * nothing for tensors that no cache holds, and so leaves them to rows. Rows of any length would be
 * too many rounds for a work-item.
 */
static bool are_quads(const problem *e)
{
    enum { CACHED = 1 << 23 /* elements: 32 MiB */ };
    const clcnn_maxpool2d *d = &e->d;
    return e->x_count < CACHED && e->q <= CLCNN__MAX_ROUNDS && d->r == 2 && d->s == 2 &&
           d->stride_h == 2 && d->stride_w == 2 && d->dilation_h == 1 && d->dilation_w == 1 &&
           !d->pad_top && !d->pad_left && d->h == 2 * e->p && d->w == 2 * e->q;
}

static void take_quads(const problem *e, bool forward, maxpool2d_args *args,
                       clcnn__launch_desc *desc)
{
    const int vec = clcnn__tune_value(desc->row, "MAX_VEC"), vectors = clcnn__ceil_div(e->q, vec);
    args->rows = clcnn__tune_value(desc->row, "ITEM") * (e->q < vec ? vec / e->q : 1);
    while (args->rows > 1 && args->rows * (vectors + 1) > CLCNN__MAX_ROUNDS)
        args->rows /= 2;
    desc->program = "maxpool2d_quads";
    desc->kernel = forward ? "maxpool2d_quads_forward" : "maxpool2d_quads_backward";
    desc->macros[desc->macro_count++] = (clcnn__macro){"VEC", vec};
    desc->global[0] = clcnn__div_up(e->y_count / (size_t)e->q, args->rows);
}

static void take_rows(const problem *e, clcnn_direction direction, maxpool2d_args *args,
                      clcnn__launch_desc *desc)
{
    const bool forward = direction == CLCNN_FORWARD;
    const variant v = choose_variant(e, direction, desc->row);
    const size_t rows = forward ? e->y_count / (size_t)e->q : e->x_count / (size_t)e->d.w;
    args->inner_begin = v.inner_begin;
    args->inner_end = v.inner_end;
    desc->program = "maxpool2d_rows";
    desc->kernel = forward ? "maxpool2d_rows_forward" : "maxpool2d_rows_backward";
    desc->macros[desc->macro_count++] = (clcnn__macro){"WINDOW", v.window};
    desc->macros[desc->macro_count++] = (clcnn__macro){"STRIDE", v.stride};
    desc->macros[desc->macro_count++] = (clcnn__macro){"VEC", v.vec};
    desc->global[0] = clcnn__div_up(rows, clcnn__tune_value(desc->row, "ITEM"));
}

/* Rounds of an element's loops, over the taps of its window or, backward, the windows that reach
 * it: ROUNDS more for each row than it has columns. */
static double rounds_of(const problem *e)
{
    enum { ROUNDS = 4 };
    return e->d.r * ((double)e->d.s + ROUNDS);
}

static clcnn_status check_rounds(clcnn_ctx *ctx, const char *call, const problem *e)
{
    const double taps = (double)e->d.r * e->d.s;
    return clcnn__check_rounds(ctx, call, "elements of a window", taps, rounds_of(e) / taps);
}

/* By rows, where the tuning rows say so and a work-item may have so many rounds. */
static bool goes_by_rows(const clcnn_ctx *ctx, const problem *e, bool forward,
                         const clcnn__tune_row *row)
{
    if (!row || !row->use)
        return false;
    const double columns = forward ? e->q : e->d.w;
    return columns * rounds_of(e) * clcnn__tune_value(row, "ITEM") <= clcnn__most_rounds(ctx);
}

/*
 * One algorithm in three shapes: quads or rows where the tuning rows say so, else element by
 * element.
 */
static clcnn_status launch(clcnn_ctx *ctx, const problem *e, clcnn_direction direction,
                           const clcnn_mem mems[3])
{
    const bool forward = direction == CLCNN_FORWARD;
    const clcnn__tune_row *row = clcnn__tune(ctx, "maxpool2d", "rows", "any");
    const bool by_rows = goes_by_rows(ctx, e, forward, row);
    if (!by_rows)
        row = clcnn__tune(ctx, "maxpool2d", "direct", "any");
    maxpool2d_args args = make_args(e);
    args.with_argmax = forward && mems[2].buf;
    args.accumulate = e->d.accumulate != 0;
    clcnn__launch_desc desc = {.program = "maxpool2d_direct",
                               .kernel = forward ? "maxpool2d_direct_forward"
                                                 : "maxpool2d_direct_backward",
                               .row = row,
                               .args = &args,
                               .args_size = sizeof args,
                               .mem_count = 3,
                               .mems = {mems[0], mems[1], mems[2]},
                               .global = {forward ? e->y_count : e->x_count},
                               .local = {(size_t)clcnn__tune_value(row, "LOCAL")}};
    if (by_rows && are_quads(e) && (forward || !e->d.accumulate))
        take_quads(e, forward, &args, &desc);
    else if (by_rows)
        take_rows(e, direction, &args, &desc);
    return clcnn__launch(ctx, &desc);
}

clcnn_status clcnn_maxpool2d_forward(clcnn_ctx *ctx, const clcnn_maxpool2d *d, clcnn_mem x,
                                     clcnn_mem y, clcnn_mem argmax)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem e;
    clcnn_status status = make_problem(__func__, d, &e, &ctx->error);
    if (status == CLCNN_SUCCESS)
        status = check_rounds(ctx, __func__, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"x", x, e.x_count, CLCNN__IN},
                                     {"y", y, e.y_count, CLCNN__OUT},
                                     {"argmax", argmax, e.y_count, CLCNN__OUT | CLCNN__OPTIONAL}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem mems[] = {x, y, argmax};
    return launch(ctx, &e, CLCNN_FORWARD, mems);
}

clcnn_status clcnn_maxpool2d_backward(clcnn_ctx *ctx, const clcnn_maxpool2d *d, clcnn_mem dy,
                                      clcnn_mem argmax, clcnn_mem dx)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    problem e;
    clcnn_status status = make_problem(__func__, d, &e, &ctx->error);
    if (status == CLCNN_SUCCESS)
        status = check_rounds(ctx, __func__, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__tensor tensors[] = {{"dy", dy, e.y_count, CLCNN__IN},
                                     {"argmax", argmax, e.y_count, CLCNN__IN},
                                     {"dx", dx, e.x_count, CLCNN__OUT}};
    status = clcnn__check_tensors(ctx, __func__, tensors, 3);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn_mem mems[] = {dy, argmax, dx};
    return launch(ctx, &e, CLCNN_BACKWARD_DATA, mems);
}
