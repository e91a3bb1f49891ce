/*
 * Bad arguments: for every public function of clcnn.h, every argument wrong in every way that there
 * is, with the status that it must give, words of the sentence, outputs untouched, and a right call
 * that works afterwards.
 *
 * Three tables do most of it: `calls` (functions on device memory), `references` (functions on
 * host memory) and `fields` (what can be wrong in a descriptor). An operation's rows are together
 * in the arguments_FAMILY.h of its family. Wrong tensors are generated from the first two. What is
 * left has a test of its own, here or in arguments_rest.c. At the end the library's symbols are
 * held against the names that were covered: a new function without rows fails.
 */
#include "arguments_cases.h"
#include "arguments_rest.h"
#include "covered.h"
#include "harness.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ELEMENTS = 512 };

static int tensor_count(const device_call *call)
{
    int count = 0;
    while (count < MAX_TENSORS && call->tensors[count].name)
        count++;
    return count;
}

/* ---------------------------------------------------------------------------------------------
 * Device memory of one function: its tensors in buffers that fit exactly, their contents known
 */
typedef struct bench {
    clcnn_ctx *ctx;
    clcnn_ctx *foreign; /* on another cl_context of the same device */
    const device_call *call;
    int count;
    cl_mem buffer[MAX_TENSORS];
    cl_mem large;     /* for overlaps */
    cl_mem elsewhere; /* of the foreign context */
    cl_mem packed, workspace;
    clcnn_plan plan;
    uint32_t start[MAX_TENSORS][MAX_ELEMENTS]; /* before the call */
    uint32_t after[MAX_TENSORS][MAX_ELEMENTS]; /* the right call */
    uint32_t large_start[2 * MAX_ELEMENTS];
} bench;

static uint32_t pattern(const tensor *t, size_t i)
{
    float value = 0.25f * (float)(i % 13) + 0.125f;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return t->flags & INDEX ? (uint32_t)(i % 4) : bits;
}

/* The table of the optimisers: two segments, with factors 1. */
static void fill_table(uint32_t *words)
{
    const clcnn_segment rows[2] = {{.end = 11, .lr_factor = 1, .decay_factor = 1},
                                   {.end = 20, .lr_factor = 1, .decay_factor = 1}};
    memcpy(words, rows, sizeof rows);
}

/* Memory is written from end to end before a kernel sees it: Oclgrind knows what is initialised by
 * such writes alone. */
static cl_mem make_buffer(clcnn_ctx *ctx, size_t bytes, const void *data)
{
    cl_int code = CL_OUT_OF_HOST_MEMORY;
    void *start = malloc(bytes);
    cl_mem made = NULL;
    if (start) {
        memset(start, 0xff, bytes);
        if (data)
            memcpy(start, data, bytes);
        made = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                              bytes, start, &code);
    }
    free(start);
    CHECK(code == CL_SUCCESS, "a buffer of %zu bytes: %d", bytes, code);
    return made;
}

static void write_buffer(bench *b, cl_mem buffer, size_t bytes, const void *data)
{
    cl_int code = clEnqueueWriteBuffer(clcnn_ctx_queue(b->ctx), buffer, CL_TRUE, 0, bytes, data, 0,
                                       NULL, NULL);
    CHECK(code == CL_SUCCESS, "writing %zu bytes returned %d", bytes, code);
}

static void reset(bench *b)
{
    for (int i = 0; i < b->count; i++)
        write_buffer(b, b->buffer[i], 4 * b->call->tensors[i].count, b->start[i]);
}

/* Whether all tensors hold what `expected` says. */
static void check_contents(bench *b, const char *what, uint32_t expected[][MAX_ELEMENTS])
{
    uint32_t got[MAX_ELEMENTS];
    for (int i = 0; i < b->count; i++) {
        const tensor *t = &b->call->tensors[i];
        cl_int code = clEnqueueReadBuffer(clcnn_ctx_queue(b->ctx), b->buffer[i], CL_TRUE, 0,
                                          4 * t->count, got, 0, NULL, NULL);
        CHECK(code == CL_SUCCESS, "%s: reading %s returned %d", what, t->name, code);
        for (size_t e = 0; e < t->count; e++)
            if (!CHECK(got[e] == expected[i][e], "%s: %s[%zu] is %#x, not %#x", what, t->name, e,
                       got[e], expected[i][e]))
                break;
    }
}

static arguments right_arguments(bench *b, const any_desc *desc)
{
    arguments a = {.ctx = b->ctx, .desc = desc, .plan = b->call->plan ? &b->plan : NULL};
    for (int i = 0; i < b->count; i++)
        a.m[i] = (clcnn_mem){b->buffer[i], 0};
    return a;
}

/* A plan with whatever memory it asks for. */
static void make_plan(bench *b, const char *algo)
{
    any_desc desc = right_desc(b->call->op);
    clcnn_status status = b->call->plan(b->ctx, &desc, algo, &b->plan);
    if (!CHECK(status == CLCNN_SUCCESS, "%s: no plan for algorithm %s: %s", b->call->name,
               algo ? algo : "(default)", clcnn_last_error(b->ctx)->message))
        return;
    if (b->plan.workspace_bytes)
        b->workspace = make_buffer(b->ctx, b->plan.workspace_bytes, NULL);
    if (b->plan.packed_bytes && b->call->packs)
        b->packed = make_buffer(b->ctx, b->plan.packed_bytes, NULL);
    b->plan.workspace = (clcnn_mem){b->workspace, 0};
    b->plan.packed = (clcnn_mem){b->packed, 0};
}

