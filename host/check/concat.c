/* How concat is run, with three inputs or fewer, and what its reference expects. */
#include "common.h"

#include "internal.h"

#include <string.h>

enum { X0, X1, X2, DY };

static clcnn_concat concat_of(const check_desc *desc)
{
    const check_concat *d = &desc->concat;
    return (clcnn_concat){.n = d->n,
                          .h = d->h,
                          .w = d->w,
                          .inputs = d->inputs,
                          .channels = d->channels,
                          .accumulate = d->accumulate};
}

static bool concat_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    static const char *const parts[2][3] = {{"x0", "x1", "x2"}, {"dx0", "dx1", "dx2"}};
    const check_concat *d = &desc->concat;
    size_t channels = 0;
    *shape = (check_shape){4, {(size_t)d->n, 0, (size_t)d->h, (size_t)d->w}};
    for (int i = 0; i < 3; i++) {
        shape->size[1] = i < d->inputs ? (size_t)d->channels[i] : 0;
        if (strcmp(name, parts[0][i]) == 0 || strcmp(name, parts[1][i]) == 0)
            return true;
        channels += shape->size[1];
    }
    shape->size[1] = channels;
    return strcmp(name, "y") == 0 || strcmp(name, "dy") == 0;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    check_concat *d = &desc->concat;
    for (d->inputs = 0; d->inputs < 3 && inputs[d->inputs].rank == 4; d->inputs++)
        d->channels[d->inputs] = (int)inputs[d->inputs].size[1];
    d->n = (int)inputs[X0].size[0];
    d->h = (int)inputs[X0].size[2];
    d->w = (int)inputs[X0].size[3];
    return d->inputs > 0;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const check_concat *d = &desc->concat;
    bool good = d->inputs >= 1 && d->inputs <= 3 && d->n >= 1 && d->h >= 1 && d->w >= 1;
    for (int i = 0; good && i < d->inputs; i++)
        good = d->channels[i] >= 1;
    return good ? CLCNN_SUCCESS : CLCNN__INVALID(error, "a size is less than 1");
}

static void fill(check_case *c, check_random *random)
{
    static const char *const names[] = {"x0", "x1", "x2"};
    for (int i = 0; i < 3; i++) {
        if (i < c->desc.concat.inputs)
            check_fill(c, &c->in[i], 1, random);
        else
            check_case_drop(c, names[i]);
    }
    check_fill(c, &c->in[DY], 1, random);
}

static clcnn_status forward(const check_call *a)
{
    const clcnn_concat d = concat_of(&a->c->desc);
    return clcnn_concat_forward(a->ctx, &d, a->in, a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    const clcnn_concat d = concat_of(&c->desc);
    const float *const x[] = {c->in[X0].f, c->in[X1].f, c->in[X2].f};
    return clcnn_ref_concat_forward(&d, x, e->out[0].value);
}

static clcnn_status backward(const check_call *a)
{
    const clcnn_concat d = concat_of(&a->c->desc);
    return clcnn_concat_backward(a->ctx, &d, a->in[DY], a->out);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    const clcnn_concat d = concat_of(&c->desc);
    double *const dx[] = {e->out[0].value, e->out[1].value, e->out[2].value};
    double *const mag[] = {e->out[0].mag, e->out[1].mag, e->out[2].mag};
    return clcnn_ref_concat_backward(&d, c->in[DY].f, dx, mag);
}

static const check_direction directions[] = {
    {.name = "forward",
     .direction = CLCNN_FORWARD,
     .needs = 1 << X0,
     .takes = 1 << X1 | 1 << X2,
     .outputs = {{.name = "y"}},
     .run = forward,
     .reference = ref_forward},
    {.name = "backward",
     .direction = CLCNN_BACKWARD_DATA,
     .needs = 1 << DY,
     .outputs = {{.name = "dx0", .optional = true, .accumulates = true},
                 {.name = "dx1", .optional = true, .accumulates = true},
                 {.name = "dx2", .optional = true, .accumulates = true}},
     .run = backward,
     .reference = ref_backward},
    {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(check_concat, CHECK_INT, n),
                                     CHECK_FIELD(check_concat, CHECK_INT, h),
                                     CHECK_FIELD(check_concat, CHECK_INT, w),
                                     CHECK_FIELD(check_concat, CHECK_INT, inputs),
                                     {"c0", CHECK_INT, offsetof(check_concat, channels[0])},
                                     {"c1", CHECK_INT, offsetof(check_concat, channels[1])},
                                     {"c2", CHECK_INT, offsetof(check_concat, channels[2])},
                                     CHECK_FIELD(check_concat, CHECK_INT, accumulate),
                                     {.name = NULL}};

const check_op check_op_concat = {
    .name = "concat",
    .inputs = {{.name = "x0"}, {.name = "x1"}, {.name = "x2"}, {.name = "dy"}, {.name = NULL}},
    .directions = directions,
    .fields = fields,
    .shape = concat_shape,
    .sizes = sizes,
    .legal = legal,
    .fill = fill};
