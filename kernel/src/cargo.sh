#!/bin/sh
# When evcxr cannot tell the type of a variable it asks `cargo check` for the
# reason. That would first compile the metadata of every dependency, which takes
# minutes; a build reports the same errors and has all its dependencies already.
for last in "$@"; do :; done
if [ "$1" = check ] && [ "$last" = --message-format=json ]; then
  shift
  set -- build "$@"
fi
# The variables that build scripts watch are as they were when they ran, lest
# they run again, and half of the dependencies be compiled, amid an investigation.
{environment}exec "{cargo}" "$@"
