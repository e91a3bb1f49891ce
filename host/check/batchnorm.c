/*
 * How batchnorm is run and what its reference expects. Backward in training is given the statistics
 * that forward saves, so it runs forward first; forward's own results are held against the
 * reference in the direction of that name. Folding is a direction too: its weights are x's first
 * image, one plane for each channel.
 */
#include "common.h"

#include "internal.h"

#include <math.h>

enum { X, GAMMA, BETA, RUNNING_MEAN, RUNNING_VAR, DY };

static bool batchnorm_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_batchnorm *d = &desc->batchnorm;
    const int h = check_or_one(d->h), w = check_or_one(d->w), rank = d->h ? 4 : 2;
    const check_tensor_shape list[] = {{"x", rank, {d->n, d->c, h, w}},
                                       {"y", rank, {d->n, d->c, h, w}},
                                       {"scratch", rank, {d->n, d->c, h, w}},
                                       {"gamma", 1, {d->c}},
                                       {"beta", 1, {d->c}},
                                       {"mean", 1, {d->c}},
                                       {"rstd", 1, {d->c}},
                                       {"running_mean", 1, {d->c}},
                                       {"running_var", 1, {d->c}},
                                       {"new_running_mean", 1, {d->c}},
                                       {"new_running_var", 1, {d->c}},
                                       {"folded_w", 3, {d->c, h, w}},
                                       {"folded_b", 1, {d->c}},
                                       {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    const check_shape *x = &inputs[X];
    if (x->rank != 2 && x->rank != 4)
        return false;
    desc->batchnorm.n = (int)x->size[0];
    desc->batchnorm.c = (int)x->size[1];
    desc->batchnorm.h = x->rank == 4 ? (int)x->size[2] : 0;
    desc->batchnorm.w = x->rank == 4 ? (int)x->size[3] : 0;
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_batchnorm *d = &desc->batchnorm;
    if (d->n < 1 || d->c < 1 || d->h < 0 || d->w < 0)
        return CLCNN__INVALID(error, "%d x %d x %d x %d", d->n, d->c, d->h, d->w);
    return CLCNN_SUCCESS;
}

static void fill(check_case *c, check_random *random)
{
    static const int signed_inputs[] = {X, GAMMA, BETA, RUNNING_MEAN, DY};
    for (size_t i = 0; i < sizeof signed_inputs / sizeof *signed_inputs; i++)
        check_fill_addend(c, &c->in[signed_inputs[i]], random);
    for (size_t i = 0; i < c->in[RUNNING_VAR].count; i++)
        c->in[RUNNING_VAR].f[i] = (float)(0.25 + 2 * check_random_real(random));
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    (void)algo, (void)max_workspace;           /* there is one way */
    if (direction == CLCNN_BACKWARD_WEIGHTS) { /* folding */
        *result = (clcnn_plan){.algo = "direct"};
        return CLCNN_SUCCESS;
    }
    /* Backward's is the larger one, and its forward takes its part of it. */
    return clcnn_batchnorm_plan(ctx, &desc->batchnorm, direction, result);
}

static clcnn_batchnorm_mems inputs_of(const check_call *a)
{
    return (clcnn_batchnorm_mems){.x = a->in[X],
                                  .gamma = a->in[GAMMA],
                                  .beta = a->in[BETA],
                                  .running_mean = a->in[RUNNING_MEAN],
                                  .running_var = a->in[RUNNING_VAR],
                                  .dy = a->in[DY]};
}

static clcnn_ref_batchnorm arrays_of(const check_case *c)
{
    return (clcnn_ref_batchnorm){.x = c->in[X].f,
                                 .gamma = c->in[GAMMA].f,
                                 .beta = c->in[BETA].f,
                                 .running_mean = c->in[RUNNING_MEAN].f,
                                 .running_var = c->in[RUNNING_VAR].f,
                                 .dy = c->in[DY].f};
}

static clcnn_status forward(const check_call *a)
{
    clcnn_batchnorm_mems m = inputs_of(a);
    m.y = a->out[0];
    m.mean = a->out[3];
    m.rstd = a->out[4];
    return clcnn_batchnorm_forward(a->ctx, &a->c->desc.batchnorm, &m, a->plan);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    clcnn_ref_batchnorm r = arrays_of(c);
    double *const values[] = {e->out[0].value, e->out[1].value, e->out[2].value, e->out[3].value,
                              e->out[4].value};
    r.y = values[0], r.new_running_mean = values[1], r.new_running_var = values[2];
    r.y_mag = e->out[0].mag;
    r.new_running_mean_mag = e->out[1].mag;
    r.new_running_var_mag = e->out[2].mag;
    r.mean = values[3], r.rstd = values[4];
    r.mean_mag = e->out[3].mag, r.rstd_mag = e->out[4].mag;
    if (c->desc.batchnorm.inference) { /* not to be written to: the NaN that was there stays */
        for (size_t i = 0; i < e->out[3].count; i++)
            values[3][i] = values[4][i] = NAN;
        r.mean = r.rstd = NULL;
    }
    return clcnn_ref_batchnorm_forward(&c->desc.batchnorm, &r);
}

static clcnn_status backward(const check_call *a)
{
    clcnn_batchnorm_mems m = inputs_of(a);
    const clcnn_batchnorm *d = &a->c->desc.batchnorm;
    m.mean = a->out[3];
    m.rstd = a->out[4];
    clcnn_status status = CLCNN_SUCCESS;
    if (!d->inference) {
        clcnn_batchnorm_mems first = m;
        first.y = a->out[5];
        first.running_mean = first.running_var = CLCNN_NO_MEM;
        status = clcnn_batchnorm_forward(a->ctx, d, &first, a->plan);
    }
    m.dx = a->out[0];
    m.dgamma = a->out[1];
    m.dbeta = a->out[2];
    return status == CLCNN_SUCCESS ? clcnn_batchnorm_backward(a->ctx, d, &m, a->plan) : status;
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    clcnn_ref_batchnorm r = arrays_of(c);
    r.dx = e->out[0].value, r.dgamma = e->out[1].value, r.dbeta = e->out[2].value;
    r.dx_mag = e->out[0].mag, r.dgamma_mag = e->out[1].mag, r.dbeta_mag = e->out[2].mag;
    return clcnn_ref_batchnorm_backward(&c->desc.batchnorm, &r);
}

static int filter_of(const clcnn_batchnorm *d)
{
    return check_or_one(d->h) * check_or_one(d->w);
}

static clcnn_status fold(const check_call *a)
{
    const clcnn_batchnorm *d = &a->c->desc.batchnorm;
    const clcnn_batchnorm_mems m = inputs_of(a);
    return clcnn_batchnorm_fold(a->ctx, d, filter_of(d), &m, a->in[X], a->in[BETA], a->out[0],
                                a->out[1]);
}

/* beta stands for the convolution's bias as well. */
static clcnn_status ref_fold(const check_case *c, check_expected *e)
{
    const clcnn_ref_batchnorm r = arrays_of(c);
    return clcnn_ref_batchnorm_fold(&c->desc.batchnorm, filter_of(&c->desc.batchnorm), &r,
                                    c->in[X].f, c->in[BETA].f, e->out[0].value, e->out[1].value,
                                    e->out[0].mag, e->out[1].mag);
}

/* ---- What results are made of ------------------------------------------------------------------
 */

/* A channel in exact arithmetic: its statistics and sums, and what these sums are made of. */
typedef struct channel {
    double gamma, beta, mean, mean_of, var, var_of, rstd;
    double dgamma, dgamma_of, dbeta_of;
    double positions;
} channel;

/* What is summed over a channel: of one value x and its gradient dy. */
typedef void (*visit)(channel *k, double x, double dy);

static void visit_mean(channel *k, double x, double dy)
{
    (void)dy;
    k->mean += x / k->positions;
    k->mean_of += fabs(x) / k->positions;
}

static void visit_var(channel *k, double x, double dy)
{
    (void)dy;
    k->var += (x - k->mean) * (x - k->mean) / k->positions;
}

/* xhat is off by roundings of x and the mean, by its own, and by those of the variance. */
static double xhat_of(const channel *k, double x)
{
    const double away = fabs(x - k->mean) * k->rstd;
    return (fabs(x) + k->mean_of) * k->rstd + away * (1 + k->mean_of * k->rstd);
}

static void visit_gradients(channel *k, double x, double dy)
{
    k->dgamma += dy * (x - k->mean) * k->rstd;
    k->dgamma_of += fabs(dy) * xhat_of(k, x);
    k->dbeta_of += fabs(dy);
}

static void for_channel(const check_case *c, int channel_index, visit what, channel *k)
{
    const clcnn_batchnorm *d = &c->desc.batchnorm;
    const size_t plane = (size_t)check_or_one(d->h) * (size_t)check_or_one(d->w);
    for (size_t n = 0; n < (size_t)d->n; n++) {
        const size_t from = (n * (size_t)d->c + (size_t)channel_index) * plane;
        for (size_t i = from; i < from + plane; i++)
            what(k, (double)c->in[X].f[i], c->in[DY].f ? (double)c->in[DY].f[i] : 0);
    }
}

static channel make_channel(const check_case *c, int i)
{
    const clcnn_batchnorm *d = &c->desc.batchnorm;
    channel k = {.gamma = c->in[GAMMA].f ? fabs((double)c->in[GAMMA].f[i]) : 1,
                 .beta = c->in[BETA].f ? fabs((double)c->in[BETA].f[i]) : 0,
                 .positions = (double)d->n * check_or_one(d->h) * check_or_one(d->w)};
    if (d->inference) {
        k.mean = (double)c->in[RUNNING_MEAN].f[i];
        k.mean_of = fabs(k.mean);
        k.var = (double)c->in[RUNNING_VAR].f[i];
    } else {
        for_channel(c, i, visit_mean, &k);
        for_channel(c, i, visit_var, &k);
    }
    k.var_of = k.var + k.mean_of * sqrt(k.var); /* where it is updated value by value */
    k.rstd = 1 / sqrt(k.var + (d->eps == 0 ? 1e-5 : d->eps));
    for_channel(c, i, visit_gradients, &k);
    return k;
}

/* What one element of an image is made of. */
typedef double (*element_fn)(const clcnn_batchnorm *d, const channel *k, double x, double dy);

static double of_y(const clcnn_batchnorm *d, const channel *k, double x, double dy)
{
    (void)d, (void)dy;
    return k->gamma * xhat_of(k, x) + k->beta;
}

static double of_dx(const clcnn_batchnorm *d, const channel *k, double x, double dy)
{
    const double own = fabs(dy) * (1 + k->mean_of * k->rstd); /* rstd's are the variance's */
    if (d->inference)
        return k->gamma * k->rstd * fabs(dy);
    const double xhat = fabs(x - k->mean) * k->rstd;
    const double both = xhat * k->dgamma_of + xhat_of(k, x) * fabs(k->dgamma);
    return k->gamma * k->rstd * (own + (k->dbeta_of + both) / k->positions);
}

/* A whole tensor of the image's shape. */
static void of_image(const check_case *c, element_fn of, double roundings, double *result)
{
    const clcnn_batchnorm *d = &c->desc.batchnorm;
    const size_t plane = (size_t)check_or_one(d->h) * (size_t)check_or_one(d->w);
    for (int j = 0; j < d->c; j++) {
        const channel k = make_channel(c, j);
        for (size_t n = 0; n < (size_t)d->n; n++) {
            const size_t from = (n * (size_t)d->c + (size_t)j) * plane;
            for (size_t i = from; i < from + plane; i++)
                result[i] = roundings * of(d, &k, (double)c->in[X].f[i],
                                           c->in[DY].f ? (double)c->in[DY].f[i] : 0);
        }
    }
}

/* One sum goes through M additions, of which the errors mostly cancel. */
static double roundings_of(const clcnn_batchnorm *d)
{
    return sqrt((double)d->n * check_or_one(d->h) * check_or_one(d->w));
}

static void forward_magnitudes(const check_case *c, int output, double *result)
{
    const clcnn_batchnorm *d = &c->desc.batchnorm;
    const double roundings = roundings_of(d);
    if (output == 0) {
        of_image(c, of_y, roundings, result);
        return;
    }
    for (int i = 0; i < d->c; i++) {
        const channel k = make_channel(c, i);
        const double keep = 1 - d->momentum, m = k.positions;
        const double factor = d->momentum * (d->unbiased && m > 1 ? m / (m - 1) : 1);
        const double of[] = {
            keep * fabs((double)c->in[RUNNING_MEAN].f[i]) + d->momentum * k.mean_of,
            keep * fabs((double)c->in[RUNNING_VAR].f[i]) + factor * k.var_of, k.mean_of, k.rstd};
        result[i] = roundings * of[output - 1];
    }
}

static void backward_magnitudes(const check_case *c, int output, double *result)
{
    const clcnn_batchnorm *d = &c->desc.batchnorm;
    const double roundings = roundings_of(d);
    if (output == 0) {
        of_image(c, of_dx, roundings, result);
        return;
    }
    for (int i = 0; i < d->c; i++) {
        const channel k = make_channel(c, i);
        result[i] = roundings * (output == 1 ? k.dgamma_of : k.dbeta_of);
    }
}

static const check_direction directions[] = {
    {.name = "forward",
     .direction = CLCNN_FORWARD,
     .needs = 1 << X | 1 << RUNNING_MEAN | 1 << RUNNING_VAR,
     .takes = 1 << GAMMA | 1 << BETA,
     .outputs = {{.name = "y"},
                 {.name = "new_running_mean", .in_place = "running_mean", .always_in_place = true},
                 {.name = "new_running_var", .in_place = "running_var", .always_in_place = true},
                 {.name = "mean"},
                 {.name = "rstd"}},
     .run = forward,
     .reference = ref_forward,
     .magnitudes = forward_magnitudes},
    {.name = "backward",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << X | 1 << DY | 1 << RUNNING_MEAN | 1 << RUNNING_VAR,
     .takes = 1 << GAMMA | 1 << BETA,
     .outputs = {{.name = "dx", .optional = true, .accumulates = true},
                 {.name = "dgamma", .optional = true, .accumulates = true},
                 {.name = "dbeta", .optional = true, .accumulates = true},
                 {.name = "mean", .scratch = true},
                 {.name = "rstd", .scratch = true},
                 {.name = "scratch", .scratch = true}},
     .run = backward,
     .reference = ref_backward,
     .magnitudes = backward_magnitudes},
    {.name = "fold",
     .direction = CLCNN_BACKWARD_WEIGHTS,
     .needs = 1 << X | 1 << RUNNING_MEAN | 1 << RUNNING_VAR,
     .takes = 1 << GAMMA | 1 << BETA,
     .outputs = {{.name = "folded_w"}, {.name = "folded_b"}},
     .run = fold,
     .reference = ref_fold},
    {.name = NULL}};

static const check_field fields[] = {
    CHECK_FIELD(clcnn_batchnorm, CHECK_INT, n),
    CHECK_FIELD(clcnn_batchnorm, CHECK_INT, c),
    CHECK_FIELD(clcnn_batchnorm, CHECK_INT, h),
    CHECK_FIELD(clcnn_batchnorm, CHECK_INT, w),
    CHECK_FIELD(clcnn_batchnorm, CHECK_DOUBLE, eps),
    CHECK_FIELD(clcnn_batchnorm, CHECK_DOUBLE, momentum),
    CHECK_FIELD(clcnn_batchnorm, CHECK_INT, unbiased),
    CHECK_FIELD(clcnn_batchnorm, CHECK_INT, inference),
    CHECK_FIELD(clcnn_batchnorm, CHECK_INT, accumulate),
    CHECK_FIELD(clcnn_batchnorm, CHECK_ACTIVATION_KIND, activation),
    CHECK_FIELD(clcnn_batchnorm, CHECK_DOUBLE, alpha),
    {.name = NULL}};

static const char *const modes[] = {"train", "eval", NULL};
static const char *const kinds[] = {"biased", "unbiased", NULL};

static const check_attribute attributes[] = {
    {.name = "mode",
     .type = CHECK_WORD,
     .words = modes,
     .count = 1,
     .offset = {offsetof(clcnn_batchnorm, inference)},
     .required = true},
    {.name = "running_var_kind",
     .type = CHECK_WORD,
     .words = kinds,
     .count = 1,
     .offset = {offsetof(clcnn_batchnorm, unbiased)},
     .required = true},
    /* Above 0, which would be read as the default. */
    {CHECK_REAL_ATTRIBUTE(clcnn_batchnorm, eps, 1e-30, 1e30), .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_batchnorm, momentum, 0, 1), .required = true},
    {.name = NULL}};

const check_op check_op_batchnorm = {.name = "batchnorm",
                                     .inputs = {{.name = "x"},
                                                {.name = "gamma"},
                                                {.name = "beta"},
                                                {.name = "running_mean"},
                                                {.name = "running_var"},
                                                {.name = "dy"},
                                                {.name = NULL}},
                                     .directions = directions,
                                     .fields = fields,
                                     .attributes = attributes,
                                     .shape = batchnorm_shape,
                                     .sizes = sizes,
                                     .legal = legal,
                                     .fill = fill,
                                     .plan = plan};
