/*
 * Where buffers lie in an arena. Buffers whose lifetimes don't overlap may lie on one another:
 * forward's activations give their place to gradients, and all workspaces share what is free at
 * their moment.
 *
 * Greedy by size: the largest buffer first, each at the lowest place where it touches none that
 * lives at the same time. Known to come within a few per cent of the best for chains of layers.
 */
#include "net.h"

#include <stdlib.h>

static int by_size(const void *a, const void *b)
{
    const clcnn__buffer *x = *(clcnn__buffer *const *)a, *y = *(clcnn__buffer *const *)b;
    if (x->elements != y->elements)
        return x->elements < y->elements ? 1 : -1;
    return x < y ? -1 : x > y; /* the same order everywhere */
}

static bool live_together(const clcnn__buffer *a, const clcnn__buffer *b)
{
    return a->first <= b->last && b->first <= a->last;
}

static size_t align(size_t elements)
{
    return (elements + CLCNN__ALIGN - 1) / CLCNN__ALIGN * CLCNN__ALIGN;
}

/* The lowest place for `buffer` among those placed, which are sorted by offset. */
static size_t lowest_place(const clcnn__buffer *buffer, clcnn__buffer *const *placed, size_t count)
{
    size_t place = 0;
    for (size_t i = 0; i < count; ++i) {
        if (!live_together(buffer, placed[i]))
            continue;
        if (place + buffer->elements <= placed[i]->offset)
            break;
        size_t end = align(placed[i]->offset + placed[i]->elements);
        if (end > place)
            place = end;
    }
    return place;
}

/* Puts a buffer among those placed, behind the last that does not lie after it. */
static void insert(clcnn__buffer **placed, size_t count, clcnn__buffer *buffer)
{
    size_t at = count;
    for (; at > 0 && placed[at - 1]->offset > buffer->offset; --at)
        placed[at] = placed[at - 1];
    placed[at] = buffer;
}

bool clcnn__memory_plan(clcnn__buffer *buffers, size_t count, size_t *total)
{
    *total = 0;
    if (count == 0)
        return true;
    clcnn__buffer **order = malloc(2 * count * sizeof(*order));
    if (!order)
        return false;
    clcnn__buffer **placed = order + count;
    for (size_t i = 0; i < count; ++i)
        order[i] = &buffers[i];
    qsort(order, count, sizeof(*order), by_size);
    for (size_t i = 0; i < count; ++i) {
        order[i]->offset = lowest_place(order[i], placed, i);
        insert(placed, i, order[i]);
        size_t end = align(order[i]->offset + order[i]->elements);
        if (end > *total)
            *total = end;
    }
    free(order);
    return true;
}
