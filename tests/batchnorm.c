/*
 * batchnorm against its reference and against its written semantics: both modes, statistics of data
 * far from 0, and folding into the convolution before it.
 */
#include "batchnorm_cases.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void run_cases(const batchnorm_case *cases, unsigned how)
{
    sweep s = {.op = &check_op_batchnorm};
    for (const batchnorm_case *c = cases; c->name; c++) {
        const check_desc desc = {.batchnorm = c->d};
        if (harness_short() && !c->quick)
            continue;
        if (!harness_short()) /* results are rounded all the same */
            sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), how);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), how);
    }
    sweep_check_pins(&s, pins);
}

static void test_small(void)
{
    run_cases(batchnorm_small, SWEEP_TWICE);
}

static void test_layers(void)
{
    if (!harness_short())
        run_cases(batchnorm_layers, 0);
}

/* Every vector width and stretch, whatever this device would take; with a SUM of 1 every channel is
 * cut into as many chunks as there may be. */
static void test_kernels(void)
{
#define KERNEL(vec, sum, item, local)                                                              \
    "algo device width shape use VEC SUM ITEM LOCAL\ndirect * * * 1 " vec " " sum " " item         \
    " " local "\n"
    static const char *const tunings[] = {KERNEL("4", "1", "4", "64"), KERNEL("4", "9", "64", "1"),
                                          KERNEL("8", "33", "16", "3"),
                                          KERNEL("16", "65536", "1024", "1"), NULL};
    sweep_tuned("batchnorm", tunings, test_small);
}

static void test_random(void)
{
    sweep s = {.op = &check_op_batchnorm};
    const int count = harness_short() ? 4 : 80;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const int images = check_random_int(&random, 0, 2);
        const check_desc desc = {
            .batchnorm = {.n = check_random_int(&random, 2, 9),
                          .c = check_random_int(&random, 1, 20),
                          .h = images ? check_random_int(&random, 1, 12) : 0,
                          .w = images ? check_random_int(&random, 1, 12) : 0,
                          .eps = check_random_int(&random, 0, 1) * 1e-3,
                          .momentum = check_random_real(&random),
                          .unbiased = check_random_int(&random, 0, 1),
                          .inference = check_random_int(&random, 0, 3) == 0,
                          .accumulate = check_random_int(&random, 0, 1),
                          .activation = (clcnn_activation_kind)check_random_int(
                              &random, CLCNN_IDENTITY, CLCNN_LEAKY_RELU),
                          .alpha = check_random_real(&random)}};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, CHECK_REALS, random.state, 0);
    }
    sweep_check_filled(&s);
}

static check_case *make_case(const clcnn_batchnorm *d)
{
    return sweep_make(&check_op_batchnorm, &(check_desc){.batchnorm = *d}, CHECK_REALS);
}

/* ---- Data far from 0 ---------------------------------------------------------------------------
 */

/* About normal: the sum of twelve uniform numbers. */
static double draw_normal(check_random *random)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += check_random_real(random);
    return sum;
}

/* y may be off by what the mean's own rounding costs, u * 1000 twice or so, and little more: the
 * mean of squares minus the square of the mean would be off by u * 1000^2 and more. */
static void check_digits(const check_case *c, const float *y)
{
    double *exact = malloc(c->in[0].count * sizeof *exact), worst = 0;
    const clcnn_ref_batchnorm r = {
        .x = c->in[0].f, .gamma = c->in[1].f, .beta = c->in[2].f, .y = exact};
    if (exact && y && clcnn_ref_batchnorm_forward(&c->desc.batchnorm, &r) == CLCNN_SUCCESS) {
        for (size_t i = 0; i < c->in[0].count; i++)
            worst = fmax(worst, fabs(exact[i] - (double)y[i]));
        CHECK(worst < 4 * 1000 * 0x1p-24, "y is off by %g", worst);
    }
    CHECK(exact && y, "nothing to compare");
    free(exact);
}

