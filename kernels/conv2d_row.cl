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

/* As load_whole and store_whole, of local memory. */
static inline floatV load_near(__local const float *p)
{
    return ((__local const unaligned *)p)->v;
}
static inline void store_near(floatV v, __local float *p)
{
    ((__local unaligned *)p)->v = v;
}

/* The part of one image's result that a work-item has: `lines` rows and `columns` pixels of each
 * phase, from (line, column) on. Its inputs, `rows` by `pitch` a channel, begin at (top, left) of
 * the planes, which may lie outside. */
typedef struct tile {
    int image, line, column;
    int rows, pitch, top, left;
} tile;

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

/* `count` elements to local memory: those from `from` on, of which `rest` may be read, or zeros.
 * Whole vectors are written: what is too much is overwritten by what comes next. */
static inline void bring(__global const float *from, int count, int rest, __local float *to)
{
    SHORT_LOOP
    for (int i = 0; i < count; i += VEC)
        store_near(load_row(from + i, rest - i), to + i);
}

static inline void clear(int count, __local float *to)
{
    SHORT_LOOP
    for (int i = 0; i < count; i += VEC)
        store_near((floatV)(0.0f), to + i);
}

/* The tile's inputs of `channels` planes, with zeros in place of what lies outside of them; `rest`:
 * elements from these planes on to the tensor's end. */
static inline void bring_planes(const conv2d_row_args a, const tile *t, int channels,
                                __global const float *planes, int rest, __local float *near)
{
    const int plane = a.in_h * a.in_w;
    const int before = clamp(-t->left, 0, t->pitch);
    const int end = clamp(a.in_w - t->left, before, t->pitch);
    SHORT_LOOP
    for (int c = 0; c < channels; c++) {
        SHORT_LOOP
        for (int row = 0; row < t->rows; row++, near += t->pitch) {
            const int y = t->top + row, at = c * plane + y * a.in_w + t->left + before;
            if (y < 0 || y >= a.in_h) {
                clear(t->pitch, near);
                continue;
            }
            if (before > 0)
                clear(before, near);
            bring(planes + at, end - before, rest - at, near + before);
            if (end < t->pitch)
                clear(t->pitch - end, near + end);
        }
    }
    clear(VEC, near); /* the last row's last vector reaches there */
}

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
static APART void correlate(const conv2d_row_args a, __global const float *in,
                            __global const float *w, __global const float *bias,
                            __global const float *given, __global float *out, __local float *near,
                            const int item, const int block)
{
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
        bring_planes(a, &t, p.channels, in + c * plane, all - c * plane, near);
#pragma unroll
        for (int k = 0; k < BLOCK; k++) /* past the last one it is computed again, not stored */
            p.weights[k] = w + (c * from_channel + min(k, lanes - 1) * from_lane);
        __local float *sums = near + CONV2D_ROW_NEAR(a.chunk, t.rows * t.pitch, VEC);
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
    correlate(a, in + in_offset, w + w_offset, bias + bias_offset, given + given_offset,
              out + out_offset, near, (int)get_global_id(0), (int)get_global_id(1));
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
