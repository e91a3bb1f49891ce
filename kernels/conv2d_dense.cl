/*
 * conv2d, dense: for CPU devices and images of one pixel, which are a dense layer's: products of
 * matrices as they lie, none of them packed, each in one launch. Their sums are so short that
 * launches that prepare something would take longer than they do.
 *
 * - dot (forward): y[n][k] = the sum over c of x[n][c] * w[k][c]: of rows of both matrices. A
 *   work-item, alone in its work-group, has DOTS rows of x and some of w, SIDE at a time. A vector
 *   is VEC neighbours along c; DOTS * SIDE of them are sums, as many as there are lanes, so that
 *   they are turned around at the end and added up to one vector of results.
 * - product (the gradients): out[row][lane] = the sum over t of a[row, t] * with[t][lane], of rows
 *   of the second matrix: dx[n][c] over k, dw[k][c] over n. A work-item -> ROWS rows by SEGS
 *   vectors along c; each step of the sum is SEGS vector loads, ROWS numbers and ROWS * SEGS vector
 *   FMAs. The work-items of dw's first vectors also add up db.
 *
 * The last vector of a row ends where the row does, and leaves out what the one before it has.
 *
 * Registers: dot: VEC sums, DOTS + SIDE inputs; product: ROWS * SEGS sums, SEGS inputs, one
 * number. 24 sums and 4 inputs fit AVX-512's and NEON's 32.
 */
#include "common.clh"
#define REAL floatV
#include "activation.clh"
#include "conv2d_args.h"
#define STRIDE 1
#include "strided.clh"

#ifndef ROWS
#define ROWS 4
#endif
#ifndef SEGS
#define SEGS 2
#endif
#define SIDE CONV2D_DENSE_SIDE /* rows of w */
#define DOTS (VEC / SIDE)      /* rows of x */

/* VEC products of each pair of rows, from element t on; KEEP leaves out those that another vector
 * has, of both, so that nothing comes of a number that is not finite. */
#define ADD_DOTS(KEEP)                                                                             \
    {                                                                                              \
        floatV value[DOTS];                                                                        \
        UNROLL for (int i = 0; i < DOTS; i++) value[i] = KEEP(load_whole(from[i] + t));            \
        UNROLL for (int k = 0; k < SIDE; k++)                                                      \
        {                                                                                          \
            const floatV weight = KEEP(load_whole(weights[k] + t));                                \
            UNROLL for (int i = 0; i < DOTS; i++) sum[i * SIDE + k] =                              \
                FMA(value[i], weight, sum[i * SIDE + k]);                                          \
        }                                                                                          \
    }

/* The lanes' totals of VEC sums, those of sum[i] in lane i. */
static inline floatV totals(floatV sum[VEC])
{
    transpose(sum);
#pragma unroll
    for (int apart = VEC / 2; apart > 0; apart /= 2)
#pragma unroll
        for (int i = 0; i < apart; i++)
            sum[i] = sum[i] + sum[i + apart];
    return sum[0];
}

/* SIDE results of each row, `live` of them, as the lanes of `value` are. */
static inline void put_dots(floatV value, int rows, int live, int stride, __global float *y)
{
    float lanes[VEC];
    VSTORE(value, lanes);
    SHORT_LOOP
    for (int i = 0; i < rows; i++, y += stride)
        if (live >= SIDE)
            vstore4(vload4(0, lanes + i * SIDE), 0, y);
        else
            for (int k = 0; k < live; k++)
                y[k] = lanes[i * SIDE + k];
}

/* The bias of SIDE results, for each row. */
static inline floatV bias_of(__global const float *bias, int live)
{
    float lanes[VEC];
    for (int k = 0; k < SIDE; k++)
        for (int i = 0; i < DOTS; i++)
            lanes[i * SIDE + k] = bias[min(k, live - 1)];
    return VLOAD(lanes);
}

