/**
 * PyTorch's `.pt` files: a zip archive of a pickle and of the storages that it refers to, or, before
 * PyTorch 1.6, pickles and storages one after the other. Nothing in a file is ever run.
 */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { oneLine, quoted } from "../core/quoted.ts";
import { unpickle, usualItems } from "./pickle.ts";
import { isDangerous } from "./pickle_dangers.ts";
import { isPickleGlobal, PickledObject, type PickleGlobal } from "./pickled_object.ts";
import { bytesFor, LimitMeter, type ReadLimits } from "./read_limits.ts";
import { elementBytes } from "./tensor_bytes.ts";
import { isTorch } from "./torch_magic.ts";
import { storageType, torchGlobals, type TorchStorage, unreadableBytes } from "./torch_globals.ts";
import { readZipDirectory, readZipEntry } from "./zip.ts";

/**
 * Options of {@linkcode parseTorch}.
 *
 * @category Formats
 */
export interface ParseTorchOptions extends Pick<ReadLimits, "maxItems"> {
  /**
   * Most bytes that its tensors and what is unpacked may need in memory, whatever a file claims. Default
   * 32 MiB and 16 times the size of the file.
   */
  readonly maxBytes?: number | undefined;
}

/**
 * Reads what `torch.save` wrote.
 *
 * Tensors (any strides, shared storages) become {@linkcode StoredTensor}s, lists and tuples arrays,
 * dictionaries Maps; everything else, whole modules among it, inert records ({@linkcode PickledObject}) of
 * name, arguments and state. Parameters are plain tensors.
 *
 * @example
 * ```ts
 * import { parseTorch, writeTorchList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(parseTorch(writeTorchList([3, 5]), "scales.pt"), [3, 5]);
 * ```
 *
 * @param source Path, or a name for the bytes, for error messages.
 * Modules and lists may be shared, or contain themselves: `torchStateDict` and `numberTable` count their steps.
 *
 * @throws ReadLimitError if tensors need more than `maxBytes`, or it makes more than `maxItems` values.
 * @throws DataFormatError if the bytes are truncated or damaged, a tensor lies outside its storage, or all that
 * the file holds is something that nothing can be read from, such as a call of `os.system`: the message
 * names it.
 * @category Formats
 */
export function parseTorch(
  bytes: Uint8Array,
  source = "pt",
  options: ParseTorchOptions = {},
): unknown {
  return usable(parseFile(bytes, readingOf(bytes, source, options)), source);
}

/** What is counted for a file and for all that stands within it. */
interface Reading {
  readonly source: string;
  /** Bytes of tensors, and of what is unpacked. */
  readonly memory: LimitMeter;
  /** Values of its pickles. */
  readonly items: LimitMeter;
  /** Levels of files of `torch.save` within pickles within files. */
  readonly depth: number;
}

/** A storage within a pickle is a file of its own; nobody has one within that again. */
const deepestFile = 3;

/** The counters for a file. */
function readingOf(bytes: Uint8Array, source: string, options: ParseTorchOptions): Reading {
  const { maxBytes = bytesFor(bytes.length), maxItems = usualItems } = options;
  return {
    source,
    memory: new LimitMeter("maxBytes", { source, what: "the file", allowed: maxBytes }),
    items: new LimitMeter("maxItems", { source, what: "the file", allowed: maxItems }),
    depth: 0,
  };
}

/** The names that a pickle may import; files within it count as it does. */
const globalsOf = (reading: Reading) =>
  torchGlobals({
    memory: reading.memory,
    load(bytes) {
      if (reading.depth >= deepestFile) {
        throw new ArgumentError(`files stand within files more than ${deepestFile} levels deep`);
      }
      // The same bytes can be read again and again.
      reading.memory.take(bytes.length);
      return parseFile(bytes, { ...reading, depth: reading.depth + 1 });
    },
  });

function parseFile(bytes: Uint8Array, reading: Reading): unknown {
  if (!isTorch(bytes)) {
    const problem = "the file does not begin as those of torch.save do";
    throw new DataFormatError(reading.source, problem, 0);
  }
  return bytes[0] === 0x50 ? parseZip(bytes, reading) : parseLegacy(bytes, reading);
}

/**
 * Whether bytes begin as a Python pickle that stands alone, as `pickle.dump` writes it.
 *
 * @example
 * ```ts
 * import { isPickle } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isPickle(Uint8Array.of(0x80, 4, 0x4e, 0x2e)), true);
 * ```
 *
 * @category Formats
 */
export function isPickle(bytes: Uint8Array): boolean {
  if (isTorch(bytes)) return false;
  if (bytes[0] === 0x80) return bytes[1]! >= 2 && bytes[1]! <= 5;
  // The first protocols have no magic: the start of a dictionary, list, tuple or object, and its place.
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  return /^(\([dlt]p?\d*\n|\}q|\]q|c(copy_reg|copyreg|numpy)|\(i[\w.]+\n)/.test(start);
}

