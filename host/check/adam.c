/*
 * How adam is run and what its reference expects. A step works in place on param, m and v; the
 * results are called new_param, new_m and new_v. The table of segments is an integer tensor of the
 * rows' bits.
 */
#include "optimiser.h"

#include <math.h>

enum { PARAM, GRAD, M, V, TABLE };

static bool adam_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    static const char *const names[] = {"param",     "grad",  "m",     "v",
                                        "new_param", "new_m", "new_v", NULL};
    return check_optimiser_shape(names, desc->adam.count, desc->adam.segments, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    desc->adam.count = (int)inputs[PARAM].size[0];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    return check_optimiser_legal(desc->adam.count, desc->adam.segments, error);
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[PARAM], 1, random);
    check_fill(c, &c->in[GRAD], 1, random);
    check_fill(c, &c->in[M], 1, random);
    for (size_t i = 0; i < c->in[V].count; i++)
        c->in[V].f[i] = (float)check_random_real(random);
    check_fill_table(c, c->desc.adam.count, c->desc.adam.segments);
}

static clcnn_status step(const check_call *a)
{
    const clcnn_adam *d = &a->c->desc.adam;
    const clcnn_mem block = a->out[3];
    const clcnn_status status = clcnn_adam_prepare(a->ctx, d, block);
    if (status != CLCNN_SUCCESS)
        return status;
    return clcnn_adam_step(a->ctx, d, a->in[PARAM], a->in[GRAD], a->in[M], a->in[V], a->in[TABLE],
                           block);
}

static clcnn_status ref_step(const check_case *c, check_expected *e)
{
    return clcnn_ref_adam_step(&c->desc.adam, c->in[PARAM].f, c->in[GRAD].f, c->in[M].f, c->in[V].f,
                               (const clcnn_segment *)(const void *)c->in[TABLE].i, e->out[0].value,
                               e->out[1].value, e->out[2].value, e->out[0].mag, e->out[1].mag,
                               e->out[2].mag);
}

/* Of one element, without segments: golden files have none. */
typedef struct magnitudes {
    double param, m, v;
} magnitudes;

static magnitudes magnitudes_of(const clcnn_adam *d, double param, double grad, double m, double v)
{
    const double decay = fabs(d->weight_decay * param);
    const double g = fabs(grad) + (d->decoupled ? 0 : decay);
    const double exact_g = grad + (d->decoupled ? 0 : d->weight_decay * param);
    const double new_v = d->beta2 * v + (1 - d->beta2) * exact_g * exact_g;
    /* 1 - beta^t, computed like that, has the error of a 1 */
    const double correction1 = -expm1((double)d->step * log1p(d->beta1 - 1));
    const double correction2 = -expm1((double)d->step * log1p(d->beta2 - 1));
    magnitudes of = {.m = d->beta1 * fabs(m) + (1 - d->beta1) * g,
                     .v = d->beta2 * v + (1 - d->beta2) * g * g};
    const double update = d->lr / correction1 * of.m / (sqrt(new_v / correction2) + d->eps);
    const double relative = 1 + 1 / correction1 + 1 / correction2 + (new_v > 0 ? of.v / new_v : 0);
    of.param = fabs(param) + (d->decoupled ? d->lr * decay : 0) + update * relative;
    return of;
}

static void step_magnitudes(const check_case *c, int output, double *result)
{
    for (size_t i = 0; i < c->in[PARAM].count; i++) {
        const magnitudes of = magnitudes_of(&c->desc.adam, c->in[PARAM].f[i], c->in[GRAD].f[i],
                                            c->in[M].f[i], c->in[V].f[i]);
        result[i] = output == 0 ? of.param : output == 1 ? of.m : of.v;
    }
}

static const check_direction directions[] = {
    {.name = "step",
     .direction = CLCNN_FORWARD,
     .needs = 1 << PARAM | 1 << GRAD | 1 << M | 1 << V,
     .takes = 1 << TABLE,
     .outputs = {{.name = "new_param", .in_place = "param", .always_in_place = true},
                 {.name = "new_m", .in_place = "m", .always_in_place = true},
                 {.name = "new_v", .in_place = "v", .always_in_place = true},
                 {.name = "block", .scratch = true}},
     .run = step,
     .reference = ref_step,
     .magnitudes = step_magnitudes},
    {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(clcnn_adam, CHECK_INT, count),
                                     CHECK_FIELD(clcnn_adam, CHECK_DOUBLE, lr),
                                     CHECK_FIELD(clcnn_adam, CHECK_DOUBLE, beta1),
                                     CHECK_FIELD(clcnn_adam, CHECK_DOUBLE, beta2),
                                     CHECK_FIELD(clcnn_adam, CHECK_DOUBLE, eps),
                                     CHECK_FIELD(clcnn_adam, CHECK_DOUBLE, weight_decay),
                                     CHECK_FIELD(clcnn_adam, CHECK_INT, decoupled),
                                     CHECK_FIELD(clcnn_adam, CHECK_INT64, step),
                                     CHECK_FIELD(clcnn_adam, CHECK_INT, segments),
                                     CHECK_FIELD(clcnn_adam, CHECK_DOUBLE, grad_scale),
                                     {.name = NULL}};

/* eps starts above 0 because 0 would be read as "the default". */
static const check_attribute attributes[] = {
    {CHECK_REAL_ATTRIBUTE(clcnn_adam, lr, 0, 1e30), .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_adam, beta1, 0, 0x1.fffffffffffffp-1), .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_adam, beta2, 0, 0x1.fffffffffffffp-1), .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_adam, eps, 1e-300, 1e30), .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_adam, weight_decay, 0, 1e30)},
    {CHECK_FLAG_ATTRIBUTE(clcnn_adam, decoupled)},
    {.name = "step",
     .type = CHECK_INT64,
     .count = 1,
     .offset = {offsetof(clcnn_adam, step)},
     .low = 1,
     .high = 0x1p53,
     .required = true},
    {.name = NULL}};

const check_op check_op_adam = {.name = "adam",
                                .inputs = {{.name = "param"},
                                           {.name = "grad"},
                                           {.name = "m"},
                                           {.name = "v"},
                                           {.name = "table", .integer = true, .derived = true},
                                           {.name = NULL}},
                                .directions = directions,
                                .fields = fields,
                                .attributes = attributes,
                                .shape = adam_shape,
                                .flat = true,
                                .sizes = sizes,
                                .legal = legal,
                                .fill = fill};
