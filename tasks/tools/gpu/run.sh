#!/bin/sh
# All that only a GPU can show, on the GPU of this machine, in one call; see README.md beside this.
#   ./run.sh                                   where pack.sh's archive was unpacked
#   tasks/tools/gpu/run.sh [--runtime ARCHIVE]       in a checkout, with Deno on the PATH or in the archive
set -u

help() {
  cat <<'TEXT'
usage: run.sh [options]
  --stages LIST    some of conformance,posterior,training,rows; default: all
  --minutes N      how long each stage may take; default: 8
  --total N        how long all may take: it saves and ends by itself; default: no limit
  --rows LIST      rows of the published table, by the names of their presets;
                   default: the zero-padded ResNet of each data set at hand
  --steps N        training steps of a row, by a recipe for short trainings;
                   published: as the preset has it (hours); default: 4000, tiny: 20
  --images N       images of the machines where there are no classes; default: 10000
  --samples N      samples to evaluate; default: 100, tiny: 2
  --data FOLDER    where fashion-mnist, cifar10 and celeba lie; default: shared/data
  --runtime PATH   archive of pack.sh --runtime-only, or the folder it was unpacked in
  --out FOLDER     where results go; default: gpu-results
  --previous PATH  results of an earlier call, on another machine: what they hold is not done again
  --again          do again what an earlier call finished
  --tiny           all stages at toy sizes: shows that they work, also in software
TEXT
}
bad() { echo "$0: $1; --help tells more" >&2; exit 2; }

options=$*
stages=conformance,posterior,training,rows
minutes=8 total='' rows='' steps='' images=10000 samples='' data='' runtime='' out=gpu-results
previous='' again='' tiny=''
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help) help; exit 0 ;;
    --tiny) tiny=yes; shift; continue ;;
    --again) again=yes; shift; continue ;;
    --stages | --minutes | --total | --rows | --steps | --images | --samples | --data | --runtime | --out | --previous)
      [ $# -gt 1 ] || bad "$1 needs a value" ;;
    *) bad "unknown option $1" ;;
  esac
  case $1 in
    --stages) stages=$2 ;;
    --minutes) minutes=$2 ;;
    --total) total=$2 ;;
    --rows) rows=$2 ;;
    --steps) steps=$2 ;;
    --images) images=$2 ;;
    --samples) samples=$2 ;;
    --data) data=$2 ;;
    --runtime) runtime=$2 ;;
    --out) out=$2 ;;
    --previous) previous=$2 ;;
  esac
  shift 2
done
: "${steps:=$([ -n "$tiny" ] && echo 20 || echo 4000)}" "${samples:=$([ -n "$tiny" ] && echo 2 || echo 100)}"
for number in "$minutes" "${total:-1}" "$images" "$samples" "$([ "$steps" = published ] && echo 1 || echo "$steps")"; do
  case $number in '' | 0* | *[!0-9]*) bad "$number is no positive number" ;; esac
done
for stage in $(echo "$stages" | tr , ' '); do
  case $stage in
    conformance | posterior | training | rows) ;;
    *) bad "there is no stage $stage" ;;
  esac
done
[ -n "$out" ] || bad '--out needs a folder'
# ROW: the data set it is trained on.
dataset_of() {
  case $1 in
    *[!a-z0-9-]*) ;;
    fashion-mnist-*) echo fashion-mnist ;;
    mnist-* | cifar10-* | celeba-*) echo "${1%%-*}" ;;
  esac
}
for row in $(echo "$rows" | tr , ' '); do
  [ -n "$(dataset_of "$row")" ] || bad "there is no row $row"
done
began=$(date +%s)

absolute() { case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac; }
out=$(absolute "$out")
for path in "$data" "$runtime" "$previous"; do
  [ -z "$path" ] || [ -e "$path" ] || bad "$path does not exist"
done
[ -z "$data" ] || data=$(absolute "$data")
[ -z "$runtime" ] || runtime=$(absolute "$runtime")
[ -z "$previous" ] || previous=$(absolute "$previous")
cd "$(dirname "$0")/../../.." || exit 1
# What runs and parts of results is kept here, so that a later call adds to it.
state=runs/gpu${tiny:+-tiny}
parts=$state/parts
# shellcheck source=tasks/tools/gpu/box.sh
. tasks/tools/gpu/box.sh
mkdir -p "$out" 2>/dev/null
[ -w "$out" ] || give_up "$out cannot be written"
unpack_runtime
prepare_folders
# One call at a time; the lock goes with the process.
if command -v flock >/dev/null; then
  exec 9>"$state/lock"
  flock -n 9 || give_up "another call is at work in $PWD/$state"
