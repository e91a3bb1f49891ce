/*
 * upsample2d, direct. A work-item takes a part of the output's rows (rows.clh):
 *
 * forward   y[n][c][i][j]: one element of x, or a mixture of two rows' and two columns' elements
 * backward  dx[n][c][row][column]: the sum of what the outputs that it has part in give it, by rows
 *
 * Where the width is doubled, VEC elements of an input's row are worked on at a time.
 *
 * LINEAR: 1 mixes (bilinear), 0 copies (nearest). SCALE: 2 where the width is doubled (and the
 * corners are not aligned), 0 for any size.
 */
#include "common.clh"
#include "rows.clh"
#include "upsample2d_args.h"

#ifndef LINEAR
#define LINEAR 0
#endif
#ifndef SCALE
#define SCALE 0
#endif
#define STRIDE 2
#define STRIDE_W 2
#include "strided.clh"

/* (i*step + bias)/den as a whole number, negative ones rounded down, and a rest of den parts. */
typedef struct cursor {
    int index;
    uint rest;
} cursor;

/* One axis of an output: the two elements of the input that it mixes, and their weights. */
typedef struct place {
    int index, next;
    float weight, next_weight;
} place;

/* x/y rounded down, y > 0. */
static inline int floor_div(int x, int y)
{
    const int whole = x / y;
    return whole * y > x ? whole - 1 : whole;
}

static inline cursor cursor_at(int i, int step, int bias, int den, int wide)
{
    if (!wide) {
        const int x = i * step + bias, index = floor_div(x, den);
        return (cursor){index, (uint)(x - index * den)};
    }
    const long x = (long)i * step + bias;
    long index = x / den;
    index -= index * den > x ? 1 : 0;
    return (cursor){(int)index, (uint)(x - index * den)};
}

static inline cursor advance(cursor c, int step, int den)
{
    const int whole = step / den;
    c.index += whole;
    c.rest += (uint)(step - whole * den);
    if (c.rest >= (uint)den) {
        c.rest -= (uint)den;
        c.index++;
    }
    return c;
}

static inline place place_of(cursor c, int den, int size)
{
    const float part = 1.0f / (float)den;
    const uint rest = c.index < 0 ? 0 : c.rest;
    const int index = max(c.index, 0);
    return (place){index, min(index + 1, size - 1),
                   rest == 0 ? 1.0f : (float)((uint)den - rest) * part, (float)rest * part};
}

/* A weight of 0 keeps an infinity or a NaN out. */
static inline float weigh(float weight, float x)
{
    return weight > 0.0f ? weight * x : 0.0f;
}

static inline float forward_one(__global const float *top, __global const float *bottom, place row,
                                place column)
{
#if LINEAR
    const int j = column.index, next = column.next;
    const float left = weigh(row.weight, top[j]) + weigh(row.next_weight, bottom[j]);
    const float right = weigh(row.weight, top[next]) + weigh(row.next_weight, bottom[next]);
    return weigh(column.weight, left) + weigh(column.next_weight, right);
#else
    (void)bottom, (void)row;
    return top[column.index];
#endif
}

/* Columns [begin, end) of a row. */
static inline void forward_columns(const upsample2d_args a, __global const float *image, place row,
                                   __global float *y, int begin, int end)
{
    __global const float *top = image + row.index * a.w, *bottom = image + row.next * a.w;
    cursor c = cursor_at(begin, a.step_w, a.bias_w, a.den_w, a.wide);
    for (int j = begin; j < end; j++) {
        y[j] = forward_one(top, bottom, row, place_of(c, a.den_w, a.w));
        c = advance(c, a.step_w, a.den_w);
    }
}

#if SCALE == 2
static inline floatV load_mixed(const upsample2d_args a, __global const float *x, place row)
{
    const floatV top = VLOAD(x + row.index * a.w);
    if (row.next_weight <= 0.0f)
        return top;
    return top * row.weight + VLOAD(x + row.next * a.w) * row.next_weight;
}

/* The outputs 2*j and 2*j + 1 of VEC elements from j on, which have neighbours on both sides. */
static inline void forward_vector(const upsample2d_args a, __global const float *image, place row,
                                  __global float *y, int j)
{
#if LINEAR
    const floatV before = load_mixed(a, image + j - 1, row), at = load_mixed(a, image + j, row);
    const floatV after = load_mixed(a, image + j + 1, row);
    const floatV even = before * 0.25f + at * 0.75f, odd = at * 0.75f + after * 0.25f;
#else
    const floatV even = VLOAD(image + row.index * a.w + j), odd = even;
#endif
    VSTORE(ZIP_LOW(even, odd), y + 2 * j);
    VSTORE(ZIP_HIGH(even, odd), y + 2 * j + VEC);
}
#endif

__kernel void upsample2d_direct_forward(const upsample2d_args a, __global const float *x,
                                        uint x_offset, __global float *y, uint y_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.p, a.q);
    x += x_offset;
    y += y_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.p, i = at - plane * a.p;
        const place row = place_of(cursor_at(i, a.step_h, a.bias_h, a.den_h, a.wide), a.den_h, a.h);
        __global const float *image = x + (size_t)plane * (size_t)(a.h * a.w);
        __global float *out = y + (size_t)at * (size_t)a.q;
        int begin = part.begin;
