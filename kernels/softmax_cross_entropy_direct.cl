/*
 * softmax_cross_entropy, direct: a work-item takes a row of logits; the rows' shares of the mean
 * loss, and where labels may be ignored their counts, are then added up in stages, in a fixed
 * order.
 *
 * - forward: work-item i -> y[i][...], and the loss of row i over n and whether it counts, into the
 *   workspace
 * - sum: work-item i -> the sum of SUM_FAN of them
 * - finish, where labels may be ignored: a single work-item: the last sums, and the mean over the
 *   rows that count
 * - backward: work-item i -> dx[i*rows ... (i+1)*rows - 1][...]; where labels may be ignored it
 *   counts them by itself, and so takes several rows when there are many
 * - gradient: forward and backward in one, which leave no y; so with the rows of backward's
 *   work-items. One that has all rows (a.alone) goes on to the mean loss: a launch in place of
 *   three, which for a batch of few classes take longer than the work. Of a row that is shorter
 *   than a vector the lanes behind it fall on the work-item's next rows, which put that right.
 *
 * A label is held against the number of classes before it is used as an index.
 */
#include "common.clh"
#include "softmax_cross_entropy_args.h"
#include "softmax_rows.clh"

#ifndef GRADIENT
#define GRADIENT 0 /* 1: a program of `gradient` alone, a training's; 0: of the others */
#endif

/* Half the sum of largest - x[j], no term of which is negative. */
static inline float half_distances(__global const float *x, float largest, int classes)
{
    floatV sums = 0.0f;
    int j = 0;
    SHORT_LOOP
    for (; j + VEC <= classes; j += VEC)
        sums += 0.5f * largest - 0.5f * VLOAD(x + j);
    if (j < classes)
        sums += LANES < classes - j ? 0.5f * largest - 0.5f * load_part(x + j, classes - j)
                                    : (floatV)(0.0f);
    return sum_lanes(sums);
}

/* Half the loss, for the difference of two finite logits may be twice what a float holds. */
static inline float half_loss(const softmax_cross_entropy_args a, __global const float *x,
                              int label, float largest, float sum)
{
    if (label < 0 || label >= a.classes)
        return NAN;
    float loss = 0.5f * log(sum);
    if (a.smoothing > 0.0f)
        loss += a.smoothing * half_distances(x, largest, a.classes);
    if (a.rest > 0.0f) /* or an infinite distance would count that has no weight */
        loss += a.rest * (0.5f * largest - 0.5f * x[label]);
    return loss;
}

/* The row's share of the mean loss, and whether it counts. */
static inline void store_loss(const softmax_cross_entropy_args a, __global const float *x,
                              int label, float largest, float sum, __global float *losses)
{
    const bool counts = !a.ignore || label != a.ignored_label;
    losses[0] = counts ? half_loss(a, x, label, largest, sum) * (2.0f * a.inverse_n) : 0.0f;
    if (a.ignore)
        losses[a.counts] = counts ? 1.0f : 0.0f;
}

static inline float loss_of_counted(__global const float *losses, __global const float *counts,
                                    const softmax_cross_entropy_finish_args a)
{
    const float share = a.n / sum_values(counts, a.count);
    return sum_values(losses, a.count) * share;
}

/* How many labels are not ignored. */
static inline int count_labels(__global const int *labels, int n, int ignored)
{
    intV lanes = 0;
    int at = 0, count = 0;
    SHORT_LOOP
    for (; at + VEC <= n; at += VEC)
        lanes -= JOIN(vload, VEC)(0, labels + at) != ignored; /* true is -1 */
    SHORT_LOOP
    for (; at < n; at++)
        count += labels[at] != ignored ? 1 : 0;
    int parts[VEC];
    JOIN(vstore, VEC)(lanes, 0, parts);
    SHORT_LOOP
    for (int i = 0; i < VEC; i++)
        count += parts[i];
    return count;
}

/* What the rows' gradients are divided by, inverted. */
static inline float inverse_count(const softmax_cross_entropy_args a, __global const int *labels)
{
    return a.ignore ? 1.0f / (float)count_labels(labels, a.n, a.ignored_label) : a.inverse_n;
}

/* dx of VEC classes from j on, from y. */
static inline floatV gradient_of(const softmax_cross_entropy_args a, floatV y, int j, int label,
                                 float inverse)
{
    const bool ignored = a.ignore && label == a.ignored_label;
    const float scale = label >= 0 && label < a.classes ? inverse : NAN;
    const floatV target = LANES + j == label ? (floatV)(a.hit) : (floatV)(a.smoothing);
    return ignored ? (floatV)(0.0f) : (y - target) * scale;
}

#if GRADIENT
/* What a row's loss is made of. */
typedef struct row_sum {
    float largest, sum;
} row_sum;

/* A row of any length, whose exponentials wait in dx for their sum. */
static inline row_sum any_row(const softmax_cross_entropy_args a, __global const float *x,
                              int label, __global float *dx, float inverse)
{
    const float largest = largest_of_row(x, a.classes);
    const float sum = exp_row(x, largest, a.classes, 1, dx);
    SHORT_LOOP
    for (int j = 0; j < a.classes; j += VEC) {
        const floatV y = load_row(dx + j, a.classes - j) / sum;
        store_row(gradient_of(a, y, j, label, inverse), dx + j, a.classes - j);
    }
    return (row_sum){largest, sum};
}

