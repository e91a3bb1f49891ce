/* What add's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_ADD_ARGS
#define CLCNN_ADD_ARGS

typedef struct add_args {
    int n, c, hw, count; /* count = n*c*hw */
    int chunk, chunks;   /* positions of a channel that one work-item sums; how many times */
    int broadcast, activation, accumulate;
    float alpha;
} add_args;

#endif
