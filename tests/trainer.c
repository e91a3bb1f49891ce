/*
 * Trainers on devices: what they learn, that they never wait for the device within an epoch, in
 * which order they take images and at which rate, that they stop and go on, and bad arguments.
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

/* ---- Trainers ------------------------------------------------------------------------------- */

static clcnn_trainer *create_trainer(int device, const clcnn_train_options *options,
                                     const clcnn_dataset *set)
{
    clcnn_trainer *trainer = NULL;
    clcnn_error error = {.message = ""};
    CHECK(clcnn_trainer_create(harness_ctx(device), options, set, &trainer, &error) ==
              CLCNN_SUCCESS,
          "%s: %s\n%s", harness_device_name(device), error.message, error.build_log);
    return trainer;
}

typedef struct watch {
    int calls, stop_at;
    clcnn_progress last;
} watch;

static int on_step(const clcnn_progress *progress, void *user)
{
    watch *w = user;
    ++w->calls;
    CHECK(progress->step == w->last.step + 1 || (progress->step == 1 && w->calls == 1),
          "step %d after %d", progress->step, w->last.step);
    w->last = *progress;
    return progress->step == w->stop_at;
}

static clcnn_progress train_epoch(clcnn_trainer *trainer, watch *w, int *stopped)
{
    clcnn_progress result = {0};
    clcnn_error error = {.message = ""};
    CHECK(clcnn_trainer_epoch(trainer, w ? on_step : NULL, w, &result, stopped, &error) ==
              CLCNN_SUCCESS,
          "%s", error.message);
    return result;
}

static void test_trainer_learns(void)
{
    clcnn_dataset set;
    smallset_create(harness_short() ? 40 : 120, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_train_options options = {.layers = SMALL_NET, .batch = 16, .lr = 0.01, .seed = 7};
        clcnn_trainer *trainer = create_trainer(device, &options, &set);
        if (!trainer)
            continue;
        int epochs = harness_short() ? 3 : 6;
        double first = 0, last = 0, accuracy = 0, train_accuracy = 0;
        for (int i = 0; i < epochs; ++i) {
            clcnn_progress result = train_epoch(trainer, NULL, NULL);
            CHECK(result.epoch == i + 1 && result.steps == (set.train.count + 15) / 16 &&
                      result.step == result.steps && result.seconds > 0 &&
                      result.images_per_second > 0,
                  "epoch %d, step %d of %d", result.epoch, result.step, result.steps);
            last = result.loss;
            if (i == 0)
                first = last;
        }
        CHECK(last < 0.8 * first, "%s: the loss goes from %g to %g", harness_device_name(device),
              first, last);
        int64_t confusion[SMALL_CLASSES][SMALL_CLASSES], total = 0, right = 0;
        clcnn_error error = {.message = ""};
        CHECK(!clcnn_trainer_evaluate(trainer, &set.test, &accuracy, confusion[0], &error) &&
                  !clcnn_trainer_evaluate(trainer, &set.train, &train_accuracy, NULL, &error),
              "%s", error.message);
        for (int i = 0; i < SMALL_CLASSES; ++i)
            for (int j = 0; j < SMALL_CLASSES; ++j) {
                total += confusion[i][j];
                right += i == j ? confusion[i][j] : 0;
            }
        CHECK(total == set.test.count && accuracy == (double)right / (double)total,
              "accuracy %g, %d of %d", accuracy, (int)right, (int)total);
        CHECK(train_accuracy > 0.6, "%s: accuracy %g", harness_device_name(device), train_accuracy);
        CHECK(clcnn_trainer_epochs_done(trainer) == epochs, "%d epochs",
              clcnn_trainer_epochs_done(trainer));
        clcnn_trainer_destroy(trainer);
    }
    clcnn_dataset_free(&set);
}

