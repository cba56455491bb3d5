# Unit tests: one cmocka program per module, tests/unit/test-NAME.c, listed in the file of its folder's owner:
# tests/unit/*.mk.  `make check` runs TESTS.
include tests/unit/lib.mk
include tests/unit/packet.mk
include tests/unit/fields.mk
include tests/unit/ofp.mk
include tests/unit/acts.mk
include tests/unit/ct.mk
include tests/unit/dp.mk
include tests/unit/ofproto.mk
include tests/unit/io.mk
