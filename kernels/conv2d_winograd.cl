/*
 * conv2d, winograd: 3x3 filters, strides of 1, by F(4x4, 3x3) of Lavin and Gray (2016), "Fast
 * algorithms for convolutional neural networks": 36 multiplications for 4x4 results where a plain
 * sum has 144.
 *
 * A tile is 4x4 results, which depend on 6x6 inputs. With d an input tile, g a filter, y a tile of
 * results and the sums over the input's channels:
 *
 *   y  = A^T [ sum (G g G^T) * (B^T d B) ] A         forward; backward_data with g flipped, on dy
 *   dg = G^T [ sum (B^T d B) * (A dy A^T) ] G        backward_weights, summed over the tiles
 *
 * where * multiplies element by element. Each of the 36 elements, called points here, is a matrix
 * product of its own: tiles times channels. The steps, each a kernel, over as many tiles at a time
 * as stay in a cache:
 *
 *   weights   G g G^T         u[point][block][c][BLOCK]     BLOCK = VECS vectors of channels
 *   input     B^T d B         v[point][c / VEC][tile][VEC]
 *   multiply                  m[point][k / VEC][tile][VEC]
 *   output    A^T m A, bias, activation, into rows of y
 * and to the weights, after `input`:
 *   gradient  A dy A^T        like v, of dy
 *   multiply_weights          u, summed over the tiles
 *   filter    G^T u G, into dw
 *
 * For few channels `fused` takes a work-item's tiles from input to output, and `fused_weights` from
 * input and gradient to sums, which `add_items` adds up over the work-items. Their v and m are in
 * local memory: on a CPU a thread's own, in the cache next to it for work-item after work-item.
 * Where x and y are more than the caches hold, `fused` stores lines of the cache whole, past them:
 * a segment's columns end within a line, so the pixels of that line wait in local memory, up to
 * VEC - 1 of SIDE rows for each of the result's channels, until the next segment has the others.
 *
 * Groups: vectors and blocks of channels begin anew in each one, and a block's products are with
 * its group's vectors alone; c above is a group's.
 *
 * Vectors are over channels, planes are contiguous along rows: `input`, `gradient` and `output`
 * turn VEC x VEC squares round in registers. One work-item, alone in its work-group, takes SEGMENT
 * tiles of a row of tiles and VEC channels.
 *
 * Registers: multiply holds PIX * VECS sums, VECS vectors of weights and one input; 14 x 2 of
 * AVX-512's 32. All addresses of its inner loop are one pointer and constants, since a tile's VEC
 * channels lie together.
 *
 * The interpolation points are 0, A, -A, B, -B and infinity with A = 3/4, B = 3/2. They keep B^T
 * and A^T exact in binary and the largest error at a quarter of what the usual 1 and 2 give
 * (measured: conv2d's class in clcnn.h has the bound). How the points make the matrices: Toom and
 * Cook; see Barabasz et al. (2020), "Error analysis and improving the accuracy of Winograd
 * convolution for deep neural networks".
 */
#include "common.clh"
#define REAL floatV
#include "activation.clh"
#include "conv2d_args.h"
#define STRIDE 1
#include "strided.clh" /* transpose */

#ifndef PIX
#define PIX 6
#endif
#ifndef VECS
#define VECS 2
#endif
#define BLOCK (VEC * VECS)

/* Where v and m are: fused in the work-group's memory, in a program of its own. */
#ifndef FUSED
#define FUSED 0
#endif
#if FUSED
#define NEAR __local
#else
#define NEAR __global
#endif

#define SIDE CONV2D_WINOGRAD_SIDE       /* of a tile of results */
#define SEGMENT CONV2D_WINOGRAD_SEGMENT /* tiles of a work-item */
#define TAPS CONV2D_WINOGRAD_TAPS(VEC)  /* channels of x that a work-item multiplies by dy's */
#define PATCH 6                         /* side of a tile of inputs */
#define FAR (1 << 18)                   /* elements: 1 MiB */
#define POINTS 36
#define WINDOW 32 /* columns that SEGMENT tiles meet, 30, in whole vectors */
/* A vector that is moved into the row begins up to VEC - 1 columns before the window. */
#define COLUMNS (VEC + WINDOW + VEC)

#define A1 0.75f
#define A2 0.5625f
#define A3 0.421875f
#define B1 1.5f
#define B2 2.25f
#define B3 3.375f
#define A2B2 1.265625f
#define A2_B2 2.8125f                     /* A2 + B2 */
#define WEIGHT_0 0.790123456790123457f    /* 1 / (A2 B2) */
#define WEIGHT_A (-0.526748971193415638f) /* 1 / (2 A2 (A2 - B2)) */
#define WEIGHT_B 0.131687242798353909f    /* 1 / (2 B2 (B2 - A2)) */
#define TIMES(a, b, c) FMA((floatV)(a), (b), (c))

/* store_whole, to where tiles are. */
static inline void store_near(floatV v, NEAR float *p)
{
    ((NEAR unaligned *)p)->v = v;
}

/* ---- The transforms of one row or column ------------------------------------------------------
 */

/* B^T d */
static inline void transform_input(const floatV d[PATCH], floatV o[PATCH])
{
    const floatV even_a = TIMES(-B2, d[2], d[4]), odd_a = TIMES(-B2, d[1], d[3]);
    const floatV even_b = TIMES(-A2, d[2], d[4]), odd_b = TIMES(-A2, d[1], d[3]);
    o[0] = TIMES(A2B2, d[0], TIMES(-A2_B2, d[2], d[4]));
    o[1] = TIMES(A1, odd_a, even_a);
    o[2] = TIMES(-A1, odd_a, even_a);
    o[3] = TIMES(B1, odd_b, even_b);
    o[4] = TIMES(-B1, odd_b, even_b);
    o[5] = TIMES(A2B2, d[1], TIMES(-A2_B2, d[3], d[5]));
}

