/*
 * Reading one PGM image (Netpbm's grey format, P5 binary or P2 text) of a size that is known
 * beforehand: nothing is allocated on a file's word.
 */
#ifndef CLCNN_PGM_H
#define CLCNN_PGM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Fills pixels[height*width] from the file ("-": standard input); values are scaled from 0..maxval
 * to 0..255. Returns 0, or -1 with a sentence that names the file in `message`.
 */
int pgm_read(const char *path, int height, int width, uint8_t *pixels, char *message, size_t size);

#endif
