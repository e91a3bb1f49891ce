/*
 * conv2d, gemm: for GPU devices. Each direction is a product of matrices C[M][N] = A[M][K] *
 * B[K][N] whose operands are read where they lie: no im2col buffer is ever written.
 *
 *   DIRECTION 0, forward           M: k of a group  N: n, p, q  K: c, r, s    C = y
 *   DIRECTION 1, backward_data     M: c of a group  N: n, h, w  K: k, r, s    C = dx
 *   DIRECTION 2, backward_weights  M: k of a group  N: c, r, s  K: n, p, q    C = dw
 *
 * A work-group of WM x WN work-items computes a tile of (WM*PM) x (WN*PN) results, each work-item
 * PM x PN of them in registers, TK steps of K at a time from local memory. Work-item (i, j) has the
 * rows i, i+WM, ... and the columns j, j+WN, ..., so that neighbours read neighbouring local words.
 * A work-item always fetches the same column of B, so what that column means is worked out once
 * (this needs WM*WN to be a multiple of WN*PN).
 *
 * backward_weights has few results and long sums: get_group_id(2) takes one split of K as well;
 * with more than one, each writes its own copy and `reduce` adds them up in order.
 *
 * FILTER is the filter's height and width where the two are equal and known (1, 3, 5: divisions by
 * constants), else 0.
 */
#include "activation.clh"
#include "common.clh"
#include "conv2d_args.h"

#ifndef DIRECTION
#define DIRECTION 0
#endif
#ifndef FILTER
#define FILTER 0
#endif
#ifndef WM
#define WM 8
#define WN 8
#define PM 8
#define PN 8
#define TK 8
#endif
#define ITEMS (WM * WN)
#define TM (WM * PM)
#define TN (WN * PN)
#define STEP (ITEMS / TN) /* rows of B that one pass over the work-items fetches */
#if FILTER
#define R FILTER
#define S FILTER
#else
#define R a.r
#define S a.s
#endif

/* What is known of a work-item's column of B. */
typedef struct column {
    int base, row, col; /* of the image (or plane) it reads, and where in it */
    int live;
} column;

#if DIRECTION == 0
static inline int rows_of(const conv2d_args a)
{
    return a.group_k;
}
static inline int columns_of(const conv2d_args a)
{
    return a.n * a.p * a.q;
}
static inline int depth_of(const conv2d_args a)
{
    return a.group_c * R * S;
}
static inline float load_a(const conv2d_args a, __global const float *w, int group, int m, int d)
{
    return w[(group * a.group_k + m) * a.group_c * R * S + d];
}
static inline column make_column(const conv2d_args a, int group, int j)
{
    const int q = j % a.q, p = j / a.q % a.p, n = j / (a.q * a.p);
    column at = {(n * a.c + group * a.group_c) * a.h * a.w, p * a.stride_h - a.pad_top,
                 q * a.stride_w - a.pad_left, j < columns_of(a) ? 1 : 0};
    return at;
}
static inline float load_b(const conv2d_args a, __global const float *x, const column at, int d)
{
    const int s = d % S, r = d / S % R, c = d / (R * S);
    const int row = at.row + r * a.dilation_h, col = at.col + s * a.dilation_w;
    const int inside = at.live && row >= 0 && row < a.h && col >= 0 && col < a.w;
    return inside ? x[at.base + (c * a.h + row) * a.w + col] : 0.0f;
}
static inline int place(const conv2d_args a, int group, int m, int j)
{
    const int pixel = j % (a.p * a.q), n = j / (a.p * a.q);
    return (n * a.k + group * a.group_k + m) * a.p * a.q + pixel;
}
#elif DIRECTION == 1
static inline int rows_of(const conv2d_args a)
{
    return a.group_c;
}
static inline int columns_of(const conv2d_args a)
{
    return a.n * a.h * a.w;
}
static inline int depth_of(const conv2d_args a)
{
    return a.group_k * R * S;
}
static inline float load_a(const conv2d_args a, __global const float *w, int group, int m, int d)
{
    const int k = d / (R * S), rs = d % (R * S);
    return w[((group * a.group_k + k) * a.group_c + m) * R * S + rs];
}
static inline column make_column(const conv2d_args a, int group, int j)
{
    const int w = j % a.w, h = j / a.w % a.h, n = j / (a.w * a.h);
    column at = {(n * a.k + group * a.group_k) * a.p * a.q, h + a.pad_top, w + a.pad_left,
                 j < columns_of(a) ? 1 : 0};
    return at;
}
static inline float load_b(const conv2d_args a, __global const float *dy, const column at, int d)
{
    const int s = d % S, r = d / S % R, k = d / (R * S);
    const int up = at.row - r * a.dilation_h, back = at.col - s * a.dilation_w;
    const int p = up / a.stride_h, q = back / a.stride_w;
    const int inside = at.live && up >= 0 && back >= 0 && p * a.stride_h == up &&
                       q * a.stride_w == back && p < a.p && q < a.q;
    return inside ? dy[at.base + (k * a.p + p) * a.q + q] : 0.0f;
}
static inline int place(const conv2d_args a, int group, int m, int j)
{
    const int pixel = j % (a.h * a.w), n = j / (a.h * a.w);
    return (n * a.c + group * a.group_c + m) * a.h * a.w + pixel;
}
#else
static inline int rows_of(const conv2d_args a)
{
    return a.group_k;
}
static inline int columns_of(const conv2d_args a)
{
    return a.group_c * R * S;
}
static inline int depth_of(const conv2d_args a)
{
    return a.n * a.p * a.q;
}
static inline float load_a(const conv2d_args a, __global const float *dy, int group, int m, int d)
{
    const int pixel = d % (a.p * a.q), n = d / (a.p * a.q);
    return dy[(n * a.k + group * a.group_k + m) * a.p * a.q + pixel];
}
static inline column make_column(const conv2d_args a, int group, int j)
{
    const int s = j % S, r = j / S % R, c = j / (R * S);
    column at = {(group * a.group_c + c) * a.h * a.w, r * a.dilation_h - a.pad_top,
                 s * a.dilation_w - a.pad_left, j < columns_of(a) ? 1 : 0};
    return at;
}
static inline float load_b(const conv2d_args a, __global const float *x, const column at, int d)
{
    const int q = d % a.q, p = d / a.q % a.p, n = d / (a.q * a.p);
    const int row = at.row + p * a.stride_h, col = at.col + q * a.stride_w;
    const int inside = at.live && row >= 0 && row < a.h && col >= 0 && col < a.w;
    return inside ? x[at.base + (n * a.c * a.h + row) * a.w + col] : 0.0f;
}
static inline int place(const conv2d_args a, int group, int m, int j)
{
    return (group * a.group_k + m) * a.group_c * R * S + j;
}
#endif

