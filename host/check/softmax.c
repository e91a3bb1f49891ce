/*
 * How softmax is run and what its reference expects. Backward starts from a y that is computed from
 * x by the reference and rounded.
 */
#include "check.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

enum { X, Y, DY };

static bool softmax_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    if (strcmp(name, "x") && strcmp(name, "y") && strcmp(name, "dy") && strcmp(name, "dx"))
        return false;
    *shape = (check_shape){2, {(size_t)desc->softmax.n, (size_t)desc->softmax.classes}};
    return true;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    if (inputs[X].rank != 2)
        return false;
    desc->softmax.n = (int)inputs[X].size[0];
    desc->softmax.classes = (int)inputs[X].size[1];
    return true;
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

static bool accumulate(const check_desc *desc)
{
    return desc->softmax.accumulate;
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

static const check_field fields[] = {{"n", CHECK_INT, offsetof(clcnn_softmax, n)},
                                     {"classes", CHECK_INT, offsetof(clcnn_softmax, classes)},
                                     {"log", CHECK_INT, offsetof(clcnn_softmax, log)},
                                     {"accumulate", CHECK_INT, offsetof(clcnn_softmax, accumulate)},
                                     {.name = NULL}};

static const check_attribute attributes[] = {
    {.name = "log", .count = 1, .offset = {offsetof(clcnn_softmax, log)}, .low = 0, .high = 1},
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
    .derive = derive,
    .accumulate = accumulate};
