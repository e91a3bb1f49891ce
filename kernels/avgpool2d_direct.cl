/*
 * avgpool2d, direct. A work-item takes a part of the output's rows (rows.clh):
 *
 * forward   y[n][c][p][q]: adds up a window, row by row
 * backward  dx[n][c][row][column]: adds up what the windows over the element give it
 *
 * From inner_begin to inner_end, away from the image's edges, VEC columns side by side are computed
 * at a time.
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
#include "strided.clh"

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
    return extent_of(p * a.stride_h - a.pad_top, TAPS_H, a.h, a.pad_bottom, a.count_include_pad);
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

/* forward_one for the VEC windows from column q, all of them within the image's width. */
static inline floatV forward_vector(const avgpool2d_args a, __global const float *plane,
                                    extent rows, int q)
{
    floatV sum = 0.0f;
    for (int row = rows.begin; row < rows.end; row++) {
        __global const float *x = plane + row * a.w + q * STRIDE_W - a.pad_left;
        sum += LOAD_FIRST(x);
        for (int j = 1; j < TAPS_W; j++)
            sum += LOAD_OTHER(x + j);
    }
    return sum * share(rows.count, TAPS_W);
}

__kernel void avgpool2d_direct_forward(const avgpool2d_args a, __global const float *x,
                                       uint x_offset, __global float *y, uint y_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.p, a.q);
    const bool vectors = part.end - part.begin == a.q && a.inner_end - a.inner_begin >= VEC;
    x += x_offset;
    y += y_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.p;
        const extent rows = rows_of(a, at - plane * a.p);
        __global const float *image = x + (size_t)plane * (size_t)(a.h * a.w);
        __global float *out = y + (size_t)at * (size_t)a.q;
        const int begin = vectors ? a.inner_begin : part.end;
        for (int q = part.begin; q < begin; q++)
            out[q] = forward_one(a, image, rows, q);
        if (!vectors)
            continue;
        for (int q = begin; q < a.inner_end; q += VEC) {
            const int to = min(q, a.inner_end - VEC); /* the last one is moved back */
            VSTORE(forward_vector(a, image, rows, to), out + to);
        }
        for (int q = a.inner_end; q < a.q; q++)
            out[q] = forward_one(a, image, rows, q);
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

/* What one element gets; dy begins at its plane, the windows over its row are [p, p_end). */
static inline float backward_one(const avgpool2d_args a, __global const float *dy, int p, int p_end,
                                 int column)
{
    const int x = column + a.pad_left, q_end = end_window(x, STRIDE_W, a.q);
    float sum = 0.0f;
    for (; p < p_end; p++) {
        const int rows = rows_of(a, p).count;
        for (int q = first_window(x, TAPS_W, STRIDE_W); q < q_end; q++)
            sum += dy[p * a.q + q] * share(rows, columns_of(a, q).count);
    }
    return sum;
}

#if STRIDE > 0
/* Adds to dx, or overwrites it. */
static inline void put(floatV sum, __global float *dx, int accumulate)
{
    VSTORE(accumulate ? VLOAD(dx) + sum : sum, dx);
}

/*
 * What VEC*STRIDE columns get, as seen from the windows' side: column t*STRIDE + parity - pad_left
 * is tap j of window t - j/STRIDE, for the j with that parity.
 */
static inline void backward_vector(const avgpool2d_args a, __global const float *dy,
                                   __global float *dx, int p, int p_end, int t)
{
    floatV even = 0.0f, odd = 0.0f;
    for (; p < p_end; p++) {
        const float part = share(rows_of(a, p).count, TAPS_W);
        for (int j = 0; j < TAPS_W; j++) {
            const floatV gradient = VLOAD(dy + p * a.q + t - j / STRIDE) * part;
            if (j % STRIDE == 0)
                even += gradient;
            else
                odd += gradient;
        }
    }
    dx += t * STRIDE - a.pad_left;
#if STRIDE == 1
    (void)odd; /* no tap is */
    put(even, dx, a.accumulate);
#else
    put(ZIP_LOW(even, odd), dx, a.accumulate);
    put(ZIP_HIGH(even, odd), dx + VEC, a.accumulate);
#endif
}
#endif

/* Columns [begin, end) of a row, one by one. */
static inline void backward_columns(const avgpool2d_args a, __global const float *dy,
                                    __global float *dx, int p, int p_end, int begin, int end)
{
    for (int column = begin; column < end; column++) {
        const float sum = backward_one(a, dy, p, p_end, column);
        dx[column] = a.accumulate ? dx[column] + sum : sum;
    }
}

/* A whole row. Vectors that overlap would add twice, so that accumulating leaves the last ones to
 * single elements. */
static inline void backward_row(const avgpool2d_args a, __global const float *dy,
                                __global float *dx, int p, int p_end)
{
    int column = 0;
#if STRIDE > 0
    if (a.inner_end - a.inner_begin >= VEC) {
        int t = a.inner_begin;
        backward_columns(a, dy, dx, p, p_end, 0, t * STRIDE - a.pad_left);
        for (; t <= a.inner_end - VEC; t += VEC)
            backward_vector(a, dy, dx, p, p_end, t);
        if (t < a.inner_end && !a.accumulate) {
            t = a.inner_end;
            backward_vector(a, dy, dx, p, p_end, t - VEC);
        }
        column = t * STRIDE - a.pad_left;
    }
#endif
    backward_columns(a, dy, dx, p, p_end, column, a.w);
}

__kernel void avgpool2d_direct_backward(const avgpool2d_args a, __global const float *dy,
                                        uint dy_offset, __global float *dx, uint dx_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.h, a.w);
    dy += dy_offset;
    dx += dx_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.h, x = at - plane * a.h + a.pad_top;
        const int p = first_window(x, TAPS_H, a.stride_h), p_end = end_window(x, a.stride_h, a.p);
        __global const float *image = dy + (size_t)plane * (size_t)(a.p * a.q);
        __global float *out = dx + (size_t)at * (size_t)a.w;
        if (part.end - part.begin == a.w)
            backward_row(a, image, out, p, p_end);
        else
            backward_columns(a, image, out, p, p_end, part.begin, part.end);
    }
}
