/*
 * The engine: lays out one call's tensors in guarded buffers, makes the call, and judges what came
 * back. It knows nothing about any operation.
 */
#include "check.h"

#include "buffer.h"
#include "internal.h"
#include "ref/ref.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything that one run owns. */
typedef struct run {
    const check_case *c;
    const check_direction *direction;
    const check_expected *expected;
    const check_options *options;
    const clcnn_algo *algo;
    clcnn_activation_kind activation; /* what comes after the sums */
    clcnn_plan plan;
    check_call call;
    check_buffer in[CHECK_MAX_IN], out[CHECK_MAX_OUT], workspace, packed;
    double norms[CHECK_MAX_OUT]; /* CLCNN_NORMWISE_DOT: what the tensors' largest elements allow */
    char what[256];              /* the sentence's end: what is wrong */
    bool unsupported;            /* says the call, which may */
    check_result *result;
} run;

/* ---- Numbers -----------------------------------------------------------------------------------
 */

/* How far `got` is from `want`, in units of the bound; 0 when equal, infinite where a NaN or an
 * infinity meets anything else. With `bits`, the sign of a zero counts. */
static double error_ratio(double want, double got, double bound, bool bits)
{
    if (isnan(want) || isnan(got))
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    /* What no float can hold rounds to infinity. */
    if (fabs(want) >= 0x1.ffffffp127)
        want = copysign(INFINITY, want);
    if (isinf(want) || isinf(got))
        return isinf(want) && isinf(got) && signbit(want) == signbit(got) ? 0 : INFINITY;
    const double error = fabs(want - got);
    if (error > 0)
        return bound > 0 ? error / bound : INFINITY;
    return bits && signbit(want) != signbit(got) ? INFINITY : 0;
}

static clcnn_error_class error_class(const run *r)
{
    return r->algo->error[r->direction->direction].error_class;
}

/* Integers leave no room for rounding, unless the algorithm takes detours through fractions or
 * something comes after the sum. */
static bool exact_sums(const run *r)
{
    return error_class(r) == CLCNN_DOT && r->c->values == CHECK_INTEGERS &&
           r->activation <= CLCNN_RELU;
}

/* Where not even the sign of a zero may differ. */
static bool exact_bits(const run *r, int output, size_t i)
{
    const clcnn_error_class class = error_class(r);
    return class == CLCNN_EXACT || (class == CLCNN_ULP && !(r->expected->out[output].mag[i] > 0));
}

static double bound_of(const run *r, int output, size_t i)
{
    const double n = r->expected->out[output].n, mag = r->expected->out[output].mag[i];
    if (exact_bits(r, output, i) || exact_sums(r))
        return 0;
    const double denormals = (n + 2) * 0x1p-126;
    if (error_class(r) == CLCNN_NORMWISE_DOT)
        return (n + 2) * 0x1p-24 / (1 - (n + 2) * 0x1p-24) * mag + r->norms[output] + denormals;
    return clcnn_error_bound(r->algo, r->direction->direction, n, mag) + denormals;
}

/* ---- Messages ----------------------------------------------------------------------------------
 */

static void conclude(run *r, check_verdict verdict)
{
    char descriptor[512];
    const clcnn_device_info *info = clcnn_ctx_device_info(r->options->ctx);
    check_describe(r->c->op, &r->c->desc, descriptor, sizeof descriptor);
    r->result->verdict = verdict;
    snprintf(r->result->message, sizeof r->result->message,
             "%s, %s, algorithm %s on %s %s: %s (seed %" PRIu64 ")", descriptor, r->direction->name,
             r->result->algo ? r->result->algo : "-", info->platform_name, info->name, r->what,
             r->c->seed);
}

static bool refused(run *r, const char *call, clcnn_status status)
{
    if (status == CLCNN_SUCCESS)
        return false;
    snprintf(r->what, sizeof r->what, "%s gave %s: %.180s", call, clcnn_status_name(status),
             clcnn_last_error(r->options->ctx)->message);
    return true;
}

/* "1,0,2,5" of the shape that the output has. */
static void unravel(const run *r, const char *name, size_t i, char *text, size_t size)
{
    check_shape shape = {.rank = 0};
    size_t index[CHECK_MAX_RANK] = {0}, used = 0;
    r->c->op->shape(&r->c->desc, name, &shape);
    for (int axis = shape.rank - 1; axis >= 0; axis--) {
        index[axis] = i % shape.size[axis];
        i /= shape.size[axis];
    }
    text[0] = '\0';
    for (int axis = 0; axis < shape.rank && used < size; axis++)
        used += (size_t)snprintf(text + used, size - used, axis ? ",%zu" : "%zu", index[axis]);
}

