/* What the files that read golden cases share. */
#ifndef CLCNN_CHECK_GOLDEN_H
#define CLCNN_CHECK_GOLDEN_H

#include "check.h"

#include "safetensors.h"

/*
 * Sets the descriptor's fields from the metadata. An unknown, missing or malformed attribute is
 * CLCNN_BAD_FILE; a kind of activation still to come is CLCNN_UNSUPPORTED.
 */
clcnn_status check_golden_attributes(const check_op *op, const clcnn__safetensors *st,
                                     check_desc *desc, clcnn_error *error);

#endif
