/*
 * pad2d, direct. A work-item takes a part of the output's rows (rows.clh):
 *
 * forward   y[n][c][p][q]: a row is zeros, or zeros, a row of x, and zeros
 * backward  dx[n][c][row][column]: a row is a part of a row of dy
 */
#include "common.clh"
#include "pad2d_args.h"
#include "rows.clh"

__kernel void pad2d_direct_forward(const pad2d_args a, __global const float *x, uint x_offset,
                                   __global float *y, uint y_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.p, a.q);
    const int left = clamp(a.pad_left, part.begin, part.end);
    const int right = clamp(a.pad_left + a.w, part.begin, part.end);
    x += x_offset;
    y += y_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.p, row = at - plane * a.p - a.pad_top;
        __global float *out = y + (size_t)at * (size_t)a.q;
        if (row < 0 || row >= a.h) {
            fill_row(out, 0.0f, part.begin, part.end);
            continue;
        }
        fill_row(out, 0.0f, part.begin, left);
        copy_row(x + ((size_t)plane * (size_t)a.h + (size_t)row) * (size_t)a.w - a.pad_left, out,
                 left, right);
        fill_row(out, 0.0f, right, part.end);
    }
}

__kernel void pad2d_direct_backward(const pad2d_args a, __global const float *dy, uint dy_offset,
                                    __global float *dx, uint dx_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.h, a.w);
    dy += dy_offset;
    dx += dx_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.h, p = at - plane * a.h + a.pad_top;
        __global const float *from =
            dy + ((size_t)plane * (size_t)a.p + (size_t)p) * (size_t)a.q + a.pad_left;
        __global float *out = dx + (size_t)at * (size_t)a.w;
        if (a.accumulate)
            add_row(from, out, part.begin, part.end);
        else
            copy_row(from, out, part.begin, part.end);
    }
}
