/*
 * maxpool2d, direct: each window is searched, each input element asks its windows.
 *
 * forward   ROWS 0: work-item -> one element y[n][c][p][q]
 *           ROWS 1: work-item -> one row y[n][c][p][...]
 * backward  ROWS 0: work-item -> one element dx[n][c][row][column]
 *           ROWS 1: work-item -> one row dx[n][c][row][...]
 *
 * ROWS 0 is for GPUs, where neighbours share their loads. ROWS 1 is for CPUs: what the rows of the
 * image have to do with it is decided once per row, and from inner_begin to inner_end, away from the
 * image's edges, VEC columns side by side are computed at a time. The last vector of a row is moved
 * back to end with the row, so that only columns at the edges are left for single elements.
 *
 * Build options. WINDOW: 2 or 3 for such a square window without dilation, 0 for any. STRIDE: the
 * horizontal stride where it is 1, or where it is 2 and the window wider than one column; 0: any.
 *
 * An argmax is compared, never used as an address: one that is no element of its own window
 * contributes nothing.
 */
#include "common.clh"
#include "maxpool2d_args.h"

#ifndef ROWS
#define ROWS 0
#endif
#ifndef WINDOW
#define WINDOW 0
#endif
#ifndef STRIDE
#define STRIDE 0
#endif

#if WINDOW > 0
#define TAPS_H WINDOW
#define TAPS_W WINDOW
#define STEP_H 1
#define STEP_W 1
#else
#define TAPS_H a.r
#define TAPS_W a.s
#define STEP_H a.dilation_h
#define STEP_W a.dilation_w
#endif

/* The first tap at or after 0 on an axis where tap 0 lies at `start`. */
static inline int first_inside(int start, int step)
{
    return start >= 0 ? 0 : (step - 1 - start) / step;
}

/*
 * Searches one window of a plane. It starts from -Inf at its first element in the image; an element
 * takes over unless it is <= the best (so larger ones do, and NaNs) or the best is a NaN already.
 */
static inline void pool_one(const maxpool2d_args a, __global const float *plane, int p, int q,
                            float *value, int *index)
{
    const int top = p * a.stride_h - a.pad_top, left = q * a.stride_w - a.pad_left;
    const int first_row = top + first_inside(top, STEP_H) * STEP_H;
    const int first_column = left + first_inside(left, STEP_W) * STEP_W;
    float best = -INFINITY;
    int at = first_row * a.w + first_column;
    for (int i = 0; i < TAPS_H; i++) {
        const int row = top + i * STEP_H;
        if (row < 0 || row >= a.h)
            continue;
        for (int j = 0; j < TAPS_W; j++) {
            const int column = left + j * STEP_W;
            if (column < 0 || column >= a.w)
                continue;
            const float x = plane[row * a.w + column];
            if (!(x <= best) && !isnan(best)) {
                best = x;
                at = row * a.w + column;
            }
        }
    }
    *value = best;
    *index = at;
}

/* One window's result into row `out` of the outputs. */
static inline void forward_one(const maxpool2d_args a, __global const float *plane,
                               __global float *y, __global int *argmax, int p, int q)
{
    float value;
    int index;
    pool_one(a, plane, p, q, &value, &index);
    y[q] = value;
    if (a.with_argmax)
        argmax[q] = index;
}

#if ROWS
/*
 * LANES: their numbers. EVEN and ODD: every second lane of a, then of b. ZIP_LOW and ZIP_HIGH: the
 * halves of a.s0, b.s0, a.s1, b.s1 and so on. Written out because Oclgrind 21.10 crashes on
 * assignments to v.even and v.odd.
 */
#if VEC == 4
#define LANES ((int4)(0, 1, 2, 3))
#define EVEN(a, b) \
    ((float4)((a).s0, (a).s2, (b).s0, (b).s2))
#define ODD(a, b) \
    ((float4)((a).s1, (a).s3, (b).s1, (b).s3))
#define ZIP_LOW(a, b) \
    ((float4)((a).s0, (b).s0, (a).s1, (b).s1))
#define ZIP_HIGH(a, b) \
    ((float4)((a).s2, (b).s2, (a).s3, (b).s3))
