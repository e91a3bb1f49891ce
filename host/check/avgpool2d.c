/* How avgpool2d is run and what its reference expects. */
#include "check.h"

#include <string.h>

enum { X, DY };

static bool avgpool2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_avgpool2d *d = &desc->avgpool2d;
    int p = 0, q = 0;
    if (clcnn_avgpool2d_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
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
    clcnn_avgpool2d *d = &desc->avgpool2d;
    const check_shape *x = &inputs[X];
    if (x->rank != 4)
        return false;
    d->n = (int)x->size[0], d->c = (int)x->size[1], d->h = (int)x->size[2], d->w = (int)x->size[3];
    return true;
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

static bool accumulate(const check_desc *desc)
{
    return desc->avgpool2d.accumulate != 0;
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
#name, CHECK_INT, offsetof(clcnn_avgpool2d, name)                                          \
    }
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
    {.name = "kernel",
     .count = 2,
     .offset = {offsetof(clcnn_avgpool2d, r), offsetof(clcnn_avgpool2d, s)},
     .low = 1,
     .high = INT32_MAX,
     .required = true},
    {.name = "stride",
     .count = 2,
     .offset = {offsetof(clcnn_avgpool2d, stride_h), offsetof(clcnn_avgpool2d, stride_w)},
     .low = 1,
     .high = INT32_MAX,
     .otherwise = "1,1"},
    {.name = "pad",
     .count = 4,
     .offset = {offsetof(clcnn_avgpool2d, pad_top), offsetof(clcnn_avgpool2d, pad_left),
                offsetof(clcnn_avgpool2d, pad_bottom), offsetof(clcnn_avgpool2d, pad_right)},
     .low = 0,
     .high = INT32_MAX},
    {.name = "count_include_pad",
     .count = 1,
     .offset = {offsetof(clcnn_avgpool2d, count_include_pad)},
     .low = 0,
     .high = 1,
     .otherwise = "1"},
    {.name = NULL}};

const check_op check_op_avgpool2d = {.name = "avgpool2d",
                                     .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
                                     .directions = directions,
                                     .fields = fields,
                                     .attributes = attributes,
                                     .shape = avgpool2d_shape,
                                     .sizes = sizes,
                                     .legal = legal,
                                     .fill = fill,
                                     .accumulate = accumulate};
