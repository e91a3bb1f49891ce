/*
 * Bad arguments: for every public function of clcnn_net.h, every argument wrong, with the status
 * that it must give, words of the sentence, and what it points to untouched. At the end the
 * library's symbols are held against the names that were covered: a new function without rows
 * fails. What else can be wrong with networks, files and data has tests of its own.
 */
#include "clcnn_net.h"
#include "covered.h"
#include "harness.h"
#include "scratch.h"
#include "smallset.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The `error` of the calls below; where a function has none, the ctx's is copied here. */
static clcnn_error error;

static void refused(const char *function, const char *piece, clcnn_status status, int line)
{
    cover(function);
    CHECK(status == CLCNN_INVALID_ARGUMENT, "%s (line %d): %s", function, line,
          clcnn_status_name(status));
    CHECK(strstr(error.message, piece) && error.status == status, "%s (line %d): \"%s\" has no %s",
          function, line, error.message, piece);
    error = (clcnn_error){.message = ""};
}

/* A call with `error`, refused with `piece` in the sentence. */
#define REFUSED(function, piece, ...) refused(#function, piece, function(__VA_ARGS__), __LINE__)

/* A call without `error`: the sentence is the ctx's. */
#define REFUSED_BY_CTX(ctx, function, piece, ...)                                                  \
    do {                                                                                           \
        const clcnn_status refused_status = function(__VA_ARGS__);                                 \
        error = *clcnn_last_error(ctx);                                                            \
        refused(#function, piece, refused_status, __LINE__);                                       \
    } while (0)

/* What all calls on one device share. */
typedef struct bench {
    clcnn_ctx *ctx;
    clcnn_dataset set;
    clcnn_net *net;
    clcnn_trainer *trainer;
    clcnn_model *model;
    cl_mem batch; /* images, labels, loss */
} bench;

enum { BATCH = 4, PIXELS = SMALL_H * SMALL_W, LABELS = BATCH * PIXELS, LOSS = LABELS + BATCH };

static const clcnn_net_desc small = {.layers = SMALL_NET,
                                     .batch = BATCH,
                                     .c = SMALL_C,
                                     .h = SMALL_H,
                                     .w = SMALL_W,
                                     .seed = 1,
                                     .training = 1};
static const clcnn_train_options options = {
    .layers = SMALL_NET, .batch = BATCH, .lr = 0.01, .seed = 1};
static const clcnn_net_step adam = {.lr = 0.01, .beta1 = 0.9, .beta2 = 0.999, .step = 1};

static bool bench_open(bench *b, int device)
{
    static const float zeros[LOSS + 1] = {0};
    cl_int code = 0;
    *b = (bench){.ctx = harness_ctx(device)};
    smallset_create(9, 1, &b->set);
    scratch_begin();
    b->batch = clCreateBuffer(clcnn_ctx_context(b->ctx), CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                              sizeof zeros, (void *)(uintptr_t)zeros, &code);
    const bool opened = b->batch && !clcnn_net_create(b->ctx, &small, &b->net, &error) &&
                        !clcnn_trainer_create(b->ctx, &options, &b->set, &b->trainer, &error) &&
                        !clcnn_trainer_save(b->trainer, scratch_path("file"), &error) &&
                        !clcnn_model_load(b->ctx, scratch_path("file"), BATCH, &b->model, &error);
    return CHECK(opened, "%s: %d %s", harness_device_name(device), code, error.message);
}

static void bench_close(bench *b)
{
    clcnn_model_destroy(b->model);
    clcnn_trainer_destroy(b->trainer);
    clcnn_net_destroy(b->net);
    if (b->batch)
        clReleaseMemObject(b->batch);
    clcnn_dataset_free(&b->set);
    scratch_end();
}

static void for_each_device(void (*test)(bench *b))
{
    for (int device = 0; device < harness_device_count(); ++device) {
        bench b;
        if (bench_open(&b, device))
            test(&b);
        bench_close(&b);
    }
}

/* ---- Networks -------------------------------------------------------------------------------- */

static void test_descriptions(void)
{
    size_t count = 77;
    clcnn_net_desc desc = small;
    REFUSED(clcnn_net_layers, "desc is NULL", NULL, NULL, 0, &count, &error);
    REFUSED(clcnn_net_layers, "layers", &desc, NULL, 1, &count, &error);
    REFUSED(clcnn_net_layers, "count is NULL", &desc, NULL, 0, NULL, &error);
    desc.layers = "";
    REFUSED(clcnn_net_layers, "expected a layer", &desc, NULL, 0, &count, &error);
    desc.layers = "%s%n";
    REFUSED(clcnn_net_layers, "%s%n", &desc, NULL, 0, &count, &error);
    int *const sizes[] = {&desc.c, &desc.h, &desc.w};
    for (int i = 0; i < 6; i++) {
        desc = small;
        *sizes[i / 2] = -(i % 2);
        REFUSED(clcnn_net_layers, i % 2 ? "-1" : "0", &desc, NULL, 0, &count, &error);
        CHECK(clcnn_net_layers(&desc, NULL, 0, &count, NULL) == CLCNN_INVALID_ARGUMENT,
              "without error");
    }
    CHECK(count == 77, "count was written to");
    cover("clcnn_net_presets");
    CHECK(clcnn_net_presets() && clcnn_net_presets()->name, "no presets");
}

static void no_row(const clcnn_gradcheck_row *row, void *user)
{
    (void)row;
    ++*(int *)user;
}

/* The reference of a network, and its check. */
static void gradient_calls(bench *b)
{
    clcnn_net_desc desc = small;
    const size_t count = clcnn_net_values(b->net);
    float *values = calloc(count + (size_t)(BATCH * SMALL_H * SMALL_W), sizeof *values);
    const float *images = values + count;
    const int32_t labels[BATCH] = {0};
    double loss = 77;
    REFUSED(clcnn_ref_net_gradient, "desc is NULL", NULL, values, images, labels, &adam, &loss,
            NULL, &error);
    REFUSED(clcnn_ref_net_gradient, "values is NULL", &desc, NULL, images, labels, &adam, &loss,
            NULL, &error);
    REFUSED(clcnn_ref_net_gradient, "images is NULL", &desc, values, NULL, labels, &adam, &loss,
            NULL, &error);
    REFUSED(clcnn_ref_net_gradient, "labels is NULL", &desc, values, images, NULL, &adam, &loss,
            NULL, &error);
    REFUSED(clcnn_ref_net_gradient, "step is NULL", &desc, values, images, labels, NULL, &loss,
            NULL, &error);
    desc.layers = "dens";
    REFUSED(clcnn_ref_net_gradient, "column 1", &desc, values, images, labels, &adam, &loss, NULL,
            &error);
    clcnn_net_step bad = adam;
    bad.label_smoothing = 2;
    REFUSED(clcnn_ref_net_gradient, "label_smoothing 2", &small, values, images, labels, &bad,
            &loss, NULL, &error);
    CHECK(loss == 77, "loss was written to");
    CHECK(clcnn_ref_net_gradient(&small, values, images, labels, &adam, NULL, NULL, NULL) ==
              CLCNN_SUCCESS,
          "the right call");
    int rows = 0;
    REFUSED(clcnn_net_gradcheck, "desc is NULL", NULL, 1, no_row, &rows, &error);
    REFUSED(clcnn_net_gradcheck, "report is NULL", &small, 1, NULL, &rows, &error);
    REFUSED(clcnn_net_gradcheck, "samples is 0", &small, 0, no_row, &rows, &error);
    REFUSED(clcnn_net_gradcheck, "column 1", &desc, 1, no_row, &rows, &error);
    CHECK(rows == 0, "%d rows", rows);
    free(values);
}

static void net_calls(bench *b)
{
    clcnn_net *net = b->net;
    clcnn_net_desc desc = small;
    REFUSED(clcnn_net_create, "ctx is NULL", NULL, &small, &net, &error);
    CHECK(!net, "net is not NULL");
    REFUSED(clcnn_net_create, "desc is NULL", b->ctx, NULL, &net, &error);
    REFUSED(clcnn_net_create, "net is NULL", b->ctx, &small, NULL, &error);
    int *const sizes[] = {&desc.batch, &desc.c, &desc.h, &desc.w};
    for (int i = 0; i < 8; i++) {
        desc = small;
        *sizes[i / 2] = -(i % 2);
        REFUSED(clcnn_net_create, i % 2 ? "-1" : "0", b->ctx, &desc, &net, &error);
        CHECK(clcnn_net_create(b->ctx, &desc, &net, NULL) == CLCNN_INVALID_ARGUMENT && !net,
              "without error");
    }
    desc = small;
    desc.init = (clcnn_init)3;
    REFUSED(clcnn_net_create, "init is 3", b->ctx, &desc, &net, &error);
    clcnn_net_destroy(NULL);
    cover("clcnn_net_destroy");
    CHECK(clcnn_net_values(NULL) == 0 && clcnn_net_values(b->net) > 0, "values");
    cover("clcnn_net_values");

    clcnn_net_usage usage = {.outputs = 77};
    desc = small;
    REFUSED(clcnn_net_plan_memory, "desc is NULL", NULL, &usage, &error);
    REFUSED(clcnn_net_plan_memory, "usage is NULL", &small, NULL, &error);
    desc.batch = 0;
    REFUSED(clcnn_net_plan_memory, "batch is 0", &desc, &usage, &error);
    desc = small;
    desc.layers = "dens";
    REFUSED(clcnn_net_plan_memory, "column 1", &desc, &usage, &error);
    CHECK(usage.outputs == 77, "usage was written to");
    gradient_calls(b);
}

static void step_calls(bench *b)
{
    const clcnn_mem none = CLCNN_NO_MEM, x = {b->batch, 0}, labels = {b->batch, LABELS},
                    loss = {b->batch, LOSS}, far = {b->batch, LOSS + 1};
    clcnn_ctx *ctx = b->ctx;
    clcnn_mem logits = {b->batch, 77};
    float *param = calloc(clcnn_net_parameters(b->net), sizeof *param);
    CHECK(clcnn_net_forward(NULL, 1, x, &logits) == CLCNN_INVALID_ARGUMENT, "net is NULL");
    REFUSED_BY_CTX(ctx, clcnn_net_forward, "0 images", b->net, 0, x, &logits);
    REFUSED_BY_CTX(ctx, clcnn_net_forward, "5 images", b->net, 5, x, &logits);
    REFUSED_BY_CTX(ctx, clcnn_net_forward, "images has no buffer", b->net, 1, none, &logits);
    REFUSED_BY_CTX(ctx, clcnn_net_forward, "images needs", b->net, 1, far, &logits);
    REFUSED_BY_CTX(ctx, clcnn_net_forward, "logits is NULL", b->net, 1, x, NULL);
    CHECK(logits.buf == b->batch && logits.offset == 77, "logits was written to");

    clcnn_net_step bad = adam;
    bad.beta1 = 2;
    CHECK(clcnn_net_train_step(NULL, 1, x, labels, loss, &adam) == CLCNN_INVALID_ARGUMENT,
          "net is NULL");
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "0 images", b->net, 0, x, labels, loss, &adam);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "images has", b->net, 1, none, labels, loss, &adam);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "labels has", b->net, 1, x, none, loss, &adam);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "loss has", b->net, 1, x, labels, none, &adam);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "images needs", b->net, 1, far, labels, loss, &adam);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "labels needs", b->net, 1, x, far, loss, &adam);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "loss needs", b->net, 1, x, labels, far, &adam);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "overlaps", b->net, 1, x, labels, labels, &adam);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "step is NULL", b->net, 1, x, labels, loss, NULL);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "beta1 is 2", b->net, 1, x, labels, loss, &bad);

    CHECK(clcnn_net_read(NULL, param, NULL, NULL) == CLCNN_INVALID_ARGUMENT &&
              clcnn_net_write(NULL, param, NULL, NULL) == CLCNN_INVALID_ARGUMENT,
          "net is NULL");
    REFUSED_BY_CTX(ctx, clcnn_net_read, "values is NULL", b->net, NULL, NULL, NULL);
    REFUSED_BY_CTX(ctx, clcnn_net_write, "values is NULL", b->net, NULL, NULL, NULL);
    clcnn_net *plain = clcnn_model_net(b->model);
    REFUSED_BY_CTX(ctx, clcnn_net_read, "state_0 and state_1 must be NULL", plain, param, param,
                   NULL);
    REFUSED_BY_CTX(ctx, clcnn_net_write, "state_0 and state_1 must be NULL", plain, param, NULL,
                   param);
    REFUSED_BY_CTX(ctx, clcnn_net_train_step, "without training", plain, 1, x, labels, loss, &adam);
    static const struct {
        clcnn_net_step step;
        const char *message;
    } bad_steps[] = {
        {{.lr = 0.1, .step = 1, .optimiser = (clcnn_optimiser)4}, "optimiser is 4"},
        {{.lr = 0.1, .step = 1, .optimiser = (clcnn_optimiser)-1}, "optimiser is -1"},
        {{.lr = 0.1, .step = 0, .optimiser = CLCNN_SGD}, "step is 0"},
        {{.lr = 0.1, .step = 1, .max_norm = -1}, "max_norm is -1"},
        {{.lr = 0.1, .step = 1, .max_norm = (double)INFINITY}, "max_norm is inf"},
        {{.lr = 0.1, .step = 1, .label_smoothing = 1.5}, "label_smoothing is 1.5"},
        {{.lr = 0.1, .step = 1, .label_smoothing = (double)NAN}, "label_smoothing is "},
        {{.lr = 0.1, .step = 1, .weight_decay = -1}, "weight_decay is -1"},
        {{.lr = 0.1, .step = 1, .optimiser = CLCNN_SGD, .momentum = -1}, "momentum is -1"},
        {{.lr = 0.1, .step = 1, .optimiser = CLCNN_SGD, .nesterov = 1}, "nesterov needs"},
        {{.lr = 0.1, .step = 1, .optimiser = CLCNN_RMSPROP, .alpha = 1}, "alpha is 1"},
    };
    for (size_t i = 0; i < sizeof bad_steps / sizeof *bad_steps; i++)
        REFUSED_BY_CTX(ctx, clcnn_net_train_step, bad_steps[i].message, b->net, 1, x, labels, loss,
                       &bad_steps[i].step);
    CHECK(clcnn_net_train_step(b->net, 1, x, labels, loss, &adam) == CLCNN_SUCCESS,
          "the right call: %s", clcnn_last_error(ctx)->message);
    free(param);
}