/**
 * Reads a Python pickle that stands alone, of protocol 0 to 5, without running anything.
 *
 * Values are as in {@linkcode parseTorch}; tensors that it carries, each as a file of `torch.save`, are
 * tensors. Text of Python 2 has a letter for each byte. Arrays of NumPy are records, which `numpyArray`
 * reads.
 *
 * @example
 * ```ts
 * import { parsePickle } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * // pickle.dumps({"k": 3})
 * const bytes = Uint8Array.of(0x80, 4, 0x7d, 0x8c, 1, 0x6b, 0x4b, 3, 0x73, 0x2e);
 * assertEquals(parsePickle(bytes, "settings.pkl"), new Map([["k", 3]]));
 * ```
 *
 * @param source Path, or a name for the bytes, for error messages.
 * @throws ReadLimitError if tensors need more than `maxBytes`, or it makes more than `maxItems` values.
 * @throws DataFormatError if the bytes are no intact pickle, a tensor lies outside its storage, or all that
 * the pickle holds is something that nothing can be read from: the message names it.
 * @category Formats
 */
export function parsePickle(
  bytes: Uint8Array,
  source = "pickle",
  options: ParseTorchOptions = {},
): unknown {
  const reading = readingOf(bytes, source, options);
  const { value, end } = guarded(
    source,
    () => unpickle(bytes, { source, find: globalsOf(reading), meter: reading.items }),
  );
  if (end !== bytes.length) {
    throw new DataFormatError(source, `${bytes.length - end} bytes follow the pickle`, end);
  }
  return usable(value, source);
}

/** Refuses a file that is nothing but a name, or a call of one, which was not run. */
function usable(value: unknown, source: string): unknown {
  refuseDanger(value, source);
  const name = bareName(value);
  if (name === undefined) return value;
  throw new DataFormatError(
    source,
    `it holds nothing but ${quoted(name, 80)}, from which nothing can be read`,
  );
}

/** Refuses a file that is nothing but what Python would run. */
function refuseDanger(value: unknown, source: string): void {
  const name = bareName(value);
  if (name === undefined || !isDangerous(name)) return;
  throw new DataFormatError(
    source,
    `it wants ${quoted(name, 80)}, which was not run; a file that needs it is refused`,
  );
}

/** The name of a class or function, or of one that was called, where nothing else is known of a value. */
function bareName(value: unknown): string | undefined {
  if (isPickleGlobal(value)) return value.name;
  const isBare = value instanceof PickledObject && value.state === undefined &&
    value.entries === undefined && value.items === undefined;
  return isBare ? value.type.name : undefined;
}

/** The parts of a persistent id: ("storage", class, key, device, number of values, ...). */
function storageId(id: unknown): { type: PickleGlobal; key: string; count: number } {
  const [kind, type, key, , count, view = null] = Array.isArray(id) ? id : [];
  if (kind !== "storage" || typeof type?.name !== "string" || typeof key !== "string") {
    throw new ArgumentError("it refers to something kept elsewhere that is no storage");
  }
  if (!Number.isSafeInteger(count) || count < 0 || view !== null) {
    throw new ArgumentError(`storage ${quoted(key)} has no number of values`);
  }
  return { type, key, count };
}

/** Old files tell the source code of a module's class beside it: ("module", class, path, code). */
function isModuleId(id: unknown): id is [string, PickleGlobal] {
  return Array.isArray(id) && id[0] === "module" && typeof id[1]?.name === "string";
}

