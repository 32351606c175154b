import { assert, assertEquals } from "@std/assert";
import { adapterName, isSoftware } from "../../src/gpu/adapter.ts";

const source = new URL("../../src/gpu/adapter.ts", import.meta.url).href;
const program = `data:application/typescript,${
  encodeURIComponent(`
    import { findAdapter } from ${JSON.stringify(source)};
    const adapter = await findAdapter();
    console.log(adapter ? "found" : "none", Deno.env.get("DENO_WEBGPU_BACKEND"));
    Deno.exit(0);
  `)
}`;

const variables = "--allow-env=DENO_WEBGPU_BACKEND,XDG_RUNTIME_DIR";

/** What a process of its own finds, since a process looks for its GPUs once. */
async function find(env: Record<string, string>): Promise<string> {
  const { DENO_WEBGPU_BACKEND: _, XDG_RUNTIME_DIR: __, ...inherited } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-R", variables, program],
    clearEnv: true,
    env: { ...inherited, ...env },
    stdout: "piped",
    stderr: "piped",
  }).output();
  // Where no folder for sockets is set, drivers complain.
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  return new TextDecoder().decode(stdout).trim();
}

// Where Mesa's OpenGL is installed, which most desktops and many containers have, it would be taken.
const withoutDrivers = { VK_DRIVER_FILES: "/nonexistent.json" };

Deno.test({
  name: "adapter: OpenGL is not taken for a GPU when there is no Vulkan driver",
  ignore: Deno.build.os !== "linux",
  fn: async () => assertEquals(await find(withoutDrivers), "none vulkan,metal,dx12"),
});

Deno.test("adapter: the search is silent, whatever it finds", async () => {
  const found = await find({});
  assert(/^(found|none) vulkan,metal,dx12$/.test(found), found);
});

Deno.test("adapter: what the user set stays, even if that is nothing", async () => {
  assertEquals(await find({ DENO_WEBGPU_BACKEND: "" }), "none");
  const chosen = await find({ ...withoutDrivers, DENO_WEBGPU_BACKEND: "gl" });
  assert(/^(found|none) gl$/.test(chosen), chosen);
});

Deno.test("adapter: a GPU without a description goes by its device or vendor", () => {
  assertEquals(adapterName({ description: "llvmpipe", vendor: "Mesa" }), "llvmpipe");
  assertEquals(adapterName({ description: "", device: "0x10de", vendor: "nvidia" }), "0x10de");
  assertEquals(adapterName({}), "unnamed adapter");
  assertEquals([isSoftware({ isFallbackAdapter: true }), isSoftware({})], [true, false]);
});
