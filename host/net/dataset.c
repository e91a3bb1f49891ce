/*
 * Data sets by name: Fashion-MNIST from where Debian's package puts it, clcnn's own digits, or a
 * folder of IDX files.
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

enum { SYNTHETIC_TRAIN = 12000, SYNTHETIC_TEST = 2000, MAX_CLASSES = 256, FILE_COUNT = 4 };

/* The files that a folder has, plain or with .gz. */
static const char *const files[FILE_COUNT] = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                              "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"};

/* "FOLDER/NAME" or "FOLDER/NAME.gz", the first that exists; NULL (errno) when none does. */
static char *find_file(const char *folder, const char *name)
{
    static const char *const endings[] = {"", ".gz"};
    size_t size = strlen(folder) + strlen(name) + sizeof "/.gz";
    char *path = malloc(size);
    struct stat info;
    for (int i = 0; path && i < 2; ++i) {
        snprintf(path, size, "%s/%s%s", folder, name, endings[i]);
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
    for (int i = 0; i < FILE_COUNT; ++i)
        free(paths[i]);
}

/* Why a data set's file can't be had: the folder, the system's reason, and what helps. */
static clcnn_status missing(const char *name, const char *folder, const char *file,
                            clcnn_error *error)
{
    int reason = errno;
    char text[128];
    struct stat info;
    if (reason == ENOMEM)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the names of files");
    if (strerror_r(reason, text, sizeof text) != 0)
        snprintf(text, sizeof text, "error %d", reason);
    if (!strcmp(name, FASHION_MNIST))
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "%s is not installed: %s/%s.gz: %s. Debian's package %s has it", name,
                           folder, file, text, FASHION_MNIST_PACKAGE);
    if (stat(folder, &info) != 0)
        return CLCNN__FAIL(
            error, CLCNN_BAD_FILE,
            "there is no data set \"%.400s\": it is neither %s nor %s nor a folder (%s)", folder,
            FASHION_MNIST, SYNTHETIC, text);
    return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                       "%.400s has no file %s, nor %s.gz (%s); a data set's folder has "
                       "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte "
                       "and t10k-labels-idx1-ubyte, plain or with .gz",
                       folder, file, file, text);
}

/* The classes that labels use: the largest of them, and one more; no less than `classes`. */
static int count_classes(const clcnn_images *images, int classes)
{
    for (int i = 0; i < images->count; ++i)
        if (images->labels[i] >= classes)
            classes = images->labels[i] + 1;
    return classes;
}

/* Reads both halves. classes = 0: as many as the labels use, but at least 2. */
static clcnn_status read_pairs(char *const *paths, int classes, clcnn_dataset *set,
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

static clcnn_status open_folder(const char *name, const char *folder, int classes,
                                clcnn_dataset *set, clcnn_error *error)
{
    char *paths[FILE_COUNT] = {NULL};
    clcnn_status status = CLCNN_SUCCESS;
    for (int i = 0; i < FILE_COUNT && status == CLCNN_SUCCESS; ++i) {
        paths[i] = find_file(folder, files[i]);
        if (!paths[i])
            status = missing(name, folder, files[i], error);
    }
    if (status == CLCNN_SUCCESS)
        status = read_pairs(paths, classes, set, error);
    free_paths(paths);
    return status;
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
        status = open_folder(name, FASHION_MNIST_FOLDER, 10, &opened, error);
    else
        status = open_folder(name, name, 0, &opened, error);
    if (status == CLCNN_SUCCESS)
        *set = opened;
    else
        clcnn_dataset_free(&opened);
    return status;
}

int clcnn_dataset_has_fashion_mnist(void)
{
    for (int i = 0; i < FILE_COUNT; ++i) {
        char *path = find_file(FASHION_MNIST_FOLDER, files[i]);
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
