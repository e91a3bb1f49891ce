/*
 * The reference's gradients against numeric ones, of every operation that has any: differences of
 * the reference's forward in double, at inputs that floats hold exactly.
 *
 * The derivative by one input is taken from four points, D(h) = (8 (f(h) - f(-h)) - (f(2h) -
 * f(-2h))) / 12h: Richardson's extrapolation of central differences, exact for polynomials of
 * degree 4, with an error of c h^4 + O(h^6) for others. It is taken with the steps h, h/2 and h/4,
 * and the gradient held against D(h/4), whose error is 1/240 of |D(h) - D(h/2)| where h^4 leads.
 * The tolerance is derived from them, element by element:
 *
 *     |D(h) - D(h/2)| + |D(h/2) - D(h/4)|     the formula's error, a hundred times over; both can't
 *                                             vanish where h^4 and h^6 happen to cancel
 *   + 3/2 m 2^-53 mag / (h/4)                 the rounding of f in D(h/4): the weights' magnitudes
 *                                             are 18/12, mag f's sum of magnitudes; m = n + 8 and
 *                                             the elements of y that f sums
 *   + m 2^-53 mag of the gradient             its own rounding
 *
 * and must itself be small, so that no wrong gradient fits in. Where backward takes a y that was
 * rounded to float, what that comes to is allowed on top. Inputs keep their distance from places
 * where an operation has no derivative.
 */
#include "harness.h"

#include "check.h"

#include <math.h>
#include <string.h>

/* The largest step, and the multiple of which all inputs are: their sums are floats. */
#define STEP 0x1p-8
#define GRID 0x1p-10
/* How far inputs keep from 0, and from one another where a maximum must not change its place. */
#define DISTANCE 0x1p-3

/* ---- What is differentiated --------------------------------------------------------------------
 */

/* The gradient by `input`. Where there is no direction it is the input `result` itself. */
typedef struct gradient {
    const char *input, *direction, *result;
} gradient;

enum { MAX_GRADIENTS = 3 };

/* f = the sum of a result of forward, each element by that of the input `weights`, or by 1. */
typedef struct family {
    const check_op *op;
    const check_op *partner; /* NULL, or what has the gradient, and the weights as an input */
    const char *result, *weights;
    gradient gradients[MAX_GRADIENTS];
} family;

/* clang-format off */
#define FAMILY(name) {.op = &(name), .result = "y", .weights = "dy",
#define CONVOLUTION(op)                                                                            \
    FAMILY(op) .gradients = {{"x", "backward_data", "dx"},                                         \
                             {"w", "backward_weights", "dw"},                                      \
                             {"b", "backward_weights", "db"}}}
#define NORMALISATION(op)                                                                          \
    FAMILY(op) .gradients = {{"x", "backward", "dx"},                                              \
                             {"gamma", "backward", "dgamma"},                                      \
                             {"beta", "backward", "dbeta"}}}
#define X_TO_DX(op) FAMILY(op) .gradients = {{"x", "backward", "dx"}}}

static const family conv2d = CONVOLUTION(check_op_conv2d);
static const family conv2d_transpose = CONVOLUTION(check_op_conv2d_transpose);
static const family conv1d = CONVOLUTION(check_op_conv1d);
static const family dense = CONVOLUTION(check_op_dense);
static const family batchnorm = NORMALISATION(check_op_batchnorm);
static const family layernorm = NORMALISATION(check_op_layernorm);
static const family activation = X_TO_DX(check_op_activation);
static const family maxpool2d = X_TO_DX(check_op_maxpool2d);
static const family avgpool2d = X_TO_DX(check_op_avgpool2d);
static const family adaptive_avgpool2d = X_TO_DX(check_op_adaptive_avgpool2d);
static const family upsample2d = X_TO_DX(check_op_upsample2d);
static const family pad2d = X_TO_DX(check_op_pad2d);
static const family slice = X_TO_DX(check_op_slice);
static const family softmax = X_TO_DX(check_op_softmax);
static const family dropout = X_TO_DX(check_op_dropout);
static const family concat = FAMILY(check_op_concat) .gradients = {{"x0", "backward", "dx0"},
                                                                   {"x1", "backward", "dx1"},
                                                                   {"x2", "backward", "dx2"}}};
static const family add = FAMILY(check_op_add) .gradients = {{"a", NULL, "dy"}, {"b", "backward", "db"}}};
static const family im2col = {.op = &check_op_im2col, .partner = &check_op_col2im, .result = "y", .weights = "x",
                              .gradients = {{"x", "forward", "y"}}};
