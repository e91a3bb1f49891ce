/*
 * clcnn train: trains a network epoch by epoch, tests it after each, and keeps it in a file. A run
 * that is interrupted stops after the step under way, saves, and can be resumed.
 */
#include "interrupt.h"
#include "progress.h"
#include "tool.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const command = "train";

#define OPTIMISERS "adam|adamw|sgd|rmsprop" /* by clcnn_optimiser */

typedef struct train_run {
    const char *data, *device, *out, *resume;
    clcnn_train_options options;
    int epochs;
    bool json;

    clcnn_checkpoint_info saved; /* with resume: what the file says */
    clcnn_ctx *ctx;
    clcnn_dataset set;
    clcnn_trainer *trainer;
    progress_bar bar;
} train_run;

/* -- Setting up ----------------------------------------------------------------------------------
 */

/* Whether two descriptions of a network mean the same layers. */
static bool same_layers(const char *a, const clcnn_checkpoint_info *saved)
{
    clcnn_error error = {0};
    size_t a_count = 0, b_count = 0;
    clcnn_layer_info *a_rows = tool_layers(a, saved->c, saved->h, saved->w, &a_count, &error);
    clcnn_layer_info *b_rows =
        tool_layers(saved->layers, saved->c, saved->h, saved->w, &b_count, &error);
    bool same = a_rows != NULL && b_rows != NULL && a_count == b_count;
    for (size_t i = 0; same && i < a_count; i++)
        same = strcmp(a_rows[i].text, b_rows[i].text) == 0;
    free(a_rows);
    free(b_rows);
    return same;
}

static bool was_given(const tool_option *options, const char *name)
{
    while (options->name != NULL && strcmp(options->name, name) != 0)
        options++;
    return options->name != NULL && options->given;
}

static const char advice[] = "leave the option out, or start afresh";

static void print_setting(char text[TOOL_TEXT_SIZE], const tool_option *option, const void *at)
{
    if (option->kind == TOOL_PICK)
        tool_picked(text, option->value, *(const int *)at);
    else if (option->kind == TOOL_ON)
        snprintf(text, TOOL_TEXT_SIZE, "%s", *(const int *)at ? "it" : "it not");
    else if (option->kind == TOOL_INT)
        snprintf(text, TOOL_TEXT_SIZE, "%d", *(const int *)at);
    else if (option->kind == TOOL_SEED)
        snprintf(text, TOOL_TEXT_SIZE, "%llu", (unsigned long long)*(const uint64_t *)at);
    else
        snprintf(text, TOOL_TEXT_SIZE, "%.9g", *(const double *)at);
}

/* An option that writes a setting of the training, but for the network's text, must say what the
 * file says. */
static int check_setting(const train_run *run, const tool_option *option)
{
    const char *first = (const char *)&run->options, *to = option->to;
    if (!option->given || to < first || to >= first + sizeof run->options ||
        option->kind == TOOL_TEXT)
        return TOOL_OK;
    const void *saved = (const char *)&run->saved.options + (to - first);
    char wanted[TOOL_TEXT_SIZE], has[TOOL_TEXT_SIZE];
    print_setting(wanted, option, to);
    print_setting(has, option, saved);
    const size_t size =
        option->kind == TOOL_INT || option->kind == TOOL_ON || option->kind == TOOL_PICK
            ? sizeof(int)
            : sizeof(double);
    if (memcmp(to, saved, size) == 0)
        return TOOL_OK;
    return tool_usage(command, "--%s%s%s contradicts %s, which has %s; %s", option->name,
                      option->kind == TOOL_ON ? "" : " ", option->kind == TOOL_ON ? "" : wanted,
                      run->resume, has, advice);
}

