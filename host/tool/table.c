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
