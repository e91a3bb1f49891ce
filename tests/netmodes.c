/*
 * What training and inference do differently, and what a step's options do: batch-norm's
 * statistics, dropout, frozen layers, optimisers, weight decay, clipping, label smoothing. That
 * gradients are right is shown elsewhere; here they are taken as they are, out of SGD's velocity.
 */
#include "clcnn_net.h"
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define U 0x1p-24

enum { BATCH = 4, MOST_IMAGES = BATCH * 64, LABELS = MOST_IMAGES, LOSS = LABELS + BATCH, ALL };

/* ---- A net and its batch ----------------------------------------------------------------------
 */

/* The net's values and state from the host, and a buffer with images, labels and a loss. */
typedef struct bench {
    int device;
    clcnn_ctx *ctx;
    clcnn_net *net;
    cl_mem mem;
    size_t count;  /* values of the net */
    size_t image;  /* pixels of an image */
    float *values; /* [3 * count]: values, first and second state */
    float batch[ALL + 1];
} bench;

static float random_float(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)(*state >> 40) * 0x1p-23f - 1.0f;
}

static void upload(bench *b)
{
    CHECK(!clEnqueueWriteBuffer(clcnn_ctx_queue(b->ctx), b->mem, CL_TRUE, 0, ALL * sizeof(float),
                                b->batch, 0, NULL, NULL),
          "the batch can't be written");
}

static void download(bench *b)
{
    float *v = b->values;
    const int state = clcnn_net_get_desc(b->net)->training;
    CHECK(!clcnn_net_read(b->net, v, state ? v + b->count : NULL, state ? v + 2 * b->count : NULL),
          "%s", clcnn_last_error(b->ctx)->message);
}

/* False, after a failed check, when there is no such net. Images are random, labels 0, 1, 0, 1. */
static bool set_up(bench *b, int device, const char *layers, int c, int h, int w, int training)
{
    const clcnn_net_desc desc = {
        .layers = layers, .batch = BATCH, .c = c, .h = h, .w = w, .seed = 3, .training = training};
    clcnn_error error = {.message = ""};
    cl_int code = 0;
    uint64_t state = harness_seed();
    *b = (bench){.device = device, .ctx = harness_ctx(device), .image = (size_t)(c * h * w)};
    if (!CHECK(!clcnn_net_create(b->ctx, &desc, &b->net, &error), "%s: \"%s\": %s\n%s",
               harness_device_name(device), layers, error.message, error.build_log))
        return false;
    b->mem = clCreateBuffer(clcnn_ctx_context(b->ctx), CL_MEM_READ_WRITE, ALL * sizeof(float), NULL,
                            &code);
    b->count = clcnn_net_values(b->net);
    b->values = calloc(3 * b->count + 1, sizeof *b->values);
    for (size_t i = 0; i < MOST_IMAGES; ++i)
        b->batch[i] = random_float(&state);
    const int32_t labels[BATCH] = {0, 1, 0, 1};
    memcpy(b->batch + LABELS, labels, sizeof labels);
    upload(b);
    download(b);
    return CHECK(b->mem && b->image * BATCH <= MOST_IMAGES, "%d", code);
}

static void tear_down(bench *b)
{
    clcnn_net_destroy(b->net);
    if (b->mem)
        clReleaseMemObject(b->mem);
    free(b->values);
}

/* One step on the first n images; the loss. Values and state are read back. */
static float step_once(bench *b, int n, const clcnn_net_step *step)
{
    float loss = 0;
    CHECK(!clcnn_net_train_step(b->net, n, (clcnn_mem){b->mem, 0}, (clcnn_mem){b->mem, LABELS},
                                (clcnn_mem){b->mem, LOSS}, step),
          "%s: %d images: %s", harness_device_name(b->device), n,
          clcnn_last_error(b->ctx)->message);
    clEnqueueReadBuffer(clcnn_ctx_queue(b->ctx), b->mem, CL_TRUE, LOSS * sizeof(float), sizeof loss,
                        &loss, 0, NULL, NULL);
    download(b);
    return loss;
}

static void write_values(bench *b, const float *all)
{
    CHECK(!clcnn_net_write(b->net, all, all + b->count, all + 2 * b->count), "%s",
          clcnn_last_error(b->ctx)->message);
}

static void infer(bench *b, int n, float *logits)
{
    clcnn_mem mem = CLCNN_NO_MEM;
    CHECK(!clcnn_net_forward(b->net, n, (clcnn_mem){b->mem, 0}, &mem), "%s: %s",
          harness_device_name(b->device), clcnn_last_error(b->ctx)->message);
    clEnqueueReadBuffer(clcnn_ctx_queue(b->ctx), mem.buf, CL_TRUE, mem.offset * sizeof(float),
                        (size_t)(n * clcnn_net_classes(b->net)) * sizeof(float), logits, 0, NULL,
                        NULL);
}

static float *copy_of(const bench *b)
{
    float *copy = malloc((3 * b->count + 1) * sizeof *copy);
    memcpy(copy, b->values, 3 * b->count * sizeof *copy);
    return copy;
}

static const clcnn_net_step sgd = {.optimiser = CLCNN_SGD, .lr = 0.1, .step = 1};

