/*
 * conv2d, tile: for CPU devices. One work-item, alone in its work-group, keeps a tile of results in
 * registers: PIX pixels by VECS vectors of VEC channels. It walks through a list of taps (a tap is
 * an input channel, a filter row and a filter column); at each it loads VECS vectors of packed
 * weights and PIX single inputs, and does PIX * VECS vector FMAs.
 *
 * Registers: PIX * VECS sums, VECS weights, one or two inputs. 8 x 2 vectors of 16 floats leave
 * nearly half of AVX-512's 32 registers free, 16 independent sums cover the FMA's latency. More
 * pixels would need more addresses than there are registers for them, unless they are a run: 14 x 2
 * sums, 2 weights and an input then fill 31.
 *
 * Results leave as vectors of pixels where these lie side by side: a square of vectors is turned
 * around in registers.
 *
 * What makes the inner loop that simple is prepared on every call by a kernel of conv2d_shared.cl.
 *
 * Where rows can be cut into runs of RUN pixels, forward and backward over a stride of 1, `runs`
 * takes the place of `correlate`: its pixels need one address, so that there are more of them to
 * each load of a weight, and what comes before and behind the sums is done for several runs at
 * once.
 *
 * forward and backward_data are both `correlate`; see conv2d_args.h for the phases of the latter.
 *
 * backward_weights has taps where correlate has pixels: PIX taps by VECS vectors of channels. A
 * work-item packs as many pixels of dy into local memory as a cache holds, and walks over them with
 * one tile of taps after the other, whose sums wait in the workspace, that is in the same cache;
 * then come the next pixels, to the end of its split. conv2d_shared.cl adds the splits in order and
 * puts the result in place.
 *
 * Where `runs` keeps a row of the filter in registers (blocks of one vector), `near_weights` takes
 * its place: a work-item has one split of the tiles, which are lines of images, and brings x, packs
 * dy and keeps the sums in local memory, so that nothing goes before it, and db costs it nothing.
 * It sums some rows of the filters at a time, SIDE pixels of them side by side, which share what
 * they load of x: two loads in three FMAs instead of one each. Registers: 15 sums, SIDE vectors of
 * dy, some of x.
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
/* Columns of the filter, in a program of `runs` that keep a row of it in registers, and of
 * `near_weights`; 0: the others. So nobody compiles what is not used. */
#define FILTER 0
#endif
#ifndef STEP
#define STEP 0 /* columns of the input from pixel to pixel of a run; 0: there are no runs */
#endif
#define BLOCK (VEC * VECS) /* channels of a work-item */
#define STRIDE 1
#include "conv2d_near.clh"
#include "conv2d_splits.clh"
#include "conv2d_taps.clh"
#include "strided.clh"

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
        PUT_4((float4)((v).s8, (v).s9, (v).sa, (v).sb), (place) + 8, add)                          \
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
#define PUT_4(four, place, add)                                                                    \
    {                                                                                              \
        const float4 part = (four);                                                                \
        vstore4((add) ? vload4(0, (place)) + part : part, 0, (place));                             \
    }
#define PUT_2(two, place, add)                                                                     \
    {                                                                                              \
        const float2 part = (two);                                                                 \
        vstore2((add) ? vload2(0, (place)) + part : part, 0, (place));                             \
    }
#define ROWS (PIX > VEC ? PIX : VEC)

/* One tap after the other, for the first COUNT vectors of a block: its channels may fill no more.
 */
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

/* COUNT rows of sums, from `first` on, to memory: [pixel][channel]. */
#define KEEP(COUNT, first, place)                                                                  \
    UNROLL for (int i = 0; i < COUNT; i++) UNROLL for (int v = 0; v < VECS; v++)                   \
        VSTORE(sum[(first) + i][v], (place) + i * BLOCK + v * VEC);

/* The bias of a block's channels, 0 for those that are not there. */
static inline void load_bias(const conv2d_taps_args a, __global const float *bias, int block,
                             float b[BLOCK])
{
    const int group = block / a.blocks, channel = (block - group * a.blocks) * BLOCK;
    SHORT_LOOP
    for (int l = 0; l < BLOCK; l++)
        b[l] = a.has_bias && l < a.out_group - channel
                   ? bias[(uint)(group * a.out_group + channel + l)]
                   : 0.0f;
}

