/*
 * conv2d, tile: for CPU devices. One work-item, alone in its work-group, keeps a tile of results in
 * registers: PIX pixels by VECS vectors of VEC channels. It walks through a list of taps (a tap is
 * an input channel, a filter row and a filter column); at each it loads VECS vectors of packed
 * weights and PIX single inputs, and does PIX * VECS vector FMAs.
 *
 * Registers: PIX * VECS sums, VECS weights, one or two inputs. 8 x 2 vectors of 16 floats leave
 * nearly half of AVX-512's 32 registers free, 16 independent sums cover the FMA's latency. More
 * pixels would need more addresses than there are registers for them.
 *
 * Results leave as vectors of pixels where these lie side by side: a square of vectors is turned
 * around in registers.
 *
 * What makes the inner loop that simple is prepared by small kernels, on every call: those of
 * conv2d_taps.clh, and
 *   pack_dy  (backward_weights) turns dy into vectors over its channels, pixel by pixel
 *
 * forward and backward_data are both `correlate`; see conv2d_args.h for the phases of the latter.
 * backward_weights has taps where correlate has pixels: PIX taps by VECS vectors of channels,
 * summed over the rows of one split; `reduce` adds the splits in order and puts the result in
 * place.
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
#ifndef RUN
#define RUN 0 /* pixels of a row that `runs` takes; 0: there is no such kernel */
#endif
#ifndef FILTER
#define FILTER 0 /* columns of the filter, where `runs` knows them */
#endif
#define BLOCK (VEC * VECS) /* channels of a work-item */
#include "conv2d_taps.clh"

/* Pixels of a tile that lie side by side leave as vectors: TURNED where PIX allows it. The parts of
 * a vector are written out, because going through memory would be taken apart into lanes. */
#if PIX == VEC
#define TURNED 1
#define PUT_PIXELS(v, place, add)                                                                  \
    {                                                                                              \
        VSTORE((add) ? VLOAD(place) + (v) : (v), (place));                                         \
    }
#elif PIX == 8 && VEC == 16
#define TURNED 1
#define PUT_PIXELS(v, place, add) PUT_8(v, place, add)
#elif PIX == 12 && VEC == 16
#define TURNED 1
#define PUT_PIXELS(v, place, add)                                                                  \
    {                                                                                              \
        PUT_8(v, place, add)                                                                       \
        const float4 last = (float4)((v).s8, (v).s9, (v).sa, (v).sb);                              \
        vstore4((add) ? vload4(0, (place) + 8) + last : last, 0, (place) + 8);                     \
    }
#else
#define TURNED 0
#endif
#define PUT_8(v, place, add)                                                                       \
    {                                                                                              \
        const float8 low =                                                                         \
            (float8)((v).s0, (v).s1, (v).s2, (v).s3, (v).s4, (v).s5, (v).s6, (v).s7);              \
        vstore8((add) ? vload8(0, (place)) + low : low, 0, (place));                               \
    }
#define ROWS (PIX > VEC ? PIX : VEC)

/* One tap after the other, for the first COUNT vectors of a block: its channels may fill no more.
 */
#define UNROLL _Pragma("unroll")
#define ADD_TAPS(COUNT)                                                                            \
    for (int t = 0; t < count; t++) {                                                              \
        floatV weight[COUNT];                                                                      \
        UNROLL for (int v = 0; v < COUNT; v++) weight[v] = VLOAD(packed + t * BLOCK + v * VEC);    \
        const int offset = taps[t];                                                                \
        UNROLL for (int i = 0; i < PIX; i++)                                                       \
        {                                                                                          \
            const floatV value = (floatV)(from[i][offset]);                                        \
            UNROLL for (int v = 0; v < COUNT; v++) sum[i][v] = FMA(value, weight[v], sum[i][v]);   \
        }                                                                                          \
    }

