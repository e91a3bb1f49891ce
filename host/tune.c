/*
 * Tuning rows: text tables that say, by operation, algorithm, device and shape class, which macros
 * a kernel is built with. kernels/README.md describes the format, which has one parser, here. The
 * built-in table of an operation is kernels/OP.tune, parsed when it is first asked for; a caller's
 * rows, and those of the file that CLCNN_TUNE names, are tried before it.
 */
#ifdef __linux__
#define _GNU_SOURCE /* secure_getenv */
#endif
#include "internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEYS = 5, COLUMNS = KEYS + CLCNN__MAX_MACROS, MAX_VALUE = 65536, MOST_BYTES = 1 << 20 };

/* The header's first columns, in this order; what follows are the macros. */
static const char *const keys[KEYS] = {"algo", "device", "width", "shape", "use"};

typedef struct row {
    const char *op, *algo, *shape;
    bool here; /* it is for this context's device */
    clcnn__tune_row values;
} row;

/* One parsed text; rows point into `text`. */
typedef struct table {
    struct table *next;
    const char *built_in; /* the operation whose built-in rows these are; NULL: a caller's */
    char *name, *text;
    size_t count;
    row *rows;
} table;

struct clcnn__tuning {
    table *first; /* callers' tables before built-in ones, the newest first */
};

typedef struct parser {
    clcnn_ctx *ctx;
    clcnn_error *error;
    const char *source; /* for messages: "conv2d.tune", or a file's name */
    int line;
    const char *op; /* whose rows these are; NULL before the first line `op` */
    bool here;      /* the last line `device` names this context's device */
    char *header[COLUMNS];
    int columns;
    table *to;
} parser;

/* "conv2d.tune, line 3" and a sentence's rest. */
#define BAD_LINE(p, format, ...)                                                                   \
    CLCNN__FAIL((p)->error, CLCNN_BAD_FILE, "%.300s, line %d" format, (p)->source, (p)->line,      \
                __VA_ARGS__)

static void table_free(table *t)
{
    if (!t)
        return;
    free(t->name);
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

/* ---- Lines -------------------------------------------------------------------------------------
 */

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

/* Cuts white space off both ends, in place. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1]))
        text[--length] = '\0';
    return text;
}

static bool is_macro(const char *word)
{
    for (const char *at = word; *at; at++)
        if (!isupper((unsigned char)*at) && *at != '_' &&
            (at == word || !isdigit((unsigned char)*at)))
            return false;
    return strlen(word) < 32;
}

static clcnn_status parse_number(const parser *p, int column, const char *word, long limit,
                                 int *value)
{
    char *end = NULL;
    errno = 0;
    long number = strtol(word, &end, 10);
    if (!isdigit((unsigned char)*word) || *end || errno || number > limit)
        return BAD_LINE(p, ": column %d, \"%.40s\", is not an integer from 0 to %ld", column, word,
                        limit);
    *value = (int)number;
    return CLCNN_SUCCESS;
}

/* `device NAME`: the rows below are for devices of this name alone; `device *`: for any. The name
 * is the line's rest as it stands. NULL for any other line. */
static char *device_line(char *line)
{
    static const char word[] = "device";
    while (isspace((unsigned char)*line))
        line++;
    if (strncmp(line, word, sizeof word - 1) != 0)
        return NULL;
    line += sizeof word - 1;
    return *line == '\0' || isspace((unsigned char)*line) ? trim(line) : NULL;
}

static clcnn_status parse_device(parser *p, const char *name)
{
    if (!*name)
        return BAD_LINE(p, "%s", ": \"device\" needs a device's name, or *");
    char own[sizeof p->ctx->info.name];
    snprintf(own, sizeof own, "%s", p->ctx->info.name);
    p->here = strcmp(name, "*") == 0 || strcmp(name, trim(own)) == 0;
    return CLCNN_SUCCESS;
}

static clcnn_status parse_op(parser *p, char *words[], int count)
{
    if (count != 2 || !clcnn_algos(words[1]))
        return BAD_LINE(p, ": \"op%s%.40s%s\" is not \"op\" and the name of an operation",
                        count > 1 ? " " : "", count > 1 ? words[1] : "", count > 2 ? " ..." : "");
    p->op = words[1];
    p->columns = 0;
    return CLCNN_SUCCESS;
}

static clcnn_status parse_header(parser *p, char *words[], int count)
{
    if (!p->op)
        return BAD_LINE(p, "%s", ": a line \"op\" and the operation's name must come first");
    for (int i = 0; i < KEYS; i++)
        if (i >= count || strcmp(words[i], keys[i]) != 0)
            return BAD_LINE(p,
                            ": column %d is \"%.40s\", a header begins with: algo device width "
                            "shape use",
                            i + 1, i < count ? words[i] : "");
    for (int i = KEYS; i < count; i++)
        if (!is_macro(words[i]))
            return BAD_LINE(p,
                            ": column %d, \"%.40s\", is not a macro's name (capitals, digits, _)",
                            i + 1, words[i]);
    for (int i = KEYS; i < count; i++)
        for (int k = KEYS; k < i; k++)
            if (strcmp(words[i], words[k]) == 0)
                return BAD_LINE(p, ": columns %d and %d are both \"%.40s\"", k + 1, i + 1,
                                words[i]);
    memcpy(p->header, words, sizeof p->header);
    p->columns = count;
    return CLCNN_SUCCESS;
}

/* ---- Rows --------------------------------------------------------------------------------------
 */

/* Whether the device column's word covers this device; *known is false for a word that is none. */
static bool device_is(const clcnn_device_info *info, const char *word, bool *known)
{
    static const struct {
        const char *word;
        cl_device_type type;
    } types[] = {{"*", CL_DEVICE_TYPE_ALL},
                 {"cpu", CL_DEVICE_TYPE_CPU},
                 {"gpu", CL_DEVICE_TYPE_GPU},
                 {"accelerator", CL_DEVICE_TYPE_ACCELERATOR}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].word, word) == 0) {
            *known = true;
            return i == 0 || (info->type & types[i].type) != 0;
        }
    *known = false;
    return false;
}

