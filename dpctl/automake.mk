# Commands about datapaths that the daemon and sluice-dpctl share.
noinst_LIBRARIES += dpctl/libdpctl.a
dpctl_libdpctl_a_SOURCES = \
	dpctl/direct.c dpctl/direct.h dpctl/direct-private.h \
	dpctl/direct_dp.c \
	dpctl/direct_flows.c \
	dpctl/exact_flow.c dpctl/exact_flow.h \
	dpctl/flow_line.c dpctl/flow_line.h \
	dpctl/show.c dpctl/show.h
