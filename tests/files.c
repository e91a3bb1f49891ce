/*
 * Replacing a file: what may not be replaced, failures in the middle, processes that die in the
 * middle, and several at once. Whatever happens, the file is the old one or the new one, whole.
 */
#include "file.h"

#include "harness.h"
#include "scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LONG = 300000 };
static const char old[] = "the old contents";

/* LONG bytes, all the same letter; two of them in turn. */
static const char *letters(char letter)
{
    static char text[2][LONG];
    static int next;
    return memset(text[next++ % 2], letter, LONG);
}

static clcnn_status replace(const char *path, const char *data, size_t size, clcnn_error *error)
{
    /* in three pieces, one of them empty */
    const clcnn__piece pieces[] = {{data, size / 3}, {NULL, 0}, {data + size / 3, size - size / 3}};
    *error = (clcnn_error){.message = ""};
    return clcnn__file_replace(path, pieces, 3, error);
}

/* A replacement that must fail and leave the folder as it was. */
static void expect_failure(const char *what, const char *path, const char *piece)
{
    clcnn_error error;
    int files = scratch_count(), descriptors = scratch_descriptors();
    clcnn_status status = replace(path, letters('n'), LONG, &error);
    CHECK(status == CLCNN_BAD_FILE, "%s: status %s", what, clcnn_status_name(status));
    CHECK(strstr(error.message, piece) != NULL, "%s: \"%s\" is not in \"%s\"", what, piece,
          error.message);
    CHECK(scratch_count() == files, "%s: %d files, %d before", what, scratch_count(), files);
    CHECK(scratch_descriptors() == descriptors, "%s: %d descriptors, %d before", what,
          scratch_descriptors(), descriptors);
}

static void a_file_is_made_and_replaced(void)
{
    clcnn_error error;
    struct stat info;
    scratch_begin();
    int descriptors = scratch_descriptors();
    mode_t mask = umask(027);
    CHECK(replace(scratch_path("f"), old, sizeof old, &error) == CLCNN_SUCCESS, "%s",
          error.message);
    CHECK(scratch_equals("f", old, sizeof old), "other contents");
    CHECK(stat(scratch_path("f"), &info) == 0 && (info.st_mode & 0777) == 0640, "mode %o",
          (unsigned)info.st_mode);
    CHECK(chmod(scratch_path("f"), 0604) == 0, "%s", strerror(errno));
    CHECK(replace(scratch_path("f"), letters('n'), LONG, &error) == CLCNN_SUCCESS, "%s",
          error.message);
    CHECK(scratch_equals("f", letters('n'), LONG), "other contents");
    CHECK(stat(scratch_path("f"), &info) == 0 && (info.st_mode & 0777) == 0604,
          "mode %o, not the old one", (unsigned)info.st_mode);
    CHECK(replace(scratch_path("f"), "", 0, &error) == CLCNN_SUCCESS, "%s", error.message);
    CHECK(scratch_equals("f", "", 0), "not empty");
    CHECK(scratch_count() == 1, "%d files", scratch_count());
    CHECK(scratch_descriptors() == descriptors, "descriptors stay open");
    umask(mask);
    scratch_end();
}

/* A name without a folder is one in the current folder. */
static void a_name_alone_is_enough(void)
{
    clcnn_error error;
    scratch_begin();
    int here = open(".", O_RDONLY | O_DIRECTORY);
    CHECK(here >= 0 && chdir(scratch_path(".")) == 0, "%s", strerror(errno));
    CHECK(replace("f", old, sizeof old, &error) == CLCNN_SUCCESS, "%s", error.message);
    CHECK(scratch_equals("f", old, sizeof old), "other contents");
    CHECK(fchdir(here) == 0, "%s", strerror(errno));
    close(here);
    scratch_end();
}

