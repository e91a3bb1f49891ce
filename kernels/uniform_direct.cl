/*
 * uniform, direct: work-item i fills the elements from i*ITEM to (i+1)*ITEM. A product and a sum,
 * each rounded by itself, whatever the device has: equal bits everywhere.
 */
#include "philox.clh"
#include "uniform_args.h"

#ifndef ITEM
#define ITEM PHILOX_BLOCK
#endif
#if ITEM < PHILOX_BLOCK || ITEM % PHILOX_BLOCK != 0
#error "ITEM must be a multiple of 64"
#endif

__kernel void uniform_direct_fill(const uniform_args a, __global float *y, uint y_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int count = min(ITEM, a.count - (int)first);
    y += y_offset + first;
    for (int block = 0; block < count; block += PHILOX_BLOCK) {
        for (int part = 0; part < 16; part += VEC) {
            const uint counter = (uint)((first + (size_t)block) / 4) + (uint)part;
            const philox_words w =
                philox(counter, a.stream, 0, PHILOX_FILL, a.seed_low, a.seed_high);
            for (int i = 0; i < 4; i++) {
                const floatV value = a.low + a.span * philox_unit(w.word[i]);
                philox_store(value > a.last ? (floatV)(a.last) : value, y, block + 16 * i + part,
                             count);
            }
        }
    }
}
