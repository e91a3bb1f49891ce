/* How add is run and what its reference expects. */
#include "common.h"

#include "internal.h"

#include <string.h>

enum { A, B, DY };

static size_t plane_of(const clcnn_add *d)
{
    return (size_t)(d->h ? d->h : 1) * (size_t)(d->w ? d->w : 1);
}

static bool add_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_add *d = &desc->add;
    const size_t n = (size_t)d->n, c = (size_t)d->c;
    const bool b = strcmp(name, "b") == 0 || strcmp(name, "db") == 0;
    if (!b && strcmp(name, "a") != 0 && strcmp(name, "y") != 0 && strcmp(name, "dy") != 0)
        return false;
    *shape = b && d->broadcast ? (check_shape){1, {c}} : (check_shape){3, {n, c, plane_of(d)}};
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_add *d = &desc->add;
    return d->n >= 1 && d->c >= 1 && d->h >= 0 && d->w >= 0
               ? CLCNN_SUCCESS
               : CLCNN__INVALID(error, "%d x %d x %d x %d", d->n, d->c, d->h, d->w);
}

static double summands(const clcnn_add *d)
{
    return d->broadcast ? d->n * (double)plane_of(d) : 1;
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[A], 1, random);
    check_fill_addend(c, &c->in[B], random);
    check_fill(c, &c->in[DY], summands(&c->desc.add), random);
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    (void)algo, (void)max_workspace; /* there is one way */
    return clcnn_add_plan(ctx, &desc->add, direction, result);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_add_forward(a->ctx, &a->c->desc.add, a->in[A], a->in[B], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = 2;
    return clcnn_ref_add_forward(&c->desc.add, c->in[A].f, c->in[B].f, e->out[0].value,
                                 e->out[0].mag);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_add_backward(a->ctx, &a->c->desc.add, a->in[DY], a->out[0], a->plan);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    e->out[0].n = summands(&c->desc.add);
    return clcnn_ref_add_backward(&c->desc.add, c->in[DY].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << A | 1 << B,
                                              .outputs = {{.name = "y", .in_place = "a"}},
                                              .run = forward,
                                              .reference = ref_forward},
                                             {.name = "backward",
                                              .direction = CLCNN_BACKWARD_DATA,
                                              .needs = 1 << DY,
                                              .outputs = {{.name = "db", .accumulates = true}},
                                              .run = backward,
                                              .reference = ref_backward},
                                             {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(clcnn_add, CHECK_INT, n),
                                     CHECK_FIELD(clcnn_add, CHECK_INT, c),
                                     CHECK_FIELD(clcnn_add, CHECK_INT, h),
                                     CHECK_FIELD(clcnn_add, CHECK_INT, w),
                                     CHECK_FIELD(clcnn_add, CHECK_INT, broadcast),
                                     CHECK_FIELD(clcnn_add, CHECK_ACTIVATION_KIND, activation),
                                     CHECK_FIELD(clcnn_add, CHECK_DOUBLE, alpha),
                                     CHECK_FIELD(clcnn_add, CHECK_INT, accumulate),
                                     {.name = NULL}};

const check_op check_op_add = {
    .name = "add",
    .inputs = {{.name = "a"}, {.name = "b"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .shape = add_shape,
    .legal = legal,
    .fill = fill,
    .plan = plan};
