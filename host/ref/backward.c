/*
 * The reference of all gradients of a layer at once: those of backward_weights and backward_data,
 * and the slope of the activation before, from its result x.
 *
 * dx_mag: the sum's error times the slope, and what the slope and the product with it round,
 * brought to the unit of the class CLCNN_DOT, as in clcnn__ref_activated_mag: its bound is that of
 * sums of `summands` products.
 */
#include "ref.h"

/* Whether `before` may be: the kinds whose slope follows from their result. */
static bool legal(const clcnn_before *before)
{
    return !before ||
           (clcnn__check_activation(NULL, "before", before->kind, before->alpha) == CLCNN_SUCCESS &&
            clcnn__slope_of_y(before->kind, before->alpha));
}

/* Whether what is asked for has all it needs; backward_weights looks at its own. */
static bool given_all(const clcnn_before *before, const float *x, const float *w, const float *dy,
                      const double *dx, bool weights)
{
    return legal(before) && (!before || (dx && x)) && (dx || weights) && (!dx || (w && dy));
}

/* dx and its mag through the activation before. */
static void through(const clcnn_before *before, double summands, size_t count, const float *x,
                    double *dx, double *mag)
{
    const clcnn_activation d = {.count = 1, .kind = before->kind, .alpha = before->alpha};
    const float one = 1;
    for (size_t i = 0; i < count; i++) {
        double slope = 1, slope_mag = 0;
        clcnn_ref_activation_backward(&d, NULL, &x[i], &one, &slope, &slope_mag);
        const bool stops = d.kind == CLCNN_RELU && slope <= 0; /* no product: 0 whatever dx is */
        const double gradient = stops ? 0 : dx[i];
        dx[i] = gradient * slope;
        if (mag)
            mag[i] = fabs(slope) * mag[i] + 1.1 * fabs(gradient) * slope_mag / (summands + 2);
    }
}

clcnn_status clcnn_ref_conv2d_backward(const clcnn_conv2d *d, const clcnn_before *before,
                                       const float *x, const float *w, const float *dy, double *dx,
                                       double *dw, double *db, double *dx_mag, double *dw_mag,
                                       double *db_mag)
{
    clcnn_status status = CLCNN_INVALID_ARGUMENT;
    const bool weights = dw || db;
    if (!given_all(before, x, w, dy, dx, weights))
        return status;
    if (weights)
        status = clcnn_ref_conv2d_backward_weights(d, x, dy, dw, db, dw_mag, db_mag);
    if (dx && (!weights || status == CLCNN_SUCCESS))
        status = clcnn_ref_conv2d_backward_data(d, dy, w, dx, dx_mag);
    if (status == CLCNN_SUCCESS && before)
        through(before, (double)d->k / clcnn__ref_or(d->groups, 1) * d->r * d->s,
                (size_t)d->n * (size_t)d->c * (size_t)d->h * (size_t)d->w, x, dx, dx_mag);
    return status;
}

clcnn_status clcnn_ref_dense_backward(const clcnn_dense *d, const clcnn_before *before,
                                      const float *x, const float *w, const float *dy, double *dx,
                                      double *dw, double *db, double *dx_mag, double *dw_mag,
                                      double *db_mag)
{
    clcnn_status status = CLCNN_INVALID_ARGUMENT;
    const bool weights = dw || db;
    if (!given_all(before, x, w, dy, dx, weights))
        return status;
    if (weights)
        status = clcnn_ref_dense_backward_weights(d, x, dy, dw, db, dw_mag, db_mag);
    if (dx && (!weights || status == CLCNN_SUCCESS))
        status = clcnn_ref_dense_backward_data(d, dy, w, dx, dx_mag);
    if (status == CLCNN_SUCCESS && before)
        through(before, d->k, (size_t)d->n * (size_t)d->c, x, dx, dx_mag);
    return status;
}
