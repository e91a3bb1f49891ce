/*
 * The CPU reference itself: small cases worked out by hand, and the shape functions. No device
 * takes part. Its gradients: gradients.c.
 */
#include "harness.h"

#include <math.h>
#include <string.h>

static void near_values(const char *what, const double *got, const double *want, int count,
                        double tolerance)
{
    for (int i = 0; i < count; i++) {
        const bool good = isnan(want[i]) ? isnan(got[i]) : fabs(got[i] - want[i]) <= tolerance;
        CHECK(good, "%s[%d] is %.17g, not %.17g", what, i, got[i], want[i]);
    }
}

static void equal_values(const char *what, const double *got, const double *want, int count)
{
    near_values(what, got, want, count, 0);
}

static void succeeds(const char *what, clcnn_status status)
{
    CHECK(status == CLCNN_SUCCESS, "%s gave %s", what, clcnn_status_name(status));
}

/* ---- conv2d ------------------------------------------------------------------------------------
 */

/*
 * x = 1 2 3   w = 1  0   each y = x(p,q) - 2*x(p+1,q+1) + 10:
 *     4 5 6       0 -2   1 - 10 + 10 = 1    2 - 12 + 10 = 0
 *     7 8 9              4 - 16 + 10 = -2   5 - 18 + 10 = -3
 * The magnitudes: 1 + 10 + 10 = 21, 2 + 12 + 10 = 24, 4 + 16 + 10 = 30, 5 + 18 + 10 = 33.
 *
 * With dy = 1 2  a pixel gets dy(row,column)*1 - 2*dy(row-1,column-1), where those exist:
 *           3 4  1  2  0
 *                3  4-2  -4
 *                0  -6  -8
 * dw(r,s) = sum of dy(p,q)*x(p+r,q+s):
 *   1*1+2*2+3*4+4*5 = 37   1*2+2*3+3*5+4*6 = 47
 *   1*4+2*5+3*7+4*8 = 67   1*5+2*6+3*8+4*9 = 77
 * db = 10.
 */
static void test_conv2d_by_hand(void)
{
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, w[] = {1, 0, 0, -2}, b[] = {10};
    static const float dy[] = {1, 2, 3, 4};
    const clcnn_conv2d d = {.n = 1, .c = 1, .h = 3, .w = 3, .k = 1, .r = 2, .s = 2};
    double y[4], mag[4], dx[9], dw[4], db[1];
    succeeds("forward", clcnn_ref_conv2d_forward(&d, x, w, b, y, mag));
    equal_values("y", y, (double[]){1, 0, -2, -3}, 4);
    equal_values("mag", mag, (double[]){21, 24, 30, 33}, 4);
    succeeds("backward_data", clcnn_ref_conv2d_backward_data(&d, dy, w, dx, NULL));
    equal_values("dx", dx, (double[]){1, 2, 0, 3, 2, -4, 0, -6, -8}, 9);
    succeeds("backward_weights", clcnn_ref_conv2d_backward_weights(&d, x, dy, dw, db, NULL, NULL));
    equal_values("dw", dw, (double[]){37, 47, 67, 77}, 4);
    equal_values("db", db, (double[]){10}, 1);

    clcnn_conv2d relu = d;
    relu.activation = CLCNN_RELU;
    succeeds("forward with ReLU", clcnn_ref_conv2d_forward(&relu, x, w, b, y, NULL));
    equal_values("ReLU y", y, (double[]){1, 0, 0, 0}, 4);

    clcnn_conv2d adding = d;
    adding.accumulate = 1;
    db[0] = 5;
    for (int i = 0; i < 4; i++)
        dw[i] = 100;
    succeeds("accumulating", clcnn_ref_conv2d_backward_weights(&adding, x, dy, dw, db, NULL, NULL));
    equal_values("dw", dw, (double[]){137, 147, 167, 177}, 4);
    equal_values("db", db, (double[]){15}, 1);
}

/*
 * A row of 5 pixels, 1 2 3 4 5, with 1 zero before and 2 after: 0 1 2 3 4 5 0 0. The filter 1 10
 * 100 at stride 3 and dilation 2 spans 5, so its windows start at 0 and 3: 0*1 + 2*10 + 4*100 =
 * 420,   3*1 + 5*10 + 0*100 = 53. With dy = 1 2 the taps go back to where they came from: pixels
 * (from 0) 1 and 3 get 10 and 100 from the first window; 2 and 4 get 2*1 and 2*10 from the second.
 * The first tap of the first window and the last of the second lie in the zeros.
 */
