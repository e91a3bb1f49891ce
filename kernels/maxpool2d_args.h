/* What maxpool2d's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_MAXPOOL2D_ARGS
#define CLCNN_MAXPOOL2D_ARGS

/* The descriptor with its defaults filled in, and what follows from it. */
typedef struct maxpool2d_args {
    int planes, h, w, r, s, p, q; /* planes: n*c */
    int pad_top, pad_left, stride_h, stride_w, dilation_h, dilation_w;
    /*
     * The columns that vectors are used for; begin == end where they are not worth it. Forward: q
     * whose windows lie within the image's width. Backward: t such that the columns from
     * t*stride_w - pad_left to the next such lie in the image and all windows over them exist.
     * Windows of 3x3 over a stride of 2 may begin one column outside the image, and backward counts
     * from t*2 + 1 - pad_left.
     */
    int inner_begin, inner_end;
    int with_argmax, accumulate;
    int rows; /* of windows, that a work-item of quads takes */
} maxpool2d_args;

#endif
