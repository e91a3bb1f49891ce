/*
 * conv2d, depthwise: groups of one input channel. Nothing is shared between channels, so that
 * memory is what counts: every plane is read once, as it lies there, without a padded copy, a list
 * of taps or packed weights.
 *
 * Vectors lie along the rows of the result. Where a row is no shorter than a vector, its last
 * vector is moved back to end with the row; where it is shorter, the vector spills over into the
 * rows after it, which the same work-item writes later. In the planes that are read a vector may
 * reach over a row's ends into the neighbours' elements, which are replaced by zeros. Where that
 * would leave the tensor, in a corner of its first or last plane, single elements are read.
 *
 * correlate         item -> EACH blocks of ROWS rows of the result, vector by vector along them.
 *                   Forward, and backward_data of strides of 1, which is forward of dy with the
 *                   filters turned over. In registers: ROWS sums, the weights and the taps of a row
 *                   that is read, which all sums that it has a part in share
 * spread            item -> EACH blocks of ROWS rows of dx (FILTER 0: EACH rows).
 *                   Backward_data of other strides. STRIDE_W columns side by side meet different
 *                   taps of the same vectors of dy: as many sums, laced into one another
 * backward_weights  item -> all taps of one filter (FILTER 0: one tap), one split of the blocks of
 *                   all images. In registers: the taps' sums, the vectors of dy that a row of x
 *                   meets, its taps
 * backward_bias     item -> one channel, one split of the rows of all images
 * reduce            item -> some elements of dw or db: the splits' sums, in order
 *
 * Rows are found by steps of a pointer, not by indices: a compiler keeps an index that it has to
 * widen to 64 bits for each of the rows, and there are more than it has registers. Corners have
 * functions of their own, so that their loops take no registers either.
 *
 * FILTER: 3 or 5 for such a square filter without dilation, with equal strides that STRIDE tells; 0
 * for any, which goes tap by tap. STRIDE: the horizontal stride where it is 1 or 2, 0 for any.
 */
#include "common.clh"
#define REAL floatV
#include "activation.clh"
#include "conv2d_args.h"

#ifndef FILTER
#define FILTER 0
#endif
#ifndef STRIDE
#define STRIDE 0
#endif
#ifndef ROWS
#define ROWS 4
#endif
#if ROWS < 1
#error "ROWS must be at least 1"
#endif

/* The filter, or the part of it that is worked on at a time: SIDE x SIDE taps. Row i of those
 * that a block reads, IN_STEP apart, is row PART_ROW of the filter for row o of the block, or has
 * no part in it where that is negative or not below SIDE. */
#if FILTER > 0 && STRIDE > 0
#define SIDE FILTER
#define STRIDE_H STRIDE
#define IN_ROWS ((ROWS - 1) * STRIDE + FILTER)
#define IN_STEP 1
#define PART_ROW(i, o) ((i) - (o)*STRIDE)
#else
#define SIDE 1
#define STRIDE_H a.stride_h
#define IN_ROWS ROWS
#define IN_STEP STRIDE_H
#define PART_ROW(i, o) ((i) - (o))
#endif
#if STRIDE > 0
#define STRIDE_W STRIDE
#else
#define STRIDE_W a.stride_w
#endif
#include "strided.clh"

/* How many elements of a row the taps of VEC outputs lie in, as they are loaded. */
#if STRIDE == 2
#define REACH (2 * VEC - 1 + (SIDE > 1 ? SIDE - 1 : 1))
#else
#define REACH ((VEC - 1) * STRIDE_W + SIDE)
#endif

/* VEC outputs by ROWS and the SIDE x SIDE taps that they meet, in the planes that are read. */
typedef struct place {
    int plane;     /* its first element */
    int top, left; /* the first output's first tap, in the plane or beyond it */
    bool corner;   /* vectors would read beyond the tensor */
} place;

static inline place place_of(const conv2d_depthwise_args a, int plane, int top, int left)
{
    const int first = max(top, 0), last = min(top + (IN_ROWS - 1) * IN_STEP, a.in_h - 1);
    const bool within =
        plane + first * a.in_w + left >= 0 && left + REACH <= a.in_size - (plane + last * a.in_w);
    return (place){plane, top, left, !within && first <= last};
}

/* Where tap j of VEC outputs lies within the rows, -1 for yes; in outputs [begin, end) alone. */
static inline intV tap_inside(const conv2d_depthwise_args a, const place at, int j, int begin,
                              int end)
{
    const intV lanes = LANES, column = lanes * STRIDE_W + (at.left + j);
    return (column >= 0) & (column < a.in_w) & (lanes >= begin) & (lanes < end);
}

