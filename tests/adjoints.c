/*
 * Adjoint identities: the directions of a linear operation are one bilinear form. With y = f(x) and
 * dx = backward(dy), <y, dy> = <x, dx>, and likewise for weights; on integers every sum is exact,
 * so that both sides are the same number, by the reference and by every algorithm on every device,
 * without a tolerance.
 */
#include "harness.h"

#include "check.h"

#include <stdio.h>
#include <string.h>

/* ---- The identities ----------------------------------------------------------------------------
 */

/*
 * One inner product: a result of one case and an input of the same or of the other case. Where
 * there is no direction, of two inputs. The list of a side ends with input = NULL.
 */
typedef struct term {
    int result_of;
    const char *direction, *result;
    int input_of;
    const char *input;
} term;

enum { MAX_SIDES = 3, MAX_TERMS = 4 };

/* Sums of inner products that are all equal. A second operation is its other direction. */
typedef struct identity {
    const check_op *ops[2];
    const char *shared; /* an input that both cases have in common */
    term sides[MAX_SIDES][MAX_TERMS];
} identity;

/* clang-format off */
#define Y_BY_DY {{0, "forward", "y", 0, "dy"}}
#define DB_BY_B {0, "backward_weights", "db", 0, "b"}
#define CONVOLUTION(op)                                                                            \
    {.ops = {&(op)},                                                                               \
     .sides = {Y_BY_DY,                                                                            \
               {{0, "backward_data", "dx", 0, "x"}, DB_BY_B},                                      \
               {{0, "backward_weights", "dw", 0, "w"}, DB_BY_B}}}
#define X_TO_DX(op)                                                                                \
    {.ops = {&(op)}, .sides = {Y_BY_DY, {{0, "backward", "dx", 0, "x"}}}}
/* clang-format on */

static const identity conv2d = CONVOLUTION(check_op_conv2d);
static const identity conv2d_transpose = CONVOLUTION(check_op_conv2d_transpose);
static const identity conv1d = CONVOLUTION(check_op_conv1d);
static const identity dense = CONVOLUTION(check_op_dense);
static const identity maxpool2d = X_TO_DX(check_op_maxpool2d); /* the argmax held fixed */
static const identity avgpool2d = X_TO_DX(check_op_avgpool2d);
static const identity adaptive_avgpool2d = X_TO_DX(check_op_adaptive_avgpool2d);
static const identity upsample2d = X_TO_DX(check_op_upsample2d);
static const identity pad2d = X_TO_DX(check_op_pad2d);
static const identity slice = X_TO_DX(check_op_slice);
static const identity dropout = X_TO_DX(check_op_dropout); /* the mask is a function of the seed */
static const identity concat = {.ops = {&check_op_concat},
                                .sides = {Y_BY_DY,
                                          {{0, "backward", "dx0", 0, "x0"},
                                           {0, "backward", "dx1", 0, "x1"},
                                           {0, "backward", "dx2", 0, "x2"}}}};
static const identity add = {
    .ops = {&check_op_add},
    .sides = {Y_BY_DY, {{0, NULL, "a", 0, "dy"}, {0, "backward", "db", 0, "b"}}}};
static const identity columns = {
    .ops = {&check_op_im2col, &check_op_col2im},
    .sides = {{{0, "forward", "y", 1, "x"}}, {{1, "forward", "y", 0, "x"}}}};
/* What slid over all of a signal is taken back by sliding, the other way round, within the result.
 */
static const identity signals = {
    .ops = {&check_op_correlate1d, &check_op_correlate1d},
    .shared = "b",
    .sides = {{{0, "forward", "y", 1, "a"}}, {{1, "forward", "y", 0, "a"}}}};

/* ---- The cases ---------------------------------------------------------------------------------
 */

typedef struct row {
    const char *name;
    const identity *identity;
    check_desc desc, other; /* of the second operation */
    int quick;              /* in the short set */
} row;

