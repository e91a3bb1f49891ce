/*
 * Networks on devices: creation and its failures, weights, determinism, what a step asks of OpenCL
 * and what it has compiled. That a step computes the right thing is netstep's; training is
 * trainer's.
 */
#include "spy.h" /* first */

#include "clcnn_net.h"
#include "harness.h"
#include "philox.h"
#include "smallset.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const clcnn_net_desc small = {.layers = SMALL_NET,
                                     .batch = 4,
                                     .c = SMALL_C,
                                     .h = SMALL_H,
                                     .w = SMALL_W,
                                     .seed = 1,
                                     .training = 1};

/* Creates a net; NULL (and a failed check) when that fails. */
static clcnn_net *create(int device, const clcnn_net_desc *desc)
{
    clcnn_net *net = NULL;
    clcnn_error error = {.message = ""};
    CHECK(clcnn_net_create(harness_ctx(device), desc, &net, &error) == CLCNN_SUCCESS, "%s: %s\n%s",
          harness_device_name(device), error.message, error.build_log);
    return net;
}

/* ---- Creation ------------------------------------------------------------------------------- */

static void test_lenet5(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_net_desc desc = {.layers = "lenet5", .batch = 2, .c = 1, .h = 28, .w = 28};
        clcnn_net *net = create(device, &desc);
        if (!net)
            continue;
        CHECK(clcnn_net_parameters(net) == 61706, "%zu parameters", clcnn_net_parameters(net));
        CHECK(clcnn_net_classes(net) == 10, "%d classes", clcnn_net_classes(net));
        CHECK(clcnn_net_memory(net) > 61706 * sizeof(float), "%zu bytes", clcnn_net_memory(net));
        const clcnn_net_desc *own = clcnn_net_get_desc(net);
        CHECK(own->batch == 2 && own->c == 1 && own->h == 28 && own->w == 28 && !own->training,
              "descriptor of %d: %d x %d x %d", own->batch, own->c, own->h, own->w);
        CHECK(strncmp(own->layers, "conv 6 5x5 pad 2, relu, ", 24) == 0, "layers: %s", own->layers);
        clcnn_net_destroy(net);
    }
    clcnn_net_destroy(NULL);
}

/* What a net says that it takes of the device is what it asks the driver for. */
static void test_memory(void)
{
    static const char *const layers[] = {SMALL_NET, "lenet5", "resnet-mini"};
    for (int device = 0; device < harness_device_count(); ++device)
        for (size_t i = 0; i < (harness_short() ? 1 : sizeof layers / sizeof *layers); ++i)
            for (int training = 0; training < 2; ++training) {
                const bool own = i == 0;
                clcnn_net_desc desc = {.layers = layers[i],
                                       .batch = 3,
                                       .c = own ? SMALL_C : 1,
                                       .h = own ? SMALL_H : 28,
                                       .w = own ? SMALL_W : 28,
                                       .training = training};
                harness_ctx(device); /* what opening it takes is not the net's */
                const size_t before = spy.bytes;
                clcnn_net *net = create(device, &desc);
                if (!net)
                    continue;
                CHECK(clcnn_net_memory(net) == spy.bytes - before,
                      "%s, training %d: %zu bytes said, %zu taken", layers[i], training,
                      clcnn_net_memory(net), spy.bytes - before);
                clcnn_net_destroy(net);
            }
}

