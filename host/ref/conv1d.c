/* The reference of conv1d: one row, one filter and one tap after the other. mag is that of conv2d.
 */
#include "convolution.h"

/* The descriptor with its defaults filled in and its output size. */
typedef struct shape {
    int n, c, w, k, s, q;
    int channels, filters; /* of one group */
    int pad_left, stride, dilation;
} shape;

static clcnn_status make_shape(const clcnn_conv1d *d, shape *e)
{
    int q = 0;
    const clcnn_status status = clcnn_conv1d_output(d, &q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    const int groups = clcnn__ref_or(d->groups, 1);
    *e = (shape){.n = d->n,
                 .c = d->c,
                 .w = d->w,
                 .k = d->k,
                 .s = d->s,
                 .q = q,
                 .channels = d->c / groups,
                 .filters = d->k / groups,
                 .pad_left = d->pad_left,
                 .stride = clcnn__ref_or(d->stride, 1),
                 .dilation = clcnn__ref_or(d->dilation, 1)};
    return CLCNN_SUCCESS;
}

/* One product: x[n][c][column] meets y[n][k][q] through w[k][wc][s]. */
typedef struct pair {
    int n, k, q, wc, s;
    int c, column;
} pair;

static const pair before_first = {.s = -1};

/* The next pair whose x is not padding; false past the last. */
static bool next_pair(const shape *e, pair *t)
{
    do {
        if (clcnn__ref_carry(&t->s, e->s) && clcnn__ref_carry(&t->wc, e->channels) &&
            clcnn__ref_carry(&t->q, e->q) && clcnn__ref_carry(&t->k, e->k))
            t->n++;
        t->c = t->k / e->filters * e->channels + t->wc;
        t->column = t->q * e->stride + t->s * e->dilation - e->pad_left;
    } while (t->n < e->n && (t->column < 0 || t->column >= e->w));
    return t->n < e->n;
}

clcnn_status clcnn_ref_conv1d_forward(const clcnn_conv1d *d, const float *x_data,
                                      const float *w_data, const float *b, double *y_data,
                                      double *mag_data)
{
    shape e;
    const clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x_data || !w_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[e.c][e.w] = (const void *)x_data;
    const float(*w)[e.channels][e.s] = (const void *)w_data;
    double(*y)[e.k][e.q] = (void *)y_data, (*mag)[e.k][e.q] = (void *)mag_data;
    const clcnn__ref_planes planes = {e.n, e.k, (size_t)e.q};

    clcnn__ref_start_with_bias(&planes, b, y_data, mag_data);
    for (pair t = before_first; next_pair(&e, &t);) {
        const double product = (double)x[t.n][t.c][t.column] * w[t.k][t.wc][t.s];
        y[t.n][t.k][t.q] += product;
        if (mag)
            mag[t.n][t.k][t.q] += fabs(product);
    }
    clcnn__ref_end_with_activation(&planes, d->activation, d->alpha, (double)e.channels * e.s + 1,
                                   y_data, mag_data);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_conv1d_backward_data(const clcnn_conv1d *d, const float *dy_data,
                                            const float *w_data, double *dx_data, double *mag_data)
{
    shape e;
    const clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy_data || !w_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[e.k][e.q] = (const void *)dy_data;
    const float(*w)[e.channels][e.s] = (const void *)w_data;
    double(*dx)[e.c][e.w] = (void *)dx_data, (*mag)[e.c][e.w] = (void *)mag_data;

    clcnn__ref_start(d->accumulate, (size_t)e.n * (size_t)e.c * (size_t)e.w, dx_data, mag_data);
    for (pair t = before_first; next_pair(&e, &t);) {
        const double product = (double)dy[t.n][t.k][t.q] * w[t.k][t.wc][t.s];
        dx[t.n][t.c][t.column] += product;
        if (mag)
            mag[t.n][t.c][t.column] += fabs(product);
    }
    return CLCNN_SUCCESS;
}

static void add_weight_gradient(const shape *e, const float *x_data, const float *dy_data,
                                double *dw_data, double *mag_data)
{
    const float(*x)[e->c][e->w] = (const void *)x_data;
    const float(*dy)[e->k][e->q] = (const void *)dy_data;
    double(*dw)[e->channels][e->s] = (void *)dw_data, (*mag)[e->channels][e->s] = (void *)mag_data;
    for (pair t = before_first; next_pair(e, &t);) {
        const double product = (double)x[t.n][t.c][t.column] * dy[t.n][t.k][t.q];
        dw[t.k][t.wc][t.s] += product;
        if (mag)
            mag[t.k][t.wc][t.s] += fabs(product);
    }
}

/* x is looked at for dw alone. */
clcnn_status clcnn_ref_conv1d_backward_weights(const clcnn_conv1d *d, const float *x,
                                               const float *dy, double *dw, double *db,
                                               double *dw_mag, double *db_mag)
{
    shape e;
    const clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy || (!dw && !db) || (dw && !x))
        return CLCNN_INVALID_ARGUMENT;
    if (dw) {
        clcnn__ref_start(d->accumulate, (size_t)e.k * (size_t)e.channels * (size_t)e.s, dw, dw_mag);
        add_weight_gradient(&e, x, dy, dw, dw_mag);
    }
    const clcnn__ref_planes planes = {e.n, e.k, (size_t)e.q};
    if (db)
        clcnn__ref_bias_gradient(&planes, d->accumulate, dy, db, db_mag);
    return CLCNN_SUCCESS;
}
