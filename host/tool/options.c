/*
 * Options of the sub-commands. Each command has one table of tool_option: getopt_long parses by
 * it and --help prints it, so the two can't disagree. Values are read strictly: "12x" is no
 * number. Also here: how the command says that something is wrong.
 */
#include "tool.h"

#include <errno.h>
#include <float.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 32, HELP_OPTION = 1000 };

/* -- Messages ------------------------------------------------------------------------------------
 */

static void complain(const char *command, const char *format, va_list values)
{
    char text[4096];
    vsnprintf(text, sizeof text, format, values);
    fprintf(stderr, command != NULL ? "clcnn %s: " : "clcnn: ", command);
    fprintf(stderr, "%s\n", tool_clean(text, false));
}

int tool_usage(const char *command, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    complain(command, format, values);
    va_end(values);
    fprintf(stderr, "'clcnn%s%s --help' tells more.\n", command != NULL ? " " : "",
            command != NULL ? command : "");
    return TOOL_USAGE;
}

int tool_fail(const char *command, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    complain(command, format, values);
    va_end(values);
    return TOOL_FAILED;
}

int tool_report(const char *command, const clcnn_error *error)
{
    tool_fail(command, "%s", error->message);
    char log[sizeof error->build_log];
    memcpy(log, error->build_log, sizeof log);
    if (log[0] != '\0')
        fprintf(stderr, "The device's compiler says:\n%s\n", tool_clean(log, true));
    return TOOL_FAILED;
}

/* -- Numbers -------------------------------------------------------------------------------------
 */

static bool only_has(const char *text, const char *characters)
{
    return text[0] != '\0' && strspn(text, characters) == strlen(text);
}

bool tool_int(const char *text, int min, int max, int *value)
{
    char *end;
    if (!only_has(text, "-0123456789"))
        return false;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < min || number > max)
        return false;
    *value = (int)number;
    return true;
}

bool tool_u64(const char *text, uint64_t *value)
{
    char *end;
    if (!only_has(text, "0123456789"))
        return false;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || number > UINT64_MAX)
        return false;
    *value = number;
    return true;
}

bool tool_real(const char *text, double min, double max, double *value)
{
    char *end;
    if (!only_has(text, "+-.0123456789eE"))
        return false;
    errno = 0;
    double number = strtod(text, &end);
    if (errno != 0 || *end != '\0' || !(number >= min && number <= max))
        return false;
    *value = number;
    return true;
}

bool tool_rate(const char *text, double *value)
{
    double number;
    if (!tool_real(text, 0, DBL_MAX, &number) || number == 0)
        return false;
    *value = number;
    return true;
}

/* -- Words ---------------------------------------------------------------------------------------
 */

bool tool_pick(const char *text, const char *words, int *value)
{
    for (int i = 0; words != NULL; i++) {
        size_t length = strcspn(words, "|");
        if (strlen(text) == length && memcmp(text, words, length) == 0) {
            *value = i;
            return true;
        }
        words = words[length] == '|' ? words + length + 1 : NULL;
    }
    return false;
}

const char *tool_picked(char text[TOOL_TEXT_SIZE], const char *words, int value)
{
    for (; value > 0; value--)
        words += strcspn(words, "|") + 1;
    snprintf(text, TOOL_TEXT_SIZE, "%.*s", (int)strcspn(words, "|"), words);
    return text;
}

/* -- Parsing -------------------------------------------------------------------------------------
 */

static int take_value(const tool_doc *doc, const tool_option *option, const char *text)
{
    switch (option->kind) {
    case TOOL_FLAG:
        *(bool *)option->to = true;
        return -1;
    case TOOL_TEXT:
        *(const char **)option->to = text;
        return -1;
    case TOOL_INT:
        if (tool_int(text, option->min, option->max, option->to))
            return -1;
        return tool_usage(doc->name, "--%s takes a whole number from %d to %d, not '%s'",
                          option->name, option->min, option->max, text);
    case TOOL_SEED:
        if (tool_u64(text, option->to))
            return -1;
        return tool_usage(doc->name, "--%s takes a whole number from 0 to %llu, not '%s'",
                          option->name, (unsigned long long)UINT64_MAX, text);
    case TOOL_RATE:
        if (tool_rate(text, option->to))
            return -1;
        return tool_usage(doc->name, "--%s takes a number above 0, not '%s'", option->name, text);
    case TOOL_REAL:
        if (tool_real(text, option->min, option->max, option->to))
            return -1;
        return tool_usage(doc->name, "--%s takes a number from %d to %d, not '%s'", option->name,
                          option->min, option->max, text);
    case TOOL_ON:
        *(int *)option->to = 1;
        return -1;
    case TOOL_PICK:
        if (tool_pick(text, option->value, option->to))
            return -1;
        return tool_usage(doc->name, "--%s takes one of %s, not '%s'", option->name, option->value,
                          text);
    }
    return TOOL_USAGE;
}

