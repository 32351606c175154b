import { assert, assertEquals, assertLess, assertRejects, assertThrows } from "@std/assert";
import { findAdapter } from "../../src/gpu/adapter.ts";
import { gatherImages, type ImageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import { DeviceUnavailableError } from "../../src/core/errors.ts";
import { Random } from "../../src/core/random.ts";
import { planRounds } from "../../src/posterior/webgpu/rounds.ts";
import { webgpuPosterior } from "../../src/posterior/webgpu/webgpu_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";
import { blobs, conformance, gaussian, noisy, posteriorOf, worstError } from "./conformance.ts";
import { assertExplainsAsReference } from "./explanation_cases.ts";
import {
  goldenErrors,
  goldenScales,
  readGolden,
  relativeError,
  ruleOf,
  scoreOf,
} from "./golden.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { windowConformance } from "./windows.ts";

const long = Deno.env.get("ELS_LONG_TESTS") === "1";

/** Software Vulkan counts: it is slow, but what runs is the same WGSL. */
const hasGpu = await findAdapter() !== undefined;
if (!hasGpu) {
  console.log("skipped: the posterior on webgpu: no GPU adapter, not even a software one");
}

// One device for all tests: programs are compiled once. What is disposed is tested by itself.
const backend = webgpuPosterior();
const kept = { ...backend, dispose: () => Promise.resolve() };

function test(name: string, body: () => Promise<void>, { ignore = false } = {}): void {
  // The device's own timers and promises live as long as the process.
  const options = { sanitizeOps: false, sanitizeResources: false };
  Deno.test({ name: `webgpu: ${name}`, ignore: !hasGpu || ignore, fn: body, ...options });
}

if (hasGpu) {
  conformance(() => kept, {
    tolerance: 1e-5,
    reason: "sums in float32, large logits again in integers",
    few: !long,
  });
}

if (hasGpu) {
  windowConformance(() => kept, {
    tolerance: 1e-5,
    reason: "sums in float32, large logits again in integers",
    few: !long,
  });
}

for (const set of ["mnist", "cifar10"] as const) {
  // Every time, machine and scale of 32 x 32 images takes minutes on a software adapter.
  const cases = long
    ? Object.keys(ruleOf).flatMap((name) =>
      ["0.05", "0.25", "0.5", "0.75", "1.0"].map((time) => ({ name, time, scales: goldenScales }))
    )
    : set === "mnist"
    ? [
      { name: "IS", time: "0.05", scales: [1] },
      { name: "LS", time: "0.05", scales: [7] },
      { name: "bbELS", time: "0.25", scales: [13] },
    ]
    : [{ name: "ELS", time: "0.5", scales: [21] }];
  test(`scores of ${set} agree with the golden file`, async () => {
    const golden = await readGolden(set);
    for (const { name, time, scales } of cases) {
      const run = { golden, name, time, scales };
      for (const { k, error } of await goldenErrors(backend, run)) {
        // float32 sums; what was measured when this was written is below 3e-6.
        assertLess(error, 1e-5, `${name} k = ${k} t = ${time}: ${error}`);
      }
    }
  });
}

const sample = () => {
  const random = new Random(21);
  const images = blobs(50, [9, 9, 1], random);
  return {
    images,
    query: noisy(sliceBatch(images, 0, 2), 0.2, random),
    rule: "interior" as const,
    scales: [3, 5],
    t: 0.2,
  };
};

test("the same bytes run after run, also where runs overlap", async () => {
  const each = sample();
  const other = { ...each, rule: "same-border-distance" as const };
  const first = await posteriorOf(backend, each);
  assertEquals(await posteriorOf(backend, each), first);
  const [a, b] = await Promise.all([posteriorOf(backend, each), posteriorOf(backend, other)]);
  assertEquals(a, first);
  assertEquals(b, await posteriorOf(backend, other));
});

test("images in pieces of a few give what they give at once", async () => {
  const each = sample();
  // Seven images of 9 x 9 at a time, so that pieces are dropped and sent again.
  await using small = webgpuPosterior({ imageBytes: 7 * 9 * 9 * 4 });
  for (const rule of ["interior", "shifts"] as const) {
    const scales = rule === "shifts" ? [1] : each.scales;
    const [a, b] = await Promise.all(
      [small, backend].map((backend) => posteriorOf(backend, { ...each, rule, scales })),
    );
    // Sums in another grouping.
    assertLess(worstError(a!, b!, each), 1e-6);
    const select = Uint32Array.of(49, 3, 17, 18, 31);
    const run = small.begin({ ...each, rule, scales, ...noiseAt(each.t) });
    await run.accumulate(each.images, { select });
    const chosen = { ...each, rule, scales, images: gatherImages(each.images, select) };
    assertLess(worstError(await run.finish(), await posteriorOf(backend, chosen), each), 1e-6);
  }
});

function noiseAt(t: number): { signal: number; sigma: number } {
  const schedule = cosineLegacy();
  return { signal: schedule.signal(t), sigma: schedule.sigma(t) };
}

test("an aborted tile leaves no trace, and progress stops", async () => {
  const each = sample();
  const run = backend.begin({ ...each, ...noiseAt(0.2) });
  await run.accumulate(each.images);
  const controller = new AbortController();
  const seen: number[] = [];
  const many: ImageBatch = gaussian(20_000, [9, 9, 1], new Random(1));
  const more = run.accumulate(many, {
    abort: controller.signal,
    onProgress: (done) => {
      seen.push(done);
      controller.abort(new Error("stop"));
    },
  });
  await assertRejects(() => more, Error, "stop");
  assertEquals(seen.length, 1);
  assertLess(seen[0]!, 20_000);
  assertEquals(worstError(await run.finish(), await posteriorOf(backend, each), each), 0);
});

test("the number of buffers stays what it was over many posteriors", async () => {
  const adapter = await findAdapter();
  const device = await adapter!.requestDevice();
  let alive = 0;
  const create = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    const destroy = buffer.destroy.bind(buffer);
    alive++;
    buffer.destroy = () => {
      alive--;
      return destroy();
    };
    return buffer;
  };
  const each = sample();
  const own = webgpuPosterior({ device });
  try {
    for (let i = 0; i < 5; i++) {
      await posteriorOf(own, each);
      await posteriorOf(own, { ...each, rule: "whole", scales: [1] });
      // The training images stay.
      assertEquals(alive, 1);
    }
    const aborted = own.begin({ ...each, ...noiseAt(0.2) });
    const abort = AbortSignal.abort(new Error("stop"));
    await assertRejects(() => aborted.accumulate(each.images, { abort }), Error, "stop");
    assertEquals(alive, 1);
  } finally {
    await own.dispose();
  }
  assertEquals(alive, 0);
  // A device passed in goes on.
  device.createBuffer({ size: 16, usage: GPUBufferUsage.COPY_DST }).destroy();
  device.destroy();
});

