/*
 * avgpool SIZE { option } and globalavgpool: means of windows, and of whole planes. Neither keeps
 * anything for its backward pass.
 */
#include "net.h"

struct avgpool {
    int size[2];
    clcnn__options options;
    clcnn_avgpool2d desc; /* of one image */
};

static clcnn_status parse(clcnn__parser *parser, void *self)
{
    struct avgpool *pool = self;
    clcnn_status status = clcnn__parse_size(parser, "a window size", 1, pool->size);
    if (!status)
        status = clcnn__parse_options(
            parser, CLCNN__PAD | CLCNN__STRIDE | CLCNN__CEIL | CLCNN__COUNT_PAD, &pool->options);
    int *stride = pool->options.stride;
    if (stride[0] == pool->size[0] && stride[1] == pool->size[1])
        stride[0] = stride[1] = 0; /* the default, not printed */
    return status;
}

static void print(const void *self, char *text, size_t size)
{
    const struct avgpool *pool = self;
    clcnn__append(text, size, " %d", pool->size[0]);
    if (pool->size[1] != pool->size[0])
        clcnn__append(text, size, "x%d", pool->size[1]);
    clcnn__append_options(text, size, &pool->options);
}

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    struct avgpool *pool = self;
    const clcnn__options *o = &pool->options;
    pool->desc = (clcnn_avgpool2d){.n = 1,
                                   .c = in->c,
                                   .h = in->h,
                                   .w = in->w,
                                   .r = pool->size[0],
                                   .s = pool->size[1],
                                   .pad_top = o->pad[0],
                                   .pad_left = o->pad[1],
                                   .pad_bottom = o->pad[2],
                                   .pad_right = o->pad[3],
                                   .stride_h = o->stride[0],
                                   .stride_w = o->stride[1],
                                   .count_include_pad = (o->given & CLCNN__COUNT_PAD) != 0,
                                   .ceil_mode = (o->given & CLCNN__CEIL) != 0};
    out->c = in->c;
    return clcnn_avgpool2d_output(&pool->desc, &out->h, &out->w, error);
}

static clcnn_avgpool2d with_batch(const void *self, int n)
{
    clcnn_avgpool2d d = ((const struct avgpool *)self)->desc;
    d.n = n;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation =
        (clcnn__operation){.kind = CLCNN__OP_AVGPOOL2D, .d.avgpool2d = with_batch(self, n)};
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    clcnn_avgpool2d d = with_batch(self, work->n);
    return clcnn_avgpool2d_forward(work->ctx, &d, work->x[0], work->y);
}

static clcnn_status backward(const void *self, const clcnn__work *work)
{
    clcnn_avgpool2d d = with_batch(self, work->n);
    d.accumulate = work->accumulate;
    return clcnn_avgpool2d_backward(work->ctx, &d, work->dy, work->dx);
}

const clcnn__layer_kind clcnn__layer_avgpool2d = {
    .keyword = "avgpool",
    .self_size = sizeof(struct avgpool),
    .flags = CLCNN__ACCUMULATES,
    .parse = parse,
    .print = print,
    .shape = shape,
    .operation = operation,
    .forward = forward,
    .backward = backward,
};

/* ---- The mean of each plane ---------------------------------------------------------------- */

struct globalavgpool {
    clcnn_adaptive_avgpool2d desc; /* of one image */
};

static clcnn_status shape_global(void *self, const clcnn__shape *in, clcnn__shape *out,
                                 clcnn_error *error)
{
    (void)error;
    ((struct globalavgpool *)self)->desc =
        (clcnn_adaptive_avgpool2d){.n = 1, .c = in->c, .h = in->h, .w = in->w, .p = 1, .q = 1};
    *out = (clcnn__shape){in->c, 1, 1};
    return CLCNN_SUCCESS;
}

static clcnn_adaptive_avgpool2d global_with_batch(const void *self, int n)
{
    clcnn_adaptive_avgpool2d d = ((const struct globalavgpool *)self)->desc;
    d.n = n;
    return d;
}

static void operation_global(const void *self, int n, clcnn__operation *operation)
{
    *operation = (clcnn__operation){.kind = CLCNN__OP_ADAPTIVE_AVGPOOL2D,
                                    .d.adaptive_avgpool2d = global_with_batch(self, n)};
}

static clcnn_status forward_global(const void *self, const clcnn__work *work)
{
    clcnn_adaptive_avgpool2d d = global_with_batch(self, work->n);
    return clcnn_adaptive_avgpool2d_forward(work->ctx, &d, work->x[0], work->y);
}

static clcnn_status backward_global(const void *self, const clcnn__work *work)
{
    clcnn_adaptive_avgpool2d d = global_with_batch(self, work->n);
    d.accumulate = work->accumulate;
    return clcnn_adaptive_avgpool2d_backward(work->ctx, &d, work->dy, work->dx);
}

const clcnn__layer_kind clcnn__layer_globalavgpool2d = {
    .keyword = "globalavgpool",
    .self_size = sizeof(struct globalavgpool),
    .flags = CLCNN__ACCUMULATES,
    .shape = shape_global,
    .operation = operation_global,
    .forward = forward_global,
    .backward = backward_global,
};
