/**
 * What splitting costs: how long a shard takes to begin its work, the throughput of four shards on two cores beside
 * that of one run with all cores, and how long merging a thousand shards takes. `deno task bench:shards`.
 *
 * Commands are started as a user starts them, `deno task` and its checks included.
 *
 * @module
 */
import { join } from "@std/path";
import { initialNoise } from "../src/samplers/initial_noise.ts";
import { median } from "../src/core/statistics.ts";
import { sliceBatch } from "../src/core/image_batch.ts";
import type { CalibrationState } from "../src/calibration/calibration.ts";
import { joinCalibrationStates } from "../src/calibration/join_states.ts";
import { writeJsonText } from "../src/formats/json_text.ts";
import {
  readShard,
  type Shard,
  shardBytes,
  shardFileName,
  shardRange,
} from "../src/runs/shard_file.ts";
import { CommandError, defineVerb, runVerb } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";

/** The first line that tells of work: a bar of progress. */
const firstWork = /(sample|evaluate|calibrate LS) +\d+\/\d+ /;

/** Commands of which a first share begins, with all training images of the network. */
const starts: Readonly<Record<string, readonly string[]>> = {
  sample: ["sample", "--samples", "4", "--steps", "2", "--grid", "cubic"],
  evaluate: [
    ...["evaluate", "--machines", "ls", "--samples", "4", "--steps", "8", "--grid", "cubic"],
  ],
  calibrate: [
    ...["calibrate", "--machine", "ls", "--images", "5000", "--samples", "4", "--steps", "1"],
  ],
};

/** Runs a command of the toolkit to its end; seconds to the first line of work, and in all. */
async function timeCommand(
  args: readonly string[],
  abort: AbortSignal,
): Promise<{ readonly first: number; readonly all: number }> {
  abort.throwIfAborted();
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: abort,
    // Of batch systems a benchmark knows nothing.
    clearEnv: true,
    env: Object.fromEntries(
      ["PATH", "HOME", "DENO_DIR", "TMPDIR", "JSR_URL"].flatMap((name) => {
        const value = Deno.env.get(name);
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  }).spawn();
  let first: number | undefined;
  let text = "";
  for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (first === undefined && firstWork.test(text)) first = seconds();
  }
  const { success } = await child.status;
  abort.throwIfAborted();
  if (!success) throw new CommandError(`${args.join(" ")} failed: ${text.trim().slice(-300)}`);
  return { first: first ?? seconds(), all: seconds() };
}

/** The folder of the only work whose shards are in a folder of runs. */
async function shardFolder(out: string): Promise<string> {
  for await (const { name } of Deno.readDir(join(out, "shards"))) return join(out, "shards", name);
  throw new CommandError(`${out} holds no shards`);
}

/** Writes the shards of a thousand of which the first is there, each of one sample. */
async function fillShards(
  folder: string,
  { count, content }: {
    readonly count: number;
    readonly content: (first: Required<Shard>, index: number) => Omit<Shard, "header">;
  },
): Promise<void> {
  const first = await readShard(join(folder, shardFileName({ index: 1, count })));
  if (first === undefined) throw new CommandError(`${folder} has no first shard`);
  for (let index = 2; index <= count; index++) {
    const header = { ...first.header, index, ...shardRange(count, { index, count }) };
    await Deno.writeFile(
      join(folder, shardFileName(header)),
      shardBytes({ header, ...content(first, index - 1) }),
    );
  }
}

