/*
 * Data sets by name: Fashion-MNIST from where Debian's package puts it, clcnn's own digits, or a
 * folder with the files of one of the layouts below.
 */
#include "dataset.h"

#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FASHION_MNIST "fashion-mnist"
#define FASHION_MNIST_FOLDER "/usr/share/datasets/fashion-mnist"
#define FASHION_MNIST_PACKAGE "dataset-fashion-mnist"
#define SYNTHETIC "synthetic"

enum {
    SYNTHETIC_TRAIN = 12000,
    SYNTHETIC_TEST = 2000,
    MAX_CLASSES = 256,
    MAX_FILES = 6,
    CIFAR_TRAIN = 5 /* of its files, the first ones */
};

/* Reads the files of a layout, in its order. classes = 0: as the files have them. */
typedef clcnn_status (*read_fn)(char *const *paths, int classes, clcnn_dataset *set,
                                clcnn_error *error);
static clcnn_status read_idx(char *const *paths, int classes, clcnn_dataset *set,
                             clcnn_error *error);
static clcnn_status read_cifar10(char *const *paths, int classes, clcnn_dataset *set,
                                 clcnn_error *error);

/* What the folder of a data set may look like. */
typedef struct layout {
    const char *what;  /* "IDX" */
    const char *place; /* in the folder: "", or a folder's name with a slash */
    read_fn read;
    const char *const *files; /* plain or with .gz */
    int count;
} layout;

static const char *const idx_files[] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                        "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};
static const char *const cifar10_files[] = {"data_batch_1.bin", "data_batch_2.bin",
                                            "data_batch_3.bin", "data_batch_4.bin",
                                            "data_batch_5.bin", "test_batch.bin"};

static const layout layouts[] = {
    {"IDX", "", read_idx, idx_files, 4},
    {"CIFAR-10", "", read_cifar10, cifar10_files, 6},
    {"CIFAR-10", "cifar-10-batches-bin/", read_cifar10, cifar10_files, 6},
};
enum { LAYOUTS = sizeof layouts / sizeof *layouts };

/* ---- Finding files --------------------------------------------------------------------------- */

/* "FOLDER/NAME" or "FOLDER/NAME.gz", the first that exists; NULL (errno) when none does. */
static char *find_file(const char *folder, const char *place, const char *name)
{
    static const char *const endings[] = {"", ".gz"};
    size_t size = strlen(folder) + strlen(place) + strlen(name) + sizeof "/.gz";
    char *path = malloc(size);
    struct stat info;
    for (int i = 0; path && i < 2; ++i) {
        snprintf(path, size, "%s/%s%s%s", folder, place, name, endings[i]);
        if (stat(path, &info) == 0)
            return path;
    }
    int reason = path ? errno : ENOMEM;
    free(path);
    errno = reason;
    return NULL;
}

static void free_paths(char **paths)
{
    for (int i = 0; i < MAX_FILES; ++i)
        free(paths[i]);
}

static const char *reason_text(int reason, char *text, size_t size)
{
    if (strerror_r(reason, text, size) != 0)
        snprintf(text, size, "error %d", reason);
    return text;
}

/* Why a data set's file can't be had: the folder, the system's reason, and what helps. */
static clcnn_status missing(const char *name, const char *folder, const layout *l, const char *file,
                            clcnn_error *error)
{
    int reason = errno;
    char text[128];
    if (reason == ENOMEM)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the names of files");
    reason_text(reason, text, sizeof text);
    if (!strcmp(name, FASHION_MNIST))
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "%s is not installed: %s/%s.gz: %s. Debian's package %s has it", name,
                           folder, file, text, FASHION_MNIST_PACKAGE);
    return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                       "%.400s has no file %s%s, nor %s.gz (%s), but others of %s", folder,
                       l->place, file, file, text, l->what);
}

/* A folder without a data set, or no folder at all. */
static clcnn_status nothing_there(const char *folder, clcnn_error *error)
{
    char text[128];
    struct stat info;
    int reason = stat(folder, &info) != 0 ? errno : S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
    if (reason)
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "there is no data set \"%.400s\": it is neither " FASHION_MNIST
                           " nor " SYNTHETIC " nor a folder (%s)",
                           folder, reason_text(reason, text, sizeof text));
    return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                       "%.400s is no data set: it has no file train-images-idx3-ubyte (IDX) and "
                       "no data_batch_1.bin (CIFAR-10), nor any that goes with them, plain or "
                       "with .gz",
                       folder);
}

/* The first of a layout's files that the folder has, or NULL; fails where it can't be looked into.
 */
static clcnn_status look_for(const char *folder, const layout *l, const char **found,
                             clcnn_error *error)
{
    char text[128];
    *found = NULL;
    for (int i = 0; i < l->count && !*found; ++i) {
        char *path = find_file(folder, l->place, l->files[i]);
        int reason = errno;
        *found = path ? l->files[i] : NULL;
        free(path);
        if (!*found && reason != ENOENT && reason != ENOTDIR)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE, "%.400s: cannot look for its files: %s",
                               folder, reason_text(reason, text, sizeof text));
    }
    return CLCNN_SUCCESS;
}