/* The SIDE taps of VEC outputs in one row. */
static inline void load_taps(const conv2d_depthwise_args a, __global const float *x,
                             const intV *inside, floatV *tap)
{
    (void)a; /* where the stride is known */
    tap[0] = inside[0] ? LOAD_FIRST(x) : (floatV)(0.0f);
#pragma unroll
    for (int j = 1; j < SIDE; j++)
        tap[j] = inside[j] ? LOAD_OTHER(x + j) : (floatV)(0.0f);
}

/* Elements column, column + stride, ... of a row that begins at element `row`; zeros for those
 * beyond its ends. For corners: nothing outside the tensor is read. */
static inline floatV load_within(const conv2d_depthwise_args a, __global const float *in, int row,
                                 int column, int stride)
{
    if (stride == 1 && row + column >= 0 && column + VEC <= a.in_size - row) {
        const intV lanes = LANES, at = lanes + column;
        return ((at >= 0) & (at < a.in_w)) ? VLOAD(in + (row + column)) : (floatV)(0.0f);
    }
    float part[VEC];
    for (int i = 0; i < VEC; i++) {
        const int at = column + i * stride;
        part[i] = at >= 0 && at < a.in_w ? in[row + at] : 0.0f;
    }
    return VLOAD(part);
}

/* ---- forward, and backward_data of strides of 1 ---------------------------------------------- */

/* One filter: tap i of it lies at first[i * step], which goes backwards where it is turned over. */
typedef struct filter {
    __global const float *first;
    int step;
} filter;

/* The part of the filter that begins with `tap`, over one plane. */
static inline void add_taps(const conv2d_depthwise_args a, __global const float *in, const place at,
                            const filter w, int tap, floatV *sum)
{
    __global const float *from = in + (at.plane + at.top * a.in_w + at.left);
    const ptrdiff_t step = IN_STEP * a.in_w;
    intV inside[SIDE];
    floatV weight[SIDE * SIDE];
#pragma unroll
    for (int i = 0; i < SIDE * SIDE; i++)
        weight[i] = (floatV)(w.first[(tap + i) * w.step]);
#pragma unroll
    for (int j = 0; j < SIDE; j++)
        inside[j] = tap_inside(a, at, j, 0, VEC);
#pragma unroll
    for (int i = 0; i < IN_ROWS; i++) {
        floatV value[SIDE];
        if ((uint)(at.top + i * IN_STEP) >= (uint)a.in_h)
            continue;
        load_taps(a, from + i * step, inside, value);
#pragma unroll
        for (int o = 0; o < ROWS; o++) {
            const int r = PART_ROW(i, o);
            if (r < 0 || r >= SIDE)
                continue;
#pragma unroll
            for (int j = 0; j < SIDE; j++)
                sum[o] = FMA(value[j], weight[r * SIDE + j], sum[o]);
        }
    }
}

/*
 * Lanes [begin, end) of v to elements `at` of out. Those before have been written, and stay. Those
 * behind belong to rows that this work-item has yet to write, up to element `limit`.
 */
static inline void put(const conv2d_depthwise_args a, floatV v, __global float *out, int at,
                       int begin, int end, int limit)
{
    if (end == VEC || limit - at >= VEC) {
        if (a.accumulate) {
            const floatV old = VLOAD(out + at);
            const intV lanes = LANES;
            v = ((lanes >= begin) & (lanes < end)) ? old + v : old;
        }
        store_whole(v, out + at);
        return;
    }
    float lanes[VEC];
    VSTORE(v, lanes);
    for (int i = begin; i < end; i++)
        out[at + i] = a.accumulate ? out[at + i] + lanes[i] : lanes[i];
}

/* Where tap (r, s) of ROWS rows from `row` and VEC columns from `column` lies in a plane. */
static inline place tap_place(const conv2d_depthwise_args a, int plane, int row, int column, int r,
                              int s)
{
    return place_of(a, plane, row * STRIDE_H - a.pad_top + r * a.dilation_h,
                    column * STRIDE_W - a.pad_left + s * a.dilation_w);
}

/* Whether any tap of the filter lies in a corner; ROWS by VEC results meet in_channels planes. */
static inline bool any_corner(const conv2d_depthwise_args a, int plane, int row, int column)
{
    const int last = plane + (a.in_channels - 1) * a.in_h * a.in_w;
#if SIDE > 1
    return tap_place(a, plane, row, column, 0, 0).corner ||
           tap_place(a, last, row, column, 0, 0).corner;
#else
    bool any = false;
    for (int r = 0; r < a.r; r++)
        any = any || tap_place(a, plane, row, column, r, 0).corner ||
              tap_place(a, last, row, column, r, a.s - 1).corner;
    return any;
#endif
}

