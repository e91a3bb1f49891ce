/*
 * batchnorm, direct: the statistics of each channel, what is normalised with them, and the
 * gradients.
 *
 * moments        item (chunk, channel) -> mean and sum of squares about it, into the workspace
 * statistics     item channel -> mean and 1/sqrt(var + eps) of the batch, running statistics
 * normalise      item i -> y, elements from i*ITEM to (i+1)*ITEM
 * gradients      item (chunk, channel) -> sums of dy and dy*xhat, into the workspace
 * reduce         item channel -> the two sums, and dbeta and dgamma from them
 * backward_data  item i -> dx, elements from i*ITEM to (i+1)*ITEM
 * fold           item (i, channel) -> ITEM weights of the convolution before; the first, its bias
 *
 * Nothing is squared before the mean is taken off. Each mean is found twice: first about some value
 * of the data, then about that first mean, which leaves only the rounding of the mean itself.
 *
 * An activation behind it is computed along: by normalise on what it stores, by the two kernels of
 * backward on dy, with x normalised once more. That is a multiply-add where an activation of its
 * own reads two tensors and writes one.
 */
#include "batchnorm_args.h"
#include "channels.clh"
#define REAL floatV
#include "activation.clh"

/* What follows, one of activation_args.h: a build of its own, so that it costs its arithmetic
 * alone. */
#ifndef ACTIVATION
#define ACTIVATION ACTIVATION_IDENTITY
#endif
#ifndef ITEM
#define ITEM VEC
#endif
#if ITEM < VEC || ITEM % VEC != 0
#error "ITEM must be a multiple of VEC"
#endif

/* Adds up x - center and its square over a chunk. */
static inline tally add_moments(const batchnorm_args a, __global const float *x, int channel,
                                int begin, int end, float center)
{
    tally t = tally_begin();
    run r = run_at(begin, end, channel, a.c, a.hw);
    for (; r.count > 0; r = run_at(r.at + r.count, end, channel, a.c, a.hw)) {
        __global const float *from = x + r.begin;
        int i = 0;
        for (; i + VEC <= r.count; i += VEC) {
            const floatV d = VLOAD(from + i) - center;
            tally_add(&t, d, d * d);
        }
        const int rest = r.count - i;
        if (rest > 0) {
            const floatV last = load_rest(from + r.count, rest, r.count);
            const floatV d = cut_rest(last - center, rest, r.count);
            tally_add(&t, d, d * d);
        }
    }
    return t;
}

__kernel void batchnorm_direct_moments(const batchnorm_args a, __global const float *x,
                                       uint x_offset, __global float *partial, uint partial_offset)
{
    const int chunk = (int)get_global_id(0), channel = (int)get_global_id(1);
    if (chunk >= a.chunks || channel >= a.c)
        return;
    const int begin = chunk * a.chunk, end = begin + min(a.chunk, a.n * a.hw - begin);
    const float count = (float)(end - begin);
    x += x_offset;
    partial += partial_offset + (uint)(2 * (channel * a.chunks + chunk));

    const float value = x[run_at(begin, end, channel, a.c, a.hw).begin];
    const tally about_value = add_moments(a, x, channel, begin, end, value);
    const float mean = value + tally_first(&about_value) / count;
    const tally about_mean = add_moments(a, x, channel, begin, end, mean);
    const float rest = tally_first(&about_mean), shift = rest / count;
    const float squares = tally_second(&about_mean) - rest * shift;
    partial[0] = mean + shift;
    partial[1] = squares < 0.0f ? 0.0f : squares;
}

/* The chunks' means about `center`, weighted with their lengths, over the length of all. */
static inline float mean_about(const batchnorm_args a, __global const float *partial, float center)
{
    float sum = 0.0f;
    for (int i = 0; i < a.chunks; i++) {
        const int count = min(a.chunk, a.n * a.hw - i * a.chunk);
        sum += (float)count * (partial[2 * i] - center);
    }
    return sum * a.inverse;
}

__kernel void batchnorm_direct_statistics(const batchnorm_args a, __global const float *partial,
                                          uint partial_offset, __global float *means,
                                          uint means_offset, __global float *rstds,
                                          uint rstds_offset, __global float *running_means,
                                          uint running_means_offset, __global float *running_vars,
                                          uint running_vars_offset)
{
    const int channel = (int)get_global_id(0);
    if (channel >= a.c)
        return;
    partial += partial_offset + (uint)(2 * channel * a.chunks);
    const float first = partial[0] + mean_about(a, partial, partial[0]);
    const float mean = first + mean_about(a, partial, first);
    float squares = 0.0f;
    for (int i = 0; i < a.chunks; i++) {
        const int count = min(a.chunk, a.n * a.hw - i * a.chunk);
        const float d = partial[2 * i] - mean;
        squares += partial[2 * i + 1] + (float)count * d * d;
    }
    const float var = squares * a.inverse;
    means[means_offset + (uint)channel] = mean;
    rstds[rstds_offset + (uint)channel] = 1.0f / sqrt(var + a.eps);
    if (a.has_running) {
        running_means += running_means_offset + (uint)channel;
        running_vars += running_vars_offset + (uint)channel;
        *running_means = a.keep * *running_means + a.momentum * mean;
        *running_vars = a.keep * *running_vars + a.momentum * (var * a.unbias);
    }
}

