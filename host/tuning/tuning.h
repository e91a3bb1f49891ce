/*
 * Searching tuning rows for a device: what `clcnn tune` does. A class is what one row is for: an
 * operation, an algorithm, a class of shapes. Its candidates are rows with other values of some
 * macros; each is first held against the CPU reference on small cases, then against the clock on
 * problems that stand for the class.
 *
 * The order of the files: cases (problems and checks), classes (what is tried), row (a row as
 * numbers), judge (right or wrong), contest (the clock), search (one class), choose (between
 * algorithms), report (the file).
 */
#ifndef CLCNN_TUNING_H
#define CLCNN_TUNING_H

#include "bench.h"

enum {
    TUNING_MAX_KNOBS = 5,
    TUNING_MAX_PROBLEMS = 5,
    TUNING_MAX_CHECKS = 3,
    TUNING_MAX_MACROS = 12,
    TUNING_TEXT = 1024 /* a header or a row */
};

/* What a candidate must win by, as a ratio of times: less is noise. */
#define TUNING_MARGIN 1.03

/* ---------------------------------------------------------------------------------------------
 * cases.c
 */
extern const bench_case tuning_cases[]; /* ended by name NULL */
/* Of these or of the bench; NULL if there is none. */
const bench_case *tuning_case_find(const char *name);

/* ---------------------------------------------------------------------------------------------
 * classes.c
 */
typedef struct tuning_knob {
    const char *macro; /* NULL ends the list */
    const int *values; /* ascending */
    int count;
    const char *multiple_of; /* a macro that the value must be a multiple of; NULL: none */
} tuning_knob;

typedef struct tuning_problem {
    const char *name, *direction; /* NULL ends the list */
} tuning_problem;

typedef struct tuning_class {
    const char *op, *algo;                   /* op NULL ends the table */
    const char *shape;                       /* NULL: every shape */
    tuning_knob knobs[TUNING_MAX_KNOBS + 1]; /* macros that are not here stay as they are */
    tuning_problem problems[TUNING_MAX_PROBLEMS + 1]; /* what is timed */
    const char *checks[TUNING_MAX_CHECKS + 1];        /* cases that must come out right */
    bool choose;                                      /* whether `use` is settled, too */
} tuning_class;

extern const tuning_class tuning_classes[]; /* the most valuable first */
/* Whether a plan can ask for the algorithm by name; others are taken where their row says so. */
bool tuning_by_name(const tuning_class *class);

/* ---------------------------------------------------------------------------------------------
 * row.c
 */
typedef struct tuning_row {
    char algo[32], device[16], width[8], shape[16];
    int use, count;
    char names[TUNING_MAX_MACROS][32];
    int values[TUNING_MAX_MACROS];
} tuning_row;

/* The row that is in force for the class. */
clcnn_status tuning_row_of(clcnn_ctx *ctx, const tuning_class *class, tuning_row *row,
                           clcnn_error *error);
void tuning_row_header(const tuning_row *row, char text[TUNING_TEXT]); /* "algo device ... VEC" */
void tuning_row_values(const tuning_row *row, char text[TUNING_TEXT]); /* "tile cpu 16 * 1 16" */
/* "VEC 16 VECS 2", for people. */
void tuning_row_words(const tuning_row *row, char text[TUNING_TEXT]);
bool tuning_row_equal(const tuning_row *a, const tuning_row *b);
int *tuning_row_value(tuning_row *row, const char *macro); /* NULL if it has none of this name */
/* Sets a knob, and puts right what must be a multiple of it. False: the row has no such macro. */
bool tuning_row_set(tuning_row *row, const tuning_class *class, const tuning_knob *knob, int value);

/* When to stop. */
typedef struct tuning_clock {
    double deadline; /* by bench_now */
    bool (*interrupted)(void);
} tuning_clock;
bool tuning_is_over(const tuning_clock *clock);

/* ---------------------------------------------------------------------------------------------
 * judge.c: is a row right?
 */
enum { TUNING_MAX_TRIALS = 48 };

/* One case in one direction, with what the reference says. */
typedef struct tuning_trial {
    check_case *c;
    const check_direction *direction;
    check_expected expected;
    bool supported; /* by the row that the search begins with */
} tuning_trial;

typedef struct tuning_trials {
    int count;
    tuning_trial trials[TUNING_MAX_TRIALS];
} tuning_trials;

clcnn_status tuning_trials_create(const tuning_class *class, tuning_trials *trials,
                                  clcnn_error *error);