static void release(cl_mem *buffer)
{
    if (*buffer)
        clReleaseMemObject(*buffer);
    *buffer = NULL;
}

static void drop_plan(bench *b)
{
    release(&b->workspace);
    release(&b->packed);
    memset(&b->plan, 0, sizeof b->plan);
}

/* Operations whose plans leave nothing to choose. */
static bool one_algorithm(op_kind op)
{
    return op != CONV2D && op != DENSE && op != TRANSPOSE && op != CONV1D;
}

/* An algorithm of this call that `wanted` says yes to; NULL if there is none. */
static const char *find_algo(const device_call *call, clcnn_ctx *ctx,
                             size_t (*wanted)(const clcnn_plan *plan))
{
    static const char *const names[] = {[CONV2D] = "conv2d",
                                        [DENSE] = "dense",
                                        [TRANSPOSE] = "conv2d_transpose",
                                        [CONV1D] = "conv1d"};
    if (one_algorithm(call->op)) {
        clcnn_plan plan = {0};
        any_desc right = right_desc(call->op);
        return call->plan(ctx, &right, NULL, &plan) == CLCNN_SUCCESS && wanted(&plan) ? plan.algo
                                                                                      : NULL;
    }
    any_desc desc = right_desc(call->op);
    for (const clcnn_algo *algo = clcnn_algos(names[call->op]); algo && algo->name; algo++) {
        clcnn_plan plan = {0};
        if (call->plan(ctx, &desc, algo->name, &plan) == CLCNN_SUCCESS && wanted(&plan))
            return algo->name;
    }
    return NULL;
}

static size_t takes_workspace(const clcnn_plan *plan)
{
    return plan->workspace_bytes;
}

static size_t takes_packed(const clcnn_plan *plan)
{
    return plan->packed_bytes;
}

/* A second context on the same device, for what does not belong to the first. */
static clcnn_ctx *open_foreign(clcnn_ctx *ctx)
{
    char selector[32];
    clcnn_ctx *foreign = NULL;
    clcnn_error error;
    const clcnn_device_info *info = clcnn_ctx_device_info(ctx);
    snprintf(selector, sizeof selector, "%d:%d", info->platform_index, info->device_index);
    clcnn_status status = clcnn_ctx_open(&foreign, selector, &error);
    CHECK(status == CLCNN_SUCCESS, "a second context on %s: %s", selector, error.message);
    return foreign;
}

/* The right call, which also gives what every later right call must repeat. */
static bool learn(bench *b)
{
    any_desc desc = right_desc(b->call->op);
    arguments a = right_arguments(b, &desc);
    clcnn_status status = b->call->run(&a);
    if (!CHECK(status == CLCNN_SUCCESS, "%s: the right call failed: %s", b->call->name,
               clcnn_last_error(b->ctx)->message))
        return false;
    for (int i = 0; i < b->count; i++)
        clEnqueueReadBuffer(clcnn_ctx_queue(b->ctx), b->buffer[i], CL_TRUE, 0,
                            4 * b->call->tensors[i].count, b->after[i], 0, NULL, NULL);
    reset(b);
    return true;
}

static bool bench_open(bench *b, clcnn_ctx *ctx, clcnn_ctx *foreign, const device_call *call)
{
    memset(b, 0, sizeof *b);
    b->ctx = ctx;
    b->foreign = foreign;
    b->call = call;
    b->count = tensor_count(call);
    for (int i = 0; i < b->count; i++) {
        const tensor *t = &call->tensors[i];
        for (size_t e = 0; e < t->count; e++)
            b->start[i][e] = pattern(t, e);
        if (strcmp(t->name, "table") == 0)
            fill_table(b->start[i]);
        b->buffer[i] = make_buffer(ctx, 4 * t->count, b->start[i]);
    }
    for (size_t e = 0; e < 2 * MAX_ELEMENTS; e++)
        b->large_start[e] = pattern(&call->tensors[0], e);
    b->large = make_buffer(ctx, sizeof b->large_start, b->large_start);
    b->elsewhere = make_buffer(foreign, sizeof b->large_start, b->large_start);
    if (call->plan)
        make_plan(b, call->packs ? find_algo(call, ctx, takes_packed) : NULL);
    return learn(b);
}

static void bench_close(bench *b)
{
    clFinish(clcnn_ctx_queue(b->ctx));
    for (int i = 0; i < b->count; i++)
        release(&b->buffer[i]);
    release(&b->large);
    release(&b->elsewhere);
    drop_plan(b);
}

/* One wrong call: status, sentence, nothing touched; then the right call, which must work. */
static void expect(bench *b, const arguments *a, clcnn_status expected, const char *piece,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));
static void expect(bench *b, const arguments *a, clcnn_status expected, const char *piece,
                   const char *format, ...)
{
    char what[200];
    int used = snprintf(what, sizeof what, "%s: ", b->call->name);
    va_list list;
    va_start(list, format);
    vsnprintf(what + used, sizeof what - (size_t)used, format, list);
    va_end(list);

    clcnn_status status = b->call->run(a);
    const clcnn_error *error = clcnn_last_error(b->ctx);
    CHECK(status == expected, "%s: %s, not %s (%s)", what, clcnn_status_name(status),
          clcnn_status_name(expected), error->message);
    if (a->ctx) {
        CHECK(error->status == status, "%s: the last error has status %s, the call gave %s", what,
              clcnn_status_name(error->status), clcnn_status_name(status));
        CHECK(strstr(error->message, piece) != NULL, "%s: \"%s\" is not in \"%s\"", what, piece,
              error->message);
        CHECK(error->file && error->file[0] && error->line > 0, "%s: no place in the source", what);
    }
    check_contents(b, what, b->start);

    if (harness_short())
        return;
    any_desc desc = right_desc(b->call->op);
    arguments right = right_arguments(b, &desc);
    status = b->call->run(&right);
    CHECK(status == CLCNN_SUCCESS, "the right call after %s: %s", what,
          clcnn_last_error(b->ctx)->message);
    check_contents(b, "the right call afterwards", b->after);
    reset(b);
}

