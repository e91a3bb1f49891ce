/* activation against its reference and against its written semantics. */
#include "activation_cases.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};

static void run_cases(const activation_case *cases)
{
    sweep s = {.op = &check_op_activation};
    for (const activation_case *c = cases; c->name; c++) {
        const check_desc desc = {.activation = c->d};
        if (harness_short() && !c->quick)
            continue;
        sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), SWEEP_IN_PLACE);
        sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), SWEEP_IN_PLACE | SWEEP_TWICE);
    }
    sweep_check_filled(&s);
    sweep_check_pins(&s, pins);
}

static void test_small(void)
{
    run_cases(activation_small);
}

static void test_layers(void)
{
    run_cases(harness_short() ? activation_small : activation_layers);
}

/* Every vector width, stretch and work-group, whatever this device would take. */
static void test_kernels(void)
{
    static const char *const tunings[] = {SWEEP_ITEMS("4", "4", "64"), SWEEP_ITEMS("4", "64", "1"),
                                          SWEEP_ITEMS("8", "1024", "1"),
                                          SWEEP_ITEMS("16", "32", "8"), NULL};
    sweep_tuned("activation", tunings, test_small);
}

static check_case *make_case(int count, clcnn_activation_kind kind)
{
    const check_desc desc = {.activation = {.count = count, .kind = kind}};
    return sweep_make(&check_op_activation, &desc, CHECK_REALS);
}

/* The gradient from x alone, from y alone, and from both, which is from x. */
static void test_which_input(void)
{
    static const clcnn_activation_kind kinds[] = {CLCNN_RELU, CLCNN_IDENTITY};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        check_case *both = make_case(531, kinds[k]), *from_x = make_case(531, kinds[k]);
        check_case *from_y = make_case(531, kinds[k]);
        check_case_drop(from_x, "y");
        check_case_drop(from_y, "x");
        for (int i = 0; i < harness_device_count(); i++) {
            for (int in_place = 0; in_place < 2; in_place++) {
                const check_options options = {.in_place = in_place};
                sweep_run("from x and y", both, "backward", i, options);
                sweep_run("from x", from_x, "backward", i, options);
                sweep_run("from y", from_y, "backward", i, options);
            }
        }
        /* With a y that says the opposite, x counts. */
        check_tensor *y = check_case_input(both, "y");
        for (size_t at = 0; at < y->count; at++)
            y->f[at] = y->f[at] > 0 ? 0.0f : 1.0f;
        for (int i = 0; i < harness_device_count(); i++)
            sweep_run("x goes before y", both, "backward", i, (check_options){.ctx = NULL});
        check_case_destroy(both);
        check_case_destroy(from_x);
        check_case_destroy(from_y);
    }
}

/* What the words in the header say, without the reference in between. */
static const struct {
    float x, y;
    bool passes; /* whether dx is dy, or 0 */
} relu_rows[] = {{NAN, NAN, true},      {INFINITY, INFINITY, true},
                 {-INFINITY, 0, false}, {0, 0, false},
                 {-0.0f, 0, false},     {FLT_MAX, FLT_MAX, true},
                 {-FLT_MAX, 0, false},  {FLT_MIN, FLT_MIN, true},
                 {-FLT_MIN, 0, false},  {-1, 0, false},
                 {3, 3, true}};
enum { RELU_ROWS = sizeof relu_rows / sizeof *relu_rows };

static bool same(float a, float b)
{
    return isnan(a) ? isnan(b) : a >= b && a <= b;
}

/* Each value at each place of a vector and of a tail. */
static void test_relu_semantics(void)
{
    enum { COUNT = RELU_ROWS * 67 };
    check_case *c = make_case(COUNT, CLCNN_RELU);
    check_case_drop(c, "y");
    const float *dy = check_case_input(c, "dy")->f;
    for (int at = 0; at < COUNT; at++)
        check_case_input(c, "x")->f[at] = relu_rows[at % RELU_ROWS].x;
    for (int i = 0; i < harness_device_count(); i++) {
        check_result y = sweep_run("ReLU", c, "forward", i, (check_options){.keep = true});
        check_result dx = sweep_run("ReLU", c, "backward", i, (check_options){.keep = true});
        for (int at = 0; y.out[0] && dx.out[0] && at < COUNT; at++) {
            const int row = at % RELU_ROWS;
            const float got_y = ((float *)y.out[0])[at], got_dx = ((float *)dx.out[0])[at];
            CHECK(same(got_y, relu_rows[row].y), "ReLU(%g) is %g", (double)relu_rows[row].x,
                  (double)got_y);
            CHECK(same(got_dx, relu_rows[row].passes ? dy[at] : 0), "ReLU'(%g) * %g is %g",
                  (double)relu_rows[row].x, (double)dy[at], (double)got_dx);
        }
        check_result_free(&y);
        check_result_free(&dx);
    }
    check_case_destroy(c);
}

/* Denormals, where a device may read or write 0 instead; never anything else. */
static void test_relu_denormals(void)
{
    const clcnn_activation d = {.count = 2, .kind = CLCNN_RELU};
    check_case *c = make_case(d.count, d.kind);
    check_case_drop(c, "y");
    check_case_input(c, "x")->f[0] = 0x1p-140f;
    check_case_input(c, "x")->f[1] = -0x1p-140f;
    for (int i = 0; i < harness_device_count(); i++)
        sweep_run("denormals", c, "forward", i, (check_options){.ctx = NULL});
    check_case_destroy(c);
}

/* An infinite or undefined dy meets a gradient of 0: the product would be NaN, the result is 0. */
static void test_gradient_of_nothing(void)
{
    static const float dy[] = {NAN, INFINITY, -INFINITY, FLT_MAX, 1, -2};
    enum { ROWS = sizeof dy / sizeof *dy };
    check_case *c = make_case(2 * ROWS, CLCNN_RELU);
    check_case_drop(c, "y");
    for (int i = 0; i < 2 * ROWS; i++) {
        check_case_input(c, "x")->f[i] = i % 2 ? 1.0f : -1.0f;
        check_case_input(c, "dy")->f[i] = dy[i / 2];
    }
    for (int i = 0; i < harness_device_count(); i++)
        sweep_run("special dy", c, "backward", i, (check_options){.ctx = NULL});
    check_case_destroy(c);
}

/* Nothing to do is done. */
static void test_empty(void)
{
    check_case *c = make_case(0, CLCNN_RELU);
    sweep s = {.op = &check_op_activation};
    sweep_case(&s, "no elements", c, SWEEP_IN_PLACE);
    check_case_destroy(c);
}

static const harness_test tests[] = {{"small sizes", test_small},
                                     {"every kernel", test_kernels},
                                     {"layers of networks", test_layers},
                                     {"gradient from x or y", test_which_input},
                                     {"ReLU of special values", test_relu_semantics},
                                     {"ReLU of denormals", test_relu_denormals},
                                     {"gradient where ReLU is 0", test_gradient_of_nothing},
                                     {"no elements", test_empty},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("activation", tests);
}
