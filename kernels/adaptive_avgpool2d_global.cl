/*
 * adaptive_avgpool2d, global: one mean for each plane.
 *
 * - forward: a work-group -> ROWS planes of y. Its LOCAL work-items add up every LOCAL-th vector
 *   each, and then halve the number of sums until one is left: a fixed order.
 * - backward: a work-item -> a part of dx, where a plane is a row (rows.clh): dy over the plane's
 *   size.
 */
#include "adaptive_avgpool2d_args.h"
#include "common.clh"
#include "rows.clh"

#ifndef LOCAL
#define LOCAL 1
#endif
#if LOCAL < 1
#error "LOCAL must be at least 1"
#endif
#if LOCAL > 1 && (ROWS > 1 || (LOCAL & (LOCAL - 1)) != 0)
#error "work-items that share a plane are a power of two, and take one plane"
#endif

static inline float sum_part(__global const float *x, int count, int lane)
{
    const int whole = count / VEC * VEC, step = LOCAL * VEC;
    floatV sum = 0.0f, other = 0.0f; /* two chains: neither waits for the other */
    float lanes[VEC], total = 0.0f;
    int at = lane * VEC;
    for (; at + 3 * step < whole; at += 4 * step) {
        sum += VLOAD(x + at) + VLOAD(x + at + step);
        other += VLOAD(x + at + 2 * step) + VLOAD(x + at + 3 * step);
    }
    for (; at < whole; at += step)
        sum += VLOAD(x + at);
    sum += other;
    for (int i = whole + lane; i < count; i += LOCAL)
        total += x[i];
    VSTORE(sum, lanes);
    for (int i = 0; i < VEC; i++)
        total += lanes[i];
    return total;
}

__kernel void adaptive_avgpool2d_global_forward(const adaptive_avgpool2d_args a,
                                                __global const float *x, uint x_offset,
                                                __global float *y, uint y_offset)
{
    const int count = a.h * a.w;
    const float share = 1.0f / (float)count;
    x += x_offset;
    y += y_offset;
#if LOCAL > 1
    __local float sums[LOCAL];
    const int plane = (int)get_group_id(0), lane = (int)get_local_id(0);
    sums[lane] = sum_part(x + (size_t)plane * (size_t)count, count, lane);
    for (int half_of = LOCAL / 2; half_of > 0; half_of /= 2) {
        barrier(CLK_LOCAL_MEM_FENCE);
        if (lane < half_of)
            sums[lane] += sums[lane + half_of];
    }
    if (lane == 0)
        y[plane] = sums[0] * share;
#else
    const rows_part part = rows_part_of(get_global_id(0), a.planes, 1);
    for (int plane = part.row; plane < part.row_end; plane++)
        y[plane] = sum_part(x + (size_t)plane * (size_t)count, count, 0) * share;
#endif
}

__kernel void adaptive_avgpool2d_global_backward(const adaptive_avgpool2d_args a,
                                                 __global const float *dy, uint dy_offset,
                                                 __global float *dx, uint dx_offset)
{
    const int count = a.h * a.w;
    const float share = 1.0f / (float)count;
    const rows_part part = rows_part_of(get_global_id(0), a.planes, count);
    dy += dy_offset;
    dx += dx_offset;
    for (int plane = part.row; plane < part.row_end; plane++) {
        const float gradient = dy[plane] * share;
        __global float *out = dx + (size_t)plane * (size_t)count;
        if (!a.accumulate) {
            fill_row(out, gradient, part.begin, part.end);
            continue;
        }
        int i = part.begin;
        for (; i + VEC <= part.end; i += VEC)
            VSTORE(VLOAD(out + i) + gradient, out + i);
        for (; i < part.end; i++)
            out[i] += gradient;
    }
}
