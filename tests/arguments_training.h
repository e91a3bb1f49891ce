/* Arguments of losses, optimisers and clipping: right calls, what they are given, and what can be
 * wrong. See arguments_cases.h. */
#ifndef ARGUMENTS_TRAINING_H
#define ARGUMENTS_TRAINING_H

#include "arguments_cases.h"

/* ---- The right descriptors ----------------------------------------------------------------------
 */

static const clcnn_softmax_cross_entropy softmax = {.n = 3, .classes = 5};
static const clcnn_mse mse = {.count = 20};
static const clcnn_l2 l2 = {.count = 20, .lambda = 0.5};
static const clcnn_sgd sgd = {.count = 20, .lr = 0.01, .momentum = 0.9, .segments = 2};
static const clcnn_rmsprop rmsprop = {.count = 20, .lr = 0.01, .alpha = 0.9, .segments = 2};
static const clcnn_adam adam = {
    .count = 20, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .step = 1, .segments = 2};
static const clcnn_clip_norm clip_norm = {.count = 20, .max_norm = 1, .segments = 2};

/* ---- Calls on devices ---------------------------------------------------------------------------
 */

static clcnn_status run_softmax_forward(const arguments *a)
{
    return clcnn_softmax_cross_entropy_forward(a->ctx, DESC(a, softmax), a->m[0], a->m[1], a->m[2],
                                               a->m[3], a->plan);
}

static clcnn_status run_softmax_backward(const arguments *a)
{
    return clcnn_softmax_cross_entropy_backward(a->ctx, DESC(a, softmax), a->m[0], a->m[1],
                                                a->m[2]);
}

static clcnn_status run_softmax_gradient(const arguments *a)
{
    return clcnn_softmax_cross_entropy_gradient(a->ctx, DESC(a, softmax), a->m[0], a->m[1], a->m[2],
                                                a->m[3], a->plan);
}

static clcnn_status run_mse_forward(const arguments *a)
{
    return clcnn_mse_forward(a->ctx, DESC(a, mse), a->m[0], a->m[1], a->m[2], a->plan);
}

