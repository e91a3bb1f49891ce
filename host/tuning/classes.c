/*
 * What is tried for which row: one line of the table for each operation, algorithm and class of
 * shapes. To have a new algorithm searched, add a line. The most valuable come first, because time
 * is short: what most networks spend most of theirs in.
 */
#include "tuning.h"

#include <string.h>

#define VALUES(...)                                                                                \
    .values = (const int[]){__VA_ARGS__},                                                          \
    .count = (int)(sizeof((const int[]){__VA_ARGS__}) / sizeof(int))

#define VECTORS                                                                                    \
    {                                                                                              \
        "VEC", VALUES(4, 8, 16)                                                                    \
    }
#define ITEMS(...)                                                                                 \
    {                                                                                              \
        "ITEM", VALUES(__VA_ARGS__), .multiple_of = "VEC"                                          \
    }
#define MASKED                                                                                     \
    {                                                                                              \
        "ITEM", VALUES(64, 256, 1024, 4096)                                                        \
    } /* a multiple of 64 */
#define SUMS                                                                                       \
    {                                                                                              \
        "SUM", VALUES(16, 64, 128, 512, 1024, 4096)                                                \
    }
#define LOCALS                                                                                     \
    {                                                                                              \
        "LOCAL", VALUES(1, 8, 16, 32, 64, 128, 256)                                                \
    }
/* Operations that go row by row: kernels/rows.clh */
#define BY_ROWS                                                                                    \
    {                                                                                              \
        {"MAX_VEC", VALUES(4, 8, 16)}, {"MAX_ROWS", VALUES(1, 2, 4, 8, 16, 32)},                   \
            {"PIECE", VALUES(0, 16, 64, 256)}, LOCALS                                              \
    }
#define BY_ELEMENTS                                                                                \
    {                                                                                              \
        VECTORS, ITEMS(4, 16, 64, 256, 1024, 4096), LOCALS                                         \
    }
#define TILES                                                                                      \
    {                                                                                              \
        {"VEC", VALUES(4, 8, 16)}, {"VECS", VALUES(1, 2, 3, 4)},                                   \
            {"PIX", VALUES(2, 3, 4, 5, 6, 7, 8, 10, 12, 14)}, {"RUN", VALUES(0, 4, 6, 8, 10, 14)}, \
        {                                                                                          \
            "NEAR", VALUES(12, 24, 48, 96, 128, 256)                                               \
        }                                                                                          \
    }
#define TRANSFORMED(...)                                                                           \
    {                                                                                              \
        {"VEC", VALUES(4, 8, 16)}, {"VECS", VALUES(__VA_ARGS__)},                                  \
            {"PIX", VALUES(3, 4, 5, 6, 8, 10, 12, 13, 14)}, {"FUSE", VALUES(0, 16, 32, 64, 128)},  \
        {                                                                                          \
            "CHUNK", VALUES(1024, 2048, 4096, 8192, 16384, 32768)                                  \
        }                                                                                          \
    }
#define DEPTHWISE                                                                                  \
    {                                                                                              \
        {"VEC", VALUES(4, 8, 16)}, {"ROWS", VALUES(1, 2, 4, 7, 8, 14)},                            \
        {                                                                                          \
            "ITEM", VALUES(1024, 2048, 4096, 8192, 16384)                                          \
        }                                                                                          \
    }
#define LONG_ROWS                                                                                  \
    {                                                                                              \
        {"VEC", VALUES(4, 8, 16)}, {"SUMS", VALUES(4, 8, 12, 16, 20, 24)},                         \
        {                                                                                          \
            "NEAR", VALUES(8, 12, 16, 24, 32, 48, 96)                                              \
        }                                                                                          \
    }

