/*
 * add, direct: y = f(a + b), b of a's shape or one number for each channel, and the gradient of b.
 *
 * forward   item i -> y, elements from i*ITEM to (i+1)*ITEM
 * backward  item i -> db = dy where the shapes are the same, elements as in forward
 * sums      item (chunk, channel) -> sum of dy over a chunk of the channel, into the workspace
 * reduce    item channel -> db from the chunks, in order
 */
#include "add_args.h"
#include "channels.clh"

#define REAL floatV
#include "activation.clh"

#ifndef ITEM
#define ITEM VEC
#endif
#if ITEM < VEC || ITEM % VEC != 0
#error "ITEM must be a multiple of VEC"
#endif

__kernel void add_direct_forward(const add_args a, __global const float *left, uint left_offset,
                                 __global const float *right, uint right_offset, __global float *y,
                                 uint y_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    left += left_offset;
    right += right_offset;
    y += y_offset;
    const int large = is_large((size_t)a.count) && y != left && y != right;
    for (int at = begin, next = end; at < end; at = next) {
        float bias = 0.0f;
        if (a.broadcast) {
            const int plane = at / a.hw;
            next = at + min(a.hw - (at - plane * a.hw), end - at);
            bias = right[plane - plane / a.c * a.c];
        }
        for (int i = at; i < next; i += VEC) {
            const int rest = next - i;
            const floatV other = a.broadcast ? (floatV)(bias) : load_row(right + i, rest);
            const floatV sum = load_row(left + i, rest) + other;
            const floatV result = activate(sum, a.activation, a.alpha);
            if (rest >= VEC)
                store_result(result, y + i, large);
            else
                store_part(result, y + i, rest);
        }
    }
}

__kernel void add_direct_backward(const add_args a, __global const float *dy, uint dy_offset,
                                  __global float *db, uint db_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int begin = (int)first, end = begin + min(ITEM, a.count - begin);
    dy += dy_offset;
    db += db_offset;
    const int large = is_large((size_t)a.count) && !a.accumulate && db != dy;
    for (int i = begin; i < end; i += VEC) {
        const floatV value = load_row(dy + i, end - i);
        if (end - i >= VEC)
            store_result(a.accumulate ? load_whole(db + i) + value : value, db + i, large);
        else
            store_row(a.accumulate ? load_row(db + i, end - i) + value : value, db + i, end - i);
    }
}

__kernel void add_direct_sums(const add_args a, __global const float *dy, uint dy_offset,
                              __global float *partial, uint partial_offset)
{
    const int chunk = (int)get_global_id(0), channel = (int)get_global_id(1);
    if (chunk >= a.chunks || channel >= a.c)
        return;
    const int begin = chunk * a.chunk, end = begin + min(a.chunk, a.n * a.hw - begin);
    dy += dy_offset;
    tally t = tally_begin();
    run r = run_at(begin, end, channel, a.c, a.hw);
    for (; r.count > 0; r = run_at(r.at + r.count, end, channel, a.c, a.hw))
        for (int i = 0; i < r.count; i += VEC)
            tally_add(&t, load_row(dy + r.begin + i, r.count - i), (floatV)(0.0f));
    partial[partial_offset + (uint)(channel * a.chunks + chunk)] = tally_first(&t);
}

__kernel void add_direct_reduce(const add_args a, __global const float *partial,
                                uint partial_offset, __global float *db, uint db_offset)
{
    const int channel = (int)get_global_id(0);
    if (channel >= a.c)
        return;
    partial += partial_offset + (uint)(channel * a.chunks);
    float sum = 0.0f;
    for (int i = 0; i < a.chunks; i++)
        sum += partial[i];
    db += db_offset + (uint)channel;
    *db = a.accumulate ? *db + sum : sum;
}
