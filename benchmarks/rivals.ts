/**
 * The machines of docs/theories.md beside plain PyTorch of the same equations, and beside LS: what is made
 * once, what each time takes, and each query. `deno task bench:rivals`.
 *
 * The posterior of LS and PyTorch have as many threads as `--threads` says; the other machines have one, which is
 * why they are compared by processor time.
 * Answers are compared before a time is shown, but those of SCFDM, whose noise is each side's own.
 *
 * @module
 */
import { join } from "@std/path";
import { type ImageBatch, sliceBatch } from "../src/core/image_batch.ts";
import { quantile } from "../src/core/statistics.ts";
import { loadDataset } from "../src/datasets/registry_files.ts";
import { createMachine, type Machine, type MachineName, wasmPosterior } from "../src/machines.ts";
import { cosineLegacy } from "../src/schedules/cosine_legacy.ts";
import { CommandError, defineVerb, runVerb } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";
import { processorTime } from "../tasks/pipelines/processor_time.ts";
import { colorImages, noisy } from "./images.ts";
import { runPeer } from "./peer.ts";

const schedule = cosineLegacy();
const names: readonly MachineName[] = [
  "LS",
  "Wiener",
  "Wiener_stationary",
  "PCA_locality",
  "PSPC_square",
  "SCFDM",
];

/** Seconds of the first answer, of the first one at another time, and of each further query. */
interface Taken {
  readonly first: number;
  readonly time: number;
  readonly query: number;
}

interface Peer {
  readonly torch: string;
  readonly machines: Readonly<Record<string, Taken>>;
}

/** Times that are measured: the second is the one of the queries. */
interface Work {
  readonly queries: ImageBatch;
  readonly times: readonly [other: number, t: number];
  readonly rounds: number;
}

async function seconds(use: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await use();
  return (performance.now() - started) / 1e3;
}

/** Times one machine; `answers` are those to all queries. */
async function timeMachine(
  machine: Machine,
  { queries, times: [other, t], rounds }: Work,
): Promise<Taken & { readonly processor: number; readonly answers: ImageBatch }> {
  const one = sliceBatch(queries, 0, 1);
  const first = await seconds(() => machine.predict(one, other));
  const time = await seconds(() => machine.predict(one, t));
  const perQuery: number[] = [], processor: number[] = [];
  let answers = one;
  for (let round = 0; round < rounds; round++) {
    // What a call makes for its time is in both, and falls out.
    const began = processorTime();
    const single = await seconds(() => machine.predict(one, t));
    const between = processorTime();
    const all = await seconds(async () => answers = await machine.predict(queries, t));
    const further = queries.shape[0] - 1;
    perQuery.push((all - single) / further);
    processor.push((processorTime() - between - (between - began)) / further);
  }
  const median = (values: readonly number[]) => Math.max(0, quantile(values, 0.5));
  return { first, time, query: median(perQuery), processor: median(processor), answers };
}

function relativeError(found: Float32Array, expected: Float32Array): number {
  let difference = 0, norm = 0;
  found.forEach((value, i) => {
    difference += (value - expected[i]!) ** 2;
    norm += expected[i]! ** 2;
  });
  return Math.sqrt(difference / norm);
}

const bytesOf = ({ data }: ImageBatch) =>
  new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);

