/*
 * The command `clcnn`: finds the sub-command and runs it. Without any argument it trains. Also
 * here: what holds for every sub-command, which is that results that could not be written are a
 * failure, whatever else went well.
 */
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

typedef struct tool_command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
} tool_command;

static const tool_command commands[] = {
    {"train", cmd_train, "train a network; what happens when no command is given"},
    {"eval", cmd_eval, "accuracy and confusion matrix of a saved network"},
    {"predict", cmd_predict, "classes of PGM images by a saved network"},
    {"summary", cmd_summary, "layers, output sizes and parameters of a network"},
    {"gradcheck", cmd_gradcheck, "numeric against analytic gradients of a network"},
    {"import", cmd_import, "a saved network from weights that PyTorch trained"},
    {"devices", cmd_devices, "every OpenCL platform and device"},
    {"replay", cmd_replay, "recorded cases of operations, run on a device and compared"},
    {"bench", cmd_bench, "speed of operations and networks, beside the device's ceiling and peers"},
    {"tune", cmd_tune, "the best tile sizes and algorithms for a device"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_help(void)
{
    printf("Usage: clcnn [COMMAND [OPTION...] [FILE...]]\n\n"
           "Trains and runs convolutional neural networks on any OpenCL device.\n\n"
           "Commands:\n");
    for (int i = 0; i < COMMANDS; i++)
        printf("  %-9s %s\n", commands[i].name, commands[i].about);
    printf("  %-9s %s\n", "help", "this text, or a command's: clcnn help train");
    printf(
        "\n"
        "Options:\n"
        "  --help     show this help; with a command, the help of that\n"
        "  --version  print the version\n\n"
        "Results go to stdout, everything else to stderr. Exit codes: 0 done, 1 failed, 2 wrong\n"
        "usage, 130 interrupted.\n\n"
        "Examples:\n"
        "  clcnn                              train lenet5 on Fashion-MNIST, or on synthetic\n"
        "                                     digits where that is not installed\n"
        "  clcnn devices                      what is there to compute on\n"
        "  clcnn train --data synthetic --out digits.safetensors\n"
        "  clcnn eval digits.safetensors\n"
        "  clcnn predict digits.safetensors seven.pgm\n"
        "  clcnn summary lenet5\n");
}

static const tool_command *find_command(const char *name)
{
    for (int i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[COMMANDS + 2] = {0};
    for (int i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    names[COMMANDS] = "help";
    const char *nearest = tool_nearest(name, names);
    if (nearest != NULL)
        return tool_usage(NULL, "unknown command '%s'; did you mean '%s'?", name, nearest);
    return tool_usage(NULL, "unknown command '%s'", name);
}

static int run_command(int argc, char **argv)
{
    const tool_command *command = find_command(argv[0]);
    return command != NULL ? command->run(argc, argv) : unknown_command(argv[0]);
}

static int help(int argc, char **argv)
{
    if (argc > 2)
        return tool_usage(NULL, "help takes one command, not '%s' as well", argv[2]);
    if (argc == 2 && strcmp(argv[1], "help") != 0) {
        char option[] = "--help";
        char *arguments[] = {argv[1], option, NULL};
        return run_command(2, arguments);
    }
    print_help();
    return TOOL_OK;
}

static int run(int argc, char **argv)
{
    char train[] = "train";
    char *no_arguments[] = {train, NULL};
    if (argc < 2)
        return run_command(1, no_arguments);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
        return help(1, argv + 1);
    if (strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);
    if (strcmp(argv[1], "--version") == 0) {
        printf("clcnn %s\n", clcnn_version());
        return TOOL_OK;
    }
    if (argv[1][0] == '-')
        return tool_usage(NULL, "unknown option '%s'; options of a command follow its name",
                          argv[1]);
    return run_command(argc - 1, argv + 1);
}

/* A standard stream that the caller closed would lend its number to the next file that is opened,
 * and messages would end in that file. */
static void occupy_standard_streams(void)
{
    int file;
    do
        file = open("/dev/null", O_RDONLY);
    while (file >= 0 && file <= STDERR_FILENO);
    if (file >= 0)
        close(file);
}

static int close_stdout(int code)
{
    errno = 0;
    bool failed = ferror(stdout) != 0;
    failed |= fclose(stdout) != 0;
    if (!failed)
        return code;
    fprintf(stderr, "clcnn: the results could not be written to standard output%s%s\n",
            errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    return code == TOOL_OK ? TOOL_FAILED : code;
}

int main(int argc, char **argv)
{
    occupy_standard_streams();
    signal(SIGPIPE, SIG_IGN); /* a reader that went away is an error to report, not the end */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    return close_stdout(run(argc, argv));
}
