/*
 * Sums, maxima and searches over more elements than some device's loops have rounds: llvmpipe
 * leaves them without a word after 65,535 in all. Every operation that has any, each of its
 * dimensions in turn so long, on every algorithm that does not refuse it.
 */
#include "sweep.h"

#include <stddef.h>
#include <string.h>

/* Beyond what llvmpipe goes through, so that most is refused there, and well within. */
enum { LONG = 70000, SIDE = 270 /* its square is as long */ };
enum { LESS = 16000, LESS_SIDE = 126, SHORT_LONG = 70, SHORT_SIDE = 9 };

typedef struct long_case {
    const char *name;
    const check_op *op;
    check_desc desc; /* LONG and SIDE stand for what the set has in their place */
} long_case;

#define CONV(...)                                                                                  \
    {                                                                                              \
        .conv2d = { __VA_ARGS__ }                                                                  \
    }
static const long_case cases[] = {
    {"channels", &check_op_conv2d, CONV(.n = 2, .c = LONG, .h = 1, .w = 1, .k = 3, .r = 1, .s = 1)},
    {"channels of images", &check_op_conv2d,
     CONV(.n = 1, .c = LONG, .h = 2, .w = 3, .k = 2, .r = 1, .s = 1)},
    {"filters", &check_op_conv2d, CONV(.n = 2, .c = 3, .h = 1, .w = 1, .k = LONG, .r = 1, .s = 1)},
    {"images", &check_op_conv2d, CONV(.n = LONG, .c = 3, .h = 1, .w = 1, .k = 2, .r = 1, .s = 1)},
    {"pixels", &check_op_conv2d,
     CONV(.n = 1, .c = 3, .h = SIDE, .w = SIDE, .k = 2, .r = 1, .s = 1)},
    {"a row of pixels", &check_op_conv2d,
     CONV(.n = 1, .c = 1, .h = 1, .w = LONG, .k = 2, .r = 1, .s = 1)},
    {"a column of pixels", &check_op_conv2d,
     CONV(.n = 1, .c = 150, .h = LONG, .w = 1, .k = 1, .r = 1, .s = 1)},
    {"each pixel its own channels", &check_op_conv2d,
     CONV(.n = 1, .c = 4, .h = SIDE, .w = SIDE, .k = 4, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1,
          .pad_bottom = 1, .pad_right = 1, .groups = 4)},
    {"channels",
     &check_op_conv2d_transpose,
     {.conv2d_transpose = {.n = 1, .c = LONG, .h = 1, .w = 2, .k = 2, .r = 1, .s = 1}}},
    {"samples", &check_op_conv1d, {.conv1d = {.n = 1, .c = 2, .w = LONG, .k = 2, .s = 3}}},
    {"inputs", &check_op_dense, {.dense = {.n = 2, .c = LONG, .k = 3}}},
    {"outputs", &check_op_dense, {.dense = {.n = 2, .c = 3, .k = LONG}}},
    {"rows", &check_op_dense, {.dense = {.n = LONG, .c = 3, .k = 2}}},
    {"the shorter signal", &check_op_correlate1d, {.correlate1d = {.a = LONG, .b = LONG}}},
    {"a window",
     &check_op_maxpool2d,
     {.maxpool2d = {.n = 1, .c = 2, .h = SIDE, .w = SIDE, .r = SIDE, .s = SIDE}}},
    {"a window's row",
     &check_op_maxpool2d,
     {.maxpool2d = {.n = 1, .c = 2, .h = 1, .w = LONG, .r = 1, .s = LONG}}},
    {"a window",
     &check_op_avgpool2d,
     {.avgpool2d = {.n = 1, .c = 2, .h = SIDE, .w = SIDE, .r = SIDE, .s = SIDE}}},
    {"a window's row",
     &check_op_avgpool2d,
     {.avgpool2d = {.n = 1, .c = 2, .h = 1, .w = LONG, .r = 1, .s = LONG}}},
    {"all of an image",
     &check_op_adaptive_avgpool2d,
     {.adaptive_avgpool2d = {.n = 1, .c = 2, .h = SIDE, .w = SIDE, .p = 1, .q = 1}}},
    {"most of a row",
     &check_op_adaptive_avgpool2d,
     {.adaptive_avgpool2d = {.n = 1, .c = 1, .h = 1, .w = 3 * LONG, .p = 1, .q = 2}}},
    {"from one pixel",
     &check_op_upsample2d,
     {.upsample2d = {.n = 1, .c = 2, .h = 1, .w = 1, .p = SIDE, .q = SIDE}}},
    {"from two columns",
     &check_op_upsample2d,
     {.upsample2d = {.n = 1, .c = 1, .h = 1, .w = 2, .p = 1, .q = LONG, .kind = CLCNN_BILINEAR}}},
    {"classes", &check_op_softmax, {.softmax = {.n = 2, .classes = LONG}}},
    {"classes, log", &check_op_softmax, {.softmax = {.n = 2, .classes = LONG, .log = 1}}},
    {"classes",
     &check_op_softmax_cross_entropy,
     {.softmax_cross_entropy = {.n = 2, .classes = LONG, .label_smoothing = 0.1}}},
    {"rows",
     &check_op_softmax_cross_entropy,
     {.softmax_cross_entropy = {.n = LONG, .classes = 3, .ignore = 1, .ignored_label = 1}}},
    {"elements", &check_op_mse, {.mse = {.count = 10 * LONG}}},
    {"elements", &check_op_l2, {.l2 = {.count = 10 * LONG, .lambda = 0.5}}},
    {"elements", &check_op_clip_norm, {.clip_norm = {.count = 10 * LONG, .max_norm = 0.5}}},
    {"pixels",
     &check_op_batchnorm,
     {.batchnorm = {.n = 1, .c = 2, .h = SIDE, .w = SIDE, .momentum = 0.1}}},
    {"images", &check_op_batchnorm, {.batchnorm = {.n = LONG, .c = 2, .momentum = 0.1}}},
    {"rows of columns", &check_op_layernorm, {.layernorm = {.n = 64, .d = 1000}}},
    {"a row", &check_op_layernorm, {.layernorm = {.n = 2, .d = LONG}}},
    {"rows", &check_op_layernorm, {.layernorm = {.n = LONG, .d = 3}}},
    {"a channel's pixels",
     &check_op_add,
     {.add = {.n = 1, .c = 2, .h = SIDE, .w = SIDE, .broadcast = 1}}},
    {"a channel's images", &check_op_add, {.add = {.n = LONG, .c = 2, .broadcast = 1}}},
    {"a row of windows",
     &check_op_im2col,
     {.im2col = {.n = 1, .c = 1, .h = 1, .w = LONG, .r = 1, .s = 3}}},
};
/* Forward alone: a gradient gathers LONG numbers for each of LONG elements. */
static const long_case forward_cases[] = {
    {"a filter", &check_op_conv2d,
     CONV(.n = 1, .c = 1, .h = SIDE, .w = SIDE, .k = 2, .r = SIDE, .s = SIDE)},
    {"a filter's row", &check_op_conv2d,
     CONV(.n = 1, .c = 1, .h = 1, .w = LONG, .k = 2, .r = 1, .s = LONG)},
    {"a filter", &check_op_conv1d, {.conv1d = {.n = 1, .c = 1, .w = LONG, .k = 1, .s = LONG}}},
};

