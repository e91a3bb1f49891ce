/* How conv2d is run and what its reference expects. */
#include "check.h"

#include "ref/ref.h"

#include <stdlib.h>
#include <string.h>

enum { X, W, B, DY };

static int or_one(int value)
{
    return value ? value : 1;
}

static bool conv2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_conv2d *d = &desc->conv2d;
    int p = 0, q = 0;
    if (clcnn_conv2d_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const size_t n = (size_t)d->n, k = (size_t)d->k;
    if (!strcmp(name, "x") || !strcmp(name, "dx"))
        *shape = (check_shape){4, {n, (size_t)d->c, (size_t)d->h, (size_t)d->w}};
    else if (!strcmp(name, "w") || !strcmp(name, "dw"))
        *shape =
            (check_shape){4, {k, (size_t)(d->c / or_one(d->groups)), (size_t)d->r, (size_t)d->s}};
    else if (!strcmp(name, "b") || !strcmp(name, "db"))
        *shape = (check_shape){1, {k}};
    else if (!strcmp(name, "y") || !strcmp(name, "dy"))
        *shape = (check_shape){4, {n, k, (size_t)p, (size_t)q}};
    else
        return false;
    return true;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_conv2d *d = &desc->conv2d;
    const check_shape *x = &inputs[X], *w = &inputs[W];
    if (x->rank != 4 || w->rank != 4)
        return false;
    d->n = (int)x->size[0], d->c = (int)x->size[1], d->h = (int)x->size[2], d->w = (int)x->size[3];
    d->k = (int)w->size[0], d->r = (int)w->size[2], d->s = (int)w->size[3];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int p, q;
    return clcnn_conv2d_output(&desc->conv2d, &p, &q, error);
}

/* Products in one sum, by direction. */
static double summands(const check_case *c, clcnn_direction direction)
{
    const clcnn_conv2d *d = &c->desc.conv2d;
    const double taps = (double)d->r * d->s, groups = or_one(d->groups);
    int p = 0, q = 0;
    clcnn_conv2d_output(d, &p, &q, NULL);
    if (direction == CLCNN_FORWARD)
        return d->c / groups * taps + 1;
    return direction == CLCNN_BACKWARD_DATA ? d->k / groups * taps : (double)d->n * p * q;
}

static void fill(check_case *c, check_random *random)
{
    double most = summands(c, CLCNN_FORWARD);
    for (int i = CLCNN_BACKWARD_DATA; i <= CLCNN_BACKWARD_WEIGHTS; i++) {
        const double n = summands(c, (clcnn_direction)i);
        most = n > most ? n : most;
    }
    check_fill(c, &c->in[X], most, random);
    check_fill(c, &c->in[W], most, random);
    check_fill(c, &c->in[DY], most, random);
    check_fill_addend(c, &c->in[B], random);
}

static bool accumulate(const check_desc *desc)
{
    return desc->conv2d.accumulate != 0;
}

static bool rounds(const check_desc *desc, clcnn_direction direction)
{
    return direction == CLCNN_FORWARD && desc->conv2d.activation > CLCNN_RELU;
}

static double steepest(const check_desc *desc, clcnn_direction direction)
{
    const clcnn_conv2d *d = &desc->conv2d;
    return direction == CLCNN_FORWARD ? clcnn__ref_steepest(d->activation, d->alpha) : 1;
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    return clcnn_conv2d_plan(ctx, &desc->conv2d, direction, algo, max_workspace, result);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_conv2d_forward(a->ctx, &a->c->desc.conv2d, a->in[X], a->in[W], a->in[B], a->out[0],
                                a->plan);
}

static clcnn_status pack_forward(const check_call *a)
{
    return clcnn_conv2d_pack(a->ctx, &a->c->desc.conv2d, CLCNN_FORWARD, a->in[W], a->plan);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = summands(c, CLCNN_FORWARD);
    return clcnn_ref_conv2d_forward(&c->desc.conv2d, c->in[X].f, c->in[W].f, c->in[B].f,
                                    e->out[0].value, e->out[0].mag);
}

static clcnn_status backward_data(const check_call *a)
{
    return clcnn_conv2d_backward_data(a->ctx, &a->c->desc.conv2d, a->in[DY], a->in[W], a->out[0],
                                      a->plan);
}

