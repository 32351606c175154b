/** `deno task reproduce`: trains, calibrates, evaluates what the paper did, and writes the document. @module */
import { startBackend } from "../src/networks/backend.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped, UsageError } from "./cli/flags.ts";
import { machineFlags } from "./pipelines/flags.ts";
import { createPosterior, devicesLine } from "./pipelines/posterior.ts";
import { estimateTime } from "./reproduce/estimate.ts";
import { experiments } from "./reproduce/experiments.ts";
import { chosen, placeFlags, placesOf, runsFlag } from "./reproduce/flags.ts";
import { Ledger } from "./reproduce/ledger.ts";
import { documentResult, Parts } from "./reproduce/parts.ts";
import { planReproduction } from "./reproduce/plan.ts";
import { profileNames, profiles } from "./reproduce/profiles.ts";
import { type ReproductionContext, runExperiment } from "./reproduce/run_experiment.ts";
import { runAblation } from "./reproduce/scale_ablation.ts";
import { writeDocument } from "./reproduce/write_document.ts";

/** The experiment whose network ships with the package: its scales are chosen in several ways. */
const ablated = experiments.find(({ name }) => name === "mnist-resnet-zeros")!;

/** Reads `mnist-unet-zeros=PATH,...`. */
function weightsByExperiment(text: string | undefined): Record<string, string> {
  return Object.fromEntries((text?.split(",") ?? []).map((part) => {
    const [name = "", ...path] = part.split("=");
    if (!experiments.some((each) => each.name === name) || path.length === 0) {
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
    ...grouped("What to do", {
      profile: {
        type: "choice",
        choices: profileNames,
        default: "small",
        help: profiles.map(({ name, about }) => `${name}: ${about}`).join("; "),
      },
      rows: {
        type: "string",
        placeholder: "NAMES",
        help:
          "Rows of the table to do, such as mnist-resnet-zeros,cifar10-unet-circular; default: all",
      },
      protocols: {
        type: "string",
        placeholder: "NAMES",
        help: "Protocols to do, such as cubic-8,uniform-20; default: the profile's",
      },
      ablation: {
        type: "boolean",
        default: true,
        help: "Leave out the comparison of ways to choose scales",
      },
      dryRun: { type: "boolean", help: "Print the plan with an estimate of the time and stop" },
      writeOnly: {
        type: "boolean",
        help: "Write the document from what is done, and do nothing else",
      },
    }),
    ...grouped("Network", {
      weights: {
        type: "string",
        placeholder: "ROW=RUN,..",
        path: "read",
        help: "Trained weights or runs for rows, in place of training",
      },
    }),
    ...placeFlags,
    ...machineFlags,
    ...grouped("Output", {
      out: {
        type: "string",
        default: "docs/results.md",
        placeholder: "FILE",
        path: "write a file",
        help: "The document; its pictures lie beside it",
      },
    }),
    runs: runsFlag,
  },
  examples: [
    "reproduce --dry-run",
    "reproduce --rows mnist-resnet-zeros --protocols cubic-8",
    "reproduce --profile tiny --rows mnist-resnet-circular --runs runs/tiny --out runs/tiny.md",
  ],
  result: {
    "finished": "whether all that was asked for is done; false after Ctrl-C",
    "files.document": "the document",
    "plan":
      "with --dry-run: experiment, and seconds left of its training and protocols; null: no data",
  },
}, async ({ flags, abort, progress, print }) => {
  const profile = profiles.find(({ name }) => name === flags.profile)!;
  const wanted = chosen(experiments, { names: flags.rows, flag: "rows" });
  const protocols = chosen(profile.protocols, { names: flags.protocols, flag: "protocols" });
  const weights = { ...profile.weights, ...weightsByExperiment(flags.weights) };
  const ledger = new Ledger({ runs: flags.runs, profile: profile.name });
  const work = new Parts(progress);
  const { missing } = work;
  const ablation = flags.ablation && wanted.includes(ablated);
  const parts = { profile, ledger, ablated, missing };
  const write = () => writeDocument(flags.out, { ...parts, onDamage: work.onDamage });
  if (flags.writeOnly) {
    await writeDocument(flags.out, parts);
    return documentResult(flags.out, { aborted: false, print });
  }

  const backend = await startBackend(flags.backend);
  const posterior = await createPosterior(flags, backend);
  await using _ = { [Symbol.asyncDispose]: () => posterior.dispose() };
  progress.note(devicesLine(backend, posterior));
  const context: ReproductionContext = {
    profile,
    runs: flags.runs,
    weights,
    from: placesOf(flags),
    backend,
    posterior,
    workers: flags.workers,
    abort,
    progress,
  };
  if (flags.dryRun) {
    const estimate = (experiment: typeof ablated) =>
      work.attempt(experiment.name, () => estimateTime(experiment, protocols, context));
    const what = { experiments: wanted, protocols, ledger, weights, ablation };
    const { text, plan } = await planReproduction({ ...what, estimate });
    print(text);
    return { finished: false, plan };
  }
  for (const protocol of protocols) {
    for (const experiment of wanted) {
      if (abort.aborted) break;
      const { name } = experiment;
      if (missing.has(name)) continue;
      progress.note(`\n${name}, ${protocol.name}`);
      const record = await work.attempt(name, () => runExperiment(experiment, protocol, context));
      if (record) await ledger.keepExperiment(record);
      await write();
    }
    // After the experiments of the main protocol, before any others.
    if (ablation && !abort.aborted && !missing.has(ablated.name)) {
      progress.note(`\nscales of ${ablated.name}, ${protocol.name}`);
      const record = await work.attempt(
        ablated.name,
        () => runAblation(ablated, protocol, context),
      );
      if (record) await ledger.keepAblation(record);
      await write();
    }
  }
  return documentResult(flags.out, { aborted: abort.aborted, print });
});

if (import.meta.main) await runVerb(verb);
