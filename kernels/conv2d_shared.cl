/*
 * The small kernels that conv2d's tile has, and others in backward_weights: what goes before and
 * behind their sums. They know block sizes at run time, so that a context compiles them once,
 * whatever tiles it uses; and one launch does all that can be done at the same time.
 *
 * - prepare: pads the input, so that no tap needs a bounds check, or collects what strides leave of
 *   it; lists the taps and packs the weights
 * - sum: sums of dy over its pixels, split by split
 * - add: the splits of what was summed, of dw and of db, added up in order
 *
 * A work-item is alone in its group and does a piece of what CONV2D_... of conv2d_args.h say: a few
 * thousand loads and stores. The list is made anew on every call: what a kernel uses as an address,
 * it has worked out itself. Registers: VEC vectors of sums.
 */
#include "common.clh"
#define STRIDE 1
#include "strided.clh"

#include "conv2d_splits.clh"
#include "conv2d_taps.clh"

static inline int divide_up(int a, int b)
{
    return (a + b - 1) / b;
}

/* `block` numbers that lie `apart`, side by side; zeros in place of those from `live` on. */
static inline void collect(__global const float *from, int apart, int live, __global float *to,
                           int block)
{
    SHORT_LOOP
    for (int i = 0; i < live; i++, from += apart)
        to[i] = *from;
    SHORT_LOOP
    for (int i = live; i < block; i++)
        to[i] = 0.0f;
}

/* A row, or every `step`-th element of it, `count` in all. */
static inline void copy_row(__global const float *from, int step, int count, __global float *to)
{
    int i = 0;
    if (step == 1 && count >= VEC) { /* the last vector ends where the row does */
        SHORT_LOOP
        for (; i < count; i += VEC)
            store_whole(load_whole(from + min(i, count - VEC)), to + min(i, count - VEC));
    }
    if (step == 2 && count > VEC) {
        SHORT_LOOP
        for (; i + VEC < count; i += VEC) {
            const floatV low = load_whole(from + 2 * i), high = load_whole(from + 2 * i + VEC);
            store_whole(EVEN(low, high), to + i);
        }
        i = count - VEC; /* behind the last one may be nothing: with those before */
        const floatV low = load_whole(from + 2 * i - 1), high = load_whole(from + 2 * i - 1 + VEC);
        store_whole(ODD(low, high), to + i);
        return;
    }
    SHORT_LOOP
    for (; i < count; i++)
        to[i] = from[i * step];
}

/* `room`: how many elements behind them are written after them. */
static inline void put_zeros(int count, int room, __global float *to)
{
    int i = 0;
    if (count > 0 && count + room >= VEC && count < VEC) {
        store_whole((floatV)(0.0f), to);
        return;
    }
    if (count >= VEC) {
        SHORT_LOOP
        for (; i < count; i += VEC)
            store_whole((floatV)(0.0f), to + min(i, count - VEC));
    }
    SHORT_LOOP
    for (; i < count; i++)
        to[i] = 0.0f;
}

/* Some rows of a padded plane: a.top rows of zeros, and then a.left of them before each row. What
 * lies below a plane and right of a row are the zeros that come next, so behind the last plane
 * there are as many again. Zeros between what is copied are written in one go. */
static APART void pad_rows(const conv2d_prepare_args a, int item, __global const float *in,
                           __global float *out)
{
    const int parts = divide_up(a.out_h, a.rows), plane = item / parts;
    const int begin = (item - plane * parts) * a.rows, end = min(begin + a.rows, a.out_h);
    const int thin = a.what & CONV2D_THIN;
    const int step_h = thin ? a.step_h : 1, step_w = thin ? a.step_w : 1;
    int zeros = 0;
    in += (uint)(plane * a.in_h * a.in_w);
    out += (uint)(plane * a.out_h * a.out_w + begin * a.out_w);
    SHORT_LOOP
    for (int row = begin; row <= end; row++) {
        const int y = row - a.top, copies = row < end && y >= 0 && y < a.h;
        if (row < end && !copies) {
            zeros += a.out_w;
            continue;
        }
        zeros += copies ? a.left : 0;
        if (!copies && item == parts * a.planes - 1)
            zeros += a.top * a.out_w + a.left;
        put_zeros(zeros, copies ? a.w : 0, out);
        if (!copies)
            break;
        out += zeros;
        copy_row(in + y * step_h * a.in_w, step_w, a.w, out);
        out += a.w;
        zeros = a.out_w - a.left - a.w;
    }
}

