import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Random } from "../../src/core/random.ts";
import { imageBatch } from "../../src/core/image_batch.ts";
import { createMachine } from "../../src/machines/create_machine.ts";
import {
  largestPatchSize,
  type MachineDefinition,
  machineDefinitions,
  machineHasScale,
  machineNames,
  machineTable,
} from "../../src/machines/machine_table.ts";
import { referencePosterior } from "../../src/posterior/reference/reference_posterior.ts";
import { cosineLegacy } from "../../src/schedules/cosine_legacy.ts";

const schedule = cosineLegacy();
const posterior = referencePosterior();
const random = new Random(3);
const images = imageBatch(random.normals(3 * 64), [3, 8, 8, 1]);
const x = imageBatch(random.normals(64), [1, 8, 8, 1]);

Deno.test("machine table: each row is the definition of its name", () => {
  assertEquals(machineNames, machineTable.map(({ name }) => name));
  for (const row of machineTable) assertEquals(machineDefinitions[row.name], row);
  assertEquals((["IS", "ES", "LS", "ELS"] as const).map(machineHasScale), [
    ...[false, false, true, true],
  ]);
});

Deno.test("machine table: the largest patch fits inside, or reaches across from every pixel", () => {
  // Inside or wrapping: the odd number up to 8; zero padding: 2 * 8 - 1.
  const expected = { IS: 1, ES: 1, LS: 15, ELS: 7, ELS_wrapped: 7, bbELS: 15 } as const;
  for (const name of ["IS", "ES", "LS", "ELS", "ELS_wrapped", "bbELS"] as const) {
    assertEquals(largestPatchSize(name, [9, 8, 1]), expected[name], name);
  }
});

Deno.test("createMachine: a definition of one's own does what its rule says, under its own name", async () => {
  const mine: MachineDefinition = {
    name: "local on zeros",
    rule: "same-position",
    description: "LS by another name",
  };
  const options = { images, schedule, posterior, patchSize: 3 };
  const own = createMachine(mine, options);
  assertEquals([own.name, own.definition], [mine.name, mine]);
  assertEquals(await own.predict(x, 0.4), await createMachine("LS", options).predict(x, 0.4));
  assertThrows(
    () => createMachine({ ...mine, name: "LS" }, options),
    RangeError,
    'machine of your own named "LS": the name is taken',
  );
  assertThrows(
    () => createMachine("SL" as "LS", options),
    RangeError,
    'Cannot use the machine "SL": expected one of IS, ES, LS, ELS, ELS_wrapped, bbELS',
  );
});

Deno.test("createMachine: a patch size that is a function of t is asked at each time, and checked", async () => {
  const asked: number[] = [];
  const machine = createMachine("bbELS", {
    images,
    schedule,
    posterior,
    patchSize: (t) => (asked.push(t), t < 0.5 ? 3 : 5),
  });
  for (const [t, k] of [[0.4, 3], [0.6, 5]] as const) {
    const fixed = createMachine("bbELS", { images, schedule, posterior, patchSize: k });
    assertEquals(await machine.predict(x, t), await fixed.predict(x, t));
  }
  assertEquals(asked, [0.4, 0.6]);
  for (const bad of [4, 0, 3.5, NaN]) {
    const wrong = createMachine("bbELS", { images, schedule, posterior, patchSize: () => bad });
    await assertRejects(
      () => wrong.predict(x, 0.3),
      RangeError,
      `at t = 0.3: patchSize(t) is ${bad}, expected an odd positive integer`,
    );
  }
  const large = createMachine("ELS", { images, schedule, posterior, patchSize: () => 9 });
  await assertRejects(() => large.predict(x, 0.3), RangeError, "a scale is odd, from 1 to 7");
});
