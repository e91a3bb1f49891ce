/* Adaptive-pooling shapes that the tests and the bench share. */
#ifndef ADAPTIVE_AVGPOOL2D_CASES_H
#define ADAPTIVE_AVGPOOL2D_CASES_H

#include "clcnn.h"

typedef struct adaptive_avgpool2d_case {
    const char *name;
    clcnn_adaptive_avgpool2d d;
    int quick; /* in the short set */
    int exact; /* every count is a power of two: exact on integers */
} adaptive_avgpool2d_case;

/* clang-format off */
static const adaptive_avgpool2d_case adaptive_avgpool2d_small[] = {
    {"one pixel", {.n = 1, .c = 1, .h = 1, .w = 1, .p = 1, .q = 1}, 1, 1},
    {"global, 4x4", {.n = 3, .c = 7, .h = 4, .w = 4, .p = 1, .q = 1}, 1, 1},
    {"global, 8x16", {.n = 2, .c = 3, .h = 8, .w = 16, .p = 1, .q = 1}, 0, 1},
    {"global, 7x7", {.n = 3, .c = 19, .h = 7, .w = 7, .p = 1, .q = 1}, 1, 0},
    {"global, 1x5", {.n = 2, .c = 3, .h = 1, .w = 5, .p = 1, .q = 1}, 0, 0},
    {"global, 33x31", {.n = 2, .c = 5, .h = 33, .w = 31, .p = 1, .q = 1}, 0, 0},
    {"global, accumulating", {.n = 2, .c = 5, .h = 8, .w = 8, .p = 1, .q = 1, .accumulate = 1}, 1, 1},
    {"as it is", {.n = 2, .c = 3, .h = 5, .w = 7, .p = 5, .q = 7}, 0, 1},
    {"halves", {.n = 2, .c = 3, .h = 8, .w = 40, .p = 4, .q = 20}, 1, 1},
    {"thirds", {.n = 2, .c = 3, .h = 9, .w = 12, .p = 3, .q = 4}, 0, 0},
    {"rows alone", {.n = 2, .c = 3, .h = 9, .w = 12, .p = 1, .q = 12}, 0, 0},
    {"columns alone", {.n = 2, .c = 3, .h = 8, .w = 8, .p = 8, .q = 1}, 0, 1},
    {"overlapping", {.n = 2, .c = 3, .h = 10, .w = 13, .p = 7, .q = 7}, 1, 0},
    {"overlapping by one, pairs", {.n = 2, .c = 3, .h = 3, .w = 3, .p = 2, .q = 2}, 1, 1},
    {"larger than the image", {.n = 2, .c = 3, .h = 3, .w = 4, .p = 7, .q = 9}, 1, 0},
    {"twice the image", {.n = 1, .c = 3, .h = 3, .w = 4, .p = 6, .q = 8}, 0, 1},
    {"one pixel to many", {.n = 2, .c = 2, .h = 1, .w = 1, .p = 3, .q = 5}, 0, 1},
    {"accumulating", {.n = 2, .c = 2, .h = 7, .w = 11, .p = 3, .q = 4, .accumulate = 1}, 1, 0},
    {"accumulating, halves", {.n = 2, .c = 2, .h = 6, .w = 12, .p = 3, .q = 6, .accumulate = 1}, 0, 1},
    {"global, many elements", {.n = 1, .c = 20, .h = 224, .w = 224, .p = 1, .q = 1}, 0, 0},
    {"large windows", {.n = 1, .c = 4, .h = 224, .w = 224, .p = 9, .q = 9}, 0, 0},
    {"alexnet", {.n = 1, .c = 8, .h = 13, .w = 13, .p = 6, .q = 6}, 0, 0},
    {NULL, {.n = 0}, 0, 0}};
/* clang-format on */

#endif
