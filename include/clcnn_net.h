/*
 * clcnn_net: networks, data sets, training and checkpoints on top of clcnn.
 *
 * A network is made from one line of text, or from a preset's name:
 *
 *     conv 6 5x5 pad 2, relu, maxpool 2, conv 16 5x5, relu, maxpool 2, dense 120, relu, dense 10
 *
 * Grammar (case matters, white space is free, layers are separated by commas):
 *     net      = preset | layer { "," layer }
 *     layer    = "conv" COUNT SIZE { option } | "maxpool" SIZE { option } | "dense" COUNT
 *              | "relu" | "flatten"
 *     SIZE     = N | N "x" N                                            height x width
 *     option   = "pad" N | "pad" N "x" N | "pad" N "," N "," N "," N    all | h x w | t,l,b,r
 *              | "stride" SIZE | "dilation" SIZE | "groups" N | "nobias" (conv only)
 * The last layer's outputs are the logits of a softmax cross-entropy loss.
 *
 * All device memory of a network is planned and allocated when it is created. A training step
 * enqueues and returns; the number of steps in flight is bounded.
 */
#ifndef CLCNN_NET_H
#define CLCNN_NET_H

#include "clcnn.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------
 * Networks
 */
typedef struct clcnn_net clcnn_net;

typedef struct clcnn_net_desc {
    const char *layers; /* a preset ("lenet5") or a description */
    int batch;          /* the most images at a time, >= 1 */
    int c, h, w;        /* one input image */
    uint64_t seed;      /* of the initial weights: the same on every device */
    int training;       /* 0: no memory for gradients and optimiser state */
} clcnn_net_desc;

/** One layer as a table shows it. */
typedef struct clcnn_layer_info {
    char text[96];     /* its description, normalised: "conv 6 5x5 pad 2" */
    int c, h, w;       /* output of one image */
    size_t parameters; /* weights and biases */
} clcnn_layer_info;

/** Names of the presets with their descriptions; the list ends with name = NULL. */
typedef struct clcnn_net_preset {
    const char *name, *layers;
    int c, h, w; /* the input that it was made for */
} clcnn_net_preset;
CLCNN_API const clcnn_net_preset *clcnn_net_presets(void);

/**
 * Works out a network's layers without a device (desc->batch, seed and training are not looked
 * at). Writes at most `capacity` rows and the number that exist to *count. A description that does
 * not parse or fit the image is CLCNN_INVALID_ARGUMENT; the message points at the place.
 */
CLCNN_API clcnn_status clcnn_net_layers(const clcnn_net_desc *desc, clcnn_layer_info *layers,
                                        size_t capacity, size_t *count, clcnn_error *error);

/** Creates a network, its memory and its initial weights on the ctx's device. The ctx must outlive
 *  it. On failure *net is NULL. */
CLCNN_API clcnn_status clcnn_net_create(clcnn_ctx *ctx, const clcnn_net_desc *desc, clcnn_net **net,
                                        clcnn_error *error);
CLCNN_API void clcnn_net_destroy(clcnn_net *net);
/** The descriptor that it was made from (layers: the expanded description), owned by the net. */
CLCNN_API const clcnn_net_desc *clcnn_net_get_desc(const clcnn_net *net);
/** Number of outputs (classes), parameters, and bytes of device memory allocated. */
CLCNN_API int clcnn_net_classes(const clcnn_net *net);
CLCNN_API size_t clcnn_net_parameters(const clcnn_net *net);
CLCNN_API size_t clcnn_net_memory(const clcnn_net *net);

/** Enqueues the forward pass of n <= batch images; *logits is the net's own buffer [n,classes],
 *  valid until the next call on this net. */
CLCNN_API clcnn_status clcnn_net_forward(clcnn_net *net, int n, clcnn_mem images,
                                         clcnn_mem *logits);
/**
 * Enqueues one training step: forward, mean loss, backward, one Adam update. images [n,c,h,w]
 * float, labels [n] int32, loss [1] float are device memory of the caller's; adam's count, segments
 * and table are filled in by the net, the other fields are the caller's (step from 1).
 */
CLCNN_API clcnn_status clcnn_net_train_step(clcnn_net *net, int n, clcnn_mem images,
                                            clcnn_mem labels, clcnn_mem loss,
                                            const clcnn_adam *adam);
/** Parameters, and Adam's m and v, as one host array each of clcnn_net_parameters floats (waits
 *  for the device). m and v may be NULL, and must be without training memory. */
CLCNN_API clcnn_status clcnn_net_read(clcnn_net *net, float *param, float *m, float *v);
CLCNN_API clcnn_status clcnn_net_write(clcnn_net *net, const float *param, const float *m,
                                       const float *v);

/* ---------------------------------------------------------------------------------------------
 * Data sets
 */

/** Labelled images in host memory. */
typedef struct clcnn_images {
    int count, c, h, w, classes;
    uint8_t *pixels; /* [count,c,h,w] */
    uint8_t *labels; /* [count], each < classes */
} clcnn_images;

