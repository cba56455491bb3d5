# Unit tests of ofproto.
check_PROGRAMS += tests/unit/test-classifier tests/unit/test-table
TESTS += tests/unit/test-classifier tests/unit/test-table
tests_unit_test_classifier_SOURCES = tests/unit/test-classifier.c
tests_unit_test_classifier_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_classifier_LDADD = $(OFPROTO_LIBS) $(CMOCKA_LIBS)
tests_unit_test_table_SOURCES = tests/unit/test-table.c
tests_unit_test_table_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_table_LDADD = $(OFPROTO_LIBS) $(CMOCKA_LIBS)
