/*
 * conv2d, point: for CPU devices and filters of one pixel without padding. Such a convolution is
 * a product of matrices: out[k][pixel] = the sum over c of w[k][c] * in[c][pixel], and its pixels
 * already lie one behind the other. A vector is VEC neighbouring pixels, a weight is one number.
 *
 * - multiply: a work-item, alone in its work-group -> SEGS vectors of pixels by BLOCK channels of
 *   the result. It walks through the channels of the input, the taps: SEGS vector loads, BLOCK
 *   weights and SEGS * BLOCK vector FMAs each. Work-items of the same pixels follow each other,
 *   while these are in the cache.
 * - across (backward_data): the same with the weights' channels the other way round, so that
 *   neighbours in a row of w belong to different channels of the result, and taps lie a whole row
 *   apart, with thousands of channels each in another page and all in the same few cache sets. A
 *   work-item -> the blocks of PANEL channels, by some columns of SEGS vectors. It reads w only in
 *   its first column and first block, row by row, asks for rows ahead, and puts what belongs to
 *   its panel side by side in local memory, which on a CPU is a thread's own and stays in the
 *   cache next to it. All other blocks and columns read it there.
 * - beside (forward, planes of few pixels): a work-item is one of multiply's, of vectors that lie
 *   wholly in an image, which it reads where they are. The first ones pack what is left of all
 *   images in local memory, fewer than VEC pixels of each, and compute it for many blocks.
 * - arrange (backward_data, planes of few pixels that are whole columns, but for a rest, and many
 *   taps): the same order, whole vectors of all images and then what is left, for across, in
 *   columns of SEGS vectors, in each of which tap follows tap: a prefetcher follows that, and a tap
 *   does not lie in another page.
 * - collect (strides; small planes for which the others are not): puts those that count side by
 *   side.
 * - spread: the way back. It puts the result in place, and zeros between.
 *
 * backward_data is forward with the weights' channels the other way round; with strides `spread`
 * fills the pixels that no output looked at.
 *
 * All sums of a block go to an array before any of them goes to its place. There they are one run
 * of pixels for each channel, whatever images these belong to. (An array written and read vector by
 * vector between stores that miss the cache waits for each of these.)
 *
 * Registers: SEGS * BLOCK sums, SEGS inputs, one weight. 3 x 8 leave a few of AVX-512's 32
 * registers free; 11 loads for 24 FMAs.
 */
#include "common.clh"
#define REAL floatV
#include "activation.clh"
#include "conv2d_args.h"
#define STRIDE 2
#include "strided.clh"

#ifndef BLOCK
#define BLOCK 4
#endif
#ifndef SEGS
#define SEGS 3
#endif
#define PANEL CONV2D_POINT_PANEL(BLOCK)
#define WIDE (SEGS * VEC)
#define AHEAD 48 /* rows of weights: what comes in while as many taps are multiplied */

/* `count` lanes, fewer than VEC, to `place`: by halves, quarters and so on, since a loop over them
 * would take as long as a hundred products. */
#define PUT_PART(part)                                                                             \
    if (count & part) {                                                                            \
        const JOIN(float, part) some = JOIN(vload, part)(0, lanes);                                \
        JOIN(vstore, part)(accumulate ? JOIN(vload, part)(0, place) + some : some, 0, place);      \
        lanes += part;                                                                             \
        place += part;                                                                             \
    }
static inline void put_lanes(const float *lanes, __global float *place, int count, int accumulate)
{
#if VEC >= 16
    PUT_PART(8)
#endif
#if VEC >= 8
    PUT_PART(4)
#endif
    PUT_PART(2)
    if (count & 1)
        *place = accumulate ? *place + *lanes : *lanes;
}

/* Lanes `begin` to `end` - 1 of v to `place`, or added to what is there. */
static inline void put(floatV v, __global float *place, int begin, int end, int accumulate)
{
    if (begin == 0 && end == VEC) {
        VSTORE(accumulate ? VLOAD(place) + v : v, place);
        return;
    }
    float lanes[VEC];
    VSTORE(v, lanes);
    if (begin < end)
        put_lanes(lanes + begin, place + begin, end - begin, accumulate);
}