static void test_conv2d_strides_by_hand(void)
{
    static const float x[] = {1, 2, 3, 4, 5}, w[] = {1, 10, 100}, dy[] = {1, 2};
    const clcnn_conv2d d = {.n = 1,
                            .c = 1,
                            .h = 1,
                            .w = 5,
                            .k = 1,
                            .r = 1,
                            .s = 3,
                            .pad_left = 1,
                            .pad_right = 2,
                            .stride_w = 3,
                            .dilation_w = 2};
    double y[2], dx[5], dw[3];
    succeeds("forward", clcnn_ref_conv2d_forward(&d, x, w, NULL, y, NULL));
    equal_values("y", y, (double[]){420, 53}, 2);
    succeeds("backward_data", clcnn_ref_conv2d_backward_data(&d, dy, w, dx, NULL));
    equal_values("dx", dx, (double[]){0, 10, 2, 100, 20}, 5);
    /* dw: 1*0 + 2*3, 1*2 + 2*5, 1*4 + 2*0 */
    succeeds("backward_weights",
             clcnn_ref_conv2d_backward_weights(&d, x, dy, dw, NULL, NULL, NULL));
    equal_values("dw", dw, (double[]){6, 12, 4}, 3);
}

/*
 * Two groups of one channel, two filters each: filters 0 and 1 see channel 0 (value 3), filters 2
 * and 3 see channel 1 (value 5).
 */
static void test_conv2d_groups_by_hand(void)
{
    static const float x[] = {3, 5}, w[] = {1, 2, 10, 20}, b[] = {0, 1, 0, 1}, dy[] = {1, 1, 1, 2};
    const clcnn_conv2d d = {.n = 1, .c = 2, .h = 1, .w = 1, .k = 4, .r = 1, .s = 1, .groups = 2};
    double y[4], dx[2], dw[4], db[4];
    succeeds("forward", clcnn_ref_conv2d_forward(&d, x, w, b, y, NULL));
    equal_values("y", y, (double[]){3, 7, 50, 101}, 4);
    succeeds("backward_data", clcnn_ref_conv2d_backward_data(&d, dy, w, dx, NULL));
    equal_values("dx", dx, (double[]){1 + 2, 10 + 40}, 2);
    succeeds("backward_weights", clcnn_ref_conv2d_backward_weights(&d, x, dy, dw, db, NULL, NULL));
    equal_values("dw", dw, (double[]){3, 3, 5, 10}, 4);
    equal_values("db", db, (double[]){1, 1, 1, 2}, 4);
}

/* ---- conv2d_transpose --------------------------------------------------------------------------
 */

/*
 * x = 1 2 by the row 1 10 100 at stride 2: 1 10 100 and, two further on, 2 20 200: 1 10 102 20 200,
 * and one column of output padding: 0. Cropped by one on the left and none on the right, plus 5:
 * 15 107 25 205 5. With dy = 1 2 3 4 5 (0 where y was cropped) x0 gets 0*1 + 1*10 + 2*100 = 210 and
 * x1 2*1 + 3*10 + 4*100 = 432; dw: 1*0 + 2*2 = 4, 1*1 + 2*3 = 7, 1*2 + 2*4 = 10; db = 15.
 */
