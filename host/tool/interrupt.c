/*
 * Signals are blocked in every thread, and one thread of our own waits for them. A handler would
 * not do: OpenCL drivers that compile with LLVM put their own in its place, which deletes the
 * compiler's temporary files, and programs that they start (a linker) would die of the Ctrl-C. Both
 * make a kernel's build fail in the middle of what should end in order.
 */
#include "interrupt.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>

static atomic_bool came;

static void fill(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
}

static void *watch(void *unused)
{
    (void)unused;
    sigset_t signals;
    int number = 0;
    fill(&signals);
    sigwait(&signals, &number);
    atomic_store(&came, true);
    sigwait(&signals, &number);
    signal(number, SIG_DFL); /* a driver may have put a handler there */
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    raise(number);
    return NULL;
}

int interrupt_catch(void)
{
    sigset_t signals;
    pthread_t thread;
    fill(&signals);
    /* A shell's background job starts with SIGINT ignored; whoever sends one means it. */
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    int code = pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (code == 0)
        code = pthread_create(&thread, NULL, watch, NULL);
    return code == 0 ? pthread_detach(thread) : code;
}

bool interrupt_came(void)
{
    return atomic_load(&came);
}