/* ---------------------------------------------------------------------------------------------
 * Tensors, context and descriptor pointer, wrong in each way, for each function
 */
static void wrong_places(bench *b, const arguments *right, int i)
{
    const tensor *t = &b->call->tensors[i];
    const struct {
        const char *what;
        size_t offset;
    } places[] = {{"one element short", 1},
                  {"begins at its end", t->count},
                  {"begins past its end", t->count + 7},
                  {"offset near 2^32", UINT32_MAX},
                  {"offset near half the address space", SIZE_MAX / 8 + 1},
                  {"offset near the address space", SIZE_MAX - 1}};
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        arguments a = *right;
        a.m[i].offset = places[p].offset;
        expect(b, &a, CLCNN_INVALID_ARGUMENT, t->name, "%s %s", t->name, places[p].what);
    }
}

static void wrong_buffers(bench *b, const arguments *right, int i)
{
    const tensor *t = &b->call->tensors[i];
    arguments a = *right;
    a.m[i] = CLCNN_NO_MEM;
    if (!(t->flags & OPTIONAL))
        expect(b, &a, CLCNN_INVALID_ARGUMENT, t->name, "%s left out", t->name);
    a.m[i] = (clcnn_mem){b->elsewhere, 0};
    expect(b, &a, CLCNN_INVALID_ARGUMENT, "context", "%s of another context", t->name);
    cl_mem small = make_buffer(b->ctx, 4 * t->count - 1, NULL);
    a.m[i] = (clcnn_mem){small, 0};
    expect(b, &a, CLCNN_INVALID_ARGUMENT, t->name, "%s one byte short", t->name);
    release(&small);
}

/* Output i over tensor j, by all of it and by one element at either end. */
static void wrong_overlaps(bench *b, const arguments *right, int i, int j)
{
    const tensor *out = &b->call->tensors[i], *other = &b->call->tensors[j];
    const bool in_place = out->flags & other->flags & IN_PLACE;
    const size_t base = MAX_ELEMENTS / 2;
    const size_t offsets[] = {base, base + other->count - 1, base - out->count + 1};
    for (size_t p = in_place ? 1 : 0; p < sizeof offsets / sizeof *offsets; p++) {
        arguments a = *right;
        a.m[j] = (clcnn_mem){b->large, base};
        a.m[i] = (clcnn_mem){b->large, offsets[p]};
        if (in_place && offsets[p] == base)
            continue;
        expect(b, &a, CLCNN_INVALID_ARGUMENT, "overlap", "%s over %s, offsets %zu and %zu",
               out->name, other->name, offsets[p], base);
    }
    uint32_t got[2 * MAX_ELEMENTS];
    clEnqueueReadBuffer(clcnn_ctx_queue(b->ctx), b->large, CL_TRUE, 0, sizeof got, got, 0, NULL,
                        NULL);
    CHECK(memcmp(got, b->large_start, sizeof got) == 0, "%s: overlapping tensors were written to",
          b->call->name);
}

static void wrong_tensors(bench *b)
{
    any_desc desc = right_desc(b->call->op);
    const arguments right = right_arguments(b, &desc);
    arguments a = right;
    a.ctx = NULL;
    expect(b, &a, CLCNN_INVALID_ARGUMENT, "", "ctx is NULL");
    a = right;
    a.desc = NULL;
    expect(b, &a, CLCNN_INVALID_ARGUMENT, "NULL", "descriptor is NULL");
    for (int i = 0; i < b->count; i++) {
        wrong_buffers(b, &right, i);
        wrong_places(b, &right, i);
        for (int j = 0; j < b->count; j++)
            if (i != j && (b->call->tensors[i].flags & OUT))
                wrong_overlaps(b, &right, i, j);
    }
}

/* All that may be left out, left out at once: there must be something to do. */
static void nothing_to_do(bench *b)
{
    any_desc desc = right_desc(b->call->op);
    arguments a = right_arguments(b, &desc);
    int left_out = 0;
    for (int i = 0; i < b->count; i++)
        if (b->call->tensors[i].flags & OPTIONAL) {
            a.m[i] = CLCNN_NO_MEM;
            left_out++;
        }
    if (left_out > 1 && !b->call->bare)
        expect(b, &a, CLCNN_INVALID_ARGUMENT, "", "all that is optional left out");
}

/* ---------------------------------------------------------------------------------------------
 * Plans
 */
static void wrong_plan(bench *b, const clcnn_plan *plan, clcnn_status status, const char *piece,
                       const char *what)
{
    any_desc desc = right_desc(b->call->op);
    arguments a = right_arguments(b, &desc);
    a.plan = plan;
    expect(b, &a, status, piece, "%s", what);
}

