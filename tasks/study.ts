/** `deno task study`: what agreement depends on, one factor at a time. @module */
import { startBackend } from "../src/networks/backend.ts";
import { timeGridNames } from "../src/samplers/time_grid.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped, UsageError } from "./cli/flags.ts";
import { machineFlags } from "./pipelines/flags.ts";
import { createPosterior, devicesLine } from "./pipelines/posterior.ts";
import { experiments, type TimeProtocol, timeProtocol } from "./reproduce/experiments.ts";
import { chosen, placeFlags, placesOf, runsFlag, wordsOf } from "./reproduce/flags.ts";
import { documentResult, Parts } from "./reproduce/parts.ts";
import {
  errorsPlan,
  partPlan,
  runErrors,
  runPart,
  type StudyContext,
} from "./reproduce/run_study.ts";
import { studies, type Study, type StudyCell, studyNames } from "./reproduce/studies.ts";
import { StudyLedger } from "./reproduce/study_ledger.ts";
import { planStudy } from "./reproduce/study_plan.ts";
import { writeStudies } from "./reproduce/write_studies.ts";

/** Values of a study's factor that were named, or the usual ones. */
function valuesOf({ factor, name }: Study, text: string | undefined): readonly string[] {
  if (text === undefined) return factor.values;
  const values = wordsOf(text);
  const { names } = factor;
  const strange = values.find((value) =>
    names === undefined ? !/^[1-9]\d{0,8}$/.test(value) : !names.includes(value)
  );
  if (strange !== undefined) {
    throw new UsageError(
      `--values has ${JSON.stringify(strange)}, expected for the study of ${name} ` +
        (names === undefined ? "whole numbers from 1 on" : `some of ${names.join(", ")}`),
    );
  }
  return values;
}

/** Reads `cubic-8,uniform-20`. */
function protocolsOf({ protocols }: Study, text: string | undefined): readonly TimeProtocol[] {
  if (text === undefined) return protocols;
  return wordsOf(text).map((word) => {
    const [, grid, steps] = /^([a-z_]+)-([1-9]\d{0,3})$/.exec(word) ?? [];
    const known = timeGridNames.find((name) => name === grid);
    if (known === undefined) {
      throw new UsageError(
        `--protocols has ${JSON.stringify(word)}, expected a grid (${timeGridNames.join(", ")}) ` +
          "and a number of steps, such as cubic-8",
      );
    }
    return timeProtocol(known, Number(steps));
  });
}