/** This command. */
export const verb = defineVerb({
  name: "bench:shards",
  description:
    "Times what splitting costs: the start of a shard, four shards on two cores beside one run, and merging " +
    "a thousand shards.",
  flags: {
    rounds: {
      type: "integer",
      min: 1,
      default: 5,
      help: "Starts of each command; the median is told",
    },
    samples: {
      type: "integer",
      min: 4,
      default: 8,
      help: "Trajectories of the calibration that is split",
    },
    images: { type: "integer", min: 10, default: 500, help: "Training images of it" },
    shards: { type: "integer", min: 2, default: 1000, help: "Shards that are merged" },
    out: {
      type: "string",
      placeholder: "FILE",
      path: "write a file",
      default: "runs/bench-shards.json",
      help: "File of the numbers",
    },
  },
  examples: ["bench:shards", "bench:shards --rounds 1 --samples 4 --images 200 --shards 100"],
}, async ({ flags, abort, progress, print }) => {
  const root = await Deno.makeTempDir({ prefix: "bench-shards" });
  const wasm = ["--backend", "wasm", "--posterior", "wasm"];
  const rows: string[][] = [];
  const numbers: Record<string, number> = {};
  const tell = (
    what: string,
    value: number,
    { unit, wanted }: { unit: string; wanted: string },
  ) => {
    numbers[what] = value;
    rows.push([what, `${value.toPrecision(3)}${unit}`, wanted]);
  };
  try {
    for (const [name, args] of Object.entries(starts)) {
      progress.note(`start of ${name}`);
      const times: number[] = [];
      for (let round = 0; round < flags.rounds; round++) {
        const own = ["--shard", "1/4", "--workers", "1", "--fresh"];
        const out = ["--out", join(root, `start-${name}`)];
        times.push((await timeCommand([...args, ...wasm, ...own, ...out], abort)).first);
      }
      tell(`first work of a shard of ${name}`, median(times), { unit: " s", wanted: "< 2 s" });
    }

    const work = [
      ...["calibrate", "--grid", "cubic", "--steps", "6", "--scales", "3..17", ...wasm],
      ...["--samples", `${flags.samples}`, "--images", `${flags.images}`],
    ];
    progress.note("one run with two threads");
    const whole = await timeCommand(
      [...work, "--workers", "2", "--shard", "none", "--out", join(root, "whole")],
      abort,
    );
    progress.note("four shards, two at a time");
    const queue = [1, 2, 3, 4];
    const split = join(root, "split");
    const began = performance.now();
    await Promise.all([1, 2].map(async () => {
      for (let index = queue.shift(); index !== undefined; index = queue.shift()) {
        const own = ["--shard", `${index}/4`, "--workers", "1", "--out", split];
        await timeCommand([...work, ...own], abort);
      }
    }));
    const four = (performance.now() - began) / 1000;
    const joined = await timeCommand(
      ["merge", await shardFolder(split), "--out", split],
      abort,
    );
    tell("one run, two threads", whole.all, { unit: " s", wanted: "" });
    tell("four shards of it, two at a time", four, { unit: " s", wanted: "" });
    tell("their merge", joined.all, { unit: " s", wanted: "" });
    tell("throughput of four shards, relative", whole.all / four, { unit: "", wanted: ">= 0.9" });

    const count = flags.shards;
    progress.note(`merging ${count} shards`);
    const samples = join(root, "samples");
    const sampled = [...["sample", "--steps", "2", "--grid", "cubic", ...wasm], "--samples"];
    await timeCommand([...sampled, `${count}`, "--shard", `1/${count}`, "--out", samples], abort);
    const made = await shardFolder(samples);
    const images = initialNoise({ seed: 1, samples: count, imageShape: [32, 32, 1] });
    await fillShards(made, {
      count,
      content: ({ values }, at) => {
        const { data, shape } = sliceBatch(images, at, at + 1);
        return { values, tensors: new Map([["x0", { dtype: "F32", shape: [...shape], data }]]) };
      },
    });
    const ofSamples = await timeCommand(["merge", made, "--out", samples], abort);
    tell(`merge of ${count} shards of sample`, ofSamples.all, { unit: " s", wanted: "< 10 s" });

    const calibrations = join(root, "calibrations");
    await timeCommand([
      ...["calibrate", "--machine", "ls", "--grid", "cubic", "--steps", "6", "--images", "20"],
      ...[...wasm, "--samples", `${count}`, "--shard", `1/${count}`, "--out", calibrations],
    ], abort);
    const states = await shardFolder(calibrations);
    await fillShards(states, {
      count,
      content: ({ tensors, values }, at) => {
        const { first: _, check: __, ...state } = (values["states"] as CalibrationState[])[0]!;
        const { check: ___, ...own } = joinCalibrationStates([state]);
        return { tensors, values: { states: [{ ...own, first: at }] } };
      },
    });
    const ofStates = await timeCommand(["merge", states, "--out", calibrations], abort);
    tell(`merge of ${count} shards of calibrate`, ofStates.all, { unit: " s", wanted: "< 10 s" });
  } finally {
    await Deno.remove(root, { recursive: true }).catch(() => {});
  }
  print(textTable({ header: ["what", "found", "wanted"], rows }));
  await Deno.mkdir(join(flags.out, ".."), { recursive: true });
  await Deno.writeTextFile(
    flags.out,
    writeJsonText({ cores: navigator.hardwareConcurrency, numbers }),
  );
  print(`Numbers: ${flags.out}`);
  return { numbers };
});

if (import.meta.main) await runVerb(verb);
