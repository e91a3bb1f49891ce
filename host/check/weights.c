#include "weights.h"

#include <math.h>

void check_fill_weights(check_case *c, check_products products, check_random *random)
{
    const double most = fmax(fmax(products.y, products.dx), fmax(products.dw, products.db));
    check_fill(c, &c->in[X], most, random);
    check_fill(c, &c->in[W], most, random);
    check_fill(c, &c->in[DY], most, random);
    check_fill_addend(c, &c->in[B], random);
}
