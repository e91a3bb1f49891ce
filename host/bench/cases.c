/*
 * The cases. Convolutions: layers of LeNet, VGG and ResNet, and beside them what is easily
 * forgotten: depthwise, dilated, a single image, odd sizes. Everything else works on tensors of 64
 * MiB, which no cache holds, so that memory is what counts. The suite `growth` is one layer with
 * more and more images, channels and pixels; `tiny` is for trying things out. `all` has neither.
 */
#include "bench.h"

#include <string.h>

const char *const bench_suites[] = {"conv", "pool",   "norm", "optim", "net",
                                    "all",  "growth", "tiny", "start", NULL};

#define CONV(label, in, ...)                                                                       \
    {                                                                                              \
        .name = label, .suite = in, .op = "conv2d", .desc.conv2d = BENCH_CONV2D(__VA_ARGS__)       \
    }
#define LAYER(label, N, C, HW, K, RS, STRIDE, PAD)                                                 \
    CONV(label, "conv", N, C, HW, K, RS, STRIDE, PAD, 1, 1)
#define GROWTH(label, N, C, HW) CONV(label, "growth", N, C, HW, C, 3, 1, 1, 1, 1)
#define DEPTHWISE(label, N, C, HW, STRIDE) CONV(label, "conv", N, C, HW, C, 3, STRIDE, 1, 1, C)

/* Square windows over square images. */
#define MAXPOOL(label, in, N, C, HW, RS, STRIDE, PAD)                                              \
    {                                                                                              \
        .name = label, .suite = in, .op = "maxpool2d",                                             \
        .desc.maxpool2d = {.n = N,                                                                 \
                           .c = C,                                                                 \
                           .h = HW,                                                                \
                           .w = HW,                                                                \
                           .r = RS,                                                                \
                           .s = RS,                                                                \
                           .pad_top = PAD,                                                         \
                           .pad_left = PAD,                                                        \
                           .pad_bottom = PAD,                                                      \
                           .pad_right = PAD,                                                       \
                           .stride_h = STRIDE,                                                     \
                           .stride_w = STRIDE},                                                    \
    }
#define AVGPOOL(label, in, N, C, HW, RS, STRIDE, PAD)                                              \
    {                                                                                              \
        .name = label, .suite = in, .op = "avgpool2d",                                             \
        .desc.avgpool2d = {.n = N,                                                                 \
                           .c = C,                                                                 \
                           .h = HW,                                                                \
                           .w = HW,                                                                \
                           .r = RS,                                                                \
                           .s = RS,                                                                \
                           .pad_top = PAD,                                                         \
                           .pad_left = PAD,                                                        \
                           .pad_bottom = PAD,                                                      \
                           .pad_right = PAD,                                                       \
                           .stride_h = STRIDE,                                                     \
                           .stride_w = STRIDE},                                                    \
    }
#define CASE(label, in, what, ...)                                                                 \
    {                                                                                              \
        .name = label, .suite = in, .op = #what, .desc.what = __VA_ARGS__                          \
    }
#define ROUNDED(label, in, what, ...)                                                              \
    {                                                                                              \
        .name = label, .suite = in, .op = #what, .desc.what = __VA_ARGS__, .rounded = true         \
    }
#define INFERENCE(label, in, what, ...)                                                            \
    {                                                                                              \
        .name = label, .suite = in, .op = #what, .desc.what = __VA_ARGS__, .only = "forward",      \
        .moves = "x y"                                                                             \
    }
#define NET(label, in, preset, count)                                                              \
    {                                                                                              \
        .name = label, .suite = in, .op = preset, .images = count                                  \
    }

enum { FLOATS = 16 << 20 /* 64 MiB */ };

