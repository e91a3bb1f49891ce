/*
 * The worked examples that this library set out from: small convolutions and poolings with their
 * gradients, whose results were printed and checked by hand. Each is held, by name and element by
 * element, against the CPU reference and against every algorithm on every device. The numbers lie
 * in tests/golden/seed*.safetensors; where a table is small it stands here as well, to be read.
 */
#include "harness.h"

#include "check.h"
#include "clcnn_net.h"
#include "safetensors.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- The examples ------------------------------------------------------------------------------
 */

/* An input or a result as it should be. The list of an example ends with name = NULL. */
typedef struct table {
    const char *name;
    const double *values;
    size_t count;
} table;

typedef struct example {
    const char *name, *file;
    const check_op *op;
    check_desc desc;
    int directions; /* that the file has inputs for */
    int quick;      /* in the short set */
    table tables[8];
} example;

#define TABLE(values) values, sizeof(values) / sizeof *(values)

/* clang-format off */

/* Four rows of 0 to 15: a window of 3x2 becomes a column of 6, and there are 2x3 windows. */
static const double counting_from_0[] = {
     0,  1,  2,  3,
     4,  5,  6,  7,
     8,  9, 10, 11,
    12, 13, 14, 15};
static const double windows_of_3x2[] = {
     0,  1,  2,  4,  5,  6,
     1,  2,  3,  5,  6,  7,
     4,  5,  6,  8,  9, 10,
     5,  6,  7,  9, 10, 11,
     8,  9, 10, 12, 13, 14,
     9, 10, 11, 13, 14, 15};

/* Two planes of 5x5, pooled by windows of 3x3 at stride 2. */
static const double two_planes[] = {
    1, 2, 3, 4, 5,
    2, 3, 5, 4, 4,
    5, 1, 2, 3, 1,
    4, 6, 0, 2, 1,
    1, 2, 1, 0, 1,

    1, 2, 3, 4, 1,
    0, 3, 1, 2, 3,
    5, 4, 7, 0, 1,
    1, 6, 2, 2, 1,
    0, 2, 3, 4, 5};
static const double planes_max[] = {
    5, 5,
    6, 3,

    7, 7,
    7, 7};
/* The first plane has 5 in its first window twice: the upper one, at row 1, column 2, is taken. In
 * the second plane all windows share the 7 in the middle. */
static const double planes_argmax[] = {
    1 * 5 + 2, 0 * 5 + 4,
    3 * 5 + 1, 2 * 5 + 3,

    2 * 5 + 2, 2 * 5 + 2,
    2 * 5 + 2, 2 * 5 + 2};
static const double planes_max_dy[] = {
    3, 1,
    2, 6,

    1, 2,
    5, 8};
static const double planes_max_dx[] = {
    0, 0, 0, 0, 1,
    0, 0, 3, 0, 0,
    0, 0, 0, 6, 0,
    0, 2, 0, 0, 0,
    0, 0, 0, 0, 0,

    0, 0,  0, 0, 0,
    0, 0,  0, 0, 0,
    0, 0, 16, 0, 0, /* 1 + 2 + 5 + 8 */
    0, 0,  0, 0, 0,
    0, 0,  0, 0, 0};
static const double planes_mean[] = {
    24.0 / 9, 31.0 / 9,
    22.0 / 9, 11.0 / 9,

    26.0 / 9, 22.0 / 9,
    30.0 / 9, 25.0 / 9};
static const double planes_mean_dy[] = {
    18,  9,
     0, -9,

     9,  9,
     0, -9};
/* A ninth of each goes to every element of its window; the windows share row and column 2. */
static const double planes_mean_dx[] = {
    2, 2,  3,  1,  1,
    2, 2,  3,  1,  1,
    2, 2,  2,  0,  0,
    0, 0, -1, -1, -1,
    0, 0, -1, -1, -1,

    1, 1,  2,  1,  1,
    1, 1,  2,  1,  1,
    1, 1,  1,  0,  0,
    0, 0, -1, -1, -1,
    0, 0, -1, -1, -1};