function parseZip(bytes: Uint8Array, reading: Reading): unknown {
  const { source, memory, items } = reading;
  const entries = readZipDirectory(bytes, { source });
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const isArrays = entries.size > 0 && [...entries.keys()].every((name) => name.endsWith(".npy"));
  if (pickles.length === 0 && isArrays) {
    throw new DataFormatError(
      source,
      "it is an archive of NumPy's arrays (.npz), expected what torch.save writes",
    );
  }
  if (pickles.length !== 1) {
    throw new DataFormatError(
      source,
      `the archive has ${pickles.length} files data.pkl, expected one; torch.save did not write it`,
    );
  }
  const folder = pickles[0]!.slice(0, -"data.pkl".length);
  const read = (name: string) => {
    const entry = entries.get(folder + name);
    if (entry === undefined) {
      throw new ArgumentError(`the archive has no file ${oneLine(folder + name, 80)}`);
    }
    memory.take(entry.size);
    return readZipEntry(bytes, entry, source);
  };
  const inRecord = `${source} (${oneLine(pickles[0]!, 60)})`;
  const whole = guarded(inRecord, () => {
    if (entries.has(`${folder}byteorder`)) {
      const order = new TextDecoder().decode(read("byteorder"));
      if (order !== "little") {
        throw new ArgumentError(`its values are ${quoted(order)}-endian, expected little`);
      }
    }
    const storages = new Map<string, TorchStorage & { readonly count: number }>();
    return unpickle(read("data.pkl"), {
      source: inRecord,
      meter: items,
      find: globalsOf(reading),
      persistent(id) {
        const { type: named, key, count } = storageId(id);
        const known = storages.get(key);
        const { type, kind } = storageType(named);
        if (known) {
          if (known.type === type && known.kind?.name === kind?.name && known.count === count) {
            return known;
          }
          throw new ArgumentError(`storage ${quoted(key)} is described in two ways`);
        }
        const storage = { type, kind, count, bytes: read(`data/${key}`) };
        const needed = count * (type === undefined ? 1 : elementBytes[type]);
        if (kind === undefined && storage.bytes.length !== needed) {
          throw new ArgumentError(
            `${
              oneLine(`${folder}data/${key}`, 80)
            } has ${storage.bytes.length} bytes, its ${count} values need ${needed}`,
          );
        }
        storages.set(key, storage);
        return storage;
      },
    }).value;
  });
  refuseDanger(whole, inRecord);
  return whole;
}

function parseLegacy(bytes: Uint8Array, reading: Reading): unknown {
  const { source, items } = reading;
  return guarded(source, () => {
    const asRecords = (module: string, name: string) => ({ name: `${module}.${name}` });
    let at = 0;
    const next = (persistent?: (id: unknown) => unknown) => {
      const { value, end } = unpickle(bytes, {
        ...{ source, start: at, meter: items, find: asRecords },
        ...persistent && { persistent },
      });
      at = end;
      return value;
    };
    next();
    const protocol = next();
    if (protocol !== 1001) {
      throw new ArgumentError(`its protocol is ${quoted(protocol)}, expected 1001`);
    }
    const system = next();
    if (!(system instanceof Map) || system.get("little_endian") !== true) {
      throw new ArgumentError("it was not written on a little-endian machine");
    }
    // The storages follow the pickle: a first pass finds where, a second one fills the tensors.
    const start = at;
    const wanted = new Map<string, ReturnType<typeof storageId>>();
    const whole = next((id) => {
      if (isModuleId(id)) return id[1];
      const parts = storageId(id);
      const { key, type, count } = parts;
      const known = wanted.get(key);
      if (known && (known.type.name !== type.name || known.count !== count)) {
        throw new ArgumentError(`storage ${quoted(key)} is described in two ways`);
      }
      wanted.set(key, parts);
      return null;
    });
    // Before the storages, which are then worth nothing.
    refuseDanger(whole, source);
    const keys = next();
    if (!Array.isArray(keys)) throw new ArgumentError("the list of storages is missing");
    const storages = legacyStorages(bytes, { source, at, keys, wanted });
    return unpickle(bytes, {
      source,
      start,
      meter: items,
      find: globalsOf(reading),
      persistent(id) {
        if (isModuleId(id)) return id[1];
        const { key } = storageId(id);
        const storage = storages.get(key);
        if (!storage) throw new ArgumentError(`storage ${quoted(key)} is missing`);
        return storage;
      },
    }).value;
  });
}

/** The storages that follow one another after the pickle, each with its number of values before it. */
function legacyStorages(
  bytes: Uint8Array,
  { source, at, keys, wanted }: {
    readonly source: string;
    at: number;
    readonly keys: readonly unknown[];
    readonly wanted: ReadonlyMap<string, ReturnType<typeof storageId>>;
  },
): Map<string, TorchStorage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const storages = new Map<string, TorchStorage>();
  for (const key of keys) {
    const parts = typeof key === "string" ? wanted.get(key) : undefined;
    const { type, kind } = parts ? storageType(parts.type) : {};
    const width = type ? elementBytes[type] : kind && unreadableBytes(kind);
    if (!parts || !width) {
      throw new ArgumentError(`storage ${quoted(key)} has no known type`);
    }
    if (storages.has(parts.key)) throw new ArgumentError(`storage ${quoted(key)} is there twice`);
    const size = parts.count * width;
    const stated = at + 8 <= bytes.length ? Number(view.getBigInt64(at, true)) : -1;
    if (stated !== parts.count || at + 8 + size > bytes.length) {
      throw new DataFormatError(source, `storage ${quoted(key)} is cut off`, at);
    }
    storages.set(parts.key, { type, kind, bytes: bytes.subarray(at + 8, at + 8 + size) });
    at += 8 + size;
  }
  return storages;
}

/** Problems that have no byte of their own are told about the file. */
function guarded<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ArgumentError) throw new DataFormatError(source, error.message);
    throw error;
  }
}