/* A^T m */
static inline void transform_output(const floatV m[PATCH], floatV o[SIDE])
{
    const floatV plus_a = m[1] + m[2], minus_a = m[1] - m[2];
    const floatV plus_b = m[3] + m[4], minus_b = m[3] - m[4];
    o[0] = m[0] + (plus_a + plus_b);
    o[1] = TIMES(A1, minus_a, (floatV)(B1)*minus_b);
    o[2] = TIMES(A2, plus_a, (floatV)(B2)*plus_b);
    o[3] = TIMES(A3, minus_a, TIMES(B3, minus_b, m[5]));
}

/* A d */
static inline void transform_gradient(const floatV d[SIDE], floatV o[PATCH])
{
    const floatV even_a = TIMES(A2, d[2], d[0]), odd_a = TIMES(A3, d[3], (floatV)(A1)*d[1]);
    const floatV even_b = TIMES(B2, d[2], d[0]), odd_b = TIMES(B3, d[3], (floatV)(B1)*d[1]);
    o[0] = d[0];
    o[1] = even_a + odd_a;
    o[2] = even_a - odd_a;
    o[3] = even_b + odd_b;
    o[4] = even_b - odd_b;
    o[5] = d[3];
}

/* G g */
static inline void transform_weights(const floatV g[3], floatV o[PATCH])
{
    const floatV even_a = (floatV)(WEIGHT_A)*TIMES(A2, g[2], g[0]);
    const floatV even_b = (floatV)(WEIGHT_B)*TIMES(B2, g[2], g[0]);
    const floatV odd_a = (floatV)(WEIGHT_A * A1) * g[1], odd_b = (floatV)(WEIGHT_B * B1) * g[1];
    o[0] = (floatV)(WEIGHT_0)*g[0];
    o[1] = even_a + odd_a;
    o[2] = even_a - odd_a;
    o[3] = even_b + odd_b;
    o[4] = even_b - odd_b;
    o[5] = g[2];
}

/* G^T u */
static inline void transform_filter(const floatV u[PATCH], floatV o[3])
{
    const floatV plus_a = (floatV)(WEIGHT_A) * (u[1] + u[2]);
    const floatV minus_a = (floatV)(WEIGHT_A) * (u[1] - u[2]);
    const floatV plus_b = (floatV)(WEIGHT_B) * (u[3] + u[4]);
    const floatV minus_b = (floatV)(WEIGHT_B) * (u[3] - u[4]);
    o[0] = TIMES(WEIGHT_0, u[0], plus_a + plus_b);
    o[1] = TIMES(A1, minus_a, (floatV)(B1)*minus_b);
    o[2] = TIMES(A2, plus_a, TIMES(B2, plus_b, u[5]));
}

/* ---- Planes to vectors over channels, and back -------------------------------------------------
 */

/*
 * The columns from `begin` of one row of `live` planes, a vector over the planes each: row[0] is
 * column `begin`. What lies outside of the image is 0. Behind `image` lie `room` elements: vectors
 * reach beyond the row, where that is.
 */
static inline void load_window(__global const float *image, int room, int plane, int live,
                               int width, int begin, floatV *row)
{
    const floatV zero = (floatV)(0.0f);
    for (int i = begin; i < begin + WINDOW && i < width; i += VEC) {
        if (i + VEC <= 0)
            continue;
        const int from = clamp(i, 0, max(width - VEC, 0)); /* some columns twice */
        floatV v[VEC];
        const int whole = (live - 1) * plane + from + VEC <= room;
        if (whole && live == VEC) {
#pragma unroll
            for (int channel = 0; channel < VEC; channel++)
                v[channel] = VLOAD(image + channel * plane + from);
        } else if (whole) {
#pragma unroll
            for (int channel = 0; channel < VEC; channel++)
                v[channel] = channel < live ? VLOAD(image + channel * plane + from) : zero;
        } else {
#pragma unroll
            for (int channel = 0; channel < VEC; channel++)
                v[channel] = channel < live
                                 ? load_part(image + channel * plane + from, min(VEC, width - from))
                                 : zero;
        }
        transpose(v);
#pragma unroll
        for (int j = 0; j < VEC; j++)
            row[from - begin + j] = v[j];
    }
    for (int i = begin; i < min(0, begin + WINDOW); i++)
        row[i - begin] = zero;
    for (int i = max(begin, width); i < begin + WINDOW; i++)
        row[i - begin] = zero;
}

/* The way back: `count` pixels of `live` planes that follow each other. */
static inline void store_window(const floatV *pixels, int count, __global float *image, int plane,
                                int live, int accumulate)
{
    for (int i = 0; i < count; i += VEC) {
        /* The last pixels together with some before them, unless they would be added twice. */
        const int from = accumulate || count < VEC ? i : min(i, count - VEC);
        floatV v[VEC];
#pragma unroll
        for (int j = 0; j < VEC; j++)
            v[j] = pixels[from + j];
        transpose(v);
        __global float *place = image + from;
        if (from + VEC <= count) {
#pragma unroll
            for (int channel = 0; channel < VEC; channel++)
                if (channel < live)
                    store_whole(accumulate ? VLOAD(place + channel * plane) + v[channel]
                                           : v[channel],
                                place + channel * plane);
        } else {
            float lanes[VEC][VEC];
#pragma unroll
            for (int channel = 0; channel < VEC; channel++)
                VSTORE(v[channel], lanes[channel]);
            for (int channel = 0; channel < live; channel++, place += plane)
                for (int j = 0; j < count - from; j++)
                    place[j] = accumulate ? place[j] + lanes[channel][j] : lanes[channel][j];
        }
    }
}

/* ---- Where a work-item's tiles are -------------------------------------------------------------
 */

