/* Arguments of convolutions and dense layers: right calls, what they are given, and what can be
 * wrong. See arguments_cases.h. */
#ifndef ARGUMENTS_CONVOLUTIONS_H
#define ARGUMENTS_CONVOLUTIONS_H

#include "arguments_cases.h"

/* ---- The right descriptors ----------------------------------------------------------------------
 */

static const clcnn_conv2d conv2d = {.n = 2,
                                    .c = 2,
                                    .h = 5,
                                    .w = 4,
                                    .k = 4,
                                    .r = 3,
                                    .s = 3,
                                    .pad_top = 1,
                                    .pad_left = 1,
                                    .pad_bottom = 1,
                                    .pad_right = 1,
                                    .groups = 2,
                                    .activation = CLCNN_RELU};
/* From 3 x 2 to the 5 x 4 of conv2d's image: (3-1)*2 + 3 + 0 - 1 - 1, (2-1)*2 + 3 + 1 - 1 - 1. */
static const clcnn_conv2d_transpose conv2d_transpose = {.n = 2,
                                                        .c = 4,
                                                        .h = 3,
                                                        .w = 2,
                                                        .k = 2,
                                                        .r = 3,
                                                        .s = 3,
                                                        .pad_top = 1,
                                                        .pad_left = 1,
                                                        .pad_bottom = 1,
                                                        .pad_right = 1,
                                                        .output_pad_w = 1,
                                                        .stride_h = 2,
                                                        .stride_w = 2,
                                                        .groups = 2,
                                                        .activation = CLCNN_RELU};
static const clcnn_conv1d conv1d = {
    .n = 2, .c = 2, .w = 9, .k = 4, .s = 3, .pad_left = 1, .groups = 2};
static const clcnn_correlate1d correlate1d = {.a = 9, .b = 4, .mode = CLCNN_SAME};
static const clcnn_dense dense = {.n = 3, .c = 5, .k = 4};

enum { X_CONV = 80, W_CONV = 36, Y_CONV = 160, X_TRANSPOSE = 48 };

/* ---- Calls on devices ---------------------------------------------------------------------------
 */

static clcnn_status run_conv2d_forward(const arguments *a)
{
    return clcnn_conv2d_forward(a->ctx, DESC(a, conv2d), a->m[0], a->m[1], a->m[2], a->m[3],
                                a->plan);
}

static clcnn_status run_conv2d_backward_data(const arguments *a)
{
    return clcnn_conv2d_backward_data(a->ctx, DESC(a, conv2d), a->m[0], a->m[1], a->m[2], a->plan);
}

static clcnn_status run_conv2d_backward_weights(const arguments *a)
{
    return clcnn_conv2d_backward_weights(a->ctx, DESC(a, conv2d), a->m[0], a->m[1], a->m[2],
                                         a->m[3], a->plan);
}

static const clcnn_before relu_before = {CLCNN_RELU, 0};

/* With a plan for the data, then with one for the weights. */
static clcnn_status run_conv2d_backward(const arguments *a)
{
    return clcnn_conv2d_backward(a->ctx, DESC(a, conv2d), &relu_before, a->m[0], a->m[1], a->m[2],
                                 a->m[3], a->m[4], a->m[5], a->plan, NULL);
}

static clcnn_status run_conv2d_backward_alone(const arguments *a)
{
    return clcnn_conv2d_backward(a->ctx, DESC(a, conv2d), NULL, a->m[0], CLCNN_NO_MEM, a->m[1],
                                 CLCNN_NO_MEM, a->m[2], a->m[3], NULL, a->plan);
}

static clcnn_status run_conv2d_pack(const arguments *a)
{
    return clcnn_conv2d_pack(a->ctx, DESC(a, conv2d), CLCNN_FORWARD, a->m[0], a->plan);
}

static clcnn_status run_conv2d_transpose_forward(const arguments *a)
{
    return clcnn_conv2d_transpose_forward(a->ctx, DESC(a, conv2d_transpose), a->m[0], a->m[1],
                                          a->m[2], a->m[3], a->plan);
}

