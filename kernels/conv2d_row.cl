/*
 * conv2d, row: for CPU devices and few channels (the first layers of a network, depthwise filters),
 * strides of 1, or any backward to the data. Where conv2d_tile.cl has vectors over channels and
 * would leave most lanes empty, here a vector is VEC neighbouring pixels of a row, and a weight is
 * one number.
 *
 * One work-item, alone in its work-group, has a tile of one image's result, for BLOCK channels. It
 * copies the inputs that the tile meets into local memory, with zeros for what lies outside of the
 * planes, so that no tap needs a bounds check; and if a tile's inputs of all channels are more than
 * NEAR KiB, some channels at a time, with the sums waiting behind them. On a CPU that is the
 * thread's own, in the nearest cache, and nothing goes from one core to the other: a padded copy
 * in global memory is written by one and read by another, which where they have different L3
 * caches takes longer than the sums. Meanwhile it asks for the inputs that come next.
 *
 * From there it keeps SEGS row segments by BLOCK channels in registers and walks through the taps:
 * SEGS vector loads, BLOCK weights, SEGS * BLOCK vector FMAs each. The last segment of a row may
 * reach beyond it, into the next row or the room behind the last one; what comes of that is not
 * stored, or is stored before the next row is.
 *
 * Backward over a stride, the pixels of a vector are neighbours in their phase (see conv2d_args.h):
 * every step_w-th of a row. A work-item goes through the phases one after the other, and puts those
 * of two columns, if that is all there are, in place as whole vectors.
 *
 * Registers: SEGS * BLOCK sums, SEGS inputs, one weight; at 16 sums it fits AVX-512's and
 * NEON's 32.
 *
 * backward_weights goes along the rows as well: a work-item has one split of the tiles, which are
 * lines of images, and the sums of some channels of x and some blocks of GRADIENTS channels of dy
 * in local memory, a vector for each. It brings a tile's inputs there, too, and goes through the
 * filters' rows: FILTER shifted vectors of inputs and GRADIENTS vectors of dy for GRADIENTS *
 * FILTER FMAs. The first of those that share a block adds up dy as well, for db. At the end lanes
 * are added up, and conv2d_shared.cl adds the splits in order. Registers: 4 * 5 sums, 5 inputs, one
 * of dy.
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
#ifndef SPREAD
#define SPREAD 0 /* backward_weights: 1: the filter's columns are dilated */
#endif
#ifndef STRIDE
#define STRIDE 1 /* of backward_data: 2: of the columns; 0: any */
#endif
#include "conv2d_near.clh"
#include "conv2d_splits.clh"
#include "strided.clh"

#if STRIDE == 1
#define STEP_H 1
#define STEP_W 1
#else
#define STEP_H a.step_h
#define STEP_W (STRIDE == 2 ? 2 : a.step_w)
#endif
#define AT_ONCE (STRIDE == 2 ? 2 : 1) /* phases of columns that are put in place together */
#define FAR (1 << 20)                 /* elements of input and result, 4 MiB */
#define PHASE (SEGS * BLOCK * VEC)    /* sums of a phase */

/* Filter rows (or columns) that one phase meets: the first, how many, and how far apart; and how
 * far into the tile's inputs the first and each one after it reach. */
typedef struct walk {
    int first, count, each;
    int at, move;
} walk;

/* How much further than the results the inputs reach that meet them. */
static inline int reach_of(int size, int dilation, int step, int pad)
{
    return (size - 1) * dilation / step + (step - 1 + pad) / step - pad / step;
}

static inline tile find_tile(const conv2d_row_args a, int item)
{
    const int height = (a.out_h - 1) / STEP_H + 1, width = (a.out_w - 1) / STEP_W + 1;
    const int down = (height + a.lines - 1) / a.lines;
    const int across = (width + a.columns - 1) / a.columns;
    const int image = item / (down * across), part = item - image * down * across;
    tile t = {.image = image,
              .rows = a.lines + reach_of(a.r, a.dilation_h, STEP_H, a.pad_top),
              .pitch = a.columns + reach_of(a.s, a.dilation_w, STEP_W, a.pad_left)};
    t.line = part / across * a.lines;
    t.column = (part - part / across * across) * a.columns;
    t.top = t.line;
    t.left = t.column;
    if (a.sign > 0) {
        t.top -= a.pad_top;
        t.left -= a.pad_left;
    } else {
        t.top += a.pad_top / STEP_H - (a.r - 1) * a.dilation_h / STEP_H;
        t.left += a.pad_left / STEP_W - (a.s - 1) * a.dilation_w / STEP_W;
    }
    return t;
}