static const family col2im = {.op = &check_op_col2im, .partner = &check_op_im2col, .result = "y", .weights = "x",
                              .gradients = {{"x", "forward", "y"}}};
static const family mse = {.op = &check_op_mse, .result = "loss", .gradients = {{"x", "backward", "dx"}}};
static const family l2 = {.op = &check_op_l2, .result = "loss", .gradients = {{"w", "backward", "dw"}}};
static const family softmax_cross_entropy = {.op = &check_op_softmax_cross_entropy, .result = "loss",
                                             .gradients = {{"x", "backward", "dx"}}};

/* ---- The cases ---------------------------------------------------------------------------------
 */

typedef struct row {
    const char *name;
    const family *family;
    check_desc desc;
} row;

static const row rows[] = {
    {"plain", &conv2d, {.conv2d = {.n = 2, .c = 3, .h = 5, .w = 4, .k = 2, .r = 3, .s = 2}}},
    {"paddings and strides", &conv2d, {.conv2d = {.n = 1, .c = 2, .h = 6, .w = 7, .k = 3, .r = 3, .s = 3, .pad_top = 1, .pad_left = 2, .pad_bottom = 2, .stride_h = 2, .stride_w = 3}}},
    {"dilations and groups", &conv2d, {.conv2d = {.n = 2, .c = 2, .h = 7, .w = 6, .k = 4, .r = 2, .s = 3, .pad_left = 1, .dilation_h = 3, .dilation_w = 2, .groups = 2}}},
    {"depthwise, windows in the padding", &conv2d, {.conv2d = {.n = 1, .c = 3, .h = 5, .w = 5, .k = 3, .r = 2, .s = 2, .pad_top = 3, .pad_right = 3, .stride_h = 4, .dilation_w = 2, .groups = 3}}},
    {"plain", &conv2d_transpose, {.conv2d_transpose = {.n = 2, .c = 2, .h = 3, .w = 4, .k = 3, .r = 3, .s = 2}}},
    {"cropped, strides, dilation, groups", &conv2d_transpose, {.conv2d_transpose = {.n = 1, .c = 4, .h = 4, .w = 3, .k = 2, .r = 2, .s = 3, .pad_top = 1, .pad_right = 2, .output_pad_h = 1, .output_pad_w = 2, .stride_h = 2, .dilation_w = 3, .groups = 2}}},
    {"plain", &conv1d, {.conv1d = {.n = 2, .c = 3, .w = 9, .k = 2, .s = 4}}},
    {"padding, stride, dilation, groups", &conv1d, {.conv1d = {.n = 2, .c = 4, .w = 13, .k = 6, .s = 3, .pad_left = 2, .pad_right = 1, .stride = 2, .dilation = 2, .groups = 2}}},
    {"5 to 3", &dense, {.dense = {.n = 4, .c = 5, .k = 3}}},
    {"2x2", &maxpool2d, {.maxpool2d = {.n = 2, .c = 2, .h = 6, .w = 5, .r = 2, .s = 2}}},
    {"overlapping, padded", &maxpool2d, {.maxpool2d = {.n = 1, .c = 3, .h = 7, .w = 6, .r = 3, .s = 3, .pad_top = 1, .pad_left = 2, .stride_h = 2, .stride_w = 1}}},
    {"dilations, rounded up", &maxpool2d, {.maxpool2d = {.n = 1, .c = 2, .h = 8, .w = 9, .r = 2, .s = 3, .pad_bottom = 1, .stride_h = 2, .stride_w = 2, .dilation_h = 2, .dilation_w = 2, .ceil_mode = 1}}},
    {"without the padding", &avgpool2d, {.avgpool2d = {.n = 1, .c = 2, .h = 6, .w = 7, .r = 3, .s = 4, .pad_top = 1, .pad_left = 2, .pad_right = 1, .stride_h = 2, .stride_w = 1}}},
    {"with the padding, rounded up", &avgpool2d, {.avgpool2d = {.n = 1, .c = 2, .h = 6, .w = 8, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .stride_h = 2, .stride_w = 2, .count_include_pad = 1, .ceil_mode = 1}}},
    {"the whole image", &adaptive_avgpool2d, {.adaptive_avgpool2d = {.n = 2, .c = 2, .h = 3, .w = 5, .p = 1, .q = 1}}},
    {"windows that overlap and repeat", &adaptive_avgpool2d, {.adaptive_avgpool2d = {.n = 1, .c = 2, .h = 7, .w = 3, .p = 4, .q = 5}}},
    {"nearest", &upsample2d, {.upsample2d = {.n = 1, .c = 2, .h = 4, .w = 5, .p = 7, .q = 3}}},
    {"bilinear", &upsample2d, {.upsample2d = {.n = 1, .c = 2, .h = 4, .w = 5, .p = 7, .q = 3, .kind = CLCNN_BILINEAR}}},
    {"bilinear, twice", &upsample2d, {.upsample2d = {.n = 1, .c = 2, .h = 3, .w = 4, .scale_h = 2, .scale_w = 2, .kind = CLCNN_BILINEAR}}},
    {"bilinear, corners aligned", &upsample2d, {.upsample2d = {.n = 1, .c = 2, .h = 4, .w = 5, .p = 9, .q = 3, .kind = CLCNN_BILINEAR, .align_corners = 1}}},
    {"four paddings", &pad2d, {.pad2d = {.n = 2, .c = 2, .h = 3, .w = 2, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .pad_right = 4}}},
    {"windows", &im2col, {.im2col = {.n = 1, .c = 2, .h = 6, .w = 7, .r = 3, .s = 2, .pad_top = 1, .pad_right = 2, .stride_w = 2, .dilation_h = 2}}},
    {"windows", &col2im, {.im2col = {.n = 1, .c = 2, .h = 6, .w = 7, .r = 3, .s = 2, .pad_top = 1, .pad_right = 2, .stride_w = 2, .dilation_h = 2}}},
    {"three inputs", &concat, {.concat = {.n = 2, .h = 2, .w = 3, .inputs = 3, .channels = {2, 1, 3}}}},
    {"two of five channels", &slice, {.slice = {.n = 2, .c = 5, .h = 2, .w = 3, .begin = 2, .count = 2}}},
    {"the same shape", &add, {.add = {.n = 2, .c = 3, .h = 2, .w = 4}}},
    {"broadcast", &add, {.add = {.n = 2, .c = 3, .h = 2, .w = 4, .broadcast = 1}}},
    {"drop 0.4", &dropout, {.dropout = {.count = 48, .drop = 0.4, .seed = 5}}},
    {"training", &batchnorm, {.batchnorm = {.n = 4, .c = 3, .h = 2, .w = 2, .eps = 1e-2, .momentum = 0.5}}},
    {"inference", &batchnorm, {.batchnorm = {.n = 4, .c = 3, .h = 2, .w = 2, .eps = 1e-2, .inference = 1}}},
    {"training, ReLU", &batchnorm, {.batchnorm = {.n = 4, .c = 3, .h = 2, .w = 2, .eps = 1e-2, .momentum = 0.5, .activation = CLCNN_RELU}}},
    {"training, leaky ReLU", &batchnorm, {.batchnorm = {.n = 4, .c = 3, .h = 2, .w = 2, .eps = 1e-2, .activation = CLCNN_LEAKY_RELU, .alpha = 0.25}}},
    {"inference, ReLU", &batchnorm, {.batchnorm = {.n = 4, .c = 3, .h = 2, .w = 2, .eps = 1e-2, .inference = 1, .activation = CLCNN_RELU}}},
    {"training of rows", &batchnorm, {.batchnorm = {.n = 9, .c = 4, .unbiased = 1}}},
    {"6 rows of 7", &layernorm, {.layernorm = {.n = 6, .d = 7, .eps = 1e-2}}},
    {"2 rows of 24", &layernorm, {.layernorm = {.n = 2, .d = 24}}},
    {"softmax", &softmax, {.softmax = {.n = 5, .classes = 7}}},
    {"log-softmax", &softmax, {.softmax = {.n = 5, .classes = 7, .log = 1}}},
    {"plain", &softmax_cross_entropy, {.softmax_cross_entropy = {.n = 5, .classes = 7}}},
    {"smoothed", &softmax_cross_entropy, {.softmax_cross_entropy = {.n = 5, .classes = 7, .label_smoothing = 0.25}}},
    {"ignored rows", &softmax_cross_entropy, {.softmax_cross_entropy = {.n = 9, .classes = 3, .ignore = 1, .ignored_label = 1}}},
    {"smoothed, ignored rows", &softmax_cross_entropy, {.softmax_cross_entropy = {.n = 9, .classes = 3, .label_smoothing = 0.125, .ignore = 1, .ignored_label = 2}}},
    {"37 elements", &mse, {.mse = {.count = 37}}},
    {"37 weights", &l2, {.l2 = {.count = 37, .lambda = 0.75}}},
    {"identity", &activation, {.activation = {.count = 60, .kind = CLCNN_IDENTITY}}},
    {"ReLU", &activation, {.activation = {.count = 60, .kind = CLCNN_RELU}}},
    {"leaky ReLU", &activation, {.activation = {.count = 60, .kind = CLCNN_LEAKY_RELU, .alpha = 0.25}}},
    {"ELU", &activation, {.activation = {.count = 60, .kind = CLCNN_ELU, .alpha = 1.5}}},
    {"sigmoid", &activation, {.activation = {.count = 60, .kind = CLCNN_SIGMOID}}},
    {"tanh", &activation, {.activation = {.count = 60, .kind = CLCNN_TANH}}},
    {"SiLU", &activation, {.activation = {.count = 60, .kind = CLCNN_SILU}}},
    {"GELU", &activation, {.activation = {.count = 60, .kind = CLCNN_GELU}}},
    {"GELU by tanh", &activation, {.activation = {.count = 60, .kind = CLCNN_GELU_TANH}}}};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows };

