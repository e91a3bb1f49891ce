/*
 * avgpool2d, direct. A work-item takes a part of the output's rows (rows.clh):
 *
 * forward   y[n][c][p][q]: adds up a window, row by row
 * backward  dx[n][c][row][column]: adds up what the windows over the element give it
 *
 * From inner_begin to inner_end, away from the image's edges, VEC columns side by side are computed
 * at a time. Windows of 3x3 around each element have vectors at the edges as well; see `around`.
 *
 * WINDOW: 2 or 3 for such a square window with equal strides, 0 for any. STRIDE: the horizontal
 * stride where it is 1, or where it is 2 and the window wider than one column; 0 for any.
 */
#include "avgpool2d_args.h"
#include "common.clh"
#include "rows.clh"

#ifndef WINDOW
#define WINDOW 0
#endif
#ifndef STRIDE
#define STRIDE 0
#endif
#if WINDOW > 0
#define TAPS_H WINDOW
#define TAPS_W WINDOW
#else
#define TAPS_H a.r
#define TAPS_W a.s
#endif
#if STRIDE > 0
#define STRIDE_W STRIDE
#else
#define STRIDE_W a.stride_w
#endif
#if STRIDE > 0 && WINDOW > 0
#define STRIDE_H STRIDE
#else
#define STRIDE_H a.stride_h
#endif
#include "strided.clh"
#define FAR (1 << 20) /* elements, 4 MiB: more than a cache may still have */

/* One axis of a window: its part of the image, and how many elements the mean is over. */
typedef struct extent {
    int begin, end, count;
} extent;

static inline extent extent_of(int first, int taps, int size, int pad_after, int include)
{
    const int end = first + min(taps, size + pad_after - first);
    extent e = {max(first, 0), min(end, size), end - first};
    if (!include)
        e.count = e.end - e.begin;
    return e;
}
static inline extent rows_of(const avgpool2d_args a, int p)
{
    return extent_of(p * STRIDE_H - a.pad_top, TAPS_H, a.h, a.pad_bottom, a.count_include_pad);
}
static inline extent columns_of(const avgpool2d_args a, int q)
{
    return extent_of(q * STRIDE_W - a.pad_left, TAPS_W, a.w, a.pad_right, a.count_include_pad);
}

static inline float share(int rows, int columns)
{
    return 1.0f / ((float)rows * (float)columns);
}

static inline float forward_one(const avgpool2d_args a, __global const float *plane, extent rows,
                                int q)
{
    const extent columns = columns_of(a, q);
    float sum = 0.0f;
    for (int row = rows.begin; row < rows.end; row++)
        for (int column = columns.begin; column < columns.end; column++)
            sum += plane[row * a.w + column];
    return sum * share(rows.count, columns.count);
}

/*
 * forward_one for BESIDE times VEC windows from column q, as far as vectors go: the last one is
 * moved back to end there. They go down the image together, so that memory is read in long runs,
 * which is what a CPU's prefetchers follow.
 */
#define UNROLLED(k, count) _Pragma("unroll") for (int k = 0; k < count; k++)
#define FORWARD(BESIDE)                                                                            \
    static inline void forward_##BESIDE(const avgpool2d_args a, __global const float *plane,       \
                                        extent rows, int q, __global float *out)                   \
    {                                                                                              \
        const float part = share(rows.count, TAPS_W);                                              \
        floatV sum[BESIDE];                                                                        \
        int at[BESIDE];                                                                            \
        UNROLLED(k, BESIDE)                                                                        \
        {                                                                                          \
            at[k] = min(q + k * VEC, a.inner_end - VEC);                                           \
            sum[k] = (floatV)(0.0f);                                                               \
        }                                                                                          \
        for (int row = rows.begin; row < rows.end; row++)                                          \
            UNROLLED(k, BESIDE)                                                                    \
            {                                                                                      \
                __global const float *x = plane + row * a.w + at[k] * STRIDE_W - a.pad_left;       \
                sum[k] += LOAD_FIRST(x);                                                           \
                UNROLLED(j, TAPS_W - 1) sum[k] += LOAD_OTHER(x + j + 1);                           \
            }                                                                                      \
        UNROLLED(k, BESIDE) store_whole(sum[k] * part, out + at[k]);                               \
    }
FORWARD(1)
FORWARD(2)
FORWARD(4)

/* The columns of a row that vectors are used for. */
static inline void forward_inner(const avgpool2d_args a, __global const float *plane, extent rows,
                                 __global float *out)
{
    int q = a.inner_begin;
    for (; q + 3 * VEC < a.inner_end; q += 4 * VEC)
        forward_4(a, plane, rows, q, out);
    for (; q + VEC < a.inner_end; q += 2 * VEC)
        forward_2(a, plane, rows, q, out);
    if (q < a.inner_end)
        forward_1(a, plane, rows, q, out);
}

