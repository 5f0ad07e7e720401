# quarantine PREFIX PARENT NAME EXPECTED ID WORK: moves the entry to WORK/quarantine/ID/content
root "$1"
decode "$2"; p=$d
decode "$3"; n=$d
x=$4 i=$5
decode "$6"; wd=$d
origin="$2 $3"
if ! enter "$p"; then
  [ ! -e "$r$p" ] && [ ! -L "$r$p" ] || answer REFUSED "a link on the way, or no directory"
  gone=1
fi
found "$n"
[ -z "${gone:-}" ] || f=none
if [ "$f" = none ]; then
  cd -P -- "${r:-/}" || exit 21
  # only what was really moved counts: a run that was cut before its rename leaves a place without content
  if [ -e "$r$wd/quarantine/$i/content" ] || [ -L "$r$wd/quarantine/$i/content" ]; then answer ALREADY "$i"; fi
  answer CHANGED none
fi
[ "$x" = any ] || [ "$f" = "$x" ] || answer CHANGED "$f"
work "$wd" quarantine
[ "$(stat -c %d -- "$k")" = "$(stat -c %d -- .)" ] || answer REFUSED "the work directory is on another file system"
[ "$f" != other ] || [ ! -d "./$n" ] || answer REFUSED "it is a directory"
q=$i
while [ -e "$k/$q/content" ] || [ -L "$k/$q/content" ]; do q=$q+; done
[ -d "$k/$q" ] || mkdir -m 700 -- "$k/$q" || answer REFUSED "the quarantine cannot be made"
{ printf 'origin %s\n' "$origin"; stat -c 'mode %a uid %u gid %g size %s mtime %Y' -- "./$n"; printf 'digest %s\n' "$f"; } >"$k/$q/origin"
sync "$k/$q/origin" "$k" || answer REFUSED "the origin cannot be flushed"
mv -T -- "./$n" "$k/$q/content" || answer REFUSED "the rename failed"
sync "$k/$q" . || { echo "the directory cannot be flushed" >&2; exit 26; }
found "$n"
[ "$f" = none ] || answer CHANGED "$f"
answer WRITTEN "$q"