static clcnn_status pack_backward_data(const check_call *a)
{
    return clcnn_conv2d_pack(a->ctx, &a->c->desc.conv2d, CLCNN_BACKWARD_DATA, a->in[W], a->plan);
}

static clcnn_status ref_backward_data(const check_case *c, check_expected *e)
{
    e->out[0].n = summands(c, CLCNN_BACKWARD_DATA);
    return clcnn_ref_conv2d_backward_data(&c->desc.conv2d, c->in[DY].f, c->in[W].f, e->out[0].value,
                                          e->out[0].mag);
}

static clcnn_status backward_weights(const check_call *a)
{
    return clcnn_conv2d_backward_weights(a->ctx, &a->c->desc.conv2d, a->in[X], a->in[DY], a->out[0],
                                         a->out[1], a->plan);
}

static clcnn_status ref_backward_weights(const check_case *c, check_expected *e)
{
    e->out[0].n = e->out[1].n = summands(c, CLCNN_BACKWARD_WEIGHTS);
    return clcnn_ref_conv2d_backward_weights(&c->desc.conv2d, c->in[X].f, c->in[DY].f,
                                             e->out[0].value, e->out[1].value, e->out[0].mag,
                                             e->out[1].mag);
}

static const check_direction directions[] = {
    {.name = "forward",
     .direction = CLCNN_FORWARD,
     .needs = 1 << X | 1 << W,
     .takes = 1 << B,
     .outputs = {{.name = "y"}},
     .run = forward,
     .reference = ref_forward,
     .pack = pack_forward},
    {.name = "backward_data",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << DY | 1 << W,
     .outputs = {{.name = "dx", .accumulates = true}},
     .run = backward_data,
     .reference = ref_backward_data,
     .pack = pack_backward_data},
    {.name = "backward_weights",
     .direction = CLCNN_BACKWARD_WEIGHTS,
     .needs = 1 << X | 1 << DY,
     .outputs = {{.name = "dw", .optional = true, .accumulates = true},
                 {.name = "db", .optional = true, .accumulates = true}},
     .run = backward_weights,
     .reference = ref_backward_weights},
    {.name = NULL}};

#define FIELD(name)                                                                                \
    {                                                                                              \
#name, CHECK_INT, offsetof(clcnn_conv2d, name)                                             \
    }
static const check_field fields[] = {
    FIELD(n),
    FIELD(c),
    FIELD(h),
    FIELD(w),
    FIELD(k),
    FIELD(r),
    FIELD(s),
    FIELD(pad_top),
    FIELD(pad_left),
    FIELD(pad_bottom),
    FIELD(pad_right),
    FIELD(stride_h),
    FIELD(stride_w),
    FIELD(dilation_h),
    FIELD(dilation_w),
    FIELD(groups),
    {"activation", CHECK_ACTIVATION_KIND, offsetof(clcnn_conv2d, activation)},
    {"alpha", CHECK_DOUBLE, offsetof(clcnn_conv2d, alpha)},
    FIELD(accumulate),
    FIELD(dot_only),
    {.name = NULL}};

static const check_attribute attributes[] = {
    {.name = "stride",
     .count = 2,
     .offset = {offsetof(clcnn_conv2d, stride_h), offsetof(clcnn_conv2d, stride_w)},
     .low = 1,
     .high = INT32_MAX},
    {.name = "dilation",
     .count = 2,
     .offset = {offsetof(clcnn_conv2d, dilation_h), offsetof(clcnn_conv2d, dilation_w)},
     .low = 1,
     .high = INT32_MAX},
    {.name = "groups",
     .count = 1,
     .offset = {offsetof(clcnn_conv2d, groups)},
     .low = 1,
     .high = INT32_MAX},
    {.name = "pad",
     .count = 4,
     .offset = {offsetof(clcnn_conv2d, pad_top), offsetof(clcnn_conv2d, pad_left),
                offsetof(clcnn_conv2d, pad_bottom), offsetof(clcnn_conv2d, pad_right)},
     .low = 0,
     .high = INT32_MAX},
    {.name = NULL}};

const check_op check_op_conv2d = {
    .name = "conv2d",
    .inputs = {{.name = "x"}, {.name = "w"}, {.name = "b"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = conv2d_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .accumulate = accumulate,
    .rounds = rounds,
    .steepest = steepest,
    .plan = plan};
