#!/bin/sh
# evcxr asks `rustup which cargo` and `rustup which rustc` for its programs.
[ "$1" = which ] && exec printf '%s\n' "$(dirname "$0")/$2"
exit 1
