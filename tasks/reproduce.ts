/** `deno task reproduce`: trains, calibrates and evaluates row after row, and writes the document. @module */
import { dirname } from "@std/path";
import { DataFormatError } from "../src/core/errors.ts";
import { writeFileAtomic } from "../src/runs/atomic_write.ts";
import { defineVerb, errorLine, runVerb } from "./cli/command.ts";
import { UsageError } from "./cli/flags.ts";
import { duration } from "./cli/progress.ts";
import { textTable } from "./cli/table.ts";
import { startBackend } from "../src/networks/backend.ts";
import { machineFlags } from "./pipelines/flags.ts";
import { createPosterior, devicesLine } from "./pipelines/posterior.ts";
import { evidenceDocument, notesOf, type RowEntry, type StudyEntry } from "./reproduce/document.ts";
import { estimateRow, type RowEstimate } from "./reproduce/estimate.ts";
import { Ledger } from "./reproduce/ledger.ts";
import { samplesPicture, studyPicture } from "./reproduce/pictures.ts";
import { doRow, type ReproductionContext } from "./reproduce/row_work.ts";
import { type Budget, budgetNames, budgets, evidenceRows } from "./reproduce/rows.ts";
import { doStudy } from "./reproduce/scale_study.ts";

/** The row whose network ships with the package. */
const STUDIED = "mnist-resnet-zeros";

const fromFlag = (dataset: string) =>
  ({ type: "string", placeholder: "PATH", help: `File or folder that holds ${dataset}` }) as const;

/** Those of a list that were named, in the list's order; all if none were. */
function chosen<T extends { readonly name: string }>(
  all: readonly T[],
  { names, flag }: { readonly names: string | undefined; readonly flag: string },
): T[] {
  const wanted = names?.split(",").map((name) => name.trim());
  const strange = wanted?.find((name) => !all.some((each) => each.name === name));
  if (strange !== undefined) {
    throw new UsageError(
      `--${flag} has ${JSON.stringify(strange)}, expected some of ` +
        all.map(({ name }) => name).join(", "),
    );
  }
  return all.filter(({ name }) => wanted?.includes(name) ?? true);
}

/** Reads `mnist-unet-zeros=PATH,...`. */
function weightsByRow(text: string | undefined): Record<string, string> {
  return Object.fromEntries((text?.split(",") ?? []).map((part) => {
    const [name = "", ...path] = part.split("=");
    if (!evidenceRows.some((row) => row.name === name) || path.length === 0) {
      throw new UsageError(
        `--weights has ${JSON.stringify(part)}, expected such as mnist-unet-zeros=PATH`,
      );
    }
    return [name, path.join("=")];
  }));
}

