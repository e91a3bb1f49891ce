/*
 * Descriptions of networks: what they mean, layer by layer, and what is said of bad ones. No device
 * is needed. The expected sizes were worked out by hand or with PyTorch.
 */
#include "clcnn_net.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 16, MAX_TEXT = 1024 };

static const struct good {
    const char *text;
    int c, h, w;
    const char *expected; /* per layer: text -> CxHxW parameters */
} good[] = {
    {"lenet5", 1, 28, 28,
     "conv 6 5x5 pad 2 -> 6x28x28 156; relu -> 6x28x28 0; maxpool 2 -> 6x14x14 0; "
     "conv 16 5x5 -> 16x10x10 2416; relu -> 16x10x10 0; maxpool 2 -> 16x5x5 0; "
     "flatten -> 400x1x1 0; dense 120 -> 120x1x1 48120; relu -> 120x1x1 0; "
     "dense 84 -> 84x1x1 10164; relu -> 84x1x1 0; dense 10 -> 10x1x1 850"},
    {" \n lenet5\t ", 3, 32, 32,
     "conv 6 5x5 pad 2 -> 6x32x32 456; relu -> 6x32x32 0; maxpool 2 -> 6x16x16 0; "
     "conv 16 5x5 -> 16x12x12 2416; relu -> 16x12x12 0; maxpool 2 -> 16x6x6 0; "
     "flatten -> 576x1x1 0; dense 120 -> 120x1x1 69240; relu -> 120x1x1 0; "
     "dense 84 -> 84x1x1 10164; relu -> 84x1x1 0; dense 10 -> 10x1x1 850"},
    {"dense 10", 1, 28, 28, "dense 10 -> 10x1x1 7850"},
    {"dense 3 nobias", 2, 2, 2, "dense 3 nobias -> 3x1x1 24"},
    {"relu", 4, 1, 1, "relu -> 4x1x1 0"},
    {"conv 4 3", 3, 7, 9, "conv 4 3x3 -> 4x5x7 112"},
    {"conv   4   3 x 5   pad 1 x 2", 3, 7, 9, "conv 4 3x5 pad 1x2 -> 4x7x9 184"},
    {"conv 4 3x3 pad 1,2,3,4", 1, 5, 5, "conv 4 3x3 pad 1,2,3,4 -> 4x7x9 40"},
    {"conv 4 3x3 pad 1 , 2,3 ,4,relu", 1, 5, 5,
     "conv 4 3x3 pad 1,2,3,4 -> 4x7x9 40; relu -> 4x7x9 0"},
    {"conv 4 3x3 pad 1,relu", 1, 5, 5, "conv 4 3x3 pad 1 -> 4x5x5 40; relu -> 4x5x5 0"},
    {"conv 4 3x3 pad 1,2,1,2", 1, 5, 5, "conv 4 3x3 pad 1x2 -> 4x5x7 40"},
    {"conv 4 3x3 pad 0 stride 1x1 dilation 1 groups 1", 1, 5, 5, "conv 4 3x3 -> 4x3x3 40"},
    {"conv 4 3x3 dot_only pad 1", 1, 5, 5, "conv 4 3x3 pad 1 dot_only -> 4x5x5 40"},
    {"conv 4 3x3 nobias groups 2 dilation 2x1 stride 2", 2, 9, 9,
     "conv 4 3x3 stride 2 dilation 2x1 groups 2 nobias -> 4x3x4 36"},
    {"conv 4 3x3 stride 1x2", 1, 5, 5, "conv 4 3x3 stride 1x2 -> 4x3x2 40"},
    {"maxpool 2", 3, 5, 5, "maxpool 2 -> 3x2x2 0"},
    {"maxpool 2x3 stride 2x3", 3, 6, 6, "maxpool 2x3 -> 3x3x2 0"},
    {"maxpool 3 stride 2 pad 1", 3, 7, 7, "maxpool 3 pad 1 stride 2 -> 3x4x4 0"},
    {"maxpool 2 stride 1 dilation 2", 3, 7, 7, "maxpool 2 stride 1 dilation 2 -> 3x5x5 0"},
    {"conv 1048576 1x1 nobias", 1, 1, 1, "conv 1048576 1x1 nobias -> 1048576x1x1 1048576"},
    /* names */
    {"relu as a, add a", 2, 3, 3, "relu as a -> 2x3x3 0; add a -> 2x3x3 0"},
    {"flatten as images , dense 8 , dense 18 , add images", 2, 3, 3,
     "flatten as images -> 18x1x1 0; dense 8 -> 8x1x1 152; dense 18 -> 18x1x1 162; "
     "add images -> 18x1x1 0"},
    {"conv 4 3x3 pad 1 as left_1, conv 4 1x1 as a2 from left_1 frozen, add left_1, relu", 1, 5, 5,
     "conv 4 3x3 pad 1 as left_1 -> 4x5x5 40; conv 4 1x1 frozen from left_1 as a2 -> 4x5x5 20; "
     "add left_1 -> 4x5x5 0; relu -> 4x5x5 0"},
    {"relu as x, add x from x as add, tanh as relu, dense 2 from add as pad, dense 2 from relu, "
     "add pad as asx",
     1, 1, 2,
     "relu as x -> 1x1x2 0; add x from x as add -> 1x1x2 0; tanh as relu -> 1x1x2 0; "
     "dense 2 from add as pad -> 2x1x1 6; dense 2 from relu -> 2x1x1 6; add pad as asx -> 2x1x1 0"},
    {"relu as abcdefghijklmnopqrstuvwxyz01234, add abcdefghijklmnopqrstuvwxyz01234", 1, 1, 1,
     "relu as abcdefghijklmnopqrstuvwxyz01234 -> 1x1x1 0; "
     "add abcdefghijklmnopqrstuvwxyz01234 -> 1x1x1 0"},
    {"dense 3 as last", 1, 1, 1, "dense 3 as last -> 3x1x1 6"},
    /* frozen */
    {"dense 3 nobias frozen", 1, 1, 2, "dense 3 nobias frozen -> 3x1x1 6"},
    {"conv 2 1x1 frozen , batchnorm frozen , layernorm frozen", 1, 1, 2,
     "conv 2 1x1 frozen -> 2x1x2 4; batchnorm frozen -> 2x1x2 4; layernorm frozen -> 2x1x2 8"},
    /* pooling */
    {"avgpool 2", 3, 5, 5, "avgpool 2 -> 3x2x2 0"},
    {"avgpool 2x3 stride 2x3 ceil", 3, 5, 5, "avgpool 2x3 ceil -> 3x3x2 0"},
    {"avgpool 3 count_pad stride 2 pad 1", 3, 7, 7,
     "avgpool 3 pad 1 stride 2 count_pad -> 3x4x4 0"},
    {"maxpool 2 ceil", 3, 5, 5, "maxpool 2 ceil -> 3x3x3 0"},
    {"globalavgpool", 3, 5, 7, "globalavgpool -> 3x1x1 0"},
    {"globalmaxpool", 3, 5, 7, "globalmaxpool -> 3x1x1 0"},
    /* normalisation: running statistics are no parameters */
    {"batchnorm", 3, 5, 7, "batchnorm -> 3x5x7 6"},
    {"batchnorm biased momentum 0.25 eps 0.001", 3, 1, 1,
     "batchnorm biased eps 0.001 momentum 0.25 -> 3x1x1 6"},
    {"batchnorm eps 1e-5 momentum 0.1", 3, 1, 1, "batchnorm -> 3x1x1 6"},
    {"batchnorm eps 0.00001000 momentum 1e-1", 3, 1, 1, "batchnorm -> 3x1x1 6"},
    {"batchnorm momentum 0", 3, 1, 1, "batchnorm momentum 0 -> 3x1x1 6"},
    {"batchnorm momentum 1 eps 1e30", 3, 1, 1, "batchnorm eps 1e30 momentum 1 -> 3x1x1 6"},
    {"layernorm", 3, 5, 7, "layernorm -> 3x5x7 210"},
    {"layernorm eps 0.5", 1, 1, 2, "layernorm eps 0.5 -> 1x1x2 4"},
    /* dropout and activations */
    {"dropout 0.5", 3, 5, 7, "dropout 0.5 -> 3x5x7 0"},
    {"dropout 0", 3, 5, 7, "dropout 0 -> 3x5x7 0"},
    {"dropout 0.50", 3, 5, 7, "dropout 0.5 -> 3x5x7 0"},
    {"dropout 25e-2", 3, 5, 7, "dropout 0.25 -> 3x5x7 0"},
    {"dropout 0.1000000000000000055", 3, 5, 7, "dropout 0.1 -> 3x5x7 0"},
    {"dropout 0.123456789012345678", 3, 5, 7, "dropout 0.12345678901234568 -> 3x5x7 0"},
    {"leaky_relu, leaky_relu 0.01, leaky_relu 0.2, leaky_relu 0 as a, add a", 1, 1, 1,
     "leaky_relu -> 1x1x1 0; leaky_relu -> 1x1x1 0; leaky_relu 0.2 -> 1x1x1 0; "
     "leaky_relu 0 as a -> 1x1x1 0; add a -> 1x1x1 0"},
    {"elu, elu 1, elu 1.0, elu 2, elu 1.5e3", 1, 1, 1,
     "elu -> 1x1x1 0; elu -> 1x1x1 0; elu -> 1x1x1 0; elu 2 -> 1x1x1 0; elu 1.5e3 -> 1x1x1 0"},
    {"sigmoid, tanh, silu, gelu, gelu_tanh", 2, 1, 1,
     "sigmoid -> 2x1x1 0; tanh -> 2x1x1 0; silu -> 2x1x1 0; gelu -> 2x1x1 0; "
     "gelu_tanh -> 2x1x1 0"},
};