/* ---- Judging -----------------------------------------------------------------------------------
 */

static double element(const check_output *output, const void *data, size_t i)
{
    return output->integer ? (double)((const int32_t *)data)[i] : (double)((const float *)data)[i];
}

/* The second term of CLCNN_NORMWISE_DOT: what a direction needs are the two factors, and an error
 * of the sum grows by the slope of what comes after it. */
static double norm_bound(const run *r, int output)
{
    const check_op *op = r->c->op;
    const double n = r->expected->out[output].n;
    double norm = n;
    if (error_class(r) != CLCNN_NORMWISE_DOT)
        return 0;
    for (int i = 0; op->inputs[i].name; i++) {
        double largest = 0;
        for (size_t e = 0; r->direction->needs >> i & 1 && e < r->c->in[i].count; e++)
            largest = fmax(largest, fabs((double)r->c->in[i].f[e]));
        norm *= r->direction->needs >> i & 1 ? largest : 1;
    }
    const double *alpha = check_find_field(op, &r->c->desc, "alpha", CHECK_DOUBLE);
    norm *= clcnn__ref_steepest(r->activation, alpha ? *alpha : 0);
    return clcnn_error_bound(r->algo, r->direction->direction, n, norm);
}

/* Compares one output. Counts, and remembers the worst element. */
static bool judge_output(run *r, int j)
{
    const check_output *output = &r->direction->outputs[j];
    const void *data = check_buffer_elements(&r->out[j]);
    size_t wrong = 0, worst_at = 0;
    double worst = 0;
    r->norms[j] = norm_bound(r, j);
    for (size_t i = 0; i < r->expected->out[j].count; i++) {
        const double want = r->expected->out[j].value[i], got = element(output, data, i);
        const double bound = output->integer ? 0 : bound_of(r, j, i);
        const bool bits = exact_bits(r, j, i);
        const double ratio = error_ratio(want, got, bound, bits);
        r->result->nonzero += got < 0 || got > 0;
        r->result->could_be += bits || r->expected->out[j].mag[i] > 0;
        wrong += ratio > 1;
        if (ratio > worst) {
            worst = ratio;
            worst_at = i;
        }
    }
    r->result->worst = fmax(r->result->worst, worst);
    if (wrong == 0)
        return true;
    char index[96];
    unravel(r, output->name, worst_at, index, sizeof index);
    snprintf(r->what, sizeof r->what, "%s[%s] is %.9g, not %.17g, bound %.3g; %zu of %zu are wrong",
             output->name, index, element(output, data, worst_at),
             r->expected->out[j].value[worst_at], output->integer ? 0 : bound_of(r, j, worst_at),
             wrong, r->expected->out[j].count);
    return false;
}

static bool judge_outputs(run *r)
{
    for (int j = 0; r->direction->outputs[j].name; j++) {
        if (r->out[j].mem.buf && !r->direction->outputs[j].scratch && !judge_output(r, j))
            return false;
    }
    return true;
}

/* ---- Layout ------------------------------------------------------------------------------------
 */

/* The input that output j is in this run; -1: none. */
static int input_of_output(const run *r, int j)
{
    const check_output *output = &r->direction->outputs[j];
    if (!output->in_place || !(output->always_in_place || r->options->in_place))
        return -1;
    for (int i = 0; r->c->op->inputs[i].name; i++) {
        if (strcmp(r->c->op->inputs[i].name, output->in_place) == 0 && r->c->in[i].f)
            return i;
    }
    return -1;
}

static bool create(run *r, check_buffer *buffer, size_t count, const void *data, unsigned slot)
{
    return check_buffer_create(buffer, r->options->ctx, count, data,
                               slot + (unsigned)(r->c->seed % 13), r->what, sizeof r->what);
}

static bool create_inputs(run *r)
{
    const unsigned used = r->direction->needs | r->direction->takes;
    unsigned in_place = 0;
    for (int j = 0; r->direction->outputs[j].name; j++) {
        const int i = input_of_output(r, j);
        if (i >= 0 && !(r->options->without >> j & 1))
            in_place |= 1u << i;
    }
    for (int i = 0; r->c->op->inputs[i].name; i++) {
        const check_tensor *tensor = &r->c->in[i];
        if (!(used >> i & 1) || !tensor->f || in_place >> i & 1)
            continue;
        if (!create(r, &r->in[i], tensor->count, tensor->f, (unsigned)i))
            return false;
        r->call.in[i] = r->in[i].mem;
    }
    return true;
}

