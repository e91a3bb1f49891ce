/*
 * maxpool2d against its reference and against its written semantics: shapes, ties, NaN, infinities
 * and zeros of either sign in every place of a window.
 */
#include "maxpool2d_cases.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void run_cases(const maxpool2d_case *cases, int most_n, int most_c, unsigned how)
{
    sweep s = {.op = &check_op_maxpool2d};
    for (const maxpool2d_case *c = cases; c->name; c++) {
        check_desc desc = {.maxpool2d = c->d};
        if (harness_short() && !c->quick)
            continue;
        desc.maxpool2d.n = c->d.n > most_n ? most_n : c->d.n;
        desc.maxpool2d.c = c->d.c > most_c ? most_c : c->d.c;
        if (!harness_short() || (c - cases) % 2)
            sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), how);
        if (!harness_short() || (c - cases) % 2 == 0)
            sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), how);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_small(void)
{
    run_cases(maxpool2d_small, 5, 7, SWEEP_TWICE);
}

/* Both shapes of kernel, and every vector width, whatever this device would take. */
static void test_kernels(void)
{
#define ROWS(vec)                                                                                  \
    "algo device width shape use MAX_VEC ITEM LOCAL\n"                                             \
    "rows * * * 1 " vec " 3 1\n"
    static const char *const tunings[] = {
        ROWS("4"), ROWS("8"), ROWS("16"),
        "algo device width shape use MAX_VEC ITEM LOCAL\nrows * * * 0 4 1 64\n", NULL};
    sweep_tuned("maxpool2d", tunings, test_small);
}

static void test_layers(void)
{
    if (harness_short())
        run_cases(maxpool2d_layers, 1, 2, 0);
    else
        run_cases(maxpool2d_layers, 2, 8, 0);
}

/* ---- Random shapes -----------------------------------------------------------------------------
 */

typedef struct axis {
    int size, window, before, after, stride, dilation;
} axis;

/* Padding that leaves every window a tap in the image; checked by the library, drawn again if not.
 */
static axis random_axis(check_random *random)
{
    axis a = {.window = check_random_int(random, 1, 5),
              .stride = check_random_int(random, 0, 4),
              .dilation = check_random_int(random, 0, 3)};
    const int extent = (a.dilation ? a.dilation : 1) * (a.window - 1) + 1;
    a.before = check_random_int(random, 0, extent - 1);
    a.after = check_random_int(random, 0, extent - 1);
    const int least = extent - a.before - a.after;
    a.size = (least > 1 ? least : 1) + check_random_int(random, 0, 14);
    return a;
}

static clcnn_maxpool2d random_desc(check_random *random)
{
    clcnn_maxpool2d d;
    int p, q;
    do {
        const axis h = random_axis(random), w = random_axis(random);
        d = (clcnn_maxpool2d){.n = check_random_int(random, 1, 3),
                              .c = check_random_int(random, 1, 5),
                              .h = h.size,
                              .w = w.size,
                              .r = h.window,
                              .s = w.window,
                              .pad_top = h.before,
                              .pad_left = w.before,
                              .pad_bottom = h.after,
                              .pad_right = w.after,
                              .stride_h = h.stride,
                              .stride_w = w.stride,
                              .dilation_h = h.dilation,
                              .dilation_w = w.dilation,
                              .accumulate = check_random_int(random, 0, 1),
                              .ceil_mode = check_random_int(random, 0, 1)};
    } while (clcnn_maxpool2d_output(&d, &p, &q, NULL) != CLCNN_SUCCESS);
    return d;
}

static void test_random(void)
{
    sweep s = {.op = &check_op_maxpool2d};
    const int count = harness_short() ? 6 : 150;
    for (int i = 0; i < count; i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const check_desc desc = {.maxpool2d = random_desc(&random)};
        char name[64];
        snprintf(name, sizeof name, "random shape %d", i);
        sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
    }
    sweep_check_filled(&s);
}