static void test_conv2d_transpose_by_hand(void)
{
    static const float x[] = {1, 2}, w[] = {1, 10, 100}, b[] = {5}, dy[] = {1, 2, 3, 4, 5};
    const clcnn_conv2d_transpose d = {.n = 1,
                                      .c = 1,
                                      .h = 1,
                                      .w = 2,
                                      .k = 1,
                                      .r = 1,
                                      .s = 3,
                                      .pad_left = 1,
                                      .output_pad_w = 1,
                                      .stride_w = 2};
    double y[5], mag[5], dx[2], dw[3], db[1];
    int p = 0, q = 0;
    succeeds("output", clcnn_conv2d_transpose_output(&d, &p, &q, NULL));
    CHECK(p == 1 && q == 5, "%d x %d", p, q);
    succeeds("forward", clcnn_ref_conv2d_transpose_forward(&d, x, w, b, y, mag));
    equal_values("y", y, (double[]){15, 107, 25, 205, 5}, 5);
    equal_values("mag", mag, (double[]){15, 107, 25, 205, 5}, 5);
    succeeds("backward_data", clcnn_ref_conv2d_transpose_backward_data(&d, dy, w, dx, NULL));
    equal_values("dx", dx, (double[]){210, 432}, 2);
    succeeds("backward_weights",
             clcnn_ref_conv2d_transpose_backward_weights(&d, x, dy, dw, db, NULL, NULL));
    equal_values("dw", dw, (double[]){4, 7, 10}, 3);
    equal_values("db", db, (double[]){15}, 1);
}

/* It is the adjoint of conv2d: one's forward is the other's backward_data. */
static void test_conv2d_transpose_is_adjoint(void)
{
    static float x[2048], weights[2048];
    static double dx[2048], y[2048];
    const clcnn_conv2d conv = {.n = 2,
                               .c = 3,
                               .h = 8,
                               .w = 9,
                               .k = 4,
                               .r = 3,
                               .s = 2,
                               .pad_top = 1,
                               .pad_right = 2,
                               .stride_h = 2,
                               .stride_w = 3};
    int p = 0, q = 0, h = 0, w = 0;
    succeeds("output", clcnn_conv2d_output(&conv, &p, &q, NULL));
    clcnn_conv2d_transpose d = {.n = 2,
                                .c = 4,
                                .h = p,
                                .w = q,
                                .k = 3,
                                .r = 3,
                                .s = 2,
                                .pad_top = 1,
                                .pad_right = 2,
                                .stride_h = 2,
                                .stride_w = 3};
    succeeds("output", clcnn_conv2d_transpose_output(&d, &h, &w, NULL));
    d.output_pad_h = conv.h - h;
    d.output_pad_w = conv.w - w;
    succeeds("output", clcnn_conv2d_transpose_output(&d, &h, &w, NULL));
    CHECK(h == conv.h && w == conv.w, "%d x %d, not %d x %d", h, w, conv.h, conv.w);
    for (int i = 0; i < 2048; i++) {
        x[i] = (float)(i * 37 % 65 - 32);
        weights[i] = (float)(i * 29 % 63 - 31);
    }
    succeeds("conv2d", clcnn_ref_conv2d_backward_data(&conv, x, weights, dx, NULL));
    succeeds("forward", clcnn_ref_conv2d_transpose_forward(&d, x, weights, NULL, y, NULL));
    equal_values("y", y, dx, 2 * 3 * h * w);
}

/* ---- dense -------------------------------------------------------------------------------------
 */

/*
 * x = 1 2 3   w = 1 0 -1   b = 10 20   y = 1-3+10 = 8   2+4+6+20 = 32
 *     4 5 6       2 2  2                   4-6+10 = 8   8+10+12+20 = 50
 * dy = 1 0   dx = 1 0 -1         dw = 1*x0 + 2*x1 = 9 12 15   db = 3 1
 *      2 1        2*w0 + w1 = 4 2 0   1*x1 = 4 5 6
 */
static void test_dense_by_hand(void)
{
    static const float x[] = {1, 2, 3, 4, 5, 6}, w[] = {1, 0, -1, 2, 2, 2}, b[] = {10, 20};
    static const float dy[] = {1, 0, 2, 1};
    const clcnn_dense d = {.n = 2, .c = 3, .k = 2};
    double y[4], mag[4], dx[6], dw[6], db[2];
    succeeds("forward", clcnn_ref_dense_forward(&d, x, w, b, y, mag));
    equal_values("y", y, (double[]){8, 32, 8, 50}, 4);
    equal_values("mag", mag, (double[]){14, 32, 20, 50}, 4);
    succeeds("backward_data", clcnn_ref_dense_backward_data(&d, dy, w, dx, NULL));
    equal_values("dx", dx, (double[]){1, 0, -1, 4, 2, 0}, 6);
    succeeds("backward_weights", clcnn_ref_dense_backward_weights(&d, x, dy, dw, db, NULL, NULL));
    equal_values("dw", dw, (double[]){9, 12, 15, 4, 5, 6}, 6);
    equal_values("db", db, (double[]){3, 1}, 2);
}

