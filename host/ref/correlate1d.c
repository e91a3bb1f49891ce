/*
 * The reference of correlate1d, as the definition in the header has it: each result is the sum of
 * a[i]*b[j] over all i - j (convolution: i + j) that are its lag. mag is the sum of |a[i]*b[j]|.
 */
#include "ref.h"

clcnn_status clcnn_ref_correlate1d_forward(const clcnn_correlate1d *d, const float *a,
                                           const float *b, double *y, double *mag)
{
    int size = 0;
    const clcnn_status status = clcnn_correlate1d_output(d, &size, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!a || !b || !y)
        return CLCNN_INVALID_ARGUMENT;
    const int shorter = d->a < d->b ? d->a : d->b;
    /* How many of the full results come before the first one of this mode. */
    int skipped = 0;
    if (d->mode == CLCNN_VALID)
        skipped = shorter - 1;
    if (d->mode == CLCNN_SAME)
        skipped = shorter - 1 - shorter / 2;
    if (d->mode == CLCNN_SAME && !d->convolve && d->a < d->b)
        skipped = shorter / 2; /* counted from the other end */
    for (int k = 0; k < size; k++) {
        double sum = 0, magnitude = 0;
        for (int j = 0; j < d->b; j++) {
            const int lag = k + skipped;
            const int i = d->convolve ? lag - j : lag + j - (d->b - 1);
            if (i < 0 || i >= d->a)
                continue;
            sum += (double)a[i] * b[j];
            magnitude += fabs((double)a[i] * b[j]);
        }
        y[k] = sum;
        if (mag)
            mag[k] = magnitude;
    }
    return CLCNN_SUCCESS;
}
