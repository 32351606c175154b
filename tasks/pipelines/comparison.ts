/** A comparison as the command does it: resumable in a run folder, machine by machine. */
import { type AskingCost, costPerQuery } from "../../src/evaluation/asking_cost.ts";
import { compareDenoisers, type ComparisonResult } from "../../src/evaluation/compare_denoisers.ts";
import type {
  ComparisonIdentity,
  ComparisonRecord,
} from "../../src/evaluation/comparison_record.ts";
import { type ComparisonTable, comparisonTable } from "../../src/evaluation/comparison_table.ts";
import type { NamedDenoiser } from "../../src/evaluation/named_denoiser.ts";
import type { SampleStatistic } from "../../src/core/paired_bootstrap.ts";
import type { StoredTensor } from "../../src/formats/safetensors.ts";
import { networkDenoiser } from "../../src/networks/network_denoiser.ts";
import { ImageStore } from "../../src/runs/image_store.ts";
import { JsonlLog, type LogRecord } from "../../src/runs/jsonl_log.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import type { MergedShards } from "./merged_shards.ts";
import { processorTime } from "./processor_time.ts";
import { samplesFile } from "./quality_samples.ts";
import type { Session } from "./session.ts";
import { sharedProtocol, storedTensors, takeImages } from "./share.ts";
import type { Shard } from "../../src/runs/shard_file.ts";

/** What is compared, and how. */
export interface ComparisonPlan {
  readonly protocol: SamplingProtocol;
  readonly machines: readonly NamedDenoiser[];
  /** Whether images are measured in [0, 1], as they are shown. */
  readonly clamp: boolean;
  readonly statistic: SampleStatistic;
  /** The machine that the others are held against; absent: the best. */
  readonly against?: string | undefined;
  /** Samples at a time. */
  readonly batch: number;
}

/** What asking a machine cost in this run. */
export interface MachineCost {
  readonly machine: string;
  /** Milliseconds of processor time, of all threads, that a noisy image takes. */
  readonly milliseconds: number;
  /** Microseconds of it for each training image. */
  readonly perImage: number;
  /** Seconds that preparing took. */
  readonly setup: number;
}

/** A finished comparison. */
export interface Comparison {
  readonly result: ComparisonResult;
  readonly table: ComparisonTable;
  /** Of the network (named "network") and the machines; those that nothing is known of are not there. */
  readonly costs: readonly MachineCost[];
}

/** The name of the network among machines. */
const networkName = "network";

/** Where machines match any position, or compute set by set: their work is weighed for the time left. */
const weights: Readonly<Record<string, number>> = {
  ...{ ES: 100, ELS: 100, ELS_wrapped: 100, bbELS: 100 },
  ...{ PCA_locality: 100, PSPC_flex: 100, PSPC_square: 3, SCFDM: 3 },
};
const weightOf = (name: string) => weights[name] ?? 1;

/** The numbers about one image, as they are kept. */
type AgreementLine = Pick<
  ComparisonRecord,
  "machine" | "sample" | "label" | "end" | "own" | "single"
>;

/** The images and numbers of a comparison, as they are kept. */
class KeptComparison implements Disposable {
  readonly #stores: ReadonlyMap<string, ImageStore>;
  readonly #log: JsonlLog;
  readonly #identity: ComparisonIdentity;
  readonly #first: number;
  readonly #lines: AgreementLine[];

  private constructor(
    parts: {
      readonly stores: ReadonlyMap<string, ImageStore>;
      readonly log: JsonlLog;
      readonly identity: ComparisonIdentity;
      readonly first: number;
    },
  ) {
    this.#stores = parts.stores;
    this.#log = parts.log;
    this.#identity = parts.identity;
    this.#first = parts.first;
    this.#lines = parts.log.earlier.map((line) => line as unknown as AgreementLine);
  }