/* item -> DOTS rows of x, a piece of those of w */
static APART void dot_rows(const conv2d_dense_args a, __global const float *x,
                           __global const float *w, __global const float *bias, __global float *y,
                           const int piece, const int block)
{
    const int first = block * DOTS, end = min((piece + 1) * CONV2D_DENSE_LANES, a.lanes);
    __global const float *from[DOTS];
#pragma unroll
    for (int i = 0; i < DOTS; i++) /* past the last one it is computed again, not stored */
        from[i] = x + (uint)(min(first + i, a.rows - 1) * a.taps);
    for (int lane = piece * CONV2D_DENSE_LANES; lane < end; lane += SIDE) {
        const int live = end - lane;
        __global const float *weights[SIDE];
#pragma unroll
        for (int k = 0; k < SIDE; k++)
            weights[k] = w + (uint)(min(lane + k, a.lanes - 1) * a.taps);
        floatV sum[VEC];
#pragma unroll
        for (int i = 0; i < VEC; i++)
            sum[i] = (floatV)(0.0f);
        int t = 0;
        for (; t + VEC <= a.taps; t += VEC)
            ADD_DOTS(ALL)
        if (t < a.taps) {
            const int skip = t - (a.taps - VEC);
            t = a.taps - VEC;
            ADD_DOTS(LATE)
        }
        floatV value = totals(sum);
        if (a.has_bias)
            value += bias_of(bias + lane, live);
        put_dots(activate(value, a.activation, a.alpha), min(DOTS, a.rows - first), live, a.lanes,
                 y + (uint)(first * a.lanes + lane));
    }
}

ALONE __kernel void conv2d_dense_dot(const conv2d_dense_args a, __global const float *x,
                                     uint x_offset, __global const float *w, uint w_offset,
                                     __global const float *bias, uint bias_offset,
                                     __global float *y, uint y_offset)
{
    dot_rows(a, x + x_offset, w + w_offset, bias + bias_offset, y + y_offset, (int)get_global_id(0),
             (int)get_global_id(1));
}

/* A vector of the result, but for the lanes before `skip`. */
static inline void put_lanes(const conv2d_dense_args a, floatV value, int skip,
                             __global float *place)
{
    if (skip == 0) {
        store_whole(a.accumulate ? load_whole(place) + value : value, place);
        return;
    }
    float lanes[VEC];
    VSTORE(value, lanes);
    SHORT_LOOP
    for (int l = skip; l < VEC; l++)
        place[l] = a.accumulate ? place[l] + lanes[l] : lanes[l];
}

/* db[row] = the sum over t of a[row, t], one behind the other. */
static inline void add_up(const conv2d_dense_args a, __global const float *const *numbers, int rows,
                          __global float *db)
{
    float sum[ROWS];
#pragma unroll
    for (int i = 0; i < ROWS; i++)
        sum[i] = 0.0f;
    for (int t = 0; t < a.taps; t++)
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            sum[i] += numbers[i][t * a.number_tap];
    for (int i = 0; i < rows; i++)
        db[i] = a.accumulate ? db[i] + sum[i] : sum[i];
}

/* item -> ROWS rows of the result, SEGS vectors of each */
static APART void multiply(const conv2d_dense_args a, __global const float *number,
                           __global const float *with, __global float *out, __global float *db,
                           const int piece, const int block)
{
    const int first = block * ROWS, rows = min(ROWS, a.rows - first);
    __global const float *numbers[ROWS];
#pragma unroll
    for (int i = 0; i < ROWS; i++)
        numbers[i] = number + (uint)(min(first + i, a.rows - 1) * a.number_row);
    if (a.has_sums && piece == 0)
        add_up(a, numbers, rows, db + first);
    if (!a.has_out)
        return;
    int begin[SEGS], skip[SEGS];
    floatV sum[ROWS][SEGS];
#pragma unroll
    for (int s = 0; s < SEGS; s++) {
        const int wanted = (piece * SEGS + s) * VEC;
        begin[s] = min(wanted, a.lanes - VEC);
        skip[s] = min(wanted - begin[s], VEC);
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            sum[i][s] = (floatV)(0.0f);
    }
    for (int t = 0; t < a.taps; t++) {
        floatV value[SEGS];
#pragma unroll
        for (int s = 0; s < SEGS; s++)
            value[s] = load_whole(with + (t * a.lanes + begin[s]));
#pragma unroll
        for (int i = 0; i < ROWS; i++) {
            const floatV one = (floatV)(numbers[i][t * a.number_tap]);
#pragma unroll
            for (int s = 0; s < SEGS; s++)
                sum[i][s] = FMA(one, value[s], sum[i][s]);
        }
    }
    out += (uint)(first * a.lanes);
#pragma unroll
    for (int i = 0; i < ROWS; i++)
        if (i < rows)
#pragma unroll
            for (int s = 0; s < SEGS; s++)
                put_lanes(a, sum[i][s], skip[s], out + (i * a.lanes + begin[s]));
}

ALONE __kernel void conv2d_dense_product(const conv2d_dense_args a, __global const float *number,
                                         uint number_offset, __global const float *with,
                                         uint with_offset, __global float *out, uint out_offset,
                                         __global float *db, uint db_offset)
{
    multiply(a, number + number_offset, with + with_offset, out + out_offset, db + db_offset,
             (int)get_global_id(0), (int)get_global_id(1));
}
