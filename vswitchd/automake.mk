# Programs of the daemon.  The configuration is an archive of its own, for its tests.
noinst_LTLIBRARIES += vswitchd/libconfig.la
vswitchd_libconfig_la_SOURCES = \
	vswitchd/config.c vswitchd/config.h vswitchd/config-private.h \
	vswitchd/config_commit.c \
	vswitchd/config_doc.c \
	vswitchd/config_ops.c \
	vswitchd/config_server.c vswitchd/config_server.h \
	vswitchd/config_store.c vswitchd/config_store.h \
	vswitchd/config_txn.c \
	vswitchd/config_view.c \
	vswitchd/config_where.c \
	vswitchd/datum.c vswitchd/datum.h \
	vswitchd/schema.c vswitchd/schema.h vswitchd/schema.def

sbin_PROGRAMS += vswitchd/sluice-vswitchd
vswitchd_sluice_vswitchd_SOURCES = \
	vswitchd/daemon.c vswitchd/daemon.h \
	vswitchd/main.c
vswitchd_sluice_vswitchd_LDADD = vswitchd/libconfig.la $(IO_LIBS) $(CAPNG_LIBS)
