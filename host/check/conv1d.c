/* How conv1d is run and what its reference expects. */
#include "weights.h"

static bool conv1d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_conv1d *d = &desc->conv1d;
    int q = 0;
    if (clcnn_conv1d_output(d, &q, NULL) != CLCNN_SUCCESS)
        return false;
    const check_tensor_shape list[] = {{"x", 3, {d->n, d->c, d->w}},
                                       {"w", 3, {d->k, d->c / check_or_one(d->groups), d->s}},
                                       {"b", 1, {d->k}},
                                       {"y", 3, {d->n, d->k, q}},
                                       {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_conv1d *d = &desc->conv1d;
    return check_take_sizes(&inputs[X], 3, (int *[]){&d->n, &d->c, &d->w}) &&
           check_take_sizes(&inputs[W], 3, (int *[]){&d->k, NULL, &d->s});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int q;
    return clcnn_conv1d_output(&desc->conv1d, &q, error);
}

static check_products products_of(const check_case *c)
{
    const clcnn_conv1d *d = &c->desc.conv1d;
    const double taps = (double)d->s, groups = check_or_one(d->groups);
    int q = 0;
    clcnn_conv1d_output(d, &q, NULL);
    const double outputs = (double)d->n * q;
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
    return clcnn_conv1d_plan(ctx, &desc->conv1d, direction, algo, max_workspace, result);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_conv1d_forward(a->ctx, &a->c->desc.conv1d, a->in[X], a->in[W], a->in[B], a->out[0],
                                a->plan);
}

static clcnn_status pack_forward(const check_call *a)
{
    return clcnn_conv1d_pack(a->ctx, &a->c->desc.conv1d, CLCNN_FORWARD, a->in[W], a->plan);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = products_of(c).y;
    return clcnn_ref_conv1d_forward(&c->desc.conv1d, c->in[X].f, c->in[W].f, c->in[B].f,
                                    e->out[0].value, e->out[0].mag);
}

static clcnn_status backward_data(const check_call *a)
{
    return clcnn_conv1d_backward_data(a->ctx, &a->c->desc.conv1d, a->in[DY], a->in[W], a->out[0],
                                      a->plan);
}

static clcnn_status pack_backward_data(const check_call *a)
{
    return clcnn_conv1d_pack(a->ctx, &a->c->desc.conv1d, CLCNN_BACKWARD_DATA, a->in[W], a->plan);
}

static clcnn_status ref_backward_data(const check_case *c, check_expected *e)
{
    e->out[0].n = products_of(c).dx;
    return clcnn_ref_conv1d_backward_data(&c->desc.conv1d, c->in[DY].f, c->in[W].f, e->out[0].value,
                                          e->out[0].mag);
}

static clcnn_status backward_weights(const check_call *a)
{
    return clcnn_conv1d_backward_weights(a->ctx, &a->c->desc.conv1d, a->in[X], a->in[DY], a->out[0],
                                         a->out[1], a->plan);
}

static clcnn_status ref_backward_weights(const check_case *c, check_expected *e)
{
    const check_products products = products_of(c);
    e->out[0].n = products.dw;
    e->out[1].n = products.db;
    return clcnn_ref_conv1d_backward_weights(&c->desc.conv1d, c->in[X].f, c->in[DY].f,
                                             e->out[0].value, e->out[1].value, e->out[0].mag,
                                             e->out[1].mag);
}

static const check_direction directions[] = {
    {CHECK_WEIGHTS_FORWARD(forward, ref_forward, pack_forward)},
    {CHECK_WEIGHTS_BACKWARD_DATA(backward_data, ref_backward_data, pack_backward_data)},
    {CHECK_WEIGHTS_BACKWARD_WEIGHTS(backward_weights, ref_backward_weights)},
    {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_conv1d, CHECK_INT, name)
static const check_field fields[] = {FIELD(n),
                                     FIELD(c),
                                     FIELD(w),
                                     FIELD(k),
                                     FIELD(s),
                                     FIELD(pad_left),
                                     FIELD(pad_right),
                                     FIELD(stride),
                                     FIELD(dilation),
                                     FIELD(groups),
                                     CHECK_FIELD(clcnn_conv1d, CHECK_ACTIVATION_KIND, activation),
                                     CHECK_FIELD(clcnn_conv1d, CHECK_DOUBLE, alpha),
                                     FIELD(accumulate),
                                     {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_INT_ATTRIBUTE(clcnn_conv1d, stride, 1)},
    {CHECK_INT_ATTRIBUTE(clcnn_conv1d, dilation, 1)},
    {CHECK_INT_ATTRIBUTE(clcnn_conv1d, groups, 1)},
    {.name = "pad",
     .count = 2,
     .offset = {offsetof(clcnn_conv1d, pad_left), offsetof(clcnn_conv1d, pad_right)},
     .low = 0,
     .high = INT32_MAX},
    {.name = NULL}};

const check_op check_op_conv1d = {
    .name = "conv1d",
    .inputs = {{.name = "x"}, {.name = "w"}, {.name = "b"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = conv1d_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .plan = plan};
