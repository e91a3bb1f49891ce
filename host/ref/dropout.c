/*
 * The reference of dropout. What is kept is multiplied with 1/(1 - drop), rounded once, and the
 * product is rounded: 2 in units of u, or none where the factor is 1. The constant 1.1 covers
 * second order.
 */
#include "random.h"
#include "ref.h"

static bool legal(const clcnn_dropout *d)
{
    return d && d->count >= 0 && d->step >= 0 && d->drop >= 0 && d->drop < 1;
}

static void apply(const clcnn_dropout *d, const float *from, double *to, double *mag)
{
    const uint32_t threshold = (uint32_t)(d->drop * 0x1p32);
    for (int i = 0; i < d->count; i++) {
        const uint32_t word = clcnn__random_word(d->seed, (uint64_t)d->step, d->stream, (size_t)i);
        to[i] = word < threshold ? 0 : from[i] / (1 - d->drop);
        if (mag)
            mag[i] = word < threshold || d->drop <= 0 ? 0 : 2 * fabs(to[i]);
    }
}

clcnn_status clcnn_ref_dropout_forward(const clcnn_dropout *d, const float *x, double *y,
                                       double *mag)
{
    if (!legal(d) || (d->count > 0 && (!x || !y)))
        return CLCNN_INVALID_ARGUMENT;
    apply(d, x, y, mag);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_dropout_backward(const clcnn_dropout *d, const float *dy, double *dx,
                                        double *mag)
{
    if (!legal(d) || (d->count > 0 && (!dy || !dx)))
        return CLCNN_INVALID_ARGUMENT;
    apply(d, dy, dx, mag);
    return CLCNN_SUCCESS;
}
