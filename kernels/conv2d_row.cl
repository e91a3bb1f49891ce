/*
 * conv2d, row: for CPU devices and few channels (the first layers of a network, depthwise filters),
 * strides of 1, or any backward to the data. Where conv2d_tile.cl has vectors over channels and
 * would leave most lanes empty, here a vector is VEC neighbouring pixels of a row, and a weight is
 * one number.
 *
 * One work-item, alone in its work-group, keeps SEGS row segments by BLOCK channels in registers
 * and walks through the taps: SEGS vector loads, BLOCK weights, SEGS * BLOCK vector FMAs each. The
 * last segment of a row may reach beyond it, into the next row or the room behind the last one, and
 * what comes of that is not stored.
 *
 * Backward over a stride, the pixels of a vector are neighbours in their phase (see conv2d_args.h):
 * every step_w-th of a row. A work-item goes through the phases of its columns one after the other,
 * and puts two, if that is all there are, in place as whole vectors. The phases of the rows are
 * neighbouring work-items, because they read the same of dy.
 *
 * Registers: SEGS * BLOCK sums, SEGS inputs, one weight; at 16 sums it fits AVX-512's and
 * NEON's 32.
 *
 * backward_weights goes along the rows as well: a work-item has one row of the filters of
 * GRADIENTS channels. It loads FILTER shifted vectors of inputs and GRADIENTS vectors of dy for
 * GRADIENTS * FILTER FMAs, and adds up the lanes at the end. conv2d_shared.cl adds the splits of
 * the rows in order. Registers: 4 * 5 sums, 5 inputs, one of dy.
 */
#include "common.clh"
#define REAL floatV
#include "activation.clh"
#include "conv2d_args.h"

#ifndef BLOCK
#define BLOCK 6
#endif
#ifndef SEGS
#define SEGS 2
#endif
#ifndef GRADIENTS
#define GRADIENTS 3 /* channels of dy that a work-item of backward_weights has */
#endif
#ifndef FILTER
#define FILTER 0 /* columns of the filter, where backward_weights knows them */
#endif
#ifndef STRIDE
#define STRIDE 1 /* of backward_data: 2: of the columns; 0: any */
#endif
#include "conv2d_splits.clh"
#include "conv2d_taps.clh"
#include "strided.clh"

#if STRIDE == 1
#define STEP_H 1
#define STEP_W 1
#else
#define STEP_H a.step_h
#define STEP_W (STRIDE == 2 ? 2 : a.step_w)
#endif
#define AT_ONCE (STRIDE == 2 ? 2 : 1) /* phases of columns that are put in place together */
#define PHASE (SEGS * BLOCK * VEC)    /* sums of a phase */

/* Where the inputs of each segment begin, where it goes, and how much of the result's row is left
 * for it; the first segment's row and image, and the last one's. */
typedef struct segments {
    int at[SEGS], to[SEGS], live[SEGS];
    int first_row, first_image, row, image;
} segments;

/* SEGS segments from `first` on, of the `count` that all images' rows from start_h on have. Past
 * the last one it is taken again, and not stored. */
static inline void find_segments(const conv2d_taps_args a, int first, int count, int start_h,
                                 int height, segments *these)
{
    const int columns = (a.out_w - 1) / STEP_W + 1, row_segments = (columns + VEC - 1) / VEC;
    const int top = (start_h + a.pad_top) / STEP_H + a.in_top;
    const int line = first / row_segments;
    int column = (first - line * row_segments) * VEC;
    int image = line / height, row = line - image * height;
    these->first_row = row;
    these->first_image = image;
    SHORT_LOOP
    for (int i = 0; i < SEGS; i++) {
        if (i > 0 && first + i < count) {
            column += VEC;
            const int carry = column >= columns ? 1 : 0;
            column = carry ? 0 : column;
            row += carry;
            const int over = row == height ? 1 : 0;
            row = over ? 0 : row;
            image += over;
        }
        these->at[i] = image * a.in_image + (top + row) * a.in_row + column;
        these->to[i] = image * a.out_channels * a.out_h * a.out_w +
                       (start_h + row * STEP_H) * a.out_w + column * STEP_W;
        these->live[i] = first + i < count ? a.out_w - column * STEP_W : 0;
    }
    these->row = row;
    these->image = image;
}

