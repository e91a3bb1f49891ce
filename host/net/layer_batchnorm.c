/*
 * batchnorm { option }: each channel brought to mean 0 and variance 1; of the batch in training, by
 * the running statistics in inference. A ReLU or leaky ReLU that follows is computed along, in both
 * directions. Those are kept like parameters, but no optimiser changes
 * them. A frozen layer normalises with them in training as well, and leaves them as they are.
 */
#include "net.h"

enum { WEIGHT, BIAS, RUNNING_MEAN, RUNNING_VAR, ROWS };

struct batchnorm {
    clcnn__options options;
    clcnn_batchnorm desc; /* of one image */
    bool frozen;
};

static clcnn_status parse(clcnn__parser *parser, void *self)
{
    return clcnn__parse_options(parser, CLCNN__EPS | CLCNN__MOMENTUM | CLCNN__BIASED,
                                &((struct batchnorm *)self)->options);
}

static void print(const void *self, char *text, size_t size)
{
    clcnn__append_options(text, size, &((const struct batchnorm *)self)->options);
}

static clcnn_status shape(void *self, const clcnn__shape *in, clcnn__shape *out, clcnn_error *error)
{
    (void)error;
    struct batchnorm *norm = self;
    norm->desc = (clcnn_batchnorm){.n = 1,
                                   .c = in->c,
                                   .h = in->h,
                                   .w = in->w,
                                   .eps = norm->options.eps,
                                   .momentum = norm->options.momentum,
                                   .unbiased = !(norm->options.given & CLCNN__BIASED)};
    *out = *in;
    return CLCNN_SUCCESS;
}

static int parameters(const void *self, clcnn__parameter *rows)
{
    const int c = ((const struct batchnorm *)self)->desc.c;
    rows[WEIGHT] = (clcnn__parameter){.name = "weight", .rank = 1, .shape = {c}, .value = 1};
    rows[BIAS] = (clcnn__parameter){.name = "bias", .rank = 1, .shape = {c}};
    rows[RUNNING_MEAN] =
        (clcnn__parameter){.name = "running_mean", .rank = 1, .shape = {c}, .statistic = true};
    rows[RUNNING_VAR] = (clcnn__parameter){
        .name = "running_var", .rank = 1, .shape = {c}, .statistic = true, .value = 1};
    return ROWS;
}

static void freeze(void *self)
{
    ((struct batchnorm *)self)->frozen = true;
}

static bool fuse(void *self, clcnn__activation activation)
{
    struct batchnorm *norm = self;
    if (activation.kind > CLCNN_LEAKY_RELU)
        return false;
    norm->desc.activation = activation.kind;
    norm->desc.alpha = activation.alpha;
    return true;
}

/* Mean and rstd of each channel. */
static size_t state(const void *self, int n)
{
    (void)n;
    return 2 * (size_t)((const struct batchnorm *)self)->desc.c;
}

/* A single value per channel has no unbiased variance: the running one then takes the biased. */
static clcnn_batchnorm with_batch(const void *self, int n, bool inference)
{
    const struct batchnorm *norm = self;
    clcnn_batchnorm d = norm->desc;
    d.n = n;
    d.inference = inference || norm->frozen;
    if ((size_t)n * (size_t)d.h * (size_t)d.w == 1)
        d.unbiased = 0;
    return d;
}

static void operation(const void *self, int n, clcnn__operation *operation)
{
    *operation =
        (clcnn__operation){.kind = CLCNN__OP_BATCHNORM, .d.batchnorm = with_batch(self, n, false)};
}

static clcnn_status plan(clcnn_ctx *ctx, const void *self, int n, clcnn_direction direction,
                         size_t max_workspace, clcnn_plan *result)
{
    *result = (clcnn_plan){0};
    if (direction == CLCNN_BACKWARD_WEIGHTS)
        return CLCNN_SUCCESS; /* comes with backward_data */
    clcnn_batchnorm d = with_batch(self, n, false);
    clcnn_status status = clcnn_batchnorm_plan(ctx, &d, direction, result);
    if (!status && result->workspace_bytes > max_workspace)
        return CLCNN__FAIL(&ctx->error, CLCNN_WORKSPACE_TOO_SMALL,
                           "batchnorm needs a workspace of %zu bytes, there are %zu",
                           result->workspace_bytes, max_workspace);
    return status;
}

static clcnn_batchnorm_mems mems_of(const struct batchnorm *norm, const clcnn__work *work)
{
    clcnn_batchnorm_mems mems = {.x = work->x[0],
                                 .y = work->y,
                                 .gamma = work->parameters[WEIGHT],
                                 .beta = work->parameters[BIAS],
                                 .running_mean = work->parameters[RUNNING_MEAN],
                                 .running_var = work->parameters[RUNNING_VAR],
                                 .dy = work->dy,
                                 .dx = work->dx,
                                 .dgamma = work->gradients[WEIGHT],
                                 .dbeta = work->gradients[BIAS]};
    if (work->state.buf) {
        mems.mean = mems.rstd = work->state;
        mems.rstd.offset += (size_t)norm->desc.c;
    }
    return mems;
}

static clcnn_status forward(const void *self, const clcnn__work *work)
{
    const clcnn_batchnorm d = with_batch(self, work->n, work->inference);
    const clcnn_batchnorm_mems mems = mems_of(self, work);
    return clcnn_batchnorm_forward(work->ctx, &d, &mems,
                                   d.inference ? NULL : work->plans[CLCNN_FORWARD]);
}

static clcnn_status backward(const void *self, const clcnn__work *work)
{
    const clcnn_batchnorm d = with_batch(self, work->n, false);
    const clcnn_batchnorm_mems mems = mems_of(self, work);
    return clcnn_batchnorm_backward(work->ctx, &d, &mems, work->plans[CLCNN_BACKWARD_DATA]);
}

static clcnn_status fold(const void *self, const clcnn__work *work, int filter, clcnn_mem w,
                         clcnn_mem b, clcnn_mem folded_w, clcnn_mem folded_b)
{
    const clcnn_batchnorm d = with_batch(self, work->n, true);
    const clcnn_batchnorm_mems mems = mems_of(self, work);
    return clcnn_batchnorm_fold(work->ctx, &d, filter, &mems, w, b, folded_w, folded_b);
}

const clcnn__layer_kind clcnn__layer_batchnorm = {
    .keyword = "batchnorm",
    .self_size = sizeof(struct batchnorm),
    .flags = CLCNN__KEEP_X | CLCNN__OWN_SLOPE,
    .parse = parse,
    .print = print,
    .shape = shape,
    .parameters = parameters,
    .operation = operation,
    .fuse = fuse,
    .freeze = freeze,
    .state = state,
    .plan = plan,
    .forward = forward,
    .backward = backward,
    .fold = fold,
};
