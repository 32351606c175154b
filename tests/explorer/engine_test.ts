import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import type {
  ExplorerEngine,
  ExplorerRequest,
  ExplorerStep,
  FollowOptions,
} from "../../src/explorer/contract.ts";
import { createEngine, type EngineOptions } from "../../src/explorer/engine/engine.ts";
import type { WorkingNetwork } from "../../src/explorer/engine/network_thread.ts";
import type { ShareThread } from "../../src/explorer/engine/posterior_pool.ts";
import type { FromShare, ToShare } from "../../src/explorer/engine/share_messages.ts";
import { serveShare, type SharePort } from "../../src/explorer/engine/serve_share.ts";
import { explainTrajectory } from "../../src/evaluation/explain_trajectory.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import type { Explanation } from "../../src/machines/explanation.ts";
import {
  images,
  imageShape,
  labels,
  libraryMachine,
  libraryNetwork,
  noise,
  request,
  schedule,
  smallPage,
  times,
} from "./small_page.ts";

const page = await smallPage();
const noGpu = () => Promise.resolve(undefined);
const engineOf = (options: EngineOptions = {}) =>
  createEngine(page, { threads: 0, startGpu: noGpu, top: 4, ...options });

/** All that is heard of a reverse process. */
async function follow(
  engine: ExplorerEngine,
  asked: Partial<ExplorerRequest> = {},
  options: Partial<FollowOptions> = {},
) {
  const heard: ExplorerStep[] = [], progress: number[] = [];
  const final = await engine.followMachine({ ...request, ...asked }, {
    ...{ abort: new AbortController().signal, focus: 1 },
    onStep: (step) => void heard.push(step),
    onProgress: (fraction) => void progress.push(fraction),
    ...options,
  });
  const steps = [0, 1, 2].map((i) => heard.findLast((step) => step.i === i)!);
  return { final, heard, steps, progress };
}

/** What the library says of the same process. */
async function library(
  { machine, patchSize, label }: ExplorerRequest,
  xT: ImageBatch,
) {
  const steps: { x: ImageBatch; explanation: Explanation }[] = [];
  const final = await explainTrajectory(libraryMachine(machine, patchSize), {
    ...{ xT, times, top: 4, labels: label ?? undefined },
    onStep: (step) => void steps.push(step),
  });
  return { final, steps };
}

function assertClose(found: ArrayLike<number>, expected: ArrayLike<number>, by: number) {
  assertEquals(found.length, expected.length);
  const worst = Array.from(found, (value, i) => Math.abs(value - expected[i]!))
    .reduce((a, b) => Math.max(a, b), 0);
  assert(worst <= by, `${worst} > ${by}`);
}

Deno.test("engine: what came with the page is what the library says", async () => {
  const engine = await engineOf();
  for (const index of [0, 1]) {
    const { final, heard, steps, progress } = await follow(engine, {
      noise: { kind: "stored", index },
    });
    const said = await library(request, sliceBatch(noise, index, index + 1));
    // At once: each step once, with its explanation.
    assertEquals(heard.map(({ i, explanation }) => [i, explanation !== undefined]), [
      [0, true],
      [1, true],
      [2, true],
    ]);
    assertEquals(progress.at(-1), 1);
    steps.forEach((step, i) => {
      const { x, explanation } = said.steps[i]!;
      // 16 bits of values up to 1.3, through the steps.
      assertClose(step.x, x.data, 1e-4);
      assertClose(step.xHat0, explanation.xHat0.data, 5e-5);
      assertEquals(step.patchSize, explanation.patchSize);
      assertEquals([step.t, step.signal, step.sigma], [
        times[i]!,
        schedule.signal(times[i]!),
        schedule.sigma(times[i]!),
      ]);
      for (const key of ["image", "row", "column"] as const) {
        assertEquals(step.explanation![key], explanation[key]);
      }
      assertClose(step.explanation!.weight, explanation.weight, 2 ** -11);
      assertClose(step.explanation!.rest, explanation.rest, 2 ** -11);
    });
    assertClose(final, said.final.data, 5e-5);
  }
  await engine.dispose();
});

