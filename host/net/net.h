/*
 * What the files of networks share.
 *
 * A network is built in three steps, each with its own type:
 *   parse.c, layers.c   text    -> clcnn__layers: layers with shapes and parameters (no device)
 *   graph.c, memory.c   layers  -> clcnn__graph: the nodes that compute something, and the buffers
 *                                  that live between them (no device either)
 *   net.c, step.c       graph   -> clcnn_net: device memory and plans, and the calls that use them
 *
 * A kind of layer is one file, layer_KIND.c, and one row in layers.c. Nothing else knows what kinds
 * there are, but for gradcheck.c, which knows the reference of each operation.
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
/* A number such as 0, 0.5 or 1e-5, from `least` to `most`. */
clcnn_status clcnn__parse_real(clcnn__parser *parser, const char *what, double least, double most,
                               double *number);
/* N or NxN. */
clcnn_status clcnn__parse_size(clcnn__parser *parser, const char *what, int least, int size[2]);

/* Options of layers; which of them a layer takes is a set of these bits. */
enum {
    CLCNN__PAD = 1,
    CLCNN__STRIDE = 2,
    CLCNN__DILATION = 4,
    CLCNN__GROUPS = 8,
    CLCNN__NOBIAS = 16,
    CLCNN__CEIL = 32,
    CLCNN__EPS = 64,
    CLCNN__MOMENTUM = 128,
    CLCNN__BIASED = 256,
    CLCNN__COUNT_PAD = 512,
    CLCNN__DOT_ONLY = 1024
};

typedef struct clcnn__options {
    unsigned given; /* bits of those that were there */
    int pad[4];     /* top, left, bottom, right */
    int stride[2], dilation[2], groups;
    double eps, momentum; /* 1e-5, 0.1 */
} clcnn__options;

/* Reads options up to the end of the layer; what is not given gets its default (a stride: 0). */
clcnn_status clcnn__parse_options(clcnn__parser *parser, unsigned allowed, clcnn__options *options);
/* Appends to a text of `size` bytes, cutting it where it is full. */
void clcnn__append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends a number with as few digits as bring the same double back, under any locale. */
void clcnn__append_real(char *text, size_t size, double number);
/* Appends the options in their shortest form; those that have their default are left out. */
void clcnn__append_options(char *text, size_t size, const clcnn__options *options);

/* ---------------------------------------------------------------------------------------------
 * layers.c: layers and their kinds
 */
typedef struct clcnn__shape {
    int c, h, w; /* one image */
} clcnn__shape;

enum {
    CLCNN__MAX_LAYERS = 1024,
    CLCNN__MAX_PARAMETERS = 4, /* of one layer */
    CLCNN__MAX_INPUTS = 2,
    CLCNN__DIRECTIONS = 3,
    CLCNN__IMAGES = -1 /* as a layer's or a node's input: the images */
};

/* One parameter tensor, or a running statistic, which is kept like one but not trained. */
typedef struct clcnn__parameter {
    const char *name; /* PyTorch's: "weight", "bias", "running_mean" ... */
    int rank, shape[4];
    bool statistic;
    bool decays;         /* weight decay is for it */
    int fan_in, fan_out; /* drawn at random from a distribution made of these; 0: not drawn, */
    float value;         /* but all begin as this */
    size_t count;        /* product of the shape; filled in by layers.c */
    size_t arena;        /* where it begins in the net's arenas; by graph.c */
    size_t packed;       /* where it begins among all that lie one after another; by layers.c */
} clcnn__parameter;

/* An activation, as layers that can compute it along take it in. */
typedef struct clcnn__activation {
    clcnn_activation_kind kind;
    double alpha;
} clcnn__activation;

