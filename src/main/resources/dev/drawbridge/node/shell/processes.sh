# processes PREFIX MOST DIRECTORY...: NUL-ended records of what /proc below the prefix shows. S: when the node booted. H: a
# process that may not be looked at. P: id, parent, user id, start in ticks after the boot, name, executable, the control group
# when it is one of kubelet's, command line; then what lies in one of the directories: C, its working directory, and F, a file that it has open. U: its open files may not be seen.
# O: it has more open files than were looked at. M: there are more processes.
root "$1"; m=$2
shift 2
enter /proc || exit 44
n=$#
for a do decode "$a"; set -- "$@" "$d"; done
shift "$n"
names() { for a do case $l in *"$a"*) return 0 ;; esac; done; return 1; }
# state, parent, ..., flags, ..., start: what follows the name in /proc/ID/stat; set to digits, because they are reckoned with
fields() {
  set -f; set -- $1; set +f
  [ $# -ge 20 ] || return 0
  g=$2 f=$7
  shift 19
  b=$1
  case $f in ''|*[!0-9]*) f=0 ;; esac
}
open_files() {
  printf '%s\n' "$y" | {
    q=0
    while IFS= read -r l; do
      case $l in *' -> '*) ;; *) continue ;; esac
      k=${l%% -> *}; k=${k##* }
      case $k in ''|*[!0-9]*) continue ;; esac
      names "$@" || continue
      [ "$q" -lt 64 ] || { printf 'O\0'; break; }
      q=$((q+1))
      v=$(readlink -n "./$p/fd/$k" 2>/dev/null; echo x)
      printf 'F\0%s\0' "${v%x}"
    done
  }
}
s=
while IFS= read -r l; do case $l in 'btime '*) s=${l#btime }; break ;; esac; done 2>/dev/null <./stat
printf 'S\0%s\0' "$s"
i=0
for p in [0-9]*; do
  [ -d "./$p" ] && [ "$p" != "$$" ] || continue
  s=
  IFS= read -r s 2>/dev/null <"./$p/stat"
  if [ -z "$s" ]; then
    # it ended meanwhile, or it is hidden
    [ ! -d "./$p" ] || printf 'H\0'
    continue
  fi
  i=$((i+1))
  [ "$i" -le "$m" ] || { printf 'M\0'; break; }
  t=${s%)*}; t=${t#*(}
  g= f=0 b=
  fields "${s##*) }"
  u=
  while read -r k v; do case $k in Uid:) u=${v%%[!0-9]*}; break ;; esac; done 2>/dev/null <"./$p/status"
  # a kernel thread (PF_KTHREAD) has neither program nor files
  if [ $((f & 2097152)) != 0 ]; then
    printf 'P\0%s\0%s\0%s\0%s\0%s\0\0\0\0' "$p" "$g" "$u" "$b" "$t"
    continue
  fi
  e=$(readlink -n "./$p/exe" 2>/dev/null; echo x)
  c=
  while IFS= read -r l; do case $l in *kubepods*) c=${l#*:*:}; break ;; esac; done 2>/dev/null <"./$p/cgroup"
  printf 'P\0%s\0%s\0%s\0%s\0%s\0%s\0%s\0' "$p" "$g" "$u" "$b" "$t" "${e%x}" "$c"
  head -c 4096 "./$p/cmdline" 2>/dev/null | tr '\000' '\001'
  printf '\0'
  if [ ! -r "./$p/fd" ] || [ ! -x "./$p/fd" ]; then printf 'U\0'; continue; fi
  # one program for all of its files; what it prints only says whether and where to look
  y=$(ls -ln "./$p/cwd" "./$p/fd" 2>/dev/null | head -c 1048576)
  [ ${#y} -lt 1048000 ] || printf 'O\0'
  l=$y
  names "$@" || continue
  v=$(readlink -n "./$p/cwd" 2>/dev/null; echo x)
  l=$v
  ! names "$@" || printf 'C\0%s\0' "${v%x}"
  open_files "$@"
done
printf 'END\0'