typedef struct place {
    int image, row, column; /* of the first tile, in tiles */
    int tiles, slot;        /* how many; the first one's number among the tiles in the workspace */
} place;

/* Segments are SEGMENT tiles of one line, that is a row of tiles of one image, or what is left. */
static inline place find_place(const conv2d_winograd_args a, int segment)
{
    const int segments = (a.tiles_w + SEGMENT - 1) / SEGMENT;
    const int line = segment / segments, column = (segment - line * segments) * SEGMENT;
    const int all = a.first_line + line, image = all / a.tiles_h;
    return (place){image, all - image * a.tiles_h, column, min(SEGMENT, a.tiles_w - column),
                   line * a.tiles_w + column};
}

/* ---- Which channels ----------------------------------------------------------------------------
 */

/* A vector of channels: the first one, or another that there is, and how many there are. */
typedef struct channels {
    int first, live;
} channels;

/* Vectors begin anew in each group; `each` channels have `vectors`. */
static inline channels find_channels(int vector, int vectors, int each)
{
    const int group = vector / vectors, first = (vector - group * vectors) * VEC;
    return (channels){group * each + min(first, each - 1), clamp(each - first, 0, VEC)};
}

static inline channels channels_in(const conv2d_winograd_args a, int vector)
{
    return find_channels(vector, a.c_blocks, a.c / a.groups);
}

/* Blocks of a group's channels in the result. */
static inline int blocks_out(const conv2d_winograd_args a)
{
    return (a.k / a.groups + BLOCK - 1) / BLOCK;
}

static inline channels channels_out(const conv2d_winograd_args a, int vector)
{
    return find_channels(vector, blocks_out(a) * VECS, a.k / a.groups);
}

/* ---- Asking for what comes next ----------------------------------------------------------------
 */

/* Whether x and y are more than the cache next to a processor may still have. */
static inline int is_far(const conv2d_winograd_args a)
{
    const float x = (float)a.c * (float)(a.h * a.w), y = (float)a.k * (float)(a.p * a.q);
    return ASKS && (float)a.n * (x + y) > (float)FAR;
}

/*
 * Where the lines of the cache begin that a run of tiles, or one segment, meets in one channel, in
 * elements from that of channel 0: found out once for all channels. A segment of a longer row has
 * up to 3 in each of its PATCH rows, and of a run a tile that is alone in its row of tiles has the
 * most, 4; with more padding than a filter reaches there are more, and those are not asked for.
 */
#define ASKED (4 * PIX < 3 * PATCH ? 3 * PATCH : 4 * PIX)
typedef struct lines {
    int count, at[ASKED];
} lines;

/* `rows` rows of `count` pixels, `width` apart. */
static inline void add_rows(lines *l, int at, int rows, int count, int width)
{
    const int whole = count == width, length = whole ? rows * count : count;
    const int runs = whole ? 1 : rows, each = (length + LINE - 1) / LINE + 1;
    if (l->count + runs * each > ASKED)
        return;
    for (int i = 0; i < runs; i++, at += width) {
        for (int j = 0; j < length; j += LINE)
            l->at[l->count++] = at + j;
        l->at[l->count++] = at + length - 1;
    }
}

/* Of x, the rows that a segment reads and the one above it does not. */
static inline void add_input(const conv2d_winograd_args a, place at, lines *l)
{
    const int top = at.row * SIDE - a.top, left = at.column * SIDE - a.left;
    const int row = max(at.row ? top + PATCH - SIDE : top, 0), column = max(left, 0);
    const int rows = min(top + PATCH, a.h) - row;
    const int columns = min(left + at.tiles * SIDE + PATCH - SIDE, a.w) - column;
    if (rows > 0 && columns > 0)
        add_rows(l, (at.image * a.c * a.h + row) * a.w + column, rows, columns, a.w);
}

/* Of y or dy, the tiles of a segment. */
static inline void add_result(const conv2d_winograd_args a, place at, lines *l)
{
    const int row = at.row * SIDE, column = at.column * SIDE;
    add_rows(l, (at.image * a.k * a.p + row) * a.q + column, min(SIDE, a.p - row),
             min(at.tiles * SIDE, a.q - column), a.q);
}

/* Of every `step`th channel from `first` up to `end`, p being channel 0. Apart, so that the loops
 * of products have the registers even where nothing is asked for. */
static APART void ask_lines(const lines *l, __global const float *p, int plane, int first, int end,
                            int step)
{
    for (int channel = first; channel < end; channel += step)
        for (int i = 0; i < l->count; i++)
            ASK(p + channel * plane + l->at[i]);
}

/* ---- The steps on some tiles -------------------------------------------------------------------
 *
 * Each a function of its own: together with the loops of products, what the fused kernels keep from
 * step to step, mostly pointers, would lie in memory, spread over so many lines that v and m push
 * them out of the cache next to the processor.
 */

/* One segment of x, VEC channels; v is where these begin, and `point` from point to point there. */
static APART void input_tiles(const conv2d_winograd_args a, place at, channels in,
                              __global const float *x, NEAR float *v, int point)
{
    const int plane = a.h * a.w;
    floatV window[PATCH][COLUMNS];
    const int begin = (at.image * a.c + in.first) * plane, all = a.n * a.c * plane;
    x += begin;
    for (int i = 0; i < PATCH; i++) {
        const int row = at.row * SIDE - a.top + i;
        const int inside = row >= 0 && row < a.h;
        const int skip = inside ? row * a.w : 0;
        load_window(x + skip, all - begin - skip, plane, in.live, inside ? a.w : 0,
                    at.column * SIDE - a.left, window[i] + VEC);
    }
    v += at.slot * VEC;
    for (int tile = 0; tile < at.tiles; tile++, v += VEC) {
        floatV half_way[PATCH][PATCH];
#pragma unroll
        for (int i = 0; i < PATCH; i++) {
            floatV d[PATCH];
#pragma unroll
            for (int j = 0; j < PATCH; j++)
                d[j] = window[i][VEC + tile * SIDE + j];
            transform_input(d, half_way[i]);
        }
#pragma unroll
        for (int j = 0; j < PATCH; j++) {
            floatV d[PATCH], o[PATCH];
#pragma unroll
            for (int i = 0; i < PATCH; i++)
                d[i] = half_way[i][j];
            transform_input(d, o);
#pragma unroll
            for (int i = 0; i < PATCH; i++)
                store_near(o[i], v + (i * PATCH + j) * point);
        }
    }
}

