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
    /* direct: the part of the sum that is added up; of its three indices a line is the first two */
    int first_line, end_line, first, end;
    float alpha;
} conv2d_args;

/*
 * tile, forward and backward_data: a correlation of `in` with a list of taps. Forward
 * slides the filters over x; backward_data slides them, flipped, over dy, once for each phase (an
 * output row modulo step_h and column modulo step_w), since a phase meets always the same taps.
 */
typedef struct conv2d_taps_args {
    int n, in_channels;             /* channels of a group */
    int in_image, in_plane, in_row; /* strides, in elements */
    int in_step_h, in_step_w;       /* rows and columns of `in` from output to output */
    int in_top, in_left;            /* zeros before its rows and columns */
    int out_h, out_w, out_channels, out_group;
    int step_h, step_w;    /* phases: 1 forward, the stride backward */
    int pad_top, pad_left; /* pad_top + in_top, ...: where the first tap of the first output is */
    int r, s, dilation_h, dilation_w;
    int sign; /* 1: taps go down and right; -1: up and left */
    int blocks;
    int has_bias, activation, accumulate;
    float alpha;
} conv2d_taps_args;

/* tile: runs of pixels that one work-item of `runs` computes. */
#define CONV2D_RUNS 4

/* tile: what one work-item prepares, about: taps of the list, elements of padded planes. */
#define CONV2D_PACK 16
#define CONV2D_PAD 4096

/* What conv2d_shared_prepare is to prepare besides padding: these bits. */
#define CONV2D_LIST 1    /* the list of taps */
#define CONV2D_WEIGHTS 2 /* packed weights */
#define CONV2D_THIN 4    /* only every step-th row and column is padded, and no taps are listed */

/* What is prepared for tile; see conv2d_shared.cl. */
typedef struct conv2d_prepare_args {
    int planes, in_h, in_w; /* to be padded, as they are; planes 0: none */
    int h, w;               /* rows and columns of them that are copied */
    int out_h, out_w, top, left;
    int rows; /* of a padded plane that a work-item writes */
    int what;
    int channels; /* whose taps a work-item lists, and packs */
    int in_channels, r, s, dilation_h, dilation_w, step_h, step_w, sign;
    int in_plane, in_row;         /* as in conv2d_taps_args, and those above */
    int out_group, blocks, block; /* channels of a group, blocks in it, channels of a block */
} conv2d_prepare_args;

/*
 * row, forward and backward_data: a correlation of `in` with the filters, slid over x or, flipped,
 * over dy, once for each phase (as above).
 */
typedef struct conv2d_row_args {
    int n, groups, blocks;       /* blocks of channels of a group of the result */
    int in_channels, in_h, in_w; /* channels of a group */
    int out_group, out_h, out_w;
    int step_h, step_w; /* phases: 1 forward, the stride backward */
    int pad_top, pad_left;
    int r, s, dilation_h, dilation_w;
    int sign;           /* 1: taps go down and right; -1: up and left */
    int lines, columns; /* of a work-item's tile, of each phase */
    int chunk;          /* channels of `in` that it has in local memory at a time */
    int has_bias, activation, accumulate;
    int slope; /* dx: the activation before, by whose slope it is taken */
    float alpha;
} conv2d_row_args;

/* row and tile: elements of local memory for `channels` planes, and room for vectors that begin in
 * them. */
#define CONV2D_NEAR_FLOATS(channels, plane, vec)                                                   \
    (((channels) * (plane) + 2 * (vec)-1) / (vec) * (vec))

/* backward_weights of row, and of tile where all that a work-item reads fits into local memory:
 * sums over tiles of `lines` lines of dy, in `splits` parts. Behind the taps of each channel of dy
 * is its part of db. */
typedef struct conv2d_near_args {
    int n, groups;
    int group_c, h, w; /* x; channels of a group */
    int group_k, p, q; /* dy */
    int pad_top, pad_left, r, s, dilation_h, dilation_w;
    int lines;
    int channels, blocks; /* of x, and blocks of dy's, that a work-item has */
    int taps, sums;       /* of a channel: those of dw, 0: it isn't asked for; 1: db as well */
    int splits;
} conv2d_near_args;

/* tile: filter rows of `columns` that such a work-item sums together. */
#define CONV2D_NEAR_ROWS(columns) ((columns) == 3 ? 5 : 3)

/* point: out[lane][pixel] is the sum over the taps of w[lane][tap] * in[tap][pixel]. */
typedef struct conv2d_point_args {
    int n, taps, lanes;         /* taps and lanes of a group */
    int blocks, pixels;         /* blocks of a group (across: panels), pixels of an image */
    int out_images, out_pixels; /* of an image of the result, if the input's lie side by side */
    int in_image, in_plane, out_image, out_plane; /* strides, in elements */
    int w_lane, w_tap; /* multiply: from channel to channel of the result, from tap to tap */
    int whole; /* vectors of an image that come before what is left of all; 0: all side by side */
    int each;  /* of a work-item: across segments, beside blocks of what is left of images */
    int has_bias, activation, accumulate;
    float alpha;
} conv2d_point_args;

/* dense: n rows of x and dx, c of each, and k rows of w and dw. */
typedef struct conv2d_dense_args {
    int n, c, k;
    int dx_blocks;      /* the gradients: blocks of dx's rows, 0 where it is not asked for; those */
    int has_dw, has_db; /* of dw's rows come behind them */
    int has_bias;
    int activation; /* forward: behind the sum; dx: the one before, by whose slope it is taken */
    int accumulate;
    float alpha;
} conv2d_dense_args;