/* ---- maxpool2d ---------------------------------------------------------------------------------
 */

/*
 * x = 1 5 5 2   windows of 2x2 at stride 1: the largest is 5 in each of the first row, at the first
 *     3 4 0 6   place of each (index 1, 1, 2 of the plane, then 6 at index 7): 5 at 1, 5 at 1,
 *     9 9 8 7   6 at 7; second row: 9 at 8, 9 at 9, 8 at 10.
 * dy = 1 2 3 / 4 5 6 gives dx[1] = 1 + 2, dx[7] = 3, dx[8] = 4, dx[9] = 5, dx[10] = 6.
 */
static void test_maxpool2d_by_hand(void)
{
    static const float x[] = {1, 5, 5, 2, 3, 4, 0, 6, 9, 9, 8, 7}, dy[] = {1, 2, 3, 4, 5, 6};
    static const int32_t want[] = {1, 1, 7, 8, 9, 10};
    const clcnn_maxpool2d d = {
        .n = 1, .c = 1, .h = 3, .w = 4, .r = 2, .s = 2, .stride_h = 1, .stride_w = 1};
    double y[6], dx[12], mag[12];
    int32_t argmax[6];
    succeeds("forward", clcnn_ref_maxpool2d_forward(&d, x, y, argmax));
    equal_values("y", y, (double[]){5, 5, 6, 9, 9, 8}, 6);
    CHECK(memcmp(argmax, want, sizeof want) == 0, "argmax is %d %d %d %d %d %d", argmax[0],
          argmax[1], argmax[2], argmax[3], argmax[4], argmax[5]);
    succeeds("backward", clcnn_ref_maxpool2d_backward(&d, dy, argmax, dx, mag));
    equal_values("dx", dx, (double[]){0, 3, 0, 0, 0, 0, 0, 3, 4, 5, 6, 0}, 12);
    equal_values("mag", mag, (double[]){0, 3, 0, 0, 0, 0, 0, 3, 4, 5, 6, 0}, 12);
}

/*
 * Stride 0 is the window: 1x4 by 1x2 has 2 windows. With padding 1 before, dilation 2: taps at
 * columns -1 and 1, then 1 and 3: padding does not win over negative numbers.
 */
static void test_maxpool2d_window_by_hand(void)
{
    static const float x[] = {-4, -3, -2, -1};
    double y[2];
    int32_t argmax[2];
    const clcnn_maxpool2d plain = {.n = 1, .c = 1, .h = 1, .w = 4, .r = 1, .s = 2};
    succeeds("forward", clcnn_ref_maxpool2d_forward(&plain, x, y, argmax));
    equal_values("y", y, (double[]){-3, -1}, 2);
    const clcnn_maxpool2d padded = {.n = 1,
                                    .c = 1,
                                    .h = 1,
                                    .w = 4,
                                    .r = 1,
                                    .s = 2,
                                    .pad_left = 1,
                                    .stride_w = 2,
                                    .dilation_w = 2};
    succeeds("forward", clcnn_ref_maxpool2d_forward(&padded, x, y, argmax));
    equal_values("y", y, (double[]){-3, -1}, 2);
    CHECK(argmax[0] == 1 && argmax[1] == 3, "argmax is %d %d", argmax[0], argmax[1]);
}

/* ---- activation --------------------------------------------------------------------------------
 */

static void test_activation_by_hand(void)
{
    static const float x[] = {-2, 0, 3, NAN, -INFINITY, INFINITY}, dy[] = {7, 8, 9, 1, 2, 3};
    const clcnn_activation relu = {.count = 6, .kind = CLCNN_RELU};
    const clcnn_activation identity = {.count = 6, .kind = CLCNN_IDENTITY};
    double y[6], dx[6];
    succeeds("ReLU", clcnn_ref_activation_forward(&relu, x, y, NULL));
    equal_values("y", y, (double[]){0, 0, 3}, 3);
    CHECK(isnan(y[3]) && y[4] >= 0 && y[4] <= 0 && isinf(y[5]), "ReLU of NaN, -Inf, Inf: %g %g %g",
          y[3], y[4], y[5]);
    succeeds("ReLU backward", clcnn_ref_activation_backward(&relu, x, NULL, dy, dx, NULL));
    equal_values("dx", dx, (double[]){0, 0, 9, 1, 0, 3}, 6);
    succeeds("identity", clcnn_ref_activation_forward(&identity, x, y, NULL));
    equal_values("y", y, (double[]){-2, 0, 3}, 3);
    succeeds("identity backward", clcnn_ref_activation_backward(&identity, x, NULL, dy, dx, NULL));
    equal_values("dx", dx, (double[]){7, 8, 9, 1, 2, 3}, 6);
}