/* One segment of dy, VEC channels; m is where these begin, and `point` from point to point there.
 */
static APART void gradient_tiles(const conv2d_winograd_args a, place at, channels out,
                                 __global const float *dy, NEAR float *m, int point)
{
    const int plane = a.p * a.q;
    floatV window[SIDE][COLUMNS];
    const int begin = (at.image * a.k + out.first) * plane, all = a.n * a.k * plane;
    dy += begin;
    for (int i = 0; i < SIDE; i++) {
        const int row = at.row * SIDE + i;
        const int skip = row < a.p ? row * a.q : 0;
        load_window(dy + skip, all - begin - skip, plane, out.live, row < a.p ? a.q : 0,
                    at.column * SIDE, window[i] + VEC);
    }
    m += at.slot * VEC;
    for (int tile = 0; tile < at.tiles; tile++, m += VEC) {
        floatV half_way[SIDE][PATCH];
#pragma unroll
        for (int i = 0; i < SIDE; i++) {
            floatV d[SIDE];
#pragma unroll
            for (int j = 0; j < SIDE; j++)
                d[j] = window[i][VEC + tile * SIDE + j];
            transform_gradient(d, half_way[i]);
        }
#pragma unroll
        for (int j = 0; j < PATCH; j++) {
            floatV d[SIDE], o[PATCH];
#pragma unroll
            for (int i = 0; i < SIDE; i++)
                d[i] = half_way[i][j];
            transform_gradient(d, o);
#pragma unroll
            for (int i = 0; i < PATCH; i++)
                store_near(o[i], m + (i * PATCH + j) * point);
        }
    }
}

/* TAPS channels of the input by a block of dy's, of one point: sums over `slots` tiles, from 0 or
 * from what is in u; v, m and u are where these begin, `vector` as in multiply_tiles, of m. */
static inline void add_products(NEAR const float *v, NEAR const float *m, __global float *u,
                                int slots, int vector, int begin)
{
    floatV sum[TAPS][VECS];
#pragma unroll
    for (int i = 0; i < TAPS; i++)
#pragma unroll
        for (int l = 0; l < VECS; l++)
            sum[i][l] = begin ? (floatV)(0.0f) : VLOAD(u + i * BLOCK + l * VEC);
    for (int slot = 0; slot < slots; slot++) {
        floatV d[VECS];
#pragma unroll
        for (int l = 0; l < VECS; l++)
            d[l] = VLOAD(m + l * vector + slot * VEC);
#pragma unroll
        for (int i = 0; i < TAPS; i++) {
            const floatV value = (floatV)(v[slot * VEC + i]);
#pragma unroll
            for (int l = 0; l < VECS; l++)
                sum[i][l] = FMA(value, d[l], sum[i][l]);
        }
    }
#pragma unroll
    for (int i = 0; i < TAPS; i++)
#pragma unroll
        for (int l = 0; l < VECS; l++)
            store_whole(sum[i][l], u + i * BLOCK + l * VEC);
}

/* PIX tiles by one block of channels, of one point; v, u and m are where these begin, and `vector`
 * from one vector of channels to the next in v and m. */
static inline void multiply_tiles(const conv2d_winograd_args a, NEAR const float *v,
                                  __global const float *u, NEAR float *m, int vector)
{
    floatV sum[PIX][VECS];
#pragma unroll
    for (int i = 0; i < PIX; i++)
#pragma unroll
        for (int l = 0; l < VECS; l++)
            sum[i][l] = (floatV)(0.0f);
    for (int c = 0; c < a.c_blocks; c++, v += vector)
        for (int lane = 0; lane < VEC; lane++, u += BLOCK) {
            floatV weight[VECS];
#pragma unroll
            for (int l = 0; l < VECS; l++)
                weight[l] = VLOAD(u + l * VEC);
#pragma unroll
            for (int i = 0; i < PIX; i++) {
                const floatV value = (floatV)(v[i * VEC + lane]);
#pragma unroll
                for (int l = 0; l < VECS; l++)
                    sum[i][l] = FMA(value, weight[l], sum[i][l]);
            }
        }
#pragma unroll
    for (int l = 0; l < VECS; l++)
#pragma unroll
        for (int i = 0; i < PIX; i++)
            store_near(sum[i][l], m + l * vector + i * VEC);
}

/*
 * So that lines of the cache that lie in two segments are stored whole, and past the caches, the
 * pixels of the last one of a row, fewer than a vector, wait at `kept` for the row's next segment.
 * But a segment that is `apart`, a work-item's first or last one, stores all it has in the common
 * way: what is beside it is another work-item's.
 */
enum { NOT_APART, FIRST, LAST };

/* Puts those that wait for the pixels of `column` and its neighbours in front of them. How many. */
static inline int fetch_kept(floatV *pixels, int column, NEAR const float *kept, int apart)
{
    const int waiting = apart & FIRST ? 0 : column & (VEC - 1);
    for (int i = 0; i < waiting; i++)
        pixels[i - waiting] = VLOAD(kept + i * VEC);
    return waiting;
}

/* Of pixels up to `column` the last ones, less than a vector, wait. */
static inline void keep_rest(const floatV *end, int column, NEAR float *kept)
{
    const int rest = column & (VEC - 1);
    for (int i = 0; i < rest; i++)
        store_near(end[i - rest], kept + i * VEC);
}

