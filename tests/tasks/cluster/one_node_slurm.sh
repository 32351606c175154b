#!/bin/sh
# Slurm for tests: munge, controller and one node on this machine, all of it in one folder and on ports of
# its own, so that a Slurm of the machine itself is left alone. Prints nothing unless something is wrong.
#
#   sh one_node_slurm.sh start FOLDER CONTROLLER_PORT NODE_PORT
#   sh one_node_slurm.sh stop FOLDER
#
# Then SLURM_CONF=FOLDER/slurm.conf makes sbatch and its like speak to it.
set -eu
action=$1
folder=$2

# Ends what was started, and waits for that, so that the folder can be removed.
stop() {
  for name in slurmd slurmctld munged; do
    pid=$(cat "$folder/$name.pid" 2>/dev/null || :)
    [ -n "$pid" ] || continue
    kill "$pid" 2>/dev/null || :
    tries=0
    while kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 100 ]; do
      tries=$((tries + 1))
      sleep 0.1
    done
  done
}

start() {
  host=$(uname -n | cut -d. -f1)
  mkdir -p "$folder/state" "$folder/spool"
  chmod 700 "$folder"
  dd if=/dev/urandom of="$folder/munge.key" bs=128 count=1 2>/dev/null
  chmod 600 "$folder/munge.key"
  munged --force --num-threads=1 --key-file="$folder/munge.key" --socket="$folder/munge.socket" \
    --pid-file="$folder/munged.pid" --log-file="$folder/munged.log" --seed-file="$folder/munge.seed"
  user=$(id -un)
  cat > "$folder/slurm.conf" <<CONF
ClusterName=tests
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$1
SlurmdPort=$2
SlurmUser=$user
SlurmdUser=$user
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=100000,batch_sched_delay=1
SlurmdParameters=config_overrides
MpiDefault=none
KillWait=5
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=2 RealMemory=2000 State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
  export SLURM_CONF="$folder/slurm.conf"
  slurmctld
  slurmd
  tries=0
  until [ "$(sinfo --noheader --format=%T 2>/dev/null)" = idle ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 100 ]; then
      tail -n 2 "$folder"/*.log >&2
      exit 1
    fi
    sleep 0.1
  done
}

case $action in
  start) start "$3" "$4" || { stop; exit 1; } ;;
  stop) stop ;;
esac