#if STRIDE == 1
static inline walk find_walk(int size, int dilation, int step, int at, int sign)
{
    (void)step;
    (void)at;
    return (walk){0, size, 1, sign > 0 ? 0 : (size - 1) * dilation, sign * dilation};
}
#else
/* Of the phase whose results begin `at` behind the padding's beginning. */
static inline walk find_walk(int size, int dilation, int step, int at, int sign)
{
    (void)sign; /* backward */
    const int phase = at % step;
    walk w = {.first = 0, .each = 1};
    SHORT_LOOP
    while (w.first < size && w.first * dilation % step != phase)
        w.first++;
    SHORT_LOOP
    while (w.each * dilation % step != 0)
        w.each++;
    w.count = w.first < size ? (size - 1 - w.first) / w.each + 1 : 0;
    w.at = (size - 1) * dilation / step - w.first * dilation / step;
    w.move = -(w.each * dilation / step);
    return w;
}
#endif

/* Inputs that come next: of a tile, `channels` planes from `planes` on; and how many of their rows
 * have been asked for. */
typedef struct coming {
    tile t;
    int channels, asked;
    __global const float *planes;
} coming;

/* Whether input and result are more than a cache may still have: where it has them, asking costs a
 * tenth. */
static inline int asks(const conv2d_row_args a)
{
    const float in = (float)a.in_channels * (float)(a.in_h * a.in_w);
    const float out = (float)a.out_group * (float)(a.out_h * a.out_w);
    return ASKS && (float)a.n * (float)a.groups * (in + out) > (float)FAR;
}

/* Asks for as many of their rows as are due when `done` of a tile's `turns` are. */
static inline void ask_rows(const conv2d_row_args a, coming *next, int done, int turns)
{
    const int due = done * (next->channels * next->t.rows) / turns;
    const int begin = max(next->t.left, 0), end = min(next->t.left + next->t.pitch, a.in_w);
    SHORT_LOOP
    for (; next->asked < due; next->asked++) {
        const int c = next->asked / next->t.rows;
        const int y = next->t.top + next->asked - c * next->t.rows;
        __global const float *row = next->planes + (c * a.in_h + y) * a.in_w;
        if (y >= 0 && y < a.in_h)
            SHORT_LOOP
        for (int x = begin; x < end; x += LINE)
            ASK(row + x);
    }
}

/* Where the inputs of each segment begin in the tile, where it goes in the result's plane, and how
 * much is left for it of the row, and of what this work-item may write before it writes what
 * belongs there; the lines of the first and the last one. */
typedef struct segments {
    int at[SEGS], to[SEGS], live[SEGS], room[SEGS];
    int first_line, line;
} segments;

/* SEGS segments from `first` on, of the `count` of a phase of rows that begins with start_h. Past
 * the last one it is taken again, and not stored. */
static inline void find_segments(const conv2d_row_args a, const tile *t, int first, int count,
                                 int row_segments, int start_h, segments *these)
{
    int line = first / row_segments, column = (first - line * row_segments) * VEC;
    const int whole = STRIDE == 1 && a.columns >= a.out_w && !a.accumulate;
    these->first_line = line;
    SHORT_LOOP
    for (int i = 0; i < SEGS; i++) {
        if (i > 0 && first + i < count) {
            column += VEC;
            const int carry = column >= row_segments * VEC ? 1 : 0;
            column = carry ? 0 : column;
            line += carry;
        }
        const int x = (t->column + column) * STEP_W;
        these->at[i] = line * t->pitch + column;
        these->to[i] = (start_h + (t->line + line) * STEP_H) * a.out_w + x;
        these->live[i] = first + i < count ? a.out_w - x : 0;
        these->room[i] = these->live[i] + (whole ? (count / row_segments - 1 - line) * a.out_w : 0);
    }
    these->line = line;
}

