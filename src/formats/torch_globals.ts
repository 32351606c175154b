/** The names that a PyTorch file may import, and what each becomes: data, never code. */
import { ArgumentError } from "../core/errors.ts";
import { quoted } from "../core/quoted.ts";
import { numpyTensor } from "./npy.ts";
import { PickledObject, type PickleGlobal } from "./pickle.ts";
import type { LimitMeter } from "./read_limits.ts";
import type { StoredTensor } from "./safetensors.ts";
import { rowMajorBytes } from "./strided_bytes.ts";
import { elementBytes, type ElementType, tensorFromBytes } from "./tensor_bytes.ts";

/** Values of PyTorch tensors, shared by all tensors that are views of it. */
export interface TorchStorage {
  /** What its values are; undefined where each tensor says for itself. */
  readonly type: ElementType | undefined;
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
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint32: "U32",
  uint16: "U16",
  uint8: "U8",
  bool: "BOOL",
};

/** Type of the values of a storage class such as `torch.FloatStorage`; undefined for untyped ones. */
export function storageType({ name }: PickleGlobal): ElementType | undefined {
  const kind = name.replace(/^torch\./, "");
  return Object.hasOwn(storageTypes, kind) ? storageTypes[kind] : undefined;
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/** PyTorch itself takes no more. */
const mostAxes = 64;

/** A tensor as a view of a storage: offset, sizes and strides count values. */
function rebuildTensor(
  args: readonly unknown[],
  memory: LimitMeter,
  dtype?: ElementType | undefined,
): StoredTensor {
  const [storage, offset, shape, strides] = args as [TorchStorage, number, number[], number[]];
  if (!(storage?.bytes instanceof Uint8Array)) throw new ArgumentError("a tensor has no storage");
  const type = dtype ?? storage.type;
  if (type === undefined) throw new ArgumentError("a tensor does not say what its values are");
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
  return tensorFromBytes(bytes, { type, shape: [...shape] });
}

/** Bytes of a value in the tensor that it becomes, and while it becomes one. */
const heldBytes: Readonly<Record<ElementType, number>> = {
  ...elementBytes,
  F16: 4,
  BF16: 8,
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

/** A number of NumPy, such as `numpy.int64(3)`. */
function numpyScalar([dtype, bytes]: readonly unknown[]): number | bigint {
  if (!(bytes instanceof Uint8Array)) throw new ArgumentError("a NumPy number has no bytes");
  const { data } = numpyTensor(bytes, { descr: descrOf(dtype), shape: [1], fortranOrder: false });
  const value = data[0]!;
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}

/** The array in a `numpy.ndarray`; undefined for anything else. */
export function numpyArray(value: PickledObject): StoredTensor | undefined {
  const { name } = value.type;
  if (!/^numpy\._?core\.multiarray\._reconstruct$|^numpy\.ndarray$/.test(name)) {
    return undefined;
  }
  const [, shape, dtype, fortranOrder, bytes] = Array.isArray(value.state) ? value.state : [];
  if (!isSizes(shape) || !(bytes instanceof Uint8Array)) {
    throw new ArgumentError("a NumPy array has no shape or no bytes");
  }
  return numpyTensor(bytes, { descr: descrOf(dtype), shape, fortranOrder: fortranOrder === true });
}

/** What a tensor's values are, where it says so itself. */
function dtypeOf(value: unknown): ElementType {
  const name = (value as Partial<PickleGlobal> | null | undefined)?.name;
  const kind = typeof name === "string" ? name.replace(/^torch\./, "") : "";
  if (Object.hasOwn(dtypes, kind)) return dtypes[kind]!;
  throw new ArgumentError("a tensor does not say what its values are");
}

/** Classes of the public code of arXiv 2412.20292, wherever a copy of it keeps them. */
const modelClasses = new Set(["DDIM", "MinimalResNet", "MinimalUNet", "EmbeddingModule", "UBlock"]);

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
  if (typeof text !== "string" || encoding !== "latin1") {
    throw new ArgumentError("its bytes are not written as latin1 text");
  }
  memory.take(text.length);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) {
    const letter = text.charCodeAt(i);
    if (letter > 255) throw new ArgumentError("its bytes are not written as latin1 text");
    bytes[i] = letter;
  }
  return bytes;
}

/**
 * Makes the look-up of everything that files of tensors, scale lists and whole networks import.
 *
 * @param memory What all tensors of a file, and what is copied from it, may take together.
 */
export function torchGlobals(
  memory: LimitMeter,
): (module: string, name: string) => PickleGlobal | undefined {
  const makers: Record<string, PickleGlobal["make"]> = {
    "collections.OrderedDict": ([items = []]) => dictionary(items, memory),
    "torch._utils._rebuild_tensor": (args) => rebuildTensor(args, memory),
    "torch._utils._rebuild_tensor_v2": (args) => rebuildTensor(args, memory),
    "torch._utils._rebuild_tensor_v3": (args) => rebuildTensor(args, memory, dtypeOf(args[6])),
    "torch._utils._rebuild_parameter": ([data]) => data,
    "torch._utils._rebuild_parameter_with_state": ([data]) => data,
    "torch.Size": ([sizes]) => sizes,
    "torch.device": ([name]) => name,
    "_codecs.encode": (args) => encodedBytes(args, memory),
  };
  for (const module of ["__builtin__", "builtins"]) {
    for (const name of ["set", "frozenset"]) {
      makers[`${module}.${name}`] = ([items = []]) => {
        const list = listOf(items, "a set");
        memory.take(list.length * elementInMemory);
        return new Set(list);
      };
    }
  }
  for (const core of ["numpy.core", "numpy._core"]) {
    makers[`${core}.multiarray.scalar`] = numpyScalar;
    makers[`${core}.numeric._frombuffer`] = ([bytes, dtype, shape, order]) => {
      if (!(bytes instanceof Uint8Array) || !isSizes(shape)) {
        throw new ArgumentError("a NumPy array has no shape or no bytes");
      }
      memory.take(4 * bytes.length);
      return numpyTensor(bytes, { descr: descrOf(dtype), shape, fortranOrder: order === "F" });
    };
  }
  return (module, name) => {
    const full = `${module}.${name}`;
    if (Object.hasOwn(makers, full)) return { name: full, make: makers[full]! };
    const last = module.slice(module.lastIndexOf(".") + 1);
    const inert = module === "torch" &&
        (Object.hasOwn(storageTypes, name) || Object.hasOwn(dtypes, name)) ||
      /^torch(\.storage)?\.(UntypedStorage|TypedStorage)$/.test(full) ||
      full === "torch.nn.parameter.Parameter" ||
      (name === "cosine_noise_schedule" && (last === "noise_schedules" || module === "__main__"));
    if (inert) return { name: full, inert: true };
    const record = /^numpy\.(dtype|ndarray)$/.test(full) ||
      /^numpy\._?core\.multiarray\._reconstruct$/.test(full) ||
      /^torch\.nn\.modules\.\w+\.[A-Z]\w*$/.test(full) ||
      (modelClasses.has(name) && (last === "models" || module === "__main__"));
    return record ? { name: full } : undefined;
  };
}
