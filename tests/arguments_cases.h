/*
 * The tables of arguments.c: a right call of every function that computes something, what it is
 * given, and what can be wrong in each descriptor.
 */
#ifndef ARGUMENTS_CASES_H
#define ARGUMENTS_CASES_H

#include "clcnn.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { MAX_TENSORS = 8 };

/* ---------------------------------------------------------------------------------------------
 * The right calls that everything else is made from
 */
static const clcnn_activation activation = {.count = 37, .kind = CLCNN_RELU};
static const clcnn_conv2d conv2d = {.n = 2,
                                    .c = 2,
                                    .h = 5,
                                    .w = 4,
                                    .k = 4,
                                    .r = 3,
                                    .s = 3,
                                    .pad_top = 1,
                                    .pad_left = 1,
                                    .pad_bottom = 1,
                                    .pad_right = 1,
                                    .groups = 2,
                                    .activation = CLCNN_RELU};
/* From 3 x 2 to the 5 x 4 of conv2d's image: (3-1)*2 + 3 + 0 - 1 - 1, (2-1)*2 + 3 + 1 - 1 - 1. */
static const clcnn_conv2d_transpose conv2d_transpose = {.n = 2,
                                                        .c = 4,
                                                        .h = 3,
                                                        .w = 2,
                                                        .k = 2,
                                                        .r = 3,
                                                        .s = 3,
                                                        .pad_top = 1,
                                                        .pad_left = 1,
                                                        .pad_bottom = 1,
                                                        .pad_right = 1,
                                                        .output_pad_w = 1,
                                                        .stride_h = 2,
                                                        .stride_w = 2,
                                                        .groups = 2,
                                                        .activation = CLCNN_RELU};
static const clcnn_conv1d conv1d = {
    .n = 2, .c = 2, .w = 9, .k = 4, .s = 3, .pad_left = 1, .groups = 2};
static const clcnn_correlate1d correlate1d = {.a = 9, .b = 4, .mode = CLCNN_SAME};
static const clcnn_dense dense = {.n = 3, .c = 5, .k = 4};
static const clcnn_maxpool2d maxpool2d = {.n = 2, .c = 2, .h = 5, .w = 4, .r = 2, .s = 2};
static const clcnn_avgpool2d avgpool2d = {.n = 2, .c = 2, .h = 5, .w = 4, .r = 2, .s = 2};
static const clcnn_im2col im2col = {
    .n = 1, .c = 2, .h = 5, .w = 4, .r = 2, .s = 3, .pad_left = 1, .pad_right = 1};
static const clcnn_pad2d pad2d = {
    .n = 2, .c = 2, .h = 5, .w = 4, .pad_top = 1, .pad_left = 2, .pad_right = 1};
static const clcnn_adaptive_avgpool2d adaptive = {.n = 2, .c = 2, .h = 5, .w = 4, .p = 3, .q = 2};
static const clcnn_upsample2d upsample2d = {
    .n = 2, .c = 1, .h = 5, .w = 4, .p = 7, .scale_w = 2, .kind = CLCNN_BILINEAR};
static const int concat_channels[] = {2, 1};
static const clcnn_concat concat = {
    .n = 2, .h = 3, .w = 2, .inputs = 2, .channels = concat_channels};
static const clcnn_slice slice = {.n = 2, .c = 3, .h = 3, .w = 2, .begin = 1, .count = 1};
static const clcnn_softmax softmax_rows = {.n = 3, .classes = 5};
static const clcnn_softmax_cross_entropy softmax = {.n = 3, .classes = 5};
static const clcnn_mse mse = {.count = 20};
static const clcnn_l2 l2 = {.count = 20, .lambda = 0.5};
static const clcnn_sgd sgd = {.count = 20, .lr = 0.01, .momentum = 0.9, .segments = 2};
static const clcnn_rmsprop rmsprop = {.count = 20, .lr = 0.01, .alpha = 0.9, .segments = 2};
static const clcnn_adam adam = {
    .count = 20, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .step = 1, .segments = 2};
static const clcnn_batchnorm batchnorm = {.n = 2, .c = 3, .h = 2, .w = 2, .momentum = 0.1};
static const clcnn_batchnorm batchnorm_inference = {
    .n = 2, .c = 3, .h = 2, .w = 2, .momentum = 0.1, .inference = 1};
static const clcnn_layernorm layernorm = {.n = 4, .d = 6};
static const clcnn_add add = {.n = 2, .c = 3, .h = 2, .w = 2};
static const clcnn_add add_bias = {.n = 2, .c = 3, .h = 2, .w = 2, .broadcast = 1};
static const clcnn_dropout dropout = {.count = 37, .drop = 0.25, .seed = 5, .step = 3};
static const clcnn_uniform uniform = {.count = 37, .low = -1, .high = 1};
static const clcnn_normal normal = {.count = 37, .deviation = 1};
static const clcnn_clip_norm clip_norm = {.count = 20, .max_norm = 1, .segments = 2};

enum {
    X_CONV = 80,
    W_CONV = 36,
    Y_CONV = 160,
    X_TRANSPOSE = 48,
    X_POOL = 80,
    Y_POOL = 16,
    IMAGE = 40,
    MATRIX = 12 * 16,
    Y_PAD = 168,
    Y_ADAPTIVE = 24,
    X_UPSAMPLE = 40,
    Y_UPSAMPLE = 112
};

/* Descriptors as bytes, so that tables can change any field of any of them. */
typedef union any_desc {
    clcnn_activation activation;
    clcnn_conv2d conv2d;
    clcnn_conv2d_transpose conv2d_transpose;
    clcnn_conv1d conv1d;
    clcnn_correlate1d correlate1d;
    clcnn_dense dense;
    clcnn_maxpool2d maxpool2d;
    clcnn_avgpool2d avgpool2d;
    clcnn_im2col im2col;
    clcnn_pad2d pad2d;
    clcnn_adaptive_avgpool2d adaptive;
    clcnn_upsample2d upsample2d;
    clcnn_concat concat;
    clcnn_slice slice;
    clcnn_softmax softmax_rows;
    clcnn_softmax_cross_entropy softmax;
    clcnn_mse mse;
    clcnn_l2 l2;
    clcnn_sgd sgd;
    clcnn_rmsprop rmsprop;
    clcnn_adam adam;
    clcnn_batchnorm batchnorm;
    clcnn_layernorm layernorm;
    clcnn_add add;
    clcnn_dropout dropout;
    clcnn_uniform uniform;
    clcnn_normal normal;
    clcnn_clip_norm clip_norm;
} any_desc;

typedef enum op_kind {
    ACTIVATION,
    CONV2D,
    TRANSPOSE,
    CONV1D,
    CORRELATE1D,
    DENSE,
    MAXPOOL2D,
    CONCAT,
    SLICE,
    SOFTMAX_ROWS,
    SOFTMAX,
    MSE,
    L2,
    SGD,
    RMSPROP,
    ADAM,
    CLIP_NORM,
    AVGPOOL2D,
    IM2COL,
    PAD2D,
    ADAPTIVE,
    UPSAMPLE2D,
    BATCHNORM,
    BATCHNORM_INFERENCE,
    LAYERNORM,
    ADD,
    ADD_BIAS,
    DROPOUT,
    UNIFORM,
    NORMAL
} op_kind;

static const struct {
    const void *desc;
    size_t size;
} ops[] = {[ACTIVATION] = {&activation, sizeof activation},
           [CONV2D] = {&conv2d, sizeof conv2d},
           [TRANSPOSE] = {&conv2d_transpose, sizeof conv2d_transpose},
           [CONV1D] = {&conv1d, sizeof conv1d},
           [CORRELATE1D] = {&correlate1d, sizeof correlate1d},
           [DENSE] = {&dense, sizeof dense},
           [MAXPOOL2D] = {&maxpool2d, sizeof maxpool2d},
           [CONCAT] = {&concat, sizeof concat},
           [SLICE] = {&slice, sizeof slice},
           [SOFTMAX_ROWS] = {&softmax_rows, sizeof softmax_rows},
           [SOFTMAX] = {&softmax, sizeof softmax},
           [MSE] = {&mse, sizeof mse},
           [L2] = {&l2, sizeof l2},
           [SGD] = {&sgd, sizeof sgd},
           [RMSPROP] = {&rmsprop, sizeof rmsprop},
           [ADAM] = {&adam, sizeof adam},
           [CLIP_NORM] = {&clip_norm, sizeof clip_norm},
           [AVGPOOL2D] = {&avgpool2d, sizeof avgpool2d},
           [IM2COL] = {&im2col, sizeof im2col},
           [PAD2D] = {&pad2d, sizeof pad2d},
           [ADAPTIVE] = {&adaptive, sizeof adaptive},
           [UPSAMPLE2D] = {&upsample2d, sizeof upsample2d},
           [BATCHNORM] = {&batchnorm, sizeof batchnorm},
           [BATCHNORM_INFERENCE] = {&batchnorm_inference, sizeof batchnorm_inference},
           [LAYERNORM] = {&layernorm, sizeof layernorm},
           [ADD] = {&add, sizeof add},
           [ADD_BIAS] = {&add_bias, sizeof add_bias},
           [DROPOUT] = {&dropout, sizeof dropout},
           [UNIFORM] = {&uniform, sizeof uniform},
           [NORMAL] = {&normal, sizeof normal}};

static any_desc right_desc(op_kind op)
{
    any_desc desc;
    memset(&desc, 0, sizeof desc);
    memcpy(&desc, ops[op].desc, ops[op].size);
    return desc;
}

/* Operations whose plan has one algorithm and takes neither a direction nor a limit. */
static inline bool one_algo(op_kind op)
{
    return op == SOFTMAX || op == MSE || op == L2 || op == CLIP_NORM;
}

enum {
    IN = 1,
    OUT = 2,
    OPTIONAL = 4, /* may be left out */
    IN_PLACE = 8, /* may be the other tensor that is marked so */
    INDEX = 16    /* integers: labels, argmax */
};

typedef struct tensor {
    const char *name;
    size_t count;
    int flags;
} tensor;

/* One device call: everything that it is given. */
typedef struct arguments {
    clcnn_ctx *ctx;
    const any_desc *desc;
    clcnn_mem m[MAX_TENSORS];
    const clcnn_plan *plan;
} arguments;

typedef struct device_call {
    const char *name;
    op_kind op;
    tensor tensors[MAX_TENSORS]; /* ended by a name that is NULL */
    clcnn_status (*run)(const arguments *a);
    /* NULL: the call takes no plan. */
    clcnn_status (*plan)(clcnn_ctx *ctx, const any_desc *desc, const char *algo, clcnn_plan *plan);
    bool packs;       /* the call writes plan->packed */
    bool bare;        /* all that is optional may be left out at once */
    unsigned ignores; /* kinds of fields that this call doesn't look at */
} device_call;

/* What a call doesn't look at. */
enum { IGNORES_RATES = 1, IGNORES_SIZES = 2, IGNORES_STEP = 4 };

/* NULL stands for itself: some calls are made without a descriptor. */
#define DESC(a, member) ((a)->desc ? &(a)->desc->member : NULL)

static clcnn_status run_activation_forward(const arguments *a)
{
    return clcnn_activation_forward(a->ctx, DESC(a, activation), a->m[0], a->m[1]);
}

static clcnn_status run_activation_backward(const arguments *a)
{
    return clcnn_activation_backward(a->ctx, DESC(a, activation), a->m[0], a->m[1], a->m[2],
                                     a->m[3]);
}

static clcnn_status run_conv2d_forward(const arguments *a)
{
    return clcnn_conv2d_forward(a->ctx, DESC(a, conv2d), a->m[0], a->m[1], a->m[2], a->m[3],
                                a->plan);
}

static clcnn_status run_conv2d_backward_data(const arguments *a)
{
    return clcnn_conv2d_backward_data(a->ctx, DESC(a, conv2d), a->m[0], a->m[1], a->m[2], a->plan);
}

static clcnn_status run_conv2d_backward_weights(const arguments *a)
{
    return clcnn_conv2d_backward_weights(a->ctx, DESC(a, conv2d), a->m[0], a->m[1], a->m[2],
                                         a->m[3], a->plan);
}

static clcnn_status run_conv2d_pack(const arguments *a)
{
    return clcnn_conv2d_pack(a->ctx, DESC(a, conv2d), CLCNN_FORWARD, a->m[0], a->plan);
}

static clcnn_status run_conv2d_transpose_forward(const arguments *a)
{
    return clcnn_conv2d_transpose_forward(a->ctx, DESC(a, conv2d_transpose), a->m[0], a->m[1],
                                          a->m[2], a->m[3], a->plan);
}