static clcnn_status run_conv2d_transpose_backward_data(const arguments *a)
{
    return clcnn_conv2d_transpose_backward_data(a->ctx, DESC(a, conv2d_transpose), a->m[0], a->m[1],
                                                a->m[2], a->plan);
}

static clcnn_status run_conv2d_transpose_backward_weights(const arguments *a)
{
    return clcnn_conv2d_transpose_backward_weights(a->ctx, DESC(a, conv2d_transpose), a->m[0],
                                                   a->m[1], a->m[2], a->m[3], a->plan);
}

static clcnn_status run_conv2d_transpose_pack(const arguments *a)
{
    return clcnn_conv2d_transpose_pack(a->ctx, DESC(a, conv2d_transpose), CLCNN_FORWARD, a->m[0],
                                       a->plan);
}

static clcnn_status run_conv1d_forward(const arguments *a)
{
    return clcnn_conv1d_forward(a->ctx, DESC(a, conv1d), a->m[0], a->m[1], a->m[2], a->m[3],
                                a->plan);
}

static clcnn_status run_conv1d_backward_data(const arguments *a)
{
    return clcnn_conv1d_backward_data(a->ctx, DESC(a, conv1d), a->m[0], a->m[1], a->m[2], a->plan);
}

static clcnn_status run_conv1d_backward_weights(const arguments *a)
{
    return clcnn_conv1d_backward_weights(a->ctx, DESC(a, conv1d), a->m[0], a->m[1], a->m[2],
                                         a->m[3], a->plan);
}

static clcnn_status run_conv1d_pack(const arguments *a)
{
    return clcnn_conv1d_pack(a->ctx, DESC(a, conv1d), CLCNN_FORWARD, a->m[0], a->plan);
}

