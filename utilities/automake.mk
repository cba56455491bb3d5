# Programs for people.

bin_PROGRAMS += utilities/sluice-vsctl
utilities_sluice_vsctl_SOURCES = \
	utilities/vsctl.c utilities/vsctl.h \
	utilities/vsctl_bridge.c \
	utilities/vsctl_db.c \
	utilities/vsctl_model.c \
	utilities/vsctl_show.c \
	utilities/vsctl_value.c
utilities_sluice_vsctl_LDADD = $(IO_LIBS)

bin_PROGRAMS += utilities/sluice-appctl
utilities_sluice_appctl_SOURCES = utilities/appctl.c
utilities_sluice_appctl_LDADD = $(IO_LIBS)