static void wrong_workspaces(bench *b)
{
    const char *algo = find_algo(b->call, b->ctx, takes_workspace);
    if (!algo)
        return;
    drop_plan(b);
    make_plan(b, algo);
    if (!learn(b))
        return;
    clcnn_plan plan = b->plan;
    plan.workspace = CLCNN_NO_MEM;
    wrong_plan(b, &plan, CLCNN_WORKSPACE_TOO_SMALL, "workspace", "workspace left out");
    plan.workspace = (clcnn_mem){b->workspace, 1};
    wrong_plan(b, &plan, CLCNN_WORKSPACE_TOO_SMALL, "workspace", "workspace one element short");
    plan.workspace.offset = SIZE_MAX / 4;
    wrong_plan(b, &plan, CLCNN_WORKSPACE_TOO_SMALL, "workspace", "workspace past its end");
    cl_mem foreign = make_buffer(b->foreign, plan.workspace_bytes, NULL);
    plan.workspace = (clcnn_mem){foreign, 0};
    wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "context", "workspace of another context");
    release(&foreign);

    /* The plan's own number is no proof: a small number does not make a small workspace enough. */
    cl_mem small = make_buffer(b->ctx, 4, NULL);
    plan.workspace = (clcnn_mem){small, 0};
    if (plan.workspace_bytes > 4) {
        plan.workspace_bytes = 4;
        wrong_plan(b, &plan, CLCNN_WORKSPACE_TOO_SMALL, "workspace",
                   "workspace as small as an altered plan says");
    }
    release(&small);
}

/* The workspace must not be one of the tensors. */
static void overlapping_workspace(bench *b)
{
    if (!b->plan.workspace_bytes)
        return;
    any_desc desc = right_desc(b->call->op);
    for (int i = 0; i < b->count; i++) {
        const size_t bytes = 4 * b->call->tensors[i].count + b->plan.workspace_bytes;
        cl_mem both = make_buffer(b->ctx, bytes, NULL);
        arguments a = right_arguments(b, &desc);
        clcnn_plan plan = b->plan;
        plan.workspace = a.m[i] = (clcnn_mem){both, 0};
        a.plan = &plan;
        expect(b, &a, CLCNN_INVALID_ARGUMENT, "overlap", "the workspace is %s",
               b->call->tensors[i].name);
        release(&both);
    }
}

static void wrong_packed(bench *b)
{
    if (!b->call->packs)
        return;
    wrong_plan(b, NULL, CLCNN_INVALID_ARGUMENT, "plan", "plan is NULL");
    clcnn_plan plan = b->plan;
    plan.packed = CLCNN_NO_MEM;
    wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "packed", "packed left out");
    plan = b->plan;
    plan.tuning++; /* as if rows had been added since */
    wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "tuning rows", "packed by other tuning rows");
    plan = b->plan;
    plan.packed = (clcnn_mem){b->packed, 1};
    wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "packed", "packed one element short");
    plan.packed = (clcnn_mem){b->elsewhere, 0};
    wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "context", "packed of another context");
}

/* Weights packed earlier, handed to a call that reads them. */
static void wrong_packed_weights(bench *b)
{
    const char *algo = find_algo(b->call, b->ctx, takes_packed);
    if (one_algorithm(b->call->op) || !algo)
        return;
    drop_plan(b);
    make_plan(b, algo);
    if (!learn(b))
        return;
    cl_mem packed = make_buffer(b->ctx, b->plan.packed_bytes, NULL);
    clcnn_plan plan = b->plan;
    plan.packed = (clcnn_mem){packed, 1};
    wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "packed", "packed one element short");
    plan.packed.offset = SIZE_MAX / 4;
    wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "packed", "packed past its end");
    plan.packed = (clcnn_mem){b->elsewhere, 0};
    wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "context", "packed of another context");
    plan.packed = plan.workspace;
    if (plan.workspace_bytes >= plan.packed_bytes)
        wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "overlap", "packed is the workspace");
    release(&packed);
}

static void wrong_plans(bench *b)
{
    if (!b->call->plan)
        return;
    clcnn_plan plan = b->plan;
    if (!one_algo(b->call->op)) {
        plan.algo = "no-such-algorithm";
        wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "no-such-algorithm", "unknown algorithm");
        plan.algo = NULL;
        wrong_plan(b, &plan, CLCNN_INVALID_ARGUMENT, "algo", "no algorithm");
    }
    if (one_algorithm(b->call->op))
        wrong_plan(b, NULL, CLCNN_INVALID_ARGUMENT, "plan", "plan is NULL");
    wrong_packed(b);
    if (!b->call->packs) {
        wrong_workspaces(b);
        overlapping_workspace(b);
        wrong_packed_weights(b);
    }
}

/* ---------------------------------------------------------------------------------------------
 * Fields of descriptors
 */
static any_desc wrong_desc(const field *f)
{
    any_desc desc = right_desc(f->op);
    char *at = (char *)&desc + f->offset;
    if (f->type == INT)
        memcpy(at, &(int){(int)f->value}, sizeof(int));
    else if (f->type == STEP)
        memcpy(at, &(int64_t){(int64_t)f->value}, sizeof(int64_t));
    else
        memcpy(at, &f->value, sizeof(double));
    return desc;
}

static void wrong_fields(bench *b)
{
    const field *f;
    for (size_t i = 0; (f = fields_at(i)) != NULL; i++) {
        if (f->op != b->call->op || (f->ignored & b->call->ignores))
            continue;
        any_desc desc = wrong_desc(f);
        arguments a = right_arguments(b, &desc);
        expect(b, &a, f->status, f->piece, "%s = %g", f->name, f->value);
    }
}

