/*
 * The bytes of a file that comes from anywhere, plain or gzip; which of the two is seen from its
 * first bytes. What a compressed one holds is not known before it has been read, so the callers let
 * their memory grow with it, up to a limit of their own.
 */
#ifndef CLCNN_STREAM_H
#define CLCNN_STREAM_H

#include "file.h"

#include <stdbool.h>
#include <zlib.h>

enum { CLCNN__STREAM_BUFFER = 1 << 16 };

typedef struct clcnn__stream {
    clcnn__input in;    /* in.size: of the file as it lies there */
    clcnn_error *error; /* the caller's */
    bool gzip;
    bool ended; /* of gzip: the end of the compressed stream was seen */
    z_stream z;
    unsigned char buffer[CLCNN__STREAM_BUFFER]; /* compressed bytes */
} clcnn__stream;

/* Opens a file; it is closed by clcnn__stream_close, unless opening failed. */
clcnn_status clcnn__stream_open(clcnn__stream *s, const char *path, clcnn_error *error);
void clcnn__stream_close(clcnn__stream *s);
/* Reads up to `size` bytes (at most 2^30) of the contents; *got is less only at their end. */
clcnn_status clcnn__stream_read(clcnn__stream *s, unsigned char *to, size_t size, size_t *got);
/* Nothing may follow: neither contents nor bytes after the compressed stream. `what` names the
 * contents' parts: "elements". */
clcnn_status clcnn__stream_end(clcnn__stream *s, const char *what);

/* CLCNN_BAD_FILE and "PATH: sentence". */
#define CLCNN__BAD_STREAM(s, ...) CLCNN__FAIL((s)->error, CLCNN_BAD_FILE, "%.400s: " __VA_ARGS__)

#endif