/* What PyTorch's rule gives; by hand. */
static void test_ceil_mode(void)
{
    static const struct {
        int size, window, before, after, stride, dilation, down, up; /* 0: refused */
    } rows[] = {{5, 2, 0, 0, 2, 1, 2, 3}, {6, 3, 0, 0, 2, 1, 2, 3},  {7, 3, 0, 0, 2, 1, 3, 3},
                {4, 3, 1, 1, 2, 1, 2, 3}, {5, 2, 1, 1, 2, 1, 3, 3},  {8, 3, 0, 0, 3, 1, 2, 3},
                {2, 3, 0, 0, 2, 1, 0, 1}, {2, 4, 0, 0, 2, 1, 0, 0},  {9, 2, 0, 0, 5, 1, 2, 2},
                {6, 2, 0, 0, 5, 1, 1, 2}, {10, 3, 1, 0, 4, 2, 2, 3}, {5, 1, 0, 0, 5, 1, 1, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        clcnn_maxpool2d d = {.n = 1,
                             .c = 1,
                             .h = rows[i].size,
                             .w = 1,
                             .r = rows[i].window,
                             .s = 1,
                             .pad_top = rows[i].before,
                             .pad_bottom = rows[i].after,
                             .stride_h = rows[i].stride,
                             .stride_w = 1,
                             .dilation_h = rows[i].dilation};
        for (d.ceil_mode = 0; d.ceil_mode < 2; d.ceil_mode++) {
            int p = 0, q = 0;
            const clcnn_status status = clcnn_maxpool2d_output(&d, &p, &q, NULL);
            const int want = d.ceil_mode ? rows[i].up : rows[i].down;
            CHECK(p == want && (status == CLCNN_SUCCESS) == (want > 0),
                  "row %zu, ceil_mode %d: %d (%s), not %d", i, d.ceil_mode, p,
                  clcnn_status_name(status), want);
        }
    }
    clcnn_maxpool2d far = {.n = 1, .c = 1, .h = 5, .w = 5, .r = 2, .s = 2, .ceil_mode = 1};
    int p = 0, q = 0;
    far.stride_h = INT32_MAX;
    CHECK(clcnn_maxpool2d_output(&far, &p, &q, NULL) == CLCNN_UNSUPPORTED, "a stride of 2^31 - 1");
}

/* ---- Special values ----------------------------------------------------------------------------
 */

static check_case *make_case(const clcnn_maxpool2d *d)
{
    return sweep_make(&check_op_maxpool2d, &(check_desc){.maxpool2d = *d}, CHECK_REALS);
}

static void run_both(const char *name, check_case *c)
{
    sweep s = {.op = &check_op_maxpool2d};
    const clcnn_status status = check_case_derive(c);
    CHECK(status == CLCNN_SUCCESS, "%s: %s", name, clcnn_status_name(status));
    sweep_case(&s, name, c, 0);
}

/* A scene is there so many times: where vectors take several windows, single ones take the last. */
enum { TIMES = 5 };

/*
 * Windows of one image each (one channel per scene): window position `place` holds the value, the
 * other taps hold the background; with two values, the pair is at all pairs of places.
 */
static void place_values(const char *name, const clcnn_maxpool2d *shape, float first, float second,
                         float background)
{
    const int taps = shape->r * shape->s;
    clcnn_maxpool2d d = *shape;
    d.n = TIMES * taps;
    d.c = taps;
    d.h = shape->r;
    d.w = shape->s;
    check_case *c = make_case(&d);
    float *x = check_case_input(c, "x")->f;
    for (int i = 0; i < d.n; i++) {
        for (int j = 0; j < taps; j++) {
            float *window = x + (i * taps + j) * taps;
            for (int t = 0; t < taps; t++)
                window[t] = background;
            window[i % taps] = first;
            window[j] = second;
        }
    }
    run_both(name, c);
    check_case_destroy(c);
}

static void test_special_values(void)
{
    static const struct {
        const char *name;
        float value;
    } values[] = {{"NaN", NAN},
                  {"Inf", INFINITY},
                  {"-Inf", -INFINITY},
                  {"0", 0.0f},
                  {"-0", -0.0f},
                  {"the smallest denormal", 0x1p-149f},
                  {"a denormal", -0x1p-130f},
                  {"the largest float", FLT_MAX},
                  {"the lowest float", -FLT_MAX},
                  {"1", 1.0f}};
    static const clcnn_maxpool2d shapes[] = {{.r = 2, .s = 2},
                                             {.r = 3, .s = 3},
                                             {.r = 3, .s = 3, .stride_h = 2, .stride_w = 2},
                                             {.r = 1, .s = 5}};
    const size_t count = sizeof values / sizeof *values;
    const size_t shape_count = harness_short() ? 1 : sizeof shapes / sizeof *shapes;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            for (size_t shape = 0; shape < shape_count; shape++) {
                char name[128];
                const float background = (i + j) % 2 ? -1.0f : -INFINITY;
                snprintf(name, sizeof name, "%s and %s among %g", values[i].name, values[j].name,
                         (double)background);
                if (!harness_short() || (i + 2 * j) % 5 == 0)
                    place_values(name, &shapes[shape], values[i].value, values[j].value,
                                 background);
            }
        }
    }
}

