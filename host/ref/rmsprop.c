/*
 * The reference of rmsprop, with bounds for a float computation of the same formulas on any OpenCL
 * device: constants computed in double and rounded to float, division within 3 ulp and square root
 * within 4 (one ulp is at most 2u of the value), denormals kept or flushed.
 *
 * Each bound is CLCNN__RMSPROP_CONSTANT * u * mag. To first order in u:
 *   - g: within 4u of G = |grad| + |decay*param|, within 7u if the gradient is scaled
 *   - square_avg: within 12u (18u) of V = alpha*square_avg + (1 - alpha)*G^2. g's 4 (7) twice, the
 *     constant, three operations
 *   - root: what the error of square_avg makes of it, and 8u of itself
 *   - denominator: the root's error, and 2u of itself for eps and the addition
 *   - quotient: lr times g's error over the denominator, the denominator's error carried through,
 *     then 6u for the division and 4u for lr, the segment's factor and two products
 *   - param: the quotient's error, and of each summand 1u for the subtraction and 1u for all that
 *     is of second order
 *
 * A flushed denormal costs g and square_avg 2^-126 each, which lr/eps may magnify.
 */
#include "optimiser.h"

typedef struct element {
    double param, grad, square_avg;
    double param_mag, square_avg_mag;
} element;

static void update(const clcnn_rmsprop *d, const clcnn_segment *segment, element *e)
{
    double lr = d->lr * segment->lr_factor, decay = d->weight_decay * segment->decay_factor;
    double scale = clcnn__ref_grad_scale(d->grad_scale), eps = d->eps == 0 ? 1e-8 : d->eps;
    double g = scale * e->grad + decay * e->param;
    double g_mag = fabs(scale * e->grad) + fabs(decay * e->param);
    double g_error = (scale == 1 ? 4 : 7) * REF_U * g_mag + 2 * REF_LEAST_NORMAL;
    double v_mag =
        (scale == 1 ? 1 : 1.5) * (d->alpha * fabs(e->square_avg) + (1 - d->alpha) * g_mag * g_mag);
    double v_error = 12 * REF_U * v_mag + 2 * REF_LEAST_NORMAL;

    e->square_avg = d->alpha * e->square_avg + (1 - d->alpha) * g * g;
    double root = sqrt(e->square_avg), denominator = root + eps;
    double denominator_error =
        clcnn__ref_root_error(e->square_avg, v_error) + 8 * REF_U * root + 2 * REF_U * denominator;
    double least = fmax(denominator - denominator_error, eps * (1 - 2 * REF_U));
    double quotient = fabs(lr * g) / denominator;
    double error = fabs(lr) * g_error / least + quotient * denominator_error / least +
                   10 * REF_U * quotient + 2 * REF_U * (fabs(e->param) + quotient);

    e->square_avg_mag = v_mag + REF_LEAST / REF_U;
    e->param_mag = error / (CLCNN__RMSPROP_CONSTANT * REF_U) + REF_LEAST / REF_U;
    e->param -= lr * g / denominator;
}

static bool legal(const clcnn_rmsprop *d)
{
    return d && d->count >= 1 && d->segments >= 0 && clcnn__ref_in_range(d->lr, 0, INFINITY) &&
           clcnn__ref_in_range(d->alpha, 0, 1) && clcnn__ref_in_range(d->eps, 0, INFINITY) &&
           clcnn__ref_in_range(d->weight_decay, 0, INFINITY) &&
           clcnn__ref_in_range(d->grad_scale, 0, INFINITY);
}

clcnn_status clcnn_ref_rmsprop_step(const clcnn_rmsprop *d, const float *param, const float *grad,
                                    const float *square_avg, const clcnn_segment *table,
                                    double *new_param, double *new_square_avg, double *param_mag,
                                    double *square_avg_mag)
{
    if (!legal(d) || !param || !grad || !square_avg || (d->segments > 0 && !table) || !new_param ||
        !new_square_avg)
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->count; i++) {
        /* An element that is left alone keeps its bits: its magnitudes are 0. */
        element e = {.param = param[i], .grad = grad[i], .square_avg = square_avg[i]};
        const clcnn_segment *segment = clcnn__ref_find_segment(d->segments, table, i);
        if (segment && !segment->frozen)
            update(d, segment, &e);
        new_param[i] = e.param;
        new_square_avg[i] = e.square_avg;
        if (param_mag)
            param_mag[i] = e.param_mag;
        if (square_avg_mag)
            square_avg_mag[i] = e.square_avg_mag;
    }
    return CLCNN_SUCCESS;
}