/** This command. */
export const verb = defineVerb({
  name: "study",
  description:
    "What agreement of network and machine depends on: trains the networks of a row of the table " +
    "with one thing changed, calibrates and evaluates each by several choices of times, and writes a " +
    "document with tables and figures. Every part is a run of its own that resumes; trainings of " +
    "`train` in the same folder of runs are taken as they are.",
  positionals: [{ name: "NAME", help: "What is varied", choices: studyNames, optional: true }],
  flags: {
    ...grouped("What to do", {
      rows: {
        type: "string",
        placeholder: "NAMES",
        default: "cifar10-resnet-zeros",
        help: "Rows of the table to do it on, such as mnist-resnet-zeros,cifar10-unet-circular",
      },
      values: {
        type: "string",
        placeholder: "LIST",
        help: "Values of what is varied, such as 750,1500 or v,eps; default: the study's",
      },
      protocols: {
        type: "string",
        placeholder: "LIST",
        help: "Times of network and machine, such as cubic-8,uniform-20; default: the study's",
      },
      dryRun: { type: "boolean", help: "Print the plan with an estimate of the time and stop" },
      writeOnly: {
        type: "boolean",
        help: "Write the document from what is done, and do nothing else",
      },
    }),
    ...placeFlags,
    steps: {
      type: "integer",
      group: "Training",
      min: 1,
      help: "Training steps of each network; default: 1,500, without classes 1,000",
    },
    ...grouped("Machine", {
      machineImages: {
        type: "integer",
        min: 1,
        help: "Images of the machines; default: at most 2,000, without classes 1,000",
      },
      calibrationImages: {
        type: "integer",
        min: 1,
        help: "Images to calibrate with; default: 1,000, without classes 500",
      },
      calibrationSamples: {
        type: "integer",
        min: 1,
        help: "Trajectories to calibrate on; default: 4",
      },
    }),
    ...grouped("Sampling", {
      samples: { type: "integer", min: 1, help: "Samples that are compared; default: 20" },
    }),
    ...machineFlags,
    ...grouped("Output", {
      out: {
        type: "string",
        default: "docs/studies.md",
        placeholder: "FILE",
        path: "write a file",
        help: "The document; its figures and tables lie beside it",
      },
    }),
    runs: runsFlag,
  },
  examples: [
    "study objective --dry-run",
    "study steps --rows cifar10-resnet-zeros --values 750,1500 --protocols cubic-8",
    "study sampler --steps 500 --samples 8 --runs runs/quick --out runs/quick.md",
  ],
  result: {
    "finished": "whether all that was asked for is done; false after Ctrl-C",
    "files.document": "the document",
    "plan": "with --dry-run: experiment, value, and seconds left of its training and its protocols",
  },
}, async ({ flags, positionals: [name], abort, progress, print }) => {
  const ledger = new StudyLedger({ runs: flags.runs });
  const parts = new Parts(progress);
  const write = () => writeStudies(flags.out, { ledger, onDamage: parts.onDamage });
  if (flags.writeOnly) {
    await write();
    return documentResult(flags.out, { aborted: false, print });
  }
  const study = studies.find((each) => each.name === name);
  if (study === undefined) {
    throw new UsageError(`study needs a NAME, one of ${studyNames.join(", ")}`);
  }
  const rows = chosen(experiments, { names: flags.rows, flag: "rows" });
  const values = valuesOf(study, flags.values);
  const protocols = protocolsOf(study, flags.protocols);
  const { steps, machineImages, calibrationImages, calibrationSamples, samples } = flags;
  if (steps !== undefined && study.name === "steps") {
    throw new UsageError("--steps would leave nothing to vary; name the steps with --values");
  }
  const backend = await startBackend(flags.backend);
  const posterior = await createPosterior(flags, backend);
  await using _ = { [Symbol.asyncDispose]: () => posterior.dispose() };
  progress.note(devicesLine(backend, posterior));
  const context: StudyContext = {
    ...{ backend, posterior, abort, progress },
    runs: flags.runs,
    from: placesOf(flags),
    workers: flags.workers,
    given: { steps, machineImages, calibrationImages, calibrationSamples, samples },
  };
  if (flags.dryRun) {
    const what = { experiments: rows, values, protocols, ledger, context };
    const { text, plan } = await planStudy(study, what);
    print(text);
    return { finished: false, plan };
  }
  for (const experiment of rows) {
    const work = { study, experiment };
    const network = (value: string) => ({ study: study.name, experiment: experiment.name, value });
    const go = () => !abort.aborted && !parts.missing.has(experiment.name);
    const part = async (cell: StudyCell) => {
      const { value, protocol } = cell;
      progress.note(`\n${experiment.name}, ${study.name} ${value}, ${protocol.name}`);
      const plan = partPlan(work, cell, context);
      if (await ledger.part(network(value), { protocol: protocol.name, plan })) return;
      const record = await runPart(work, cell, context);
      if (record) await ledger.keepPart(record);
      await write();
    };
    const errors = async (value: string) => {
      if (await ledger.errors(network(value), { plan: errorsPlan(work, { value }, context) })) {
        return;
      }
      const record = await runErrors(work, { value }, context);
      if (record) await ledger.keepErrors(record);
    };
    // The fewest steps first: every value has something to show early.
    for (const protocol of protocols.toSorted((a, b) => a.steps - b.steps)) {
      for (const value of values) {
        if (go()) await parts.attempt(experiment.name, () => part({ value, protocol }));
        if (go() && study.errors) await parts.attempt(experiment.name, () => errors(value));
      }
    }
  }
  await write();
  return documentResult(flags.out, { aborted: abort.aborted, print });
});

if (import.meta.main) await runVerb(verb);