static void test_bad_creation(void)
{
    static const struct {
        clcnn_net_desc desc;
        clcnn_status status;
        const char *message;
    } bad[] = {
        {{"dense 2", 0, 1, 1, 1, 0, 0, CLCNN_INIT_DEFAULT}, CLCNN_INVALID_ARGUMENT, "batch is 0"},
        {{"dense 2", -3, 1, 1, 1, 0, 0, CLCNN_INIT_DEFAULT}, CLCNN_INVALID_ARGUMENT, "batch is -3"},
        {{"dense 2", 1, 1, 0, 1, 0, 0, CLCNN_INIT_DEFAULT},
         CLCNN_INVALID_ARGUMENT,
         "an image of 1 x 0 x 1"},
        {{"dens 2", 1, 1, 1, 1, 0, 0, CLCNN_INIT_DEFAULT},
         CLCNN_INVALID_ARGUMENT,
         "column 1 at \"dens 2\""},
        {{"flatten", 1, 1, 1, 1, 0, 0, CLCNN_INIT_DEFAULT},
         CLCNN_INVALID_ARGUMENT,
         "computes nothing"},
        {{"relu, maxpool 1", 1, 1, 1, 1, 0, 1, CLCNN_INIT_DEFAULT},
         CLCNN_INVALID_ARGUMENT,
         "has nothing to train"},
        {{"conv 64 1x1, relu", 1000000, 8, 8, 8, 0, 0, CLCNN_INIT_DEFAULT},
         CLCNN_UNSUPPORTED,
         "the limit is 2147483647"},
        {{"relu, conv 64 1x1, relu", 1000000, 8, 8, 8, 0, 0, CLCNN_INIT_DEFAULT},
         CLCNN_UNSUPPORTED,
         "\"conv 64 1x1\" with a batch of 1000000: "},
        {{"maxpool 8, relu", 100000000, 8, 8, 8, 0, 0, CLCNN_INIT_DEFAULT},
         CLCNN_UNSUPPORTED,
         "a batch of 100000000 images (8 x 8 x 8 each) has 2^31 elements or more"},
        /* eight buffers, each of as many elements as a tensor may have */
        {{"conv 8 1x1, conv 8 1x1, conv 8 1x1, conv 8 1x1, conv 8 1x1, conv 8 1x1, conv 8 1x1, "
          "conv 8 1x1",
          4000000, 8, 8, 8, 0, 1, CLCNN_INIT_DEFAULT},
         CLCNN_OUT_OF_MEMORY,
         "a batch of 4000000 needs "},
    };
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_ctx *ctx = harness_ctx(device);
        int buffers = spy.buffers;
        for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
            clcnn_error error = {.message = ""};
            clcnn_net *net = (clcnn_net *)(uintptr_t)&error;
            clcnn_status status = clcnn_net_create(ctx, &bad[i].desc, &net, &error);
            CHECK(status == bad[i].status && strstr(error.message, bad[i].message) && !net,
                  "\"%s\", batch %d: %s: %s\n  not %s", bad[i].desc.layers, bad[i].desc.batch,
                  clcnn_status_name(status), error.message, bad[i].message);
        }
        CHECK(spy.buffers == buffers, "%d buffers made", spy.buffers - buffers);
        clcnn_net *net = NULL;
        clcnn_error error;
        CHECK(clcnn_net_create(NULL, &small, &net, &error) == CLCNN_INVALID_ARGUMENT &&
                  strstr(error.message, "ctx is NULL") &&
                  clcnn_net_create(ctx, NULL, &net, &error) == CLCNN_INVALID_ARGUMENT &&
                  strstr(error.message, "desc is NULL") &&
                  clcnn_net_create(ctx, &small, NULL, &error) == CLCNN_INVALID_ARGUMENT &&
                  strstr(error.message, "net is NULL"),
              "NULL: %s", error.message);
    }
}

/* ---- Weights -------------------------------------------------------------------------------- */

/* The formula again: uniform in +-limit, element i from word i % 4 of counter i / 4. Biases have no
 * fan out: where they are not drawn they are 0. */
static const struct drawn {
    size_t count;
    int fan_in, fan_out;
} drawn[] = {{36, 9, 36}, {4, 9, 0}, {8 * 24, 24, 8}, {8, 24, 0}, {3 * 8, 8, 3}, {3, 8, 0}};

static double limit_of(const struct drawn *tensor, clcnn_init init)
{
    if (init == CLCNN_INIT_DEFAULT)
        return 1 / sqrt(tensor->fan_in);
    if (tensor->fan_out == 0)
        return 0;
    return sqrt(6.0 / (tensor->fan_in + (init == CLCNN_INIT_GLOROT ? tensor->fan_out : 0)));
}

static void check_first_weights(int device, clcnn_init init)
{
    float param[36 + 4 + 8 * 24 + 8 + 3 * 8 + 3];
    clcnn_net_desc desc = small;
    desc.seed = UINT64_C(0xfedcba9876543210);
    desc.init = init;
    clcnn_net *net = create(device, &desc);
    if (!net)
        return;
    CHECK(clcnn_net_parameters(net) == sizeof param / sizeof *param, "%zu parameters",
          clcnn_net_parameters(net));
    clcnn_net_read(net, param, NULL, NULL);
    size_t i = 0;
    for (size_t t = 0; t < sizeof drawn / sizeof *drawn; ++t)
        for (size_t k = 0; k < drawn[t].count; ++k, ++i) {
            const double bound = limit_of(&drawn[t], init);
            uint32_t word = clcnn__philox_at(desc.seed, 1, i / 4).v[i % 4];
            float expected = (float)(-bound + 2 * bound * (double)clcnn__philox_float(word));
            CHECK(param[i] == expected, "%s: init %d: parameter %zu is %.9g, not %.9g",
                  harness_device_name(device), (int)init, i, (double)param[i], (double)expected);
        }
    clcnn_net_destroy(net);
}

static void test_first_weights(void)
{
    for (int device = 0; device < harness_device_count(); ++device)
        for (int init = CLCNN_INIT_DEFAULT; init <= CLCNN_INIT_GLOROT; ++init)
            check_first_weights(device, (clcnn_init)init);
}

