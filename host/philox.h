/*
 * Philox4x32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw ("Parallel Random
 * Numbers: As Easy as 1, 2, 3", 2011). It turns a counter and a key into four random words by ten
 * rounds of multiplication and exclusive-or. There is no state: a number depends on its counter and
 * key alone, so a run can be resumed, split or repeated anywhere with the same bits.
 */
#ifndef CLCNN_PHILOX_H
#define CLCNN_PHILOX_H

#include <stdint.h>

typedef struct clcnn__philox_counter {
    uint32_t v[4];
} clcnn__philox_counter;

typedef struct clcnn__philox_key {
    uint32_t v[2];
} clcnn__philox_key;

/* One round: two 32x32 -> 64 multiplications, whose halves change places. */
static inline clcnn__philox_counter clcnn__philox_round(clcnn__philox_counter c,
                                                        clcnn__philox_key k)
{
    uint64_t a = (uint64_t)UINT32_C(0xD2511F53) * c.v[0];
    uint64_t b = (uint64_t)UINT32_C(0xCD9E8D57) * c.v[2];
    clcnn__philox_counter out = {{(uint32_t)(b >> 32) ^ c.v[1] ^ k.v[0], (uint32_t)b,
                                  (uint32_t)(a >> 32) ^ c.v[3] ^ k.v[1], (uint32_t)a}};
    return out;
}

/* The four words that belong to a counter under a key. */
static inline clcnn__philox_counter clcnn__philox(clcnn__philox_counter c, clcnn__philox_key k)
{
    for (int round = 0; round < 10; ++round) {
        c = clcnn__philox_round(c, k);
        /* Weyl sequence: the golden ratio and sqrt(3) - 1 as fractions of 2^32 */
        k.v[0] += UINT32_C(0x9E3779B9);
        k.v[1] += UINT32_C(0xBB67AE85);
    }
    return c;
}

/*
 * Usual numbering: `seed` is the key, `stream` keeps uses apart (weights, order, images ...), and
 * `index` counts within a stream.
 */
static inline clcnn__philox_counter clcnn__philox_at(uint64_t seed, uint64_t stream, uint64_t index)
{
    clcnn__philox_counter c = {
        {(uint32_t)index, (uint32_t)(index >> 32), (uint32_t)stream, (uint32_t)(stream >> 32)}};
    clcnn__philox_key k = {{(uint32_t)seed, (uint32_t)(seed >> 32)}};
    return clcnn__philox(c, k);
}

/* A word as a number in [0, 1), a multiple of 2^-24: exact in float. */
static inline float clcnn__philox_float(uint32_t word)
{
    return (float)(word >> 8) * 0x1p-24f;
}

/* A word as an integer in [0, n), by multiplication; its bias is at most n / 2^32. */
static inline uint32_t clcnn__philox_below(uint32_t word, uint32_t n)
{
    return (uint32_t)(((uint64_t)word * n) >> 32);
}

#endif
