/* How upsample2d is run and what its reference expects. */
#include "image.h"

static bool upsample2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_upsample2d *d = &desc->upsample2d;
    int p = 0, q = 0;
    if (clcnn_upsample2d_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const check_tensor_shape list[] = {
        {"x", 4, {d->n, d->c, d->h, d->w}}, {"y", 4, {d->n, d->c, p, q}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_upsample2d *d = &desc->upsample2d;
    return check_take_sizes(&inputs[X], 4, (int *[]){&d->n, &d->c, &d->h, &d->w});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int p, q;
    return clcnn_upsample2d_output(&desc->upsample2d, &p, &q, error);
}

/* The most outputs along an axis that one element has part in: those whose places lie within one
 * row's distance, before or behind for bilinear, and the ones at the ends. */
static double outputs(const clcnn_upsample2d *d, bool height)
{
    int p = 0, q = 0;
    clcnn_upsample2d_output(d, &p, &q, NULL);
    const int in = height ? d->h : d->w, out = height ? p : q;
    const double ratio = d->align_corners && in > 1 ? (out - 1.0) / (in - 1) : (double)out / in;
    const double most = d->kind == CLCNN_BILINEAR ? 2 * ratio + 2 : ratio + 1;
    return most < out && in > 1 ? most : out;
}

static void fill(check_case *c, check_random *random)
{
    const clcnn_upsample2d *d = &c->desc.upsample2d;
    const double summands = 16 * outputs(d, true) * outputs(d, false);
    check_fill(c, &c->in[X], summands, random);
    check_fill(c, &c->in[DY], summands, random);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_upsample2d_forward(a->ctx, &a->c->desc.upsample2d, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    const clcnn_upsample2d *d = &c->desc.upsample2d;
    e->out[0].n = d->kind == CLCNN_BILINEAR ? 4 + 17 : 1;
    return clcnn_ref_upsample2d_forward(d, c->in[X].f, e->out[0].value, e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_upsample2d_backward(a->ctx, &a->c->desc.upsample2d, a->in[DY], a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    const clcnn_upsample2d *d = &c->desc.upsample2d;
    e->out[0].n = outputs(d, true) * outputs(d, false) + (d->kind == CLCNN_BILINEAR ? 17 : 0);
    return clcnn_ref_upsample2d_backward(d, c->in[DY].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{CHECK_IMAGE_FORWARD(forward, ref_forward)},
                                             {CHECK_IMAGE_BACKWARD(backward, ref_backward)},
                                             {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_upsample2d, CHECK_INT, name)
static const check_field fields[] = {
    FIELD(n),          FIELD(c),       FIELD(h),       FIELD(w),    FIELD(p),
    FIELD(q),          FIELD(scale_h), FIELD(scale_w), FIELD(kind), FIELD(align_corners),
    FIELD(accumulate), {.name = NULL}};

const check_op check_op_upsample2d = {.name = "upsample2d",
                                      .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
                                      .directions = directions,
                                      .fields = fields,
                                      .shape = upsample2d_shape,
                                      .sizes = sizes,
                                      .legal = legal,
                                      .fill = fill};
