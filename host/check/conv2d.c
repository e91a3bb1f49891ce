/* How conv2d is run and what its reference expects. */
#include "weights.h"

static bool conv2d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_conv2d *d = &desc->conv2d;
    int p = 0, q = 0;
    if (clcnn_conv2d_output(d, &p, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const check_tensor_shape list[] = {{"x", 4, {d->n, d->c, d->h, d->w}},
                                       {"w", 4, {d->k, d->c / check_or_one(d->groups), d->r, d->s}},
                                       {"b", 1, {d->k}},
                                       {"y", 4, {d->n, d->k, p, q}},
                                       {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_conv2d *d = &desc->conv2d;
    return check_take_sizes(&inputs[X], 4, (int *[]){&d->n, &d->c, &d->h, &d->w}) &&
           check_take_sizes(&inputs[W], 4, (int *[]){&d->k, NULL, &d->r, &d->s});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int p, q;
    return clcnn_conv2d_output(&desc->conv2d, &p, &q, error);
}

static check_products products_of(const check_case *c)
{
    const clcnn_conv2d *d = &c->desc.conv2d;
    const double taps = (double)d->r * d->s, groups = check_or_one(d->groups);
    int p = 0, q = 0;
    clcnn_conv2d_output(d, &p, &q, NULL);
    const double outputs = (double)d->n * p * q;
    return (check_products){
        .y = d->c / groups * taps + 1, .dx = d->k / groups * taps, .dw = outputs, .db = outputs};
}

static void fill(check_case *c, check_random *random)
{
    check_fill_weights(c, products_of(c), random);
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
    e->out[0].n = products_of(c).y;
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
    e->out[0].n = products_of(c).dx;
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
    const check_products products = products_of(c);
    e->out[0].n = products.dw;
    e->out[1].n = products.db;
    return clcnn_ref_conv2d_backward_weights(&c->desc.conv2d, c->in[X].f, c->in[DY].f,
                                             e->out[0].value, e->out[1].value, e->out[0].mag,
                                             e->out[1].mag);
}

static const check_direction directions[] = {
    {CHECK_WEIGHTS_FORWARD(forward, ref_forward, pack_forward)},
    {CHECK_WEIGHTS_BACKWARD_DATA(backward_data, ref_backward_data, pack_backward_data)},
    {CHECK_WEIGHTS_BACKWARD_WEIGHTS(backward_weights, ref_backward_weights)},
    {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_conv2d, CHECK_INT, name)
static const check_field fields[] = {FIELD(n),
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
                                     CHECK_FIELD(clcnn_conv2d, CHECK_ACTIVATION_KIND, activation),
                                     CHECK_FIELD(clcnn_conv2d, CHECK_DOUBLE, alpha),
                                     FIELD(accumulate),
                                     FIELD(dot_only),
                                     {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_PAIR_ATTRIBUTE("stride", clcnn_conv2d, stride_h, stride_w)},
    {CHECK_PAIR_ATTRIBUTE("dilation", clcnn_conv2d, dilation_h, dilation_w)},
    {CHECK_INT_ATTRIBUTE(clcnn_conv2d, groups, 1)},
    {CHECK_PADS_ATTRIBUTE(clcnn_conv2d)},
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
    .plan = plan};
