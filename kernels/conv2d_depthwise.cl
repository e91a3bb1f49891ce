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
 * spread            item -> EACH blocks of ROWS rows of dx (FILTER 0: EACH rows), for other
 * strides. STRIDE_W columns side by side meet different taps of the same vectors of dy: as many
 * sums, laced into one another backward_weights  item -> all taps of one filter (FILTER 0: one
 * tap), one split of the blocks of all images. In registers: the taps' sums, ROWS vectors of dy,
 * taps of a row backward_bias     item -> one channel, one split of the rows of all images reduce
 * item -> some elements of dw or db: the splits' sums, in order
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

#define ALONE __attribute__((reqd_work_group_size(1, 1, 1)))

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

/* ---- forward, and backward_data of strides of 1 ---------------------------------------------- */

static inline void add_taps(const conv2d_depthwise_args a, __global const float *in, const place at,
                            const intV *inside, const floatV *weight, floatV *sum)
{
    const int from = at.plane + at.top * a.in_w + at.left, step = IN_STEP * a.in_w;
#pragma unroll
    for (int i = 0; i < IN_ROWS; i++) {
        floatV tap[SIDE];
        if ((uint)(at.top + i * IN_STEP) >= (uint)a.in_h)
            continue;
        load_taps(a, in + (from + i * step), inside, tap);
#pragma unroll
        for (int o = 0; o < ROWS; o++) {
            const int r = PART_ROW(i, o);
            if (r < 0 || r >= SIDE)
                continue;
#pragma unroll
            for (int j = 0; j < SIDE; j++)
                sum[o] = FMA(tap[j], weight[r * SIDE + j], sum[o]);
        }
    }
}

/* The same for a corner. */
static inline void add_corner(const conv2d_depthwise_args a, __global const float *in,
                              const place at, const float *weight, floatV *sum)
{
    float lanes[ROWS * VEC];
    for (int i = 0; i < ROWS * VEC; i++) {
        const int o = i / VEC, left = at.left + (i - o * VEC) * STRIDE_W;
        float one = 0.0f;
        for (int r = 0; r < SIDE; r++) {
            const int row = at.top + o * STRIDE_H + r;
            for (int j = 0; j < SIDE; j++)
                if (row >= 0 && row < a.in_h && left + j >= 0 && left + j < a.in_w)
                    one = FMA(in[at.plane + row * a.in_w + left + j], weight[r * SIDE + j], one);
        }
        lanes[i] = one;
    }
#pragma unroll
    for (int o = 0; o < ROWS; o++)
        sum[o] += VLOAD(lanes + o * VEC);
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
        VSTORE(v, out + at);
        return;
    }
    float lanes[VEC];
    VSTORE(v, lanes);
    for (int i = begin; i < end; i++)
        out[at + i] = a.accumulate ? out[at + i] + lanes[i] : lanes[i];
}

/* Adds the part of the filter that begins with `tap`. */
static inline void add_part(const conv2d_depthwise_args a, __global const float *in, const place at,
                            __global const float *w, int tap, floatV *sum)
{
    const int last = a.r * a.s - 1;
    float weight[SIDE * SIDE];
    floatV weights[SIDE * SIDE];
    intV inside[SIDE];
#pragma unroll
    for (int i = 0; i < SIDE * SIDE; i++) {
        const float straight = w[tap + i], turned = w[last - tap - i];
        weight[i] = a.turned ? turned : straight;
        weights[i] = (floatV)(weight[i]);
    }
#pragma unroll
    for (int j = 0; j < SIDE; j++)
        inside[j] = tap_inside(a, at, j, 0, VEC);
    if (at.corner)
        add_corner(a, in, at, weight, sum);
    else
        add_taps(a, in, at, inside, weights, sum);
}

