/* The reference of pad2d. Exact but for what accumulation adds: mag is the sum of both magnitudes.
 */
#include "ref.h"

clcnn_status clcnn_ref_pad2d_forward(const clcnn_pad2d *d, const float *x_data, double *y_data)
{
    int P = 0, Q = 0;
    clcnn_status status = clcnn_pad2d_output(d, &P, &Q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->h][d->w] = (const void *)x_data;
    double(*y)[P][Q] = (void *)y_data;

    for (int plane = 0; plane < d->n * d->c; plane++) {
        for (int p = 0; p < P; p++) {
            for (int q = 0; q < Q; q++) {
                const int row = p - d->pad_top, column = q - d->pad_left;
                const bool inside = row >= 0 && row < d->h && column >= 0 && column < d->w;
                y[plane][p][q] = inside ? x[plane][row][column] : 0;
            }
        }
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_pad2d_backward(const clcnn_pad2d *d, const float *dy_data, double *dx_data,
                                      double *mag_data)
{
    int P = 0, Q = 0;
    clcnn_status status = clcnn_pad2d_output(d, &P, &Q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[P][Q] = (const void *)dy_data;
    double(*dx)[d->h][d->w] = (void *)dx_data;
    double(*mag)[d->h][d->w] = (void *)mag_data;

    const int planes = d->n * d->c;
    clcnn__ref_start(d->accumulate, (size_t)planes * (size_t)d->h * (size_t)d->w, dx_data,
                     mag_data);
    for (int plane = 0; plane < planes; plane++) {
        for (int row = 0; row < d->h; row++) {
            for (int column = 0; column < d->w; column++) {
                const double got = (double)dy[plane][row + d->pad_top][column + d->pad_left];
                /* -0 stays -0 where nothing is added to it */
                dx[plane][row][column] = d->accumulate ? dx[plane][row][column] + got : got;
                if (mag)
                    mag[plane][row][column] += fabs(got);
            }
        }
    }
    return CLCNN_SUCCESS;
}
