#!/bin/sh
# run-fuzzers.sh - `run-fuzzers.sh SECONDS [TARGET...]`, in a folder configured with CC=clang --enable-fuzzers: fuzzes each
# target from its corpus and the generator's seeds, prints executions and edges, and leaves the minimised corpus in
# TARGET.corpus (copy it to tests/fuzz/corpus/ to keep it).  A finding is left as crash-*, status 1.
set -u
seconds=${1:?usage: run-fuzzers.sh SECONDS [TARGET...]}
shift
[ $# -gt 0 ] || set -- oxm action instruction message text frag alg conns odp ct
srcdir=${srcdir:-$(dirname "$0")/../..}
status=0
unpack() { # Hex lines to files of a folder.
    ${PYTHON3:-python3} -c '
import hashlib, os, sys
os.makedirs(sys.argv[1], exist_ok=True)
for line in sys.stdin:
    data = bytes.fromhex(line)
    open(os.path.join(sys.argv[1], hashlib.sha1(data).hexdigest()), "wb").write(data)' "$1"
}
for target; do
    dir=fuzz-work/$target
    rm -rf "$dir" && mkdir -p "$dir"
    cat "$srcdir/tests/fuzz/corpus/$target.hex" 2>/dev/null | unpack "$dir/seeds"
    case $target in
        odp) tests/unit/test-odp --corpus ;;
        *) tests/gen/gen-samples --corpus "$target" ;;
    esac | unpack "$dir/seeds"
    mkdir -p "$dir/new" "$dir/merged"
    tests/fuzz/libfuzzer-"$target" -max_total_time="$seconds" -timeout=25 -rss_limit_mb=2048 -max_len=4096 \
        -print_final_stats=1 -artifact_prefix=./ "$dir/new" "$dir/seeds" >"$dir/log" 2>&1 || { status=1; tail -30 "$dir/log"; }
    tests/fuzz/libfuzzer-"$target" -merge=1 -max_len=4096 "$dir/merged" "$dir/new" "$dir/seeds" >"$dir/merge.log" 2>&1 || status=1
    for f in "$dir"/merged/*; do
        od -An -v -tx1 "$f" | tr -d ' \n'
        echo
    done | LC_ALL=C sort >"$target.corpus"
    execs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$dir/log")
    edges=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$dir/log" | tail -1)
    echo "$target: ${execs:-?} executions, ${edges:-?} edges, $(wc -l <"$target.corpus") inputs in $(wc -c <"$target.corpus") bytes"
done
exit $status
