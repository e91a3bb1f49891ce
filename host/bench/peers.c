/*
 * Peers as processes. Each is a program in a folder of its own, that says who it is and then
 * answers a line of JSON with a line of JSON. In a process group of its own it is stopped and woken
 * as a whole; should this program die meanwhile, the system hangs up on the group.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

const bench_peer_kind bench_peer_kinds[] = {
    {"cpu", "our own kernels on a CPU device", "an OpenCL implementation for CPUs"},
    {"reference", "the scalar CPU reference, one thread", "nothing"},
    {"openblas", "im2col and sgemm", "libopenblas-dev"},
    {"onednn", "oneDNN on plain NCHW tensors, its reorders included", "libdnnl-dev"},
    {"clblast", "CLBlast's convolution, by OpenCL", "libclblast-dev"},
    {"pytorch", "PyTorch", "python3-torch"},
    {"onednn-new", "a newer oneDNN, in the same way", "`sh scripts/peers.sh`"},
    {"pytorch-new", "a newer PyTorch, in the same way", "`sh scripts/peers.sh`"},
    {"onnxruntime", "ONNX Runtime's convolution forward, its weights packed beforehand",
     "`sh scripts/peers.sh`"},
    {NULL, NULL, NULL}};

struct bench_peer {
    pid_t pid;
    FILE *to, *from;
    json_t *hello;
};

/* ---- Starting ----------------------------------------------------------------------------------
 */

/* Where the peers are: $CLCNN_PEERS, or beside this program in a build folder, or where they are
 * installed. */
static bool find_program(const char *name, char *path, size_t size)
{
    static const char *const places[] = {"bench/peers", "../libexec/clcnn", NULL};
    char folder[3072];
    const char *given = getenv("CLCNN_PEERS");
    if (given != NULL) {
        snprintf(path, size, "%s/%s", given, name);
        return access(path, X_OK) == 0;
    }
    const ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    folder[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        *slash = '\0';
    for (const char *const *place = places; *place != NULL; place++) {
        snprintf(path, size, "%s/%s/%s", folder, *place, name);
        if (access(path, X_OK) == 0)
            return true;
    }
    return false;
}

static int spawn(const char *path, const int in[2], const int out[2], pid_t *pid)
{
    char *argv[] = {(char *)(uintptr_t)path, NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, in[0], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, out[1], STDOUT_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    const int code = posix_spawn(pid, path, &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return code;
}

/* Pipes that no other peer inherits. */
static bool open_pipes(int in[2], int out[2])
{
    if (pipe(in) != 0)
        return false;
    if (pipe(out) != 0) {
        close(in[0]);
        close(in[1]);
        return false;
    }
    const int ends[] = {in[0], in[1], out[0], out[1]};
    for (int i = 0; i < 4; i++)
        fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    return true;
}

/* The next line as JSON; NULL at the end of the file or for what is no object. */
static json_t *read_line(bench_peer *peer)
{
    char *line = NULL;
    size_t room = 0;
    json_t *object = NULL;
    if (getline(&line, &room, peer->from) > 0)
        object = json_loads(line, 0, NULL);
    free(line);
    if (object != NULL && !json_is_object(object)) {
        json_decref(object);
        object = NULL;
    }
    return object;
}

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static bench_peer *launch(const char *path, char *why, size_t size)
{
    int in[2], out[2];
    bench_peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL || !open_pipes(in, out)) {
        snprintf(why, size, "no memory or no pipe for it: %s", strerror(errno));
        free(peer);
        return NULL;
    }
    signal(SIGPIPE, SIG_IGN); /* a peer that died is noticed by its silence */
    const int code = spawn(path, in, out, &peer->pid);
    close(in[0]);
    close(out[1]);
    peer->to = fdopen(in[1], "w");
    peer->from = fdopen(out[0], "r");
    if (code != 0)
        peer->pid = 0;
    if (code != 0 || peer->to == NULL || peer->from == NULL) {
        snprintf(why, size, "%s can't be run: %s", path, strerror(code != 0 ? code : errno));
        bench_peer_end(peer);
        return NULL;
    }
    return peer;
}

bench_peer *bench_peer_start(const bench_peer_kind *kind, char *why, size_t size)
{
    char path[4096];
    if (!find_program(kind->name, path, sizeof path)) {
        snprintf(why, size, "its program was not built; it needs %s", kind->needs);
        return NULL;
    }
    bench_peer *peer = launch(path, why, size);
    if (peer == NULL)
        return NULL;
    peer->hello = read_line(peer);
    const char *missing =
        peer->hello != NULL ? text_of(peer->hello, "missing") : "its program ended without a word";
    if (*missing != '\0') {
        snprintf(why, size, "%s; it needs %s", missing, kind->needs);
        bench_peer_end(peer);
        return NULL;
    }
    kill(-peer->pid, SIGSTOP);
    return peer;
}

void bench_peer_end(bench_peer *peer)
{
    if (peer == NULL)
        return;
    if (peer->to != NULL)
        fclose(peer->to); /* the end of its input is the end of its work */
    if (peer->pid > 0) {
        kill(-peer->pid, SIGCONT);
        waitpid(peer->pid, NULL, 0);
    }
    if (peer->from != NULL)
        fclose(peer->from);
    json_decref(peer->hello);
    free(peer);
}

const char *bench_peer_version(const bench_peer *peer)
{
    return text_of(peer->hello, "version");
}

const char *bench_peer_device(const bench_peer *peer)
{
    return text_of(peer->hello, "device");
}

/* ---- Asking ------------------------------------------------------------------------------------
 */

static bool write_line(bench_peer *peer, const bench_case *c, const char *direction, double seconds)
{
    json_t *line = bench_case_to_json(c, direction, seconds);
    const bool written = line != NULL && json_dumpf(line, peer->to, JSON_COMPACT) == 0 &&
                         fputc('\n', peer->to) != EOF && fflush(peer->to) == 0;
    json_decref(line);
    return written;
}

bool bench_peer_ask(bench_peer *peer, const bench_case *c, const char *direction, double seconds,
                    bench_answer *answer)
{
    *answer = (bench_answer){.checksum = NAN};
    kill(-peer->pid, SIGCONT);
    json_t *line = write_line(peer, c, direction, seconds) ? read_line(peer) : NULL;
    kill(-peer->pid, SIGSTOP);
    if (line == NULL) {
        snprintf(answer->note, sizeof answer->note, "its program ended without an answer");
        return false;
    }
    answer->ms = json_number_value(json_object_get(line, "ms"));
    const json_t *sum = json_object_get(line, "checksum");
    if (json_is_number(sum))
        answer->checksum = json_number_value(sum);
    snprintf(answer->algo, sizeof answer->algo, "%s", text_of(line, "algo"));
    snprintf(answer->note, sizeof answer->note, "%s", text_of(line, "note"));
    if (!(answer->ms > 0) && answer->note[0] == '\0')
        snprintf(answer->note, sizeof answer->note, "it gave neither a time nor a reason");
    json_decref(line);
    return true;
}
