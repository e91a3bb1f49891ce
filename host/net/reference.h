/*
 * The reference of a whole network: one training step's loss and gradients, layer by layer as the
 * description has them, in double throughout.
 */
#ifndef CLCNN_NET_REFERENCE_H
#define CLCNN_NET_REFERENCE_H

#include "net.h"

typedef struct clcnn__reference {
    clcnn__layers layers;
    int n, classes;
    double label_smoothing;
    uint64_t seed; /* of dropout */
    int64_t step;
    double *images;   /* [n,c,h,w] */
    int32_t *labels;  /* [n] */
    double *values;   /* [layers.values], packed */
    double *gradient; /* the same, 0 where nothing is trained */
    double **y, **dy; /* of each layer */
    int32_t **argmax; /* of each layer that has one */
    double *dx;       /* room for the largest input */
} clcnn__reference;

/* Allocates everything; values and images are 0. */
clcnn_status clcnn__reference_create(const clcnn_net_desc *desc, clcnn__reference *reference,
                                     clcnn_error *error);
void clcnn__reference_destroy(clcnn__reference *reference);
/* The mean loss of the batch, in training mode. */
clcnn_status clcnn__reference_loss(clcnn__reference *reference, double *loss);
/* After a loss: reference->gradient. */
clcnn_status clcnn__reference_backward(clcnn__reference *reference);

#endif
