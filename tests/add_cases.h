/* Sums that the tests and the bench share. */
#ifndef ADD_CASES_H
#define ADD_CASES_H

#include "clcnn.h"

typedef struct add_case {
    const char *name;
    clcnn_add d;
    int quick; /* in the short set */
} add_case;

/* clang-format off */
static const add_case add_small[] = {
    {"one number", {.n = 1, .c = 1}, 1},
    {"rows", {.n = 3, .c = 19}, 0},
    {"images", {.n = 2, .c = 3, .h = 5, .w = 7}, 1},
    {"residual with ReLU", {.n = 2, .c = 4, .h = 9, .w = 9, .activation = CLCNN_RELU}, 1},
    {"residual with GELU", {.n = 2, .c = 4, .h = 3, .w = 5, .activation = CLCNN_GELU}, 0},
    {"accumulating", {.n = 2, .c = 3, .h = 5, .w = 5, .accumulate = 1}, 0},
    {"one channel", {.n = 4, .c = 1, .h = 3, .w = 11, .broadcast = 1}, 0},
    {"bias of rows", {.n = 7, .c = 37, .broadcast = 1}, 1},
    {"bias of many rows", {.n = 1031, .c = 3, .broadcast = 1}, 0},
    {"bias of images", {.n = 3, .c = 5, .h = 6, .w = 7, .broadcast = 1}, 1},
    {"bias of planes of 16", {.n = 3, .c = 5, .h = 4, .w = 4, .broadcast = 1}, 0},
    {"bias, ELU", {.n = 3, .c = 5, .h = 4, .w = 5, .broadcast = 1, .activation = CLCNN_ELU, .alpha = 1}, 0},
    {"bias, accumulating", {.n = 3, .c = 5, .h = 4, .w = 5, .broadcast = 1, .accumulate = 1}, 1},
    {NULL, {.n = 0}, 0}};

static const add_case add_layers[] = {
    {"resnet-mini", {.n = 16, .c = 16, .h = 28, .w = 28, .activation = CLCNN_RELU}, 0},
    {"resnet50 bias", {.n = 4, .c = 64, .h = 56, .w = 56, .broadcast = 1}, 0},
    {"one long channel", {.n = 5, .c = 1, .h = 250, .w = 333, .broadcast = 1}, 0},
    {NULL, {.n = 0}, 0}};
/* clang-format on */

#endif
