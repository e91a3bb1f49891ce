/*
 * Checkpoints: a run that was stopped and resumed ends with the same bytes as one that never was,
 * wherever it was stopped; a model made from the file predicts what the trainer did; and a table of
 * damaged files, each with its own sentence, after which everything is as it was.
 */
#include "clcnn_net.h"
#include "harness.h"
#include "safetensors.h"
#include "scratch.h"
#include "smallset.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IMAGES = 22, BATCH = 4, STEPS = 6 }; /* the last step takes two images */

static clcnn_train_options options = {
    .layers = SMALL_NET, .batch = BATCH, .lr = 0.01, .seed = UINT64_C(12345678901234567890)};

/* Every kind of tensor, and state beside the optimiser's: statistics, dropout's masks. */
#define NORMED_NET                                                                                 \
    "conv 4 3x3 pad 1 nobias, batchnorm as a, relu, conv 4 1x1 frozen, dropout 0.25, add a, "      \
    "maxpool 2, dense 8, layernorm, dropout 0.5, relu, dense 3"

static clcnn_trainer *create(int device, const clcnn_dataset *set)
{
    clcnn_trainer *trainer = NULL;
    clcnn_error error = {.message = ""};
    CHECK(clcnn_trainer_create(harness_ctx(device), &options, set, &trainer, &error) ==
              CLCNN_SUCCESS,
          "%s: %s\n%s", harness_device_name(device), error.message, error.build_log);
    return trainer;
}

static clcnn_trainer *resume(int device, const char *name, const clcnn_dataset *set)
{
    clcnn_trainer *trainer = NULL;
    clcnn_error error = {.message = ""};
    CHECK(clcnn_trainer_resume(harness_ctx(device), scratch_path(name), set, &trainer, &error) ==
              CLCNN_SUCCESS,
          "%s: %s", harness_device_name(device), error.message);
    return trainer;
}

static int stop_at(const clcnn_progress *progress, void *user)
{
    return progress->step == *(const int *)user;
}

/* Trains up to a step of the current epoch; STEPS: to its end. The epoch's summary. */
static clcnn_progress train_to(clcnn_trainer *trainer, int step)
{
    clcnn_progress result = {0};
    clcnn_error error = {.message = ""};
    CHECK(clcnn_trainer_epoch(trainer, stop_at, &step, &result, NULL, &error) == CLCNN_SUCCESS,
          "%s", error.message);
    return result;
}

static void save(clcnn_trainer *trainer, const char *name)
{
    clcnn_error error = {.message = ""};
    CHECK(clcnn_trainer_save(trainer, scratch_path(name), &error) == CLCNN_SUCCESS, "%s",
          error.message);
}

/* ---- Resuming ------------------------------------------------------------------------------- */

/* Two epochs in one go; *loss is the last epoch's. */
static void make_unbroken(int device, const clcnn_dataset *set, double *loss)
{
    clcnn_trainer *trainer = create(device, set);
    if (!trainer)
        return;
    train_to(trainer, STEPS);
    *loss = train_to(trainer, STEPS).loss;
    save(trainer, "unbroken");
    clcnn_trainer_destroy(trainer);
}

/* Whether what a resumed trainer has is what the options say. */
static bool same_options(const clcnn_train_options *own)
{
    return own->optimiser == options.optimiser && own->momentum == options.momentum &&
           own->nesterov == options.nesterov && own->weight_decay == options.weight_decay &&
           own->max_norm == options.max_norm && own->label_smoothing == options.label_smoothing &&
           own->schedule == options.schedule && own->warmup == options.warmup &&
           own->schedule_epochs == options.schedule_epochs && own->gamma == options.gamma &&
           own->min_lr == options.min_lr && own->init == options.init;
}

/* Stops at a step of the first or second epoch, saves, and goes on in another trainer. */
static void run_broken(int device, const clcnn_dataset *set, int epoch, int step, double loss)
{
    size_t size;
    clcnn_progress last = {0};
    clcnn_trainer *trainer = create(device, set);
    if (!trainer)
        return;
    for (int e = 1; e < epoch; ++e)
        train_to(trainer, STEPS);
    if (step > 0)
        train_to(trainer, step);
    save(trainer, "broken");
    clcnn_trainer_destroy(trainer);

    trainer = resume(device, "broken", set);
    if (!trainer)
        return;
    const clcnn_train_options *own = clcnn_trainer_options(trainer);
    CHECK(own->batch == BATCH && own->lr == options.lr && own->seed == options.seed &&
              own->shift == options.shift && own->flip == options.flip &&
              strcmp(own->layers, options.layers) == 0 && same_options(own),
          "options: batch %d, lr %g, shift %d, flip %d, net %s", own->batch, own->lr, own->shift,
          own->flip, own->layers);
    int done = step == STEPS ? epoch : epoch - 1;
    CHECK(clcnn_trainer_epochs_done(trainer) == done, "%d epochs done",
          clcnn_trainer_epochs_done(trainer));
    save(trainer, "again"); /* saving what was just read changes nothing */
    unsigned char *broken = scratch_read("broken", &size);
    CHECK(broken && scratch_equals("again", broken, size), "saved again: the file differs");
    free(broken);
    while (clcnn_trainer_epochs_done(trainer) < 2)
        last = train_to(trainer, STEPS);
    save(trainer, "broken");
    clcnn_trainer_destroy(trainer);

    unsigned char *unbroken = scratch_read("unbroken", &size);
    CHECK(unbroken && scratch_equals("broken", unbroken, size),
          "%s: stopped in epoch %d at step %d: the file differs", harness_device_name(device),
          epoch, step);
    CHECK(last.epoch == 0 || last.loss == loss, "loss %.17g, not %.17g", last.loss, loss);
    free(unbroken);
}

