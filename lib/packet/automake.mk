noinst_LIBRARIES += lib/packet/libpacket.a
lib_packet_libpacket_a_SOURCES =
lib_packet_libpacket_a_SOURCES += lib/packet/compose.c lib/packet/compose.h
lib_packet_libpacket_a_SOURCES += lib/packet/csum.c lib/packet/csum.h
lib_packet_libpacket_a_SOURCES += lib/packet/edit.c lib/packet/edit_ip.c \
	lib/packet/edit_quoted.c lib/packet/edit.h lib/packet/edit-private.h \
	lib/packet/edit_encap.c lib/packet/edit_encap.h
lib_packet_libpacket_a_SOURCES += lib/packet/frag.c lib/packet/frag.h
lib_packet_libpacket_a_SOURCES += lib/packet/geneve_opt.c lib/packet/geneve_opt.h
lib_packet_libpacket_a_SOURCES += lib/packet/gso.c lib/packet/gso.h
lib_packet_libpacket_a_SOURCES += lib/packet/ip.c lib/packet/ip.h
lib_packet_libpacket_a_SOURCES += lib/packet/key.h lib/packet/key_pack.c lib/packet/key_pack.h
lib_packet_libpacket_a_SOURCES += lib/packet/packet.c lib/packet/packet.h
lib_packet_libpacket_a_SOURCES += lib/packet/tunnel.c lib/packet/tunnel.h lib/packet/tunnel_inner.c
lib_packet_libpacket_a_SOURCES += lib/packet/parse.c lib/packet/parse.h
lib_packet_libpacket_a_SOURCES += lib/packet/field.c lib/packet/field.h lib/packet/field-private.h
lib_packet_libpacket_a_SOURCES += lib/packet/field_bits.c
lib_packet_libpacket_a_SOURCES += lib/packet/field_index.c
lib_packet_libpacket_a_SOURCES += lib/packet/field_map.c lib/packet/field_map.h
lib_packet_libpacket_a_SOURCES += lib/packet/field_prereq.c
lib_packet_libpacket_a_SOURCES += lib/packet/field_tun.c
lib_packet_libpacket_a_SOURCES += lib/packet/fields.def lib/packet/protocols.def
lib_packet_libpacket_a_SOURCES += lib/packet/flow.c lib/packet/flow.h
lib_packet_libpacket_a_SOURCES += lib/packet/tlv_table.c lib/packet/tlv_table.h