/* The image of 1 to 16, with two filters of 3x3: the difference of a pixel and the one below it, and
 * of the one to the right and itself. */
static const double counting_from_1[] = {
     1,  2,  3,  4,
     5,  6,  7,  8,
     9, 10, 11, 12,
    13, 14, 15, 16};
static const double two_filters[] = {
    0,  0, 0,
    0,  1, 0,
    0, -1, 0,

    0,  0, 0,
    0, -1, 1,
    0,  0, 0};
static const double no_bias[] = {0, 0};
static const double differences[] = {
    -4, -4,
    -4, -4,

    1, 1,
    1, 1};
static const double differences_dy[] = {
    -4, -4,
    10, 11,

    1,  -7,
    1, -11};
static const double differences_dx[] = {
    0,   0,   0,   0,
    0,  -5,   4,  -7,
    0,  13,  27, -11,
    0, -10, -11,   0};
static const double differences_dw[] = {
    104, 117, 130,
    156, 169, 182,
    208, 221, 234,

     -74,  -90, -106,
    -138, -154, -170,
    -202, -218, -234};
static const double differences_db[] = {-4 - 4 + 10 + 11, 1 - 7 + 1 - 11};

static const double quarters_max[] = {
     6,  8,
    14, 16};
static const double quarters_argmax[] = {
     5,  7,
    13, 15};
static const double quarters_max_dx[] = {
    0,  0, 0,  0,
    0,  6, 0,  8,
    0,  0, 0,  0,
    0, 14, 0, 16};
static const double quarters_mean[] = {
     3.5,  5.5,
    11.5, 13.5};
static const double quarters_mean_dx[] = {
    1.5, 1.5, 2, 2,
    1.5, 1.5, 2, 2,
    3.5, 3.5, 4, 4,
    3.5, 3.5, 4, 4};

static const example examples[] = {
    {"windows as columns", "seed0_im2col", &check_op_im2col,
     {.im2col = {.n = 1, .c = 1, .h = 4, .w = 4, .r = 3, .s = 2}}, 1, 1,
     {{"x", TABLE(counting_from_0)}, {"y", TABLE(windows_of_3x2)}}},
    {"convolution with padding and two strides", "seed1_conv2d_forward", &check_op_conv2d,
     {.conv2d = {.n = 2, .c = 3, .h = 23, .w = 20, .k = 7, .r = 6, .s = 6, .pad_top = 2, .pad_left = 3, .pad_bottom = 2,
                 .pad_right = 3, .stride_h = 3, .stride_w = 6}}, 1, 0, {{.name = NULL}}},
    {"gradient of the filters", "seed1_conv2d_backward_filter", &check_op_conv2d,
     {.conv2d = {.n = 2, .c = 3, .h = 10, .w = 10, .k = 7, .r = 4, .s = 4, .stride_h = 2, .stride_w = 2}}, 3, 0,
     {{.name = NULL}}},
    {"gradient of the input", "seed1_conv2d_backward_input", &check_op_conv2d,
     {.conv2d = {.n = 5, .c = 3, .h = 6, .w = 6, .k = 2, .r = 2, .s = 2, .stride_h = 3, .stride_w = 3}}, 3, 0,
     {{.name = NULL}}},
    {"overlapping max-pool", "seed1_maxpool2d_overlap", &check_op_maxpool2d,
     {.maxpool2d = {.n = 2, .c = 3, .h = 10, .w = 10, .r = 2, .s = 2, .stride_h = 1, .stride_w = 1}}, 2, 0,
     {{.name = NULL}}},
    {"max-pool of 5x5", "seed2_maxpool2d", &check_op_maxpool2d,
     {.maxpool2d = {.n = 1, .c = 2, .h = 5, .w = 5, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2}}, 2, 1,
     {{"x", TABLE(two_planes)}, {"y", TABLE(planes_max)}, {"argmax", TABLE(planes_argmax)},
      {"dy", TABLE(planes_max_dy)}, {"dx", TABLE(planes_max_dx)}}},
    {"average pool of 5x5", "seed2_avgpool2d", &check_op_avgpool2d,
     {.avgpool2d = {.n = 1, .c = 2, .h = 5, .w = 5, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2, .count_include_pad = 1}},
     2, 1,
     {{"x", TABLE(two_planes)}, {"y", TABLE(planes_mean)}, {"dy", TABLE(planes_mean_dy)}, {"dx", TABLE(planes_mean_dx)}}},
    {"steps with momentum", "seed3_sgd_momentum", &check_op_sgd,
     {.sgd = {.count = 50, .lr = 0.01, .momentum = 0.9}}, 1, 0, {{.name = NULL}}},
    {"1 to 16 by two filters", "seed4_conv2d", &check_op_conv2d,
     {.conv2d = {.n = 1, .c = 1, .h = 4, .w = 4, .k = 2, .r = 3, .s = 3}}, 3, 1,
     {{"x", TABLE(counting_from_1)}, {"w", TABLE(two_filters)}, {"b", TABLE(no_bias)}, {"y", TABLE(differences)},
      {"dy", TABLE(differences_dy)}, {"dx", TABLE(differences_dx)}, {"dw", TABLE(differences_dw)},
      {"db", TABLE(differences_db)}}},
    {"max-pool of 1 to 16", "seed4_maxpool2d", &check_op_maxpool2d,
     {.maxpool2d = {.n = 1, .c = 1, .h = 4, .w = 4, .r = 2, .s = 2}}, 2, 1,
     {{"x", TABLE(counting_from_1)}, {"y", TABLE(quarters_max)}, {"argmax", TABLE(quarters_argmax)},
      {"dy", TABLE(quarters_max)}, {"dx", TABLE(quarters_max_dx)}}},
    {"average pool of 1 to 16", "seed4_avgpool2d", &check_op_avgpool2d,
     {.avgpool2d = {.n = 1, .c = 1, .h = 4, .w = 4, .r = 2, .s = 2}}, 2, 1,
     {{"x", TABLE(counting_from_1)}, {"y", TABLE(quarters_mean)}, {"dy", TABLE(quarters_max)},
      {"dx", TABLE(quarters_mean_dx)}}}};
