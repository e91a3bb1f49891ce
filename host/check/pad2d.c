/* How pad2d is run and what its reference expects. */
#include "check.h"

#include <string.h>

enum { X, DY };

static bool pad2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_pad2d *d = &desc->pad2d;
    int p = 0, q = 0;
    if (clcnn_pad2d_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const size_t n = (size_t)d->n, c = (size_t)d->c;
    if (!strcmp(name, "x") || !strcmp(name, "dx"))
        *shape = (check_shape){4, {n, c, (size_t)d->h, (size_t)d->w}};
    else if (!strcmp(name, "y") || !strcmp(name, "dy"))
        *shape = (check_shape){4, {n, c, (size_t)p, (size_t)q}};
    else
        return false;
    return true;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_pad2d *d = &desc->pad2d;
    const check_shape *x = &inputs[X];
    if (x->rank != 4)
        return false;
    d->n = (int)x->size[0], d->c = (int)x->size[1], d->h = (int)x->size[2], d->w = (int)x->size[3];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int p, q;
    return clcnn_pad2d_output(&desc->pad2d, &p, &q, error);
}

static void fill(check_case *c, check_random *random)
{
    const double summands = 1;
    check_fill(c, &c->in[X], summands, random);
    check_fill(c, &c->in[DY], summands, random);
}

static bool accumulate(const check_desc *desc)
{
    return desc->pad2d.accumulate != 0;
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_pad2d_forward(a->ctx, &a->c->desc.pad2d, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    const clcnn_pad2d *d = &c->desc.pad2d;
    return clcnn_ref_pad2d_forward(d, c->in[X].f, e->out[0].value);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_pad2d_backward(a->ctx, &a->c->desc.pad2d, a->in[DY], a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    const clcnn_pad2d *d = &c->desc.pad2d;
    e->out[0].n = 1;
    return clcnn_ref_pad2d_backward(d, c->in[DY].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << X,
                                              .outputs = {{.name = "y"}},
                                              .run = forward,
                                              .reference = ref_forward},
                                             {.name = "backward",
                                              .direction = CLCNN_BACKWARD_DATA,
                                              .needs = 1 << DY,
                                              .outputs = {{.name = "dx", .accumulates = true}},
                                              .run = backward,
                                              .reference = ref_backward},
                                             {.name = NULL}};

#define FIELD(name)                                                                                \
    {                                                                                              \
#name, CHECK_INT, offsetof(clcnn_pad2d, name)                                              \
    }
static const check_field fields[] = {
    FIELD(n),        FIELD(c),          FIELD(h),         FIELD(w),          FIELD(pad_top),
    FIELD(pad_left), FIELD(pad_bottom), FIELD(pad_right), FIELD(accumulate), {.name = NULL}};

static const check_attribute attributes[] = {
    {.name = "pad",
     .count = 4,
     .offset = {offsetof(clcnn_pad2d, pad_top), offsetof(clcnn_pad2d, pad_left),
                offsetof(clcnn_pad2d, pad_bottom), offsetof(clcnn_pad2d, pad_right)},
     .low = 0,
     .high = INT32_MAX},
    {.name = NULL}};

const check_op check_op_pad2d = {.name = "pad2d",
                                 .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
                                 .directions = directions,
                                 .fields = fields,
                                 .attributes = attributes,
                                 .shape = pad2d_shape,
                                 .sizes = sizes,
                                 .legal = legal,
                                 .fill = fill,
                                 .accumulate = accumulate};
