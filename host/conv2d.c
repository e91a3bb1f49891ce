/*
 * conv2d: the public calls. They check the descriptor and the tensors, choose an algorithm from the
 * table below, and let it enqueue its kernels.
 */
#include "conv2d.h"

#include <stdio.h>
#include <string.h>

/* Winograd's constant is twice the largest that was found, 66, where a result is a single product
 * of numbers near +-1; with 16 and more products a plain sum's term covers nearly all. By a
 * first-order analysis of the transforms no input takes one channel beyond 1,350. */
const clcnn_algo clcnn__conv2d_algos[] = {
    {"depthwise", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {"winograd", {{CLCNN_NORMWISE_DOT, 128}, {CLCNN_NORMWISE_DOT, 128}, {CLCNN_NORMWISE_DOT, 128}}},
    {"dense", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {"point", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {"row", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {"tile", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {"gemm", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {"direct", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}},
    {NULL, {{CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}, {CLCNN_EXACT, 0}}},
};

const char clcnn__conv2d_not_built[] = "its kernel does not build";

/* In the order of the names above; the last takes everything. */
static const clcnn__conv2d_algo *const algos[] = {
    &clcnn__conv2d_depthwise, &clcnn__conv2d_winograd, &clcnn__conv2d_dense, &clcnn__conv2d_point,
    &clcnn__conv2d_row,       &clcnn__conv2d_tile,     &clcnn__conv2d_gemm,  &clcnn__conv2d_direct};
enum { ALGOS = sizeof algos / sizeof *algos };

static int or_one(int value)
{
    return value ? value : 1;
}

static clcnn_conv2d with_defaults(const clcnn_conv2d *d)
{
    clcnn_conv2d full = *d;
    full.stride_h = or_one(d->stride_h);
    full.stride_w = or_one(d->stride_w);
    full.dilation_h = or_one(d->dilation_h);
    full.dilation_w = or_one(d->dilation_w);
    full.groups = or_one(d->groups);
    return full;
}

static clcnn_status output_size(const char *call, const clcnn_conv2d *d, int *p, int *q,
                                clcnn_error *error)
{
    const clcnn__window rows = {d->h, d->pad_top, d->pad_bottom, d->r, d->stride_h, d->dilation_h};
    const clcnn__window columns = {d->w, d->pad_left, d->pad_right,
                                   d->s, d->stride_w, d->dilation_w};
    clcnn_status status = clcnn__window_output(error, call, "height", &rows, p);
    return status == CLCNN_SUCCESS ? clcnn__window_output(error, call, "width", &columns, q)
                                   : status;
}

/* Everything about the descriptor that can be wrong, for one direction. */
static clcnn_status make_problem(const clcnn__conv2d_op *op, clcnn__conv2d_problem *problem,
                                 clcnn_error *error)
{
    const char *call = op->name;
    const clcnn_conv2d *d = op->d;
    const clcnn_direction direction = op->direction;
    const clcnn_direction forward = op->transposed ? CLCNN_BACKWARD_DATA : CLCNN_FORWARD;
    if (!d)
        return CLCNN__INVALID(error, "%s: the descriptor is NULL", call);
    if ((int)direction < CLCNN_FORWARD || (int)direction > CLCNN_BACKWARD_WEIGHTS)
        return CLCNN__INVALID(error, "%s: direction %d is not one of clcnn_direction", call,
                              (int)direction);
    *problem = (clcnn__conv2d_problem){.call = call,
                                       .d = with_defaults(d),
                                       .direction = direction,
                                       .transposed = op->transposed != NULL,
                                       .forward = direction == forward,
                                       .bias = op->transposed ? d->c : d->k};
    d = &problem->d;
    if (d->groups < 1 || d->c % d->groups || d->k % d->groups)
        return CLCNN__INVALID(error, "%s: %d groups do not divide c = %d and k = %d", call,
                              d->groups, d->c, d->k);
    clcnn_status status = clcnn__check_activation(error, call, d->activation, d->alpha);
    if (status == CLCNN_SUCCESS)
        status = output_size(call, d, &problem->p, &problem->q, error);
    if (op->transposed) {
        problem->p = op->transposed->p;
        problem->q = op->transposed->q;
    }
    problem->group_c = d->c / d->groups;
    problem->group_k = d->k / d->groups;
    const struct {
        const char *name;
        int sizes[4];
        size_t *count;
    } tensors[] = {
        {op->transposed ? "y" : "x", {d->n, d->c, d->h, d->w}, &problem->x_count},
        {"w", {d->k, problem->group_c, d->r, d->s}, &problem->w_count},
        {op->transposed ? "x" : "y", {d->n, d->k, problem->p, problem->q}, &problem->y_count}};
    for (size_t i = 0; i < 3 && status == CLCNN_SUCCESS; i++) {
        char what[64];
        snprintf(what, sizeof what, "%s: %s", call, tensors[i].name);
        status = clcnn__elements(error, what, tensors[i].sizes, 4, tensors[i].count);
    }
    return status;
}

clcnn_status clcnn__conv2d_check(const clcnn__conv2d_op *op, clcnn_error *error)
{
    clcnn__conv2d_problem problem;
    return make_problem(op, &problem, error);
}

clcnn_status clcnn_conv2d_output(const clcnn_conv2d *d, int *p, int *q, clcnn_error *error)
{
    if (!p || !q)
        return CLCNN__INVALID(error, "clcnn_conv2d_output: %s is NULL", p ? "q" : "p");
    clcnn__conv2d_problem problem;
    const clcnn__conv2d_op op = {.name = __func__, .d = d, .direction = CLCNN_FORWARD};
    clcnn_status status = make_problem(&op, &problem, error);
    if (status == CLCNN_SUCCESS) {
        *p = problem.p;
        *q = problem.q;
    }
    return status;
}

/* ---- Choosing
 * ------------------------------------------------------------------------------------ */

static void fill_plan(clcnn_ctx *ctx, const clcnn__conv2d_algo *algo,
                      const clcnn__conv2d_problem *problem, size_t limit, clcnn_plan *plan)
{
    *plan = (clcnn_plan){.algo = algo->name,
                         .workspace_bytes = algo->workspace(ctx, problem, limit),
                         .tuning = ctx->tuning_version};
    if (algo->packed && problem->direction != CLCNN_BACKWARD_WEIGHTS)
        plan->packed_bytes = algo->packed(ctx, problem);
}

static const clcnn__conv2d_algo *find_algo(const char *name)
{
    for (int i = 0; i < ALGOS; i++)
        if (strcmp(algos[i]->name, name) == 0)
            return algos[i];
    return NULL;
}

/* CLCNN_UNSUPPORTED with the reason; a build's failure stays what it is, with its log. */
static clcnn_status refuse(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, const char *algo,
                           const char *reason)
{
    if (reason == clcnn__conv2d_not_built)
        return ctx->error.status;
    return CLCNN__FAIL(&ctx->error, CLCNN_UNSUPPORTED, "%s: %s on %s: %s", problem->call, algo,
                       ctx->info.name, reason);
}

static clcnn_status plan_by_name(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem,
                                 const char *name, size_t limit, clcnn_plan *plan)
{
    const clcnn__conv2d_algo *algo = find_algo(name);
    if (!algo)
        return CLCNN__INVALID(&ctx->error, "%s: there is no algorithm \"%.40s\"", problem->call,
                              name);
    const char *reason = algo->refuses(ctx, problem);
    if (reason)
        return refuse(ctx, problem, name, reason);
    clcnn_plan made;
    fill_plan(ctx, algo, problem, limit, &made);
    if (made.workspace_bytes > limit)
        return CLCNN__FAIL(&ctx->error, CLCNN_UNSUPPORTED,
                           "%s: %s needs a workspace of %zu bytes, max_workspace is %zu",
                           problem->call, name, made.workspace_bytes, limit);
    *plan = made;
    return CLCNN_SUCCESS;
}

/* The first algorithm that the device prefers and that fits; the last one always does. */
static void plan_default(clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, size_t limit,
                         clcnn_plan *plan)
{
    for (int i = 0; i < ALGOS; i++) {
        if (i + 1 < ALGOS &&
            (!algos[i]->preferred(ctx, problem) || algos[i]->refuses(ctx, problem)))
            continue;
        fill_plan(ctx, algos[i], problem, limit, plan);
        if (plan->workspace_bytes <= limit)
            return;
    }
}

clcnn_status clcnn__conv2d_plan(clcnn_ctx *ctx, const clcnn__conv2d_op *op, const char *algo,
                                size_t max_workspace, clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!plan)
        return CLCNN__INVALID(&ctx->error, "%s: plan is NULL", op->name);
    clcnn__conv2d_problem problem;
    clcnn_status status = make_problem(op, &problem, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    if (algo)
        return plan_by_name(ctx, &problem, algo, max_workspace, plan);
    plan_default(ctx, &problem, max_workspace, plan);
    return CLCNN_SUCCESS;
}

/* ---- Running
 * ------------------------------------------------------------------------------------- */

/* Packed weights are laid out by the rows of the time when their plan was made. */
static clcnn_status check_packed(clcnn_ctx *ctx, const char *call, const clcnn_plan *plan)
{
    if (plan->packed.buf && plan->tuning != ctx->tuning_version)
        return CLCNN__INVALID(&ctx->error,
                              "%s: the plan with packed weights is of tuning rows %u, those in "
                              "force are %u: make it and pack again",
                              call, plan->tuning, ctx->tuning_version);
    return CLCNN_SUCCESS;
}

/* The plan's algorithm and memory; without a plan the best that needs no workspace. */
static clcnn_status resolve_plan(clcnn_ctx *ctx, clcnn__conv2d_call *call, const clcnn_plan *plan,
                                 const clcnn__conv2d_algo **algo)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    clcnn_plan own;
    if (!plan) {
        plan_default(ctx, problem, 0, &own);
        plan = &own;
    }
    *algo = plan->algo ? find_algo(plan->algo) : NULL;
    if (!*algo)
        return CLCNN__INVALID(&ctx->error, "%s: the plan's algorithm is \"%.40s\", which is none",
                              problem->call, plan->algo ? plan->algo : "(NULL)");
    const char *reason = (*algo)->refuses(ctx, problem);
    if (reason)
        return refuse(ctx, problem, plan->algo, reason);
    size_t need = (*algo)->workspace(ctx, problem, plan->workspace_bytes);
    if (need > plan->workspace_bytes)
        return CLCNN__FAIL(&ctx->error, CLCNN_WORKSPACE_TOO_SMALL,
                           "%s: %s needs a workspace of %zu bytes, the plan says %zu (a plan of "
                           "another problem?)",
                           problem->call, plan->algo, need, plan->workspace_bytes);
    call->workspace = need ? plan->workspace : CLCNN_NO_MEM;
    call->workspace_bytes = need;
    call->packed = plan->packed;
    if (need) {
        size_t bytes = 0;
        if (call->workspace.buf)
            clGetMemObjectInfo(call->workspace.buf, CL_MEM_SIZE, sizeof bytes, &bytes, NULL);
        if (bytes / 4 < call->workspace.offset || bytes / 4 - call->workspace.offset < need / 4)
            return CLCNN__FAIL(&ctx->error, CLCNN_WORKSPACE_TOO_SMALL,
                               "%s: %s needs a workspace of %zu bytes from element %zu, the "
                               "buffer has %zu bytes",
                               problem->call, plan->algo, need, call->workspace.offset, bytes);
    }
    return CLCNN_SUCCESS;
}

static clcnn_status check_tensors(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                  size_t packed_bytes)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    /* flags and names by direction, for x, w, b, y */
    static const int flags[3][4] = {
        {CLCNN__IN, CLCNN__IN, CLCNN__IN | CLCNN__OPTIONAL, CLCNN__OUT},
        {CLCNN__OUT, CLCNN__IN, CLCNN__IN | CLCNN__OPTIONAL, CLCNN__IN},
        {CLCNN__IN, CLCNN__OUT | CLCNN__OPTIONAL, CLCNN__OUT | CLCNN__OPTIONAL, CLCNN__IN}};
    static const char *const names[2][3][4] = {
        {{"x", "w", "b", "y"}, {"dx", "w", "b", "dy"}, {"x", "dw", "db", "dy"}},
        {{"dy", "w", "b", "dx"}, {"y", "w", "b", "x"}, {"dy", "dw", "db", "x"}}};
    const int *flag = flags[problem->direction];
    const char *const *name = names[problem->transposed][problem->direction];
    if (problem->direction == CLCNN_BACKWARD_WEIGHTS && !call->w.buf && !call->b.buf)
        return CLCNN__INVALID(&ctx->error, "%s: neither dw nor db is given", problem->call);
    const clcnn__tensor tensors[] = {
        {name[0], call->x, problem->x_count, flag[0]},
        {name[1], call->w, problem->w_count, flag[1]},
        {name[2], call->b, (size_t)problem->bias, flag[2]},
        {name[3], call->y, problem->y_count, flag[3]},
        {"packed", call->packed, packed_bytes / 4, CLCNN__IN | CLCNN__OPTIONAL},
        {"workspace", call->workspace, call->workspace_bytes / 4, CLCNN__OUT | CLCNN__OPTIONAL}};
    return clcnn__check_tensors(ctx, problem->call, tensors, sizeof tensors / sizeof *tensors);
}

/* Everything about a call but its tensors: the problem, the algorithm, and the plan's memory. */
static clcnn_status prepare(clcnn_ctx *ctx, const clcnn__conv2d_op *op, clcnn__conv2d_call *call,
                            const clcnn_plan *plan, const clcnn__conv2d_algo **algo)
{
    clcnn_status status = make_problem(op, &call->problem, &ctx->error);
    if (status == CLCNN_SUCCESS)
        status = resolve_plan(ctx, call, plan, algo);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!(*algo)->packed || op->direction == CLCNN_BACKWARD_WEIGHTS) {
        call->packed = CLCNN_NO_MEM;
        return CLCNN_SUCCESS;
    }
    return plan ? check_packed(ctx, op->name, plan) : CLCNN_SUCCESS;
}

/* Of the packed weights that a call has. */
static size_t packed_bytes(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                           const clcnn__conv2d_algo *algo)
{
    return call->packed.buf ? algo->packed(ctx, &call->problem) : 0;
}

clcnn_status clcnn__conv2d_run(clcnn_ctx *ctx, const clcnn__conv2d_op *op, clcnn__conv2d_call *call,
                               const clcnn_plan *plan)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    const clcnn__conv2d_algo *algo = NULL;
    clcnn_status status = prepare(ctx, op, call, plan, &algo);
    if (status == CLCNN_SUCCESS)
        status = check_tensors(ctx, call, packed_bytes(ctx, call, algo));
    return status == CLCNN_SUCCESS ? algo->enqueue(ctx, call) : status;
}

/* ---- All gradients at once
 * ----------------------------------------------------------------------- */

/* One direction of clcnn__conv2d_backward; algo is NULL where it is not asked for. */
typedef struct side {
    clcnn__conv2d_call call;
    const clcnn__conv2d_algo *algo;
} side;

static clcnn_status check_before(clcnn_ctx *ctx, const char *call, const clcnn__conv2d_gradients *g)
{
    const clcnn_before *before = g->before;
    if (!g->dx.buf && !g->dw.buf && !g->db.buf)
        return CLCNN__INVALID(&ctx->error, "%s: none of dx, dw and db is given", call);
    if (!before)
        return CLCNN_SUCCESS;
    if (!g->dx.buf)
        return CLCNN__INVALID(&ctx->error,
                              "%s: dx is not given, which the activation before (kind %d) is for",
                              call, (int)before->kind);
    clcnn_status status = clcnn__check_activation(&ctx->error, call, before->kind, before->alpha);
    if (status == CLCNN_SUCCESS && !clcnn__slope_of_y(before->kind, before->alpha))
        return CLCNN__INVALID(&ctx->error,
                              "%s: the slope of the activation before, kind %d with alpha %g, does "
                              "not follow from x, its result",
                              call, (int)before->kind, before->alpha);
    return status;
}

/* Beside one direction's workspace at a time: the two may be the same memory. */
static clcnn_status check_gradients(clcnn_ctx *ctx, const clcnn__conv2d_gradients *g,
                                    const side *data, const side *weights)
{
    const side *sides[] = {data, weights};
    const bool needs_x = g->before || weights->algo;
    for (int i = 0; i < 2; i++) {
        const clcnn__conv2d_call *call = &sides[i]->call;
        const clcnn__conv2d_problem *problem = &call->problem;
        if (!sides[i]->algo)
            continue;
        const clcnn__tensor tensors[] = {
            {"x", g->x, problem->x_count, CLCNN__IN | (needs_x ? 0 : CLCNN__OPTIONAL)},
            {"w", g->w, problem->w_count, CLCNN__IN | (data->algo ? 0 : CLCNN__OPTIONAL)},
            {"dy", g->dy, problem->y_count, CLCNN__IN},
            {"dx", g->dx, problem->x_count, CLCNN__OUT | CLCNN__OPTIONAL},
            {"dw", g->dw, problem->w_count, CLCNN__OUT | CLCNN__OPTIONAL},
            {"db", g->db, (size_t)problem->bias, CLCNN__OUT | CLCNN__OPTIONAL},
            {"packed", data->call.packed,
             data->algo ? packed_bytes(ctx, &data->call, data->algo) / 4 : 0,
             CLCNN__IN | CLCNN__OPTIONAL},
            {"workspace", call->workspace, call->workspace_bytes / 4,
             CLCNN__OUT | CLCNN__OPTIONAL}};
        clcnn_status status =
            clcnn__check_tensors(ctx, problem->call, tensors, sizeof tensors / sizeof *tensors);
        if (status != CLCNN_SUCCESS)
            return status;
    }
    return CLCNN_SUCCESS;
}

static clcnn_status enqueue_gradients(clcnn_ctx *ctx, const clcnn__conv2d_gradients *g, side *data,
                                      const side *weights)
{
    const clcnn_before before = g->before ? *g->before : (clcnn_before){CLCNN_IDENTITY, 0};
    const bool slopes = before.kind != CLCNN_IDENTITY;
    if (slopes && data->algo->slopes) {
        data->call.problem.slope = before;
        data->call.given = g->x;
    }
    if (data->algo && data->algo == weights->algo && data->algo->enqueue_both)
        return data->algo->enqueue_both(ctx, &data->call, &weights->call);
    clcnn_status status = CLCNN_SUCCESS;
    if (weights->algo)
        status = weights->algo->enqueue(ctx, &weights->call);
    if (status == CLCNN_SUCCESS && data->algo)
        status = data->algo->enqueue(ctx, &data->call);
    if (status != CLCNN_SUCCESS || !slopes || data->algo->slopes)
        return status;
    const clcnn_activation d = {
        .count = (int)data->call.problem.x_count, .kind = before.kind, .alpha = before.alpha};
    return clcnn_activation_backward(ctx, &d, CLCNN_NO_MEM, g->x, g->dx, g->dx);
}

clcnn_status clcnn__conv2d_backward(clcnn_ctx *ctx, const clcnn__conv2d_op *op,
                                    const clcnn__conv2d_gradients *given)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn__conv2d_gradients gradients = *given, *g = &gradients;
    if (g->before && g->before->kind == CLCNN_IDENTITY)
        g->before = NULL; /* it has no slope, and needs no x */
    clcnn__conv2d_op to_data = *op, to_weights = *op;
    to_data.direction = CLCNN_BACKWARD_DATA;
    to_weights.direction = CLCNN_BACKWARD_WEIGHTS;
    side data = {.call = {.x = g->dx, .w = g->w, .y = g->dy}};
    side weights = {.call = {.x = g->x, .w = g->dw, .b = g->db, .y = g->dy}};
    clcnn_status status = clcnn__conv2d_check(&to_data, &ctx->error);
    if (status == CLCNN_SUCCESS)
        status = check_before(ctx, op->name, g);
    if (status == CLCNN_SUCCESS && g->dx.buf)
        status = prepare(ctx, &to_data, &data.call, g->data_plan, &data.algo);
    if (status == CLCNN_SUCCESS && (g->dw.buf || g->db.buf))
        status = prepare(ctx, &to_weights, &weights.call, g->weights_plan, &weights.algo);
    if (status == CLCNN_SUCCESS)
        status = check_gradients(ctx, g, &data, &weights);
    return status == CLCNN_SUCCESS ? enqueue_gradients(ctx, g, &data, &weights) : status;
}

