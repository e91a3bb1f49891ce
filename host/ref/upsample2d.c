/*
 * The reference of upsample2d: each output mixes up to four elements. Both directions visit the
 * same pairs of an output and an element, and differ in what they add to what.
 *
 * mag: the sum of the magnitudes. A weight along one axis is rest * (1/den) in float: two
 * conversions, a division of at most 5 units of roundoff and a product, 8 in all (and one more
 * where the last row's two weights meet in it). Two weights, their product, that with the element
 * and n - 1 additions are n + 19 roundings at most, hence within gamma(n + 17 + 2) * mag.
 */
#include "ref.h"

/* The two elements along an axis that an output mixes, and their weights. */
typedef struct place {
    int index[2];
    double weight[2];
} place;

static place find(const clcnn_upsample2d *d, int i, int in, int out)
{
    int64_t t = (int64_t)i * in, den = out; /* the place is t/den */
    if (d->kind == CLCNN_NEAREST)
        return (place){{(int)(t / den), 0}, {1, 0}};
    if (d->align_corners) {
        t = out > 1 ? (int64_t)i * (in - 1) : 0;
        den = out > 1 ? out - 1 : 1;
    } else {
        t = (2 * (int64_t)i + 1) * in - out;
        den = 2 * (int64_t)out;
    }
    t = t < 0 ? 0 : t;
    const int index = (int)(t / den);
    const double part = (double)(t % den) / (double)den;
    return (place){{index, index + 1 < in ? index + 1 : index}, {1 - part, part}};
}

/* The place in a plane of corner 0 to 3 of an output, and its weight. */
static double corner(const clcnn_upsample2d *d, place row, place column, int number, int *at)
{
    *at = row.index[number / 2] * d->w + column.index[number % 2];
    return row.weight[number / 2] * column.weight[number % 2];
}

clcnn_status clcnn_ref_upsample2d_forward(const clcnn_upsample2d *d, const float *x_data, double *y,
                                          double *mag)
{
    int P = 0, Q = 0;
    clcnn_status status = clcnn_upsample2d_output(d, &P, &Q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x_data || !y)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->h * d->w] = (const void *)x_data;

    for (int plane = 0; plane < d->n * d->c; plane++) {
        for (int i = 0; i < P; i++) {
            for (int j = 0; j < Q; j++, y++) {
                const place row = find(d, i, d->h, P), column = find(d, j, d->w, Q);
                double sum = 0, magnitudes = 0;
                for (int k = 0, at; k < 4; k++) {
                    const double weight = corner(d, row, column, k, &at);
                    sum += weight > 0 ? weight * (double)x[plane][at] : 0;
                    magnitudes += weight > 0 ? weight * fabs((double)x[plane][at]) : 0;
                }
                *y = sum;
                if (mag)
                    *mag++ = magnitudes;
            }
        }
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_upsample2d_backward(const clcnn_upsample2d *d, const float *dy,
                                           double *dx_data, double *mag_data)
{
    int P = 0, Q = 0;
    clcnn_status status = clcnn_upsample2d_output(d, &P, &Q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!dy || !dx_data)
        return CLCNN_INVALID_ARGUMENT;
    double(*dx)[d->h * d->w] = (void *)dx_data;
    double(*mag)[d->h * d->w] = (void *)mag_data;

    const int planes = d->n * d->c;
    clcnn__ref_start(d->accumulate, (size_t)planes * (size_t)d->h * (size_t)d->w, dx_data,
                     mag_data);
    for (int plane = 0; plane < planes; plane++) {
        for (int i = 0; i < P; i++) {
            for (int j = 0; j < Q; j++, dy++) {
                const place row = find(d, i, d->h, P), column = find(d, j, d->w, Q);
                for (int k = 0, at; k < 4; k++) {
                    const double weight = corner(d, row, column, k, &at);
                    dx[plane][at] += weight > 0 ? weight * (double)*dy : 0;
                    if (mag)
                        mag[plane][at] += weight > 0 ? weight * fabs((double)*dy) : 0;
                }
            }
        }
    }
    return CLCNN_SUCCESS;
}