/* `count` elements to `to`, or added to what is there. The last vector may repeat some of those
 * before it. */
static inline void put_run(const float *from, __global float *to, int count, int accumulate)
{
    int i = 0;
    for (; i + VEC <= count; i += VEC)
        store_whole(accumulate ? load_whole(to + i) + VLOAD(from + i) : VLOAD(from + i), to + i);
    if (i == count)
        return;
    if (i > 0 && !accumulate)
        store_whole(VLOAD(from + count - VEC), to + count - VEC);
    else
        put_lanes(from + i, to + i, count - i, accumulate);
}

/* The sums of `live` channels, rows of SEGS * VEC in which `count` pixels begin at `skip`, to their
 * places, from pixel `first` on of those of all images. out and bias: of the first channel. */
static APART void put_rows(const conv2d_point_args a, float *rows, int skip, int first, int count,
                           int live, __global const float *bias, __global float *out)
{
    const int image = first / a.out_pixels, begin = first - image * a.out_pixels;
    out += image * a.out_image;
    for (int k = 0; k < live; k++, rows += SEGS * VEC, out += a.out_plane) {
        const float b = a.has_bias ? bias[k] : 0.0f;
        const int ends = a.has_bias || a.activation != 0 ? SEGS * VEC : 0;
        for (int i = skip + count; i < ends; i++) /* no sum's */
            rows[i] = 0.0f;
        for (int i = 0; i < ends; i += VEC)
            VSTORE(activate(VLOAD(rows + i) + b, a.activation, a.alpha), rows + i);
        __global float *to = out;
        for (int i = 0, at = begin; i < count; at = 0, to += a.out_image) {
            const int here = min(a.out_pixels - at, count - i);
            put_run(rows + skip + i, to + at, here, a.accumulate);
            i += here;
        }
    }
}

/* The same where whole vectors of each image come first, `whole` of them, and what is left of each
 * behind those of all: SEGS segments from `first` on, but none from `end` on. */
static APART void put_apart(const conv2d_point_args a, float *rows, int first, int end, int live,
                            __global const float *bias, __global float *out)
{
    const int wholes = a.out_images * a.whole, left = a.out_pixels - a.whole * VEC;
    for (int k = 0; k < live; k++, out += a.out_plane) {
        const float b = a.has_bias ? bias[k] : 0.0f;
        for (int s = 0; s < SEGS; s++, rows += VEC) {
            VSTORE(activate(VLOAD(rows) + b, a.activation, a.alpha), rows);
            const int segment = first + s, rest = (segment - wholes) * VEC;
            if (segment < min(wholes, end)) {
                const int image = segment / a.whole, at = (segment - image * a.whole) * VEC;
                put_run(rows, out + (image * a.out_image + at), VEC, a.accumulate);
            } else if (segment < end) {
                const int count = min(VEC, a.out_images * left - rest);
                int image = rest / left, at = rest - image * left;
                for (int i = 0; i < count; at = 0, image++) {
                    const int here = min(left - at, count - i);
                    put_run(rows + i, out + (image * a.out_image + a.whole * VEC + at), here,
                            a.accumulate);
                    i += here;
                }
            }
        }
    }
}

/*
 * What both products are made of; macros, because a loop over fewer than SEGS segments inside a
 * function is unrolled with a test at each, and because the weights are in two address spaces.
 *
 * Where SEGS consecutive segments (image, VEC pixels) begin, in the input and of all pixels. The
 * last one of an image ends where that does; past the last of all it comes again. Arranged ones lie
 * in columns, and only of those that are whole it is said where they are of all pixels.
 */
#define FIND_SEGMENTS(first)                                                                       \
    UNROLL for (int i = 0; i < SEGS; i++)                                                          \
    {                                                                                              \
        const int segment = min((first) + i, a.n * segments - 1);                                  \
        const int image = segment / (a.whole ? a.whole : segments);                                \
        const int begin = a.whole ? segment % a.whole * VEC                                        \
                                  : min((segment - image * segments) * VEC, a.pixels - VEC);       \
        from[i] = in + (a.whole ? segment / SEGS * a.in_image + segment % SEGS * VEC               \
                                : image * a.in_image + begin);                                     \
        pixel[i] = image * (a.whole ? a.out_pixels : a.pixels) + begin;                            \
    }