__attribute__((reqd_work_group_size(ITEMS, 1, 1))) __kernel void
conv2d_gemm(const conv2d_args a, __global const float *left, uint left_offset,
            __global const float *right, uint right_offset, __global const float *bias,
            uint bias_offset, __global float *out, uint out_offset)
{
    __local float tile_a[TK][TM + 1], tile_b[TK][TN + 1];
    const int item = (int)get_local_id(0), i = item / WN, j = item % WN;
    const int m0 = (int)get_group_id(1) * TM, n0 = (int)get_group_id(0) * TN;
    const int group = (int)get_group_id(2) % a.groups, split = (int)get_group_id(2) / a.groups;
    const int rows = rows_of(a), columns = columns_of(a), depth = depth_of(a);
    const int length = (depth + a.splits - 1) / a.splits;
    const int begin = min(split * length, depth), end = min(begin + length, depth);
    left += left_offset;
    right += right_offset;
    const column at = make_column(a, group, n0 + item % TN);

    float sum[PM][PN];
    for (int m = 0; m < PM; m++)
        for (int n = 0; n < PN; n++)
            sum[m][n] = 0.0f;

    for (int d0 = begin; d0 < end; d0 += TK) {
        for (int e = item; e < TM * TK; e += ITEMS) {
            const int m = e / TK, d = e % TK;
            tile_a[d][m] =
                m0 + m < rows && d0 + d < end ? load_a(a, left, group, m0 + m, d0 + d) : 0.0f;
        }
        for (int d = item / TN; d < TK; d += STEP)
            tile_b[d][item % TN] = d0 + d < end ? load_b(a, right, at, d0 + d) : 0.0f;
        barrier(CLK_LOCAL_MEM_FENCE);
        for (int d = 0; d < TK; d++) {
            float row[PM], col[PN];
            for (int m = 0; m < PM; m++)
                row[m] = tile_a[d][i + m * WM];
            for (int n = 0; n < PN; n++)
                col[n] = tile_b[d][j + n * WN];
            for (int m = 0; m < PM; m++)
                for (int n = 0; n < PN; n++)
                    sum[m][n] = FMA(row[m], col[n], sum[m][n]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

    const int copies = a.splits > 1 ? 1 : 0; /* `reduce` then has the last word */
    out += out_offset + (uint)(copies * split * a.groups * rows * columns);
    for (int m = 0; m < PM; m++)
        for (int n = 0; n < PN; n++) {
            const int row = m0 + i + m * WM, col = n0 + j + n * WN;
            if (row >= rows || col >= columns)
                continue;
            float value = sum[m][n];
            if (a.has_bias)
                value += bias[bias_offset + (uint)(group * rows + row)];
            value = activate(value, a.activation, a.alpha);
            __global float *to = out + place(a, group, row, col);
            *to = a.accumulate && !copies ? *to + value : value;
        }
}

/* item -> dw[i]: adds the splits in order */
__kernel void conv2d_gemm_reduce(const conv2d_args a, __global const float *partial,
                                 uint partial_offset, __global float *dw, uint dw_offset)
{
    const int i = (int)get_global_id(0), count = a.k * a.group_c * R * S;
    if (i >= count)
        return;
    float sum = 0.0f;
    for (int split = 0; split < a.splits; split++)
        sum += partial[partial_offset + (uint)(split * count + i)];
    dw += dw_offset + (uint)i;
    *dw = a.accumulate ? *dw + sum : sum;
}

/* group -> db[k]: each work-item sums its share, a tree in local memory adds them up */
__attribute__((reqd_work_group_size(ITEMS, 1, 1))) __kernel void
conv2d_gemm_backward_bias(const conv2d_args a, __global const float *dy, uint dy_offset,
                          __global float *db, uint db_offset)
{
    __local float sums[ITEMS];
    const int item = (int)get_local_id(0), k = (int)get_group_id(0), pq = a.p * a.q;
    dy += dy_offset + (uint)(k * pq);
    float sum = 0.0f;
    for (int i = item; i < a.n * pq; i += ITEMS)
        sum += dy[i / pq * a.k * pq + i % pq];
    sums[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int half_size = ITEMS / 2; half_size > 0; half_size /= 2) { /* ITEMS is a power of two */
        if (item < half_size)
            sums[item] += sums[item + half_size];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (item == 0) {
        db += db_offset + (uint)k;
        *db = a.accumulate ? *db + sums[0] : sums[0];
    }
}