fi

# Results of another machine stand for what they finished. A row whose weights stayed there has to be
# whole; else it is begun again.
take_previous() {
  [ ! -e "$parts/sources" ] || { echo "--previous is left out: this machine has results of its own"; return; }
  tar -xzf "$previous/results.tar.gz" -C "$state" 2>/dev/null ||
    give_up "$previous/results.tar.gz is no results of an earlier call"
  for file in "$previous"/*.safetensors; do
    [ ! -e "$file" ] || cp "$file" "$out/"
  done
  for folder in "$state"/*-*/; do
    row=$(basename "$folder")
    [ "$(cut -f 3 "$parts/step-$row"-*.tsv 2>/dev/null | grep -c '^ok$')" -lt 5 ] || continue
    rm -rf "$folder" "$parts/step-$row"-*.tsv "$parts/row-$row"-*.tsv
  done
}
[ -z "$previous" ] || take_previous
[ -z "$again" ] || rm -f "$parts"/step-*.tsv

: >"$parts/context.tsv"
: >"$parts/notes.tsv"
context options "$options"
context created "$(date -u +%Y-%m-%dT%H:%M:%SZ)"
context stages "$stages"
[ -z "$tiny" ] || context reduced \
  'toy sizes (--tiny): long tests left out, 4 images, k of 3 and 9, networks of 8 channels, 2 steps'
echo "== box"
describe_system
prepare_deno
prepare_libraries
describe_sources
prepare_peer
diagnose
software=$(grep -c '"software": true' "$parts/adapter.json")
adapter=$(cksum <"$parts/adapter.json")
echo "$sources" >"$parts/sources"
if [ "$software" -eq 1 ]; then
  [ -n "$tiny" ] || [ "$stages" = conformance ] ||
    give_up "this adapter is software, which would take days; --tiny shows that all stages work"
  echo "This adapter is software: no timing here means anything."
fi
# A GPU is not to be compared with a CPU.
device=auto
[ "$software" -eq 1 ] || device=cuda

if [ -z "$data" ]; then
  for each in shared/data ../shared/data; do [ -n "$data" ] || [ ! -d $each ] || data=$each; done
fi
# The file or folder of a data set that lies in --data; empty if none does.
from() {
  for each in "$data/$1"/train*.bin "$data/$1/$1"*.bin "$data/$1"; do
    [ -n "$data" ] && [ -e "$each" ] && { echo "$each"; return; }
  done
}
at_hand() { [ "$1" = mnist ] || [ -n "$(from "$1")" ] || [ -d "data/downloads/$1" ] || [ -d "/usr/share/datasets/$1" ]; }

# TASK: its command in deno.json, as one process, which signals reach.
command_of() {
  sed -n "/^    \"$1\": {/,/}/s/.*\"command\": \"deno task -q std \(deno [^\"]*\)\".*/\1/p" deno.json
}

# OUTCOME SECONDS: the record of step $name.
record() {
  printf '%s\t%s\t%s\t%s\t%s\n' "$stage" "$name" "$1" "$2" "$key" >"$parts/.step"
  mv "$parts/.step" "$parts/step-$name.tsv"
}
# WHAT WHY: what is not done, and not for a fault or for time.
note() { printf '%s\t%s\t%s\n' "$stage" "$1" "$2" >>"$parts/notes.tsv"; }

failed=0 stopped=0
tab=$(printf '\t')
# NAME SECONDS COMMAND...: does a step of $stage, unless an earlier call did just that: shows its output,
# keeps it as NAME.txt. Told to end when the time is up, upon which it saves; the code is then 124. What
# has no time left is not begun.
step() {
  name=$1 limit=$2
  shift 2
  key=$(printf '%s\n' "$sources" "$adapter" "${weights:-}" "$@" | cksum | tr ' ' -)
  if [ "$(cut -f 3,5 "$parts/step-$name.tsv" 2>/dev/null)" = "ok$tab$key" ]; then
    echo "-- $name: an earlier call did it"
    return 0
  fi
  if [ "$limit" -le 0 ]; then
    stopped=1
    record 'not begun' 0
    return 124
  fi
  echo "-- $name"
  record running 0
  summarize
  step_began=$(date +%s)
  echo 1 >"$state/code"
  # In the background, since a signal to this script is heeded while it waits, but not while it runs;
  # in the foreground for timeout: in this process group, with which it is killed.
  {
    timeout --foreground -k 30 "$limit" "$@" &
    echo $! >"$state/pid"
    wait $!
    echo $? >"$state/code"
    rm -f "$state/pid"
  } 2>&1 | tee "$parts/$name.txt" &
  wait $!
  code=$(cat "$state/code") took=$(($(date +%s) - step_began))
  # Killed for not saving in half a minute, as on a box that is short of processors.
  [ "$code" -ne 137 ] || [ $took -lt "$limit" ] || code=124
  case $code in
    0) outcome=ok ;;
    124) outcome='time ran out' stopped=1 ;;
    130) outcome=interrupted ;;
    137) outcome='killed' failed=1 ;;
    *) outcome="failed, code $code" failed=1 ;;
  esac
  record "$outcome" $took
  [ "$code" -eq 0 ] || echo "-- $name: $outcome"
  # Told to stop, as by Ctrl-C, which this script may have been started not to hear.
  [ "$code" -ne 130 ] || interrupted
  return "$code"
}
left() { echo $((deadline - $(date +%s))); }

