/** The notebooks run in Deno's own kernel, and show what is stored in them. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import {
  notebookDifference,
  picturesOf,
  runNotebook,
} from "../../../tasks/tools/build_notebooks.ts";
import {
  codeCells,
  joined,
  type Notebook,
  programOf,
  readNotebook,
  writeNotebook,
} from "../../../tasks/tools/notebooks/notebook.ts";
import { formsOf, outputDifference } from "../../../tasks/tools/notebooks/same_outputs.ts";

const root = fromFileUrl(new URL("../../..", import.meta.url));
const folder = join(root, "docs/notebooks");
const notebooks = await Promise.all(
  (await Array.fromAsync(Deno.readDir(folder))).filter(({ name }) => name.endsWith(".ipynb"))
    .map(async ({ name }) => {
      const path = join(folder, name);
      const text = await Deno.readTextFile(path);
      return { name, path, text, notebook: readNotebook(text, path) };
    }),
);

/** A notebook of these cells, as if it had never run. */
const notebookOf = (...sources: string[]): Notebook => ({
  cells: sources.map((source, i) => ({
    ...{ cell_type: "code", id: `cell-${i}`, metadata: {}, source },
    ...{ execution_count: null, outputs: [] },
  })),
  metadata: {},
  nbformat: 4,
  nbformat_minor: 5,
});
const png = "iVBORw0KGgo=";

Deno.test("kernel: cells see each other, and show values and pictures of any size", async () => {
  const ran = await runNotebook(
    notebookOf(
      "const large: string = 'x'.repeat(100_000);",
      "await Promise.resolve(large.length)",
      `({ [Symbol.for("Jupyter.display")]: () => ({ "image/png": "${png}", "text/plain": "p" }) })`,
      `({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": large }) })`,
    ),
    join(folder, "any.ipynb"),
  );
  const cells = codeCells(ran);
  assertEquals(cells.map(({ execution_count }) => execution_count), [1, 2, 3, 4]);
  assertEquals(cells[0]!.outputs, []);
  assertEquals(joined(formsOf(cells[1]!.outputs[0]!).get("text/plain")!), "100000");
  assertEquals(formsOf(cells[2]!.outputs[0]!), new Map([["image/png", png], ["text/plain", "p"]]));
  // Messages of more than 255 bytes have another form.
  assertEquals(formsOf(cells[3]!.outputs[0]!).get("text/plain"), "x".repeat(100_000));
});

Deno.test("kernel: says which cell throws, and what", async () => {
  await assertRejects(
    () => runNotebook(notebookOf("1", "throw new RangeError('too far')"), join(folder, "a.ipynb")),
    Error,
    "a.ipynb: cell 2 throws RangeError: too far",
  );
});

Deno.test("outputs: numbers may be rounded otherwise, all else may not", () => {
  const text = (plain: string) =>
    [{ output_type: "display_data", data: { "text/plain": plain }, metadata: {} }] as const;
  assertEquals(outputDifference(text("r 0.974"), text("r 0.975")), undefined);
  assertMatch(outputDifference(text("r 0.974"), text("r 0.874"))!, /text\/plain of result 1/);
  assertMatch(outputDifference(text("r 1"), text("s 1"))!, /text\/plain of result 1/);
  assertMatch(outputDifference(text("r 1"), [])!, /shows 0 results, and 1 are stored/);
  const picture = {
    output_type: "display_data",
    data: { "image/png": png },
    metadata: {},
  } as const;
  assertMatch(
    outputDifference(text("r 1"), [picture])!,
    /is image\/png, and stored is text\/plain/,
  );
});

for (const { name, path, text, notebook } of notebooks) {
  Deno.test(`${name}: is what Jupyter writes, and imports what users can import`, () => {
    assertEquals(writeNotebook(notebook), text);
    assert(text.length < 500_000, `${text.length} bytes`);
    const program = programOf(notebook);
    for (const [, specifier] of program.matchAll(/ from "([^"]+)"/g)) {
      assertMatch(specifier!, /^jsr:@els\/toolkit(\/|$)/);
    }
  });

  Deno.test(`${name}: type-checks as one module`, async () => {
    const temporary = await Deno.makeTempDir();
    const file = join(temporary, "cells.ts");
    await Deno.writeTextFile(file, programOf(notebook));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "-q", "--config", join(root, "deno.json"), file],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    await Deno.remove(temporary, { recursive: true });
    assert(success, new TextDecoder().decode(stderr));
  });

  Deno.test(`${name}: documents show the pictures that are stored in it`, async () => {
    for (const [picture, bytes] of picturesOf(notebook, path)) {
      assertEquals(await Deno.readFile(join(root, "docs", picture)), bytes, picture);
    }
  });

  Deno.test(`${name}: every cell shows what is stored of it`, async () => {
    assertEquals(notebookDifference(notebook, await runNotebook(notebook, path)), undefined);
  });
}

Deno.test("guide: its tables have the numbers that the notebook shows", async () => {
  const shown = new Set(
    notebooks.flatMap(({ notebook }) => codeCells(notebook)).flatMap(({ outputs }) => outputs)
      .flatMap((output) => (formsOf(output).get("text/plain") ?? "").split("\n"))
      .map((line) => line.trim().split(/ {2,}/).join(" ")),
  );
  const guide = await Deno.readTextFile(join(root, "docs/guide.md"));
  const rows = guide.split("\n").filter((line) => /^\| .*\d\.\d{3}/.test(line))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()).join(" "));
  assert(rows.length > 10, `${rows.length} rows`);
  assertEquals(rows.filter((row) => !shown.has(row)), []);
});
