/** The files of torch.save, new and old, as weights and as lists of scales. */
import type { Random } from "../../../../src/core/random.ts";
import { PickledObject } from "../../../../src/formats/pickled_object.ts";
import { parseTorch } from "../../../../src/formats/torch_file.ts";
import { torchStateDict } from "../../../../src/formats/torch_networks.ts";
import { numberTable } from "../../../../src/formats/torch_values.ts";
import { writeTorchList, writeTorchStateDict } from "../../../../src/formats/torch_writer.ts";
import { writeZip } from "../../../../src/formats/zip.ts";
import { join, little, oneIn, type Piece } from "../bytes.ts";
import { pick } from "../mutate.ts";
import * as pickle from "../pickle_builder.ts";
import { type FuzzInput, type FuzzTarget, reads, refused } from "../target.ts";

const magic = "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.";

/** A file around a pickle and its storages of float32 values. */
function file(
  data: Piece,
  storages: readonly Float32Array[],
  isOld: boolean,
): Uint8Array<ArrayBuffer> {
  const bytes = storages.map(({ buffer }) => new Uint8Array(buffer as ArrayBuffer));
  if (!isOld) {
    return writeZip(
      new Map([
        ["archive/data.pkl", join("\x80\x02", data, ".")],
        ...bytes.map((each, i) => [`archive/data/${i}`, each] as const),
      ]),
    );
  }
  const system = join("\x80\x02}(", pickle.text("little_endian"), "\x88u.");
  const keys = join("\x80\x02](", ...bytes.map((_, i) => pickle.text(String(i))), "e.");
  return join(
    ...[magic, "\x80\x02M\xe9\x03.", system, "\x80\x02", data, ".", keys],
    ...bytes.flatMap((each) => [little(each.length / 4, 8), each]),
  );
}

interface View {
  readonly storage: number;
  readonly held: number;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** A tensor as a view of a storage. */
const tensor = (
  { storage, held, offset, shape, strides }: View,
  isOld: boolean,
): Piece =>
  pickle.call(
    pickle.global("torch._utils", "_rebuild_tensor_v2"),
    join(
      pickle.tuple(
        ...[pickle.text("storage"), pickle.global("torch", "FloatStorage")],
        ...[pickle.text(String(storage)), pickle.text("cpu"), pickle.integer(held)],
        ...isOld ? ["N"] : [],
      ),
      "Q",
    ),
    pickle.integer(offset),
    pickle.tuple(...shape.map(pickle.integer)),
    pickle.tuple(...strides.map(pickle.integer)),
    "\x89",
    pickle.call(pickle.global("collections", "OrderedDict")),
  );

/** Values of a view, each from its own index. */
function valuesOf({ offset, shape, strides }: View, storage: Float32Array): Float32Array {
  const count = shape.reduce((product, n) => product * n, 1);
  return Float32Array.from({ length: count }, (_, i) => {
    let [rest, at] = [i, offset];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += (rest % shape[axis]!) * strides[axis]!;
      rest = Math.floor(rest / shape[axis]!);
    }
    return storage[at]!;
  });
}

/** Modules within modules, each shared by two names: 2^levels tensors out of few bytes. */
function diamond(levels: number): Piece {
  const type = pickle.global("torch.nn.modules.container", "Sequential");
  const modules = (children: Piece) =>
    pickle.object(
      type,
      pickle.dictionary([
        [pickle.text("_parameters"), "}"],
        [pickle.text("_buffers"), "}"],
        [pickle.text("_modules"), children],
      ]),
    );
  let inner = modules("}");
  for (let i = 0; i < levels; i++) {
    inner = modules(join("}(", pickle.text("0"), inner, "q", [i], pickle.text("1"), "h", [i], "u"));
  }
  return inner;
}

/** Dictionaries within dictionaries. */
const chain = (levels: number, key: string): Piece =>
  join(
    ...Array.from({ length: levels }, () => join("}", pickle.text(key))),
    "}",
    "s".repeat(levels),
  );