/* Steps in flight are bounded, nothing else waits, nothing is made, no event is left. */
static void test_trainer_is_asynchronous(void)
{
    clcnn_dataset set;
    smallset_create(62, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        spy_counts begin = spy;
        clcnn_train_options options = {.layers = SMALL_NET, .batch = 4, .lr = 0.001, .seed = 7};
        clcnn_trainer *trainer = create_trainer(device, &options, &set);
        if (!trainer)
            continue;
        spy_counts before = spy;
        train_epoch(trainer, NULL, NULL);
        int waits = spy.waits - before.waits;
        /* 16 steps, each for its slot of the ring; at the end one read under way, one of the rest
         */
        CHECK(waits >= 12 && waits <= 18, "%d waits", waits);
        CHECK(spy.buffers == before.buffers, "%d buffers", spy.buffers - before.buffers);
        CHECK(!clcnn_trainer_evaluate(trainer, &set.test, NULL, NULL, NULL), "evaluate");
        CHECK(spy.buffers == before.buffers, "%d buffers", spy.buffers - before.buffers);
        clcnn_trainer_destroy(trainer);
        CHECK(spy.events == begin.events, "%d events are left", spy.events - begin.events);
    }
    clcnn_dataset_free(&set);
}

static void test_trainer_stops(void)
{
    clcnn_dataset set;
    smallset_create(14, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_train_options options = {.layers = SMALL_NET, .batch = 4, .lr = 0.001, .seed = 7};
        clcnn_trainer *trainer = create_trainer(device, &options, &set);
        if (!trainer)
            continue;
        int stopped = 7;
        watch w = {.stop_at = 2};
        clcnn_progress result = train_epoch(trainer, &w, &stopped);
        CHECK(stopped == 1 && w.calls == 2 && result.step == 2 && result.steps == 4 &&
                  clcnn_trainer_epochs_done(trainer) == 0,
              "stopped %d at %d", stopped, result.step);
        w = (watch){.stop_at = 0, .last.step = 2};
        result = train_epoch(trainer, &w, &stopped);
        CHECK(stopped == 0 && w.calls == 2 && result.step == 4 && result.epoch == 1 &&
                  clcnn_trainer_epochs_done(trainer) == 1,
              "stopped %d at %d", stopped, result.step);
        CHECK(isfinite(result.loss), "loss %g", result.loss);
        w = (watch){.stop_at = 4}; /* at the last step: the epoch is whole */
        result = train_epoch(trainer, &w, &stopped);
        CHECK(stopped == 1 && result.epoch == 2 && clcnn_trainer_epochs_done(trainer) == 2,
              "stopped %d at %d", stopped, result.step);
        clcnn_trainer_destroy(trainer);
    }
    clcnn_dataset_free(&set);
}

/* With weights that stand still, a loss tells which images it comes from. */
static void test_order(void)
{
    clcnn_dataset set;
    smallset_create(30, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        double first[3], whole[3];
        clcnn_train_options options = {.layers = SMALL_NET, .batch = 4, .lr = 1e-30, .seed = 7};
        clcnn_trainer *trainer = create_trainer(device, &options, &set);
        if (!trainer)
            continue;
        for (int epoch = 0; epoch < 3; ++epoch) {
            watch w = {.stop_at = 1};
            first[epoch] = train_epoch(trainer, &w, NULL).loss;
            whole[epoch] = train_epoch(trainer, NULL, NULL).loss;
        }
        clcnn_trainer_destroy(trainer);
        for (int epoch = 1; epoch < 3; ++epoch) {
            CHECK(fabs(first[epoch] - first[epoch - 1]) > 1e-6,
                  "%s: epochs %d and %d begin with the same images", harness_device_name(device),
                  epoch, epoch + 1);
            CHECK(fabs(whole[epoch] - whole[0]) < 1e-5,
                  "%s: loss %g and %g: not every image was there once", harness_device_name(device),
                  whole[epoch], whole[0]);
        }
    }
    clcnn_dataset_free(&set);
}

/* ---- Learning rates ------------------------------------------------------------------------- */

/* Black images have no gradient: all that AdamW does to a weight is to take lr * weight_decay of it
 * away, so that the weight tells the learning rate of each step. */
enum { RATE_STEPS = 5, RATE_EPOCHS = 4 };
static const double highest = 0.5, decay = 0.25;

/* The rate of a step, counted from 0. */
static double constant_rate(int step)
{
    (void)step;
    return highest;
}

