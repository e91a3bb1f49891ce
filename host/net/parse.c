/*
 * Reads the one-line description of a network; the grammar stands in clcnn_net.h. A layer's own
 * file reads what follows its keyword with the functions here, so this file knows options, not
 * layers. Whatever is wrong is reported with its column and the text that stands there.
 */
#include "net.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 1048576, QUOTED = 24 };

static void skip_white(clcnn__parser *parser)
{
    parser->at += strspn(parser->at, " \t\r\n");
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Length of the word at `at`: letters, digits and underscores, not beginning with a digit. */
static size_t word_length(const char *at)
{
    size_t n = 0;
    while ((at[n] >= 'a' && at[n] <= 'z') || (at[n] >= 'A' && at[n] <= 'Z') || at[n] == '_' ||
           (n > 0 && is_digit(at[n])))
        ++n;
    return n;
}

/* What stands at `place`, for a sentence: cut short, strange bytes replaced. */
static void quote(const char *place, char out[QUOTED + 8])
{
    size_t n = 0;
    for (; n < QUOTED && place[n] != '\0'; ++n)
        out[n] = (char)(place[n] >= ' ' && place[n] <= '~' ? place[n] : '?');
    strcpy(out + n, place[n] != '\0' ? "..." : "");
}

clcnn_status clcnn__parse_fail(const clcnn__parser *parser, const char *place, const char *format,
                               ...)
{
    char sentence[512], here[QUOTED + 8];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    quote(place, here);
    if (here[0] == '\0')
        return CLCNN__INVALID(parser->error, "network, at its end (column %zu): %s",
                              (size_t)(place - parser->text) + 1, sentence);
    return CLCNN__INVALID(parser->error, "network, column %zu at \"%s\": %s",
                          (size_t)(place - parser->text) + 1, here, sentence);
}

/* ---- Numbers, sizes, options -------------------------------------------------------------- */

clcnn_status clcnn__parse_number(clcnn__parser *parser, const char *what, int least, int *number)
{
    skip_white(parser);
    const char *start = parser->at;
    if (!is_digit(*start))
        return clcnn__parse_fail(parser, start, "expected %s, a whole number", what);
    long value = 0;
    for (; is_digit(*parser->at); ++parser->at)
        if (value <= LARGEST)
            value = value * 10 + (*parser->at - '0');
    if (value < least || value > LARGEST)
        return clcnn__parse_fail(parser, start, "%s must be from %d to %d", what, least, LARGEST);
    *number = (int)value;
    return CLCNN_SUCCESS;
}

/* Takes the `x` of "3x5"; not the first letter of a word. */
static bool take_times(clcnn__parser *parser)
{
    const char *at = parser->at + strspn(parser->at, " \t\r\n");
    if (*at != 'x')
        return false;
    at += 1 + strspn(at + 1, " \t\r\n");
    if (!is_digit(*at))
        return false;
    parser->at = at;
    return true;
}

clcnn_status clcnn__parse_size(clcnn__parser *parser, const char *what, int least, int size[2])
{
    clcnn_status status = clcnn__parse_number(parser, what, least, &size[0]);
    if (status)
        return status;
    size[1] = size[0];
    return take_times(parser) ? clcnn__parse_number(parser, what, least, &size[1]) : CLCNN_SUCCESS;
}

/* A comma followed by a digit goes on with a list of paddings; layers begin with a letter. */
static bool take_comma_in_list(clcnn__parser *parser)
{
    const char *at = parser->at + strspn(parser->at, " \t\r\n");
    if (*at != ',')
        return false;
    at += 1 + strspn(at + 1, " \t\r\n");
    if (!is_digit(*at))
        return false;
    parser->at = at;
    return true;
}

static clcnn_status read_pad(clcnn__parser *parser, clcnn__options *options)
{
    int *pad = options->pad, size[2];
    clcnn_status status = clcnn__parse_size(parser, "a padding", 0, size);
    if (status)
        return status;
    pad[0] = pad[2] = size[0];
    pad[1] = pad[3] = size[1];
    if (size[0] != size[1] || !take_comma_in_list(parser))
        return CLCNN_SUCCESS;
    for (int side = 1; side < 4; ++side) {
        status = clcnn__parse_number(parser, "a padding", 0, &pad[side]);
        if (status)
            return status;
        if (side < 3 && !take_comma_in_list(parser))
            return clcnn__parse_fail(parser, parser->at,
                                     "paddings come as N, NxN or four: top,left,bottom,right");
    }
    return CLCNN_SUCCESS;
}

static clcnn_status read_stride(clcnn__parser *parser, clcnn__options *options)
{
    return clcnn__parse_size(parser, "a stride", 1, options->stride);
}

static clcnn_status read_dilation(clcnn__parser *parser, clcnn__options *options)
{
    return clcnn__parse_size(parser, "a dilation", 1, options->dilation);
}

static clcnn_status read_groups(clcnn__parser *parser, clcnn__options *options)
{
    return clcnn__parse_number(parser, "a number of groups", 1, &options->groups);
}

static clcnn_status read_nothing(clcnn__parser *parser, clcnn__options *options)
{
    (void)parser;
    (void)options;
    return CLCNN_SUCCESS;
}

static const struct option {
    const char *word;
    unsigned bit;
    clcnn_status (*read)(clcnn__parser *parser, clcnn__options *options);
} options_known[] = {
    {"pad", CLCNN__PAD, read_pad},
    {"stride", CLCNN__STRIDE, read_stride},
    {"dilation", CLCNN__DILATION, read_dilation},
    {"groups", CLCNN__GROUPS, read_groups},
    {"nobias", CLCNN__NOBIAS, read_nothing},
};
enum { OPTIONS = sizeof options_known / sizeof *options_known };

/* The row of the option at parser->at; failing that, the sentence that lists those allowed. */
static const struct option *find_option(clcnn__parser *parser, unsigned allowed)
{
    char list[64] = "";
    size_t length = word_length(parser->at);
    for (int i = 0; i < OPTIONS; ++i) {
        const struct option *option = &options_known[i];
        if (!(option->bit & allowed))
            continue;
        if (strlen(option->word) == length && memcmp(option->word, parser->at, length) == 0)
            return option;
        clcnn__append(list, sizeof list, "%s%s", list[0] ? ", " : "", option->word);
    }
    clcnn__parse_fail(parser, parser->at, "expected a comma, the end or an option (%s)", list);
    return NULL;
}

clcnn_status clcnn__parse_options(clcnn__parser *parser, unsigned allowed, clcnn__options *options)
{
    *options = (clcnn__options){.dilation = {1, 1}, .groups = 1};
    for (;;) {
        skip_white(parser);
        if (*parser->at == ',' || *parser->at == '\0')
            return CLCNN_SUCCESS;
        const struct option *option = find_option(parser, allowed);
        if (!option)
            return CLCNN_INVALID_ARGUMENT;
        if (options->given & option->bit)
            return clcnn__parse_fail(parser, parser->at, "\"%s\" is given twice", option->word);
        options->given |= option->bit;
        parser->at += strlen(option->word);
        clcnn_status status = option->read(parser, options);
        if (status)
            return status;
    }
}

/* ---- Text again --------------------------------------------------------------------------- */

void clcnn__append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    vsnprintf(text + used, size - used, format, args);
    va_end(args);
}

