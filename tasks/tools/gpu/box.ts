/** What a box has, a line each: system, driver, Deno, libraries, PyTorch, and the GPU itself. */
import { join } from "@std/path";
import { sha256File } from "../../../src/runs/provenance.ts";
import { readJsonFile } from "../../../src/runs/json_file.ts";
import { type LibraryPaths, prepareLibraries } from "./libraries.ts";
import { type Answer, answerOf, lastLine } from "./program.ts";

/** Why a call cannot go on, in one line; empty where that was said already. */
export class BoxError extends Error {
  override readonly name = "BoxError";
}

/** A box that can be worked on. */
export interface Box {
  /** Environment of our processes. */
  readonly env: Readonly<Record<string, string>>;
  readonly software: boolean;
  /** SHA-256 (hex) of what is told of the adapter. */
  readonly adapter: string;
  /** What the report says of the box, by key. */
  readonly about: Readonly<Record<string, string>>;
}

/** Options of {@linkcode examineBox}. */
export interface ExamineOptions {
  readonly root: string;
  /** Folder of the state. */
  readonly state: string;
  /** Folder of the parts of the report. */
  readonly parts: string;
  /** Folder of an unpacked archive. */
  readonly runtime: string | undefined;
  readonly print: (line: string) => void;
}

const said = (part: string, text: string) => `${part.padEnd(9)} ${text}`;

/** The system in a few words. */
async function describeSystem(): Promise<string> {
  const release = await Deno.readTextFile("/etc/os-release").catch(() => "");
  const [, name] = release.match(/^PRETTY_NAME="?([^"\n]*)"?$/m) ?? [];
  const libc = (await answerOf(["ldd", "--version"], { seconds: 10 }))?.out.split("\n")[0];
  const memory = Math.floor(Deno.systemMemoryInfo().total / 2 ** 30);
  return `${name ?? "unknown system"}, libc ${libc?.split(" ").at(-1) ?? "unknown"}, Linux ` +
    `${Deno.osRelease()}, ${navigator.hardwareConcurrency} CPUs, ${memory} GiB`;
}

async function describeDriver(): Promise<string | undefined> {
  const query = "--query-gpu=name,driver_version,memory.total";
  const answer = await answerOf(["nvidia-smi", query, "--format=csv,noheader"], { seconds: 30 });
  return answer && (answer.late ? "no answer in 30 seconds" : (answer.out || answer.err)
    .split("\n")[0]!);
}

/** Asks a Python for its PyTorch. */
const askTorch = `import torch
name = torch.cuda.get_device_name() if torch.cuda.is_available() else "a CPU, for it sees no CUDA device"
print("PyTorch", torch.__version__, "on", name)`;

/**
 * PyTorch, beside which the benchmarks run. They start `python3` without our environment, and PyTorch
 * may need the linker's path to find CUDA: a python3 of ours sets it anew.
 *
 * @returns What there is, in one line.
 */
async function preparePeer(bin: string, { python }: LibraryPaths): Promise<string> {
  const own = join(bin, "python3");
  await Deno.remove(own).catch(() => {});
  const env = { LD_LIBRARY_PATH: python };
  const where = await answerOf(["sh", "-c", "command -v python3"], { seconds: 10 });
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  if (where?.code === 0) {
    const script = `#!/bin/sh\nLD_LIBRARY_PATH=${quoted(python)} exec ${quoted(where.out)} "$@"\n`;
    await Deno.writeTextFile(own, script, { mode: 0o755 });
  }
  let found = "there is no python3";
  for (const program of ["python3", "/usr/bin/python3"]) {
    const answer: Answer | undefined = await answerOf([program, "-c", askTorch], {
      seconds: 120,
      env,
    });
    if (answer === undefined) continue;
    if (answer.code === 0) return lastLine(answer.out);
    found = `${program}: ${answer.late ? "no answer in two minutes" : lastLine(answer.err)}`;
  }
  return found;
}

