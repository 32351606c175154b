/** `deno task receptive-field`: how far a network looks at each time, from its Jacobian. @module */
import { DataFormatError } from "../src/core/errors.ts";
import { scaleCurveOf } from "../src/figures/scale_curve.ts";
import {
  receptiveFieldMapsExplained,
  receptiveFieldMapsSvg,
} from "../src/figures/receptive_field_maps.ts";
import {
  receptiveFieldPlotExplained,
  receptiveFieldPlotSvg,
} from "../src/figures/receptive_field_plot.ts";
import { writeJsonText } from "../src/formats/json_text.ts";
import {
  effectiveField,
  fieldShares,
  type ReceptiveField,
  receptiveFieldCsv,
} from "../src/networks/analysis/field_profile.ts";
import { measureAlongTrajectories } from "../src/networks/analysis/field_along_trajectories.ts";
import { isObject, readJsonFile } from "../src/runs/json_file.ts";
import { createProvenance } from "../src/runs/provenance.ts";
import type { Run } from "../src/runs/run_folder.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped } from "./cli/flags.ts";
import { finishRun, runResultFields } from "./cli/run_result.ts";
import { pictureWriter } from "./cli/pictures.ts";
import { textTable } from "./cli/table.ts";
import {
  machineFlags,
  networkFlags,
  outFlags,
  sampleFlags,
  scheduleFlag,
} from "./pipelines/flags.ts";
import { loadSchedules } from "./pipelines/schedules.ts";
import { openNetworkSession } from "./pipelines/session.ts";
import { loadNetwork, protocolFor } from "./pipelines/sources.ts";

const files = {
  json: "receptive_field.json",
  csv: "receptive_field.csv",
  maps: "receptive_field_maps",
  plot: "receptive_field",
} as const;

/** A field as it is kept: JSON has no infinity. */
type StoredField = Omit<ReceptiveField, "computed"> & { readonly computed: number | null };

/** The field that a run has kept. */
async function storedField(run: Run): Promise<StoredField> {
  const path = run.file(files.json);
  const value = await readJsonFile(path);
  const { format, version, times, radius } = isObject(value) ? value : {};
  if (
    format !== "els-receptive-field" || version !== 1 || !Array.isArray(times) ||
    typeof radius !== "number" || !times.every((time) => isObject(time) && Array.isArray(time.map))
  ) throw new DataFormatError(path, "missing, or not a receptive field");
  return value as unknown as StoredField;
}

/** The field of a finished run; undefined if it is damaged, and then the run is not finished. */
async function readField(
  run: Run,
  tell: (problem: string) => void,
): Promise<StoredField | undefined> {
  try {
    return await storedField(run);
  } catch (error) {
    if (!(error instanceof DataFormatError)) throw error;
    tell(`${error.message}; it is measured again`);
    run.reopen();
    return undefined;
  }
}

