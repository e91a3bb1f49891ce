/*
 * activation, direct: y = f(x) and dx = dy * f'(x), element by element.
 *
 * Work-item i takes the elements from i*ITEM to (i+1)*ITEM, VEC at a time. Each kind is a build of
 * its own (KIND, see activation_args.h), so that a kind costs nothing but its own arithmetic. To
 * add one, add its two functions here and its row in host/activation.c.
 */
#include "activation_args.h"
#include "common.clh"

#ifndef ITEM
#define ITEM VEC
#endif
#if ITEM < VEC || ITEM % VEC != 0
#error "ITEM must be a multiple of VEC"
#endif
#ifndef KIND
#define KIND ACTIVATION_KIND_RELU
#endif

/* value: f. slope: dy * f', given x or y, whichever the host passed. A NaN fails x <= 0: it stays,
 * and its gradient passes as that of a positive number. */
#if KIND == ACTIVATION_KIND_IDENTITY
static inline floatV value(floatV x)
{
    return x;
}
static inline floatV slope(floatV dy, floatV given)
{
    (void)given;
    return dy;
}
#elif KIND == ACTIVATION_KIND_RELU
static inline floatV value(floatV x)
{
    return x <= 0.0f ? (floatV)(0.0f) : x;
}
static inline floatV slope(floatV dy, floatV given)
{
    return given <= 0.0f ? (floatV)(0.0f) : dy;
}
#else
#error "KIND is none of activation_args.h"
#endif

__kernel void activation_direct_forward(const activation_args a, __global const float *x,
                                        uint x_offset, __global float *y, uint y_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int count = min(ITEM, a.count - (int)first);
    x += x_offset + first;
    y += y_offset + first;
    int i = 0;
    for (; i + VEC <= count; i += VEC)
        VSTORE(value(VLOAD(x + i)), y + i);
    if (i < count)
        store_part(value(load_part(x + i, count - i)), y + i, count - i);
}

/* `given` is x or y. */
__kernel void activation_direct_backward(const activation_args a, __global const float *given,
                                         uint given_offset, __global const float *dy,
                                         uint dy_offset, __global float *dx, uint dx_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int count = min(ITEM, a.count - (int)first);
    given += given_offset + first;
    dy += dy_offset + first;
    dx += dx_offset + first;
    int i = 0;
    for (; i + VEC <= count; i += VEC)
        VSTORE(slope(VLOAD(dy + i), VLOAD(given + i)), dx + i);
    if (i < count) {
        const int rest = count - i;
        store_part(slope(load_part(dy + i, rest), load_part(given + i, rest)), dx + i, rest);
    }
}