/* Scales and variances begin as 1, shifts and means as 0, whatever the rest is drawn from. */
static void test_first_statistics(void)
{
    for (int device = 0; device < harness_device_count(); ++device)
        for (int init = CLCNN_INIT_DEFAULT; init <= CLCNN_INIT_GLOROT; ++init) {
            clcnn_net_desc desc = small;
            float values[4 + 60 + 93];
            desc.layers = "batchnorm, layernorm, dense 3";
            desc.init = (clcnn_init)init;
            clcnn_net *net = create(device, &desc);
            if (!net)
                continue;
            CHECK(clcnn_net_values(net) == sizeof values / sizeof *values &&
                      clcnn_net_parameters(net) == clcnn_net_values(net) - 2 &&
                      !clcnn_net_read(net, values, NULL, NULL),
                  "%zu values, %zu parameters", clcnn_net_values(net), clcnn_net_parameters(net));
            CHECK(values[0] == 1 && values[1] == 0 && values[2] == 0 && values[3] == 1,
                  "batchnorm: %g %g %g %g", (double)values[0], (double)values[1], (double)values[2],
                  (double)values[3]);
            for (int i = 0; i < 60; ++i)
                CHECK(values[4 + i] == (i < 30 ? 1 : 0), "layernorm: %g", (double)values[4 + i]);
            clcnn_net_destroy(net);
        }
}

static void test_read_and_write(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_ctx *ctx = harness_ctx(device);
        clcnn_net *net = create(device, &small);
        if (!net)
            continue;
        size_t count = clcnn_net_parameters(net);
        float *in = malloc(3 * count * sizeof *in), *out = calloc(3 * count, sizeof *out);
        for (size_t i = 0; i < 3 * count; ++i)
            in[i] = (float)i - 0.25f;
        CHECK(!clcnn_net_write(net, in, in + count, in + 2 * count) &&
                  !clcnn_net_read(net, out, out + count, out + 2 * count),
              "%s", clcnn_last_error(ctx)->message);
        CHECK(memcmp(in, out, 3 * count * sizeof *in) == 0, "what is read is not what was written");
        CHECK(!clcnn_net_write(net, in + 2 * count, NULL, NULL) &&
                  !clcnn_net_read(net, out, out + count, NULL) &&
                  memcmp(out, in + 2 * count, count * sizeof *in) == 0 &&
                  memcmp(out + count, in + count, count * sizeof *in) == 0,
              "m changes with the parameters");
        CHECK(clcnn_net_read(net, NULL, out, out) == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(ctx)->message, "clcnn_net_read: values is NULL") &&
                  clcnn_net_write(net, NULL, in, in) == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(ctx)->message, "clcnn_net_write: values is NULL"),
              "%s", clcnn_last_error(ctx)->message);
        clcnn_net_destroy(net);

        clcnn_net_desc inference = small;
        inference.training = 0;
        net = create(device, &inference);
        CHECK(net && clcnn_net_read(net, out, out, NULL) == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(ctx)->message, "no training memory") &&
                  clcnn_net_write(net, in, NULL, in) == CLCNN_INVALID_ARGUMENT,
              "%s", clcnn_last_error(ctx)->message);
        clcnn_net_destroy(net);
        free(in);
        free(out);
    }
}

/* ---- Steps ---------------------------------------------------------------------------------- */

/* One buffer with images [4,1,6,5], labels [4] and a loss behind each other. */
enum { IMAGES = 4 * SMALL_H * SMALL_W, LABELS = IMAGES, LOSS = LABELS + 4, ALL = LOSS + 1 };

static cl_mem create_batch(int device)
{
    float host[ALL] = {0};
    for (size_t i = 0; i < IMAGES; ++i)
        host[i] = (float)clcnn__philox_at(3, 3, i).v[0] * 0x1p-31f - 1;
    int32_t labels[4] = {2, 0, 1, 1};
    memcpy(host + LABELS, labels, sizeof labels);
    cl_int code;
    cl_mem mem = clCreateBuffer(clcnn_ctx_context(harness_ctx(device)),
                                CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, sizeof host, host, &code);
    CHECK(code == 0, "%d", code);
    return mem;
}

static clcnn_status train(clcnn_net *net, int n, cl_mem batch, int64_t step)
{
    clcnn_net_step adam = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .step = step};
    return clcnn_net_train_step(net, n, (clcnn_mem){batch, 0}, (clcnn_mem){batch, LABELS},
                                (clcnn_mem){batch, LOSS}, &adam);
}

/* Everything that a step writes and that can be read from outside. Gradients can't: that they are
 * untouched follows from no kernel having been enqueued. */
typedef struct snapshot {
    size_t count;
    float *values; /* [3 * count + ALL] */
} snapshot;