/** This command. */
export const verb = defineVerb({
  name: "receptive-field",
  description:
    "Measures how far a network looks: the mean absolute gradient of an output pixel by the noisy " +
    "pixels around it, at each time of the network's own reverse trajectories, beside the width that the " +
    "architecture allows.",
  flags: {
    ...networkFlags,
    ...grouped("What to do", {
      of: {
        type: "choice",
        choices: ["x0", "eps"],
        default: "x0",
        help: "What is differentiated: the clean image that the network expects, or the noise",
      },
      pixels: { type: "integer", min: 1, default: 16, help: "Output pixels of each image" },
      radius: {
        type: "integer",
        min: 0,
        help:
          "Farthest offset; default: one more than the architecture allows, if the image has room",
      },
      schedule: {
        ...scheduleFlag,
        help: `${scheduleFlag.help}, to draw beside it; several with commas`,
      },
    }),
    ...grouped("Sampling", {
      steps: { type: "integer", min: 1, max: 1000, default: 10, help: "Times, t = i/n" },
      samples: { type: "integer", min: 1, default: 4, help: "Trajectories" },
    }),
    seed: sampleFlags.seed,
    labels: sampleFlags.labels,
    backend: machineFlags.backend,
    ...outFlags,
  },
  examples: [
    "receptive-field",
    "receptive-field --run latest --schedule latest",
  ],
  result: {
    ...runResultFields,
    "files.maps": "mean absolute gradients at each time, as a picture",
    "files.profile": "their profiles, as a picture",
    "files.field": "all numbers (receptive_field.json)",
    "files.table": "the profiles as a table (CSV)",
    "numbers.allowed": "width that the architecture allows in pixels; null: the whole image",
    "numbers.measured": "widest square that holds 99 % of the gradient at any time",
    "times": "t, sigma, and widths of the squares that hold 50, 90, 99 and 100 % of the gradient",
  },
}, async (context) => {
  const { flags, print } = context;
  const network = await loadNetwork(flags.run, flags);
  const schedules = flags.schedule === undefined ? [] : await loadSchedules(flags.schedule, flags);
  const { of, pixels, radius } = flags;
  const [height, width] = network.network.architecture.imageShape;
  const widest = (Math.min(height, width) - 1) >> 1;
  if (radius !== undefined && radius > widest) {
    throw new CommandError(
      `--radius is ${radius}, expected 0 to ${widest} for images of ${height} x ${width}`,
    );
  }
  const protocol = protocolFor(network, { ...flags, sampler: "ddim", grid: "uniform" });
  const { steps, samples, seed, labels } = protocol;
  const plan = { of, steps, samples, pixels, radius: radius ?? null, seed, labels: labels ?? null };
  await using session = await openNetworkSession(context, {
    network,
    command: "field",
    label: network.label,
    identity: ({ backend }) => ({
      ...plan,
      network: network.sha256,
      backend: backend.name,
      scales: schedules.map(({ schedule: { machine, steps } }) => [
        machine,
        steps.map(({ patchSize }) => patchSize),
      ]),
    }),
  });
  const { run, backend, abort, progress } = session;
  let stored = run.finished && await readField(run, (text) => progress.note(text));
  if (!stored) {
    const bar = progress.start({ label: "gradients", total: steps * samples * pixels });
    const field = await measureAlongTrajectories(network, {
      protocol,
      of,
      pixels,
      ...radius !== undefined && { radius },
      abort,
      onProgress: (done) => bar.update(done),
    });
    bar.finish();
    const pictures = await pictureWriter(run);
    const title = `Receptive field of ${network.label}`;
    await pictures.figure(
      files.maps,
      receptiveFieldMapsSvg(field, { title, note: receptiveFieldMapsExplained }),
    );
    await pictures.figure(
      files.plot,
      await receptiveFieldPlotSvg(field, {
        title,
        note: receptiveFieldPlotExplained,
        scales: schedules.map(({ schedule }) =>
          scaleCurveOf(schedule, `${schedule.machine} scale`)
        ),
      }),
    );
    await run.write(files.csv, receptiveFieldCsv(field));
    await run.write(
      files.json,
      writeJsonText({
        format: "els-receptive-field",
        version: 1,
        of: field.of,
        // JSON has no infinity: with attention there is no such width.
        computed: Number.isFinite(field.computed) ? field.computed : null,
        radius: field.radius,
        gradients: field.gradients,
        times: field.times,
        provenance: createProvenance({
          networkBackend: backend.name + (backend.adapter ? ` (${backend.adapter})` : ""),
          seed,
          network: {
            name: network.label,
            sha256: network.sha256,
            architecture: { ...network.network.architecture },
          },
          config: plan,
        }),
      }),
    );
    stored = await storedField(run);
  }
  const times = stored.times.map((field) => ({
    t: field.t,
    sigma: field.sigma,
    widths: [...fieldShares, 1].map((share) =>
      effectiveField(field, { radius: stored.radius, share }) ?? null
    ),
  }));
  const widest99 = times.map(({ widths }) => widths[fieldShares.indexOf(0.99)] ?? null);
  const result = await finishRun(run, {
    files: {
      maps: `${files.maps}.png`,
      profile: `${files.plot}.png`,
      field: files.json,
      table: files.csv,
    },
    numbers: {
      allowed: stored.computed,
      measured: widest99.includes(null) ? null : Math.max(...widest99.map(Number)),
    },
  });
  print(textTable({
    header: ["t", "sigma", ...fieldShares.map((share) => `k of ${100 * share} %`), "k of all"],
    rows: times.map(({ t, sigma, widths }) => [
      Number(t.toFixed(3)),
      Number(sigma.toPrecision(3)),
      ...widths,
    ]),
  }));
  print(
    `\nWidths of the squares that hold so much of the absolute gradient; the architecture allows ${
      stored.computed ?? "the whole image"
    }, measured up to ${2 * stored.radius + 1}.\n`,
  );
  print(`Maps:    ${run.file(`${files.maps}.png`)}`);
  print(`Profile: ${run.file(`${files.plot}.png`)}`);
  print(`Numbers: ${run.file(files.json)}`);
  return { ...result, times };
});

if (import.meta.main) await runVerb(verb);
