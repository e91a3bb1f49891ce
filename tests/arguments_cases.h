/*
 * The tables of arguments.c: a right call of every function that computes something, what it is
 * given, and what can be wrong in each descriptor. The rows of an operation are together in the
 * arguments_FAMILY.h of its family; here are their types.
 */
#ifndef ARGUMENTS_CASES_H
#define ARGUMENTS_CASES_H

#include "clcnn.h"

#include <limits.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { MAX_TENSORS = 8 };

/* Descriptors as bytes, so that tables can change any field of any of them. */
typedef union any_desc {
    clcnn_activation activation;
    clcnn_conv2d conv2d;
    clcnn_conv2d_transpose conv2d_transpose;
    clcnn_conv1d conv1d;
    clcnn_correlate1d correlate1d;
    clcnn_dense dense;
    clcnn_maxpool2d maxpool2d;
    clcnn_avgpool2d avgpool2d;
    clcnn_im2col im2col;
    clcnn_pad2d pad2d;
    clcnn_adaptive_avgpool2d adaptive;
    clcnn_upsample2d upsample2d;
    clcnn_concat concat;
    clcnn_slice slice;
    clcnn_softmax softmax_rows;
    clcnn_softmax_cross_entropy softmax;
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
} any_desc;

typedef enum op_kind {
    ACTIVATION,
    CONV2D,
    TRANSPOSE,
    CONV1D,
    CORRELATE1D,
    DENSE,
    MAXPOOL2D,
    CONCAT,
    SLICE,
    SOFTMAX_ROWS,
    SOFTMAX,
    MSE,
    L2,
    SGD,
    RMSPROP,
    ADAM,
    CLIP_NORM,
    AVGPOOL2D,
    IM2COL,
    PAD2D,
    ADAPTIVE,
    UPSAMPLE2D,
    BATCHNORM,
    BATCHNORM_INFERENCE,
    LAYERNORM,
    ADD,
    ADD_BIAS,
    DROPOUT,
    UNIFORM,
    NORMAL
} op_kind;

/* Operations whose plan has one algorithm and takes neither a direction nor a limit. */
static inline bool one_algo(op_kind op)
{
    return op == SOFTMAX || op == MSE || op == L2 || op == CLIP_NORM;
}

enum {
    IN = 1,
    OUT = 2,
    OPTIONAL = 4, /* may be left out */
    IN_PLACE = 8, /* may be the other tensor that is marked so */
    INDEX = 16    /* integers: labels, argmax */
};

typedef struct tensor {
    const char *name;
    size_t count;
    int flags;
} tensor;

/* One device call: everything that it is given. */
typedef struct arguments {
    clcnn_ctx *ctx;
    const any_desc *desc;
    clcnn_mem m[MAX_TENSORS];
    const clcnn_plan *plan;
} arguments;

typedef struct device_call {
    const char *name;
    op_kind op;
    tensor tensors[MAX_TENSORS]; /* ended by a name that is NULL */
    clcnn_status (*run)(const arguments *a);
    /* NULL: the call takes no plan. */
    clcnn_status (*plan)(clcnn_ctx *ctx, const any_desc *desc, const char *algo, clcnn_plan *plan);
    bool packs;       /* the call writes plan->packed */
    bool bare;        /* all that is optional may be left out at once */
    unsigned ignores; /* kinds of fields that this call doesn't look at */
} device_call;

/* What a call doesn't look at. */
enum { IGNORES_RATES = 1, IGNORES_SIZES = 2, IGNORES_STEP = 4 };

/* NULL stands for itself: some calls are made without a descriptor. */
#define DESC(a, member) ((a)->desc ? &(a)->desc->member : NULL)

#define PLAN_OF(op, direction)                                                                     \
    static clcnn_status plan_##op##_##direction(clcnn_ctx *ctx, const any_desc *desc,              \
                                                const char *algo, clcnn_plan *plan)                \
    {                                                                                              \
        return clcnn_##op##_plan(ctx, &desc->op, direction, algo, CLCNN_ANY_WORKSPACE, plan);      \
    }

/* ---- Fields of descriptors: what can be wrong in one --------------------------------------------
 */

typedef enum field_type { INT, REAL, STEP } field_type;

typedef struct field {
    op_kind op;
    const char *name;
    field_type type;
    size_t offset;
    double value;
    clcnn_status status;
    const char *piece; /* of the sentence */
    unsigned ignored;  /* by functions with one of these bits */
} field;

#define BAD CLCNN_INVALID_ARGUMENT
#define TOO_MUCH CLCNN_UNSUPPORTED
#define ROW(op, type, member, kind, value, status, piece)                                          \
    {                                                                                              \
        op, #member, kind, offsetof(type, member), value, status, piece, 0                         \
    }

/* ---- The CPU reference: the same fields, and host pointers --------------------------------------
 */

enum { MAX_POINTERS = 16 };

typedef struct reference_call {
    const char *name;
    op_kind op;
    /* Flags: IN is float, IN | INDEX is int32; OUT is double, OUT | INDEX is int32. */
    tensor pointers[MAX_POINTERS];
    unsigned ignores; /* as in device_call */
    clcnn_status (*run)(const any_desc *desc, void *const *p);
} reference_call;

#define REFERENCE(function, member, ...)                                                           \
    static clcnn_status function##_(const any_desc *desc, void *const *p)                          \
    {                                                                                              \
        return function(desc ? &desc->member : NULL, __VA_ARGS__);                                 \
    }
#define RUN(function) #function, .run = function##_
#define MAG OUT | OPTIONAL

/* ---- All of them --------------------------------------------------------------------------------
 */

any_desc right_desc(op_kind op);

/* Row i of all families' rows; NULL behind the last. */
const device_call *calls_at(size_t i);
const field *fields_at(size_t i);
const reference_call *references_at(size_t i);

#endif
