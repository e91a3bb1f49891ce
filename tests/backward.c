/*
 * All gradients of a layer at once, against one call after the other: the same bits, by every pair
 * of algorithms, behind every activation whose slope follows from its result, and whatever is asked
 * for. What one call after the other gives has tests of its own; dx behind an activation is held
 * against the reference here as well.
 */
#include "spy.h"

#include "check.h"
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { X, W, DY, DX, DW, DB, TENSORS };
enum { GAP = 5, DATA = 1, WEIGHTS = 2, BIAS = 4, ALL = 7 };

/* A layer; a dense one is the convolution that it is. */
typedef struct layer {
    const char *name;
    clcnn_conv2d d;
    bool dense, quick;
} layer;

static const layer layers[] = {
    {"dense", {.n = 5, .c = 37, .h = 1, .w = 1, .k = 21, .r = 1, .s = 1}, true, true},
    {"one row", {.n = 1, .c = 16, .h = 1, .w = 1, .k = 3, .r = 1, .s = 1}, true, false},
    {"a pixel", {.n = 9, .c = 50, .h = 1, .w = 1, .k = 18, .r = 1, .s = 1}, false, false},
    {"5x5", {.n = 2, .c = 3, .h = 9, .w = 21, .k = 4, .r = 5, .s = 5, .pad_left = 2}, false, true},
    {"few columns", {.n = 3, .c = 6, .h = 14, .w = 14, .k = 16, .r = 5, .s = 5}, false, false},
    {"3x3", {.n = 2, .c = 8, .h = 10, .w = 18, .k = 9, .r = 3, .s = 3, .pad_top = 1}, false, false},
    {"stride 2",
     {.n = 2, .c = 4, .h = 9, .w = 40, .k = 5, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2},
     false,
     true},
    {"stride 3",
     {.n = 2, .c = 3, .h = 8, .w = 31, .k = 5, .r = 3, .s = 5, .stride_h = 1, .stride_w = 3},
     false,
     true},
    {"filters of a pixel", {.n = 2, .c = 9, .h = 5, .w = 7, .k = 13, .r = 1, .s = 1}, false, false},
    {"depthwise",
     {.n = 2, .c = 6, .h = 9, .w = 20, .k = 6, .r = 3, .s = 3, .pad_left = 1, .groups = 6},
     false,
     false},
};
enum { LAYERS = sizeof layers / sizeof *layers };

static const clcnn_before befores[] = {
    {CLCNN_IDENTITY, 0}, {CLCNN_RELU, 0},    {CLCNN_LEAKY_RELU, 0}, {CLCNN_LEAKY_RELU, 0.3},
    {CLCNN_ELU, 0.7},    {CLCNN_SIGMOID, 0}, {CLCNN_TANH, 0}};
enum { BEFORES = sizeof befores / sizeof *befores };

/* One layer on one device: all tensors in one buffer, with gaps between them, so that nothing that
 * is written where it should not be stays unseen. */
typedef struct bench {
    clcnn_ctx *ctx;
    const layer *layer;
    clcnn_conv2d d;
    size_t count[TENSORS], at[TENSORS], total;
    float *start, *apart, *joint;
    cl_mem buffer, workspace;
    clcnn_plan data, weights;
} bench;

/* ---- One bench ---------------------------------------------------------------------------------
 */

static bool lay_out(bench *b)
{
    const clcnn_conv2d *d = &b->d;
    int p = 0, q = 0;
    if (!CHECK(clcnn_conv2d_output(d, &p, &q, NULL) == CLCNN_SUCCESS, "%s", b->layer->name))
        return false;
    const int groups = d->groups ? d->groups : 1;
    const size_t image = (size_t)(d->n * d->c * d->h * d->w);
    const size_t filters = (size_t)(d->k * d->c / groups * d->r * d->s);
    const size_t outputs = (size_t)(d->n * d->k * p * q);
    const size_t counts[] = {image, filters, outputs, image, filters, (size_t)d->k};
    b->total = 0;
    for (int i = 0; i < TENSORS; i++) {
        b->count[i] = counts[i];
        b->at[i] = b->total + GAP;
        b->total = b->at[i] + counts[i];
    }
    b->total += GAP;
    b->start = calloc(3 * b->total, sizeof *b->start);
    b->apart = b->start + b->total;
    b->joint = b->apart + b->total;
    return CHECK(b->start != NULL, "no memory");
}