/* Columns [begin, end) of a row, one by one. */
static inline void forward_columns(const avgpool2d_args a, __global const float *plane, extent rows,
                                   __global float *out, int begin, int end)
{
    for (int q = begin; q < end; q++)
        out[q] = forward_one(a, plane, rows, q);
}

#if WINDOW == 3 && STRIDE == 1
/*
 * Windows of 3x3 around each element of a row, with a column of padding to either side: a row of
 * the result has the columns of the rows that it is made from, the band. What the band has in one
 * column has a part in three elements, and is added up once; the neighbours' sums are the lanes
 * beside it. No column is left to be taken by itself.
 */
typedef struct band {
    __global const float *from; /* the first of 1 to 3 rows */
    int rows, width;
    float inner, edge; /* what an element counts in a window's mean; in the first and last one's */
} band;

static inline bool is_around(const avgpool2d_args a, const rows_part part)
{
    return part.end - part.begin == a.w && a.q == a.w && a.pad_left == 1 && a.w >= VEC;
}

/* `rows` rows; the windows are means over `count`. */
static inline band band_of(const avgpool2d_args a, __global const float *from, int rows, int count)
{
    return (band){from, rows, a.w, share(count, 3), share(count, columns_of(a, 0).count)};
}

static inline floatV weigh(const band *b, floatV v, int column)
{
    const intV columns = LANES + column;
    const intV at_edge = columns == 0 | columns == b->width - 1;
    return v * (at_edge ? (floatV)(b->edge) : (floatV)(b->inner));
}

/* The sums of VEC columns of the band. */
static inline floatV add_down(const band *b, int column, bool weighed)
{
    __global const float *from = b->from + column;
    floatV sum = load_whole(from);
    if (b->rows >= 2)
        sum += load_whole(from + b->width);
    if (b->rows == 3)
        sum += load_whole(from + 2 * b->width);
    return weighed ? weigh(b, sum, column) : sum;
}

static inline void put_around(const band *b, floatV sum, __global float *to, int column,
                              bool forward)
{
    store_whole(forward ? weigh(b, sum, column) : sum, to + column);
}

/* A row of the result. Forward each window weighs its sum, backward what it gives. The last vector
 * is moved back to end with the row. */
static inline void around(const band *b, __global float *to, bool forward)
{
    const int last = b->width - VEC;
    floatV here = add_down(b, 0, !forward), left = MOVED_UP(floatV, (floatV)(0.0f), here);
    int at = 0;
    for (; at + VEC <= last; at += VEC) {
        const floatV after = add_down(b, at + VEC, !forward);
        put_around(b, left + here + MOVED_DOWN(floatV, here, after), to, at, forward);
        left = MOVED_UP(floatV, here, after);
        here = after;
    }
    if (at < last) {
        put_around(b, left + here + add_down(b, at + 1, !forward), to, at, forward);
        left = add_down(b, last - 1, !forward);
        here = add_down(b, last, !forward);
    }
    put_around(b, left + here + MOVED_DOWN(floatV, here, (floatV)(0.0f)), to, last, forward);
}
#endif

__kernel void avgpool2d_direct_forward(const avgpool2d_args a, __global const float *x,
                                       uint x_offset, __global float *y, uint y_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.p, a.q);
    const bool vectors = part.end - part.begin == a.q && a.inner_end - a.inner_begin >= VEC;
    const size_t all = (size_t)a.planes * (size_t)(a.h * a.w);
    x += x_offset;
    y += y_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.p;
        if (ASKS && vectors && all > FAR)
            ask_ahead(x,
                      (size_t)plane * (size_t)(a.h * a.w) +
                          (size_t)((at - plane * a.p) * STRIDE_H * a.w),
                      STRIDE_H * a.w, all);
        const extent rows = rows_of(a, at - plane * a.p);
        __global const float *image = x + (size_t)plane * (size_t)(a.h * a.w);
        __global float *out = y + (size_t)at * (size_t)a.q;
#if WINDOW == 3 && STRIDE == 1
        if (is_around(a, part)) {
            const int count = rows.end - rows.begin;
            const band b = band_of(a, image + rows.begin * a.w, count, rows.count);
            around(&b, out, true);
            continue;
        }
