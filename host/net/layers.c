/*
 * The list of layers that a description stands for: their kinds, shapes and parameters. A new kind
 * of layer is a file layer_KIND.c and a row here.
 */
#include "net.h"

#include <stdlib.h>
#include <string.h>

static const clcnn__layer_kind *const kinds[] = {
    &clcnn__layer_conv2d,
    &clcnn__layer_maxpool2d,
    &clcnn__layer_dense,
    &clcnn__layer_relu,
    &clcnn__layer_flatten,
    &clcnn__layer_avgpool2d,
    &clcnn__layer_globalavgpool2d,
    &clcnn__layer_globalmaxpool2d,
    &clcnn__layer_batchnorm,
    &clcnn__layer_layernorm,
    &clcnn__layer_dropout,
    &clcnn__layer_add,
    &clcnn__layer_leaky_relu,
    &clcnn__layer_elu,
    &clcnn__layer_sigmoid,
    &clcnn__layer_tanh,
    &clcnn__layer_silu,
    &clcnn__layer_gelu,
    &clcnn__layer_gelu_tanh,
};
enum { KINDS = sizeof kinds / sizeof *kinds };

const clcnn__layer_kind *clcnn__layer_find(const char *keyword, size_t length)
{
    for (int i = 0; i < KINDS; ++i)
        if (strlen(kinds[i]->keyword) == length && memcmp(kinds[i]->keyword, keyword, length) == 0)
            return kinds[i];
    return NULL;
}

void clcnn__layer_keywords(char *text, size_t size)
{
    for (int i = 0; i < KINDS; ++i)
        clcnn__append(text, size, "%s%s", i ? ", " : "", kinds[i]->keyword);
}

bool clcnn__product(const int *sizes, int rank, size_t *product)
{
    uint64_t all = 1;
    for (int i = 0; i < rank; ++i) {
        if (sizes[i] < 1 || (all *= (uint64_t)sizes[i]) > INT32_MAX)
            return false;
    }
    *product = (size_t)all;
    return true;
}

static clcnn_status check_shape(clcnn__shape shape, const char *what, clcnn_error *error)
{
    size_t count;
    int sizes[] = {shape.c, shape.h, shape.w};
    for (int i = 0; i < 3; ++i)
        if (sizes[i] < 1)
            return CLCNN__INVALID(error, "%s of %d x %d x %d has a size below 1", what, shape.c,
                                  shape.h, shape.w);
    if (!clcnn__product(sizes, 3, &count))
        return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "%s of %d x %d x %d has 2^31 elements or more",
                           what, shape.c, shape.h, shape.w);
    return CLCNN_SUCCESS;
}

static clcnn_status list_parameters(clcnn__layers *layers, clcnn__layer *layer, clcnn_error *error)
{
    if (layer->frozen && !layer->kind->parameters)
        return CLCNN__INVALID(error, "it has no parameters that could be frozen");
    if (layer->frozen && layer->kind->freeze)
        layer->kind->freeze(layer->self);
    if (!layer->kind->parameters)
        return CLCNN_SUCCESS;
    layer->parameter_count = layer->kind->parameters(layer->self, layer->parameters);
    for (int i = 0; i < layer->parameter_count; ++i) {
        clcnn__parameter *parameter = &layer->parameters[i];
        if (!clcnn__product(parameter->shape, parameter->rank, &parameter->count))
            return CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "its %s has 2^31 elements or more",
                               parameter->name);
        parameter->packed = layers->values;
        layers->values += parameter->count;
        if (!parameter->statistic)
            layers->parameters += parameter->count;
    }
    return CLCNN_SUCCESS;
}

int clcnn__layer_inputs(const clcnn__layer *layer)
{
    return layer->kind->inputs > 1 ? layer->kind->inputs : 1;
}

clcnn__shape clcnn__layer_input(const clcnn__layers *layers, size_t layer, int which)
{
    const int input = layers->rows[layer].inputs[which];
    return input == CLCNN__IMAGES ? layers->in : layers->rows[input].out;
}

static clcnn_status infer_shape(clcnn__layers *layers, size_t i, clcnn_error *error)
{
    clcnn__layer *layer = &layers->rows[i];
    clcnn__shape in[CLCNN__MAX_INPUTS];
    in[0] = clcnn__layer_input(layers, i, 0);
    in[1] = clcnn__layer_inputs(layer) > 1 ? clcnn__layer_input(layers, i, 1) : in[0];
    if (layer->kind->number)
        layer->kind->number(layer->self, (uint32_t)i);
    clcnn_status status = layer->kind->shape(layer->self, in, &layer->out, error);
    if (!status)
        status = check_shape(layer->out, "its output", error);
    return status ? status : list_parameters(layers, layer, error);
}

