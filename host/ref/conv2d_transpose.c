/*
 * The reference of conv2d_transpose: each element of x is spread over y by a filter. The three
 * directions visit the same pairs, (element of x, tap of the filter that meets y), in the same
 * order, and differ in what they add to what. mag is that of conv2d.
 */
#include "convolution.h"

/* The descriptor with its defaults filled in and its output size. */
typedef struct shape {
    int n, c, h, w, k, r, s, p, q;
    int channels, outputs; /* of one group */
    int pad_top, pad_left, stride_h, stride_w, dilation_h, dilation_w;
} shape;

static clcnn_status make_shape(const clcnn_conv2d_transpose *d, shape *e)
{
    int p = 0, q = 0;
    clcnn_status status = clcnn_conv2d_transpose_output(d, &p, &q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    int groups = clcnn__ref_or(d->groups, 1);
    *e = (shape){.n = d->n,
                 .c = d->c,
                 .h = d->h,
                 .w = d->w,
                 .k = d->k,
                 .r = d->r,
                 .s = d->s,
                 .p = p,
                 .q = q,
                 .channels = d->c / groups,
                 .outputs = d->k / groups,
                 .pad_top = d->pad_top,
                 .pad_left = d->pad_left,
                 .stride_h = clcnn__ref_or(d->stride_h, 1),
                 .stride_w = clcnn__ref_or(d->stride_w, 1),
                 .dilation_h = clcnn__ref_or(d->dilation_h, 1),
                 .dilation_w = clcnn__ref_or(d->dilation_w, 1)};
    return CLCNN_SUCCESS;
}

/* One pair: x[n][c][i][j] meets y[n][k][row][column] through w[c][wk][r][s]. */
typedef struct pair {
    int n, c, i, j, wk, r, s;
    int k, row, column;
} pair;

static const pair before_first = {.s = -1};

/* The next pair whose y is not cropped; false past the last. */
static bool next_pair(const shape *e, pair *t)
{
    do {
        if (clcnn__ref_carry(&t->s, e->s) && clcnn__ref_carry(&t->r, e->r) &&
            clcnn__ref_carry(&t->wk, e->outputs) && clcnn__ref_carry(&t->j, e->w) &&
            clcnn__ref_carry(&t->i, e->h) && clcnn__ref_carry(&t->c, e->c))
            t->n++;
        t->k = t->c / e->channels * e->outputs + t->wk;
        t->row = t->i * e->stride_h + t->r * e->dilation_h - e->pad_top;
        t->column = t->j * e->stride_w + t->s * e->dilation_w - e->pad_left;
    } while (t->n < e->n && (t->row < 0 || t->row >= e->p || t->column < 0 || t->column >= e->q));
    return t->n < e->n;
}

clcnn_status clcnn_ref_conv2d_transpose_forward(const clcnn_conv2d_transpose *d,
                                                const float *x_data, const float *w_data,
                                                const float *b, double *y_data, double *mag_data)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x_data || !w_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[e.c][e.h][e.w] = (const void *)x_data;
    const float(*w)[e.outputs][e.r][e.s] = (const void *)w_data;
    double(*y)[e.k][e.p][e.q] = (void *)y_data;
    double(*mag)[e.k][e.p][e.q] = (void *)mag_data;
    const clcnn__ref_planes planes = {e.n, e.k, (size_t)e.p * (size_t)e.q};

    clcnn__ref_start_with_bias(&planes, b, y_data, mag_data);
    for (pair t = before_first; next_pair(&e, &t);) {
        double product = (double)x[t.n][t.c][t.i][t.j] * w[t.c][t.wk][t.r][t.s];
        y[t.n][t.k][t.row][t.column] += product;
        if (mag)
            mag[t.n][t.k][t.row][t.column] += fabs(product);
    }
    const double summands = (double)e.channels * e.r * e.s + 1;
    clcnn__ref_end_with_activation(&planes, d->activation, d->alpha, summands, y_data, mag_data);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_conv2d_transpose_backward_data(const clcnn_conv2d_transpose *d,
                                                      const float *dy_data, const float *w_data,
                                                      double *dx_data, double *mag_data)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy_data || !w_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[e.k][e.p][e.q] = (const void *)dy_data;
    const float(*w)[e.outputs][e.r][e.s] = (const void *)w_data;
    double(*dx)[e.c][e.h][e.w] = (void *)dx_data;
    double(*mag)[e.c][e.h][e.w] = (void *)mag_data;

    clcnn__ref_start(d->accumulate, (size_t)e.n * (size_t)e.c * (size_t)e.h * (size_t)e.w, dx_data,
                     mag_data);
    for (pair t = before_first; next_pair(&e, &t);) {
        double product = (double)dy[t.n][t.k][t.row][t.column] * w[t.c][t.wk][t.r][t.s];
        dx[t.n][t.c][t.i][t.j] += product;
        if (mag)
            mag[t.n][t.c][t.i][t.j] += fabs(product);
    }
    return CLCNN_SUCCESS;
}

static void add_weight_gradient(const shape *e, const float *x_data, const float *dy_data,
                                double *dw_data, double *mag_data)
{
    const float(*x)[e->c][e->h][e->w] = (const void *)x_data;
    const float(*dy)[e->k][e->p][e->q] = (const void *)dy_data;
    double(*dw)[e->outputs][e->r][e->s] = (void *)dw_data;
    double(*mag)[e->outputs][e->r][e->s] = (void *)mag_data;
    for (pair t = before_first; next_pair(e, &t);) {
        double product = (double)x[t.n][t.c][t.i][t.j] * dy[t.n][t.k][t.row][t.column];
        dw[t.c][t.wk][t.r][t.s] += product;
        if (mag)
            mag[t.c][t.wk][t.r][t.s] += fabs(product);
    }
}

/* x is looked at for dw alone. */
clcnn_status clcnn_ref_conv2d_transpose_backward_weights(const clcnn_conv2d_transpose *d,
                                                         const float *x, const float *dy,
                                                         double *dw, double *db, double *dw_mag,
                                                         double *db_mag)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy || (!dw && !db) || (dw && !x))
        return CLCNN_INVALID_ARGUMENT;
    if (dw) {
        clcnn__ref_start(d->accumulate, (size_t)e.c * (size_t)e.outputs * (size_t)e.r * (size_t)e.s,
                         dw, dw_mag);
        add_weight_gradient(&e, x, dy, dw, dw_mag);
    }
    const clcnn__ref_planes planes = {e.n, e.k, (size_t)e.p * (size_t)e.q};
    if (db)
        clcnn__ref_bias_gradient(&planes, d->accumulate, dy, db, db_mag);
    return CLCNN_SUCCESS;
}
