/* What adaptive_avgpool2d's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_ADAPTIVE_AVGPOOL2D_ARGS
#define CLCNN_ADAPTIVE_AVGPOOL2D_ARGS

typedef struct adaptive_avgpool2d_args {
    int planes, h, w, p, q; /* planes: n*c */
    int accumulate;
} adaptive_avgpool2d_args;

#endif