static void test_nets(void)
{
    for_each_device(net_calls);
    for_each_device(step_calls);
}

static void test_accessors(void)
{
    cover("clcnn_net_get_desc");
    cover("clcnn_net_classes");
    cover("clcnn_net_parameters");
    cover("clcnn_net_memory");
    cover("clcnn_trainer_options");
    cover("clcnn_trainer_net");
    cover("clcnn_trainer_epochs_done");
    cover("clcnn_model_net");
    CHECK(clcnn_net_get_desc(NULL) == NULL, "a descriptor of nothing");
    CHECK(clcnn_net_classes(NULL) == 0, "classes of nothing");
    CHECK(clcnn_net_parameters(NULL) == 0, "parameters of nothing");
    CHECK(clcnn_net_memory(NULL) == 0, "memory of nothing");
    CHECK(clcnn_trainer_options(NULL) == NULL, "options of nothing");
    CHECK(clcnn_trainer_net(NULL) == NULL, "a net of nothing");
    CHECK(clcnn_trainer_epochs_done(NULL) == 0, "epochs of nothing");
    CHECK(clcnn_model_net(NULL) == NULL, "a net of nothing");
}

/* ---- Data sets ------------------------------------------------------------------------------- */

static void test_data(void)
{
    clcnn_dataset set;
    clcnn_images images;
    memset(&set, 0x5a, sizeof set);
    memset(&images, 0x5a, sizeof images);
    const clcnn_dataset set_before = set;
    const clcnn_images images_before = images;
    char name[300];
    memset(name, 'x', sizeof name);
    name[sizeof name - 1] = '\0';
    REFUSED(clcnn_dataset_open, "name is NULL", NULL, &set, &error);
    REFUSED(clcnn_dataset_open, "set is NULL", "synthetic", NULL, &error);
    REFUSED(clcnn_dataset_open, "0 characters", "", &set, &error);
    REFUSED(clcnn_dataset_open, "299 characters", name, &set, &error);
    CHECK(clcnn_dataset_open(NULL, &set, NULL) == CLCNN_INVALID_ARGUMENT, "without error");
    CHECK(memcmp(&set, &set_before, sizeof set) == 0, "set was written to");

    REFUSED(clcnn_images_read_idx, "NULL", NULL, "labels", 10, &images, &error);
    REFUSED(clcnn_images_read_idx, "NULL", "images", NULL, 10, &images, &error);
    REFUSED(clcnn_images_read_idx, "NULL", "images", "labels", 10, NULL, &error);
    REFUSED(clcnn_images_read_idx, "0", "images", "labels", 0, &images, &error);
    REFUSED(clcnn_images_read_idx, "-1", "images", "labels", -1, &images, &error);
    CHECK(clcnn_images_read_idx(NULL, "labels", 10, &images, NULL) == CLCNN_INVALID_ARGUMENT,
          "without error");
    const char *const paths[] = {"one", NULL};
    REFUSED(clcnn_images_read_cifar10, "paths is NULL", NULL, 1, &images, &error);
    REFUSED(clcnn_images_read_cifar10, "images is NULL", paths, 1, NULL, &error);
    REFUSED(clcnn_images_read_cifar10, "paths[1] is NULL", paths, 2, &images, &error);
    REFUSED(clcnn_images_read_cifar10, "count is 0", paths, 0, &images, &error);
    REFUSED(clcnn_images_read_cifar10, "count is -1", paths, -1, &images, &error);
    REFUSED(clcnn_images_read_cifar10, "count is 1001", paths, 1001, &images, &error);
    CHECK(clcnn_images_read_cifar10(NULL, 1, &images, NULL) == CLCNN_INVALID_ARGUMENT,
          "without error");
    CHECK(memcmp(&images, &images_before, sizeof images) == 0, "images was written to");

    cover("clcnn_dataset_free");
    cover("clcnn_images_free");
    cover("clcnn_dataset_has_fashion_mnist");
    clcnn_dataset_free(NULL);
    clcnn_images_free(NULL);
    const int has = clcnn_dataset_has_fashion_mnist();
    CHECK(has == 0 || has == 1, "%d", has);
}

