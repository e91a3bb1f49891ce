/*
 * Contents of files that a test puts together, byte by byte, plain or compressed. What goes wrong
 * here is a failed check.
 */
#ifndef BYTES_H
#define BYTES_H

#include <stddef.h>

/* Bytes that grow; {0} is empty. `data` is to be freed. */
typedef struct bytes {
    unsigned char *data;
    size_t size;
} bytes;

void append(bytes *b, const void *data, size_t size);
/* The contents as a gzip file; they are freed. */
bytes compress_gzip(bytes b);
/* A gzip file of `head` (which is freed) and then this many MiB of zeros. */
bytes make_bomb(bytes head, int mib);
/* Writes them to a file of scratch.h and frees them. */
void write_bytes(const char *name, bytes b);
/* Peak memory of the process so far, in bytes. */
long long peak_memory(void);

#endif
