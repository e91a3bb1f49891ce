/*
 * The reference of uniform, which is exact: the float operations of the definition, each rounded
 * once. They are carried out in double, where the product of two floats is exact and the sum of two
 * is rounded so finely that rounding it to float is as rounding the exact sum.
 */
#include "random.h"
#include "ref.h"

clcnn_status clcnn_ref_uniform_fill(const clcnn_uniform *d, double *y)
{
    if (!d || d->count < 0 || (d->count > 0 && !y))
        return CLCNN_INVALID_ARGUMENT;
    const float low = (float)d->low, high = (float)d->high;
    if (!isfinite(low) || !(low < high) || !isfinite(high - low))
        return CLCNN_INVALID_ARGUMENT;
    const double span = (float)((double)high - (double)low), last = nextafterf(high, low);
    for (int i = 0; i < d->count; i++) {
        const uint32_t word =
            clcnn__random_word(d->seed, (uint64_t)CLCNN__FILL << 32, d->stream, (size_t)i);
        const float product = (float)(span * clcnn__philox_float(word));
        const float sum = (float)((double)low + product);
        y[i] = sum > last ? last : (double)sum;
    }
    return CLCNN_SUCCESS;
}
