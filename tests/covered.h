/* Which functions of a library a test has called with bad arguments; held against its symbols. */
#ifndef COVERED_H
#define COVERED_H

/* Notes that a function has been covered; any number of times. */
void cover(const char *name);
/* Whatever the library (a file) exports was covered, and nothing else. Comes last. */
void check_all_covered(const char *library, const char *test);

#endif