static clcnn_status run_conv2d_transpose_backward_data(const arguments *a)
{
    return clcnn_conv2d_transpose_backward_data(a->ctx, DESC(a, conv2d_transpose), a->m[0], a->m[1],
                                                a->m[2], a->plan);
}

static clcnn_status run_conv2d_transpose_backward_weights(const arguments *a)
{
    return clcnn_conv2d_transpose_backward_weights(a->ctx, DESC(a, conv2d_transpose), a->m[0],
                                                   a->m[1], a->m[2], a->m[3], a->plan);
}

static clcnn_status run_conv2d_transpose_pack(const arguments *a)
{
    return clcnn_conv2d_transpose_pack(a->ctx, DESC(a, conv2d_transpose), CLCNN_FORWARD, a->m[0],
                                       a->plan);
}

static clcnn_status run_conv1d_forward(const arguments *a)
{
    return clcnn_conv1d_forward(a->ctx, DESC(a, conv1d), a->m[0], a->m[1], a->m[2], a->m[3],
                                a->plan);
}

static clcnn_status run_conv1d_backward_data(const arguments *a)
{
    return clcnn_conv1d_backward_data(a->ctx, DESC(a, conv1d), a->m[0], a->m[1], a->m[2], a->plan);
}

static clcnn_status run_conv1d_backward_weights(const arguments *a)
{
    return clcnn_conv1d_backward_weights(a->ctx, DESC(a, conv1d), a->m[0], a->m[1], a->m[2],
                                         a->m[3], a->plan);
}

static clcnn_status run_conv1d_pack(const arguments *a)
{
    return clcnn_conv1d_pack(a->ctx, DESC(a, conv1d), CLCNN_FORWARD, a->m[0], a->plan);
}

