/* Losses that the tests and the bench share. */
#ifndef SOFTMAX_CROSS_ENTROPY_CASES_H
#define SOFTMAX_CROSS_ENTROPY_CASES_H

#include "clcnn.h"

typedef struct softmax_cross_entropy_case {
    const char *name;
    clcnn_softmax_cross_entropy d;
    int quick; /* in the short set */
} softmax_cross_entropy_case;

static const softmax_cross_entropy_case softmax_cross_entropy_cases[] = {
    {"one of one", {.n = 1, .classes = 1}, 1},
    {"one row", {.n = 1, .classes = 23}, 1},
    {"one class", {.n = 19, .classes = 1}, 0},
    {"two classes", {.n = 7, .classes = 2}, 1},
    {"primes", {.n = 37, .classes = 13}, 1},
    {"16 classes", {.n = 16, .classes = 16}, 0},
    {"lenet5", {.n = 128, .classes = 10}, 0},
    {"imagenet", {.n = 64, .classes = 1000}, 0},
    {"many rows", {.n = 5003, .classes = 3}, 0},
    {"many classes", {.n = 2, .classes = 30011}, 0},
    {NULL, {.n = 0}, 0}};

#endif
