/** What images of a network and of machines cost, measured while they are made. */
import { type AskingCost, CostMeter, costPerQuery } from "../../src/evaluation/asking_cost.ts";
import type { ImageBatch } from "../../src/core/image_batch.ts";
import { JsonlLog } from "../../src/runs/jsonl_log.ts";
import type { SamplingProtocol } from "../../src/samplers/sampling_protocol.ts";
import { processorTime } from "./processor_time.ts";
import { keptSamples, type SampledDenoiser } from "./quality_samples.ts";
import type { NetworkSession } from "./session.ts";
import { type Share, wholeShare } from "./share.ts";

/** Processor time of this run, all threads. */
export interface ImageCost {
  readonly set: string;
  /** Seconds for an image. */
  readonly seconds: number;
  /** Seconds that preparing took. */
  readonly setup: number;
}

/** What making some images of a set took. */
interface CostLine {
  readonly set: string;
  readonly images: number;
  readonly cost: AskingCost;
}

/** A log of what was asked, beside the images that came of it. */
export class CostLog implements Disposable {
  readonly #log: JsonlLog;
  readonly #lines: CostLine[];

  private constructor(log: JsonlLog) {
    this.#log = log;
    this.#lines = log.earlier.map((line) => line as unknown as CostLine);
  }

  /** Opens that of a run; one that is merged has the lines of all shards. */
  static async open(path: string, share: Share = wholeShare): Promise<CostLog> {
    const log = await JsonlLog.open(path);
    const taken = share.role === "merge" && log.earlier.length === 0
      ? share.merged.list<CostLine>("costs")
      : [];
    for (const line of taken) log.append({ ...line });
    const costs = new CostLog(log);
    costs.#lines.push(...taken);
    return costs;
  }

  /** What was logged, for a shard. */
  get lines(): readonly CostLine[] {
    return this.#lines;
  }

  /** Makes the images that are missing yet, and keeps what they cost. */
  async samples(
    { name, denoiser }: SampledDenoiser,
    protocol: SamplingProtocol,
    options: {
      readonly session: Pick<NetworkSession, "run" | "abort" | "progress" | "share">;
      readonly batch: number;
    },
  ): Promise<ImageBatch> {
    const meter = new CostMeter(denoiser, processorTime);
    let images = 0;
    let cost = meter.cost;
    try {
      return await keptSamples({ name, denoiser: meter.denoiser }, protocol, {
        ...options,
        onBatch: (made) => {
          images += made;
          cost = meter.cost;
        },
      });
    } finally {
      if (images > 0) {
        const line = { set: name, images, cost };
        this.#log.append({ ...line });
        this.#log.sync();
        this.#lines.push(line);
      }
    }
  }

  /** The cost of each set's images; sets that were made by an earlier release have none. */
  get costs(): ImageCost[] {
    return [...new Set(this.#lines.map(({ set }) => set))].flatMap((set) => {
      const own = this.#lines.filter((line) => line.set === set);
      const sum = (pick: (line: CostLine) => number) =>
        own.reduce((total, line) => total + pick(line), 0);
      // Each part of the work prepared the machine anew.
      const queries = sum(({ cost }) => cost.queries);
      const each = costPerQuery({
        queries,
        seconds: sum(({ cost }) => cost.seconds),
        first: {
          queries: sum(({ cost }) => cost.first.queries),
          seconds: sum(({ cost }) => cost.first.seconds),
        },
      });
      if (each === null) return [];
      const seconds = each.seconds * queries / sum(({ images }) => images);
      return [{ set, seconds, setup: each.setup / own.length }];
    });
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#log[Symbol.dispose]();
  }
}