/* The gradient at these values: the first velocity is 0 times 0.5 and the gradient, both exact. */
static float *gradient_at(bench *b, const float *values, int n, const clcnn_net_step *step)
{
    float *clean = calloc(3 * b->count + 1, sizeof *clean);
    float *gradient = calloc(b->count + 1, sizeof *gradient);
    clcnn_net_step plain = {.optimiser = CLCNN_SGD,
                            .lr = 0,
                            .momentum = 0.5,
                            .step = step->step,
                            .seed = step->seed,
                            .label_smoothing = step->label_smoothing};
    memcpy(clean, values, b->count * sizeof *clean);
    write_values(b, clean);
    step_once(b, n, &plain);
    memcpy(gradient, b->values + b->count, b->count * sizeof *gradient);
    free(clean);
    return gradient;
}

/* ---- Inference --------------------------------------------------------------------------------
 */

/* Small whole numbers and powers of two: every result is exact, on every device. */
static void test_dropout_in_inference(void)
{
    /* in place; behind a ReLU whose output is kept in training; last; first */
    static const char *const layers[] = {
        "dense 2 nobias, dropout 0.5, dense 2 nobias",
        "dense 2 nobias, relu, dropout 0.75, dense 2 nobias",
        "dense 2 nobias, relu, dense 2 nobias, dropout 0.25",
        "dropout 0.5, dense 2 nobias, relu, dense 2 nobias",
    };
    static const float weights[8] = {1, 2, -3, 1, 2, 0.5f, -1, 4}, images[4] = {1, 2, 4, 1};
    /* hidden: 5, -1 and 6, -11; with ReLU 5, 0 and 6, 0 */
    static const float plain[4] = {9.5f, -9, 6.5f, -50}, positive[4] = {10, -5, 12, -6};
    for (int device = 0; device < harness_device_count(); ++device)
        for (size_t i = 0; i < sizeof layers / sizeof *layers; ++i)
            for (int training = 0; training < 2; ++training) {
                const float *expected = i == 0 ? plain : positive;
                float logits[4];
                bench b;
                if (!set_up(&b, device, layers[i], 2, 1, 1, training))
                    continue;
                memcpy(b.batch, images, sizeof images);
                upload(&b);
                CHECK(!clcnn_net_write(b.net, weights, NULL, NULL), "write");
                infer(&b, 2, logits);
                for (int k = 0; k < 4; ++k)
                    CHECK(logits[k] == expected[k], "%s: \"%s\": logit %d is %g, not %g",
                          harness_device_name(device), layers[i], k, (double)logits[k],
                          (double)expected[k]);
                tear_down(&b);
            }
}

/*
 * Statistics that are not the batch's. The layer's 1/sqrt(var + eps) is good to 15 roundings, what
 * becomes of it to 4 more, and the dot product of 4 elements and a bias to 6: 30 cover all of it.
 */
static void test_batchnorm_in_inference(void)
{
    static const char layers[] = "batchnorm eps 1, dense 2";
    enum { WEIGHT = 0, BIAS = 2, MEAN = 4, VAR = 6, DENSE = 8, DENSE_BIAS = 16, VALUES = 18 };
    static const float values[VALUES] = {2, -3, 0.5f, 1, 1, -2,   3,  15, /* scales: 1 and -3/4 */
                                         1, 2,  -1,   4, 3, 0.5f, -2, 1,  7, -7};
    static const double scale[2] = {1, -0.75};
    for (int device = 0; device < harness_device_count(); ++device)
        for (int training = 0; training < 2; ++training) {
            bench b;
            float logits[BATCH * 2], after[VALUES];
            if (!set_up(&b, device, layers, 2, 1, 2, training))
                continue;
            CHECK(b.count == VALUES && !clcnn_net_write(b.net, values, NULL, NULL), "%zu values",
                  b.count);
            infer(&b, BATCH, logits);
            for (int i = 0; i < BATCH; ++i)
                for (int k = 0; k < 2; ++k) {
                    double sum = (double)values[DENSE_BIAS + k], mag = fabs(sum);
                    for (int j = 0; j < 4; ++j) {
                        const int c = j / 2;
                        const double x = (double)b.batch[4 * i + j] - (double)values[MEAN + c];
                        const double w = (double)values[DENSE + 4 * k + j];
                        sum += w * (x * scale[c] + (double)values[BIAS + c]);
                        mag += fabs(w) * (fabs(x * scale[c]) + fabs((double)values[BIAS + c]));
                    }
                    CHECK(fabs((double)logits[2 * i + k] - sum) <= 30 * U * mag,
                          "%s: logit %d of image %d is %.9g, not %.9g", harness_device_name(device),
                          k, i, (double)logits[2 * i + k], sum);
                }
            CHECK(!clcnn_net_read(b.net, after, NULL, NULL) &&
                      memcmp(after, values, sizeof values) == 0,
                  "%s: inference changes values", harness_device_name(device));
            tear_down(&b);
        }
}

/* What follows is folded into the first layer. Its values, as they lie one after another. */
static const char folding[] = "dense 3, batchnorm eps 1, relu, dense 2";
enum {
    W0 = 0,
    B0 = 12,
    GAMMA = 15,
    BETA = 18,
    MEANS = 21,
    VARS = 24,
    W1 = 27,
    B1 = 33,
    FOLDED = 35
};
static const float folding_values[FOLDED] = {1,  2,  -1, 4,    3,  0.5f, -2, 1, -1, 2, 0.25f, -3,
                                             7,  -7, 1,  2,    -3, 1,    1,  2, -1, 3, -2,    0.5f,
                                             15, 3,  8,  0.5f, 1,  -2,   3,  1, -1, 2, -3};
