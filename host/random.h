/* Which random word belongs to which element: what host and reference share with
 * kernels/philox.clh.
 */
#ifndef CLCNN_RANDOM_H
#define CLCNN_RANDOM_H

#include "philox.h"

#include <stddef.h>

/* The upper half of the step of what is no step: fills. */
#define CLCNN__FILL UINT32_C(0x80000000)

static inline uint32_t clcnn__low(uint64_t value)
{
    return (uint32_t)value;
}

static inline uint32_t clcnn__high(uint64_t value)
{
    return (uint32_t)(value >> 32);
}

/* Elements go by blocks of 64: 16 counters of four words. */
static inline uint32_t clcnn__random_word(uint64_t seed, uint64_t step, uint32_t stream, size_t i)
{
    const uint32_t counter = (uint32_t)(i / 64 * 16 + i % 16);
    const clcnn__philox_counter c = {{counter, stream, clcnn__low(step), clcnn__high(step)}};
    const clcnn__philox_key k = {{clcnn__low(seed), clcnn__high(seed)}};
    return clcnn__philox(c, k).v[i / 16 % 4];
}

#endif
