/** `deno task data` as a user runs it, against a server on this machine. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { fashionMnistSource } from "../../src/datasets/fashion_mnist_files.ts";
import { kindOf } from "../../src/datasets/open_files.ts";
import { datasetNames } from "../../src/datasets/registry_files.ts";
import { encodePng } from "../../src/formats/png.ts";
import { inFolder } from "../datasets/folder.ts";

const root = fromFileUrl(new URL("../..", import.meta.url));

function spawn(task: string, args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-q", "--no-prompt", "--no-check", "-R", "-W", "-N", "--allow-env"],
      ...[join(root, `tasks/${task}.ts`), ...args],
    ],
    cwd: root,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function finish(child: Deno.ChildProcess) {
  const { code, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}

const run = (...args: string[]) => finish(spawn("data", args));

/** Serves files of the published names, one for the whole of it, in slow pieces. */
async function withMirror(
  answer: (name: string, from: number) => Response,
  use: (mirror: string, requests: string[]) => Promise<void>,
) {
  const requests: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const name = new URL(request.url).pathname.split("/").at(-1)!;
      const from = Number(request.headers.get("range")?.match(/\d+/)?.[0] ?? 0);
      requests.push(`${name} ${from}`);
      return answer(name, from);
    },
  );
  try {
    await use(`http://127.0.0.1:${server.addr.port}/set/`, requests);
  } finally {
    await server.shutdown();
  }
}

Deno.test("data: without a name it lists every data set with where it lies", async () => {
  const { code, out, err } = await run();
  assertEquals(code, 0, err);
  for (const name of datasetNames) assertMatch(out, new RegExp(`^${name} `, "m"));
  assertStringIncludes(out, "deno task data NAME");
});

Deno.test("data: what cannot be done is one line that says what to do", async () => {
  await inFolder(async (folder) => {
    const archive = join(folder, "img_align_celeba.zip");
    await Deno.writeFile(archive, new Uint8Array(1000));
    const cases: [string[], RegExp][] = [
      [["cifar"], /"cifar", expected one of .*; did you mean cifar10\?/],
      [["--from", folder], /--from needs the NAME/],
      [["folder"], /is named with --from/],
      [["cifar10", "--from", "a", "--mirror", "http://b"], /exclude each other/],
      [["cifar10", "--mirror", "b"], /--mirror is "b", expected an http\(s\) address/],
      [["cifar10", "--from", join(folder, "none")], /there is no such path/],
      [["cifar10", "--from", folder], /no cifar-10-binary.tar.gz in it/],
      [["celeba", "--from", archive], /truncated: 1000 bytes, expected 1443490838/],
      [["celeba"], /1.44 GB.*download img_align_celeba.zip .*--from PATH/],
    ];
    for (const [args, expected] of cases) {
      const { code, err } = await run(...args, "--into", join(folder, "into"), "--quiet");
      assertEquals(code, 1, `${args}: ${err}`);
      assertEquals(err.trim().split("\n").length, 1, err);
      assertMatch(err, expected, args.join(" "));
    }
  });
});

Deno.test("data: a folder of images is looked through, parts, classes and what cannot be read", async () => {
  await inFolder(async (folder) => {
    const png = encodePng({ data: new Float32Array(4), shape: [1, 2, 2, 1] });
    for (const part of ["Train/a", "Train/b", "Test"]) {
      await Deno.mkdir(join(folder, part), { recursive: true });
      await Deno.writeFile(join(folder, part, "1.png"), png);
    }
    await Deno.writeFile(join(folder, "Test/2.png"), png.slice(0, 30));
    await Deno.writeFile(join(folder, "Test/3.gif"), png);
    const { code, out, err } = await run("folder", "--from", folder);
    assertEquals([code, err], [0, ""]);
    assertEquals(out.trim().split("\n").slice(1), [
      "  train (Train): 2 images, 2 classes: a 1, b 1",
      "  test (Test): 2 images, no classes",
      "  left out: 1 picture of formats that are not read (.gif 1)",
      "  left out: 1 file that cannot be read:",
      `    ${folder}/Test/2.png: not a whole PNG: truncated in its chunk IHDR (at byte 30)`,
      "  read: 3 images of 2 x 2; gray",
    ]);
  });
});

Deno.test("data: license and size come first; 404 and a foreign file are told, nothing looks finished", async () => {
  await withMirror(() => new Response("none", { status: 404 }), async (mirror) => {
    await inFolder(async (folder) => {
      const { code, out, err } = await run("cifar10", "--mirror", mirror, "--into", folder);
      assertEquals(code, 1);
      assertMatch(out, /License: none stated[^]*From: .*\(170 MB\)\nTo: /);
      assertStringIncludes(err, "the server answers 404 Not Found; fetch cifar-10-binary.tar.gz");
      assertEquals([...Deno.readDirSync(folder)], []);
    });
  });
  await withMirror(() => new Response("foreign"), async (mirror) => {
    await inFolder(async (folder) => {
      const { code, err } = await run("fashion-mnist", "--mirror", mirror, "--into", folder);
      assertEquals(code, 1);
      assertStringIncludes(err, "another file of 7 bytes, expected 26421880");
      assertEquals([...Deno.readDirSync(folder)], []);
    });
  });
});

