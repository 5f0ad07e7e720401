# read PREFIX PARENT NAME LIMIT: the content, at most LIMIT bytes
root "$1"
decode "$2"; p=$d
decode "$3"; n=$d
enter "$p" || { [ -e "$r$p" ] && exit 45; exit 44; }
[ ! -L "./$n" ] || exit 45
[ -e "./$n" ] || exit 44
[ -f "./$n" ] || exit 46
exec head -c "$4" "./$n"
