/*
 * How softmax_cross_entropy is run and what its reference expects. Backward starts from the logits:
 * where the case has no y of its own, it is computed on the device into dx and turned into the
 * gradient there, which saves memory.
 */
#include "common.h"

#include "internal.h"

#include <math.h>
#include <stdlib.h>

enum { X, LABELS, Y };

static bool softmax_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_softmax_cross_entropy *d = &desc->softmax_cross_entropy;
    const check_tensor_shape list[] = {{"x", 2, {d->n, d->classes}},
                                       {"y", 2, {d->n, d->classes}},
                                       {"labels", 1, {d->n}},
                                       {"loss", 1, {1}},
                                       {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_softmax_cross_entropy *d = &desc->softmax_cross_entropy;
    return check_take_sizes(&inputs[X], 2, (int *[]){&d->n, &d->classes});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_softmax_cross_entropy *d = &desc->softmax_cross_entropy;
    if (d->n < 1 || d->classes < 1)
        return CLCNN__INVALID(error, "%d rows of %d classes", d->n, d->classes);
    return CLCNN_SUCCESS;
}

/* Logits from -8 to 8. */
static void fill(check_case *c, check_random *random)
{
    for (size_t i = 0; i < c->in[X].count; i++)
        c->in[X].f[i] = (float)(16 * check_random_real(random) - 8);
    for (size_t i = 0; i < c->in[LABELS].count; i++)
        c->in[LABELS].i[i] = check_random_int(random, 0, c->desc.softmax_cross_entropy.classes - 1);
}

static clcnn_status derive(check_case *c)
{
    if (!c->in[Y].f)
        return CLCNN_SUCCESS;
    double *y = malloc((c->in[Y].count + 1) * sizeof *y);
    const clcnn_status status =
        y ? clcnn_ref_softmax_cross_entropy_forward(&c->desc.softmax_cross_entropy, c->in[X].f,
                                                    NULL, y, NULL, NULL, NULL)
          : CLCNN_OUT_OF_MEMORY;
    for (size_t i = 0; status == CLCNN_SUCCESS && i < c->in[Y].count; i++)
        c->in[Y].f[i] = (float)y[i];
    free(y);
    return status;
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    (void)direction, (void)algo, (void)max_workspace; /* there is one way, for both directions */
    return clcnn_softmax_cross_entropy_plan(ctx, &desc->softmax_cross_entropy, result);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_softmax_cross_entropy_forward(a->ctx, &a->c->desc.softmax_cross_entropy, a->in[X],
                                               a->in[LABELS], a->out[0], a->out[1], a->plan);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = c->desc.softmax_cross_entropy.classes;
    e->out[1].n = c->desc.softmax_cross_entropy.n;
    return clcnn_ref_softmax_cross_entropy_forward(&c->desc.softmax_cross_entropy, c->in[X].f,
                                                   c->in[LABELS].i, e->out[0].value,
                                                   e->out[1].value, e->out[0].mag, e->out[1].mag);
}

static clcnn_status backward(const check_call *a)
{
    const clcnn_softmax_cross_entropy *d = &a->c->desc.softmax_cross_entropy;
    if (a->in[Y].buf)
        return clcnn_softmax_cross_entropy_backward(a->ctx, d, a->in[Y], a->in[LABELS], a->out[0]);
    const clcnn_status status = clcnn_softmax_cross_entropy_forward(
        a->ctx, d, a->in[X], a->in[LABELS], a->out[0], CLCNN_NO_MEM, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    return clcnn_softmax_cross_entropy_backward(a->ctx, d, a->out[0], a->in[LABELS], a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    e->out[0].n = c->desc.softmax_cross_entropy.classes;
    return clcnn_ref_softmax_cross_entropy_backward(&c->desc.softmax_cross_entropy, c->in[X].f,
                                                    c->in[LABELS].i, e->out[0].value,
                                                    e->out[0].mag);
}

static clcnn_status gradient(const check_call *a)
{
    return clcnn_softmax_cross_entropy_gradient(a->ctx, &a->c->desc.softmax_cross_entropy, a->in[X],
                                                a->in[LABELS], a->out[0], a->out[1], a->plan);
}

/* Of forward the loss, of backward dx. */
static clcnn_status ref_gradient(const check_case *c, check_expected *e)
{
    const clcnn_softmax_cross_entropy *d = &c->desc.softmax_cross_entropy;
    e->out[0].n = d->n;
    e->out[1].n = d->classes;
    const clcnn_status status = clcnn_ref_softmax_cross_entropy_forward(
        d, c->in[X].f, c->in[LABELS].i, NULL, e->out[0].value, NULL, e->out[0].mag);
    if (status != CLCNN_SUCCESS)
        return status;
    return clcnn_ref_softmax_cross_entropy_backward(d, c->in[X].f, c->in[LABELS].i, e->out[1].value,
                                                    e->out[1].mag);
}

/* What one row's values are made of, all relative to its largest: exp and log in double. */
typedef struct row {
    double max, log_sum;
} row;

static row summarise(const float *x, int classes)
{
    row r = {.max = x[0]};
    double sum = 0;
    for (int j = 1; j < classes; j++)
        r.max = fmax(r.max, x[j]);
    for (int j = 0; j < classes; j++)
        sum += exp(x[j] - r.max);
    r.log_sum = log(sum);
    return r;
}

/* Of exp(x - max - log sum), however that is computed: the exponent's error is relative here. */
static double softmax_magnitude(const row *r, double x)
{
    const double exponent = r->max - x + r->log_sum;
    return exp(-exponent) * (2 + exponent);
}

static void forward_magnitudes(const check_case *c, int output, double *magnitudes)
{
    const clcnn_softmax_cross_entropy *d = &c->desc.softmax_cross_entropy;
    const float(*x)[d->classes] = (const void *)c->in[X].f;
    double loss = 0;
    for (int i = 0; i < d->n; i++) {
        const row r = summarise(x[i], d->classes);
        for (int j = 0; output == 0 && j < d->classes; j++)
            *magnitudes++ = softmax_magnitude(&r, x[i][j]);
        const int32_t label = c->in[LABELS].i[i];
        if (label >= 0 && label < d->classes && !(d->ignore && label == d->ignored_label))
            loss += 1 + r.log_sum + r.max - x[i][label];
    }
    if (output == 1)
        *magnitudes = loss / d->n;
}

static void backward_magnitudes(const check_case *c, int output, double *magnitudes)
{
    (void)output;
    const clcnn_softmax_cross_entropy *d = &c->desc.softmax_cross_entropy;
    const float(*x)[d->classes] = (const void *)c->in[X].f;
    for (int i = 0; i < d->n; i++) {
        const row r = summarise(x[i], d->classes);
        for (int j = 0; j < d->classes; j++)
            *magnitudes++ =
                (softmax_magnitude(&r, x[i][j]) + (j == c->in[LABELS].i[i] ? 1 : 0)) / d->n;
    }
}

static void gradient_magnitudes(const check_case *c, int output, double *magnitudes)
{
    if (output == 0)
        forward_magnitudes(c, 1, magnitudes);
    else
        backward_magnitudes(c, 0, magnitudes);
}

static const check_direction directions[] = {
    {.name = "forward",
     .direction = CLCNN_FORWARD,
     .needs = 1 << X | 1 << LABELS,
     .outputs = {{.name = "y", .optional = true}, {.name = "loss", .optional = true}},
     .run = forward,
     .reference = ref_forward,
     .magnitudes = forward_magnitudes},
    {.name = "backward",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << X | 1 << LABELS,
     .takes = 1 << Y,
     .outputs = {{.name = "dx", .in_place = "y"}},
     .run = backward,
     .reference = ref_backward,
     .magnitudes = backward_magnitudes},
    {.name = "gradient",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << X | 1 << LABELS,
     .outputs = {{.name = "loss"}, {.name = "dx"}},
     .run = gradient,
     .reference = ref_gradient,
     .magnitudes = gradient_magnitudes},
    {.name = NULL}};

static const check_field fields[] = {
    CHECK_FIELD(clcnn_softmax_cross_entropy, CHECK_INT, n),
    CHECK_FIELD(clcnn_softmax_cross_entropy, CHECK_INT, classes),
    CHECK_FIELD(clcnn_softmax_cross_entropy, CHECK_DOUBLE, label_smoothing),
    CHECK_FIELD(clcnn_softmax_cross_entropy, CHECK_INT, ignore),
    CHECK_FIELD(clcnn_softmax_cross_entropy, CHECK_INT, ignored_label),
    {.name = NULL}};

const check_op check_op_softmax_cross_entropy = {.name = "softmax_cross_entropy",
                                                 .inputs = {{.name = "x"},
                                                            {.name = "labels", .integer = true},
                                                            {.name = "y", .derived = true},
                                                            {.name = NULL}},
                                                 .directions = directions,
                                                 .fields = fields,
                                                 .shape = softmax_shape,
                                                 .sizes = sizes,
                                                 .legal = legal,
                                                 .fill = fill,
                                                 .derive = derive,
                                                 .plan = plan};
