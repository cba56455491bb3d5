noinst_LTLIBRARIES += ofp/libofp.la
ofp_libofp_la_SOURCES = \
	ofp/error.c ofp/error.h ofp/errors.def \
	ofp/msg.c ofp/msg.h ofp/messages.def
ofp_libofp_la_SOURCES += ofp/match.c ofp/match.h
ofp_libofp_la_SOURCES += ofp/tlv.c
ofp_libofp_la_SOURCES += ofp/act.c ofp/act.h ofp/act-private.h ofp/actions.def
ofp_libofp_la_SOURCES += ofp/act_check.c ofp/act_codec.c ofp/act_ct.c ofp/act_ct_text.c
ofp_libofp_la_SOURCES += ofp/act_controller.c ofp/act_encap.c ofp/act_integer.c
ofp_libofp_la_SOURCES += ofp/act_learn.c ofp/act_learn_text.c
ofp_libofp_la_SOURCES += ofp/act_decode.c ofp/act_encode.c ofp/act_field.c ofp/act_format.c
ofp_libofp_la_SOURCES += ofp/act_parse.c ofp/act_parse_field.c ofp/act_port.c ofp/act_wire.c
ofp_libofp_la_SOURCES += ofp/flow_mod.c ofp/flow_mod.h ofp/flow_mod_text.c ofp/flow_stats.c
ofp_libofp_la_SOURCES += ofp/format.c ofp/format.h
ofp_libofp_la_SOURCES += ofp/msg_print.c ofp/msg_print.h ofp/msg_print_ext.c ofp/msg_print_flow.c
ofp_libofp_la_SOURCES += ofp/msg_print_group.c ofp/msg_print_queue.c ofp/msg_print_switch.c
ofp_libofp_la_SOURCES += ofp/msg_print_tables.c
ofp_libofp_la_SOURCES += ofp/packet_io.c ofp/packet_io.h ofp/packet_io_text.c ofp/packet_summary.c
ofp_libofp_la_SOURCES += ofp/port.c ofp/port.h
ofp_libofp_la_SOURCES += ofp/protocol.c ofp/protocol.h
ofp_libofp_la_SOURCES += ofp/switch.c ofp/switch.h ofp/table_features.c
ofp_libofp_la_SOURCES += ofp/field_flags.c ofp/field-text-private.h
ofp_libofp_la_SOURCES += ofp/field_format.c
ofp_libofp_la_SOURCES += ofp/field_parse.c
ofp_libofp_la_SOURCES += ofp/flow_format.c
ofp_libofp_la_SOURCES += ofp/match_format.c
ofp_libofp_la_SOURCES += ofp/match_parse.c
ofp_libofp_la_SOURCES += ofp/subfield_text.c
