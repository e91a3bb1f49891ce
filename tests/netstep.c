/*
 * One training step of a small network against the references put together, with bounds that are
 * proved, not guessed. Every value carries its own bound e: |device - reference| <= e. It grows by
 * what the operation's error class allows, and by what the errors of its inputs can do:
 *
 *     y = sum of a*b:   e(y) <= class bound of sum (|a|+e(a)) * (|b|+e(b))  (rounding)
 *                             + sum of (|a|+e(a)) * (|b|+e(b)) - sum of |a|*|b|
 *
 * All of these sums are the references themselves, on magnitudes. ReLU and max-pooling only pass
 * values on as long as the bounds leave no doubt about which; where they do, the next seed is
 * tried.
 */
#include "clcnn_net.h"
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define U 0x1p-24

enum { MAX_BATCH = 4, CLASSES = 5, SEEDS = 200 };

static const char network[] =
    "conv 4 3x3 pad 1, relu, maxpool 2, conv 6 3x3 pad 1,0,0,1 stride 2x1 "
    "groups 2 nobias, relu, flatten, dense 7 nobias, dense 5";

/* Values as floats, and their bounds. */
typedef struct value {
    size_t count;
    float *x;
    float *e; /* rounded upwards */
} value;

static value new_value(size_t count)
{
    return (value){count, calloc(count, sizeof(float)), calloc(count, sizeof(float))};
}

static void free_value(value *v)
{
    free(v->x);
    free(v->e);
    *v = (value){0};
}

static float up(double x)
{
    return nextafterf((float)x, INFINITY);
}

/* |x| + (with_error) e, rounded upwards. */
static float *magnitudes(const value *v, bool with_error)
{
    float *m = malloc((v->count + 1) * sizeof *m);
    for (size_t i = 0; i < v->count; ++i)
        m[i] = with_error ? up(fabs((double)v->x[i]) + (double)v->e[i]) : fabsf(v->x[i]);
    return m;
}

/* The largest bound that any algorithm of an operation has. */
static double class_bound(const char *op, clcnn_direction direction, double n, double mag)
{
    double bound = 0;
    for (const clcnn_algo *algo = clcnn_algos(op); algo->name; ++algo)
        bound = fmax(bound, clcnn_error_bound(algo, direction, n, mag));
    return bound;
}

/* A result: its reference, the sums of magnitudes with and without errors, n summands. */
static void set_result(value *v, const double *reference, const double *with, const double *without,
                       const char *op, clcnn_direction direction, double n)
{
    for (size_t i = 0; i < v->count; ++i) {
        v->x[i] = (float)reference[i];
        double e = class_bound(op, direction, n, with[i]) + (with[i] - without[i]) +
                   (n + 2) * 0x1p-126 /* flushed denormals */ + U * fabs(reference[i]);
        /* The differences of sums in double are good to far less than this. */
        v->e[i] = up(e * (1 + 1e-9) + with[i] * 1e-14);
    }
}

/* ---- The network, layer by layer ------------------------------------------------------------ */

typedef struct step {
    int n;
    clcnn_conv2d conv1, conv2;
    clcnn_maxpool2d pool;
    clcnn_dense dense1, dense2;
    value images, y1, pooled, y2, y3, logits; /* after ReLU where there is one */
    int32_t *argmax;
    int32_t labels[MAX_BATCH];
    value w1, b1, w2, w3, w4, b4; /* exact: e is 0 */
    value dw1, db1, dw2, dw3, dw4, db4;
    double loss, loss_error;
    bool doubtful; /* a bound leaves open which way a value goes */
} step;

typedef clcnn_status (*product_fn)(const void *d, const float *a, const float *b, const float *bias,
                                   double *y, double *mag);

static clcnn_status conv_forward(const void *d, const float *x, const float *w, const float *b,
                                 double *y, double *mag)
{
    return clcnn_ref_conv2d_forward(d, x, w, b, y, mag);
}

static clcnn_status conv_data(const void *d, const float *dy, const float *w, const float *none,
                              double *dx, double *mag)
{
    (void)none;
    return clcnn_ref_conv2d_backward_data(d, dy, w, dx, mag);
}

static clcnn_status conv_weights(const void *d, const float *x, const float *dy, const float *none,
                                 double *dw, double *mag)
{
    (void)none;
    return clcnn_ref_conv2d_backward_weights(d, x, dy, dw, NULL, mag, NULL);
}