static void test_resume(void)
{
    static const struct {
        int epoch, step;
    } stops[] = {{1, 0}, {1, 1}, {1, 5}, {1, STEPS}, {2, 3}, {2, STEPS}};
    clcnn_dataset set;
    smallset_create(IMAGES, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        double loss = 0;
        make_unbroken(device, &set, &loss);
        CHECK(isfinite(loss) && loss > 0, "loss %g", loss);
        for (size_t i = 0; i < sizeof stops / sizeof *stops; ++i)
            if (!harness_short() || i == 4) /* wherever it stops, the kernels are the same */
                run_broken(device, &set, stops[i].epoch, stops[i].step, loss);
    }
    clcnn_dataset_free(&set);
}

/* The same where images are moved and mirrored, in the middle of either epoch. */
static void test_resume_augmented(void)
{
    const clcnn_train_options plain = options;
    clcnn_dataset set;
    if (harness_short()) /* the host moves them: the kernels are those of test_resume */
        return;
    smallset_create(IMAGES, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        double still = 0, moved = 0, mirrored = 0;
        make_unbroken(device, &set, &still);
        options.flip = 1;
        make_unbroken(device, &set, &mirrored);
        options.shift = 2;
        make_unbroken(device, &set, &moved);
        CHECK(still != mirrored && mirrored != moved && moved != still, "losses %g, %g, %g", still,
              mirrored, moved);
        run_broken(device, &set, 1, 2, moved);
        run_broken(device, &set, 2, 3, moved);
        options = plain;
    }
    clcnn_dataset_free(&set);
}

/* Whatever the next steps depend on is in the file. */
static const clcnn_train_options rich[] = {
    {.layers = NORMED_NET, .optimiser = CLCNN_ADAM, .weight_decay = 0.01},
    {.layers = NORMED_NET,
     .optimiser = CLCNN_SGD,
     .momentum = 0.9,
     .nesterov = 1,
     .max_norm = 0.5,
     .schedule = CLCNN_SCHEDULE_COSINE,
     .warmup = 0.5,
     .schedule_epochs = 2,
     .min_lr = 0.001,
     .shift = 1,
     .flip = 1},
    {.layers = NORMED_NET,
     .optimiser = CLCNN_RMSPROP,
     .schedule = CLCNN_SCHEDULE_STEP,
     .schedule_epochs = 1,
     .gamma = 0.1,
     .label_smoothing = 0.1,
     .init = CLCNN_INIT_HE},
    {.layers = NORMED_NET,
     .optimiser = CLCNN_ADAMW,
     .weight_decay = 0.1,
     .max_norm = 0x1.8p127, /* all that a float holds can be read back */
     .label_smoothing = 1,
     .schedule = CLCNN_SCHEDULE_COSINE,
     .schedule_epochs = 1,
     .warmup = 1.25,
     .init = CLCNN_INIT_GLOROT},
    {.layers = NORMED_NET, .optimiser = CLCNN_SGD, .warmup = 0.75},
};
enum { RICH = sizeof rich / sizeof *rich };

static void use_rich(size_t i)
{
    options = rich[i];
    options.batch = BATCH;
    options.lr = 0.01;
    options.seed = 7 + i;
}

static void test_resume_rich(void)
{
    const clcnn_train_options plain = options;
    clcnn_dataset set;
    smallset_create(IMAGES, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device)
        for (size_t i = 0; i < RICH; ++i) {
            double loss = 0;
            if (harness_short() && i != 1)
                continue;
            use_rich(i);
            make_unbroken(device, &set, &loss);
            CHECK(isfinite(loss) && loss > 0, "options %zu: loss %g", i, loss);
            run_broken(device, &set, 2, 3, loss);
            if (harness_short())
                continue;
            run_broken(device, &set, 1, 2, loss);
            run_broken(device, &set, 1, STEPS, loss);
        }
    options = plain;
    clcnn_dataset_free(&set);
}

/* The seed decides everything, and every option something. */
static void test_same_seed_same_file(void)
{
    const clcnn_train_options plain = options;
    clcnn_dataset set;
    if (harness_short()) /* a simulator goes through its work-items in one order */
        return;
    smallset_create(IMAGES, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        double first = 0, again = 0, other = 0;
        size_t size = 0;
        use_rich(1);
        make_unbroken(device, &set, &first);
        unsigned char *file = scratch_read("unbroken", &size);
        make_unbroken(device, &set, &again);
        CHECK(file && scratch_equals("unbroken", file, size) && first == again,
              "%s: two runs of one seed differ", harness_device_name(device));
        ++options.seed;
        make_unbroken(device, &set, &other);
        CHECK(other != first, "%s: runs of two seeds do not differ", harness_device_name(device));
        free(file);
    }
    options = plain;
    clcnn_dataset_free(&set);
}

