/* What dropout's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_DROPOUT_ARGS
#define CLCNN_DROPOUT_ARGS

/* The block: what a step takes from device memory, four words. */
typedef struct dropout_block {
    unsigned int seed_low, seed_high, step_low, step_high;
} dropout_block;

typedef struct dropout_args {
    int count;
    unsigned int stream;
    unsigned int threshold; /* words below it drop their element */
    float scale;            /* of those that are kept */
} dropout_args;

#endif