static void append_size(char *text, size_t size, const char *word, const int pair[2])
{
    clcnn__append(text, size, " %s %d", word, pair[0]);
    if (pair[1] != pair[0])
        clcnn__append(text, size, "x%d", pair[1]);
}

void clcnn__append_options(char *text, size_t size, const clcnn__options *options)
{
    const int *pad = options->pad;
    if (pad[0] != pad[2] || pad[1] != pad[3])
        clcnn__append(text, size, " pad %d,%d,%d,%d", pad[0], pad[1], pad[2], pad[3]);
    else if (pad[0] || pad[1])
        append_size(text, size, "pad", pad);
    if (options->stride[0])
        append_size(text, size, "stride", options->stride);
    if (options->dilation[0] != 1 || options->dilation[1] != 1)
        append_size(text, size, "dilation", options->dilation);
    if (options->groups != 1)
        clcnn__append(text, size, " groups %d", options->groups);
    if (options->given & CLCNN__NOBIAS)
        clcnn__append(text, size, " nobias");
}

/* ---- Layers ------------------------------------------------------------------------------- */

static clcnn_status unknown_layer(const clcnn__parser *parser)
{
    char kinds[256] = "", presets[256] = "";
    clcnn__layer_keywords(kinds, sizeof kinds);
    for (const clcnn_net_preset *preset = clcnn_net_presets(); preset->name; ++preset)
        clcnn__append(presets, sizeof presets, "%s%s", presets[0] ? ", " : "", preset->name);
    return clcnn__parse_fail(parser, parser->at,
                             "expected a layer (%s), or the name of a preset alone (%s)", kinds,
                             presets);
}

static clcnn_status parse_layer(clcnn__parser *parser, clcnn__layer *layer)
{
    skip_white(parser);
    size_t length = word_length(parser->at);
    const clcnn__layer_kind *kind = clcnn__layer_find(parser->at, length);
    if (!kind)
        return unknown_layer(parser);
    layer->kind = kind;
    layer->place = parser->at;
    layer->self = calloc(1, kind->self_size ? kind->self_size : 1);
    if (!layer->self)
        return CLCNN__FAIL(parser->error, CLCNN_OUT_OF_MEMORY, "no memory for a layer");
    parser->at += length;
    clcnn_status status = kind->parse ? kind->parse(parser, layer->self) : CLCNN_SUCCESS;
    if (status)
        return status;
    skip_white(parser);
    if (*parser->at != ',' && *parser->at != '\0')
        return clcnn__parse_fail(parser, parser->at, "expected a comma or the end after \"%s\"",
                                 kind->keyword);
    clcnn__append(layer->text, sizeof layer->text, "%s", kind->keyword);
    if (kind->print)
        kind->print(layer->self, layer->text, sizeof layer->text);
    return CLCNN_SUCCESS;
}

/* Makes room for one more layer, in powers of two. */
static clcnn_status grow(clcnn__layers *layers, clcnn_error *error)
{
    size_t count = layers->count;
    if ((count & (count - 1)) == 0) {
        size_t capacity = count ? 2 * count : 1;
        clcnn__layer *rows = realloc(layers->rows, capacity * sizeof *rows);
        if (!rows)
            return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu layers", capacity);
        layers->rows = rows;
    }
    layers->rows[count] = (clcnn__layer){0};
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__parse_layers(clcnn__layers *layers, clcnn_error *error)
{
    clcnn__parser parser = {layers->text, layers->text, error};
    for (;;) {
        if (layers->count == CLCNN__MAX_LAYERS)
            return clcnn__parse_fail(&parser, parser.at, "a network has at most %d layers",
                                     CLCNN__MAX_LAYERS);
        clcnn_status status = grow(layers, error);
        if (status)
            return status;
        status = parse_layer(&parser, &layers->rows[layers->count++]);
        if (status)
            return status;
        if (*parser.at == '\0')
            return CLCNN_SUCCESS;
        ++parser.at; /* the comma */
    }
}
