/* What avgpool2d's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_AVGPOOL2D_ARGS
#define CLCNN_AVGPOOL2D_ARGS

/* The descriptor with its defaults filled in, and what follows from it. */
typedef struct avgpool2d_args {
    int planes, h, w, r, s, p, q; /* planes: n*c */
    int pad_top, pad_left, pad_bottom, pad_right, stride_h, stride_w;
    /*
     * The columns that vectors are used for; begin == end where there are none. Forward: q whose
     * windows lie within the image's width. Backward: t such that the columns from
     * t*stride_w - pad_left to the next such lie in the image, and so do all windows over them.
     */
    int inner_begin, inner_end;
    int count_include_pad, accumulate;
} avgpool2d_args;

#endif
