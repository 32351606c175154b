/** Shards of training images that meet give what one process gives, and are refused where they do not belong. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { imageBatch, sliceBatch } from "../../src/core/image_batch.ts";
import type { MeetingPlace } from "../../src/core/meeting_place.ts";
import { streamOf, streamPart } from "../../src/core/image_stream.ts";
import { Random } from "../../src/core/random.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import type { PatchMachineName } from "../../src/machines/machine_table.ts";
import type { MeetingPosteriorOptions } from "../../src/posterior/meeting/meeting_options.ts";
import {
  type MeetingPosterior,
  meetingPosterior,
} from "../../src/posterior/meeting/meeting_posterior.ts";
import { memoryPlace } from "../../src/posterior/meeting/memory_place.ts";
import type { PatchPosterior } from "../../src/posterior/patch_posterior.ts";
import { wasmPosterior } from "../../src/posterior/wasm/wasm_posterior.ts";
import { meetingFolder } from "../../src/runs/meeting_folder.ts";
import { ddim } from "../../src/samplers/ddim.ts";
import { initialNoise } from "../../src/samplers/initial_noise.ts";
import { timeGrid } from "../../src/samplers/time_grid.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

const schedule = cosineLegacy();
const total = 14;
const labels = Array.from({ length: total }, (_, i) => i < 9 ? 0 : 1);
const images = imageBatch(
  Float32Array.from(new Random(5).normals(total * 36), (value) => Math.tanh(value)),
  [total, 6, 6, 1],
);
const stream = streamOf(images, { labels, sha256: "drawn", tileBytes: 4 * 36 * 3 });
const xT = initialNoise({ seed: 2, samples: 2, imageShape: [6, 6, 1], schedule });
const times = timeGrid("uniform", { steps: 3, schedule });
const identity = { data: "drawn", seed: 2 };

type Choice = Partial<MeetingPosteriorOptions> & { readonly backend: PatchPosterior };

/** One shard of three at a place, or otherwise. */
function join(
  index: number,
  place: MeetingPlace,
  { backend, ...options }: Choice,
): MeetingPosterior {
  const count = options.shard?.count ?? 3;
  const [from, to] = [index - 1, index].map((i) => Math.floor(i * total / count));
  const shard = { index, count, from: from!, to: to!, total };
  return meetingPosterior(backend, { place, identity, patience: 5, ...options, shard });
}

/** The machine of one shard's images. */
function machineOf(
  posterior: PatchPosterior,
  index: number,
  { count = 3, name = "ELS" }: { readonly count?: number; readonly name?: PatchMachineName } = {},
) {
  const [from, to] = [index - 1, index].map((i) => Math.floor(i * total / count));
  const part = streamPart(stream, { from: from!, to: to! });
  return createMachine(name, { images: part, schedule, patchSize: 3, posterior });
}

