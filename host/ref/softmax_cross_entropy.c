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
 *   - smoothed: P = (1 - smoothing)*|d[label]| has a constant and a product more, Q = smoothing
 *     times the mean of |d| has c + 2 of its own, and there are two additions: P has 5u, Q (c + 4)u
 *     and log S 10u in all
 *   - the mean of n rows: the mean of those, and (n + 9)u of itself: n - 1 additions and the 1/n,
 *     and where labels are ignored a quotient and a product
 *   - dx[j] = (y[j] - target)/n: the error of y, 1u of a target that is no 0 or 1, and 8u of itself
 *
 * A result that is not a normal float has an error of a few of the smallest floats besides: each
 * mag gets what 8 of them amount to. The terms of second order are below a hundredth of the bound
 * for |d| < 10^5, and y is 0 long before; the algorithm's constant of 1.1 covers them.
 */
#include "softmax.h"

typedef clcnn__ref_row row;

static clcnn_status check(const clcnn_softmax_cross_entropy *d)
{
    return d && d->n >= 1 && d->classes >= 1 && d->label_smoothing >= 0 && d->label_smoothing <= 1
               ? CLCNN_SUCCESS
               : CLCNN_INVALID_ARGUMENT;
}

static bool ignores(const clcnn_softmax_cross_entropy *d, int32_t label)
{
    return d->ignore && label == d->ignored_label;
}

/* The loss of one row, NaN where the label is no class, and the sum of its errors in units of u. */
static double row_loss(const clcnn_softmax_cross_entropy *d, const row *e, const float *x,
                       int32_t label, double *mag)
{
    *mag = 0;
    if (label < 0 || label >= d->classes)
        return NAN;
    double distance = e->max - x[label], all = 0, log_sum = log(e->sum);
    *mag = e->spread + e->count_terms + 9 * log_sum + 2 * distance;
    if (d->label_smoothing == 0)
        return log_sum + distance;
    for (int j = 0; j < d->classes; j++)
        all += e->max - x[j];
    /* Without a weight for the label its distance does not count, be it infinite. */
    distance = d->label_smoothing < 1 ? (1 - d->label_smoothing) * distance : 0;
    all *= d->label_smoothing / d->classes;
    *mag = e->spread + e->count_terms + 10 * log_sum + 5 * distance + (d->classes + 4) * all;
    return log_sum + distance + all;
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

    double sum = 0, sum_mag = 0, counted = 0;
    for (int i = 0; i < d->n; i++) {
        row e = clcnn__ref_summarise(x[i], d->classes);
        for (int j = 0; j < d->classes; j++) {
            if (y)
                y[i][j] = clcnn__ref_softmax(&e, x[i][j]);
            if (y_mag)
                y_mag[i][j] = clcnn__ref_softmax_mag(&e, x[i][j]);
        }
        if (loss && !ignores(d, labels[i])) {
            double mag;
            sum += row_loss(d, &e, x[i], labels[i], &mag);
            sum_mag += mag;
            counted += 1;
        }
    }
    if (loss)
        *loss = sum / counted; /* NaN when every label is ignored */
    if (loss && loss_mag)
        *loss_mag = sum_mag / counted + (d->n + 9) * (sum / counted) + UNDERFLOW_MAG;
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

    double counted = 0, miss = d->label_smoothing / d->classes;
    for (int i = 0; i < d->n; i++)
        counted += ignores(d, labels[i]) ? 0 : 1;
    for (int i = 0; i < d->n; i++) {
        row e = clcnn__ref_summarise(x[i], d->classes);
        bool legal = labels[i] >= 0 && labels[i] < d->classes, ignored = ignores(d, labels[i]);
        for (int j = 0; j < d->classes; j++) {
            double target = miss + (j == labels[i] ? 1 - d->label_smoothing : 0);
            double difference = clcnn__ref_softmax(&e, x[i][j]) - target;
            double y_mag = clcnn__ref_softmax_mag(&e, x[i][j]);
            dx[i][j] = ignored ? 0 : legal ? difference / counted : NAN;
            if (mag)
                mag[i][j] =
                    ignored ? 0 : (y_mag + target + 8 * fabs(difference)) / counted + UNDERFLOW_MAG;
        }
    }
    return CLCNN_SUCCESS;
}
