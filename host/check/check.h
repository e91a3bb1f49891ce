/*
 * Runs one case of one operation on a device and holds every result against the CPU reference.
 * Tests, the replay of golden cases and benches all go through here.
 *
 * A case is an operation, its descriptor and its input tensors. An operation has directions
 * (forward, backward_data, ...), each a table row that says which inputs it takes, which outputs it
 * gives, how it is called through the public API and what the reference says (one file per
 * operation, check_op_OP). The engine does the rest the same way for all: each tensor in its own
 * buffer between guard bands, at an odd offset; outputs and workspace filled with NaN; afterwards
 * guard bands and inputs unchanged, every output element within the bound of the algorithm's error
 * class.
 */
#ifndef CLCNN_CHECK_H
#define CLCNN_CHECK_H

#include "clcnn.h"

#include <stdbool.h>

enum { CHECK_MAX_IN = 8, CHECK_MAX_OUT = 6, CHECK_MAX_RANK = 4 };

/* ---------------------------------------------------------------------------------------------
 * Cases
 */
/* concat's descriptor with its array in it. */
typedef struct check_concat {
    int n, h, w, inputs, channels[3], accumulate;
} check_concat;

typedef union check_desc {
    clcnn_activation activation;
    clcnn_conv2d conv2d;
    clcnn_conv2d_transpose conv2d_transpose;
    clcnn_conv1d conv1d;
    clcnn_correlate1d correlate1d;
    clcnn_dense dense;
    clcnn_maxpool2d maxpool2d;
    clcnn_avgpool2d avgpool2d;
    clcnn_im2col im2col; /* and col2im */
    clcnn_pad2d pad2d;
    clcnn_adaptive_avgpool2d adaptive_avgpool2d;
    clcnn_upsample2d upsample2d;
    check_concat concat;
    clcnn_slice slice;
    clcnn_softmax softmax;
    clcnn_softmax_cross_entropy softmax_cross_entropy;
    clcnn_mse mse;
    clcnn_l2 l2;
    clcnn_sgd sgd;
    clcnn_rmsprop rmsprop;
    clcnn_adam adam;
    clcnn_batchnorm batchnorm;
    clcnn_layernorm layernorm;
    clcnn_add add;
    clcnn_dropout dropout;
    clcnn_uniform uniform;
    clcnn_normal normal;
    clcnn_clip_norm clip_norm;
} check_desc;

typedef enum check_values {
    CHECK_INTEGERS, /* so small that every partial sum is exact in float, in any order */
    CHECK_REALS     /* of magnitudes up to 1 or so */
} check_values;

/* An input in host memory. One that was left out has f = NULL. */
typedef struct check_tensor {
    size_t count;
    union {
        float *f;
        int32_t *i; /* where the operation's table says integer */
    };
} check_tensor;

typedef struct check_op check_op;
typedef struct check_direction check_direction;

typedef struct check_case {
    const check_op *op;
    check_desc desc;
    check_values values;
    uint64_t seed;
    check_tensor in[CHECK_MAX_IN]; /* as op->inputs */
} check_case;

/*
 * A case with all inputs drawn from the seed. The shape must be legal. NULL when memory runs out or
 * the descriptor is refused (then *error says why).
 */
check_case *check_case_create(const check_op *op, const check_desc *desc, check_values values,
                              uint64_t seed, clcnn_error *error);
void check_case_destroy(check_case *c);
/* The input of this name; it must exist. */
check_tensor *check_case_input(check_case *c, const char *name);
/* Leaves an optional input out. */
void check_case_drop(check_case *c, const char *name);
/* Recomputes the inputs that follow from others (max-pool's argmax, softmax's y). */
clcnn_status check_case_derive(check_case *c);

/* A small generator: a counter through a mixing function. The same everywhere. */
typedef struct check_random {
    uint64_t state;
} check_random;
uint64_t check_random_bits(check_random *random);
int check_random_int(check_random *random, int low, int high); /* both included */
double check_random_real(check_random *random);                /* [0, 1) */

/* ---------------------------------------------------------------------------------------------
 * What the reference says
 */
typedef struct check_expected {
    struct {
        size_t count;
        double *value; /* also integers */
        double *mag;   /* sum of magnitudes of the summands, from the reference */
        double n;      /* number of summands */
        float *start;  /* what accumulation adds to; NULL unless the descriptor accumulates */
    } out[CHECK_MAX_OUT];
} check_expected;

/* On failure nothing is left to free. */
clcnn_status check_expected_create(const check_case *c, const check_direction *direction,
                                   check_expected *expected);
