/*
 * clcnn_net: networks, data sets, training and checkpoints on top of clcnn.
 *
 * A network is made from one line of text, or from a preset's name:
 *
 *     conv 6 5x5 pad 2, relu, maxpool 2, conv 16 5x5, relu, maxpool 2, dense 120, relu, dense 10
 *
 * Grammar (case matters, white space is free, layers are separated by commas):
 *     net      = preset | layer { "," layer }
 *     layer    = kind [ "frozen" ] [ "from" NAME ] [ "as" NAME ]
 *     kind     = "conv" N SIZE { option }       N filters; pad, stride, dilation, groups, nobias,
 *                                               dot_only
 *              | "dense" N [ "nobias" ]         N outputs; takes images of any shape as rows
 *              | "maxpool" SIZE { option }      pad, stride, dilation, ceil
 *              | "avgpool" SIZE { option }      pad, stride, ceil, count_pad
 *              | "globalavgpool" | "globalmaxpool"
 *              | "batchnorm" { option }         eps, momentum, biased
 *              | "layernorm" { option }         eps; over all of an image, as one row
 *              | "dropout" REAL                 the probability that an element becomes 0
 *              | "relu" | "leaky_relu" [REAL] | "elu" [REAL] | "sigmoid" | "tanh" | "silu"
 *              | "gelu" | "gelu_tanh"           alpha: 0.01 and 1 unless given
 *              | "add" NAME                     the sum of the input and the output of NAME
 *              | "flatten"                      [c,h,w] to [c*h*w,1,1]; says so, computes nothing
 *     SIZE     = N | N "x" N                    height x width
 *     option   = "pad" PAD                      default 0
 *              | "stride" SIZE                  default 1; of pooling, its window
 *              | "dilation" SIZE                default 1
 *              | "groups" N                     default 1
 *              | "nobias" | "ceil"              ceil: see clcnn_maxpool2d
 *              | "dot_only"                     no Winograd: see clcnn_conv2d
 *              | "count_pad"                    the mean takes the padding's zeros in
 *              | "eps" REAL | "momentum" REAL   default 1e-5 and 0.1
 *              | "biased"                       the running variance divides by M, not M - 1
 *     PAD      = N | N "x" N | N "," N "," N "," N     all sides | height x width | t,l,b,r
 *     N        = a whole number: at least 1, or 0 after "pad"; at most 1048576
 *     REAL     = a number such as 0.5 or 1e-5
 *     NAME     = a small letter, then small letters, digits and underscores; at most 31
 * Each option may be given once. A layer takes the output of the one before it, or of the one that
 * "from" names; "as" gives it a name for later layers. So a residual block reads
 *
 *     relu as a, conv 16 3x3 pad 1, batchnorm, relu, conv 16 3x3 pad 1, batchnorm, add a, relu
 *
 * Every output but the last layer's must be used. Training leaves the parameters of a "frozen"
 * layer, and its running statistics, as they are; a frozen batchnorm normalises with these. A
 * network has at most 1024 layers. The last layer's outputs are the logits of a softmax
 * cross-entropy loss. Layers are numbered from 0, all of them, as in PyTorch's Sequential; the
 * parameters of layer 3 are called 3.weight and 3.bias, its statistics 3.running_mean and
 * 3.running_var.
 *
 * All device memory of a network is planned and allocated when it is created. A training step
 * enqueues and returns, however many are in flight; a trainer alone bounds their number, by waiting
 * before it sends more images than that.
 *
 * Nets, trainers and models use their ctx's queue, and so belong to the ctx's thread. Calls without
 * an `error` leave the sentence in clcnn_last_error of the ctx. `error` may always be NULL. Where a
 * call that creates something fails, the pointer is set to NULL.
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

/**
 * The first weights of conv and dense layers, uniform in [-limit, limit]; fan_in and fan_out are
 * the inputs of an output and the outputs of an input: c/groups*r*s and k/groups*r*s, or c and k.
 * Weights of normalisation begin as 1, their biases as 0.
 */
typedef enum clcnn_init {
    CLCNN_INIT_DEFAULT, /* limit 1/sqrt(fan_in), for biases too: PyTorch's default */
    CLCNN_INIT_HE,      /* limit sqrt(6/fan_in), biases 0: He and others, 2015 */
    CLCNN_INIT_GLOROT   /* limit sqrt(6/(fan_in + fan_out)), biases 0: Glorot and Bengio, 2010 */
} clcnn_init;