static double falling_rate(int step) /* every two epochs, to a tenth */
{
    return step < 2 * RATE_STEPS ? highest : highest / 10;
}

/* Down to 0.1 in the last step of the third epoch, where it stays. */
static double cosine_rate(int step)
{
    const int last = 3 * RATE_STEPS - 1;
    const double part = step < last ? (double)step / last : 1;
    return 0.1 + 0.4 * (1 + cos(3.14159265358979323846 * part)) / 2;
}

/* Up in 1.5 epochs, 8 steps, the rate being there with the ninth. */
static double warm_rate(int step)
{
    return step < 8 ? highest * (step + 1) / 9 : highest;
}

/* Up in one epoch; then fewer steps are left for the cosine's way to 0 in the fourth epoch. */
static double warm_cosine_rate(int step)
{
    const int last = RATE_EPOCHS * RATE_STEPS - 1;
    if (step < RATE_STEPS)
        return highest * (step + 1) / (RATE_STEPS + 1);
    return highest * (1 + cos(3.14159265358979323846 * (step - RATE_STEPS) / (last - RATE_STEPS))) /
           2;
}

/* The falls are counted from where the warm-up ends. */
static double warm_falling_rate(int step)
{
    return step < RATE_STEPS ? highest * (step + 1) / (RATE_STEPS + 1)
                             : highest * pow(0.5, (step - RATE_STEPS) / RATE_STEPS);
}

static const struct rate {
    clcnn_schedule_kind kind;
    int epochs;
    double warmup, gamma, min_lr;
    double (*expected)(int step);
} rates[] = {
    {CLCNN_SCHEDULE_CONSTANT, 0, 0, 0, 0, constant_rate},
    {CLCNN_SCHEDULE_CONSTANT, 0, 1.5, 0, 0, warm_rate},
    {CLCNN_SCHEDULE_STEP, 2, 0, 0.1, 0, falling_rate},
    {CLCNN_SCHEDULE_STEP, 1, 1, 0.5, 0, warm_falling_rate},
    {CLCNN_SCHEDULE_COSINE, 3, 0, 0, 0.1, cosine_rate},
    {CLCNN_SCHEDULE_COSINE, RATE_EPOCHS, 1, 0, 0, warm_cosine_rate},
};

static int stop_always(const clcnn_progress *progress, void *user)
{
    (void)progress;
    (void)user;
    return 1;
}

static float first_weight(clcnn_trainer *trainer)
{
    float values[SMALL_H * SMALL_W * 3 + 3];
    CHECK(clcnn_net_values(clcnn_trainer_net(trainer)) == sizeof values / sizeof *values &&
              !clcnn_net_read(clcnn_trainer_net(trainer), values, NULL, NULL),
          "read");
    return values[0];
}

static void check_rate(clcnn_trainer *trainer, const struct rate *rate, const char *device)
{
    float weight = first_weight(trainer);
    for (int step = 0; step < RATE_EPOCHS * RATE_STEPS; ++step) {
        const float before = weight;
        CHECK(!clcnn_trainer_epoch(trainer, stop_always, NULL, NULL, NULL, NULL), "step %d", step);
        weight = first_weight(trainer);
        const double lr = rate->expected(step), after = (double)before * (1 - lr * decay);
        /* the factor and the product are rounded; a rate is off by far more where it is wrong */
        CHECK(fabs((double)weight - after) <= 4 * 0x1p-24 * fabs((double)before),
              "%s: schedule %d, warm-up %g: step %d has the rate %.7g, not %.7g", device,
              (int)rate->kind, rate->warmup, step, (1 - (double)(weight / before)) / decay, lr);
    }
}

