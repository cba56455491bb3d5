noinst_LTLIBRARIES += lib/packet/libpacket.la
lib_packet_libpacket_la_SOURCES =
lib_packet_libpacket_la_SOURCES += lib/packet/compose.c lib/packet/compose.h
lib_packet_libpacket_la_SOURCES += lib/packet/csum.c lib/packet/csum.h
lib_packet_libpacket_la_SOURCES += lib/packet/ip.c lib/packet/ip.h
lib_packet_libpacket_la_SOURCES += lib/packet/key.h
lib_packet_libpacket_la_SOURCES += lib/packet/packet.c lib/packet/packet.h
lib_packet_libpacket_la_SOURCES += lib/packet/parse.c lib/packet/parse.h
