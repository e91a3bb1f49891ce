/*
 * What the files of the command `clcnn` share. Every sub-command is a function cmd_NAME in NAME.c
 * that gets its own arguments (argv[0] is its name) and returns the exit code. Results go to
 * stdout, everything else to stderr.
 */
#ifndef CLCNN_TOOL_H
#define CLCNN_TOOL_H

#include "clcnn_net.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h> /* optind, for operands after tool_parse */

/* Exit codes. A second interrupt ends the program by the signal itself. */
enum {
    TOOL_OK = 0,
    TOOL_FAILED = 1,       /* the command line was fine, what it asks for could not be done */
    TOOL_USAGE = 2,        /* an unknown command, option or value */
    TOOL_INTERRUPTED = 130 /* stopped by Ctrl-C, after saving */
};

int cmd_devices(int argc, char **argv);
int cmd_train(int argc, char **argv);
int cmd_eval(int argc, char **argv);
int cmd_predict(int argc, char **argv);
int cmd_summary(int argc, char **argv);
int cmd_gradcheck(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_bench(int argc, char **argv);
int cmd_tune(int argc, char **argv);

enum { TOOL_TEXT_SIZE = 32 };

/* ---------------------------------------------------------------------------------------------
 * options.c: one table per command describes its options, for parsing and for --help
 */
typedef enum tool_option_kind {
    TOOL_FLAG, /* bool: takes no value */
    TOOL_TEXT, /* const char *: anything */
    TOOL_INT,  /* int, from min to max */
    TOOL_SEED, /* uint64_t, from 0 */
    TOOL_RATE, /* double, finite and above 0 */
    TOOL_REAL, /* double, from min to max */
    TOOL_ON,   /* int: takes no value, becomes 1 */
    TOOL_PICK  /* int: the place of the word in `value`, "one|two|three" */
} tool_option_kind;

typedef struct tool_option {
    const char *name;  /* without dashes; NULL ends the table */
    const char *value; /* what stands for the value in the help; NULL for a flag */
    tool_option_kind kind;
    void *to; /* where the value goes; holds the default, which --help shows */
    int min, max;
    const char *help; /* lines are separated by '\n' */
    bool given;       /* set by tool_parse */
} tool_option;

typedef struct tool_doc {
    const char *name;     /* of the command: "train" */
    const char *usage;    /* what follows the name: "[OPTION...] FILE" */
    const char *about;    /* what it does, whole lines */
    const char *details;  /* after the options, whole lines; may be NULL */
    const char *examples; /* whole lines, each a command */
} tool_doc;

/* Rows of the options that several commands have alike. */
#define TOOL_DEVICE_OPTION(to_)                                                                    \
    .name = "device", .value = "SEL", .kind = TOOL_TEXT, .to = (to_),                              \
    .help = "gpu, cpu, accelerator, P:D or a part of a name, as\n"                                 \
            "'clcnn devices' shows them; the best one if left out"
#define TOOL_INPUT_OPTION(to_)                                                                     \
    .name = "input", .value = "CxHxW", .kind = TOOL_TEXT, .to = (to_),                             \
    .help = "channels, height and width of an image; the preset's own\nor 1x28x28 if left out"

/* How a network is written down, for the details of commands that take one. */
#define TOOL_NETWORKS                                                                              \
    "A network is a preset's name (lenet5, mlp, simple-cnn, vgg-mini, resnet-mini) or its\n"       \
    "layers, separated by commas. SIZE is N or HxW, X a number such as 0.5 or 1e-5:\n"             \
    "  conv COUNT SIZE [pad SIZE] [stride SIZE] [dilation SIZE] [groups N] [nobias]\n"             \
    "  dense COUNT [nobias]    flatten    dropout X\n"                                             \
    "  maxpool SIZE [pad SIZE] [stride SIZE] [dilation SIZE] [ceil]    globalmaxpool\n"            \
    "  avgpool SIZE [pad SIZE] [stride SIZE] [ceil] [count_pad]    globalavgpool\n"                \
    "  batchnorm [eps X] [momentum X] [biased]    layernorm [eps X]\n"                             \
    "  relu    leaky_relu [X]    elu [X]    sigmoid    tanh    silu    gelu    gelu_tanh\n"        \
    "  add NAME    the sum of the output before it and that of the layer called NAME\n"            \
    "Behind a layer, 'as NAME' gives it a name, 'from NAME' has it take the output of that\n"      \
    "layer instead of the one before it, and 'frozen' keeps its parameters as they are.\n"

/*
 * Takes the options out of argv; `optind` is then the first operand. Returns -1 to go on, or the
 * exit code: 0 after --help, 2 after a message about what is wrong.
 */
int tool_parse(const tool_doc *doc, tool_option *options, int argc, char **argv);
/* For commands that take options alone: an operand is refused too. */
int tool_parse_options(const tool_doc *doc, tool_option *options, int argc, char **argv);

/* "clcnn COMMAND: sentence", a hint at --help, and TOOL_USAGE. command may be NULL. */
int tool_usage(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "clcnn COMMAND: sentence" and TOOL_FAILED. */
int tool_fail(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What the library said, with its build log, and TOOL_FAILED. */
int tool_report(const char *command, const clcnn_error *error);

/* Whole text as a number in the range, or false. No sign but '-', no spaces, nothing behind. */
bool tool_int(const char *text, int min, int max, int *value);
bool tool_u64(const char *text, uint64_t *value);
bool tool_rate(const char *text, double *value);
bool tool_real(const char *text, double min, double max, double *value);
/* The place of `text` in "one|two|three". */
bool tool_pick(const char *text, const char *words, int *value);
/* The word at a place of "one|two|three". */
const char *tool_picked(char text[TOOL_TEXT_SIZE], const char *words, int value);

/* ---------------------------------------------------------------------------------------------
 * text.c: small formatting helpers; each writes to the buffer and returns it
 */
const char *tool_grouped(char text[TOOL_TEXT_SIZE], uint64_t number); /* 61,706 */
const char *tool_bytes(char text[TOOL_TEXT_SIZE], uint64_t bytes);    /* 7.6 GiB */
const char *tool_duration(char text[TOOL_TEXT_SIZE], double seconds); /* 1 min 20 s */
/* Replaces, in place, what would command a terminal instead of being shown on it, by '?': names and
 * texts from files may hold anything. Lines and tabs stay where `lines` is set. Returns text. */
char *tool_clean(char *text, bool lines);
/* printf to `to`, cleaned but for the line ends at the format's own end. For whatever prints a text
 * that is not the command's. */
void tool_print(FILE *to, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The name (of a list ended by NULL) that text is most likely a slip of; NULL if none is near. */
const char *tool_nearest(const char *text, const char *const *names);

/* ---------------------------------------------------------------------------------------------
 * results.c: what goes to stdout
 */

/* TOOL_FAILED when something printed so far did not arrive; main says so at the end. */
int tool_flush(void);

/* A number, or null where it is not finite: JSON knows no NaN. */
json_t *tool_json_real(double value);
/* Prints the object on a line of its own, flushes and releases it; NULL is a failure. */
int tool_json_line(const char *command, json_t *object);

/* ---------------------------------------------------------------------------------------------
 * open.c: what several commands open, with the messages and exit codes that go with it
 */

/* Each returns TOOL_OK, or says what is wrong and returns the exit code. */
int tool_open_device(const char *command, const char *selector, clcnn_ctx **ctx);
int tool_open_data(const char *command, const char *name, clcnn_dataset *set);
/* The data set that a saved file says it was trained on: if it is gone, that is no wrong usage. */
int tool_open_saved_data(const char *command, const char *file, const char *name,
                         clcnn_dataset *set);
/* "fashion-mnist" where it is installed, else "synthetic". */
const char *tool_default_data(void);
/* The class's name where a data set's classes have one, else "". */
const char *tool_class_name(const char *data, int label);
/* One line each that says what was taken. */
void tool_print_device(FILE *to, const clcnn_device_info *info);
void tool_print_data(FILE *to, const clcnn_dataset *set);

/* Tries whether a file could be written under the name that an option ("out") was given, without
 * touching one that is there. */
int tool_check_out(const char *command, const char *option, const char *path);

/* ---------------------------------------------------------------------------------------------
 * table.c: a network on the command line, and its layers as a table
 */

/* All layers, allocated; NULL and an error if the network is wrong or memory is short. */
clcnn_layer_info *tool_layers(const char *layers, int c, int h, int w, size_t *count,
                              clcnn_error *error);
/* The image size of a network, to *desc with its layers: `input` ("3x32x32"), or where that is NULL
 * the preset's own or MNIST's. */
int tool_choose_input(const char *command, const char *net, const char *input,
                      clcnn_net_desc *desc);
/* "3x32x32", to desc. */
int tool_take_input(const char *command, const char *text, clcnn_net_desc *desc);
void tool_print_layers(FILE *to, int c, int h, int w, const clcnn_layer_info *layers, size_t count);

#endif
