/* How avgpool2d is run and what its reference expects. */
#include "image.h"

static bool avgpool2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_avgpool2d *d = &desc->avgpool2d;
    int p = 0, q = 0;
    if (clcnn_avgpool2d_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const check_tensor_shape list[] = {
        {"x", 4, {d->n, d->c, d->h, d->w}}, {"y", 4, {d->n, d->c, p, q}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_avgpool2d *d = &desc->avgpool2d;
    return check_take_sizes(&inputs[X], 4, (int *[]){&d->n, &d->c, &d->h, &d->w});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int p, q;
    return clcnn_avgpool2d_output(&desc->avgpool2d, &p, &q, error);
}

static void fill(check_case *c, check_random *random)
{
    const double taps = (double)c->desc.avgpool2d.r * c->desc.avgpool2d.s;
    check_fill(c, &c->in[X], taps, random);
    check_fill(c, &c->in[DY], taps, random);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_avgpool2d_forward(a->ctx, &a->c->desc.avgpool2d, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    const clcnn_avgpool2d *d = &c->desc.avgpool2d;
    e->out[0].n = (double)d->r * d->s + 3;
    return clcnn_ref_avgpool2d_forward(d, c->in[X].f, e->out[0].value, e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_avgpool2d_backward(a->ctx, &a->c->desc.avgpool2d, a->in[DY], a->out[0]);
}

/* The most windows over one element of an axis. */
static double overlap(int window, int stride)
{
    return stride == 0 ? 1 : ((double)window + stride - 1) / stride;
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    const clcnn_avgpool2d *d = &c->desc.avgpool2d;
    e->out[0].n = overlap(d->r, d->stride_h) * overlap(d->s, d->stride_w) + 3;
    return clcnn_ref_avgpool2d_backward(d, c->in[DY].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{CHECK_IMAGE_FORWARD(forward, ref_forward)},
                                             {CHECK_IMAGE_BACKWARD(backward, ref_backward)},
                                             {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_avgpool2d, CHECK_INT, name)
static const check_field fields[] = {FIELD(n),
                                     FIELD(c),
                                     FIELD(h),
                                     FIELD(w),
                                     FIELD(r),
                                     FIELD(s),
                                     FIELD(pad_top),
                                     FIELD(pad_left),
                                     FIELD(pad_bottom),
                                     FIELD(pad_right),
                                     FIELD(stride_h),
                                     FIELD(stride_w),
                                     FIELD(count_include_pad),
                                     FIELD(accumulate),
                                     FIELD(ceil_mode),
                                     {.name = NULL}};

/* In golden files a missing stride is 1; here it would be the window. count_include_pad is
 * PyTorch's, which is on where it is not given. */
static const check_attribute attributes[] = {
    {CHECK_PAIR_ATTRIBUTE("kernel", clcnn_avgpool2d, r, s), .required = true},
    {CHECK_PAIR_ATTRIBUTE("stride", clcnn_avgpool2d, stride_h, stride_w), .otherwise = "1,1"},
    {CHECK_PADS_ATTRIBUTE(clcnn_avgpool2d)},
    {CHECK_FLAG_ATTRIBUTE(clcnn_avgpool2d, count_include_pad), .otherwise = "1"},
    {.name = NULL}};

const check_op check_op_avgpool2d = {.name = "avgpool2d",
                                     .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
                                     .directions = directions,
                                     .fields = fields,
                                     .attributes = attributes,
                                     .shape = avgpool2d_shape,
                                     .sizes = sizes,
                                     .legal = legal,
                                     .fill = fill};
