# Sourced by deps.sh and services.sh. Debian keeps PostgreSQL's programs out of PATH.

# postgres_programs prints the folder that has initdb and postgres, the newest first.
postgres_programs() {
	local d
	for d in $(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -t/ -k5,5Vr) \
		"$(dirname "$(command -v initdb 2>/dev/null || echo /nonexistent/initdb)")"; do
		if [ -x "$d/initdb" ] && [ -x "$d/postgres" ]; then
			echo "$d"
			return 0
		fi
	done
	return 1
}
