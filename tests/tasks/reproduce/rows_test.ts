import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../../src/core/errors.ts";
import { Ledger } from "../../../tasks/reproduce/ledger.ts";
import { publishedAgreement, publishedScales } from "../../../tasks/reproduce/published.ts";
import type { RowRecord } from "../../../tasks/reproduce/row_work.ts";
import {
  budgetNames,
  budgets,
  evidenceRows,
  isConditional,
  trainingOf,
} from "../../../tasks/reproduce/rows.ts";
import { inFolder, run } from "../commands.ts";

Deno.test("evidenceRows: every data set, network and padding once, those published first", () => {
  const names = evidenceRows.map(({ name }) => name);
  assertEquals([names.length, new Set(names).size], [16, 16]);
  assertEquals(new Set(names.slice(0, 10)), new Set(Object.keys(publishedAgreement)));
  assertEquals(Object.keys(publishedScales).sort(), Object.keys(publishedAgreement).sort());
  for (const scales of Object.values(publishedScales)) {
    assertEquals([scales.length, scales.every((k) => k % 2 === 1)], [20, true]);
  }
});

Deno.test("trainingOf: under every budget a row trains its own network", () => {
  for (const budget of budgetNames) {
    for (const row of evidenceRows) {
      const { config, resolved } = trainingOf(row, budget);
      assertEquals(
        [config.dataset, config.architecture, config.padding, config.conditional],
        [row.dataset, row.network, row.padding, isConditional(row)],
        `${budget} ${row.name}`,
      );
      assert(JSON.stringify(resolved).includes(row.dataset));
    }
    const { protocols } = budgets[budget];
    assertEquals(new Set(protocols.map(({ name }) => name)).size, protocols.length);
  }
});

Deno.test("Ledger: what is kept is read back, what is damaged or of another kind is refused", async () => {
  await inFolder(async (folder) => {
    const ledger = new Ledger({ runs: folder, budget: "tiny" });
    const protocol = budgets.tiny.protocols[0];
    assertEquals(await ledger.row("mnist-unet-zeros", protocol.name), undefined);
    const record = { row: "mnist-unet-zeros", protocol, samples: 4 } as unknown as RowRecord;
    await ledger.keepRow(record);
    assertEquals(await ledger.row("mnist-unet-zeros", protocol.name), record);
    const file = join(folder, "results-tiny", `mnist-unet-zeros-${protocol.name}.json`);
    for (const text of ['{"format":"els-evidence","version":1,"kind":"study"}', "null", "{"]) {
      await Deno.writeTextFile(file, text);
      await assertRejects(() => ledger.row("mnist-unet-zeros", protocol.name), DataFormatError);
    }
  });
});

Deno.test("evidence: writes the document of what is done, and refuses rows that do not exist", async () => {
  await inFolder(async (folder) => {
    const out = join(folder, "deep", "results.md");
    const written = await run("reproduce", "--write-only", "--runs", folder, "--out", out);
    assertEquals(written.code, 0, written.err);
    const text = await Deno.readTextFile(out);
    assertEquals(text.match(/\| not run/g)?.length, 16);
    const wrong = await run("reproduce", "--rows", "mnist-resnet", "--runs", folder, "--out", out);
    assertEquals(wrong.code, 1);
    assert(/--rows has "mnist-resnet", expected some of mnist-resnet-zeros/.test(wrong.err));
    assertEquals(wrong.err.trim().split("\n").length, 1);
  });
});

const long = Deno.env.get("ELS_LONG_TESTS") === "1";
Deno.test({
  name:
    "evidence: does rows and a study, leaves out a missing data set, and then has nothing to do",
  // Half a minute: a training, six calibrations and evaluations.
  ignore: !long,
  fn: () =>
    inFolder(async (folder) => {
      const out = join(folder, "results.md");
      const flags = [
        ...["--budget", "tiny", "--protocols", "cubic-4", "--backend", "wasm"],
        ...[
          "--rows",
          "mnist-resnet-zeros,celeba-unet-zeros",
          "--celeba-from",
          join(folder, "none"),
        ],
        ...["--runs", join(folder, "runs"), "--out", out],
      ];
      const done = await run("reproduce", ...flags);
      assertEquals(done.code, 0, done.err);
      assert(done.err.includes("celeba-unet-zeros is left out"));
      const text = await Deno.readTextFile(out);
      assert(/\| mnist-resnet-zeros \| bbELS \| -?0\.\d{3} \[/.test(text), text);
      assert(text.includes("| celeba-unet-zeros | not run: data set not found |"));
      assert(/\| refined by final r² \| .* of 4 \|/.test(text));
      assert(text.includes("![Scales of bbELS"));
      await Deno.writeTextFile(out, text.replace("<!-- end", "Seen.\n\n<!-- end"));

      const again = await run("reproduce", ...flags);
      assertEquals(again.code, 0, again.err);
      assert(!again.err.includes("New run"), again.err);
      const noted = await Deno.readTextFile(out);
      assertEquals(noted.replace("Seen.\n\n", ""), text);
      assert(noted.includes("Seen."));
    }),
});
