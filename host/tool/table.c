/*
 * The layers of a network as an aligned table: what each layer is, the size of its output for one
 * image, and how many parameters it has.
 */
#include "tool.h"

#include <stdlib.h>
#include <string.h>

clcnn_layer_info *tool_layers(const char *layers, int c, int h, int w, size_t *count,
                              clcnn_error *error)
{
    clcnn_net_desc desc = {.layers = layers, .batch = 1, .c = c, .h = h, .w = w};
    if (clcnn_net_layers(&desc, NULL, 0, count, error) != CLCNN_SUCCESS)
        return NULL;
    clcnn_layer_info *rows = calloc(*count + 1, sizeof *rows);
    if (rows == NULL) {
        error->status = CLCNN_OUT_OF_MEMORY;
        snprintf(error->message, sizeof error->message, "no memory for a table of %zu layers",
                 *count);
        return NULL;
    }
    if (clcnn_net_layers(&desc, rows, *count, count, error) != CLCNN_SUCCESS) {
        free(rows);
        return NULL;
    }
    return rows;
}

static const char *shape_text(char text[TOOL_TEXT_SIZE], int c, int h, int w)
{
    if (h == 1 && w == 1)
        snprintf(text, TOOL_TEXT_SIZE, "%d", c);
    else
        snprintf(text, TOOL_TEXT_SIZE, "%dx%dx%d", c, h, w);
    return text;
}

void tool_print_layers(FILE *to, int c, int h, int w, const clcnn_layer_info *layers, size_t count)
{
    char shape[TOOL_TEXT_SIZE], number[TOOL_TEXT_SIZE];
    int width = (int)strlen("layer");
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++) {
        int length = (int)strlen(layers[i].text);
        width = length > width ? length : width;
        total += layers[i].parameters;
    }
    fprintf(to, "  %2s  %-*s  %12s  %12s\n", "", width, "layer", "output", "parameters");
    fprintf(to, "  %2s  %-*s  %12s\n", "", width, "input", shape_text(shape, c, h, w));
    for (size_t i = 0; i < count; i++) {
        const clcnn_layer_info *row = &layers[i];
        fprintf(to, "  %2zu  %-*s  %12s  %12s\n", i, width, row->text,
                shape_text(shape, row->c, row->h, row->w),
                row->parameters > 0 ? tool_grouped(number, row->parameters) : "-");
    }
    fprintf(to, "  %2s  %-*s  %12s  %12s\n", "", width, "total", "", tool_grouped(number, total));
}

/* "3x32x32" */
static bool parse_input(const char *text, clcnn_net_desc *desc)
{
    int *const sizes[] = {&desc->c, &desc->h, &desc->w};
    for (int i = 0; i < 3; i++) {
        char number[16];
        size_t length = strcspn(text, "x");
        bool last = i == 2;
        if (length >= sizeof number || (text[length] == '\0') != last)
            return false;
        memcpy(number, text, length);
        number[length] = '\0';
        if (!tool_int(number, 1, 1000000, sizes[i]))
            return false;
        text += length + !last;
    }
    return true;
}

int tool_choose_input(const char *command, const char *net, const char *input, clcnn_net_desc *desc)
{
    for (const clcnn_net_preset *preset = clcnn_net_presets(); preset->name != NULL; preset++)
        if (strcmp(preset->name, net) == 0) {
            desc->c = preset->c;
            desc->h = preset->h;
            desc->w = preset->w;
        }
    if (input != NULL && !parse_input(input, desc))
        return tool_usage(
            command, "--input takes channels x height x width, such as 1x28x28, not '%s'", input);
    return TOOL_OK;
}
