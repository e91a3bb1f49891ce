/*
 * The reference of sgd, with bounds for a float computation of the same formulas on any OpenCL
 * device: constants computed in double and rounded to float, denormals kept or flushed.
 *
 * Each bound is CLCNN__SGD_CONSTANT * u * mag. To first order in u, with momentum, decay and lr
 * each rounded once, and the factors of a segment multiplied to them in float:
 *   - g: within 7u of G = |grad| + |decay*param|. The scale's own rounding, clip's product and the
 *     gradient's make 3u (0 without a scale); decay's rounding, factor and product 3u; the addition
 *   - velocity: within 9u of V = momentum*|velocity| + G. Of G g's 7 and an addition; of the old
 *     velocity the constant, a product, an addition
 *   - direction, which is the velocity or g + momentum*velocity: within 12u of D, that is V or
 *     G + momentum*V. The velocity's 9, the constant, a product, an addition
 *   - param: within 17u of |param| + lr*D. The direction's 12, lr's rounding, the segment's factor,
 *     a product, and the subtraction, which is all that |param| itself has
 *
 * A flushed denormal costs 2^-126 in each of g, velocity and direction, and reaches param times lr.
 */
#include "optimiser.h"

typedef struct element {
    double param, grad, velocity;
    double param_mag, velocity_mag;
} element;

static void update(const clcnn_sgd *d, const clcnn_segment *segment, element *e)
{
    double lr = d->lr * segment->lr_factor, decay = d->weight_decay * segment->decay_factor;
    double grad = clcnn__ref_grad_scale(d->grad_scale) * e->grad;
    double g = grad + decay * e->param, g_mag = fabs(grad) + fabs(decay * e->param);
    if (d->momentum > 0) {
        e->velocity_mag = d->momentum * fabs(e->velocity) + g_mag;
        e->velocity = d->momentum * e->velocity + g;
        g = d->nesterov ? g + d->momentum * e->velocity : e->velocity;
        g_mag = d->nesterov ? g_mag + d->momentum * e->velocity_mag : e->velocity_mag;
    }
    double flushed = 4 * fmax(fabs(lr), 1) * fmax(d->momentum, 1) * REF_LEAST_NORMAL;
    e->param_mag = fabs(e->param) + fabs(lr) * g_mag + flushed / (CLCNN__SGD_CONSTANT * REF_U);
    e->velocity_mag += d->momentum > 0 ? flushed / (CLCNN__SGD_CONSTANT * REF_U) : 0;
    e->param -= lr * g;
}

static bool legal(const clcnn_sgd *d)
{
    return d && d->count >= 1 && d->segments >= 0 && clcnn__ref_in_range(d->lr, 0, INFINITY) &&
           clcnn__ref_in_range(d->momentum, 0, INFINITY) && (d->momentum > 0 || !d->nesterov) &&
           clcnn__ref_in_range(d->weight_decay, 0, INFINITY) &&
           clcnn__ref_in_range(d->grad_scale, 0, INFINITY);
}

clcnn_status clcnn_ref_sgd_step(const clcnn_sgd *d, const float *param, const float *grad,
                                const float *velocity, const clcnn_segment *table,
                                double *new_param, double *new_velocity, double *param_mag,
                                double *velocity_mag)
{
    if (!legal(d) || !param || !grad || (d->segments > 0 && !table) || !new_param ||
        (!velocity && d->momentum > 0) || !velocity != !new_velocity)
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->count; i++) {
        /* An element that is left alone keeps its bits: its magnitudes are 0. */
        element e = {.param = param[i], .grad = grad[i], .velocity = velocity ? velocity[i] : 0};
        const clcnn_segment *segment = clcnn__ref_find_segment(d->segments, table, i);
        if (segment && !segment->frozen)
            update(d, segment, &e);
        new_param[i] = e.param;
        if (new_velocity)
            new_velocity[i] = e.velocity;
        if (param_mag)
            param_mag[i] = e.param_mag;
        if (new_velocity && velocity_mag)
            velocity_mag[i] = e.velocity_mag;
    }
    return CLCNN_SUCCESS;
}
