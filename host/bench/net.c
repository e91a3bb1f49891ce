/*
 * A network in training or inference, as a program uses it: a trainer on a data set in host memory,
 * pixels brought to the device beside the computation. One run is a whole epoch, or one pass over
 * as many images. The images are noise; how fast a network learns does not depend on them.
 */
#include "bench.h"

#include "clcnn_net.h"
#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 128, SIZE = 28, CLASSES = 10 };

typedef struct net_subject {
    bench_subject base;
    clcnn_dataset set;
    clcnn_trainer *trainer;
} net_subject;

static clcnn_status run_training(bench_subject *base, int count, clcnn_error *error)
{
    net_subject *self = (net_subject *)base;
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < count && status == CLCNN_SUCCESS; i++)
        status = clcnn_trainer_epoch(self->trainer, NULL, NULL, NULL, NULL, error);
    return status;
}

static clcnn_status run_inference(bench_subject *base, int count, clcnn_error *error)
{
    net_subject *self = (net_subject *)base;
    clcnn_status status = CLCNN_SUCCESS;
    double accuracy;
    for (int i = 0; i < count && status == CLCNN_SUCCESS; i++)
        status = clcnn_trainer_evaluate(self->trainer, &self->set.train, &accuracy, NULL, error);
    return status;
}

static void destroy(bench_subject *base)
{
    net_subject *self = (net_subject *)base;
    clcnn_trainer_destroy(self->trainer);
    clcnn_dataset_free(&self->set);
    free(self);
}

static bool make_images(clcnn_images *images, int count)
{
    const size_t pixels = (size_t)count * SIZE * SIZE;
    *images = (clcnn_images){.count = count,
                             .c = 1,
                             .h = SIZE,
                             .w = SIZE,
                             .classes = CLASSES,
                             .pixels = malloc(pixels),
                             .labels = malloc((size_t)count)};
    if (images->pixels == NULL || images->labels == NULL)
        return false;
    check_random random = {1};
    for (size_t i = 0; i < pixels; i++)
        images->pixels[i] = (uint8_t)check_random_int(&random, 0, 255);
    for (int i = 0; i < count; i++)
        images->labels[i] = (uint8_t)(i % CLASSES);
    return true;
}

clcnn_status bench_net_create(const bench_request *request, bench_subject **subject,
                              clcnn_error *error)
{
    const bool training = strcmp(request->direction, "training") == 0;
    net_subject *self = calloc(1, sizeof *self);
    *subject = NULL;
    if (self == NULL)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for a network");
    *self = (net_subject){.base = {.run = training ? run_training : run_inference,
                                   .destroy = destroy,
                                   .algo = "network"}};
    snprintf(self->set.name, sizeof self->set.name, "noise");
    clcnn_train_options options = {.layers = request->c->op, .batch = BATCH, .seed = 1};
    clcnn_status status = CLCNN_SUCCESS;
    if (request->algo != NULL || request->packed)
        status = CLCNN__FAIL(error, CLCNN_UNSUPPORTED, "a network chooses its own algorithms");
    else if (!make_images(&self->set.train, request->c->images) || !make_images(&self->set.test, 1))
        status =
            CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for %d images", request->c->images);
    if (status == CLCNN_SUCCESS)
        status = clcnn_trainer_create(request->ctx, &options, &self->set, &self->trainer, error);
    if (status == CLCNN_SUCCESS)
        *subject = &self->base;
    else
        destroy(&self->base);
    return status;
}