/* One layer at work: everything that its kind needs to enqueue it. */
typedef struct clcnn__work {
    clcnn_ctx *ctx;
    int n;
    bool inference; /* statistics as they are, nothing dropped */
    clcnn_mem x[CLCNN__MAX_INPUTS], y;
    clcnn_mem dy, dx; /* gradients; dx.buf is NULL when nobody wants it */
    bool accumulate;  /* add to dx; only kinds with CLCNN__ACCUMULATES are asked to */
    /* Take dx through the activation whose result x[0] is; only kinds with CLCNN__TAKES_SLOPE are
     * asked to. (NULL: none) */
    const clcnn__activation *before;
    clcnn_mem state; /* what forward leaves for backward; buf is NULL when there is no backward */
    clcnn_mem block; /* dropout's seed and step */
    clcnn_mem parameters[CLCNN__MAX_PARAMETERS];
    clcnn_mem gradients[CLCNN__MAX_PARAMETERS]; /* buf is NULL where it is not trained */
    const clcnn_plan *plans[CLCNN__DIRECTIONS]; /* by clcnn_direction, with workspaces */
    const clcnn__activation *activation;        /* instead of the layer's own; NULL: that */
} clcnn__work;

/* work->before as the library has it. */
static inline clcnn_before clcnn__before_of(const clcnn__work *work)
{
    return work->before ? (clcnn_before){work->before->kind, work->before->alpha}
                        : (clcnn_before){CLCNN_IDENTITY, 0};
}

/* What backward reads of forward, and what else the graph must know about a kind. */
enum {
    CLCNN__KEEP_X = 1,
    CLCNN__KEEP_Y = 2,
    CLCNN__ALIAS = 4,        /* computes nothing: the output is the input under another shape */
    CLCNN__SELECTS = 8,      /* every output is an input: commutes with a ReLU's gradient */
    CLCNN__IN_PLACE_OK = 16, /* y may be x, and dx may be dy */
    CLCNN__ACCUMULATES = 32, /* backward can add to dx */
    CLCNN__SUM = 64,         /* of two inputs; what its backward is, the graph knows */
    CLCNN__DROPS = 128,      /* needs the dropout block */
    CLCNN__OWN_SLOPE = 256,  /* backward goes through the activation that was taken in */
    CLCNN__TAKES_SLOPE = 512 /* backward can take dx through the activation before */
};

/* A layer as the library's operation: its descriptor for n images. */
typedef enum clcnn__operation_kind {
    CLCNN__OP_CONV2D,
    CLCNN__OP_DENSE,
    CLCNN__OP_MAXPOOL2D,
    CLCNN__OP_AVGPOOL2D,
    CLCNN__OP_ADAPTIVE_AVGPOOL2D,
    CLCNN__OP_BATCHNORM,
    CLCNN__OP_LAYERNORM,
    CLCNN__OP_ACTIVATION,
    CLCNN__OP_DROPOUT,
    CLCNN__OP_ADD,
    CLCNN__OP_NONE /* flatten */
} clcnn__operation_kind;

typedef struct clcnn__operation {
    clcnn__operation_kind kind;
    union {
        clcnn_conv2d conv2d;
        clcnn_dense dense;
        clcnn_maxpool2d maxpool2d;
        clcnn_avgpool2d avgpool2d;
        clcnn_adaptive_avgpool2d adaptive_avgpool2d;
        clcnn_batchnorm batchnorm;
        clcnn_layernorm layernorm;
        clcnn_activation activation;
        clcnn_dropout dropout;
        clcnn_add add;
    } d;
} clcnn__operation;

/*
 * A kind of layer. `self` is the kind's own data, self_size bytes, zeroed before `parse`. After
 * `shape` it holds all it needs for a batch of one. Functions marked (NULL) may be left out.
 */