/* Whole vectors of `count` pixels, as lines of the cache. */
static inline void store_lines(const floatV *pixels, int count, __global float *image, int plane,
                               int live)
{
    for (; count >= VEC; count -= VEC, pixels += VEC, image += VEC) {
        floatV v[VEC];
#pragma unroll
        for (int j = 0; j < VEC; j++)
            v[j] = pixels[j];
        transpose(v);
#pragma unroll
        for (int channel = 0; channel < VEC; channel++)
            if (channel < live)
                store_result(v[channel], image + channel * plane, 1);
    }
}

/* `count` pixels of a row from `column` on, and those that wait before them; y is where the first
 * belongs. kept: see fetch_kept, or 0. */
static inline void put_row(const conv2d_winograd_args a, floatV *pixels, int count, int column,
                           __global float *y, int live, NEAR float *kept, int apart)
{
    const int plane = a.p * a.q;
    int waiting = 0;
    if (PASSES && kept) {
        waiting = fetch_kept(pixels, column, kept, apart);
        keep_rest(pixels + count, column + count, kept);
    }
    if (PASSES && kept && !apart)
        store_lines(pixels - waiting, count + waiting, y - waiting, plane, live);
    else
        store_window(pixels - waiting, count + waiting, y - waiting, plane, live, a.accumulate);
}

/* One segment of m, VEC channels of the result; m is where these begin, and `point` from point to
 * point there. kept: see fetch_kept, or 0. */
static APART void output_tiles(const conv2d_winograd_args a, place at, channels out,
                               NEAR const float *m, int point, __global const float *bias,
                               __global float *y, NEAR float *kept, int apart)
{
    if (out.live == 0)
        return;
    /* Whole rows of an image lie one behind the other. */
    const int live_columns = min(at.tiles * SIDE, a.q - at.column * SIDE);
    const int whole = live_columns == a.q && !kept;
    const int row = whole ? a.q : (kept ? VEC : 0) + SEGMENT * SIDE;
    const int rows = min(SIDE, a.p - at.row * SIDE);
    floatV window[VEC + SIDE * (VEC + SEGMENT * SIDE)];
    floatV *pixels = window + VEC;
    float shift[VEC];
    for (int i = 0; i < VEC; i++)
        shift[i] = a.has_bias && i < out.live ? bias[out.first + i] : 0.0f;
    m += (at.slot + at.tiles - 1) * VEC;
    /* The last column first: what lies beyond a row is in the place of the next one. */
    for (int tile = at.tiles - 1; tile >= 0; tile--, m -= VEC) {
        floatV half_way[PATCH][SIDE];
#pragma unroll
        for (int i = 0; i < PATCH; i++) {
            floatV d[PATCH];
#pragma unroll
            for (int j = 0; j < PATCH; j++)
                d[j] = VLOAD(m + (i * PATCH + j) * point);
            transform_output(d, half_way[i]);
        }
#pragma unroll
        for (int j = SIDE - 1; j >= 0; j--) {
            floatV d[PATCH], o[SIDE];
#pragma unroll
            for (int i = 0; i < PATCH; i++)
                d[i] = half_way[i][j];
            transform_output(d, o);
#pragma unroll
            for (int i = 0; i < SIDE; i++)
                pixels[i * row + tile * SIDE + j] =
                    activate(o[i] + VLOAD(shift), a.activation, a.alpha);
        }
    }
    const int plane = a.p * a.q, column = at.column * SIDE;
    y += (at.image * a.k + out.first) * plane + at.row * SIDE * a.q + column;
    const int stored = whole ? 1 : rows, count = whole ? rows * a.q : live_columns;
    for (int i = 0; i < stored; i++, pixels += row, y += a.q) {
        put_row(a, pixels, count, column, y, out.live, kept, apart);
        kept += kept ? VEC * VEC : 0;
    }
}

/* ---- Kernels
 * --------------------------------------------------------------------------------------- */

/*
 * The filters between one channel of the input and VEC of the result: a vector for each tap, 0 past
 * the last ones. Forward weights are [k][c][3][3], backward [c][k][3][3] and turned round; of c, or
 * k, a group's.
 */
static inline void load_filters(const conv2d_winograd_args a, __global const float *w, int c,
                                channels out, floatV g[9])
{
    const int in_each = a.c / a.groups, out_each = a.k / a.groups, group = out.first / out_each;
    const int step = a.flipped ? 9 : in_each * 9, all = a.k * in_each * 9;
    const int begin = a.flipped
                          ? ((group * in_each + c) * out_each + out.first - group * out_each) * 9
                          : (out.first * in_each + c) * 9;
    const int live = c < in_each ? out.live : 0;
#pragma unroll
    for (int first = 0; first < 9; first += VEC) {
        floatV v[VEC];
        const int from = begin + first, most = min(VEC, 9 - first);
        if (live == VEC && from + (VEC - 1) * step + VEC <= all) {
#pragma unroll
            for (int lane = 0; lane < VEC; lane++)
                v[lane] = load_whole(w + from + lane * step);
        } else {
#pragma unroll
            for (int lane = 0; lane < VEC; lane++)
                v[lane] = lane < live ? load_part(w + from + lane * step, most) : (floatV)(0.0f);
        }
        transpose(v);
#pragma unroll
        for (int tap = 0; tap < VEC && first + tap < 9; tap++)
            g[first + tap] = v[tap];
    }
    if (!a.flipped)
        return;
#pragma unroll
    for (int tap = 0; tap < 4; tap++) {
        const floatV other = g[8 - tap];
        g[8 - tap] = g[tap];
        g[tap] = other;
    }
}

/* item -> one channel of the input (dimensions 2 and 0), VEC channels of the result; past the last
 * ones 0 */
