/* How col2im is run and what its reference expects. */
#include "common.h"

#include <string.h>

enum { X };

static bool col2im_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_im2col *d = &desc->im2col;
    int p = 0, q = 0;
    if (clcnn_im2col_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const size_t n = (size_t)d->n, c = (size_t)d->c, taps = (size_t)d->r * (size_t)d->s;
    if (!strcmp(name, "y"))
        *shape = (check_shape){4, {n, c, (size_t)d->h, (size_t)d->w}};
    else if (!strcmp(name, "x"))
        *shape = (check_shape){3, {n, c * taps, (size_t)p * (size_t)q}};
    else
        return false;
    return true;
}

/* The image's height and width are attributes; its channels follow from the matrix. */
static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_im2col *d = &desc->im2col;
    const check_shape *x = &inputs[X];
    const int64_t taps = (int64_t)d->r * d->s;
    if (x->rank != 3 || (int64_t)x->size[1] % taps != 0)
        return false;
    d->n = (int)x->size[0];
    d->c = (int)((int64_t)x->size[1] / taps);
    return true;
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

/* The most taps on one element of an axis: of every `period` neighbouring taps one. */
static double overlap(int window, int stride, int dilation)
{
    int period = stride ? stride : 1, rest = dilation ? dilation : 1;
    const int whole = period;
    while (rest) { /* the greatest common divisor */
        const int next = period % rest;
        period = rest;
        rest = next;
    }
    const int distance = whole / period;
    return ((double)window + distance - 1) / distance;
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_col2im_forward(a->ctx, &a->c->desc.im2col, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    const clcnn_im2col *d = &c->desc.im2col;
    e->out[0].n =
        overlap(d->r, d->stride_h, d->dilation_h) * overlap(d->s, d->stride_w, d->dilation_w);
    return clcnn_ref_col2im_forward(d, c->in[X].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << X,
                                              .outputs = {{.name = "y", .accumulates = true}},
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
    {CHECK_PAIR_ATTRIBUTE("size", clcnn_im2col, h, w), .required = true},
    {CHECK_PADS_ATTRIBUTE(clcnn_im2col)},
    {.name = NULL}};

const check_op check_op_col2im = {.name = "col2im",
                                  .inputs = {{.name = "x"}, {.name = NULL}},
                                  .directions = directions,
                                  .fields = fields,
                                  .attributes = attributes,
                                  .shape = col2im_shape,
                                  .sizes = sizes,
                                  .legal = legal,
                                  .fill = fill};