typedef struct clcnn_dataset {
    char name[256]; /* "fashion-mnist", "synthetic" or the folder */
    clcnn_images train, test;
} clcnn_dataset;

/**
 * Opens a data set: "fashion-mnist" (Debian's package dataset-fashion-mnist), "synthetic" (28x28
 * digits that clcnn draws itself, the same everywhere), or a folder with the four IDX files
 * (train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,
 * t10k-labels-idx1-ubyte; plain or with .gz). Damaged files: CLCNN_BAD_FILE, *set untouched.
 */
CLCNN_API clcnn_status clcnn_dataset_open(const char *name, clcnn_dataset *set, clcnn_error *error);
/** 1 when "fashion-mnist" is installed. */
CLCNN_API int clcnn_dataset_has_fashion_mnist(void);
CLCNN_API void clcnn_dataset_free(clcnn_dataset *set);
/** Reads one pair of IDX files, plain or gzip. Labels must be < classes. */
CLCNN_API clcnn_status clcnn_images_read_idx(const char *images_path, const char *labels_path,
                                             int classes, clcnn_images *images, clcnn_error *error);
CLCNN_API void clcnn_images_free(clcnn_images *images);

/* ---------------------------------------------------------------------------------------------
 * Training
 */
typedef struct clcnn_trainer clcnn_trainer;

typedef struct clcnn_train_options {
    const char *layers; /* network */
    int batch;          /* images per step */
    double lr;
    uint64_t seed; /* weights and order of the images */
} clcnn_train_options;

/** Where training stands; passed to the progress callback and returned per epoch. */
typedef struct clcnn_progress {
    int epoch;                /* from 1 */
    int step, steps;          /* in this epoch */
    double loss;              /* mean over the steps whose loss has been read back, NaN before */
    double images_per_second; /* of this epoch's training alone */
    double seconds;           /* spent on training in this epoch */
} clcnn_progress;

/** Called after each step was enqueued; a return value other than 0 stops the epoch there. */
typedef int (*clcnn_progress_fn)(const clcnn_progress *progress, void *user);

/** A trainer on a fresh network. The data set and the ctx must outlive it. */
CLCNN_API clcnn_status clcnn_trainer_create(clcnn_ctx *ctx, const clcnn_train_options *options,
                                            const clcnn_dataset *set, clcnn_trainer **trainer,
                                            clcnn_error *error);
/** A trainer that goes on where a checkpoint stands, bit for bit. The data set must be the one
 *  that the checkpoint was trained on (its sizes and checksum are compared). */
CLCNN_API clcnn_status clcnn_trainer_resume(clcnn_ctx *ctx, const char *path,
                                            const clcnn_dataset *set, clcnn_trainer **trainer,
                                            clcnn_error *error);
CLCNN_API void clcnn_trainer_destroy(clcnn_trainer *trainer);
/** The options in force (after a resume: the checkpoint's). */
CLCNN_API const clcnn_train_options *clcnn_trainer_options(const clcnn_trainer *trainer);
/** Whole epochs done so far. */
CLCNN_API int clcnn_trainer_epochs_done(const clcnn_trainer *trainer);
/**
 * Trains the rest of the current epoch. *stopped tells whether the callback ended it early (the
 * trainer can then be saved and goes on at that step). `result` is the epoch's summary.
 */
CLCNN_API clcnn_status clcnn_trainer_epoch(clcnn_trainer *trainer, clcnn_progress_fn progress,
                                           void *user, clcnn_progress *result, int *stopped,
                                           clcnn_error *error);
/** Accuracy on images, and optionally the confusion matrix [classes,classes] (row: label, column:
 *  prediction). */
CLCNN_API clcnn_status clcnn_trainer_evaluate(clcnn_trainer *trainer, const clcnn_images *images,
                                              double *accuracy, int64_t *confusion,
                                              clcnn_error *error);
/** Writes a checkpoint (safetensors). A crash at any moment leaves the old file or the new one. */
CLCNN_API clcnn_status clcnn_trainer_save(clcnn_trainer *trainer, const char *path,
                                          clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * Models: a saved network, for inference
 */
typedef struct clcnn_model clcnn_model;

/** Loads a checkpoint for inference; the file knows its network and how pixels are normalised. */
CLCNN_API clcnn_status clcnn_model_load(clcnn_ctx *ctx, const char *path, int batch,
                                        clcnn_model **model, clcnn_error *error);
CLCNN_API void clcnn_model_destroy(clcnn_model *model);
CLCNN_API clcnn_net *clcnn_model_net(clcnn_model *model);
/** Accuracy and optionally the confusion matrix, as clcnn_trainer_evaluate. */
CLCNN_API clcnn_status clcnn_model_evaluate(clcnn_model *model, const clcnn_images *images,
                                            double *accuracy, int64_t *confusion,
                                            clcnn_error *error);
/** Class probabilities [count,classes] of count images of pixels [count,c,h,w]. */
CLCNN_API clcnn_status clcnn_model_predict(clcnn_model *model, int count, const uint8_t *pixels,
                                           double *probabilities, clcnn_error *error);

#ifdef __cplusplus
}
#endif
#endif