/* clang-format on */
enum { EXAMPLES = sizeof examples / sizeof *examples, MAX_TABLES = 8 };

/* ---- From file to case -------------------------------------------------------------------------
 */

static clcnn__safetensors *open_file(const char *name)
{
    char path[512];
    clcnn__safetensors *st = NULL;
    clcnn_error error = {.message = ""};
    snprintf(path, sizeof path, "%s/golden/%s.safetensors", TESTS_DIR, name);
    const clcnn_status status = clcnn__safetensors_open(path, &st, &error);
    CHECK(status == CLCNN_SUCCESS, "%s: %s", path, error.message);
    return st;
}

static double value_at(const clcnn__safetensors_tensor *t, size_t i)
{
    switch (t->dtype) {
    case CLCNN__F32:
        return (double)((const float *)t->data)[i];
    case CLCNN__I64:
        return (double)((const int64_t *)t->data)[i];
    default:
        return ((const double *)t->data)[i];
    }
}

static bool equal(double a, double b)
{
    return a >= b && a <= b;
}

/* The tables above are what the file holds. */
static void check_tables(const example *e, const clcnn__safetensors *st)
{
    for (int i = 0; i < MAX_TABLES && e->tables[i].name; i++) {
        const table *want = &e->tables[i];
        const clcnn__safetensors_tensor *t = clcnn__safetensors_find(st, want->name);
        if (!CHECK(t && t->count == want->count, "%s: %s is not in the file, or of another size",
                   e->name, want->name))
            continue;
        for (size_t at = 0; at < want->count; at++)
            CHECK(equal(value_at(t, at), want->values[at]), "%s: %s[%zu] is %.17g in the file",
                  e->name, want->name, at, value_at(t, at));
    }
}

