/** Kills commands as whole processes at random moments, as often as it takes. */
import { fromFileUrl, join } from "@std/path";
import { Random } from "../../../src/core/random.ts";
import { runHere } from "./in_process.ts";
import { verbName } from "./subjects.ts";
import { filesOf, judge, type Recording, type Trial } from "./trials.ts";

const tasks = fromFileUrl(new URL("../..", import.meta.url));

/** Starts a command as a process of its own. */
function start(verb: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-prompt", "--no-check", "-R", "-W", "--allow-env"],
      join(tasks, `${verb.replaceAll("-", "_")}.ts`),
      ...args,
    ],
    stdout: "null",
    stderr: "null",
  }).spawn();
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits until a folder holds something, or a process is over. */
async function waitForFiles(folder: string, child: Deno.ChildProcess): Promise<void> {
  let over = false;
  void child.status.then(() => over = true);
  while (!over && (await filesOf(folder).catch(() => [])).length === 0) await pause(5);
}

/** Milliseconds that a command works after it has begun to write. */
export async function timeOfWork(
  { subject, inputs }: Recording,
  { out }: { readonly out: string },
): Promise<number> {
  const child = start(verbName(subject), subject.args(out, inputs));
  await waitForFiles(out, child);
  const began = performance.now();
  await child.status;
  return performance.now() - began;
}

/**
 * Kills a command once or several times at random moments of its work, then lets it end.
 *
 * @param options.time Milliseconds that its work takes.
 */
export async function killRun(
  recording: Recording,
  { seed, into, time }: { readonly seed: number; readonly into: string; readonly time: number },
): Promise<Trial> {
  const { subject, inputs } = recording;
  const random = new Random(seed, `kill ${subject.name}`);
  const kills = 1 + random.integer(3);
  const moments: string[] = [];
  let met = false;
  await Deno.mkdir(into, { recursive: true });
  for (let i = 0; i < kills; i++) {
    const child = start(verbName(subject), subject.args(into, inputs));
    await waitForFiles(into, child);
    const ms = Math.floor(random.uniform() * time);
    await pause(ms);
    moments.push(`${ms} ms`);
    met = kill(child) || met;
    await child.status;
  }
  const what = `killed after ${moments.join(", ")}, seed ${seed}`;
  return { ...await judge(recording, { out: into, what }), met };
}

/** Kills a process; false if it was over. */
function kill(child: Deno.ChildProcess): boolean {
  try {
    child.kill("SIGKILL");
    return true;
  } catch {
    return false;
  }
}

/** Kills a conversion at a random moment, then lets it end. */
export async function killConversion(
  { inputs }: Pick<Recording, "inputs">,
  { seed, into, time }: { readonly seed: number; readonly into: string; readonly time: number },
): Promise<Trial> {
  const random = new Random(seed, "kill convert");
  const { verb } = await import("../../convert.ts");
  await Deno.mkdir(into, { recursive: true });
  const words = (output: string) => [join(inputs, "weights.safetensors"), output, "--force"];
  const output = join(into, "weights.pt");
  const child = start("convert", words(output));
  const ms = Math.floor(random.uniform() * time);
  await pause(ms);
  const met = kill(child);
  await child.status;
  const again = await runHere(verb, words(output));
  const expected = join(inputs, "weights.pt");
  if (again.code === 0 && !await exists(expected)) await runHere(verb, words(expected));
  const [found, wanted] = await Promise.all([output, expected].map((path) => Deno.readFile(path)));
  const same = again.code === 0 && found!.length === wanted!.length &&
    found!.every((byte, i) => byte === wanted![i]);
  const left = (await filesOf(into)).filter((name) => name !== "weights.pt");
  const verdict = same && left.length === 0 ? "same" : "lost";
  const detail = `convert, killed after ${ms} ms, seed ${seed}: ${
    same ? "the same" : "other bytes"
  }; left: ${left.join(", ") || "nothing"}; ${again.err}`;
  return { verdict, detail, met };
}

const exists = (path: string) => Deno.stat(path).then(() => true, () => false);

/** Milliseconds that a conversion takes as a process. */
export async function timeOfConversion(inputs: string, into: string): Promise<number> {
  await Deno.mkdir(into, { recursive: true });
  const began = performance.now();
  const words = [join(inputs, "weights.safetensors"), join(into, "weights.pt"), "--force"];
  await start("convert", words).status;
  return performance.now() - began;
}
