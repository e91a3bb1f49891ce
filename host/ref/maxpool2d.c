/*
 * The reference of maxpool2d: a window is searched in row-major order, padding is passed over.
 *
 * Forward is exact. Backward adds, for each input element, dy of the windows that chose it: with n
 * windows over an element (and what was there) any order of float additions is within
 * gamma(n + 2) * mag, mag the sum of |dy|.
 */
#include "ref.h"

/* The descriptor with its defaults filled in and its output size. */
typedef struct shape {
    int planes, h, w, r, s, p, q;
    int pad_top, pad_left, stride_h, stride_w, dilation_h, dilation_w;
} shape;

static clcnn_status make_shape(const clcnn_maxpool2d *d, shape *e)
{
    int p = 0, q = 0;
    clcnn_status status = clcnn_maxpool2d_output(d, &p, &q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    *e = (shape){.planes = d->n * d->c,
                 .h = d->h,
                 .w = d->w,
                 .r = d->r,
                 .s = d->s,
                 .p = p,
                 .q = q,
                 .pad_top = d->pad_top,
                 .pad_left = d->pad_left,
                 .stride_h = clcnn__ref_or(d->stride_h, d->r),
                 .stride_w = clcnn__ref_or(d->stride_w, d->s),
                 .dilation_h = clcnn__ref_or(d->dilation_h, 1),
                 .dilation_w = clcnn__ref_or(d->dilation_w, 1)};
    return CLCNN_SUCCESS;
}

/* The plane's index (row*w + column) of tap (i,j) of window (p,q), -1 in the padding. */
static int tap_index(const shape *e, int p, int q, int i, int j)
{
    int row = p * e->stride_h + i * e->dilation_h - e->pad_top;
    int column = q * e->stride_w + j * e->dilation_w - e->pad_left;
    bool inside = row >= 0 && row < e->h && column >= 0 && column < e->w;
    return inside ? row * e->w + column : -1;
}

/* Whether `value` takes over from `best`: larger, or the first NaN. */
static bool wins(double value, double best)
{
    return value > best || (isnan(value) && !isnan(best));
}

/* Where the winner of window (p,q) is. The window has at least one tap in the image. */
static int search(const shape *e, const float *plane, int p, int q)
{
    int best = -1;
    for (int i = 0; i < e->r; i++) {
        for (int j = 0; j < e->s; j++) {
            int index = tap_index(e, p, q, i, j);
            if (index >= 0 && (best < 0 || wins(plane[index], plane[best])))
                best = index;
        }
    }
    return best;
}

clcnn_status clcnn_ref_maxpool2d_forward(const clcnn_maxpool2d *d, const float *x_data,
                                         double *y_data, int32_t *argmax_data)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[e.h * e.w] = (const void *)x_data;
    double(*y)[e.p][e.q] = (void *)y_data;
    int32_t(*argmax)[e.p][e.q] = (void *)argmax_data;

    for (int plane = 0; plane < e.planes; plane++) {
        for (int p = 0; p < e.p; p++) {
            for (int q = 0; q < e.q; q++) {
                int best = search(&e, x[plane], p, q);
                y[plane][p][q] = x[plane][best];
                if (argmax)
                    argmax[plane][p][q] = best;
            }
        }
    }
    return CLCNN_SUCCESS;
}

/* Whether `index` is an element of window (p,q): what forward never writes contributes nothing. */
static bool in_window(const shape *e, int p, int q, int32_t index)
{
    for (int i = 0; i < e->r; i++) {
        for (int j = 0; j < e->s; j++) {
            if (index >= 0 && tap_index(e, p, q, i, j) == index)
                return true;
        }
    }
    return false;
}

clcnn_status clcnn_ref_maxpool2d_backward(const clcnn_maxpool2d *d, const float *dy_data,
                                          const int32_t *argmax_data, double *dx_data,
                                          double *mag_data)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy_data || !argmax_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[e.p][e.q] = (const void *)dy_data;
    const int32_t(*argmax)[e.p][e.q] = (const void *)argmax_data;
    double(*dx)[e.h * e.w] = (void *)dx_data;
    double(*mag)[e.h * e.w] = (void *)mag_data;

    clcnn__ref_start(d->accumulate, (size_t)e.planes * (size_t)e.h * (size_t)e.w, dx_data,
                     mag_data);
    for (int plane = 0; plane < e.planes; plane++) {
        for (int p = 0; p < e.p; p++) {
            for (int q = 0; q < e.q; q++) {
                int32_t index = argmax[plane][p][q];
                if (!in_window(&e, p, q, index))
                    continue;
                dx[plane][index] += (double)dy[plane][p][q];
                if (mag)
                    mag[plane][index] += fabs((double)dy[plane][p][q]);
            }
        }
    }
    return CLCNN_SUCCESS;
}
