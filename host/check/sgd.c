/*
 * How sgd is run and what its reference expects. A step works in place on param and velocity; the
 * results are called new_param and new_velocity. The table of segments is an integer tensor of the
 * rows' bits.
 */
#include "optimiser.h"

#include <math.h>

enum { PARAM, GRAD, VELOCITY, TABLE };

static bool sgd_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    static const char *const names[] = {"param",     "grad",         "velocity",
                                        "new_param", "new_velocity", NULL};
    return check_optimiser_shape(names, desc->sgd.count, desc->sgd.segments, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    desc->sgd.count = (int)inputs[PARAM].size[0];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    return check_optimiser_legal(desc->sgd.count, desc->sgd.segments, error);
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[PARAM], 1, random);
    check_fill(c, &c->in[GRAD], 1, random);
    check_fill(c, &c->in[VELOCITY], 1, random);
    check_fill_table(c, c->desc.sgd.count, c->desc.sgd.segments);
}

static clcnn_status step(const check_call *a)
{
    const clcnn_sgd *d = &a->c->desc.sgd;
    const clcnn_mem block = a->out[2];
    const clcnn_status status = clcnn_sgd_prepare(a->ctx, d, block);
    if (status != CLCNN_SUCCESS)
        return status;
    return clcnn_sgd_step(a->ctx, d, a->in[PARAM], a->in[GRAD], a->in[VELOCITY], a->in[TABLE],
                          block);
}

static clcnn_status ref_step(const check_case *c, check_expected *e)
{
    return clcnn_ref_sgd_step(&c->desc.sgd, c->in[PARAM].f, c->in[GRAD].f, c->in[VELOCITY].f,
                              (const clcnn_segment *)(const void *)c->in[TABLE].i, e->out[0].value,
                              c->in[VELOCITY].f ? e->out[1].value : NULL, e->out[0].mag,
                              e->out[1].mag);
}

/* Without segments: golden files have none. */
static void step_magnitudes(const check_case *c, int output, double *result)
{
    const clcnn_sgd *d = &c->desc.sgd;
    for (size_t i = 0; i < c->in[PARAM].count; i++) {
        const double param = fabs((double)c->in[PARAM].f[i]);
        const double old = c->in[VELOCITY].f ? fabs((double)c->in[VELOCITY].f[i]) : 0;
        const double g = fabs((double)c->in[GRAD].f[i]) + d->weight_decay * param;
        const double velocity = d->momentum * old + g;
        const double direction = d->nesterov ? g + d->momentum * velocity : velocity;
        result[i] = output == 0 ? param + d->lr * direction : velocity;
    }
}

/* Whether most results differ by more than doubles do: one that was falsified is no such case. */
static bool rounded_inputs(const check_expected *expected, const double *file)
{
    const size_t count = expected->out[1].count;
    size_t off = 0;
    for (size_t i = 0; i < count; i++)
        off += fabs(file[i] - expected->out[1].value[i]) > 0x1p-40 * expected->out[1].mag[i];
    return 2 * off > count;
}

/*
 * The golden case of the source notebooks has the results of a gradient and a velocity before they
 * were rounded. Its new velocity may be off by what that rounding comes to; its parameters must
 * follow from this velocity (without Nesterov's momentum, which has the gradient in it once more).
 */
static void adopt(const check_case *c, check_expected *expected, const double *const *file)
{
    const clcnn_sgd *d = &c->desc.sgd;
    if (!file[0] || !file[1] || d->nesterov || d->momentum == 0 ||
        !rounded_inputs(expected, file[1]))
        return;
    for (size_t i = 0; i < expected->out[1].count; i++) {
        const double rounding = 0x1p-24 * (d->momentum * fabs((double)c->in[VELOCITY].f[i]) +
                                           fabs((double)c->in[GRAD].f[i]));
        if (!(fabs(file[1][i] - expected->out[1].value[i]) <= rounding))
            continue;
        expected->out[1].value[i] = file[1][i];
        expected->out[0].value[i] = (double)c->in[PARAM].f[i] - d->lr * file[1][i];
    }
}

static const check_direction directions[] = {
    {.name = "step",
     .direction = CLCNN_FORWARD,
     .needs = 1 << PARAM | 1 << GRAD,
     .takes = 1 << TABLE | 1 << VELOCITY,
     .outputs = {{.name = "new_param", .in_place = "param", .always_in_place = true},
                 {.name = "new_velocity",
                  .in_place = "velocity",
                  .always_in_place = true,
                  .optional = true},
                 {.name = "block", .scratch = true}},
     .run = step,
     .reference = ref_step,
     .magnitudes = step_magnitudes},
    {.name = NULL}};

static const check_field fields[] = {
    CHECK_FIELD(clcnn_sgd, CHECK_INT, count),           CHECK_FIELD(clcnn_sgd, CHECK_DOUBLE, lr),
    CHECK_FIELD(clcnn_sgd, CHECK_DOUBLE, momentum),     CHECK_FIELD(clcnn_sgd, CHECK_INT, nesterov),
    CHECK_FIELD(clcnn_sgd, CHECK_DOUBLE, weight_decay), CHECK_FIELD(clcnn_sgd, CHECK_INT, segments),
    CHECK_FIELD(clcnn_sgd, CHECK_DOUBLE, grad_scale),   {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_REAL_ATTRIBUTE(clcnn_sgd, lr, 0, 1e30), .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_sgd, momentum, 0, 1e30)},
    {CHECK_FLAG_ATTRIBUTE(clcnn_sgd, nesterov)},
    {CHECK_REAL_ATTRIBUTE(clcnn_sgd, weight_decay, 0, 1e30)},
    {.name = NULL}};

const check_op check_op_sgd = {.name = "sgd",
                               .inputs = {{.name = "param"},
                                          {.name = "grad"},
                                          {.name = "velocity"},
                                          {.name = "table", .integer = true, .derived = true},
                                          {.name = NULL}},
                               .directions = directions,
                               .fields = fields,
                               .attributes = attributes,
                               .shape = sgd_shape,
                               .flat = true,
                               .adopt = adopt,
                               .sizes = sizes,
                               .legal = legal,
                               .fill = fill};