/* clang-format off */
#define NONE {.conv2d = {.n = 0}}
static const row rows[] = {
    {"3x3, padded", &conv2d, {.conv2d = {.n = 2, .c = 5, .h = 9, .w = 11, .k = 18, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}}, NONE, 0},
    {"a pixel", &conv2d, {.conv2d = {.n = 7, .c = 18, .h = 1, .w = 1, .k = 9, .r = 1, .s = 1}}, NONE, 0},
    {"2x3", &conv2d, {.conv2d = {.n = 1, .c = 2, .h = 4, .w = 5, .k = 3, .r = 2, .s = 3, .pad_left = 1}}, NONE, 1},
    {"1x1", &conv2d, {.conv2d = {.n = 3, .c = 17, .h = 5, .w = 7, .k = 20, .r = 1, .s = 1}}, NONE, 0},
    {"four paddings, two strides", &conv2d, {.conv2d = {.n = 2, .c = 3, .h = 13, .w = 10, .k = 7, .r = 4, .s = 3, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .stride_h = 3, .stride_w = 2}}, NONE, 0},
    {"two dilations, groups", &conv2d, {.conv2d = {.n = 2, .c = 6, .h = 11, .w = 12, .k = 9, .r = 3, .s = 2, .pad_left = 2, .dilation_h = 2, .dilation_w = 3, .groups = 3}}, NONE, 0},
    {"depthwise, stride 2", &conv2d, {.conv2d = {.n = 2, .c = 8, .h = 9, .w = 10, .k = 8, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .stride_h = 2, .stride_w = 2, .groups = 8}}, NONE, 0},
    {"stride 2", &conv2d_transpose, {.conv2d_transpose = {.n = 1, .c = 2, .h = 3, .w = 4, .k = 3, .r = 3, .s = 2, .stride_h = 2, .stride_w = 2, .output_pad_h = 1}}, NONE, 1},
    {"cropped, groups, dilation", &conv2d_transpose, {.conv2d_transpose = {.n = 2, .c = 6, .h = 5, .w = 6, .k = 4, .r = 3, .s = 3, .pad_top = 1, .pad_left = 2, .pad_right = 1, .stride_h = 2, .stride_w = 3, .dilation_w = 2, .groups = 2}}, NONE, 0},
    {"stride 1", &conv2d_transpose, {.conv2d_transpose = {.n = 2, .c = 16, .h = 6, .w = 9, .k = 17, .r = 3, .s = 3, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1}}, NONE, 0},
    {"pixels, stride 2", &conv2d_transpose, {.conv2d_transpose = {.n = 2, .c = 5, .h = 4, .w = 5, .k = 9, .r = 1, .s = 1, .stride_h = 2, .stride_w = 2, .output_pad_h = 1}}, NONE, 0},
    {"a signal, sample by sample", &conv1d, {.conv1d = {.n = 2, .c = 5, .w = 23, .k = 9, .s = 1, .stride = 2}}, NONE, 0},
    {"depthwise, doubling", &conv2d_transpose, {.conv2d_transpose = {.n = 2, .c = 4, .h = 5, .w = 9, .k = 4, .r = 4, .s = 4, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .pad_right = 1, .stride_h = 2, .stride_w = 2, .groups = 4}}, NONE, 0},
    {"a sample", &conv1d, {.conv1d = {.n = 5, .c = 19, .w = 1, .k = 7, .s = 1}}, NONE, 0},
    {"a signal", &conv1d, {.conv1d = {.n = 2, .c = 3, .w = 19, .k = 4, .s = 5, .pad_left = 2, .pad_right = 1}}, NONE, 1},
    {"a signal, stride, dilation, groups", &conv1d, {.conv1d = {.n = 2, .c = 4, .w = 40, .k = 6, .s = 3, .pad_left = 1, .stride = 2, .dilation = 3, .groups = 2}}, NONE, 0},
    {"a signal, depthwise", &conv1d, {.conv1d = {.n = 2, .c = 3, .w = 21, .k = 6, .s = 5, .pad_left = 2, .pad_right = 1, .groups = 3}}, NONE, 0},
    {"1 to 5", &dense, {.dense = {.n = 7, .c = 1, .k = 5}}, NONE, 0},
    {"7 to 5", &dense, {.dense = {.n = 3, .c = 7, .k = 5}}, NONE, 1},
    {"130 to 33", &dense, {.dense = {.n = 17, .c = 130, .k = 33}}, NONE, 0},
    {"overlapping", &maxpool2d, {.maxpool2d = {.n = 1, .c = 2, .h = 6, .w = 7, .r = 3, .s = 3, .stride_h = 1, .stride_w = 2}}, NONE, 1},
    {"padded, dilation, rounded up", &maxpool2d, {.maxpool2d = {.n = 2, .c = 3, .h = 13, .w = 18, .r = 3, .s = 2, .pad_top = 1, .pad_left = 1, .pad_bottom = 1, .stride_h = 2, .stride_w = 2, .dilation_h = 2, .dilation_w = 3, .ceil_mode = 1}}, NONE, 0},
    {"2x2", &maxpool2d, {.maxpool2d = {.n = 2, .c = 3, .h = 12, .w = 36, .r = 2, .s = 2}}, NONE, 0},
    {"2x2", &avgpool2d, {.avgpool2d = {.n = 1, .c = 2, .h = 4, .w = 6, .r = 2, .s = 2}}, NONE, 1},
    {"4x2, overlapping, padded", &avgpool2d, {.avgpool2d = {.n = 2, .c = 3, .h = 9, .w = 11, .r = 4, .s = 2, .pad_top = 2, .pad_left = 1, .pad_bottom = 1, .stride_h = 1, .stride_w = 2, .count_include_pad = 1}}, NONE, 0},
    {"the whole image of 4x8", &adaptive_avgpool2d, {.adaptive_avgpool2d = {.n = 2, .c = 3, .h = 4, .w = 8, .p = 1, .q = 1}}, NONE, 1},
    {"windows of 2x4, repeated columns", &adaptive_avgpool2d, {.adaptive_avgpool2d = {.n = 2, .c = 3, .h = 8, .w = 4, .p = 4, .q = 8}}, NONE, 0},
    {"nearest, 2 by 3 times", &upsample2d, {.upsample2d = {.n = 1, .c = 2, .h = 3, .w = 4, .scale_h = 2, .scale_w = 3}}, NONE, 1},
    {"nearest, to any size", &upsample2d, {.upsample2d = {.n = 2, .c = 2, .h = 7, .w = 9, .p = 10, .q = 4}}, NONE, 0},
    {"bilinear, twice", &upsample2d, {.upsample2d = {.n = 1, .c = 2, .h = 5, .w = 6, .scale_h = 2, .scale_w = 2, .kind = CLCNN_BILINEAR}}, NONE, 0},
    {"four paddings", &pad2d, {.pad2d = {.n = 2, .c = 2, .h = 4, .w = 5, .pad_top = 1, .pad_left = 2, .pad_bottom = 3, .pad_right = 4}}, NONE, 1},
    {"two of five channels", &slice, {.slice = {.n = 2, .c = 5, .h = 3, .w = 4, .begin = 2, .count = 2}}, NONE, 1},
    {"half", &dropout, {.dropout = {.count = 77, .drop = 0.5, .seed = 9, .step = 3}}, NONE, 1},
    {"three inputs", &concat, {.concat = {.n = 2, .h = 3, .w = 4, .inputs = 3, .channels = {2, 1, 3}}}, NONE, 1},
    {"the same shape", &add, {.add = {.n = 2, .c = 3, .h = 4, .w = 5}}, NONE, 1},
    {"broadcast", &add, {.add = {.n = 3, .c = 5, .h = 6, .w = 7, .broadcast = 1}}, NONE, 1},
    {"2x3 windows", &columns, {.im2col = {.n = 1, .c = 2, .h = 4, .w = 5, .r = 2, .s = 3, .pad_top = 1}}, {.im2col = {.n = 1, .c = 2, .h = 4, .w = 5, .r = 2, .s = 3, .pad_top = 1}}, 1},
    {"strides, dilations, paddings", &columns, {.im2col = {.n = 2, .c = 3, .h = 11, .w = 12, .r = 3, .s = 2, .pad_top = 1, .pad_left = 2, .pad_right = 1, .stride_h = 2, .stride_w = 3, .dilation_h = 2, .dilation_w = 3}}, {.im2col = {.n = 2, .c = 3, .h = 11, .w = 12, .r = 3, .s = 2, .pad_top = 1, .pad_left = 2, .pad_right = 1, .stride_h = 2, .stride_w = 3, .dilation_h = 2, .dilation_w = 3}}, 0},
    {"full correlation, valid convolution", &signals, {.correlate1d = {.a = 19, .b = 6, .mode = CLCNN_FULL}}, {.correlate1d = {.a = 24, .b = 6, .mode = CLCNN_VALID, .convolve = 1}}, 1},
    {"full convolution, valid correlation", &signals, {.correlate1d = {.a = 30, .b = 7, .mode = CLCNN_FULL, .convolve = 1}}, {.correlate1d = {.a = 36, .b = 7, .mode = CLCNN_VALID}}, 1}};