/* The sums of these planes where none of their taps is in a corner ... */
static inline void add_planes(const conv2d_depthwise_args a, __global const float *in, int plane,
                              const filter w, int row, int column, floatV *sum)
{
    for (int i = 0; i < a.in_channels; i++, plane += a.in_h * a.in_w) {
        const filter here = {w.first + i * a.r * a.s, w.step};
#if SIDE > 1
        add_taps(a, in, tap_place(a, plane, row, column, 0, 0), here, 0, sum);
#else
        for (int tap = 0; tap < a.r * a.s; tap++) {
            const int r = tap / a.s, s = tap - r * a.s;
            add_taps(a, in, tap_place(a, plane, row, column, r, s), here, tap, sum);
        }
#endif
    }
}

/* ... and row by row where any is. */
static APART void corner_sums(const conv2d_depthwise_args a, __global const float *in, int plane,
                              const filter w, int row, int column, float *lanes)
{
    const int taps = a.r * a.s, left = column * STRIDE_W - a.pad_left;
    for (int o = 0; o < ROWS; o++) {
        floatV sum = (floatV)(0.0f);
        for (int i = 0; i < a.in_channels; i++)
            for (int r = 0; r < a.r; r++) {
                const int y = (row + o) * STRIDE_H - a.pad_top + r * a.dilation_h;
                const int from = plane + (i * a.in_h + y) * a.in_w;
                for (int s = 0; y >= 0 && y < a.in_h && s < a.s; s++)
                    sum = FMA(load_within(a, in, from, left + s * a.dilation_w, STRIDE_W),
                              (floatV)(w.first[i * taps + (r * a.s + s) * w.step]), sum);
            }
        VSTORE(sum, lanes + o * VEC);
    }
}

/* Bias and activation. */
static inline floatV finish(const conv2d_depthwise_args a, float bias, floatV sum)
{
    return activate(sum + (floatV)(bias), a.activation, a.alpha);
}

/* Whether there are any. */
static inline bool finishes(const conv2d_depthwise_args a)
{
    return a.has_bias || a.activation != ACTIVATION_IDENTITY;
}

/* put for `rows` rows, the first of them at element `at`. */
static inline void put_rows(const conv2d_depthwise_args a, const floatV *sum, __global float *out,
                            int at, int rows, int begin, int end, int limit)
{
    const ptrdiff_t step = a.out_w;
    const bool whole = end == VEC || limit - (at + (rows - 1) * a.out_w) >= VEC;
    if (whole && !a.accumulate) {
#pragma unroll
        for (int o = 0; o < ROWS; o++)
            if (o < rows)
                store_whole(sum[o], out + at + o * step);
        return;
    }
    float lanes[ROWS * VEC];
#pragma unroll
    for (int o = 0; o < ROWS; o++)
        VSTORE(sum[o], lanes + o * VEC);
    for (int o = 0; o < rows; o++)
        put(a, VLOAD(lanes + o * VEC), out, at + o * a.out_w, begin, end, limit);
}

ALONE __kernel void conv2d_depthwise_correlate(const conv2d_depthwise_args a,
                                               __global const float *in, uint in_offset,
                                               __global const float *w, uint w_offset,
                                               __global const float *bias, uint bias_offset,
                                               __global float *out, uint out_offset)
{
    const int blocks = (a.out_h + ROWS - 1) / ROWS, first = (int)get_global_id(0) * a.each;
    const int end = min(first + a.each, a.planes * blocks), last = (end - 1) / blocks;
    const int limit = (last * a.out_h + min((end - last * blocks) * ROWS, a.out_h)) * a.out_w;
    in += in_offset;
    out += out_offset;
    for (int block = first; block < end; block++) {
        const int plane = block / blocks, row = (block - plane * blocks) * ROWS;
        const int channel = plane - plane / a.out_channels * a.out_channels;
        const int from = plane / a.out_group * a.in_channels;
        const float b = a.has_bias ? bias[bias_offset + (uint)channel] : 0.0f;
        const int plane_from = from * a.in_h * a.in_w, taps = a.r * a.s;
        const filter f = {
            w + (w_offset + (uint)(channel * a.in_channels * taps + (a.turned ? taps - 1 : 0))),
            a.turned ? -1 : 1};
        for (int next = 0; next < a.out_w; next += VEC) {
            const int column = max(0, min(next, a.out_w - VEC));
            floatV sum[ROWS];
#pragma unroll
            for (int o = 0; o < ROWS; o++)
                sum[o] = (floatV)(0.0f);
            if (any_corner(a, plane_from, row, column)) {
                float lanes[ROWS * VEC];
                corner_sums(a, in, plane_from, f, row, column, lanes);
#pragma unroll
                for (int o = 0; o < ROWS; o++)
                    sum[o] = VLOAD(lanes + o * VEC);
            } else {
                add_planes(a, in, plane_from, f, row, column, sum);
            }
            if (finishes(a)) {
#pragma unroll
                for (int o = 0; o < ROWS; o++)
                    sum[o] = finish(a, b, sum[o]);
            }
            put_rows(a, sum, out, (plane * a.out_h + row) * a.out_w + column,
                     min(ROWS, a.out_h - row), next - column, min(VEC, a.out_w - column), limit);
        }
    }
}

