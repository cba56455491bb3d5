# Unit tests of ct.
ct_tests = \
	tests/unit/test-ct \
	tests/unit/test-ct-alg \
	tests/unit/test-ct-alg-nat \
	tests/unit/test-ct-burst \
	tests/unit/test-ct-nat \
	tests/unit/test-ct-nat-pick \
	tests/unit/test-ct-adopt \
	tests/unit/test-ct-adopt-nat \
	tests/unit/test-ct-event \
	tests/unit/test-ct-index \
	tests/unit/test-ct-frag \
	tests/unit/test-ct-room \
	tests/unit/test-ct-sctp \
	tests/unit/test-ct-table \
	tests/unit/test-ct-tcp \
	tests/unit/test-ct-text \
	tests/unit/test-ct-zone \
	tests/unit/test-ct-flood
check_PROGRAMS += $(ct_tests) tests/unit/ct-replay
TESTS += $(ct_tests)

tests_unit_test_ct_SOURCES = tests/unit/test-ct.c tests/unit/ct-frames.h
tests_unit_test_ct_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_alg_SOURCES = tests/unit/test-ct-alg.c tests/unit/ct-ftp.h tests/unit/ct-frames.h tests/unit/ct-memstore.h tests/unit/ct-nat.h
tests_unit_test_ct_alg_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_alg_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_alg_nat_SOURCES = tests/unit/test-ct-alg-nat.c tests/unit/ct-ftp.h tests/unit/ct-frames.h tests/unit/ct-nat.h
tests_unit_test_ct_alg_nat_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_alg_nat_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_burst_SOURCES = tests/unit/test-ct-burst.c tests/unit/ct-frames.h
tests_unit_test_ct_burst_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_burst_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_nat_SOURCES = tests/unit/test-ct-nat.c tests/unit/ct-frames.h tests/unit/ct-nat.h
tests_unit_test_ct_nat_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_nat_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_nat_pick_SOURCES = tests/unit/test-ct-nat-pick.c tests/unit/ct-frames.h tests/unit/ct-nat.h
tests_unit_test_ct_nat_pick_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_nat_pick_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_adopt_SOURCES = tests/unit/test-ct-adopt.c tests/unit/ct-frames.h tests/unit/ct-memstore.h
tests_unit_test_ct_adopt_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_adopt_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_index_SOURCES = tests/unit/test-ct-index.c tests/unit/ct-frames.h tests/unit/ct-memstore.h
tests_unit_test_ct_index_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_index_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_room_SOURCES = tests/unit/test-ct-room.c tests/unit/ct-frames.h tests/unit/ct-memstore.h
tests_unit_test_ct_room_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_room_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_adopt_nat_SOURCES = tests/unit/test-ct-adopt-nat.c tests/unit/ct-frames.h tests/unit/ct-nat.h \
	tests/unit/ct-memstore.h
tests_unit_test_ct_adopt_nat_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_adopt_nat_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_frag_SOURCES = tests/unit/test-ct-frag.c tests/unit/ct-frames.h
tests_unit_test_ct_frag_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_frag_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_sctp_SOURCES = tests/unit/test-ct-sctp.c tests/unit/ct-frames.h
tests_unit_test_ct_sctp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_sctp_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_table_SOURCES = tests/unit/test-ct-table.c tests/unit/ct-frames.h
tests_unit_test_ct_table_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_table_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_tcp_SOURCES = tests/unit/test-ct-tcp.c tests/unit/ct-frames.h
tests_unit_test_ct_tcp_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_tcp_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_text_SOURCES = tests/unit/test-ct-text.c tests/unit/ct-frames.h
tests_unit_test_ct_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_text_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_flood_SOURCES = tests/unit/test-ct-flood.c tests/bench/ct-conns.h
tests_unit_test_ct_flood_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_flood_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_zone_SOURCES = tests/unit/test-ct-zone.c tests/unit/ct-frames.h
tests_unit_test_ct_zone_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_zone_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

tests_unit_test_ct_event_SOURCES = tests/unit/test-ct-event.c tests/unit/ct-frames.h
tests_unit_test_ct_event_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ct_event_LDADD = $(CT_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/model/ct-lines
TESTS += tests/check-model.sh
EXTRA_DIST += tests/check-model.sh tests/model/tracker.py tests/model/model.py tests/model/packets.py tests/model/sctp.py tests/model/traffic.py
# A million packets of each; MODEL_KINDS chooses.
MODEL_KINDS = tcp udp icmp sctp udplite dccp gre other ftp tftp chain frag
check-model: tests/model/ct-lines
	for kind in $(MODEL_KINDS); do \
	  $(PYTHON3) -S '$(srcdir)/tests/model/tracker.py' tests/model/ct-lines -k $$kind -n 50000 `seq -s ' ' -f '-s %g' 101 120` || exit; \
	done
.PHONY: check-model
tests_model_ct_lines_SOURCES = tests/model/ct-lines.c
tests_model_ct_lines_LDADD = $(CT_LIBS)

tests_unit_ct_replay_SOURCES = tests/unit/ct-replay.c
tests_unit_ct_replay_LDADD = $(CT_LIBS)

tests_bench_bench_ct_SOURCES = tests/bench/bench-ct.c tests/bench/ct-conns.h
tests_bench_bench_ct_LDADD = $(CT_LIBS)
tests_bench_bench_conntrack_SOURCES = tests/bench/bench-conntrack.c tests/bench/ct-conns.h
tests_bench_bench_conntrack_LDADD = $(CT_LIBS)

tests_bench_bench_ct_store_SOURCES = tests/bench/bench-ct-store.c tests/unit/ct-memstore.h
tests_bench_bench_ct_store_LDADD = $(CT_LIBS)
