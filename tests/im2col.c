/*
 * im2col and col2im against their references, against each other and against their written
 * semantics: one is the other's adjoint, copies keep their bits.
 */
#include "im2col_cases.h"
#include "linear.h"
#include "sweep.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const sweep_pin pins[] = {{"", "direct", 0, 0}, {.algo = NULL}};
static const check_op *const both[] = {&check_op_im2col, &check_op_col2im};

static void run_cases(const im2col_case *cases, int most_n, int most_c, unsigned how)
{
    for (int op = 0; op < 2; op++) {
        sweep s = {.op = both[op]};
        for (const im2col_case *c = cases; c->name; c++) {
            check_desc desc = {.im2col = c->d};
            if (harness_short() && !c->quick)
                continue;
            desc.im2col.n = c->d.n > most_n ? most_n : c->d.n;
            desc.im2col.c = c->d.c > most_c ? most_c : c->d.c;
            sweep_desc(&s, c->name, &desc, CHECK_INTEGERS, harness_seed(), how);
            sweep_desc(&s, c->name, &desc, CHECK_REALS, harness_seed(), how);
        }
        sweep_check_filled(&s);
        sweep_check_pins(&s, pins);
    }
}

static void test_small(void)
{
    run_cases(im2col_small, 5, 7, SWEEP_TWICE);
}

static void test_layers(void)
{
    run_cases(im2col_layers, harness_short() ? 1 : 2, harness_short() ? 2 : 8, 0);
}

static clcnn_im2col random_desc(check_random *random)
{
    clcnn_im2col d;
    int p, q;
    do {
        d = (clcnn_im2col){.n = check_random_int(random, 1, 3),
                           .c = check_random_int(random, 1, 4),
                           .h = check_random_int(random, 1, 12),
                           .w = check_random_int(random, 1, 48),
                           .r = check_random_int(random, 1, 4),
                           .s = check_random_int(random, 1, 5),
                           .pad_top = check_random_int(random, 0, 4),
                           .pad_left = check_random_int(random, 0, 4),
                           .pad_bottom = check_random_int(random, 0, 4),
                           .pad_right = check_random_int(random, 0, 4),
                           .stride_h = check_random_int(random, 0, 3),
                           .stride_w = check_random_int(random, 0, 3),
                           .dilation_h = check_random_int(random, 0, 3),
                           .dilation_w = check_random_int(random, 0, 3),
                           .accumulate = check_random_int(random, 0, 1)};
    } while (clcnn_im2col_output(&d, &p, &q, NULL) != CLCNN_SUCCESS);
    return d;
}

static void test_random(void)
{
    for (int op = 0; op < 2; op++) {
        sweep s = {.op = both[op]};
        const int count = harness_short() ? 6 : 100;
        for (int i = 0; i < count; i++) {
            check_random random = {harness_seed() + (uint64_t)i};
            const check_desc desc = {.im2col = random_desc(&random)};
            char name[64];
            snprintf(name, sizeof name, "random shape %d", i);
            sweep_desc(&s, name, &desc, i % 2 ? CHECK_REALS : CHECK_INTEGERS, random.state, 0);
        }
        sweep_check_filled(&s);
    }
}

/* A copy keeps what it copies, next to whatever else. */
static void test_special_values(void)
{
    static const float values[] = {NAN,     INFINITY, -INFINITY, 0x1p-149f, -0x1p-130f,
                                   FLT_MAX, -FLT_MAX, 0.0f,      0x1p-126f, 1.0f};
    const check_desc desc = {.im2col = {.n = 1,
                                        .c = 1,
                                        .h = 4,
                                        .w = 21,
                                        .r = 2,
                                        .s = 3,
                                        .pad_left = 1,
                                        .pad_bottom = 1,
                                        .stride_h = 2,
                                        .stride_w = 2}};
    sweep s = {.op = &check_op_im2col};
    check_case *c = sweep_make(s.op, &desc, CHECK_REALS);
    if (!c)
        return;
    check_tensor *x = check_case_input(c, "x");
    for (size_t i = 0; i < x->count; i++)
        x->f[i] = values[i % (sizeof values / sizeof *values)];
    sweep_case(&s, "special values side by side", c, 0);
    check_case_destroy(c);
}

/* The worked 3x3 image with 2x2 windows, by hand. */
static void test_by_hand(void)
{
    static const clcnn_im2col d = {.n = 1, .c = 1, .h = 3, .w = 3, .r = 2, .s = 2};
    static const float image[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    static const double matrix[4][4] = {{1, 2, 4, 5}, {2, 3, 5, 6}, {4, 5, 7, 8}, {5, 6, 8, 9}};
    static const float ones[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    static const double counts[] = {1, 2, 1, 2, 4, 2, 1, 2, 1};
    double y[16], back[9];
    CHECK(clcnn_ref_im2col_forward(&d, image, y) == CLCNN_SUCCESS, "im2col");
    CHECK(memcmp(y, matrix, sizeof y) == 0, "the windows of a 3x3 image");
    CHECK(clcnn_ref_col2im_forward(&d, ones, back, NULL) == CLCNN_SUCCESS, "col2im");
    CHECK(memcmp(back, counts, sizeof back) == 0, "how many windows lie over each element");
}

static void test_adjoint(void)
{
    for (const im2col_case *row = im2col_small; row->name; row++) {
        check_desc desc = {.im2col = row->d};
        clcnn_error error = {.message = ""};
        desc.im2col.n = 1;
        desc.im2col.accumulate = 0;
        if (harness_short() && !row->quick)
            continue;
        check_case *f = check_case_create(both[0], &desc, CHECK_INTEGERS, harness_seed(), &error);
        check_case *b =
            check_case_create(both[1], &desc, CHECK_INTEGERS, harness_seed() + 1, &error);
        if (CHECK(f && b, "%s: %s", row->name, error.message)) {
            const linear_map image = {f, "forward", "x"}, matrix = {b, "forward", "x"};
            linear_check_adjoint(row->name, image, matrix);
            linear_check_gradient(row->name, image, matrix);
        }
        check_case_destroy(f);
        check_case_destroy(b);
    }
}

static const harness_test tests[] = {{"small shapes", test_small},
                                     {"layers of networks", test_layers},
                                     {"random shapes", test_random},
                                     {"special values", test_special_values},
                                     {"by hand", test_by_hand},
                                     {"adjoint and numeric gradient", test_adjoint},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("im2col", tests);
}
