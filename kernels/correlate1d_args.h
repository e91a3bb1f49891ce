/* What correlate1d's kernel is told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_CORRELATE1D_ARGS
#define CLCNN_CORRELATE1D_ARGS

/* The long signal lies still, the short one slides over it. */
typedef struct correlate1d_args {
    int longer, shorter; /* elements */
    int out;             /* elements of y */
    int before;          /* results before the first where the two overlap wholly */
    int middle;          /* results from there on that are taken VEC at a time */
    int item;            /* of which a work-item has so many, a multiple of VEC */
    int flip;            /* the short one is read from its end: convolution */
    int reverse;         /* y is written from its end: the first operand was the short one */
} correlate1d_args;

#endif
