/** `deno task convert`: networks and scale schedules from and to the files of PyTorch and NumPy. @module */
import { extname } from "@std/path";
import { diffusersFiles } from "../src/networks/foreign/diffusers_export.ts";
import { writeOnnx } from "../src/networks/foreign/onnx/onnx.ts";
import { scaleAggregates } from "../src/calibration/choose_scale.ts";
import { scaleList, writeNpyList } from "../src/calibration/scale_list.ts";
import type { ScaleSchedule } from "../src/machines/scale_schedule.ts";
import { scaleScheduleCsv } from "../src/calibration/scale_schedule_csv.ts";
import { writeScaleSchedule } from "../src/calibration/scale_schedule_json.ts";
import { writeTorchList } from "../src/formats/torch_writer.ts";
import { machineForPadding, parseMachineName } from "../src/machines/machine_table.ts";
import { scaleIndexings } from "../src/calibration/import_scales.ts";
import { parameterCount } from "../src/networks/weights/parameters.ts";
import { type TrainedNetwork, writeWeights } from "../src/networks/weights/weights.ts";
import { writeTorchWeights } from "../src/networks/weights/write_torch_weights.ts";
import { timeGridNames } from "../src/samplers/time_grid.ts";
import type { NoiseSchedule } from "../src/schedules/noise_schedule.ts";
import { createSchedule, scheduleNames } from "../src/schedules/create_schedule.ts";
import { CommandError, defineVerb, runVerb } from "./cli/command.ts";
import { grouped, UsageError } from "./cli/flags.ts";
import { timesText } from "./pipelines/calibration.ts";
import { networkFlags } from "./pipelines/flags.ts";
import { formulationFlags, parseParameters } from "./pipelines/formulation_flags.ts";
import { readInputContent, scheduleOfList } from "./pipelines/interchange.ts";
import { loadNetwork } from "./pipelines/sources.ts";
import { writeOutputFolder } from "./pipelines/write_folder.ts";
import { writeOutput } from "./pipelines/write_output.ts";

/** What a folder's name ends with. */
const folderEnding = "";

/** Endings that each kind of content can be written with. */
const endings = {
  network: [".safetensors", ".pt", ".onnx", folderEnding],
  schedule: [".json", ".csv", ".pt", ".npy"],
} as const;

function checkNoPrefix(prefix: string): void {
  if (prefix === "") return;
  throw new CommandError("--prefix goes with .pt: other files carry the names without one");
}

function networkBytes(
  network: TrainedNetwork,
  { ending, half, prefix }: { ending: string; half: boolean; prefix: string },
): Uint8Array {
  if (ending === ".safetensors") {
    checkNoPrefix(prefix);
    return writeWeights(network, { half });
  }
  if (ending === ".onnx") {
    checkNoPrefix(prefix);
    return writeOnnx(network, { half });
  }
  return writeTorchWeights(network, { half, prefix });
}

/** A list needs no more than its scales to be written as a list again. */
function listBytes(scales: readonly number[], ending: string): Uint8Array | undefined {
  if (ending === ".pt") return writeTorchList(scales);
  return ending === ".npy" ? writeNpyList(scales) : undefined;
}

/** What a reader of the file has to be told besides. */
function untoldBy(
  ending: string,
  { preconditioning }: TrainedNetwork,
): string | undefined {
  const kind = preconditioning?.kind ?? "none";
  if (ending !== ".onnx" || kind === "none") return undefined;
  return `the model is the network without the ${kind} preconditioning around it, which its ` +
    "metadata names";
}

function describeNetwork({ network, schedule }: TrainedNetwork): string {
  const { kind, imageShape, padding, classes } = network.architecture;
  return `${kind}, ${parameterCount(network.parameters).toLocaleString("en")} parameters, images ${
    imageShape.join(" x ")
  }, padding ${padding}, ${classes === 0 ? "no classes" : `${classes} classes`}, ${schedule.name}`;
}

function requestedNoise(
  { noiseSchedule, noiseParameters }: {
    readonly noiseSchedule: string | undefined;
    readonly noiseParameters: string | undefined;
  },
): NoiseSchedule | undefined {
  if (noiseSchedule !== undefined) {
    const given = noiseParameters === undefined ? {} : parseParameters(noiseParameters);
    return createSchedule(noiseSchedule, given);
  }
  if (noiseParameters === undefined) return undefined;
  throw new UsageError("--noise-parameters is given without --noise-schedule; run with --help");
}

