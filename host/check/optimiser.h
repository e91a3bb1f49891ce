/* What the checks of sgd, rmsprop, adam and clip_norm share. */
#ifndef CHECK_OPTIMISER_H
#define CHECK_OPTIMISER_H

#include "common.h"

/* Shapes of an optimiser's tensors: `arrays` (ended by NULL) are as long as the arena. */
bool check_optimiser_shape(const char *const *arrays, int count, int segments, const char *name,
                           check_shape *shape);

clcnn_status check_optimiser_legal(int count, int segments, clcnn_error *error);

/* Fills the input "table", or drops it when there are no segments: segments of about equal length,
 * each with other factors, every third frozen; the last one ends before the arena does. */
void check_fill_table(check_case *c, int count, int segments);

#endif