static clcnn_status conv_bias(const void *d, const float *x, const float *dy, const float *none,
                              double *db, double *mag)
{
    (void)none;
    return clcnn_ref_conv2d_backward_weights(d, x, dy, NULL, db, NULL, mag);
}

static clcnn_status dense_forward(const void *d, const float *x, const float *w, const float *b,
                                  double *y, double *mag)
{
    return clcnn_ref_dense_forward(d, x, w, b, y, mag);
}

static clcnn_status dense_data(const void *d, const float *dy, const float *w, const float *none,
                               double *dx, double *mag)
{
    (void)none;
    return clcnn_ref_dense_backward_data(d, dy, w, dx, mag);
}

static clcnn_status dense_weights(const void *d, const float *x, const float *dy, const float *none,
                                  double *dw, double *mag)
{
    (void)none;
    return clcnn_ref_dense_backward_weights(d, x, dy, dw, NULL, mag, NULL);
}

static clcnn_status dense_bias(const void *d, const float *x, const float *dy, const float *none,
                               double *db, double *mag)
{
    (void)none;
    return clcnn_ref_dense_backward_weights(d, x, dy, NULL, db, NULL, mag);
}

/* A sum of products of `a` and `b` with its bound; n is the most summands that a result has. */
static void product(product_fn run, const void *d, const value *a, const value *b,
                    const value *bias, value *y, const char *op, clcnn_direction direction,
                    double n)
{
    double *reference = malloc(y->count * sizeof *reference),
           *with = malloc(y->count * sizeof *with);
    double *without = malloc(y->count * sizeof *without), *sum = malloc(y->count * sizeof *sum);
    float *a_with = magnitudes(a, true), *b_with = magnitudes(b, true);
    CHECK(run(d, a->x, b->x, bias ? bias->x : NULL, reference, without) == CLCNN_SUCCESS, "%s", op);
    CHECK(run(d, a_with, b_with, bias ? bias->x : NULL, sum, with) == CLCNN_SUCCESS, "%s", op);
    set_result(y, reference, with, without, op, direction, n);
    free(reference);
    free(with);
    free(without);
    free(sum);
    free(a_with);
    free(b_with);
}

static void relu(step *s, value *v)
{
    for (size_t i = 0; i < v->count; ++i) {
        s->doubtful = s->doubtful || fabsf(v->x[i]) <= v->e[i];
        if (v->x[i] <= 0)
            v->x[i] = v->e[i] = 0; /* surely, on the device too */
    }
}

/* dy where y is positive, 0 elsewhere. */
static void relu_backward(const value *y, value *dy)
{
    for (size_t i = 0; i < dy->count; ++i)
        if (y->x[i] <= 0)
            dy->x[i] = dy->e[i] = 0;
}

/* Is another element of the window of 2 x 2 possibly the largest? Equal zeros of ReLU are not in
 * doubt: they are equal on the device, too. */
static bool pool_in_doubt(const value *in, size_t plane, int w, int row, int column, int32_t winner)
{
    const float *x = in->x + plane, *e = in->e + plane;
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j < 2; ++j) {
            int at = (row + i) * w + column + j;
            bool zeros = x[at] == 0 && e[at] == 0 && x[winner] == 0 && e[winner] == 0;
            if (at != winner && !zeros &&
                (double)x[at] + (double)e[at] >= (double)x[winner] - (double)e[winner])
                return true;
        }
    return false;
}

static void pool(step *s)
{
    const clcnn_maxpool2d *d = &s->pool;
    double *y = malloc(s->pooled.count * sizeof *y);
    CHECK(clcnn_ref_maxpool2d_forward(d, s->y1.x, y, s->argmax) == CLCNN_SUCCESS, "maxpool2d");
    int p = d->h / 2, q = d->w / 2;
    for (size_t i = 0; i < s->pooled.count; ++i) {
        size_t plane = i / (size_t)(p * q) * (size_t)(d->h * d->w);
        int row = (int)(i / (size_t)q % (size_t)p), column = (int)(i % (size_t)q);
        s->doubtful =
            s->doubtful || pool_in_doubt(&s->y1, plane, d->w, 2 * row, 2 * column, s->argmax[i]);
        s->pooled.x[i] = (float)y[i];
        s->pooled.e[i] = s->y1.e[plane + (size_t)s->argmax[i]];
    }
    free(y);
}

