/*
 * activation, direct: y = f(x) and dx = dy * f'(x), element by element.
 *
 * Work-item i takes the elements from i*ITEM to (i+1)*ITEM, VEC at a time. Each kind is a build of
 * its own (KIND, see activation_args.h), so that a kind costs nothing but its own arithmetic. What
 * the kinds compute stands in activation.clh.
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
#define KIND ACTIVATION_RELU
#endif
#if KIND < ACTIVATION_IDENTITY || KIND > ACTIVATION_GELU_TANH
#error "KIND is none of activation_args.h"
#endif

#define REAL floatV
#define CURVED (KIND > ACTIVATION_LEAKY_RELU)
#include "activation.clh"

/* Vectors that are loaded before the first of them is worked on: the arithmetic then hides the
 * waiting for memory. */
#define BESIDE 4
#define BLOCK (BESIDE * VEC)
#define UNROLLED(k) _Pragma("unroll") for (int k = 0; k < BESIDE; k++)

/* dy * f', given x or y. */
static inline floatV gradient(const activation_args a, floatV dy, floatV given)
{
#if CURVED
    return dy *
           (a.from_y ? curve_slope_of_y(given, KIND, a.alpha) : curve_slope(given, KIND, a.alpha));
#else
    return straight_gradient(dy, given, KIND, a.alpha);
#endif
}

__kernel void activation_direct_forward(const activation_args a, __global const float *x,
                                        uint x_offset, __global float *y, uint y_offset)
{
    const size_t first = get_global_id(0) * ITEM;
    if (first >= (size_t)a.count)
        return;
    const int count = min(ITEM, a.count - (int)first);
    x += x_offset + first;
    y += y_offset + first;
    const int large = is_large((size_t)a.count) && x != y;
    int i = 0;
    for (; i + BLOCK <= count; i += BLOCK) {
        floatV v[BESIDE];
        UNROLLED(k) v[k] = VLOAD(x + i + k * VEC);
        UNROLLED(k) store_result(activate(v[k], KIND, a.alpha), y + i + k * VEC, large);
    }
    SHORT_LOOP
    for (; i < count; i += VEC)
        store_row(activate(load_row(x + i, count - i), KIND, a.alpha), y + i, count - i);
}

/* `given` is x or y. */
static APART void backward_item(const activation_args a, __global const float *given,
                                __global const float *dy, __global float *dx, const size_t first)
{
    if (first >= (size_t)a.count)
        return;
    const int count = min(ITEM, a.count - (int)first);
    given += first;
    dy += first;
    dx += first;
    const int large = is_large((size_t)a.count) && dx != dy && dx != given;
    int i = 0;
    for (; i + BLOCK <= count; i += BLOCK) {
        floatV g[BESIDE], v[BESIDE];
        UNROLLED(k)
        {
            g[k] = VLOAD(dy + i + k * VEC);
            v[k] = VLOAD(given + i + k * VEC);
        }
        UNROLLED(k) store_result(gradient(a, g[k], v[k]), dx + i + k * VEC, large);
    }
    SHORT_LOOP
    for (; i < count; i += VEC) {
        const floatV g = load_row(dy + i, count - i), v = load_row(given + i, count - i);
        store_row(gradient(a, g, v), dx + i, count - i);
    }
}

__kernel void activation_direct_backward(const activation_args a, __global const float *given,
                                         uint given_offset, __global const float *dy,
                                         uint dy_offset, __global float *dx, uint dx_offset)
{
    backward_item(a, given + given_offset, dy + dy_offset, dx + dx_offset, get_global_id(0) * ITEM);
}
