/**
 * One part of a row on a GPU box, as a process that run.ts can end: the training, or calibration and
 * evaluation by one protocol, as `deno task reproduce` does them.
 *
 * @module
 */
import { startBackend } from "../../../src/networks/backend.ts";
import { CommandError, defineVerb, runVerb } from "../../cli/command.ts";
import { createPosterior, devicesLine } from "../../pipelines/posterior.ts";
import { experiments } from "../../reproduce/experiments.ts";
import { Ledger } from "../../reproduce/ledger.ts";
import {
  type ReproductionContext,
  runExperiment,
  trainExperiment,
} from "../../reproduce/run_experiment.ts";
import { gpuProfile, type GpuProfileOptions } from "./gpu_profile.ts";

/** This command. */
export const verb = defineVerb({
  name: "gpu-experiment",
  description: "Trains the network of a row, or calibrates and evaluates its machines.",
  positionals: [
    {
      name: "ROW",
      help: "Row of the published table",
      choices: experiments.map(({ name }) => name),
    },
    { name: "PART", help: "train, or the name of a protocol, such as cubic-8" },
  ],
  flags: {
    profile: { type: "string", required: true, help: "Options of the profile, as JSON" },
    runs: { type: "string", required: true, placeholder: "FOLDER", help: "Folder of the runs" },
    weights: { type: "string", placeholder: "FILE", help: "The network, for a protocol" },
    from: { type: "string", placeholder: "PATH", help: "File or folder that holds the data set" },
  },
}, async ({ flags, positionals: [name, part], abort, progress }) => {
  const experiment = experiments.find((each) => each.name === name)!;
  const profile = gpuProfile(JSON.parse(flags.profile) as GpuProfileOptions);
  const protocol = profile.protocols.find((each) => each.name === part);
  if (part !== "train" && (protocol === undefined || flags.weights === undefined)) {
    throw new CommandError(
      `PART is ${part}, expected train or, with --weights, one of ` +
        profile.protocols.map((each) => each.name).join(", "),
    );
  }
  const backend = await startBackend("webgpu");
  const posterior = await createPosterior({ posterior: "webgpu" }, backend);
  await using _ = { [Symbol.asyncDispose]: () => posterior.dispose() };
  progress.note(devicesLine(backend, posterior));
  const context: ReproductionContext = {
    profile,
    runs: flags.runs,
    weights: flags.weights === undefined ? {} : { [experiment.name]: flags.weights },
    from: { [experiment.dataset]: flags.from },
    workers: undefined,
    ...{ backend, posterior, abort, progress },
  };
  if (protocol === undefined) {
    const { path, step, steps } = await trainExperiment(experiment, context);
    console.log(`${path}: ${step} of ${steps} steps`);
    return;
  }
  const record = await runExperiment(experiment, protocol, context);
  if (record === undefined) return;
  await new Ledger({ runs: flags.runs, profile: profile.name }).keepExperiment(record);
  console.log(`${record.run}: ${record.medians.length} medians`);
});

if (import.meta.main) await runVerb(verb);
