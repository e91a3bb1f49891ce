/*
 * conv2d by kernels/conv2d_dense.cl: images of one pixel, as dense layers have, by products of
 * matrices as they lie. It needs no workspace.
 */
#include "conv2d.h"

typedef struct shape {
    const clcnn__tune_row *row;
    int width, rows, segments; /* VEC, ROWS, SEGS */
    conv2d_dense_args args;
    bool dots;             /* forward: by the kernel that multiplies rows by rows */
    size_t pieces, blocks; /* work-items: along the result's rows, and of its rows */
} shape;

static bool is_dense(const clcnn_conv2d *d)
{
    return d->h == 1 && d->w == 1 && d->r == 1 && d->s == 1 && d->groups == 1 &&
           !(d->pad_top || d->pad_left || d->pad_bottom || d->pad_right);
}

/* The sizes of out[rows][lanes] and of its sums, and where a number of the first matrix lies. */
static conv2d_dense_args make_args(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    conv2d_dense_args a = {.rows = d->n,
                           .taps = d->c,
                           .lanes = d->k,
                           .activation = problem->forward ? (int)d->activation : CLCNN_IDENTITY,
                           .alpha = (float)d->alpha,
                           .accumulate = !problem->forward && d->accumulate};
    if (problem->direction == CLCNN_BACKWARD_DATA) {
        a.taps = a.number_row = d->k;
        a.lanes = d->c;
        a.number_tap = 1;
    } else if (problem->direction == CLCNN_BACKWARD_WEIGHTS) {
        a.rows = a.number_tap = d->k;
        a.taps = d->n;
        a.lanes = d->c;
        a.number_row = 1;
    }
    return a;
}

static shape shape_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "dense", NULL);
    shape s = {.row = row,
               .width = clcnn__tune_vector(row),
               .rows = clcnn__tune_value(row, "ROWS"),
               .segments = clcnn__tune_value(row, "SEGS"),
               .args = make_args(problem),
               .dots = problem->direction == CLCNN_FORWARD};
    if (s.width < 1 || s.rows < 1 || s.segments < 1)
        return s;
    const conv2d_dense_args *a = &s.args;
    s.pieces = clcnn__div_up((size_t)a->lanes, s.dots ? CONV2D_DENSE_LANES : s.segments * s.width);
    s.blocks = clcnn__div_up((size_t)a->rows, s.dots ? s.width / CONV2D_DENSE_SIDE : s.rows);
    return s;
}

/* Loops of a work-item, with those that a compiler leaves as loops. */
static double rounds_of(const shape *s)
{
    const double vectors = (double)s->args.taps / s->width + 1;
    const double dots = vectors * (3.0 * s->width) * CONV2D_DENSE_LANES / CONV2D_DENSE_SIDE;
    const double sums = (double)s->rows * s->segments;
    return s->dots ? dots : s->args.taps * (sums + 2.0 * s->rows + s->segments);
}

static const char *refuses(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    enum { MOST = 32 }; /* more rows or vectors would never fit registers */
    const clcnn_conv2d *d = &problem->d;
    if (!is_dense(d))
        return "it is for images and filters of one pixel, in one group";
    if (problem->transposed)
        return "it knows no transposed convolutions";
    const shape s = shape_of(ctx, problem);
    if (s.width < 1 || s.rows < 1 || s.segments < 1 || s.rows > MOST || s.segments > MOST)
        return "its tuning row has no vectors, or more rows or vectors than it may";
    if (d->c < s.width)
        return "it needs as many input channels as a vector has lanes";
    if ((double)d->n * d->c > INT32_MAX || (double)d->n * d->k > INT32_MAX ||
        (double)d->c * d->k > INT32_MAX)
        return "a matrix has 2^31 elements or more";
    if (rounds_of(&s) > clcnn__most_rounds(ctx))
        return "its sums are longer than a work-item's loops may be";
    return NULL;
}

/* Every block of rows reads all of the second matrix, where tile would read a packed one less
 * often: by the size of the weights, because whatever the batch the same programs are to be taken.
 */
static bool preferred(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const shape s = shape_of(ctx, problem);
    const double weights = (double)problem->d.c * problem->d.k * sizeof(float);
    return s.row && s.row->use && weights <= clcnn__tune_value(s.row, "KIB") * 1024.0;
}

static size_t workspace(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit)
{
    (void)ctx;
    (void)problem;
    (void)limit;
    return 0;
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const bool weights = problem->direction == CLCNN_BACKWARD_WEIGHTS;
    shape s = shape_of(ctx, problem);
    s.args.has_bias = problem->forward && call->b.buf;
    s.args.has_sums = weights && call->b.buf;
    s.args.has_out = !weights || call->w.buf;
    clcnn__launch_desc desc = {.program = "conv2d_dense",
                               .kernel = s.dots ? "conv2d_dense_dot" : "conv2d_dense_product",
                               .row = s.row,
                               .macro_count = 1,
                               .macros = {{"CURVED", clcnn__conv2d_curved(problem)}},
                               .args = &s.args,
                               .args_size = sizeof s.args};
    const clcnn_mem forward[] = {call->x, call->w, call->b, call->y};
    const clcnn_mem data[] = {call->y, call->w, call->x, CLCNN_NO_MEM};
    const clcnn_mem sums[] = {call->y, call->x, call->w, call->b};
    return clcnn__launch_single(ctx, &desc,
                                s.dots    ? forward
                                : weights ? sums
                                          : data,
                                4, (size_t[]){s.args.has_out ? s.pieces : 1, s.blocks, 1});
}

const clcnn__conv2d_algo clcnn__conv2d_dense = {.name = "dense",
                                                .refuses = refuses,
                                                .preferred = preferred,
                                                .workspace = workspace,
                                                .enqueue = enqueue};
