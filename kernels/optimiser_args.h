/* What the kernels of sgd, rmsprop and adam are told, shared by C and OpenCL C: 32-bit scalars
 * only. */
#ifndef CLCNN_OPTIMISER_ARGS
#define CLCNN_OPTIMISER_ARGS

/*
 * The block: what one step takes from device memory, in this order, then unused floats. One layout
 * serves all optimisers; a field that an optimiser has no use for is 0. clip_norm reads grad_scale
 * and writes clip, which are therefore the first two.
 */
typedef struct optimiser_block {
    float grad_scale;             /* multiplies the gradient, and so does clip */
    float clip;                   /* 1, until clip_norm writes another factor */
    float rate;                   /* lr; adam: lr / (1 - beta1^t) */
    float gradient_decay;         /* weight_decay, where it is added to the gradient */
    float param_decay;            /* lr * weight_decay, where it is taken off the parameter */
    float beta1, one_minus_beta1; /* adam; beta1 is sgd's momentum */
    float beta2, one_minus_beta2; /* adam; rmsprop's alpha */
    float root_factor;            /* adam: 1 / sqrt(1 - beta2^t) */
    float eps;                    /* adam, rmsprop */
    float nesterov;               /* sgd: 0 or 1 */
} optimiser_block;

#define OPTIMISER_BLOCK_GRAD_SCALE 0
#define OPTIMISER_BLOCK_CLIP 1

/* Of all elements and all rows of the segment table. */
typedef struct optimiser_args {
    int count, segments;
    int states; /* arrays of state that the call has */
} optimiser_args;

#endif
