/* How l2 is run and what its reference expects. */
#include "common.h"

#include "internal.h"

enum { W };

static bool l2_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const check_tensor_shape list[] = {
        {"w", 1, {desc->l2.count}}, {"loss", 1, {1}}, {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    return check_take_sizes(&inputs[W], 1, (int *[]){&desc->l2.count});
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    return desc->l2.count < 1 ? CLCNN__INVALID(error, "%d elements", desc->l2.count)
                              : CLCNN_SUCCESS;
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[W], 1, random);
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    (void)direction, (void)algo, (void)max_workspace; /* there is one way */
    return clcnn_l2_plan(ctx, &desc->l2, result);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_l2_forward(a->ctx, &a->c->desc.l2, a->in[W], a->out[0], a->plan);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = c->desc.l2.count;
    return clcnn_ref_l2_forward(&c->desc.l2, c->in[W].f, e->out[0].value, e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_l2_backward(a->ctx, &a->c->desc.l2, a->in[W], a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    return clcnn_ref_l2_backward(&c->desc.l2, c->in[W].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << W,
                                              .outputs = {{.name = "loss"}},
                                              .run = forward,
                                              .reference = ref_forward},
                                             {.name = "backward",
                                              .direction = CLCNN_BACKWARD_DATA,
                                              .needs = 1 << W,
                                              .outputs = {{.name = "dw", .accumulates = true}},
                                              .run = backward,
                                              .reference = ref_backward},
                                             {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(clcnn_l2, CHECK_INT, count),
                                     CHECK_FIELD(clcnn_l2, CHECK_DOUBLE, lambda),
                                     CHECK_FIELD(clcnn_l2, CHECK_INT, accumulate),
                                     {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_REAL_ATTRIBUTE(clcnn_l2, lambda, 0, 1e30), .required = true}, {.name = NULL}};

const check_op check_op_l2 = {.name = "l2",
                              .inputs = {{.name = "w"}, {.name = NULL}},
                              .directions = directions,
                              .fields = fields,
                              .attributes = attributes,
                              .shape = l2_shape,
                              .sizes = sizes,
                              .legal = legal,
                              .fill = fill,
                              .plan = plan};