static void strange_targets_are_refused(void)
{
    char name[NAME_MAX + 2];
    scratch_begin();
    scratch_write("f", old, sizeof old);
    CHECK(mkdir(scratch_path("folder"), 0755) == 0, "%s", strerror(errno));
    CHECK(symlink("f", scratch_path("link")) == 0, "%s", strerror(errno));
    CHECK(symlink("nothing", scratch_path("dangling")) == 0, "%s", strerror(errno));
    CHECK(mkfifo(scratch_path("pipe"), 0600) == 0, "%s", strerror(errno));
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    expect_failure("a folder", scratch_path("folder"), "is a folder and cannot become a file");
    expect_failure("a folder's name", scratch_path("folder/"), "names a folder, not a file");
    expect_failure("the folder itself", scratch_path("folder/."), "names a folder");
    expect_failure("the folder above", scratch_path("folder/.."), "names a folder");
    expect_failure("nothing", "", "names a folder");
    expect_failure("a link", scratch_path("link"), "is a symbolic link");
    expect_failure("a dangling link", scratch_path("dangling"), "is a symbolic link");
    expect_failure("a pipe", scratch_path("pipe"), "is a device, pipe or socket");
    expect_failure("a device", "/dev/null", "is a device, pipe or socket");
    expect_failure("no folder", scratch_path("none/f"), "No such file or directory");
    expect_failure("a file as folder", scratch_path("f/f"), "Not a directory");
    expect_failure("a long name", scratch_path(name), "File name too long");
    CHECK(scratch_equals("f", old, sizeof old), "the file was changed");
    scratch_end();
}

/* root may do everything, so the test becomes somebody else for a moment. */
static void rights_are_respected(void)
{
    bool root = geteuid() == 0;
    uid_t nobody = 65534;
    scratch_begin();
    scratch_write("f", old, sizeof old);
    CHECK(chmod(scratch_path("f"), 0444) == 0, "%s", strerror(errno));
    if (root)
        CHECK(chown(scratch_path("."), nobody, (gid_t)-1) == 0 && seteuid(nobody) == 0, "%s",
              strerror(errno));
    expect_failure("a file for reading", scratch_path("f"),
                   "cannot write to it: Permission denied");
    CHECK(chmod(scratch_path("."), 0555) == 0, "%s", strerror(errno));
    expect_failure("a folder for reading", scratch_path("g"),
                   "cannot make a new file beside it: Permission denied");
    CHECK(chmod(scratch_path("."), 0755) == 0, "%s", strerror(errno));
    if (root)
        CHECK(seteuid(0) == 0, "%s", strerror(errno));
    CHECK(scratch_equals("f", old, sizeof old), "the file was changed");
    scratch_end();
}

/* A limit on the size of files stands for a disk that is full. */
static void a_full_disk_changes_nothing(void)
{
    static const rlim_t limits[] = {0, 1, LONG / 3, LONG / 3 + 1, LONG - 1};
    struct rlimit all, limit;
    scratch_begin();
    scratch_write("f", old, sizeof old);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    CHECK(getrlimit(RLIMIT_FSIZE, &all) == 0, "%s", strerror(errno));
    limit = all;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
        limit.rlim_cur = limits[i];
        CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0, "%s", strerror(errno));
        expect_failure("full", scratch_path("f"), "cannot write the new file: File too large");
        expect_failure("full", scratch_path("g"), "cannot write the new file: File too large");
        CHECK(setrlimit(RLIMIT_FSIZE, &all) == 0, "%s", strerror(errno));
        CHECK(scratch_equals("f", old, sizeof old), "limit %d: the file was changed", (int)i);
    }
    signal(SIGXFSZ, handler);
    scratch_end();
}

/* ---- Processes that die ---------------------------------------------------------------------- */

/* Runs `work` in a process of its own. */
static pid_t start(void (*work)(int), int argument)
{
    pid_t child = fork();
    if (child == 0) {
        work(argument);
        _exit(0);
    }
    CHECK(child > 0, "%s", strerror(errno));
    return child;
}

static void write_within(int limit)
{
    struct rlimit most = {(rlim_t)limit, (rlim_t)limit}, none = {0, 0};
    clcnn_error error;
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_FSIZE, &most);
    signal(SIGXFSZ, SIG_DFL); /* kills the process */
    replace(scratch_path("f"), letters('n'), LONG, &error);
}

static void a_killed_process_leaves_the_old_file(void)
{
    static const int limits[] = {0, 1, LONG / 3 + 1, LONG - 1};
    clcnn_error error;
    scratch_begin();
    scratch_write("f", old, sizeof old);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; ++i) {
        int status = 0;
        pid_t child = start(write_within, limits[i]);
        CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
                  WTERMSIG(status) == SIGXFSZ,
              "limit %d: status %d", limits[i], status);
        CHECK(scratch_equals("f", old, sizeof old), "limit %d: the file was changed", limits[i]);
        CHECK(access(scratch_path("f.clcnn-tmp0"), F_OK) == 0, "it did not die in the middle");
    }
    /* the same name again and again: each found what the one before had left */
    CHECK(scratch_count() == 2, "%d files", scratch_count());
    CHECK(replace(scratch_path("f"), letters('n'), LONG, &error) == CLCNN_SUCCESS, "%s",
          error.message);
    CHECK(scratch_equals("f", letters('n'), LONG), "other contents");
    CHECK(scratch_count() == 1, "what dead processes left is still there");
    scratch_end();
}