test("what does not fit the device is refused before it is allocated, in one line", async () => {
  const adapter = await findAdapter();
  const device = await adapter!.requestDevice();
  const limits = { maxBufferSize: 2 ** 18, maxStorageBufferBindingSize: 2 ** 16 };
  Object.defineProperty(device, "limits", {
    value: { ...limits, maxComputeWorkgroupStorageSize: 16384 },
  });
  const small = webgpuPosterior({ device });
  const query = { data: new Float32Array(80 * 81), shape: [80, 9, 9, 1] as const };
  const each = { ...sample(), query };
  const error = await assertRejects(() => posteriorOf(small, each), DeviceUnavailableError);
  assert(
    /Cannot hold .+ of \d+ bytes on the GPU .+: its limit is \d+; pass fewer/.test(error.message),
    error.message,
  );
  assert(!error.message.includes("\n"));
  await small.dispose();
  device.destroy();
});

test("a lost device is a clear error, now and later", async () => {
  const adapter = await findAdapter();
  const device = await adapter!.requestDevice();
  const own = webgpuPosterior({ device });
  const each = sample();
  await own.start();
  device.destroy();
  for (let i = 0; i < 2; i++) {
    await assertRejects(() => posteriorOf(own, each), DeviceUnavailableError);
  }
});

test("options out of range and use after dispose are refused", async () => {
  assertThrows(() => webgpuPosterior({ tolerance: 1 }), RangeError, "leave out 1");
  assertThrows(() => webgpuPosterior({ imageBytes: 0 }), RangeError, "keep 0 bytes");
  const own = webgpuPosterior();
  assert((await own.start()).length > 0);
  await own.dispose();
  await assertRejects(() => posteriorOf(own, sample()), Error, "has been disposed");
});

