/**
 * Python's pickles, read without running anything.
 *
 * A pickle is a program for a small stack machine. This reader knows the instructions that make plain
 * data; whatever a pickle wants to import, call or build is handed to its caller by name, as data.
 */
import { DataFormatError, isToolkitError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { LimitMeter, type ReadLimits } from "./read_limits.ts";

/**
 * What a name that a pickle imports stands for.
 *
 * @category Formats
 */
export interface PickleGlobal {
  /** Python's full name, such as "collections.OrderedDict". */
  readonly name: string;
  /** What calling it gives; absent: the result is an inert {@linkcode PickledObject}. */
  readonly make?: (args: readonly unknown[]) => unknown;
  /** It is a mere name and must not be called. */
  readonly inert?: true;
}

/**
 * An instance of a class, as its name, arguments and state: nothing of it ever runs.
 *
 * @example
 * ```ts
 * import { PickledObject } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * // What parseTorch gives in place of a module of PyTorch, which it does not run.
 * const module = new PickledObject({ name: "torch.nn.modules.linear.Linear" }, []);
 * assertEquals(module.type.name, "torch.nn.modules.linear.Linear");
 * ```
 *
 * @category Formats
 */
export class PickledObject {
  /** Its class. */
  readonly type: PickleGlobal;
  /** What its constructor was given. */
  readonly args: readonly unknown[];
  /** Its attributes, usually a Map; undefined where the pickle sets none. */
  state: unknown;

  /** Makes an object without state. */
  constructor(type: PickleGlobal, args: readonly unknown[]) {
    this.type = type;
    this.args = args;
  }
}

/** Options of {@linkcode unpickle}. */
export interface UnpickleOptions extends Pick<ReadLimits, "maxItems"> {
  /**
   * Looks up a name that the pickle imports, such as ("os", "system"); undefined refuses the pickle.
   */
  readonly find: (module: string, name: string) => PickleGlobal | undefined;
  /** Turns a persistent id, which stands for data kept elsewhere, into its value. */
  readonly persistent?: (id: unknown) => unknown;
  /** Path, or a name for the bytes, for error messages. */
  readonly source?: string;
  /** Where in the bytes the pickle begins; default 0. */
  readonly start?: number;
}

/** No number that a file of tensors needs has more digits; longer ones only cost time. */
const longestNumber = 64;

/** Values of a pickle: the largest list of scales that is read has a million. */
const usualItems = 2_500_000;
/** A list, dictionary or object takes about as much memory as this many numbers. */
const itemsOfContainer = 16;
const itemsOfText = 4;
/** What each instruction counts: marks, lists, tuples, dictionaries and sets most, texts and places in the memo. */
const itemsOf = new Uint8Array(256).fill(1);
for (const op of "(])}ltd\x85\x86\x87\x8f\x91") itemsOf[op.charCodeAt(0)] = itemsOfContainer;
for (const op of "STUVXBC\x8c\x8d\x8e\x96pqr\x94") itemsOf[op.charCodeAt(0)] = itemsOfText;

/**
 * Reads a pickle of protocol 0 to 5.
 *
 * None is null; integers are numbers, or bigints where they are not safe; lists and tuples are arrays;
 * dictionaries are Maps, sets are Sets; bytes are Uint8Arrays.
 *
 * A value may contain itself, or another many times: whoever walks through it counts its steps.
 *
 * @returns The value, and the offset after the pickle's last byte.
 * @throws ReadLimitError if it makes more than `maxItems` values (2.5 million; a list, dictionary or
 * object counts as 16, a text as 4).
 * @throws DataFormatError if the bytes are no intact pickle, or want a global that `find` does not
 * know: the message has its name.
 */
export function unpickle(
  bytes: Uint8Array,
  { find, persistent, source = "pickle", start = 0, maxItems = usualItems }: UnpickleOptions,
): { readonly value: unknown; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let at = start;
  /** Offset of the instruction under way, for messages. */
  let instruction = start;
  let stack: unknown[] = [];
  const marked: unknown[][] = [];
  const memo = new Map<number, unknown>();
  const items = new LimitMeter("maxItems", { source, what: "the pickle", allowed: maxItems });

  const fail = (problem: string): never => {
    throw new DataFormatError(source, problem, instruction);
  };
  const take = (length: number): number => {
    if (!(length >= 0 && at + length <= bytes.length)) fail("the pickle is cut off");
    at += length;
    return at - length;
  };
  const u8 = () => bytes[take(1)]!;
  const u16 = () => view.getUint16(take(2), true);
  const u32 = () => view.getUint32(take(4), true);
  const u64 = () => Number(view.getBigUint64(take(8), true));
  const slice = (length: number) => bytes.slice(take(length), at);
  const decoded = (from: Uint8Array): string => {
    try {
      return text.decode(from);
    } catch {
      return fail("the pickle is damaged: a text is not UTF-8");
    }
  };
  const string = (length: number) => decoded(bytes.subarray(take(length), at));
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0) fail("the pickle is cut off");
    const found = decoded(bytes.subarray(at, end));
    at = end + 1;
    return found;
  };
  const pop = (): unknown =>
    stack.length > 0 ? stack.pop() : fail("the pickle is damaged: its stack is empty");
  const top = (): unknown =>
    stack.length > 0 ? stack.at(-1) : fail("the pickle is damaged: its stack is empty");
  const popMarked = (): unknown[] => {
    const items = stack;
    stack = marked.pop() ?? fail("the pickle is damaged: a mark is missing");
    return items;
  };
  const popMany = (count: number): unknown[] => {
    if (stack.length < count) fail("the pickle is damaged: its stack is too short");
    return stack.splice(stack.length - count);
  };
  const recall = (key: number): unknown =>
    memo.has(key) ? memo.get(key) : fail(`the pickle is damaged: it recalls ${key}, never stored`);
  const narrow = (value: bigint): number | bigint =>
    Number.isSafeInteger(Number(value)) ? Number(value) : value;
  const notTaken = (what: string, found: string): never =>
    fail(`${quoted(found, 24)} is no ${what} that this reader takes`);
  const decimal = (digits: string): number | bigint =>
    digits.length <= longestNumber && /^-?\d+$/.test(digits)
      ? narrow(BigInt(digits))
      : notTaken("number", digits);
  const real = (digits: string): number => {
    const special = { inf: Infinity, "-inf": -Infinity, nan: NaN }[digits];
    if (special !== undefined) return special;
    return digits.length <= longestNumber && /^-?\d+(\.\d*)?(e[+-]?\d+)?$/.test(digits)
      ? Number(digits)
      : notTaken("number", digits);
  };
  /** Where the memo keeps a value, as text in protocol 0. */
  const memoKey = (digits: string): number =>
    /^\d{1,9}$/.test(digits) ? Number(digits) : notTaken("place of a value", digits);
  const long = (length: number): number | bigint => {
    if (length > longestNumber) {
      fail(`a number of ${length} bytes is longer than this reader takes`);
    }
    if (length < 0) fail("the pickle is damaged: a number has less than no bytes");
    let value = 0n;
    const begin = take(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[begin + i]!);
    return narrow(BigInt.asIntN(8 * length, value));
  };
  const global = (module: unknown, name: unknown): PickleGlobal => {
    if (typeof module !== "string" || typeof name !== "string") {
      return fail("the pickle is damaged: a global's name is no text");
    }
    return find(module, name) ?? fail(
      `it wants ${quoted(`${module}.${name}`)}, which no list of scales and no checkpoint ` +
        "of a supported network needs; it was not run, and the file is refused",
    );
  };
  /** Problems found by the caller's functions are told with the place of the instruction. */
  const guarded = (make: () => unknown): unknown => {
    try {
      return make();
    } catch (error) {
      if (error instanceof DataFormatError || !isToolkitError(error)) throw error;
      return fail((error as Error).message);
    }
  };
  const call = (callable: unknown, args: unknown): unknown => {
    const type = callable as PickleGlobal;
    if (
      typeof type !== "object" || type === null || typeof type.name !== "string" || type.inert ||
      !Array.isArray(args)
    ) return fail("the pickle calls what cannot be called; the file is refused");
    items.take(itemsOfContainer);
    return guarded(() => type.make ? type.make(args) : new PickledObject(type, args));
  };
  const setItems = (pairs: readonly unknown[]) => {
    const target = top();
    if (!(target instanceof Map) || pairs.length % 2 !== 0) {
      return fail("the pickle is damaged: it sets an item of what is no dictionary");
    }
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i];
      // In Python the keys of a dictionary are hashable.
      if (key instanceof Map || key instanceof Set) {
        fail("the pickle is damaged: a dictionary has a dictionary as a key");
      }
      target.set(key, pairs[i + 1]);
    }
  };
  const append = (more: readonly unknown[]) => {
    const target = top();
    if (!Array.isArray(target)) {
      return fail("the pickle is damaged: it appends to what is no list");
    }
    for (const item of more) target.push(item);
  };
  const build = () => {
    const state = pop();
    const target = top();
    if (target instanceof PickledObject) target.state = state;
    // Attributes of an OrderedDict, such as the _metadata of a state dict, say nothing about values.
    else if (!(target instanceof Map)) fail("the pickle sets the state of what has none");
  };
  const quotedText = () => {
    const found = line();
    const quote = found[0];
    return found.length > 1 && (quote === "'" || quote === '"') && found.endsWith(quote) &&
        !found.includes("\\")
      ? found.slice(1, -1)
      : notTaken("text", found);
  };

  for (;;) {
    instruction = at;
    const opcode = u8();
    items.take(itemsOf[opcode]!);
    switch (String.fromCharCode(opcode)) {
      case "\x80": {
        const protocol = u8();
        if (protocol > 5) fail(`the pickle is of protocol ${protocol}, expected 0 to 5`);
        break;
      }
      case "\x95": // FRAME
        take(8);
        break;
      case ".": {
        if (stack.length !== 1 || marked.length > 0) {
          fail("the pickle is damaged: it ends with more or less than one value");
        }
        return { value: stack[0], end: at };
      }
      case "(":
        marked.push(stack);
        stack = [];
        break;
      case "0":
        pop();
        break;
      case "1":
        popMarked();
        break;
      case "2":
        stack.push(top());
        break;
      case "N":
        stack.push(null);
        break;
      case "\x88":
        stack.push(true);
        break;
      case "\x89":
        stack.push(false);
        break;
      case "I": {
        const digits = line();
        stack.push(digits === "00" ? false : digits === "01" ? true : decimal(digits));
        break;
      }
      case "L":
        stack.push(decimal(line().replace("L", "")));
        break;
      case "J":
        stack.push(view.getInt32(take(4), true));
        break;
      case "K":
        stack.push(u8());
        break;
      case "M":
        stack.push(u16());
        break;
      case "\x8a":
        stack.push(long(u8()));
        break;
      case "\x8b":
        stack.push(long(u32()));
        break;
      case "F": {
        stack.push(real(line()));
        break;
      }
      case "G":
        stack.push(view.getFloat64(take(8), false));
        break;
      case "S":
        stack.push(quotedText());
        break;
      case "T":
      case "X":
        stack.push(string(u32()));
        break;
      case "U":
      case "\x8c":
        stack.push(string(u8()));
        break;
      case "\x8d":
        stack.push(string(u64()));
        break;
      case "V": {
        const raw = line();
        stack.push(
          raw.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16))),
        );
        break;
      }
      case "B":
        stack.push(slice(u32()));
        break;
      case "C":
        stack.push(slice(u8()));
        break;
      case "\x8e":
      case "\x96":
        stack.push(slice(u64()));
        break;
      case "]":
      case ")":
        stack.push([]);
        break;
      case "l":
      case "t": {
        const found = popMarked();
        stack.push(found);
        break;
      }
      case "\x85":
        stack.push(popMany(1));
        break;
      case "\x86":
        stack.push(popMany(2));
        break;
      case "\x87":
        stack.push(popMany(3));
        break;
      case "a":
        append(popMany(1));
        break;
      case "e":
        append(popMarked());
        break;
      case "}":
        stack.push(new Map());
        break;
      case "d": {
        const pairs = popMarked();
        stack.push(new Map());
        setItems(pairs);
        break;
      }
      case "s":
        setItems(popMany(2));
        break;
      case "u":
        setItems(popMarked());
        break;
      case "\x8f":
        stack.push(new Set());
        break;
      case "\x90": {
        const more = popMarked();
        const target = top();
        if (!(target instanceof Set)) fail("the pickle is damaged: it adds to what is no set");
        else more.forEach((item) => target.add(item));
        break;
      }
      case "\x91": {
        const found = popMarked();
        stack.push(new Set(found));
        break;
      }
      case "p":
        memo.set(memoKey(line()), top());
        break;
      case "q":
        memo.set(u8(), top());
        break;
      case "r":
        memo.set(u32(), top());
        break;
      case "\x94":
        memo.set(memo.size, top());
        break;
      case "g":
        stack.push(recall(memoKey(line())));
        break;
      case "h":
        stack.push(recall(u8()));
        break;
      case "j":
        stack.push(recall(u32()));
        break;
      case "c": {
        const module = line();
        stack.push(global(module, line()));
        break;
      }
      case "\x93": {
        const [module, name] = popMany(2);
        stack.push(global(module, name));
        break;
      }
      case "i": {
        const module = line();
        const type = global(module, line());
        const args = popMarked();
        stack.push(call(type, args));
        break;
      }
      case "o": {
        const [type, ...args] = popMarked();
        stack.push(call(type, args));
        break;
      }
      case "R":
      case "\x81": {
        const [type, args] = popMany(2);
        stack.push(call(type, args));
        break;
      }
      case "\x92": {
        const [type, args] = popMany(3);
        stack.push(call(type, args));
        break;
      }
      case "b":
        build();
        break;
      case "P":
      case "Q": {
        const id = opcode === 0x50 ? line() : pop();
        if (!persistent) return fail("the pickle refers to data kept elsewhere");
        stack.push(guarded(() => persistent(id)));
        break;
      }
      default:
        fail(`0x${opcode.toString(16).padStart(2, "0")} is no instruction that this reader takes`);
    }
  }
}