/* ---- softmax_cross_entropy ---------------------------------------------------------------------
 */

/*
 * Row 0: two equal logits, label 0: y = 1/2 1/2, loss ln 2. Row 1: 0 and 1, label 1: y = 1/(1+e)
 * and e/(1+e), loss ln(1+e) - 1. The mean of the two; dx = (y - hit)/2.
 */
static void test_softmax_by_hand(void)
{
    static const float x[] = {5, 5, 0, 1};
    static const int32_t labels[] = {0, 1};
    const clcnn_softmax_cross_entropy d = {.n = 2, .classes = 2};
    const double e = 2.718281828459045, low = 1 / (1 + e), high = e / (1 + e);
    double y[4], loss, dx[4];
    succeeds("forward",
             clcnn_ref_softmax_cross_entropy_forward(&d, x, labels, y, &loss, NULL, NULL));
    near_values("y", y, (double[]){0.5, 0.5, low, high}, 4, 1e-15);
    /* (0.69314718... + 0.31326168...)/2 */
    near_values("loss", &loss, (double[]){(0.6931471805599453 + 0.31326168751822286) / 2}, 1,
                1e-15);
    succeeds("backward", clcnn_ref_softmax_cross_entropy_backward(&d, x, labels, dx, NULL));
    near_values("dx", dx, (double[]){-0.25, 0.25, low / 2, (high - 1) / 2}, 4, 1e-15);
}

/* 10^4 apart: y is 1 and 0, the loss is the distance, nothing overflows. A foreign label is NaN. */
static void test_softmax_extremes(void)
{
    static const float x[] = {10000, -10000, -10000, 10000};
    static const int32_t labels[] = {1, 1}, foreign[] = {2, 1};
    const clcnn_softmax_cross_entropy d = {.n = 2, .classes = 2};
    double y[4], loss, dx[4];
    succeeds("forward",
             clcnn_ref_softmax_cross_entropy_forward(&d, x, labels, y, &loss, NULL, NULL));
    equal_values("y", y, (double[]){1, 0, 0, 1}, 4);
    equal_values("loss", &loss, (double[]){10000}, 1);
    succeeds("forward",
             clcnn_ref_softmax_cross_entropy_forward(&d, x, foreign, y, &loss, NULL, NULL));
    CHECK(isnan(loss), "the loss of a foreign label is %g", loss);
    succeeds("backward", clcnn_ref_softmax_cross_entropy_backward(&d, x, foreign, dx, NULL));
    CHECK(isnan(dx[0]) && isnan(dx[1]), "the gradient of a foreign label is %g %g", dx[0], dx[1]);
    equal_values("the other row", dx + 2, (double[]){0, 0}, 2);
}

/*
 * One row of logits 0 0, label 0, and one that is ignored: log 2 whatever the smoothing, for both
 * distances are 0; dx = 1/2 minus the targets 1 - 0.5/2 and 0.5/2. The softmax of 0 and ln 3.
 */