/* What the file says, in full. */
static void test_contents(void)
{
    static const struct {
        const char *name;
        int rank;
        size_t shape[4];
    } tensors[] = {{"0.weight", 4, {4, 1, 3, 3}}, {"0.bias", 1, {4}},
                   {"3.weight", 2, {8, 24}},      {"3.bias", 1, {8}},
                   {"5.weight", 2, {3, 8}},       {"5.bias", 1, {3}}};
    clcnn_dataset set;
    smallset_create(IMAGES, 1, &set);
    clcnn_trainer *trainer = harness_device_count() > 0 ? create(0, &set) : NULL;
    if (!trainer)
        return;
    train_to(trainer, STEPS);
    train_to(trainer, 2);
    save(trainer, "file");

    clcnn_checkpoint_info info;
    clcnn_error error = {.message = ""};
    if (CHECK(!clcnn_checkpoint_read_info(scratch_path("file"), &info, &error), "%s",
              error.message)) {
        CHECK(strcmp(info.layers, SMALL_NET) == 0 && info.c == 1 && info.h == 6 && info.w == 5 &&
                  info.classes == 3 && info.options.batch == BATCH && info.options.lr == 0.01 &&
                  info.options.seed == options.seed && info.epochs_done == 1 && info.step == 2 &&
                  info.steps_total == STEPS + 2 && strcmp(info.data, "small") == 0 &&
                  info.train_count == IMAGES && info.test_count == IMAGES / 3,
              "net %s, epochs %d, step %d, data %s", info.layers, info.epochs_done, info.step,
              info.data);
        double sum = 0, squares = 0;
        size_t pixels = IMAGES * SMALL_H * SMALL_W;
        for (size_t i = 0; i < pixels; ++i) {
            sum += set.train.pixels[i];
            squares += (double)set.train.pixels[i] * set.train.pixels[i];
        }
        double mean = sum / (double)pixels,
               deviation = sqrt(squares / (double)pixels - mean * mean);
        CHECK(fabs(info.mean * 255 - mean) < 1e-12 * mean &&
                  fabs(info.deviation * 255 - deviation) < 1e-12 * deviation,
              "mean %g, deviation %g", info.mean, info.deviation);
        clcnn_checkpoint_info_free(&info);
        CHECK(info.layers == NULL, "freed");
    }
    clcnn_checkpoint_info_free(NULL);

    clcnn__safetensors *file = NULL;
    CHECK(!clcnn__safetensors_open(scratch_path("file"), &file, &error), "%s", error.message);
    CHECK(clcnn__safetensors_count(file) == 18, "%zu tensors", clcnn__safetensors_count(file));
    static const char *const prefixes[3] = {"", "adam.m.", "adam.v."};
    for (size_t i = 0; file && i < 18; ++i) {
        const clcnn__safetensors_tensor *tensor = clcnn__safetensors_at(file, i);
        char name[64];
        snprintf(name, sizeof name, "%s%s", prefixes[i / 6], tensors[i % 6].name);
        CHECK(strcmp(tensor->name, name) == 0 && tensor->rank == tensors[i % 6].rank &&
                  memcmp(tensor->shape, tensors[i % 6].shape,
                         (size_t)tensor->rank * sizeof *tensor->shape) == 0,
              "tensor %zu is %s, not %s", i, tensor->name, name);
    }
    clcnn__safetensors_close(file);
    clcnn_trainer_destroy(trainer);
    clcnn_dataset_free(&set);
}

/* The tensors of each optimiser: no state of statistics, and no arrays that it doesn't keep. */
static void test_tensors(void)
{
    static const char *const values[] = {
        "0.weight", "1.weight", "1.bias",   "1.running_mean", "1.running_var", "3.weight", "3.bias",
        "7.weight", "7.bias",   "8.weight", "8.bias",         "11.weight",     "11.bias"};
    static const char *const prefixes[RICH][2] = {{"adam.m.", "adam.v."},
                                                  {"sgd.velocity.", NULL},
                                                  {"rmsprop.square_avg.", NULL},
                                                  {"adam.m.", "adam.v."},
                                                  {"sgd.velocity.", NULL}};
    const clcnn_train_options plain = options;
    clcnn_dataset set;
    smallset_create(IMAGES, 1, &set);
    for (size_t i = 0; i < RICH && harness_device_count() > 0; ++i) {
        if (harness_short() && i != 2)
            continue; /* a file is written by the host */
        use_rich(i);
        clcnn_trainer *trainer = create(0, &set);
        clcnn__safetensors *file = NULL;
        clcnn_error error = {.message = ""};
        save(trainer, "file");
        clcnn_trainer_destroy(trainer);
        CHECK(!clcnn__safetensors_open(scratch_path("file"), &file, &error), "%s", error.message);
        size_t at = 0;
        for (int array = 0; array < 3; ++array) {
            const char *prefix = array ? prefixes[i][array - 1] : "";
            for (size_t t = 0; prefix && t < sizeof values / sizeof *values; ++t) {
                if (array && strstr(values[t], "running"))
                    continue;
                char name[64];
                snprintf(name, sizeof name, "%s%s", prefix, values[t]);
                const bool there = at < clcnn__safetensors_count(file);
                CHECK(there && strcmp(clcnn__safetensors_at(file, at)->name, name) == 0,
                      "options %zu: tensor %zu is %s, not %s", i, at,
                      there ? clcnn__safetensors_at(file, at)->name : "not there", name);
                ++at;
            }
        }
        CHECK(clcnn__safetensors_count(file) == at, "options %zu: %zu tensors, not %zu", i,
              clcnn__safetensors_count(file), at);
        clcnn__safetensors_close(file);
    }
    options = plain;
    clcnn_dataset_free(&set);
}

