/* conv1d against its reference, which is its own, not conv2d's. */
#include "sweep.h"

#include <stdio.h>

static const sweep_pin pins[] = {{"llvmpipe", "depthwise", 20, 6},
                                 {"", "depthwise", 18, 6},
                                 {"", "winograd", 24, 9},
                                 {"", "dense", 24, 9},
                                 {"", "point", 22, 7},
                                 {"", "row", 6, 3},
                                 {"", "tile", 0, 0},
                                 {"", "gemm", 0, 0},
                                 {"", "direct", 0, 0},
                                 {.algo = NULL}};

static const struct {
    const char *name;
    clcnn_conv1d d;
    int quick; /* in the short set */
} cases[] = {
    {"one of each", {.n = 1, .c = 1, .w = 1, .k = 1, .s = 1}, 1},
    {"primes", {.n = 3, .c = 5, .w = 31, .k = 7, .s = 3}, 1},
    {"padding", {.n = 2, .c = 2, .w = 17, .k = 18, .s = 5, .pad_left = 1, .pad_right = 4}, 0},
    {"stride and dilation",
     {.n = 2, .c = 3, .w = 40, .k = 4, .s = 4, .stride = 3, .dilation = 2},
     1},
    {"groups", {.n = 2, .c = 6, .w = 21, .k = 9, .s = 3, .pad_left = 2, .groups = 3}, 0},
    {"long", {.n = 1, .c = 1, .w = 1000, .k = 2, .s = 64}, 0},
    {"ReLU", {.n = 2, .c = 4, .w = 19, .k = 33, .s = 3, .activation = CLCNN_RELU}, 0},
    {"accumulating", {.n = 2, .c = 3, .w = 12, .k = 5, .s = 3, .stride = 2, .accumulate = 1}, 0},
    {NULL, {.n = 0}, 0}};

static void run_cases(check_values values, unsigned how)
{
    sweep s = {.op = &check_op_conv1d};
    for (int i = 0; cases[i].name; i++) {
        if (!harness_short() || cases[i].quick)
            sweep_desc(&s, cases[i].name, &(check_desc){.conv1d = cases[i].d}, values,
                       harness_seed(), how);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_exact(void)
{
    run_cases(CHECK_INTEGERS, SWEEP_PACKED | SWEEP_NO_PLAN);
}

static void test_real(void)
{
    run_cases(CHECK_REALS, SWEEP_TWICE);
}

/* The reference by hand: the row of the strided convolution in tests/reference.c. */
static void test_by_hand(void)
{
    static const float x[] = {1, 2, 3, 4, 5}, w[] = {1, 10, 100}, b[] = {7}, dy[] = {1, 2};
    static const double want_y[] = {427, 60}, want_dx[] = {0, 10, 2, 100, 20};
    static const double want_dw[] = {6, 12, 4};
    const clcnn_conv1d d = {.n = 1,
                            .c = 1,
                            .w = 5,
                            .k = 1,
                            .s = 3,
                            .pad_left = 1,
                            .pad_right = 2,
                            .stride = 3,
                            .dilation = 2};
    double y[2] = {0}, dx[5] = {0}, dw[3] = {0}, db = 0;
    CHECK(clcnn_ref_conv1d_forward(&d, x, w, b, y, NULL) == CLCNN_SUCCESS, "forward");
    CHECK(clcnn_ref_conv1d_backward_data(&d, dy, w, dx, NULL) == CLCNN_SUCCESS, "backward_data");
    CHECK(clcnn_ref_conv1d_backward_weights(&d, x, dy, dw, &db, NULL, NULL) == CLCNN_SUCCESS,
          "backward_weights");
    for (int i = 0; i < 2; i++)
        CHECK(y[i] == want_y[i], "y[%d] is %g, not %g", i, y[i], want_y[i]);
    for (int i = 0; i < 5; i++)
        CHECK(dx[i] == want_dx[i], "dx[%d] is %g, not %g", i, dx[i], want_dx[i]);
    for (int i = 0; i < 3; i++)
        CHECK(dw[i] == want_dw[i], "dw[%d] is %g, not %g", i, dw[i], want_dw[i]);
    CHECK(db == 3, "db is %g, not 3", db);
}

/* The sum of y*dy is linear in x, w and b each: its differences over a step of 1 are exact. */
static double objective(const clcnn_conv1d *d, const float *x, const float *w, const float *b,
                        const float *dy, int outputs)
{
    double y[64] = {0}, sum = 0;
    clcnn_ref_conv1d_forward(d, x, w, b, y, NULL);
    for (int i = 0; i < outputs; i++)
        sum += y[i] * dy[i];
    return sum;
}

static void test_gradients(void)
{
    enum { X = 28, W = 16, B = 4, Y = 24 };
    const clcnn_conv1d d = {
        .n = 2, .c = 2, .w = 7, .k = 4, .s = 4, .pad_left = 1, .stride = 2, .groups = 2};
    float data[X + W + B], dy[Y];
    float *const x = data, *const w = data + X, *const b = data + X + W;
    double gradient[X + W + B] = {0};
    check_random random = {harness_seed()};
    int q = 0;
    CHECK(clcnn_conv1d_output(&d, &q, NULL) == CLCNN_SUCCESS && 2 * 4 * q == Y, "q is %d", q);
    for (int i = 0; i < X + W + B; i++)
        data[i] = (float)check_random_int(&random, -8, 8);
    for (int i = 0; i < Y; i++)
        dy[i] = (float)check_random_int(&random, -8, 8);
    CHECK(clcnn_ref_conv1d_backward_data(&d, dy, w, gradient, NULL) == CLCNN_SUCCESS, "dx");
    CHECK(clcnn_ref_conv1d_backward_weights(&d, x, dy, gradient + X, gradient + X + W, NULL,
                                            NULL) == CLCNN_SUCCESS,
          "dw and db");
    for (int i = 0; i < X + W + B; i++) {
        const double before = objective(&d, x, w, b, dy, Y);
        data[i] += 1;
        const double change = objective(&d, x, w, b, dy, Y) - before;
        data[i] -= 1;
        CHECK(gradient[i] == change, "gradient %d is %g, by differences %g", i, gradient[i],
              change);
    }
}

static const harness_test tests[] = {{"integers, exactly", test_exact},
                                     {"reals, within the bound", test_real},
                                     {"by hand", test_by_hand},
                                     {"numeric gradients", test_gradients},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("conv1d", tests);
}