/* Operations that have no gradient: what fills, what steps, and correlations of plain signals. */
static const char *const without[] = {"correlate1d", "uniform", "normal",   "sgd",
                                      "rmsprop",     "adam",    "clip_norm"};

/* ---- Inputs ------------------------------------------------------------------------------------
 */

/* Multiples of GRID, at least DISTANCE from 0; positive where they are variances. */
static void to_grid(check_tensor *t, bool positive, bool distinct)
{
    for (size_t i = 0; i < t->count; i++) {
        const double value =
            distinct ? (double)(i * 37 % 211) * 2 * DISTANCE : round((double)t->f[i] / GRID) * GRID;
        const double away = fabs(value) + DISTANCE;
        t->f[i] = (float)(value < 0 && !positive ? -away : away);
    }
    CHECK(!distinct || t->count < 211, "%zu elements can't be told apart", t->count);
}

/* Where an activation follows a norm: gamma is 1 or more, and beta such that the bend is where x is
 * 0, which no x is near. */
static void keep_from_bend(check_case *c)
{
    enum { MOST = 64 };
    const clcnn_batchnorm *d = &c->desc.batchnorm;
    check_tensor *gamma = check_case_input(c, "gamma"), *beta = check_case_input(c, "beta");
    double mean[MOST], rstd[MOST], y[MOST];
    const clcnn_ref_batchnorm r = {.x = check_case_input(c, "x")->f,
                                   .running_mean = check_case_input(c, "running_mean")->f,
                                   .running_var = check_case_input(c, "running_var")->f,
                                   .mean = mean,
                                   .rstd = rstd,
                                   .y = y};
    const bool fits = check_case_input(c, "x")->count <= MOST;
    if (!CHECK(fits && clcnn_ref_batchnorm_forward(d, &r) == CLCNN_SUCCESS, "no statistics"))
        return;
    for (int i = 0; i < d->c; i++) {
        gamma->f[i] += gamma->f[i] < 0 ? -1 : 1;
        beta->f[i] = (float)(round((double)gamma->f[i] * mean[i] * rstd[i] / GRID) * GRID);
    }
}

