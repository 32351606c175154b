#!/bin/sh
# All that only a GPU can show, on the GPU of this machine, in one call; see README.md beside this.
#   ./run.sh                                   where pack.sh's archive was unpacked
#   tasks/gpu/run.sh [--runtime ARCHIVE]       in a checkout, with Deno on the PATH or in the archive
set -u

help() {
  cat <<'TEXT'
usage: run.sh [options]
  --stages LIST    some of conformance,posterior,training,rows; default: all
  --minutes N      how long each stage may take; default: 8
  --rows LIST      rows of the published table, by the names of their presets;
                   default: the zero-padded ResNet of each data set at hand
  --steps N        training steps of a row, by a recipe for short trainings;
                   published: as the preset has it (hours); default: 4000
  --images N       images of the machines where there are no classes; default: 10000
  --samples N      samples to evaluate; default: 100
  --data FOLDER    where fashion-mnist, cifar10 and celeba lie; default: shared/data
  --runtime PATH   archive of pack.sh --runtime-only, or the folder it was unpacked in
  --out FOLDER     where results go; default: gpu-results
  --tiny           all stages at toy sizes: shows that they work, also in software
TEXT
}
bad() { echo "$0: $1; --help tells more" >&2; exit 2; }

stages=conformance,posterior,training,rows
minutes=8 rows='' steps=4000 images=10000 samples=100 data='' runtime='' out=gpu-results tiny=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) help; exit 0 ;;
    --tiny) tiny=yes; shift; continue ;;
    --stages | --minutes | --rows | --steps | --images | --samples | --data | --runtime | --out)
      [ $# -gt 1 ] || bad "$1 needs a value" ;;
    *) bad "unknown option $1" ;;
  esac
  case $1 in
    --stages) stages=$2 ;;
    --minutes) minutes=$2 ;;
    --rows) rows=$2 ;;
    --steps) steps=$2 ;;
    --images) images=$2 ;;
    --samples) samples=$2 ;;
    --data) data=$2 ;;
    --runtime) runtime=$2 ;;
    --out) out=$2 ;;
  esac
  shift 2
done
for number in "$minutes" "$images" "$samples" "$([ "$steps" = published ] && echo 1 || echo "$steps")"; do
  case $number in '' | 0 | *[!0-9]*) bad "$number is no positive number" ;; esac
done
for stage in $(echo "$stages" | tr , ' '); do
  case $stage in
    conformance | posterior | training | rows) ;;
    *) bad "there is no stage $stage" ;;
  esac
done

absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
out=$(absolute "$out")
[ -z "$data" ] || data=$(absolute "$data")
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "$runtime" ]; then
  runtime=$(absolute "$runtime")
  [ -e "$runtime" ] || bad "$runtime does not exist"
elif [ -d "$here/deno_cache" ]; then
  runtime=$here
fi
if [ -f "$runtime" ]; then
  # Unpacked once for each archive.
  folder=${TMPDIR:-/tmp}/els-runtime-$(cksum <"$runtime" | tr ' ' -)
  if [ ! -d "$folder" ]; then
    rm -rf "$folder.part"
    mkdir -p "$folder.part"
    tar -xJf "$runtime" -C "$folder.part" 2>/dev/null ||
      # Where tar finds no xz.
      python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' \
        "$runtime" "$folder.part" || { echo "cannot unpack $runtime" >&2; exit 1; }
    mv "$folder.part" "$folder"
  fi
  runtime=$folder
fi
if [ -n "$runtime" ]; then
  export PATH="$runtime/bin:$PATH" DENO_DIR="$runtime/deno_cache"