static void test_import(void)
{
    const clcnn_import_desc desc = {.c = 1, .h = 28, .w = 28};
    clcnn_import_desc bad = desc;
    scratch_begin();
    const char *out = scratch_path("out");
    REFUSED(clcnn_import, "path is NULL", NULL, &desc, out, NULL, NULL, &error);
    REFUSED(clcnn_import, "desc is NULL", "weights", NULL, out, NULL, NULL, &error);
    REFUSED(clcnn_import, "out is NULL", "weights", &desc, NULL, NULL, NULL, &error);
    bad.mean = 1.5;
    REFUSED(clcnn_import, "mean is 1.5, not 0 to 1", "weights", &bad, out, NULL, NULL, &error);
    bad.mean = NAN;
    REFUSED(clcnn_import, "mean is", "weights", &bad, out, NULL, NULL, &error);
    bad = desc;
    bad.deviation = -1;
    REFUSED(clcnn_import, "deviation is -1", "weights", &bad, out, NULL, NULL, &error);
    bad = desc;
    bad.h = 0;
    REFUSED(clcnn_import, "0", "weights", &bad, out, NULL, NULL, &error);
    CHECK(clcnn_import(NULL, &desc, out, NULL, NULL, NULL) == CLCNN_INVALID_ARGUMENT,
          "without error");
    CHECK(scratch_count() == 0, "something was written");
    scratch_end();
}

