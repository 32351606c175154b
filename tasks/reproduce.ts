/** `deno task reproduce`: trains, calibrates, evaluates what the paper did, and writes the document. @module */
import { startBackend } from "../src/networks/backend.ts";
import type { RunConfig } from "../src/runs/run_record.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped, UsageError } from "./cli/flags.ts";
import { machineFlags } from "./pipelines/flags.ts";
import { createPosterior, devicesLine } from "./pipelines/posterior.ts";
import { shardFlags } from "./pipelines/shard_flag.ts";
import { isSplit, openShare, type ShardWork, type ShareContext } from "./pipelines/share.ts";
import { estimateTime } from "./reproduce/estimate.ts";
import { experiments } from "./reproduce/experiments.ts";
import { chosen, placeFlags, placesOf, runsFlag } from "./reproduce/flags.ts";
import { Ledger } from "./reproduce/ledger.ts";
import { keepMerged, mergedDocument } from "./reproduce/merged_parts.ts";
import { documentResult, Parts } from "./reproduce/parts.ts";
import { planReproduction } from "./reproduce/plan.ts";
import { profileNames, profiles } from "./reproduce/profiles.ts";
import {
  type ExperimentRecord,
  type ReproductionContext,
  runExperiment,
} from "./reproduce/run_experiment.ts";
import { type AblationRecord, runAblation } from "./reproduce/scale_ablation.ts";
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
    ...shardFlags,
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
}, async (verbContext) => {
  const { flags, abort, progress, print, merging } = verbContext;
  const profile = profiles.find(({ name }) => name === flags.profile)!;
  const wanted = chosen(experiments, { names: flags.rows, flag: "rows" });
  const protocols = chosen(profile.protocols, { names: flags.protocols, flag: "protocols" });
  const weights = { ...profile.weights, ...weightsByExperiment(flags.weights) };
  const ledger = new Ledger({ runs: flags.runs, profile: profile.name });
  const work = new Parts(progress);
  const { missing } = work;
  if (merging) {
    const out = mergedDocument(flags.runs, profile.name);
    const merged = await keepMerged(merging, ledger);
    await writeDocument(out, { profile, ledger, ablated, missing: merged });
    return documentResult(out, { aborted: false, print });
  }
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
  const identity = {
    ...{ profile: profile.name, rows: wanted.map(({ name }) => name), ablation, weights },
    protocols: protocols.map(({ name }) => name),
    ...{ backend: backend.name, posterior: posterior.name },
  };
  await using share = await openRowShare(identity, { flags, total: wanted.length }, verbContext);
  if (share?.done) return await share.result();
  const own = share ? wanted.slice(share.from, share.to) : wanted;
  const found: Found = { experiments: [], ablations: [] };
  for (const protocol of protocols) {
    for (const experiment of own) {
      if (abort.aborted) break;
      const { name } = experiment;
      if (missing.has(name)) continue;
      progress.note(`\n${name}, ${protocol.name}`);
      const record = await work.attempt(name, () => runExperiment(experiment, protocol, context));
      if (record) await ledger.keepExperiment(record);
      if (record) found.experiments.push(record);
      if (!share) await write();
    }
    // After the experiments of the main protocol, before any others.
    if (ablation && own.includes(ablated) && !abort.aborted && !missing.has(ablated.name)) {
      progress.note(`\nscales of ${ablated.name}, ${protocol.name}`);
      const record = await work.attempt(
        ablated.name,
        () => runAblation(ablated, protocol, context),
      );
      if (record) await ledger.keepAblation(record);
      if (record) found.ablations.push(record);
      if (!share) await write();
    }
  }
  if (share) {
    if (abort.aborted) return { finished: false };
    return await share.finish({ tensors: new Map(), values: { ...found, missing: [...missing] } });
  }
  return documentResult(flags.out, { aborted: abort.aborted, print });
});

/** What a share has done, for its file. */
interface Found {
  readonly experiments: ExperimentRecord[];
  readonly ablations: AblationRecord[];
}

/** The share of the rows that is asked for; undefined for all of them. */
async function openRowShare(
  identity: RunConfig,
  { flags, total }: { readonly flags: { readonly runs: string }; readonly total: number },
  context: ShareContext,
): Promise<ShardWork | undefined> {
  if (!isSplit(context)) return undefined;
  const { share } = await openShare(identity, {
    ...{ out: flags.runs, command: "reproduce", label: String(identity["profile"]) },
    ...{ over: "rows", total },
  }, context);
  return share.role === "shard" ? share : undefined;
}

if (import.meta.main) await runVerb(verb);
