/* Transposed convolutions that the tests and the bench share. */
#ifndef CONV2D_TRANSPOSE_CASES_H
#define CONV2D_TRANSPOSE_CASES_H

#include "clcnn.h"

typedef struct conv2d_transpose_case {
    const char *name;
    clcnn_conv2d_transpose d;
    int quick; /* in the short set */
} conv2d_transpose_case;

/* clang-format off */
static const conv2d_transpose_case conv2d_transpose_small[] = {
    {"one pixel", {.n = 1, .c = 1, .h = 1, .w = 1, .k = 1, .r = 1, .s = 1}, 0},
    {"one pixel spread", {.n = 2, .c = 3, .h = 1, .w = 1, .k = 5, .r = 4, .s = 3}, 1},
    {"1x1", {.n = 2, .c = 13, .h = 7, .w = 11, .k = 5, .r = 1, .s = 1}, 0},
    {"1x1 stride 2, holes", {.n = 2, .c = 3, .h = 4, .w = 5, .k = 4, .r = 1, .s = 1, .stride_h = 2, .stride_w = 3}, 1},
    {"3x3 primes", {.n = 3, .c = 5, .h = 9, .w = 11, .k = 7, .r = 3, .s = 3}, 0},
    {"3x3 same", {.n = 2, .c = 17, .h = 7, .w = 7, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"many channels", {.n = 1, .c = 33, .h = 5, .w = 5, .k = 65, .r = 3, .s = 3}, 0},
    {"many channels in", {.n = 1, .c = 65, .h = 5, .w = 4, .k = 1, .r = 3, .s = 2}, 0},
    {"one channel in", {.n = 3, .c = 1, .h = 6, .w = 5, .k = 37, .r = 2, .s = 2, .stride_h = 2, .stride_w = 2}, 0},
    {"doubling 2x2", {.n = 2, .c = 8, .h = 7, .w = 6, .k = 4, .r = 2, .s = 2, .stride_h = 2, .stride_w = 2}, 0},
    {"doubling 4x4", {.n = 2, .c = 6, .h = 5, .w = 7, .k = 9, .r = 4, .s = 4, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2}, 1},
    {"doubling 3x3 with output padding", {.n = 2, .c = 5, .h = 6, .w = 5, .k = 6, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .output_pad_h = 1, .output_pad_w = 1, .stride_h = 2, .stride_w = 2}, 0},
    {"output padding past the stride", {.n = 2, .c = 3, .h = 5, .w = 4, .k = 4, .r = 2, .s = 3, .output_pad_h = 2, .output_pad_w = 3, .dilation_h = 3, .dilation_w = 4}, 1},
    {"output padding of several strides", {.n = 1, .c = 4, .h = 4, .w = 6, .k = 3, .r = 2, .s = 2, .output_pad_h = 6, .output_pad_w = 5, .stride_h = 2, .stride_w = 3, .dilation_h = 7, .dilation_w = 6}, 0},
    {"output padding cropped again", {.n = 1, .c = 2, .h = 4, .w = 3, .k = 3, .r = 2, .s = 2, .pad_bottom = 2, .pad_right = 3, .output_pad_h = 2, .output_pad_w = 1, .stride_h = 3, .stride_w = 2}, 0},
    {"four crops", {.n = 2, .c = 3, .h = 6, .w = 7, .k = 5, .r = 4, .s = 5, .pad_top = 1, .pad_left = 3, .pad_bottom = 2, .pad_right = 0, .stride_h = 2, .stride_w = 1}, 0},
    {"cropped to one pixel", {.n = 3, .c = 4, .h = 3, .w = 2, .k = 3, .r = 3, .s = 2, .pad_top = 2, .pad_left = 1, .pad_bottom = 2, .pad_right = 1}, 1},
    {"crops larger than the filter", {.n = 1, .c = 2, .h = 9, .w = 8, .k = 2, .r = 2, .s = 2, .pad_top = 4, .pad_left = 3, .pad_bottom = 3, .pad_right = 2}, 0},
    {"stride larger than the filter", {.n = 2, .c = 3, .h = 3, .w = 4, .k = 4, .r = 2, .s = 2, .stride_h = 4, .stride_w = 5}, 0},
    {"stride larger than the image", {.n = 1, .c = 2, .h = 2, .w = 1, .k = 3, .r = 3, .s = 3, .stride_h = 9, .stride_w = 7}, 0},
    {"dilation 2 by 3", {.n = 2, .c = 3, .h = 5, .w = 6, .k = 5, .r = 3, .s = 3, .dilation_h = 2, .dilation_w = 3}, 0},
    {"dilation and stride", {.n = 2, .c = 4, .h = 4, .w = 3, .k = 3, .r = 3, .s = 2, .pad_top = 1, .pad_left = 2, .stride_h = 2, .stride_w = 3, .dilation_h = 3, .dilation_w = 2}, 1},
    {"two groups", {.n = 2, .c = 6, .h = 5, .w = 6, .k = 4, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .groups = 2}, 0},
    {"groups, strided", {.n = 1, .c = 9, .h = 4, .w = 5, .k = 51, .r = 2, .s = 3, .stride_h = 2, .stride_w = 2, .groups = 3}, 0},
    {"depthwise", {.n = 2, .c = 7, .h = 6, .w = 5, .k = 7, .r = 3, .s = 3, .stride_h = 2, .stride_w = 1, .groups = 7}, 1},
    {"depthwise, doubling 3x3", {.n = 2, .c = 3, .h = 7, .w = 35, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .output_pad_h = 1, .output_pad_w = 1, .stride_h = 2, .stride_w = 2, .groups = 3, .activation = CLCNN_RELU}, 0},
    {"depthwise, doubling 5x5, accumulating", {.n = 2, .c = 6, .h = 6, .w = 9, .k = 3, .r = 5, .s = 5, .pad_top = 2, .pad_left = 2, .pad_bottom = 2, .pad_right = 2, .output_pad_w = 1, .stride_h = 2, .stride_w = 2, .groups = 3, .accumulate = 1}, 0},
    {"depthwise, stride 1, many images", {.n = 9, .c = 2, .h = 31, .w = 33, .k = 2, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 2, .activation = CLCNN_RELU}, 0},
    {"one row", {.n = 2, .c = 3, .h = 1, .w = 17, .k = 4, .r = 1, .s = 5, .stride_w = 2}, 0},
    {"wide row", {.n = 1, .c = 2, .h = 2, .w = 67, .k = 3, .r = 2, .s = 3}, 0},
    {"many images", {.n = 67, .c = 2, .h = 2, .w = 3, .k = 3, .r = 2, .s = 2}, 0},
    {"long sums", {.n = 9, .c = 3, .h = 13, .w = 12, .k = 2, .r = 2, .s = 2, .stride_h = 2, .stride_w = 2}, 0},
    {"ReLU", {.n = 2, .c = 4, .h = 5, .w = 5, .k = 6, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .activation = CLCNN_RELU}, 0},
    {"accumulating", {.n = 2, .c = 5, .h = 6, .w = 4, .k = 3, .r = 3, .s = 3, .pad_top = 1, .accumulate = 1}, 0},
    {"accumulating, strided", {.n = 2, .c = 5, .h = 6, .w = 4, .k = 3, .r = 3, .s = 3, .pad_left = 1, .stride_h = 2, .stride_w = 3, .output_pad_w = 2, .accumulate = 1}, 0},
    {NULL, {.n = 0}, 0}};
/* clang-format on */

#endif
