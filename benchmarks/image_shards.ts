/**
 * What a posterior over more images than memory holds costs: a stream of synthetic images, the peak of memory, and
 * the states of n shards that meet in a folder; and what of it follows for 10^8 images on 100 nodes.
 * `deno task bench:image-shards --images 1000000`.
 *
 * @module
 */
import { imageBatch, type ImageShape, sliceBatch } from "../src/core/image_batch.ts";
import { holdStream, type ImageStream } from "../src/core/image_stream.ts";
import { textureStream } from "../src/datasets/texture_stream.ts";
import { addNoise } from "../src/denoisers/add_noise.ts";
import {
  createMachine,
  emptyState,
  meetingPosterior,
  mergeInto,
  type PatchMachineName,
  posteriorMean,
  type PosteriorState,
  wasmPosterior,
} from "../src/machines.ts";
import { arraysOfState } from "../src/posterior/meeting/state_record.ts";
import { meetingFolder } from "../src/runs/meeting_folder.ts";
import { writeFileAtomic } from "../src/runs/atomic_write.ts";
import { cosineLegacy } from "../src/schedules/cosine_legacy.ts";
import { defineVerb, runVerb } from "../tasks/cli/command.ts";
import type { ProgressReporter } from "../tasks/cli/progress.ts";
import { duration } from "../tasks/cli/progress.ts";
import { textTable } from "../tasks/cli/table.ts";

const schedule = cosineLegacy();
/** The published scales of MNIST's zero-padded ResNet, index 0 the lowest noise, of 20 steps. */
const published = [3, 3, 5, 5, 5, 7, 7, 7, 9, 9, 11, 11, 11, 11, 13, 15, 15, 15, 15, 15];
const farImages = 1e8;

/** Highest resident set of this process so far, in bytes, where the system tells it; else the one of now. */
async function peakMemory(): Promise<number> {
  try {
    const status = await Deno.readTextFile("/proc/self/status");
    const peak = /VmHWM:\s+(\d+) kB/.exec(status);
    if (peak) return Number(peak[1]) * 1024;
  } catch {
    // Not Linux, or not permitted.
  }
  return Deno.memoryUsage().rss;
}

interface Streamed {
  readonly machine: PatchMachineName;
  readonly k: number;
  readonly t: number;
  readonly images: number;
  readonly seconds: number;
}

/** One query over a stream of images. */
async function timeStream(
  { machine: name, k, t, images }: Omit<Streamed, "seconds">,
  { size, channels, progress, abort }: {
    readonly size: number;
    readonly channels: number;
    readonly progress: ProgressReporter;
    readonly abort: AbortSignal;
  },
): Promise<Streamed> {
  const stream = textureStream({ images, size, channels });
  const clean = sliceBatch(await holdStream(textureStream({ images: 8, size, channels })), 5, 6);
  const x = addNoise(clean, { schedule, t, seed: 1 });
  await using posterior = wasmPosterior();
  const machine = createMachine(name, { images: stream, schedule, patchSize: k, posterior });
  const label = `${name} k ${k}`;
  const bar = progress.start({ label, total: images, unit: "images" });
  const began = performance.now();
  await machine.predictScales(x, t, {
    ...{ scales: [k], abort },
    onProgress: (part) => bar.update(Math.floor(part * images)),
  });
  const seconds = (performance.now() - began) / 1000;
  bar.finish();
  return { machine: name, k, t, images, seconds };
}

/** Seconds to make the images of a stream, nothing else. */
async function timeReading(stream: ImageStream): Promise<number> {
  const began = performance.now();
  let images = 0;
  for await (const tile of stream.tiles()) images += tile.shape[0];
  return (performance.now() - began) / 1000 / images;
}

/** A state as a shard would have it: of so many queries, with values of all magnitudes. */
function someState(queries: number, [height, width, channels]: ImageShape): PosteriorState {
  const state = emptyState([queries, 1, height * width, channels]);
  state.logScale.forEach((_, i) => state.logScale[i] = -50 * Math.abs(Math.sin(i)));
  state.sum.forEach((_, i) => state.sum[i] = 1 + Math.abs(Math.sin(3 * i)));
  state.acc.forEach((_, i) => state.acc[i] = Math.sin(7 * i));
  return state;
}

interface Merging {
  readonly shards: number;
  readonly queries: number;
  readonly bytes: number;
  /** Seconds of shard 1 after the last state has come: it reads and merges all, and writes the sum. */
  readonly merge: number;
  /** Seconds of every shard: it writes its state. */
  readonly write: number;
}

