/** `zoo:NAME` on the command line of every verb that takes a network or scales. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { sha256Hex } from "../../src/core/sha256.ts";
import { zooEntries } from "../../src/zoo/zoo_index.ts";
import { defaultNetwork, loadNetwork } from "../../tasks/pipelines/sources.ts";
import { requestedSchedules } from "../../tasks/pipelines/schedules.ts";
import { readZoo, zooInput, zooSchedules } from "../../tasks/pipelines/zoo.ts";
import { profiles } from "../../tasks/reproduce/profiles.ts";
import { verb as calibrate } from "../../tasks/calibrate.ts";
import { verb as convert } from "../../tasks/convert.ts";
import { verb as evaluate } from "../../tasks/evaluate.ts";
import { verb as field } from "../../tasks/receptive_field.ts";
import { verb as sample } from "../../tasks/sample.ts";
import { verb as zoo } from "../../tasks/zoo.ts";
import { inFolder } from "./commands.ts";
import { runHere } from "./in_process.ts";

const entry = zooEntries.find(({ name }) => `zoo:${name}` === defaultNetwork)!;
const [main] = entry.schedules as [typeof entry.schedules[number]];
const few = ["--samples", 1, "--backend", "wasm"];

Deno.test("zoo: every verb takes a network by its name, evaluate and sample its scales", () =>
  inFolder(async (out) => {
    const results: Record<string, string> = {};
    for (
      const [verb, ...args] of [
        [calibrate, "--steps", 1, "--scales", 3, "--images", 10, ...few],
        [evaluate, "--images", 10, ...few],
        [sample, "--steps", 2, ...few],
        [sample, "--machine", "bbels", "--images", 10, ...few],
        [field, "--steps", 1, "--pixels", 1, "--schedule", defaultNetwork, ...few],
      ] as const
    ) {
      const { code, err } = await runHere(verb, ...args, "--run", defaultNetwork, "--out", out);
      assertEquals(code, 0, err);
      results[verb.spec.name] = err;
    }
    // The calibration of one step is newer, and not what the zoo says.
    for (const verb of ["evaluate", "sample"]) {
      assertStringIncludes(results[verb]!, `Scales: bbELS of zoo:${main.address}`);
    }
    const pt = join(out, "net.pt");
    const converted = await runHere(convert, defaultNetwork, pt);
    assertEquals(converted.code, 0, converted.err);
    const csv = await runHere(convert, `zoo:${main.address}`, join(out, "scales.csv"));
    assertEquals(csv.code, 0, csv.err);
    const list = [join(out, "scales.csv"), join(out, "scales.json")] as const;
    const back = await runHere(convert, ...list, "--run", defaultNetwork);
    assertEquals(back.code, 0, back.err);
  }));

Deno.test("zoo: a name or file that it has not ends any verb with one line", async () => {
  for (
    const [verb, ...args] of [
      [sample, "--run", "zoo:none"],
      [zoo, "none"],
      [convert, "zoo:none", "x.pt"],
    ] as const
  ) {
    const { code, err } = await runHere(verb, ...args);
    assertEquals(code, 1);
    assertMatch(err, /^[a-z]+: Cannot find "none" in the zoo: expected one of [^\n]*\n$/);
  }
  const message = (work: () => Promise<unknown>) => work().then(String, (error) => error.message);
  assertMatch(await message(() => zooInput(`${defaultNetwork}/x`)), /the zoo has weights\.safet/);
  assertMatch(
    await message(() => zooSchedules(defaultNetwork, { steps: 999 })),
    /the zoo has .*, and none for these times; make one with/,
  );
});

Deno.test("zoo: without scales a network of it gets the zoo's, at the times that are asked for", () =>
  inFolder(async (out) => {
    const network = await loadNetwork(undefined);
    assertEquals([network.path, network.sha256], [defaultNetwork, entry.weights.sha256]);
    const ask = { schedule: undefined, scales: undefined, machines: undefined, out } as const;
    const times = { grid: main.grid, steps: main.steps } as const;
    const paths = async (flags: Partial<Parameters<typeof requestedSchedules>[0]>) =>
      (await requestedSchedules({ ...ask, grid: undefined, steps: undefined, ...flags }, network))
        .map(({ path }) => path);
    const all = entry.schedules.filter(({ grid, steps }) =>
      grid === main.grid && steps === main.steps
    )
      .map(({ address }) => `zoo:${address}`);
    assertEquals(await paths({}), all);
    assertEquals(await paths(times), all);
    assertEquals(await paths({ machines: "bbels,is" }), all.slice(0, 1));
    assertEquals(await paths({ scales: defaultNetwork }), all);
    assertEquals(await paths({ schedule: `zoo:${main.address}` }), all.slice(0, 1));
    assertEquals(await paths({ machines: "is" }), []);
    const none = await paths({ steps: 999 }).catch((error) => error.message);
    assertMatch(none, /holds no calibration of .* with 999 steps/);
  }));

Deno.test("zoo: what does not ship is fetched once, verified, and kept", () =>
  inFolder(async (folder) => {
    const bytes = new TextEncoder().encode("weights");
    let asked = 0;
    let answer = bytes;
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => (asked++, new Response(answer)),
    );
    const file = {
      ...{ address: `http://127.0.0.1:${server.addr.port}/a`, bytes: bytes.length },
      sha256: await sha256Hex(bytes),
    };
    assertEquals(await readZoo(file, { folder }), bytes);
    assertEquals(await readZoo(file, { folder }), bytes);
    assertEquals(asked, 1);
    answer = new TextEncoder().encode("weighty");
    const other = { ...file, sha256: "0".repeat(64) };
    const { message } = await assertRejects(() => readZoo(other, { folder }), DataFormatError);
    assertMatch(
      message,
      /its SHA-256 is .* and was removed; try again, or fetch it by another way and put it/,
    );
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), [file.sha256]);
    // What commands take without being told is there without a network.
    assert([entry.weights, ...entry.schedules].every(({ address }) => !URL.canParse(address)));
  }));

Deno.test("zoo: the list and the card in plain text, and as data", async () => {
  const listed = await runHere(zoo);
  assertEquals(listed.code, 0, listed.err);
  for (const { name } of zooEntries) assertMatch(listed.out, new RegExp(`^${name} `, "m"));
  const card = await runHere(zoo, entry.name);
  assertMatch(card.out, /^Train it again: .* train --preset mnist-small/m);
  assertStringIncludes(card.out, entry.weights.sha256);
  const { networks } = JSON.parse((await runHere(zoo, "--json")).out);
  assertEquals(networks.map(({ name }: { name: string }) => name), zooEntries.map((e) => e.name));
});

Deno.test("zoo: a full reproduction evaluates what ships", () => {
  const { weights } = profiles.find(({ name }) => name === "full")!;
  assertEquals(Object.keys(weights), zooEntries.map(({ name }) => name));
  assert(Object.values(weights).every((word) => word.startsWith("zoo:")));
});
