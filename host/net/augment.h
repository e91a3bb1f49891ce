/*
 * Training images that are flipped and moved at random, so that a network sees each of them in many
 * places. What happens to an image depends on seed, epoch and its number in the data set alone: not
 * on the size of a batch, not on the order, not on where a run was stopped.
 */
#ifndef CLCNN_AUGMENT_H
#define CLCNN_AUGMENT_H

#include <stddef.h>
#include <stdint.h>

typedef struct clcnn__augment {
    int c, h, w; /* of an image */
    int shift;   /* moved by -shift to shift pixels, down and to the right on their own */
    int flip;    /* 1: half of the images are mirrored, left to right */
    uint64_t seed;
    uint64_t epoch;
} clcnn__augment;

/* What happens to one image: it is mirrored, and then moved down and to the right. */
typedef struct clcnn__movement {
    int down, right;
    int mirrored;
} clcnn__movement;

clcnn__movement clcnn__augment_draw(const clcnn__augment *augment, uint64_t image);

/* Writes an image of bytes [c,h,w] as floats of `table`, moved. Where it no longer covers the
 * picture, that has the value of a black pixel, table[0]. */
void clcnn__augment_apply(const clcnn__augment *augment, clcnn__movement movement,
                          const float table[256], const uint8_t *in, float *out);

#endif