static void print_layers(const clcnn_layer_info *layers, size_t count, char *text, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < count && used < size; ++i)
        used += (size_t)snprintf(text + used, size - used, "%s%s -> %dx%dx%d %zu", i ? "; " : "",
                                 layers[i].text, layers[i].c, layers[i].h, layers[i].w,
                                 layers[i].parameters);
}

static void test_good(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; ++i) {
        const struct good *g = &good[i];
        clcnn_net_desc desc = {.layers = g->text, .c = g->c, .h = g->h, .w = g->w};
        clcnn_layer_info layers[MAX_LAYERS];
        clcnn_error error = {.message = ""};
        size_t count = 0;
        if (!CHECK(clcnn_net_layers(&desc, layers, MAX_LAYERS, &count, &error) == CLCNN_SUCCESS,
                   "\"%s\": %s", g->text, error.message))
            continue;
        char text[1024] = "";
        print_layers(layers, count, text, sizeof text);
        CHECK(strcmp(text, g->expected) == 0, "\"%s\" is\n  %s\nnot\n  %s", g->text, text,
              g->expected);
    }
}

/* The normalised texts describe the same network. */
static void test_normalised(void)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; ++i) {
        const struct good *g = &good[i];
        clcnn_net_desc desc = {.layers = g->text, .c = g->c, .h = g->h, .w = g->w};
        clcnn_layer_info layers[MAX_LAYERS];
        size_t count = 0, used = 0;
        char joined[MAX_TEXT] = "", text[1024] = "";
        clcnn_net_layers(&desc, layers, MAX_LAYERS, &count, NULL);
        for (size_t l = 0; l < count; ++l)
            used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", l ? "," : "",
                                     layers[l].text);
        desc.layers = joined;
        count = 0;
        clcnn_net_layers(&desc, layers, MAX_LAYERS, &count, NULL);
        print_layers(layers, count, text, sizeof text);
        CHECK(strcmp(text, g->expected) == 0, "\"%s\" is\n  %s\nnot\n  %s", joined, text,
              g->expected);
    }
}

