/* What normal's kernel is told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_NORMAL_ARGS
#define CLCNN_NORMAL_ARGS

typedef struct normal_args {
    int count;
    unsigned int seed_low, seed_high, stream;
    float mean, deviation;
} normal_args;

#endif
