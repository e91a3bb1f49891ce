/*
 * The reference of dense, on its own loops and not on conv2d's, so that the two can be held against
 * each other. mag and its bound are conv2d's: the sum of |product|, of |bias|, and of what a
 * gradient started from.
 */
#include "ref.h"

static clcnn_status check(const clcnn_dense *d)
{
    if (!d || d->n < 1 || d->c < 1 || d->k < 1)
        return CLCNN_INVALID_ARGUMENT;
    return clcnn__check_activation(NULL, "dense", d->activation, d->alpha);
}

clcnn_status clcnn_ref_dense_forward(const clcnn_dense *d, const float *x_data, const float *w_data,
                                     const float *b, double *y_data, double *mag_data)
{
    if (check(d) != CLCNN_SUCCESS || !x_data || !w_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->c] = (const void *)x_data;
    const float(*w)[d->c] = (const void *)w_data;
    double(*y)[d->k] = (void *)y_data;
    double(*mag)[d->k] = (void *)mag_data;

    for (int n = 0; n < d->n; n++) {
        for (int k = 0; k < d->k; k++) {
            double sum = b ? (double)b[k] : 0, magnitude = fabs(sum);
            for (int c = 0; c < d->c; c++) {
                double product = (double)x[n][c] * w[k][c];
                sum += product;
                magnitude += fabs(product);
            }
            y[n][k] = clcnn__ref_activate(d->activation, d->alpha, sum);
            if (mag)
                mag[n][k] =
                    clcnn__ref_activated_mag(d->activation, d->alpha, sum, magnitude, d->c + 1.0);
        }
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_dense_backward_data(const clcnn_dense *d, const float *dy_data,
                                           const float *w_data, double *dx_data, double *mag_data)
{
    if (check(d) != CLCNN_SUCCESS || !dy_data || !w_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[d->k] = (const void *)dy_data;
    const float(*w)[d->c] = (const void *)w_data;
    double(*dx)[d->c] = (void *)dx_data;
    double(*mag)[d->c] = (void *)mag_data;

    clcnn__ref_start(d->accumulate, (size_t)d->n * (size_t)d->c, dx_data, mag_data);
    for (int n = 0; n < d->n; n++) {
        for (int k = 0; k < d->k; k++) {
            for (int c = 0; c < d->c; c++) {
                double product = (double)dy[n][k] * w[k][c];
                dx[n][c] += product;
                if (mag)
                    mag[n][c] += fabs(product);
            }
        }
    }
    return CLCNN_SUCCESS;
}

static void add_weight_gradient(const clcnn_dense *d, const float *x_data, const float *dy_data,
                                double *dw_data, double *mag_data)
{
    const float(*x)[d->c] = (const void *)x_data;
    const float(*dy)[d->k] = (const void *)dy_data;
    double(*dw)[d->c] = (void *)dw_data;
    double(*mag)[d->c] = (void *)mag_data;

    for (int n = 0; n < d->n; n++) {
        for (int k = 0; k < d->k; k++) {
            for (int c = 0; c < d->c; c++) {
                double product = (double)dy[n][k] * x[n][c];
                dw[k][c] += product;
                if (mag)
                    mag[k][c] += fabs(product);
            }
        }
    }
}

static void add_bias_gradient(const clcnn_dense *d, const float *dy_data, double *db, double *mag)
{
    const float(*dy)[d->k] = (const void *)dy_data;
    for (int n = 0; n < d->n; n++) {
        for (int k = 0; k < d->k; k++) {
            db[k] += (double)dy[n][k];
            if (mag)
                mag[k] += fabs((double)dy[n][k]);
        }
    }
}

/* x is looked at for dw alone. */
clcnn_status clcnn_ref_dense_backward_weights(const clcnn_dense *d, const float *x, const float *dy,
                                              double *dw, double *db, double *dw_mag,
                                              double *db_mag)
{
    if (check(d) != CLCNN_SUCCESS || !dy || (!dw && !db) || (dw && !x))
        return CLCNN_INVALID_ARGUMENT;
    if (dw) {
        clcnn__ref_start(d->accumulate, (size_t)d->k * (size_t)d->c, dw, dw_mag);
        add_weight_gradient(d, x, dy, dw, dw_mag);
    }
    if (db) {
        clcnn__ref_start(d->accumulate, (size_t)d->k, db, db_mag);
        add_bias_gradient(d, dy, db, db_mag);
    }
    return CLCNN_SUCCESS;
}