/* ---- backward_data of other strides ---------------------------------------------------------- */

#if FILTER > 0 && STRIDE == 2
/*
 * A block is PAIRS pairs of rows of dx, from a row on whose windows begin there: row o of it meets
 * row r of the filter where o - r is even, (o - r)/2 rows further down in dy. Columns likewise: tap
 * s meets every second column, and sum[o][s % 2] is that of all columns that s meets.
 */
#define PAIRS ((ROWS + 1) / 2)
#define HALF ((FILTER - 1) / 2)
#define MEETING_ROWS (PAIRS + HALF)

/* VEC pairs of columns by PAIRS pairs of rows. */
typedef struct meeting {
    int plane;     /* of dy, its first element */
    int top;       /* the first row of dy that they meet */
    int column[2]; /* of dy, that tap 0 and tap 1 meet in lane 0 */
} meeting;

static inline int column_of(const meeting at, int s)
{
    return at.column[s % 2] - s / 2;
}

static inline bool meets_corner(const conv2d_depthwise_args a, const meeting at)
{
    const int first = max(at.top, 0), last = min(at.top + MEETING_ROWS - 1, a.in_h - 1);
    const int left = at.column[1] - HALF, right = at.column[0] + VEC;
    return first <= last &&
           (at.plane + first * a.in_w + left < 0 || right > a.in_size - (at.plane + last * a.in_w));
}

static inline void add_meeting(const conv2d_depthwise_args a, __global const float *in,
                               const meeting at, __global const float *w, floatV *sum)
{
    __global const float *row = in + (at.plane + at.top * a.in_w);
    const ptrdiff_t step = a.in_w;
    const intV lanes = LANES;
    intV inside[FILTER];
    floatV weight[FILTER * FILTER];
#pragma unroll
    for (int i = 0; i < FILTER * FILTER; i++)
        weight[i] = (floatV)(w[i]);
#pragma unroll
    for (int s = 0; s < FILTER; s++) {
        const intV column = lanes + column_of(at, s);
        inside[s] = (column >= 0) & (column < a.in_w);
    }
#pragma unroll
    for (int i = 0; i < MEETING_ROWS; i++) {
        floatV value[FILTER];
        if ((uint)(at.top + i) >= (uint)a.in_h)
            continue;
#pragma unroll
        for (int s = 0; s < FILTER; s++)
            value[s] = inside[s] ? VLOAD(row + (i * step + column_of(at, s))) : (floatV)(0.0f);
#pragma unroll
        for (int r = 0; r < FILTER; r++) {
            const int o = 2 * (i - HALF) + r;
            if (o < 0 || o >= 2 * PAIRS)
                continue;
#pragma unroll
            for (int s = 0; s < FILTER; s++)
                sum[2 * o + s % 2] = FMA(value[s], weight[r * FILTER + s], sum[2 * o + s % 2]);
        }
    }
}

/* Adds what `channels` planes of dy give where none of their vectors is in a corner ... */
static inline void add_meetings(const conv2d_depthwise_args a, __global const float *in,
                                const meeting at, __global const float *w, floatV *sum)
{
    for (int i = 0; i < a.in_channels; i++, w += FILTER * FILTER) {
        meeting here = at;
        here.plane += i * a.in_h * a.in_w;
        add_meeting(a, in, here, w, sum);
    }
}

