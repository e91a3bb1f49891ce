/* What the references of softmax and softmax_cross_entropy share; the bounds are derived in
 * softmax_cross_entropy.c. */
#ifndef CLCNN_REF_SOFTMAX_H
#define CLCNN_REF_SOFTMAX_H

#include "ref.h"

#define UNDERFLOW_MAG (8 * REF_LEAST / REF_U)

/* What a row has in common. */
typedef struct clcnn__ref_row {
    double max, sum, spread; /* m, S, A */
    double count_terms;      /* 8 + c */
} clcnn__ref_row;

static inline clcnn__ref_row clcnn__ref_summarise(const float *x, int classes)
{
    clcnn__ref_row e = {.max = x[0], .count_terms = 8 + (double)classes};
    for (int j = 1; j < classes; j++)
        e.max = x[j] > e.max ? (double)x[j] : e.max;
    for (int j = 0; j < classes; j++)
        e.sum += exp(x[j] - e.max);
    for (int j = 0; j < classes; j++) {
        double y = exp(x[j] - e.max) / e.sum;
        e.spread += y > 0 ? y * fabs(x[j] - e.max) : 0; /* not of 0*Inf */
    }
    return e;
}

static inline double clcnn__ref_softmax(const clcnn__ref_row *e, double x)
{
    return exp(x - e->max) / e->sum;
}

static inline double clcnn__ref_softmax_mag(const clcnn__ref_row *e, double x)
{
    double terms = fabs(x - e->max) + 8 + e->spread + e->count_terms + 6;
    double y = clcnn__ref_softmax(e, x);
    return (y > 0 ? y * terms : 0) + UNDERFLOW_MAG;
}

#endif
