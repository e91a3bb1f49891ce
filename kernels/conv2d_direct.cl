/*
 * conv2d, direct: the formula as it stands, one work-item for one element of the result.
 *
 * Takes everything that is legal, needs no workspace and no local memory, and runs in work-groups
 * of any size. It is the algorithm that the others are measured against, and the last resort.
 *
 * forward           item -> y[n][k][p][q], loops over c, r, s
 * backward_data     item -> dx[n][c][h][w], gathers over k, r, s the outputs that used it
 * backward_weights  item -> dw[k][c][r][s], loops over n, p, q
 * backward_bias     item -> db[k], loops over n, p, q
 *
 * A transposed convolution goes the other way round: backward_data is its forward, with bias and
 * activation, and forward its way back, which may accumulate.
 */
#include "activation.clh"
#include "common.clh"
#include "conv2d_args.h"

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

    float sum = a.has_bias ? b[b_offset + (uint)k] : 0.0f;
    for (int c = 0; c < a.group_c; c++)
        for (int r = 0; r < a.r; r++) {
            const int row = top + r * a.dilation_h;
            if (row < 0 || row >= a.h)
                continue;
            for (int s = 0; s < a.s; s++) {
                const int column = left + s * a.dilation_w;
                if (column >= 0 && column < a.w)
                    sum = FMA(x[(c * a.h + row) * a.w + column], w[(c * a.r + r) * a.s + s], sum);
            }
        }
    y += y_offset + (uint)((n * a.k + k) * a.p * a.q + pixel);
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
    const int group = c / a.group_c, first = group * a.group_k;
    dy += dy_offset + (uint)((n * a.k + first) * a.p * a.q);
    w += w_offset + (uint)((first * a.group_c + c - group * a.group_c) * a.r * a.s);

    float sum = a.has_bias ? b[b_offset + (uint)c] : 0.0f;
    for (int k = 0; k < a.group_k; k++)
        for (int r = 0; r < a.r; r++) {
            const int up = row - r * a.dilation_h, p = up / a.stride_h;
            if (up < 0 || p * a.stride_h != up || p >= a.p)
                continue;
            for (int s = 0; s < a.s; s++) {
                const int back = column - s * a.dilation_w, q = back / a.stride_w;
                if (back >= 0 && q * a.stride_w == back && q < a.q)
                    sum = FMA(dy[(k * a.p + p) * a.q + q], w[(k * a.group_c * a.r + r) * a.s + s],
                              sum);
            }
        }
    dx += dx_offset + (uint)((n * a.c + c) * a.h * a.w + pixel);
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

    float sum = 0.0f;
    for (int n = 0; n < a.n; n++)
        for (int p = 0; p < a.p; p++) {
            const int row = top + p * a.stride_h;
            if (row < 0 || row >= a.h)
                continue;
            for (int q = 0; q < a.q; q++) {
                const int column = left + q * a.stride_w;
                if (column >= 0 && column < a.w)
                    sum = FMA(x[(n * a.c * a.h + row) * a.w + column],
                              dy[(n * a.k * a.p + p) * a.q + q], sum);
            }
        }
    dw += dw_offset + (uint)(k * a.group_c * a.r * a.s + tap);
    *dw = a.accumulate ? *dw + sum : sum;
}

__kernel void conv2d_direct_backward_bias(const conv2d_args a, __global const float *dy,
                                          uint dy_offset, __global float *db, uint db_offset)
{
    const int k = (int)get_global_id(0);
    if (k >= a.k)
        return;
    float sum = 0.0f;
    for (int n = 0; n < a.n; n++)
        for (int pixel = 0; pixel < a.p * a.q; pixel++)
            sum += dy[dy_offset + (uint)((n * a.k + k) * a.p * a.q + pixel)];
    db += db_offset + (uint)k;
    *db = a.accumulate ? *db + sum : sum;
}
