/* Learning-rate schedules: values by hand, and that they are what the header says everywhere. */
#include "harness.h"

#include <math.h>

static double rate(clcnn_schedule d, int64_t step)
{
    double lr = -1;
    clcnn_error error = {.message = ""};
    const clcnn_status status = clcnn_schedule_lr(&d, step, &lr, &error);
    CHECK(status == CLCNN_SUCCESS, "step %lld: %s", (long long)step, error.message);
    return lr;
}

typedef struct value {
    clcnn_schedule d;
    int64_t step;
    double lr;
} value;

static void test_by_hand(void)
{
    static const value values[] = {
        {{CLCNN_SCHEDULE_CONSTANT, .lr = 0.5}, 1, 0.5},
        {{CLCNN_SCHEDULE_CONSTANT, .lr = 0.5}, INT64_MAX, 0.5},
        {{CLCNN_SCHEDULE_CONSTANT, .lr = 0.5, .warmup = 4}, 1, 0.1},
        {{CLCNN_SCHEDULE_CONSTANT, .lr = 0.5, .warmup = 4}, 4, 0.4},
        {{CLCNN_SCHEDULE_CONSTANT, .lr = 0.5, .warmup = 4}, 5, 0.5},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0.5}, 1, 8},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0.5}, 3, 8},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0.5}, 4, 4},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0.5}, 10, 1},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0.5, .warmup = 3}, 2, 4},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0.5, .warmup = 3}, 6, 8},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0.5, .warmup = 3}, 7, 4},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0}, 3, 8},
        {{CLCNN_SCHEDULE_STEP, .lr = 8, .period = 3, .gamma = 0}, 4, 0},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 4}, 1, 2},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 4}, 3, 1},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 4}, 5, 0},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 4}, 500, 0},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 6}, 3, 1.5},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 4, .min_lr = 1}, 3, 1.5},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 4, .min_lr = 1, .warmup = 1}, 1, 1},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 4, .min_lr = 1, .warmup = 1}, 2, 2},
        {{CLCNN_SCHEDULE_COSINE, .lr = 2, .period = 4, .min_lr = 1, .warmup = 1}, 6, 1}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const double got = rate(values[i].d, values[i].step);
        CHECK(fabs(got - values[i].lr) <= 1e-15 * values[i].d.lr, "row %zu: %.17g, not %.17g", i,
              got, values[i].lr);
    }
}

/* Up in the warm-up by equal steps, then never up again. */
static void test_shape(void)
{
    static const clcnn_schedule kinds[] = {
        {CLCNN_SCHEDULE_CONSTANT, .lr = 0.3, .warmup = 20},
        {CLCNN_SCHEDULE_STEP, .lr = 0.3, .warmup = 20, .period = 7, .gamma = 0.9},
        {CLCNN_SCHEDULE_COSINE, .lr = 0.3, .warmup = 20, .period = 90, .min_lr = 0.01}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        for (int64_t step = 1; step < 150; step++) {
            const double now = rate(kinds[k], step), next = rate(kinds[k], step + 1);
            if (step <= 20)
                CHECK(fabs(next - now - 0.3 / 21) < 1e-15, "kind %zu, step %lld: %g then %g", k,
                      (long long)step, now, next);
            else
                CHECK(next <= now && next >= 0, "kind %zu, step %lld: %g then %g", k,
                      (long long)step, now, next);
        }
    }
}

int main(void)
{
    static const harness_test tests[] = {
        {"values by hand", test_by_hand}, {"up, then down", test_shape}, {NULL, NULL}};
    return harness_run("schedule", tests);
}
