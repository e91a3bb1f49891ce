#include "common.h"

#include <string.h>

int check_or_one(int value)
{
    return value ? value : 1;
}

bool check_find_shape(const check_tensor_shape *list, const char *name, check_shape *shape)
{
    while (list->name && strcmp(name, list->name) != 0 &&
           !(name[0] == 'd' && strcmp(name + 1, list->name) == 0))
        list++;
    if (!list->name)
        return false;
    *shape = (check_shape){.rank = list->rank};
    for (int i = 0; i < list->rank; i++)
        shape->size[i] = (size_t)list->size[i];
    return true;
}

bool check_take_sizes(const check_shape *shape, int rank, int *const *fields)
{
    if (shape->rank != rank)
        return false;
    for (int i = 0; i < rank; i++) {
        if (fields[i])
            *fields[i] = (int)shape->size[i];
    }
    return true;
}
