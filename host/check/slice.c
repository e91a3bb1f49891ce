/* How slice is run and what its reference expects. */
#include "image.h"

#include "internal.h"

static bool slice_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_slice *d = &desc->slice;
    const check_tensor_shape list[] = {
        {"x", 4, {d->n, d->c, d->h, d->w}}, {"y", 4, {d->n, d->count, d->h, d->w}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_slice *d = &desc->slice;
    return check_take_sizes(&inputs[X], 4, (int *[]){&d->n, &d->c, &d->h, &d->w});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_slice *d = &desc->slice;
    if (d->n < 1 || d->h < 1 || d->w < 1 || d->begin < 0 || d->count < 1 || d->count > d->c ||
        d->begin > d->c - d->count)
        return CLCNN__INVALID(error, "%d channels from %d of %d", d->count, d->begin, d->c);
    return CLCNN_SUCCESS;
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[X], 1, random);
    check_fill(c, &c->in[DY], 1, random);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_slice_forward(a->ctx, &a->c->desc.slice, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    return clcnn_ref_slice_forward(&c->desc.slice, c->in[X].f, e->out[0].value);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_slice_backward(a->ctx, &a->c->desc.slice, a->in[DY], a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    return clcnn_ref_slice_backward(&c->desc.slice, c->in[DY].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{CHECK_IMAGE_FORWARD(forward, ref_forward)},
                                             {CHECK_IMAGE_BACKWARD(backward, ref_backward)},
                                             {.name = NULL}};

static const check_field fields[] = {
    CHECK_FIELD(clcnn_slice, CHECK_INT, n),          CHECK_FIELD(clcnn_slice, CHECK_INT, c),
    CHECK_FIELD(clcnn_slice, CHECK_INT, h),          CHECK_FIELD(clcnn_slice, CHECK_INT, w),
    CHECK_FIELD(clcnn_slice, CHECK_INT, begin),      CHECK_FIELD(clcnn_slice, CHECK_INT, count),
    CHECK_FIELD(clcnn_slice, CHECK_INT, accumulate), {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_INT_ATTRIBUTE(clcnn_slice, begin, 0), .required = true},
    {CHECK_INT_ATTRIBUTE(clcnn_slice, count, 1), .required = true},
    {.name = NULL}};

const check_op check_op_slice = {.name = "slice",
                                 .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
                                 .directions = directions,
                                 .fields = fields,
                                 .attributes = attributes,
                                 .shape = slice_shape,
                                 .sizes = sizes,
                                 .legal = legal,
                                 .fill = fill};
