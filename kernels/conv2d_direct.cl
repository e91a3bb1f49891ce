/*
 * conv2d, direct: the formula as it stands, one work-item for one element of the result.
 *
 * Takes everything that is legal, needs no workspace and no local memory, and runs in work-groups
 * of any size. It is the algorithm that the others are measured against, and the last resort.
 *
 * - forward: item -> y[n][k][p][q], loops over lines (c, r) and s
 * - backward_data: item -> dx[n][c][h][w], gathers over lines (k, r) and s what used it
 * - backward_weights: item -> dw[k][c][r][s], loops over lines (n, p) and q
 * - backward_bias: item -> db[k], loops over lines n and pixels
 *
 * A sum that is longer than a work-item's loops may be takes several launches, some lines or a part
 * of one each; all but the first go on with what they find in the result.
 *
 * A transposed convolution goes the other way round: backward_data is its forward, with bias and
 * activation, and forward its way back, which may accumulate.
 */
#include "activation.clh"
#include "common.clh"
#include "conv2d_args.h"

/* A line's two indices, of which the second has so many values. */
typedef struct line {
    int outer, inner;
} line;

static inline line line_at(int index, int inners)
{
    return (line){index / inners, index % inners};
}

static inline line line_next(line at, int inners)
{
    const int last = at.inner + 1 == inners;
    return (line){at.outer + last, last ? 0 : at.inner + 1};
}

/* What a sum begins with. */
static inline float begin_sum(const conv2d_args a, __global const float *b, int channel,
                              __global const float *out)
{
    if (a.first_line > 0 || a.first > 0)
        return *out;
    return a.has_bias ? b[channel] : 0.0f;
}

__kernel void conv2d_direct_forward(const conv2d_args a, __global const float *x, uint x_offset,
                                    __global const float *w, uint w_offset, __global const float *b,
                                    uint b_offset, __global float *y, uint y_offset)
{
    const int pixel = (int)get_global_id(0), k = (int)get_global_id(1), n = (int)get_global_id(2);
    if (pixel >= a.p * a.q || k >= a.k || n >= a.n)
        return;
    const int top = pixel / a.q * a.stride_h - a.pad_top;
    const int left = pixel % a.q * a.stride_w - a.pad_left;
    const int group = k / a.group_k;
    x += x_offset + (uint)((n * a.c + group * a.group_c) * a.h * a.w);
    w += w_offset + (uint)(k * a.group_c * a.r * a.s);
    y += y_offset + (uint)((n * a.k + k) * a.p * a.q + pixel);

    float sum = begin_sum(a, b + (a.has_bias ? b_offset : 0), k, y);
    line at = line_at(a.first_line, a.r); /* c, r */
    for (int i = a.first_line; i < a.end_line; i++, at = line_next(at, a.r)) {
        const int row = top + at.inner * a.dilation_h;
        if (row < 0 || row >= a.h)
            continue;
        for (int s = a.first; s < a.end; s++) {
            const int column = left + s * a.dilation_w;
            if (column >= 0 && column < a.w)
                sum = FMA(x[(at.outer * a.h + row) * a.w + column], w[i * a.s + s], sum);
        }
    }
    sum = activate(sum, a.activation, a.alpha);
    *y = a.accumulate ? *y + sum : sum;
}

__kernel void conv2d_direct_backward_data(const conv2d_args a, __global const float *dy,
                                          uint dy_offset, __global const float *w, uint w_offset,
                                          __global const float *b, uint b_offset,
                                          __global float *dx, uint dx_offset)
{
    const int pixel = (int)get_global_id(0), c = (int)get_global_id(1), n = (int)get_global_id(2);
    if (pixel >= a.h * a.w || c >= a.c || n >= a.n)
        return;
    const int row = pixel / a.w + a.pad_top, column = pixel % a.w + a.pad_left;
    const int group = c / a.group_c, first = group * a.group_k, area = a.r * a.s;
    dy += dy_offset + (uint)((n * a.k + first) * a.p * a.q);
    w += w_offset + (uint)((first * a.group_c + c - group * a.group_c) * area);
    dx += dx_offset + (uint)((n * a.c + c) * a.h * a.w + pixel);

    float sum = begin_sum(a, b + (a.has_bias ? b_offset : 0), c, dx);
    line at = line_at(a.first_line, a.r); /* k, r */
    for (int i = a.first_line; i < a.end_line; i++, at = line_next(at, a.r)) {
        const int up = row - at.inner * a.dilation_h, p = up / a.stride_h;
        if (up < 0 || p * a.stride_h != up || p >= a.p)
            continue;
        for (int s = a.first; s < a.end; s++) {
            const int back = column - s * a.dilation_w, q = back / a.stride_w;
            if (back >= 0 && q * a.stride_w == back && q < a.q)
                sum = FMA(dy[(at.outer * a.p + p) * a.q + q],
                          w[(at.outer * a.group_c * a.r + at.inner) * a.s + s], sum);
        }
    }
    sum = activate(sum, a.activation, a.alpha);
    *dx = a.accumulate ? *dx + sum : sum;
}

__kernel void conv2d_direct_backward_weights(const conv2d_args a, __global const float *x,
                                             uint x_offset, __global const float *dy,
                                             uint dy_offset, __global float *dw, uint dw_offset)
{
    const int tap = (int)get_global_id(0), k = (int)get_global_id(1);
    if (tap >= a.group_c * a.r * a.s || k >= a.k)
        return;
    const int c = tap / (a.r * a.s) + k / a.group_k * a.group_c;
    const int top = tap / a.s % a.r * a.dilation_h - a.pad_top;
    const int left = tap % a.s * a.dilation_w - a.pad_left;
    x += x_offset + (uint)(c * a.h * a.w);
    dy += dy_offset + (uint)(k * a.p * a.q);
    dw += dw_offset + (uint)(k * a.group_c * a.r * a.s + tap);

    float sum = begin_sum(a, dw, 0, dw);
    line at = line_at(a.first_line, a.p); /* n, p */
    for (int i = a.first_line; i < a.end_line; i++, at = line_next(at, a.p)) {
        const int row = top + at.inner * a.stride_h;
        if (row < 0 || row >= a.h)
            continue;
        for (int q = a.first; q < a.end; q++) {
            const int column = left + q * a.stride_w;
            if (column >= 0 && column < a.w)
                sum = FMA(x[(at.outer * a.c * a.h + row) * a.w + column],
                          dy[(at.outer * a.k * a.p + at.inner) * a.q + q], sum);
        }
    }
    *dw = a.accumulate ? *dw + sum : sum;
}

__kernel void conv2d_direct_backward_bias(const conv2d_args a, __global const float *dy,
                                          uint dy_offset, __global float *db, uint db_offset)
{
    const int k = (int)get_global_id(0), pixels = a.p * a.q;
    if (k >= a.k)
        return;
    db += db_offset + (uint)k;
    float sum = begin_sum(a, db, 0, db);
    for (int n = a.first_line; n < a.end_line; n++)
        for (int pixel = a.first; pixel < a.end; pixel++)
            sum += dy[dy_offset + (uint)((n * a.k + k) * pixels + pixel)];
    *db = a.accumulate ? *db + sum : sum;
}
