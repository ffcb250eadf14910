# Runs one throwaway PostgreSQL and ends with whoever started it. POSIX sh only: Debian, Alpine, anything.
#
# PGDRILL_BINS      folders to look for PostgreSQL's programs in, in this order, one a line
# PGDRILL_PLACES    folders to put the data in, one a line: the first that can be written to
# PGDRILL_SOCKETS   folders for the socket, one a line: those that can be written to
# PGDRILL_LISTEN    addresses to listen on; empty: none
# PGDRILL_CACHE     a folder of our own to keep initialised data directories in, one for each major; empty: none
# PGDRILL_SETTINGS  postgresql.conf
# PGDRILL_DEADLINE  the longest life, in seconds; empty: no end
# PGDRILL_TIE       stdin: ends when its standard input says a line or ends;
#                   hold: ends when told to by TERM, and when nobody says USR1 within two minutes; empty: by TERM
# PGPASSWORD        the superuser's password
set -u
umask 077
# A folder's name may hold spaces.
IFS='
'

fail() {
    printf 'pgdrill: %s\n' "$*" >&2
    exit 70
}

server=
held=
# shellcheck disable=SC2317 # the traps below call it
stop() {
    trap '' TERM INT HUP ALRM USR1
    if [ -n "$server" ]; then
        kill -QUIT "$server" 2>/dev/null
        (sleep 8 && kill -KILL "$server") 2>/dev/null &
        wait "$server"
    fi
    # The sleepers below, and whatever a dump's own programs left in this group.
    kill -TERM 0
    exit "${1:-0}"
}
trap 'stop 0' TERM INT HUP
trap 'held=1' USR1
trap '[ -n "$held" ] || stop 71' ALRM

exec 3<&0 </dev/null
if [ "$PGDRILL_TIE" = stdin ]; then
    (read -r _ <&3; kill -TERM $$) &
fi
exec 3<&-
if [ "$PGDRILL_TIE" = hold ]; then
    (sleep 120 && kill -ALRM $$) 2>/dev/null &
fi
if [ -n "$PGDRILL_DEADLINE" ]; then
    (sleep "$PGDRILL_DEADLINE" && kill -TERM $$) 2>/dev/null &
fi

