/** `deno task calibrate`: finds the locality scale of each step, against a trained network. @module */
import { similarityNames } from "../src/calibration/similarity.ts";
import { checkOptions } from "../src/calibration/checks.ts";
import { calibrationQueries } from "../src/calibration/held_out_queries.ts";
import { scaleSearches } from "../src/calibration/scale_search.ts";
import { mostSamples } from "../src/calibration/settled.ts";
import { agreementNames } from "../src/evaluation/agreement.ts";
import { scaleAggregates } from "../src/calibration/choose_scale.ts";
import { candidateScales } from "../src/machines/create_machine.ts";
import { candidateWidths } from "../src/machines/windows.ts";
import { windowNames } from "../src/machines/machine_window.ts";
import {
  isPatchMachine,
  machineDefinition,
  machineForPadding,
  machineHasScale,
  machineNames,
  parseMachineName,
} from "../src/machines/machine_table.ts";
import { checkCandidates } from "../src/networks/analysis/candidate_check.ts";
import { samplerNames, samplers } from "../src/samplers/samplers.ts";
import { fitProtocol, sampleLabels } from "../src/samplers/sampling_protocol.ts";
import { scheduleNames } from "../src/schedules/create_schedule.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import {
  calibrationIdentity,
  calibrationOutcome,
  type CalibrationPlan,
  runCalibration,
  scalesLine,
  scalesName,
  timesText,
} from "./pipelines/calibration.ts";
import { calibrationFiles } from "./pipelines/calibration_files.ts";
import { calibrateShare } from "./pipelines/calibration_work.ts";
import { shardFlags } from "./pipelines/shard_flag.ts";
import { isSplit } from "./pipelines/share.ts";
import {
  gridFlag,
  imageFlags,
  machineFlags,
  networkFlags,
  outFlags,
  sampleFlags,
} from "./pipelines/flags.ts";
import { parametersFlag, requestedParameters } from "./pipelines/machine_parameters.ts";
import { tellSamplingMemory } from "./pipelines/memory.ts";
import { heldOutPlan, queriesText } from "./pipelines/calibration_queries.ts";
import { calibrationSubject, subjectHeldOut } from "./pipelines/calibration_subject.ts";
import { readingWith } from "./pipelines/reading.ts";
import {
  type MachineSession,
  openMachineSession,
  openSession,
  type Session,
} from "./pipelines/session.ts";

