/*
 * What the references of conv2d, conv2d_transpose and conv1d share: to count through indices, and
 * what has to do with the bias and what comes behind the sums. The sums themselves each has on its
 * own loops, so that they can be held against each other.
 */
#ifndef CLCNN_REF_CONVOLUTION_H
#define CLCNN_REF_CONVOLUTION_H

#include "ref.h"

/* Counts one index on; true when it started again. */
static inline bool clcnn__ref_carry(int *index, int size)
{
    if (++*index < size)
        return false;
    *index = 0;
    return true;
}

/* n images of k planes: y, or dy. */
typedef struct clcnn__ref_planes {
    int n, k;
    size_t plane; /* elements */
} clcnn__ref_planes;

/* y before the sums: the bias. */
static inline void clcnn__ref_start_with_bias(const clcnn__ref_planes *of, const float *b,
                                              double *y, double *mag)
{
    for (size_t i = 0; i < (size_t)of->n * (size_t)of->k * of->plane; i++) {
        y[i] = b ? (double)b[i / of->plane % (size_t)of->k] : 0;
        if (mag)
            mag[i] = fabs(y[i]);
    }
}

/* y behind the sums, each of so many `summands`: the activation. */
static inline void clcnn__ref_end_with_activation(const clcnn__ref_planes *of,
                                                  clcnn_activation_kind kind, double alpha,
                                                  double summands, double *y, double *mag)
{
    for (size_t i = 0; i < (size_t)of->n * (size_t)of->k * of->plane; i++) {
        if (mag)
            mag[i] = clcnn__ref_activated_mag(kind, alpha, y[i], mag[i], summands);
        y[i] = clcnn__ref_activate(kind, alpha, y[i]);
    }
}

/* db of what it starts from, or 0: the sums of dy's planes. */
static inline void clcnn__ref_bias_gradient(const clcnn__ref_planes *of, int accumulate,
                                            const float *dy, double *db, double *mag)
{
    clcnn__ref_start(accumulate, (size_t)of->k, db, mag);
    for (size_t i = 0; i < (size_t)of->n * (size_t)of->k * of->plane; i++) {
        const size_t k = i / of->plane % (size_t)of->k;
        db[k] += (double)dy[i];
        if (mag)
            mag[k] += fabs((double)dy[i]);
    }
}

#endif
