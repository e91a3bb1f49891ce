/* How im2col is run and what its reference expects. */
#include "common.h"

#include <string.h>

enum { X };

static bool im2col_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_im2col *d = &desc->im2col;
    int p = 0, q = 0;
    if (clcnn_im2col_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const size_t n = (size_t)d->n, c = (size_t)d->c, taps = (size_t)d->r * (size_t)d->s;
    if (!strcmp(name, "x"))
        *shape = (check_shape){4, {n, c, (size_t)d->h, (size_t)d->w}};
    else if (!strcmp(name, "y"))
        *shape = (check_shape){3, {n, c * taps, (size_t)p * (size_t)q}};
    else
        return false;
    return true;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_im2col *d = &desc->im2col;
    return check_take_sizes(&inputs[X], 4, (int *[]){&d->n, &d->c, &d->h, &d->w});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int p, q;
    return clcnn_im2col_output(&desc->im2col, &p, &q, error);
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[X], (double)c->desc.im2col.r * c->desc.im2col.s, random);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_im2col_forward(a->ctx, &a->c->desc.im2col, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    const clcnn_im2col *d = &c->desc.im2col;
    return clcnn_ref_im2col_forward(d, c->in[X].f, e->out[0].value);
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << X,
                                              .outputs = {{.name = "y"}},
                                              .run = forward,
                                              .reference = ref_forward},
                                             {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_im2col, CHECK_INT, name)
static const check_field fields[] = {
    FIELD(n),          FIELD(c),          FIELD(h),          FIELD(w),
    FIELD(r),          FIELD(s),          FIELD(pad_top),    FIELD(pad_left),
    FIELD(pad_bottom), FIELD(pad_right),  FIELD(stride_h),   FIELD(stride_w),
    FIELD(dilation_h), FIELD(dilation_w), FIELD(accumulate), {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_PAIR_ATTRIBUTE("kernel", clcnn_im2col, r, s), .required = true},
    {CHECK_PAIR_ATTRIBUTE("stride", clcnn_im2col, stride_h, stride_w)},
    {CHECK_PAIR_ATTRIBUTE("dilation", clcnn_im2col, dilation_h, dilation_w)},
    {CHECK_PADS_ATTRIBUTE(clcnn_im2col)},
    {.name = NULL}};

const check_op check_op_im2col = {.name = "im2col",
                                  .inputs = {{.name = "x"}, {.name = NULL}},
                                  .directions = directions,
                                  .fields = fields,
                                  .attributes = attributes,
                                  .shape = im2col_shape,
                                  .sizes = sizes,
                                  .legal = legal,
                                  .fill = fill};
