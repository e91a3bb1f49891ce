/*
 * What conv2d's Winograd algorithm promises beyond being right (tests/conv2d.c): how much it
 * rounds, with steep activations and by the adjoint identity too, what NaN, infinities and large
 * numbers do, that it can be refused, that no bit depends on the workspace; and random
 * shapes, cut up in every way. Prints the errors that it measured.
 */
#include "check.h"
#include "harness.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const clcnn_conv2d layers[] = {
    {.n = 2, .c = 1, .h = 28, .w = 28, .k = 16, .r = 3, .s = 3},
    {.n = 2, .c = 16, .h = 28, .w = 28, .k = 16, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1},
    {.n = 1, .c = 64, .h = 28, .w = 28, .k = 32, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1},
    {.n = 1, .c = 256, .h = 14, .w = 14, .k = 64, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1}};
enum { LAYERS = sizeof layers / sizeof *layers };

static check_case *make_case_of(const clcnn_conv2d *d, check_values values)
{
    clcnn_error error = {.message = ""};
    const check_desc desc = {.conv2d = *d};
    check_case *c = check_case_create(&check_op_conv2d, &desc, values, harness_seed(), &error);
    CHECK(c != NULL, "%s", error.message);
    return c;
}

static check_case *make_case(const clcnn_conv2d *d)
{
    return make_case_of(d, CHECK_REALS);
}

/* By this algorithm, outputs kept, whatever the verdict. */
static check_result run(const check_case *c, const check_direction *way,
                        const check_expected *expected, int device, const char *algo)
{
    const check_options options = {.ctx = harness_ctx(device), .algo = algo, .keep = true};
    return check_run(c, way, expected, &options);
}

static const clcnn_algo *winograd(void)
{
    const clcnn_algo *algo = clcnn_algos("conv2d");
    while (strcmp(algo->name, "winograd") != 0)
        algo++;
    return algo;
}

/* The class's bound of an element, `largest` the product of the tensors' largest elements. */
static double bound_of(const check_expected *e, clcnn_direction direction, size_t i, double largest)
{
    const double n = e->out[0].n, m = (n + 2) * 0x1p-24;
    return m / (1 - m) * e->out[0].mag[i] +
           clcnn_error_bound(winograd(), direction, n, n * largest) + (n + 2) * 0x1p-126;
}

/* ---- Errors ------------------------------------------------------------------------------------
 */

typedef struct errors {
    double largest, mean_square; /* beside the largest result, and the mean square of results */
} errors;

static errors errors_of(const float *got, const double *want, size_t count)
{
    double largest = 0, most = 0, square = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        const double error = fabs((double)got[i] - want[i]);
        largest = fmax(largest, error);
        most = fmax(most, fabs(want[i]));
        square += error * error;
        squares += want[i] * want[i];
    }
    return (errors){largest / most, sqrt(square / squares)};
}

/* False where the device does not support it. */
static bool measure(const check_case *c, const check_direction *way, const check_expected *expected,
                    int device, const char *algo, errors *e)
{
    check_result result = run(c, way, expected, device, algo);
    const bool passed = result.verdict == CHECK_PASS;
    CHECK(result.verdict != CHECK_FAIL, "%s", result.message);
    if (passed)
        *e = errors_of(result.out[0], expected->out[0].value, expected->out[0].count);
    check_result_free(&result);
    return passed;
}

/*
 * In units of 2^-24. A plain sum is the yardstick. What is promised is the class's bound, which
 * `measure` holds; TIMES is derived from nothing and promises nothing: the mean errors were
 * measured at 1.4 to 4.7 times a plain sum's, and other interpolation points or a lost digit in a
 * transform would show here long before the bound does.
 */