/* Results begin as NaN, or as numbers where they are added to; x is a result of `before`. */
static void fill(bench *b, const clcnn_before *before)
{
    check_random random = {harness_seed()};
    for (size_t i = 0; i < b->total; i++)
        b->start[i] = NAN;
    for (int t = 0; t < TENSORS; t++)
        for (size_t i = 0; i < b->count[t]; i++)
            if (t < DX || b->d.accumulate)
                b->start[b->at[t] + i] = (float)(4 * check_random_real(&random) - 2);
    const clcnn_activation d = {.count = 1, .kind = before->kind, .alpha = before->alpha};
    for (size_t i = 0; i < b->count[X]; i++) {
        double y = 0;
        clcnn_ref_activation_forward(&d, &b->start[b->at[X] + i], &y, NULL);
        b->start[b->at[X] + i] = (float)y;
    }
}

static cl_mem make_buffer(bench *b, size_t bytes, void *from)
{
    cl_int code = CL_SUCCESS;
    cl_mem made = clCreateBuffer(clcnn_ctx_context(b->ctx),
                                 CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, bytes, from, &code);
    CHECK(code == CL_SUCCESS, "%zu bytes: %d", bytes, code);
    return made;
}

static void release(cl_mem *buffer)
{
    if (*buffer)
        clReleaseMemObject(*buffer);
    *buffer = NULL;
}

/* The plans of these algorithms (NULL: the default), with one workspace for both; false where one
 * of them does not take the layer. */
static bool make_plans(bench *b, const char *data, const char *weights)
{
    const size_t any = CLCNN_ANY_WORKSPACE;
    const clcnn_dense dense = {.n = b->d.n, .c = b->d.c, .k = b->d.k};
    const struct {
        clcnn_direction direction;
        const char *algo;
        clcnn_plan *plan;
    } wanted[] = {{CLCNN_BACKWARD_DATA, data, &b->data},
                  {CLCNN_BACKWARD_WEIGHTS, weights, &b->weights}};
    size_t most = 4;
    for (int i = 0; i < 2; i++) {
        const clcnn_status status = b->layer->dense
                                        ? clcnn_dense_plan(b->ctx, &dense, wanted[i].direction,
                                                           wanted[i].algo, any, wanted[i].plan)
                                        : clcnn_conv2d_plan(b->ctx, &b->d, wanted[i].direction,
                                                            wanted[i].algo, any, wanted[i].plan);
        if (status == CLCNN_UNSUPPORTED && wanted[i].algo)
            return false;
        CHECK(status == CLCNN_SUCCESS, "%s: %s", b->layer->name, clcnn_last_error(b->ctx)->message);
        if (wanted[i].plan->workspace_bytes > most)
            most = wanted[i].plan->workspace_bytes;
    }
    void *noise = malloc(most);
    if (!CHECK(noise != NULL, "no memory"))
        return false;
    memset(noise, 0xff, most);
    release(&b->workspace);
    b->workspace = make_buffer(b, most, noise);
    free(noise);
    b->data.workspace = b->weights.workspace = (clcnn_mem){b->workspace, 0};
    return true;
}

static clcnn_mem tensor(const bench *b, int which, unsigned asked)
{
    const bool wanted = which < DX || (asked & (1U << (which - DX)));
    return wanted ? (clcnn_mem){b->buffer, b->at[which]} : CLCNN_NO_MEM;
}

static clcnn_status run_joint(const bench *b, const clcnn_before *before, unsigned asked)
{
    const clcnn_dense dense = {
        .n = b->d.n, .c = b->d.c, .k = b->d.k, .accumulate = b->d.accumulate};
    const clcnn_mem x = asked == DATA && !before ? CLCNN_NO_MEM : tensor(b, X, asked);
    const clcnn_mem w = asked & DATA ? tensor(b, W, asked) : CLCNN_NO_MEM;
    const clcnn_mem dy = tensor(b, DY, asked), dx = tensor(b, DX, asked);
    const clcnn_mem dw = tensor(b, DW, asked), db = tensor(b, DB, asked);
    return b->layer->dense ? clcnn_dense_backward(b->ctx, &dense, before, x, w, dy, dx, dw, db,
                                                  &b->data, &b->weights)
                           : clcnn_conv2d_backward(b->ctx, &b->d, before, x, w, dy, dx, dw, db,
                                                   &b->data, &b->weights);
}