static void test_smoothing_by_hand(void)
{
    static const float x[] = {0, 0, 9, 7}, logits[] = {0, 1.0986122886681098f};
    static const int32_t labels[] = {0, -1}, ignored[] = {-1, -1};
    const clcnn_softmax_cross_entropy d = {
        .n = 2, .classes = 2, .label_smoothing = 0.5, .ignore = 1, .ignored_label = -1};
    double loss, dx[4], y[2];
    succeeds("forward",
             clcnn_ref_softmax_cross_entropy_forward(&d, x, labels, NULL, &loss, NULL, NULL));
    near_values("loss", &loss, (double[]){0.6931471805599453}, 1, 1e-15);
    succeeds("backward", clcnn_ref_softmax_cross_entropy_backward(&d, x, labels, dx, NULL));
    near_values("dx", dx, (double[]){-0.25, 0.25, 0, 0}, 4, 1e-15);
    succeeds("forward",
             clcnn_ref_softmax_cross_entropy_forward(&d, x, ignored, NULL, &loss, NULL, NULL));
    CHECK(isnan(loss), "the loss of no row is %g", loss);
    clcnn_softmax rows = {.n = 1, .classes = 2};
    succeeds("softmax", clcnn_ref_softmax_forward(&rows, logits, y, NULL));
    near_values("y", y, (double[]){0.25, 0.75}, 2, 1e-7);
    rows.log = 1;
    succeeds("log-softmax", clcnn_ref_softmax_forward(&rows, logits, y, NULL));
    near_values("log y", y, (double[]){-1.3862943611198906, -0.2876820724517809}, 2, 1e-7);
}

/* ---- adam --------------------------------------------------------------------------------------
 */

/*
 * lr 0.5, beta1 1/2, beta2 3/4, eps 1/2, first step: m = 2/2 = 1, v = 2*2/4 = 1; 1 - beta1 = 1/2
 * and 1 - beta2 = 1/4 give m' = 2, sqrt(v') = 2: param = 1 - 0.5*2/(2 + 0.5) = 0.6.
 */
static void test_adam_by_hand(void)
{
    const clcnn_adam d = {
        .count = 1, .lr = 0.5, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .step = 1};
    static const float param[] = {1}, grad[] = {2}, zero[] = {0};
    double p, m, v;
    succeeds("step 1",
             clcnn_ref_adam_step(&d, param, grad, zero, zero, NULL, &p, &m, &v, NULL, NULL, NULL));
    equal_values("m", &m, (double[]){1}, 1);
    equal_values("v", &v, (double[]){1}, 1);
    near_values("param", &p, (double[]){0.6}, 1, 1e-15);
    /*
     * Second step from m = 4, v = 4, grad 2: m = 2 + 1 = 3, v = 3 + 1 = 4; corrections 3/4 and
     * 7/16: m' = 4, sqrt(v') = sqrt(64/7) = 3.0237157840738176: 1 - 0.5*4/3.5237157840738176.
     */
    clcnn_adam second = d;
    second.step = 2;
    static const float four[] = {4};
    succeeds("step 2", clcnn_ref_adam_step(&second, param, grad, four, four, NULL, &p, &m, &v, NULL,
                                           NULL, NULL));
    equal_values("m", &m, (double[]){3}, 1);
    equal_values("v", &v, (double[]){4}, 1);
    near_values("param", &p, (double[]){1 - 2 / 3.5237157840738176}, 1, 1e-15);
}

/*
 * Decay 1/4 on param 4, gradient 1. Plain: g = 1 + 1 = 2, so m and v are those of the first case
 * and param = 4 - 0.4. Decoupled: g = 1, m = 1/2, v = 1/4, m' = 1, sqrt(v') = 1, param = 4 -
 * 0.5*0.25*4
 * - 0.5*1/(1 + 0.5) = 3.5 - 1/3.
 */
static void test_adam_decay_by_hand(void)
{
    clcnn_adam d = {.count = 1,
                    .lr = 0.5,
                    .beta1 = 0.5,
                    .beta2 = 0.75,
                    .eps = 0.5,
                    .weight_decay = 0.25,
                    .step = 1};
    static const float param[] = {4}, grad[] = {1}, zero[] = {0};
    double p, m, v;
    succeeds("decay",
             clcnn_ref_adam_step(&d, param, grad, zero, zero, NULL, &p, &m, &v, NULL, NULL, NULL));
    equal_values("m", &m, (double[]){1}, 1);
    near_values("param", &p, (double[]){3.6}, 1, 1e-15);
    d.decoupled = 1;
    succeeds("decoupled",
             clcnn_ref_adam_step(&d, param, grad, zero, zero, NULL, &p, &m, &v, NULL, NULL, NULL));
    equal_values("m", &m, (double[]){0.5}, 1);
    equal_values("v", &v, (double[]){0.25}, 1);
    near_values("param", &p, (double[]){3.5 - 1.0 / 3}, 1, 1e-15);
}