/* 1/sqrt(var + eps), given that or the running variance. */
static inline float rstd_of(const batchnorm_args a, float given)
{
    return a.inference ? 1.0f / sqrt(given + a.eps) : given;
}

static inline floatV normalised(floatV x, float mean, float scale, float beta)
{
    return FMA(x - mean, (floatV)(scale), (floatV)(beta));
}

/* f of an element alone */
static inline float activated(const batchnorm_args a, float z)
{
    if (ACTIVATION == ACTIVATION_IDENTITY || !(z <= 0.0f))
        return z;
    return ACTIVATION == ACTIVATION_RELU ? 0.0f : a.alpha * z;
}

/* dy before the activation, from x and dy behind it. */
static inline floatV gradient_before(const batchnorm_args a, floatV dy, floatV x, float mean,
                                     float scale, float beta)
{
    if (ACTIVATION == ACTIVATION_IDENTITY)
        return dy;
    return straight_gradient(dy, normalised(x, mean, scale, beta), ACTIVATION, a.alpha);
}

__kernel void batchnorm_direct_normalise(const batchnorm_args a, __global const float *x,
                                         uint x_offset, __global const float *gammas,
                                         uint gammas_offset, __global const float *betas,
                                         uint betas_offset, __global const float *means,
                                         uint means_offset, __global const float *vars,
                                         uint vars_offset, __global float *y, uint y_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    x += x_offset;
    y += y_offset;
    const int large = is_large((size_t)a.count) && y != x;
    for (int at = begin, next; at < end; at = next) {
        const int plane = at / a.hw;
        const uint channel = (uint)(plane - plane / a.c * a.c);
        next = at + min(a.hw - (at - plane * a.hw), end - at);
        const float mean = means[means_offset + channel];
        const float gamma = a.has_gamma ? gammas[gammas_offset + channel] : 1.0f;
        const float beta = a.has_beta ? betas[betas_offset + channel] : 0.0f;
        const float scale = gamma * rstd_of(a, vars[vars_offset + channel]);
        int i = at;
        for (; i < next && next - at >= VEC; i += VEC) {
            const int from = min(i, next - VEC); /* some elements once more */
            store_result(
                activate(normalised(VLOAD(x + from), mean, scale, beta), ACTIVATION, a.alpha),
                y + from, large);
        }
        for (; i < next; i++)
            y[i] = activated(a, FMA(x[i] - mean, scale, beta));
    }
}

__kernel void batchnorm_direct_gradients(const batchnorm_args a, __global const float *x,
                                         uint x_offset, __global const float *dy, uint dy_offset,
                                         __global const float *gammas, uint gammas_offset,
                                         __global const float *betas, uint betas_offset,
                                         __global const float *means, uint means_offset,
                                         __global const float *vars, uint vars_offset,
                                         __global float *partial, uint partial_offset)
{
    const int chunk = (int)get_global_id(0), channel = (int)get_global_id(1);
    if (chunk >= a.chunks || channel >= a.c)
        return;
    const int begin = chunk * a.chunk, end = begin + min(a.chunk, a.n * a.hw - begin);
    const float mean = means[means_offset + (uint)channel];
    const float rstd = rstd_of(a, vars[vars_offset + (uint)channel]);
    const float scale = (a.has_gamma ? gammas[gammas_offset + (uint)channel] : 1.0f) * rstd;
    const float beta = a.has_beta ? betas[betas_offset + (uint)channel] : 0.0f;
    x += x_offset;
    dy += dy_offset;
    tally t = tally_begin();
    run r = run_at(begin, end, channel, a.c, a.hw);
    for (; r.count > 0; r = run_at(r.at + r.count, end, channel, a.c, a.hw)) {
        __global const float *from = x + r.begin, *of = dy + r.begin;
        int i = 0;
        for (; i + VEC <= r.count; i += VEC) {
            const floatV value = VLOAD(from + i);
            const floatV gradient = gradient_before(a, VLOAD(of + i), value, mean, scale, beta);
            tally_add(&t, gradient, gradient * ((value - mean) * rstd));
        }
        const int rest = r.count - i;
        if (rest > 0) {
            const floatV value = load_rest(from + r.count, rest, r.count);
            const floatV gradient = gradient_before(a, load_rest(of + r.count, rest, r.count),
                                                    value, mean, scale, beta);
            tally_add(&t, gradient, gradient * (cut_rest(value - mean, rest, r.count) * rstd));
        }
    }
    partial += partial_offset + (uint)(2 * (channel * a.chunks + chunk));
    partial[0] = tally_first(&t);
    partial[1] = tally_second(&t);
}