static const struct bad {
    const char *text;
    int c, h, w;
    clcnn_status status;
    const char *message; /* a part of it */
} bad[] = {
    {"", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "at its end (column 1): expected a layer (conv, "},
    {"   ", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "at its end (column 4): expected a layer"},
    {"lenet", 1, 28, 28, CLCNN_INVALID_ARGUMENT,
     "column 1 at \"lenet\": expected a layer (conv, maxpool, dense, relu, flatten, "
     "avgpool, globalavgpool, globalmaxpool, batchnorm, layernorm, dropout, add, leaky_relu, elu, "
     "sigmoid, tanh, silu, gelu, gelu_tanh), or the name "
     "of "
     "a preset alone (lenet5, mlp, "
     "simple-cnn, vgg-mini, resnet-mini)"},
    {"lenet5, relu", 1, 28, 28, CLCNN_INVALID_ARGUMENT, "column 1 at \"lenet5, relu\": expected"},
    {"Conv 3 3x3", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 1 at \"Conv 3 3x3\": expected"},
    {"convolution 3 3x3", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 1 at \"convolution 3 3x3\""},
    {"relu,", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "at its end (column 6): expected a layer"},
    {"relu,,relu", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 6 at \",relu\": expected a layer"},
    {",relu", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 1 at \",relu\": expected a layer"},
    {"relu relu", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 6 at \"relu\": expected a comma or the end after \"relu\""},
    {"flatten 3", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 9 at \"3\": expected a comma or the end after \"flatten\""},
    {"conv", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "at its end (column 5): expected a number of filters, a whole number"},
    {"conv x", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 6 at \"x\": expected a number of filters"},
    {"conv -1 3x3", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 6 at \"-1 3x3\": expected a number"},
    {"conv 0 3x3", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 6 at \"0 3x3\": a number of filters must be from 1 to 1048576"},
    {"conv 1048577 3x3", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "must be from 1 to 1048576"},
    {"conv 99999999999999999999999999 3x3", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 6 at \"999999999999999999999999...\": a number of filters must be from 1"},
    {"conv 4", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "(column 7): expected a filter size"},
    {"conv 4 3x", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 9 at \"x\": expected a comma, the end or an option (pad, stride, dilation, groups, "
     "nobias, dot_only)"},
    {"conv 4 3x0", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 10 at \"0\": a filter size must be"},
    {"conv 4 3.5", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \".5\": expected a comma"},
    {"conv 4 3x3 pad", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "(column 15): expected a padding"},
    {"conv 4 3x3 pad relu", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 16 at \"relu\": expected a padding, a whole number"},
    {"conv 4 3x3 pad 1,2", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "(column 19): paddings come as N, NxN or four: top,left,bottom,right"},
    {"conv 4 3x3 pad 1,2,3, relu", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 21 at \", relu\": paddings come as"},
    {"conv 4 3x3 pad 1 pad 2", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 18 at \"pad 2\": \"pad\" is given twice"},
    {"conv 4 3x3 padding 1", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 12 at \"padding 1\": expected a comma, the end or an option"},
    {"conv 4 3x3 stride 0", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 19 at \"0\": a stride must be from 1"},
    {"conv 4 3x3 dilation 0", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "a dilation must be from 1"},
    {"conv 4 3x3 groups 0", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "a number of groups must be from 1"},
    {"maxpool", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "(column 8): expected a window size"},
    {"maxpool 2 groups 2", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 11 at \"groups 2\": expected a comma, the end or an option (pad, stride, dilation, "
     "ceil)"},
    {"dense 10 pad 1", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 10 at \"pad 1\": expected a comma, the end or an option (nobias)"},
    {"dense", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "(column 6): expected a number of outputs"},
    {"relu\x01", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 5 at \"?\": expected a comma"},
    /* names */
    {"add a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 5 at \"a\": no layer before it is called \"a\""},
    {"relu from a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 11 at \"a\": no layer before it is called \"a\""},
    {"relu as a, add b", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 16 at \"b\": no layer before it is called \"b\""},
    {"relu as ab, add a", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "called \"a\""},
    {"relu as a, add ab", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "called \"ab\""},
    {"relu from b, relu as b", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "no layer before it is called"},
    {"relu as a from a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 16 at \"a\": no layer before it is called \"a\""},
    {"relu, add a as a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 11 at \"a as a\": no layer before"},
    {"relu as a, tanh as a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 20 at \"a\": layer 0 is called \"a\" already"},
    {"relu as a, tanh as b, add a as b", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 32 at \"b\": layer 1 is called \"b\" already"},
    {"relu as", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "at its end (column 8): expected a name: "},
    {"relu as, relu", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 8 at \", relu\": expected a name: a small letter, then at most 30 small letters, "
     "digits "
     "and underscores, and not \"frozen\", \"from\" or \"as\""},
    {"relu as A", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"A\": expected a name"},
    {"relu as aB", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 10 at \"B\": expected a comma or the end after \"relu as a\""},
    {"relu as 1a", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"1a\": expected a name"},
    {"relu as _a", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"_a\": expected a name"},
    {"relu as a-b", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 10 at \"-b\": expected a comma"},
    {"relu as a b", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 11 at \"b\": expected a comma"},
    {"relu as abcdefghijklmnopqrstuvwxyz012345, add abcdefghijklmnopqrstuvwxyz012345", 1, 8, 8,
     CLCNN_INVALID_ARGUMENT, "column 9 at \"abcdefghijklmnopqrstuvwx...\": expected a name"},
    {"relu as frozen", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"frozen\": expected a name"},
    {"relu as from", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"from\": expected a name"},
    {"relu as as", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"as\": expected a name"},
    {"relu as a, add from a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 16 at \"from a\": expected a name"},
    {"relu as a, relu from from a", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "expected a name"},
    {"relu as a, relu from a from a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 24 at \"from a\": \"from\" is given twice"},
    {"relu as a as b", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 11 at \"as b\": \"as\" is given twice"},
    {"dense 2 frozen frozen", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "\"frozen\" is given twice"},
    {"dense 2 frozen nobias", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 16 at \"nobias\": expected a comma or the end after \"dense 2 frozen\""},
    {"as a", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 1 at \"as a\": expected a layer"},
    {"frozen dense 2", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 1 at \"frozen dense 2\": expected a l"},
    {"relu as a, add", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "(column 15): expected a name"},
    {"relu as a, add a b", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 18 at \"b\": expected a comma or the end after \"add a\""},
    /* outputs that nobody takes */
    {"relu as a, tanh, relu from a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 12 at \"tanh, relu from a\": no layer takes the output of layer 1"},
    {"relu as a, flatten, relu from a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "no layer takes the output of layer 1"},
    {"relu as a, dense 2, dense 64 from a, add a from a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 12 at \"dense 2, dense 64 from a...\": no layer takes the output of layer 1"},
    {"resnet-mini, relu", 1, 28, 28, CLCNN_INVALID_ARGUMENT, "column 1 at \"resnet-mini, relu\""},
    /* numbers */
    {"dropout", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "(column 8): expected the probability that an element becomes 0, a number such as 0.5 or "
     "1e-5"},
    {"dropout half", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 9 at \"half\": expected the probability"},
    {"dropout -0.5", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 9 at \"-0.5\": expected the probability"},
    {"dropout .5", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \".5\": expected the probability"},
    {"dropout 1", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 9 at \"1\": the probability that an element becomes 0 must be from 0 to 0.999999"},
    {"dropout 1.5", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "must be from 0 to 0.999999"},
    {"dropout 0.5.5", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 12 at \".5\": expected a comma"},
    {"dropout 0,5", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 11 at \"5\": expected a layer"},
    {"dropout 5.", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"5.\": expected the probability"},
    {"dropout 00.5", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 9 at \"00.5\": expected the probability"},
    {"dropout 0x1", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 10 at \"x1\": expected a comma"},
    {"dropout nan", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 9 at \"nan\": expected the probability"},
    {"dropout 1e", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"1e\": the probability"},
    {"dropout 0e", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 10 at \"e\": expected a comma"},
    {"dropout 1e999", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 9 at \"1e999\": "},
    {"dropout 99999999999999999999", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 9 at \"99999999999999999999\": the probability that an element becomes 0 must be "
     "from"},
    {"dropout 0.5 0.5", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 13 at \"0.5\": expected a comma"},
    {"leaky_relu -1", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 12 at \"-1\": expected a comma"},
    {"elu 1e39", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 5 at \"1e39\": alpha must be from 0 to 3.4"},
    {"relu 0.1", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 6 at \"0.1\": expected a comma or the end"},
    {"batchnorm eps", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "(column 14): expected eps, a number such as"},
    {"batchnorm eps 0", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "eps must be from 1e-30 to 1e+30"},
    {"batchnorm eps 1e-31", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 15 at \"1e-31\": eps must be"},
    {"batchnorm eps 1E-5", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 16 at \"E-5\": expected a comma"},
    {"batchnorm momentum 1.01", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "a momentum must be from 0 to 1"},
    {"batchnorm momentum 0.1 eps 1 momentum 0.1", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 30 at \"momentum 0.1\": \"momentum\" is given twice"},
    /* options of other layers */
    {"layernorm momentum 0.1", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "or an option (eps)"},
    {"batchnorm nobias", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "or an option (eps, momentum, biased)"},
    {"avgpool 2 dilation 2", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "or an option (pad, stride, ceil, count_pad)"},
    {"conv 4 3x3 ceil", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "column 12 at \"ceil\": expected a comma"},
    {"globalavgpool 2", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 15 at \"2\": expected a comma or the end after \"globalavgpool\""},
    /* what parses but does not fit */
    {"relu frozen", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 1 at \"relu frozen\": layer 0 gets 1 x 8 x 8: it has no parameters that could be "
     "frozen"},
    {"dropout 0.5 frozen", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "it has no parameters"},
    {"relu as a, conv 1 3x3, add a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 24 at \"add a\": layer 2 gets 1 x 6 x 6: it cannot be added to 1 x 8 x 8"},
    {"flatten as a, dense 64 as b, conv 1 1x1, add a, relu as c, maxpool 1, add b", 1, 8, 8,
     CLCNN_INVALID_ARGUMENT, "layer 3 gets 1 x 1 x 1: it cannot be added to 64 x 1 x 1"},
    {"relu as a, flatten, add a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "layer 2 gets 64 x 1 x 1: it cannot be added to 1 x 8 x 8"},
    {"maxpool 2 as a, relu, maxpool 4, dense 16 from a, add a", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "layer 4 gets 16 x 1 x 1: it cannot be added to 1 x 4 x 4"},
    {"avgpool 9", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "layer 0 gets 1 x 8 x 8: "},
    {"vgg-mini", 1, 3, 3, CLCNN_INVALID_ARGUMENT, "maxpool 2"},
    /* what parses but does not fit */
    {"relu, conv 4 9x9", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 7 at \"conv 4 9x9\": layer 1 gets 1 x 8 x 8: "},
    {"conv 4 3x3 groups 2", 3, 8, 8, CLCNN_INVALID_ARGUMENT, "layer 0 gets 3 x 8 x 8: "},
    {"conv 5 3x3 groups 2", 4, 8, 8, CLCNN_INVALID_ARGUMENT, "layer 0 gets 4 x 8 x 8: "},
    {"maxpool 2, maxpool 2, maxpool 2, maxpool 2", 1, 8, 8, CLCNN_INVALID_ARGUMENT,
     "column 34 at \"maxpool 2\": layer 3 gets 1 x 1 x 1: "},
    {"maxpool 2 pad 2", 1, 8, 8, CLCNN_INVALID_ARGUMENT, "layer 0 gets 1 x 8 x 8: "},
    {"conv 1048576 1x1", 1, 64, 64, CLCNN_UNSUPPORTED, "y has 4294967296"},
    {"conv 1048576 1x1 nobias, dense 1048576", 1, 1, 1, CLCNN_UNSUPPORTED,
     "its weight has 2^31 elements or more"},
    {"relu", 0, 8, 8, CLCNN_INVALID_ARGUMENT, "an image of 0 x 8 x 8 has a size below 1"},
    {"relu", 1, -8, 8, CLCNN_INVALID_ARGUMENT, "an image of 1 x -8 x 8 has a size below 1"},
    {"relu", 1, 8, 0, CLCNN_INVALID_ARGUMENT, "an image of 1 x 8 x 0 has a size below 1"},
    {"relu", 65536, 65536, 65536, CLCNN_UNSUPPORTED, "has 2^31 elements or more"},
};

static void test_bad(void)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        const struct bad *b = &bad[i];
        clcnn_net_desc desc = {.layers = b->text, .c = b->c, .h = b->h, .w = b->w};
        clcnn_error error = {.message = ""};
        size_t count = 77;
        clcnn_status status = clcnn_net_layers(&desc, NULL, 0, &count, &error);
        CHECK(status == b->status && error.status == status && strstr(error.message, b->message),
              "\"%s\" for %d x %d x %d: %s: %s\n  not %s: %s", b->text, b->c, b->h, b->w,
              clcnn_status_name(status), error.message, clcnn_status_name(b->status), b->message);
        CHECK(count == 77, "\"%s\": count is touched", b->text);
        CHECK(clcnn_net_layers(&desc, NULL, 0, &count, NULL) == b->status, "\"%s\" without error",
              b->text);
    }
}

