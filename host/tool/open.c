/*
 * What several commands open: a device by its selector, a data set by its name. A name that is
 * unknown is a wrong command line (exit code 2); a device that is not there or a file that is
 * damaged is a failure (exit code 1).
 */
#include "tool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const data_names[] = {"fashion-mnist", "synthetic", NULL};

/* By label, as the data set's authors name them. */
static const char *const fashion_mnist_classes[] = {
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal",      "Shirt",   "Sneaker",  "Bag",   "Ankle boot"};

int tool_open_device(const char *command, const char *selector, clcnn_ctx **ctx)
{
    clcnn_error error = {0};
    const char *rows = getenv("CLCNN_TUNE");
    clcnn_status status = clcnn_ctx_open(ctx, selector, &error);
    if (status == CLCNN_SUCCESS) {
        if (rows != NULL && rows[0] != '\0' && clcnn_ctx_tuned_rows(*ctx) == 0)
            tool_fail(command, "CLCNN_TUNE: %s has no row for %s", rows,
                      clcnn_ctx_device_info(*ctx)->name); /* no failure, but worth a word */
        return TOOL_OK;
    }
    if (status == CLCNN_INVALID_ARGUMENT)
        return tool_usage(command, "%s", error.message);
    return tool_report(command, &error);
}

const char *tool_default_data(void)
{
    return clcnn_dataset_has_fashion_mnist() ? "fashion-mnist" : "synthetic";
}

static bool is_data_name(const char *name)
{
    for (int i = 0; data_names[i] != NULL; i++)
        if (strcmp(name, data_names[i]) == 0)
            return true;
    return false;
}

static bool is_data(const char *name)
{
    struct stat status;
    return is_data_name(name) || (stat(name, &status) == 0 && S_ISDIR(status.st_mode));
}

static int open_data(const char *command, const char *name, clcnn_dataset *set)
{
    clcnn_error error = {0};
    if (clcnn_dataset_open(name, set, &error) != CLCNN_SUCCESS)
        return tool_report(command, &error);
    return TOOL_OK;
}

int tool_open_saved_data(const char *command, const char *file, const char *name,
                         clcnn_dataset *set)
{
    if (!is_data(name))
        return tool_fail(command,
                         "%s says that it was trained on '%s', which is no folder here; --data "
                         "tells where the images are now",
                         file, name);
    return open_data(command, name, set);
}

int tool_open_data(const char *command, const char *name, clcnn_dataset *set)
{
    if (!is_data(name)) {
        const char *nearest = tool_nearest(name, data_names);
        if (nearest != NULL)
            return tool_usage(command,
                              "--data: '%s' is no data set and no folder; did you mean '%s'?", name,
                              nearest);
        return tool_usage(command,
                          "--data: '%s' is no folder, and the data sets are fashion-mnist and "
                          "synthetic",
                          name);
    }
    return open_data(command, name, set);
}

const char *tool_class_name(const char *data, int label)
{
    size_t count = sizeof fashion_mnist_classes / sizeof *fashion_mnist_classes;
    if (strcmp(data, "fashion-mnist") != 0 || label < 0 || (size_t)label >= count)
        return "";
    return fashion_mnist_classes[label];
}

void tool_print_device(FILE *to, const clcnn_device_info *info)
{
    tool_print(to, "device   %d:%d %s (%s, %u compute units)\n", info->platform_index,
               info->device_index, info->name, info->platform_name, (unsigned)info->compute_units);
}

void tool_print_data(FILE *to, const clcnn_dataset *set)
{
    char train[TOOL_TEXT_SIZE], test[TOOL_TEXT_SIZE];
    tool_print(to, "data     %s: %s training and %s test images of %dx%dx%d, %d classes\n",
               set->name, tool_grouped(train, (uint64_t)set->train.count),
               tool_grouped(test, (uint64_t)set->test.count), set->train.c, set->train.h,
               set->train.w, set->train.classes);
}

/* Makes and removes a file beside `path`, where its new version would be written first. */
static bool can_create_beside(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t folder = slash != NULL ? (size_t)(slash - path) + 1 : 0;
    static const char name[] = ".clcnn-XXXXXX";
    char *trial = malloc(folder + sizeof name);
    if (trial == NULL)
        return false;
    memcpy(trial, path, folder);
    memcpy(trial + folder, name, sizeof name);
    int file = mkstemp(trial);
    int code = errno;
    if (file >= 0) {
        close(file);
        unlink(trial);
    }
    free(trial);
    errno = code;
    return file >= 0;
}

int tool_check_out(const char *command, const char *option, const char *path)
{
    struct stat status;
    size_t length = strlen(path);
    if (length == 0)
        return tool_usage(command, "--%s needs the name of a file", option);
    /* Not stat: a link is not followed when the file is written, see host/net/file.c. */
    bool exists = lstat(path, &status) == 0;
    if (path[length - 1] == '/' || (exists && S_ISDIR(status.st_mode)))
        return tool_usage(command, "--%s '%s' is a folder, not a file", option, path);
    if (exists && S_ISLNK(status.st_mode))
        return tool_usage(command, "--%s '%s' is a symbolic link; name the file itself", option,
                          path);
    if (exists && !S_ISREG(status.st_mode))
        return tool_usage(command, "--%s '%s' is no ordinary file", option, path);
    if (exists && access(path, W_OK) != 0)
        return tool_fail(command, "--%s '%s' can't be written: %s", option, path, strerror(errno));
    if (!can_create_beside(path))
        return tool_fail(command, "--%s '%s' can't be written: %s", option, path, strerror(errno));
    return TOOL_OK;
}
