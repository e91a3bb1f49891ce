/*
 * How layernorm is run and what its reference expects. Backward is given the statistics that
 * forward saves, so it runs forward first.
 */
#include "check.h"

#include "internal.h"

#include <string.h>

enum { X, GAMMA, BETA, DY };

static bool layernorm_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    static const char *const whole[] = {"x", "y", "dx", "dy", "scratch"};
    static const char *const columns[] = {"gamma", "beta", "dgamma", "dbeta"};
    const size_t n = (size_t)desc->layernorm.n, d = (size_t)desc->layernorm.d;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (strcmp(name, whole[i]) == 0) {
            *shape = (check_shape){2, {n, d}};
            return true;
        }
    }
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        if (strcmp(name, columns[i]) == 0) {
            *shape = (check_shape){1, {d}};
            return true;
        }
    }
    if (strcmp(name, "mean") != 0 && strcmp(name, "rstd") != 0)
        return false;
    *shape = (check_shape){1, {n}};
    return true;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    if (inputs[X].rank != 2)
        return false;
    desc->layernorm.n = (int)inputs[X].size[0];
    desc->layernorm.d = (int)inputs[X].size[1];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_layernorm *d = &desc->layernorm;
    return d->n >= 1 && d->d >= 1 ? CLCNN_SUCCESS
                                  : CLCNN__INVALID(error, "%d rows of %d", d->n, d->d);
}

static void fill(check_case *c, check_random *random)
{
    for (int i = X; i <= DY; i++)
        check_fill_addend(c, &c->in[i], random);
}

static bool accumulate(const check_desc *desc)
{
    return desc->layernorm.accumulate != 0;
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    (void)algo, (void)max_workspace; /* there is one way */
    return clcnn_layernorm_plan(ctx, &desc->layernorm, direction, result);
}

static clcnn_status forward(const check_call *a)
{
    const clcnn_layernorm_mems m = {.x = a->in[X],
                                    .gamma = a->in[GAMMA],
                                    .beta = a->in[BETA],
                                    .y = a->out[0],
                                    .mean = a->out[1],
                                    .rstd = a->out[2]};
    return clcnn_layernorm_forward(a->ctx, &a->c->desc.layernorm, &m);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    return clcnn_ref_layernorm_forward(
        &c->desc.layernorm, c->in[X].f, c->in[GAMMA].f, c->in[BETA].f, e->out[0].value,
        e->out[1].value, e->out[2].value, e->out[0].mag, e->out[1].mag, e->out[2].mag);
}

static clcnn_status backward(const check_call *a)
{
    clcnn_layernorm_mems m = {.x = a->in[X],
                              .gamma = a->in[GAMMA],
                              .dy = a->in[DY],
                              .y = a->out[5],
                              .mean = a->out[3],
                              .rstd = a->out[4]};
    const clcnn_status status = clcnn_layernorm_forward(a->ctx, &a->c->desc.layernorm, &m);
    m.dx = a->out[0];
    m.dgamma = a->out[1];
    m.dbeta = a->out[2];
    return status == CLCNN_SUCCESS
               ? clcnn_layernorm_backward(a->ctx, &a->c->desc.layernorm, &m, a->plan)
               : status;
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    return clcnn_ref_layernorm_backward(&c->desc.layernorm, c->in[X].f, c->in[GAMMA].f, c->in[DY].f,
                                        e->out[0].value, e->out[1].value, e->out[2].value,
                                        e->out[0].mag, e->out[1].mag, e->out[2].mag);
}

static const check_direction directions[] = {
    {.name = "forward",
     .direction = CLCNN_FORWARD,
     .needs = 1 << X,
     .takes = 1 << GAMMA | 1 << BETA,
     .outputs = {{.name = "y"}, {.name = "mean"}, {.name = "rstd"}},
     .run = forward,
     .reference = ref_forward},
    {.name = "backward",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << X | 1 << DY,
     .takes = 1 << GAMMA,
     .outputs = {{.name = "dx", .optional = true, .accumulates = true},
                 {.name = "dgamma", .optional = true, .accumulates = true},
                 {.name = "dbeta", .optional = true, .accumulates = true},
                 {.name = "mean", .scratch = true},
                 {.name = "rstd", .scratch = true},
                 {.name = "scratch", .scratch = true}},
     .run = backward,
     .reference = ref_backward},
    {.name = NULL}};

static const check_field fields[] = {
    {"n", CHECK_INT, offsetof(clcnn_layernorm, n)},
    {"d", CHECK_INT, offsetof(clcnn_layernorm, d)},
    {"eps", CHECK_DOUBLE, offsetof(clcnn_layernorm, eps)},
    {"accumulate", CHECK_INT, offsetof(clcnn_layernorm, accumulate)},
    {.name = NULL}};

static const check_attribute attributes[] = {{.name = "eps", /* 0 would be read as the default */
                                              .type = CHECK_DOUBLE,
                                              .count = 1,
                                              .offset = {offsetof(clcnn_layernorm, eps)},
                                              .low = 1e-30,
                                              .high = 1e30,
                                              .required = true},
                                             {.name = NULL}};

const check_op check_op_layernorm = {
    .name = "layernorm",
    .inputs = {{.name = "x"}, {.name = "gamma"}, {.name = "beta"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = layernorm_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .accumulate = accumulate,
    .plan = plan};
