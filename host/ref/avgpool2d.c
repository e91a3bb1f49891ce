/*
 * The reference of avgpool2d. A window is the part of the padded image that it covers; the padding
 * contributes zeros, and to the count where it is counted.
 *
 * mag: the mean of the magnitudes. A float sum of m elements takes m - 1 additions in any order,
 * its share 1/count a division (at most 2.5 ulp, 5 units of roundoff, in OpenCL) and the product
 * one rounding more: m + 5 roundings, hence within gamma(n + 2) * mag for n = m + 3. Backward is
 * the same with m windows, each with a share of its own: 6 roundings each and m - 1 additions.
 */
#include "ref.h"

typedef struct shape {
    int planes, h, w, r, s, p, q;
    int pad_top, pad_left, pad_bottom, pad_right, stride_h, stride_w;
    bool count_include_pad;
} shape;

/* One window: its rows and columns in the image, and the count that the mean is over. */
typedef struct window {
    int top, bottom, left, right;
    double count;
} window;

static clcnn_status make_shape(const clcnn_avgpool2d *d, shape *e)
{
    int p = 0, q = 0;
    clcnn_status status = clcnn_avgpool2d_output(d, &p, &q, NULL);
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
                 .pad_bottom = d->pad_bottom,
                 .pad_right = d->pad_right,
                 .stride_h = clcnn__ref_or(d->stride_h, d->r),
                 .stride_w = clcnn__ref_or(d->stride_w, d->s),
                 .count_include_pad = d->count_include_pad != 0};
    return CLCNN_SUCCESS;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static window make_window(const shape *e, int p, int q)
{
    const int top = p * e->stride_h - e->pad_top, left = q * e->stride_w - e->pad_left;
    const int bottom = smaller(top + e->r, e->h + e->pad_bottom);
    const int right = smaller(left + e->s, e->w + e->pad_right);
    window v = {larger(top, 0), smaller(bottom, e->h), larger(left, 0), smaller(right, e->w), 0};
    v.count = e->count_include_pad ? (double)(bottom - top) * (right - left)
                                   : (double)(v.bottom - v.top) * (v.right - v.left);
    return v;
}

clcnn_status clcnn_ref_avgpool2d_forward(const clcnn_avgpool2d *d, const float *x_data,
                                         double *y_data, double *mag_data)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[e.h][e.w] = (const void *)x_data;
    double(*y)[e.p][e.q] = (void *)y_data;
    double(*mag)[e.p][e.q] = (void *)mag_data;

    for (int plane = 0; plane < e.planes; plane++) {
        for (int p = 0; p < e.p; p++) {
            for (int q = 0; q < e.q; q++) {
                const window v = make_window(&e, p, q);
                double sum = 0, magnitudes = 0;
                for (int row = v.top; row < v.bottom; row++) {
                    for (int column = v.left; column < v.right; column++) {
                        sum += (double)x[plane][row][column];
                        magnitudes += fabs((double)x[plane][row][column]);
                    }
                }
                y[plane][p][q] = sum / v.count;
                if (mag)
                    mag[plane][p][q] = magnitudes / v.count;
            }
        }
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_avgpool2d_backward(const clcnn_avgpool2d *d, const float *dy_data,
                                          double *dx_data, double *mag_data)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[e.p][e.q] = (const void *)dy_data;
    double(*dx)[e.h][e.w] = (void *)dx_data;
    double(*mag)[e.h][e.w] = (void *)mag_data;

    clcnn__ref_start(d->accumulate, (size_t)e.planes * (size_t)e.h * (size_t)e.w, dx_data,
                     mag_data);
    for (int plane = 0; plane < e.planes; plane++) {
        for (int p = 0; p < e.p; p++) {
            for (int q = 0; q < e.q; q++) {
                const window v = make_window(&e, p, q);
                const double part = (double)dy[plane][p][q] / v.count;
                for (int row = v.top; row < v.bottom; row++) {
                    for (int column = v.left; column < v.right; column++) {
                        dx[plane][row][column] += part;
                        if (mag)
                            mag[plane][row][column] += fabs(part);
                    }
                }
            }
        }
    }
    return CLCNN_SUCCESS;
}
