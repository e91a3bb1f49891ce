/*
 * Included before everything else where a reference is compiled a second time, over double data
 * (ref64.h). The references are written for float arrays and compute in double; with the type
 * exchanged and the functions under other names, the very same lines take doubles. No system header
 * may come after the exchange.
 */
#ifndef CLCNN_REF_DOUBLE_H
#define CLCNN_REF_DOUBLE_H

#ifdef __APPLE__
#include <OpenCL/opencl.h>
#else
#include <CL/cl.h>
#endif
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLCNN_REF_DOUBLE
#define CLCNN_API /* hidden */
#define float double

#define clcnn_ref_batchnorm clcnn__ref64_batchnorm
#define clcnn__ref_activate clcnn__ref64_activate
#define clcnn__ref_activate_mag clcnn__ref64_activate_mag
#define clcnn__ref_activated_mag clcnn__ref64_activated_mag
#define clcnn_ref_activation_forward clcnn__ref64_activation_forward
#define clcnn_ref_activation_backward clcnn__ref64_activation_backward
#define clcnn_ref_conv2d_forward clcnn__ref64_conv2d_forward
#define clcnn_ref_conv2d_backward_data clcnn__ref64_conv2d_backward_data
#define clcnn_ref_conv2d_backward_weights clcnn__ref64_conv2d_backward_weights
#define clcnn_ref_dense_forward clcnn__ref64_dense_forward
#define clcnn_ref_dense_backward_data clcnn__ref64_dense_backward_data
#define clcnn_ref_dense_backward_weights clcnn__ref64_dense_backward_weights
#define clcnn_ref_maxpool2d_forward clcnn__ref64_maxpool2d_forward
#define clcnn_ref_maxpool2d_backward clcnn__ref64_maxpool2d_backward
#define clcnn_ref_avgpool2d_forward clcnn__ref64_avgpool2d_forward
#define clcnn_ref_avgpool2d_backward clcnn__ref64_avgpool2d_backward
#define clcnn_ref_adaptive_avgpool2d_forward clcnn__ref64_adaptive_avgpool2d_forward
#define clcnn_ref_adaptive_avgpool2d_backward clcnn__ref64_adaptive_avgpool2d_backward
#define clcnn_ref_softmax_cross_entropy_forward clcnn__ref64_softmax_cross_entropy_forward
#define clcnn_ref_softmax_cross_entropy_backward clcnn__ref64_softmax_cross_entropy_backward
#define clcnn_ref_batchnorm_forward clcnn__ref64_batchnorm_forward
#define clcnn_ref_batchnorm_backward clcnn__ref64_batchnorm_backward
#define clcnn_ref_batchnorm_fold clcnn__ref64_batchnorm_fold
#define clcnn_ref_layernorm_forward clcnn__ref64_layernorm_forward
#define clcnn_ref_layernorm_backward clcnn__ref64_layernorm_backward
#define clcnn_ref_add_forward clcnn__ref64_add_forward
#define clcnn_ref_add_backward clcnn__ref64_add_backward
#define clcnn_ref_dropout_forward clcnn__ref64_dropout_forward
#define clcnn_ref_dropout_backward clcnn__ref64_dropout_backward

#include "ref64.h"

#endif