clcnn_status clcnn__conv2d_pack(clcnn_ctx *ctx, const clcnn__conv2d_op *op, clcnn_mem w,
                                const clcnn_plan *plan)
{
    const char *name = op->name;
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!plan)
        return CLCNN__INVALID(&ctx->error, "%s: plan is NULL", name);
    clcnn__conv2d_call call = {.w = w, .packed = plan->packed};
    clcnn_status status = make_problem(op, &call.problem, &ctx->error);
    if (status != CLCNN_SUCCESS)
        return status;
    const clcnn__conv2d_algo *algo = plan->algo ? find_algo(plan->algo) : NULL;
    if (!algo || !algo->packed || op->direction == CLCNN_BACKWARD_WEIGHTS)
        return CLCNN__INVALID(&ctx->error,
                              "%s: algorithm \"%.40s\" does not pack weights in this "
                              "direction",
                              name, plan->algo ? plan->algo : "(NULL)");
    const char *reason = algo->refuses(ctx, &call.problem);
    if (reason)
        return refuse(ctx, &call.problem, algo->name, reason);
    const clcnn__tensor tensors[] = {
        {"w", w, call.problem.w_count, CLCNN__IN},
        {"packed", plan->packed, algo->packed(ctx, &call.problem) / 4, CLCNN__OUT}};
    status = check_packed(ctx, name, plan);
    if (status == CLCNN_SUCCESS)
        status = clcnn__check_tensors(ctx, name, tensors, 2);
    return status == CLCNN_SUCCESS ? algo->pack(ctx, &call) : status;
}