#elif VEC == 8
#define LANES ((int8)(0, 1, 2, 3, 4, 5, 6, 7))
#define EVEN(a, b) \
    ((float8)((a).s0, (a).s2, (a).s4, (a).s6, (b).s0, (b).s2, (b).s4, (b).s6))
#define ODD(a, b) \
    ((float8)((a).s1, (a).s3, (a).s5, (a).s7, (b).s1, (b).s3, (b).s5, (b).s7))
#define ZIP_LOW(a, b) \
    ((float8)((a).s0, (b).s0, (a).s1, (b).s1, (a).s2, (b).s2, (a).s3, (b).s3))
#define ZIP_HIGH(a, b) \
    ((float8)((a).s4, (b).s4, (a).s5, (b).s5, (a).s6, (b).s6, (a).s7, (b).s7))
#else
#define LANES ((int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#define EVEN(a, b) \
    ((float16)((a).s0, (a).s2, (a).s4, (a).s6, (a).s8, (a).sa, (a).sc, (a).se, \
               (b).s0, (b).s2, (b).s4, (b).s6, (b).s8, (b).sa, (b).sc, (b).se))
#define ODD(a, b) \
    ((float16)((a).s1, (a).s3, (a).s5, (a).s7, (a).s9, (a).sb, (a).sd, (a).sf, \
               (b).s1, (b).s3, (b).s5, (b).s7, (b).s9, (b).sb, (b).sd, (b).sf))
#define ZIP_LOW(a, b) \
    ((float16)((a).s0, (b).s0, (a).s1, (b).s1, (a).s2, (b).s2, (a).s3, (b).s3, \
               (a).s4, (b).s4, (a).s5, (b).s5, (a).s6, (b).s6, (a).s7, (b).s7))
#define ZIP_HIGH(a, b) \
    ((float16)((a).s8, (b).s8, (a).s9, (b).s9, (a).sa, (b).sa, (a).sb, (b).sb, \
               (a).sc, (b).sc, (a).sd, (b).sd, (a).se, (b).se, (a).sf, (b).sf))
#endif

/*
 * One tap of VEC windows side by side, that of the left-most at x. With stride 2 every second element
 * from x on is wanted. They are loaded together with the ones after them for the windows' first
 * column, with the ones before them for the others: never with one that lies past the last window.
 */
#if STRIDE == 1
#define LOAD_FIRST(x) VLOAD(x)
#define LOAD_OTHER(x) VLOAD(x)
#elif STRIDE == 2
#define LOAD_FIRST(x) load_even(x)
#define LOAD_OTHER(x) load_odd((x) - 1)
static inline floatV load_even(__global const float *x)
{
    const floatV low = VLOAD(x), high = VLOAD(x + VEC);
    return EVEN(low, high);
}
static inline floatV load_odd(__global const float *x)
{
    const floatV low = VLOAD(x), high = VLOAD(x + VEC);
    return ODD(low, high);
}
#else
#define LOAD_FIRST(x) load_strided((x), a.stride_w)
#define LOAD_OTHER(x) load_strided((x), a.stride_w)
static inline floatV load_strided(__global const float *x, int stride)
{
    float lanes[VEC];
    for (int i = 0; i < VEC; i++)
        lanes[i] = x[i * stride];
    return VLOAD(lanes);
}
#endif

/* Lets VEC elements at `index` take over from the best ones, as in pool_one. */
static inline void challenge(floatV x, intV index, floatV *best, intV *at)
{
    const intV wins = ~(x <= *best) & (*best == *best);
    *best = wins ? x : *best;
    *at = wins ? index : *at;
}

/* pool_one for the VEC windows from column q, all of them within the image's width. */
static inline void forward_vector(const maxpool2d_args a, __global const float *plane,
                                  __global float *y, __global int *argmax, int p, int q)
{
    const int top = p * a.stride_h - a.pad_top, left = q * a.stride_w - a.pad_left;
    const int first_row = top + first_inside(top, STEP_H) * STEP_H;
    const intV lanes = LANES * a.stride_w + left;
    floatV best = -INFINITY;
    intV at = lanes + first_row * a.w;
    for (int i = 0; i < TAPS_H; i++) {
        const int row = top + i * STEP_H;
        if (row < 0 || row >= a.h)
            continue;
        const intV index = lanes + row * a.w;
        __global const float *x = plane + row * a.w + left;
        challenge(LOAD_FIRST(x), index, &best, &at);
        for (int j = 1; j < TAPS_W; j++)
            challenge(LOAD_OTHER(x + j * STEP_W), index + j * STEP_W, &best, &at);
    }
    VSTORE(best, y + q);
    if (a.with_argmax)
        JOIN(vstore, VEC)(at, 0, argmax + q);
}
#endif