/* A resumed run goes on with the file's settings; options that say otherwise are refused. */
static int take_saved_settings(train_run *run, const tool_option *options)
{
    clcnn_error error = {0};
    if (clcnn_checkpoint_read_info(run->resume, &run->saved, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    const clcnn_checkpoint_info *saved = &run->saved;
    const clcnn_train_options *wanted = &run->options;
    if (was_given(options, "weights"))
        return tool_usage(command,
                          "--weights %s begins a training, and --resume %s goes on with "
                          "one; leave one of them out",
                          wanted->weights, run->resume);
    if (was_given(options, "net") && !same_layers(wanted->layers, saved))
        return tool_usage(command, "--net '%s' contradicts %s, whose network is '%s'; %s",
                          wanted->layers, run->resume, saved->layers, advice);
    for (; options->name != NULL; options++) {
        int code = check_setting(run, options);
        if (code != TOOL_OK)
            return code;
    }
    return TOOL_OK;
}

/* An option that another setting leaves without effect is a slip. */
static int check_company(const train_run *run, const tool_option *options)
{
    const clcnn_train_options *o = &run->options;
    const struct {
        const char *name;
        bool ok;
        const char *needs;
    } rows[] = {
        {"momentum", o->optimiser == CLCNN_SGD, "--optimiser sgd"},
        {"nesterov", o->optimiser == CLCNN_SGD && o->momentum > 0,
         "--optimiser sgd with a --momentum"},
        {"schedule-epochs", o->schedule != CLCNN_SCHEDULE_CONSTANT, "--schedule step or cosine"},
        {"gamma", o->schedule == CLCNN_SCHEDULE_STEP, "--schedule step"},
        {"min-lr", o->schedule == CLCNN_SCHEDULE_COSINE, "--schedule cosine"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!rows[i].ok && was_given(options, rows[i].name))
            return tool_usage(command, "--%s is of use for %s alone", rows[i].name, rows[i].needs);
    if (o->schedule == CLCNN_SCHEDULE_COSINE && o->min_lr > o->lr)
        return tool_usage(command, "--min-lr %g is above --lr %g", o->min_lr, o->lr);
    return TOOL_OK;
}

static int choose_data(train_run *run)
{
    if (run->data == NULL && run->resume != NULL)
        return tool_open_saved_data(command, run->resume, run->saved.data, &run->set);
    if (run->data == NULL) {
        run->data = tool_default_data();
        if (strcmp(run->data, "synthetic") == 0)
            fprintf(stderr, "fashion-mnist is not installed (Debian: apt install "
                            "dataset-fashion-mnist), so the digits are synthetic\n");
    }
    return tool_open_data(command, run->data, &run->set);
}

static int check_shift(const train_run *run)
{
    const clcnn_images *images = &run->set.train;
    int most = (images->h < images->w ? images->h : images->w) - 1;
    if (run->resume != NULL || run->options.shift <= most)
        return TOOL_OK;
    return tool_usage(command, "--shift %d: images of %dx%d can be moved by %d at most",
                      run->options.shift, images->h, images->w, most);
}

/* The layers of the network to be trained; NULL after a message. */
static clcnn_layer_info *check_network(const train_run *run, const char *layers, size_t *count,
                                       int *code)
{
    const clcnn_images *images = &run->set.train;
    clcnn_error error = {0};
    clcnn_layer_info *rows = tool_layers(layers, images->c, images->h, images->w, count, &error);
    if (rows == NULL) {
        *code = error.status == CLCNN_INVALID_ARGUMENT
                    ? tool_usage(command, "--net: %s", error.message)
                    : tool_report(command, &error);
        return NULL;
    }
    const clcnn_layer_info *last = &rows[*count - 1];
    if (run->resume == NULL && (long)last->c * last->h * last->w < images->classes) {
        *code = tool_usage(command, "--net: '%s' ends in %dx%dx%d outputs, but %s has %d classes",
                           layers, last->c, last->h, last->w, run->set.name, images->classes);
        free(rows);
        return NULL;
    }
    return rows;
}

/* Shows what will be trained. A network that is wrong is noticed here, before the device works. */
static int show_network(const train_run *run)
{
    const clcnn_images *images = &run->set.train;
    const char *layers = run->resume != NULL ? run->saved.layers : run->options.layers;
    size_t count = 0;
    int code = TOOL_OK;
    clcnn_layer_info *rows = check_network(run, layers, &count, &code);
    if (rows == NULL)
        return code;
    tool_print_device(stderr, clcnn_ctx_device_info(run->ctx));
    tool_print_data(stderr, &run->set);
    tool_print(stderr, "network  %s\n\n", layers);
    tool_print_layers(stderr, images->c, images->h, images->w, rows, count);
    fputc('\n', stderr);
    free(rows);
    return TOOL_OK;
}

/* The settings in force, those left out that do nothing. */
static void print_training(const clcnn_train_options *o, uint64_t memory)
{
    char text[TOOL_TEXT_SIZE];
    fprintf(stderr, "training batch %d, %s", o->batch,
            tool_picked(text, OPTIMISERS, (int)o->optimiser));
    if (o->optimiser == CLCNN_SGD && o->momentum > 0)
        fprintf(stderr, " with %smomentum %g", o->nesterov ? "Nesterov's " : "", o->momentum);
    fprintf(stderr, ", learning rate %g", o->lr);
    if (o->schedule == CLCNN_SCHEDULE_COSINE)
        fprintf(stderr, " along a cosine to %g in epoch %d", o->min_lr, o->schedule_epochs);
    if (o->schedule == CLCNN_SCHEDULE_STEP)
        fprintf(stderr, " times %g every %d epochs", o->gamma, o->schedule_epochs);
    const struct {
        const char *words;
        double value;
    } rows[] = {{"epochs of warm-up", o->warmup},
                {"weight decay", o->weight_decay},
                {"largest norm", o->max_norm},
                {"label smoothing", o->label_smoothing}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].value > 0)
            fprintf(stderr, ", %s %g", rows[i].words, rows[i].value);
    fprintf(stderr, ", seed %llu, ", (unsigned long long)o->seed);
    if (o->shift > 0)
        fprintf(stderr, "shifts up to %d, ", o->shift);
    fprintf(stderr, "%s%s on the device\n", o->flip ? "flips, " : "", tool_bytes(text, memory));
}

static int make_trainer(train_run *run)
{
    clcnn_error error = {0};
    clcnn_status status =
        run->resume != NULL
            ? clcnn_trainer_resume(run->ctx, run->resume, &run->set, &run->trainer, &error)
            : clcnn_trainer_create(run->ctx, &run->options, &run->set, &run->trainer, &error);
    if (status != CLCNN_SUCCESS)
        return tool_report(command, &error);
    const clcnn_train_options *options = clcnn_trainer_options(run->trainer);
    print_training(options, clcnn_net_memory(clcnn_trainer_net(run->trainer)));
    const clcnn_checkpoint_info *saved = &run->saved;
    if (run->resume != NULL && saved->step > 0)
        tool_print(stderr, "resuming %s in epoch %d after step %d\n", run->resume,
                   saved->epochs_done + 1, saved->step);
    else if (run->resume != NULL)
        tool_print(stderr, "resuming %s after epoch %d\n", run->resume, saved->epochs_done);
    fputc('\n', stderr);
    return TOOL_OK;
}

static int set_up(train_run *run, const tool_option *options)
{
    int code = run->out != NULL ? tool_check_out(command, "out", run->out) : TOOL_OK;
    if (code == TOOL_OK)
        code =
            run->resume != NULL ? take_saved_settings(run, options) : check_company(run, options);
    if (code == TOOL_OK)
        code = tool_open_device(command, run->device, &run->ctx);
    if (code == TOOL_OK)
        code = choose_data(run);
    if (code == TOOL_OK)
        code = check_shift(run);
    if (code == TOOL_OK)
        code = show_network(run);
    if (code == TOOL_OK && interrupt_came()) {
        fprintf(stderr, "interrupted before the first step: there is nothing to save\n");
        return TOOL_INTERRUPTED;
    }
    return code == TOOL_OK ? make_trainer(run) : code;
}

static void tear_down(train_run *run)
{
    clcnn_trainer_destroy(run->trainer);
    clcnn_dataset_free(&run->set);
    clcnn_ctx_destroy(run->ctx);
    clcnn_checkpoint_info_free(&run->saved);
}

/* -- Training ------------------------------------------------------------------------------------
 */

static int on_step(const clcnn_progress *now, void *user)
{
    progress_draw(&((train_run *)user)->bar, now);
    return interrupt_came();
}

static int save(const train_run *run)
{
    clcnn_error error = {0};
    if (run->out == NULL || clcnn_trainer_save(run->trainer, run->out, &error) == CLCNN_SUCCESS)
        return TOOL_OK;
    return tool_report(command, &error);
}

static int stop(const train_run *run, const clcnn_progress *now)
{
    fprintf(stderr, "interrupted in epoch %d after step %d of %d\n", now->epoch, now->step,
            now->steps);
    int code = save(run);
    if (code != TOOL_OK)
        return code;
    if (run->out != NULL)
        tool_print(stderr, "saved to %s; clcnn train --resume %s goes on from there\n", run->out,
                   run->out);
    else
        fprintf(stderr, "not saved: no --out was given\n");
    return TOOL_INTERRUPTED;
}

static int evaluate(train_run *run, double *accuracy)
{
    clcnn_error error = {0};
    if (clcnn_trainer_evaluate(run->trainer, &run->set.test, accuracy, NULL, &error) !=
        CLCNN_SUCCESS)
        return tool_report(command, &error);
    return TOOL_OK;
}

static int print_epoch(const train_run *run, const clcnn_progress *now, double accuracy)
{
    if (run->json)
        return tool_json_line(
            command, json_pack("{s:i, s:o, s:o, s:o, s:o}", "epoch", now->epoch, "train_loss",
                               tool_json_real(now->loss), "test_accuracy", tool_json_real(accuracy),
                               "images_per_second", tool_json_real(now->images_per_second),
                               "seconds", tool_json_real(now->seconds)));
    char rate[TOOL_TEXT_SIZE];
    int width = snprintf(NULL, 0, "%d", run->epochs);
    printf("epoch %*d/%d   train loss %.4f   test accuracy %.4f   %7s images/s   %5.1f s\n", width,
           now->epoch, run->epochs, now->loss, accuracy,
           tool_grouped(rate, (uint64_t)now->images_per_second), now->seconds);
    return tool_flush();
}

static int train_epoch(train_run *run, double *accuracy)
{
    clcnn_error error = {0};
    clcnn_progress result = {0};
    int stopped = 0;
    clcnn_status status =
        clcnn_trainer_epoch(run->trainer, on_step, run, &result, &stopped, &error);
    progress_clear(&run->bar);
    if (status != CLCNN_SUCCESS)
        return tool_report(command, &error);
    if (stopped)
        return stop(run, &result);
    if (!isfinite(result.loss))
        return tool_fail(command,
                         "the loss of epoch %d is not a finite number; a learning rate below %g "
                         "may help",
                         result.epoch, clcnn_trainer_options(run->trainer)->lr);
    /* Kept before it is announced: who reads the line along may rely on the file. Where it can't be
     * kept, the line is all that is left of the epoch. */
    const int saved = save(run);
    int code = evaluate(run, accuracy);
    if (code == TOOL_OK)
        code = print_epoch(run, &result, *accuracy);
    if (saved != TOOL_OK)
        return saved;
    return code == TOOL_OK && interrupt_came() ? stop(run, &result) : code;
}

/* A resumed run that has nothing left to do still tells what the network is worth. */
static int already_trained(train_run *run, double *accuracy)
{
    clcnn_progress now = {.epoch = clcnn_trainer_epochs_done(run->trainer),
                          .loss = NAN,
                          .images_per_second = NAN,
                          .seconds = NAN};
    tool_print(stderr, "%s has done %d of %d epochs: nothing is left to train\n", run->resume,
               now.epoch, run->epochs);
    int code = evaluate(run, accuracy);
    if (code == TOOL_OK)
        code = save(run);
    if (code == TOOL_OK && run->json)
        code = print_epoch(run, &now, *accuracy);
    return code;
}

static int train(train_run *run)
{
    double accuracy = NAN;
    int code = TOOL_OK;
    progress_start(&run->bar, run->epochs, clcnn_trainer_options(run->trainer)->batch);
    if (clcnn_trainer_epochs_done(run->trainer) >= run->epochs)
        code = already_trained(run, &accuracy);
    while (code == TOOL_OK && clcnn_trainer_epochs_done(run->trainer) < run->epochs)
        code = train_epoch(run, &accuracy);
    if (code != TOOL_OK)
        return code;
    if (run->out != NULL)
        tool_print(stderr, "saved to %s\n", run->out);
    if (!run->json)
        printf("test accuracy %.4f\n", accuracy);
    return TOOL_OK;
}

static const tool_doc doc = {
    .name = "train",
    .usage = "[OPTION...]",
    .about = "Trains a network on labelled images, tests it after each epoch and prints its\n"
             "accuracy. Without options: lenet5 on Fashion-MNIST where that is installed, else\n"
             "on synthetic digits.\n",
    .details = TOOL_NETWORKS
    "The last layer has an output for each class, or more.\n"
    "\n"
    "Results go to stdout: a line per epoch, and 'test accuracy 0.xxxx' as the last one.\n"
    "Device, layers and progress go to stderr. With --json, stdout has one object a line\n"
    "per epoch: epoch, train_loss, test_accuracy, images_per_second (of training alone)\n"
    "and seconds.\n"
    "\n"
    "Ctrl-C finishes the step under way, saves to --out and exits with 130; a second one\n"
    "ends at once. Other exit codes: 0 done, 1 failed, 2 wrong usage.\n",
    .examples = "  clcnn train\n"
                "  clcnn train --data synthetic --epochs 2 --out digits.safetensors\n"
                "  clcnn train --resume digits.safetensors --epochs 4 --out digits.safetensors\n"
                "  clcnn train --data ~/cifar10 --shift 4 --flip\n"
                "  clcnn train --net 'conv 8 3x3, relu, maxpool 2, dense 10' --device gpu\n",
};

/* What the command line can set; `rows` has room for ROWS. */
enum { ROWS = 28 };
static void list_options(train_run *run, tool_option rows[ROWS])
{
    clcnn_train_options *o = &run->options;
    const tool_option all[] = {
        {"data", "NAME|DIR", TOOL_TEXT, &run->data, 0, 0,
         "fashion-mnist, synthetic, or a folder with the files of\nMNIST (IDX) or CIFAR-10 "
         "(binary), gzip or plain",
         false},
        {"net", "NAME|LAYERS", TOOL_TEXT, &o->layers, 0, 0, "a preset or a list of layers", false},
        {"epochs", "N", TOOL_INT, &run->epochs, 1, 1000000, "how many in total", false},
        {"batch", "N", TOOL_INT, &o->batch, 1, 1000000, "images per step", false},
        {"lr", "X", TOOL_RATE, &o->lr, 0, 0, "learning rate", false},
        {"seed", "N", TOOL_SEED, &o->seed, 0, 0,
         "of the first weights, the order of the images, shifts and\nflips, dropout", false},
        {"optimiser", OPTIMISERS, TOOL_PICK, &o->optimiser, 0, 0, "how gradients change weights",
         false},
        {"momentum", "X", TOOL_REAL, &o->momentum, 0, 1, "of sgd", false},
        {"nesterov", NULL, TOOL_ON, &o->nesterov, 0, 0, "Nesterov's momentum, for sgd", false},
        {"weight-decay", "X", TOOL_REAL, &o->weight_decay, 0, 1000,
         "of the weights of conv and dense layers: L2\nregularisation, but for adamw", false},
        {"clip-norm", "X", TOOL_REAL, &o->max_norm, 0, 1000000,
         "largest norm of a step's gradient; 0: any", false},
        {"label-smoothing", "X", TOOL_REAL, &o->label_smoothing, 0, 1,
         "share of the target that all classes have in common", false},
        {"schedule", "constant|step|cosine", TOOL_PICK, &o->schedule, 0, 0,
         "how the learning rate goes on", false},
        {"warmup", "X", TOOL_REAL, &o->warmup, 0, 1000000,
         "epochs in which the learning rate grows to --lr", false},
        {"schedule-epochs", "N", TOOL_INT, &o->schedule_epochs, 1, 1000000,
         "cosine: where --min-lr is reached; step: from fall to\nfall; all --epochs if left out",
         false},
        {"gamma", "X", TOOL_REAL, &o->gamma, 0, 1, "step: each fall multiplies the rate by this",
         false},
        {"min-lr", "X", TOOL_REAL, &o->min_lr, 0, 1000000, "cosine: the last learning rate", false},
        {"init", "default|he|glorot", TOOL_PICK, &o->init, 0, 0, "how first weights are drawn",
         false},
        {"weights", "FILE", TOOL_TEXT, &o->weights, 0, 0,
         "first values from this saved network, where it has\ntensors of the same name and shape",
         false},
        {"shift", "N", TOOL_INT, &o->shift, 0, 1000000,
         "move each training image at random by up to N pixels in\neach direction, over black",
         false},
        {"flip", NULL, TOOL_ON, &o->flip, 0, 0,
         "mirror each training image left to right at random", false},
        {TOOL_DEVICE_OPTION(&run->device)},
        {"out", "FILE", TOOL_TEXT, &run->out, 0, 0,
         "keep the network here, written after every epoch", false},
        {"resume", "FILE", TOOL_TEXT, &run->resume, 0, 0,
         "go on where this file stands, up to --epochs in total", false},
        {"json", NULL, TOOL_FLAG, &run->json, 0, 0, "one JSON object a line per epoch", false},
        {.name = NULL},
    };
    _Static_assert(sizeof all <= ROWS * sizeof *all, "room for all options");
    memcpy(rows, all, sizeof all);
}

int cmd_train(int argc, char **argv)
{
    train_run run = {
        .options = {.layers = "lenet5",
                    .batch = CLCNN_DEFAULT_BATCH,
                    .lr = CLCNN_DEFAULT_LR,
                    .seed = 1,
                    .gamma = 0.1},
        .epochs = CLCNN_DEFAULT_EPOCHS,
    };
    tool_option options[ROWS];
    list_options(&run, options);
    int code = tool_parse_options(&doc, options, argc, argv);
    if (code >= 0)
        return code;
    /* A constant rate has no length: files of runs of different lengths must not differ by it. */
    if (run.options.schedule != CLCNN_SCHEDULE_CONSTANT && !was_given(options, "schedule-epochs"))
        run.options.schedule_epochs = run.epochs;
    int error = interrupt_catch();
    if (error != 0)
        return tool_fail(command, "Ctrl-C can't be caught: %s", strerror(error));
    code = set_up(&run, options);
    if (code == TOOL_OK)
        code = train(&run);
    tear_down(&run);
    return code;
}
