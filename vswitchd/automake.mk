# Programs of the daemon.  The configuration is an archive of its own, for its tests.
noinst_LIBRARIES += vswitchd/libconfig.a
vswitchd_libconfig_a_SOURCES = \
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
	vswitchd/apply.c vswitchd/apply.h vswitchd/apply-private.h vswitchd/apply_ipfix.c vswitchd/apply_mirror.c vswitchd/apply_qos.c vswitchd/apply_table.c vswitchd/apply_tls.c vswitchd/apply_zone.c \
	vswitchd/apply_port.c \
	vswitchd/apply_status.c \
	vswitchd/commands.h vswitchd/commands-private.h \
	vswitchd/commands_bridge.c \
	vswitchd/commands_ct.c \
	vswitchd/commands_ct_events.c \
	vswitchd/commands_ct_frags.c \
	vswitchd/commands_ct_limits.c \
	vswitchd/commands_ct_revalidate.c \
	vswitchd/commands_dpctl.c \
	vswitchd/commands_dpctl_flows.c \
	vswitchd/commands_dpctl_show.c \
	vswitchd/commands_dummy.c \
	vswitchd/commands_trace.c \
	vswitchd/datapaths.c vswitchd/datapaths.h \
	vswitchd/handover.c vswitchd/handover.h \
	vswitchd/main.c \
	vswitchd/user.c vswitchd/user.h
vswitchd_sluice_vswitchd_LDADD = vswitchd/libconfig.a dpctl/libdpctl.a $(OFPROTO_LIBS) $(CAPNG_LIBS)
