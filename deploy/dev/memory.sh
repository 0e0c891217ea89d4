#!/usr/bin/env bash
# Runs a command whose temporary files are kept in memory, where there is enough of it:
#
#   bash deploy/dev/memory.sh go test ./gate/...
#
# Tests make some thousand small databases, and wait for a disk to have each commit of
# theirs for a third of their time. That memory is lost with the power takes nothing from
# what they show: they kill processes, not machines. The folder is gone with the command.
# Benchmarks are to be run without, as what they measure is the disk, too.
set -euo pipefail

if [ $# = 0 ]; then
	echo 'usage: bash deploy/dev/memory.sh COMMAND [ARGUMENT...]' >&2
	exit 2
fi

least=$((6 << 20)) # KiB that have to be free in memory, and as shared memory

room() { # whether there is enough, and programs may be run from there
	[ -w /dev/shm ] || return 1
	[ "$(df --output=avail -k /dev/shm | tail -n 1)" -ge "$least" ] || return 1
	[ "$(awk '$1 == "MemAvailable:" { print $2 }' /proc/meminfo)" -ge "$least" ] || return 1
	! awk '$2 == "/dev/shm" { print $4 }' /proc/mounts | grep -qw noexec
}

room 2>/dev/null || exec "$@"
dir=$(mktemp -d /dev/shm/usher-XXXXXX)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir" # some of what is tested runs as another user
code=0
TMPDIR=$dir "$@" || code=$?
exit "$code"