typedef struct clcnn_net_desc {
    const char *layers; /* a preset ("lenet5") or a description; NULL: "lenet5" */
    int batch;          /* the most images at a time, >= 1 */
    int c, h, w;        /* one input image */
    uint64_t seed;      /* of the first weights: the same on every device */
    int training;       /* 0: no memory for gradients and optimiser state. With either there is some
                         * for the weights as inference takes them, folded and packed */
    clcnn_init init;    /* how the first weights are drawn */
} clcnn_net_desc;

/** One layer as a table shows it. */
typedef struct clcnn_layer_info {
    char text[256];    /* its description, normalised: "conv 6 5x5 pad 2" */
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

/** What a network takes of memory, in bytes. Buffers that don't live at the same time share it. */
typedef struct clcnn_net_usage {
    size_t outputs;   /* of every layer that computes something, each on its own */
    size_t gradients; /* with respect to these outputs, each on its own */
    size_t largest;   /* the largest of these outputs */
    size_t inference; /* the peak of outputs in inference, without workspaces */
    size_t training;  /* the peak in training: outputs, gradients, and what backward needs of
                         forward beside outputs; without workspaces */
} clcnn_net_usage;

/** Works out the memory plan of desc->batch images without a device. */
CLCNN_API clcnn_status clcnn_net_plan_memory(const clcnn_net_desc *desc, clcnn_net_usage *usage,
                                             clcnn_error *error);

/** Creates a network, its memory and its initial weights on the ctx's device. The ctx must outlive
 *  it. On failure *net is NULL. */
CLCNN_API clcnn_status clcnn_net_create(clcnn_ctx *ctx, const clcnn_net_desc *desc, clcnn_net **net,
                                        clcnn_error *error);
CLCNN_API void clcnn_net_destroy(clcnn_net *net);
/** The descriptor that it was made from (layers: the full description, normalised), owned by the
 *  net. */
CLCNN_API const clcnn_net_desc *clcnn_net_get_desc(const clcnn_net *net);
/** Number of outputs (classes); of parameters (weights and biases); of values (parameters and
 *  running statistics); and bytes of device memory allocated. */
CLCNN_API int clcnn_net_classes(const clcnn_net *net);
CLCNN_API size_t clcnn_net_parameters(const clcnn_net *net);
CLCNN_API size_t clcnn_net_values(const clcnn_net *net);
CLCNN_API size_t clcnn_net_memory(const clcnn_net *net);

/** Enqueues the forward pass of n <= batch images [n,c,h,w] in inference mode: batch-norm takes its
 *  running statistics, dropout passes everything. A batch-norm behind a convolution or dense layer
 *  is folded into its weights, which are packed once and again only when they have changed.
 *  *logits is the net's own buffer [n,classes], valid until the next call on this net. */
CLCNN_API clcnn_status clcnn_net_forward(clcnn_net *net, int n, clcnn_mem images,
                                         clcnn_mem *logits);

/** X(constant, name): the optimisers, see clcnn_adam, clcnn_sgd and clcnn_rmsprop. */
#define CLCNN_OPTIMISER_MAP(X)                                                                     \
    X(CLCNN_ADAM, "adam")                                                                          \
    X(CLCNN_ADAMW, "adamw")                                                                        \
    X(CLCNN_SGD, "sgd")                                                                            \
    X(CLCNN_RMSPROP, "rmsprop")

typedef enum clcnn_optimiser {
#define CLCNN_OPTIMISER_ENUM(constant, name) constant,
    CLCNN_OPTIMISER_MAP(CLCNN_OPTIMISER_ENUM)
#undef CLCNN_OPTIMISER_ENUM
} clcnn_optimiser;

/** How one step changes the parameters. An optimiser looks at its own fields alone. */
typedef struct clcnn_net_step {
    clcnn_optimiser optimiser;
    double lr;
    double beta1, beta2;    /* adam, adamw */
    double eps;             /* adam, adamw, rmsprop; 0: 1e-8 */
    double momentum;        /* sgd */
    int nesterov;           /* sgd */
    double alpha;           /* rmsprop */
    double weight_decay;    /* of the weights of conv and dense layers, not of biases nor of
                               normalisation; for all but adamw it is L2 regularisation, the
                               gradient of weight_decay/2 * sum of w^2 */
    double max_norm;        /* clips the norm of the whole gradient; 0: no clipping */
    double label_smoothing; /* of the loss */
    int64_t step;           /* from 1 */
    uint64_t seed;          /* of dropout: its masks depend on seed, step and layer alone */
} clcnn_net_step;

/**
 * Enqueues one training step: forward in training mode, mean loss, backward, one update. images
 * [n,c,h,w] float, labels [n] int32, loss [1] float (without the term of weight_decay) are device
 * memory of the caller's; the loss may overlap neither of the others, and none of them the net's
 * own memory. All arguments are checked before anything is enqueued.
 */
CLCNN_API clcnn_status clcnn_net_train_step(clcnn_net *net, int n, clcnn_mem images,
                                            clcnn_mem labels, clcnn_mem loss,
                                            const clcnn_net_step *step);
/**
 * The reference of a training step's gradient: double throughout, on the host, layer by layer in
 * plain loops. For desc->batch images in training mode; values as in clcnn_net_read, of `step` its
 * label_smoothing, and seed and step for dropout. gradient: as values, 0 where nothing is trained.
 * loss and gradient may be NULL. Weight decay and clipping belong to the update, and have no part.
 */
CLCNN_API clcnn_status clcnn_ref_net_gradient(const clcnn_net_desc *desc, const float *values,
                                              const float *images, const int32_t *labels,
                                              const clcnn_net_step *step, double *loss,
                                              double *gradient, clcnn_error *error);

/** One parameter tensor in a gradient check. */
typedef struct clcnn_gradcheck_row {
    char name[64];            /* "3.weight" */
    size_t count, checked;    /* its elements, and how many of them were checked */
    double error;             /* the largest |numeric - analytic|, in units of the largest of both,
                                 of the tensor's root mean square, and of a size beside which the
                                 loss's rounding is far below the limit */
    size_t worst;             /* the element that has it */
    double analytic, numeric; /* there */
} clcnn_gradcheck_row;

/** Called for each tensor, in the order of the layers. */
typedef void (*clcnn_gradcheck_fn)(const clcnn_gradcheck_row *row, void *user);

/** A row's error below this is no fault. */
#define CLCNN_GRADCHECK_LIMIT 1e-5

/**
 * Holds the reference's gradient of a network, on desc->batch random images, against central
 * differences of its loss, at `samples` random elements of each parameter tensor (all, if it has no
 * more). In double, without a device. Each sample takes two to six forward passes in plain loops.
 */
CLCNN_API clcnn_status clcnn_net_gradcheck(const clcnn_net_desc *desc, int samples,
                                           clcnn_gradcheck_fn report, void *user,
                                           clcnn_error *error);

/**
 * Values, and the optimiser's two state arrays (Adam's m and v; SGD's velocity and nothing;
 * nothing and RMSProp's square average), as one host array each of clcnn_net_values floats (waits
 * for the device): layer by layer the weights [k,c/groups,r,s] or [k,c], the biases [k], the
 * running statistics. state_0 and state_1 may be NULL, and must be without training memory.
 */
CLCNN_API clcnn_status clcnn_net_read(clcnn_net *net, float *values, float *state_0,
                                      float *state_1);
CLCNN_API clcnn_status clcnn_net_write(clcnn_net *net, const float *values, const float *state_0,
                                       const float *state_1);

/* ---------------------------------------------------------------------------------------------
 * Data sets
 */

/** Labelled images in host memory. */
typedef struct clcnn_images {
    int count, c, h, w;
    int classes;     /* a network for them needs at least as many outputs */
    uint8_t *pixels; /* [count,c,h,w] */
    uint8_t *labels; /* [count], each < classes */
} clcnn_images;

typedef struct clcnn_dataset {
    char name[256]; /* "fashion-mnist", "synthetic" or the folder */
    clcnn_images train, test;
} clcnn_dataset;

/**
 * Opens a data set: "fashion-mnist" (Debian's package dataset-fashion-mnist), "synthetic" (28x28
 * digits that clcnn draws itself, the same everywhere), or a folder with the files of one set,
 * plain or with .gz behind their names:
 * - IDX, as MNIST: train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and
 *   t10k-labels-idx1-ubyte. There are as many classes as the labels use, for training or for
 *   testing, and at least 2.
 * - CIFAR-10's binaries: data_batch_1.bin to data_batch_5.bin and test_batch.bin, right there or in
 *   cifar-10-batches-bin, the folder that their archive unpacks to.
 * Files that are damaged, missing or of two sets: CLCNN_BAD_FILE, *set untouched.
 */
CLCNN_API clcnn_status clcnn_dataset_open(const char *name, clcnn_dataset *set, clcnn_error *error);
/** 1 when "fashion-mnist" is installed. */
CLCNN_API int clcnn_dataset_has_fashion_mnist(void);
CLCNN_API void clcnn_dataset_free(clcnn_dataset *set);
/** Reads one pair of IDX files, plain or gzip. Labels must be < classes. */
CLCNN_API clcnn_status clcnn_images_read_idx(const char *images_path, const char *labels_path,
                                             int classes, clcnn_images *images, clcnn_error *error);
/** Reads CIFAR-10's binary files (each some records of a label and 3x32x32 pixels), plain or gzip,
 *  one behind the other. A file has 1 to 65536 records. On failure *images is untouched. */
CLCNN_API clcnn_status clcnn_images_read_cifar10(const char *const *paths, int count,
                                                 clcnn_images *images, clcnn_error *error);
CLCNN_API void clcnn_images_free(clcnn_images *images);

/* ---------------------------------------------------------------------------------------------
 * Training
 */
typedef struct clcnn_trainer clcnn_trainer;

/**
 * How to train. The learning rate of a step is clcnn_schedule's, whose steps are here given in
 * epochs, and depends on the step's number alone.
 */
typedef struct clcnn_train_options {
    const char *layers; /* network; NULL: "lenet5" */
    int batch;          /* images per step; 0: 128. The last step of an epoch takes what is left */
    double lr;          /* 0: CLCNN_DEFAULT_LR */
    uint64_t seed;      /* weights, order of the images, shifts and flips, dropout */
    clcnn_optimiser optimiser; /* Adam with beta 0.9 and 0.999; RMSProp with alpha 0.99 */
    double momentum;           /* of sgd */
    int nesterov;              /* of sgd */
    double weight_decay;       /* as in clcnn_net_step */
    double max_norm;           /* as in clcnn_net_step; 0: no clipping */
    double label_smoothing;    /* 0 to 1 */
    clcnn_schedule_kind schedule;
    double warmup;       /* epochs in which the learning rate grows to lr */
    int schedule_epochs; /* cosine: from the first to where min_lr is reached; step: from one fall
                            to the next; constant does not look at it */
    double gamma;        /* step: what each fall multiplies lr by */
    double min_lr;       /* cosine: the last learning rate, 0 to lr */
    clcnn_init init;     /* of the first weights */
    int shift; /* moves each training image by -shift to shift pixels, down and to the right, anew
                  in every epoch; what becomes free is black (pixel value 0). At most one less than
                  the smaller of height and width; 0: not at all */
    int flip;  /* 1: mirrors each training image left to right in half of the epochs, at random */
    const char *weights; /* a checkpoint whose tensors, where the network has them by the same name
                            and shape, are the first values; NULL: all are drawn. Not kept: after a
                            resume it is NULL */
} clcnn_train_options;

#define CLCNN_DEFAULT_BATCH 128
#define CLCNN_DEFAULT_LR 0.001
/** How many epochs bring the defaults above to what they can do on 28x28 images. */
#define CLCNN_DEFAULT_EPOCHS 12

/** Where training stands; passed to the progress callback and returned per epoch. */
typedef struct clcnn_progress {
    int epoch;                /* from 1 */
    int step, steps;          /* in this epoch */
    double loss;              /* mean over this epoch's images whose loss has been read back so
                                 far, NaN before the first */
    double images_per_second; /* of this call's training alone */
    double seconds;           /* spent on training in this call */
} clcnn_progress;

/** Called after each step was enqueued; a return value other than 0 stops the epoch there. */
typedef int (*clcnn_progress_fn)(const clcnn_progress *progress, void *user);

/** A trainer on a fresh network. The data set and the ctx must outlive it. Each kind of step is run
 *  once and taken back, so that kernels are built here and not in the first epoch: this may take
 *  seconds. */
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
/** The network in training; owned by the trainer. */
CLCNN_API clcnn_net *clcnn_trainer_net(clcnn_trainer *trainer);
/** Whole epochs done so far. */
CLCNN_API int clcnn_trainer_epochs_done(const clcnn_trainer *trainer);
/**
 * Trains the rest of the current epoch and waits for it. *stopped tells whether the callback asked
 * to stop: the trainer can then be saved, and goes on at the next step (of the next epoch when it
 * was the last one). `result` is the epoch's summary. progress, result and stopped may be NULL.
 */
CLCNN_API clcnn_status clcnn_trainer_epoch(clcnn_trainer *trainer, clcnn_progress_fn progress,
                                           void *user, clcnn_progress *result, int *stopped,
                                           clcnn_error *error);
/** Accuracy on images, and optionally the confusion matrix [classes,classes] with the network's
 *  classes (row: label, column: prediction). The images may have fewer classes, not more. */
CLCNN_API clcnn_status clcnn_trainer_evaluate(clcnn_trainer *trainer, const clcnn_images *images,
                                              double *accuracy, int64_t *confusion,
                                              clcnn_error *error);
/**
 * Writes a checkpoint (safetensors). A crash at any moment leaves the old file or the new one.
 * Weights that are no longer finite are not written: CLCNN_INVALID_ARGUMENT.
 */
CLCNN_API clcnn_status clcnn_trainer_save(clcnn_trainer *trainer, const char *path,
                                          clcnn_error *error);

/** What a checkpoint says of itself. */
typedef struct clcnn_checkpoint_info {
    char *layers; /* of the network; malloc'd, freed by clcnn_checkpoint_info_free */
    int c, h, w, classes;
    clcnn_train_options options; /* options.layers is `layers` */
    int epochs_done;
    int step;            /* steps done in the epoch after those */
    int64_t steps_total; /* since training began */
    char data[256];      /* the data set's name */
    int train_count, test_count;
    uint32_t data_checksum; /* of the training images and labels */
    double mean, deviation; /* of the training pixels, as fractions of 255 */
} clcnn_checkpoint_info;

/** Reads what a checkpoint says of itself; the tensors are checked as well. *info is untouched on
 *  failure. */
CLCNN_API clcnn_status clcnn_checkpoint_read_info(const char *path, clcnn_checkpoint_info *info,
                                                  clcnn_error *error);
/** Frees what is inside. A zeroed info and NULL are fine. */
CLCNN_API void clcnn_checkpoint_info_free(clcnn_checkpoint_info *info);

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
/** Class probabilities [count,classes] of count images of pixels [count,c,h,w]; count may be any.
 */
CLCNN_API clcnn_status clcnn_model_predict(clcnn_model *model, int count, const uint8_t *pixels,
                                           double *probabilities, clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * Weights from elsewhere
 */

/** What a file of weights does not say of its network. */
typedef struct clcnn_import_desc {
    const char *layers;     /* network; NULL: "lenet5" */
    int c, h, w;            /* one input image */
    double mean, deviation; /* an image's pixels come to the network as (pixel / 255 - mean) /
                               deviation, in every channel; 0 to 1. A deviation of 0 is 1, so that
                               zeros mean: pixel / 255 */
} clcnn_import_desc;

/** Called for each tensor that found its place: "features.0.weight", "0.weight". */
typedef void (*clcnn_import_fn)(const char *tensor, const char *parameter, void *user);

/**
 * Makes a checkpoint of weights that PyTorch trained: `path` is its state_dict as safetensors,
 * float32, and `out` what clcnn_model_load then takes. Tensors whose names are equal up to the last
 * dot make a module. Each layer with parameters takes the next module of its kind (convolution,
 * dense, normalisation), whose tensors are called as our parameters are. Modules come in the order
 * of the file; where their names ascend there, as in files of Python's package safetensors, by
 * names, numbers in them compared as numbers. Every shape must be equal, nothing may be left over
 * but num_batches_tracked; else CLCNN_BAD_FILE names the first tensor that does not fit. `placed`
 * may be NULL. On failure `out` is what it was.
 */
CLCNN_API clcnn_status clcnn_import(const char *path, const clcnn_import_desc *desc,
                                    const char *out, clcnn_import_fn placed, void *user,
                                    clcnn_error *error);

#ifdef __cplusplus
}
#endif
#endif
