/*
 * conv2d, tile: for CPU devices. One work-item, alone in its work-group, keeps a tile of results in
 * registers: PIX pixels by VECS vectors of VEC channels. It walks through a list of taps (a tap is
 * an input channel, a filter row and a filter column); at each it loads VECS vectors of packed
 * weights and PIX single inputs, and does PIX * VECS vector FMAs.
 *
 * Registers: PIX * VECS sums, VECS weights, one or two inputs. 7 x 2 vectors of 16 floats leave
 * half of AVX-512's 32 registers free, 14 independent sums cover the FMA's latency.
 *
 * What makes the inner loop that simple is prepared on every call by a kernel of conv2d_shared.cl.
 *
 * forward and backward_data are both `correlate`; see conv2d_args.h for the phases of the latter.
 * backward_weights has taps where correlate has pixels: PIX taps by VECS vectors of channels,
 * summed over the rows of one split; conv2d_shared.cl adds the splits in order and puts the result
 * in place.
 */
#include "common.clh"
#define REAL floatV
#include "activation.clh"
#include "conv2d_args.h"

#ifndef PIX
#define PIX 6
#endif
#ifndef VECS
#define VECS 2
#endif
#define BLOCK (VEC * VECS) /* channels of a work-item */
#include "conv2d_splits.clh"
#include "conv2d_taps.clh"

/* item -> PIX consecutive pixels of a phase, one block of channels */
static APART void correlate(const conv2d_taps_args a, __global const float *in,
                            __global const int *taps, __global const float *packed,
                            __global const float *bias, __global float *out, const int item,
                            const int block, const int phase)
{
    /* A phase is known by its first row and column, which lie in the image: none is empty. */
    const int phases_w = min(a.step_w, a.out_w);
    const int start_h = phase / phases_w;
    const int start_w = phase % phases_w;
    const int phase_h = (start_h + a.pad_top) % a.step_h;
    const int phase_w = (start_w + a.pad_left) % a.step_w;
    const int height = (a.out_h - 1 - start_h) / a.step_h + 1;
    const int width = (a.out_w - 1 - start_w) / a.step_w + 1;
    const int pixels = a.n * height * width, first = item * PIX;
    if (first >= pixels)
        return;

    const int group = block / a.blocks, channel = block % a.blocks * BLOCK;
    const int in_top = (start_h + a.pad_top - phase_h) / a.step_h + a.in_top;
    const int in_left = (start_w + a.pad_left - phase_w) / a.step_w + a.in_left;
    const int plane = a.out_h * a.out_w;
    int image = first / (height * width);
    int row = first % (height * width) / width, column = first % width;
    int at[PIX], to[PIX]; /* where a pixel's inputs begin, and its place in the result */
    SHORT_LOOP
    for (int i = 0; i < PIX; i++) {
        at[i] = image * a.in_image + (in_top + row * a.in_step_h) * a.in_row + in_left +
                column * a.in_step_w;
        to[i] = (image * a.out_channels + group * a.out_group + channel) * plane +
                (start_h + row * a.step_h) * a.out_w + start_w + column * a.step_w;
        if (first + i + 1 < pixels) { /* past the last pixel it is computed again */
            column++;
            const int carry = column == width ? 1 : 0;
            column = carry ? 0 : column;
            row += carry;
            const int over = row == height ? 1 : 0;
            row = over ? 0 : row;
            image += over;
        }
    }
    __global const float *from[PIX];
    in += (uint)(group * a.in_group);
#pragma unroll
    for (int i = 0; i < PIX; i++)
        from[i] = in + at[i];

    const meeting rows = meet(a.r, a.dilation_h, a.step_h, phase_h, 0);
    const meeting columns = meet(a.s, a.dilation_w, a.step_w, phase_w, 0);
    const int begin = tap_index(a.in_channels, a.s, 0, rows, columns);
    const int count = a.in_channels * rows.same * columns.same;
    packed += (uint)((block * a.in_channels * a.r * a.s + begin) * BLOCK);
    taps += (uint)begin;

    floatV sum[PIX][VECS];
#pragma unroll
    for (int v = 0; v < VECS; v++)
#pragma unroll
        for (int i = 0; i < PIX; i++)
            sum[i][v] = (floatV)(0.0f);
    for (int t = 0; t < count; t++) {
        floatV weight[VECS];
#pragma unroll
        for (int v = 0; v < VECS; v++)
            weight[v] = VLOAD(packed + t * BLOCK + v * VEC);
        const int offset = taps[t];
#pragma unroll
        for (int i = 0; i < PIX; i++) {
            const floatV value = (floatV)(from[i][offset]);
#pragma unroll
            for (int v = 0; v < VECS; v++)
                sum[i][v] = FMA(value, weight[v], sum[i][v]);
        }
    }

    /* By way of memory, so that what follows is compiled once and not for each vector. */
    float sums[PIX * BLOCK], b[BLOCK];
    const int live = min(BLOCK, a.out_group - channel);
    SHORT_LOOP
    for (int l = 0; l < BLOCK; l++)
        b[l] = a.has_bias && l < live ? bias[(uint)(group * a.out_group + channel + l)] : 0.0f;
#pragma unroll
    for (int v = 0; v < VECS; v++) {
        const floatV offset = VLOAD(b + v * VEC);
#pragma unroll
        for (int i = 0; i < PIX; i++)
            VSTORE(CURVED ? sum[i][v] + offset
                          : activate(sum[i][v] + offset, a.activation, a.alpha),
                   sums + i * BLOCK + v * VEC);
    }
#if CURVED
    SHORT_LOOP
    for (int i = 0; i < PIX * BLOCK; i += VEC)
        VSTORE(activate(VLOAD(sums + i), a.activation, a.alpha), sums + i);
#endif
    /* Channel by channel, since pixels are neighbours there. What lies past the last pixel is that
     * pixel again, and is stored again: all of a channel is read before. */
    SHORT_LOOP
    for (int l = 0; l < live; l++, out += plane) {
        float y[PIX];
#pragma unroll
        for (int i = 0; i < PIX; i++)
            y[i] = a.accumulate ? out[to[i]] + sums[i * BLOCK + l] : sums[i * BLOCK + l];
#pragma unroll
        for (int i = 0; i < PIX; i++)
            out[to[i]] = y[i];
    }
}

