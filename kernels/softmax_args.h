/* What softmax's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_SOFTMAX_ARGS
#define CLCNN_SOFTMAX_ARGS

typedef struct softmax_args {
    int n, classes;
    int log;
    int accumulate;
    int rows; /* of a work-item of forward */
} softmax_args;

#endif
