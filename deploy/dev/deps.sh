#!/usr/bin/env bash
# Finds what the tests need beside Go, and installs what is missing (Debian and
# its kin, as root). With everything there it does nothing and takes no time.
#
#   bash deploy/dev/deps.sh              all of it
#   bash deploy/dev/deps.sh initdb gcc   what has these commands
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/postgres.sh"

# A need is one row: the commands that satisfy it (any one will do), then the
# packages that bring one. Tests look the commands up in PATH themselves; a
# missing one fails them, none is skipped.
needs=(
	'gcc                                     | gcc libc6-dev' # the race detector links with it
	'chromium chromium-browser google-chrome | chromium'      # pages are tried in a real browser
	'pdftoppm                                | poppler-utils' # tickets are scanned off the printed page
	'initdb                                  | postgresql'    # storage is tested on it: see services.sh
	'redis-server valkey-server              | redis-server'  # what servers tell each other goes over it
)
only=("$@")

lock=/run/lock/usher-deps

say() { printf 'deps: %s\n' "$*" >&2; }

have_any() { # have_any COMMAND...
	local c
	for c; do if command -v "$c" >/dev/null; then return 0; fi; done
	return 1
}

asked() { # asked COMMAND...: is one of them wanted
	local c o
	if [ ${#only[@]} = 0 ]; then return 0; fi
	for c; do for o in "${only[@]}"; do if [ "$c" = "$o" ]; then return 0; fi; done; done
	return 1
}

look() { # fills missing with the packages of every need that nothing here satisfies
	local row commands packages
	local PATH=$PATH:$(postgres_programs || :)
	missing=()
	for row in "${needs[@]}"; do
		read -ra commands <<<"${row%%|*}"
		read -ra packages <<<"${row#*|}"
		asked "${commands[@]}" || continue
		have_any "${commands[@]}" || missing+=("${packages[@]}")
	done
}

install() { # install PACKAGE...: asks nothing, starts no daemon and makes no cluster
	local clusters=/etc/postgresql-common/createcluster.d policy=/usr/sbin/policy-rc.d
	if [ ! -e "$clusters" ]; then
		mkdir -p "$clusters"
		echo 'create_main_cluster = false' >"$clusters/usher.conf"
	fi
	if [ ! -e "$policy" ]; then
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
		trap 'rm -f "$log" /usr/sbin/policy-rc.d' EXIT
	fi
	local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
	local get=("${apt[@]}" install -y --no-install-recommends "$@")
	# The package lists may be absent or stale; only then are they fetched.
	"${get[@]}" || { "${apt[@]}" update && "${get[@]}"; }
}

look
if [ ${#missing[@]} = 0 ]; then exit 0; fi

if ! have_any apt-get; then
	say "missing, by Debian's names: ${missing[*]}; install them with this system's package manager"
	exit 1
fi
if [ "$(id -u)" != 0 ]; then
	say "missing: ${missing[*]}; install them with"
	say "  sudo apt-get install -y --no-install-recommends ${missing[*]}"
	exit 1
fi

# Several checkouts may come here at once: one installs, the others wait and look again.
mkdir -p "${lock%/*}"
exec 9>"$lock"
flock 9
look
if [ ${#missing[@]} = 0 ]; then exit 0; fi

say "installing ${missing[*]} (apt; half a minute or so)"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! install "${missing[@]}" >"$log" 2>&1 </dev/null 9>&-; then
	tail -n 15 "$log" >&2
	say "apt could not install ${missing[*]}"
	exit 1
fi

look
if [ ${#missing[@]} != 0 ]; then
	say "installed, and yet no command of ${missing[*]} is in PATH"
	exit 1
fi
