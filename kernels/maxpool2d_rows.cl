/*
 * maxpool2d, rows: the same as direct with a work-item for ITEM rows, which is right for CPUs.
 *
 * - forward: work-item i -> rows i*ITEM to (i+1)*ITEM of y and argmax, counted over all planes
 * - backward: work-item i -> rows i*ITEM to (i+1)*ITEM of dx
 *
 * What the rows of the image have to do with it is decided once per row. From inner_begin to
 * inner_end, away from the image's edges, VEC columns side by side are computed at a time. The last
 * vector of a row is moved back to end with the row, so that only columns at the edges are left for
 * single elements.
 */
#include "common.clh"
#include "maxpool2d_window.clh"
#include "strided.clh"

#ifndef ITEM
#define ITEM 1
#endif
#if ITEM < 1
#error "ITEM must be at least 1"
#endif

/* Lets VEC elements at `index` take over from the best ones, as in pool_one. */
static inline void challenge(floatV x, intV index, floatV *best, intV *at)
{
    const intV wins = ~(x <= *best) & (*best == *best);
    *best = wins ? x : *best;
    *at = wins ? index : *at;
}

/* The taps of a window that begins in row `top` which lie in the image: from first to end. */
typedef struct tap_range {
    int first, end;
} tap_range;

static inline tap_range taps_inside(int top, int taps, int step, int height)
{
    const int last = step == 1 ? height - top : (height - top + step - 1) / step;
    return (tap_range){first_inside(top, step), min(taps, last)};
}

/* VEC windows side by side, all of them within the image's width: the first one's column, and the
 * best so far. */
typedef struct windows {
    int q;
    floatV best;
    intV at;
} windows;

/* One row of the image, which begins at x and whose first element is `first`. */
static inline void challenge_row(const maxpool2d_args a, __global const float *x, int first,
                                 windows *w)
{
    const int left = w->q * STRIDE_W - a.pad_left;
    const intV index = LANES * STRIDE_W + (first + left);
    x += left;
    challenge(LOAD_FIRST(x), index, &w->best, &w->at);
#pragma unroll
    for (int j = 1; j < TAPS_W; j++)
        challenge(LOAD_OTHER(x + j * STEP_W), index + j * STEP_W, &w->best, &w->at);
}

/*
 * pool_one for BESIDE times VEC windows from column q, as far as vectors go: the last one is moved
 * back to end there. They go down the image together, so that memory is read in long runs, which
 * is what a CPU's prefetchers follow: with one vector at a time the same takes twice as long.
 */
#define FORWARD(BESIDE)                                                                            \
    static inline void forward_##BESIDE(const maxpool2d_args a, __global const float *plane,       \
                                        __global float *y, __global int *argmax, int p, int q)     \
    {                                                                                              \
        const int top = p * STRIDE_H - a.pad_top;                                                  \
        const tap_range taps = taps_inside(top, TAPS_H, STEP_H, a.h);                              \
        const int start = (top + taps.first * STEP_H) * a.w - a.pad_left;                          \
        windows w[BESIDE];                                                                         \
        UNROLLED(k, BESIDE)                                                                        \
        {                                                                                          \
            w[k].q = min(q + k * VEC, a.inner_end - VEC);                                          \
            w[k].best = -INFINITY;                                                                 \
            w[k].at = LANES * STRIDE_W + (start + w[k].q * STRIDE_W);                              \
        }                                                                                          \
        for (int i = taps.first; i < taps.end; i++) {                                              \
            const int first = (top + i * STEP_H) * a.w;                                            \
            UNROLLED(k, BESIDE) challenge_row(a, plane + first, first, &w[k]);                     \
        }                                                                                          \
        UNROLLED(k, BESIDE)                                                                        \
        {                                                                                          \
            VSTORE(w[k].best, y + w[k].q);                                                         \
            if (a.with_argmax)                                                                     \
                JOIN(vstore, VEC)(w[k].at, 0, argmax + w[k].q);                                    \
        }                                                                                          \
    }
#define UNROLLED(k, count) _Pragma("unroll") for (int k = 0; k < count; k++)
FORWARD(2)
FORWARD(4)

/* Columns where vectors end are left out: to their left, then to their right. */
#define EDGES(column, left, right, end)                                                            \
    for (int column = (left) > 0 ? 0 : (right); column < (end);                                    \
         column = column + 1 == (left) ? (right) : column + 1)

/* Some rows. A single vector that is left over is done twice: a third copy of the loops is not
 * worth its compilation. */
