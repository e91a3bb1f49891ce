/* What the files of the data sets share. */
#ifndef CLCNN_DATASET_H
#define CLCNN_DATASET_H

#include "clcnn_net.h"

/* The images of clcnn's own digits: `stream` 0 are for training, 1 for testing. */
clcnn_status clcnn__synthetic_images(uint64_t stream, int count, clcnn_images *images,
                                     clcnn_error *error);

#endif
