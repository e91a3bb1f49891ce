/*
 * The reference of col2im: every tap of every window is added to the element that it lies on.
 *
 * mag: the sum of the magnitudes. Any order of n - 1 float additions is within gamma(n + 2) * mag.
 */
#include "ref.h"

/* The element of the image that tap (i,j) of window (p,q) lies on; false: in the padding. */
static bool find(const clcnn_im2col *d, int p, int q, int i, int j, int *row, int *column)
{
    *row = p * clcnn__ref_or(d->stride_h, 1) + i * clcnn__ref_or(d->dilation_h, 1) - d->pad_top;
    *column = q * clcnn__ref_or(d->stride_w, 1) + j * clcnn__ref_or(d->dilation_w, 1) - d->pad_left;
    return *row >= 0 && *row < d->h && *column >= 0 && *column < d->w;
}

clcnn_status clcnn_ref_col2im_forward(const clcnn_im2col *d, const float *x, double *y_data,
                                      double *mag_data)
{
    int P = 0, Q = 0, row, column;
    clcnn_status status = clcnn_im2col_output(d, &P, &Q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    double(*y)[d->h][d->w] = (void *)y_data;
    double(*mag)[d->h][d->w] = (void *)mag_data;

    const int planes = d->n * d->c;
    clcnn__ref_start(d->accumulate, (size_t)planes * (size_t)d->h * (size_t)d->w, y_data, mag_data);
    for (int plane = 0; plane < planes; plane++) {
        for (int tap = 0; tap < d->r * d->s; tap++) {
            for (int p = 0; p < P; p++) {
                for (int q = 0; q < Q; q++, x++) {
                    if (!find(d, p, q, tap / d->s, tap % d->s, &row, &column))
                        continue;
                    y[plane][row][column] += (double)*x;
                    if (mag)
                        mag[plane][row][column] += fabs((double)*x);
                }
            }
        }
    }
    return CLCNN_SUCCESS;
}
