import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { findAdapter } from "../../src/gpu/adapter.ts";
import { DeviceUnavailableError } from "../../src/core/errors.ts";
import { startBackend } from "../../src/networks/backend.ts";
import { webgpuPosterior } from "../../src/posterior/webgpu/webgpu_posterior.ts";

const hasGpu = await findAdapter() !== undefined;
if (!hasGpu) console.log("skipped: failures of webgpu: no GPU adapter, not even a software one");

Deno.test({
  name: "backend: a tensor above the GPU's limit, an error and a lost device are all loud",
  ignore: !hasGpu,
  // The device's own timers and promises live as long as the process.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { name, adapter, device, software } = await startBackend("webgpu");
    assertEquals(name, "webgpu");
    assert(adapter !== undefined && device !== undefined && software !== undefined);
    const sum = () => tf.tidy(() => tf.add(tf.tensor1d([1, 2]), 1)).data();
    assertEquals([...await sum()], [2, 3]);

    const { maxStorageBufferBindingSize } = device.limits;
    // The limit of a GPU can be odd: 2^31 - 1 bytes.
    const above = Math.floor(maxStorageBufferBindingSize / 4) + 1;
    assertThrows(
      () => tf.tidy(() => tf.add(tf.zeros([above]), 1)),
      DeviceUnavailableError,
      `its limit is ${maxStorageBufferBindingSize}`,
    );
    // What was refused was not made: the backend goes on, and so does a posterior on its device.
    assertEquals([...await sum()], [2, 3]);
    const posterior = webgpuPosterior({ device });
    await posterior.start();
    await posterior.dispose();
    assertEquals([...await sum()], [2, 3]);

    device.createBuffer({ size: 2 ** 45, usage: GPUBufferUsage.STORAGE });
    // By its limits or, where those are high, for want of memory.
    for (let i = 0; i < 2; i++) {
      const { message } = await assertRejects(sum, DeviceUnavailableError);
      assert(/refused an operation|has no memory left/.test(message), message);
    }
    device.destroy();
    const { message } = await assertRejects(sum, DeviceUnavailableError);
    assert(!message.includes("\n"), "one line");
  },
});

Deno.test("backend: auto says which backend it takes and why", async () => {
  const { name, reason, adapter, software } = await startBackend("auto");
  if (name === "webgpu") assert(adapter && !software && reason === "a GPU was found");
  else {
    assertEquals(name, "wasm");
    assert(/no GPU adapter was found|the only GPU adapter is software \(.+\)/.test(reason), reason);
  }
  assertEquals((await startBackend("wasm")).reason, "as asked");
});