/* ---- Trainers, checkpoints, models ----------------------------------------------------------- */

static void trainer_calls(bench *b)
{
    clcnn_trainer *made = b->trainer;
    clcnn_train_options bad = options;
    REFUSED(clcnn_trainer_create, "ctx is NULL", NULL, &options, &b->set, &made, &error);
    CHECK(!made, "trainer is not NULL");
    REFUSED(clcnn_trainer_create, "options is NULL", b->ctx, NULL, &b->set, &made, &error);
    REFUSED(clcnn_trainer_create, "set is NULL", b->ctx, &options, NULL, &made, &error);
    REFUSED(clcnn_trainer_create, "trainer is NULL", b->ctx, &options, &b->set, NULL, &error);
    bad.batch = -1;
    REFUSED(clcnn_trainer_create, "batch is -1", b->ctx, &bad, &b->set, &made, &error);
    bad = options;
    bad.lr = -1;
    REFUSED(clcnn_trainer_create, "lr is -1", b->ctx, &bad, &b->set, &made, &error);
    static const int bad_shifts[] = {-1, SMALL_W, INT_MAX, INT_MIN};
    for (int i = 0; i < 4; i++) {
        bad = options;
        bad.shift = bad_shifts[i];
        REFUSED(clcnn_trainer_create, "not 0 to 4, as images of 6x5 allow", b->ctx, &bad, &b->set,
                &made, &error);
    }
    bad = options;
    bad.flip = 2;
    REFUSED(clcnn_trainer_create, "flip is 2, not 0 or 1", b->ctx, &bad, &b->set, &made, &error);
    bad.flip = -1;
    REFUSED(clcnn_trainer_create, "flip is -1", b->ctx, &bad, &b->set, &made, &error);
    bad = options;
    bad.layers = "dense";
    REFUSED(clcnn_trainer_create, "column 6", b->ctx, &bad, &b->set, &made, &error);
    CHECK(clcnn_trainer_create(b->ctx, &bad, &b->set, &made, NULL) == CLCNN_INVALID_ARGUMENT,
          "without error");

    const char *path = scratch_path("file");
    REFUSED(clcnn_trainer_resume, "ctx is NULL", NULL, path, &b->set, &made, &error);
    REFUSED(clcnn_trainer_resume, "path is NULL", b->ctx, NULL, &b->set, &made, &error);
    REFUSED(clcnn_trainer_resume, "set is NULL", b->ctx, path, NULL, &made, &error);
    REFUSED(clcnn_trainer_resume, "trainer is NULL", b->ctx, path, &b->set, NULL, &error);

    double accuracy = 77;
    clcnn_images none = b->set.test;
    none.pixels = NULL;
    REFUSED(clcnn_trainer_epoch, "trainer is NULL", NULL, NULL, NULL, NULL, NULL, &error);
    REFUSED(clcnn_trainer_evaluate, "trainer is NULL", NULL, &b->set.test, &accuracy, NULL, &error);
    REFUSED(clcnn_trainer_evaluate, "images is NULL", b->trainer, NULL, &accuracy, NULL, &error);
    REFUSED(clcnn_trainer_evaluate, "NULL", b->trainer, &none, &accuracy, NULL, &error);
    REFUSED(clcnn_trainer_save, "trainer is NULL", NULL, path, &error);
    REFUSED(clcnn_trainer_save, "path is NULL", b->trainer, NULL, &error);
    CHECK(accuracy == 77, "accuracy was written to");
    cover("clcnn_trainer_destroy");
    clcnn_trainer_destroy(NULL);
}