const asks: readonly (readonly [string, Partial<ExplorerRequest>])[] = [
  ["a seed", { noise: { kind: "seed", seed: 9 } }],
  ["a patch size", { patchSize: 9 }],
  ["a class", { label: 1, machine: "ELS" }],
  ["IS", { machine: "IS", patchSize: 3 }],
  ["ES", { machine: "ES" }],
  ["ELS_wrapped", { machine: "ELS_wrapped" }],
];

for (const [what, asked] of asks) {
  Deno.test(`engine: ${what} is computed to what the library says, on this thread and on three`, async () => {
    const full = { ...request, ...asked };
    const xT = full.noise.kind === "seed"
      ? initialNoise({ seed: full.noise.seed, samples: 1, imageShape, schedule })
      : sliceBatch(noise, 0, 1);
    const said = await library(full, xT);
    for (const options of [{}, { threads: 3, createThread: realThread }]) {
      const engine = await engineOf(options);
      const { final, heard, steps } = await follow(engine, asked);
      // First the images of all steps, then what explains them, from the focus outwards.
      assertEquals(heard.map(({ i, explanation }) => [i, explanation !== undefined]), [
        ...[0, 1, 2].map((i) => [i, false]),
        ...[1, 0, 2].map((i) => [i, true]),
      ]);
      // The kernel holds the score to 1e-5; at high noise more is allowed in the mean, and shares are cut
      // otherwise than the library's portions.
      assertClose(final, said.final.data, 5e-5);
      let same = 0;
      steps.forEach(({ x, xHat0, explanation }, i) => {
        const by = 5e-5;
        assertClose(x, said.steps[i]!.x.data, by);
        assertClose(xHat0, said.steps[i]!.explanation.xHat0.data, by);
        same += sameCandidates(explanation!, said.steps[i]!.explanation, by);
      });
      assert(same > 0);
      assertEquals(
        engine.status.machines,
        options.threads === 3 ? "3 threads (WebAssembly)" : "this page's thread",
      );
      await engine.dispose();
    }
  });
}

/** Candidates exactly, but for those whose weights are as good as equal, and how many were compared. */
function sameCandidates(found: Explanation, expected: Explanation, by: number): number {
  assertEquals(found.shape, expected.shape);
  // Entropies are sums of many weights.
  for (const key of ["entropy", "imageEntropy"] as const) {
    assertClose(found[key], expected[key], 10 * by);
  }
  for (const key of ["weight", "rest"] as const) assertClose(found[key], expected[key], by);
  assertClose(found.imageWeights[0]!, expected.imageWeights[0]!, by);
  assertEquals(found.labels, labels);
  const top = found.shape[2];
  let same = 0;
  for (let at = 0; at < found.image.length; at++) {
    const next = at % top === top - 1
      ? found.rest[Math.floor(at / top)]!
      : expected.weight[at + 1]!;
    const before = at % top === 0 ? Infinity : expected.weight[at - 1]!;
    const isAlone = expected.weight[at]! - next > 2 * by && before - expected.weight[at]! > 2 * by;
    if (!isAlone) continue;
    same++;
    assertEquals(
      [found.image[at], found.row[at], found.column[at]],
      [expected.image[at], expected.row[at], expected.column[at]],
    );
  }
  return same;
}

const realThread = () =>
  new Worker(new URL("./share_worker.ts", import.meta.url), {
    type: "module",
  }) as unknown as ShareThread;

/** A thread within this one, which answers when it is told to. */
function slowThread(
  answers: (() => void)[],
  asked: (kind: string) => void = () => {},
): ShareThread {
  const port: SharePort = {
    onmessage: null,
    postMessage: (message) =>
      answers.push(() => thread.onmessage!({ data: message } as MessageEvent<FromShare>)),
  };
  const thread: ShareThread = {
    onmessage: null,
    onerror: null,
    postMessage: (data: ToShare) => {
      asked(data.kind);
      port.onmessage!({ data });
    },
    terminate: () => {},
  };
  serveShare(port);
  return thread;
}

/** Lets answers through, the last one first, until the work is done. */
async function backwards<T>(answers: (() => void)[], count: number, work: Promise<T>): Promise<T> {
  let isDone = false;
  const done = work.finally(() => isDone = true);
  while (!isDone) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    if (answers.length % count === 0) answers.splice(0).reverse().forEach((answer) => answer());
  }
  return await done;
}

