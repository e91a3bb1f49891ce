/*
 * What holds for every linear operation, exactly on integers: its backward is its adjoint, and the
 * numeric gradient of its reference is what the reference's backward says.
 */
#ifndef LINEAR_H
#define LINEAR_H

#include "check.h"

/* One direction of a case, and the input that it is linear in. */
typedef struct linear_map {
    check_case *c;
    const char *direction, *input;
} linear_map;

/* <f(x), z> = <x, b(z)> on every device, x and z the inputs of f and b. Neither accumulates. */
void linear_check_adjoint(const char *name, linear_map f, linear_map b);

/* d<f(x), z>/dx = b(z), by differences of the reference. */
void linear_check_gradient(const char *name, linear_map f, linear_map b);

/* Both, for an operation with the directions forward and backward and the inputs x and dy; the
 * first only where its results are exact on integers. The case is made from the descriptor. */
void linear_check_op(const check_op *op, const char *name, const check_desc *desc, bool exact);

#endif
