/* What layernorm's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_LAYERNORM_ARGS
#define CLCNN_LAYERNORM_ARGS

typedef struct layernorm_args {
    int n, d;
    int chunk, chunks; /* rows that one work-item sums for dgamma and dbeta; how many times */
    int sums;          /* rows of d elements in the workspace, of each chunk */
    int has_gamma, has_beta, has_saved, has_dgamma, has_dbeta, accumulate;
    float eps;
} layernorm_args;

#endif