test("means of a query that stays on the GPU are those of one that is sent", async () => {
  const adapter = await findAdapter();
  const device = await adapter!.requestDevice();
  const own = webgpuPosterior({ device });
  const send = (data: Float32Array<ArrayBuffer>) => {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: data.byteLength, usage });
    device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  };
  const receive = async (buffer: GPUBuffer) => {
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
    const staging = device.createBuffer({ size: buffer.size, usage });
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, buffer.size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    return new Float32Array(staging.getMappedRange().slice(0));
  };
  const random = new Random(71);
  const shape = [9, 10, 3] as const;
  const images = blobs(6, shape, random);
  // Near the images at two noise levels; and far from them, where integers are needed.
  const far = gaussian(2, shape, random);
  const cases = [
    { t: 0.05, rule: "interior", query: noisy(sliceBatch(images, 0, 2), 0.05, random) },
    { t: 0.6, rule: "same-border-distance", query: noisy(sliceBatch(images, 0, 2), 0.6, random) },
    { t: 0.02, rule: "interior", query: { ...far, data: far.data.map((v) => 2 * v) } },
  ] as const;
  for (const { t, rule, query } of cases) {
    const each = { images, query, rule, scales: [3, 7], t };
    const expected = await posteriorOf(referencePosterior(), each);
    const buffer = send(Float32Array.from(query.data));
    const result = await own.meanOnDevice({
      ...each,
      ...noiseAt(t),
      query: buffer,
      shape: query.shape,
    });
    const mean = await receive(result);
    const n = query.data.length;
    for (const scale of [0, 1]) {
      const { signal, sigma } = noiseAt(t);
      const score = query.data.map((x, i) => (signal * mean[scale * n + i]! - x) / sigma ** 2);
      const error = relativeError(score, scoreOf(expected, { x: query, t, scale }));
      assertLess(error, 1e-5, `${rule} t = ${t} scale ${scale}`);
    }
    result.destroy();
  }
  const query = send(new Float32Array(4));
  const each = { images, query, shape: [1, ...shape] as const, scales: [3], signal: 1, sigma: 1 };
  await assertRejects(
    () => own.meanOnDevice({ ...each, rule: "interior" }),
    RangeError,
    "from a buffer of 16 bytes",
  );
  await assertRejects(() => own.meanOnDevice({ ...each, rule: "whole" }), RangeError, "use begin");
  await own.dispose();
  device.destroy();
});

test("images larger than a workgroup's memory are cut into tiles", async () => {
  const random = new Random(51);
  // Windows of 31 on 40 x 44 pixels: squares and row sums of one plane take more than 16 KiB, the
  // state of a pixel lies in the device's memory.
  const images = blobs(2, [40, 44, 1], random);
  const query = noisy(sliceBatch(images, 1, 2), 0.5, random);
  for (const rule of ["same-position", "same-border-distance"] as const) {
    const each = { images, query, rule, scales: [31], t: 0.5 };
    const found = await posteriorOf(backend, each);
    const expected = await posteriorOf(referencePosterior(), each);
    assertLess(worstError(found, expected, each), 1e-5, rule);
  }
});

test("strips and aligned reads end where images do", async () => {
  const random = new Random(81);
  // Windows as wide as the image, or nearly, and widths that four, two and neither divide.
  const cases = [
    { shape: [7, 8, 2], scales: [3, 5, 7] },
    { shape: [6, 5, 1], scales: [3, 5] },
  ] as const;
  for (const { shape, scales } of cases) {
    for (const rule of ["interior", "wrapped", "same-border-distance"] as const) {
      for (const t of [0.05, 0.6]) {
        const images = gaussian(4, shape, random);
        const query = noisy(sliceBatch(images, 0, 2), t, random);
        const each = { images, query, rule, scales, t };
        const found = await posteriorOf(backend, each);
        const expected = await posteriorOf(referencePosterior(), each);
        assertLess(worstError(found, expected, each), 1e-5, `${rule} ${shape} t = ${t}`);
      }
    }
  }
});

test("a device that grants no more than it must keeps the state in its own memory", async () => {
  const adapter = await findAdapter();
  const device = await adapter!.requestDevice();
  const own = webgpuPosterior({ device });
  const random = new Random(91);
  // Five planes of 30 x 36 values take more than the 16 KiB that every workgroup may have.
  const images = blobs(2, [30, 33, 3], random);
  const query = noisy(sliceBatch(images, 1, 2), 0.3, random);
  for (const rule of ["interior", "wrapped"] as const) {
    const each = { images, query, rule, scales: [3], t: 0.3 };
    const found = await posteriorOf(own, each);
    const expected = await posteriorOf(referencePosterior(), each);
    assertLess(worstError(found, expected, each), 1e-5, rule);
  }
  await own.dispose();
  device.destroy();
});

Deno.test("webgpu: rounds cover all images in order, within the device's bounds", () => {
  const random = new Random(61);
  for (let i = 0; i < 200; i++) {
    const pick = (most: number) => 1 + Math.floor(random.uniform() * most);
    const options = {
      images: pick(3000),
      warm: i % 3 === 0,
      pairs: pick(1e6),
      candidates: pick(1024),
      shifts: pick(1024),
      iterations: pick(200),
      maxIterations: i % 2 === 0 ? Infinity : 50_000,
      workgroups: pick(1056),
      maxStates: pick(3000),
      pairsPerRound: 4e9,
    };
    let next = 0;
    for (const { first, count, slots, perSlot, parts } of planRounds(options)) {
      assertEquals(first, next);
      assert(count > 0 && count <= slots * perSlot && count > (slots - 1) * perSlot);
      assert(parts >= 1 && parts <= options.shifts);
      const rounds = Math.ceil(options.shifts / parts) * perSlot * options.iterations;
      assert(rounds <= 2 * options.maxIterations, JSON.stringify(options));
      next += count;
    }
    assertEquals(next, options.images);
  }
});

test("machines are explained as by the reference, from sums of the GPU", async () => {
  await assertExplainsAsReference(kept);
});