/* A model predicts what the trainer would have. */
static void test_model(void)
{
    clcnn_dataset set;
    smallset_create(harness_short() ? IMAGES : 100, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_ctx *ctx = harness_ctx(device);
        clcnn_trainer *trainer = create(device, &set);
        clcnn_model *model = NULL;
        clcnn_error error = {.message = ""};
        if (!trainer)
            continue;
        train_to(trainer, -1);
        save(trainer, "file");
        int64_t of_trainer[9], of_model[9], counted[9] = {0};
        double accuracy[2];
        CHECK(!clcnn_trainer_evaluate(trainer, &set.test, &accuracy[0], of_trainer, &error), "%s",
              error.message);
        clcnn_trainer_destroy(trainer);
        if (!CHECK(!clcnn_model_load(ctx, scratch_path("file"), 5, &model, &error), "%s",
                   error.message))
            continue;
        CHECK(clcnn_net_get_desc(clcnn_model_net(model))->batch == 5, "batch");
        CHECK(!clcnn_model_evaluate(model, &set.test, &accuracy[1], of_model, &error), "%s",
              error.message);
        CHECK(accuracy[0] == accuracy[1] && memcmp(of_trainer, of_model, sizeof of_model) == 0,
              "%s: accuracy %g, not %g", harness_device_name(device), accuracy[1], accuracy[0]);
        double *p = malloc((size_t)set.test.count * 3 * sizeof *p);
        CHECK(!clcnn_model_predict(model, set.test.count, set.test.pixels, p, &error), "%s",
              error.message);
        for (int i = 0; i < set.test.count; ++i) {
            const double *row = p + 3 * i;
            int best = row[1] > row[0] ? 1 : 0;
            best = row[2] > row[best] ? 2 : best;
            ++counted[3 * set.test.labels[i] + best];
            CHECK(fabs(row[0] + row[1] + row[2] - 1) < 1e-12 && row[0] >= 0 && row[1] >= 0 &&
                      row[2] >= 0,
                  "probabilities %g %g %g", row[0], row[1], row[2]);
        }
        CHECK(memcmp(counted, of_model, sizeof counted) == 0, "predictions differ");
        free(p);
        clcnn_model_destroy(model);
    }
    clcnn_model_destroy(NULL);
    clcnn_dataset_free(&set);
}

/* ---- Damaged files -------------------------------------------------------------------------- */

/* A checkpoint in memory: header as JSON, data. */
typedef struct file {
    json_t *header;
    unsigned char *data;
    size_t size;
} file;

static file load(const char *name)
{
    size_t size;
    unsigned char *bytes = scratch_read(name, &size);
    uint64_t length = 0;
    for (int i = 7; i >= 0; --i)
        length = length << 8 | bytes[i];
    file f = {json_loadb((const char *)bytes + 8, length, 0, NULL), NULL, size - 8 - length};
    f.data = malloc(f.size);
    memcpy(f.data, bytes + 8 + length, f.size);
    free(bytes);
    return f;
}

static void store(const file *f, const char *name)
{
    char *text = json_dumps(f->header, JSON_COMPACT);
    size_t length = strlen(text), padded = (length + 7) / 8 * 8;
    unsigned char *bytes = calloc(1, 8 + padded + f->size);
    for (int i = 0; i < 8; ++i)
        bytes[i] = (unsigned char)(padded >> 8 * i);
    memset(bytes + 8, ' ', padded);
    memcpy(bytes + 8, text, length);
    memcpy(bytes + 8 + padded, f->data, f->size);
    scratch_write(name, bytes, 8 + padded + f->size);
    free(bytes);
    free(text);
}

static json_t *meta(const file *f)
{
    return json_object_get(f->header, "__metadata__");
}

/* Another name for a tensor. */
static void rename_tensor(file *f, const char *from, const char *to)
{
    json_t *entry = json_incref(json_object_get(f->header, from));
    json_object_del(f->header, from);
    json_object_set_new(f->header, to, entry);
}

static void misname_weight(file *f)
{
    rename_tensor(f, "0.weight", "0.weights");
}

static void misname_adam(file *f)
{
    rename_tensor(f, "adam.v.5.bias", "adam.w.5.bias");
}

static void transpose(file *f)
{
    json_object_set_new(json_object_get(f->header, "3.weight"), "shape", json_pack("[i,i]", 24, 8));
}

static void flatten(file *f)
{
    json_object_set_new(json_object_get(f->header, "0.weight"), "shape", json_pack("[i]", 36));
}

static void retype(file *f)
{
    json_object_set_new(json_object_get(f->header, "5.bias"), "dtype", json_string("I32"));
}

static void add_tensor(file *f)
{
    json_object_set_new(f->header, "extra",
                        json_pack("{s:s,s:[i],s:[I,I]}", "dtype", "U8", "shape", 4, "data_offsets",
                                  (json_int_t)f->size, (json_int_t)f->size + 4));
    f->data = realloc(f->data, f->size + 4);
    memset(f->data + f->size, 0, 4);
    f->size += 4;
}

/* Writes a float to an element of a tensor. */
static void poke(file *f, const char *tensor, size_t element, float value)
{
    json_t *offsets = json_object_get(json_object_get(f->header, tensor), "data_offsets");
    size_t begin = (size_t)json_integer_value(json_array_get(offsets, 0));
    memcpy(f->data + begin + element * sizeof value, &value, sizeof value);
}

static void poke_nan(file *f)
{
    poke(f, "0.weight", 7, (float)NAN);
}

static void poke_infinity(file *f)
{
    poke(f, "adam.m.3.bias", 2, -(float)INFINITY);
}

