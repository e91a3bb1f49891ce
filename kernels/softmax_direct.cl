/*
 * softmax, direct: a work-item takes a row.
 *
 * - forward: work-item i -> y[i][...]
 * - backward: work-item i -> dx[i][...]
 *
 * Both read a row to its end before they write what they read, so that y may be x and dx may be dy.
 */
#include "common.clh"
#include "softmax_args.h"
#include "softmax_rows.clh"

__kernel void softmax_direct_forward(const softmax_args a, __global const float *x, uint x_offset,
                                     __global float *y, uint y_offset)
{
    const size_t i = get_global_id(0);
    if (i >= (size_t)a.n)
        return;
    x += x_offset + i * (size_t)a.classes;
    y += y_offset + i * (size_t)a.classes;
    const float largest = largest_of_row(x, a.classes);
    const float sum = exp_row(x, largest, a.classes, !a.log, y);
    if (!a.log) {
        divide_row(y, sum, a.classes);
        return;
    }
    const float log_sum = log(sum);
    for (int j = 0; j < a.classes; j += VEC) {
        const int rest = a.classes - j;
        store_row(load_row(x + j, rest) - largest - log_sum, y + j, rest);
    }
}

__kernel void softmax_direct_backward(const softmax_args a, __global const float *y, uint y_offset,
                                      __global const float *dy, uint dy_offset, __global float *dx,
                                      uint dx_offset)
{
    const size_t i = get_global_id(0);
    if (i >= (size_t)a.n)
        return;
    y += y_offset + i * (size_t)a.classes;
    dy += dy_offset + i * (size_t)a.classes;
    dx += dx_offset + i * (size_t)a.classes;
    floatV sums = 0.0f;
    for (int j = 0; j < a.classes; j += VEC) {
        const floatV g = load_row(dy + j, a.classes - j);
        sums += a.log ? g : load_row(y + j, a.classes - j) * g;
    }
    const float sum = sum_lanes(sums);
    for (int j = 0; j < a.classes; j += VEC) {
        const int rest = a.classes - j;
        const floatV g = load_row(dy + j, rest), value = load_row(y + j, rest);
        floatV result = a.log ? g - exp_of(value) * sum : value * (g - sum);
        if (a.accumulate)
            result += load_row(dx + j, rest);
        store_row(result, dx + j, rest);
    }
}