static clcnn_status run_correlate1d_forward(const arguments *a)
{
    return clcnn_correlate1d_forward(a->ctx, DESC(a, correlate1d), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_dense_forward(const arguments *a)
{
    return clcnn_dense_forward(a->ctx, DESC(a, dense), a->m[0], a->m[1], a->m[2], a->m[3], a->plan);
}

static clcnn_status run_dense_backward_data(const arguments *a)
{
    return clcnn_dense_backward_data(a->ctx, DESC(a, dense), a->m[0], a->m[1], a->m[2], a->plan);
}

static clcnn_status run_dense_backward_weights(const arguments *a)
{
    return clcnn_dense_backward_weights(a->ctx, DESC(a, dense), a->m[0], a->m[1], a->m[2], a->m[3],
                                        a->plan);
}

static clcnn_status run_dense_pack(const arguments *a)
{
    return clcnn_dense_pack(a->ctx, DESC(a, dense), CLCNN_FORWARD, a->m[0], a->plan);
}

static clcnn_status run_maxpool2d_forward(const arguments *a)
{
    return clcnn_maxpool2d_forward(a->ctx, DESC(a, maxpool2d), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_maxpool2d_backward(const arguments *a)
{
    return clcnn_maxpool2d_backward(a->ctx, DESC(a, maxpool2d), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_avgpool2d_forward(const arguments *a)
{
    return clcnn_avgpool2d_forward(a->ctx, DESC(a, avgpool2d), a->m[0], a->m[1]);
}

static clcnn_status run_avgpool2d_backward(const arguments *a)
{
    return clcnn_avgpool2d_backward(a->ctx, DESC(a, avgpool2d), a->m[0], a->m[1]);
}

static clcnn_status run_im2col_forward(const arguments *a)
{
    return clcnn_im2col_forward(a->ctx, DESC(a, im2col), a->m[0], a->m[1]);
}

static clcnn_status run_col2im_forward(const arguments *a)
{
    return clcnn_col2im_forward(a->ctx, DESC(a, im2col), a->m[0], a->m[1]);
}

static clcnn_status run_pad2d_forward(const arguments *a)
{
    return clcnn_pad2d_forward(a->ctx, DESC(a, pad2d), a->m[0], a->m[1]);
}

static clcnn_status run_pad2d_backward(const arguments *a)
{
    return clcnn_pad2d_backward(a->ctx, DESC(a, pad2d), a->m[0], a->m[1]);
}

static clcnn_status run_adaptive_avgpool2d_forward(const arguments *a)
{
    return clcnn_adaptive_avgpool2d_forward(a->ctx, DESC(a, adaptive), a->m[0], a->m[1]);
}

static clcnn_status run_adaptive_avgpool2d_backward(const arguments *a)
{
    return clcnn_adaptive_avgpool2d_backward(a->ctx, DESC(a, adaptive), a->m[0], a->m[1]);
}

static clcnn_status run_upsample2d_forward(const arguments *a)
{
    return clcnn_upsample2d_forward(a->ctx, DESC(a, upsample2d), a->m[0], a->m[1]);
}

static clcnn_status run_upsample2d_backward(const arguments *a)
{
    return clcnn_upsample2d_backward(a->ctx, DESC(a, upsample2d), a->m[0], a->m[1]);
}

static clcnn_status run_concat_forward(const arguments *a)
{
    return clcnn_concat_forward(a->ctx, DESC(a, concat), a->m, a->m[2]);
}

static clcnn_status run_concat_backward(const arguments *a)
{
    return clcnn_concat_backward(a->ctx, DESC(a, concat), a->m[2], a->m);
}

static clcnn_status run_slice_forward(const arguments *a)
{
    return clcnn_slice_forward(a->ctx, DESC(a, slice), a->m[0], a->m[1]);
}

static clcnn_status run_slice_backward(const arguments *a)
{
    return clcnn_slice_backward(a->ctx, DESC(a, slice), a->m[0], a->m[1]);
}

static clcnn_status run_softmax_rows_forward(const arguments *a)
{
    return clcnn_softmax_forward(a->ctx, DESC(a, softmax_rows), a->m[0], a->m[1]);
}

static clcnn_status run_softmax_rows_backward(const arguments *a)
{
    return clcnn_softmax_backward(a->ctx, DESC(a, softmax_rows), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_softmax_forward(const arguments *a)
{
    return clcnn_softmax_cross_entropy_forward(a->ctx, DESC(a, softmax), a->m[0], a->m[1], a->m[2],
                                               a->m[3], a->plan);
}

static clcnn_status run_softmax_backward(const arguments *a)
{
    return clcnn_softmax_cross_entropy_backward(a->ctx, DESC(a, softmax), a->m[0], a->m[1],
                                                a->m[2]);
}

static clcnn_status run_mse_forward(const arguments *a)
{
    return clcnn_mse_forward(a->ctx, DESC(a, mse), a->m[0], a->m[1], a->m[2], a->plan);
}

static clcnn_status run_mse_backward(const arguments *a)
{
    return clcnn_mse_backward(a->ctx, DESC(a, mse), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_l2_forward(const arguments *a)
{
    return clcnn_l2_forward(a->ctx, DESC(a, l2), a->m[0], a->m[1], a->plan);
}

static clcnn_status run_l2_backward(const arguments *a)
{
    return clcnn_l2_backward(a->ctx, DESC(a, l2), a->m[0], a->m[1]);
}

static clcnn_status run_sgd_prepare(const arguments *a)
{
    return clcnn_sgd_prepare(a->ctx, DESC(a, sgd), a->m[0]);
}

static clcnn_status run_sgd_step(const arguments *a)
{
    return clcnn_sgd_step(a->ctx, DESC(a, sgd), a->m[0], a->m[1], a->m[2], a->m[3], a->m[4]);
}

static clcnn_status run_rmsprop_prepare(const arguments *a)
{
    return clcnn_rmsprop_prepare(a->ctx, DESC(a, rmsprop), a->m[0]);
}

static clcnn_status run_rmsprop_step(const arguments *a)
{
    return clcnn_rmsprop_step(a->ctx, DESC(a, rmsprop), a->m[0], a->m[1], a->m[2], a->m[3],
                              a->m[4]);
}

static clcnn_status run_adam_prepare(const arguments *a)
{
    return clcnn_adam_prepare(a->ctx, DESC(a, adam), a->m[0]);
}

static clcnn_status run_adam_step(const arguments *a)
{
    return clcnn_adam_step(a->ctx, DESC(a, adam), a->m[0], a->m[1], a->m[2], a->m[3], a->m[4],
                           a->m[5]);
}

static clcnn_status run_batchnorm_forward(const arguments *a)
{
    const clcnn_batchnorm_mems m = {.x = a->m[0],
                                    .gamma = a->m[1],
                                    .beta = a->m[2],
                                    .running_mean = a->m[3],
                                    .running_var = a->m[4],
                                    .mean = a->m[5],
                                    .rstd = a->m[6],
                                    .y = a->m[7]};
    return clcnn_batchnorm_forward(a->ctx, DESC(a, batchnorm), &m, a->plan);
}

static clcnn_status run_batchnorm_backward(const arguments *a)
{
    const clcnn_batchnorm_mems m = {.x = a->m[0],
                                    .dy = a->m[1],
                                    .gamma = a->m[2],
                                    .mean = a->m[3],
                                    .rstd = a->m[4],
                                    .dx = a->m[5],
                                    .dgamma = a->m[6],
                                    .dbeta = a->m[7]};
    return clcnn_batchnorm_backward(a->ctx, DESC(a, batchnorm), &m, a->plan);
}

static clcnn_status run_batchnorm_fixed_forward(const arguments *a)
{
    const clcnn_batchnorm_mems m = {.x = a->m[0],
                                    .gamma = a->m[1],
                                    .beta = a->m[2],
                                    .running_mean = a->m[3],
                                    .running_var = a->m[4],
                                    .y = a->m[5]};
    return clcnn_batchnorm_forward(a->ctx, DESC(a, batchnorm), &m, NULL);
}

static clcnn_status run_batchnorm_fixed_backward(const arguments *a)
{
    const clcnn_batchnorm_mems m = {.x = a->m[0],
                                    .dy = a->m[1],
                                    .gamma = a->m[2],
                                    .running_mean = a->m[3],
                                    .running_var = a->m[4],
                                    .dx = a->m[5],
                                    .dgamma = a->m[6],
                                    .dbeta = a->m[7]};
    return clcnn_batchnorm_backward(a->ctx, DESC(a, batchnorm), &m, a->plan);
}

static clcnn_status run_batchnorm_fold(const arguments *a)
{
    const clcnn_batchnorm_mems m = {
        .gamma = a->m[0], .beta = a->m[1], .running_mean = a->m[2], .running_var = a->m[3]};
    return clcnn_batchnorm_fold(a->ctx, DESC(a, batchnorm), 5, &m, a->m[4], a->m[5], a->m[6],
                                a->m[7]);
}

static clcnn_status run_layernorm_forward(const arguments *a)
{
    const clcnn_layernorm_mems m = {.x = a->m[0],
                                    .gamma = a->m[1],
                                    .beta = a->m[2],
                                    .mean = a->m[3],
                                    .rstd = a->m[4],
                                    .y = a->m[5]};
    return clcnn_layernorm_forward(a->ctx, DESC(a, layernorm), &m);
}

static clcnn_status run_layernorm_backward(const arguments *a)
{
    const clcnn_layernorm_mems m = {.x = a->m[0],
                                    .dy = a->m[1],
                                    .gamma = a->m[2],
                                    .mean = a->m[3],
                                    .rstd = a->m[4],
                                    .dx = a->m[5],
                                    .dgamma = a->m[6],
                                    .dbeta = a->m[7]};
    return clcnn_layernorm_backward(a->ctx, DESC(a, layernorm), &m, a->plan);
}

static clcnn_status run_add_forward(const arguments *a)
{
    return clcnn_add_forward(a->ctx, DESC(a, add), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_add_backward(const arguments *a)
{
    return clcnn_add_backward(a->ctx, DESC(a, add), a->m[0], a->m[1], a->plan);
}

static clcnn_status run_dropout_prepare(const arguments *a)
{
    return clcnn_dropout_prepare(a->ctx, DESC(a, dropout), a->m[0]);
}

static clcnn_status run_dropout_forward(const arguments *a)
{
    return clcnn_dropout_forward(a->ctx, DESC(a, dropout), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_dropout_backward(const arguments *a)
{
    return clcnn_dropout_backward(a->ctx, DESC(a, dropout), a->m[0], a->m[1], a->m[2]);
}

static clcnn_status run_uniform_fill(const arguments *a)
{
    return clcnn_uniform_fill(a->ctx, DESC(a, uniform), a->m[0]);
}

static clcnn_status run_normal_fill(const arguments *a)
{
    return clcnn_normal_fill(a->ctx, DESC(a, normal), a->m[0]);
}

static clcnn_status run_clip_norm_apply(const arguments *a)
{
    return clcnn_clip_norm_apply(a->ctx, DESC(a, clip_norm), a->m[0], a->m[1], a->m[2], a->m[3],
                                 a->plan);
}

#define PLAN_OF(op, direction)                                                                     \
    static clcnn_status plan_##op##_##direction(clcnn_ctx *ctx, const any_desc *desc,              \
                                                const char *algo, clcnn_plan *plan)                \
    {                                                                                              \
        return clcnn_##op##_plan(ctx, &desc->op, direction, algo, CLCNN_ANY_WORKSPACE, plan);      \
    }
PLAN_OF(conv2d, CLCNN_FORWARD)
PLAN_OF(conv2d, CLCNN_BACKWARD_DATA)
PLAN_OF(conv2d, CLCNN_BACKWARD_WEIGHTS)
PLAN_OF(conv2d_transpose, CLCNN_FORWARD)
PLAN_OF(conv2d_transpose, CLCNN_BACKWARD_DATA)
PLAN_OF(conv2d_transpose, CLCNN_BACKWARD_WEIGHTS)
PLAN_OF(conv1d, CLCNN_FORWARD)
PLAN_OF(conv1d, CLCNN_BACKWARD_DATA)
PLAN_OF(conv1d, CLCNN_BACKWARD_WEIGHTS)
PLAN_OF(dense, CLCNN_FORWARD)
PLAN_OF(dense, CLCNN_BACKWARD_DATA)
PLAN_OF(dense, CLCNN_BACKWARD_WEIGHTS)

static clcnn_status plan_softmax(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                 clcnn_plan *plan)
{
    (void)algo; /* there is one */
    return clcnn_softmax_cross_entropy_plan(ctx, &desc->softmax, plan);
}

static clcnn_status plan_batchnorm_forward(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                           clcnn_plan *plan)
{
    (void)algo;
    return clcnn_batchnorm_plan(ctx, &desc->batchnorm, CLCNN_FORWARD, plan);
}

static clcnn_status plan_batchnorm_backward(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                            clcnn_plan *plan)
{
    (void)algo;
    return clcnn_batchnorm_plan(ctx, &desc->batchnorm, CLCNN_BACKWARD_DATA, plan);
}

static clcnn_status plan_layernorm(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                   clcnn_plan *plan)
{
    (void)algo;
    return clcnn_layernorm_plan(ctx, &desc->layernorm, CLCNN_BACKWARD_DATA, plan);
}

static clcnn_status plan_add(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                             clcnn_plan *plan)
{
    (void)algo;
    return clcnn_add_plan(ctx, &desc->add, CLCNN_BACKWARD_DATA, plan);
}

static clcnn_status plan_mse(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                             clcnn_plan *plan)
{
    (void)algo; /* there is one */
    return clcnn_mse_plan(ctx, &desc->mse, plan);
}

static clcnn_status plan_l2(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                            clcnn_plan *plan)
{
    (void)algo; /* there is one */
    return clcnn_l2_plan(ctx, &desc->l2, plan);
}

static clcnn_status plan_clip_norm(clcnn_ctx *ctx, const any_desc *desc, const char *algo,
                                   clcnn_plan *plan)
{
    (void)algo; /* there is one */
    return clcnn_clip_norm_plan(ctx, &desc->clip_norm, plan);
}

static const device_call calls[] = {
    {"clcnn_activation_forward",
     ACTIVATION,
     {{"x", 37, IN | IN_PLACE}, {"y", 37, OUT | IN_PLACE}},
     .run = run_activation_forward},
    {"clcnn_activation_backward",
     ACTIVATION,
     {{"x", 37, IN | OPTIONAL},
      {"y", 37, IN | OPTIONAL},
      {"dy", 37, IN | IN_PLACE},
      {"dx", 37, OUT | IN_PLACE}},
     .run = run_activation_backward},
    {"clcnn_conv2d_forward",
     CONV2D,
     {{"x", X_CONV, IN}, {"w", W_CONV, IN}, {"b", 4, IN | OPTIONAL}, {"y", Y_CONV, OUT}},
     .run = run_conv2d_forward,
     .plan = plan_conv2d_CLCNN_FORWARD},
    {"clcnn_conv2d_backward_data",
     CONV2D,
     {{"dy", Y_CONV, IN}, {"w", W_CONV, IN}, {"dx", X_CONV, OUT}},
     .run = run_conv2d_backward_data,
     .plan = plan_conv2d_CLCNN_BACKWARD_DATA},
    {"clcnn_conv2d_backward_weights",
     CONV2D,
     {{"x", X_CONV, IN},
      {"dy", Y_CONV, IN},
      {"dw", W_CONV, OUT | OPTIONAL},
      {"db", 4, OUT | OPTIONAL}},
     .run = run_conv2d_backward_weights,
     .plan = plan_conv2d_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_conv2d_pack",
     CONV2D,
     {{"w", W_CONV, IN}},
     .run = run_conv2d_pack,
     .plan = plan_conv2d_CLCNN_FORWARD,
     .packs = true},
    {"clcnn_conv2d_transpose_forward",
     TRANSPOSE,
     {{"x", X_TRANSPOSE, IN}, {"w", W_CONV, IN}, {"b", 2, IN | OPTIONAL}, {"y", X_CONV, OUT}},
     .run = run_conv2d_transpose_forward,
     .plan = plan_conv2d_transpose_CLCNN_FORWARD},
    {"clcnn_conv2d_transpose_backward_data",
     TRANSPOSE,
     {{"dy", X_CONV, IN}, {"w", W_CONV, IN}, {"dx", X_TRANSPOSE, OUT}},
     .run = run_conv2d_transpose_backward_data,
     .plan = plan_conv2d_transpose_CLCNN_BACKWARD_DATA},
    {"clcnn_conv2d_transpose_backward_weights",
     TRANSPOSE,
     {{"x", X_TRANSPOSE, IN},
      {"dy", X_CONV, IN},
      {"dw", W_CONV, OUT | OPTIONAL},
      {"db", 2, OUT | OPTIONAL}},
     .run = run_conv2d_transpose_backward_weights,
     .plan = plan_conv2d_transpose_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_conv2d_transpose_pack",
     TRANSPOSE,
     {{"w", W_CONV, IN}},
     .run = run_conv2d_transpose_pack,
     .plan = plan_conv2d_transpose_CLCNN_FORWARD,
     .packs = true},
    {"clcnn_conv1d_forward",
     CONV1D,
     {{"x", 36, IN}, {"w", 12, IN}, {"b", 4, IN | OPTIONAL}, {"y", 64, OUT}},
     .run = run_conv1d_forward,
     .plan = plan_conv1d_CLCNN_FORWARD},
    {"clcnn_conv1d_backward_data",
     CONV1D,
     {{"dy", 64, IN}, {"w", 12, IN}, {"dx", 36, OUT}},
     .run = run_conv1d_backward_data,
     .plan = plan_conv1d_CLCNN_BACKWARD_DATA},
    {"clcnn_conv1d_backward_weights",
     CONV1D,
     {{"x", 36, IN}, {"dy", 64, IN}, {"dw", 12, OUT | OPTIONAL}, {"db", 4, OUT | OPTIONAL}},
     .run = run_conv1d_backward_weights,
     .plan = plan_conv1d_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_conv1d_pack",
     CONV1D,
     {{"w", 12, IN}},
     .run = run_conv1d_pack,
     .plan = plan_conv1d_CLCNN_FORWARD,
     .packs = true},
    {"clcnn_correlate1d_forward",
     CORRELATE1D,
     {{"a", 9, IN}, {"b", 4, IN}, {"y", 9, OUT}},
     .run = run_correlate1d_forward},
    {"clcnn_dense_forward",
     DENSE,
     {{"x", 15, IN}, {"w", 20, IN}, {"b", 4, IN | OPTIONAL}, {"y", 12, OUT}},
     .run = run_dense_forward,
     .plan = plan_dense_CLCNN_FORWARD},
    {"clcnn_dense_backward_data",
     DENSE,
     {{"dy", 12, IN}, {"w", 20, IN}, {"dx", 15, OUT}},
     .run = run_dense_backward_data,
     .plan = plan_dense_CLCNN_BACKWARD_DATA},
    {"clcnn_dense_backward_weights",
     DENSE,
     {{"x", 15, IN}, {"dy", 12, IN}, {"dw", 20, OUT | OPTIONAL}, {"db", 4, OUT | OPTIONAL}},
     .run = run_dense_backward_weights,
     .plan = plan_dense_CLCNN_BACKWARD_WEIGHTS},
    {"clcnn_dense_pack",
     DENSE,
     {{"w", 20, IN}},
     .run = run_dense_pack,
     .plan = plan_dense_CLCNN_FORWARD,
     .packs = true},
    {"clcnn_maxpool2d_forward",
     MAXPOOL2D,
     {{"x", X_POOL, IN}, {"y", Y_POOL, OUT}, {"argmax", Y_POOL, OUT | OPTIONAL | INDEX}},
     .run = run_maxpool2d_forward},
    {"clcnn_maxpool2d_backward",
     MAXPOOL2D,
     {{"dy", Y_POOL, IN}, {"argmax", Y_POOL, IN | INDEX}, {"dx", X_POOL, OUT}},
     .run = run_maxpool2d_backward},
    {"clcnn_avgpool2d_forward",
     AVGPOOL2D,
     {{"x", X_POOL, IN}, {"y", Y_POOL, OUT}},
     .run = run_avgpool2d_forward},
    {"clcnn_avgpool2d_backward",
     AVGPOOL2D,
     {{"dy", Y_POOL, IN}, {"dx", X_POOL, OUT}},
     .run = run_avgpool2d_backward},
    {"clcnn_im2col_forward",
     IM2COL,
     {{"x", IMAGE, IN}, {"y", MATRIX, OUT}},
     .run = run_im2col_forward},
    {"clcnn_col2im_forward",
     IM2COL,
     {{"x", MATRIX, IN}, {"y", IMAGE, OUT}},
     .run = run_col2im_forward},
    {"clcnn_pad2d_forward",
     PAD2D,
     {{"x", X_POOL, IN}, {"y", Y_PAD, OUT}},
     .run = run_pad2d_forward},
    {"clcnn_pad2d_backward",
     PAD2D,
     {{"dy", Y_PAD, IN}, {"dx", X_POOL, OUT}},
     .run = run_pad2d_backward},
    {"clcnn_adaptive_avgpool2d_forward",
     ADAPTIVE,
     {{"x", X_POOL, IN}, {"y", Y_ADAPTIVE, OUT}},
     .run = run_adaptive_avgpool2d_forward},
    {"clcnn_adaptive_avgpool2d_backward",
     ADAPTIVE,
     {{"dy", Y_ADAPTIVE, IN}, {"dx", X_POOL, OUT}},
     .run = run_adaptive_avgpool2d_backward},
    {"clcnn_upsample2d_forward",
     UPSAMPLE2D,
     {{"x", X_UPSAMPLE, IN}, {"y", Y_UPSAMPLE, OUT}},
     .run = run_upsample2d_forward},
    {"clcnn_upsample2d_backward",
     UPSAMPLE2D,
     {{"dy", Y_UPSAMPLE, IN}, {"dx", X_UPSAMPLE, OUT}},
     .run = run_upsample2d_backward},
    {"clcnn_concat_forward",
     CONCAT,
     {{"x[0]", 24, IN}, {"x[1]", 12, IN}, {"y", 36, OUT}},
     .run = run_concat_forward},
    {"clcnn_concat_backward",
     CONCAT,
     {{"dx[0]", 24, OUT | OPTIONAL}, {"dx[1]", 12, OUT | OPTIONAL}, {"dy", 36, IN}},
     .run = run_concat_backward},
    {"clcnn_slice_forward", SLICE, {{"x", 36, IN}, {"y", 12, OUT}}, .run = run_slice_forward},
    {"clcnn_slice_backward", SLICE, {{"dy", 12, IN}, {"dx", 36, OUT}}, .run = run_slice_backward},
    {"clcnn_softmax_forward",
     SOFTMAX_ROWS,
     {{"x", 15, IN | IN_PLACE}, {"y", 15, OUT | IN_PLACE}},
     .run = run_softmax_rows_forward},
    {"clcnn_softmax_backward",
     SOFTMAX_ROWS,
     {{"y", 15, IN}, {"dy", 15, IN | IN_PLACE}, {"dx", 15, OUT | IN_PLACE}},
     .run = run_softmax_rows_backward},
    {"clcnn_softmax_cross_entropy_forward",
     SOFTMAX,
     {{"x", 15, IN},
      {"labels", 3, IN | INDEX},
      {"y", 15, OUT | OPTIONAL},
      {"loss", 1, OUT | OPTIONAL}},
     .run = run_softmax_forward,
     .plan = plan_softmax},
    {"clcnn_softmax_cross_entropy_backward",
     SOFTMAX,
     {{"y", 15, IN | IN_PLACE}, {"labels", 3, IN | INDEX}, {"dx", 15, OUT | IN_PLACE}},
     .run = run_softmax_backward},
    {"clcnn_mse_forward",
     MSE,
     {{"x", 20, IN}, {"target", 20, IN}, {"loss", 1, OUT}},
     .run = run_mse_forward,
     .plan = plan_mse},
    {"clcnn_mse_backward",
     MSE,
     {{"x", 20, IN}, {"target", 20, IN}, {"dx", 20, OUT}},
     .run = run_mse_backward},
    {"clcnn_l2_forward",
     L2,
     {{"w", 20, IN}, {"loss", 1, OUT}},
     .run = run_l2_forward,
     .plan = plan_l2},
    {"clcnn_l2_backward", L2, {{"w", 20, IN}, {"dw", 20, OUT}}, .run = run_l2_backward},
    {"clcnn_sgd_prepare", SGD, {{"block", CLCNN_OPTIMISER_BLOCK, OUT}}, .run = run_sgd_prepare},
    {"clcnn_sgd_step",
     SGD,
     {{"param", 20, IN | OUT},
      {"grad", 20, IN},
      {"velocity", 20, IN | OUT},
      {"table", 8, IN},
      {"block", CLCNN_OPTIMISER_BLOCK, IN}},
     .run = run_sgd_step,
     .ignores = IGNORES_RATES},
    {"clcnn_rmsprop_prepare",
     RMSPROP,
     {{"block", CLCNN_OPTIMISER_BLOCK, OUT}},
     .run = run_rmsprop_prepare},
    {"clcnn_rmsprop_step",
     RMSPROP,
     {{"param", 20, IN | OUT},
      {"grad", 20, IN},
      {"square_avg", 20, IN | OUT},
      {"table", 8, IN},
      {"block", CLCNN_OPTIMISER_BLOCK, IN}},
     .run = run_rmsprop_step,
     .ignores = IGNORES_RATES},
    {"clcnn_adam_prepare", ADAM, {{"block", CLCNN_OPTIMISER_BLOCK, OUT}}, .run = run_adam_prepare},
    {"clcnn_adam_step",
     ADAM,
     {{"param", 20, IN | OUT},
      {"grad", 20, IN},
      {"m", 20, IN | OUT},
      {"v", 20, IN | OUT},
      {"table", 8, IN},
      {"block", CLCNN_OPTIMISER_BLOCK, IN}},
     .run = run_adam_step,
     .ignores = IGNORES_RATES},
    {"clcnn_batchnorm_forward",
     BATCHNORM,
     {{"x", 24, IN},
      {"gamma", 3, IN | OPTIONAL},
      {"beta", 3, IN | OPTIONAL},
      {"running_mean", 3, IN | OUT | OPTIONAL},
      {"running_var", 3, IN | OUT | OPTIONAL},
      {"mean", 3, OUT},
      {"rstd", 3, OUT},
      {"y", 24, OUT}},
     .run = run_batchnorm_forward,
     .plan = plan_batchnorm_forward,
     .bare = true},
    {"clcnn_batchnorm_backward",
     BATCHNORM,
     {{"x", 24, IN},
      {"dy", 24, IN},
      {"gamma", 3, IN | OPTIONAL},
      {"mean", 3, IN},
      {"rstd", 3, IN},
      {"dx", 24, OUT | OPTIONAL},
      {"dgamma", 3, OUT | OPTIONAL},
      {"dbeta", 3, OUT | OPTIONAL}},
     .run = run_batchnorm_backward,
     .plan = plan_batchnorm_backward},
    {"clcnn_batchnorm_forward",
     BATCHNORM_INFERENCE,
     {{"x", 24, IN},
      {"gamma", 3, IN | OPTIONAL},
      {"beta", 3, IN | OPTIONAL},
      {"running_mean", 3, IN},
      {"running_var", 3, IN},
      {"y", 24, OUT}},
     .run = run_batchnorm_fixed_forward,
     .bare = true},
    {"clcnn_batchnorm_backward",
     BATCHNORM_INFERENCE,
     {{"x", 24, IN},
      {"dy", 24, IN},
      {"gamma", 3, IN | OPTIONAL},
      {"running_mean", 3, IN},
      {"running_var", 3, IN},
      {"dx", 24, OUT | OPTIONAL},
      {"dgamma", 3, OUT | OPTIONAL},
      {"dbeta", 3, OUT | OPTIONAL}},
     .run = run_batchnorm_fixed_backward,
     .plan = plan_batchnorm_backward},
    {"clcnn_add_forward",
     ADD,
     {{"a", 24, IN | IN_PLACE}, {"b", 24, IN | IN_PLACE}, {"y", 24, OUT | IN_PLACE}},
     .run = run_add_forward},
    {"clcnn_add_forward",
     ADD_BIAS,
     {{"a", 24, IN | IN_PLACE}, {"b", 3, IN}, {"y", 24, OUT | IN_PLACE}},
     .run = run_add_forward},
    {"clcnn_add_backward", ADD, {{"dy", 24, IN}, {"db", 24, OUT}}, .run = run_add_backward},
    {"clcnn_add_backward",
     ADD_BIAS,
     {{"dy", 24, IN}, {"db", 3, OUT}},
     .run = run_add_backward,
     .plan = plan_add},
    {"clcnn_dropout_prepare",
     DROPOUT,
     {{"block", CLCNN_DROPOUT_BLOCK, OUT}},
     .run = run_dropout_prepare,
     .ignores = IGNORES_SIZES},
    {"clcnn_dropout_forward",
     DROPOUT,
     {{"x", 37, IN | IN_PLACE}, {"block", CLCNN_DROPOUT_BLOCK, IN}, {"y", 37, OUT | IN_PLACE}},
     .run = run_dropout_forward,
     .ignores = IGNORES_STEP},
    {"clcnn_dropout_backward",
     DROPOUT,
     {{"dy", 37, IN | IN_PLACE}, {"block", CLCNN_DROPOUT_BLOCK, IN}, {"dx", 37, OUT | IN_PLACE}},
     .run = run_dropout_backward,
     .ignores = IGNORES_STEP},
    {"clcnn_uniform_fill", UNIFORM, {{"y", 37, OUT}}, .run = run_uniform_fill},
    {"clcnn_normal_fill", NORMAL, {{"y", 37, OUT}}, .run = run_normal_fill},
    {"clcnn_layernorm_forward",
     LAYERNORM,
     {{"x", 24, IN},
      {"gamma", 6, IN | OPTIONAL},
      {"beta", 6, IN | OPTIONAL},
      {"mean", 4, OUT | OPTIONAL},
      {"rstd", 4, OUT | OPTIONAL},
      {"y", 24, OUT}},
     .run = run_layernorm_forward,
     .bare = true},
    {"clcnn_layernorm_backward",
     LAYERNORM,
     {{"x", 24, IN},
      {"dy", 24, IN},
      {"gamma", 6, IN | OPTIONAL},
      {"mean", 4, IN},
      {"rstd", 4, IN},
      {"dx", 24, OUT | OPTIONAL},
      {"dgamma", 6, OUT | OPTIONAL},
      {"dbeta", 6, OUT | OPTIONAL}},
     .run = run_layernorm_backward,
     .plan = plan_layernorm},
    {"clcnn_batchnorm_fold",
     BATCHNORM_INFERENCE,
     {{"gamma", 3, IN | OPTIONAL},
      {"beta", 3, IN | OPTIONAL},
      {"running_mean", 3, IN},
      {"running_var", 3, IN},
      {"w", 15, IN | IN_PLACE},
      {"b", 3, IN | OPTIONAL | IN_PLACE},
      {"folded_w", 15, OUT | IN_PLACE},
      {"folded_b", 3, OUT | IN_PLACE}},
     .run = run_batchnorm_fold,
     .bare = true,
     .ignores = IGNORES_SIZES},
    {"clcnn_clip_norm_apply",
     CLIP_NORM,
     {{"grad", 20, IN},
      {"table", 8, IN},
      {"norm", 1, OUT | OPTIONAL},
      {"block", CLCNN_OPTIMISER_BLOCK, IN | OUT}},
     .run = run_clip_norm_apply,
     .plan = plan_clip_norm},
};
enum { CALLS = sizeof calls / sizeof *calls };

/* ---------------------------------------------------------------------------------------------
 * Fields of descriptors
 */
typedef enum field_type { INT, REAL, STEP } field_type;

typedef struct field {
    op_kind op;
    const char *name;
    field_type type;
    size_t offset;
    double value;
    clcnn_status status;
    const char *piece; /* of the sentence */
    unsigned ignored;  /* by functions with one of these bits */
} field;

#define BAD CLCNN_INVALID_ARGUMENT
#define TOO_MUCH CLCNN_UNSUPPORTED
#define ROW(op, type, member, kind, value, status, piece)                                          \
    {                                                                                              \
        op, #member, kind, offsetof(type, member), value, status, piece, 0                         \
    }
#define ACTIVATION_ROW(member, ...) ROW(ACTIVATION, clcnn_activation, member, __VA_ARGS__)
#define CONV2D_ROW(member, ...) ROW(CONV2D, clcnn_conv2d, member, __VA_ARGS__)
#define DENSE_ROW(member, ...) ROW(DENSE, clcnn_dense, member, __VA_ARGS__)
#define MAXPOOL2D_ROW(member, ...) ROW(MAXPOOL2D, clcnn_maxpool2d, member, __VA_ARGS__)
#define AVGPOOL2D_ROW(member, ...) ROW(AVGPOOL2D, clcnn_avgpool2d, member, __VA_ARGS__)
#define IM2COL_ROW(member, ...) ROW(IM2COL, clcnn_im2col, member, __VA_ARGS__)
#define PAD2D_ROW(member, ...) ROW(PAD2D, clcnn_pad2d, member, __VA_ARGS__)
#define ADAPTIVE_ROW(member, ...) ROW(ADAPTIVE, clcnn_adaptive_avgpool2d, member, __VA_ARGS__)
#define UPSAMPLE2D_ROW(member, ...) ROW(UPSAMPLE2D, clcnn_upsample2d, member, __VA_ARGS__)
#define SOFTMAX_ROW(member, ...) ROW(SOFTMAX, clcnn_softmax_cross_entropy, member, __VA_ARGS__)
#define ADAM_ROW(member, ...) ROW(ADAM, clcnn_adam, member, __VA_ARGS__)
#define RATE_OF(op, type, member, value)                                                           \
    {                                                                                              \
        op, #member, REAL, offsetof(type, member), value, BAD, #member, IGNORES_RATES              \
    }
#define RATE_ROW(member, value) RATE_OF(ADAM, clcnn_adam, member, value)
#define SGD_RATE_ROW(member, value) RATE_OF(SGD, clcnn_sgd, member, value)
#define RMSPROP_RATE_ROW(member, value) RATE_OF(RMSPROP, clcnn_rmsprop, member, value)

#define SIZE_ROW(member, value, status, piece)                                                     \
    {BATCHNORM, #member, INT, offsetof(clcnn_batchnorm, member), value, status, piece, 0},         \
    {                                                                                              \
        BATCHNORM_INFERENCE, #member, INT, offsetof(clcnn_batchnorm, member), value, status,       \
            piece, IGNORES_SIZES                                                                   \
    }
#define NUMBER_ROW(member, value, piece)                                                           \
    {BATCHNORM, #member, REAL, offsetof(clcnn_batchnorm, member), value, BAD, piece, 0},           \
    {                                                                                              \
        BATCHNORM_INFERENCE, #member, REAL, offsetof(clcnn_batchnorm, member), value, BAD, piece,  \
            IGNORES_SIZES                                                                          \
    }

#define LAYERNORM_ROW(member, ...) ROW(LAYERNORM, clcnn_layernorm, member, __VA_ARGS__)

#define ADD_ROW(member, ...) ROW(ADD, clcnn_add, member, __VA_ARGS__)

#define DROPOUT_ROW(member, kind, value, piece, ignored)                                           \
    {                                                                                              \
        DROPOUT, #member, kind, offsetof(clcnn_dropout, member), value, BAD, piece, ignored        \
    }

static const field fields[] = {
    DROPOUT_ROW(count, INT, -1, "-1", IGNORES_SIZES),
    DROPOUT_ROW(drop, REAL, -0.1, "-0.1", IGNORES_SIZES),
    DROPOUT_ROW(drop, REAL, 1, "drop", IGNORES_SIZES),
    DROPOUT_ROW(drop, REAL, NAN, "drop", IGNORES_SIZES),
    DROPOUT_ROW(step, STEP, -1, "-1", IGNORES_STEP),
    ROW(UNIFORM, clcnn_uniform, count, INT, -1, BAD, "-1"),
    ROW(UNIFORM, clcnn_uniform, low, REAL, 1, BAD, "low"),
    ROW(UNIFORM, clcnn_uniform, low, REAL, NAN, BAD, "low"),
    ROW(UNIFORM, clcnn_uniform, low, REAL, -INFINITY, BAD, "low"),
    ROW(UNIFORM, clcnn_uniform, high, REAL, -1, BAD, "high"),
    ROW(UNIFORM, clcnn_uniform, high, REAL, 1e39, BAD, "high"),
    ROW(UNIFORM, clcnn_uniform, high, REAL, NAN, BAD, "high"),
    ROW(NORMAL, clcnn_normal, count, INT, -1, BAD, "-1"),
    ROW(NORMAL, clcnn_normal, mean, REAL, NAN, BAD, "mean"),
    ROW(NORMAL, clcnn_normal, mean, REAL, 1e39, BAD, "mean"),
    ROW(NORMAL, clcnn_normal, deviation, REAL, -1, BAD, "deviation"),
    ROW(NORMAL, clcnn_normal, deviation, REAL, NAN, BAD, "deviation"),
    ROW(NORMAL, clcnn_normal, deviation, REAL, 1e39, BAD, "deviation"),
    ADD_ROW(n, INT, 0, BAD, "0"),
    ADD_ROW(n, INT, -1, BAD, "-1"),
    ADD_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    ADD_ROW(c, INT, 0, BAD, "0"),
    ADD_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    ADD_ROW(h, INT, -1, BAD, "-1"),
    ADD_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    ADD_ROW(w, INT, -3, BAD, "-3"),
    ADD_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    ADD_ROW(activation, INT, -1, BAD, "-1"),
    ADD_ROW(activation, INT, 99, BAD, "99"),
    ADD_ROW(alpha, REAL, NAN, BAD, "alpha"),
    ROW(ADD_BIAS, clcnn_add, c, INT, -3, BAD, "-3"),
    ROW(ADD_BIAS, clcnn_add, n, INT, -3, BAD, "-3"),
    ROW(ADD_BIAS, clcnn_add, activation, INT, 9, BAD, "9"),
    LAYERNORM_ROW(n, INT, 0, BAD, "0"),
    LAYERNORM_ROW(n, INT, -1, BAD, "-1"),
    LAYERNORM_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    LAYERNORM_ROW(d, INT, 0, BAD, "0"),
    LAYERNORM_ROW(d, INT, -1, BAD, "-1"),
    LAYERNORM_ROW(d, INT, INT_MAX, TOO_MUCH, ""),
    LAYERNORM_ROW(eps, REAL, -1e-5, BAD, "eps"),
    LAYERNORM_ROW(eps, REAL, NAN, BAD, "eps"),
    LAYERNORM_ROW(eps, REAL, INFINITY, BAD, "eps"),
    SIZE_ROW(n, 0, BAD, "0"),
    SIZE_ROW(n, -1, BAD, "-1"),
    SIZE_ROW(n, INT_MAX, TOO_MUCH, ""),
    ROW(BATCHNORM, clcnn_batchnorm, c, INT, 0, BAD, "0"),
    ROW(BATCHNORM_INFERENCE, clcnn_batchnorm, c, INT, -1, BAD, "-1"),
    SIZE_ROW(c, INT_MAX, TOO_MUCH, ""),
    SIZE_ROW(h, -2, BAD, "-2"),
    SIZE_ROW(h, INT_MAX, TOO_MUCH, ""),
    SIZE_ROW(w, -1, BAD, "-1"),
    SIZE_ROW(w, INT_MAX, TOO_MUCH, ""),
    NUMBER_ROW(momentum, -0.1, "-0.1"),
    NUMBER_ROW(momentum, 1.5, "1.5"),
    NUMBER_ROW(momentum, NAN, "momentum"),
    ROW(BATCHNORM, clcnn_batchnorm, activation, INT, -1, BAD, "-1"),
    ROW(BATCHNORM, clcnn_batchnorm, activation, INT, 9, BAD, "9"),
    ROW(BATCHNORM, clcnn_batchnorm, activation, INT, CLCNN_ELU, TOO_MUCH, "leaky"),
    ROW(BATCHNORM, clcnn_batchnorm, alpha, REAL, NAN, BAD, "alpha"),
    ROW(BATCHNORM, clcnn_batchnorm, eps, REAL, -1e-5, BAD, "eps"),
    ROW(BATCHNORM, clcnn_batchnorm, eps, REAL, NAN, BAD, "eps"),
    ROW(BATCHNORM_INFERENCE, clcnn_batchnorm, eps, REAL, INFINITY, BAD, "eps"),
    ROW(BATCHNORM_INFERENCE, clcnn_batchnorm, eps, REAL, -1, BAD, "eps"),

    ACTIVATION_ROW(count, INT, -1, BAD, "-1"),
    ACTIVATION_ROW(count, INT, INT_MIN, BAD, "count"),
    ACTIVATION_ROW(kind, INT, -1, BAD, "-1"),
    ACTIVATION_ROW(kind, INT, 99, BAD, "99"),
    ACTIVATION_ROW(kind, INT, CLCNN_GELU_TANH + 1, BAD, "9"),
    ACTIVATION_ROW(alpha, REAL, NAN, BAD, "alpha"),
    ACTIVATION_ROW(alpha, REAL, 1e39, BAD, "1e+39"),

    CONV2D_ROW(n, INT, 0, BAD, "0"),
    CONV2D_ROW(n, INT, -1, BAD, "-1"),
    CONV2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(c, INT, 0, BAD, "0"),
    CONV2D_ROW(c, INT, -2, BAD, "-2"),
    CONV2D_ROW(c, INT, 3, BAD, "3"),
    CONV2D_ROW(c, INT, INT_MAX - 1, TOO_MUCH, ""),
    CONV2D_ROW(h, INT, 0, BAD, "0"),
    CONV2D_ROW(h, INT, -5, BAD, "-5"),
    CONV2D_ROW(h, INT, INT_MAX - 2, TOO_MUCH, ""),
    CONV2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(w, INT, 0, BAD, "0"),
    CONV2D_ROW(w, INT, -1, BAD, "-1"),
    CONV2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(k, INT, 0, BAD, "0"),
    CONV2D_ROW(k, INT, -4, BAD, "-4"),
    CONV2D_ROW(k, INT, 3, BAD, "3"),
    CONV2D_ROW(k, INT, INT_MAX - 1, TOO_MUCH, ""),
    CONV2D_ROW(r, INT, 0, BAD, "0"),
    CONV2D_ROW(r, INT, -1, BAD, "-1"),
    CONV2D_ROW(r, INT, 8, BAD, "8"),
    CONV2D_ROW(r, INT, INT_MAX, BAD, "2147483647"),
    CONV2D_ROW(s, INT, 0, BAD, "0"),
    CONV2D_ROW(s, INT, -3, BAD, "-3"),
    CONV2D_ROW(s, INT, 7, BAD, "7"),
    CONV2D_ROW(pad_top, INT, -1, BAD, "-1"),
    CONV2D_ROW(pad_top, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(pad_left, INT, -1, BAD, "-1"),
    CONV2D_ROW(pad_left, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(pad_bottom, INT, -1, BAD, "-1"),
    CONV2D_ROW(pad_bottom, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(pad_right, INT, -1, BAD, "-1"),
    CONV2D_ROW(pad_right, INT, INT_MAX, TOO_MUCH, ""),
    CONV2D_ROW(stride_h, INT, -1, BAD, "-1"),
    CONV2D_ROW(stride_w, INT, -1, BAD, "-1"),
    CONV2D_ROW(dilation_h, INT, -1, BAD, "-1"),
    CONV2D_ROW(dilation_h, INT, 4, BAD, "4"),
    CONV2D_ROW(dilation_h, INT, INT_MAX, BAD, "2147483647"),
    CONV2D_ROW(dilation_w, INT, -1, BAD, "-1"),
    CONV2D_ROW(dilation_w, INT, 3, BAD, "3"),
    CONV2D_ROW(groups, INT, -1, BAD, "-1"),
    CONV2D_ROW(groups, INT, 3, BAD, "3"),
    CONV2D_ROW(groups, INT, 4, BAD, "4"),
    CONV2D_ROW(groups, INT, INT_MAX, BAD, "2147483647"),
    CONV2D_ROW(activation, INT, -1, BAD, "-1"),
    CONV2D_ROW(activation, INT, 99, BAD, "99"),
    CONV2D_ROW(alpha, REAL, NAN, BAD, "alpha"),
    CONV2D_ROW(alpha, REAL, INFINITY, BAD, "alpha"),

    ROW(TRANSPOSE, clcnn_conv2d_transpose, n, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, n, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, h, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, h, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, w, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, w, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, r, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, r, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, s, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, s, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, c, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, c, INT, 3, BAD, "3"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, k, INT, 0, BAD, "0"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, k, INT, -2, BAD, "-2"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, k, INT, 3, BAD, "3"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, c, INT, INT_MAX - 1, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, k, INT, INT_MAX - 1, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, h, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, r, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_top, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_left, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_bottom, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_right, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_h, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_w, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, stride_h, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, stride_w, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, dilation_h, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, dilation_w, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, groups, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_top, INT, 6, BAD, "6"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_bottom, INT, INT_MAX, BAD, "2147483647"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_left, INT, 5, BAD, "5"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, pad_right, INT, 5, BAD, "5"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_h, INT, 2, BAD, "output_pad"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_w, INT, 2, BAD, "output_pad"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, output_pad_w, INT, INT_MAX, BAD, "2147483647"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, stride_h, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, dilation_w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, groups, INT, 3, BAD, "3"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, groups, INT, 4, BAD, "4"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, activation, INT, -1, BAD, "-1"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, activation, INT, 99, BAD, "99"),
    ROW(TRANSPOSE, clcnn_conv2d_transpose, alpha, REAL, NAN, BAD, "alpha"),

    ROW(CONV1D, clcnn_conv1d, n, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, n, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, w, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, w, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, s, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, s, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, k, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, k, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, c, INT, 0, BAD, "0"),
    ROW(CONV1D, clcnn_conv1d, c, INT, -2, BAD, "-2"),
    ROW(CONV1D, clcnn_conv1d, c, INT, 3, BAD, "3"),
    ROW(CONV1D, clcnn_conv1d, k, INT, 3, BAD, "3"),
    ROW(CONV1D, clcnn_conv1d, s, INT, 11, BAD, "11"),
    ROW(CONV1D, clcnn_conv1d, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, pad_left, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, pad_right, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, c, INT, INT_MAX - 1, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, k, INT, INT_MAX - 1, TOO_MUCH, ""),
    ROW(CONV1D, clcnn_conv1d, pad_left, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, pad_right, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, stride, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, dilation, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, groups, INT, -1, BAD, "-1"),
    ROW(CONV1D, clcnn_conv1d, dilation, INT, 5, BAD, "5"),
    ROW(CONV1D, clcnn_conv1d, groups, INT, 3, BAD, "3"),
    ROW(CONV1D, clcnn_conv1d, activation, INT, 99, BAD, "99"),
    ROW(CONV1D, clcnn_conv1d, alpha, REAL, NAN, BAD, "alpha"),

    ROW(CORRELATE1D, clcnn_correlate1d, a, INT, 0, BAD, "0"),
    ROW(CORRELATE1D, clcnn_correlate1d, a, INT, -1, BAD, "-1"),
    ROW(CORRELATE1D, clcnn_correlate1d, b, INT, 0, BAD, "0"),
    ROW(CORRELATE1D, clcnn_correlate1d, b, INT, -1, BAD, "-1"),
    ROW(CORRELATE1D, clcnn_correlate1d, mode, INT, -1, BAD, "-1"),
    ROW(CORRELATE1D, clcnn_correlate1d, mode, INT, 3, BAD, "3"),

    DENSE_ROW(n, INT, 0, BAD, "0"),
    DENSE_ROW(n, INT, -1, BAD, "-1"),
    DENSE_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    DENSE_ROW(c, INT, 0, BAD, "0"),
    DENSE_ROW(c, INT, -1, BAD, "-1"),
    DENSE_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    DENSE_ROW(k, INT, 0, BAD, "0"),
    DENSE_ROW(k, INT, -1, BAD, "-1"),
    DENSE_ROW(k, INT, INT_MAX, TOO_MUCH, ""),
    DENSE_ROW(activation, INT, -1, BAD, "-1"),
    DENSE_ROW(activation, INT, 99, BAD, "99"),
    DENSE_ROW(alpha, REAL, NAN, BAD, "alpha"),

    MAXPOOL2D_ROW(n, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(n, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    MAXPOOL2D_ROW(c, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(c, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    MAXPOOL2D_ROW(h, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(h, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    MAXPOOL2D_ROW(w, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(w, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    MAXPOOL2D_ROW(r, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(r, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(r, INT, 6, BAD, "6"),
    MAXPOOL2D_ROW(r, INT, INT_MAX, BAD, "2147483647"),
    MAXPOOL2D_ROW(s, INT, 0, BAD, "0"),
    MAXPOOL2D_ROW(s, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(s, INT, 5, BAD, "5"),
    MAXPOOL2D_ROW(pad_top, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(pad_top, INT, 2, BAD, "padding"),
    MAXPOOL2D_ROW(pad_left, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(pad_left, INT, 2, BAD, "padding"),
    MAXPOOL2D_ROW(pad_bottom, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(pad_bottom, INT, 3, BAD, "padding"),
    MAXPOOL2D_ROW(pad_right, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(pad_right, INT, 2, BAD, "padding"),
    MAXPOOL2D_ROW(stride_h, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(stride_w, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(dilation_h, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(dilation_h, INT, 5, BAD, "5"),
    MAXPOOL2D_ROW(dilation_w, INT, -1, BAD, "-1"),
    MAXPOOL2D_ROW(dilation_w, INT, INT_MAX, BAD, "2147483647"),

    AVGPOOL2D_ROW(n, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(n, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    AVGPOOL2D_ROW(c, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(c, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    AVGPOOL2D_ROW(h, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(h, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    AVGPOOL2D_ROW(w, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(w, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    AVGPOOL2D_ROW(r, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(r, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(r, INT, 6, BAD, "6"),
    AVGPOOL2D_ROW(r, INT, INT_MAX, BAD, "2147483647"),
    AVGPOOL2D_ROW(s, INT, 0, BAD, "0"),
    AVGPOOL2D_ROW(s, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(s, INT, 5, BAD, "5"),
    AVGPOOL2D_ROW(pad_top, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(pad_top, INT, 2, BAD, "padding"),
    AVGPOOL2D_ROW(pad_left, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(pad_left, INT, 2, BAD, "padding"),
    AVGPOOL2D_ROW(pad_bottom, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(pad_bottom, INT, 3, BAD, "padding"),
    AVGPOOL2D_ROW(pad_right, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(pad_right, INT, 2, BAD, "padding"),
    AVGPOOL2D_ROW(stride_h, INT, -1, BAD, "-1"),
    AVGPOOL2D_ROW(stride_w, INT, -1, BAD, "-1"),

    IM2COL_ROW(n, INT, 0, BAD, "0"),
    IM2COL_ROW(n, INT, -1, BAD, "-1"),
    IM2COL_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(c, INT, 0, BAD, "0"),
    IM2COL_ROW(c, INT, -1, BAD, "-1"),
    IM2COL_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(h, INT, 0, BAD, "0"),
    IM2COL_ROW(h, INT, -1, BAD, "-1"),
    IM2COL_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(w, INT, 0, BAD, "0"),
    IM2COL_ROW(w, INT, -1, BAD, "-1"),
    IM2COL_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(r, INT, 0, BAD, "0"),
    IM2COL_ROW(r, INT, -1, BAD, "-1"),
    IM2COL_ROW(r, INT, 6, BAD, "6"),
    IM2COL_ROW(r, INT, INT_MAX, BAD, "2147483647"),
    IM2COL_ROW(s, INT, 0, BAD, "0"),
    IM2COL_ROW(s, INT, -1, BAD, "-1"),
    IM2COL_ROW(pad_top, INT, -1, BAD, "-1"),
    IM2COL_ROW(pad_left, INT, -1, BAD, "-1"),
    IM2COL_ROW(pad_bottom, INT, -1, BAD, "-1"),
    IM2COL_ROW(pad_right, INT, -1, BAD, "-1"),
    IM2COL_ROW(stride_h, INT, -1, BAD, "-1"),
    IM2COL_ROW(stride_w, INT, -1, BAD, "-1"),
    IM2COL_ROW(dilation_h, INT, -1, BAD, "-1"),
    IM2COL_ROW(dilation_h, INT, 5, BAD, "5"),
    IM2COL_ROW(dilation_w, INT, -1, BAD, "-1"),
    IM2COL_ROW(dilation_w, INT, INT_MAX, BAD, "2147483647"),
    IM2COL_ROW(s, INT, 7, BAD, "7"),
    IM2COL_ROW(pad_top, INT, INT_MAX, TOO_MUCH, ""),
    IM2COL_ROW(pad_right, INT, INT_MAX, TOO_MUCH, ""),

    PAD2D_ROW(n, INT, 0, BAD, "0"),
    PAD2D_ROW(n, INT, -1, BAD, "-1"),
    PAD2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(c, INT, 0, BAD, "0"),
    PAD2D_ROW(c, INT, -1, BAD, "-1"),
    PAD2D_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(h, INT, 0, BAD, "0"),
    PAD2D_ROW(h, INT, -1, BAD, "-1"),
    PAD2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(w, INT, 0, BAD, "0"),
    PAD2D_ROW(w, INT, -1, BAD, "-1"),
    PAD2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(pad_top, INT, -1, BAD, "-1"),
    PAD2D_ROW(pad_top, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(pad_left, INT, -1, BAD, "-1"),
    PAD2D_ROW(pad_left, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(pad_bottom, INT, -1, BAD, "-1"),
    PAD2D_ROW(pad_bottom, INT, INT_MAX, TOO_MUCH, ""),
    PAD2D_ROW(pad_right, INT, -1, BAD, "-1"),
    PAD2D_ROW(pad_right, INT, INT_MAX, TOO_MUCH, ""),

    ADAPTIVE_ROW(n, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(n, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(c, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(c, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(h, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(h, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(w, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(w, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(p, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(p, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(p, INT, INT_MAX, TOO_MUCH, ""),
    ADAPTIVE_ROW(q, INT, 0, BAD, "0"),
    ADAPTIVE_ROW(q, INT, -1, BAD, "-1"),
    ADAPTIVE_ROW(q, INT, INT_MAX, TOO_MUCH, ""),

    UPSAMPLE2D_ROW(n, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(n, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(c, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(c, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(c, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(h, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(h, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(h, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(w, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(w, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(w, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(p, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(p, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(p, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(q, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(q, INT, 7, BAD, "7"),
    UPSAMPLE2D_ROW(scale_h, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(scale_h, INT, 2, BAD, "2"),
    UPSAMPLE2D_ROW(scale_w, INT, 0, BAD, "0"),
    UPSAMPLE2D_ROW(scale_w, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(scale_w, INT, INT_MAX, TOO_MUCH, ""),
    UPSAMPLE2D_ROW(kind, INT, -1, BAD, "-1"),
    UPSAMPLE2D_ROW(kind, INT, 2, BAD, "2"),

    SOFTMAX_ROW(n, INT, 0, BAD, "0"),
    SOFTMAX_ROW(n, INT, -1, BAD, "-1"),
    SOFTMAX_ROW(n, INT, INT_MAX, TOO_MUCH, ""),
    SOFTMAX_ROW(classes, INT, 0, BAD, "0"),
    SOFTMAX_ROW(classes, INT, -1, BAD, "-1"),
    SOFTMAX_ROW(classes, INT, INT_MAX, TOO_MUCH, ""),
    SOFTMAX_ROW(label_smoothing, REAL, -0.1, BAD, "label_smoothing"),
    SOFTMAX_ROW(label_smoothing, REAL, 1.1, BAD, "label_smoothing"),
    SOFTMAX_ROW(label_smoothing, REAL, NAN, BAD, "label_smoothing"),

    ROW(CONCAT, clcnn_concat, n, INT, 0, BAD, "0"),
    ROW(CONCAT, clcnn_concat, n, INT, -1, BAD, "-1"),
    ROW(CONCAT, clcnn_concat, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONCAT, clcnn_concat, h, INT, 0, BAD, "0"),
    ROW(CONCAT, clcnn_concat, h, INT, -1, BAD, "-1"),
    ROW(CONCAT, clcnn_concat, h, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONCAT, clcnn_concat, w, INT, 0, BAD, "0"),
    ROW(CONCAT, clcnn_concat, w, INT, -1, BAD, "-1"),
    ROW(CONCAT, clcnn_concat, w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SLICE, clcnn_slice, n, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, n, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SLICE, clcnn_slice, c, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, c, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, c, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SLICE, clcnn_slice, h, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, h, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, h, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SLICE, clcnn_slice, w, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, w, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, w, INT, INT_MAX, TOO_MUCH, ""),
    ROW(CONCAT, clcnn_concat, inputs, INT, 0, BAD, "inputs"),
    ROW(CONCAT, clcnn_concat, inputs, INT, -1, BAD, "-1"),
    ROW(CONCAT, clcnn_concat, inputs, INT, 17, BAD, "17"),
    ROW(SLICE, clcnn_slice, begin, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, begin, INT, 3, BAD, "3"),
    ROW(SLICE, clcnn_slice, begin, INT, INT_MAX, BAD, "2147483647"),
    ROW(SLICE, clcnn_slice, count, INT, 0, BAD, "0"),
    ROW(SLICE, clcnn_slice, count, INT, -1, BAD, "-1"),
    ROW(SLICE, clcnn_slice, count, INT, 3, BAD, "3"),
    ROW(SLICE, clcnn_slice, count, INT, INT_MAX, BAD, "2147483647"),

    ROW(SOFTMAX_ROWS, clcnn_softmax, n, INT, 0, BAD, "0"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, n, INT, -1, BAD, "-1"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, n, INT, INT_MAX, TOO_MUCH, ""),
    ROW(SOFTMAX_ROWS, clcnn_softmax, classes, INT, 0, BAD, "0"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, classes, INT, -1, BAD, "-1"),
    ROW(SOFTMAX_ROWS, clcnn_softmax, classes, INT, INT_MAX, TOO_MUCH, ""),

    ROW(MSE, clcnn_mse, count, INT, 0, BAD, "0"),
    ROW(MSE, clcnn_mse, count, INT, -1, BAD, "-1"),
    ROW(L2, clcnn_l2, count, INT, 0, BAD, "0"),
    ROW(L2, clcnn_l2, count, INT, -1, BAD, "-1"),
    ROW(L2, clcnn_l2, lambda, REAL, -1, BAD, "lambda"),
    ROW(L2, clcnn_l2, lambda, REAL, NAN, BAD, "lambda"),
    ROW(L2, clcnn_l2, lambda, REAL, INFINITY, BAD, "lambda"),
    ROW(L2, clcnn_l2, lambda, REAL, 1e39, BAD, "lambda"),

    ROW(SGD, clcnn_sgd, count, INT, 0, BAD, "0"),
    ROW(SGD, clcnn_sgd, count, INT, -1, BAD, "-1"),
    ROW(SGD, clcnn_sgd, segments, INT, -1, BAD, "-1"),
    SGD_RATE_ROW(lr, -0.1),
    SGD_RATE_ROW(lr, NAN),
    SGD_RATE_ROW(lr, INFINITY),
    SGD_RATE_ROW(momentum, -0.1),
    SGD_RATE_ROW(momentum, NAN),
    SGD_RATE_ROW(momentum, INFINITY),
    SGD_RATE_ROW(weight_decay, -0.1),
    SGD_RATE_ROW(weight_decay, NAN),
    SGD_RATE_ROW(weight_decay, INFINITY),
    SGD_RATE_ROW(grad_scale, -0.1),
    SGD_RATE_ROW(grad_scale, NAN),
    SGD_RATE_ROW(grad_scale, INFINITY),

    ROW(RMSPROP, clcnn_rmsprop, count, INT, 0, BAD, "0"),
    ROW(RMSPROP, clcnn_rmsprop, count, INT, -1, BAD, "-1"),
    ROW(RMSPROP, clcnn_rmsprop, segments, INT, -1, BAD, "-1"),
    RMSPROP_RATE_ROW(lr, -0.1),
    RMSPROP_RATE_ROW(lr, NAN),
    RMSPROP_RATE_ROW(lr, INFINITY),
    RMSPROP_RATE_ROW(alpha, -0.1),
    RMSPROP_RATE_ROW(alpha, 1),
    RMSPROP_RATE_ROW(alpha, NAN),
    RMSPROP_RATE_ROW(eps, -1e-8),
    RMSPROP_RATE_ROW(eps, NAN),
    RMSPROP_RATE_ROW(eps, INFINITY),
    RMSPROP_RATE_ROW(weight_decay, -0.1),
    RMSPROP_RATE_ROW(weight_decay, NAN),
    RMSPROP_RATE_ROW(weight_decay, INFINITY),
    RMSPROP_RATE_ROW(grad_scale, -0.1),
    RMSPROP_RATE_ROW(grad_scale, NAN),
    RMSPROP_RATE_ROW(grad_scale, INFINITY),

    ADAM_ROW(count, INT, -1, BAD, "-1"),
    ADAM_ROW(segments, INT, -1, BAD, "-1"),
    {ADAM, "step", STEP, offsetof(clcnn_adam, step), 0, BAD, "step", IGNORES_RATES},
    {ADAM, "step", STEP, offsetof(clcnn_adam, step), -7, BAD, "-7", IGNORES_RATES},
    RATE_ROW(lr, -0.1),
    RATE_ROW(lr, NAN),
    RATE_ROW(lr, INFINITY),
    RATE_ROW(beta1, -0.1),
    RATE_ROW(beta1, 1),
    RATE_ROW(beta1, NAN),
    RATE_ROW(beta2, -0.1),
    RATE_ROW(beta2, 1),
    RATE_ROW(beta2, NAN),
    RATE_ROW(eps, -1e-8),
    RATE_ROW(eps, NAN),
    RATE_ROW(eps, INFINITY),
    RATE_ROW(weight_decay, -1),
    RATE_ROW(weight_decay, NAN),
    RATE_ROW(weight_decay, INFINITY),
    RATE_ROW(grad_scale, -0.1),
    RATE_ROW(grad_scale, NAN),
    RATE_ROW(grad_scale, INFINITY),

    ROW(CLIP_NORM, clcnn_clip_norm, count, INT, 0, BAD, "0"),
    ROW(CLIP_NORM, clcnn_clip_norm, count, INT, -1, BAD, "-1"),
    ROW(CLIP_NORM, clcnn_clip_norm, segments, INT, -1, BAD, "-1"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, 0, BAD, "max_norm"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, -1, BAD, "max_norm"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, NAN, BAD, "max_norm"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, INFINITY, BAD, "max_norm"),
    ROW(CLIP_NORM, clcnn_clip_norm, max_norm, REAL, 1e39, BAD, "max_norm"),
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* ---------------------------------------------------------------------------------------------
 * The CPU reference: the same fields, and host pointers
 */
enum { MAX_POINTERS = 16 };

typedef struct reference_call {
    const char *name;
    op_kind op;
    /* Flags: IN is float, IN | INDEX is int32; OUT is double, OUT | INDEX is int32. */
    tensor pointers[MAX_POINTERS];
    unsigned ignores; /* as in device_call */
    clcnn_status (*run)(const any_desc *desc, void *const *p);
} reference_call;

#define REFERENCE(function, member, ...)                                                           \
    static clcnn_status function##_(const any_desc *desc, void *const *p)                          \
    {                                                                                              \
        return function(desc ? &desc->member : NULL, __VA_ARGS__);                                 \
    }
REFERENCE(clcnn_ref_activation_forward, activation, p[0], p[1], p[2])
REFERENCE(clcnn_ref_activation_backward, activation, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_conv2d_forward, conv2d, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_conv2d_backward_data, conv2d, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_conv2d_backward_weights, conv2d, p[0], p[1], p[2], p[3], p[4], p[5])
REFERENCE(clcnn_ref_conv2d_transpose_forward, conv2d_transpose, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_conv2d_transpose_backward_data, conv2d_transpose, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_conv2d_transpose_backward_weights, conv2d_transpose, p[0], p[1], p[2], p[3],
          p[4], p[5])
REFERENCE(clcnn_ref_conv1d_forward, conv1d, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_conv1d_backward_data, conv1d, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_conv1d_backward_weights, conv1d, p[0], p[1], p[2], p[3], p[4], p[5])
REFERENCE(clcnn_ref_correlate1d_forward, correlate1d, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_dense_forward, dense, p[0], p[1], p[2], p[3], p[4])
REFERENCE(clcnn_ref_dense_backward_data, dense, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_dense_backward_weights, dense, p[0], p[1], p[2], p[3], p[4], p[5])
REFERENCE(clcnn_ref_maxpool2d_forward, maxpool2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_maxpool2d_backward, maxpool2d, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_avgpool2d_forward, avgpool2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_avgpool2d_backward, avgpool2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_im2col_forward, im2col, p[0], p[1])
REFERENCE(clcnn_ref_col2im_forward, im2col, p[0], p[1], p[2])
REFERENCE(clcnn_ref_pad2d_forward, pad2d, p[0], p[1])
REFERENCE(clcnn_ref_pad2d_backward, pad2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_adaptive_avgpool2d_forward, adaptive, p[0], p[1], p[2])
REFERENCE(clcnn_ref_adaptive_avgpool2d_backward, adaptive, p[0], p[1], p[2])
REFERENCE(clcnn_ref_upsample2d_forward, upsample2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_upsample2d_backward, upsample2d, p[0], p[1], p[2])
REFERENCE(clcnn_ref_softmax_cross_entropy_forward, softmax, p[0], p[1], p[2], p[3], p[4], p[5])
REFERENCE(clcnn_ref_softmax_cross_entropy_backward, softmax, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_layernorm_forward, layernorm, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7],
          p[8])
REFERENCE(clcnn_ref_layernorm_backward, layernorm, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7],
          p[8])
REFERENCE(clcnn_ref_add_forward, add, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_add_backward, add, p[0], p[1], p[2])
REFERENCE(clcnn_ref_dropout_forward, dropout, p[0], p[1], p[2])
REFERENCE(clcnn_ref_dropout_backward, dropout, p[0], p[1], p[2])
REFERENCE(clcnn_ref_uniform_fill, uniform, p[0])
REFERENCE(clcnn_ref_normal_fill, normal, p[0], p[1])
REFERENCE(clcnn_ref_concat_forward, concat, (const float *const[]){p[0], p[1]}, p[2])
REFERENCE(clcnn_ref_concat_backward, concat, p[0], (double *const[]){p[1], p[2]},
          (double *const[]){p[3], p[4]})
REFERENCE(clcnn_ref_slice_forward, slice, p[0], p[1])
REFERENCE(clcnn_ref_slice_backward, slice, p[0], p[1], p[2])
REFERENCE(clcnn_ref_softmax_forward, softmax_rows, p[0], p[1], p[2])
REFERENCE(clcnn_ref_softmax_backward, softmax_rows, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_mse_forward, mse, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_mse_backward, mse, p[0], p[1], p[2], p[3])
REFERENCE(clcnn_ref_l2_forward, l2, p[0], p[1], p[2])
REFERENCE(clcnn_ref_l2_backward, l2, p[0], p[1], p[2])
REFERENCE(clcnn_ref_sgd_step, sgd, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7])
REFERENCE(clcnn_ref_rmsprop_step, rmsprop, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7])
REFERENCE(clcnn_ref_adam_step, adam, p[0], p[1], p[2], p[3], p[4], p[5], p[6], p[7], p[8], p[9],
          p[10])
REFERENCE(clcnn_ref_clip_norm_apply, clip_norm, p[0], p[1], p[2], p[3], p[4], p[5], p[6])

static clcnn_status clcnn_ref_batchnorm_forward_(const any_desc *desc, void *const *p)
{
    const clcnn_ref_batchnorm a = {.x = p[0],
                                   .gamma = p[1],
                                   .beta = p[2],
                                   .y = p[3],
                                   .mean = p[4],
                                   .rstd = p[5],
                                   .y_mag = p[6],
                                   .mean_mag = p[7],
                                   .rstd_mag = p[8]};
    return clcnn_ref_batchnorm_forward(desc ? &desc->batchnorm : NULL, &a);
}

static clcnn_status clcnn_ref_batchnorm_fixed_(const any_desc *desc, void *const *p)
{
    const clcnn_ref_batchnorm a = {.x = p[0],
                                   .gamma = p[1],
                                   .beta = p[2],
                                   .running_mean = p[3],
                                   .running_var = p[4],
                                   .y = p[5],
                                   .new_running_mean = p[6],
                                   .new_running_var = p[7],
                                   .new_running_mean_mag = p[8],
                                   .new_running_var_mag = p[9]};
    return clcnn_ref_batchnorm_forward(desc ? &desc->batchnorm : NULL, &a);
}

static clcnn_status clcnn_ref_batchnorm_backward_(const any_desc *desc, void *const *p)
{
    const clcnn_ref_batchnorm a = {.x = p[0],
                                   .dy = p[1],
                                   .gamma = p[2],
                                   .dx = p[3],
                                   .dgamma = p[4],
                                   .dbeta = p[5],
                                   .dx_mag = p[6],
                                   .dgamma_mag = p[7],
                                   .dbeta_mag = p[8]};
    return clcnn_ref_batchnorm_backward(desc ? &desc->batchnorm : NULL, &a);
}

static clcnn_status clcnn_ref_batchnorm_fold_(const any_desc *desc, void *const *p)
{
    const clcnn_ref_batchnorm a = {
        .gamma = p[0], .beta = p[1], .running_mean = p[2], .running_var = p[3]};
    return clcnn_ref_batchnorm_fold(desc ? &desc->batchnorm : NULL, 5, &a, p[4], p[5], p[6], p[7],
                                    p[8], p[9]);
}

#define RUN(function) #function, .run = function##_
#define MAG OUT | OPTIONAL
static const reference_call references[] = {
    {RUN(clcnn_ref_activation_forward), .op = ACTIVATION,
     .pointers = {{"x", 37, IN}, {"y", 37, OUT}, {"mag", 37, MAG}}},
    {RUN(clcnn_ref_activation_backward), .op = ACTIVATION,
     .pointers = {{"x", 37, IN | OPTIONAL},
                  {"y", 37, IN | OPTIONAL},
                  {"dy", 37, IN},
                  {"dx", 37, OUT},
                  {"mag", 37, MAG}}},
    {RUN(clcnn_ref_conv2d_forward), .op = CONV2D,
     .pointers = {{"x", X_CONV, IN},
                  {"w", W_CONV, IN},
                  {"b", 4, IN | OPTIONAL},
                  {"y", Y_CONV, OUT},
                  {"mag", Y_CONV, MAG}}},
    {RUN(clcnn_ref_conv2d_backward_data), .op = CONV2D,
     .pointers =
         {{"dy", Y_CONV, IN}, {"w", W_CONV, IN}, {"dx", X_CONV, OUT}, {"mag", X_CONV, MAG}}},
    {RUN(clcnn_ref_conv2d_backward_weights), .op = CONV2D,
     .pointers = {{"x", X_CONV, IN},
                  {"dy", Y_CONV, IN},
                  {"dw", W_CONV, OUT | OPTIONAL},
                  {"db", 4, OUT | OPTIONAL},
                  {"dw_mag", W_CONV, MAG},
                  {"db_mag", 4, MAG}}},
    {RUN(clcnn_ref_conv2d_transpose_forward), .op = TRANSPOSE,
     .pointers = {{"x", X_TRANSPOSE, IN},
                  {"w", W_CONV, IN},
                  {"b", 2, IN | OPTIONAL},
                  {"y", X_CONV, OUT},
                  {"mag", X_CONV, MAG}}},
    {RUN(clcnn_ref_conv2d_transpose_backward_data), .op = TRANSPOSE,
     .pointers = {{"dy", X_CONV, IN},
                  {"w", W_CONV, IN},
                  {"dx", X_TRANSPOSE, OUT},
                  {"mag", X_TRANSPOSE, MAG}}},
    {RUN(clcnn_ref_conv2d_transpose_backward_weights), .op = TRANSPOSE,
     .pointers = {{"x", X_TRANSPOSE, IN},
                  {"dy", X_CONV, IN},
                  {"dw", W_CONV, OUT | OPTIONAL},
                  {"db", 2, OUT | OPTIONAL},
                  {"dw_mag", W_CONV, MAG},
                  {"db_mag", 2, MAG}}},
    {RUN(clcnn_ref_conv1d_forward), .op = CONV1D,
     .pointers =
         {{"x", 36, IN}, {"w", 12, IN}, {"b", 4, IN | OPTIONAL}, {"y", 64, OUT}, {"mag", 64, MAG}}},
    {RUN(clcnn_ref_conv1d_backward_data), .op = CONV1D,
     .pointers = {{"dy", 64, IN}, {"w", 12, IN}, {"dx", 36, OUT}, {"mag", 36, MAG}}},
    {RUN(clcnn_ref_conv1d_backward_weights), .op = CONV1D,
     .pointers = {{"x", 36, IN},
                  {"dy", 64, IN},
                  {"dw", 12, OUT | OPTIONAL},
                  {"db", 4, OUT | OPTIONAL},
                  {"dw_mag", 12, MAG},
                  {"db_mag", 4, MAG}}},
    {RUN(clcnn_ref_correlate1d_forward), .op = CORRELATE1D,
     .pointers = {{"a", 9, IN}, {"b", 4, IN}, {"y", 9, OUT}, {"mag", 9, MAG}}},
    {RUN(clcnn_ref_dense_forward), .op = DENSE,
     .pointers =
         {{"x", 15, IN}, {"w", 20, IN}, {"b", 4, IN | OPTIONAL}, {"y", 12, OUT}, {"mag", 12, MAG}}},
    {RUN(clcnn_ref_dense_backward_data), .op = DENSE,
     .pointers = {{"dy", 12, IN}, {"w", 20, IN}, {"dx", 15, OUT}, {"mag", 15, MAG}}},
    {RUN(clcnn_ref_dense_backward_weights), .op = DENSE,
     .pointers = {{"x", 15, IN},
                  {"dy", 12, IN},
                  {"dw", 20, OUT | OPTIONAL},
                  {"db", 4, OUT | OPTIONAL},
                  {"dw_mag", 20, MAG},
                  {"db_mag", 4, MAG}}},
    {RUN(clcnn_ref_maxpool2d_forward), .op = MAXPOOL2D,
     .pointers = {{"x", X_POOL, IN}, {"y", Y_POOL, OUT}, {"argmax", Y_POOL, MAG | INDEX}}},
    {RUN(clcnn_ref_maxpool2d_backward), .op = MAXPOOL2D,
     .pointers = {{"dy", Y_POOL, IN},
                  {"argmax", Y_POOL, IN | INDEX},
                  {"dx", X_POOL, OUT},
                  {"mag", X_POOL, MAG}}},
    {RUN(clcnn_ref_avgpool2d_forward), .op = AVGPOOL2D,
     .pointers = {{"x", X_POOL, IN}, {"y", Y_POOL, OUT}, {"mag", Y_POOL, MAG}}},
    {RUN(clcnn_ref_avgpool2d_backward), .op = AVGPOOL2D,
     .pointers = {{"dy", Y_POOL, IN}, {"dx", X_POOL, OUT}, {"mag", X_POOL, MAG}}},
    {RUN(clcnn_ref_im2col_forward), .op = IM2COL,
     .pointers = {{"x", IMAGE, IN}, {"y", MATRIX, OUT}}},
    {RUN(clcnn_ref_col2im_forward), .op = IM2COL,
     .pointers = {{"x", MATRIX, IN}, {"y", IMAGE, OUT}, {"mag", IMAGE, MAG}}},
    {RUN(clcnn_ref_pad2d_forward), .op = PAD2D, .pointers = {{"x", X_POOL, IN}, {"y", Y_PAD, OUT}}},
    {RUN(clcnn_ref_pad2d_backward), .op = PAD2D,
     .pointers = {{"dy", Y_PAD, IN}, {"dx", X_POOL, OUT}, {"mag", X_POOL, MAG}}},
    {RUN(clcnn_ref_adaptive_avgpool2d_forward), .op = ADAPTIVE,
     .pointers = {{"x", X_POOL, IN}, {"y", Y_ADAPTIVE, OUT}, {"mag", Y_ADAPTIVE, MAG}}},
    {RUN(clcnn_ref_adaptive_avgpool2d_backward), .op = ADAPTIVE,
     .pointers = {{"dy", Y_ADAPTIVE, IN}, {"dx", X_POOL, OUT}, {"mag", X_POOL, MAG}}},
    {RUN(clcnn_ref_upsample2d_forward), .op = UPSAMPLE2D,
     .pointers = {{"x", X_UPSAMPLE, IN}, {"y", Y_UPSAMPLE, OUT}, {"mag", Y_UPSAMPLE, MAG}}},
    {RUN(clcnn_ref_upsample2d_backward), .op = UPSAMPLE2D,
     .pointers = {{"dy", Y_UPSAMPLE, IN}, {"dx", X_UPSAMPLE, OUT}, {"mag", X_UPSAMPLE, MAG}}},
    {RUN(clcnn_ref_concat_forward), .op = CONCAT,
     .pointers = {{"x0", 24, IN}, {"x1", 12, IN}, {"y", 36, OUT}}},
    {RUN(clcnn_ref_concat_backward), .op = CONCAT,
     .pointers = {{"dy", 36, IN},
                  {"dx0", 24, OUT | OPTIONAL},
                  {"dx1", 12, OUT | OPTIONAL},
                  {"mag0", 24, MAG},
                  {"mag1", 12, MAG}}},
    {RUN(clcnn_ref_slice_forward), .op = SLICE, .pointers = {{"x", 36, IN}, {"y", 12, OUT}}},
    {RUN(clcnn_ref_slice_backward), .op = SLICE,
     .pointers = {{"dy", 12, IN}, {"dx", 36, OUT}, {"mag", 36, MAG}}},
    {RUN(clcnn_ref_softmax_forward), .op = SOFTMAX_ROWS,
     .pointers = {{"x", 15, IN}, {"y", 15, OUT}, {"mag", 15, MAG}}},
    {RUN(clcnn_ref_softmax_backward), .op = SOFTMAX_ROWS,
     .pointers = {{"y", 15, IN}, {"dy", 15, IN}, {"dx", 15, OUT}, {"mag", 15, MAG}}},
    {RUN(clcnn_ref_softmax_cross_entropy_forward), .op = SOFTMAX,
     .pointers = {{"x", 15, IN},
                  {"labels", 3, IN | INDEX},
                  {"y", 15, OUT | OPTIONAL},
                  {"loss", 1, OUT | OPTIONAL},
                  {"y_mag", 15, MAG},
                  {"loss_mag", 1, MAG}}},
    {RUN(clcnn_ref_softmax_cross_entropy_backward), .op = SOFTMAX,
     .pointers = {{"x", 15, IN}, {"labels", 3, IN | INDEX}, {"dx", 15, OUT}, {"mag", 15, MAG}}},
    {RUN(clcnn_ref_mse_forward), .op = MSE,
     .pointers = {{"x", 20, IN}, {"target", 20, IN}, {"loss", 1, OUT}, {"mag", 1, MAG}}},
    {RUN(clcnn_ref_mse_backward), .op = MSE,
     .pointers = {{"x", 20, IN}, {"target", 20, IN}, {"dx", 20, OUT}, {"mag", 20, MAG}}},
    {RUN(clcnn_ref_l2_forward), .op = L2,
     .pointers = {{"w", 20, IN}, {"loss", 1, OUT}, {"mag", 1, MAG}}},
    {RUN(clcnn_ref_l2_backward), .op = L2,
     .pointers = {{"w", 20, IN}, {"dw", 20, OUT}, {"mag", 20, MAG}}},
    {RUN(clcnn_ref_sgd_step), .op = SGD,
     .pointers = {{"param", 20, IN},
                  {"grad", 20, IN},
                  {"velocity", 20, IN},
                  {"table", 8, IN},
                  {"new_param", 20, OUT},
                  {"new_velocity", 20, OUT},
                  {"param_mag", 20, MAG},
                  {"velocity_mag", 20, MAG}}},
    {RUN(clcnn_ref_rmsprop_step), .op = RMSPROP,
     .pointers = {{"param", 20, IN},
                  {"grad", 20, IN},
                  {"square_avg", 20, IN},
                  {"table", 8, IN},
                  {"new_param", 20, OUT},
                  {"new_square_avg", 20, OUT},
                  {"param_mag", 20, MAG},
                  {"square_avg_mag", 20, MAG}}},
    {RUN(clcnn_ref_adam_step), .op = ADAM,
     .pointers = {{"param", 20, IN},
                  {"grad", 20, IN},
                  {"m", 20, IN},
                  {"v", 20, IN},
                  {"table", 8, IN},
                  {"new_param", 20, OUT},
                  {"new_m", 20, OUT},
                  {"new_v", 20, OUT},
                  {"param_mag", 20, MAG},
                  {"m_mag", 20, MAG},
                  {"v_mag", 20, MAG}}},
    {RUN(clcnn_ref_dropout_forward), .op = DROPOUT,
     .pointers = {{"x", 37, IN}, {"y", 37, OUT}, {"mag", 37, MAG}}},
    {RUN(clcnn_ref_dropout_backward), .op = DROPOUT,
     .pointers = {{"dy", 37, IN}, {"dx", 37, OUT}, {"mag", 37, MAG}}},
    {RUN(clcnn_ref_uniform_fill), .op = UNIFORM, .pointers = {{"y", 37, OUT}}},
    {RUN(clcnn_ref_normal_fill), .op = NORMAL, .pointers = {{"y", 37, OUT}, {"mag", 37, MAG}}},
    {RUN(clcnn_ref_add_forward), .op = ADD,
     .pointers = {{"a", 24, IN}, {"b", 24, IN}, {"y", 24, OUT}, {"mag", 24, MAG}}},
    {RUN(clcnn_ref_add_backward), .op = ADD_BIAS,
     .pointers = {{"dy", 24, IN}, {"db", 3, OUT}, {"mag", 3, MAG}}},
    {RUN(clcnn_ref_layernorm_forward), .op = LAYERNORM,
     .pointers = {{"x", 24, IN},
                  {"gamma", 6, IN | OPTIONAL},
                  {"beta", 6, IN | OPTIONAL},
                  {"y", 24, OUT},
                  {"mean", 4, MAG},
                  {"rstd", 4, MAG},
                  {"y_mag", 24, MAG},
                  {"mean_mag", 4, MAG},
                  {"rstd_mag", 4, MAG}}},
    {RUN(clcnn_ref_layernorm_backward), .op = LAYERNORM,
     .pointers = {{"x", 24, IN},
                  {"gamma", 6, IN | OPTIONAL},
                  {"dy", 24, IN},
                  {"dx", 24, MAG},
                  {"dgamma", 6, MAG},
                  {"dbeta", 6, MAG},
                  {"dx_mag", 24, MAG},
                  {"dgamma_mag", 6, MAG},
                  {"dbeta_mag", 6, MAG}}},
    {RUN(clcnn_ref_batchnorm_forward), .op = BATCHNORM,
     .pointers = {{"x", 24, IN},
                  {"gamma", 3, IN | OPTIONAL},
                  {"beta", 3, IN | OPTIONAL},
                  {"y", 24, OUT},
                  {"mean", 3, MAG},
                  {"rstd", 3, MAG},
                  {"y_mag", 24, MAG},
                  {"mean_mag", 3, MAG},
                  {"rstd_mag", 3, MAG}}},
    {"clcnn_ref_batchnorm_forward", .run = clcnn_ref_batchnorm_fixed_, .op = BATCHNORM_INFERENCE,
     .pointers = {{"x", 24, IN},
                  {"gamma", 3, IN | OPTIONAL},
                  {"beta", 3, IN | OPTIONAL},
                  {"running_mean", 3, IN},
                  {"running_var", 3, IN},
                  {"y", 24, OUT},
                  {"new_running_mean", 3, MAG},
                  {"new_running_var", 3, MAG},
                  {"new_running_mean_mag", 3, MAG},
                  {"new_running_var_mag", 3, MAG}}},
    {RUN(clcnn_ref_batchnorm_backward), .op = BATCHNORM,
     .pointers = {{"x", 24, IN},
                  {"dy", 24, IN},
                  {"gamma", 3, IN | OPTIONAL},
                  {"dx", 24, MAG},
                  {"dgamma", 3, MAG},
                  {"dbeta", 3, MAG},
                  {"dx_mag", 24, MAG},
                  {"dgamma_mag", 3, MAG},
                  {"dbeta_mag", 3, MAG}}},
    {RUN(clcnn_ref_batchnorm_fold), .op = BATCHNORM_INFERENCE, .ignores = IGNORES_SIZES,
     .pointers = {{"gamma", 3, IN | OPTIONAL},
                  {"beta", 3, IN | OPTIONAL},
                  {"running_mean", 3, IN},
                  {"running_var", 3, IN},
                  {"w", 15, IN},
                  {"b", 3, IN | OPTIONAL},
                  {"folded_w", 15, OUT},
                  {"folded_b", 3, OUT},
                  {"w_mag", 15, MAG},
                  {"b_mag", 3, MAG}}},
    {RUN(clcnn_ref_clip_norm_apply), .op = CLIP_NORM,
     .pointers = {{"grad", 20, IN},
                  {"table", 8, IN},
                  {"block", CLCNN_OPTIMISER_BLOCK, IN},
                  {"norm", 1, OUT | OPTIONAL},
                  {"clip", 1, OUT},
                  {"norm_mag", 1, MAG},
                  {"clip_mag", 1, MAG}}},
};
enum { REFERENCES = sizeof references / sizeof *references };

#endif
