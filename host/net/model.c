/*
 * A saved network for inference: the checkpoint knows the network and how pixels are normalised.
 */
#include "net.h"

#include <math.h>
#include <stdlib.h>

struct clcnn_model {
    clcnn_ctx *ctx;
    clcnn_net *net;
    clcnn__feed *feed;
};

static clcnn_status set_up(clcnn_model *model, const clcnn__checkpoint *checkpoint, int batch,
                           clcnn_error *error)
{
    const clcnn_checkpoint_info *info = &checkpoint->info;
    clcnn_net_desc desc = {
        .layers = info->layers, .batch = batch, .c = info->c, .h = info->h, .w = info->w};
    clcnn_status status = clcnn_net_create(model->ctx, &desc, &model->net, error);
    if (status)
        return status;
    status = clcnn_net_write(model->net, checkpoint->arrays[0], NULL, NULL);
    if (status) {
        if (error)
            *error = *clcnn_last_error(model->ctx);
        return status;
    }
    size_t image = (size_t)info->c * (size_t)info->h * (size_t)info->w;
    clcnn__normalise normalise = {info->mean, info->deviation};
    return clcnn__feed_create(model->ctx, batch, image, normalise, &model->feed, error);
}

clcnn_status clcnn_model_load(clcnn_ctx *ctx, const char *path, int batch, clcnn_model **result,
                              clcnn_error *error)
{
    if (result)
        *result = NULL;
    if (!ctx || !path || !result)
        return CLCNN__INVALID(error, "clcnn_model_load: %s is NULL",
                              !ctx    ? "ctx"
                              : !path ? "path"
                                      : "model");
    if (batch < 0)
        return CLCNN__INVALID(error, "clcnn_model_load: batch is %d, must not be negative", batch);
    clcnn__checkpoint checkpoint;
    clcnn_status status = clcnn__checkpoint_read(path, &checkpoint, error);
    if (status)
        return status;
    clcnn_model *model = calloc(1, sizeof *model);
    if (model) {
        model->ctx = ctx;
        status = set_up(model, &checkpoint, batch ? batch : CLCNN_DEFAULT_BATCH, error);
    } else {
        status = CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no host memory for a model");
    }
    clcnn__checkpoint_free(&checkpoint);
    if (status) {
        clcnn_model_destroy(model);
        return status;
    }
    *result = model;
    return CLCNN_SUCCESS;
}

void clcnn_model_destroy(clcnn_model *model)
{
    if (!model)
        return;
    clcnn__feed_destroy(model->feed);
    clcnn_net_destroy(model->net);
    free(model);
}

clcnn_net *clcnn_model_net(clcnn_model *model)
{
    return model ? model->net : NULL;
}

clcnn_status clcnn_model_evaluate(clcnn_model *model, const clcnn_images *images, double *accuracy,
                                  int64_t *confusion, clcnn_error *error)
{
    if (!model || !images)
        return CLCNN__INVALID(error, "clcnn_model_evaluate: %s is NULL",
                              model ? "images" : "model");
    return clcnn__evaluate(model->ctx, model->net, model->feed, images, accuracy, confusion, error);
}

struct prediction {
    int classes;
    double *probabilities;
};

/* Softmax of each row, in double. */
static clcnn_status take(void *user, int first, int n, const float *logits)
{
    struct prediction *prediction = user;
    int classes = prediction->classes;
    double *out = prediction->probabilities + (size_t)first * (size_t)classes;
    for (int i = 0; i < n; ++i, logits += classes, out += classes) {
        double largest = (double)logits[0], sum = 0;
        for (int j = 1; j < classes; ++j)
            largest = fmax(largest, (double)logits[j]);
        for (int j = 0; j < classes; ++j)
            sum += out[j] = exp((double)logits[j] - largest);
        for (int j = 0; j < classes; ++j)
            out[j] /= sum;
    }
    return CLCNN_SUCCESS;
}

clcnn_status clcnn_model_predict(clcnn_model *model, int count, const uint8_t *pixels,
                                 double *probabilities, clcnn_error *error)
{
    if (!model || !pixels || !probabilities)
        return CLCNN__INVALID(error, "clcnn_model_predict: %s is NULL",
                              !model    ? "model"
                              : !pixels ? "pixels"
                                        : "probabilities");
    if (count < 0)
        return CLCNN__INVALID(error, "clcnn_model_predict: count is %d, must not be negative",
                              count);
    struct prediction prediction = {clcnn_net_classes(model->net), probabilities};
    return clcnn__infer(model->ctx, model->net, model->feed, count, pixels, take, &prediction,
                        error);
}
