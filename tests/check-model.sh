#!/bin/sh
# check-model.sh - lib/ct and a slow, obvious tracker agree on a few thousand random packets; `make check-model`: on a million.
exec "$PYTHON3" -S "$srcdir/tests/model/tracker.py" tests/model/ct-lines -n 1000 -s 1 -s 2 -s 3