static clcnn_status run_mse_backward(const arguments *a)
{
    return clcnn_mse_backward(a->ctx, DESC(a, mse), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_l2_forward(const arguments *a)
{
    return clcnn_l2_forward(a->ctx, DESC(a, l2), a->m[0], a->m[1], a->plan);
}

static clcnn_status run_l2_backward(const arguments *a)
{
    return clcnn_l2_backward(a->ctx, DESC(a, l2), a->m[0], a->m[1]);
}

static clcnn_status run_sgd_prepare(const arguments *a)
{
    return clcnn_sgd_prepare(a->ctx, DESC(a, sgd), a->m[0]);
}

static clcnn_status run_sgd_step(const arguments *a)
{
    return clcnn_sgd_step(a->ctx, DESC(a, sgd), a->m[0], a->m[1], a->m[2], a->m[3], a->m[4]);
}

static clcnn_status run_rmsprop_prepare(const arguments *a)
{
    return clcnn_rmsprop_prepare(a->ctx, DESC(a, rmsprop), a->m[0]);
}

static clcnn_status run_rmsprop_step(const arguments *a)
{
    return clcnn_rmsprop_step(a->ctx, DESC(a, rmsprop), a->m[0], a->m[1], a->m[2], a->m[3],
                              a->m[4]);
}

static clcnn_status run_adam_prepare(const arguments *a)
{
    return clcnn_adam_prepare(a->ctx, DESC(a, adam), a->m[0]);
}

static clcnn_status run_adam_step(const arguments *a)
{
    return clcnn_adam_step(a->ctx, DESC(a, adam), a->m[0], a->m[1], a->m[2], a->m[3], a->m[4],
                           a->m[5]);
}

static clcnn_status run_clip_norm_apply(const arguments *a)
{
    return clcnn_clip_norm_apply(a->ctx, DESC(a, clip_norm), a->m[0], a->m[1], a->m[2], a->m[3],
                                 a->plan);
}

static clcnn_status plan_softmax(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                 clcnn_plan *plan)
{
    (void)algo; /* there is one */
    return clcnn_softmax_cross_entropy_plan(ctx, &desc->softmax, plan);
}

static clcnn_status plan_mse(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                             clcnn_plan *plan)
{
    (void)algo; /* there is one */
    return clcnn_mse_plan(ctx, &desc->mse, plan);
}

static clcnn_status plan_l2(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                            clcnn_plan *plan)
{
    (void)algo; /* there is one */
    return clcnn_l2_plan(ctx, &desc->l2, plan);
}

static clcnn_status plan_clip_norm(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                   clcnn_plan *plan)
{
    (void)algo; /* there is one */
    return clcnn_clip_norm_plan(ctx, &desc->clip_norm, plan);
}

static const device_call training_calls[] = {
    {"clcnn_softmax_cross_entropy_forward",
     SOFTMAX,
     {{"x", 15, IN},
      {"labels", 3, IN | INDEX},
      {"y", 15, OUT | OPTIONAL},
      {"loss", 1, OUT | OPTIONAL}},
     .run = run_softmax_forward,
     .plan = plan_softmax},
    {"clcnn_softmax_cross_entropy_backward",
     SOFTMAX,
     {{"y", 15, IN | IN_PLACE}, {"labels", 3, IN | INDEX}, {"dx", 15, OUT | IN_PLACE}},
     .run = run_softmax_backward},
    {"clcnn_softmax_cross_entropy_gradient",
     SOFTMAX,
     {{"x", 15, IN}, {"labels", 3, IN | INDEX}, {"loss", 1, OUT}, {"dx", 15, OUT}},
     .run = run_softmax_gradient,
     .plan = plan_softmax},
    {"clcnn_mse_forward",
     MSE,
     {{"x", 20, IN}, {"target", 20, IN}, {"loss", 1, OUT}},
     .run = run_mse_forward,
     .plan = plan_mse},
    {"clcnn_mse_backward",
     MSE,
     {{"x", 20, IN}, {"target", 20, IN}, {"dx", 20, OUT}},
     .run = run_mse_backward},
    {"clcnn_l2_forward",
     L2,
     {{"w", 20, IN}, {"loss", 1, OUT}},
     .run = run_l2_forward,
     .plan = plan_l2},
    {"clcnn_l2_backward", L2, {{"w", 20, IN}, {"dw", 20, OUT}}, .run = run_l2_backward},
    {"clcnn_sgd_prepare", SGD, {{"block", CLCNN_OPTIMISER_BLOCK, OUT}}, .run = run_sgd_prepare},
    {"clcnn_sgd_step",
     SGD,
     {{"param", 20, IN | OUT},
      {"grad", 20, IN},
      {"velocity", 20, IN | OUT},
      {"table", 8, IN},
      {"block", CLCNN_OPTIMISER_BLOCK, IN}},
     .run = run_sgd_step,
     .ignores = IGNORES_RATES},
    {"clcnn_rmsprop_prepare",
     RMSPROP,
     {{"block", CLCNN_OPTIMISER_BLOCK, OUT}},
     .run = run_rmsprop_prepare},
    {"clcnn_rmsprop_step",
     RMSPROP,
     {{"param", 20, IN | OUT},
      {"grad", 20, IN},
      {"square_avg", 20, IN | OUT},
      {"table", 8, IN},
      {"block", CLCNN_OPTIMISER_BLOCK, IN}},
     .run = run_rmsprop_step,
     .ignores = IGNORES_RATES},
    {"clcnn_adam_prepare", ADAM, {{"block", CLCNN_OPTIMISER_BLOCK, OUT}}, .run = run_adam_prepare},
    {"clcnn_adam_step",
     ADAM,
     {{"param", 20, IN | OUT},
      {"grad", 20, IN},
      {"m", 20, IN | OUT},
      {"v", 20, IN | OUT},
      {"table", 8, IN},
      {"block", CLCNN_OPTIMISER_BLOCK, IN}},
     .run = run_adam_step,
     .ignores = IGNORES_RATES},
    {"clcnn_clip_norm_apply",
     CLIP_NORM,
     {{"grad", 20, IN},
      {"table", 8, IN},
      {"norm", 1, OUT | OPTIONAL},
      {"block", CLCNN_OPTIMISER_BLOCK, IN | OUT}},
     .run = run_clip_norm_apply,
     .plan = plan_clip_norm},
};

/* ---- Wrong fields -------------------------------------------------------------------------------
 */

#define SOFTMAX_ROW(member, ...) ROW(SOFTMAX, clcnn_softmax_cross_entropy, member, __VA_ARGS__)
#define ADAM_ROW(member, ...) ROW(ADAM, clcnn_adam, member, __VA_ARGS__)
#define RATE_OF(op, type, member, value)                                                           \
    {                                                                                              \
        op, #member, REAL, offsetof(type, member), value, BAD, #member, IGNORES_RATES              \
    }
#define RATE_ROW(member, value) RATE_OF(ADAM, clcnn_adam, member, value)
#define SGD_RATE_ROW(member, value) RATE_OF(SGD, clcnn_sgd, member, value)
#define RMSPROP_RATE_ROW(member, value) RATE_OF(RMSPROP, clcnn_rmsprop, member, value)

static const field training_fields[] = {
    SOFTMAX_ROW(n, INT, 0, BAD, "0"),
    SOFTMAX_ROW(n, INT, -1, BAD, "-1"),
    SOFTMAX_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    SOFTMAX_ROW(classes, INT, 0, BAD, "0"),
    SOFTMAX_ROW(classes, INT, -1, BAD, "-1"),
    SOFTMAX_ROW(classes, INT, INT_MAX, TOO_MUCH, ""),
    SOFTMAX_ROW(label_smoothing, REAL, -0.1, BAD, "label_smoothing"),
    SOFTMAX_ROW(label_smoothing, REAL, 1.1, BAD, "label_smoothing"),
    SOFTMAX_ROW(label_smoothing, REAL, NAN, BAD, "label_smoothing"),
    ROW(MSE, clcnn_mse, count, INT, 0, BAD, "0"),
    ROW(MSE, clcnn_mse, count, INT, -1, BAD, "-1"),
    ROW(L2, clcnn_l2, count, INT, 0, BAD, "0"),
    ROW(L2, clcnn_l2, count, INT, -1, BAD, "-1"),
    ROW(L2, clcnn_l2, lambda, REAL, -1, BAD, "lambda"),
    ROW(L2, clcnn_l2, lambda, REAL, NAN, BAD, "lambda"),
    ROW(L2, clcnn_l2, lambda, REAL, INFINITY, BAD, "lambda"),
    ROW(L2, clcnn_l2, lambda, REAL, 1e39, BAD, "lambda"),
    ROW(SGD, clcnn_sgd, count, INT, 0, BAD, "0"),
    ROW(SGD, clcnn_sgd, count, INT, -1, BAD, "-1"),
    ROW(SGD, clcnn_sgd, segments, INT, -1, BAD, "-1"),
    SGD_RATE_ROW(lr, -0.1),
    SGD_RATE_ROW(lr, NAN),
    SGD_RATE_ROW(lr, INFINITY),
    SGD_RATE_ROW(momentum, -0.1),
    SGD_RATE_ROW(momentum, NAN),
    SGD_RATE_ROW(momentum, INFINITY),
    SGD_RATE_ROW(weight_decay, -0.1),
    SGD_RATE_ROW(weight_decay, NAN),
    SGD_RATE_ROW(weight_decay, INFINITY),
    SGD_RATE_ROW(grad_scale, -0.1),
    SGD_RATE_ROW(grad_scale, NAN),
    SGD_RATE_ROW(grad_scale, INFINITY),
    ROW(RMSPROP, clcnn_rmsprop, count, INT, 0, BAD, "0"),
    ROW(RMSPROP, clcnn_rmsprop, count, INT, -1, BAD, "-1"),
    ROW(RMSPROP, clcnn_rmsprop, segments, INT, -1, BAD, "-1"),
    RMSPROP_RATE_ROW(lr, -0.1),
    RMSPROP_RATE_ROW(lr, NAN),
    RMSPROP_RATE_ROW(lr, INFINITY),
    RMSPROP_RATE_ROW(alpha, -0.1),
    RMSPROP_RATE_ROW(alpha, 1),
    RMSPROP_RATE_ROW(alpha, NAN),
    RMSPROP_RATE_ROW(eps, -1e-8),
    RMSPROP_RATE_ROW(eps, NAN),
    RMSPROP_RATE_ROW(eps, INFINITY),
    RMSPROP_RATE_ROW(weight_decay, -0.1),
    RMSPROP_RATE_ROW(weight_decay, NAN),
    RMSPROP_RATE_ROW(weight_decay, INFINITY),
    RMSPROP_RATE_ROW(grad_scale, -0.1),
    RMSPROP_RATE_ROW(grad_scale, NAN),
    RMSPROP_RATE_ROW(grad_scale, INFINITY),
    ADAM_ROW(count, INT, -1, BAD, "-1"),
    ADAM_ROW(segments, INT, -1, BAD, "-1"),
    {ADAM, "step", STEP, offsetof(clcnn_adam, step), 0, BAD, "step", IGNORES_RATES},
    {ADAM, "step", STEP, offsetof(clcnn_adam, step), -7, BAD, "-7", IGNORES_RATES},
    RATE_ROW(lr, -0.1),
    RATE_ROW(lr, NAN),
    RATE_ROW(lr, INFINITY),
    RATE_ROW(beta1, -0.1),
    RATE_ROW(beta1, 1),
    RATE_ROW(beta1, NAN),
    RATE_ROW(beta2, -0.1),
    RATE_ROW(beta2, 1),
    RATE_ROW(beta2, NAN),
    RATE_ROW(eps, -1e-8),
    RATE_ROW(eps, NAN),
    RATE_ROW(eps, INFINITY),
    RATE_ROW(weight_decay, -1),
    RATE_ROW(weight_decay, NAN),
    RATE_ROW(weight_decay, INFINITY),
    RATE_ROW(grad_scale, -0.1),
    RATE_ROW(grad_scale, NAN),
    RATE_ROW(grad_scale, INFINITY),
    ROW(CLIP_NORM, clcnn_clip_norm, count, INT, 0, BAD, "0"),
    ROW(CLIP_NORM, clcnn_clip_norm, count, INT, -1, BAD, "-1"),
    ROW(CLIP_NORM, clcnn_clip_norm, segments, INT, -1, BAD, "-1"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, 0, BAD, "max_norm"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, -1, BAD, "max_norm"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, NAN, BAD, "max_norm"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, INFINITY, BAD, "max_norm"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, 1e39, BAD, "max_norm"),
};

/* ---- The reference ------------------------------------------------------------------------------
 */

REFERENCE(clcnn_ref_softmax_cross_entropy_forward, softmax, p[0], p[1], p[2], p[3], p[4], p[5])
REFERENCE(clcnn_ref_softmax_cross_entropy_backward, softmax, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_mse_forward, mse, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_mse_backward, mse, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_l2_forward, l2, p[0], p[1], p[2])
REFERENCE(clcnn_ref_l2_backward, l2, p[0], p[1], p[2])
REFERENCE(clcnn_ref_sgd_step, sgd, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7])
REFERENCE(clcnn_ref_rmsprop_step, rmsprop, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7])
REFERENCE(clcnn_ref_adam_step, adam, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9],
          p[10])
