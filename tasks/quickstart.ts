/** `deno task quickstart`: calibrates and evaluates the network that ships, on real MNIST. @module */
import { scheduledMachines } from "../src/evaluation/scheduled_machines.ts";
import { candidateScales } from "../src/machines/create_machine.ts";
import type { ReportFile } from "../src/figures/report_parts.ts";
import type { ScaleSchedule } from "../src/machines/scale_schedule.ts";
import { defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import { textTable } from "./cli/table.ts";
import { type CalibrationPlan, runCalibration } from "./pipelines/calibration.ts";
import { calibrationFiles } from "./pipelines/calibration_files.ts";
import { evaluationFields, evaluationOutcome, runEvaluation } from "./pipelines/evaluation.ts";
import { evaluationFiles } from "./pipelines/evaluation_export.ts";
import { followMosaic, type MosaicPlan } from "./pipelines/mosaic.ts";
import { exportMosaic, keptFiles } from "./pipelines/mosaic_export.ts";
import { loadHeldOut } from "./pipelines/mosaic_nearest.ts";
import { mosaicFiles } from "./pipelines/mosaic_page.ts";
import { examplePage, explorerPageFile } from "./pipelines/explorer_files.ts";
import { gridFlag, machineFlags, outFlags } from "./pipelines/flags.ts";
import { openSession } from "./pipelines/session.ts";
import { loadMachineImages, loadNetwork } from "./pipelines/sources.ts";

/** This command. */
export const verb = defineVerb({
  name: "quickstart",
  description: "Calibrates the boundary-broken ELS machine and the local one against the small " +
    "MNIST network that ships with the package, then shows how well they predict what it generates, and which digits made each pixel.",
  flags: {
    ...grouped("Data", {
      images: {
        type: "integer",
        min: 1,
        default: 5000,
        help: "MNIST digits for the machines, by default all that the network has seen",
      },
      calibrationImages: {
        type: "integer",
        min: 1,
        default: 500,
        help: "Digits to calibrate with, where every scale is tried",
      },
    }),
    ...grouped("Sampling", {
      calibrationSamples: {
        type: "integer",
        min: 1,
        default: 3,
        help: "Trajectories to calibrate on",
      },
      samples: { type: "integer", min: 1, default: 20, help: "Samples to evaluate" },
      mosaicSamples: {
        type: "integer",
        min: 0,
        default: 1,
        help: "Samples of which it is shown which digits made each pixel; 0: none",
      },
      steps: { type: "integer", min: 1, max: 1000, default: 6, help: "Reverse steps" },
      grid: { ...gridFlag, default: "cubic" },
    }),
    ...machineFlags,
    ...outFlags,
  },
  examples: ["quickstart", "quickstart --steps 20 --grid uniform --images 500"],
  result: {
    ...runResultFields,
    ...evaluationFields,
    "files.mosaic": "which digits made each pixel of a sample, on a page",
    "files.explore": "the explorable page of this network, as it ships",
    "files.sample NAME":
      "all steps of the sample of this number with the heaviest patches (safetensors)",
    "files.scales": "scales of bbELS over time, as a picture",
    "files.schedule": "the calibrated schedule of bbELS",
    "numbers.scales of NAME": "scales of bbELS and LS, from the lowest noise to the highest",
  },
}, async (context) => {
  const { flags, print, progress } = context;
  const { steps, grid } = flags;
  const network = await loadNetwork(undefined);
  const few = await loadMachineImages(network, {
    images: Math.min(flags.calibrationImages, flags.images),
  });
  const { receptiveField, architecture } = network.network;
  const { imageShape } = architecture;
  const candidates = candidateScales("bbELS", { imageShape, receptiveField });
  const protocol = { sampler: "ddim", grid, steps } as const;
  await using session = await openSession(context, {
    network,
    command: "quickstart",
    label: network.label,
    identity: ({ data, backend, posterior }) => ({
      network: network.sha256,
      datasetSha256: data.sha256,
      images: data.images.shape[0],
      calibrationImages: few.images.shape[0],
      calibrationSamples: flags.calibrationSamples,
      samples: flags.samples,
      mosaicSamples: flags.mosaicSamples,
      steps,
      grid,
      candidates,
      backend: backend.name,
      posterior: posterior.name,
    }),
  });
  const { data, run } = session;
  const { schedule } = network;
  progress.note(
    `Network: ${network.label}, receptive field ${receptiveField}; machines: ` +
      `${data.images.shape[0].toLocaleString("en")} digits`,
  );
  const schedules: ScaleSchedule[] = [];
  for (const machine of ["bbELS", "LS"] as const) {
    const plan: CalibrationPlan = {
      machine,
      candidates,
      ...protocol,
      samples: flags.calibrationSamples,
      seed: 1,
      metric: "cosine",
      aggregate: "median",
    };
    const prefix = `${machine}_`.toLowerCase();
    schedules.push(await runCalibration(plan, { ...session, data: few }, { prefix }));
  }
  // Other pages of this run, to which its report leads.
  const links: ReportFile[] = [];
  if (flags.mosaicSamples > 0) {
    links.push({
      href: mosaicFiles.report,
      label: "Where the pixels come from",
      note: "which training digits made each pixel, step by step",
    });
    if (!run.whole) {
      const plan: MosaicPlan = {
        protocol: { ...protocol, samples: flags.mosaicSamples, seed: 2 },
        machines: ["bbELS", "IS"],
        schedules,
        top: 4,
        finish: 3,
      };
      await followMosaic(plan, session);
      const heldOut = await loadHeldOut(
        { heldOutImages: 100 },
        session,
        (line) => progress.note(line),
      );
      const back = { href: evaluationFiles.report, label: "How well theory predicts the network" };
      await exportMosaic(plan, session, { choice: 3, heldOut, links: [back] });
    }
  }
  links.push({
    href: explorerPageFile,
    label: "The network's explorable page",
    note: "point at any pixel, at eight steps: patches, machines and network run in the page",
  });
  if (!run.whole) await run.write(explorerPageFile, await examplePage());
  const machines = scheduledMachines(["bbELS", "LS", "IS"], { ...session, schedule, schedules });
  const { text, rows } = await runEvaluation(
    { ...protocol, samples: flags.samples, seed: 2 },
    session,
    { machines, schedules, links },
  );
  const { files, numbers } = evaluationOutcome(rows);
  const { picture, schedule: bbels } = calibrationFiles("bbels_");
  const outcome = {
    files: {
      ...files,
      ...flags.mosaicSamples > 0 &&
        { mosaic: mosaicFiles.report, ...keptFiles(flags.mosaicSamples) },
      explore: explorerPageFile,
      scales: `${picture}.png`,
      schedule: bbels,
    },
    numbers: {
      ...numbers,
      ...Object.fromEntries(
        schedules.map(({ machine, steps }) =>
          [`scales of ${machine}`, steps.map(({ patchSize }) => patchSize)] as const
        ),
      ),
    },
  };
  const result = await finishRun(run, outcome);
  print(textTable({
    header: [
      "calibrated scale k at t =",
      ...schedules[0]!.steps.map(({ t }) => String(Number(t.toFixed(3)))),
    ],
    rows: schedules.map((
      { machine, steps },
    ) => [machine, ...steps.map((step) => step.patchSize)]),
  }));
  print(`\n${text}`);
  print(textTable({
    header: ["where to look", ""],
    rows: [
      ["everything on one page", run.file(evaluationFiles.report)],
      ...flags.mosaicSamples > 0
        ? [["which digits made each pixel", run.file(mosaicFiles.report)]]
        : [],
      ["a page to explore all that", run.file(explorerPageFile)],
      ["noise, theory, network", run.file(`${evaluationFiles.grid}.png`)],
      ["scales of bbELS over time", run.file(`${picture}.png`)],
      ["calibrated schedule", run.file(bbels)],
      ["numbers", run.file(evaluationFiles.json)],
    ],
  }));
  return { ...result, medians: rows };
});

if (import.meta.main) await runVerb(verb);
