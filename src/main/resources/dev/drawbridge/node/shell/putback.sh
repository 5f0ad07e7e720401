# putback PREFIX PARENT NAME DIGEST ID WORK look: says what lies in quarantine
# putback PREFIX PARENT NAME DIGEST ID WORK PLACE MODE UID GID SIZE MTIME: puts exactly that back, over nothing
root "$1"
decode "$2"; p=$d
decode "$3"; n=$d
w1="origin $2 $3"
c=$4 i=$5
decode "$6"; wd=$d
shift 6
meta() { stat -c 'mode %a uid %u gid %g size %s mtime %Y' -- "$1"; }
# whether a place still holds what was moved there from this path, as it was then
held() {
  [ -d "./$1" ] && [ ! -L "./$1" ] || return 1
  found "$1/content"
  [ "$f" = "$c" ] || return 1
  { IFS= read -r l1 && IFS= read -r l2; } <"./$1/origin" || return 1
  [ "$l1" = "$w1" ] && [ "$l2" = "$(meta "./$1/content")" ]
}
if [ "$1" = look ]; then
  enter "$wd/quarantine" || answer CHANGED none
  q=$i s=none
  while [ -d "./$q" ]; do
    if held "$q"; then answer HELD "$q $(stat -c '%a %u %g %s %Y' -- "./$q/content")"; fi
    [ "$f" = none ] || s=changed
    q=$q+
  done
  answer CHANGED "$s"
fi
q=$1 m=$2 u=$3 g=$4
w2="mode $2 uid $3 gid $4 size $5 mtime $6"
back() { [ "$f" = "$c" ] && [ "$(meta "./$n")" = "$w2" ]; }
# evidence has the content too; what is no longer that content stays
emptied() {
  if [ -d "$r$wd/quarantine/$q" ]; then
    hash_of "$r$wd/quarantine/$q/content"
    if [ "$h" = "$c" ]; then rm -f -- "$r$wd/quarantine/$q/content"; sync "$r$wd/quarantine/$q"; fi
  fi
  rm -f -- "$r$wd/staging/back.$q".*
}
enter "$p" || answer REFUSED "a link on the way, or no directory"
found "$n"
if back; then emptied; answer ALREADY same; fi
[ "$f" = none ] || answer CHANGED "$f"
enter "$wd/quarantine" || answer CHANGED "nothing in quarantine"
held "$q" || answer CHANGED "what lies in quarantine"
[ "$l2" = "$w2" ] || answer CHANGED "what lies in quarantine"
enter "$p" || answer REFUSED "a link on the way, or no directory"
work "$wd" staging
[ "$(stat -c %d -- "$k")" = "$(stat -c %d -- .)" ] || answer REFUSED "the work directory is on another file system"
# a copy: whoever has the quarantined file open, or holds another link to it, has no hold on what is put back
t=$(mktemp "$k/back.$q.XXXXXX") || answer REFUSED "nothing can be staged"
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
cp -p -- "$r$wd/quarantine/$q/content" "$t" || answer REFUSED "nothing can be staged"
chown "$u:$g" -- "$t" && chmod "$m" -- "$t" || answer REFUSED "owner or mode cannot be set"
hash_of "$t"
[ "$h" = "$c" ] && [ "$(meta "$t")" = "$w2" ] || answer CHANGED "what lies in quarantine"
sync "$t" || answer REFUSED "the content cannot be flushed"
# link(2) never replaces anything, which no rename of a shell can promise
if ! ln -T -- "$t" "./$n"; then
  found "$n"
  [ "$f" = none ] || answer CHANGED "$f"
  answer REFUSED "it cannot be linked into place"
fi
rm -f -- "$t"
trap - EXIT
sync . || { echo "the directory cannot be flushed" >&2; exit 26; }
found "$n"
back || answer REFUSED "reading back showed something else"
emptied
answer WRITTEN content
