/** `deno task torture`: kills, power cuts, full disks and damaged files, and what became of the runs. @module */
import { join } from "@std/path";
import { CommandError, defineVerb, runVerb } from "../cli/command.ts";
import { textTable } from "../cli/table.ts";
import { damageFile } from "./torture/damaged_files.ts";
import { canMount, fillDisk } from "./torture/full_disks.ts";
import { killConversion, killRun, timeOfConversion, timeOfWork } from "./torture/kills.ts";
import { cutPower } from "./torture/power_cuts.ts";
import { makeInputs, subjects } from "./torture/subjects.ts";
import { record, type Recording, type Trial, type Verdict } from "./torture/trials.ts";

/** Commands that are killed: those that take long enough, and one that keeps no run. */
const killed = ["train", "calibrate", "evaluate", "sample"];

/** What became of the trials of a kind. */
interface Row {
  readonly kind: string;
  readonly subject: string;
  readonly verdicts: Record<Verdict, number>;
  /** Kills and full disks that met the command at work. */
  met?: number;
}

/** This command. */
export const verb = defineVerb({
  name: "torture",
  description:
    "Kills small runs at random moments, cuts their power as far as their trace of file operations " +
    "allows, fills their disk and damages their files, each time with the same command again. Ends " +
    "with a table, and with exit code 1 if a result was lost: other bytes than without, or no clear " +
    "line.",
  flags: {
    kills: { type: "integer", min: 0, default: 20, help: "Kills of each command" },
    cuts: { type: "integer", min: 0, default: 100, help: "Power cuts of each kind of run" },
    full: { type: "integer", min: 0, default: 10, help: "Full disks of each kind of run" },
    damages: {
      type: "integer",
      min: 0,
      default: 100,
      help: "Damaged files of each kind of run, stopped and finished in turn",
    },
    seed: { type: "integer", min: 0, default: 7, help: "Seed of all that is random" },
    only: { type: "string", placeholder: "NAMES", help: "Kinds of run, with commas; default: all" },
  },
  examples: ["torture", "torture --kills 20 --cuts 100 --full 10 --seed 7", "torture --only train"],
  result: {
    "rows": "kind of trial, kind of run, and how many ended with the same bytes, one line, or lost",
    "lost": "what was lost, in words",
  },
}, async ({ flags, abort, progress, print }) => {
  const names = flags.only?.split(",") ?? [...subjects.map(({ name }) => name), "convert"];
  const chosen = subjects.filter(({ name }) => names.includes(name));
  const unknown = names.find((name) =>
    name !== "convert" && !subjects.some((subject) => subject.name === name)
  );
  if (unknown !== undefined) {
    throw new CommandError(
      `--only has ${JSON.stringify(unknown)}, expected some of ${
        subjects.map(({ name }) => name).join(", ")
      }, convert`,
    );
  }
  const folder = await Deno.makeTempDir({ prefix: "els-torture-" });
  const rows: Row[] = [];
  const lost: string[] = [];
  let number = 0;

  /** Does so many trials of a kind, each in a folder of its own. */
  async function trials(
    { kind, subject, count }: {
      readonly kind: string;
      readonly subject: string;
      readonly count: number;
    },
    trial: (
      seed: number,
      into: string,
    ) => Promise<Trial | undefined>,
  ): Promise<void> {
    if (count === 0 || abort.aborted) return;
    const row: Row = { kind, subject, verdicts: { "same": 0, "one line": 0, "lost": 0 } };
    rows.push(row);
    const bar = progress.start({ label: `${kind}, ${subject}`, total: count });
    for (let i = 0; i < count && !abort.aborted; i++) {
      const into = join(folder, `trial-${++number}`);
      // A draw may change nothing: then the next one.
      let found: Trial | undefined;
      for (let draw = 0; found === undefined; draw++) {
        found = await trial(flags.seed * 1_000_003 + i + 7919 * draw, into);
        if (found === undefined) await remove(into);
      }
      row.verdicts[found.verdict]++;
      if (found.met !== undefined) row.met = (row.met ?? 0) + Number(found.met);
      if (found.verdict === "lost") {
        lost.push(found.detail);
        progress.note(`Lost: ${found.detail}`);
      }
      await remove(into);
      bar.update(i + 1, { lost: lost.length });
    }
    bar.finish();
  }

  try {
    await makeInputs(folder);
    const mounted = flags.full > 0 && await canMount(join(folder, "disk"));
    if (flags.full > 0) {
      progress.note(
        mounted
          ? "Full disks: small ones in memory (tmpfs)"
          : "Full disks: played, since this process may mount none",
      );
    }
    for (const subject of chosen) {
      if (abort.aborted) break;
      const { name } = subject;
      const recording: Recording = await record(subject, {
        inputs: folder,
        out: join(folder, `whole-${name}`),
      });
      if (flags.kills > 0 && killed.includes(name)) {
        const time = await timeOfWork(recording, { out: join(folder, `timed-${name}`) });
        await trials(
          { kind: "kill", subject: name, count: flags.kills },
          (seed, into) => killRun(recording, { seed, into, time }),
        );
      }
      await trials(
        { kind: "power cut", subject: name, count: flags.cuts },
        (seed, into) => cutPower(recording, { seed, into }),
      );
      await trials(
        { kind: "full disk", subject: name, count: flags.full },
        (seed, into) => fillDisk(recording, { seed, into, mounted }),
      );
      await trials(
        { kind: "damaged file", subject: name, count: flags.damages },
        (seed, into) => damageFile(recording, { seed, into, stopped: seed % 2 === 0 }),
      );
    }
    if (names.includes("convert") && flags.kills > 0 && !abort.aborted) {
      const time = await timeOfConversion(folder, join(folder, "timed-convert"));
      await trials(
        { kind: "kill", subject: "convert", count: flags.kills },
        (seed, into) => killConversion({ inputs: folder }, { seed, into, time }),
      );
    }
  } finally {
    await remove(folder);
  }
  print(textTable({
    header: ["trial", "run of", "trials", "at work", "same bytes", "one line", "lost"],
    rows: rows.map(({ kind, subject, verdicts, met }) => {
      const all = Object.values(verdicts).reduce((a, b) => a + b);
      return [
        kind,
        subject,
        all,
        met ?? "",
        verdicts.same,
        verdicts["one line"],
        verdicts.lost,
      ];
    }),
  }));
  if (lost.length > 0) throw new CommandError(`${lost.length} trials lost something: ${lost[0]}`);
  return { rows, lost };
});

async function remove(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

if (import.meta.main) await runVerb(verb);
