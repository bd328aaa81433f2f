#!/bin/sh
# run.sh SCRIPT ARG…: runs a script of this checkout under the pinned Node, after the bootstrap where one is due.
case $0 in
  */*) root=${0%/*}/.. ;;
  *) root=.. ;;
esac
. "$root/scripts/launch.sh"
launch "$@"
