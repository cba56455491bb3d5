#!/bin/sh
exec "${PYTHON3:-python3}" "$srcdir/tests/checks/symbols.py" vswitchd/sluice-vswitchd
