/*
 * maxpool SIZE { option } and globalmaxpool: max-pooling. Forward leaves the indices of the largest
 * elements for backward.
 */
#include "net.h"

struct maxpool {
    int size[2];
    clcnn__options options;
    clcnn_maxpool2d desc; /* of one image */
    size_t outputs;       /* elements of one output image */
};

static clcnn_status parse(clcnn__parser *parser, void *self)
{
    struct maxpool *pool = self;
    clcnn_status status = clcnn__parse_size(parser, "a window size", 1, pool->size);
    if (!status)
        status = clcnn__parse_options(
            parser, CLCNN__PAD | CLCNN__STRIDE | CLCNN__DILATION | CLCNN__CEIL, &pool->options);
    int *stride = pool->options.stride;
    if (stride[0] == pool->size[0] && stride[1] == pool->size[1])
        stride[0] = stride[1] = 0; /* the default, not printed */
    return status;
}

static void print(const void *self, char *text, size_t size)
{
    const struct maxpool *pool = self;
    clcnn__append(text, size, " %d", pool->size[0]);
    if (pool->size[1] != pool->size[0])
        clcnn__append(text, size, "x%d", pool->size[1]);
    clcnn__append_options(text, size, &pool->options);
}

/* The descriptor is complete but for the input. */
static clcnn_status shape_any(struct maxpool *pool, const clcnn__shape *in, clcnn__shape *out,
                              clcnn_error *error)
{
    clcnn_maxpool2d *d = &pool->desc;
    d->n = 1;
    d->c = in->c;
    d->h = in->h;
    d->w = in->w;
    out->c = in->c;
    clcnn_status status = clcnn_maxpool2d_output(d, &out->h, &out->w, error);
    if (!status)
        pool->outputs = (size_t)out->c * (size_t)out->h * (size_t)out->w;
    return status;
}

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    struct maxpool *pool = self;
    const clcnn__options *o = &pool->options;
    pool->desc = (clcnn_maxpool2d){.r = pool->size[0],
                                   .s = pool->size[1],
                                   .pad_top = o->pad[0],
                                   .pad_left = o->pad[1],
                                   .pad_bottom = o->pad[2],
                                   .pad_right = o->pad[3],
                                   .stride_h = o->stride[0],
                                   .stride_w = o->stride[1],
                                   .dilation_h = o->dilation[0],
                                   .dilation_w = o->dilation[1],
                                   .ceil_mode = (o->given & CLCNN__CEIL) != 0};
    return shape_any(pool, in, out, error);
}

static clcnn_status shape_global(void *self, const clcnn__shape *in, clcnn__shape *out,
                                 clcnn_error *error)
{
    struct maxpool *pool = self;
    pool->desc = (clcnn_maxpool2d){.r = in->h, .s = in->w};
    return shape_any(pool, in, out, error);
}

static size_t state(const void *self, int n)
{
    return ((const struct maxpool *)self)->outputs * (size_t)n;
}

static clcnn_maxpool2d with_batch(const void *self, int n)
{
    clcnn_maxpool2d d = ((const struct maxpool *)self)->desc;
    d.n = n;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation =
        (clcnn__operation){.kind = CLCNN__OP_MAXPOOL2D, .d.maxpool2d = with_batch(self, n)};
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    clcnn_maxpool2d d = with_batch(self, work->n);
    return clcnn_maxpool2d_forward(work->ctx, &d, work->x[0], work->y, work->state);
}

static clcnn_status backward(const void *self, const clcnn__work *work)
{
    clcnn_maxpool2d d = with_batch(self, work->n);
    d.accumulate = work->accumulate;
    return clcnn_maxpool2d_backward(work->ctx, &d, work->dy, work->state, work->dx);
}

const clcnn__layer_kind clcnn__layer_maxpool2d = {
    .keyword = "maxpool",
    .self_size = sizeof(struct maxpool),
    .flags = CLCNN__SELECTS | CLCNN__ACCUMULATES,
    .parse = parse,
    .print = print,
    .shape = shape,
    .operation = operation,
    .state = state,
    .forward = forward,
    .backward = backward,
};

const clcnn__layer_kind clcnn__layer_globalmaxpool2d = {
    .keyword = "globalmaxpool",
    .self_size = sizeof(struct maxpool),
    .flags = CLCNN__SELECTS | CLCNN__ACCUMULATES,
    .shape = shape_global,
    .operation = operation,
    .state = state,
    .forward = forward,
    .backward = backward,
};
