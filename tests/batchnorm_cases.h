/* Shapes of batch normalisation that the tests and the bench share. */
#ifndef BATCHNORM_CASES_H
#define BATCHNORM_CASES_H

#include "clcnn.h"

typedef struct batchnorm_case {
    const char *name;
    clcnn_batchnorm d;
    int quick; /* in the short set */
} batchnorm_case;

/* clang-format off */
static const batchnorm_case batchnorm_small[] = {
    {"two values", {.n = 2, .c = 1, .momentum = 0.1}, 1},
    {"one value, biased", {.n = 1, .c = 3, .momentum = 0.5}, 0},
    {"rows", {.n = 7, .c = 5, .momentum = 0.1, .unbiased = 1}, 1},
    {"many columns", {.n = 3, .c = 131, .momentum = 1}, 0},
    {"many rows", {.n = 1031, .c = 2, .momentum = 0.25, .unbiased = 1}, 0},
    {"images", {.n = 3, .c = 4, .h = 5, .w = 7, .momentum = 0.1, .unbiased = 1}, 1},
    {"one image", {.n = 1, .c = 3, .h = 6, .w = 6, .momentum = 0}, 0},
    {"planes of 16", {.n = 5, .c = 3, .h = 4, .w = 4, .momentum = 0.1}, 0},
    {"planes of 17", {.n = 5, .c = 3, .h = 17, .w = 1, .momentum = 0.1}, 0},
    {"large eps", {.n = 4, .c = 3, .h = 3, .w = 3, .eps = 2, .momentum = 0.1}, 0},
    {"accumulating", {.n = 4, .c = 3, .h = 5, .w = 3, .momentum = 0.1, .accumulate = 1}, 1},
    {"inference, rows", {.n = 7, .c = 5, .inference = 1}, 1},
    {"inference", {.n = 3, .c = 4, .h = 5, .w = 7, .momentum = 0.3, .inference = 1}, 1},
    {"ReLU", {.n = 3, .c = 4, .h = 5, .w = 7, .momentum = 0.1, .activation = CLCNN_RELU}, 1},
    {"ReLU, rows", {.n = 7, .c = 5, .momentum = 0.1, .activation = CLCNN_RELU}, 0},
    {"leaky ReLU, accumulating", {.n = 4, .c = 3, .h = 5, .w = 3, .momentum = 0.1, .accumulate = 1, .activation = CLCNN_LEAKY_RELU, .alpha = 0.2}, 1},
    {"leaky ReLU, alpha below 0", {.n = 5, .c = 3, .h = 17, .w = 1, .momentum = 0.1, .activation = CLCNN_LEAKY_RELU, .alpha = -1.5}, 0},
    {"ReLU, inference", {.n = 3, .c = 4, .h = 5, .w = 7, .inference = 1, .activation = CLCNN_RELU}, 1},
    {"inference, accumulating", {.n = 3, .c = 4, .h = 5, .w = 7, .inference = 1, .accumulate = 1}, 0},
    {NULL, {.n = 0}, 0}};

static const batchnorm_case batchnorm_layers[] = {
    {"vgg-mini", {.n = 16, .c = 32, .h = 28, .w = 28, .momentum = 0.1, .unbiased = 1}, 0},
    {"resnet-mini, last", {.n = 32, .c = 64, .h = 7, .w = 7, .momentum = 0.1, .unbiased = 1}, 0},
    {"resnet50, first", {.n = 4, .c = 4, .h = 112, .w = 112, .momentum = 0.1, .unbiased = 1}, 0},
    {"resnet-mini, last, ReLU", {.n = 32, .c = 64, .h = 7, .w = 7, .momentum = 0.1, .unbiased = 1, .activation = CLCNN_RELU}, 0},
    {"vgg-mini, leaky ReLU", {.n = 16, .c = 32, .h = 28, .w = 28, .momentum = 0.1, .activation = CLCNN_LEAKY_RELU, .alpha = 0.01}, 0},
    {"mlp", {.n = 128, .c = 512, .momentum = 0.1, .unbiased = 1}, 0},
    {"one long channel", {.n = 5, .c = 1, .h = 250, .w = 333, .momentum = 0.1}, 0},
    {NULL, {.n = 0}, 0}};
/* clang-format on */

#endif
