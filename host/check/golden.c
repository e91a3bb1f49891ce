/*
 * Golden files: one case each, with results that were computed elsewhere in double precision. Such
 * a result is held against two things: what the device gives, within the bound of the algorithm's
 * error class; and what the CPU reference gives, which is double precision as well, so that a
 * value that is off by far less than a float's rounding is caught too.
 */
#include "golden.h"

#include "internal.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The error of a double result beside the magnitude of what cancelled in it: a few roundings. */
#define CANCELLED 0x1p-50

typedef struct golden {
    clcnn__safetensors *st;
    check_case *c;
    check_line line;
    check_line_fn report;
    void *user;
} golden;

/* ---- Names -------------------------------------------------------------------------------------
 */

/* The number of the input that a file may hold under this name; -1: none. */
static int find_input(const check_op *op, const char *name)
{
    for (int i = 0; op->inputs[i].name; i++) {
        if (!op->inputs[i].derived && strcmp(op->inputs[i].name, name) == 0)
            return i;
    }
    return -1;
}

static const check_output *find_output(const check_op *op, const char *name)
{
    for (const check_direction *d = op->directions; d->name; d++) {
        for (const check_output *o = d->outputs; o->name; o++) {
            if (!o->scratch && strcmp(o->name, name) == 0)
                return o;
        }
    }
    return NULL;
}

/* ---- Reading a case ----------------------------------------------------------------------------
 */

static clcnn_status read_shape(const clcnn__safetensors_tensor *t, check_shape *shape,
                               clcnn_error *error)
{
    if (t->rank < 1 || t->rank > CHECK_MAX_RANK)
        return CLCNN__FAIL(error, CLCNN_BAD_FILE, "the tensor %s has %d axes, not 1 to %d", t->name,
                           t->rank, CHECK_MAX_RANK);
    shape->rank = t->rank;
    for (int i = 0; i < t->rank; i++) {
        if (t->shape[i] > INT_MAX)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE, "the tensor %s has %zu along axis %d",
                               t->name, t->shape[i], i);
        shape->size[i] = t->shape[i];
    }
    return CLCNN_SUCCESS;
}

/* Flat operations know one axis only, whatever shape their arrays have. */
static void flatten(check_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= shape->size[i];
    *shape = (check_shape){1, {count}};
}

/* Each tensor must be an input or a result, of the type that this asks for. */
static clcnn_status check_types(const golden *g, clcnn_error *error)
{
    size_t results = 0;
    for (size_t i = 0; i < clcnn__safetensors_count(g->st); i++) {
        const clcnn__safetensors_tensor *t = clcnn__safetensors_at(g->st, i);
        const int input = find_input(g->c->op, t->name);
        const check_output *output = find_output(g->c->op, t->name);
        if (input < 0 && !output)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE, "%s has no tensor \"%s\"", g->c->op->name,
                               t->name);
        const bool integer = input >= 0 ? g->c->op->inputs[input].integer : output->integer;
        const clcnn__dtype want = integer ? CLCNN__I64 : input >= 0 ? CLCNN__F32 : CLCNN__F64;
        if (t->dtype != want)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE, "the tensor %s is %s, not %s", t->name,
                               clcnn__dtype_name(t->dtype), clcnn__dtype_name(want));
        results += input < 0;
    }
    return results > 0
               ? CLCNN_SUCCESS
               : CLCNN__FAIL(error, CLCNN_BAD_FILE, "there is no expected tensor to compare with");
}

/* The descriptor's sizes from the inputs' shapes. */
static clcnn_status read_sizes(const golden *g, clcnn_error *error)
{
    check_shape shapes[CHECK_MAX_IN] = {{.rank = 0}};
    const check_op *op = g->c->op;
    for (int i = 0; op->inputs[i].name; i++) {
        const clcnn__safetensors_tensor *t = clcnn__safetensors_find(g->st, op->inputs[i].name);
        if (op->inputs[i].derived || !t)
            continue;
        const clcnn_status status = read_shape(t, &shapes[i], error);
        if (status != CLCNN_SUCCESS)
            return status;
        if (op->flat)
            flatten(&shapes[i]);
        if (op->flat && shapes[i].size[0] > INT_MAX)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE, "the tensor %s has %zu elements", t->name,
                               shapes[i].size[0]);
    }
    if (shapes[0].rank == 0 || !op->sizes || !op->sizes(&g->c->desc, shapes))
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "an input that %s needs is missing, or has the wrong number of axes",
                           op->name);
    /* The tensors are there, so that no size can be legal and too large. */
    return op->legal(&g->c->desc, error) == CLCNN_SUCCESS ? CLCNN_SUCCESS : CLCNN_BAD_FILE;
}

