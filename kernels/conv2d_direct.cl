/*
 * conv2d, direct: the formula as it stands, one work-item for one element of the result.
 *
 * Takes everything that is legal, needs no workspace and no local memory, and runs in work-groups
 * of any size. It is the algorithm that the others are measured against, and the last resort.
 *
 * forward           item -> y[n][k][p][q], a loop over c, r, s
 * backward_data     item -> dx[n][c][h][w], gathers over k, r, s the outputs that used it
 * backward_weights  item -> dw[k][c][r][s], a loop over n, p, q
 * backward_bias     item -> db[k], a loop over n, p, q
 *
 * A sum that is longer than a work-item's loops may be takes several launches, products a.first to
 * a.end - 1 each; all but the first go on with what they find in the result. It is one loop over
 * all three indices for that reason.
 *
 * A transposed convolution goes the other way round: backward_data is its forward, with bias and
 * activation, and forward its way back, which may accumulate.
 */
#include "activation.clh"
#include "common.clh"
#include "conv2d_args.h"

/* Three indices that count up together, the last one fastest. */
typedef struct counter {
    int outer, middle, inner;
} counter;

static inline counter counter_at(int index, int middles, int inners)
{
    return (counter){index / inners / middles, index / inners % middles, index % inners};
}

static inline counter counter_next(counter at, int middles, int inners)
{
    if (++at.inner == inners) {
        at.inner = 0;
        if (++at.middle == middles) {
            at.middle = 0;
            at.outer++;
        }
    }
    return at;
}

/* What a sum begins with. */
static inline float begin_sum(const conv2d_args a, __global const float *b, int channel,
                              __global const float *out)
{
    if (a.first > 0)
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
    counter at = counter_at(a.first, a.r, a.s); /* c, r, s */
    for (int tap = a.first; tap < a.end; tap++, at = counter_next(at, a.r, a.s)) {
        const int row = top + at.middle * a.dilation_h, column = left + at.inner * a.dilation_w;
        if (row >= 0 && row < a.h && column >= 0 && column < a.w)
            sum = FMA(x[(at.outer * a.h + row) * a.w + column], w[tap], sum);
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
    counter at = counter_at(a.first, a.r, a.s); /* k, r, s */
    for (int tap = a.first; tap < a.end; tap++, at = counter_next(at, a.r, a.s)) {
        const int up = row - at.middle * a.dilation_h, p = up / a.stride_h;
        const int back = column - at.inner * a.dilation_w, q = back / a.stride_w;
        if (up >= 0 && p * a.stride_h == up && p < a.p && back >= 0 && q * a.stride_w == back &&
            q < a.q)
            sum = FMA(dy[(at.outer * a.p + p) * a.q + q],
                      w[(at.outer * a.group_c * a.r + at.middle) * a.s + at.inner], sum);
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
    counter at = counter_at(a.first, a.p, a.q); /* n, p, q */
    for (int i = a.first; i < a.end; i++, at = counter_next(at, a.p, a.q)) {
        const int row = top + at.middle * a.stride_h, column = left + at.inner * a.stride_w;
        if (row >= 0 && row < a.h && column >= 0 && column < a.w)
            sum = FMA(x[(at.outer * a.c * a.h + row) * a.w + column],
                      dy[(at.outer * a.k * a.p + at.middle) * a.q + at.inner], sum);
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
    counter at = counter_at(a.first, 1, pixels); /* n, a pixel */
    for (int i = a.first; i < a.end; i++, at = counter_next(at, 1, pixels))
        sum += dy[dy_offset + (uint)((at.outer * a.k + k) * pixels + at.inner)];
    *db = a.accumulate ? *db + sum : sum;
}