ALONE __kernel void conv2d_winograd_weights(const conv2d_winograd_args a, __global const float *w,
                                            uint w_offset, __global float *u, uint u_offset)
{
    const int c = (int)(get_global_id(2) * get_global_size(0) + get_global_id(0));
    const int vector = (int)get_global_id(1), block = vector / VECS;
    const channels out = channels_out(a, a.first_vector + vector);
    u += u_offset + (uint)((block * a.c_blocks * VEC + c) * BLOCK + vector % VECS * VEC);
    for (int i = 0; ASKS && i < POINTS; i++) /* all in different pages */
        ASK(u + i * a.point_weights);
    floatV g[9];
    load_filters(a, w + w_offset, c, out, g);
    floatV half_way[3][PATCH];
#pragma unroll
    for (int i = 0; i < 3; i++) {
        const floatV row[3] = {g[i * 3], g[i * 3 + 1], g[i * 3 + 2]};
        transform_weights(row, half_way[i]);
    }
#pragma unroll
    for (int j = 0; j < PATCH; j++) {
        const floatV column[3] = {half_way[0][j], half_way[1][j], half_way[2][j]};
        floatV o[PATCH];
        transform_weights(column, o);
#pragma unroll
        for (int i = 0; i < PATCH; i++)
            store_whole(o[i], u + (i * PATCH + j) * a.point_weights);
    }
}

#if !FUSED
/* The segment of the next work-item. */
static inline place find_next(const conv2d_winograd_args a)
{
    return find_place(a, (int)min(get_global_id(0) + 1, get_global_size(0) - 1));
}

/* The tiles that fill up the last block of a product are 0. */
static inline void fill_slots(const conv2d_winograd_args a, place at, __global float *block,
                              int point)
{
    if (at.slot + at.tiles != a.lines * a.tiles_w)
        return;
    for (int i = 0; i < POINTS; i++)
        for (int slot = at.slot + at.tiles; slot < a.slots; slot++)
            store_whole((floatV)(0.0f), block + i * point + slot * VEC);
}

/* item -> one segment, VEC channels */
ALONE __kernel void conv2d_winograd_input(const conv2d_winograd_args a, __global const float *x,
                                          uint x_offset, __global float *v, uint v_offset)
{
    const place at = find_place(a, (int)get_global_id(0));
    const int vector = (int)get_global_id(1);
    const channels in = channels_in(a, vector);
    if (is_far(a)) {
        lines next = {.count = 0};
        add_input(a, find_next(a), &next);
        ask_lines(&next, x + x_offset, a.h * a.w, in.first, in.first + in.live, 1);
    }
    v += v_offset + (uint)(vector * a.slots * VEC);
    input_tiles(a, at, in, x + x_offset, v, a.point_in);
    fill_slots(a, at, v, a.point_in);
}

/* item -> one segment, VEC channels of dy */
ALONE __kernel void conv2d_winograd_gradient(const conv2d_winograd_args a, __global const float *dy,
                                             uint dy_offset, __global float *m, uint m_offset)
{
    const place at = find_place(a, (int)get_global_id(0));
    const int vector = (int)get_global_id(1);
    const channels out = channels_out(a, a.first_vector + vector);
    if (is_far(a)) {
        lines next = {.count = 0};
        add_result(a, find_next(a), &next);
        ask_lines(&next, dy + dy_offset, a.p * a.q, out.first, out.first + out.live, 1);
    }
    m += m_offset + (uint)(vector * a.slots * VEC);
    gradient_tiles(a, at, out, dy + dy_offset, m, a.point_out);
    fill_slots(a, at, m, a.point_out);
}

/* item -> PIX tiles, one block of channels of the result, one point */
ALONE __kernel void conv2d_winograd_multiply(const conv2d_winograd_args a, __global const float *v,
                                             uint v_offset, __global const float *u, uint u_offset,
                                             __global float *m, uint m_offset)
{
    const int slot = (int)get_global_id(0) * PIX, block = (int)get_global_id(1);
    const int point = (int)get_global_id(2);
    const int group = (a.first_vector / VECS + block) / blocks_out(a);
    multiply_tiles(
        a, v + v_offset + (uint)(point * a.point_in + (group * a.c_blocks * a.slots + slot) * VEC),
        u + u_offset + (uint)(point * a.point_weights + block * a.c_blocks * VEC * BLOCK),
        m + m_offset + (uint)(point * a.point_out + (block * VECS * a.slots + slot) * VEC),
        a.slots * VEC);
}

/* item -> one segment, VEC channels of the result */
ALONE __kernel void conv2d_winograd_output(const conv2d_winograd_args a, __global const float *m,
                                           uint m_offset, __global const float *bias,
                                           uint bias_offset, __global float *y, uint y_offset)
{
    const int vector = (int)get_global_id(1);
    const channels out = channels_out(a, a.first_vector + vector);
    const place at = find_place(a, (int)get_global_id(0));
    if (is_far(a)) {
        lines now = {.count = 0};
        add_result(a, at, &now);
        ask_lines(&now, y + y_offset, a.p * a.q, out.first, out.first + out.live, 1);
    }
    output_tiles(a, at, out, m + m_offset + (uint)(vector * a.slots * VEC), a.point_out,
                 bias + bias_offset, y + y_offset, 0, 0);
}

/* item -> TAPS channels of the input, one block of channels of dy, one point: sums over the tiles,
 * added to those of the tiles before */
ALONE __kernel void conv2d_winograd_multiply_weights(const conv2d_winograd_args a,
                                                     __global const float *v, uint v_offset,
                                                     __global const float *m, uint m_offset,
                                                     __global float *u, uint u_offset)
{
    const int first = (int)get_global_id(0) * TAPS, block = (int)get_global_id(1);
    const int point = (int)get_global_id(2);
    const int group = (a.first_vector / VECS + block) / blocks_out(a);
    const int vector = group * a.c_blocks + first / VEC;
    add_products(v + v_offset + (uint)(point * a.point_in + vector * VEC * a.slots + first % VEC),
                 m + m_offset + (uint)(point * a.point_out + block * BLOCK * a.slots),
                 u + u_offset +
                     (uint)(point * a.point_weights + (block * a.c_blocks * VEC + first) * BLOCK),
                 a.slots, a.slots * VEC, a.first_line == 0);
}