/* The one layout that the folder has files of. */
static clcnn_status find_layout(const char *folder, const layout **result, clcnn_error *error)
{
    const layout *first = NULL;
    const char *file = NULL, *found;
    for (int i = 0; i < LAYOUTS; ++i) {
        const layout *l = &layouts[i];
        clcnn_status status = look_for(folder, l, &found, error);
        if (status != CLCNN_SUCCESS)
            return status;
        if (found && first)
            return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                               "%.400s has files of two data sets: of %s (%s%s) and of %s (%s%s); "
                               "give each a folder of its own",
                               folder, first->what, first->place, file, l->what, l->place, found);
        if (found) {
            first = l;
            file = found;
        }
    }
    *result = first;
    return first ? CLCNN_SUCCESS : nothing_there(folder, error);
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* The classes that labels use: the largest of them, and one more; no less than `classes`. */
static int count_classes(const clcnn_images *images, int classes)
{
    for (int i = 0; i < images->count; ++i)
        if (images->labels[i] >= classes)
            classes = images->labels[i] + 1;
    return classes;
}

/* Reads both halves. classes = 0: as many as the labels use, but at least 2. */
static clcnn_status read_idx(char *const *paths, int classes, clcnn_dataset *set,
                             clcnn_error *error)
{
    int most = classes ? classes : MAX_CLASSES;
    clcnn_status status = clcnn_images_read_idx(paths[0], paths[1], most, &set->train, error);
    if (status == CLCNN_SUCCESS)
        status = clcnn_images_read_idx(paths[2], paths[3], most, &set->test, error);
    if (status != CLCNN_SUCCESS)
        return status;
    if (!classes)
        classes = count_classes(&set->test, count_classes(&set->train, 2));
    set->train.classes = set->test.classes = classes;
    if (set->test.h != set->train.h || set->test.w != set->train.w)
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "%.400s: its images are %dx%d, and those for training are %dx%d",
                           paths[2], set->test.h, set->test.w, set->train.h, set->train.w);
    return CLCNN_SUCCESS;
}

static clcnn_status read_cifar10(char *const *paths, int classes, clcnn_dataset *set,
                                 clcnn_error *error)
{
    (void)classes; /* always ten */
    const char *const *files = (const char *const *)paths;
    clcnn_status status = clcnn_images_read_cifar10(files, CIFAR_TRAIN, &set->train, error);
    if (status == CLCNN_SUCCESS)
        status = clcnn_images_read_cifar10(files + CIFAR_TRAIN, 1, &set->test, error);
    return status;
}

static clcnn_status read_layout(const char *name, const char *folder, const layout *l, int classes,
                                clcnn_dataset *set, clcnn_error *error)
{
    char *paths[MAX_FILES] = {NULL};
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < l->count && status == CLCNN_SUCCESS; ++i) {
        paths[i] = find_file(folder, l->place, l->files[i]);
        if (!paths[i])
            status = missing(name, folder, l, l->files[i], error);
    }
    if (status == CLCNN_SUCCESS)
        status = l->read(paths, classes, set, error);
    free_paths(paths);
    return status;
}

static clcnn_status open_folder(const char *folder, clcnn_dataset *set, clcnn_error *error)
{
    const layout *l;
    clcnn_status status = find_layout(folder, &l, error);
    return status ? status : read_layout(folder, folder, l, 0, set, error);
}

static clcnn_status open_synthetic(clcnn_dataset *set, clcnn_error *error)
{
    clcnn_status status = clcnn__synthetic_images(0, SYNTHETIC_TRAIN, &set->train, error);
    if (status == CLCNN_SUCCESS)
        status = clcnn__synthetic_images(1, SYNTHETIC_TEST, &set->test, error);
    return status;
}

clcnn_status clcnn_dataset_open(const char *name, clcnn_dataset *set, clcnn_error *error)
{
    if (!name || !set)
        return CLCNN__INVALID(error, "clcnn_dataset_open: %s is NULL", !name ? "name" : "set");
    clcnn_dataset opened = {0};
    size_t length = strlen(name);
    if (length == 0 || length >= sizeof opened.name)
        return CLCNN__INVALID(error,
                              "clcnn_dataset_open: the name has %zu characters, not 1 to %zu",
                              length, sizeof opened.name - 1);
    memcpy(opened.name, name, length + 1);
    clcnn_status status;
    if (!strcmp(name, SYNTHETIC))
        status = open_synthetic(&opened, error);
    else if (!strcmp(name, FASHION_MNIST))
        status = read_layout(name, FASHION_MNIST_FOLDER, &layouts[0], 10, &opened, error);
    else
        status = open_folder(name, &opened, error);
    if (status == CLCNN_SUCCESS)
        *set = opened;
    else
        clcnn_dataset_free(&opened);
    return status;
}

int clcnn_dataset_has_fashion_mnist(void)
{
    for (int i = 0; i < layouts[0].count; ++i) {
        char *path = find_file(FASHION_MNIST_FOLDER, "", layouts[0].files[i]);
        int readable = path && access(path, R_OK) == 0;
        free(path);
        if (!readable)
            return 0;
    }
    return 1;
}

void clcnn_dataset_free(clcnn_dataset *set)
{
    if (!set)
        return;
    clcnn_images_free(&set->train);
    clcnn_images_free(&set->test);
    set->name[0] = '\0';
}
