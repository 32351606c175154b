/**
 * Deno's notebook kernel, spoken to as Jupyter does (jupyter-client.readthedocs.io, "Messaging in Jupyter",
 * version 5.3), with nothing installed but Deno.
 */
import { CommandError } from "../../cli/command.ts";
import type { CellOutput } from "./notebook.ts";
import { ZmtpConnection } from "./zmtp.ts";

const separator = "<IDS|MSG>";
const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytesOf = (text: string) => new TextEncoder().encode(text);

interface Message {
  readonly type: string;
  // deno-lint-ignore no-explicit-any
  readonly content: any;
}

/** Media type of what tells that all before it has arrived. */
const markMedia = "application/x-notebook-mark";

/** How long a kernel may take to start, in ms. */
const patience = 30_000;

/** A running kernel. Disposing of it ends it. */
export class NotebookKernel implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #folder: string;
  readonly #key: CryptoKey;
  readonly #connections = new DisposableStack();
  #shell!: ZmtpConnection;
  #news!: ZmtpConnection;
  #requests = 0;

  private constructor(process: Deno.ChildProcess, folder: string, key: CryptoKey) {
    this.#process = process;
    this.#folder = folder;
    this.#key = key;
  }

  /**
   * Starts a kernel.
   *
   * @param options.cwd Folder that it works in: that of the notebook.
   * @throws CommandError if it does not answer within 30 s.
   */
  static async start({ cwd }: { readonly cwd: string }): Promise<NotebookKernel> {
    const folder = await Deno.makeTempDir();
    const ports = freePorts(5);
    const [shell_port, iopub_port, stdin_port, control_port, hb_port] = ports;
    const secret = crypto.randomUUID();
    const file = `${folder}/connection.json`;
    await Deno.writeTextFile(
      file,
      JSON.stringify({
        ...{ transport: "tcp", ip: "127.0.0.1", key: secret, signature_scheme: "hmac-sha256" },
        ...{ shell_port, iopub_port, stdin_port, control_port, hb_port },
      }),
    );
    const process = new Deno.Command(Deno.execPath(), {
      args: ["jupyter", "--kernel", "--conn", file],
      cwd,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey("raw", bytesOf(secret), algorithm, false, ["sign"]);
    const kernel = new NotebookKernel(process, folder, key);
    try {
      await kernel.#connect(shell_port!, iopub_port!);
    } catch (error) {
      await kernel[Symbol.asyncDispose]();
      throw error;
    }
    return kernel;
  }

  async #connect(shell: number, news: number): Promise<void> {
    const until = Date.now() + patience;
    const open = async (kind: "DEALER" | "SUB", port: number) => {
      for (;;) {
        try {
          return this.#connections.use(await ZmtpConnection.open(kind, port));
        } catch (error) {
          if (!(error instanceof Deno.errors.ConnectionRefused) || Date.now() > until) {
            throw new CommandError("Cannot start Deno's notebook kernel: it does not answer", {
              cause: error,
            });
          }
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      }
    };
    this.#shell = await open("DEALER", shell);
    this.#news = await open("SUB", news);
    // News from before the kernel knew of the subscription are lost: ask until some arrive.
    let heard = false;
    const first = this.#receive(this.#news).then(() => heard = true);
    while (!heard && Date.now() < until) {
      await this.#request("kernel_info_request", {});
      await Promise.race([first, new Promise((resolve) => setTimeout(resolve, 200))]);
    }
    if (!heard) throw new CommandError("Cannot start Deno's notebook kernel: it says nothing");
  }

  /**
   * Runs the code of a cell.
   *
   * @returns What it shows, as notebooks keep it; ends with an output of type "error" where it throws. What
   * it prints is left out: the kernel sends that at any time, also after it said that the cell is done.
   */
  async run(code: string): Promise<CellOutput[]> {
    await this.#execute(code, { silent: false });
    // What a cell shows may come after the word that it is done, but before what the next one shows.
    const mark = crypto.randomUUID();
    const shown = { data: { [markMedia]: mark }, metadata: {}, transient: {} };
    await this.#execute(`await Deno.jupyter.broadcast("display_data", ${JSON.stringify(shown)})`, {
      silent: true,
    });
    const outputs: CellOutput[] = [];
    for (;;) {
      const { type, content } = await this.#receive(this.#news);
      if (type === "display_data" && content.data[markMedia] === mark) return outputs;
      const output = outputOf(type, content);
      if (output !== undefined) outputs.push(output);
    }
  }

  /** Asks for code to be run. The kernel runs what it is asked for one after the other. */
  async #execute(code: string, { silent }: { readonly silent: boolean }): Promise<void> {
    await this.#request("execute_request", {
      ...{ code, silent, store_history: !silent, user_expressions: {}, allow_stdin: false },
      stop_on_error: false,
    });
  }

  async #request(type: string, content: unknown): Promise<void> {
    const header = {
      ...{
        msg_id: `request-${++this.#requests}`,
        msg_type: type,
        session: "notebook",
        username: "",
        version: "5.3",
      },
      date: new Date().toISOString(),
    };
    const parts = [header, {}, {}, content].map((part) => bytesOf(JSON.stringify(part)));
    const signed = await new Blob(parts).arrayBuffer();
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", this.#key, signed));
    await this.#shell.send([bytesOf(separator), bytesOf(signature.toHex()), ...parts]);
  }

  async #receive(connection: ZmtpConnection): Promise<Message> {
    const frames = await connection.receive();
    const at = frames.findIndex((frame) => textOf(frame) === separator);
    const [header, , , content] = frames.slice(at + 2).map((frame) => JSON.parse(textOf(frame)));
    return { type: header.msg_type, content };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connections.dispose();
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await Deno.remove(this.#folder, { recursive: true });
  }
}

// deno-lint-ignore no-explicit-any
function outputOf(type: string, content: any): CellOutput | undefined {
  switch (type) {
    case "display_data":
      return { output_type: type, data: content.data, metadata: {} };
    case "execute_result":
      return {
        output_type: type,
        execution_count: content.execution_count,
        data: content.data,
        metadata: {},
      };
    case "error":
      return {
        ...{ output_type: type, ename: content.ename, evalue: content.evalue },
        traceback: content.traceback,
      };
  }
}

/** Ports that nothing listens on now. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}
