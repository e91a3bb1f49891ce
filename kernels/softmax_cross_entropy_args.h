/* What softmax_cross_entropy's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_SOFTMAX_CROSS_ENTROPY_ARGS
#define CLCNN_SOFTMAX_CROSS_ENTROPY_ARGS

typedef struct softmax_cross_entropy_args {
    int n, classes;
    int with_y, with_loss;
    int ignore, ignored_label;
    int counts;      /* where the rows' counts lie after their losses */
    int rows;        /* of a work-item of backward or gradient */
    int alone;       /* gradient: the only work-item, which adds up the losses as well */
    float smoothing; /* label_smoothing / classes, for each class */
    float rest;      /* 1 - label_smoothing, for the label */
    float hit;       /* the label's target: rest + smoothing */
    float inverse_n; /* 1/n */
} softmax_cross_entropy_args;

/* The last stage: `count` losses over n, and counts, are left. */
typedef struct softmax_cross_entropy_finish_args {
    int count;
    float n;
} softmax_cross_entropy_finish_args;

#endif
