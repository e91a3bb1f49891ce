/*
 * adam, direct: one update of all parameters, or of their segments, in one launch.
 *
 * - prepare: a single work-item writes the step's constants, computed on the host, to the block
 * - step: work-item i updates the elements from i*ITEM to (i+1)*ITEM, VEC at a time
 *
 * A row of the segment table is four 32-bit words (end, lr_factor, decay_factor, frozen). What the
 * table holds is compared, never used as an address: whatever is in it, nothing outside the arena
 * is touched.
 */
#include "adam_args.h"
#include "common.clh"

#ifndef ITEM
#define ITEM VEC
#endif
#if ITEM < VEC || ITEM % VEC != 0
#error "ITEM must be a multiple of VEC"
#endif

__kernel void adam_direct_prepare(const adam_block a, __global float *block, uint block_offset)
{
    if (get_global_id(0) > 0)
        return;
    block += block_offset;
    block[0] = a.beta1;
    block[1] = a.one_minus_beta1;
    block[2] = a.beta2;
    block[3] = a.one_minus_beta2;
    block[4] = a.rate;
    block[5] = a.root_factor;
    block[6] = a.eps;
    block[7] = a.gradient_decay;
    block[8] = a.param_decay;
    for (int i = 9; i < 16; i++)
        block[i] = 0.0f;
}

/* VEC elements: g, m, v, param as in clcnn.h. */
static inline void update(const adam_block k, floatV grad, floatV *param, floatV *m, floatV *v)
{
    const floatV g = FMA((floatV)(k.gradient_decay), *param, grad);
    *m = FMA((floatV)(k.beta1), *m, k.one_minus_beta1 * g);
    *v = FMA((floatV)(k.beta2), *v, k.one_minus_beta2 * g * g);
    const floatV denominator = FMA(sqrt(*v), (floatV)(k.root_factor), (floatV)(k.eps));
    const floatV decayed = FMA((floatV)(-k.param_decay), *param, *param);
    *param = decayed - k.rate * *m / denominator;
}

/* The first row of the table that ends after `element`; `segments` if there is none. */
static inline int find_segment(__global const int *table, int segments, int element)
{
    int low = 0, high = segments;
    while (low < high) {
        const int middle = low + (high - low) / 2;
        if (table[4 * middle] > element)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Elements [i, end) with one set of constants. */
static inline void update_range(const adam_block k, __global float *param,
                                __global const float *grad, __global float *m, __global float *v,
                                int i, int end)
{
    floatV p1, m1, v1;
    for (; i <= end - VEC; i += VEC) {
        p1 = VLOAD(param + i);
        m1 = VLOAD(m + i);
        v1 = VLOAD(v + i);
        update(k, VLOAD(grad + i), &p1, &m1, &v1);
        VSTORE(p1, param + i);
        VSTORE(m1, m + i);
        VSTORE(v1, v + i);
    }
    if (i < end) {
        p1 = load_part(param + i, end - i);
        m1 = load_part(m + i, end - i);
        v1 = load_part(v + i, end - i);
        update(k, load_part(grad + i, end - i), &p1, &m1, &v1);
        store_part(p1, param + i, end - i);
        store_part(m1, m + i, end - i);
        store_part(v1, v + i, end - i);
    }
}

__kernel void adam_direct_step(const adam_args a, __global float *restrict param, uint param_offset,
                               __global const float *restrict grad, uint grad_offset,
                               __global float *restrict m, uint m_offset,
                               __global float *restrict v, uint v_offset, __global const int *table,
                               uint table_offset, __global const float *block, uint block_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    param += param_offset;
    grad += grad_offset;
    m += m_offset;
    v += v_offset;
    table += a.segments > 0 ? table_offset : 0;
    block += block_offset;
    const adam_block k = {block[0], block[1], block[2], block[3], block[4],
                          block[5], block[6], block[7], block[8]};
    if (a.segments == 0) {
        update_range(k, param, grad, m, v, begin, end);
        return;
    }
    int i = begin;
    for (int s = find_segment(table, a.segments, begin); s < a.segments && i < end; s++) {
        const int stop = max(i, min(end, table[4 * s]));
        const float lr_factor = as_float(table[4 * s + 1]);
        const float decay_factor = as_float(table[4 * s + 2]);
        adam_block own = k;
        own.rate *= lr_factor;
        own.gradient_decay *= decay_factor;
        own.param_decay *= lr_factor * decay_factor;
        if (table[4 * s + 3] == 0)
            update_range(own, param, grad, m, v, i, stop);
        i = stop;
    }
}
