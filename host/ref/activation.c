/*
 * The reference of activation, y = f(x) and dx = dy * f', with bounds for a float computation on
 * any OpenCL device of the forms in kernels/activation.clh: exp and expm1 within 4 ulp, division
 * within 3 (embedded profile; one ulp is at most 2u of the value), other operations
 * within 1u. To first order, as relative errors in units of u unless said otherwise, with
 * t = exp(-|x|), whose error is 8:
 *
 *   s(x), sigmoid     x >= 0: 8t/(1+t) + 7;  x < 0: 8/(1+t) + 7
 *                     the error of t as the quotient sees it, the addition, the division
 *   s'(x) = t/(1+t)^2 8(1-t)/(1+t) + 9: two roundings of 1+t, one of the square, the division
 *   tanh(x)           m = expm1(-2|x|) has 8, -m/(2 + m) makes 16/(2 + m) of it, and 7 more
 *   tanh'(x)          as s'(2x)
 *   C(x), normal cdf  its tail: 40 + x^2. t = 1/(1 + c|x|) has 2 + 1 + 6; through the factor t and
 *                     through P(t), where |tP'| < 1.26, that makes 9 + 12; evaluating P 7 (running
 *                     error of Horner's scheme), fitting it 2; -x^2/2 and the addition to P
 *                     x^2/2 + x^2/2 + 1.3, which exp turns into relative errors; exp 8, a
 * product 1. The other half is 1 - tail: the tail's error and one rounding. x*C, x*s          one
 * more v = x(A + Bx^2)   5: all of one sign. s(v) then has 5|v|s(-v) more, s'(v) 5|v||1 - 2s(v)|
 *   elu               8 and alpha's rounding and a product: 10
 * A derivative that is a sum has the errors of its summands, and one rounding of their magnitudes;
 * the product with dy has one of the result. Constants rounded to float have 1 each.
 *
 * Where an intermediate result may be flushed to 0, below 2^-126, it has lost that at most, times
 * what it is multiplied with. Where f or f' is x, 1 or 0, mag is 0: no rounding at all. The terms
 * of second order are below a hundredth of the bound; the class's constant of 1.1 covers them.
 */
#include "ref.h"

/* 2 * sqrt(2/pi), and that times 0.044715. */
#define TANH_A 1.5957691216057308
#define TANH_B (TANH_A * 0.044715)
/* 1/sqrt(2*pi) */
#define NORMAL_PEAK 0.3989422804014327

/* A value and its bound in units of u. */
typedef struct bounded {
    double value, mag;
} bounded;

static const bounded one = {1, 0};

/* `argument`: an absolute error of x, in units of u. */
static bounded sigmoid(double x, double argument)
{
    const double t = exp(-fabs(x)), value = (x < 0 ? t : 1) / (1 + t);
    const double other = (x < 0 ? 1 : t) / (1 + t);
    return (bounded){value, value * (8 * other + 7 + argument * other)};
}

static bounded sigmoid_slope(double x, double argument)
{
    const double t = exp(-fabs(x)), value = t / ((1 + t) * (1 + t));
    const double steep = (1 - t) / (1 + t);
    return (bounded){value, value * (8 * steep + 9 + argument * steep)};
}

static bounded normal_cdf(double x)
{
    const double tail = 0.5 * erfc(fabs(x) * sqrt(0.5)), value = x < 0 ? tail : 1 - tail;
    const double mag = isinf(x) ? 0 : tail * (40 + x * x); /* the tail wins over its square */
    return (bounded){value, x < 0 ? mag : mag + value};
}

/* Where f and f' are long at their limits, short of 0 * Inf. */
static double confine(double x)
{
    return x < -1000 ? -1000 : x > 1000 ? 1000 : x;
}

/* x * (f and its bound); what x does beyond -1000 makes no difference but for -Inf. */
static bounded times_x(double x, bounded f)
{
    const double from = x < -1000 ? -1000 : x;
    const double value = from * f.value;
    return (bounded){value, fabs(from) * f.mag + fabs(value)};
}

static double tanh_argument(double x)
{
    return x * (TANH_A + TANH_B * x * x);
}

/* f(x) but for what flushed numbers cost. */
static bounded curve(clcnn_activation_kind kind, double alpha, double x)
{
    bounded y = {x, 0};
    const double v = tanh_argument(x);
    switch (kind) {
    case CLCNN_IDENTITY:
        return y;
    case CLCNN_RELU:
        y.value = x <= 0 ? 0 : x; /* a NaN is not <= 0 and stays */
        return y;
    case CLCNN_LEAKY_RELU:
        return x <= 0 ? (bounded){alpha * x, 2 * fabs(alpha * x)} : y;
    case CLCNN_ELU:
        if (!(x > 0))
            y = (bounded){alpha * expm1(x), 10 * fabs(alpha * expm1(x))};
        return y;
    case CLCNN_SIGMOID:
        return sigmoid(x, 0);
    case CLCNN_TANH:
        return (bounded){tanh(x), fabs(tanh(x)) * (16 / (2 + expm1(-2 * fabs(x))) + 7)};
    case CLCNN_SILU:
        return times_x(x, sigmoid(x, 0));
    case CLCNN_GELU:
        return times_x(x, normal_cdf(x));
    case CLCNN_GELU_TANH:
        return times_x(x, sigmoid(v, isinf(v) ? 0 : 5 * fabs(v)));
    }
    return y;
}

