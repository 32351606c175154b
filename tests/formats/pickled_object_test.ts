/** Objects of checkpoints stay records: nothing runs, what is beside them is read. */
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { DataFormatError } from "../../src/core/errors.ts";
import { isDangerous } from "../../src/formats/pickle_dangers.ts";
import { attributesOf, dictionaryOf, PickledObject } from "../../src/formats/pickled_object.ts";
import { isPickle, parsePickle, parseTorch } from "../../src/formats/torch_file.ts";
import { torchStateDict } from "../../src/formats/torch_networks.ts";
import { tensorOf } from "../../src/formats/torch_values.ts";
import { writeTorchStateDict } from "../../src/formats/torch_writer.ts";
import { readZipDirectory, readZipEntry, writeZip } from "../../src/formats/zip.ts";
import { bytesOf } from "./bytes.ts";

const bias = { dtype: "F32", shape: [1, 2], data: Float32Array.of(1, 2) } as const;
const stateFile = writeTorchStateDict(new Map([["bias", bias]]));
const entry = (name: string) => readZipEntry(stateFile, readZipDirectory(stateFile).get(name)!);
const text = (value: string) => bytesOf("X", Uint8Array.of(value.length, 0, 0, 0), value);

/** A checkpoint of a state dict with something beside it. */
function checkpoint(extra: string | Uint8Array, key = "extra"): Uint8Array<ArrayBuffer> {
  // Without protocol and end.
  const state = entry("archive/data.pkl").slice(2, -1);
  return writeZip(
    new Map([
      [
        "archive/data.pkl",
        bytesOf("\x80\x02}(", text("model"), state, text(key), extra, "u."),
      ],
      ["archive/data/0", entry("archive/data/0")],
      ["archive/data/1", new Uint8Array(8)],
    ]),
  );
}

Deno.test("pickled objects: whatever stands beside a state dict, its tensors are read", () => {
  const extras: Record<string, string> = {
    namespace: "cargparse\nNamespace\n)\x81}X\x02\0\0\0lrK\x01sb",
    path: "cpathlib\nPosixPath\n(X\x04\0\0\0runstR",
    "default dictionary": "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RK\x01]s",
    "default dictionary with entries":
      "ccollections\ndefaultdict\nc__builtin__\nlist\n\x85RX\x01\0\0\0a](K\x01es",
    counter: "ccollections\nCounter\n}K\x14K\x02s\x85R",
    deque: "ccollections\ndeque\n)R(K\x01K\x02e",
    "old object": "ccopy_reg\n_reconstructor\n(cmine\nThing\nc__builtin__\nobject\nNtR}b",
    "list of a class of its own": "ctyping_extensions\nMyList\n)\x81(K\x01K\x02e",
    "set of a class of its own": "cordered_set\nOrderedSet\n)\x81(K\x01\x90",
    "frozen set as a key": "}(c__builtin__\nfrozenset\n](K\x01e\x85RK\x02u",
    "state in slots": "cmine\nSlots\n)\x81N}K\x01K\x02s\x86b",
    "method of an object": "c__builtin__\ngetattr\n(cmine\nA\n)\x81X\x01\0\0\0ftR)R",
    "lambda of dill": "cdill._dill\n_create_function\n(K\x01K\x02tR",
    "command, which Python would run": "cposix\nsystem\n(X\x04\0\0\0truetR",
    "class alone": "ctorch.optim.adam\nAdam\n",
    "complex tensor":
      "ctorch._utils\n_rebuild_tensor_v2\n((X\x07\0\0\0storagectorch\nComplexFloatStorage\n" +
      "X\x01\0\0\x001X\x03\0\0\0cpuK\x01tQK\x00))\x89NtR",
    "random state of NumPy": "cnumpy.random._pickle\n__randomstate_ctor\n(X\x07\0\0\0MT19937tR}b",
    "date": "cdatetime\ndatetime\nC\x0a\x07\xe8\x01\x01\0\0\0\0\0\0\x85R",
  };
  for (const [name, extra] of Object.entries(extras)) {
    const { tensors } = torchStateDict(parseTorch(checkpoint(extra), "a.pt"), "a.pt");
    assertEquals([...tensors], [["bias", bias]], name);
  }
});

