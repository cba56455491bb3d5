noinst_LTLIBRARIES += lib/dp/libdp.la
lib_dp_libdp_la_SOURCES =