# Writes a result to --out: whole, or not at all.
deliver() { cp "$1" "$out/.part" && mv "$out/.part" "$out/$2"; }

# The numbers and tables so far.
summarize() {
  # shellcheck disable=SC2086 # words
  if deno run -q --no-prompt -R -W="$state" tasks/tools/gpu/report.ts "$parts" >"$state/report.txt" 2>"$state/report.err"; then
    deliver "$state/report.txt" report.txt
    deliver "$parts/gpu.json" gpu.json
  else
    cat "$state/report.err" >&2
    failed=1
  fi
}

# All so far, small enough to carry: at most 8 files of at most 16 MB.
collect() {
  summarize
  # Weights and states are large; whole pictures go first if that is not enough.
  for without in '*.none' '*.png' '*.html' '*.svg'; do
    tar -czf "$state/results.tar.gz" --exclude='*.safetensors' --exclude=.lock --exclude=samples.jsonl \
      --exclude="$without" --exclude=./results.tar.gz --exclude=./tmp --exclude=./home --exclude=./shaders \
      --exclude=./bin --exclude=./lib --exclude=./lock --exclude=./code -C "$state" . 2>/dev/null
    [ "$(wc -c <"$state/results.tar.gz")" -gt 16000000 ] || break
  done
  deliver "$state/results.tar.gz" results.tar.gz
}

conformance() {
  [ -z "$tiny" ] || export ELS_LONG_TESTS=0
  export ELS_LONG_TESTS="${ELS_LONG_TESTS:-1}"
  tests() {
    part=$1
    shift
    step "conformance-$part" "$(left)" deno test --no-check --no-prompt -R -W="$state/tmp" --allow-env \
      --filter '/webgpu|backend:/' "$@"
  }
  tests posterior tests/posterior/webgpu_test.ts
  tests networks tests/networks
  tests training tests/training/device_test.ts
}

posterior() {
  small=''
  [ -z "$tiny" ] || small='--images 4 --scales 3,9 --repeats 1'
  color=$(from cifar10)
  bench=$(command_of bench:webgpu)
  for channels in 1 3; do
    # shellcheck disable=SC2086 # words
    step posterior-rates-$channels "$(left)" $bench --what rates --peer-device $device \
      --channels $channels --json "$parts/posterior-rates-$channels.json" $small
  done
  [ -n "$color" ] || note 'sample of CIFAR-10' 'its data are not at hand'
  # shellcheck disable=SC2086
  step posterior-sample "$(left)" $bench --what sample \
    ${color:+--color "$color"} --json "$parts/posterior-sample.json" ${tiny:+--images 4}
}

# NAME OPTIONS...: one benchmark of training steps.
training_case() {
  part=training-$1
  shift
  # shellcheck disable=SC2046 # words
  step "$part" "$(left)" $(command_of bench:train) --backend webgpu --json "$@" || return
  grep '^{' "$parts/$part.txt" | tail -n 1 >"$parts/$part.json"
}

training() {
  wide=256 narrow=64 batch=128 seconds=10 steady=1000
  [ -z "$tiny" ] || wide=8 narrow=8 batch=2 seconds=0.1 steady=20
  training_case 1-resnet --widths $wide --layers 6 --batch $batch --seconds $seconds --device $device
  training_case 2-unet --architecture unet --widths $narrow --batch $batch --seconds $seconds --device $device
  # Memory held: how many images a step takes changes nothing about whether it grows.
  training_case 3-memory --widths $wide --layers 6 --batch $((batch / 8 + 1)) --seconds 0 \
    --min-steps $steady --device none
}