static check_case *make_case(const row *r, const check_op *op, uint64_t seed)
{
    clcnn_error error = {.message = ""};
    check_case *c = check_case_create(op, &r->desc, CHECK_REALS, seed, &error);
    if (!CHECK(c != NULL, "%s of %s: %s", r->name, op->name, error.message))
        return NULL;
    for (int i = 0; op->inputs[i].name; i++) {
        const char *name = op->inputs[i].name;
        if (!op->inputs[i].integer && !op->inputs[i].derived)
            to_grid(&c->in[i], strcmp(name, "running_var") == 0,
                    op == &check_op_maxpool2d && strcmp(name, "x") == 0);
    }
    if (op == &check_op_batchnorm && r->desc.batchnorm.activation != CLCNN_IDENTITY)
        keep_from_bend(c);
    CHECK(check_case_derive(c) == CLCNN_SUCCESS, "%s of %s: nothing follows", r->name, op->name);
    return c;
}

/* ---- Differences -------------------------------------------------------------------------------
 */

/* A sum and what it may be off by, in roundings of 2^-53. */
typedef struct sum {
    double value, rounding;
} sum;

static int output_of(const check_direction *d, const char *name)
{
    int j = 0;
    while (strcmp(d->outputs[j].name, name) != 0)
        j++;
    return j;
}

