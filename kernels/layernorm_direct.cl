/*
 * layernorm, direct: each row by its own mean and deviation, and the gradients.
 *
 * forward           item row -> y[row], and mean and 1/sqrt(var + eps) where they are to be saved
 * backward_data     item row -> dx[row]
 * backward_weights  item (VEC columns, chunk of rows) -> sums of dy*xhat and dy, into the workspace
 * backward          item chunk of rows -> dx of these rows, and the same sums of all columns
 * reduce            item column -> dgamma and dbeta from the chunks, in order
 *
 * `backward` reads x and dy once, where the two others read them twice. It adds up in the
 * workspace, which stays in a cache: BLOCK rows behind the chunk's sums, and then on top of them.
 * The additions are in the order of backward_weights, and so are the bits.
 *
 * A row's mean is found twice, first about its first value, then about that first mean, and nothing
 * is squared before a mean is taken off.
 */
#include "channels.clh"
#include "layernorm_args.h"

/* The first `rest` lanes of v, the others 0. */
static inline floatV cut(floatV v, int rest)
{
    return LANES < rest ? v : (floatV)(0.0f);
}

/* Adds up x - center and its square over a row. */
static inline tally add_moments(__global const float *x, int d, float center)
{
    tally t = tally_begin();
    for (int i = 0; i < d; i += VEC) {
        const floatV from = cut(load_row(x + i, d - i) - center, d - i);
        tally_add(&t, from, from * from);
    }
    return t;
}

__kernel void layernorm_direct_forward(const layernorm_args a, __global const float *x,
                                       uint x_offset, __global const float *gamma,
                                       uint gamma_offset, __global const float *beta,
                                       uint beta_offset, __global float *y, uint y_offset,
                                       __global float *means, uint means_offset,
                                       __global float *rstds, uint rstds_offset)
{
    const int row = (int)get_global_id(0);
    if (row >= a.n)
        return;
    x += x_offset + (uint)(row * a.d);
    y += y_offset + (uint)(row * a.d);
    const float count = (float)a.d;
    const tally about_first = add_moments(x, a.d, x[0]);
    const float first = x[0] + tally_first(&about_first) / count;
    const tally about_mean = add_moments(x, a.d, first);
    const float rest = tally_first(&about_mean), shift = rest / count, mean = first + shift;
    const float squares = tally_second(&about_mean) - rest * shift;
    const float var = (squares < 0.0f ? 0.0f : squares) / count;
    const float rstd = 1.0f / sqrt(var + a.eps);
    if (a.has_saved) {
        means[means_offset + (uint)row] = mean;
        rstds[rstds_offset + (uint)row] = rstd;
    }
    for (int i = 0; i < a.d; i += VEC) {
        const int left = a.d - i;
        const floatV xhat = (load_row(x + i, left) - mean) * rstd;
        floatV scale = (floatV)(1.0f), shifted = (floatV)(0.0f);
        if (a.has_gamma)
            scale = load_row(gamma + gamma_offset + i, left);
        if (a.has_beta)
            shifted = load_row(beta + beta_offset + i, left);
        store_row(FMA(xhat, scale, shifted), y + i, left);
    }
}

/* dy * gamma, VEC columns from i. */
static inline floatV scaled(const layernorm_args a, __global const float *dy,
                            __global const float *gamma, int i)
{
    const floatV v = load_row(dy + i, a.d - i);
    return a.has_gamma ? v * load_row(gamma + i, a.d - i) : v;
}

/* One row of dx, with x, dy and dx where the row begins. With `block`, adds dy*xhat and dy to its
 * two rows, or puts them there if it is the first. */
static inline void row_gradient(const layernorm_args a, __global const float *x,
                                __global const float *dy, __global const float *gamma, float mean,
                                float rstd, __global float *dx, __global float *block, int first)
{
    tally t = tally_begin();
    for (int i = 0; i < a.d; i += VEC) {
        const floatV g = scaled(a, dy, gamma, i);
        const floatV xhat = cut((load_row(x + i, a.d - i) - mean) * rstd, a.d - i);
        tally_add(&t, g, g * xhat);
    }
    const float of_dy = tally_first(&t) / (float)a.d, of_both = tally_second(&t) / (float)a.d;
    for (int i = 0; i < a.d; i += VEC) {
        const int left = a.d - i;
        const floatV xhat = (load_row(x + i, left) - mean) * rstd;
        floatV value = rstd * (scaled(a, dy, gamma, i) - of_dy - xhat * of_both);
        if (a.accumulate)
            value += load_row(dx + i, left);
        store_row(value, dx + i, left);
        if (block) {
            const floatV plain = load_row(dy + i, left);
            floatV of_gamma = plain * xhat, of_beta = plain;
            if (!first) {
                of_gamma = load_row(block + i, left) + of_gamma;
                of_beta = load_row(block + a.d + i, left) + of_beta;
            }
            store_row(of_gamma, block + i, left);
            store_row(of_beta, block + a.d + i, left);
        }
    }
}

