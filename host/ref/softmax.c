/*
 * The reference of softmax and its logarithm, with bounds for a float computation on any OpenCL
 * device, in units of u. The softmax itself, and the names: softmax_cross_entropy.c. Further:
 *   - log-softmax, d - log S: 2|d| for d and the difference, A + 8 + c absolute from S, and of log
 * S itself 8 for the logarithm and 1 for the difference
 *
 * Backward starts from a y that is given. With T the sum of |y*dy|, G that of |dy|:
 *   - softmax, y*(dy - sum): the sum within c*T for its products and additions, 1 of |dy| + T for
 *     the difference, 1 of both for the product
 *   - log-softmax, dy - exp(y)*sum: the sum within (c - 1)*G, exp 8 of itself, the product 1, the
 *     difference 1 of both
 *   - accumulating: 1 of the result and of what was there
 */
#include "softmax.h"

static bool legal(const clcnn_softmax *d)
{
    return d && d->n >= 1 && d->classes >= 1;
}

clcnn_status clcnn_ref_softmax_forward(const clcnn_softmax *d, const float *x_data, double *y_data,
                                       double *mag_data)
{
    if (!legal(d) || !x_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->classes] = (const void *)x_data;
    double(*y)[d->classes] = (void *)y_data;
    double(*mag)[d->classes] = (void *)mag_data;
    for (int i = 0; i < d->n; i++) {
        clcnn__ref_row e = clcnn__ref_summarise(x[i], d->classes);
        for (int j = 0; j < d->classes; j++) {
            double distance = fabs(x[i][j] - e.max), root = log(e.sum);
            y[i][j] = d->log ? x[i][j] - e.max - root : clcnn__ref_softmax(&e, x[i][j]);
            if (mag)
                mag[i][j] = d->log ? 2 * distance + e.spread + e.count_terms + 9 * root
                                   : clcnn__ref_softmax_mag(&e, x[i][j]);
        }
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_softmax_backward(const clcnn_softmax *d, const float *y_data,
                                        const float *dy_data, double *dx_data, double *mag_data)
{
    if (!legal(d) || !y_data || !dy_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*y)[d->classes] = (const void *)y_data, (*dy)[d->classes] = (const void *)dy_data;
    double(*dx)[d->classes] = (void *)dx_data;
    double(*mag)[d->classes] = (void *)mag_data;
    clcnn__ref_start(d->accumulate, (size_t)d->n * (size_t)d->classes, dx_data, mag_data);
    for (int i = 0; i < d->n; i++) {
        double sum = 0, sum_mag = 0, c = d->classes;
        for (int j = 0; j < d->classes; j++) {
            double term = d->log ? (double)dy[i][j] : (double)y[i][j] * dy[i][j];
            sum += term;
            sum_mag += fabs(term);
        }
        for (int j = 0; j < d->classes; j++) {
            double factor = d->log ? exp(y[i][j]) : (double)y[i][j], g = fabs(dy[i][j]);
            dx[i][j] += d->log ? dy[i][j] - factor * sum : factor * (dy[i][j] - sum);
            if (mag)
                mag[i][j] += d->log ? 2 * g + factor * (c + 10) * sum_mag + UNDERFLOW_MAG
                                    : fabs(factor) * (3 * g + (c + 3) * sum_mag) + UNDERFLOW_MAG;
        }
    }
    return CLCNN_SUCCESS;
}
