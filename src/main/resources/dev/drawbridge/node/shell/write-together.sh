# write-together PREFIX PARENT MODE UID GID WORK TABLE SIZE: on standard input TABLE bytes of NAME EXPECTED CONTENT NAME ..., then SIZE bytes of a tar archive of the contents.
# What write does to one file, with as many programs for all. Nothing is put in place unless everything is exactly as expected: whoever asked goes on one by one then, and
# learns what is wrong with which. Each file is renamed by itself, so each is old or new at any time.
root "$1"
decode "$2"; p=$d
m=$3 u=$4 g=$5
decode "$6"; wd=$d
s=$8
plain_words "$7" || answer CHANGED apart
enter_made "$p"
set -f
set -- $words
line='
'
all= there= absent= was= new= own=
# in the form in which sha256sum and stat print, with the line end in front
lists() {
  while [ $# -ge 3 ]; do
    all="$all ./$1"
    new="$new$line$3  ./$1"
    own="$own$line$m $u $g"
    if [ "$2" = none ]; then absent="$absent ./$1"
    else there="$there ./$1" was="$was$line$2  ./$1"
    fi
    shift 3
  done
}
lists "$@"
digests() { echo; sha256sum -- "$@" 2>/dev/null; }
files() { for n do [ -f "$n" ] && [ ! -L "$n" ] || return 1; done; }
expected() {
  for n in $absent; do [ ! -e "$n" ] && [ ! -L "$n" ] || return 1; done
  [ -z "$there" ] || { files $there && [ "$(digests $there)" = "$was" ]; }
}
# A disk makes many files durable with one act when it is asked for all of them at once: up to eight programs flush, each at least four files
flush() {
  share=$((($# + 7) / 8)) flushers=
  [ "$share" -ge 4 ] || share=4
  while [ $# -gt 0 ]; do
    some= i=0
    while [ "$i" -lt "$share" ] && [ $# -gt 0 ]; do some="$some $1" i=$((i + 1)); shift; done
    sync $some &
    flushers="$flushers $!"
  done
}
flushed() { for n in $flushers; do wait "$n" || flushers=failed; done; [ "$flushers" != failed ]; }
# the digests while the disk is at work
staged() {
  chown "$u:$g" -- $all && chmod "$m" -- $all || return 1
  flush $all
  [ "$(digests $all)" = "$new" ]; right=$?
  flushed && [ "$right" = 0 ]
}
work "$wd" staging
v=$(stat -c %d -- "$k" .)
[ "${v%%"$line"*}" = "${v##*"$line"}" ] || answer REFUSED "the work directory is on another file system"
find "$k" -maxdepth 1 -name 'put.*' -mmin +60 -exec rm -rf -- {} + 2>/dev/null
t=$(mktemp -d "$k/put.XXXXXX") || answer REFUSED "nothing can be staged"
trap 'rm -rf -- "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
# one program for all of them; where there is no tar, each goes by itself. busybox reads on to an end of the input that exec never tells
head -c "$s" | tar -xof - -C "$t" 2>/dev/null || answer CHANGED apart
( cd -P -- "$t" && staged ) || answer CHANGED apart
set --
for n in $all; do set -- "$@" "$t/${n#./}"; done
# as late as possible: what somebody changed since the plan was made is not overwritten
expected || answer CHANGED apart
mv -f -- "$@" . || answer CHANGED apart
sync . || { echo "the directory cannot be flushed" >&2; exit 26; }
files $all && [ "$(digests $all)" = "$new" ] && [ "$(echo; stat -c '%a %u %g' -- $all)" = "$own" ] || answer CHANGED apart
answer WRITTEN together