typedef struct clcnn__layer_kind {
    const char *keyword;
    size_t self_size;
    unsigned flags;
    int inputs; /* 0: 1 */
    /* Reads what follows the keyword. (NULL) */
    clcnn_status (*parse)(clcnn__parser *parser, void *self);
    /* Appends to the keyword in `text` what follows it, normalised. (NULL) */
    void (*print)(const void *self, char *text, size_t size);
    /* `in`: one shape for each input. */
    clcnn_status (*shape)(void *self, const clcnn__shape *in, clcnn__shape *out,
                          clcnn_error *error);
    /* Writes at most CLCNN__MAX_PARAMETERS rows and returns how many. (NULL: none) */
    int (*parameters)(const void *self, clcnn__parameter *rows);
    void (*operation)(const void *self, int n, clcnn__operation *operation);
    /* The activation that this layer is. (NULL: none) */
    clcnn__activation (*activation)(const void *self);
    /* Takes in the activation that follows; false: not this one. (NULL: none) */
    bool (*fuse)(void *self, clcnn__activation activation);
    /* A number that is different for each layer of a net. (NULL: not wanted) */
    void (*number)(void *self, uint32_t number);
    /* The layer's parameters don't change: statistics hold as well. (NULL: no difference) */
    void (*freeze)(void *self);
    /* Elements of `state` for n images. (NULL: 0) */
    size_t (*state)(const void *self, int n);
    /* Chooses how to compute one direction of n images. (NULL: nothing to choose) */
    clcnn_status (*plan)(clcnn_ctx *ctx, const void *self, int n, clcnn_direction direction,
                         size_t max_workspace, clcnn_plan *plan);
    clcnn_status (*forward)(const void *self, const clcnn__work *work);
    clcnn_status (*backward)(const void *self, const clcnn__work *work);
    /* Packs the first parameter for plans[CLCNN_FORWARD], into its `packed`. With it a kind has
     * weights: parameters 0 and 1 are they and the bias, and a norm behind it may be folded into
     * them. (NULL) */
    clcnn_status (*pack)(const void *self, const clcnn__work *work);
    /* Multiplies what the norm does in inference into the weights before it, `filter` of them for
     * each channel. (NULL: it is no such norm) */
    clcnn_status (*fold)(const void *self, const clcnn__work *work, int filter, clcnn_mem w,
                         clcnn_mem b, clcnn_mem folded_w, clcnn_mem folded_b);
} clcnn__layer_kind;

extern const clcnn__layer_kind clcnn__layer_conv2d, clcnn__layer_dense, clcnn__layer_maxpool2d,
    clcnn__layer_globalmaxpool2d, clcnn__layer_avgpool2d, clcnn__layer_globalavgpool2d,
    clcnn__layer_batchnorm, clcnn__layer_layernorm, clcnn__layer_dropout, clcnn__layer_add,
    clcnn__layer_flatten, clcnn__layer_relu, clcnn__layer_leaky_relu, clcnn__layer_elu,
    clcnn__layer_sigmoid, clcnn__layer_tanh, clcnn__layer_silu, clcnn__layer_gelu,
    clcnn__layer_gelu_tanh;

/* The kind with this keyword of `length` characters; NULL if there is none. */
const clcnn__layer_kind *clcnn__layer_find(const char *keyword, size_t length);
/* Appends the keywords of all kinds: "conv, maxpool, ..." */
void clcnn__layer_keywords(char *text, size_t size);

typedef struct clcnn__layer {
    const clcnn__layer_kind *kind;
    void *self;
    const char *place; /* where it stands in the description */
    char text[256];    /* normalised, with what follows the kind's own: "frozen from a as b" */
    char name[32];     /* given by "as", or empty */
    bool frozen;
    int inputs[CLCNN__MAX_INPUTS]; /* numbers of layers before it, or CLCNN__IMAGES */
    clcnn__shape out;
    int parameter_count;
    clcnn__parameter parameters[CLCNN__MAX_PARAMETERS];
} clcnn__layer;

typedef struct clcnn__layers {
    char *text; /* the description that was read; layers point into it */
    clcnn__shape in;
    size_t count;
    clcnn__layer *rows;
    size_t parameters; /* of all layers, elements that training changes, frozen ones too */
    size_t values;     /* these and the running statistics */
} clcnn__layers;

/* Reads a description (or preset) for images of this shape. On failure *layers is empty. */
clcnn_status clcnn__layers_create(const char *description, clcnn__shape in, clcnn__layers *layers,
                                  clcnn_error *error);
void clcnn__layers_destroy(clcnn__layers *layers);
/* The layers' texts with commas between; malloc'd, NULL when out of memory. */
char *clcnn__layers_text(const clcnn__layers *layers);