/* clang-format on */
enum { ROWS = sizeof rows / sizeof *rows };

/* The other operations: not linear, no backward, or not exact on integers. */
static const char *const others[] = {"activation", "softmax", "softmax_cross_entropy",
                                     "mse",        "l2",      "batchnorm",
                                     "layernorm",  "uniform", "normal",
                                     "sgd",        "rmsprop", "adam",
                                     "clip_norm"};

/* ---- Inner products ----------------------------------------------------------------------------
 */

typedef struct pair {
    const row *row;
    check_case *cases[2];
} pair;

/* The number of a result among the outputs of a direction. */
static int output_of(const check_direction *d, const char *name)
{
    int j = 0;
    while (strcmp(d->outputs[j].name, name) != 0)
        j++;
    return j;
}

static double of_inputs(const pair *p, const term *t)
{
    const check_tensor *a = check_case_input(p->cases[t->result_of], t->result);
    const check_tensor *b = check_case_input(p->cases[t->input_of], t->input);
    double sum = 0;
    for (size_t i = 0; i < a->count; i++)
        sum += (double)a->f[i] * (double)b->f[i];
    return sum;
}

static double by_reference(const pair *p, const term *t)
{
    const check_case *c = p->cases[t->result_of];
    const check_tensor *input = check_case_input(p->cases[t->input_of], t->input);
    const check_direction *d = check_direction_find(c->op, t->direction);
    check_expected e;
    double sum = 0;
    if (!CHECK(check_expected_create(c, d, &e) == CLCNN_SUCCESS, "%s: the reference refuses it",
               p->row->name))
        return 0;
    const int j = output_of(d, t->result);
    CHECK(e.out[j].count == input->count, "%s: %s has %zu elements, %s %zu", p->row->name,
          t->result, e.out[j].count, t->input, input->count);
    for (size_t i = 0; i < input->count; i++)
        sum += e.out[j].value[i] * (double)input->f[i];
    check_expected_free(&e);
    return sum;
}

