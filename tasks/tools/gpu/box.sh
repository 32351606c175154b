# shellcheck shell=sh
# What run.sh needs of the machine: Deno, packages, libraries, folders. Read by run.sh, which sets
# $runtime, $state and $parts before and stands in the checkout.
: "${runtime?}" "${state:?}" "${parts:?}"

give_up() { echo "Cannot go on: $1" >&2; exit 1; }
said() { printf '%-9s %s\n' "$1" "$2"; }
# KEY VALUE: what the report says of this call.
context() { printf '%s\t%s\n' "$1" "$(printf %s "$2" | tr '\t\n' '  ')" >>"$parts/context.tsv"; }

# Unpacks --runtime where that is an archive, once for each.
unpack_runtime() {
  [ -f "$runtime" ] || return 0
  folder=$PWD/runs/gpu-runtime-$(cksum <"$runtime" | tr ' ' -)
  if [ ! -d "$folder" ]; then
    rm -rf "$folder.part"
    mkdir -p "$folder.part" || give_up "$PWD/runs cannot be written"
    tar -xJf "$runtime" -C "$folder.part" 2>/dev/null ||
      # Where tar finds no xz.
      python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' \
        "$runtime" "$folder.part" 2>/dev/null || give_up "$runtime is damaged, or xz-utils is missing"
    mv "$folder.part" "$folder"
  fi
  runtime=$folder
}

# Folders that need not be those of a user who logs in.
prepare_folders() {
  rm -rf "$state/tmp"
  mkdir -p "$state/tmp" "$state/home" "$state/shaders" "$state/bin" "$parts" ||
    give_up "$PWD/$state cannot be written"
  [ -n "${HOME:-}" ] && [ -w "$HOME" ] || HOME=$PWD/$state/home
  export HOME TMPDIR="$PWD/$state/tmp" XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-$PWD/$state/tmp}"
  export __GL_SHADER_DISK_CACHE_PATH="$PWD/$state/shaders" NO_COLOR=1 DENO_NO_UPDATE_CHECK=1
  # Through OpenGL an adapter has limits that are too small.
  export DENO_WEBGPU_BACKEND="${DENO_WEBGPU_BACKEND:-vulkan}"
  export PATH="${PATH:-/usr/bin:/bin}:/usr/sbin:/sbin"
}

prepare_deno() {
  [ -z "$runtime" ] || export PATH="$runtime/bin:$PATH" DENO_DIR="$runtime/deno_cache"
  command -v deno >/dev/null || give_up "there is no Deno on the PATH: install it, or give --runtime"
  version=$(deno --version 2>&1 | head -n 1)
  case $version in deno\ *) ;; *) give_up "Deno does not start here: $version" ;; esac
  # Asked once: without a network that can take a while.
  JSR_URL=$(timeout 120 deno task -q std deno eval 'console.log(Deno.env.get("JSR_URL") ?? "")' \
    2>"$state/jsr.err") ||
    give_up "the standard library cannot be had: $(tail -n 1 "$state/jsr.err")"
  # An empty one would be no URL.
  if [ -n "$JSR_URL" ]; then export JSR_URL; else unset JSR_URL; fi
  said Deno "$version at $(command -v deno)"
  context deno "$version"
}

# NAME: whether the linker finds a library by itself.
finds_library() {
  for each in $(printf %s "${LD_LIBRARY_PATH:-}" | tr : ' '); do
    [ ! -e "$each/$1" ] || return 0
  done
  if command -v ldconfig >/dev/null; then
    ldconfig -p 2>/dev/null | grep -q "^[[:space:]]*$1 "
  else
    [ -n "$(find /lib /lib64 /usr/lib /usr/lib64 -name "$1" 2>/dev/null | head -n 1)" ]
  fi
}

