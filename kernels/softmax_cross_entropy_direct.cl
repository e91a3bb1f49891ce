/*
 * softmax_cross_entropy, direct: a work-item takes a row of logits; the rows' losses are then added
 * up in stages of FAN values each, in a fixed order.
 *
 * forward   work-item i -> y[i][...] and the loss of row i, into the workspace
 * reduce    work-item i -> the sum of values i*FAN to (i+1)*FAN, divided by the divisor
 * backward  work-item i -> dx[i][...]
 *
 * The largest logit is subtracted first, so that no exp overflows and the sum is at least 1. A label
 * is held against the number of classes before it is used as an index.
 */
#include "common.clh"
#include "softmax_cross_entropy_args.h"

#define FAN SOFTMAX_CROSS_ENTROPY_FAN

__kernel void softmax_cross_entropy_direct_forward(const softmax_cross_entropy_args a,
                                                   __global const float *x, uint x_offset,
                                                   __global const int *labels, uint labels_offset,
                                                   __global float *y, uint y_offset,
                                                   __global float *losses, uint losses_offset)
{
    const size_t i = get_global_id(0);
    if (i >= (size_t)a.n)
        return;
    x += x_offset + i * (size_t)a.classes;
    float largest = x[0];
    for (int j = 1; j < a.classes; j++)
        largest = x[j] > largest ? x[j] : largest;
    float sum = 0.0f;
    if (a.with_y) {
        y += y_offset + i * (size_t)a.classes;
        for (int j = 0; j < a.classes; j++) {
            const float e = exp(x[j] - largest);
            y[j] = e;
            sum += e;
        }
        for (int j = 0; j < a.classes; j++)
            y[j] /= sum;
    } else {
        for (int j = 0; j < a.classes; j++)
            sum += exp(x[j] - largest);
    }
    if (a.with_loss) {
        const int label = labels[labels_offset + i];
        const bool legal = label >= 0 && label < a.classes;
        losses[losses_offset + i] = legal ? log(sum) + (largest - x[label]) : NAN;
    }
}

__kernel void softmax_cross_entropy_direct_reduce(const softmax_cross_entropy_reduce_args a,
                                                  __global const float *values,
                                                  uint values_offset, __global float *sums,
                                                  uint sums_offset)
{
    const size_t i = get_global_id(0), first = i * FAN;
    if (first >= (size_t)a.count)
        return;
    const int count = min(FAN, a.count - (int)first);
    values += values_offset + first;
    floatV lanes = 0.0f;
    int at = 0;
    for (; at + VEC <= count; at += VEC)
        lanes += VLOAD(values + at);
    if (at < count)
        lanes += load_part(values + at, count - at);
    float parts[VEC], sum = 0.0f;
    VSTORE(lanes, parts);
    for (int j = 0; j < VEC; j++)
        sum += parts[j];
    sums[sums_offset + i] = sum / a.divisor;
}

__kernel void softmax_cross_entropy_direct_backward(const softmax_cross_entropy_args a,
                                                    __global const float *y, uint y_offset,
                                                    __global const int *labels, uint labels_offset,
                                                    __global float *dx, uint dx_offset)
{
    const size_t i = get_global_id(0);
    if (i >= (size_t)a.n)
        return;
    y += y_offset + i * (size_t)a.classes;
    dx += dx_offset + i * (size_t)a.classes;
    const int label = labels[labels_offset + i];
    const float scale = label >= 0 && label < a.classes ? a.inverse_n : NAN;
    for (int j = 0; j < a.classes; j++)
        dx[j] = (y[j] - (j == label ? 1.0f : 0.0f)) * scale;
}
