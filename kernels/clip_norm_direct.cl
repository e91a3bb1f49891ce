/*
 * clip_norm, direct: the norm of a gradient in stages, in a fixed order, and what it is clipped by.
 *
 * - squares: work-item i -> the sum of the squares of elements i*ITEM to (i+1)*ITEM, without those
 *   of frozen segments and those past the last one
 * - sum: work-item i -> the sum of SUM_FAN of those
 * - finish: a single work-item: the last sum, the norm, and clip into the optimiser's block
 */
#include "clip_norm_args.h"
#include "common.clh"
#include "optimiser_args.h"
#include "segments.clh"
#include "sum.clh"

#ifndef ITEM
#define ITEM VEC
#endif
#if ITEM < VEC || ITEM % VEC != 0
#error "ITEM must be a multiple of VEC"
#endif

/* Adds the squares of elements [i, end) to the lanes. */
static inline floatV add_squares(floatV lanes, __global const float *grad, int i, int end)
{
    for (; i <= end - VEC; i += VEC) {
        const floatV g = VLOAD(grad + i);
        lanes = FMA(g, g, lanes);
    }
    if (i < end) {
        const floatV g = load_part(grad + i, end - i);
        lanes = FMA(g, g, lanes);
    }
    return lanes;
}

__kernel void clip_norm_direct_squares(const clip_norm_args a, __global const float *grad,
                                       uint grad_offset, __global const int *table,
                                       uint table_offset, __global float *sums, uint sums_offset)
{
    const size_t item = get_global_id(0), first = item * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    grad += grad_offset;
    table += a.segments > 0 ? table_offset : 0;
    floatV lanes = 0.0f;
    if (a.segments == 0)
        lanes = add_squares(lanes, grad, begin, end);
    int i = begin;
    const int s0 = a.segments > 0 ? find_segment(table, a.segments, begin) : 0;
    for (int s = s0; s < a.segments && i < end; s++) {
        const int stop = max(i, min(end, SEGMENT_END(table, s)));
        if (!SEGMENT_FROZEN(table, s))
            lanes = add_squares(lanes, grad, i, stop);
        i = stop;
    }
    sums[sums_offset + item] = sum_lanes(lanes);
}

__kernel void clip_norm_direct_sum(const sum_args a, __global const float *values,
                                   uint values_offset, __global float *sums, uint sums_offset)
{
    sum_stage(a, values + values_offset, sums + sums_offset);
}

__kernel void clip_norm_direct_finish(const clip_norm_args a, __global const float *sums,
                                      uint sums_offset, __global float *norm, uint norm_offset,
                                      __global float *block, uint block_offset)
{
    if (get_global_id(0) > 0)
        return;
    const float root = sqrt(sum_values(sums + sums_offset, a.count));
    block += block_offset;
    const float scaled = block[OPTIMISER_BLOCK_GRAD_SCALE] * root;
    const float clip = a.max_norm / (scaled + 1e-6f);
    block[OPTIMISER_BLOCK_CLIP] = clip > 1.0f ? 1.0f : clip; /* a NaN stays one */
    if (a.with_norm)
        norm[norm_offset] = scaled;
}