bin=
on_path=$(command -v postgres) || on_path=/nowhere/postgres
# Where an image holds several, the one it is made for, else the newest.
for folder in $PGDRILL_BINS "/usr/lib/postgresql/${PG_MAJOR:-none}/bin" "${on_path%/*}" /usr/local/bin \
    /usr/lib/postgresql/*/bin /usr/pgsql-*/bin; do
    if [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ]; then
        bin=$folder
        case $folder in
        /usr/lib/postgresql/"${PG_MAJOR:-none}"/bin) break ;;
        /usr/lib/postgresql/* | /usr/pgsql-*) [ "$folder" != "$PGDRILL_BINS" ] || break ;;
        *) break ;;
        esac
    fi
done
[ -n "$bin" ] || fail "no PostgreSQL server is in this image"

home=
for place in $PGDRILL_PLACES; do
    if [ -d "$place" ] && mkdir "$place/pgdrill" 2>/dev/null; then
        home=$place/pgdrill
        break
    fi
done
[ -n "$home" ] || fail "no folder can be written to"
# ext4 passes over the places of files that were removed in the last minutes, one after another, and gives a folder a place
# near its parent's: a drill soon after another would make its files several times more slowly. Folders in one with this flag
# are spread over the disk, by their names. Other file systems have no such flag.
chattr +T "$home" 2>/dev/null
data=$home/data-$(date +%s)
mkdir "$home/spool"
sockets=
for folder in $PGDRILL_SOCKETS; do
    if [ -w "$folder" ]; then
        sockets=${sockets:+$sockets,}$folder
    fi
done

version=$("$bin/postgres" --version)
version=${version#*) }
major=${version%%[!0-9]*}
auth=scram-sha-256
[ "$major" -ge 10 ] || auth=md5
set --
# Checksums are made by default from 18 on, and guard against a disk that this data never sees again.
[ "$major" -lt 18 ] || set -- --no-data-checksums

# With a time zone it need not look for the machine's, for which it may compare it with all that there are: a large part of
# the start in a container.
initialise() {
    TZ=UTC "$bin/initdb" --pgdata="$data" --username=pgdrill_superuser --encoding=UTF8 --locale=C --no-sync "$@" \
        >/dev/null </dev/null || fail "initdb failed"
}

# With this server's password, where nothing is kept.
initialise_once() {
    printf '%s\n' "$PGPASSWORD" >"$home/password"
    initialise --auth="$auth" --pwfile="$home/password" "$@"
    rm "$home/password"
}

# Copying what was initialised once takes a fraction of the time. It is taken only from a folder that nobody else can
# write to, and no server ever ran in it. Nobody can connect before the password is set.
initialise_kept() {
    made_by="2 $bin $version"
    if [ "$(cat "$kept/made-by" 2>/dev/null)" != "$made_by" ] || ! cp -R "$kept/data" "$data" 2>/dev/null; then
        rm -rf "$data"
        initialise --auth=reject "$@"
        # It gets its name when it is whole; another run may do the same.
        new=$PGDRILL_CACHE/new.$$
        if mkdir "$new" && cp -R "$data" "$new/data" && printf '%s\n' "$made_by" >"$new/made-by"; then
            rm -rf "$kept"
            mv "$new" "$kept"
        fi 2>/dev/null
        rm -rf "$new"
    fi
}

kept=
if [ -n "${PGDRILL_CACHE:-}" ]; then
    mkdir -m 700 "$PGDRILL_CACHE" 2>/dev/null
    # shellcheck disable=SC3067 # every sh of a machine that has PostgreSQL knows -O
    if [ ! -L "$PGDRILL_CACHE" ] && [ -d "$PGDRILL_CACHE" ] && [ -O "$PGDRILL_CACHE" ]; then
        kept=$PGDRILL_CACHE/$major
    fi
fi
if [ -n "$kept" ]; then
    initialise_kept "$@"
else
    initialise_once "$@"
fi

{
    printf '%s\n' "$PGDRILL_SETTINGS"
    # Compiling a query costs more than it saves in questions that are asked once.
    [ "$major" -lt 11 ] || echo 'jit = off'
    printf "listen_addresses = '%s'\n" "$PGDRILL_LISTEN"
    printf "unix_socket_directories = '%s'\n" "$(printf %s "$sockets" | sed "s/'/''/g")"
    echo 'unix_socket_permissions = 0777'
    # A trigger on login would fire whenever we look, and write rows that are not the dump's. The tools that restore switch
    # them on.
    [ "$major" -lt 17 ] || echo 'event_triggers = off'
    # A new segment of the log need not be filled with zeros first.
    [ "$major" -lt 12 ] || echo 'wal_init_zero = off'
    [ "$major" -lt 10 ] || printf "password_encryption = '%s'\n" "$auth"
} >>"$data/postgresql.conf"
{
    printf 'local all all %s\n' "$auth"
    [ -z "$PGDRILL_LISTEN" ] || printf 'host all all all %s\n' "$auth"
} >"$data/pg_hba.conf"
if [ -n "$kept" ]; then
    printf "alter role pgdrill_superuser password '%s'\n" "$PGPASSWORD" |
        "$bin/postgres" --single -D "$data" template1 >/dev/null || fail "could not set the password"
fi
unset PGPASSWORD

# Memory to sort in comes in large pages where the kernel has them, and is kept for the next index: the machine clears and
# maps 4 KiB at a time else, over and over. PostgreSQL tunes this for nobody, and other C libraries ignore it.
export GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_threshold=268435456:glibc.malloc.trim_threshold=268435456

unset PGDRILL_SETTINGS PGDATABASE PGUSER PGHOST
"$bin/postgres" -D "$data" </dev/null &
server=$!
while :; do
    wait "$server"
    code=$?
    # A signal interrupts the waiting, not the server.
    kill -0 "$server" 2>/dev/null || break
done
server=
printf 'pgdrill: the server ended with %s\n' "$code" >&2
trap '' TERM
kill -TERM 0
exit 72
