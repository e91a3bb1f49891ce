/* Shapes of layer normalisation that the tests and the bench share. */
#ifndef LAYERNORM_CASES_H
#define LAYERNORM_CASES_H

#include "clcnn.h"

typedef struct layernorm_case {
    const char *name;
    clcnn_layernorm d;
    int quick; /* in the short set */
} layernorm_case;

static const layernorm_case layernorm_small[] = {
    {"one row of two", {.n = 1, .d = 2}, 1},
    {"one column", {.n = 5, .d = 1}, 0},
    {"3 by 7", {.n = 3, .d = 7}, 1},
    {"16 by 16", {.n = 16, .d = 16}, 0},
    {"17 by 33", {.n = 17, .d = 33}, 1},
    {"long rows", {.n = 2, .d = 3001}, 0},
    {"many rows", {.n = 1031, .d = 3}, 0},
    {"large eps", {.n = 4, .d = 9, .eps = 2}, 0},
    {"accumulating", {.n = 6, .d = 21, .accumulate = 1}, 1},
    {NULL, {.n = 0}, 0}};

static const layernorm_case layernorm_layers[] = {
    {"mlp", {.n = 128, .d = 256}, 0}, {"transformer", {.n = 64, .d = 768}, 0}, {NULL, {.n = 0}, 0}};

#endif
