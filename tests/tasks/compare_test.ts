/** The command from noise to page, on a tiny network, and what it refuses. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { Verb } from "../../tasks/cli/command.ts";
import { verb } from "../../tasks/compare.ts";
import { makeInputs } from "../../tasks/tools/torture/subjects.ts";
import { inFolder } from "./commands.ts";
import { runHere } from "./in_process.ts";
import { checkResult } from "./result_fields.ts";

const compare = (...args: (string | number)[]) => runHere(verb as unknown as Verb, ...args);

/** Times that work took: these alone differ from run to run. */
const timed = ["cost_state.jsonl", "cost.csv"];

async function filesOf(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(".") || name === "config.json" || timed.includes(name)) continue;
    files.set(name, new TextDecoder("latin1").decode(await Deno.readFile(join(folder, name))));
  }
  return files;
}

Deno.test("compare: tables, figures, page, the public protocol; interrupted it ends at the same bytes", async () => {
  await inFolder(async (folder) => {
    await makeInputs(folder);
    const flags = [
      ...["--run", join(folder, "weights.safetensors"), "--backend", "wasm", "--workers", 1],
      ...["--steps", 2, "--samples", 3, "--batch", 2, "--machines", "wiener,pspc-square"],
      ...["--calibration-samples", 1, "--out", join(folder, "out")],
    ];
    const made = await compare(...flags, "--json");
    assertEquals(made.code, 0, made.err);
    const { rows, costs, numbers } = await checkResult(made.out);
    assertMatch(made.err, /No schedule of PSPC_square at these times: calibrated first, on 1 /);
    const run = join(folder, "out/00001-compare-synthetic-resnet-8x1");
    const whole = await filesOf(run);
    for (
      const name of [
        ...["samples", "steps", "agreement", "agreement_by_step", "error_by_step"]
          .flatMap((each) => [`${each}.png`, `${each}.svg`]),
        ...["comparison.json", "comparison.csv", "comparison_samples.csv", "report.html"],
        ...["pspc_square_scale_schedule.json"],
      ]
    ) assert(whole.has(name), name);
    assertEquals(costs.length, 3);
    for (const { milliseconds } of costs) assert(milliseconds > 0);
    const written = JSON.parse(whole.get("comparison.json")!);
    assertEquals(written.rows, rows);
    assertEquals(written.fitted, { Wiener: 0, PSPC_square: 2 });
    assertEquals(written.samples.Wiener.length, 3);
    assert(Object.keys(written.samples).includes(String(numbers.best)));
    assertEquals(written.against, numbers.best);
    const page = whole.get("report.html")!;
    assert(!/(src|href)="https?:/.test(page));
    for (const [, href] of page.matchAll(/<a href="([^"#]+)"/g)) {
      assert(whole.has(href!) || timed.includes(href!), href);
    }
    assertEquals(whole.get("comparison.csv")!.trimEnd().split("\n").length, rows.length + 1);

    // The finished run tells the same again, without work.
    const again = await compare(...flags);
    assertStringIncludes(again.err, "nothing left to do");
    assertMatch(again.out, /Own trajectories: the final images\n\nmachine +r +r² +R² +MSE/);
    assertMatch(again.out, /PSPC_square +2 \(k of each step\)/);

    // As an interruption between two machines of the second batch leaves it.
    const log = join(run, "agreements_state.jsonl");
    const lines = (await Deno.readTextFile(log)).split("\n");
    assertEquals(lines.length, 3 * 3 + 1);
    await Deno.writeTextFile(log, lines.slice(0, 8).join("\n") + "\n");
    for (const file of ["finished.json", "comparison.json", "report.html", "cost_state.jsonl"]) {
      await Deno.remove(join(run, file));
    }
    await Deno.remove(join(run, ".agreements_state.jsonl.copy"));
    const resumed = await compare(...flags);
    assertEquals(resumed.code, 0, resumed.err);
    const found = await filesOf(run);
    assertEquals([...found.keys()].sort(), [...whole.keys()].sort());
    for (const [name, bytes] of whole) assert(found.get(name) === bytes, name);

    // The public protocol, and what is refused.
    const common = [...flags.slice(0, 6), "--out", join(folder, "out")];
    const published = await compare(
      ...[...common, "--protocol", "public", "--samples", 2, "--machines", "is,wiener"],
      ...["--against", "wiener"],
    );
    assertEquals(published.code, 0, published.err);
    assertMatch(
      published.out,
      /Means over 2 samples .* 10 linear-beta steps of ddim; images clamp/,
    );
    assertStringIncludes(published.out, "r² less Wiener's");
    const refused = async (says: RegExp, ...args: (string | number)[]) => {
      const { code, err } = await compare(...common, ...args);
      assertEquals(code, 1, err);
      assertMatch(err.trim().split("\n").at(-1)!, says);
    };
    await refused(
      /--against ES is none of the machines, IS; add/,
      "--against",
      "es",
      "--machines",
      "is",
    );
    await refused(/Cannot use machine "x"/, "--machines", "x");
    await refused(/--parameters has rank, which LS does not take/, ...[
      ...["--machines", "ls", "--parameters", "rank=3"],
    ]);
  });
});
