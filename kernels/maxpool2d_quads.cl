/*
 * maxpool2d, quads: windows of 2x2 side by side that cover the image to its edges, for CPUs. A row
 * of windows then lies over two rows of the image, and the next one follows in memory without a
 * gap, from plane to plane as well.
 *
 * - forward: work-item i -> rows i*a.rows to (i+1)*a.rows of y and argmax, counted over all planes
 * - backward: work-item i -> the two rows of dx under each of these
 *
 * A vector takes VEC windows; the last one of a row is moved back to end with the row. Of a row
 * that is shorter than a vector the other lanes fall on the rows behind it, which come later and
 * put that right. So a short row is one vector, whatever its length. Where the work-item's part
 * ends within the vector single windows are left, for what is behind it is another's, or nobody's.
 *
 * Forward has the four taps of VEC windows in registers, the largest and its index; backward the
 * gradient, the index and the four results. No window has a tap outside the image, so the first
 * one begins, where direct has -Inf begin, over which its own first tap wins or is the same.
 */
#define WINDOW 2
#define STRIDE 2
#include "common.clh"
#include "maxpool2d_window.clh"
#include "strided.clh"

#ifndef ITEM
#define ITEM 1
#endif
#if ITEM < 1 /* the host makes a.rows of it */
#error "ITEM must be at least 1"
#endif

/* Rows begin to end, of which vectors take those before `whole`: the others are too near the end.
 */
typedef struct part {
    int begin, whole, end;
} part;

static inline part part_of(const maxpool2d_args a, size_t item)
{
    const size_t rows = (size_t)a.planes * (size_t)a.p, begin = min(item * (size_t)a.rows, rows);
    const int end = (int)min(begin + (size_t)a.rows, rows);
    return (part){(int)begin, max((int)begin, end - (VEC - 1) / a.q), end};
}

/* Where the windows of a row begin in their plane, from where those of the row before it do. */
static inline int next_first(const maxpool2d_args a, int first)
{
    return first + 2 * a.w < a.h * a.w ? first + 2 * a.w : 0;
}

/* A vector's first window in its row, for the one that would begin at q. */
static inline int moved_back(const maxpool2d_args a, int q)
{
    return max(min(q, a.q - VEC), 0);
}

/* VEC windows, the first tap of which is x[0], element `first` of its plane. */
static inline void forward_vector(const maxpool2d_args a, __global const float *x,
                                  __global float *y, __global int *argmax, int first)
{
    const floatV top = load_whole(x), top_right = load_whole(x + VEC);
    const floatV bottom = load_whole(x + a.w), bottom_right = load_whole(x + a.w + VEC);
    const intV index = 2 * LANES + first;
    floatV best = EVEN(top, top_right);
    intV at = index;
    challenge(ODD(top, top_right), index + 1, &best, &at);
    challenge(EVEN(bottom, bottom_right), index + a.w, &best, &at);
    challenge(ODD(bottom, bottom_right), index + a.w + 1, &best, &at);
    store_whole(best, y);
    if (a.with_argmax)
        store_whole_int(at, argmax);
}

/* The same of a single window. */
static inline void forward_quad(const maxpool2d_args a, __global const float *x, __global float *y,
                                __global int *argmax, int first)
{
    float best = x[0];
    int at = 0;
    SHORT_LOOP
    for (int i = 1; i < 4; i++) {
        const int here = i / 2 * a.w + i % 2;
        const bool wins = !(x[here] <= best) & !isnan(best);
        best = wins ? x[here] : best;
        at = wins ? here : at;
    }
    *y = best;
    if (a.with_argmax)
        *argmax = first + at;
}

