/*
 * What the files of the reference share. The reference is the definition of each operation that
 * everything else is held against: plain loops in double over float data, tensors as typed arrays,
 * and nothing that makes it fast. Sums of magnitudes are kept beside the sums, in the same loops.
 */
#ifndef CLCNN_REF_H
#define CLCNN_REF_H

#include "internal.h"

#include <math.h>

/* The unit roundoff of float, and the smallest steps of floats at and below the normal range. */
#define REF_U 0x1p-24
#define REF_LEAST_NORMAL 0x1p-126
#define REF_LEAST 0x1p-149

/* A field of a descriptor whose zero stands for a default. */
static inline int clcnn__ref_or(int value, int otherwise)
{
    return value == 0 ? otherwise : value;
}

/* ref/activation.c, the one place of the reference that knows the kinds: f(x), and the bound of a
 * float computation of it in units of u. */
double clcnn__ref_activate(clcnn_activation_kind kind, double alpha, double x);
double clcnn__ref_activate_mag(clcnn_activation_kind kind, double alpha, double x);
/* The largest |f'|: SiLU's is 1.0998, the GELUs' are 1.1290. */
static inline double clcnn__ref_steepest(clcnn_activation_kind kind, double alpha)
{
    if (kind == CLCNN_LEAKY_RELU || kind == CLCNN_ELU)
        return fmax(1, fabs(alpha));
    return kind == CLCNN_SIGMOID ? 0.25 : kind >= CLCNN_SILU ? 1.13 : 1;
}
/*
 * The magnitude of f(sum) where sum is a sum of `count` summands of that `magnitude`, under the
 * class CLCNN_DOT: the sum's error through f, and f's own error brought to the class's unit.
 */
double clcnn__ref_activated_mag(clcnn_activation_kind kind, double alpha, double sum,
                                double magnitude, double count);

/* What a gradient starts from: 0, or what is there. */
static inline void clcnn__ref_start(int accumulate, size_t count, double *sum, double *mag)
{
    for (size_t i = 0; i < count; i++) {
        if (!accumulate)
            sum[i] = 0;
        if (mag)
            mag[i] = fabs(sum[i]);
    }
}

#endif