static bool same_shape(const check_shape *a, const check_shape *b)
{
    bool same = a->rank == b->rank;
    for (int i = 0; same && i < a->rank; i++)
        same = a->size[i] == b->size[i];
    return same;
}

/* Every tensor must have the shape that the descriptor gives it. */
static clcnn_status check_shapes(const golden *g, clcnn_error *error)
{
    const check_op *op = g->c->op;
    check_shape first = {.rank = 0};
    clcnn_status status =
        read_shape(clcnn__safetensors_find(g->st, op->inputs[0].name), &first, error);
    for (size_t i = 0; status == CLCNN_SUCCESS && i < clcnn__safetensors_count(g->st); i++) {
        const clcnn__safetensors_tensor *t = clcnn__safetensors_at(g->st, i);
        check_shape got = {.rank = 0}, want = first;
        status = read_shape(t, &got, error);
        if (!op->flat)
            op->shape(&g->c->desc, t->name, &want);
        if (status == CLCNN_SUCCESS && !same_shape(&got, &want))
            status = CLCNN__FAIL(error, CLCNN_BAD_FILE,
                                 "the tensor %s does not have the shape that the case gives it",
                                 t->name);
    }
    return status;
}

static clcnn_status read_integers(const clcnn__safetensors_tensor *t, int32_t *values,
                                  clcnn_error *error)
{
    const int64_t *from = t->data;
    for (size_t i = 0; i < t->count; i++) {
        if (from[i] < INT32_MIN || from[i] > INT32_MAX)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE, "element %zu of %s is %lld, beyond 32 bits",
                               i, t->name, (long long)from[i]);
        values[i] = (int32_t)from[i];
    }
    return CLCNN_SUCCESS;
}

/* Whether some direction can't do without the input. */
static bool needed(const check_op *op, int input)
{
    for (const check_direction *d = op->directions; d->name; d++) {
        if (d->needs >> input & 1)
            return true;
    }
    return false;
}

static clcnn_status read_inputs(golden *g, clcnn_error *error)
{
    const check_op *op = g->c->op;
    for (int i = 0; op->inputs[i].name; i++) {
        const clcnn__safetensors_tensor *t = clcnn__safetensors_find(g->st, op->inputs[i].name);
        check_shape shape = {.rank = 0};
        if (op->inputs[i].derived ? !needed(op, i) : !t)
            continue;
        op->shape(&g->c->desc, op->inputs[i].name, &shape);
        flatten(&shape);
        g->c->in[i] =
            (check_tensor){.count = shape.size[0], .f = calloc(shape.size[0] + 1, sizeof(float))};
        if (!g->c->in[i].f)
            return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %zu elements of %s",
                               shape.size[0], op->inputs[i].name);
        if (op->inputs[i].derived)
            continue;
        if (!op->inputs[i].integer)
            memcpy(g->c->in[i].f, t->data, t->count * sizeof(float));
        else if (read_integers(t, g->c->in[i].i, error) != CLCNN_SUCCESS)
            return CLCNN_BAD_FILE;
    }
    return check_case_derive(g->c) == CLCNN_SUCCESS
               ? CLCNN_SUCCESS
               : CLCNN__FAIL(error, CLCNN_BAD_FILE, "the reference refuses the case");
}

static clcnn_status read_case(golden *g, const char *path, clcnn_error *error)
{
    clcnn_status status = clcnn__safetensors_open(path, &g->st, error);
    if (status != CLCNN_SUCCESS)
        return status;
    const char *name = clcnn__safetensors_metadata(g->st, "op");
    if (!name)
        return CLCNN__FAIL(error, CLCNN_BAD_FILE, "the metadata name no operation");
    const check_op *op = check_op_find(name);
    if (!op) {
        status = CLCNN__FAIL(error, CLCNN_BAD_FILE, "there is no operation \"%.80s\"", name);
        g->line.op = status == CLCNN_UNSUPPORTED ? name : "-";
        return status;
    }
    g->line.op = op->name;
    g->c = calloc(1, sizeof *g->c);
    if (!g->c)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a case");
    *g->c = (check_case){.op = op, .values = CHECK_REALS};
    status = check_golden_attributes(op, g->st, &g->c->desc, error);
    const bool to_come = status == CLCNN_UNSUPPORTED;
    const clcnn_error why = *error;
    if (status == CLCNN_SUCCESS || to_come)
        status = check_types(g, error);
    if (status == CLCNN_SUCCESS)
        status = read_sizes(g, error);
    if (status == CLCNN_SUCCESS)
        status = check_shapes(g, error);
    if (status == CLCNN_SUCCESS && to_come) {
        *error = why;
        return CLCNN_UNSUPPORTED;
    }
    return status == CLCNN_SUCCESS ? read_inputs(g, error) : status;
}

