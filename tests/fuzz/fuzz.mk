# Mutated frames, against parser and tracker or a daemon's port; a short run is part of the tests.
check_PROGRAMS += tests/fuzz/fuzz-frames
TESTS += tests/fuzz/fuzz-frames
tests_fuzz_fuzz_frames_SOURCES = tests/fuzz/fuzz-frames.c tests/unit/packet-random.h
tests_fuzz_fuzz_frames_CFLAGS = $(AM_CFLAGS)
tests_fuzz_fuzz_frames_LDADD = $(CT_LIBS)

# libFuzzer targets: always as programs that replay their corpus, in `make check`; `make fuzzers` (configured with
# CC=clang --enable-fuzzers) makes tests/fuzz/libfuzzer-*, which tests/fuzz/run-fuzzers.sh runs.
FUZZ_REPLAYS = tests/fuzz/fuzz-oxm tests/fuzz/fuzz-action tests/fuzz/fuzz-instruction tests/fuzz/fuzz-message tests/fuzz/fuzz-text \
	tests/fuzz/fuzz-frag tests/fuzz/fuzz-alg tests/fuzz/fuzz-conns tests/fuzz/fuzz-odp tests/fuzz/fuzz-ct
check_PROGRAMS += $(FUZZ_REPLAYS)
TESTS += tests/check-corpus.sh
FUZZ_MAIN = tests/fuzz/fuzz.h tests/fuzz/replay.c
tests_fuzz_fuzz_oxm_SOURCES = tests/fuzz/fuzz-oxm.c $(FUZZ_MAIN)
tests_fuzz_fuzz_oxm_LDADD = tests/gen/libgen.a $(OFP_LIBS)
tests_fuzz_fuzz_action_SOURCES = tests/fuzz/fuzz-action.c $(FUZZ_MAIN)
tests_fuzz_fuzz_action_LDADD = tests/gen/libgen.a $(OFP_LIBS)
tests_fuzz_fuzz_instruction_SOURCES = tests/fuzz/fuzz-instruction.c $(FUZZ_MAIN)
tests_fuzz_fuzz_instruction_LDADD = tests/gen/libgen.a $(OFP_LIBS)
tests_fuzz_fuzz_message_SOURCES = tests/fuzz/fuzz-message.c $(FUZZ_MAIN)
tests_fuzz_fuzz_message_LDADD = tests/gen/libgen.a $(OFP_LIBS)
tests_fuzz_fuzz_odp_SOURCES = tests/fuzz/fuzz-odp.c $(FUZZ_MAIN)
tests_fuzz_fuzz_odp_LDADD = lib/dp/libdp.a $(PACKET_LIBS)
tests_fuzz_fuzz_conns_SOURCES = tests/fuzz/fuzz-conns.c tests/unit/ct-memstore.h $(FUZZ_MAIN)
tests_fuzz_fuzz_conns_LDADD = $(CT_LIBS)
tests_fuzz_fuzz_ct_SOURCES = tests/fuzz/fuzz-ct.c $(FUZZ_MAIN)
tests_fuzz_fuzz_ct_LDADD = $(CT_LIBS)
tests_fuzz_fuzz_frag_SOURCES = tests/fuzz/fuzz-frag.c $(FUZZ_MAIN)
tests_fuzz_fuzz_frag_LDADD = $(CT_LIBS)
tests_fuzz_fuzz_alg_SOURCES = tests/fuzz/fuzz-alg.c $(FUZZ_MAIN)
tests_fuzz_fuzz_alg_LDADD = $(CT_LIBS)
tests_fuzz_fuzz_text_SOURCES = tests/fuzz/fuzz-text.c $(FUZZ_MAIN)
tests_fuzz_fuzz_text_LDADD = tests/gen/libgen.a $(OFP_LIBS)
EXTRA_DIST += tests/fuzz/run-fuzzers.sh tests/check-corpus.sh tests/fuzz/corpus/oxm.hex tests/fuzz/corpus/action.hex \
	tests/fuzz/corpus/instruction.hex tests/fuzz/corpus/message.hex tests/fuzz/corpus/text.hex \
	tests/fuzz/corpus/frag.hex tests/fuzz/corpus/alg.hex tests/fuzz/corpus/conns.hex tests/fuzz/corpus/odp.hex \
	tests/fuzz/corpus/ct.hex

if FUZZERS
LIBFUZZERS = tests/fuzz/libfuzzer-oxm tests/fuzz/libfuzzer-action tests/fuzz/libfuzzer-instruction \
	tests/fuzz/libfuzzer-message tests/fuzz/libfuzzer-text tests/fuzz/libfuzzer-frag tests/fuzz/libfuzzer-alg \
	tests/fuzz/libfuzzer-conns tests/fuzz/libfuzzer-odp tests/fuzz/libfuzzer-ct
EXTRA_PROGRAMS += $(LIBFUZZERS)
tests_fuzz_libfuzzer_oxm_SOURCES = tests/fuzz/fuzz-oxm.c
tests_fuzz_libfuzzer_oxm_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_oxm_LDADD = tests/gen/libgen.a $(OFP_LIBS)
tests_fuzz_libfuzzer_action_SOURCES = tests/fuzz/fuzz-action.c
tests_fuzz_libfuzzer_action_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_action_LDADD = tests/gen/libgen.a $(OFP_LIBS)
tests_fuzz_libfuzzer_instruction_SOURCES = tests/fuzz/fuzz-instruction.c
tests_fuzz_libfuzzer_instruction_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_instruction_LDADD = tests/gen/libgen.a $(OFP_LIBS)
tests_fuzz_libfuzzer_message_SOURCES = tests/fuzz/fuzz-message.c
tests_fuzz_libfuzzer_message_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_message_LDADD = tests/gen/libgen.a $(OFP_LIBS)
tests_fuzz_libfuzzer_conns_SOURCES = tests/fuzz/fuzz-conns.c tests/unit/ct-memstore.h
tests_fuzz_libfuzzer_conns_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_conns_LDADD = $(CT_LIBS)
tests_fuzz_libfuzzer_odp_SOURCES = tests/fuzz/fuzz-odp.c
tests_fuzz_libfuzzer_odp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_odp_LDADD = lib/dp/libdp.a $(PACKET_LIBS)
tests_fuzz_libfuzzer_ct_SOURCES = tests/fuzz/fuzz-ct.c
tests_fuzz_libfuzzer_ct_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_ct_LDADD = $(CT_LIBS)
tests_fuzz_libfuzzer_frag_SOURCES = tests/fuzz/fuzz-frag.c
tests_fuzz_libfuzzer_frag_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_frag_LDADD = $(CT_LIBS)
tests_fuzz_libfuzzer_alg_SOURCES = tests/fuzz/fuzz-alg.c
tests_fuzz_libfuzzer_alg_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_alg_LDADD = $(CT_LIBS)
tests_fuzz_libfuzzer_text_SOURCES = tests/fuzz/fuzz-text.c
tests_fuzz_libfuzzer_text_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_libfuzzer_text_LDADD = tests/gen/libgen.a $(OFP_LIBS)
fuzzers: $(LIBFUZZERS) tests/gen/gen-samples tests/unit/test-odp
else
fuzzers:
	@echo "configure with CC=clang --enable-fuzzers" >&2; exit 1
endif
.PHONY: fuzzers
