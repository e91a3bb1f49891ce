/* How pad2d is run and what its reference expects. */
#include "image.h"

static bool pad2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_pad2d *d = &desc->pad2d;
    int p = 0, q = 0;
    if (clcnn_pad2d_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const check_tensor_shape list[] = {
        {"x", 4, {d->n, d->c, d->h, d->w}}, {"y", 4, {d->n, d->c, p, q}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_pad2d *d = &desc->pad2d;
    return check_take_sizes(&inputs[X], 4, (int *[]){&d->n, &d->c, &d->h, &d->w});
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

static const check_direction directions[] = {{CHECK_IMAGE_FORWARD(forward, ref_forward)},
                                             {CHECK_IMAGE_BACKWARD(backward, ref_backward)},
                                             {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_pad2d, CHECK_INT, name)
static const check_field fields[] = {
    FIELD(n),        FIELD(c),          FIELD(h),         FIELD(w),          FIELD(pad_top),
    FIELD(pad_left), FIELD(pad_bottom), FIELD(pad_right), FIELD(accumulate), {.name = NULL}};

static const check_attribute attributes[] = {{CHECK_PADS_ATTRIBUTE(clcnn_pad2d)}, {.name = NULL}};

const check_op check_op_pad2d = {.name = "pad2d",
                                 .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
                                 .directions = directions,
                                 .fields = fields,
                                 .attributes = attributes,
                                 .shape = pad2d_shape,
                                 .sizes = sizes,
                                 .legal = legal,
                                 .fill = fill};
