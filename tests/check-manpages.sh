#!/bin/sh
exec "${PYTHON3:-python3}" "$srcdir/tests/checks/manpages.py" "$srcdir"