Deno.test("engine: whatever thread answers first, the result is the same to the last bit", async () => {
  const inOrder = await engineOf({ threads: 3, createThread: realThread });
  const asked = { noise: { kind: "seed", seed: 2 } } as const;
  const expected = await follow(inOrder, asked);
  const answers: (() => void)[] = [];
  const engine = await engineOf({ threads: 3, createThread: () => slowThread(answers) });
  const found = await backwards(answers, 3, follow(engine, asked));
  assertEquals(found.final, expected.final);
  assertEquals(found.steps, expected.steps);
  await Promise.all([inOrder.dispose(), engine.dispose()]);
});

Deno.test("engine: strokes begin with what they say, in units of the noise's deviation", async () => {
  const engine = await engineOf();
  const strokes = [{ pixel: 12, value: 2.5 }, { pixel: 99, value: -1 }];
  const { steps } = await follow(engine, { strokes });
  const expected = noise.data.slice(0, 100);
  expected[12] = 2.5;
  expected[99] = -1;
  assertEquals(steps[0]!.x, expected);
  await engine.dispose();
});

Deno.test("engine: what is stored without explanations gets them", async () => {
  const engine = await engineOf();
  const { heard, steps } = await follow(engine, { machine: "LS" });
  assertEquals(heard.length, 6);
  const said = await library({ ...request, machine: "LS" }, sliceBatch(noise, 0, 1));
  steps.forEach(({ explanation }, i) => {
    // Of noisy images that were stored in 16 bits.
    assertClose(explanation!.weight, said.steps[i]!.explanation.weight, 1e-3);
    assertEquals(explanation!.image[0], said.steps[i]!.explanation.image[0]);
  });
  await engine.dispose();
});

Deno.test("engine: a question that is stopped rejects with the reason, and goes on where it was", async () => {
  const engine = await engineOf();
  const asked = { noise: { kind: "seed", seed: 3 } } as const;
  const stop = new AbortController(), reason = new Error("the reader went on");
  const seen: number[] = [];
  await assertRejects(
    () =>
      follow(engine, asked, {
        abort: stop.signal,
        onStep: ({ i }) => {
          seen.push(i);
          if (i === 1) stop.abort(reason);
        },
      }),
    Error,
    reason.message,
  );
  assertEquals(seen, [0, 1]);
  const { heard, final } = await follow(engine, asked);
  assertEquals(heard.map(({ i }) => i), [0, 1, 2, 1, 0, 2]);
  const xT = initialNoise({ seed: 3, samples: 1, imageShape, schedule });
  assertClose(final, (await ddim(libraryMachine("bbELS"), { xT, times })).data, 1e-5);
  // What has been stopped before it began asks nobody.
  await assertRejects(
    () => follow(engine, asked, { abort: AbortSignal.abort(reason) }),
    Error,
    "went on",
  );
  await engine.dispose();
});

Deno.test("engine: what was computed is not computed again, until it is forgotten", async () => {
  let asked = 0;
  const answers: (() => void)[] = [];
  const createThread = () =>
    slowThread(answers, (kind) => asked += Number(kind === "sum" || kind === "explain"));
  for (const [cacheBytes, again] of [[2 ** 24, 0], [0, 6]] as const) {
    const engine = await engineOf({ threads: 1, createThread, cacheBytes });
    const one = { noise: { kind: "seed", seed: 1 } } as const;
    const first = await backwards(answers, 1, follow(engine, one));
    await backwards(answers, 1, follow(engine, { noise: { kind: "seed", seed: 2 } }));
    const before = asked;
    const second = await backwards(answers, 1, follow(engine, one));
    assertEquals(asked - before, again);
    assertEquals(second.final, first.final);
    await engine.dispose();
  }
});

Deno.test("engine: where threads cannot start, this one computes", async () => {
  const failing = (): ShareThread => {
    const thread: ShareThread = {
      onmessage: null,
      onerror: null,
      postMessage: () => thread.onerror!(new ErrorEvent("error", { message: "refused" })),
      terminate: () => {},
    };
    return thread;
  };
  const engine = await engineOf({ threads: 2, createThread: failing });
  assertEquals((await follow(engine, { patchSize: 3 })).heard.length, 6);
  assertEquals(engine.status.machines, "this page's thread");
  await engine.dispose();
});

