noinst_LTLIBRARIES += ofp/libofp.la
ofp_libofp_la_SOURCES = \
	ofp/error.c ofp/error.h ofp/errors.def \
	ofp/msg.c ofp/msg.h ofp/messages.def
ofp_libofp_la_SOURCES += ofp/match.c ofp/match.h
ofp_libofp_la_SOURCES += ofp/tlv.c
