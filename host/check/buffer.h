/*
 * A tensor in device memory as the engine lays it out: a band of guard bytes before and after, an
 * offset that is never a multiple of a vector, and the bytes that it should hold kept on the host.
 */
#ifndef CLCNN_CHECK_BUFFER_H
#define CLCNN_CHECK_BUFFER_H

#include "check.h"

typedef struct check_buffer {
    clcnn_mem mem; /* .buf NULL: not there */
    size_t count;  /* elements of 4 bytes between the bands */
    size_t bytes;  /* of the whole buffer */
    unsigned char *before, *after;
} check_buffer;

/* `data` NULL: filled with 0xFF bytes, which are NaN or -1. Slot varies the offset. On failure the
 * sentence is in `message`. */
bool check_buffer_create(check_buffer *b, clcnn_ctx *ctx, size_t count, const void *data,
                         unsigned slot, char *message, size_t size);
void check_buffer_free(check_buffer *b);
/* Writes what it should hold at the start. */
bool check_buffer_upload(check_buffer *b, clcnn_ctx *ctx, char *message, size_t size);
/* Reads everything into b->after and holds the guard bands against what they were; with
 * `unchanged` the elements too. */
bool check_buffer_download(check_buffer *b, clcnn_ctx *ctx, const char *name, bool unchanged,
                           char *message, size_t size);
/* The elements that were read. */
const void *check_buffer_elements(const check_buffer *b);

#endif
