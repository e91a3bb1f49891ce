/* Arguments of activations, additions, normalisation, softmax and random numbers: right calls, what
 * they are given, and what can be wrong. See arguments_cases.h. */
#ifndef ARGUMENTS_LAYERS_H
#define ARGUMENTS_LAYERS_H

#include "arguments_cases.h"

/* ---- The right descriptors ----------------------------------------------------------------------
 */

static const clcnn_activation activation = {.count = 37, .kind = CLCNN_RELU};
static const clcnn_softmax softmax_rows = {.n = 3, .classes = 5};
static const clcnn_batchnorm batchnorm = {.n = 2, .c = 3, .h = 2, .w = 2, .momentum = 0.1};
static const clcnn_batchnorm batchnorm_inference = {
    .n = 2, .c = 3, .h = 2, .w = 2, .momentum = 0.1, .inference = 1};
static const clcnn_layernorm layernorm = {.n = 4, .d = 6};
static const clcnn_add add = {.n = 2, .c = 3, .h = 2, .w = 2};
static const clcnn_add add_bias = {.n = 2, .c = 3, .h = 2, .w = 2, .broadcast = 1};
static const clcnn_dropout dropout = {.count = 37, .drop = 0.25, .seed = 5, .step = 3};
static const clcnn_uniform uniform = {.count = 37, .low = -1, .high = 1};
static const clcnn_normal normal = {.count = 37, .deviation = 1};

/* ---- Calls on devices ---------------------------------------------------------------------------
 */

static clcnn_status run_activation_forward(const arguments *a)
{
    return clcnn_activation_forward(a->ctx, DESC(a, activation), a->m[0], a->m[1]);
}

static clcnn_status run_activation_backward(const arguments *a)
{
    return clcnn_activation_backward(a->ctx, DESC(a, activation), a->m[0], a->m[1], a->m[2],
                                     a->m[3]);
}

static clcnn_status run_softmax_rows_forward(const arguments *a)
{
    return clcnn_softmax_forward(a->ctx, DESC(a, softmax_rows), a->m[0], a->m[1]);
}