static snapshot take_snapshot(int device, clcnn_net *net, cl_mem batch)
{
    snapshot s = {.count = clcnn_net_parameters(net)};
    s.values = calloc(3 * s.count + ALL, sizeof *s.values);
    CHECK(!clcnn_net_read(net, s.values, s.values + s.count, s.values + 2 * s.count), "%s",
          clcnn_last_error(harness_ctx(device))->message);
    CHECK(!clEnqueueReadBuffer(clcnn_ctx_queue(harness_ctx(device)), batch, CL_TRUE, 0,
                               ALL * sizeof(float), s.values + 3 * s.count, 0, NULL, NULL),
          "the batch can't be read");
    return s;
}

static void check_snapshot(int device, clcnn_net *net, cl_mem batch, snapshot *before,
                           const char *what)
{
    snapshot after = take_snapshot(device, net, batch);
    const size_t count = before->count;
    CHECK(memcmp(before->values, after.values, 3 * count * sizeof(float)) == 0,
          "%s: parameters, m or v have changed", what);
    CHECK(memcmp(before->values + 3 * count, after.values + 3 * count, ALL * sizeof(float)) == 0,
          "%s: images, labels or loss have changed", what);
    free(after.values);
}

/* Each hyper-parameter wrong, after which nothing may have been enqueued. */
static void test_bad_adam(void)
{
    const clcnn_net_step good = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .step = 1};
    clcnn_net_step bad[8] = {good, good, good, good, good, good, good, good};
    bad[0].lr = -1;
    bad[1].lr = (double)NAN;
    bad[2].beta1 = 1;
    bad[3].beta2 = -0.5;
    bad[4].eps = -1e-8;
    bad[5].weight_decay = -1;
    bad[6].step = 0;
    bad[7].lr = 1e300; /* no float holds it */
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_net *net = create(device, &small);
        cl_mem batch = create_batch(device);
        if (!net || !batch)
            continue;
        CHECK(train(net, 4, batch, 1) == CLCNN_SUCCESS, "the right step");
        snapshot before = take_snapshot(device, net, batch);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
            int kernels = spy.kernels;
            char what[32];
            snprintf(what, sizeof what, "bad adam %zu", i);
            clcnn_status status =
                clcnn_net_train_step(net, 3, (clcnn_mem){batch, 0}, (clcnn_mem){batch, LABELS},
                                     (clcnn_mem){batch, LOSS}, &bad[i]);
            CHECK(status == CLCNN_INVALID_ARGUMENT, "%s: %s", what, clcnn_status_name(status));
            CHECK(spy.kernels == kernels, "%s: %d kernels were enqueued", what,
                  spy.kernels - kernels);
            check_snapshot(device, net, batch, &before, what);
        }
        free(before.values);
        clcnn_net_destroy(net);
        clReleaseMemObject(batch);
    }
}

/* A buffer of another context of the same device. */
static cl_mem create_foreign(int device, clcnn_ctx **ctx)
{
    clcnn_error error = {.message = ""};
    const clcnn_device_info *info = clcnn_ctx_device_info(harness_ctx(device));
    cl_int code = 0;
    cl_context context = clCreateContext(NULL, 1, &info->device, NULL, NULL, &code);
    cl_command_queue queue = context ? clCreateCommandQueue(context, info->device, 0, &code) : NULL;
    CHECK(queue && !clcnn_ctx_create(ctx, queue, &error), "%d %s", code, error.message);
    cl_mem mem = clCreateBuffer(context, CL_MEM_READ_WRITE, ALL * sizeof(float), NULL, &code);
    CHECK(mem != NULL, "%d", code);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
    return mem;
}

/* What the bad calls below are made of: a net and its batch, and a buffer of another context. */
typedef struct bad_calls {
    clcnn_ctx *ctx;
    clcnn_net *net;
    cl_mem batch, foreign;
    clcnn_mem images, labels, loss, logits;
} bad_calls;

