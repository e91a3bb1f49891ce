/* How dense is run and what its reference expects. */
#include "check.h"

#include <string.h>

enum { X, W, B, DY };

static bool dense_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const size_t n = (size_t)desc->dense.n, c = (size_t)desc->dense.c, k = (size_t)desc->dense.k;
    if (!strcmp(name, "x") || !strcmp(name, "dx"))
        *shape = (check_shape){2, {n, c}};
    else if (!strcmp(name, "w") || !strcmp(name, "dw"))
        *shape = (check_shape){2, {k, c}};
    else if (!strcmp(name, "b") || !strcmp(name, "db"))
        *shape = (check_shape){1, {k}};
    else if (!strcmp(name, "y") || !strcmp(name, "dy"))
        *shape = (check_shape){2, {n, k}};
    else
        return false;
    return true;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    if (inputs[X].rank != 2 || inputs[W].rank != 2)
        return false;
    desc->dense.n = (int)inputs[X].size[0];
    desc->dense.c = (int)inputs[X].size[1];
    desc->dense.k = (int)inputs[W].size[0];
    return true;
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

static void fill(check_case *c, check_random *random)
{
    const clcnn_dense *d = &c->desc.dense;
    const int inner = d->c > d->k ? d->c : d->k;
    const double most = inner > d->n ? inner : d->n;
    check_fill(c, &c->in[X], most, random);
    check_fill(c, &c->in[W], most, random);
    check_fill(c, &c->in[DY], most, random);
    check_fill_addend(c, &c->in[B], random);
}

static bool accumulate(const check_desc *desc)
{
    return desc->dense.accumulate != 0;
}

static bool rounds(const check_desc *desc, clcnn_direction direction)
{
    return direction == CLCNN_FORWARD && desc->dense.activation > CLCNN_RELU;
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
    e->out[0].n = c->desc.dense.c + 1.0;
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
    e->out[0].n = c->desc.dense.k;
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
    e->out[0].n = e->out[1].n = c->desc.dense.n;
    return clcnn_ref_dense_backward_weights(&c->desc.dense, c->in[X].f, c->in[DY].f,
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
#name, CHECK_INT, offsetof(clcnn_dense, name)                                              \
    }
static const check_field fields[] = {
    FIELD(n),
    FIELD(c),
    FIELD(k),
    {"activation", CHECK_ACTIVATION_KIND, offsetof(clcnn_dense, activation)},
    {"alpha", CHECK_DOUBLE, offsetof(clcnn_dense, alpha)},
    FIELD(accumulate),
    {.name = NULL}};

static const check_attribute attributes[] = {{.name = NULL}};

const check_op check_op_dense = {
    .name = "dense",
    .inputs = {{.name = "x"}, {.name = "w"}, {.name = "b"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .attributes = attributes,
    .shape = dense_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill,
    .accumulate = accumulate,
    .rounds = rounds,
    .plan = plan};