/* Writes one of two contents after the other until it is killed. */
static void write_for_ever(int which)
{
    clcnn_error error;
    for (;;)
        replace(scratch_path("f"), letters(which++ % 2 ? 'a' : 'b'), LONG, &error);
}

/* Looks once: the next moment it may be the other one. */
static void expect_a_or_b(void)
{
    size_t size = 0;
    unsigned char *data = scratch_read("f", &size);
    if (CHECK(data && size == LONG, "%zu bytes", size)) {
        CHECK(data[0] == 'a' || data[0] == 'b', "it begins with byte %d", data[0]);
        CHECK(memcmp(data, data + 1, LONG - 1) == 0, "the file is a mixture");
    }
    free(data);
}

static void killed_at_any_moment(void)
{
    clcnn_error error;
    scratch_begin();
    scratch_write("f", letters('a'), LONG);
    for (int i = 0; i < 40; ++i) {
        struct timespec pause = {.tv_nsec = 200000L + 173000L * i};
        pid_t child = start(write_for_ever, i);
        nanosleep(&pause, NULL);
        CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child, "%s", strerror(errno));
        expect_a_or_b();
        CHECK(scratch_count() <= 2, "%d files", scratch_count());
    }
    CHECK(replace(scratch_path("f"), letters('a'), LONG, &error) == CLCNN_SUCCESS, "%s",
          error.message);
    CHECK(scratch_count() == 1, "%d files", scratch_count());
    scratch_end();
}

/* Ends with status 1 when one of its replacements fails. */
static void write_often(int which)
{
    clcnn_error error;
    for (int i = 0; i < 60; ++i)
        if (replace(scratch_path("f"), letters(which % 2 ? 'a' : 'b'), LONG, &error) !=
            CLCNN_SUCCESS) {
            fprintf(stderr, "writer %d: %s\n", which, error.message);
            _exit(1);
        }
}

static void several_at_once(void)
{
    pid_t children[4];
    scratch_begin();
    scratch_write("f", letters('a'), LONG);
    for (int i = 0; i < 4; ++i)
        children[i] = start(write_often, i);
    for (int i = 0; i < 50; ++i)
        expect_a_or_b();
    for (int i = 0; i < 4; ++i) {
        int status = -1;
        CHECK(waitpid(children[i], &status, 0) == children[i] && status == 0,
              "writer %d ended with %d", i, status);
    }
    expect_a_or_b();
    CHECK(scratch_count() == 1, "%d files", scratch_count());
    scratch_end();
}

/* Names that somebody else holds are passed over; ten of them are enough. */
static void names_in_use(void)
{
    clcnn_error error;
    char name[32];
    scratch_begin();
    for (int i = 0; i < 10; ++i) {
        CHECK(replace(scratch_path("f"), old, sizeof old, &error) == CLCNN_SUCCESS, "%s",
              error.message);
        snprintf(name, sizeof name, "f.clcnn-tmp%d", i);
        CHECK(mkdir(scratch_path(name), 0755) == 0, "%s", strerror(errno));
    }
    expect_failure("all in use", scratch_path("f"), "are all in use");
    CHECK(scratch_equals("f", old, sizeof old), "the file was changed");
    scratch_end();
}

static const harness_test tests[] = {
    {"a file is made and replaced", a_file_is_made_and_replaced},
    {"a name alone is enough", a_name_alone_is_enough},
    {"strange targets are refused", strange_targets_are_refused},
    {"rights are respected", rights_are_respected},
    {"a full disk changes nothing", a_full_disk_changes_nothing},
    {"a killed process leaves the old file", a_killed_process_leaves_the_old_file},
    {"killed at any moment", killed_at_any_moment},
    {"several at once", several_at_once},
    {"names in use", names_in_use},
    {NULL, NULL}};

int main(void)
{
    return harness_run("files", tests);
}
