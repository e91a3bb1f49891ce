/* Cases: their inputs drawn from a seed, and what the reference expects of each direction. */
#include "check.h"

#include "internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Random numbers: splitmix64 (Steele, Lea and Flood, 2014) ----------------------------------
 */

uint64_t check_random_bits(check_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

int check_random_int(check_random *random, int low, int high)
{
    const uint64_t span = (uint64_t)((int64_t)high - low) + 1;
    return (int)(low + (int64_t)((check_random_bits(random) >> 32) * span >> 32));
}

double check_random_real(check_random *random)
{
    return (double)(check_random_bits(random) >> 11) * 0x1p-53;
}

static float draw(check_values values, int largest, check_random *random)
{
    if (values == CHECK_REALS)
        return (float)(2 * check_random_real(random) - 1);
    const int magnitude = check_random_int(random, 1, largest);
    return (float)(check_random_bits(random) & 1 ? magnitude : -magnitude);
}

void check_fill(const check_case *c, check_tensor *tensor, double summands, check_random *random)
{
    /* A bias or a start of at most 8 joins the sum. */
    const double room = ((1 << 24) - 16) / fmax(summands, 1);
    const int largest = (int)fmax(1, fmin(32, floor(sqrt(room))));
    for (size_t i = 0; i < tensor->count; i++)
        tensor->f[i] = draw(c->values, largest, random);
}

void check_fill_addend(const check_case *c, check_tensor *tensor, check_random *random)
{
    for (size_t i = 0; i < tensor->count; i++)
        tensor->f[i] = draw(c->values, 8, random);
}

/* ---- Cases -------------------------------------------------------------------------------------
 */

static size_t shape_count(const check_shape *shape)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++)
        count *= shape->size[i];
    return count;
}

static size_t tensor_count(const check_case *c, const char *name)
{
    check_shape shape = {.rank = 0};
    return c->op->shape(&c->desc, name, &shape) ? shape_count(&shape) : 0;
}

check_case *check_case_create(const check_op *op, const check_desc *desc, check_values values,
                              uint64_t seed, clcnn_error *error)
{
    if (op->legal(desc, error) != CLCNN_SUCCESS)
        return NULL;
    check_case *c = calloc(1, sizeof *c);
    bool complete = c != NULL;
    if (c)
        *c = (check_case){.op = op, .desc = *desc, .values = values, .seed = seed};
    for (int i = 0; complete && op->inputs[i].name; i++) {
        c->in[i].count = tensor_count(c, op->inputs[i].name);
        c->in[i].f = calloc(c->in[i].count + 1, sizeof(float));
        complete = c->in[i].f != NULL;
    }
    if (!complete) {
        CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the inputs of a case of %s",
                    op->name);
        check_case_destroy(c);
        return NULL;
    }
    if (op->fill)
        op->fill(c, &(check_random){seed});
    if (check_case_derive(c) == CLCNN_SUCCESS)
        return c;
    CLCNN__INVALID(error, "the reference of %s refuses the case", op->name);
    check_case_destroy(c);
    return NULL;
}

void check_case_destroy(check_case *c)
{
    for (int i = 0; c && i < CHECK_MAX_IN; i++)
        free(c->in[i].f);
    free(c);
}

check_tensor *check_case_input(check_case *c, const char *name)
{
    int i = 0;
    while (strcmp(c->op->inputs[i].name, name) != 0)
        i++;
    return &c->in[i];
}

void check_case_drop(check_case *c, const char *name)
{
    check_tensor *tensor = check_case_input(c, name);
    free(tensor->f);
    *tensor = (check_tensor){.count = 0};
}

clcnn_status check_case_derive(check_case *c)
{
    return c->op->derive ? c->op->derive(c) : CLCNN_SUCCESS;
}

/* ---- Expected ----------------------------------------------------------------------------------
 */

/* What an accumulating output starts from, drawn from the case's seed. */
static bool make_start(const check_case *c, size_t count, uint64_t stream, float **start)
{
    check_tensor tensor = {.count = count, .f = malloc((count + 1) * sizeof(float))};
    if (!tensor.f)
        return false;
    check_fill_addend(c, &tensor, &(check_random){c->seed + stream});
    *start = tensor.f;
    return true;
}

static bool allocate(const check_case *c, const check_direction *direction,
                     check_expected *expected)
{
    const int *accumulate = check_find_field(c->op, &c->desc, "accumulate", CHECK_INT);
    for (int j = 0; direction->outputs[j].name; j++) {
        const size_t count = tensor_count(c, direction->outputs[j].name);
        expected->out[j].count = count;
        expected->out[j].value = calloc(count + 1, sizeof(double));
        expected->out[j].mag = calloc(count + 1, sizeof(double));
        if (!expected->out[j].value || !expected->out[j].mag)
            return false;
        if (!accumulate || !*accumulate || !direction->outputs[j].accumulates)
            continue;
        if (!make_start(c, count, 1000u + (uint64_t)j, &expected->out[j].start))
            return false;
        for (size_t i = 0; i < count; i++)
            expected->out[j].value[i] = expected->out[j].start[i];
    }
    return true;
}

clcnn_status check_expected_create(const check_case *c, const check_direction *direction,
                                   check_expected *expected)
{
    *expected = (check_expected){.out = {{.count = 0}}};
    const clcnn_status status =
        allocate(c, direction, expected) ? direction->reference(c, expected) : CLCNN_OUT_OF_MEMORY;
    for (int j = 0; j < CHECK_MAX_OUT; j++)
        expected->out[j].n += expected->out[j].start ? 1 : 0;
    if (status != CLCNN_SUCCESS)
        check_expected_free(expected);
    return status;
}

void check_expected_free(check_expected *expected)
{
    for (int j = 0; j < CHECK_MAX_OUT; j++) {
        free(expected->out[j].value);
        free(expected->out[j].mag);
        free(expected->out[j].start);
    }
    *expected = (check_expected){.out = {{.count = 0}}};
}