/* From group to group of the input. */
#define GROUP_SIZE(segments)                                                                       \
    (a.whole ? ((segments) + SEGS - 1) / SEGS * a.in_image : a.taps * a.in_plane)

/* The sums of the first COUNT segments, the weights of tap t being WEIGHT(0), WEIGHT(1) ... */
#define ADD_UP(COUNT, WEIGHT, BEFORE)                                                              \
    for (int t = 0; t < a.taps; t++) {                                                             \
        BEFORE                                                                                     \
        floatV value[COUNT];                                                                       \
        UNROLL for (int i = 0; i < COUNT; i++) value[i] = VLOAD(from[i] + t * a.in_plane);         \
        MULTIPLY(COUNT, WEIGHT)                                                                    \
    }
#define MULTIPLY(COUNT, WEIGHT)                                                                    \
    UNROLL for (int k = 0; k < BLOCK; k++)                                                         \
    {                                                                                              \
        const floatV weight = (floatV)(WEIGHT(k));                                                 \
        UNROLL for (int i = 0; i < COUNT; i++) sum[i][k] = FMA(value[i], weight, sum[i][k]);       \
    }
#define NO_SUMS                                                                                    \
    UNROLL for (int i = 0; i < SEGS; i++) UNROLL for (int k = 0; k < BLOCK; k++) sum[i][k] =       \
        (floatV)(0.0f);

/* What follows a sum, where that is little: an activation with an exp only as a loop. */
#if CURVED
#define SIMPLE (a.activation == 0)
#define FINISH(sum) (sum)
#else
#define SIMPLE 1
#define FINISH(sum) activate(sum, a.activation, a.alpha)
#endif

/* Sums of a block, channel by channel. */
#define KEEP_SUMS(rows)                                                                            \
    UNROLL for (int k = 0; k < BLOCK; k++) UNROLL for (int i = 0; i < SEGS; i++)                   \
        VSTORE(sum[i][k], rows + k * WIDE + i * VEC);

/*
 * The sums of segments `first` and after, to the `live` channels from `channel` on of the group:
 * as they are where all pixels lie side by side in one image, else by way of rows. The first
 * segments come last there, because the same pixels may have come again.
 */
#define PUT_SUMS(first, channel, live)                                                             \
    {                                                                                              \
        const uint lane = (uint)(group * a.lanes + (channel));                                     \
        const int skip = a.whole ? 0 : (first) % segments * VEC - pixel[0] % a.pixels;             \
        const int last = pixel[SEGS - 1] + VEC, at = pixel[0] % a.out_pixels;                      \
        __global float *place = out + out_offset + lane * (uint)a.out_plane;                       \
        if (SIMPLE && (live) == BLOCK && !a.accumulate && skip == 0 &&                             \
            (!a.whole || (first) + SEGS <= a.out_images * a.whole) &&                              \
            last - pixel[0] == SEGS * VEC && at + SEGS * VEC <= a.out_pixels) {                    \
            place += pixel[0] / a.out_pixels * a.out_image + at;                                   \
            UNROLL for (int k = 0; k < BLOCK; k++)                                                 \
            {                                                                                      \
                const float b = a.has_bias ? bias[bias_offset + lane + (uint)k] : 0.0f;            \
                UNROLL for (int i = 0; i < SEGS; i++)                                              \
                    store_whole(FINISH(sum[i][k] + b), place + k * a.out_plane + i * VEC);         \
            }                                                                                      \
        } else if (a.whole) {                                                                      \
            float rows[BLOCK * WIDE];                                                              \
            KEEP_SUMS(rows)                                                                        \
            put_apart(a, rows, first, segments, live, bias + bias_offset + lane, place);           \
        } else {                                                                                   \
            float rows[BLOCK * WIDE];                                                              \
            UNROLL for (int i = SEGS - 1; i >= 0; i--) UNROLL for (int k = 0; k < BLOCK; k++)(     \
                (unaligned *)(rows + k * SEGS * VEC + pixel[i] - pixel[0]))                        \
                ->v = sum[i][k];                                                                   \
            const int end = min(last, a.out_images * a.out_pixels);                                \
            put_rows(a, rows, skip, pixel[0] + skip, end - pixel[0] - skip, live,                  \
                     bias + bias_offset + lane, place);                                            \
        }                                                                                          \
    }

