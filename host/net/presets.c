/*
 * Networks that have a name. A preset is nothing but a description and the image it was made for.
 */
#include "net.h"

#include <string.h>

#define VGG_CONV(k) "conv " k " 3x3 pad 1 nobias, batchnorm, relu, "

/* A basic block of residual networks on the output called `in`: two convolutions, and the input on
 * top of them. */
#define BLOCK(k, in, out)                                                                          \
    "conv " k " 3x3 pad 1 nobias, batchnorm, relu, "                                               \
    "conv " k " 3x3 pad 1 nobias, batchnorm, add " in ", relu as " out ", "
/* One that halves the size: a 1x1 convolution does the same to the input. */
#define DOWN(k, in, out)                                                                           \
    "conv " k " 3x3 pad 1 stride 2 nobias, batchnorm, relu, "                                      \
    "conv " k " 3x3 pad 1 nobias, batchnorm as " out "_main, "                                     \
    "conv " k " 1x1 stride 2 nobias from " in ", batchnorm, "                                      \
    "add " out "_main, relu as " out ", "

static const clcnn_net_preset presets[] = {
    /* LeNet-5 (LeCun and others, 1998) as it is built today: ReLU, max-pooling, no C3 table */
    {"lenet5",
     "conv 6 5x5 pad 2, relu, maxpool 2, conv 16 5x5, relu, maxpool 2, flatten, "
     "dense 120, relu, dense 84, relu, dense 10",
     1, 28, 28},
    /* One hidden layer after another: affine, batch-norm, ReLU, dropout */
    {"mlp",
     "flatten, dense 256, batchnorm, relu, dropout 0.2, dense 128, batchnorm, relu, dropout 0.2, "
     "dense 10",
     1, 28, 28},
    {"simple-cnn", "conv 8 3x3 pad 1, relu, flatten, dense 10", 1, 28, 28},
    /* In the manner of VGG (Simonyan and Zisserman, 2015), with batch-norm */
    {"vgg-mini",
     VGG_CONV("32") VGG_CONV("32") "maxpool 2, " VGG_CONV("64")
         VGG_CONV("64") "maxpool 2, "
                        "flatten, dense 128, relu, dropout 0.5, dense 10",
     1, 28, 28},
    /* In the manner of ResNet (He and others, 2016): three stages of two basic blocks */
    {"resnet-mini",
     "conv 16 3x3 pad 1 nobias, batchnorm, relu as s1, " BLOCK("16", "s1", "s2")
         BLOCK("16", "s2", "s3") DOWN("32", "s3", "s4") BLOCK("32", "s4", "s5")
             DOWN("64", "s5", "s6") BLOCK("64", "s6", "s7") "globalavgpool, flatten, dense 10",
     1, 28, 28},
    {NULL, NULL, 0, 0, 0},
};

const clcnn_net_preset *clcnn_net_presets(void)
{
    return presets;
}

const clcnn_net_preset *clcnn__preset_find(const char *name)
{
    static const char white[] = " \t\r\n";
    name += strspn(name, white);
    size_t length = strcspn(name, white);
    if (name[length + strspn(name + length, white)] != '\0')
        return NULL;
    for (const clcnn_net_preset *preset = presets; preset->name; ++preset)
        if (strlen(preset->name) == length && memcmp(preset->name, name, length) == 0)
            return preset;
    return NULL;
}