/** Which driver and adapter there are; says which part is at fault where WebGPU finds none. */
async function diagnose(
  { root, state, parts }: ExamineOptions,
  env: Readonly<Record<string, string>>,
): Promise<string | undefined> {
  const nodes = await answerOf(
    ["sh", "-c", "ls -d /dev/nvidia[0-9]* /dev/nvidiactl /dev/dri /dev/kfd 2>/dev/null"],
    { seconds: 10 },
  );
  for (const path of [join(state, "driver_files"), join(parts, "adapter.json")]) {
    await Deno.remove(path).catch(() => {});
  }
  const answer = await answerOf([
    ...[Deno.execPath(), "run", "-q", "--no-prompt", "--allow-ffi", "--allow-env", "-R"],
    ...[`-W=${state}`, "tasks/tools/gpu/diagnose.ts", parts, state],
    ...(nodes?.out ?? "").split("\n").filter(Boolean),
  ], { seconds: 90, env, cwd: root, show: true });
  const { code, err, late } = answer!;
  if (late) throw new BoxError("what the last line names gave no answer in 90 seconds");
  if (code === 1) throw new BoxError(lastLine(err));
  if (code !== 0) {
    throw new BoxError(
      `what the last line names ended the process (code ${code}): the driver is at fault`,
    );
  }
  const files = await Deno.readTextFile(join(state, "driver_files")).catch(() => undefined);
  return files?.trim();
}

/**
 * Examines a box and prepares what its processes need.
 *
 * @throws BoxError if it cannot be worked on.
 */
export async function examineBox(options: ExamineOptions): Promise<Box> {
  const { state, parts, runtime, print } = options;
  const tell = (part: string, text: string) => print(said(part, text));
  const system = await describeSystem();
  tell("system", system);
  const driver = await describeDriver();
  tell("driver", driver === undefined ? "no nvidia-smi" : `nvidia-smi: ${driver}`);
  tell("Deno", `${Deno.version.deno} at ${Deno.execPath()}`);

  const libraries = await prepareLibraries(join(state, "lib"), { runtime });
  const { plan } = libraries;
  for (const folder of plan.drivers) {
    tell("libraries", `${folder} added: the linker did not know of it`);
  }
  if (plan.carried.length > 0) {
    const names = plan.carried.map((path) => path.split("/").at(-1));
    tell("libraries", `from the archive: ${names.join(" ")}`);
  }
  if (!plan.hasLoader) {
    throw new BoxError(
      "there is no Vulkan loader: install libvulkan1, or give --runtime an archive that has it",
    );
  }
  const bin = join(state, "bin");
  for (const folder of [bin, join(state, "shaders")]) await Deno.mkdir(folder, { recursive: true });
  const temporary = join(state, "tmp");
  await Deno.remove(temporary, { recursive: true }).catch(() => {});
  await Deno.mkdir(temporary);
  const set = (name: string, otherwise: string) => ({ [name]: Deno.env.get(name) ?? otherwise });
  const env: Record<string, string> = {
    PATH: `${bin}:${Deno.env.get("PATH")}`,
    TMPDIR: temporary,
    ...set("XDG_RUNTIME_DIR", temporary),
    ...set("ELS_LONG_TESTS", "1"),
    // Through OpenGL an adapter has limits that are too small.
    ...set("DENO_WEBGPU_BACKEND", "vulkan"),
    __GL_SHADER_DISK_CACHE_PATH: join(state, "shaders"),
    ...libraries.ours !== "" && { LD_LIBRARY_PATH: libraries.ours },
  };
  const peer = await preparePeer(bin, libraries);
  tell("PyTorch", peer);
  const files = await diagnose(options, env);
  if (files !== undefined) env.VK_DRIVER_FILES = files;
  const adapter = join(parts, "adapter.json");
  const { software } = await readJsonFile(adapter) as { readonly software: boolean };
  const deno = `deno ${Deno.version.deno}`;
  return {
    env,
    software,
    adapter: await sha256File(adapter),
    about: { system, deno, peer, ...driver !== undefined && { driver } },
  };
}
