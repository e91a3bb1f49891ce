/*
 * conv2d by kernels/conv2d_dense.cl: images of one pixel, as dense layers have, by products of
 * matrices as they lie. It needs no workspace.
 */
#include "conv2d.h"

typedef struct shape {
    const clcnn__tune_row *row;
    int width, rows, segments; /* VEC, ROWS, SEGS */
    int taps;                  /* products of a sum */
    bool dots;                 /* forward: by the kernel that multiplies rows by rows */
    size_t pieces, blocks;     /* work-items: along the result's rows, and of its rows */
} shape;

static bool is_dense(const clcnn_conv2d *d)
{
    return d->h == 1 && d->w == 1 && d->r == 1 && d->s == 1 && d->groups == 1 &&
           !(d->pad_top || d->pad_left || d->pad_bottom || d->pad_right);
}

static shape shape_of(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    const clcnn_direction direction = problem->direction;
    const clcnn__tune_row *row = clcnn__tune(ctx, "conv2d", "dense", NULL);
    shape s = {.row = row,
               .width = clcnn__tune_vector(row),
               .rows = clcnn__tune_value(row, "ROWS"),
               .segments = clcnn__tune_value(row, "SEGS"),
               .taps = direction == CLCNN_FORWARD         ? d->c
                       : direction == CLCNN_BACKWARD_DATA ? d->k
                                                          : d->n,
               .dots = direction == CLCNN_FORWARD};
    if (s.width < 1 || s.rows < 1 || s.segments < 1)
        return s;
    const size_t lanes = (size_t)(s.dots ? d->k : d->c);
    const size_t rows = (size_t)(direction == CLCNN_BACKWARD_WEIGHTS ? d->k : d->n);
    s.pieces = clcnn__div_up(lanes, s.dots ? CONV2D_DENSE_LANES : s.segments * s.width);
    s.blocks = clcnn__div_up(rows, s.dots ? s.width / CONV2D_DENSE_SIDE : s.rows);
    return s;
}

/* Loops of a work-item, with those that a compiler leaves as loops. */
static double rounds_of(const shape *s)
{
    const double vectors = (double)s->taps / s->width + 1;
    const double dots = vectors * (3.0 * s->width) * CONV2D_DENSE_LANES / CONV2D_DENSE_SIDE;
    const double sums = (double)s->rows * s->segments;
    return s->dots ? dots : s->taps * (sums + 2.0 * s->rows + s->segments);
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

static conv2d_dense_args make_args(const clcnn__conv2d_problem *problem)
{
    const clcnn_conv2d *d = &problem->d;
    return (conv2d_dense_args){
        .n = d->n,
        .c = d->c,
        .k = d->k,
        .activation = (int)(problem->forward ? d->activation : problem->slope.kind),
        .accumulate = !problem->forward && d->accumulate,
        .alpha = (float)(problem->forward ? d->alpha : problem->slope.alpha)};
}

static clcnn_status launch(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, const shape *s,
                           const char *kernel, const conv2d_dense_args *args, const clcnn_mem *mems,
                           int mem_count, size_t pieces, size_t blocks)
{
    clcnn__launch_desc desc = {.program = "conv2d_dense",
                               .kernel = kernel,
                               .row = s->row,
                               .macro_count = 1,
                               .macros = {{"CURVED", clcnn__conv2d_curved(problem)}},
                               .args = args,
                               .args_size = sizeof *args};
    return clcnn__launch_single(ctx, &desc, mems, mem_count, (size_t[]){pieces, blocks, 1});
}

static clcnn_status enqueue_forward(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    const shape s = shape_of(ctx, &call->problem);
    conv2d_dense_args args = make_args(&call->problem);
    args.has_bias = call->b.buf != NULL;
    const clcnn_mem mems[] = {call->x, call->w, call->b, call->y};
    return launch(ctx, &call->problem, &s, "conv2d_dense_dot", &args, mems, 4, s.pieces, s.blocks);
}

/* One of the two or both, in one launch: their products have the same lanes. */
static clcnn_status enqueue_gradients(clcnn_ctx *ctx, const clcnn__conv2d_call *data,
                                      const clcnn__conv2d_call *weights)
{
    const clcnn__conv2d_call *either = data ? data : weights;
    shape s = shape_of(ctx, &either->problem);
    conv2d_dense_args args = make_args(&either->problem);
    clcnn_mem mems[] = {either->y,    CLCNN_NO_MEM, CLCNN_NO_MEM,
                        CLCNN_NO_MEM, CLCNN_NO_MEM, CLCNN_NO_MEM}; /* dy, w, x, dx, dw, db */
    size_t blocks = 0;
    if (data) {
        args.dx_blocks = (int)s.blocks;
        blocks = s.blocks;
        mems[1] = data->w;
        mems[2] = data->given;
        mems[3] = data->x;
    }
    if (weights) {
        args.has_dw = weights->w.buf != NULL;
        args.has_db = weights->b.buf != NULL;
        blocks += shape_of(ctx, &weights->problem).blocks;
        mems[2] = weights->x;
        mems[4] = weights->w;
        mems[5] = weights->b;
    }
    return launch(ctx, &either->problem, &s, "conv2d_dense_product", &args, mems, 6,
                  data || args.has_dw ? s.pieces : 1, blocks);
}

static clcnn_status enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call)
{
    if (call->problem.direction == CLCNN_FORWARD)
        return enqueue_forward(ctx, call);
    const bool weights = call->problem.direction == CLCNN_BACKWARD_WEIGHTS;
    return enqueue_gradients(ctx, weights ? NULL : call, weights ? call : NULL);
}

const clcnn__conv2d_algo clcnn__conv2d_dense = {.name = "dense",
                                                .refuses = refuses,
                                                .preferred = preferred,
                                                .workspace = workspace,
                                                .enqueue = enqueue,
                                                .slopes = true,
                                                .enqueue_both = enqueue_gradients};