static void refuse_steps(const bad_calls *b)
{
    const clcnn_mem images = b->images, labels = b->labels, loss = b->loss, logits = b->logits;
    const clcnn_net_step adam = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .step = 1};
    clcnn_net_step wrong = adam;
    wrong.lr = -1;
    const struct {
        int n;
        clcnn_mem images, labels, loss;
        const clcnn_net_step *adam;
        const char *message;
    } bad[] = {
        {0, images, labels, loss, &adam, "0 images, must be from 1 to the batch 4"},
        {5, images, labels, loss, &adam, "5 images, must be from 1 to the batch 4"},
        {4, CLCNN_NO_MEM, labels, loss, &adam, "images has no buffer"},
        {4, {b->batch, 6}, labels, loss, &adam, "images needs 120 elements from offset 6"},
        {4, {b->batch, (size_t)-1}, labels, loss, &adam, "images needs 120 elements"},
        {4, images, CLCNN_NO_MEM, loss, &adam, "labels has no buffer"},
        {4, images, {b->batch, ALL - 3}, loss, &adam, "labels needs 4 elements"},
        {4, images, labels, CLCNN_NO_MEM, &adam, "loss has no buffer"},
        {4, images, labels, {b->batch, ALL}, &adam, "loss needs 1 elements"},
        {4, images, labels, loss, NULL, "step is NULL"},
        {4, images, labels, loss, &wrong, "-1"},
        {4, {b->foreign, 0}, labels, loss, &adam, "images belongs to another OpenCL context"},
        {4, images, {b->foreign, 0}, loss, &adam, "labels belongs to another OpenCL context"},
        {4, images, labels, {b->foreign, 0}, &adam, "loss belongs to another OpenCL context"},
        {4, images, labels, {b->batch, 119}, &adam, "overlaps images"},
        {4, images, labels, {b->batch, LABELS + 3}, &adam, "overlaps labels"},
        {1, {logits.buf, 0}, labels, loss, &adam, "overlaps images"},
        {1, images, logits, loss, &adam, "overlaps labels"},
        {1, images, labels, logits, &adam, "overlaps the net's memory"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        clcnn_status status = clcnn_net_train_step(b->net, bad[i].n, bad[i].images, bad[i].labels,
                                                   bad[i].loss, bad[i].adam);
        CHECK(status == CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(b->ctx)->message, bad[i].message),
              "bad step %zu: %s: %s, not %s", i, clcnn_status_name(status),
              clcnn_last_error(b->ctx)->message, bad[i].message);
    }
    CHECK(clcnn_net_train_step(NULL, 1, images, labels, loss, &adam) == CLCNN_INVALID_ARGUMENT,
          "net NULL");
}

static void refuse_forwards(const bad_calls *b)
{
    const struct {
        int n;
        clcnn_mem images;
        const char *message;
    } bad[] = {{1, {b->logits.buf, 0}, "overlaps images"},
               {4, {b->foreign, 0}, "images belongs to another OpenCL context"},
               {5, b->images, "5 images, must be from 1 to the batch 4"}};
    clcnn_mem logits = b->logits;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i)
        CHECK(clcnn_net_forward(b->net, bad[i].n, bad[i].images, &logits) ==
                      CLCNN_INVALID_ARGUMENT &&
                  strstr(clcnn_last_error(b->ctx)->message, bad[i].message),
              "bad forward %zu: %s, not %s", i, clcnn_last_error(b->ctx)->message, bad[i].message);
    float value;
    CHECK(clcnn_net_forward(b->net, 4, b->images, NULL) == CLCNN_INVALID_ARGUMENT, "logits NULL");
    CHECK(clcnn_net_forward(NULL, 1, b->images, &logits) == CLCNN_INVALID_ARGUMENT &&
              clcnn_net_read(NULL, &value, NULL, NULL) == CLCNN_INVALID_ARGUMENT &&
              clcnn_net_write(NULL, &value, NULL, NULL) == CLCNN_INVALID_ARGUMENT,
          "net NULL");
}

static void refuse_without_training(int device, cl_mem batch)
{
    clcnn_net_desc inference = small;
    inference.training = 0;
    clcnn_net *net = create(device, &inference);
    CHECK(train(net, 4, batch, 1) == CLCNN_INVALID_ARGUMENT &&
              strstr(clcnn_last_error(harness_ctx(device))->message, "without training memory"),
          "%s", clcnn_last_error(harness_ctx(device))->message);
    clcnn_net_destroy(net);
}

static void test_bad_steps(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        cl_mem batch = create_batch(device);
        bad_calls b = {.ctx = harness_ctx(device),
                       .net = create(device, &small),
                       .batch = batch,
                       .images = {batch, 0},
                       .labels = {batch, LABELS},
                       .loss = {batch, LOSS}};
        if (!b.net || !batch)
            continue;
        clcnn_ctx *other = NULL;
        b.foreign = create_foreign(device, &other);
        CHECK(!clcnn_net_forward(b.net, 4, b.images, &b.logits), "%s",
              clcnn_last_error(b.ctx)->message);
        snapshot before = take_snapshot(device, b.net, batch);
        const int kernels = spy.kernels;
        refuse_steps(&b);
        refuse_forwards(&b);
        CHECK(spy.kernels == kernels, "%d kernels were enqueued", spy.kernels - kernels);
        check_snapshot(device, b.net, batch, &before, "bad calls");
        free(before.values);
        clcnn_net_destroy(b.net);
        refuse_without_training(device, batch);
        clReleaseMemObject(batch);
        clReleaseMemObject(b.foreign);
        clcnn_ctx_destroy(other);
    }
}

