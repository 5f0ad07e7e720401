# read-together PREFIX PARENT TABLE LIMIT: on standard input TABLE bytes of plain names; their contents, one after the other and LIMIT bytes at most. Where one of them is
# no regular file by now, whoever asked looks at each by itself; what was exchanged behind this look has another digest.
root "$1"
decode "$2"; p=$d
limit=$4
plain_words "$3" || exit 44
enter "$p" || exit 44
set -f
set -- $words
for n do
  [ -f "./$n" ] && [ ! -L "./$n" ] || exit 44
  shift
  set -- "$@" "./$n"
done
cat -- "$@" | head -c "$limit"
