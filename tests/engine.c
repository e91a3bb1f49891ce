/*
 * The engine that checks operations (host/check), on operations that misbehave: each fault must be
 * found and named, and a well-behaved call must pass.
 */
#include "harness.h"

#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 37, X = 0, DY = 2 };

/* ---- Faults: each does the forward pass rightly, and then something else
 * ------------------------- */

static clcnn_status forward(const check_call *a)
{
    return clcnn_activation_forward(a->ctx, &a->c->desc.activation, a->in[X], a->out[0]);
}

/* Writes one element relative to a tensor's first. */
static clcnn_status poke(const check_call *a, clcnn_mem mem, int at, const void *value, size_t size)
{
    const size_t element = (size_t)((ptrdiff_t)mem.offset + at);
    const cl_int code = clEnqueueWriteBuffer(clcnn_ctx_queue(a->ctx), mem.buf, CL_TRUE, element * 4,
                                             size, value, 0, NULL, NULL);
    return code == CL_SUCCESS ? CLCNN_SUCCESS : CLCNN_OPENCL_ERROR;
}

static clcnn_status forward_and_poke(const check_call *a, clcnn_mem mem, int at, float value)
{
    const clcnn_status status = forward(a);
    return status == CLCNN_SUCCESS ? poke(a, mem, at, &value, sizeof value) : status;
}

static clcnn_status writes_before(const check_call *a)
{
    return forward_and_poke(a, a->out[0], -1, 0);
}

static clcnn_status writes_after(const check_call *a)
{
    return forward_and_poke(a, a->out[0], COUNT, 0);
}

static clcnn_status writes_far_after(const check_call *a)
{
    return forward_and_poke(a, a->out[0], COUNT + 1000, 0);
}

/* A single bit of the guard band before an input. */
static clcnn_status writes_before_input(const check_call *a)
{
    const unsigned char byte = 0xFE;
    const clcnn_status status = forward(a);
    return status == CLCNN_SUCCESS ? poke(a, a->in[X], -1000, &byte, 1) : status;
}

static clcnn_status changes_input(const check_call *a)
{
    const float value = a->c->in[X].f[COUNT - 1] + 1;
    return forward_and_poke(a, a->in[X], COUNT - 1, value);
}

static clcnn_status leaves_one_out(const check_call *a)
{
    clcnn_activation d = a->c->desc.activation;
    d.count--;
    return clcnn_activation_forward(a->ctx, &d, a->in[X], a->out[0]);
}

static clcnn_status does_nothing(const check_call *a)
{
    (void)a;
    return CLCNN_SUCCESS;
}

static clcnn_status gives_nan(const check_call *a)
{
    return forward_and_poke(a, a->out[0], 5, NAN);
}

static clcnn_status gives_infinity(const check_call *a)
{
    return forward_and_poke(a, a->out[0], 5, INFINITY);
}

/* The next float after the right one. */
static clcnn_status errs_by_a_bit(const check_call *a)
{
    const float right = a->c->in[X].f[5] > 0 ? a->c->in[X].f[5] : 0;
    return forward_and_poke(a, a->out[0], 5, nextafterf(right, 1000));
}

/* -0 for the 0 of a negative number: exact means the same bits. */
static clcnn_status errs_by_a_sign(const check_call *a)
{
    int at = 0;
    while (!(a->c->in[X].f[at] < 0))
        at++;
    return forward_and_poke(a, a->out[0], at, -0.0f);
}

/* Right the first time, not the second. */
static clcnn_status changes_its_mind(const check_call *a)
{
    static int calls;
    return calls++ % 2 ? errs_by_a_bit(a) : forward(a);
}

static clcnn_status refuses(const check_call *a)
{
    return clcnn_activation_forward(a->ctx, NULL, a->in[X], a->out[0]);
}

/* ---- Running them ------------------------------------------------------------------------------
 */

/* An activation whose forward pass is another function. */
static check_direction make_direction(clcnn_status (*run)(const check_call *call))
{
    check_direction direction = *check_direction_find(&check_op_activation, "forward");
    direction.run = run;
    return direction;
}

static check_result run(check_case *c, int device, clcnn_status (*function)(const check_call *call))
{
    const check_direction direction = make_direction(function);
    const check_options options = {.ctx = harness_ctx(device), .twice = true};
    check_expected expected;
    check_result result = {.verdict = CHECK_UNSUPPORTED};
    if (CHECK(check_expected_create(c, &direction, &expected) == CLCNN_SUCCESS, "no reference")) {
        result = check_run(c, &direction, &expected, &options);
        check_expected_free(&expected);
    }
    return result;
}

static check_case *make_case(void)
{
    clcnn_error error = {.message = ""};
    const check_desc desc = {.activation = {.count = COUNT, .kind = CLCNN_RELU}};
    check_case *c =
        check_case_create(&check_op_activation, &desc, CHECK_REALS, harness_seed(), &error);
    CHECK(c != NULL, "%s", error.message);
    return c;
}

