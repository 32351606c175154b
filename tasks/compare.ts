/** `deno task compare`: every theory and a network on the same noise, in one table. @module */
import { sampleStatistics } from "../src/core/paired_bootstrap.ts";
import { scheduledMachines } from "../src/evaluation/scheduled_machines.ts";
import {
  machineForPadding,
  machineHasScale,
  type MachineName,
  machineNames,
  parseMachineName,
} from "../src/machines/machine_table.ts";
import { samplers } from "../src/samplers/samplers.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import { type ComparisonPlan, comparisonShard, runComparison } from "./pipelines/comparison.ts";
import { comparisonFiles, exportComparison } from "./pipelines/comparison_export.ts";
import {
  calibratedFile,
  calibrateMissing,
  fittedParameters,
  withoutSchedule,
} from "./pipelines/comparison_scales.ts";
import { comparisonText } from "./pipelines/comparison_tables.ts";
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
import {
  completeParameters,
  parametersFlag,
  requestedParameters,
  tellMachineMemory,
} from "./pipelines/machine_parameters.ts";
import { tellSamplingMemory } from "./pipelines/memory.ts";
import {
  checkSchedules,
  chosenLine,
  knownSchedules,
  requestedSchedules,
  timesFor,
} from "./pipelines/schedules.ts";
import { shardFlags } from "./pipelines/shard_flag.ts";
import { isSplit, sharedProtocol } from "./pipelines/share.ts";
import { scalesIdentity } from "./pipelines/scales_identity.ts";
import { openSession } from "./pipelines/session.ts";
import { loadNetwork, protocolFor, sourcesIdentity } from "./pipelines/sources.ts";

/** Machines that are compared without any being named: one of each idea. */
const usualMachines: readonly MachineName[] = [
  ...["LS", "IS", "Wiener", "Wiener_stationary", "PCA_locality", "PSPC_square"] as const,
];

/** How the protocols differ: what holds where a flag does not say otherwise. */
const protocols = {
  toolkit: { samples: 20, statistic: "median", clamp: false },
  public: { samples: 128, statistic: "mean", clamp: true, steps: 10, grid: "linear-beta" },
} as const;

