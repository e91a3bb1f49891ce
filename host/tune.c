/*
 * Tuning rows: text tables that say, by algorithm, device and shape class, which macros a kernel is
 * built with. kernels/README.md describes the format. The built-in table of an operation is
 * kernels/OP.tune, parsed when it is first asked for; a caller's rows are tried before it.
 */
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 5, COLUMNS = KEYS + CLCNN__MAX_MACROS, MAX_VALUE = 65536 };

/* The header's first columns, in this order; what follows are the macros. */
static const char *const keys[KEYS] = {"algo", "device", "width", "shape", "use"};

typedef struct row {
    const char *algo, *device, *width, *shape;
    clcnn__tune_row values;
} row;

/* One parsed text; rows point into `text`. */
typedef struct table {
    struct table *next;
    char *op, *text;
    bool built_in;
    size_t count;
    row *rows;
} table;

struct clcnn__tuning {
    table *first; /* callers' tables before built-in ones, the newest first */
};

static void table_free(table *t)
{
    if (!t)
        return;
    free(t->op);
    free(t->text);
    free(t->rows);
    free(t);
}

static char *duplicate(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);
    if (copy)
        memcpy(copy, text, size);
    return copy;
}

/* Splits a line at white space, in place. Returns the number of words, COLUMNS + 1 if too many. */
static int split(char *line, char *words[COLUMNS])
{
    int count = 0;
    for (char *at = line;;) {
        while (isspace((unsigned char)*at))
            at++;
        if (!*at || *at == '#')
            return count;
        if (count == COLUMNS)
            return COLUMNS + 1;
        words[count++] = at;
        while (*at && !isspace((unsigned char)*at))
            at++;
        if (*at)
            *at++ = '\0';
    }
}

static bool is_macro(const char *word)
{
    for (const char *at = word; *at; at++)
        if (!isupper((unsigned char)*at) && *at != '_' &&
            (at == word || !isdigit((unsigned char)*at)))
            return false;
    return strlen(word) < 32;
}

static clcnn_status parse_header(const char *op, int line, char *words[], int count,
                                 clcnn_error *error)
{
    for (int i = 0; i < KEYS; i++)
        if (i >= count || strcmp(words[i], keys[i]) != 0)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                               "%s.tune, line %d: column %d is \"%.40s\", "
                               "a header begins with: algo device width shape use",
                               op, line, i + 1, i < count ? words[i] : "");
    for (int i = KEYS; i < count; i++)
        if (!is_macro(words[i]))
            return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                               "%s.tune, line %d: column %d, \"%.40s\", is not a macro's name "
                               "(capitals, digits, _)",
                               op, line, i + 1, words[i]);
    return CLCNN_SUCCESS;
}

static clcnn_status parse_number(const char *op, int line, int column, const char *word, long limit,
                                 int *value, clcnn_error *error)
{
    char *end = NULL;
    errno = 0;
    long number = strtol(word, &end, 10);
    if (!isdigit((unsigned char)*word) || *end || errno || number > limit)
        return CLCNN__FAIL(
            error, CLCNN_BAD_FILE,
            "%s.tune, line %d: column %d, \"%.40s\", is not an integer from 0 to %ld", op, line,
            column, word, limit);
    *value = (int)number;
    return CLCNN_SUCCESS;
}

static clcnn_status parse_row(const char *op, int line, char *header[], int columns, char *words[],
                              int count, row *out, clcnn_error *error)
{
    if (count != columns)
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "%s.tune, line %d has %d columns, its header has %d", op, line, count,
                           columns);
    static const char *const devices[] = {"*", "cpu", "gpu", "accelerator"};
    bool known = false;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++)
        known = known || strcmp(words[1], devices[i]) == 0;
    if (!known)
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "%s.tune, line %d: device \"%.40s\" is not one of * cpu gpu accelerator",
                           op, line, words[1]);
    int number = 0;
    clcnn_status status = CLCNN_SUCCESS;
    if (strcmp(words[2], "*") != 0)
        status = parse_number(op, line, 3, words[2], 64, &number, error);
    if (status == CLCNN_SUCCESS)
        status = parse_number(op, line, KEYS, words[4], 1, &number, error);
    *out = (row){.algo = words[0], .device = words[1], .width = words[2], .shape = words[3]};
    out->values.use = number != 0;
    for (int i = KEYS; i < columns && status == CLCNN_SUCCESS; i++) {
        clcnn__macro *macro = &out->values.macros[out->values.count++];
        macro->name = header[i];
        status = parse_number(op, line, i + 1, words[i], MAX_VALUE, &macro->value, error);
    }
    return status;
}

