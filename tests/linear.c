/* The identities of linear operations: see linear.h. */
#include "linear.h"

#include "sweep.h"

#include <math.h>

static double dot_with_floats(const float *a, const check_tensor *b)
{
    double sum = 0;
    for (size_t i = 0; i < b->count; i++)
        sum += (double)a[i] * (double)b->f[i];
    return sum;
}

void linear_check_adjoint(const char *name, linear_map f, linear_map b)
{
    const check_tensor *x = check_case_input(f.c, f.input), *z = check_case_input(b.c, b.input);
    for (int i = 0; i < harness_device_count(); i++) {
        check_result y = sweep_run(name, f.c, f.direction, i, (check_options){.keep = true});
        check_result dx = sweep_run(name, b.c, b.direction, i, (check_options){.keep = true});
        if (CHECK(y.out[0] && dx.out[0], "%s: no results", name)) {
            const double yz = dot_with_floats(y.out[0], z), xdx = dot_with_floats(dx.out[0], x);
            CHECK(yz >= xdx && yz <= xdx, "%s: <f(x), z> = %.17g, <x, b(z)> = %.17g on %s", name,
                  yz, xdx, harness_device_name(i));
        }
        check_result_free(&y);
        check_result_free(&dx);
    }
}

/* <f(x), z> by the reference. */
static double value(const char *name, linear_map f, const check_tensor *z)
{
    check_expected e;
    const clcnn_status status =
        check_expected_create(f.c, check_direction_find(f.c->op, f.direction), &e);
    if (!CHECK(status == CLCNN_SUCCESS, "%s: the reference: %s", name, clcnn_status_name(status)))
        return NAN;
    double sum = 0;
    for (size_t i = 0; i < z->count; i++)
        sum += e.out[0].value[i] * (double)z->f[i];
    check_expected_free(&e);
    return sum;
}

void linear_check_gradient(const char *name, linear_map f, linear_map b)
{
    check_tensor *x = check_case_input(f.c, f.input);
    const check_tensor *z = check_case_input(b.c, b.input);
    check_expected e;
    const clcnn_status status =
        check_expected_create(b.c, check_direction_find(b.c->op, b.direction), &e);
    if (!CHECK(status == CLCNN_SUCCESS, "%s: the reference: %s", name, clcnn_status_name(status)))
        return;
    for (size_t i = 0; i < x->count; i++) {
        const float at = x->f[i];
        x->f[i] = at + 1;
        const double above = value(name, f, z);
        x->f[i] = at - 1;
        const double gradient = (above - value(name, f, z)) / 2;
        x->f[i] = at;
        /* Sums of less than 2^24 in double: 2^-20 is far above their rounding and far below a tap.
         */
        if (!CHECK(fabs(gradient - e.out[0].value[i]) < 0x1p-20,
                   "%s: element %zu of the gradient is %.17g by differences, %.17g", name, i,
                   gradient, e.out[0].value[i]))
            break;
    }
    check_expected_free(&e);
}

void linear_check_op(const check_op *op, const char *name, const check_desc *desc, bool exact)
{
    clcnn_error error = {.message = ""};
    check_case *c = check_case_create(op, desc, CHECK_INTEGERS, harness_seed(), &error);
    if (CHECK(c != NULL, "%s: %s", name, error.message)) {
        const linear_map f = {c, "forward", "x"}, b = {c, "backward", "dy"};
        if (exact)
            linear_check_adjoint(name, f, b);
        linear_check_gradient(name, f, b);
    }
    check_case_destroy(c);
}