void check_expected_free(check_expected *expected);

/* ---------------------------------------------------------------------------------------------
 * Running
 */
typedef struct check_options {
    clcnn_ctx *ctx;
    const char *algo;            /* NULL: the default's choice */
    bool no_plan;                /* call without a plan */
    const size_t *max_workspace; /* what the plan query is told; NULL: any amount */
    bool in_place;               /* outputs that may be an input are that input */
    bool packed;                 /* pack the weights first, where the algorithm packs */
    bool twice;                  /* run again and compare the bits */
    bool keep;                   /* hand the outputs to the caller, also wrong ones */
    unsigned without;            /* bit j: leave output j out */
    bool may_refuse;             /* a call that gives CLCNN_UNSUPPORTED has not failed */
} check_options;

typedef enum check_verdict { CHECK_PASS, CHECK_FAIL, CHECK_UNSUPPORTED } check_verdict;

typedef struct check_result {
    check_verdict verdict;
    const char *algo;         /* that ran; static storage */
    bool packs;               /* it can take packed weights */
    double worst;             /* largest error over its bound; infinite where the bound is 0 */
    size_t nonzero;           /* outputs that are not 0 */
    size_t could_be;          /* outputs with at least one summand that is not 0 */
    char message[1536];       /* a sentence for CHECK_FAIL and CHECK_UNSUPPORTED, else "" */
    void *out[CHECK_MAX_OUT]; /* with `keep`: the caller frees them (check_result_free) */
} check_result;

check_result check_run(const check_case *c, const check_direction *direction,
                       const check_expected *expected, const check_options *options);
void check_result_free(check_result *result);

/* ---------------------------------------------------------------------------------------------
 * Operations
 */

/* One call of the public API, as the engine hands it to a direction's `run`. */
typedef struct check_call {
    clcnn_ctx *ctx;
    const check_case *c;
    const clcnn_plan *plan;       /* NULL: none */
    clcnn_mem in[CHECK_MAX_IN];   /* as op->inputs; CLCNN_NO_MEM when left out */
    clcnn_mem out[CHECK_MAX_OUT]; /* as direction->outputs; CLCNN_NO_MEM when left out */
} check_call;

typedef struct check_output {
    const char *name; /* NULL ends the list */
    bool integer;
    bool optional;        /* may be left out */
    bool scratch;         /* not compared */
    bool accumulates;     /* where the descriptor says so */
    const char *in_place; /* the input that it may be */
    bool always_in_place;
} check_output;

struct check_direction {
    const char *name; /* NULL ends a list */
    clcnn_direction direction;
    unsigned needs, takes; /* bits of inputs: must be there, may be there */
    check_output outputs[CHECK_MAX_OUT + 1];
    clcnn_status (*run)(const check_call *call);
    clcnn_status (*reference)(const check_case *c, check_expected *expected);
    /*
     * Sums of magnitudes of what output j is made of in exact arithmetic, per element: without what
     * `mag` has for devices that flush denormals. Two computations in double differ by a few
     * roundings of these. NULL: mag is that already.
     */
    void (*magnitudes)(const check_case *c, int j, double *magnitudes);
    clcnn_status (*pack)(const check_call *call); /* NULL: never packs */
};

typedef struct check_input {
    const char *name;
    bool integer;
    bool derived; /* golden files don't have it */
} check_input;

typedef enum check_field_type {
    CHECK_INT,
    CHECK_INT64,
    CHECK_DOUBLE,
    CHECK_ACTIVATION_KIND,
    CHECK_WORD /* attributes alone: an int, by a list of words */
} check_field_type;

/*
 * A field of the descriptor, for messages. The list ends with name = NULL. Of three names the
 * engine knows what they say: outputs are added to ("accumulate"), and forward ends with an
 * activation ("activation", whose parameter is "alpha").
 */
typedef struct check_field {
    const char *name;
    check_field_type type;
    size_t offset;
} check_field;

/* An attribute of golden files: a list of `count` numbers, or an activation's name. */
typedef struct check_attribute {
    const char *name; /* NULL ends a list */
    check_field_type type;
    int count;
    size_t offset[4];
    double low, high; /* least and greatest value */
    bool required;
    const char *const *words; /* of CHECK_WORD: what 0, 1 ... are called, ended by NULL */
    const char *otherwise;    /* when it is not there; NULL: leave the field as it is */
} check_attribute;

/* The shape of an input that a golden file has. */
typedef struct check_shape {
    int rank; /* 0: the tensor is not there */
    size_t size[CHECK_MAX_RANK];
} check_shape;