/* Taps that go up and left are listed from the last one on: processors fetch ahead of addresses
 * that rise, and `runs` takes half as long again where they fall. */
static inline meeting rising(int sign, meeting m)
{
    m.rank = sign > 0 ? m.rank : m.same - 1 - m.rank;
    return m;
}

/* The taps of some channels, and their weights for one block: packed[block][tap][a.block]. */
static APART void list_and_pack(const conv2d_prepare_args a, int item, __global int *taps,
                                __global const float *w, __global float *packed)
{
    const int parts = divide_up(a.in_channels, a.channels), block = item / parts;
    const int begin = (item - block * parts) * a.channels;
    const int end = min(begin + a.channels, a.in_channels);
    const int group = block / a.blocks, first = (block - group * a.blocks) * a.block;
    const int live = min(a.block, a.out_group - first);
    const int area = a.r * a.s, total = a.in_channels * area;
    /* forward weights are [out_group][in_channels][r][s], backward [in_channels][out_group][r][s]
     */
    const int from_lane = a.sign > 0 ? total : area;
    const int from_channel = a.sign > 0 ? area : a.out_group * area;
    const int lists = block == 0 && (a.what & CONV2D_LIST), packs = a.what & CONV2D_WEIGHTS;
    w += (uint)(group * a.out_group * total + first * from_lane);
    packed += (uint)(block * total * a.block);
    SHORT_LOOP
    for (int at = 0; at < area; at++) {
        const int r = at / a.s, s = at - r * a.s;
        const int down = r * a.dilation_h / a.step_h, right = s * a.dilation_w / a.step_w;
        const meeting row = rising(
            a.sign, meet(a.r, a.dilation_h, a.step_h, r * a.dilation_h - down * a.step_h, r));
        const meeting column = rising(
            a.sign, meet(a.s, a.dilation_w, a.step_w, s * a.dilation_w - right * a.step_w, s));
        SHORT_LOOP
        for (int channel = begin; channel < end; channel++) {
            const int index = tap_index(a.in_channels, a.s, channel, row, column);
            if (lists)
                taps[index] = channel * a.in_plane + a.sign * (down * a.in_row + right);
            if (packs)
                collect(w + (channel * from_channel + at), from_lane, live,
                        packed + index * a.block, a.block);
        }
    }
}

/* item -> a part of a padded plane; behind these: a part of the taps and weights */
ALONE __kernel void conv2d_shared_prepare(const conv2d_prepare_args a, __global const float *in,
                                          uint in_offset, __global float *padded,
                                          uint padded_offset, __global int *taps, uint taps_offset,
                                          __global const float *from, uint from_offset,
                                          __global float *packed, uint packed_offset)
{
    const int parts = a.planes > 0 ? a.planes * divide_up(a.out_h, a.rows) : 0;
    const int item = (int)(get_global_id(0) - (size_t)parts);
    if (get_global_id(0) < (size_t)parts)
        pad_rows(a, (int)get_global_id(0), in + in_offset, padded + padded_offset);
    else
        list_and_pack(a, item, taps + taps_offset, from + from_offset, packed + packed_offset);
}

/* One channel, one split of the vectors of all images: sums[split][k], from planes as they are
 * (a.pq elements each). */
static APART void sum_planes(const conv2d_sum_args a, int k, int split, __global const float *y,
                             __global float *sums)
{
    const int vectors = (a.pq + VEC - 1) / VEC,
              end = split_begin(a.n * vectors, a.splits, split + 1);
    floatV lanes = (floatV)(0.0f);
    SHORT_LOOP
    for (int next = split_begin(a.n * vectors, a.splits, split); next < end;) {
        const int image = next / vectors, first = next - image * vectors;
        const int last = min(vectors, end - image * vectors);
        __global const float *plane = y + (uint)((image * a.k + k) * a.pq);
        SHORT_LOOP
        for (int i = first * VEC; i < last * VEC; i += VEC)
            lanes += load_row(plane + i, a.pq - i);
        next += last - first;
    }
    float parts[VEC], sum = 0.0f;
    VSTORE(lanes, parts);
    SHORT_LOOP
    for (int i = 0; i < VEC; i++)
        sum += parts[i];
    sums += (uint)(split * a.k + k);
    *sums = a.accumulate ? *sums + sum : sum;
}