static sum objective(const family *f, const check_case *c, const check_tensor *weights)
{
    const check_direction *d = check_direction_find(c->op, "forward");
    const int j = output_of(d, f->result);
    check_expected e;
    sum result = {0, 0};
    if (!CHECK(check_expected_create(c, d, &e) == CLCNN_SUCCESS, "the reference refuses it"))
        return result;
    for (size_t i = 0; i < e.out[j].count; i++) {
        const double weight = weights ? (double)weights->f[i] : 1;
        const double roundings = e.out[j].n + 8 + (double)e.out[j].count;
        result.value += weight * e.out[j].value[i];
        result.rounding +=
            roundings * fabs(weight) * fmax(e.out[j].mag[i], fabs(e.out[j].value[i]));
    }
    check_expected_free(&e);
    return result;
}

/* The derivative by one number from four points, and its rounding. */
static sum differences(const family *f, const check_case *c, const check_tensor *weights, float *at,
                       double step)
{
    static const double places[] = {-2, -1, 1, 2}, factors[] = {1, -8, 8, -1};
    const float was = *at;
    sum result = {0, 0};
    for (int i = 0; i < 4; i++) {
        *at = (float)((double)was + places[i] * step);
        const sum point = objective(f, c, weights);
        result.value += factors[i] * point.value / (12 * step);
        result.rounding += fabs(factors[i]) * point.rounding / (12 * step);
    }
    *at = was;
    return result;
}

/*
 * What softmax's backward is off by because its y was rounded to float: u y (|dy| + 2 sum |y dy|)
 * or, where y is a logarithm between -7 and 0, 7 u exp(y) sum |dy|. Its mag, in units of u, is that
 * of a computation in float, which has more of each.
 */
static double from_rounded_y(const check_op *op, double mag)
{
    return op == &check_op_softmax ? 0x1p-24 * mag : 0;
}

/* ---- One gradient ------------------------------------------------------------------------------
 */

typedef struct problem {
    const row *row;
    check_case *c, *partner; /* partner: c itself where the family has none */
    const check_tensor *weights;
} problem;

static void compare(const problem *p, const gradient *g, size_t i, double got, double rounding,
                    double given)
{
    const family *f = p->row->family;
    float *at = &check_case_input(p->c, g->input)->f[i];
    const sum wide = differences(f, p->c, p->weights, at, STEP);
    const sum half = differences(f, p->c, p->weights, at, STEP / 2);
    const sum want = differences(f, p->c, p->weights, at, STEP / 4);
    const double formula = fabs(wide.value - half.value) + fabs(half.value - want.value);
    const double tolerance = formula + 0x1p-53 * want.rounding + rounding;
    CHECK(tolerance <= 0x1p-20 * (1 + fabs(want.value)),
          "%s of %s: the derivative by %s[%zu] is only known to %g", p->row->name, f->op->name,
          g->input, i, tolerance);
    CHECK(fabs(got - want.value) <= tolerance + given,
          "%s of %s: %s[%zu] is %.17g, by differences %.17g, tolerance %g", p->row->name,
          f->op->name, g->result, i, got, want.value, tolerance + given);
}

static void check_gradient(const problem *p, const gradient *g)
{
    const check_tensor *input = check_case_input(p->c, g->input);
    const check_direction *d =
        g->direction ? check_direction_find(p->partner->op, g->direction) : NULL;
    check_expected e = {.out = {{.count = 0}}};
    if (!d) { /* passed on as it came */
        for (size_t i = 0; i < input->count; i++)
            compare(p, g, i, (double)check_case_input(p->c, g->result)->f[i], 0, 0);
        return;
    }
    if (!CHECK(check_expected_create(p->partner, d, &e) == CLCNN_SUCCESS, "%s of %s: %s refused",
               p->row->name, p->c->op->name, g->direction))
        return;
    const int j = output_of(d, g->result);
    CHECK(e.out[j].count == input->count, "%s of %s: %zu elements of %s", p->row->name,
          p->c->op->name, e.out[j].count, g->result);
    for (size_t i = 0; i < input->count; i++) {
        const double roundings = e.out[j].n + 8 + (double)input->count;
        compare(p, g, i, e.out[j].value[i], 0x1p-53 * roundings * e.out[j].mag[i],
                from_rounded_y(p->c->op, e.out[j].mag[i]));
    }
    check_expected_free(&e);
}

