import { assertEquals } from "@std/assert";
import { networkName } from "../../src/networks/network_name.ts";

const common = { imageShape: [32, 32, 1], padding: "zeros", classes: 0 } as const;

Deno.test("network name: data set, architecture and its sizes", () => {
  const resnet = { ...common, kind: "resnet", width: 48, layers: 6, kernelSize: 3 } as const;
  assertEquals(networkName(resnet, "mnist"), "mnist-resnet-48x6");
  assertEquals(networkName({ ...resnet, padding: "circular" }), "resnet-48x6-circular");
  const unet = {
    ...common,
    kind: "unet",
    channels: [32, 64],
    embedding: 64,
    norm: "none",
  } as const;
  assertEquals(networkName(unet, "circles"), "circles-unet-32-64");
  assertEquals(networkName({ ...common, kind: "my-own" }, "mnist"), "mnist-my-own");
});