REFERENCE(clcnn_ref_clip_norm_apply, clip_norm, p[0], p[1], p[2], p[3], p[4], p[5], p[6])

static const reference_call training_references[] = {
    {RUN(clcnn_ref_softmax_cross_entropy_forward), .op = SOFTMAX,
     .pointers = {{"x", 15, IN},
                  {"labels", 3, IN | INDEX},
                  {"y", 15, OUT | OPTIONAL},
                  {"loss", 1, OUT | OPTIONAL},
                  {"y_mag", 15, MAG},
                  {"loss_mag", 1, MAG}}},
    {RUN(clcnn_ref_softmax_cross_entropy_backward), .op = SOFTMAX,
     .pointers = {{"x", 15, IN}, {"labels", 3, IN | INDEX}, {"dx", 15, OUT}, {"mag", 15, MAG}}},
    {RUN(clcnn_ref_mse_forward), .op = MSE,
     .pointers = {{"x", 20, IN}, {"target", 20, IN}, {"loss", 1, OUT}, {"mag", 1, MAG}}},
    {RUN(clcnn_ref_mse_backward), .op = MSE,
     .pointers = {{"x", 20, IN}, {"target", 20, IN}, {"dx", 20, OUT}, {"mag", 20, MAG}}},
    {RUN(clcnn_ref_l2_forward), .op = L2,
     .pointers = {{"w", 20, IN}, {"loss", 1, OUT}, {"mag", 1, MAG}}},
    {RUN(clcnn_ref_l2_backward), .op = L2,
     .pointers = {{"w", 20, IN}, {"dw", 20, OUT}, {"mag", 20, MAG}}},
    {RUN(clcnn_ref_sgd_step), .op = SGD,
     .pointers = {{"param", 20, IN},
                  {"grad", 20, IN},
                  {"velocity", 20, IN},
                  {"table", 8, IN},
                  {"new_param", 20, OUT},
                  {"new_velocity", 20, OUT},
                  {"param_mag", 20, MAG},
                  {"velocity_mag", 20, MAG}}},
    {RUN(clcnn_ref_rmsprop_step), .op = RMSPROP,
     .pointers = {{"param", 20, IN},
                  {"grad", 20, IN},
                  {"square_avg", 20, IN},
                  {"table", 8, IN},
                  {"new_param", 20, OUT},
                  {"new_square_avg", 20, OUT},
                  {"param_mag", 20, MAG},
                  {"square_avg_mag", 20, MAG}}},
    {RUN(clcnn_ref_adam_step), .op = ADAM,
     .pointers = {{"param", 20, IN},
                  {"grad", 20, IN},
                  {"m", 20, IN},
                  {"v", 20, IN},
                  {"table", 8, IN},
                  {"new_param", 20, OUT},
                  {"new_m", 20, OUT},
                  {"new_v", 20, OUT},
                  {"param_mag", 20, MAG},
                  {"m_mag", 20, MAG},
                  {"v_mag", 20, MAG}}},
    {RUN(clcnn_ref_clip_norm_apply), .op = CLIP_NORM,
     .pointers = {{"grad", 20, IN},
                  {"table", 8, IN},
                  {"block", CLCNN_OPTIMISER_BLOCK, IN},
                  {"norm", 1, OUT | OPTIONAL},
                  {"clip", 1, OUT},
                  {"norm_mag", 1, MAG},
                  {"clip_mag", 1, MAG}}},
};

#endif