static void poke_negative(file *f)
{
    poke(f, "adam.v.0.weight", 35, -1e-9f);
}

/* Of the rich file. */
static void negative_variance(file *f)
{
    poke(f, "1.running_var", 3, -0.5f);
}

static void infinite_mean(file *f)
{
    poke(f, "1.running_mean", 0, (float)INFINITY);
}

static void nan_velocity(file *f)
{
    poke(f, "sgd.velocity.8.weight", 7, (float)NAN);
}

static void misname_mean(file *f)
{
    rename_tensor(f, "1.running_mean", "1.running_average");
}

static void misname_state(file *f)
{
    rename_tensor(f, "sgd.velocity.0.weight", "adam.m.0.weight");
}

static void state_of_statistic(file *f)
{
    add_tensor(f);
    rename_tensor(f, "extra", "sgd.velocity.1.running_var");
}

static void second_state(file *f)
{
    add_tensor(f);
    rename_tensor(f, "extra", "adam.v.0.weight");
}

static void reshape_mean(file *f)
{
    json_object_set_new(json_object_get(f->header, "1.running_mean"), "shape",
                        json_pack("[i,i]", 1, 4));
}

static void nesterov_alone(file *f)
{
    json_object_set_new(meta(f), "momentum", json_string("0.0"));
}

static void cosine_without_end(file *f)
{
    json_object_set_new(meta(f), "schedule_epochs", json_string("0"));
}

static void cosine_upwards(file *f)
{
    json_object_set_new(meta(f), "min_lr", json_string("0.0101"));
}

static void cut(file *f)
{
    f->size -= 4;
}

static const struct damage {
    const char *key, *value; /* metadata to set, NULL: to take away */
    void (*change)(file *f); /* or something else */
    const char *message;
} damages[] = {
    {"format", NULL, NULL, "is no checkpoint of clcnn: its metadata \"format\" is missing"},
    {"format", "pt", NULL, "is no checkpoint of clcnn: its metadata \"format\" is \"pt\""},
    {"format_version", "3", NULL, "has checkpoint version 3, this library reads version 2"},
    {"format_version", NULL, NULL, "has checkpoint version (none)"},
    {"layers", NULL, NULL, "metadata \"layers\" is missing"},
    {"layers", "conv 4 3x3 pad 1, relu, pool 2", NULL,
     "its network cannot be built: network, column 25"},
    {"layers", "conv 4 3x3 pad 1, relu, maxpool 9, dense 3", NULL, "its network cannot be built"},
    {"layers", "conv 4 3x3 pad 1, relu, maxpool 2, dense 8, relu, dense 4", NULL,
     "its network has 4 outputs, for 3 classes"},
    {"layers", "conv 4 3x3 pad 1, relu, maxpool 2, dense 9, relu, dense 3", NULL,
     "tensor \"3.weight\" is F32 [8,24], the network needs F32 [9,24]"},
    {"layers", "conv 4 3x3 pad 1, relu, maxpool 2, relu, dense 8, relu, dense 3", NULL,
     "tensor \"4.weight\" is missing"},
    {"layers", "conv 4 3x3 pad 1, relu, maxpool 2, dense 3", NULL, "tensor \"3.weight\" is F32"},
    {"layers", "dense 100000, dense 3", NULL, "its network has "},
    {"channels", NULL, NULL, "metadata \"channels\" is missing"},
    {"channels", "0", NULL, "metadata \"channels\" is \"0\", which cannot be"},
    {"height", "-6", NULL, "metadata \"height\" is \"-6\""},
    {"width", "5 ", NULL, "metadata \"width\" is \"5 \""},
    {"width", "4294967301", NULL, "metadata \"width\" is \"4294967301\""},
    {"classes", "", NULL, "metadata \"classes\" is \"\""},
    {"batch", "0x4", NULL, "metadata \"batch\" is \"0x4\""},
    {"batch", "5", NULL, "do not make the "},
    {"lr", "fast", NULL, "metadata \"lr\" is \"fast\""},
    {"lr", "-0.1", NULL, "metadata \"lr\" is \"-0.1\""},
    {"lr", "NaN", NULL, "metadata \"lr\" is \"NaN\""},
    {"seed", "18446744073709551616", NULL, "metadata \"seed\" is \"18446744073709551616\""},
    {"epochs_done", NULL, NULL, "metadata \"epochs_done\" is missing"},
    {"epochs_done", "2147483647", NULL, "metadata \"epochs_done\" is \"2147483647\""},
    {"epochs_done", "1000000001", NULL, "metadata \"epochs_done\" is \"1000000001\""},
    {"epochs_done", "5", NULL, "5 epochs of 6 steps and 2 steps do not make the 8 steps"},
    {"step", "6", NULL, "do not make the 8 steps"},
    {"steps_total", "9", NULL, "do not make the 9 steps"},
    {"loss_sum", "12", NULL, "metadata \"loss_sum\" is \"12\""},
    {"loss_sum", "zzzzzzzzzzzzzzzz", NULL, "metadata \"loss_sum\" is \"zzzzzzzzzzzzzzzz\""},
    {"data", NULL, NULL, "metadata \"data\" is missing"},
    {"data_train", "0", NULL, "metadata \"data_train\" is \"0\""},
    {"data_checksum", "4294967296", NULL, "metadata \"data_checksum\" is \"4294967296\""},
    {"mean", "2", NULL, "metadata \"mean\" is \"2\""},
    {"deviation", "0", NULL, "metadata \"deviation\" is \"0\""},
    {"shift", NULL, NULL, "metadata \"shift\" is missing"},
    {"shift", "-1", NULL, "metadata \"shift\" is \"-1\""},
    {"shift", "5", NULL, "images of 6x5 cannot be moved by 5"},
    {"flip", "2", NULL, "metadata \"flip\" is \"2\""},
    {NULL, NULL, misname_weight, "tensor \"0.weight\" is missing"},
    {NULL, NULL, misname_adam, "tensor \"adam.v.5.bias\" is missing"},
    {NULL, NULL, transpose, "tensor \"3.weight\" is F32 [24,8], the network needs F32 [8,24]"},
    {NULL, NULL, flatten, "tensor \"0.weight\" is F32 [36], the network needs F32 [4,1,3,3]"},
    {NULL, NULL, retype, "tensor \"5.bias\" is I32 [3], the network needs F32 [3]"},
    {NULL, NULL, add_tensor, "tensor \"extra\" does not belong to its network"},
    {NULL, NULL, poke_nan, "tensor \"0.weight\" has nan at element 7"},
    {NULL, NULL, poke_infinity, "tensor \"adam.m.3.bias\" has -inf at element 2"},
    {NULL, NULL, poke_negative, "tensor \"adam.v.0.weight\" has -1e-09 at element 35"},
    {NULL, NULL, cut, ""}, /* the reader of the format says it */
};

