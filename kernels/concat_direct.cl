/*
 * concat, direct: one launch for each input.
 *
 * - copy: the input's channels into their place in y, or back from dy; see images.clh
 */
#include "common.clh"
#include "images.clh"

__kernel void concat_direct_copy(const rows_args a, __global const float *from, uint from_offset,
                                 __global float *to, uint to_offset)
{
    copy_rows(a, from + from_offset, to + to_offset);
}