/*
 * Five elements like the first case: one with lr doubled (1 - 0.8), one frozen, one with lr 0 (m
 * and v move, param does not), one with lr halved (1 - 0.2), and one beyond the table.
 */
static void test_adam_segments_by_hand(void)
{
    const clcnn_adam d = {
        .count = 5, .lr = 0.5, .beta1 = 0.5, .beta2 = 0.75, .eps = 0.5, .step = 1, .segments = 4};
    static const clcnn_segment table[] = {
        {1, 2, 1, 0}, {2, 1, 1, 1}, {3, 0, 1, 0}, {4, 0.5f, 1, 0}};
    static const float param[] = {1, 1, 1, 1, 1}, grad[] = {2, 2, 2, 2, 2}, zero[5] = {0};
    double p[5], m[5], v[5];
    succeeds("segments",
             clcnn_ref_adam_step(&d, param, grad, zero, zero, table, p, m, v, NULL, NULL, NULL));
    near_values("param", p, (double[]){0.2, 1, 1, 0.8, 1}, 5, 1e-15);
    equal_values("m", m, (double[]){1, 0, 1, 1, 0}, 5);
    equal_values("v", v, (double[]){1, 0, 1, 1, 0}, 5);
}

/* ---- Shapes ------------------------------------------------------------------------------------
 */

