/*
 * What the files of networks share.
 *
 * A network is built in three steps, each with its own type:
 *   parse.c   text         -> clcnn__layers: a list of layers with shapes and parameters (no
 * device) graph.c   layers       -> clcnn__graph: the nodes that compute something, and the buffers
 * that live between them (no device either) net.c     graph        -> clcnn_net: device memory and
 * plans, and the calls that use them
 *
 * A kind of layer is one file, layer_KIND.c, and one row in layers.c. Nothing else knows what kinds
 * there are.
 */
#ifndef CLCNN_NET_INTERNAL_H
#define CLCNN_NET_INTERNAL_H

#include "augment.h"
#include "clcnn_net.h"
#include "internal.h"

/* ---------------------------------------------------------------------------------------------
 * parse.c: reading descriptions
 */
typedef struct clcnn__parser {
    const char *text; /* the whole description */
    const char *at;   /* what has not been read yet */
    clcnn_error *error;
} clcnn__parser;

/* CLCNN_INVALID_ARGUMENT with the column and the text at `place`, then the sentence. */
clcnn_status clcnn__parse_fail(const clcnn__parser *parser, const char *place, const char *format,
                               ...) __attribute__((format(printf, 3, 4)));
/* A whole number from `least`; `what` is what the sentence calls it. */
clcnn_status clcnn__parse_number(clcnn__parser *parser, const char *what, int least, int *number);
/* N or NxN. */
clcnn_status clcnn__parse_size(clcnn__parser *parser, const char *what, int least, int size[2]);

/* Options of layers; which of them a layer takes is a set of these bits. */
enum {
    CLCNN__PAD = 1,
    CLCNN__STRIDE = 2,
    CLCNN__DILATION = 4,
    CLCNN__GROUPS = 8,
    CLCNN__NOBIAS = 16
};

typedef struct clcnn__options {
    unsigned given; /* bits of those that were there */
    int pad[4];     /* top, left, bottom, right */
    int stride[2], dilation[2], groups;
} clcnn__options;

/* Reads options up to the end of the layer; what is not given gets its default (a stride: 0). */
clcnn_status clcnn__parse_options(clcnn__parser *parser, unsigned allowed, clcnn__options *options);
/* Appends to a text of `size` bytes, cutting it where it is full. */
void clcnn__append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends the options in their shortest form; those that have their default are left out. */
void clcnn__append_options(char *text, size_t size, const clcnn__options *options);

/* ---------------------------------------------------------------------------------------------
 * layers.c: layers and their kinds
 */
typedef struct clcnn__shape {
    int c, h, w; /* one image */
} clcnn__shape;

enum { CLCNN__MAX_LAYERS = 1024, CLCNN__MAX_PARAMETERS = 2, CLCNN__DIRECTIONS = 3 };

/* One parameter tensor. */
typedef struct clcnn__parameter {
    const char *name; /* "weight", "bias" */
    int rank, shape[4];
    double low, high; /* first values are drawn uniformly from here; equal: all are that */
    size_t count;     /* product of the shape; filled in by layers.c */
    size_t arena;     /* where it begins in the net's arenas; by graph.c */
    size_t packed;    /* where it begins among all that lie one after another; by layers.c */
} clcnn__parameter;

/* One layer at work: everything that its kind needs to enqueue it. */
typedef struct clcnn__work {
    clcnn_ctx *ctx;
    int n;
    clcnn_mem x, y;   /* input and output */
    clcnn_mem dy, dx; /* gradients; dx.buf is NULL when nobody wants it */
    clcnn_mem state;  /* what forward leaves for backward; buf is NULL when there is no backward */
    clcnn_mem parameters[CLCNN__MAX_PARAMETERS], gradients[CLCNN__MAX_PARAMETERS];
    const clcnn_plan *plans[CLCNN__DIRECTIONS]; /* by clcnn_direction, with workspaces */
} clcnn__work;

/* What backward reads of forward, and what else the graph must know about a kind. */
enum {
    CLCNN__KEEP_X = 1,
    CLCNN__KEEP_Y = 2,
    CLCNN__ALIAS = 4,  /* computes nothing: the output is the input under another shape */
    CLCNN__SELECTS = 8 /* every output is one of the inputs: commutes with a ReLU's gradient */
};

/*
 * A kind of layer. `self` is the kind's own data, self_size bytes, zeroed before `parse`. After
 * `shape` it holds all it needs for a batch of one. Functions marked (NULL) may be left out.
 */
