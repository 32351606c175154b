/** `deno task runs`: lists runs, compares two of them, and makes a page of all. @module */
import { join } from "@std/path";
import { type RunCard, runsPageHtml } from "../src/figures/runs_page.ts";
import { writeFileAtomic } from "../src/runs/atomic_write.ts";
import { findRun } from "../src/runs/find_run.ts";
import { listRuns } from "../src/runs/run_record.ts";
import {
  configDifferences,
  numbersBeside,
  type RunDifference,
  type RunSummary,
  type RunValue,
  summarizeRun,
} from "../src/runs/run_summary.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped, UsageError } from "./cli/flags.ts";
import { commandLine } from "./cli/invocation.ts";
import { openInBrowser } from "./cli/open_in_browser.ts";
import { textTable } from "./cli/table.ts";
import { outFlags } from "./pipelines/flags.ts";
import { tellProblem } from "./pipelines/problems.ts";

/** A value in a cell: numbers to four digits, lists with commas, of checksums the beginning. */
function valueText(value: RunValue | undefined): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(valueText).join(",");
  if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return `${value.slice(0, 12)}..`;
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return String(Number(value.toPrecision(4)));
}

/** Day and minute where the reader is. */
function localTime(iso: string): string {
  const at = new Date(iso);
  const two = (n: number) => String(n).padStart(2, "0");
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join("-");
  return `${day} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** A run as the page shows it; addresses are relative to the folder of the runs. */
function cardOf(run: RunSummary): RunCard {
  const address = (file: string) =>
    [run.name, ...file.split("/")].map(encodeURIComponent).join("/");
  const files = Object.entries(run.files);
  const pictures = files.filter(([, file]) => file.endsWith(".png"));
  return {
    number: run.number,
    command: run.command,
    label: run.label,
    state: run.state,
    started: localTime(run.started),
    numbers: Object.entries(run.numbers).map(([name, value]) => [name, valueText(value)]),
    links: [
      ...files.map(([label, file]) => ({ label, href: address(file) })),
      { label: "folder", href: `${encodeURIComponent(run.name)}/` },
    ],
    picture: pictures[0] && address(pictures[0][1]),
  };
}

/** Two columns of values side by side; empty text if there is nothing to show. */
function besideTable(
  rows: readonly RunDifference[],
  { title, names }: { readonly title: string; readonly names: readonly [string, string] },
): string {
  return textTable({
    header: [title, ...names],
    rows: rows.map(({ name, a, b }) => [name, valueText(a) || "-", valueText(b) || "-"]),
    align: ["left", "left", "left"],
  });
}

/** This command. */
export const verb = defineVerb({
  name: "runs",
  description:
    "Lists the runs of a folder with their main numbers, and writes a page with links to their " +
    "reports and pictures. `compare A B` shows in which settings two runs differ, and their numbers " +
    "side by side.",
  positionals: [
    { name: "compare", help: "Compare two runs", choices: ["compare"], optional: true },
    {
      name: "A",
      help: "A run: latest, its number, or how its name or label begins",
      optional: true,
    },
    { name: "B", help: "Another one", optional: true },
  ],
  flags: {
    ...grouped("Output", {
      out: outFlags.out,
      open: { type: "boolean", help: "Open the page in a browser" },
    }),
  },
  examples: ["runs", "runs --open", "runs compare 2 latest"],
  result: {
    "runs": "without compare: each run's number, name, path, command, label, state, started, " +
      "files and numbers",
    "problems": "without compare: what is wrong with folders that were passed over",
    "files.page": "without compare: the page, if there are runs",
    "a": "the first of two runs, as in `runs`",
    "b": "the second",
    "settings": "settings in which they differ: name, a, b",
    "results": "numbers of both: name, a, b",
  },
}, async ({ flags: { out, open }, positionals: [action, a, b], print, progress }) => {
  if (action === "compare") {
    if (a === undefined || b === undefined) {
      throw new UsageError("compare needs two runs, such as compare 2 latest; run with --help");
    }
    const where = { root: out, onProblem: tellProblem };
    const records = [await findRun(a, where), await findRun(b, where)] as const;
    const runs = [await summarizeRun(records[0]), await summarizeRun(records[1])] as const;
    const names = [runs[0].name, runs[1].name] as const;
    const settings = configDifferences(records[0].config, records[1].config);
    const results = numbersBeside(...runs);
    print(
      settings.length === 0
        ? "Their settings are the same."
        : besideTable(settings, { title: "setting", names }),
    );
    if (results.length > 0) print(`\n${besideTable(results, { title: "result", names })}`);
    return { a: runs[0], b: runs[1], settings, results };
  }
  const { runs: records, problems } = await listRuns(out);
  const runs = await Promise.all(records.map(summarizeRun));
  const passedOver = problems.map(({ message }) => message);
  for (const problem of passedOver) progress.note(`Passed over ${problem}`);
  if (runs.length === 0) {
    print(`No runs in ${out} yet; ${commandLine("quickstart")} makes one`);
    return { runs, problems: passedOver, files: {} };
  }
  const page = join(out, "index.html");
  await writeFileAtomic(page, runsPageHtml(runs.map(cardOf), { problems: passedOver }));
  print(textTable({
    header: ["run", "command", "label", "state", "began", "numbers"],
    rows: runs.map((run) => [
      run.number,
      run.command,
      run.label,
      run.state,
      localTime(run.started),
      Object.entries(run.numbers).map(([name, value]) => `${name} ${valueText(value)}`).join(", "),
    ]),
    align: ["right", "left", "left", "left", "left", "left"],
  }));
  print(`\nPage: ${page}`);
  if (open && !await openInBrowser(page)) {
    progress.note(`No browser can be opened from here: open ${page} yourself`);
  }
  return { runs, problems: passedOver, files: { page } };
});

if (import.meta.main) await runVerb(verb);
