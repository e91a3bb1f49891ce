/*
 * What the files of libclcnn share. Public names are clcnn_op_verb, names that stay inside are
 * clcnn__name. Nothing here is installed.
 */
#ifndef CLCNN_INTERNAL_H
#define CLCNN_INTERNAL_H

#include "clcnn.h"

#include <stdbool.h>

/* ---------------------------------------------------------------------------------------------
 * fail.c
 */

/* Fills *error (which may be NULL) with a status and a sentence, and returns the status. */
clcnn_status clcnn__fail(clcnn_error *error, clcnn_status status, cl_int code, const char *file,
                         int line, const char *format, ...) __attribute__((format(printf, 6, 7)));
#define CLCNN__FAIL(error, status, ...)                                                            \
    clcnn__fail((error), (status), 0, __FILE__, __LINE__, __VA_ARGS__)
#define CLCNN__INVALID(error, ...) CLCNN__FAIL(error, CLCNN_INVALID_ARGUMENT, __VA_ARGS__)
/* Turns what an OpenCL call returned into a status: memory codes become CLCNN_OUT_OF_MEMORY. */
#define CLCNN__CL_FAIL(error, code, call)                                                          \
    clcnn__fail((error), clcnn__cl_status(code), (code), __FILE__, __LINE__,                       \
                "%s returned %s (%d)", (call), clcnn__cl_name(code), (code))
clcnn_status clcnn__cl_status(cl_int code);
const char *clcnn__cl_name(cl_int code);

/* ---------------------------------------------------------------------------------------------
 * context.c
 */
typedef struct clcnn__programs clcnn__programs; /* launch.c */
typedef struct clcnn__tuning clcnn__tuning;     /* tune.c */

struct clcnn_ctx {
    cl_context context;
    cl_device_id device;
    cl_command_queue queue;
    clcnn_device_info info;
    clcnn_error error;
    clcnn__programs *programs; /* what has been built */
    clcnn__tuning *tuning;     /* rows of the .tune files, and the caller's */
    unsigned tuning_version;   /* how often the caller's have changed: see clcnn_plan */
    bool warm_up;              /* build, but don't enqueue */
    /* Gets the event of each kernel that is enqueued, to release, and its name, which lives as long
     * as the ctx; NULL: nobody does. */
    void (*launched)(void *listener, const char *kernel, cl_event event);
    void *listener;
    clcnn_compiled_fn watch; /* who is told what is compiled, or NULL */
    void *watcher;
};

/* device.c: everything about one device */
clcnn_status clcnn__device_query(cl_platform_id platform, cl_device_id device,
                                 clcnn_device_info *info, clcnn_error *error);