/* item -> one block of channels, SEGS consecutive segments */
ALONE __kernel void conv2d_point_multiply(const conv2d_point_args a, __global const float *in,
                                          uint in_offset, __global const float *w, uint w_offset,
                                          __global const float *bias, uint bias_offset,
                                          __global float *out, uint out_offset)
{
    const int block = (int)get_global_id(0), first = (int)get_global_id(1) * SEGS;
    const int group = block / a.blocks, channel = block % a.blocks * BLOCK;
    const int segments = (a.pixels + VEC - 1) / VEC;
    __global const float *from[SEGS], *weights[BLOCK];
    int pixel[SEGS];
    floatV sum[SEGS][BLOCK];
    in += in_offset + (uint)(group * GROUP_SIZE(segments));
    w += w_offset + (uint)(group * a.taps * a.lanes + channel * a.w_lane);
    FIND_SEGMENTS(first)
#pragma unroll
    for (int k = 0; k < BLOCK; k++) /* past the last channel it is computed again, not stored */
        weights[k] = w + min(k, a.lanes - 1 - channel) * a.w_lane;
    NO_SUMS
#define FAR(k) weights[k][t * a.w_tap]
    if (first + 1 == a.n * segments) /* a single one is left */
        ADD_UP(1, FAR, )
    else
        ADD_UP(SEGS, FAR, )
    PUT_SUMS(first, channel, min(BLOCK, a.lanes - channel))
}

/*
 * beside: planes of few pixels, forward. Whole vectors of an image are read where they are. What is
 * left of each, fewer than VEC pixels, goes side by side in local memory, and is computed as if it
 * were an image.
 */

/* `count` such pixels from `first` on of those of all images, to rows of `wide` elements, one for
 * each tap. A vector's last lanes may be those of the next, or fill the row up. in: of the group,
 * in which a vector may begin at `last`. */
static APART void pack_rest(const conv2d_point_args a, __global const float *in,
                            __local float *panel, int first, int count, int wide, int last)
{
    const int left = a.pixels - a.whole * VEC, image = first / left, begin = first - image * left;
    for (int t = 0; t < a.taps; t++, panel += wide) {
        int at = begin, from = image * a.in_image + (t + 1) * a.in_plane - left;
        for (int i = 0; i < count; at = 0, from += a.in_image) {
            const int here = min(left - at, count - i);
            if (from + at <= last)
                ((__local unaligned *)(panel + i))->v = load_whole(in + from + at);
            else
                for (int l = 0; l < here; l++)
                    panel[i + l] = in[from + at + l];
            i += here;
        }
    }
}

#define ROWS_OF_WEIGHTS(channel)                                                                   \
    UNROLL for (int k = 0; k < BLOCK; k++) /* past the last channel it is computed again */        \
        weights[k] = w + min((channel) + k, a.lanes - 1) * a.taps;
#define FROM(k) weights[k][t]
#define ADD_UP_PACKED(COUNT)                                                                       \
    for (int t = 0; t < a.taps; t++) {                                                             \
        floatV value[COUNT];                                                                       \
        UNROLL for (int i = 0; i < COUNT; i++) value[i] = VLOAD(panel + (t * COUNT + i) * VEC);    \
        MULTIPLY(COUNT, FROM)                                                                      \
    }

/* WIDE pixels of what is left, from `first` on, or all there are, for the channels from `begin` to
 * `end`. */
