/* The reference of concat. Forward and a backward that overwrites are copies, and exact; mag is
 * that of the one addition of a backward that accumulates, and 0 for a copy. */
#include "ref.h"

static bool legal(const clcnn_concat *d)
{
    if (!d || d->n < 1 || d->h < 1 || d->w < 1 || d->inputs < 1 || d->inputs > CLCNN_CONCAT_MAX ||
        !d->channels)
        return false;
    for (int i = 0; i < d->inputs; i++)
        if (d->channels[i] < 1)
            return false;
    return true;
}

static size_t all_channels(const clcnn_concat *d)
{
    size_t all = 0;
    for (int i = 0; i < d->inputs; i++)
        all += (size_t)d->channels[i];
    return all;
}

clcnn_status clcnn_ref_concat_forward(const clcnn_concat *d, const float *const *x, double *y)
{
    if (!legal(d) || !x || !y)
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->inputs; i++)
        if (!x[i])
            return CLCNN_INVALID_ARGUMENT;
    const size_t plane = (size_t)d->h * (size_t)d->w, whole = all_channels(d) * plane;
    for (int n = 0; n < d->n; n++) {
        double *to = y + (size_t)n * whole;
        for (int i = 0; i < d->inputs; i++) {
            const size_t length = (size_t)d->channels[i] * plane;
            for (size_t e = 0; e < length; e++)
                *to++ = x[i][(size_t)n * length + e];
        }
    }
    return CLCNN_SUCCESS;
}

/* One input's gradient, from where its channels begin in an image of dy. */
static void add_part(const clcnn_concat *d, const float *dy, size_t whole, size_t length,
                     double *dx, double *mag)
{
    clcnn__ref_start(d->accumulate, (size_t)d->n * length, dx, mag);
    for (size_t n = 0; n < (size_t)d->n; n++) {
        for (size_t e = 0; e < length; e++) {
            dx[n * length + e] += dy[n * whole + e];
            if (mag)
                mag[n * length + e] += d->accumulate ? fabs((double)dy[n * whole + e]) : 0;
        }
    }
}

clcnn_status clcnn_ref_concat_backward(const clcnn_concat *d, const float *dy, double *const *dx,
                                       double *const *mag)
{
    if (!legal(d) || !dy || !dx)
        return CLCNN_INVALID_ARGUMENT;
    const size_t plane = (size_t)d->h * (size_t)d->w, whole = all_channels(d) * plane;
    bool given = false;
    for (int i = 0; i < d->inputs; i++) {
        const size_t length = (size_t)d->channels[i] * plane;
        if (dx[i])
            add_part(d, dy, whole, length, dx[i], mag ? mag[i] : NULL);
        given = given || dx[i];
        dy += length;
    }
    return given ? CLCNN_SUCCESS : CLCNN_INVALID_ARGUMENT;
}
