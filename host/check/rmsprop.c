/*
 * How rmsprop is run and what its reference expects. A step works in place on param and square_avg;
 * the results are called new_param and new_square_avg. The table of segments is an integer tensor
 * of the rows' bits.
 */
#include "optimiser.h"

#include <math.h>

enum { PARAM, GRAD, SQUARE_AVG, TABLE };

static bool rmsprop_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    static const char *const names[] = {"param",     "grad",           "square_avg",
                                        "new_param", "new_square_avg", NULL};
    return check_optimiser_shape(names, desc->rmsprop.count, desc->rmsprop.segments, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    desc->rmsprop.count = (int)inputs[PARAM].size[0];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    return check_optimiser_legal(desc->rmsprop.count, desc->rmsprop.segments, error);
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[PARAM], 1, random);
    check_fill(c, &c->in[GRAD], 1, random);
    for (size_t i = 0; i < c->in[SQUARE_AVG].count; i++)
        c->in[SQUARE_AVG].f[i] = (float)check_random_real(random);
    check_fill_table(c, c->desc.rmsprop.count, c->desc.rmsprop.segments);
}

static clcnn_status step(const check_call *a)
{
    const clcnn_rmsprop *d = &a->c->desc.rmsprop;
    const clcnn_mem block = a->out[2];
    const clcnn_status status = clcnn_rmsprop_prepare(a->ctx, d, block);
    if (status != CLCNN_SUCCESS)
        return status;
    return clcnn_rmsprop_step(a->ctx, d, a->in[PARAM], a->in[GRAD], a->in[SQUARE_AVG], a->in[TABLE],
                              block);
}

static clcnn_status ref_step(const check_case *c, check_expected *e)
{
    return clcnn_ref_rmsprop_step(&c->desc.rmsprop, c->in[PARAM].f, c->in[GRAD].f,
                                  c->in[SQUARE_AVG].f,
                                  (const clcnn_segment *)(const void *)c->in[TABLE].i,
                                  e->out[0].value, e->out[1].value, e->out[0].mag, e->out[1].mag);
}

/* Without segments: golden files have none. */
static void step_magnitudes(const check_case *c, int output, double *result)
{
    const clcnn_rmsprop *d = &c->desc.rmsprop;
    for (size_t i = 0; i < c->in[PARAM].count; i++) {
        const double param = c->in[PARAM].f[i], grad = c->in[GRAD].f[i];
        const double old = d->alpha * (double)c->in[SQUARE_AVG].f[i];
        const double g = fabs(grad) + d->weight_decay * fabs(param);
        const double exact_g = grad + d->weight_decay * param;
        const double exact = old + (1 - d->alpha) * exact_g * exact_g;
        const double square_avg = old + (1 - d->alpha) * g * g;
        const double update = d->lr * g / (sqrt(exact) + d->eps);
        result[i] = output == 0 ? fabs(param) + update * (1 + (exact > 0 ? square_avg / exact : 0))
                                : square_avg;
    }
}

static const check_direction directions[] = {
    {.name = "step",
     .direction = CLCNN_FORWARD,
     .needs = 1 << PARAM | 1 << GRAD | 1 << SQUARE_AVG,
     .takes = 1 << TABLE,
     .outputs = {{.name = "new_param", .in_place = "param", .always_in_place = true},
                 {.name = "new_square_avg", .in_place = "square_avg", .always_in_place = true},
                 {.name = "block", .scratch = true}},
     .run = step,
     .reference = ref_step,
     .magnitudes = step_magnitudes},
    {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(clcnn_rmsprop, CHECK_INT, count),
                                     CHECK_FIELD(clcnn_rmsprop, CHECK_DOUBLE, lr),
                                     CHECK_FIELD(clcnn_rmsprop, CHECK_DOUBLE, alpha),
                                     CHECK_FIELD(clcnn_rmsprop, CHECK_DOUBLE, eps),
                                     CHECK_FIELD(clcnn_rmsprop, CHECK_DOUBLE, weight_decay),
                                     CHECK_FIELD(clcnn_rmsprop, CHECK_INT, segments),
                                     CHECK_FIELD(clcnn_rmsprop, CHECK_DOUBLE, grad_scale),
                                     {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_REAL_ATTRIBUTE(clcnn_rmsprop, lr, 0, 1e30), .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_rmsprop, alpha, 0, 0x1.fffffffffffffp-1), .required = true},
    /* Above 0, which would be read as "the default". */
    {CHECK_REAL_ATTRIBUTE(clcnn_rmsprop, eps, 1e-300, 1e30), .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_rmsprop, weight_decay, 0, 1e30)},
    {.name = NULL}};

const check_op check_op_rmsprop = {.name = "rmsprop",
                                   .inputs = {{.name = "param"},
                                              {.name = "grad"},
                                              {.name = "square_avg"},
                                              {.name = "table", .integer = true, .derived = true},
                                              {.name = NULL}},
                                   .directions = directions,
                                   .fields = fields,
                                   .attributes = attributes,
                                   .shape = rmsprop_shape,
                                   .flat = true,
                                   .sizes = sizes,
                                   .legal = legal,
                                   .fill = fill};