Deno.test("pickled objects: what is dangerous is refused by name where a network is needed", () => {
  const call = "cposix\nsystem\n(X\x04\0\0\0truetR";
  const cases: [Uint8Array<ArrayBuffer>, string][] = [
    [writeZip(new Map([["a/data.pkl", bytesOf(`${call}.`)]])), "posix.system"],
    [writeZip(new Map([["a/data.pkl", bytesOf("c__builtin__\neval\n.")]])), "__builtin__.eval"],
    [
      writeZip(new Map([["a/data.pkl", bytesOf("}", text("state_dict"), call, "s.")]])),
      "posix.system",
    ],
    [
      writeZip(
        new Map([["a/data.pkl", bytesOf("}", text("up_projection.weight"), call, "s.")]]),
      ),
      "posix.system",
    ],
  ];
  for (const [bytes, name] of cases) {
    const { message } = assertThrows(
      () => torchStateDict(parseTorch(bytes, "a.pt"), "a.pt"),
      DataFormatError,
      name,
    );
    assert(/not run/.test(message) && !message.includes("\n"), message);
  }
});

Deno.test("pickled objects: a program of TorchScript is told from a checkpoint", () => {
  const script = "c__torch__.models\nNet\n)\x81}X\x01\0\0\0wK\x01sb.";
  const bytes = writeZip(new Map([["a/data.pkl", bytesOf(script)]]));
  assertThrows(
    () => torchStateDict(parseTorch(bytes, "a.pt"), "a.pt"),
    DataFormatError,
    "TorchScript",
  );
});

Deno.test("pickled objects: names that touch the machine are told from those that do not", () => {
  for (
    const name of [
      ...["os.system", "posix.popen", "nt.system", "subprocess.Popen", "builtins.eval"],
      ...["__builtin__.exec", "builtins.__import__", "runpy._run_code", "torch.hub.load"],
      ...["torch.serialization.os.system", "torch._utils._rebuild.__globals__", "torch.load"],
      ...["importlib.import_module", "webbrowser.open", "pickle.loads", "numpy.load"],
    ]
  ) assert(isDangerous(name), name);
  for (
    const name of [
      ...["collections.deque", "argparse.Namespace", "pathlib.PosixPath", "builtins.list"],
      ...["torch.optim.lr_scheduler.MultiStepLR", "models.DDIM", "numpy.dtype", "os_model.Net"],
    ]
  ) assert(!isDangerous(name), name);
});

Deno.test("pickles: a stream alone, with tensors in it, a module with its source, and text of Python 2", () => {
  const legacy = bytesOf(
    "\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.",
    "\x80\x02}X\x0d\0\0\0little_endian\x88s.",
    "\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02NtQ.",
    "\x80\x02]X\x01\0\0\x000a.\x02\0\0\0\0\0\0\0",
    new Uint8Array(Float32Array.of(1, 2).buffer),
  );
  const tensor = bytesOf(
    "ctorch._utils\n_rebuild_tensor_v2\n(ctorch.storage\n_load_from_bytes\n",
    ...["B", [legacy.length & 255, legacy.length >> 8, 0, 0], legacy, "\x85R"].map((part) =>
      Array.isArray(part) ? Uint8Array.from(part) : part
    ),
    "K\x00(K\x01K\x02t(K\x02K\x01t\x89NtR",
  );
  const module = bytesOf(
    "\x80\x03ctorch_utils.persistence\n_reconstruct_persistent_obj\n}(",
    ...[text("type"), text("class"), text("class_name"), text("Precond")],
    ...[text("module_src"), text("import os; os.abort()")],
    ...[text("state"), "}", text("_buffers"), "}", text("bias"), tensor, "ss"],
    "u\x85R.",
  );
  assert(isPickle(module));
  const value = parsePickle(module, "network.pkl");
  assertInstanceOf(value, PickledObject);
  assertEquals(value.type.name, "Precond");
  assert(attributesOf(value).has("_buffers"));
  assertEquals([...torchStateDict(value).tensors], [["bias", bias]]);

  const dictionary = parsePickle(bytesOf("\x80\x02cdnnlib.util\nEasyDict\n)\x81K\x01K\x02s."));
  assertEquals(dictionaryOf(dictionary), new Map([[1, 2]]));

  // As NumPy wrote arrays under Python 2: the bytes are text.
  const array = bytesOf(
    "\x80\x02cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\nK\x00\x85U\x01btR",
    "(K\x01K\x01K\x02\x86cnumpy\ndtype\n(U\x02u1K\x00K\x01tR(K\x03U\x01|NNNJ\xff\xff\xff\xff",
    "J\xff\xff\xff\xffK\x00tb\x89U\x02\xff\x07tb.",
  );
  assertEquals(tensorOf(parsePickle(array)), {
    dtype: "U8",
    shape: [1, 2],
    data: Uint8Array.of(255, 7),
  });
  assertThrows(() => parsePickle(bytesOf("N.N."), "a.pkl"), DataFormatError, "2 bytes follow");
  assert(isPickle(bytesOf("(dp0\nS'data'\np1\n")));
  for (const other of ["PK\x03\x04", "\x93NUMPY", "{}", "3,5,7", "\x89PNG", "(a)"]) {
    assert(!isPickle(bytesOf(other)), other);
  }
});