static clcnn_status parse_lines(table *t, clcnn_error *error)
{
    char *header[COLUMNS], *words[COLUMNS];
    int columns = 0, number = 0;
    for (char *line = t->text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        int count = split(line, words);
        if (count == 0)
            continue;
        clcnn_status status = CLCNN_SUCCESS;
        if (count > COLUMNS) {
            status = CLCNN__FAIL(error, CLCNN_BAD_FILE, "%s.tune, line %d has more than %d columns",
                                 t->op, number, COLUMNS);
        } else if (strcmp(words[0], keys[0]) == 0) {
            status = parse_header(t->op, number, words, count, error);
            memcpy(header, words, sizeof header);
            columns = count;
        } else if (columns == 0) {
            status = CLCNN__FAIL(error, CLCNN_BAD_FILE,
                                 "%s.tune, line %d comes before the first header", t->op, number);
        } else {
            status = parse_row(t->op, number, header, columns, words, count, &t->rows[t->count++],
                               error);
        }
        if (status != CLCNN_SUCCESS)
            return status;
    }
    return CLCNN_SUCCESS;
}

static clcnn_status table_parse(const char *op, const char *text, bool built_in, table **out,
                                clcnn_error *error)
{
    size_t lines = 1;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    table *t = calloc(1, sizeof *t);
    if (t) {
        t->op = duplicate(op);
        t->text = duplicate(text);
        t->rows = calloc(lines, sizeof *t->rows);
        t->built_in = built_in;
    }
    clcnn_status status =
        t && t->op && t->text && t->rows
            ? parse_lines(t, error)
            : CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for tuning rows of %s", op);
    if (status == CLCNN_SUCCESS)
        *out = t;
    else
        table_free(t);
    return status;
}

static bool device_is(const clcnn_device_info *info, const char *word)
{
    cl_device_type type = strcmp(word, "cpu") == 0   ? CL_DEVICE_TYPE_CPU
                          : strcmp(word, "gpu") == 0 ? CL_DEVICE_TYPE_GPU
                                                     : CL_DEVICE_TYPE_ACCELERATOR;
    return strcmp(word, "*") == 0 || (info->type & type) != 0;
}

static bool row_matches(const row *r, const clcnn_device_info *info, const char *algo,
                        const char *shape)
{
    return strcmp(r->algo, algo) == 0 && device_is(info, r->device) &&
           (strcmp(r->width, "*") == 0 || strtoul(r->width, NULL, 10) == info->vector_width) &&
           (strcmp(r->shape, "*") == 0 || strcmp(r->shape, shape) == 0);
}

/* The built-in table of an op is appended when it is first needed. */
static void load_built_in(clcnn_ctx *ctx, const char *op)
{
    table **at = &ctx->tuning->first;
    for (; *at; at = &(*at)->next)
        if ((*at)->built_in && strcmp((*at)->op, op) == 0)
            return;
    char name[64];
    snprintf(name, sizeof name, "%s.tune", op);
    const char *text = clcnn__file_text(name);
    if (text)
        table_parse(op, text, true, at, &ctx->error);
}

const clcnn__tune_row *clcnn__tune(clcnn_ctx *ctx, const char *op, const char *algo,
                                   const char *shape)
{
    load_built_in(ctx, op);
    for (const table *t = ctx->tuning->first; t; t = t->next)
        for (size_t i = 0; strcmp(t->op, op) == 0 && i < t->count; i++)
            if (row_matches(&t->rows[i], &ctx->info, algo, shape))
                return &t->rows[i].values;
    return NULL;
}

int clcnn__tune_value(const clcnn__tune_row *values, const char *name)
{
    for (int i = 0; values && i < values->count; i++)
        if (strcmp(values->macros[i].name, name) == 0)
            return values->macros[i].value;
    return 0;
}

int clcnn__tune_vector(const clcnn__tune_row *values)
{
    const int vec = clcnn__tune_value(values, "VEC");
    return vec == 4 || vec == 8 || vec == 16 ? vec : 0;
}

clcnn_status clcnn_ctx_tune(clcnn_ctx *ctx, const char *op, const char *rows)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!op || !clcnn_algos(op))
        return CLCNN__INVALID(&ctx->error, "clcnn_ctx_tune: \"%.80s\" is not an operation",
                              op ? op : "(NULL)");
    if (rows) {
        table *t = NULL;
        clcnn_status status = table_parse(op, rows, false, &t, &ctx->error);
        if (status == CLCNN_SUCCESS) {
            t->next = ctx->tuning->first;
            ctx->tuning->first = t;
        }
        return status;
    }
    for (table **at = &ctx->tuning->first; *at;) {
        table *t = *at;
        if (!t->built_in && strcmp(t->op, op) == 0) {
            *at = t->next;
            table_free(t);
        } else {
            at = &t->next;
        }
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__tuning_create(clcnn__tuning **tuning, clcnn_error *error)
{
    *tuning = calloc(1, sizeof **tuning);
    return *tuning ? CLCNN_SUCCESS
                   : CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for tuning tables");
}

void clcnn__tuning_destroy(clcnn__tuning *tuning)
{
    for (table *t = tuning ? tuning->first : NULL, *next; t; t = next) {
        next = t->next;
        table_free(t);
    }
    free(tuning);
}
