/* What activation's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_ACTIVATION_ARGS
#define CLCNN_ACTIVATION_ARGS

/* The kinds, by the value of clcnn_activation_kind. */
#define ACTIVATION_IDENTITY 0
#define ACTIVATION_RELU 1
#define ACTIVATION_LEAKY_RELU 2
#define ACTIVATION_ELU 3
#define ACTIVATION_SIGMOID 4
#define ACTIVATION_TANH 5
#define ACTIVATION_SILU 6
#define ACTIVATION_GELU 7
#define ACTIVATION_GELU_TANH 8

typedef struct activation_args {
    int count;
    int from_y; /* backward: what is given is y, not x */
    float alpha;
} activation_args;

#endif
