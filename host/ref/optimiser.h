/* What the references of sgd, rmsprop and adam share. */
#ifndef CLCNN_REF_OPTIMISER_H
#define CLCNN_REF_OPTIMISER_H

#include "ref.h"

static inline bool clcnn__ref_in_range(double value, double low, double end)
{
    return value >= low && value < end; /* false for a NaN */
}

static inline double clcnn__ref_grad_scale(double grad_scale)
{
    return grad_scale == 0 ? 1 : grad_scale;
}

/* The segment of element i: the first that ends after it. NULL past the last one. */
static inline const clcnn_segment *clcnn__ref_find_segment(int segments, const clcnn_segment *table,
                                                           int i)
{
    static const clcnn_segment whole = {.end = INT32_MAX, .lr_factor = 1, .decay_factor = 1};
    if (segments == 0)
        return &whole;
    for (int s = 0; s < segments; s++) {
        if (i < table[s].end)
            return &table[s];
    }
    return NULL;
}

/* How far the root of a value >= 0 may be off when the value is off by `error`: its slope says
 * error/root away from 0, and near 0 it is never more than the error's own root. */
static inline double clcnn__ref_root_error(double value, double error)
{
    double root = sqrt(value);
    return fmin(root > 0 ? error / root : INFINITY, sqrt(error));
}

#endif
