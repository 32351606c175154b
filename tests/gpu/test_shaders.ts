/** Tests of programs by their text, and by whether a GPU takes them. */
import { findAdapter } from "../../src/gpu/adapter.ts";
import { compile } from "../../src/gpu/compile.ts";
import { type GpuProgram, programText } from "../../src/gpu/program.ts";
import { assertSnapshot } from "../snapshot.ts";

/** Compares each program with its fixture and compiles it, where there is a GPU or a software one. */
export function testShaders(what: string, programs: Readonly<Record<string, GpuProgram>>): void {
  for (const [name, program] of Object.entries(programs)) {
    Deno.test(`shaders of ${what}: ${name} is what its fixture shows`, () =>
      assertSnapshot(programText(program), `wgsl/${name}.wgsl`));
  }
  Deno.test({
    name: `shaders of ${what}: a GPU takes every one`,
    // The device's own timers and promises live as long as the process.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const adapter = await findAdapter();
      if (adapter === undefined) {
        return console.log(
          `skipped: shaders of ${what} on a GPU: no adapter, not even a software one`,
        );
      }
      const { maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage } = adapter.limits;
      const device = await adapter.requestDevice({
        requiredLimits: { maxComputeWorkgroupStorageSize, maxStorageBuffersPerShaderStage },
      });
      for (const [name, program] of Object.entries(programs)) {
        await compile(device, program).catch((error) => {
          throw new Error(`${name}: ${(error as Error).message}`);
        });
      }
      device.destroy();
    },
  });
}
