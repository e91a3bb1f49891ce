/* dropout against its reference, and what its words promise of the masks. */
#include "dropout_cases.h"
#include "sweep.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void test_small(void)
{
    sweep s = {.op = &check_op_dropout};
    for (const dropout_case *c = dropout_small; c->name; c++) {
        const check_desc desc = {.dropout = c->d};
        if (harness_short() && !c->quick)
            continue;
        sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), SWEEP_IN_PLACE);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), SWEEP_IN_PLACE | SWEEP_TWICE);
    }
    sweep_check_pins(&s, pins);
}

/* Every vector width, stretch and work-group: the masks are the same. */
static void test_kernels(void)
{
    static const char *const tunings[] = {SWEEP_ITEMS("4", "64", "64"),
                                          SWEEP_ITEMS("8", "128", "3"),
                                          SWEEP_ITEMS("16", "1024", "1"), NULL};
    sweep_tuned("dropout", tunings, test_small);
}

static check_case *make_case(const clcnn_dropout *d)
{
    return sweep_make(&check_op_dropout, &(check_desc){.dropout = *d}, CHECK_REALS);
}

/* Which elements a description keeps, as device i has it; into `kept`. */
static void draw_mask(const clcnn_dropout *d, int i, bool *kept)
{
    check_case *c = make_case(d);
    for (size_t at = 0; at < c->in[0].count; at++)
        c->in[0].f[at] = c->in[1].f[at] = 1;
    check_result y = sweep_run("mask", c, "forward", i, (check_options){.keep = true});
    check_result dx = sweep_run("mask", c, "backward", i, (check_options){.keep = true});
    for (size_t at = 0; y.out[0] && dx.out[0] && at < c->in[0].count; at++) {
        kept[at] = ((const float *)y.out[0])[at] > 0;
        CHECK(kept[at] == (((const float *)dx.out[0])[at] > 0),
              "element %zu: forward and backward have other masks", at);
    }
    check_result_free(&y);
    check_result_free(&dx);
    check_case_destroy(c);
}

enum { MASK = 6400, SHORT_MASK = 640 };

static int mask_size(void)
{
    return harness_short() ? SHORT_MASK : MASK;
}

/* The share of what is dropped is `drop`, and another seed, step or stream drops other elements. */
static void test_masks(void)
{
    const int size = mask_size();
    const clcnn_dropout first = {.count = size, .drop = 0.25, .stream = 1, .seed = 42, .step = 10};
    clcnn_dropout others[] = {first, first, first, first, first};
    others[0].seed++;
    others[1].step++;
    others[2].stream++;
    others[3].seed += UINT64_C(1) << 32;
    others[4].step += INT64_C(1) << 32;
    for (int i = 0; i < harness_device_count(); i++) {
        static bool mask[MASK], other[MASK];
        int dropped = 0;
        draw_mask(&first, i, mask);
        for (int at = 0; at < size; at++)
            dropped += !mask[at];
        const double deviation = sqrt(size * 0.25 * 0.75);
        CHECK(fabs(dropped - size * 0.25) < 5 * deviation, "%d of %d are dropped", dropped, size);
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            int both = 0;
            draw_mask(&others[k], i, other);
            for (int at = 0; at < size; at++)
                both += !mask[at] && !other[at];
            /* independent: a sixteenth is dropped by both */
            CHECK(fabs(both - size / 16.0) < 5 * sqrt(size / 16.0), "mask %zu: %d of %d by both", k,
                  both, size);
        }
    }
}

/* An element's fate does not depend on how many there are. */
static void test_prefix(void)
{
    clcnn_dropout d = {.count = 500, .drop = 0.5, .seed = 3};
    for (int i = 0; i < harness_device_count(); i++) {
        static bool whole[MASK], part[MASK];
        draw_mask(&d, i, whole);
        clcnn_dropout shorter = d;
        shorter.count = 77;
        draw_mask(&shorter, i, part);
        CHECK(memcmp(whole, part, 77 * sizeof *part) == 0, "the first 77 of 500 are others");
    }
}

/* What is dropped is 0, whatever it was; what is kept keeps NaN and infinities. */
static void test_special_values(void)
{
    static const float values[] = {NAN, INFINITY, -INFINITY, -0.0f, 1};
    const clcnn_dropout d = {.count = 200, .drop = 0.5, .seed = 11};
    check_case *c = make_case(&d);
    sweep s = {.op = &check_op_dropout};
    for (int at = 0; at < d.count; at++)
        c->in[0].f[at] = c->in[1].f[at] = values[at % 5];
    sweep_case(&s, "special values", c, SWEEP_IN_PLACE);
    check_case_destroy(c);
}

/* The block alone says which step it is: the same call with another block has another mask. */
static void test_replay(void)
{
    enum { COUNT = 320 };
    clcnn_dropout d = {.count = COUNT, .drop = 0.5, .seed = 21, .step = 1};
    float ones[COUNT], results[3][COUNT];
    for (int at = 0; at < COUNT; at++)
        ones[at] = 1;
    for (int i = 0; i < harness_device_count(); i++) {
        clcnn_ctx *ctx = harness_ctx(i);
        cl_mem buffers[3];
        for (int k = 0; k < 3; k++)
            buffers[k] =
                clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                               sizeof ones, ones, NULL);
        const clcnn_mem x = {buffers[0], 0}, y = {buffers[1], 0}, block = {buffers[2], 0};
        static const int64_t steps[] = {1, 2, 1};
        for (int k = 0; k < 3; k++) {
            clcnn_dropout now = d;
            now.step = steps[k];
            clcnn_status status = clcnn_dropout_prepare(ctx, &now, block);
            if (status == CLCNN_SUCCESS)
                status = clcnn_dropout_forward(ctx, &d, x, block, y);
            CHECK(status == CLCNN_SUCCESS, "%s", clcnn_last_error(ctx)->message);
            clEnqueueReadBuffer(clcnn_ctx_queue(ctx), y.buf, CL_TRUE, 0, sizeof results[k],
                                results[k], 0, NULL, NULL);
        }
        CHECK(memcmp(results[0], results[2], sizeof results[0]) == 0, "step 1 differs from itself");
        CHECK(memcmp(results[0], results[1], sizeof results[0]) != 0, "steps 1 and 2 are the same");
        for (int k = 0; k < 3; k++)
            clReleaseMemObject(buffers[k]);
    }
}

static const harness_test tests[] = {{"small sizes", test_small},
                                     {"every kernel", test_kernels},
                                     {"masks", test_masks},
                                     {"prefixes", test_prefix},
                                     {"special values", test_special_values},
                                     {"replay", test_replay},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("dropout", tests);
}
