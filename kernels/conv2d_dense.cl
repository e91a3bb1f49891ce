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
 *   FMAs. The work-items of dw's first vectors also add up db, and those of dx can take it through
 *   the activation before the layer, whose result x is. One launch has the work-items of dx, of dw
 *   or of both, dx's first.
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
    const int first = block * DOTS, end = min((piece + 1) * CONV2D_DENSE_LANES, a.k);
    __global const float *from[DOTS];
#pragma unroll
    for (int i = 0; i < DOTS; i++) /* past the last one it is computed again, not stored */
        from[i] = x + (uint)(min(first + i, a.n - 1) * a.c);
    for (int lane = piece * CONV2D_DENSE_LANES; lane < end; lane += SIDE) {
        const int live = end - lane;
        __global const float *weights[SIDE];
#pragma unroll
        for (int k = 0; k < SIDE; k++)
            weights[k] = w + (uint)(min(lane + k, a.k - 1) * a.c);
        floatV sum[VEC];
#pragma unroll
        for (int i = 0; i < VEC; i++)
            sum[i] = (floatV)(0.0f);
        for (int begin = 0; begin < a.c; begin += VEC) {
            const int t = min(begin, a.c - VEC), skip = begin - t;
            floatV value[DOTS];
#pragma unroll
            for (int i = 0; i < DOTS; i++)
                value[i] = LATE(load_whole(from[i] + t));
#pragma unroll
            for (int k = 0; k < SIDE; k++) {
                const floatV weight = LATE(load_whole(weights[k] + t));
#pragma unroll
                for (int i = 0; i < DOTS; i++)
                    sum[i * SIDE + k] = FMA(value[i], weight, sum[i * SIDE + k]);
            }
        }
        floatV value = totals(sum);
        if (a.has_bias)
            value += bias_of(bias + lane, live);
        put_dots(activate(value, a.activation, a.alpha), min(DOTS, a.n - first), live, a.k,
                 y + (uint)(first * a.k + lane));
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

/* One of the two products: `rows` rows of c sums, of `taps` products each; the numbers of the first
 * matrix, dy, lie number_row apart from row to row and number_tap from tap to tap. */
typedef struct product {
    int rows, taps, number_row, number_tap;
    int has_out, has_db;
    int activation; /* whose slope the result is multiplied by */
} product;

static inline product product_of(const conv2d_dense_args a, int is_dx)
{
    const product p = {is_dx ? a.n : a.k,
                       is_dx ? a.k : a.n,
                       is_dx ? a.k : 1,
                       is_dx ? 1 : a.k,
                       is_dx || a.has_dw,
                       !is_dx && a.has_db,
                       is_dx ? a.activation : ACTIVATION_IDENTITY};
    return p;
}

/* What is at `place` and a vector of sums, but for the lanes before `skip`, which others write. */
static inline floatV add_to(floatV value, int skip, __global const float *place)
{
    if (skip == 0)
        return load_whole(place) + value;
    float lanes[VEC];
    VSTORE(value, lanes);
    SHORT_LOOP
    for (int l = skip; l < VEC; l++)
        lanes[l] = place[l] + lanes[l];
    return VLOAD(lanes);
}

/* A vector of the result, but for the lanes before `skip`. y: of the activation before, there. */
static inline void put_lanes(const conv2d_dense_args a, const product p, floatV value, int skip,
                             __global const float *y, __global float *place)
{
    if (a.accumulate)
        value = add_to(value, skip, place);
    if (p.activation != ACTIVATION_IDENTITY)
        value = gradient_of_y(value, load_whole(y), p.activation, a.alpha);
    if (skip == 0) {
        store_whole(value, place);
        return;
    }
    float lanes[VEC];
    VSTORE(value, lanes);
    SHORT_LOOP
    for (int l = skip; l < VEC; l++)
        place[l] = lanes[l];
}

/* db[row] = the sum over t of a[row, t], one behind the other. */
static inline void add_up(const conv2d_dense_args a, const product p,
                          __global const float *const *numbers, int rows, __global float *db)
{
    float sum[ROWS];
#pragma unroll
    for (int i = 0; i < ROWS; i++)
        sum[i] = 0.0f;
    SHORT_LOOP
    for (int t = 0; t < p.taps; t++)
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            sum[i] += numbers[i][t * p.number_tap];
    SHORT_LOOP
    for (int i = 0; i < rows; i++)
        db[i] = a.accumulate ? db[i] + sum[i] : sum[i];
}

/* item -> ROWS rows of the result, SEGS vectors of each */
static APART void multiply(const conv2d_dense_args *args, const int is_dx,
                           __global const float *number, __global const float *with,
                           __global const float *y, __global float *out, __global float *db,
                           const int piece, const int block)
{
    const conv2d_dense_args a = *args; /* in registers */
    const product p = product_of(a, is_dx);
    const int first = block * ROWS, rows = min(ROWS, p.rows - first);
    __global const float *numbers[ROWS];
#pragma unroll
    for (int i = 0; i < ROWS; i++)
        numbers[i] = number + (uint)(min(first + i, p.rows - 1) * p.number_row);
    if (p.has_db && piece == 0)
        add_up(a, p, numbers, rows, db + first);
    if (!p.has_out)
        return;
    int begin[SEGS];
    floatV sum[ROWS][SEGS];
#pragma unroll
    for (int s = 0; s < SEGS; s++) {
        begin[s] = min((piece * SEGS + s) * VEC, a.c - VEC);
#pragma unroll
        for (int i = 0; i < ROWS; i++)
            sum[i][s] = (floatV)(0.0f);
    }
    for (int t = 0; t < p.taps; t++) {
        floatV value[SEGS];
#pragma unroll
        for (int s = 0; s < SEGS; s++)
            value[s] = load_whole(with + (t * a.c + begin[s]));
#pragma unroll
        for (int i = 0; i < ROWS; i++) {
            const floatV one = (floatV)(numbers[i][t * p.number_tap]);
#pragma unroll
            for (int s = 0; s < SEGS; s++)
                sum[i][s] = FMA(one, value[s], sum[i][s]);
        }
    }
    floatV sums[ROWS][SEGS]; /* in memory: what puts a vector in place is there once */
#pragma unroll
    for (int i = 0; i < ROWS; i++)
#pragma unroll
        for (int s = 0; s < SEGS; s++)
            sums[i][s] = sum[i][s];
    out += (uint)(first * a.c);
    y += (uint)(first * a.c);
    SHORT_LOOP
    for (int i = 0; i < rows; i++) {
        SHORT_LOOP
        for (int s = 0; s < SEGS; s++) {
            const int wanted = (piece * SEGS + s) * VEC, at = min(wanted, a.c - VEC);
            put_lanes(a, p, sums[i][s], min(wanted - at, VEC), y + (i * a.c + at),
                      out + (i * a.c + at));
        }
    }
}

ALONE __kernel void conv2d_dense_product(const conv2d_dense_args a, __global const float *dy,
                                         uint dy_offset, __global const float *w, uint w_offset,
                                         __global const float *x, uint x_offset, __global float *dx,
                                         uint dx_offset, __global float *dw, uint dw_offset,
                                         __global float *db, uint db_offset)
{
    const int block = (int)get_global_id(1), is_dx = block < a.dx_blocks;
    multiply(&a, is_dx, dy + dy_offset, is_dx ? w + w_offset : x + x_offset, x + x_offset,
             is_dx ? dx + dx_offset : dw + dw_offset, db + db_offset, (int)get_global_id(0),
             is_dx ? block : block - a.dx_blocks);
}
