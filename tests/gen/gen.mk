# Samples of the language, made from the tables: a library for tests and fuzzers, and a program that writes them.
GEN = tests/gen/gen.h tests/gen/gen.c tests/gen/gen-fields.c tests/gen/gen-actions.c tests/gen/gen-messages.c \
	tests/gen/gen-recorded.c tests/gen/flow-mods.def tests/gen/requests.def tests/gen/rows.def tests/gen/known.def tests/gen/samples.h
EXTRA_DIST += tests/gen/flows.txt tests/gen/record.py
check_LIBRARIES = tests/gen/libgen.a
tests_gen_libgen_a_SOURCES = $(GEN) tests/gen/prop.h tests/gen/prop.c tests/gen/prop_mods.c $(MSG_AGAIN)
tests_gen_libgen_a_CFLAGS = $(AM_CFLAGS)

check_PROGRAMS += tests/gen/gen-samples
tests_gen_gen_samples_SOURCES = tests/gen/gen-samples.c
tests_gen_gen_samples_CFLAGS = $(AM_CFLAGS)
tests_gen_gen_samples_LDADD = tests/gen/libgen.a $(OFP_LIBS)

check_PROGRAMS += tests/unit/test-generated
TESTS += tests/unit/test-generated
tests_unit_test_generated_SOURCES = tests/unit/test-generated.c
tests_unit_test_generated_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_generated_LDADD = tests/gen/libgen.a $(OFP_LIBS) $(CMOCKA_LIBS)
