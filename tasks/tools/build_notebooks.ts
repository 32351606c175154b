/** `deno task build:notebook`: runs the notebooks in Deno's kernel and stores what they show. */
import { dirname, join } from "@std/path";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { writeFileAtomic } from "../../src/runs/atomic_write.ts";
import { NotebookKernel } from "./notebooks/kernel.ts";
import {
  type CellOutput,
  codeCells,
  joined,
  type Notebook,
  readNotebook,
  storedOutput,
  writeNotebook,
} from "./notebooks/notebook.ts";
import { formsOf, outputDifference } from "./notebooks/same_outputs.ts";

const folder = "docs/notebooks";

/**
 * Runs all cells of a notebook, in their order, in a kernel of its own.
 *
 * @param path Where it lies: its folder is the kernel's.
 * @param options.onCell Called after each cell of code, with what it showed.
 * @throws CommandError if a cell throws; names the cell.
 */
export async function runNotebook(
  notebook: Notebook,
  path: string,
  { onCell }: { readonly onCell?: (number: number, ms: number) => void } = {},
): Promise<Notebook> {
  await using kernel = await NotebookKernel.start({ cwd: dirname(path) });
  const cells = [];
  let count = 0;
  for (const cell of notebook.cells) {
    if (cell.cell_type !== "code") {
      cells.push(cell);
      continue;
    }
    const started = performance.now();
    const outputs = await kernel.run(joined(cell.source));
    count++;
    const problem = outputs.find(({ output_type }) => output_type === "error");
    if (problem?.output_type === "error") {
      throw new CommandError(
        `Cannot run ${path}: cell ${count} throws ${problem.ename}: ${problem.evalue}`,
      );
    }
    onCell?.(count, performance.now() - started);
    cells.push({ ...cell, execution_count: count, outputs: outputs.map(storedOutput) });
  }
  return { ...notebook, cells };
}

/** The first cell that does not show what is stored of it, and why. */
export function notebookDifference(stored: Notebook, found: Notebook): string | undefined {
  let count = 0;
  for (const [i, cell] of found.cells.entries()) {
    const before = stored.cells[i];
    if (cell.cell_type !== "code" || before?.cell_type !== "code") continue;
    count++;
    const difference = before.execution_count === count
      ? outputDifference(before.outputs as CellOutput[], cell.outputs)
      : "it was not run in its order";
    if (difference !== undefined) return `cell ${count}: ${difference}`;
  }
}

/**
 * The pictures of a notebook that documents show: of each cell whose metadata say `picture`, the PNG that it
 * ends with, by the name of the file in docs.
 *
 * @throws CommandError if such a cell shows no PNG.
 */
export function picturesOf(notebook: Notebook, path: string): Map<string, Uint8Array> {
  const pictures = new Map<string, Uint8Array>();
  for (const { metadata: { picture }, outputs } of codeCells(notebook)) {
    if (typeof picture !== "string") continue;
    const last = outputs.at(-1);
    const png = last && formsOf(last).get("image/png");
    if (png === undefined) {
      throw new CommandError(`Cannot write ${picture}: its cell in ${path} shows no PNG`);
    }
    pictures.set(picture, Uint8Array.fromBase64(png.trim()));
  }
  return pictures;
}

async function sameBytes(path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return (await Deno.readFile(path)).toBase64() === bytes.toBase64();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** This command. */
export const verb = defineVerb({
  name: "build:notebook",
  description: `Runs the notebooks in ${folder} in Deno's kernel, and stores what they show.`,
  flags: {
    check: { type: "boolean", help: "Write nothing; fail where a cell shows other things" },
  },
  examples: ["build:notebook", "build:notebook --check"],
}, async ({ flags, print, progress }) => {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(".ipynb")) continue;
    const path = join(folder, name);
    const stored = readNotebook(await Deno.readTextFile(path), path);
    const found = await runNotebook(stored, path, {
      onCell: (cell, ms) => progress.note(`${path}: cell ${cell}, ${(ms / 1000).toFixed(1)} s`),
    });
    const difference = notebookDifference(stored, found);
    if (difference === undefined) {
      print(`${path} is current`);
    } else if (flags.check) {
      throw new CommandError(`${path}, ${difference}; run deno task build:notebook`);
    } else {
      await writeFileAtomic(path, writeNotebook(found));
      print(`Wrote ${path}`);
    }
    for (const [name, png] of picturesOf(difference === undefined ? stored : found, path)) {
      const file = join(dirname(folder), name);
      if (await sameBytes(file, png)) continue;
      if (flags.check) {
        throw new CommandError(`${file} is not what ${path} shows; run deno task build:notebook`);
      }
      await writeFileAtomic(file, png);
      print(`Wrote ${file}`);
    }
  }
});

if (import.meta.main) await runVerb(verb);
