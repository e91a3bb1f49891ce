/* add against its reference: both shapes of b, in place, and the adjoint identity of the broadcast.
 */
#include "add_cases.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void run_cases(const add_case *cases, unsigned how)
{
    sweep s = {.op = &check_op_add};
    for (const add_case *c = cases; c->name; c++) {
        const check_desc desc = {.add = c->d};
        if (harness_short() && !c->quick)
            continue;
        sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), how);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), how);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_small(void)
{
    run_cases(add_small, SWEEP_TWICE | SWEEP_IN_PLACE);
}

static void test_layers(void)
{
    run_cases(harness_short() ? add_small : add_layers, 0);
}

/* Every vector width and stretch, whatever this device would take. */
static void test_kernels(void)
{
#define KERNEL(vec, sum, item, local)                                                              \
    "algo device width shape use VEC SUM ITEM LOCAL\ndirect * * * 1 " vec " " sum " " item         \
    " " local "\n"
    static const char *const tunings[] = {KERNEL("4", "1", "4", "64"), KERNEL("8", "33", "16", "3"),
                                          KERNEL("16", "65536", "1024", "1"), NULL};
    sweep_tuned("add", tunings, test_small);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_add};
    const int count = harness_short() ? 4 : 80;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const check_desc desc = {.add = {.n = check_random_int(&random, 1, 9),
                                         .c = check_random_int(&random, 1, 20),
                                         .h = check_random_int(&random, 0, 9),
                                         .w = check_random_int(&random, 0, 9),
                                         .broadcast = check_random_int(&random, 0, 1),
                                         .activation = check_random_int(&random, 0, 3) == 0,
                                         .accumulate = check_random_int(&random, 0, 1)}};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
    sweep_check_filled(&s);
}

static check_case *make_case(const clcnn_add *d, check_values values)
{
    return sweep_make(&check_op_add, &(check_desc){.add = *d}, values);
}

/* Broadcasting is linear in b: <broadcast(b), dy> = <b, db>, exact on integers. */
static void test_adjoint(void)
{
    for (const add_case *row = add_small; row->name; row++) {
        clcnn_add d = row->d;
        if (!d.broadcast || (harness_short() && !row->quick))
            continue;
        d.accumulate = 0;
        d.activation = CLCNN_IDENTITY;
        check_case *c = make_case(&d, CHECK_INTEGERS);
        memset(c->in[0].f, 0, c->in[0].count * sizeof(float));
        for (int i = 0; i < harness_device_count(); i++) {
            check_result y = sweep_run(row->name, c, "forward", i, (check_options){.keep = true});
            check_result db = sweep_run(row->name, c, "backward", i, (check_options){.keep = true});
            int64_t left = 0, right = 0;
            for (size_t at = 0; y.out[0] && at < c->in[2].count; at++)
                left += (int64_t)((const float *)y.out[0])[at] * (int64_t)c->in[2].f[at];
            for (size_t at = 0; db.out[0] && at < c->in[1].count; at++)
                right += (int64_t)((const float *)db.out[0])[at] * (int64_t)c->in[1].f[at];
            CHECK(y.out[0] && db.out[0] && left == right, "%s: <y,dy> = %lld, <b,db> = %lld",
                  row->name, (long long)left, (long long)right);
            check_result_free(&y);
            check_result_free(&db);
        }
        check_case_destroy(c);
    }
}

/* Sums of what is no number, or close to none. */
static void test_special_values(void)
{
    static const float values[] = {NAN,     INFINITY, -INFINITY, 0.0f,       -0.0f,
                                   FLT_MAX, -FLT_MAX, FLT_MIN,   -0x1p-149f, 1.0f};
    enum { VALUES = sizeof values / sizeof *values };
    for (int kind = CLCNN_IDENTITY; kind <= CLCNN_RELU; kind++) {
        const clcnn_add d = {.n = VALUES, .c = VALUES, .activation = (clcnn_activation_kind)kind};
        check_case *c = make_case(&d, CHECK_REALS);
        sweep s = {.op = &check_op_add};
        for (int i = 0; i < VALUES * VALUES; i++) {
            c->in[0].f[i] = values[i / VALUES];
            c->in[1].f[i] = values[i % VALUES];
        }
        sweep_case(&s, "special values", c, SWEEP_IN_PLACE);
        check_case_destroy(c);
    }
}

/* y may be b as well; then a and b may be one and the same. */
static void test_other_places(void)
{
    static const float data[7] = {1, -2, 3, 0.5f, -8, 9, 100};
    const clcnn_add d = {.n = 1, .c = 7};
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        float got[7] = {0};
        cl_int code = CL_SUCCESS;
        const clcnn_mem m = {clCreateBuffer(clcnn_ctx_context(ctx),
                                            CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof data,
                                            (void *)(uintptr_t)data, &code),
                             0};
        CHECK(code == CL_SUCCESS, "clCreateBuffer returned %d", code);
        CHECK(clcnn_add_forward(ctx, &d, m, m, m) == CLCNN_SUCCESS, "%s",
              clcnn_last_error(ctx)->message);
        clEnqueueReadBuffer(clcnn_ctx_queue(ctx), m.buf, CL_TRUE, 0, sizeof got, got, 0, NULL,
                            NULL);
        for (int at = 0; at < 7; at++)
            CHECK(got[at] >= 2 * data[at] && got[at] <= 2 * data[at], "x + x of %g is %g",
                  (double)data[at], (double)got[at]);
        clReleaseMemObject(m.buf);
    }
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"every kernel", test_kernels},
                                     {"layers of networks", test_layers},
                                     {"random shapes", test_random},
                                     {"adjoint identity", test_adjoint},
                                     {"special values", test_special_values},
                                     {"everything in one place", test_other_places},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("add", tests);
}