ALONE __kernel void conv2d_tile_correlate(const conv2d_taps_args a, __global const float *in,
                                          uint in_offset, __global const int *taps,
                                          uint taps_offset, __global const float *packed,
                                          uint packed_offset, __global const float *bias,
                                          uint bias_offset, __global float *out, uint out_offset)
{
    correlate(a, in + in_offset, taps + taps_offset, packed + packed_offset, bias + bias_offset,
              out + out_offset, (int)get_global_id(0), (int)get_global_id(1),
              (int)get_global_id(2));
}

/* item -> PIX taps, one block of channels, one split: partial[split][block][tap][BLOCK] */
static APART void backward_weights(const conv2d_tile_weights_args given, __global const float *x,
                                   __global const float *packed, __global float *partial,
                                   const int item, const int block, const int split)
{
    const conv2d_tile_weights_args a = given; /* in registers */
    const int first = item * PIX;
    x += (uint)(block / a.blocks * a.x_group);
    packed += (uint)(block * a.n * a.pq * BLOCK);
    __global const float *from[PIX];
#pragma unroll
    for (int i = 0; i < PIX; i++) {
        const int tap = min(first + i, a.taps - 1);
        from[i] = x + tap / (a.r * a.s) * a.x_plane + tap / a.s % a.r * a.dilation_h * a.x_row +
                  tap % a.s * a.dilation_w;
    }

    floatV sum[PIX][VECS];
#pragma unroll
    for (int i = 0; i < PIX; i++)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            sum[i][v] = (floatV)(0.0f);
    /* Read anew for each pixel: a step that clang knew it would add to all PIX addresses, for which
     * there are not registers enough, in place of one offset. */
    volatile int step = a.x_pixel;
    const int end = split_begin(a.rows, a.splits, split + 1);
    for (int row = split_begin(a.rows, a.splits, split); row < end; row++) {
        int offset = row / a.rows_inner * a.x_outer + row % a.rows_inner * a.x_inner;
        __global const float *gradient = packed + row * a.q * BLOCK;
        __global const float *const last = gradient + a.q * BLOCK;
        for (; gradient != last; offset += step, gradient += BLOCK) {
            floatV d[VECS];
#pragma unroll
            for (int v = 0; v < VECS; v++)
                d[v] = VLOAD(gradient + v * VEC);
#pragma unroll
            for (int i = 0; i < PIX; i++) {
                const floatV value = (floatV)(from[i][offset]);
#pragma unroll
                for (int v = 0; v < VECS; v++)
                    sum[i][v] = FMA(value, d[v], sum[i][v]);
            }
        }
    }
    partial += (uint)(((split * a.groups * a.blocks + block) * a.taps + first) * BLOCK);
#pragma unroll
    for (int i = 0; i < PIX; i++)
        if (first + i < a.taps)
#pragma unroll
            for (int v = 0; v < VECS; v++)
                VSTORE(sum[i][v], partial + i * BLOCK + v * VEC);
}

ALONE __kernel void conv2d_tile_backward_weights(const conv2d_tile_weights_args a,
                                                 __global const float *x, uint x_offset,
                                                 __global const float *packed, uint packed_offset,
                                                 __global float *partial, uint partial_offset)
{
    backward_weights(a, x + x_offset, packed + packed_offset, partial + partial_offset,
                     (int)get_global_id(0), (int)get_global_id(1), (int)get_global_id(2));
}