# The rows to do: those named, or the ResNet of each data set; without those whose data are not at hand.
choose_rows() {
  chosen=''
  for each in $(echo "${rows:-mnist-resnet-zeros,fashion-mnist-resnet-zeros,cifar10-resnet-zeros,celeba-resnet-zeros}" | tr , ' '); do
    if at_hand "$(dataset_of "$each")"; then
      chosen="$chosen $each"
    else
      note "$each" 'its data are not at hand'
      [ -z "$rows" ] || failed=1
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
  # shellcheck disable=SC2046 # words
  step "$row-train" $(((row_end - $(date +%s)) * 6 / 10)) $(command_of train) --preset "$row" "$@"
}

# ROW: trains it, or goes on, then calibrates and evaluates what is there, until $row_end.
one_row() {
  row=$1 source=$(from "$(dataset_of "$1")") few=3000 trajectories=5 weights=''
  set -- --backend webgpu --out "$state/$row" ${source:+--from "$source"}
  train_row "$@"
  run=$(sed -n 's|^Weights: \(.*\)/weights.safetensors$|\1|p; s|^Stopped .* resumes ||p' "$parts/$row-train.txt" 2>/dev/null)
  trained=$(sed -n 's|^Stopped at step \(.*\);.*|\1|p' "$parts/$row-train.txt" 2>/dev/null)
  [ -n "$run" ] || return 0
  if [ -f "$run/weights.safetensors" ]; then
    weights=$(cksum <"$run/weights.safetensors")
    half=$state/$row.safetensors
    # shellcheck disable=SC2046 # words
    if $(command_of convert) --half --force "$run" "$half" && [ "$(wc -c <"$half")" -le 12000000 ]; then
      # With the report, the numbers and the archive no more than 8 files.
      if [ -f "$out/$row.safetensors" ] || [ "$(find "$out" -name '*.safetensors' | wc -l)" -lt 4 ]; then
        deliver "$half" "$row.safetensors"
      else
        note "weights of $row in --out" 'those of four rows are there'
      fi
    else
      note "weights of $row in --out" "too large; they stay in $run"
    fi
    printf %s "$weights" >"$parts/$row.weights"
  elif [ -f "$parts/$row.weights" ]; then
    # Done on another machine, whose results --previous brought.
    weights=$(cat "$parts/$row.weights")
  else
    return 0
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
    # shellcheck disable=SC2046,SC2086 # words
    step "$row-$grid-calibrate" $((row_end - $(date +%s))) $(command_of calibrate) "$@" \
      --grid "$grid" --steps "${protocol#* }" --samples $trajectories --seed 1 $calibrated || continue
    schedule=$(sed -n 's/^Schedule: *//p' "$parts/$row-$grid-calibrate.txt")
    # shellcheck disable=SC2046,SC2086
    step "$row-$grid-evaluate" $((row_end - $(date +%s))) $(command_of evaluate) "$@" \
      --schedule "$schedule" --samples "$samples" --seed 2 $evaluated || continue
    numbers=$(sed -n 's/^Numbers: *//p' "$parts/$row-$grid-evaluate.txt")
    printf '%s\t%s\t%s\n' "$row" "${trained:-finished}" "$numbers" >"$parts/row-$row-$grid.tsv"
  done
}

rows() {
  choose_rows
  # shellcheck disable=SC2086 # words
  set -- $chosen
  while [ $# -gt 0 ]; do
    # An equal share of what is left.
    row_end=$(($(date +%s) + $(left) / $#))
    one_row "$1"
    collect
    shift
  done
}

interrupted() {
  trap '' INT TERM
  echo "interrupted: saving"
  if [ -f "$state/pid" ]; then
    running=$(cat "$state/pid")
    kill "$running" 2>/dev/null
    while kill -0 "$running" 2>/dev/null; do sleep 1; done
    record interrupted $(($(date +%s) - step_began))
  fi
  collect
  exit 130
}
rm -f "$state/pid" "$out/.part"
# What an earlier call began and did not end was killed with it.
for file in "$parts"/step-*.tsv; do
  [ ! -e "$file" ] || { sed "s/${tab}running${tab}/${tab}killed${tab}/" "$file" >"$parts/.step" && mv "$parts/.step" "$file"; }
done
trap interrupted INT TERM
for stage in conformance posterior training rows; do
  case ,$stages, in *,$stage,*) ;; *) continue ;; esac
  echo "== $stage"
  deadline=$(($(date +%s) + 60 * minutes))
  # Half a minute to save and to collect.
  [ -z "$total" ] || [ $((began + 60 * total - 30)) -gt $deadline ] || deadline=$((began + 60 * total - 30))
  $stage
  collect
done
echo
cat "$out/report.txt"
echo
echo "results: $out"
[ $failed -eq 0 ] || exit 1
if [ $stopped -ne 0 ]; then
  echo "time ran out; the same call goes on"
  exit 3
fi