/** This command. */
export const verb = defineVerb({
  name: "compare",
  description:
    "Sets machines beside a network on the same noise, each along its own trajectory and step by step at " +
    "the network's noisy image: r, r^2, R^2 and MSE with paired bootstrap intervals, at each step and in " +
    "all, with what each cost and how many numbers were fitted; tables, figures and a page. Machines " +
    "without a schedule of scales are calibrated first. Run again, it goes on where it stopped.",
  flags: {
    ...networkFlags,
    ...grouped("Machine", {
      machines: {
        type: "string",
        placeholder: "NAMES",
        help: `Machines, with commas, of ${
          machineNames.join(", ")
        }; default: bbELS (of circular networks ELS), ${usualMachines.join(", ")}`,
      },
      against: {
        type: "string",
        placeholder: "NAME",
        help: "The machine that the others are held against, sample by sample; default: the best",
      },
      schedule: {
        ...scheduleFlag,
        help:
          `${scheduleFlag.help}; several, one per machine, with commas; default: the zoo's and the newest of the network`,
      },
      scales: scalesFlag,
      parameters: parametersFlag,
      calibrationSamples: {
        type: "integer",
        min: 1,
        default: 3,
        help: "Trajectories on which machines without a schedule are calibrated",
      },
      calibrationImages: {
        type: "integer",
        min: 1,
        default: 1000,
        help: "Training images for that, of machines that cannot take as many as are needed",
      },
    }),
    ...grouped("What to do", {
      protocol: {
        type: "choice",
        choices: ["toolkit", "public"],
        default: "toolkit",
        help:
          "public: as public comparisons are made, 10 DDIM steps at the noise of 1000 linear betas, 128 " +
          "samples, means, images clamped to [0, 1]; other flags may say otherwise",
      },
      statistic: {
        type: "choice",
        choices: sampleStatistics,
        help: "What is taken over samples; default: median, in the public protocol mean",
      },
      clamp: {
        type: "boolean",
        open: true,
        help: "Measure images as shown, clamped to [0, 1]; default: only in the public protocol",
      },
    }),
    ...grouped("Sampling", {
      samples: {
        type: "integer",
        min: 1,
        help: "Samples; default: 20, in the public protocol 128",
      },
      steps: {
        type: "integer",
        min: 1,
        max: 1000,
        help: "Steps; default: the schedule's, else 20, in the public protocol 10",
      },
      grid: {
        ...gridFlag,
        help: `${gridFlag.help}; default: the schedule's, in the public protocol linear-beta`,
      },
      batch: { type: "integer", min: 1, default: 16, help: "Samples at a time" },
    }),
    ...sampleFlags,
    seed: { ...sampleFlags.seed, default: 2, help: "Seed of the noise, not that of calibration" },
    ...imageFlags,
    ...machineFlags,
    ...shardFlags,
    ...outFlags,
  },
  examples: [
    "compare",
    "compare --machines bbels,wiener,pca-locality --samples 50 --against wiener",
    "compare --run zoo:cifar10-resnet-zeros --protocol public --samples 32",
  ],
  result: {
    ...runResultFields,
    "files.report": "everything on one page",
    "files.samples": "network and machines side by side, as a picture",
    "files.steps": "what each expects of the network's noisy image, step by step, as a picture",
    "files.agreement": "r² with intervals, as a picture",
    "files.agreement by step": "r² at each step, as a picture",
    "files.error by step": "mean squared error at each step, as a picture",
    "files.comparison": "all numbers (comparison.json)",
    "files.table": "each machine, way, step and measure (CSV)",

    "numbers.r^2 of NAME": "r² of the final images of each machine; null where it is undefined",
    "numbers.best": "the best of them",
    "rows": "machine, way, step, t, measure, value, low, high, difference, wins, standing and more",
    "costs": "machine, milliseconds a query, microseconds a query and image, seconds of preparing",
  },
}, async (context) => {
  const { flags, print, progress } = context;
  const network = await loadNetwork(flags.run, flags);
  const { padding } = network.network.architecture;
  const names = flags.machines === undefined
    ? [machineForPadding(padding), ...usualMachines]
    : [...new Set(flags.machines.split(",").map(parseMachineName))];
  const against = flags.against === undefined ? undefined : parseMachineName(flags.against);
  if (against !== undefined && !names.includes(against)) {
    throw new CommandError(
      `--against ${against} is none of the machines, ${names.join(", ")}; add it to --machines`,
    );
  }
  const parameters = requestedParameters(flags.parameters, names);
  const preset = protocols[flags.protocol];
  const times = {
    steps: flags.steps ?? ("steps" in preset ? preset.steps : undefined),
    grid: flags.grid ?? ("grid" in preset ? preset.grid : undefined),
  };
  const statistic = flags.statistic ?? preset.statistic;
  const clamp = flags.clamp ?? preset.clamp;
  const told = flags.schedule !== undefined || flags.scales !== undefined;
  const loaded = told && names.some((name) => machineHasScale(name))
    ? await requestedSchedules({ ...flags, ...times, machines: names.join(",") }, network)
    : await knownSchedules(names, { ...flags, ...times }, network);
  const protocol = protocolFor(network, {
    ...flags,
    samples: flags.samples ?? preset.samples,
    ...timesFor(loaded, times),
  });
  const chosen = chosenLine(loaded, flags);
  if (chosen !== undefined) progress.note(chosen);
  checkSchedules(loaded, network, protocol);
  const known = loaded.map(({ schedule }) => schedule);
  // A bare list is for all machines that have a scale.
  const missing = flags.scales === undefined ? withoutSchedule(names, known) : [];
  if (missing.length > 0 && isSplit(context)) {
    // Each share would do the same work first.
    throw new CommandError(
      `There is no schedule of ${
        missing.join(", ")
      } at these times, and shares need one: make them with ` +
        "calibrate, and name them with --schedule, or leave these machines out with --machines",
    );
  }
  if (missing.length > 0) {
    progress.note(
      `No schedule of ${missing.join(", ")} at these times: calibrated first, on ` +
        `${flags.calibrationSamples} trajectories; name one with --schedule to do without`,
    );
  }
  const configuration = {
    ...protocol,
    labels: protocol.labels?.join(",") ?? "none",
    machines: names,
    ...parameters && { parameters: { ...parameters } },
    ...{ statistic, clamp, against: against ?? "best", batch: flags.batch },
    ...missing.length > 0 && {
      calibrated: missing,
      calibrationSamples: flags.calibrationSamples,
      calibrationImages: flags.calibrationImages,
    },
  };
  await using session = await openSession(context, {
    network,
    command: "compare",
    label: network.label,
    samples: protocol.samples,
    identity: (parts) => ({
      ...configuration,
      scales: known.map((each) => [each.machine, scalesIdentity(each)]),
      ...sourcesIdentity(network, parts.data),
      backend: parts.backend.name,
      posterior: parts.posterior.name,
    }),
  });
  const { run, share } = session;
  if (share.role === "shard" && share.done) return await share.result();
  const { schedule } = network;
  const { sampler, samples, steps } = sharedProtocol(protocol, share);
  await tellSamplingMemory(session, {
    samples: Math.min(samples, flags.batch),
    predictions: samples * steps * (samplers[sampler].predictions ?? 1),
    patchSizes: known.flatMap(({ steps }) => Math.max(...steps.map((step) => step.patchSize))),
    workers: flags.workers,
  });
  tellMachineMemory(names, session);
  const schedules = [
    ...known,
    ...await calibrateMissing({
      ...{ machines: missing, protocol, parameters, flags },
      samples: flags.calibrationSamples,
      images: flags.calibrationImages,
    }, session),
  ];
  const machines = scheduledMachines(names, {
    ...{ ...session, schedule, schedules, sampler },
    parameters: await completeParameters(parameters, { names, protocol, session }),
  });
  const plan: ComparisonPlan = {
    ...{ protocol, machines, clamp, statistic, against, batch: flags.batch },
  };
  if (share.role === "shard") return await share.finish(await comparisonShard(plan, session));
  const comparison = await runComparison(plan, session);
  const fitted = new Map(names.map((name) => [name as string, fittedParameters(name, schedules)]));
  const calibrated = missing.map(calibratedFile);
  if (!run.whole) {
    await exportComparison(
      comparison,
      { plan, schedules, calibrated, fitted, configuration },
      session,
    );
  }
  const { table, costs } = comparison;
  const final = table.rows.filter(({ way, step, measure }) =>
    way === "own" && step === null && measure === "r^2"
  );
  const result = await finishRun(run, {
    files: {
      report: comparisonFiles.report,
      samples: `${comparisonFiles.grid}.png`,
      steps: `${comparisonFiles.steps}.png`,
      agreement: `${comparisonFiles.final}.png`,
      "agreement by step": `${comparisonFiles.agreement}.png`,
      "error by step": `${comparisonFiles.errors}.png`,
      comparison: comparisonFiles.json,
      table: comparisonFiles.table,
    },
    numbers: {
      ...Object.fromEntries(
        final.map(({ machine, measure, value }) => [`${measure} of ${machine}`, value] as const),
      ),
      best: final.find(({ standing }) => standing === "best")?.machine ?? null,
    },
  });
  print(comparisonText(comparison, { network: network.label, fitted, clamp }));
  print("");
  print(`Page:    ${run.file(comparisonFiles.report)}`);
  print(`Numbers: ${run.file(comparisonFiles.json)}`);
  return { ...result, rows: table.rows, costs };
});

if (import.meta.main) await runVerb(verb);
