/*
 * Ctrl-C (and SIGTERM) as a question that a long job asks now and then.
 */
#ifndef CLCNN_INTERRUPT_H
#define CLCNN_INTERRUPT_H

#include <stdbool.h>

/* From here on the first signal is only noted; the second one ends the program at once. Returns 0,
 * or an errno. To be called before anything starts a thread. */
int interrupt_catch(void);
/* Whether a signal has come. */
bool interrupt_came(void);

#endif