/* Shapes, one layer after another; a failure tells which layer it was and what it got. */
static clcnn_status infer_shapes(clcnn__layers *layers, clcnn_error *error)
{
    clcnn_error local;
    clcnn__parser parser = {layers->text, layers->text, error};
    for (size_t i = 0; i < layers->count; ++i) {
        clcnn_status status = infer_shape(layers, i, &local);
        if (status) {
            const clcnn__shape in = clcnn__layer_input(layers, i, 0);
            clcnn__parse_fail(&parser, layers->rows[i].place, "layer %zu gets %d x %d x %d: %s", i,
                              in.c, in.h, in.w, local.message);
            if (error)
                error->status = status;
            return status;
        }
    }
    return CLCNN_SUCCESS;
}

static bool takes(const clcnn__layer *layer, size_t input)
{
    for (int k = 0; k < clcnn__layer_inputs(layer); ++k)
        if (layer->inputs[k] == (int)input)
            return true;
    return false;
}

/* Whatever is computed must be of use: only the last layer's output goes nowhere. */
static clcnn_status check_uses(const clcnn__layers *layers, clcnn_error *error)
{
    clcnn__parser parser = {layers->text, layers->text, error};
    for (size_t i = 0; i + 1 < layers->count; ++i) {
        bool used = false;
        for (size_t k = i + 1; !used && k < layers->count; ++k)
            used = takes(&layers->rows[k], i);
        if (!used)
            return clcnn__parse_fail(&parser, layers->rows[i].place,
                                     "no layer takes the output of layer %zu", i);
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__layers_create(const char *description, clcnn__shape in, clcnn__layers *layers,
                                  clcnn_error *error)
{
    const clcnn_net_preset *preset = clcnn__preset_find(description);
    *layers = (clcnn__layers){.in = in, .text = strdup(preset ? preset->layers : description)};
    clcnn_status status = CLCNN_SUCCESS;
    if (!layers->text)
        status = CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a description");
    if (!status)
        status = clcnn__parse_layers(layers, error);
    if (!status)
        status = check_shape(in, "an image", error);
    if (!status)
        status = infer_shapes(layers, error);
    if (!status)
        status = check_uses(layers, error);
    if (status)
        clcnn__layers_destroy(layers);
    return status;
}

void clcnn__layers_destroy(clcnn__layers *layers)
{
    for (size_t i = 0; i < layers->count; ++i)
        free(layers->rows[i].self);
    free(layers->rows);
    free(layers->text);
    *layers = (clcnn__layers){0};
}

char *clcnn__layers_text(const clcnn__layers *layers)
{
    size_t size = 1;
    for (size_t i = 0; i < layers->count; ++i)
        size += strlen(layers->rows[i].text) + 2;
    char *text = malloc(size);
    if (!text)
        return NULL;
    text[0] = '\0';
    for (size_t i = 0, used = 0; i < layers->count; ++i) {
        clcnn__append(text + used, size - used, "%s%s", i ? ", " : "", layers->rows[i].text);
        used += strlen(text + used);
    }
    return text;
}

clcnn_status clcnn_net_layers(const clcnn_net_desc *desc, clcnn_layer_info *infos, size_t capacity,
                              size_t *count, clcnn_error *error)
{
    if (!desc || !count || (!infos && capacity))
        return CLCNN__INVALID(error, "clcnn_net_layers: %s is NULL",
                              !desc    ? "desc"
                              : !count ? "count"
                                       : "layers (with a capacity above 0)");
    clcnn__layers layers;
    clcnn_status status =
        clcnn__layers_create(desc->layers ? desc->layers : "lenet5",
                             (clcnn__shape){desc->c, desc->h, desc->w}, &layers, error);
    if (status)
        return status;
    for (size_t i = 0; i < layers.count && i < capacity; ++i) {
        const clcnn__layer *layer = &layers.rows[i];
        infos[i] = (clcnn_layer_info){.c = layer->out.c, .h = layer->out.h, .w = layer->out.w};
        memcpy(infos[i].text, layer->text, sizeof layer->text);
        for (int p = 0; p < layer->parameter_count; ++p)
            if (!layer->parameters[p].statistic)
                infos[i].parameters += layer->parameters[p].count;
    }
    *count = layers.count;
    clcnn__layers_destroy(&layers);
    return CLCNN_SUCCESS;
}
