/*
 * Problems that stand for a class of shapes, small enough that a slow candidate costs little time
 * and large enough that it is not all launches; and cases for the reference, as small as they can
 * be with several blocks, a part of one, and edges.
 */
#include "tuning.h"

#include <string.h>

#define CONV(label, N, C, HW, K, RS, STRIDE, PAD, GROUPS)                                          \
    {                                                                                              \
        .name = label, .suite = "tuning", .op = "conv2d",                                          \
        .desc.conv2d = BENCH_CONV2D(N, C, HW, K, RS, STRIDE, PAD, 1, GROUPS)                       \
    }
#define CASE(label, what, ...)                                                                     \
    {                                                                                              \
        .name = label, .suite = "tuning", .op = #what, .desc.what = __VA_ARGS__                    \
    }
/* Not exact for integers either: a mean, or a function of each. */
#define ROUNDED(label, what, ...)                                                                  \
    {                                                                                              \
        .name = label, .suite = "tuning", .op = #what, .desc.what = __VA_ARGS__, .rounded = true   \
    }

enum {
    LAYER = 128 * 6 * 28 * 28, /* elements that a cache holds */
    LARGE = 6 << 20            /* and that it does not */
};

/* clang-format off */
const bench_case tuning_cases[] = {
    /*                     n    c    hw   k    rs stride pad groups */
    CONV("conv_56",        1,   128, 56,  128, 3, 1, 1, 1),
    CONV("conv_28",        2,   128, 28,  128, 3, 1, 1, 1),
    CONV("conv_14",        4,   256, 14,  256, 3, 1, 1, 1),
    CONV("conv_1x1",       2,   256, 56,  64,  1, 1, 0, 1),
    CONV("dense_120",      128, 400, 1,   120, 1, 1, 0, 1),
    CONV("dense_10",       128, 84,  1,   10,  1, 1, 0, 1),
    CONV("conv_64",        2,   64,  56,  64,  3, 1, 1, 1),
    CONV("conv_16",        16,  16,  28,  16,  3, 1, 1, 1),
    CONV("depthwise_56",   8,   64,  56,  64,  3, 1, 1, 64),
    CONV("depthwise_56_s2", 8,  64,  56,  64,  3, 2, 1, 64),
    CONV("depthwise_14",   16,  256, 14,  256, 3, 1, 1, 256),
    CONV("conv_thin",      8,   64,  56,  8,   3, 1, 1, 1),
    CONV("conv_medium",    4,   32,  56,  16,  3, 1, 1, 1),
    CONV("conv_rows_8",    64,  6,   8,   8,   3, 1, 1, 1),
    CONV("conv_rows_4",    128, 6,   4,   8,   3, 1, 1, 1),
    CONV("conv_stem",      4,   3,   112, 64,  7, 2, 3, 1),
    CONV("conv_strided",   8,   16,  56,  32,  3, 2, 1, 1),
    /* for the reference */
    CONV("right_wide",     2,   35,  9,   37,  3, 1, 1, 1),
    CONV("right_groups",   1,   36,  7,   40,  3, 2, 1, 2),
    CONV("right_1x1",      3,   33,  5,   50,  1, 1, 0, 1),
    CONV("right_dense",    7,   37,  1,   35,  1, 1, 0, 1),
    CONV("right_winograd", 2,   67,  21,  34,  3, 1, 1, 1),
    CONV("right_winograd_16", 2, 17, 30,  16,  3, 1, 0, 1),
    CONV("right_depthwise", 2,  3,   39,  3,   3, 1, 1, 3),
    CONV("right_depthwise_2", 2, 3,  39,  6,   3, 2, 1, 3),
    CONV("right_depthwise_narrow", 2, 5, 13, 5, 3, 1, 1, 5),
    CONV("right_medium",   2,   11,  9,   14,  3, 1, 1, 1),
    CONV("right_medium_2", 2,   15,  10,  9,   2, 2, 0, 1),
    CONV("right_thin",     2,   5,   9,   7,   3, 1, 1, 1),
    CONV("right_thin_2",   2,   3,   13,  8,   5, 2, 2, 1),
    CONV("right_rows",     2,   6,   37,  11,  3, 1, 1, 1),
    CONV("right_rows_2",   1,   12,  18,  14,  5, 1, 2, 2),
    CONV("right_rows_s2",  1,   3,   37,  5,   5, 2, 2, 1),
    CONV("right_rows_s3",  1,   3,   31,  5,   5, 3, 1, 1),
    CONV("right_rows_8",   3,   6,   7,   7,   3, 1, 1, 1),
    CONV("right_rows_4",   3,   6,   3,   7,   3, 1, 1, 1),

    CASE("maxpool",       maxpool2d, {.n = 128, .c = 6, .h = 28, .w = 28, .r = 2, .s = 2, .stride_h = 2, .stride_w = 2}),
    CASE("maxpool_large", maxpool2d, {.n = 8, .c = 64, .h = 112, .w = 112, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 2, .stride_w = 2}),
    CASE("right_maxpool", maxpool2d, {.n = 3, .c = 3, .h = 11, .w = 39, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 2, .stride_w = 2}),
    CASE("right_maxpool_1", maxpool2d, {.n = 2, .c = 5, .h = 7, .w = 19, .r = 2, .s = 3, .pad_left = 1, .stride_h = 1, .stride_w = 1}),
    CASE("avgpool",       avgpool2d, {.n = 128, .c = 6, .h = 28, .w = 28, .r = 2, .s = 2, .stride_h = 2, .stride_w = 2}),
    CASE("avgpool_large", avgpool2d, {.n = 8, .c = 64, .h = 112, .w = 112, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 1, .stride_w = 1}),
    ROUNDED("right_avgpool", avgpool2d, {.n = 3, .c = 3, .h = 11, .w = 39, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 2, .stride_w = 2}),
    ROUNDED("right_avgpool_1", avgpool2d, {.n = 2, .c = 5, .h = 7, .w = 19, .r = 2, .s = 3, .pad_left = 1, .stride_h = 1, .stride_w = 1}),
    CASE("global_avgpool", adaptive_avgpool2d, {.n = 64, .c = 64, .h = 7, .w = 7, .p = 1, .q = 1}),
    CASE("global_avgpool_large", adaptive_avgpool2d, {.n = 16, .c = 384, .h = 32, .w = 32, .p = 1, .q = 1}),
    ROUNDED("right_global_avgpool", adaptive_avgpool2d, {.n = 3, .c = 13, .h = 7, .w = 9, .p = 1, .q = 1}),
    CASE("adaptive_avgpool", adaptive_avgpool2d, {.n = 16, .c = 64, .h = 31, .w = 33, .p = 7, .q = 7}),
    ROUNDED("right_adaptive_avgpool", adaptive_avgpool2d, {.n = 2, .c = 3, .h = 11, .w = 9, .p = 4, .q = 5}),

    CASE("pad",            pad2d, {.n = 16, .c = 64, .h = 56, .w = 56, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}),
    CASE("right_pad",      pad2d, {.n = 2, .c = 3, .h = 11, .w = 39, .pad_top = 1, .pad_left = 2, .pad_right = 1}),
    CASE("upsample_nearest", upsample2d, {.n = 16, .c = 32, .h = 28, .w = 28, .scale_h = 2, .scale_w = 2}),
    CASE("upsample_bilinear", upsample2d, {.n = 16, .c = 32, .h = 28, .w = 28, .scale_h = 2, .scale_w = 2, .kind = CLCNN_BILINEAR}),
    ROUNDED("right_upsample", upsample2d, {.n = 2, .c = 3, .h = 7, .w = 19, .scale_h = 2, .scale_w = 2, .kind = CLCNN_BILINEAR}),
    CASE("right_upsample_nearest", upsample2d, {.n = 2, .c = 3, .h = 7, .w = 19, .scale_h = 2, .scale_w = 2}),
    CASE("slice",          slice, {.n = 16, .c = 64, .h = 56, .w = 56, .begin = 16, .count = 32}),
    CASE("right_slice",    slice, {.n = 3, .c = 5, .h = 7, .w = 19, .begin = 1, .count = 3}),
    CASE("im2col_3x3",     im2col, {.n = 2, .c = 64, .h = 56, .w = 56, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}),
    CASE("right_im2col",   im2col, {.n = 2, .c = 3, .h = 9, .w = 23, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1}),
    CASE("right_im2col_2", im2col, {.n = 2, .c = 3, .h = 9, .w = 23, .r = 2, .s = 3, .stride_h = 2, .stride_w = 2}),

    {.name = "col2im_3x3", .suite = "tuning", .op = "col2im", .desc.im2col = {.n = 2, .c = 64, .h = 56, .w = 56, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}},
    {.name = "right_col2im", .suite = "tuning", .op = "col2im", .desc.im2col = {.n = 2, .c = 3, .h = 9, .w = 23, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1}},
    {.name = "right_col2im_2", .suite = "tuning", .op = "col2im", .desc.im2col = {.n = 2, .c = 3, .h = 9, .w = 23, .r = 2, .s = 3, .stride_h = 2, .stride_w = 2}},

    CASE("batchnorm_layer",  batchnorm, {.n = 128, .c = 16, .h = 14, .w = 14, .momentum = 0.1}),
    CASE("batchnorm_large",  batchnorm, {.n = 16, .c = 64, .h = 80, .w = 80, .momentum = 0.1}),
    CASE("right_batchnorm",  batchnorm, {.n = 3, .c = 5, .h = 9, .w = 23, .momentum = 0.1}),
    CASE("right_batchnorm_dense", batchnorm, {.n = 37, .c = 11, .h = 1, .w = 1, .momentum = 0.1}),
    CASE("layernorm_rows",   layernorm, {.n = 512, .d = 256}),
    CASE("layernorm_large",  layernorm, {.n = 4096, .d = 1024}),
    CASE("right_layernorm",  layernorm, {.n = 21, .d = 71}),
    CASE("relu_layer",       activation, {.count = LAYER, .kind = CLCNN_RELU}),
    CASE("relu_large",       activation, {.count = LARGE, .kind = CLCNN_RELU}),
    ROUNDED("gelu_layer",    activation, {.count = LAYER, .kind = CLCNN_GELU}),
    CASE("right_relu",       activation, {.count = 4103, .kind = CLCNN_RELU}),
    CASE("right_tanh",       activation, {.count = 1031, .kind = CLCNN_TANH}),
    CASE("add_layer",        add, {.n = 128, .c = 16, .h = 14, .w = 14}),
    CASE("add_large",        add, {.n = 16, .c = 64, .h = 80, .w = 80}),
    CASE("add_channels",     add, {.n = 32, .c = 64, .h = 28, .w = 28, .broadcast = 1}),
    CASE("right_add",        add, {.n = 3, .c = 5, .h = 9, .w = 23}),
    CASE("right_add_channels", add, {.n = 3, .c = 5, .h = 9, .w = 23, .broadcast = 1}),
    CASE("softmax_rows",     softmax, {.n = 512, .classes = 10}),
    CASE("softmax_large",    softmax, {.n = 4096, .classes = 1000}),
    CASE("right_softmax",    softmax, {.n = 21, .classes = 71}),
    CASE("dropout_layer",    dropout, {.count = LAYER, .drop = 0.5, .seed = 1, .step = 1}),
    CASE("dropout_large",    dropout, {.count = LARGE, .drop = 0.5, .seed = 1, .step = 1}),
    CASE("right_dropout",    dropout, {.count = 4103, .drop = 0.5, .seed = 1, .step = 1}),

    CASE("sgd_lenet",        sgd, {.count = 61706, .lr = 1e-6, .momentum = 0.9}),
    CASE("sgd_large",        sgd, {.count = LARGE, .lr = 1e-6, .momentum = 0.9}),
    CASE("right_sgd",        sgd, {.count = 4103, .lr = 1e-6, .momentum = 0.9}),
    CASE("rmsprop_lenet",    rmsprop, {.count = 61706, .lr = 1e-6, .alpha = 0.99}),
    CASE("rmsprop_large",    rmsprop, {.count = LARGE, .lr = 1e-6, .alpha = 0.99}),
    CASE("right_rmsprop",    rmsprop, {.count = 4103, .lr = 1e-6, .alpha = 0.99}),
    CASE("adam_lenet",       adam, {.count = 61706, .lr = 1e-6, .beta1 = 0.9, .beta2 = 0.999, .step = 1}),
    CASE("adam_large",       adam, {.count = LARGE, .lr = 1e-6, .beta1 = 0.9, .beta2 = 0.999, .step = 1}),
    CASE("right_adam",       adam, {.count = 4103, .lr = 1e-6, .beta1 = 0.9, .beta2 = 0.999, .step = 1}),
    {.name = NULL}};
/* clang-format on */

const bench_case *tuning_case_find(const char *name)
{
    for (const bench_case *c = tuning_cases; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return bench_case_find(name);
}
