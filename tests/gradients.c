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

/* ---- Normalisations: the gradients of sum(y * dy), one number at a time ------------------------
 */

enum { MOST = 64 };

/* A pure function of floats: what is summed with the weights dy. */
typedef double (*objective)(const void *user);

/* Each of the `count` floats at `at`, moved both ways. */
static void compare(const char *what, objective f, const void *user, float *at, int count,
                    const double *gradient)
{
    for (int i = 0; i < count; i++) {
        const float was = at[i];
        at[i] = was + (float)STEP;
        const double up = f(user), high = at[i];
        at[i] = was - (float)STEP;
        const double down = f(user), low = at[i];
        at[i] = was;
        const double numeric = (up - down) / (high - low);
        CHECK(fabs(numeric - gradient[i]) < 2e-5, "%s[%d] is %.9g, numerically %.9g", what, i,
              gradient[i], numeric);
    }
}

static void draw(float *values, int count, unsigned seed)
{
    for (int i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        values[i] = (float)(seed >> 20) * 0x1p-11f - 1;
    }
}

static double weighted(const double *y, const float *dy, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += y[i] * (double)dy[i];
    return sum;
}

typedef struct norm_data {
    clcnn_batchnorm batchnorm;
    float x[MOST], gamma[MOST], beta[MOST], mean[MOST], var[MOST], dy[MOST];
} norm_data;

static double batchnorm_objective(const void *user)
{
    const norm_data *n = user;
    double y[MOST] = {0};
    const clcnn_ref_batchnorm a = {.x = n->x,
                                   .gamma = n->gamma,
                                   .beta = n->beta,
                                   .running_mean = n->mean,
                                   .running_var = n->var,
                                   .y = y};
    CHECK(clcnn_ref_batchnorm_forward(&n->batchnorm, &a) == CLCNN_SUCCESS, "forward");
    return weighted(y, n->dy, 48);
}

static void test_batchnorm(void)
{
    for (int inference = 0; inference < 2; inference++) {
        static norm_data n;
        double dx[MOST] = {0}, dgamma[MOST] = {0}, dbeta[MOST] = {0};
        n.batchnorm = (clcnn_batchnorm){
            .n = 4, .c = 3, .h = 2, .w = 2, .eps = 1e-2, .momentum = 0.5, .inference = inference};
        float *const arrays[] = {n.x, n.gamma, n.beta, n.mean, n.dy};
        for (unsigned i = 0; i < 5; i++)
            draw(arrays[i], MOST, i + 1);
        for (int i = 0; i < MOST; i++)
            n.var[i] = 0.5f;
        const clcnn_ref_batchnorm a = {.x = n.x,
                                       .gamma = n.gamma,
                                       .running_mean = n.mean,
                                       .running_var = n.var,
                                       .dy = n.dy,
                                       .dx = dx,
                                       .dgamma = dgamma,
                                       .dbeta = dbeta};
        CHECK(clcnn_ref_batchnorm_backward(&n.batchnorm, &a) == CLCNN_SUCCESS, "backward");
        compare("dx", batchnorm_objective, &n, n.x, 48, dx);
        compare("dgamma", batchnorm_objective, &n, n.gamma, 3, dgamma);
        compare("dbeta", batchnorm_objective, &n, n.beta, 3, dbeta);
    }
}

typedef struct rows_data {
    clcnn_layernorm layernorm;
    float x[MOST], gamma[MOST], beta[MOST], dy[MOST];
} rows_data;

static double layernorm_objective(const void *user)
{
    const rows_data *r = user;
    double y[MOST] = {0};
    const clcnn_status status = clcnn_ref_layernorm_forward(&r->layernorm, r->x, r->gamma, r->beta,
                                                            y, NULL, NULL, NULL, NULL, NULL);
    CHECK(status == CLCNN_SUCCESS, "forward");
    return weighted(y, r->dy, 42);
}

static void test_layernorm(void)
{
    static rows_data r = {.layernorm = {.n = 6, .d = 7, .eps = 1e-2}};
    double dx[MOST] = {0}, dgamma[MOST] = {0}, dbeta[MOST] = {0};
    float *const arrays[] = {r.x, r.gamma, r.beta, r.dy};
    for (unsigned i = 0; i < 4; i++)
        draw(arrays[i], MOST, i + 11);
    CHECK(clcnn_ref_layernorm_backward(&r.layernorm, r.x, r.gamma, r.dy, dx, dgamma, dbeta, NULL,
                                       NULL, NULL) == CLCNN_SUCCESS,
          "backward");
    compare("dx", layernorm_objective, &r, r.x, 42, dx);
    compare("dgamma", layernorm_objective, &r, r.gamma, 7, dgamma);
    compare("dbeta", layernorm_objective, &r, r.beta, 7, dbeta);
}

/* ---- Linear operations -------------------------------------------------------------------------
 */

typedef struct linear_data {
    clcnn_add add;
    clcnn_dropout dropout;
    float a[MOST], b[MOST], dy[MOST];
} linear_data;

static double add_objective(const void *user)
{
    const linear_data *l = user;
    double y[MOST] = {0};
    CHECK(clcnn_ref_add_forward(&l->add, l->a, l->b, y, NULL) == CLCNN_SUCCESS, "forward");
    return weighted(y, l->dy, 48);
}

static double dropout_objective(const void *user)
{
    const linear_data *l = user;
    double y[MOST] = {0};
    CHECK(clcnn_ref_dropout_forward(&l->dropout, l->a, y, NULL) == CLCNN_SUCCESS, "forward");
    return weighted(y, l->dy, 48);
}

static void test_linear(void)
{
    static linear_data l = {.add = {.n = 4, .c = 3, .h = 2, .w = 2},
                            .dropout = {.count = 48, .drop = 0.4, .seed = 5}};
    double gradient[MOST] = {0};
    draw(l.a, MOST, 31);
    draw(l.b, MOST, 32);
    draw(l.dy, MOST, 33);
    for (l.add.broadcast = 0; l.add.broadcast < 2; l.add.broadcast++) {
        CHECK(clcnn_ref_add_backward(&l.add, l.dy, gradient, NULL) == CLCNN_SUCCESS, "backward");
        compare("db of add", add_objective, &l, l.b, l.add.broadcast ? 3 : 48, gradient);
    }
    CHECK(clcnn_ref_dropout_backward(&l.dropout, l.dy, gradient, NULL) == CLCNN_SUCCESS,
          "backward");
    compare("dx of dropout", dropout_objective, &l, l.a, 48, gradient);
}

static const harness_test tests[] = {{"activation", test_activation},
                                     {"batchnorm", test_batchnorm},
                                     {"layernorm", test_layernorm},
                                     {"add and dropout", test_linear},
                                     {NULL, NULL}};

int main(void)
{
    return harness_run("gradients", tests);
}
