/* What adam's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_ADAM_ARGS
#define CLCNN_ADAM_ARGS

/*
 * The block: what one step takes from device memory, in this order, then unused floats.
 * gradient_decay is 0 when the decay is decoupled, param_decay when it is not.
 */
typedef struct adam_block {
    float beta1, one_minus_beta1, beta2, one_minus_beta2;
    float rate;        /* lr / (1 - beta1^t) */
    float root_factor; /* 1 / sqrt(1 - beta2^t) */
    float eps;
    float gradient_decay; /* weight_decay */
    float param_decay;    /* lr * weight_decay */
} adam_block;

typedef struct adam_args {
    int count, segments;
} adam_args;

#endif