fi
if [ -d "$here/toolkit" ]; then cd "$here/toolkit"; else cd "$here/../.."; fi || exit 1
export PATH="$PATH:/usr/sbin:/sbin"
command -v deno >/dev/null || { echo "no Deno on the PATH; install it, or give --runtime" >&2; exit 1; }
# A loader of our own only where the machine has none.
if ! ldconfig -p 2>/dev/null | grep -q libvulkan.so.1; then
  lib=$(find "${runtime:-/nowhere}/vulkan" -name libvulkan.so.1 2>/dev/null | head -n 1)
  [ -n "$lib" ] || { echo "no Vulkan loader: install libvulkan1" >&2; exit 1; }
  LD_LIBRARY_PATH=$(dirname "$lib")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
  export LD_LIBRARY_PATH
fi
# The driver's description, where it lies outside the loader's search path.
if [ -z "${VK_DRIVER_FILES:-}" ] &&
  ! ls /etc/vulkan/icd.d/*.json /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1; then
  icd=$(find /usr/local/nvidia /usr/local/share /opt -path '*vulkan/icd.d/*.json' 2>/dev/null | head -n 1)
  [ -z "$icd" ] || export VK_DRIVER_FILES="$icd"
fi
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-/tmp}" TMPDIR="${TMPDIR:-/tmp}" NO_COLOR=1

# What runs and parts of results is kept here, so that a later call adds to it.
state=runs/gpu${tiny:+-tiny}
parts=$state/parts
mkdir -p "$parts" "$out" || exit 1
if [ -z "$data" ]; then
  for each in shared/data ../shared/data; do [ -n "$data" ] || [ ! -d $each ] || data=$each; done
fi

# The file or folder of a data set that lies in --data; empty if none does.
from() {
  for each in "$data/$1"/train*.bin "$data/$1/$1"*.bin "$data/$1"; do
    [ -n "$data" ] && [ -e "$each" ] && { echo "$each"; return; }
  done
}

# NAME SECONDS COMMAND...: shows its output and keeps it as NAME.txt. Told to end when the time is up,
# upon which it saves; the code is then 124. What has no time left is not begun.
logged() {
  log=$parts/$1.txt limit=$2
  shift 2
  [ "$limit" -gt 0 ] || return 124
  echo 1 >"$parts/code"
  # In the background, since a signal to this script is heeded while it waits, but not while it runs.
  {
    timeout -k 30 "$limit" "$@" &
    echo $! >"$parts/pid"
    wait $!
    echo $? >"$parts/code"
    rm -f "$parts/pid"
  } 2>&1 | tee "$log" &
  wait $!
  return "$(cat "$parts/code")"
}

failed=0 stopped=0
# What came of a command: a failure, or no time left.
judge() { case $1 in 0) ;; 124 | 130 | 137) stopped=1 ;; *) failed=1 ;; esac; }
left() { echo $((deadline - $(date +%s))); }

# What the stages left so far, small enough to carry: at most 8 files of at most 16 MB.
collect() {
  deno task -q std deno run -q --no-prompt -R -W="$state" tasks/gpu/report.ts "$parts" \
    >"$state/report.txt" 2>"$state/report.err" || cat "$state/report.err" >&2
  { cat "$parts/adapter.json"; cat "$state/report.txt"; } >"$out/report.txt"
  [ ! -f "$parts/gpu.json" ] || cp "$parts/gpu.json" "$out/gpu.json"
  # Weights and states are large; whole pictures go first if that is not enough.
  for without in '*.none' '*.png' '*.html'; do
    tar -czf "$out/results.tar.gz" --exclude='*.safetensors' --exclude=.lock --exclude=samples.jsonl \
      --exclude="$without" -C "$state" . 2>/dev/null
    [ "$(wc -c <"$out/results.tar.gz")" -gt 16000000 ] || break
  done
}

conformance() {
  [ -z "$tiny" ] || export ELS_LONG_TESTS=0
  export ELS_LONG_TESTS="${ELS_LONG_TESTS:-1}"
  logged conformance "$(left)" deno task -q std deno test --no-check --no-prompt -R -W="$TMPDIR" \
    --allow-env --filter '/webgpu|backend:/' \
    tests/kernels/webgpu_test.ts tests/networks tests/training/device_test.ts
  judge $?
}

posterior() {
  small=''
  [ -z "$tiny" ] || small='--images 4 --scales 3,9 --repeats 1'
  colour=$(from cifar10)
  for channels in 1 3; do
    # shellcheck disable=SC2086 # words
    logged posterior-rates-$channels "$(left)" deno task -q bench:webgpu --what rates \
      --channels $channels --json "$parts/posterior-rates-$channels.json" $small
    judge $?
  done
  # shellcheck disable=SC2086
  logged posterior-sample "$(left)" deno task -q bench:webgpu --what sample \
    ${colour:+--colour "$colour"} --json "$parts/posterior-sample.json" ${tiny:+--images 4}
  judge $?
}

# NAME OPTIONS...: one benchmark of training steps.
training_case() {
  name=training-$1
  shift
  logged "$name" "$(left)" deno task -q bench:train --backend webgpu --json "$@"
  code=$?
  judge $code
  [ $code -ne 0 ] || grep '^{' "$parts/$name.txt" | tail -n 1 >"$parts/$name.json"
}

training() {
  wide=256 narrow=64 batch=128 seconds=10 steady=1000
  [ -z "$tiny" ] || wide=8 narrow=8 batch=2 seconds=0.1 steady=20
  training_case 1-resnet --widths $wide --layers 6 --batch $batch --seconds $seconds
  training_case 2-unet --architecture unet --widths $narrow --batch $batch --seconds $seconds
  # Memory held: how many images a step takes changes nothing about whether it grows.
  training_case 3-memory --widths $wide --layers 6 --batch $((batch / 8 + 1)) --seconds 0 \
    --min-steps $steady --device none
}

# The rows to do: those named, or the ResNet of each data set at hand.
chosen_rows() {
  [ -z "$rows" ] || { echo "$rows" | tr , ' '; return; }
  echo mnist-resnet-zeros
  for each in fashion-mnist cifar10 celeba; do
    if [ -n "$(from $each)" ] || [ -d data/downloads/$each ] || [ -d /usr/share/datasets/$each ]; then
      echo $each-resnet-zeros
    fi
  done
}

# OPTIONS...: trains $row, or goes on where that stopped.
train_row() {
  case $steps in
    published) ;;
    *) set -- "$@" --steps "$steps" --learning-rate 5e-4 --warmup $((steps / 20)) --decay cosine \
      --ema-decay 0.999 --clip-norm 1 ;;
  esac
  case $tiny$row in
    yes*-unet-*) set -- "$@" --channels 8,16 --batch-size 4 --images 500 ;;
    yes*) set -- "$@" --width 8 --layers 1 --batch-size 4 --images 500 ;;
  esac
  # The rest of the time is for the machines.
  logged "$row-train" $(((row_end - $(date +%s)) * 6 / 10)) deno task -q train --preset "$row" "$@"
}

# ROW: trains it, or goes on, then calibrates and evaluates what is there, until $row_end.
one_row() {
  row=$1 source=$(from "${1%-*-*}") few=3000 trajectories=5
  set -- --backend webgpu --out "$state/$row" ${source:+--from "$source"}
  train_row "$@"
  code=$?
  judge $code
  run=$(sed -n 's|^Weights: \(.*\)/weights.safetensors$|\1|p; s|^Stopped .* resumes ||p' "$parts/$row-train.txt")
  trained=$(sed -n 's|^Stopped at step \(.*\);.*|\1|p' "$parts/$row-train.txt")
  [ -n "$run" ] && [ -f "$run/weights.safetensors" ] || return 0
  half=$state/$row.safetensors
  if deno task -q convert --half --force "$run" "$half" && [ "$(wc -c <"$half")" -le 12000000 ]; then
    # With the report, the numbers and the archive no more than 8 files.
    if [ -f "$out/$row.safetensors" ] || [ "$(find "$out" -name '*.safetensors' | wc -l)" -lt 5 ]; then
      cp "$half" "$out/"
    fi
  else
    echo "weights of $row stay in $run"
  fi

  set -- "$@" --run "$run" --posterior webgpu
  evaluated=''
  case $row in
    # Told the class: the machines search the images of one class only.
    cifar10-* | fashion-mnist-*) calibrated='' ;;
    *) calibrated="--images $((images < few ? images : few))" evaluated="--images $images" ;;
  esac
  [ -z "$tiny" ] || calibrated='--images 200 --scales 3,5' trajectories=1
  [ -z "$tiny" ] || evaluated='--images 200'
  for protocol in 'cubic 8' 'uniform 20'; do
    grid=${protocol% *}
    [ -z "$tiny" ] || protocol="$grid 2"
    # shellcheck disable=SC2086 # words
    logged "$row-$grid-calibrate" $((row_end - $(date +%s))) deno task -q calibrate "$@" \
      --grid "$grid" --steps "${protocol#* }" --samples $trajectories --seed 1 $calibrated
    code=$?
    judge $code
    [ $code -eq 0 ] || continue
    schedule=$(sed -n 's/^Schedule: *//p' "$parts/$row-$grid-calibrate.txt")
    # shellcheck disable=SC2086
    logged "$row-$grid-evaluate" $((row_end - $(date +%s))) deno task -q evaluate "$@" \
      --schedule "$schedule" --samples "$samples" --seed 2 $evaluated
    code=$?
    judge $code
    [ $code -eq 0 ] || continue
    numbers=$(sed -n 's/^Numbers: *//p' "$parts/$row-$grid-evaluate.txt")
    printf '%s\t%s\t%s\n' "$row" "${trained:-finished}" "$numbers" >"$parts/row-$row-$grid.tsv"
  done
}

