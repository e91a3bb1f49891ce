/* What the checks of operations on images share: x in, y out, and the gradient of x back. */
#ifndef CLCNN_CHECK_IMAGE_H
#define CLCNN_CHECK_IMAGE_H

#include "common.h"

enum { X, DY };

/* Rows of directions. */
#define CHECK_IMAGE_FORWARD(run_, reference_)                                                      \
    .name = "forward", .direction = CLCNN_FORWARD, .needs = 1 << X, .outputs = {{.name = "y"}},    \
    .run = (run_), .reference = (reference_)
#define CHECK_IMAGE_BACKWARD(run_, reference_)                                                     \
    .name = "backward", .direction = CLCNN_BACKWARD_DATA, .needs = 1 << DY,                        \
    .outputs = {{.name = "dx", .accumulates = true}}, .run = (run_), .reference = (reference_)

#endif
