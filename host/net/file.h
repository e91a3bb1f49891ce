/*
 * Files as the operating system has them: opening what may come from anywhere, reading it whole,
 * and replacing a file so that a crash leaves the old one or the new one. Each failure is
 * CLCNN_BAD_FILE with a sentence that names the file and the system's reason.
 */
#ifndef CLCNN_FILE_H
#define CLCNN_FILE_H

#include "clcnn.h"

typedef struct clcnn__input {
    const char *path; /* the caller's, for messages */
    int fd;
    uint64_t size; /* bytes */
} clcnn__input;

/* Opens a regular file (a symbolic link to one is fine; a pipe or device is not, and is never
 * waited for). On failure nothing stays open. */
clcnn_status clcnn__input_open(const char *path, clcnn__input *in, clcnn_error *error);
void clcnn__input_close(clcnn__input *in);
/* Reads up to `size` bytes; *got is less only at the end of the file. */
clcnn_status clcnn__input_some(const clcnn__input *in, void *data, size_t size, size_t *got,
                               clcnn_error *error);
/* Reads exactly `size` bytes. */
clcnn_status clcnn__input_read(const clcnn__input *in, void *data, size_t size, clcnn_error *error);

/* A piece of a file to be written. */
typedef struct clcnn__piece {
    const void *data;
    size_t size;
} clcnn__piece;

/*
 * Puts a file with these contents in the place of `path`. It is written beside it under the name
 * PATH.clcnn-tmpN (N = 0..9), brought to disk, and renamed; then the folder is brought to disk. On
 * failure that file is removed again and `path` is what it was. What a killed process left under
 * such a name is removed by the next one. A `path` that is anything but a regular file (or nothing)
 * is refused.
 */
clcnn_status clcnn__file_replace(const char *path, const clcnn__piece *pieces, size_t count,
                                 clcnn_error *error);

#endif
