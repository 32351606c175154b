import { DeviceUnavailableError, ToolkitError } from "../core/errors.ts";
import { eventLoopTurns } from "../core/event_loop.ts";
import { IdleTimer } from "../core/idle_timer.ts";
import { warnOfOneThread, whyNoThreads } from "../core/threads.ts";
import { newPulse, type WatchedThread, WorkerWatch } from "../core/worker_watch.ts";
import type { Architecture } from "../networks/architectures/architecture.ts";
import type { Network } from "../networks/network.ts";
import { type FlatParameters, parameterCount } from "../networks/weights/parameters.ts";
import { lossAndGradients, type TrainingBatch } from "./gradients.ts";

/**
 * Loss and gradient of a batch.
 *
 * @category Training
 */
export interface GradientResult {
  /** Mean squared error over all values, weighted as the batch says. */
  readonly loss: number;
  /** Gradient as one flat vector; valid until the next call. */
  readonly gradients: Float32Array;
}

/**
 * Computes gradients of batches that are split into shards, on one thread or several.
 *
 * @category Training
 */
export interface GradientPool {
  /** Number of threads at work. */
  readonly workers: number;
  /** The gradient of a batch; the same bytes whatever the number of workers. */
  compute(parameters: FlatParameters, batch: TrainingBatch): Promise<GradientResult>;
  /** Stops the workers. */
  dispose(): void;
}

/** Sent to a worker once. */
export interface WorkerSetup {
  readonly kind: "setup";
  readonly architecture: Architecture;
  readonly backend: "wasm" | "cpu";
  readonly parameters: SharedArrayBuffer;
  /** Counted up with everything that the worker does. */
  readonly pulse: Int32Array;
}

/** Sent to a worker for each shard. */
export interface WorkerShard {
  readonly kind: "shard";
  readonly batch: TrainingBatch;
  readonly gradients: SharedArrayBuffer;
}

/** What a worker answers. */
export type WorkerAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "done"; readonly loss: number }
  | {
    readonly kind: "failed";
    readonly message: string;
    /** Its device is at its end, such as its memory; what was computed before is right. */
    readonly unavailable: boolean;
  };

/** Cuts a batch into `shards` parts of nearly equal size; their weights add up to 1. */
function split(batch: TrainingBatch, shards: number): { part: TrainingBatch; weight: number }[] {
  const [b, h, w, c] = batch.shape;
  const values = h * w * c;
  return Array.from({ length: Math.min(shards, b) }, (_, i) => {
    const from = Math.floor(i * b / Math.min(shards, b));
    const to = Math.floor((i + 1) * b / Math.min(shards, b));
    const part: TrainingBatch = {
      x: batch.x.slice(from * values, to * values),
      target: batch.target.slice(from * values, to * values),
      shape: [to - from, h, w, c],
      times: Array.from(batch.times).slice(from, to),
      labels: batch.labels && Array.from(batch.labels).slice(from, to),
      weights: batch.weights && Array.from(batch.weights).slice(from, to),
    };
    return { part, weight: (to - from) / b };
  });
}

/**
 * Adds shards to `gradients` in their order, so that the sum does not depend on who finished first.
 *
 * @returns The loss.
 */
function combine(
  results: readonly GradientResult[],
  { weights, gradients }: {
    readonly weights: readonly number[];
    readonly gradients: Float32Array;
  },
): number {
  let loss = 0;
  results.forEach((result, s) => {
    const [weight, part] = [weights[s]!, result.gradients];
    loss += weight * result.loss;
    for (let i = 0; i < part.length; i++) {
      gradients[i] = (s === 0 ? 0 : gradients[i]!) + weight * part[i]!;
    }
  });
  return loss;
}

/**
 * Options of {@linkcode createGradientPool}.
 *
 * @category Training
 */