static clcnn_status run_correlate1d_forward(const arguments *a)
{
    return clcnn_correlate1d_forward(a->ctx, DESC(a, correlate1d), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_dense_forward(const arguments *a)
{
    return clcnn_dense_forward(a->ctx, DESC(a, dense), a->m[0], a->m[1], a->m[2], a->m[3], a->plan);
}

static clcnn_status run_dense_backward_data(const arguments *a)
{
    return clcnn_dense_backward_data(a->ctx, DESC(a, dense), a->m[0], a->m[1], a->m[2], a->plan);
}

static clcnn_status run_dense_backward_weights(const arguments *a)
{
    return clcnn_dense_backward_weights(a->ctx, DESC(a, dense), a->m[0], a->m[1], a->m[2], a->m[3],
                                        a->plan);
}

static clcnn_status run_dense_backward(const arguments *a)
{
    return clcnn_dense_backward(a->ctx, DESC(a, dense), &relu_before, a->m[0], a->m[1], a->m[2],
                                a->m[3], a->m[4], a->m[5], a->plan, NULL);
}

static clcnn_status run_dense_backward_alone(const arguments *a)
{
    return clcnn_dense_backward(a->ctx, DESC(a, dense), NULL, a->m[0], CLCNN_NO_MEM, a->m[1],
                                CLCNN_NO_MEM, a->m[2], a->m[3], NULL, a->plan);
}

static clcnn_status run_dense_pack(const arguments *a)
{
    return clcnn_dense_pack(a->ctx, DESC(a, dense), CLCNN_FORWARD, a->m[0], a->plan);
}

PLAN_OF(conv2d, CLCNN_FORWARD)
PLAN_OF(conv2d, CLCNN_BACKWARD_DATA)
PLAN_OF(conv2d, CLCNN_BACKWARD_WEIGHTS)
PLAN_OF(conv2d_transpose, CLCNN_FORWARD)
PLAN_OF(conv2d_transpose, CLCNN_BACKWARD_DATA)
PLAN_OF(conv2d_transpose, CLCNN_BACKWARD_WEIGHTS)
PLAN_OF(conv1d, CLCNN_FORWARD)
PLAN_OF(conv1d, CLCNN_BACKWARD_DATA)
PLAN_OF(conv1d, CLCNN_BACKWARD_WEIGHTS)
PLAN_OF(dense, CLCNN_FORWARD)
PLAN_OF(dense, CLCNN_BACKWARD_DATA)
PLAN_OF(dense, CLCNN_BACKWARD_WEIGHTS)

static const device_call convolutions_calls[] = {
    {"clcnn_conv2d_forward",
     CONV2D,
     {{"x", X_CONV, IN}, {"w", W_CONV, IN}, {"b", 4, IN | OPTIONAL}, {"y", Y_CONV, OUT}},
     .run = run_conv2d_forward,
     .plan = plan_conv2d_CLCNN_FORWARD},
    {"clcnn_conv2d_backward_data",
     CONV2D,
     {{"dy", Y_CONV, IN}, {"w", W_CONV, IN}, {"dx", X_CONV, OUT}},
     .run = run_conv2d_backward_data,
     .plan = plan_conv2d_CLCNN_BACKWARD_DATA},
    {"clcnn_conv2d_backward_weights",
     CONV2D,
     {{"x", X_CONV, IN},
      {"dy", Y_CONV, IN},
      {"dw", W_CONV, OUT | OPTIONAL},
      {"db", 4, OUT | OPTIONAL}},
     .run = run_conv2d_backward_weights,
     .plan = plan_conv2d_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_conv2d_backward",
     CONV2D,
     {{"x", X_CONV, IN},
      {"w", W_CONV, IN},
      {"dy", Y_CONV, IN},
      {"dx", X_CONV, OUT},
      {"dw", W_CONV, OUT | OPTIONAL},
      {"db", 4, OUT | OPTIONAL}},
     .run = run_conv2d_backward,
     .plan = plan_conv2d_CLCNN_BACKWARD_DATA,
     .bare = true},
    {"clcnn_conv2d_backward",
     CONV2D,
     {{"x", X_CONV, IN},
      {"dy", Y_CONV, IN},
      {"dw", W_CONV, OUT | OPTIONAL},
      {"db", 4, OUT | OPTIONAL}},
     .run = run_conv2d_backward_alone,
     .plan = plan_conv2d_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_conv2d_pack",
     CONV2D,
     {{"w", W_CONV, IN}},
     .run = run_conv2d_pack,
     .plan = plan_conv2d_CLCNN_FORWARD,
     .packs = true},
    {"clcnn_conv2d_transpose_forward",
     TRANSPOSE,
     {{"x", X_TRANSPOSE, IN}, {"w", W_CONV, IN}, {"b", 2, IN | OPTIONAL}, {"y", X_CONV, OUT}},
     .run = run_conv2d_transpose_forward,
     .plan = plan_conv2d_transpose_CLCNN_FORWARD},
    {"clcnn_conv2d_transpose_backward_data",
     TRANSPOSE,
     {{"dy", X_CONV, IN}, {"w", W_CONV, IN}, {"dx", X_TRANSPOSE, OUT}},
     .run = run_conv2d_transpose_backward_data,
     .plan = plan_conv2d_transpose_CLCNN_BACKWARD_DATA},
    {"clcnn_conv2d_transpose_backward_weights",
     TRANSPOSE,
     {{"x", X_TRANSPOSE, IN},
      {"dy", X_CONV, IN},
      {"dw", W_CONV, OUT | OPTIONAL},
      {"db", 2, OUT | OPTIONAL}},
     .run = run_conv2d_transpose_backward_weights,
     .plan = plan_conv2d_transpose_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_conv2d_transpose_pack",
     TRANSPOSE,
     {{"w", W_CONV, IN}},
     .run = run_conv2d_transpose_pack,
     .plan = plan_conv2d_transpose_CLCNN_FORWARD,
     .packs = true},
    {"clcnn_conv1d_forward",
     CONV1D,
     {{"x", 36, IN}, {"w", 12, IN}, {"b", 4, IN | OPTIONAL}, {"y", 64, OUT}},
     .run = run_conv1d_forward,
     .plan = plan_conv1d_CLCNN_FORWARD},
    {"clcnn_conv1d_backward_data",
     CONV1D,
     {{"dy", 64, IN}, {"w", 12, IN}, {"dx", 36, OUT}},
     .run = run_conv1d_backward_data,
     .plan = plan_conv1d_CLCNN_BACKWARD_DATA},
    {"clcnn_conv1d_backward_weights",
     CONV1D,
     {{"x", 36, IN}, {"dy", 64, IN}, {"dw", 12, OUT | OPTIONAL}, {"db", 4, OUT | OPTIONAL}},
     .run = run_conv1d_backward_weights,
     .plan = plan_conv1d_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_conv1d_pack",
     CONV1D,
     {{"w", 12, IN}},
     .run = run_conv1d_pack,
     .plan = plan_conv1d_CLCNN_FORWARD,
     .packs = true},
    {"clcnn_correlate1d_forward",
     CORRELATE1D,
     {{"a", 9, IN}, {"b", 4, IN}, {"y", 9, OUT}},
     .run = run_correlate1d_forward},
    {"clcnn_dense_forward",
     DENSE,
     {{"x", 15, IN}, {"w", 20, IN}, {"b", 4, IN | OPTIONAL}, {"y", 12, OUT}},
     .run = run_dense_forward,
     .plan = plan_dense_CLCNN_FORWARD},
    {"clcnn_dense_backward_data",
     DENSE,
     {{"dy", 12, IN}, {"w", 20, IN}, {"dx", 15, OUT}},
     .run = run_dense_backward_data,
     .plan = plan_dense_CLCNN_BACKWARD_DATA},
    {"clcnn_dense_backward_weights",
     DENSE,
     {{"x", 15, IN}, {"dy", 12, IN}, {"dw", 20, OUT | OPTIONAL}, {"db", 4, OUT | OPTIONAL}},
     .run = run_dense_backward_weights,
     .plan = plan_dense_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_dense_backward",
     DENSE,
     {{"x", 15, IN},
      {"w", 20, IN},
      {"dy", 12, IN},
      {"dx", 15, OUT},
      {"dw", 20, OUT | OPTIONAL},
      {"db", 4, OUT | OPTIONAL}},
     .run = run_dense_backward,
     .plan = plan_dense_CLCNN_BACKWARD_DATA,
     .bare = true},
    {"clcnn_dense_backward",
     DENSE,
     {{"x", 15, IN}, {"dy", 12, IN}, {"dw", 20, OUT | OPTIONAL}, {"db", 4, OUT | OPTIONAL}},
     .run = run_dense_backward_alone,
     .plan = plan_dense_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_dense_pack",
     DENSE,
     {{"w", 20, IN}},
     .run = run_dense_pack,
     .plan = plan_dense_CLCNN_FORWARD,
     .packs = true},
};

/* ---- Wrong fields -------------------------------------------------------------------------------
 */

#define CONV2D_ROW(member, ...) ROW(CONV2D, clcnn_conv2d, member, __VA_ARGS__)
#define DENSE_ROW(member, ...) ROW(DENSE, clcnn_dense, member, __VA_ARGS__)

static const field convolutions_fields[] = {
    CONV2D_ROW(n, INT, 0, BAD, "0"),
    CONV2D_ROW(n, INT, -1, BAD, "-1"),
    CONV2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(c, INT, 0, BAD, "0"),
    CONV2D_ROW(c, INT, -2, BAD, "-2"),
    CONV2D_ROW(c, INT, 3, BAD, "3"),
    CONV2D_ROW(c, INT, INT_MAX - 1, TOO_MUCH, ""),
    CONV2D_ROW(h, INT, 0, BAD, "0"),
    CONV2D_ROW(h, INT, -5, BAD, "-5"),
    CONV2D_ROW(h, INT, INT_MAX - 2, TOO_MUCH, ""),
    CONV2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(w, INT, 0, BAD, "0"),
    CONV2D_ROW(w, INT, -1, BAD, "-1"),
    CONV2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(k, INT, 0, BAD, "0"),
    CONV2D_ROW(k, INT, -4, BAD, "-4"),
    CONV2D_ROW(k, INT, 3, BAD, "3"),
    CONV2D_ROW(k, INT, INT_MAX - 1, TOO_MUCH, ""),
    CONV2D_ROW(r, INT, 0, BAD, "0"),
    CONV2D_ROW(r, INT, -1, BAD, "-1"),
    CONV2D_ROW(r, INT, 8, BAD, "8"),
    CONV2D_ROW(r, INT, INT_MAX, BAD, "2147483647"),
    CONV2D_ROW(s, INT, 0, BAD, "0"),
    CONV2D_ROW(s, INT, -3, BAD, "-3"),
    CONV2D_ROW(s, INT, 7, BAD, "7"),
    CONV2D_ROW(pad_top, INT, -1, BAD, "-1"),
    CONV2D_ROW(pad_top, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(pad_left, INT, -1, BAD, "-1"),
    CONV2D_ROW(pad_left, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(pad_bottom, INT, -1, BAD, "-1"),
    CONV2D_ROW(pad_bottom, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(pad_right, INT, -1, BAD, "-1"),
    CONV2D_ROW(pad_right, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(stride_h, INT, -1, BAD, "-1"),
    CONV2D_ROW(stride_w, INT, -1, BAD, "-1"),
    CONV2D_ROW(dilation_h, INT, -1, BAD, "-1"),
    CONV2D_ROW(dilation_h, INT, 4, BAD, "4"),
    CONV2D_ROW(dilation_h, INT, INT_MAX, BAD, "2147483647"),
    CONV2D_ROW(dilation_w, INT, -1, BAD, "-1"),
    CONV2D_ROW(dilation_w, INT, 3, BAD, "3"),
    CONV2D_ROW(groups, INT, -1, BAD, "-1"),
    CONV2D_ROW(groups, INT, 3, BAD, "3"),
    CONV2D_ROW(groups, INT, 4, BAD, "4"),
    CONV2D_ROW(groups, INT, INT_MAX, BAD, "2147483647"),
    CONV2D_ROW(activation, INT, -1, BAD, "-1"),
    CONV2D_ROW(activation, INT, 99, BAD, "99"),
    CONV2D_ROW(alpha, REAL, NAN, BAD, "alpha"),
    CONV2D_ROW(alpha, REAL, INFINITY, BAD, "alpha"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, n, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, n, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, h, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, h, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, w, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, w, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, r, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, r, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, s, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, s, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, c, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, c, INT, 3, BAD, "3"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, k, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, k, INT, -2, BAD, "-2"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, k, INT, 3, BAD, "3"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, c, INT, INT_MAX - 1, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, k, INT, INT_MAX - 1, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, h, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, r, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_top, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_left, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_bottom, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_right, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_h, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_w, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, stride_h, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, stride_w, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, dilation_h, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, dilation_w, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, groups, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_top, INT, 6, BAD, "6"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_bottom, INT, INT_MAX, BAD, "2147483647"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_left, INT, 5, BAD, "5"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_right, INT, 5, BAD, "5"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_h, INT, 2, BAD, "output_pad"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_w, INT, 2, BAD, "output_pad"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_w, INT, INT_MAX, BAD, "2147483647"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, stride_h, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, dilation_w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, groups, INT, 3, BAD, "3"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, groups, INT, 4, BAD, "4"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, activation, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, activation, INT, 99, BAD, "99"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, alpha, REAL, NAN, BAD, "alpha"),
    ROW(CONV1D, clcnn_conv1d, n, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, n, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, w, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, w, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, s, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, s, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, k, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, k, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, c, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, c, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, c, INT, 3, BAD, "3"),
    ROW(CONV1D, clcnn_conv1d, k, INT, 3, BAD, "3"),
    ROW(CONV1D, clcnn_conv1d, s, INT, 11, BAD, "11"),
    ROW(CONV1D, clcnn_conv1d, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, pad_left, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, pad_right, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, c, INT, INT_MAX - 1, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, k, INT, INT_MAX - 1, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, pad_left, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, pad_right, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, stride, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, dilation, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, groups, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, dilation, INT, 5, BAD, "5"),
    ROW(CONV1D, clcnn_conv1d, groups, INT, 3, BAD, "3"),
    ROW(CONV1D, clcnn_conv1d, activation, INT, 99, BAD, "99"),
    ROW(CONV1D, clcnn_conv1d, alpha, REAL, NAN, BAD, "alpha"),
    ROW(CORRELATE1D, clcnn_correlate1d, a, INT, 0, BAD, "0"),
    ROW(CORRELATE1D, clcnn_correlate1d, a, INT, -1, BAD, "-1"),
    ROW(CORRELATE1D, clcnn_correlate1d, b, INT, 0, BAD, "0"),
    ROW(CORRELATE1D, clcnn_correlate1d, b, INT, -1, BAD, "-1"),
    ROW(CORRELATE1D, clcnn_correlate1d, mode, INT, -1, BAD, "-1"),
    ROW(CORRELATE1D, clcnn_correlate1d, mode, INT, 3, BAD, "3"),
    DENSE_ROW(n, INT, 0, BAD, "0"),
    DENSE_ROW(n, INT, -1, BAD, "-1"),
    DENSE_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    DENSE_ROW(c, INT, 0, BAD, "0"),
    DENSE_ROW(c, INT, -1, BAD, "-1"),
    DENSE_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    DENSE_ROW(k, INT, 0, BAD, "0"),
    DENSE_ROW(k, INT, -1, BAD, "-1"),
    DENSE_ROW(k, INT, INT_MAX, TOO_MUCH, ""),
    DENSE_ROW(activation, INT, -1, BAD, "-1"),
    DENSE_ROW(activation, INT, 99, BAD, "99"),
    DENSE_ROW(alpha, REAL, NAN, BAD, "alpha"),
};

/* ---- The reference ------------------------------------------------------------------------------
 */

REFERENCE(clcnn_ref_conv2d_forward, conv2d, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_conv2d_backward_data, conv2d, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_conv2d_backward_weights, conv2d, p[0], p[1], p[2], p[3], p[4], p[5])
REFERENCE(clcnn_ref_conv2d_backward, conv2d, &relu_before, p[0], p[1], p[2], p[3], p[4], p[5], p[6],
          p[7], p[8])
REFERENCE(clcnn_ref_conv2d_transpose_forward, conv2d_transpose, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_conv2d_transpose_backward_data, conv2d_transpose, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_conv2d_transpose_backward_weights, conv2d_transpose, p[0], p[1], p[2], p[3],
          p[4], p[5])
REFERENCE(clcnn_ref_conv1d_forward, conv1d, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_conv1d_backward_data, conv1d, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_conv1d_backward_weights, conv1d, p[0], p[1], p[2], p[3], p[4], p[5])
REFERENCE(clcnn_ref_correlate1d_forward, correlate1d, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_dense_forward, dense, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_dense_backward_data, dense, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_dense_backward_weights, dense, p[0], p[1], p[2], p[3], p[4], p[5])
REFERENCE(clcnn_ref_dense_backward, dense, &relu_before, p[0], p[1], p[2], p[3], p[4], p[5], p[6],
          p[7], p[8])

static const reference_call convolutions_references[] = {
    {RUN(clcnn_ref_conv2d_forward), .op = CONV2D,
     .pointers = {{"x", X_CONV, IN},
                  {"w", W_CONV, IN},
                  {"b", 4, IN | OPTIONAL},
                  {"y", Y_CONV, OUT},
                  {"mag", Y_CONV, MAG}}},
    {RUN(clcnn_ref_conv2d_backward_data), .op = CONV2D,
     .pointers =
         {{"dy", Y_CONV, IN}, {"w", W_CONV, IN}, {"dx", X_CONV, OUT}, {"mag", X_CONV, MAG}}},
    {RUN(clcnn_ref_conv2d_backward_weights), .op = CONV2D,
     .pointers = {{"x", X_CONV, IN},
                  {"dy", Y_CONV, IN},
                  {"dw", W_CONV, OUT | OPTIONAL},
                  {"db", 4, OUT | OPTIONAL},
                  {"dw_mag", W_CONV, MAG},
                  {"db_mag", 4, MAG}}},
    {RUN(clcnn_ref_conv2d_backward), .op = CONV2D,
     .pointers = {{"x", X_CONV, IN},
                  {"w", W_CONV, IN},
                  {"dy", Y_CONV, IN},
                  {"dx", X_CONV, OUT},
                  {"dw", W_CONV, OUT | OPTIONAL},
                  {"db", 4, OUT | OPTIONAL},
                  {"dx_mag", X_CONV, MAG},
                  {"dw_mag", W_CONV, MAG},
                  {"db_mag", 4, MAG}}},
    {RUN(clcnn_ref_conv2d_transpose_forward), .op = TRANSPOSE,
     .pointers = {{"x", X_TRANSPOSE, IN},
                  {"w", W_CONV, IN},
                  {"b", 2, IN | OPTIONAL},
                  {"y", X_CONV, OUT},
                  {"mag", X_CONV, MAG}}},
    {RUN(clcnn_ref_conv2d_transpose_backward_data), .op = TRANSPOSE,
     .pointers = {{"dy", X_CONV, IN},
                  {"w", W_CONV, IN},
                  {"dx", X_TRANSPOSE, OUT},
                  {"mag", X_TRANSPOSE, MAG}}},
    {RUN(clcnn_ref_conv2d_transpose_backward_weights), .op = TRANSPOSE,
     .pointers = {{"x", X_TRANSPOSE, IN},
                  {"dy", X_CONV, IN},
                  {"dw", W_CONV, OUT | OPTIONAL},
                  {"db", 2, OUT | OPTIONAL},
                  {"dw_mag", W_CONV, MAG},
                  {"db_mag", 2, MAG}}},
    {RUN(clcnn_ref_conv1d_forward), .op = CONV1D,
     .pointers =
         {{"x", 36, IN}, {"w", 12, IN}, {"b", 4, IN | OPTIONAL}, {"y", 64, OUT}, {"mag", 64, MAG}}},
    {RUN(clcnn_ref_conv1d_backward_data), .op = CONV1D,
     .pointers = {{"dy", 64, IN}, {"w", 12, IN}, {"dx", 36, OUT}, {"mag", 36, MAG}}},
    {RUN(clcnn_ref_conv1d_backward_weights), .op = CONV1D,
     .pointers = {{"x", 36, IN},
                  {"dy", 64, IN},
                  {"dw", 12, OUT | OPTIONAL},
                  {"db", 4, OUT | OPTIONAL},
                  {"dw_mag", 12, MAG},
                  {"db_mag", 4, MAG}}},
    {RUN(clcnn_ref_correlate1d_forward), .op = CORRELATE1D,
     .pointers = {{"a", 9, IN}, {"b", 4, IN}, {"y", 9, OUT}, {"mag", 9, MAG}}},
    {RUN(clcnn_ref_dense_forward), .op = DENSE,
     .pointers =
         {{"x", 15, IN}, {"w", 20, IN}, {"b", 4, IN | OPTIONAL}, {"y", 12, OUT}, {"mag", 12, MAG}}},
    {RUN(clcnn_ref_dense_backward_data), .op = DENSE,
     .pointers = {{"dy", 12, IN}, {"w", 20, IN}, {"dx", 15, OUT}, {"mag", 15, MAG}}},
    {RUN(clcnn_ref_dense_backward_weights), .op = DENSE,
     .pointers = {{"x", 15, IN},
                  {"dy", 12, IN},
                  {"dw", 20, OUT | OPTIONAL},
                  {"db", 4, OUT | OPTIONAL},
                  {"dw_mag", 20, MAG},
                  {"db_mag", 4, MAG}}},
    {RUN(clcnn_ref_dense_backward), .op = DENSE,
     .pointers = {{"x", 15, IN},
                  {"w", 20, IN},
                  {"dy", 12, IN},
                  {"dx", 15, OUT},
                  {"dw", 20, OUT | OPTIONAL},
                  {"db", 4, OUT | OPTIONAL},
                  {"dx_mag", 15, MAG},
                  {"dw_mag", 20, MAG},
                  {"db_mag", 4, MAG}}},
};

#endif