/** This command. */
export const verb = defineVerb({
  name: "bench:rivals",
  description:
    "Times the machines of all theories beside PyTorch and beside LS, after checking them.",
  flags: {
    images: { type: "integer", min: 8, default: 1000, help: "Training images" },
    queries: { type: "integer", min: 2, default: 8, help: "Noisy images" },
    rounds: { type: "integer", min: 1, default: 5, help: "Times that queries are timed" },
    threads: { type: "integer", min: 1, default: 2, help: "Threads of PyTorch, and of LS here" },
    k: { type: "integer", min: 3, max: 31, default: 9, help: "Patch size of LS and PSPC_square" },
    t: { type: "number", min: 0.02, max: 0.95, default: 0.5, help: "Time of the queries" },
    alone: { type: "boolean", help: "Leave PyTorch out" },
    machines: { type: "string", default: names.join(","), help: "Machines, with commas" },
    color: {
      type: "string",
      default: "../shared/data/cifar10/train_lossless.bin",
      help: "CIFAR-10 records; without the file, synthetic textures",
    },
  },
  examples: ["deno task bench:rivals --machines LS,PCA_locality --images 500"],
}, async ({ flags, progress, print }) => {
  const { t, k, rounds, threads } = flags;
  const times = [Math.min(1, t + 0.05), t] as const;
  const chosen = flags.machines.split(",") as MachineName[];
  const unknown = chosen.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new CommandError(`--machines has "${unknown}", expected some of ${names.join(", ")}`);
  }
  const script = new URL("torch_rivals_peer.py", import.meta.url).pathname;
  const digits = (await loadDataset("mnist", { images: flags.images })).images;
  const sets = [["mnist", digits] as const, await colorImages(flags.color, flags.images)] as const;
  for (const [set, images] of sets) {
    const queries = noisy(sliceBatch(images, 0, flags.queries), t);
    const channels = images.shape[3];
    const folder = await Deno.makeTempDir({ prefix: "els-rivals-" });
    try {
      await Deno.writeFile(join(folder, "images.f32"), bytesOf(images));
      await Deno.writeFile(join(folder, "queries.f32"), bytesOf(queries));
      if (!flags.alone) progress.note(`${set}: PyTorch`);
      const levels = [t, times[0]].flatMap((time) => [schedule.signal(time), schedule.sigma(time)]);
      const [tau, delta] = channels === 1 ? [0.005, 1] : [0.05, 0.1];
      const peer = flags.alone ? { reason: "PyTorch left out" } : await runPeer<Peer>([
        script,
        folder,
        ...chosen,
        ...["--threads", `${threads}`, "--channels", `${channels}`, "--k", `${k}`],
        ...["--tau", `${tau}`, "--delta", `${delta}`, "--rounds", `${rounds}`],
        ...["--levels", levels.join(",")],
      ], { pythons: ["/usr/bin/python3", "python3"], minutes: 10 });
      const rows: string[][] = [];
      let ofLS: number | undefined;
      for (const name of chosen) {
        progress.note(`${set}: ${name}`);
        await using posterior = wasmPosterior({ workers: threads });
        const patchSize = name === "LS" || name === "PSPC_square" ? k : undefined;
        const patches = name === "LS" ? { posterior } : {};
        await using machine = createMachine(name, { images, schedule, patchSize, ...patches });
        const ours = await timeMachine(machine, { queries, times, rounds });
        if (name === "LS") ofLS = ours.processor;
        const theirs = "found" in peer ? peer.found.machines[name] : undefined;
        let difference = "";
        if (theirs !== undefined && name !== "SCFDM") {
          const bytes = await Deno.readFile(join(folder, `${name}.f32`));
          const error = relativeError(ours.answers.data, new Float32Array(bytes.buffer));
          // PyTorch computes in float32, and where sets are cut at a threshold a few coordinates differ.
          if (!(error < 1e-2)) throw new CommandError(`${set} ${name} differ by ${error}`);
          difference = error.toExponential(0);
        }
        const both = (key: keyof Taken, scale: number) =>
          [ours[key], theirs?.[key]].map((value) =>
            value === undefined ? "-" : (value * scale).toPrecision(3)
          );
        rows.push([
          name,
          ...both("first", 1e3),
          ...both("time", 1e3),
          ...both("query", 1e6 / images.shape[0]),
          ofLS === undefined ? "-" : (ours.processor / ofLS).toPrecision(2),
          difference,
        ]);
      }
      print(
        `${set}, ${
          images.shape[0]
        } images, t = ${t}, k = ${k}: ms of the first answer and of one at ` +
          `another time, microseconds of each further query and image, which of LS's processor time; ` +
          ("found" in peer ? `PyTorch ${peer.found.torch}, ${threads} threads` : peer.reason),
      );
      print(textTable({
        header: [
          ...["machine", "first", "PyTorch", "time", "PyTorch", "query", "PyTorch"],
          ...["of LS", "differ"],
        ],
        rows,
      }));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
});

if (import.meta.main) await runVerb(verb);