rows() {
  # shellcheck disable=SC2046 # words
  set -- $(chosen_rows)
  while [ $# -gt 0 ]; do
    echo "-- $1"
    # An equal share of what is left.
    row_end=$(($(date +%s) + $(left) / $#))
    one_row "$1"
    collect
    shift
  done
}

echo "== adapter"
deno eval -q '
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) { console.error("no GPU adapter: is the driver there, with Vulkan?"); Deno.exit(1); }
  const { description, vendor, isFallbackAdapter: software } = adapter.info;
  console.log(JSON.stringify({ adapter: description || vendor, software }));
  if (software) console.error("This adapter is software: no timing here means anything.");
' >"$parts/adapter.json" || exit 1
cat "$parts/adapter.json"

interrupted() {
  trap '' INT TERM
  echo "interrupted: saving"
  if [ -f "$parts/pid" ]; then
    running=$(cat "$parts/pid")
    kill "$running" 2>/dev/null
    while kill -0 "$running" 2>/dev/null; do sleep 1; done
  fi
  collect
  exit 130
}
rm -f "$parts/pid"
trap interrupted INT TERM
any_failed=0 any_stopped=0
for stage in conformance posterior training rows; do
  case ,$stages, in *,$stage,*) ;; *) continue ;; esac
  echo "== $stage"
  failed=0 stopped=0
  begun=$(date +%s)
  deadline=$((begun + 60 * minutes))
  $stage
  outcome=ok
  [ $stopped -eq 0 ] || { outcome='time ran out' any_stopped=1; }
  [ $failed -eq 0 ] || { outcome=failed any_failed=1; }
  printf '%s\t%s\t%s\n' $stage "$outcome" $(($(date +%s) - begun)) >"$parts/stage-$stage.tsv"
  collect
done
cat "$out/report.txt"
echo
echo "results: $out"
[ $any_failed -eq 0 ] || exit 1
if [ $any_stopped -ne 0 ]; then
  echo "time ran out; the same call goes on"
  exit 3
fi
