/*
 * The reference of clip_norm, with bounds for a float computation on any OpenCL device (division
 * within 3 ulp, square root within 4; one ulp is at most 2u of the value).
 *
 * To first order in u, as relative errors, n being the number of elements:
 *   - sum of squares: n*u, for a product and at most n - 1 additions of positive values
 *   - root: half of that, and 8u
 *   - norm: 2u more for the scale's rounding and its product, (n/2 + 10)u in all
 *   - clip: the norm's, and 9u for the rounding and addition of 1e-6, max_norm's rounding and the
 *     division
 *
 * The algorithm's constant of 1.1 covers the terms of second order for n below 10^6 or so; past
 * that no device comes near the bound, because it adds in many stages. Squares that are no normal
 * floats may be lost: n*2^-126 absolute in the sum, of which the root makes what it makes.
 */
#include "optimiser.h"

clcnn_status clcnn_ref_clip_norm_apply(const clcnn_clip_norm *d, const float *grad,
                                       const clcnn_segment *table, const float *block, double *norm,
                                       double *clip, double *norm_mag, double *clip_mag)
{
    if (!d || d->count < 1 || d->segments < 0 ||
        !clcnn__ref_in_range(d->max_norm, REF_LEAST_NORMAL, 0x1p128) || !grad || !block || !clip ||
        (d->segments > 0 && !table))
        return CLCNN_INVALID_ARGUMENT;
    double sum = 0;
    for (int i = 0; i < d->count; i++) {
        const clcnn_segment *segment = clcnn__ref_find_segment(d->segments, table, i);
        if (segment && !segment->frozen)
            sum += (double)grad[i] * grad[i];
    }
    double lost = clcnn__ref_root_error(sum, d->count * REF_LEAST_NORMAL) / REF_U;
    double scaled = block[0] * sqrt(sum), error = (0.5 * d->count + 10) * scaled + block[0] * lost;
    double factor = d->max_norm / (scaled + 1e-6);
    *clip = factor > 1 ? 1 : factor;
    if (norm)
        *norm = scaled;
    if (norm && norm_mag)
        *norm_mag = error;
    if (clip_mag)
        *clip_mag = *clip * (error / (scaled + 1e-6) + 9);
    return CLCNN_SUCCESS;
}
