/*
 * dropout, direct.
 *
 * prepare  a single work-item writes seed and step to the block
 * apply    work-item i takes the elements from i*ITEM to (i+1)*ITEM: forward on x, backward on dy,
 * with the same mask, which is made anew each time
 */
#include "dropout_args.h"
#include "philox.clh"

#ifndef ITEM
#define ITEM PHILOX_BLOCK
#endif
#if ITEM < PHILOX_BLOCK || ITEM % PHILOX_BLOCK != 0
#error "ITEM must be a multiple of 64"
#endif

__kernel void dropout_direct_prepare(const dropout_block a, __global uint *block, uint block_offset)
{
    if (get_global_id(0) > 0)
        return;
    block += block_offset;
    block[0] = a.seed_low;
    block[1] = a.seed_high;
    block[2] = a.step_low;
    block[3] = a.step_high;
}

/* VEC elements from p + at, as far as `count` allows. */
static inline floatV load_some(__global const float *p, int at, int count)
{
    if (at + VEC <= count)
        return VLOAD(p + at);
    return at < count ? load_part(p + at, count - at) : (floatV)(0.0f);
}

static inline floatV drop(const dropout_args a, uintV words, floatV x)
{
    return words < a.threshold ? (floatV)(0.0f) : a.scale * x;
}

__kernel void dropout_direct_apply(const dropout_args a, __global const float *from,
                                   uint from_offset, __global const uint *step, uint step_offset,
                                   __global float *to, uint to_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int count = min(ITEM, a.count - (int)first);
    from += from_offset + first;
    to += to_offset + first;
    const int large = is_large((size_t)a.count) && to != from;
    step += step_offset;
    /* Loads come before the drawing, which then hides the waiting for memory. */
    for (int at = 0; at < count; at += PHILOX_BLOCK)
        for (int part = 0; part < 16; part += VEC) {
            const bool whole = at + PHILOX_BLOCK <= count;
            const uint counter = (uint)((first + (size_t)at) / 4) + (uint)part;
            floatV x[4];
#pragma unroll
            for (int i = 0; i < 4; i++)
                x[i] = whole ? VLOAD(from + at + 16 * i + part)
                             : load_some(from, at + 16 * i + part, count);
            const philox_words w = philox(counter, a.stream, step[2], step[3], step[0], step[1]);
#pragma unroll
            for (int i = 0; i < 4; i++) {
                if (whole)
                    store_result(drop(a, w.word[i], x[i]), to + at + 16 * i + part, large);
                else
                    philox_store(drop(a, w.word[i], x[i]), to, at + 16 * i + part, count);
            }
        }
}
