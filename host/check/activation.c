/* How activation is run and what its reference expects. */
#include "check.h"

#include "internal.h"

#include <string.h>

/* y is an input of backward where a case asks for the gradient from y alone. */
enum { X, Y, DY };

static bool activation_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    static const char *const names[] = {"x", "y", "dy", "dx"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i]) == 0) {
            *shape = (check_shape){1, {(size_t)desc->activation.count}};
            return true;
        }
    }
    return false;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    desc->activation.count = (int)inputs[X].size[0];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_activation *d = &desc->activation;
    return d->count >= 0 ? CLCNN_SUCCESS : CLCNN__INVALID(error, "count is %d", d->count);
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
    for (size_t i = 0; i < c->in[X].count; i++)
        c->in[Y].f[i] =
            c->desc.activation.kind == CLCNN_RELU && c->in[X].f[i] <= 0 ? 0 : c->in[X].f[i];
    return CLCNN_SUCCESS;
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_activation_forward(a->ctx, &a->c->desc.activation, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = 1;
    return clcnn_ref_activation_forward(&c->desc.activation, c->in[X].f, e->out[0].value);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_activation_backward(a->ctx, &a->c->desc.activation, a->in[X], a->in[Y], a->in[DY],
                                     a->out[0]);
}

/* ReLU's y says as much about its gradient as x. */
static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    const float *x = c->in[X].f ? c->in[X].f : c->in[Y].f;
    e->out[0].n = 1;
    return clcnn_ref_activation_backward(&c->desc.activation, x, c->in[DY].f, e->out[0].value);
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

static const check_field fields[] = {
    {"count", CHECK_INT, offsetof(clcnn_activation, count)},
    {"kind", CHECK_ACTIVATION_KIND, offsetof(clcnn_activation, kind)},
    {"alpha", CHECK_DOUBLE, offsetof(clcnn_activation, alpha)},
    {.name = NULL}};

static const check_attribute attributes[] = {{.name = "kind",
                                              .type = CHECK_ACTIVATION_KIND,
                                              .count = 1,
                                              .offset = {offsetof(clcnn_activation, kind)},
                                              .required = true},
                                             {.name = "alpha",
                                              .type = CHECK_DOUBLE,
                                              .count = 1,
                                              .offset = {offsetof(clcnn_activation, alpha)},
                                              .low = -1e30,
                                              .high = 1e30},
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
    .derive = derive};