/* Taps: of each channel those from begin to end, `each` further on than of the channel before. */
typedef struct range {
    int begin, end, each;
} range;

#if STRIDE == 1
/* Those of the filter rows that meet more than padding from some of the segments' rows. */
static inline range find_taps(const conv2d_taps_args a, const segments *these)
{
    const int step = a.dilation_h, up = a.pad_top + these->first_row, down = a.pad_top + these->row;
    const int low = a.sign > 0 ? -down : up - a.in_h + 1; /* step times the filter row */
    const int high = a.sign > 0 ? a.in_h - 1 - up : down;
    range met = {0, a.r * a.s, a.r * a.s};
    if (these->image != these->first_image)
        return met;
    if (low > 0)
        met.begin = (low + step - 1) / step * a.s;
    if (high < (a.r - 1) * step)
        met.end = high < 0 ? 0 : (high / step + 1) * a.s;
    return met;
}
#else
/* Those that meet the phase of row start_h and column `start`. */
static inline range find_taps_of_phase(const conv2d_taps_args a, int start_h, int start)
{
    const meeting rows = meet(a.r, a.dilation_h, a.step_h, (start_h + a.pad_top) % a.step_h, 0);
    const meeting columns = meet(a.s, a.dilation_w, a.step_w, (start + a.pad_left) % a.step_w, 0);
    const int begin = tap_index(a.in_channels, a.s, 0, rows, columns);
    const int each = rows.same * columns.same;
    return (range){begin, begin + each, each};
}
#endif

/* The sums of these taps, to memory: sums[segment][channel][pixel]. */
static inline void add_taps(__global const float *const *from, __global const int *taps,
                            __global const float *packed, const range met, int channels,
                            float *sums)
{
    floatV sum[SEGS][BLOCK];
#pragma unroll
    for (int i = 0; i < SEGS; i++)
#pragma unroll
        for (int k = 0; k < BLOCK; k++)
            sum[i][k] = (floatV)(0.0f);
    for (int c = 0; c < channels; c++) {
        const int end = c * met.each + met.end;
        for (int t = c * met.each + met.begin; t < end; t++) {
            const int offset = taps[t];
            floatV value[SEGS];
#pragma unroll
            for (int i = 0; i < SEGS; i++)
                value[i] = VLOAD(from[i] + offset);
#pragma unroll
            for (int k = 0; k < BLOCK; k++) {
                const floatV weight = (floatV)(packed[t * BLOCK + k]);
#pragma unroll
                for (int i = 0; i < SEGS; i++)
                    sum[i][k] = FMA(value[i], weight, sum[i][k]);
            }
        }
    }
#pragma unroll
    for (int i = 0; i < SEGS; i++)
#pragma unroll
        for (int k = 0; k < BLOCK; k++)
            VSTORE(sum[i][k], sums + (i * BLOCK + k) * VEC);
}

/* A segment of one channel, with bias and activation, to its place: of the phase that begins in
 * column `start`, or of two phases laced into one another. */
