# Programs for people.

bin_PROGRAMS += utilities/sluice-vsctl
utilities_sluice_vsctl_SOURCES = \
	utilities/vsctl.c utilities/vsctl.h \
	utilities/vsctl_bridge.c \
	utilities/vsctl_db.c \
	utilities/vsctl_list.c \
	utilities/vsctl_model.c \
	utilities/vsctl_names.c \
	utilities/vsctl_show.c \
	utilities/vsctl_tls.c \
	utilities/vsctl_value.c \
	utilities/vsctl_zone.c
utilities_sluice_vsctl_LDADD = $(IO_LIBS)

bin_PROGRAMS += utilities/sluice-appctl
utilities_sluice_appctl_SOURCES = utilities/appctl.c utilities/ctlopts.c utilities/ctlopts.h utilities/ctlsock.c utilities/ctlsock.h
utilities_sluice_appctl_LDADD = $(IO_LIBS)

bin_PROGRAMS += utilities/sluice-dpctl
utilities_sluice_dpctl_SOURCES = utilities/dpctl.c utilities/ctlopts.c utilities/ctlopts.h utilities/ctlsock.c utilities/ctlsock.h
utilities_sluice_dpctl_LDADD = dpctl/libdpctl.a $(OFP_LIBS) $(DP_LIBS)

bin_PROGRAMS += utilities/sluice-ofctl
utilities_sluice_ofctl_SOURCES = utilities/ofctl.c utilities/ofctl.h
utilities_sluice_ofctl_SOURCES += utilities/names.c utilities/names.h
utilities_sluice_ofctl_SOURCES += utilities/ofconn.c utilities/ofconn.h utilities/ofconn_tls.c utilities/ofconn_tls.h
utilities_sluice_ofctl_SOURCES += utilities/ofctl_diff.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_dump.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_echo.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_flows.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_bundle.c utilities/ofctl_group.c utilities/ofctl_meter.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_mod.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_monitor.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_parse.c utilities/ofctl_pcap.c utilities/reassembly.c utilities/reassembly.h
utilities_sluice_ofctl_SOURCES += utilities/ofctl_session.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_show.c
utilities_sluice_ofctl_SOURCES += utilities/ofctl_switch.c
utilities_sluice_ofctl_LDADD = $(OFP_LIBS) $(IO_LIBS)
