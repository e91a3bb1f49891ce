/* A test program's own folder: see scratch.h. */
#include "scratch.h"

#include "harness.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_PATH = 1024, RECENT = 8 };

static char folder[MAX_PATH / 2];

void scratch_begin(void)
{
    const char *where = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/clcnn-test-XXXXXX", where && *where ? where : "/tmp");
    CHECK(mkdtemp(folder) != NULL, "no folder %s: %s", folder, strerror(errno));
}

/* Calls `each` for every entry. */
static void walk(void (*each)(const char *name, void *user), void *user)
{
    DIR *open = opendir(folder);
    struct dirent *entry;
    if (!CHECK(open != NULL, "%s does not open: %s", folder, strerror(errno)))
        return;
    while ((entry = readdir(open)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            each(entry->d_name, user);
    closedir(open);
}

static void remove_one(const char *name, void *user)
{
    (void)user;
    scratch_remove(name);
}

void scratch_end(void)
{
    walk(remove_one, NULL);
    CHECK(rmdir(folder) == 0, "%s stays: %s", folder, strerror(errno));
}

const char *scratch_path(const char *name)
{
    static char paths[RECENT][MAX_PATH];
    static int next;
    char *path = paths[next++ % RECENT];
    int length = snprintf(path, MAX_PATH, "%s/%s", folder, name);
    CHECK(length < MAX_PATH, "the name of %s is too long", name);
    return path;
}

void scratch_write(const char *name, const void *data, size_t size)
{
    FILE *file = fopen(scratch_path(name), "wb");
    if (!CHECK(file != NULL, "%s: %s", name, strerror(errno)))
        return;
    size_t written = size ? fwrite(data, 1, size, file) : 0;
    CHECK(written == size && fclose(file) == 0, "%s: %zu of %zu bytes written", name, written,
          size);
}

unsigned char *scratch_read(const char *name, size_t *size)
{
    FILE *file = fopen(scratch_path(name), "rb");
    struct stat info;
    *size = 0;
    if (!file)
        return NULL;
    unsigned char *data = fstat(fileno(file), &info) == 0 ? malloc((size_t)info.st_size + 1) : NULL;
    if (data) {
        *size = fread(data, 1, (size_t)info.st_size, file);
        data[*size] = 0;
    }
    fclose(file);
    return data;
}

bool scratch_equals(const char *name, const void *data, size_t size)
{
    size_t have = 0;
    unsigned char *bytes = scratch_read(name, &have);
    bool same = bytes && have == size && (size == 0 || memcmp(bytes, data, size) == 0);
    free(bytes);
    return same;
}

void scratch_remove(const char *name)
{
    const char *path = scratch_path(name);
    CHECK(unlink(path) == 0 || rmdir(path) == 0, "%s does not go: %s", path, strerror(errno));
}

static void count_one(const char *name, void *user)
{
    (void)name;
    ++*(int *)user;
}

int scratch_count(void)
{
    int count = 0;
    walk(count_one, &count);
    return count;
}

int scratch_descriptors(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; ++fd)
        count += fcntl(fd, F_GETFD) >= 0;
    return count;
}
