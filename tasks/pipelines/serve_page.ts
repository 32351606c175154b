/** Serves one page on this machine alone. */

/** Headers of a page that is isolated from all others, and so may share memory with its threads. */
const headers = {
  "Content-Type": "text/html; charset=utf-8",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cache-Control": "no-store",
};

/** Serves a file at 127.0.0.1 until the signal is raised. */
export async function servePage(
  path: string,
  { abort, onListen, port = 0 }: {
    readonly abort: AbortSignal;
    readonly onListen: (address: string) => void | Promise<void>;
    /** 0: any that is free. */
    readonly port?: number;
  },
): Promise<void> {
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port,
    signal: abort,
    onListen: ({ port }) => void onListen(`http://127.0.0.1:${port}/`),
  }, async ({ method, url }) => {
    if (new URL(url).pathname !== "/") return new Response("There is one page, /", { status: 404 });
    if (method !== "GET" && method !== "HEAD") return new Response(null, { status: 405 });
    return new Response(method === "HEAD" ? null : await Deno.readFile(path), { headers });
  });
  await server.finished;
}
