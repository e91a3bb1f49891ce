/* How maxpool2d is run and what its reference expects. Backward takes the reference's argmax. */
#include "common.h"

#include <math.h>
#include <stdlib.h>

enum { X, DY, ARGMAX };

static bool maxpool2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_maxpool2d *d = &desc->maxpool2d;
    int p = 0, q = 0;
    if (clcnn_maxpool2d_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const check_tensor_shape list[] = {{"x", 4, {d->n, d->c, d->h, d->w}},
                                       {"y", 4, {d->n, d->c, p, q}},
                                       {"argmax", 4, {d->n, d->c, p, q}},
                                       {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_maxpool2d *d = &desc->maxpool2d;
    return check_take_sizes(&inputs[X], 4, (int *[]){&d->n, &d->c, &d->h, &d->w});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int p, q;
    return clcnn_maxpool2d_output(&desc->maxpool2d, &p, &q, error);
}

/* Few different values where the tier is integers: ties in most windows. */
static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[X], 1, random);
    if (c->values == CHECK_INTEGERS) {
        for (size_t i = 0; i < c->in[X].count; i++)
            c->in[X].f[i] = floorf(c->in[X].f[i] / 8) * 2 + 1;
    }
    check_fill(c, &c->in[DY], (double)c->desc.maxpool2d.r * c->desc.maxpool2d.s, random);
}

static clcnn_status derive(check_case *c)
{
    if (!c->in[ARGMAX].f)
        return CLCNN_SUCCESS;
    double *y = malloc((c->in[ARGMAX].count + 1) * sizeof *y);
    const clcnn_status status =
        y ? clcnn_ref_maxpool2d_forward(&c->desc.maxpool2d, c->in[X].f, y, c->in[ARGMAX].i)
          : CLCNN_OUT_OF_MEMORY;
    free(y);
    return status;
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_maxpool2d_forward(a->ctx, &a->c->desc.maxpool2d, a->in[X], a->out[0], a->out[1]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    const size_t count = e->out[1].count;
    int32_t *argmax = malloc((count + 1) * sizeof *argmax);
    const clcnn_status status = argmax ? clcnn_ref_maxpool2d_forward(&c->desc.maxpool2d, c->in[X].f,
                                                                     e->out[0].value, argmax)
                                       : CLCNN_OUT_OF_MEMORY;
    for (size_t i = 0; status == CLCNN_SUCCESS && i < count; i++)
        e->out[1].value[i] = argmax[i];
    free(argmax);
    return status;
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_maxpool2d_backward(a->ctx, &a->c->desc.maxpool2d, a->in[DY], a->in[ARGMAX],
                                    a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    e->out[0].n = (double)c->desc.maxpool2d.r * c->desc.maxpool2d.s;
    return clcnn_ref_maxpool2d_backward(&c->desc.maxpool2d, c->in[DY].f, c->in[ARGMAX].i,
                                        e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {
    {.name = "forward",
     .direction = CLCNN_FORWARD,
     .needs = 1 << X,
     .outputs = {{.name = "y"}, {.name = "argmax", .integer = true, .optional = true}},
     .run = forward,
     .reference = ref_forward},
    {.name = "backward",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << DY | 1 << ARGMAX,
     .outputs = {{.name = "dx", .accumulates = true}},
     .run = backward,
     .reference = ref_backward},
    {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_maxpool2d, CHECK_INT, name)
static const check_field fields[] = {
    FIELD(n),         FIELD(c),        FIELD(h),          FIELD(w),          FIELD(r),
    FIELD(s),         FIELD(pad_top),  FIELD(pad_left),   FIELD(pad_bottom), FIELD(pad_right),
    FIELD(stride_h),  FIELD(stride_w), FIELD(dilation_h), FIELD(dilation_w), FIELD(accumulate),
    FIELD(ceil_mode), {.name = NULL}};

/* In golden files a missing stride is 1; here it would be the window. */
static const check_attribute attributes[] = {
    {CHECK_PAIR_ATTRIBUTE("kernel", clcnn_maxpool2d, r, s), .required = true},
    {CHECK_PAIR_ATTRIBUTE("stride", clcnn_maxpool2d, stride_h, stride_w), .otherwise = "1,1"},
    {CHECK_PAIR_ATTRIBUTE("dilation", clcnn_maxpool2d, dilation_h, dilation_w)},
    {CHECK_PADS_ATTRIBUTE(clcnn_maxpool2d)},
    {.name = NULL}};

const check_op check_op_maxpool2d = {
    .name = "maxpool2d",
    .inputs = {{.name = "x"},
               {.name = "dy"},
               {.name = "argmax", .integer = true, .derived = true},
               {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = maxpool2d_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .derive = derive};
