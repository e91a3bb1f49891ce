/*
 * NaN, infinities, zeros of both signs, denormals and the largest floats in every place of what a
 * window reads: each result is what the formula in the header makes of them, by every algorithm.
 * A case has many scenes (images, channels or filters), each with the value in another place.
 */
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    float value;
} values[] = {{"NaN", NAN},
              {"the largest float", FLT_MAX},
              {"Inf", INFINITY},
              {"-Inf", -INFINITY},
              {"the lowest float", -FLT_MAX},
              {"0", 0.0f},
              {"-0", -0.0f},
              {"the smallest denormal", 0x1p-149f},
              {"a denormal", -0x1p-130f},
              {"the smallest normal float", FLT_MIN}};
enum { VALUES = sizeof values / sizeof *values };

/* A shape; inputs of it, the direction that reads them, and how many scenes they have. */
typedef struct row {
    const char *name;
    const check_op *op;
    struct {
        const char *input, *direction;
        int scenes;
    } uses[3];
    int quick; /* in the short set */
    check_desc desc;
} row;

/*
 * What becomes of an infinite or NaN filter where it meets no element is left to the algorithm. So
 * the rows of filters (and of gradients that meet x) have no padding forward, and as much of it
 * backward that every tap meets an element of dy.
 */
/* clang-format off */
static const row rows[] = {
    {"images", &check_op_conv2d, {{"x", "forward", 34}, {"dy", "backward_data", 34}}, 0, {.conv2d = {.n = 34, .c = 2, .h = 2, .w = 17, .k = 3, .r = 2, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}}},
    {"images, strided", &check_op_conv2d, {{"x", "forward", 10}, {"dy", "backward_data", 10}}, 1, {.conv2d = {.n = 10, .c = 1, .h = 5, .w = 6, .k = 2, .r = 3, .s = 2, .pad_top = 1, .pad_right = 2, .stride_h = 2, .stride_w = 2, .dilation_w = 2}}},
    {"filters", &check_op_conv2d, {{"w", "forward", 12}}, 0, {.conv2d = {.n = 1, .c = 2, .h = 3, .w = 19, .k = 12, .r = 2, .s = 3}}},
    {"filters, strided", &check_op_conv2d, {{"w", "forward", 12}}, 0, {.conv2d = {.n = 2, .c = 2, .h = 6, .w = 9, .k = 12, .r = 2, .s = 3, .stride_h = 2, .stride_w = 3}}},
    {"filters backward", &check_op_conv2d, {{"w", "backward_data", 12}}, 0, {.conv2d = {.n = 1, .c = 12, .h = 2, .w = 18, .k = 12, .r = 2, .s = 3, .pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 2, .groups = 12}}},
    {"groups", &check_op_conv2d, {{"x", "backward_weights", 18}}, 0, {.conv2d = {.n = 2, .c = 9, .h = 2, .w = 9, .k = 9, .r = 2, .s = 3, .pad_top = 1, .pad_left = 2, .groups = 9}}},
    {"groups without padding", &check_op_conv2d, {{"dy", "backward_weights", 18}}, 0, {.conv2d = {.n = 2, .c = 9, .h = 3, .w = 11, .k = 9, .r = 2, .s = 3, .groups = 9}}},
    {"images", &check_op_conv2d_transpose, {{"x", "forward", 34}, {"dy", "backward_data", 34}}, 0, {.conv2d_transpose = {.n = 34, .c = 2, .h = 2, .w = 17, .k = 3, .r = 2, .s = 3, .pad_top = 1, .pad_right = 1}}},
    {"images, strided", &check_op_conv2d_transpose, {{"x", "forward", 12}, {"dy", "backward_data", 12}}, 1, {.conv2d_transpose = {.n = 12, .c = 2, .h = 2, .w = 3, .k = 2, .r = 3, .s = 2, .pad_left = 1, .output_pad_h = 1, .stride_h = 2, .stride_w = 3}}},
    {"filters", &check_op_conv2d_transpose, {{"w", "forward", 12}}, 0, {.conv2d_transpose = {.n = 1, .c = 12, .h = 3, .w = 19, .k = 12, .r = 2, .s = 3, .pad_top = 1, .pad_left = 2, .pad_bottom = 1, .pad_right = 2, .groups = 12}}},
    {"filters backward", &check_op_conv2d_transpose, {{"w", "backward_data", 12}}, 0, {.conv2d_transpose = {.n = 1, .c = 12, .h = 2, .w = 6, .k = 2, .r = 2, .s = 3, .stride_h = 2, .stride_w = 3}}},
    {"groups", &check_op_conv2d_transpose, {{"x", "backward_weights", 18}}, 0, {.conv2d_transpose = {.n = 2, .c = 9, .h = 2, .w = 9, .k = 9, .r = 2, .s = 3, .stride_h = 2, .groups = 9}}},
    {"groups, cropped", &check_op_conv2d_transpose, {{"dy", "backward_weights", 18}}, 0, {.conv2d_transpose = {.n = 2, .c = 9, .h = 2, .w = 8, .k = 9, .r = 2, .s = 3, .pad_left = 1, .pad_bottom = 1, .groups = 9}}},
    {"signals", &check_op_conv1d, {{"x", "forward", 38}, {"dy", "backward_data", 38}}, 0, {.conv1d = {.n = 38, .c = 2, .w = 19, .k = 3, .s = 3, .pad_left = 1, .pad_right = 1}}},
    {"filters", &check_op_conv1d, {{"w", "forward", 12}}, 1, {.conv1d = {.n = 1, .c = 4, .w = 21, .k = 12, .s = 3}}},
    {"filters backward", &check_op_conv1d, {{"w", "backward_data", 12}}, 0, {.conv1d = {.n = 1, .c = 12, .w = 18, .k = 12, .s = 3, .pad_left = 2, .pad_right = 2, .groups = 12}}},
    {"groups", &check_op_conv1d, {{"x", "backward_weights", 18}, {"dy", "backward_weights", 18}}, 0, {.conv1d = {.n = 2, .c = 9, .w = 18, .k = 9, .s = 3, .groups = 9}}},
    {"correlation", &check_op_correlate1d, {{"a", "forward", 1}, {"b", "forward", 1}}, 0, {.correlate1d = {.a = 37, .b = 5, .mode = CLCNN_FULL}}},
    {"convolution", &check_op_correlate1d, {{"a", "forward", 1}, {"b", "forward", 1}}, 1, {.correlate1d = {.a = 4, .b = 21, .mode = CLCNN_SAME, .convolve = 1}}},
    {"one apart", &check_op_maxpool2d, {{"x", "forward", 20}, {"x", "backward", 20}, {"dy", "backward", 20}}, 0, {.maxpool2d = {.n = 1, .c = 20, .h = 2, .w = 19, .r = 2, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 1, .stride_w = 1}}},
    {"two apart, past the end", &check_op_maxpool2d, {{"x", "forward", 21}, {"x", "backward", 21}, {"dy", "backward", 21}}, 1, {.maxpool2d = {.n = 3, .c = 7, .h = 3, .w = 37, .r = 2, .s = 2, .pad_bottom = 1, .ceil_mode = 1}}},
    {"one apart", &check_op_avgpool2d, {{"x", "forward", 20}, {"dy", "backward", 20}}, 0, {.avgpool2d = {.n = 1, .c = 20, .h = 2, .w = 19, .r = 2, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 1, .stride_w = 1, .count_include_pad = 1}}},
    {"two apart, past the end", &check_op_avgpool2d, {{"x", "forward", 21}, {"dy", "backward", 21}}, 1, {.avgpool2d = {.n = 3, .c = 7, .h = 3, .w = 23, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 2, .stride_w = 2, .ceil_mode = 1}}},
    {"one mean", &check_op_adaptive_avgpool2d, {{"x", "forward", 21}, {"dy", "backward", 21}}, 0, {.adaptive_avgpool2d = {.n = 1, .c = 21, .h = 3, .w = 7, .p = 1, .q = 1}}},
    {"equal windows", &check_op_adaptive_avgpool2d, {{"x", "forward", 18}, {"dy", "backward", 18}}, 0, {.adaptive_avgpool2d = {.n = 1, .c = 18, .h = 2, .w = 36, .p = 1, .q = 18}}},
    {"windows of several sizes", &check_op_adaptive_avgpool2d, {{"x", "forward", 18}, {"dy", "backward", 18}}, 1, {.adaptive_avgpool2d = {.n = 2, .c = 9, .h = 5, .w = 7, .p = 3, .q = 10}}},
    {"one apart", &check_op_im2col, {{"x", "forward", 19}}, 0, {.im2col = {.n = 1, .c = 19, .h = 2, .w = 19, .r = 2, .s = 3, .pad_left = 1, .pad_bottom = 1}}},
    {"two apart", &check_op_im2col, {{"x", "forward", 18}}, 1, {.im2col = {.n = 2, .c = 9, .h = 3, .w = 12, .r = 2, .s = 3, .stride_h = 2, .stride_w = 2}}},
    {"one apart", &check_op_col2im, {{"x", "forward", 19}}, 0, {.im2col = {.n = 1, .c = 19, .h = 2, .w = 19, .r = 2, .s = 3, .pad_left = 1, .pad_bottom = 1}}},
    {"two apart", &check_op_col2im, {{"x", "forward", 18}}, 1, {.im2col = {.n = 2, .c = 9, .h = 3, .w = 12, .r = 2, .s = 3, .stride_h = 2, .stride_w = 2}}},
    {"four paddings", &check_op_pad2d, {{"x", "forward", 37}, {"dy", "backward", 37}}, 1, {.pad2d = {.n = 1, .c = 37, .h = 2, .w = 37, .pad_top = 1, .pad_left = 2, .pad_bottom = 2, .pad_right = 1}}},
    {"nearest", &check_op_upsample2d, {{"x", "forward", 19}, {"dy", "backward", 19}}, 0, {.upsample2d = {.n = 1, .c = 19, .h = 2, .w = 19, .scale_h = 2, .scale_w = 2}}},
    {"bilinear", &check_op_upsample2d, {{"x", "forward", 19}, {"dy", "backward", 19}}, 0, {.upsample2d = {.n = 1, .c = 19, .h = 2, .w = 19, .scale_h = 2, .scale_w = 2, .kind = CLCNN_BILINEAR}}},
    {"bilinear, aligned", &check_op_upsample2d, {{"x", "forward", 12}, {"dy", "backward", 12}}, 1, {.upsample2d = {.n = 2, .c = 6, .h = 3, .w = 4, .p = 5, .q = 10, .kind = CLCNN_BILINEAR, .align_corners = 1}}},
    {.name = NULL}};