/* With other lengths: all fields of all descriptors that stand for a size are int, and none else
 * has these values. */
static check_desc sized(const long_case *row, int length, int side)
{
    check_desc desc = row->desc;
    for (const check_field *f = row->op->fields; f->name; f++) {
        if (f->type != CHECK_INT)
            continue;
        int *value = (int *)(void *)((char *)&desc + f->offset);
        if (*value % LONG == 0)
            *value = *value / LONG * length;
        else if (*value == SIDE)
            *value = side;
    }
    return desc;
}

/* The last algorithm, which may be the only one, refuses nothing but where loops end; and of
 * several it refuses nothing at all. */
static void check_refusals(const sweep *s, const char *name)
{
    int last = 0;
    for (const clcnn_algo *algos = clcnn_algos(s->op->name); algos[last + 1].name;)
        last++;
    for (int i = 0; i < harness_device_count(); i++) {
        if (last == 0 && strstr(harness_device_name(i), "llvmpipe"))
            continue;
        CHECK(s->unsupported[i][last] == 0, "%s of %s: %zu directions are not supported on %s",
              name, s->op->name, s->unsupported[i][last], harness_device_name(i));
    }
}

/* Where sums of integers are exact, they are what is tested: of numbers of either sign a tenth can
 * be missing, and their sum be within the bound. */
static check_values values_for(const check_op *op)
{
    static const check_op *const exact[] = {&check_op_conv2d, &check_op_conv2d_transpose,
                                            &check_op_conv1d, &check_op_dense};
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        if (op == exact[i])
            return CHECK_INTEGERS;
    return CHECK_REALS;
}

static void run_all(int length, int side)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sweep s = {.op = cases[i].op};
        const check_desc desc = sized(&cases[i], length, side);
        sweep_desc(&s, cases[i].name, &desc, values_for(s.op), harness_seed(), SWEEP_MAY_REFUSE);
        check_refusals(&s, cases[i].name);
    }
}

static void test_long(void)
{
    run_all(harness_short() ? SHORT_LONG : LONG, harness_short() ? SHORT_SIDE : SIDE);
}

static void test_less(void)
{
    bool ends = false;
    for (int i = 0; i < harness_device_count(); i++)
        ends |= strstr(harness_device_name(i), "llvmpipe") != NULL;
    if (ends) /* elsewhere that says no more than the longer ones */
        run_all(LESS, LESS_SIDE);
}

/* Many taps, and many splits of them to add up. */
static void test_splits(void)
{
    sweep s = {.op = &check_op_conv2d};
    const int images = harness_short() ? 2 : 32, channels = harness_short() ? 2 : 64;
    const int side = harness_short() ? 7 : 28;
    const check_desc desc = {
        .conv2d = {.n = images, .c = channels, .h = side, .w = side, .k = 4, .r = 5, .s = 5}};
    sweep_desc(&s, "splits", &desc, CHECK_REALS, harness_seed(), 0);
}

static void test_forward(void)
{
    const int length = harness_short() ? SHORT_LONG : LONG;
    const int side = harness_short() ? SHORT_SIDE : SIDE;
    for (size_t i = 0; i < sizeof forward_cases / sizeof *forward_cases; i++) {
        const check_desc desc = sized(&forward_cases[i], length, side);
        check_case *c = sweep_make(forward_cases[i].op, &desc, CHECK_REALS);
        for (int device = 0; c && device < harness_device_count(); device++)
            sweep_every_algo(forward_cases[i].name, c, "forward", device, (check_options){0});
        check_case_destroy(c);
    }
}

int main(void)
{
    static const harness_test tests[] = {{"one dimension long", test_long},
                                         {"one dimension less long", test_less},
                                         {"many splits", test_splits},
                                         {"long taps, forward", test_forward},
                                         {NULL, NULL}};
    return harness_run("long_sums", tests);
}
