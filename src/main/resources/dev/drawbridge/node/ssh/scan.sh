# scan PREFIX ROOT...: NUL-ended records. L, X: a root that could not be entered, because of a link or otherwise. G: GNU find prints all fields, digests follow in one pass, and a second, short listing shows
# what changed meanwhile: every change of an inode or of its names moves its change time, which nobody sets. Names come again only where that is young, for what appeared. P: one record after the other by stat and sha256sum.
root "$1"; shift
table() { printf '%s\0' "$2"; head -c 1048576 <"$r/etc/$1" 2>/dev/null | tr -d '\000'; printf '\0'; }
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
if find / -maxdepth 0 -printf '' 2>/dev/null && printf 'x' | sha256sum -z >/dev/null 2>&1; then
  printf 'G\0'
  b=$(($(date +%s)-2))
  find "$@" -xdev -printf '%y\0%m\0%U\0%G\0%s\0%T@\0%C@\0%D %i\0%n\0%l\0%p\0' || e=1
  printf 'HASHES\0'
  find "$@" -xdev -type f -print0 | xargs -0 -r sha256sum -z -- 2>/dev/null
  printf 'AGAIN\0'
  find "$@" -xdev \( -newerct "@$b" -printf '%D %i\0%C@ %s\0%p\0' -o -printf '%D %i\0%C@ %s\0\0' \) || e=1
  [ -z "${e:-}" ] || { echo "find failed" >&2; exit 23; }
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
