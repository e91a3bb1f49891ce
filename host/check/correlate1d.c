/* How correlate1d is run and what its reference expects. */
#include "common.h"

enum { A, B };

static bool correlate1d_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    int size = 0;
    if (clcnn_correlate1d_output(&desc->correlate1d, &size, NULL) != CLCNN_SUCCESS)
        return false;
    const check_tensor_shape list[] = {{"a", 1, {desc->correlate1d.a}},
                                       {"b", 1, {desc->correlate1d.b}},
                                       {"y", 1, {size}},
                                       {.name = NULL}};
    return check_find_shape(list, name, shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    return check_take_sizes(&inputs[A], 1, (int *[]){&desc->correlate1d.a}) &&
           check_take_sizes(&inputs[B], 1, (int *[]){&desc->correlate1d.b});
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

static const check_field fields[] = {CHECK_FIELD(clcnn_correlate1d, CHECK_INT, a),
                                     CHECK_FIELD(clcnn_correlate1d, CHECK_INT, b),
                                     CHECK_FIELD(clcnn_correlate1d, CHECK_INT, mode),
                                     CHECK_FIELD(clcnn_correlate1d, CHECK_INT, convolve),
                                     {.name = NULL}};

static const check_attribute attributes[] = {{.name = "mode",
                                              .count = 1,
                                              .offset = {offsetof(clcnn_correlate1d, mode)},
                                              .low = CLCNN_VALID,
                                              .high = CLCNN_FULL},
                                             {CHECK_FLAG_ATTRIBUTE(clcnn_correlate1d, convolve)},
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
