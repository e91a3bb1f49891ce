/* What conv2d's kernels are told, shared by C and OpenCL C: 32-bit scalars only. */
#ifndef CLCNN_CONV2D_ARGS
#define CLCNN_CONV2D_ARGS

/* direct and gemm: the descriptor with its defaults filled in, and what follows from it. */
typedef struct conv2d_args {
    int n, c, h, w, k, r, s, p, q;
    int pad_top, pad_left, stride_h, stride_w, dilation_h, dilation_w;
    int groups, group_c, group_k; /* channels of a group: input, output */
    int has_bias, activation, accumulate;
    int splits; /* gemm, backward_weights: parts of the sum over n, p, q */
    float alpha;
} conv2d_args;

/*
 * tile and row, forward and backward_data: a correlation of `in` with a list of taps. Forward
 * slides the filters over x; backward_data slides them, flipped, over dy, once for each phase (an
 * output row modulo step_h and column modulo step_w), since a phase meets always the same taps.
 */
typedef struct conv2d_taps_args {
    int n, in_channels;                       /* channels of a group */
    int in_image, in_group, in_plane, in_row; /* strides, in elements */
    int in_step_h, in_step_w;                 /* rows and columns of `in` from output to output */
    int in_top, in_left;                      /* padding that `in` has been given */
    int out_h, out_w, out_channels, out_group;
    int step_h, step_w; /* phases: 1 forward, the stride backward */
    int pad_top, pad_left;
    int r, s, dilation_h, dilation_w;
    int sign; /* 1: taps go down and right; -1: up and left */
    int blocks;
    int has_bias, activation, accumulate;
    float alpha;
} conv2d_taps_args;

/* tile and row: what one work-item prepares, about: taps of the list, elements of padded planes,
 * pixels of a packed gradient. */
#define CONV2D_PACK 16
#define CONV2D_PAD 4096
#define CONV2D_PIXELS 512

/* What conv2d_shared_prepare is to prepare besides padding: these bits. */
#define CONV2D_LIST 1     /* the list of taps */
#define CONV2D_WEIGHTS 2  /* packed weights */
#define CONV2D_GRADIENT 4 /* a packed dy, and neither of these */

/* tile and row: what is prepared for them; see conv2d_shared.cl. */
typedef struct conv2d_prepare_args {
    int planes, h, w, out_h, out_w, top, left; /* to be padded; planes 0: none */
    int rows;                                  /* of a padded plane that a work-item writes */
    int what;
    int channels; /* whose taps a work-item lists, and packs */
    int in_channels, r, s, dilation_h, dilation_w, step_h, step_w, sign;
    int in_plane, in_row;         /* as in conv2d_taps_args, and those above */
    int out_group, blocks, block; /* channels of a group, blocks in it, channels of a block */
    int images, k, pq;            /* of dy */
    int pixels;                   /* of an image that a work-item packs */
} conv2d_prepare_args;

/* tile, backward_weights: sums over `rows` rows of q pixels, in `splits` parts. */
typedef struct conv2d_tile_weights_args {
    int n, k, group_k, blocks, pq; /* of dy */
    int rows_inner, rows, q;       /* rows = images * rows_inner */
    int x_outer, x_inner, x_pixel; /* strides of x: image, row, pixel */
    int x_group;                   /* stride from group to group */
    int taps, r, s;                /* a tap is (channel of the group, row, column) */
    int x_plane, x_row;            /* stride of a channel, of a tap's row and column ... */
    int dilation_h, dilation_w;    /* ... times these */
    int groups, splits, accumulate;
    int block; /* channels of a block */
} conv2d_tile_weights_args;

#endif