/* Adds one plane's part to the sums of ROWS rows from `row` and VEC columns from `column`. */
static inline void add_plane(const conv2d_depthwise_args a, __global const float *in, int plane,
                             __global const float *w, int row, int column, floatV *sum)
{
    const int top = row * STRIDE_H - a.pad_top, left = column * STRIDE_W - a.pad_left;
#if SIDE > 1
    add_part(a, in, place_of(a, plane, top, left), w, 0, sum);
#else
    for (int tap = 0; tap < a.r * a.s; tap++) {
        const int r = tap / a.s, s = tap - r * a.s;
        add_part(a, in, place_of(a, plane, top + r * a.dilation_h, left + s * a.dilation_w), w, tap,
                 sum);
    }
#endif
}

/* Bias and activation for `count` vectors. */
static inline void finish(const conv2d_depthwise_args a, float bias, int count, floatV *sum)
{
    if (!a.has_bias && a.activation == ACTIVATION_IDENTITY)
        return;
#pragma unroll
    for (int o = 0; o < count; o++)
        sum[o] = activate(sum[o] + (floatV)(bias), a.activation, a.alpha);
}

/* put for `rows` rows, the first of them at element `at`. */
static inline void put_rows(const conv2d_depthwise_args a, const floatV *sum, __global float *out,
                            int at, int rows, int begin, int end, int limit)
{
    const bool whole = end == VEC || limit - (at + (rows - 1) * a.out_w) >= VEC;
    if (whole && !a.accumulate) {
#pragma unroll
        for (int o = 0; o < ROWS; o++)
            if (o < rows)
                VSTORE(sum[o], out + (at + o * a.out_w));
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
        for (int next = 0; next < a.out_w; next += VEC) {
            const int column = max(0, min(next, a.out_w - VEC));
            floatV sum[ROWS];
#pragma unroll
            for (int o = 0; o < ROWS; o++)
                sum[o] = (floatV)(0.0f);
            for (int i = 0; i < a.in_channels; i++)
                add_plane(a, in, (from + i) * a.in_h * a.in_w,
                          w + (w_offset + (uint)((channel * a.in_channels + i) * a.r * a.s)), row,
                          column, sum);
            finish(a, b, ROWS, sum);
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
    const int row = at.plane + at.top * a.in_w;
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
            value[s] =
                inside[s] ? VLOAD(in + (row + i * a.in_w + column_of(at, s))) : (floatV)(0.0f);
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

/* The same for a corner. */
static inline void add_meeting_corner(const conv2d_depthwise_args a, __global const float *in,
                                      const meeting at, __global const float *w, floatV *sum)
{
    float lanes[4 * PAIRS * VEC];
    for (int i = 0; i < 4 * PAIRS * VEC; i++) {
        const int vector = i / VEC, lane = i - vector * VEC, o = vector / 2, odd = vector - 2 * o;
        float one = 0.0f;
        for (int r = o % 2; r < FILTER; r += 2)
            for (int s = odd; s < FILTER; s += 2) {
                const int row = at.top + HALF + (o - r) / 2;
                const int column = at.column[odd] - s / 2 + lane;
                if (row >= 0 && row < a.in_h && column >= 0 && column < a.in_w)
                    one = FMA(in[at.plane + row * a.in_w + column], w[r * FILTER + s], one);
            }
        lanes[i] = one;
    }
#pragma unroll
    for (int i = 0; i < 4 * PAIRS; i++)
        sum[i] += VLOAD(lanes + i * VEC);
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
        const float b = a.has_bias ? bias[bias_offset + (uint)channel] : 0.0f;
        for (int next = 0; next < pairs; next += VEC) {
            const int pair = max(0, min(next, pairs - VEC));
            floatV sum[4 * PAIRS];
#pragma unroll
            for (int i = 0; i < 4 * PAIRS; i++)
                sum[i] = (floatV)(0.0f);
            for (int i = 0; i < a.in_channels; i++) {
                const int filter = channel * a.in_channels + i;
                const meeting at = {(plane * a.in_channels + i) * a.in_h * a.in_w,
                                    (row + a.pad_top) / 2 - HALF,
                                    {pair + (a.pad_left + 1) / 2, pair + a.pad_left / 2}};
                __global const float *from = w + (w_offset + (uint)(filter * FILTER * FILTER));
                if (meets_corner(a, at))
                    add_meeting_corner(a, in, at, from, sum);
                else
                    add_meeting(a, in, at, from, sum);
            }
            finish(a, b, 4 * PAIRS, sum);
#pragma unroll
            for (int o = 0; o < 2 * PAIRS; o++)
                if (row + o >= 0 && row + o < a.out_h)
                    put_pairs(a, swap ? sum[2 * o + 1] : sum[2 * o],
                              swap ? sum[2 * o] : sum[2 * o + 1], out,
                              (plane * a.out_h + row + o) * a.out_w + 2 * pair, 2 * (next - pair),
                              min(2 * VEC, a.out_w - 2 * pair), limit);
        }
    }
}
#else
/* VEC elements of a row that begins at element `row`; zeros for those beyond its ends. */
static inline floatV load_within(const conv2d_depthwise_args a, __global const float *in, int row,
                                 int column)
{
    if (row + column >= 0 && column + VEC <= a.in_size - row) {
        const intV lanes = LANES, at = lanes + column;
        return ((at >= 0) & (at < a.in_w)) ? VLOAD(in + (row + column)) : (floatV)(0.0f);
    }
    float part[VEC];
    for (int i = 0; i < VEC; i++)
        part[i] = column + i >= 0 && column + i < a.in_w ? in[row + column + i] : 0.0f;
    return VLOAD(part);
}

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
                sum = FMA(load_within(a, in, plane + row * a.in_w, first + window),
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
                finish(a, b, 1, &sum);
                put_strided(a, sum, out + (line * a.out_w + column + phase), next - window,
                            a.out_w - column - phase);
            }
        }
    }
}
#endif