/* Adds the bias to COUNT rows of sums and applies the activation: what is long (CURVED) by way of
 * memory, in a loop that is compiled once and not for each vector. */
#define ADD_BIAS(COUNT)                                                                            \
    UNROLL for (int i = 0; i < COUNT; i++) UNROLL for (int v = 0; v < VECS; v++) sum[i][v] +=      \
        VLOAD(b + v * VEC);
#if CURVED
#define ACTIVATE(COUNT)                                                                            \
    {                                                                                              \
        float values[COUNT * BLOCK];                                                               \
        ADD_BIAS(COUNT)                                                                            \
        KEEP(COUNT, 0, values)                                                                     \
        SHORT_LOOP for (int i = 0; i < COUNT * BLOCK; i += VEC)                                    \
            VSTORE(activate(VLOAD(values + i), a.activation, a.alpha), values + i);                \
        UNROLL for (int i = 0; i < COUNT; i++) UNROLL for (int v = 0; v < VECS; v++) sum[i][v] =   \
            VLOAD(values + i * BLOCK + v * VEC);                                                   \
    }
#else
#define ACTIVATE(COUNT)                                                                            \
    {                                                                                              \
        ADD_BIAS(COUNT)                                                                            \
        UNROLL for (int i = 0; i < COUNT; i++) UNROLL for (int v = 0; v < VECS; v++) sum[i][v] =   \
            activate(sum[i][v], a.activation, a.alpha);                                            \
    }
#endif

#if FILTER == 0
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
    in += (uint)(group * a.in_channels * a.in_plane);
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
    if (VECS > 1 && a.out_group - channel <= VEC)
        ADD_TAPS(1)
    else
        ADD_TAPS(VECS)

    float b[BLOCK];
    load_bias(a, bias, block, b);
    ACTIVATE(PIX)
#if TURNED
    if (first + PIX <= pixels && to[PIX - 1] - to[0] == PIX - 1) {
        out += to[0];
#pragma unroll
        for (int v = 0; v < VECS; v++, out += VEC * plane) {
            const int live = min(VEC, a.out_group - channel - v * VEC);
            if (live <= 0)
                break;
            floatV rows[ROWS];
#pragma unroll
            for (int i = 0; i < ROWS; i++)
                rows[i] = i < PIX ? sum[i < PIX ? i : 0][v] : (floatV)(0.0f);
            transpose(rows);
#pragma unroll
            for (int l = 0; l < VEC; l++)
                if (l < live)
                    PUT_PIXELS(rows[l], out + l * plane, a.accumulate)
        }
        return;
    }