static void test_far_from_zero(void)
{
    const int n = harness_short() ? 2 : 16, h = harness_short() ? 7 : 28;
    const clcnn_batchnorm d = {.n = n, .c = 3, .h = h, .w = h, .momentum = 0.1, .unbiased = 1};
    check_random random = {harness_seed()};
    check_case *c = make_case(&d);
    sweep s = {.op = &check_op_batchnorm};
    for (size_t i = 0; i < c->in[0].count; i++)
        c->in[0].f[i] = (float)(1000 + draw_normal(&random));
    for (size_t i = 0; i < c->in[1].count; i++)
        c->in[1].f[i] = 1;
    sweep_case(&s, "mean 1000, deviation 1", c, 0);
    for (int i = 0; i < harness_device_count(); i++) {
        check_result r = sweep_run("mean 1000", c, "forward", i, (check_options){.keep = true});
        check_digits(c, r.out[0]);
        check_result_free(&r);
    }
    /* A first value that is far from all others is no worse. */
    for (int channel = 0; channel < d.c; channel++)
        c->in[0].f[channel * d.h * d.w] = 1e6f;
    sweep_case(&s, "an outlier first", c, 0);
    check_case_destroy(c);
}

/* Equal values: their mean is exact, so y is beta to the bit, and no gradient goes through. */
static void test_constant(void)
{
    const clcnn_batchnorm d = {.n = 3, .c = 2, .h = 5, .w = 5, .momentum = 0.1};
    check_case *c = make_case(&d);
    for (size_t i = 0; i < c->in[0].count; i++)
        c->in[0].f[i] = 0.1f;
    for (int i = 0; i < harness_device_count(); i++) {
        check_result r = sweep_run("constant", c, "forward", i, (check_options){.keep = true});
        for (size_t at = 0; r.out[0] && at < c->in[0].count; at++) {
            const float y = ((const float *)r.out[0])[at], beta = c->in[2].f[at / 25 % 2];
            CHECK(y >= beta && y <= beta, "y[%zu] is %g, not beta, %g", at, (double)y,
                  (double)beta);
        }
        check_result_free(&r);
    }
    check_case_destroy(c);
}

/* What is not finite spoils its own channel, and no other. */
static void test_special_values(void)
{
    static const float values[] = {NAN, INFINITY, -INFINITY};
    const clcnn_batchnorm d = {.n = 2, .c = 3, .h = 4, .w = 5, .momentum = 0.1};
    for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
        sweep s = {.op = &check_op_batchnorm};
        check_case *c = make_case(&d);
        c->in[0].f[1 * 20 + 7] = values[v];
        sweep_case(&s, "a value that is not finite", c, 0);
        for (int i = 0; i < harness_device_count(); i++) {
            check_result r =
                sweep_run("not finite", c, "forward", i, (check_options){.keep = true});
            for (size_t at = 0; r.out[0] && at < c->in[0].count; at++)
                CHECK(!isnan(((const float *)r.out[0])[at]) == (at / 20 % 3 != 1),
                      "y[%zu] is %g beside %g", at, (double)((const float *)r.out[0])[at],
                      (double)values[v]);
            check_result_free(&r);
        }
        check_case_destroy(c);
    }
}

/* ---- Optional tensors and refusals -------------------------------------------------------------
 */

static void test_optional(void)
{
    static const clcnn_batchnorm shapes[] = {
        {.n = 3, .c = 4, .h = 5, .w = 6, .momentum = 0.1},
        {.n = 3, .c = 4, .h = 5, .w = 6, .momentum = 0.1, .inference = 1}};
    for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
        for (int i = 0; i < harness_device_count(); i++) {
            check_case *c = make_case(&shapes[k]);
            for (unsigned without = 1; without < 7; without++)
                sweep_run("gradients left out", c, "backward", i,
                          (check_options){.without = without});
            check_case_drop(c, "beta");
            sweep_run("no beta", c, "forward", i, (check_options){.ctx = NULL});
            sweep_run("no beta, no bias", c, "fold", i, (check_options){.ctx = NULL});
            check_case_drop(c, "gamma");
            sweep_run("no gamma", c, "forward", i, (check_options){.ctx = NULL});
            sweep_run("no gamma", c, "backward", i, (check_options){.ctx = NULL});
            sweep_run("no gamma", c, "fold", i, (check_options){.ctx = NULL});
            check_case_destroy(c);
        }
    }
}

static clcnn_mem make_mem(clcnn_ctx *ctx, size_t count, const float *data)
{
    cl_int code = CL_SUCCESS;
    static const float zeros[256] = {0};
    const clcnn_mem mem = {clCreateBuffer(clcnn_ctx_context(ctx),
                                          CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, 4 * count,
                                          (void *)(uintptr_t)(data ? data : zeros), &code),
                           0};
    CHECK(code == CL_SUCCESS, "clCreateBuffer returned %d", code);
    return mem;
}

