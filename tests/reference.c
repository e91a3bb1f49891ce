/*
 * The CPU reference itself: small cases worked out by hand, gradients against differences of the
 * forward pass, and the shape functions. No device takes part.
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

/* ---- Gradients by differences ------------------------------------------------------------------
 */

enum { MOST = 4096 };

/* Sum of dy*y for the inputs as they are now. */
typedef double (*objective)(void);

static struct {
    clcnn_conv2d conv2d;
    clcnn_conv2d_transpose transpose;
    clcnn_dense dense;
    clcnn_maxpool2d maxpool2d;
    clcnn_softmax_cross_entropy softmax;
    clcnn_softmax rows;
    float x[MOST], w[MOST], b[MOST], dy[MOST];
    int32_t labels[MOST];
    double y[MOST];
    int outputs;
} g;

static double weighted_sum(void)
{
    double sum = 0;
    for (int i = 0; i < g.outputs; i++)
        sum += g.dy[i] * g.y[i];
    return sum;
}

/*
 * The derivative by values[i], from four points: exact for polynomials of degree 4. The steps are
 * powers of two, so that the points are floats.
 */
static double derivative(objective f, float *value, float step)
{
    const float was = *value;
    double at[4];
    static const float steps[] = {-2, -1, 1, 2};
    for (int i = 0; i < 4; i++) {
        *value = was + steps[i] * step;
        at[i] = f();
    }
    *value = was;
    return (8 * (at[2] - at[1]) - (at[3] - at[0])) / (12 * (double)step);
}

static void check_gradient(const char *what, objective f, float *values, const double *gradient,
                           int count, float step, double tolerance)
{
    for (int i = 0; i < count; i++) {
        const double want = derivative(f, &values[i], step);
        CHECK(fabs(gradient[i] - want) <= tolerance * (1 + fabs(want)),
              "%s[%d] is %.12g, by differences %.12g", what, i, gradient[i], want);
    }
}

/* Multiples of 1/16 from -2 to 2. */
static void draw(float *values, int count, uint64_t *state)
{
    for (int i = 0; i < count; i++) {
        *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        values[i] = (float)((int)(*state >> 40 & 63) - 32) / 16;
    }
}

static void draw_all(uint64_t seed)
{
    uint64_t state = seed;
    draw(g.x, MOST, &state);
    draw(g.w, MOST, &state);
    draw(g.b, MOST, &state);
    draw(g.dy, MOST, &state);
}

static double conv2d_objective(void)
{
    clcnn_ref_conv2d_forward(&g.conv2d, g.x, g.w, g.b, g.y, NULL);
    return weighted_sum();
}

static void test_conv2d_gradients(void)
{
    static const clcnn_conv2d shapes[] = {{.n = 2, .c = 3, .h = 5, .w = 4, .k = 2, .r = 3, .s = 2},
                                          {.n = 1,
                                           .c = 2,
                                           .h = 6,
                                           .w = 7,
                                           .k = 3,
                                           .r = 3,
                                           .s = 3,
                                           .pad_top = 1,
                                           .pad_left = 2,
                                           .pad_bottom = 2,
                                           .pad_right = 0,
                                           .stride_h = 2,
                                           .stride_w = 3},
                                          {.n = 2,
                                           .c = 2,
                                           .h = 7,
                                           .w = 6,
                                           .k = 4,
                                           .r = 2,
                                           .s = 3,
                                           .pad_left = 1,
                                           .dilation_h = 3,
                                           .dilation_w = 2,
                                           .groups = 2},
                                          {.n = 1,
                                           .c = 3,
                                           .h = 5,
                                           .w = 5,
                                           .k = 3,
                                           .r = 2,
                                           .s = 2,
                                           .pad_top = 3,
                                           .pad_right = 3,
                                           .stride_h = 4,
                                           .dilation_w = 2,
                                           .groups = 3}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const clcnn_conv2d *d = &g.conv2d;
        static double dx[MOST], dw[MOST], db[MOST];
        int p = 0, q = 0;
        g.conv2d = shapes[i];
        succeeds("output", clcnn_conv2d_output(d, &p, &q, NULL));
        g.outputs = d->n * d->k * p * q;
        draw_all(harness_seed() + i);
        succeeds("backward_data", clcnn_ref_conv2d_backward_data(d, g.dy, g.w, dx, NULL));
        succeeds("backward_weights",
                 clcnn_ref_conv2d_backward_weights(d, g.x, g.dy, dw, db, NULL, NULL));
        const int groups = d->groups ? d->groups : 1;
        check_gradient("dx", conv2d_objective, g.x, dx, d->n * d->c * d->h * d->w, 0.25f, 1e-11);
        check_gradient("dw", conv2d_objective, g.w, dw, d->k * d->c / groups * d->r * d->s, 0.25f,
                       1e-11);
        check_gradient("db", conv2d_objective, g.b, db, d->k, 0.25f, 1e-11);
    }
}