static inline void put_segment(const conv2d_taps_args a, const float *sums, float b, int start,
                               int live, __global float *place)
{
    float lanes[AT_ONCE * VEC];
    floatV value[AT_ONCE];
    (void)start;
#pragma unroll
    for (int p = 0; p < AT_ONCE; p++)
        value[p] = activate(VLOAD(sums + p * PHASE) + b, a.activation, a.alpha);
#if STRIDE == 0
    VSTORE(value[0], lanes);
    SHORT_LOOP
    for (int l = 0, rest = live - start; l < VEC && rest > 0; l++, rest -= a.step_w) {
        const int x = live - rest;
        place[x] = a.accumulate ? place[x] + lanes[l] : lanes[l];
    }
#else
#if STRIDE == 2
    const floatV even = value[0], odd = value[1];
    value[0] = ZIP_LOW(even, odd);
    value[1] = ZIP_HIGH(even, odd);
#endif
    if (live >= AT_ONCE * VEC) {
#pragma unroll
        for (int p = 0; p < AT_ONCE; p++, place += VEC)
            VSTORE(a.accumulate ? VLOAD(place) + value[p] : value[p], place);
        return;
    }
    int l = 0;
#pragma unroll
    for (int p = 0; p < AT_ONCE; p++)
        VSTORE(value[p], lanes + p * VEC);
    SHORT_LOOP
    for (; l + 4 <= live; l += 4) {
        const float4 four = vload4(0, lanes + l);
        vstore4(a.accumulate ? vload4(0, place + l) + four : four, 0, place + l);
    }
    SHORT_LOOP
    for (; l < live; l++)
        place[l] = a.accumulate ? place[l] + lanes[l] : lanes[l];
#endif
}

/* item -> SEGS consecutive segments (image, row, segment) of the rows that begin with start_h, one
 * block of channels */
static APART void correlate(const conv2d_taps_args a, __global const float *in,
                            __global const int *taps, __global const float *packed,
                            __global const float *bias, __global float *out, const int item,
                            const int block, const int start_h)
{
    const int first = item * SEGS, plane = a.out_h * a.out_w;
    const int group = block / a.blocks, channel = block % a.blocks * BLOCK;
    const int height = (a.out_h - 1 - start_h) / STEP_H + 1;
    const int columns = (a.out_w - 1) / STEP_W + 1;
    const int count = a.n * height * ((columns + VEC - 1) / VEC);
    if (STRIDE != 1 && first >= count) /* a phase with fewer rows */
        return;
    segments these;
    find_segments(a, first, count, start_h, height, &these);
    in += (uint)(group * a.in_channels * a.in_plane);
    packed += (uint)(block * a.in_channels * a.r * a.s * BLOCK);
    bias += (uint)(group * a.out_group + channel);
    out += (uint)((group * a.out_group + channel) * plane);

    float sums[AT_ONCE * PHASE]; /* what follows them is so compiled once, not for each vector */
    SHORT_LOOP
    for (int start = 0; start < (STRIDE == 0 ? min(STEP_W, a.out_w) : STEP_W); start++) {
        const int left = (start + a.pad_left) / STEP_W + a.in_left;
#if STRIDE == 1
        const range met = find_taps(a, &these);
#else
        const range met = find_taps_of_phase(a, start_h, start);
#endif
        __global const float *from[SEGS];
#pragma unroll
        for (int i = 0; i < SEGS; i++)
            from[i] = in + (these.at[i] + left);
        add_taps(from, taps, packed, met, a.in_channels, sums + (STRIDE == 2 ? start * PHASE : 0));
        if (STRIDE == 2 && start == 0)
            continue;
        __global float *to = out;
        SHORT_LOOP
        for (int k = 0; k < min(BLOCK, a.out_group - channel); k++, to += plane) {
            const float b = a.has_bias ? bias[k] : 0.0f;
            SHORT_LOOP
            for (int i = 0; i < SEGS; i++)
                put_segment(a, sums + (i * BLOCK + k) * VEC, b, start, these.live[i],
                            to + these.to[i]);
        }
    }
}

ALONE __kernel void conv2d_row_correlate(const conv2d_taps_args a, __global const float *in,
                                         uint in_offset, __global const int *taps, uint taps_offset,
                                         __global const float *packed, uint packed_offset,
                                         __global const float *bias, uint bias_offset,
                                         __global float *out, uint out_offset)
{
    const int item = (int)get_global_id(0), phases = STRIDE == 1 ? 1 : min(STEP_H, a.out_h);
    correlate(a, in + in_offset, taps + taps_offset, packed + packed_offset, bias + bias_offset,
              out + out_offset, item / phases, (int)get_global_id(1), item % phases);
}

