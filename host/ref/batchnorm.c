/*
 * The reference of batchnorm, with bounds for a float computation on any OpenCL device: square root
 * within 4 ulp, division within 3 (embedded profile; one ulp is at most 2u of the value). In a
 * channel of M values write s = sqrt(var + eps), A = mean |x - mean| (at most sqrt(var)), and D for
 * the most roundings that a sum over the channel goes through. Sums are made in chunks (256 at
 * most, 4096 long or M/256), in blocks of 64 vectors and then over the blocks, and then over 256
 * chunks: D = 400 + M/16384, and never more than M + 1. To first order, in units of u:
 *
 *   mean     taken off twice, so that sums of x - mean count: (D + 4)A, and three roundings of the
 *            mean itself (in the chunk, about the first mean, at the end): E = (D + 4)A + 3|mean|
 *   var      sums of squares, their weights, 1/M: (D + 6)var; the chunks' means are off by up to
 *            3|mean|: 6|mean|A + 9 mean^2 u, the last a square
 *   rstd     half of what var + eps has, 1 for eps and the addition, 8 and 6: R relative
 *   xhat     (x - mean)*rstd: E/s + |xhat|(R + 2)
 *   y        gamma times that, a product and a sum: |gamma|(error of xhat) + 2|gamma xhat| + |beta|
 *   running  those of the batch's, times momentum; four roundings of each summand
 *   f(z)     of an activation behind y: z's error times its steepest slope, 1 for alpha*z. In
 *            backward dy*f' has 1 for alpha*dy, and where z is within its own error of 0 either
 *            slope is right: |dy| |1 - slope below 0| in full
 *   dbeta    (D + 1) sum |dy|
 *   dgamma   sum |dy|(error of xhat) + (D + 2) sum |dy xhat|
 *   (with an activation, the errors of dy*f' are added to what dy has in all three)
 *   dx       inner = dy - dbeta/M - xhat*dgamma/M has their errors, two for each quotient, and
 * three of each summand; gamma*rstd times that R + 3 more Inference: rstd is 1/sqrt(running_var +
 * eps), R = 15, and the mean is what it is, E = 0.
 *
 * The terms of second order are below a hundredth of the bound while |mean|/s is below 10^4; the
 * constant of 1.1 covers them. Each mag has a little for results below the normal floats.
 */
#include "ref.h"

/* 8 of the smallest floats; and what a flushed summand may cost. */
#define UNDERFLOW_MAG (8 * REF_LEAST / REF_U)

/* The class's constant: host/batchnorm.c. */
#define CLASS 1.1

static double most_roundings(double positions)
{
    return fmin(positions + 1, 400 + positions / 16384);
}

/* A channel's statistics, and their bounds. */
typedef struct channel {
    double gamma, beta, mean, var, rstd;
    double mean_error, var_error; /* absolute, in units of u */
    double rstd_error;            /* relative */
    double positions, roundings;  /* M, D */
} channel;

/* The tensors as arrays of planes. */
typedef struct shape {
    int n, c, hw;
} shape;

static bool make_shape(const clcnn_batchnorm *d, shape *e)
{
    if (!d || d->n < 1 || d->c < 1 || d->h < 0 || d->w < 0)
        return false;
    if (!(d->momentum >= 0 && d->momentum <= 1) || !(d->eps >= 0 && isfinite(d->eps)))
        return false;
    if (clcnn__check_activation(NULL, "batchnorm", d->activation, d->alpha) != CLCNN_SUCCESS ||
        d->activation > CLCNN_LEAKY_RELU)
        return false;
    *e = (shape){d->n, d->c, clcnn__ref_or(d->h, 1) * clcnn__ref_or(d->w, 1)};
    return true;
}

static double eps_of(const clcnn_batchnorm *d)
{
    return d->eps == 0 ? 1e-5 : d->eps;
}

