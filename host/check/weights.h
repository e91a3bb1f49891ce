/*
 * What the checks of conv2d, conv2d_transpose, conv1d and dense share. They all make y of x,
 * weights and a bias, and have the same three directions; they differ in shapes and in how many
 * products one sum has.
 */
#ifndef CLCNN_CHECK_WEIGHTS_H
#define CLCNN_CHECK_WEIGHTS_H

#include "common.h"

enum { X, W, B, DY };

/* Rows of directions: how one is called, what the reference says, how its weights are packed. */
#define CHECK_WEIGHTS_FORWARD(run_, reference_, pack_)                                             \
    .name = "forward", .direction = CLCNN_FORWARD, .needs = 1 << X | 1 << W, .takes = 1 << B,      \
    .outputs = {{.name = "y"}}, .run = (run_), .reference = (reference_), .pack = (pack_)
#define CHECK_WEIGHTS_BACKWARD_DATA(run_, reference_, pack_)                                       \
    .name = "backward_data", .direction = CLCNN_BACKWARD_DATA, .needs = 1 << DY | 1 << W,          \
    .outputs = {{.name = "dx", .accumulates = true}}, .run = (run_), .reference = (reference_),    \
    .pack = (pack_)
#define CHECK_WEIGHTS_BACKWARD_WEIGHTS(run_, reference_)                                           \
    .name = "backward_weights", .direction = CLCNN_BACKWARD_WEIGHTS, .needs = 1 << X | 1 << DY,    \
    .outputs = {{.name = "dw", .optional = true, .accumulates = true},                             \
                {.name = "db", .optional = true, .accumulates = true}},                            \
    .run = (run_), .reference = (reference_)

/* Products in the sum of one element, or more of them than strides leave; y's with the bias. */
typedef struct check_products {
    double y, dx, dw, db;
} check_products;

/* Draws all inputs so that no sum of a case of integers rounds. */
void check_fill_weights(check_case *c, check_products products, check_random *random);

#endif
