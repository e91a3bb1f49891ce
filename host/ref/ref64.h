/*
 * The reference over double data: the functions of clcnn.h that a network's layers need, with every
 * array of floats an array of doubles. They are the same sources compiled a second time, as
 * double.h says; numeric gradients of whole networks need the digits that floats between layers
 * would lose.
 */
#ifndef CLCNN_REF64_H
#define CLCNN_REF64_H

#include "clcnn.h"

clcnn_status clcnn__ref64_activation_forward(const clcnn_activation *d, const double *x, double *y,
                                             double *mag);
clcnn_status clcnn__ref64_activation_backward(const clcnn_activation *d, const double *x,
                                              const double *y, const double *dy, double *dx,
                                              double *mag);
clcnn_status clcnn__ref64_conv2d_forward(const clcnn_conv2d *d, const double *x, const double *w,
                                         const double *b, double *y, double *mag);
clcnn_status clcnn__ref64_conv2d_backward_data(const clcnn_conv2d *d, const double *dy,
                                               const double *w, double *dx, double *mag);
clcnn_status clcnn__ref64_conv2d_backward_weights(const clcnn_conv2d *d, const double *x,
                                                  const double *dy, double *dw, double *db,
                                                  double *dw_mag, double *db_mag);
clcnn_status clcnn__ref64_dense_forward(const clcnn_dense *d, const double *x, const double *w,
                                        const double *b, double *y, double *mag);
clcnn_status clcnn__ref64_dense_backward_data(const clcnn_dense *d, const double *dy,
                                              const double *w, double *dx, double *mag);
clcnn_status clcnn__ref64_dense_backward_weights(const clcnn_dense *d, const double *x,
                                                 const double *dy, double *dw, double *db,
                                                 double *dw_mag, double *db_mag);
clcnn_status clcnn__ref64_maxpool2d_forward(const clcnn_maxpool2d *d, const double *x, double *y,
                                            int32_t *argmax);
clcnn_status clcnn__ref64_maxpool2d_backward(const clcnn_maxpool2d *d, const double *dy,
                                             const int32_t *argmax, double *dx, double *mag);
clcnn_status clcnn__ref64_avgpool2d_forward(const clcnn_avgpool2d *d, const double *x, double *y,
                                            double *mag);
clcnn_status clcnn__ref64_avgpool2d_backward(const clcnn_avgpool2d *d, const double *dy, double *dx,
                                             double *mag);
clcnn_status clcnn__ref64_adaptive_avgpool2d_forward(const clcnn_adaptive_avgpool2d *d,
                                                     const double *x, double *y, double *mag);
clcnn_status clcnn__ref64_adaptive_avgpool2d_backward(const clcnn_adaptive_avgpool2d *d,
                                                      const double *dy, double *dx, double *mag);
clcnn_status clcnn__ref64_softmax_cross_entropy_forward(const clcnn_softmax_cross_entropy *d,
                                                        const double *x, const int32_t *labels,
                                                        double *y, double *loss, double *y_mag,
                                                        double *loss_mag);
clcnn_status clcnn__ref64_softmax_cross_entropy_backward(const clcnn_softmax_cross_entropy *d,
                                                         const double *x, const int32_t *labels,
                                                         double *dx, double *mag);

#ifndef CLCNN_REF_DOUBLE /* where double.h has made it of clcnn_ref_batchnorm */
typedef struct clcnn__ref64_batchnorm {
    const double *x, *gamma, *beta, *running_mean, *running_var, *dy;
    double *y, *mean, *rstd, *new_running_mean, *new_running_var;
    double *dx, *dgamma, *dbeta;
    double *y_mag, *mean_mag, *rstd_mag, *new_running_mean_mag, *new_running_var_mag;
    double *dx_mag, *dgamma_mag, *dbeta_mag;
} clcnn__ref64_batchnorm;
#endif
clcnn_status clcnn__ref64_batchnorm_forward(const clcnn_batchnorm *d,
                                            const clcnn__ref64_batchnorm *arrays);
clcnn_status clcnn__ref64_batchnorm_backward(const clcnn_batchnorm *d,
                                             const clcnn__ref64_batchnorm *arrays);
clcnn_status clcnn__ref64_layernorm_forward(const clcnn_layernorm *d, const double *x,
                                            const double *gamma, const double *beta, double *y,
                                            double *mean, double *rstd, double *y_mag,
                                            double *mean_mag, double *rstd_mag);
clcnn_status clcnn__ref64_layernorm_backward(const clcnn_layernorm *d, const double *x,
                                             const double *gamma, const double *dy, double *dx,
                                             double *dgamma, double *dbeta, double *dx_mag,
                                             double *dgamma_mag, double *dbeta_mag);
clcnn_status clcnn__ref64_add_forward(const clcnn_add *d, const double *a, const double *b,
                                      double *y, double *mag);
clcnn_status clcnn__ref64_add_backward(const clcnn_add *d, const double *dy, double *db,
                                       double *mag);
clcnn_status clcnn__ref64_dropout_forward(const clcnn_dropout *d, const double *x, double *y,
                                          double *mag);
clcnn_status clcnn__ref64_dropout_backward(const clcnn_dropout *d, const double *dy, double *dx,
                                           double *mag);

#endif