/* The batch's mean and variance, about the first value; what is not finite makes them NaN. */
static void take_statistics(const shape *e, const float *x_data, int c, channel *k)
{
    const float(*x)[e->c][e->hw] = (const void *)x_data;
    const double first = x[0][c][0];
    double sum = 0, squares = 0, spread = 0;
    for (int n = 0; n < e->n; n++)
        for (int i = 0; i < e->hw; i++)
            sum += x[n][c][i] - first;
    k->mean = isfinite(sum) ? first + sum / k->positions : NAN;
    for (int n = 0; n < e->n; n++) {
        for (int i = 0; i < e->hw; i++) {
            squares += (x[n][c][i] - k->mean) * (x[n][c][i] - k->mean);
            spread += fabs(x[n][c][i] - k->mean);
        }
    }
    spread /= k->positions;
    k->var = squares / k->positions;
    k->mean_error = (k->roundings + 4) * spread + 3 * fabs(k->mean);
    k->var_error =
        (k->roundings + 6) * k->var + 6 * fabs(k->mean) * spread + 9 * k->mean * k->mean * REF_U;
}

static channel make_channel(const clcnn_batchnorm *d, const shape *e, const clcnn_ref_batchnorm *a,
                            int c)
{
    const double positions = (double)e->n * e->hw, eps = eps_of(d);
    channel k = {.gamma = a->gamma ? (double)a->gamma[c] : 1,
                 .beta = a->beta ? (double)a->beta[c] : 0,
                 .positions = positions,
                 .roundings = most_roundings(positions)};
    if (d->inference) {
        k.mean = a->running_mean[c];
        k.var = a->running_var[c];
    } else {
        take_statistics(e, a->x, c, &k);
    }
    k.rstd = 1 / sqrt(k.var + eps);
    k.rstd_error = k.var_error / (2 * (k.var + eps)) + 15;
    return k;
}

/* xhat and its error. */
static double normalised(const channel *k, double x, double *error)
{
    const double xhat = (x - k->mean) * k->rstd;
    *error = k->mean_error * k->rstd + fabs(xhat) * (k->rstd_error + 2);
    return xhat;
}

/* z, what the activation gets, and its error. */
static double affine(const channel *k, double x, double *error)
{
    const double xhat = normalised(k, x, error);
    *error = fabs(k->gamma) * *error + 2 * fabs(k->gamma * xhat) + fabs(k->beta) + UNDERFLOW_MAG;
    return k->gamma * xhat + k->beta;
}

/* The activation's slope below 0. */
static double low_slope(const clcnn_batchnorm *d)
{
    return d->activation == CLCNN_RELU ? 0 : d->activation == CLCNN_LEAKY_RELU ? d->alpha : 1;
}

/* dy times the activation's slope at x, and its error. */
static double behind(const clcnn_batchnorm *d, const channel *k, double x, double dy, double *error)
{
    const double low = low_slope(d);
    double z_error;
    const double z = affine(k, x, &z_error), g = z <= 0 ? low * dy : dy;
    const bool either = !(fabs(z) > CLASS * z_error * REF_U);
    *error = d->activation == CLCNN_IDENTITY ? 0 : fabs(low * dy);
    if (d->activation != CLCNN_IDENTITY && either)
        *error += fabs((1 - low) * dy) / REF_U;
    return g;
}

static void store(double *to, size_t i, double value)
{
    if (to)
        to[i] = value;
}

