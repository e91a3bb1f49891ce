/* The list of operations with their algorithms, and the bounds that the error classes stand for. */
#include "internal.h"

#include <string.h>

static const clcnn__op ops[] = {
    {"conv2d", clcnn__conv2d_algos},
    {"conv2d_transpose", clcnn__conv2d_transpose_algos},
    {"conv1d", clcnn__conv1d_algos},
    {"correlate1d", clcnn__correlate1d_algos},
    {"dense", clcnn__dense_algos},
    {"maxpool2d", clcnn__maxpool2d_algos},
    {"avgpool2d", clcnn__avgpool2d_algos},
    {"im2col", clcnn__im2col_algos},
    {"col2im", clcnn__col2im_algos},
    {"pad2d", clcnn__pad2d_algos},
    {"adaptive_avgpool2d", clcnn__adaptive_avgpool2d_algos},
    {"upsample2d", clcnn__upsample2d_algos},
    {"activation", clcnn__activation_algos},
    {"concat", clcnn__concat_algos},
    {"slice", clcnn__slice_algos},
    {"softmax", clcnn__softmax_algos},
    {"softmax_cross_entropy", clcnn__softmax_cross_entropy_algos},
    {"mse", clcnn__mse_algos},
    {"l2", clcnn__l2_algos},
    {"sgd", clcnn__sgd_algos},
    {"rmsprop", clcnn__rmsprop_algos},
    {"adam", clcnn__adam_algos},
    {"batchnorm", clcnn__batchnorm_algos},
    {"layernorm", clcnn__layernorm_algos},
    {"add", clcnn__add_algos},
    {"dropout", clcnn__dropout_algos},
    {"uniform", clcnn__uniform_algos},
    {"normal", clcnn__normal_algos},
    {"clip_norm", clcnn__clip_norm_algos},
};

const clcnn_algo *clcnn_algos(const char *op)
{
    for (size_t i = 0; op && i < sizeof ops / sizeof *ops; i++)
        if (strcmp(ops[i].name, op) == 0)
            return ops[i].algos;
    return NULL;
}

double clcnn_error_bound(const clcnn_algo *algo, clcnn_direction direction, double n, double mag)
{
    const double u = 1.0 / (1 << 24);
    if (!algo || direction < CLCNN_FORWARD || direction > CLCNN_BACKWARD_WEIGHTS)
        return 0;
    switch (algo->error[direction].error_class) {
    case CLCNN_EXACT:
        return 0;
    case CLCNN_DOT:
        return (n + 2) * u / (1 - (n + 2) * u) * mag;
    case CLCNN_NORMWISE_DOT:
    case CLCNN_NORMWISE:
    case CLCNN_ULP:
        return algo->error[direction].constant * u * mag;
    }
    return 0;
}