/** This command. */
export const verb = defineVerb({
  name: "convert",
  description:
    "Converts networks between PyTorch's .pt and our .safetensors, and scale schedules between " +
    "our .json and bare lists (.pt, .npy, .csv); networks also to ONNX and to folders of diffusers. What INPUT holds is told from its bytes, what OUTPUT " +
    "becomes from its ending. A .pt file is read without running anything in it.",
  positionals: [
    {
      name: "INPUT",
      help: "A file, the folder of a training or calibration run or of diffusers, or zoo:NAME",
      path: "read",
    },
    {
      name: "OUTPUT",
      help:
        "Network: .safetensors, .pt, .onnx, or a folder/ of diffusers. Schedule: .json, .csv, .pt, .npy",
      path: "write a file",
    },
  ],
  flags: {
    ...grouped("Network", {
      padding: {
        type: "choice",
        choices: ["zeros", "circular"],
        help: "Of the network, where the file does not tell",
      },
      imageSize: {
        type: "integer",
        min: 1,
        help: "Height and width of its images, where the file does not tell",
      },
      noiseSchedule: {
        type: "choice",
        choices: scheduleNames,
        help:
          "Its forward process, where the file does not tell; the public code's is cosine_legacy",
      },
      noiseParameters: formulationFlags.noiseParameters,
      part: {
        type: "string",
        placeholder: "NAME",
        help:
          "Which of several networks in a checkpoint, such as model; default: the average (ema)",
      },
      dataset: { type: "string", placeholder: "NAME", help: "What a network was trained on" },
      images: { type: "integer", min: 1, help: "On how many images of it" },
    }),
    ...grouped("Scales", {
      run: {
        ...networkFlags.run,
        help: "Bare list: run or file of the network that tells image shape, padding and noise",
      },
      machine: {
        type: "string",
        placeholder: "NAME",
        help: "Bare list: its machine; default: bbELS for zero padding, ELS for circular",
      },
      channels: { type: "integer", min: 1, help: "Bare list: channels of the images" },
      aggregate: {
        type: "choice",
        choices: scaleAggregates,
        default: "median",
        help: "Bare list: how the samples of a table are combined",
      },
      indexing: {
        type: "choice",
        choices: scaleIndexings,
        default: "calibration",
        help: "Bare list: index i-1 is t = i/n, or i is, as the public sampler has it",
      },
      grid: {
        type: "choice",
        choices: timeGridNames,
        help: "Bare list: the times that it is for; default: those of a CSV, else uniform",
      },
    }),
    ...grouped("Output", {
      half: { type: "boolean", help: "Write 16-bit floats" },
      prefix: {
        type: "string",
        placeholder: "TEXT",
        help: "Before the names in a .pt network, such as backbone.",
      },
      force: { type: "boolean", help: "Replace OUTPUT where it exists" },
    }),
  },
  examples: [
    "convert model.pt weights.safetensors",
    "convert state_dict.pt weights.safetensors --padding zeros --image-size 32 \\\n" +
    "    --noise-schedule cosine_legacy",
    "convert runs/00003-calibrate-mnist-resnet-16x4-bbels scales.pt",
    "convert scales.pt scale_schedule.json --run weights.safetensors",
    "convert ddpm-cifar10-32 weights.safetensors",
    "convert latest out_folder/",
    "convert zoo:mnist-resnet-zeros network.onnx",
  ],
  result: {
    "files.output": "the file that was written",
    "holds": "network or schedule",
    "network": "architecture, parameters and noiseSchedule of a network",
    "scales": "the scales of a schedule, from the lowest noise to the highest",
  },
}, async ({ flags, positionals, print, progress }) => {
  const [input, output] = positionals as [string, string];
  const ending = /[\\/]$/.test(output) ? folderEnding : extname(output).toLowerCase();
  const { padding, imageSize } = flags;
  const noise = requestedNoise(flags);
  const content = await readInputContent(input, {
    padding,
    imageSize,
    aggregate: flags.aggregate,
    schedule: noise,
    part: flags.part,
    onNote: (note, option) =>
      progress.note(`Note: ${input}: ${note}${option ? `; --${option} takes another` : ""}`),
    training: {
      ...flags.dataset !== undefined && { dataset: flags.dataset },
      ...flags.images !== undefined && { images: flags.images },
    },
  });
  const possible: readonly string[] = endings[content.kind === "network" ? "network" : "schedule"];
  if (!possible.includes(ending)) {
    throw new CommandError(
      `OUTPUT is ${JSON.stringify(output)}; ${content.path} holds a ${
        content.kind === "network" ? "network" : "scale schedule"
      }, which can be written as ${possible.map((each) => each || "a folder/").join(", ")}`,
    );
  }
  if (!flags.force && await Deno.stat(output).then(() => true, () => false)) {
    throw new CommandError(`${output} exists; --force replaces it`);
  }
  if (content.kind === "network") {
    const untold = untoldBy(ending, content.network);
    if (untold !== undefined) progress.note(`Note: ${untold}`);
    const options = { ending, half: flags.half, prefix: flags.prefix ?? "" };
    if (ending === folderEnding) {
      checkNoPrefix(options.prefix);
      await writeOutputFolder(output, diffusersFiles(content.network, options));
    } else await writeOutput(output, networkBytes(content.network, options));
    print(`Wrote ${output}: ${describeNetwork(content.network)}`);
    const { network, schedule } = content.network;
    return {
      files: { output },
      holds: "network",
      network: {
        architecture: network.architecture,
        parameters: parameterCount(network.parameters),
        noiseSchedule: schedule.name,
      },
    };
  }
  const scales = content.kind === "schedule" ? scaleList(content.schedule) : content.scales;
  const window = content.kind === "schedule" ? content.schedule.window : undefined;
  if (window !== undefined && (ending === ".pt" || ending === ".npy")) {
    throw new CommandError(
      `${content.path} has widths of a ${window} window, and a bare list holds no window; write .json ` +
        "or .csv",
    );
  }
  const list = listBytes(scales, ending);
  if (list) {
    if (content.kind === "schedule" && content.schedule.timeGrid !== undefined) {
      progress.note(
        `Note: a bare list holds no times; these scales are for --grid ${content.schedule.timeGrid}`,
      );
    }
    await writeOutput(output, list);
    print(`Wrote ${output}: index 0 to ${scales.length - 1} is ${scales.join(",")}`);
    return { files: { output }, holds: "schedule", scales };
  }
  const schedule = content.kind === "schedule"
    ? content.schedule
    : await listSchedule(content.scales);
  const text = ending === ".csv" ? scaleScheduleCsv(schedule) : writeScaleSchedule(schedule);
  await writeOutput(output, text);
  print(
    `Wrote ${output}: ${schedule.machine}, ${timesText(schedule)}: ${
      scaleList(schedule).join(",")
    }`,
  );
  return { files: { output }, holds: "schedule", scales: scaleList(schedule) };

  async function listSchedule(scales: readonly number[]): Promise<ScaleSchedule> {
    const like = flags.run === undefined ? undefined : await loadNetwork(flags.run);
    const { architecture } = like?.network ?? {};
    const shape = architecture?.imageShape;
    const side = imageSize ?? shape?.[0];
    const channels = flags.channels ?? shape?.[2];
    const edges = padding ?? architecture?.padding;
    const schedule = noise ?? like?.schedule;
    if (!side || !channels || !edges || !schedule) {
      const missing = [
        ...side ? [] : ["--image-size"],
        ...channels ? [] : ["--channels"],
        ...edges ? [] : ["--padding"],
        ...schedule ? [] : ["--noise-schedule"],
      ];
      throw new CommandError(
        `${content.path} is a bare list of scales: say ${
          missing.join(", ")
        }, or name its network ` +
          "with --run",
      );
    }
    return await scheduleOfList(scales, {
      machine: flags.machine === undefined
        ? machineForPadding(edges)
        : parseMachineName(flags.machine),
      imageShape: [side, imageSize ?? shape?.[1] ?? side, channels],
      padding: edges,
      schedule,
      aggregate: flags.aggregate,
      indexing: flags.indexing,
      grid: flags.grid,
    }, content.bytes && { path: content.path, bytes: content.bytes });
  }
});

if (import.meta.main) await runVerb(verb);
