/**
 * Puts what the stages of run.sh left in a folder together: `gpu.json` there, and the report on the
 * console. Parts that are missing or cut off are left out.
 *
 * @module
 */
import { join } from "@std/path";
import { writeFileAtomic } from "../../../src/runs/atomic_write.ts";
import { toolkit } from "../../../src/runs/provenance.ts";
import {
  assemble,
  type Parts,
  reportText,
  type RowPart,
  stageNames,
  type Step,
} from "./gpu_report.ts";

/** Names of the files in a folder that begin and end alike, in order. */
async function namesOf(folder: string, prefix: string, ending: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith(prefix) && name.endsWith(ending)) names.push(name);
  }
  return names.sort();
}

/** Fields of the lines of a file, which tabs divide; none if there is no such file. */
async function lines(path: string): Promise<string[][]> {
  try {
    const text = await Deno.readTextFile(path);
    return text.split("\n").filter(Boolean).map((line) => line.split("\t"));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Content of a JSON file; undefined, said aloud, if it is missing or cut off. */
async function json<T>(path: string): Promise<T | undefined> {
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof Deno.errors.NotFound)) throw error;
    console.error(`${path} is left out: ${error.message}`);
    return undefined;
  }
}

/** Reads the parts that run.sh left in a folder. */
export async function readParts(folder: string): Promise<Parts> {
  async function all<T>(prefix: string): Promise<T[]> {
    const names = await namesOf(folder, prefix, ".json");
    const found = await Promise.all(names.map((name) => json<T>(join(folder, name))));
    return found.filter((part) => part !== undefined);
  }
  const steps: (Step & { readonly when: number })[] = [];
  for (const name of await namesOf(folder, "step-", ".tsv")) {
    const when = (await Deno.stat(join(folder, name))).mtime?.getTime() ?? 0;
    for (const [stage, step, outcome, seconds] of await lines(join(folder, name))) {
      if (!stage || !step || !outcome) continue;
      steps.push({ stage, name: step, outcome, seconds: Number(seconds) || 0, when });
    }
  }
  const order = (stage: string) => (stageNames as readonly string[]).indexOf(stage);
  steps.sort((a, b) => order(a.stage) - order(b.stage) || a.when - b.when);
  const rows: RowPart[] = [];
  for (const name of await namesOf(folder, "row-", ".tsv")) {
    for (const [row, training, path] of await lines(join(folder, name))) {
      const found = path && await json<Omit<RowPart, "row" | "training">>(path);
      if (!found || !row || !training) continue;
      const { grid, steps, medians } = found;
      rows.push({ row, training, grid, steps, medians });
    }
  }
  const tfjs = (await json<{ imports: Record<string, string> }>("deno.json"))
    ?.imports["@tensorflow/tfjs"]?.split("@").at(-1);
  const adapter = (await all<NonNullable<Parts["adapter"]>>("adapter"))[0];
  return {
    ...adapter && { adapter },
    context: {
      toolkit,
      ...tfjs && { tensorflowjs: tfjs },
      ...Object.fromEntries(
        (await lines(join(folder, "context.tsv"))).map(([key, text]) => [key, text]),
      ),
    },
    steps: steps.map(({ when: _, ...step }) => step),
    notes: (await lines(join(folder, "notes.tsv")))
      .map(([stage = "", what = "", why = ""]) => ({ stage, what, why })),
    posterior: await all("posterior-"),
    training: await all("training-"),
    rows,
  };
}

if (import.meta.main) {
  const folder = Deno.args[0]!;
  const report = assemble(await readParts(folder));
  await writeFileAtomic(join(folder, "gpu.json"), JSON.stringify(report, null, 2) + "\n");
  console.log(reportText(report).trimEnd());
}