static const double folding_scales[3] = {0.5, -1.5, 1 / 3.0}; /* gamma / sqrt(var + 1) */

/* Logit k of the image at x, and the sum of the magnitudes on its way. */
static double folding_logit(const float *x, int k, double *mag)
{
    const float *v = folding_values;
    double logit = (double)v[B1 + k];
    *mag = fabs(logit);
    for (int j = 0; j < 3; ++j) {
        double h = (double)v[B0 + j], h_mag = fabs(h);
        for (int i = 0; i < 4; ++i) {
            h += (double)v[W0 + 4 * j + i] * (double)x[i];
            h_mag += fabs((double)v[W0 + 4 * j + i] * (double)x[i]);
        }
        const double mean = (double)v[MEANS + j], beta = (double)v[BETA + j];
        const double z = (h - mean) * folding_scales[j] + beta, w = (double)v[W1 + 3 * k + j];
        logit += w * (z > 0 ? z : 0);
        *mag += fabs(w) * ((h_mag + fabs(mean)) * fabs(folding_scales[j]) + fabs(beta));
    }
    return logit;
}

/*
 * A norm in the weights before it, for a full batch, whose weights are packed beforehand, and a
 * smaller one. The scale is good to 15 roundings, its product with the weights and the bias to 3
 * more, the first dot product to 6, the second to 5, ReLU to none: 30 cover all of it.
 */
static void test_folded_batchnorm(void)
{
    for (int device = 0; device < harness_device_count(); ++device)
        for (int way = 0; way < 4; ++way) {
            const int n = way & 1 ? BATCH : BATCH - 1;
            float logits[BATCH * 2];
            bench b;
            if (!set_up(&b, device, folding, 4, 1, 1, way & 2))
                continue;
            CHECK(b.count == FOLDED && !clcnn_net_write(b.net, folding_values, NULL, NULL),
                  "%zu values", b.count);
            infer(&b, n, logits);
            for (int i = 0; i < 2 * n; ++i) {
                double mag, logit = folding_logit(b.batch + 4 * (i / 2), i % 2, &mag);
                CHECK(fabs((double)logits[i] - logit) <= 30 * U * mag,
                      "%s: logit %d of %d images is %.9g, not %.9g", harness_device_name(device), i,
                      n, (double)logits[i], logit);
            }
            tear_down(&b);
        }
}

/* What inference has made of the weights is made anew when a step or a write has changed them. */
static void test_inference_follows_training(void)
{
    enum { LOGITS = BATCH * 2 };
    for (int device = 0; device < harness_device_count(); ++device) {
        float before[LOGITS], after[LOGITS], fresh[LOGITS], again[LOGITS];
        bench b, other;
        if (!set_up(&b, device, folding, 4, 1, 1, 1) ||
            !set_up(&other, device, folding, 4, 1, 1, 0))
            continue;
        float *first = copy_of(&b);
        infer(&b, BATCH, before);
        step_once(&b, BATCH, &sgd);
        infer(&b, BATCH, after);
        infer(&other, BATCH, again); /* the same seed, so the same as before */
        CHECK(memcmp(before, again, sizeof before) == 0, "%s: the first logits differ",
              harness_device_name(device));
        CHECK(!clcnn_net_write(other.net, b.values, NULL, NULL), "write");
        infer(&other, BATCH, fresh);
        CHECK(memcmp(after, fresh, sizeof after) == 0 && memcmp(before, after, sizeof after) != 0,
              "%s: logits behind a step: %g; of the same values elsewhere: %g; before: %g",
              harness_device_name(device), (double)after[0], (double)fresh[0], (double)before[0]);
        write_values(&b, first);
        infer(&b, BATCH, again);
        CHECK(memcmp(before, again, sizeof before) == 0, "%s: the first values, other logits",
              harness_device_name(device));
        free(first);
        tear_down(&b);
        tear_down(&other);
    }
}

/* ---- Running statistics ------------------------------------------------------------------------
 */

static const struct statistics {
    const char *layers;
    int c, h, w, n;
    double momentum;
    bool unbiased;
} statistics[] = {
    {"batchnorm, dense 2", 2, 3, 2, 4, 0.1, true},
    {"batchnorm, dense 2", 2, 3, 2, 3, 0.1, true},
    {"batchnorm biased, dense 2", 2, 3, 2, 4, 0.1, false},
    {"batchnorm momentum 0.25, dense 2", 3, 1, 1, 4, 0.25, true},
    {"batchnorm momentum 1, dense 2", 1, 2, 2, 2, 1, true},
    {"batchnorm momentum 0, dense 2", 1, 2, 2, 2, 0, true},
    {"batchnorm, dense 2", 3, 1, 1, 1, 0.1, false}, /* one value has no unbiased variance */
};

