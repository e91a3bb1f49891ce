/* Arguments of operations on images and channels: pooling, im2col, padding, resampling, concat,
 * slice: right calls, what they are given, and what can be wrong. See arguments_cases.h. */
#ifndef ARGUMENTS_IMAGES_H
#define ARGUMENTS_IMAGES_H

#include "arguments_cases.h"

/* ---- The right descriptors ----------------------------------------------------------------------
 */

static const clcnn_maxpool2d maxpool2d = {.n = 2, .c = 2, .h = 5, .w = 4, .r = 2, .s = 2};
static const clcnn_avgpool2d avgpool2d = {.n = 2, .c = 2, .h = 5, .w = 4, .r = 2, .s = 2};
static const clcnn_im2col im2col = {
    .n = 1, .c = 2, .h = 5, .w = 4, .r = 2, .s = 3, .pad_left = 1, .pad_right = 1};
static const clcnn_pad2d pad2d = {
    .n = 2, .c = 2, .h = 5, .w = 4, .pad_top = 1, .pad_left = 2, .pad_right = 1};
static const clcnn_adaptive_avgpool2d adaptive = {.n = 2, .c = 2, .h = 5, .w = 4, .p = 3, .q = 2};
static const clcnn_upsample2d upsample2d = {
    .n = 2, .c = 1, .h = 5, .w = 4, .p = 7, .scale_w = 2, .kind = CLCNN_BILINEAR};
static const int concat_channels[] = {2, 1};
static const clcnn_concat concat = {
    .n = 2, .h = 3, .w = 2, .inputs = 2, .channels = concat_channels};
static const clcnn_slice slice = {.n = 2, .c = 3, .h = 3, .w = 2, .begin = 1, .count = 1};

enum {
    X_POOL = 80,
    Y_POOL = 16,
    IMAGE = 40,
    MATRIX = 12 * 16,
    Y_PAD = 168,
    Y_ADAPTIVE = 24,
    X_UPSAMPLE = 40,
    Y_UPSAMPLE = 112
};

/* ---- Calls on devices ---------------------------------------------------------------------------
 */

