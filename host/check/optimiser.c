#include "optimiser.h"

#include "internal.h"

#include <string.h>

enum { WORDS_PER_SEGMENT = sizeof(clcnn_segment) / 4 };
_Static_assert(sizeof(clcnn_segment) == 16, "a row of the table is four words");

bool check_optimiser_shape(const char *const *arrays, int count, int segments, const char *name,
                           check_shape *shape)
{
    while (*arrays && strcmp(name, *arrays) != 0)
        arrays++;
    if (*arrays)
        *shape = (check_shape){1, {(size_t)count}};
    else if (strcmp(name, "table") == 0)
        *shape = (check_shape){1, {(size_t)segments * WORDS_PER_SEGMENT}};
    else if (strcmp(name, "block") == 0)
        *shape = (check_shape){1, {CLCNN_OPTIMISER_BLOCK}};
    else
        return false;
    return true;
}

clcnn_status check_optimiser_legal(int count, int segments, clcnn_error *error)
{
    if (count < 1 || segments < 0)
        return CLCNN__INVALID(error, "%d elements in %d segments", count, segments);
    return CLCNN_SUCCESS;
}

void check_fill_table(check_case *c, int count, int segments)
{
    if (segments == 0) {
        check_case_drop(c, "table");
        return;
    }
    int32_t *words = check_case_input(c, "table")->i;
    for (int i = 0; i < segments; i++) {
        const clcnn_segment row = {
            .end = (int32_t)((int64_t)count * (i + 1) / segments - (i + 1 == segments)),
            .lr_factor = 1 + 0.5f * (float)(i % 4),
            .decay_factor = (float)(i % 2),
            .frozen = i % 3 == 2};
        memcpy(words + i * WORDS_PER_SEGMENT, &row, sizeof row);
    }
}
