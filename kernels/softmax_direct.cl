/*
 * softmax, direct.
 *
 * - forward: work-item i -> a.rows rows, y[i*rows][...] and those below it, one after the other
 * - backward: work-item i -> dx[i][...]
 *
 * Both read a row to its end before they write what they read, so that y may be x and dx may be dy.
 *
 * Forward goes through a row three times, for its largest element, for the sum of the exps, and to
 * divide by it; but only the first time does it wait for memory. So that memory does not wait in
 * turn, the largest element of the next row is looked for while the exps of this one are computed.
 */
#include "common.clh"
#include "softmax_args.h"
#include "softmax_rows.clh"

#ifndef MAX_ROWS
#define MAX_ROWS 1
#endif
#if MAX_ROWS < 1
#error "MAX_ROWS must be at least 1"
#endif

/* exp_row and, beside it, largest_of_row of another row. */
static inline float exp_row_and_next(__global const float *x, float largest, int classes,
                                     int with_y, __global float *y, __global const float *next,
                                     float *next_largest)
{
    floatV sums = 0.0f, most = -INFINITY;
    int j = 0;
    for (; j + VEC <= classes; j += VEC) {
        const floatV e = exp_of(VLOAD(x + j) - largest);
        most = larger(VLOAD(next + j), most);
        sums += e;
        if (with_y)
            store_whole(e, y + j);
    }
    if (j < classes) {
        const int rest = classes - j;
        const floatV e = exp_of(load_logits(x + j, rest) - largest);
        most = larger(load_logits(next + j, rest), most);
        sums += e;
        if (with_y)
            store_part(e, y + j, rest);
    }
    *next_largest = largest_lane(most);
    return sum_lanes(sums);
}

/* y from the exps in it, or for the logarithm from x. */
static inline void finish_row(const softmax_args a, __global const float *x, float largest,
                              float sum, __global float *y)
{
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

__kernel void softmax_direct_forward(const softmax_args a, __global const float *x, uint x_offset,
                                     __global float *y, uint y_offset)
{
    const size_t first = get_global_id(0) * (size_t)a.rows;
    if (first >= (size_t)a.n)
        return;
    const int rows = min(a.rows, a.n - (int)first);
    x += x_offset + first * (size_t)a.classes;
    y += y_offset + first * (size_t)a.classes;
    float largest = largest_of_row(x, a.classes);
    for (int row = 1; row <= rows; row++) {
        /* Behind the last row there is none: it is gone through once more. */
        __global const float *next = row < rows ? x + a.classes : x;
        float next_largest;
        const float sum = exp_row_and_next(x, largest, a.classes, !a.log, y, next, &next_largest);
        finish_row(a, x, largest, sum, y);
        largest = next_largest;
        x += a.classes;
        y += a.classes;
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
