/*
 * sgd, direct: one update of all parameters, or of their segments, in one launch; state1 is the
 * velocity, if there is one. What a work-item does is in optimiser.clh.
 */
#include "common.clh"
#include "optimiser_args.h"

#define STATES 1

/* VEC elements: g, velocity, param as in clcnn.h. Without momentum the velocity stays as it is,
 * whatever it holds. */
static inline void update(const optimiser_block k, floatV grad, floatV *param, floatV *velocity,
                          floatV *none)
{
    (void)none;
    floatV g = FMA((floatV)(k.gradient_decay), *param, grad);
    if (k.beta1 > 0.0f) {
        *velocity = FMA((floatV)(k.beta1), *velocity, g);
        g = k.nesterov > 0.0f ? FMA((floatV)(k.beta1), *velocity, g) : *velocity;
    }
    *param = FMA((floatV)(-k.rate), g, *param);
}

#include "optimiser.clh"

__kernel void sgd_direct_prepare(const optimiser_block k, __global float *block, uint block_offset)
{
    if (get_global_id(0) == 0)
        write_block(k, block + block_offset);
}

__kernel void sgd_direct_step(const optimiser_args a, __global float *restrict param,
                              uint param_offset, __global const float *restrict grad,
                              uint grad_offset, __global float *restrict velocity,
                              uint velocity_offset, __global const int *table, uint table_offset,
                              __global const float *block, uint block_offset)
{
    const optimiser_arrays arrays = {param + param_offset, grad + grad_offset,
                                     velocity + (a.states > 0 ? velocity_offset : 0), velocity,
                                     a.states};
    step_item(a, arrays, table + (a.segments > 0 ? table_offset : 0), block + block_offset,
              get_global_id(0) * ITEM);
}
