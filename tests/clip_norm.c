/* clip_norm against its reference, by hand, and together with each optimiser. */
#include "optimiser_cases.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {NULL, NULL, 0, 0}};

/* Norms that clip much, hardly and not at all. */
static const double max_norms[] = {1e-3, 1, 1e6};

static void test_arenas(void)
{
    sweep s = {.op = &check_op_clip_norm};
    for (const optimiser_case *c = optimiser_cases; c->name; c++) {
        if (harness_short() && !c->quick)
            continue;
        for (size_t i = 0; i < sizeof max_norms / sizeof *max_norms; i++) {
            const check_desc desc = {.clip_norm = {.count = c->count,
                                                   .max_norm = max_norms[i],
                                                   .segments = c->segments}};
            sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed() + i, SWEEP_TWICE);
        }
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

/* So many elements that their sums take several stages on any device. */
static void test_stages(void)
{
    sweep s = {.op = &check_op_clip_norm};
    const int count = harness_short() ? 20000 : 1200001;
    for (int segments = 0; segments < 10; segments += 9) {
        const check_desc desc = {
            .clip_norm = {.count = count, .max_norm = 5, .segments = segments}};
        sweep_desc(&s, "stages", &desc, CHECK_REALS, harness_seed(), SWEEP_TWICE);
    }
}

static check_case *make_case(int count, double max_norm, int segments)
{
    const check_desc desc = {
        .clip_norm = {.count = count, .max_norm = max_norm, .segments = segments}};
    return sweep_make(&check_op_clip_norm, &desc, CHECK_REALS);
}

/* A gradient of (3, 4), scaled, against numbers by hand. */
static void test_by_hand(void)
{
    static const struct {
        const char *name;
        float scale, grad[2];
        double max_norm, norm, clip;
    } rows[] = {{"norm 5 clipped to 1", 1, {3, 4}, 1, 5, 1 / 5.000001},
                {"norm 5 under 6", 1, {3, -4}, 6, 5, 1},
                {"a scale of 1/2", 0.5f, {-3, 4}, 1, 2.5, 1 / 2.500001},
                {"no gradient", 1, {0, 0}, 1e-7, 0, 0.1},
                {"an infinite one", 1, {INFINITY, 4}, 1, INFINITY, 0},
                {"its square is infinite", 1, {1e30f, 4}, 1, INFINITY, 0},
                {"NaN", 1, {NAN, 4}, 1, NAN, NAN}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_case *c = make_case(2, rows[i].max_norm, 0);
        if (!c)
            continue;
        memcpy(check_case_input(c, "grad")->f, rows[i].grad, sizeof rows[i].grad);
        float *block = check_case_input(c, "block")->f;
        block[0] = rows[i].scale;
        for (int device = 0; device < harness_device_count(); device++) {
            const check_direction *direction = &c->op->directions[0];
            check_expected e;
            const clcnn_status status = check_expected_create(c, direction, &e);
            CHECK(status == CLCNN_SUCCESS, "%s: %s", rows[i].name, clcnn_status_name(status));
            e.out[0].value[0] = rows[i].norm;
            e.out[1].value[1] = rows[i].clip;
            check_result r =
                check_run(c, direction, &e, &(check_options){.ctx = harness_ctx(device)});
            CHECK(r.verdict == CHECK_PASS, "%s: %s", rows[i].name, r.message);
            check_expected_free(&e);
        }
        check_case_destroy(c);
    }
}

/* What lies in frozen segments and past the last one does not count, whatever it is. */
static void test_frozen(void)
{
    check_case *c = make_case(5000, 1, 7);
    if (!c)
        return;
    clcnn_segment rows[7];
    memcpy(rows, check_case_input(c, "table")->i, sizeof rows);
    float *grad = check_case_input(c, "grad")->f;
    for (int s = 0, i = 0; s < 7; s++) {
        for (; i < rows[s].end; i++)
            grad[i] = rows[s].frozen ? NAN : grad[i];
    }
    grad[4999] = INFINITY;
    CHECK(rows[6].end <= 4999, "the last segment ends at %d", (int)rows[6].end);
    sweep s = {.op = &check_op_clip_norm};
    sweep_case(&s, "NaN where it does not count", c, SWEEP_TWICE);
    check_case_drop(c, "table");
    c->desc.clip_norm.segments = 0;
    for (int i = 0; i < 5000; i++)
        grad[i] = 1;
    for (int i = 0; i < harness_device_count(); i++)
        sweep_run("no norm", c, "apply", i, (check_options){.without = 1});
    check_case_destroy(c);
}

/* ---- With the optimisers -----------------------------------------------------------------------
 */

enum { ELEMENTS = 37, ARRAYS = 4, PLACE = ELEMENTS + 3, TOTAL = ARRAYS * PLACE + 64 };

typedef clcnn_status (*step_fn)(clcnn_ctx *ctx, bool clip, cl_mem buffer, const clcnn_plan *plan);

static clcnn_mem at(cl_mem buffer, int array)
{
    return (clcnn_mem){buffer, (size_t)(array * PLACE + 1)};
}

static clcnn_status clip_into(clcnn_ctx *ctx, bool clip, cl_mem buffer, const clcnn_plan *plan)
{
    const clcnn_clip_norm d = {.count = ELEMENTS, .max_norm = 0.25};
    return clip ? clcnn_clip_norm_apply(ctx, &d, at(buffer, 1), CLCNN_NO_MEM, CLCNN_NO_MEM,
                                        at(buffer, ARRAYS), plan)
                : CLCNN_SUCCESS;
}

static clcnn_status step_sgd(clcnn_ctx *ctx, bool clip, cl_mem buffer, const clcnn_plan *plan)
{
    const clcnn_sgd d = {
        .count = ELEMENTS, .lr = 0.5, .momentum = 0.5, .grad_scale = clip ? 1 : 0.25};
    clcnn_status status = clcnn_sgd_prepare(ctx, &d, at(buffer, ARRAYS));
    if (status == CLCNN_SUCCESS)
        status = clip_into(ctx, clip, buffer, plan);
    return status != CLCNN_SUCCESS
               ? status
               : clcnn_sgd_step(ctx, &d, at(buffer, 0), at(buffer, 1), at(buffer, 2), CLCNN_NO_MEM,
                                at(buffer, ARRAYS));
}

static clcnn_status step_rmsprop(clcnn_ctx *ctx, bool clip, cl_mem buffer, const clcnn_plan *plan)
{
    const clcnn_rmsprop d = {
        .count = ELEMENTS, .lr = 0.5, .alpha = 0.5, .grad_scale = clip ? 1 : 0.25};
    clcnn_status status = clcnn_rmsprop_prepare(ctx, &d, at(buffer, ARRAYS));
    if (status == CLCNN_SUCCESS)
        status = clip_into(ctx, clip, buffer, plan);
    return status != CLCNN_SUCCESS
               ? status
               : clcnn_rmsprop_step(ctx, &d, at(buffer, 0), at(buffer, 1), at(buffer, 2),
                                    CLCNN_NO_MEM, at(buffer, ARRAYS));
}

static clcnn_status step_adam(clcnn_ctx *ctx, bool clip, cl_mem buffer, const clcnn_plan *plan)
{
    const clcnn_adam d = {.count = ELEMENTS,
                          .lr = 0.5,
                          .beta1 = 0.5,
                          .beta2 = 0.75,
                          .step = 3,
                          .grad_scale = clip ? 1 : 0.25};
    clcnn_status status = clcnn_adam_prepare(ctx, &d, at(buffer, ARRAYS));
    if (status == CLCNN_SUCCESS)
        status = clip_into(ctx, clip, buffer, plan);
    return status != CLCNN_SUCCESS
               ? status
               : clcnn_adam_step(ctx, &d, at(buffer, 0), at(buffer, 1), at(buffer, 2),
                                 at(buffer, 3), CLCNN_NO_MEM, at(buffer, ARRAYS));
}

/* One step from known numbers; a NULL `step` gives the numbers themselves. */
static void run_step(clcnn_ctx *ctx, step_fn step, bool clip, float *data)
{
    cl_int code;
    for (int i = 0; i < TOTAL; i++)
        data[i] = 0.125f + (float)(i % 7);
    /* A gradient whose norm is so large that 1e-6 is lost in it, and that is clipped by 1/4. */
    for (int i = 0; i < ELEMENTS; i++)
        data[PLACE + 1 + i] = i == 5 ? 1.0f : 0.0f;
    cl_mem buffer =
        clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_COPY_HOST_PTR, TOTAL * 4, data, &code);
    cl_mem scratch = clCreateBuffer(clcnn_ctx_context(ctx), 0, 4096, NULL, &code);
    clcnn_plan plan = {.algo = NULL};
    clcnn_status status =
        clcnn_clip_norm_plan(ctx, &(clcnn_clip_norm){.count = ELEMENTS, .max_norm = 0.25}, &plan);
    CHECK(buffer && scratch && status == CLCNN_SUCCESS && plan.workspace_bytes <= 4096,
          "no plan: %s", clcnn_last_error(ctx)->message);
    plan.workspace = (clcnn_mem){scratch, 0};
    status = step(ctx, clip, buffer, &plan);
    CHECK(status == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
    code = clEnqueueReadBuffer(clcnn_ctx_queue(ctx), buffer, CL_TRUE, 0, TOTAL * 4, data, 0, NULL,
                               NULL);
    CHECK(code == CL_SUCCESS, "reading returned %d", code);
    clReleaseMemObject(buffer);
    clReleaseMemObject(scratch);
}

/* A gradient of norm 1 clipped to 1/4 moves the parameters as one scaled by 1/4 does, but for the
 * 1e-6 in the norm. */
static void test_optimisers(void)
{
    static const struct {
        const char *name;
        step_fn step;
    } optimisers[] = {{"sgd", step_sgd}, {"rmsprop", step_rmsprop}, {"adam", step_adam}};
    static float clipped[TOTAL], scaled[TOTAL];
    for (int device = 0; device < harness_device_count(); device++) {
        for (size_t o = 0; o < 3; o++) {
            run_step(harness_ctx(device), optimisers[o].step, true, clipped);
            run_step(harness_ctx(device), optimisers[o].step, false, scaled);
            CHECK(fabsf(clipped[ARRAYS * PLACE + 2] - 0.25f) < 1e-6f, "%s: clip is %g",
                  optimisers[o].name, (double)clipped[ARRAYS * PLACE + 2]);
            for (int i = 0; i < ARRAYS * PLACE; i++)
                CHECK(fabsf(clipped[i] - scaled[i]) <= 4e-6f * fabsf(scaled[i]),
                      "%s: element %d is %.9g clipped, %.9g scaled", optimisers[o].name, i,
                      (double)clipped[i], (double)scaled[i]);
        }
    }
}

static const harness_test tests[] = {{"arenas and segments", test_arenas},
                                     {"many stages", test_stages},
                                     {"by hand", test_by_hand},
                                     {"frozen segments", test_frozen},
                                     {"in front of each optimiser", test_optimisers},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("clip_norm", tests);
}