static void forward(step *s)
{
    product(conv_forward, &s->conv1, &s->images, &s->w1, &s->b1, &s->y1, "conv2d", CLCNN_FORWARD,
            s->conv1.c * 9 + 1);
    relu(s, &s->y1);
    pool(s);
    product(conv_forward, &s->conv2, &s->pooled, &s->w2, NULL, &s->y2, "conv2d", CLCNN_FORWARD,
            s->conv2.c / s->conv2.groups * 9);
    relu(s, &s->y2);
    product(dense_forward, &s->dense1, &s->y2, &s->w3, NULL, &s->y3, "dense", CLCNN_FORWARD,
            s->dense1.c);
    product(dense_forward, &s->dense2, &s->y3, &s->w4, &s->b4, &s->logits, "dense", CLCNN_FORWARD,
            s->dense2.c + 1);
}

/* Loss and its gradient. When every logit moves by at most e, each probability changes by a factor
 * of at most exp(2e), and the loss by at most 2e. */
static value loss(const value *logits, const int32_t *labels, int n, double *loss,
                  double *loss_error)
{
    const clcnn_softmax_cross_entropy d = {.n = n, .classes = CLASSES};
    value dx = new_value(logits->count);
    double y[MAX_BATCH * CLASSES], gradient[MAX_BATCH * CLASSES], mag[MAX_BATCH * CLASSES], e = 0;
    double loss_mag;
    CHECK(
        !clcnn_ref_softmax_cross_entropy_forward(&d, logits->x, labels, y, loss, NULL, &loss_mag) &&
            !clcnn_ref_softmax_cross_entropy_backward(&d, logits->x, labels, gradient, mag),
        "softmax_cross_entropy");
    for (size_t i = 0; i < logits->count; ++i)
        e = fmax(e, (double)logits->e[i]);
    /* mag depends on the logits as well; a hundredth covers what e can do to it */
    *loss_error = 2 * e + U * fabs(*loss) +
                  1.01 * class_bound("softmax_cross_entropy", CLCNN_FORWARD, n, loss_mag);
    for (size_t i = 0; i < dx.count; ++i) {
        dx.x[i] = (float)gradient[i];
        dx.e[i] =
            up(y[i] * expm1(2 * e) / n + U * fabs(gradient[i]) +
               1.01 * class_bound("softmax_cross_entropy", CLCNN_BACKWARD_DATA, CLASSES, mag[i]));
    }
    return dx;
}

static value pool_backward(const step *s, const value *dy)
{
    value dx = new_value(s->y1.count);
    double *x = malloc(dx.count * sizeof *x), *e = malloc(dx.count * sizeof *e);
    CHECK(!clcnn_ref_maxpool2d_backward(&s->pool, dy->x, s->argmax, x, NULL) &&
              !clcnn_ref_maxpool2d_backward(&s->pool, dy->e, s->argmax, e, NULL),
          "maxpool2d backward");
    for (size_t i = 0; i < dx.count; ++i) { /* windows don't overlap: nothing is rounded */
        dx.x[i] = (float)x[i];
        dx.e[i] = (float)e[i];
    }
    free(x);
    free(e);
    return dx;
}