function farthest(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

Deno.test("meeting: three shards take the steps of one process, in any order of arrival", async () => {
  const folder = await Deno.makeTempDir();
  await using backend = wasmPosterior({ workers: 0 });
  try {
    for (
      const [name, order] of [["ELS", [1, 2, 3]], ["LS", [3, 2, 1]], ["IS", [2, 1, 3]]] as const
    ) {
      const place = await meetingFolder(`${folder}/${name}`);
      const whole = createMachine(name, {
        images,
        labels,
        schedule,
        patchSize: 3,
        posterior: backend,
      });
      // The second shard alone has images of class 0 and 1; class 1 is in none of the first.
      const options = { xT, times, labels: [0, 1] };
      const expected = await ddim(whole, options);
      const shards = order.map((index) => join(index, place, { backend }));
      const found = await Promise.all(
        shards.map((posterior, i) => ddim(machineOf(posterior, order[i]!, { name }), options)),
      );
      for (const each of found) {
        assertEquals(each, found[0]);
        // Rounding of float32 in another order of the images.
        assert(farthest(each.data, expected.data) < 1e-6, name);
      }
      // Three steps of two classes: nothing but what shards met for is left, and at last nothing.
      const names = await place.names();
      assertEquals(names.filter((each) => each.endsWith(".merged")).length, 6);
      assertEquals(names.filter((each) => /shard|part/.test(each)), []);
      for (const shard of shards) await shard.leave();
      assertEquals(await place.names(), []);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("meeting: a shard that was ended goes on where it was, and nothing is summed twice", async () => {
  await using backend = wasmPosterior({ workers: 0 });
  let begun = 0;
  const counted = {
    ...backend,
    begin: (request: Parameters<typeof backend.begin>[0]) => (begun++, backend.begin(request)),
  };
  const place = memoryPlace();
  const [first, third] = [1, 3].map((index) =>
    ddim(machineOf(join(index, place, { backend, patience: 60, keepEvery: 2 }), index), {
      xT,
      times,
    })
  );
  // It is stopped within its second step, after the first of its sections.
  const abort = new AbortController();
  const stopping = join(2, place, {
    ...{ backend, keepEvery: 2, keepSeconds: 1e-9 },
    onImages(done) {
      if (done < last) steps++;
      last = done;
      if (steps === 2 && done >= 4) abort.abort(new Error("killed"));
    },
  });
  let steps = 1, last = 0;
  await assertRejects(
    () => ddim(machineOf(stopping, 2), { xT, times, abort: abort.signal }),
    Error,
    "killed",
  );
  const part = (await place.names()).find((name) => name.includes("part"));
  assert(part?.startsWith("step-000002-"), part);
  const resumedAt: number[] = [];
  const again = join(2, place, {
    ...{ backend: counted, keepEvery: 2, keepSeconds: 1e-9 },
    onImages: (done) => resumedAt.push(done),
  });
  const second = await ddim(machineOf(again, 2), { xT, times });
  assert(resumedAt[0]! >= 2, `it began with ${resumedAt[0]} images`);
  // Two steps of at most three sections each: the first step was met for before.
  assert(begun <= 6, `${begun} sums were begun`);
  assertEquals([await first, await third], [second, second]);
  const other = memoryPlace();
  const uninterrupted = await Promise.all(
    [1, 2, 3].map((index) =>
      ddim(machineOf(join(index, other, { backend, keepEvery: 2 }), index), { xT, times })
    ),
  );
  assertEquals(uninterrupted[1], second);
});

Deno.test("meeting: a shard that does not come is named, and one of other work is refused", async () => {
  await using backend = wasmPosterior({ workers: 0 });
  const place = memoryPlace("shared");
  const alone = join(1, place, { backend, patience: 0.2, beatSeconds: 0.02 });
  const x = sliceBatch(xT, 0, 1);
  const predict = (posterior: PatchPosterior, index: number, t = 0.5) =>
    machineOf(posterior, index).predict(x, t);
  await assertRejects(
    () => predict(alone, 1),
    Error,
    "Cannot go on in shared at step 1: no sign of shard 2/3, 3/3 for 0 s; start it with the same command",
  );
  const others: [Choice & { readonly index: number }, string][] = [
    [{ backend, index: 2, identity: { ...identity, seed: 3 } }, "seed is 2 there, 3 here"],
    [{ backend, index: 2, identity: { data: "drawn" } }, "seed is 2 there, not given here"],
    [
      { backend, index: 2, shard: { index: 2, count: 4, from: 3, to: 7, total } },
      "shards is 3 there, 4 here",
    ],
  ];
  for (const [{ index, ...choice }, message] of others) {
    await assertRejects(() => predict(join(index, place, choice), index), RangeError, message);
  }
  // At the same step another time: both see it, whoever comes first.
  const quick = { backend, patience: 60, beatSeconds: 0.02 };
  const both = await Promise.allSettled([
    predict(join(1, place, quick), 1, 0.5),
    predict(join(2, place, quick), 2, 0.6),
  ]);
  for (const { status, reason } of both as PromiseRejectedResult[]) {
    assertEquals(status, "rejected");
    assert(
      /Cannot meet in shared at step 1: shard [12]\/3 asks something else: signal is/.test(
        reason.message,
      ),
      reason.message,
    );
  }
});

Deno.test("meeting: what cannot be is said", async () => {
  await using backend = wasmPosterior({ workers: 0 });
  const place = memoryPlace();
  const shard = { index: 2, count: 1, from: 0, to: 3, total: 3 };
  assertThrows(
    () => meetingPosterior(backend, { place, shard, identity }),
    RangeError,
    "Cannot be shard 2/1",
  );
  const level = { query: xT, rule: "interior", scale: 3, signal: 0.5, sigma: 0.5 } as const;
  const chosen = { logSum: new Float64Array(72), pixels: Uint32Array.of(0), top: 1 };
  const two = join(2, place, { backend });
  assertThrows(() => two.explain!({ ...level, ...chosen }), RangeError, "Cannot explain");
  const run = two.begin({ ...level, scales: [3] });
  await assertRejects(
    () => run.accumulate(images, { select: Uint32Array.of(1) }),
    RangeError,
    "the request does not say which",
  );
});