static bool has_macro(const clcnn__tune_row *values, const char *name)
{
    for (int i = 0; i < values->count; i++)
        if (strcmp(values->macros[i].name, name) == 0)
            return true;
    return false;
}

static bool same_macros(const clcnn__tune_row *a, const clcnn__tune_row *b)
{
    for (int i = 0; i < a->count; i++)
        if (!has_macro(b, a->macros[i].name))
            return false;
    return a->count == b->count;
}

static const table *load_built_in(clcnn_ctx *ctx, const char *op);

/*
 * A caller's row must have the macros and a class of shapes that built-in rows of its algorithm
 * have: the host reads the macros too, and one that is missing or misspelt would be 0; a class that
 * is misspelt would never match. (conv2d's relatives have no rows of their own.)
 */
static clcnn_status check_row(const parser *p, const row *r)
{
    const table *known = load_built_in(p->ctx, r->op);
    if (!known)
        return BAD_LINE(p, ": %s has no tuning rows", r->op);
    const row *like = NULL;
    bool macros = false, shape = strcmp(r->shape, "*") == 0;
    for (size_t i = 0; i < known->count; i++)
        if (strcmp(known->rows[i].algo, r->algo) == 0) {
            like = &known->rows[i];
            macros = macros || same_macros(&r->values, &like->values);
            shape = shape || strcmp(r->shape, like->shape) == 0;
        }
    if (!like)
        return BAD_LINE(p, ": %s has no tuning rows for \"%.40s\"", r->op, r->algo);
    if (!shape)
        return BAD_LINE(p, ": column 4, \"%.40s\", is not a class of shapes of %s's %s", r->shape,
                        r->op, r->algo);
    if (macros)
        return CLCNN_SUCCESS;
    char list[CLCNN__MAX_MACROS * 33] = "";
    for (int i = 0; i < like->values.count; i++) {
        strcat(list, " ");
        strcat(list, like->values.macros[i].name);
    }
    return BAD_LINE(p, ": a row for %s of %s has other macros than its header:%s", r->algo, r->op,
                    list);
}

