/*
 * slice, direct.
 *
 * - forward: the channels out of x; see images.clh
 * - backward: work-item (i, n) -> elements i*ITEM to (i+1)*ITEM of image n of dx: dy within the
 * part that was taken, 0 outside; or, accumulating, dy added to that part alone
 */
#include "common.clh"
#include "images.clh"

__kernel void slice_direct_forward(const rows_args a, __global const float *x, uint x_offset,
                                   __global float *y, uint y_offset)
{
    copy_rows(a, x + x_offset, y + y_offset);
}

__kernel void slice_direct_backward(const rows_args a, __global const float *dy, uint dy_offset,
                                    __global float *dx, uint dx_offset)
{
    const size_t begin = get_global_id(0) * ITEM;
    const int image = (int)get_global_id(1);
    if (begin >= (size_t)a.to_image || image >= a.images)
        return;
    const int first = (int)begin, last = first + min(ITEM, a.to_image - first);
    dx += dx_offset + (size_t)image * (size_t)a.to_image;
    dy += dy_offset + (size_t)image * (size_t)a.from_image;
    /* [first, low) before the part, [low, high) in it, [high, last) behind it */
    const int low = clamp(a.begin, first, last);
    const int high = clamp(a.begin + a.length, first, last);
    for (int i = first; i < low && !a.accumulate; i++)
        dx[i] = 0.0f;
    for (int i = high; i < last && !a.accumulate; i++)
        dx[i] = 0.0f;
    if (low < high) /* shifted, so that both are counted from the part's begin */
        copy_range(dy, dx + a.begin, low - a.begin, high - a.begin, a.accumulate);
}
