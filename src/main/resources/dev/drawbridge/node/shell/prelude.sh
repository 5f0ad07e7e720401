# Common part of all acts. Plain POSIX sh, GNU and busybox userland. Arguments arrive as octal escapes, so that no byte of a
# path is ever seen by a parser; "x" at the end keeps trailing newlines out of the hands of $(...).
set -u
umask 077
export LC_ALL=C
PATH=${PATH:-/usr/bin:/bin}
answer() { printf 'RESULT %s %s\n' "$1" "$2"; exit 0; }
decode() { d=$(printf "$1"x); d=${d%x}; }
# the physical root prefix: "" for /
root() {
  decode "$1"
  cd -P -- "$d" 2>/dev/null || { echo "no root prefix" >&2; exit 20; }
  r=$(pwd -P; echo x); r=${r%??}
  [ "$r" != / ] || r=
}
# Makes a directory the current one and proves that no link was on the way. From then on the directory itself is held,
# not its name: renaming one of its parents changes nothing any more.
enter() {
  cd -P -- "$r$1" 2>/dev/null || return 1
  w=$(pwd -P; echo x); w=${w%??}
  if [ "$1" = / ]; then [ "$w" = "${r:-/}" ]; else [ "$w" = "$r$1" ]; fi
}
hash_of() { h=$(sha256sum <"$1" 2>/dev/null) || h='!'; h=${h%% *}; }
# what is there under a name in the current directory: none, link, other, or the digest of a regular file
found() {
  if [ -L "./$1" ]; then f='link'
  elif [ -f "./$1" ]; then hash_of "./$1"; f=$h
  elif [ -e "./$1" ]; then f=other
  else f=none
  fi
}
# the root-only work directory, made if need be; its physical path in $k
work() {
  [ -d "$r$1" ] || mkdir -m 700 -- "$r$1" 2>/dev/null
  o=$PWD
  enter "$1" || answer REFUSED "the work directory is a link or cannot be made"
  chmod 700 . || answer REFUSED "the work directory belongs to somebody else"
  [ -d "./$2" ] || mkdir -m 700 -- "./$2"
  [ ! -L "./$2" ] || answer REFUSED "the work directory holds a link"
  k=$r$1/$2
  cd -P -- "$o" || exit 21
}
# enters a directory, which an attacker may have removed as a whole: it is made again, from the last part that is there
enter_made() {
  if [ ! -e "$r$1" ] && [ ! -L "$r$1" ]; then
    ( cd -P -- "${r:-/}" || exit 1
      set -f; IFS=/
      for part in ${1#/}; do
        [ ! -L "./$part" ] || exit 1
        [ -d "./$part" ] || mkdir -m 755 -- "./$part" || exit 1
        cd -P -- "./$part" || exit 1
      done ) || answer REFUSED "the directory is missing and cannot be made"
  fi
  enter "$1" || answer REFUSED "a link on the way, or no directory"
}
# reads a table of so many bytes from standard input, and no byte more, into $words; fails when there are fewer, or this dd cannot
plain_words() {
  words=$(dd bs="$1" count=1 iflag=fullblock 2>/dev/null)
  case $words in *[!A-Za-z0-9._@+=\ -]*) echo "not a table of plain words" >&2; exit 25;; esac
  [ "${#words}" = "$1" ]
}
