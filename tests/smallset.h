/*
 * A data set in memory that a small network learns in a few epochs: images of 1 x 6 x 5, three
 * classes that are bright at different places, noise over everything.
 */
#ifndef SMALLSET_H
#define SMALLSET_H

#include "clcnn_net.h"

enum { SMALL_C = 1, SMALL_H = 6, SMALL_W = 5, SMALL_CLASSES = 3 };
#define SMALL_NET "conv 4 3x3 pad 1, relu, maxpool 2, dense 8, relu, dense 3"

/* `train` and a third as many test images. To be freed with clcnn_dataset_free. */
void smallset_create(int train, uint64_t seed, clcnn_dataset *set);

#endif
