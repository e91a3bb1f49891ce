/*
 * adam, direct: one update of all parameters, or of their segments, in one launch; state1 is m,
 * state2 is v. What a work-item does is in optimiser.clh.
 */
#include "common.clh"
#include "optimiser_args.h"

#define STATES 2

/* VEC elements: g, m, v, param as in clcnn.h. */
static inline void update(const optimiser_block k, floatV grad, floatV *param, floatV *m, floatV *v)
{
    const floatV g = FMA((floatV)(k.gradient_decay), *param, grad);
    *m = FMA((floatV)(k.beta1), *m, k.one_minus_beta1 * g);
    *v = FMA((floatV)(k.beta2), *v, k.one_minus_beta2 * g * g);
    const floatV denominator = FMA(sqrt(*v), (floatV)(k.root_factor), (floatV)(k.eps));
    const floatV decayed = FMA((floatV)(-k.param_decay), *param, *param);
    *param = decayed - k.rate * *m / denominator;
}

#include "optimiser.clh"

__kernel void adam_direct_prepare(const optimiser_block k, __global float *block, uint block_offset)
{
    if (get_global_id(0) == 0)
        write_block(k, block + block_offset);
}

__kernel void adam_direct_step(const optimiser_args a, __global float *restrict param,
                               uint param_offset, __global const float *restrict grad,
                               uint grad_offset, __global float *restrict m, uint m_offset,
                               __global float *restrict v, uint v_offset, __global const int *table,
                               uint table_offset, __global const float *block, uint block_offset)
{
    const optimiser_arrays arrays = {param + param_offset, grad + grad_offset, m + m_offset,
                                     v + v_offset, a.states};
    step_item(a, arrays, table + (a.segments > 0 ? table_offset : 0), block + block_offset,
              get_global_id(0) * ITEM);
}