__kernel void maxpool2d_direct_forward(const maxpool2d_args a, __global const float *x,
                                       uint x_offset, __global float *y, uint y_offset,
                                       __global int *argmax, uint argmax_offset)
{
    const size_t item = get_global_id(0);
#if ROWS
    const size_t out_row = item;
#else
    const size_t out_row = item / (size_t)a.q;
#endif
    if (out_row >= (size_t)a.planes * (size_t)a.p)
        return;
    const int plane = (int)out_row / a.p, p = (int)out_row - plane * a.p;
    x += x_offset + (size_t)plane * (size_t)(a.h * a.w);
    y += y_offset + out_row * (size_t)a.q;
    argmax += a.with_argmax ? argmax_offset + out_row * (size_t)a.q : 0;
#if ROWS
    int q = 0;
    for (; q < a.inner_begin; q++)
        forward_one(a, x, y, argmax, p, q);
    for (; q < a.inner_end; q += VEC)
        forward_vector(a, x, y, argmax, p, min(q, a.inner_end - VEC));
    for (q = a.inner_end; q < a.q; q++)
        forward_one(a, x, y, argmax, p, q);
#else
    forward_one(a, x, y, argmax, p, (int)(item - out_row * (size_t)a.q));
#endif
}

/* Whether an element at `distance` >= 0 from a window's start is one of its taps. */
static inline int is_tap(int distance, int taps, int step)
{
    return step == 1 ? distance < taps : distance <= (taps - 1) * step && distance % step == 0;
}

/* The first window that may reach the padded position x of an axis, and the last that begins there. */
static inline int first_window(int x, int taps, int step, int stride)
{
    const int before = x - (taps - 1) * step;
    return before <= 0 ? 0 : (before + stride - 1) / stride;
}
static inline int last_window(int x, int stride, int count)
{
    return min(x / stride, count - 1);
}

#if !ROWS || STRIDE > 0
/* dx of one element: dy and argmax begin at its plane, dx at its row. */
static inline void backward_one(const maxpool2d_args a, __global const float *dy,
                                __global const int *argmax, __global float *dx, int row, int column)
{
    const int down = row + a.pad_top, right = column + a.pad_left;
    const int last_p = last_window(down, a.stride_h, a.p);
    const int first_q = first_window(right, TAPS_W, STEP_W, a.stride_w);
    const int last_q = last_window(right, a.stride_w, a.q);
    float sum = a.accumulate ? dx[column] : 0.0f;
    for (int p = first_window(down, TAPS_H, STEP_H, a.stride_h); p <= last_p; p++) {
        if (!is_tap(down - p * a.stride_h, TAPS_H, STEP_H))
            continue;
        for (int q = first_q; q <= last_q; q++)
            if (argmax[p * a.q + q] == row * a.w + column &&
                is_tap(right - q * a.stride_w, TAPS_W, STEP_W))
                sum += dy[p * a.q + q];
    }
    dx[column] = sum;
}
#endif

#if ROWS
/* dx of one row: every window that reaches the row gives its dy to the row's element that it chose. */
static inline void backward_row(const maxpool2d_args a, __global const float *dy,
                                __global const int *argmax, __global float *dx, int row)
{
    const int down = row + a.pad_top;
    const int last_p = last_window(down, a.stride_h, a.p);
    if (!a.accumulate)
        for (int column = 0; column < a.w; column++)
            dx[column] = 0.0f;
    for (int p = first_window(down, TAPS_H, STEP_H, a.stride_h); p <= last_p; p++) {
        if (!is_tap(down - p * a.stride_h, TAPS_H, STEP_H))
            continue;
        for (int q = 0; q < a.q; q++) {
            /* Modulo 2^32, whatever the argmax holds: other rows' elements lie past a.w. */
            const uint column = (uint)argmax[p * a.q + q] - (uint)(row * a.w);
            const int right = (int)column + a.pad_left - q * a.stride_w;
            if (column < (uint)a.w && right >= 0 && is_tap(right, TAPS_W, STEP_W))
                dx[column] += dy[p * a.q + q];
        }
    }
}
#endif