static void backward(step *s, value dy)
{
    double n = s->n, pixels1 = n * s->conv1.h * s->conv1.w, pixels2 = n * s->conv2.h * s->conv2.w;
    product(dense_weights, &s->dense2, &s->y3, &dy, NULL, &s->dw4, "dense", CLCNN_BACKWARD_WEIGHTS,
            n);
    product(dense_bias, &s->dense2, &s->y3, &dy, NULL, &s->db4, "dense", CLCNN_BACKWARD_WEIGHTS, n);
    value d3 = new_value(s->y3.count);
    product(dense_data, &s->dense2, &dy, &s->w4, NULL, &d3, "dense", CLCNN_BACKWARD_DATA,
            s->dense2.k);
    product(dense_weights, &s->dense1, &s->y2, &d3, NULL, &s->dw3, "dense", CLCNN_BACKWARD_WEIGHTS,
            n);
    value d2 = new_value(s->y2.count);
    product(dense_data, &s->dense1, &d3, &s->w3, NULL, &d2, "dense", CLCNN_BACKWARD_DATA,
            s->dense1.k);
    relu_backward(&s->y2, &d2);
    product(conv_weights, &s->conv2, &s->pooled, &d2, NULL, &s->dw2, "conv2d",
            CLCNN_BACKWARD_WEIGHTS, pixels2);
    value dpooled = new_value(s->pooled.count);
    product(conv_data, &s->conv2, &d2, &s->w2, NULL, &dpooled, "conv2d", CLCNN_BACKWARD_DATA,
            s->conv2.k * 9);
    value d1 = pool_backward(s, &dpooled);
    relu_backward(&s->y1, &d1);
    product(conv_weights, &s->conv1, &s->images, &d1, NULL, &s->dw1, "conv2d",
            CLCNN_BACKWARD_WEIGHTS, pixels1);
    product(conv_bias, &s->conv1, &s->images, &d1, NULL, &s->db1, "conv2d", CLCNN_BACKWARD_WEIGHTS,
            pixels1);
    free_value(&dy);
    free_value(&d3);
    free_value(&d2);
    free_value(&dpooled);
    free_value(&d1);
}

/* ---- Setting up ----------------------------------------------------------------------------- */

enum { C = 2, H = 9, W = 8, P2 = 2, Q2 = 3, FLAT = 6 * P2 * Q2 };

static void weights_and_gradients(step *s, value *weights[6], value *gradients[6])
{
    memcpy(weights, (value *[6]){&s->w1, &s->b1, &s->w2, &s->w3, &s->w4, &s->b4},
           6 * sizeof *weights);
    memcpy(gradients, (value *[6]){&s->dw1, &s->db1, &s->dw2, &s->dw3, &s->dw4, &s->db4},
           6 * sizeof *gradients);
}

static const size_t parameter_counts[6] = {4 * C * 9, 4, 6 * 2 * 9, 7 * FLAT, CLASSES * 7, CLASSES};

static size_t parameters(void)
{
    size_t total = 0;
    for (int i = 0; i < 6; ++i)
        total += parameter_counts[i];
    return total;
}

static float random_float(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)(*state >> 40) * 0x1p-23f - 1.0f;
}

/* A step of n images with weights from `packed`. */
static void set_up(step *s, int n, const float *packed, uint64_t seed)
{
    *s = (step){.n = n};
    s->conv1 = (clcnn_conv2d){.n = n,
                              .c = C,
                              .h = H,
                              .w = W,
                              .k = 4,
                              .r = 3,
                              .s = 3,
                              .pad_top = 1,
                              .pad_left = 1,
                              .pad_bottom = 1,
                              .pad_right = 1};
    s->pool = (clcnn_maxpool2d){.n = n, .c = 4, .h = H, .w = W, .r = 2, .s = 2};
    s->conv2 = (clcnn_conv2d){.n = n,
                              .c = 4,
                              .h = 4,
                              .w = 4,
                              .k = 6,
                              .r = 3,
                              .s = 3,
                              .pad_top = 1,
                              .pad_right = 1,
                              .stride_h = 2,
                              .stride_w = 1,
                              .groups = 2};
    s->dense1 = (clcnn_dense){.n = n, .c = FLAT, .k = 7};
    s->dense2 = (clcnn_dense){.n = n, .c = 7, .k = CLASSES};
    size_t images = (size_t)n;
    s->images = new_value(images * C * H * W);
    s->y1 = new_value(images * 4 * H * W);
    s->pooled = new_value(images * 4 * 4 * 4);
    s->y2 = new_value(images * FLAT);
    s->y3 = new_value(images * 7);
    s->logits = new_value(images * CLASSES);
    s->argmax = calloc(s->pooled.count, sizeof *s->argmax);
    for (size_t i = 0; i < s->images.count; ++i)
        s->images.x[i] = random_float(&seed);
    for (int i = 0; i < n; ++i)
        s->labels[i] = (i * 3 + 1) % CLASSES;
    value *weights[6], *gradients[6];
    weights_and_gradients(s, weights, gradients);
    for (int i = 0; i < 6; packed += parameter_counts[i++]) {
        *weights[i] = new_value(parameter_counts[i]);
        *gradients[i] = new_value(parameter_counts[i]);
        memcpy(weights[i]->x, packed, parameter_counts[i] * sizeof *packed);
    }
}

