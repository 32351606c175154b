/** What is said of memory before work begins. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { CommandError } from "../../../tasks/cli/command.ts";
import { checkMemory, imagesThatFit, neededBytes } from "../../../tasks/pipelines/memory.ts";

const gib = 2 ** 30;
const need = {
  what: "train with batches of 64",
  perThread: gib,
  limit: 4 * gib,
  threads: 2,
  shared: gib,
  lower: "--batch-size",
};

Deno.test("memory: what fits is not talked about, what may not fit is a note, what cannot fit an error", () => {
  assertEquals(checkMemory(need, { total: 16 * gib, available: 8 * gib }), undefined);
  assertEquals(checkMemory(need, undefined), undefined);
  assert(neededBytes(need) > 3 * gib && neededBytes(need) < 4 * gib);
  const note = checkMemory(need, { total: 16 * gib, available: 2 * gib });
  assertMatch(note!, /^Note: .*about 3\.\d GiB in 2 threads.*2\.0 GiB are free now.*--batch-size$/);
  assertThrows(
    () => checkMemory(need, { total: 2 * gib, available: gib }),
    CommandError,
    "this machine has 2.0 GiB; lower --batch-size",
  );
});

Deno.test("memory: a thread has no more than WebAssembly gives it, and how much fits is told", () => {
  assertThrows(
    () => checkMemory({ ...need, perThread: 5 * gib }, undefined),
    CommandError,
    "a thread needs about 5.0 GiB, and WebAssembly gives it 4.0 GiB",
  );
  assertEquals(imagesThatFit({ fixed: gib, perImage: 2 ** 20 }, 4 * gib), 3072);
  assertEquals(imagesThatFit({ fixed: 5 * gib, perImage: 2 ** 20 }, 4 * gib), 0);
});