/* Of a file with SGD, a cosine and statistics. */
static const struct damage rich_damages[] = {
    {"optimiser", NULL, NULL, "metadata \"optimiser\" is missing"},
    {"optimiser", "SGD", NULL, "metadata \"optimiser\" is \"SGD\", which cannot be"},
    {"optimiser", "", NULL, "metadata \"optimiser\" is \"\", which cannot be"},
    {"optimiser", "2", NULL, "metadata \"optimiser\" is \"2\", which cannot be"},
    {"optimiser", "adam", NULL, "tensor \"adam.m.0.weight\" is missing"},
    {"optimiser", "rmsprop", NULL, "tensor \"rmsprop.square_avg.0.weight\" is missing"},
    {"momentum", NULL, NULL, "metadata \"momentum\" is missing"},
    {"momentum", "-0.9", NULL, "metadata \"momentum\" is \"-0.9\""},
    {"momentum", "1e31", NULL, "metadata \"momentum\" is \"1e31\""},
    {"momentum", "0.9x", NULL, "metadata \"momentum\" is \"0.9x\""},
    {"nesterov", NULL, NULL, "metadata \"nesterov\" is missing"},
    {"nesterov", "2", NULL, "metadata \"nesterov\" is \"2\""},
    {"nesterov", "true", NULL, "metadata \"nesterov\" is \"true\""},
    {NULL, NULL, nesterov_alone,
     "its options cannot be: clcnn_trainer: momentum is 0, must be above 0, for nesterov, and at "
     "most 1e30"},
    {"weight_decay", NULL, NULL, "metadata \"weight_decay\" is missing"},
    {"weight_decay", "-1", NULL, "metadata \"weight_decay\" is \"-1\""},
    {"max_norm", NULL, NULL, "metadata \"max_norm\" is missing"},
    {"max_norm", "-1.0", NULL, "metadata \"max_norm\" is \"-1.0\""},
    {"max_norm", "1e39", NULL, "metadata \"max_norm\" is \"1e39\""},
    {"max_norm", "1e-39", NULL,
     "its options cannot be: clcnn_trainer: max_norm is 1e-39, must be 0"},
    {"label_smoothing", NULL, NULL, "metadata \"label_smoothing\" is missing"},
    {"label_smoothing", "1.0001", NULL, "metadata \"label_smoothing\" is \"1.0001\""},
    {"label_smoothing", "NaN", NULL, "metadata \"label_smoothing\" is \"NaN\""},
    {"schedule", NULL, NULL, "metadata \"schedule\" is missing"},
    {"schedule", "linear", NULL, "metadata \"schedule\" is \"linear\""},
    {"warmup", NULL, NULL, "metadata \"warmup\" is missing"},
    {"warmup", "-0.5", NULL, "metadata \"warmup\" is \"-0.5\""},
    {"warmup", "1000001", NULL, "clcnn_trainer: warmup is 1e+06, must be from 0 to 1000000 epochs"},
    {"schedule_epochs", NULL, NULL, "metadata \"schedule_epochs\" is missing"},
    {"schedule_epochs", "-2", NULL, "metadata \"schedule_epochs\" is \"-2\""},
    {"schedule_epochs", "1.5", NULL, "metadata \"schedule_epochs\" is \"1.5\""},
    {NULL, NULL, cosine_without_end,
     "clcnn_trainer: schedule_epochs is 0, must be from 1 to 1000000"},
    {"gamma", NULL, NULL, "metadata \"gamma\" is missing"},
    {"gamma", "-0.1", NULL, "metadata \"gamma\" is \"-0.1\""},
    {"min_lr", NULL, NULL, "metadata \"min_lr\" is missing"},
    {"min_lr", "-1e-9", NULL, "metadata \"min_lr\" is \"-1e-9\""},
    {NULL, NULL, cosine_upwards, "schedule: min_lr is 0.0101, it must be from 0 to lr, 0.01"},
    {"lr", "0", NULL, "clcnn_trainer: lr is 0, must be above 0 and at most 1e30"},
    {"init", NULL, NULL, "metadata \"init\" is missing"},
    {"init", "xavier", NULL, "metadata \"init\" is \"xavier\""},
    {"layers", "conv 4 3x3 pad 1 nobias, relu as a, dense 3", NULL,
     "tensor \"2.weight\" is missing"},
    {"layers",
     "conv 4 3x3 pad 1 nobias, layernorm as a, relu, conv 4 1x1 frozen, dropout 0.25, add a, "
     "maxpool 2, dense 8, layernorm, dropout 0.5, relu, dense 3",
     NULL, "tensor \"1.weight\" is F32 [4], the network needs F32 [120]"},
    {NULL, NULL, negative_variance, "tensor \"1.running_var\" has -0.5 at element 3"},
    {NULL, NULL, infinite_mean, "tensor \"1.running_mean\" has inf at element 0"},
    {NULL, NULL, nan_velocity, "tensor \"sgd.velocity.8.weight\" has nan at element 7"},
    {NULL, NULL, misname_mean, "tensor \"1.running_mean\" is missing"},
    {NULL, NULL, misname_state, "tensor \"sgd.velocity.0.weight\" is missing"},
    {NULL, NULL, state_of_statistic,
     "tensor \"sgd.velocity.1.running_var\" does not belong to its network"},
    {NULL, NULL, second_state, "tensor \"adam.v.0.weight\" does not belong to its network"},
    {NULL, NULL, reshape_mean, "tensor \"1.running_mean\" is F32 [1,4], the network needs F32 [4]"},
};