clcnn_status clcnn__device_select(const char *selector, clcnn_device_info *info,
                                  clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * check.c: arguments are checked here before a driver sees them
 */

/* Product of `rank` sizes; a size < 1 is an invalid argument, 2^31 elements or more unsupported. */
clcnn_status clcnn__elements(clcnn_error *error, const char *what, const int *sizes, int rank,
                             size_t *count);

enum {
    CLCNN__IN = 1,       /* read */
    CLCNN__OUT = 2,      /* written */
    CLCNN__OPTIONAL = 4, /* buf may be NULL */
    CLCNN__IN_PLACE = 8  /* this output may be exactly the input marked the same way */
};

enum { CLCNN__MAX_TENSORS = 20 }; /* of one call */

typedef struct clcnn__tensor {
    const char *name;
    clcnn_mem mem;
    size_t count; /* elements of 4 bytes that the operation touches */
    int flags;
} clcnn__tensor;

/*
 * Every tensor of a call: present unless optional, of this context, large enough (OpenCL is asked
 * for the size), and no output overlapping anything else. `call` starts the sentence.
 */
clcnn_status clcnn__check_tensors(clcnn_ctx *ctx, const char *call, const clcnn__tensor *tensors,
                                  size_t count);

/*
 * The plan of an operation with one algorithm, `algo`, that needs `count` elements of workspace: it
 * must be there, of this algorithm, and its buffer large enough. A plan is not asked for when count
 * is 0. Overlaps are clcnn__check_tensors' to find.
 */
clcnn_status clcnn__check_plan(clcnn_ctx *ctx, const char *call, const char *algo, size_t count,
                               const clcnn_plan *plan);

/* One axis of a window: size in, padding before and after, window, stride, dilation -> size out. */
typedef struct clcnn__window {
    int size, pad_before, pad_after, window, stride, dilation;
} clcnn__window;
/* `axis` is "height" or "width", for the message. The defaults must have been filled in. */
clcnn_status clcnn__window_output(clcnn_error *error, const char *op, const char *axis,
                                  const clcnn__window *win, int *out);
/* The same for a pooling window: rounded up with ceil_mode (see clcnn_maxpool2d), and an invalid
 * argument where a window has no tap in the image. */
clcnn_status clcnn__pool_output(clcnn_error *error, const char *op, const char *axis,
                                const clcnn__window *win, bool ceil_mode, int *out);
clcnn_status clcnn__check_activation(clcnn_error *error, const char *op, clcnn_activation_kind kind,
                                     double alpha);
/* activation.c: whether f' follows from y = f(x). */
bool clcnn__slope_of_y(clcnn_activation_kind kind, double alpha);
/* Kinds that take more than a comparison and a product: conv2d's kernels are built with them only
 * where they are asked for. */
static inline bool clcnn__curved(clcnn_activation_kind kind)
{
    return kind > CLCNN_LEAKY_RELU;
}

/* ---------------------------------------------------------------------------------------------
 * tune.c: rows of tuning values, by operation, algorithm, device and shape class
 */
typedef struct clcnn__macro {
    const char *name;
    int value;
} clcnn__macro;

enum { CLCNN__MAX_MACROS = 12 };

typedef struct clcnn__tune_row {
    bool use; /* whether the default may take this algorithm here */
    int count;
    clcnn__macro macros[CLCNN__MAX_MACROS];
} clcnn__tune_row;

/* The first row that matches; NULL if there is none. `shape` is the op's own class word. */
const clcnn__tune_row *clcnn__tune(clcnn_ctx *ctx, const char *op, const char *algo,
                                   const char *shape);
/* The value of a macro that the row must have (0 when it doesn't). */
int clcnn__tune_value(const clcnn__tune_row *row, const char *name);

/* VEC where it is one that OpenCL C has a type for (4, 8, 16), else 0. */
int clcnn__tune_vector(const clcnn__tune_row *row);

clcnn_status clcnn__tuning_create(clcnn__tuning **tuning, clcnn_error *error);
/* Adds the rows of the file that CLCNN_TUNE names, if it names one. The device must be known. */
clcnn_status clcnn__tuning_from_environment(clcnn_ctx *ctx, clcnn_error *error);
void clcnn__tuning_destroy(clcnn__tuning *tuning);

/* ---------------------------------------------------------------------------------------------
 * launch.c: the only place that builds programs, sets arguments and enqueues kernels
 */
enum { CLCNN__MAX_MEMS = 8 };

/*
 * How many times a work-item may go round its loops. llvmpipe leaves them, without a word, after
 * 65535 times in all; a quarter of that is work enough for any work-item, and three quarters are
 * the most where more work-items have a price.
 */
enum { CLCNN__MAX_ROUNDS = 1 << 14, CLCNN__MOST_ROUNDS = 3 * CLCNN__MAX_ROUNDS };
/* The same where a kernel's unrolled loops are counted as well, because llvmpipe leaves them loops:
 * CLCNN__MOST_ROUNDS there, and a work-item of some milliseconds elsewhere. */
double clcnn__most_rounds(const clcnn_ctx *ctx);
/* Whether the device leaves loops of so many rounds. */
bool clcnn__leaves_loops(const clcnn_ctx *ctx, double rounds);
/* CLCNN_UNSUPPORTED where a work-item would go round its loops `each` times for each of `count`
 * `what` (a plural), and the device leaves them before. */
clcnn_status clcnn__check_rounds(clcnn_ctx *ctx, const char *call, const char *what, double count,
                                 double each);

/* How many work-items take `item` elements each; an item below 1 (a bad tuning row, which the
 * kernel's build refuses) counts as 1. */
static inline size_t clcnn__div_up(size_t elements, int item)
{
    const size_t size = item < 1 ? 1 : (size_t)item;
    return (elements + size - 1) / size;
}

/* a / b rounded up, where neither is negative. */
static inline int clcnn__ceil_div(int a, int b)
{
    return (int)clcnn__div_up((size_t)a, b);
}

typedef struct clcnn__launch_desc {
    const char *program; /* stem of the file in kernels/ */
    const char *kernel;
    const clcnn__tune_row *row; /* its macros become build options; may be NULL */
    int macro_count;            /* further build options */
    clcnn__macro macros[CLCNN__MAX_MACROS];
    const void *args; /* the kernel's first argument, a struct by value */
    size_t args_size;
    int mem_count; /* each becomes two arguments: the buffer and its offset (uint, elements) */
    clcnn_mem mems[CLCNN__MAX_MEMS];
    size_t local_bytes; /* of local memory, behind these; 0: no such argument */
    size_t global[3];   /* work-items that are needed; 0 counts as 1. Rounded up to local: guard! */
    size_t local[3];    /* 0 counts as 1 */
    bool fixed_local; /* the kernel depends on `local`; otherwise it is shrunk where a device needs
                         less */
} clcnn__launch_desc;

/*
 * Builds what is missing, sets the arguments and enqueues. A mem whose buf is NULL is passed as
 * some other buffer of the call: say in args whether it may be touched. All-zero global: nothing to
 * do.
 */
clcnn_status clcnn__launch(clcnn_ctx *ctx, const clcnn__launch_desc *desc);

/* The output of an operation whose kernels go row by row (kernels/rows.clh). */
typedef struct clcnn__rows {
    size_t rows;
    int width;   /* elements of a row */
    int inner;   /* those of them that vectors are good for */
    double taps; /* how often a kernel's inner loop runs for one element, at most */
} clcnn__rows;

/*
 * The grid for such an output, cut up as the tuning row says, and the macros VEC, ROWS and COLUMNS:
 * vectors as long as `inner` allows, and no more rows than a work-item should have. program,
 * kernel, args, mems and further macros are the caller's.
 */
clcnn_status clcnn__launch_rows(clcnn_ctx *ctx, const char *op, const char *algo,
                                clcnn__launch_desc *desc, const clcnn__rows *rows);

/* Builds the kernel if need be and tells the largest work-group that it can run in here. */
clcnn_status clcnn__kernel_limit(clcnn_ctx *ctx, const clcnn__launch_desc *desc, size_t *limit);

clcnn_status clcnn__programs_create(clcnn__programs **programs, clcnn_error *error);
void clcnn__programs_destroy(clcnn__programs *programs);
size_t clcnn__programs_built(const clcnn__programs *programs);

/* The files of kernels/, embedded by CMake. The list ends with name = NULL. */
typedef struct clcnn__file {
    const char *name; /* "conv2d_tile.cl" */
    const char *text;
} clcnn__file;
extern const clcnn__file clcnn__files[];
const char *clcnn__file_text(const char *name); /* NULL if there is none */

/* ---------------------------------------------------------------------------------------------
 * The operations' tables of algorithms (OP.c), for clcnn_algos
 */
typedef struct clcnn__op {
    const char *name;
    const clcnn_algo *algos;
} clcnn__op;

extern const clcnn_algo clcnn__conv2d_algos[];
#define clcnn__conv2d_transpose_algos clcnn__conv2d_algos /* and a transposed one is, reversed */
#define clcnn__conv1d_algos clcnn__conv2d_algos
#define clcnn__dense_algos clcnn__conv2d_algos /* a dense layer is a 1x1 convolution */
/* Of the error bounds of the optimisers, derived in ref/OP.c. */
#define CLCNN__SGD_CONSTANT 17
#define CLCNN__RMSPROP_CONSTANT 13
#define CLCNN__ADAM_CONSTANT 13
extern const clcnn_algo clcnn__maxpool2d_algos[], clcnn__activation_algos[],
    clcnn__correlate1d_algos[], clcnn__concat_algos[], clcnn__slice_algos[], clcnn__softmax_algos[],
    clcnn__softmax_cross_entropy_algos[], clcnn__mse_algos[], clcnn__l2_algos[], clcnn__sgd_algos[],
    clcnn__rmsprop_algos[], clcnn__adam_algos[], clcnn__clip_norm_algos[];
extern const clcnn_algo clcnn__avgpool2d_algos[], clcnn__im2col_algos[], clcnn__col2im_algos[],
    clcnn__pad2d_algos[], clcnn__adaptive_avgpool2d_algos[], clcnn__upsample2d_algos[];
extern const clcnn_algo clcnn__batchnorm_algos[], clcnn__layernorm_algos[], clcnn__add_algos[];
extern const clcnn_algo clcnn__dropout_algos[], clcnn__uniform_algos[], clcnn__normal_algos[];

#endif