static void test_learning_rates(void)
{
    clcnn_dataset set;
    smallset_create(4 * RATE_STEPS - 1, 1, &set); /* the last step of an epoch is a step, too */
    memset(set.train.pixels, 0, (size_t)set.train.count * SMALL_H * SMALL_W);
    for (int device = 0; device < harness_device_count(); ++device)
        for (size_t i = 0; i < sizeof rates / sizeof *rates; ++i) {
            const clcnn_train_options options = {.layers = "dense 3",
                                                 .batch = 4,
                                                 .lr = highest,
                                                 .seed = 1,
                                                 .optimiser = CLCNN_ADAMW,
                                                 .weight_decay = decay,
                                                 .schedule = rates[i].kind,
                                                 .schedule_epochs = rates[i].epochs,
                                                 .warmup = rates[i].warmup,
                                                 .gamma = rates[i].gamma,
                                                 .min_lr = rates[i].min_lr};
            clcnn_trainer *trainer = create_trainer(device, &options, &set);
            if (trainer)
                check_rate(trainer, &rates[i], harness_device_name(device));
            clcnn_trainer_destroy(trainer);
        }
    clcnn_dataset_free(&set);
}

static const struct {
    clcnn_train_options options;
    const char *message;
} bad_options[] = {
    {{.layers = SMALL_NET, .batch = -1, .lr = 0.1, .seed = 1}, "batch is -1"},
    {{.layers = SMALL_NET, .batch = 4, .lr = -0.1, .seed = 1}, "lr is -0.1"},
    {{.layers = SMALL_NET, .batch = 4, .lr = (double)NAN, .seed = 1}, "lr is "},
    {{.layers = SMALL_NET, .batch = 4, .lr = (double)INFINITY, .seed = 1}, "lr is inf"},
    {{.layers = "dense", .batch = 4, .lr = 0.1, .seed = 1}, "column 6"},
    {{.layers = "dense 2", .batch = 4, .lr = 0.1, .seed = 1},
     "images have 3 classes, the network has 2 outputs"},
#define OPTIONS .layers = SMALL_NET, .batch = 4, .lr = 0.1
    {{OPTIONS, .optimiser = (clcnn_optimiser)4}, "optimiser is 4, which is none"},
    {{OPTIONS, .init = (clcnn_init)3}, "init is 3, which is none"},
    {{OPTIONS, .momentum = -0.5}, "momentum is -0.5, must be from 0 to 1e30"},
    {{OPTIONS, .momentum = (double)INFINITY}, "momentum is inf"},
    {{OPTIONS, .optimiser = CLCNN_SGD, .nesterov = 1},
     "momentum is 0, must be above 0, for nesterov, and at most 1e30"},
    {{OPTIONS, .nesterov = 2}, "nesterov is 2, must be 0 or 1"},
    {{OPTIONS, .weight_decay = -1}, "weight_decay is -1"},
    {{OPTIONS, .max_norm = -1}, "max_norm is -1, must be 0 or a positive number"},
    {{OPTIONS, .max_norm = 1e39}, "max_norm is 1e+39"},
    {{OPTIONS, .label_smoothing = -0.1}, "label_smoothing is -0.1, must be from 0 to 1"},
    {{OPTIONS, .label_smoothing = (double)NAN}, "label_smoothing is "},
    {{OPTIONS, .schedule = (clcnn_schedule_kind)3, .schedule_epochs = 1},
     "schedule: kind 3 is not one"},
    {{OPTIONS, .schedule = (clcnn_schedule_kind)-1, .schedule_epochs = 1}, "kind -1"},
    {{OPTIONS, .warmup = -1}, "warmup is -1, must be from 0 to 1000000 epochs"},
    {{OPTIONS, .warmup = (double)NAN}, "warmup is "},
    {{OPTIONS, .warmup = 1e7}, "warmup is 1e+07"},
    {{OPTIONS, .schedule = CLCNN_SCHEDULE_COSINE},
     "schedule_epochs is 0, must be from 1 to 1000000"},
    {{OPTIONS, .schedule = CLCNN_SCHEDULE_STEP, .schedule_epochs = -3, .gamma = 0.1},
     "schedule_epochs is -3"},
    {{OPTIONS, .schedule = CLCNN_SCHEDULE_STEP, .schedule_epochs = 1000001, .gamma = 0.1},
     "schedule_epochs is 1e+06"},
    {{OPTIONS, .schedule = CLCNN_SCHEDULE_STEP, .schedule_epochs = 1, .gamma = -0.1},
     "gamma is -0.1"},
    {{OPTIONS, .schedule = CLCNN_SCHEDULE_COSINE, .schedule_epochs = 1, .min_lr = 0.2},
     "schedule: min_lr is 0.2, it must be from 0 to lr, 0.1"},
    {{OPTIONS, .schedule = CLCNN_SCHEDULE_COSINE, .schedule_epochs = 1, .min_lr = -0.1},
     "min_lr is -0.1"},
    /* nothing looks at these, but a checkpoint would have to say them */
    {{OPTIONS, .schedule_epochs = -1}, "schedule_epochs is -1, must be from 0 to 1000000"},
    {{OPTIONS, .gamma = (double)NAN}, "gamma is "},
    {{OPTIONS, .min_lr = -1}, "min_lr is -1"},
#undef OPTIONS
};

