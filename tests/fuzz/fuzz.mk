# Mutated frames, against parser and tracker or a daemon's port; a short run is part of the tests.
check_PROGRAMS += tests/fuzz/fuzz-frames
TESTS += tests/fuzz/fuzz-frames
tests_fuzz_fuzz_frames_SOURCES = tests/fuzz/fuzz-frames.c tests/unit/packet-random.h
tests_fuzz_fuzz_frames_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_frames_LDADD = $(CT_LIBS)
