/** `deno task film` as a user runs it. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
// @ts-types="omggif-types"
import { GifReader } from "omggif";
import { decodePng } from "../../src/formats/png.ts";
import { parseSafetensors, tensorOffsets } from "../../src/formats/safetensors.ts";
import { tellingPixel } from "../../tasks/pipelines/film.ts";
import { inFolder, root, run as runAlone } from "./commands.ts";
import { runNamed as run, test } from "./in_process.ts";
import { checkResult } from "./result_fields.ts";

const few = [
  ...["--machine", "ls", "--scales", "3,5,7", "--images", 12, "--backend", "wasm", "--workers", 1],
  ...["--seconds", 2, "--fps", 8],
];
const name = "00001-film-mnist-resnet-48x6-ls";

/** Every picture of a GIF, as a reader that is not ours sees it. */
function gifPictures(bytes: Uint8Array) {
  const reader = new GifReader(bytes);
  const { width, height } = reader;
  const data = new Uint8Array(4 * width * height);
  return Array.from({ length: reader.numFrames() }, (_, i) => {
    reader.decodeAndBlitFrameRGBA(i, data);
    return { hundredths: reader.frameInfo(i).delay, data: data.slice() };
  });
}

test("film: GIF, animated PNG and frames show the same, as long as was asked for", async () => {
  await inFolder(async (folder) => {
    const flags = [...few, "--pixel", "14,18", "--format", "frames,gif,apng", "--out", folder];
    const made = await run("film", ...flags, "--json");
    assertEquals(made.code, 0, made.err);
    assertMatch(made.err, /LS +3\/3 +100%/);
    assertMatch(made.err, /pictures +7\/7 +100%/);
    const { numbers } = await checkResult(made.out, { absent: ["files.webm"] });
    assertEquals((numbers as { pixel: unknown }).pixel, [14, 18]);
    const at = (file: string) => join(folder, name, file);
    const pictures = gifPictures(await Deno.readFile(at("film.gif")));
    assertEquals(pictures.reduce((sum, { hundredths }) => sum + hundredths, 0), 200);
    const frames: string[] = [];
    for await (const { name } of Deno.readDir(at("frames"))) frames.push(name);
    assertEquals(frames.length, 16);

    const png = async (file: string) => {
      const { data, shape } = decodePng(await Deno.readFile(at(file)));
      assertEquals(shape, [1, 584, 660, 3]);
      return data;
    };
    const [first, last] = [await png("frames/0001.png"), await png("frames/0016.png")];
    // An animated PNG is to others a PNG of its first picture.
    assertEquals(await png("film.png"), first);
    // Beside 256 grays there are some edges of the window's color and of letters: the rarest are merged.
    for (const [picture, values] of [[pictures[0]!, first], [pictures.at(-1)!, last]] as const) {
      const errors = values.map((value, i) =>
        Math.abs(picture.data[4 * Math.floor(i / 3) + i % 3]! - Math.round((value + 1) * 127.5))
      );
      assert(errors.filter((error) => error > 1).length < 100);
      assert(errors.every((error) => error < 16));
    }
    const text = JSON.parse(await Deno.readTextFile(at("film.json")));
    assertEquals(text.steps.map((step: { patchSize: number }) => step.patchSize), [7, 5, 3]);
    assert(text.steps.every((step: { patch: { image: number } }) => step.patch.image < 12));
    assertEquals(text.rSquared, (numbers as { rSquared: number }).rSquared);
  });
});

