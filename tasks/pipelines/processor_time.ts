import process from "node:process";

/** Seconds of processor time of this process, all threads. */
export function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
