/* Padded shapes that the tests and the bench share. */
#ifndef PAD2D_CASES_H
#define PAD2D_CASES_H

#include "clcnn.h"

typedef struct pad2d_case {
    const char *name;
    clcnn_pad2d d;
    int quick; /* in the short set */
} pad2d_case;

/* clang-format off */
static const pad2d_case pad2d_small[] = {
    {"nothing", {.n = 2, .c = 3, .h = 4, .w = 5}, 1},
    {"one pixel", {.n = 1, .c = 1, .h = 1, .w = 1, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 1},
    {"four paddings", {.n = 2, .c = 3, .h = 5, .w = 7, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .pad_right = 4}, 1},
    {"top", {.n = 2, .c = 1, .h = 3, .w = 19, .pad_top = 2}, 0},
    {"left", {.n = 2, .c = 2, .h = 3, .w = 33, .pad_left = 1}, 1},
    {"bottom", {.n = 2, .c = 1, .h = 3, .w = 16, .pad_bottom = 5}, 0},
    {"right", {.n = 2, .c = 2, .h = 3, .w = 17, .pad_right = 3}, 0},
    {"wide paddings", {.n = 1, .c = 2, .h = 2, .w = 20, .pad_top = 3, .pad_left = 18, .pad_bottom = 1, .pad_right = 37}, 0},
    {"one column", {.n = 3, .c = 2, .h = 20, .w = 1, .pad_left = 1, .pad_right = 1}, 0},
    {"accumulating", {.n = 2, .c = 2, .h = 5, .w = 21, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .pad_right = 4, .accumulate = 1}, 1},
    {"a layer", {.n = 2, .c = 16, .h = 32, .w = 32, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {NULL, {.n = 0}, 0}};
/* clang-format on */

#endif
