/* How dropout is run and what its reference expects. Each direction prepares the block first. */
#include "common.h"

#include "internal.h"

#include <string.h>

enum { X, DY };

static bool dropout_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const bool block = strcmp(name, "block") == 0;
    *shape = (check_shape){1, {block ? CLCNN_DROPOUT_BLOCK : (size_t)desc->dropout.count}};
    return block || strlen(name) <= 2; /* x, y, dx, dy */
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const int count = desc->dropout.count;
    return count >= 0 ? CLCNN_SUCCESS : CLCNN__INVALID(error, "count is %d", count);
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[X], 1, random);
    check_fill(c, &c->in[DY], 1, random);
}

static clcnn_status forward(const check_call *a)
{
    const clcnn_dropout *d = &a->c->desc.dropout;
    const clcnn_status status = clcnn_dropout_prepare(a->ctx, d, a->out[1]);
    return status == CLCNN_SUCCESS
               ? clcnn_dropout_forward(a->ctx, d, a->in[X], a->out[1], a->out[0])
               : status;
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = 1;
    return clcnn_ref_dropout_forward(&c->desc.dropout, c->in[X].f, e->out[0].value, e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    const clcnn_dropout *d = &a->c->desc.dropout;
    const clcnn_status status = clcnn_dropout_prepare(a->ctx, d, a->out[1]);
    return status == CLCNN_SUCCESS
               ? clcnn_dropout_backward(a->ctx, d, a->in[DY], a->out[1], a->out[0])
               : status;
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    e->out[0].n = 1;
    return clcnn_ref_dropout_backward(&c->desc.dropout, c->in[DY].f, e->out[0].value,
                                      e->out[0].mag);
}

static const check_direction directions[] = {
    {.name = "forward",
     .direction = CLCNN_FORWARD,
     .needs = 1 << X,
     .outputs = {{.name = "y", .in_place = "x"}, {.name = "block", .scratch = true}},
     .run = forward,
     .reference = ref_forward},
    {.name = "backward",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << DY,
     .outputs = {{.name = "dx", .in_place = "dy"}, {.name = "block", .scratch = true}},
     .run = backward,
     .reference = ref_backward},
    {.name = NULL}};

static const check_field fields[] = {
    CHECK_FIELD(clcnn_dropout, CHECK_INT, count),  CHECK_FIELD(clcnn_dropout, CHECK_DOUBLE, drop),
    CHECK_FIELD(clcnn_dropout, CHECK_INT, stream), CHECK_FIELD(clcnn_dropout, CHECK_INT64, seed),
    CHECK_FIELD(clcnn_dropout, CHECK_INT64, step), {.name = NULL}};

const check_op check_op_dropout = {.name = "dropout",
                                   .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
                                   .directions = directions,
                                   .fields = fields,
                                   .shape = dropout_shape,
                                   .flat = true,
                                   .legal = legal,
                                   .fill = fill};
