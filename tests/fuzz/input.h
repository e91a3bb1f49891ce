/* What the fuzz targets share: bytes in memory as the files "0" and "1". Files of the system would
 * do, but a hundred times slower. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include "file.h"

typedef struct fuzz_file {
    const void *data;
    size_t size;
} fuzz_file;

void fuzz_set(int number, const void *data, size_t size);

/* What was read goes here, so that it really is read. */
extern volatile unsigned fuzz_sum;

#endif