/* Half of the running statistics; a variance of one value without bias. */
static void test_refusals(void)
{
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        const clcnn_mem a = make_mem(ctx, 4, NULL), b = make_mem(ctx, 4, NULL);
        const clcnn_mem m = make_mem(ctx, 4, NULL), r = make_mem(ctx, 4, NULL);
        const clcnn_mem v = make_mem(ctx, 4, NULL), w = make_mem(ctx, 8, NULL);
        clcnn_batchnorm d = {.n = 1, .c = 4, .unbiased = 1};
        clcnn_plan plan;
        clcnn_batchnorm_mems mems = {.x = a, .y = b, .mean = m, .rstd = r, .running_var = v};
        CHECK(clcnn_batchnorm_plan(ctx, &d, CLCNN_FORWARD, &plan) == CLCNN_SUCCESS &&
                  plan.workspace_bytes <= 32,
              "the plan wants %zu bytes", plan.workspace_bytes);
        plan.workspace = w;
        CHECK(clcnn_batchnorm_forward(ctx, &d, &mems, &plan) == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(ctx)->message, "running_mean is not"),
              "half of the running statistics: %s", clcnn_last_error(ctx)->message);
        mems.running_mean = make_mem(ctx, 4, NULL);
        CHECK(clcnn_batchnorm_forward(ctx, &d, &mems, &plan) == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(ctx)->message, "n*h*w = 1"),
              "the unbiased variance of one value: %s", clcnn_last_error(ctx)->message);
        d.unbiased = 0;
        CHECK(clcnn_batchnorm_forward(ctx, &d, &mems, &plan) == CLCNN_SUCCESS, "biased: %s",
              clcnn_last_error(ctx)->message);
        clFinish(clcnn_ctx_queue(ctx));
        const clcnn_mem all[] = {a, b, m, r, v, w, mems.running_mean};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            clReleaseMemObject(all[k].buf);
    }
}

/* ---- With an activation
 * --------------------------------------------------------------------------
 */

enum { FUSED = 3 * 4 * 5 * 7, FUSED_C = 4 };

/* What both ways of computing it fill: y, dx, dgamma and dbeta. */
typedef struct fused_result {
    float y[FUSED], dx[FUSED], dgamma[FUSED_C], dbeta[FUSED_C];
} fused_result;

/* The tensors of both ways, on a device. */
typedef struct fused_mems {
    clcnn_batchnorm_mems m;
    clcnn_mem workspace;
} fused_mems;

static fused_mems make_fused(clcnn_ctx *ctx)
{
    float data[9][FUSED];
    check_random random = {harness_seed()};
    for (int a = 0; a < 9; a++)
        for (int i = 0; i < FUSED; i++)
            data[a][i] = (float)(a < 8 ? 2 * check_random_real(&random) - 1 : 0.75);
    return (fused_mems){{.x = make_mem(ctx, FUSED, data[0]),
                         .y = make_mem(ctx, FUSED, data[1]),
                         .dy = make_mem(ctx, FUSED, data[2]),
                         .dx = make_mem(ctx, FUSED, data[3]),
                         .gamma = make_mem(ctx, FUSED_C, data[4]),
                         .beta = make_mem(ctx, FUSED_C, data[5]),
                         .mean = make_mem(ctx, FUSED_C, data[6]),
                         .rstd = make_mem(ctx, FUSED_C, data[6]),
                         .dgamma = make_mem(ctx, FUSED_C, data[6]),
                         .dbeta = make_mem(ctx, FUSED_C, data[6]),
                         .running_mean = make_mem(ctx, FUSED_C, data[7]),
                         .running_var = make_mem(ctx, FUSED_C, data[8])},
                        make_mem(ctx, FUSED, data[0])};
}

static void free_fused(const fused_mems *f)
{
    const clcnn_mem all[] = {f->m.x,      f->m.y,     f->m.dy,           f->m.dx,
                             f->m.gamma,  f->m.beta,  f->m.mean,         f->m.rstd,
                             f->m.dgamma, f->m.dbeta, f->m.running_mean, f->m.running_var,
                             f->workspace};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++)
        clReleaseMemObject(all[k].buf);
}