/* ---- Comparing with the reference --------------------------------------------------------------
 */

static double golden_value(const clcnn__safetensors_tensor *t, size_t i)
{
    return t->dtype == CLCNN__I64 ? (double)((const int64_t *)t->data)[i]
                                  : ((const double *)t->data)[i];
}

/* Whether a golden value and the reference's agree. */
static bool agree(double value, double reference, double bound)
{
    if (isnan(value) || isnan(reference))
        return isnan(value) && isnan(reference);
    if (value >= reference && value <= reference)
        return true;
    return fabs(value - reference) <= bound; /* false for an infinity */
}

/*
 * How many roundings of a double a golden value may be from the reference, for each of the roots
 * of n + 2: the errors of n additions in two orders mostly cancel. The true files need less than a
 * tenth of it.
 */
enum { ROUNDINGS = 16 };

/* The bound of element i; what a device may do to denormals does not count here. */
static double golden_bound(clcnn_error_class class, double n, double magnitude)
{
    return class == CLCNN_EXACT ? 0 : ROUNDINGS * sqrt(n + 2) * 0x1p-53 * magnitude;
}

/* The class of the last algorithm, which is the plain formula. */
static clcnn_error_class plain_class(const check_op *op, clcnn_direction direction)
{
    const clcnn_algo *algo = clcnn_algos(op->name);
    while (algo[1].name)
        algo++;
    return algo->error[direction].error_class;
}

/*
 * Puts the file's values in place of the reference's, and tells in `message` where the two don't
 * agree. Where they are equal the reference's stays, which has the sign of a zero as the
 * definitions have it; where the file's digits were cancelled too, which has more of them.
 */
static void take_output(const golden *g, const clcnn__safetensors_tensor *t,
                        const check_direction *direction, const double *magnitudes,
                        check_expected *expected, int j, char *message, size_t size)
{
    const check_op *op = g->c->op;
    const clcnn_error_class class = plain_class(op, direction->direction);
    bool good = true;
    for (size_t i = 0; i < t->count; i++) {
        double *value = &expected->out[j].value[i];
        const double in_file = golden_value(t, i), reference = *value;
        const double bound =
            t->dtype == CLCNN__I64 ? 0 : golden_bound(class, expected->out[j].n, magnitudes[i]);
        const double lost =
            op->cancels ? CANCELLED * op->cancels(g->c, direction->direction, i) : 0;
        if (fabs(in_file - reference) <= lost)
            continue;
        if (good && !agree(in_file, reference, bound)) {
            snprintf(message, size, "%s: element %zu is %.17g in the file, %.17g by the reference",
                     t->name, i, in_file, reference);
            good = false;
        }
        if (!(in_file >= reference && in_file <= reference))
            *value = in_file;
    }
}

/* Takes all outputs that the file has; what disagrees is told in `message`. */
static clcnn_status take_outputs(const golden *g, const check_direction *direction,
                                 check_expected *expected, char *message, size_t size)
{
    for (int j = 0; direction->outputs[j].name; j++) {
        const clcnn__safetensors_tensor *t =
            clcnn__safetensors_find(g->st, direction->outputs[j].name);
        if (!t)
            continue;
        double *own = direction->magnitudes ? calloc(t->count + 1, sizeof *own) : NULL;
        if (direction->magnitudes && !own)
            return CLCNN_OUT_OF_MEMORY;
        if (own)
            direction->magnitudes(g->c, j, own);
        const size_t used = strlen(message);
        take_output(g, t, direction, own ? own : expected->out[j].mag, expected, j, message + used,
                    size - used);
        free(own);
    }
    return CLCNN_SUCCESS;
}

/* ---- Running -----------------------------------------------------------------------------------
 */