static APART void forward_rows(const maxpool2d_args given, __global const float *x,
                               __global float *y, __global int *argmax, const size_t item)
{
    const maxpool2d_args a = given; /* in registers */
    const part rows = part_of(a, item);
    int first = rows.begin % a.p * 2 * a.w;
    SHORT_LOOP
    for (int row = rows.begin; row < rows.whole; row++) {
        SHORT_LOOP
        for (int q = 0; q < a.q; q += VEC) {
            const int t = moved_back(a, q);
            const size_t at = (size_t)row * (size_t)a.q + (size_t)t;
            forward_vector(a, x + 4 * at - 2 * t, y + at, argmax + at, first + 2 * t);
        }
        first = next_first(a, first);
    }
    SHORT_LOOP
    for (int row = rows.whole; row < rows.end; row++) {
        const size_t at = (size_t)row * (size_t)a.q;
        SHORT_LOOP
        for (int q = 0; q < a.q; q++)
            forward_quad(a, x + 4 * at + 2 * q, y + at + q, argmax + at + q, first + 2 * q);
        first = next_first(a, first);
    }
}

__kernel void maxpool2d_quads_forward(const maxpool2d_args a, __global const float *x,
                                      uint x_offset, __global float *y, uint y_offset,
                                      __global int *argmax, uint argmax_offset)
{
    forward_rows(a, x + x_offset, y + y_offset, argmax + (a.with_argmax ? argmax_offset : 0),
                 get_global_id(0));
}

/* dx of the elements under VEC windows, the first of which is dx[0], element `first` of its plane.
 */
static inline void backward_vector(const maxpool2d_args a, __global const float *dy,
                                   __global const int *argmax, __global float *dx, int first)
{
    const floatV given = load_whole(dy) + 0.0f, none = 0.0f; /* a sum from 0 on has no -0 */
    const intV chosen = load_whole_int(argmax), index = 2 * LANES + first;
    const floatV even = chosen == index ? given : none;
    const floatV odd = chosen == index + 1 ? given : none;
    const floatV lower_even = chosen == index + a.w ? given : none;
    const floatV lower_odd = chosen == index + a.w + 1 ? given : none;
    store_whole(ZIP_LOW(even, odd), dx);
    store_whole(ZIP_HIGH(even, odd), dx + VEC);
    store_whole(ZIP_LOW(lower_even, lower_odd), dx + a.w);
    store_whole(ZIP_HIGH(lower_even, lower_odd), dx + a.w + VEC);
}

/* The same of a single window. */
static inline void backward_quad(const maxpool2d_args a, float dy, int chosen, __global float *dx,
                                 int first)
{
    const float given = dy + 0.0f;
    dx[0] = chosen == first ? given : 0.0f;
    dx[1] = chosen == first + 1 ? given : 0.0f;
    dx[a.w] = chosen == first + a.w ? given : 0.0f;
    dx[a.w + 1] = chosen == first + a.w + 1 ? given : 0.0f;
}

static APART void backward_rows(const maxpool2d_args given, __global const float *dy,
                                __global const int *argmax, __global float *dx, const size_t item)
{
    const maxpool2d_args a = given; /* in registers */
    const part rows = part_of(a, item);
    int first = rows.begin % a.p * 2 * a.w;
    SHORT_LOOP
    for (int row = rows.begin; row < rows.whole; row++) {
        SHORT_LOOP
        for (int q = 0; q < a.q; q += VEC) {
            const int t = moved_back(a, q);
            const size_t at = (size_t)row * (size_t)a.q + (size_t)t;
            backward_vector(a, dy + at, argmax + at, dx + 4 * at - 2 * t, first + 2 * t);
        }
        first = next_first(a, first);
    }
    SHORT_LOOP
    for (int row = rows.whole; row < rows.end; row++) {
        const size_t at = (size_t)row * (size_t)a.q;
        SHORT_LOOP
        for (int q = 0; q < a.q; q++)
            backward_quad(a, dy[at + (size_t)q], argmax[at + (size_t)q], dx + 4 * at + 2 * q,
                          first + 2 * q);
        first = next_first(a, first);
    }
}

__kernel void maxpool2d_quads_backward(const maxpool2d_args a, __global const float *dy,
                                       uint dy_offset, __global const int *argmax,
                                       uint argmax_offset, __global float *dx, uint dx_offset)
{
    backward_rows(a, dy + dy_offset, argmax + argmax_offset, dx + dx_offset, get_global_id(0));
}