/* Leaves out filter rows that meet nothing but padding. */
static inline void skip_padding(const conv2d_row_args a, const segments *these, int top, walk *rows)
{
    const int last = a.in_h - 1 - (top + these->first_line), first = -(top + these->line);
    SHORT_LOOP
    while (rows->count > 0 && (rows->at < first || rows->at > last)) {
        rows->at += rows->move;
        rows->first += rows->each;
        rows->count--;
    }
    SHORT_LOOP
    while (rows->count > 0) {
        const int at = rows->at + (rows->count - 1) * rows->move;
        if (at >= first && at <= last)
            break;
        rows->count--;
    }
}

/* Adds the taps of `channels` planes to the sums in memory, sums[segment][channel][pixel], or to
 * zero if `fresh`. weights[k]: those of channel k, the first plane's. */
static inline void add_taps(const conv2d_row_args a, __local const float *near, const int *at,
                            __global const float *const *weights, int channels, int plane,
                            int pitch, const walk rows, const walk columns, int fresh,
                            __local float *sums)
{
    const int taps = a.r * a.s, each = a.sign > 0 ? taps : a.out_group * taps;
    floatV sum[SEGS][BLOCK];
#pragma unroll
    for (int i = 0; i < SEGS; i++)
#pragma unroll
        for (int k = 0; k < BLOCK; k++)
            sum[i][k] = fresh ? (floatV)(0.0f) : load_near(sums + (i * BLOCK + k) * VEC);
    /* one loop over rows and columns: two are left too often */
    const int count = rows.count * columns.count;
    const int carry = rows.move * pitch - (columns.count - 1) * columns.move;
    const int tap_carry = rows.each * a.s - (columns.count - 1) * columns.each;
    for (int c = 0; c < channels; c++) {
        int offset = c * plane + rows.at * pitch + columns.at;
        int tap = c * each + rows.first * a.s + columns.first;
        for (int i = 0, s = 1; i < count; i++) {
            floatV value[SEGS];
#pragma unroll
            for (int i = 0; i < SEGS; i++)
                value[i] = load_near(near + at[i] + offset);
#pragma unroll
            for (int k = 0; k < BLOCK; k++) {
                const floatV weight = (floatV)(weights[k][tap]);
#pragma unroll
                for (int i = 0; i < SEGS; i++)
                    sum[i][k] = FMA(value[i], weight, sum[i][k]);
            }
            const int over = s == columns.count;
            offset += over ? carry : columns.move;
            tap += over ? tap_carry : columns.each;
            s = over ? 1 : s + 1;
        }
    }
#pragma unroll
    for (int i = 0; i < SEGS; i++)
#pragma unroll
        for (int k = 0; k < BLOCK; k++)
            store_near(sum[i][k], sums + (i * BLOCK + k) * VEC);
}

/* A vector of results with what they are added to, and dx through the activation before. */
static inline floatV finished(const conv2d_row_args a, floatV value, floatV old, floatV y)
{
    if (a.accumulate)
        value = old + value;
    return a.slope == ACTIVATION_IDENTITY ? value : gradient_of_y(value, y, a.slope, a.alpha);
}

#if STRIDE == 0
/* Of the phase that begins in column `start`: the lanes are step_w apart. */
static inline void put_strided(const conv2d_row_args a, floatV value, int start, int live,
                               __global const float *given, __global float *place)
{
    float lanes[VEC], old[VEC], y[VEC];
    if (a.accumulate || a.slope != ACTIVATION_IDENTITY) {
        VSTORE((floatV)(0.0f), old);
        VSTORE((floatV)(0.0f), y);
        SHORT_LOOP
        for (int l = 0, rest = live - start; l < VEC && rest > 0; l++, rest -= a.step_w) {
            old[l] = a.accumulate ? place[live - rest] : 0.0f;
            y[l] = a.slope == ACTIVATION_IDENTITY ? 0.0f : given[live - rest];
        }
        value = finished(a, value, VLOAD(old), VLOAD(y));
    }
    VSTORE(value, lanes);
    SHORT_LOOP
    for (int l = 0, rest = live - start; l < VEC && rest > 0; l++, rest -= a.step_w)
        place[live - rest] = lanes[l];
}
#else
/* `count` lanes are results. */
static inline floatV finish_row(const conv2d_row_args a, floatV value, int count,
                                __global const float *given, __global const float *place)
{
    floatV old = value, y = value;
    if (a.accumulate)
        old = load_row(place, count);
    if (a.slope != ACTIVATION_IDENTITY)
        y = load_row(given, count);
    return finished(a, value, old, y);
}
#endif