/* item -> PIX consecutive pixels of a phase, one block of channels */
ALONE __kernel void conv2d_tile_correlate(const conv2d_taps_args a, __global const float *in,
                                          uint in_offset, __global const int *taps,
                                          uint taps_offset, __global const float *packed,
                                          uint packed_offset, __global const float *bias,
                                          uint bias_offset, __global float *out, uint out_offset)
{
    const int block = (int)get_global_id(1);
    /* A phase is known by its first row and column, which lie in the image: none is empty. */
    const int phases_w = min(a.step_w, a.out_w);
    const int start_h = (int)get_global_id(2) / phases_w;
    const int start_w = (int)get_global_id(2) % phases_w;
    const int phase_h = (start_h + a.pad_top) % a.step_h;
    const int phase_w = (start_w + a.pad_left) % a.step_w;
    const int height = (a.out_h - 1 - start_h) / a.step_h + 1;
    const int width = (a.out_w - 1 - start_w) / a.step_w + 1;
    const int pixels = a.n * height * width, first = (int)get_global_id(0) * PIX;
    if (first >= pixels)
        return;

    const int group = block / a.blocks, channel = block % a.blocks * BLOCK;
    const int in_top = (start_h + a.pad_top - phase_h) / a.step_h + a.in_top;
    const int in_left = (start_w + a.pad_left - phase_w) / a.step_w + a.in_left;
    const int plane = a.out_h * a.out_w;
    int image = first / (height * width);
    int row = first % (height * width) / width, column = first % width;
    __global const float *from[PIX];
    int to[PIX];
    in += in_offset + (uint)(group * a.in_group);
#pragma unroll
    for (int i = 0; i < PIX; i++) {
        from[i] = in + (image * a.in_image + (in_top + row * a.in_step_h) * a.in_row + in_left +
                        column * a.in_step_w);
        to[i] = (image * a.out_channels + group * a.out_group + channel) * plane +
                (start_h + row * a.step_h) * a.out_w + start_w + column * a.step_w;
        if (first + i + 1 < pixels) { /* past the last pixel it is computed again, and not stored */
            column++;
            const int carry = column == width ? 1 : 0;
            column = carry ? 0 : column;
            row += carry;
            const int over = row == height ? 1 : 0;
            row = over ? 0 : row;
            image += over;
        }
    }

    const meeting rows = meet(a.r, a.dilation_h, a.step_h, phase_h, 0);
    const meeting columns = meet(a.s, a.dilation_w, a.step_w, phase_w, 0);
    const int begin = tap_index(a, 0, rows, columns);
    const int count = a.in_channels * rows.same * columns.same;
    packed += packed_offset + (uint)((block * a.in_channels * a.r * a.s + begin) * BLOCK);
    taps += taps_offset + (uint)begin;

    floatV sum[PIX][VECS];
#pragma unroll
    for (int v = 0; v < VECS; v++)
#pragma unroll
        for (int i = 0; i < PIX; i++)
            sum[i][v] = (floatV)(0.0f);
    if (VECS > 1 && a.out_group - channel <= VEC)
        ADD_TAPS(1)
    else
        ADD_TAPS(VECS)

    out += out_offset;
#if TURNED
    const int together = first + PIX <= pixels && to[PIX - 1] - to[0] == PIX - 1;
#endif
#pragma unroll
    for (int v = 0; v < VECS; v++) {
        const int live = min(VEC, a.out_group - channel - v * VEC);
        if (live <= 0)
            continue;
        float b[VEC];
        for (int l = 0; l < VEC; l++)
            b[l] = a.has_bias && l < live
                       ? bias[bias_offset + (uint)(group * a.out_group + channel + v * VEC + l)]
                       : 0.0f;
        floatV rows[ROWS];
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            rows[i] = i < PIX ? activate(sum[i < PIX ? i : 0][v] + VLOAD(b), a.activation, a.alpha)
                              : (floatV)(0.0f);
        __global float *place = out + v * VEC * plane;
#if TURNED
        if (together) {
            transpose(rows);
#pragma unroll
            for (int l = 0; l < VEC; l++)
                if (l < live)
                    PUT_PIXELS(rows[l], place + to[0] + l * plane, a.accumulate)
            continue;
        }
#endif
#pragma unroll
        for (int i = 0; i < PIX; i++) {
            if (first + i >= pixels)
                continue;
            float lanes[VEC];
            VSTORE(rows[i], lanes);
            for (int l = 0; l < live; l++)
                place[to[i] + l * plane] =
                    a.accumulate ? place[to[i] + l * plane] + lanes[l] : lanes[l];
        }
    }
}

#if RUN > 0 && FILTER > 0
/*
 * forward with strides and dilation of 1 along the rows: item -> RUN pixels of one row, one block
 * of channels. A row of the filter stays in registers, and each input meets all of it: RUN + FILTER
 * - 1 inputs and FILTER weights are loaded for RUN * FILTER products. Registers: RUN * VECS sums,
 * FILTER * VECS weights, one input.
 */
