/* The reference of slice. Forward and a backward that overwrites are copies, and exact; mag is that
 * of the one addition of a backward that accumulates, and 0 for a copy. */
#include "ref.h"

static bool legal(const clcnn_slice *d)
{
    return d && d->n >= 1 && d->c >= 1 && d->h >= 1 && d->w >= 1 && d->begin >= 0 &&
           d->count >= 1 && d->count <= d->c && d->begin <= d->c - d->count;
}

clcnn_status clcnn_ref_slice_forward(const clcnn_slice *d, const float *x_data, double *y_data)
{
    if (!legal(d) || !x_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->c][d->h * d->w] = (const void *)x_data;
    double(*y)[d->count][d->h * d->w] = (void *)y_data;
    for (int n = 0; n < d->n; n++)
        for (int c = 0; c < d->count; c++)
            for (int i = 0; i < d->h * d->w; i++)
                y[n][c][i] = x[n][d->begin + c][i];
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_slice_backward(const clcnn_slice *d, const float *dy_data, double *dx_data,
                                      double *mag_data)
{
    if (!legal(d) || !dy_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[d->count][d->h * d->w] = (const void *)dy_data;
    double(*dx)[d->c][d->h * d->w] = (void *)dx_data;
    double(*mag)[d->c][d->h * d->w] = (void *)mag_data;
    clcnn__ref_start(d->accumulate, (size_t)d->n * (size_t)d->c * (size_t)d->h * (size_t)d->w,
                     dx_data, mag_data);
    for (int n = 0; n < d->n; n++) {
        for (int c = 0; c < d->count; c++) {
            for (int i = 0; i < d->h * d->w; i++) {
                dx[n][d->begin + c][i] += dy[n][c][i];
                if (mag)
                    mag[n][d->begin + c][i] += d->accumulate ? fabs((double)dy[n][c][i]) : 0;
            }
        }
    }
    return CLCNN_SUCCESS;
}