/* A segment of one channel, with bias and activation, to its place: of the phase that begins in
 * column `start`, or of two phases laced into one another. */
static inline void put_segment(const conv2d_row_args a, __local const float *sums, float b,
                               int start, int live, int room, __global const float *given,
                               __global float *place)
{
    floatV value[AT_ONCE];
    (void)start;
    (void)room;
#pragma unroll
    for (int p = 0; p < AT_ONCE; p++)
        value[p] = activate(load_near(sums + p * PHASE) + b, a.activation, a.alpha);
#if STRIDE == 0
    put_strided(a, value[0], start, live, given, place);
#else
#if STRIDE == 2
    const floatV even = value[0], odd = value[1];
    value[0] = ZIP_LOW(even, odd);
    value[1] = ZIP_HIGH(even, odd);
#endif
    if (room >= AT_ONCE * VEC) {
#pragma unroll
        for (int p = 0; p < AT_ONCE; p++, place += VEC, given += VEC)
            store_whole(finish_row(a, value[p], VEC, given, place), place);
        return;
    }
    float lanes[AT_ONCE * VEC];
    int l = 0;
#pragma unroll
    for (int p = 0; p < AT_ONCE; p++)
        VSTORE(finish_row(a, value[p], live - p * VEC, given + p * VEC, place + p * VEC),
               lanes + p * VEC);
    SHORT_LOOP
    for (; l + 4 <= live; l += 4)
        vstore4(vload4(0, lanes + l), 0, place + l);
    SHORT_LOOP
    for (; l < live; l++)
        place[l] = lanes[l];
#endif
}

/* All channels of the block, SEGS segments. */
static inline void put_segments(const conv2d_row_args a, const segments *these, int channels,
                                int start, __local const float *sums, __global const float *bias,
                                __global const float *given, __global float *out)
{
    SHORT_LOOP
    for (int k = 0; k < channels; k++, out += a.out_h * a.out_w, given += a.out_h * a.out_w) {
        const float b = a.has_bias ? bias[k] : 0.0f;
        SHORT_LOOP
        for (int i = 0; i < SEGS; i++)
            if (these->live[i] > 0)
                put_segment(a, sums + (i * BLOCK + k) * VEC, b, start, these->live[i],
                            these->room[i], given + these->to[i], out + these->to[i]);
    }
}

/* What comes behind the tile's channels before `c`, whose planes begin at `in`: its next ones, or
 * those of the next tile, or nothing. */
static inline coming find_next(const conv2d_row_args a, const tile *t, int item, int c,
                               __global const float *in)
{
    const int plane = a.in_h * a.in_w;
    coming next = {*t, min(a.chunk, a.in_channels - c), 0, in + c * plane};
    if (c < a.in_channels)
        return next;
    next.t = find_tile(a, item + 1);
    next.channels = next.t.image < a.n ? a.chunk : 0;
    next.planes = in + (next.t.image - t->image) * a.groups * a.in_channels * plane;
    return next;
}

/* Some channels of a tile's inputs, in local memory, and their weights for each of the block's. */
typedef struct part {
    int channels, fresh, last;
    int turns, turn; /* of SEGS segments of one phase: how many there are, and which one comes */
    __global const float *weights[BLOCK];
    coming next;
} part;

/* SEGS segments from `first` on, all phases of their columns. sums: one PHASE for each of these, or
 * those that are put in place together. */
