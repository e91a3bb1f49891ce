/* What upsample2d's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_UPSAMPLE2D_ARGS
#define CLCNN_UPSAMPLE2D_ARGS

typedef struct upsample2d_args {
    int planes, h, w, p, q; /* planes: n*c */
    /* Row i of the output lies at (i*step + bias)/den of the input, columns likewise. */
    int step_h, bias_h, den_h, step_w, bias_w, den_w;
    int wide; /* products of these need 64 bits */
    int accumulate;
} upsample2d_args;

#endif
