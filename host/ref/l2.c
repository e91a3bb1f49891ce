/*
 * The reference of l2, with bounds for a float computation on any device. To first order in u:
 *   - loss: (count + 2) of itself. A product, at most count - 1 additions of positive values, the
 *     factor and its product
 *   - dw: 2 of itself, for lambda's rounding and a product; accumulating, 1 more, and 1 of what was
 *     there
 * The algorithm's constant of 1.1 covers the terms of second order for a count below 10^6 or so;
 * past that no device comes near the bound, because it adds in many stages. Squares that are no
 * normal floats may be lost, 2^-126 each.
 */
#include "ref.h"

static bool legal(const clcnn_l2 *d)
{
    return d && d->count >= 1 && d->lambda >= 0 && d->lambda < 0x1p128;
}

clcnn_status clcnn_ref_l2_forward(const clcnn_l2 *d, const float *w, double *loss, double *mag)
{
    if (!legal(d) || !w || !loss)
        return CLCNN_INVALID_ARGUMENT;
    double sum = 0;
    for (int i = 0; i < d->count; i++)
        sum += (double)w[i] * w[i];
    *loss = d->lambda / 2 * sum;
    if (mag)
        *mag = (d->count + 2.0) * *loss + d->lambda * d->count * REF_LEAST_NORMAL / REF_U;
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_l2_backward(const clcnn_l2 *d, const float *w, double *dw, double *mag)
{
    if (!legal(d) || !w || !dw)
        return CLCNN_INVALID_ARGUMENT;
    clcnn__ref_start(d->accumulate, (size_t)d->count, dw, mag);
    for (int i = 0; i < d->count; i++) {
        dw[i] += d->lambda * w[i];
        if (mag)
            mag[i] += 3 * fabs(d->lambda * w[i]);
    }
    return CLCNN_SUCCESS;
}
