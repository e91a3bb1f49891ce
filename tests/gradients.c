/*
 * The reference's gradients against numeric ones: central differences of the reference's forward in
 * double, at inputs that floats hold exactly.
 */
#include "harness.h"

#include <math.h>
#include <stdio.h>

/* A step that floats near 1 take exactly, small enough for the third derivatives here. */
#define STEP 0x1p-10

static void test_activation(void)
{
    static const struct {
        const char *name;
        clcnn_activation_kind kind;
        double alpha;
    } kinds[] = {{"identity", CLCNN_IDENTITY, 0},
                 {"ReLU", CLCNN_RELU, 0},
                 {"leaky ReLU", CLCNN_LEAKY_RELU, 0.25},
                 {"ELU", CLCNN_ELU, 1.5},
                 {"sigmoid", CLCNN_SIGMOID, 0},
                 {"tanh", CLCNN_TANH, 0},
                 {"SiLU", CLCNN_SILU, 0},
                 {"GELU", CLCNN_GELU, 0},
                 {"GELU by tanh", CLCNN_GELU_TANH, 0}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        const clcnn_activation d = {.count = 1, .kind = kinds[k].kind, .alpha = kinds[k].alpha};
        for (float x = -5.03125f; x < 5; x += 0.0625f) { /* never within a step of 0 */
            const float low = x - (float)STEP, high = x + (float)STEP, dy = 0.75f;
            double y[3], dx, from_y;
            clcnn_ref_activation_forward(&d, &low, &y[0], NULL);
            clcnn_ref_activation_forward(&d, &x, &y[1], NULL);
            clcnn_ref_activation_forward(&d, &high, &y[2], NULL);
            clcnn_ref_activation_backward(&d, &x, NULL, &dy, &dx, NULL);
            const double numeric = dy * (y[2] - y[0]) / (2 * STEP);
            CHECK(fabs(dx - numeric) < 1e-6, "%s: dx at %g is %.9g, numerically %.9g",
                  kinds[k].name, (double)x, dx, numeric);
            const float given = (float)y[1];
            if (clcnn_ref_activation_backward(&d, NULL, &given, &dy, &from_y, NULL) ==
                CLCNN_SUCCESS)
                CHECK(fabs(from_y - dx) < 1e-6, "%s: dx at %g is %.9g, from y %.9g", kinds[k].name,
                      (double)x, dx, from_y);
            else
                CHECK(d.kind >= CLCNN_SILU, "%s: no gradient from y", kinds[k].name);
        }
    }
}

static const harness_test tests[] = {{"activation", test_activation}, {NULL, NULL}};

int main(void)
{
    return harness_run("gradients", tests);
}