static void update_running(const clcnn_batchnorm *d, const clcnn_ref_batchnorm *a, size_t c,
                           const channel *k)
{
    const double old_mean = a->running_mean[c], old_var = a->running_var[c];
    if (d->inference) {
        store(a->new_running_mean, c, old_mean);
        store(a->new_running_var, c, old_var);
        store(a->new_running_mean_mag, c, 0);
        store(a->new_running_var_mag, c, 0);
        return;
    }
    const double keep = 1 - d->momentum;
    const double factor = d->momentum * (d->unbiased ? k->positions / (k->positions - 1) : 1);
    store(a->new_running_mean, c, keep * old_mean + d->momentum * k->mean);
    store(a->new_running_var, c, keep * old_var + factor * k->var);
    store(a->new_running_mean_mag, c,
          d->momentum * k->mean_error + 4 * (fabs(keep * old_mean) + d->momentum * fabs(k->mean)) +
              UNDERFLOW_MAG);
    store(a->new_running_var_mag, c,
          factor * k->var_error + 4 * (fabs(keep * old_var) + factor * k->var) + UNDERFLOW_MAG);
}

clcnn_status clcnn_ref_batchnorm_forward(const clcnn_batchnorm *d, const clcnn_ref_batchnorm *a)
{
    shape e;
    if (!make_shape(d, &e) || !a || !a->x || !a->y || !a->running_mean != !a->running_var ||
        (d->inference && !a->running_mean))
        return CLCNN_INVALID_ARGUMENT;
    if (!d->inference && d->unbiased && a->running_var && e.n * e.hw == 1)
        return CLCNN_INVALID_ARGUMENT;
    for (int c = 0; c < e.c; c++) {
        const channel k = make_channel(d, &e, a, c);
        for (int n = 0; n < e.n; n++) {
            for (int i = 0; i < e.hw; i++) {
                const size_t at = ((size_t)n * (size_t)e.c + (size_t)c) * (size_t)e.hw + (size_t)i;
                double error;
                const double z = affine(&k, a->x[at], &error), low = low_slope(d);
                store(a->y, at, clcnn__ref_activate(d->activation, d->alpha, z));
                store(a->y_mag, at,
                      fmax(1, fabs(low)) * error +
                          (d->activation == CLCNN_LEAKY_RELU ? fabs(low * z) : 0));
            }
        }
        store(a->mean, (size_t)c, k.mean);
        store(a->rstd, (size_t)c, k.rstd);
        store(a->mean_mag, (size_t)c, k.mean_error + UNDERFLOW_MAG);
        store(a->rstd_mag, (size_t)c, k.rstd * k.rstd_error);
        if (a->running_mean)
            update_running(d, a, (size_t)c, &k);
    }
    return CLCNN_SUCCESS;
}

/* The two sums of a channel, and their errors. */
typedef struct sums {
    double dbeta, dgamma, dbeta_error, dgamma_error;
} sums;

static sums add_gradients(const clcnn_batchnorm *d, const shape *e, const channel *k,
                          const clcnn_ref_batchnorm *a, int c)
{
    const float(*x)[e->c][e->hw] = (const void *)a->x;
    const float(*dy)[e->c][e->hw] = (const void *)a->dy;
    sums t = {0, 0, 0, 0};
    for (int n = 0; n < e->n; n++) {
        for (int i = 0; i < e->hw; i++) {
            double error, of_g;
            const double xhat = normalised(k, x[n][c][i], &error);
            const double g = behind(d, k, x[n][c][i], dy[n][c][i], &of_g);
            t.dbeta += g;
            t.dgamma += g * xhat;
            t.dbeta_error += of_g + (k->roundings + 1) * fabs(g);
            t.dgamma_error +=
                of_g * fabs(xhat) + fabs(g) * error + (k->roundings + 2) * fabs(g * xhat);
        }
    }
    return t;
}

/* dx of one element and its error. */
static double data_gradient(const clcnn_batchnorm *d, const channel *k, const sums *t, double x,
                            double given, double *error)
{
    const double scale = k->gamma * k->rstd;
    double xhat_error, inner_error;
    const double dy = behind(d, k, x, given, &inner_error);
    double inner = dy;
    const double xhat = normalised(k, x, &xhat_error);
    if (!d->inference) {
        const double of_dy = t->dbeta / k->positions, of_both = t->dgamma / k->positions;
        const double of_dy_error = t->dbeta_error / k->positions + 2 * fabs(of_dy);
        const double of_both_error = t->dgamma_error / k->positions + 2 * fabs(of_both);
        inner = dy - of_dy - xhat * of_both;
        inner_error += of_dy_error + fabs(xhat) * of_both_error + xhat_error * fabs(of_both) +
                       3 * (fabs(dy) + fabs(of_dy) + fabs(xhat * of_both));
    }
    *error = fabs(scale) * (inner_error + (k->rstd_error + 3) * fabs(inner));
    return scale * inner;
}

