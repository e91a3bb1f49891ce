/* Cases of dropout that the tests and the bench share. */
#ifndef DROPOUT_CASES_H
#define DROPOUT_CASES_H

#include "clcnn.h"

typedef struct dropout_case {
    const char *name;
    clcnn_dropout d;
    int quick; /* in the short set */
} dropout_case;

static const dropout_case dropout_small[] = {
    {"one element", {.count = 1, .drop = 0.5, .seed = 1}, 1},
    {"15 elements", {.count = 15, .drop = 0.5, .seed = 2, .step = 7}, 0},
    {"64 elements", {.count = 64, .drop = 0.3, .seed = 3, .step = INT64_MAX}, 1},
    {"65 elements", {.count = 65, .drop = 0.3, .seed = UINT64_MAX, .stream = 4}, 1},
    {"1000 elements", {.count = 1000, .drop = 0.1, .seed = 5, .stream = UINT32_MAX}, 0},
    {"1025 elements", {.count = 1025, .drop = 0.9, .seed = 6, .step = 1}, 0},
    {"nothing dropped", {.count = 333, .drop = 0, .seed = 7}, 1},
    {"nearly nothing kept", {.count = 4099, .drop = 0.999, .seed = 8}, 0},
    {"vgg-mini dense", {.count = 128 * 128, .drop = 0.5, .seed = 9, .step = 100}, 0},
    {NULL, {.count = 0}, 0}};

#endif
