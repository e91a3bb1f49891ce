/* How conv2d_transpose is run and what its reference expects. */
#include "check.h"

#include "ref/ref.h"

#include <stdlib.h>
#include <string.h>

enum { X, W, B, DY };

static int or_one(int value)
{
    return value ? value : 1;
}

static bool conv2d_transpose_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_conv2d_transpose *d = &desc->conv2d_transpose;
    int p = 0, q = 0;
    if (clcnn_conv2d_transpose_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const size_t n = (size_t)d->n, k = (size_t)d->k;
    if (!strcmp(name, "x") || !strcmp(name, "dx"))
        *shape = (check_shape){4, {n, (size_t)d->c, (size_t)d->h, (size_t)d->w}};
    else if (!strcmp(name, "w") || !strcmp(name, "dw"))
        *shape = (check_shape){
            4, {(size_t)d->c, k / (size_t)or_one(d->groups), (size_t)d->r, (size_t)d->s}};
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
    clcnn_conv2d_transpose *d = &desc->conv2d_transpose;
    const check_shape *x = &inputs[X], *w = &inputs[W];
    if (x->rank != 4 || w->rank != 4)
        return false;
    d->n = (int)x->size[0], d->c = (int)x->size[1], d->h = (int)x->size[2], d->w = (int)x->size[3];
    d->r = (int)w->size[2], d->s = (int)w->size[3];
    /* Beyond any size it is refused later. */
    const double k = (double)w->size[1] * or_one(d->groups);
    d->k = k < INT32_MAX ? (int)k : 0;
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int p, q;
    return clcnn_conv2d_transpose_output(&desc->conv2d_transpose, &p, &q, error);
}

/* Products in one sum, by direction, or more of them than strides leave; backward_weights: of db.
 */
static double summands(const check_case *c, clcnn_direction direction)
{
    const clcnn_conv2d_transpose *d = &c->desc.conv2d_transpose;
    const double taps = (double)d->r * d->s, groups = or_one(d->groups);
    int p = 0, q = 0;
    clcnn_conv2d_transpose_output(d, &p, &q, NULL);
    if (direction == CLCNN_FORWARD)
        return d->c / groups * taps + 1;
    return direction == CLCNN_BACKWARD_DATA ? d->k / groups * taps : (double)d->n * p * q;
}

