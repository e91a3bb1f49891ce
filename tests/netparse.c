/*
 * Descriptions of networks: what they mean, layer by layer, and what is said of bad ones. No device
 * is needed. The expected sizes were worked out by hand or with PyTorch.
 */
#include "clcnn_net.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 16, MAX_TEXT = 512 };

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
    {"conv 4 3x3 nobias groups 2 dilation 2x1 stride 2", 2, 9, 9,
     "conv 4 3x3 stride 2 dilation 2x1 groups 2 nobias -> 4x3x4 36"},
    {"conv 4 3x3 stride 1x2", 1, 5, 5, "conv 4 3x3 stride 1x2 -> 4x3x2 40"},
    {"maxpool 2", 3, 5, 5, "maxpool 2 -> 3x2x2 0"},
    {"maxpool 2x3 stride 2x3", 3, 6, 6, "maxpool 2x3 -> 3x3x2 0"},
    {"maxpool 3 stride 2 pad 1", 3, 7, 7, "maxpool 3 pad 1 stride 2 -> 3x4x4 0"},
    {"maxpool 2 stride 1 dilation 2", 3, 7, 7, "maxpool 2 stride 1 dilation 2 -> 3x5x5 0"},
    {"conv 1048576 1x1 nobias", 1, 1, 1, "conv 1048576 1x1 nobias -> 1048576x1x1 1048576"},
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
     "nobias)"},
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
    static const char whole[] = "conv 6 5x5 pad 1,2,3,4 stride 2x1 dilation 1x2 groups 1 nobias , "
                                "relu, maxpool 2x2 pad 1 stride 2,flatten,dense 12 nobias, dense 3";
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

static void test_presets(void)
{
    size_t parameters = 0, count = 0;
    int lenet5 = 0;
    clcnn_layer_info layers[MAX_LAYERS];
    for (const clcnn_net_preset *p = clcnn_net_presets(); p->name; ++p) {
        clcnn_net_desc by_name = {.layers = p->name, .c = p->c, .h = p->h, .w = p->w};
        clcnn_net_desc by_text = by_name;
        clcnn_error error = {.message = ""};
        size_t other = 0;
        by_text.layers = p->layers;
        CHECK(clcnn_net_layers(&by_name, layers, MAX_LAYERS, &count, &error) == CLCNN_SUCCESS &&
                  clcnn_net_layers(&by_text, NULL, 0, &other, &error) == CLCNN_SUCCESS &&
                  count == other,
              "%s: %s", p->name, error.message);
        if (strcmp(p->name, "lenet5") != 0)
            continue;
        lenet5 = 1;
        for (size_t i = 0; i < count; ++i)
            parameters += layers[i].parameters;
    }
    CHECK(lenet5 && parameters == 61706, "lenet5 has %zu parameters", parameters);
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
