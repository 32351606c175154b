#!/bin/sh
# Finds Deno and starts run.ts, which does all that only a GPU can show; see README.md beside this.
#   ./run.sh                                       where pack.sh's archive was unpacked
#   tasks/tools/gpu/run.sh [--runtime ARCHIVE]     in a checkout, with Deno on the PATH or in the archive
set -u
give_up() { echo "Cannot go on: $1" >&2; exit 1; }
root=$(cd "$(dirname "$0")/../../.." && pwd) || exit 1

# The archive of pack.sh, or the folder it was unpacked in: it may hold Deno itself.
runtime='' before=''
for word in "$@"; do
  case $word in --runtime=*) runtime=${word#--runtime=} ;; esac
  [ "$before" != --runtime ] || runtime=$word
  before=$word
done
if [ -n "$runtime" ]; then
  [ -e "$runtime" ] || { echo "run.sh: $runtime does not exist; --help tells more" >&2; exit 2; }
  case $runtime in /*) ;; *) runtime=$PWD/$runtime ;; esac
fi
if [ -f "$runtime" ]; then
  # Unpacked once for each.
  folder=$root/runs/gpu-runtime-$(cksum <"$runtime" | tr ' ' -)
  if [ ! -d "$folder" ]; then
    rm -rf "$folder.part"
    mkdir -p "$folder.part" || give_up "$root/runs cannot be written"
    tar -xJf "$runtime" -C "$folder.part" 2>/dev/null ||
      # Where tar finds no xz.
      python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' \
        "$runtime" "$folder.part" 2>/dev/null || give_up "$runtime is damaged, or xz-utils is missing"
    mv "$folder.part" "$folder"
  fi
  runtime=$folder
fi

export PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin" NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
[ -z "$runtime" ] || export PATH="$runtime/bin:$PATH" DENO_DIR="$runtime/deno_cache" ELS_GPU_RUNTIME="$runtime"
if [ -z "${HOME:-}" ] || [ ! -w "$HOME" ]; then
  export HOME="$root/runs/gpu-home"
  mkdir -p "$HOME" || give_up "$root/runs cannot be written"
fi
command -v deno >/dev/null || give_up "there is no Deno on the PATH: install it, or give --runtime"
version=$(deno --version 2>&1 | head -n 1)
case $version in deno\ *) ;; *) give_up "Deno does not start here: $version" ;; esac
# Asked once, for all processes: without a network that can take a while. Not by `deno task`, which in a
# fresh checkout asks the registry for packages that no step here loads.
JSR_URL=$(cd "$root" && timeout 120 deno run -q --no-config --no-prompt -R -W=.ci --allow-run \
  --allow-env=JSR_URL,ELS_DEBUG .ci/std.ts deno eval --no-config 'console.log(Deno.env.get("JSR_URL") ?? "")') ||
  give_up "the standard library cannot be had"
# An empty one would be no URL.
if [ -n "$JSR_URL" ]; then export JSR_URL; else unset JSR_URL; fi
exec deno run -q --no-prompt --config "$root/deno.json" --allow-run --allow-env --allow-sys -R -W \
  "$root/tasks/tools/gpu/run.ts" "$@"