__kernel void layernorm_direct_backward_data(const layernorm_args a, __global const float *x,
                                             uint x_offset, __global const float *dy,
                                             uint dy_offset, __global const float *gamma,
                                             uint gamma_offset, __global const float *means,
                                             uint means_offset, __global const float *rstds,
                                             uint rstds_offset, __global float *dx, uint dx_offset)
{
    const int row = (int)get_global_id(0);
    if (row >= a.n)
        return;
    x += x_offset + (uint)(row * a.d);
    dy += dy_offset + (uint)(row * a.d);
    dx += dx_offset + (uint)(row * a.d);
    gamma += a.has_gamma ? gamma_offset : 0;
    row_gradient(a, x, dy, gamma, means[means_offset + (uint)row], rstds[rstds_offset + (uint)row],
                 dx, 0, 0);
}

/* Adds the block's two rows to the chunk's, or puts them there if it is the first. */
static inline void add_block(const layernorm_args a, __global const float *block,
                             __global float *partial, int first)
{
    for (int i = 0; i < 2 * a.d; i += VEC) {
        const int left = 2 * a.d - i;
        floatV v = load_row(block + i, left);
        if (!first)
            v = load_row(partial + i, left) + v;
        store_row(v, partial + i, left);
    }
}

/* partial: [chunk][dgamma, dbeta, and both of a block][column] */
__kernel void layernorm_direct_backward(const layernorm_args a, __global const float *x,
                                        uint x_offset, __global const float *dy, uint dy_offset,
                                        __global const float *gamma, uint gamma_offset,
                                        __global const float *means, uint means_offset,
                                        __global const float *rstds, uint rstds_offset,
                                        __global float *dx, uint dx_offset, __global float *partial,
                                        uint partial_offset)
{
    const int chunk = (int)get_global_id(0);
    if (chunk >= a.chunks)
        return;
    const int begin = chunk * a.chunk, end = begin + min(a.chunk, a.n - begin);
    gamma += a.has_gamma ? gamma_offset : 0;
    partial += partial_offset + (uint)(a.sums * chunk * a.d);
    __global float *block = partial + 2 * a.d;
    for (int from = begin; from < end; from += BLOCK) {
        for (int row = from; row < min(from + BLOCK, end); row++) {
            const uint at = (uint)(row * a.d);
            row_gradient(a, x + x_offset + at, dy + dy_offset + at, gamma,
                         means[means_offset + (uint)row], rstds[rstds_offset + (uint)row],
                         dx + dx_offset + at, block, row == from);
        }
        add_block(a, block, partial, from == begin);
    }
}

/* partial: [chunk][dgamma, dbeta][column] */
__kernel void layernorm_direct_backward_weights(const layernorm_args a, __global const float *x,
                                                uint x_offset, __global const float *dy,
                                                uint dy_offset, __global const float *means,
                                                uint means_offset, __global const float *rstds,
                                                uint rstds_offset, __global float *partial,
                                                uint partial_offset)
{
    const int column = (int)get_global_id(0) * VEC, chunk = (int)get_global_id(1);
    if (column >= a.d || chunk >= a.chunks)
        return;
    const int begin = chunk * a.chunk, end = begin + min(a.chunk, a.n - begin);
    const int left = a.d - column;
    tally t = tally_begin();
    for (int row = begin; row < end; row++) {
        const uint at = (uint)(row * a.d + column);
        const float mean = means[means_offset + (uint)row], rstd = rstds[rstds_offset + (uint)row];
        const floatV g = load_row(dy + dy_offset + at, left);
        const floatV xhat = cut((load_row(x + x_offset + at, left) - mean) * rstd, left);
        tally_add(&t, g * xhat, g);
    }
    partial += partial_offset + (uint)(a.sums * chunk * a.d + column);
    store_row(t.first_blocks + t.first, partial, left);
    store_row(t.second_blocks + t.second, partial + a.d, left);
}

__kernel void layernorm_direct_reduce(const layernorm_args a, __global const float *partial,
                                      uint partial_offset, __global float *dgamma,
                                      uint dgamma_offset, __global float *dbeta, uint dbeta_offset)
{
    const int column = (int)get_global_id(0);
    if (column >= a.d)
        return;
    partial += partial_offset;
    float of_gamma = 0.0f, of_beta = 0.0f;
    for (int chunk = 0; chunk < a.chunks; chunk++) {
        of_gamma += partial[a.sums * chunk * a.d + column];
        of_beta += partial[(a.sums * chunk + 1) * a.d + column];
    }
    if (a.has_dgamma) {
        dgamma += dgamma_offset + (uint)column;
        *dgamma = a.accumulate ? *dgamma + of_gamma : of_gamma;
    }
    if (a.has_dbeta) {
        dbeta += dbeta_offset + (uint)column;
        *dbeta = a.accumulate ? *dbeta + of_beta : of_beta;
    }
}