static clcnn_status run_apart(const bench *b, const clcnn_before *before, unsigned asked)
{
    const clcnn_dense dense = {
        .n = b->d.n, .c = b->d.c, .k = b->d.k, .accumulate = b->d.accumulate};
    const clcnn_mem x = tensor(b, X, asked), w = tensor(b, W, asked), dy = tensor(b, DY, asked);
    const clcnn_mem dx = tensor(b, DX, asked), dw = tensor(b, DW, asked), db = tensor(b, DB, asked);
    clcnn_status status = CLCNN_SUCCESS;
    if (asked & (WEIGHTS | BIAS))
        status = b->layer->dense
                     ? clcnn_dense_backward_weights(b->ctx, &dense, x, dy, dw, db, &b->weights)
                     : clcnn_conv2d_backward_weights(b->ctx, &b->d, x, dy, dw, db, &b->weights);
    if (status == CLCNN_SUCCESS && asked & DATA)
        status = b->layer->dense ? clcnn_dense_backward_data(b->ctx, &dense, dy, w, dx, &b->data)
                                 : clcnn_conv2d_backward_data(b->ctx, &b->d, dy, w, dx, &b->data);
    if (status != CLCNN_SUCCESS || !before)
        return status;
    const clcnn_activation d = {
        .count = (int)b->count[X], .kind = before->kind, .alpha = before->alpha};
    return clcnn_activation_backward(b->ctx, &d, CLCNN_NO_MEM, x, dx, dx);
}

/* From the start; returns how many kernels it took. */
static int run(bench *b, bool joint, const clcnn_before *before, unsigned asked)
{
    clEnqueueWriteBuffer(clcnn_ctx_queue(b->ctx), b->buffer, CL_TRUE, 0,
                         b->total * sizeof *b->start, b->start, 0, NULL, NULL);
    const int kernels = spy.kernels;
    const clcnn_status status = joint ? run_joint(b, before, asked) : run_apart(b, before, asked);
    CHECK(status == CLCNN_SUCCESS, "%s: %s", b->layer->name, clcnn_last_error(b->ctx)->message);
    const int took = spy.kernels - kernels;
    clEnqueueReadBuffer(clcnn_ctx_queue(b->ctx), b->buffer, CL_TRUE, 0, b->total * sizeof *b->start,
                        joint ? b->joint : b->apart, 0, NULL, NULL);
    return took;
}

/* A simulator takes seconds for what a device does not notice: fewer images, rows and filters. */
static clcnn_conv2d cut_down(const clcnn_conv2d *whole)
{
    clcnn_conv2d d = *whole;
    d.n = 1;
    d.h = d.r;
    d.k = d.k < 3 || d.groups > 1 ? d.k : 3;
    return d;
}

static bool bench_open(bench *b, int device, const layer *l, bool accumulate)
{
    *b = (bench){
        .ctx = harness_ctx(device), .layer = l, .d = harness_short() ? cut_down(&l->d) : l->d};
    b->d.accumulate = accumulate;
    if (!lay_out(b))
        return false;
    fill(b, &befores[0]);
    b->buffer = make_buffer(b, b->total * sizeof *b->start, b->start);
    return true;
}

static void bench_close(bench *b)
{
    release(&b->buffer);
    release(&b->workspace);
    free(b->start);
}

/* ---- The same bits -----------------------------------------------------------------------------
 */