static void test_device_calls(void)
{
    static bench b;
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i), *foreign = open_foreign(ctx);
        const device_call *call;
        for (size_t c = 0; foreign && (call = calls_at(c)) != NULL; c++) {
            cover(call->name);
            if (bench_open(&b, ctx, foreign, call)) {
                wrong_tensors(&b);
                nothing_to_do(&b);
                wrong_fields(&b);
                wrong_plans(&b);
            }
            bench_close(&b);
        }
        clcnn_ctx_destroy(foreign);
    }
}

/* ---------------------------------------------------------------------------------------------
 * The CPU reference: the same fields, and host pointers
 */

/* Memory of one reference call. Sizes are in bytes; outputs are doubles. */
typedef struct host_bench {
    unsigned char data[MAX_POINTERS][8 * MAX_ELEMENTS];
    void *p[MAX_POINTERS];
} host_bench;

static void host_reset(host_bench *h, const reference_call *call)
{
    memset(h, 0, sizeof *h);
    for (int i = 0; i < MAX_POINTERS && call->pointers[i].name; i++) {
        const tensor *t = &call->pointers[i];
        h->p[i] = h->data[i];
        if (t->flags & OUT) {
            memset(h->data[i], 0x5a, sizeof h->data[i]);
        } else {
            uint32_t words[MAX_ELEMENTS] = {0};
            for (size_t e = 0; e < t->count; e++)
                words[e] = pattern(t, e);
            if (strcmp(t->name, "table") == 0)
                fill_table(words);
            memcpy(h->data[i], words, sizeof words);
        }
    }
}

static void expect_reference(const reference_call *call, const any_desc *desc, int without,
                             clcnn_status expected, const char *what)
{
    static host_bench h, before;
    host_reset(&h, call);
    if (without >= 0)
        h.p[without] = NULL;
    before = h;
    clcnn_status status = call->run(desc, h.p);
    CHECK(status == expected, "%s, %s: %s, not %s", call->name, what, clcnn_status_name(status),
          clcnn_status_name(expected));
    if (expected != CLCNN_SUCCESS)
        CHECK(memcmp(h.data, before.data, sizeof h.data) == 0, "%s, %s: memory was written to",
              call->name, what);
    else
        CHECK(memcmp(h.data, before.data, sizeof h.data) != 0, "%s, %s: nothing was written",
              call->name, what);
}

static void test_references(void)
{
    const reference_call *call;
    for (size_t c = 0; (call = references_at(c)) != NULL; c++) {
        any_desc desc = right_desc(call->op);
        cover(call->name);
        expect_reference(call, &desc, -1, CLCNN_SUCCESS, "right");
        expect_reference(call, NULL, -1, CLCNN_INVALID_ARGUMENT, "descriptor is NULL");
        for (int i = 0; i < MAX_POINTERS && call->pointers[i].name; i++)
            expect_reference(call, &desc, i,
                             call->pointers[i].flags & OPTIONAL ? CLCNN_SUCCESS
                                                                : CLCNN_INVALID_ARGUMENT,
                             call->pointers[i].name);
        const field *f;
        for (size_t i = 0; (f = fields_at(i)) != NULL; i++) {
            /* Host memory has no limit of its own: sizes that no tensor may have are refused only
             * by calls on devices. */
            if (f->op != call->op || f->status == CLCNN_UNSUPPORTED || (f->ignored & call->ignores))
                continue;
            any_desc wrong = wrong_desc(f);
            char what[80];
            snprintf(what, sizeof what, "%s = %g", f->name, f->value);
            expect_reference(call, &wrong, -1, f->status, what);
        }
    }
}

/* ---------------------------------------------------------------------------------------------
 * Shape functions and plan queries
 */
typedef struct output_query {
    const char *name;
    op_kind op;
    clcnn_status (*run)(const any_desc *desc, int *p, int *q, clcnn_error *error);
    int p, q; /* of the right call */
} output_query;

#define OUTPUT_OF(op)                                                                              \
    static clcnn_status output_of_##op(const any_desc *desc, int *p, int *q, clcnn_error *error)   \
    {                                                                                              \
        return clcnn_##op##_output(desc ? &desc->op : NULL, p, q, error);                          \
    }
OUTPUT_OF(conv2d)
OUTPUT_OF(conv2d_transpose)
OUTPUT_OF(maxpool2d)
OUTPUT_OF(avgpool2d)
OUTPUT_OF(im2col)
OUTPUT_OF(pad2d)
OUTPUT_OF(upsample2d)

static const output_query outputs[] = {
    {"clcnn_conv2d_output", CONV2D, output_of_conv2d, 5, 4},
    {"clcnn_conv2d_transpose_output", TRANSPOSE, output_of_conv2d_transpose, 5, 4},
    {"clcnn_maxpool2d_output", MAXPOOL2D, output_of_maxpool2d, 2, 2},
    {"clcnn_avgpool2d_output", AVGPOOL2D, output_of_avgpool2d, 2, 2},
    {"clcnn_im2col_output", IM2COL, output_of_im2col, 4, 4},
    {"clcnn_pad2d_output", PAD2D, output_of_pad2d, 6, 7},
    {"clcnn_upsample2d_output", UPSAMPLE2D, output_of_upsample2d, 7, 8},
};