static inline void sum_segments(const conv2d_row_args a, const tile *t, part *p, int start_h,
                                int first, int count, int row_segments, int lanes,
                                __local const float *near, __local float *sums,
                                __global const float *bias, __global const float *given,
                                __global float *out)
{
    const int kept = a.chunk < a.in_channels;
    segments these;
    find_segments(a, t, first, count, row_segments, start_h, &these);
    walk rows = find_walk(a.r, a.dilation_h, STEP_H, start_h + a.pad_top, a.sign);
    rows.at += (start_h + a.pad_top) / STEP_H - a.pad_top / STEP_H;
    skip_padding(a, &these, t->top, &rows);
    __global const float *weights[BLOCK]; /* in registers */
#pragma unroll
    for (int k = 0; k < BLOCK; k++)
        weights[k] = p->weights[k];
    SHORT_LOOP
    for (int start = 0; start < (STRIDE == 0 ? min(STEP_W, a.out_w) : STEP_W); start++) {
        walk columns = find_walk(a.s, a.dilation_w, STEP_W, start + a.pad_left, a.sign);
        columns.at += (start + a.pad_left) / STEP_W - a.pad_left / STEP_W;
        __local float *const to = sums + (STRIDE == 0 && !kept ? 0 : start * PHASE);
        if (asks(a))
            ask_rows(a, &p->next, ++p->turn, p->turns);
        add_taps(a, near, these.at, weights, p->channels, t->rows * t->pitch, t->pitch, rows,
                 columns, p->fresh, to);
        if (p->last && (start + 1) % AT_ONCE == 0)
            put_segments(a, &these, lanes, start, to - (AT_ONCE - 1) * PHASE, bias, given, out);
    }
}

/* item -> a tile of one image's result, one block of channels. near[channel][row][column] are its
 * inputs, a.chunk channels at a time; behind these are the sums. */
static APART void correlate(const conv2d_row_args *args, __global const float *in,
                            __global const float *w, __global const float *bias,
                            __global const float *given, __global float *out, __local float *near,
                            const int item, const int block)
{
    const conv2d_row_args a = *args; /* in registers */
    const tile t = find_tile(a, item);
    const int group = block / a.blocks, channel = (block - group * a.blocks) * BLOCK;
    const int lanes = min(BLOCK, a.out_group - channel), taps = a.r * a.s;
    const int from_lane = a.sign > 0 ? a.in_channels * taps : taps;
    const int from_channel = a.sign > 0 ? taps : a.out_group * taps;
    const int plane = a.in_h * a.in_w, first_plane = t.image * a.groups + group;
    const int all = (a.n * a.groups - first_plane) * a.in_channels * plane;
    const int width = (a.out_w - 1) / STEP_W + 1;
    const int row_segments = (min(a.columns, width - t.column) + VEC - 1) / VEC;
    in += (uint)(first_plane * a.in_channels * plane);
    w += (uint)(group * a.out_group * a.in_channels * taps + channel * from_lane);
    bias += (uint)(group * a.out_group + channel);
    const uint place = (uint)((first_plane * a.out_group + channel) * a.out_h * a.out_w);
    given += place;
    out += place;

    part p;
    p.turns = (a.lines * row_segments + SEGS - 1) / SEGS * STEP_H * STEP_W;
    SHORT_LOOP
    for (int c = 0; c < a.in_channels; c += a.chunk) {
        p.channels = min(a.chunk, a.in_channels - c);
        p.fresh = c == 0;
        p.last = c + p.channels == a.in_channels;
        p.turn = 0;
        p.next = find_next(a, &t, item, c + p.channels, in);
        bring_planes(a.in_h, a.in_w, &t, p.channels, in + c * plane, all - c * plane, near);
#pragma unroll
        for (int k = 0; k < BLOCK; k++) /* past the last one it is computed again, not stored */
            p.weights[k] = w + (c * from_channel + min(k, lanes - 1) * from_lane);
        __local float *sums = near + CONV2D_NEAR_FLOATS(a.chunk, t.rows * t.pitch, VEC);
        SHORT_LOOP
        for (int start_h = 0; start_h < min(STEP_H, a.out_h); start_h++) {
            const int height = (a.out_h - 1 - start_h) / STEP_H + 1;
            const int count = min(a.lines, height - t.line) * row_segments;
            SHORT_LOOP
            for (int first = 0; first < count; first += SEGS) {
                sum_segments(a, &t, &p, start_h, first, count, row_segments, lanes, near, sums,
                             bias, given, out);
                sums += a.chunk < a.in_channels ? STEP_W * PHASE : 0;
            }
        }
    }
}

