/** Compiles programs, once on each device. @module */
import { type GpuProgram, hasParams, programText } from "./program.ts";

/** A program on a device. */
export interface CompiledProgram<G extends GpuProgram = GpuProgram> {
  readonly program: G;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

interface Compiled {
  readonly now: WeakMap<GpuProgram, CompiledProgram>;
  readonly soon: WeakMap<GpuProgram, Promise<CompiledProgram>>;
}

const onDevices = new WeakMap<GPUDevice, Compiled>();

function compiledOn(device: GPUDevice): Compiled {
  let found = onDevices.get(device);
  if (!found) onDevices.set(device, found = { now: new WeakMap(), soon: new WeakMap() });
  return found;
}

/** What both ways of compiling begin with; the numbers of a run lie at an offset given with each dispatch. */
function prepare(device: GPUDevice, program: GpuProgram) {
  const visibility = GPUShaderStage.COMPUTE;
  const first = hasParams(program) ? 1 : 0;
  const entries: GPUBindGroupLayoutEntry[] = program.arrays.map(({ write }, i) => ({
    binding: first + i,
    visibility,
    buffer: { type: write ? "storage" : "read-only-storage" },
  }));
  if (first === 1) {
    entries.unshift({
      binding: 0,
      visibility,
      buffer: { type: "uniform", hasDynamicOffset: true },
    });
  }
  const layout = device.createBindGroupLayout({ entries });
  const module = device.createShaderModule({ code: programText(program) });
  const pipeline = {
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module, entryPoint: "main" },
  };
  return { layout, pipeline };
}

/** The program, compiled while the caller waits. */
export function compileNow<G extends GpuProgram>(
  device: GPUDevice,
  program: G,
): CompiledProgram<G> {
  const { now } = compiledOn(device);
  let compiled = now.get(program);
  if (compiled === undefined) {
    const { layout, pipeline } = prepare(device, program);
    compiled = { program, layout, pipeline: device.createComputePipeline(pipeline) };
    now.set(program, compiled);
  }
  return compiled as CompiledProgram<G>;
}

/**
 * The program, compiled beside other work.
 *
 * @returns Rejects with what the device says of a program that it does not take.
 */
export function compile<G extends GpuProgram>(
  device: GPUDevice,
  program: G,
): Promise<CompiledProgram<G>> {
  const { now, soon } = compiledOn(device);
  const ready = now.get(program);
  if (ready) return Promise.resolve(ready as CompiledProgram<G>);
  let compiling = soon.get(program);
  if (compiling === undefined) {
    compiling = compileSoon(device, program);
    soon.set(program, compiling);
    compiling.then((compiled) => now.set(program, compiled), () => soon.delete(program));
  }
  return compiling as Promise<CompiledProgram<G>>;
}

async function compileSoon(device: GPUDevice, program: GpuProgram): Promise<CompiledProgram> {
  device.pushErrorScope("validation");
  const { layout, pipeline } = prepare(device, program);
  const invalid = device.popErrorScope();
  try {
    return { program, layout, pipeline: await device.createComputePipelineAsync(pipeline) };
  } catch (error) {
    throw await invalid ?? error;
  }
}
