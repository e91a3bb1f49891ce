/* What batchnorm's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_BATCHNORM_ARGS
#define CLCNN_BATCHNORM_ARGS

typedef struct batchnorm_args {
    int n, c, hw, count; /* count = n*c*hw */
    int chunk, chunks;   /* positions of a channel that one work-item sums; how many times */
    int inference;       /* the statistics are the running ones: a variance, not 1/sqrt of it */
    int has_gamma, has_beta, has_running, has_dgamma, has_dbeta, has_bias;
    int accumulate;
    int filter; /* fold: weights of a channel */
    float eps;
    float inverse;        /* 1/(n*hw) */
    float keep, momentum; /* of the running statistics: 1 - momentum, momentum */
    float unbias;         /* what the running variance takes of the batch's */
    float alpha;
} batchnorm_args;

#endif
