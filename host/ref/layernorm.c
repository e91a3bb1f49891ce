/*
 * The reference of layernorm, with bounds for a float computation on any OpenCL device: square root
 * within 4 ulp, division within 3 (embedded profile; one ulp is at most 2u of the value). In a row
 * of d values write s = sqrt(var + eps), A = mean |x - mean|, and D for the most roundings that its
 * sums go through: blocks of 64 vectors, then the blocks, then the lanes, D = 82 + d/256, never
 * more than d + 1. Columns are summed in chunks of rows, C = 400 + n/16384 roundings, never more
 * than n + 1. To first order, in units of u:
 *
 *   mean    taken off twice, so that sums of x - mean count: (D + 4)A, and twice the rounding of
 * the mean itself: E = (D + 4)A + 2|mean| var     sums of squares, the quotient: (D + 12)var, and
 * the square of the mean's rounding rstd    half of what var + eps has, 1 for eps and the addition,
 * 8 and 6: R relative xhat    (x - mean)*rstd: E/s + |xhat|(R + 2) y       gamma times that, a
 * product and a sum: |gamma|(error of xhat) + 2|gamma xhat| + |beta| g       dy*gamma: 1 dx rstd*(g
 * - mean of g - xhat * mean of g*xhat): the means have (D + 2) of their summands, the error of
 * xhat, and 6 for the quotient; three of each summand; R + 2 of the result dgamma  sum |dy|(error
 * of xhat) + (C + 2) sum |dy xhat| dbeta   (C + 1) sum |dy| The terms of second order are below a
 * hundredth of the bound while |mean|/s is below 10^4; the constant of 1.1 covers them.
 */
#include "ref.h"

#define UNDERFLOW_MAG (8 * REF_LEAST / REF_U)

/* A row's statistics, and their bounds. */
typedef struct row {
    double mean, rstd, mean_error, rstd_error;
    double d, roundings; /* D */
} row;

static bool legal(const clcnn_layernorm *d)
{
    return d && d->n >= 1 && d->d >= 1 && d->eps >= 0 && isfinite(d->eps);
}

static row summarise(const clcnn_layernorm *d, const float *x)
{
    row r = {.d = d->d, .roundings = fmin(d->d + 1.0, 82 + d->d / 256.0)};
    const double eps = d->eps == 0 ? 1e-5 : d->eps;
    double sum = 0, squares = 0, spread = 0;
    for (int j = 0; j < d->d; j++)
        sum += (double)x[j] - x[0];
    r.mean = isfinite(sum) ? x[0] + sum / r.d : NAN; /* what is not finite spoils its row */
    for (int j = 0; j < d->d; j++) {
        squares += (x[j] - r.mean) * (x[j] - r.mean);
        spread += fabs(x[j] - r.mean);
    }
    const double var = squares / r.d;
    r.rstd = 1 / sqrt(var + eps);
    r.mean_error = (r.roundings + 4) * spread / r.d + 2 * fabs(r.mean);
    const double var_error = (r.roundings + 12) * var + 4 * r.mean * r.mean * REF_U;
    r.rstd_error = var_error / (2 * (var + eps)) + 15;
    return r;
}

static double normalised(const row *r, double x, double *error)
{
    const double xhat = (x - r->mean) * r->rstd;
    *error = r->mean_error * r->rstd + fabs(xhat) * (r->rstd_error + 2);
    return xhat;
}

static void store(double *to, int i, double value)
{
    if (to)
        to[i] = value;
}

clcnn_status clcnn_ref_layernorm_forward(const clcnn_layernorm *d, const float *x_data,
                                         const float *gamma, const float *beta, double *y_data,
                                         double *mean, double *rstd, double *y_mag_data,
                                         double *mean_mag, double *rstd_mag)
{
    if (!legal(d) || !x_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->d] = (const void *)x_data;
    double(*y)[d->d] = (void *)y_data, (*y_mag)[d->d] = (void *)y_mag_data;
    for (int i = 0; i < d->n; i++) {
        const row r = summarise(d, x[i]);
        for (int j = 0; j < d->d; j++) {
            double error;
            const double xhat = normalised(&r, x[i][j], &error);
            const double scale = gamma ? (double)gamma[j] : 1, shift = beta ? (double)beta[j] : 0;
            y[i][j] = scale * xhat + shift;
            if (y_mag)
                y_mag[i][j] =
                    fabs(scale) * error + 2 * fabs(scale * xhat) + fabs(shift) + UNDERFLOW_MAG;
        }
        store(mean, i, r.mean);
        store(rstd, i, r.rstd);
        store(mean_mag, i, r.mean_error + UNDERFLOW_MAG);
        store(rstd_mag, i, r.rstd * r.rstd_error);
    }
    return CLCNN_SUCCESS;
}

