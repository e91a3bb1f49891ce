/* Max-pooling shapes that the tests and the bench share. */
#ifndef MAXPOOL2D_CASES_H
#define MAXPOOL2D_CASES_H

#include "clcnn.h"

typedef struct maxpool2d_case {
    const char *name;
    clcnn_maxpool2d d;
    int quick; /* in the short set */
} maxpool2d_case;

/* clang-format off */
static const maxpool2d_case maxpool2d_small[] = {
    {"one pixel", {.n = 1, .c = 1, .h = 1, .w = 1, .r = 1, .s = 1}, 1},
    {"one pixel in padding", {.n = 2, .c = 3, .h = 1, .w = 1, .r = 2, .s = 2, .pad_top = 1, .pad_left = 1, .stride_h = 1, .stride_w = 1}, 1},
    {"2x2", {.n = 2, .c = 3, .h = 8, .w = 10, .r = 2, .s = 2}, 1},
    {"2x2, odd image", {.n = 3, .c = 5, .h = 7, .w = 11, .r = 2, .s = 2}, 1},
    {"2x2, wide", {.n = 1, .c = 2, .h = 4, .w = 71, .r = 2, .s = 2}, 0},
    {"2x2, one output row", {.n = 5, .c = 2, .h = 3, .w = 2, .r = 2, .s = 2}, 0},
    {"2x2, all of a wide image", {.n = 1, .c = 2, .h = 4, .w = 74, .r = 2, .s = 2}, 1},
    {"2x2, all of short rows", {.n = 3, .c = 5, .h = 6, .w = 28, .r = 2, .s = 2}, 0},
    {"2x2, images of one window", {.n = 9, .c = 7, .h = 2, .w = 2, .r = 2, .s = 2}, 0},
    {"3x3", {.n = 2, .c = 2, .h = 9, .w = 12, .r = 3, .s = 3}, 0},
    {"1x1", {.n = 2, .c = 3, .h = 5, .w = 7, .r = 1, .s = 1}, 0},
    {"1x1 stride 2", {.n = 2, .c = 3, .h = 5, .w = 7, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2}, 0},
    {"overlapping 3x3", {.n = 2, .c = 3, .h = 11, .w = 13, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2}, 1},
    {"overlapping 3x3, padded", {.n = 1, .c = 4, .h = 11, .w = 12, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2}, 1},
    {"overlapping by all but one", {.n = 1, .c = 2, .h = 9, .w = 8, .r = 4, .s = 5, .stride_h = 1, .stride_w = 1}, 1},
    {"window as large as the image", {.n = 3, .c = 7, .h = 5, .w = 6, .r = 5, .s = 6}, 0},
    {"window larger than the image", {.n = 1, .c = 2, .h = 3, .w = 2, .r = 5, .s = 4, .pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 1, .stride_h = 1, .stride_w = 1}, 0},
    {"3x2", {.n = 2, .c = 3, .h = 10, .w = 9, .r = 3, .s = 2, .stride_h = 1, .stride_w = 2}, 0},
    {"1x5", {.n = 1, .c = 3, .h = 4, .w = 23, .r = 1, .s = 5, .stride_h = 1, .stride_w = 2}, 0},
    {"5x1", {.n = 1, .c = 3, .h = 23, .w = 4, .r = 5, .s = 1, .stride_h = 3, .stride_w = 1}, 0},
    {"stride larger than the window", {.n = 2, .c = 2, .h = 13, .w = 17, .r = 2, .s = 3, .stride_h = 4, .stride_w = 5}, 1},
    {"four paddings", {.n = 2, .c = 2, .h = 8, .w = 7, .r = 4, .s = 5, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .pad_right = 4, .stride_h = 2, .stride_w = 1}, 1},
    {"dilation 2 by 3", {.n = 2, .c = 3, .h = 9, .w = 13, .r = 3, .s = 3, .stride_h = 1, .stride_w = 1, .dilation_h = 2, .dilation_w = 3}, 1},
    {"dilation 3 and stride 2, padded", {.n = 1, .c = 2, .h = 12, .w = 11, .r = 3, .s = 2, .pad_top = 2, .pad_left = 1, .pad_right = 2, .stride_h = 2, .stride_w = 2, .dilation_h = 3, .dilation_w = 3}, 0},
    {"dilation larger than the stride by far", {.n = 1, .c = 2, .h = 14, .w = 15, .r = 2, .s = 2, .stride_h = 3, .stride_w = 2, .dilation_h = 7, .dilation_w = 9}, 0},
    {"rounded up", {.n = 2, .c = 2, .h = 8, .w = 39, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .ceil_mode = 1}, 1},
    {"rounded up, any stride", {.n = 2, .c = 2, .h = 8, .w = 9, .r = 3, .s = 2, .stride_h = 3, .stride_w = 4, .ceil_mode = 1}, 0},
    {"rounded up, but the last window would begin in the padding", {.n = 1, .c = 2, .h = 5, .w = 5, .r = 2, .s = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .ceil_mode = 1}, 1},
    {"rounded up, a window larger than the image", {.n = 1, .c = 2, .h = 2, .w = 2, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .ceil_mode = 1}, 0},
    {"rounded up, dilation", {.n = 1, .c = 2, .h = 9, .w = 24, .r = 2, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 2, .stride_w = 2, .dilation_h = 3, .dilation_w = 2, .ceil_mode = 1}, 0},
    {"accumulating", {.n = 2, .c = 3, .h = 9, .w = 10, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .accumulate = 1}, 1},
    {"accumulating, not overlapping", {.n = 1, .c = 3, .h = 8, .w = 9, .r = 2, .s = 2, .accumulate = 1}, 0},
    {"accumulating, 2x2 over all of the image", {.n = 2, .c = 3, .h = 8, .w = 10, .r = 2, .s = 2, .accumulate = 1}, 0},
    {NULL, {.n = 0}, 0}};

static const maxpool2d_case maxpool2d_layers[] = {
    {"lenet5 pool1", {.n = 128, .c = 6, .h = 28, .w = 28, .r = 2, .s = 2}, 1},
    {"lenet5 pool2", {.n = 128, .c = 16, .h = 10, .w = 10, .r = 2, .s = 2}, 0},
    {"alexnet pool1", {.n = 8, .c = 64, .h = 55, .w = 55, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2}, 0},
    {"vgg16 pool1", {.n = 8, .c = 64, .h = 224, .w = 224, .r = 2, .s = 2}, 0},
    {"resnet50 pool", {.n = 8, .c = 64, .h = 112, .w = 112, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2}, 0},
    {"global", {.n = 8, .c = 64, .h = 14, .w = 14, .r = 14, .s = 14}, 0},
    {"inception pool", {.n = 8, .c = 192, .h = 28, .w = 28, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 1, .stride_w = 1}, 0},
    {NULL, {.n = 0}, 0}};
/* clang-format on */

#endif
