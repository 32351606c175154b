/**
 * Says, part by part, what a box has of what WebGPU needs, so that a fault has a name: the driver's
 * description, its library, the Vulkan loader, the adapter, its limits, a first shader. Writes
 * `adapter.json` and, for the loader, `driver_files` into the folder given; ends with 1 if run.sh cannot go on.
 *
 * @module
 */
import { join } from "@std/path";
import { errorLine } from "../../cli/command.ts";
import { adapterName, findAdapter, isSoftware } from "../../../src/gpu/adapter.ts";
import { writeFileAtomic } from "../../../src/runs/atomic_write.ts";
import {
  complaintAbout,
  descriptionOf,
  type DriverCandidate,
  driverCandidates,
  driverFolders,
  readDescriptions,
  type VulkanDevice,
  vulkanDevices,
} from "./vulkan.ts";
import { limitsText, missingLimits, neededLimits } from "./limits.ts";

// Deno itself may not look into /dev.
const [parts, state, ...nodes] = Deno.args as [string, string, ...string[]];

/** Whether the last line has not ended yet. */
let open = false;

/** Writes at once, so that the last line tells what a driver that hangs or crashes was asked. */
function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
  open = !text.endsWith("\n");
}

/** Begins the line of a part. */
const begin = (part: string): void => write(`${part.padEnd(9)} `);
/** What is said of the driver, in pieces of lines. */
const driver = (text: string): void => write(open ? text : `${"driver".padEnd(9)} ${text}`);

function line(part: string, text: string): void {
  begin(part);
  write(`${text}\n`);
}

function giveUp(text: string): never {
  if (open) write("\n");
  write(`Cannot go on: ${text}\n`);
  Deno.exit(1);
}

line("devices", nodes.join(" ") || "no GPU in /dev");
const advice = nodes.length === 0
  ? "this machine shows no GPU: was the container started with it?"
  : "in a container, was it started with NVIDIA_DRIVER_CAPABILITIES=all?";

/** Drivers to try; one that was set by hand is the only one. */
async function candidates(): Promise<readonly DriverCandidate[]> {
  const preset = Deno.env.get("VK_DRIVER_FILES") || Deno.env.get("VK_ICD_FILENAMES");
  if (preset) {
    const set = await readDescriptions(preset.split(":"));
    if (set.length === 0) driver(`${preset}, as set: no description of a driver\n`);
    for (const { path, library } of set) {
      driver(`${path}, as set: ${library} `);
      const complaint = complaintAbout(library);
      driver(complaint ? `does not load: ${complaint}\n` : "loads\n");
    }
    return [{}];
  }
  return driverCandidates({
    usual: await readDescriptions(driverFolders.usual),
    other: await readDescriptions(driverFolders.other),
    load: complaintAbout,
    own: join(state, "nvidia_icd.json"),
    say: driver,
  });
}

/** Devices of the first driver that has some, which then is the one of this process and of run.sh. */
async function startVulkan(): Promise<readonly VulkanDevice[]> {
  let trouble = "NVIDIA's driver is described, but its library does not load";
  for (const { files, write: library } of await candidates()) {
    if (files && library) await writeFileAtomic(files, descriptionOf(library));
    if (files) Deno.env.set("VK_DRIVER_FILES", files);
    begin("Vulkan");
    const found = vulkanDevices();
    const devices = typeof found === "string" ? [] : found.devices;
    const list = devices.map(({ name, kind, api }) => `${name} (${kind}, ${api})`).join(", ");
    const what = typeof found === "string" ? found : `${found.version}: ${list || "no device"}`;
    write(`${what}${files ? `; by ${files}` : ""}\n`);
    if (devices.length > 0) {
      if (files) await writeFileAtomic(join(state, "driver_files"), `${files}\n`);
      return devices;
    }
    trouble = typeof found === "string" ? found : "Vulkan has no device";
  }
  giveUp(`${trouble}; ${advice}`);
}

const devices = await startVulkan();
begin("WebGPU");
const adapter = await findAdapter();
if (!adapter) giveUp("WebGPU takes none of Vulkan's devices (VK_LOADER_DEBUG=all tells more)");
const name = adapterName(adapter.info), software = isSoftware(adapter.info);
write(`${name}${software ? ", which is software" : ""}\n`);
const limits = Object.fromEntries(neededLimits.map(([limit]) => [limit, adapter.limits[limit]]));
line("limits", limitsText(limits));
const missing = missingLimits(limits);
if (missing.length > 0) giveUp(`${name} has ${missing.join(", ")}`);

/** Adds up numbers on the device, which shows that it opens, compiles and answers. */
async function firstShader(adapter: GPUAdapter): Promise<number> {
  const device = await adapter.requestDevice();
  const module = device.createShaderModule({
    code: `
@group(0) @binding(0) var<storage, read_write> out: array<f32>;
var<workgroup> part: array<f32, 256>;
@compute @workgroup_size(256) fn main(@builtin(local_invocation_index) i: u32) {
  part[i] = f32(i);
  for (var half = 128u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (i < half) { part[i] += part[i + half]; }
  }
  if (i == 0u) { out[0] = part[0]; }
}`,
  });
  const pipeline = await device.createComputePipelineAsync({
    layout: "auto",
    compute: { module, entryPoint: "main" },
  });
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = GPUBufferUsage;
  const result = device.createBuffer({ size: 4, usage: STORAGE | COPY_SRC });
  const staging = device.createBuffer({ size: 4, usage: COPY_DST | MAP_READ });
  const layout = pipeline.getBindGroupLayout(0);
  const entries = [{ binding: 0, resource: { buffer: result } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout, entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(result, 0, staging, 0, 4);
  device.queue.submit([encoder.finish()]);
  await staging.mapAsync(GPUMapMode.READ);
  return new Float32Array(staging.getMappedRange())[0]!;
}

begin("shader");
const started = performance.now();
try {
  const sum = await firstShader(adapter);
  if (sum !== 255 * 128) giveUp(`${name} adds 0 to 255 up to ${sum}`);
} catch (error) {
  giveUp(`${name} refuses a first shader: ${errorLine(error)}`);
}
write(`a first one ran, ${((performance.now() - started) / 1e3).toFixed(1)} s with compilation\n`);

const about = {
  name,
  software,
  vulkan: devices.find((device) => device.name === name)?.api ?? null,
  limits,
  features: [...adapter.features].sort(),
};
await writeFileAtomic(join(parts, "adapter.json"), JSON.stringify(about, null, 2) + "\n");
Deno.exit(0);