static void refuse_trainer(clcnn_ctx *ctx, const clcnn_train_options *options,
                           const clcnn_dataset *set, const char *message)
{
    clcnn_error error = {.message = ""};
    clcnn_trainer *trainer = NULL;
    CHECK(clcnn_trainer_create(ctx, options, set, &trainer, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, message) && !trainer,
          "bad trainer: \"%s\", not \"%s\"", error.message, message);
}

static void refuse_data(clcnn_ctx *ctx, const clcnn_train_options *good, const clcnn_dataset *set)
{
    clcnn_dataset none = *set, empty = *set;
    none.train.classes = 0;
    empty.train.count = 0;
    refuse_trainer(ctx, good, &none, "images have 0 classes, the network has 3 outputs");
    refuse_trainer(ctx, good, &empty, "no training images");
    const uint8_t label = set->train.labels[5];
    set->train.labels[5] = 3;
    refuse_trainer(ctx, good, set, "label 3 of image 5 is not below the 3 classes");
    set->train.labels[5] = label;
}

static void refuse_null(clcnn_ctx *ctx, const clcnn_train_options *good, const clcnn_dataset *set)
{
    clcnn_error error = {.message = ""};
    clcnn_trainer *trainer = NULL;
    CHECK(clcnn_trainer_create(ctx, NULL, set, &trainer, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "options is NULL") &&
              clcnn_trainer_create(ctx, good, NULL, &trainer, &error) == CLCNN_INVALID_ARGUMENT &&
              clcnn_trainer_create(NULL, good, set, &trainer, &error) == CLCNN_INVALID_ARGUMENT &&
              clcnn_trainer_create(ctx, good, set, NULL, &error) == CLCNN_INVALID_ARGUMENT &&
              clcnn_trainer_epoch(NULL, NULL, NULL, NULL, NULL, &error) == CLCNN_INVALID_ARGUMENT &&
              clcnn_trainer_evaluate(NULL, &set->test, NULL, NULL, &error) ==
                  CLCNN_INVALID_ARGUMENT &&
              clcnn_trainer_save(NULL, "x", &error) == CLCNN_INVALID_ARGUMENT,
          "NULL: %s", error.message);
    clcnn_trainer_destroy(NULL);
}

static void test_bad_trainers(void)
{
    const clcnn_train_options good = {.layers = SMALL_NET, .batch = 4, .lr = 0.1, .seed = 1};
    clcnn_dataset set;
    smallset_create(9, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_ctx *ctx = harness_ctx(device);
        for (size_t i = 0; i < sizeof bad_options / sizeof *bad_options; ++i)
            refuse_trainer(ctx, &bad_options[i].options, &set, bad_options[i].message);
        refuse_data(ctx, &good, &set);
        refuse_null(ctx, &good, &set);
    }
    clcnn_dataset_free(&set);
}

