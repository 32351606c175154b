/** Checkpoints of several networks: which is read, and that it is said. */
import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { isToolkitError } from "../../src/core/errors.ts";
import {
  type FloatTensor,
  type StoredTensor,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";
import { PickledObject } from "../../src/formats/pickled_object.ts";
import { torchStateDict } from "../../src/formats/torch_networks.ts";
import { createNetwork } from "../../src/networks/architectures/architecture.ts";
import { parameterCount, toStateDict } from "../../src/networks/weights/parameters.ts";
import { networkFromTorch, readTorchWeights } from "../../src/networks/weights/torch_weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const { parameters: specs } = createNetwork({
  ...{ kind: "resnet", imageShape: [8, 8, 1], padding: "zeros", classes: 0 },
  ...{ width: 8, layers: 1, kernelSize: 3 },
});
const told = { padding: "zeros", imageSize: 8, schedule: createSchedule("cosine_legacy") } as const;

/** A state dict whose values are all one number, with a text before each name. */
function dict(value: number, prefix = ""): Map<string, StoredTensor> {
  const arrays = toStateDict(specs, new Float32Array(parameterCount(specs)).fill(value));
  return new Map(
    [...arrays].map(([name, array]): [string, FloatTensor] => [
      prefix + name,
      { dtype: "F32", ...array },
    ]),
  );
}

const step: StoredTensor = { dtype: "I64", shape: [], data: BigInt64Array.of(7n) };

/** The number that the network read consists of, its record and the notes. */
function read(checkpoint: unknown, part?: string) {
  const notes: string[] = [];
  const { parameters, training } = networkFromTorch(
    torchStateDict(checkpoint, "a.pt", { part }),
    "a.pt",
    { ...told, part, onNote: (note) => notes.push(note) },
  );
  assert(parameters.every((value) => value === parameters[0]));
  return { value: parameters[0], part: training.importedPart, notes };
}

Deno.test("torch parts: the average is read where there is one, whatever it is called, and it is said", () => {
  const optimizer = new Map<string, unknown>([
    ["state", new Map([[0, new Map([["exp_avg", dict(9).get("up_projection.weight")!]])]])],
    ["param_groups", []],
  ]);
  const cases: [string, Map<string, unknown>][] = [
    ["ema", new Map([["model", dict(1)], ["ema", dict(2)]])],
    ["ema_model", new Map([["ema_model", dict(2)], ["model", dict(1)]])],
    [
      "model_ema",
      new Map<string, unknown>([["model", dict(1)], ["model_ema", dict(2)], ["epoch", 3]]),
    ],
    ["state_dict_ema", new Map([["state_dict", dict(1)], ["state_dict_ema", dict(2)]])],
    ["ema_state_dict", new Map([["model_state_dict", dict(1)], ["ema_state_dict", dict(2)]])],
    ["params_ema", new Map([["params", dict(1)], ["params_ema", dict(2)]])],
    [
      "ema.shadow",
      new Map<string, unknown>([["net", dict(1)], ["ema", new Map([["shadow", dict(2)]])]]),
    ],
    [
      "ema",
      new Map([["model", dict(1, "module.")], ["ema", dict(2, "module.")], [
        "optimizer",
        optimizer,
      ]]),
    ],
    [
      "ema_model",
      new Map([["state_dict", new Map([...dict(1, "model."), ...dict(2, "ema_model.")])]]),
    ],
    ["ema.module", new Map([...dict(1, "net."), ...dict(2, "ema.module."), ["ema.step", step]])],
  ];
  for (const [place, checkpoint] of cases) {
    const { value, part, notes } = read(checkpoint);
    assertEquals([value, part], [2, place], place);
    assertMatch(notes[0]!, /it holds 2 networks, .*, the average of the weights, is read/);
  }
});

Deno.test("torch parts: an average whose names have lost their dots is found", () => {
  for (
    const [prefix, root] of [["model.", "model."], ["model.backbone.", "model."], ["net.", ""]]
  ) {
    const average = [...dict(2, prefix)].map(([name, tensor]): [string, StoredTensor] => [
      `model_ema.${name.slice(root!.length).replaceAll(".", "")}`,
      tensor,
    ]);
    const lightning = new Map([
      [
        "state_dict",
        new Map([...dict(1, prefix), ...average, ["model_ema.num_updates", step]]),
      ],
    ]);
    const { value, notes } = read(lightning);
    assertEquals(value, 2, prefix);
    assertMatch(notes[0]!, /it holds 2 networks/);
    assertEquals(read(lightning, prefix!.split(".")[0]).value, 1, prefix);
  }
});

Deno.test("torch parts: any of them is read by its name", () => {
  const both = new Map([["model", dict(1)], ["ema", dict(2)]]);
  assertEquals(read(both, "model"), { value: 1, part: "model", notes: [] });
  assertEquals(read(both, "ema").value, 2);
  const lightning = new Map([
    ["state_dict", new Map([...dict(1, "model."), ...dict(2, "ema_model.")])],
  ]);
  assertEquals(read(lightning, "model").value, 1);
  for (const checkpoint of [both, lightning]) {
    const error = assertThrows(() => read(checkpoint, "nope"), Error, 'no network "nope", but "');
    assert(isToolkitError(error));
  }
  // Bare arrays in safetensors.
  const arrays = new Map([...dict(1, "model."), ...dict(2, "ema.")]);
  const bytes = writeSafetensors(arrays);
  const first = (part?: string) =>
    readTorchWeights(bytes, "a.safetensors", { ...told, part }).parameters[0];
  assertEquals([first(), first("model")], [2, 1]);
});

