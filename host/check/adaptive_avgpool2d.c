/* How adaptive_avgpool2d is run and what its reference expects. */
#include "image.h"

#include "internal.h"

static bool adaptive_avgpool2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_adaptive_avgpool2d *d = &desc->adaptive_avgpool2d;
    const check_tensor_shape list[] = {
        {"x", 4, {d->n, d->c, d->h, d->w}}, {"y", 4, {d->n, d->c, d->p, d->q}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_adaptive_avgpool2d *d = &desc->adaptive_avgpool2d;
    return check_take_sizes(&inputs[X], 4, (int *[]){&d->n, &d->c, &d->h, &d->w});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_adaptive_avgpool2d *d = &desc->adaptive_avgpool2d;
    const bool good = d->n >= 1 && d->c >= 1 && d->h >= 1 && d->w >= 1 && d->p >= 1 && d->q >= 1;
    return good ? CLCNN_SUCCESS : CLCNN__INVALID(error, "a size is less than 1");
}

/* The longest of `count` windows over `size` elements: where the one does not divide the other, a
 * window may begin and end within an element's share. */
static double longest(int size, int count)
{
    return size % count == 0 ? size / count : size / count + 2.0;
}

static void fill(check_case *c, check_random *random)
{
    const clcnn_adaptive_avgpool2d *d = &c->desc.adaptive_avgpool2d;
    const double in = longest(d->h, d->p) * longest(d->w, d->q);
    const double out = longest(d->p, d->h) * longest(d->q, d->w);
    const double summands = in > out ? in : out;
    check_fill(c, &c->in[X], summands, random);
    check_fill(c, &c->in[DY], summands, random);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_adaptive_avgpool2d_forward(a->ctx, &a->c->desc.adaptive_avgpool2d, a->in[X],
                                            a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    const clcnn_adaptive_avgpool2d *d = &c->desc.adaptive_avgpool2d;
    e->out[0].n = longest(d->h, d->p) * longest(d->w, d->q) + 3;
    return clcnn_ref_adaptive_avgpool2d_forward(d, c->in[X].f, e->out[0].value, e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_adaptive_avgpool2d_backward(a->ctx, &a->c->desc.adaptive_avgpool2d, a->in[DY],
                                             a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    const clcnn_adaptive_avgpool2d *d = &c->desc.adaptive_avgpool2d;
    e->out[0].n = longest(d->p, d->h) * longest(d->q, d->w) + 3;
    return clcnn_ref_adaptive_avgpool2d_backward(d, c->in[DY].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{CHECK_IMAGE_FORWARD(forward, ref_forward)},
                                             {CHECK_IMAGE_BACKWARD(backward, ref_backward)},
                                             {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_adaptive_avgpool2d, CHECK_INT, name)
static const check_field fields[] = {FIELD(n), FIELD(c), FIELD(h),          FIELD(w),
                                     FIELD(p), FIELD(q), FIELD(accumulate), {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_PAIR_ATTRIBUTE("size", clcnn_adaptive_avgpool2d, p, q), .required = true},
    {.name = NULL}};

const check_op check_op_adaptive_avgpool2d = {
    .name = "adaptive_avgpool2d",
    .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = adaptive_avgpool2d_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill};