static clcnn_status run_softmax_rows_backward(const arguments *a)
{
    return clcnn_softmax_backward(a->ctx, DESC(a, softmax_rows), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_batchnorm_forward(const arguments *a)
{
    const clcnn_batchnorm_mems m = {.x = a->m[0],
                                    .gamma = a->m[1],
                                    .beta = a->m[2],
                                    .running_mean = a->m[3],
                                    .running_var = a->m[4],
                                    .mean = a->m[5],
                                    .rstd = a->m[6],
                                    .y = a->m[7]};
    return clcnn_batchnorm_forward(a->ctx, DESC(a, batchnorm), &m, a->plan);
}

static clcnn_status run_batchnorm_backward(const arguments *a)
{
    const clcnn_batchnorm_mems m = {.x = a->m[0],
                                    .dy = a->m[1],
                                    .gamma = a->m[2],
                                    .mean = a->m[3],
                                    .rstd = a->m[4],
                                    .dx = a->m[5],
                                    .dgamma = a->m[6],
                                    .dbeta = a->m[7]};
    return clcnn_batchnorm_backward(a->ctx, DESC(a, batchnorm), &m, a->plan);
}

static clcnn_status run_batchnorm_fixed_forward(const arguments *a)
{
    const clcnn_batchnorm_mems m = {.x = a->m[0],
                                    .gamma = a->m[1],
                                    .beta = a->m[2],
                                    .running_mean = a->m[3],
                                    .running_var = a->m[4],
                                    .y = a->m[5]};
    return clcnn_batchnorm_forward(a->ctx, DESC(a, batchnorm), &m, NULL);
}

static clcnn_status run_batchnorm_fixed_backward(const arguments *a)
{
    const clcnn_batchnorm_mems m = {.x = a->m[0],
                                    .dy = a->m[1],
                                    .gamma = a->m[2],
                                    .running_mean = a->m[3],
                                    .running_var = a->m[4],
                                    .dx = a->m[5],
                                    .dgamma = a->m[6],
                                    .dbeta = a->m[7]};
    return clcnn_batchnorm_backward(a->ctx, DESC(a, batchnorm), &m, a->plan);
}

static clcnn_status run_batchnorm_fold(const arguments *a)
{
    const clcnn_batchnorm_mems m = {
        .gamma = a->m[0], .beta = a->m[1], .running_mean = a->m[2], .running_var = a->m[3]};
    return clcnn_batchnorm_fold(a->ctx, DESC(a, batchnorm), 5, &m, a->m[4], a->m[5], a->m[6],
                                a->m[7]);
}

static clcnn_status run_layernorm_forward(const arguments *a)
{
    const clcnn_layernorm_mems m = {.x = a->m[0],
                                    .gamma = a->m[1],
                                    .beta = a->m[2],
                                    .mean = a->m[3],
                                    .rstd = a->m[4],
                                    .y = a->m[5]};
    return clcnn_layernorm_forward(a->ctx, DESC(a, layernorm), &m);
}

static clcnn_status run_layernorm_backward(const arguments *a)
{
    const clcnn_layernorm_mems m = {.x = a->m[0],
                                    .dy = a->m[1],
                                    .gamma = a->m[2],
                                    .mean = a->m[3],
                                    .rstd = a->m[4],
                                    .dx = a->m[5],
                                    .dgamma = a->m[6],
                                    .dbeta = a->m[7]};
    return clcnn_layernorm_backward(a->ctx, DESC(a, layernorm), &m, a->plan);
}

static clcnn_status run_add_forward(const arguments *a)
{
    return clcnn_add_forward(a->ctx, DESC(a, add), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_add_backward(const arguments *a)
{
    return clcnn_add_backward(a->ctx, DESC(a, add), a->m[0], a->m[1], a->plan);
}

static clcnn_status run_dropout_prepare(const arguments *a)
{
    return clcnn_dropout_prepare(a->ctx, DESC(a, dropout), a->m[0]);
}

static clcnn_status run_dropout_forward(const arguments *a)
{
    return clcnn_dropout_forward(a->ctx, DESC(a, dropout), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_dropout_backward(const arguments *a)
{
    return clcnn_dropout_backward(a->ctx, DESC(a, dropout), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_uniform_fill(const arguments *a)
{
    return clcnn_uniform_fill(a->ctx, DESC(a, uniform), a->m[0]);
}

static clcnn_status run_normal_fill(const arguments *a)
{
    return clcnn_normal_fill(a->ctx, DESC(a, normal), a->m[0]);
}

static clcnn_status plan_batchnorm_forward(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                           clcnn_plan *plan)
{
    (void)algo;
    return clcnn_batchnorm_plan(ctx, &desc->batchnorm, CLCNN_FORWARD, plan);
}

static clcnn_status plan_batchnorm_backward(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                            clcnn_plan *plan)
{
    (void)algo;
    return clcnn_batchnorm_plan(ctx, &desc->batchnorm, CLCNN_BACKWARD_DATA, plan);
}

static clcnn_status plan_layernorm(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                   clcnn_plan *plan)
{
    (void)algo;
    return clcnn_layernorm_plan(ctx, &desc->layernorm, CLCNN_BACKWARD_DATA, plan);
}

static clcnn_status plan_add(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                             clcnn_plan *plan)
{
    (void)algo;
    return clcnn_add_plan(ctx, &desc->add, CLCNN_BACKWARD_DATA, plan);
}

static const device_call layers_calls[] = {
    {"clcnn_activation_forward",
     ACTIVATION,
     {{"x", 37, IN | IN_PLACE}, {"y", 37, OUT | IN_PLACE}},
     .run = run_activation_forward},
    {"clcnn_activation_backward",
     ACTIVATION,
     {{"x", 37, IN | OPTIONAL},
      {"y", 37, IN | OPTIONAL},
      {"dy", 37, IN | IN_PLACE},
      {"dx", 37, OUT | IN_PLACE}},
     .run = run_activation_backward},
    {"clcnn_softmax_forward",
     SOFTMAX_ROWS,
     {{"x", 15, IN | IN_PLACE}, {"y", 15, OUT | IN_PLACE}},
     .run = run_softmax_rows_forward},
    {"clcnn_softmax_backward",
     SOFTMAX_ROWS,
     {{"y", 15, IN}, {"dy", 15, IN | IN_PLACE}, {"dx", 15, OUT | IN_PLACE}},
     .run = run_softmax_rows_backward},
    {"clcnn_batchnorm_forward",
     BATCHNORM,
     {{"x", 24, IN},
      {"gamma", 3, IN | OPTIONAL},
      {"beta", 3, IN | OPTIONAL},
      {"running_mean", 3, IN | OUT | OPTIONAL},
      {"running_var", 3, IN | OUT | OPTIONAL},
      {"mean", 3, OUT},
      {"rstd", 3, OUT},
      {"y", 24, OUT}},
     .run = run_batchnorm_forward,
     .plan = plan_batchnorm_forward,
     .bare = true},
    {"clcnn_batchnorm_backward",
     BATCHNORM,
     {{"x", 24, IN},
      {"dy", 24, IN},
      {"gamma", 3, IN | OPTIONAL},
      {"mean", 3, IN},
      {"rstd", 3, IN},
      {"dx", 24, OUT | OPTIONAL},
      {"dgamma", 3, OUT | OPTIONAL},
      {"dbeta", 3, OUT | OPTIONAL}},
     .run = run_batchnorm_backward,
     .plan = plan_batchnorm_backward},
    {"clcnn_batchnorm_forward",
     BATCHNORM_INFERENCE,
     {{"x", 24, IN},
      {"gamma", 3, IN | OPTIONAL},
      {"beta", 3, IN | OPTIONAL},
      {"running_mean", 3, IN},
      {"running_var", 3, IN},
      {"y", 24, OUT}},
     .run = run_batchnorm_fixed_forward,
     .bare = true},
    {"clcnn_batchnorm_backward",
     BATCHNORM_INFERENCE,
     {{"x", 24, IN},
      {"dy", 24, IN},
      {"gamma", 3, IN | OPTIONAL},
      {"running_mean", 3, IN},
      {"running_var", 3, IN},
      {"dx", 24, OUT | OPTIONAL},
      {"dgamma", 3, OUT | OPTIONAL},
      {"dbeta", 3, OUT | OPTIONAL}},
     .run = run_batchnorm_fixed_backward,
     .plan = plan_batchnorm_backward},
    {"clcnn_add_forward",
     ADD,
     {{"a", 24, IN | IN_PLACE}, {"b", 24, IN | IN_PLACE}, {"y", 24, OUT | IN_PLACE}},
     .run = run_add_forward},
    {"clcnn_add_forward",
     ADD_BIAS,
     {{"a", 24, IN | IN_PLACE}, {"b", 3, IN}, {"y", 24, OUT | IN_PLACE}},
     .run = run_add_forward},
    {"clcnn_add_backward", ADD, {{"dy", 24, IN}, {"db", 24, OUT}}, .run = run_add_backward},
    {"clcnn_add_backward",
     ADD_BIAS,
     {{"dy", 24, IN}, {"db", 3, OUT}},
     .run = run_add_backward,
     .plan = plan_add},
    {"clcnn_dropout_prepare",
     DROPOUT,
     {{"block", CLCNN_DROPOUT_BLOCK, OUT}},
     .run = run_dropout_prepare,
     .ignores = IGNORES_SIZES},
    {"clcnn_dropout_forward",
     DROPOUT,
     {{"x", 37, IN | IN_PLACE}, {"block", CLCNN_DROPOUT_BLOCK, IN}, {"y", 37, OUT | IN_PLACE}},
     .run = run_dropout_forward,
     .ignores = IGNORES_STEP},
    {"clcnn_dropout_backward",
     DROPOUT,
     {{"dy", 37, IN | IN_PLACE}, {"block", CLCNN_DROPOUT_BLOCK, IN}, {"dx", 37, OUT | IN_PLACE}},
     .run = run_dropout_backward,
     .ignores = IGNORES_STEP},
    {"clcnn_uniform_fill", UNIFORM, {{"y", 37, OUT}}, .run = run_uniform_fill},
    {"clcnn_normal_fill", NORMAL, {{"y", 37, OUT}}, .run = run_normal_fill},
    {"clcnn_layernorm_forward",
     LAYERNORM,
     {{"x", 24, IN},
      {"gamma", 6, IN | OPTIONAL},
      {"beta", 6, IN | OPTIONAL},
      {"mean", 4, OUT | OPTIONAL},
      {"rstd", 4, OUT | OPTIONAL},
      {"y", 24, OUT}},
     .run = run_layernorm_forward,
     .bare = true},
    {"clcnn_layernorm_backward",
     LAYERNORM,
     {{"x", 24, IN},
      {"dy", 24, IN},
      {"gamma", 6, IN | OPTIONAL},
      {"mean", 4, IN},
      {"rstd", 4, IN},
      {"dx", 24, OUT | OPTIONAL},
      {"dgamma", 6, OUT | OPTIONAL},
      {"dbeta", 6, OUT | OPTIONAL}},
     .run = run_layernorm_backward,
     .plan = plan_layernorm},
    {"clcnn_batchnorm_fold",
     BATCHNORM_INFERENCE,
     {{"gamma", 3, IN | OPTIONAL},
      {"beta", 3, IN | OPTIONAL},
      {"running_mean", 3, IN},
      {"running_var", 3, IN},
      {"w", 15, IN | IN_PLACE},
      {"b", 3, IN | OPTIONAL | IN_PLACE},
      {"folded_w", 15, OUT | IN_PLACE},
      {"folded_b", 3, OUT | IN_PLACE}},
     .run = run_batchnorm_fold,
     .bare = true,
     .ignores = IGNORES_SIZES},
};

/* ---- Wrong fields -------------------------------------------------------------------------------
 */

#define ACTIVATION_ROW(member, ...) ROW(ACTIVATION, clcnn_activation, member, __VA_ARGS__)
#define SIZE_ROW(member, value, status, piece)                                                     \
    {BATCHNORM, #member, INT, offsetof(clcnn_batchnorm, member), value, status, piece, 0},         \
    {                                                                                              \
        BATCHNORM_INFERENCE, #member, INT, offsetof(clcnn_batchnorm, member), value, status,       \
            piece, IGNORES_SIZES                                                                   \
    }
#define NUMBER_ROW(member, value, piece)                                                           \
    {BATCHNORM, #member, REAL, offsetof(clcnn_batchnorm, member), value, BAD, piece, 0},           \
    {                                                                                              \
        BATCHNORM_INFERENCE, #member, REAL, offsetof(clcnn_batchnorm, member), value, BAD, piece,  \
            IGNORES_SIZES                                                                          \
    }
#define LAYERNORM_ROW(member, ...) ROW(LAYERNORM, clcnn_layernorm, member, __VA_ARGS__)
#define ADD_ROW(member, ...) ROW(ADD, clcnn_add, member, __VA_ARGS__)
#define DROPOUT_ROW(member, kind, value, piece, ignored)                                           \
    {                                                                                              \
        DROPOUT, #member, kind, offsetof(clcnn_dropout, member), value, BAD, piece, ignored        \
    }

static const field layers_fields[] = {
    DROPOUT_ROW(count, INT, -1, "-1", IGNORES_SIZES),
    DROPOUT_ROW(drop, REAL, -0.1, "-0.1", IGNORES_SIZES),
    DROPOUT_ROW(drop, REAL, 1, "drop", IGNORES_SIZES),
    DROPOUT_ROW(drop, REAL, NAN, "drop", IGNORES_SIZES),
    DROPOUT_ROW(step, STEP, -1, "-1", IGNORES_STEP),
    ROW(UNIFORM, clcnn_uniform, count, INT, -1, BAD, "-1"),
    ROW(UNIFORM, clcnn_uniform, low, REAL, 1, BAD, "low"),
    ROW(UNIFORM, clcnn_uniform, low, REAL, NAN, BAD, "low"),
    ROW(UNIFORM, clcnn_uniform, low, REAL, -INFINITY, BAD, "low"),
    ROW(UNIFORM, clcnn_uniform, high, REAL, -1, BAD, "high"),
    ROW(UNIFORM, clcnn_uniform, high, REAL, 1e39, BAD, "high"),
    ROW(UNIFORM, clcnn_uniform, high, REAL, NAN, BAD, "high"),
    ROW(NORMAL, clcnn_normal, count, INT, -1, BAD, "-1"),
    ROW(NORMAL, clcnn_normal, mean, REAL, NAN, BAD, "mean"),
    ROW(NORMAL, clcnn_normal, mean, REAL, 1e39, BAD, "mean"),
    ROW(NORMAL, clcnn_normal, deviation, REAL, -1, BAD, "deviation"),
    ROW(NORMAL, clcnn_normal, deviation, REAL, NAN, BAD, "deviation"),
    ROW(NORMAL, clcnn_normal, deviation, REAL, 1e39, BAD, "deviation"),
    ADD_ROW(n, INT, 0, BAD, "0"),
    ADD_ROW(n, INT, -1, BAD, "-1"),
    ADD_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    ADD_ROW(c, INT, 0, BAD, "0"),
    ADD_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    ADD_ROW(h, INT, -1, BAD, "-1"),
    ADD_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    ADD_ROW(w, INT, -3, BAD, "-3"),
    ADD_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    ADD_ROW(activation, INT, -1, BAD, "-1"),
    ADD_ROW(activation, INT, 99, BAD, "99"),
    ADD_ROW(alpha, REAL, NAN, BAD, "alpha"),
    ROW(ADD_BIAS, clcnn_add, c, INT, -3, BAD, "-3"),
    ROW(ADD_BIAS, clcnn_add, n, INT, -3, BAD, "-3"),
    ROW(ADD_BIAS, clcnn_add, activation, INT, 9, BAD, "9"),
    LAYERNORM_ROW(n, INT, 0, BAD, "0"),
    LAYERNORM_ROW(n, INT, -1, BAD, "-1"),
    LAYERNORM_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    LAYERNORM_ROW(d, INT, 0, BAD, "0"),
    LAYERNORM_ROW(d, INT, -1, BAD, "-1"),
    LAYERNORM_ROW(d, INT, INT_MAX, TOO_MUCH, ""),
    LAYERNORM_ROW(eps, REAL, -1e-5, BAD, "eps"),
    LAYERNORM_ROW(eps, REAL, NAN, BAD, "eps"),
    LAYERNORM_ROW(eps, REAL, INFINITY, BAD, "eps"),
    SIZE_ROW(n, 0, BAD, "0"),
    SIZE_ROW(n, -1, BAD, "-1"),
    SIZE_ROW(n, INT_MAX, TOO_MUCH, ""),
    ROW(BATCHNORM, clcnn_batchnorm, c, INT, 0, BAD, "0"),
    ROW(BATCHNORM_INFERENCE, clcnn_batchnorm, c, INT, -1, BAD, "-1"),
    SIZE_ROW(c, INT_MAX, TOO_MUCH, ""),
    SIZE_ROW(h, -2, BAD, "-2"),
    SIZE_ROW(h, INT_MAX, TOO_MUCH, ""),
    SIZE_ROW(w, -1, BAD, "-1"),
    SIZE_ROW(w, INT_MAX, TOO_MUCH, ""),
    NUMBER_ROW(momentum, -0.1, "-0.1"),
    NUMBER_ROW(momentum, 1.5, "1.5"),
    NUMBER_ROW(momentum, NAN, "momentum"),
    ROW(BATCHNORM, clcnn_batchnorm, activation, INT, -1, BAD, "-1"),
    ROW(BATCHNORM, clcnn_batchnorm, activation, INT, 9, BAD, "9"),
    ROW(BATCHNORM, clcnn_batchnorm, activation, INT, CLCNN_ELU, TOO_MUCH, "leaky"),
    ROW(BATCHNORM, clcnn_batchnorm, alpha, REAL, NAN, BAD, "alpha"),
    ROW(BATCHNORM, clcnn_batchnorm, eps, REAL, -1e-5, BAD, "eps"),
    ROW(BATCHNORM, clcnn_batchnorm, eps, REAL, NAN, BAD, "eps"),
    ROW(BATCHNORM_INFERENCE, clcnn_batchnorm, eps, REAL, INFINITY, BAD, "eps"),
    ROW(BATCHNORM_INFERENCE, clcnn_batchnorm, eps, REAL, -1, BAD, "eps"),
    ACTIVATION_ROW(count, INT, -1, BAD, "-1"),
    ACTIVATION_ROW(count, INT, INT_MIN, BAD, "count"),
    ACTIVATION_ROW(kind, INT, -1, BAD, "-1"),
    ACTIVATION_ROW(kind, INT, 99, BAD, "99"),
    ACTIVATION_ROW(kind, INT, CLCNN_GELU_TANH + 1, BAD, "9"),
    ACTIVATION_ROW(alpha, REAL, NAN, BAD, "alpha"),
    ACTIVATION_ROW(alpha, REAL, 1e39, BAD, "1e+39"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, n, INT, 0, BAD, "0"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, n, INT, -1, BAD, "-1"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SOFTMAX_ROWS, clcnn_softmax, classes, INT, 0, BAD, "0"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, classes, INT, -1, BAD, "-1"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, classes, INT, INT_MAX, TOO_MUCH, ""),
};

/* ---- The reference ------------------------------------------------------------------------------
 */

REFERENCE(clcnn_ref_activation_forward, activation, p[0], p[1], p[2])
REFERENCE(clcnn_ref_activation_backward, activation, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_layernorm_forward, layernorm, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7],
          p[8])
REFERENCE(clcnn_ref_layernorm_backward, layernorm, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7],
          p[8])
REFERENCE(clcnn_ref_add_forward, add, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_add_backward, add, p[0], p[1], p[2])
REFERENCE(clcnn_ref_dropout_forward, dropout, p[0], p[1], p[2])
REFERENCE(clcnn_ref_dropout_backward, dropout, p[0], p[1], p[2])
REFERENCE(clcnn_ref_uniform_fill, uniform, p[0])
REFERENCE(clcnn_ref_normal_fill, normal, p[0], p[1])
REFERENCE(clcnn_ref_softmax_forward, softmax_rows, p[0], p[1], p[2])
REFERENCE(clcnn_ref_softmax_backward, softmax_rows, p[0], p[1], p[2], p[3])

static clcnn_status clcnn_ref_batchnorm_forward_(const any_desc *desc, void *const *p)
{
    const clcnn_ref_batchnorm a = {.x = p[0],
                                   .gamma = p[1],
                                   .beta = p[2],
                                   .y = p[3],
                                   .mean = p[4],
                                   .rstd = p[5],
                                   .y_mag = p[6],
                                   .mean_mag = p[7],
                                   .rstd_mag = p[8]};
    return clcnn_ref_batchnorm_forward(desc ? &desc->batchnorm : NULL, &a);
}

static clcnn_status clcnn_ref_batchnorm_fixed_(const any_desc *desc, void *const *p)
{
    const clcnn_ref_batchnorm a = {.x = p[0],
                                   .gamma = p[1],
                                   .beta = p[2],
                                   .running_mean = p[3],
                                   .running_var = p[4],
                                   .y = p[5],
                                   .new_running_mean = p[6],
                                   .new_running_var = p[7],
                                   .new_running_mean_mag = p[8],
                                   .new_running_var_mag = p[9]};
    return clcnn_ref_batchnorm_forward(desc ? &desc->batchnorm : NULL, &a);
}

static clcnn_status clcnn_ref_batchnorm_backward_(const any_desc *desc, void *const *p)
{
    const clcnn_ref_batchnorm a = {.x = p[0],
                                   .dy = p[1],
                                   .gamma = p[2],
                                   .dx = p[3],
                                   .dgamma = p[4],
                                   .dbeta = p[5],
                                   .dx_mag = p[6],
                                   .dgamma_mag = p[7],
                                   .dbeta_mag = p[8]};
    return clcnn_ref_batchnorm_backward(desc ? &desc->batchnorm : NULL, &a);
}

static clcnn_status clcnn_ref_batchnorm_fold_(const any_desc *desc, void *const *p)
{
    const clcnn_ref_batchnorm a = {
        .gamma = p[0], .beta = p[1], .running_mean = p[2], .running_var = p[3]};
    return clcnn_ref_batchnorm_fold(desc ? &desc->batchnorm : NULL, 5, &a, p[4], p[5], p[6], p[7],
                                    p[8], p[9]);
}

static const reference_call layers_references[] = {
    {RUN(clcnn_ref_activation_forward), .op = ACTIVATION,
     .pointers = {{"x", 37, IN}, {"y", 37, OUT}, {"mag", 37, MAG}}},
    {RUN(clcnn_ref_activation_backward), .op = ACTIVATION,
     .pointers = {{"x", 37, IN | OPTIONAL},
                  {"y", 37, IN | OPTIONAL},
                  {"dy", 37, IN},
                  {"dx", 37, OUT},
                  {"mag", 37, MAG}}},
    {RUN(clcnn_ref_softmax_forward), .op = SOFTMAX_ROWS,
     .pointers = {{"x", 15, IN}, {"y", 15, OUT}, {"mag", 15, MAG}}},
    {RUN(clcnn_ref_softmax_backward), .op = SOFTMAX_ROWS,
     .pointers = {{"y", 15, IN}, {"dy", 15, IN}, {"dx", 15, OUT}, {"mag", 15, MAG}}},
    {RUN(clcnn_ref_dropout_forward), .op = DROPOUT,
     .pointers = {{"x", 37, IN}, {"y", 37, OUT}, {"mag", 37, MAG}}},
    {RUN(clcnn_ref_dropout_backward), .op = DROPOUT,
     .pointers = {{"dy", 37, IN}, {"dx", 37, OUT}, {"mag", 37, MAG}}},
    {RUN(clcnn_ref_uniform_fill), .op = UNIFORM, .pointers = {{"y", 37, OUT}}},
    {RUN(clcnn_ref_normal_fill), .op = NORMAL, .pointers = {{"y", 37, OUT}, {"mag", 37, MAG}}},
    {RUN(clcnn_ref_add_forward), .op = ADD,
     .pointers = {{"a", 24, IN}, {"b", 24, IN}, {"y", 24, OUT}, {"mag", 24, MAG}}},
    {RUN(clcnn_ref_add_backward), .op = ADD_BIAS,
     .pointers = {{"dy", 24, IN}, {"db", 3, OUT}, {"mag", 3, MAG}}},
    {RUN(clcnn_ref_layernorm_forward), .op = LAYERNORM,
     .pointers = {{"x", 24, IN},
                  {"gamma", 6, IN | OPTIONAL},
                  {"beta", 6, IN | OPTIONAL},
                  {"y", 24, OUT},
                  {"mean", 4, MAG},
                  {"rstd", 4, MAG},
                  {"y_mag", 24, MAG},
                  {"mean_mag", 4, MAG},
                  {"rstd_mag", 4, MAG}}},
    {RUN(clcnn_ref_layernorm_backward), .op = LAYERNORM,
     .pointers = {{"x", 24, IN},
                  {"gamma", 6, IN | OPTIONAL},
                  {"dy", 24, IN},
                  {"dx", 24, MAG},
                  {"dgamma", 6, MAG},
                  {"dbeta", 6, MAG},
                  {"dx_mag", 24, MAG},
                  {"dgamma_mag", 6, MAG},
                  {"dbeta_mag", 6, MAG}}},
    {RUN(clcnn_ref_batchnorm_forward), .op = BATCHNORM,
     .pointers = {{"x", 24, IN},
                  {"gamma", 3, IN | OPTIONAL},
                  {"beta", 3, IN | OPTIONAL},
                  {"y", 24, OUT},
                  {"mean", 3, MAG},
                  {"rstd", 3, MAG},
                  {"y_mag", 24, MAG},
                  {"mean_mag", 3, MAG},
                  {"rstd_mag", 3, MAG}}},
    {"clcnn_ref_batchnorm_forward", .run = clcnn_ref_batchnorm_fixed_, .op = BATCHNORM_INFERENCE,
     .pointers = {{"x", 24, IN},
                  {"gamma", 3, IN | OPTIONAL},
                  {"beta", 3, IN | OPTIONAL},
                  {"running_mean", 3, IN},
                  {"running_var", 3, IN},
                  {"y", 24, OUT},
                  {"new_running_mean", 3, MAG},
                  {"new_running_var", 3, MAG},
                  {"new_running_mean_mag", 3, MAG},
                  {"new_running_var_mag", 3, MAG}}},
    {RUN(clcnn_ref_batchnorm_backward), .op = BATCHNORM,
     .pointers = {{"x", 24, IN},
                  {"dy", 24, IN},
                  {"gamma", 3, IN | OPTIONAL},
                  {"dx", 24, MAG},
                  {"dgamma", 3, MAG},
                  {"dbeta", 3, MAG},
                  {"dx_mag", 24, MAG},
                  {"dgamma_mag", 3, MAG},
                  {"dbeta_mag", 3, MAG}}},
    {RUN(clcnn_ref_batchnorm_fold), .op = BATCHNORM_INFERENCE, .ignores = IGNORES_SIZES,
     .pointers = {{"gamma", 3, IN | OPTIONAL},
                  {"beta", 3, IN | OPTIONAL},
                  {"running_mean", 3, IN},
                  {"running_var", 3, IN},
                  {"w", 15, IN},
                  {"b", 3, IN | OPTIONAL},
                  {"folded_w", 15, OUT},
                  {"folded_b", 3, OUT},
                  {"w_mag", 15, MAG},
                  {"b_mag", 3, MAG}}},
};

#endif
