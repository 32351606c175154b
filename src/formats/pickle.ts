/**
 * Python's pickles, read without running anything.
 *
 * A pickle is a program for a small stack machine. This reader knows the instructions that make plain
 * data; whatever a pickle wants to import, call or build is handed to its caller by name, as data.
 */
import { DataFormatError, isToolkitError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { PickleCursor } from "./pickle_cursor.ts";
import {
  attributesOfDictionaries,
  isPickleGlobal,
  PickledObject,
  type PickleGlobal,
} from "./pickled_object.ts";
import { LimitMeter, type ReadLimits } from "./read_limits.ts";

/** Options of {@linkcode unpickle}. */
export interface UnpickleOptions extends Pick<ReadLimits, "maxItems"> {
  /**
   * Looks up a name that the pickle imports, such as ("os", "system"): `{ name }` makes a record of
   * whatever is built with it, undefined refuses the pickle.
   */
  readonly find: (module: string, name: string) => PickleGlobal | undefined;
  /** Turns a persistent id, which stands for data kept elsewhere, into its value. */
  readonly persistent?: (id: unknown) => unknown;
  /** Path, or a name for the bytes, for error messages. */
  readonly source?: string;
  /** Where in the bytes the pickle begins; default 0. */
  readonly start?: number;
  /** Counts items in place of `maxItems`: for pickles within pickles. */
  readonly meter?: LimitMeter | undefined;
}

/** Values of a pickle: the largest list of scales that is read has a million. */
export const usualItems = 2_500_000;
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
  { find, persistent, source = "pickle", start = 0, maxItems = usualItems, meter }: UnpickleOptions,
): { readonly value: unknown; readonly end: number } {
  const cursor = new PickleCursor(bytes, { source, start });
  const fail = (problem: string): never => cursor.fail(problem);
  let stack: unknown[] = [];
  const marked: unknown[][] = [];
  const memo = new Map<number, unknown>();
  const items = meter ??
    new LimitMeter("maxItems", { source, what: "the pickle", allowed: maxItems });

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
    const made = callable instanceof PickledObject;
    // A method or function that another call was to find gives what nobody knows.
    const type = made ? callable.type : callable;
    if (!isPickleGlobal(type) || type.inert || !Array.isArray(args)) {
      return fail("the pickle calls what cannot be called; the file is refused");
    }
    items.take(itemsOfContainer);
    return guarded(() => type.make && !made ? type.make(args) : new PickledObject(type, args));
  };
  const setItems = (pairs: readonly unknown[]) => {
    const target = top();
    if (target instanceof PickledObject) target.entries ??= new Map();
    const entries = target instanceof PickledObject ? target.entries : target;
    if (!(entries instanceof Map) || pairs.length % 2 !== 0) {
      return fail("the pickle is damaged: it sets an item of what is no dictionary");
    }
    for (let i = 0; i < pairs.length; i += 2) {
      const key = pairs[i];
      // In Python the keys of a dictionary are hashable.
      if (key instanceof Map) {
        fail("the pickle is damaged: a dictionary has a dictionary as a key");
      }
      entries.set(key, pairs[i + 1]);
    }
  };
  const append = (more: readonly unknown[]) => {
    const target = top();
    if (target instanceof PickledObject) target.items ??= [];
    const list = target instanceof PickledObject ? target.items : target;
    if (!Array.isArray(list)) {
      return fail("the pickle is damaged: it appends to what is no list");
    }
    for (const item of more) list.push(item);
  };
  const build = () => {
    const state = pop();
    const target = top();
    if (target instanceof PickledObject) target.state = state;
    else if (target instanceof Map) attributesOfDictionaries.set(target, state);
    else fail("the pickle sets the state of what has none");
  };

  for (;;) {
    const opcode = cursor.opcode();
    items.take(itemsOf[opcode]!);
    switch (String.fromCharCode(opcode)) {
      case "\x80": {
        const protocol = cursor.u8();
        if (protocol > 5) fail(`the pickle is of protocol ${protocol}, expected 0 to 5`);
        break;
      }
      case "\x95": // FRAME
        cursor.take(8);
        break;
      case ".": {
        if (stack.length !== 1 || marked.length > 0) {
          fail("the pickle is damaged: it ends with more or less than one value");
        }
        return { value: stack[0], end: cursor.at };
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
        const digits = cursor.line();
        stack.push(digits === "00" ? false : digits === "01" ? true : cursor.decimal(digits));
        break;
      }
      case "L":
        stack.push(cursor.decimal(cursor.line().replace("L", "")));
        break;
      case "J":
        stack.push(cursor.i32());
        break;
      case "K":
        stack.push(cursor.u8());
        break;
      case "M":
        stack.push(cursor.u16());
        break;
      case "\x8a":
        stack.push(cursor.long(cursor.u8()));
        break;
      case "\x8b":
        stack.push(cursor.long(cursor.u32()));
        break;
      case "F":
        stack.push(cursor.real(cursor.line()));
        break;
      case "G":
        stack.push(cursor.f64());
        break;
      case "S":
        stack.push(cursor.quotedText());
        break;
      case "T":
        stack.push(cursor.letters(cursor.u32()));
        break;
      case "U":
        stack.push(cursor.letters(cursor.u8()));
        break;
      case "X":
        stack.push(cursor.text(cursor.u32()));
        break;
      case "\x8c":
        stack.push(cursor.text(cursor.u8()));
        break;
      case "\x8d":
        stack.push(cursor.text(cursor.u64()));
        break;
      case "V":
        stack.push(cursor.rawUnicode());
        break;
      case "B":
        stack.push(cursor.view(cursor.u32()));
        break;
      case "C":
        stack.push(cursor.view(cursor.u8()));
        break;
      case "\x8e":
      case "\x96":
        stack.push(cursor.view(cursor.u64()));
        break;
      case "]":
      case ")":
        stack.push([]);
        break;
      case "l":
      case "t": {
        // It changes the stack.
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
        if (target instanceof Set) more.forEach((item) => target.add(item));
        else if (target instanceof PickledObject) append(more);
        else fail("the pickle is damaged: it adds to what is no set");
        break;
      }
      case "\x91": {
        const found = popMarked();
        stack.push(new Set(found));
        break;
      }
      case "p":
        memo.set(cursor.memoKey(cursor.line()), top());
        break;
      case "q":
        memo.set(cursor.u8(), top());
        break;
      case "r":
        memo.set(cursor.u32(), top());
        break;
      case "\x94":
        memo.set(memo.size, top());
        break;
      case "g":
        stack.push(recall(cursor.memoKey(cursor.line())));
        break;
      case "h":
        stack.push(recall(cursor.u8()));
        break;
      case "j":
        stack.push(recall(cursor.u32()));
        break;
      case "c": {
        const module = cursor.line();
        stack.push(global(module, cursor.line()));
        break;
      }
      case "\x93": {
        const [module, name] = popMany(2);
        stack.push(global(module, name));
        break;
      }
      case "i": {
        const module = cursor.line();
        const type = global(module, cursor.line());
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
        const id = opcode === 0x50 ? cursor.line() : pop();
        if (!persistent) return fail("the pickle refers to data kept elsewhere");
        stack.push(guarded(() => persistent(id)));
        break;
      }
      default:
        fail(`0x${opcode.toString(16).padStart(2, "0")} is no instruction that this reader takes`);
    }
  }
}