/* By this algorithm, where it supports the direction, or by the default's. Tells whether it did. */
static double by_device(const pair *p, const term *t, int device, const char *algo, bool *did)
{
    const check_case *c = p->cases[t->result_of];
    const check_tensor *input = check_case_input(p->cases[t->input_of], t->input);
    const check_direction *d = check_direction_find(c->op, t->direction);
    check_options options = {.ctx = harness_ctx(device), .algo = algo, .keep = true};
    check_expected e;
    double sum = 0;
    if (!CHECK(check_expected_create(c, d, &e) == CLCNN_SUCCESS, "%s: the reference refuses it",
               p->row->name))
        return 0;
    check_result result = check_run(c, d, &e, &options);
    *did |= result.verdict == CHECK_PASS;
    if (result.verdict == CHECK_UNSUPPORTED) {
        options.algo = NULL;
        result = check_run(c, d, &e, &options);
    }
    const float *values = result.out[output_of(d, t->result)];
    if (CHECK(result.verdict == CHECK_PASS && values, "%s: %s", p->row->name, result.message)) {
        for (size_t i = 0; i < input->count; i++)
            sum += (double)values[i] * (double)input->f[i];
    }
    check_result_free(&result);
    check_expected_free(&e);
    return sum;
}

/* ---- The identities, one after the other -------------------------------------------------------
 */

/* Where a sum comes from: the reference when algo is NULL. */
typedef struct source {
    int device;
    const char *algo, *name;
} source;

static double sum_of_side(const pair *p, const term *side, const source *from, bool *did)
{
    double sum = 0;
    for (int t = 0; t < MAX_TERMS && side[t].input; t++) {
        if (!side[t].direction)
            sum += of_inputs(p, &side[t]);
        else if (!from->algo)
            sum += by_reference(p, &side[t]);
        else
            sum += by_device(p, &side[t], from->device, from->algo, did);
    }
    return sum;
}

