#!/bin/sh
exec "${PYTHON3:-python3}" "$srcdir/tests/checks/style.py" "$srcdir" ${CLANG_FORMAT:+"$CLANG_FORMAT"}