#endif
    /* Channel by channel, since pixels are neighbours there. What lies past the last pixel is that
     * pixel again, and is stored again: all of a channel is read before. */
    float sums[PIX * BLOCK];
    KEEP(PIX, 0, sums)
    SHORT_LOOP
    for (int l = 0; l < min(BLOCK, a.out_group - channel); l++, out += plane) {
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
#endif

#if RUN > 0 && STEP > 0
/*
 * A run is RUN pixels side by side in one row of the result, STEP columns of the input apart, by
 * one block of channels. They need one address, not one each, so that there can be as many as there
 * are registers: RUN * VECS sums, VECS weights, one input.
 */
#if VEC == 16 && RUN == 10
#define PUT_RUN(v, place, add)                                                                     \
    {                                                                                              \
        PUT_8(v, place, add)                                                                       \
        PUT_2((float2)((v).s8, (v).s9), (place) + 8, add)                                          \
    }
#elif VEC == 16 && RUN == 14
#define PUT_RUN(v, place, add)                                                                     \
    {                                                                                              \
        PUT_8(v, place, add)                                                                       \
        PUT_4((float4)((v).s8, (v).s9, (v).sa, (v).sb), (place) + 8, add)                          \
        PUT_2((float2)((v).sc, (v).sd), (place) + 12, add)                                         \
    }
#endif

#if FILTER > 0
/* Forward with strides and dilation of 1 along the rows: a row of the filter stays in registers,
 * and each input meets all of it: RUN + FILTER - 1 inputs are loaded for RUN * FILTER products. Two
 * runs at a time share the weights, and have sums enough between them to cover the latency. */
#define AT_ONCE 2
#define ADD_RUNS                                                                                   \
    for (int c = 0; c < a.in_channels; c++, begin += a.in_plane)                                   \
        for (int r = 0; r < a.r; r++, packed += FILTER * BLOCK) {                                  \
            const int offset = begin + r * a.dilation_h * a.in_row;                                \
            floatV weight[FILTER][VECS];                                                           \
            UNROLL for (int s = 0; s < FILTER; s++) UNROLL for (int v = 0; v < VECS; v++)          \
                weight[s][v] = VLOAD(packed + s * BLOCK + v * VEC);                                \
            UNROLL for (int i = 0; i < RUN + FILTER - 1; i++)                                      \
                UNROLL for (int p = 0; p < AT_ONCE; p++)                                           \
            {                                                                                      \
                const floatV value = (floatV)(from[p][offset + i]);                                \
                UNROLL for (int s = FILTER - 1; s >= 0; s--) if (i - s >= 0 && i - s < RUN)        \
                    UNROLL for (int v = 0; v < VECS; v++) sum[p * RUN + i - s][v] =                \
                        FMA(value, weight[s][v], sum[p * RUN + i - s][v]);                         \
            }                                                                                      \
        }
#else
/* Any other: tap by tap of the list. */
#define AT_ONCE 1
#define ADD_RUNS                                                                                   \
    for (int t = 0; t < a.in_channels * a.r * a.s; t++, packed += BLOCK) {                         \
        __global const float *here = from[0] + taps[t];                                            \
        floatV weight[VECS];                                                                       \
        UNROLL for (int v = 0; v < VECS; v++) weight[v] = VLOAD(packed + v * VEC);                 \
        UNROLL for (int i = 0; i < RUN; i++)                                                       \
        {                                                                                          \
            const floatV value = (floatV)(here[i * STEP]);                                         \
            UNROLL for (int v = 0; v < VECS; v++) sum[i][v] = FMA(value, weight[v], sum[i][v]);    \
        }                                                                                          \
    }
#endif

/* Pixels of a run one by one; the first `skip` are another run's. */
static inline void put_each(const conv2d_taps_args a, const float *sums, int live, int skip,
                            __global float *out)
{
    SHORT_LOOP
    for (int l = 0; l < min(BLOCK, live); l++, out += a.out_h * a.out_w) {
        SHORT_LOOP
        for (int i = skip; i < RUN; i++)
            out[i] = a.accumulate ? out[i] + sums[i * BLOCK + l] : sums[i * BLOCK + l];
    }
}

/* A run, with bias and activation, to its place: as vectors of pixels, where it is whole. */
static inline void put_run(const conv2d_taps_args a, const floatV kept[RUN][VECS], const float *b,
                           int live, int skip, __global float *out)
{
    floatV sum[RUN][VECS];
    float sums[RUN * BLOCK];
#pragma unroll
    for (int i = 0; i < RUN; i++)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            sum[i][v] = kept[i][v];
    ACTIVATE(RUN)
#ifdef PUT_RUN
    const int plane = a.out_h * a.out_w;
    if (skip == 0) {
#pragma unroll
        for (int v = 0; v < VECS; v++, out += VEC * plane) {
            const int count = live - v * VEC;
            floatV rows[VEC];
#pragma unroll
            for (int i = 0; i < VEC; i++)
                rows[i] = i < RUN ? sum[i < RUN ? i : 0][v] : (floatV)(0.0f);
            if (count > 0)
                transpose(rows);
#pragma unroll
            for (int l = 0; l < VEC; l++)
                if (l < count)
                    PUT_RUN(rows[l], out + l * plane, a.accumulate)
        }
        return;
    }
#endif
    KEEP(RUN, 0, sums)
    put_each(a, sums, live, skip, out);
}

/* AT_ONCE runs from `first` on; past the last one it is taken again, and not stored. */
static inline void correlate_run(const conv2d_taps_args a, __global const float *in,
                                 __global const int *taps, __global const float *packed,
                                 const float *b, __global float *out, const int first,
                                 const int last, const int block)
{
    const int group = block / a.blocks, channel = (block - group * a.blocks) * BLOCK;
    const int runs = (a.out_w + RUN - 1) / RUN, plane = a.out_h * a.out_w;
    __global const float *from[AT_ONCE];
    int to[AT_ONCE], skip[AT_ONCE], begin = 0;
#pragma unroll
    for (int p = 0; p < AT_ONCE; p++) {
        const int index = min(first + p, last), line = index / runs, run = index - line * runs;
        const int image = line / a.out_h, row = line - image * a.out_h;
        const int column = min(run * RUN, a.out_w - RUN);
        const int top = a.pad_top + a.in_top + row * a.in_step_h;
        from[p] = in + (image * a.in_image + group * a.in_channels * a.in_plane + top * a.in_row +
                        a.pad_left + a.in_left + column * STEP);
        to[p] = (image * a.out_channels + group * a.out_group + channel) * plane + row * a.out_w +
                column;
        skip[p] = run * RUN - column;
    }
    packed += (uint)(block * a.in_channels * a.r * a.s * BLOCK);
    (void)taps, (void)begin;

    floatV sum[AT_ONCE * RUN][VECS];
#pragma unroll
    for (int i = 0; i < AT_ONCE * RUN; i++)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            sum[i][v] = (floatV)(0.0f);
    ADD_RUNS
    /* What puts a run in place is there once: it takes the sums from memory. */
    floatV kept[AT_ONCE][RUN][VECS];
#pragma unroll
    for (int i = 0; i < AT_ONCE * RUN; i++)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            kept[i / RUN][i % RUN][v] = sum[i][v];
    SHORT_LOOP
    for (int p = 0; p < AT_ONCE && first + p <= last; p++)
        put_run(a, kept[p], b, a.out_group - channel, skip[p], out + (uint)to[p]);
}

/* item -> CONV2D_RUNS runs, one block of channels */
static APART void correlate_runs(const conv2d_taps_args given, __global const float *in,
                                 __global const int *taps, __global const float *packed,
                                 __global const float *bias, __global float *out, const int item,
                                 const int block)
{
    const conv2d_taps_args a = given; /* in registers */
    float b[BLOCK];
    load_bias(a, bias, block, b);
    const int runs = (a.out_w + RUN - 1) / RUN;
    const int begin = item * CONV2D_RUNS, end = min(begin + CONV2D_RUNS, a.n * a.out_h * runs);
    SHORT_LOOP
    for (int i = begin; i < end; i += AT_ONCE)
        correlate_run(a, in, taps, packed, b, out, i, end - 1, block);
}

ALONE __kernel void conv2d_tile_runs(const conv2d_taps_args a, __global const float *in,
                                     uint in_offset, __global const int *taps, uint taps_offset,
                                     __global const float *packed, uint packed_offset,
                                     __global const float *bias, uint bias_offset,
                                     __global float *out, uint out_offset)
{
    correlate_runs(a, in + in_offset, taps + taps_offset, packed + packed_offset,
                   bias + bias_offset, out + out_offset, (int)get_global_id(0),
                   (int)get_global_id(1));
}
#endif

/*
 * What both kernels of backward_weights do with dy: turned into vectors over its channels, pixel by
 * pixel, in local memory.
 */
/* Vectors of four channels, pixel by pixel, to their pixels. */
#define PUT_QUAD(a, b, c, d, to) vstore4((float4)((a), (b), (c), (d)), 0, (to))
#if VEC == 4
#define PUT_QUADS(v, to) PUT_QUAD((v).s0, (v).s1, (v).s2, (v).s3, (to));
#elif VEC == 8
#define PUT_QUADS(v, to)                                                                           \
    PUT_QUAD((v).s0, (v).s1, (v).s2, (v).s3, (to));                                                \
    PUT_QUAD((v).s4, (v).s5, (v).s6, (v).s7, (to) + BLOCK);
#else
#define PUT_QUADS(v, to)                                                                           \
    PUT_QUAD((v).s0, (v).s1, (v).s2, (v).s3, (to));                                                \
    PUT_QUAD((v).s4, (v).s5, (v).s6, (v).s7, (to) + BLOCK);                                        \
    PUT_QUAD((v).s8, (v).s9, (v).sa, (v).sb, (to) + 2 * BLOCK);                                    \
    PUT_QUAD((v).sc, (v).sd, (v).se, (v).sf, (to) + 3 * BLOCK);
#endif

/* VEC pixels of four channels, those from `live` on being zeros. (A whole square of vectors at once
 * takes llvmpipe minutes to compile.) */
static inline void turn_quad(int live, int pq, __global const float *dy, __local float *gradient)
{
    floatV rows[4];
#pragma unroll
    for (int i = 0; i < 4; i++) {
        const floatV row = load_whole(dy + min(i, live - 1) * pq);
        rows[i] = i < live ? row : (floatV)(0.0f);
    }
    const floatV even_low = ZIP_LOW(rows[0], rows[2]), even_high = ZIP_HIGH(rows[0], rows[2]);
    const floatV odd_low = ZIP_LOW(rows[1], rows[3]), odd_high = ZIP_HIGH(rows[1], rows[3]);
    const floatV quads[] = {ZIP_LOW(even_low, odd_low), ZIP_HIGH(even_low, odd_low),
                            ZIP_LOW(even_high, odd_high), ZIP_HIGH(even_high, odd_high)};
#pragma unroll
    for (int i = 0; i < 4; i++) {
        PUT_QUADS(quads[i], gradient + i * VEC / 4 * BLOCK)
    }
}

/* `count` pixels of `live` channels, whose planes lie `pq` apart, to gradient[pixel][channel], with
 * zeros in place of the other channels. */
static inline void pack_lines(int count, int live, int pq, __global const float *dy,
                              __local float *gradient)
{
    int pixel = 0;
    if (live < BLOCK)
        clear(count * BLOCK, gradient);
    SHORT_LOOP
    for (; count >= VEC && pixel < count; pixel += VEC) {
        const int from = min(pixel, count - VEC); /* the last vector ends where they do */
        SHORT_LOOP
        for (int k = 0; k < live; k += 4)
            turn_quad(live - k, pq, dy + k * pq + from, gradient + from * BLOCK + k);
    }
    SHORT_LOOP
    for (; pixel < count; pixel++)
        SHORT_LOOP
    for (int i = 0; i < live; i++)
        gradient[pixel * BLOCK + i] = dy[i * pq + pixel];
}

/* A vector's channels of them added up, behind `first`. */
static inline floatV add_pixels(int count, __local const float *gradient, floatV first)
{
    floatV sum[4]; /* four chains cover the latency of an addition */
    int i = 0;
    sum[0] = first;
#pragma unroll
    for (int j = 1; j < 4; j++)
        sum[j] = (floatV)(0.0f);
    for (; i + 4 <= count; i += 4)
#pragma unroll
        for (int j = 0; j < 4; j++)
            sum[j] += load_near(gradient + (i + j) * BLOCK);
    SHORT_LOOP
    for (; i < count; i++)
        sum[0] += load_near(gradient + i * BLOCK);
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

#if FILTER == 0
/* Where a tap's inputs begin, and its row and column of the filter. */
typedef struct tap {
    int at, row, column;
} tap;

static inline tap find_tap(const conv2d_tile_weights_args a, int index)
{
    const int channel = index / (a.r * a.s), place = index - channel * a.r * a.s;
    const int row = place / a.s, column = place - row * a.s;
    return (tap){channel * a.x_plane + row * a.dilation_h * a.x_row + column * a.dilation_w, row,
                 column};
}

static inline tap next_tap(const conv2d_tile_weights_args a, tap t)
{
    t.at += a.dilation_w;
    t.column++;
    if (t.column == a.s) {
        t.column = 0;
        t.row++;
        t.at += a.dilation_h * a.x_row - a.s * a.dilation_w;
    }
    if (t.row == a.r) {
        t.row = 0;
        t.at += a.x_plane - a.r * a.dilation_h * a.x_row;
    }
    return t;
}

/* A run of pixels, of the rows that weights_args in conv2d_tile.c makes of the images. */
typedef struct pixels {
    int begin, end;
} pixels;

/* Packs them: images of a.pq pixels each, which hold `live` of the block's channels. */
static inline void pack_pixels(const conv2d_tile_weights_args a, const pixels part, int live,
                               __global const float *dy, __local float *gradient)
{
    SHORT_LOOP
    for (int pixel = part.begin; pixel < part.end;) {
        const int image = pixel / a.pq, at = pixel - image * a.pq;
        const int count = min(a.pq - at, part.end - pixel);
        pack_lines(count, live, a.pq, dy + (uint)(image * a.groups * a.group_k * a.pq + at),
                   gradient);
        gradient += count * BLOCK;
        pixel += count;
    }
}

/* Pixels side by side, for PIX taps: `offset` and `gradient` go along. */
#define ADD_PIXELS(count)                                                                          \
    for (__local const float *const last = gradient + (count)*BLOCK; gradient != last;             \
         offset += step, gradient += BLOCK) {                                                      \
        floatV d[VECS];                                                                            \
        UNROLL for (int v = 0; v < VECS; v++) d[v] = load_near(gradient + v * VEC);                \
        UNROLL for (int i = 0; i < PIX; i++)                                                       \
        {                                                                                          \
            const floatV value = (floatV)(from[i][offset]);                                        \
            UNROLL for (int v = 0; v < VECS; v++) sum[i][v] = FMA(value, d[v], sum[i][v]);         \
        }                                                                                          \
    }

/* Adds them to the sums of the PIX taps from `first` on, which is tap t; returns the tap behind
 * these. sums: [tap][BLOCK], `fresh` if nothing is there yet. */
static inline tap add_tile_of_taps(const conv2d_tile_weights_args a, const pixels part, int first,
                                   tap t, int fresh, __global const float *x,
                                   __local const float *gradient, __global float *sums)
{
    __global const float *from[PIX];
    floatV sum[PIX][VECS];
    sums += (uint)(first * BLOCK);
#pragma unroll
    for (int i = 0; i < PIX; i++) {
        from[i] = x + t.at;
        t = first + i + 1 < a.taps ? next_tap(a, t) : t;
    }
#pragma unroll
    for (int i = 0; i < PIX; i++)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            sum[i][v] = fresh || first + i >= a.taps ? (floatV)(0.0f)
                                                     : load_whole(sums + i * BLOCK + v * VEC);
    /* Read anew for each pixel: a step that clang knew it would add to all PIX addresses, for which
     * there are not registers enough, in place of one offset. */
    volatile int step = a.x_pixel;
    int image = part.begin / (a.rows_inner * a.q);
    int column = part.begin - image * a.rows_inner * a.q;
    int row = column / a.q;
    column -= row * a.q;
    for (int pixel = part.begin; pixel < part.end;) {
        const int count = min(a.q - column, part.end - pixel);
        int offset = image * a.x_outer + row * a.x_inner + column * a.x_pixel;
        ADD_PIXELS(count)
        pixel += count;
        column = 0;
        row++;
        image += row == a.rows_inner ? 1 : 0;
        row = row == a.rows_inner ? 0 : row;
    }
#pragma unroll
    for (int i = 0; i < PIX; i++)
        if (first + i < a.taps)
#pragma unroll
            for (int v = 0; v < VECS; v++)
                store_whole(sum[i][v], sums + i * BLOCK + v * VEC);
    return t;
}

/* item -> a.each taps, one block of channels, one split of the pixels:
 * partial[split][block][tap][BLOCK] */
static APART void backward_weights(const conv2d_tile_weights_args given, __global const float *x,
                                   __global const float *dy, __global float *partial,
                                   __local float *gradient, const int item, const int block,
                                   const int split)
{
    const conv2d_tile_weights_args a = given; /* in registers */
    const int group = block / a.blocks, channel = (block - group * a.blocks) * BLOCK;
    const int first = item * a.each, last = min(first + a.each, a.taps);
    const int live = min(BLOCK, a.group_k - channel);
    const int begin = split_begin(a.n * a.pq, a.splits, split);
    const int end = split_begin(a.n * a.pq, a.splits, split + 1);
    x += (uint)(group * a.x_group);
    dy += (uint)((group * a.group_k + channel) * a.pq);
    partial += (uint)((split * a.groups * a.blocks + block) * (a.taps + a.sums) * BLOCK);
    const tap start = find_tap(a, first);
    floatV total[VECS];
#pragma unroll
    for (int v = 0; v < VECS; v++)
        total[v] = (floatV)(0.0f);
    SHORT_LOOP
    for (int pixel = begin; pixel < end;) {
        const pixels part = {pixel, pixel + min(a.pixels, end - pixel)};
        tap t = start;
        pack_pixels(a, part, live, dy, gradient);
        if (a.sums && item == 0)
#pragma unroll
            for (int v = 0; v < VECS; v++)
                total[v] = add_pixels(part.end - part.begin, gradient + v * VEC, total[v]);
        SHORT_LOOP
        for (int i = first; i < last; i += PIX)
            t = add_tile_of_taps(a, part, i, t, pixel == begin, x, gradient, partial);
        pixel = part.end;
    }
    if (a.sums && item == 0)
#pragma unroll
        for (int v = 0; v < VECS; v++)
            store_whole(total[v], partial + a.taps * BLOCK + v * VEC);
}

ALONE __kernel void conv2d_tile_backward_weights(const conv2d_tile_weights_args a,
                                                 __global const float *x, uint x_offset,
                                                 __global const float *dy, uint dy_offset,
                                                 __global float *partial, uint partial_offset,
                                                 __local float *gradient)
{
    backward_weights(a, x + x_offset, dy + dy_offset, partial + partial_offset, gradient,
                     (int)get_global_id(0), (int)get_global_id(1), (int)get_global_id(2));
}
#elif VECS == 1
#define FILTER_ROWS CONV2D_NEAR_ROWS(FILTER)
#define LINE_SUMS (FILTER * VEC) /* floats of the sums of a filter row */
#ifndef SIDE
#define SIDE 2 /* pixels that share what they load of x */
#endif

/* COUNT pixels side by side, of dy from `gradient` on. */
#define ADD_SIDE(COUNT)                                                                            \
    {                                                                                              \
        floatV d[COUNT];                                                                           \
        UNROLL for (int i = 0; i < COUNT; i++) d[i] = load_near(gradient + i * VEC);               \
        UNROLL for (int row = 0; row < FILTER_ROWS; row++)                                         \
        {                                                                                          \
            UNROLL for (int x = 0; x < COUNT + FILTER - 1; x++)                                    \
            {                                                                                      \
                const floatV value = (floatV)(from[row][offset + x]);                              \
                UNROLL for (int i = 0; i < COUNT; i++) if (x - i >= 0 && x - i < FILTER)           \
                    sum[row][x - i] = FMA(value, d[i], sum[row][x - i]);                           \
            }                                                                                      \
        }                                                                                          \
    }

/* Adds `lines` lines of dy to the sums of FILTER_ROWS filter rows, sums[row][column][channel];
 * from[row]: the inputs that the first line meets. */
static inline void add_lines(int lines, int q, int pitch, __local const float *const *from,
                             __local const float *gradient, __local float *sums)
{
    floatV sum[FILTER_ROWS][FILTER];
#pragma unroll
    for (int row = 0; row < FILTER_ROWS; row++)
#pragma unroll
        for (int s = 0; s < FILTER; s++)
            sum[row][s] = load_near(sums + row * LINE_SUMS + s * VEC);
    for (int line = 0; line < lines; line++) {
        int offset = line * pitch;
        const int end = offset + q;
        for (; offset + SIDE <= end; offset += SIDE, gradient += SIDE * VEC)
            ADD_SIDE(SIDE)
        for (; offset < end; offset++, gradient += VEC)
            ADD_SIDE(1)
    }
#pragma unroll
    for (int row = 0; row < FILTER_ROWS; row++)
#pragma unroll
        for (int s = 0; s < FILTER; s++)
            store_near(sum[row][s], sums + row * LINE_SUMS + s * VEC);
}

/* All sums of a tile, lines of one image: sums[channel of x][filter row], filled up to whole
 * FILTER_ROWS, and behind these a vector for db. near: x; behind it dy, packed. */
static inline void add_tile(const conv2d_near_args a, const share *own, int image, int line,
                            __global const float *x, __global const float *dy, __local float *near,
                            __local float *gradient, __local float *sums)
{
    const int lines = min(a.lines, a.p - line), pq = a.p * a.q, plane = a.h * a.w;
    const int count = own->channels * a.r, channel = own->group * a.group_k + own->first;
    const int from_plane = (image * a.groups + own->group) * a.group_c + own->channel;
    const tile t = {.rows = lines + (a.r - 1) * a.dilation_h,
                    .pitch = a.q + FILTER - 1,
                    .top = line - a.pad_top,
                    .left = -a.pad_left};
    __local float *const total =
        sums + (count + FILTER_ROWS - 1) / FILTER_ROWS * FILTER_ROWS * LINE_SUMS;
    pack_lines(lines * a.q, min(VEC, a.group_k - own->first), pq,
               dy + (uint)((image * a.groups * a.group_k + channel) * pq + line * a.q), gradient);
    if (a.sums && own->channel == 0)
        store_near(add_pixels(lines * a.q, gradient, load_near(total)), total);
    if (!a.taps)
        return;
    bring_planes(a.h, a.w, &t, own->channels, x + (uint)(from_plane * plane),
                 (a.n * a.groups * a.group_c - from_plane) * plane, near);
    SHORT_LOOP
    for (int first = 0; first < count; first += FILTER_ROWS, sums += FILTER_ROWS * LINE_SUMS) {
        __local const float *from[FILTER_ROWS];
#pragma unroll
        for (int row = 0; row < FILTER_ROWS;
             row++) { /* past the last one it is summed again, not stored */
            const int at = min(first + row, count - 1), c = at / a.r;
            from[row] = near + (c * t.rows + (at - c * a.r) * a.dilation_h) * t.pitch;
        }
        add_lines(lines, a.q, t.pitch, from, gradient, sums);
    }
}

/* item -> some channels of x, one block, one split of the tiles: partial[split][block][tap][VEC] */
static APART void near_weights(const conv2d_near_args a, __global const float *x,
                               __global const float *dy, __global float *partial,
                               __local float *near, const int part, const int block,
                               const int split)
{
    const share own = find_share(a, VEC, part, block);
    const int plane = (a.lines + (a.r - 1) * a.dilation_h) * (a.q + FILTER - 1);
    const int blocks = (a.group_k + VEC - 1) / VEC * a.groups, each = a.taps + a.sums;
    const int count = own.channels * a.r,
              filled = (count + FILTER_ROWS - 1) / FILTER_ROWS * FILTER_ROWS;
    __local float *const gradient = near + CONV2D_NEAR_FLOATS(a.channels, plane, VEC);
    __local float *const sums = gradient + a.lines * a.q * VEC;
    const int down = (a.p + a.lines - 1) / a.lines;
    const int end = split_begin(a.n * down, a.splits, split + 1);
    clear(filled * LINE_SUMS + VEC, sums);
    SHORT_LOOP
    for (int i = split_begin(a.n * down, a.splits, split); i < end; i++)
        add_tile(a, &own, i / down, i % down * a.lines, x, dy, near, gradient, sums);
    partial += (uint)((split * blocks + block) * each * VEC);
    if (a.taps)
        SHORT_LOOP
    for (int i = 0; i < count * FILTER; i++)
        store_whole(load_near(sums + i * VEC), partial + (own.channel * a.r * FILTER + i) * VEC);
    if (a.sums && own.channel == 0)
        store_whole(load_near(sums + filled * LINE_SUMS), partial + a.taps * VEC);
}

ALONE __kernel void conv2d_tile_near_weights(const conv2d_near_args a, __global const float *x,
                                             uint x_offset, __global const float *dy,
                                             uint dy_offset, __global float *partial,
                                             uint partial_offset, __local float *near)
{
    near_weights(a, x + x_offset, dy + dy_offset, partial + partial_offset, near,
                 (int)get_global_id(0), (int)get_global_id(1), (int)get_global_id(2));
}
#endif