/** Has shard 1 meet for one step, the others' states being there. */
async function timeMerging(
  shards: number,
  { queries, imageShape }: { readonly queries: number; readonly imageShape: ImageShape },
): Promise<Merging> {
  const folder = await Deno.makeTempDir({ prefix: "els-image-shards-" });
  await using backend = wasmPosterior({ workers: 0 });
  try {
    const place = await meetingFolder(folder);
    const images = imageBatch(new Float32Array(valuesOf(imageShape)), [1, ...imageShape]);
    const data = new Float32Array(queries * valuesOf(imageShape));
    const query = imageBatch(data, [queries, ...imageShape]);
    const request = {
      ...{ query, rule: "same-position" as const, scales: [1], signal: 0.5, sigma: 0.5 },
    };
    const begin = (index: number) =>
      meetingPosterior(backend, {
        ...{ place, identity: { bench: true } },
        shard: { index, count: shards, from: index - 1, to: index, total: shards },
      }).begin(request);
    // The second shard gives its state, and does not wait.
    const gone = new Error("gone");
    const stop = new AbortController();
    const second = begin(2);
    await second.accumulate(images, { last: true, abort: stop.signal });
    stop.abort(gone);
    await second.finish().catch((error) => {
      if (error !== gone) throw error;
    });
    // Those of the others are like it.
    const name = (await place.names()).find((each) => each.includes(".shard-00002-"))!;
    const record = (await place.read(name))!;
    const arrays = arraysOfState(someState(queries, imageShape));
    const began = performance.now();
    for (let index = 2; index <= shards; index++) {
      const header = { ...record.header, index, from: index - 1, to: index };
      const own = name.replace("shard-00002", `shard-${String(index).padStart(5, "0")}`);
      await place.write(own, { header, arrays });
    }
    const write = (performance.now() - began) / 1000 / (shards - 1);
    const { size: bytes } = await Deno.stat(`${folder}/${name}.safetensors`);
    const first = begin(1);
    await first.accumulate(images, { last: true });
    const ended = performance.now();
    await first.finish();
    // Its own state is written in that time, too.
    const merge = Math.max(0, (performance.now() - ended) / 1000 - write);
    return { shards, queries, bytes, merge, write };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const valuesOf = ([height, width, channels]: ImageShape) => height * width * channels;

/** How far the mean is off if states go as one float64 and float32 means, at half the bytes. */
function halfOff(imageShape: ImageShape): number {
  const [whole, half] = [1, 2].map(() => emptyState(someState(1, imageShape).shape));
  for (let i = 0; i < 100; i++) {
    const state = someState(1, imageShape);
    state.acc.forEach((value, at) => state.acc[at] = value * Math.cos(i + at));
    mergeInto(whole!, state);
    const channels = imageShape[2];
    mergeInto(half!, {
      shape: state.shape,
      logScale: state.logScale.map((value, at) => value + Math.log(state.sum[at]!)),
      sum: state.sum.map(() => 1),
      acc: state.acc.map((value, at) => Math.fround(value / state.sum[Math.floor(at / channels)]!)),
    });
  }
  const [a, b] = [whole!, half!].map((state) => posteriorMean(state, { imageShape }).data);
  return a!.reduce((most, value, i) => Math.max(most, Math.abs(value - b![i]!)), 0);
}

/** Microseconds as a table shows them. */
const micro = (seconds: number) => (seconds * 1e6).toPrecision(3);
const milli = (seconds: number) => (seconds * 1e3).toPrecision(3);

/** Seconds of one image at a patch size, of the two measured beside it on a line. */
function interpolated(measured: readonly { k: number; cost: number }[], k: number): number {
  const [low, high] = [
    measured.findLast((each) => each.k <= k),
    measured.find((each) => each.k >= k),
  ];
  if (low === undefined || high === undefined) return (low ?? high)!.cost;
  return low.k === high.k
    ? low.cost
    : low.cost + (high.cost - low.cost) * (k - low.k) / (high.k - low.k);
}

/** The command of `deno task bench:image-shards`. */
const verb = defineVerb({
  name: "bench:image-shards",
  description:
    "Times one query over a stream of synthetic images, made as they are needed, with the peak of memory; what it " +
    "costs n shards to meet in a folder; and says what 10^8 images on 100 nodes would take.",
  flags: {
    images: { type: "integer", min: 1000, default: 100_000, help: "Images of LS at k = 7" },
    size: { type: "integer", min: 17, default: 32, help: "Height and width" },
    channels: { type: "integer", min: 1, default: 1, help: "Channels" },
    shards: {
      type: "integers",
      min: 2,
      default: [4, 100],
      placeholder: "4,100",
      help: "Shards that meet",
    },
    queries: { type: "integer", min: 1, default: 16, help: "Noisy images of the states that meet" },
    out: { type: "string", placeholder: "FILE", help: "Write the tables there, too" },
  },
  examples: ["bench:image-shards --images 1000000 --out benchmarks/image_shards.txt"],
}, async ({ flags, print, progress, abort }) => {
  const { images, size, channels, queries } = flags;
  const imageShape: ImageShape = [size, size, channels];
  const lines: string[] = [];
  const tell = (text: string) => {
    lines.push(text);
    print(text);
  };
  const cores = navigator.hardwareConcurrency;
  const what = `${size} x ${size} x ${channels}`;
  const options = { size, channels, progress, abort };

  const reading = await timeReading(textureStream({ images: 4096, size, channels }));
  const streamed: Streamed[] = [];
  // The long one first: its peak of memory is that of a process which has done nothing else.
  streamed.push(await timeStream({ machine: "LS", k: 7, t: 0.5, images }, options));
  const peak = await peakMemory();
  for (const [k, t] of [[3, 0.1], [17, 0.9]] as const) {
    streamed.push(
      await timeStream({ machine: "LS", k, t, images: Math.min(images, 50_000) }, options),
    );
  }
  for (const [k, t] of [[3, 0.1], [7, 0.5], [17, 0.9]] as const) {
    streamed.push(await timeStream({ machine: "ELS", k, t, images: 1500 }, options));
  }
  tell(
    `Images of ${what}, made when they are needed (${
      micro(reading)
    } us each on one thread); one query, ` +
      `wasm on ${cores} threads:\n`,
  );
  tell(textTable({
    header: ["machine", "k", "t", "images", "seconds", "us per image and query", "images/s"],
    rows: streamed.map(({ machine, k, t, images, seconds }) => [
      ...[machine, `${k}`, `${t}`, images.toLocaleString("en"), seconds.toFixed(1)],
      ...[micro(seconds / images), Math.round(images / seconds).toLocaleString("en")],
    ]),
  }));
  tell(
    `\nPeak memory of this process after ${images.toLocaleString("en")} images: ${
      (peak / 2 ** 20).toFixed(0)
    } MiB (held as float32 they would be ${
      (images * 4 * size * size * channels / 2 ** 20).toFixed(0)
    } MiB)\n`,
  );

  const merged: Merging[] = [];
  for (const asked of new Set([1, queries])) {
    for (const shards of flags.shards) {
      abort.throwIfAborted();
      merged.push(await timeMerging(shards, { queries: asked, imageShape }));
    }
  }
  tell("States that meet in a folder of this machine's disk, each write synced:\n");
  tell(textTable({
    header: ["shards", "queries", "KiB a state", "ms a shard writes", "ms shard 1 merges all"],
    rows: merged.map(({ shards, queries, bytes, merge, write }) => [
      ...[`${shards}`, `${queries}`, (bytes / 1024).toFixed(1), milli(write), milli(merge)],
    ]),
  }));
  tell(
    `\nA state holds queries x scales x pixels x (2 + channels) x 8 bytes. One float64 and float32 means ` +
      `would be half of that, and move the mean of 100 shards by ${
        halfOff(imageShape).toExponential(1)
      }: float64 stays.\n`,
  );

  const nodes = Math.max(...flags.shards);
  const each = farImages / nodes;
  const ofNodes = merged.filter(({ shards }) => shards === nodes);
  const [far, farMany] = [ofNodes[0]!, ofNodes.at(-1)!];
  const perStep = far.write + far.merge, perStepMany = farMany.write + farMany.merge;
  tell(
    `10^8 images on ${nodes} nodes of ${cores} such threads: ${
      each.toLocaleString("en")
    } images a node\n`,
  );
  const ofMachine = (name: PatchMachineName) =>
    streamed.filter(({ machine }) => machine === name)
      .map(({ k, seconds, images }) => ({ k, cost: seconds / images }))
      .sort((a, b) => a.k - b.k);
  const rows = (["LS", "ELS"] as const).flatMap((name) => {
    const measured = ofMachine(name);
    return [
      ...measured.map(({ k, cost }) => [`a step, k ${k}`, each * cost] as const),
      [
        "20 steps, published scales",
        published.reduce((sum, k) => sum + each * interpolated(measured, k), 0),
      ] as const,
    ].map(([step, seconds]) => {
      const steps = step.startsWith("20") ? 20 : 1;
      return [
        ...[name, step, duration(seconds)],
        ...[`${(steps * perStep).toFixed(2)} s`],
        `${(100 * steps * perStep / (seconds + steps * perStep)).toPrecision(2)} %`,
      ];
    });
  });
  tell(textTable({ header: ["machine", "one query", "sums", "meets", "share of meeting"], rows }));
  const gigabit = 1.25e9;
  const traffic = nodes * farMany.bytes * 2;
  tell(
    `\nThe arithmetic: sums = images of a node x seconds per image and query; of 20 steps those of k = ` +
      `${published.join(", ")}, between measured k on a line. Meets = a shard writes its state (${
        milli(far.write)
      } ms) and shard 1 reads and merges ${nodes} (${
        milli(far.merge)
      } ms). For ${queries} queries at a ` +
      `time sums are at most ${queries} times as long, meets ${perStepMany.toFixed(2)} s a step: ${
        (traffic / 2 ** 20).toFixed(0)
      } MiB through the folder, ${
        (traffic / gigabit).toFixed(2)
      } s at 10 Gbit/s.\nAssumed: nodes as fast as ` +
      `this one, images at hand on each (made, or on its own disk), a folder that shows a new file to others ` +
      `within the pause between two looks (at most 1 s a step), and no node slower than the others: all wait ` +
      `for the slowest.`,
  );
  if (flags.out !== undefined) await writeFileAtomic(flags.out, `${lines.join("\n")}\n`);
  return {};
});

if (import.meta.main) await runVerb(verb);