/* item -> a channel, one split */
ALONE __kernel void conv2d_shared_sum(const conv2d_sum_args a, __global const float *from,
                                      uint from_offset, __global float *to, uint to_offset)
{
    sum_planes(a, (int)get_global_id(0), (int)get_global_id(1), from + from_offset, to + to_offset);
}

/* A sum to its place: one of the taps of dw's channel k, or behind them db's. */
static inline void put_sum(const conv2d_add_args a, int k, int tap, float sum, __global float *dw,
                           __global float *db)
{
    __global float *place = tap < a.taps ? dw + (uint)(k * a.taps + tap) : db + (uint)k;
    *place = a.accumulate ? *place + sum : sum;
}

/* CONV2D_ADD sums of one channel, from partial[split][block][tap][a.block]. */
static APART void add_channel(const conv2d_add_args a, int k, int part,
                              __global const float *partial, __global float *dw, __global float *db)
{
    const int each = a.taps + a.sums, group = k / a.group_k, channel = k - group * a.group_k;
    const int block = group * a.blocks + channel / a.block;
    const int apart = a.groups * a.blocks * each * a.block;
    const int end = min((part + 1) * CONV2D_ADD, each);
    int tap = part * CONV2D_ADD;
    partial += (uint)(block * each * a.block + channel % a.block);
    if (a.block == 1) {
        SHORT_LOOP
        for (; tap + VEC <= end; tap += VEC) {
            floatV sum = (floatV)(0.0f);
            float lanes[VEC];
            SHORT_LOOP
            for (int split = 0; split < a.splits; split++)
                sum += VLOAD(partial + split * apart + tap);
            VSTORE(sum, lanes);
            SHORT_LOOP
            for (int i = 0; i < VEC; i++)
                put_sum(a, k, tap + i, lanes[i], dw, db);
        }
    }
    SHORT_LOOP
    for (; tap < end; tap++) {
        float sum = 0.0f;
        SHORT_LOOP
        for (int split = 0; split < a.splits; split++)
            sum += partial[split * apart + tap * a.block];
        put_sum(a, k, tap, sum, dw, db);
    }
}

/* VEC sums of VEC channels of a block: added up side by side, put in place channel by channel. */
static APART void add_square(const conv2d_add_args a, int item, __global const float *partial,
                             __global float *dw, __global float *db)
{
    const int each = a.taps + a.sums, parts = divide_up(each, VEC), vector = item / parts;
    const int tap = (item - vector * parts) * VEC, live = min(VEC, each - tap);
    const int block = vector * VEC / a.block, lane = vector * VEC - block * a.block;
    const int group = block / a.blocks, first = (block - group * a.blocks) * a.block + lane;
    const int apart = a.groups * a.blocks * each * a.block;
    floatV rows[VEC];
    float sums[VEC * VEC];
    partial += (uint)((block * each + tap) * a.block + lane);
#pragma unroll
    for (int i = 0; i < VEC; i++)
        rows[i] = (floatV)(0.0f);
    SHORT_LOOP
    for (int split = 0; split < a.splits; split++, partial += apart)
#pragma unroll
        for (int i = 0; i < VEC; i++) /* past the last one it is summed again, not stored */
            rows[i] += load_whole(partial + min(i, live - 1) * a.block);
#pragma unroll
    for (int i = 0; i < VEC; i++)
        VSTORE(rows[i], sums + i * VEC);
    SHORT_LOOP
    for (int i = 0; i < min(VEC, a.group_k - first); i++)
        SHORT_LOOP
    for (int j = 0; j < live; j++)
        put_sum(a, group * a.group_k + first + i, tap + j, sums[j * VEC + i], dw, db);
}

/* item -> a square of sums, where blocks are whole vectors, or some taps of a channel */
ALONE __kernel void conv2d_shared_add(const conv2d_add_args a, __global const float *partial,
                                      uint partial_offset, __global float *dw, uint dw_offset,
                                      __global float *db, uint db_offset)
{
    const int item = (int)get_global_id(0);
    if (a.block % VEC == 0)
        add_square(a, item, partial + partial_offset, dw + dw_offset, db + db_offset);
    else
        add_channel(a, item, (int)get_global_id(1), partial + partial_offset, dw + dw_offset,
                    db + db_offset);
}
