/* How slice is run and what its reference expects. */
#include "check.h"

#include "internal.h"

#include <string.h>

enum { X, DY };

static bool slice_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    const clcnn_slice *d = &desc->slice;
    const bool whole = !strcmp(name, "x") || !strcmp(name, "dx");
    const size_t channels = (size_t)(whole ? d->c : d->count);
    *shape = (check_shape){4, {(size_t)d->n, channels, (size_t)d->h, (size_t)d->w}};
    return whole || !strcmp(name, "y") || !strcmp(name, "dy");
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    clcnn_slice *d = &desc->slice;
    if (inputs[X].rank != 4)
        return false;
    d->n = (int)inputs[X].size[0], d->c = (int)inputs[X].size[1];
    d->h = (int)inputs[X].size[2], d->w = (int)inputs[X].size[3];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const clcnn_slice *d = &desc->slice;
    if (d->n < 1 || d->h < 1 || d->w < 1 || d->begin < 0 || d->count < 1 || d->count > d->c ||
        d->begin > d->c - d->count)
        return CLCNN__INVALID(error, "%d channels from %d of %d", d->count, d->begin, d->c);
    return CLCNN_SUCCESS;
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[X], 1, random);
    check_fill(c, &c->in[DY], 1, random);
}

static bool accumulate(const check_desc *desc)
{
    return desc->slice.accumulate;
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_slice_forward(a->ctx, &a->c->desc.slice, a->in[X], a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    return clcnn_ref_slice_forward(&c->desc.slice, c->in[X].f, e->out[0].value);
}

static clcnn_status backward(const check_call *a)
{
    return clcnn_slice_backward(a->ctx, &a->c->desc.slice, a->in[DY], a->out[0]);
}

static clcnn_status ref_backward(const check_case *c, check_expected *e)
{
    return clcnn_ref_slice_backward(&c->desc.slice, c->in[DY].f, e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << X,
                                              .outputs = {{.name = "y"}},
                                              .run = forward,
                                              .reference = ref_forward},
                                             {.name = "backward",
                                              .direction = CLCNN_BACKWARD_DATA,
                                              .needs = 1 << DY,
                                              .outputs = {{.name = "dx", .accumulates = true}},
                                              .run = backward,
                                              .reference = ref_backward},
                                             {.name = NULL}};

static const check_field fields[] = {{"n", CHECK_INT, offsetof(clcnn_slice, n)},
                                     {"c", CHECK_INT, offsetof(clcnn_slice, c)},
                                     {"h", CHECK_INT, offsetof(clcnn_slice, h)},
                                     {"w", CHECK_INT, offsetof(clcnn_slice, w)},
                                     {"begin", CHECK_INT, offsetof(clcnn_slice, begin)},
                                     {"count", CHECK_INT, offsetof(clcnn_slice, count)},
                                     {"accumulate", CHECK_INT, offsetof(clcnn_slice, accumulate)},
                                     {.name = NULL}};

static const check_attribute attributes[] = {{.name = "begin",
                                              .count = 1,
                                              .offset = {offsetof(clcnn_slice, begin)},
                                              .low = 0,
                                              .high = INT32_MAX,
                                              .required = true},
                                             {.name = "count",
                                              .count = 1,
                                              .offset = {offsetof(clcnn_slice, count)},
                                              .low = 1,
                                              .high = INT32_MAX,
                                              .required = true},
                                             {.name = NULL}};

const check_op check_op_slice = {.name = "slice",
                                 .inputs = {{.name = "x"}, {.name = "dy"}, {.name = NULL}},
                                 .directions = directions,
                                 .fields = fields,
                                 .attributes = attributes,
                                 .shape = slice_shape,
                                 .sizes = sizes,
                                 .legal = legal,
                                 .fill = fill,
                                 .accumulate = accumulate};