/* Returns the kernels of the joint call. */
static int compare(bench *b, const clcnn_before *before, unsigned asked)
{
    fill(b, before ? before : &befores[0]);
    const int apart = run(b, false, before, asked), joint = run(b, true, before, asked);
    CHECK(joint <= apart, "%s: %d kernels at once, %d apart", b->layer->name, joint, apart);
    for (size_t i = 0; i < b->total; i++)
        if (memcmp(&b->apart[i], &b->joint[i], sizeof(float)) != 0) {
            CHECK(false,
                  "%s by %s and %s, kind %d, asked %u, accumulate %d: element %zu is %.9g, apart "
                  "%.9g",
                  b->layer->name, b->data.algo, b->weights.algo, before ? (int)before->kind : -1,
                  asked, b->d.accumulate, i, (double)b->joint[i], (double)b->apart[i]);
            break;
        }
    return joint;
}

/* Every pair of algorithms, behind a ReLU; each algorithm for dx behind every activation. */
static void every_algorithm(bench *b, size_t *pairs)
{
    const clcnn_algo *algos = clcnn_algos(b->layer->dense ? "dense" : "conv2d");
    for (const clcnn_algo *data = algos; data->name; data++)
        for (const clcnn_algo *weights = algos; weights->name; weights++) {
            if (harness_short() && weights != data)
                continue; /* a simulator takes seconds for each */
            if (!make_plans(b, data->name, weights->name))
                continue;
            compare(b, &befores[1 + 3 * (++*pairs % 2)], ALL); /* ReLU, ELU */
            for (int k = 0; k < BEFORES && weights == data && !harness_short(); k++)
                compare(b, &befores[k], ALL);
        }
}

static void test_algorithms(void)
{
    for (int device = 0; device < harness_device_count(); device++)
        for (int i = 0; i < LAYERS; i++)
            for (int accumulate = 0; accumulate < 2; accumulate++) {
                bench b;
                size_t pairs = 0;
                if (harness_short() && (!layers[i].quick || accumulate))
                    continue;
                if (bench_open(&b, device, &layers[i], accumulate))
                    every_algorithm(&b, &pairs);
                CHECK(pairs >= (harness_short() ? 3 : 9), "%s: %zu pairs of algorithms",
                      layers[i].name, pairs);
                bench_close(&b);
            }
}

/* Whatever is asked for, with the default's plans. */
static void test_optional(void)
{
    for (int device = 0; device < harness_device_count(); device++)
        for (int i = 0; i < LAYERS; i++) {
            bench b;
            if (harness_short() && i > 0)
                continue;
            if (bench_open(&b, device, &layers[i], false) && make_plans(&b, NULL, NULL))
                for (unsigned asked = 1; asked <= ALL; asked++) {
                    compare(&b, NULL, asked);
                    if (asked & DATA)
                        compare(&b, &befores[3], asked);
                }
            bench_close(&b);
        }
}

/* ---- Fewer kernels -----------------------------------------------------------------------------
 */

/* dense takes one kernel for everything, and dense and row none for the slope. */
static void count_kernels(bench *b, const char *algo, int everything, size_t *found)
{
    if (!make_plans(b, algo, NULL))
        return;
    ++*found;
    for (int k = 1; k < BEFORES; k += harness_short() ? 3 : 1) {
        const int took = compare(b, &befores[k], DATA);
        CHECK(took == 1, "%s by %s: dx takes %d kernels", b->layer->name, algo, took);
    }
    if (everything && make_plans(b, algo, algo)) {
        const int took = compare(b, &befores[1], ALL);
        CHECK(took == everything, "%s by %s: all takes %d kernels", b->layer->name, algo, took);
    }
}

static void test_kernels(void)
{
    for (int device = 0; device < harness_device_count(); device++) {
        size_t dense = 0, row = 0;
        for (int i = 0; i < LAYERS; i++) {
            bench b;
            if (harness_short() && !layers[i].quick)
                continue;
            if (bench_open(&b, device, &layers[i], false)) {
                count_kernels(&b, "dense", 1, &dense);
                count_kernels(&b, "row", 0, &row);
            }
            bench_close(&b);
        }
        CHECK(dense > 0 && row > 0, "%s: dense took %zu layers, row %zu",
              harness_device_name(device), dense, row);
    }
}

/* ---- The reference -----------------------------------------------------------------------------
 */

static double largest(const float *values, size_t count)
{
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, fabs((double)values[i]));
    return most;
}

