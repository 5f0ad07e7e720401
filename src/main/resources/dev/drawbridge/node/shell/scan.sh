# scan PREFIX ROOT...: NUL-ended records. L, X: a root that could not be entered, because of a link or otherwise. G: GNU find prints all fields, and between its records
# the digests of files that it printed before; AGAIN is a second, short listing that shows what changed meanwhile: every change of an inode or of its names moves its change
# time, which nobody sets. Names come again only where that is young, for what appeared; no scan may take two minutes. P: no GNU, whatever came after G does not count;
# one record after the other by stat and sha256sum. Every program that is started costs as much as some hundred files: none is asked first what it can.
root "$1"; shift
table() { printf '%s\0' "$2"; [ ! -r "$r/etc/$1" ] || tr -d '\000' <"$r/etc/$1"; printf '\0'; }
table passwd U
table group W
n=$#
# a root is missing only when nothing is there and no link on the way leads nowhere
linked() { g=$1; while [ -n "$g" ]; do [ ! -L "$r$g" ] || return 0; g=${g%/*}; done; return 1; }
for a do
  decode "$a"
  if enter "$d"; then set -- "$@" "$r$d"
  elif linked "$d"; then printf 'L\0%s\0' "$r$d"
  elif [ -e "$r$d" ]; then printf 'X\0%s\0' "$r$d"
  fi
done
shift "$n"
cd /
if [ $# = 0 ]; then printf 'N\0END\0'; exit 0; fi
printf 'G\0'
g=1
# it ends with 1 for a file that cannot be read as well as for an option that there is not
find "$@" -xdev -printf '%y\0%m\0%U\0%G\0%s\0%T@\0%C@\0%D %i\0%n\0%l\0%p\0' -type f -exec sha256sum -z -- {} + 2>/dev/null ||
  # what writes without end must meet the end of the connection: nothing goes to where it could do so for ever
  { find / -maxdepth 0 -printf '' && [ -n "$(sha256sum -z /dev/null | head -c 64)" ]; } 2>/dev/null || g=
if [ -n "$g" ]; then
  printf 'AGAIN\0'
  find "$@" -xdev \( -newerct '2 minutes ago' -printf '%D %i\0%C@ %s\0%p\0' -o -printf '%D %i\0%C@ %s\0\0' \) ||
    { echo "find failed" >&2; exit 23; }
  printf 'END\0'
else
  printf 'P\0'
  # a pipe hides the exit code of its first part: FAILED, which no path can be, carries it over
  { find "$@" -xdev -print0 || printf 'FAILED\0'; } | xargs -0 -r sh -c '
    for p do
      [ "$p" != FAILED ] || exit 255
      h= l=
      a=$(stat -c "%f %u %g %s %Y %Z %i %h" -- "$p" 2>/dev/null) || a=
      case $a in
        8*) h=$(sha256sum <"$p" 2>/dev/null) || h=; h=${h%% *} ;;
        a*) l=$(readlink -n -- "$p"; echo x); l=${l%x} ;;
      esac
      b=$(stat -c "%f %u %g %s %Y %Z %i %h" -- "$p" 2>/dev/null) || b=
      [ "$a" = "$b" ] || a=changed
      printf "%s\0%s\0%s\0%s\0" "${a:-gone}" "$h" "$l" "$p"
    done' sh || { echo "find failed" >&2; exit 23; }
  printf 'END\0'
fi