/* clang-format on */

/* The value at the places first, first + 1, ... of one scene each, over what was drawn there. */
static void place(check_tensor *in, const float *drawn, int scenes, size_t first, float value)
{
    const size_t plane = in->count / (size_t)scenes;
    memcpy(in->f, drawn, in->count * sizeof *drawn);
    for (size_t s = 0; s < (size_t)scenes && first + s < plane; s++)
        in->f[s * plane + first + s] = value;
}

static void run(const row *r, int use, check_case *c, int value, size_t first)
{
    char name[160];
    snprintf(name, sizeof name, "%s: %s from place %zu of %s", r->name, values[value].name, first,
             r->uses[use].input);
    const clcnn_status status = check_case_derive(c);
    CHECK(status == CLCNN_SUCCESS, "%s: %s", name, clcnn_status_name(status));
    for (int device = 0; device < harness_device_count(); device++)
        sweep_every_algo(name, c, r->uses[use].direction, device, (check_options){.ctx = NULL});
}

static void run_use(const row *r, int use)
{
    clcnn_error error = {.message = ""};
    check_case *c = check_case_create(r->op, &r->desc, CHECK_REALS, harness_seed(), &error);
    check_case *drawn = check_case_create(r->op, &r->desc, CHECK_REALS, harness_seed(), &error);
    if (CHECK(c && drawn, "%s, %s: %s", r->op->name, r->name, error.message)) {
        check_tensor *in = check_case_input(c, r->uses[use].input);
        const float *before = check_case_input(drawn, r->uses[use].input)->f;
        const int scenes = r->uses[use].scenes;
        const size_t plane = in->count / (size_t)scenes;
        CHECK(in->count % (size_t)scenes == 0, "%s, %s: %zu elements, %d scenes", r->op->name,
              r->name, in->count, scenes);
        const size_t places = harness_short() ? 1 : plane;
        for (int v = 0; v < (harness_short() ? 1 : VALUES); v++) {
            for (size_t first = 0; first < places; first += (size_t)scenes) {
                place(in, before, scenes, first, values[v].value);
                run(r, use, c, v, first);
            }
        }
    }
    check_case_destroy(c);
    check_case_destroy(drawn);
}

static void test_op(const check_op *op)
{
    int found = 0;
    for (const row *r = rows; r->name; r++) {
        if (r->op != op || (harness_short() && !r->quick))
            continue;
        for (int use = 0; use < 3 && r->uses[use].input; use++, found++)
            run_use(r, use);
    }
    CHECK(found > 0, "no rows for %s", op->name);
}

static void test_convolutions(void)
{
    test_op(&check_op_conv2d);
    test_op(&check_op_conv2d_transpose);
    test_op(&check_op_conv1d);
    test_op(&check_op_correlate1d);
}

static void test_poolings(void)
{
    test_op(&check_op_maxpool2d);
    test_op(&check_op_avgpool2d);
    test_op(&check_op_adaptive_avgpool2d);
}

static void test_layouts(void)
{
    test_op(&check_op_im2col);
    test_op(&check_op_col2im);
    test_op(&check_op_pad2d);
    test_op(&check_op_upsample2d);
}

static const harness_test tests[] = {{"convolutions", test_convolutions},
                                     {"poolings", test_poolings},
                                     {"layouts", test_layouts},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("special_values", tests);
}