/* Sums of n products, within what the class of the algorithm leaves them. */
static void check_sums(const bench *b, const clcnn_algo *algo, int which, double n,
                       const double *value, const double *mag)
{
    static const clcnn_algo plain = {"plain", {{CLCNN_DOT, 0}, {CLCNN_DOT, 0}, {CLCNN_DOT, 0}}};
    const clcnn_direction direction = which == DX ? CLCNN_BACKWARD_DATA : CLCNN_BACKWARD_WEIGHTS;
    double more = (n + 2) * 0x1p-126;
    if (algo->error[direction].error_class == CLCNN_NORMWISE_DOT)
        more += clcnn_error_bound(
            algo, direction, n,
            n * largest(b->start + b->at[DY], b->count[DY]) *
                largest(b->start + b->at[which == DX ? W : X], b->count[which == DX ? W : X]));
    for (size_t i = 0; i < b->count[which]; i++) {
        const double got = (double)b->joint[b->at[which] + i];
        const double bound = clcnn_error_bound(&plain, direction, n, mag[i]) + more;
        if (!CHECK(fabs(got - value[i]) <= bound,
                   "%s by %s, tensor %d, element %zu is %.9g, not %.17g within %g", b->layer->name,
                   algo->name, which, i, got, value[i], bound))
            return;
    }
}

static void check_reference(bench *b, const clcnn_before *before)
{
    double *memory = calloc(6 * b->total, sizeof *memory);
    double *value[TENSORS] = {NULL}, *mag[TENSORS] = {NULL};
    if (!CHECK(memory != NULL, "no memory"))
        return;
    for (int t = DX; t < TENSORS; t++) {
        value[t] = memory + (size_t)(t - DX) * b->total;
        mag[t] = value[t] + 3 * b->total;
        for (size_t i = 0; i < b->count[t]; i++)
            value[t][i] = b->d.accumulate ? (double)b->start[b->at[t] + i] : 0;
    }
    const clcnn_conv2d *d = &b->d;
    const clcnn_dense dense = {.n = d->n, .c = d->c, .k = d->k, .accumulate = d->accumulate};
    const float *x = b->start + b->at[X], *w = b->start + b->at[W], *dy = b->start + b->at[DY];
    const clcnn_status status =
        b->layer->dense ? clcnn_ref_dense_backward(&dense, before, x, w, dy, value[DX], value[DW],
                                                   value[DB], mag[DX], mag[DW], mag[DB])
                        : clcnn_ref_conv2d_backward(d, before, x, w, dy, value[DX], value[DW],
                                                    value[DB], mag[DX], mag[DW], mag[DB]);
    CHECK(status == CLCNN_SUCCESS, "%s: the reference: %s", b->layer->name,
          clcnn_status_name(status));
    const clcnn_algo *algo = clcnn_algos("conv2d");
    while (strcmp(algo->name, b->data.algo) != 0)
        algo++;
    const double to_dx = (double)d->k / (d->groups ? d->groups : 1) * d->r * d->s;
    const double to_dw = (double)b->count[DY] / d->k;
    check_sums(b, algo, DX, to_dx, value[DX], mag[DX]);
    check_sums(b, algo, DW, to_dw, value[DW], mag[DW]);
    check_sums(b, algo, DB, to_dw, value[DB], mag[DB]);
    free(memory);
}

static void test_reference(void)
{
    for (int device = 0; device < harness_device_count(); device++)
        for (int i = 0; i < LAYERS; i++)
            for (int accumulate = 0; accumulate < 2; accumulate++) {
                bench b;
                if (harness_short()) /* rounding is not a simulator's business */
                    continue;
                if (!bench_open(&b, device, &layers[i], accumulate))
                    continue;
                for (const clcnn_algo *algo = clcnn_algos("conv2d"); algo->name; algo++)
                    for (int k = 0; k < BEFORES && make_plans(&b, algo->name, algo->name); k++) {
                        fill(&b, &befores[k]);
                        run(&b, true, &befores[k], ALL);
                        check_reference(&b, &befores[k]);
                    }
                bench_close(&b);
            }
}

/* ---- Bad input ---------------------------------------------------------------------------------
 */

/* What arguments.c does not reach: the activation before, and one gradient's tensors against
 * another's. Nothing is written. */
