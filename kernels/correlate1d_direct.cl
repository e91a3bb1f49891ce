/*
 * correlate1d, direct: the formula as it stands.
 *
 * Results that overlap the short signal wholly: a work-item has a.item of them, VEC at a time, a
 * vector of the long signal and one number of the short one. Each other result has a work-item of
 * its own; so no work-item goes round its loops much more often than the short signal is long.
 */
#include "common.clh"
#include "correlate1d_args.h"

#ifndef ITEM
#define ITEM VEC
#endif
#if ITEM < VEC || ITEM % VEC != 0
#error "ITEM must be a multiple of VEC"
#endif

static inline float tap(const correlate1d_args a, __global const float *shorter, int j)
{
    return shorter[a.flip ? a.shorter - 1 - j : j];
}

static inline void store(const correlate1d_args a, __global float *y, int i, float value)
{
    y[a.reverse ? a.out - 1 - i : i] = value;
}

/* Result i, whose taps begin at `at` in the long signal; those outside it are left out. */
static inline float sum_one(const correlate1d_args a, __global const float *longer,
                            __global const float *shorter, int at)
{
    const int end = min(a.shorter, a.longer - at);
    float sum = 0.0f;
    for (int j = max(0, -at); j < end; j++)
        sum = FMA(longer[at + j], tap(a, shorter, j), sum);
    return sum;
}

static inline void sum_vector(const correlate1d_args a, __global const float *longer,
                              __global const float *shorter, __global float *y, int i)
{
    const int at = i - a.before;
    floatV sum = (floatV)(0.0f);
    for (int j = 0; j < a.shorter; j++)
        sum = FMA(VLOAD(longer + at + j), (floatV)(tap(a, shorter, j)), sum);
    float lanes[VEC];
    VSTORE(sum, lanes);
    for (int l = 0; l < VEC; l++)
        store(a, y, i + l, lanes[l]);
}

/* The first work-items have the middle, the others one result each. */
__kernel void correlate1d_direct(const correlate1d_args a, __global const float *longer,
                                 uint longer_offset, __global const float *shorter,
                                 uint shorter_offset, __global float *y, uint y_offset)
{
    const int pieces = a.middle / a.item + (a.middle % a.item > 0);
    if (get_global_id(0) >= (size_t)(a.out - a.middle + pieces))
        return;
    const int id = (int)get_global_id(0);
    longer += longer_offset;
    shorter += shorter_offset;
    y += y_offset;
    if (id < pieces) {
        const int begin = id * a.item, end = begin + min(a.item, a.middle - begin);
        for (int i = begin; i < end; i += VEC)
            sum_vector(a, longer, shorter, y, a.before + i);
        return;
    }
    const int alone = id - pieces, i = alone < a.before ? alone : alone + a.middle;
    store(a, y, i, sum_one(a, longer, shorter, i - a.before));
}
