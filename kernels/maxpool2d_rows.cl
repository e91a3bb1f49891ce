/*
 * maxpool2d, rows: the same as direct with a work-item for ITEM rows, which is right for CPUs.
 *
 * - forward: work-item i -> rows i*ITEM to (i+1)*ITEM of y and argmax, counted over all planes
 * - backward: work-item i -> rows i*ITEM to (i+1)*ITEM of dx
 *
 * What the rows of the image have to do with it is decided once per row. From inner_begin to
 * inner_end, away from the image's edges, VEC columns side by side are computed at a time. The last
 * vector of a row is moved back to end with the row, so that only columns at the edges are left for
 * single elements. These cost as much as some vectors do: the windows that most networks overlap
 * (OVERHANG) have vectors at the left edge as well, and single elements have no branches.
 *
 * Forward has four vectors of largest elements and their indices in registers, and a row's taps.
 */
#include "common.clh"
#include "maxpool2d_window.clh"
#include "strided.clh"
#define FAR (1 << 20) /* elements, 4 MiB: more than a cache may still have */

#ifndef ITEM
#define ITEM 1
#endif
#if ITEM < 1
#error "ITEM must be at least 1"
#endif

/* Windows three columns wide over a stride of 2 share every second column with a neighbour. Vectors
 * then begin at the second taps of windows, the first ones of which may lie outside the image. */
#if WINDOW == 3 && STRIDE == 2
#define OVERHANG 1
#else
#define OVERHANG 0
#endif

/* VEC windows side by side, all of them within the image's width (but for the first column of
 * windows that OVERHANG): the first one's column, and the best so far. */
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
#if OVERHANG
    /* The first taps are the third ones of the windows before: two loads a row, not four, and none
     * from outside the image. */
    const floatV low = load_whole(x + 1), high = load_whole(x + 1 + VEC);
    const floatV second = EVEN(low, high), third = ODD(low, high);
    const float corner = x[left < 0 ? 1 : 0];
    challenge(MOVED_UP(floatV, (floatV)(left < 0 ? -INFINITY : corner), third), index, &w->best,
              &w->at);
    challenge(second, index + 1, &w->best, &w->at);
    challenge(third, index + 2, &w->best, &w->at);
#else
    challenge(LOAD_FIRST(x), index, &w->best, &w->at);
#pragma unroll
    for (int j = 1; j < TAPS_W; j++)
        challenge(LOAD_OTHER(x + j * STEP_W), index + j * STEP_W, &w->best, &w->at);
#endif
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
            w[k].at =                                                                              \
                max(LANES * STRIDE_W + (start + w[k].q * STRIDE_W), (intV)(start + a.pad_left));   \
        }                                                                                          \
        for (int i = taps.first; i < taps.end; i++) {                                              \
            const int first = (top + i * STEP_H) * a.w;                                            \
            UNROLLED(k, BESIDE) challenge_row(a, plane + first, first, &w[k]);                     \
        }                                                                                          \
        UNROLLED(k, BESIDE)                                                                        \
        {                                                                                          \
            store_whole(w[k].best, y + w[k].q);                                                    \
            if (a.with_argmax)                                                                     \
                store_whole_int(w[k].at, argmax + w[k].q);                                         \
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
    const size_t all = (size_t)a.planes * (size_t)(a.h * a.w);
    for (int row = (int)first; row < end; row++) {
        int q = a.inner_begin;
        if (ASKS && all > FAR)
            ask_ahead(x, (size_t)(p * STRIDE_H * a.w), STRIDE_H * a.w,
                      all - (size_t)plane * (size_t)(a.h * a.w));
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
            plane++;
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
#if OVERHANG
/*
 * dx of VEC*2 columns of a row: column 2t + 1 - pad_left is the second tap of window t, and the
 * next one its third and the first of window t + 1.
 */
static inline void add_windows(const maxpool2d_args a, __global const float *dy,
                               __global const int *argmax, int p, int t, intV index, floatV *even,
                               floatV *odd)
{
    const bool more = t + VEC < a.q;
    const int at = p * a.q + t, beyond = at + (more ? VEC : 0);
    const floatV gradient = load_whole(dy + at);
    const intV chosen = load_whole_int(argmax + at);
    const intV next_chosen = MOVED_DOWN(intV, chosen, (intV)(more ? argmax[beyond] : -1));
    const floatV next_gradient = MOVED_DOWN(floatV, gradient, (floatV)(dy[beyond]));
    *even += chosen == index ? gradient : (floatV)(0.0f);
    *odd += chosen == index + 1 ? gradient : (floatV)(0.0f);
    *odd += next_chosen == index + 1 ? next_gradient : (floatV)(0.0f);
}

#else
/*
 * Of any other window: column t*STRIDE + parity - pad_left is tap j of window
 * t - j*STEP_W/STRIDE, for the taps of its parity.
 */
static inline void add_windows(const maxpool2d_args a, __global const float *dy,
                               __global const int *argmax, int p, int t, intV index, floatV *even,
                               floatV *odd)
{
    for (int j = 0; j < TAPS_W; j++) {
        const int at = p * a.q + t - j * STEP_W / STRIDE;
        const floatV gradient = VLOAD(dy + at);
        const intV chosen = JOIN(vload, VEC)(0, argmax + at);
        const int parity = j * STEP_W % STRIDE;
        if (parity == 0)
            *even += chosen == index ? gradient : (floatV)(0.0f);
        else
            *odd += chosen == index + 1 ? gradient : (floatV)(0.0f);
    }
}
#endif

/* dx of VEC*STRIDE columns of a row, t counted in steps of the stride. */
static inline void backward_vector(const maxpool2d_args a, __global const float *dy,
                                   __global const int *argmax, __global float *dx, int row, int t)
{
    const int down = row + a.pad_top, column = t * STRIDE + OVERHANG - a.pad_left;
    const int last_p = last_window(down, STRIDE_H, a.p);
    const intV index = LANES * STRIDE + (row * a.w + column);
    floatV even = 0.0f, odd = 0.0f;
    for (int p = first_window(down, TAPS_H, STEP_H, STRIDE_H); p <= last_p; p++)
        if (is_tap(down - p * STRIDE_H, TAPS_H, STEP_H))
            add_windows(a, dy, argmax, p, t, index, &even, &odd);
    const int large = is_large((size_t)a.planes * (size_t)(a.h * a.w)) && !a.accumulate;
    dx += column;
#if STRIDE == 1
    (void)odd; /* no tap is */
    store_result(a.accumulate ? VLOAD(dx) + even : even, dx, large);
#else
    const floatV low = ZIP_LOW(even, odd), high = ZIP_HIGH(even, odd);
    store_result(a.accumulate ? VLOAD(dx) + low : low, dx, large);
    store_result(a.accumulate ? VLOAD(dx + VEC) + high : high, dx + VEC, large);
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
    const int left = inner > 0 ? a.inner_begin * STRIDE + OVERHANG - a.pad_left : 0;
    const int right = inner > 0 ? end * STRIDE + OVERHANG - a.pad_left : 0;
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
