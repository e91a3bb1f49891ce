/*
 * correlate1d, direct: the formula as it stands.
 *
 * Work-item i -> the results from i*ITEM to (i+1)*ITEM, VEC at a time where all of them overlap the
 * short signal wholly: a vector of the long signal, one number of the short one.
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

__kernel void correlate1d_direct(const correlate1d_args a, __global const float *longer,
                                 uint longer_offset, __global const float *shorter,
                                 uint shorter_offset, __global float *y, uint y_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.out)
        return;
    int i = (int)first;
    const int end = i + min(ITEM, a.out - i);
    longer += longer_offset;
    shorter += shorter_offset;
    y += y_offset;
    while (i < end) {
        const int at = i - a.before;
        if (end - i < VEC || at < 0 || at > a.longer - a.shorter - (VEC - 1)) {
            store(a, y, i, sum_one(a, longer, shorter, at));
            i++;
            continue;
        }
        floatV sum = (floatV)(0.0f);
        for (int j = 0; j < a.shorter; j++)
            sum = FMA(VLOAD(longer + at + j), (floatV)(tap(a, shorter, j)), sum);
        float lanes[VEC];
        VSTORE(sum, lanes);
        for (int l = 0; l < VEC; l++)
            store(a, y, i + l, lanes[l]);
        i += VEC;
    }
}
