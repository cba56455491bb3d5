# Manual pages.  Those of fields and actions are filled from the tables of the code.
dist_man_MANS += \
	manpages/sluice-vswitchd.8 \
	manpages/sluice-ofctl.8 \
	manpages/sluice-vsctl.8 \
	manpages/sluice-appctl.8 \
	manpages/sluice-dpctl.8
GENERATED_MANS = manpages/sluice-fields.7 manpages/sluice-actions.7
nodist_man_MANS = $(GENERATED_MANS)
CLEANFILES += $(GENERATED_MANS)
EXTRA_DIST += manpages/rows.py manpages/sluice-fields.7.in manpages/sluice-actions.7.in

manpages/sluice-fields.7: manpages/rows.py manpages/sluice-fields.7.in lib/packet/fields.def lib/packet/protocols.def
	$(AM_V_GEN)$(MKDIR_P) manpages && $(PYTHON3) '$(srcdir)/manpages/rows.py' '$(srcdir)' \
	  '$(srcdir)/manpages/sluice-fields.7.in' $@ $(CC)
manpages/sluice-actions.7: manpages/rows.py manpages/sluice-actions.7.in ofp/actions.def
	$(AM_V_GEN)$(MKDIR_P) manpages && $(PYTHON3) '$(srcdir)/manpages/rows.py' '$(srcdir)' \
	  '$(srcdir)/manpages/sluice-actions.7.in' $@ $(CC)