static void tear_down(step *s)
{
    value *weights[6], *gradients[6];
    weights_and_gradients(s, weights, gradients);
    for (int i = 0; i < 6; ++i) {
        free_value(weights[i]);
        free_value(gradients[i]);
    }
    value *rest[] = {&s->images, &s->y1, &s->pooled, &s->y2, &s->y3, &s->logits};
    for (size_t i = 0; i < sizeof rest / sizeof *rest; ++i)
        free_value(rest[i]);
    free(s->argmax);
}

/* ---- The device ----------------------------------------------------------------------------- */

typedef struct outcome {
    float loss, *param, *m, *v;
} outcome;

static void run_on_device(int device, clcnn_net *net, int n, const value *images_host,
                          const int32_t *labels_of_images, const clcnn_net_step *adam, outcome *out)
{
    clcnn_ctx *ctx = harness_ctx(device);
    cl_command_queue queue = clcnn_ctx_queue(ctx);
    size_t image_bytes = images_host->count * sizeof(float);
    cl_int code[3] = {0};
    /* odd offsets: labels and loss lie behind 1 and 3 elements */
    cl_mem images = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
                                   image_bytes, images_host->x, &code[0]);
    int32_t labels_host[MAX_BATCH + 1] = {-1};
    memcpy(labels_host + 1, labels_of_images, (size_t)n * sizeof *labels_of_images);
    cl_mem labels = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR,
                                   sizeof labels_host, labels_host, &code[1]);
    cl_mem loss_mem = clCreateBuffer(clcnn_ctx_context(ctx), CL_MEM_READ_WRITE, 4 * sizeof(float),
                                     NULL, &code[2]);
    if (!CHECK(!code[0] && !code[1] && !code[2], "buffers: %d %d %d", code[0], code[1], code[2]))
        return;
    clcnn_status status = clcnn_net_train_step(
        net, n, (clcnn_mem){images, 0}, (clcnn_mem){labels, 1}, (clcnn_mem){loss_mem, 3}, adam);
    CHECK(status == CLCNN_SUCCESS, "%s: %s\n%s", harness_device_name(device),
          clcnn_last_error(ctx)->message, clcnn_last_error(ctx)->build_log);
    clEnqueueReadBuffer(queue, loss_mem, CL_TRUE, 3 * sizeof(float), sizeof(float), &out->loss, 0,
                        NULL, NULL);
    CHECK(clcnn_net_read(net, out->param, out->m, out->v) == CLCNN_SUCCESS, "%s",
          clcnn_last_error(ctx)->message);
    clReleaseMemObject(images);
    clReleaseMemObject(labels);
    clReleaseMemObject(loss_mem);
}

/* ---- Comparison ----------------------------------------------------------------------------- */

/* The first update from m = v = 0 grows with g, so g's interval makes the result's. */
static double first_update(const clcnn_net_step *d, double g)
{
    return d->lr * g / (fabs(g) + d->eps);
}

static void compare_element(const char *where, const clcnn_net_step *d, float before, double g,
                            double e, const outcome *out, size_t i)
{
    /* A dozen roundings of the update's own, each of at most u, and constants that are floats. */
    double own = 16 * U, tiny = 0x1p-120;
    double m = (1 - d->beta1) * g, m_bound = (1 - d->beta1) * e + own * (fabs(g) + e) + tiny;
    CHECK(fabs((double)out->m[i] - m) <= m_bound, "%s: m %g, not %g +- %g", where,
          (double)out->m[i], m, m_bound);
    double v = (1 - d->beta2) * g * g;
    double v_bound =
        (1 - d->beta2) * (2 * fabs(g) * e + e * e + own * (fabs(g) + e) * (fabs(g) + e)) + tiny;
    CHECK(fabs((double)out->v[i] - v) <= v_bound, "%s: v %g, not %g +- %g", where,
          (double)out->v[i], v, v_bound);
    double least = (double)before - first_update(d, g + e);
    double most = (double)before - first_update(d, g - e);
    double slack = own * (fabs((double)before) + d->lr) + tiny;
    CHECK((double)out->param[i] >= least - slack && (double)out->param[i] <= most + slack,
          "%s: parameter %.9g, not from %.9g to %.9g", where, (double)out->param[i], least, most);
}