/* ---- The public names
 * ---------------------------------------------------------------------------- */

clcnn_status clcnn_conv2d_plan(clcnn_ctx *ctx, const clcnn_conv2d *d, clcnn_direction direction,
                               const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    const clcnn__conv2d_op op = {.name = __func__, .d = d, .direction = direction};
    return clcnn__conv2d_plan(ctx, &op, algo, max_workspace, plan);
}

clcnn_status clcnn_conv2d_forward(clcnn_ctx *ctx, const clcnn_conv2d *d, clcnn_mem x, clcnn_mem w,
                                  clcnn_mem b, clcnn_mem y, const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = x, .w = w, .b = b, .y = y};
    const clcnn__conv2d_op op = {.name = __func__, .d = d, .direction = CLCNN_FORWARD};
    return clcnn__conv2d_run(ctx, &op, &call, plan);
}

clcnn_status clcnn_conv2d_backward_data(clcnn_ctx *ctx, const clcnn_conv2d *d, clcnn_mem dy,
                                        clcnn_mem w, clcnn_mem dx, const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = dx, .w = w, .y = dy};
    const clcnn__conv2d_op op = {.name = __func__, .d = d, .direction = CLCNN_BACKWARD_DATA};
    return clcnn__conv2d_run(ctx, &op, &call, plan);
}

