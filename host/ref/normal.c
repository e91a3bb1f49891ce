/*
 * The reference of normal, with a bound for a float computation on any OpenCL device: log, cospi,
 * sinpi and sqrt within 4 ulp (embedded profile; one ulp is at most 2u of the value). The numbers
 * that go into log and cospi are exact. Relative errors in units of u: log 8, sqrt halves it and
 * has 8 of its own, cospi 8, their product 1: z has 21; the deviation is rounded, multiplied and
 * added, 3, and the mean rounded, 1, and added, 1. The constant 1.1 covers second order.
 */
#include "random.h"
#include "ref.h"

static const double pi = 3.14159265358979323846;

clcnn_status clcnn_ref_normal_fill(const clcnn_normal *d, double *y, double *mag)
{
    if (!d || d->count < 0 || (d->count > 0 && !y) || !isfinite((float)d->mean) ||
        !(d->deviation >= 0) || !isfinite((float)d->deviation))
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->count; i++) {
        /* Words 0 and 1 of a counter, 16 elements apart, make a pair; so do 2 and 3. */
        const bool second = i / 16 % 2;
        const size_t first = (size_t)(second ? i - 16 : i);
        const uint64_t step = (uint64_t)CLCNN__FILL << 32;
        const double u = clcnn__philox_float(clcnn__random_word(d->seed, step, d->stream, first));
        const double v =
            clcnn__philox_float(clcnn__random_word(d->seed, step, d->stream, first + 16));
        const double radius = sqrt(-2 * log(u + 0x1p-24));
        const double z = radius * (second ? sin(2 * pi * v) : cos(2 * pi * v));
        y[i] = d->mean + d->deviation * z;
        /* The sine of a double near a multiple of pi is off by some 2^-52. */
        if (mag)
            mag[i] = d->deviation * (24 * fabs(z) + radius * 0x1p-25) + 2 * fabs(d->mean) +
                     8 * REF_LEAST / REF_U;
    }
    return CLCNN_SUCCESS;
}
