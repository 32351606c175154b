/**
 * All that only a GPU can show, on the GPU of this machine, in one call; run.sh starts it, and README.md
 * beside it tells about it.
 *
 * @module
 */
import { fromFileUrl, join } from "@std/path";
import { versionLine } from "../../cli/command.ts";
import { helpPage } from "../../cli/help.ts";
import { UsageError } from "../../cli/flags.ts";
import { BoxError, examineBox } from "./box.ts";
import { type GpuOptions, gpuSpec, parseGpuOptions } from "./options.ts";
import { Results, takeOver } from "./results.ts";
import { commitOf, sourcesSum } from "./sources.ts";
import { stageNames } from "./gpu_report.ts";
import { stages } from "./stages.ts";
import { Steps, writeWhole } from "./steps.ts";

const root = fromFileUrl(new URL("../../..", import.meta.url));
const exitCodes = { done: 0, failed: 1, usage: 2, timeRanOut: 3, interrupted: 130 } as const;

/** Half a minute to save and to collect. */
const CLOSING_SECONDS = 30;

const toy = "toy sizes (--tiny): long tests left out, 4 images, k of 3 and 9, networks of 8 " +
  "channels, 2 steps";

const print = (line: string) => console.log(line);

/** The command of a task in deno.json as one process, which signals reach. */
export function taskWords(
  name: string,
  tasks: Readonly<Record<string, { readonly command: string }>>,
): string[] {
  const [, command] = tasks[name]!.command.match(/^deno task -q std deno (.*)$/)!;
  return [Deno.execPath(), ...command!.split(" ")];
}

interface DenoJson {
  readonly tasks: Readonly<Record<string, { readonly command: string }>>;
  readonly imports: Readonly<Record<string, string>>;
}

/** One call at a time; the lock goes with the process. */
async function lockState(state: string): Promise<Deno.FsFile> {
  const lock = await Deno.open(join(state, "lock"), { create: true, write: true });
  if (await lock.tryLock(true)) return lock;
  throw new BoxError(`another call is at work in ${state}`);
}

async function makeFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true }).catch(() => {
    throw new BoxError(`${path} cannot be written`);
  });
}

/** Does what is asked for, and returns the exit code. */
async function main(options: GpuOptions, abort: AbortSignal): Promise<number> {
  const began = performance.now();
  const { out, tiny, total, minutes } = options;
  const state = join(root, "runs", tiny ? "gpu-tiny" : "gpu");
  const results = new Results({ state, out });
  const { parts, context } = results;
  for (const folder of [out, parts]) await makeFolder(folder);
  using _ = await lockState(state);

  const sourcesFile = join(parts, "sources");
  const own = await Deno.stat(sourcesFile).then(() => true, () => false);
  if (options.previous !== undefined && own) {
    print("--previous is left out: this machine has results of its own");
  } else if (options.previous !== undefined) {
    const { previous } = options;
    if (!await takeOver({ previous, state, out, parts })) {
      throw new BoxError(`${join(previous, "results.tar.gz")} is no results of an earlier call`);
    }
  }
  if (options.again) {
    for (const { name } of [...Deno.readDirSync(parts)]) {
      if (name.startsWith("step-")) await Deno.remove(join(parts, name));
    }
  }

  print("== box");
  const runtime = Deno.env.get("ELS_GPU_RUNTIME");
  const pack = runtime && await Deno.readTextFile(join(runtime, "pack.txt")).catch(() => undefined);
  const sum = await sourcesSum(root);
  const box = await examineBox({ root, state, parts, runtime, print });
  const { tasks, imports } = JSON.parse(
    await Deno.readTextFile(join(root, "deno.json")),
  ) as DenoJson;
  Object.assign(context, {
    options: options.given,
    created: new Date().toISOString().replace(/\.\d+Z$/, "Z"),
    stages: options.stages.join(),
    ...tiny && { reduced: toy },
    ...box.about,
    sources: sum,
    commit: await commitOf(root, { sum, pack }),
    tensorflowjs: imports["@tensorflow/tfjs"]!.split("@").at(-1)!,
  });
  await Deno.writeTextFile(sourcesFile, `${sum}\n`);
  if (box.software) {
    if (!tiny && options.stages.join() !== "conformance") {
      throw new BoxError(
        "this adapter is software, which would take days; --tiny shows that all stages work",
      );
    }
    print("This adapter is software: no timing here means anything.");
  }

  let data = options.data;
  for (const name of ["shared/data", "../shared/data"]) {
    const folder = join(root, name);
    data ??= await Deno.stat(folder).then(() => folder, () => undefined);
  }
  const steps = new Steps({
    folder: parts,
    env: tiny ? { ...box.env, ELS_LONG_TESTS: "0" } : box.env,
    cwd: root,
    inputs: [sum, box.adapter],
    abort,
    onChange: async () => void await results.summarize(),
    print,
    show: (bytes) => writeWhole(Deno.stdout, bytes),
  });
  await steps.markKilled();
  for (const stage of stageNames) {
    if (!options.stages.includes(stage) || abort.aborted) continue;
    print(`== ${stage}`);
    const end = Math.min(
      performance.now() + 60e3 * minutes,
      total === undefined ? Infinity : began + 60e3 * total - 1e3 * CLOSING_SECONDS,
    );
    await stages[stage]({
      ...{ options, steps, results, state, data, abort },
      software: box.software,
      taskWords: (name) => taskWords(name, tasks),
      left: () => Math.floor((end - performance.now()) / 1000),
    });
    await results.collect();
  }
  if (abort.aborted) {
    await results.collect();
    return exitCodes.interrupted;
  }
  print(`\n${(await results.summarize()).trimEnd()}\n\nresults: ${out}`);
  if (steps.failed) return exitCodes.failed;
  if (!steps.stopped) return exitCodes.done;
  print("time ran out; the same call goes on");
  return exitCodes.timeRanOut;
}

if (import.meta.main) {
  const stop = new AbortController();
  const interrupted = () => {
    if (stop.signal.aborted) return;
    print("interrupted: saving");
    stop.abort();
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, interrupted);
  let code: number;
  try {
    const options = await parseGpuOptions(Deno.args);
    if (options === "version") {
      console.log(versionLine());
      code = exitCodes.done;
    } else if (options === "help") {
      console.log(helpPage(gpuSpec).replace("deno task gpu", "run.sh"));
      code = exitCodes.done;
    } else code = await main(options, stop.signal);
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(
        `run.sh: ${error.message.replace(/; run with --help$/, "")}; --help tells more`,
      );
      code = exitCodes.usage;
    } else if (error instanceof BoxError) {
      if (error.message !== "") console.error(`Cannot go on: ${error.message}`);
      code = exitCodes.failed;
    } else throw error;
  }
  Deno.exit(code);
}
