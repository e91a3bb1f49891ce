/* How correlate1d is run and what its reference expects. */
#include "check.h"

#include "internal.h"

#include <string.h>

enum { A, B };

static bool correlate1d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    int size = 0;
    if (clcnn_correlate1d_output(&desc->correlate1d, &size, NULL) != CLCNN_SUCCESS)
        return false;
    if (strcmp(name, "a") == 0)
        size = desc->correlate1d.a;
    else if (strcmp(name, "b") == 0)
        size = desc->correlate1d.b;
    else if (strcmp(name, "y") != 0)
        return false;
    *shape = (check_shape){1, {(size_t)size}};
    return true;
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    if (inputs[A].rank != 1 || inputs[B].rank != 1)
        return false;
    desc->correlate1d.a = (int)inputs[A].size[0];
    desc->correlate1d.b = (int)inputs[B].size[0];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    int size;
    return clcnn_correlate1d_output(&desc->correlate1d, &size, error);
}

static double summands(const clcnn_correlate1d *d)
{
    return d->a < d->b ? d->a : d->b;
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[A], summands(&c->desc.correlate1d), random);
    check_fill(c, &c->in[B], summands(&c->desc.correlate1d), random);
}

static clcnn_status forward(const check_call *a)
{
    return clcnn_correlate1d_forward(a->ctx, &a->c->desc.correlate1d, a->in[A], a->in[B],
                                     a->out[0]);
}

static clcnn_status ref_forward(const check_case *c, check_expected *e)
{
    e->out[0].n = summands(&c->desc.correlate1d);
    return clcnn_ref_correlate1d_forward(&c->desc.correlate1d, c->in[A].f, c->in[B].f,
                                         e->out[0].value, e->out[0].mag);
}

static const check_direction directions[] = {{.name = "forward",
                                              .direction = CLCNN_FORWARD,
                                              .needs = 1 << A | 1 << B,
                                              .outputs = {{.name = "y"}},
                                              .run = forward,
                                              .reference = ref_forward},
                                             {.name = NULL}};

_Static_assert(sizeof(clcnn_signal_mode) == sizeof(int), "the mode is shown as a number");

static const check_field fields[] = {{"a", CHECK_INT, offsetof(clcnn_correlate1d, a)},
                                     {"b", CHECK_INT, offsetof(clcnn_correlate1d, b)},
                                     {"mode", CHECK_INT, offsetof(clcnn_correlate1d, mode)},
                                     {"convolve", CHECK_INT, offsetof(clcnn_correlate1d, convolve)},
                                     {.name = NULL}};

static const check_attribute attributes[] = {{.name = "mode",
                                              .count = 1,
                                              .offset = {offsetof(clcnn_correlate1d, mode)},
                                              .low = CLCNN_VALID,
                                              .high = CLCNN_FULL},
                                             {.name = "convolve",
                                              .count = 1,
                                              .offset = {offsetof(clcnn_correlate1d, convolve)},
                                              .low = 0,
                                              .high = 1},
                                             {.name = NULL}};

const check_op check_op_correlate1d = {.name = "correlate1d",
                                       .inputs = {{.name = "a"}, {.name = "b"}, {.name = NULL}},
                                       .directions = directions,
                                       .fields = fields,
                                       .attributes = attributes,
                                       .shape = correlate1d_shape,
                                       .sizes = sizes,
                                       .legal = legal,
                                       .fill = fill};