/* How many inputs a layer has: 1 or more. */
int clcnn__layer_inputs(const clcnn__layer *layer);
/* The shape that a layer's input has; `which` from 0. */
clcnn__shape clcnn__layer_input(const clcnn__layers *layers, size_t layer, int which);
/* parse.c: fills layers->rows up to `inputs` from layers->text. */
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

/* How a node's gradient reaches one of its inputs. */
typedef enum clcnn__flow {
    CLCNN__FLOW_NONE,  /* nobody wants it */
    CLCNN__FLOW_WRITE, /* it is the first to come */
    CLCNN__FLOW_ADD,   /* it is added to what has come before */
    CLCNN__FLOW_VIA,   /* written to `via`, and added from there */
    CLCNN__FLOW_SAME   /* it lies where the node's own gradient lay: in place, or passed on */
} clcnn__flow;

/* One layer that computes something. Buffers are numbers in graph->buffers, or CLCNN__NO_BUFFER. */
typedef struct clcnn__node {
    clcnn__layer *layer;
    int inputs[CLCNN__MAX_INPUTS]; /* nodes, or CLCNN__IMAGES */
    int input_count;
    int uses;                     /* how often other nodes take its output */
    clcnn__activation activation; /* backward begins with its gradient: from y, in place on dy */
    int slope_by;                 /* but for a node that takes dy through it: CLCNN__IMAGES: none */
    clcnn__activation own;        /* with CLCNN__OWN_SLOPE: backward is the layer's business */
    bool folded;                  /* inference: the output is the input, which has it all */
    int norm;                     /* inference: the node of the norm that is folded into this, or */
    clcnn__activation tail;       /* CLCNN__IMAGES; and the activation behind that */
    size_t prepared;              /* where its folded weights, bias and packed weights begin */
    bool trained;                 /* has parameters that training changes */
    bool backward;                /* it, or what it depends on, is trained */
    int y, dy, state, via;
    int workspace[2];             /* forward, backward: the larger of backward's two directions */
    int infer_y, infer_workspace; /* of inference, in a net for training as well */
    clcnn__flow flow[CLCNN__MAX_INPUTS];
    bool dy_shared; /* another value has its gradient in the same place and still needs it */
} clcnn__node;

typedef struct clcnn__graph {
    bool training;
    size_t node_count;
    clcnn__node *nodes;
    bool drops;           /* some node is a dropout */
    bool frozen;          /* some values are not trained */
    size_t segment_count; /* rows of the optimiser's table */
    int loss_workspace, clip_workspace, optimiser_block, dropout_block; /* buffers */
    size_t buffer_count;
    clcnn__buffer *buffers;
    size_t parameter_arena; /* elements of an arena that holds them, aligned */
    size_t prepared;        /* elements of what inference makes of the weights */
    size_t arena;           /* elements of the arena for everything else */
} clcnn__graph;

/* Weights of the nodes for inference: with the norm folded in, and packed. */
typedef struct clcnn__prepared {
    clcnn_mem w, b, packed; /* buf is NULL: as they are; not packed */
} clcnn__prepared;

/* How every node, the loss and the clipping are computed for n images. */
typedef struct clcnn__plans {
    int n; /* 0: not chosen yet */
    clcnn_plan (*nodes)[CLCNN__DIRECTIONS];
    clcnn_plan loss, clip;
} clcnn__plans;

/* Nodes without buffers; layers must outlive the graph, and their activations may be fused. */
clcnn_status clcnn__graph_create(clcnn__layers *layers, bool training, clcnn__graph *graph,
                                 clcnn_error *error);
/* Gives every node its buffers for `batch` images, with the workspaces that the plans ask for
 * (NULL: none), and places them in memory. */
clcnn_status clcnn__graph_place(clcnn__graph *graph, const clcnn__layers *layers, int batch,
                                const clcnn__plans *plans, clcnn_error *error);
/* The optimiser's table: segment_count rows. */
void clcnn__graph_segments(const clcnn__graph *graph, const clcnn__layers *layers,
                           clcnn_segment *rows);
void clcnn__graph_destroy(clcnn__graph *graph);

