/*
 * Tests of arguments.c whose functions compute nothing, or whose arguments fit into none of its
 * tables. Each notes what it covers.
 */
#ifndef ARGUMENTS_REST_H
#define ARGUMENTS_REST_H

void test_names(void);
void test_algos(void);
void test_concat_arrays(void);
void test_schedules(void);
void test_devices(void);
void test_contexts(void);
void test_accessors(void);
void test_tuning(void);
void test_tuning_files(void);
void test_tuning_row(void);

#endif
