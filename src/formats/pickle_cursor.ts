/** The operands of a pickle's instructions, read one after the other. */
import { DataFormatError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";

/** No number that a file of tensors needs has more digits; longer ones only cost time. */
const longestNumber = 64;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A place in a pickle that moves on as it is read. */
export class PickleCursor {
  /** The whole file. */
  readonly bytes: Uint8Array;
  /** Offset of what is read next. */
  at: number;
  /** Offset of the instruction under way, for messages. */
  instruction: number;
  readonly #view: DataView;
  readonly #source: string;

  /** Begins at `start`. */
  constructor(bytes: Uint8Array, { source, start }: { source: string; start: number }) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#source = source;
    this.at = start;
    this.instruction = start;
  }

  /** Refuses the pickle. */
  fail(problem: string): never {
    throw new DataFormatError(this.#source, problem, this.instruction);
  }

  /** Goes on by `length` bytes; returns where they begin. */
  take(length: number): number {
    if (!(length >= 0 && this.at + length <= this.bytes.length)) this.fail("the pickle is cut off");
    this.at += length;
    return this.at - length;
  }

  /** The next instruction. */
  opcode(): number {
    this.instruction = this.at;
    return this.u8();
  }

  /** One byte. */
  u8(): number {
    return this.bytes[this.take(1)]!;
  }

  /** Two bytes. */
  u16(): number {
    return this.#view.getUint16(this.take(2), true);
  }

  /** Four bytes. */
  u32(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  /** Four bytes with a sign. */
  i32(): number {
    return this.#view.getInt32(this.take(4), true);
  }

  /** Eight bytes. */
  u64(): number {
    return Number(this.#view.getBigUint64(this.take(8), true));
  }

  /** A number of double precision, most significant byte first. */
  f64(): number {
    return this.#view.getFloat64(this.take(8), false);
  }

  /** A copy of the next bytes. */
  view(length: number): Uint8Array {
    return this.bytes.subarray(this.take(length), this.at);
  }

  /** Text in UTF-8. */
  text(length: number): string {
    const from = this.take(length);
    try {
      return utf8.decode(this.bytes.subarray(from, this.at));
    } catch {
      return this.fail("the pickle is damaged: a text is not UTF-8");
    }
  }

  /** Bytes of Python 2, which calls them text: a letter for each. */
  letters(length: number): string {
    return lettersOf(this.bytes.subarray(this.take(length), this.at));
  }

  /** The rest of the line, a letter for each byte. */
  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end < 0) this.fail("the pickle is cut off");
    const found = lettersOf(this.bytes.subarray(this.at, end));
    this.at = end + 1;
    return found;
  }

  /** A whole number of `length` bytes with a sign. */
  long(length: number): number | bigint {
    if (length > longestNumber) {
      this.fail(`a number of ${length} bytes is longer than this reader takes`);
    }
    if (length < 0) this.fail("the pickle is damaged: a number has less than no bytes");
    let value = 0n;
    const begin = this.take(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[begin + i]!);
    return narrow(BigInt.asIntN(8 * length, value));
  }

  /** A whole number as text. */
  decimal(digits: string): number | bigint {
    return digits.length <= longestNumber && /^-?\d+$/.test(digits)
      ? narrow(BigInt(digits))
      : this.#notTaken("number", digits);
  }

  /** A number of the floating kind as text. */
  real(digits: string): number {
    const special = { inf: Infinity, "-inf": -Infinity, nan: NaN }[digits];
    if (special !== undefined) return special;
    return digits.length <= longestNumber && /^-?\d+(\.\d*)?(e[+-]?\d+)?$/.test(digits)
      ? Number(digits)
      : this.#notTaken("number", digits);
  }

  /** A place in the memo as text. */
  memoKey(digits: string): number {
    return /^\d{1,9}$/.test(digits) ? Number(digits) : this.#notTaken("place of a value", digits);
  }

  /** A text in quotes, as Python 2 shows it. */
  quotedText(): string {
    const found = this.line();
    const quote = found[0];
    if (found.length < 2 || !(quote === "'" || quote === '"') || !found.endsWith(quote)) {
      return this.#notTaken("text", found);
    }
    const inner = found.slice(1, -1);
    // Every backslash begins an escape; a lone one has none to begin.
    return inner.replace(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[\s\S]|$)/g, (_, escape: string) => {
      if (escape.length === 3 && escape[0] === "x") {
        return String.fromCharCode(parseInt(escape.slice(1), 16));
      }
      if (/^[0-7]/.test(escape)) return String.fromCharCode(parseInt(escape, 8) & 255);
      return escapes[escape] ?? this.#notTaken("text", found);
    });
  }

  /** A line of text in which only what is not Latin is escaped. */
  rawUnicode(): string {
    return this.line().replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, four, eight) => {
      const code = parseInt(four ?? eight, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : this.#notTaken("letter", eight);
    });
  }

  #notTaken(what: string, found: string): never {
    return this.fail(`${quoted(found, 24)} is no ${what} that this reader takes`);
  }
}

const escapes: Readonly<Record<string, string>> = {
  ...{ "\\": "\\", "'": "'", '"': '"', n: "\n", r: "\r", t: "\t" },
  ...{ a: "\x07", b: "\b", f: "\f", v: "\v" },
};

/** Integers are numbers where that is exact. */
function narrow(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** Letters that one call takes as arguments. */
const lettersAtOnce = 8192;

/** A letter for each byte: nothing is lost, whatever the bytes mean. */
function lettersOf(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += lettersAtOnce) {
    parts.push(String.fromCharCode(...bytes.subarray(at, at + lettersAtOnce)));
  }
  return parts.join("");
}

/** The bytes that {@linkcode lettersOf} made letters of; undefined if other letters are among them. */
export function bytesOfLetters(text: string): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) {
    const letter = text.charCodeAt(i);
    if (letter > 255) return undefined;
    bytes[i] = letter;
  }
  return bytes;
}
