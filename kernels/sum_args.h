/* What the kernels that add up many values are told, shared by C and OpenCL C: 32-bit scalars only.
 */
#ifndef CLCNN_SUM_ARGS
#define CLCNN_SUM_ARGS

/* Values that one work-item of a stage adds up. */
#define SUM_FAN 256

/* One stage: `count` values become count/SUM_FAN, rounded up, each multiplied by `factor`. */
typedef struct sum_args {
    int count;
    float factor; /* of the results: 1 in all stages but the last */
} sum_args;

#endif
