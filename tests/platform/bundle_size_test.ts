import { assertEquals, assertLess } from "@std/assert";
import { fromFileUrl } from "@std/path";

Deno.test("./quality: measures alone are a small bundle, without machines", async () => {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "-q", "--minify", "--platform", "browser", "src/quality.ts"],
    cwd: fromFileUrl(new URL("../..", import.meta.url)),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  assertEquals(success, true);
  const text = new TextDecoder().decode(stdout);
  assertLess(text.length, 30_000);
});

Deno.test("./machines: all of it is a small bundle, without TensorFlow.js, Ajv or Node's modules", async () => {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "-q", "--minify", "--platform", "browser", "src/machines.ts"],
    cwd: fromFileUrl(new URL("../..", import.meta.url)),
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).output();
  assertEquals(success, true);
  const text = new TextDecoder().decode(stdout);
  // 330 kB when explanations came, 104 of them the two builds of the kernel; machines by precision, response
  // and source added 28, windows with weights 28 (half of it kernels), their calibration and comparisons of
  // machines 22, kernels of theories 41, streams of images and their meetings 14. Ajv alone was about 100.
  assertLess(text.length, 490_000);
  for (const missing of ["tensorflow", "json-schema.org", 'from"node:']) {
    assertEquals(text.includes(missing), false, missing);
  }
});