export interface GradientPoolOptions {
  /** Backend in use: workers run on the CPU only. */
  readonly backend: "webgpu" | "wasm" | "cpu";
  /** Parts that a batch is cut into; part of the result's bytes. */
  readonly shards: number;
  /** Threads; 1 computes in this thread. Default: as many as shards, at most the cores. */
  readonly workers?: number | undefined;
}

/** Time that threads wait for work before they are ended; the next work starts new ones. */
const idleMs = 4000;

/**
 * Starts a pool. Where the backend is a GPU, or the network is one of your own, everything runs in this
 * thread, with the same result; so it does where threads or shared memory are missing, or a thread cannot
 * be started, and one line on the console says why.
 *
 * Threads are ended when they have been idle for a while, so that a forgotten `dispose` does not keep a
 * process alive, and started again when there is work.
 *
 * @example
 * ```ts
 * import { createGradientPool, ExampleStream } from "@els/toolkit/training";
 * import { createNetwork, initialParameters, Random, startBackend } from "@els/toolkit/networks";
 * import { bytesToImages, createSchedule, syntheticTextures } from "@els/toolkit/machines";
 * import { assertEquals } from "@std/assert";
 *
 * await startBackend("cpu");
 * const network = createNetwork({
 *   kind: "resnet",
 *   imageShape: [8, 8, 1],
 *   padding: "zeros",
 *   classes: 0,
 *   width: 8,
 *   layers: 1,
 *   kernelSize: 3,
 * });
 * const images = bytesToImages(syntheticTextures({ images: 4, size: 8 }));
 * const schedule = createSchedule("cosine_legacy");
 * const batch = await new ExampleStream({ images, schedule, batchSize: 2, seed: 1 }).batch(1);
 * const pool = await createGradientPool(network, { backend: "cpu", shards: 2, workers: 1 });
 * const parameters = initialParameters(network.parameters, new Random(1));
 * const { gradients } = await pool.compute(parameters, batch);
 * assertEquals(gradients.length, parameters.length);
 * pool.dispose();
 * ```
 *
 * @category Training
 */
export async function createGradientPool(
  network: Network,
  options: GradientPoolOptions,
): Promise<GradientPool> {
  const { backend, shards, workers = Math.min(shards, navigator.hardwareConcurrency ?? 1) } =
    options;
  const turn = eventLoopTurns();
  const size = parameterCount(network.parameters);
  const gradients = new Float32Array(size);
  const inThread: GradientPool = {
    workers: 1,
    async compute(parameters, batch) {
      const parts = split(batch, shards);
      const results: GradientResult[] = [];
      for (const { part } of parts) {
        await turn();
        results.push(await lossAndGradients(network, parameters, part));
      }
      const weights = parts.map(({ weight }) => weight);
      return { loss: combine(results, { weights, gradients }), gradients };
    },
    dispose() {},
  };
  if (backend === "webgpu" || workers <= 1 || !network.rebuildable) return inThread;
  const missing = whyNoThreads();
  if (missing !== undefined) {
    warnOfOneThread("Training", missing);
    return inThread;
  }
  const found: Float32Array[] = [];
  const shared = new SharedArrayBuffer(size * 4);
  const setup: Omit<WorkerSetup, "pulse"> = {
    kind: "setup",
    architecture: network.architecture as Architecture,
    backend,
    parameters: shared,
  };
  let team: GradientWorker[];
  try {
    team = await startTeam(workers, { size, setup });
  } catch (error) {
    // Such as in a bundle, which does not have the worker's module beside it.
    warnOfOneThread("Training", `a worker cannot be started (${(error as Error).message})`);
    return inThread;
  }
  let ended = false;
  const stop = () => {
    idleTimer.stop();
    for (const worker of team) worker.stop();
    team = [];
  };
  const idleTimer = new IdleTimer(idleMs, stop);
  idleTimer.rest();
  return {
    workers,
    async compute(parameters, batch) {
      idleTimer.stop();
      if (team.length === 0 && !ended) team = await startTeam(workers, { size, setup });
      if (ended) {
        stop();
        throw new ToolkitError("Cannot compute gradients: the pool has been disposed");
      }
      new Float32Array(shared).set(parameters);
      const parts = split(batch, shards);
      const results = new Array<GradientResult>(parts.length);
      try {
        await Promise.all(team.map(async (worker, i) => {
          for (let s = i; s < parts.length; s += team.length) {
            found[s] ??= new Float32Array(size);
            results[s] = await worker.gradient(parts[s]!.part, found[s]!);
          }
        }));
      } catch (error) {
        // One that has died answers no more; the next batch begins with new ones.
        stop();
        throw error;
      }
      if (!ended) idleTimer.rest();
      const weights = parts.map(({ weight }) => weight);
      return { loss: combine(results, { weights, gradients }), gradients };
    },
    dispose() {
      ended = true;
      stop();
    },
  };
}

