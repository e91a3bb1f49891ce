/* Arenas that the tests of the optimisers share: counts around the vectors' and work-items' sizes.
 */
#ifndef OPTIMISER_CASES_H
#define OPTIMISER_CASES_H

#include <stddef.h>

typedef struct optimiser_case {
    const char *name;
    int count, segments;
    int quick; /* in the short set */
} optimiser_case;

static const optimiser_case optimiser_cases[] = {{"one element", 1, 0, 1},
                                                 {"three", 3, 0, 0},
                                                 {"a vector of 4", 4, 0, 0},
                                                 {"15", 15, 0, 0},
                                                 {"a vector of 16 and 1", 17, 0, 1},
                                                 {"a work-item less 1", 1023, 0, 0},
                                                 {"a work-item", 1024, 0, 0},
                                                 {"a work-item and 1", 1025, 0, 0},
                                                 {"several work-items", 5003, 0, 0},
                                                 {"one segment", 37, 1, 0},
                                                 {"three segments", 41, 3, 1},
                                                 {"more segments than elements", 5, 9, 1},
                                                 {"segments of one element", 40, 40, 0},
                                                 {"segments across work-items", 4100, 7, 0},
                                                 {"many segments", 3001, 200, 0},
                                                 {NULL, 0, 0, 0}};

#endif