/* What the words in the header say, without the reference in between. */
static void test_semantics(void)
{
    static const struct {
        const char *name;
        float x[4], y;
        int32_t argmax;
    } rows[] = {{"ties: the first", {2, 7, 7, 7}, 7, 1},
                {"all equal: the first", {3, 3, 3, 3}, 3, 0},
                {"a NaN wins", {9, 8, NAN, INFINITY}, NAN, 2},
                {"the first NaN", {1, NAN, 2, NAN}, NAN, 1},
                {"nothing but -Inf", {-INFINITY, -INFINITY, -INFINITY, -INFINITY}, -INFINITY, 0},
                {"-Inf and a number", {-INFINITY, -INFINITY, -FLT_MAX, -INFINITY}, -FLT_MAX, 2},
                {"negative numbers", {-4, -3, -2, -1}, -1, 3},
                {"zeros are equal", {-0.0f, 0, -0.0f, 0}, -0.0f, 0}};
    enum { ROWS = sizeof rows / sizeof *rows };
    const clcnn_maxpool2d d = {.n = TIMES, .c = ROWS, .h = 2, .w = 2, .r = 2, .s = 2};
    check_case *c = make_case(&d);
    for (int i = 0; i < TIMES * ROWS; i++)
        memcpy(check_case_input(c, "x")->f + 4 * i, rows[i % ROWS].x, sizeof rows[0].x);
    for (int device = 0; device < harness_device_count(); device++) {
        check_result r =
            sweep_run("semantics", c, "forward", device, (check_options){.keep = true});
        for (int i = 0; r.out[0] && r.out[1] && i < TIMES * ROWS; i++) {
            const float y = ((const float *)r.out[0])[i], want = rows[i % ROWS].y;
            const int32_t argmax = ((const int32_t *)r.out[1])[i], at = rows[i % ROWS].argmax;
            const bool same = isnan(want) ? isnan(y) : memcmp(&y, &want, sizeof y) == 0;
            CHECK(same && argmax == at, "%s: %g at %d, not %g at %d", rows[i % ROWS].name,
                  (double)y, (int)argmax, (double)want, (int)at);
        }
        check_result_free(&r);
    }
    check_case_destroy(c);
}

/* Padding never wins, whatever the image holds. */
static void test_padding(void)
{
    static const float values[] = {-INFINITY, -FLT_MAX, -1, NAN};
    const clcnn_maxpool2d d = {.n = 1,
                               .c = 4,
                               .h = 4,
                               .w = 5,
                               .r = 3,
                               .s = 3,
                               .pad_top = 1,
                               .pad_left = 2,
                               .pad_bottom = 2,
                               .pad_right = 1,
                               .stride_h = 1,
                               .stride_w = 1};
    check_case *c = make_case(&d);
    check_tensor *x = check_case_input(c, "x");
    for (size_t i = 0; i < x->count; i++)
        x->f[i] = values[i / (x->count / 4)];
    run_both("padding around one value", c);
    check_case_destroy(c);
}

/* ---- Arguments in device memory ----------------------------------------------------------------
 */

/* Indices that no forward writes: they contribute nothing and are no address. */
static void test_foreign_argmax(void)
{
    static const int32_t foreign[] = {-1,  INT32_MIN, INT32_MAX, 110,
                                      111, 1 << 30,   -110,      0x7F800000};
    static const clcnn_maxpool2d shapes[] = {
        {.n = 2, .c = 3, .h = 11, .w = 10, .r = 3, .s = 3, .stride_h = 2, .stride_w = 2},
        {.n = 2, .c = 3, .h = 11, .w = 10, .r = 2, .s = 2},
        {.n = 2, .c = 3, .h = 10, .w = 10, .r = 2, .s = 2},
        {.n = 1, .c = 2, .h = 11, .w = 10, .r = 2, .s = 3, .dilation_w = 2, .accumulate = 1}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        sweep s = {.op = &check_op_maxpool2d};
        check_case *c = make_case(&shapes[i]);
        check_tensor *argmax = check_case_input(c, "argmax");
        for (size_t at = 0; at < argmax->count; at += 3)
            argmax->i[at] = foreign[at / 3 % (sizeof foreign / sizeof *foreign)];
        sweep_case(&s, "foreign argmax", c, 0);
        check_case_destroy(c);
    }
}