static double conv2d_transpose_objective(void)
{
    clcnn_ref_conv2d_transpose_forward(&g.transpose, g.x, g.w, g.b, g.y, NULL);
    return weighted_sum();
}

static void test_conv2d_transpose_gradients(void)
{
    static const clcnn_conv2d_transpose shapes[] = {
        {.n = 2, .c = 2, .h = 3, .w = 4, .k = 3, .r = 3, .s = 2},
        {.n = 1,
         .c = 4,
         .h = 4,
         .w = 3,
         .k = 2,
         .r = 2,
         .s = 3,
         .pad_top = 1,
         .pad_right = 2,
         .output_pad_h = 1,
         .output_pad_w = 2,
         .stride_h = 2,
         .dilation_w = 3,
         .groups = 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const clcnn_conv2d_transpose *d = &g.transpose;
        static double dx[MOST], dw[MOST], db[MOST];
        const int groups = shapes[i].groups ? shapes[i].groups : 1;
        int p = 0, q = 0;
        g.transpose = shapes[i];
        succeeds("output", clcnn_conv2d_transpose_output(d, &p, &q, NULL));
        g.outputs = d->n * d->k * p * q;
        draw_all(harness_seed() + i);
        succeeds("backward_data", clcnn_ref_conv2d_transpose_backward_data(d, g.dy, g.w, dx, NULL));
        succeeds("backward_weights",
                 clcnn_ref_conv2d_transpose_backward_weights(d, g.x, g.dy, dw, db, NULL, NULL));
        check_gradient("dx", conv2d_transpose_objective, g.x, dx, d->n * d->c * d->h * d->w, 0.25f,
                       1e-11);
        check_gradient("dw", conv2d_transpose_objective, g.w, dw,
                       d->c * d->k / groups * d->r * d->s, 0.25f, 1e-11);
        check_gradient("db", conv2d_transpose_objective, g.b, db, d->k, 0.25f, 1e-11);
    }
}

/* It is the adjoint of conv2d: one's forward is the other's backward_data. */
static void test_conv2d_transpose_is_adjoint(void)
{
    static double dx[MOST];
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
    draw_all(harness_seed());
    succeeds("conv2d", clcnn_ref_conv2d_backward_data(&conv, g.x, g.w, dx, NULL));
    succeeds("forward", clcnn_ref_conv2d_transpose_forward(&d, g.x, g.w, NULL, g.y, NULL));
    near_values("y", g.y, dx, 2 * 3 * h * w, 1e-13);
}

static double dense_objective(void)
{
    clcnn_ref_dense_forward(&g.dense, g.x, g.w, g.b, g.y, NULL);
    return weighted_sum();
}

static void test_dense_gradients(void)
{
    static double dx[MOST], dw[MOST], db[MOST];
    g.dense = (clcnn_dense){.n = 4, .c = 5, .k = 3};
    g.outputs = 12;
    draw_all(harness_seed());
    succeeds("backward_data", clcnn_ref_dense_backward_data(&g.dense, g.dy, g.w, dx, NULL));
    succeeds("backward_weights",
             clcnn_ref_dense_backward_weights(&g.dense, g.x, g.dy, dw, db, NULL, NULL));
    check_gradient("dx", dense_objective, g.x, dx, 20, 0.25f, 1e-11);
    check_gradient("dw", dense_objective, g.w, dw, 15, 0.25f, 1e-11);
    check_gradient("db", dense_objective, g.b, db, 3, 0.25f, 1e-11);
}

static double maxpool2d_objective(void)
{
    clcnn_ref_maxpool2d_forward(&g.maxpool2d, g.x, g.y, NULL);
    return weighted_sum();
}

/* All values differ by more than the steps, so that no maximum changes its place. */
static void test_maxpool2d_gradient(void)
{
    static const clcnn_maxpool2d shapes[] = {{.n = 2, .c = 2, .h = 6, .w = 5, .r = 2, .s = 2},
                                             {.n = 1,
                                              .c = 3,
                                              .h = 7,
                                              .w = 6,
                                              .r = 3,
                                              .s = 3,
                                              .pad_top = 1,
                                              .pad_left = 2,
                                              .stride_h = 2,
                                              .stride_w = 1},
                                             {.n = 1,
                                              .c = 2,
                                              .h = 7,
                                              .w = 9,
                                              .r = 2,
                                              .s = 3,
                                              .pad_bottom = 1,
                                              .stride_h = 1,
                                              .stride_w = 2,
                                              .dilation_h = 2,
                                              .dilation_w = 3}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const clcnn_maxpool2d *d = &shapes[i];
        static double dx[MOST];
        static int32_t argmax[MOST];
        const int count = d->n * d->c * d->h * d->w;
        int p = 0, q = 0;
        g.maxpool2d = *d;
        succeeds("output", clcnn_maxpool2d_output(d, &p, &q, NULL));
        g.outputs = d->n * d->c * p * q;
        draw_all(harness_seed() + i);
        for (int at = 0; at < count; at++)
            g.x[at] = (float)(at * 37 % 211); /* 211 is a prime above every count here */
        CHECK(count < 211, "%d elements can't be told apart", count);
        succeeds("forward", clcnn_ref_maxpool2d_forward(d, g.x, g.y, argmax));
        succeeds("backward", clcnn_ref_maxpool2d_backward(d, g.dy, argmax, dx, NULL));
        check_gradient("dx", maxpool2d_objective, g.x, dx, count, 0.125f, 1e-11);
    }
}

static double relu_objective(void)
{
    clcnn_ref_activation_forward(&(clcnn_activation){.count = 200, .kind = CLCNN_RELU}, g.x, g.y,
                                 NULL);
    return weighted_sum();
}

/* Away from 0, where ReLU has a derivative. */
static void test_activation_gradient(void)
{
    const clcnn_activation d = {.count = 200, .kind = CLCNN_RELU};
    static double dx[MOST];
    g.outputs = d.count;
    draw_all(harness_seed());
    for (int i = 0; i < d.count; i++)
        g.x[i] += g.x[i] < 0 ? -1.0f : 1.0f;
    succeeds("backward", clcnn_ref_activation_backward(&d, g.x, NULL, g.dy, dx, NULL));
    check_gradient("dx", relu_objective, g.x, dx, d.count, 0.25f, 1e-11);
}

static double loss_objective(void)
{
    double loss = 0;
    clcnn_ref_softmax_cross_entropy_forward(&g.softmax, g.x, g.labels, NULL, &loss, NULL, NULL);
    return loss;
}

static void test_softmax_gradient(void)
{
    static double dx[MOST];
    g.softmax = (clcnn_softmax_cross_entropy){.n = 5, .classes = 7};
    draw_all(harness_seed());
    for (int i = 0; i < 5; i++)
        g.labels[i] = i * 3 % 7;
    succeeds("backward",
             clcnn_ref_softmax_cross_entropy_backward(&g.softmax, g.x, g.labels, dx, NULL));
    /* The fifth derivative of the loss is below 1, so that the formula errs by step^4/30. */
    check_gradient("dx", loss_objective, g.x, dx, 35, 0x1p-9f, 2e-12);
}

/* One row of each: smoothed, ignored, plain. */
static void test_smoothed_gradient(void)
{
    static double dx[MOST];
    g.softmax = (clcnn_softmax_cross_entropy){
        .n = 5, .classes = 7, .label_smoothing = 0.25, .ignore = 1, .ignored_label = 3};
    draw_all(harness_seed());
    for (int i = 0; i < 5; i++)
        g.labels[i] = i * 3 % 7;
    succeeds("backward",
             clcnn_ref_softmax_cross_entropy_backward(&g.softmax, g.x, g.labels, dx, NULL));
    equal_values("the ignored row", dx + 7, (double[7]){0}, 7);
    check_gradient("dx", loss_objective, g.x, dx, 35, 0x1p-9f, 2e-12);
}

static double softmax_objective(void)
{
    clcnn_ref_softmax_forward(&g.rows, g.x, g.y, NULL);
    return weighted_sum();
}

/* Backward starts from a y that is rounded to float: so is the gradient. */
static void test_softmax_rows_gradient(void)
{
    static double dx[MOST];
    static float y[MOST];
    for (int log = 0; log < 2; log++) {
        g.rows = (clcnn_softmax){.n = 5, .classes = 7, .log = log};
        g.outputs = 35;
        draw_all(harness_seed());
        succeeds("forward", clcnn_ref_softmax_forward(&g.rows, g.x, g.y, NULL));
        for (int i = 0; i < 35; i++)
            y[i] = (float)g.y[i];
        succeeds("backward", clcnn_ref_softmax_backward(&g.rows, y, g.dy, dx, NULL));
        check_gradient("dx", softmax_objective, g.x, dx, 35, 0x1p-9f, 4e-6);
    }
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
        CHECK(clcnn_ref_conv2d_forward(&convolutions[i], g.x, g.w, NULL, &y, NULL) ==
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
    {"conv2d's gradients", test_conv2d_gradients},
    {"conv2d_transpose's gradients", test_conv2d_transpose_gradients},
    {"conv2d_transpose is conv2d's adjoint", test_conv2d_transpose_is_adjoint},
    {"dense's gradients", test_dense_gradients},
    {"maxpool2d's gradient", test_maxpool2d_gradient},
    {"activation's gradient", test_activation_gradient},
    {"softmax's gradient", test_softmax_gradient},
    {"smoothed labels' gradient", test_smoothed_gradient},
    {"softmax of rows' gradient", test_softmax_rows_gradient},
    {"conv2d's shapes", test_conv2d_shapes},
    {"maxpool2d's shapes", test_maxpool2d_shapes},
    {"illegal shapes", test_illegal_shapes},
    {NULL, NULL}};

int main(void)
{
    return harness_run("reference", tests);
}