static void compare(const clcnn_conv2d *d, int device, const check_direction *way)
{
    enum { TIMES = 8 };
    check_case *c = make_case(d);
    check_expected expected;
    if (!CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference"))
        return;
    errors plain, fast;
    if (CHECK(measure(c, way, &expected, device, "direct", &plain) &&
                  measure(c, way, &expected, device, "winograd", &fast),
              "%s: unsupported", way->name)) {
        printf(
            "  %3d -> %3d channels, %2d x %2d, %-16s  direct %5.1f rms %5.2f   winograd %6.1f rms "
            "%5.2f\n",
            d->c, d->k, d->h, d->w, way->name, plain.largest * 0x1p24, plain.mean_square * 0x1p24,
            fast.largest * 0x1p24, fast.mean_square * 0x1p24);
        CHECK(fast.mean_square < TIMES * plain.mean_square + 0x1p-24,
              "%s: the mean error is %g, a plain sum's %g", way->name, fast.mean_square,
              plain.mean_square);
    }
    check_expected_free(&expected);
    check_case_destroy(c);
}

static void test_errors(void)
{
    for (int device = 0; device < harness_device_count(); device++) {
        printf(
            "largest error by the largest result, rms error by the rms result, in 2^-24, on %s\n",
            harness_device_name(device));
        for (int i = 0; i < (harness_short() ? 1 : LAYERS); i++) {
            clcnn_conv2d d = layers[i];
            d.pad_bottom = d.pad_top;
            d.pad_right = d.pad_left;
            if (harness_short())
                d.h = d.w = 7;
            for (const check_direction *way = check_op_conv2d.directions; way->name; way++)
                compare(&d, device, way);
        }
    }
}

/* ---- Steep activations -------------------------------------------------------------------------
 */

static const struct {
    clcnn_activation_kind kind;
    double alpha;
} activations[] = {{CLCNN_IDENTITY, 0},       {CLCNN_RELU, 0},     {CLCNN_LEAKY_RELU, 5},
                   {CLCNN_LEAKY_RELU, -1000}, {CLCNN_ELU, 1000},   {CLCNN_SIGMOID, 0},
                   {CLCNN_SILU, 0},           {CLCNN_GELU_TANH, 0}};
enum { ACTIVATIONS = sizeof activations / sizeof *activations };

/* Whether an element's error is beyond what a plain sum's could be. */
static bool beyond_a_sum(const check_result *result, const check_expected *e)
{
    const double n = e->out[0].n, m = (n + 2) * 0x1p-24;
    const float *got = result->out[0];
    bool found = false;
    for (size_t i = 0; got && i < e->out[0].count; i++)
        found |= fabs((double)got[i] - e->out[0].value[i]) >
                 m / (1 - m) * e->out[0].mag[i] + (n + 2) * 0x1p-126;
    return found;
}

/* A large number among small ones: a tile's results round at its size, also those that do not have
 * it as a summand. Only the second term of the bound, by the activation's slope, allows that. */
static void test_steep(void)
{
    clcnn_conv2d d = {.n = 1, .c = 2, .h = 18, .w = 18, .k = 18, .r = 3, .s = 3};
    if (harness_short()) /* rounding is not a simulator's business */
        return;
    for (int a = 0; a < ACTIVATIONS; a++) {
        d.activation = activations[a].kind;
        d.alpha = activations[a].alpha;
        check_case *c = make_case(&d);
        check_tensor *x = check_case_input(c, "x");
        const check_direction *way = check_direction_find(&check_op_conv2d, "forward");
        check_expected expected;
        check_case_drop(c, "b");
        for (size_t i = 0; i < x->count; i++)
            x->f[i] *= i % 19 == 7 ? 1.0f : 0x1p-24f;
        CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference");
        for (int device = 0; device < harness_device_count(); device++) {
            check_result result = run(c, way, &expected, device, "winograd");
            CHECK(result.verdict == CHECK_PASS, "%s", result.message);
            CHECK(activations[a].kind != CLCNN_IDENTITY || beyond_a_sum(&result, &expected),
                  "a plain sum could have these errors: the case asks for nothing");
            check_result_free(&result);
        }
        check_expected_free(&expected);
        check_case_destroy(c);
    }
}

/* ---- Few products ------------------------------------------------------------------------------
 */

static const struct {
    clcnn_conv2d d;
    const char *direction;
} lean[] = {{{.n = 1, .c = 1, .h = 130, .w = 130, .k = 64}, "forward"},
            {{.n = 1, .c = 64, .h = 130, .w = 130, .k = 1}, "backward_data"},
            {{.n = 1, .c = 96, .h = 3, .w = 3, .k = 96}, "backward_weights"},
            {{.n = 1, .c = 96, .h = 4, .w = 4, .k = 96}, "backward_weights"}};

/* Numbers near +-1. */
static void near_one(check_tensor *t)
{
    for (size_t i = 0; i < t->count; i++)
        t->f[i] = (t->f[i] < 0 ? -1.0f : 1.0f) * (1 - fabsf(t->f[i] - truncf(t->f[i])) * 0x1p-9f);
}

/* Sums of one channel or of one product, of large numbers alone: nothing comes closer to the bound,
 * because the errors of more of them cancel, while what a plain sum may have grows. */
static void test_few_products(void)
{
    if (harness_short()) /* rounding is not a simulator's business */
        return;
    for (size_t i = 0; i < sizeof lean / sizeof *lean; i++) {
        clcnn_conv2d d = lean[i].d;
        d.r = d.s = 3;
        check_case *c = make_case(&d);
        const check_direction *way = check_direction_find(&check_op_conv2d, lean[i].direction);
        check_expected expected;
        check_case_drop(c, "b");
        near_one(check_case_input(c, "x"));
        near_one(check_case_input(c, "w"));
        near_one(check_case_input(c, "dy"));
        CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference");
        for (int device = 0; device < harness_device_count(); device++) {
            check_result result = run(c, way, &expected, device, "winograd");
            printf("  %-16s of %2d -> %2d channels, %3d x %3d: %5.3f of the bound\n",
                   lean[i].direction, d.c, d.k, d.h, d.w, result.worst);
            CHECK(result.verdict == CHECK_PASS, "%s", result.message);
            CHECK(beyond_a_sum(&result, &expected),
                  "a plain sum could have these errors: the case asks for nothing");
            check_result_free(&result);
        }
        check_expected_free(&expected);
        check_case_destroy(c);
    }
}

/* ---- The adjoint identity ----------------------------------------------------------------------
 */

/* An inner product of a result, and how far its errors may have taken it. */
typedef struct inner {
    double sum, slack;
} inner;

static inner inner_product(const check_case *c, int device, const char *direction,
                           const check_tensor *other)
{
    const check_direction *way = check_direction_find(&check_op_conv2d, direction);
    check_expected expected;
    inner p = {0, 0};
    if (!CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference"))
        return p;
    double largest = 1;
    for (int i = 0; check_op_conv2d.inputs[i].name; i++) {
        double most = 0;
        for (size_t e = 0; way->needs >> i & 1 && e < c->in[i].count; e++)
            most = fmax(most, fabs((double)c->in[i].f[e]));
        largest *= way->needs >> i & 1 ? most : 1;
    }
    check_result result = run(c, way, &expected, device, "winograd");
    const float *got = result.out[0];
    for (size_t i = 0; CHECK(got != NULL, "%s", result.message) && i < other->count; i++) {
        p.sum += (double)got[i] * (double)other->f[i];
        p.slack += bound_of(&expected, way->direction, i, largest) * fabs((double)other->f[i]);
    }
    check_result_free(&result);
    check_expected_free(&expected);
    return p;
}

/* <y, dy> = <x, dx> = <w, dw>, but for what the errors of the results may be. */
static void test_adjoint(void)
{
    const clcnn_conv2d d = {
        .n = 2, .c = 5, .h = 9, .w = 11, .k = 18, .r = 3, .s = 3, .pad_top = 1, .pad_right = 1};
    const clcnn_conv2d few = {.n = 1, .c = 1, .h = 4, .w = 5, .k = 2, .r = 3, .s = 3};
    check_case *c = make_case_of(harness_short() ? &few : &d, CHECK_INTEGERS);
    check_case_drop(c, "b");
    for (int device = 0; device < harness_device_count(); device++) {
        const inner y = inner_product(c, device, "forward", check_case_input(c, "dy"));
        const inner dx = inner_product(c, device, "backward_data", check_case_input(c, "x"));
        const inner dw = inner_product(c, device, "backward_weights", check_case_input(c, "w"));
        CHECK(fabs(y.sum - dx.sum) <= y.slack + dx.slack &&
                  fabs(y.sum - dw.sum) <= y.slack + dw.slack,
              "<y,dy> = %.17g +- %g, <x,dx> = %.17g +- %g, <w,dw> = %.17g +- %g", y.sum, y.slack,
              dx.sum, dx.slack, dw.sum, dw.slack);
        CHECK(fabs(y.sum) > 10 * (y.slack + dx.slack + dw.slack),
              "<y,dy> = %g, and errors of %g are allowed: the case says nothing", y.sum,
              y.slack + dx.slack + dw.slack);
    }
    check_case_destroy(c);
}

/* ---- NaN, infinities, large numbers ------------------------------------------------------------
 */

enum { SIDE = 4, TILE = 6 }; /* of a tile of results, and of the inputs that it meets */

/* Whether a tile that meets the place at `row` has results or, to the weights, summands there. */
static bool tile_meets(int tile, int place)
{
    return place >= tile * SIDE && place < tile * SIDE + TILE;
}

/* Which results may be no number where x[0][0][row][column] is none: those of its tiles and, to the
 * weights, all nine taps of its channel. */
static bool may_spread(const clcnn_conv2d *d, clcnn_direction direction, size_t i, int row,
                       int column)
{
    if (direction == CLCNN_BACKWARD_WEIGHTS)
        return (int)i / 9 % d->c == 0;
    const int q = d->w - 2, p = d->h - 2;
    const int column_tile = (int)i % q / SIDE, row_tile = (int)i / q % p / SIDE;
    return tile_meets(row_tile, row) && tile_meets(column_tile, column);
}

/* What is no number by the formula is none; what is too far away is right; the class's bound has
 * no infinite elements, and the others are below 1. */
static void judge_spread(const check_case *c, const check_direction *way, int device, int row,
                         int column)
{
    const clcnn_conv2d *d = &c->desc.conv2d;
    check_expected e;
    size_t right = 0;
    if (!CHECK(check_expected_create(c, way, &e) == CLCNN_SUCCESS, "no reference"))
        return;
    check_result result = run(c, way, &e, device, "winograd");
    const float *got = result.out[0];
    for (size_t i = 0; CHECK(got != NULL, "%s", result.message) && i < e.out[0].count; i++) {
        const double want = e.out[0].value[i], value = (double)got[i];
        if (!isfinite(want))
            CHECK(!isfinite(value), "%s, place %d,%d: result %zu is %g, not %g", way->name, row,
                  column, i, value, want);
        else if (!may_spread(d, way->direction, i, row, column)) {
            CHECK(fabs(value - want) <= bound_of(&e, way->direction, i, 1),
                  "%s, place %d,%d: result %zu is %g, not %g", way->name, row, column, i, value,
                  want);
            right++;
        }
    }
    CHECK(right > 0, "%s: everything may be no number", way->name);
    check_result_free(&result);
    check_expected_free(&e);
}

static void test_special_values(void)
{
    static const float values[] = {NAN, INFINITY, -INFINITY};
    const clcnn_conv2d d = {.n = 2, .c = 3, .h = 12, .w = 15, .k = 5, .r = 3, .s = 3};
    const clcnn_conv2d few = {.n = 1, .c = 2, .h = 7, .w = 7, .k = 1, .r = 3, .s = 3};
    check_case *c = make_case(harness_short() ? &few : &d);
    const int h = c->desc.conv2d.h, w = c->desc.conv2d.w;
    float *x = check_case_input(c, "x")->f;
    for (int v = 0; v < (harness_short() ? 1 : 3); v++)
        for (int place = 0; place < h * w; place += harness_short() ? h * w : 7) {
            const float drawn = x[place];
            x[place] = values[v];
            for (int device = 0; device < harness_device_count(); device++) {
                const char *const ways[] = {"forward", "backward_weights"};
                for (int i = 0; i < 2; i++)
                    judge_spread(c, check_direction_find(&check_op_conv2d, ways[i]), device,
                                 place / w, place % w);
            }
            x[place] = drawn;
        }
    check_case_destroy(c);
}

/* Of the sizes that are given; signs so that the input's transform adds up all that it can. */
static void fill_signed(check_tensor *t, int width, int height, double size)
{
    for (size_t i = 0; i < t->count; i++) {
        const int column = (int)(i % (size_t)width), row = (int)(i / (size_t)width) % height;
        const bool minus = ((column + 3) % SIDE < 2) != ((row + 3) % SIDE < 2);
        t->f[i] = (float)(minus ? -size : size);
    }
}

/*
 * The transforms add up to 33 numbers of x, or 67 of dy; what is summed and turned back is at most
 * 640 times what the plain sum can be (the sums of the magnitudes in a row of each matrix of
 * kernels/conv2d_winograd.cl, squared). So nothing overflows below a 128th of the largest float,
 * and of its 1024th in the plain sum.
 */
static void run_large(const check_direction *way, int large, int device)
{
    const clcnn_conv2d d = {.n = 1, .c = 2, .h = 10, .w = 10, .k = 3, .r = 3, .s = 3};
    const struct {
        const char *name;
        int side, summands; /* in a direction that reads it beside the large one, at most */
    } inputs[] = {{"x", 10, 64}, {"w", 3, 27}, {"dy", 8, 64}};
    check_case *c = make_case(&d);
    check_expected e;
    check_case_drop(c, "b");
    for (int i = 0; i < 3; i++) {
        check_tensor *t = check_case_input(c, inputs[i].name);
        const bool is_large = t == &c->in[large];
        fill_signed(t, inputs[i].side, inputs[i].side,
                    is_large ? (double)FLT_MAX / 128 : 1.0 / 8 / inputs[i].summands);
    }
    CHECK(check_expected_create(c, way, &e) == CLCNN_SUCCESS, "no reference");
    check_result result = run(c, way, &e, device, "winograd");
    CHECK(result.verdict == CHECK_PASS, "%s", result.message);
    check_result_free(&result);
    check_expected_free(&e);
    check_case_destroy(c);
}

static void test_large(void)
{
    for (int device = 0; device < harness_device_count(); device++)
        for (const check_direction *way = check_op_conv2d.directions; way->name; way++)
            for (int i = 0; check_op_conv2d.inputs[i].name && !harness_short(); i++)
                if (way->needs >> i & 1)
                    run_large(way, i, device);
}

/* Eight times as large, and the transform overflows where the plain sum is far from that. */
static void test_too_large(void)
{
    const clcnn_conv2d d = {.n = 1, .c = 1, .h = 6, .w = 6, .k = 1, .r = 3, .s = 3};
    const check_direction *way = check_direction_find(&check_op_conv2d, "forward");
    check_case *c = make_case(&d);
    check_expected e;
    fill_signed(check_case_input(c, "x"), 6, 6, (double)FLT_MAX / 16);
    CHECK(check_expected_create(c, way, &e) == CLCNN_SUCCESS, "no reference");
    for (int device = 0; device < harness_device_count(); device++) {
        check_result plain = run(c, way, &e, device, "direct");
        check_result fast = run(c, way, &e, device, "winograd");
        CHECK(plain.verdict == CHECK_PASS, "%s", plain.message);
        CHECK(
            fast.verdict == CHECK_FAIL && fast.out[0] && !isfinite(((const float *)fast.out[0])[0]),
            "%s: clcnn.h says that it may overflow, and it does not", harness_device_name(device));
        check_result_free(&plain);
        check_result_free(&fast);
    }
    check_expected_free(&e);
    check_case_destroy(c);
}

/* ---- Refusing it -------------------------------------------------------------------------------
 */

static void test_refused(void)
{
    clcnn_conv2d d = {.n = 4, .c = 64, .h = 28, .w = 28, .k = 64, .r = 3, .s = 3};
    for (int device = 0; device < harness_device_count(); device++) {
        clcnn_ctx *ctx = harness_ctx(device);
        for (int way = CLCNN_FORWARD; way <= CLCNN_BACKWARD_WEIGHTS; way++) {
            clcnn_plan plan = {.algo = "untouched"};
            d.dot_only = 0;
            CHECK(clcnn_conv2d_plan(ctx, &d, (clcnn_direction)way, "winograd", CLCNN_ANY_WORKSPACE,
                                    &plan) == CLCNN_SUCCESS &&
                      strcmp(plan.algo, "winograd") == 0,
                  "%s", clcnn_last_error(ctx)->message);
            d.dot_only = 1;
            plan.algo = "untouched";
            CHECK(clcnn_conv2d_plan(ctx, &d, (clcnn_direction)way, "winograd", CLCNN_ANY_WORKSPACE,
                                    &plan) == CLCNN_UNSUPPORTED &&
                      strcmp(plan.algo, "untouched") == 0,
                  "it was not refused: %s", plan.algo);
            CHECK(strstr(clcnn_last_error(ctx)->message, "dot_only") != NULL, "\"%s\"",
                  clcnn_last_error(ctx)->message);
            CHECK(clcnn_conv2d_plan(ctx, &d, (clcnn_direction)way, NULL, CLCNN_ANY_WORKSPACE,
                                    &plan) == CLCNN_SUCCESS &&
                      strcmp(plan.algo, "winograd") != 0,
                  "the default is %s", plan.algo);
        }
    }
}

/* ---- Workspace ---------------------------------------------------------------------------------
 */

/* With less and less workspace: never more than allowed, and always the same bits. Returns how many
 * different sizes were had. */
static int with_less(const check_case *c, const check_direction *way,
                     const check_expected *expected, int device)
{
    size_t limit = CLCNN_ANY_WORKSPACE;
    float *first = NULL;
    int sizes = 0;
    for (;;) {
        clcnn_plan plan;
        if (clcnn_conv2d_plan(harness_ctx(device), &c->desc.conv2d, way->direction, "winograd",
                              limit, &plan) != CLCNN_SUCCESS)
            break;
        CHECK(plan.workspace_bytes <= limit, "%zu bytes of %zu", plan.workspace_bytes, limit);
        const check_options options = {
            .ctx = harness_ctx(device), .algo = "winograd", .max_workspace = &limit, .keep = true};
        check_result result = check_run(c, way, expected, &options);
        CHECK(result.verdict == CHECK_PASS, "%zu bytes: %s", limit, result.message);
        if (result.out[0] && first)
            CHECK(memcmp(first, result.out[0], expected->out[0].count * sizeof *first) == 0,
                  "%s: other bits with %zu bytes of workspace", way->name, plan.workspace_bytes);
        if (!first) {
            first = result.out[0];
            result.out[0] = NULL;
        }
        check_result_free(&result);
        sizes++;
        limit = plan.workspace_bytes - 1;
    }
    free(first);
    return sizes;
}

/* A row that fuses up to so many channels and keeps so many KiB in the cache, for every device. */
static void tune_cut(clcnn_ctx *ctx, int fuse, int chunk)
{
    char rows[256];
    snprintf(rows, sizeof rows,
             "algo device width shape use VEC VECS PIX CHANNELS FUSE CHUNK\n"
             "winograd * * * 1 4 2 4 16 %d %d\n",
             fuse, chunk);
    CHECK(clcnn_ctx_tune(ctx, "conv2d", rows) == CLCNN_SUCCESS, "%s",
          clcnn_last_error(ctx)->message);
}

/* Fused there is but one size: what is needed are the weights, or all sums. */
static void test_workspace(void)
{
    const clcnn_conv2d d = {.n = 3, .c = 5, .h = 21, .w = 33, .k = 37, .r = 3, .s = 3};
    if (harness_short()) /* each size is a run; tests/conv2d.c has one */
        return;
    check_case *c = make_case(&d);
    for (int device = 0; device < harness_device_count(); device++)
        for (const check_direction *way = check_op_conv2d.directions; way->name; way++) {
            check_expected expected;
            if (!CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference"))
                continue;
            tune_cut(harness_ctx(device), 0, 8192);
            const int sizes = with_less(c, way, &expected, device);
            CHECK(sizes > 3, "%s: only %d sizes of workspace", way->name, sizes);
            clcnn_ctx_tune(harness_ctx(device), "conv2d", NULL);
            harness_own_rows(harness_ctx(device), "conv2d");
            CHECK(with_less(c, way, &expected, device) > 0, "%s: no workspace will do", way->name);
            check_expected_free(&expected);
        }
    check_case_destroy(c);
}

/* ---- Parts ------------------------------------------------------------------------------------
 */

/* Where nothing fits the cache the work is cut as small as it can be, and the bits are the same. */
static void cut_up(const check_case *c, const check_direction *way, const check_expected *expected,
                   int device)
{
    clcnn_ctx *ctx = harness_ctx(device);
    const check_options options = {.ctx = ctx, .algo = "winograd", .keep = true};
    const int chunks[] = {8192, 1};
    check_result results[2];
    size_t bytes[2];
    for (int i = 0; i < 2; i++) {
        clcnn_plan plan = {.algo = NULL};
        tune_cut(ctx, 0, chunks[i]);
        CHECK(clcnn_conv2d_plan(ctx, &c->desc.conv2d, way->direction, "winograd",
                                CLCNN_ANY_WORKSPACE, &plan) == CLCNN_SUCCESS,
              "%s", clcnn_last_error(ctx)->message);
        bytes[i] = plan.workspace_bytes;
        results[i] = check_run(c, way, expected, &options);
        CHECK(results[i].verdict == CHECK_PASS, "%s: %s", way->name, results[i].message);
        clcnn_ctx_tune(ctx, "conv2d", NULL);
    }
    CHECK(bytes[1] < bytes[0], "%s: %zu bytes in parts, %zu whole", way->name, bytes[1], bytes[0]);
    if (results[0].out[0] && results[1].out[0])
        CHECK(memcmp(results[0].out[0], results[1].out[0],
                     expected->out[0].count * sizeof(float)) == 0,
              "%s: other bits in parts", way->name);
    for (int i = 0; i < 2; i++)
        check_result_free(&results[i]);
}

static void test_parts(void)
{
    const clcnn_conv2d layer = {.n = 3, .c = 21, .h = 9, .w = 10, .k = 23, .r = 3, .s = 3};
    check_case *c = make_case(&layer);
    for (int device = 0; device < harness_device_count(); device++)
        for (const check_direction *way = check_op_conv2d.directions; way->name; way++) {
            check_expected expected;
            if (!CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference"))
                continue;
            cut_up(c, way, &expected, device);
            check_expected_free(&expected);
        }
    check_case_destroy(c);
}

/* ---- Random shapes -----------------------------------------------------------------------------
 */

/* Sizes that a window fits into, and tiles of every kind of rest. */
static clcnn_conv2d random_shape(check_random *random)
{
    static const clcnn_activation_kind kinds[] = {CLCNN_IDENTITY, CLCNN_RELU, CLCNN_LEAKY_RELU};
    const int side = harness_short() ? 7 : 23;
    const int groups = check_random_int(random, 0, 1) ? check_random_int(random, 2, 4) : 1;
    const int least = groups > 1 ? 4 : 1, most = harness_short() ? 5 : 40 / groups;
    clcnn_conv2d d = {.n = check_random_int(random, 1, harness_short() ? 1 : 3),
                      .c = groups * check_random_int(random, least, most),
                      .k = groups * check_random_int(random, least, most),
                      .groups = groups,
                      .r = 3,
                      .s = 3,
                      .pad_top = check_random_int(random, 0, 2),
                      .pad_left = check_random_int(random, 0, 2),
                      .pad_bottom = check_random_int(random, 0, 2),
                      .pad_right = check_random_int(random, 0, 2),
                      .activation = kinds[check_random_int(random, 0, 2)],
                      .alpha = 0.25,
                      .accumulate = check_random_int(random, 0, 1)};
    const int least_h = 3 - d.pad_top - d.pad_bottom, least_w = 3 - d.pad_left - d.pad_right;
    d.h = check_random_int(random, least_h > 1 ? least_h : 1, side);
    d.w = check_random_int(random, least_w > 1 ? least_w : 1, side);
    return d;
}

/* Fused or not, whole or in the smallest parts. */
static void run_cuts(const check_case *c, const check_direction *way,
                     const check_expected *expected, int device)
{
    static const struct {
        int fuse, chunk;
    } cuts[] = {{0, 8192}, {0, 1}, {64, 8192}, {64, 1}};
    clcnn_ctx *ctx = harness_ctx(device);
    const check_options options = {.ctx = ctx, .algo = "winograd"};
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        tune_cut(ctx, cuts[i].fuse, cuts[i].chunk);
        check_result result = check_run(c, way, expected, &options);
        CHECK(result.verdict == CHECK_PASS, "FUSE %d CHUNK %d: %s", cuts[i].fuse, cuts[i].chunk,
              result.message);
        check_result_free(&result);
    }
    clcnn_ctx_tune(ctx, "conv2d", NULL);
    harness_own_rows(ctx, "conv2d");
}

static void test_random(void)
{
    for (int i = 0; i < (harness_short() ? 1 : 40); i++) {
        check_random random = {harness_seed() + (uint64_t)i};
        const clcnn_conv2d d = random_shape(&random);
        check_case *c = make_case_of(&d, i % 2 ? CHECK_INTEGERS : CHECK_REALS);
        if (check_random_int(&random, 0, 1))
            check_case_drop(c, "b");
        for (const check_direction *way = check_op_conv2d.directions; way->name; way++) {
            check_expected expected;
            if (!CHECK(check_expected_create(c, way, &expected) == CLCNN_SUCCESS, "no reference"))
                continue;
            for (int device = 0; device < harness_device_count(); device++)
                run_cuts(c, way, &expected, device);
            check_expected_free(&expected);
        }
        check_case_destroy(c);
    }
}

static const harness_test tests[] = {{"errors", test_errors},
                                     {"steep activations", test_steep},
                                     {"few products", test_few_products},
                                     {"adjoint identity", test_adjoint},
                                     {"NaN and infinities", test_special_values},
                                     {"large numbers", test_large},
                                     {"too large numbers", test_too_large},
                                     {"refused by the descriptor", test_refused},
                                     {"workspace", test_workspace},
                                     {"parts", test_parts},
                                     {"random shapes", test_random},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("winograd", tests);
}
