/* How dense is run and what its reference expects. */
#include "weights.h"

static bool dense_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_dense *d = &desc->dense;
    const check_tensor_shape list[] = {{"x", 2, {d->n, d->c}},
                                       {"w", 2, {d->k, d->c}},
                                       {"b", 1, {d->k}},
                                       {"y", 2, {d->n, d->k}},
                                       {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_dense *d = &desc->dense;
    return check_take_sizes(&inputs[X], 2, (int *[]){&d->n, &d->c}) &&
           check_take_sizes(&inputs[W], 2, (int *[]){&d->k, NULL});
}

/* A dense layer is legal when it is legal as the convolution that it is. */
static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_dense *d = &desc->dense;
    const clcnn_conv2d conv = {.n = d->n,
                               .c = d->c,
                               .h = 1,
                               .w = 1,
                               .k = d->k,
                               .r = 1,
                               .s = 1,
                               .activation = d->activation,
                               .alpha = d->alpha};
    int p, q;
    return clcnn_conv2d_output(&conv, &p, &q, error);
}

static check_products products_of(const check_case *c)
{
    const clcnn_dense *d = &c->desc.dense;
    return (check_products){.y = d->c + 1.0, .dx = d->k, .dw = d->n, .db = d->n};
}

static void fill(check_case *c, check_random *random)
{
    check_fill_weights(c, products_of(c), random);
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    return clcnn_dense_plan(ctx, &desc->dense, direction, algo, max_workspace, result);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_dense_forward(a->ctx, &a->c->desc.dense, a->in[X], a->in[W], a->in[B], a->out[0],
                               a->plan);
}

static clcnn_status pack_forward(const check_call *a)
{
    return clcnn_dense_pack(a->ctx, &a->c->desc.dense, CLCNN_FORWARD, a->in[W], a->plan);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = products_of(c).y;
    return clcnn_ref_dense_forward(&c->desc.dense, c->in[X].f, c->in[W].f, c->in[B].f,
                                   e->out[0].value, e->out[0].mag);
}

static clcnn_status backward_data(const check_call *a)
{
    return clcnn_dense_backward_data(a->ctx, &a->c->desc.dense, a->in[DY], a->in[W], a->out[0],
                                     a->plan);
}

static clcnn_status pack_backward_data(const check_call *a)
{
    return clcnn_dense_pack(a->ctx, &a->c->desc.dense, CLCNN_BACKWARD_DATA, a->in[W], a->plan);
}

static clcnn_status ref_backward_data(const check_case *c, check_expected *e)
{
    e->out[0].n = products_of(c).dx;
    return clcnn_ref_dense_backward_data(&c->desc.dense, c->in[DY].f, c->in[W].f, e->out[0].value,
                                         e->out[0].mag);
}

static clcnn_status backward_weights(const check_call *a)
{
    return clcnn_dense_backward_weights(a->ctx, &a->c->desc.dense, a->in[X], a->in[DY], a->out[0],
                                        a->out[1], a->plan);
}

static clcnn_status ref_backward_weights(const check_case *c, check_expected *e)
{
    const check_products products = products_of(c);
    e->out[0].n = products.dw;
    e->out[1].n = products.db;
    return clcnn_ref_dense_backward_weights(&c->desc.dense, c->in[X].f, c->in[DY].f,
                                            e->out[0].value, e->out[1].value, e->out[0].mag,
                                            e->out[1].mag);
}

static const check_direction directions[] = {
    {CHECK_WEIGHTS_FORWARD(forward, ref_forward, pack_forward)},
    {CHECK_WEIGHTS_BACKWARD_DATA(backward_data, ref_backward_data, pack_backward_data)},
    {CHECK_WEIGHTS_BACKWARD_WEIGHTS(backward_weights, ref_backward_weights)},
    {.name = NULL}};

#define FIELD(name) CHECK_FIELD(clcnn_dense, CHECK_INT, name)
static const check_field fields[] = {FIELD(n),
                                     FIELD(c),
                                     FIELD(k),
                                     CHECK_FIELD(clcnn_dense, CHECK_ACTIVATION_KIND, activation),
                                     CHECK_FIELD(clcnn_dense, CHECK_DOUBLE, alpha),
                                     FIELD(accumulate),
                                     {.name = NULL}};

const check_op check_op_dense = {
    .name = "dense",
    .inputs = {{.name = "x"}, {.name = "w"}, {.name = "b"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .shape = dense_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .plan = plan};
