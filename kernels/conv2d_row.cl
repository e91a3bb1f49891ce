/*
 * conv2d, row: for CPU devices and few channels (the first layers of a network, depthwise filters),
 * strides of 1. Where conv2d_tile.cl has vectors over channels and would leave most lanes empty,
 * here a vector is VEC neighbouring pixels of a row, and a weight is one number.
 *
 * One work-item, alone in its work-group, keeps SEGS row segments by BLOCK channels in registers
 * and walks through the taps: SEGS vector loads, BLOCK weights, SEGS * BLOCK vector FMAs each. The
 * last segment of a row may reach beyond it: the padded input has room for that, and what lies
 * beyond is not stored.
 *
 * Registers: SEGS * BLOCK sums, SEGS inputs, one weight; at 16 sums it fits AVX-512's and
 * NEON's 32.
 *
 * backward_weights goes along the rows as well: a work-item has one row of the filters of BLOCK
 * channels. It loads FILTER shifted vectors of inputs and BLOCK vectors of dy for BLOCK * FILTER
 * FMAs, and adds up the lanes at the end. conv2d_shared.cl adds the splits of the rows in order.
 * Registers: 4 * 5 sums, 5 inputs, one of dy.
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
#ifndef FILTER
#define FILTER 0 /* columns of the filter, where backward_weights knows them */
#endif
#include "conv2d_splits.clh"
#include "conv2d_taps.clh"

/* item -> SEGS consecutive segments (image, row, segment), one block of channels */
static APART void correlate(const conv2d_taps_args a, __global const float *in,
                            __global const int *taps, __global const float *packed,
                            __global const float *bias, __global float *out, const int item,
                            const int block)
{
    const int first = item * SEGS;
    const int group = block / a.blocks, channel = block % a.blocks * BLOCK;
    const int row_segments = (a.out_w + VEC - 1) / VEC;
    const int segments = a.n * a.out_h * row_segments;
    const int plane = a.out_h * a.out_w;
    const int top = a.pad_top + a.in_top, left = a.pad_left + a.in_left;
    /* Where a segment's inputs begin, where it goes, and how many of its pixels exist. */
    int at[SEGS], to[SEGS], live[SEGS];
    SHORT_LOOP
    for (int i = 0; i < SEGS; i++) {
        const int segment = min(first + i, segments - 1), line = segment / row_segments;
        const int column = segment % row_segments * VEC;
        const int image = line / a.out_h, row = line % a.out_h;
        at[i] = image * a.in_image + (top + row) * a.in_row + left + column;
        to[i] = (image * a.out_channels + group * a.out_group + channel) * plane + row * a.out_w +
                column;
        live[i] = first + i < segments ? min(VEC, a.out_w - column) : 0;
    }
    __global const float *from[SEGS];
    in += (uint)(group * a.in_group);
#pragma unroll
    for (int i = 0; i < SEGS; i++)
        from[i] = in + at[i];

    const int count = a.in_channels * a.r * a.s;
    packed += (uint)(block * count * BLOCK);
    floatV sum[SEGS][BLOCK];
#pragma unroll
    for (int i = 0; i < SEGS; i++)
#pragma unroll
        for (int k = 0; k < BLOCK; k++)
            sum[i][k] = (floatV)(0.0f);
    for (int t = 0; t < count; t++) {
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

    /* By way of memory, so that what follows is compiled once and not for each vector. */
    float sums[SEGS * BLOCK * VEC];
#pragma unroll
    for (int i = 0; i < SEGS; i++)
#pragma unroll
        for (int k = 0; k < BLOCK; k++)
            VSTORE(sum[i][k], sums + (i * BLOCK + k) * VEC);
    bias += (uint)(group * a.out_group + channel);
    SHORT_LOOP
    for (int k = 0; k < min(BLOCK, a.out_group - channel); k++, out += plane) {
        const float b = a.has_bias ? bias[k] : 0.0f;
        SHORT_LOOP
        for (int i = 0; i < SEGS; i++) {
            __global float *place = out + to[i];
            const floatV value =
                activate(VLOAD(sums + (i * BLOCK + k) * VEC) + b, a.activation, a.alpha);
            if (live[i] == VEC) {
                VSTORE(a.accumulate ? VLOAD(place) + value : value, place);
            } else {
                float lanes[VEC];
                int l = 0;
                VSTORE(value, lanes);
                SHORT_LOOP
                for (; l + 4 <= live[i]; l += 4) {
                    const float4 four = vload4(0, lanes + l);
                    vstore4(a.accumulate ? vload4(0, place + l) + four : four, 0, place + l);
                }
                SHORT_LOOP
                for (; l < live[i]; l++)
                    place[l] = a.accumulate ? place[l] + lanes[l] : lanes[l];
            }
        }
    }
}

ALONE __kernel void conv2d_row_correlate(const conv2d_taps_args a, __global const float *in,
                                         uint in_offset, __global const int *taps, uint taps_offset,
                                         __global const float *packed, uint packed_offset,
                                         __global const float *bias, uint bias_offset,
                                         __global float *out, uint out_offset)
{
    correlate(a, in + in_offset, taps + taps_offset, packed + packed_offset, bias + bias_offset,
              out + out_offset, (int)get_global_id(0), (int)get_global_id(1));
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
        UNROLL for (int k = 0; k < BLOCK; k++)                                                     \
        {                                                                                          \
            const floatV d = KEEP(VLOAD(gradient + lane[k] + i));                                  \
            UNROLL for (int s = 0; s < FILTER; s++) sum[k][s] = FMA(d, value[s], sum[k][s]);       \
        }                                                                                          \
    }
#define UNROLL _Pragma("unroll")
#define ALL(v) (v)
#define LATE(v) (LANES >= (intV)(skip) ? (v) : (floatV)(0.0f))

/* item -> a row of the filters (input channel, filter row), BLOCK channels, one split of the rows:
 * partial[split][k][tap] */
static APART void backward_weights(const conv2d_tile_weights_args given, __global const float *x,
                                   __global const float *dy, __global float *partial,
                                   const int line, const int block, const int split)
{
    const conv2d_tile_weights_args a = given; /* in registers */
    const int group = block / a.blocks, channel = (block - group * a.blocks) * BLOCK;
    const int c = line / a.r, r = line - c * a.r;
    x += (uint)(group * a.x_group + c * a.x_plane + r * a.dilation_h * a.x_row);
    dy += (uint)((group * a.group_k + channel) * a.pq);
    int lane[BLOCK];
#pragma unroll
    for (int k = 0; k < BLOCK; k++) /* past the last channel it is computed again, not stored */
        lane[k] = min(k, a.group_k - 1 - channel) * a.pq;

    floatV sum[BLOCK][FILTER];
#pragma unroll
    for (int k = 0; k < BLOCK; k++)
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
    for (int k = 0; k < BLOCK; k++)
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
