/**
 * PyTorch's `.pt` files: a zip archive of a pickle and of the storages that it refers to, or, before
 * PyTorch 1.6, pickles and storages one after the other. Nothing in a file is ever run.
 */
import { ArgumentError, DataFormatError } from "../core/errors.ts";
import { oneLine, quoted } from "../core/quoted.ts";
import { type PickleGlobal, unpickle } from "./pickle.ts";
import { bytesFor, LimitMeter, type ReadLimits } from "./read_limits.ts";
import { elementBytes } from "./tensor_bytes.ts";
import { storageType, torchGlobals, type TorchStorage } from "./torch_globals.ts";
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

/** Begins every file from before PyTorch 1.6: a pickle of one long number. */
const legacyMagic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/**
 * Whether bytes begin as a file that `torch.save` wrote, of either kind.
 *
 * @example
 * ```ts
 * import { isTorch, writeTorchList } from "@els/toolkit/formats";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(isTorch(writeTorchList([1, 2])), true);
 * assertEquals(isTorch(Uint8Array.of(1, 2, 3)), false);
 * ```
 *
 * @category Formats
 */
export function isTorch(bytes: Uint8Array): boolean {
  const zip = bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
  return zip || legacyMagic.every((byte, i) => bytes[i] === byte);
}

/**
 * Reads what `torch.save` wrote.
 *
 * Tensors (any strides, shared storages) become {@linkcode StoredTensor}s, lists and tuples arrays,
 * dictionaries Maps, whole modules inert records of their attributes. Parameters are plain tensors.
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
 * @throws DataFormatError if the bytes are truncated or damaged, a tensor lies outside its storage, or the
 * file wants any Python name but those of tensors, plain
 * containers, NumPy numbers and arrays, and the modules of supported networks: the message names it.
 * @category Formats
 */
export function parseTorch(
  bytes: Uint8Array,
  source = "pt",
  options: ParseTorchOptions = {},
): unknown {
  const { maxBytes = bytesFor(bytes.length), maxItems } = options;
  if (!isTorch(bytes)) {
    throw new DataFormatError(source, "the file does not begin as those of torch.save do", 0);
  }
  const reading = { source, maxBytes, maxItems };
  return bytes[0] === 0x50 ? parseZip(bytes, reading) : parseLegacy(bytes, reading);
}

interface Reading {
  readonly source: string;
  readonly maxBytes: number;
  readonly maxItems: number | undefined;
}

const memoryMeter = ({ source, maxBytes }: Reading) =>
  new LimitMeter("maxBytes", { source, what: "the file", allowed: maxBytes });

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
  const { source, maxItems } = reading;
  const memory = memoryMeter(reading);
  const entries = readZipDirectory(bytes, { source, maxItems });
  const pickles = [...entries.keys()].filter((name) => /^[^/]+\/data\.pkl$/.test(name));
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
  return guarded(inRecord, () => {
    if (entries.has(`${folder}byteorder`)) {
      const order = new TextDecoder().decode(read("byteorder"));
      if (order !== "little") {
        throw new ArgumentError(`its values are ${quoted(order)}-endian, expected little`);
      }
    }
    const storages = new Map<string, TorchStorage & { readonly count: number }>();
    return unpickle(read("data.pkl"), {
      source: inRecord,
      maxItems,
      find: torchGlobals(memory),
      persistent(id) {
        const { type: named, key, count } = storageId(id);
        const known = storages.get(key);
        const type = storageType(named);
        if (known) {
          if (known.type === type && known.count === count) return known;
          throw new ArgumentError(`storage ${quoted(key)} is described in two ways`);
        }
        const storage = { type, count, bytes: read(`data/${key}`) };
        const needed = count * (type === undefined ? 1 : elementBytes[type]);
        if (storage.bytes.length !== needed) {
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
}

function parseLegacy(bytes: Uint8Array, reading: Reading): unknown {
  const { source, maxItems } = reading;
  return guarded(source, () => {
    const refuse = () => undefined;
    let at = 0;
    const next = () => {
      const { value, end } = unpickle(bytes, { find: refuse, source, start: at, maxItems });
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
    const nothing = { type: "U8" as const, bytes: new Uint8Array(0) };
    const skipTensors = torchGlobals(memoryMeter(reading));
    at = unpickle(bytes, {
      source,
      start,
      maxItems,
      find(module, name) {
        const found = skipTensors(module, name);
        return found && /^torch\._utils\./.test(found.name)
          ? { ...found, make: () => null }
          : found;
      },
      persistent(id) {
        if (isModuleId(id)) return id[1];
        const parts = storageId(id);
        const { key, type, count } = parts;
        const known = wanted.get(key);
        if (known && (known.type.name !== type.name || known.count !== count)) {
          throw new ArgumentError(`storage ${quoted(key)} is described in two ways`);
        }
        wanted.set(key, parts);
        return nothing;
      },
    }).end;
    const keys = next();
    if (!Array.isArray(keys)) throw new ArgumentError("the list of storages is missing");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const storages = new Map<string, TorchStorage>();
    for (const key of keys as unknown[]) {
      const parts = typeof key === "string" ? wanted.get(key) : undefined;
      const type = parts && storageType(parts.type);
      if (!parts || !type) {
        throw new ArgumentError(`storage ${quoted(key)} has no known type`);
      }
      if (storages.has(parts.key)) throw new ArgumentError(`storage ${quoted(key)} is there twice`);
      const size = parts.count * elementBytes[type];
      const stated = at + 8 <= bytes.length ? Number(view.getBigInt64(at, true)) : -1;
      if (stated !== parts.count || at + 8 + size > bytes.length) {
        throw new DataFormatError(source, `storage ${quoted(key)} is cut off`, at);
      }
      storages.set(parts.key, { type, bytes: bytes.subarray(at + 8, at + 8 + size) });
      at += 8 + size;
    }
    return unpickle(bytes, {
      source,
      start,
      maxItems,
      find: torchGlobals(memoryMeter(reading)),
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

/** Problems that have no byte of their own are told about the file. */
function guarded<T>(source: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ArgumentError) throw new DataFormatError(source, error.message);
    throw error;
  }
}
