/*
 * Convolutions that the tests and the bench share: small ones made to break things, and layers of
 * real networks.
 */
#ifndef CONV2D_CASES_H
#define CONV2D_CASES_H

#include "clcnn.h"

typedef struct conv2d_case {
    const char *name;
    clcnn_conv2d d;
    int quick; /* in the short set */
} conv2d_case;

/* clang-format off */
static const conv2d_case conv2d_small[] = {
    {"one pixel", {.n = 1, .c = 1, .h = 1, .w = 1, .k = 1, .r = 1, .s = 1}, 1},
    {"one pixel, many channels", {.n = 3, .c = 19, .h = 1, .w = 1, .k = 23, .r = 1, .s = 1}, 0},
    {"one pixel in padding", {.n = 2, .c = 2, .h = 1, .w = 1, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"1x1", {.n = 2, .c = 5, .h = 7, .w = 11, .k = 13, .r = 1, .s = 1}, 1},
    {"1x1, one filter", {.n = 1, .c = 33, .h = 6, .w = 5, .k = 1, .r = 1, .s = 1}, 0},
    {"1x1 stride 2", {.n = 2, .c = 6, .h = 9, .w = 8, .k = 10, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2}, 0},
    {"1x1 stride 3 by 2, padded", {.n = 1, .c = 3, .h = 8, .w = 9, .k = 4, .r = 1, .s = 1, .pad_top = 2, .pad_left = 1, .pad_right = 1, .stride_h = 3, .stride_w = 2}, 0},
    {"1x1, panels of weights, the last in part", {.n = 1, .c = 105, .h = 33, .w = 35, .k = 7, .r = 1, .s = 1}, 0},
    {"1x1, small images side by side", {.n = 5, .c = 176, .h = 7, .w = 9, .k = 6, .r = 1, .s = 1, .accumulate = 1}, 0},
    {"1x1, more filters than 32 KiB of local memory have room for", {.n = 1, .c = 16, .h = 5, .w = 4, .k = 600, .r = 1, .s = 1}, 0},
    {"3x3 primes", {.n = 3, .c = 5, .h = 11, .w = 13, .k = 7, .r = 3, .s = 3}, 0},
    {"3x3 same", {.n = 2, .c = 3, .h = 7, .w = 7, .k = 17, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 1},
    {"3x3 k 4", {.n = 1, .c = 4, .h = 9, .w = 10, .k = 4, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"3x3 k 8", {.n = 1, .c = 8, .h = 9, .w = 10, .k = 8, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"3x3 k 16", {.n = 1, .c = 16, .h = 9, .w = 17, .k = 16, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"3x3 k 31", {.n = 1, .c = 15, .h = 8, .w = 8, .k = 31, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"3x3 k 32", {.n = 2, .c = 32, .h = 6, .w = 7, .k = 32, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"3x3 k 65", {.n = 1, .c = 33, .h = 5, .w = 5, .k = 65, .r = 3, .s = 3}, 0},
    {"one channel, one filter", {.n = 4, .c = 1, .h = 12, .w = 9, .k = 1, .r = 3, .s = 2}, 0},
    {"one channel, many filters", {.n = 2, .c = 1, .h = 10, .w = 10, .k = 37, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"many channels, one filter", {.n = 2, .c = 37, .h = 6, .w = 6, .k = 1, .r = 3, .s = 3}, 0},
    {"filter as large as the image", {.n = 3, .c = 4, .h = 5, .w = 6, .k = 9, .r = 5, .s = 6}, 0},
    {"filter larger than the image", {.n = 2, .c = 2, .h = 3, .w = 2, .k = 3, .r = 5, .s = 4, .pad_top = 2, .pad_left = 1, .pad_bottom = 1, .pad_right = 3}, 1},
    {"1x7", {.n = 1, .c = 3, .h = 6, .w = 17, .k = 5, .r = 1, .s = 7, .pad_left = 3, .pad_right = 3}, 0},
    {"7x1", {.n = 1, .c = 3, .h = 17, .w = 6, .k = 5, .r = 7, .s = 1, .pad_top = 3, .pad_bottom = 3}, 0},
    {"5x2", {.n = 2, .c = 2, .h = 9, .w = 7, .k = 6, .r = 5, .s = 2, .pad_top = 2, .pad_right = 1}, 0},
    {"one row", {.n = 2, .c = 3, .h = 1, .w = 29, .k = 4, .r = 1, .s = 3, .pad_left = 1, .pad_right = 1}, 0},
    {"one column", {.n = 2, .c = 3, .h = 29, .w = 1, .k = 4, .r = 3, .s = 1, .pad_top = 1, .pad_bottom = 1}, 0},
    {"wide row", {.n = 1, .c = 2, .h = 3, .w = 67, .k = 3, .r = 3, .s = 3, .pad_left = 1, .pad_right = 1}, 0},
    {"stride 2", {.n = 2, .c = 3, .h = 13, .w = 12, .k = 8, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 2, .stride_w = 2}, 0},
    {"stride 3 by 1", {.n = 2, .c = 3, .h = 11, .w = 6, .k = 5, .r = 4, .s = 2, .stride_h = 3, .stride_w = 1}, 0},
    {"stride 1 by 4", {.n = 1, .c = 2, .h = 5, .w = 23, .k = 3, .r = 2, .s = 5, .stride_h = 1, .stride_w = 4}, 0},
    {"stride larger than the filter", {.n = 2, .c = 3, .h = 13, .w = 17, .k = 4, .r = 2, .s = 2, .stride_h = 4, .stride_w = 5}, 1},
    {"rows and columns that no window meets", {.n = 1, .c = 2, .h = 10, .w = 12, .k = 3, .r = 2, .s = 3, .stride_h = 3, .stride_w = 5}, 0},
    {"stride larger than the image", {.n = 2, .c = 3, .h = 4, .w = 5, .k = 2, .r = 3, .s = 3, .stride_h = 9, .stride_w = 7}, 0},
    {"dilation 2 by 3", {.n = 2, .c = 3, .h = 11, .w = 14, .k = 5, .r = 3, .s = 3, .dilation_h = 2, .dilation_w = 3}, 0},
    {"dilation 3 by 1, padded", {.n = 1, .c = 4, .h = 9, .w = 8, .k = 6, .r = 3, .s = 2, .pad_top = 3, .pad_left = 1, .pad_bottom = 2, .dilation_h = 3, .dilation_w = 1}, 0},
    {"dilation 2 and stride 2", {.n = 2, .c = 3, .h = 12, .w = 13, .k = 4, .r = 3, .s = 3, .pad_top = 2, .pad_left = 2, .pad_bottom = 1, .pad_right = 2, .stride_h = 2, .stride_w = 2, .dilation_h = 2, .dilation_w = 2}, 1},
    {"dilation 4 and stride 3", {.n = 1, .c = 2, .h = 17, .w = 15, .k = 3, .r = 3, .s = 2, .pad_left = 2, .stride_h = 3, .stride_w = 3, .dilation_h = 4, .dilation_w = 5}, 0},
    {"four paddings", {.n = 2, .c = 3, .h = 8, .w = 7, .k = 5, .r = 3, .s = 4, .pad_top = 1, .pad_left = 3, .pad_bottom = 2, .pad_right = 0}, 1},
    {"padding larger than the filter", {.n = 1, .c = 2, .h = 5, .w = 4, .k = 3, .r = 2, .s = 2, .pad_top = 5, .pad_left = 4, .pad_bottom = 3, .pad_right = 6}, 0},
    {"padding and stride", {.n = 1, .c = 3, .h = 7, .w = 9, .k = 4, .r = 3, .s = 3, .pad_top = 4, .pad_left = 2, .pad_bottom = 5, .pad_right = 3, .stride_h = 2, .stride_w = 3}, 0},
    {"2 groups", {.n = 2, .c = 6, .h = 8, .w = 7, .k = 10, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 2}, 1},
    {"3 groups, stride 2", {.n = 2, .c = 9, .h = 9, .w = 8, .k = 6, .r = 3, .s = 2, .stride_h = 2, .stride_w = 2, .groups = 3}, 0},
    {"4 groups, 1x1", {.n = 1, .c = 8, .h = 5, .w = 6, .k = 12, .r = 1, .s = 1, .groups = 4}, 0},
    {"2 groups, wide", {.n = 1, .c = 34, .h = 6, .w = 6, .k = 70, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .groups = 2}, 0},
    {"depthwise", {.n = 2, .c = 11, .h = 9, .w = 8, .k = 11, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 11}, 1},
    {"depthwise, 2 filters a channel, stride 2", {.n = 1, .c = 5, .h = 11, .w = 10, .k = 10, .r = 3, .s = 3, .pad_top = 1, .stride_h = 2, .stride_w = 2, .groups = 5}, 0},
    {"depthwise, dilation 2", {.n = 1, .c = 4, .h = 10, .w = 9, .k = 4, .r = 3, .s = 3, .dilation_h = 2, .dilation_w = 2, .groups = 4}, 0},
    {"depthwise, as wide as a vector", {.n = 2, .c = 3, .h = 9, .w = 16, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 3}, 0},
    {"depthwise, wide", {.n = 2, .c = 3, .h = 16, .w = 37, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 3}, 0},
    {"depthwise, wide, accumulating", {.n = 2, .c = 3, .h = 6, .w = 37, .k = 6, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 3, .accumulate = 1}, 0},
    {"depthwise, narrow, accumulating", {.n = 3, .c = 4, .h = 8, .w = 6, .k = 4, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 4, .accumulate = 1}, 0},
    {"depthwise, one column", {.n = 2, .c = 4, .h = 21, .w = 1, .k = 8, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 4}, 0},
    {"depthwise, ReLU", {.n = 2, .c = 5, .h = 7, .w = 18, .k = 5, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 5, .activation = CLCNN_RELU}, 0},
    {"depthwise, stride 2", {.n = 2, .c = 3, .h = 7, .w = 9, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2, .groups = 3}, 1},
    {"depthwise, stride 2, wide", {.n = 2, .c = 3, .h = 18, .w = 70, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2, .groups = 3}, 0},
    {"depthwise, stride 2, wide and odd", {.n = 2, .c = 3, .h = 13, .w = 67, .k = 6, .r = 3, .s = 3, .pad_left = 2, .pad_bottom = 1, .stride_h = 2, .stride_w = 2, .groups = 3, .accumulate = 1}, 0},
    {"depthwise, stride 2, narrow, accumulating", {.n = 2, .c = 3, .h = 10, .w = 11, .k = 3, .r = 3, .s = 3, .pad_top = 2, .pad_left = 1, .stride_h = 2, .stride_w = 2, .groups = 3, .accumulate = 1}, 0},
    {"depthwise, 5x5", {.n = 2, .c = 3, .h = 11, .w = 19, .k = 3, .r = 5, .s = 5, .pad_top = 2, .pad_left = 2, .pad_bottom = 2, .pad_right = 2, .groups = 3}, 0},
    {"depthwise, 5x5, stride 2", {.n = 2, .c = 3, .h = 14, .w = 35, .k = 3, .r = 5, .s = 5, .pad_top = 2, .pad_left = 2, .pad_bottom = 2, .pad_right = 2, .stride_h = 2, .stride_w = 2, .groups = 3}, 0},
    {"depthwise, stride 3 by 2, dilation", {.n = 2, .c = 3, .h = 17, .w = 40, .k = 6, .r = 3, .s = 4, .pad_top = 2, .pad_left = 3, .pad_right = 1, .stride_h = 3, .stride_w = 2, .dilation_h = 2, .dilation_w = 3, .groups = 3}, 0},
    {"depthwise, stride 2 by 1, accumulating", {.n = 1, .c = 4, .h = 9, .w = 21, .k = 4, .r = 2, .s = 3, .pad_left = 1, .stride_h = 2, .stride_w = 1, .groups = 4, .accumulate = 1}, 0},
    {"depthwise, stride 4", {.n = 2, .c = 3, .h = 22, .w = 75, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 4, .stride_w = 4, .groups = 3}, 0},
    {"depthwise, padding larger than the filter", {.n = 1, .c = 2, .h = 6, .w = 20, .k = 4, .r = 3, .s = 3, .pad_top = 4, .pad_left = 5, .pad_bottom = 3, .pad_right = 7, .groups = 2}, 0},
    {"depthwise, stride 2, padding larger than the filter", {.n = 1, .c = 2, .h = 6, .w = 20, .k = 2, .r = 3, .s = 3, .pad_top = 5, .pad_left = 20, .pad_bottom = 4, .pad_right = 19, .stride_h = 2, .stride_w = 2, .groups = 2}, 0},
    {"depthwise, 1x1", {.n = 2, .c = 5, .h = 6, .w = 19, .k = 10, .r = 1, .s = 1, .groups = 5}, 0},
    {"depthwise, long sums", {.n = 9, .c = 2, .h = 33, .w = 31, .k = 2, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 2}, 0},
    {"ReLU", {.n = 2, .c = 3, .h = 9, .w = 10, .k = 21, .r = 3, .s = 3, .activation = CLCNN_RELU}, 1},
    {"ReLU, 1x1", {.n = 2, .c = 7, .h = 5, .w = 3, .k = 6, .r = 1, .s = 1, .activation = CLCNN_RELU}, 0},
    {"accumulating", {.n = 2, .c = 5, .h = 8, .w = 7, .k = 9, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .accumulate = 1}, 1},
    {"accumulating, stride 2, 2 groups", {.n = 3, .c = 4, .h = 9, .w = 9, .k = 6, .r = 2, .s = 3, .stride_h = 2, .stride_w = 2, .groups = 2, .accumulate = 1}, 0},
    {"accumulating, 1x1", {.n = 3, .c = 4, .h = 3, .w = 3, .k = 6, .r = 1, .s = 1, .accumulate = 1}, 0},
    {"rows of two runs", {.n = 2, .c = 18, .h = 5, .w = 27, .k = 35, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_right = 1, .accumulate = 1}, 0},
    {"rows of two runs, dilation 2, 2 groups", {.n = 1, .c = 36, .h = 7, .w = 28, .k = 40, .r = 2, .s = 3, .pad_left = 2, .pad_right = 2, .dilation_h = 2, .dilation_w = 2, .groups = 2}, 0},
    {"rows of two runs, stride 2", {.n = 2, .c = 3, .h = 9, .w = 57, .k = 34, .r = 5, .s = 4, .pad_left = 1, .stride_h = 2, .stride_w = 2, .activation = CLCNN_RELU}, 0},
    {"rows of runs, 5x5", {.n = 3, .c = 3, .h = 9, .w = 14, .k = 13, .r = 5, .s = 5}, 0},
    {"large batch", {.n = 67, .c = 2, .h = 4, .w = 4, .k = 3, .r = 2, .s = 2}, 0},
    {NULL, {.n = 0}, 0}};

static const conv2d_case conv2d_layers[] = {
    {"lenet5 conv1", {.n = 128, .c = 1, .h = 28, .w = 28, .k = 6, .r = 5, .s = 5, .pad_top = 2, .pad_left = 2, .pad_bottom = 2, .pad_right = 2}, 1},
    {"lenet5 conv2", {.n = 128, .c = 6, .h = 14, .w = 14, .k = 16, .r = 5, .s = 5}, 0},
    {"alexnet conv1", {.n = 8, .c = 3, .h = 224, .w = 224, .k = 64, .r = 11, .s = 11, .pad_top = 2, .pad_left = 2, .pad_bottom = 2, .pad_right = 2, .stride_h = 4, .stride_w = 4}, 0},
    {"alexnet conv2", {.n = 8, .c = 64, .h = 27, .w = 27, .k = 192, .r = 5, .s = 5, .pad_top = 2, .pad_left = 2, .pad_bottom = 2, .pad_right = 2}, 0},
    {"vgg16 conv1_1", {.n = 8, .c = 3, .h = 224, .w = 224, .k = 64, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"vgg16 conv4_2", {.n = 8, .c = 512, .h = 28, .w = 28, .k = 512, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"resnet50 conv1", {.n = 8, .c = 3, .h = 224, .w = 224, .k = 64, .r = 7, .s = 7, .pad_top = 3, .pad_left = 3, .pad_bottom = 3, .pad_right = 3, .stride_h = 2, .stride_w = 2}, 0},
    {"resnet50 conv2 3x3", {.n = 8, .c = 64, .h = 56, .w = 56, .k = 64, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"resnet50 conv2 reduce", {.n = 8, .c = 256, .h = 56, .w = 56, .k = 64, .r = 1, .s = 1}, 0},
    {"resnet50 conv3 shortcut", {.n = 8, .c = 256, .h = 56, .w = 56, .k = 512, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2}, 0},
    {"resnet50 conv4 3x3", {.n = 8, .c = 256, .h = 14, .w = 14, .k = 256, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}, 0},
    {"resnext50 conv3 3x3", {.n = 8, .c = 256, .h = 28, .w = 28, .k = 256, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .groups = 32}, 0},
    {"mobilenet depthwise", {.n = 8, .c = 128, .h = 56, .w = 56, .k = 128, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2, .groups = 128}, 0},
    {"inception 1x7", {.n = 8, .c = 128, .h = 17, .w = 17, .k = 192, .r = 1, .s = 7, .pad_left = 3, .pad_right = 3}, 0},
    {"deeplab dilation 6", {.n = 2, .c = 256, .h = 33, .w = 33, .k = 256, .r = 3, .s = 3, .pad_top = 6, .pad_left = 6, .pad_bottom = 6, .pad_right = 6, .dilation_h = 6, .dilation_w = 6}, 0},
    {NULL, {.n = 0}, 0}};
/* clang-format on */

#endif
