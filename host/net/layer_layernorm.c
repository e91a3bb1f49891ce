/*
 * layernorm [eps REAL]: each image, as one row, brought to mean 0 and variance 1.
 */
#include "net.h"

enum { WEIGHT, BIAS, ROWS };

struct layernorm {
    clcnn__options options;
    clcnn_layernorm desc; /* of one image */
};

static clcnn_status parse(clcnn__parser *parser, void *self)
{
    return clcnn__parse_options(parser, CLCNN__EPS, &((struct layernorm *)self)->options);
}

static void print(const void *self, char *text, size_t size)
{
    clcnn__append_options(text, size, &((const struct layernorm *)self)->options);
}

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    (void)error;
    struct layernorm *norm = self;
    norm->desc = (clcnn_layernorm){.n = 1, .d = in->c * in->h * in->w, .eps = norm->options.eps};
    *out = *in;
    return CLCNN_SUCCESS;
}

static int parameters(const void *self, clcnn__parameter *rows)
{
    const int d = ((const struct layernorm *)self)->desc.d;
    rows[WEIGHT] = (clcnn__parameter){.name = "weight", .rank = 1, .shape = {d}, .value = 1};
    rows[BIAS] = (clcnn__parameter){.name = "bias", .rank = 1, .shape = {d}};
    return ROWS;
}

/* Mean and rstd of each row. */
static size_t state(const void *self, int n)
{
    (void)self;
    return 2 * (size_t)n;
}

static clcnn_layernorm with_batch(const void *self, int n)
{
    clcnn_layernorm d = ((const struct layernorm *)self)->desc;
    d.n = n;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation =
        (clcnn__operation){.kind = CLCNN__OP_LAYERNORM, .d.layernorm = with_batch(self, n)};
}

static clcnn_status plan(clcnn_ctx *ctx, const void *self, int n, clcnn_direction direction,
                         size_t max_workspace, clcnn_plan *result)
{
    *result = (clcnn_plan){0};
    if (direction == CLCNN_BACKWARD_WEIGHTS)
        return CLCNN_SUCCESS; /* comes with backward_data */
    clcnn_layernorm d = with_batch(self, n);
    clcnn_status status = clcnn_layernorm_plan(ctx, &d, direction, result);
    if (!status && result->workspace_bytes > max_workspace)
        return CLCNN__FAIL(&ctx->error, CLCNN_WORKSPACE_TOO_SMALL,
                           "layernorm needs a workspace of %zu bytes, there are %zu",
                           result->workspace_bytes, max_workspace);
    return status;
}

static clcnn_layernorm_mems mems_of(const clcnn__work *work)
{
    clcnn_layernorm_mems mems = {.x = work->x[0],
                                 .y = work->y,
                                 .gamma = work->parameters[WEIGHT],
                                 .beta = work->parameters[BIAS],
                                 .dy = work->dy,
                                 .dx = work->dx,
                                 .dgamma = work->gradients[WEIGHT],
                                 .dbeta = work->gradients[BIAS]};
    if (work->state.buf) {
        mems.mean = mems.rstd = work->state;
        mems.rstd.offset += (size_t)work->n;
    }
    return mems;
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    const clcnn_layernorm d = with_batch(self, work->n);
    const clcnn_layernorm_mems mems = mems_of(work);
    return clcnn_layernorm_forward(work->ctx, &d, &mems);
}

static clcnn_status backward(const void *self, const clcnn__work *work)
{
    const clcnn_layernorm d = with_batch(self, work->n);
    const clcnn_layernorm_mems mems = mems_of(work);
    return clcnn_layernorm_backward(work->ctx, &d, &mems, work->plans[CLCNN_BACKWARD_DATA]);
}

const clcnn__layer_kind clcnn__layer_layernorm = {
    .keyword = "layernorm",
    .self_size = sizeof(struct layernorm),
    .flags = CLCNN__KEEP_X,
    .parse = parse,
    .print = print,
    .shape = shape,
    .parameters = parameters,
    .operation = operation,
    .state = state,
    .plan = plan,
    .forward = forward,
    .backward = backward,
};