/* Forward and backward: the activation in the descriptor or, `apart`, by calls of its own. */
static fused_result run_fused(clcnn_ctx *ctx, clcnn_batchnorm d, bool apart)
{
    fused_mems f = make_fused(ctx);
    fused_result r = {.y = {0}};
    const clcnn_activation a = {.count = FUSED, .kind = d.activation, .alpha = d.alpha};
    clcnn_plan plan;
    if (apart)
        d.activation = CLCNN_IDENTITY;
    clcnn_status status = clcnn_batchnorm_plan(ctx, &d, CLCNN_BACKWARD_DATA, &plan);
    CHECK(plan.workspace_bytes <= 4 * FUSED, "%zu bytes of workspace", plan.workspace_bytes);
    plan.workspace = f.workspace;
    if (!status)
        status = clcnn_batchnorm_forward(ctx, &d, &f.m, &plan);
    if (!status && apart)
        status = clcnn_activation_forward(ctx, &a, f.m.y, f.m.y);
    if (!status && apart)
        status = clcnn_activation_backward(ctx, &a, CLCNN_NO_MEM, f.m.y, f.m.dy, f.m.dy);
    if (!status)
        status = clcnn_batchnorm_backward(ctx, &d, &f.m, &plan);
    CHECK(!status, "%s", clcnn_last_error(ctx)->message);
    const struct {
        clcnn_mem from;
        size_t size;
        float *to;
    } reads[] = {{f.m.y, sizeof r.y, r.y},
                 {f.m.dx, sizeof r.dx, r.dx},
                 {f.m.dgamma, sizeof r.dgamma, r.dgamma},
                 {f.m.dbeta, sizeof r.dbeta, r.dbeta}};
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
        clEnqueueReadBuffer(clcnn_ctx_queue(ctx), reads[i].from.buf, CL_TRUE, 0, reads[i].size,
                            reads[i].to, 0, NULL, NULL);
    free_fused(&f);
    return r;
}

/* The same bits as batchnorm and the activation one behind the other. */
static void test_fused(void)
{
    static const clcnn_batchnorm shapes[] = {
        {.n = 3, .c = FUSED_C, .h = 5, .w = 7, .activation = CLCNN_RELU},
        {.n = 3, .c = FUSED_C, .h = 5, .w = 7, .activation = CLCNN_LEAKY_RELU, .alpha = 0.3},
        {.n = 105, .c = FUSED_C, .activation = CLCNN_RELU, .accumulate = 1},
        {.n = 3, .c = FUSED_C, .h = 35, .w = 1, .inference = 1, .activation = CLCNN_RELU}};
    for (int i = 0; i < harness_device_count(); i++)
        for (size_t k = 0; k < sizeof shapes / sizeof *shapes; k++) {
            const fused_result together = run_fused(harness_ctx(i), shapes[k], false);
            const fused_result apart = run_fused(harness_ctx(i), shapes[k], true);
            CHECK(memcmp(together.y, apart.y, sizeof apart.y) == 0, "shape %zu: y", k);
            CHECK(memcmp(together.dx, apart.dx, sizeof apart.dx) == 0, "shape %zu: dx", k);
            CHECK(memcmp(together.dgamma, apart.dgamma, sizeof apart.dgamma) == 0,
                  "shape %zu: dgamma", k);
            CHECK(memcmp(together.dbeta, apart.dbeta, sizeof apart.dbeta) == 0, "shape %zu: dbeta",
                  k);
        }
}

/* ---- Folding -----------------------------------------------------------------------------------
 */

enum { FOLD_C = 3, FOLD_K = 4, FOLD_FILTER = FOLD_C * 9, FOLD_X = 2 * FOLD_C * 36 };
enum { FOLD_W = FOLD_K * FOLD_FILTER, FOLD_Y = 2 * FOLD_K * 36 };

typedef struct fold_data {
    float x[FOLD_X], w[FOLD_W], b[FOLD_K], gamma[FOLD_K], beta[FOLD_K], mean[FOLD_K], var[FOLD_K];
} fold_data;

static const clcnn_conv2d fold_conv = {.n = 2,
                                       .c = FOLD_C,
                                       .h = 6,
                                       .w = 6,
                                       .k = FOLD_K,
                                       .r = 3,
                                       .s = 3,
                                       .pad_top = 1,
                                       .pad_left = 1,
                                       .pad_bottom = 1,
                                       .pad_right = 1};
static const clcnn_batchnorm fold_norm = {.n = 2, .c = FOLD_K, .h = 6, .w = 6, .inference = 1};

static fold_data draw_fold(void)
{
    fold_data f;
    check_random random = {harness_seed()};
    float *const arrays[] = {f.x, f.w, f.b, f.gamma, f.beta, f.mean, f.var};
    const int counts[] = {FOLD_X, FOLD_W, FOLD_K, FOLD_K, FOLD_K, FOLD_K, FOLD_K};
    for (int a = 0; a < 7; a++)
        for (int i = 0; i < counts[a]; i++)
            arrays[a][i] = (float)(2 * check_random_real(&random) - (a < 6 ? 1 : -0.5));
    return f;
}

