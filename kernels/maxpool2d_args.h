/* What maxpool2d's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_MAXPOOL2D_ARGS
#define CLCNN_MAXPOOL2D_ARGS

/* The descriptor with its defaults filled in, and what follows from it. */
typedef struct maxpool2d_args {
    int planes, h, w, r, s, p, q; /* planes: n*c */
    int pad_top, pad_left, stride_h, stride_w, dilation_h, dilation_w;
    int inner_begin, inner_end; /* columns q whose windows lie within the image's width, where they
                                   are worth vectors; otherwise both are q */
    int with_argmax, accumulate;
} maxpool2d_args;

#endif
