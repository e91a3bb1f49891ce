/* Updates that the tests and the bench share. */
#ifndef ADAM_CASES_H
#define ADAM_CASES_H

#include "clcnn.h"

typedef struct adam_case {
    const char *name;
    clcnn_adam d;
    int quick; /* in the short set */
} adam_case;

#define ADAM_USUAL .lr = 1e-3, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8
static const adam_case adam_cases[] = {
    {"one element", {.count = 1, ADAM_USUAL, .step = 1}, 1},
    {"first step", {.count = 1009, ADAM_USUAL, .step = 1}, 1},
    {"step 7", {.count = 333, ADAM_USUAL, .step = 7}, 0},
    {"step 2^40", {.count = 100, ADAM_USUAL, .step = INT64_C(1) << 40}, 0},
    {"default eps", {.count = 17, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .step = 3}, 1},
    {"large eps", {.count = 65, .lr = 0.1, .beta1 = 0.5, .beta2 = 0.9, .eps = 0.1, .step = 2}, 0},
    {"no momentum", {.count = 65, .lr = 0.1, .beta1 = 0, .beta2 = 0, .step = 5}, 1},
    {"lr 0", {.count = 65, .lr = 0, .beta1 = 0.9, .beta2 = 0.999, .step = 5}, 0},
    {"decay", {.count = 257, ADAM_USUAL, .weight_decay = 0.01, .step = 9}, 1},
    {"decoupled decay",
     {.count = 257, ADAM_USUAL, .weight_decay = 0.01, .decoupled = 1, .step = 9},
     1},
    {"two segments", {.count = 40, ADAM_USUAL, .step = 4, .segments = 2}, 1},
    {"ten segments",
     {.count = 6007, ADAM_USUAL, .weight_decay = 0.1, .step = 11, .segments = 10},
     0},
    {"ten segments, decoupled",
     {.count = 6007, ADAM_USUAL, .weight_decay = 0.1, .decoupled = 1, .step = 11, .segments = 10},
     0},
    {"segments of one element", {.count = 13, ADAM_USUAL, .step = 2, .segments = 13}, 1},
    {"lenet5", {.count = 61706, ADAM_USUAL, .step = 100, .segments = 10}, 0},
    {NULL, {.count = 0}, 0}};

#endif
