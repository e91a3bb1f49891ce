/*
 * How layernorm is run and what its reference expects. Backward is given the statistics that
 * forward saves, so it runs forward first.
 */
#include "common.h"

#include "internal.h"

enum { X, GAMMA, BETA, DY };

static bool layernorm_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const int n = desc->layernorm.n, d = desc->layernorm.d;
    const check_tensor_shape list[] = {{"x", 2, {n, d}},  {"y", 2, {n, d}}, {"scratch", 2, {n, d}},
                                       {"gamma", 1, {d}}, {"beta", 1, {d}}, {"mean", 1, {n}},
                                       {"rstd", 1, {n}},  {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_layernorm *d = &desc->layernorm;
    return check_take_sizes(&inputs[X], 2, (int *[]){&d->n, &d->d});
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

static const check_field fields[] = {CHECK_FIELD(clcnn_layernorm, CHECK_INT, n),
                                     CHECK_FIELD(clcnn_layernorm, CHECK_INT, d),
                                     CHECK_FIELD(clcnn_layernorm, CHECK_DOUBLE, eps),
                                     CHECK_FIELD(clcnn_layernorm, CHECK_INT, accumulate),
                                     {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_REAL_ATTRIBUTE(clcnn_layernorm, eps, 1e-30, 1e30),
     .required = true /* 0 would be read as the default */},
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
    .plan = plan};