/* The damaged file is refused by everything that reads checkpoints, in the same words. */
static void expect_refusal(int device, const char *name, const clcnn_dataset *set,
                           const char *message)
{
    clcnn_ctx *ctx = harness_ctx(device);
    const char *path = scratch_path(name);
    clcnn_error error = {.message = ""};
    clcnn_checkpoint_info info = {.classes = 77};
    clcnn_trainer *trainer = NULL;
    clcnn_model *model = NULL;
    clcnn_status status = clcnn_checkpoint_read_info(path, &info, &error);
    CHECK(status == CLCNN_BAD_FILE && error.status == status && strstr(error.message, message) &&
              strstr(error.message, path) && info.classes == 77,
          "info: %s: %s\n  not %s", clcnn_status_name(status), error.message, message);
    status = clcnn_trainer_resume(ctx, path, set, &trainer, &error);
    CHECK(status == CLCNN_BAD_FILE && strstr(error.message, message) && !trainer,
          "resume: %s: %s\n  not %s", clcnn_status_name(status), error.message, message);
    status = clcnn_model_load(ctx, path, 4, &model, &error);
    CHECK(status == CLCNN_BAD_FILE && strstr(error.message, message) && !model,
          "load: %s: %s\n  not %s", clcnn_status_name(status), error.message, message);
}

/* Makes a file with the options in force, and damages a copy of it for each row. */
static void damage_all(const clcnn_dataset *set, const struct damage *rows, size_t count)
{
    clcnn_trainer *trainer = harness_device_count() > 0 ? create(0, set) : NULL;
    if (!trainer)
        return;
    train_to(trainer, STEPS);
    train_to(trainer, 2);
    save(trainer, "file");
    clcnn_trainer_destroy(trainer);
    file whole = load("file");
    store(&whole, "copy");
    json_decref(whole.header);
    free(whole.data);
    trainer = resume(0, "copy", set); /* the tools of this test make good files */
    clcnn_trainer_destroy(trainer);
    for (size_t i = 0; i < count; ++i) {
        const struct damage *d = &rows[i];
        file f = load("file");
        if (d->change)
            d->change(&f);
        else if (d->value)
            json_object_set_new(meta(&f), d->key, json_string(d->value));
        else
            json_object_del(meta(&f), d->key);
        store(&f, "damaged");
        expect_refusal(0, "damaged", set, d->message);
        json_decref(f.header);
        free(f.data);
    }
}

static void test_damaged(void)
{
    const clcnn_train_options plain = options;
    clcnn_dataset set;
    smallset_create(IMAGES, 1, &set);
    damage_all(&set, damages, sizeof damages / sizeof *damages);
    use_rich(1);
    damage_all(&set, rich_damages, sizeof rich_damages / sizeof *rich_damages);
    options = plain;
    if (harness_device_count() > 0)
        expect_refusal(0, "nowhere", &set, "");
    clcnn_dataset_free(&set);
}

