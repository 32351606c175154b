import v8 from "node:v8";
import vm from "node:vm";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { DataFormatError } from "../../src/core/errors.ts";
import { sha256Hex } from "../../src/core/sha256.ts";
import {
  download,
  DownloadError,
  type DownloadOptions,
} from "../../src/datasets/download_files.ts";
import { kindOf } from "../../src/datasets/open_files.ts";
import type { OfficialFile } from "../../src/datasets/source.ts";
import { inFolder } from "./folder.ts";

const content = Uint8Array.from({ length: 5000 }, (_, i) => (i * 37 + (i >> 8)) % 256);
const file: OfficialFile = {
  name: "set.bin",
  bytes: content.length,
  checksum: { algorithm: "sha256", hex: await sha256Hex(content) },
};

type Answer = (range: number | undefined, request: Request) => Response | Promise<Response>;

/** Answers a request for the bytes from `range` on as a good server does. */
const good: Answer = (range) =>
  range === undefined ? new Response(content) : new Response(content.subarray(range), {
    status: 206,
    headers: { "content-range": `bytes ${range}-${content.length - 1}/${content.length}` },
  });

/** Sends `count` bytes of an answer, then breaks the connection or leaves it hanging. */
const cutAfter = (count: number, { hang = false } = {}): Answer => async (range, request) => {
  const whole = await good(range, request);
  const bytes = new Uint8Array(await whole.arrayBuffer()).subarray(0, count);
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      // Breaking at once would take the bytes back.
      if (!hang) setTimeout(() => controller.close(), 30);
    },
  });
  const headers = new Headers(whole.headers);
  headers.delete("content-length");
  return new Response(body, { status: whole.status, headers });
};

interface Site {
  readonly path: string;
  readonly ranges: (number | undefined)[];
  readonly notes: string[];
  fetch(options?: Partial<DownloadOptions>, wanted?: OfficialFile): Promise<"kept" | "fetched">;
}

/** A folder and a server that gives the n-th answer to the n-th request, the last one for ever. */
async function withSite(answers: readonly Answer[], use: (site: Site) => Promise<void>) {
  const ranges: (number | undefined)[] = [];
  const notes: string[] = [];
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {}, onError: () => new Response(null) },
    (request) => {
      const range = request.headers.get("range")?.match(/^bytes=(\d+)-$/)?.[1];
      ranges.push(range === undefined ? undefined : Number(range));
      const answer = answers[Math.min(ranges.length, answers.length) - 1]!;
      return answer(ranges.at(-1), request);
    },
  );
  try {
    await inFolder(async (folder) => {
      const path = join(folder, file.name);
      const url = `http://127.0.0.1:${server.addr.port}/${file.name}`;
      const onNote = (text: string) => notes.push(text);
      await use({
        path,
        ranges,
        notes,
        fetch: (options, wanted = file) =>
          download(wanted, { url, path, onNote, pauseMs: 1, ...options }),
      });
    });
  } finally {
    await server.shutdown();
  }
}

Deno.test("download: a file comes whole under its name, and is not fetched twice", () =>
  withSite([good], async ({ path, ranges, fetch }) => {
    const seen: number[] = [];
    assertEquals(await fetch({ onProgress: (bytes) => seen.push(bytes) }), "fetched");
    assertEquals(await Deno.readFile(path), content);
    assertEquals(seen.at(-1), content.length);
    assertEquals(await kindOf(`${path}.part`), undefined);
    assertEquals(await fetch(), "kept");
    assertEquals(ranges, [undefined]);
    // What is there under the name but is not the file is fetched again.
    await Deno.writeFile(path, content.with(99, content[99]! ^ 1));
    assertEquals(await fetch(), "fetched");
    assertEquals(await Deno.readFile(path), content);
  }));

Deno.test("download: what an earlier call left is gone on with", () =>
  withSite([good], async ({ path, ranges, notes, fetch }) => {
    await Deno.writeFile(`${path}.part`, content.subarray(0, 1234));
    await fetch();
    assertEquals(ranges, [1234]);
    assertStringIncludes(notes.join(), "after 1,234 bytes");
    assertEquals(await Deno.readFile(path), content);
    // All bytes were there, only the name was missing.
    await Deno.rename(path, `${path}.part`);
    await fetch();
    assertEquals(ranges, [1234]);
    assertEquals(await Deno.readFile(path), content);
  }));

