noinst_LTLIBRARIES += lib/dp/libdp.la
lib_dp_libdp_la_SOURCES =
lib_dp_libdp_la_SOURCES += lib/dp/action.c lib/dp/action.h lib/dp/actions.def
lib_dp_libdp_la_SOURCES += lib/dp/user/exec.c lib/dp/user/exec.h