/* dense, forward: rows of w that are summed together, and those of a work-item. */
#define CONV2D_DENSE_SIDE 4
#define CONV2D_DENSE_LANES 32

/* point: from planes of h x w every step-th pixel to planes of p x q in the workspace, and back. */
typedef struct conv2d_point_copy_args {
    int n, channels, h, w, p, q, step_h, step_w;
    int packed_image, packed_plane; /* strides of the p x q ones */
    int taps, whole;                /* arrange: channels of a group, whole vectors of an image */
    int has_bias, activation, accumulate;
    float alpha;
} conv2d_point_copy_args;

/* point: rows that one work-item copies; and, across, channels whose weights it packs: whole
 * blocks, and of floats as many as a line of a cache has. */
#define CONV2D_POINT_ROWS 32
#define CONV2D_POINT_PANEL(block) ((block) < 16 ? 16 / (block) * (block) : (block))

/* tile, backward_weights: sums over all images' pixels in `splits` parts. For x they are rows of q
 * pixels, rows_inner of them to each image (or to all). */
typedef struct conv2d_tile_weights_args {
    int n, groups, group_k, blocks, pq; /* dy; blocks of a group */
    int rows_inner, q;
    int x_outer, x_inner, x_pixel; /* strides of x: image, row, pixel */
    int x_group;                   /* stride from group to group */
    int taps, r, s;                /* a tap is (channel of the group, row, column) */
    int x_plane, x_row;            /* stride of a channel, of a tap's row and column ... */
    int dilation_h, dilation_w;    /* ... times these */
    int splits;
    int each;   /* taps of a work-item: whole tiles */
    int pixels; /* that it has in local memory at a time */
    int sums;   /* 1: behind the taps of each channel is its part of db */
} conv2d_tile_weights_args;

/* What conv2d_shared_sum adds up: n images of k planes of pq elements, in `splits` parts. */
typedef struct conv2d_sum_args {
    int n, k, pq;
    int splits, accumulate;
} conv2d_sum_args;

/* What conv2d_shared_add adds up: partial[split][block][tap][channel of the block], and with blocks
 * of one channel partial[split][k][tap]. A work-item has CONV2D_ADD taps of a channel. */
#define CONV2D_ADD 16
typedef struct conv2d_add_args {
    int k, groups, group_k, blocks, block; /* channels; of a group; blocks in it */
    int taps, sums;                        /* of a channel: those of dw, and 1 behind them of db */
    int splits, accumulate;
} conv2d_add_args;

/*
 * depthwise: what is read (x, or dy when it goes backward to the data) and what is computed;
 * backward_weights: x, and dy in the result's place. A result's channel meets in_channels planes.
 */
typedef struct conv2d_depthwise_args {
    int planes, out_channels, out_group; /* planes of all images; result channels of a group */
    int in_channels, in_h, in_w, in_size;
    int out_h, out_w, r, s;
    int stride_h, stride_w, dilation_h, dilation_w, pad_top, pad_left;
    int turned;       /* the filter's last tap is its first */
    int each, splits; /* blocks or rows of a work-item (backward_weights: first split); splits */
    int sums;         /* backward_weights: db as well */
    int has_bias, activation, accumulate;
    float alpha;
} conv2d_depthwise_args;

/* winograd: the side of a tile of results, and the tiles of a row that one work-item transforms. */
#define CONV2D_WINOGRAD_SIDE 4
#define CONV2D_WINOGRAD_SEGMENT 7
/* ... and, to the weights, the channels that one work-item multiplies, with vectors of `vec`. */
#define CONV2D_WINOGRAD_TAPS(vec) ((vec) < 8 ? (vec) : 8)
/* ... and, fused, elements from point to point of what a work-item has of its own: a vector more
 * than its tiles, so that points don't meet in the same lines of a cache. */
#define CONV2D_WINOGRAD_OWN(pixels, vec) (((pixels) + 1) * (vec))
/* ... and for each vector of the result's channels the ends of a tile's rows, less than a vector of
 * pixels each, that wait for the rest of their line of the cache. */
#define CONV2D_WINOGRAD_HELD(vec) (CONV2D_WINOGRAD_SIDE * (vec) * (vec))

/*
 * winograd: some lines of tiles, a line being a row of tiles of one image, and some channels of the
 * result. x is what is read, [n][c][h][w], y what is written or, to the weights, the gradient:
 * [n][k][p][q].
 */
typedef struct conv2d_winograd_args {
    int n, c, h, w, k, p, q;
    int top, left;                          /* padding of x */
    int tiles_h, tiles_w;                   /* of one image */
    int first_line, lines;                  /* which ones are in the workspace */
    int groups;                             /* of channels */
    int first_vector;                       /* the first of the result's that are there */
    int slots;                              /* tiles there, filled up to whole blocks */
    int c_blocks;                           /* vectors of x's channels, of a group */
    int point_in, point_weights, point_out; /* elements from point to point, of v, u and m */
    int flipped;                            /* backward_data: the weights change places */
    int each;                               /* fused: runs of segments of a work-item */
    int first_item, items;                  /* ... to the weights: of those in the workspace;
                                             * else items says if ends of rows may wait */
    int has_bias, activation, accumulate;
    float alpha;
} conv2d_winograd_args;

#endif
