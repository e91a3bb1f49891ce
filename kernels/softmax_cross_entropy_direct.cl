/*
 * softmax_cross_entropy, direct: a work-item takes a row of logits; the rows' shares of the mean
 * loss are then added up in stages of FAN values each, in a fixed order.
 *
 * - forward: work-item i -> y[i][...] and the loss of row i over n, into the workspace
 * - reduce: work-item i -> the sum of values i*FAN to (i+1)*FAN
 * - backward: work-item i -> dx[i][...]
 *
 * The largest logit is subtracted first, so that no exp overflows and the sum is at least 1. A
 * label is held against the number of classes before it is used as an index.
 */
#include "common.clh"
#include "softmax_cross_entropy_args.h"

#define FAN SOFTMAX_CROSS_ENTROPY_FAN

/* VEC logits of a row, of which `rest` are left; -Inf, whose exp is 0, past the last one. */
static inline floatV load_logits(__global const float *x, int rest)
{
    if (rest >= VEC)
        return VLOAD(x);
    return LANES < rest ? load_part(x, rest) : (floatV)(-INFINITY);
}

static inline void store_row(floatV v, __global float *y, int rest)
{
    if (rest >= VEC)
        VSTORE(v, y);
    else
        store_part(v, y, rest);
}

static inline float largest_lane(floatV v)
{
    float lanes[VEC], largest = -INFINITY;
    VSTORE(v, lanes);
    for (int i = 0; i < VEC; i++)
        largest = lanes[i] > largest ? lanes[i] : largest;
    return largest;
}

static inline float sum_lanes(floatV v)
{
    float lanes[VEC], sum = 0.0f;
    VSTORE(v, lanes);
    for (int i = 0; i < VEC; i++)
        sum += lanes[i];
    return sum;
}

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
    y += a.with_y ? y_offset + i * (size_t)a.classes : 0;

    /* A NaN is not larger; it comes back in the sum. */
    floatV most = -INFINITY, sums = 0.0f;
    for (int j = 0; j < a.classes; j += VEC) {
        const floatV logits = load_logits(x + j, a.classes - j);
        most = logits > most ? logits : most;
    }
    const float largest = largest_lane(most);
    for (int j = 0; j < a.classes; j += VEC) {
        const floatV e = exp(load_logits(x + j, a.classes - j) - largest);
        sums += e;
        if (a.with_y)
            store_row(e, y + j, a.classes - j);
    }
    const float sum = sum_lanes(sums);
    for (int j = 0; a.with_y && j < a.classes; j += VEC)
        store_row(load_logits(y + j, a.classes - j) / sum, y + j, a.classes - j);

    if (a.with_loss) {
        const int label = labels[labels_offset + i];
        const bool legal = label >= 0 && label < a.classes;
        /* Half the loss, for the difference of two finite logits may be twice what a float holds.
         */
        const float half_loss = legal ? 0.5f * log(sum) + (0.5f * largest - 0.5f * x[label]) : NAN;
        losses[losses_offset + i] = half_loss * (2.0f * a.inverse_n);
    }
}

__kernel void softmax_cross_entropy_direct_reduce(const softmax_cross_entropy_reduce_args a,
                                                  __global const float *values, uint values_offset,
                                                  __global float *sums, uint sums_offset)
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
    sums[sums_offset + i] = sum_lanes(lanes);
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
