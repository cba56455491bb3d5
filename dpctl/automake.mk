# Commands about datapaths that the daemon and sluice-dpctl share.
noinst_LTLIBRARIES += dpctl/libdpctl.la
dpctl_libdpctl_la_SOURCES = \
	dpctl/direct.c dpctl/direct.h dpctl/direct-private.h \
	dpctl/direct_dp.c \
	dpctl/direct_flows.c \
	dpctl/exact_flow.c dpctl/exact_flow.h \
	dpctl/flow_line.c dpctl/flow_line.h \
	dpctl/show.c dpctl/show.h
