/* file.h's functions over bytes in memory, in place of the system's files: see input.h. */
#include "input.h"

#include "internal.h"

#include <stdlib.h>
#include <string.h>

volatile unsigned fuzz_sum;

static fuzz_file files[2];
static size_t at[2]; /* read so far */

void fuzz_set(int number, const void *data, size_t size)
{
    files[number] = (fuzz_file){data, size};
}

/* The paths are "0" and "1"; the number becomes the descriptor. */
clcnn_status clcnn__input_open(const char *path, clcnn__input *in, clcnn_error *error)
{
    (void)error;
    int number = path[0] - '0';
    at[number] = 0;
    *in = (clcnn__input){.path = path, .fd = number, .size = files[number].size};
    return CLCNN_SUCCESS;
}

void clcnn__input_close(clcnn__input *in)
{
    in->fd = -1; /* a second close or a read after it is then out of bounds */
}

clcnn_status clcnn__input_some(const clcnn__input *in, void *data, size_t size, size_t *got,
                               clcnn_error *error)
{
    (void)error;
    size_t left = files[in->fd].size - at[in->fd];
    *got = size < left ? size : left;
    if (*got)
        memcpy(data, (const char *)files[in->fd].data + at[in->fd], *got);
    at[in->fd] += *got;
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__input_read(const clcnn__input *in, void *data, size_t size, clcnn_error *error)
{
    size_t got = 0;
    clcnn__input_some(in, data, size, &got, error);
    if (got < size)
        abort(); /* the size of the file was known: it must not read past it */
    return CLCNN_SUCCESS;
}

/* Readers don't write. */
clcnn_status clcnn__file_replace(const char *path, const clcnn__piece *pieces, size_t count,
                                 clcnn_error *error)
{
    (void)path, (void)pieces, (void)count, (void)error;
    abort();
}
