/*
 * The reference of adaptive_avgpool2d: floor and ceiling as PyTorch has them, each window in turn.
 * mag and its bound are avgpool2d's.
 */
#include "ref.h"

/* One window: its rows and columns, and its count. */
typedef struct window {
    int top, bottom, left, right;
    double count;
} window;

static window make_window(const clcnn_adaptive_avgpool2d *d, int i, int j)
{
    const int64_t h = d->h, w = d->w;
    window v = {.top = (int)(i * h / d->p),
                .bottom = (int)(((i + 1) * h + d->p - 1) / d->p),
                .left = (int)(j * w / d->q),
                .right = (int)(((j + 1) * w + d->q - 1) / d->q)};
    v.count = (double)(v.bottom - v.top) * (v.right - v.left);
    return v;
}

static bool legal(const clcnn_adaptive_avgpool2d *d)
{
    return d && d->n >= 1 && d->c >= 1 && d->h >= 1 && d->w >= 1 && d->p >= 1 && d->q >= 1;
}

clcnn_status clcnn_ref_adaptive_avgpool2d_forward(const clcnn_adaptive_avgpool2d *d,
                                                  const float *x_data, double *y_data,
                                                  double *mag_data)
{
    if (!legal(d) || !x_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->h][d->w] = (const void *)x_data;
    double(*y)[d->p][d->q] = (void *)y_data;
    double(*mag)[d->p][d->q] = (void *)mag_data;

    for (int plane = 0; plane < d->n * d->c; plane++) {
        for (int i = 0; i < d->p; i++) {
            for (int j = 0; j < d->q; j++) {
                const window v = make_window(d, i, j);
                double sum = 0, magnitudes = 0;
                for (int row = v.top; row < v.bottom; row++) {
                    for (int column = v.left; column < v.right; column++) {
                        sum += (double)x[plane][row][column];
                        magnitudes += fabs((double)x[plane][row][column]);
                    }
                }
                y[plane][i][j] = sum / v.count;
                if (mag)
                    mag[plane][i][j] = magnitudes / v.count;
            }
        }
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_adaptive_avgpool2d_backward(const clcnn_adaptive_avgpool2d *d,
                                                   const float *dy_data, double *dx_data,
                                                   double *mag_data)
{
    if (!legal(d) || !dy_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[d->p][d->q] = (const void *)dy_data;
    double(*dx)[d->h][d->w] = (void *)dx_data;
    double(*mag)[d->h][d->w] = (void *)mag_data;

    const int planes = d->n * d->c;
    clcnn__ref_start(d->accumulate, (size_t)planes * (size_t)d->h * (size_t)d->w, dx_data,
                     mag_data);
    for (int plane = 0; plane < planes; plane++) {
        for (int i = 0; i < d->p; i++) {
            for (int j = 0; j < d->q; j++) {
                const window v = make_window(d, i, j);
                const double part = (double)dy[plane][i][j] / v.count;
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