static inline float sum_of_lanes(floatV v)
{
    float lanes[VEC], sum = 0.0f;
    VSTORE(v, lanes);
    for (int i = 0; i < VEC; i++)
        sum += lanes[i];
    return sum;
}

#if FILTER > 0
/* VEC pixels from column `i` on; KEEP leaves out those that another vector has. */
#define ADD_PIXELS(KEEP)                                                                           \
    {                                                                                              \
        floatV value[FILTER];                                                                      \
        UNROLL for (int s = 0; s < FILTER; s++) value[s] =                                         \
            KEEP(VLOAD(from + i + s * a.dilation_w));                                              \
        UNROLL for (int k = 0; k < GRADIENTS; k++)                                                 \
        {                                                                                          \
            const floatV d = KEEP(VLOAD(gradient + lane[k] + i));                                  \
            UNROLL for (int s = 0; s < FILTER; s++) sum[k][s] = FMA(d, value[s], sum[k][s]);       \
        }                                                                                          \
    }
#define UNROLL _Pragma("unroll")
#define ALL(v) (v)
#define LATE(v) (LANES >= (intV)(skip) ? (v) : (floatV)(0.0f))

/* item -> a row of the filters (input channel, filter row), GRADIENTS channels, one split of the
 * rows: partial[split][k][tap] */
static APART void backward_weights(const conv2d_tile_weights_args given, __global const float *x,
                                   __global const float *dy, __global float *partial,
                                   const int line, const int block, const int split)
{
    const conv2d_tile_weights_args a = given; /* in registers */
    const int group = block / a.blocks, channel = (block - group * a.blocks) * GRADIENTS;
    const int c = line / a.r, r = line - c * a.r;
    x += (uint)(group * a.x_group + c * a.x_plane + r * a.dilation_h * a.x_row);
    dy += (uint)((group * a.group_k + channel) * a.pq);
    int lane[GRADIENTS];
#pragma unroll
    for (int k = 0; k < GRADIENTS; k++) /* past the last channel it is computed again, not stored */
        lane[k] = min(k, a.group_k - 1 - channel) * a.pq;

    floatV sum[GRADIENTS][FILTER];
#pragma unroll
    for (int k = 0; k < GRADIENTS; k++)
#pragma unroll
        for (int s = 0; s < FILTER; s++)
            sum[k][s] = (floatV)(0.0f);
    const int end = split_begin(a.rows, a.splits, split + 1);
    for (int row = split_begin(a.rows, a.splits, split); row < end; row++) {
        const int image = row / a.rows_inner, y = row - image * a.rows_inner;
        __global const float *from = x + (image * a.x_outer + y * a.x_inner);
        __global const float *gradient = dy + (image * a.k * a.pq + y * a.q);
        int i = 0;
        for (; i + VEC <= a.q; i += VEC)
            ADD_PIXELS(ALL)
        if (i < a.q) { /* the last vector ends where the row does */
            const int skip = i - (a.q - VEC);
            i = a.q - VEC;
            ADD_PIXELS(LATE)
        }
    }
    partial += (uint)((split * a.k + group * a.group_k + channel) * a.taps + line * FILTER);
#pragma unroll
    for (int k = 0; k < GRADIENTS; k++)
        if (channel + k < a.group_k)
#pragma unroll
            for (int s = 0; s < FILTER; s++)
                partial[k * a.taps + s] = sum_of_lanes(sum[k][s]);
}

ALONE __kernel void conv2d_row_backward_weights(const conv2d_tile_weights_args a,
                                                __global const float *x, uint x_offset,
                                                __global const float *dy, uint dy_offset,
                                                __global float *partial, uint partial_offset)
{
    backward_weights(a, x + x_offset, dy + dy_offset, partial + partial_offset,
                     (int)get_global_id(0), (int)get_global_id(1), (int)get_global_id(2));
}
#endif
