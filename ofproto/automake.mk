noinst_LTLIBRARIES += ofproto/libofproto.la
ofproto_libofproto_la_SOURCES =