/* On the device, in place: the convolution with folded weights gives what the convolution and the
 * normalisation give by the reference. */
static void test_fold(void)
{
    const fold_data f = draw_fold();
    double conv[FOLD_Y], want[FOLD_Y];
    float rounded[FOLD_Y], got[FOLD_Y];
    const clcnn_ref_batchnorm r = {.x = rounded,
                                   .gamma = f.gamma,
                                   .beta = f.beta,
                                   .running_mean = f.mean,
                                   .running_var = f.var,
                                   .y = want};
    clcnn_ref_conv2d_forward(&fold_conv, f.x, f.w, f.b, conv, NULL);
    for (int i = 0; i < FOLD_Y; i++)
        rounded[i] = (float)conv[i];
    clcnn_ref_batchnorm_forward(&fold_norm, &r);
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        const clcnn_mem x = make_mem(ctx, FOLD_X, f.x), y = make_mem(ctx, FOLD_Y, got);
        const clcnn_mem w = make_mem(ctx, FOLD_W, f.w), b = make_mem(ctx, FOLD_K, f.b);
        const clcnn_batchnorm_mems m = {.gamma = make_mem(ctx, FOLD_K, f.gamma),
                                        .beta = make_mem(ctx, FOLD_K, f.beta),
                                        .running_mean = make_mem(ctx, FOLD_K, f.mean),
                                        .running_var = make_mem(ctx, FOLD_K, f.var)};
        clcnn_status status = clcnn_batchnorm_fold(ctx, &fold_norm, FOLD_FILTER, &m, w, b, w, b);
        if (status == CLCNN_SUCCESS)
            status = clcnn_conv2d_forward(ctx, &fold_conv, x, w, b, y, NULL);
        CHECK(status == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
        clEnqueueReadBuffer(clcnn_ctx_queue(ctx), y.buf, CL_TRUE, 0, sizeof got, got, 0, NULL,
                            NULL);
        /* 28 products of up to 4 or so, each within some 40u */
        for (int at = 0; at < FOLD_Y; at++)
            CHECK(fabs((double)got[at] - want[at]) < 28 * 4 * 40 * 0x1p-24, "y[%d] is %g, not %g",
                  at, (double)got[at], want[at]);
        const clcnn_mem all[] = {x, y, w, b, m.gamma, m.beta, m.running_mean, m.running_var};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            clReleaseMemObject(all[k].buf);
    }
}

/* The results may not change places. */
static void test_fold_overlap(void)
{
    const clcnn_batchnorm d = {.n = 1, .c = 4};
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        const clcnn_mem w = make_mem(ctx, 4, NULL), b = make_mem(ctx, 4, NULL);
        const clcnn_mem other = make_mem(ctx, 4, NULL);
        const clcnn_batchnorm_mems m = {.running_mean = make_mem(ctx, 4, NULL),
                                        .running_var = make_mem(ctx, 4, NULL)};
        CHECK(clcnn_batchnorm_fold(ctx, &d, 1, &m, w, b, b, other) == CLCNN_INVALID_ARGUMENT,
              "folded_w is b");
        CHECK(clcnn_batchnorm_fold(ctx, &d, 1, &m, w, b, other, w) == CLCNN_INVALID_ARGUMENT,
              "folded_b is w");
        CHECK(clcnn_batchnorm_fold(ctx, &d, 1, &m, w, b, b, w) == CLCNN_INVALID_ARGUMENT,
              "crosswise");
        CHECK(clcnn_batchnorm_fold(ctx, &d, 0, &m, w, b, w, b) == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(ctx)->message, "filter is 0"),
              "no filter: %s", clcnn_last_error(ctx)->message);
        const clcnn_mem all[] = {w, b, other, m.running_mean, m.running_var};
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            clReleaseMemObject(all[k].buf);
    }
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"every kernel", test_kernels},
                                     {"layers of networks", test_layers},
                                     {"random shapes", test_random},
                                     {"data far from 0", test_far_from_zero},
                                     {"equal values", test_constant},
                                     {"special values", test_special_values},
                                     {"optional tensors", test_optional},
                                     {"refusals", test_refusals},
                                     {"with an activation", test_fused},
                                     {"folding", test_fold},
                                     {"folding in the wrong place", test_fold_overlap},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("batchnorm", tests);
}
