/** What a reader makes of one input, and whether that is right. */
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { isToolkitError } from "../../../src/core/errors.ts";
import { longestMessage } from "../../../src/core/quoted.ts";
import { largestAllocation } from "./allocations.ts";
import type { Expectation, FuzzInput, FuzzTarget } from "./target.ts";

/** What can come of an input. */
export const outcomes = ["read", "refused", "internal", "silent", "hang", "memory"] as const;

/**
 * `read` and `refused` are right. `internal`: an error that is none of ours, or that does not name the
 * file on one short line; `silent`: wrong content was accepted, or good content refused.
 */
export type Outcome = (typeof outcomes)[number];

/** What came of an input. */
export interface Verdict {
  readonly outcome: Outcome;
  /** The message, or what is wrong. */
  readonly says: string;
  readonly milliseconds: number;
  readonly megabytes: number;
}

/** What one input may take. */
export interface InputLimits {
  readonly milliseconds: number;
  /** Beyond what it asks for. */
  readonly megabytes: number;
}

/** A second and 256 MB. */
export const inputLimits: InputLimits = { milliseconds: 1000, megabytes: 256 };

/** Whether an outcome is a failure of the reader. */
export const isFailure = (outcome: Outcome): boolean => outcome !== "read" && outcome !== "refused";

/** The least of time that passed and time that was computed: other programs on the machine do not count. */
function stopwatch(): () => number {
  const [began, usage] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(usage);
    return Math.min(performance.now() - began, (user + system) / 1000);
  };
}

const peakBytes = () => process.resourceUsage().maxRSS * 1024;

/** How far this process is below its peak, in MB: an input that takes less goes unnoticed. */
export const slackMegabytes = (): number => (peakBytes() - Deno.memoryUsage().rss) / 1e6;

/** Runs a reader on an input. */
export async function runInput(
  target: FuzzTarget,
  { bytes, expected }: Pick<FuzzInput, "bytes" | "expected">,
  limits: InputLimits = inputLimits,
): Promise<Verdict> {
  const source = `a/${target.file}`;
  const before = { now: Deno.memoryUsage().rss, peak: peakBytes() };
  largestAllocation.bytes = 0;
  const stop = stopwatch();
  let found: { readonly value: unknown } | { readonly error: unknown };
  try {
    found = { value: await target.read(bytes, source) };
  } catch (error) {
    found = { error };
  }
  const milliseconds = stop();
  // The peak of a process never goes down: what stays below an earlier one counts as nothing.
  const peak = peakBytes();
  const grown = peak > before.peak ? peak - before.now : 0;
  const megabytes = Math.max(grown, largestAllocation.bytes) / 1e6;
  const measured = { milliseconds, megabytes };
  if (milliseconds > limits.milliseconds) {
    return { outcome: "hang", says: `${Math.round(milliseconds)} ms`, ...measured };
  }
  if (megabytes > limits.megabytes + (target.asks?.(bytes) ?? 0) / 1e6) {
    return { outcome: "memory", says: `${Math.round(megabytes)} MB`, ...measured };
  }
  const judged = "error" in found
    ? judgeError(found.error, { source, expected })
    : judgeValue(found.value, expected);
  return { ...judged, ...measured };
}

function judgeError(
  error: unknown,
  { source, expected }: { readonly source: string; readonly expected: Expectation | undefined },
): Pick<Verdict, "outcome" | "says"> {
  if (!(error instanceof Error)) return { outcome: "internal", says: `threw ${error}` };
  const { name, message } = error;
  const wrong = !isToolkitError(error)
    ? "is none of our errors"
    : !message.includes(source)
    ? "does not name the file"
    : /[\r\n]/.test(message)
    ? "is not one line"
    : message.length > longestMessage
    ? `has ${message.length} characters`
    : undefined;
  if (wrong !== undefined) {
    const where = error.stack?.split("\n").find((line) => line.includes("/src/"))?.trim() ?? "";
    return { outcome: "internal", says: `${name} ${wrong}: ${message.slice(0, 200)} ${where}` };
  }
  if (expected?.kind === "value" && !expected.refusable) {
    return { outcome: "silent", says: `good content is refused: ${message}` };
  }
  return { outcome: "refused", says: message };
}

function judgeValue(
  value: unknown,
  expected: Expectation | undefined,
): Pick<Verdict, "outcome" | "says"> {
  if (expected?.kind === "refused") return { outcome: "silent", says: "it is accepted" };
  if (expected !== undefined && !isDeepStrictEqual(value, expected.value)) {
    return { outcome: "silent", says: "other content than it holds is read" };
  }
  return { outcome: "read", says: "" };
}