static void run_row(const row *r)
{
    const family *f = r->family;
    problem p = {.row = r, .c = make_case(r, f->op, harness_seed())};
    p.partner = f->partner ? make_case(r, f->partner, harness_seed() + 1) : p.c;
    if (p.c && p.partner) {
        p.weights = f->weights ? check_case_input(p.partner, f->weights) : NULL;
        for (int i = 0; i < MAX_GRADIENTS && f->gradients[i].input; i++)
            check_gradient(&p, &f->gradients[i]);
    }
    if (p.partner != p.c)
        check_case_destroy(p.partner);
    check_case_destroy(p.c);
}

static void test_gradients(void)
{
    for (int i = 0; i < ROWS; i++)
        run_row(&rows[i]);
}

/* ---- Nothing is missing ------------------------------------------------------------------------
 */

static bool is_checked(const check_op *op, const char *direction, const char *result)
{
    for (int i = 0; i < ROWS; i++) {
        const family *f = rows[i].family;
        for (int k = 0; k < MAX_GRADIENTS && f->gradients[k].input; k++) {
            const gradient *g = &f->gradients[k];
            if ((f->partner ? f->partner : f->op) == op && g->direction &&
                strcmp(g->direction, direction) == 0 && strcmp(g->result, result) == 0)
                return true;
        }
    }
    return false;
}

/* Every result of every backward direction has a row; every operation has one or needs none; and
 * so has every kind of activation. */
static void test_complete(void)
{
    for (int i = 0; check_ops[i]; i++) {
        const check_op *op = check_ops[i];
        bool found = false, none = false;
        for (int k = 0; k < ROWS; k++)
            found |= rows[k].family->op == op;
        for (size_t k = 0; k < sizeof without / sizeof *without; k++)
            none |= strcmp(without[k], op->name) == 0;
        CHECK(found != none, "%s: no gradient is checked, or it should have none", op->name);
        for (const check_direction *d = op->directions; d->name; d++) {
            for (int j = 0; strncmp(d->name, "backward", 8) == 0 && d->outputs[j].name; j++)
                CHECK(d->outputs[j].scratch || is_checked(op, d->name, d->outputs[j].name),
                      "%s: nothing checks %s of %s", op->name, d->outputs[j].name, d->name);
        }
    }
    for (int kind = 0; check_activation_name((clcnn_activation_kind)kind); kind++) {
        bool found = false;
        for (int k = 0; k < ROWS; k++)
            found |= rows[k].family == &activation && (int)rows[k].desc.activation.kind == kind;
        CHECK(found, "no row has the activation %s",
              check_activation_name((clcnn_activation_kind)kind));
    }
}

/* ---- Activations from their results ------------------------------------------------------------
 */

/*
 * Backward from y alone, where there is that. y was rounded to float, by u |y|, and |y df'/dy| is
 * at most 2 for tanh (f' = 1 - y^2), 1/4 and less for the sigmoid (y - y^2), alpha for ELU (y +
 * alpha) and 0 for the others.
 */
static void test_activation_from_y(void)
{
    for (int i = 0; i < ROWS; i++) {
        const clcnn_activation *d = &rows[i].desc.activation;
        if (rows[i].family != &activation)
            continue;
        check_case *c = make_case(&rows[i], &check_op_activation, harness_seed());
        double from_x[64], from_y[64];
        if (!c)
            continue;
        const float *x = check_case_input(c, "x")->f, *y = check_case_input(c, "y")->f;
        const float *dy = check_case_input(c, "dy")->f;
        clcnn_ref_activation_backward(d, x, NULL, dy, from_x, NULL);
        const clcnn_status status = clcnn_ref_activation_backward(d, NULL, y, dy, from_y, NULL);
        CHECK((status == CLCNN_SUCCESS) == (d->kind < CLCNN_SILU), "%s from y: %s", rows[i].name,
              clcnn_status_name(status));
        for (int k = 0; status == CLCNN_SUCCESS && k < d->count; k++) {
            const double bound = 2 * fmax(1, d->alpha) * 0x1p-24 * fabs((double)dy[k]);
            CHECK(fabs(from_y[k] - from_x[k]) <= bound, "%s: dx at %g is %.9g, from y %.9g",
                  rows[i].name, (double)x[k], from_x[k], from_y[k]);
        }
        check_case_destroy(c);
    }
}

static const harness_test tests[] = {{"by differences", test_gradients},
                                     {"none is missing", test_complete},
                                     {"activations from y", test_activation_from_y},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("gradients", tests);
}
