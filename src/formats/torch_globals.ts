/** The names that a PyTorch file may import, and what each becomes: data, never code. */
import { ArgumentError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { isNumpyNumber, numpyTensor } from "./npy.ts";
import { bytesOfLetters } from "./pickle_cursor.ts";
import {
  dictionaryOf,
  isPickleGlobal,
  PickledObject,
  type PickleGlobal,
} from "./pickled_object.ts";
import type { LimitMeter } from "./read_limits.ts";
import type { StoredTensor } from "./safetensors.ts";
import { rowMajorBytes } from "./strided_bytes.ts";
import { isTorch } from "./torch_magic.ts";
import { elementBytes, type ElementType, fitsI64, tensorFromBytes } from "./tensor_bytes.ts";

/** Values of PyTorch tensors, shared by all tensors that are views of it. */
export interface TorchStorage {
  /** What its values are; undefined where each tensor says for itself, or `kind` is one without values here. */
  readonly type: ElementType | undefined;
  /** The class of storage, where its values are of a kind that no tensor here has. */
  readonly kind?: PickleGlobal | undefined;
  /** Little-endian values. */
  readonly bytes: Uint8Array;
}

const storageTypes: Readonly<Record<string, ElementType>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

const dtypes: Readonly<Record<string, ElementType>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  float8_e4m3fn: "F8_E4M3",
  float8_e5m2: "F8_E5M2",
  uint64: "U64",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
};

/** What a storage class such as `torch.FloatStorage` says of its values; nothing where it is untyped. */
export function storageType(kind: PickleGlobal): Pick<TorchStorage, "type" | "kind"> {
  const name = kind.name.replace(/^torch\.(cuda\.)?/, "");
  if (Object.hasOwn(storageTypes, name)) return { type: storageTypes[name] };
  return { type: undefined, kind: isUntyped(kind) ? undefined : kind };
}

/** Bytes of a value of a kind that no tensor here has; undefined where nobody knows. */
export function unreadableBytes({ name }: PickleGlobal): number | undefined {
  const kind = name.replace(/^torch\.(cuda\.)?/, "");
  return {
    ...{ ComplexFloatStorage: 8, ComplexDoubleStorage: 16 },
    ...{ QUInt8Storage: 1, QInt8Storage: 1, QInt32Storage: 4, QUInt4x2Storage: 1 },
  }[kind];
}

const isUntyped = ({ name }: PickleGlobal) => /^torch(\.storage)?\.(Unt|T)ypedStorage$/.test(name);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/** PyTorch itself takes no more. */
const mostAxes = 64;

/** Whether a value is a storage, as persistent ids and streams within a pickle give them. */
function isStorage(value: unknown): value is TorchStorage {
  return typeof value === "object" && value !== null && "bytes" in value &&
    value.bytes instanceof Uint8Array;
}

/**
 * A tensor as a view of a storage: offset, sizes and strides count values. One of values that cannot be held
 * here is a record of their kind.
 */
function rebuildTensor(
  args: readonly unknown[],
  memory: LimitMeter,
  dtype?: ElementType | PickleGlobal | undefined,
): StoredTensor | PickledObject {
  const [storage, offset, shape, strides] = args as [unknown, number, number[], number[]];
  if (!isStorage(storage)) throw new ArgumentError("a tensor has no storage");
  const type = dtype ?? storage.type ?? storage.kind;
  if (type === undefined) throw new ArgumentError("a tensor does not say what its values are");
  if (typeof type === "object") return new PickledObject(type, [offset, shape, strides]);
  if (
    !isSizes([offset]) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length ||
    shape.length > mostAxes
  ) throw new ArgumentError("a tensor's offset, shape and strides are not sizes of one rank");
  const count = shape.reduce((product, n) => product * n, 1);
  const width = elementBytes[type];
  const held = storage.bytes.length / width;
  const last = offset + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
  if (count > 0 && !(last < held)) {
    throw new ArgumentError(
      `a tensor of shape ${quoted(shape)} reaches value ${last} of a storage of ${held}`,
    );
  }
  // A stride of 0 makes a tensor of any size of one value.
  memory.take(Number.isNaN(count) ? Infinity : count * heldBytes[type]);
  const bytes = rowMajorBytes(storage.bytes, { offset, shape, strides, width });
  if (type === "U64" && !fitsI64(bytes)) {
    return new PickledObject({ name: "torch.uint64" }, [offset, shape, strides]);
  }
  return tensorFromBytes(bytes, { type, shape: [...shape] });
}

/** Bytes of a value in the tensor that it becomes, and while it becomes one. */
const heldBytes: Readonly<Record<ElementType, number>> = {
  ...elementBytes,
  F16: 4,
  BF16: 8,
  F8_E4M3: 4,
  F8_E5M2: 4,
  I16: 4,
  I8: 4,
  U16: 4,
  U32: 8,
};

