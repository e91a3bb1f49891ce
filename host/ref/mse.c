/*
 * The reference of mse, with bounds for a float computation on any device. To first order in u:
 *   - loss: (count + 4) of itself. A difference counts twice in its square, which has a product; at
 *     most count - 1 additions of positive values; 1/count and its product
 *   - dx: 3 of itself, for the difference, the factor and a product; accumulating, 1 more, and 1 of
 *     what was there
 * The algorithm's constant of 1.1 covers the terms of second order for a count below 10^6 or so;
 * past that no device comes near the bound, because it adds in many stages.
 */
#include "ref.h"

clcnn_status clcnn_ref_mse_forward(const clcnn_mse *d, const float *x, const float *target,
                                   double *loss, double *mag)
{
    if (!d || d->count < 1 || !x || !target || !loss)
        return CLCNN_INVALID_ARGUMENT;
    double sum = 0;
    for (int i = 0; i < d->count; i++)
        sum += ((double)x[i] - target[i]) * ((double)x[i] - target[i]);
    *loss = sum / d->count;
    if (mag)
        *mag = (d->count + 4.0) * *loss;
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_mse_backward(const clcnn_mse *d, const float *x, const float *target,
                                    double *dx, double *mag)
{
    if (!d || d->count < 1 || !x || !target || !dx)
        return CLCNN_INVALID_ARGUMENT;
    clcnn__ref_start(d->accumulate, (size_t)d->count, dx, mag);
    for (int i = 0; i < d->count; i++) {
        double gradient = 2 * ((double)x[i] - target[i]) / d->count;
        dx[i] += gradient;
        if (mag)
            mag[i] += 4 * fabs(gradient);
    }
    return CLCNN_SUCCESS;
}