#endif
        if (vectors) {
            forward_inner(a, image, rows, out);
            forward_columns(a, image, rows, out, 0, a.inner_begin);
            forward_columns(a, image, rows, out, a.inner_end, a.q);
        } else {
            forward_columns(a, image, rows, out, part.begin, part.end);
        }
    }
}

/* The first window that reaches the padded position x of an axis, and one past the last. */
static inline int first_window(int x, int taps, int stride)
{
    return x < taps ? 0 : (x - taps) / stride + 1;
}
static inline int end_window(int x, int stride, int count)
{
    return min(x / stride, count - 1) + 1;
}

/* The windows over a row: [p, p_end), and how many rows each of them is a mean over; 0 where they
 * differ in that. */
typedef struct reach {
    int p, p_end, rows;
} reach;

static inline reach reach_of(const avgpool2d_args a, int row)
{
    const int x = row + a.pad_top;
    reach r = {first_window(x, TAPS_H, STRIDE_H), end_window(x, STRIDE_H, a.p), 0};
    if (r.p < r.p_end)
        r.rows = rows_of(a, r.p).count;
    for (int p = r.p + 1; p < r.p_end; p++)
        r.rows = rows_of(a, p).count == r.rows ? r.rows : 0;
    return r;
}

/* What window q of each of these rows gives to one element; dy begins at its plane. */
static inline float window_share(const avgpool2d_args a, __global const float *dy, reach r, int q)
{
    const int columns = columns_of(a, q).count;
    float sum = 0.0f;
    dy += q;
    if (r.rows > 0) {
        for (int p = r.p; p < r.p_end; p++)
            sum += dy[p * a.q];
        return sum * share(r.rows, columns);
    }
    for (int p = r.p; p < r.p_end; p++)
        sum += dy[p * a.q] * share(rows_of(a, p).count, columns);
    return sum;
}

static inline void put_one(float sum, __global float *dx, int accumulate)
{
    *dx = accumulate ? *dx + sum : sum;
}

/*
 * Columns [begin, end) of a row, taken one by one, and the windows over them where these are few:
 * what share an element has in each of them, if it is a mean over TAPS_H rows.
 */
#define FEW 4
typedef struct edge {
    int begin, end, first;
    bool few;
    float whole[FEW]; /* by the windows from `first` on */
} edge;

static inline edge edge_of(const avgpool2d_args a, int begin, int end)
{
    const int first = first_window(begin + a.pad_left, TAPS_W, STRIDE_W);
    const int last = end_window(end - 1 + a.pad_left, STRIDE_W, a.q);
    edge e = {begin, end, max(min(first, a.q - FEW), 0), false, {0.0f}};
    e.few = begin < end && a.q >= FEW && last - e.first <= FEW;
    for (int i = 0; i < FEW && e.few; i++)
        e.whole[i] = share(TAPS_H, columns_of(a, e.first + i).count);
    return e;
}

static inline void backward_edge(const avgpool2d_args a, __global const float *dy,
                                 __global float *dx, reach r, const edge *e)
{
    float given[FEW]; /* by each of the few windows */
    if (e->few && r.rows == TAPS_H) {
        float4 sum = 0.0f;
        for (int p = r.p; p < r.p_end; p++)
            sum += vload4(0, dy + p * a.q + e->first);
        vstore4(sum * vload4(0, e->whole), 0, given);
    } else if (e->few) {
        for (int i = 0; i < FEW; i++)
            given[i] = window_share(a, dy, r, e->first + i);
    }
    for (int column = e->begin; column < e->end; column++) {
        const int x = column + a.pad_left, q_end = end_window(x, STRIDE_W, a.q);
        float sum = 0.0f;
        for (int q = first_window(x, TAPS_W, STRIDE_W); q < q_end; q++)
            sum += e->few ? given[q - e->first] : window_share(a, dy, r, q);
        put_one(sum, dx + column, a.accumulate);
    }
}

#if STRIDE > 0
/* Adds to dx, or overwrites it. */
static inline void put(floatV sum, __global float *dx, const avgpool2d_args a)
{
    const int large = is_large((size_t)a.planes * (size_t)(a.h * a.w)) && !a.accumulate;
    store_result(a.accumulate ? VLOAD(dx) + sum : sum, dx, large);
}

/* What VEC windows give to the columns with even and odd numbers, as seen from the windows' side:
 * column t*STRIDE + parity - pad_left is tap j of window t - j/STRIDE, for the j with that parity.
 */
typedef struct columns {
    floatV even, odd;
} columns;

static inline void add_windows(__global const float *dy, int taps, columns *c)
{
    UNROLLED(j, taps)
    {
        if (j % STRIDE == 0)
            c->even += VLOAD(dy - j / STRIDE);
        else
            c->odd += VLOAD(dy - j / STRIDE);
    }
}

