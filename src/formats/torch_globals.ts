/** The names that a PyTorch file may import, and what each becomes: data, never code. */
import { ArgumentError } from "../core/errors.ts";
import { numpyTensor } from "./npy.ts";
import type { PickledObject, PickleGlobal } from "./pickle.ts";
import type { StoredTensor } from "./safetensors.ts";
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
  return storageTypes[name.replace(/^torch\./, "")];
}

/** Most bytes that all tensors of a file may have together, whatever it claims. */
export interface Budget {
  left: number;
}

/** Counts bytes against a budget. */
export function spend(budget: Budget, bytes: number): void {
  budget.left -= bytes;
  if (!(budget.left >= 0)) {
    throw new ArgumentError(
      "its tensors need more memory than the limit of this reader (maxBytes)",
    );
  }
}

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

/** A tensor as a view of a storage: offset, sizes and strides count values. */
function rebuildTensor(
  args: readonly unknown[],
  budget: Budget,
  dtype?: ElementType | undefined,
): StoredTensor {
  const [storage, offset, shape, strides] = args as [TorchStorage, number, number[], number[]];
  if (!(storage?.bytes instanceof Uint8Array)) throw new ArgumentError("a tensor has no storage");
  const type = dtype ?? storage.type;
  if (type === undefined) throw new ArgumentError("a tensor does not say what its values are");
  if (
    !isSizes([offset]) || !isSizes(shape) || !isSizes(strides) || shape.length !== strides.length
  ) throw new ArgumentError("a tensor's offset, shape and strides are not sizes of one rank");
  const count = shape.reduce((product, n) => product * n, 1);
  const width = elementBytes[type];
  const held = storage.bytes.length / width;
  const last = offset + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
  if (count > 0 && last >= held) {
    throw new ArgumentError(
      `a tensor of shape [${shape.join(", ")}] reaches value ${last} of a storage of ${held}`,
    );
  }
  spend(budget, count * width);
  return tensorFromBytes(gather(storage.bytes, { offset, shape, strides, width, count }), {
    type,
    shape: [...shape],
  });
}

function gather(
  bytes: Uint8Array,
  { offset, shape, strides, width, count }: {
    offset: number;
    shape: readonly number[];
    strides: readonly number[];
    width: number;
    count: number;
  },
): Uint8Array {
  let run = 1;
  const contiguous = shape.toReversed().every((n, i) => {
    const fits = n === 1 || strides[shape.length - 1 - i] === run;
    run *= n;
    return fits;
  });
  if (contiguous) return bytes.subarray(offset * width, (offset + count) * width);
  const out = new Uint8Array(count * width);
  const index = new Array<number>(shape.length).fill(0);
  let from = offset;
  for (let to = 0; to < out.length; to += width) {
    out.set(bytes.subarray(from * width, (from + 1) * width), to);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** Kind and byte order of a `numpy.dtype`, such as "<i8". */
function descrOf(dtype: unknown): string {
  const { args, state } = (dtype ?? {}) as Partial<PickledObject>;
  const order = Array.isArray(state) && typeof state[1] === "string" ? state[1] : "";
  return /^[<>]$/.test(order) ? `${order}${args?.[0]}` : String(args?.[0]);
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
  if (!/^numpy\._?core\.multiarray\._reconstruct$|^numpy\.ndarray$/.test(value.type.name)) {
    return undefined;
  }
  const [, shape, dtype, fortranOrder, bytes] = Array.isArray(value.state) ? value.state : [];
  if (!isSizes(shape) || !(bytes instanceof Uint8Array)) {
    throw new ArgumentError("a NumPy array has no shape or no bytes");
  }
  return numpyTensor(bytes, { descr: descrOf(dtype), shape, fortranOrder: fortranOrder === true });
}

/** Classes of the public code of arXiv 2412.20292, wherever a copy of it keeps them. */
const modelClasses = new Set(["DDIM", "MinimalResNet", "MinimalUNet", "EmbeddingModule", "UBlock"]);

/**
 * Makes the look-up of everything that files of tensors, scale lists and whole networks import.
 *
 * @param budget Shared by all tensors of a file.
 */
export function torchGlobals(
  budget: Budget,
): (module: string, name: string) => PickleGlobal | undefined {
  const makers: Record<string, PickleGlobal["make"]> = {
    "collections.OrderedDict": ([items = []]) => new Map(items as [unknown, unknown][]),
    "torch._utils._rebuild_tensor": (args) => rebuildTensor(args, budget),
    "torch._utils._rebuild_tensor_v2": (args) => rebuildTensor(args, budget),
    "torch._utils._rebuild_tensor_v3": (args) =>
      rebuildTensor(args, budget, dtypes[(args[6] as PickleGlobal)?.name?.slice("torch.".length)]),
    "torch._utils._rebuild_parameter": ([data]) => data,
    "torch._utils._rebuild_parameter_with_state": ([data]) => data,
    "torch.Size": ([sizes]) => sizes,
    "torch.device": ([name]) => name,
    "_codecs.encode": ([text, encoding]) => {
      if (typeof text !== "string" || encoding !== "latin1" || /[^\0-\xff]/.test(text)) {
        throw new ArgumentError("its bytes are not written as latin1 text");
      }
      return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    },
  };
  for (const module of ["__builtin__", "builtins"]) {
    for (const name of ["set", "frozenset"]) {
      makers[`${module}.${name}`] = ([items = []]) => new Set(items as Iterable<unknown>);
    }
  }
  for (const core of ["numpy.core", "numpy._core"]) {
    makers[`${core}.multiarray.scalar`] = numpyScalar;
    makers[`${core}.numeric._frombuffer`] = ([bytes, dtype, shape, order]) => {
      if (!(bytes instanceof Uint8Array) || !isSizes(shape)) {
        throw new ArgumentError("a NumPy array has no shape or no bytes");
      }
      return numpyTensor(bytes, { descr: descrOf(dtype), shape, fortranOrder: order === "F" });
    };
  }
  return (module, name) => {
    const full = `${module}.${name}`;
    if (Object.hasOwn(makers, full)) return { name: full, make: makers[full]! };
    const last = module.split(".").at(-1)!;
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