/* PyTorch's formula, through the reference, from statistics that are not those of the start. */
static void check_statistics(bench *b, const struct statistics *s)
{
    const clcnn_batchnorm d = {.n = s->n,
                               .c = s->c,
                               .h = s->h,
                               .w = s->w,
                               .momentum = s->momentum,
                               .unbiased = s->unbiased};
    const size_t c = (size_t)s->c;
    double out[2][3], mag[2][3], y[MOST_IMAGES];
    float *before = copy_of(b);
    for (size_t i = 0; i < c; ++i) {
        before[2 * c + i] = 0.25f * (float)i - 1;
        before[3 * c + i] = 0.5f + (float)i;
    }
    write_values(b, before);
    const clcnn_ref_batchnorm arrays = {.x = b->batch,
                                        .running_mean = before + 2 * c,
                                        .running_var = before + 3 * c,
                                        .y = y,
                                        .new_running_mean = out[0],
                                        .new_running_var = out[1],
                                        .new_running_mean_mag = mag[0],
                                        .new_running_var_mag = mag[1]};
    CHECK(!clcnn_ref_batchnorm_forward(&d, &arrays), "\"%s\": the reference refuses", s->layers);
    step_once(b, s->n, &sgd);
    for (size_t k = 0; k < 2 * c; ++k) {
        const double expected = out[k / c][k % c], is = (double)b->values[2 * c + k];
        const double bound =
            clcnn_error_bound(clcnn_algos("batchnorm"), CLCNN_FORWARD, 1, mag[k / c][k % c]);
        CHECK(fabs(is - expected) <= bound,
              "%s: \"%s\", %d images: statistic %zu is %.9g, not %.9g",
              harness_device_name(b->device), s->layers, s->n, k, is, expected);
    }
    CHECK((s->momentum != 0) ==
              (memcmp(before + 2 * c, b->values + 2 * c, 2 * c * sizeof *before) != 0),
          "\"%s\": the statistics stand still, or do not", s->layers);
    free(before);
}

static void test_statistics(void)
{
    for (int device = 0; device < harness_device_count(); ++device)
        for (size_t i = 0; i < sizeof statistics / sizeof *statistics; ++i) {
            const struct statistics *s = &statistics[i];
            bench b;
            if (!set_up(&b, device, s->layers, s->c, s->h, s->w, 1))
                continue;
            check_statistics(&b, s);
            float logits[BATCH * 2];
            float *before = copy_of(&b);
            infer(&b, s->n, logits);
            download(&b);
            CHECK(memcmp(before, b.values, 3 * b.count * sizeof *before) == 0,
                  "\"%s\": inference changes values or state", s->layers);
            free(before);
            tear_down(&b);
        }
}

/* ---- Dropout -----------------------------------------------------------------------------------
 */

enum { WIDE = 24 };

/* The mask that a layer's number, the seed and the step make. */
static void mask_of(uint32_t layer, const clcnn_net_step *step, double drop, double *mask)
{
    const clcnn_dropout d = {
        .count = WIDE, .drop = drop, .seed = step->seed, .stream = layer, .step = step->step};
    float ones[WIDE];
    for (int i = 0; i < WIDE; ++i)
        ones[i] = 1;
    CHECK(!clcnn_ref_dropout_forward(&d, ones, mask, NULL), "the reference refuses");
}

/* A row of the first layer has no gradient where its output is dropped, and weights behind it
 * neither; everything else has one. */
static void check_masks(bench *b, const float *gradient, const clcnn_net_step *step)
{
    double first[WIDE], second[WIDE];
    mask_of(1, step, 0.5, first);
    mask_of(3, step, 0.25, second);
    const float *one = gradient, *two = one + WIDE * b->image, *three = two + WIDE * WIDE;
    int kept = 0;
    for (size_t i = 0; i < WIDE; ++i) {
        kept += first[i] != 0;
        for (size_t j = 0; j < b->image; ++j)
            CHECK((one[i * b->image + j] != 0) == (first[i] != 0), "%s: step %d: output %zu",
                  harness_device_name(b->device), (int)step->step, i);
        for (size_t j = 0; j < WIDE; ++j)
            CHECK((two[i * WIDE + j] != 0) == (second[i] != 0 && first[j] != 0),
                  "%s: step %d: weight %zu, %zu", harness_device_name(b->device), (int)step->step,
                  i, j);
        for (size_t j = 0; j < 2; ++j)
            CHECK((three[j * WIDE + i] != 0) == (second[i] != 0), "%s: step %d: logit's weight %zu",
                  harness_device_name(b->device), (int)step->step, i);
    }
    CHECK(kept > 0 && kept < WIDE, "%d of %d are kept", kept, WIDE);
}

static void test_dropout_in_training(void)
{
    static const clcnn_net_step steps[] = {
        {.step = 1, .seed = 5},
        {.step = 2, .seed = 5},
        {.step = 1, .seed = 6},
        {.step = INT64_C(1) << 40, .seed = UINT64_C(0xfedcba9876543210)},
    };
    for (int device = 0; device < harness_device_count(); ++device) {
        bench b;
        if (!set_up(&b, device,
                    "dense 24 nobias, dropout 0.5, dense 24 nobias, dropout 0.25, dense 2 nobias",
                    1, 3, 1, 1))
            continue;
        float *first = copy_of(&b), *gradients[4];
        for (int i = 0; i < 4; ++i) {
            gradients[i] = gradient_at(&b, first, 1, &steps[i]);
            check_masks(&b, gradients[i], &steps[i]);
            CHECK(i == 0 || memcmp(gradients[i], gradients[0], b.count * sizeof(float)) != 0,
                  "steps 0 and %d have the same masks", i);
        }
        float *again = gradient_at(&b, first, 1, &steps[0]);
        CHECK(memcmp(again, gradients[0], b.count * sizeof(float)) == 0,
              "%s: a step is not what it was", harness_device_name(device));
        for (int i = 0; i < 4; ++i)
            free(gradients[i]);
        free(again);
        free(first);
        tear_down(&b);
    }
}