static void report(golden *g, check_verdict verdict, const char *algo, double worst,
                   const char *message)
{
    check_line line = g->line;
    line.verdict = verdict;
    line.algo = algo ? algo : "-";
    line.worst = worst;
    line.message = message;
    g->report(&line, g->user);
}

/*
 * One algorithm, with a line of its own: but where it does not support the case there is none when
 * all are tried. A value that disagrees with the reference is wrong whatever runs.
 */
static void run_algo(golden *g, const check_direction *direction, const check_expected *expected,
                     const check_options *options, const char *disagreement, bool all)
{
    const check_result result = check_run(g->c, direction, expected, options);
    if (result.verdict != CHECK_FAIL && disagreement[0])
        report(g, CHECK_FAIL, result.algo, result.worst, disagreement);
    else if (result.verdict != CHECK_UNSUPPORTED || !all)
        report(g, result.verdict, result.algo, result.worst, result.message);
}

static void run_algos(golden *g, const check_direction *direction, const check_expected *expected,
                      check_options options, const char *disagreement)
{
    const bool all = options.algo && strcmp(options.algo, "all") == 0;
    if (!all) {
        run_algo(g, direction, expected, &options, disagreement, false);
        return;
    }
    for (const clcnn_algo *algo = clcnn_algos(g->c->op->name); algo && algo->name; algo++) {
        options.algo = algo->name;
        run_algo(g, direction, expected, &options, disagreement, true);
    }
}

/* The inputs that the direction needs and the file does not have, in words. */
static bool lacks_inputs(const golden *g, const check_direction *direction, char *message,
                         size_t size)
{
    for (int i = 0; g->c->op->inputs[i].name; i++) {
        if (!(direction->needs >> i & 1) || g->c->in[i].f)
            continue;
        snprintf(message, size, "the file expects a result of %s, but has no input %s",
                 direction->name, g->c->op->inputs[i].name);
        return true;
    }
    return false;
}

/* Where the operation allows for inputs that were rounded after the results were computed. */
static void adopt(const golden *g, const check_direction *direction, check_expected *expected)
{
    const double *file[CHECK_MAX_OUT] = {NULL};
    if (!g->c->op->adopt)
        return;
    for (int j = 0; direction->outputs[j].name; j++) {
        const clcnn__safetensors_tensor *t =
            clcnn__safetensors_find(g->st, direction->outputs[j].name);
        file[j] = t ? t->data : NULL;
    }
    g->c->op->adopt(g->c, expected, file);
}

static void run_direction(golden *g, const check_direction *direction, check_options options)
{
    char message[512] = "";
    unsigned absent = 0, present = 0;
    for (int j = 0; direction->outputs[j].name; j++) {
        const bool there = clcnn__safetensors_find(g->st, direction->outputs[j].name) != NULL;
        absent |= !there && direction->outputs[j].optional ? 1u << j : 0;
        present |= there ? 1u << j : 0;
    }
    if (!present)
        return;
    g->line.direction = direction->name;
    check_expected expected;
    if (lacks_inputs(g, direction, message, sizeof message)) {
        report(g, CHECK_FAIL, NULL, INFINITY, message);
    } else if (check_expected_create(g->c, direction, &expected) != CLCNN_SUCCESS) {
        report(g, CHECK_FAIL, NULL, INFINITY, "the reference refuses the case");
    } else {
        options.without = absent;
        adopt(g, direction, &expected);
        if (take_outputs(g, direction, &expected, message, sizeof message) == CLCNN_SUCCESS)
            run_algos(g, direction, &expected, options, message);
        else
            report(g, CHECK_FAIL, NULL, INFINITY, "there is no memory for the comparison");
        check_expected_free(&expected);
    }
}

void check_golden_run(const char *path, clcnn_ctx *ctx, const char *algo, check_line_fn report_line,
                      void *user)
{
    golden g = {
        .line = {.file = path, .op = "-", .direction = "-"}, .report = report_line, .user = user};
    clcnn_error error = {.message = ""};
    const clcnn_status status = read_case(&g, path, &error);
    if (status == CLCNN_SUCCESS) {
        for (const check_direction *d = g.c->op->directions; d->name; d++)
            run_direction(&g, d, (check_options){.ctx = ctx, .algo = algo});
    } else {
        report(&g, status == CLCNN_UNSUPPORTED ? CHECK_UNSUPPORTED : CHECK_FAIL, NULL, INFINITY,
               error.message);
    }
    check_case_destroy(g.c);
    clcnn__safetensors_close(g.st);
}
