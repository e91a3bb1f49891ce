/* What clip_norm's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_CLIP_NORM_ARGS
#define CLCNN_CLIP_NORM_ARGS

typedef struct clip_norm_args {
    int count, segments; /* of the arena and its table; finish: of the sums that are left */
    float max_norm;
    int with_norm;
} clip_norm_args;

#endif
