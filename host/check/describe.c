/* The list of operations, look-ups by name, and descriptors in words. */
#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const check_op *const check_ops[] = {&check_op_activation,
                                     &check_op_conv2d,
                                     &check_op_conv2d_transpose,
                                     &check_op_conv1d,
                                     &check_op_correlate1d,
                                     &check_op_dense,
                                     &check_op_maxpool2d,
                                     &check_op_avgpool2d,
                                     &check_op_im2col,
                                     &check_op_col2im,
                                     &check_op_pad2d,
                                     &check_op_adaptive_avgpool2d,
                                     &check_op_upsample2d,
                                     &check_op_concat,
                                     &check_op_slice,
                                     &check_op_softmax,
                                     &check_op_softmax_cross_entropy,
                                     &check_op_mse,
                                     &check_op_l2,
                                     &check_op_sgd,
                                     &check_op_rmsprop,
                                     &check_op_adam,
                                     &check_op_batchnorm,
                                     &check_op_layernorm,
                                     &check_op_add,
                                     &check_op_dropout,
                                     &check_op_uniform,
                                     &check_op_normal,
                                     &check_op_clip_norm,
                                     NULL};

const check_op *check_op_find(const char *name)
{
    for (int i = 0; check_ops[i]; i++) {
        if (strcmp(check_ops[i]->name, name) == 0)
            return check_ops[i];
    }
    return NULL;
}

const check_direction *check_direction_find(const check_op *op, const char *name)
{
    const check_direction *direction = op->directions;
    while (strcmp(direction->name, name) != 0)
        direction++;
    return direction;
}

const char *check_activation_name(clcnn_activation_kind kind)
{
    static const char *const names[] = {[CLCNN_IDENTITY] = "identity",
                                        [CLCNN_RELU] = "relu",
                                        [CLCNN_LEAKY_RELU] = "leaky_relu",
                                        [CLCNN_ELU] = "elu",
                                        [CLCNN_SIGMOID] = "sigmoid",
                                        [CLCNN_TANH] = "tanh",
                                        [CLCNN_SILU] = "silu",
                                        [CLCNN_GELU] = "gelu",
                                        [CLCNN_GELU_TANH] = "gelu_tanh"};
    const size_t i = (size_t)kind;
    return i < sizeof names / sizeof *names ? names[i] : NULL;
}

const void *check_find_field(const check_op *op, const check_desc *desc, const char *name,
                             check_field_type type)
{
    for (const check_field *f = op->fields; f->name; f++) {
        if (f->type == type && strcmp(f->name, name) == 0)
            return (const char *)desc + f->offset;
    }
    return NULL;
}

static void append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...)
{
    const size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

void check_describe(const check_op *op, const check_desc *desc, char *text, size_t size)
{
    const char *separator = "";
    snprintf(text, size, "%s {", op->name);
    for (const check_field *f = op->fields; f->name; f++) {
        const char *at = (const char *)desc + f->offset;
        const size_t before = strlen(text);
        if (f->type == CHECK_INT && *(const int *)at)
            append(text, size, "%s%s=%d", separator, f->name, *(const int *)at);
        if (f->type == CHECK_INT64 && *(const int64_t *)at)
            append(text, size, "%s%s=%" PRId64, separator, f->name, *(const int64_t *)at);
        if (f->type == CHECK_DOUBLE && !(*(const double *)at >= 0 && *(const double *)at <= 0))
            append(text, size, "%s%s=%.9g", separator, f->name, *(const double *)at);
        if (f->type == CHECK_ACTIVATION_KIND && *(const clcnn_activation_kind *)at)
            append(text, size, "%s%s=%s", separator, f->name,
                   check_activation_name(*(const clcnn_activation_kind *)at));
        if (strlen(text) > before)
            separator = " ";
    }
    append(text, size, "}");
}
