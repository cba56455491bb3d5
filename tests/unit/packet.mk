# Unit tests of packet.
check_PROGRAMS += tests/unit/test-packet
TESTS += tests/unit/test-packet
tests_unit_test_packet_SOURCES = tests/unit/test-packet.c
tests_unit_test_packet_CFLAGS = $(AM_CFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_packet_LDADD = $(PACKET_LIBS) $(CMOCKA_LIBS)