/* Stores a gradient, or adds it to what is there, and its bound. */
static void put(const clcnn_batchnorm *d, double *to, double *mag, size_t i, double value,
                double error)
{
    if (!to)
        return;
    const double start = d->accumulate ? to[i] : 0;
    to[i] = start + value;
    store(mag, i, error + (d->accumulate ? fabs(start) + fabs(value) : 0) + UNDERFLOW_MAG);
}

clcnn_status clcnn_ref_batchnorm_backward(const clcnn_batchnorm *d, const clcnn_ref_batchnorm *a)
{
    shape e;
    if (!make_shape(d, &e) || !a || !a->x || !a->dy || (!a->dx && !a->dgamma && !a->dbeta) ||
        (d->inference && (!a->running_mean || !a->running_var)))
        return CLCNN_INVALID_ARGUMENT;
    for (int c = 0; c < e.c; c++) {
        const channel k = make_channel(d, &e, a, c);
        const sums t = add_gradients(d, &e, &k, a, c);
        put(d, a->dgamma, a->dgamma_mag, (size_t)c, t.dgamma, t.dgamma_error);
        put(d, a->dbeta, a->dbeta_mag, (size_t)c, t.dbeta, t.dbeta_error);
        for (int n = 0; a->dx && n < e.n; n++) {
            for (int i = 0; i < e.hw; i++) {
                const size_t at = ((size_t)n * (size_t)e.c + (size_t)c) * (size_t)e.hw + (size_t)i;
                double error;
                const double dx = data_gradient(d, &k, &t, a->x[at], a->dy[at], &error);
                put(d, a->dx, a->dx_mag, at, dx, error);
            }
        }
    }
    return CLCNN_SUCCESS;
}

/* A weight has rstd's errors and two products; the bias one difference, the same, and a sum. */
clcnn_status clcnn_ref_batchnorm_fold(const clcnn_batchnorm *d, int filter,
                                      const clcnn_ref_batchnorm *a, const float *w_data,
                                      const float *b, double *folded_w_data, double *folded_b,
                                      double *w_mag_data, double *b_mag)
{
    shape e;
    const clcnn_batchnorm fixed = {
        .n = 1, .c = d ? d->c : 0, .eps = d ? d->eps : 0, .inference = 1};
    if (!make_shape(&fixed, &e) || filter < 1 || !a || !a->running_mean || !a->running_var ||
        !w_data || !folded_w_data || !folded_b)
        return CLCNN_INVALID_ARGUMENT;
    const float(*w)[filter] = (const void *)w_data;
    double(*folded_w)[filter] = (void *)folded_w_data, (*w_mag)[filter] = (void *)w_mag_data;
    for (int c = 0; c < e.c; c++) {
        const channel k = make_channel(&fixed, &e, a, c);
        const double scale = k.gamma * k.rstd, shifted = (b ? (double)b[c] : 0) - k.mean;
        for (int i = 0; i < filter; i++) {
            folded_w[c][i] = w[c][i] * scale;
            if (w_mag)
                w_mag[c][i] = fabs(folded_w[c][i]) * (k.rstd_error + 2) + UNDERFLOW_MAG;
        }
        folded_b[c] = shifted * scale + k.beta;
        store(b_mag, (size_t)c,
              fabs(shifted * scale) * (k.rstd_error + 4) + fabs(folded_b[c]) + UNDERFLOW_MAG);
    }
    return CLCNN_SUCCESS;
}