/* dx of one row. */
static void data_gradient(const clcnn_layernorm *d, const float *x, const float *gamma,
                          const float *dy, double *dx, double *mag)
{
    const row r = summarise(d, x);
    double of_dy = 0, of_both = 0, of_dy_error = 0, of_both_error = 0, error;
    for (int j = 0; j < d->d; j++) {
        const double g = dy[j] * (gamma ? (double)gamma[j] : 1);
        const double xhat = normalised(&r, x[j], &error);
        of_dy += g / r.d;
        of_both += g * xhat / r.d;
        of_dy_error += (r.roundings + 2) * fabs(g) / r.d;
        of_both_error += (fabs(g) * error + (r.roundings + 3) * fabs(g * xhat)) / r.d;
    }
    of_dy_error += 6 * fabs(of_dy);
    of_both_error += 6 * fabs(of_both);
    for (int j = 0; j < d->d; j++) {
        const double g = dy[j] * (gamma ? (double)gamma[j] : 1);
        const double xhat = normalised(&r, x[j], &error), inner = g - of_dy - xhat * of_both;
        const double inner_error = of_dy_error + fabs(xhat) * of_both_error +
                                   error * fabs(of_both) +
                                   4 * (fabs(g) + fabs(of_dy) + fabs(xhat * of_both));
        const double start = d->accumulate ? dx[j] : 0;
        dx[j] = start + r.rstd * inner;
        if (mag)
            mag[j] = r.rstd * (inner_error + (r.rstd_error + 2) * fabs(inner)) +
                     (d->accumulate ? fabs(start) + fabs(r.rstd * inner) : 0) + UNDERFLOW_MAG;
    }
}

/* The sums over the rows, and their magnitudes. */
static void add_weight_gradients(const clcnn_layernorm *d, const float *x, const float *dy,
                                 double *dgamma, double *dbeta, double *dgamma_mag,
                                 double *dbeta_mag)
{
    const double roundings = fmin(d->n + 1.0, 400 + d->n / 16384.0) + (d->accumulate ? 1 : 0);
    const row r = summarise(d, x);
    for (int j = 0; j < d->d; j++) {
        double error;
        const double xhat = normalised(&r, x[j], &error), g = dy[j];
        if (dgamma)
            dgamma[j] += g * xhat;
        if (dbeta)
            dbeta[j] += g;
        if (dgamma_mag)
            dgamma_mag[j] += fabs(g) * error + (roundings + 2) * fabs(g * xhat) + UNDERFLOW_MAG;
        if (dbeta_mag)
            dbeta_mag[j] += (roundings + 1) * fabs(g) + UNDERFLOW_MAG;
    }
}

clcnn_status clcnn_ref_layernorm_backward(const clcnn_layernorm *d, const float *x_data,
                                          const float *gamma, const float *dy_data, double *dx_data,
                                          double *dgamma, double *dbeta, double *dx_mag_data,
                                          double *dgamma_mag, double *dbeta_mag)
{
    if (!legal(d) || !x_data || !dy_data || (!dx_data && !dgamma && !dbeta))
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->d] = (const void *)x_data, (*dy)[d->d] = (const void *)dy_data;
    double(*dx)[d->d] = (void *)dx_data, (*dx_mag)[d->d] = (void *)dx_mag_data;
    if (dgamma)
        clcnn__ref_start(d->accumulate, (size_t)d->d, dgamma, dgamma_mag);
    if (dbeta)
        clcnn__ref_start(d->accumulate, (size_t)d->d, dbeta, dbeta_mag);
    for (int i = 0; i < d->n; i++) {
        if (dx)
            data_gradient(d, x[i], gamma, dy[i], dx[i], dx_mag ? dx_mag[i] : NULL);
        add_weight_gradients(d, x[i], dy[i], dgamma, dbeta, dgamma ? dgamma_mag : NULL,
                             dbeta ? dbeta_mag : NULL);
    }
    return CLCNN_SUCCESS;
}
