/*
 * clcnn: primitives of convolutional neural networks for any OpenCL device.
 *
 * The library needs OpenCL 1.2 and nothing else. You bring a command queue and buffers (or let the
 * library open a device), describe an operation in a plain struct, and enqueue it:
 *
 *     clcnn_conv2d d = {.n = 1, .c = 3, .h = 32, .w = 32, .k = 8, .r = 3, .s = 3};
 *     clcnn_status s = clcnn_conv2d_forward(ctx, &d, x, w, b, y, NULL);
 *
 * What holds for every call
 *   - Tensors are float32, dense, in NCHW order. A tensor is a `clcnn_mem`: a buffer and an offset
 *     in elements (of 4 bytes), any offset. There is no tensor object to create.
 *   - An operation is checked, enqueued on the context's in-order queue, and returns. It never
 *     waits for the device, allocates device memory, prints or exits.
 *   - Descriptors are plain structs for designated initialisers. Zero means "default" only where
 *     zero would make no sense (stride, dilation, groups, eps); elsewhere it means zero.
 *   - Outputs are overwritten; with `accumulate` set, gradients are added to what is there.
 *     An output may not overlap any other argument, except where an operation says so.
 *   - Any status but CLCNN_SUCCESS means that nothing was enqueued and every output is untouched
 *     (an OpenCL error in the middle of a call that takes several kernels is the one exception).
 *     clcnn_last_error tells the sentence with the offending values.
 *   - Results are deterministic: same device, driver, library, tuning rows and plan, same bits.
 *     (How sums are split may follow the workspace that a plan was given.)
 *   - No tensor may have 2^31 elements or more (CLCNN_UNSUPPORTED). One driver, llvmpipe, ends long
 *     loops without a word: there, rows and windows that a work-item can't get through are
 *     CLCNN_UNSUPPORTED as well, softmax's from 65,537 classes on.
 *
 * A clcnn_ctx belongs to one thread at a time; any number of them may share a cl_context.
 */
#ifndef CLCNN_H
#define CLCNN_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#ifdef __APPLE__
#include <OpenCL/opencl.h>
#else
#include <CL/cl.h>
#endif
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifndef CLCNN_API
#if defined(__GNUC__)
#define CLCNN_API __attribute__((visibility("default")))
#else
#define CLCNN_API
#endif
#endif

#define CLCNN_VERSION_MAJOR 0
#define CLCNN_VERSION_MINOR 1
#define CLCNN_VERSION_PATCH 0

/** The version of the library that is loaded, "major.minor.patch"; never NULL. */
CLCNN_API const char *clcnn_version(void);

/* ---------------------------------------------------------------------------------------------
 * Status and errors
 */

/* X(name, value, sentence): the one list behind the enum, the names and the sentences. */
#define CLCNN_STATUS_MAP(X)                                                                        \
    X(CLCNN_SUCCESS, 0, "success")                                                                 \
    X(CLCNN_INVALID_ARGUMENT, -1, "an argument is wrong")                                          \
    X(CLCNN_UNSUPPORTED, -2, "the arguments are legal, but this is not supported here")            \
    X(CLCNN_OUT_OF_MEMORY, -3, "out of host or device memory")                                     \
    X(CLCNN_WORKSPACE_TOO_SMALL, -4, "the workspace is smaller than the plan says")                \
    X(CLCNN_NO_DEVICE, -5, "no OpenCL device was found")                                           \
    X(CLCNN_BUILD_FAILED, -6, "the device's compiler rejected a kernel")                           \
    X(CLCNN_OPENCL_ERROR, -7, "an OpenCL call failed")                                             \
    X(CLCNN_BAD_FILE, -8, "a file is damaged or not what it should be")

typedef enum clcnn_status {
#define CLCNN_STATUS_ENUM(name, value, sentence) name = value,
    CLCNN_STATUS_MAP(CLCNN_STATUS_ENUM)
#undef CLCNN_STATUS_ENUM
} clcnn_status;

/** The constant's name ("CLCNN_NO_DEVICE"); "unknown status" for a value that is none. */
CLCNN_API const char *clcnn_status_name(clcnn_status status);
/** A short sentence for the status; "unknown status" for a value that is none. */
CLCNN_API const char *clcnn_status_string(clcnn_status status);

/** What went wrong: the status, the sentence with the values, OpenCL's code and its build log. */
typedef struct clcnn_error {
    clcnn_status status;
    cl_int opencl_code; /* what OpenCL returned; 0 when no OpenCL call failed */
    const char *file;   /* where in clcnn's source it was noticed, "" when nothing went wrong */
    int line;
    char message[1024];   /* a whole sentence with the offending values */
    char build_log[8192]; /* the compiler's words, cut to fit; "" unless CLCNN_BUILD_FAILED */
} clcnn_error;

/* ---------------------------------------------------------------------------------------------
 * Devices
 */

/** One device, or a platform that has none (then `device` is NULL and device_index is -1). */
typedef struct clcnn_device_info {
    cl_platform_id platform;
    cl_device_id device;
    int platform_index, device_index; /* what the selector "P:D" means */
    char platform_name[128], platform_version[128];
    char name[128], vendor[128], version[128], driver[128], c_version[128];
    cl_device_type type;
    uint64_t global_memory, max_allocation, local_memory; /* bytes */
    uint32_t compute_units, clock_mhz, vector_width;      /* native width of float vectors */
    size_t max_work_group, max_work_items[3];
    int fp64, fp16, fma; /* 1: offered; fma: CL_FP_FMA in the single-precision configuration */
} clcnn_device_info;

/**
 * Lists every device of every platform, in the order of the platforms. Platforms without a device
 * get one entry with device NULL. Writes at most `capacity` entries and the number that exist to
 * *count. `infos` may be NULL when capacity is 0. No platform at all: CLCNN_NO_DEVICE, *count = 0.
 */
