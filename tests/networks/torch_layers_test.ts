/** Whole modules are checked layer by layer: the same weights in other layers are another network. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { CheckpointMismatchError } from "../../src/core/errors.ts";
import { attributesOf, PickledObject } from "../../src/formats/pickled_object.ts";
import { parseTorch } from "../../src/formats/torch_file.ts";
import { torchStateDict } from "../../src/formats/torch_networks.ts";
import { networkFromTorch } from "../../src/networks/weights/torch_weights.ts";
import { createSchedule } from "../../src/schedules/create_schedule.ts";

const files = new Map<string, Uint8Array>();
for (const name of ["resnet_zeros", "unet_zeros", "unet_circular_conditional_groupnorm"]) {
  files.set(name, await Deno.readFile(new URL(`../fixtures/${name}.pt`, import.meta.url)));
}
type Name = "resnet_zeros" | "unet_zeros" | "unet_circular_conditional_groupnorm";

const load = (name: Name) => parseTorch(files.get(name)!, `${name}.pt`) as PickledObject;

/** The modules in a module, which may be changed. */
const modulesOf = (module: PickledObject) =>
  attributesOf(module).get("_modules") as Map<string, PickledObject>;

/** A module by its name. */
const at = (root: PickledObject, name: string) =>
  name.split(".").reduce((module, part) => modulesOf(module).get(part)!, root);

/** The attributes of a module by its name, which may be changed. */
const attributes = (root: PickledObject, name: string) =>
  attributesOf(at(root, name)) as Map<unknown, unknown>;

/** Puts an object of another class, with the same attributes, in a module's place. */
function become(root: PickledObject, name: string, type: string): void {
  const [, parent, own] = /^(.*)\.(\w+)$/.exec(name)!;
  const other = new PickledObject({ name: type }, []);
  other.state = at(root, name).state;
  modulesOf(at(root, parent!)).set(own!, other);
}

const read = (root: PickledObject) => networkFromTorch(torchStateDict(root, "a.pt"), "a.pt");

const relu = "torch.nn.modules.activation.ReLU";
const object = (type: string) => new PickledObject({ name: type }, []);