Deno.test("engine: a GPU takes the sums once it has been faster, and leaves them when it fails", async () => {
  const reference = referencePosterior();
  let asked = 0, isLost = false;
  const gpu = {
    ...reference,
    begin: (question: Parameters<typeof reference.begin>[0]) => {
      asked++;
      if (isLost) throw new Error("the device is lost");
      return reference.begin(question);
    },
  };
  const slow = () => {
    const thread = realThread();
    const { postMessage } = thread;
    thread.postMessage = (message) => void setTimeout(() => postMessage.call(thread, message), 400);
    return thread;
  };
  const engine = await engineOf({
    ...{ threads: 1, createThread: slow },
    startGpu: () => Promise.resolve(gpu),
  });
  const one = await follow(engine, { patchSize: 3 });
  assertEquals(engine.status.machines, "WebGPU and 1 thread (WebAssembly)");
  assert(asked >= 2);
  const said = await library({ ...request, patchSize: 3 }, sliceBatch(noise, 0, 1));
  assertClose(one.final, said.final.data, 1e-5);
  isLost = true;
  const other = await follow(engine, { patchSize: 5 });
  assertEquals(other.heard.length, 6);
  assertEquals(engine.status.machines, "1 thread (WebAssembly)");
  await engine.dispose();
});

Deno.test("engine: training images are the data set's, with their classes", async () => {
  const engine = await engineOf();
  const { data, label } = engine.trainingImage(15);
  assertEquals(data, sliceBatch(images, 15, 16).data);
  assertEquals(label, 1);
  let error: unknown;
  try {
    engine.trainingImage(22);
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof RangeError);
  await engine.dispose();
});

Deno.test("engine: the network is what was stored, and runs on new noise in its thread", async () => {
  const wasmPath = import.meta.resolve(
    "npm:@tensorflow/tfjs-backend-wasm@4.22.0/dist/tfjs-backend-wasm-simd.wasm",
  );
  const engine = await engineOf({
    network: {
      createThread: () =>
        new Worker(new URL("./network_worker.ts", import.meta.url), {
          type: "module",
        }) as unknown as WorkingNetwork,
      wasm: () => Deno.readFile(new URL(wasmPath)),
    },
  });
  const network = await libraryNetwork();
  const options = () => {
    const steps: ExplorerStep[] = [];
    return {
      steps,
      ...{ abort: new AbortController().signal, focus: 0 },
      onStep: (step: ExplorerStep) => void steps.push(step),
    };
  };
  const stored = options();
  const { noise: first } = request;
  const final = await engine.followNetwork({ noise: first, strokes: [], label: null }, stored);
  const said = await ddim(network, { xT: sliceBatch(noise, 0, 1), times });
  assertClose(final, said.data, 1e-4 * Math.max(...said.data.map(Math.abs)));
  assertEquals(stored.steps.map(({ i, patchSize }) => [i, patchSize]), [[0, null], [1, null], [
    2,
    null,
  ]]);
  const live = options();
  const seed = { kind: "seed", seed: 6 } as const;
  const other = await engine.followNetwork({ noise: seed, strokes: [], label: null }, live);
  const xT = initialNoise({ seed: 6, samples: 1, imageShape, schedule });
  assertClose(other, (await ddim(network, { xT, times })).data, 1e-5);
  assertEquals(engine.status.network, "one thread (TensorFlow.js, WebAssembly)");
  await engine.dispose();
});

Deno.test("engine: without the network's program new noise is refused in one line", async () => {
  const engine = await engineOf();
  const noise = { kind: "seed", seed: 6 } as const;
  await assertRejects(
    () =>
      engine.followNetwork({ noise, strokes: [], label: null }, {
        ...{ abort: new AbortController().signal, focus: 0, onStep: () => {} },
      }),
    RangeError,
    "Cannot run the network on new noise: this page holds only stored samples of it",
  );
  await engine.dispose();
});