__kernel void batchnorm_direct_reduce(const batchnorm_args a, __global const float *partial,
                                      uint partial_offset, __global float *sums, uint sums_offset,
                                      __global float *dgammas, uint dgammas_offset,
                                      __global float *dbetas, uint dbetas_offset)
{
    const int channel = (int)get_global_id(0);
    if (channel >= a.c)
        return;
    partial += partial_offset + (uint)(2 * channel * a.chunks);
    float dbeta = 0.0f, dgamma = 0.0f;
    for (int i = 0; i < a.chunks; i++) {
        dbeta += partial[2 * i];
        dgamma += partial[2 * i + 1];
    }
    sums += sums_offset + (uint)(2 * channel);
    sums[0] = dbeta;
    sums[1] = dgamma;
    if (a.has_dgamma) {
        dgammas += dgammas_offset + (uint)channel;
        *dgammas = a.accumulate ? *dgammas + dgamma : dgamma;
    }
    if (a.has_dbeta) {
        dbetas += dbetas_offset + (uint)channel;
        *dbetas = a.accumulate ? *dbetas + dbeta : dbeta;
    }
}

/* With the batch's statistics: gamma*rstd * (dy - mean of dy - xhat * mean of dy*xhat); with the
 * running ones they are constants, and gamma*rstd * dy is all. */
__kernel void batchnorm_direct_backward_data(const batchnorm_args a, __global const float *x,
                                             uint x_offset, __global const float *dy,
                                             uint dy_offset, __global const float *gammas,
                                             uint gammas_offset, __global const float *betas,
                                             uint betas_offset, __global const float *means,
                                             uint means_offset, __global const float *vars,
                                             uint vars_offset, __global const float *sums,
                                             uint sums_offset, __global float *dx, uint dx_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    x += x_offset;
    dy += dy_offset;
    dx += dx_offset;
    const int large = is_large((size_t)a.count) && !a.accumulate && dx != x && dx != dy;
    for (int at = begin, next; at < end; at = next) {
        const int plane = at / a.hw;
        const uint channel = (uint)(plane - plane / a.c * a.c);
        next = at + min(a.hw - (at - plane * a.hw), end - at);
        const float mean = means[means_offset + channel];
        const float rstd = rstd_of(a, vars[vars_offset + channel]);
        const float scale = (a.has_gamma ? gammas[gammas_offset + channel] : 1.0f) * rstd;
        const float beta = a.has_beta ? betas[betas_offset + channel] : 0.0f;
        const float of_dy = a.inference ? 0.0f : sums[sums_offset + 2 * channel] * a.inverse;
        const float of_both = a.inference ? 0.0f : sums[sums_offset + 2 * channel + 1] * a.inverse;
        for (int i = at; i < next; i += VEC) {
            if (i + VEC > next && next - at >= VEC && !a.accumulate)
                i = next - VEC; /* some elements once more */
            const int rest = next - i;
            const floatV given = rest >= VEC ? VLOAD(x + i) : load_part(x + i, rest);
            floatV value = rest >= VEC ? VLOAD(dy + i) : load_part(dy + i, rest);
            value = gradient_before(a, value, given, mean, scale, beta);
            if (!a.inference)
                value = value - of_dy - (given - mean) * rstd * of_both;
            value *= scale;
            if (rest >= VEC) {
                store_result(a.accumulate ? VLOAD(dx + i) + value : value, dx + i, large);
            } else {
                if (a.accumulate)
                    value += load_part(dx + i, rest);
                store_part(value, dx + i, rest);
            }
        }
    }
}

__kernel void batchnorm_direct_fold(const batchnorm_args a, __global const float *gammas,
                                    uint gammas_offset, __global const float *betas,
                                    uint betas_offset, __global const float *means,
                                    uint means_offset, __global const float *vars, uint vars_offset,
                                    __global const float *w, uint w_offset, __global const float *b,
                                    uint b_offset, __global float *folded_w, uint folded_w_offset,
                                    __global float *folded_b, uint folded_b_offset)
{
    const uint first = (uint)get_global_id(0) * ITEM, channel = (uint)get_global_id(1);
    if (first >= (uint)a.filter || channel >= (uint)a.c)
        return;
    const float gamma = a.has_gamma ? gammas[gammas_offset + channel] : 1.0f;
    const float scale = gamma * rstd_of(a, vars[vars_offset + channel]);
    if (first == 0) {
        const float beta = a.has_beta ? betas[betas_offset + channel] : 0.0f;
        const float bias = a.has_bias ? b[b_offset + channel] : 0.0f;
        folded_b[folded_b_offset + channel] =
            FMA(bias - means[means_offset + channel], scale, beta);
    }
    w += w_offset + channel * (uint)a.filter;
    folded_w += folded_w_offset + channel * (uint)a.filter;
    for (uint i = first; i < (uint)a.filter && i < first + ITEM; i++)
        folded_w[i] = w[i] * scale;
}