/** This command. */
export const verb = defineVerb({
  name: "calibrate",
  description:
    "Follows the network's reverse trajectories and compares its prediction at each step " +
    "with the machine's at every scale; the best scales are the schedule. Run again, it goes on " +
    "where it stopped.",
  flags: {
    ...networkFlags,
    ...grouped("Machine", {
      machine: {
        type: "string",
        placeholder: "NAME",
        help: `One of ${
          machineNames.filter((name) => machineHasScale(name)).join(", ")
        }; default: bbELS for zero padding, ELS for circular`,
      },
      parameters: parametersFlag,
    }),
    ...grouped("What to do", {
      on: {
        type: "choice",
        choices: calibrationQueries,
        default: "trajectory",
        help: "What is asked: the network's x along its trajectory, held-out images with noise " +
          "(noised), or these against the clean images, without any network (clean)",
      },
      heldOutFrom: {
        type: "string",
        placeholder: "PATH",
        path: "read",
        help: "File or folder that holds the data set's test part, where it is elsewhere",
      },
      noiseSchedule: {
        type: "choice",
        choices: scheduleNames,
        help: "Forward process, with --on clean, --dataset and no --run; default: cosine_legacy",
      },
    }),
    ...grouped("Scales", {
      window: {
        type: "choice",
        choices: windowNames,
        help:
          "What counts around a pixel, and how much: its scale is then a width, not a size k. " +
          "gradient: the network's own profile at each time",
      },
      scales: {
        type: "integers",
        odd: true,
        min: 1,
        placeholder: "3..17",
        help:
          "Candidate scales; default: 3 up to the receptive field; of a window widths from 2, " +
          "each 9 % larger",
      },
      search: {
        type: "choice",
        choices: scaleSearches,
        help:
          "neighbors: only scales around the last step's best, outwards until they get worse; " +
          "line: so, coarsely first; default: full, of a window with a number of --images line",
      },
      metric: {
        type: "choice",
        choices: similarityNames,
        default: "cosine",
        help: "How predictions are compared",
      },
      aggregate: {
        type: "choice",
        choices: scaleAggregates,
        default: "median",
        help: "How samples are combined",
      },
      perClass: {
        type: "boolean",
        help: "Also scales of each class, by its own share of --samples, for networks with classes",
      },
      refine: {
        type: "choice",
        choices: ["none", ...agreementNames],
        default: "none",
        help: "Then move scales by the final images' agreement with the network's, measured so",
      },
      refineSamples: { type: "integer", min: 1, default: 8, help: "Trajectories to refine on" },
      refinePasses: { type: "integer", min: 1, default: 2, help: "Sweeps over the steps at most" },
    }),
    ...grouped("Sampling", {
      steps: { type: "integer", min: 1, max: 1000, default: 20, help: "Steps of the trajectory" },
      grid: { ...gridFlag, default: "uniform" },
      samples: {
        type: "integer",
        min: 1,
        or: "auto",
        default: "auto",
        help: `Trajectories; auto: until each step's scale is settled, ${mostSamples} at most`,
      },
    }),
    ...sampleFlags,
    sampler: {
      ...sampleFlags.sampler,
      choices: samplerNames.filter((name) => !samplers[name].offGrid),
    },
    ...imageFlags,
    images: {
      ...imageFlags.images,
      or: "auto",
      default: "auto",
      help: "First so many images; auto: of all that the network has, as many as settle the choice",
    },
    ...machineFlags,
    ...shardFlags,
    ...outFlags,
  },
  examples: [
    "calibrate",
    "calibrate --samples 3 --images 1000",
    "calibrate --run latest --machine bbels --scales 3..13",
    "calibrate --grid cubic --steps 8 --refine r^2 --images 1000",
    "calibrate --window super --grid cubic --steps 8 --images 1000",
    "calibrate --on noised --grid cubic --steps 8 --images 1000",
    "calibrate --samples 20 --images 1000 --shard 1/4",
    "calibrate --on clean --dataset mnist --machine ls --grid cubic --steps 8 --images 1000",
  ],
  result: {
    ...runResultFields,
    "files.schedule": "the schedule of scales (scale_schedule.json)",
    "files.picture": "the scales over time, as a picture",
    "files.scales": "the schedule as a table (CSV)",
    "files.similarities": "similarities of all candidates at all steps (CSV)",
    "numbers.machine": "the machine",
    "numbers.window": "the window whose widths the scales are; null for sizes k of the box",
    "numbers.scales": "the scale of each step, from the lowest noise to the highest",
    "numbers.samples": "trajectories that they were found on",
    "numbers.images": "training images behind the scale of each step",
    "numbers.low": "least scale that 95 % of bootstrap resamples of the samples choose",
    "numbers.high": "largest of these scales",
    "numbers.certainty": "share of bootstrap resamples of the samples that choose the same scale",
  },
}, async (context) => {
  const { flags, print, progress } = context;
  const named = flags.machine === undefined ? undefined : parseMachineName(flags.machine);
  if (isSplit(context) && (flags.samples === "auto" || flags.images === "auto")) {
    throw new CommandError(
      "A calibration in shards needs numbers of --samples and --images: how many settle the choice only " +
        "all of them together tell; give such as --samples 20 --images 1000",
    );
  }
  const reading = readingWith(context);
  const { images, ...sessionFlags } = flags;
  const some = images === "auto" ? {} : { images };
  const subject = await calibrationSubject({ ...sessionFlags, ...some }, {
    machine: named,
    reading,
  });
  const { network, padding, imageShape, classes, receptiveField, schedule: process } = subject;
  const machine = named ?? machineForPadding(padding);
  if (!machineHasScale(machine)) {
    throw new CommandError(
      `--machine is ${machine}, which has no scale to calibrate; choose ${
        machineNames.filter((name) => machineHasScale(name)).join(", ")
      }`,
    );
  }
  const { window } = flags;
  if (window === "gradient" && network === undefined) {
    throw new CommandError("--window gradient is a network's profile; name one with --run");
  }
  if (window !== undefined && !isPatchMachine(machineDefinition(machine))) {
    throw new CommandError(
      `--window is ${window}, and ${machine} compares other pixels than those of a window; choose ${
        machineNames.filter((name) =>
          machineHasScale(name) && isPatchMachine(machineDefinition(name))
        ).join(", ")
      }`,
    );
  }
  const candidates = flags.scales ??
    (window === undefined
      ? candidateScales(machine, { imageShape, receptiveField })
      : candidateWidths({ imageShape, receptiveField }));
  const most = flags.samples === "auto" ? mostSamples : flags.samples;
  checkOptions({ candidates, samples: most, batch: 1, widths: window !== undefined });
  const search = flags.search ?? (window === undefined || images === "auto" ? "full" : "line");
  if (images === "auto" && search !== "full") {
    throw new CommandError(
      `--search ${search} needs a number of --images: auto begins with all scales`,
    );
  }
  if (flags.perClass && (classes === 0 || flags.samples === "auto" || flags.refine !== "none")) {
    throw new CommandError(
      classes === 0
        ? `--per-class needs a network with classes; ${subject.label} has none`
        : `--per-class needs a number of --samples, and no --refine`,
    );
  }
  const parameters = requestedParameters(flags.parameters, [machine]);
  const protocol = fitProtocol({
    ...{ sampler: flags.sampler, grid: flags.grid, steps: flags.steps, seed: flags.seed },
    ...{ samples: most, labels: flags.on === "trajectory" ? flags.labels : undefined },
  }, { schedule: process, classes });
  if (flags.on === "clean" && flags.refine !== "none" && network === undefined) {
    throw new CommandError("--refine needs final images of a network; name one with --run");
  }
  const heldOut = flags.on === "trajectory" ? undefined : heldOutPlan(
    await subjectHeldOut(subject, { ...sessionFlags, ...some, ...reading }),
    { kind: flags.on, samples: most, seed: flags.seed, classes, labels: flags.labels },
  );
  reading.finish();
  const plan: CalibrationPlan = {
    machine,
    ...parameters && { parameters },
    ...window && { window },
    candidates,
    search,
    ...protocol,
    samples: flags.samples,
    ...heldOut && { heldOut },
    ...images === "auto" && { images },
    metric: flags.metric,
    aggregate: flags.aggregate,
    ...flags.perClass && { perClass: true },
    refine: flags.refine === "none" ? undefined : {
      measure: flags.refine,
      samples: flags.refineSamples,
      passes: flags.refinePasses,
      labels: sampleLabels({ classes, samples: flags.refineSamples, labels: flags.labels }),
    },
  };
  const work = { ...context, flags: { ...sessionFlags, ...some } };
  const request = {
    ...{ command: "calibrate", label: `${subject.label}-${machine}`, samples: most },
  };
  await using session: MachineSession & Partial<Session> & AsyncDisposable = network
    ? await openSession(work, {
      ...{ ...request, network },
      identity: (parts) => calibrationIdentity(plan, parts),
    })
    : await openMachineSession(work, {
      ...{ ...request, data: subject.data! },
      identity: (parts) => ({
        ...calibrationIdentity(plan, parts),
        process: { name: process.name, parameters: process.parameters },
      }),
    });
  const { run, abort, share } = session;
  if (share.role === "shard") {
    return share.done
      ? await share.result()
      : await calibrateShare(plan, session, { share, subject });
  }
  const { seed, labels } = plan;
  if (network) {
    await tellSamplingMemory({ ...session, network }, {
      ...{ samples: Math.min(most, 16), patchSizes: candidates, workers: flags.workers },
    });
  }
  const field = run.finished || !network
    ? undefined
    : await checkCandidates(network, { candidates, seed, labels, abort });
  if (field?.warning !== undefined) {
    // What the network hardly looks at is worth a note only.
    const far = field.receptiveFieldMeasured! > candidates.at(-1)!;
    progress.note(`${far ? "Warning" : "Note"}: ${field.warning}`);
  }
  const schedule = await runCalibration(plan, session, { remarks: field, subject, share });
  const files = calibrationFiles("");
  const result = await finishRun(run, calibrationOutcome(schedule, plan));
  print(
    `${scalesName(schedule)}${queriesText(heldOut)}, ${timesText(schedule)}: ${
      scalesLine(schedule)
    }`,
  );
  print(`Schedule: ${run.file(files.schedule)}`);
  print(`Picture:  ${run.file(`${files.picture}.png`)}`);
  return result;
});

if (import.meta.main) await runVerb(verb);