static void model_calls(bench *b)
{
    clcnn_checkpoint_info info = {.classes = 77};
    clcnn_model *made = b->model;
    const char *path = scratch_path("file");
    REFUSED(clcnn_checkpoint_read_info, "path is NULL", NULL, &info, &error);
    REFUSED(clcnn_checkpoint_read_info, "info is NULL", path, NULL, &error);
    CHECK(info.classes == 77, "info was written to");
    cover("clcnn_checkpoint_info_free");
    clcnn_checkpoint_info_free(NULL);

    REFUSED(clcnn_model_load, "ctx is NULL", NULL, path, 1, &made, &error);
    CHECK(!made, "model is not NULL");
    REFUSED(clcnn_model_load, "path is NULL", b->ctx, NULL, 1, &made, &error);
    REFUSED(clcnn_model_load, "batch is -1", b->ctx, path, -1, &made, &error);
    REFUSED(clcnn_model_load, "model is NULL", b->ctx, path, 1, NULL, &error);

    double value = 77;
    const uint8_t pixels[PIXELS] = {0};
    REFUSED(clcnn_model_evaluate, "model is NULL", NULL, &b->set.test, &value, NULL, &error);
    REFUSED(clcnn_model_evaluate, "images is NULL", b->model, NULL, &value, NULL, &error);
    REFUSED(clcnn_model_predict, "model is NULL", NULL, 1, pixels, &value, &error);
    REFUSED(clcnn_model_predict, "count is -1", b->model, -1, pixels, &value, &error);
    REFUSED(clcnn_model_predict, "pixels is NULL", b->model, 1, NULL, &value, &error);
    REFUSED(clcnn_model_predict, "probabilities is NULL", b->model, 1, pixels, NULL, &error);
    CHECK(clcnn_model_predict(NULL, 1, pixels, &value, NULL) == CLCNN_INVALID_ARGUMENT &&
              value == 77,
          "without error");
    CHECK(clcnn_model_predict(b->model, 0, pixels, &value, &error) == CLCNN_SUCCESS, "no images");
    cover("clcnn_model_destroy");
    clcnn_model_destroy(NULL);
}

static void test_trainers(void)
{
    for_each_device(trainer_calls);
}

static void test_models(void)
{
    for_each_device(model_calls);
}

static void test_all_covered(void)
{
    check_all_covered(CLCNN_NET_LIBRARY, "arguments_net.c");
}

int main(void)
{
    static const harness_test tests[] = {{"descriptions", test_descriptions},
                                         {"nets", test_nets},
                                         {"accessors", test_accessors},
                                         {"data", test_data},
                                         {"import", test_import},
                                         {"trainers", test_trainers},
                                         {"models", test_models},
                                         {"all functions are covered", test_all_covered},
                                         {NULL, NULL}};
    return harness_run("arguments_net", tests);
}
