#!/bin/sh
# check-corpus.sh - the fuzz targets replay their corpora: what was found once stays mended.
status=0
for target in oxm action instruction message text frag alg conns odp ct; do
    printf '%s: ' "$target"
    tests/fuzz/fuzz-"$target" "$srcdir/tests/fuzz/corpus/$target.hex" || status=1
done
exit $status