/** What must be refused, with the storages that it views. */
const wrong: Readonly<Record<string, (isOld: boolean) => Piece>> = {
  "past its storage": (isOld) =>
    tensor({ storage: 0, held: 4, offset: 1, shape: [4], strides: [1] }, isOld),
  "long strides": (isOld) =>
    tensor({ storage: 0, held: 4, offset: 0, shape: [2, 2], strides: [9, 1] }, isOld),
  "negative strides": (isOld) =>
    tensor({ storage: 0, held: 4, offset: 3, shape: [4], strides: [-1] }, isOld),
  "terabytes by strides of 0": (isOld) =>
    tensor({ storage: 0, held: 4, offset: 0, shape: [2 ** 20, 2 ** 20], strides: [0, 0] }, isOld),
  "64 MB by strides of 0": (isOld) =>
    tensor({ storage: 0, held: 4, offset: 0, shape: [2 ** 24], strides: [0] }, isOld),
  "an infinite size": (isOld) =>
    tensor(
      {
        ...{ storage: 0, held: 4, offset: 0 },
        shape: Array(40).fill(2 ** 30),
        strides: Array(40).fill(0),
      },
      isOld,
    ),
  "a thousand axes": (isOld) =>
    tensor(
      { storage: 0, held: 4, offset: 0, shape: Array(1000).fill(1), strides: Array(1000).fill(1) },
      isOld,
    ),
  "another number of values": (isOld) =>
    tensor({ storage: 0, held: 5, offset: 0, shape: [4], strides: [1] }, isOld),
  "a storage that is not there": (isOld) =>
    tensor({ storage: 7, held: 4, offset: 0, shape: [4], strides: [1] }, isOld),
  "shared modules": () => diamond(30),
  "a module in itself": () =>
    join(
      pickle.global("torch.nn.modules.container", "Sequential"),
      ")\x81q\0}(",
      pickle.text("_modules"),
      join("}(", pickle.text("again"), "h\0u"),
      "ub",
    ),
  "a state dict in itself": () => join("}q\0", pickle.text("state_dict"), "h\0s"),
  "state dicts in state dicts": () => chain(300, "state_dict"),
  "deep modules": () => {
    let inner: Piece = "}";
    for (let i = 0; i < 300; i++) {
      inner = pickle.dictionary([[
        pickle.text("m"),
        pickle.object(
          pickle.global("torch.nn.modules.container", "Sequential"),
          pickle.dictionary([[pickle.text("_modules"), inner]]),
        ),
      ]]);
    }
    return pickle.object(
      pickle.global("torch.nn.modules.container", "Sequential"),
      pickle.dictionary([[pickle.text("_modules"), inner]]),
    );
  },
  "a list in itself": () => "]q\0h\0a",
  "a key that contains itself": (isOld) =>
    join(
      "}]q\0h\0a",
      tensor({ storage: 0, held: 4, offset: 0, shape: [4], strides: [1] }, isOld),
      "s",
    ),
  "lists of lists of the same list": () =>
    join(
      "](K\x03K\x05eq\0",
      ...Array.from({ length: 30 }, (_, i) =>
        join("0](", join("h", [i]), join("h", [i]), "eq", [i + 1])),
    ),
  "a command": () => "cposix\nsystem\n(S'true'\ntR",
};

function structured(random: Random): FuzzInput {
  const isOld = oneIn(random, 2);
  const storages = Array.from({ length: 1 + random.integer(3) }, () => random.normals(24));
  if (oneIn(random, 2)) {
    const note = pick(random, Object.keys(wrong));
    const bytes = file(wrong[note]!(isOld), [Float32Array.of(1, 2, 3, 4)], isOld);
    return { bytes, note: `${note}${isOld ? ", old" : ""}`, expected: refused };
  }
  const names = ["a.weight", "b.bias", "running ü"];
  const views = names.slice(0, 1 + random.integer(3)).map((name): [string, View] => {
    const storage = random.integer(storages.length);
    const shape = Array.from({ length: random.integer(4) }, () => random.integer(4));
    const strides = shape.map(() => random.integer(4));
    return [name, { storage, held: 24, offset: random.integer(4), shape, strides }];
  });
  const state = views.map(([name, view]) => [pickle.text(name), tensor(view, isOld)] as const);
  // Old files list every storage, and these must be known by then.
  const used = new Set(views.map(([, { storage }]) => storage));
  const bytes = isOld && used.size < storages.length
    ? file(pickle.dictionary(state), storages.slice(0, 0), isOld)
    : file(pickle.dictionary(state), storages, isOld);
  const value = views.map(([name, view]) => {
    const data = valuesOf(view, storages[view.storage]!);
    return [name, { dtype: "F32", shape: view.shape, data }];
  });
  if (isOld && used.size < storages.length) {
    return { bytes, note: "old, storages missing", expected: refused };
  }
  const past = views.some(([, { offset, shape, strides }]) =>
    !shape.includes(0) &&
    offset + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0) >= 24
  );
  return { bytes, note: isOld ? "old" : "new", expected: past ? refused : reads(value) };
}

/** See above. */
export const target: FuzzTarget = {
  about: "files of torch.save",
  file: "model.pt",
  tokens: ["PK\x01\x02", "archive/data.pkl", "ctorch\nFloatStorage\n", "q\0", "h\0", magic],
  seeds: (random) => [
    writeTorchList([3, 5, 9]),
    writeTorchStateDict(
      new Map([["w", { dtype: "F32", shape: [2, 2], data: random.normals(4) }]]),
    ),
    file(
      tensor({ storage: 0, held: 4, offset: 0, shape: [2, 2], strides: [1, 2] }, false),
      [random.normals(4)],
      false,
    ),
  ],
  isProtected: true,
  read(bytes, source) {
    const value = parseTorch(bytes, source);
    if (!(value instanceof Map) && !(value instanceof PickledObject)) {
      return numberTable(value, source);
    }
    return [...torchStateDict(value, source).tensors];
  },
  structured,
};