#if ROWS && STRIDE > 0
/*
 * dx of VEC*STRIDE columns of a row. Written as seen from the windows' side: with t counted in steps
 * of the stride, column t*STRIDE + parity - pad_left is tap j of window t - j*STEP_W/STRIDE, for the
 * taps of its parity.
 */
static inline void backward_vector(const maxpool2d_args a, __global const float *dy,
                                   __global const int *argmax, __global float *dx, int row, int t)
{
    const int down = row + a.pad_top, column = t * STRIDE - a.pad_left;
    const int last_p = last_window(down, a.stride_h, a.p);
    const intV index = LANES * STRIDE + (row * a.w + column);
    floatV even = 0.0f, odd = 0.0f;
    for (int p = first_window(down, TAPS_H, STEP_H, a.stride_h); p <= last_p; p++) {
        if (!is_tap(down - p * a.stride_h, TAPS_H, STEP_H))
            continue;
        for (int j = 0; j < TAPS_W; j++) {
            const int at = p * a.q + t - j * STEP_W / STRIDE;
            const floatV gradient = VLOAD(dy + at);
            const intV chosen = JOIN(vload, VEC)(0, argmax + at);
            const int parity = j * STEP_W % STRIDE;
            if (parity == 0)
                even += chosen == index ? gradient : (floatV)(0.0f);
            else
                odd += chosen == index + 1 ? gradient : (floatV)(0.0f);
        }
    }
    dx += column;
#if STRIDE == 1
    (void)odd; /* no tap is */
    VSTORE(a.accumulate ? VLOAD(dx) + even : even, dx);
#else
    const floatV low = ZIP_LOW(even, odd), high = ZIP_HIGH(even, odd);
    VSTORE(a.accumulate ? VLOAD(dx) + low : low, dx);
    VSTORE(a.accumulate ? VLOAD(dx + VEC) + high : high, dx + VEC);
#endif
}

/* dx of one row: vectors away from the edges, single elements to their left and right. Vectors that
 * overlap would add twice, so that accumulating leaves the last ones to single elements. */
static inline void backward_row_vectors(const maxpool2d_args a, __global const float *dy,
                                        __global const int *argmax, __global float *dx, int row)
{
    const int left = a.inner_begin * STRIDE - a.pad_left;
    for (int column = 0; column < left; column++)
        backward_one(a, dy, argmax, dx, row, column);
    int t = a.inner_begin;
    for (; t <= a.inner_end - VEC; t += VEC)
        backward_vector(a, dy, argmax, dx, row, t);
    if (t < a.inner_end && !a.accumulate) {
        backward_vector(a, dy, argmax, dx, row, a.inner_end - VEC);
        t = a.inner_end;
    }
    for (int column = t * STRIDE - a.pad_left; column < a.w; column++)
        backward_one(a, dy, argmax, dx, row, column);
}
#endif

__kernel void maxpool2d_direct_backward(const maxpool2d_args a, __global const float *dy,
                                        uint dy_offset, __global const int *argmax,
                                        uint argmax_offset, __global float *dx, uint dx_offset)
{
    const size_t item = get_global_id(0);
#if ROWS
    const size_t in_row = item;
#else
    const size_t in_row = item / (size_t)a.w;
#endif
    if (in_row >= (size_t)a.planes * (size_t)a.h)
        return;
    const int plane = (int)in_row / a.h, row = (int)in_row - plane * a.h;
    dy += dy_offset + (size_t)plane * (size_t)(a.p * a.q);
    argmax += argmax_offset + (size_t)plane * (size_t)(a.p * a.q);
    dx += dx_offset + in_row * (size_t)a.w;
#if ROWS && STRIDE > 0
    if (a.inner_begin < a.inner_end)
        backward_row_vectors(a, dy, argmax, dx, row);
    else
        backward_row(a, dy, argmax, dx, row);
#elif ROWS
    backward_row(a, dy, argmax, dx, row);
#else
    backward_one(a, dy, argmax, dx, row, (int)(item - in_row * (size_t)a.w));
#endif
}