/* ... and where any is. */
static APART void corner_meetings(const conv2d_depthwise_args a, __global const float *in,
                                  const meeting at, __global const float *w, float *lanes)
{
    for (int i = 0; i < 4 * PAIRS; i++) {
        const int o = i / 2, odd = i - 2 * o;
        floatV sum = (floatV)(0.0f);
        for (int channel = 0; channel < a.in_channels; channel++)
            for (int r = o % 2; r < FILTER; r += 2) {
                const int y = at.top + HALF + (o - r) / 2;
                const int row = at.plane + (channel * a.in_h + y) * a.in_w;
                for (int s = odd; y >= 0 && y < a.in_h && s < FILTER; s += 2)
                    sum = FMA(load_within(a, in, row, at.column[odd] - s / 2, 1),
                              (floatV)(w[(channel * FILTER + r) * FILTER + s]), sum);
            }
        VSTORE(sum, lanes + i * VEC);
    }
}

/* Writes a row of dx: `count` columns, those before column `skip` being there already. */
static inline void put_pairs(const conv2d_depthwise_args a, floatV even, floatV odd,
                             __global float *out, int at, int skip, int count, int limit)
{
    const floatV low = ZIP_LOW(even, odd), high = ZIP_HIGH(even, odd);
    put(a, low, out, at, min(skip, VEC), min(count, VEC), limit);
    if (count > VEC)
        put(a, high, out, at + VEC, max(skip - VEC, 0), count - VEC, limit);
}

/* Writes the rows of dx of a block that begins with `row`, which would be at element `at`. */
static inline void put_block(const conv2d_depthwise_args a, const floatV *sum, __global float *out,
                             int at, int row, int skip, int count, int limit)
{
    const bool room = count == 2 * VEC ||
                      (count > VEC ? limit - (at + (2 * PAIRS - 1) * a.out_w) >= 2 * VEC : false);
    if (room && !a.accumulate) {
        const ptrdiff_t step = a.out_w;
#pragma unroll
        for (int o = 0; o < 2 * PAIRS; o++)
            if ((uint)(row + o) < (uint)a.out_h) {
                store_whole(ZIP_LOW(sum[2 * o], sum[2 * o + 1]), out + at + o * step);
                store_whole(ZIP_HIGH(sum[2 * o], sum[2 * o + 1]), out + at + o * step + VEC);
            }
        return;
    }
    float lanes[4 * PAIRS * VEC];
#pragma unroll
    for (int i = 0; i < 4 * PAIRS; i++)
        VSTORE(sum[i], lanes + i * VEC);
    for (int o = 0; o < 2 * PAIRS; o++)
        if (row + o >= 0 && row + o < a.out_h)
            put_pairs(a, VLOAD(lanes + 2 * o * VEC), VLOAD(lanes + (2 * o + 1) * VEC), out,
                      at + o * a.out_w, skip, count, limit);
}

ALONE __kernel void conv2d_depthwise_spread(const conv2d_depthwise_args a, __global const float *in,
                                            uint in_offset, __global const float *w, uint w_offset,
                                            __global const float *bias, uint bias_offset,
                                            __global float *out, uint out_offset)
{
    const int above = a.pad_top % 2, swap = a.pad_left % 2; /* rows before dx in its first block */
    const int blocks = (a.out_h + above + 2 * PAIRS - 1) / (2 * PAIRS);
    const int first = (int)get_global_id(0) * a.each, end = min(first + a.each, a.planes * blocks);
    const int last = (end - 1) / blocks, rows = (end - last * blocks) * 2 * PAIRS - above;
    const int pairs = (a.out_w + 1) / 2;
    /* Only vectors that are alone in their row may spill. */
    const int limit = pairs > VEC ? 0 : (last * a.out_h + min(rows, a.out_h)) * a.out_w;
    in += in_offset;
    out += out_offset;
    for (int block = first; block < end; block++) {
        const int plane = block / blocks, row = (block - plane * blocks) * 2 * PAIRS - above;
        const int channel = plane - plane / a.out_channels * a.out_channels;
        const int filter = channel * a.in_channels;
        const float b = a.has_bias ? bias[bias_offset + (uint)channel] : 0.0f;
        __global const float *from = w + (w_offset + (uint)(filter * FILTER * FILTER));
        for (int next = 0; next < pairs; next += VEC) {
            const int pair = max(0, min(next, pairs - VEC));
            const meeting at = {plane * a.in_channels * a.in_h * a.in_w,
                                (row + a.pad_top) / 2 - HALF,
                                {pair + (a.pad_left + 1) / 2, pair + a.pad_left / 2}};
            meeting end_at = at;
            floatV sum[4 * PAIRS];
            end_at.plane += (a.in_channels - 1) * a.in_h * a.in_w;
            if (meets_corner(a, at) || meets_corner(a, end_at)) {
                float lanes[4 * PAIRS * VEC];
                corner_meetings(a, in, at, from, lanes);
#pragma unroll
                for (int i = 0; i < 4 * PAIRS; i++)
                    sum[i] = VLOAD(lanes + i * VEC);
            } else {
#pragma unroll
                for (int i = 0; i < 4 * PAIRS; i++)
                    sum[i] = (floatV)(0.0f);
                add_meetings(a, in, at, from, sum);
            }
            if (finishes(a)) {
#pragma unroll
                for (int i = 0; i < 4 * PAIRS; i++)
                    sum[i] = finish(a, b, sum[i]);
            }
#pragma unroll
            for (int i = 0; i < 4 * PAIRS; i += 2) {
                const floatV even = sum[i], odd = sum[i + 1];
                sum[i] = swap ? odd : even;
                sum[i + 1] = swap ? even : odd;
            }
            put_block(a, sum, out, (plane * a.out_h + row) * a.out_w + 2 * pair, row,
                      2 * (next - pair), min(2 * VEC, a.out_w - 2 * pair), limit);
        }
    }
}
#else
/* The window that begins `ahead` rows or columns further on, or -1 where none does. */
static inline int window_at(int ahead, int stride, int count)
{
    const int window = ahead / stride;
    return ahead >= 0 && window * stride == ahead && window < count ? window : -1;
}

