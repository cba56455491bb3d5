#!/bin/sh
# Makes configure and Makefile.in from a clean clone.
set -e
cd "$(dirname "$0")"
mkdir -p build-aux m4
autoreconf --install --force
