import { DeviceUnavailableError } from "../../core/errors.ts";
import { IdleTimer } from "../../core/idle_timer.ts";
import { newPulse, type WatchedThread, WorkerWatch } from "../../core/worker_watch.ts";
import { PosteriorKernel } from "./posterior_kernel.ts";
import type { AnyResult, AnyWork, KernelBuild } from "./posterior_kernel.ts";
import type { ToWorker } from "./posterior_messages.ts";
import { listen, type PosteriorThread } from "./posterior_thread.ts";
import type { KernelResult, PosteriorPlan } from "../posterior_plan.ts";

/** One piece of work with all that it needs. */
export interface Job {
  readonly plan: PosteriorPlan;
  readonly work: AnyWork;
  /** `stop[0]` = 1 asks to stop; the result is then null. */
  readonly stop: Int32Array;
}

/** Something that runs jobs: worker threads, or the calling thread where there are none. */
export interface Executor {
  /** Jobs that run at the same time; 0 means on the calling thread. */
  readonly workers: number;
  /** Runs a job as soon as a thread is free. */
  run<Result extends AnyResult = KernelResult>(job: Job): Promise<Result | null>;
  /** Ends all threads; jobs still waiting are rejected. */
  dispose(): void;
}

const disposed = () => new Error("Cannot compute a posterior: the backend has been disposed");

/** Time that work on the calling thread may take before other tasks get a turn. */
const turnMs = 12;

/** Runs jobs one after the other on the calling thread, giving way to other tasks between images. */
export function inThreadExecutor(build?: KernelBuild): Executor {
  let kernel: Promise<PosteriorKernel> | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let ended = false;
  const execute = async ({ plan, work, stop }: Job): Promise<AnyResult | null> => {
    if (ended) throw disposed();
    const ready = await (kernel ??= PosteriorKernel.create(build));
    ready.configure(plan);
    const steps = ready.do(work);
    let turn = performance.now();
    for (;;) {
      const step = steps.next();
      if (step.done) return step.value;
      if (performance.now() - turn > turnMs) {
        await new Promise((resolve) => setTimeout(resolve));
        turn = performance.now();
      }
      if (ended) throw disposed();
      if (Atomics.load(stop, 0) !== 0) return null;
    }
  };
  return {
    workers: 0,
    run: <Result extends AnyResult>(job: Job) => {
      const result = last.then(() => execute(job));
      last = result.catch(() => {});
      return result as Promise<Result | null>;
    },
    dispose: () => {
      ended = true;
    },
  };
}

interface Thread extends WatchedThread {
  readonly worker: PosteriorThread;
  /** It is gone. */
  readonly lose: (why: string) => void;
  plan: PosteriorPlan | undefined;
  settle: { resolve(result: AnyResult | null): void; reject(error: Error): void } | undefined;
}

/** Milliseconds for a thread to load its module, however busy the machine is. */
const startMs = 60_000;

/** Starts a thread; resolves when it is ready. */
function startThread(
  createWorker: () => PosteriorThread,
  { watch, onEnd }: {
    readonly watch: WorkerWatch<Thread>;
    readonly onEnd: (thread: Thread) => void;
  },
): Promise<Thread> {
  return new Promise((resolve, reject) => {
    const thread: Thread = {
      worker: createWorker(),
      pulse: newPulse(),
      plan: undefined,
      settle: undefined,
      lose: fail,
    };
    const late = setTimeout(
      () => fail(`it did not start within ${startMs / 1000} seconds`),
      startMs,
    );
    function fail(message: string): void {
      clearTimeout(late);
      thread.worker.terminate();
      reject(new Error(message));
      onEnd(thread);
      thread.settle?.reject(
        new DeviceUnavailableError(`A posterior worker stopped: ${message}`, {
          remedy: () => "start it again to go on",
        }),
      );
      thread.settle = undefined;
    }
    listen(thread.worker, {
      onMessage: (data) => {
        clearTimeout(late);
        if (data.kind === "ready") return resolve(thread);
        watch.end(thread);
        const { settle } = thread;
        thread.settle = undefined;
        if (data.kind === "done") settle?.resolve(data.result);
        else {
          thread.plan = undefined;
          settle?.reject(new Error(`A posterior worker failed: ${data.message}`));
        }
      },
      onFailure: fail,
    });
  });
}

/** Time that threads wait for work before they are ended; the next work starts new ones. */
const idleMs = 2000;

/**
 * Starts worker threads. They are ended when they have been idle for a while, so that a forgotten `dispose`
 * does not keep a process alive, and started again by the next job.
 *
 * @throws Error if one cannot be started (no permission, no support).
 */
export async function startWorkers(
  count: number,
  createWorker: () => PosteriorThread,
): Promise<Executor> {
  const idle: Thread[] = [];
  const threads = new Set<Thread>();
  const waiting: { job: Job; settle: NonNullable<Thread["settle"]> }[] = [];
  let ended = false;
  let missing = 0;
  const idleTimer = new IdleTimer(idleMs, () => {
    for (const { worker } of threads) worker.terminate();
    missing += threads.size;
    threads.clear();
    idle.length = 0;
  });

  const watch = new WorkerWatch<Thread>({ onLost: (thread, { message }) => thread.lose(message) });
  const onEnd = (dead: Thread) => {
    watch.end(dead);
    // A thread that dies leaves a place, which the next job fills with a new one.
    if (threads.delete(dead)) missing++;
    if (waiting.length > 0) replaceMissing();
  };

  const start = async () => {
    const thread = await startThread(createWorker, { watch, onEnd });
    if (ended) return void thread.worker.terminate();
    threads.add(thread);
    idle.push(thread);
  };
  const assign = () => {
    while (waiting.length > 0 && idle.length > 0) {
      const thread = idle.pop()!;
      if (!threads.has(thread)) continue;
      const { job: { plan, work, stop }, settle } = waiting.shift()!;
      const free = () => {
        idle.push(thread);
        assign();
      };
      thread.settle = {
        resolve: (result) => (settle.resolve(result), free()),
        reject: (error) => (settle.reject(error), free()),
      };
      const { pulse } = thread;
      const message: ToWorker = { ...(thread.plan !== plan && { plan }), work, stop, pulse };
      thread.plan = plan;
      watch.begin(thread);
      thread.worker.postMessage(message);
    }
    const working = waiting.length > 0 || [...threads].some(({ settle }) => settle !== undefined);
    if (!working && !ended) idleTimer.rest();
  };
  const replaceMissing = () => {
    for (; missing > 0; missing--) {
      start().then(assign, (error) => {
        // The next job tries again.
        missing++;
        if (threads.size > 0) return;
        for (const { settle } of waiting.splice(0)) settle.reject(error);
      });
    }
  };

  const starts = await Promise.allSettled(Array.from({ length: count }, start));
  const failure = starts.find(({ status }) => status === "rejected");
  if (failure?.status === "rejected") {
    for (const { worker } of threads) worker.terminate();
    throw failure.reason;
  }
  assign();
  return {
    workers: count,
    run: <Result extends AnyResult>(job: Job) =>
      new Promise<AnyResult | null>((resolve, reject) => {
        if (ended) return reject(disposed());
        idleTimer.stop();
        waiting.push({ job, settle: { resolve, reject } });
        replaceMissing();
        assign();
      }) as Promise<Result | null>,
    dispose: () => {
      ended = true;
      idleTimer.stop();
      for (const thread of threads) {
        watch.end(thread);
        thread.worker.terminate();
        thread.settle?.reject(disposed());
      }
      threads.clear();
      for (const { settle } of waiting.splice(0)) settle.reject(disposed());
    },
  };
}
