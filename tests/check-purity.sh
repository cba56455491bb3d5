#!/bin/sh
exec "${PYTHON3:-python3}" "$srcdir/tests/checks/purity.py" "$(pwd)"
