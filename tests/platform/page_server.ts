/** A server of one page and the scripts of a folder, on this machine alone. */
import { join } from "@std/path";
import { zooFolder } from "../../src/zoo/zoo_files.ts";

/** What makes a page cross-origin isolated, so that it may share memory with threads. */
const isolation = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

/**
 * The stand-ins that serve `@std/path` where JSR cannot be reached are made of Node's own modules; what
 * comes from JSR needs none.
 */
const nodeModules: Readonly<Record<string, string>> = {
  "node:path": "export const join = (...parts) => parts.join('/');",
  "node:url": "export const fileURLToPath = String; export const pathToFileURL = String;",
};

/** What the wasm backend of TensorFlow.js loads where there is SIMD and it has no threads. */
const tfjsKernels = "tfjs-backend-wasm-simd.wasm";

const page = (program: string) =>
  `<!doctype html><meta charset="utf-8"><title>${program}</title>
<link rel="icon" href="data:,">
<script type="importmap">${
    JSON.stringify({
      imports: Object.fromEntries(
        Object.entries(nodeModules).map(([name, code]) => [
          name,
          `data:text/javascript,${encodeURIComponent(code)}`,
        ]),
      ),
    })
  }</script>
<script type="module" src="/${program}.js"></script>`;

/** Addresses of a program's page. */
export interface PageAddresses {
  /** The page, by the program's name; with isolation, or as servers do without being told. */
  url(program: string, options: { readonly isolated: boolean }): string;
}

/**
 * Lends a server of the bundles in a folder, which ends with the call.
 *
 * @param folder Where `PROGRAM.js` lies.
 * @param use Gets the addresses.
 */
export async function withPages<T>(
  folder: string,
  use: (pages: PageAddresses) => Promise<T>,
): Promise<T> {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === `/${tfjsKernels}`) {
      const kernels = import.meta.resolve(`@tensorflow/tfjs-backend-wasm/dist/${tfjsKernels}`);
      return new Response(await Deno.readFile(new URL(kernels)), {
        headers: { ...isolation, "content-type": "application/wasm" },
      });
    }
    if (/^\/zoo\/[a-z0-9-]+\/[a-z0-9.-]+$/.test(pathname)) {
      const file = new URL(`.${pathname.slice("/zoo".length)}`, zooFolder);
      return new Response(await Deno.readFile(file), { headers: isolation });
    }
    const name = /^\/([a-z_]+)(\.js)?$/.exec(pathname);
    if (name === null) return new Response("not here", { status: 404 });
    const [, program, script] = name;
    // A worker's script must say itself that it is embedded by an isolated page.
    const headers = new Headers(script || searchParams.has("isolated") ? isolation : {});
    headers.set("content-type", script ? "text/javascript" : "text/html");
    const body = script ? await Deno.readFile(join(folder, `${program}.js`)) : page(program!);
    return new Response(body, { headers });
  });
  try {
    return await use({
      url: (program, { isolated }) =>
        `http://127.0.0.1:${server.addr.port}/${program}${isolated ? "?isolated" : ""}`,
    });
  } finally {
    await server.shutdown();
  }
}