static int unknown_option(const tool_doc *doc, const tool_option *options, const char *text)
{
    const char *names[MAX_OPTIONS + 2];
    size_t count = 0;
    for (; options[count].name != NULL && count < MAX_OPTIONS; count++)
        names[count] = options[count].name;
    names[count++] = "help";
    names[count] = NULL;

    char word[64];
    const char *start = text + strspn(text, "-");
    snprintf(word, sizeof word, "%.*s", (int)strcspn(start, "="), start);
    /* The beginning of just one option would have been taken for it. */
    for (size_t i = 0; i < count; i++)
        if (strncmp(text, "--", 2) == 0 && strncmp(names[i], word, strlen(word)) == 0)
            return tool_usage(doc->name, "'%s' is the beginning of several options", text);
    const char *nearest = tool_nearest(word, names);
    if (nearest != NULL)
        return tool_usage(doc->name, "unknown option '%s'; did you mean '--%s'?", text, nearest);
    return tool_usage(doc->name, "unknown option '%s'", text);
}

/* The default in brackets, for options that have one. */
static void print_default(const tool_option *option)
{
    char word[TOOL_TEXT_SIZE];
    if (option->kind == TOOL_INT && *(const int *)option->to >= option->min)
        printf(" (%d)", *(const int *)option->to);
    else if (option->kind == TOOL_SEED)
        printf(" (%llu)", (unsigned long long)*(const uint64_t *)option->to);
    else if (option->kind == TOOL_RATE || option->kind == TOOL_REAL)
        printf(" (%g)", *(const double *)option->to);
    else if (option->kind == TOOL_PICK)
        printf(" (%s)", tool_picked(word, option->value, *(const int *)option->to));
    else if (option->kind == TOOL_TEXT && *(const char **)option->to != NULL &&
             **(const char **)option->to != '\0')
        printf(" (%s)", *(const char **)option->to);
}

static void print_option(const tool_option *option)
{
    enum { COLUMN = 24 };
    int used = printf("  --%s%s%s", option->name, option->value != NULL ? " " : "",
                      option->value != NULL ? option->value : "");
    for (const char *line = option->help; line != NULL;) {
        const char *end = strchr(line, '\n');
        if (used >= COLUMN) {
            putchar('\n');
            used = 0;
        }
        printf("%*s%.*s", COLUMN - used, "", end != NULL ? (int)(end - line) : (int)strlen(line),
               line);
        if (end == NULL)
            print_default(option);
        putchar('\n');
        used = 0;
        line = end != NULL ? end + 1 : NULL;
    }
}

static void print_options(const tool_option *options)
{
    printf("Options:\n");
    for (; options->name != NULL; options++)
        print_option(options);
    printf("  %-22sshow this help\n\n", "--help");
}

static void print_help(const tool_doc *doc, const tool_option *options)
{
    printf("Usage: clcnn %s %s\n\n%s\n", doc->name, doc->usage, doc->about);
    print_options(options);
    if (doc->details != NULL)
        printf("%s\n", doc->details);
    printf("Examples:\n%s", doc->examples);
}

/* What getopt_long found wrong; `at` is the argument it looked at. */
static int refuse(const tool_doc *doc, const tool_option *options, const struct option *longs,
                  int what, const char *at)
{
    for (int i = 0; longs[i].name != NULL; i++) {
        if (longs[i].val != optopt)
            continue;
        if (what == ':')
            return tool_usage(doc->name, "--%s needs a value: --%s %s", longs[i].name,
                              longs[i].name, options[i].value);
        return tool_usage(doc->name, "--%s takes no value, but got one: '%s'", longs[i].name, at);
    }
    if (optopt != 0) {
        char word[3] = {'-', (char)optopt, '\0'};
        return unknown_option(doc, options, word);
    }
    return unknown_option(doc, options, at);
}

int tool_parse(const tool_doc *doc, tool_option *options, int argc, char **argv)
{
    struct option longs[MAX_OPTIONS + 2] = {0};
    int count = 0;
    for (; options[count].name != NULL && count < MAX_OPTIONS; count++) {
        const bool alone = options[count].kind == TOOL_FLAG || options[count].kind == TOOL_ON;
        int argument = alone ? no_argument : required_argument;
        longs[count] =
            (struct option){options[count].name, argument, NULL, HELP_OPTION + 1 + count};
    }
    longs[count] = (struct option){"help", no_argument, NULL, HELP_OPTION};

    opterr = 0; /* the messages are ours */
    optind = 1;
    for (int found; (found = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (found == HELP_OPTION || found == 'h') {
            print_help(doc, options);
            return TOOL_OK;
        }
        if (found == '?' || found == ':')
            return refuse(doc, options, longs, found, argv[optind - 1]);
        tool_option *option = &options[found - HELP_OPTION - 1];
        int code = take_value(doc, option, optarg);
        if (code >= 0)
            return code;
        option->given = true;
    }
    return -1;
}

int tool_parse_options(const tool_doc *doc, tool_option *options, int argc, char **argv)
{
    const int code = tool_parse(doc, options, argc, argv);
    if (code >= 0 || optind == argc)
        return code;
    return tool_usage(doc->name, "unexpected argument '%s'", argv[optind]);
}
