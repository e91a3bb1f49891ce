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
 * FMAs, and adds up the lanes at the end. `reduce` adds the splits of the rows in order.
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
#include "conv2d_taps.clh"

/* item -> SEGS consecutive segments (image, row, segment), one block of channels */
ALONE __kernel void conv2d_row_correlate(const conv2d_taps_args a, __global const float *in,
                                         uint in_offset, __global const int *taps, uint taps_offset,
                                         __global const float *packed, uint packed_offset,
                                         __global const float *bias, uint bias_offset,
                                         __global float *out, uint out_offset)
{
    const int block = (int)get_global_id(1), first = (int)get_global_id(0) * SEGS;
    const int group = block / a.blocks, channel = block % a.blocks * BLOCK;
    const int row_segments = (a.out_w + VEC - 1) / VEC;
    const int segments = a.n * a.out_h * row_segments;
    const int plane = a.out_h * a.out_w;
    const int top = a.pad_top + a.in_top, left = a.pad_left + a.in_left;
    __global const float *from[SEGS];
    int to[SEGS], live[SEGS]; /* where the segment goes, and how many of its pixels exist */
    in += in_offset + (uint)(group * a.in_group);
#pragma unroll
    for (int i = 0; i < SEGS; i++) {
        const int segment = min(first + i, segments - 1), line = segment / row_segments;
        const int column = segment % row_segments * VEC;
        const int image = line / a.out_h, row = line % a.out_h;
        from[i] = in + (image * a.in_image + (top + row) * a.in_row + left + column);
        to[i] = (image * a.out_channels + group * a.out_group + channel) * plane + row * a.out_w +
                column;
        live[i] = first + i < segments ? min(VEC, a.out_w - column) : 0;
    }

    const int count = a.in_channels * a.r * a.s;
    packed += packed_offset + (uint)(block * count * BLOCK);
    taps += taps_offset;
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

    out += out_offset;
#pragma unroll
    for (int k = 0; k < BLOCK; k++) {
        if (channel + k >= a.out_group)
            continue;
        const floatV b =
            (floatV)(a.has_bias ? bias[bias_offset + (uint)(group * a.out_group + channel + k)]
                                : 0.0f);
#pragma unroll
        for (int i = 0; i < SEGS; i++) {
            __global float *place = out + to[i] + k * plane;
            const floatV value = activate(sum[i][k] + b, a.activation, a.alpha);
            if (live[i] == VEC) {
                VSTORE(a.accumulate ? VLOAD(place) + value : value, place);
            } else {
                float lanes[VEC];
                VSTORE(value, lanes);
                for (int l = 0; l < live[i]; l++)
                    place[l] = a.accumulate ? place[l] + lanes[l] : lanes[l];
            }
        }
    }
}

/* The rows of a split: equal parts, the last ones one shorter. */
static inline int split_begin(int rows, int splits, int split)
{
    return rows / splits * split + min(split, rows % splits);
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
ALONE __kernel void conv2d_row_backward_weights(const conv2d_tile_weights_args a,
                                                __global const float *x, uint x_offset,
                                                __global const float *dy, uint dy_offset,
                                                __global float *partial, uint partial_offset)
{
    const int line = (int)get_global_id(0), block = (int)get_global_id(1);
    const int split = (int)get_global_id(2);
    const int group = block / a.blocks, channel = (block - group * a.blocks) * BLOCK;
    const int c = line / a.r, r = line - c * a.r;
    x += x_offset + (uint)(group * a.x_group + c * a.x_plane + r * a.dilation_h * a.x_row);
    dy += dy_offset + (uint)((group * a.group_k + channel) * a.pq);
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
    partial += partial_offset +
               (uint)((split * a.k + group * a.group_k + channel) * a.taps + line * FILTER);
#pragma unroll
    for (int k = 0; k < BLOCK; k++)
        if (channel + k < a.group_k)
#pragma unroll
            for (int s = 0; s < FILTER; s++)
                partial[k * a.taps + s] = sum_of_lanes(sum[k][s]);
}
#endif

/* item -> one channel, one split of the images: partial[split][k], the sums of planes */
ALONE __kernel void conv2d_row_plane_sums(const conv2d_tile_weights_args a, __global const float *y,
                                          uint y_offset, __global float *partial,
                                          uint partial_offset)
{
    const int k = (int)get_global_id(0), split = (int)get_global_id(1);
    const int end = split_begin(a.n, a.splits, split + 1);
    floatV lanes = (floatV)(0.0f);
    for (int image = split_begin(a.n, a.splits, split); image < end; image++) {
        __global const float *plane = y + y_offset + (uint)((image * a.k + k) * a.pq);
        int i = 0;
        for (; i + VEC <= a.pq; i += VEC)
            lanes += VLOAD(plane + i);
        if (i < a.pq)
            lanes += load_part(plane + i, a.pq - i);
    }
    partial[partial_offset + (uint)(split * a.k + k)] = sum_of_lanes(lanes);
}

/* item -> all taps of one channel: dw[k][tap], from partial[split][k][tap] */
ALONE __kernel void conv2d_row_reduce(const conv2d_tile_weights_args a,
                                      __global const float *partial, uint partial_offset,
                                      __global float *dw, uint dw_offset)
{
    const int k = (int)get_global_id(0);
    partial += partial_offset + (uint)(k * a.taps);
    dw += dw_offset + (uint)(k * a.taps);
    for (int tap = 0; tap < a.taps; tap++) {
        float sum = 0.0f;
        for (int split = 0; split < a.splits; split++)
            sum += partial[split * a.k * a.taps + tap];
        dw[tap] = a.accumulate ? dw[tap] + sum : sum;
    }
}