static void test_bad(void)
{
    static const clcnn_before gelu = {CLCNN_GELU, 0}, silu = {CLCNN_SILU, 0}, none = {99, 0};
    static const clcnn_before falling = {CLCNN_LEAKY_RELU, -0.5}, endless = {CLCNN_ELU, INFINITY};
    static const struct {
        const clcnn_before *before;
        unsigned asked;
        int moved, to; /* this tensor lies where that one does, from its second element on */
        const char *word;
    } bad[] = {{&gelu, ALL, 0, 0, "kind 7"},
               {&silu, DATA, 0, 0, "kind 6"},
               {&none, ALL, 0, 0, "99"},
               {&falling, ALL, 0, 0, "-0.5"},
               {&endless, ALL, 0, 0, "inf"},
               {&befores[1], WEIGHTS, 0, 0, "dx is not given"},
               {NULL, 0, 0, 0, "none of dx, dw"},
               {NULL, ALL, DX, X, "overlaps"},
               {NULL, ALL, DX, DY, "overlaps"},
               {NULL, ALL, DW, W, "overlaps"},
               {NULL, ALL, DW, DX, "overlaps"},
               {NULL, ALL, DB, DX, "overlaps"},
               {&befores[1], DATA, DX, X, "overlaps"}};
    for (int device = 0; device < harness_device_count(); device++)
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
            for (int l = 0; l < (harness_short() ? 1 : LAYERS); l += 3) {
                bench b;
                if (!bench_open(&b, device, &layers[l], false) || !make_plans(&b, NULL, NULL))
                    continue;
                if (bad[i].moved)
                    b.at[bad[i].moved] = b.at[bad[i].to] + 1;
                const int kernels = spy.kernels;
                const clcnn_status status = run_joint(&b, bad[i].before, bad[i].asked);
                const char *said = clcnn_last_error(b.ctx)->message;
                CHECK(status == CLCNN_INVALID_ARGUMENT && strstr(said, bad[i].word),
                      "row %zu, %s: %s, \"%s\" has no \"%s\"", i, layers[l].name,
                      clcnn_status_name(status), said, bad[i].word);
                CHECK(spy.kernels == kernels, "row %zu: a kernel was enqueued", i);
                bench_close(&b);
            }
}

/* One direction's workspace in the other's tensors. */
static void test_workspace(void)
{
    const layer *l = &layers[LAYERS - 4]; /* tile wants a workspace, both ways */
    for (int device = 0; device < harness_device_count(); device++) {
        bench b;
        if (!bench_open(&b, device, l, false) || !make_plans(&b, "tile", "tile"))
            continue;
        size_t bytes = b.data.workspace_bytes;
        CHECK(bytes > 0 && b.weights.workspace_bytes > 0, "%s: tile wants no workspace", l->name);
        if (bytes < b.weights.workspace_bytes)
            bytes = b.weights.workspace_bytes;
        release(&b.buffer);
        float *noise = calloc(b.total * sizeof *b.start + bytes, 1);
        b.buffer = make_buffer(&b, b.total * sizeof *b.start + bytes, noise);
        free(noise);
        const clcnn_plan data = b.data, weights = b.weights;
        for (int which = DX; which < TENSORS; which++) {
            const int kernels = spy.kernels;
            b.data = data;
            b.weights = weights;
            (which == DX ? &b.weights : &b.data)->workspace =
                (clcnn_mem){b.buffer, b.at[which] + b.count[which] - 1};
            const clcnn_status status = run_joint(&b, NULL, ALL);
            const char *said = clcnn_last_error(b.ctx)->message;
            CHECK(status == CLCNN_INVALID_ARGUMENT && strstr(said, "workspace"),
                  "a workspace in tensor %d: %s, \"%s\"", which, clcnn_status_name(status), said);
            CHECK(spy.kernels == kernels, "a kernel was enqueued");
        }
        bench_close(&b);
    }
}

static const harness_test tests[] = {{"every pair of algorithms", test_algorithms},
                                     {"what may be left out", test_optional},
                                     {"fewer kernels", test_kernels},
                                     {"the reference", test_reference},
                                     {"bad input", test_bad},
                                     {"workspaces", test_workspace},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("backward", tests);
}