Deno.test("download: a server without ranges, or whose ranges do not fit, makes it begin anew", async () => {
  const whole: Answer = () => new Response(content);
  const elsewhere: Answer = () =>
    new Response(content.subarray(7), {
      status: 206,
      headers: { "content-range": "bytes 7-4999/5000" },
    });
  const refuses: Answer = () => new Response(null, { status: 416 });
  for (const answers of [[whole], [elsewhere, good], [refuses, good]]) {
    await withSite(answers, async ({ path, ranges, fetch }) => {
      await Deno.writeFile(`${path}.part`, content.subarray(0, 1000));
      await fetch();
      assertEquals(ranges, answers.length === 1 ? [1000] : [1000, undefined]);
      assertEquals(await Deno.readFile(path), content);
    });
  }
});

Deno.test("download: a wrong beginning is noticed by the checksum and replaced", () =>
  withSite([good], async ({ path, ranges, notes, fetch }) => {
    await Deno.writeFile(`${path}.part`, new Uint8Array(1000));
    await fetch();
    assertEquals(ranges, [1000, undefined]);
    assertStringIncludes(notes.join(), "fetching it from the beginning");
    assertEquals(await Deno.readFile(path), content);
    await Deno.remove(path);
    await Deno.writeFile(`${path}.part`, new Uint8Array(6000));
    await fetch();
    assertEquals(await Deno.readFile(path), content);
  }));

Deno.test("download: a wrong checksum is a DataFormatError, and nothing is left", async () => {
  for (const algorithm of ["md5", "sha256"] as const) {
    const wrong = { ...file, checksum: { algorithm, hex: "0".repeat(32) } };
    await withSite([good], async ({ path, ranges, fetch }) => {
      const name = algorithm === "md5" ? "its MD5 is" : "its SHA-256 is";
      await assertRejects(() => fetch({}, wrong), DataFormatError, name);
      assertEquals(ranges.length, 1);
      assertEquals([await kindOf(path), await kindOf(`${path}.part`)], [undefined, undefined]);
    });
  }
});

Deno.test("download: connections that break are gone on with; without progress it gives up and keeps what came", async () => {
  await withSite([cutAfter(1500)], async ({ path, ranges, fetch }) => {
    await fetch({ attempts: 2 });
    assertEquals(ranges, [undefined, 1500, 3000, 4500]);
    assertEquals(await Deno.readFile(path), content);
  });
  await withSite([cutAfter(1500), cutAfter(0)], async ({ path, ranges, fetch }) => {
    const message = "ended after 1500 bytes; the same command goes on from there";
    await assertRejects(() => fetch({ attempts: 3 }), DownloadError, message);
    assertEquals(ranges, [undefined, 1500, 1500]);
    assertEquals(await Deno.readFile(`${path}.part`), content.slice(0, 1500));
    assertEquals(await kindOf(path), undefined);
  });
});

Deno.test("download: a connection that falls silent is broken off and taken up again", () =>
  withSite([cutAfter(700, { hang: true }), good], async ({ path, ranges, notes, fetch }) => {
    await fetch({ stallMs: 100 });
    assertEquals(ranges, [undefined, 700]);
    assertStringIncludes(notes.join(), "nothing came for 0.1 s");
    assertEquals(await Deno.readFile(path), content);
  }));

Deno.test("download: 404 is told at once, a busy server is asked again", async () => {
  const status = (code: number): Answer => () => new Response("no", { status: code });
  await withSite([status(404)], async ({ path, ranges, fetch }) => {
    const error = await assertRejects(() => fetch(), DownloadError, "the server answers 404");
    assertStringIncludes(error.message, "/set.bin: ");
    assertStringIncludes(error.message, "; fetch set.bin by another way and name it with `from`");
    assertEquals(ranges.length, 1);
    assertEquals(await kindOf(`${path}.part`), undefined);
  });
  await withSite([status(503), status(429), good], async ({ path, fetch }) => {
    await fetch();
    assertEquals(await Deno.readFile(path), content);
  });
  await withSite([status(500)], async ({ path, ranges, fetch }) => {
    await assertRejects(() => fetch({ attempts: 3 }), DownloadError, "the server answers 500");
    assertEquals(ranges.length, 3);
    assertEquals(await kindOf(`${path}.part`), undefined);
  });
});

Deno.test("download: a file of another size is refused, announced or not", async () => {
  const other = new Uint8Array(4000);
  const short: Answer = () => new Response(other);
  await withSite([short], async ({ fetch }) => {
    await assertRejects(() => fetch(), DownloadError, "another file of 4000 bytes, expected 5000");
  });
  const range: Answer = () =>
    new Response(other, { status: 206, headers: { "content-range": "bytes 1000-4999/9000" } });
  await withSite([range], async ({ path, fetch }) => {
    await Deno.writeFile(`${path}.part`, content.subarray(0, 1000));
    await assertRejects(() => fetch(), DownloadError, "another file of 9000 bytes");
  });
  const endless: Answer = () =>
    new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(900)) }),
    );
  await withSite([endless], async ({ fetch }) => {
    await assertRejects(() => fetch(), DownloadError, "longer than the 5000 bytes expected");
  });
});

