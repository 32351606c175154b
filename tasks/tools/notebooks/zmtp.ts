/**
 * A client of ZeroMQ's protocol, ZMTP 3.0 without authentication (rfc.zeromq.org/spec/23), as far as talking
 * to a notebook kernel takes: messages of several frames over one connection.
 */
import { CommandError } from "../../cli/command.ts";

/** Kinds of sockets that a client of a kernel needs. */
export type SocketKind = "DEALER" | "SUB";

const [more, long, command] = [1, 2, 4];
const greetingBytes = 64;

/** A connection to one socket. */
export class ZmtpConnection implements Disposable {
  readonly #stream: Deno.TcpConn;
  /** What was received and not yet read. */
  #waiting = new Uint8Array(0);

  private constructor(stream: Deno.TcpConn) {
    this.#stream = stream;
  }

  /**
   * Connects and shakes hands.
   *
   * @throws Deno.errors.ConnectionRefused if nothing listens.
   * @throws CommandError if what answers speaks another protocol.
   */
  static async open(kind: SocketKind, port: number): Promise<ZmtpConnection> {
    const connection = new ZmtpConnection(await Deno.connect({ hostname: "127.0.0.1", port }));
    try {
      await connection.#greet(kind);
    } catch (error) {
      connection[Symbol.dispose]();
      throw error;
    }
    return connection;
  }

  async #greet(kind: SocketKind): Promise<void> {
    const greeting = new Uint8Array(greetingBytes);
    greeting.set([0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 3, 0]);
    greeting.set(encode("NULL"), 12);
    await this.#write(greeting);
    const theirs = await this.#take(greetingBytes);
    if (theirs[0] !== 0xff || theirs[9] !== 0x7f || theirs[10]! < 3) {
      throw new CommandError("Cannot talk to the kernel: it does not speak ZMTP 3");
    }
    const name = encode("Socket-Type"), value = encode(kind);
    const ready = [5, ...encode("READY"), name.length, ...name, 0, 0, 0, value.length, ...value];
    await this.#write(Uint8Array.of(command, ready.length, ...ready));
    await this.#readFrame();
    // A message that begins with 1 asks for all that begin with the rest of it: for everything.
    if (kind === "SUB") await this.send([Uint8Array.of(1)]);
  }

  /** Sends the frames of one message. */
  async send(frames: readonly Uint8Array[]): Promise<void> {
    for (const [i, frame] of frames.entries()) {
      const flags = i < frames.length - 1 ? more : 0;
      if (frame.length < 256) {
        await this.#write(Uint8Array.of(flags, frame.length, ...frame));
        continue;
      }
      const whole = new Uint8Array(9 + frame.length);
      whole[0] = flags | long;
      new DataView(whole.buffer).setBigUint64(1, BigInt(frame.length));
      whole.set(frame, 9);
      await this.#write(whole);
    }
  }

  /**
   * Waits for a message.
   *
   * @returns Its frames.
   * @throws CommandError if the other side hangs up.
   */
  async receive(): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    for (;;) {
      const { flags, body } = await this.#readFrame();
      // Such as heartbeats, which need no answer here.
      if (flags & command) continue;
      frames.push(body);
      if (!(flags & more)) return frames;
    }
  }

  async #readFrame(): Promise<{ readonly flags: number; readonly body: Uint8Array }> {
    const flags = (await this.#take(1))[0]!;
    const size = flags & long
      ? Number(new DataView((await this.#take(8)).buffer).getBigUint64(0))
      : (await this.#take(1))[0]!;
    return { flags, body: await this.#take(size) };
  }

  /** The next bytes, as an array of their own. */
  async #take(count: number): Promise<Uint8Array<ArrayBuffer>> {
    const taken = new Uint8Array(count);
    for (let filled = 0; filled < count;) {
      if (this.#waiting.length === 0) {
        const chunk = new Uint8Array(65_536);
        const read = await this.#stream.read(chunk);
        if (read === null) throw new CommandError("Cannot talk to the kernel: it hung up");
        this.#waiting = chunk.subarray(0, read);
      }
      const part = this.#waiting.subarray(0, count - filled);
      taken.set(part, filled);
      filled += part.length;
      this.#waiting = this.#waiting.subarray(part.length);
    }
    return taken;
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let written = 0; written < bytes.length;) {
      written += await this.#stream.write(bytes.subarray(written));
    }
  }

  [Symbol.dispose](): void {
    this.#stream.close();
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
