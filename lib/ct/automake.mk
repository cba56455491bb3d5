noinst_LIBRARIES += lib/ct/libct.a
lib_ct_libct_a_SOURCES = \
	lib/ct/ct-private.h \
	lib/ct/ct.c lib/ct/ct.h \
	lib/ct/ct_adopt.c \
	lib/ct/ct_arena-private.h lib/ct/ct_arena.c \
	lib/ct/ct_bucket-private.h \
	lib/ct/ct_burst.c lib/ct/ct_burst.h \
	lib/ct/ct_busy.c lib/ct/ct_busy.h \
	lib/ct/ct_conn-private.h \
	lib/ct/ct_event-private.h lib/ct/ct_event.c lib/ct/ct_event.h \
	lib/ct/ct_extract.c \
	lib/ct/ct_filter.c \
	lib/ct/ct_frag-private.h lib/ct/ct_frag.c lib/ct/ct_frag.h \
	lib/ct/ct_info.c lib/ct/ct_info.h \
	lib/ct/ct_info_json.c \
	lib/ct/ct_info_text.c \
	lib/ct/ct_index.c lib/ct/ct_index.h \
	lib/ct/ct_kept-private.h lib/ct/ct_kept.c lib/ct/ct_migrate.c \
	lib/ct/ct_known-private.h \
	lib/ct/ct_limit.c \
	lib/ct/ct_other.c \
	lib/ct/ct_proto-private.h \
	lib/ct/ct_room.c lib/ct/ct_room.h \
	lib/ct/ct_sctp.c lib/ct/ct_sctp_states.def \
	lib/ct/ct_slot.c \
	lib/ct/ct_store.h \
	lib/ct/ct_table-private.h lib/ct/ct_table.c \
	lib/ct/ct_tag-private.h lib/ct/ct_tag.c \
	lib/ct/ct_tcp.c lib/ct/ct_tcp_states.def \
	lib/ct/ct_timeout.c lib/ct/ct_timeout.h lib/ct/ct_timeouts.def \
	lib/ct/ct_alg-private.h lib/ct/ct_alg.c lib/ct/ct_expect.c lib/ct/ct_expected.c lib/ct/ct_expected.h lib/ct/ct_ftp.c lib/ct/ct_relate.c \
	lib/ct/ct_nat-private.h lib/ct/ct_nat.c \
	lib/ct/ct_nat_pick.c \
	lib/ct/ct_twin.c \
	lib/ct/ct_whole.c \
	lib/ct/ct_zone-private.h lib/ct/ct_zone.c lib/ct/ct_zone.h