CLCNN_API clcnn_status clcnn_devices(clcnn_device_info *infos, size_t capacity, size_t *count,
                                     clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * Context
 */

typedef struct clcnn_ctx clcnn_ctx;

/**
 * Makes a context on the caller's queue; the queue and its cl_context are retained. The queue must
 * be in-order; an out-of-order queue is CLCNN_INVALID_ARGUMENT. `error` may be NULL. Where the
 * environment variable CLCNN_TUNE names a file, its tuning rows are added, as clcnn_ctx_tune_file
 * does; a file that is missing or wrong is CLCNN_BAD_FILE, and there is no context.
 */
CLCNN_API clcnn_status clcnn_ctx_create(clcnn_ctx **ctx, cl_command_queue queue,
                                        clcnn_error *error);
/**
 * Opens a device by a selector and makes a queue on it. Selectors:
 *   ""  or NULL   the best: the GPU with the most compute units times clock, then an accelerator,
 *                 then a CPU; ties by order
 *   gpu cpu accelerator
 *                 the best device of this type
 *   P:D           device D of platform P, as clcnn_devices numbers them
 *   WORD          the best device whose platform's or own name, vendor or version has WORD in it
 *                 (any case): "pocl", "nvidia", "llvmpipe"
 * Platforms without devices are passed over. Nothing found: CLCNN_NO_DEVICE with a message that
 * lists the platforms seen, OCL_ICD_VENDORS and the loader's vendor files. `error` may be NULL.
 */
CLCNN_API clcnn_status clcnn_ctx_open(clcnn_ctx **ctx, const char *selector, clcnn_error *error);
/** Releases what the context owns. NULL is fine. Does not wait for enqueued work. */
CLCNN_API void clcnn_ctx_destroy(clcnn_ctx *ctx);

/** The queue, context and device in use; owned by the ctx (retain them to keep them longer). */
CLCNN_API cl_command_queue clcnn_ctx_queue(const clcnn_ctx *ctx);
CLCNN_API cl_context clcnn_ctx_context(const clcnn_ctx *ctx);
CLCNN_API cl_device_id clcnn_ctx_device(const clcnn_ctx *ctx);
/** What was taken; valid as long as the ctx. */
CLCNN_API const clcnn_device_info *clcnn_ctx_device_info(const clcnn_ctx *ctx);
/** The last failure on this context; its status is CLCNN_SUCCESS when nothing has failed yet. */
CLCNN_API const clcnn_error *clcnn_last_error(const clcnn_ctx *ctx);

/**
 * Adds tuning rows (the text of a .tune file, see kernels/README.md) that are tried before those
 * that are there already. Rows are for `op` up to the first line `op NAME`. On a bad row nothing
 * changes: CLCNN_BAD_FILE names line and column. rows = NULL takes all added rows of `op` away.
 * Plans and networks made before may want other workspaces then, and their packed weights are
 * void: make them afterwards.
 */
CLCNN_API clcnn_status clcnn_ctx_tune(clcnn_ctx *ctx, const char *op, const char *rows);
/** The same from a file, whose lines `op NAME` say which operations its rows are for: what `clcnn
 * tune` writes. Rows for another device (line `device NAME`) are passed over. */
CLCNN_API clcnn_status clcnn_ctx_tune_file(clcnn_ctx *ctx, const char *path);
/** How many of the added rows are for this context's device. */
CLCNN_API size_t clcnn_ctx_tuned_rows(const clcnn_ctx *ctx);
/**
 * Writes a header and the row that is in force for an algorithm and a class of shapes (NULL: the
 * one that takes every shape), as text that clcnn_ctx_tune understands; a row's columns `device`
 * and `width` are this device's. 1024 bytes are enough. No such row: CLCNN_UNSUPPORTED.
 */
CLCNN_API clcnn_status clcnn_ctx_tuning(clcnn_ctx *ctx, const char *op, const char *algo,
                                        const char *shape, char *text, size_t size);

/**
 * With on = 1, operations check their arguments and build the kernels that they need, but enqueue
 * nothing; with 0, they run again. So a program walks through its calls once, ahead of time, and
 * no program is built afterwards. (Some drivers, PoCL is one, still compile a kernel at its first
 * launch.)
 */
CLCNN_API clcnn_status clcnn_ctx_warm_up(clcnn_ctx *ctx, int on);
/** How many programs this context has built so far. */
CLCNN_API size_t clcnn_ctx_programs_built(const clcnn_ctx *ctx);

/** Something that a ctx has had compiled; the strings are the ctx's, and valid during the call. */
typedef struct clcnn_compiled {
    const char *program; /* "conv2d_tile" */
    const char *kernel;  /* NULL: the whole program was built; else the kernel's first launch */
    double seconds;      /* a first launch: with the kernel's own run */
} clcnn_compiled;
typedef void (*clcnn_compiled_fn)(const clcnn_compiled *compiled, void *user);
/**
 * Has every program that is built and every kernel that is launched for the first time told to
 * `watch`, which must not use the ctx. First launches are then waited for, before and after: some
 * drivers (PoCL is one) compile a kernel only then. watch = NULL ends that.
 */
CLCNN_API clcnn_status clcnn_ctx_watch(clcnn_ctx *ctx, clcnn_compiled_fn watch, void *user);

/* ---------------------------------------------------------------------------------------------
 * Buffers, directions, plans
 */

/** A tensor in device memory: a buffer and an offset in elements of 4 bytes. */
typedef struct clcnn_mem {
    cl_mem buf;
    size_t offset;
} clcnn_mem;

/** An optional tensor that is left out. */
#define CLCNN_NO_MEM ((clcnn_mem){NULL, 0})

typedef enum clcnn_direction {
    CLCNN_FORWARD,
    CLCNN_BACKWARD_DATA,
    CLCNN_BACKWARD_WEIGHTS
} clcnn_direction;

/**
 * How one direction of an operation will be computed. A query fills algo, workspace_bytes and
 * packed_bytes; the caller sets `workspace` to device memory of at least workspace_bytes (offset in
 * elements of 4 bytes) and passes the plan to the call. Where calls take a plan, NULL means: the
 * best algorithm that needs no workspace. The same workspace may serve any number of calls on one
 * queue. When packed_bytes is not 0, an OP_pack call can prepare weights that don't change into
 * `packed`; otherwise leave it out. How weights lie there depends on the tuning rows: once rows are
 * added or taken away, a plan with packed weights is CLCNN_INVALID_ARGUMENT; query and pack again.
 */
typedef struct clcnn_plan {
    const char *algo;       /* a name of clcnn_algos; static storage */
    size_t workspace_bytes; /* what this algorithm needs; 0: nothing */
    size_t packed_bytes;    /* size of the packed weights, 0: this algorithm does not pack */
    clcnn_mem workspace;
    clcnn_mem packed;
    unsigned tuning; /* the query's: which tuning rows, by clcnn_ctx_tune, it is of */
} clcnn_plan;

/** The workspace is not limited. */
#define CLCNN_ANY_WORKSPACE ((size_t)-1)

/* ---------------------------------------------------------------------------------------------
 * Algorithms and their errors
 *
 * X(name, sentence). u = 2^-24, n the number of summands, mag the reference's sum of magnitudes
 * for the element. slope: 1 without an activation and for ReLU and tanh, max(1, |alpha|) for leaky
 * ReLU and ELU, 1/4 for sigmoid, 1.13 for SiLU and both GELUs. Devices that flush denormals may add
 * (n + 2) * 2^-126.
 *
 * NaN and infinities take part in a result as in any other operation on floats, and reach nothing
 * that the formula keeps them out of. Sums are taken in float, in any order: one that exceeds
 * FLT_MAX on its way is infinite. Unless results are exact, a zero may have either sign. Which NaN
 * a NaN is, is never promised.
 */
#define CLCNN_ERROR_CLASS_MAP(X)                                                                   \
    X(CLCNN_EXACT, "equal bits on every device")                                                   \
    X(CLCNN_DOT, "|error| <= gamma(n + 2) * mag, gamma(m) = m u / (1 - m u)")                      \
    X(CLCNN_NORMWISE, "|error| <= constant * u * mag")                                             \
    X(CLCNN_ULP, "|error| <= constant * u * mag; equal bits where mag is 0")                       \
    X(CLCNN_NORMWISE_DOT,                                                                          \
      "|error| <= gamma(n + 2) * mag + constant * u * n * max|a| * max|b| * slope, of sums of "    \
      "products a * b of two tensors; slope: the steepest of the activation behind them")

typedef enum clcnn_error_class {
#define CLCNN_ERROR_CLASS_ENUM(name, sentence) name,
    CLCNN_ERROR_CLASS_MAP(CLCNN_ERROR_CLASS_ENUM)
#undef CLCNN_ERROR_CLASS_ENUM
} clcnn_error_class;

/** One algorithm of an operation. The error class may differ by direction. */
typedef struct clcnn_algo {
    const char *name; /* NULL ends a list */
    struct {
        clcnn_error_class error_class;
        double constant; /* of CLCNN_NORMWISE, _NORMWISE_DOT and CLCNN_ULP, else 0 */
    } error[3];          /* by clcnn_direction */
} clcnn_algo;

/**
 * The algorithms of an operation ("conv2d", "maxpool2d", "adam", ...), preferred first, ended by a
 * row whose name is NULL. The last one takes everything that is legal. NULL for a name that is no
 * operation.
 */
CLCNN_API const clcnn_algo *clcnn_algos(const char *op);
/**
 * The largest error that the algorithm's class allows an element with n summands and magnitude mag
 * in this direction, without the allowance for flushed denormals; for CLCNN_NORMWISE_DOT its second
 * term alone, with n * max|a| * max|b| * slope as mag.
 */
CLCNN_API double clcnn_error_bound(const clcnn_algo *algo, clcnn_direction direction, double n,
                                   double mag);

/* ---------------------------------------------------------------------------------------------
 * Activation: y = f(x)
 *
 * A NaN stays a NaN; its gradient passes dy for identity, ReLU and leaky ReLU and is a NaN for the
 * others. Infinities go to their limits: SiLU and both GELUs of -Inf are -0, and their gradients
 * at the infinities 0 and 1. Nothing cancels: results far from 0, and near 0 where f(0) is 0, keep
 * their digits. (Where a gradient passes through 0, as SiLU's near -1.28 and GELU's near -0.75, the
 * error is small beside its two summands.)
 */
typedef enum clcnn_activation_kind {
    CLCNN_IDENTITY,   /* y = x */
    CLCNN_RELU,       /* y = max(x, 0); the gradient at 0 is 0 */
    CLCNN_LEAKY_RELU, /* y = x for x > 0, alpha*x otherwise; the gradient at 0 is alpha */
    CLCNN_ELU, /* y = x for x > 0, alpha*(exp(x) - 1) otherwise; alpha >= 0; Clevert et al. 2015 */
    CLCNN_SIGMOID,  /* y = 1/(1 + exp(-x)) */
    CLCNN_TANH,     /* y = tanh(x) */
    CLCNN_SILU,     /* y = x/(1 + exp(-x)); also called swish */
    CLCNN_GELU,     /* y = x*(1 + erf(x/sqrt(2)))/2; Hendrycks and Gimpel 2016 */
    CLCNN_GELU_TANH /* y = x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x^3)))/2 */
} clcnn_activation_kind;

typedef struct clcnn_activation {
    int count; /* elements, >= 0 */
    clcnn_activation_kind kind;
    double alpha; /* of leaky ReLU and ELU: finite as a float, 0 means 0; others ignore its value */
} clcnn_activation;

/** y[i] = f(x[i]). y may be x itself. */
CLCNN_API clcnn_status clcnn_activation_forward(clcnn_ctx *ctx, const clcnn_activation *d,
                                                clcnn_mem x, clcnn_mem y);
/**
 * dx[i] = dy[i] * f'(x[i]). Give x, or the forward result y, or both (then x is used). From y
 * alone: identity, ReLU, leaky ReLU with alpha >= 0, ELU, sigmoid and tanh; it is cheaper, and as
 * good as y is: where f is flat, y has few digits of f'. The others need x. dx may be dy itself.
 */
CLCNN_API clcnn_status clcnn_activation_backward(clcnn_ctx *ctx, const clcnn_activation *d,
                                                 clcnn_mem x, clcnn_mem y, clcnn_mem dy,
                                                 clcnn_mem dx);

/** An activation that stands before a layer: the layer's x is its result. */
typedef struct clcnn_before {
    clcnn_activation_kind kind;
    double alpha; /* as in clcnn_activation */
} clcnn_before;

/* ---------------------------------------------------------------------------------------------
 * conv2d: correlation of images with filters, as CNNs use it
 *
 *   y[n][k][p][q] = f( b[k] + sum over c', r, s of
 *                      x[n][g*C + c'][p*stride_h + r*dilation_h - pad_top]
 *                                    [q*stride_w + s*dilation_w - pad_left] * w[k][c'][r][s] )
 *   with C = c/groups, g = k / (K/groups), x taken as 0 outside the image.
 *   p counts to P = (h + pad_top + pad_bottom - dilation_h*(r-1) - 1) / stride_h + 1, q likewise.
 *
 * Where a tap of w meets no element (padding; in the gradient for x also the gaps that strides
 * leave), an algorithm may add w * 0 or nothing: an infinite or NaN weight gives NaN there or
 * leaves no trace. So does an infinite or NaN dy that meets padding, in the gradient for w.
 *
 * The algorithm "winograd" (3x3 filters, strides and dilations of 1, one group or groups of 4
 * channels and more) multiplies a quarter as often and rounds more: its error is of class
 * CLCNN_NORMWISE_DOT, small beside the largest results, not beside each, and its constant twice the
 * largest error that was found: no proof, as the other classes have. An infinity or NaN may
 * spread over a tile, which is 4x4 results that meet 6x6 inputs, and, to the weights, over a
 * filter's nine taps. Numbers beyond FLT_MAX/128, and sums with n * max|a| * max|b| beyond
 * FLT_MAX/1024, may overflow on their way. dot_only keeps the default from it and from everything
 * else that is not CLCNN_DOT, and refuses it by name.
 *
 * Shapes: x [n,c,h,w], w [k,c/groups,r,s], b [k], y [n,k,P,Q]; gradients as what they belong to.
 */
typedef struct clcnn_conv2d {
    int n, c, h, w;                               /* input: batch, channels, height, width */
    int k, r, s;                                  /* filters: count, height, width */
    int pad_top, pad_left, pad_bottom, pad_right; /* zeros around the image, >= 0 */
    int stride_h, stride_w;                       /* 0: 1 */
    int dilation_h, dilation_w;                   /* 0: 1 */
    int groups;                                   /* 0: 1; must divide c and k */
    clcnn_activation_kind activation;
    double alpha;   /* f of forward; backward ignores it: give
                       the gradient with respect to f's input */
    int accumulate; /* backward adds to its gradients */
    int dot_only;   /* 1: only algorithms of class CLCNN_DOT, by default and by name */
} clcnn_conv2d;

/** Output height and width. An illegal descriptor: CLCNN_INVALID_ARGUMENT, *p and *q untouched. */
CLCNN_API clcnn_status clcnn_conv2d_output(const clcnn_conv2d *d, int *p, int *q,
                                           clcnn_error *error);
/**
 * Chooses how to compute one direction. algo = NULL: the best for this device and problem that
 * needs at most max_workspace bytes (0 is legal); a name: that one, or CLCNN_UNSUPPORTED with the
 * reason. The algorithms: see clcnn_algos("conv2d").
 */
CLCNN_API clcnn_status clcnn_conv2d_plan(clcnn_ctx *ctx, const clcnn_conv2d *d,
                                         clcnn_direction direction, const char *algo,
                                         size_t max_workspace, clcnn_plan *plan);
/** b may be left out (no bias). */
CLCNN_API clcnn_status clcnn_conv2d_forward(clcnn_ctx *ctx, const clcnn_conv2d *d, clcnn_mem x,
                                            clcnn_mem w, clcnn_mem b, clcnn_mem y,
                                            const clcnn_plan *plan);
/** dx = the gradient of sum(y * dy) with respect to x. */
CLCNN_API clcnn_status clcnn_conv2d_backward_data(clcnn_ctx *ctx, const clcnn_conv2d *d,
                                                  clcnn_mem dy, clcnn_mem w, clcnn_mem dx,
                                                  const clcnn_plan *plan);
/** dw and db = the gradients with respect to w and b; one of the two may be left out. */
CLCNN_API clcnn_status clcnn_conv2d_backward_weights(clcnn_ctx *ctx, const clcnn_conv2d *d,
                                                     clcnn_mem x, clcnn_mem dy, clcnn_mem dw,
                                                     clcnn_mem db, const clcnn_plan *plan);
/**
 * All gradients of a layer at once, in fewer kernels where the algorithms allow it: dw and db as
 * clcnn_conv2d_backward_weights, dx as clcnn_conv2d_backward_data, with the same bits. Where
 * `before` is not NULL, x is the result of that activation, x = f(z), and dx goes through it as
 * well, as by clcnn_activation_backward from y in place: the gradient with respect to z,
 *
 *   dx[i] = f'(z[i]) * (the gradient with respect to x[i])
 *
 * or with accumulate, f'(z[i]) * (what was in dx[i] + the gradient with respect to x[i]). f is of a
 * kind whose slope follows from its result: identity, ReLU, leaky ReLU with alpha >= 0, ELU,
 * sigmoid or tanh; any other is CLCNN_INVALID_ARGUMENT.
 *
 * Up to two of dx, dw and db may be left out; `before` is then for a dx that is there. x may be
 * left out where neither dw, db nor `before` needs it, w where dx doesn't. data_plan is a plan of
 * backward_data, weights_plan of backward_weights; each is looked at where its gradients are asked
 * for. Both may have the same workspace.
 */
CLCNN_API clcnn_status clcnn_conv2d_backward(clcnn_ctx *ctx, const clcnn_conv2d *d,
                                             const clcnn_before *before, clcnn_mem x, clcnn_mem w,
                                             clcnn_mem dy, clcnn_mem dx, clcnn_mem dw, clcnn_mem db,
                                             const clcnn_plan *data_plan,
                                             const clcnn_plan *weights_plan);
/**
 * Prepares weights that don't change for `direction` (forward or backward_data) into plan->packed.
 * Later calls with this plan use them and only check w, so w must be the same weights.
 */
CLCNN_API clcnn_status clcnn_conv2d_pack(clcnn_ctx *ctx, const clcnn_conv2d *d,
                                         clcnn_direction direction, clcnn_mem w,
                                         const clcnn_plan *plan);

/* ---------------------------------------------------------------------------------------------
 * conv2d_transpose: the adjoint of conv2d's data path (a "deconvolution"), for upsampling
 *
 *   full[n][k][i*stride_h + r*dilation_h][j*stride_w + s*dilation_w] +=
 *       x[n][g*C + c'][i][j] * w[g*C + c'][k'][r][s]   (k = g*K/groups + k', C = c/groups)
 *   y = f( b[k] + full, cropped by pad_top, pad_left, pad_bottom, pad_right )
 *
 * The full result has the height (h-1)*stride_h + dilation_h*(r-1) + 1 + output_pad_h; output_pad
 * adds rows of nothing at the bottom (columns at the right), so that a convolution's input size can
 * be met again. 0 <= output_pad < max(stride, dilation).
 * Shapes: x [n,c,h,w], w [c,k/groups,r,s], b [k], y [n,k,P,Q]. Algorithms and plans are conv2d's
 * (dense takes none), and so is what becomes of infinite and NaN weights where a tap meets no
 * element.
 */
typedef struct clcnn_conv2d_transpose {
    int n, c, h, w;                               /* input */
    int k, r, s;                                  /* output channels, filter height, width */
    int pad_top, pad_left, pad_bottom, pad_right; /* cropped off the full result, >= 0 */
    int output_pad_h, output_pad_w;
    int stride_h, stride_w;     /* 0: 1 */
    int dilation_h, dilation_w; /* 0: 1 */
    int groups;                 /* 0: 1; must divide c and k */
    clcnn_activation_kind activation;
    double alpha;   /* as in clcnn_conv2d */
    int accumulate; /* backward adds to its gradients */
    int dot_only;   /* as in clcnn_conv2d */
} clcnn_conv2d_transpose;

/** Output height and width. An illegal descriptor: CLCNN_INVALID_ARGUMENT, *p and *q untouched. */
CLCNN_API clcnn_status clcnn_conv2d_transpose_output(const clcnn_conv2d_transpose *d, int *p,
                                                     int *q, clcnn_error *error);
/** As clcnn_conv2d_plan. */
CLCNN_API clcnn_status clcnn_conv2d_transpose_plan(clcnn_ctx *ctx, const clcnn_conv2d_transpose *d,
                                                   clcnn_direction direction, const char *algo,
                                                   size_t max_workspace, clcnn_plan *plan);
/** b may be left out. */
CLCNN_API clcnn_status clcnn_conv2d_transpose_forward(clcnn_ctx *ctx,
                                                      const clcnn_conv2d_transpose *d, clcnn_mem x,
                                                      clcnn_mem w, clcnn_mem b, clcnn_mem y,
                                                      const clcnn_plan *plan);
/** dx[n][c][i][j] = the correlation of dy, padded where y was cropped, with w. */
CLCNN_API clcnn_status clcnn_conv2d_transpose_backward_data(clcnn_ctx *ctx,
                                                            const clcnn_conv2d_transpose *d,
                                                            clcnn_mem dy, clcnn_mem w, clcnn_mem dx,
                                                            const clcnn_plan *plan);
/** dw and db = the gradients with respect to w and b; one of the two may be left out. */
CLCNN_API clcnn_status clcnn_conv2d_transpose_backward_weights(clcnn_ctx *ctx,
                                                               const clcnn_conv2d_transpose *d,
                                                               clcnn_mem x, clcnn_mem dy,
                                                               clcnn_mem dw, clcnn_mem db,
                                                               const clcnn_plan *plan);
/** As clcnn_conv2d_pack. */
CLCNN_API clcnn_status clcnn_conv2d_transpose_pack(clcnn_ctx *ctx, const clcnn_conv2d_transpose *d,
                                                   clcnn_direction direction, clcnn_mem w,
                                                   const clcnn_plan *plan);

/* ---------------------------------------------------------------------------------------------
 * conv1d: correlation of signals with filters, a convolution layer in one dimension
 *
 *   y[n][k][q] = f( b[k] + sum over c', s of
 *                   x[n][g*C + c'][q*stride + s*dilation - pad_left] * w[k][c'][s] )
 *   with C = c/groups, g = k / (K/groups), x taken as 0 outside the signal.
 *   q counts to Q = (w + pad_left + pad_right - dilation*(s-1) - 1) / stride + 1.
 *
 * Shapes: x [n,c,w], w [k,c/groups,s], b [k], y [n,k,Q]. It is conv2d with images and filters of
 * one row, and shares its algorithms and plans; winograd takes none of its filters.
 */
typedef struct clcnn_conv1d {
    int n, c, w;             /* batch, channels, length */
    int k, s;                /* filters: count, length */
    int pad_left, pad_right; /* zeros around the signal, >= 0 */
    int stride, dilation;    /* 0: 1 */
    int groups;              /* 0: 1; must divide c and k */
    clcnn_activation_kind activation;
    double alpha;   /* as in clcnn_conv2d */
    int accumulate; /* backward adds to its gradients */
} clcnn_conv1d;

/** Output length. An illegal descriptor: CLCNN_INVALID_ARGUMENT, *q untouched. */
CLCNN_API clcnn_status clcnn_conv1d_output(const clcnn_conv1d *d, int *q, clcnn_error *error);
/** As clcnn_conv2d_plan. */
CLCNN_API clcnn_status clcnn_conv1d_plan(clcnn_ctx *ctx, const clcnn_conv1d *d,
                                         clcnn_direction direction, const char *algo,
                                         size_t max_workspace, clcnn_plan *plan);
/** b may be left out. */
CLCNN_API clcnn_status clcnn_conv1d_forward(clcnn_ctx *ctx, const clcnn_conv1d *d, clcnn_mem x,
                                            clcnn_mem w, clcnn_mem b, clcnn_mem y,
                                            const clcnn_plan *plan);
CLCNN_API clcnn_status clcnn_conv1d_backward_data(clcnn_ctx *ctx, const clcnn_conv1d *d,
                                                  clcnn_mem dy, clcnn_mem w, clcnn_mem dx,
                                                  const clcnn_plan *plan);
/** dw and db = the gradients with respect to w and b; one of the two may be left out. */
CLCNN_API clcnn_status clcnn_conv1d_backward_weights(clcnn_ctx *ctx, const clcnn_conv1d *d,
                                                     clcnn_mem x, clcnn_mem dy, clcnn_mem dw,
                                                     clcnn_mem db, const clcnn_plan *plan);
/** As clcnn_conv2d_pack. */
CLCNN_API clcnn_status clcnn_conv1d_pack(clcnn_ctx *ctx, const clcnn_conv1d *d,
                                         clcnn_direction direction, clcnn_mem w,
                                         const clcnn_plan *plan);

/* ---------------------------------------------------------------------------------------------
 * correlate1d: correlation and convolution of two plain signals, with numpy's conventions
 *
 *   full[k] = sum over j of a[k + j - (B - 1)] * b[j]     (correlation, A and B the lengths)
 *   full[k] = sum over j of a[k - j] * b[j]               (convolve: true convolution, b flipped)
 *
 * for k from 0 to A + B - 2, elements outside a signal taken as 0. The modes keep of it, with S the
 * length of the shorter signal and L that of the longer:
 *   CLCNN_VALID  the L - S + 1 results where the shorter lies wholly within the longer
 *   CLCNN_SAME   L results, S/2 (rounded down) of them before the first valid one; where a is the
 *                shorter of a correlation, after the last valid one instead
 *   CLCNN_FULL   all of it
 *
 * Convolution is commutative, and a correlation with its operands exchanged is the same reversed;
 * so it is always the shorter signal that slides over the longer one.
 * Shapes: a [A], b [B], y [clcnn_correlate1d_output].
 */
typedef enum clcnn_signal_mode { CLCNN_VALID, CLCNN_SAME, CLCNN_FULL } clcnn_signal_mode;

typedef struct clcnn_correlate1d {
    int a, b; /* lengths */
    clcnn_signal_mode mode;
    int convolve; /* 1: convolution */
} clcnn_correlate1d;

/** Length of y. An illegal descriptor: CLCNN_INVALID_ARGUMENT, *size untouched. */
CLCNN_API clcnn_status clcnn_correlate1d_output(const clcnn_correlate1d *d, int *size,
                                                clcnn_error *error);
CLCNN_API clcnn_status clcnn_correlate1d_forward(clcnn_ctx *ctx, const clcnn_correlate1d *d,
                                                 clcnn_mem a, clcnn_mem b, clcnn_mem y);

/* ---------------------------------------------------------------------------------------------
 * dense: a fully connected layer
 *
 *   y[n][k] = f( b[k] + sum over c of x[n][c] * w[k][c] )
 *
 * Shapes: x [n,c], w [k,c], b [k], y [n,k]. It is the 1x1 convolution of 1x1 images and shares
 * conv2d's algorithms, of which winograd takes none of its filters, and plans.
 */
typedef struct clcnn_dense {
    int n, c, k; /* batch, inputs, outputs */
    clcnn_activation_kind activation;
    double alpha;   /* as in clcnn_conv2d */
    int accumulate; /* backward adds to its gradients */
} clcnn_dense;

/** As clcnn_conv2d_plan. */
CLCNN_API clcnn_status clcnn_dense_plan(clcnn_ctx *ctx, const clcnn_dense *d,
                                        clcnn_direction direction, const char *algo,
                                        size_t max_workspace, clcnn_plan *plan);
/** b may be left out. */
CLCNN_API clcnn_status clcnn_dense_forward(clcnn_ctx *ctx, const clcnn_dense *d, clcnn_mem x,
                                           clcnn_mem w, clcnn_mem b, clcnn_mem y,
                                           const clcnn_plan *plan);
/** dx[n][c] = sum over k of dy[n][k] * w[k][c] */
CLCNN_API clcnn_status clcnn_dense_backward_data(clcnn_ctx *ctx, const clcnn_dense *d, clcnn_mem dy,
                                                 clcnn_mem w, clcnn_mem dx, const clcnn_plan *plan);
/** dw[k][c] = sum over n of dy[n][k] * x[n][c], db[k] = sum over n of dy[n][k]; one of them may be
 *  left out. */
CLCNN_API clcnn_status clcnn_dense_backward_weights(clcnn_ctx *ctx, const clcnn_dense *d,
                                                    clcnn_mem x, clcnn_mem dy, clcnn_mem dw,
                                                    clcnn_mem db, const clcnn_plan *plan);
/** As clcnn_conv2d_backward. */
CLCNN_API clcnn_status clcnn_dense_backward(clcnn_ctx *ctx, const clcnn_dense *d,
                                            const clcnn_before *before, clcnn_mem x, clcnn_mem w,
                                            clcnn_mem dy, clcnn_mem dx, clcnn_mem dw, clcnn_mem db,
                                            const clcnn_plan *data_plan,
                                            const clcnn_plan *weights_plan);
/** As clcnn_conv2d_pack. */
CLCNN_API clcnn_status clcnn_dense_pack(clcnn_ctx *ctx, const clcnn_dense *d,
                                        clcnn_direction direction, clcnn_mem w,
                                        const clcnn_plan *plan);

/* ---------------------------------------------------------------------------------------------
 * maxpool2d: the largest value of each window, and where it was
 *
 *   y[n][c][p][q] = max over i < r, j < s of x[n][c][p*stride_h + i*dilation_h - pad_top]
 *                                                  [q*stride_w + j*dilation_w - pad_left]
 *   argmax[n][c][p][q] = row*w + column of that element in the unpadded plane
 *   dx[n][c][row][column] = sum of dy over the windows whose argmax it is
 *
 * Padding never wins. On ties the first in row-major order is taken; a NaN wins over any number,
 * the first NaN over later ones; a window of nothing but -Inf yields -Inf and its first element.
 * Shapes: x, dx [n,c,h,w]; y, dy, argmax [n,c,P,Q], P and Q as for conv2d. argmax is int32.
 *
 * ceil_mode, as in PyTorch: the division in P and Q is rounded up, so that the last window may
 * reach past the padding at the end; but it must begin inside the image or the padding before it.
 * Global max-pooling: r = h, s = w, no padding; y is then [n,c,1,1].
 */
typedef struct clcnn_maxpool2d {
    int n, c, h, w;
    int r, s;                                     /* window height, width */
    int pad_top, pad_left, pad_bottom, pad_right; /* >= 0 */
    int stride_h, stride_w;                       /* 0: the window, r and s */
    int dilation_h, dilation_w;                   /* 0: 1 */
    int accumulate;                               /* backward adds to dx */
    int ceil_mode;                                /* see below */
} clcnn_maxpool2d;

/**
 * Output height and width. A window larger than the padded image, or one that would lie wholly in
 * the padding, is CLCNN_INVALID_ARGUMENT; *p and *q are then untouched.
 */
CLCNN_API clcnn_status clcnn_maxpool2d_output(const clcnn_maxpool2d *d, int *p, int *q,
                                              clcnn_error *error);
/** argmax may be left out (inference). */
CLCNN_API clcnn_status clcnn_maxpool2d_forward(clcnn_ctx *ctx, const clcnn_maxpool2d *d,
                                               clcnn_mem x, clcnn_mem y, clcnn_mem argmax);
/** An argmax outside its window contributes nothing; it is never used as an address. */
CLCNN_API clcnn_status clcnn_maxpool2d_backward(clcnn_ctx *ctx, const clcnn_maxpool2d *d,
                                                clcnn_mem dy, clcnn_mem argmax, clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * avgpool2d: the mean of each window
 *
 *   y[n][c][p][q] = (sum over i < r, j < s of x[n][c][p*stride_h + i - pad_top]
 *                                                [q*stride_w + j - pad_left]) / count(p, q)
 *   dx[n][c][row][column] = sum of dy[n][c][p][q] / count(p, q) over the windows over the element
 *
 * x counts as 0 in the padding. count(p, q) is how many elements of the window lie in the image or,
 * with count_include_pad, in the image or its padding: r*s, but for a last window that ceil_mode
 * lets reach past the padding. The formulas are PyTorch's, whose count_include_pad is on by
 * default. Sums are taken in float: one that exceeds FLT_MAX is infinite, though the mean would not
 * be. A NaN in a window makes its mean NaN, and so do infinities of both signs.
 *
 * Shapes: x, dx [n,c,h,w]; y, dy [n,c,P,Q], P and Q as for clcnn_maxpool2d without dilation.
 * Bound: CLCNN_DOT with n = r*s + 3; backward with 3 more than the windows over an element.
 */
typedef struct clcnn_avgpool2d {
    int n, c, h, w;
    int r, s;                                     /* window height, width */
    int pad_top, pad_left, pad_bottom, pad_right; /* >= 0 */
    int stride_h, stride_w;                       /* 0: the window, r and s */
    int count_include_pad;                        /* not 0: the mean takes the padding's zeros in */
    int accumulate;                               /* backward adds to dx */
    int ceil_mode;                                /* as in clcnn_maxpool2d */
} clcnn_avgpool2d;

/** As clcnn_maxpool2d_output. */
CLCNN_API clcnn_status clcnn_avgpool2d_output(const clcnn_avgpool2d *d, int *p, int *q,
                                              clcnn_error *error);
CLCNN_API clcnn_status clcnn_avgpool2d_forward(clcnn_ctx *ctx, const clcnn_avgpool2d *d,
                                               clcnn_mem x, clcnn_mem y);
CLCNN_API clcnn_status clcnn_avgpool2d_backward(clcnn_ctx *ctx, const clcnn_avgpool2d *d,
                                                clcnn_mem dy, clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * im2col and col2im: windows as columns of a matrix, and back (PyTorch's unfold and fold)
 *
 *   im2col   y[n][(c*r + i)*s + j][p*Q + q] = x[n][c][p*stride_h + i*dilation_h - pad_top]
 *                                                    [q*stride_w + j*dilation_w - pad_left]
 *            and 0 where that lies in the padding
 *   col2im   y[n][c][row][column] = sum of the x[n][(c*r + i)*s + j][p*Q + q] that im2col would
 *            have copied from there; 0 where there are none
 *
 * Each is the adjoint, and so the gradient, of the other. An image's shapes: [n,c,h,w]; a matrix's:
 * [n,c*r*s,P*Q], P and Q as for conv2d. col2im gathers: what it adds up, it adds in a fixed order.
 * im2col is exact; col2im is CLCNN_DOT with n the summands.
 */
typedef struct clcnn_im2col {
    int n, c, h, w;                               /* of the image, also for col2im */
    int r, s;                                     /* window height, width */
    int pad_top, pad_left, pad_bottom, pad_right; /* >= 0 */
    int stride_h, stride_w;                       /* 0: 1 */
    int dilation_h, dilation_w;                   /* 0: 1 */
    int accumulate;                               /* col2im adds to y; im2col ignores it */
} clcnn_im2col;

/** P and Q. An illegal descriptor: CLCNN_INVALID_ARGUMENT, *p and *q untouched. */
CLCNN_API clcnn_status clcnn_im2col_output(const clcnn_im2col *d, int *p, int *q,
                                           clcnn_error *error);
/** Image x to matrix y. */
CLCNN_API clcnn_status clcnn_im2col_forward(clcnn_ctx *ctx, const clcnn_im2col *d, clcnn_mem x,
                                            clcnn_mem y);
/** Matrix x to image y. */
CLCNN_API clcnn_status clcnn_col2im_forward(clcnn_ctx *ctx, const clcnn_im2col *d, clcnn_mem x,
                                            clcnn_mem y);

/* ---------------------------------------------------------------------------------------------
 * pad2d: zeros around images
 *
 *   y[n][c][p][q] = x[n][c][p - pad_top][q - pad_left], and 0 outside the image
 *   dx[n][c][row][column] = dy[n][c][row + pad_top][column + pad_left]
 *
 * Shapes: x, dx [n,c,h,w]; y, dy [n,c,P,Q], P = h + pad_top + pad_bottom, Q = w + pad_left +
 * pad_right. Exact; backward that accumulates makes one addition.
 */
typedef struct clcnn_pad2d {
    int n, c, h, w;
    int pad_top, pad_left, pad_bottom, pad_right; /* >= 0 */
    int accumulate;                               /* backward adds to dx */
} clcnn_pad2d;

/** P and Q. An illegal descriptor: CLCNN_INVALID_ARGUMENT, *p and *q untouched. */
CLCNN_API clcnn_status clcnn_pad2d_output(const clcnn_pad2d *d, int *p, int *q, clcnn_error *error);
CLCNN_API clcnn_status clcnn_pad2d_forward(clcnn_ctx *ctx, const clcnn_pad2d *d, clcnn_mem x,
                                           clcnn_mem y);
CLCNN_API clcnn_status clcnn_pad2d_backward(clcnn_ctx *ctx, const clcnn_pad2d *d, clcnn_mem dy,
                                            clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * adaptive_avgpool2d: means over as many windows as the output has elements; p = q = 1 is global
 * average pooling
 *
 *   y[n][c][i][j] = mean of x[n][c][row][column] over
 *                   floor(i*h / p) <= row < ceil((i + 1)*h / p), columns likewise with w and q
 *   dx[n][c][row][column] = sum of dy[n][c][i][j] / count(i, j) over the windows over the element
 *
 * PyTorch's windows: they overlap where p does not divide h, and repeat where p > h.
 * Shapes: x, dx [n,c,h,w]; y, dy [n,c,p,q]. Sums as in clcnn_avgpool2d.
 * Bound: CLCNN_DOT with n 3 more than the elements of the largest window; backward with 3 more than
 * the windows over an element.
 */
typedef struct clcnn_adaptive_avgpool2d {
    int n, c, h, w;
    int p, q;       /* output height, width */
    int accumulate; /* backward adds to dx */
} clcnn_adaptive_avgpool2d;

CLCNN_API clcnn_status clcnn_adaptive_avgpool2d_forward(clcnn_ctx *ctx,
                                                        const clcnn_adaptive_avgpool2d *d,
                                                        clcnn_mem x, clcnn_mem y);
CLCNN_API clcnn_status clcnn_adaptive_avgpool2d_backward(clcnn_ctx *ctx,
                                                         const clcnn_adaptive_avgpool2d *d,
                                                         clcnn_mem dy, clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * upsample2d: images of another size, by the nearest element or by bilinear interpolation
 *
 * Output row i lies at row t(i) of the input, and columns likewise:
 *   nearest                        t = i * h/p, and the element is that of floor(t)
 *   bilinear                       t = max(0, (i + 1/2) * h/p - 1/2)
 *   bilinear with align_corners    t = i * (h - 1)/(p - 1), 0 where p = 1
 * Bilinear mixes the rows floor(t) and floor(t) + 1 (the last row beside itself) with the weights
 * 1 - (t - floor(t)) and t - floor(t); an element of weight 0 has no part in it, whatever it holds.
 * t is an exact fraction, where PyTorch, whose formulas these are, rounds it to float. Backward
 * gathers: dx of an element is the sum of dy times its weight over the outputs that it has part in.
 * Any size is legal, smaller ones too.
 *
 * Shapes: x, dx [n,c,h,w]; y, dy [n,c,p,q]. Nearest is a copy, its gradient CLCNN_DOT with n the
 * summands. Bilinear: CLCNN_DOT with n 17 more than the summands.
 */
typedef enum clcnn_upsample_kind { CLCNN_NEAREST, CLCNN_BILINEAR } clcnn_upsample_kind;

typedef struct clcnn_upsample2d {
    int n, c, h, w;
    int p, q;             /* output height, width; 0: h*scale_h, w*scale_w */
    int scale_h, scale_w; /* 0: see p and q; where both are given they must agree */
    clcnn_upsample_kind kind;
    int align_corners; /* for bilinear alone */
    int accumulate;    /* backward adds to dx */
} clcnn_upsample2d;

/** Output height and width. An illegal descriptor: CLCNN_INVALID_ARGUMENT, *p and *q untouched. */
CLCNN_API clcnn_status clcnn_upsample2d_output(const clcnn_upsample2d *d, int *p, int *q,
                                               clcnn_error *error);
CLCNN_API clcnn_status clcnn_upsample2d_forward(clcnn_ctx *ctx, const clcnn_upsample2d *d,
                                                clcnn_mem x, clcnn_mem y);
CLCNN_API clcnn_status clcnn_upsample2d_backward(clcnn_ctx *ctx, const clcnn_upsample2d *d,
                                                 clcnn_mem dy, clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * concat: images side by side in their channels
 *
 *   y[n][c] = x[i][n][c - the channels of the inputs before i], i the input whose turn it is at c
 *   dx[i] = that part of dy
 *
 * Shapes: x[i] [n,channels[i],h,w], y [n,sum of channels,h,w]. Copies keep every bit of a float
 * that is no denormal. Inputs may be the same tensor.
 */
#define CLCNN_CONCAT_MAX 16 /* inputs */

typedef struct clcnn_concat {
    int n, h, w;
    int inputs;          /* 1 to CLCNN_CONCAT_MAX */
    const int *channels; /* of each input; looked at during the call alone */
    int accumulate;      /* backward adds to the gradients */
} clcnn_concat;

/** x: an array of d->inputs tensors. */
CLCNN_API clcnn_status clcnn_concat_forward(clcnn_ctx *ctx, const clcnn_concat *d,
                                            const clcnn_mem *x, clcnn_mem y);
/** dx: an array of d->inputs tensors, some of which may be left out, not all. */
CLCNN_API clcnn_status clcnn_concat_backward(clcnn_ctx *ctx, const clcnn_concat *d, clcnn_mem dy,
                                             const clcnn_mem *dx);

/* ---------------------------------------------------------------------------------------------
 * slice: some of the channels of images
 *
 *   y[n][c] = x[n][begin + c]
 *   dx[n][begin + c] = dy[n][c], 0 in all other channels (accumulating, these stay as they are)
 *
 * Shapes: x [n,c,h,w], y [n,count,h,w].
 */
typedef struct clcnn_slice {
    int n, c, h, w;
    int begin, count; /* channels begin to begin + count - 1 */
    int accumulate;   /* backward adds to dx */
} clcnn_slice;

CLCNN_API clcnn_status clcnn_slice_forward(clcnn_ctx *ctx, const clcnn_slice *d, clcnn_mem x,
                                           clcnn_mem y);
CLCNN_API clcnn_status clcnn_slice_backward(clcnn_ctx *ctx, const clcnn_slice *d, clcnn_mem dy,
                                            clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * softmax: rows of logits to probabilities, or to their logarithms
 *
 *   y[i][j] = exp(x[i][j] - m[i]) / S[i]          with m[i] = max over j of x[i][j]
 *   y[i][j] = x[i][j] - m[i] - log(S[i])   (log)   and S[i] = sum over j of exp(x[i][j] - m[i])
 *   dx[i][j] = y[i][j] * (dy[i][j] - sum over j' of y[i][j']*dy[i][j'])
 *   dx[i][j] = dy[i][j] - exp(y[i][j]) * sum over j' of dy[i][j']   (log)
 *
 * Safe for logits of any finite size; a row with a NaN or an Inf is NaN, a -Inf has probability 0.
 * Shapes: x, y, dy, dx [n,classes].
 */
typedef struct clcnn_softmax {
    int n, classes;
    int log;        /* 1: log-softmax */
    int accumulate; /* backward adds to dx */
} clcnn_softmax;

/** y may be x itself. */
CLCNN_API clcnn_status clcnn_softmax_forward(clcnn_ctx *ctx, const clcnn_softmax *d, clcnn_mem x,
                                             clcnn_mem y);
/** From forward's y. dx may be dy itself, unless it accumulates. */
CLCNN_API clcnn_status clcnn_softmax_backward(clcnn_ctx *ctx, const clcnn_softmax *d, clcnn_mem y,
                                              clcnn_mem dy, clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * softmax_cross_entropy: the loss of a classifier, and its gradient
 *
 *   y[i][j]  = exp(x[i][j] - m[i]) / S[i],  m and S as for softmax
 *   loss[0]  = mean over i of ( log(S[i]) + sum over j of target[i][j] * (m[i] - x[i][j]) )
 *   dx[i][j] = (y[i][j] - target[i][j]) / N,  0 in ignored rows
 *   target[i][j] = label_smoothing/classes, and 1 - label_smoothing more for j == labels[i]
 *
 * The mean is over the N rows whose label is not ignored: all n of them, unless `ignore` is set.
 * When every row is ignored the loss is NaN, as PyTorch's is, and dx is 0. Safe for logits of any
 * finite size. Labels are int32. A label outside [0, classes) that is not ignored makes the loss
 * NaN and its row of dx NaN; it is never used as an address. Shapes: x, y, dx [n,classes]; labels
 * [n]; loss [1].
 */
typedef struct clcnn_softmax_cross_entropy {
    int n, classes;
    double label_smoothing; /* 0 to 1 */
    int ignore;             /* 1: rows whose label is ignored_label, any number, don't count */
    int ignored_label;
} clcnn_softmax_cross_entropy;

/** There is one algorithm, "direct"; the workspace holds the rows' losses and their sums. */
CLCNN_API clcnn_status clcnn_softmax_cross_entropy_plan(clcnn_ctx *ctx,
                                                        const clcnn_softmax_cross_entropy *d,
                                                        clcnn_plan *plan);
/**
 * y or loss may be left out, not both. The plan (with its workspace) is needed for the loss alone;
 * NULL is fine without it.
 */
CLCNN_API clcnn_status clcnn_softmax_cross_entropy_forward(clcnn_ctx *ctx,
                                                           const clcnn_softmax_cross_entropy *d,
                                                           clcnn_mem x, clcnn_mem labels,
                                                           clcnn_mem y, clcnn_mem loss,
                                                           const clcnn_plan *plan);
/** From forward's y. dx may be y itself. */
CLCNN_API clcnn_status clcnn_softmax_cross_entropy_backward(clcnn_ctx *ctx,
                                                            const clcnn_softmax_cross_entropy *d,
                                                            clcnn_mem y, clcnn_mem labels,
                                                            clcnn_mem dx);
/**
 * loss and dx at once, for a trainer that has no use for y: the same bits as of the two calls, in
 * fewer launches (on a CPU one, for a batch of few classes). dx can't be x. The plan is needed.
 */
CLCNN_API clcnn_status clcnn_softmax_cross_entropy_gradient(clcnn_ctx *ctx,
                                                            const clcnn_softmax_cross_entropy *d,
                                                            clcnn_mem x, clcnn_mem labels,
                                                            clcnn_mem loss, clcnn_mem dx,
                                                            const clcnn_plan *plan);

/* ---------------------------------------------------------------------------------------------
 * batchnorm: each channel brought to mean 0 and variance 1 (Ioffe and Szegedy, 2015)
 *
 *   y = gamma[c] * xhat + beta[c],  xhat = (x - mean[c]) * rstd[c],  rstd[c] = 1/sqrt(var[c] + eps)
 *
 * Training: mean and var are those of the batch, over the M = n*h*w values of a channel, var with
 * the divisor M. They are saved as mean and rstd for backward, and the running statistics become
 *
 *   running = (1 - momentum) * running + momentum * batch's
 *
 * where the batch's variance has the divisor M - 1 if `unbiased` is set. This is PyTorch's momentum
 * (0.1 there, unbiased); cuDNN calls it exponentialAverageFactor (also unbiased).
 * Inference: mean and var are running_mean and running_var, which stay as they are.
 *
 * An activation f may follow, y = f(z) with z = gamma[c] * xhat + beta[c]: ReLU or leaky ReLU, no
 * other kind (CLCNN_UNSUPPORTED). Backward then takes the gradient with respect to y, which the
 * formulas below have as dy * f'(z): z is computed once more from x, to the same bits, so y is not
 * needed. Results are those of batchnorm and activation one behind the other, bit for bit.
 *
 *   dbeta = sum of dy,  dgamma = sum of dy * xhat                          (over n, h, w)
 *   dx = gamma*rstd * (dy - dbeta/M - xhat*dgamma/M)       training
 *   dx = gamma*rstd * dy                                   inference
 *
 * Stable: values are summed about their mean, so data of mean 1000 and deviation 1 keep their
 * digits. What remains is the rounding of the mean: y has an error of about u * |mean|*rstd beside
 * that of its sums (the bound: host/ref/batchnorm.c). A channel with an infinity or a NaN has the
 * mean NaN.
 * Shapes: x, y, dx, dy [n,c,h,w], or [n,c] with h = w = 1; all else [c].
 */
typedef struct clcnn_batchnorm {
    int n, c, h, w;  /* h, w 0: 1 */
    double eps;      /* 0: 1e-5 */
    double momentum; /* the weight of the new batch, from 0 to 1; 0 means 0 */
    int unbiased;    /* 1: the running variance takes M/(M - 1) of the batch's; needs M > 1 */
    int inference;   /* 1: normalise with the running statistics, held fixed */
    int accumulate;  /* backward adds to its gradients */
    clcnn_activation_kind activation; /* identity, ReLU or leaky ReLU */
    double alpha;                     /* f of forward and, unlike clcnn_conv2d's, of backward */
} clcnn_batchnorm;

/** The tensors of batchnorm; a call looks at those that it has a use for. */
typedef struct clcnn_batchnorm_mems {
    clcnn_mem x, y;
    clcnn_mem gamma, beta;               /* left out: 1 and 0 */
    clcnn_mem running_mean, running_var; /* training: both or neither */
    clcnn_mem mean, rstd;                /* training: written by forward, read by backward */
    clcnn_mem dy, dx, dgamma, dbeta;
} clcnn_batchnorm_mems;

/** direction: CLCNN_FORWARD or CLCNN_BACKWARD_DATA (which is all of backward). There is one
 *  algorithm, "direct"; forward in inference needs no workspace. */
CLCNN_API clcnn_status clcnn_batchnorm_plan(clcnn_ctx *ctx, const clcnn_batchnorm *d,
                                            clcnn_direction direction, clcnn_plan *plan);
/** x -> y, and in training mean, rstd and the running statistics. In inference plan may be NULL. */
CLCNN_API clcnn_status clcnn_batchnorm_forward(clcnn_ctx *ctx, const clcnn_batchnorm *d,
                                               const clcnn_batchnorm_mems *mems,
                                               const clcnn_plan *plan);
/** x, dy, gamma and mean, rstd (inference: the running statistics), with an activation beta as well
 *  -> dx, dgamma, dbeta, of which some may be left out. */
CLCNN_API clcnn_status clcnn_batchnorm_backward(clcnn_ctx *ctx, const clcnn_batchnorm *d,
                                                const clcnn_batchnorm_mems *mems,
                                                const clcnn_plan *plan);
/**
 * Takes a batchnorm in inference into the convolution (or dense layer) before it:
 *
 *   folded_w[c][i] = w[c][i] * s[c],  folded_b[c] = (b[c] - running_mean[c]) * s[c] + beta[c],
 *   s = gamma / sqrt(running_var + eps)
 *
 * `filter` is the number of weights of one of the convolution's c outputs: C/groups * r * s there.
 * b may be left out (no bias). folded_w may be w itself, folded_b b itself. Of d, c and eps count.
 */
CLCNN_API clcnn_status clcnn_batchnorm_fold(clcnn_ctx *ctx, const clcnn_batchnorm *d, int filter,
                                            const clcnn_batchnorm_mems *mems, clcnn_mem w,
                                            clcnn_mem b, clcnn_mem folded_w, clcnn_mem folded_b);

/* ---------------------------------------------------------------------------------------------
 * layernorm: each row brought to mean 0 and variance 1 (Ba, Kiros and Hinton, 2016)
 *
 *   y[i][j] = gamma[j] * xhat[i][j] + beta[j],  xhat = (x - mean[i]) * rstd[i]
 *   mean and var over the d values of row i, var with the divisor d; rstd = 1/sqrt(var + eps)
 *   dbeta[j] = sum over i of dy,  dgamma[j] = sum over i of dy * xhat
 *   dx = rstd * (g - mean of g - xhat * mean of g*xhat),  g = dy * gamma, means over the row
 *
 * As stable as batchnorm. A row with an infinity or a NaN has the mean NaN.
 * Shapes: x, y, dx, dy [n,d]; gamma, beta, dgamma, dbeta [d]; mean, rstd [n].
 */
typedef struct clcnn_layernorm {
    int n, d;
    double eps;     /* 0: 1e-5 */
    int accumulate; /* backward adds to its gradients */
} clcnn_layernorm;

/** The tensors of layernorm; a call looks at those that it has a use for. */
typedef struct clcnn_layernorm_mems {
    clcnn_mem x, y;
    clcnn_mem gamma, beta; /* left out: 1 and 0 */
    clcnn_mem mean, rstd;  /* written by forward (both or neither), read by backward */
    clcnn_mem dy, dx, dgamma, dbeta;
} clcnn_layernorm_mems;

/** direction: CLCNN_FORWARD (which needs no workspace) or CLCNN_BACKWARD_DATA (all of backward).
 *  There is one algorithm, "direct". */
CLCNN_API clcnn_status clcnn_layernorm_plan(clcnn_ctx *ctx, const clcnn_layernorm *d,
                                            clcnn_direction direction, clcnn_plan *plan);
CLCNN_API clcnn_status clcnn_layernorm_forward(clcnn_ctx *ctx, const clcnn_layernorm *d,
                                               const clcnn_layernorm_mems *mems);
/** Of dx, dgamma and dbeta some may be left out; for dx alone plan may be NULL. */
CLCNN_API clcnn_status clcnn_layernorm_backward(clcnn_ctx *ctx, const clcnn_layernorm *d,
                                                const clcnn_layernorm_mems *mems,
                                                const clcnn_plan *plan);

/* ---------------------------------------------------------------------------------------------
 * add: y = f(a + b), for residual connections and biases
 *
 *   y[n][c][h][w] = f(a[n][c][h][w] + b[n][c][h][w]), or b[c] with `broadcast`
 *   db = dy, or with `broadcast` its sum over n, h, w; the gradient of a is dy itself
 *
 * Shapes: a, y, dy [n,c,h,w], or [n,c] with h = w = 1; b, db the same, or [c].
 */
typedef struct clcnn_add {
    int n, c, h, w; /* h, w 0: 1 */
    int broadcast;  /* 1: b is [c] */
    clcnn_activation_kind activation;
    double alpha;   /* f of forward, as in clcnn_conv2d: dy is with respect to f's input */
    int accumulate; /* backward adds to db */
} clcnn_add;

/** direction: CLCNN_FORWARD or CLCNN_BACKWARD_DATA. Only backward with `broadcast` needs workspace.
 *  There is one algorithm, "direct". */
CLCNN_API clcnn_status clcnn_add_plan(clcnn_ctx *ctx, const clcnn_add *d, clcnn_direction direction,
                                      clcnn_plan *plan);
/** y may be a itself, or b itself where it has a's shape. */
CLCNN_API clcnn_status clcnn_add_forward(clcnn_ctx *ctx, const clcnn_add *d, clcnn_mem a,
                                         clcnn_mem b, clcnn_mem y);
/** Without `broadcast` plan may be NULL. */
CLCNN_API clcnn_status clcnn_add_backward(clcnn_ctx *ctx, const clcnn_add *d, clcnn_mem dy,
                                          clcnn_mem db, const clcnn_plan *plan);

/* ---------------------------------------------------------------------------------------------
 * Random numbers: Philox4x32-10 (Salmon and others, 2011), a function of a counter and a key
 *
 * The key is the seed; a counter is made of the element's number, the stream and the step. So what
 * an element gets depends on these four alone: the CPU reference and every device draw the same
 * numbers, in any order, and a run that is taken up again goes on with the same ones. `stream`
 * keeps uses apart that have seed and step in common: the layers of a network, its weights.
 */

/* ---------------------------------------------------------------------------------------------
 * dropout: elements become 0 with probability `drop` (Srivastava and others, 2014), inverted
 *
 *   y[i] = kept(i) ? x[i] / (1 - drop) : 0,  dx[i] = kept(i) ? dy[i] / (1 - drop) : 0
 *
 * kept(i) is a function of seed, step, stream and i; backward makes the mask anew, none is stored.
 * In inference leave dropout out. A dropped element is 0 whatever it was, a NaN too.
 */
typedef struct clcnn_dropout {
    int count;       /* elements, >= 0 */
    double drop;     /* the probability that an element becomes 0: 0 <= drop < 1, by 2^-32 */
    uint32_t stream; /* another number for each dropout layer */
    uint64_t seed;
    int64_t step; /* of the training, >= 0 */
} clcnn_dropout;

/** Words of 4 bytes in the block that the calls take from device memory. */
#define CLCNN_DROPOUT_BLOCK 4

/**
 * Writes d->seed and d->step to `block`: what changes from step to step lies in device memory, so
 * that a step can be recorded once and replayed. One block serves all layers.
 */
CLCNN_API clcnn_status clcnn_dropout_prepare(clcnn_ctx *ctx, const clcnn_dropout *d,
                                             clcnn_mem block);
/** With seed and step from `block`; those in d are not looked at. y may be x itself. */
CLCNN_API clcnn_status clcnn_dropout_forward(clcnn_ctx *ctx, const clcnn_dropout *d, clcnn_mem x,
                                             clcnn_mem block, clcnn_mem y);
/** dx may be dy itself. */
CLCNN_API clcnn_status clcnn_dropout_backward(clcnn_ctx *ctx, const clcnn_dropout *d, clcnn_mem dy,
                                              clcnn_mem block, clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * uniform: random numbers from low to below high, the same bits on every device
 *
 *   y[i] = low + (high - low) * k[i] / 2^24,  k[i] an integer from 0 to 2^24 - 1
 *
 * in float, each operation rounded once, and never high itself: what would round to it becomes the
 * float before it.
 */
typedef struct clcnn_uniform {
    int count; /* elements, >= 0 */
    uint64_t seed;
    uint32_t stream;
    double low, high; /* as floats: finite, low < high */
} clcnn_uniform;

CLCNN_API clcnn_status clcnn_uniform_fill(clcnn_ctx *ctx, const clcnn_uniform *d, clcnn_mem y);

/* ---------------------------------------------------------------------------------------------
 * normal: random numbers of a normal distribution (Box and Muller, 1958)
 *
 *   y[i] = mean + deviation * z[i], |z| < 5.77
 *
 * The same random words everywhere; logarithm, root, sine and cosine as each device has them,
 * within the bound of the error class.
 */
typedef struct clcnn_normal {
    int count; /* elements, >= 0 */
    uint64_t seed;
    uint32_t stream;
    double mean, deviation; /* finite as floats, deviation >= 0 */
} clcnn_normal;

CLCNN_API clcnn_status clcnn_normal_fill(clcnn_ctx *ctx, const clcnn_normal *d, clcnn_mem y);

/* ---------------------------------------------------------------------------------------------
 * mse: mean squared error
 *
 *   loss[0] = mean over i of (x[i] - target[i])^2
 *   dx[i] = 2 * (x[i] - target[i]) / count
 *
 * Shapes: x, target, dx any, of `count` elements; loss [1]. The sum has stages in a fixed order.
 */
typedef struct clcnn_mse {
    int count;      /* elements */
    int accumulate; /* backward adds to dx */
} clcnn_mse;

/** There is one algorithm, "direct"; the workspace holds the sums of its stages. */
CLCNN_API clcnn_status clcnn_mse_plan(clcnn_ctx *ctx, const clcnn_mse *d, clcnn_plan *plan);
/** The plan (with its workspace) is needed. */
CLCNN_API clcnn_status clcnn_mse_forward(clcnn_ctx *ctx, const clcnn_mse *d, clcnn_mem x,
                                         clcnn_mem target, clcnn_mem loss, const clcnn_plan *plan);
CLCNN_API clcnn_status clcnn_mse_backward(clcnn_ctx *ctx, const clcnn_mse *d, clcnn_mem x,
                                          clcnn_mem target, clcnn_mem dx);

/* ---------------------------------------------------------------------------------------------
 * l2: the regularisation term that pulls weights towards 0
 *
 *   loss[0] = lambda/2 * sum over i of w[i]^2
 *   dw[i] = lambda * w[i]
 *
 * With `accumulate` backward adds its gradient to that of another loss. The optimisers'
 * weight_decay does the same without a launch; this is for the term itself. The sum has stages in a
 * fixed order.
 */
typedef struct clcnn_l2 {
    int count;      /* elements */
    double lambda;  /* >= 0 */
    int accumulate; /* backward adds to dw */
} clcnn_l2;

/** As clcnn_mse_plan. */
CLCNN_API clcnn_status clcnn_l2_plan(clcnn_ctx *ctx, const clcnn_l2 *d, clcnn_plan *plan);
/** The plan (with its workspace) is needed. */
CLCNN_API clcnn_status clcnn_l2_forward(clcnn_ctx *ctx, const clcnn_l2 *d, clcnn_mem w,
                                        clcnn_mem loss, const clcnn_plan *plan);
CLCNN_API clcnn_status clcnn_l2_backward(clcnn_ctx *ctx, const clcnn_l2 *d, clcnn_mem w,
                                         clcnn_mem dw);

/* ---------------------------------------------------------------------------------------------
 * Optimisers: sgd, rmsprop, adam
 *
 * All parameters of a network lie in one flat arena and take one launch. A table of segments may
 * give parts of the arena their own learning-rate factor and decay, or freeze them.
 *
 * What changes from step to step lies in device memory, in a block of CLCNN_OPTIMISER_BLOCK floats,
 * so that an update can be recorded once and replayed: clcnn_OP_prepare computes the constants of a
 * step in double and writes them to the block, clcnn_clip_norm (if used) adds its factor, and
 * clcnn_OP_step takes them from there. A block belongs to one kind of optimiser.
 *
 * Each formula begins with grad = grad_scale * clip * grad: `grad_scale` is the descriptor's (for a
 * mean over several backward passes, or a scaled loss; 0: 1), `clip` is 1 unless clcnn_clip_norm
 * wrote another factor.
 */
typedef struct clcnn_segment {
    int32_t end;        /* one past the segment's last element; each begins where the last ended */
    float lr_factor;    /* multiplies lr */
    float decay_factor; /* multiplies weight_decay */
    int32_t frozen;     /* not 0: parameters and state stay as they are */
} clcnn_segment;

/** Floats in the block of constants that one step takes from device memory. */
#define CLCNN_OPTIMISER_BLOCK 16
#define CLCNN_ADAM_BLOCK CLCNN_OPTIMISER_BLOCK

/* ---------------------------------------------------------------------------------------------
 * sgd: stochastic gradient descent with momentum, with PyTorch's formulas (no dampening)
 *
 *   g        = grad + weight_decay*param
 *   velocity = momentum*velocity + g
 *   param    = param - lr*velocity                   (nesterov = 0)
 *   param    = param - lr*(g + momentum*velocity)    (nesterov = 1)
 *
 * The velocity begins as 0. With momentum 0 it is param = param - lr*g, and the velocity, which may
 * then be left out, stays as it is.
 */
typedef struct clcnn_sgd {
    int count;           /* elements of the arena */
    double lr, momentum; /* >= 0 */
    int nesterov;        /* 1: Nesterov's momentum; needs a momentum above 0 */
    double weight_decay; /* >= 0 */
    int segments;        /* rows of the table; 0: one segment with factors 1 */
    double grad_scale;   /* >= 0; 0: 1 */
} clcnn_sgd;

/** Writes the constants of a step to `block`. Enqueued like any operation. */
CLCNN_API clcnn_status clcnn_sgd_prepare(clcnn_ctx *ctx, const clcnn_sgd *d, clcnn_mem block);
/**
 * One update with the constants in `block`; the descriptor's hyper-parameters are not looked at
 * again, but that a velocity may only be left out with d->momentum = 0. `table` holds d->segments
 * rows of clcnn_segment (left out when 0). Elements past the last segment's end are left alone.
 */
CLCNN_API clcnn_status clcnn_sgd_step(clcnn_ctx *ctx, const clcnn_sgd *d, clcnn_mem param,
                                      clcnn_mem grad, clcnn_mem velocity, clcnn_mem table,
                                      clcnn_mem block);

/* ---------------------------------------------------------------------------------------------
 * rmsprop: Hinton's RMSProp (2012), with PyTorch's formulas (neither centred nor with momentum)
 *
 *   g          = grad + weight_decay*param
 *   square_avg = alpha*square_avg + (1 - alpha)*g*g
 *   param      = param - lr * g / (sqrt(square_avg) + eps)
 */
typedef struct clcnn_rmsprop {
    int count;           /* elements of the arena */
    double lr, alpha;    /* lr >= 0; 0 <= alpha < 1: 0.99 is usual */
    double eps;          /* 0: 1e-8 */
    double weight_decay; /* >= 0 */
    int segments;        /* rows of the table; 0: one segment with factors 1 */
    double grad_scale;   /* >= 0; 0: 1 */
} clcnn_rmsprop;

/** As clcnn_sgd_prepare. */
CLCNN_API clcnn_status clcnn_rmsprop_prepare(clcnn_ctx *ctx, const clcnn_rmsprop *d,
                                             clcnn_mem block);
/** As clcnn_sgd_step; square_avg must be there. */
CLCNN_API clcnn_status clcnn_rmsprop_step(clcnn_ctx *ctx, const clcnn_rmsprop *d, clcnn_mem param,
                                          clcnn_mem grad, clcnn_mem square_avg, clcnn_mem table,
                                          clcnn_mem block);

/* ---------------------------------------------------------------------------------------------
 * adam: the optimiser of Kingma and Ba (2015), and AdamW (Loshchilov and Hutter, 2019), with
 * PyTorch's formulas. t is the step, counted from 1.
 *
 *   g  = grad + decay*param                        (decoupled = 0)
 *   param = param - lr*decay*param                 (decoupled = 1)
 *   m = beta1*m + (1 - beta1)*g,  v = beta2*v + (1 - beta2)*g*g
 *   param = param - lr / (1 - beta1^t) * m / (sqrt(v / (1 - beta2^t)) + eps)
 */
typedef struct clcnn_adam {
    int count;               /* elements of the arena */
    double lr, beta1, beta2; /* lr >= 0; 0 <= beta < 1: 0.9 and 0.999 are usual */
    double eps;              /* 0: 1e-8 */
    double weight_decay;     /* >= 0 */
    int decoupled;           /* 1: AdamW */
    int64_t step;            /* of this update, from 1 */
    int segments;            /* rows of the table; 0: one segment with factors 1 */
    double grad_scale;       /* >= 0; 0: 1 */
} clcnn_adam;

/** As clcnn_sgd_prepare, for step d->step. */
CLCNN_API clcnn_status clcnn_adam_prepare(clcnn_ctx *ctx, const clcnn_adam *d, clcnn_mem block);
/** As clcnn_sgd_step; m and v must be there. */
CLCNN_API clcnn_status clcnn_adam_step(clcnn_ctx *ctx, const clcnn_adam *d, clcnn_mem param,
                                       clcnn_mem grad, clcnn_mem m, clcnn_mem v, clcnn_mem table,
                                       clcnn_mem block);

/* ---------------------------------------------------------------------------------------------
 * clip_norm: clipping of the gradient by its global norm, for any optimiser
 *
 *   norm = grad_scale * sqrt(sum of grad[i]^2),  without frozen segments and what is past the last
 *   clip = min(1, max_norm / (norm + 1e-6))      (PyTorch's clip_grad_norm_)
 *
 * grad_scale is read from the optimiser's block and clip is written to it, between the prepare and
 * the step that it is for: nothing waits, and the gradient itself stays as it is. The sum has
 * stages in a fixed order. A norm that is NaN makes clip NaN, an infinite one (also one whose
 * square is beyond a float) makes it 0.
 */
typedef struct clcnn_clip_norm {
    int count;       /* elements of the arena */
    double max_norm; /* > 0 */
    int segments;    /* rows of the optimiser's table; 0: everything counts */
} clcnn_clip_norm;

/** There is one algorithm, "direct"; the workspace holds the sums of its stages. */
CLCNN_API clcnn_status clcnn_clip_norm_plan(clcnn_ctx *ctx, const clcnn_clip_norm *d,
                                            clcnn_plan *plan);
/** norm [1] may be left out, table when d->segments is 0. The plan (with its workspace) is needed.
 */
CLCNN_API clcnn_status clcnn_clip_norm_apply(clcnn_ctx *ctx, const clcnn_clip_norm *d,
                                             clcnn_mem grad, clcnn_mem table, clcnn_mem norm,
                                             clcnn_mem block, const clcnn_plan *plan);

/* ---------------------------------------------------------------------------------------------
 * schedule: the learning rate of a step, on the host
 *
 *   for steps 1 to warmup:  lr * step / (warmup + 1)
 *   after that, with t = step - warmup - 1 counted from 0:
 *     CLCNN_SCHEDULE_CONSTANT  lr
 *     CLCNN_SCHEDULE_STEP      lr * gamma^floor(t / period)
 *     CLCNN_SCHEDULE_COSINE    min_lr + (lr - min_lr) * (1 + cos(pi * min(t / period, 1))) / 2
 *
 * It depends on the step alone, so that a resumed run goes on as if it had never stopped.
 */
typedef enum clcnn_schedule_kind {
    CLCNN_SCHEDULE_CONSTANT,
    CLCNN_SCHEDULE_STEP,
    CLCNN_SCHEDULE_COSINE
} clcnn_schedule_kind;

typedef struct clcnn_schedule {
    clcnn_schedule_kind kind;
    double lr;      /* >= 0: the rate after the warm-up */
    int64_t warmup; /* >= 0 */
    int64_t period; /* >= 1: steps between falls, or from lr to min_lr; constant ignores it */
    double gamma;   /* >= 0: step alone */
    double min_lr;  /* 0 to lr: cosine alone */
} clcnn_schedule;

/** The rate of a step, counted from 1, to *lr; on an illegal argument *lr stays as it is. */
CLCNN_API clcnn_status clcnn_schedule_lr(const clcnn_schedule *d, int64_t step, double *lr,
                                         clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * The CPU reference: plain loops in double over float data, host pointers, no OpenCL. Results are
 * doubles. Where a `mag` pointer is not NULL it receives, per element, the sum of the magnitudes of
 * the summands, from which clcnn_error_bound makes the bound. Optional arguments are NULL.
 * `accumulate` is honoured: what is in the output is then added to. Descriptors as above; an
 * illegal one is CLCNN_INVALID_ARGUMENT.
 */
CLCNN_API clcnn_status clcnn_ref_activation_forward(const clcnn_activation *d, const float *x,
                                                    double *y, double *mag);
/** From x, or where x is NULL from y. */
CLCNN_API clcnn_status clcnn_ref_activation_backward(const clcnn_activation *d, const float *x,
                                                     const float *y, const float *dy, double *dx,
                                                     double *mag);

CLCNN_API clcnn_status clcnn_ref_conv2d_forward(const clcnn_conv2d *d, const float *x,
                                                const float *w, const float *b, double *y,
                                                double *mag);
CLCNN_API clcnn_status clcnn_ref_conv2d_backward_data(const clcnn_conv2d *d, const float *dy,
                                                      const float *w, double *dx, double *mag);
CLCNN_API clcnn_status clcnn_ref_conv2d_backward_weights(const clcnn_conv2d *d, const float *x,
                                                         const float *dy, double *dw, double *db,
                                                         double *dw_mag, double *db_mag);

/** dx_mag: with `before`, of the product with its slope, so that the class's bound holds for it; of
 *  CLCNN_NORMWISE_DOT's second term `slope` is then the steepest of `before`. */
CLCNN_API clcnn_status clcnn_ref_conv2d_backward(const clcnn_conv2d *d, const clcnn_before *before,
                                                 const float *x, const float *w, const float *dy,
                                                 double *dx, double *dw, double *db, double *dx_mag,
                                                 double *dw_mag, double *db_mag);

CLCNN_API clcnn_status clcnn_ref_conv2d_transpose_forward(const clcnn_conv2d_transpose *d,
                                                          const float *x, const float *w,
                                                          const float *b, double *y, double *mag);
CLCNN_API clcnn_status clcnn_ref_conv2d_transpose_backward_data(const clcnn_conv2d_transpose *d,
                                                                const float *dy, const float *w,
                                                                double *dx, double *mag);
CLCNN_API clcnn_status clcnn_ref_conv2d_transpose_backward_weights(const clcnn_conv2d_transpose *d,
                                                                   const float *x, const float *dy,
                                                                   double *dw, double *db,
                                                                   double *dw_mag, double *db_mag);

CLCNN_API clcnn_status clcnn_ref_conv1d_forward(const clcnn_conv1d *d, const float *x,
                                                const float *w, const float *b, double *y,
                                                double *mag);
CLCNN_API clcnn_status clcnn_ref_conv1d_backward_data(const clcnn_conv1d *d, const float *dy,
                                                      const float *w, double *dx, double *mag);
CLCNN_API clcnn_status clcnn_ref_conv1d_backward_weights(const clcnn_conv1d *d, const float *x,
                                                         const float *dy, double *dw, double *db,
                                                         double *dw_mag, double *db_mag);

CLCNN_API clcnn_status clcnn_ref_correlate1d_forward(const clcnn_correlate1d *d, const float *a,
                                                     const float *b, double *y, double *mag);

CLCNN_API clcnn_status clcnn_ref_dense_forward(const clcnn_dense *d, const float *x, const float *w,
                                               const float *b, double *y, double *mag);
CLCNN_API clcnn_status clcnn_ref_dense_backward_data(const clcnn_dense *d, const float *dy,
                                                     const float *w, double *dx, double *mag);
CLCNN_API clcnn_status clcnn_ref_dense_backward_weights(const clcnn_dense *d, const float *x,
                                                        const float *dy, double *dw, double *db,
                                                        double *dw_mag, double *db_mag);

/** As clcnn_ref_conv2d_backward. */
CLCNN_API clcnn_status clcnn_ref_dense_backward(const clcnn_dense *d, const clcnn_before *before,
                                                const float *x, const float *w, const float *dy,
                                                double *dx, double *dw, double *db, double *dx_mag,
                                                double *dw_mag, double *db_mag);

CLCNN_API clcnn_status clcnn_ref_maxpool2d_forward(const clcnn_maxpool2d *d, const float *x,
                                                   double *y, int32_t *argmax);
CLCNN_API clcnn_status clcnn_ref_maxpool2d_backward(const clcnn_maxpool2d *d, const float *dy,
                                                    const int32_t *argmax, double *dx, double *mag);

CLCNN_API clcnn_status clcnn_ref_avgpool2d_forward(const clcnn_avgpool2d *d, const float *x,
                                                   double *y, double *mag);
CLCNN_API clcnn_status clcnn_ref_avgpool2d_backward(const clcnn_avgpool2d *d, const float *dy,
                                                    double *dx, double *mag);

CLCNN_API clcnn_status clcnn_ref_im2col_forward(const clcnn_im2col *d, const float *x, double *y);
CLCNN_API clcnn_status clcnn_ref_col2im_forward(const clcnn_im2col *d, const float *x, double *y,
                                                double *mag);

CLCNN_API clcnn_status clcnn_ref_pad2d_forward(const clcnn_pad2d *d, const float *x, double *y);
CLCNN_API clcnn_status clcnn_ref_pad2d_backward(const clcnn_pad2d *d, const float *dy, double *dx,
                                                double *mag);

CLCNN_API clcnn_status clcnn_ref_adaptive_avgpool2d_forward(const clcnn_adaptive_avgpool2d *d,
                                                            const float *x, double *y, double *mag);
CLCNN_API clcnn_status clcnn_ref_adaptive_avgpool2d_backward(const clcnn_adaptive_avgpool2d *d,
                                                             const float *dy, double *dx,
                                                             double *mag);

CLCNN_API clcnn_status clcnn_ref_upsample2d_forward(const clcnn_upsample2d *d, const float *x,
                                                    double *y, double *mag);
CLCNN_API clcnn_status clcnn_ref_upsample2d_backward(const clcnn_upsample2d *d, const float *dy,
                                                     double *dx, double *mag);

/** x, dx, mag: arrays of d->inputs pointers; mag itself, and any pointer in dx or mag, may be NULL.
 */
CLCNN_API clcnn_status clcnn_ref_concat_forward(const clcnn_concat *d, const float *const *x,
                                                double *y);
CLCNN_API clcnn_status clcnn_ref_concat_backward(const clcnn_concat *d, const float *dy,
                                                 double *const *dx, double *const *mag);

CLCNN_API clcnn_status clcnn_ref_slice_forward(const clcnn_slice *d, const float *x, double *y);
CLCNN_API clcnn_status clcnn_ref_slice_backward(const clcnn_slice *d, const float *dy, double *dx,
                                                double *mag);

CLCNN_API clcnn_status clcnn_ref_softmax_forward(const clcnn_softmax *d, const float *x, double *y,
                                                 double *mag);
CLCNN_API clcnn_status clcnn_ref_softmax_backward(const clcnn_softmax *d, const float *y,
                                                  const float *dy, double *dx, double *mag);

CLCNN_API clcnn_status clcnn_ref_softmax_cross_entropy_forward(const clcnn_softmax_cross_entropy *d,
                                                               const float *x,
                                                               const int32_t *labels, double *y,
                                                               double *loss, double *y_mag,
                                                               double *loss_mag);
/** From the logits x, not from a rounded y. */
CLCNN_API clcnn_status
clcnn_ref_softmax_cross_entropy_backward(const clcnn_softmax_cross_entropy *d, const float *x,
                                         const int32_t *labels, double *dx, double *mag);

/** Host arrays of batchnorm. What is NULL is left out, as clcnn_batchnorm_mems has it; results that
 *  are NULL are not wanted. */
typedef struct clcnn_ref_batchnorm {
    const float *x, *gamma, *beta, *running_mean, *running_var, *dy;
    double *y, *mean, *rstd, *new_running_mean, *new_running_var;
    double *dx, *dgamma, *dbeta;
    double *y_mag, *mean_mag, *rstd_mag, *new_running_mean_mag, *new_running_var_mag;
    double *dx_mag, *dgamma_mag, *dbeta_mag;
} clcnn_ref_batchnorm;

/** In inference new_running_mean and new_running_var are the old ones. */
CLCNN_API clcnn_status clcnn_ref_batchnorm_forward(const clcnn_batchnorm *d,
                                                   const clcnn_ref_batchnorm *arrays);
/** In training from the statistics of x, not from rounded ones. */
CLCNN_API clcnn_status clcnn_ref_batchnorm_backward(const clcnn_batchnorm *d,
                                                    const clcnn_ref_batchnorm *arrays);
/** The arrays that matter are gamma, beta, running_mean and running_var. */
CLCNN_API clcnn_status clcnn_ref_batchnorm_fold(const clcnn_batchnorm *d, int filter,
                                                const clcnn_ref_batchnorm *arrays, const float *w,
                                                const float *b, double *folded_w, double *folded_b,
                                                double *w_mag, double *b_mag);

/** mean and rstd may be left out. */
CLCNN_API clcnn_status clcnn_ref_layernorm_forward(const clcnn_layernorm *d, const float *x,
                                                   const float *gamma, const float *beta, double *y,
                                                   double *mean, double *rstd, double *y_mag,
                                                   double *mean_mag, double *rstd_mag);
/** From the statistics of x, not from rounded ones. Some of dx, dgamma, dbeta may be left out. */
CLCNN_API clcnn_status clcnn_ref_layernorm_backward(const clcnn_layernorm *d, const float *x,
                                                    const float *gamma, const float *dy, double *dx,
                                                    double *dgamma, double *dbeta, double *dx_mag,
                                                    double *dgamma_mag, double *dbeta_mag);

CLCNN_API clcnn_status clcnn_ref_add_forward(const clcnn_add *d, const float *a, const float *b,
                                             double *y, double *mag);
CLCNN_API clcnn_status clcnn_ref_add_backward(const clcnn_add *d, const float *dy, double *db,
                                              double *mag);

CLCNN_API clcnn_status clcnn_ref_dropout_forward(const clcnn_dropout *d, const float *x, double *y,
                                                 double *mag);
CLCNN_API clcnn_status clcnn_ref_dropout_backward(const clcnn_dropout *d, const float *dy,
                                                  double *dx, double *mag);
CLCNN_API clcnn_status clcnn_ref_uniform_fill(const clcnn_uniform *d, double *y);
CLCNN_API clcnn_status clcnn_ref_normal_fill(const clcnn_normal *d, double *y, double *mag);

CLCNN_API clcnn_status clcnn_ref_mse_forward(const clcnn_mse *d, const float *x,
                                             const float *target, double *loss, double *mag);
CLCNN_API clcnn_status clcnn_ref_mse_backward(const clcnn_mse *d, const float *x,
                                              const float *target, double *dx, double *mag);
CLCNN_API clcnn_status clcnn_ref_l2_forward(const clcnn_l2 *d, const float *w, double *loss,
                                            double *mag);
CLCNN_API clcnn_status clcnn_ref_l2_backward(const clcnn_l2 *d, const float *w, double *dw,
                                             double *mag);

/** Read param and state; write the new ones. table may be NULL when d->segments is 0. Without a
 *  velocity, which takes a momentum of 0, there is no new one. */
CLCNN_API clcnn_status clcnn_ref_sgd_step(const clcnn_sgd *d, const float *param, const float *grad,
                                          const float *velocity, const clcnn_segment *table,
                                          double *new_param, double *new_velocity,
                                          double *param_mag, double *velocity_mag);
CLCNN_API clcnn_status clcnn_ref_rmsprop_step(const clcnn_rmsprop *d, const float *param,
                                              const float *grad, const float *square_avg,
                                              const clcnn_segment *table, double *new_param,
                                              double *new_square_avg, double *param_mag,
                                              double *square_avg_mag);

/** Reads param, m, v; writes the three new arrays. table may be NULL when d->segments is 0. */
CLCNN_API clcnn_status clcnn_ref_adam_step(const clcnn_adam *d, const float *param,
                                           const float *grad, const float *m, const float *v,
                                           const clcnn_segment *table, double *new_param,
                                           double *new_m, double *new_v, double *param_mag,
                                           double *m_mag, double *v_mag);

/** Reads grad_scale from block[0]. norm may be NULL. */
CLCNN_API clcnn_status clcnn_ref_clip_norm_apply(const clcnn_clip_norm *d, const float *grad,
                                                 const clcnn_segment *table, const float *block,
                                                 double *norm, double *clip, double *norm_mag,
                                                 double *clip_mag);

#ifdef __cplusplus
}
#endif
#endif
