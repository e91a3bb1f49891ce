/*
 * mse, direct: the mean squared error in stages, in a fixed order, and its gradient.
 *
 * - terms: work-item i -> the sum of the squares of elements i*ITEM to (i+1)*ITEM
 * - sum: work-item i -> the sum of SUM_FAN of those, in the last stage times a factor
 * - backward: work-item i -> elements i*ITEM to (i+1)*ITEM of the gradient
 */
#include "common.clh"
#include "mse_args.h"
#include "squares.clh"

__kernel void mse_direct_terms(const mse_args a, __global const float *x, uint x_offset,
                               __global const float *target, uint target_offset,
                               __global float *sums, uint sums_offset)
{
    const size_t item = get_global_id(0), first = item * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    x += x_offset;
    target += target_offset;
    floatV lanes = 0.0f;
    for (int i = begin; i < end; i += VEC) {
        const floatV d = load_rest(x + i, end - i) - load_rest(target + i, end - i);
        lanes = FMA(d, d, lanes);
    }
    sums[sums_offset + item] = sum_lanes(lanes);
}

__kernel void mse_direct_sum(const sum_args a, __global const float *values, uint values_offset,
                             __global float *sums, uint sums_offset)
{
    sum_stage(a, values + values_offset, sums + sums_offset);
}

__kernel void mse_direct_backward(const mse_args a, __global const float *x, uint x_offset,
                                  __global const float *target, uint target_offset,
                                  __global float *dx, uint dx_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    x += x_offset;
    target += target_offset;
    dx += dx_offset;
    for (int i = begin; i < end; i += VEC) {
        floatV result = a.factor * (load_rest(x + i, end - i) - load_rest(target + i, end - i));
        if (a.accumulate)
            result += load_rest(dx + i, end - i);
        store_rest(result, dx + i, end - i);
    }
}