/* ---- A net with everything ---------------------------------------------------------------------
 */

static const char whole[] =
    "conv 4 3x3 pad 1, batchnorm, leaky_relu as a, conv 4 3x3 pad 1 nobias, batchnorm, dropout "
    "0.25, "
    "add a, relu, maxpool 2, layernorm, dense 6, gelu, dropout 0.5, dense 2";

static const clcnn_net_step kinds[] = {
    {.optimiser = CLCNN_ADAM, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .weight_decay = 0.1},
    {.optimiser = CLCNN_ADAMW, .lr = 0.01, .beta1 = 0.8, .beta2 = 0.99, .weight_decay = 0.25},
    {.optimiser = CLCNN_SGD, .lr = 0.125, .weight_decay = 0.25},
    {.optimiser = CLCNN_SGD, .lr = 0.125, .momentum = 0.75, .nesterov = 1, .weight_decay = 0.1},
    {.optimiser = CLCNN_RMSPROP, .lr = 0.01, .alpha = 0.75, .weight_decay = 0.5},
    /* frozen tensors and statistics stand still without a decay, too, whatever their state is */
    {.optimiser = CLCNN_ADAM, .lr = 0.01, .beta1 = 0.9, .beta2 = 0.999},
    {.optimiser = CLCNN_SGD, .lr = 0.125, .momentum = 0.75},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* Steps of all sizes, one image among them; everything that a net remembers, and the losses. */
static float *run_steps(int device, const char *layers, clcnn_net_step step, uint64_t seed)
{
    static const int sizes[] = {4, 3, 4, 1, 2, 3};
    enum { STEPS = sizeof sizes / sizeof *sizes };
    bench b;
    if (!set_up(&b, device, layers, 1, 6, 4, 1))
        return NULL;
    float *result = calloc(3 * b.count + STEPS, sizeof *result);
    step.seed = seed;
    for (int i = 0; i < STEPS; ++i) {
        step.step = i + 1;
        result[3 * b.count + (size_t)i] = step_once(&b, sizes[i], &step);
        CHECK(isfinite(result[3 * b.count + (size_t)i]), "%s: a loss is not finite",
              harness_device_name(device));
    }
    memcpy(result, b.values, 3 * b.count * sizeof *result);
    tear_down(&b);
    return result;
}

static void test_determinism(void)
{
    for (int device = 0; device < harness_device_count(); ++device)
        for (int k = 0; k < (harness_short() ? 1 : KINDS); ++k) {
            clcnn_net_step step = kinds[k];
            step.max_norm = 0.5;
            step.label_smoothing = 0.1;
            float *a = run_steps(device, whole, step, 1), *b = run_steps(device, whole, step, 1);
            float *c = run_steps(device, whole, step, 2);
            bench other;
            if (!set_up(&other, device, whole, 1, 6, 4, 1))
                return;
            const size_t bytes = (3 * other.count + 6) * sizeof(float);
            tear_down(&other);
            CHECK(a && b && memcmp(a, b, bytes) == 0, "%s: optimiser %d: two runs differ",
                  harness_device_name(device), k);
            CHECK(a && c && memcmp(a, c, bytes) != 0, "%s: dropout's seed changes nothing",
                  harness_device_name(device));
            free(a);
            free(b);
            free(c);
        }
}

/* ---- Optimisers ---------------------------------------------------------------------------------
 */

/* The net of these tests, its tensors one behind another, and which of them decay and stand still.
 */
static const char tensors_net[] = "conv 4 3x3 pad 1, batchnorm, relu, dense 3 frozen, layernorm, "
                                  "dense 2";
static const clcnn_segment tensors[] = {
    {36, 1, 1, 0},  {40, 1, 0, 0},                  /* conv */
    {48, 1, 0, 0},  {56, 1, 0, 1},                  /* batchnorm: its statistics */
    {347, 1, 1, 1},                                 /* 3 * 96 + 3, frozen */
    {353, 1, 0, 0}, {359, 1, 1, 0}, {361, 1, 0, 0}, /* layernorm, dense */
};
enum { TENSORS = sizeof tensors / sizeof *tensors, VALUES = 361 };

static bool is_statistic(size_t i)
{
    return i >= 48 && i < 56;
}

/* The step by the reference: new values and state. */
static clcnn_status reference_step(const clcnn_net_step *s, const float *all, const float *gradient,
                                   double *out, double *mag)
{
    const float *p = all, *a = all + VALUES, *b = all + 2 * VALUES;
    const clcnn_sgd d_sgd = {.count = VALUES,
                             .lr = s->lr,
                             .momentum = s->momentum,
                             .nesterov = s->nesterov,
                             .weight_decay = s->weight_decay,
                             .segments = TENSORS};
    const clcnn_rmsprop d_rmsprop = {.count = VALUES,
                                     .lr = s->lr,
                                     .alpha = s->alpha,
                                     .eps = s->eps,
                                     .weight_decay = s->weight_decay,
                                     .segments = TENSORS};
    const clcnn_adam d_adam = {.count = VALUES,
                               .lr = s->lr,
                               .beta1 = s->beta1,
                               .beta2 = s->beta2,
                               .eps = s->eps,
                               .weight_decay = s->weight_decay,
                               .decoupled = s->optimiser == CLCNN_ADAMW,
                               .step = s->step,
                               .segments = TENSORS};
    double *out_a = out + VALUES, *out_b = out + 2 * VALUES;
    double *mag_a = mag + VALUES, *mag_b = mag + 2 * VALUES;
    if (s->optimiser == CLCNN_SGD)
        return clcnn_ref_sgd_step(&d_sgd, p, gradient, a, tensors, out, out_a, mag, mag_a);
    if (s->optimiser == CLCNN_RMSPROP)
        return clcnn_ref_rmsprop_step(&d_rmsprop, p, gradient, b, tensors, out, out_b, mag, mag_b);
    return clcnn_ref_adam_step(&d_adam, p, gradient, a, b, tensors, out, out_a, out_b, mag, mag_a,
                               mag_b);
}

/* Is this array one that the optimiser keeps? Those that it doesn't stay as they are. */
static bool has_array(clcnn_optimiser optimiser, int array)
{
    return array == 0 || (array == 1 ? optimiser != CLCNN_RMSPROP : optimiser != CLCNN_SGD);
}

static const char *op_of(clcnn_optimiser optimiser)
{
    return optimiser == CLCNN_SGD ? "sgd" : optimiser == CLCNN_RMSPROP ? "rmsprop" : "adam";
}

static void check_step(bench *b, const clcnn_net_step *s, const float *before, const double *out,
                       const double *mag)
{
    const clcnn_algo *algo = clcnn_algos(op_of(s->optimiser));
    for (int array = 0; array < 3; ++array)
        for (size_t i = 0; i < VALUES; ++i) {
            const size_t at = (size_t)array * VALUES + i;
            if (is_statistic(i) && array == 0)
                continue; /* the forward pass changes them; see test_statistics */
            if (!has_array(s->optimiser, array)) {
                CHECK(b->values[at] == before[at], "%s: optimiser %d writes array %d",
                      harness_device_name(b->device), (int)s->optimiser, array);
                continue;
            }
            const double bound = clcnn_error_bound(algo, CLCNN_FORWARD, 1, mag[at]);
            CHECK(fabs((double)b->values[at] - out[at]) <= bound,
                  "%s: optimiser %d: element %zu of array %d is %.9g, not %.9g +- %g",
                  harness_device_name(b->device), (int)s->optimiser, i, array,
                  (double)b->values[at], out[at], bound);
        }
}

/* One step of each optimiser from a state that is not 0, held against the reference operation: so
 * decay is for the right tensors alone, and frozen ones and statistics stand still. */
static void test_optimisers(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        bench b;
        if (!set_up(&b, device, tensors_net, 1, 6, 4, 1))
            continue;
        CHECK(b.count == VALUES, "%zu values", b.count);
        float *before = copy_of(&b);
        uint64_t state = harness_seed();
        for (size_t i = 0; i < 2 * VALUES; ++i) /* squares' means are not negative */
            before[VALUES + i] = i < VALUES ? random_float(&state) : fabsf(random_float(&state));
        for (int k = 0; k < KINDS; ++k) {
            clcnn_net_step s = kinds[k];
            s.step = 3;
            double *out = calloc(6 * VALUES, sizeof *out), *mag = out + 3 * VALUES;
            float *gradient = gradient_at(&b, before, BATCH, &s);
            CHECK(!reference_step(&s, before, gradient, out, mag), "the reference refuses");
            write_values(&b, before);
            step_once(&b, BATCH, &s);
            check_step(&b, &s, before, out, mag);
            free(gradient);
            free(out);
        }
        free(before);
        tear_down(&b);
    }
}