/*
 * What columns phase, phase + STRIDE_W, ... of row y of one plane get, VEC of them from number
 * `first` on. Of tap s these meet windows side by side, where they meet any.
 */
static inline floatV add_windows(const conv2d_depthwise_args a, __global const float *in, int plane,
                                 __global const float *w, int y, int first, int phase, floatV sum)
{
    for (int r = 0; r < a.r; r++) {
        const int row = window_at(y + a.pad_top - r * a.dilation_h, STRIDE_H, a.in_h);
        for (int s = 0; row >= 0 && s < a.s; s++) {
            const int ahead = phase + a.pad_left - s * a.dilation_w, window = ahead / STRIDE_W;
            if (window * STRIDE_W == ahead)
                sum = FMA(load_within(a, in, plane + row * a.in_w, first + window, 1),
                          (floatV)(w[r * a.s + s]), sum);
        }
    }
    return sum;
}

/* Lanes [begin, VEC) of v to every STRIDE_W'th element of a row that has `width` from out on. */
static inline void put_strided(const conv2d_depthwise_args a, floatV v, __global float *out,
                               int begin, int width)
{
    float lanes[VEC];
    VSTORE(v, lanes);
    for (int i = begin; i < VEC && i * STRIDE_W < width; i++)
        out[i * STRIDE_W] = a.accumulate ? out[i * STRIDE_W] + lanes[i] : lanes[i];
}

ALONE __kernel void conv2d_depthwise_spread(const conv2d_depthwise_args a, __global const float *in,
                                            uint in_offset, __global const float *w, uint w_offset,
                                            __global const float *bias, uint bias_offset,
                                            __global float *out, uint out_offset)
{
    const int first = (int)get_global_id(0) * a.each;
    const int end = min(first + a.each, a.planes * a.out_h);
    const int windows = (a.out_w - 1) / STRIDE_W + 1;
    in += in_offset;
    out += out_offset;
    for (int line = first; line < end; line++) {
        const int plane = line / a.out_h, y = line - plane * a.out_h;
        const int channel = plane - plane / a.out_channels * a.out_channels;
        const float b = a.has_bias ? bias[bias_offset + (uint)channel] : 0.0f;
        for (int next = 0; next < windows; next += VEC) {
            const int window = max(0, min(next, windows - VEC)), column = window * STRIDE_W;
            for (int phase = 0; phase < STRIDE_W && column + phase < a.out_w; phase++) {
                floatV sum = (floatV)(0.0f);
                for (int i = 0; i < a.in_channels; i++)
                    sum = add_windows(
                        a, in, (plane * a.in_channels + i) * a.in_h * a.in_w,
                        w + (w_offset + (uint)((channel * a.in_channels + i) * a.r * a.s)), y,
                        window, phase, sum);
                if (finishes(a))
                    sum = finish(a, b, sum);
                put_strided(a, sum, out + (line * a.out_w + column + phase), next - window,
                            a.out_w - column - phase);
            }
        }
    }
}
#endif

/* ---- backward_weights ------------------------------------------------------------------------ */

