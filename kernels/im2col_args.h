/* What the kernels of im2col and col2im are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_IM2COL_ARGS
#define CLCNN_IM2COL_ARGS

/* The descriptor with its defaults filled in, and what follows from it. */
typedef struct im2col_args {
    int planes, h, w, r, s, p, q; /* planes: n*c */
    int pad_top, pad_left, stride_h, stride_w, dilation_h, dilation_w;
    /*
     * col2im: the t that vectors are used for, such that the columns from t*stride_w - pad_left to
     * the next such lie in the image, and all windows that could have a tap there exist; begin ==
     * end where there are none.
     */
    int inner_begin, inner_end;
    int accumulate;
} im2col_args;

#endif
