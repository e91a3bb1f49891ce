/*
 * im2col, direct. A work-item takes a part of the matrix's rows, cut into pieces of one row of
 * windows each (rows.clh): row ((plane*r + i)*s + j)*P + p has tap (i,j) of the windows (p,0) to
 * (p,Q-1), which are elements of one row of the image, with zeros before and after.
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

/* The first q at which tap j reaches column `column` of the image or one after it. */
static inline int first_q(const im2col_args a, int column, int j)
{
    const int x = column + a.pad_left - j * a.dilation_w;
    return x <= 0 ? 0 : min((x - 1) / STRIDE_W + 1, a.q);
}

/* Elements [begin, end) of y from every stride-th element of x; x[0] belongs to y[0], and x_end
 * is the number of elements up to the end of its row. */
static inline void pick_row(__global const float *x, int stride, int x_end, __global float *y,
                            int begin, int end)
{
    int q = begin;
#if STRIDE == 2
    for (; q + VEC <= end && (q + VEC) * 2 <= x_end; q += VEC)
        VSTORE(load_even(x + q * 2), y + q);
#else
    (void)x_end;
#endif
    for (; q < end; q++)
        y[q] = x[q * stride];
}

__kernel void im2col_direct_forward(const im2col_args a, __global const float *x, uint x_offset,
                                    __global float *y, uint y_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.r * a.s * a.p, a.q);
    x += x_offset;
    y += y_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int tap = at / a.p, p = at - tap * a.p, line = tap / a.s, j = tap - line * a.s;
        const int plane = line / a.r, i = line - plane * a.r;
        const int row = p * a.stride_h + i * a.dilation_h - a.pad_top;
        __global float *out = y + (size_t)at * (size_t)a.q;
        if (row < 0 || row >= a.h) {
            fill_row(out, 0.0f, part.begin, part.end);
            continue;
        }
        const int begin = clamp(first_q(a, 0, j), part.begin, part.end);
        const int end = clamp(first_q(a, a.w, j), part.begin, part.end);
        const int left = j * a.dilation_w - a.pad_left; /* the column of q = 0; may be < 0 */
        __global const float *line_of =
            x + ((size_t)plane * (size_t)a.h + (size_t)row) * (size_t)a.w;
        fill_row(out, 0.0f, part.begin, begin);
#if STRIDE == 1
        copy_row(line_of + left, out, begin, end);
#else
        pick_row(line_of + left, STRIDE_W, a.w - left, out, begin, end);
#endif
        fill_row(out, 0.0f, end, part.end);
    }
}