/* ---------------------------------------------------------------------------------------------
 * net.c: a network on a device; step.c: what it enqueues
 */
enum { CLCNN__PARAM, CLCNN__GRAD, CLCNN__STATE_0, CLCNN__STATE_1, CLCNN__ARENAS };

struct clcnn_net {
    clcnn_ctx *ctx;
    clcnn_net_desc desc; /* layers: `text` */
    char *text;
    clcnn__layers layers;
    clcnn__graph graph;
    cl_mem work;                  /* the arena of the graph's buffers */
    cl_mem arenas[CLCNN__ARENAS]; /* without training: CLCNN__PARAM alone */
    cl_mem table;                 /* the optimiser's segments */
    cl_mem prepared;              /* weights for inference: folded, packed */
    bool is_prepared;             /* and the parameters have not changed since */
    clcnn__plans plans[2];        /* for the full batch, and for the last other size */
    size_t memory;                /* bytes allocated on the device */
};

/* batch and init: CLCNN_INVALID_ARGUMENT with a sentence that begins with `call`. */
clcnn_status clcnn__check_net_desc(const char *call, const clcnn_net_desc *desc,
                                   clcnn_error *error);
clcnn_mem clcnn__net_buffer(const clcnn_net *net, int buffer);
/* The plans for n images; those of a smaller batch are limited to the workspaces that there are. */
clcnn_status clcnn__net_plans(clcnn_net *net, int n, const clcnn__plans **plans);

/* prepare.c: where a node's weights for inference lie, for the plan of the full batch. */
clcnn__prepared clcnn__net_prepared(const clcnn_net *net, size_t node);
/* Gives every node its place among them; elements of all in graph->prepared. */
void clcnn__net_place_prepared(clcnn_net *net);
/* step.c: work with nothing but a layer's parameters. */
clcnn__work clcnn__net_parameters_of(const clcnn_net *net, const clcnn__layer *layer);
/* Makes them, if the parameters have changed since. */
clcnn_status clcnn__net_prepare(clcnn_net *net);

/* The layers of a net, and the first values of a seed, packed. */
const clcnn__layers *clcnn__net_layers(const clcnn_net *net);
void clcnn__net_draw(const clcnn__layers *layers, clcnn_init init, uint64_t seed, float *packed);

/* ---------------------------------------------------------------------------------------------
 * update.c: optimisers
 */

/* The name of an optimiser's state array for tensors ("adam.m."); NULL: it has no such array. */
const char *clcnn__state_name(clcnn_optimiser optimiser, int array);
/* Checks the step's numbers and enqueues the writing of the optimiser's block. */
clcnn_status clcnn__update_prepare(clcnn_net *net, const clcnn_net_step *step);
/* Enqueues clipping, if asked for, and the update. */
clcnn_status clcnn__update_apply(clcnn_net *net, const clcnn_net_step *step,
                                 const clcnn__plans *plans);

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

/* trainer.c: may a training have these options? What depends on the data set is not looked at. */
clcnn_status clcnn__check_train_options(const clcnn_train_options *options, clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * checkpoint.c
 */

/* A checkpoint in host memory. */
typedef struct clcnn__checkpoint {
    clcnn_checkpoint_info info;
    double loss_sum;  /* over the images of this epoch's steps; any value */
    float *arrays[3]; /* values and the optimiser's state, packed as in clcnn_net_read */
} clcnn__checkpoint;

/* weights.c: copies what a checkpoint has of the net's tensors; nothing at all is an error. */
clcnn_status clcnn__weights_load(clcnn_net *net, const char *path, clcnn_error *error);

/* Strict: a file that is not a whole checkpoint of one of our networks is CLCNN_BAD_FILE. */
clcnn_status clcnn__checkpoint_read(const char *path, clcnn__checkpoint *checkpoint,
                                    clcnn_error *error);
clcnn_status clcnn__checkpoint_write(const char *path, const clcnn__checkpoint *checkpoint,
                                     clcnn_error *error);
void clcnn__checkpoint_free(clcnn__checkpoint *checkpoint);

#endif