static void expect_output(const output_query *o, const any_desc *desc, int *p, int *q,
                          clcnn_status expected, const char *piece, const char *what)
{
    int before[2] = {p ? *p : 0, q ? *q : 0};
    clcnn_error error = {.message = ""};
    clcnn_status status = o->run(desc, p, q, &error);
    CHECK(status == expected, "%s, %s: %s, not %s (%s)", o->name, what, clcnn_status_name(status),
          clcnn_status_name(expected), error.message);
    CHECK(strstr(error.message, piece) != NULL, "%s, %s: \"%s\" is not in \"%s\"", o->name, what,
          piece, error.message);
    CHECK((!p || *p == before[0]) && (!q || *q == before[1]), "%s, %s: p or q was written", o->name,
          what);
    CHECK(o->run(desc, p, q, NULL) == expected, "%s, %s: without an error struct", o->name, what);
}

static void test_outputs(void)
{
    for (size_t k = 0; k < sizeof outputs / sizeof *outputs; k++) {
        const output_query *o = &outputs[k];
        any_desc desc = right_desc(o->op);
        int p = -17, q = -18;
        cover(o->name);
        expect_output(o, NULL, &p, &q, CLCNN_INVALID_ARGUMENT, "NULL", "descriptor is NULL");
        expect_output(o, &desc, NULL, &q, CLCNN_INVALID_ARGUMENT, "NULL", "p is NULL");
        expect_output(o, &desc, &p, NULL, CLCNN_INVALID_ARGUMENT, "NULL", "q is NULL");
        const field *f;
        for (size_t i = 0; (f = fields_at(i)) != NULL; i++) {
            if (f->op != o->op)
                continue;
            any_desc wrong = wrong_desc(f);
            char what[80];
            snprintf(what, sizeof what, "%s = %g", f->name, f->value);
            expect_output(o, &wrong, &p, &q, f->status, f->piece, what);
        }
        CHECK(o->run(&desc, &p, &q, NULL) == CLCNN_SUCCESS, "%s: the right call", o->name);
        CHECK(p == o->p && q == o->q, "%s: p, q are %d, %d", o->name, p, q);
    }
}

/* The operations with one output axis. */
static clcnn_status length_of(op_kind op, const any_desc *desc, int *size, clcnn_error *error)
{
    return op == CONV1D ? clcnn_conv1d_output(desc ? &desc->conv1d : NULL, size, error)
                        : clcnn_correlate1d_output(desc ? &desc->correlate1d : NULL, size, error);
}

static void test_lengths(void)
{
    static const op_kind kinds[] = {CONV1D, CORRELATE1D};
    static const int want[] = {8, 9};
    cover("clcnn_conv1d_output");
    cover("clcnn_correlate1d_output");
    for (int k = 0; k < 2; k++) {
        any_desc desc = right_desc(kinds[k]);
        clcnn_error error = {.message = ""};
        int size = -17;
        CHECK(length_of(kinds[k], NULL, &size, &error) == CLCNN_INVALID_ARGUMENT &&
                  strstr(error.message, "NULL"),
              "descriptor is NULL: \"%s\"", error.message);
        CHECK(length_of(kinds[k], &desc, NULL, &error) == CLCNN_INVALID_ARGUMENT &&
                  strstr(error.message, "NULL"),
              "size is NULL: \"%s\"", error.message);
        const field *f;
        for (size_t i = 0; (f = fields_at(i)) != NULL; i++) {
            if (f->op != kinds[k])
                continue;
            any_desc wrong = wrong_desc(f);
            const clcnn_status status = length_of(kinds[k], &wrong, &size, &error);
            CHECK(status == f->status && strstr(error.message, f->piece), "%s = %g: %s, \"%s\"",
                  f->name, f->value, clcnn_status_name(status), error.message);
        }
        CHECK(size == -17, "size was written to");
        CHECK(length_of(kinds[k], &desc, &size, NULL) == CLCNN_SUCCESS && size == want[k],
              "the right call: %d", size);
    }
    /* All of two signals of 2^30 + 1 elements is 2^31 + 1. */
    clcnn_error error = {.message = ""};
    const clcnn_correlate1d large = {.a = (1 << 30) + 1, .b = (1 << 30) + 1, .mode = CLCNN_FULL};
    int size = -17;
    CHECK(clcnn_correlate1d_output(&large, &size, &error) == CLCNN_UNSUPPORTED && size == -17,
          "%d, \"%s\"", size, error.message);
}

/* One plan query, as any operation has it. */
typedef struct plan_query {
    const char *name;
    op_kind op;
    clcnn_status (*run)(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                        const char *algo, size_t max_workspace, clcnn_plan *plan);
    int directions; /* how many of clcnn_direction it knows */
} plan_query;

static clcnn_status query_conv2d(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                                 const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    return clcnn_conv2d_plan(ctx, desc ? &desc->conv2d : NULL, direction, algo, max_workspace,
                             plan);
}

static clcnn_status query_conv2d_transpose(clcnn_ctx *ctx, const any_desc *desc,
                                           clcnn_direction direction, const char *algo,
                                           size_t max_workspace, clcnn_plan *plan)
{
    return clcnn_conv2d_transpose_plan(ctx, desc ? &desc->conv2d_transpose : NULL, direction, algo,
                                       max_workspace, plan);
}

static clcnn_status query_conv1d(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                                 const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    return clcnn_conv1d_plan(ctx, desc ? &desc->conv1d : NULL, direction, algo, max_workspace,
                             plan);
}

static clcnn_status query_dense(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                                const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    return clcnn_dense_plan(ctx, desc ? &desc->dense : NULL, direction, algo, max_workspace, plan);
}

