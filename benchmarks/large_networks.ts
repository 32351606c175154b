/**
 * Predictions of networks of 36 and 56 million parameters on the CPU beside PyTorch: seconds an image and
 * peak memory, each of a process of its own that reads its weights from a file, in turn.
 *
 * `deno task bench:large [--network ddpm|ddpmpp] [--batches 1,8] [--rounds 3]`
 *
 * @module
 */
import { join } from "@std/path";
import { Random } from "../src/core/random.ts";
import { type Architecture, createNetwork } from "../src/networks/architectures/architecture.ts";
import { startBackend } from "../src/networks/backend.ts";
import { networkDenoiser } from "../src/networks/network_denoiser.ts";
import { readAnyWeights } from "../src/networks/weights/any_weights.ts";
import { initialParameters, parameterCount } from "../src/networks/weights/parameters.ts";
import { writeWeights } from "../src/networks/weights/weights.ts";
import { readRegularFile } from "../src/core/file_system.ts";
import { cosineLegacy } from "../src/schedules/cosine_legacy.ts";
import { defineVerb, runVerb } from "../tasks/cli/command.ts";
import { textTable } from "../tasks/cli/table.ts";
import { type PeerOutcome, runPeer } from "./peer.ts";

const common = { imageShape: [32, 32, 3], padding: "zeros", classes: 0, attention: [16] } as const;

/** Ho et al.'s, and DDPM++ as Karras et al. configure it, for CIFAR-10. */
const architectures: Readonly<Record<"ddpm" | "ddpmpp", Architecture>> = {
  ddpm: { ...common, kind: "attention-unet", channels: [128, 256, 256, 256], blocks: 2 },
  ddpmpp: {
    ...common,
    kind: "song-unet",
    ...{ width: 128, channels: [256, 256, 256], blocks: 4, embedding: 512 },
    ...{ waves: 128, frequencies: [], encoder: "standard", decoder: "standard", filter: [1, 1] },
  },
};

/** What one process found. */
interface Side {
  /** Seconds an image by the size of the batch. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly peakBytes: number;
  readonly parameters: number;
}

/** Peak of this process's memory, as Linux counts it. */
async function peakBytes(): Promise<number> {
  const status = await Deno.readTextFile("/proc/self/status").catch(() => "");
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? NaN);
}

/** Reads the weights and predicts. */
async function measure(
  weights: string,
  { batches, seconds }: { readonly batches: readonly number[]; readonly seconds: number },
): Promise<Side> {
  await startBackend("wasm");
  const trained = await readAnyWeights(await readRegularFile(weights), weights);
  const denoiser = networkDenoiser(trained);
  const found: Record<string, number> = {};
  for (const batch of batches) {
    const data = new Random(2).normals(batch * 32 * 32 * 3);
    const x = { data, shape: [batch, 32, 32, 3] as const };
    await denoiser.predict(x, 0.5);
    const began = performance.now();
    let count = 0;
    do {
      await denoiser.predict(x, 0.5);
      count++;
    } while (performance.now() - began < 1000 * seconds);
    found[batch] = (performance.now() - began) / 1000 / count / batch;
  }
  denoiser.dispose();
  const parameters = parameterCount(trained.network.parameters);
  return { seconds: found, peakBytes: await peakBytes(), parameters };
}

/** The weights of a network as a file. */
async function writeRandom(name: "ddpm" | "ddpmpp", folder: string): Promise<string> {
  const network = createNetwork(architectures[name]);
  // No zeros: what they are multiplied with is not skipped, but denormal numbers would be slow.
  const parameters = initialParameters(network.parameters, new Random(1))
    .map((value) => value === 0 ? 0.01 : value);
  const path = join(folder, "weights.safetensors");
  await Deno.writeFile(
    path,
    writeWeights({ network, parameters, schedule: cosineLegacy(), training: {} }),
  );
  return path;
}

/** This command. */
export const verb = defineVerb({
  name: "bench:large",
  description:
    "Times predictions of networks of 36 and 56 million parameters beside PyTorch (where a python3 " +
    "with torch is at hand) and takes the peak memory of both, each in a process of its own.",
  flags: {
    network: {
      type: "choice",
      choices: ["ddpm", "ddpmpp"],
      default: "ddpm",
      help: "Ho et al.'s for CIFAR-10 (36 million parameters) or DDPM++ (56 million)",
    },
    batches: { type: "integers", min: 1, default: [1, 8], help: "Images at a time" },
    rounds: { type: "integer", min: 1, default: 3, help: "How often both are timed, in turn" },
    seconds: { type: "number", min: 0, default: 4, help: "Time to spend on each batch" },
    threads: { type: "integer", min: 1, default: 2, help: "Threads of PyTorch; ours has one" },
    peer: {
      type: "string",
      default: "benchmarks/torch_large_peer.py",
      placeholder: "FILE",
      help: "PyTorch side",
    },
    weights: {
      type: "string",
      placeholder: "FILE",
      help: "Measure this file, print JSON, and end",
    },
  },
  examples: ["bench:large --network ddpmpp --rounds 1"],
  result: { "rounds": "what both sides found, round by round" },
}, async ({ flags, abort, print }) => {
  const { network, batches, seconds, threads } = flags;
  if (flags.weights !== undefined) {
    const side = await measure(flags.weights, { batches, seconds });
    console.log(JSON.stringify(side));
    return { rounds: [] };
  }
  const folder = await Deno.makeTempDir();
  const rounds: { readonly ours: Side; readonly torch: PeerOutcome<Side> }[] = [];
  try {
    const weights = await writeRandom(network, folder);
    const options = ["--batches", batches.join(","), "--seconds", String(seconds)];
    for (let round = 0; round < flags.rounds; round++) {
      abort.throwIfAborted();
      const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
        args: [
          // /proc is read with all permissions only.
          ...["run", "-q", "--no-check", "-A"],
          ...[import.meta.filename!, "--weights", weights, ...options],
        ],
        stdout: "piped",
        stderr: "piped",
        signal: abort,
      }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
      const ours = JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").at(-1)!) as Side;
      const torch = await runPeer<Side>(
        [flags.peer, "--network", network, "--threads", String(threads), ...options],
        { abort },
      );
      rounds.push({ ours, torch });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  const [first] = rounds;
  const count = (first!.ours.parameters / 1e6).toFixed(1);
  const reason = "reason" in first!.torch ? `; no PyTorch (${first!.torch.reason})` : "";
  print(`${network}, ${count} million parameters, one thread; PyTorch ${threads}${reason}`);
  const theirs = (torch: PeerOutcome<Side>) => "found" in torch ? torch.found : undefined;
  print(textTable({
    header: ["round", "batch", "s/image", "PyTorch", "ratio", "peak MB", "PyTorch"],
    rows: rounds.flatMap(({ ours, torch }, round) =>
      batches.map((batch) => {
        const mine = ours.seconds[batch]!;
        const other = theirs(torch);
        return [
          ...[round + 1, batch, mine.toFixed(3), other?.seconds[batch]?.toFixed(3) ?? ""],
          other ? (other.seconds[batch]! / mine).toFixed(2) : "",
          (ours.peakBytes / 1e6).toFixed(0),
          other ? (other.peakBytes / 1e6).toFixed(0) : "",
        ];
      })
    ),
  }));
  return { rounds };
});

if (import.meta.main) await runVerb(verb);