/* Every beginning of a description is either one or an error that says where. */
static void test_beginnings(void)
{
    static const char whole[] =
        "conv 6 5x5 pad 1,2,3,4 stride 2x1 dilation 1x2 groups 1 nobias frozen as a1 , batchnorm "
        "eps 1e-3 momentum 0.25 biased, leaky_relu 0.125, dropout 0.5,add a1 from a1, relu, "
        "maxpool 2x2 pad 1 stride 2,avgpool 1 count_pad ceil,flatten,dense 12 nobias, layernorm "
        "eps "
        "0.5 , dense 3";
    for (size_t length = 0; length < sizeof whole; ++length) {
        char *text = strndup(whole, length);
        clcnn_net_desc desc = {.layers = text, .c = 1, .h = 20, .w = 20};
        clcnn_error error = {.message = ""};
        size_t count = 0;
        clcnn_status status = clcnn_net_layers(&desc, NULL, 0, &count, &error);
        CHECK(status == CLCNN_SUCCESS ? count > 0 : strstr(error.message, "column ") != NULL,
              "\"%s\": %s", text, error.message);
        free(text);
    }
}

static void test_number_of_layers(void)
{
    enum { MOST = 1024 };
    char text[(MOST + 1) * 6] = "relu";
    for (size_t i = 1; i < MOST; ++i)
        strcpy(text + 4 + (i - 1) * 6, ", relu");
    clcnn_net_desc desc = {.layers = text, .c = 1, .h = 1, .w = 1};
    clcnn_error error = {.message = ""};
    size_t count = 0;
    CHECK(clcnn_net_layers(&desc, NULL, 0, &count, &error) == CLCNN_SUCCESS && count == MOST,
          "%zu layers: %s", count, error.message);
    strcat(text, ", relu");
    CHECK(clcnn_net_layers(&desc, NULL, 0, &count, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "a network has at most 1024 layers") &&
              strstr(error.message, "column 6144 at"),
          "%s", error.message);
}