ALONE __kernel void conv2d_tile_runs(const conv2d_taps_args a, __global const float *in,
                                     uint in_offset, __global const int *taps, uint taps_offset,
                                     __global const float *packed, uint packed_offset,
                                     __global const float *bias, uint bias_offset,
                                     __global float *out, uint out_offset)
{
    (void)taps, (void)taps_offset;
    const int block = (int)get_global_id(1), runs = (a.out_w + RUN - 1) / RUN;
    const int line = (int)get_global_id(0) / runs, run = (int)get_global_id(0) - line * runs;
    const int image = line / a.out_h, row = line - image * a.out_h;
    const int group = block / a.blocks, channel = (block - group * a.blocks) * BLOCK;
    const int column = min(run * RUN, a.out_w - RUN), skip = run * RUN - column;
    const int plane = a.out_h * a.out_w;
    if (image >= a.n)
        return;
    in += in_offset + (uint)(image * a.in_image + group * a.in_group + row * a.in_row + column);
    packed += packed_offset + (uint)(block * a.in_channels * a.r * FILTER * BLOCK);

    floatV sum[RUN][VECS];
#pragma unroll
    for (int i = 0; i < RUN; i++)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            sum[i][v] = (floatV)(0.0f);
    for (int c = 0; c < a.in_channels; c++, in += a.in_plane)
        for (int r = 0; r < a.r; r++, packed += FILTER * BLOCK) {
            __global const float *from = in + r * a.dilation_h * a.in_row;
            floatV weight[FILTER][VECS];
#pragma unroll
            for (int s = 0; s < FILTER; s++)
#pragma unroll
                for (int v = 0; v < VECS; v++)
                    weight[s][v] = VLOAD(packed + s * BLOCK + v * VEC);
#pragma unroll
            for (int i = 0; i < RUN + FILTER - 1; i++) {
                const floatV value = (floatV)(from[i]);
#pragma unroll
                for (int s = FILTER - 1; s >= 0; s--)
                    if (i - s >= 0 && i - s < RUN)
#pragma unroll
                        for (int v = 0; v < VECS; v++)
                            sum[i - s][v] = FMA(value, weight[s][v], sum[i - s][v]);
            }
        }

    out += out_offset + (uint)((image * a.out_channels + group * a.out_group + channel) * plane +
                               row * a.out_w + column);
#pragma unroll
    for (int v = 0; v < VECS; v++, out += VEC * plane) {
        const int live = min(VEC, a.out_group - channel - v * VEC);
        float b[VEC];
        for (int l = 0; l < VEC; l++)
            b[l] = a.has_bias && l < live
                       ? bias[bias_offset + (uint)(group * a.out_group + channel + v * VEC + l)]
                       : 0.0f;
        floatV rows[RUN > VEC ? RUN : VEC];
#pragma unroll
        for (int i = 0; i < (RUN > VEC ? RUN : VEC); i++)
            rows[i] = i < RUN ? activate(sum[i < RUN ? i : 0][v] + VLOAD(b), a.activation, a.alpha)
                              : (floatV)(0.0f);
#if RUN == 10 && VEC == 16
        if (skip == 0) {
            transpose(rows);
#pragma unroll
            for (int l = 0; l < VEC; l++)
                if (l < live) {
                    __global float *place = out + l * plane;
                    PUT_8(rows[l], place, a.accumulate)
                    const float2 last = (float2)(rows[l].s8, rows[l].s9);
                    vstore2(a.accumulate ? vload2(0, place + 8) + last : last, 0, place + 8);
                }
            continue;
        }
#endif
#pragma unroll
        for (int i = 0; i < RUN; i++) {
            float lanes[VEC];
            VSTORE(rows[i], lanes);
            for (int l = 0; l < live && i >= skip; l++)
                out[l * plane + i] = a.accumulate ? out[l * plane + i] + lanes[l] : lanes[l];
        }
    }
}
#endif

/* item -> one image, one block of channels: packed[block][image * pq + pixel][BLOCK] */
ALONE __kernel void conv2d_tile_pack_dy(const conv2d_tile_weights_args a, __global const float *dy,
                                        uint dy_offset, __global float *packed, uint packed_offset)
{
    const int image = (int)get_global_id(0), block = (int)get_global_id(1);
    const int group = block / a.blocks, first = block % a.blocks * BLOCK;
    const int live = min(BLOCK, a.group_k - first);
    dy += dy_offset + (uint)((image * a.k + group * a.group_k + first) * a.pq);
    packed += packed_offset + (uint)((block * a.n + image) * a.pq * BLOCK);
    int pixel = 0;
    for (; pixel + VEC <= a.pq; pixel += VEC)
        for (int v = 0; v < BLOCK; v += VEC) {
            floatV rows[VEC];
#pragma unroll
            for (int i = 0; i < VEC; i++)
                rows[i] = v + i < live ? VLOAD(dy + (v + i) * a.pq + pixel) : (floatV)(0.0f);
            transpose(rows);
#pragma unroll
            for (int i = 0; i < VEC; i++)
                VSTORE(rows[i], packed + (pixel + i) * BLOCK + v);
        }
    for (; pixel < a.pq; pixel++) {
        for (int i = 0; i < live; i++)
            packed[pixel * BLOCK + i] = dy[i * a.pq + pixel];
        for (int i = live; i < BLOCK; i++)
            packed[pixel * BLOCK + i] = 0.0f;
    }
}

/* The rows of a split: equal parts, the last ones one shorter. */
static inline int split_begin(int rows, int splits, int split)
{
    return rows / splits * split + min(split, rows % splits);
}

