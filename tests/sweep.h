/*
 * Runs cases of one operation over every direction, every device under test and every algorithm
 * that supports them, and counts what it saw: how many (case, direction, algorithm) a device did
 * not support, and whether the results had anything in them.
 */
#ifndef SWEEP_H
#define SWEEP_H

#include "check.h"
#include "harness.h"

enum { SWEEP_MAX_DEVICES = 32, SWEEP_MAX_ALGOS = 8, SWEEP_MAX_DIRECTIONS = 4 };

typedef struct sweep {
    const check_op *op;
    const char *only[8]; /* algorithms; none: all */
    size_t runs;
    size_t unsupported[SWEEP_MAX_DEVICES][SWEEP_MAX_ALGOS];
    size_t nonzero[SWEEP_MAX_DIRECTIONS], could_be[SWEEP_MAX_DIRECTIONS];
    double worst; /* error over its bound */
} sweep;

/* What else a case is run with. */
enum {
    SWEEP_TWICE = 1,      /* a second time, for the bits */
    SWEEP_PACKED = 2,     /* with packed weights where there are any, as well */
    SWEEP_IN_PLACE = 4,   /* with outputs in the inputs' places, as well */
    SWEEP_NO_PLAN = 8,    /* without a plan, as well */
    SWEEP_MAY_REFUSE = 16 /* the call itself may say that it is not supported */
};

/* A case of the harness's seed. NULL is a failed check already. */
check_case *sweep_make(const check_op *op, const check_desc *desc, check_values values);

/* Each failed run is one failed check. `name` starts its sentence. */
void sweep_case(sweep *s, const char *name, const check_case *c, unsigned how);
/* Makes the case from a descriptor first. */
void sweep_desc(sweep *s, const char *name, const check_desc *desc, check_values values,
                uint64_t seed, unsigned how);

/* One run of one direction on device i must pass; with `keep` in the options the caller frees the
 * result's outputs. */
check_result sweep_run(const char *name, const check_case *c, const char *direction, int device,
                       check_options options);

/* The same for every algorithm that supports the case, at least one. */
void sweep_every_algo(const char *name, const check_case *c, const char *direction, int device,
                      check_options options);

/* A text of one tuning row, of an operation that goes by vectors of elements: the vector's width, a
 * work-item's elements, a work-group's items. */
#define SWEEP_ITEMS(vec, item, local)                                                              \
    "algo device width shape use VEC ITEM LOCAL\ndirect * * * 1 " vec " " item " " local "\n"

/* Calls `test` once for each text of tuning rows, with these rows in force on every device. The
 * list ends with NULL. */
void sweep_tuned(const char *op, const char *const *tunings, void (*test)(void));

/* At least 30 % of the results that could be other than 0 were, in every direction. */
void sweep_check_filled(const sweep *s);

/* How many (case, direction) an algorithm does not support on an implementation, a part of the
 * device's name ("" is any; "width 8" where CLCNN_TEST_WIDTH is 8), in the whole set and in the
 * short one. A list ends with algo = NULL; the first row that fits counts. */
typedef struct sweep_pin {
    const char *implementation, *algo;
    size_t unsupported, unsupported_short;
} sweep_pin;
void sweep_check_pins(const sweep *s, const sweep_pin *pins);

#endif
