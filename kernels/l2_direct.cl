/*
 * l2, direct: the sum of squares in stages, in a fixed order, and its gradient.
 *
 * - terms: work-item i -> the sum of the squares of elements i*ITEM to (i+1)*ITEM
 * - sum: work-item i -> the sum of SUM_FAN of those, in the last stage times a factor
 * - backward: work-item i -> elements i*ITEM to (i+1)*ITEM of the gradient
 */
#include "common.clh"
#include "l2_args.h"
#include "squares.clh"

__kernel void l2_direct_terms(const l2_args a, __global const float *w, uint w_offset,
                              __global float *sums, uint sums_offset)
{
    const size_t item = get_global_id(0), first = item * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    w += w_offset;
    floatV lanes = 0.0f;
    for (int i = begin; i < end; i += VEC) {
        const floatV d = load_rest(w + i, end - i);
        lanes = FMA(d, d, lanes);
    }
    sums[sums_offset + item] = sum_lanes(lanes);
}

__kernel void l2_direct_sum(const sum_args a, __global const float *values, uint values_offset,
                            __global float *sums, uint sums_offset)
{
    sum_stage(a, values + values_offset, sums + sums_offset);
}

__kernel void l2_direct_backward(const l2_args a, __global const float *w, uint w_offset,
                                 __global float *dw, uint dw_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    w += w_offset;
    dw += dw_offset;
    for (int i = begin; i < end; i += VEC) {
        floatV result = a.factor * (load_rest(w + i, end - i));
        if (a.accumulate)
            result += load_rest(dw + i, end - i);
        store_rest(result, dw + i, end - i);
    }
}