#else
/*
 * Fused, v and m lie as [vector of channels][point][tile][VEC], with distances that the compiler
 * knows: 36 pointers would not fit the registers.
 */
#define OWN_POINT CONV2D_WINOGRAD_OWN(PIX, VEC)
#define OWN_VECTOR (POINTS * OWN_POINT)

/* Segments that fill the slots of a product, or the last ones. */
typedef struct run {
    int count, slots;
    place places[PIX];
} run;

static inline void find_run(const conv2d_winograd_args a, int first, int end, run *r)
{
    r->count = clamp(end - first, 0, PIX / min(SEGMENT, a.tiles_w));
    r->slots = 0;
    for (int i = 0; i < r->count; i++) {
        r->places[i] = find_place(a, first + i);
        r->places[i].slot = r->slots;
        r->slots += r->places[i].tiles;
    }
}

/* The lines of a run; segments that follow each other in one row of tiles are one there. */
static inline void find_lines(const conv2d_winograd_args a, const run *r, int result, lines *l)
{
    l->count = 0;
    for (int i = 0; i < r->count; i++) {
        place at = r->places[i];
        for (; i + 1 < r->count && r->places[i + 1].column; i++)
            at.tiles += r->places[i + 1].tiles;
        if (result)
            add_result(a, at, l);
        else
            add_input(a, at, l);
    }
}

/* Vectors of x's channels from `vector` on in a run's tiles, and 0 in the slots that are left. */
static inline void input_run(const conv2d_winograd_args a, const run *r, int vector,
                             __global const float *x, __local float *v)
{
    for (int i = 0; i < r->count; i++)
        for (int block = 0; block < a.c_blocks; block++)
            input_tiles(a, r->places[i], channels_in(a, vector + block), x, v + block * OWN_VECTOR,
                        OWN_POINT);
    for (int block = 0; block < a.c_blocks; block++, v += OWN_VECTOR)
        for (int i = 0; i < POINTS; i++)
            for (int rest = r->slots; rest < PIX; rest++)
                store_near((floatV)(0.0f), v + i * OWN_POINT + rest * VEC);
}

/* Whether results go past the caches: where x and y together are what is large, there is room to
 * hold some back, and all rows of the result begin with a line of the cache. */
static inline int may_hold(const conv2d_winograd_args a, __global const float *y)
{
    const size_t x_image = (size_t)a.c * (size_t)(a.h * a.w);
    const size_t y_image = (size_t)a.k * (size_t)(a.p * a.q);
    return is_large((size_t)a.n * (x_image + y_image)) && a.items && a.q % LINE == 0 &&
           (uintptr_t)y % (LINE * sizeof(float)) == 0;
}

/*
 * item -> `each` runs of segments, one after the other (dimension 0), one group of channels. Input,
 * product and output of a run together. For few channels, where writing all v and m to memory would
 * take longer than to compute them. While it multiplies it asks for what comes next.
 */
ALONE __kernel void conv2d_winograd_fused(const conv2d_winograd_args a, __global const float *x,
                                          uint x_offset, __global const float *u, uint u_offset,
                                          __global const float *bias, uint bias_offset,
                                          __global float *y, uint y_offset, __local float *v)
{
    const int item = (int)get_global_id(0), group = (int)get_global_id(1);
    const int in_run = PIX / min(SEGMENT, a.tiles_w);
    const int segments = a.lines * ((a.tiles_w + SEGMENT - 1) / SEGMENT), blocks = blocks_out(a);
    const int begin = item * a.each * in_run, end = min(begin + a.each * in_run, segments);
    const int ask = is_far(a), holds = may_hold(a, y + y_offset);
    __local float *m = v + a.c_blocks * OWN_VECTOR, *kept = m + VECS * OWN_VECTOR;
    const int each = a.c / a.groups, first_in = group * each;
    run now, next;
    lines inputs, results;
    find_run(a, begin, end, &next);
    for (int first = begin; first < end; first += in_run) {
        now = next;
        find_run(a, first + in_run, end, &next);
        if (ask) {
            find_lines(a, &next, 0, &inputs);
            find_lines(a, &now, 1, &results);
        }
        input_run(a, &now, group * a.c_blocks, x + x_offset, v);
        for (int block = group * blocks; block < (group + 1) * blocks; block++) {
            __global const float *weights = u + u_offset + (uint)(block * a.c_blocks * VEC * BLOCK);
            for (int i = 0; i < POINTS; i++) {
                if (ask && block == group * blocks)
                    ask_lines(&inputs, x + x_offset, a.h * a.w, first_in + i, first_in + each,
                              POINTS);
                if (ask && !holds && i < BLOCK) {
                    const channels out = channels_out(a, block * VECS + i / VEC);
                    ask_lines(&results, y + y_offset, a.p * a.q, out.first + i % VEC,
                              out.first + out.live, VEC);
                }
                multiply_tiles(a, v + i * OWN_POINT, weights + i * a.point_weights,
                               m + i * OWN_POINT, OWN_VECTOR);
            }
            for (int i = 0; i < now.count; i++)
                for (int l = 0; l < VECS; l++) {
                    const int vector = block * VECS + l, own = vector - group * blocks * VECS;
                    const int apart =
                        (first + i == begin ? FIRST : 0) | (first + i + 1 == end ? LAST : 0);
                    output_tiles(a, now.places[i], channels_out(a, vector), m + l * OWN_VECTOR,
                                 OWN_POINT, bias + bias_offset, y + y_offset,
                                 holds ? kept + own * CONV2D_WINOGRAD_HELD(VEC) : 0, apart);
                }
        }
    }
}

