/*
 * col2im, direct. A work-item takes a part of the image's rows (rows.clh). Each element gathers
 * what the windows over it have at the tap that lies on it, windows by rows from the top, their
 * taps from the left.
 *
 * From inner_begin to inner_end, away from the image's edges, VEC*STRIDE columns side by side are
 * computed at a time.
 *
 * STRIDE: the horizontal stride where it is 1 or 2, 0 for any.
 */
#include "common.clh"
#include "im2col_args.h"
#include "rows.clh"

#ifndef STRIDE
#define STRIDE 0
#endif
#if STRIDE > 0
#define STRIDE_W STRIDE
#else
#define STRIDE_W a.stride_w
#endif
#include "strided.clh"

/* The rows of windows with a tap on a row of the image: p from begin to end, those of them for
 * which down - p*stride_h is a tap's distance. */
typedef struct reach {
    int down, begin, end;
} reach;

static inline reach reach_of(const im2col_args a, int row)
{
    const int down = row + a.pad_top, before = down - (a.r - 1) * a.dilation_h;
    const int begin = before <= 0 ? 0 : (before - 1) / a.stride_h + 1;
    return (reach){down, begin, min(down / a.stride_h, a.p - 1) + 1};
}

/* The number of the tap of the windows (p,.) that lies on the row; -1: none does. */
static inline int tap_of(const im2col_args a, reach v, int p)
{
    const int distance = v.down - p * a.stride_h, i = distance / a.dilation_h;
    return i * a.dilation_h == distance ? i : -1;
}

/* Where row (p,.) of the matrix row for tap (i,0) begins, from the plane's first element on. */
static inline size_t line_of(const im2col_args a, int i, int p)
{
    return ((size_t)i * (size_t)a.s * (size_t)a.p + (size_t)p) * (size_t)a.q;
}

static inline float gather_one(const im2col_args a, __global const float *x, reach v, int column)
{
    float sum = 0.0f;
    for (int p = v.begin; p < v.end; p++) {
        const int i = tap_of(a, v, p);
        __global const float *line = x + (i < 0 ? 0 : line_of(a, i, p));
        for (int j = 0; i >= 0 && j < a.s; j++) {
            const int right = column + a.pad_left - j * a.dilation_w, q = right / STRIDE_W;
            if (right >= 0 && q < a.q && q * STRIDE_W == right)
                sum += line[(size_t)j * (size_t)(a.p * a.q) + (size_t)q];
        }
    }
    return sum;
}

/* Columns [begin, end) of a row, one by one. */
static inline void gather_columns(const im2col_args a, __global const float *x, __global float *y,
                                  reach v, int begin, int end)
{
    for (int column = begin; column < end; column++) {
        const float sum = gather_one(a, x, v, column);
        y[column] = a.accumulate ? y[column] + sum : sum;
    }
}

#if STRIDE > 0
/* Adds to y, or overwrites it. */
static inline void put(floatV sum, __global float *y, int accumulate)
{
    VSTORE(accumulate ? VLOAD(y) + sum : sum, y);
}

/*
 * VEC*STRIDE columns, as seen from the windows' side: column t*STRIDE + parity - pad_left is tap j
 * of window t - j*dilation/STRIDE, for the j with that parity of j*dilation.
 */
static inline void gather_vector(const im2col_args a, __global const float *x, __global float *y,
                                 reach v, int t)
{
    floatV even = 0.0f, odd = 0.0f;
    for (int p = v.begin; p < v.end; p++) {
        const int i = tap_of(a, v, p);
        __global const float *line = x + (i < 0 ? 0 : line_of(a, i, p));
        for (int j = 0; i >= 0 && j < a.s; j++) {
            const int distance = j * a.dilation_w;
            const floatV taps = VLOAD(line + (t - distance / STRIDE));
            if (distance % STRIDE == 0)
                even += taps;
            else
                odd += taps;
            line += a.p * a.q;
        }
    }
    y += t * STRIDE - a.pad_left;
#if STRIDE == 1
    (void)odd; /* no tap is */
    put(even, y, a.accumulate);
#else
    put(ZIP_LOW(even, odd), y, a.accumulate);
    put(ZIP_HIGH(even, odd), y + VEC, a.accumulate);
#endif
}
#endif

/* A whole row. Vectors that overlap would add twice, so that accumulating leaves the last ones to
 * single elements. */
static inline void gather_row(const im2col_args a, __global const float *x, __global float *y,
                              reach v)
{
    int column = 0;
#if STRIDE > 0
    if (a.inner_end - a.inner_begin >= VEC) {
        int t = a.inner_begin;
        gather_columns(a, x, y, v, 0, t * STRIDE - a.pad_left);
        for (; t <= a.inner_end - VEC; t += VEC)
            gather_vector(a, x, y, v, t);
        if (t < a.inner_end && !a.accumulate) {
            t = a.inner_end;
            gather_vector(a, x, y, v, t - VEC);
        }
        column = t * STRIDE - a.pad_left;
    }
#endif
    gather_columns(a, x, y, v, column, a.w);
}

__kernel void col2im_direct_forward(const im2col_args a, __global const float *x, uint x_offset,
                                    __global float *y, uint y_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.h, a.w);
    x += x_offset;
    y += y_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.h;
        const reach v = reach_of(a, at - plane * a.h);
        __global const float *from = x + (size_t)plane * (size_t)(a.r * a.s * a.p * a.q);
        __global float *out = y + (size_t)at * (size_t)a.w;
        if (part.end - part.begin == a.w)
            gather_row(a, from, out, v);
        else
            gather_columns(a, from, out, v, part.begin, part.end);
    }
}