Deno.test({
  name: "data: Ctrl-C keeps what came, the same command goes on, a wrong checksum is refused",
  ignore: Deno.build.os === "windows", // no SIGINT to send there
  async fn() {
    const { name, bytes } = fashionMnistSource.archive!.files[0]!;
    let slow = true;
    const answer = (_: string, from: number) => {
      let left = bytes - from;
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          if (left === 0) return controller.close();
          const size = Math.min(left, slow ? 10_000 : 1_000_000);
          if (slow) await new Promise((resolve) => setTimeout(resolve, 20));
          controller.enqueue(new Uint8Array(size));
          left -= size;
        },
      });
      const status = from > 0 ? 206 : 200;
      const range = `bytes ${from}-${bytes - 1}/${bytes}`;
      return new Response(body, { status, headers: { "content-range": range } });
    };
    await withMirror(answer, (mirror, requests) =>
      inFolder(async (folder) => {
        const args = ["fashion-mnist", "--mirror", mirror, "--into", folder];
        const part = join(folder, `${name}.part`);
        const child = spawn("data", args);
        const here = async () => (await Deno.stat(part).catch(() => undefined))?.size ?? 0;
        while (await here() < 50_000) await new Promise((resolve) => setTimeout(resolve, 20));
        child.kill("SIGINT");
        const stopped = await finish(child);
        assertEquals(stopped.code, 130, stopped.err);
        const size = await here();
        assert(size >= 50_000 && size < bytes, `${size} bytes are here`);

        slow = false;
        const { code, err } = await run(...args);
        assertEquals(code, 1);
        // Zeros are not FashionMNIST: first the resumed file, then the whole one is refused.
        assertEquals(requests, [`${name} 0`, `${name} ${size}`, `${name} 0`]);
        assertStringIncludes(err, `Going on after ${size.toLocaleString("en")} bytes`);
        assertMatch(
          err,
          /its MD5 is .*, expected 8d4fb7e6c68d591d4c3dfef9ec88bf0d, and was removed/,
        );
        assertEquals([...Deno.readDirSync(folder)], []);
      }));
  },
});

const debian = "/usr/share/datasets/fashion-mnist";
const installed = await kindOf(debian) === "folder";
Deno.test({
  name: `data: found where Debian put it, it needs no fetching${
    installed ? "" : " (left out: Debian's dataset-fashion-mnist is not installed)"
  }`,
  ignore: !installed,
  async fn() {
    const { code, out, err } = await run();
    assertEquals(code, 0, err);
    assertMatch(out, /fashion-mnist +\/(usr\/share\/datasets\/fashion-mnist|.*data\/downloads)/);
    assertStringIncludes((await run("fashion-mnist")).out, "Nothing to fetch: 60,000 train and 10");
    await inFolder(async (folder) => {
      const train = await finish(spawn("train", [
        ...["--dataset", "fashion-mnist", "--images", "20", "--colors", "rgb", "--size", "16"],
        ...["--width", "8", "--layers", "1", "--batch-size", "4", "--steps", "2", "--shards", "1"],
        ...["--backend", "wasm", "--out", folder],
      ]));
      assertEquals(train.code, 0, train.err);
      assertStringIncludes(train.err, "20 images of fashion-mnist");
      const weights = join(folder, "00001-train-fashion-mnist-resnet-8x1");
      const calibrate = (...args: string[]) =>
        finish(spawn("calibrate", [
          ...["--run", weights, "--scales", "3,5", "--steps", "2", "--samples", "1", "--quiet"],
          ...["--backend", "wasm", "--out", folder, ...args],
        ]));
      const calibrated = await calibrate();
      assertEquals(calibrated.code, 0, calibrated.err);
      // The test images under the names of the training images are not what it was trained on.
      const other = join(folder, "other");
      await Deno.mkdir(other);
      for (const kind of ["images-idx3", "labels-idx1"]) {
        const name = (part: string) => `${part}-${kind}-ubyte.gz`;
        await Deno.copyFile(join(debian, name("t10k")), join(other, name("train")));
      }
      const mixed = await calibrate("--from", other);
      assertEquals(mixed.code, 1);
      assertMatch(mixed.err, /are not those that .* was trained on .* --dataset fashion-mnist/);
    });
  },
});
