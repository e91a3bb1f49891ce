/* How mse is run and what its reference expects. */
#include "common.h"

#include "internal.h"

enum { X, TARGET };

static bool mse_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const int count = desc->mse.count;
    const check_tensor_shape list[] = {
        {"x", 1, {count}}, {"target", 1, {count}}, {"loss", 1, {1}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    return check_take_sizes(&inputs[X], 1, (int *[]){&desc->mse.count});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    return desc->mse.count < 1 ? CLCNN__INVALID(error, "%d elements", desc->mse.count)
                               : CLCNN_SUCCESS;
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[X], 1, random);
    check_fill(c, &c->in[TARGET], 1, random);
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    (void)direction, (void)algo, (void)max_workspace; /* there is one way */
    return clcnn_mse_plan(ctx, &desc->mse, result);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_mse_forward(a->ctx, &a->c->desc.mse, a->in[X], a->in[TARGET], a->out[0], a->plan);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = c->desc.mse.count;
    return clcnn_ref_mse_forward(&c->desc.mse, c->in[X].f, c->in[TARGET].f, e->out[0].value,
                                 e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_mse_backward(a->ctx, &a->c->desc.mse, a->in[X], a->in[TARGET], a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    return clcnn_ref_mse_backward(&c->desc.mse, c->in[X].f, c->in[TARGET].f, e->out[0].value,
                                  e->out[0].mag);
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << X | 1 << TARGET,
                                              .outputs = {{.name = "loss"}},
                                              .run = forward,
                                              .reference = ref_forward},
                                             {.name = "backward",
                                              .direction = CLCNN_BACKWARD_DATA,
                                              .needs = 1 << X | 1 << TARGET,
                                              .outputs = {{.name = "dx", .accumulates = true}},
                                              .run = backward,
                                              .reference = ref_backward},
                                             {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(clcnn_mse, CHECK_INT, count),
                                     CHECK_FIELD(clcnn_mse, CHECK_INT, accumulate),
                                     {.name = NULL}};

const check_op check_op_mse = {.name = "mse",
                               .inputs = {{.name = "x"}, {.name = "target"}, {.name = NULL}},
                               .directions = directions,
                               .fields = fields,
                               .shape = mse_shape,
                               .sizes = sizes,
                               .legal = legal,
                               .fill = fill,
                               .plan = plan};