static bool create_outputs(run *r)
{
    for (int j = 0; r->direction->outputs[j].name; j++) {
        const int input = input_of_output(r, j);
        const void *data = input >= 0 ? r->c->in[input].f : r->expected->out[j].start;
        if (r->options->without >> j & 1)
            continue;
        if (!create(r, &r->out[j], r->expected->out[j].count, data, 7u + (unsigned)j))
            return false;
        r->call.out[j] = r->out[j].mem;
        if (input >= 0)
            r->call.in[input] = r->out[j].mem;
    }
    return true;
}

/* Exactly as much as the plan asks for, between guard bands. */
static bool create_workspace(run *r)
{
    r->call.plan = r->c->op->plan && !r->options->no_plan ? &r->plan : NULL;
    if (!r->call.plan)
        return true;
    if (r->plan.workspace_bytes > 0) {
        if (!create(r, &r->workspace, (r->plan.workspace_bytes + 3) / 4, NULL, 12))
            return false;
        r->plan.workspace = r->workspace.mem;
    }
    if (r->plan.packed_bytes > 0 && r->options->packed) {
        if (!create(r, &r->packed, (r->plan.packed_bytes + 3) / 4, NULL, 14))
            return false;
        r->plan.packed = r->packed.mem;
    }
    return true;
}

typedef bool (*each_fn)(run *r, check_buffer *buffer, const char *name, bool input);

static bool for_each_buffer(run *r, each_fn visit)
{
    bool good = true;
    for (int i = 0; good && r->c->op->inputs[i].name; i++)
        good = !r->in[i].mem.buf || visit(r, &r->in[i], r->c->op->inputs[i].name, true);
    for (int j = 0; good && r->direction->outputs[j].name; j++)
        good = !r->out[j].mem.buf || visit(r, &r->out[j], r->direction->outputs[j].name, false);
    if (good && r->workspace.mem.buf)
        good = visit(r, &r->workspace, "the workspace", false);
    if (good && r->packed.mem.buf)
        good = visit(r, &r->packed, "the packed weights", false);
    return good;
}

static bool upload(run *r, check_buffer *buffer, const char *name, bool input)
{
    (void)name, (void)input;
    return check_buffer_upload(buffer, r->options->ctx, r->what, sizeof r->what);
}

static bool download(run *r, check_buffer *buffer, const char *name, bool input)
{
    return check_buffer_download(buffer, r->options->ctx, name, input, r->what, sizeof r->what);
}

static void discard(run *r)
{
    for (int i = 0; i < CHECK_MAX_IN; i++)
        check_buffer_free(&r->in[i]);
    for (int j = 0; j < CHECK_MAX_OUT; j++)
        check_buffer_free(&r->out[j]);
    check_buffer_free(&r->workspace);
    check_buffer_free(&r->packed);
}

/* ---- Running -----------------------------------------------------------------------------------
 */

static const clcnn_algo *find_algo(const check_op *op, const char *name)
{
    const clcnn_algo *algo = clcnn_algos(op->name);
    while (algo && algo->name && strcmp(algo->name, name) != 0)
        algo++;
    return algo && algo->name ? algo : NULL;
}

/* Finds the algorithm and its plan. */
static check_verdict choose(run *r)
{
    const check_options *options = r->options;
    const check_op *op = r->c->op;
    if (options->algo && !find_algo(op, options->algo)) {
        snprintf(r->what, sizeof r->what, "%s has no algorithm \"%s\"", op->name, options->algo);
        return CHECK_UNSUPPORTED;
    }
    if (op->plan) {
        size_t limit = options->max_workspace ? *options->max_workspace : CLCNN_ANY_WORKSPACE;
        limit = options->no_plan ? 0 : limit;
        const clcnn_status status = op->plan(options->ctx, &r->c->desc, r->direction->direction,
                                             options->algo, limit, &r->plan);
        if (refused(r, "the plan query", status))
            return status == CLCNN_UNSUPPORTED ? CHECK_UNSUPPORTED : CHECK_FAIL;
        if (options->max_workspace && r->plan.workspace_bytes > limit) {
            snprintf(r->what, sizeof r->what, "the plan wants %zu bytes, %zu are allowed",
                     r->plan.workspace_bytes, limit);
            return CHECK_FAIL;
        }
        r->result->packs = r->plan.packed_bytes > 0 && r->direction->pack;
        r->algo = find_algo(op, r->plan.algo);
    } else {
        r->algo = clcnn_algos(op->name);
    }
    if (!r->algo || !r->algo->name) {
        snprintf(r->what, sizeof r->what, "clcnn_algos does not list the algorithm that is taken");
        return CHECK_FAIL;
    }
    r->result->algo = r->algo->name;
    return CHECK_PASS;
}

