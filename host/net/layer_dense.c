/*
 * dense N ["nobias"]: a fully connected layer, with the activation that follows it fused into its
 * forward pass. An image of any shape is taken as one row of c*h*w inputs.
 */
#include "net.h"

struct dense {
    int outputs;
    clcnn__options options;
    clcnn_dense desc; /* of one image */
};

static clcnn_status parse(clcnn__parser *parser, void *self)
{
    struct dense *dense = self;
    clcnn_status status = clcnn__parse_number(parser, "a number of outputs", 1, &dense->outputs);
    return status ? status : clcnn__parse_options(parser, CLCNN__NOBIAS, &dense->options);
}

static void print(const void *self, char *text, size_t size)
{
    const struct dense *dense = self;
    clcnn__append(text, size, " %d", dense->outputs);
    clcnn__append_options(text, size, &dense->options);
}

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    (void)error;
    struct dense *dense = self;
    dense->desc = (clcnn_dense){.n = 1, .c = in->c * in->h * in->w, .k = dense->outputs};
    *out = (clcnn__shape){dense->outputs, 1, 1};
    return CLCNN_SUCCESS;
}

static int parameters(const void *self, clcnn__parameter *rows)
{
    const struct dense *dense = self;
    const clcnn_dense *d = &dense->desc;
    rows[0] = (clcnn__parameter){.name = "weight",
                                 .rank = 2,
                                 .shape = {d->k, d->c},
                                 .decays = true,
                                 .fan_in = d->c,
                                 .fan_out = d->k};
    rows[1] = (clcnn__parameter){.name = "bias", .rank = 1, .shape = {d->k}, .fan_in = d->c};
    return dense->options.given & CLCNN__NOBIAS ? 1 : 2;
}

static bool fuse(void *self, clcnn__activation activation)
{
    struct dense *dense = self;
    dense->desc.activation = activation.kind;
    dense->desc.alpha = activation.alpha;
    return true;
}

static clcnn_dense with_batch(const void *self, int n)
{
    clcnn_dense d = ((const struct dense *)self)->desc;
    d.n = n;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation = (clcnn__operation){.kind = CLCNN__OP_DENSE, .d.dense = with_batch(self, n)};
}

static clcnn_status plan(clcnn_ctx *ctx, const void *self, int n, clcnn_direction direction,
                         size_t max_workspace, clcnn_plan *result)
{
    clcnn_dense d = with_batch(self, n);
    return clcnn_dense_plan(ctx, &d, direction, NULL, max_workspace, result);
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    clcnn_dense d = with_batch(self, work->n);
    if (work->activation) {
        d.activation = work->activation->kind;
        d.alpha = work->activation->alpha;
    }
    return clcnn_dense_forward(work->ctx, &d, work->x[0], work->parameters[0], work->parameters[1],
                               work->y, work->plans[CLCNN_FORWARD]);
}

/* What dx is added to, dw and db are not. */
static clcnn_status backward(const void *self, const clcnn__work *work)
{
    clcnn_dense d = with_batch(self, work->n);
    const clcnn_before before = clcnn__before_of(work);
    const clcnn_mem x = work->x[0], w = work->parameters[0], dy = work->dy, dx = work->dx;
    const clcnn_mem dw = work->gradients[0], db = work->gradients[1];
    const clcnn_plan *data = work->plans[CLCNN_BACKWARD_DATA];
    const clcnn_plan *weights = work->plans[CLCNN_BACKWARD_WEIGHTS];
    const clcnn_before *through = dx.buf ? &before : NULL;
    if (!work->accumulate)
        return dx.buf || dw.buf ? clcnn_dense_backward(work->ctx, &d, through, x, w, dy, dx, dw, db,
                                                       data, weights)
                                : CLCNN_SUCCESS;
    clcnn_status status = CLCNN_SUCCESS;
    if (dw.buf)
        status = clcnn_dense_backward_weights(work->ctx, &d, x, dy, dw, db, weights);
    d.accumulate = 1;
    return status ? status
                  : clcnn_dense_backward(work->ctx, &d, through, x, w, dy, dx, CLCNN_NO_MEM,
                                         CLCNN_NO_MEM, data, NULL);
}

static clcnn_status pack(const void *self, const clcnn__work *work)
{
    const clcnn_dense d = with_batch(self, work->n);
    return clcnn_dense_pack(work->ctx, &d, CLCNN_FORWARD, work->parameters[0],
                            work->plans[CLCNN_FORWARD]);
}

const clcnn__layer_kind clcnn__layer_dense = {
    .keyword = "dense",
    .self_size = sizeof(struct dense),
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