test("film: an interrupted run ends where a whole one does", async () => {
  await inFolder(async (folder) => {
    const flags = [...few, "--out", folder];
    assertEquals((await run("film", ...flags)).code, 0);
    const at = (file: string) => join(folder, name, file);
    const files = ["film.gif", "film.json", "machine.safetensors", "network.safetensors"];
    const read = () => Promise.all(files.map((file) => Deno.readFile(at(file))));
    const whole = await read();
    const pixel = JSON.parse(await Deno.readTextFile(at("film.json"))).pixel;
    // Its own choice, by the network's last image.
    const xHat0 = parseSafetensors(whole[3]!).tensors.get("xHat0")!;
    assertEquals(xHat0.shape, [3, 32, 32, 1]);
    const last = Float32Array.from(xHat0.data as Float32Array).slice(2 * 1024);
    assertEquals(pixel, tellingPixel({ data: last, shape: [1, 32, 32, 1] }));

    // As an interruption in the machine's second step leaves it.
    const torn = whole[2]!.slice();
    const offsets = tensorOffsets(torn);
    for (const name of ["x", "xHat0", "eps"]) {
      torn.fill(0, offsets.get(name)! + 4 * 1024, offsets.get(name)! + 4 * 3 * 1024);
    }
    torn.fill(0, offsets.get("crc32")! + 4, offsets.get("crc32")! + 12);
    await Deno.writeFile(at("machine.safetensors"), torn);
    for (const file of ["film.gif", "film.json", "finished.json"]) await Deno.remove(at(file));
    const resumed = await run("film", ...flags);
    assertEquals(resumed.code, 0, resumed.err);
    assertMatch(resumed.err, /LS +1\/3 +33%/);
    assertEquals(await read(), whole);
    // And once more: there is nothing left to do.
    const again = await run("film", ...flags);
    assertEquals(again.code, 0, again.err);
    assertStringIncludes(again.err, "nothing left to do");
    assertStringIncludes(again.out, at("film.gif"));
  });
});

test("film: what cannot be is said in one line", async () => {
  await inFolder(async (folder) => {
    for (
      const [args, message] of [
        [["--pixel", "3"], "--pixel is 3: expected a row below 32 and a column below 32"],
        [["--pixel", "32,1"], "--pixel is 32,1: expected"],
        [["--format", "gif,avi"], '--format has "avi": expected some of gif, apng, webm, frames'],
        [["--machine", "is", "--scales", "3,5"], "IS has no scale: leave out"],
        [
          ["--machine", "wiener"],
          "Cannot make a film of Wiener: it has no window of training patches",
        ],
        [["--labels", "3"], "the network is not conditional"],
      ] as const
    ) {
      const { code, err } = await run("film", ...args, "--out", folder);
      assertEquals(code, 1, message);
      assertStringIncludes(err, message);
      assertEquals(err.trim().split("\n").length, 1, err);
    }
  });
});

/** Runs with programs of a folder before all others. */
async function runWithPrograms(folder: string, ...args: (string | number)[]) {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-prompt", "--no-check", "-R", "-W", "--allow-env", "--allow-run"],
      ...[join(root, "tasks/film.ts"), ...args.map(String)],
    ],
    cwd: root,
    env: { PATH: `${folder}:/usr/bin:/bin` },
  }).output();
  return { code, err: new TextDecoder().decode(stderr) };
}

Deno.test({
  name: "film: WebM is what ffmpeg makes of the pictures, and without ffmpeg a line says so",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (folder) => {
      const programs = join(folder, "programs");
      await Deno.mkdir(programs);
      const flags = [...few, "--format", "webm", "--out", folder];
      const ffmpeg = async (script: string) => {
        await Deno.writeTextFile(join(programs, "ffmpeg"), `#!/bin/sh\n${script}\n`);
        await Deno.chmod(join(programs, "ffmpeg"), 0o755);
      };
      // Not permitted, as where none is installed.
      const without = await runAlone("film", ...flags);
      assertEquals(without.code, 1);
      assertMatch(
        without.err,
        /^film: Cannot write WebM: found no program ffmpeg that may be started, .*\n$/,
      );
      await ffmpeg('case "$*" in *-encoders) echo libtheora;; esac');
      assertStringIncludes(
        (await runWithPrograms(programs, ...flags)).err,
        "no encoder libvpx-vp9",
      );
      // Stands for the program: says what it was told, and how many bytes it was given.
      await ffmpeg('case "$*" in *-encoders) echo libvpx-vp9;; *) echo "$*"; wc -c;; esac');
      const made = await runWithPrograms(programs, ...flags);
      assertEquals(made.code, 0, made.err);
      const [told, bytes] = (await Deno.readTextFile(join(folder, name, "film.webm"))).split("\n");
      assertMatch(
        told!,
        /-pixel_format rgba -video_size 660x584 -framerate 8 -i pipe:0 .*libvpx-vp9/,
      );
      assertEquals(Number(bytes), 16 * 660 * 584 * 4);
      await ffmpeg(
        'case "$*" in *-encoders) echo libvpx-vp9;; *) echo "no disk" >&2; exit 1;; esac',
      );
      const failed = await runWithPrograms(programs, ...flags, "--fresh");
      assertEquals(failed.code, 1);
      assertMatch(failed.err, /film: Cannot write WebM: ffmpeg failed: no disk\n$/);
    }),
});
