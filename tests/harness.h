/*
 * What every test program shares: a CUnit run from a table of tests, checks that print their
 * values, the OpenCL devices found, and a seed.
 *
 * Environment:
 *   CLCNN_TEST_DEVICE   a device selector (see clcnn_ctx_open): only this device is tested
 *   CLCNN_TEST_SEED     replays a run with the seed that a failure printed
 *   CLCNN_TEST_SHORT    1: the short set, for simulators
 *   CLCNN_TEST_WIDTH    4, 8 or 16: the tuning rows that a device of this native vector width has
 */
#ifndef HARNESS_H
#define HARNESS_H

#include "clcnn.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct harness_test {
    const char *name; /* NULL ends a table */
    void (*run)(void);
} harness_test;

/*
 * Runs the tests and prints only what failed, then CUnit's summary. Returns the exit code: 0, or 1
 * when anything failed. A test program's main is `return harness_run("maxpool2d", tests);`.
 */
int harness_run(const char *suite, const harness_test *tests);

/* Counts one check; when `ok` is false the printf-style sentence is the failure. Returns ok. */
bool harness_check(bool ok, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* CHECK(a == b, "a is %d, not %d", a, b) */
#define CHECK(ok, ...) harness_check((ok), __FILE__, __LINE__, __VA_ARGS__)

/*
 * Devices under test, opened on first use. None at all, or one that does not open, fails the test
 * that asks.
 */
int harness_device_count(void);
clcnn_ctx *harness_ctx(int i);
/* Rows that the tests run with, beside the built-in ones: those of another vector width, and small
 * tiles for convolutions in the short set. They are there when a device is opened, and again by
 * this, after a test took the rows of an operation away (NULL: of all). */
void harness_own_rows(clcnn_ctx *ctx, const char *op);
/* "platform: device", for messages. */
const char *harness_device_name(int i);

/* CLCNN_TEST_SEED, or a fixed default. Printed when something failed. */
uint64_t harness_seed(void);
/* Whether CLCNN_TEST_SHORT asks for the short set. */
bool harness_short(void);

#endif