/* item -> PIX taps, one block of channels, one split: partial[split][block][tap][BLOCK] */
ALONE __kernel void conv2d_tile_backward_weights(const conv2d_tile_weights_args a,
                                                 __global const float *x, uint x_offset,
                                                 __global const float *packed, uint packed_offset,
                                                 __global float *partial, uint partial_offset)
{
    const int first = (int)get_global_id(0) * PIX, block = (int)get_global_id(1);
    const int split = (int)get_global_id(2);
    x += x_offset + (uint)(block / a.blocks * a.x_group);
    packed += packed_offset + (uint)(block * a.n * a.pq * BLOCK);
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
    const int end = split_begin(a.rows, a.splits, split + 1);
    for (int row = split_begin(a.rows, a.splits, split); row < end; row++) {
        int offset = row / a.rows_inner * a.x_outer + row % a.rows_inner * a.x_inner;
        __global const float *gradient = packed + row * a.q * BLOCK;
        for (int q = 0; q < a.q; q++, offset += a.x_pixel, gradient += BLOCK) {
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
    partial +=
        partial_offset + (uint)(((split * a.groups * a.blocks + block) * a.taps + first) * BLOCK);
#pragma unroll
    for (int i = 0; i < PIX; i++)
        if (first + i < a.taps)
#pragma unroll
            for (int v = 0; v < VECS; v++)
                VSTORE(sum[i][v], partial + i * BLOCK + v * VEC);
}

/* item -> one block of channels, one split: partial[split][block][BLOCK], a "tap" that is always 1
 */
ALONE __kernel void conv2d_tile_backward_bias(const conv2d_tile_weights_args a,
                                              __global const float *packed, uint packed_offset,
                                              __global float *partial, uint partial_offset)
{
    const int block = (int)get_global_id(0), split = (int)get_global_id(1);
    const int begin = split_begin(a.n * a.pq, a.splits, split);
    const int end = split_begin(a.n * a.pq, a.splits, split + 1);
    packed += packed_offset + (uint)(block * a.n * a.pq * BLOCK);
    partial += partial_offset + (uint)((split * a.groups * a.blocks + block) * BLOCK);
    floatV sum[4][VECS]; /* four chains cover the latency of an addition */
#pragma unroll
    for (int i = 0; i < 4; i++)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            sum[i][v] = (floatV)(0.0f);
    int pixel = begin;
    for (; pixel + 4 <= end; pixel += 4)
#pragma unroll
        for (int i = 0; i < 4; i++)
#pragma unroll
            for (int v = 0; v < VECS; v++)
                sum[i][v] += VLOAD(packed + (pixel + i) * BLOCK + v * VEC);
    for (; pixel < end; pixel++)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            sum[0][v] += VLOAD(packed + pixel * BLOCK + v * VEC);
#pragma unroll
    for (int v = 0; v < VECS; v++)
        VSTORE((sum[0][v] + sum[1][v]) + (sum[2][v] + sum[3][v]), partial + v * VEC);
}

/* item -> one channel, one split of the images: partial[split][block][BLOCK], from planes as they
 * are (a.pq elements each). What backward_bias is for a packed gradient, for a transposed
 * convolution's. */
ALONE __kernel void conv2d_tile_plane_sums(const conv2d_tile_weights_args a,
                                           __global const float *y, uint y_offset,
                                           __global float *partial, uint partial_offset)
{
    const int k = (int)get_global_id(0), split = (int)get_global_id(1);
    const int group = k / a.group_k, channel = k % a.group_k;
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
    float parts[VEC], sum = 0.0f;
    VSTORE(lanes, parts);
    for (int i = 0; i < VEC; i++)
        sum += parts[i];
    const int block = (split * a.groups + group) * a.blocks + channel / BLOCK;
    partial[partial_offset + (uint)(block * BLOCK + channel % BLOCK)] = sum;
}

/* item -> all taps of one channel: dw[k][tap], from partial[split][block][tap][BLOCK] */
ALONE __kernel void conv2d_tile_reduce(const conv2d_tile_weights_args a,
                                       __global const float *partial, uint partial_offset,
                                       __global float *dw, uint dw_offset)
{
    const int k = (int)get_global_id(0), group = k / a.group_k, channel = k % a.group_k;
    const int block = group * a.blocks + channel / BLOCK;
    const int stride = a.groups * a.blocks * a.taps * BLOCK;
    partial += partial_offset + (uint)(block * a.taps * BLOCK + channel % BLOCK);
    dw += dw_offset + (uint)(k * a.taps);
    for (int tap = 0; tap < a.taps; tap++) {
        float sum = 0.0f;
        for (int split = 0; split < a.splits; split++)
            sum += partial[split * stride + tap * BLOCK];
        dw[tap] = a.accumulate ? dw[tap] + sum : sum;
    }
}