/* A network may have more outputs than the images have classes: nothing is ever labelled so. */
static void test_more_outputs_than_classes(void)
{
    enum { OUTPUTS = SMALL_CLASSES + 2 };
    clcnn_dataset set;
    smallset_create(21, 1, &set);
    set.test.classes = SMALL_CLASSES;
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_train_options options = {.layers = "dense 5", .batch = 4, .lr = 0.01, .seed = 7};
        clcnn_trainer *trainer = create_trainer(device, &options, &set);
        if (!trainer)
            continue;
        train_epoch(trainer, NULL, NULL);
        int64_t confusion[OUTPUTS + 1][OUTPUTS], total = 0;
        memset(confusion, 0x5a, sizeof confusion);
        const int64_t untouched = confusion[OUTPUTS][0];
        clcnn_error error = {.message = ""};
        double accuracy = -1;
        CHECK(!clcnn_trainer_evaluate(trainer, &set.test, &accuracy, confusion[0], &error), "%s",
              error.message);
        for (int i = 0; i < OUTPUTS; ++i)
            for (int j = 0; j < OUTPUTS; ++j) {
                total += confusion[i][j];
                CHECK(i < SMALL_CLASSES || confusion[i][j] == 0, "label %d does not exist", i);
            }
        CHECK(total == set.test.count && accuracy >= 0 && confusion[OUTPUTS][0] == untouched,
              "%d images, accuracy %g", (int)total, accuracy);
        clcnn_trainer_destroy(trainer);
    }
    clcnn_dataset_free(&set);
}

static void test_defaults(void)
{
    clcnn_dataset set;
    smallset_create(9, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_train_options options = {.layers = SMALL_NET};
        clcnn_trainer *trainer = create_trainer(device, &options, &set);
        if (!trainer)
            continue;
        const clcnn_train_options *own = clcnn_trainer_options(trainer);
        CHECK(own->batch == CLCNN_DEFAULT_BATCH && own->lr == CLCNN_DEFAULT_LR && own->seed == 0 &&
                  strcmp(own->layers, SMALL_NET) == 0,
              "batch %d, lr %g, net %s", own->batch, own->lr, own->layers);
        /* the batch is larger than the data set */
        CHECK(train_epoch(trainer, NULL, NULL).steps == 1, "one step");
        clcnn_images wide = set.test;
        wide.w = 6;
        clcnn_error error = {.message = ""};
        CHECK(clcnn_trainer_evaluate(trainer, &wide, NULL, NULL, &error) ==
                      CLCNN_INVALID_ARGUMENT &&
                  strstr(error.message, "images are 1 x 6 x 6, the network takes 1 x 6 x 5"),
              "%s", error.message);
        clcnn_trainer_destroy(trainer);
    }
    clcnn_dataset_free(&set);
}

/* The main job in small: LeNet-5 learns the built-in digits. */
static void test_lenet5_learns(void)
{
    if (harness_short())
        return; /* hours in a simulator; the small set above stands for it */
    clcnn_dataset set = {.name = ""};
    clcnn_error error = {.message = ""};
    if (!CHECK(clcnn_dataset_open("synthetic", &set, &error) == CLCNN_SUCCESS, "%s", error.message))
        return;
    set.train.count = set.train.count < 1600 ? set.train.count : 1600;
    set.test.count = set.test.count < 500 ? set.test.count : 500;
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_train_options options = {.seed = 1, .batch = 32, .lr = 0.003};
        clcnn_trainer *trainer = create_trainer(device, &options, &set);
        if (!trainer)
            continue;
        double accuracy = 0;
        double loss = train_epoch(trainer, NULL, NULL).loss;
        CHECK(clcnn_trainer_evaluate(trainer, &set.test, &accuracy, NULL, &error) == CLCNN_SUCCESS,
              "%s", error.message);
        CHECK(loss < 1.6 && accuracy > 0.8, "%s: loss %g, accuracy %g", harness_device_name(device),
              loss, accuracy);
        clcnn_trainer_destroy(trainer);
    }
    clcnn_dataset_free(&set);
}

int main(void)
{
    static const harness_test tests[] = {
        {"a trainer learns", test_trainer_learns},
        {"a trainer is asynchronous", test_trainer_is_asynchronous},
        {"a trainer stops and goes on", test_trainer_stops},
        {"order of the images", test_order},
        {"learning rates", test_learning_rates},
        {"bad trainers", test_bad_trainers},
        {"more outputs than classes", test_more_outputs_than_classes},
        {"defaults", test_defaults},
        {"lenet5 learns digits", test_lenet5_learns},
        {NULL, NULL},
    };
    return harness_run("trainer", tests);
}
