noinst_LTLIBRARIES += ofp/libofp.la
ofp_libofp_la_SOURCES =
