/* Kinds of activation, with the parameters and the lengths that the tests and the bench share. */
#ifndef ACTIVATION_KINDS_CASES_H
#define ACTIVATION_KINDS_CASES_H

#include "clcnn.h"

typedef struct activation_case {
    const char *name;
    clcnn_activation_kind kind;
    double alpha;
    int from_y; /* y alone tells the gradient */
} activation_case;

static const activation_case activation_kinds[] = {{"identity", CLCNN_IDENTITY, 0, 1},
                                                   {"ReLU", CLCNN_RELU, 0, 1},
                                                   {"leaky ReLU 0.01", CLCNN_LEAKY_RELU, 0.01, 1},
                                                   {"leaky ReLU 0", CLCNN_LEAKY_RELU, 0, 1},
                                                   {"leaky ReLU -0.3", CLCNN_LEAKY_RELU, -0.3, 0},
                                                   {"ELU 1", CLCNN_ELU, 1, 1},
                                                   {"ELU 0.7", CLCNN_ELU, 0.7, 1},
                                                   {"ELU 0", CLCNN_ELU, 0, 1},
                                                   {"sigmoid", CLCNN_SIGMOID, 0, 1},
                                                   {"tanh", CLCNN_TANH, 0, 1},
                                                   {"SiLU", CLCNN_SILU, 0, 0},
                                                   {"GELU", CLCNN_GELU, 0, 0},
                                                   {"GELU by tanh", CLCNN_GELU_TANH, 0, 0},
                                                   {NULL, CLCNN_IDENTITY, 0, 0}};

static const int activation_counts[] = {1, 3, 16, 17, 37, 1000, 1025, 4099};

#endif
