/* What softmax_cross_entropy's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_SOFTMAX_CROSS_ENTROPY_ARGS
#define CLCNN_SOFTMAX_CROSS_ENTROPY_ARGS

/* Losses that one work-item of the reduction adds up. */
#define SOFTMAX_CROSS_ENTROPY_FAN 256

typedef struct softmax_cross_entropy_args {
    int n, classes;
    int with_y, with_loss;
    float inverse_n; /* 1/n */
} softmax_cross_entropy_args;

/* One stage of the reduction: `count` values become count/FAN, rounded up. */
typedef struct softmax_cross_entropy_reduce_args {
    int count;
} softmax_cross_entropy_reduce_args;

#endif
