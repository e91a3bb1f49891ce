/* What l2's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_L2_ARGS
#define CLCNN_L2_ARGS

typedef struct l2_args {
    int count, accumulate;
    float factor; /* of the gradient: lambda */
} l2_args;

#endif