/* All sides are the same number; true where the algorithm had a part in it. */
static bool check_sides(const pair *p, const source *from)
{
    bool did = false;
    const double first = sum_of_side(p, p->row->identity->sides[0], from, &did);
    for (int s = 1; s < MAX_SIDES && p->row->identity->sides[s][0].input; s++) {
        const double sum = sum_of_side(p, p->row->identity->sides[s], from, &did);
        CHECK(sum >= first && sum <= first, "%s of %s: <y, dy> = %.17g, side %d is %.17g by %s",
              p->row->name, p->cases[0]->op->name, first, s, sum, from->name);
    }
    CHECK(first > 0 || first < 0, "%s of %s: everything is 0", p->row->name, p->cases[0]->op->name);
    return did;
}

/* Where one was asked for that does not support the case, the default must be as exact. */
static check_desc exact_desc(const check_op *op, const check_desc *desc)
{
    check_desc exact = *desc;
    if (op == &check_op_conv2d)
        exact.conv2d.dot_only = 1;
    if (op == &check_op_conv2d_transpose)
        exact.conv2d_transpose.dot_only = 1;
    return exact;
}

static bool make_pair(const row *r, pair *p)
{
    const check_desc *const descs[] = {&r->desc, &r->other};
    clcnn_error error = {.message = ""};
    *p = (pair){.row = r};
    for (int i = 0; i < 2 && r->identity->ops[i]; i++) {
        const check_desc desc = exact_desc(r->identity->ops[i], descs[i]);
        p->cases[i] = check_case_create(r->identity->ops[i], &desc, CHECK_INTEGERS,
                                        harness_seed() + (uint64_t)i, &error);
        if (!CHECK(p->cases[i] != NULL, "%s of %s: %s", r->name, r->identity->ops[i]->name,
                   error.message))
            return false;
    }
    if (r->identity->shared) {
        const check_tensor *from = check_case_input(p->cases[0], r->identity->shared);
        const check_tensor *to = check_case_input(p->cases[1], r->identity->shared);
        if (!CHECK(from->count == to->count, "%s: two lengths of %s", r->name, r->identity->shared))
            return false;
        memcpy(to->f, from->f, from->count * sizeof(float));
    }
    return true;
}

/* Counts, for each algorithm of the operation, the cases that it had a part in. */
static void run_row(const row *r, size_t *ran)
{
    pair p;
    if (make_pair(r, &p)) {
        check_sides(&p, &(source){.name = "the reference"});
        for (int device = 0; device < harness_device_count(); device++) {
            const clcnn_algo *algos = clcnn_algos(p.cases[0]->op->name);
            for (int a = 0; algos[a].name; a++)
                ran[a] += check_sides(&p, &(source){device, algos[a].name, algos[a].name});
        }
    }
    check_case_destroy(p.cases[0]);
    check_case_destroy(p.cases[1]);
}

/* The rows of one operation; each of its algorithms must have had a part in one of them, but for
 * those that round integers, and conv2d's that have no transposed convolutions. */
static int run_op(const check_op *op)
{
    enum { MAX_ALGOS = 8 };
    size_t ran[MAX_ALGOS] = {0};
    int count = 0;
    for (int i = 0; i < ROWS; i++) {
        const check_op *const *ops = rows[i].identity->ops;
        count += ops[0] == op || ops[1] == op;
        if (ops[0] == op && (rows[i].quick || !harness_short()))
            run_row(&rows[i], ran);
    }
    const clcnn_algo *algos = clcnn_algos(op->name);
    for (int a = 0; count > 0 && op != &check_op_col2im && algos[a].name; a++)
        CHECK(ran[a] > 0 || harness_short() ||
                  (op == &check_op_conv2d_transpose && strcmp(algos[a].name, "dense") == 0) ||
                  algos[a].error[CLCNN_FORWARD].error_class == CLCNN_NORMWISE_DOT,
              "%s: no case for %s", op->name, algos[a].name);
    return count;
}

/* Every operation has its rows, or is named as one that has no such identity. */
static void test_all(void)
{
    for (int i = 0; check_ops[i]; i++) {
        bool other = false;
        for (size_t k = 0; k < sizeof others / sizeof *others; k++)
            other |= strcmp(others[k], check_ops[i]->name) == 0;
        CHECK((run_op(check_ops[i]) > 0) != other, "%s: no identity, or one too many",
              check_ops[i]->name);
    }
}

static const harness_test tests[] = {{"every linear operation", test_all}, {NULL, NULL}};

int main(void)
{
    return harness_run("adjoints", tests);
}
