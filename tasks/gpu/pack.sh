#!/bin/sh
# Packs everything that a headless GPU box needs into one archive, for a box without a network:
#   tasks/gpu/pack.sh FILE.tar.gz
# Needs git, Deno and (for the Vulkan loader) Debian's apt-get and dpkg on this machine.
set -eu
[ $# -eq 1 ] || { echo "usage: $0 FILE.tar.gz" >&2; exit 2; }
case $1 in /*) out=$1 ;; *) out=$PWD/$1 ;; esac
cd "$(dirname "$0")/../.."
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT

mkdir "$box/toolkit" "$box/bin" "$box/vulkan"
git archive HEAD | tar -x -C "$box/toolkit"
cp "$(deno eval -q 'console.log(Deno.execPath())')" "$box/bin/deno"

echo "filling the package cache"
(
  cd "$box/toolkit"
  DENO_DIR=$box/deno_cache deno task -q std deno cache -q \
    mod.ts benchmarks/webgpu_posterior.ts tests/kernels/webgpu_test.ts \
    tests/networks/resnet_test.ts tests/networks/webgpu_guard_test.ts
)
echo "fetching the Vulkan loader"
(
  cd "$box/vulkan"
  if apt-get download -q libvulkan1 >/dev/null 2>&1; then
    dpkg -x libvulkan1_*.deb . && rm libvulkan1_*.deb
  else
    echo "cannot fetch libvulkan1: the box must have it" >&2
  fi
)
cp tasks/gpu/run.sh "$box/run.sh"
tar -czf "$out" -C "$box" .
echo "$out: unpack it on the box and start ./run.sh"
