/*
 * Small text helpers of the command: numbers as people read them, and the guess at what a
 * misspelt name was meant to be.
 */
#include "tool.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

const char *tool_grouped(char text[TOOL_TEXT_SIZE], uint64_t number)
{
    char digits[TOOL_TEXT_SIZE];
    int length = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    char *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

const char *tool_bytes(char text[TOOL_TEXT_SIZE], uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        snprintf(text, TOOL_TEXT_SIZE, "%d B", (int)bytes);
        return text;
    }
    double amount = (double)bytes / 1024;
    size_t unit = 0;
    while (amount >= 1023.95 && unit + 1 < sizeof units / sizeof *units) {
        amount /= 1024;
        unit++;
    }
    bool whole = amount >= 100 || amount == floor(amount);
    snprintf(text, TOOL_TEXT_SIZE, "%.*f %s", whole ? 0 : 1, amount, units[unit]);
    return text;
}

const char *tool_duration(char text[TOOL_TEXT_SIZE], double seconds)
{
    if (!(seconds >= 0 && seconds < 1e9))
        snprintf(text, TOOL_TEXT_SIZE, "?");
    else if (seconds < 10)
        snprintf(text, TOOL_TEXT_SIZE, "%.1f s", seconds);
    else if (seconds < 60)
        snprintf(text, TOOL_TEXT_SIZE, "%.0f s", seconds);
    else if (seconds < 3600)
        snprintf(text, TOOL_TEXT_SIZE, "%d min %02d s", (int)seconds / 60, (int)seconds % 60);
    else
        snprintf(text, TOOL_TEXT_SIZE, "%d h %02d min", (int)seconds / 3600,
                 (int)seconds / 60 % 60);
    return text;
}

/* The length of the control character at `at`: one byte of ASCII, or two of UTF-8 (U+0080 to
 * U+009F, which some terminals obey as well); 0 for anything else. */
static int control_length(const char *at)
{
    const unsigned char first = (unsigned char)at[0], second = (unsigned char)at[1];
    if (first < ' ' || first == 0x7F)
        return 1;
    return first == 0xC2 && second >= 0x80 && second <= 0x9F ? 2 : 0;
}

char *tool_clean(char *text, bool lines)
{
    for (char *at = text; *at != '\0'; at++) {
        if (lines && (*at == '\n' || *at == '\t'))
            continue;
        const int length = control_length(at);
        if (length > 0)
            memset(at, '?', (size_t)length);
    }
    return text;
}

void tool_print(FILE *to, const char *format, ...)
{
    enum { LONGEST = 1 << 16 }; /* the text of a network may be long */
    static char text[LONGEST];
    size_t ends = strlen(format);
    while (ends > 0 && format[ends - 1] == '\n')
        ends--;
    va_list values;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    const size_t length = strlen(text), tail = strlen(format + ends);
    if (length + 1 < sizeof text)
        text[length - tail] = '\0'; /* the format's own line ends */
    fprintf(to, "%s%s", tool_clean(text, false), format + ends);
}

/* Insertions, deletions and substitutions that make b of a; names are short. */
static size_t edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    size_t a_length = strlen(a), b_length = strlen(b);
    size_t row[LONGEST + 1];
    if (a_length > LONGEST || b_length > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_length];
}

const char *tool_nearest(const char *text, const char *const *names)
{
    const char *nearest = NULL;
    size_t least = strlen(text) / 3 + 1; /* more slips than that, and it is another word */
    for (; *names != NULL; names++) {
        size_t distance = edit_distance(text, *names);
        if (distance <= least && distance < strlen(*names)) {
            nearest = *names;
            least = distance - (distance > 0); /* the first of equals stays */
        }
    }
    return nearest;
}
