/*
 * A strict PGM reader. Header: magic, width, height, maxval, white space and '#' comments between
 * them; then one byte a pixel (two, big-endian, from maxval 256 on) for P5, decimal numbers for P2.
 * Anything else in the file is refused, so that a file cut short or joined by mistake is noticed.
 */
#include "pgm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { MAX_VALUE = 65535, NO_NUMBER = -1, MAX_NUMBER = 99999999 };

typedef struct pgm_file {
    FILE *file;
    const char *path;
    bool binary;
    int width, height, max_value;
    char *message;
    size_t size;
} pgm_file;

#define REFUSE(pgm, ...) (snprintf((pgm)->message, (pgm)->size, __VA_ARGS__), -1)

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Skips white space and comments; returns the first character after them, or EOF. */
static int skip_space(FILE *file)
{
    int c = getc(file);
    while (is_space(c) || c == '#') {
        if (c == '#')
            while (c != '\n' && c != '\r' && c != EOF)
                c = getc(file);
        else
            c = getc(file);
    }
    return c;
}

/* The next decimal number; the one character behind it is consumed and must be space or the end. */
static int read_number(FILE *file)
{
    int c = skip_space(file);
    int number = 0;
    if (c < '0' || c > '9')
        return NO_NUMBER;
    for (; c >= '0' && c <= '9'; c = getc(file)) {
        number = number * 10 + (c - '0');
        if (number > MAX_NUMBER)
            return NO_NUMBER;
    }
    if (c == '#')
        ungetc(c, file);
    return is_space(c) || c == '#' || c == EOF ? number : NO_NUMBER;
}

static int read_header(pgm_file *pgm)
{
    int p = getc(pgm->file), kind = getc(pgm->file);
    if (p != 'P' || (kind != '5' && kind != '2'))
        return REFUSE(pgm, "%s is no PGM image: it does not start with P5 or P2", pgm->path);
    pgm->binary = kind == '5';
    pgm->width = read_number(pgm->file);
    pgm->height = read_number(pgm->file);
    pgm->max_value = read_number(pgm->file);
    if (pgm->width < 1 || pgm->height < 1 || pgm->max_value < 0)
        return REFUSE(pgm, "%s: the PGM header is damaged", pgm->path);
    if (pgm->max_value < 1 || pgm->max_value > MAX_VALUE)
        return REFUSE(pgm, "%s: the largest grey value must be from 1 to %d, not %d", pgm->path,
                      MAX_VALUE, pgm->max_value);
    return 0;
}

/* One pixel of the file, or NO_NUMBER where there is none. */
static int read_pixel(const pgm_file *pgm)
{
    if (!pgm->binary)
        return read_number(pgm->file);
    int high = pgm->max_value > 255 ? getc(pgm->file) : 0;
    int low = getc(pgm->file);
    return high == EOF || low == EOF ? NO_NUMBER : high * 256 + low;
}

static int read_pixels(const pgm_file *pgm, uint8_t *pixels)
{
    size_t count = (size_t)pgm->width * (size_t)pgm->height;
    for (size_t i = 0; i < count; i++) {
        int value = read_pixel(pgm);
        if (value == NO_NUMBER && feof(pgm->file))
            return REFUSE(pgm, "%s is cut short: %zu of %zu pixels", pgm->path, i, count);
        if (value == NO_NUMBER)
            return REFUSE(pgm, "%s: pixel %zu is no number", pgm->path, i);
        if (value > pgm->max_value)
            return REFUSE(pgm, "%s: pixel %zu is %d, above the largest grey value %d", pgm->path, i,
                          value, pgm->max_value);
        pixels[i] = (uint8_t)((value * 255 + pgm->max_value / 2) / pgm->max_value);
    }
    int rest = pgm->binary ? getc(pgm->file) : skip_space(pgm->file);
    if (rest != EOF)
        return REFUSE(pgm, "%s goes on after its %zu pixels", pgm->path, count);
    return 0;
}

static int read_file(pgm_file *pgm, int height, int width, uint8_t *pixels)
{
    if (read_header(pgm) != 0)
        return -1;
    if (pgm->height != height || pgm->width != width)
        return REFUSE(pgm, "%s is %d pixels wide and %d high; the network takes %d by %d",
                      pgm->path, pgm->width, pgm->height, width, height);
    return read_pixels(pgm, pixels);
}

int pgm_read(const char *path, int height, int width, uint8_t *pixels, char *message, size_t size)
{
    bool standard_input = strcmp(path, "-") == 0;
    pgm_file pgm = {.path = path, .message = message, .size = size};
    pgm.file = standard_input ? stdin : fopen(path, "rb");
    if (pgm.file == NULL)
        return REFUSE(&pgm, "%s: %s", path, strerror(errno));
    errno = 0;
    int result = read_file(&pgm, height, width, pixels);
    if (ferror(pgm.file))
        result = REFUSE(&pgm, "%s: %s", path, strerror(errno));
    if (!standard_input)
        fclose(pgm.file);
    return result;
}