void tuning_trials_free(tuning_trials *trials);
typedef enum tuning_verdict { TUNING_RIGHT, TUNING_WRONG, TUNING_OUT_OF_TIME } tuning_verdict;

/*
 * Runs every trial by the class's algorithm with the rows in force in ctx. `first` notes what is
 * supported; later rows must support the same. TUNING_WRONG, and a sentence in `why`, for a row
 * that gives a wrong result, does not build, or exceeds a limit of the device.
 */
tuning_verdict tuning_judge(const tuning_clock *clock, clcnn_ctx *ctx, const tuning_class *class,
                            tuning_trials *trials, bool first, char *why, size_t size);

/* ---------------------------------------------------------------------------------------------
 * contest.c: which is faster?
 */
typedef struct tuning_contestant {
    clcnn_ctx *ctx;                               /* its own, on the same queue */
    bench_subject *subjects[TUNING_MAX_PROBLEMS]; /* NULL: not to be had */
    double checksums[TUNING_MAX_PROBLEMS];        /* NaN: none */
} tuning_contestant;

typedef struct tuning_search {
    clcnn_ctx *ctx; /* the device, with its built-in rows alone */
    double seconds; /* of a sample */
    void (*reject)(const tuning_class *class, const char *row, const char *why);
    char *adopted; /* the rows that were found so far, with their `op` lines; allocated */
} tuning_search;

/* With the adopted rows in force, and `row` before them (NULL: none). *c is to be freed. */
clcnn_status tuning_contestant_create(const tuning_search *search, const tuning_class *class,
                                      const tuning_row *row, tuning_contestant *c,
                                      clcnn_error *error);
/* Lays the class's problems out in memory, for an algorithm by name (NULL: the default's choice),
 * and runs each once, as long as there is time. CLCNN_UNSUPPORTED where not one is to be had. */
clcnn_status tuning_contestant_prepare(const tuning_clock *clock, tuning_contestant *c,
                                       const tuning_class *class, const char *algo,
                                       clcnn_error *error);
void tuning_contestant_free(tuning_contestant *c);

typedef struct tuning_ratio {
    double value; /* a's times over b's: the geometric mean over the problems of their medians;
                     0 where time was up before there was a result */
    int problems, rounds;
} tuning_ratio;

/* In turn, round by round, on the problems that both have. What is plain after a round has no
 * other. CLCNN_BAD_FILE where b's results are not a's. */
clcnn_status tuning_compare(const tuning_clock *clock, double seconds, tuning_contestant *a,
                            tuning_contestant *b, int rounds, tuning_ratio *ratio,
                            clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * search.c and choose.c
 */
typedef struct tuning_result {
    const tuning_class *class;
    tuning_row before, after; /* equal: the row stays */
    tuning_ratio ratio;       /* of before to after */
    int candidates, rejected;
    double seconds;
    bool complete;  /* every candidate on the way was tried */
    bool absent;    /* the device does not have it: `why` */
    bool chosen;    /* `use` was settled, by `choice` */
    double choice;  /* the others' time over this algorithm's */
    char other[32]; /* the best of the others */
    char why[256];
} tuning_result;

/* Coordinate descent from the row in force; the row that comes out of it is confirmed by a contest
 * of its own, for which there are GRACE seconds beyond the deadline. A failure is one of the device
 * or of the built-in row; a candidate's is its rejection. */
clcnn_status tuning_search_class(tuning_search *search, const tuning_clock *clock,
                                 const tuning_class *class, tuning_result *result,
                                 clcnn_error *error);
/* Settles `use` against the algorithms behind this one, with the rows that were found. */
clcnn_status tuning_choose(tuning_search *search, const tuning_clock *clock, tuning_result *result,
                           clcnn_error *error);
/* From here on this row is in force. */
clcnn_status tuning_adopt(tuning_search *search, const tuning_result *result, clcnn_error *error);

/* ---------------------------------------------------------------------------------------------
 * report.c: results as the text of a file for CLCNN_TUNE; to be freed. NULL: no memory.
 */
char *tuning_report(const clcnn_device_info *info, const tuning_result *results, int count,
                    const char *heading);
/* Whether the row has other macros than before, which are faster by `ratio`; not only another
 * `use`.
 */
bool tuning_row_faster(const tuning_result *result);
/* In the place of what `path` names, all of it or nothing. */
clcnn_status tuning_write(const char *path, const char *text, clcnn_error *error);

#endif
