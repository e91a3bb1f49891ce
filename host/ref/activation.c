/*
 * The reference of activation: y = f(x) and dx = dy * f'(x). Both are exact for the kinds there
 * are, so there is no sum of magnitudes.
 */
#include "ref.h"

static bool legal(const clcnn_activation *d)
{
    return d && d->count >= 0 && (d->kind == CLCNN_IDENTITY || d->kind == CLCNN_RELU);
}

clcnn_status clcnn_ref_activation_forward(const clcnn_activation *d, const float *x, double *y)
{
    if (!legal(d) || (d->count > 0 && (!x || !y)))
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->count; i++)
        y[i] = clcnn__ref_activate(d->kind, x[i]);
    return CLCNN_SUCCESS;
}

/* Where f(x) = x its derivative is 1: that takes in ReLU of a NaN. */
clcnn_status clcnn_ref_activation_backward(const clcnn_activation *d, const float *x,
                                           const float *dy, double *dx)
{
    if (!legal(d) || (d->count > 0 && (!x || !dy || !dx)))
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->count; i++)
        dx[i] = d->kind == CLCNN_RELU && x[i] <= 0 ? 0 : (double)dy[i];
    return CLCNN_SUCCESS;
}
