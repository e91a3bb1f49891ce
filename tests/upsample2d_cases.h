/* Sizes that upsample2d's tests and the bench share. */
#ifndef UPSAMPLE2D_CASES_H
#define UPSAMPLE2D_CASES_H

#include "clcnn.h"

typedef struct upsample2d_case {
    const char *name;
    clcnn_upsample2d
        d;     /* each is run as nearest and as bilinear, with and without aligned corners */
    int quick; /* in the short set */
    int exact; /* bilinear weights (corners not aligned) have few digits */
} upsample2d_case;

/* clang-format off */
static const upsample2d_case upsample2d_small[] = {
    {"one pixel", {.n = 1, .c = 1, .h = 1, .w = 1, .p = 1, .q = 1}, 1, 1},
    {"one pixel to many", {.n = 1, .c = 2, .h = 1, .w = 1, .p = 3, .q = 5}, 1, 0},
    {"as it is", {.n = 2, .c = 2, .h = 3, .w = 5, .scale_h = 1, .scale_w = 1}, 0, 1},
    {"twice", {.n = 2, .c = 3, .h = 3, .w = 5, .scale_h = 2, .scale_w = 2}, 1, 1},
    {"twice, wide", {.n = 1, .c = 2, .h = 3, .w = 37, .scale_h = 2, .scale_w = 2}, 1, 1},
    {"twice, 18 columns", {.n = 1, .c = 2, .h = 2, .w = 18, .scale_h = 2, .scale_w = 2}, 0, 1},
    {"twice as wide alone", {.n = 1, .c = 2, .h = 4, .w = 21, .scale_h = 1, .scale_w = 2}, 0, 1},
    {"twice as wide, less high", {.n = 1, .c = 2, .h = 7, .w = 21, .p = 3, .scale_w = 2}, 0, 0},
    {"three times", {.n = 2, .c = 2, .h = 3, .w = 9, .scale_h = 3, .scale_w = 3}, 0, 0},
    {"four times by twice", {.n = 1, .c = 2, .h = 3, .w = 9, .scale_h = 4, .scale_w = 2}, 0, 1},
    {"to a given size", {.n = 2, .c = 2, .h = 5, .w = 7, .p = 8, .q = 12}, 1, 0},
    {"to half the size", {.n = 2, .c = 2, .h = 8, .w = 16, .p = 4, .q = 8}, 1, 1},
    {"to a smaller size", {.n = 2, .c = 2, .h = 9, .w = 16, .p = 4, .q = 7}, 0, 0},
    {"to one pixel", {.n = 2, .c = 2, .h = 4, .w = 4, .p = 1, .q = 1}, 0, 1},
    {"to one row", {.n = 1, .c = 2, .h = 4, .w = 4, .p = 1, .q = 9}, 0, 0},
    {"accumulating", {.n = 1, .c = 2, .h = 3, .w = 23, .scale_h = 2, .scale_w = 2, .accumulate = 1}, 1, 1},
    {"a layer", {.n = 1, .c = 8, .h = 28, .w = 28, .scale_h = 2, .scale_w = 2}, 0, 1},
    {NULL, {.n = 0}, 0, 0}};
/* clang-format on */

#endif