  static async open(
    { protocol, machines, clamp, batch }: ComparisonPlan,
    { run, network, progress, share }: Session,
  ): Promise<KeptComparison> {
    const { samples, first = 0, seed, sampler, grid, steps } = protocol;
    using opened = new DisposableStack();
    const { imageShape } = network.network.architecture;
    const stores = new Map<string, ImageStore>();
    for (const name of [networkName, ...machines.map(({ name }) => name)]) {
      const store = opened.use(
        await ImageStore.open(run.file(samplesFile(name)), {
          ...{ names: ["x0"], samples, imageShape, whole: run.whole },
          metadata: { layout: "NHWC", range: "[-1, 1]" },
        }),
      );
      if (store.damage !== undefined) progress.note(store.damage);
      stores.set(name, store);
    }
    const log = opened.use(await JsonlLog.open(run.file("agreements_state.jsonl")));
    if (log.damage !== undefined) progress.note(log.damage);
    opened.move();
    const identity = { seed, sampler, grid, steps, clamp };
    const kept = new KeptComparison({ stores, log, identity, first });
    if (share.role === "merge") kept.#take(share.merged, batch);
    return kept;
  }

  /** Takes what shards hold and is not there yet, in the order in which one run finds it. */
  #take(merged: MergedShards, batch: number): void {
    const there = new Set(this.#lines.map(({ machine, sample }) => `${machine}/${sample}`));
    for (const [name, store] of this.#stores) {
      takeImages(store, { role: "merge", merged }, { prefix: `${name}/` });
    }
    const order = [...this.#stores.keys()];
    const place = ({ machine, sample }: AgreementLine) =>
      [Math.floor(sample / batch), order.indexOf(machine ?? networkName), sample] as const;
    const lines = merged.list<AgreementLine>("agreements")
      .filter(({ machine, sample }) => !there.has(`${machine}/${sample}`))
      .map((line) => ({ line, place: place(line) }))
      .sort((a, b) =>
        a.place[0] - b.place[0] || a.place[1] - b.place[1] || a.place[2] - b.place[2]
      );
    for (const { line } of lines) this.#append(line);
    if (lines.length > 0) this.#log.sync();
  }

  #append(line: AgreementLine): void {
    this.#log.append({ ...line });
    this.#lines.push(line);
  }

  /** All of it, as the content of a shard. */
  get shard(): Shard["values"] & object {
    return { agreements: this.#lines };
  }

  /** All images, as arrays of a shard. */
  get tensors(): ReadonlyMap<string, StoredTensor> {
    return new Map(
      [...this.#stores].flatMap(([name, store]) => [
        ...storedTensors(store, { prefix: `${name}/` }),
      ]),
    );
  }