clcnn_status clcnn_conv2d_backward_weights(clcnn_ctx *ctx, const clcnn_conv2d *d, clcnn_mem x,
                                           clcnn_mem dy, clcnn_mem dw, clcnn_mem db,
                                           const clcnn_plan *plan)
{
    clcnn__conv2d_call call = {.x = x, .w = dw, .b = db, .y = dy};
    const clcnn__conv2d_op op = {.name = __func__, .d = d, .direction = CLCNN_BACKWARD_WEIGHTS};
    return clcnn__conv2d_run(ctx, &op, &call, plan);
}

clcnn_status clcnn_conv2d_backward(clcnn_ctx *ctx, const clcnn_conv2d *d,
                                   const clcnn_before *before, clcnn_mem x, clcnn_mem w,
                                   clcnn_mem dy, clcnn_mem dx, clcnn_mem dw, clcnn_mem db,
                                   const clcnn_plan *data_plan, const clcnn_plan *weights_plan)
{
    const clcnn__conv2d_gradients g = {before, x, w, dy, dx, dw, db, data_plan, weights_plan};
    const clcnn__conv2d_op op = {.name = __func__, .d = d};
    return clcnn__conv2d_backward(ctx, &op, &g);
}

clcnn_status clcnn_conv2d_pack(clcnn_ctx *ctx, const clcnn_conv2d *d, clcnn_direction direction,
                               clcnn_mem w, const clcnn_plan *plan)
{
    const clcnn__conv2d_op op = {.name = __func__, .d = d, .direction = direction};
    return clcnn__conv2d_pack(ctx, &op, w, plan);
}