/*
 * item -> `each` runs of segments, one after the other (dimension 0), one group of channels: the
 * input's tiles, dy's, and sums of their products. These are the item's own, in `work`.
 */
ALONE __kernel void conv2d_winograd_fused_weights(const conv2d_winograd_args a,
                                                  __global const float *x, uint x_offset,
                                                  __global const float *dy, uint dy_offset,
                                                  __global float *work, uint work_offset,
                                                  __local float *v)
{
    const int item = (int)get_global_id(0), group = (int)get_global_id(1);
    const int in_run = PIX / min(SEGMENT, a.tiles_w), taps = a.c_blocks * VEC;
    const int segments = a.lines * ((a.tiles_w + SEGMENT - 1) / SEGMENT), blocks = blocks_out(a);
    const int begin = (a.first_item + item) * a.each * in_run;
    const int end = min(begin + a.each * in_run, segments);
    const int c_each = a.c / a.groups, k_each = a.k / a.groups, ask = is_far(a);
    __local float *m = v + a.c_blocks * OWN_VECTOR;
    lines inputs, results;
    __global float *u = work + work_offset +
                        (uint)(item * POINTS * a.point_weights + group * blocks * taps * BLOCK);
    run now, next;
    find_run(a, begin, end, &next);
    for (int first = begin; first < end; first += in_run) {
        now = next;
        find_run(a, first + in_run, end, &next);
        if (ask) {
            find_lines(a, &next, 0, &inputs);
            find_lines(a, &next, 1, &results);
        }
        input_run(a, &now, group * a.c_blocks, x + x_offset, v);
        for (int i = 0; i < now.count; i++)
            for (int vector = 0; vector < blocks * VECS; vector++)
                gradient_tiles(a, now.places[i], channels_out(a, group * blocks * VECS + vector),
                               dy + dy_offset, m + vector * OWN_VECTOR, OWN_POINT);
        for (int i = 0; i < POINTS; i++) {
            if (ask) {
                ask_lines(&inputs, x + x_offset, a.h * a.w, group * c_each + i,
                          (group + 1) * c_each, POINTS);
                ask_lines(&results, dy + dy_offset, a.p * a.q, group * k_each + i,
                          (group + 1) * k_each, POINTS);
            }
            for (int block = 0; block < blocks; block++)
                for (int c = 0; c < taps; c += TAPS)
                    add_products(v + c / VEC * OWN_VECTOR + i * OWN_POINT + c % VEC,
                                 m + block * VECS * OWN_VECTOR + i * OWN_POINT,
                                 u + i * a.point_weights + (block * taps + c) * BLOCK, now.slots,
                                 OWN_VECTOR, first == begin);
        }
    }
}
#endif

/* item -> VEC elements of u, of one point: the sums of `items` work-items of `fused_weights`, in
 * their order, added to those before */
ALONE __kernel void conv2d_winograd_add_items(const conv2d_winograd_args a,
                                              __global const float *work, uint work_offset,
                                              __global float *u, uint u_offset)
{
    const int at = (int)get_global_id(1) * a.point_weights + (int)get_global_id(0) * VEC;
    work += work_offset + (uint)at;
    u += u_offset + (uint)at;
    floatV sum = a.first_item ? VLOAD(u) : (floatV)(0.0f);
    for (int i = 0; i < a.items; i++)
        sum += VLOAD(work + i * POINTS * a.point_weights);
    store_whole(sum, u);
}

/* The filter that the sums at u, `point` from point to point, become. */
static inline void find_filter(__global const float *u, int point, floatV o[9])
{
    floatV half_way[PATCH][3];
#pragma unroll
    for (int i = 0; i < PATCH; i++) {
        floatV g[PATCH];
#pragma unroll
        for (int j = 0; j < PATCH; j++)
            g[j] = VLOAD(u + (i * PATCH + j) * point);
        transform_filter(g, half_way[i]);
    }
#pragma unroll
    for (int j = 0; j < 3; j++) {
        floatV g[PATCH], column[3];
#pragma unroll
        for (int i = 0; i < PATCH; i++)
            g[i] = half_way[i][j];
        transform_filter(g, column);
#pragma unroll
        for (int i = 0; i < 3; i++)
            o[i * 3 + j] = column[i];
    }
}

/* item -> VEC channels of the input, VEC channels of dy */
ALONE __kernel void conv2d_winograd_filter(const conv2d_winograd_args a, __global const float *u,
                                           uint u_offset, __global float *dw, uint dw_offset)
{
    const int c = (int)get_global_id(0) * VEC, vector = (int)get_global_id(1),
              block = vector / VECS;
    const int each = a.c / a.groups, count = min(VEC, each - c);
    const channels out = channels_out(a, a.first_vector + vector);
    u += u_offset + (uint)((block * a.c_blocks * VEC + c) * BLOCK + vector % VECS * VEC);
    floatV filters[VEC * 9];
    for (int i = 0; i < count; i++)
        find_filter(u + i * BLOCK, a.point_weights, filters + i * 9);
    for (int i = count * 9; i < VEC * 9; i++)
        filters[i] = (floatV)(0.0f);
    dw += dw_offset + (uint)((out.first * each + c) * 9);
    for (int i = 0; i < count * 9; i += VEC) {
        floatV v[VEC];
#pragma unroll
        for (int j = 0; j < VEC; j++)
            v[j] = filters[i + j];
        transpose(v);
        const int rest = count * 9 - i;
#pragma unroll
        for (int lane = 0; lane < VEC; lane++)
            if (lane < out.live) {
                __global float *place = dw + lane * each * 9 + i;
                store_row(a.accumulate ? load_row(place, rest) + v[lane] : v[lane], place, rest);
            }
    }
}