Deno.test("torch parts: one network is read from wherever it is, and what has no usual name is not guessed", () => {
  const trainer = new PickledObject({ name: "mine.Trainer" }, []);
  trainer.state = new Map([["model", dict(1)]]);
  for (
    const checkpoint of [
      dict(1),
      dict(1, "_orig_mod."),
      dict(1, "module._orig_mod.backbone."),
      new Map([["ema", dict(1)]]),
      new Map([["whatever", dict(1)]]),
      new Map<string, unknown>([["model", dict(1)], ["loss", step], ["history", [1, 2]]]),
      new Map([["checkpoint", new Map([["model", dict(1)]])]]),
      trainer,
    ]
  ) assertEquals(read(checkpoint).value, 1);
  assertThrows(
    () => read(new Map([["first", dict(1)], ["second", dict(2)]])),
    Error,
    'several networks, "first", "second"; name one with `part`',
  );
  assertThrows(
    () => read(new Map([...dict(1, "first."), ...dict(2, "second.")])),
    Error,
    "several networks",
  );
});

Deno.test("torch parts: what is left out is counted and named", () => {
  const more = new Map<string, unknown>([
    ...dict(1, "model."),
    ["n_averaged", step],
    ["metric.total", { dtype: "F32", shape: [1], data: Float32Array.of(3) }],
    ["note", "a text"],
  ]);
  const { value, notes } = read(more);
  assertEquals(value, 1);
  assertEquals(notes, [
    '3 of its entries are no part of the network and left out: "n_averaged", "metric.total", "note"',
  ]);
  assertThrows(
    () =>
      read(
        new Map([...dict(1), ["convs.0.0.more", step], [
          "convs.0.3.weight",
          dict(1).get("convs.0.0.bias")!,
        ]]),
      ),
    Error,
    "convs.0.3.weight belongs to no parameter",
  );
});

Deno.test("torch parts: arguments of the public classes that are not computed are named", () => {
  const tensor = (...shape: number[]): FloatTensor => ({
    dtype: "F32",
    shape,
    data: new Float32Array(shape.reduce((product, n) => product * n, 1)),
  });
  const changed = (...entries: [string, FloatTensor][]) => new Map([...dict(1), ...entries]);
  const cases: [Map<string, StoredTensor>, string][] = [
    [changed(["down_projection.weight", tensor(1, 8, 1, 1)]), "lastksize is 1"],
    [changed(["down_projection.weight", tensor(1, 8, 5, 5)]), "lastksize is 5"],
    [changed(["convs.0.1.weight", tensor(8)], ["convs.0.1.bias", tensor(8)]), "normalization is"],
    [changed(["convs.0.1.running_mean", tensor(8)]), "normalization is BatchNorm"],
    [
      new Map([...dict(1)].filter(([name]) => !name.startsWith("embs.1."))),
      "add_one is False",
    ],
    [
      new Map([
        ["bottleneck.model.0.weight", tensor(8, 1, 5, 5)],
        ["output_conv.weight", tensor(1, 8, 3, 3)],
      ]),
      "kernel_size is 5, this package computes 3",
    ],
    [
      new Map([
        ["bottleneck.model.0.weight", tensor(8, 1, 3, 3)],
        ["output_conv.weight", tensor(1, 8, 1, 1)],
      ]),
      "lastksize is 1, this package computes 3",
    ],
  ];
  for (const [tensors, message] of cases) {
    assertThrows(() => networkFromTorch({ tensors }, "a.pt", told), Error, message);
  }
});

Deno.test("torch parts: what stands in a parameter's place is named, above all what Python would run", () => {
  const system = new PickledObject({ name: "os.system" }, ["true"]);
  for (
    const name of ["up_projection.weight", "convs.0.0.bias", "down_projection.weight"]
  ) {
    for (
      const [value, what] of [
        [system, 'a call of "os.system", which was not run'],
        [
          new PickledObject({ name: "torch.ComplexFloatStorage" }, []),
          "an object of torch.Complex",
        ],
        ["a text", "a text"],
      ] as const
    ) {
      const changed = new Map<string, unknown>([...dict(1, "backbone."), [
        `backbone.${name}`,
        value,
      ]]);
      const error = assertThrows(() => read(changed), Error, `backbone.${name} is ${what}`);
      assert(isToolkitError(error));
    }
  }
  // Elsewhere it does not matter.
  assertEquals(read(new Map<string, unknown>([["model", dict(1)], ["hook", system]])).value, 1);
});

Deno.test("torch parts: any kernel, width and number of layers of the public ResNet is told from its arrays", () => {
  for (const [width, layers, kernelSize] of [[8, 1, 5], [24, 3, 1], [16, 12, 7]] as const) {
    const network = createNetwork({
      ...{ kind: "resnet", imageShape: [8, 8, 3], padding: "circular", classes: 5 },
      ...{ width, layers, kernelSize },
    });
    const arrays = toStateDict(
      network.parameters,
      new Float32Array(parameterCount(network.parameters)),
    );
    const tensors = new Map(
      [...arrays].map(([name, array]): [string, FloatTensor] => [name, { dtype: "F32", ...array }]),
    );
    const found = networkFromTorch({ tensors }, "a.pt", { ...told, padding: "circular" });
    const fields = ({ network }: { network: { architecture: object } }) =>
      Object.entries(network.architecture).sort();
    assertEquals(fields(found), fields({ network }));
  }
});