static void test_no_argmax(void)
{
    for (const maxpool2d_case *row = maxpool2d_small; row->name; row++) {
        if (harness_short() && !row->quick)
            continue;
        check_case *c = make_case(&row->d);
        for (int i = 0; i < harness_device_count(); i++)
            sweep_run(row->name, c, "forward", i, (check_options){.without = 2});
        check_case_destroy(c);
    }
}

/* ---- Adjoint identity --------------------------------------------------------------------------
 */

/* <y, dy> = <x, dx>, exact on integers: with the argmax held fixed, pooling is linear. */
static void test_adjoint(void)
{
    for (const maxpool2d_case *row = maxpool2d_small; row->name; row++) {
        clcnn_maxpool2d d = row->d;
        clcnn_error error = {.message = ""};
        d.accumulate = 0;
        if (harness_short() && !row->quick)
            continue;
        check_case *c = check_case_create(&check_op_maxpool2d, &(check_desc){.maxpool2d = d},
                                          CHECK_INTEGERS, harness_seed(), &error);
        if (!CHECK(c != NULL, "%s: %s", row->name, error.message))
            continue;
        const check_tensor *x = check_case_input(c, "x"), *dy = check_case_input(c, "dy");
        for (int i = 0; i < harness_device_count(); i++) {
            check_result y = sweep_run(row->name, c, "forward", i, (check_options){.keep = true});
            check_result dx = sweep_run(row->name, c, "backward", i, (check_options){.keep = true});
            int64_t a = 0, b = 0;
            for (size_t at = 0; y.out[0] && at < dy->count; at++)
                a += (int64_t)((const float *)y.out[0])[at] * (int64_t)dy->f[at];
            for (size_t at = 0; dx.out[0] && at < x->count; at++)
                b += (int64_t)((const float *)dx.out[0])[at] * (int64_t)x->f[at];
            CHECK(y.out[0] && dx.out[0] && a == b, "%s: <y,dy> = %lld, <x,dx> = %lld", row->name,
                  (long long)a, (long long)b);
            check_result_free(&y);
            check_result_free(&dx);
        }
        check_case_destroy(c);
    }
}

/* A tuning row that leaves a work-item nothing to do builds no kernel, whatever the windows. */
static void test_no_rows(void)
{
    const check_desc desc[] = {{.maxpool2d = {.n = 1, .c = 2, .h = 4, .w = 6, .r = 2, .s = 2}},
                               {.maxpool2d = {.n = 1, .c = 2, .h = 5, .w = 6, .r = 2, .s = 2}}};
    for (int device = 0; device < harness_device_count(); device++) {
        clcnn_ctx *ctx = harness_ctx(device);
        clcnn_ctx_tune(ctx, "maxpool2d",
                       "algo device width shape use MAX_VEC ITEM LOCAL\nrows * * * 1 4 0 1\n");
        for (size_t i = 0; i < sizeof desc / sizeof *desc; i++) {
            check_case *c = sweep_make(&check_op_maxpool2d, &desc[i], CHECK_REALS);
            const check_direction *forward = check_direction_find(&check_op_maxpool2d, "forward");
            check_expected expected;
            if (c && CHECK(check_expected_create(c, forward, &expected) == CLCNN_SUCCESS, "none")) {
                const check_options options = {.ctx = ctx};
                const check_result result = check_run(c, forward, &expected, &options);
                CHECK(result.verdict == CHECK_FAIL && strstr(result.message, "CLCNN_BUILD_FAILED"),
                      "0 rows of a work-item: \"%s\"", result.message);
                check_expected_free(&expected);
            }
            check_case_destroy(c);
        }
        harness_own_rows(ctx, "maxpool2d");
    }
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"every kernel", test_kernels},
                                     {"layers of networks", test_layers},
                                     {"random shapes", test_random},
                                     {"sizes rounded up", test_ceil_mode},
                                     {"special values", test_special_values},
                                     {"written semantics", test_semantics},
                                     {"padding never wins", test_padding},
                                     {"foreign argmax", test_foreign_argmax},
                                     {"without argmax", test_no_argmax},
                                     {"adjoint identity", test_adjoint},
                                     {"work-items without rows", test_no_rows},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("maxpool2d", tests);
}
