/* What uniform's kernel is told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_UNIFORM_ARGS
#define CLCNN_UNIFORM_ARGS

typedef struct uniform_args {
    int count;
    unsigned int seed_low, seed_high, stream;
    float low, span, last; /* low + span * [0, 1), at most last */
} uniform_args;

#endif
