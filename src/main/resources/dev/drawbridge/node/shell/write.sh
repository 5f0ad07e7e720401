# write PREFIX PARENT NAME EXPECTED CONTENT SIZE MODE UID GID WORK: content on standard input. EXPECTED: none, a digest, or T:H: the type in the mode, and the digest of where
# a link leads, of nothing for what is no link
root "$1"
decode "$2"; p=$d
decode "$3"; n=$d
x=$4 c=$5 s=$6 m=$7 u=$8 g=$9
shift 9
decode "$1"; wd=$d
enter_made "$p"
owned() { [ "$(stat -c '%a %u %g' -- "./$n")" = "$m $u $g" ]; }
alone() { [ "$(stat -c %h -- "./$n")" = 1 ]; }
as_expected() {
  found "$n"; e=$f
  case $f in
    link | other)
      e=$(stat -c %f -- "./$n")
      e=${e%???}:$(readlink -n -- "./$n" 2>/dev/null | sha256sum); e=${e%% *} ;;
  esac
  [ "$e" = "$x" ]
}
found "$n"
# the right content under another name too can be changed from there: it gets an inode of its own
if [ "$f" = "$c" ] && alone; then
  # perhaps by an act of ours that ended before its flush
  if owned; then sync "./$n" . || { echo "it cannot be flushed" >&2; exit 26; }; answer ALREADY same; fi
  chown "$u:$g" -- "./$n" && chmod "$m" -- "./$n" && sync "./$n" || answer REFUSED "owner or mode cannot be set"
  found "$n"
  [ "$f" = "$c" ] && owned || answer REFUSED "reading back showed something else"
  answer WRITTEN metadata
fi
as_expected || answer CHANGED "$f"
work "$wd" staging
[ "$(stat -c %d -- "$k")" = "$(stat -c %d -- .)" ] || answer REFUSED "the work directory is on another file system"
find "$k" -type f -name 'put.*' -mmin +60 -exec rm -f -- {} + 2>/dev/null
t=$(mktemp "$k/put.XXXXXX") || answer REFUSED "nothing can be staged"
trap 'rm -f -- "$t"' EXIT
trap 'exit 1' HUP INT TERM PIPE
[ "$s" = 0 ] || head -c "$s" >"$t"
hash_of "$t"
[ "$h" = "$c" ] || { echo "the content arrived incomplete" >&2; exit 24; }
chown "$u:$g" -- "$t" && chmod "$m" -- "$t" || answer REFUSED "owner or mode cannot be set"
sync "$t" || answer REFUSED "the content cannot be flushed"
# as late as possible: what somebody changed since the plan was made is not overwritten
as_expected || answer CHANGED "$f"
mv -f -T -- "$t" "./$n" || answer REFUSED "the rename failed"
trap - EXIT
sync . || { echo "the directory cannot be flushed" >&2; exit 26; }
found "$n"
[ "$f" = "$c" ] && owned && alone || answer REFUSED "reading back showed something else"
answer WRITTEN content