static bool invoke(run *r)
{
    if (!for_each_buffer(r, upload))
        return false;
    if (r->packed.mem.buf && r->direction->pack &&
        refused(r, "packing", r->direction->pack(&r->call)))
        return false;
    const clcnn_status status = r->direction->run(&r->call);
    r->unsupported = status == CLCNN_UNSUPPORTED && r->options->may_refuse;
    if (refused(r, "the call", status))
        return false;
    const cl_int code = clFinish(clcnn_ctx_queue(r->options->ctx));
    if (code != CL_SUCCESS) {
        snprintf(r->what, sizeof r->what, "clFinish returned %s (%d)", clcnn__cl_name(code), code);
        return false;
    }
    return for_each_buffer(r, download);
}

/* Again on the same buffers: the bits must be the same. */
static bool repeat(run *r)
{
    void *first[CHECK_MAX_OUT] = {NULL};
    bool good = true;
    for (int j = 0; good && j < CHECK_MAX_OUT; j++) {
        const size_t bytes = r->out[j].count * 4;
        if (r->out[j].mem.buf && (first[j] = malloc(bytes + 1)) != NULL)
            memcpy(first[j], check_buffer_elements(&r->out[j]), bytes);
        good = first[j] || !r->out[j].mem.buf;
    }
    good = good && invoke(r);
    for (int j = 0; good && j < CHECK_MAX_OUT; j++) {
        if (!first[j] || !memcmp(first[j], check_buffer_elements(&r->out[j]), r->out[j].count * 4))
            continue;
        snprintf(r->what, sizeof r->what, "a second run gave other bits in %s",
                 r->direction->outputs[j].name);
        good = false;
    }
    for (int j = 0; j < CHECK_MAX_OUT; j++)
        free(first[j]);
    return good;
}

static bool keep_outputs(run *r)
{
    for (int j = 0; j < CHECK_MAX_OUT; j++) {
        const size_t bytes = r->out[j].count * 4;
        if (!r->out[j].mem.buf)
            continue;
        r->result->out[j] = malloc(bytes + 1);
        if (!r->result->out[j]) {
            snprintf(r->what, sizeof r->what, "no memory for %zu bytes", bytes);
            return false;
        }
        memcpy(r->result->out[j], check_buffer_elements(&r->out[j]), bytes);
    }
    return true;
}

static clcnn_activation_kind activation_of(const check_case *c, const check_direction *direction)
{
    const clcnn_activation_kind *kind =
        check_find_field(c->op, &c->desc, "activation", CHECK_ACTIVATION_KIND);
    return kind && direction->direction == CLCNN_FORWARD ? *kind : CLCNN_IDENTITY;
}

check_result check_run(const check_case *c, const check_direction *direction,
                       const check_expected *expected, const check_options *options)
{
    check_result result = {.verdict = CHECK_PASS, .algo = options->algo};
    run r = {.c = c,
             .direction = direction,
             .expected = expected,
             .options = options,
             .activation = activation_of(c, direction),
             .call = {.ctx = options->ctx, .c = c},
             .result = &result};
    const check_verdict chosen = choose(&r);
    if (chosen != CHECK_PASS) {
        conclude(&r, chosen);
        return result;
    }
    const bool good = create_inputs(&r) && create_outputs(&r) && create_workspace(&r) &&
                      invoke(&r) && (!options->keep || keep_outputs(&r)) && judge_outputs(&r) &&
                      (!options->twice || repeat(&r));
    if (!good) {
        result.worst = result.worst > 1 ? result.worst : INFINITY;
        conclude(&r, r.unsupported ? CHECK_UNSUPPORTED : CHECK_FAIL);
    }
    discard(&r);
    return result;
}

void check_result_free(check_result *result)
{
    for (int j = 0; j < CHECK_MAX_OUT; j++) {
        free(result->out[j]);
        result->out[j] = NULL;
    }
}