static void compare(int device, step *s, const clcnn_net_step *adam, const float *before,
                    const outcome *out)
{
    static const char *const names[6] = {"0.weight", "0.bias",   "3.weight",
                                         "6.weight", "7.weight", "7.bias"};
    value *weights[6], *gradients[6];
    weights_and_gradients(s, weights, gradients);
    CHECK(fabs((double)out->loss - s->loss) <= s->loss_error, "%s: loss %.9g, not %.9g +- %g",
          harness_device_name(device), (double)out->loss, s->loss, s->loss_error);
    size_t nonzero = 0, i = 0;
    for (int t = 0; t < 6; ++t)
        for (size_t k = 0; k < parameter_counts[t]; ++k, ++i) {
            double g = (double)gradients[t]->x[k];
            nonzero += g != 0;
            /* the bound must mean something: far below the gradient's size */
            CHECK((double)gradients[t]->e[k] < 1e-4, "%s[%zu]: a bound of %g", names[t], k,
                  (double)gradients[t]->e[k]);
            compare_element(names[t], adam, before[i], g, (double)gradients[t]->e[k], out, i);
        }
    CHECK(nonzero > parameters() / 2, "%zu of %zu gradients are not 0", nonzero, parameters());
}

/* Finds images about which the bounds leave no doubt, and compares. */
static void run_size(int device, clcnn_net *net, const float *first, outcome *out, int n)
{
    const clcnn_net_step adam = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .step = 1};
    float *zero = calloc(parameters(), sizeof *zero);
    bool found = false;
    for (uint64_t seed = 0; !found && seed < SEEDS; ++seed) {
        step s;
        set_up(&s, n, first, harness_seed() + seed);
        forward(&s);
        found = !s.doubtful;
        if (found) {
            backward(&s, loss(&s.logits, s.labels, n, &s.loss, &s.loss_error));
            CHECK(clcnn_net_write(net, first, zero, zero) == CLCNN_SUCCESS, "write");
            run_on_device(device, net, n, &s.images, s.labels, &adam, out);
            compare(device, &s, &adam, first, out);
        }
        tear_down(&s);
    }
    CHECK(found, "no seed without doubt for %d images", n);
    free(zero);
}

static void test_step(void)
{
    size_t count = parameters();
    float *memory = calloc(4 * count, sizeof *memory), *first = memory;
    outcome out = {0, memory + count, memory + 2 * count, memory + 3 * count};
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_net_desc desc = {.layers = network,
                               .batch = MAX_BATCH,
                               .c = C,
                               .h = H,
                               .w = W,
                               .seed = 5,
                               .training = 1};
        clcnn_net *net;
        clcnn_error error = {.message = ""};
        if (!CHECK(clcnn_net_create(harness_ctx(device), &desc, &net, &error) == CLCNN_SUCCESS,
                   "%s: %s\n%s", harness_device_name(device), error.message, error.build_log))
            continue;
        CHECK(clcnn_net_parameters(net) == count, "%zu parameters", clcnn_net_parameters(net));
        clcnn_net_read(net, first, NULL, NULL);
        run_size(device, net, first, &out, MAX_BATCH);
        run_size(device, net, first, &out, MAX_BATCH - 1); /* a partial batch */
        clcnn_net_destroy(net);
    }
    free(memory);
}

/* ---- A chain without activations: every output must survive until its layer's backward ------- */

enum { LINKS = 5, WIDE = 24 };

static const char chain_text[] = "dense 24, dense 24, dense 24, dense 24, dense 5";

typedef struct chain {
    clcnn_dense desc[LINKS];
    value x[LINKS + 1]; /* images, outputs */
    value w[LINKS], b[LINKS], dw[LINKS], db[LINKS];
    int32_t labels[MAX_BATCH];
} chain;

