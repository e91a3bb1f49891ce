/*
 * The reference of adam, with bounds for a float computation of the same formulas on any OpenCL
 * device: constants computed in double and rounded to float, division within 3 ulp and square root
 * within 4 (one ulp is at most 2u of the value), denormals kept or flushed.
 *
 * Each bound is CLCNN__ADAM_CONSTANT * u * mag. To first order in u, with beta, 1 - beta, decay and
 * lr each rounded once, and the factors of a segment multiplied to them in float:
 *   - g: within 4u of G = |grad| + |decay*param|, within 7u if the gradient is scaled
 *   - new m: within 8u of M = beta1*|m| + (1 - beta1)*G: g's 4, the constant, two operations
 *   - new v: within 12u of V = beta2*v + (1 - beta2)*G^2: g's 4 twice, the constant, three more
 *   - root of v = new v: |error| <= min(error_v/sqrt(v), sqrt(error_v)), whatever cancelled in g;
 *     then 8u for the square root and 2u for the factor of the bias correction
 *   - denominator: root's error, and 2u of itself for eps and the addition
 *   - quotient: new m's error and the denominator's carried through m/denominator, then 6u for the
 *     division and 5u for lr, the bias correction and the segment's factor
 *   - param: the quotient's error, 8u of what decoupled decay takes, and 3u of each summand
 *
 * M, V and the denominator contain no cancellation themselves. What flushed denormals may cost m
 * and v (2^-126 each) is carried into param's bound, because there it may be magnified by lr/eps.
 * A scaled gradient's 3u more make 11u of the 8u and 18u of the 12u, half as much again at most.
 */
#include "optimiser.h"

/* What the hyper-parameters come to for one segment at one step. */
typedef struct constants {
    double beta1, beta2, eps, grad_scale;
    double gradient_decay; /* of the segment, 0 when decoupled */
    double param_decay;    /* lr*decay of the segment, 0 unless decoupled */
    double rate;           /* lr of the segment over 1 - beta1^t */
    double root_factor;    /* 1/sqrt(1 - beta2^t) */
} constants;

/* 1 - beta^t without cancellation. */
static double bias_correction(double beta, int64_t step)
{
    return -expm1((double)step * log1p(beta - 1));
}

static constants make_constants(const clcnn_adam *d, const clcnn_segment *segment)
{
    double decay = d->weight_decay * segment->decay_factor;
    double lr = d->lr * segment->lr_factor;
    return (constants){.beta1 = d->beta1,
                       .beta2 = d->beta2,
                       .eps = d->eps == 0 ? 1e-8 : d->eps,
                       .grad_scale = clcnn__ref_grad_scale(d->grad_scale),
                       .gradient_decay = d->decoupled ? 0 : decay,
                       .param_decay = d->decoupled ? lr * decay : 0,
                       .rate = lr / bias_correction(d->beta1, d->step),
                       .root_factor = 1 / sqrt(bias_correction(d->beta2, d->step))};
}

/* One element: what goes in, what comes out, and the three magnitudes. */
typedef struct element {
    double param, grad, m, v;
    double new_param, new_m, new_v;
    double param_mag, m_mag, v_mag;
} element;

static void update(const constants *k, element *e)
{
    double g = k->grad_scale * e->grad + k->gradient_decay * e->param;
    e->new_m = k->beta1 * e->m + (1 - k->beta1) * g;
    e->new_v = k->beta2 * e->v + (1 - k->beta2) * g * g;
    double denominator = sqrt(e->new_v) * k->root_factor + k->eps;
    e->new_param = e->param - k->param_decay * e->param - k->rate * e->new_m / denominator;
}

/* The comment at the top, line by line. */
static void bound(const constants *k, element *e)
{
    double more = k->grad_scale == 1 ? 1 : 1.5;
    double g_mag = fabs(k->grad_scale * e->grad) + fabs(k->gradient_decay * e->param);
    double m_mag = more * (k->beta1 * fabs(e->m) + (1 - k->beta1) * g_mag);
    double v_mag = more * (k->beta2 * fabs(e->v) + (1 - k->beta2) * g_mag * g_mag);
    double m_error = 8 * REF_U * m_mag + 2 * REF_LEAST_NORMAL;
    double v_error = 12 * REF_U * v_mag + 2 * REF_LEAST_NORMAL;

    double root = sqrt(e->new_v);
    double root_error = clcnn__ref_root_error(e->new_v, v_error);
    double denominator = root * k->root_factor + k->eps;
    double denominator_error =
        k->root_factor * (root_error + 10 * REF_U * root) + 2 * REF_U * denominator;
    double least = fmax(denominator - denominator_error, k->eps * (1 - 2 * REF_U));

    double rate = fabs(k->rate);
    double quotient = rate * fabs(e->new_m) / denominator;
    double quotient_error =
        rate * m_error / least + quotient * denominator_error / least + 11 * REF_U * quotient;
    double decayed = fabs(k->param_decay * e->param);
    double param_error =
        quotient_error + 8 * REF_U * decayed + 3 * REF_U * (fabs(e->param) + decayed + quotient);

    e->m_mag = m_mag + REF_LEAST / REF_U;
    e->v_mag = v_mag + REF_LEAST / REF_U;
    e->param_mag = param_error / (CLCNN__ADAM_CONSTANT * REF_U) + REF_LEAST / REF_U;
}

static bool legal(const clcnn_adam *d)
{
    return d && d->count >= 1 && d->segments >= 0 && d->step >= 1 &&
           clcnn__ref_in_range(d->lr, 0, INFINITY) && clcnn__ref_in_range(d->beta1, 0, 1) &&
           clcnn__ref_in_range(d->beta2, 0, 1) && clcnn__ref_in_range(d->eps, 0, INFINITY) &&
           clcnn__ref_in_range(d->weight_decay, 0, INFINITY) &&
           clcnn__ref_in_range(d->grad_scale, 0, INFINITY);
}

clcnn_status clcnn_ref_adam_step(const clcnn_adam *d, const float *param, const float *grad,
                                 const float *m, const float *v, const clcnn_segment *table,
                                 double *new_param, double *new_m, double *new_v, double *param_mag,
                                 double *m_mag, double *v_mag)
{
    if (!legal(d) || !param || !grad || !m || !v || (d->segments > 0 && !table) || !new_param ||
        !new_m || !new_v)
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->count; i++) {
        /* An element that is left alone keeps its bits: its magnitudes are 0. */
        element e = {.param = param[i],
                     .grad = grad[i],
                     .m = m[i],
                     .v = v[i],
                     .new_param = param[i],
                     .new_m = m[i],
                     .new_v = v[i]};
        const clcnn_segment *segment = clcnn__ref_find_segment(d->segments, table, i);
        if (segment && !segment->frozen) {
            constants k = make_constants(d, segment);
            update(&k, &e);
            bound(&k, &e);
        }
        new_param[i] = e.new_param;
        new_m[i] = e.new_m;
        new_v[i] = e.new_v;
        if (param_mag)
            param_mag[i] = e.param_mag;
        if (m_mag)
            m_mag[i] = e.m_mag;
        if (v_mag)
            v_mag[i] = e.v_mag;
    }
    return CLCNN_SUCCESS;
}
