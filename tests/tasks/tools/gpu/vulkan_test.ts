/** Which Vulkan driver is tried on a box, told without one. */
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import {
  descriptionOf,
  driverCandidates,
  readDescriptions,
} from "../../../../tasks/tools/gpu/vulkan.ts";
import { inFolder } from "../../commands.ts";

const glx = { path: "/a/nvidia_icd.json", library: "libGLX_nvidia.so.0" };
const software = { path: "/b/lvp_icd.json", library: "libvulkan_lvp.so" };

function choose(
  { usual = [], other = [] }: Partial<Parameters<typeof driverCandidates>[0]>,
  ...loading: string[]
) {
  let said = "";
  const candidates = driverCandidates({
    usual,
    other,
    load: (library) => loading.includes(library) ? undefined : "libX11.so.6 is missing",
    own: "/state/own.json",
    say: (text) => void (said += text),
  });
  return { candidates, said: said.split("\n").filter(Boolean) };
}

Deno.test("driver: NVIDIA's is taken before software, wherever its description lies", () => {
  for (const where of [{ usual: [software, glx] }, { usual: [software], other: [glx] }]) {
    const { candidates } = choose(where, glx.library, software.library);
    assertEquals(candidates, [{ files: glx.path }]);
  }
});

Deno.test("driver: one that lacks X11 is replaced by the one that does without", () => {
  const { candidates, said } = choose({ usual: [software, glx] }, "libEGL_nvidia.so.0");
  assertEquals(candidates, [{ files: "/state/own.json", write: "libEGL_nvidia.so.0" }]);
  assertEquals(said[0], `${glx.path}: ${glx.library} does not load: libX11.so.6 is missing`);
});

Deno.test("driver: one that is broken is no reason for software", () => {
  assertEquals(choose({ usual: [software, glx] }, software.library).candidates, []);
});

Deno.test("driver: one without a description gets one; without NVIDIA the loader chooses", () => {
  const { candidates } = choose({ usual: [software] }, glx.library);
  assertEquals(candidates, [{ files: "/state/own.json", write: glx.library }]);
  assertEquals(choose({ usual: [software] }, software.library).candidates, [{}]);
  const elsewhere = choose({ other: [software] }, software.library).candidates;
  assertEquals(elsewhere, [{ files: software.path }]);
  assertEquals(choose({}).candidates, [{}]);
  assertEquals(choose({}).said, ["no description of a driver was found"]);
});

Deno.test("driver: descriptions are read as the loader reads them, damaged ones left out", async () => {
  await inFolder(async (folder) => {
    await Deno.writeTextFile(join(folder, "a.json"), descriptionOf("libGLX_nvidia.so.0"));
    await Deno.writeTextFile(join(folder, "b.json"), descriptionOf("../../lib/driver.so"));
    await Deno.writeTextFile(join(folder, "c.json"), '{"ICD":');
    await Deno.writeTextFile(join(folder, "d.json"), '{"ICD":{}}');
    await Deno.writeTextFile(join(folder, "e.txt"), descriptionOf("no.so"));
    const found = await readDescriptions([folder, join(folder, "nowhere")]);
    assertEquals(found, [
      { path: join(folder, "a.json"), library: "libGLX_nvidia.so.0" },
      { path: join(folder, "b.json"), library: join(folder, "../../lib/driver.so") },
    ]);
  });
});