/* The references forward and back; returns how many parameters there are. */
static size_t run_chain(chain *c, const float *packed, double *loss_value, double *loss_error)
{
    size_t used = 0;
    *c = (chain){.labels = {4, 0, 2, 1}};
    c->x[0] = new_value(MAX_BATCH * WIDE);
    uint64_t state = harness_seed();
    for (size_t i = 0; i < c->x[0].count; ++i)
        c->x[0].x[i] = random_float(&state);
    for (int l = 0; l < LINKS; ++l) {
        clcnn_dense *d = &c->desc[l];
        *d = (clcnn_dense){MAX_BATCH, WIDE, l + 1 < LINKS ? WIDE : CLASSES, CLCNN_IDENTITY, 0, 0};
        size_t k = (size_t)d->k;
        c->w[l] = new_value(k * WIDE);
        c->b[l] = new_value(k);
        c->x[l + 1] = new_value(MAX_BATCH * k);
        memcpy(c->w[l].x, packed + used, c->w[l].count * sizeof *packed);
        memcpy(c->b[l].x, packed + used + c->w[l].count, k * sizeof *packed);
        used += c->w[l].count + k;
        product(dense_forward, d, &c->x[l], &c->w[l], &c->b[l], &c->x[l + 1], "dense",
                CLCNN_FORWARD, WIDE + 1);
    }
    value dy = loss(&c->x[LINKS], c->labels, MAX_BATCH, loss_value, loss_error);
    for (int l = LINKS; l-- > 0;) {
        const clcnn_dense *d = &c->desc[l];
        c->dw[l] = new_value(c->w[l].count);
        c->db[l] = new_value(c->b[l].count);
        product(dense_weights, d, &c->x[l], &dy, NULL, &c->dw[l], "dense", CLCNN_BACKWARD_WEIGHTS,
                MAX_BATCH);
        product(dense_bias, d, &c->x[l], &dy, NULL, &c->db[l], "dense", CLCNN_BACKWARD_WEIGHTS,
                MAX_BATCH);
        value dx = new_value(c->x[l].count);
        product(dense_data, d, &dy, &c->w[l], NULL, &dx, "dense", CLCNN_BACKWARD_DATA, d->k);
        free_value(&dy);
        dy = dx;
    }
    free_value(&dy);
    return used;
}

static void compare_chain(const chain *c, const clcnn_net_step *adam, const float *before,
                          const outcome *out)
{
    size_t at = 0;
    for (int l = 0; l < LINKS; ++l)
        for (int bias = 0; bias < 2; ++bias) {
            const value *g = bias ? &c->db[l] : &c->dw[l];
            char name[32];
            snprintf(name, sizeof name, "%d.%s", l, bias ? "bias" : "weight");
            for (size_t i = 0; i < g->count; ++i, ++at)
                compare_element(name, adam, before[at], (double)g->x[i], (double)g->e[i], out, at);
        }
}

static void test_chain(void)
{
    const clcnn_net_step adam = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8, .step = 1};
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_net_desc desc = {
            .layers = chain_text, .batch = MAX_BATCH, .c = 1, .h = 4, .w = 6, .training = 1};
        clcnn_net *net;
        clcnn_error error = {.message = ""};
        if (!CHECK(clcnn_net_create(harness_ctx(device), &desc, &net, &error) == CLCNN_SUCCESS,
                   "%s: %s\n%s", harness_device_name(device), error.message, error.build_log))
            continue;
        size_t count = clcnn_net_parameters(net);
        float *memory = calloc(4 * count, sizeof *memory);
        outcome out = {0, memory + count, memory + 2 * count, memory + 3 * count};
        clcnn_net_read(net, memory, NULL, NULL);
        chain c;
        double expected, bound;
        size_t used = run_chain(&c, memory, &expected, &bound);
        CHECK(used == count, "%zu parameters, not %zu", count, used);
        run_on_device(device, net, MAX_BATCH, &c.x[0], c.labels, &adam, &out);
        CHECK(fabs((double)out.loss - expected) <= bound, "%s: loss %.9g, not %.9g +- %g",
              harness_device_name(device), (double)out.loss, expected, bound);
        compare_chain(&c, &adam, memory, &out);
        free_value(&c.x[0]);
        for (int l = 0; l < LINKS; ++l) {
            value *all[] = {&c.x[l + 1], &c.w[l], &c.b[l], &c.dw[l], &c.db[l]};
            for (int i = 0; i < 5; ++i)
                free_value(all[i]);
        }
        free(memory);
        clcnn_net_destroy(net);
    }
}

int main(void)
{
    static const harness_test tests[] = {
        {"one training step against the references", test_step},
        {"a chain of layers against the references", test_chain},
        {NULL, NULL},
    };
    return harness_run("netstep", tests);
}
