/*
 * The reference of conv2d. The three directions visit the same pairs of elements, (tap of a window,
 * element of the image), in the same order, and differ in what they add to what.
 *
 * mag: the sum of |product| (and of |bias|, and of what a gradient started from). Any order of
 * float additions of n such products, with or without fused multiply-add, is within
 * gamma(n + 2) * mag of the exact sum. An activation behind the sum changes mag: see
 * clcnn__ref_activated_mag.
 */
#include "convolution.h"

/* The descriptor with its defaults filled in and its output size. */
typedef struct shape {
    int n, c, h, w, k, r, s, p, q;
    int channels; /* of one group, in */
    int filters;  /* of one group */
    int pad_top, pad_left, stride_h, stride_w, dilation_h, dilation_w;
} shape;

static clcnn_status make_shape(const clcnn_conv2d *d, shape *e)
{
    int p = 0, q = 0;
    clcnn_status status = clcnn_conv2d_output(d, &p, &q, NULL);
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
                 .filters = d->k / groups,
                 .pad_top = d->pad_top,
                 .pad_left = d->pad_left,
                 .stride_h = clcnn__ref_or(d->stride_h, 1),
                 .stride_w = clcnn__ref_or(d->stride_w, 1),
                 .dilation_h = clcnn__ref_or(d->dilation_h, 1),
                 .dilation_w = clcnn__ref_or(d->dilation_w, 1)};
    return CLCNN_SUCCESS;
}

/* One window: output (n,k,p,q) of the batch. */
typedef struct window {
    int n, k, p, q;
} window;

/* One tap of a window: weight (k,wc,r,s), and the input (n,c,row,column) that it meets. */
typedef struct tap {
    int wc, r, s, c, row, column;
} tap;

/* Finds the input of a tap; false where it lies in the padding. */
static bool find_input(const shape *e, const window *o, tap *t)
{
    t->c = o->k / e->filters * e->channels + t->wc;
    t->row = o->p * e->stride_h + t->r * e->dilation_h - e->pad_top;
    t->column = o->q * e->stride_w + t->s * e->dilation_w - e->pad_left;
    return t->row >= 0 && t->row < e->h && t->column >= 0 && t->column < e->w;
}

/* The next tap of a window that meets the image, in row-major order; false past the last. */
static bool next_tap(const shape *e, const window *o, tap *t)
{
    do {
        if (clcnn__ref_carry(&t->s, e->s) && clcnn__ref_carry(&t->r, e->r))
            t->wc++;
    } while (t->wc < e->channels && !find_input(e, o, t));
    return t->wc < e->channels;
}

static const tap before_first = {.s = -1};

/* The next window in row-major order; false past the last. */
static bool next_window(const shape *e, window *o)
{
    if (clcnn__ref_carry(&o->q, e->q) && clcnn__ref_carry(&o->p, e->p) &&
        clcnn__ref_carry(&o->k, e->k))
        o->n++;
    return o->n < e->n;
}

static const window no_window = {.q = -1};

clcnn_status clcnn_ref_conv2d_forward(const clcnn_conv2d *d, const float *x_data,
                                      const float *w_data, const float *b, double *y_data,
                                      double *mag_data)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x_data || !w_data || !y_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[e.c][e.h][e.w] = (const void *)x_data;
    const float(*w)[e.channels][e.r][e.s] = (const void *)w_data;
    double(*y)[e.k][e.p][e.q] = (void *)y_data;
    double(*mag)[e.k][e.p][e.q] = (void *)mag_data;

    const double summands = (double)e.channels * e.r * e.s + 1;
    for (window o = no_window; next_window(&e, &o);) {
        double sum = b ? (double)b[o.k] : 0, magnitude = fabs(sum);
        for (tap t = before_first; next_tap(&e, &o, &t);) {
            double product = (double)x[o.n][t.c][t.row][t.column] * w[o.k][t.wc][t.r][t.s];
            sum += product;
            magnitude += fabs(product);
        }
        y[o.n][o.k][o.p][o.q] = clcnn__ref_activate(d->activation, d->alpha, sum);
        if (mag)
            mag[o.n][o.k][o.p][o.q] =
                clcnn__ref_activated_mag(d->activation, d->alpha, sum, magnitude, summands);
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_conv2d_backward_data(const clcnn_conv2d *d, const float *dy_data,
                                            const float *w_data, double *dx_data, double *mag_data)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy_data || !w_data || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    const float(*dy)[e.k][e.p][e.q] = (const void *)dy_data;
    const float(*w)[e.channels][e.r][e.s] = (const void *)w_data;
    double(*dx)[e.c][e.h][e.w] = (void *)dx_data;
    double(*mag)[e.c][e.h][e.w] = (void *)mag_data;

    clcnn__ref_start(d->accumulate, (size_t)e.n * (size_t)e.c * (size_t)e.h * (size_t)e.w, dx_data,
                     mag_data);
    for (window o = no_window; next_window(&e, &o);) {
        for (tap t = before_first; next_tap(&e, &o, &t);) {
            double product = (double)dy[o.n][o.k][o.p][o.q] * w[o.k][t.wc][t.r][t.s];
            dx[o.n][t.c][t.row][t.column] += product;
            if (mag)
                mag[o.n][t.c][t.row][t.column] += fabs(product);
        }
    }
    return CLCNN_SUCCESS;
}

static void add_weight_gradient(const shape *e, const float *x_data, const float *dy_data,
                                double *dw_data, double *mag_data)
{
    const float(*x)[e->c][e->h][e->w] = (const void *)x_data;
    const float(*dy)[e->k][e->p][e->q] = (const void *)dy_data;
    double(*dw)[e->channels][e->r][e->s] = (void *)dw_data;
    double(*mag)[e->channels][e->r][e->s] = (void *)mag_data;

    for (window o = no_window; next_window(e, &o);) {
        for (tap t = before_first; next_tap(e, &o, &t);) {
            double product = (double)dy[o.n][o.k][o.p][o.q] * x[o.n][t.c][t.row][t.column];
            dw[o.k][t.wc][t.r][t.s] += product;
            if (mag)
                mag[o.k][t.wc][t.r][t.s] += fabs(product);
        }
    }
}

/* x is looked at for dw alone. */
clcnn_status clcnn_ref_conv2d_backward_weights(const clcnn_conv2d *d, const float *x,
                                               const float *dy, double *dw, double *db,
                                               double *dw_mag, double *db_mag)
{
    shape e;
    clcnn_status status = make_shape(d, &e);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy || (!dw && !db) || (dw && !x))
        return CLCNN_INVALID_ARGUMENT;
    if (dw) {
        clcnn__ref_start(d->accumulate,
                         (size_t)e.k * (size_t)e.channels * (size_t)e.r * (size_t)e.s, dw, dw_mag);
        add_weight_gradient(&e, x, dy, dw, dw_mag);
    }
    const clcnn__ref_planes planes = {e.n, e.k, (size_t)e.p * (size_t)e.q};
    if (db)
        clcnn__ref_bias_gradient(&planes, d->accumulate, dy, db, db_mag);
    return CLCNN_SUCCESS;
}