ALONE __kernel void conv2d_row_correlate(const conv2d_row_args a, __global const float *in,
                                         uint in_offset, __global const float *w, uint w_offset,
                                         __global const float *bias, uint bias_offset,
                                         __global const float *given, uint given_offset,
                                         __global float *out, uint out_offset, __local float *near)
{
    correlate(&a, in + in_offset, w + w_offset, bias + bias_offset, given + given_offset,
              out + out_offset, near, (int)get_global_id(0), (int)get_global_id(1));
}

#if FILTER > 0
#define LINE_SUMS (GRADIENTS * FILTER * VEC) /* floats of the sums of a filter row, of a block */

/* Adds `lines` lines of dy of a block to the sums of one filter row, sums[k][s][pixel]; `from`: the
 * inputs that the first of them meets. lane[k]: where channel k begins. */
static inline void add_lines(int lines, int q, int pitch, int dilation, __local const float *from,
                             __global const float *dy, const int *lane, __local float *sums)
{
    floatV sum[GRADIENTS][FILTER];
    (void)dilation;
#pragma unroll
    for (int k = 0; k < GRADIENTS; k++)
#pragma unroll
        for (int s = 0; s < FILTER; s++)
            sum[k][s] = load_near(sums + (k * FILTER + s) * VEC);
    for (int line = 0; line < lines; line++, from += pitch, dy += q) {
        for (int begin = 0; begin < q; begin += VEC) {
            const int i = min(begin, q - VEC), skip = begin - i;
            floatV value[FILTER];
#pragma unroll
            for (int s = 0; s < FILTER; s++)
                value[s] = LATE(load_near(from + i + s * (SPREAD ? dilation : 1)));
#pragma unroll
            for (int k = 0; k < GRADIENTS; k++) {
                const floatV d = LATE(load_whole(dy + lane[k] + i));
#pragma unroll
                for (int s = 0; s < FILTER; s++)
                    sum[k][s] = FMA(d, value[s], sum[k][s]);
            }
        }
    }
#pragma unroll
    for (int k = 0; k < GRADIENTS; k++)
#pragma unroll
        for (int s = 0; s < FILTER; s++)
            store_near(sum[k][s], sums + (k * FILTER + s) * VEC);
}

/* Adds `count` pixels of dy to the sum of a channel. */
static inline void add_pixels(int count, __global const float *dy, __local float *sums)
{
    floatV sum[4]; /* four chains cover the latency of an addition */
    int i = 0;
    sum[0] = load_near(sums);
#pragma unroll
    for (int j = 1; j < 4; j++)
        sum[j] = (floatV)(0.0f);
    for (; i + 4 * VEC <= count; i += 4 * VEC)
#pragma unroll
        for (int j = 0; j < 4; j++)
            sum[j] += load_whole(dy + i + j * VEC);
    SHORT_LOOP
    for (; i < count; i += VEC)
        sum[0] += load_row(dy + i, count - i);
    store_near((sum[0] + sum[1]) + (sum[2] + sum[3]), sums);
}

/* Adds up the lanes of `count` vectors: sums[i] becomes the sum of vector i. */
static inline void add_lanes(int count, __local float *sums)
{
    SHORT_LOOP
    for (int i = 0; i < count; i++) {
        const floatV v = load_near(sums + i * VEC);
        sums[i] = SUM_OF_LANES(v);
    }
}

/* All sums of a tile: lines of one image. near: its inputs; sums[block][channel][filter row], and
 * behind these a vector for each of dy's channels. */
