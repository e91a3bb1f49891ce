/* What mse's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_MSE_ARGS
#define CLCNN_MSE_ARGS

typedef struct mse_args {
    int count, accumulate;
    float factor; /* of the gradient: 2/count */
} mse_args;

#endif