/* Lanes [begin, end) of the `rows` first rows of a block of dy. */
typedef struct gradients {
    __global const float *first;
    int rows, begin, end;
} gradients;

/* Adds what they give to the sums of the taps, and their own sum to sum[SIDE * SIDE]. */
static inline void add_products(const conv2d_depthwise_args a, __global const float *x,
                                const place at, const gradients dy, floatV *sum)
{
    __global const float *from = x + (at.plane + at.top * a.in_w + at.left);
    const ptrdiff_t step = IN_STEP * a.in_w, dy_step = a.out_w;
    const intV lanes = LANES, there = (lanes >= dy.begin) & (lanes < dy.end);
    intV inside[SIDE];
    floatV gradient[ROWS];
#pragma unroll
    for (int j = 0; j < SIDE; j++)
        inside[j] = tap_inside(a, at, j, dy.begin, dy.end);
#pragma unroll
    for (int i = 0; i < IN_ROWS; i++) {
        floatV tap[SIDE];
#pragma unroll
        for (int o = 0; o < ROWS; o++) {
            if (PART_ROW(i, o) != 0)
                continue;
            gradient[o] = (floatV)(0.0f);
            if (o < dy.rows)
                gradient[o] = there ? VLOAD(dy.first + o * dy_step) : (floatV)(0.0f);
            sum[SIDE * SIDE] += gradient[o];
        }
        if ((uint)(at.top + i * IN_STEP) >= (uint)a.in_h)
            continue;
        load_taps(a, from + i * step, inside, tap);
#pragma unroll
        for (int o = 0; o < ROWS; o++) {
            const int r = PART_ROW(i, o);
            if (r < 0 || r >= SIDE || o >= dy.rows)
                continue;
#pragma unroll
            for (int j = 0; j < SIDE; j++)
                sum[r * SIDE + j] = FMA(tap[j], gradient[o], sum[r * SIDE + j]);
        }
    }
}

/* The same for a corner. */
static APART void corner_products(const conv2d_depthwise_args a, __global const float *x,
                                  const place at, const gradients dy, float *lanes)
{
    const intV columns = LANES, there = (columns >= dy.begin) & (columns < dy.end);
    float part[VEC];
    for (int i = 0; i < (SIDE * SIDE + 1) * VEC; i++)
        lanes[i] = 0.0f;
    for (int o = 0; o < dy.rows; o++) {
        for (int i = 0; i < VEC; i++)
            part[i] = i >= dy.begin && i < dy.end ? dy.first[o * a.out_w + i] : 0.0f;
        const floatV gradient = VLOAD(part);
        for (int tap = 0; tap <= SIDE * SIDE; tap++) {
            const int r = tap / SIDE, row = at.top + o * STRIDE_H + r;
            floatV met = (floatV)(tap == SIDE * SIDE ? 1.0f : 0.0f);
            if (tap < SIDE * SIDE && row >= 0 && row < a.in_h)
                met =
                    load_within(a, x, at.plane + row * a.in_w, at.left + tap - r * SIDE, STRIDE_W);
            met = there ? met : (floatV)(0.0f); /* an infinity times 0 is none */
            VSTORE(FMA(met, gradient, VLOAD(lanes + tap * VEC)), lanes + tap * VEC);
        }
    }
}

/* The sum of the lanes. */
static inline float total(floatV v)
{
#if VEC == 16
    const float8 eight = (float8)(v.s0, v.s1, v.s2, v.s3, v.s4, v.s5, v.s6, v.s7) +
                         (float8)(v.s8, v.s9, v.sa, v.sb, v.sc, v.sd, v.se, v.sf);
#else
#define eight v
#endif
#if VEC >= 8
    const float4 part = (float4)(eight.s0, eight.s1, eight.s2, eight.s3) +
                        (float4)(eight.s4, eight.s5, eight.s6, eight.s7);
#else
#define part v
#endif
    return (part.s0 + part.s1) + (part.s2 + part.s3);
}

/* Split i of `total` begins here. */
static inline int split_begin(int all, int splits, int i)
{
    return (int)((long)all * i / splits);
}

static inline void put_sum(const conv2d_depthwise_args a, float sum, __global float *place)
{
    *place = a.accumulate ? *place + sum : sum;
}

/* What VEC columns of a block of dy give to the sums; of its plane, `column` comes first, from lane
 * `begin` on. */
