/** `deno task quality` as a user runs it. */
import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { Verb } from "../../tasks/cli/command.ts";
import { verb } from "../../tasks/quality.ts";
import { inFolder, root, run } from "./commands.ts";
import { runHere } from "./in_process.ts";
import { checkResult } from "./result_fields.ts";

const quality = verb as unknown as Verb;
const few = ["--samples", 8, "--steps", 2, "--grid", "cubic", "--backend", "wasm", "--images", 40];
const small = [...few, "--held-out-images", 30, "--shift", 1, "--machines", "is", "--explained", 1];

interface Row {
  readonly set: string;
  readonly features: string;
  readonly measure: string;
  readonly value: number | null;
  readonly warning: string | null;
}

Deno.test("quality: tables, page, JSON; an interrupted run ends where a whole one does", async () => {
  await inFolder(async (folder) => {
    const made = await run("quality", ...small, "--json", "--out", folder);
    assertEquals(made.code, 0, made.err);
    const { run: path, rows, costs } = await checkResult(made.out);
    const valueOf = (set: string, measure: string) =>
      (rows as Row[]).find((row) => row.set === set && row.measure === measure)!.value!;
    // With few steps the ideal score ends near training images; a network does not.
    assertLess(
      valueOf("IS", "distance to training images, median"),
      valueOf("network", "distance to training images, median"),
    );
    assertLess(valueOf("IS", "C_T"), valueOf("network", "C_T"));
    assertLess(
      valueOf("training images", "sliced Wasserstein"),
      valueOf("network", "sliced Wasserstein"),
    );
    const frechet = (rows as Row[]).find(({ measure }) => measure === "Frechet distance")!;
    assertEquals(frechet.features, "classifier");
    assertMatch(frechet.warning!, /fewer rows than twice the width of 64/);
    assertEquals(costs.map(({ set }: { set: string }) => set), ["network", "IS"]);
    assert(costs.every(({ seconds }: { seconds: number }) => seconds > 0));
    const page = await Deno.readTextFile(join(path, "report.html"));
    assertStringIncludes(page, "Nearest training images");
    assertStringIncludes(page, "Cost in this run");
    assertStringIncludes(
      page,
      "last hidden layer (64 values) of the classifier of mnist that ships",
    );
    const csv = await Deno.readTextFile(join(path, "quality.csv"));
    assertEquals(csv.trimEnd().split("\n").length, rows.length + 1);

    // As an interruption in the middle of the measures leaves it.
    const whole = await Deno.readTextFile(join(path, "quality.json"));
    const log = join(path, "measures.jsonl");
    const lines = (await Deno.readTextFile(log)).split("\n");
    assert(lines.length > 6, `${lines.length} parts`);
    await Deno.writeTextFile(log, lines.slice(0, 4).join("\n") + "\n");
    for (const file of [".measures.jsonl.copy", "finished.json", "quality.json"]) {
      await Deno.remove(join(path, file)).catch(() => {});
    }
    const resumed = await run("quality", ...small, "--out", folder);
    assertEquals(resumed.code, 0, resumed.err);
    assertStringIncludes(resumed.out, "C_T");
    const again = JSON.parse(await Deno.readTextFile(join(path, "quality.json")));
    assertEquals(again.rows, JSON.parse(whole).rows);
    assertEquals(again.costs, JSON.parse(whole).costs);
  });
});

Deno.test("quality: a single measure has a page, too, and says when few rows extrapolate nothing", async () => {
  await inFolder(async (folder) => {
    const one = ["--metrics", "frechet", "--features", "classifier", "--extrapolate"];
    const made = await run(
      "quality",
      ...few,
      "--held-out-images",
      9,
      ...one,
      "--out",
      folder,
      "--json",
    );
    assertEquals(made.code, 0, made.err);
    const { run: path, rows } = JSON.parse(made.out) as { run: string; rows: Row[] };
    // Network, other held-out images, training images; the distance and what it cannot be.
    assertEquals(rows.length, 6);
    assertEquals([rows[1]!.value, rows[1]!.warning], [null, "needs 30 rows"]);
    assertEquals([...new Set(rows.map(({ set }) => set))].slice(1), [
      ...["other held-out", "training images"],
    ]);
    const page = await Deno.readTextFile(join(path, "report.html"));
    assert(!page.includes("Nearest training images"));
  });
});

Deno.test("quality: what cannot be measured is said in one line", async () => {
  await inFolder(async (folder) => {
    const refused = async (says: RegExp, ...args: (string | number)[]) => {
      const { code, err } = await runHere(quality, ...few, ...args, "--out", folder);
      assertEquals(code, 1, err);
      assertMatch(err.trim().split("\n").at(-1)!, says);
    };
    await refused(/--skip-network leaves nothing to measure/, "--skip-network");
    await refused(/--features names "faces", expected some of classifier/, "--features", "faces");
    await refused(
      /--features inception needs the weights .* --inception/,
      "--features",
      "inception",
    );
    const notWeights = ["--features", "inception", "--inception", join(root, "README.md")];
    await refused(/README\.md: .*(expected|not|begin)/, ...notWeights);
    await refused(/--metrics names "fid", expected some of frechet/, "--metrics", "fid");
  });
});
