/** The zoo: what its index lists is there and right, and what is not is refused in one line. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { fromFileUrl, join, relative, toFileUrl } from "@std/path";
import { ArgumentError, DataFormatError, ToolkitError } from "../../src/core/errors.ts";
import { machineForPadding } from "../../src/machines/machine_table.ts";
import { loadZooCard, loadZooNetwork, loadZooSchedules } from "../../src/zoo/zoo.ts";
import { readZooFile, zooFolder } from "../../src/zoo/zoo_files.ts";
import { findZooEntry, schedulesAt, zooEntries, type ZooFile } from "../../src/zoo/zoo_index.ts";
import { checkShape, checkSizes } from "../../tasks/tools/zoo/zoo_folder.ts";
import { inFolder } from "../tasks/commands.ts";

const folder = fromFileUrl(zooFolder);
const [first] = zooEntries as [typeof zooEntries[number]];

async function* filesIn(path: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(path)) {
    if (isDirectory) yield* filesIn(join(path, name));
    else yield relative(folder, join(path, name)).replaceAll("\\", "/");
  }
}

Deno.test("zoo: the index lists every file that ships, and each is what it says", async () => {
  const text = await Deno.readTextFile(join(folder, "index.json"));
  const index: unknown = JSON.parse(text);
  checkShape("index", index, "index.json");
  assertEquals((index as { entries: unknown }).entries, zooEntries);
  checkSizes(zooEntries);
  const files = zooEntries
    .flatMap(({ weights, card, schedules }): ZooFile[] => [weights, card, ...schedules])
    .filter(({ address }) => !URL.canParse(address));
  for (const file of files) await readZooFile(file);
  for (const { name } of zooEntries) {
    const { samples } = (await loadZooCard(name)).files;
    if (samples === undefined) continue;
    await readZooFile(samples);
    files.push(samples);
  }
  const there: string[] = [];
  for await (const path of filesIn(folder)) if (path !== "index.json") there.push(path);
  assertEquals(there.sort(), files.map(({ address }) => address).sort());
});

Deno.test("zoo: cards fit their schema, weights and schedules fit their cards", async () => {
  for (const { name, weights, schedules } of zooEntries) {
    const card = await loadZooCard(name);
    checkShape("card", card, name);
    const { samples: _, ...files } = card.files;
    assertEquals([card.name, files], [name, { weights, schedules: [...schedules] }]);
    const { network, schedule, training, prediction } = await loadZooNetwork(name);
    assertEquals<unknown>(card.network.architecture, network.architecture);
    assertEquals([card.network.predicts, card.network.noiseSchedule], [prediction, schedule.name]);
    // Images lie elsewhere on every machine.
    assertEquals(training["from"], undefined);
    assertEquals(card.training.steps, training["steps"]);
    for (const { grid, steps } of schedules) {
      const loaded = await loadZooSchedules(name, { grid, steps });
      const { padding } = network.architecture;
      assertEquals(loaded.map(({ machine }) => machine), [machineForPadding(padding), "LS"]);
      for (const { provenance, timeGrid = "uniform", steps: own, padding: edges } of loaded) {
        assertEquals(provenance.network?.sha256, weights.sha256, name);
        assertEquals([timeGrid, own.length, edges], [grid, steps, padding]);
      }
      const measured = card.agreement.find(({ protocol }) =>
        protocol.grid === grid && protocol.steps === steps
      );
      assert(measured !== undefined, `${name} has no numbers for ${grid}, ${steps}`);
    }
  }
});

Deno.test("zoo: schedules are those of the times that are asked for, else of the main ones", () => {
  const file = (grid: "cubic" | "uniform", steps: number, machine: "LS" | "ELS") => ({
    ...{ address: `${machine}-${grid}-${steps}`, bytes: 1, sha256: "" },
    ...{ grid, steps, machine },
  });
  const schedules = [
    ...[file("cubic", 8, "ELS"), file("cubic", 8, "LS")],
    ...[file("uniform", 20, "ELS"), file("uniform", 20, "LS"), file("uniform", 10, "LS")],
  ];
  const at = (times: Parameters<typeof schedulesAt>[1]) =>
    schedulesAt({ schedules }, times).map(({ address }) => address);
  assertEquals(at({}), ["ELS-cubic-8", "LS-cubic-8"]);
  assertEquals(at({ grid: "uniform" }), ["ELS-uniform-20", "LS-uniform-20"]);
  assertEquals(at({ steps: 10 }), ["LS-uniform-10"]);
  assertEquals(at({ grid: "cubic", steps: 20 }), []);
});

Deno.test("zoo: a name that it has not is refused with those most like it", () => {
  assertThrows(() => findZooEntry("resnet"), ArgumentError, 'Cannot find "resnet" in the zoo');
  const names = ["cifar10-unet-zeros", "mnist-resnet-zeros", "mnist-resnet-circular"];
  const many = [...names, "a", "b", "c"].map((name) => ({ ...first, name }));
  const error = assertThrows(() => findZooEntry("mnist-circular", many), ArgumentError);
  assertEquals(
    error.message,
    'Cannot find "mnist-circular" in the zoo: expected one of mnist-resnet-circular, ' +
      "mnist-resnet-zeros, cifar10-unet-zeros, a, b and 1 more",
  );
});

Deno.test("zoo: a file that was changed, cut or lost is refused by name in one line", () =>
  inFolder(async (base) => {
    const path = join(base, first.weights.address);
    await Deno.mkdir(join(path, ".."), { recursive: true });
    const refused = async (): Promise<string> => {
      const load = () => loadZooNetwork(first.name, { base: toFileUrl(join(base, "/")) });
      const { message } = await assertRejects(load, DataFormatError);
      assert(message.includes(first.weights.address) && !message.includes("\n"), message);
      return message;
    };
    assertMatch(await refused(), /a file of the zoo is missing; take it again/);
    const bytes = await Deno.readFile(join(folder, first.weights.address));
    bytes[bytes.length - 1]! ^= 1;
    await Deno.writeFile(path, bytes);
    assertMatch(await refused(), /not the file that the zoo's index lists: its SHA-256 is/);
    await Deno.writeFile(path, bytes.subarray(1));
    assertMatch(await refused(), new RegExp(`${bytes.length - 1} bytes, expected ${bytes.length}`));
  }));

/** Serves bytes at any path, or a status without any. */
async function serving(
  answer: Uint8Array<ArrayBuffer> | number,
  use: (base: string) => Promise<void>,
): Promise<void> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      typeof answer === "number" ? new Response(null, { status: answer }) : new Response(answer),
  );
  await use(`http://127.0.0.1:${server.addr.port}/zoo/`);
}

Deno.test("zoo: what lies on the network is fetched, and verified like any other", async () => {
  const bytes = await Deno.readFile(join(folder, first.card.address));
  const card: ZooFile = first.card;
  await serving(bytes, async (base) => {
    assertEquals(await readZooFile(card, { base }), bytes);
    // An address of its own goes before any folder.
    assertEquals(await readZooFile({ ...card, address: `${base}elsewhere` }), bytes);
  });
  const longer = new Uint8Array(bytes.length + 5000);
  longer.set(bytes);
  await serving(longer, async (base) => {
    const error = await assertRejects(() => readZooFile(card, { base }), DataFormatError);
    // No more is taken than shows that it is another file.
    assertMatch(error.message, new RegExp(`: ${bytes.length + 1} bytes, expected ${bytes.length}`));
  });
  await serving(404, async (base) => {
    await assertRejects(() => readZooFile(card, { base }), ToolkitError, "the server answers 404");
  });
  await assertRejects(
    () => readZooFile(card, { base: "http://127.0.0.1:1/" }),
    ToolkitError,
    "check the connection",
  );
});