Deno.test("download: stopped in the middle it keeps what came, and goes on the next time", () =>
  withSite([cutAfter(2000, { hang: true }), good], async ({ path, ranges, fetch }) => {
    const stop = new AbortController();
    const onProgress = () => stop.abort(new DOMException("Interrupted", "AbortError"));
    const error = await fetch({ abort: stop.signal, onProgress }).catch((error) => error);
    assert(error === stop.signal.reason, String(error));
    assertEquals((await Deno.stat(`${path}.part`)).size, 2000);
    await assertRejects(() => fetch({ abort: stop.signal }));
    assertEquals(ranges.length, 1);
    await fetch();
    assertEquals(ranges, [undefined, 2000]);
    assertEquals(await Deno.readFile(path), content);
  }));

Deno.test("download: two processes do not write to one file", () =>
  withSite([cutAfter(2000, { hang: true })], async ({ fetch }) => {
    const stop = new AbortController();
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const first = fetch({ abort: stop.signal, onProgress: () => resolve() }).catch(() => {});
    await begun;
    await assertRejects(() => fetch(), DownloadError, "another process is fetching");
    stop.abort();
    await first;
  }));

Deno.test("download: a server that is not there is named with the reason", () =>
  inFolder(async (folder) => {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response(null),
    );
    const { port } = server.addr;
    await server.shutdown();
    const url = `http://127.0.0.1:${port}/set.bin`;
    const path = join(folder, "set.bin");
    const asking = () => download(file, { url, path, attempts: 2, pauseMs: 1 });
    const error = await assertRejects(asking, DownloadError, `Cannot fetch ${url}: `);
    assertStringIncludes(error.message.toLowerCase(), "connection refused");
    assertEquals(await kindOf(`${path}.part`), undefined);
  }));

Deno.test("download: redirections are followed on the same server, another one is named", async () => {
  const to = (location: string): Answer => () =>
    new Response(null, { status: 302, headers: { location } });
  await withSite([to("elsewhere.bin"), good], async ({ path, ranges, fetch }) => {
    await fetch();
    assertEquals(ranges.length, 2);
    assertEquals(await Deno.readFile(path), content);
  });
  for (
    const [location, message] of [
      [
        "http://127.0.0.1:9/a/set.bin",
        "sends to another, http://127.0.0.1:9; if you trust that one",
      ],
      ["https://example.org/set.bin", "name the folder there with `mirror: https://example.org/`"],
      ["file:///etc/passwd", "sends to another, null"],
      ["http://[", "sends around in circles"],
      ["set.bin", "sends around in circles"],
    ] as const
  ) {
    await withSite([to(location)], async ({ path, fetch }) => {
      await assertRejects(() => fetch(), DownloadError, message);
      assertEquals(await kindOf(`${path}.part`), undefined);
    });
  }
});

Deno.test("download: a server that always breaks off after a byte is given up", () =>
  withSite([cutAfter(1)], async ({ ranges, fetch }) => {
    await assertRejects(
      () => fetch({ pauseMs: 0, maxBroken: 9 }),
      DownloadError,
      "the connection ended after",
    );
    assertEquals(ranges.length, 9);
  }));

Deno.test("download: it is stopped also after memory has been tidied up", () => {
  const endless: Answer = () => {
    const drip = async (controller: ReadableStreamDefaultController) => {
      await new Promise((resolve) => setTimeout(resolve, 10));
      controller.enqueue(new Uint8Array(1));
    };
    return new Response(new ReadableStream({ pull: drip }));
  };
  return withSite([endless], async ({ fetch }) => {
    const stop = new AbortController();
    const fetching = fetch({ abort: stop.signal });
    await new Promise((resolve) => setTimeout(resolve, 300));
    v8.setFlagsFromString("--expose-gc");
    (vm.runInNewContext("gc") as () => void)();
    await new Promise((resolve) => setTimeout(resolve, 300));
    stop.abort(new DOMException("Interrupted", "AbortError"));
    const start = performance.now();
    await assertRejects(() => fetching, DOMException, "Interrupted");
    // The 5,000 bytes would take a minute.
    assert(performance.now() - start < 10_000, `${performance.now() - start} ms`);
  });
});
