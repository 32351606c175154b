/** What a shard may use of a machine, as flags say it and as batch systems want it. */
import { UsageError } from "../cli/flags.ts";

/** Resources of one shard, and how shards are started. */
export interface Resources {
  /** Shards at a time; absent: as many as there is room for. */
  readonly limit?: number;
  /** Cores of each. */
  readonly cpus?: number;
  /** Memory of each, such as "4G". */
  readonly memory?: string;
  /** Longest time of each, as Slurm writes times. */
  readonly time?: string;
  /** GPUs of each. */
  readonly gpus?: number;
  readonly partition?: string;
  readonly account?: string;
  /** Further words for sbatch, as they are written after #SBATCH. */
  readonly sbatch?: string;
  /** Lines of shell before the command. */
  readonly setup?: string;
}

/**
 * Seconds of a time as Slurm writes it: minutes, minutes:seconds, hours:minutes:seconds, days-hours,
 * days-hours:minutes or days-hours:minutes:seconds.
 *
 * @throws UsageError for other text.
 */
export function timeSeconds(text: string): number {
  const [, days, clock] = /^(?:(\d{1,4})-)?(\d{1,6}(?::\d{1,2}){0,2})$/.exec(text) ?? [];
  const parts = clock?.split(":").map(Number);
  if (parts === undefined) {
    throw new UsageError(
      `--time is ${JSON.stringify(text)}, expected minutes, hours:minutes:seconds or ` +
        "days-hours:minutes, such as 90, 1:30:00 or 2-12:00",
    );
  }
  // With days the first number is hours, with two colons too, else minutes.
  const [a = 0, b = 0, c = 0] = parts;
  if (days !== undefined) return ((Number(days) * 24 + a) * 60 + b) * 60 + c;
  return parts.length === 3 ? (a * 60 + b) * 60 + c : a * 60 + b;
}

/**
 * Checks text for memory, a whole number with K, M, G or T, of 1024 each.
 *
 * @throws UsageError for other text.
 */
export function checkMemory(text: string): void {
  if (/^[1-9]\d{0,8}[KMGT]$/.test(text)) return;
  throw new UsageError(
    `--memory is ${JSON.stringify(text)}, expected a whole number with K, M, G or T, such as 4G`,
  );
}

/**
 * Checks text that becomes part of one line of a script.
 *
 * @throws UsageError if it has a line break, which would begin another line.
 */
export function checkOneLine(flag: string, text: string | undefined): void {
  if (text === undefined || !/[\r\n\0]/.test(text)) return;
  throw new UsageError(`--${flag} has a line break, expected one line`);
}

/**
 * Checks a name that a batch system gives a partition or account.
 *
 * @throws UsageError for what is no such word.
 */
export function checkName(flag: string, text: string | undefined): void {
  if (text === undefined || /^[\w.,+-]+$/.test(text)) return;
  throw new UsageError(`--${flag} is ${JSON.stringify(text)}, expected a name without spaces`);
}