static inline void add_block(const conv2d_depthwise_args a, __global const float *x,
                             __global const float *gradient, int plane, int part, int row,
                             int column, int begin, floatV *sum)
{
    const int part_r = part / a.s, part_s = part - part_r * a.s;
    const int dy_at = (plane * a.out_h + row) * a.out_w + column,
              size = a.planes * a.out_h * a.out_w;
    const gradients dy = {gradient + dy_at, min(ROWS, a.out_h - row), begin,
                          min(VEC, a.out_w - column)};
    const place at = place_of(a, plane / a.out_group * a.in_h * a.in_w,
                              row * STRIDE_H + part_r * a.dilation_h - a.pad_top,
                              column * STRIDE_W + part_s * a.dilation_w - a.pad_left);
    if (!at.corner && VEC <= size - (dy_at + (dy.rows - 1) * a.out_w)) {
        add_products(a, x, at, dy, sum);
        return;
    }
    float lanes[(SIDE * SIDE + 1) * VEC];
    corner_products(a, x, at, dy, lanes);
#pragma unroll
    for (int i = 0; i <= SIDE * SIDE; i++)
        sum[i] += VLOAD(lanes + i * VEC);
}

/* Writes dw[split][k][tap] and, where a.sums says so, db[split][k]; splits count from a.each on.
 */
ALONE __kernel void conv2d_depthwise_backward_weights(const conv2d_depthwise_args a,
                                                      __global const float *x, uint x_offset,
                                                      __global const float *gradient,
                                                      uint gradient_offset, __global float *dw,
                                                      uint dw_offset, __global float *db,
                                                      uint db_offset)
{
    const int k = (int)get_global_id(0), split = (int)get_global_id(1);
    const int part = (int)get_global_id(2);
    const int blocks = (a.out_h + ROWS - 1) / ROWS, images = a.planes / a.out_channels;
    const int end = split_begin(images * blocks, a.splits, a.each + split + 1);
    floatV sum[SIDE * SIDE + 1]; /* the last: of dy */
#pragma unroll
    for (int i = 0; i <= SIDE * SIDE; i++)
        sum[i] = (floatV)(0.0f);
    for (int block = split_begin(images * blocks, a.splits, a.each + split); block < end; block++) {
        const int image = block / blocks, row = (block - image * blocks) * ROWS;
        for (int next = 0; next < a.out_w; next += VEC) {
            const int column = max(0, min(next, a.out_w - VEC));
            add_block(a, x + x_offset, gradient + gradient_offset, image * a.out_channels + k, part,
                      row, column, next - column, sum);
        }
    }
    const int filter = split * a.out_channels + k;
    dw += dw_offset + (uint)(filter * a.r * a.s + part);
#pragma unroll
    for (int i = 0; i < SIDE * SIDE; i++)
        put_sum(a, total(sum[i]), dw + i);
    if (a.sums && part == 0)
        put_sum(a, total(sum[SIDE * SIDE]), db + (db_offset + (uint)filter));
}

/* db[split][channel], of planes of out_h x out_w. */
ALONE __kernel void conv2d_depthwise_backward_bias(const conv2d_depthwise_args a,
                                                   __global const float *gradient,
                                                   uint gradient_offset, __global float *db,
                                                   uint db_offset)
{
    const int channel = (int)get_global_id(0), split = (int)get_global_id(1);
    const int lines = a.planes / a.out_channels * a.out_h;
    const int end = split_begin(lines, a.splits, a.each + split + 1);
    floatV sum = (floatV)(0.0f);
    gradient += gradient_offset;
    for (int line = split_begin(lines, a.splits, a.each + split); line < end; line++) {
        const int image = line / a.out_h, row = line - image * a.out_h;
        __global const float *from =
            gradient + ((image * a.out_channels + channel) * a.out_h + row) * a.out_w;
        int i = 0;
        for (; i + VEC <= a.out_w; i += VEC)
            sum += VLOAD(from + i);
        if (i < a.out_w)
            sum += load_part(from + i, a.out_w - i);
    }
    put_sum(a, total(sum), db + (db_offset + (uint)(split * a.out_channels + channel)));
}

/* out[i], the sum over in[split][i]; a.planes of them, a.each for a work-item. */
ALONE __kernel void conv2d_depthwise_reduce(const conv2d_depthwise_args a, __global const float *in,
                                            uint in_offset, __global float *out, uint out_offset)
{
    const int first = (int)get_global_id(0) * a.each, end = min(first + a.each, a.planes);
    for (int i = first; i < end; i++) {
        float sum = 0.0f;
        for (int split = 0; split < a.splits; split++)
            sum += in[in_offset + (uint)(split * a.planes + i)];
        put_sum(a, sum, out + (out_offset + (uint)i));
    }
}
