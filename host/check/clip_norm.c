/*
 * How clip_norm is run and what its reference expects. It works in place on the optimiser's block,
 * of which it reads the first float and writes the second.
 */
#include "optimiser.h"

#include <string.h>

enum { GRAD, TABLE, BLOCK };
enum { CLIP = 1 }; /* in the block */

static bool clip_norm_shape(const check_desc *desc, const char *name, check_shape *shape)
{
    static const char *const names[] = {"grad", NULL};
    if (strcmp(name, "norm") == 0) {
        *shape = (check_shape){1, {1}};
        return true;
    }
    if (strcmp(name, "new_block") == 0)
        name = "block";
    return check_optimiser_shape(names, desc->clip_norm.count, desc->clip_norm.segments, name,
                                 shape);
}

static bool sizes(check_desc *desc, const check_shape *inputs)
{
    desc->clip_norm.count = (int)inputs[GRAD].size[0];
    return true;
}

static clcnn_status legal(const check_desc *desc, clcnn_error *error)
{
    return check_optimiser_legal(desc->clip_norm.count, desc->clip_norm.segments, error);
}

static void fill(check_case *c, check_random *random)
{
    check_fill(c, &c->in[GRAD], 1, random);
    for (size_t i = 0; i < c->in[BLOCK].count; i++)
        c->in[BLOCK].f[i] = (float)(0.5 + check_random_real(random));
    check_fill_table(c, c->desc.clip_norm.count, c->desc.clip_norm.segments);
}

static clcnn_status plan(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *result)
{
    (void)direction, (void)algo, (void)max_workspace; /* there is one way */
    return clcnn_clip_norm_plan(ctx, &desc->clip_norm, result);
}

static clcnn_status apply(const check_call *a)
{
    return clcnn_clip_norm_apply(a->ctx, &a->c->desc.clip_norm, a->in[GRAD], a->in[TABLE],
                                 a->out[0], a->out[1], a->plan);
}

static clcnn_status ref_apply(const check_case *c, check_expected *e)
{
    for (size_t i = 0; i < e->out[1].count; i++)
        e->out[1].value[i] = c->in[BLOCK].f[i];
    return clcnn_ref_clip_norm_apply(&c->desc.clip_norm, c->in[GRAD].f,
                                     (const clcnn_segment *)(const void *)c->in[TABLE].i,
                                     c->in[BLOCK].f, e->out[0].value, e->out[1].value + CLIP,
                                     e->out[0].mag, e->out[1].mag + CLIP);
}

static const check_direction directions[] = {
    {.name = "apply",
     .direction = CLCNN_FORWARD,
     .needs = 1 << GRAD | 1 << BLOCK,
     .takes = 1 << TABLE,
     .outputs = {{.name = "norm", .optional = true},
                 {.name = "new_block", .in_place = "block", .always_in_place = true}},
     .run = apply,
     .reference = ref_apply},
    {.name = NULL}};

static const check_field fields[] = {CHECK_FIELD(clcnn_clip_norm, CHECK_INT, count),
                                     CHECK_FIELD(clcnn_clip_norm, CHECK_DOUBLE, max_norm),
                                     CHECK_FIELD(clcnn_clip_norm, CHECK_INT, segments),
                                     {.name = NULL}};

static const check_attribute attributes[] = {
    {CHECK_REAL_ATTRIBUTE(clcnn_clip_norm, max_norm, 0x1p-126, 0x1.fffffep127), .required = true},
    {.name = NULL}};

const check_op check_op_clip_norm = {.name = "clip_norm",
                                     .inputs = {{.name = "grad"},
                                                {.name = "table", .integer = true, .derived = true},
                                                {.name = "block"},
                                                {.name = NULL}},
                                     .directions = directions,
                                     .fields = fields,
                                     .attributes = attributes,
                                     .shape = clip_norm_shape,
                                     .sizes = sizes,
                                     .legal = legal,
                                     .fill = fill,
                                     .plan = plan};
