/*
 * How softmax is run and what its reference expects. Backward starts from a y that is computed from
 * x by the reference and rounded.
 */
#include "common.h"

#include "internal.h"

#include <stdlib.h>

enum { X, Y, DY };

static bool softmax_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const int n = desc->softmax.n, classes = desc->softmax.classes;
    const check_tensor_shape list[] = {
        {"x", 2, {n, classes}}, {"y", 2, {n, classes}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_softmax *d = &desc->softmax;
    return check_take_sizes(&inputs[X], 2, (int *[]){&d->n, &d->classes});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    if (desc->softmax.n < 1 || desc->softmax.classes < 1)
        return CLCNN__INVALID(error, "%d rows of %d classes", desc->softmax.n,
                              desc->softmax.classes);
    return CLCNN_SUCCESS;
}

/* Logits from -8 to 8. */
static void fill(check_case *c, check_random *random)
{
    for (size_t i = 0; i < c->in[X].count; i++)
        c->in[X].f[i] = (float)(16 * check_random_real(random) - 8);
    check_fill(c, &c->in[DY], 1, random);
}

static clcnn_status derive(check_case *c)
{
    if (!c->in[Y].f)
        return CLCNN_SUCCESS;
    double *y = malloc((c->in[Y].count + 1) * sizeof *y);
    const clcnn_status status =
        y ? clcnn_ref_softmax_forward(&c->desc.softmax, c->in[X].f, y, NULL) : CLCNN_OUT_OF_MEMORY;
    for (size_t i = 0; status == CLCNN_SUCCESS && i < c->in[Y].count; i++)
        c->in[Y].f[i] = (float)y[i];
    free(y);
    return status;
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_softmax_forward(a->ctx, &a->c->desc.softmax, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = c->desc.softmax.classes;
    return clcnn_ref_softmax_forward(&c->desc.softmax, c->in[X].f, e->out[0].value, e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_softmax_backward(a->ctx, &a->c->desc.softmax, a->in[Y], a->in[DY], a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    e->out[0].n = c->desc.softmax.classes;
    return clcnn_ref_softmax_backward(&c->desc.softmax, c->in[Y].f, c->in[DY].f, e->out[0].value,
                                      e->out[0].mag);
}

static const check_direction directions[] = {
    {.name = "forward",
     .direction = CLCNN_FORWARD,
     .needs = 1 << X,
     .outputs = {{.name = "y", .in_place = "x"}},
     .run = forward,
     .reference = ref_forward},
    {.name = "backward",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << Y | 1 << DY,
     .outputs = {{.name = "dx", .in_place = "dy", .accumulates = true}},
     .run = backward,
     .reference = ref_backward},
    {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(clcnn_softmax, CHECK_INT, n),
                                     CHECK_FIELD(clcnn_softmax, CHECK_INT, classes),
                                     CHECK_FIELD(clcnn_softmax, CHECK_INT, log),
                                     CHECK_FIELD(clcnn_softmax, CHECK_INT, accumulate),
                                     {.name = NULL}};

static const check_attribute attributes[] = {{CHECK_FLAG_ATTRIBUTE(clcnn_softmax, log)},
                                             {.name = NULL}};

const check_op check_op_softmax = {
    .name = "softmax",
    .inputs = {{.name = "x"}, {.name = "y", .derived = true}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = softmax_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .derive = derive};