typedef struct clcnn__layer_kind {
    const char *keyword;
    size_t self_size;
    unsigned flags;
    /* Reads what follows the keyword. (NULL) */
    clcnn_status (*parse)(clcnn__parser *parser, void *self);
    /* Appends to the keyword in `text` what follows it, normalised. (NULL) */
    void (*print)(const void *self, char *text, size_t size);
    clcnn_status (*shape)(void *self, clcnn__shape in, clcnn__shape *out, clcnn_error *error);
    /* Writes at most CLCNN__MAX_PARAMETERS rows and returns how many. (NULL: none) */
    int (*parameters)(const void *self, clcnn__parameter *rows);
    /* The kind of activation that this layer is. (NULL: none) */
    clcnn_activation_kind (*activation)(const void *self);
    /* Takes in the activation that follows. (NULL: can't) */
    void (*fuse)(void *self, clcnn_activation_kind kind);
    /* Elements of `state` for one image. (NULL: 0) */
    size_t (*state)(const void *self);
    /* Chooses how to compute one direction of n images. (NULL: nothing to choose) */
    clcnn_status (*plan)(clcnn_ctx *ctx, const void *self, int n, clcnn_direction direction,
                         size_t max_workspace, clcnn_plan *plan);
    clcnn_status (*forward)(const void *self, const clcnn__work *work);
    clcnn_status (*backward)(const void *self, const clcnn__work *work);
} clcnn__layer_kind;

extern const clcnn__layer_kind clcnn__layer_conv2d, clcnn__layer_maxpool2d, clcnn__layer_dense,
    clcnn__layer_relu, clcnn__layer_flatten;

/* The kind with this keyword of `length` characters; NULL if there is none. */
const clcnn__layer_kind *clcnn__layer_find(const char *keyword, size_t length);
/* Appends the keywords of all kinds: "conv, maxpool, ..." */
void clcnn__layer_keywords(char *text, size_t size);

typedef struct clcnn__layer {
    const clcnn__layer_kind *kind;
    void *self;
    const char *place; /* where it stands in the description */
    char text[128];    /* normalised */
    clcnn__shape in, out;
    int parameter_count;
    clcnn__parameter parameters[CLCNN__MAX_PARAMETERS];
} clcnn__layer;

typedef struct clcnn__layers {
    char *text; /* the description that was read; layers point into it */
    clcnn__shape in;
    size_t count;
    clcnn__layer *rows;
    size_t parameters; /* of all layers, elements */
} clcnn__layers;

/* Reads a description (or preset) for images of this shape. On failure *layers is empty. */
clcnn_status clcnn__layers_create(const char *description, clcnn__shape in, clcnn__layers *layers,
                                  clcnn_error *error);
void clcnn__layers_destroy(clcnn__layers *layers);
/* The layers' texts with commas between; malloc'd, NULL when out of memory. */
char *clcnn__layers_text(const clcnn__layers *layers);

/* parse.c: fills layers->rows up to `self` from layers->text. */
clcnn_status clcnn__parse_layers(clcnn__layers *layers, clcnn_error *error);
/* presets.c: the preset of this name (white space around it is ignored); NULL if there is none. */
const clcnn_net_preset *clcnn__preset_find(const char *name);

/* Product of sizes >= 1; false when it is 2^31 or more. */
bool clcnn__product(const int *sizes, int rank, size_t *product);

/* ---------------------------------------------------------------------------------------------
 * memory.c: buffers that don't live at the same time share memory
 */
typedef struct clcnn__buffer {
    size_t elements;
    int first, last; /* moments at which it is first written and last used */
    size_t offset;   /* the result, in elements */
} clcnn__buffer;

/* Places the buffers in one arena of *total elements; false when out of host memory. */
bool clcnn__memory_plan(clcnn__buffer *buffers, size_t count, size_t *total);
/* Elements to which buffers and parameters are aligned: a cache line of floats. */
enum { CLCNN__ALIGN = 16 };

/* ---------------------------------------------------------------------------------------------
 * graph.c: what is computed, in which order, and what lies in memory meanwhile
 */
enum { CLCNN__NO_BUFFER = -1 };

/* One layer that computes something. Buffers are numbers in graph->buffers, or CLCNN__NO_BUFFER. */
typedef struct clcnn__node {
    clcnn__layer *layer;
    int y, dy, state;
    int workspace[2]; /* forward, backward: the larger of backward's two directions */
    /* backward begins with this activation's gradient: from y, in place on dy */
    clcnn_activation_kind activation;
} clcnn__node;

typedef struct clcnn__graph {
    size_t node_count;
    clcnn__node *nodes;
    size_t first_trained; /* the first node with parameters: backward ends there */
    int loss_workspace;   /* buffer of the loss */
    int adam_block;       /* buffer of Adam's constants */
    size_t buffer_count;
    clcnn__buffer *buffers;
    size_t parameter_arena; /* elements of an arena that holds them, aligned */
    size_t arena;           /* elements of the arena for everything else */
} clcnn__graph;

