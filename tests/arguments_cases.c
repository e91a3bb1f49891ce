/* All families' tables, one after the other: see arguments_cases.h. */
#include "arguments_convolutions.h"
#include "arguments_images.h"
#include "arguments_layers.h"
#include "arguments_training.h"

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

any_desc right_desc(op_kind op)
{
    any_desc desc;
    memset(&desc, 0, sizeof desc);
    memcpy(&desc, ops[op].desc, ops[op].size);
    return desc;
}

#define COUNT(table) (sizeof(table) / sizeof *(table))
#define FAMILY(name)                                                                               \
    {                                                                                              \
        name##_calls, COUNT(name##_calls), name##_fields, COUNT(name##_fields), name##_references, \
            COUNT(name##_references)                                                               \
    }
static const struct {
    const device_call *calls;
    size_t call_count;
    const field *fields;
    size_t field_count;
    const reference_call *references;
    size_t reference_count;
} families[] = {FAMILY(convolutions), FAMILY(images), FAMILY(layers), FAMILY(training)};

#define ROW_OF_ALL(type, table, count)                                                             \
    const type *table##_at(size_t i)                                                               \
    {                                                                                              \
        for (size_t f = 0; f < COUNT(families); i -= families[f++].count)                          \
            if (i < families[f].count)                                                             \
                return &families[f].table[i];                                                      \
        return NULL;                                                                               \
    }
ROW_OF_ALL(device_call, calls, call_count)
ROW_OF_ALL(field, fields, field_count)
ROW_OF_ALL(reference_call, references, reference_count)
