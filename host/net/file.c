/*
 * Reading and replacing files through POSIX calls. Every call is checked, interrupted and partial
 * ones go on. The folder of a file that is written is opened once and all names are relative to it,
 * so that it cannot be exchanged half-way.
 */
#include "file.h"

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest single read or write: some systems refuse more than 2^31 - 1 bytes. */
#define MOST_AT_ONCE ((size_t)1 << 30)

/* "PATH: cannot WHAT: Permission denied". The reason is errno. */
static clcnn_status system_failed(clcnn_error *error, const char *path, const char *what)
{
    int reason = errno;
    char text[256];
    if (strerror_r(reason, text, sizeof text) != 0)
        snprintf(text, sizeof text, "error %d", reason);
    return CLCNN__FAIL(error, CLCNN_BAD_FILE, "%.600s: cannot %s: %s", path, what, text);
}

/* ---- Reading --------------------------------------------------------------------------------- */

clcnn_status clcnn__input_open(const char *path, clcnn__input *in, clcnn_error *error)
{
    struct stat info;
    /* O_NONBLOCK: opening a pipe that nobody writes to would wait for ever */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return system_failed(error, path, "open it");
    clcnn_status status = CLCNN_SUCCESS;
    if (fstat(fd, &info) != 0)
        status = system_failed(error, path, "ask for its size");
    else if (!S_ISREG(info.st_mode))
        status = CLCNN__FAIL(error, CLCNN_BAD_FILE, "%.600s is %s, not a regular file", path,
                             S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket");
    if (status != CLCNN_SUCCESS) {
        close(fd);
        return status;
    }
    *in = (clcnn__input){.path = path, .fd = fd, .size = (uint64_t)info.st_size};
    return CLCNN_SUCCESS;
}

void clcnn__input_close(clcnn__input *in)
{
    close(in->fd);
    in->fd = -1;
}

clcnn_status clcnn__input_some(const clcnn__input *in, void *data, size_t size, size_t *got,
                               clcnn_error *error)
{
    char *to = data;
    size_t done = 0;
    while (done < size) {
        size_t want = size - done < MOST_AT_ONCE ? size - done : MOST_AT_ONCE;
        ssize_t n = read(in->fd, to + done, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return system_failed(error, in->path, "read it");
        if (n == 0)
            break;
        done += (size_t)n;
    }
    *got = done;
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__input_read(const clcnn__input *in, void *data, size_t size, clcnn_error *error)
{
    size_t got = 0;
    clcnn_status status = clcnn__input_some(in, data, size, &got, error);
    if (status == CLCNN_SUCCESS && got < size)
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "%.600s became shorter while it was read: %zu bytes where %zu were",
                           in->path, got, size);
    return status;
}

/* ---- Replacing ------------------------------------------------------------------------------- */

/* Where a new file comes to be. */
typedef struct target {
    const char *path;
    const char *base; /* last part of path */
    int folder;       /* descriptor of its folder */
    char *temporary;  /* name of the new file in that folder until it is renamed */
    int fd;           /* the new file */
    int lock;         /* a second descriptor of it, which keeps it locked */
    bool created;     /* `temporary` is there and has to go if something fails */
    bool exists;      /* there is an old file */
    mode_t mode;      /* of the old file */
} target;

static clcnn_status open_folder(target *t, clcnn_error *error)
{
    const char *slash = strrchr(t->path, '/');
    t->base = slash ? slash + 1 : t->path;
    if (!strcmp(t->base, "") || !strcmp(t->base, ".") || !strcmp(t->base, ".."))
        return CLCNN__FAIL(error, CLCNN_BAD_FILE, "\"%.600s\" names a folder, not a file", t->path);
    /* "/name" lies in "/", "name" in "." */
    size_t length = slash ? (size_t)(slash - t->path) : 0;
    char *folder = slash && length == 0 ? strdup("/")
                   : slash              ? strndup(t->path, length)
                                        : strdup(".");
    if (!folder)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the name of a folder");
    t->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    return t->folder < 0 ? system_failed(error, t->path, "open the folder for it") : CLCNN_SUCCESS;
}

/* Refuses to put a file in the place of anything but a file that the user may write to. */
static clcnn_status look_at_old(target *t, clcnn_error *error)
{
    struct stat info;
    if (fstatat(t->folder, t->base, &info, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? CLCNN_SUCCESS : system_failed(error, t->path, "look at it");
    if (S_ISLNK(info.st_mode))
        return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                           "%.600s is a symbolic link; give the name of the file itself", t->path);
    if (!S_ISREG(info.st_mode))
        return CLCNN__FAIL(error, CLCNN_BAD_FILE, "%.600s is %s and cannot become a file", t->path,
                           S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket");
    if (faccessat(t->folder, t->base, W_OK, AT_EACCESS) != 0)
        return system_failed(error, t->path, "write to it");
    t->exists = true;
    t->mode = info.st_mode & 0777;
    return CLCNN_SUCCESS;
}

/*
 * A temporary file is locked from its creation until it has been renamed. So one that can be locked
 * from elsewhere, and still goes by its name then, was left by a process that died.
 */
static void remove_dead(const target *t)
{
    struct stat opened, named;
    int fd = openat(t->folder, t->temporary, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 &&
        fstatat(t->folder, t->temporary, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        opened.st_ino == named.st_ino && opened.st_dev == named.st_dev)
        (void)unlinkat(t->folder, t->temporary, 0);
    close(fd);
}

/*
 * Creates the temporary file under the name that t->temporary holds. Returns 1 on success, 0 when
 * the name is in use or has just been made free, -1 on failure (errno).
 */
static int create_temporary(target *t)
{
    struct stat info;
    int fd =
        openat(t->folder, t->temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 && errno != EEXIST)
        return -1;
    if (fd < 0) {
        remove_dead(t);
        return 0;
    }
    /* Another process may have locked it first, to remove it. Where there are no locks at all, the
     * error is another one, and nobody removes anything. */
    if ((flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) || fstat(fd, &info) != 0 ||
        info.st_nlink == 0) {
        close(fd);
        return 0;
    }
    t->fd = fd;
    t->lock = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return 1;
}

static clcnn_status open_temporary(target *t, clcnn_error *error)
{
    size_t size = strlen(t->base) + sizeof ".clcnn-tmp0";
    t->temporary = malloc(size);
    if (!t->temporary)
        return CLCNN__FAIL(error, CLCNN_OUT_OF_MEMORY, "no memory for the name of a file");
    /* each name twice: the first try may only have removed what lay there */
    for (int i = 0; i < 20; ++i) {
        snprintf(t->temporary, size, "%s.clcnn-tmp%d", t->base, i / 2);
        int result = create_temporary(t);
        t->created = result > 0;
        if (result > 0)
            return CLCNN_SUCCESS;
        if (result < 0)
            return system_failed(error, t->path, "make a new file beside it");
    }
    return CLCNN__FAIL(error, CLCNN_BAD_FILE,
                       "%.600s: the names %.200s.clcnn-tmp0 to 9 beside it are all in use", t->path,
                       t->base);
}

static clcnn_status write_pieces(target *t, const clcnn__piece *pieces, size_t count,
                                 clcnn_error *error)
{
    for (size_t i = 0; i < count; ++i) {
        const char *from = pieces[i].data;
        size_t left = pieces[i].size;
        while (left > 0) {
            ssize_t n = write(t->fd, from, left < MOST_AT_ONCE ? left : MOST_AT_ONCE);
            if (n < 0 && errno == EINTR)
                continue;
            if (n < 0)
                return system_failed(error, t->path, "write the new file");
            from += n;
            left -= (size_t)n;
        }
    }
    return CLCNN_SUCCESS;
}

/* Brings the new file to disk and into its place. */
static clcnn_status settle(target *t, clcnn_error *error)
{
    if (t->exists && fchmod(t->fd, t->mode) != 0)
        return system_failed(error, t->path, "give the new file the old one's rights");
    while (fsync(t->fd) != 0)
        if (errno != EINTR)
            return system_failed(error, t->path, "bring the new file to disk");
    int closed = close(t->fd); /* t->lock still keeps it from being taken for a dead process's */
    t->fd = -1;
    if (closed != 0 && errno != EINTR)
        return system_failed(error, t->path, "close the new file");
    if (renameat(t->folder, t->temporary, t->folder, t->base) != 0)
        return system_failed(error, t->path, "put the new file in its place");
    t->created = false;
    /* EINVAL: a file system that has no such thing for folders */
    while (fsync(t->folder) != 0)
        if (errno == EINVAL)
            break;
        else if (errno != EINTR)
            return system_failed(error, t->path, "bring its folder to disk");
    return CLCNN_SUCCESS;
}

clcnn_status clcnn__file_replace(const char *path, const clcnn__piece *pieces, size_t count,
                                 clcnn_error *error)
{
    target t = {.path = path, .folder = -1, .fd = -1, .lock = -1};
    clcnn_status status = open_folder(&t, error);
    if (status == CLCNN_SUCCESS)
        status = look_at_old(&t, error);
    if (status == CLCNN_SUCCESS)
        status = open_temporary(&t, error);
    if (status == CLCNN_SUCCESS)
        status = write_pieces(&t, pieces, count, error);
    if (status == CLCNN_SUCCESS)
        status = settle(&t, error);
    if (t.created)
        (void)unlinkat(t.folder, t.temporary, 0);
    const int descriptors[] = {t.fd, t.lock, t.folder};
    for (int i = 0; i < 3; ++i)
        if (descriptors[i] >= 0)
            close(descriptors[i]);
    free(t.temporary);
    return status;
}