/** Starts threads, each with its own copy of TensorFlow.js; resolves when all are ready. */
async function startTeam(
  workers: number,
  { size, setup }: { readonly size: number; readonly setup: Omit<WorkerSetup, "pulse"> },
): Promise<GradientWorker[]> {
  const watch = new WorkerWatch<GradientWorker>({
    // In plain JavaScript a single operation can take long.
    ...setup.backend === "cpu" && { quietMs: 120_000 },
    onLost: (worker, { message }) => worker.lose(message),
  });
  const team = Array.from({ length: workers }, () => new GradientWorker(size, watch));
  try {
    await Promise.all(team.map((worker) => worker.start(setup)));
    return team;
  } catch (error) {
    for (const worker of team) worker.stop();
    throw error;
  }
}

/** Milliseconds for a thread to load its modules, however busy the machine is. */
const startMs = 60_000;

/** One thread with its own copy of TensorFlow.js. */
class GradientWorker implements WatchedThread {
  readonly pulse = newPulse();
  readonly #worker: Worker;
  readonly #watch: WorkerWatch<GradientWorker>;
  readonly #gradients: SharedArrayBuffer;
  #pending: { resolve: (answer: WorkerAnswer) => void; reject: (error: Error) => void } | undefined;

  constructor(size: number, watch: WorkerWatch<GradientWorker>) {
    this.#watch = watch;
    this.#gradients = new SharedArrayBuffer(size * 4);
    this.#worker = new Worker(new URL("./gradient_worker.ts", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<WorkerAnswer>) => {
      this.#watch.end(this);
      if (data.kind === "failed") {
        const { message, unavailable } = data;
        this.#pending?.reject(
          unavailable ? new DeviceUnavailableError(message) : new Error(message),
        );
      } else this.#pending?.resolve(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.lose(event.message);
    };
  }

  #request(message: WorkerSetup | WorkerShard, pickUpMs?: number): Promise<WorkerAnswer> {
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#watch.begin(this, pickUpMs);
      this.#worker.postMessage(message);
    });
  }

  start(setup: Omit<WorkerSetup, "pulse">): Promise<WorkerAnswer> {
    return this.#request({ ...setup, pulse: this.pulse }, startMs);
  }

  /** The gradient of a shard, which is put into `gradients`. */
  async gradient(batch: TrainingBatch, gradients: Float32Array): Promise<GradientResult> {
    const answer = await this.#request({ kind: "shard", batch, gradients: this.#gradients });
    const loss = answer.kind === "done" ? answer.loss : NaN;
    gradients.set(new Float32Array(this.#gradients));
    return { loss, gradients };
  }

  /** The thread is gone. */
  lose(why: string): void {
    this.#watch.end(this);
    const problem = `A training worker is gone: ${why}`;
    this.#pending?.reject(
      new DeviceUnavailableError(problem, { remedy: () => "start the training again to go on" }),
    );
  }

  stop(): void {
    this.#watch.end(this);
    this.#worker.terminate();
    this.#pending?.reject(new ToolkitError("The training worker was ended"));
  }
}