static clcnn_status parse_row(parser *p, char *words[], int count)
{
    const clcnn_device_info *info = &p->ctx->info;
    if (p->columns == 0)
        return BAD_LINE(p, ": \"%.40s\" comes before the first header", words[0]);
    if (count != p->columns)
        return BAD_LINE(p, ": the row of %.40s has %d columns, its header has %d", words[0], count,
                        p->columns);
    bool known = false;
    row *r = &p->to->rows[p->to->count];
    *r = (row){.op = p->op, .algo = words[0], .shape = words[3]};
    r->here = device_is(info, words[1], &known) && p->here;
    if (!known)
        return BAD_LINE(p, ": device \"%.40s\" is not one of * cpu gpu accelerator", words[1]);
    int number = 0;
    clcnn_status status = CLCNN_SUCCESS;
    if (strcmp(words[2], "*") != 0) {
        status = parse_number(p, 3, words[2], 64, &number);
        r->here = r->here && number == (int)info->vector_width;
    }
    if (status == CLCNN_SUCCESS)
        status = parse_number(p, KEYS, words[4], 1, &number);
    r->values.use = number != 0;
    for (int i = KEYS; i < p->columns && status == CLCNN_SUCCESS; i++) {
        clcnn__macro *macro = &r->values.macros[r->values.count++];
        macro->name = p->header[i];
        status = parse_number(p, i + 1, words[i], MAX_VALUE, &macro->value);
    }
    if (status == CLCNN_SUCCESS && !p->to->built_in)
        status = check_row(p, r);
    p->to->count += status == CLCNN_SUCCESS;
    return status;
}

static clcnn_status parse_line(parser *p, char *line)
{
    char *words[COLUMNS];
    char *device = device_line(line);
    if (device)
        return parse_device(p, device);
    const int count = split(line, words);
    if (count == 0)
        return CLCNN_SUCCESS;
    if (count > COLUMNS)
        return BAD_LINE(p, ": more than %d columns", COLUMNS);
    if (strcmp(words[0], "op") == 0)
        return parse_op(p, words, count);
    if (strcmp(words[0], keys[0]) == 0)
        return parse_header(p, words, count);
    return parse_row(p, words, count);
}

static clcnn_status parse_lines(parser *p)
{
    clcnn_status status = CLCNN_SUCCESS;
    for (char *line = p->to->text, *next; line && status == CLCNN_SUCCESS; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        p->line++;
        status = parse_line(p, line);
    }
    return status;
}

/* ---- Tables ------------------------------------------------------------------------------------
 */

/* `op` NULL: the text says which, line by line. */
static clcnn_status table_parse(clcnn_ctx *ctx, const char *source, const char *op,
                                const char *text, const char *built_in, table **out,
                                clcnn_error *error)
{
    size_t lines = 1;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    table *t = calloc(1, sizeof *t);
    if (t) {
        t->name = op ? duplicate(op) : NULL;
        t->text = duplicate(text);
        t->rows = calloc(lines, sizeof *t->rows);
        t->built_in = built_in ? t->name : NULL;
    }
    clcnn_status status = CLCNN_OUT_OF_MEMORY;
    if (t && (t->name || !op) && t->text && t->rows) {
        parser p = {
            .ctx = ctx, .error = error, .source = source, .op = t->name, .here = true, .to = t};
        status = parse_lines(&p);
    } else {
        CLCNN__FAIL(error, status, "no host memory for the tuning rows of %.300s", source);
    }
    if (status == CLCNN_SUCCESS)
        *out = t;
    else
        table_free(t);
    return status;
}

/* The built-in table of an op is appended when it is first needed. NULL if it has none. */
static const table *load_built_in(clcnn_ctx *ctx, const char *op)
{
    table **at = &ctx->tuning->first;
    for (; *at; at = &(*at)->next)
        if ((*at)->built_in && strcmp((*at)->built_in, op) == 0)
            return *at;
    char name[64];
    snprintf(name, sizeof name, "%s.tune", op);
    const char *text = clcnn__file_text(name);
    if (text)
        table_parse(ctx, name, op, text, op, at, &ctx->error);
    return *at;
}