/* clang-format off */
const tuning_class tuning_classes[] = {
    {"conv2d", "winograd", "wide", TRANSFORMED(1, 2),
     {{"conv_56", "forward"}, {"conv_14", "forward"}, {"conv_64", "forward"}, {"conv_28", "backward_data"}, {"conv_28", "backward_weights"}},
     {"right_wide", "right_winograd"}, true},
    {"conv2d", "point", NULL, {{"VEC", VALUES(4, 8, 16)}, {"BLOCK", VALUES(2, 4, 6, 8, 12)}, {"SEGS", VALUES(1, 2, 3, 4)}},
     {{"conv_1x1", "forward"}, {"conv_1x1", "backward_data"}}, {"right_1x1"}, true},
    {"conv2d", "tile", "wide", TILES,
     {{"conv_56", "forward"}, {"conv_14", "forward"}, {"conv_1x1", "forward"}, {"conv_28", "backward_data"}, {"conv_28", "backward_weights"}},
     {"right_wide", "right_groups", "right_1x1"}, true},
    {"conv2d", "row", "long", LONG_ROWS,
     {{"lenet1", "forward"}, {"lenet2", "forward"}, {"lenet2", "backward_data"}},
     {"right_rows", "right_rows_2"}, true},
    {"conv2d", "dense", NULL, {{"VEC", VALUES(4, 8, 16)}, {"ROWS", VALUES(2, 3, 4, 6, 8)}, {"SEGS", VALUES(1, 2, 3, 4)}},
     {{"dense_120", "forward"}, {"dense_120", "backward_data"}, {"dense_120", "backward_weights"}, {"dense_10", "backward_weights"}},
     {"right_dense"}, true},
    {"conv2d", "winograd", "medium", TRANSFORMED(1),
     {{"conv_medium", "forward"}, {"conv_16", "backward_data"}, {"conv_16", "backward_weights"}},
     {"right_medium", "right_winograd_16"}, true},
    {"conv2d", "depthwise", "long", DEPTHWISE,
     {{"depthwise_56", "forward"}, {"depthwise_56", "backward_data"}, {"depthwise_56", "backward_weights"}, {"depthwise_56_s2", "forward"}},
     {"right_depthwise", "right_depthwise_2"}, true},
    {"conv2d", "depthwise", "narrow", DEPTHWISE,
     {{"depthwise_14", "forward"}, {"depthwise_14", "backward_data"}, {"depthwise_14", "backward_weights"}},
     {"right_depthwise_narrow"}, true},
    {"conv2d", "tile", "medium", TILES,
     {{"lenet2", "forward"}, {"lenet2", "backward_weights"}, {"conv_medium", "forward"}},
     {"right_medium", "right_medium_2"}, true},
    {"conv2d", "tile", "thin", TILES,
     {{"lenet1", "backward_weights"}, {"lenet2", "backward_data"}, {"conv_thin", "forward"}},
     {"right_thin", "right_thin_2"}, true},
    {"conv2d", "gemm", NULL,
     {{"WM", VALUES(4, 8, 16)}, {"WN", VALUES(4, 8, 16)}, {"PM", VALUES(2, 4, 8)}, {"PN", VALUES(2, 4, 8)}, {"TK", VALUES(4, 8, 16)}},
     {{"conv_28", "forward"}, {"conv_14", "forward"}, {"conv_28", "backward_data"}, {"conv_28", "backward_weights"}},
     {"right_wide", "right_groups", "right_1x1"}, true},

    {"batchnorm", "direct", NULL, {VECTORS, SUMS, ITEMS(4, 64, 256, 1024, 4096), LOCALS},
     {{"batchnorm_layer", "forward"}, {"batchnorm_layer", "backward_data"}, {"batchnorm_large", "forward"}, {"batchnorm_large", "backward_data"}},
     {"right_batchnorm", "right_batchnorm_dense"}, false},
    {"activation", "direct", NULL, BY_ELEMENTS,
     {{"relu_layer", "forward"}, {"relu_layer", "backward_data"}, {"relu_large", "forward"}, {"gelu_layer", "forward"}},
     {"right_relu", "right_tanh"}, false},
    {"maxpool2d", "rows", NULL, {{"MAX_VEC", VALUES(4, 8, 16)}, {"ITEM", VALUES(1, 2, 4, 8, 16, 32, 64)}, LOCALS},
     {{"maxpool", "forward"}, {"maxpool", "backward_data"}, {"maxpool_large", "forward"}},
     {"right_maxpool", "right_maxpool_1"}, true},
    {"maxpool2d", "direct", NULL, {LOCALS},
     {{"maxpool", "forward"}, {"maxpool", "backward_data"}, {"maxpool_large", "forward"}},
     {"right_maxpool", "right_maxpool_1"}, false},
    {"adam", "direct", NULL, BY_ELEMENTS, {{"adam_lenet", "forward"}, {"adam_large", "forward"}}, {"right_adam"}, false},
    {"sgd", "direct", NULL, BY_ELEMENTS, {{"sgd_lenet", "forward"}, {"sgd_large", "forward"}}, {"right_sgd"}, false},
    {"add", "direct", NULL, {VECTORS, SUMS, ITEMS(4, 64, 256, 1024, 4096), LOCALS},
     {{"add_layer", "forward"}, {"add_large", "forward"}, {"add_channels", "forward"}},
     {"right_add", "right_add_channels"}, false},
    {"avgpool2d", "direct", NULL, BY_ROWS,
     {{"avgpool", "forward"}, {"avgpool", "backward_data"}, {"avgpool_large", "forward"}},
     {"right_avgpool", "right_avgpool_1"}, false},
    {"adaptive_avgpool2d", "global", NULL, BY_ROWS,
     {{"global_avgpool", "forward"}, {"global_avgpool", "backward_data"}, {"global_avgpool_large", "forward"}},
     {"right_global_avgpool"}, false},
    {"softmax", "direct", NULL, {VECTORS, {"MAX_ROWS", VALUES(1, 2, 4, 8, 16, 32)}, LOCALS},
     {{"softmax_rows", "forward"}, {"softmax_large", "forward"}, {"softmax_large", "backward_data"}},
     {"right_softmax"}, false},
    {"layernorm", "direct", NULL, {VECTORS, SUMS, {"MERGED", VALUES(0, 1)}, LOCALS},
     {{"layernorm_rows", "forward"}, {"layernorm_rows", "backward_data"}, {"layernorm_large", "forward"}},
     {"right_layernorm"}, false},
    {"dropout", "direct", NULL, {VECTORS, MASKED, LOCALS},
     {{"dropout_layer", "forward"}, {"dropout_large", "forward"}}, {"right_dropout"}, false},
    {"rmsprop", "direct", NULL, BY_ELEMENTS, {{"rmsprop_lenet", "forward"}, {"rmsprop_large", "forward"}}, {"right_rmsprop"}, false},
    {"upsample2d", "direct", NULL, BY_ROWS,
     {{"upsample_nearest", "forward"}, {"upsample_nearest", "backward_data"}, {"upsample_bilinear", "forward"}},
     {"right_upsample", "right_upsample_nearest"}, false},
    {"pad2d", "direct", NULL, BY_ROWS, {{"pad", "forward"}, {"pad", "backward_data"}}, {"right_pad"}, false},
    {"im2col", "direct", NULL, BY_ROWS, {{"im2col_3x3", "forward"}}, {"right_im2col", "right_im2col_2"}, false},
    {"col2im", "direct", NULL, BY_ROWS, {{"col2im_3x3", "forward"}}, {"right_col2im", "right_col2im_2"}, false},
    {"slice", "direct", NULL, BY_ELEMENTS, {{"slice", "forward"}, {"slice", "backward_data"}}, {"right_slice"}, false},

    {"conv2d", "row", "phase", LONG_ROWS, {{"conv_stem", "backward_data"}}, {"right_rows_s2", "right_rows_s3"}, true},
    {"conv2d", "row", "medium", LONG_ROWS, {{"conv_rows_8", "forward"}, {"conv_rows_8", "backward_data"}}, {"right_rows_8"}, true},
    {"conv2d", "row", "short", LONG_ROWS, {{"conv_rows_4", "forward"}, {"conv_rows_4", "backward_data"}}, {"right_rows_4"}, true},
    {"adaptive_avgpool2d", "direct", NULL, BY_ROWS,
     {{"adaptive_avgpool", "forward"}, {"adaptive_avgpool", "backward_data"}},
     {"right_adaptive_avgpool"}, false},
    {"conv2d", "direct", NULL, {{"ITEMS", VALUES(1, 8, 16, 32, 64, 128, 256)}},
     {{"conv_strided", "forward"}, {"conv_strided", "backward_data"}, {"conv_strided", "backward_weights"}},
     {"right_thin", "right_groups"}, false},
    {.op = NULL}};
/* clang-format on */

bool tuning_by_name(const tuning_class *class)
{
    const clcnn_algo *algo = clcnn_algos(class->op);
    while (algo->name != NULL && strcmp(algo->name, class->algo) != 0)
        algo++;
    return algo->name != NULL;
}
