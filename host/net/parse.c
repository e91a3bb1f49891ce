/*
 * Reads the one-line description of a network; the grammar stands in clcnn_net.h. A layer's own
 * file reads what follows its keyword with the functions here, so this file knows options, not
 * layers. Whatever is wrong is reported with its column and the text that stands there.
 */
#include "net.h"

#include <jansson.h>
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

/* Characters of a number: digits, with a point and an exponent where there are any. */
static size_t real_length(const char *at)
{
    size_t n = strspn(at, "0123456789");
    if (n > 0 && at[n] == '.')
        n += 1 + strspn(at + n + 1, "0123456789");
    size_t sign = at[n] == 'e' ? 1 + strspn(at + n + 1, "+-") : 0;
    if (n > 0 && sign >= 1 && sign <= 2 && is_digit(at[n + sign]))
        n += sign + strspn(at + n + sign, "0123456789");
    return n;
}

/* jansson reads and writes numbers the same under any locale. */
clcnn_status clcnn__parse_real(clcnn__parser *parser, const char *what, double least, double most,
                               double *number)
{
    skip_white(parser);
    const char *start = parser->at;
    size_t length = real_length(start);
    json_t *value =
        length ? json_loadb(start, length, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL) : NULL;
    const bool ok = json_is_number(value);
    const double real = json_number_value(value);
    json_decref(value);
    if (!ok)
        return clcnn__parse_fail(parser, start, "expected %s, a number such as 0.5 or 1e-5", what);
    if (!(real >= least && real <= most))
        return clcnn__parse_fail(parser, start, "%s must be from %g to %g", what, least, most);
    parser->at += length;
    *number = real;
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

static clcnn_status read_eps(clcnn__parser *parser, clcnn__options *options)
{
    return clcnn__parse_real(parser, "eps", 1e-30, 1e30, &options->eps);
}

static clcnn_status read_momentum(clcnn__parser *parser, clcnn__options *options)
{
    return clcnn__parse_real(parser, "a momentum", 0, 1, &options->momentum);
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
    {"dot_only", CLCNN__DOT_ONLY, read_nothing},
    {"ceil", CLCNN__CEIL, read_nothing},
    {"count_pad", CLCNN__COUNT_PAD, read_nothing},
    {"eps", CLCNN__EPS, read_eps},
    {"momentum", CLCNN__MOMENTUM, read_momentum},
    {"biased", CLCNN__BIASED, read_nothing},
};
enum { OPTIONS = sizeof options_known / sizeof *options_known };

/* The row of the option at parser->at; failing that, the sentence that lists those allowed. */
static const struct option *find_option(clcnn__parser *parser, unsigned allowed)
{
    char list[128] = "";
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

/* Words that may follow any layer's own options; how they are read stands below. */
enum { SUFFIX_FROZEN, SUFFIX_FROM, SUFFIX_AS, SUFFIXES };
static const char *const suffixes[SUFFIXES] = {"frozen", "from", "as"};

/* 1 + the number of the suffix at `at`; 0: there is none. */
static int find_suffix(const char *at)
{
    size_t length = word_length(at);
    for (int i = 0; i < SUFFIXES; ++i)
        if (strlen(suffixes[i]) == length && memcmp(suffixes[i], at, length) == 0)
            return 1 + i;
    return 0;
}

clcnn_status clcnn__parse_options(clcnn__parser *parser, unsigned allowed, clcnn__options *options)
{
    *options = (clcnn__options){.dilation = {1, 1}, .groups = 1, .eps = 1e-5, .momentum = 0.1};
    for (;;) {
        skip_white(parser);
        if (*parser->at == ',' || *parser->at == '\0' || find_suffix(parser->at))
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

void clcnn__append_real(char *text, size_t size, double number)
{
    char digits[64] = "";
    json_t *value = json_real(number);
    for (size_t precision = 1; value && precision <= 17; ++precision) {
        size_t length = json_dumpb(value, digits, sizeof digits - 1,
                                   JSON_ENCODE_ANY | JSON_REAL_PRECISION(precision));
        digits[length < sizeof digits ? length : 0] = '\0';
        json_t *back = json_loads(digits, JSON_DECODE_ANY, NULL);
        const bool same = json_number_value(back) == number;
        json_decref(back);
        if (same)
            break;
    }
    json_decref(value);
    size_t length = strlen(digits);
    if (length > 2 && strcmp(digits + length - 2, ".0") == 0)
        digits[length - 2] = '\0';
    clcnn__append(text, size, "%s", digits);
}

static void append_real_option(char *text, size_t size, const char *word, double number,
                               double usual)
{
    if (number == usual)
        return;
    clcnn__append(text, size, " %s ", word);
    clcnn__append_real(text, size, number);
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
    static const struct {
        unsigned bit;
        const char *word;
    } flags[] = {{CLCNN__NOBIAS, "nobias"},
                 {CLCNN__DOT_ONLY, "dot_only"},
                 {CLCNN__CEIL, "ceil"},
                 {CLCNN__COUNT_PAD, "count_pad"},
                 {CLCNN__BIASED, "biased"}};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; ++i)
        if (options->given & flags[i].bit)
            clcnn__append(text, size, " %s", flags[i].word);
    append_real_option(text, size, "eps", options->eps, 1e-5);
    append_real_option(text, size, "momentum", options->momentum, 0.1);
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

/* Reads a name to `name`. */
static clcnn_status read_name(clcnn__parser *parser, char name[32])
{
    skip_white(parser);
    size_t length = strspn(parser->at, "abcdefghijklmnopqrstuvwxyz0123456789_");
    if (length == 0 || length > 31 || !(*parser->at >= 'a' && *parser->at <= 'z') ||
        find_suffix(parser->at))
        return clcnn__parse_fail(parser, parser->at,
                                 "expected a name: a small letter, then at most 30 small letters, "
                                 "digits and underscores, and not \"frozen\", \"from\" or \"as\"");
    memcpy(name, parser->at, length);
    name[length] = '\0';
    parser->at += length;
    return CLCNN_SUCCESS;
}

/* The layer before `end` that has this name; -1: none. */
static int find_named(const clcnn__layers *layers, size_t end, const char *name)
{
    for (size_t i = 0; i < end; ++i)
        if (strcmp(layers->rows[i].name, name) == 0)
            return (int)i;
    return -1;
}

static clcnn_status read_reference(clcnn__parser *parser, const clcnn__layers *layers, size_t end,
                                   int *input, char name[32])
{
    skip_white(parser);
    const char *place = parser->at;
    clcnn_status status = read_name(parser, name);
    if (status)
        return status;
    *input = find_named(layers, end, name);
    return *input >= 0
               ? CLCNN_SUCCESS
               : clcnn__parse_fail(parser, place, "no layer before it is called \"%s\"", name);
}

static clcnn_status read_own_name(clcnn__parser *parser, const clcnn__layers *layers,
                                  clcnn__layer *layer, size_t number)
{
    skip_white(parser);
    const char *place = parser->at;
    clcnn_status status = read_name(parser, layer->name);
    if (status)
        return status;
    int other = find_named(layers, number, layer->name);
    return other < 0 ? CLCNN_SUCCESS
                     : clcnn__parse_fail(parser, place, "layer %d is called \"%s\" already", other,
                                         layer->name);
}

/* "frozen", "from NAME" and "as NAME", in this order in the normalised text. */
static clcnn_status parse_suffixes(clcnn__parser *parser, const clcnn__layers *layers,
                                   clcnn__layer *layer, size_t number)
{
    bool given[SUFFIXES] = {false};
    char from[32];
    for (;;) {
        skip_white(parser);
        int suffix = find_suffix(parser->at) - 1;
        if (suffix < 0)
            break;
        if (given[suffix])
            return clcnn__parse_fail(parser, parser->at, "\"%s\" is given twice", suffixes[suffix]);
        given[suffix] = true;
        parser->at += strlen(suffixes[suffix]);
        clcnn_status status = CLCNN_SUCCESS;
        if (suffix == SUFFIX_FROM)
            status = read_reference(parser, layers, number, &layer->inputs[0], from);
        else if (suffix == SUFFIX_AS)
            status = read_own_name(parser, layers, layer, number);
        if (status)
            return status;
    }
    layer->frozen = given[SUFFIX_FROZEN];
    if (layer->frozen)
        clcnn__append(layer->text, sizeof layer->text, " frozen");
    if (given[SUFFIX_FROM])
        clcnn__append(layer->text, sizeof layer->text, " from %s", from);
    if (given[SUFFIX_AS])
        clcnn__append(layer->text, sizeof layer->text, " as %s", layer->name);
    return CLCNN_SUCCESS;
}

/* The kind with its own words: "conv 6 5x5 pad 2", "add NAME". */
static clcnn_status parse_kind(clcnn__parser *parser, const clcnn__layers *layers,
                               clcnn__layer *layer, size_t number)
{
    const clcnn__layer_kind *kind = layer->kind;
    clcnn_status status = kind->parse ? kind->parse(parser, layer->self) : CLCNN_SUCCESS;
    if (status)
        return status;
    clcnn__append(layer->text, sizeof layer->text, "%s", kind->keyword);
    if (kind->print)
        kind->print(layer->self, layer->text, sizeof layer->text);
    if (kind->inputs > 1) {
        char name[32];
        status = read_reference(parser, layers, number, &layer->inputs[1], name);
        clcnn__append(layer->text, sizeof layer->text, " %s", status ? "" : name);
    }
    return status;
}

static clcnn_status parse_layer(clcnn__parser *parser, const clcnn__layers *layers, size_t number)
{
    skip_white(parser);
    clcnn__layer *layer = &layers->rows[number];
    size_t length = word_length(parser->at);
    const clcnn__layer_kind *kind = clcnn__layer_find(parser->at, length);
    if (!kind)
        return unknown_layer(parser);
    layer->kind = kind;
    layer->place = parser->at;
    layer->inputs[0] = (int)number - 1; /* CLCNN__IMAGES for the first */
    layer->self = calloc(1, kind->self_size ? kind->self_size : 1);
    if (!layer->self)
        return CLCNN__FAIL(parser->error, CLCNN_OUT_OF_MEMORY, "no memory for a layer");
    parser->at += length;
    clcnn_status status = parse_kind(parser, layers, layer, number);
    if (!status)
        status = parse_suffixes(parser, layers, layer, number);
    if (status)
        return status;
    if (*parser->at != ',' && *parser->at != '\0')
        return clcnn__parse_fail(parser, parser->at, "expected a comma or the end after \"%s\"",
                                 layer->text);
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
        status = parse_layer(&parser, layers, layers->count++);
        if (status)
            return status;
        if (*parser.at == '\0')
            return CLCNN_SUCCESS;
        ++parser.at; /* the comma */
    }
}
