/* How uniform is run and what its reference expects. */
#include "common.h"

#include "internal.h"

#include <string.h>

static bool uniform_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    *shape = (check_shape){1, {(size_t)desc->uniform.count}};
    return strcmp(name, "y") == 0;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    const int count = desc->uniform.count;
    return count >= 0 ? CLCNN_SUCCESS : CLCNN__INVALID(error, "count is %d", count);
}

static clcnn_status run_fill(const check_call *a)
{
    return clcnn_uniform_fill(a->ctx, &a->c->desc.uniform, a->out[0]);
}

static clcnn_status ref_fill(const check_case *c, check_expected *e)
{
    e->out[0].n = 1;
    return clcnn_ref_uniform_fill(&c->desc.uniform, e->out[0].value);
}

static const check_direction directions[] = {{.name = "fill",
                                              .direction = CLCNN_FORWARD,
                                              .outputs = {{.name = "y"}},
                                              .run = run_fill,
                                              .reference = ref_fill},
                                             {.name = NULL}};

static const check_field fields[] = {
    CHECK_FIELD(clcnn_uniform, CHECK_INT, count),   CHECK_FIELD(clcnn_uniform, CHECK_INT64, seed),
    CHECK_FIELD(clcnn_uniform, CHECK_INT, stream),  CHECK_FIELD(clcnn_uniform, CHECK_DOUBLE, low),
    CHECK_FIELD(clcnn_uniform, CHECK_DOUBLE, high), {.name = NULL}};

const check_op check_op_uniform = {.name = "uniform",
                                   .inputs = {{.name = NULL}},
                                   .directions = directions,
                                   .fields = fields,
                                   .shape = uniform_shape,
                                   .flat = true,
                                   .legal = legal};