static void fill(check_case *c, check_random *random)
{
    const clcnn_conv2d_transpose *d = &c->desc.conv2d_transpose;
    double most = (double)d->n * d->h * d->w; /* of dw */
    for (int i = CLCNN_FORWARD; i <= CLCNN_BACKWARD_WEIGHTS; i++) {
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
    return desc->conv2d_transpose.accumulate != 0;
}

static bool rounds(const check_desc *desc, clcnn_direction direction)
{
    return direction == CLCNN_FORWARD && desc->conv2d_transpose.activation > CLCNN_RELU;
}

static double steepest(const check_desc *desc, clcnn_direction direction)
{
    const clcnn_conv2d_transpose *d = &desc->conv2d_transpose;
    return direction == CLCNN_FORWARD ? clcnn__ref_steepest(d->activation, d->alpha) : 1;
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    return clcnn_conv2d_transpose_plan(ctx, &desc->conv2d_transpose, direction, algo, max_workspace,
                                       result);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_conv2d_transpose_forward(a->ctx, &a->c->desc.conv2d_transpose, a->in[X], a->in[W],
                                          a->in[B], a->out[0], a->plan);
}

static clcnn_status pack_forward(const check_call *a)
{
    return clcnn_conv2d_transpose_pack(a->ctx, &a->c->desc.conv2d_transpose, CLCNN_FORWARD,
                                       a->in[W], a->plan);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = summands(c, CLCNN_FORWARD);
    return clcnn_ref_conv2d_transpose_forward(&c->desc.conv2d_transpose, c->in[X].f, c->in[W].f,
                                              c->in[B].f, e->out[0].value, e->out[0].mag);
}

static clcnn_status backward_data(const check_call *a)
{
    return clcnn_conv2d_transpose_backward_data(a->ctx, &a->c->desc.conv2d_transpose, a->in[DY],
                                                a->in[W], a->out[0], a->plan);
}

static clcnn_status pack_backward_data(const check_call *a)
{
    return clcnn_conv2d_transpose_pack(a->ctx, &a->c->desc.conv2d_transpose, CLCNN_BACKWARD_DATA,
                                       a->in[W], a->plan);
}

static clcnn_status ref_backward_data(const check_case *c, check_expected *e)
{
    e->out[0].n = summands(c, CLCNN_BACKWARD_DATA);
    return clcnn_ref_conv2d_transpose_backward_data(&c->desc.conv2d_transpose, c->in[DY].f,
                                                    c->in[W].f, e->out[0].value, e->out[0].mag);
}

static clcnn_status backward_weights(const check_call *a)
{
    return clcnn_conv2d_transpose_backward_weights(a->ctx, &a->c->desc.conv2d_transpose, a->in[X],
                                                   a->in[DY], a->out[0], a->out[1], a->plan);
}

static clcnn_status ref_backward_weights(const check_case *c, check_expected *e)
{
    const clcnn_conv2d_transpose *d = &c->desc.conv2d_transpose;
    e->out[0].n = (double)d->n * d->h * d->w;
    e->out[1].n = summands(c, CLCNN_BACKWARD_WEIGHTS);
    return clcnn_ref_conv2d_transpose_backward_weights(
        &c->desc.conv2d_transpose, c->in[X].f, c->in[DY].f, e->out[0].value, e->out[1].value,
        e->out[0].mag, e->out[1].mag);
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
#name, CHECK_INT, offsetof(clcnn_conv2d_transpose, name)                                   \
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
    FIELD(output_pad_h),
    FIELD(output_pad_w),
    FIELD(stride_h),
    FIELD(stride_w),
    FIELD(dilation_h),
    FIELD(dilation_w),
    FIELD(groups),
    {"activation", CHECK_ACTIVATION_KIND, offsetof(clcnn_conv2d_transpose, activation)},
    FIELD(accumulate),
    FIELD(dot_only),
    {.name = NULL}};

static const check_attribute attributes[] = {
    {.name = "stride",
     .count = 2,
     .offset = {offsetof(clcnn_conv2d_transpose, stride_h),
                offsetof(clcnn_conv2d_transpose, stride_w)},
     .low = 1,
     .high = INT32_MAX},
    {.name = "output_pad",
     .count = 2,
     .offset = {offsetof(clcnn_conv2d_transpose, output_pad_h),
                offsetof(clcnn_conv2d_transpose, output_pad_w)},
     .low = 0,
     .high = INT32_MAX},
    {.name = "dilation",
     .count = 2,
     .offset = {offsetof(clcnn_conv2d_transpose, dilation_h),
                offsetof(clcnn_conv2d_transpose, dilation_w)},
     .low = 1,
     .high = INT32_MAX},
    {.name = "groups",
     .count = 1,
     .offset = {offsetof(clcnn_conv2d_transpose, groups)},
     .low = 1,
     .high = INT32_MAX},
    {.name = "pad",
     .count = 4,
     .offset = {offsetof(clcnn_conv2d_transpose, pad_top),
                offsetof(clcnn_conv2d_transpose, pad_left),
                offsetof(clcnn_conv2d_transpose, pad_bottom),
                offsetof(clcnn_conv2d_transpose, pad_right)},
     .low = 0,
     .high = INT32_MAX},
    {.name = NULL}};

const check_op check_op_conv2d_transpose = {
    .name = "conv2d_transpose",
    .inputs = {{.name = "x"}, {.name = "w"}, {.name = "b"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = conv2d_transpose_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .accumulate = accumulate,
    .rounds = rounds,
    .steepest = steepest,
    .plan = plan};
