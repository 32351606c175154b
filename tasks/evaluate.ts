/** `deno task evaluate`: how well the machines predict a network, in numbers and pictures. @module */
import { machineNames, parseMachineName } from "../src/machines/machine_table.ts";
import { scheduledMachines } from "../src/evaluation/scheduled_machines.ts";
import { samplers } from "../src/samplers/samplers.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import {
  evaluationFields,
  evaluationIdentity,
  evaluationOutcome,
  evaluationTensors,
  runEvaluation,
} from "./pipelines/evaluation.ts";
import { evaluationFiles } from "./pipelines/evaluation_export.ts";
import {
  gridFlag,
  imageFlags,
  machineFlags,
  networkFlags,
  outFlags,
  sampleFlags,
  scalesFlag,
  scheduleFlag,
} from "./pipelines/flags.ts";
import { checkSchedules, chosenLine, requestedSchedules, timesFor } from "./pipelines/schedules.ts";
import {
  completeParameters,
  parametersFlag,
  requestedParameters,
  tellMachineMemory,
} from "./pipelines/machine_parameters.ts";
import { tellSamplingMemory } from "./pipelines/memory.ts";
import { openSession } from "./pipelines/session.ts";
import { shardFlags } from "./pipelines/shard_flag.ts";
import { sharedProtocol } from "./pipelines/share.ts";
import { loadNetwork, protocolFor } from "./pipelines/sources.ts";

/** This command. */
export const verb = defineVerb({
  name: "evaluate",
  description:
    "Sends the same noise through the network and through each machine, and measures how " +
    "well their images agree: r, r^2 and R^2 per sample, medians with intervals, pictures and a " +
    "page. Run again, it goes on where it stopped.",
  flags: {
    ...networkFlags,
    ...grouped("Machine", {
      schedule: {
        ...scheduleFlag,
        help:
          `${scheduleFlag.help}; several, one per machine, with commas; default: the zoo's, else the newest of the network`,
      },
      scales: scalesFlag,
      machines: {
        type: "string",
        placeholder: "NAMES",
        help: `Machines, with commas, of ${
          machineNames.join(", ")
        }; default: the schedule's, LS and IS`,
      },
      parameters: parametersFlag,
    }),
    ...grouped("Sampling", {
      samples: { type: "integer", min: 1, default: 20, help: "Samples" },
      steps: { type: "integer", min: 1, help: "Machines' steps; default: the schedule's, else 20" },
      grid: { ...gridFlag, help: `${gridFlag.help}; default: the schedule's` },
      networkSteps: { type: "integer", min: 1, help: "Network's steps; default: as the machines" },
    }),
    ...sampleFlags,
    seed: { ...sampleFlags.seed, default: 2, help: "Seed of the noise, not that of calibration" },
    ...imageFlags,
    ...machineFlags,
    ...shardFlags,
    ...outFlags,
  },
  examples: [
    "evaluate --run latest --schedule latest",
    "evaluate --schedule a/scale_schedule.json --machines bbels,is --samples 100",
    "evaluate --machines is,es --grid cubic --steps 8",
    "evaluate --machines bbels,ls,wiener",
    "evaluate --run model.pt --dataset mnist --scales scales.pt",
  ],
  result: {
    ...runResultFields,
    ...evaluationFields,
  },
}, async (context) => {
  const { flags, print, progress } = context;
  const network = await loadNetwork(flags.run, flags);
  const loaded = await requestedSchedules(flags, network);
  const schedules = loaded.map(({ schedule }) => schedule);
  const names = flags.machines === undefined
    ? [
      ...new Set([
        ...schedules.map(({ machine }) => parseMachineName(machine)),
        "LS" as const,
        "IS" as const,
      ]),
    ]
    : [...new Set(flags.machines.split(",").map(parseMachineName))];
  const parameters = requestedParameters(flags.parameters, names);
  const protocol = protocolFor(network, { ...flags, ...timesFor(loaded, flags) });
  const chosen = chosenLine(loaded, flags);
  if (chosen !== undefined) progress.note(chosen);
  checkSchedules(loaded, network, protocol);
  await using session = await openSession(context, {
    network,
    command: "evaluate",
    label: network.label,
    samples: protocol.samples,
    identity: (parts) =>
      evaluationIdentity(protocol, { machines: names, schedules, parameters }, parts),
  });
  const { run, share } = session;
  if (share.role === "shard" && share.done) return await share.result();
  const { schedule } = network;
  const { sampler, samples } = sharedProtocol(protocol, share);
  await tellSamplingMemory(session, {
    samples: Math.min(samples, 16),
    predictions: samples * (protocol.networkSteps ?? protocol.steps) *
      (samplers[sampler].predictions ?? 1),
    patchSizes: schedules.flatMap(({ steps }) => Math.max(...steps.map((step) => step.patchSize))),
    workers: flags.workers,
  });
  tellMachineMemory(names, session);
  const machines = scheduledMachines(names, {
    ...{ ...session, schedule, schedules, sampler },
    parameters: await completeParameters(parameters, { names, protocol, session }),
  });
  if (share.role === "shard") {
    return await share.finish({
      tensors: await evaluationTensors(protocol, session, { machines }),
    });
  }
  const { text, rows } = await runEvaluation(protocol, session, { machines, schedules });
  const outcome = evaluationOutcome(rows);
  const result = await finishRun(run, outcome);
  print(text);
  print(`Page:    ${run.file(evaluationFiles.report)}`);
  print(`Numbers: ${run.file(evaluationFiles.json)}`);
  return { ...result, medians: rows };
});

if (import.meta.main) await runVerb(verb);