#if SCALE == 2
        if (part.end - part.begin == a.q && a.w >= VEC + 2) {
            forward_columns(a, image, row, out, 0, 2);
            for (int j = 1; j < a.w - 1; j += VEC) /* the last one is moved back */
                forward_vector(a, image, row, out, min(j, a.w - 1 - VEC));
            begin = 2 * (a.w - 1);
        }
#endif
        forward_columns(a, image, row, out, begin, part.end);
    }
}

/* The outputs along one axis that an element may have part in. */
typedef struct extent {
    int begin, end;
} extent;

/* The first i with i*step + bias >= x. */
static inline int first_at(int index, int step, int bias, int den, int wide)
{
    if (!wide) {
        const int x = index * den - bias;
        return x <= 0 ? 0 : (x - 1) / step + 1;
    }
    const long x = (long)index * den - bias;
    return x <= 0 ? 0 : (int)((x - 1) / step + 1);
}

static inline extent extent_of(int element, int step, int bias, int den, int count, int wide)
{
    if (step == 0)
        return (extent){0, count};
    const int first = element - LINEAR;
    return (extent){first <= 0 ? 0 : first_at(first, step, bias, den, wide),
                    min(first_at(element + 1, step, bias, den, wide), count)};
}

/* How much of a place belongs to the element. */
static inline float weight_of(place at, int element)
{
#if LINEAR
    return (at.index == element ? at.weight : 0.0f) + (at.next == element ? at.next_weight : 0.0f);
#else
    return at.index == element ? 1.0f : 0.0f;
#endif
}

static inline float backward_one(const upsample2d_args a, __global const float *dy, extent rows,
                                 int row, int column)
{
    const extent columns = extent_of(column, a.step_w, a.bias_w, a.den_w, a.q, a.wide);
    const cursor left = cursor_at(columns.begin, a.step_w, a.bias_w, a.den_w, a.wide);
    cursor r = cursor_at(rows.begin, a.step_h, a.bias_h, a.den_h, a.wide);
    float sum = 0.0f;
    for (int i = rows.begin; i < rows.end; i++) {
        const float row_weight = weight_of(place_of(r, a.den_h, a.h), row);
        cursor c = left;
        for (int j = columns.begin; j < columns.end; j++) {
            const float weight = row_weight * weight_of(place_of(c, a.den_w, a.w), column);
            sum += weigh(weight, dy[i * a.q + j]);
            c = advance(c, a.step_w, a.den_w);
        }
        r = advance(r, a.step_h, a.den_h);
    }
    return sum;
}

static inline void backward_columns(const upsample2d_args a, __global const float *dy,
                                    __global float *dx, extent rows, int row, int begin, int end)
{
    for (int column = begin; column < end; column++) {
        const float sum = backward_one(a, dy, rows, row, column);
        dx[column] = a.accumulate ? dx[column] + sum : sum;
    }
}

#if SCALE == 2
/* VEC elements from j on, which have neighbours on both sides: what outputs 2*j - 1 to 2*j + 2
 * give. */
static inline void backward_vector(const upsample2d_args a, __global const float *dy,
                                   __global float *dx, extent rows, int row, int j)
{
    cursor r = cursor_at(rows.begin, a.step_h, a.bias_h, a.den_h, a.wide);
    floatV sum = 0.0f;
    for (int i = rows.begin; i < rows.end; i++) {
        const float weight = weight_of(place_of(r, a.den_h, a.h), row);
        __global const float *at = dy + i * a.q + 2 * j;
        r = advance(r, a.step_h, a.den_h);
        if (weight <= 0.0f)
            continue;
#if LINEAR
        const floatV a_low = VLOAD(at - 1), a_high = VLOAD(at - 1 + VEC);
        const floatV b_low = VLOAD(at + 1), b_high = VLOAD(at + 1 + VEC);
        const floatV near = ODD(a_low, a_high) + EVEN(b_low, b_high);
        const floatV far = EVEN(a_low, a_high) + ODD(b_low, b_high);
        sum += weight * (near * 0.75f + far * 0.25f);
#else
        const floatV low = VLOAD(at), high = VLOAD(at + VEC);
        sum += EVEN(low, high) + ODD(low, high);
#endif
    }
    VSTORE(a.accumulate ? VLOAD(dx + j) + sum : sum, dx + j);
}
#endif

__kernel void upsample2d_direct_backward(const upsample2d_args a, __global const float *dy,
                                         uint dy_offset, __global float *dx, uint dx_offset)
{
    const rows_part part = rows_part_of(get_global_id(0), a.planes * a.h, a.w);
    dy += dy_offset;
    dx += dx_offset;
    for (int at = part.row; at < part.row_end; at++) {
        const int plane = at / a.h, row = at - plane * a.h;
        const extent rows = extent_of(row, a.step_h, a.bias_h, a.den_h, a.p, a.wide);
        __global const float *image = dy + (size_t)plane * (size_t)(a.p * a.q);
        __global float *out = dx + (size_t)at * (size_t)a.w;
        int begin = part.begin;
#if SCALE == 2
        if (part.end - part.begin == a.w && a.w >= VEC + 2) {
            backward_columns(a, image, out, rows, row, 0, 1);
            for (begin = 1; begin + VEC <= a.w - 1; begin += VEC)
                backward_vector(a, image, out, rows, row, begin);
        }
#endif
        backward_columns(a, image, out, rows, row, begin, part.end);
    }
}