Deno.test("torch layers: a module with other layers is refused by the layer, what it is and what was expected", () => {
  const cases: [string, Name, (root: PickledObject) => void, string][] = [
    ...["SiLU", "GELU", "LeakyReLU", "Tanh", "ReLU6", "Identity"].map((
      type,
    ): [string, Name, (root: PickledObject) => void, string] => [
      type,
      "resnet_zeros",
      (root) => become(root, "backbone.convs.1.1", `torch.nn.modules.activation.${type}`),
      `backbone.convs.1.1 is a ${type}, this package computes a ReLU`,
    ]),
    [
      "activation of the embedding",
      "resnet_zeros",
      (root) => become(root, "backbone.embs.0.2", "torch.nn.modules.activation.SiLU"),
      "backbone.embs.0.2 is a SiLU",
    ],
    [
      "class of one's own with a known name",
      "resnet_zeros",
      (root) => become(root, "backbone.convs.0.1", "mine.ReLU"),
      "backbone.convs.0.1 is a mine.ReLU, this package computes a ReLU",
    ],
    [
      "dilation",
      "resnet_zeros",
      (root) => attributes(root, "backbone.convs.0.0").set("dilation", [2, 2]),
      "backbone.convs.0.0.dilation is [2, 2], this package computes [1, 1]",
    ],
    [
      "groups of a convolution",
      "resnet_zeros",
      (root) => attributes(root, "backbone.down_projection").set("groups", 4),
      "backbone.down_projection.groups is 4",
    ],
    [
      "stride",
      "unet_zeros",
      (root) => attributes(root, "backbone.output_conv").set("stride", [2, 2]),
      "backbone.output_conv.stride is [2, 2]",
    ],
    [
      "padding of one layer",
      "resnet_zeros",
      (root) => attributes(root, "backbone.convs.2.0").set("padding_mode", "reflect"),
      'backbone.convs.2.0.padding_mode is "reflect", this package computes "zeros"',
    ],
    [
      "no padding",
      "resnet_zeros",
      (root) => attributes(root, "backbone.convs.2.0").set("padding", [0, 0]),
      "backbone.convs.2.0.padding is [0, 0]",
    ],
    [
      "groups of a normalization",
      "unet_circular_conditional_groupnorm",
      (root) => attributes(root, "backbone.bottleneck.model.1").set("num_groups", 4),
      "backbone.bottleneck.model.1.num_groups is 4, this package computes 32",
    ],
    [
      "eps",
      "resnet_zeros",
      (root) => attributes(root, "backbone.embs.1.1").set("eps", 1e-3),
      "backbone.embs.1.1.eps is 0.001",
    ],
    [
      "pooling",
      "unet_zeros",
      (root) => become(root, "backbone.pool", "torch.nn.modules.pooling.AvgPool2d"),
      "backbone.pool is a AvgPool2d, this package computes a MaxPool2d",
    ],
    [
      "size of pooling",
      "unet_zeros",
      (root) => attributes(root, "backbone.pool").set("padding", 1),
      "backbone.pool.padding is 1",
    ],
    [
      "transposed convolution",
      "unet_zeros",
      (root) => attributes(root, "backbone.upsamples.0").set("output_padding", [1, 1]),
      "backbone.upsamples.0.output_padding is [1, 1]",
    ],
    [
      "one layer more",
      "resnet_zeros",
      (root) =>
        modulesOf(at(root, "backbone.convs.0")).set(
          "2",
          object("torch.nn.modules.dropout.Dropout"),
        ),
      "backbone.convs.0.2 is a Dropout, this package computes nothing there",
    ],
    [
      "one layer less",
      "unet_zeros",
      (root) => modulesOf(at(root, "backbone.bottleneck.model")).delete("3"),
      "backbone.bottleneck.model.3 is missing, this package computes a ReLU",
    ],
    [
      "another block",
      "unet_zeros",
      (root) => become(root, "backbone.bottleneck", "models.ResBlock"),
      "backbone.bottleneck is a ResBlock, this package computes a UBlock",
    ],
    [
      "another network of the same parameters",
      "resnet_zeros",
      (root) => {
        const modules = modulesOf(root);
        const other = object("models.MinimalResNetV2");
        other.state = modules.get("backbone")!.state;
        modules.set("backbone", other);
      },
      "backbone is a MinimalResNetV2, this package computes a MinimalResNet",
    ],
    [
      "hook",
      "resnet_zeros",
      (root) => {
        const hook = object("torch.nn.utils.weight_norm.WeightNorm");
        attributes(root, "backbone.convs.0.0").set("_forward_pre_hooks", new Map([[0, hook]]));
      },
      "backbone.convs.0.0._forward_pre_hooks is a function of its own",
    ],
    [
      "forward of its own",
      "resnet_zeros",
      (root) => attributes(root, "backbone").set("forward", { name: "mine.forward" }),
      "backbone.forward is a function of its own",
    ],
    [
      "argument that nobody knows",
      "resnet_zeros",
      (root) => attributes(root, "backbone").set("residual", false),
      "backbone.residual is false, this package computes a MinimalResNet without it",
    ],
    [
      "another meaning of what it predicts",
      "unet_zeros",
      (root) => (attributesOf(root) as Map<unknown, unknown>).set("prediction", "x0"),
      'DDIM.prediction is "x0"',
    ],
    [
      "normalization",
      "resnet_zeros",
      (root) => attributes(root, "backbone").set("normalization", "group"),
      'backbone.normalization is "group", this package computes null',
    ],
  ];
  for (const [name, file, change, message] of cases) {
    const root = load(file);
    change(root);
    const error = assertThrows(() => read(root), CheckpointMismatchError, message);
    const isLine = !error.message.includes("\n") && error.message.length <= 300;
    assert(isLine, `${name}: ${error.message}`);
  }
});

Deno.test("torch layers: sizes as one number, other packages of the public classes and plain wrappers are the same network", () => {
  const expected = read(load("unet_zeros")).parameters;
  const root = load("unet_zeros");
  attributes(root, "backbone.pool").set("kernel_size", [2, 2]);
  attributes(root, "backbone.output_conv").set("padding", [1, 1]);
  become(root, "backbone.bottleneck", "my.copy.of.models.UBlock");
  assertEquals(read(root).parameters, expected);

  for (const [type, name] of [["DataParallel", "module"], ["OptimizedModule", "_orig_mod"]]) {
    const wrapper = object(`torch.somewhere.${type}`);
    wrapper.state = new Map([["_modules", new Map([[name, load("unet_zeros")]])]]);
    const trained = read(wrapper);
    assertEquals(trained.parameters, expected);
    assertEquals(trained.schedule.name, "cosine_legacy");
  }
  const scaled = object("mine.ScaledOutput");
  scaled.state = new Map([["_modules", new Map([["module", load("unet_zeros")]])]]);
  assertThrows(() => read(scaled), CheckpointMismatchError, "mine.ScaledOutput");
});

Deno.test("torch layers: another noise schedule's function is named, and the schedule then told", () => {
  const root = load("resnet_zeros");
  const state = attributesOf(root) as Map<unknown, unknown>;
  for (
    const noise of [{ name: "mine.linear_schedule" }, object("mine.linear_schedule")]
  ) {
    state.set("noise_schedule", noise);
    assertThrows(() => read(root), CheckpointMismatchError, "the function mine.linear_schedule");
    const told = networkFromTorch(torchStateDict(root), "a.pt", {
      schedule: createSchedule("cosine"),
    });
    assertEquals(told.schedule.name, "cosine");
  }
  assertEquals(at(root, "backbone.convs.0.1").type.name, relu);
});