/* ---- Frozen layers ------------------------------------------------------------------------------
 */

/* 1.weight ... 2.running_var stand still, 0 and 4 don't. */
static void test_frozen(void)
{
    static const char layers[] = "conv 4 3x3 pad 1, conv 4 1x1 frozen, batchnorm frozen, relu, "
                                 "layernorm frozen, dense 2";
    enum { FIRST = 40, LAST = FIRST + 20 + 16 + 192, END = LAST + 2 * 96 + 2 };
    for (int device = 0; device < harness_device_count(); ++device)
        for (int k = 0; k < (harness_short() ? 1 : KINDS); ++k) {
            bench b;
            if (!set_up(&b, device, layers, 1, 6, 4, 1))
                continue;
            CHECK(b.count == END, "%zu values", b.count);
            float *before = copy_of(&b);
            clcnn_net_step s = kinds[k];
            s.max_norm = 0.25;
            for (s.step = 1; s.step <= 3; ++s.step)
                step_once(&b, s.step == 2 ? BATCH - 1 : BATCH, &s);
            const size_t still = (LAST - FIRST) * sizeof(float);
            for (size_t array = 0; array < 3; ++array)
                CHECK(memcmp(b.values + array * b.count + FIRST, before + array * b.count + FIRST,
                             still) == 0,
                      "%s: optimiser %d changes frozen layers (array %zu)",
                      harness_device_name(device), k, array);
            for (size_t i = 0; i < b.count; ++i)
                CHECK((i >= FIRST && i < LAST) || b.values[i] != before[i],
                      "%s: optimiser %d: value %zu stands still", harness_device_name(device), k,
                      i);
            free(before);
            tear_down(&b);
        }
}