static void test_faults(void)
{
    static const struct {
        clcnn_status (*run)(const check_call *call);
        const char *words; /* of the sentence */
    } rows[] = {{writes_before, "changed 4 bytes before y"},
                {writes_after, "changed 4 bytes after the end of y"},
                {writes_far_after, "changed 4 bytes after the end of y, the first 4000"},
                {writes_before_input, "changed 1 bytes before x"},
                {changes_input, "changed its input x at element 36"},
                {leaves_one_out, "y[36] is"},
                {does_nothing, "37 of 37 are wrong"},
                {gives_nan, "y[5] is"},
                {gives_infinity, "y[5] is inf"},
                {errs_by_a_bit, "y[5] is"},
                {errs_by_a_sign, "is -0"},
                {changes_its_mind, "a second run gave other bits in y"},
                {refuses, "the call gave CLCNN_INVALID_ARGUMENT"}};
    check_case *c = make_case();
    for (int device = 0; device < harness_device_count(); device++) {
        check_result good = run(c, device, forward);
        CHECK(good.verdict == CHECK_PASS && good.worst <= 0 && good.nonzero > 0, "%s",
              good.message);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            const check_result bad = run(c, device, rows[i].run);
            char seed[48];
            snprintf(seed, sizeof seed, "seed %llu", (unsigned long long)harness_seed());
            CHECK(bad.verdict == CHECK_FAIL && strstr(bad.message, rows[i].words) &&
                      strstr(bad.message, seed) && strstr(bad.message, "count=37"),
                  "fault %zu: \"%s\" does not say \"%s\"", i, bad.message, rows[i].words);
        }
    }
    check_case_destroy(c);
}

/* What is not there is unsupported, not passed. */
static void test_unknown_algorithm(void)
{
    check_case *c = make_case();
    const check_direction *direction = check_direction_find(&check_op_activation, "forward");
    check_expected expected;
    if (CHECK(check_expected_create(c, direction, &expected) == CLCNN_SUCCESS, "no reference")) {
        for (int device = 0; device < harness_device_count(); device++) {
            const check_options options = {.ctx = harness_ctx(device), .algo = "winograd"};
            const check_result result = check_run(c, direction, &expected, &options);
            CHECK(result.verdict == CHECK_UNSUPPORTED && strstr(result.message, "winograd"), "%s",
                  result.message);
        }
        check_expected_free(&expected);
    }
    check_case_destroy(c);
}

/* Just outside the bound of a dot product fails, just inside passes. */
static double offset_in_bounds;

static clcnn_status errs_by_bounds(const check_call *a)
{
    const clcnn_dense *d = &a->c->desc.dense;
    double y, mag;
    const clcnn_status status =
        clcnn_ref_dense_forward(d, a->c->in[0].f, a->c->in[1].f, a->c->in[2].f, &y, &mag);
    const double bound = clcnn_error_bound(clcnn_algos("dense"), CLCNN_FORWARD, d->c + 1, mag);
    const float value = (float)(y + offset_in_bounds * bound);
    return status == CLCNN_SUCCESS ? poke(a, a->out[0], 0, &value, sizeof value) : status;
}

static void test_bound(void)
{
    clcnn_error error = {.message = ""};
    const check_desc desc = {.dense = {.n = 1, .c = 1000, .k = 1}};
    check_case *c = check_case_create(&check_op_dense, &desc, CHECK_REALS, harness_seed(), &error);
    if (!CHECK(c != NULL, "%s", error.message))
        return;
    check_direction direction = *check_direction_find(&check_op_dense, "forward");
    direction.run = errs_by_bounds;
    check_expected expected;
    if (CHECK(check_expected_create(c, &direction, &expected) == CLCNN_SUCCESS, "no reference")) {
        static const double offsets[] = {-1.01, -0.99, 0, 0.5, 0.99, 1.01};
        for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
            const check_options options = {.ctx = harness_ctx(0)};
            offset_in_bounds = offsets[i];
            const check_result result = check_run(c, &direction, &expected, &options);
            const bool inside = fabs(offsets[i]) < 1;
            CHECK(result.verdict == (inside ? CHECK_PASS : CHECK_FAIL),
                  "%g bounds off: ratio %g, %s", offsets[i], result.worst, result.message);
            CHECK(fabs(result.worst - fabs(offsets[i])) < 0.01, "%g bounds off are %g", offsets[i],
                  result.worst);
        }
        check_expected_free(&expected);
    }
    check_case_destroy(c);
}

/* The seed alone makes the case. */
static void test_replay(void)
{
    check_case *a = make_case(), *b = make_case();
    CHECK(memcmp(a->in[X].f, b->in[X].f, COUNT * sizeof(float)) == 0 &&
              memcmp(a->in[DY].f, b->in[DY].f, COUNT * sizeof(float)) == 0,
          "the same seed gives other inputs");
    CHECK(memcmp(a->in[X].f, a->in[DY].f, COUNT * sizeof(float)) != 0, "x and dy are the same");
    check_case_destroy(a);
    check_case_destroy(b);
}

static const harness_test tests[] = {{"faults", test_faults},
                                     {"unknown algorithm", test_unknown_algorithm},
                                     {"bounds", test_bound},
                                     {"replay", test_replay},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("engine", tests);
}
