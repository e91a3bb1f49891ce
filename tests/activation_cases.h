/* Sizes of activations that the tests and the bench share. */
#ifndef ACTIVATION_CASES_H
#define ACTIVATION_CASES_H

#include "clcnn.h"

typedef struct activation_case {
    const char *name;
    clcnn_activation d;
    int quick; /* in the short set */
} activation_case;

static const activation_case activation_small[] = {
    {"one element", {.count = 1, .kind = CLCNN_RELU}, 1},
    {"three elements", {.count = 3, .kind = CLCNN_RELU}, 1},
    {"17 elements", {.count = 17, .kind = CLCNN_RELU}, 1},
    {"64 elements", {.count = 64, .kind = CLCNN_RELU}, 0},
    {"1021 elements", {.count = 1021, .kind = CLCNN_RELU}, 1},
    {"65537 elements", {.count = 65537, .kind = CLCNN_RELU}, 0},
    {"identity", {.count = 1237, .kind = CLCNN_IDENTITY}, 1},
    {NULL, {.count = 0}, 0}};

static const activation_case activation_layers[] = {
    {"lenet5 conv1", {.count = 128 * 6 * 28 * 28, .kind = CLCNN_RELU}, 0},
    {"resnet50 conv1", {.count = 8 * 64 * 112 * 112, .kind = CLCNN_RELU}, 0},
    {NULL, {.count = 0}, 0}};

#endif
