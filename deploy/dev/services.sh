#!/usr/bin/env bash
# Runs a command beside a throw-away PostgreSQL and Redis:
#
#   bash deploy/dev/services.sh go test ./server/...
#
# Both listen on free ports of this machine only, keep their data in a temporary
# folder without a thought for durability, and are gone with the command, however
# it ends. The command's exit code is the script's. It gets
#
#   USHER_TEST_PG_URL     postgres://… of an empty database, as its superuser
#   USHER_TEST_PG_BIN     folder of PostgreSQL's programs (initdb, postgres, pg_ctl)
#   USHER_TEST_REDIS_URL  redis://…
#
# What isn't installed deps.sh installs. Called inside another one it adds nothing.
set -euo pipefail

if [ $# = 0 ]; then
	echo 'usage: bash deploy/dev/services.sh COMMAND [ARGUMENT...]' >&2
	exit 2
fi
if [ -n "${USHER_TEST_PG_URL:-}" ] && [ -n "${USHER_TEST_REDIS_URL:-}" ]; then
	exec "$@"
fi

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/postgres.sh"

say() { printf 'services: %s\n' "$*" >&2; }

bash "$here/deps.sh" initdb redis-server
pgbin=$(postgres_programs) || { say 'PostgreSQL is installed, and yet there is no initdb'; exit 1; }
redis=$(command -v redis-server || command -v valkey-server)

# PostgreSQL refuses to run as root, so as root it runs as its own user.
unprivileged=()
if [ "$(id -u)" = 0 ]; then
	owner=postgres
	id "$owner" >/dev/null 2>&1 || owner=nobody
	unprivileged=(--reuid "$owner" --regid "$(id -gn "$owner")" --clear-groups)
fi

dir= # short, as a socket's path may have 107 bytes
started=()

finish() { # ends what was started here, and nothing else
	trap - EXIT INT TERM HUP
	local pid
	# A script's background children ignore INT and QUIT unless they say otherwise:
	# postgres does (QUIT: at once), redis doesn't and takes TERM.
	for pid in "${started[@]}"; do kill -QUIT "$pid" 2>/dev/null || :; kill -TERM "$pid" 2>/dev/null || :; done
	for _ in $(seq 60); do
		alive "${started[@]}" || break
		sleep .05
	done
	for pid in "${started[@]}"; do kill -KILL "$pid" 2>/dev/null || :; done
	wait 2>/dev/null || :
	case $dir in /tmp/usher-*) rm -rf "$dir" ;; esac
}

alive() { # alive PID...: any of them
	local pid
	for pid; do if kill -0 "$pid" 2>/dev/null; then return 0; fi; done
	return 1
}

port() { # a port that nothing listens on now; a lost race shows when the server ends
	local p
	for _ in $(seq 20); do
		p=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		if ! (exec 3<>"/dev/tcp/127.0.0.1/$p") 2>/dev/null; then
			echo "$p"
			return
		fi
	done
	return 1
}

trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP
dir=$(mktemp -d /tmp/usher-XXXXXX)
chmod 711 "$dir"

# --pdeathsig: the server ends with this shell even if that is killed.
start_postgres() {
	local data=$dir/pg$1 p
	p=$(port)
	mkdir "$data" && chmod 700 "$data"
	if [ ${#unprivileged[@]} != 0 ]; then chown "$owner" "$data"; fi
	(cd / && exec setpriv "${unprivileged[@]}" --pdeathsig KILL "$pgbin/initdb" -D "$data" -U postgres -A trust \
		-E UTF8 --locale=C --no-sync --no-instructions) >"$dir/log" 2>&1 || return 1
	(cd / && exec setpriv "${unprivileged[@]}" --pdeathsig KILL "$pgbin/postgres" -D "$data" -k "$data" -p "$p" \
		-c listen_addresses=127.0.0.1 -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
		-c max_connections=300 -c shared_buffers=64MB -c jit=off -c autovacuum_naptime=10) >>"$dir/log" 2>&1 &
	local pid=$!
	started+=("$pid")
	for _ in $(seq 400); do
		alive "$pid" || return 1
		if "$pgbin/pg_isready" -q -h 127.0.0.1 -p "$p" -d postgres; then
			export USHER_TEST_PG_URL="postgres://postgres@127.0.0.1:$p/postgres?sslmode=disable" USHER_TEST_PG_BIN=$pgbin
			return 0
		fi
		sleep .05
	done
	return 1
}

start_redis() {
	local p answer
	p=$(port)
	mkdir "$dir/redis$1"
	setpriv --pdeathsig KILL "$redis" --port "$p" --bind 127.0.0.1 --save '' --appendonly no --dir "$dir/redis$1" >"$dir/log" 2>&1 &
	local pid=$!
	started+=("$pid")
	for _ in $(seq 200); do
		alive "$pid" || return 1
		if (exec 3<>"/dev/tcp/127.0.0.1/$p" && printf 'PING\r\n' >&3 && read -r -t 2 answer <&3 && [ "${answer%$'\r'}" = +PONG ]) 2>/dev/null; then
			export USHER_TEST_REDIS_URL="redis://127.0.0.1:$p/0"
			return 0
		fi
		sleep .03
	done
	return 1
}

start() { # start NAME: three tries, since a port may be taken meanwhile
	local try
	for try in 1 2 3; do if "start_$1" "$try"; then return 0; fi; done
	tail -n 15 "$dir/log" >&2
	say "$1 doesn't start"
	return 1
}

start postgres
start redis
say "postgres $("$pgbin/postgres" -V | grep -oE '[0-9.]+' | head -n 1), $(basename "$redis"); data in $dir"

# In the background, so that a signal for this script is heeded at once and passed
# on. Such a child has INT and QUIT ignored, and the children of that too, unless
# env sets them right.
env --default-signal=INT,QUIT "$@" <&0 &
command=$!
pass() { # pass SIGNAL CODE
	trap '' INT TERM HUP
	kill "-$1" "$command" 2>/dev/null || :
	wait "$command" 2>/dev/null || :
	exit "$2"
}
trap 'pass INT 130' INT
trap 'pass TERM 143' TERM
trap 'pass HUP 129' HUP
code=0
wait "$command" || code=$?
exit "$code"