/* How every node and the loss are computed for n images. */
typedef struct clcnn__plans {
    int n; /* 0: not chosen yet */
    clcnn_plan (*nodes)[CLCNN__DIRECTIONS];
    clcnn_plan loss;
} clcnn__plans;

/* Nodes without buffers; layers must outlive the graph, and their activations may be fused. */
clcnn_status clcnn__graph_create(clcnn__layers *layers, clcnn__graph *graph, clcnn_error *error);
/* Gives every node its buffers for `batch` images, with the workspaces that the plans ask for, and
 * places them in memory. */
clcnn_status clcnn__graph_place(clcnn__graph *graph, int batch, bool training,
                                const clcnn__plans *plans, clcnn_error *error);
void clcnn__graph_destroy(clcnn__graph *graph);

/* ---------------------------------------------------------------------------------------------
 * net.c
 */

/* The layers of a net, and the first parameters of a seed, packed. */
const clcnn__layers *clcnn__net_layers(const clcnn_net *net);
void clcnn__net_draw(const clcnn__layers *layers, uint64_t seed, float *packed);

/* Streams of random numbers under one seed. The order of epoch e is stream ORDER + e, and what is
 * done to its images is stream AUGMENT + e. */
#define CLCNN__STREAM_WEIGHTS UINT64_C(1)
#define CLCNN__STREAM_ORDER (UINT64_C(1) << 32)
#define CLCNN__STREAM_AUGMENT (UINT64_C(2) << 32)

/* ---------------------------------------------------------------------------------------------
 * feed.c: images on their way to the device
 */
enum { CLCNN__SLOTS = 4 }; /* batches that may be on their way at a time */

typedef struct clcnn__normalise {
    double mean, deviation; /* of the pixels, as fractions of 255 */
} clcnn__normalise;

/* Exact mean and deviation of the pixels (integer sums); a deviation of 0 becomes 1. */
clcnn__normalise clcnn__normalise_of(const clcnn_images *images);

typedef struct clcnn__feed clcnn__feed;
clcnn_status clcnn__feed_create(clcnn_ctx *ctx, int batch, size_t pixels_per_image,
                                clcnn__normalise normalise, clcnn__feed **feed, clcnn_error *error);
/* Waits for what is on its way. NULL is fine. */
void clcnn__feed_destroy(clcnn__feed *feed);
/* Some images of a data set, on their way to the device. */
typedef struct clcnn__batch {
    int n;
    const uint8_t *pixels;         /* of the data set, from its image 0 */
    const uint8_t *labels;         /* of the data set; NULL: none are sent */
    const uint32_t *order;         /* [n]: numbers in the data set; NULL: the first n */
    const clcnn__augment *augment; /* moves and mirrors; NULL: as they are */
} clcnn__batch;

/*
 * Sends a batch. Waits only while CLCNN__SLOTS batches are on their way. The two tensors are valid
 * until the next send's work is enqueued.
 */
clcnn_status clcnn__feed_send(clcnn__feed *feed, const clcnn__batch *batch, clcnn_mem *images,
                              clcnn_mem *label_mem, clcnn_error *error);

/* Runs count images through the net and hands the logits of each batch to `take`, in order. */
typedef clcnn_status (*clcnn__take_fn)(void *user, int first, int n, const float *logits);
clcnn_status clcnn__infer(clcnn_ctx *ctx, clcnn_net *net, clcnn__feed *feed, int count,
                          const uint8_t *pixels, clcnn__take_fn take, void *user,
                          clcnn_error *error);
/* evaluate.c: accuracy and confusion matrix; see clcnn_trainer_evaluate. */
clcnn_status clcnn__evaluate(clcnn_ctx *ctx, clcnn_net *net, clcnn__feed *feed,
                             const clcnn_images *images, double *accuracy, int64_t *confusion,
                             clcnn_error *error);
/* Are these images for this net, which may have more classes? `what` starts the sentence. */
clcnn_status clcnn__check_images(const clcnn_net *net, const clcnn_images *images, const char *what,
                                 clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * checkpoint.c
 */

/* A checkpoint in host memory. */
typedef struct clcnn__checkpoint {
    clcnn_checkpoint_info info;
    double loss_sum;  /* over the images of this epoch's steps; any value */
    float *arrays[3]; /* parameters, Adam's m and v, packed as in clcnn_net_read */
} clcnn__checkpoint;

/* Strict: a file that is not a whole checkpoint of one of our networks is CLCNN_BAD_FILE. */
clcnn_status clcnn__checkpoint_read(const char *path, clcnn__checkpoint *checkpoint,
                                    clcnn_error *error);
clcnn_status clcnn__checkpoint_write(const char *path, const clcnn__checkpoint *checkpoint,
                                     clcnn_error *error);
void clcnn__checkpoint_free(clcnn__checkpoint *checkpoint);

#endif
