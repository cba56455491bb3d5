noinst_LTLIBRARIES += lib/ct/libct.la
lib_ct_libct_la_SOURCES =
