# Unit tests of fields.
check_PROGRAMS += tests/unit/test-field
TESTS += tests/unit/test-field
tests_unit_test_field_SOURCES = tests/unit/test-field.c tests/unit/field-facts.h
tests_unit_test_field_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_field_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-match
TESTS += tests/unit/test-match
tests_unit_test_match_SOURCES = tests/unit/test-match.c tests/unit/test-match-util.h
tests_unit_test_match_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_match_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-match-text
TESTS += tests/unit/test-match-text
tests_unit_test_match_text_SOURCES = tests/unit/test-match-text.c tests/unit/test-match-util.h tests/unit/match-samples.h
tests_unit_test_match_text_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_match_text_LDADD = $(OFP_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/unit/test-tun
TESTS += tests/unit/test-tun
tests_unit_test_tun_SOURCES = tests/unit/test-tun.c tests/unit/test-match-util.h
tests_unit_test_tun_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_tun_LDADD = $(OFPROTO_LIBS) $(CMOCKA_LIBS)