/* What BESIDE times VEC*STRIDE columns get, windows of as many rows taken together: all of them,
 * but for the image's edges. */
#define BACKWARD(BESIDE)                                                                           \
    static inline void backward_##BESIDE(const avgpool2d_args a, __global const float *dy,         \
                                         __global float *dx, reach r, int t, int t_end)            \
    {                                                                                              \
        columns total[BESIDE];                                                                     \
        int at[BESIDE];                                                                            \
        UNROLLED(k, BESIDE)                                                                        \
        {                                                                                          \
            at[k] = min(t + k * VEC, t_end - VEC);                                                 \
            total[k].even = total[k].odd = (floatV)(0.0f);                                         \
        }                                                                                          \
        for (int first = r.p, end; first < r.p_end; first = end) {                                 \
            const floatV part = share(rows_of(a, first).count, TAPS_W);                            \
            columns sum[BESIDE];                                                                   \
            end = r.rows > 0 ? r.p_end : first + 1;                                                \
            UNROLLED(k, BESIDE) sum[k].even = sum[k].odd = (floatV)(0.0f);                         \
            for (int p = first; p < end; p++)                                                      \
                UNROLLED(k, BESIDE) add_windows(dy + p * a.q + at[k], TAPS_W, &sum[k]);            \
            UNROLLED(k, BESIDE)                                                                    \
            {                                                                                      \
                total[k].even = FMA(sum[k].even, part, total[k].even);                             \
                total[k].odd = FMA(sum[k].odd, part, total[k].odd);                                \
            }                                                                                      \
        }                                                                                          \
        dx -= a.pad_left;                                                                          \
        UNROLLED(k, BESIDE) put_columns(&total[k], dx + at[k] * STRIDE, a);                        \
    }
#if STRIDE == 1
static inline void put_columns(const columns *c, __global float *dx, const avgpool2d_args a)
{
    put(c->even, dx, a);
}
#else
static inline void put_columns(const columns *c, __global float *dx, const avgpool2d_args a)
{
    put(ZIP_LOW(c->even, c->odd), dx, a);
    put(ZIP_HIGH(c->even, c->odd), dx + VEC, a);
}
#endif
BACKWARD(1)
BACKWARD(2)
BACKWARD(4)
#endif

#if STRIDE > 0
/* Where the vectors of a row end. Ones that overlap would add twice, so that accumulating leaves
 * the last columns to single elements. */
static inline int vectors_end(const avgpool2d_args a)
{
    const int width = a.inner_end - a.inner_begin;
    return a.inner_begin + (a.accumulate ? width / VEC * VEC : width);
}

static inline void backward_inner(const avgpool2d_args a, __global const float *dy,
                                  __global float *dx, reach r)
{
    const int end = vectors_end(a);
    int t = a.inner_begin;
    for (; t + 3 * VEC < end; t += 4 * VEC)
        backward_4(a, dy, dx, r, t, end);
    for (; t + VEC < end; t += 2 * VEC)
        backward_2(a, dy, dx, r, t, end);
    if (t < end)
        backward_1(a, dy, dx, r, t, end);
}
#endif

__kernel void avgpool2d_direct_backward(const avgpool2d_args a, __global const float *dy,
                                        uint dy_offset, __global float *dx, uint dx_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.h, a.w);
    int inner = part.end, inner_end = part.end; /* the columns that vectors are used for */
#if STRIDE > 0
    const bool vectors = part.end - part.begin == a.w && a.inner_end - a.inner_begin >= VEC;
    if (vectors) {
        inner = a.inner_begin * STRIDE - a.pad_left;
        inner_end = vectors_end(a) * STRIDE - a.pad_left;
    }
#endif
    const edge edges[2] = {edge_of(a, part.begin, inner), edge_of(a, inner_end, part.end)};
    dy += dy_offset;
    dx += dx_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.h;
        const reach r = reach_of(a, at - plane * a.h);
        __global const float *image = dy + (size_t)plane * (size_t)(a.p * a.q);
        __global float *out = dx + (size_t)at * (size_t)a.w;
#if WINDOW == 3 && STRIDE == 1
        if (is_around(a, part) && r.rows > 0 && !a.accumulate) {
            const band b = band_of(a, image + r.p * a.q, r.p_end - r.p, r.rows);
            around(&b, out, false);
            continue;
        }
#endif
#if STRIDE > 0
        if (vectors)
            backward_inner(a, image, out, r);
#endif
        for (int side = 0; side < 2; side++)
            backward_edge(a, image, out, r, &edges[side]);
    }
}