/* A case with the file's inputs; those that it has not are left out. */
static check_case *make_case(const example *e, const clcnn__safetensors *st)
{
    clcnn_error error = {.message = ""};
    check_case *c = check_case_create(e->op, &e->desc, CHECK_REALS, 1, &error);
    if (!CHECK(c != NULL, "%s: %s", e->name, error.message))
        return NULL;
    for (int i = 0; e->op->inputs[i].name; i++) {
        const clcnn__safetensors_tensor *t = clcnn__safetensors_find(st, e->op->inputs[i].name);
        if (e->op->inputs[i].derived)
            continue;
        if (!t)
            check_case_drop(c, e->op->inputs[i].name);
        else if (CHECK(t->count == c->in[i].count && t->dtype == CLCNN__F32,
                       "%s: %s has %zu elements, not %zu", e->name, t->name, t->count,
                       c->in[i].count))
            memcpy(c->in[i].f, t->data, t->count * sizeof(float));
    }
    CHECK(check_case_derive(c) == CLCNN_SUCCESS, "%s: the reference refuses it", e->name);
    return c;
}

static bool has_inputs(const check_case *c, const check_direction *d)
{
    for (int i = 0; c->op->inputs[i].name; i++) {
        if (d->needs >> i & 1 && !c->in[i].f)
            return false;
    }
    return true;
}

/* ---- Results -----------------------------------------------------------------------------------
 */

/*
 * The reference's results beside the file's. Both are sums in double of the same products, so that
 * each is at most n + 8 roundings of the magnitude off (8 for what is not a sum). The steps with
 * momentum were printed for inputs in double: what their rounding to float accounts for is adopted.
 * Then the file's values take the reference's place.
 */
static void compare_reference(const check_case *c, const example *e, const check_direction *d,
                              const clcnn__safetensors *st, check_expected *expected)
{
    const double *file[CHECK_MAX_OUT] = {NULL};
    for (int j = 0; d->outputs[j].name; j++) {
        const clcnn__safetensors_tensor *t = clcnn__safetensors_find(st, d->outputs[j].name);
        file[j] = t && t->dtype == CLCNN__F64 ? t->data : NULL;
    }
    if (c->op->adopt)
        c->op->adopt(c, expected, file);
    for (int j = 0; d->outputs[j].name; j++) {
        const clcnn__safetensors_tensor *t = clcnn__safetensors_find(st, d->outputs[j].name);
        if (!t || !CHECK(t->count == expected->out[j].count, "%s: %s has %zu elements, not %zu",
                         e->name, t->name, t->count, expected->out[j].count))
            continue;
        for (size_t i = 0; i < t->count; i++) {
            double *value = &expected->out[j].value[i];
            const double want = value_at(t, i);
            const double bound = 2 * (expected->out[j].n + 8) * 0x1p-53 * expected->out[j].mag[i];
            CHECK(fabs(*value - want) <= (d->outputs[j].integer ? 0 : bound),
                  "%s: %s[%zu] is %.17g by the reference, not %.17g", e->name, t->name, i, *value,
                  want);
            *value = want;
        }
    }
}

/* Every algorithm that supports the case, at least one, within the bound of its error class. */
static void compare_devices(const check_case *c, const example *e, const check_direction *d,
                            const check_expected *expected)
{
    for (int i = 0; i < harness_device_count(); i++) {
        int passed = 0;
        for (const clcnn_algo *algo = clcnn_algos(c->op->name); algo->name; algo++) {
            const check_options options = {.ctx = harness_ctx(i), .algo = algo->name};
            const check_result result = check_run(c, d, expected, &options);
            CHECK(result.verdict != CHECK_FAIL, "%s: %s", e->name, result.message);
            passed += result.verdict == CHECK_PASS;
        }
        CHECK(passed > 0, "%s: nothing computes %s on %s", e->name, d->name,
              harness_device_name(i));
    }
}

static void run_example(const example *e)
{
    clcnn__safetensors *st = open_file(e->file);
    check_case *c = st ? make_case(e, st) : NULL;
    int directions = 0;
    if (st)
        check_tables(e, st);
    for (const check_direction *d = c ? c->op->directions : NULL; d && d->name; d++) {
        check_expected expected;
        if (!has_inputs(c, d))
            continue;
        directions++;
        if (!CHECK(check_expected_create(c, d, &expected) == CLCNN_SUCCESS,
                   "%s: the reference refuses %s", e->name, d->name))
            continue;
        compare_reference(c, e, d, st, &expected);
        compare_devices(c, e, d, &expected);
        check_expected_free(&expected);
    }
    CHECK(directions == e->directions, "%s: %d directions, not %d", e->name, directions,
          e->directions);
    check_case_destroy(c);
    clcnn__safetensors_close(st);
}

