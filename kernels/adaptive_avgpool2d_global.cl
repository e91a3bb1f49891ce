/*
 * adaptive_avgpool2d, global: one mean for each plane.
 *
 * - forward: a work-group -> ROWS planes of y. On a CPU its only work-item adds up PLANES of them
 *   side by side: so many runs of memory for its prefetchers, and so many sums that don't wait for
 *   each other. Elsewhere its LOCAL work-items add up every LOCAL-th vector of one plane each, and
 *   then halve the number of sums until one is left: a fixed order.
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

#if LOCAL > 1
/* What lane `lane` of a work-group adds up of a plane. */
static inline float sum_part(__global const float *x, int count, int lane)
{
    const int whole = count / VEC * VEC;
    floatV sum = 0.0f;
    float lanes[VEC], total = 0.0f;
    for (int at = lane * VEC; at < whole; at += LOCAL * VEC)
        sum += VLOAD(x + at);
    for (int i = whole + lane; i < count; i += LOCAL)
        total += x[i];
    VSTORE(sum, lanes);
    for (int i = 0; i < VEC; i++)
        total += lanes[i];
    return total;
}
#else
#define PLANES 4
#define UNROLLED(k) _Pragma("unroll") for (int k = 0; k < PLANES; k++)

/* A vector's lanes by halves: four additions one behind the other for 16 lanes. */
static inline float sum_halves(floatV v)
{
    float lanes[VEC];
    VSTORE(v, lanes);
#pragma unroll
    for (int half_of = VEC / 2; half_of > 0; half_of /= 2)
#pragma unroll
        for (int i = 0; i < half_of; i++)
            lanes[i] += lanes[i + half_of];
    return lanes[0];
}

/* The means of up to PLANES planes from x on; where there are fewer the last one is taken again. */
static inline void mean_planes(__global const float *x, int count, int planes, float share,
                               __global float *y)
{
    const int whole = count / VEC * VEC;
    __global const float *plane[PLANES];
    floatV sum[PLANES];
    UNROLLED(k)
    {
        plane[k] = x + (size_t)min(k, planes - 1) * (size_t)count;
        sum[k] = 0.0f;
    }
    for (int at = 0; at < whole; at += VEC)
        UNROLLED(k) sum[k] += VLOAD(plane[k] + at);
    UNROLLED(k)
    {
        float total = sum_halves(sum[k]);
        SHORT_LOOP
        for (int i = whole; i < count; i++)
            total += plane[k][i];
        if (k < planes)
            y[k] = total * share;
    }
}
#endif

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
    for (int plane = part.row; plane < part.row_end; plane += PLANES)
        mean_planes(x + (size_t)plane * (size_t)count, count, min(PLANES, part.row_end - plane),
                    share, y + plane);
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