/* Three steps of 4, 3 and 4 images, then everything that a net remembers. */
static float *run_steps(int device, clcnn_net *net, cl_mem batch)
{
    static const int sizes[] = {4, 3, 4};
    size_t count = clcnn_net_parameters(net);
    float *all = calloc(3 * count + 1, sizeof *all);
    for (int i = 0; i < 3; ++i)
        CHECK(train(net, sizes[i], batch, i + 1) == CLCNN_SUCCESS, "%s: %s",
              harness_device_name(device), clcnn_last_error(harness_ctx(device))->message);
    clcnn_net_read(net, all, all + count, all + 2 * count);
    clEnqueueReadBuffer(clcnn_ctx_queue(harness_ctx(device)), batch, CL_TRUE, LOSS * sizeof(float),
                        sizeof(float), all + 3 * count, 0, NULL, NULL);
    return all;
}

static void test_determinism(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        cl_mem batch = create_batch(device);
        float *results[2] = {NULL, NULL};
        size_t count = 0;
        for (int run = 0; run < 2; ++run) {
            clcnn_net *net = create(device, &small);
            if (!net)
                break;
            count = clcnn_net_parameters(net);
            results[run] = run_steps(device, net, batch);
            clcnn_net_destroy(net);
        }
        CHECK(results[0] && results[1] &&
                  memcmp(results[0], results[1], (3 * count + 1) * sizeof(float)) == 0,
              "%s: two runs differ", harness_device_name(device));
        CHECK(results[0] && isfinite(results[0][3 * count]) && results[0][3 * count] > 0, "loss %g",
              results[0] ? (double)results[0][3 * count] : 0);
        free(results[0]);
        free(results[1]);
        clReleaseMemObject(batch);
    }
}

/* Descriptions that mean the same train to the same bits, though the graph takes other ways. */
static void test_equivalent(void)
{
    static const char *const pairs[][2] = {
        /* a ReLU that is fused, its gradient behind the pooling; one that stands alone */
        {"conv 4 3x3 pad 1, relu, maxpool 2, dense 3",
         "conv 4 3x3 pad 1, maxpool 2, relu, dense 3"},
        {"conv 4 3x3 pad 1, relu, maxpool 3 stride 1 pad 1, dense 3",
         "conv 4 3x3 pad 1, maxpool 3 stride 1 pad 1, relu, dense 3"},
        {"dense 8, relu, dense 3", "flatten, dense 8, relu, relu, flatten, dense 3"},
        {"dense 8, relu, dense 3", "dense 8, flatten, relu, maxpool 1, dense 3"},
        /* layers before the first one that trains */
        {"dense 3", "maxpool 1, flatten, dense 3"},
        {"relu, maxpool 2, dense 3", "maxpool 2, relu, flatten, maxpool 1, dense 3"},
    };
    for (int device = 0; device < harness_device_count(); ++device)
        for (size_t i = 0; i < sizeof pairs / sizeof *pairs; ++i) {
            cl_mem batch = create_batch(device);
            float *results[2] = {NULL, NULL};
            size_t count = 0;
            for (int j = 0; j < 2; ++j) {
                clcnn_net_desc desc = small;
                desc.layers = pairs[i][j];
                clcnn_net *net = create(device, &desc);
                if (!net)
                    break;
                count = clcnn_net_parameters(net);
                results[j] = run_steps(device, net, batch);
                clcnn_net_destroy(net);
            }
            CHECK(results[0] && results[1] &&
                      memcmp(results[0], results[1], (3 * count + 1) * sizeof(float)) == 0,
                  "%s: \"%s\" and \"%s\" differ", harness_device_name(device), pairs[i][0],
                  pairs[i][1]);
            free(results[0]);
            free(results[1]);
            clReleaseMemObject(batch);
        }
}

/* The same weights give the same logits with and without training memory, and leave the state of
 * training alone. */
static void test_forward(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_net_desc inference = small;
        inference.training = 0;
        clcnn_net *nets[2] = {create(device, &small), create(device, &inference)};
        cl_mem batch = create_batch(device);
        if (!nets[0] || !nets[1])
            continue;
        CHECK(clcnn_net_memory(nets[1]) < clcnn_net_memory(nets[0]), "%zu bytes, %zu to train",
              clcnn_net_memory(nets[1]), clcnn_net_memory(nets[0]));
        float *weights = run_steps(device, nets[0], batch), logits[2][4 * SMALL_CLASSES];
        clcnn_net_write(nets[1], weights, NULL, NULL);
        for (int i = 0; i < 2; ++i) {
            clcnn_mem mem;
            CHECK(clcnn_net_forward(nets[i], 4, (clcnn_mem){batch, 0}, &mem) == CLCNN_SUCCESS, "%s",
                  clcnn_last_error(harness_ctx(device))->message);
            clEnqueueReadBuffer(clcnn_ctx_queue(harness_ctx(device)), mem.buf, CL_TRUE,
                                mem.offset * sizeof(float), sizeof logits[i], logits[i], 0, NULL,
                                NULL);
        }
        CHECK(memcmp(logits[0], logits[1], sizeof logits[0]) == 0, "logits differ: %g, %g",
              (double)logits[0][0], (double)logits[1][0]);
        size_t count = clcnn_net_parameters(nets[0]);
        float *after = malloc(count * sizeof *after);
        clcnn_net_read(nets[0], after, NULL, NULL);
        CHECK(memcmp(weights, after, count * sizeof *after) == 0, "forward changed the weights");
        free(after);
        free(weights);
        clReleaseMemObject(batch);
        clcnn_net_destroy(nets[0]);
        clcnn_net_destroy(nets[1]);
    }
}

