/*
 * The reference of softmax_cross_entropy, with bounds for a float computation of the same formulas
 * on any OpenCL device (embedded profile: exp and log within 4 ulp, division within 3 ulp, and one
 * ulp is at most 2u of the value).
 *
 * In a row write d[j] = x[j] - m <= 0, e[j] = exp(d[j]), S = sum of e, A = sum of y[j]*|d[j]|, c
 * the number of classes. To first order in u, as relative errors where nothing else is said:
 *   - d[j]: 1u, one subtraction (m is exact)
 *   - e[j]: (|d[j]| + 8)u, for exp turns the absolute error |d|u into a relative one
 *   - S: (A + 8 + c)u, the terms' errors weighted by y, and c - 1 additions
 *   - y[j] = e[j]/S: (|d[j]| + 8 + A + 8 + c + 6)u
 *   - log S: (A + 8 + c)u absolute from S, and 8u relative from log
 *   - a row's loss: that, |d[label]|u, and one addition: (A + 8 + c + 9*log S + 2|d|)u absolute
 *   - the mean of n rows: the mean of those, and (n + 7)u of itself: n - 1 additions, the 1/n
 *   - dx[j] = (y[j] - hit)/n: the error of y, and 8u of itself
 *
 * A result that is not a normal float has an error of a few of the smallest floats besides: each
 * mag gets what 8 of them amount to. The terms of second order are below a hundredth of the bound
 * for |d| < 10^5, and y is 0 long before; the algorithm's constant of 1.1 covers them.
 */
#include "ref.h"

#define UNDERFLOW_MAG (8 * REF_LEAST / REF_U)

/* What a row has in common. */
typedef struct row {
    double max, sum, spread; /* m, S, A */
    double count_terms;      /* 8 + c */
} row;

static row summarise(const float *x, int classes)
{
    row e = {.max = x[0], .count_terms = 8 + (double)classes};
    for (int j = 1; j < classes; j++)
        e.max = x[j] > e.max ? (double)x[j] : e.max;
    for (int j = 0; j < classes; j++)
        e.sum += exp(x[j] - e.max);
    for (int j = 0; j < classes; j++) {
        double y = exp(x[j] - e.max) / e.sum;
        e.spread += y * fabs(x[j] - e.max);
    }
    return e;
}

static double softmax(const row *e, double x)
{
    return exp(x - e->max) / e->sum;
}

static double softmax_mag(const row *e, double x)
{
    double terms = fabs(x - e->max) + 8 + e->spread + e->count_terms + 6;
    return softmax(e, x) * terms + UNDERFLOW_MAG;
}

static clcnn_status check(const clcnn_softmax_cross_entropy *d)
{
    return d && d->n >= 1 && d->classes >= 1 ? CLCNN_SUCCESS : CLCNN_INVALID_ARGUMENT;
}

/* The loss of one row, NaN where the label is no class, and the sum of its errors in units of u. */
static double row_loss(const row *e, const float *x, int classes, int32_t label, double *mag)
{
    if (label < 0 || label >= classes) {
        *mag = 0;
        return NAN;
    }
    double distance = e->max - x[label];
    *mag = e->spread + e->count_terms + 9 * log(e->sum) + 2 * distance;
    return log(e->sum) + distance;
}

clcnn_status clcnn_ref_softmax_cross_entropy_forward(const clcnn_softmax_cross_entropy *d,
                                                     const float *x_data, const int32_t *labels,
                                                     double *y_data, double *loss,
                                                     double *y_mag_data, double *loss_mag)
{
    if (check(d) != CLCNN_SUCCESS || !x_data || (!y_data && !loss) || (loss && !labels))
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->classes] = (const void *)x_data;
    double(*y)[d->classes] = (void *)y_data;
    double(*y_mag)[d->classes] = (void *)y_mag_data;

    double sum = 0, sum_mag = 0;
    for (int i = 0; i < d->n; i++) {
        row e = summarise(x[i], d->classes);
        for (int j = 0; j < d->classes; j++) {
            if (y)
                y[i][j] = softmax(&e, x[i][j]);
            if (y_mag)
                y_mag[i][j] = softmax_mag(&e, x[i][j]);
        }
        if (loss) {
            double mag;
            sum += row_loss(&e, x[i], d->classes, labels[i], &mag);
            sum_mag += mag;
        }
    }
    if (loss)
        *loss = sum / d->n;
    if (loss && loss_mag)
        *loss_mag = sum_mag / d->n + (d->n + 7) * (sum / d->n) + UNDERFLOW_MAG;
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_softmax_cross_entropy_backward(const clcnn_softmax_cross_entropy *d,
                                                      const float *x_data, const int32_t *labels,
                                                      double *dx_data, double *mag_data)
{
    if (check(d) != CLCNN_SUCCESS || !x_data || !labels || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->classes] = (const void *)x_data;
    double(*dx)[d->classes] = (void *)dx_data;
    double(*mag)[d->classes] = (void *)mag_data;

    for (int i = 0; i < d->n; i++) {
        row e = summarise(x[i], d->classes);
        bool legal = labels[i] >= 0 && labels[i] < d->classes;
        for (int j = 0; j < d->classes; j++) {
            double difference = softmax(&e, x[i][j]) - (j == labels[i] ? 1 : 0);
            dx[i][j] = legal ? difference / d->n : NAN;
            if (mag)
                mag[i][j] =
                    (softmax_mag(&e, x[i][j]) + 8 * fabs(difference)) / d->n + UNDERFLOW_MAG;
        }
    }
    return CLCNN_SUCCESS;
}