static inline void add_tile(const conv2d_near_args a, const share *own, int image, int line,
                            __global const float *x, __global const float *dy, __local float *near,
                            __local float *sums)
{
    const int lines = min(a.lines, a.p - line), pq = a.p * a.q, plane = a.h * a.w;
    const int channels = a.groups * a.group_k, planes = a.groups * a.group_c;
    const int first = own->group * a.group_k + own->first;
    const tile t = {.rows = lines + (a.r - 1) * a.dilation_h,
                    .pitch = a.q + (FILTER - 1) * a.dilation_w,
                    .top = line - a.pad_top,
                    .left = -a.pad_left};
    __local float *const bias = sums + own->blocks * own->channels * a.r * LINE_SUMS;
    dy += (uint)((image * channels + first) * pq + line * a.q);
    if (a.sums && own->channel == 0)
        SHORT_LOOP
    for (int k = 0; k < min(own->blocks * GRADIENTS, a.group_k - own->first); k++)
        add_pixels(lines * a.q, dy + k * pq, bias + k * VEC);
    if (!a.taps)
        return;
    const int from = image * planes + own->group * a.group_c + own->channel;
    bring_planes(a.h, a.w, &t, own->channels, x + (uint)(from * plane),
                 (a.n * planes - from) * plane, near);
    SHORT_LOOP
    for (int b = 0; b < own->blocks; b++, dy += GRADIENTS * pq) {
        int lane[GRADIENTS];
#pragma unroll
        for (int k = 0; k < GRADIENTS; k++) /* past the last one it is computed again, not stored */
            lane[k] = min(k, a.group_k - 1 - own->first - b * GRADIENTS) * pq;
        SHORT_LOOP
        for (int c = 0; c < own->channels; c++)
            SHORT_LOOP
        for (int r = 0; r < a.r; r++, sums += LINE_SUMS)
            add_lines(lines, a.q, t.pitch, a.dilation_w,
                      near + (c * t.rows + r * a.dilation_h) * t.pitch, dy, lane, sums);
    }
}

/* The sums of lanes to partial[k][tap], db behind a channel's taps. */
static inline void put_sums(const conv2d_near_args a, const share *own, __global float *partial,
                            __local const float *sums)
{
    const int each = a.taps + a.sums, live = min(own->blocks * GRADIENTS, a.group_k - own->first);
    const int lines = own->channels * a.r;
    partial += (uint)((own->group * a.group_k + own->first) * each);
    if (a.taps)
        SHORT_LOOP
    for (int k = 0; k < live; k++) {
        const int b = k / GRADIENTS;
        __local const float *from = sums + (b * lines * GRADIENTS + k - b * GRADIENTS) * FILTER;
        __global float *to = partial + k * each + own->channel * a.r * FILTER;
        SHORT_LOOP
        for (int line = 0; line < lines; line++, from += GRADIENTS * FILTER, to += FILTER)
#pragma unroll
            for (int s = 0; s < FILTER; s++)
                to[s] = from[s];
    }
    if (a.sums && own->channel == 0)
        SHORT_LOOP
    for (int k = 0; k < live; k++)
        partial[k * each + a.taps] = sums[own->blocks * lines * GRADIENTS * FILTER + k];
}

/* item -> some channels of x, some blocks of dy's channels, one split of the tiles:
 * partial[split][k][tap] */
static APART void backward_weights(const conv2d_near_args *args, __global const float *x,
                                   __global const float *dy, __global float *partial,
                                   __local float *near, const int part, const int block,
                                   const int split)
{
    const conv2d_near_args a = *args; /* in registers */
    const share own = find_share(a, GRADIENTS, part, block);
    const int plane = (a.lines + (a.r - 1) * a.dilation_h) * (a.q + (FILTER - 1) * a.dilation_w);
    __local float *const sums = near + CONV2D_NEAR_FLOATS(a.channels, plane, VEC);
    const int vectors = own.blocks * GRADIENTS * (own.channels * a.r * FILTER + 1);
    const int down = (a.p + a.lines - 1) / a.lines;
    const int end = split_begin(a.n * down, a.splits, split + 1);
    clear(vectors * VEC, sums);
    SHORT_LOOP
    for (int i = split_begin(a.n * down, a.splits, split); i < end; i++)
        add_tile(a, &own, i / down, i % down * a.lines, x, dy, near, sums);
    add_lanes(vectors, sums);
    put_sums(a, &own, partial + (uint)(split * a.groups * a.group_k * (a.taps + a.sums)), sums);
}

ALONE __kernel void conv2d_row_backward_weights(const conv2d_near_args a, __global const float *x,
                                                uint x_offset, __global const float *dy,
                                                uint dy_offset, __global float *partial,
                                                uint partial_offset, __local float *near)
{
    backward_weights(&a, x + x_offset, dy + dy_offset, partial + partial_offset, near,
                     (int)get_global_id(0), (int)get_global_id(1), (int)get_global_id(2));
}
#endif