/* A step makes no buffer and waits for nothing. */
static void test_step_is_asynchronous(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        int buffers = spy.buffers;
        clcnn_net *net = create(device, &small);
        if (!net)
            continue;
        CHECK(spy.buffers > buffers, "the spy sees no buffers");
        size_t memory = clcnn_net_memory(net);
        cl_mem batch = create_batch(device);
        spy_counts before = spy;
        for (int step = 1; step <= 6; ++step)
            CHECK(train(net, step % 3 + 2, batch, step) == CLCNN_SUCCESS, "step %d", step);
        CHECK(spy.buffers == before.buffers, "%d buffers", spy.buffers - before.buffers);
        CHECK(spy.waits == before.waits, "%d waits", spy.waits - before.waits);
        CHECK(spy.kernels > before.kernels, "the spy sees no kernels");
        CHECK(clcnn_net_memory(net) == memory, "memory has changed");
        clcnn_net_destroy(net);
        clReleaseMemObject(batch);
    }
}

/* As many layers as there may be. Placing their buffers takes no time to speak of. */
static void test_many_layers(void)
{
    enum { MOST = 1024 };
    char text[MOST * 10] = "dense 1";
    for (size_t i = 1; i < MOST; ++i)
        strcpy(text + 7 + (i - 1) * 9, ", dense 1");
    clcnn_net_desc desc = {.layers = text, .batch = 2, .c = 1, .h = 1, .w = 1, .training = 1};
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_net *net = create(device, &desc);
        CHECK(clcnn_net_parameters(net) == 2 * MOST, "%zu parameters", clcnn_net_parameters(net));
        clcnn_net_destroy(net);
    }
}

/* ---- What is compiled ----------------------------------------------------------------------- */

static void count_compiled(const clcnn_compiled *compiled, void *user)
{
    int *counts = user;
    CHECK(compiled->program && compiled->seconds >= 0, "what was compiled?");
    counts[compiled->kernel ? 1 : 0]++;
}

/* Programs and kernels that a ctx of its own compiles for LeNet-5's first step; none later,
 * whatever the batch. A simulator takes the first step alone. */
static void watch_lenet5(int device, clcnn_ctx *ctx, clcnn_mem images, clcnn_mem labels,
                         clcnn_mem loss)
{
    const int batches[] = {harness_short() ? 1 : 128, 1, 7, 64};
    const clcnn_net_desc desc = {
        .layers = "lenet5", .batch = 128, .c = 1, .h = 28, .w = 28, .training = 1};
    const clcnn_net_step step = {.lr = 0.001, .beta1 = 0.9, .beta2 = 0.999, .step = 1};
    clcnn_net *net = NULL;
    clcnn_error error = {.message = ""};
    int counts[2] = {0, 0}, first[2] = {0, 0};
    CHECK(clcnn_ctx_watch(ctx, count_compiled, counts) == CLCNN_SUCCESS, "watching");
    CHECK(clcnn_net_create(ctx, &desc, &net, &error) == CLCNN_SUCCESS, "%s", error.message);
    for (int i = 0; net && i < (harness_short() ? 1 : 4); ++i) {
        CHECK(clcnn_net_train_step(net, batches[i], images, labels, loss, &step) == CLCNN_SUCCESS,
              "%s: %s", harness_device_name(device), clcnn_last_error(ctx)->message);
        if (i == 0)
            memcpy(first, counts, sizeof first);
        CHECK(first[0] > 0 && first[1] > first[0] && first[0] == counts[0] && first[1] == counts[1],
              "%s, batch %d: %d programs and %d kernels, %d and %d at first",
              harness_device_name(device), batches[i], counts[0], counts[1], first[0], first[1]);
    }
    CHECK((size_t)counts[0] == clcnn_ctx_programs_built(ctx), "%d programs", counts[0]);
    clcnn_net_destroy(net);
}

