/* Average-pooling shapes that the tests and the bench share. */
#ifndef AVGPOOL2D_CASES_H
#define AVGPOOL2D_CASES_H

#include "clcnn.h"

typedef struct avgpool2d_case {
    const char *name;
    clcnn_avgpool2d d;
    int quick; /* in the short set */
    int exact; /* every count is a power of two: exact on integers */
} avgpool2d_case;

/* clang-format off */
static const avgpool2d_case avgpool2d_small[] = {
    {"one pixel", {.n = 1, .c = 1, .h = 1, .w = 1, .r = 1, .s = 1}, 1, 1},
    {"one pixel in padding", {.n = 2, .c = 3, .h = 1, .w = 1, .r = 2, .s = 2, .pad_top = 1, .pad_left = 1, .stride_h = 1, .stride_w = 1, .count_include_pad = 1}, 1, 1},
    {"2x2", {.n = 2, .c = 3, .h = 8, .w = 10, .r = 2, .s = 2}, 1, 1},
    {"2x2, odd image", {.n = 3, .c = 5, .h = 7, .w = 11, .r = 2, .s = 2}, 1, 1},
    {"2x2, wide", {.n = 1, .c = 2, .h = 4, .w = 71, .r = 2, .s = 2}, 0, 1},
    {"2x2 stride 1", {.n = 2, .c = 2, .h = 5, .w = 37, .r = 2, .s = 2, .stride_h = 1, .stride_w = 1}, 0, 1},
    {"4x4 stride 2, padding counted", {.n = 1, .c = 2, .h = 9, .w = 41, .r = 4, .s = 4, .pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2, .count_include_pad = 1}, 0, 1},
    {"3x3", {.n = 2, .c = 2, .h = 9, .w = 12, .r = 3, .s = 3}, 0, 0},
    {"1x1 stride 2", {.n = 2, .c = 3, .h = 5, .w = 7, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2}, 0, 1},
    {"overlapping 3x3", {.n = 2, .c = 3, .h = 11, .w = 13, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2}, 1, 0},
    {"overlapping 3x3, padding counted", {.n = 1, .c = 4, .h = 11, .w = 12, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2, .count_include_pad = 1}, 1, 0},
    {"overlapping 3x3, padding not counted", {.n = 1, .c = 4, .h = 11, .w = 42, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 1, .stride_w = 1}, 1, 0},
    {"overlapping by all but one", {.n = 1, .c = 2, .h = 9, .w = 8, .r = 4, .s = 5, .stride_h = 1, .stride_w = 1}, 1, 0},
    {"window as large as the image", {.n = 3, .c = 7, .h = 5, .w = 6, .r = 5, .s = 6}, 0, 0},
    {"window larger than the image", {.n = 1, .c = 2, .h = 3, .w = 2, .r = 5, .s = 4, .pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 1, .stride_h = 1, .stride_w = 1}, 0, 0},
    {"1x8 stride 3", {.n = 1, .c = 3, .h = 4, .w = 53, .r = 1, .s = 8, .stride_h = 1, .stride_w = 3}, 0, 1},
    {"stride larger than the window", {.n = 2, .c = 2, .h = 13, .w = 17, .r = 2, .s = 3, .stride_h = 4, .stride_w = 5}, 1, 0},
    {"four paddings, counted", {.n = 2, .c = 2, .h = 8, .w = 7, .r = 4, .s = 5, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .pad_right = 4, .stride_h = 2, .stride_w = 1, .count_include_pad = 1}, 1, 0},
    {"four paddings, not counted", {.n = 2, .c = 2, .h = 8, .w = 7, .r = 4, .s = 5, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .pad_right = 4, .stride_h = 2, .stride_w = 1}, 1, 0},
    {"rounded up", {.n = 2, .c = 2, .h = 8, .w = 39, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .ceil_mode = 1}, 1, 0},
    {"rounded up, padding counted", {.n = 2, .c = 2, .h = 7, .w = 9, .r = 3, .s = 4, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 3, .stride_w = 3, .count_include_pad = 1, .ceil_mode = 1}, 1, 0},
    {"rounded up, but the last window would begin in the padding", {.n = 1, .c = 2, .h = 5, .w = 5, .r = 2, .s = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .ceil_mode = 1}, 0, 1},
    {"accumulating", {.n = 2, .c = 3, .h = 9, .w = 40, .r = 2, .s = 2, .stride_h = 1, .stride_w = 1, .accumulate = 1}, 1, 1},
    {"accumulating, not overlapping", {.n = 1, .c = 3, .h = 8, .w = 9, .r = 2, .s = 2, .accumulate = 1}, 0, 1},
    {NULL, {.n = 0}, 0, 0}};

static const avgpool2d_case avgpool2d_layers[] = {
    {"lenet5 pool1", {.n = 128, .c = 6, .h = 28, .w = 28, .r = 2, .s = 2}, 1, 1},
    {"densenet transition", {.n = 8, .c = 128, .h = 56, .w = 56, .r = 2, .s = 2}, 0, 1},
    {"inception pool", {.n = 8, .c = 192, .h = 28, .w = 28, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 1, .stride_w = 1}, 0, 0},
    {"32x32", {.n = 1, .c = 4, .h = 224, .w = 224, .r = 32, .s = 32}, 0, 1},
    {"3x3 stride 2", {.n = 8, .c = 64, .h = 112, .w = 112, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2}, 0, 0},
    {NULL, {.n = 0}, 0, 0}};
/* clang-format on */

#endif