static clcnn_status query_softmax(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                                  const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    (void)direction;
    (void)algo;
    (void)max_workspace;
    return clcnn_softmax_cross_entropy_plan(ctx, desc ? &desc->softmax : NULL, plan);
}

static clcnn_status query_batchnorm(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                                    const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    (void)algo;
    (void)max_workspace;
    return clcnn_batchnorm_plan(ctx, desc ? &desc->batchnorm : NULL, direction, plan);
}

static clcnn_status query_layernorm(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                                    const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    (void)algo;
    (void)max_workspace;
    return clcnn_layernorm_plan(ctx, desc ? &desc->layernorm : NULL, direction, plan);
}

static clcnn_status query_add(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                              const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    (void)algo;
    (void)max_workspace;
    return clcnn_add_plan(ctx, desc ? &desc->add : NULL, direction, plan);
}

static clcnn_status query_clip_norm(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                                    const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    (void)direction;
    (void)algo;
    (void)max_workspace;
    return clcnn_clip_norm_plan(ctx, desc ? &desc->clip_norm : NULL, plan);
}

static clcnn_status query_mse(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                              const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    (void)direction;
    (void)algo;
    (void)max_workspace;
    return clcnn_mse_plan(ctx, desc ? &desc->mse : NULL, plan);
}

static clcnn_status query_l2(clcnn_ctx *ctx, const any_desc *desc, clcnn_direction direction,
                             const char *algo, size_t max_workspace, clcnn_plan *plan)
{
    (void)direction;
    (void)algo;
    (void)max_workspace;
    return clcnn_l2_plan(ctx, desc ? &desc->l2 : NULL, plan);
}

static const plan_query queries[] = {
    {"clcnn_conv2d_plan", CONV2D, query_conv2d, 3},
    {"clcnn_dense_plan", DENSE, query_dense, 3},
    {"clcnn_softmax_cross_entropy_plan", SOFTMAX, query_softmax, 3},
    {"clcnn_layernorm_plan", LAYERNORM, query_layernorm, 2},
    {"clcnn_add_plan", ADD, query_add, 2},
    {"clcnn_add_plan", ADD_BIAS, query_add, 2},
    {"clcnn_batchnorm_plan", BATCHNORM, query_batchnorm, 2},
    {"clcnn_batchnorm_plan", BATCHNORM_INFERENCE, query_batchnorm, 2},
    {"clcnn_conv2d_transpose_plan", TRANSPOSE, query_conv2d_transpose, 3},
    {"clcnn_conv1d_plan", CONV1D, query_conv1d, 3},
    {"clcnn_mse_plan", MSE, query_mse, 3},
    {"clcnn_l2_plan", L2, query_l2, 3},
    {"clcnn_clip_norm_plan", CLIP_NORM, query_clip_norm, 3},
};

typedef struct query_arguments {
    clcnn_ctx *ctx;
    const any_desc *desc;
    int direction;
    const char *algo;
    size_t max_workspace;
    bool no_plan;
} query_arguments;

static void expect_query(const plan_query *query, const query_arguments *a, clcnn_ctx *ctx,
                         clcnn_status expected, const char *piece, const char *what)
{
    clcnn_plan plan, before;
    memset(&plan, 0x5a, sizeof plan);
    before = plan;
    clcnn_status status = query->run(a->ctx, a->desc, (clcnn_direction)a->direction, a->algo,
                                     a->max_workspace, a->no_plan ? NULL : &plan);
    const char *message = clcnn_last_error(ctx)->message;
    CHECK(status == expected, "%s, %s: %s, not %s (%s)", query->name, what,
          clcnn_status_name(status), clcnn_status_name(expected), message);
    if (a->ctx)
        CHECK(strstr(message, piece) != NULL, "%s, %s: \"%s\" is not in \"%s\"", query->name, what,
              piece, message);
    CHECK(memcmp(&plan, &before, sizeof plan) == 0, "%s, %s: the plan was written to", query->name,
          what);
}

static void wrong_queries(const plan_query *query, clcnn_ctx *ctx)
{
    any_desc desc = right_desc(query->op);
    const query_arguments right = {.ctx = ctx, .desc = &desc};
    query_arguments a = right;
    a.ctx = NULL;
    expect_query(query, &a, ctx, CLCNN_INVALID_ARGUMENT, "", "ctx is NULL");
    a = right;
    a.desc = NULL;
    expect_query(query, &a, ctx, CLCNN_INVALID_ARGUMENT, "NULL", "descriptor is NULL");
    a = right;
    a.no_plan = true;
    expect_query(query, &a, ctx, CLCNN_INVALID_ARGUMENT, "NULL", "plan is NULL");
    const field *f;
    for (size_t i = 0; (f = fields_at(i)) != NULL; i++) {
        if (f->op != query->op)
            continue;
        any_desc wrong = wrong_desc(f);
        a = right;
        a.desc = &wrong;
        expect_query(query, &a, ctx, f->status, f->piece, f->name);
    }
    if (one_algo(query->op))
        return;
    a = right;
    for (int direction = -1; direction <= 3; direction += 4) {
        a.direction = direction;
        expect_query(query, &a, ctx, CLCNN_INVALID_ARGUMENT, "direction", "unknown direction");
    }
    if (one_algorithm(query->op))
        return;
    a = right;
    a.algo = "no-such-algorithm";
    expect_query(query, &a, ctx, CLCNN_INVALID_ARGUMENT, "no-such-algorithm", "unknown algorithm");
}

