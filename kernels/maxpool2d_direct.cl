/*
 * maxpool2d, direct: a work-item for each element. It takes everything, and is right for GPUs,
 * where neighbours share their loads.
 *
 * - forward: work-item -> y[n][c][p][q] and its argmax; it searches a window
 * - backward: work-item -> dx[n][c][row][column]; it asks each window over the element, in
 * row-major order
 */
#include "common.clh"
#include "maxpool2d_window.clh"

__kernel void maxpool2d_direct_forward(const maxpool2d_args a, __global const float *x,
                                       uint x_offset, __global float *y, uint y_offset,
                                       __global int *argmax, uint argmax_offset)
{
    const size_t item = get_global_id(0), row = item / (size_t)a.q;
    if (row >= (size_t)a.planes * (size_t)a.p)
        return;
    const int plane = (int)row / a.p, p = (int)row - plane * a.p;
    x += x_offset + (size_t)plane * (size_t)(a.h * a.w);
    y += y_offset + row * (size_t)a.q;
    argmax += a.with_argmax ? argmax_offset + row * (size_t)a.q : 0;
    forward_one(a, x, y, argmax, p, (int)(item - row * (size_t)a.q));
}

__kernel void maxpool2d_direct_backward(const maxpool2d_args a, __global const float *dy,
                                        uint dy_offset, __global const int *argmax,
                                        uint argmax_offset, __global float *dx, uint dx_offset)
{
    const size_t item = get_global_id(0), in_row = item / (size_t)a.w;
    if (in_row >= (size_t)a.planes * (size_t)a.h)
        return;
    const int plane = (int)in_row / a.h, row = (int)in_row - plane * a.h;
    dy += dy_offset + (size_t)plane * (size_t)(a.p * a.q);
    argmax += argmax_offset + (size_t)plane * (size_t)(a.p * a.q);
    dx += dx_offset + in_row * (size_t)a.w;
    backward_one(a, dy, argmax, dx, row, (int)(item - in_row * (size_t)a.w));
}