  /** What is there, whole: an image and the numbers about it. */
  get records(): ComparisonRecord[] {
    // Of a sample that was made twice, after damage, the later numbers belong to the image.
    const found = new Map<string, ComparisonRecord>();
    const done = new Map([...this.#stores].map(([name, store]) => [name, new Set(store.done)]));
    for (const { machine, sample, label, end, own, single } of this.#lines) {
      const name = machine ?? networkName;
      const index = sample - this.#first;
      if (!done.get(name)?.has(index)) continue;
      found.set(`${name}/${sample}`, {
        ...{ sample, label, machine, ...this.#identity },
        image: Array.from(this.#stores.get(name)!.read(index)["x0"]!),
        ...{ end, own, single },
      });
    }
    return [...found.values()];
  }

  /** Keeps what was found together. */
  add(records: readonly ComparisonRecord[]): void {
    const name = records[0]!.machine ?? networkName;
    this.#stores.get(name)!.writeBatch(
      new Map(records.map(({ sample, image }) => [sample - this.#first, { x0: image }])),
    );
    for (const { machine, sample, label, end, own, single } of records) {
      this.#append({ machine, sample, label, end, own, single });
    }
    this.#log.sync();
  }

  [Symbol.dispose](): void {
    for (const store of this.#stores.values()) store[Symbol.dispose]();
    this.#log[Symbol.dispose]();
  }
}

/** Compares, or goes on after what the run has. */
export async function runComparison(
  plan: ComparisonPlan,
  session: Session,
): Promise<Comparison> {
  const { protocol, statistic, against } = plan;
  return await compareKept(plan, session, ({ result, costLines }) => ({
    result,
    table: comparisonTable(result, { statistic, against }),
    costs: costsOf(costLines, imagesOfQuery(session, protocol)),
  }));
}

/** Compares on the samples of a shard: what its file is to hold. */
export async function comparisonShard(
  plan: ComparisonPlan,
  session: Session,
): Promise<Required<Pick<Shard, "tensors" | "values">>> {
  const own = { ...plan, protocol: sharedProtocol(plan.protocol, session.share) };
  return await compareKept(own, session, ({ kept, costLines }) => ({
    tensors: kept.tensors,
    values: { ...kept.shard, costs: costLines },
  }));
}

/** What has been compared, while its files are open. */
interface Compared {
  readonly result: ComparisonResult;
  readonly kept: KeptComparison;
  readonly costLines: readonly unknown[];
}

/** Compares what is missing in the files of the run, and uses all of it. */
async function compareKept<T>(
  plan: ComparisonPlan,
  session: Session,
  use: (compared: Compared) => T,
): Promise<T> {
  const { protocol, machines, clamp, batch } = plan;
  const { network, run, abort, progress, share } = session;
  using kept = await KeptComparison.open(plan, session);
  using costLog = await JsonlLog.open(run.file("cost_state.jsonl"));
  if (share.role === "merge" && costLog.earlier.length === 0) {
    for (const line of share.merged.list<LogRecord>("costs")) costLog.append(line);
  }
  const resume = kept.records;
  const denoiser = networkDenoiser(network);
  const { steps, samples } = protocol;
  // A unit is a sample at a step; machines that match any position take most of the time.
  const weighed = new Map(machines.map(({ name }) => [name, weightOf(name)]));
  const perSample = steps +
    machines.reduce((sum, { name }) => sum + weightOf(name) * (2 * steps - 1), 0);
  const before = resume.reduce(
    (sum, { machine }) => sum + (machine === null ? steps : weightOf(machine) * (2 * steps - 1)),
    0,
  );
  const bar = progress.start({ label: "compare", total: samples * perSample, done: before });
  let work = before;
  const begun = Date.now();
  const costLines: unknown[] = share.role === "merge"
    ? share.merged.list("costs")
    : [...costLog.earlier];
  try {
    const result = await compareDenoisers(denoiser, machines, {
      ...{ ...protocol, clamp, batch, abort, resume, clock: processorTime },
      onProgress: ({ name, units }) => {
        work += units * (weighed.get(name) ?? 1);
        bar.update(Math.min(work, samples * perSample), { at: name });
      },
      onRecords: (records, cost) => {
        kept.add(records);
        const line = { machine: records[0]!.machine ?? networkName, begun, cost };
        costLog.append(line);
        costLines.push(line);
      },
    });
    bar.finish();
    return use({ result, kept, costLines });
  } finally {
    denoiser.dispose();
  }
}

/** Training images that a query is compared with: of its class, where it has one. */
function imagesOfQuery({ data }: Pick<Session, "data">, { labels }: SamplingProtocol): number {
  const [all] = data.images.shape;
  if (labels === undefined) return all;
  const ofClass = Map.groupBy(data.labels, (label) => label);
  const counts = labels.map((label) => ofClass.get(label)?.length ?? 0);
  return counts.reduce((sum, count) => sum + count, 0) / counts.length;
}

/** What asking cost, of all parts of the work: the last line of each machine in each is what it took. */
function costsOf(lines: readonly unknown[], images: number): MachineCost[] {
  const parts = new Map<string, Map<number, AskingCost>>();
  for (const line of lines) {
    const { machine, begun, cost } = line as {
      readonly machine: string;
      readonly begun: number;
      readonly cost: AskingCost;
    };
    const own = parts.get(machine) ?? new Map<number, AskingCost>();
    parts.set(machine, own.set(begun, cost));
  }
  return [...parts].flatMap(([machine, own]) => {
    const costs = [...own.values()];
    const sum = (pick: (cost: AskingCost) => number) =>
      costs.reduce((total, cost) => total + pick(cost), 0);
    // Each part of the work prepared the machine anew.
    const each = costPerQuery({
      queries: sum(({ queries }) => queries),
      seconds: sum(({ seconds }) => seconds),
      first: {
        queries: sum(({ first }) => first.queries),
        seconds: sum(({ first }) => first.seconds),
      },
    });
    if (each === null) return [];
    const milliseconds = 1000 * each.seconds;
    return [{
      ...{ machine, milliseconds, setup: each.setup / costs.length },
      perImage: machine === networkName ? 0 : 1000 * milliseconds / images,
    }];
  });
}