static clcnn_status run_maxpool2d_forward(const arguments *a)
{
    return clcnn_maxpool2d_forward(a->ctx, DESC(a, maxpool2d), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_maxpool2d_backward(const arguments *a)
{
    return clcnn_maxpool2d_backward(a->ctx, DESC(a, maxpool2d), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_avgpool2d_forward(const arguments *a)
{
    return clcnn_avgpool2d_forward(a->ctx, DESC(a, avgpool2d), a->m[0], a->m[1]);
}

static clcnn_status run_avgpool2d_backward(const arguments *a)
{
    return clcnn_avgpool2d_backward(a->ctx, DESC(a, avgpool2d), a->m[0], a->m[1]);
}

static clcnn_status run_im2col_forward(const arguments *a)
{
    return clcnn_im2col_forward(a->ctx, DESC(a, im2col), a->m[0], a->m[1]);
}

static clcnn_status run_col2im_forward(const arguments *a)
{
    return clcnn_col2im_forward(a->ctx, DESC(a, im2col), a->m[0], a->m[1]);
}

static clcnn_status run_pad2d_forward(const arguments *a)
{
    return clcnn_pad2d_forward(a->ctx, DESC(a, pad2d), a->m[0], a->m[1]);
}

static clcnn_status run_pad2d_backward(const arguments *a)
{
    return clcnn_pad2d_backward(a->ctx, DESC(a, pad2d), a->m[0], a->m[1]);
}

static clcnn_status run_adaptive_avgpool2d_forward(const arguments *a)
{
    return clcnn_adaptive_avgpool2d_forward(a->ctx, DESC(a, adaptive), a->m[0], a->m[1]);
}

static clcnn_status run_adaptive_avgpool2d_backward(const arguments *a)
{
    return clcnn_adaptive_avgpool2d_backward(a->ctx, DESC(a, adaptive), a->m[0], a->m[1]);
}

static clcnn_status run_upsample2d_forward(const arguments *a)
{
    return clcnn_upsample2d_forward(a->ctx, DESC(a, upsample2d), a->m[0], a->m[1]);
}

static clcnn_status run_upsample2d_backward(const arguments *a)
{
    return clcnn_upsample2d_backward(a->ctx, DESC(a, upsample2d), a->m[0], a->m[1]);
}

static clcnn_status run_concat_forward(const arguments *a)
{
    return clcnn_concat_forward(a->ctx, DESC(a, concat), a->m, a->m[2]);
}

static clcnn_status run_concat_backward(const arguments *a)
{
    return clcnn_concat_backward(a->ctx, DESC(a, concat), a->m[2], a->m);
}

static clcnn_status run_slice_forward(const arguments *a)
{
    return clcnn_slice_forward(a->ctx, DESC(a, slice), a->m[0], a->m[1]);
}

static clcnn_status run_slice_backward(const arguments *a)
{
    return clcnn_slice_backward(a->ctx, DESC(a, slice), a->m[0], a->m[1]);
}

static const device_call images_calls[] = {
    {"clcnn_maxpool2d_forward",
     MAXPOOL2D,
     {{"x", X_POOL, IN}, {"y", Y_POOL, OUT}, {"argmax", Y_POOL, OUT | OPTIONAL | INDEX}},
     .run = run_maxpool2d_forward},
    {"clcnn_maxpool2d_backward",
     MAXPOOL2D,
     {{"dy", Y_POOL, IN}, {"argmax", Y_POOL, IN | INDEX}, {"dx", X_POOL, OUT}},
     .run = run_maxpool2d_backward},
    {"clcnn_avgpool2d_forward",
     AVGPOOL2D,
     {{"x", X_POOL, IN}, {"y", Y_POOL, OUT}},
     .run = run_avgpool2d_forward},
    {"clcnn_avgpool2d_backward",
     AVGPOOL2D,
     {{"dy", Y_POOL, IN}, {"dx", X_POOL, OUT}},
     .run = run_avgpool2d_backward},
    {"clcnn_im2col_forward",
     IM2COL,
     {{"x", IMAGE, IN}, {"y", MATRIX, OUT}},
     .run = run_im2col_forward},
    {"clcnn_col2im_forward",
     IM2COL,
     {{"x", MATRIX, IN}, {"y", IMAGE, OUT}},
     .run = run_col2im_forward},
    {"clcnn_pad2d_forward",
     PAD2D,
     {{"x", X_POOL, IN}, {"y", Y_PAD, OUT}},
     .run = run_pad2d_forward},
    {"clcnn_pad2d_backward",
     PAD2D,
     {{"dy", Y_PAD, IN}, {"dx", X_POOL, OUT}},
     .run = run_pad2d_backward},
    {"clcnn_adaptive_avgpool2d_forward",
     ADAPTIVE,
     {{"x", X_POOL, IN}, {"y", Y_ADAPTIVE, OUT}},
     .run = run_adaptive_avgpool2d_forward},
    {"clcnn_adaptive_avgpool2d_backward",
     ADAPTIVE,
     {{"dy", Y_ADAPTIVE, IN}, {"dx", X_POOL, OUT}},
     .run = run_adaptive_avgpool2d_backward},
    {"clcnn_upsample2d_forward",
     UPSAMPLE2D,
     {{"x", X_UPSAMPLE, IN}, {"y", Y_UPSAMPLE, OUT}},
     .run = run_upsample2d_forward},
    {"clcnn_upsample2d_backward",
     UPSAMPLE2D,
     {{"dy", Y_UPSAMPLE, IN}, {"dx", X_UPSAMPLE, OUT}},
     .run = run_upsample2d_backward},
    {"clcnn_concat_forward",
     CONCAT,
     {{"x[0]", 24, IN}, {"x[1]", 12, IN}, {"y", 36, OUT}},
     .run = run_concat_forward},
    {"clcnn_concat_backward",
     CONCAT,
     {{"dx[0]", 24, OUT | OPTIONAL}, {"dx[1]", 12, OUT | OPTIONAL}, {"dy", 36, IN}},
     .run = run_concat_backward},
    {"clcnn_slice_forward", SLICE, {{"x", 36, IN}, {"y", 12, OUT}}, .run = run_slice_forward},
    {"clcnn_slice_backward", SLICE, {{"dy", 12, IN}, {"dx", 36, OUT}}, .run = run_slice_backward},
};

/* ---- Wrong fields -------------------------------------------------------------------------------
 */

#define MAXPOOL2D_ROW(member, ...) ROW(MAXPOOL2D, clcnn_maxpool2d, member, __VA_ARGS__)
#define AVGPOOL2D_ROW(member, ...) ROW(AVGPOOL2D, clcnn_avgpool2d, member, __VA_ARGS__)
#define IM2COL_ROW(member, ...) ROW(IM2COL, clcnn_im2col, member, __VA_ARGS__)
#define PAD2D_ROW(member, ...) ROW(PAD2D, clcnn_pad2d, member, __VA_ARGS__)
#define ADAPTIVE_ROW(member, ...) ROW(ADAPTIVE, clcnn_adaptive_avgpool2d, member, __VA_ARGS__)
#define UPSAMPLE2D_ROW(member, ...) ROW(UPSAMPLE2D, clcnn_upsample2d, member, __VA_ARGS__)

static const field images_fields[] = {
    MAXPOOL2D_ROW(n, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(n, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    MAXPOOL2D_ROW(c, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(c, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    MAXPOOL2D_ROW(h, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(h, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    MAXPOOL2D_ROW(w, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(w, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    MAXPOOL2D_ROW(r, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(r, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(r, INT, 6, BAD, "6"),
    MAXPOOL2D_ROW(r, INT, INT_MAX, BAD, "2147483647"),
    MAXPOOL2D_ROW(s, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(s, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(s, INT, 5, BAD, "5"),
    MAXPOOL2D_ROW(pad_top, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(pad_top, INT, 2, BAD, "padding"),
    MAXPOOL2D_ROW(pad_left, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(pad_left, INT, 2, BAD, "padding"),
    MAXPOOL2D_ROW(pad_bottom, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(pad_bottom, INT, 3, BAD, "padding"),
    MAXPOOL2D_ROW(pad_right, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(pad_right, INT, 2, BAD, "padding"),
    MAXPOOL2D_ROW(stride_h, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(stride_w, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(dilation_h, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(dilation_h, INT, 5, BAD, "5"),
    MAXPOOL2D_ROW(dilation_w, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(dilation_w, INT, INT_MAX, BAD, "2147483647"),
    AVGPOOL2D_ROW(n, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(n, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    AVGPOOL2D_ROW(c, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(c, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    AVGPOOL2D_ROW(h, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(h, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    AVGPOOL2D_ROW(w, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(w, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    AVGPOOL2D_ROW(r, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(r, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(r, INT, 6, BAD, "6"),
    AVGPOOL2D_ROW(r, INT, INT_MAX, BAD, "2147483647"),
    AVGPOOL2D_ROW(s, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(s, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(s, INT, 5, BAD, "5"),
    AVGPOOL2D_ROW(pad_top, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(pad_top, INT, 2, BAD, "padding"),
    AVGPOOL2D_ROW(pad_left, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(pad_left, INT, 2, BAD, "padding"),
    AVGPOOL2D_ROW(pad_bottom, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(pad_bottom, INT, 3, BAD, "padding"),
    AVGPOOL2D_ROW(pad_right, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(pad_right, INT, 2, BAD, "padding"),
    AVGPOOL2D_ROW(stride_h, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(stride_w, INT, -1, BAD, "-1"),
    IM2COL_ROW(n, INT, 0, BAD, "0"),
    IM2COL_ROW(n, INT, -1, BAD, "-1"),
    IM2COL_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(c, INT, 0, BAD, "0"),
    IM2COL_ROW(c, INT, -1, BAD, "-1"),
    IM2COL_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(h, INT, 0, BAD, "0"),
    IM2COL_ROW(h, INT, -1, BAD, "-1"),
    IM2COL_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(w, INT, 0, BAD, "0"),
    IM2COL_ROW(w, INT, -1, BAD, "-1"),
    IM2COL_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(r, INT, 0, BAD, "0"),
    IM2COL_ROW(r, INT, -1, BAD, "-1"),
    IM2COL_ROW(r, INT, 6, BAD, "6"),
    IM2COL_ROW(r, INT, INT_MAX, BAD, "2147483647"),
    IM2COL_ROW(s, INT, 0, BAD, "0"),
    IM2COL_ROW(s, INT, -1, BAD, "-1"),
    IM2COL_ROW(pad_top, INT, -1, BAD, "-1"),
    IM2COL_ROW(pad_left, INT, -1, BAD, "-1"),
    IM2COL_ROW(pad_bottom, INT, -1, BAD, "-1"),
    IM2COL_ROW(pad_right, INT, -1, BAD, "-1"),
    IM2COL_ROW(stride_h, INT, -1, BAD, "-1"),
    IM2COL_ROW(stride_w, INT, -1, BAD, "-1"),
    IM2COL_ROW(dilation_h, INT, -1, BAD, "-1"),
    IM2COL_ROW(dilation_h, INT, 5, BAD, "5"),
    IM2COL_ROW(dilation_w, INT, -1, BAD, "-1"),
    IM2COL_ROW(dilation_w, INT, INT_MAX, BAD, "2147483647"),
    IM2COL_ROW(s, INT, 7, BAD, "7"),
    IM2COL_ROW(pad_top, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(pad_right, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(n, INT, 0, BAD, "0"),
    PAD2D_ROW(n, INT, -1, BAD, "-1"),
    PAD2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(c, INT, 0, BAD, "0"),
    PAD2D_ROW(c, INT, -1, BAD, "-1"),
    PAD2D_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(h, INT, 0, BAD, "0"),
    PAD2D_ROW(h, INT, -1, BAD, "-1"),
    PAD2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(w, INT, 0, BAD, "0"),
    PAD2D_ROW(w, INT, -1, BAD, "-1"),
    PAD2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(pad_top, INT, -1, BAD, "-1"),
    PAD2D_ROW(pad_top, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(pad_left, INT, -1, BAD, "-1"),
    PAD2D_ROW(pad_left, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(pad_bottom, INT, -1, BAD, "-1"),
    PAD2D_ROW(pad_bottom, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(pad_right, INT, -1, BAD, "-1"),
    PAD2D_ROW(pad_right, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(n, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(n, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(c, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(c, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(h, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(h, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(w, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(w, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(p, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(p, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(p, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(q, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(q, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(q, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(n, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(n, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(c, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(c, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(h, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(h, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(w, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(w, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(p, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(p, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(p, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(q, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(q, INT, 7, BAD, "7"),
    UPSAMPLE2D_ROW(scale_h, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(scale_h, INT, 2, BAD, "2"),
    UPSAMPLE2D_ROW(scale_w, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(scale_w, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(scale_w, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(kind, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(kind, INT, 2, BAD, "2"),
    ROW(CONCAT, clcnn_concat, n, INT, 0, BAD, "0"),
    ROW(CONCAT, clcnn_concat, n, INT, -1, BAD, "-1"),
    ROW(CONCAT, clcnn_concat, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONCAT, clcnn_concat, h, INT, 0, BAD, "0"),
    ROW(CONCAT, clcnn_concat, h, INT, -1, BAD, "-1"),
    ROW(CONCAT, clcnn_concat, h, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONCAT, clcnn_concat, w, INT, 0, BAD, "0"),
    ROW(CONCAT, clcnn_concat, w, INT, -1, BAD, "-1"),
    ROW(CONCAT, clcnn_concat, w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SLICE, clcnn_slice, n, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, n, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SLICE, clcnn_slice, c, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, c, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, c, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SLICE, clcnn_slice, h, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, h, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, h, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SLICE, clcnn_slice, w, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, w, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONCAT, clcnn_concat, inputs, INT, 0, BAD, "inputs"),
    ROW(CONCAT, clcnn_concat, inputs, INT, -1, BAD, "-1"),
    ROW(CONCAT, clcnn_concat, inputs, INT, 17, BAD, "17"),
    ROW(SLICE, clcnn_slice, begin, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, begin, INT, 3, BAD, "3"),
    ROW(SLICE, clcnn_slice, begin, INT, INT_MAX, BAD, "2147483647"),
    ROW(SLICE, clcnn_slice, count, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, count, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, count, INT, 3, BAD, "3"),
    ROW(SLICE, clcnn_slice, count, INT, INT_MAX, BAD, "2147483647"),
};

/* ---- The reference ------------------------------------------------------------------------------
 */

REFERENCE(clcnn_ref_maxpool2d_forward, maxpool2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_maxpool2d_backward, maxpool2d, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_avgpool2d_forward, avgpool2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_avgpool2d_backward, avgpool2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_im2col_forward, im2col, p[0], p[1])
REFERENCE(clcnn_ref_col2im_forward, im2col, p[0], p[1], p[2])
REFERENCE(clcnn_ref_pad2d_forward, pad2d, p[0], p[1])
REFERENCE(clcnn_ref_pad2d_backward, pad2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_adaptive_avgpool2d_forward, adaptive, p[0], p[1], p[2])
REFERENCE(clcnn_ref_adaptive_avgpool2d_backward, adaptive, p[0], p[1], p[2])
REFERENCE(clcnn_ref_upsample2d_forward, upsample2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_upsample2d_backward, upsample2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_concat_forward, concat, (const float *const[]){p[0], p[1]}, p[2])
REFERENCE(clcnn_ref_concat_backward, concat, p[0], (double *const[]){p[1], p[2]},
          (double *const[]){p[3], p[4]})
REFERENCE(clcnn_ref_slice_forward, slice, p[0], p[1])
REFERENCE(clcnn_ref_slice_backward, slice, p[0], p[1], p[2])

static const reference_call images_references[] = {
    {RUN(clcnn_ref_maxpool2d_forward), .op = MAXPOOL2D,
     .pointers = {{"x", X_POOL, IN}, {"y", Y_POOL, OUT}, {"argmax", Y_POOL, MAG | INDEX}}},
    {RUN(clcnn_ref_maxpool2d_backward), .op = MAXPOOL2D,
     .pointers = {{"dy", Y_POOL, IN},
                  {"argmax", Y_POOL, IN | INDEX},
                  {"dx", X_POOL, OUT},
                  {"mag", X_POOL, MAG}}},
    {RUN(clcnn_ref_avgpool2d_forward), .op = AVGPOOL2D,
     .pointers = {{"x", X_POOL, IN}, {"y", Y_POOL, OUT}, {"mag", Y_POOL, MAG}}},
    {RUN(clcnn_ref_avgpool2d_backward), .op = AVGPOOL2D,
     .pointers = {{"dy", Y_POOL, IN}, {"dx", X_POOL, OUT}, {"mag", X_POOL, MAG}}},
    {RUN(clcnn_ref_im2col_forward), .op = IM2COL,
     .pointers = {{"x", IMAGE, IN}, {"y", MATRIX, OUT}}},
    {RUN(clcnn_ref_col2im_forward), .op = IM2COL,
     .pointers = {{"x", MATRIX, IN}, {"y", IMAGE, OUT}, {"mag", IMAGE, MAG}}},
    {RUN(clcnn_ref_pad2d_forward), .op = PAD2D, .pointers = {{"x", X_POOL, IN}, {"y", Y_PAD, OUT}}},
    {RUN(clcnn_ref_pad2d_backward), .op = PAD2D,
     .pointers = {{"dy", Y_PAD, IN}, {"dx", X_POOL, OUT}, {"mag", X_POOL, MAG}}},
    {RUN(clcnn_ref_adaptive_avgpool2d_forward), .op = ADAPTIVE,
     .pointers = {{"x", X_POOL, IN}, {"y", Y_ADAPTIVE, OUT}, {"mag", Y_ADAPTIVE, MAG}}},
    {RUN(clcnn_ref_adaptive_avgpool2d_backward), .op = ADAPTIVE,
     .pointers = {{"dy", Y_ADAPTIVE, IN}, {"dx", X_POOL, OUT}, {"mag", X_POOL, MAG}}},
    {RUN(clcnn_ref_upsample2d_forward), .op = UPSAMPLE2D,
     .pointers = {{"x", X_UPSAMPLE, IN}, {"y", Y_UPSAMPLE, OUT}, {"mag", Y_UPSAMPLE, MAG}}},
    {RUN(clcnn_ref_upsample2d_backward), .op = UPSAMPLE2D,
     .pointers = {{"dy", Y_UPSAMPLE, IN}, {"dx", X_UPSAMPLE, OUT}, {"mag", X_UPSAMPLE, MAG}}},
    {RUN(clcnn_ref_concat_forward), .op = CONCAT,
     .pointers = {{"x0", 24, IN}, {"x1", 12, IN}, {"y", 36, OUT}}},
    {RUN(clcnn_ref_concat_backward), .op = CONCAT,
     .pointers = {{"dy", 36, IN},
                  {"dx0", 24, OUT | OPTIONAL},
                  {"dx1", 12, OUT | OPTIONAL},
                  {"mag0", 24, MAG},
                  {"mag1", 12, MAG}}},
    {RUN(clcnn_ref_slice_forward), .op = SLICE, .pointers = {{"x", 36, IN}, {"y", 12, OUT}}},
    {RUN(clcnn_ref_slice_backward), .op = SLICE,
     .pointers = {{"dy", 12, IN}, {"dx", 36, OUT}, {"mag", 36, MAG}}},
};

#endif