static void test_arguments(void)
{
    clcnn_net_desc desc = {.layers = "relu, relu", .c = 1, .h = 1, .w = 1};
    clcnn_layer_info layers[3];
    clcnn_error error;
    size_t count = 0;
    CHECK(clcnn_net_layers(NULL, NULL, 0, &count, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "desc is NULL"),
          "%s", error.message);
    CHECK(clcnn_net_layers(&desc, NULL, 0, NULL, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "count is NULL"),
          "%s", error.message);
    CHECK(clcnn_net_layers(&desc, NULL, 1, &count, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "layers"),
          "%s", error.message);
    memset(layers, 0x5a, sizeof layers);
    clcnn_layer_info untouched = layers[1];
    CHECK(clcnn_net_layers(&desc, layers, 1, &count, &error) == CLCNN_SUCCESS && count == 2,
          "%zu layers", count);
    CHECK(memcmp(&layers[1], &untouched, sizeof untouched) == 0, "written behind the capacity");

    desc = (clcnn_net_desc){.c = 1, .h = 28, .w = 28};
    CHECK(clcnn_net_layers(&desc, NULL, 0, &count, NULL) == CLCNN_SUCCESS && count == 12,
          "without layers it is lenet5: %zu layers", count);
}

/* The presets, their parameters (worked out with PyTorch's modules) and values. */
static const struct preset {
    const char *name;
    size_t layers, parameters;
} presets[] = {{"lenet5", 12, 61706},
               {"mlp", 10, 235914},
               {"simple-cnn", 4, 62810},
               {"vgg-mini", 19, 468010},
               {"resnet-mini", 52, 174970}};
