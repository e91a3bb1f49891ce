/* What the operations' files share: shapes as lists, and the rows of their tables. */
#ifndef CLCNN_CHECK_COMMON_H
#define CLCNN_CHECK_COMMON_H

#include "check.h"

/* 0 in a descriptor where it means 1: groups, a stride. */
int check_or_one(int value);

/* ---- Shapes ------------------------------------------------------------------------------------
 */

/* A tensor of an operation. Its gradient has the same shape and is called d and its name. */
typedef struct check_tensor_shape {
    const char *name; /* NULL ends a list */
    int rank, size[CHECK_MAX_RANK];
} check_tensor_shape;

/* What `check_op.shape` gives, from a list. */
bool check_find_shape(const check_tensor_shape *list, const char *name, check_shape *shape);

/* Writes the sizes of a tensor of golden files to fields of the descriptor, where there is one for
 * the axis. False: it has another number of axes, or is not there. */
bool check_take_sizes(const check_shape *shape, int rank, int *const *fields);

/* ---- Rows --------------------------------------------------------------------------------------
 */

/* clang-format off */
#define CHECK_FIELD(desc, type, field) {#field, type, offsetof(desc, field)}
/* clang-format on */

/* An attribute that is called as its field: an int from `least` up, one that is 0 or 1, a number.
 */
#define CHECK_INT_ATTRIBUTE(desc, field, least)                                                    \
    .name = #field, .count = 1, .offset = {offsetof(desc, field)}, .low = (least), .high = INT32_MAX
#define CHECK_FLAG_ATTRIBUTE(desc, field)                                                          \
    .name = #field, .count = 1, .offset = {offsetof(desc, field)}, .low = 0, .high = 1
#define CHECK_REAL_ATTRIBUTE(desc, field, least, most)                                             \
    .name = #field, .type = CHECK_DOUBLE, .count = 1, .offset = {offsetof(desc, field)},           \
    .low = (least), .high = (most)

/* Sizes, strides or dilations along height and width; the four paddings. */
#define CHECK_PAIR_ATTRIBUTE(text, desc, one, two)                                                 \
    .name = text, .count = 2, .offset = {offsetof(desc, one), offsetof(desc, two)}, .low = 1,      \
    .high = INT32_MAX
#define CHECK_PADS_ATTRIBUTE(desc)                                                                 \
    .name = "pad", .count = 4,                                                                     \
    .offset = {offsetof(desc, pad_top), offsetof(desc, pad_left), offsetof(desc, pad_bottom),      \
               offsetof(desc, pad_right)},                                                         \
    .low = 0, .high = INT32_MAX

#endif
