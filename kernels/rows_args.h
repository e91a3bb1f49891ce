/* What the kernels of concat and slice are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_ROWS_ARGS
#define CLCNN_ROWS_ARGS

/* A part of each image, `length` elements from `begin`: channels lie together. */
typedef struct rows_args {
    int images, length;
    int from_image, to_image; /* elements from image to image */
    int begin;                /* slice, backward: where the part begins */
    int accumulate;
} rows_args;

#endif
