/** What the logs of a job say: when each shard began, how it ended, and what it said last. */
import { join } from "@std/path";
import { oneLine } from "../../src/core/quoted.ts";
import { logMark } from "./job_scripts.ts";

/** What the newest log of a shard, or of the merge, says. */
export interface LogStory {
  readonly path: string;
  /** Job of Slurm whose log it is. */
  readonly job?: string;
  /** Milliseconds since 1970; absent where the log does not say. */
  readonly began?: number;
  readonly ended?: number;
  /** Exit code, where it ended. */
  readonly code?: number;
  /** Last line that the command, or the batch system, wrote. */
  readonly lastLine: string;
}

/** Logs of a job. */
export interface JobLogs {
  readonly shards: ReadonlyMap<number, LogStory>;
  readonly merge: LogStory | undefined;
  /** Why there are none to read. */
  readonly problem?: string;
}

/** Bytes of a log that are read at either end. */
const readBytes = 4096;

interface LogFile {
  readonly path: string;
  readonly job: string | undefined;
  readonly changed: number;
}

/** Newest log of each shard, by its name: `JOB_SHARD.log` of Slurm, `local_SHARD.log`, `merge_JOB.log`. */
export async function readJobLogs(folder: string): Promise<JobLogs> {
  const shards = new Map<number, LogFile>();
  let merge: LogFile | undefined;
  try {
    for await (const { name } of Deno.readDir(folder)) {
      const [, job, task] = /^(\d+|local)_(\d+)\.log$/.exec(name) ?? [];
      const [, merger] = /^merge_(\d+|local)\.log$/.exec(name) ?? [];
      if (task === undefined && merger === undefined) continue;
      const path = join(folder, name);
      const changed = (await Deno.stat(path)).mtime?.getTime() ?? 0;
      const id = (job ?? merger) === "local" ? undefined : job ?? merger;
      const file = { path, job: id, changed };
      if (task === undefined) {
        if (merge === undefined || isNewer(file, merge)) merge = file;
        continue;
      }
      const other = shards.get(Number(task));
      if (other === undefined || isNewer(file, other)) shards.set(Number(task), file);
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { shards: new Map(), merge: undefined };
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    return { shards: new Map(), merge: undefined, problem: `${folder} may not be read from here` };
  }
  const stories = await Promise.all(
    [...shards].map(async ([shard, file]) => [shard, await readStory(file)] as const),
  );
  return { shards: new Map(stories), merge: merge && await readStory(merge) };
}

/** Of two jobs of Slurm the later one has the higher number; else the clock decides. */
function isNewer(a: LogFile, b: LogFile): boolean {
  if (a.job !== undefined && b.job !== undefined) return Number(a.job) > Number(b.job);
  return a.changed > b.changed;
}

async function readStory({ path, job }: LogFile): Promise<LogStory> {
  using file = await Deno.open(path, { read: true });
  const { size } = await file.stat();
  const part = async (from: number) => {
    await file.seek(from, Deno.SeekMode.Start);
    const bytes = new Uint8Array(Math.min(readBytes, size - from));
    for (let at = 0; at < bytes.length;) {
      const count = await file.read(bytes.subarray(at));
      if (count === null) break;
      at += count;
    }
    return new TextDecoder().decode(bytes);
  };
  const tail = await part(Math.max(0, size - readBytes));
  // A log that was gone on with after a requeue tells of its last beginning only if that is near its end.
  return { path, ...job !== undefined && { job }, ...storyOf(await part(0), tail) };
}

/** Reads the beginning and the end of a log. */
export function storyOf(head: string, tail: string): Omit<LogStory, "path" | "job"> {
  const lines = tail.split(/[\r\n]+/).map((line) => line.trim()).filter((line) => line !== "");
  const own = new RegExp(`^${logMark} .* (begins|ends) (\\S+)(?: with code (\\d+))?`);
  const told = (text: string) =>
    text.split("\n").flatMap((line) => {
      const [, what, at, code] = own.exec(line) ?? [];
      return what === undefined ? [] : [{ what, at: Date.parse(at!), code }];
    });
  const all = [...told(head), ...told(tail)];
  const begin = all.findLast(({ what }) => what === "begins");
  const end = all.findLast(({ what }) => what === "ends");
  const ended = end !== undefined && (begin === undefined || end.at >= begin.at) ? end : undefined;
  return {
    ...begin && { began: begin.at },
    ...ended && { ended: ended.at, code: Number(ended.code ?? 0) },
    lastLine: oneLine(reasonIn(lines), 200),
  };
}

/** What a log says last; what Slurm says of an end that it brought about goes before. */
function reasonIn(lines: readonly string[]): string {
  return lines.findLast((line) => /^slurmstepd\S*: error: /.test(line)) ??
    lines.findLast((line) => !line.startsWith(`${logMark} `)) ?? "";
}