/* clang-format off */
const bench_case bench_cases[] = {
    /*           n    c    hw   k    rs stride pad */
    LAYER("lenet1",      128, 1,    28,  6,   5, 1, 2),
    LAYER("lenet2",      128, 6,    14,  16,  5, 1, 0),
    LAYER("vgg1_2",      4,   64,   224, 64,  3, 1, 1),
    LAYER("vgg3_2",      4,   256,  56,  256, 3, 1, 1),
    LAYER("vgg5_1",      4,   512,  14,  512, 3, 1, 1),
    LAYER("resnet_7x7",  8,   3,    224, 64,  7, 2, 3),
    LAYER("resnet_1x1a", 8,   256,  56,  64,  1, 1, 0),
    LAYER("resnet_3x3a", 8,   64,   56,  64,  3, 1, 1),
    LAYER("resnet_3x3b", 8,   128,  28,  128, 3, 1, 1),
    LAYER("resnet_1x1d", 8,   2048, 7,   512, 1, 1, 0),
    LAYER("resnet_1x1s2", 8,  256,  56,  512, 1, 2, 0),
    DEPTHWISE("depthwise_112",    8, 32,  112, 1),
    DEPTHWISE("depthwise_112_s2", 8, 32,  112, 2),
    DEPTHWISE("depthwise_14",     8, 512, 14,  1),
    DEPTHWISE("depthwise_14_s2",  8, 512, 14,  2),
    CONV("groups_32_of_4", "conv", 8, 128, 56, 128, 3, 1, 1, 1, 32),
    CONV("groups_8_of_16", "conv", 8, 128, 28, 128, 3, 1, 1, 1, 8),
    CONV("groups_4_of_32", "conv", 8, 128, 28, 128, 3, 1, 1, 1, 4),
    CONV("dilation_2", "conv", 8, 64, 56, 64, 3, 1, 2, 2, 1),
    LAYER("batch_1",     1,   64,   56,  64,  3, 1, 1),
    LAYER("odd_sizes",   7,   61,   53,  67,  3, 1, 1),

    MAXPOOL("maxpool_2",   "pool", 16, 64, 128, 2, 2, 0),
    MAXPOOL("maxpool_3s2", "pool", 16, 64, 128, 3, 2, 1),
    AVGPOOL("avgpool_2",   "pool", 16, 64, 128, 2, 2, 0),
    AVGPOOL("avgpool_3",   "pool", 16, 64, 128, 3, 1, 1),
    CASE("global_avgpool", "pool", adaptive_avgpool2d, {.n = 16, .c = 1024, .h = 32, .w = 32, .p = 1, .q = 1}),

    CASE("batchnorm",   "norm", batchnorm, {.n = 16, .c = 64, .h = 128, .w = 128, .momentum = 0.1}),
    INFERENCE("batchnorm_inference", "norm", batchnorm, {.n = 16, .c = 64, .h = 128, .w = 128, .inference = 1}),
    CASE("layernorm",   "norm", layernorm, {.n = FLOATS / 1024, .d = 1024}),
    CASE("relu",        "norm", activation, {.count = FLOATS, .kind = CLCNN_RELU}),
    ROUNDED("tanh",        "norm", activation, {.count = FLOATS, .kind = CLCNN_TANH}),
    ROUNDED("gelu",        "norm", activation, {.count = FLOATS, .kind = CLCNN_GELU}),
    CASE("add",         "norm", add, {.n = 16, .c = 64, .h = 128, .w = 128}),
    CASE("softmax",     "norm", softmax, {.n = FLOATS / 1024, .classes = 1024}),
    CASE("dropout",     "norm", dropout, {.count = FLOATS, .drop = 0.5, .seed = 1, .step = 1}),

    CASE("sgd",     "optim", sgd, {.count = FLOATS, .lr = 1e-6, .momentum = 0.9}),
    CASE("rmsprop", "optim", rmsprop, {.count = FLOATS, .lr = 1e-6, .alpha = 0.99}),
    CASE("adam",    "optim", adam, {.count = FLOATS, .lr = 1e-6, .beta1 = 0.9, .beta2 = 0.999, .step = 1}),

    NET("lenet5",      "net", "lenet5", 48 * 128),
    NET("resnet-mini", "net", "resnet-mini", 4 * 128),

    GROWTH("batch_1_of_64x14x14", 1, 64, 14),
    GROWTH("batch_2_of_64x14x14", 2, 64, 14),
    GROWTH("batch_4_of_64x14x14", 4, 64, 14),
    GROWTH("batch_8_of_64x14x14", 8, 64, 14),
    GROWTH("batch_16_of_64x14x14", 16, 64, 14),
    GROWTH("batch_32_of_64x14x14", 32, 64, 14),
    GROWTH("batch_64_of_64x14x14", 64, 64, 14),
    GROWTH("batch_128_of_64x14x14", 128, 64, 14),
    GROWTH("batch_256_of_64x14x14", 256, 64, 14),
    GROWTH("batch_512_of_64x14x14", 512, 64, 14),
    GROWTH("channels_8_of_8x14x14", 8, 8, 14),
    GROWTH("channels_16_of_8x14x14", 8, 16, 14),
    GROWTH("channels_32_of_8x14x14", 8, 32, 14),
    GROWTH("channels_64_of_8x14x14", 8, 64, 14),
    GROWTH("channels_128_of_8x14x14", 8, 128, 14),
    GROWTH("channels_256_of_8x14x14", 8, 256, 14),
    GROWTH("channels_512_of_8x14x14", 8, 512, 14),
    GROWTH("channels_1024_of_8x14x14", 8, 1024, 14),
    GROWTH("image_7_of_4x32", 4, 32, 7),
    GROWTH("image_14_of_4x32", 4, 32, 14),
    GROWTH("image_28_of_4x32", 4, 32, 28),
    GROWTH("image_56_of_4x32", 4, 32, 56),
    GROWTH("image_112_of_4x32", 4, 32, 112),
    GROWTH("image_224_of_4x32", 4, 32, 224),
    GROWTH("image_448_of_4x32", 4, 32, 448),

    CONV("tiny_conv", "tiny", 2, 3, 9, 4, 3, 1, 1, 1, 1),
    CONV("tiny_groups", "tiny", 1, 6, 11, 4, 3, 2, 1, 2, 2),
    MAXPOOL("tiny_maxpool", "tiny", 2, 3, 9, 3, 2, 1),
    AVGPOOL("tiny_avgpool", "tiny", 2, 3, 9, 3, 2, 1),
    CASE("tiny_global_avgpool", "tiny", adaptive_avgpool2d, {.n = 2, .c = 3, .h = 5, .w = 4, .p = 1, .q = 1}),
    CASE("tiny_batchnorm", "tiny", batchnorm, {.n = 2, .c = 3, .h = 5, .w = 4, .momentum = 0.1}),
    INFERENCE("tiny_batchnorm_inference", "tiny", batchnorm, {.n = 2, .c = 3, .h = 5, .w = 4, .inference = 1}),
    CASE("tiny_layernorm", "tiny", layernorm, {.n = 3, .d = 20}),
    CASE("tiny_relu", "tiny", activation, {.count = 100, .kind = CLCNN_RELU}),
    ROUNDED("tiny_gelu", "tiny", activation, {.count = 100, .kind = CLCNN_GELU}),
    CASE("tiny_add", "tiny", add, {.n = 2, .c = 3, .h = 4, .w = 4}),
    CASE("tiny_softmax", "tiny", softmax, {.n = 4, .classes = 10}),
    CASE("tiny_dropout", "tiny", dropout, {.count = 100, .drop = 0.5, .seed = 1, .step = 1}),
    CASE("tiny_sgd", "tiny", sgd, {.count = 100, .lr = 1e-6, .momentum = 0.9}),
    CASE("tiny_rmsprop", "tiny", rmsprop, {.count = 100, .lr = 1e-6, .alpha = 0.99}),
    CASE("tiny_adam", "tiny", adam, {.count = 100, .lr = 1e-6, .beta1 = 0.9, .beta2 = 0.999, .step = 1}),
    NET("tiny_net", "tiny", "simple-cnn", 128),
    {.name = NULL}};
/* clang-format on */

bool bench_in_suite(const bench_case *c, const char *suite)
{
    if (strcmp(suite, "all") == 0)
        return strcmp(c->suite, "growth") != 0 && strcmp(c->suite, "tiny") != 0;
    return strcmp(c->suite, suite) == 0;
}

const bench_case *bench_case_find(const char *name)
{
    for (const bench_case *c = bench_cases; c->name != NULL; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}