/* ---- For the algorithms ------------------------------------------------------------------------
 */

clcnn_status clcnn__launch_single(clcnn_ctx *ctx, clcnn__launch_desc *desc, const clcnn_mem *mems,
                                  int mem_count, const size_t global[3])
{
    desc->mem_count = mem_count;
    for (int i = 0; i < mem_count; i++)
        desc->mems[i] = mems[i];
    for (int i = 0; i < 3; i++) {
        desc->global[i] = global[i];
        desc->local[i] = 1;
    }
    desc->fixed_local = true;
    return clcnn__launch(ctx, desc);
}

/* The shape that db sums over takes the place of dy's. */
conv2d_args clcnn__conv2d_bias_args(const clcnn__conv2d_call *call, clcnn_mem *gradient)
{
    conv2d_args args = clcnn__conv2d_make_args(call);
    *gradient = call->y;
    if (call->problem.transposed) {
        *gradient = call->x;
        args.k = args.c;
        args.p = args.h;
        args.q = args.w;
    }
    return args;
}

conv2d_args clcnn__conv2d_make_args(const clcnn__conv2d_call *call)
{
    const clcnn__conv2d_problem *problem = &call->problem;
    const clcnn_conv2d *d = &problem->d;
    const bool forward = problem->forward;
    return (conv2d_args){.n = d->n,
                         .c = d->c,
                         .h = d->h,
                         .w = d->w,
                         .k = d->k,
                         .r = d->r,
                         .s = d->s,
                         .p = problem->p,
                         .q = problem->q,
                         .pad_top = d->pad_top,
                         .pad_left = d->pad_left,
                         .stride_h = d->stride_h,
                         .stride_w = d->stride_w,
                         .dilation_h = d->dilation_h,
                         .dilation_w = d->dilation_w,
                         .groups = d->groups,
                         .group_c = problem->group_c,
                         .group_k = problem->group_k,
                         .has_bias = forward && call->b.buf,
                         .activation = forward ? (int)d->activation : CLCNN_IDENTITY,
                         .alpha = (float)d->alpha,
                         .accumulate = !forward && d->accumulate,
                         .splits = 1};
}
