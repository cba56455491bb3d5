# Unit tests of packet.
packet_tests = \
	tests/unit/test-compose \
	tests/unit/test-edit \
	tests/unit/test-edit-encap \
	tests/unit/test-gso \
	tests/unit/test-packet
check_PROGRAMS += $(packet_tests)
TESTS += $(packet_tests)

tests_unit_test_compose_SOURCES = tests/unit/test-compose.c tests/unit/packet-random.h
tests_unit_test_compose_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_compose_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)

tests_unit_test_packet_SOURCES = tests/unit/test-packet.c tests/unit/packet-random.h
tests_unit_test_packet_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_packet_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)

tests_unit_test_edit_SOURCES = tests/unit/test-edit.c tests/unit/packet-random.h
tests_unit_test_edit_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_edit_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)

tests_unit_test_edit_encap_SOURCES = tests/unit/test-edit-encap.c tests/unit/packet-random.h
tests_unit_test_edit_encap_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_edit_encap_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)

tests_unit_test_gso_SOURCES = tests/unit/test-gso.c tests/unit/packet-random.h
tests_unit_test_gso_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_gso_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)