static const row *find_row(clcnn_ctx *ctx, const char *op, const char *algo, const char *shape)
{
    load_built_in(ctx, op);
    for (const table *t = ctx->tuning->first; t; t = t->next) {
        if (t->built_in && strcmp(t->built_in, op) != 0)
            continue;
        for (const row *r = t->rows; r < t->rows + t->count; r++)
            if (r->here && strcmp(r->op, op) == 0 && strcmp(r->algo, algo) == 0 &&
                (strcmp(r->shape, "*") == 0 || strcmp(r->shape, shape) == 0))
                return r;
    }
    return NULL;
}

const clcnn__tune_row *clcnn__tune(clcnn_ctx *ctx, const char *op, const char *algo,
                                   const char *shape)
{
    const row *found = find_row(ctx, op, algo, shape);
    return found ? &found->values : NULL;
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

/* ---- Callers' rows -----------------------------------------------------------------------------
 */

static clcnn_status add_rows(clcnn_ctx *ctx, const char *source, const char *op, const char *text,
                             clcnn_error *error)
{
    table *t = NULL;
    const clcnn_status status = table_parse(ctx, source, op, text, NULL, &t, error);
    if (status == CLCNN_SUCCESS) {
        t->next = ctx->tuning->first;
        ctx->tuning->first = t;
        ctx->tuning_version++;
    }
    return status;
}

static void take_rows_away(clcnn_ctx *ctx, const char *op)
{
    for (table **at = &ctx->tuning->first; *at;) {
        table *t = *at;
        size_t kept = 0;
        for (size_t i = 0; i < t->count; i++)
            if (t->built_in || strcmp(t->rows[i].op, op) != 0)
                t->rows[kept++] = t->rows[i];
        t->count = kept;
        if (kept > 0 || t->built_in) {
            at = &t->next;
        } else {
            *at = t->next;
            table_free(t);
        }
    }
}

clcnn_status clcnn_ctx_tune(clcnn_ctx *ctx, const char *op, const char *rows)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!op || !clcnn_algos(op))
        return CLCNN__INVALID(&ctx->error, "clcnn_ctx_tune: \"%.80s\" is not an operation",
                              op ? op : "(NULL)");
    char source[64];
    snprintf(source, sizeof source, "%s.tune", op);
    if (rows)
        return add_rows(ctx, source, op, rows, &ctx->error);
    take_rows_away(ctx, op);
    ctx->tuning_version++;
    return CLCNN_SUCCESS;
}

/* A whole file as text, allocated. */
static clcnn_status read_text(const char *path, char **text, clcnn_error *error)
{
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode)) /* a pipe would be waited for */
        return CLCNN__FAIL(error, CLCNN_BAD_FILE, "tuning rows: %.500s is not a file", path);
    FILE *file = fopen(path, "rb");
    char *data = file ? malloc(MOST_BYTES + 1) : NULL;
    errno = file ? 0 : errno;
    const size_t size = data ? fread(data, 1, MOST_BYTES + 1, file) : 0;
    clcnn_status status = CLCNN_SUCCESS;
    if (!file || (data && ferror(file)))
        status = CLCNN__FAIL(error, CLCNN_BAD_FILE, "tuning rows: %.500s cannot be read: %s", path,
                             strerror(errno));
    else if (!data)
        status = CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory to read %.500s", path);
    else if (size > MOST_BYTES || memchr(data, '\0', size))
        status =
            CLCNN__FAIL(error, CLCNN_BAD_FILE,
                        "tuning rows: %.500s is not a text of at most %d bytes", path, MOST_BYTES);
    if (file)
        fclose(file);
    if (status == CLCNN_SUCCESS) {
        data[size] = '\0';
        *text = data;
    } else {
        free(data);
    }
    return status;
}

static clcnn_status tune_file(clcnn_ctx *ctx, const char *path, clcnn_error *error)
{
    char *text = NULL;
    clcnn_status status = read_text(path, &text, error);
    if (status == CLCNN_SUCCESS)
        status = add_rows(ctx, path, NULL, text, error);
    free(text);
    return status;
}

