/* What activation's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_ACTIVATION_ARGS
#define CLCNN_ACTIVATION_ARGS

/* The kinds, by the value of clcnn_activation_kind. */
#define ACTIVATION_KIND_IDENTITY 0
#define ACTIVATION_KIND_RELU 1

typedef struct activation_args {
    int count;
    float alpha;
} activation_args;

#endif