static void test_compiled_once(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        enum { FLOATS = 128 * 28 * 28 };
        cl_command_queue queue = clcnn_ctx_queue(harness_ctx(device));
        clcnn_ctx *ctx = NULL;
        clcnn_error error = {.message = ""};
        float *zeros = calloc(FLOATS, sizeof *zeros);
        cl_mem buf = clCreateBuffer(clcnn_ctx_context(harness_ctx(device)),
                                    CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                    FLOATS * sizeof *zeros, zeros, NULL);
        cl_mem others = clCreateBuffer(clcnn_ctx_context(harness_ctx(device)),
                                       CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                       129 * sizeof *zeros, zeros, NULL);
        CHECK(clcnn_ctx_create(&ctx, queue, &error) == CLCNN_SUCCESS, "%s", error.message);
        if (ctx)
            watch_lenet5(device, ctx, (clcnn_mem){buf, 0}, (clcnn_mem){others, 0},
                         (clcnn_mem){others, 128});
        clFinish(queue);
        clcnn_ctx_destroy(ctx);
        clReleaseMemObject(buf);
        clReleaseMemObject(others);
        free(zeros);
    }
}

static void count_winograd(const clcnn_compiled *compiled, void *user)
{
    *(int *)user += !compiled->kernel && strcmp(compiled->program, "conv2d_winograd") == 0;
}

/* A ctx that prefers Winograd's algorithm wherever it can: what a network of these layers has
 * built of it in a step. */
static int winograd_programs(int device, const char *layers)
{
    enum { PIXELS = 2 * 8 * 8 };
    static const float zeros[PIXELS + 1] = {0}; /* the images, as labels too, and the loss */
    const clcnn_net_desc desc = {
        .layers = layers, .batch = 2, .c = 1, .h = 8, .w = 8, .training = 1};
    const clcnn_net_step step = {.lr = 0.001, .beta1 = 0.9, .beta2 = 0.999, .step = 1};
    cl_command_queue queue = clcnn_ctx_queue(harness_ctx(device));
    cl_mem buf = clCreateBuffer(clcnn_ctx_context(harness_ctx(device)), CL_MEM_READ_WRITE,
                                sizeof zeros, NULL, NULL);
    clcnn_ctx *ctx = NULL;
    clcnn_net *net = NULL;
    int count = 0;
    CHECK(clEnqueueWriteBuffer(queue, buf, CL_TRUE, 0, sizeof zeros, zeros, 0, NULL, NULL) ==
                  CL_SUCCESS &&
              clcnn_ctx_create(&ctx, queue, NULL) == CLCNN_SUCCESS,
          "no ctx");
    CHECK(clcnn_ctx_tune(ctx, "conv2d",
                         "algo device width shape use VEC VECS PIX CHANNELS FUSE CHUNK\n"
                         "winograd * * * 1 4 1 2 1 0 64\n") == CLCNN_SUCCESS &&
              clcnn_ctx_watch(ctx, count_winograd, &count) == CLCNN_SUCCESS &&
              clcnn_net_create(ctx, &desc, &net, NULL) == CLCNN_SUCCESS &&
              clcnn_net_train_step(net, 2, (clcnn_mem){buf, 0}, (clcnn_mem){buf, 0},
                                   (clcnn_mem){buf, PIXELS}, &step) == CLCNN_SUCCESS,
          "%s: %s", layers, clcnn_last_error(ctx)->message);
    clFinish(queue);
    clcnn_net_destroy(net);
    clcnn_ctx_destroy(ctx);
    clReleaseMemObject(buf);
    return count;
}

/* The word reaches the operation: nothing of Winograd's is built, where it would be without. */
static void test_dot_only(void)
{
    for (int device = 0; device < harness_device_count(); ++device) {
        const int without = winograd_programs(device, "conv 4 3x3, relu, conv 3 3x3, dense 2");
        const int first =
            winograd_programs(device, "conv 4 3x3 dot_only, relu, conv 3 3x3, dense 2");
        const int both =
            winograd_programs(device, "conv 4 3x3 dot_only, relu, conv 3 3x3 dot_only, dense 2");
        CHECK(without > 0, "%s: the default is not winograd", harness_device_name(device));
        CHECK(first > 0, "%s: one layer's dot_only is another's", harness_device_name(device));
        CHECK(both == 0, "%s: %d programs in spite of dot_only", harness_device_name(device), both);
    }
}

int main(void)
{
    static const harness_test tests[] = {
        {"lenet5", test_lenet5},
        {"memory", test_memory},
        {"bad creation", test_bad_creation},
        {"first weights", test_first_weights},
        {"first scales and statistics", test_first_statistics},
        {"reading and writing parameters", test_read_and_write},
        {"bad steps", test_bad_steps},
        {"bad Adam", test_bad_adam},
        {"determinism", test_determinism},
        {"equivalent descriptions", test_equivalent},
        {"forward", test_forward},
        {"a step is asynchronous", test_step_is_asynchronous},
        {"many layers", test_many_layers},
        {"compiled once", test_compiled_once},
        {"dot_only", test_dot_only},
        {NULL, NULL},
    };
    return harness_run("net", tests);
}
