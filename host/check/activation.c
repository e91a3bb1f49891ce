/* How activation is run and what its reference expects. */
#include "common.h"

#include "internal.h"

#include <math.h>
#include <stdlib.h>

/* y is an input of backward where a case asks for the gradient from y alone. */
enum { X, Y, DY };

static bool activation_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const int count = desc->activation.count;
    const check_tensor_shape list[] = {{"x", 1, {count}}, {"y", 1, {count}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    desc->activation.count = (int)inputs[X].size[0];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_activation *d = &desc->activation;
    if (d->count < 0)
        return CLCNN__INVALID(error, "count is %d", d->count);
    const clcnn_activation none = {.kind = d->kind, .alpha = d->alpha};
    if (clcnn_ref_activation_forward(&none, NULL, NULL, NULL) != CLCNN_SUCCESS)
        return CLCNN__INVALID(error, "kind %d with alpha %g", (int)d->kind, d->alpha);
    return CLCNN_SUCCESS;
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[X], 1, random);
    check_fill(c, &c->in[DY], 1, random);
}

static clcnn_status derive(check_case *c)
{
    if (!c->in[X].f || !c->in[Y].f)
        return CLCNN_SUCCESS;
    double *y = malloc((c->in[Y].count + 1) * sizeof *y);
    const clcnn_status status =
        y ? clcnn_ref_activation_forward(&c->desc.activation, c->in[X].f, y, NULL)
          : CLCNN_OUT_OF_MEMORY;
    for (size_t i = 0; status == CLCNN_SUCCESS && i < c->in[Y].count; i++)
        c->in[Y].f[i] = (float)y[i];
    free(y);
    return status;
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_activation_forward(a->ctx, &a->c->desc.activation, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = 1;
    return clcnn_ref_activation_forward(&c->desc.activation, c->in[X].f, e->out[0].value,
                                        e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_activation_backward(a->ctx, &a->c->desc.activation, a->in[X], a->in[Y], a->in[DY],
                                     a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    e->out[0].n = 1;
    return clcnn_ref_activation_backward(&c->desc.activation, c->in[X].f, c->in[Y].f, c->in[DY].f,
                                         e->out[0].value, e->out[0].mag);
}

/* ELU as alpha*(exp(x) - 1), GELU as x*(1 + erf)/2 and its derivative, 1 - tanh^2, and 1 - s for a
 * sigmoid s near 1. */
static double cancels(const check_case *c, clcnn_direction direction, size_t i)
{
    const clcnn_activation_kind kind = c->desc.activation.kind;
    const double x = (double)c->in[X].f[i];
    const bool gelu = kind == CLCNN_GELU || kind == CLCNN_GELU_TANH;
    if (direction == CLCNN_FORWARD && kind == CLCNN_ELU)
        return x < 0 ? fabs(c->desc.activation.alpha) : 0;
    if (direction == CLCNN_FORWARD)
        return gelu ? fabs(x) : 0;
    const bool near_1 = x > 0 && (kind == CLCNN_SIGMOID || kind == CLCNN_SILU);
    return gelu || kind == CLCNN_TANH || near_1 ? fabs((double)c->in[DY].f[i]) * (1 + fabs(x)) : 0;
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << X,
                                              .outputs = {{.name = "y", .in_place = "x"}},
                                              .run = forward,
                                              .reference = ref_forward},
                                             {.name = "backward",
                                              .direction = CLCNN_BACKWARD_DATA,
                                              .needs = 1 << DY,
                                              .takes = 1 << X | 1 << Y,
                                              .outputs = {{.name = "dx", .in_place = "dy"}},
                                              .run = backward,
                                              .reference = ref_backward},
                                             {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(clcnn_activation, CHECK_INT, count),
                                     CHECK_FIELD(clcnn_activation, CHECK_ACTIVATION_KIND, kind),
                                     CHECK_FIELD(clcnn_activation, CHECK_DOUBLE, alpha),
                                     {.name = NULL}};

static const check_attribute attributes[] = {
    {.name = "kind",
     .type = CHECK_ACTIVATION_KIND,
     .count = 1,
     .offset = {offsetof(clcnn_activation, kind)},
     .required = true},
    {CHECK_REAL_ATTRIBUTE(clcnn_activation, alpha, -1e30, 1e30)},
    {.name = NULL}};

const check_op check_op_activation = {
    .name = "activation",
    .inputs = {{.name = "x"}, {.name = "y", .derived = true}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = activation_shape,
    .flat = true,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .derive = derive,
    .cancels = cancels};