static void test_conv2d_shapes(void)
{
    static const struct {
        clcnn_conv2d d;
        int p, q;
    } rows[] = {
        {{.n = 1, .c = 3, .h = 144, .w = 144, .k = 6, .r = 3, .s = 3}, 142, 142},
        {{.n = 1,
          .c = 1,
          .h = 28,
          .w = 28,
          .k = 6,
          .r = 5,
          .s = 5,
          .pad_top = 2,
          .pad_left = 2,
          .pad_bottom = 2,
          .pad_right = 2},
         28,
         28},
        {{.n = 1, .c = 6, .h = 14, .w = 14, .k = 16, .r = 5, .s = 5}, 10, 10},
        {{.n = 1,
          .c = 3,
          .h = 224,
          .w = 224,
          .k = 64,
          .r = 7,
          .s = 7,
          .pad_top = 3,
          .pad_left = 3,
          .pad_bottom = 3,
          .pad_right = 3,
          .stride_h = 2,
          .stride_w = 2},
         112,
         112},
        {{.n = 2,
          .c = 3,
          .h = 23,
          .w = 20,
          .k = 7,
          .r = 6,
          .s = 6,
          .pad_top = 2,
          .pad_left = 3,
          .pad_bottom = 2,
          .pad_right = 3,
          .stride_h = 3,
          .stride_w = 6},
         8,
         4},
        {{.n = 1, .c = 1, .h = 9, .w = 9, .k = 1, .r = 3, .s = 2, .dilation_h = 4, .dilation_w = 8},
         1,
         1},
        {{.n = 1, .c = 1, .h = 1, .w = 1, .k = 1, .r = 1, .s = 1, .pad_top = 4, .stride_h = 5},
         1,
         1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int p = -1, q = -1;
        succeeds("clcnn_conv2d_output", clcnn_conv2d_output(&rows[i].d, &p, &q, NULL));
        CHECK(p == rows[i].p && q == rows[i].q, "row %zu: %d x %d, not %d x %d", i, p, q, rows[i].p,
              rows[i].q);
    }
}

static void test_maxpool2d_shapes(void)
{
    static const struct {
        clcnn_maxpool2d d;
        int p, q;
    } rows[] = {
        {{.n = 1, .c = 6, .h = 28, .w = 28, .r = 2, .s = 2}, 14, 14},
        {{.n = 1, .c = 1, .h = 7, .w = 9, .r = 2, .s = 2}, 3, 4},
        {{.n = 1,
          .c = 64,
          .h = 112,
          .w = 112,
          .r = 3,
          .s = 3,
          .pad_top = 1,
          .pad_left = 1,
          .pad_bottom = 1,
          .pad_right = 1,
          .stride_h = 2,
          .stride_w = 2},
         56,
         56},
        {{.n = 1, .c = 1, .h = 10, .w = 10, .r = 2, .s = 2, .stride_h = 1, .stride_w = 1}, 9, 9},
        {{.n = 1,
          .c = 1,
          .h = 9,
          .w = 9,
          .r = 3,
          .s = 3,
          .stride_h = 1,
          .stride_w = 3,
          .dilation_h = 4,
          .dilation_w = 2},
         1,
         2}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int p = -1, q = -1;
        succeeds("clcnn_maxpool2d_output", clcnn_maxpool2d_output(&rows[i].d, &p, &q, NULL));
        CHECK(p == rows[i].p && q == rows[i].q, "row %zu: %d x %d, not %d x %d", i, p, q, rows[i].p,
              rows[i].q);
    }
}

/* What is not legal leaves p and q alone and says why. */
static void test_illegal_shapes(void)
{
    static const float none[64] = {0};
    static const clcnn_conv2d convolutions[] = {
        {.n = 0, .c = 1, .h = 3, .w = 3, .k = 1, .r = 1, .s = 1},
        {.n = 1, .c = 1, .h = 3, .w = 3, .k = 1, .r = 4, .s = 1},
        {.n = 1, .c = 1, .h = 5, .w = 5, .k = 1, .r = 3, .s = 3, .dilation_h = 3},
        {.n = 1, .c = 3, .h = 3, .w = 3, .k = 4, .r = 1, .s = 1, .groups = 2},
        {.n = 1, .c = 4, .h = 3, .w = 3, .k = 3, .r = 1, .s = 1, .groups = 2},
        {.n = 1, .c = 1, .h = 3, .w = 3, .k = 1, .r = 1, .s = 1, .pad_top = -1},
        {.n = 1, .c = 1, .h = 3, .w = 3, .k = 1, .r = 1, .s = 1, .stride_w = -1}};
    for (size_t i = 0; i < sizeof convolutions / sizeof *convolutions; i++) {
        int p = -7, q = -8;
        clcnn_error error = {.message = ""};
        const clcnn_status status = clcnn_conv2d_output(&convolutions[i], &p, &q, &error);
        CHECK(status == CLCNN_INVALID_ARGUMENT && p == -7 && q == -8 && error.message[0],
              "convolution %zu: %s, %d x %d, \"%s\"", i, clcnn_status_name(status), p, q,
              error.message);
        double y;
        CHECK(clcnn_ref_conv2d_forward(&convolutions[i], none, none, NULL, &y, NULL) ==
                  CLCNN_INVALID_ARGUMENT,
              "the reference takes convolution %zu", i);
    }
    /* A window wholly in the padding. */
    const clcnn_maxpool2d pool = {
        .n = 1, .c = 1, .h = 4, .w = 4, .r = 2, .s = 2, .pad_top = 2, .stride_h = 1};
    int p = -7, q = -8;
    const clcnn_status status = clcnn_maxpool2d_output(&pool, &p, &q, NULL);
    CHECK(status == CLCNN_INVALID_ARGUMENT && p == -7 && q == -8, "a window in the padding: %s",
          clcnn_status_name(status));
}

static const harness_test tests[] = {
    {"conv2d by hand", test_conv2d_by_hand},
    {"conv2d with strides by hand", test_conv2d_strides_by_hand},
    {"conv2d with groups by hand", test_conv2d_groups_by_hand},
    {"conv2d_transpose by hand", test_conv2d_transpose_by_hand},
    {"dense by hand", test_dense_by_hand},
    {"maxpool2d by hand", test_maxpool2d_by_hand},
    {"maxpool2d's windows by hand", test_maxpool2d_window_by_hand},
    {"activation by hand", test_activation_by_hand},
    {"softmax by hand", test_softmax_by_hand},
    {"softmax of extremes", test_softmax_extremes},
    {"smoothing by hand", test_smoothing_by_hand},
    {"adam by hand", test_adam_by_hand},
    {"adam's decay by hand", test_adam_decay_by_hand},
    {"adam's segments by hand", test_adam_segments_by_hand},
    {"conv2d_transpose is conv2d's adjoint", test_conv2d_transpose_is_adjoint},
    {"conv2d's shapes", test_conv2d_shapes},
    {"maxpool2d's shapes", test_maxpool2d_shapes},
    {"illegal shapes", test_illegal_shapes},
    {NULL, NULL}};

int main(void)
{
    return harness_run("reference", tests);
}