/* s + b, where b's bound has further relative errors of `more`. */
static bounded sum(bounded a, bounded b, double more)
{
    const double magnitude = fabs(a.value) + fabs(b.value);
    return (bounded){a.value + b.value, a.mag + b.mag + more * fabs(b.value) + magnitude};
}

static bounded scaled(bounded a, double factor)
{
    return (bounded){a.value * factor, a.mag * fabs(factor)};
}

static bounded slope(clcnn_activation_kind kind, double alpha, double x)
{
    const double c = confine(x), v = tanh_argument(c);
    const bounded peak = {NORMAL_PEAK * exp(-c * c / 2),
                          NORMAL_PEAK * exp(-c * c / 2) * (c * c / 2 + 10)};
    switch (kind) {
    case CLCNN_RELU:
        return x <= 0 ? (bounded){0, 0} : one;
    case CLCNN_LEAKY_RELU:
        return x <= 0 ? (bounded){alpha, fabs(alpha)} : one;
    case CLCNN_ELU:
        return x > 0 ? one : (bounded){alpha * exp(x), 10 * fabs(alpha * exp(x))};
    case CLCNN_SIGMOID:
        return sigmoid_slope(x, 0);
    case CLCNN_TANH:
        return scaled(sigmoid_slope(2 * x, 0), 4);
    case CLCNN_SILU:
        return sum(sigmoid(c, 0), scaled(sigmoid_slope(c, 0), c), 1);
    case CLCNN_GELU:
        return sum(normal_cdf(c), scaled(peak, c), 1);
    case CLCNN_GELU_TANH:
        return sum(sigmoid(v, 5 * fabs(v)),
                   scaled(sigmoid_slope(v, 5 * fabs(v)), c * (TANH_A + 3 * TANH_B * c * c)), 6);
    default:
        return one;
    }
}

static bounded slope_of_y(clcnn_activation_kind kind, double alpha, double y)
{
    switch (kind) {
    case CLCNN_ELU:
        return y > 0 ? one : (bounded){y + alpha, fabs(alpha) + fabs(y + alpha)};
    case CLCNN_SIGMOID:
        return (bounded){y * (1 - y), 2 * fabs(y * (1 - y))};
    case CLCNN_TANH:
        return (bounded){(1 - y) * (1 + y), 3 * fabs((1 - y) * (1 + y))};
    default: /* their y has the sign of x */
        return slope(kind, alpha, y);
    }
}

/* What flushed intermediate results may cost, in units of u. */
static double flushed(clcnn_activation_kind kind, double alpha, double x)
{
    const double least = REF_LEAST_NORMAL / REF_U;
    if (!clcnn__curved(kind) || (kind == CLCNN_ELU && x > 0))
        return 0;
    if (kind == CLCNN_ELU)
        return least * (1 + alpha);
    /* exp(-88) is the first to be flushed: SiLU's x is then below 128, and GELU by tanh's below 11,
     * where v' is below 28. */
    return least * (1 + (kind == CLCNN_GELU_TANH ? 28 * fmin(fabs(x), 11) : fmin(fabs(x), 128)));
}

double clcnn__ref_activate(clcnn_activation_kind kind, double alpha, double x)
{
    return curve(kind, alpha, x).value;
}

double clcnn__ref_activate_mag(clcnn_activation_kind kind, double alpha, double x)
{
    return curve(kind, alpha, x).mag + flushed(kind, alpha, x);
}

double clcnn__ref_activated_mag(clcnn_activation_kind kind, double alpha, double x,
                                double magnitude, double count)
{
    return clcnn__ref_steepest(kind, alpha) * magnitude +
           1.1 * clcnn__ref_activate_mag(kind, alpha, x) / (count + 2);
}

static bool legal(const clcnn_activation *d)
{
    return d && d->count >= 0 &&
           clcnn__check_activation(NULL, "activation", d->kind, d->alpha) == CLCNN_SUCCESS;
}

clcnn_status clcnn_ref_activation_forward(const clcnn_activation *d, const float *x, double *y,
                                          double *mag)
{
    if (!legal(d) || (d->count > 0 && (!x || !y)))
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->count; i++) {
        y[i] = clcnn__ref_activate(d->kind, d->alpha, x[i]);
        if (mag)
            mag[i] = clcnn__ref_activate_mag(d->kind, d->alpha, x[i]);
    }
    return CLCNN_SUCCESS;
}

static bool y_will_do(const clcnn_activation *d)
{
    return d->kind <= CLCNN_TANH && !(d->kind == CLCNN_LEAKY_RELU && d->alpha < 0);
}

/* Where f' is 0 or 1 there is no product: so dx is dy there, be it what it may. */
clcnn_status clcnn_ref_activation_backward(const clcnn_activation *d, const float *x,
                                           const float *y, const float *dy, double *dx, double *mag)
{
    if (!legal(d) || (d->count > 0 && (!(x || (y && y_will_do(d))) || !dy || !dx)))
        return CLCNN_INVALID_ARGUMENT;
    for (int i = 0; i < d->count; i++) {
        const bounded f = x ? slope(d->kind, d->alpha, x[i]) : slope_of_y(d->kind, d->alpha, y[i]);
        const bool exact = f.mag <= 0 && d->kind <= CLCNN_RELU;
        dx[i] = exact && f.value <= 0 ? 0 : f.value * dy[i];
        if (mag)
            mag[i] = fabs((double)dy[i]) * f.mag + (f.mag > 0 ? fabs(dx[i]) : 0) +
                     flushed(d->kind, d->alpha, x ? x[i] : y[i]) * fmax(1, fabs((double)dy[i]));
    }
    return CLCNN_SUCCESS;
}
