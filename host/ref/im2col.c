/* The reference of im2col: every tap of every window is copied. Exact. */
#include "ref.h"

/* The element of the image that tap (i,j) of window (p,q) lies on; false: in the padding. */
static bool find(const clcnn_im2col *d, int p, int q, int i, int j, int *row, int *column)
{
    *row = p * clcnn__ref_or(d->stride_h, 1) + i * clcnn__ref_or(d->dilation_h, 1) - d->pad_top;
    *column = q * clcnn__ref_or(d->stride_w, 1) + j * clcnn__ref_or(d->dilation_w, 1) - d->pad_left;
    return *row >= 0 && *row < d->h && *column >= 0 && *column < d->w;
}

clcnn_status clcnn_ref_im2col_forward(const clcnn_im2col *d, const float *x_data, double *y)
{
    int P = 0, Q = 0, row, column;
    clcnn_status status = clcnn_im2col_output(d, &P, &Q, NULL);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!x_data || !y)
        return CLCNN_INVALID_ARGUMENT;
    const float(*x)[d->h][d->w] = (const void *)x_data;

    for (int plane = 0; plane < d->n * d->c; plane++) {
        for (int i = 0; i < d->r; i++) {
            for (int j = 0; j < d->s; j++) {
                for (int p = 0; p < P; p++) {
                    for (int q = 0; q < Q; q++)
                        *y++ = find(d, p, q, i, j, &row, &column) ? x[plane][row][column] : 0;
                }
            }
        }
    }
    return CLCNN_SUCCESS;
}
