/** `deno task evaluate`: how well the machines predict a network, in numbers and pictures. @module */
import { parseMachineName } from "../src/machines/machine_table.ts";
import { scheduledMachines } from "../src/evaluation/scheduled_machines.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { evaluationIdentity, runEvaluation } from "./pipelines/evaluation.ts";
import { evaluationFiles } from "./pipelines/evaluation_export.ts";
import { gridFlag, imageFlags, machineFlags, outFlags, sampleFlags } from "./pipelines/flags.ts";
import { checkSchedules, requestedSchedules, timesFor } from "./pipelines/schedules.ts";
import { openSession } from "./pipelines/session.ts";
import { loadNetwork, protocolFor } from "./pipelines/sources.ts";

/** This command. */
export const verb = defineVerb({
  name: "evaluate",
  description:
    "Sends the same noise through the network and through each machine, and measures how " +
    "well their images agree: r, r^2 and R^2 per sample, medians with intervals, pictures and a " +
    "page. Run again, it goes on where it stopped.",
  flags: {
    schedule: {
      type: "string",
      placeholder: "PATH",
      help: "Calibration run or scale_schedule.json; several, one per machine, with commas",
    },
    scales: {
      type: "string",
      placeholder: "FILE",
      help: "Instead: a bare list (.pt, .npy, .csv, .json, or 3,3,5) whose index 0 is t = 1/n",
    },
    run: {
      type: "string",
      placeholder: "PATH",
      help: "Training run or weights file; default: the checkpoint that ships",
    },
    machines: {
      type: "string",
      placeholder: "NAMES",
      help: "Machines, with commas; default: the schedule's, LS and IS",
    },
    samples: { type: "integer", min: 1, default: 20, help: "Samples" },
    steps: { type: "integer", min: 1, help: "Machines' steps; default: the schedule's, else 20" },
    grid: { ...gridFlag, help: `${gridFlag.help}; default: the schedule's` },
    networkSteps: { type: "integer", min: 1, help: "Network's steps; default: as the machines" },
    ...sampleFlags,
    seed: { ...sampleFlags.seed, default: 2, help: "Seed of the noise, not that of calibration" },
    ...imageFlags,
    ...machineFlags,
    ...outFlags,
  },
  examples: [
    "deno task evaluate --schedule runs/00002-calibrate-mnist-small-bbels",
    "deno task evaluate --schedule a/scale_schedule.json --machines bbels,is --samples 100",
    "deno task evaluate --machines is,es --grid cubic --steps 8",
    "deno task evaluate --run model.pt --dataset mnist --scales scales.pt",
  ],
}, async (context) => {
  const { flags } = context;
  const network = await loadNetwork(flags.run);
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
  const protocol = protocolFor(network, { ...flags, ...timesFor(loaded, flags) });
  checkSchedules(loaded, network, protocol);
  await using session = await openSession(context, {
    network,
    command: "evaluate",
    label: network.label,
    identity: (parts) => evaluationIdentity(protocol, { machines: names, schedules }, parts),
  });
  const { run } = session;
  const { schedule } = network;
  const { sampler } = protocol;
  const machines = scheduledMachines(names, { ...session, schedule, schedules, sampler });
  const { text } = await runEvaluation(protocol, session, { machines, schedules });
  if (!run.finished) await run.finish({ report: evaluationFiles.report });
  console.log(text);
  console.log(`Page:    ${run.file(evaluationFiles.report)}`);
  console.log(`Numbers: ${run.file(evaluationFiles.json)}`);
});

if (import.meta.main) await runVerb(verb);