static APART void put_rest(const conv2d_point_args a, __global const float *in,
                           __global const float *w, __global const float *bias, __global float *out,
                           __local float *panel, const int first, const int begin, const int end,
                           const int last)
{
    const int rest = a.n * (a.pixels - a.whole * VEC), count = min(WIDE, rest - first);
    __global const float *weights[BLOCK];
    floatV sum[SEGS][BLOCK];
    pack_rest(a, in, panel, first, count, count <= VEC ? VEC : WIDE, last);
    for (int channel = begin; channel < end; channel += BLOCK) {
        float rows[BLOCK * WIDE];
        ROWS_OF_WEIGHTS(channel)
        NO_SUMS
        if (count <= VEC)
            ADD_UP_PACKED(1)
        else
            ADD_UP_PACKED(SEGS)
        KEEP_SUMS(rows)
        put_apart(a, rows, a.n * a.whole + first / VEC, a.n * a.whole + (rest + VEC - 1) / VEC,
                  min(BLOCK, a.lanes - channel), bias + channel, out + channel * a.out_plane);
    }
}

/* SEGS whole segments, the column-th ones of all images', for one block of channels. */
static APART void put_whole(const conv2d_point_args a, __global const float *in,
                            __global const float *w, __global const float *bias,
                            __global float *out, const int column, const int channel)
{
    const int all = a.n * a.whole;
    __global const float *weights[BLOCK], *from[SEGS];
    __global float *to[SEGS];
    floatV sum[SEGS][BLOCK];
    for (int i = 0; i < SEGS; i++) { /* past the last one that comes again */
        const int segment = min(column * SEGS + i, all - 1), image = segment / a.whole;
        const int begin = (segment - image * a.whole) * VEC;
        from[i] = in + (image * a.in_image + begin);
        to[i] = out + (image * a.out_image + channel * a.out_plane + begin);
    }
    ROWS_OF_WEIGHTS(channel)
    NO_SUMS
    ADD_UP(SEGS, FROM, )
    if (SIMPLE && !a.accumulate && channel + BLOCK <= a.lanes) {
        UNROLL for (int k = 0; k < BLOCK; k++)
        {
            const float b = a.has_bias ? bias[channel + k] : 0.0f;
            UNROLL for (int i = 0; i < SEGS; i++)
                store_whole(FINISH(sum[i][k] + b), to[i] + k * a.out_plane);
        }
        return;
    }
    float rows[BLOCK * WIDE];
    KEEP_SUMS(rows)
    put_apart(a, rows, column * SEGS, all, min(BLOCK, a.lanes - channel), bias + channel,
              out + channel * a.out_plane);
}

/* item -> one block of channels, SEGS consecutive whole segments; the first ones: `each` blocks,
 * SEGS consecutive segments of what is left */
ALONE __kernel void conv2d_point_beside(const conv2d_point_args a, __global const float *in,
                                        uint in_offset, __global const float *w, uint w_offset,
                                        __global const float *bias, uint bias_offset,
                                        __global float *out, uint out_offset, __local float *panel)
{
    const int group = (int)get_global_id(1), rest = a.n * (a.pixels - a.whole * VEC);
    const int parts = (a.blocks + a.each - 1) / a.each, packed = (rest + WIDE - 1) / WIDE * parts;
    const int item = (int)get_global_id(0), base = group * a.taps * a.in_plane;
    in += in_offset + (uint)base;
    w += w_offset + (uint)(group * a.taps * a.lanes);
    bias += a.has_bias ? bias_offset + (uint)(group * a.lanes) : 0;
    out += out_offset + (uint)(group * a.lanes * a.out_plane);
    if (item < packed) {
        const int begin = item % parts * a.each * BLOCK;
        put_rest(a, in, w, bias, out, panel, item / parts * WIDE, begin,
                 min(begin + a.each * BLOCK, a.lanes), a.n * a.in_image - base - VEC);
    } else {
        const int column = (item - packed) / a.blocks;
        put_whole(a, in, w, bias, out, column, (item - packed - column * a.blocks) * BLOCK);
    }
}

/* The weights of one tap: for a whole panel, and for the `live` channels of one, past which the
 * last one's are repeated, to fill its block. */
