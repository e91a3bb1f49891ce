/*
 * backward_weights from local memory, as row has it, and tile where its vectors' channels are few:
 * a work-item has some channels of x, some blocks of dy's channels and one split of the tiles,
 * which are lines of images, and leaves its parts of dw and db in the workspace: tile's as
 * partial[split][block][tap][channel of the block], row's as partial[split][k][tap], where behind
 * dw's taps there is one more for db.
 */
#ifndef CLCNN_CONV2D_NEAR_H
#define CLCNN_CONV2D_NEAR_H

#include "conv2d.h"

typedef struct clcnn__near {
    /* What the algorithm says: */
    int width;    /* of a vector */
    int block;    /* channels of dy in a block */
    double room;  /* floats of local memory for a work-item, about */
    bool packs;   /* vectors are of a block's channels, and dy is packed for them; or of pixels */
    double pixel; /* loops of a work-item for a vector of pixels (a pixel) and a filter row */
    /* What follows: */
    conv2d_near_args args;
    int parts;           /* work-items that share x's channels */
    size_t items;        /* and blocks of dy's channels of all groups */
    size_t own, partial; /* bytes of local memory, elements of the workspace */
    const char *refusal; /* why it can't be had, or NULL */
} clcnn__near;

/* Fills in what follows, or only `refusal`. */
void clcnn__near_make(const clcnn_ctx *ctx, const clcnn__conv2d_problem *problem, clcnn__near *n);

/* Bytes of the workspace. */
size_t clcnn__near_workspace(const clcnn__conv2d_problem *problem, const clcnn__near *n);

/* dw and db, or one of them; `desc` says program, kernel, row and macros. */
clcnn_status clcnn__near_enqueue(clcnn_ctx *ctx, const clcnn__conv2d_call *call,
                                 const clcnn__near *n, clcnn__launch_desc *desc);

#endif
