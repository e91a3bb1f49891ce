/*
 * Training that begins with a saved network's weights: which tensors are taken, that frozen ones
 * stay as they were, that files which have none to offer are refused.
 */
#include "clcnn_net.h"
#include "harness.h"
#include "scratch.h"

#include <stdlib.h>
#include <string.h>

enum { COUNT = 24, PIXELS = 8 * 8, CLASSES = 3 };

static uint8_t pixels[COUNT * PIXELS], labels[COUNT];
static const clcnn_dataset set = {
    "made", {COUNT, 1, 8, 8, CLASSES, pixels, labels}, {COUNT, 1, 8, 8, CLASSES, pixels, labels}};

static const char first_net[] = "conv 4 3x3, batchnorm, relu, conv 3 3x3, flatten, dense 3";
/* The same up to layer 3, whose bias is missing; another end. */
static const char second_net[] = "conv 4 3x3 frozen, batchnorm frozen, relu, conv 3 3x3 nobias, "
                                 "flatten, dense 7, relu, dense 3";
enum { CONV1 = 4 * 9 + 4, NORM = 4 * 4, TAKEN = CONV1 + NORM + 3 * 4 * 9 };

static clcnn_trainer *create(int device, const char *layers, const char *weights, uint64_t seed,
                             clcnn_error *error)
{
    const clcnn_train_options options = {
        .layers = layers, .batch = 8, .lr = 0.01, .seed = seed, .weights = weights};
    clcnn_trainer *trainer = NULL;
    *error = (clcnn_error){.message = ""};
    clcnn_trainer_create(harness_ctx(device), &options, &set, &trainer, error);
    return trainer;
}

static float *values_of(clcnn_trainer *trainer)
{
    clcnn_net *net = clcnn_trainer_net(trainer);
    float *values = calloc(clcnn_net_values(net), sizeof *values);
    CHECK(clcnn_net_read(net, values, NULL, NULL) == CLCNN_SUCCESS, "read");
    return values;
}

static bool train(clcnn_trainer *trainer)
{
    clcnn_error error = {.message = ""};
    return CHECK(clcnn_trainer_epoch(trainer, NULL, NULL, NULL, NULL, &error) == CLCNN_SUCCESS,
                 "%s", error.message);
}

static void check_second(int device, const float *first)
{
    clcnn_error error;
    clcnn_trainer *drawn = create(device, second_net, NULL, 2, &error);
    clcnn_trainer *trainer = create(device, second_net, scratch_path("first"), 2, &error);
    if (!CHECK(drawn && trainer, "%s", error.message))
        return;
    CHECK(!clcnn_trainer_options(trainer)->weights, "weights are kept as an option");
    float *without = values_of(drawn), *before = values_of(trainer);
    const size_t count = clcnn_net_values(clcnn_trainer_net(trainer));
    /* Layer 3's weights come before its bias, so what is taken is one piece in both. */
    CHECK(memcmp(before, first, TAKEN * sizeof *first) == 0, "tensors that both have differ");
    CHECK(memcmp(before + TAKEN, without + TAKEN, (count - TAKEN) * sizeof *first) == 0,
          "tensors that one has are not as drawn");
    if (train(trainer)) {
        float *after = values_of(trainer);
        CHECK(memcmp(after, first, (CONV1 + NORM) * sizeof *first) == 0, "frozen layers change");
        CHECK(memcmp(after + CONV1 + NORM, before + CONV1 + NORM, 8 * sizeof *first) != 0,
              "layer 3 does not change");
        free(after);
    }
    free(without);
    free(before);
    clcnn_trainer_destroy(trainer);
    clcnn_trainer_destroy(drawn);
}

static void check_refusals(int device)
{
    static const char junk[] = "no checkpoint";
    scratch_write("junk", junk, sizeof junk);
    const struct {
        const char *layers, *file, *message;
    } bad[] = {{"flatten, dense 3", "first", "has no tensor of a name and shape that"},
               {first_net, "none", "none"},
               {first_net, "junk", "junk"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        clcnn_error error;
        clcnn_trainer *trainer =
            create(device, bad[i].layers, scratch_path(bad[i].file), 1, &error);
        CHECK(!trainer && strstr(error.message, bad[i].message), "\"%s\" has no \"%s\"",
              error.message, bad[i].message);
    }
}

static void test_weights(void)
{
    for (int i = 0; i < COUNT; i++) {
        labels[i] = (uint8_t)(i % CLASSES);
        for (int p = 0; p < PIXELS; p++)
            pixels[i * PIXELS + p] = (uint8_t)(31 * i + 7 * p * (i % CLASSES + 1));
    }
    for (int device = 0; device < harness_device_count(); device++) {
        clcnn_error error;
        scratch_begin();
        clcnn_trainer *trainer = create(device, first_net, NULL, 1, &error);
        if (CHECK(trainer != NULL, "%s", error.message) && train(trainer) &&
            CHECK(clcnn_trainer_save(trainer, scratch_path("first"), &error) == CLCNN_SUCCESS, "%s",
                  error.message)) {
            float *first = values_of(trainer);
            check_second(device, first);
            check_refusals(device);
            free(first);
        }
        clcnn_trainer_destroy(trainer);
        scratch_end();
    }
}

int main(void)
{
    static const harness_test tests[] = {{"weights of a saved network", test_weights},
                                         {NULL, NULL}};
    return harness_run("weights", tests);
}
