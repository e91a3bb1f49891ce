/*
 * What a device can do at all: multiply-adds in registers, and a plain copy. VEC is the width of a
 * vector, ROUNDS how long a work-item stays in its loop, ITEM the vectors that it copies.
 */
#ifndef VEC
#define VEC 4
#endif
#ifndef ROUNDS
#define ROUNDS 512
#endif
#ifndef ITEM
#define ITEM 1
#endif
#ifndef CLCNN_FMA
#define CLCNN_FMA 0
#endif

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#if VEC == 1
typedef float vec;
#define LOAD(i, p) (p)[i]
#define STORE(v, i, p) (p)[i] = (v)
#else
typedef JOIN(float, VEC) vec;
#define LOAD(i, p) JOIN(vload, VEC)((i), (p))
#define STORE(v, i, p) JOIN(vstore, VEC)((v), (i), (p))
#endif

#if CLCNN_FMA
#define MULTIPLY_ADD(a, b, c) fma((a), (b), (c))
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

/* Twelve sums that don't wait for each other: more than any pipeline is deep, and still registers.
 */
#define EACH(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7) DO(8) DO(9) DO(10) DO(11)
#define DECLARE(n) vec s##n = (vec)(start + n);
#define ADVANCE(n) s##n = MULTIPLY_ADD(s##n, factor, addend);
#define COLLECT(n) sum += s##n;

/* 24 * VEC * ROUNDS operations by each work-item. */
__kernel void probe_peak(float scale, float shift, __global float *y)
{
    const uint i = (uint)get_global_id(0);
    const float start = (float)i;
    const vec factor = (vec)(scale), addend = (vec)(shift);
    EACH(DECLARE)
    for (int round = 0; round < ROUNDS; round++) {
        EACH(ADVANCE)
    }
    vec sum = (vec)(0.0f);
    EACH(COLLECT)
    STORE(sum, i, y);
}

/* ITEM vectors by each work-item, one behind the other where ITEM is large. */
__kernel void probe_copy(uint vectors, __global const float *x, __global float *y)
{
    const uint first = (uint)get_global_id(0) * ITEM;
    for (uint i = 0; i < ITEM; i++) {
        if (first + i < vectors)
            STORE(LOAD(first + i, x), first + i, y);
    }
}