clcnn_status clcnn_ctx_tune_file(clcnn_ctx *ctx, const char *path)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!path)
        return CLCNN__INVALID(&ctx->error, "clcnn_ctx_tune_file: path is NULL");
    return tune_file(ctx, path, &ctx->error);
}

size_t clcnn_ctx_tuned_rows(const clcnn_ctx *ctx)
{
    size_t count = 0;
    for (const table *t = ctx ? ctx->tuning->first : NULL; t; t = t->next)
        for (size_t i = 0; i < t->count; i++)
            count += !t->built_in && t->rows[i].here;
    return count;
}

/* ---- Telling -----------------------------------------------------------------------------------
 */

static const char *type_word(cl_device_type type)
{
    return type & CL_DEVICE_TYPE_GPU           ? "gpu"
           : type & CL_DEVICE_TYPE_ACCELERATOR ? "accelerator"
           : type & CL_DEVICE_TYPE_CPU         ? "cpu"
                                               : "*";
}

/* What a row can have in a column. */
static bool is_word(const char *text)
{
    const char *at = text;
    while (*at && *at != '#' && !isspace((unsigned char)*at))
        at++;
    return at > text && !*at;
}

clcnn_status clcnn_ctx_tuning(clcnn_ctx *ctx, const char *op, const char *algo, const char *shape,
                              char *text, size_t size)
{
    if (!ctx)
        return CLCNN_INVALID_ARGUMENT;
    if (!op || !clcnn_algos(op) || !algo || !text)
        return CLCNN__INVALID(&ctx->error, "clcnn_ctx_tuning: %s is %.80s",
                              !algo   ? "algo"
                              : !text ? "text"
                                      : "op",
                              op && algo && text ? op : "NULL");
    if (shape && !is_word(shape))
        return CLCNN__INVALID(&ctx->error, "clcnn_ctx_tuning: shape \"%.40s\" is not a word",
                              shape);
    const row *r = find_row(ctx, op, algo, shape ? shape : "*");
    if (!r)
        return CLCNN__FAIL(&ctx->error, CLCNN_UNSUPPORTED,
                           "clcnn_ctx_tuning: %s has no tuning row for \"%.40s\"", op, algo);
    char names[CLCNN__MAX_MACROS * 33] = "", values[CLCNN__MAX_MACROS * 7] = "";
    for (int i = 0; i < r->values.count; i++) {
        snprintf(names + strlen(names), sizeof names - strlen(names), " %s",
                 r->values.macros[i].name);
        snprintf(values + strlen(values), sizeof values - strlen(values), " %d",
                 r->values.macros[i].value);
    }
    const int length =
        snprintf(text, size, "algo device width shape use%s\n%s %s %u %s %d%s\n", names, r->algo,
                 type_word(ctx->info.type), (unsigned)ctx->info.vector_width, shape ? shape : "*",
                 r->values.use, values);
    if (length < 0 || (size_t)length >= size)
        return CLCNN__INVALID(&ctx->error, "clcnn_ctx_tuning: text has %zu bytes, %d are needed",
                              size, length + 1);
    return CLCNN_SUCCESS;
}

/* ---- The context's part ------------------------------------------------------------------------
 */

clcnn_status clcnn__tuning_create(clcnn__tuning **tuning, clcnn_error *error)
{
    *tuning = calloc(1, sizeof **tuning);
    return *tuning ? CLCNN_SUCCESS
                   : CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for tuning tables");
}

/* A program that runs with more rights than its user's must not read what that user names. */
static const char *trusted_environment(const char *name)
{
#ifdef __linux__
    return secure_getenv(name);
#else
    return getuid() == geteuid() && getgid() == getegid() ? getenv(name) : NULL;
#endif
}

clcnn_status clcnn__tuning_from_environment(clcnn_ctx *ctx, clcnn_error *error)
{
    const char *path = trusted_environment("CLCNN_TUNE");
    return path && *path ? tune_file(ctx, path, error) : CLCNN_SUCCESS;
}

void clcnn__tuning_destroy(clcnn__tuning *tuning)
{
    for (table *t = tuning ? tuning->first : NULL, *next; t; t = next) {
        next = t->next;
        table_free(t);
    }
    free(tuning);
}
