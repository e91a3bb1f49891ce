/*
 * normal, direct: work-item i fills the elements from i*ITEM to (i+1)*ITEM, two at a time (Box and
 * Muller, 1958): words 0 and 1 of a counter make the elements of words 0 and 1, words 2 and 3
 * theirs.
 */
#include "normal_args.h"
#include "philox.clh"

#ifndef ITEM
#define ITEM PHILOX_BLOCK
#endif
#if ITEM < PHILOX_BLOCK || ITEM % PHILOX_BLOCK != 0
#error "ITEM must be a multiple of 64"
#endif

__kernel void normal_direct_fill(const normal_args a, __global float *y, uint y_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int count = min(ITEM, a.count - (int)first);
    const floatV mean = (floatV)(a.mean), deviation = (floatV)(a.deviation);
    y += y_offset + first;
    for (int block = 0; block < count; block += PHILOX_BLOCK) {
        for (int part = 0; part < 16; part += VEC) {
            const uint counter = (uint)((first + (size_t)block) / 4) + (uint)part;
            const philox_words w =
                philox(counter, a.stream, 0, PHILOX_FILL, a.seed_low, a.seed_high);
            for (int i = 0; i < 4; i += 2) {
                /* from 2^-24 to 1, so that the logarithm is finite; both angles are exact */
                const floatV radius = sqrt(-2.0f * log(philox_unit(w.word[i]) + 0x1p-24f));
                const floatV angle = 2.0f * philox_unit(w.word[i + 1]);
                const int at = block + 16 * i + part;
                philox_store(FMA(deviation, radius * cospi(angle), mean), y, at, count);
                philox_store(FMA(deviation, radius * sinpi(angle), mean), y, at + 16, count);
            }
        }
    }
}
