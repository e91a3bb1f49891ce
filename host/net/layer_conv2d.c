/*
 * conv N SIZE { option }: a convolution, with the activation that follows it fused into its forward
 * pass.
 */
#include "net.h"

struct conv {
    int filters, size[2];
    clcnn__options options;
    clcnn_conv2d desc; /* of one image */
};

static clcnn_status parse(clcnn__parser *parser, void *self)
{
    struct conv *conv = self;
    clcnn_status status = clcnn__parse_number(parser, "a number of filters", 1, &conv->filters);
    if (!status)
        status = clcnn__parse_size(parser, "a filter size", 1, conv->size);
    if (!status)
        status = clcnn__parse_options(parser,
                                      CLCNN__PAD | CLCNN__STRIDE | CLCNN__DILATION | CLCNN__GROUPS |
                                          CLCNN__NOBIAS | CLCNN__DOT_ONLY,
                                      &conv->options);
    if (conv->options.stride[0] == 1 && conv->options.stride[1] == 1)
        conv->options.stride[0] = conv->options.stride[1] = 0; /* the default, not printed */
    return status;
}

static void print(const void *self, char *text, size_t size)
{
    const struct conv *conv = self;
    clcnn__append(text, size, " %d %dx%d", conv->filters, conv->size[0], conv->size[1]);
    clcnn__append_options(text, size, &conv->options);
}

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    struct conv *conv = self;
    const clcnn__options *o = &conv->options;
    conv->desc = (clcnn_conv2d){.n = 1,
                                .c = in->c,
                                .h = in->h,
                                .w = in->w,
                                .k = conv->filters,
                                .r = conv->size[0],
                                .s = conv->size[1],
                                .pad_top = o->pad[0],
                                .pad_left = o->pad[1],
                                .pad_bottom = o->pad[2],
                                .pad_right = o->pad[3],
                                .stride_h = o->stride[0],
                                .stride_w = o->stride[1],
                                .dilation_h = o->dilation[0],
                                .dilation_w = o->dilation[1],
                                .groups = o->groups,
                                .dot_only = (o->given & CLCNN__DOT_ONLY) != 0};
    out->c = conv->filters;
    return clcnn_conv2d_output(&conv->desc, &out->h, &out->w, error);
}

static int parameters(const void *self, clcnn__parameter *rows)
{
    const struct conv *conv = self;
    const clcnn_conv2d *d = &conv->desc;
    const int filter = d->r * d->s, in = d->c / d->groups * filter, out = d->k / d->groups * filter;
    rows[0] = (clcnn__parameter){.name = "weight",
                                 .rank = 4,
                                 .shape = {d->k, d->c / d->groups, d->r, d->s},
                                 .decays = true,
                                 .fan_in = in,
                                 .fan_out = out};
    rows[1] = (clcnn__parameter){.name = "bias", .rank = 1, .shape = {d->k}, .fan_in = in};
    return conv->options.given & CLCNN__NOBIAS ? 1 : 2;
}

static bool fuse(void *self, clcnn__activation activation)
{
    struct conv *conv = self;
    conv->desc.activation = activation.kind;
    conv->desc.alpha = activation.alpha;
    return true;
}

static clcnn_conv2d with_batch(const void *self, int n)
{
    clcnn_conv2d d = ((const struct conv *)self)->desc;
    d.n = n;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation = (clcnn__operation){.kind = CLCNN__OP_CONV2D, .d.conv2d = with_batch(self, n)};
}

static clcnn_status plan(clcnn_ctx *ctx, const void *self, int n, clcnn_direction direction,
                         size_t max_workspace, clcnn_plan *result)
{
    clcnn_conv2d d = with_batch(self, n);
    return clcnn_conv2d_plan(ctx, &d, direction, NULL, max_workspace, result);
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    clcnn_conv2d d = with_batch(self, work->n);
    if (work->activation) {
        d.activation = work->activation->kind;
        d.alpha = work->activation->alpha;
    }
    return clcnn_conv2d_forward(work->ctx, &d, work->x[0], work->parameters[0], work->parameters[1],
                                work->y, work->plans[CLCNN_FORWARD]);
}

/* What dx is added to, dw and db are not. */
static clcnn_status backward(const void *self, const clcnn__work *work)
{
    clcnn_conv2d d = with_batch(self, work->n);
    const clcnn_before before = clcnn__before_of(work);
    const clcnn_mem x = work->x[0], w = work->parameters[0], dy = work->dy, dx = work->dx;
    const clcnn_mem dw = work->gradients[0], db = work->gradients[1];
    const clcnn_plan *data = work->plans[CLCNN_BACKWARD_DATA];
    const clcnn_plan *weights = work->plans[CLCNN_BACKWARD_WEIGHTS];
    const clcnn_before *through = dx.buf ? &before : NULL;
    if (!work->accumulate)
        return dx.buf || dw.buf ? clcnn_conv2d_backward(work->ctx, &d, through, x, w, dy, dx, dw,
                                                        db, data, weights)
                                : CLCNN_SUCCESS;
    clcnn_status status = CLCNN_SUCCESS;
    if (dw.buf)
        status = clcnn_conv2d_backward_weights(work->ctx, &d, x, dy, dw, db, weights);
    d.accumulate = 1;
    return status ? status
                  : clcnn_conv2d_backward(work->ctx, &d, through, x, w, dy, dx, CLCNN_NO_MEM,
                                          CLCNN_NO_MEM, data, NULL);
}

static clcnn_status pack(const void *self, const clcnn__work *work)
{
    const clcnn_conv2d d = with_batch(self, work->n);
    return clcnn_conv2d_pack(work->ctx, &d, CLCNN_FORWARD, work->parameters[0],
                             work->plans[CLCNN_FORWARD]);
}

const clcnn__layer_kind clcnn__layer_conv2d = {
    .keyword = "conv",
    .self_size = sizeof(struct conv),
    .flags = CLCNN__KEEP_X | CLCNN__ACCUMULATES | CLCNN__TAKES_SLOPE,
    .parse = parse,
    .print = print,
    .shape = shape,
    .parameters = parameters,
    .operation = operation,
    .fuse = fuse,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .pack = pack,
};