/* A frozen batch-norm normalises with its running statistics in training as well: with nothing that
 * learns behind it and no dropout, the training's loss is that of inference. */
static void test_frozen_batchnorm_normalises(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        bench b;
        if (!set_up(&b, device, "batchnorm frozen, dense 2", 2, 1, 3, 1))
            continue;
        float logits[BATCH * 2], *values = copy_of(&b);
        for (int i = 4; i < 8; ++i)
            values[i] = 0.5f * (float)i;
        write_values(&b, values);
        infer(&b, BATCH, logits);
        const clcnn_softmax_cross_entropy d = {.n = BATCH, .classes = 2};
        const int32_t labels[BATCH] = {0, 1, 0, 1};
        double expected = 0, mag = 0, y[BATCH * 2];
        CHECK(
            !clcnn_ref_softmax_cross_entropy_forward(&d, logits, labels, y, &expected, NULL, &mag),
            "the reference refuses");
        const double loss = (double)step_once(&b, BATCH, &sgd);
        CHECK(fabs(loss - expected) <= clcnn_error_bound(clcnn_algos("softmax_cross_entropy"),
                                                         CLCNN_FORWARD, BATCH, mag),
              "%s: loss %.9g, not %.9g", harness_device_name(device), loss, expected);
        free(values);
        tear_down(&b);
    }
}

/* ---- Clipping -----------------------------------------------------------------------------------
 */

/* The clipped gradient, as SGD's velocity, against factor and norm of the reference operation. */
static void check_clipped(bench *b, const float *values, const float *gradient, double max_norm)
{
    const clcnn_clip_norm d = {.count = VALUES, .max_norm = max_norm, .segments = TENSORS};
    const float block[CLCNN_OPTIMISER_BLOCK] = {1};
    clcnn_net_step s = {
        .optimiser = CLCNN_SGD, .lr = 1, .momentum = 0.5, .max_norm = max_norm, .step = 1};
    double norm = 0, clip = 0, norm_mag = 0, clip_mag = 0, squares = 0, slack = 0;
    float *clean = calloc(3 * VALUES, sizeof *clean);
    memcpy(clean, values, VALUES * sizeof *clean);
    CHECK(!clcnn_ref_clip_norm_apply(&d, gradient, tensors, block, &norm, &clip, &norm_mag,
                                     &clip_mag),
          "the reference refuses");
    const double e =
        clcnn_error_bound(clcnn_algos("clip_norm"), CLCNN_FORWARD, 1, clip_mag) + 2 * U * clip;
    write_values(b, clean);
    step_once(b, BATCH, &s);
    for (size_t i = 0; i < VALUES; ++i) {
        const double g = (double)gradient[i], v = (double)b->values[VALUES + i];
        CHECK(fabs(v - clip * g) <= e * fabs(g), "%s: element %zu is clipped to %.9g, not %.9g",
              harness_device_name(b->device), i, v, clip * g);
        const double change = (double)values[i] - (double)b->values[i];
        squares += is_statistic(i) ? 0 : change * change;
        slack += is_statistic(i) ? 0 : U * (fabs((double)values[i]) + fabs(change));
    }
    /* lr is 1: what changes is the clipped gradient, but for the rounding of each new value */
    CHECK(sqrt(squares) <= max_norm + e * norm + slack, "%s: a change of norm %.9g, not %g at most",
          harness_device_name(b->device), sqrt(squares), max_norm);
    CHECK(max_norm >= norm || sqrt(squares) >= 0.99 * max_norm, "%s: a change of norm %g only",
          harness_device_name(b->device), sqrt(squares));
    free(clean);
}

static void test_clipping(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        bench b;
        if (!set_up(&b, device, tensors_net, 1, 6, 4, 1))
            continue;
        float *values = copy_of(&b), *gradient = gradient_at(&b, values, BATCH, &sgd);
        double norm = 0;
        for (size_t i = 0; i < VALUES; ++i)
            norm += (double)gradient[i] * (double)gradient[i];
        norm = sqrt(norm);
        CHECK(norm > 0.01, "norm %g", norm);
        check_clipped(&b, values, gradient, norm / 10);
        check_clipped(&b, values, gradient, norm / 1.01);
        check_clipped(&b, values, gradient, norm * 2);
        const float *velocity = b.values + VALUES; /* of the last: bit for bit the gradient */
        CHECK(memcmp(velocity, gradient, VALUES * sizeof *gradient) == 0,
              "%s: a norm below the limit is clipped", harness_device_name(device));
        free(values);
        free(gradient);
        tear_down(&b);
    }
}

/* ---- The loss -----------------------------------------------------------------------------------
 */