/* Good files, wrong data. */
static void test_wrong_data(void)
{
    clcnn_dataset set, other;
    smallset_create(IMAGES, 1, &set);
    clcnn_trainer *trainer = harness_device_count() > 0 ? create(0, &set) : NULL;
    if (!trainer)
        return;
    save(trainer, "file");
    clcnn_trainer_destroy(trainer);
    clcnn_ctx *ctx = harness_ctx(0);
    clcnn_error error = {.message = ""};
    const char *path = scratch_path("file");

    smallset_create(IMAGES, 1, &other);
    strcpy(other.name, "renamed"); /* the images count, not the name */
    CHECK(!clcnn_trainer_resume(ctx, path, &other, &trainer, &error), "%s", error.message);
    clcnn_trainer_destroy(trainer);
    other.train.pixels[17] ^= 1;
    CHECK(clcnn_trainer_resume(ctx, path, &other, &trainer, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "was trained on \"small\" with checksum ") && !trainer,
          "%s", error.message);
    other.train.pixels[17] ^= 1;
    other.train.labels[3] = (uint8_t)((other.train.labels[3] + 1) % SMALL_CLASSES);
    CHECK(clcnn_trainer_resume(ctx, path, &other, &trainer, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "checksum") && !trainer,
          "%s", error.message);
    other.train.count = IMAGES - 1;
    CHECK(clcnn_trainer_resume(ctx, path, &other, &trainer, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "with 22 and 7 images, \"renamed\" has 21 and 7") && !trainer,
          "%s", error.message);
    other.train.classes = 4;
    CHECK(clcnn_trainer_resume(ctx, path, &other, &trainer, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message,
                     "1 x 6 x 5 images of up to 3 classes, \"renamed\" has 1 x 6 x 5 and "
                     "4") &&
              !trainer,
          "%s", error.message);
    clcnn_model *model = NULL;
    CHECK(!clcnn_model_load(ctx, path, 0, &model, &error), "%s", error.message);
    other.test.h = 5;
    CHECK(clcnn_model_evaluate(model, &other.test, NULL, NULL, &error) == CLCNN_INVALID_ARGUMENT &&
              strstr(error.message, "images are 1 x 5 x 5, the network takes 1 x 6 x 5"),
          "%s", error.message);
    clcnn_model_destroy(model);
    clcnn_dataset_free(&set);
    clcnn_dataset_free(&other);
}

static void test_arguments(void)
{
    clcnn_dataset set;
    smallset_create(IMAGES, 1, &set);
    if (harness_device_count() < 1)
        return;
    clcnn_ctx *ctx = harness_ctx(0);
    clcnn_error error;
    clcnn_trainer *trainer = NULL;
    clcnn_model *model = NULL;
    clcnn_checkpoint_info info;
    double p;
    uint8_t pixel = 0;
    const struct {
        clcnn_status status;
        const char *message;
    } calls[] = {
        {clcnn_checkpoint_read_info(NULL, &info, NULL), "path"},
        {clcnn_checkpoint_read_info("x", NULL, NULL), "info"},
        {clcnn_trainer_resume(NULL, "x", &set, &trainer, NULL), "ctx"},
        {clcnn_trainer_resume(ctx, NULL, &set, &trainer, NULL), "path"},
        {clcnn_trainer_resume(ctx, "x", NULL, &trainer, NULL), "set"},
        {clcnn_trainer_resume(ctx, "x", &set, NULL, NULL), "trainer"},
        {clcnn_model_load(NULL, "x", 1, &model, NULL), "ctx"},
        {clcnn_model_load(ctx, NULL, 1, &model, NULL), "path"},
        {clcnn_model_load(ctx, "x", 1, NULL, NULL), "model"},
        {clcnn_model_load(ctx, "x", -1, &model, NULL), "batch"},
        {clcnn_model_evaluate(NULL, &set.test, &p, NULL, NULL), "model"},
        {clcnn_model_predict(NULL, 1, &pixel, &p, NULL), "model"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; ++i)
        CHECK(calls[i].status == CLCNN_INVALID_ARGUMENT, "call %zu (%s): %s", i, calls[i].message,
              clcnn_status_name(calls[i].status));
    CHECK(clcnn_model_load(ctx, NULL, 1, &model, &error) == CLCNN_INVALID_ARGUMENT &&
              strcmp(error.message, "clcnn_model_load: path is NULL") == 0,
          "%s", error.message);
    clcnn_dataset_free(&set);
}

/* Weights that are no longer finite don't take a good file's place. */
static void test_diverged(void)
{
    clcnn_dataset set;
    smallset_create(IMAGES, 1, &set);
    for (int device = 0; device < harness_device_count(); ++device) {
        clcnn_trainer *trainer = create(device, &set);
        if (!trainer)
            continue;
        clcnn_net *net = clcnn_trainer_net(trainer);
        clcnn_error error = {.message = ""};
        size_t size, count = clcnn_net_parameters(net);
        float *param = malloc(count * sizeof *param);
        save(trainer, "good");
        unsigned char *good = scratch_read("good", &size);
        int files = scratch_count();
        clcnn_net_read(net, param, NULL, NULL);
        param[41] = (float)NAN; /* 36 weights and 4 biases come first */
        clcnn_net_write(net, param, NULL, NULL);
        CHECK(clcnn_trainer_save(trainer, scratch_path("good"), &error) == CLCNN_INVALID_ARGUMENT &&
                  strstr(error.message, "\"3.weight\" has become nan at element 1"),
              "%s", error.message);
        CHECK(scratch_equals("good", good, size) && scratch_count() == files,
              "the old file is not what it was");
        CHECK(clcnn_trainer_save(trainer, scratch_path("no/such/folder"), &error) != CLCNN_SUCCESS,
              "saved nowhere");
        free(param);
        free(good);
        clcnn_trainer_destroy(trainer);
    }
    clcnn_dataset_free(&set);
}

int main(void)
{
    static const harness_test tests[] = {
        {"a folder for files", scratch_begin},
        {"a resumed run ends with the same bytes", test_resume},
        {"resume with moved and mirrored images", test_resume_augmented},
        {"resume with all that training can remember", test_resume_rich},
        {"the same seed makes the same file", test_same_seed_same_file},
        {"contents", test_contents},
        {"tensors of each optimiser", test_tensors},
        {"a model predicts what the trainer did", test_model},
        {"damaged files", test_damaged},
        {"wrong data", test_wrong_data},
        {"arguments", test_arguments},
        {"diverged training", test_diverged},
        {"the folder goes", scratch_end},
        {NULL, NULL},
    };
    return harness_run("checkpoint", tests);
}
