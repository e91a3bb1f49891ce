/* Fully connected layers that the tests and the bench share. */
#ifndef DENSE_CASES_H
#define DENSE_CASES_H

#include "clcnn.h"

typedef struct dense_case {
    const char *name;
    clcnn_dense d;
    int quick; /* in the short set */
} dense_case;

static const dense_case dense_small[] = {
    {"one of each", {.n = 1, .c = 1, .k = 1}, 1},
    {"one output", {.n = 3, .c = 17, .k = 1}, 1},
    {"one input", {.n = 3, .c = 1, .k = 19}, 1},
    {"one row", {.n = 1, .c = 37, .k = 29}, 1},
    {"primes", {.n = 13, .c = 31, .k = 23}, 1},
    {"16 by 16", {.n = 16, .c = 16, .k = 16}, 0},
    {"65 by 33 by 129", {.n = 65, .c = 33, .k = 129}, 0},
    {"many inputs", {.n = 2, .c = 3001, .k = 5}, 0},
    {"many rows", {.n = 1031, .c = 3, .k = 2}, 0},
    {"ReLU", {.n = 7, .c = 11, .k = 34, .activation = CLCNN_RELU}, 1},
    {"accumulating", {.n = 9, .c = 12, .k = 10, .accumulate = 1}, 1},
    {NULL, {.n = 0}, 0}};

static const dense_case dense_layers[] = {{"lenet5 120", {.n = 128, .c = 400, .k = 120}, 0},
                                          {"lenet5 84", {.n = 128, .c = 120, .k = 84}, 0},
                                          {"lenet5 10", {.n = 128, .c = 84, .k = 10}, 1},
                                          {"resnet50 classes", {.n = 8, .c = 2048, .k = 1000}, 0},
                                          {"vgg16 4096", {.n = 8, .c = 4096, .k = 4096}, 0},
                                          {NULL, {.n = 0}, 0}};

#endif