enum { PRESETS = sizeof presets / sizeof *presets, PRESET_LAYERS = 64 };

static void check_preset(const struct preset *expected, const clcnn_net_preset *preset)
{
    const clcnn_net_desc by_name = {
        .layers = preset->name, .c = preset->c, .h = preset->h, .w = preset->w};
    static clcnn_layer_info layers[PRESET_LAYERS], again[PRESET_LAYERS];
    clcnn_error error = {.message = ""};
    size_t count = 0, other = 0, parameters = 0, used = 0;
    static char joined[PRESET_LAYERS * sizeof layers->text];
    CHECK(strcmp(preset->name, expected->name) == 0, "%s, not %s", preset->name, expected->name);
    if (!CHECK(!clcnn_net_layers(&by_name, layers, PRESET_LAYERS, &count, &error) &&
                   count == expected->layers,
               "%s: %zu layers: %s", preset->name, count, error.message))
        return;
    for (size_t i = 0; i < count; ++i) {
        parameters += layers[i].parameters;
        used += (size_t)snprintf(joined + used, sizeof joined - used, "%s%s", i ? ", " : "",
                                 layers[i].text);
    }
    CHECK(parameters == expected->parameters, "%s has %zu parameters, not %zu", preset->name,
          parameters, expected->parameters);
    CHECK(strcmp(joined, preset->layers) == 0, "%s is not normalised:\n  %s\n  %s", preset->name,
          preset->layers, joined);
    clcnn_net_desc by_text = by_name;
    by_text.layers = joined;
    CHECK(!clcnn_net_layers(&by_text, again, PRESET_LAYERS, &other, &error) && other == count &&
              memcmp(layers, again, count * sizeof *layers) == 0,
          "%s: by its text it is another network: %s", preset->name, error.message);
}

static void test_presets(void)
{
    size_t count = 0;
    for (const clcnn_net_preset *p = clcnn_net_presets(); p->name; ++p, ++count)
        if (CHECK(count < PRESETS, "%s is new", p->name))
            check_preset(&presets[count], p);
    CHECK(count == PRESETS, "%zu presets", count);
}

int main(void)
{
    static const harness_test tests[] = {
        {"descriptions", test_good},
        {"normalised descriptions", test_normalised},
        {"bad descriptions", test_bad},
        {"beginnings of a description", test_beginnings},
        {"number of layers", test_number_of_layers},
        {"arguments", test_arguments},
        {"presets", test_presets},
        {NULL, NULL},
    };
    return harness_run("netparse", tests);
}