struct check_op {
    const char *name;
    check_input inputs[CHECK_MAX_IN + 1];
    const check_direction *directions;
    const check_field *fields;
    const check_attribute *attributes; /* NULL: none */
    /* Shape of an input or output by name under a descriptor; false for a name that is neither. */
    bool (*shape)(const check_desc *desc, const char *name, check_shape *shape);
    /* Shapes don't matter, only that they are all the same (element-wise operations). */
    bool flat;
    /* Sets the sizes in desc from the shapes of the inputs of a golden file; false: they don't
     * fit. Whether the rest fits is asked through `shape`. NULL: no golden file has the operation.
     */
    bool (*sizes)(check_desc *desc, const check_shape *inputs);
    clcnn_status (*legal)(const check_desc *desc, clcnn_error *error);
    /* NULL, or: golden files may have the results of inputs before these were rounded to float.
     * `file` has their values by output, NULL where there is none. What lies within that rounding
     * is adopted as expected, and what follows from it with it. */
    void (*adopt)(const check_case *c, check_expected *expected, const double *const *file);
    /* Draws the inputs. NULL: there is none. */
    void (*fill)(check_case *c, check_random *random);
    clcnn_status (*derive)(check_case *c); /* NULL: nothing is derived */
    /*
     * Golden files hold what the textbook's formula gives in double. Where that cancels and the
     * reference's does not, the magnitude of what cancels at element i of the result; NULL: never.
     */
    double (*cancels)(const check_case *c, clcnn_direction direction, size_t i);
    /* NULL: the operation has no plan, and the only algorithm is the one that clcnn_algos names. */
    clcnn_status (*plan)(clcnn_ctx *ctx, const check_desc *desc, clcnn_direction direction,
                         const char *algo, size_t max_workspace, clcnn_plan *plan);
};

/* One per operation, in OP.c. */
extern const check_op check_op_activation, check_op_conv2d, check_op_conv2d_transpose,
    check_op_conv1d, check_op_correlate1d, check_op_dense, check_op_maxpool2d, check_op_concat,
    check_op_slice, check_op_softmax, check_op_softmax_cross_entropy, check_op_mse, check_op_l2,
    check_op_sgd, check_op_rmsprop, check_op_adam, check_op_clip_norm;
extern const check_op check_op_avgpool2d, check_op_im2col, check_op_col2im, check_op_pad2d,
    check_op_adaptive_avgpool2d, check_op_upsample2d;
extern const check_op check_op_batchnorm, check_op_layernorm, check_op_add, check_op_dropout,
    check_op_uniform, check_op_normal;
/* By name; NULL if there is none. */
const check_op *check_op_find(const char *name);
/* All of them, ended by NULL. */
extern const check_op *const check_ops[];
/* The direction of this name; it must exist. */
const check_direction *check_direction_find(const check_op *op, const char *name);

/* "relu" and the like, as golden files have them; NULL for what is no kind. */
const char *check_activation_name(clcnn_activation_kind kind);

/* The descriptor's field of this name and type; NULL where the operation has none. */
const void *check_find_field(const check_op *op, const check_desc *desc, const char *name,
                             check_field_type type);

/* "conv2d {n=2 c=3 ...}": writes the descriptor's fields that are not 0. */
void check_describe(const check_op *op, const check_desc *desc, char *text, size_t size);

/* ---------------------------------------------------------------------------------------------
 * For the operations' files, which share more in common.h
 */
/* Integers from [-v, v] without 0, v the largest up to 32 for which `summands` products stay below
 * 2^24; or reals in (-1, 1). */
void check_fill(const check_case *c, check_tensor *tensor, double summands, check_random *random);
/* Integers from [-8, 8], or reals in (-1, 1): a bias, or what accumulation adds to. */
void check_fill_addend(const check_case *c, check_tensor *tensor, check_random *random);

/* ---------------------------------------------------------------------------------------------
 * Golden files (golden.c)
 */

/* What one run of a golden file, direction and algorithm gave. Absent names are "-". */
typedef struct check_line {
    check_verdict verdict;
    const char *file, *op, *direction, *algo;
    double worst;
    const char *message; /* "" when it passed */
} check_line;

typedef void (*check_line_fn)(const check_line *line, void *user);

/*
 * Runs a golden file on a device: for each direction that has expected tensors, with the default
 * algorithm (algo NULL), one by name, or every one that supports the case ("all"). Each outcome is
 * one call of `report`; a file that can't be used at all is one line too.
 */
void check_golden_run(const char *path, clcnn_ctx *ctx, const char *algo, check_line_fn report,
                      void *user);

#endif