/* ---- backward_weights ------------------------------------------------------------------------ */

/* Adds to the sums of the taps what `rows` rows of dy give, each with lanes [begin, end). */
static inline void add_products(const conv2d_depthwise_args a, __global const float *x,
                                const place at, const intV *inside, int rows, const floatV *dy,
                                floatV *sum)
{
    const int from = at.plane + at.top * a.in_w + at.left, step = IN_STEP * a.in_w;
#pragma unroll
    for (int i = 0; i < IN_ROWS; i++) {
        floatV tap[SIDE];
        if ((uint)(at.top + i * IN_STEP) >= (uint)a.in_h)
            continue;
        load_taps(a, x + (from + i * step), inside, tap);
#pragma unroll
        for (int o = 0; o < ROWS; o++) {
            const int r = PART_ROW(i, o);
            if (r < 0 || r >= SIDE || o >= rows)
                continue;
#pragma unroll
            for (int j = 0; j < SIDE; j++)
                sum[r * SIDE + j] = FMA(tap[j], dy[o], sum[r * SIDE + j]);
        }
    }
}

/* The same for a corner, one by one; returns what all of dy's elements add up to. */
static inline float add_corner_products(const conv2d_depthwise_args a, __global const float *x,
                                        const place at, __global const float *dy, int rows,
                                        int begin, int end, float *rest)
{
    float bias = 0.0f;
    for (int o = 0; o < rows; o++)
        for (int i = begin; i < end; i++) {
            const float gradient = dy[o * a.out_w + i];
            const int top = at.top + o * STRIDE_H, left = at.left + i * STRIDE_W;
            bias += gradient;
            for (int tap = 0; tap < SIDE * SIDE; tap++) {
                const int row = top + tap / SIDE, column = left + tap % SIDE;
                if (row >= 0 && row < a.in_h && column >= 0 && column < a.in_w)
                    rest[tap] = FMA(x[at.plane + row * a.in_w + column], gradient, rest[tap]);
            }
        }
    return bias;
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

/* Writes dw[split][k][tap] and, where a.sums says so, db[split][k]. */
ALONE __kernel void conv2d_depthwise_backward_weights(const conv2d_depthwise_args a,
                                                      __global const float *x, uint x_offset,
                                                      __global const float *gradient,
                                                      uint gradient_offset, __global float *dw,
                                                      uint dw_offset, __global float *db,
                                                      uint db_offset)
{
    const int k = (int)get_global_id(0), split = (int)get_global_id(1);
    const int part = (int)get_global_id(2), part_r = part / a.s, part_s = part - part_r * a.s;
    const int blocks = (a.out_h + ROWS - 1) / ROWS, images = a.planes / a.out_channels;
    const int end = split_begin(images * blocks, a.splits, split + 1);
    floatV sum[SIDE * SIDE], bias = (floatV)(0.0f);
    float rest[SIDE * SIDE], bias_rest = 0.0f;
#pragma unroll
    for (int i = 0; i < SIDE * SIDE; i++) {
        sum[i] = (floatV)(0.0f);
        rest[i] = 0.0f;
    }
    x += x_offset;
    gradient += gradient_offset;
    for (int block = split_begin(images * blocks, a.splits, split); block < end; block++) {
        const int image = block / blocks, row = (block - image * blocks) * ROWS;
        const int plane = image * a.out_channels + k, rows = min(ROWS, a.out_h - row);
        const int from = plane / a.out_group * a.in_h * a.in_w;
        const int top = row * STRIDE_H + part_r * a.dilation_h - a.pad_top;
        for (int next = 0; next < a.out_w; next += VEC) {
            const int column = max(0, min(next, a.out_w - VEC)), skip = next - column;
            const int live = min(VEC, a.out_w - column);
            const int dy_at = (plane * a.out_h + row) * a.out_w + column;
            const place at =
                place_of(a, from, top, column * STRIDE_W + part_s * a.dilation_w - a.pad_left);
            const int dy_size = a.planes * a.out_h * a.out_w;
            if (at.corner || VEC > dy_size - (dy_at + (rows - 1) * a.out_w)) {
                bias_rest +=
                    add_corner_products(a, x, at, gradient + dy_at, rows, skip, live, rest);
                continue;
            }
            floatV dy[ROWS];
            intV inside[SIDE];
            const intV lanes = LANES, there = (lanes >= skip) & (lanes < live);
#pragma unroll
            for (int o = 0; o < ROWS; o++) {
                dy[o] = (floatV)(0.0f);
                if (o < rows)
                    dy[o] = there ? VLOAD(gradient + (dy_at + o * a.out_w)) : (floatV)(0.0f);
                bias += dy[o];
            }
#pragma unroll
            for (int j = 0; j < SIDE; j++)
                inside[j] = tap_inside(a, at, j, skip, live);
            add_products(a, x, at, inside, rows, dy, sum);
        }
    }
    const int filter = split * a.out_channels + k;
    dw += dw_offset + (uint)(filter * a.r * a.s + part);
#pragma unroll
    for (int i = 0; i < SIDE * SIDE; i++)
        put_sum(a, total(sum[i]) + rest[i], dw + i);
    if (a.sums && part == 0)
        put_sum(a, total(bias) + bias_rest, db + (db_offset + (uint)filter));
}

/* db[split][channel], of planes of out_h x out_w. */
ALONE __kernel void conv2d_depthwise_backward_bias(const conv2d_depthwise_args a,
                                                   __global const float *gradient,
                                                   uint gradient_offset, __global float *db,
                                                   uint db_offset)
{
    const int channel = (int)get_global_id(0), split = (int)get_global_id(1);
    const int lines = a.planes / a.out_channels * a.out_h;
    const int end = split_begin(lines, a.splits, split + 1);
    floatV sum = (floatV)(0.0f);
    gradient += gradient_offset;
    for (int line = split_begin(lines, a.splits, split); line < end; line++) {
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