typedef struct panel_row {
    float lanes[PANEL];
} panel_row;
typedef struct block_row {
    float lanes[BLOCK];
} block_row;
static inline void pack_panel(__global const float *w, __local float *panel)
{
    *(__local panel_row *)panel = *(__global const panel_row *)w;
}
static inline void pack_blocks(__global const float *w, __local float *panel, int live)
{
    int c = 0;
    for (; c + BLOCK <= live; c += BLOCK)
        *(__local block_row *)(panel + c) = *(__global const block_row *)(w + c);
    if (c < live)
        for (int k = 0; k < BLOCK; k++)
            panel[c + k] = w[min(c + k, live - 1)];
}

/* item -> one panel of channels, `each` consecutive segments */
ALONE __kernel void conv2d_point_across(const conv2d_point_args a, __global const float *in,
                                        uint in_offset, __global const float *w, uint w_offset,
                                        __global const float *bias, uint bias_offset,
                                        __global float *out, uint out_offset, __local float *panel)
{
    const int begin = (int)get_global_id(1) * a.each;
    const int group = (int)get_global_id(0) / a.blocks;
    const int channel = ((int)get_global_id(0) - group * a.blocks) * PANEL;
    const int segments = (a.pixels + VEC - 1) / VEC, end = min(begin + a.each, a.n * segments);
    const int live = min(PANEL, a.lanes - channel);
    in += in_offset + (uint)(group * GROUP_SIZE(segments));
    w += w_offset + (uint)(group * a.taps * a.lanes + channel);
    int packed = live < PANEL || begin + 1 == end; /* where the loop below can't */
    for (int t = 0; packed && t < a.taps; t++) {
        ASK(w + min(t + AHEAD, a.taps - 1) * a.lanes);
        pack_blocks(w + t * a.lanes, panel + t * PANEL, live);
    }
    for (int first = begin; first < end; first += SEGS) {
        __global const float *from[SEGS];
        int pixel[SEGS];
        FIND_SEGMENTS(first)
        for (int c = 0; c < live; c += BLOCK) {
            __local const float *weights = panel + c;
            floatV sum[SEGS][BLOCK];
            NO_SUMS
#define ROW(k) w[t * a.lanes + k]
#define PACK                                                                                       \
    ASK(w + min(t + AHEAD, a.taps - 1) * a.lanes);                                                 \
    pack_panel(w + t * a.lanes, panel + t * PANEL);
#define NEAR(k) weights[t * PANEL + k]
            if (!packed)
                ADD_UP(SEGS, ROW, PACK)
            else if (first + 1 == a.n * segments)
                ADD_UP(1, NEAR, )
            else
                ADD_UP(SEGS, NEAR, )
            packed = 1;
            PUT_SUMS(first, channel + c, min(BLOCK, live - c))
        }
    }
}

/* `count` pixels, each `step` behind the one before it */
static inline void collect_row(__global const float *from, __global float *to, int count, int step)
{
    int i = 0;
    if (step == 1) {
        for (; i + VEC <= count; i += VEC)
            store_whole(load_whole(from + i), to + i);
        if (i > 0 && i < count) {
            store_whole(load_whole(from + count - VEC), to + count - VEC);
            i = count;
        }
    } else if (step == 2) {
        for (; i + VEC < count; i += VEC) /* the last one's neighbour may lie beyond the row */
            store_whole(load_even(from + 2 * i), to + i);
        if (i > 0) {
            i = count;
            store_whole(load_odd(from + 2 * (i - VEC) - 1), to + i - VEC);
        }
    }
    for (; i < count; i++)
        to[i] = from[i * step];
}

/* Where pixel i of tap 0 is, of those of all images in columns of SEGS segments. */
#define PLACE(i) ((i) / WIDE * a.packed_image + (i) % WIDE)

/* item -> CONV2D_POINT_ROWS images of one channel: the whole vectors of each, and what is left of
 * each behind those of all, in columns of SEGS segments, in which tap follows tap */