# Adds what the linker does not find: the driver's folder, and carried libraries that the system lacks.
prepare_libraries() {
  python_libraries=${LD_LIBRARY_PATH:-}
  for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib /usr/lib64/nvidia \
    /usr/lib/x86_64-linux-gnu/nvidia/current /run/opengl-driver/lib; do
    for name in libGLX_nvidia.so.0 libEGL_nvidia.so.0 libcuda.so.1; do
      [ -e "$folder/$name" ] || continue
      ! finds_library $name || continue
      LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
      said libraries "$folder added: the linker did not know of it"
      break
    done
  done
  python_libraries=${LD_LIBRARY_PATH:-}
  # Links to some, since a folder on that path would come before the system's own.
  rm -rf "${state:?}/lib"
  mkdir -p "$state/lib"
  carried=''
  for file in "${runtime:-/nowhere}"/vulkan/usr/lib/*/lib*.so.[0-9]*; do
    name=${file##*/}
    case $name in *.so.*.*) continue ;; esac
    [ -e "$file" ] || continue
    ! finds_library "$name" || continue
    ln -s "$file" "$state/lib/$name"
    carried="$carried $name"
  done
  if [ -n "$carried" ]; then
    LD_LIBRARY_PATH=$PWD/$state/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    said libraries "from the archive:$carried"
  fi
  [ -z "${LD_LIBRARY_PATH:-}" ] || export LD_LIBRARY_PATH
  finds_library libvulkan.so.1 ||
    give_up "there is no Vulkan loader: install libvulkan1, or give --runtime an archive that has it"
}

# Which driver and adapter there are, or which part is at fault.
diagnose() {
  nodes=$(ls -d /dev/nvidia[0-9]* /dev/nvidiactl /dev/dri /dev/kfd 2>/dev/null)
  rm -f "$state/driver_files" "$parts/adapter.json"
  # shellcheck disable=SC2086 # words
  timeout -k 5 90 deno run -q --no-prompt --allow-ffi --allow-env -R -W="$state" \
    tasks/tools/gpu/diagnose.ts "$parts" "$state" $nodes 2>"$state/diagnose.err"
  code=$?
  case $code in
    0) ;;
    1) grep -s . "$state/diagnose.err" >&2; exit 1 ;;
    124 | 137) echo && give_up "what the last line names gave no answer in 90 seconds" ;;
    *) echo && give_up "what the last line names ended the process (code $code): the driver is at fault" ;;
  esac
  if [ -f "$state/driver_files" ]; then
    VK_DRIVER_FILES=$(cat "$state/driver_files")
    export VK_DRIVER_FILES
  fi
}

# PyTorch, beside which the benchmarks run. Deno starts nothing while LD_LIBRARY_PATH is set, and
# PyTorch may need it to find CUDA: a python3 of ours sets it anew.
prepare_peer() {
  rm -f "$state/bin/python3"
  if python=$(command -v python3); then
    quoted=$(printf %s "$python_libraries" | sed "s/'/'\\\\''/g")
    printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "'$quoted'" "'$python'" >"$state/bin/python3"
    chmod +x "$state/bin/python3"
    export PATH="$PWD/$state/bin:$PATH"
  fi
  peer='there is no python3'
  for each in python3 /usr/bin/python3; do
    command -v $each >/dev/null || continue
    peer=$(LD_LIBRARY_PATH=$python_libraries timeout 120 $each -c 'import torch
name = torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU, for it sees no CUDA device"
print("PyTorch", torch.__version__, "on", name)' 2>&1 | tail -n 1)
    case $peer in
      PyTorch*) break ;;
      '') peer="${python:-$each} gives no answer in two minutes" ;;
      *) peer="${python:-$each}: $peer" ;;
    esac
  done
  said PyTorch "$peer"
  context peer "$peer"
}

# The machine, in a few words.
describe_system() {
  system=$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' /etc/os-release 2>/dev/null)
  libc=$(ldd --version 2>/dev/null | sed -n '1s/.* //p')
  memory=$(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1048576))
  about="${system:-unknown system}, libc ${libc:-unknown}, Linux $(uname -r), $(nproc) CPUs, $memory GiB"
  said system "$about"
  context system "$about"
  if command -v nvidia-smi >/dev/null; then
    smi=$(timeout 30 nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader 2>&1 |
      head -n 1)
    said driver "nvidia-smi: $smi"
    context driver "$smi"
  else
    said driver "no nvidia-smi"
  fi
}

# Which sources these are: a number of all that runs, and the commit where that is known.
describe_sources() {
  sources=$(find mod.ts deno.json src tasks tests benchmarks -type f | LC_ALL=C sort | xargs cksum |
    cksum | tr ' ' -)
  commit=$(git rev-parse HEAD 2>/dev/null) || commit=''
  if [ -n "$commit" ]; then
    [ -z "$(git status --porcelain 2>/dev/null)" ] || commit="$commit with changes"
  elif [ "$(sed -n 's/^sources //p' "${runtime:-/nowhere}/pack.txt" 2>/dev/null)" = "$sources" ]; then
    commit=$(sed -n 's/^commit //p' "$runtime/pack.txt")
  fi
  context sources "$sources"
  context commit "${commit:-unknown}"
}
