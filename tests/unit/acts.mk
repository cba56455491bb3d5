# Unit tests of acts.
ACTS_TESTS = tests/unit/test-act tests/unit/test-act-forms tests/unit/test-conn tests/unit/test-rconn
ACTS_TESTS += tests/unit/test-act-b
check_PROGRAMS += $(ACTS_TESTS)
TESTS += $(ACTS_TESTS)
tests_unit_test_act_SOURCES = tests/unit/test-act.c tests/unit/act-golden.def
tests_unit_test_act_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_act_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_act_forms_SOURCES = tests/unit/test-act-forms.c tests/unit/act-golden-a.def
tests_unit_test_act_forms_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_act_forms_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_act_b_SOURCES = tests/unit/test-act-b.c tests/unit/act-golden-b.def
tests_unit_test_act_b_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_act_b_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)
tests_unit_test_conn_SOURCES = tests/unit/test-conn.c tests/unit/conn-peer.h
tests_unit_test_conn_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_conn_LDADD = $(OFPROTO_LIBS) $(CMOCKA_LIBS)
tests_unit_test_rconn_SOURCES = tests/unit/test-rconn.c tests/unit/conn-peer.h
tests_unit_test_rconn_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_rconn_LDADD = $(OFPROTO_LIBS) $(CMOCKA_LIBS)

tests_bench_bench_codec_SOURCES = tests/bench/bench-codec.c
tests_bench_bench_codec_LDADD = $(OFP_LIBS)