ALONE __kernel void conv2d_point_arrange(const conv2d_point_copy_args a, __global const float *in,
                                         uint in_offset, __global float *out, uint out_offset)
{
    const int channel = (int)get_global_id(0), group = channel / a.taps;
    const int begin = (int)get_global_id(1) * CONV2D_POINT_ROWS;
    const int end = min(begin + CONV2D_POINT_ROWS, a.n), all = a.n * a.q, left = a.q % VEC;
    in += in_offset + (uint)(channel * a.q);
    out += out_offset + (uint)(group * ((all + WIDE - 1) / WIDE) * a.packed_image +
                               (channel - group * a.taps) * WIDE);
    for (int image = begin; image < end; image++) {
        __global const float *from = in + image * a.channels * a.q;
        for (int i = 0; i < a.whole; i++)
            store_whole(load_whole(from + i * VEC), out + PLACE((image * a.whole + i) * VEC));
        for (int i = 0, to = a.n * a.whole * VEC + image * left; i < left; i++)
            out[PLACE(to + i)] = from[a.whole * VEC + i];
    }
    for (int i = all; end == a.n && i % VEC != 0; i++) /* read with what is left of the last one */
        out[PLACE(i)] = 0.0f;
}

/* item -> CONV2D_POINT_ROWS rows of one channel: every step-th pixel of every step-th row, packed
 */
ALONE __kernel void conv2d_point_collect(const conv2d_point_copy_args a, __global const float *in,
                                         uint in_offset, __global float *out, uint out_offset)
{
    const int channel = (int)get_global_id(0);
    const int begin = (int)get_global_id(1) * CONV2D_POINT_ROWS;
    const int end = min(begin + CONV2D_POINT_ROWS, a.n * a.p);
    in += in_offset + (uint)(channel * a.h * a.w);
    out += out_offset + (uint)(channel * a.packed_plane);
    for (int line = begin; line < end; line++) {
        const int image = line / a.p, row = line - image * a.p;
        collect_row(in + (image * a.channels * a.h + row * a.step_h) * a.w,
                    out + (image * a.packed_image + row * a.q), a.q, a.step_w);
    }
    if (end == a.n * a.p) /* what segments read beyond the last image's pixels */
        for (int i = (a.n - 1) * a.packed_image + a.p * a.q; i < a.packed_plane; i++)
            out[i] = 0.0f;
}

/* item -> CONV2D_POINT_ROWS rows of one channel of the result */
ALONE __kernel void conv2d_point_spread(const conv2d_point_copy_args a, __global const float *in,
                                        uint in_offset, __global const float *bias,
                                        uint bias_offset, __global float *out, uint out_offset)
{
    const int channel = (int)get_global_id(0);
    const int begin = (int)get_global_id(1) * CONV2D_POINT_ROWS;
    const int end = min(begin + CONV2D_POINT_ROWS, a.n * a.h);
    const floatV b = (floatV)(a.has_bias ? bias[bias_offset + (uint)channel] : 0.0f);
    const floatV rest = activate(b, a.activation, a.alpha);
    in += in_offset + (uint)(channel * a.packed_plane);
    out += out_offset + (uint)(channel * a.h * a.w);
    for (int line = begin; line < end; line++) {
        const int image = line / a.h, row = line - image * a.h;
        const int down = row / a.step_h;
        __global const float *from = in + (image * a.packed_image + down * a.q);
        __global float *to = out + (image * a.channels * a.h + row) * a.w;
        const int reached = row == down * a.step_h;
        for (int i = 0; i < a.w; i += VEC) {
            floatV v = rest;
            if (reached && a.step_w == 1) {
                v = activate(VLOAD(from + i) + b, a.activation, a.alpha);
            } else if (reached && a.step_w == 2) {
                const floatV each = activate(VLOAD(from + i / 2) + b, a.activation, a.alpha);
                v = ZIP_LOW(each, rest);
            } else if (reached) {
                float lanes[VEC], some[VEC];
                VSTORE(rest, lanes);
                const int first = (i + a.step_w - 1) / a.step_w;
                VSTORE(activate(VLOAD(from + first) + b, a.activation, a.alpha), some);
                for (int l = first; l * a.step_w < i + VEC; l++)
                    lanes[l * a.step_w - i] = some[l - first];
                v = VLOAD(lanes);
            }
            put(v, to + i, 0, min(VEC, a.w - i), a.accumulate);
        }
    }
}
