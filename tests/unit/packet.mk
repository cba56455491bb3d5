# Unit tests of packet.
packet_tests = \
	tests/unit/test-compose \
	tests/unit/test-packet
check_PROGRAMS += $(packet_tests)
TESTS += $(packet_tests)

tests_unit_test_compose_SOURCES = tests/unit/test-compose.c tests/unit/packet-random.h
tests_unit_test_compose_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_compose_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)

tests_unit_test_packet_SOURCES = tests/unit/test-packet.c tests/unit/packet-random.h
tests_unit_test_packet_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_packet_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)
