#!/bin/sh
# Packs what a headless GPU box needs into one archive, for a box without a network:
#   tasks/tools/gpu/pack.sh [--runtime-only] FILE.tar.xz
# Deno, the packages it loads, MNIST (a package, too), the Vulkan loader and the X11 libraries that
# drivers load; and the checkout, unless --runtime-only says that the box has it already. Needs git,
# xz, Deno and, for the libraries, Debian's apt-get and dpkg.
set -eu
usage() { echo "usage: $0 [--runtime-only] FILE.tar.xz" >&2; exit 2; }
checkout=yes
[ "${1:-}" != --runtime-only ] || { checkout=no; shift; }
[ $# -eq 1 ] || usage
case $1 in -*) usage ;; /*) out=$1 ;; *) out=$PWD/$1 ;; esac
[ -d "$(dirname "$out")" ] || { echo "$0: there is no folder $(dirname "$out")" >&2; exit 2; }
cd "$(dirname "$0")/../../.."
box=$(mktemp -d)
trap 'rm -rf "$box" "$out.part"' EXIT
trap 'exit 130' INT TERM

mkdir "$box/bin" "$box/vulkan"
cp "$(deno eval -q 'console.log(Deno.execPath())')" "$box/bin/deno"
if [ "$checkout" = yes ]; then
  mkdir "$box/toolkit"
  git archive HEAD | tar -x -C "$box/toolkit"
  [ -z "$(git status --porcelain)" ] || echo "what is not committed is left out" >&2
  cat >"$box/run.sh" <<'TEXT'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/toolkit/tasks/tools/gpu/run.sh" --runtime "$here" "$@"
TEXT
  chmod +x "$box/run.sh"
fi

# So that a box without git can tell which sources it has.
deno task -q std deno run -q --no-prompt -R tasks/tools/gpu/sources.ts \
  "$([ "$checkout" = yes ] && echo "$box/toolkit" || echo .)" >"$box/pack.txt"
changes=''
[ "$checkout" = yes ] || [ -z "$(git status --porcelain)" ] || changes=' with changes'
echo "commit $(git rev-parse HEAD)$changes" >>"$box/pack.txt"

echo "filling the package cache"
# All that run.sh starts; the AssemblyScript compiler is 100 MB that a box has no use for.
DENO_DIR=$box/deno_cache deno task -q std deno cache -q \
  mod.ts benchmarks/*.ts tests/posterior/shaders_test.ts \
  tests/posterior/webgpu_test.ts tests/posterior/device_mean_test.ts \
  tests/networks/*_test.ts tests/training/device_test.ts tasks/*.ts tasks/tools/gpu/*.ts

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

echo "fetching the Vulkan loader and X11 libraries"
(
  cd "$box/vulkan"
  # NVIDIA's Vulkan is the library of its OpenGL for X11, also where nothing is drawn.
  for package in libvulkan1 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0 libglvnd0; do
    if apt-get download -q $package >/dev/null 2>&1; then
      dpkg -x ${package}_*.deb . && rm ${package}_*.deb
    else
      echo "cannot fetch $package: the box must have it" >&2
    fi
  done
  rm -rf usr/share etc
)

echo "compressing"
tar -c -C "$box" . | xz -T0 -6 >"$out.part"
mv "$out.part" "$out"
echo "$out: $((($(wc -c <"$out") + 1048575) / 1048576)) MiB"
if [ "$checkout" = yes ]; then
  echo "on the box: mkdir els && tar -xJf $(basename "$out") -C els && els/run.sh"
else
  echo "on the box, in the checkout: tasks/tools/gpu/run.sh --runtime $(basename "$out")"
fi
