/*
 * Reading CIFAR-10's binary files: records of a label and the red, green and blue plane of an image
 * of 32x32, row by row, one behind the other, without any header. Plain or gzip.
 *
 * A file comes from anywhere, and its length is all that tells a right one from a wrong one. Of a
 * plain one it must be a whole number of records, no more than MAX_RECORDS, before memory is asked
 * for. A compressed one does not tell its length: there the memory grows with the records that
 * really come out of it, up to MAX_RECORDS. Each label is looked at as soon as it is there.
 */
#include "clcnn_net.h"
#include "internal.h"
#include "stream.h"

#include <stdlib.h>
#include <string.h>

enum {
    CHANNELS = 3,
    SIDE = 32,
    PIXELS = CHANNELS * SIDE * SIDE,
    RECORD = 1 + PIXELS,
    CLASSES = 10,
    MAX_FILES = 1000,
    MAX_RECORDS = 1 << 16, /* of a file: the original ones have 10,000 */
    CHUNK = 64             /* records that are read at a time */
};

#define BAD CLCNN__BAD_STREAM

/* Images that grow. */
typedef struct batch {
    uint8_t *pixels, *labels;
    size_t count, capacity;
} batch;

/* Room for `capacity` images, if there is less; what is there stays. */
static clcnn_status reserve(batch *b, size_t capacity, clcnn_error *error)
{
    if (capacity <= b->capacity)
        return CLCNN_SUCCESS;
    uint8_t *pixels = realloc(b->pixels, capacity * PIXELS);
    if (pixels)
        b->pixels = pixels;
    uint8_t *labels = realloc(b->labels, capacity);
    if (labels)
        b->labels = labels;
    if (!pixels || !labels)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu images of %dx%dx%d",
                           capacity, CHANNELS, SIDE, SIDE);
    b->capacity = capacity;
    return CLCNN_SUCCESS;
}

/* Adds n records; `first` of their file came before them. */
static clcnn_status take(batch *b, const clcnn__stream *s, const unsigned char *records, size_t n,
                         size_t first)
{
    for (size_t i = 0; i < n; ++i)
        if (records[i * RECORD] >= CLASSES)
            return BAD(s, "label %zu is %d, and there are %d classes", s->in.path, first + i,
                       records[i * RECORD], CLASSES);
    if (b->count + n > b->capacity) {
        clcnn_status status = reserve(b, 2 * (b->count + n), s->error);
        if (status != CLCNN_SUCCESS)
            return status;
    }
    for (size_t i = 0; i < n; ++i) {
        b->labels[b->count] = records[i * RECORD];
        memcpy(b->pixels + b->count * PIXELS, records + i * RECORD + 1, PIXELS);
        ++b->count;
    }
    return CLCNN_SUCCESS;
}

/* The length of a plain file, before anything is read. */
static clcnn_status check_length(const clcnn__stream *s)
{
    unsigned long long size = s->in.size;
    if (s->gzip)
        return CLCNN_SUCCESS;
    if (size == 0)
        return BAD(s, "it is empty, and a file of CIFAR-10 has at least one record of %d bytes",
                   s->in.path, RECORD);
    if (size % RECORD != 0)
        return BAD(s, "it has %llu bytes, which is no whole number of CIFAR-10's records of %d",
                   s->in.path, size, RECORD);
    if (size / RECORD > MAX_RECORDS)
        return BAD(s, "it has %llu records, more than %d", s->in.path, size / RECORD, MAX_RECORDS);
    return CLCNN_SUCCESS;
}

static clcnn_status read_records(clcnn__stream *s, unsigned char *records, batch *b)
{
    size_t first = 0, got = 0;
    do {
        clcnn_status status = clcnn__stream_read(s, records, CHUNK * RECORD, &got);
        if (status != CLCNN_SUCCESS)
            return status;
        if (got % RECORD != 0)
            return BAD(s, "it ends after %zu of the %d bytes of record %zu", s->in.path,
                       got % RECORD, RECORD, first + got / RECORD);
        if (first + got / RECORD > MAX_RECORDS)
            return BAD(s, "it has more than %d records", s->in.path, MAX_RECORDS);
        status = take(b, s, records, got / RECORD, first);
        if (status != CLCNN_SUCCESS)
            return status;
        first += got / RECORD;
    } while (got == CHUNK * RECORD);
    if (first == 0)
        return BAD(s, "it holds nothing, not one record of CIFAR-10's", s->in.path);
    return clcnn__stream_end(s, "records");
}

static clcnn_status read_file(const char *path, unsigned char *records, batch *b,
                              clcnn_error *error)
{
    clcnn__stream *s = malloc(sizeof *s);
    if (!s)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory to read %.400s", path);
    clcnn_status status = clcnn__stream_open(s, path, error);
    if (status == CLCNN_SUCCESS) {
        status = check_length(s);
        if (status == CLCNN_SUCCESS && !s->gzip)
            status = reserve(b, b->count + (size_t)(s->in.size / RECORD), error);
        if (status == CLCNN_SUCCESS)
            status = read_records(s, records, b);
        clcnn__stream_close(s);
    }
    free(s);
    return status;
}

/* Gives back what growing took too much. */
static void shrink(batch *b)
{
    uint8_t *pixels = realloc(b->pixels, b->count * PIXELS);
    uint8_t *labels = realloc(b->labels, b->count);
    b->pixels = pixels ? pixels : b->pixels;
    b->labels = labels ? labels : b->labels;
}

static clcnn_status check_arguments(const char *const *paths, int count, const clcnn_images *images,
                                    clcnn_error *error)
{
    if (!paths || !images)
        return CLCNN__INVALID(error, "clcnn_images_read_cifar10: %s is NULL",
                              !paths ? "paths" : "images");
    if (count < 1 || count > MAX_FILES)
        return CLCNN__INVALID(error, "clcnn_images_read_cifar10: count is %d, not 1 to %d", count,
                              MAX_FILES);
    for (int i = 0; i < count; ++i)
        if (!paths[i])
            return CLCNN__INVALID(error, "clcnn_images_read_cifar10: paths[%d] is NULL", i);
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_images_read_cifar10(const char *const *paths, int count, clcnn_images *images,
                                       clcnn_error *error)
{
    clcnn_status status = check_arguments(paths, count, images, error);
    if (status != CLCNN_SUCCESS)
        return status;
    batch b = {0};
    unsigned char *records = malloc(CHUNK * RECORD);
    if (!records)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory to read %.400s", paths[0]);
    for (int i = 0; i < count && status == CLCNN_SUCCESS; ++i)
        status = read_file(paths[i], records, &b, error);
    free(records);
    if (status != CLCNN_SUCCESS) {
        free(b.pixels);
        free(b.labels);
        return status;
    }
    shrink(&b);
    *images = (clcnn_images){.count = (int)b.count,
                             .c = CHANNELS,
                             .h = SIDE,
                             .w = SIDE,
                             .classes = CLASSES,
                             .pixels = b.pixels,
                             .labels = b.labels};
    return CLCNN_SUCCESS;
}
