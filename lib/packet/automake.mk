noinst_LTLIBRARIES += lib/packet/libpacket.la
lib_packet_libpacket_la_SOURCES =