/** This command. */
export const verb = defineVerb({
  name: "reproduce",
  description:
    "For data set x network x padding: trains a network (or takes weights), calibrates the machines, " +
    "evaluates them, and writes a document with what is done beside what was published. Every part " +
    "is a run of its own that resumes, so it can be stopped at any time and left overnight.",
  flags: {
    budget: {
      type: "choice",
      choices: budgetNames,
      default: "small",
      help: budgetNames.map((name) => `${name}: ${budgets[name].about}`).join("; "),
    },
    rows: {
      type: "string",
      placeholder: "NAMES",
      help: "Rows to do, such as mnist-resnet-zeros,cifar10-unet-circular; default: all",
    },
    protocols: {
      type: "string",
      placeholder: "NAMES",
      help: "Protocols to do, such as cubic-8,uniform-20; default: the budget's",
    },
    study: {
      type: "boolean",
      default: true,
      help: "Leave out the comparison of ways to choose scales",
    },
    weights: {
      type: "string",
      placeholder: "ROW=PATH,..",
      help: "Trained weights or runs for rows, in place of training",
    },
    mnistFrom: fromFlag("mnist"),
    fashionMnistFrom: fromFlag("fashion-mnist"),
    cifar10From: fromFlag("cifar10"),
    celebaFrom: fromFlag("celeba"),
    dryRun: { type: "boolean", help: "Print the plan with an estimate of the time and stop" },
    writeOnly: {
      type: "boolean",
      help: "Write the document from what is done, and do nothing else",
    },
    out: {
      type: "string",
      default: "docs/results.md",
      placeholder: "FILE",
      help: "The document; its pictures lie beside it",
    },
    runs: {
      type: "string",
      default: "runs/reproduce",
      placeholder: "FOLDER",
      help: "Folder of the runs and of what is done",
    },
    ...machineFlags,
  },
  examples: [
    "deno task reproduce --dry-run",
    "deno task reproduce --rows mnist-resnet-zeros --protocols cubic-8",
    "deno task reproduce --budget tiny --rows mnist-resnet-circular --runs runs/tiny --out runs/tiny.md",
  ],
}, async ({ flags, abort, progress }) => {
  const budget: Budget = budgets[flags.budget];
  const rows = chosen(evidenceRows, { names: flags.rows, flag: "rows" });
  const protocols = chosen(budget.protocols, { names: flags.protocols, flag: "protocols" });
  const weights = { ...budget.weights, ...weightsByRow(flags.weights) };
  const ledger = new Ledger({ runs: flags.runs, budget: flags.budget });
  const missing = new Set<string>();
  const studied = evidenceRows.find(({ name }) => name === STUDIED)!;
  const withStudy = flags.study && rows.includes(studied);

  const write = async () => {
    const earlier = await Deno.readTextFile(flags.out).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    });
    const entries: RowEntry[] = [];
    const studies: StudyEntry[] = [];
    for (const protocol of budget.protocols) {
      for (const row of evidenceRows) {
        const record = await ledger.row(row.name, protocol.name);
        entries.push({ row, protocol, record, missing: missing.has(row.name) });
      }
      const record = await ledger.study(STUDIED, protocol.name);
      studies.push({ row: studied, protocol, record });
    }
    const stem = flags.out.replace(/\.md$/, "");
    const pictures: { file: string; caption: string }[] = [];
    const picture = async (name: string, content: Uint8Array | string, caption: string) => {
      const path = `${stem}-${name}`;
      await writeFileAtomic(path, content);
      pictures.push({ file: path.split(/[\\/]/).at(-1)!, caption });
    };
    await Deno.mkdir(dirname(flags.out), { recursive: true });
    const main = entries.flatMap(({ protocol, record }) =>
      record !== undefined && protocol === budget.protocols[0] ? [record] : []
    );
    const samples = await samplesPicture(main);
    if (samples) {
      await picture(
        "samples.png",
        samples,
        "The first samples: what each network makes of noise, and below it what its machine predicts.",
      );
    }
    const study = studies.find(({ record }) => record !== undefined)?.record;
    if (study) {
      await picture(
        "scales.svg",
        await studyPicture(study),
        `Scales of ${study.machine} for ${study.row} (${study.protocol.name}).`,
      );
    }
    await writeFileAtomic(
      flags.out,
      evidenceDocument({
        budget: flags.budget,
        rows: entries,
        studies,
        pictures,
        notes: notesOf(earlier),
      }),
    );
  };
  if (flags.writeOnly) {
    await write();
    console.log(`Document: ${flags.out}`);
    return;
  }

  const backend = await startBackend(flags.backend);
  const posterior = await createPosterior(flags, backend);
  progress.note(devicesLine(backend, posterior));
  const context: ReproductionContext = {
    budget: flags.budget,
    runs: flags.runs,
    weights,
    from: {
      "mnist": flags.mnistFrom,
      "fashion-mnist": flags.fashionMnistFrom,
      "cifar10": flags.cifar10From,
      "celeba": flags.celebaFrom,
    },
    backend,
    posterior,
    workers: flags.workers,
    abort,
    progress,
  };
  /** Does one part; a data set that is not there is told, and is no end. */
  const attempt = async <T>(row: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof DataFormatError)) throw error;
      missing.add(row);
      console.error(`${row} is left out: ${errorLine(error)}`);
      return undefined;
    }
  };
  try {
    if (flags.dryRun) {
      await printPlan();
      return;
    }
    for (const protocol of protocols) {
      if (abort.aborted) break;
      for (const row of rows) {
        if (abort.aborted) break;
        if (missing.has(row.name)) continue;
        console.error(`\n${row.name}, ${protocol.name}`);
        const record = await attempt(row.name, () => doRow(row, protocol, context));
        if (record) await ledger.keepRow(record);
        await write();
      }
      // After the main rows, before any others.
      if (withStudy && !abort.aborted && !missing.has(STUDIED)) {
        console.error(`\nscales of ${STUDIED}, ${protocol.name}`);
        const record = await attempt(STUDIED, () => doStudy(studied, protocol, context));
        if (record) await ledger.keepStudy(record);
        await write();
      }
    }
    console.log(
      abort.aborted
        ? `Stopped; the same command goes on. Document so far: ${flags.out}`
        : `Document: ${flags.out}`,
    );
  } finally {
    await posterior.dispose();
  }

  async function printPlan(): Promise<void> {
    const lines: (string | number)[][] = [];
    let total = 0;
    for (const row of rows) {
      const done = await Promise.all(
        protocols.map(async ({ name }) => (await ledger.row(row.name, name)) !== undefined),
      );
      const estimate = done.every(Boolean)
        ? undefined
        : await attempt(row.name, () => estimateRow(row, protocols, context));
      const training = done.some(Boolean) ? 0 : estimate?.training ?? 0;
      const left = protocols.map(({ name }, i) => done[i] ? 0 : estimate?.protocols[name] ?? 0);
      total += training + left.reduce((a, b) => a + b, 0);
      const cell = (i: number, known: RowEstimate | undefined) =>
        done[i] ? "done" : known === undefined ? "no data" : duration(left[i]!);
      lines.push([
        row.name,
        weights[row.name] !== undefined
          ? "weights"
          : done.some(Boolean)
          ? "done"
          : estimate === undefined
          ? "no data"
          : duration(training),
        ...protocols.map((_, i) => cell(i, estimate)),
      ]);
    }
    console.log(textTable({
      header: ["row", "training", ...protocols.map(({ name }) => name)],
      rows: lines,
    }));
    console.log(
      `\nAbout ${duration(total)} in all, measured just now on this machine; ` +
        `${withStudy ? "the study of scales and " : ""}other work on it come on top.`,
    );
  }
});

if (import.meta.main) await runVerb(verb);