/* Of a call by its name; none: one that takes several. */
static int direction_of(const char *name)
{
    static const char *const suffixes[] = {"_forward", "_backward_data", "_backward_weights"};
    int direction = 2;
    while (direction >= 0 && !strstr(name, suffixes[direction]))
        direction--;
    return direction;
}

/* An algorithm asked for by name under a limit that it doesn't keep to. */
static void too_little_workspace(const plan_query *query, clcnn_ctx *ctx)
{
    any_desc desc = right_desc(query->op);
    int limited = 0;
    const device_call *call;
    for (size_t i = 0; (call = calls_at(i)) != NULL; i++) {
        const int direction = direction_of(call->name);
        if (call->op != query->op || !call->plan || call->packs || direction < 0)
            continue;
        const char *algo = find_algo(call, ctx, takes_workspace);
        clcnn_plan plan = {0};
        if (!algo || call->plan(ctx, &desc, algo, &plan) != CLCNN_SUCCESS)
            continue;
        const query_arguments a = {.ctx = ctx,
                                   .desc = &desc,
                                   .direction = direction,
                                   .algo = algo,
                                   .max_workspace = plan.workspace_bytes - 1};
        expect_query(query, &a, ctx, CLCNN_UNSUPPORTED, "workspace", "limit one byte too low");
        limited++;
    }
    CHECK(limited > 0, "%s: no algorithm needs workspace, so its limit goes untested", query->name);
}

static void test_plans(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        for (size_t k = 0; k < sizeof queries / sizeof *queries; k++) {
            cover(queries[k].name);
            wrong_queries(&queries[k], ctx);
            if (!one_algorithm(queries[k].op))
                too_little_workspace(&queries[k], ctx);
            any_desc desc = right_desc(queries[k].op);
            for (int direction = 0; direction < queries[k].directions; direction++) {
                clcnn_plan plan = {0};
                clcnn_status status =
                    queries[k].run(ctx, &desc, (clcnn_direction)direction, NULL, 0, &plan);
                CHECK(status == CLCNN_SUCCESS, "%s under 0 bytes of workspace: %s", queries[k].name,
                      clcnn_last_error(ctx)->message);
                CHECK(one_algorithm(queries[k].op) || plan.workspace_bytes == 0,
                      "%s under 0 bytes takes %zu", queries[k].name, plan.workspace_bytes);
            }
        }
    }
}

/* conv2d_pack's own argument: the direction. */
static void test_pack_directions(void)
{
    const any_desc conv2d = right_desc(CONV2D), conv2d_transpose = right_desc(TRANSPOSE);
    const any_desc conv1d = right_desc(CONV1D), dense = right_desc(DENSE);
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        cl_mem w = make_buffer(ctx, 4 * MAX_ELEMENTS, NULL);
        static const int directions[] = {-1, CLCNN_BACKWARD_WEIGHTS, 3};
        for (size_t k = 0; k < sizeof directions / sizeof *directions; k++) {
            const clcnn_direction direction = (clcnn_direction)directions[k];
            clcnn_plan plan = {.algo = "direct"};
            clcnn_status status =
                clcnn_conv2d_pack(ctx, &conv2d.conv2d, direction, (clcnn_mem){w, 0}, &plan);
            CHECK(status == CLCNN_INVALID_ARGUMENT, "conv2d_pack, direction %d: %s", directions[k],
                  clcnn_status_name(status));
            status = clcnn_conv2d_transpose_pack(ctx, &conv2d_transpose.conv2d_transpose, direction,
                                                 (clcnn_mem){w, 0}, &plan);
            CHECK(status == CLCNN_INVALID_ARGUMENT, "conv2d_transpose_pack, direction %d: %s",
                  directions[k], clcnn_status_name(status));
            status = clcnn_conv1d_pack(ctx, &conv1d.conv1d, direction, (clcnn_mem){w, 0}, &plan);
            CHECK(status == CLCNN_INVALID_ARGUMENT, "conv1d_pack, direction %d: %s", directions[k],
                  clcnn_status_name(status));
            status = clcnn_dense_pack(ctx, &dense.dense, direction, (clcnn_mem){w, 0}, &plan);
            CHECK(status == CLCNN_INVALID_ARGUMENT, "dense_pack, direction %d: %s", directions[k],
                  clcnn_status_name(status));
        }
        release(&w);
    }
}

/* ---------------------------------------------------------------------------------------------
 * What the library exports was covered, all of it. Comes last.
 */
static void test_all_covered(void)
{
    check_all_covered(CLCNN_LIBRARY, "arguments.c");
}

int main(void)
{
    static const harness_test tests[] = {{"device calls", test_device_calls},
                                         {"references", test_references},
                                         {"output sizes", test_outputs},
                                         {"output lengths", test_lengths},
                                         {"plans", test_plans},
                                         {"directions of packing", test_pack_directions},
                                         {"names", test_names},
                                         {"algorithms", test_algos},
                                         {"concat's arrays", test_concat_arrays},
                                         {"schedules", test_schedules},
                                         {"devices", test_devices},
                                         {"contexts", test_contexts},
                                         {"accessors", test_accessors},
                                         {"tuning", test_tuning},
                                         {"tuning files", test_tuning_files},
                                         {"a tuning row", test_tuning_row},
                                         {"all functions are covered", test_all_covered},
                                         {NULL, NULL}};
    return harness_run("arguments", tests);
}
