#!/bin/sh
# Conformance, then benchmarks, on the GPU of this machine; leaves gpu.json beside this script.
#   ./run.sh             where pack.sh's archive was unpacked
#   tasks/gpu/run.sh     in a checkout, with Deno on the PATH
# Arguments go to the benchmark: --images 512 --what rates
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ -d "$here/toolkit" ]; then
  export PATH="$here/bin:$PATH" DENO_DIR="$here/deno_cache"
  cd "$here/toolkit"
else
  cd "$here/../.."
fi
export PATH="$PATH:/usr/sbin:/sbin"
# A loader of our own only where the machine has none.
if ! ldconfig -p 2>/dev/null | grep -q libvulkan.so.1; then
  lib=$(find "$here/vulkan" -name 'libvulkan.so.1' 2>/dev/null | head -n 1)
  [ -n "$lib" ] || { echo "no Vulkan loader: install libvulkan1" >&2; exit 1; }
  export LD_LIBRARY_PATH="$(dirname "$lib")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
fi
# The driver's description, where it lies outside the loader's search path.
if [ -z "${VK_DRIVER_FILES:-}" ] && ! ls /etc/vulkan/icd.d/*.json /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1; then
  icd=$(find /usr/local/nvidia /usr/local/share /opt -path '*vulkan/icd.d/*.json' 2>/dev/null | head -n 1)
  [ -z "$icd" ] || export VK_DRIVER_FILES="$icd"
fi
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}" TMPDIR="${TMPDIR:-/tmp}"

echo "== adapter"
deno eval -q '
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) { console.error("no GPU adapter: is the driver there, with Vulkan?"); Deno.exit(1); }
  const { description, vendor, isFallbackAdapter } = adapter.info;
  console.log(description || vendor, isFallbackAdapter ? "(software: no timing here means anything)" : "");
'
echo "== conformance"
ELS_LONG_TESTS="${ELS_LONG_TESTS:-1}" deno task -q std deno test --no-check --no-prompt -R -W=/tmp \
  --allow-env tests/kernels/webgpu_test.ts tests/networks/webgpu_guard_test.ts tests/networks/resnet_test.ts
echo "== benchmarks"
case " $* " in *" --what "*) ;; *) set -- --what rates,sample "$@" ;; esac
deno task -q bench:webgpu --json gpu.json "$@"
[ "$PWD" = "$here" ] || mv gpu.json "$here/gpu.json"
echo "numbers: $here/gpu.json"