/** Kind and byte order of a `numpy.dtype`, such as "<i8". */
function descrOf(dtype: unknown): string {
  const { args, state } = dtype instanceof PickledObject ? dtype : { args: [], state: undefined };
  const kind = args[0];
  if (typeof kind !== "string") throw new ArgumentError("a NumPy array does not say what it holds");
  const order = Array.isArray(state) ? state[1] : undefined;
  return order === "<" || order === ">" ? `${order}${kind}` : kind;
}

/** Bytes, which Python 2 wrote as text. */
function bytesFrom(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  return typeof value === "string" ? bytesOfLetters(value) : undefined;
}

/** A number of NumPy, such as `numpy.int64(3)`; what is no number stays a record. */
function numpyScalar(args: readonly unknown[]): number | bigint | PickledObject {
  const [dtype, letters] = args;
  const bytes = bytesFrom(letters);
  const kind = dtype instanceof PickledObject ? dtype.args[0] : undefined;
  if (typeof kind === "string" && !isNumpyNumber(kind)) {
    return new PickledObject({ name: `numpy.${kind}` }, args);
  }
  if (bytes === undefined) throw new ArgumentError("a NumPy number has no bytes");
  const { data } = numpyTensor(bytes, { descr: descrOf(dtype), shape: [1], fortranOrder: false });
  const value = data[0]!;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/**
 * The array in a `numpy.ndarray` as a pickle has it; undefined for anything else.
 *
 * @throws RangeError if the array is damaged, or holds no numbers.
 */
export function numpyArray(value: unknown): StoredTensor | undefined {
  const name = value instanceof PickledObject ? value.type.name : "";
  if (!/^numpy\._?core\.multiarray\._reconstruct$|^numpy\.ndarray$/.test(name)) {
    return undefined;
  }
  const { state } = value as PickledObject;
  const [, shape, dtype, fortranOrder, letters] = Array.isArray(state) ? state : [];
  const bytes = bytesFrom(letters);
  if (!isSizes(shape) || bytes === undefined) {
    throw new ArgumentError("a NumPy array has no shape or no bytes");
  }
  return numpyTensor(bytes, { descr: descrOf(dtype), shape, fortranOrder: fortranOrder === true });
}

/** What a tensor's values are, where it says so itself. */
function dtypeOf(value: unknown): ElementType | PickleGlobal {
  if (!isPickleGlobal(value)) throw new ArgumentError("a tensor does not say what its values are");
  const kind = value.name.replace(/^torch\./, "");
  return Object.hasOwn(dtypes, kind) ? dtypes[kind]! : value;
}

/** A list of arguments, or of what else Python iterates over. */
function listOf(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new ArgumentError(`it makes ${what} of ${quoted(value)}, expected a list`);
}

/** A dictionary or set takes about as many bytes for each of its elements. */
const elementInMemory = 64;

/** A dictionary of a list of pairs. */
function dictionary(items: unknown, memory: LimitMeter): Map<unknown, unknown> {
  if (items instanceof Map) return items;
  const pairs = listOf(items, "a dictionary");
  memory.take(pairs.length * elementInMemory);
  if (!pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
    throw new ArgumentError("it makes a dictionary of what are no pairs");
  }
  return new Map(pairs as [unknown, unknown][]);
}

/** Bytes written as text, as protocols before 3 have them. */
function encodedBytes([text, encoding]: readonly unknown[], memory: LimitMeter): Uint8Array {
  const latin = encoding === "latin1" || encoding === "latin-1";
  if (typeof text === "string" && latin) {
    memory.take(text.length);
    const bytes = bytesOfLetters(text);
    if (bytes !== undefined) return bytes;
  }
  throw new ArgumentError("its bytes are not written as latin1 text");
}

/** `bytes` and `bytearray` of what pickles give them: nothing, bytes, or text and its encoding. */
function bytesMade(args: readonly unknown[], memory: LimitMeter): Uint8Array {
  const [source] = args;
  if (source === undefined) return new Uint8Array(0);
  if (!(source instanceof Uint8Array)) return encodedBytes(args, memory);
  memory.take(source.length);
  return source.slice();
}

/** An object of a class, as protocols before 2 make them: of class, base class and the base's value. */
function reconstructed(args: readonly unknown[]): PickledObject {
  const [type, base, value] = args;
  if (!isPickleGlobal(type)) throw new ArgumentError("it makes an object of no class");
  const made = new PickledObject(type, []);
  const kind = isPickleGlobal(base) ? base.name.split(".").at(-1) : "";
  if (kind === "dict" && value instanceof Map) made.entries = new Map(value);
  if (kind === "list" && Array.isArray(value)) made.items = [...value];
  return made;
}

/**
 * A module that carries the source of its class as text (NVlabs' persistence): an object of that class with
 * its attributes. The source is left alone.
 */
function persistentObject(args: readonly unknown[]): PickledObject {
  const meta = dictionaryOf(args[0]);
  const name = meta?.get("class_name");
  if (meta === undefined || typeof name !== "string") {
    throw new ArgumentError("an object with its source does not name its class");
  }
  const made = new PickledObject({ name }, []);
  made.state = meta.get("state");
  return made;
}

/** Calls a function that is known, or keeps the call. */
function called(type: unknown, args: unknown): unknown {
  if (!isPickleGlobal(type) || !Array.isArray(args)) {
    throw new ArgumentError("a tensor is made by what is no function");
  }
  return type.make ? type.make(args) : new PickledObject(type, args);
}

/** What makes the values of a file. */
export interface TorchGlobalsOptions {
  /** What all tensors of a file, and what is copied from it, may take together. */
  readonly memory: LimitMeter;
  /** Reads a file of `torch.save` that stands as bytes within the pickle. */
  readonly load: (bytes: Uint8Array) => unknown;
}

/**
 * Makes the look-up of every name that pickles import: tensors, plain containers and NumPy's numbers become
 * values, everything else a record.
 */
export function torchGlobals(
  { memory, load }: TorchGlobalsOptions,
): (module: string, name: string) => PickleGlobal {
  const set = ([items = []]: readonly unknown[]) => {
    const list = items instanceof Set ? [...items] : listOf(items, "a set");
    memory.take(list.length * elementInMemory);
    return new Set(list);
  };
  const makers: Record<string, PickleGlobal["make"]> = {
    "collections.OrderedDict": ([items = []]) => dictionary(items, memory),
    "collections.defaultdict": ([, items = []]) => dictionary(items, memory),
    "collections.Counter": ([items = []]) => dictionary(items, memory),
    "torch._utils._rebuild_tensor": (args) => rebuildTensor(args, memory),
    "torch._utils._rebuild_tensor_v2": (args) => rebuildTensor(args, memory),
    "torch._utils._rebuild_tensor_v3": (args) => rebuildTensor(args, memory, dtypeOf(args[6])),
    "torch._utils._rebuild_parameter": ([data]) => data,
    "torch._utils._rebuild_parameter_with_state": ([data]) => data,
    "torch._tensor._rebuild_from_type_v2": ([make, , args]) => called(make, args),
    "torch.storage._load_from_bytes": ([bytes]) => {
      if (bytes instanceof Uint8Array && isTorch(bytes)) return load(bytes);
      throw new ArgumentError(
        "what torch.storage._load_from_bytes is given is no file of torch.save",
      );
    },
    "torch.Size": ([sizes]) => sizes,
    "torch.device": ([name]) => name,
    "_codecs.encode": (args) => encodedBytes(args, memory),
    "copyreg._reconstructor": reconstructed,
    "copy_reg._reconstructor": reconstructed,
  };
  for (const module of ["__builtin__", "builtins"]) {
    makers[`${module}.set`] = set;
    makers[`${module}.frozenset`] = set;
    makers[`${module}.bytes`] = (args) => bytesMade(args, memory);
    makers[`${module}.bytearray`] = (args) => bytesMade(args, memory);
  }
  for (const core of ["numpy.core", "numpy._core"]) {
    makers[`${core}.multiarray.scalar`] = numpyScalar;
    makers[`${core}.numeric._frombuffer`] = ([bytes, dtype, shape, order]) => {
      if (!(bytes instanceof Uint8Array) || !isSizes(shape)) {
        throw new ArgumentError("a NumPy array has no shape or no bytes");
      }
      const descr = descrOf(dtype);
      if (!isNumpyNumber(descr)) return new PickledObject({ name: `numpy.${descr}` }, [shape]);
      memory.take(4 * bytes.length);
      return numpyTensor(bytes, { descr, shape, fortranOrder: order === "F" });
    };
  }
  return (module, name) => {
    const full = `${module}.${name}`;
    if (Object.hasOwn(makers, full)) return { name: full, make: makers[full]! };
    if (/^([\w.]+\.)?persistence\._reconstruct_persistent_obj$/.test(full)) {
      return { name: full, make: persistentObject };
    }
    const kinds = module === "torch" &&
      (Object.hasOwn(storageTypes, name) || Object.hasOwn(dtypes, name));
    return kinds || isUntyped({ name: full }) ? { name: full, inert: true } : { name: full };
  };
}
