/*
 * The reference of add. mag is that of a sum: the magnitudes of the summands, whatever their order;
 * an activation behind it as clcnn__ref_activated_mag says.
 */
#include "ref.h"

static bool legal(const clcnn_add *d)
{
    return d && d->n >= 1 && d->c >= 1 && d->h >= 0 && d->w >= 0 &&
           clcnn__check_activation(NULL, "add", d->activation, d->alpha) == CLCNN_SUCCESS;
}

static size_t plane_of(const clcnn_add *d)
{
    return (size_t)clcnn__ref_or(d->h, 1) * (size_t)clcnn__ref_or(d->w, 1);
}

clcnn_status clcnn_ref_add_forward(const clcnn_add *d, const float *a, const float *b, double *y,
                                   double *mag)
{
    if (!legal(d) || !a || !b || !y)
        return CLCNN_INVALID_ARGUMENT;
    const size_t plane = plane_of(d), c = (size_t)d->c;
    for (size_t i = 0; i < (size_t)d->n * c * plane; i++) {
        const double other = d->broadcast ? b[i / plane % c] : b[i], sum = a[i] + other;
        y[i] = clcnn__ref_activate(d->activation, d->alpha, sum);
        if (mag)
            mag[i] = clcnn__ref_activated_mag(d->activation, d->alpha, sum,
                                              fabs((double)a[i]) + fabs(other), 2);
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_add_backward(const clcnn_add *d, const float *dy, double *db, double *mag)
{
    if (!legal(d) || !dy || !db)
        return CLCNN_INVALID_ARGUMENT;
    const size_t plane = plane_of(d), c = (size_t)d->c, count = (size_t)d->n * c * plane;
    clcnn__ref_start(d->accumulate, d->broadcast ? c : count, db, mag);
    for (size_t i = 0; i < count; i++) {
        const size_t to = d->broadcast ? i / plane % c : i;
        db[to] += dy[i];
        if (mag)
            mag[to] += fabs((double)dy[i]);
    }
    return CLCNN_SUCCESS;
}