/* The same of a row in one vector, which is loaded and stored as a whole. */
static inline row_sum short_row(const softmax_cross_entropy_args a, __global const float *x,
                                int label, __global float *dx, float inverse)
{
    const floatV logits = LANES < a.classes ? load_whole(x) : (floatV)(-INFINITY);
    const float largest = largest_lane(logits);
    const floatV e = exp_of(logits - largest);
    const float sum = sum_lanes(e);
    store_whole(gradient_of(a, e / sum, 0, label, inverse), dx);
    return (row_sum){largest, sum};
}

static APART void gradient_rows(const softmax_cross_entropy_args given, __global const float *x,
                                __global const int *labels, __global float *dx,
                                __global float *losses, __global float *loss, const size_t item)
{
    const softmax_cross_entropy_args a = given; /* in registers */
    const size_t first = item * (size_t)a.rows;
    if (first >= (size_t)a.n)
        return;
    const int end = (int)min(first + (size_t)a.rows, (size_t)a.n);
    const float inverse = inverse_count(a, labels);
    SHORT_LOOP
    for (int i = (int)first; i < end; i++) {
        const size_t row = (size_t)i * (size_t)a.classes;
        const bool is_short = a.classes <= VEC && (end - i) * a.classes >= VEC;
        const row_sum r = is_short ? short_row(a, x + row, labels[i], dx + row, inverse)
                                   : any_row(a, x + row, labels[i], dx + row, inverse);
        store_loss(a, x + row, labels[i], r.largest, r.sum, losses + i);
    }
    const softmax_cross_entropy_finish_args all = {a.n, (float)a.n};
    if (a.alone)
        loss[0] =
            a.ignore ? loss_of_counted(losses, losses + a.counts, all) : sum_values(losses, a.n);
}

__kernel void softmax_cross_entropy_direct_gradient(const softmax_cross_entropy_args a,
                                                    __global const float *x, uint x_offset,
                                                    __global const int *labels, uint labels_offset,
                                                    __global float *dx, uint dx_offset,
                                                    __global float *losses, uint losses_offset,
                                                    __global float *loss, uint loss_offset)
{
    gradient_rows(a, x + x_offset, labels + labels_offset, dx + dx_offset, losses + losses_offset,
                  loss + loss_offset, get_global_id(0));
}
#else
static APART void forward_row(const softmax_cross_entropy_args a, __global const float *x,
                              uint x_offset, __global const int *labels, uint labels_offset,
                              __global float *y, uint y_offset, __global float *losses,
                              uint losses_offset, size_t item)
{
    const size_t i = item;
    if (i >= (size_t)a.n)
        return;
    x += x_offset + i * (size_t)a.classes;
    y += a.with_y ? y_offset + i * (size_t)a.classes : 0;

    const float largest = largest_of_row(x, a.classes);
    const float sum = exp_row(x, largest, a.classes, a.with_y, y);
    if (a.with_y)
        divide_row(y, sum, a.classes);
    if (a.with_loss)
        store_loss(a, x, labels[labels_offset + i], largest, sum, losses + losses_offset + i);
}

__kernel void softmax_cross_entropy_direct_forward(const softmax_cross_entropy_args a,
                                                   __global const float *x, uint x_offset,
                                                   __global const int *labels, uint labels_offset,
                                                   __global float *y, uint y_offset,
                                                   __global float *losses, uint losses_offset)
{
    forward_row(a, x, x_offset, labels, labels_offset, y, y_offset, losses, losses_offset,
                get_global_id(0));
}

__kernel void softmax_cross_entropy_direct_sum(const sum_args a, __global const float *values,
                                               uint values_offset, __global float *sums,
                                               uint sums_offset)
{
    sum_stage(a, values + values_offset, sums + sums_offset);
}

__kernel void softmax_cross_entropy_direct_finish(const softmax_cross_entropy_finish_args a,
                                                  __global const float *losses, uint losses_offset,
                                                  __global const float *counts, uint counts_offset,
                                                  __global float *loss, uint loss_offset)
{
    if (get_global_id(0) == 0)
        loss[loss_offset] = loss_of_counted(losses + losses_offset, counts + counts_offset, a);
}

static APART void backward_rows(const softmax_cross_entropy_args a, __global const float *y,
                                __global const int *labels, __global float *dx, const size_t item)
{
    const size_t first = item * (size_t)a.rows;
    if (first >= (size_t)a.n)
        return;
    const float inverse = inverse_count(a, labels);
    for (size_t i = first; i < first + (size_t)a.rows && i < (size_t)a.n; i++) {
        const int label = labels[i];
        const size_t row = i * (size_t)a.classes;
        SHORT_LOOP
        for (int j = 0; j < a.classes; j += VEC) {
            const floatV value = load_row(y + row + j, a.classes - j);
            store_row(gradient_of(a, value, j, label, inverse), dx + row + j, a.classes - j);
        }
    }
}

__kernel void softmax_cross_entropy_direct_backward(const softmax_cross_entropy_args a,
                                                    __global const float *y, uint y_offset,
                                                    __global const int *labels, uint labels_offset,
                                                    __global float *dx, uint dx_offset)
{
    backward_rows(a, y + y_offset, labels + labels_offset, dx + dx_offset, get_global_id(0));
}
#endif
