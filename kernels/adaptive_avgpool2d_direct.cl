/*
 * adaptive_avgpool2d, direct: any size to any size. A work-item takes a part of the output's rows
 * (rows.clh):
 *
 * forward   y[n][c][i][j]: adds up a window, row by row
 * backward  dx[n][c][row][column]: adds up what the windows over the element give it
 *
 * Window i of an axis begins at floor(i*size/count) and ends at ceil((i+1)*size/count); element x
 * lies in the windows from floor(x*count/size) to ceil((x+1)*count/size) - 1: the same with the two
 * numbers in each other's place.
 */
#include "adaptive_avgpool2d_args.h"
#include "common.clh"
#include "rows.clh"

typedef struct extent {
    int begin, end;
} extent;

static inline extent extent_of(int i, int size, int count)
{
    const long begin = (long)i * size, end = begin + size;
    return (extent){(int)(begin / count), (int)((end + count - 1) / count)};
}

static inline float share(int rows, int columns)
{
    return 1.0f / ((float)rows * (float)columns);
}

__kernel void adaptive_avgpool2d_direct_forward(const adaptive_avgpool2d_args a,
                                                __global const float *x, uint x_offset,
                                                __global float *y, uint y_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.p, a.q);
    x += x_offset;
    y += y_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.p;
        const extent rows = extent_of(at - plane * a.p, a.h, a.p);
        __global const float *image = x + (size_t)plane * (size_t)(a.h * a.w);
        for (int j = part.begin; j < part.end; j++) {
            const extent columns = extent_of(j, a.w, a.q);
            float sum = 0.0f;
            for (int row = rows.begin; row < rows.end; row++)
                for (int column = columns.begin; column < columns.end; column++)
                    sum += image[row * a.w + column];
            y[(size_t)at * (size_t)a.q + (size_t)j] =
                sum * share(rows.end - rows.begin, columns.end - columns.begin);
        }
    }
}

/* How many elements window i has. */
static inline int count_of(int i, int size, int count)
{
    const extent e = extent_of(i, size, count);
    return e.end - e.begin;
}

__kernel void adaptive_avgpool2d_direct_backward(const adaptive_avgpool2d_args a,
                                                 __global const float *dy, uint dy_offset,
                                                 __global float *dx, uint dx_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.h, a.w);
    dy += dy_offset;
    dx += dx_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.h;
        const extent over = extent_of(at - plane * a.h, a.p, a.h);
        __global const float *image = dy + (size_t)plane * (size_t)(a.p * a.q);
        __global float *out = dx + (size_t)at * (size_t)a.w;
        for (int column = part.begin; column < part.end; column++) {
            const extent beside = extent_of(column, a.q, a.w);
            float sum = 0.0f;
            for (int i = over.begin; i < over.end; i++) {
                const int rows = count_of(i, a.h, a.p);
                for (int j = beside.begin; j < beside.end; j++)
                    sum += image[i * a.q + j] * share(rows, count_of(j, a.w, a.q));
            }
            out[column] = a.accumulate ? out[column] + sum : sum;
        }
    }
}
