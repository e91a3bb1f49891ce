/*
 * rmsprop, direct: one update of all parameters, or of their segments, in one launch; state1 is the
 * running mean of squares. What a work-item does is in optimiser.clh.
 */
#include "common.clh"
#include "optimiser_args.h"

#define STATES 1

/* VEC elements: g, square_avg, param as in clcnn.h. */
static inline void update(const optimiser_block k, floatV grad, floatV *param, floatV *square_avg,
                          floatV *none)
{
    (void)none;
    const floatV g = FMA((floatV)(k.gradient_decay), *param, grad);
    *square_avg = FMA((floatV)(k.beta2), *square_avg, k.one_minus_beta2 * g * g);
    *param -= k.rate * g / (sqrt(*square_avg) + k.eps);
}

#include "optimiser.clh"

__kernel void rmsprop_direct_prepare(const optimiser_block k, __global float *block,
                                     uint block_offset)
{
    if (get_global_id(0) == 0)
        write_block(k, block + block_offset);
}

__kernel void rmsprop_direct_step(const optimiser_args a, __global float *restrict param,
                                  uint param_offset, __global const float *restrict grad,
                                  uint grad_offset, __global float *restrict square_avg,
                                  uint square_avg_offset, __global const int *table,
                                  uint table_offset, __global const float *block, uint block_offset)
{
    const optimiser_arrays arrays = {param + param_offset, grad + grad_offset,
                                     square_avg + (a.states > 0 ? square_avg_offset : 0),
                                     square_avg, a.states};
    step_item(a, arrays, table + (a.segments > 0 ? table_offset : 0), block + block_offset,
              get_global_id(0) * ITEM);
}