static void test_examples(void)
{
    for (int i = 0; i < EXAMPLES; i++) {
        if (examples[i].quick || !harness_short())
            run_example(&examples[i]);
    }
}

/* ---- Printed sums ------------------------------------------------------------------------------
 */

/* The sums of whole gradients, as they were printed for inputs in double: the inputs here are those
 * rounded to float, 6e-8 of each, most of which cancels in a sum of hundreds. */
static void test_sums(void)
{
    static const struct {
        const char *file, *direction;
        double sum;
    } rows[] = {{"seed1_conv2d_backward_filter", "backward_weights", 5340.576411697173},
                {"seed1_conv2d_backward_input", "backward_data", 208.39287018595633}};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const example *e = examples;
        while (strcmp(e->file, rows[r].file) != 0)
            e++;
        clcnn__safetensors *st = open_file(e->file);
        check_case *c = st ? make_case(e, st) : NULL;
        check_expected expected;
        if (c && CHECK(check_expected_create(c, check_direction_find(c->op, rows[r].direction),
                                             &expected) == CLCNN_SUCCESS,
                       "%s: the reference refuses it", e->name)) {
            double sum = 0;
            for (size_t i = 0; i < expected.out[0].count; i++)
                sum += expected.out[0].value[i];
            CHECK(fabs(sum - rows[r].sum) <= 1e-8 * rows[r].sum, "%s: the sum is %.17g, not %.17g",
                  e->name, sum, rows[r].sum);
            check_expected_free(&expected);
        }
        check_case_destroy(c);
        clcnn__safetensors_close(st);
    }
}

/* ---- Sizes and parameters ----------------------------------------------------------------------
 */

static void test_layers(void)
{
    static const struct {
        clcnn_conv2d d;
        const char *layers;
        int p, q;
        size_t parameters;
    } rows[] = {
        {{.n = 1, .c = 3, .h = 144, .w = 144, .k = 6, .r = 3, .s = 3}, "conv 6 3x3", 142, 142, 168},
        {{.n = 1, .c = 24, .h = 60, .w = 60, .k = 48, .r = 3, .s = 3},
         "conv 48 3x3",
         58,
         58,
         10416},
        {{.n = 1, .c = 10, .h = 20, .w = 20, .k = 20, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2},
         "conv 20 3x3 stride 2",
         9,
         9,
         1820}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const clcnn_conv2d *d = &rows[i].d;
        const clcnn_net_desc net = {.layers = rows[i].layers, .c = d->c, .h = d->h, .w = d->w};
        clcnn_layer_info layer = {.c = 0};
        size_t count = 0;
        int p = 0, q = 0;
        clcnn_error error = {.message = ""};
        clcnn_status status = clcnn_conv2d_output(d, &p, &q, &error);
        CHECK(status == CLCNN_SUCCESS && p == rows[i].p && q == rows[i].q, "%s: %d x %d; %s",
              rows[i].layers, p, q, error.message);
        status = clcnn_net_layers(&net, &layer, 1, &count, &error);
        CHECK(status == CLCNN_SUCCESS && count == 1, "%s: %zu layers; %s", rows[i].layers, count,
              error.message);
        CHECK(layer.c == d->k && layer.h == rows[i].p && layer.w == rows[i].q,
              "%s: %d x %d x %d as a layer", rows[i].layers, layer.c, layer.h, layer.w);
        CHECK(layer.parameters == rows[i].parameters, "%s: %zu parameters, not %zu", rows[i].layers,
              layer.parameters, rows[i].parameters);
    }
}

static const harness_test tests[] = {{"element by element", test_examples},
                                     {"printed sums", test_sums},
                                     {"sizes and parameters", test_layers},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("notebooks", tests);
}
