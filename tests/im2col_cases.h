/* Windows that the tests of im2col and col2im share. */
#ifndef IM2COL_CASES_H
#define IM2COL_CASES_H

#include "clcnn.h"

typedef struct im2col_case {
    const char *name;
    clcnn_im2col d;
    int quick; /* in the short set */
} im2col_case;

/* clang-format off */
static const im2col_case im2col_small[] = {
    {"one pixel", {.n = 1, .c = 1, .h = 1, .w = 1, .r = 1, .s = 1}, 1},
    {"one pixel in padding", {.n = 2, .c = 3, .h = 1, .w = 1, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 1},
    {"3x3", {.n = 2, .c = 3, .h = 8, .w = 10, .r = 3, .s = 3}, 1},
    {"3x3, same size", {.n = 1, .c = 3, .h = 7, .w = 41, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 1},
    {"3x3 stride 2", {.n = 2, .c = 2, .h = 9, .w = 43, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2}, 1},
    {"4x4 stride 2, even", {.n = 1, .c = 2, .h = 10, .w = 68, .r = 4, .s = 4, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2}, 0},
    {"1x1", {.n = 2, .c = 3, .h = 5, .w = 7, .r = 1, .s = 1}, 0},
    {"1x1 stride 2", {.n = 2, .c = 3, .h = 5, .w = 37, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2}, 0},
    {"windows that do not meet", {.n = 2, .c = 2, .h = 9, .w = 50, .r = 3, .s = 3, .stride_h = 3, .stride_w = 3}, 0},
    {"stride larger than the window", {.n = 2, .c = 2, .h = 13, .w = 17, .r = 2, .s = 3, .stride_h = 4, .stride_w = 5}, 1},
    {"window as large as the image", {.n = 3, .c = 4, .h = 5, .w = 6, .r = 5, .s = 6}, 0},
    {"padding larger than the window", {.n = 1, .c = 2, .h = 3, .w = 20, .r = 2, .s = 1, .pad_top = 3, .pad_left = 4, .pad_bottom = 5, .pad_right = 6}, 1},
    {"four paddings", {.n = 2, .c = 2, .h = 8, .w = 7, .r = 4, .s = 5, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .pad_right = 4, .stride_h = 2, .stride_w = 1}, 1},
    {"dilation 2 by 3", {.n = 2, .c = 3, .h = 9, .w = 33, .r = 3, .s = 3, .dilation_h = 2, .dilation_w = 3}, 1},
    {"dilation 3 and stride 2, padded", {.n = 1, .c = 2, .h = 12, .w = 51, .r = 3, .s = 2, .pad_top = 2, .pad_left = 1, .pad_right = 2, .stride_h = 2, .stride_w = 2, .dilation_h = 3, .dilation_w = 3}, 0},
    {"dilation 2 and stride 2", {.n = 1, .c = 2, .h = 12, .w = 51, .r = 2, .s = 3, .pad_left = 3, .stride_h = 4, .stride_w = 2, .dilation_h = 2, .dilation_w = 2}, 0},
    {"1x5", {.n = 1, .c = 3, .h = 4, .w = 23, .r = 1, .s = 5, .stride_h = 1, .stride_w = 3}, 0},
    {"accumulating", {.n = 2, .c = 3, .h = 9, .w = 40, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .accumulate = 1}, 1},
    {"accumulating, stride 1", {.n = 1, .c = 3, .h = 8, .w = 29, .r = 2, .s = 2, .accumulate = 1}, 0},
    {NULL, {.n = 0}, 0}};

static const im2col_case im2col_layers[] = {
    {"lenet5 conv2", {.n = 128, .c = 6, .h = 14, .w = 14, .r = 5, .s = 5}, 1},
    {"resnet 3x3", {.n = 4, .c = 64, .h = 56, .w = 56, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"resnet 3x3 stride 2", {.n = 4, .c = 64, .h = 56, .w = 56, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2}, 0},
    {NULL, {.n = 0}, 0}};
/* clang-format on */

#endif