static void test_label_smoothing(void)
{
    static const double smoothings[] = {0, 0.1, 0.5, 1};
    for (int device = 0; device < harness_device_count(); ++device) {
        bench b;
        if (!set_up(&b, device, "dense 5, tanh, dense 3", 1, 3, 2, 1))
            continue;
        float logits[BATCH * 3], *values = copy_of(&b),
                                 *plain = gradient_at(&b, values, BATCH, &sgd);
        write_values(&b, values);
        infer(&b, BATCH, logits);
        for (size_t i = 0; i < sizeof smoothings / sizeof *smoothings; ++i) {
            const clcnn_softmax_cross_entropy d = {
                .n = BATCH, .classes = 3, .label_smoothing = smoothings[i]};
            const int32_t labels[BATCH] = {0, 1, 0, 1};
            double expected = 0, mag = 0, y[BATCH * 3];
            CHECK(!clcnn_ref_softmax_cross_entropy_forward(&d, logits, labels, y, &expected, NULL,
                                                           &mag),
                  "the reference refuses");
            clcnn_net_step s = sgd;
            s.label_smoothing = smoothings[i];
            float *gradient = gradient_at(&b, values, BATCH, &s);
            write_values(&b, values);
            const double loss = (double)step_once(&b, BATCH, &s);
            const clcnn_algo *algo = clcnn_algos("softmax_cross_entropy");
            CHECK(fabs(loss - expected) <= clcnn_error_bound(algo, CLCNN_FORWARD, BATCH, mag),
                  "%s: smoothing %g: loss %.9g, not %.9g", harness_device_name(device),
                  smoothings[i], loss, expected);
            CHECK((memcmp(gradient, plain, b.count * sizeof *plain) == 0) == (smoothings[i] == 0),
                  "%s: smoothing %g: the gradient", harness_device_name(device), smoothings[i]);
            free(gradient);
        }
        free(plain);
        free(values);
        tear_down(&b);
    }
}

/* ---- Sums
 * ---------------------------------------------------------------------------------------- */

/* A value added to itself is its double, and so is its gradient: with weights twice as large
 * instead, all but the gradient of these weights is the same, bit for bit. */
static void test_sum_with_itself(void)
{
    enum { FIRST = 6 * 5 + 5 };
    for (int device = 0; device < harness_device_count(); ++device) {
        bench sum, twice;
        if (!set_up(&sum, device, "dense 5 as a, add a, dense 3", 1, 3, 2, 1) ||
            !set_up(&twice, device, "dense 5, dense 3", 1, 3, 2, 1))
            continue;
        float *values = copy_of(&sum), *doubled = copy_of(&sum);
        for (int i = 0; i < FIRST; ++i)
            doubled[i] *= 2;
        float *a = gradient_at(&sum, values, BATCH, &sgd);
        float *b = gradient_at(&twice, doubled, BATCH, &sgd);
        for (size_t i = 0; i < sum.count; ++i)
            CHECK(a[i] == (i < FIRST ? 2 * b[i] : b[i]), "%s: gradient %zu is %.9g, not %.9g",
                  harness_device_name(device), i, (double)a[i],
                  (double)(i < FIRST ? 2 * b[i] : b[i]));
        free(values);
        free(doubled);
        free(a);
        free(b);
        tear_down(&sum);
        tear_down(&twice);
    }
}

/* ---- Workspaces of smaller batches
 * --------------------------------------------------------------- */

/* A net plans its memory for the whole batch: no smaller one may ask for more. */
static void test_smaller_batches_need_no_more(void)
{
    static const int shapes[][3] = {{1, 1, 1}, {3, 7, 5}, {64, 1, 1}, {16, 28, 28}, {5, 79, 80}};
    clcnn_ctx *ctx = harness_device_count() > 0 ? harness_ctx(0) : NULL;
    for (size_t i = 0; ctx && i < sizeof shapes / sizeof *shapes; ++i)
        for (int backward = 0; backward < 2; ++backward) {
            const clcnn_direction direction = backward ? CLCNN_BACKWARD_DATA : CLCNN_FORWARD;
            size_t most[3] = {0};
            for (int n = 1; n <= 300; ++n) {
                const int *s = shapes[i];
                const clcnn_batchnorm norm = {.n = n, .c = s[0], .h = s[1], .w = s[2]};
                const clcnn_layernorm row = {.n = n, .d = s[0] * s[1] * s[2]};
                const clcnn_softmax_cross_entropy loss = {.n = n, .classes = s[0]};
                clcnn_plan plans[3] = {{0}};
                CHECK(!clcnn_batchnorm_plan(ctx, &norm, direction, &plans[0]) &&
                          !clcnn_layernorm_plan(ctx, &row, direction, &plans[1]) &&
                          !clcnn_softmax_cross_entropy_plan(ctx, &loss, &plans[2]),
                      "%s", clcnn_last_error(ctx)->message);
                for (int k = 0; k < 3; ++k) {
                    CHECK(plans[k].workspace_bytes >= most[k],
                          "operation %d of %d x %d x %d: %d images need %zu bytes, fewer need %zu",
                          k, s[0], s[1], s[2], n, plans[k].workspace_bytes, most[k]);
                    most[k] = plans[k].workspace_bytes;
                }
            }
        }
}

int main(void)
{
    static const harness_test tests[] = {
        {"inference drops nothing", test_dropout_in_inference},
        {"inference normalises with the running statistics", test_batchnorm_in_inference},
        {"inference folds norms", test_folded_batchnorm},
        {"inference follows training", test_inference_follows_training},
        {"training keeps statistics", test_statistics},
        {"training drops by layer, seed and step", test_dropout_in_training},
        {"determinism", test_determinism},
        {"a step of each optimiser", test_optimisers},
        {"frozen layers", test_frozen},
        {"a frozen batch-norm", test_frozen_batchnorm_normalises},
        {"clipping", test_clipping},
        {"label smoothing", test_label_smoothing},
        {"a sum of a value with itself", test_sum_with_itself},
        {"workspaces of smaller batches", test_smaller_batches_need_no_more},
        {NULL, NULL},
    };
    return harness_run("netmodes", tests);
}