static APART void forward_rows(const maxpool2d_args given, __global const float *x,
                               __global float *y, __global int *argmax, const size_t first)
{
    const maxpool2d_args a = given; /* in registers */
    const size_t rows = (size_t)a.planes * (size_t)a.p;
    if (first >= rows)
        return;
    const int end = (int)min(first + ITEM, rows);
    int plane = (int)first / a.p, p = (int)first - plane * a.p;
    x += (size_t)plane * (size_t)(a.h * a.w);
    y += first * (size_t)a.q;
    argmax += a.with_argmax ? first * (size_t)a.q : 0;
    for (int row = (int)first; row < end; row++) {
        int q = a.inner_begin;
        for (; q + 3 * VEC < a.inner_end; q += 4 * VEC)
            forward_4(a, x, y, argmax, p, q);
        SHORT_LOOP
        for (; q < a.inner_end; q += 2 * VEC)
            forward_2(a, x, y, argmax, p, q);
        SHORT_LOOP
        EDGES(edge, a.inner_begin, a.inner_end, a.q)
        forward_one(a, x, y, argmax, p, edge);
        y += a.q;
        argmax += a.with_argmax ? a.q : 0;
        if (++p == a.p) {
            p = 0;
            x += a.h * a.w;
        }
    }
}

__kernel void maxpool2d_rows_forward(const maxpool2d_args a, __global const float *x, uint x_offset,
                                     __global float *y, uint y_offset, __global int *argmax,
                                     uint argmax_offset)
{
    forward_rows(a, x + x_offset, y + y_offset, argmax + (a.with_argmax ? argmax_offset : 0),
                 get_global_id(0) * ITEM);
}

#if STRIDE == 0
/* dx of one row: every window that reaches the row gives its dy to the row's element that it chose.
 */
static inline void backward_row(const maxpool2d_args a, __global const float *dy,
                                __global const int *argmax, __global float *dx, int row)
{
    const int down = row + a.pad_top;
    const int last_p = last_window(down, STRIDE_H, a.p);
    if (!a.accumulate)
        for (int column = 0; column < a.w; column++)
            dx[column] = 0.0f;
    for (int p = first_window(down, TAPS_H, STEP_H, STRIDE_H); p <= last_p; p++) {
        if (!is_tap(down - p * STRIDE_H, TAPS_H, STEP_H))
            continue;
        for (int q = 0; q < a.q; q++) {
            /* Modulo 2^32, whatever the argmax holds: other rows' elements lie past a.w. */
            const uint column = (uint)argmax[p * a.q + q] - (uint)(row * a.w);
            const int right = (int)column + a.pad_left - q * STRIDE_W;
            if (column < (uint)a.w && right >= 0 && is_tap(right, TAPS_W, STEP_W))
                dx[column] += dy[p * a.q + q];
        }
    }
}

#else
/*
 * dx of VEC*STRIDE columns of a row. Written as seen from the windows' side: with t counted in
 * steps of the stride, column t*STRIDE + parity - pad_left is tap j of window t - j*STEP_W/STRIDE,
 * for the taps of its parity.
 */
static inline void backward_vector(const maxpool2d_args a, __global const float *dy,
                                   __global const int *argmax, __global float *dx, int row, int t)
{
    const int down = row + a.pad_top, column = t * STRIDE - a.pad_left;
    const int last_p = last_window(down, STRIDE_H, a.p);
    const intV index = LANES * STRIDE + (row * a.w + column);
    floatV even = 0.0f, odd = 0.0f;
    for (int p = first_window(down, TAPS_H, STEP_H, STRIDE_H); p <= last_p; p++) {
        if (!is_tap(down - p * STRIDE_H, TAPS_H, STEP_H))
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
static inline void backward_row(const maxpool2d_args a, __global const float *dy,
                                __global const int *argmax, __global float *dx, int row)
{
    const int inner = a.inner_end - a.inner_begin;
    const int end = a.accumulate ? a.inner_begin + inner / VEC * VEC : a.inner_end;
    SHORT_LOOP
    for (int t = a.inner_begin; t < end; t += VEC)
        backward_vector(a, dy, argmax, dx, row, min(t, a.inner_end - VEC));
    const int left = inner > 0 ? a.inner_begin * STRIDE - a.pad_left : 0;
    const int right = inner > 0 ? end * STRIDE - a.pad_left : 0;
    SHORT_LOOP
    EDGES(column, left, right, a.w)
    backward_one(a, dy, argmax, dx, row, column);
}
#endif

static APART void backward_rows(const maxpool2d_args given, __global const float *dy,
                                __global const int *argmax, __global float *dx, const size_t first)
{
    const maxpool2d_args a = given; /* in registers */
    const size_t rows = (size_t)a.planes * (size_t)a.h;
    if (first >= rows)
        return;
    const int end = (int)min(first + ITEM, rows);
    int plane = (int)first / a.h, row = (int)first - plane * a.h;
    dy += (size_t)plane * (size_t)(a.p * a.q);
    argmax += (size_t)plane * (size_t)(a.p * a.q);
    dx += first * (size_t)a.w;
    for (int i = (int)first; i < end; i++) {
        backward_row(a, dy, argmax, dx, row);
        dx += a.w;
        if (++row == a.h) {
            row = 0;
            dy += a.p * a.q;
            argmax += a.p * a.q;
        }
    }
}

__kernel void maxpool2d_rows_backward(const maxpool2d_args a, __global const float *dy,
                                      uint dy_offset, __global const int *argmax,
                                      uint argmax_offset, __global float *dx, uint dx_offset)
{
    backward_rows(a, dy + dy_offset, argmax + argmax_offset, dx + dx_offset,
                  get_global_id(0) * ITEM);
}
