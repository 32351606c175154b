/** Every program of docs/examples runs as it stands, and is as short as docs say. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromFileUrl, join } from "@std/path";

const folder = fromFileUrl(new URL("../../docs/examples", import.meta.url));
const mostLines = 20;

/** What each program prints. */
const prints: Readonly<Record<string, RegExp>> = {
  "own_dataset.ts": /^stripes: 50 x 16 x 16 x 1, SHA-256 [0-9a-f]{8}\.\.$/,
  "own_denoiser.ts": /^LS beside shrinkage: \[ 0\.\d+, 0\.\d+, 0\.\d+ \]$/,
  "own_machine.ts": /^torus was calibrated$/,
  // The machine of scale 5 poses as the network: it is found, and agrees perfectly.
  "own_metric.ts": /^by l1: scales 5,5,5, 0 away$/,
  "own_network.ts": /^the linear network made 2 images$/,
  "own_noise_schedule.ts": /^read back: \{ power: 2 \}$/,
  "own_sampler.ts": /^midpoint \[ 1, 1 \]$/,
  "patch_size_of_t.ts": /^bbELS made 2 images of 16 x 16 x 1$/,
  "train_defaults.ts": /^100 steps on (wasm|webgpu): 4 images$/,
};
const names = Object.keys(prints);

Deno.test("examples: each is here, short, and imports what users can import", async () => {
  const found = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  assertEquals(found, names);
  for (const name of names) {
    const text = await Deno.readTextFile(join(folder, name));
    const lines = text.trimEnd().split("\n").length;
    assert(lines <= mostLines, `${name} has ${lines} lines, expected ${mostLines} at most`);
    for (const [, specifier] of text.matchAll(/ from "([^"]+)"/g)) {
      assertMatch(specifier!, /^@(els\/toolkit|tensorflow\/tfjs)/, name);
    }
  }
});

Deno.test("examples: each runs by itself, ends, and prints what it should", async () => {
  const left = [...names];
  const run = async (name: string) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-q", "--no-check", "--no-prompt", "-R", "--allow-env", join(folder, name)],
      env: { NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes).trim());
    assertEquals([code, errors], [0, ""], name);
    assertMatch(out!, prints[name]!, name);
  };
  // Two at a time: each waits for its own modules most of the time.
  const lane = async () => {
    for (let name = left.pop(); name !== undefined; name = left.pop()) await run(name);
  };
  await Promise.all([lane(), lane()]);
});
