#!/bin/sh
# Packs what a headless GPU box needs into one archive, for a box without a network:
#   tasks/gpu/pack.sh [--runtime-only] FILE.tar.xz
# Deno, the packages it loads, MNIST (a package, too) and the Vulkan loader; and the checkout, unless
# --runtime-only says that the box has it already. Needs git, xz, Deno and, for the loader, Debian's
# apt-get and dpkg.
set -eu
usage() { echo "usage: $0 [--runtime-only] FILE.tar.xz" >&2; exit 2; }
checkout=yes
[ "${1:-}" != --runtime-only ] || { checkout=no; shift; }
[ $# -eq 1 ] || usage
case $1 in -*) usage ;; /*) out=$1 ;; *) out=$PWD/$1 ;; esac
cd "$(dirname "$0")/../.."
box=$(mktemp -d)
trap 'rm -rf "$box" "$out.part"' EXIT

mkdir "$box/bin" "$box/vulkan"
cp "$(deno eval -q 'console.log(Deno.execPath())')" "$box/bin/deno"
if [ "$checkout" = yes ]; then
  mkdir "$box/toolkit"
  git archive HEAD | tar -x -C "$box/toolkit"
  cp tasks/gpu/run.sh "$box/run.sh"
fi

echo "filling the package cache"
# All that run.sh starts; the AssemblyScript compiler is 100 MB that a box has no use for.
DENO_DIR=$box/deno_cache deno task -q std deno cache -q \
  mod.ts benchmarks/*.ts tests/kernels/webgpu_test.ts tests/networks/*_test.ts tests/training/device_test.ts \
  $(find tasks -maxdepth 1 -name '*.ts' ! -name build_wasm.ts) tasks/gpu/report.ts

echo "leaving out what no run loads"
(
  cd "$box/deno_cache"
  # Deno makes these anew.
  rm -rf gen v8_code_cache* dep_analysis_cache* node_analysis_cache*
  # Types and maps: runs check no types.
  find npm -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' -o -name '*.flow' \
    -o -name '*.md' -o -name '*.min.js' \) -delete
  # Of TensorFlow.js, Deno loads the bundles for Node.
  find npm -type f -path '*/@tensorflow/*/[0-9]*/*' ! -name package.json ! -name '*.node.js' \
    ! -name '*-simd.wasm' ! -path '*/dist/tools/*' -delete
  find npm -type d -empty -delete
)

echo "fetching the Vulkan loader"
(
  cd "$box/vulkan"
  if apt-get download -q libvulkan1 >/dev/null 2>&1; then
    dpkg -x libvulkan1_*.deb . && rm libvulkan1_*.deb && rm -rf usr/share
  else
    echo "cannot fetch libvulkan1: the box must have it" >&2
  fi
)

echo "compressing"
tar -c -C "$box" . | xz -T0 -6 >"$out.part"
mv "$out.part" "$out"
echo "$out: $(($(wc -c <"$out") / 1048576)) MiB"
if [ "$checkout" = yes ]; then
  echo "on the box: mkdir els && tar -xJf $(basename "$out") -C els && els/run.sh"
else
  echo "on the box, in the checkout: tasks/gpu/run.sh --runtime $(basename "$out")"
fi
