/* What pad2d's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_PAD2D_ARGS
#define CLCNN_PAD2D_ARGS

typedef struct pad2d_args {
    int planes, h, w, p, q; /* planes: n*c */
    int pad_top, pad_left;
    int accumulate;
} pad2d_args;

#endif
